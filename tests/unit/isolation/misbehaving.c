/* A worker that has been taken over, for tests: it is locked in as any, and then does what the
 * host asks of it to find out whether that can be done.
 *
 * A FORGET of number N (< 4096) makes it call the system call N with arguments of zero, and
 * answer READY with what came back if it lives; from 4096 on it tries one of `escapes`.  A RUN
 * whose seed is a number of `lies` is answered by that, and so is a READ of a file of the name
 * "lie:N"; rules and other files it reads as any worker does, and grants it says to know. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/pack.h"
#include "isolation/worker/start.h"
#include "misbehaving.h"

static struct cdn_channel *to_host;

static void say(enum cdn_frame kind, const void *bytes, size_t count)
{
    (void)cdn_channel_send(to_host, (uint16_t)kind, bytes, count, UINT64_MAX, NULL);
}

static void ready(uint64_t number)
{
    struct cdn_buf out = {0};

    cdn_wire_put_number(&out, number);
    say(CDN_FRAME_READY, out.data, out.length);
    cdn_buf_deinit(&out);
}

/* Touch so much memory of its own; 0: it could. */
static long hold(size_t bytes)
{
    volatile char *block =
        mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (block == MAP_FAILED)
        return -1;
    for (size_t at = 0; at < bytes; at += 4096)
        block[at] = 1;
    return 0;
}

static const volatile char *large; /* LARGE_FILE; NULL: there is none */

static long read_large(void)
{
    long sum = 0;

    if (!large)
        return -1;
    for (size_t at = 0; at < (size_t)LARGE_MIB << 20; at += 4096)
        sum += large[at];
    return sum;
}

static void map_large(void)
{
    int fd = open(LARGE_FILE, O_RDONLY | O_CLOEXEC);
    void *at = MAP_FAILED;

    if (fd >= 0)
        at = mmap(NULL, (size_t)LARGE_MIB << 20, PROT_READ, MAP_SHARED, fd, 0);
    if (at != MAP_FAILED)
        large = at;
}

static long escape(uint64_t which)
{
    static char buffer[64];
    struct msghdr message = {0};

    switch (which) {
    case ESCAPE_MAP_CODE:
        return (long)mmap(NULL, 4096, PROT_READ | PROT_EXEC,
                          MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    case ESCAPE_MAKE_CODE:
        return mprotect((void *)((uintptr_t)buffer & ~(uintptr_t)4095), 4096,
                        PROT_READ | PROT_WRITE | PROT_EXEC);
    case ESCAPE_MAP_FILE:
        return (long)mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, 3, 0);
    case ESCAPE_SEND_ELSEWHERE:
        return send(5, buffer, 1, 0);
    case ESCAPE_SEND_DESCRIPTORS:
        return sendmsg(3, &message, 0);
    case ESCAPE_OPEN:
        return open("/", O_RDONLY);
    case ESCAPE_SOCKET:
        return socket(AF_INET, SOCK_STREAM, 0);
    case ESCAPE_SIGNAL_PARENT:
        return kill(1, 9);
    case ESCAPE_PROGRAM:
        return execl("/bin/sh", "sh", (char *)NULL);
    case ESCAPE_CHILD:
        return syscall(SYS_clone, 17, 0, 0, 0, 0);
    case ESCAPE_NAMESPACE:
        return syscall(SYS_unshare, 0x10000000);
    case ESCAPE_FORK:
        return fork();
    case ESCAPE_DESCRIPTOR:
        return dup(3);
    case ESCAPE_MEMORY_DESCRIPTOR:
        return syscall(SYS_memfd_create, "more", 0);
    case ESCAPE_SLEEP:
        return usleep(1);
    case ESCAPE_READ_HOST:
        return syscall(SYS_process_vm_readv, 1, NULL, 0, NULL, 0, 0);
    case HOLD_MEMORY:
        return hold((size_t)HELD_MIB << 20);
    case READ_FILE:
        return read_large();
    default:
        return -1;
    }
}

/* ---- all it can read ---- */

#define PAGE        ((size_t)4096)
#define SPACE_BYTES ((size_t)1 << 47)

