#include "support/unit.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "isolation/channel.h"

struct pair {
    int ends[2];
    unsigned char *area;
    struct cdn_channel host, worker;
};

static void pair_init(struct pair *pair, bool area)
{
    ck_assert(!socketpair(AF_UNIX, SOCK_STREAM, 0, pair->ends));
    pair->area = area ? aligned_alloc(CDN_CHANNEL_PAGE, CDN_CHANNEL_AREA_BYTES) : NULL;
    if (area)
        memset(pair->area, 0, CDN_CHANNEL_AREA_BYTES);
    cdn_channel_init(&pair->host, CDN_CHANNEL_HOST, pair->ends[0], pair->area);
    cdn_channel_init(&pair->worker, CDN_CHANNEL_WORKER, pair->ends[1], pair->area);
}

static void pair_deinit(struct pair *pair)
{
    cdn_channel_deinit(&pair->host);
    cdn_channel_deinit(&pair->worker);
    close(pair->ends[0]);
    close(pair->ends[1]);
    free(pair->area);
}

static uint64_t soon(void)
{
    return cdn_clock_ns() + UINT64_C(20000000000);
}

START_TEST(channel__a_frame_arrives_as_it_was_sent)
{
    static const size_t sizes[] = {0, 1, 1000, 60000};
    unsigned char bytes[60000];
    cordon_error err;
    uint16_t kind;

    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (unsigned char)(i * 7);
    for (int area = 0; area < 2; area++) {
        struct pair pair;

        pair_init(&pair, area);
        for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
            ck_assert(!cdn_channel_send(&pair.host, 7, bytes, sizes[i], soon(), &err));
            ck_assert_msg(
                !cdn_channel_receive(&kind, &pair.worker, sizes[i], soon(), &err), "%s",
                err.message);
            ck_assert_uint_eq(kind, 7);
            ck_assert_uint_eq(pair.worker.in.length, sizes[i]);
            ck_assert(!sizes[i] || !memcmp(pair.worker.in.data, bytes, sizes[i]));
            ck_assert(!cdn_channel_send(&pair.worker, 9, bytes + 1, sizes[i] / 2,
                                        soon(), &err));
            ck_assert(!cdn_channel_receive(&kind, &pair.host, sizes[i], soon(), &err));
            ck_assert_uint_eq(pair.host.in.length, sizes[i] / 2);
        }
        pair_deinit(&pair);
    }
}
END_TEST

struct sending {
    struct cdn_channel *channel;
    size_t bytes;
    cordon_status status;
};

static void *send_large(void *ud)
{
    struct sending *sending = ud;
    unsigned char *bytes = calloc(1, sending->bytes);

    sending->status =
        cdn_channel_send(sending->channel, 1, bytes, sending->bytes, soon(), NULL);
    free(bytes);
    return NULL;
}

START_TEST(channel__a_frame_larger_than_the_area_goes_by_the_descriptor)
{
    struct pair pair;
    struct sending sending;
    pthread_t thread;
    cordon_error err;
    uint16_t kind;

    pair_init(&pair, true);
    sending = (struct sending){&pair.host, CDN_CHANNEL_HALF_BYTES + 1, CORDON_E_IO};
    ck_assert(!pthread_create(&thread, NULL, send_large, &sending));
    ck_assert_msg(
        !cdn_channel_receive(&kind, &pair.worker, sending.bytes, soon(), &err), "%s",
        err.message);
    ck_assert(!pthread_join(thread, NULL));
    ck_assert_int_eq(sending.status, CORDON_OK);
    ck_assert_uint_eq(pair.worker.in.length, sending.bytes);
    ck_assert_int_eq(
        cdn_channel_send(&pair.host, 1, NULL, CDN_CHANNEL_MAX_BYTES + 1, soon(), &err),
        CORDON_E_INVALID);
    pair_deinit(&pair);
}
END_TEST

START_TEST(channel__whatever_is_no_frame_is_refused)
{
    static const unsigned char bad[][16] = {
        {'C', 'R', 'D', 'X', 1},                         /* no magic */
        {'C', 'R', 'D', 'N', 1, 0, 2},                   /* unknown flags */
        {'C', 'R', 'D', 'N', 1, 0, 0, 0, 0, 0, 0, 0, 1}, /* what is reserved */
        {'C', 'R', 'D', 'N', 1, 0, 0, 0, 101},           /* longer than expected */
        {'C', 'R', 'D', 'N', 1, 0, 0, 0, 0xff, 0xff, 0xff, 0xff},
        {'C', 'R', 'D', 'N', 1, 0, 1, 0, 10}, /* in an area that is not there */
    };
    cordon_error err;
    uint16_t kind;

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct pair pair;

        pair_init(&pair, false);
        ck_assert_int_eq(write(pair.ends[1], bad[i], 16), 16);
        ck_assert_int_eq(cdn_channel_receive(&kind, &pair.host, 100, soon(), &err),
                         CORDON_E_DATA);
        pair_deinit(&pair);
    }
}
END_TEST

