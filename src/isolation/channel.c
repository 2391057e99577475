/* Frames over a descriptor and an area.
 *
 * A round trip between two that are awake is four copies and no system call; between two that
 * sleep, one write and one read (with a poll() before, in the host) of 16 bytes on each side.
 * Where there is no area a small payload goes with its header, and is read after it.
 * The host waits for as long as it is willing to; the worker, for whom only the next request or
 * the end of the host can come, waits in recv().
 *
 * Looking at the bell pays if the answer comes within the time that it takes to be put to sleep
 * and woken, and only if the other side runs meanwhile.  Neither can be known, so it is learnt:
 * what looking brought raises the trust in it, and a wait that went on at the descriptor halves
 * it.  Without trust one wait in RETRY looks, to find out whether that has changed. */
#include "isolation/channel.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"

#define HEADER_BYTES CDN_CHANNEL_HEADER_BYTES
#define IN_AREA      1u
/* A payload up to this goes with its header in one write, where it does not go by the area: each
 * write wakes a machine. */
#define TOGETHER_BYTES 2032u

enum { TRUST = 8, RETRY = 32, LOOKS = 16 };

_Static_assert(sizeof(struct cdn_channel_shared) <= CDN_CHANNEL_PAGE, "one page");

static const unsigned char magic[4] = {'C', 'R', 'D', 'N'};

void cdn_channel_init(struct cdn_channel *channel, enum cdn_channel_side side, int fd,
                      void *area)
{
    *channel = (struct cdn_channel){.fd = fd, .side = side, .area = area};
}

void cdn_channel_deinit(struct cdn_channel *channel)
{
    cdn_buf_deinit(&channel->in);
}

struct cdn_channel_shared *cdn_channel_shared(const struct cdn_channel *channel)
{
    return (struct cdn_channel_shared *)(void *)channel->area;
}

/* The half that a side writes into. */
static unsigned char *half_of(const struct cdn_channel *channel,
                              enum cdn_channel_side side)
{
    return channel->area + CDN_CHANNEL_PAGE +
           (side == CDN_CHANNEL_WORKER ? CDN_CHANNEL_HALF_BYTES : 0);
}

static struct cdn_channel_bell *bell_of(const struct cdn_channel *channel,
                                        enum cdn_channel_side side)
{
    return &cdn_channel_shared(channel)->bells[side];
}

static enum cdn_channel_side other(enum cdn_channel_side side)
{
    return side == CDN_CHANNEL_HOST ? CDN_CHANNEL_WORKER : CDN_CHANNEL_HOST;
}

static void put(unsigned char *at, uint32_t value, unsigned bytes)
{
    for (unsigned i = 0; i < bytes; i++)
        at[i] = (unsigned char)(value >> (8 * i));
}

static uint32_t get(const unsigned char *at, unsigned bytes)
{
    uint32_t value = 0;

    for (unsigned i = 0; i < bytes; i++)
        value |= (uint32_t)at[i] << (8 * i);
    return value;
}

/* Wait until the descriptor can be used. */
static cordon_status wait_for(const struct cdn_channel *channel, short events,
                              uint64_t until_ns, cordon_error *err)
{
    struct pollfd poll_fd = {.fd = channel->fd, .events = events};

    for (;;) {
        uint64_t now = until_ns == UINT64_MAX ? 0 : cdn_clock_ns();
        uint64_t left = until_ns > now ? until_ns - now : 0;
        /* rounded up, so that no wait ends before its time */
        int ms = left / 1000000 >= 60000 ? 60000 : (int)((left + 999999) / 1000000);
        int ready = poll(&poll_fd, 1, ms);

        if (ready > 0)
            return CORDON_OK;
        if (ready < 0 && errno != EINTR)
            return cdn_error_errno(err, errno, "waiting for a worker");
        if (until_ns != UINT64_MAX && cdn_clock_ns() >= until_ns)
            return cdn_error_set(err, CORDON_E_INTERRUPTED, "no answer in time");
    }
}

static cordon_status write_all(const struct cdn_channel *channel, const void *bytes,
                               size_t count, uint64_t until_ns, cordon_error *err)
{
    const unsigned char *at = bytes;
    /* who waits for ever waits here: a locked-in worker has no poll() */
    int flags = MSG_NOSIGNAL | (until_ns == UINT64_MAX ? 0 : MSG_DONTWAIT);

    while (count) {
        ssize_t done = channel->device ? write(channel->fd, at, count)
                                       : send(channel->fd, at, count, flags);

        if (done >= 0) {
            at += done;
            count -= (size_t)done;
        } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
            cordon_status status = wait_for(channel, POLLOUT, until_ns, err);

            if (status)
                return status;
        } else if (errno != EINTR) {
            return cdn_error_set(err, CORDON_E_IO, "the other side is gone: %s",
                                 strerror(errno));
        }
    }
    return CORDON_OK;
}

