/* A bounded queue of byte strings: many threads put in, one at a time takes out.
 *
 * A producer *reserves* a span, fills it in place and *commits* it; other producers go on
 * meanwhile.  The consumer sees spans in the order of their reservation and stops at the first
 * that is not committed.  It takes as many as it likes and then *releases* them, so that what
 * it could not write stays where it is.
 *
 *   bytes   one block, made once; every word of it that no span occupies is zero
 *   head    where the next span is reserved   } counted in bytes since the beginning, so that
 *   tail    where the oldest span begins      } head - tail is what is in use
 *
 * A span begins with one 8-byte word: 0 until it is committed, then its size and the length of
 * what is in it.  It never wraps: where it would, the rest of the block is skipped.
 *
 * Lock-free for producers: a reservation is one compare-and-swap, repeated only if another
 * thread's came first. */
#ifndef CDN_ENGINE_AUDIT_RING_H
#define CDN_ENGINE_AUDIT_RING_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct cdn_audit_ring {
    unsigned char *bytes;
    uint64_t size; /* a power of two */
    unsigned char apart[64];
    _Atomic uint64_t head;
    unsigned char apart_too[64];
    _Atomic uint64_t tail;
};

/* A span never gets more than this part of the block, so that skipping its end always leaves
 * room for one. */
#define CDN_AUDIT_RING_PART 4

/* `size` is a power of two, at least 1024.  Errors: CORDON_E_NOMEM. */
cordon_status cdn_audit_ring_init(struct cdn_audit_ring *ring, uint64_t size,
                                  cordon_error *err);
void cdn_audit_ring_deinit(struct cdn_audit_ring *ring);

/* Can a span of `bytes` ever be reserved? */
bool cdn_audit_ring_fits(const struct cdn_audit_ring *ring, size_t bytes);

/* What a producer holds between reserving and committing. */
struct cdn_audit_span {
    unsigned char *bytes; /* aligned to 8 */
    uint64_t size;        /* with its word, and a multiple of it */
    uint64_t end;         /* the position behind it */
};

/* Room for `bytes`; false: the ring is full.  Whoever reserves must commit: what comes later
 * waits for it. */
bool cdn_audit_ring_reserve(struct cdn_audit_span *out, struct cdn_audit_ring *ring,
                            size_t bytes);
/* The first `length` of the bytes are used; 0: none, the span is skipped. */
void cdn_audit_ring_commit(const struct cdn_audit_span *span, size_t length);

/* The consumer's walk: *at begins as cdn_audit_ring_begin().  False: no more committed. */
uint64_t cdn_audit_ring_begin(const struct cdn_audit_ring *ring);
bool cdn_audit_ring_next(struct cdn_audit_ring *ring, uint64_t *at,
                         const unsigned char **bytes, size_t *length);
/* Give back all spans before `at`. */
void cdn_audit_ring_release(struct cdn_audit_ring *ring, uint64_t at);

uint64_t cdn_audit_ring_used(const struct cdn_audit_ring *ring);

#endif