START_TEST(channel__no_wait_is_longer_than_was_asked_for)
{
    unsigned char *bytes = calloc(1, 8 << 20);
    struct pair pair;
    cordon_error err;
    uint16_t kind;

    pair_init(&pair, false);
    ck_assert_int_eq(
        cdn_channel_receive(&kind, &pair.host, 100, cdn_clock_ns() + 2000000, &err),
        CORDON_E_INTERRUPTED);
    ck_assert_int_eq(write(pair.ends[1], "CRDN", 4), 4); /* and no more */
    ck_assert_int_eq(
        cdn_channel_receive(&kind, &pair.host, 100, cdn_clock_ns() + 2000000, &err),
        CORDON_E_INTERRUPTED);
    ck_assert_int_eq(
        cdn_channel_send(&pair.host, 1, bytes, 8 << 20, cdn_clock_ns() + 2000000, &err),
        CORDON_E_INTERRUPTED);
    pair_deinit(&pair);
    free(bytes);
}
END_TEST

START_TEST(channel__a_frame_is_ready_when_it_is_whole)
{
    unsigned char header[16] = {'C', 'R', 'D', 'N', 1, 0, 0, 0, 3};
    struct pair pair;
    cordon_error err;
    uint16_t kind;

    pair_init(&pair, false);
    ck_assert(!cdn_channel_ready(&pair.host));
    ck_assert_int_eq(write(pair.ends[1], header, 10), 10);
    ck_assert(!cdn_channel_ready(&pair.host));
    ck_assert_int_eq(write(pair.ends[1], header + 10, 6), 6);
    ck_assert(!cdn_channel_ready(&pair.host));
    ck_assert_int_eq(cdn_channel_await(&pair.host, cdn_clock_ns() + 3000000, &err),
                     CORDON_E_INTERRUPTED);
    ck_assert_int_eq(write(pair.ends[1], "abc", 3), 3);
    ck_assert(cdn_channel_ready(&pair.host));
    ck_assert(!cdn_channel_await(&pair.host, soon(), &err));
    ck_assert(!cdn_channel_receive(&kind, &pair.host, 3, 0, &err));
    ck_assert(!cdn_channel_ready(&pair.host));
    /* what is none need not become longer, */
    ck_assert_int_eq(write(pair.ends[1], "HTTP/1.1 200 OK\r", 16), 16);
    ck_assert(cdn_channel_ready(&pair.host));
    ck_assert_int_eq(cdn_channel_receive(&kind, &pair.host, 3, 0, &err), CORDON_E_DATA);
    /* nor what is cut off by the end of the other side */
    ck_assert_int_eq(write(pair.ends[1], header, 10), 10);
    ck_assert(!cdn_channel_ready(&pair.host));
    close(pair.ends[1]);
    ck_assert(cdn_channel_ready(&pair.host));
    ck_assert_int_eq(cdn_channel_receive(&kind, &pair.host, 3, 0, &err), CORDON_E_IO);
    ck_assert(cdn_channel_ready(&pair.host));
    pair.ends[1] = dup(pair.ends[0]);
    pair_deinit(&pair);
}
END_TEST