/* Is there nothing at all?  A mapping that may replace no other can be made only then. */
static bool is_free(uintptr_t at, size_t bytes)
{
    void *map = mmap((void *)at, bytes, PROT_NONE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);

    if (map == MAP_FAILED)
        return false;
    munmap(map, bytes);
    return (uintptr_t)map == at;
}

/* The kernel copies what can be read, and says EFAULT of what cannot: nobody else need be asked
 * what is mapped. */
static void send_page(uintptr_t at)
{
    size_t done = 0;

    while (done < PAGE) {
        ssize_t sent = send(3, (const void *)(at + done), PAGE - done, 0);

        if (sent <= 0)
            return;
        done += (size_t)sent;
    }
}

static void dump(uintptr_t at, size_t bytes)
{
    if (bytes == PAGE) {
        send_page(at);
        return;
    }
    for (size_t half = 0; half < 2; half++)
        if (!is_free(at + half * bytes / 2, bytes / 2))
            dump(at + half * bytes / 2, bytes / 2);
}

/* Bells, headers and frames all over the area, wherever the host may look. */
static void scribble(const unsigned char *junk, size_t bytes)
{
    struct cdn_channel_shared *shared = cdn_channel_shared(to_host);

    for (uint32_t round = 0; round < 200; round++) {
        memset((void *)&shared->bells, (int)round, sizeof shared->bells);
        memcpy(to_host->area + CDN_CHANNEL_PAGE, junk, bytes);
        memset(to_host->area + CDN_CHANNEL_PAGE + CDN_CHANNEL_HALF_BYTES, (int)round,
               CDN_CHANNEL_HALF_BYTES);
    }
    (void)send(3, junk, 16, 0);
}

static void lie(uint64_t which)
{
    static unsigned char junk[65536];
    unsigned char header[16] = {'C', 'R', 'D', 'N', CDN_FRAME_OUTCOME, 0, 0, 0};
    struct cdn_channel_shared *shared = cdn_channel_shared(to_host);
    struct cdn_channel_bell *bell = &shared->bells[CDN_CHANNEL_WORKER];

    switch (which) {
    case LIE_NO_FRAME:
        (void)send(3, "HTTP/1.1 200 OK\r\n", 16, 0);
        break;
    case LIE_HUGE:
        memset(header + 8, 0xff, 4);
        (void)send(3, header, sizeof header, 0);
        break;
    case LIE_OUTSIDE_AREA:
        header[6] = 1;
        header[10] = 0x20; /* 2 MiB, where a half has 256 KiB */
        (void)send(3, header, sizeof header, 0);
        break;
    case LIE_OUT_OF_TURN:
        ready(1);
        break;
    case LIE_JUNK:
        memset(junk, 0xc1, sizeof junk);
        say(CDN_FRAME_OUTCOME, junk, 100);
        break;
    case LIE_FORK:
        for (;;)
            (void)fork();
    case LIE_DESCRIPTORS:
        for (;;)
            (void)dup(3);
    case LIE_RING:
        memset(bell->header, 0xc1, sizeof bell->header);
        if (!(__atomic_exchange_n(&bell->state, (bell->state + 2) | CDN_CHANNEL_AWAKE,
                                  __ATOMIC_SEQ_CST) &
              CDN_CHANNEL_AWAKE))
            (void)send(3, bell->header, sizeof bell->header, 0);
        break;
    case LIE_SCRIBBLE:
        scribble(junk, sizeof junk);
        break;
    case LIE_TRACE:
        say(CDN_FRAME_TRACE, junk, 10);
        break;
    case LIE_SLEEP:
        (void)recv(3, junk, sizeof junk, 0);
        break;
    case LIE_AWAKE:
        (void)__atomic_fetch_or(&shared->bells[CDN_CHANNEL_HOST].state,
                                CDN_CHANNEL_AWAKE, __ATOMIC_SEQ_CST);
        (void)recv(3, junk, sizeof junk, 0);
        break;
    case LIE_HALF:
        header[8] = 200;
        (void)send(3, header, sizeof header, 0);
        break;
    case LIE_SILENCE:
        for (;;)
            ;
    case LIE_EXIT:
        _exit(0);
    case LIE_CRASH:
        __builtin_trap();
        break;
    case LIE_MEMORY:
        for (;;) {
            volatile char *block = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE,
                                        MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

            if (block == MAP_FAILED)
                _exit(7);
            block[0] = 1;
        }
    case LIE_FLOOD:
        for (;;)
            say(CDN_FRAME_CALL, junk, 8);
    case LIE_FAILED: {
        struct cdn_buf out = {0};
        cordon_error err;

        cdn_error_set(&err, CORDON_E_DENIED, "you shall not");
        cdn_wire_put_failed(&out, &err);
        say(CDN_FRAME_FAILED, out.data, out.length);
        break;
    }
    case HONEST:
    case HONEST + 1:
    case HONEST + 2:
    case LIE_DECISION:
    case LIE_USAGE:
    case LIE_CONTRADICTION: {
        cordon_outcome *outcome;
        struct cdn_buf out = {0};
        struct cdn_packer packer;
        cordon_error err;

        if (cordon_outcome_new(&outcome, &err))
            _exit(1);
        outcome->kind =
            which == LIE_CONTRADICTION ? CORDON_OUTCOME_LIMIT : CORDON_OUTCOME_OK;
        outcome->usage.instructions = which == LIE_USAGE ? UINT64_C(1) << 60 : 5;
        outcome->has_decision = true;
        cdn_pack_init(&packer, outcome->result, 1000);
        cdn_pack_map(&packer, 1);
        cdn_pack_cstr(&packer, "decision");
        cdn_pack_cstr(&packer, which == LIE_DECISION ? "own the bank" : "allow");
        outcome->result_bytes = packer.length;
        cdn_wire_put_outcome(&out, outcome);
        say(CDN_FRAME_OUTCOME, out.data, out.length);
        break;
    }
    case LIE_DUMP:
        dump(0, SPACE_BYTES);
        _exit(0);
    default:
        _exit(2);
    }
}

