/* Frames between a host and the worker behind a wall: one descriptor, and where both run on one
 * machine an area of memory that both have mapped.
 *
 * A frame is a header of 16 bytes and a payload.  Where there is an area and the payload fits
 * the sender's half of it, it lies there, and the header in the sender's bell: the receiver who
 * looks at the bell finds both without a system call.  One who waits at the descriptor is
 * written the same header there, which wakes him.  What does not fit goes over the descriptor
 * whole.  The two sides take turns: who has sent waits for what comes back, so that a half never
 * holds more than the one frame that is being read.
 *
 *     offset  bytes
 *     0       4      "CRDN"
 *     4       2      kind (wire.h)
 *     6       2      1: the payload lies in the area; else 0
 *     8       4      bytes of the payload
 *     12      4      0
 *
 * All integers are little-endian.  Headers and payloads are copied out of the area before they
 * are looked at, as the other side may write there at any time; a length is believed only up to
 * what the receiver says he expects.  Whatever is wrong with a frame, the channel is of no use
 * from then on: its other end is to be killed.
 *
 * How long a receiver looks at the bell before he goes to sleep at the descriptor he learns from
 * what it brought (channel.c): where answers come within CDN_CHANNEL_SPIN_NS, no side sleeps;
 * where they do not, or where both sides share a processor, hardly any time goes by looking.
 * Nobody looks for longer than that, so that what is idle takes no time at all.
 *
 * Threads: one at a time. */
#ifndef CDN_ISOLATION_CHANNEL_H
#define CDN_ISOLATION_CHANNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/error.h"

/* No frame is longer. */
#define CDN_CHANNEL_MAX_BYTES ((size_t)64 << 20)
/* Each half of an area. */
#define CDN_CHANNEL_HALF_BYTES ((size_t)256 << 10)
#define CDN_CHANNEL_AREA_BYTES (CDN_CHANNEL_PAGE + 2 * CDN_CHANNEL_HALF_BYTES)
/* Before the halves: what is looked at while the other side works. */
#define CDN_CHANNEL_PAGE ((size_t)4096)

#define CDN_CHANNEL_HEADER_BYTES 16u
/* As long as a bell is looked at. */
#define CDN_CHANNEL_SPIN_NS UINT64_C(50000)

enum cdn_channel_side { CDN_CHANNEL_HOST, CDN_CHANNEL_WORKER };

/* Of what one side sends.  All zero in the beginning. */
struct cdn_channel_bell {
    /* Atomic: twice the frames laid into the area so far, and CDN_CHANNEL_AWAKE while the
     * receiver looks here, or will before he waits; without it he waits at the descriptor.  The
     * sender sets it as he rings, and writes to the descriptor if it was not set; the receiver
     * takes it away before he waits, if nothing was rung.  Each does that in one step: were
     * ringing two, a sender who is interrupted between them would find a receiver who had heard
     * him, and gone to wait for the next frame, and wake him with this one again. */
    _Alignas(64) uint32_t state;
    unsigned char header[CDN_CHANNEL_HEADER_BYTES];
};

#define CDN_CHANNEL_AWAKE 1u

/* The area's first page. */
struct cdn_channel_shared {
    uint32_t cancel; /* not 0: what the worker runs is to stop; the host writes it */
    struct cdn_ticks_measured ticks; /* the host's, as the worker starts; 0: not told */
    struct cdn_channel_bell bells[2]; /* by the side that sends */
};

struct cdn_channel {
    int fd; /* a connected stream; the channel's owner closes it */
    bool
        device; /* it is a machine's port and not a socket: its worker waits for ever */
    enum cdn_channel_side side;
    unsigned char *area;  /* CDN_CHANNEL_AREA_BYTES; NULL: there is none */
    struct cdn_buf in;    /* the frame received last */
    uint32_t sent, heard; /* frames in the area */
    bool awake;           /* as the other side may believe of this one */
    uint32_t trust;       /* in looking at the bell: 0, it does not pay */
    uint32_t unlooked;    /* waits since it was tried last */
};

/* `fd` and `area` are borrowed. */
void cdn_channel_init(struct cdn_channel *channel, enum cdn_channel_side side, int fd,
                      void *area);
void cdn_channel_deinit(struct cdn_channel *channel);
/* NULL: there is no area. */
struct cdn_channel_shared *cdn_channel_shared(const struct cdn_channel *channel);

/* Send one frame.  until_ns: cdn_clock_ns() at which it is given up; UINT64_MAX: never.
 * Errors: CORDON_E_INTERRUPTED it was not taken in time, CORDON_E_IO the other side is gone,
 *         CORDON_E_INVALID it is too long. */
cordon_status cdn_channel_send(struct cdn_channel *channel, uint16_t kind,
                               const void *payload, size_t bytes, uint64_t until_ns,
                               cordon_error *err);

/* Wait until something has come, a frame, a part of one, or the end.
 * Errors: CORDON_E_INTERRUPTED nothing has in time; CORDON_E_IO. */
cordon_status cdn_channel_wait(struct cdn_channel *channel, uint64_t until_ns,
                               cordon_error *err);

/* In place of a socket that listens, have the first who connects to it.
 * Errors: CORDON_E_INTERRUPTED nobody did in time; CORDON_E_IO. */
cordon_status cdn_channel_accept(struct cdn_channel *channel, uint64_t until_ns,
                                 cordon_error *err);

/* Whether receiving would not wait: a whole frame is here, or what is none, or the end of the
 * other side (or, of a socket that listens, somebody who connects). */
bool cdn_channel_ready(const struct cdn_channel *channel);
/* Wait until that is so.  Errors: CORDON_E_INTERRUPTED it was not in time. */
cordon_status cdn_channel_await(struct cdn_channel *channel, uint64_t until_ns,
                                cordon_error *err);

/* Wait for a frame of at most `most` bytes; channel->in then holds its payload.
 * Errors: CORDON_E_INTERRUPTED none came in time, CORDON_E_IO the other side is gone,
 *         CORDON_E_DATA what came is no frame, CORDON_E_NOMEM. */
cordon_status cdn_channel_receive(uint16_t *kind, struct cdn_channel *channel,
                                  size_t most, uint64_t until_ns, cordon_error *err);

#endif
