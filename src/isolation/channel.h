/* Frames between a host and the worker behind a wall: one descriptor, and where both run on one
 * machine an area of memory that both have mapped.
 *
 * A frame is a header of 16 bytes on the descriptor and a payload, which lies in the sender's
 * half of the area if it fits there and follows the header on the descriptor if not.  The two
 * sides take turns: who has sent waits for what comes back, so that a half never holds more than
 * the one frame that is being read.
 *
 *     offset  bytes
 *     0       4      "CRDN"
 *     4       2      kind (wire.h)
 *     6       2      1: the payload lies in the area; else 0
 *     8       4      bytes of the payload
 *     12      4      0
 *
 * All integers are little-endian.  A payload is copied out of the area before it is looked at,
 * as the other side may write there at any time; a length is believed only up to what the
 * receiver says he expects.  Whatever is wrong with a frame, the channel is of no use from
 * then on: its other end is to be killed.
 *
 * Threads: one at a time. */
#ifndef CDN_ISOLATION_CHANNEL_H
#define CDN_ISOLATION_CHANNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"

/* No frame is longer. */
#define CDN_CHANNEL_MAX_BYTES ((size_t)64 << 20)
/* Each half of an area. */
#define CDN_CHANNEL_HALF_BYTES ((size_t)256 << 10)
#define CDN_CHANNEL_AREA_BYTES (CDN_CHANNEL_PAGE + 2 * CDN_CHANNEL_HALF_BYTES)
/* Before the halves: what is looked at while the other side works. */
#define CDN_CHANNEL_PAGE ((size_t)4096)

/* The area's first page. */
struct cdn_channel_shared {
    uint32_t cancel; /* not 0: what the worker runs is to stop; the host writes it */
};

enum cdn_channel_side { CDN_CHANNEL_HOST, CDN_CHANNEL_WORKER };

struct cdn_channel {
    int fd; /* a connected stream; the channel's owner closes it */
    enum cdn_channel_side side;
    unsigned char *area; /* CDN_CHANNEL_AREA_BYTES; NULL: there is none */
    struct cdn_buf in;   /* the frame received last */
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

/* In place of a socket that listens, have the first who connects to it.
 * Errors: CORDON_E_INTERRUPTED nobody did in time; CORDON_E_IO. */
cordon_status cdn_channel_accept(struct cdn_channel *channel, uint64_t until_ns,
                                 cordon_error *err);

/* Whether receiving would not wait: a whole frame is here, or what is none, or the end of the
 * other side (or, of a socket that listens, somebody who connects). */
bool cdn_channel_ready(const struct cdn_channel *channel);
/* Wait until that is so.  Errors: CORDON_E_INTERRUPTED it was not in time. */
cordon_status cdn_channel_await(const struct cdn_channel *channel, uint64_t until_ns,
                                cordon_error *err);

/* Wait for a frame of at most `most` bytes; channel->in then holds its payload.
 * Errors: CORDON_E_INTERRUPTED none came in time, CORDON_E_IO the other side is gone,
 *         CORDON_E_DATA what came is no frame, CORDON_E_NOMEM. */
cordon_status cdn_channel_receive(uint16_t *kind, struct cdn_channel *channel,
                                  size_t most, uint64_t until_ns, cordon_error *err);

#endif