/* What it says that it noted of a run whose seed was one from HONEST on. */
static void lie_of_trace(uint64_t which)
{
    static unsigned char junk[65536];
    struct cdn_buf out = {0};

    switch (which) {
    case HONEST: /* nothing at all, of nothing */
        say(CDN_FRAME_TRACE, junk, 0);
        break;
    case HONEST + 1: /* more than there is room for */
        memset(junk, 0x90, sizeof junk);
        for (int i = 0; i < 64; i++)
            cdn_buf_append(&out, junk, sizeof junk);
        say(CDN_FRAME_TRACE, out.data, out.length);
        cdn_buf_deinit(&out);
        break;
    default:
        _exit(0);
    }
}

/* ---- files ---- */

/* Two fields, "a" and "name", with these values; as the contract of a rule. */
static void say_contract(const char *first, const void *a, size_t a_bytes,
                         const char *evaluate, uint64_t image_bytes)
{
    static const unsigned char liar[] = {0xa4, 'l', 'i', 'a', 'r'};
    static const unsigned char none[] = {0xa4, 'n', 'o', 'n', 'e'};
    struct cdn_contract *contract = cdn_contract_new();
    struct cdn_buf out = {0};
    const struct {
        const char *key;
        const void *bytes;
        size_t count;
    } fields[] = {{first, a, a_bytes},
                  {"fallback", none, sizeof none},
                  {"name", liar, sizeof liar}};

    if (!contract)
        _exit(1);
    contract->evaluate = evaluate;
    for (size_t i = first ? 0 : 1; i < 3; i++) {
        struct cdn_contract_field *field = &contract->fields[contract->count++];

        memcpy(field->key, fields[i].key, strlen(fields[i].key) + 1);
        field->offset = contract->packed_bytes;
        field->bytes = fields[i].count;
        memcpy(contract->packed + field->offset, fields[i].bytes, field->bytes);
        contract->packed_bytes += field->bytes;
    }
    cdn_wire_put_contract(&out, contract, image_bytes);
    say(CDN_FRAME_CONTRACT, out.data, out.length);
    cdn_buf_deinit(&out);
    cdn_contract_free(contract);
}