START_TEST(channel__a_socket_that_listens_becomes_what_connects_to_it)
{
    struct sockaddr_un name = {.sun_family =
                                   AF_UNIX}; /* abstract, chosen by the system */
    socklen_t bytes = sizeof name.sun_family;
    int listens = socket(AF_UNIX, SOCK_STREAM, 0), other;
    struct cdn_channel host, worker;
    cordon_error err;
    uint16_t kind;

    ck_assert(!bind(listens, (const struct sockaddr *)&name, bytes));
    bytes = sizeof name;
    ck_assert(!getsockname(listens, (struct sockaddr *)&name, &bytes));
    ck_assert(!listen(listens, 1));
    cdn_channel_init(&host, CDN_CHANNEL_HOST, listens, NULL);
    ck_assert(!cdn_channel_ready(&host));
    ck_assert_int_eq(cdn_channel_accept(&host, 0, &err), CORDON_E_INTERRUPTED);
    other = socket(AF_UNIX, SOCK_STREAM, 0);
    ck_assert(!connect(other, (const struct sockaddr *)&name, bytes));
    ck_assert(cdn_channel_ready(&host));
    ck_assert(!cdn_channel_accept(&host, soon(), &err));
    cdn_channel_init(&worker, CDN_CHANNEL_WORKER, other, NULL);
    ck_assert(!cdn_channel_send(&worker, 7, "abc", 3, soon(), &err));
    ck_assert(!cdn_channel_receive(&kind, &host, 3, soon(), &err));
    ck_assert_int_eq(kind, 7);
    close(host.fd);
    close(other);
    cdn_channel_deinit(&host);
    cdn_channel_deinit(&worker);
}
END_TEST

START_TEST(channel__an_end_that_is_gone_is_told)
{
    struct pair pair;
    cordon_error err;
    uint16_t kind;

    pair_init(&pair, true);
    close(pair.ends[1]);
    ck_assert_int_eq(cdn_channel_receive(&kind, &pair.host, 100, soon(), &err),
                     CORDON_E_IO);
    ck_assert_int_eq(cdn_channel_send(&pair.host, 1, "x", 1, soon(), &err),
                     CORDON_E_IO);
    pair.ends[1] = dup(pair.ends[0]);
    pair_deinit(&pair);
}
END_TEST

/* ---- bells ---- */

struct echo {
    struct cdn_channel *channel;
    cordon_status status;
};

/* Send back what comes, now and then after a while, until the other side ends it. */
static void *echo_all(void *ud)
{
    struct echo *echo = ud;
    unsigned turns = 0;
    uint16_t kind;

    for (;;) {
        echo->status = cdn_channel_receive(&kind, echo->channel, CDN_CHANNEL_MAX_BYTES,
                                           UINT64_MAX, NULL);
        if (echo->status)
            return NULL;
        if (++turns % 97 == 0)
            usleep(200);
        echo->status = cdn_channel_send(echo->channel, kind, echo->channel->in.data,
                                        echo->channel->in.length, UINT64_MAX, NULL);
        if (echo->status)
            return NULL;
    }
}

/* A sender that stops before it sends, for its parent to take it through that by the
 * instruction.  0: it may not be traced here. */
static pid_t send_by_steps(struct cdn_channel *channel, volatile bool *sending)
{
    pid_t sender = fork();
    int status;

    if (sender == 0) {
        if (ptrace(PTRACE_TRACEME, 0, NULL, NULL))
            _exit(77);
        (void)raise(SIGSTOP);
        *sending = true;
        _exit(cdn_channel_send(channel, 2, "next", 4, UINT64_MAX, NULL) != CORDON_OK);
    }
    ck_assert_int_eq(waitpid(sender, &status, 0), sender);
    return WIFSTOPPED(status) ? sender : 0;
}

/* One instruction on; false: it has ended. */
static bool step(pid_t sender)
{
    int status;

    ck_assert(!ptrace(PTRACE_SINGLESTEP, sender, NULL, NULL));
    ck_assert_int_eq(waitpid(sender, &status, 0), sender);
    return WIFSTOPPED(status);
}

/* How many frames there are for a receiver who does not wait. */
static int heard(struct cdn_channel *channel)
{
    uint16_t kind;
    int count = 0;

    while (!cdn_channel_receive(&kind, channel, 100, cdn_clock_ns(), NULL)) {
        ck_assert_uint_eq(kind, 2);
        count++;
    }
    return count;
}

/* A pair of which the host looks at the bell, in memory that a child shares; and that child. */
static pid_t stepping_init(struct pair *pair, volatile bool *sending)
{
    cordon_error err;
    uint16_t kind;

    pair_init(pair, false);
    pair->host.area = pair->worker.area =
        (unsigned char *)(uintptr_t)sending + CDN_CHANNEL_PAGE;
    memset(pair->host.area, 0, CDN_CHANNEL_PAGE);
    ck_assert(!cdn_channel_send(&pair->worker, 1, "first", 5, soon(), &err));
    ck_assert(!cdn_channel_receive(&kind, &pair->host, 100, soon(), &err));
    *sending = false;
    return send_by_steps(&pair->worker, sending);
}