static cordon_status read_all(const struct cdn_channel *channel, void *bytes,
                              size_t count, uint64_t until_ns, cordon_error *err)
{
    unsigned char *at = bytes;

    while (count) {
        ssize_t done;

        if (until_ns != UINT64_MAX && !channel->device) {
            cordon_status status = wait_for(channel, POLLIN, until_ns, err);

            if (status)
                return status;
        }
        done = channel->device ? read(channel->fd, at, count)
                               : recv(channel->fd, at, count, 0);
        if (done > 0) {
            at += done;
            count -= (size_t)done;
        } else if (done == 0) {
            return cdn_error_set(err, CORDON_E_IO, "the other side is gone");
        } else if (errno != EINTR) {
            return cdn_error_set(err, CORDON_E_IO, "the other side is gone: %s",
                                 strerror(errno));
        }
    }
    return CORDON_OK;
}

/* ---- bells ---- */

/* What a bell says when so many frames are in the area and its receiver looks at it. */
static uint32_t rung(uint32_t frames)
{
    return frames << 1 | CDN_CHANNEL_AWAKE;
}

/* True: the other side will see it. */
static bool ring(struct cdn_channel *channel,
                 const unsigned char header[static HEADER_BYTES])
{
    struct cdn_channel_bell *bell = bell_of(channel, channel->side);

    memcpy(bell->header, header, HEADER_BYTES);
    return __atomic_exchange_n(&bell->state, rung(++channel->sent), __ATOMIC_SEQ_CST) &
           CDN_CHANNEL_AWAKE;
}

static bool rings(const struct cdn_channel *channel, struct cdn_channel_bell *bell)
{
    return __atomic_load_n(&bell->state, __ATOMIC_SEQ_CST) == rung(channel->heard + 1);
}

/* Wait at the descriptor from now on, unless it has rung: false.  One that has rung for what is no
 * next frame lies, and is heard there too. */
