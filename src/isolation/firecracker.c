/* Speaking Firecracker's API.
 *
 * One connection a request: there are five of them, once in a machine's life. */
#include "isolation/firecracker.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"
#include "isolation/spawn.h"
#include "isolation/worker/lockin.h"
#include "isolation/worker/machine.h"
#include "isolation/worker/monitor.h"

#define AGAIN_MS   2   /* between looks for a socket that is not there yet */
#define HANG_UP_MS 200 /* from the end of a connection to that of the process, mostly */

const char *const cdn_firecracker_modules[] = {"virtio_mmio", "virtio_blk",
                                               "vmw_vsock_virtio_transport", NULL};

/* ---- the folder ---- */

static struct sockaddr_un address(const struct cdn_firecracker *firecracker,
                                  const char *name)
{
    struct sockaddr_un out = {.sun_family = AF_UNIX};

    snprintf(out.sun_path, sizeof out.sun_path, "%s/%s", firecracker->folder, name);
    return out;
}

cordon_status cdn_firecracker_init(struct cdn_firecracker *out, cordon_error *err)
{
    struct sockaddr_un at;
    bool root = geteuid() == 0;
    cordon_status status;

    *out =
        (struct cdn_firecracker){.folder = CDN_MONITOR_FOLDER "XXXXXX", .listener = -1};
    if (!mkdtemp(out->folder)) {
        out->folder[0] = '\0';
        return cdn_error_errno(err, errno, "a folder in /dev/shm");
    }
    at = address(out, CDN_MONITOR_CALLED);
    out->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    /* who runs Firecracker, nobody where this is root, may call and make a socket */
    if (out->listener < 0 ||
        bind(out->listener, (const struct sockaddr *)&at, sizeof at) ||
        listen(out->listener, 1) || (root && chmod(at.sun_path, 0777)) ||
        (root && chown(out->folder, CDN_WORKER_ID, CDN_WORKER_ID))) {
        status = cdn_error_errno(err, errno, "%s", out->folder);
        cdn_firecracker_deinit(out);
        return status;
    }
    return CORDON_OK;
}

void cdn_firecracker_deinit(struct cdn_firecracker *firecracker)
{
    static const char *const names[] = {CDN_MONITOR_API, CDN_MONITOR_VSOCK,
                                        CDN_MONITOR_CALLED};

    if (firecracker->listener >= 0)
        close(firecracker->listener);
    firecracker->listener = -1;
    if (!firecracker->folder[0])
        return;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        (void)unlink(address(firecracker, names[i]).sun_path);
    (void)rmdir(firecracker->folder);
    firecracker->folder[0] = '\0';
}

void cdn_firecracker_words(struct cdn_buf *out,
                           const struct cdn_firecracker *firecracker)
{
    cdn_spawn_word(out, "firecracker");
    cdn_spawn_word(out, "--id");
    cdn_spawn_word(out, "cordon");
    cdn_spawn_word(out, "--api-sock");
    cdn_spawn_word(out, "%s/" CDN_MONITOR_API, firecracker->folder);
}

/* ---- answers ---- */

static bool is_header(const char *line, size_t bytes, const char *name)
{
    return bytes > strlen(name) && !strncasecmp(line, name, strlen(name));
}

/* A length in digits, with nothing but blanks around it.  SIZE_MAX: it is none. */
static size_t read_length(const char *text, size_t bytes)
{
    size_t value = 0, digits = 0;

    while (bytes && *text == ' ')
        text++, bytes--;
    for (; bytes && *text >= '0' && *text <= '9'; text++, bytes--, digits++)
        if (value <= CDN_FIRECRACKER_ANSWER_MOST)
            value = value * 10 + (size_t)(*text - '0');
    while (bytes && *text == ' ')
        text++, bytes--;
    return digits && !bytes ? value : SIZE_MAX;
}

static bool read_status(unsigned *code, const char *line, size_t bytes)
{
    static const char protocol[] = "HTTP/1.1 ";
    const char *at = line + sizeof protocol - 1;

    if (bytes < sizeof protocol - 1 + 3 ||
        memcmp(line, protocol, sizeof protocol - 1) != 0)
        return false;
    *code = 0;
    for (int i = 0; i < 3; i++) {
        if (at[i] < '0' || at[i] > '9')
            return false;
        *code = *code * 10 + (unsigned)(at[i] - '0');
    }
    return *code >= 100 && (bytes == sizeof protocol - 1 + 3 || at[3] == ' ');
}