/* After which of its instructions what the receiver may see is another than before. */
static unsigned find_changes(unsigned changes[static 64], volatile bool *sending)
{
    unsigned char seen[sizeof(struct cdn_channel_shared)];
    unsigned count = 0, steps = 0;
    struct pair pair;
    pid_t sender = stepping_init(&pair, sending);

    if (!sender) {
        printf("SKIPPED: no process may be traced here\n");
        exit(0);
    }
    memcpy(seen, pair.host.area, sizeof seen);
    while (step(sender)) {
        steps += *sending;
        if (!memcmp(seen, pair.host.area, sizeof seen))
            continue;
        memcpy(seen, pair.host.area, sizeof seen);
        ck_assert_uint_lt(count, 64);
        changes[count++] = steps;
    }
    pair_deinit(&pair);
    return count;
}

/* A sender may be put aside for as long as it takes to hear it and wait for the next frame: at
 * whichever of its instructions that is, the frame comes once. */
START_TEST(channel__a_sender_that_is_interrupted_is_heard_once)
{
    const size_t bytes = CDN_CHANNEL_PAGE + CDN_CHANNEL_AREA_BYTES;
    void *area =
        mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    unsigned changes[64], count, early = 0;
    volatile bool *sending = area;

    ck_assert_ptr_ne(area, MAP_FAILED);
    count = find_changes(changes, sending);
    for (unsigned i = 0; i < count; i++) {
        struct pair pair;
        pid_t sender = stepping_init(&pair, sending);
        int times, status;

        for (unsigned steps = 0; steps < changes[i]; steps += *sending)
            ck_assert(step(sender));
        times = heard(&pair.host); /* and goes to sleep then */
        early += times == 1;
        ck_assert(!ptrace(PTRACE_CONT, sender, NULL, NULL));
        ck_assert_int_eq(waitpid(sender, &status, 0), sender);
        ck_assert(WIFEXITED(status) && !WEXITSTATUS(status));
        times += heard(&pair.host);
        ck_assert_msg(times == 1, "%d times after %u instructions", times, changes[i]);
        pair_deinit(&pair);
    }
    ck_assert_uint_gt(early, 0); /* it was heard before it was done */
    ck_assert_uint_lt(early, count);
    munmap(area, bytes);
}
END_TEST

/* Whether both sides look, sleep, or pass from one to the other: each frame comes once. */
START_TEST(channel__no_frame_is_lost_between_bell_and_descriptor)
{
    enum { TURNS = 6000, LARGE = CDN_CHANNEL_HALF_BYTES + 1 };
    unsigned char *bytes = calloc(1, LARGE);
    struct pair pair;
    struct echo echo;
    pthread_t thread;
    cordon_error err;
    uint16_t kind;

    pair_init(&pair, true);
    echo = (struct echo){&pair.worker, CORDON_OK};
    ck_assert(!pthread_create(&thread, NULL, echo_all, &echo));
    for (uint32_t turn = 0; turn < TURNS; turn++) {
        size_t length = turn % 500 == 499 ? LARGE : turn % 3000;

        if (turn % 101 == 0)
            usleep(300);
        if (length)
            bytes[length - 1] = (unsigned char)turn;
        ck_assert(
            !cdn_channel_send(&pair.host, (uint16_t)turn, bytes, length, soon(), &err));
        /* a look that does not wait for long, as one who may cancel has */
        while (turn % 3 == 0 && cdn_channel_wait(&pair.host, cdn_clock_ns() + 1000,
                                                 &err) == CORDON_E_INTERRUPTED)
            ;
        ck_assert_msg(!cdn_channel_receive(&kind, &pair.host, LARGE, soon(), &err),
                      "%s", err.message);
        ck_assert_uint_eq(kind, (uint16_t)turn);
        ck_assert_uint_eq(pair.host.in.length, length);
        ck_assert(!length || pair.host.in.data[length - 1] == (unsigned char)turn);
    }
    ck_assert(!shutdown(pair.ends[0], SHUT_RDWR));
    ck_assert(!pthread_join(thread, NULL));
    ck_assert_int_eq(echo.status, CORDON_E_IO);
    pair_deinit(&pair);
    free(bytes);
}
END_TEST