static void lie_of_file(uint64_t which)
{
    static const unsigned char twice[] = {0x82, 0xa1, 'x', 1, 0xa1, 'x', 2};
    static const unsigned char keys[] = {0x81, 0x91, 1, 2};
    static const char description[] = "description";
    static unsigned char junk[300];
    struct cdn_buf out = {0}, table = {0};

    memset(junk, 0xc1, sizeof junk);
    switch (which) {
    case READ_NO_CONTRACT:
        say(CDN_FRAME_CONTRACT, junk, sizeof junk);
        break;
    case READ_OTHER:
        say_contract(NULL, NULL, 0, "function", 1000);
        break;
    case READ_UNSORTED:
        say_contract("owner", "\xa1x", 2, "function", 1000);
        break;
    case READ_TWICE:
        say_contract(description, twice, sizeof twice, "function", 1000);
        break;
    case READ_CUT:
        say_contract(description, twice, sizeof twice - 1, "function", 1000);
        break;
    case READ_KEYS:
        say_contract(description, keys, sizeof keys, "function", 1000);
        break;
    case READ_NO_IMAGE:
        say_contract(NULL, NULL, 0, "function", 0);
        break;
    case READ_LARGE_IMAGE:
        say_contract(NULL, NULL, 0, "function", UINT64_MAX);
        break;
    case READ_TYPE:
        say_contract(NULL, NULL, 0, "%s%n", 1000);
        break;
    case READ_TABLE:
        cdn_buf_append(&table, twice, sizeof twice);
        cdn_wire_put_table(&out, &table);
        say(CDN_FRAME_TABLE, out.data, out.length);
        break;
    default:
        lie(which);
    }
}

static cordon_status read_file(struct cdn_service *service, struct cdn_channel *channel,
                               cordon_error *err)
{
    struct cdn_wire_read read;
    cordon_status status = cdn_wire_get_read(&read, &channel->in, err);
    char name[16] = "";

    if (status)
        return status;
    memcpy(name, read.file, read.file_bytes < 15 ? read.file_bytes : 15);
    if (strncmp(name, "lie:", 4))
        return cdn_service_serve(service, CDN_FRAME_READ, err);
    lie_of_file(strtoul(name + 4, NULL, 10));
    return CORDON_OK;
}

static cordon_status serve(struct cdn_service *service, struct cdn_channel *channel,
                           uint32_t locks, cordon_error *err)
{
    const struct cdn_wire_hello hello = {.version = CDN_WIRE_VERSION,
                                         .locks = locks,
                                         .identity = cdn_service_identity(service)};
    struct cdn_wire_run run;
    struct cdn_buf out = {0}, kept = {0};
    uint64_t number, seed = 0;
    uint16_t kind;

    to_host = channel;
    cdn_wire_put_hello(&out, &hello);
    say(CDN_FRAME_HELLO, out.data, out.length);
    while (
        !cdn_channel_receive(&kind, channel, CDN_CHANNEL_MAX_BYTES, UINT64_MAX, err)) {
        if (kind == CDN_FRAME_FORGET &&
            !cdn_wire_get_number(&number, &channel->in, err)) {
            long result = number < 4096 ? syscall((long)number, 0, 0, 0, 0, 0, 0)
                                        : escape(number);

            ready((uint64_t)result);
        } else if (kind == CDN_FRAME_RUN &&
                   !cdn_wire_get_run(&run, &channel->in, err)) {
            seed = run.seed;
            lie(run.seed);
        } else if (kind == CDN_FRAME_READ || kind == CDN_FRAME_RULE) {
            cdn_buf_append(&kept, channel->in.data, channel->in.length);
            if (kind == CDN_FRAME_READ ? read_file(service, channel, err)
                                       : cdn_service_serve(service, kind, err))
                break;
        } else if (kind == CDN_FRAME_TRACE) {
            lie_of_trace(seed);
        } else { /* keep what any worker would keep of it, for a dump */
            cdn_buf_append(&kept, channel->in.data, channel->in.length);
            ready(0);
        }
    }
    return CORDON_OK;
}

int main(int argc, char **argv)
{
    map_large();
    return cdn_worker_start(argc, argv, serve);
}
