/* The ring between evaluations and the disk.
 *
 * Why zeroed: a producer that has reserved but not committed leaves its span's word as it was,
 * and the consumer must read "not yet" there, whatever older span's bytes once lay in that
 * place.  So the consumer clears what it gives back, before the tail moves and with it the
 * right to write there.  That is one memset a drain, off the evaluation path.
 *
 * Orders: commit is a release that the consumer's look at the word acquires (the bytes are
 * there when the word is); moving the tail is a release that a reservation acquires (the
 * zeros are there before anything new). */
#include "engine/audit_ring.h"

#include <string.h>

#include "base/alloc.h"

enum { WORD = 8 };

/* A span's word: its size in the upper half, the length used, plus 1, in the lower. */
static uint64_t word_of(uint64_t size, uint64_t length)
{
    return size << 32 | (length + 1);
}

/* A block from the heap is an object of whatever type is stored in it. */
static _Atomic uint64_t *word_at(unsigned char *bytes)
{
    return (_Atomic uint64_t *)(void *)bytes;
}

cordon_status cdn_audit_ring_init(struct cdn_audit_ring *ring, uint64_t size,
                                  cordon_error *err)
{
    ring->bytes = cdn_calloc(1, (size_t)size);
    if (!ring->bytes)
        return cdn_error_nomem(err);
    ring->size = size;
    atomic_init(&ring->head, 0);
    atomic_init(&ring->tail, 0);
    return CORDON_OK;
}

void cdn_audit_ring_deinit(struct cdn_audit_ring *ring)
{
    cdn_free(ring->bytes);
    ring->bytes = NULL;
}

static uint64_t span_size(size_t bytes)
{
    return ((uint64_t)bytes + WORD + WORD - 1) / WORD * WORD;
}

bool cdn_audit_ring_fits(const struct cdn_audit_ring *ring, size_t bytes)
{
    return bytes <= ring->size / CDN_AUDIT_RING_PART - 2 * WORD &&
           bytes <= UINT32_MAX / 2;
}

bool cdn_audit_ring_reserve(struct cdn_audit_span *out, struct cdn_audit_ring *ring,
                            size_t bytes)
{
    uint64_t size = span_size(bytes);
    uint64_t head = atomic_load_explicit(&ring->head, memory_order_relaxed);
    uint64_t place, skipped;

    if (!cdn_audit_ring_fits(ring, bytes))
        return false;
    for (;;) {
        uint64_t tail = atomic_load_explicit(&ring->tail, memory_order_acquire);

        place = head & (ring->size - 1);
        skipped = ring->size - place < size ? ring->size - place : 0;
        if (head - tail > ring->size || head + skipped + size - tail > ring->size) {
            /* Full, unless the head is an old one, which may even lie before the tail. */
            uint64_t newer = atomic_load_explicit(&ring->head, memory_order_relaxed);

            if (newer == head)
                return false;
            head = newer;
            continue;
        }
        if (atomic_compare_exchange_weak_explicit(
                &ring->head, &head, head + skipped + size, memory_order_relaxed,
                memory_order_relaxed))
            break;
    }
    if (skipped) {
        atomic_store_explicit(word_at(ring->bytes + place), word_of(skipped, 0),
                              memory_order_release);
        place = 0;
    }
    out->bytes = ring->bytes + place + WORD;
    out->size = size;
    out->end = head + skipped + size;
    return true;
}

void cdn_audit_ring_commit(const struct cdn_audit_span *span, size_t length)
{
    atomic_store_explicit(word_at(span->bytes - WORD), word_of(span->size, length),
                          memory_order_release);
}

uint64_t cdn_audit_ring_begin(const struct cdn_audit_ring *ring)
{
    return atomic_load_explicit(&ring->tail, memory_order_relaxed);
}

bool cdn_audit_ring_next(struct cdn_audit_ring *ring, uint64_t *at,
                         const unsigned char **bytes, size_t *length)
{
    uint64_t tail = atomic_load_explicit(&ring->tail, memory_order_relaxed);

    for (;;) {
        unsigned char *place = ring->bytes + (*at & (ring->size - 1));
        uint64_t word;

        /* all round: this is the oldest span again */
        if (*at - tail >= ring->size)
            return false;
        word = atomic_load_explicit(word_at(place), memory_order_acquire);
        if (!word)
            return false;
        *at += word >> 32;
        *length = (size_t)(word & UINT32_MAX) - 1;
        if (!*length)
            continue;
        *bytes = place + WORD;
        return true;
    }
}

void cdn_audit_ring_release(struct cdn_audit_ring *ring, uint64_t at)
{
    uint64_t tail = atomic_load_explicit(&ring->tail, memory_order_relaxed);
    uint64_t from = tail & (ring->size - 1);
    uint64_t count = at - tail;
    uint64_t first = count < ring->size - from ? count : ring->size - from;

    memset(ring->bytes + from, 0, (size_t)first);
    memset(ring->bytes, 0, (size_t)(count - first));
    atomic_store_explicit(&ring->tail, at, memory_order_release);
}

uint64_t cdn_audit_ring_used(const struct cdn_audit_ring *ring)
{
    uint64_t tail = atomic_load_explicit(&ring->tail, memory_order_acquire);
    uint64_t head = atomic_load_explicit(&ring->head, memory_order_relaxed);

    return head - tail;
}