enum cdn_firecracker_read cdn_firecracker_read(struct cdn_firecracker_answer *out,
                                               const char *bytes, size_t count)
{
    const char *at = bytes, *end = bytes + count;
    size_t length = 0;

    *out = (struct cdn_firecracker_answer){0};
    for (bool first = true;; first = false) {
        const char *stop = at < end ? memmem(at, (size_t)(end - at), "\r\n", 2) : NULL;

        if (!stop)
            return count < CDN_FIRECRACKER_ANSWER_MOST ? CDN_ANSWER_MORE
                                                       : CDN_ANSWER_BAD;
        if (first && !read_status(&out->code, at, (size_t)(stop - at)))
            return CDN_ANSWER_BAD;
        if (is_header(at, (size_t)(stop - at), "content-length:"))
            length = read_length(at + 15, (size_t)(stop - at) - 15);
        if (length > CDN_FIRECRACKER_ANSWER_MOST)
            return CDN_ANSWER_BAD;
        if (stop == at) { /* what follows is the body */
            at += 2;
            break;
        }
        at = stop + 2;
    }
    out->body = at;
    out->body_bytes = length;
    if ((size_t)(at - bytes) + length > CDN_FIRECRACKER_ANSWER_MOST)
        return CDN_ANSWER_BAD;
    return (size_t)(end - at) >= length ? CDN_ANSWER_WHOLE : CDN_ANSWER_MORE;
}

/* ---- requests ---- */

struct boot {
    const struct cdn_firecracker *firecracker;
    int life;
    uint64_t until_ns;
};

/* Wait for a descriptor, at most so many milliseconds, or the end. */
static cordon_status wait_for(const struct boot *boot, int fd, short events, int ms,
                              cordon_error *err)
{
    struct pollfd ends[2] = {{.fd = boot->life, .events = POLLIN},
                             {.fd = fd, .events = events}};
    uint64_t now = cdn_clock_ns();
    uint64_t left_ms = boot->until_ns > now ? (boot->until_ns - now) / 1000000 : 0;

    if (now >= boot->until_ns)
        return cdn_error_set(err, CORDON_E_INTERRUPTED,
                             "Firecracker did not come up in time");
    if (ms < 0 || (uint64_t)ms > left_ms)
        ms = left_ms < 60000 ? (int)left_ms + 1 : 60000;
    (void)poll(ends, fd >= 0 ? 2 : 1, ms);
    if (ends[0].revents)
        return cdn_error_set(err, CORDON_E_IO, "Firecracker ended");
    return CORDON_OK;
}

/* Connect to its socket, once that is there. */
static cordon_status reach(int *fd, const struct boot *boot, cordon_error *err)
{
    struct sockaddr_un at = address(boot->firecracker, CDN_MONITOR_API);
    cordon_status status = CORDON_OK;

    *fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (*fd < 0)
        return cdn_error_errno(err, errno, "a socket");
    while (!status && connect(*fd, (const struct sockaddr *)&at, sizeof at)) {
        if (errno != ENOENT && errno != ECONNREFUSED && errno != EAGAIN &&
            errno != EINTR && errno != EACCES)
            status = cdn_error_errno(err, errno, "%s", at.sun_path);
        else
            status = wait_for(boot, -1, 0, AGAIN_MS, err);
    }
    if (!status)
        return CORDON_OK;
    close(*fd);
    *fd = -1;
    return status;
}

static cordon_status ask(int fd, const struct boot *boot, const struct cdn_buf *request,
                         cordon_error *err)
{
    size_t sent = 0;

    while (sent < request->length) {
        ssize_t done = send(fd, request->data + sent, request->length - sent,
                            MSG_NOSIGNAL | MSG_DONTWAIT);
        cordon_status status;

        if (done > 0) {
            sent += (size_t)done;
            continue;
        }
        if (errno != EAGAIN && errno != EINTR)
            return cdn_error_errno(err, errno, "asking Firecracker");
        status = wait_for(boot, fd, POLLOUT, -1, err);
        if (status)
            return status;
    }
    return CORDON_OK;
}