static bool leave(const struct cdn_channel *channel, struct cdn_channel_bell *bell)
{
    uint32_t state = rung(channel->heard);

    if (__atomic_compare_exchange_n(&bell->state, &state, state & ~CDN_CHANNEL_AWAKE,
                                    false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
        return true;
    if (state == rung(channel->heard + 1))
        return false;
    (void)__atomic_fetch_and(&bell->state, ~CDN_CHANNEL_AWAKE, __ATOMIC_SEQ_CST);
    return true;
}

static void breathe(void)
{
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#endif
}

static bool look(const struct cdn_channel *channel, struct cdn_channel_bell *bell)
{
    uint64_t until_ns = cdn_clock_ns() + CDN_CHANNEL_SPIN_NS;

    do {
        for (int i = 0; i < LOOKS; i++) {
            if (rings(channel, bell))
                return true;
            breathe();
        }
    } while (cdn_clock_ns() < until_ns);
    return false;
}

/* Is looking worth its time? */
static bool looks(struct cdn_channel *channel)
{
    if (!channel->trust && ++channel->unlooked < RETRY)
        return false;
    channel->unlooked = 0;
    return true;
}

/* True: a frame is in the area; false: it, or whatever comes first, is read at the descriptor. */
static bool listen_to(struct cdn_channel *channel)
{
    struct cdn_channel_bell *bell;

    if (!channel->area || !channel->awake)
        return false;
    bell = bell_of(channel, other(channel->side));
    if (rings(channel, bell))
        return true;
    if (looks(channel)) {
        if (look(channel, bell)) {
            channel->trust = channel->trust < TRUST / 2 ? TRUST / 2 : TRUST;
            return true;
        }
        channel->trust /= 2;
    }
    channel->awake = !leave(channel, bell);
    return channel->awake;
}

/* A frame has been read at the descriptor: look at the bell from now on. */
static void wake(struct cdn_channel *channel)
{
    if (channel->area && !channel->awake)
        (void)__atomic_fetch_or(&bell_of(channel, other(channel->side))->state,
                                CDN_CHANNEL_AWAKE, __ATOMIC_SEQ_CST);
    channel->awake = channel->area != NULL;
}

cordon_status cdn_channel_wait(struct cdn_channel *channel, uint64_t until_ns,
                               cordon_error *err)
{
    return listen_to(channel) ? CORDON_OK : wait_for(channel, POLLIN, until_ns, err);
}

/* ---- frames ---- */

static cordon_status receive_header(struct cdn_channel *channel,
                                    unsigned char header[static HEADER_BYTES],
                                    uint64_t until_ns, cordon_error *err)
{
    cordon_status status;

    if (listen_to(channel)) {
        memcpy(header, bell_of(channel, other(channel->side))->header, HEADER_BYTES);
        return CORDON_OK;
    }
    status = read_all(channel, header, HEADER_BYTES, until_ns, err);
    if (!status)
        wake(channel);
    return status;
}

cordon_status cdn_channel_send(struct cdn_channel *channel, uint16_t kind,
                               const void *payload, size_t bytes, uint64_t until_ns,
                               cordon_error *err)
{
    bool in_area = channel->area && bytes <= CDN_CHANNEL_HALF_BYTES;
    unsigned char header[HEADER_BYTES + TOGETHER_BYTES];
    size_t together = 0; /* of the payload, with the header */
    cordon_status status;

    if (bytes > CDN_CHANNEL_MAX_BYTES)
        return cdn_error_set(err, CORDON_E_INVALID,
                             "a frame of %zu bytes; at most %zu are possible", bytes,
                             CDN_CHANNEL_MAX_BYTES);
    memset(header, 0, HEADER_BYTES);
    memcpy(header, magic, sizeof magic);
    put(header + 4, kind, 2);
    put(header + 6, in_area ? IN_AREA : 0, 2);
    put(header + 8, (uint32_t)bytes, 4);
    if (in_area) {
        if (bytes)
            memcpy(half_of(channel, channel->side), payload, bytes);
        if (ring(channel, header))
            return CORDON_OK;
    } else if (bytes && bytes <= TOGETHER_BYTES) {
        memcpy(header + HEADER_BYTES, payload, bytes);
        together = bytes;
    }
    status = write_all(channel, header, HEADER_BYTES + together, until_ns, err);
    if (!status && !in_area && bytes > together)
        status = write_all(channel, payload, bytes, until_ns, err);
    return status;
}

cordon_status cdn_channel_accept(struct cdn_channel *channel, uint64_t until_ns,
                                 cordon_error *err)
{
    cordon_status status = wait_for(channel, POLLIN, until_ns, err);
    int fd;

    if (status)
        return status;
    fd = accept4(channel->fd, NULL, NULL, SOCK_CLOEXEC);
    if (fd < 0)
        return cdn_error_errno(err, errno, "a worker's channel");
    close(channel->fd);
    channel->fd = fd;
    return CORDON_OK;
}

bool cdn_channel_ready(const struct cdn_channel *channel)
{
    struct pollfd poll_fd = {.fd = channel->fd, .events = POLLIN};
    unsigned char header[HEADER_BYTES];
    int here = 0;
    ssize_t got;

    if (channel->area && channel->awake &&
        rings(channel, bell_of(channel, other(channel->side))))
        return true;
    if (poll(&poll_fd, 1, 0) <= 0)
        return false;
    got = recv(channel->fd, header, sizeof header, MSG_PEEK | MSG_DONTWAIT);
    if (got <= 0)
        return got == 0 || (errno != EAGAIN && errno != EINTR);
    if (poll_fd.revents & (POLLHUP | POLLERR))
        return true;
    if (got < (ssize_t)sizeof header)
        return false;
    if (memcmp(header, magic, sizeof magic) || get(header + 6, 2))
        return true;
    return !ioctl(channel->fd, FIONREAD, &here) &&
           (uint32_t)here - HEADER_BYTES >= get(header + 8, 4);
}

cordon_status cdn_channel_await(struct cdn_channel *channel, uint64_t until_ns,
                                cordon_error *err)
{
    enum { REST_MS = 1 }; /* a frame that has begun to come is mostly whole at once */
    cordon_status status = cdn_channel_wait(channel, until_ns, err);

    while (!status && !cdn_channel_ready(channel)) {
        if (cdn_clock_ns() >= until_ns)
            status = cdn_error_set(err, CORDON_E_INTERRUPTED, "no answer in time");
        else
            (void)poll(NULL, 0, REST_MS);
    }
    return status;
}

cordon_status cdn_channel_receive(uint16_t *kind, struct cdn_channel *channel,
                                  size_t most, uint64_t until_ns, cordon_error *err)
{
    unsigned char header[HEADER_BYTES];
    uint32_t flags, bytes;
    cordon_status status;

    status = receive_header(channel, header, until_ns, err);
    if (status)
        return status;
    *kind = (uint16_t)get(header + 4, 2);
    flags = get(header + 6, 2);
    bytes = get(header + 8, 4);
    if (memcmp(header, magic, sizeof magic) || flags > IN_AREA || get(header + 12, 4))
        return cdn_error_set(err, CORDON_E_DATA, "what came is no frame");
    if (bytes > most)
        return cdn_error_set(err, CORDON_E_DATA,
                             "a frame of %u bytes where at most %zu are expected",
                             bytes, most);
    if (flags & IN_AREA && (!channel->area || bytes > CDN_CHANNEL_HALF_BYTES))
        return cdn_error_set(err, CORDON_E_DATA,
                             "a frame that lies where there is no area");
    cdn_buf_clear(&channel->in);
    if (!cdn_buf_reserve(&channel->in, bytes))
        return cdn_error_nomem(err);
    if (flags & IN_AREA) {
        channel->heard++;
        memcpy(channel->in.data, half_of(channel, other(channel->side)), bytes);
    } else {
        status = read_all(channel, channel->in.data, bytes, until_ns, err);
    }
    if (!status)
        channel->in.length = bytes;
    return status;
}