START_TEST(channel__a_bell_with_nothing_behind_it_is_no_frame)
{
    struct cdn_channel_bell *bell;
    struct pair pair;
    cordon_error err;
    uint16_t kind;

    pair_init(&pair, true);
    bell = &cdn_channel_shared(&pair.host)->bells[CDN_CHANNEL_WORKER];
    ck_assert(!cdn_channel_send(&pair.worker, 1, "abc", 3, soon(), &err));
    ck_assert(!cdn_channel_receive(&kind, &pair.host, 100, soon(), &err));
    /* it looks at the bell now: rung for no frame, and by more than one */
    bell->state += 4;
    ck_assert_int_eq(
        cdn_channel_receive(&kind, &pair.host, 100, cdn_clock_ns() + 2000000, &err),
        CORDON_E_INTERRUPTED);
    /* and waits at the descriptor, where it hears what comes next */
    ck_assert(!cdn_channel_send(&pair.worker, 2, "abc", 3, soon(), &err));
    ck_assert_msg(!cdn_channel_receive(&kind, &pair.host, 100, soon(), &err), "%s",
                  err.message);
    ck_assert_uint_eq(kind, 2);
    pair_deinit(&pair);

    pair_init(&pair, true);
    bell = &cdn_channel_shared(&pair.host)->bells[CDN_CHANNEL_WORKER];
    ck_assert(!cdn_channel_send(&pair.worker, 1, "abc", 3, soon(), &err));
    ck_assert(!cdn_channel_receive(&kind, &pair.host, 100, soon(), &err));
    bell->state += 2;
    memset(bell->header, 0xc1, sizeof bell->header);
    ck_assert_int_eq(cdn_channel_receive(&kind, &pair.host, 100, soon(), &err),
                     CORDON_E_DATA);
    pair_deinit(&pair);
}
END_TEST

/* Nobody looks at a bell for ever: one that brings nothing is trusted less and less. */
START_TEST(channel__looking_that_brings_nothing_is_given_up)
{
    struct pair pair;
    cordon_error err;
    uint16_t kind;
    int looked = 0;

    pair_init(&pair, true);
    pair.host.trust = 8;
    for (int i = 0; i < 32; i++) {
        uint32_t before = pair.host.unlooked;

        ck_assert(!cdn_channel_send(&pair.worker, 1, "abc", 3, soon(), &err));
        ck_assert(!cdn_channel_receive(&kind, &pair.host, 100, soon(), &err));
        ck_assert_int_eq(cdn_channel_wait(&pair.host, cdn_clock_ns(), &err),
                         CORDON_E_INTERRUPTED);
        looked += pair.host.unlooked <= before;
    }
    ck_assert_uint_eq(pair.host.trust, 0);
    ck_assert_int_le(looked, 6);
    pair_deinit(&pair);
}
END_TEST

#ifdef CORDON_FAILALLOC
START_TEST(channel__no_memory_for_a_frame_is_an_error)
{
    struct pair pair;
    cordon_error err;
    uint16_t kind;

    pair_init(&pair, true);
    ck_assert(!cdn_channel_send(&pair.worker, 1, "abc", 3, soon(), &err));
    cdn_failalloc_after(0, false);
    ck_assert_int_eq(cdn_channel_receive(&kind, &pair.host, 100, soon(), &err),
                     CORDON_E_NOMEM);
    cdn_failalloc_after(-1, false);
    pair_deinit(&pair);
}
END_TEST
#endif

static Suite *suite(void)
{
    Suite *s = suite_create("channel");

    CDN_UNIT_CASE(s, channel__a_frame_arrives_as_it_was_sent);
    CDN_UNIT_CASE(s, channel__a_frame_larger_than_the_area_goes_by_the_descriptor);
    CDN_UNIT_CASE(s, channel__whatever_is_no_frame_is_refused);
    CDN_UNIT_CASE(s, channel__no_wait_is_longer_than_was_asked_for);
    CDN_UNIT_CASE(s, channel__a_frame_is_ready_when_it_is_whole);
    CDN_UNIT_CASE(s, channel__a_socket_that_listens_becomes_what_connects_to_it);
    CDN_UNIT_CASE(s, channel__an_end_that_is_gone_is_told);
    CDN_UNIT_CASE(s, channel__a_sender_that_is_interrupted_is_heard_once);
    CDN_UNIT_CASE(s, channel__no_frame_is_lost_between_bell_and_descriptor);
    CDN_UNIT_CASE(s, channel__a_bell_with_nothing_behind_it_is_no_frame);
    CDN_UNIT_CASE(s, channel__looking_that_brings_nothing_is_given_up);
#ifdef CORDON_FAILALLOC
    CDN_UNIT_CASE(s, channel__no_memory_for_a_frame_is_an_error);
#endif
    return s;
}

CDN_UNIT_MAIN(suite)