static cordon_status listen_to(int fd, const struct boot *boot, const char *what,
                               cordon_error *err)
{
    char bytes[CDN_FIRECRACKER_ANSWER_MOST];
    struct cdn_firecracker_answer answer;
    enum cdn_firecracker_read state = CDN_ANSWER_MORE;
    size_t count = 0;

    while (state == CDN_ANSWER_MORE && count < sizeof bytes) {
        ssize_t got = recv(fd, bytes + count, sizeof bytes - count, MSG_DONTWAIT);
        bool later = got < 0 && (errno == EAGAIN || errno == EINTR);
        cordon_status status;

        if (got > 0) {
            count += (size_t)got;
            state = cdn_firecracker_read(&answer, bytes, count);
            continue;
        }
        status = later ? wait_for(boot, fd, POLLIN, -1, err)
                       : wait_for(boot, -1, 0, HANG_UP_MS, err); /* for its end */
        if (status)
            return status;
        if (!later)
            break;
    }
    if (state != CDN_ANSWER_WHOLE)
        return cdn_error_set(err, CORDON_E_DATA,
                             "Firecracker's answer to %s is not one of HTTP", what);
    if (answer.code < 200 || answer.code > 299)
        return cdn_error_set(
            err, CORDON_E_DATA, "Firecracker refused %s (%u): %.*s", what, answer.code,
            answer.body_bytes < 300 ? (int)answer.body_bytes : 300, answer.body);
    return CORDON_OK;
}

static cordon_status put(const struct boot *boot, const char *what,
                         const struct cdn_buf *body, cordon_error *err)
{
    struct cdn_buf request = {0};
    cordon_status status;
    int fd = -1;

    cdn_buf_printf(&request,
                   "PUT %s HTTP/1.1\r\nHost: localhost\r\nAccept: application/json\r\n"
                   "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n",
                   what, body->length);
    cdn_buf_append(&request, body->data, body->length);
    status =
        body->failed || request.failed ? cdn_error_nomem(err) : reach(&fd, boot, err);
    if (!status)
        status = ask(fd, boot, &request, err);
    if (!status)
        status = listen_to(fd, boot, what, err);
    if (fd >= 0)
        close(fd);
    cdn_buf_deinit(&request);
    return status;
}

/* The bodies hold numbers and paths that were made here: nothing in them is to be escaped. */
static cordon_status describe(const struct boot *boot,
                              const struct cdn_machine_plan *plan, cordon_error *err)
{
    struct cdn_buf body = {0};
    cordon_status status;

    cdn_buf_printf(&body,
                   "{\"vcpu_count\": 1, \"mem_size_mib\": %" PRIu64 ", \"smt\": false}",
                   plan->ram_mib);
    status = put(boot, "/machine-config", &body, err);
    cdn_buf_clear(&body);
    cdn_buf_printf(&body,
                   "{\"kernel_image_path\": \"/proc/self/fd/%d\", "
                   "\"initrd_path\": \"/proc/self/fd/%d\", \"boot_args\": \"",
                   CDN_MONITOR_KERNEL, CDN_MONITOR_FILES);
    cdn_machine_kernel_line(&body, plan, CDN_MACHINE_VSOCK);
    cdn_buf_text(&body, "\"}");
    if (!status)
        status = put(boot, "/boot-source", &body, err);
    if (plan->slice_bytes && !status) {
        cdn_buf_clear(&body);
        cdn_buf_printf(
            &body,
            "{\"drive_id\": \"slice\", \"path_on_host\": \"/proc/self/fd/%d\", "
            "\"is_root_device\": false, \"is_read_only\": true}",
            CDN_MONITOR_SLICE);
        status = put(boot, "/drives/slice", &body, err);
    }
    cdn_buf_clear(&body);
    cdn_buf_printf(&body,
                   "{\"guest_cid\": 3, \"uds_path\": \"%s/" CDN_MONITOR_VSOCK "\"}",
                   boot->firecracker->folder);
    if (!status)
        status = put(boot, "/vsock", &body, err);
    cdn_buf_clear(&body);
    cdn_buf_text(&body, "{\"action_type\": \"InstanceStart\"}");
    if (!status)
        status = put(boot, "/actions", &body, err);
    cdn_buf_deinit(&body);
    return status;
}

cordon_status cdn_firecracker_boot(const struct cdn_firecracker *firecracker,
                                   const struct cdn_machine_plan *plan, int life,
                                   uint64_t until_ns, cordon_error *err)
{
    const struct boot boot = {firecracker, life, until_ns};

    return describe(&boot, plan, err);
}

int cdn_firecracker_listener(struct cdn_firecracker *firecracker)
{
    int listener = firecracker->listener;

    firecracker->listener = -1;
    return listener;
}
