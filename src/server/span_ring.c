/* A bounded queue of spans.
 *
 * A cell's sequence is its position where it is free for the producer of that position, and its
 * position + 1 where it is filled; taking it makes it free for the position one round on.  The
 * store that hands a cell over is a release that the other side's look at the sequence
 * acquires, so that what is in the cell is there when the sequence says so. */
#include "server/span_ring.h"

#include "base/alloc.h"
#include "base/error.h"

struct cdn_span_cell {
    _Atomic uint64_t sequence;
    struct cdn_span span;
};

cordon_status cdn_span_ring_init(struct cdn_span_ring *ring, uint64_t size,
                                 cordon_error *err)
{
    ring->cells = NULL;
    if (size < 2 || (size & (size - 1)) || size > UINT32_MAX)
        return cdn_error_set(err, CORDON_E_INVALID,
                             "a queue of %llu spans: it must be a power of two from 2",
                             (unsigned long long)size);
    ring->cells = cdn_calloc((size_t)size, sizeof *ring->cells);
    if (!ring->cells)
        return cdn_error_nomem(err);
    ring->size = size;
    for (uint64_t i = 0; i < size; i++)
        atomic_init(&ring->cells[i].sequence, i);
    atomic_init(&ring->head, 0);
    atomic_init(&ring->tail, 0);
    return CORDON_OK;
}

void cdn_span_ring_deinit(struct cdn_span_ring *ring)
{
    cdn_free(ring->cells);
    ring->cells = NULL;
}

static struct cdn_span_cell *cell_at(const struct cdn_span_ring *ring, uint64_t at)
{
    return &ring->cells[at & (ring->size - 1)];
}

struct cdn_span *cdn_span_ring_claim(struct cdn_span_ring *ring, uint64_t *at)
{
    uint64_t head = atomic_load_explicit(&ring->head, memory_order_relaxed);

    for (;;) {
        struct cdn_span_cell *cell = cell_at(ring, head);
        uint64_t turn = atomic_load_explicit(&cell->sequence, memory_order_acquire);

        if (turn == head) {
            if (atomic_compare_exchange_weak_explicit(&ring->head, &head, head + 1,
                                                      memory_order_relaxed,
                                                      memory_order_relaxed)) {
                *at = head;
                return &cell->span;
            }
        } else if (turn < head) {
            return NULL; /* of the round before: not taken yet */
        } else {
            head = atomic_load_explicit(&ring->head, memory_order_relaxed);
        }
    }
}

void cdn_span_ring_commit(struct cdn_span_ring *ring, uint64_t at)
{
    atomic_store_explicit(&cell_at(ring, at)->sequence, at + 1, memory_order_release);
}

bool cdn_span_ring_take(struct cdn_span *out, struct cdn_span_ring *ring)
{
    uint64_t tail = atomic_load_explicit(&ring->tail, memory_order_relaxed);
    struct cdn_span_cell *cell = cell_at(ring, tail);

    if (atomic_load_explicit(&cell->sequence, memory_order_acquire) != tail + 1)
        return false;
    *out = cell->span;
    atomic_store_explicit(&cell->sequence, tail + ring->size, memory_order_release);
    atomic_store_explicit(&ring->tail, tail + 1, memory_order_relaxed);
    return true;
}

uint64_t cdn_span_ring_used(const struct cdn_span_ring *ring)
{
    uint64_t head = atomic_load_explicit(&ring->head, memory_order_relaxed);
    uint64_t tail = atomic_load_explicit(&ring->tail, memory_order_relaxed);

    return head > tail ? head - tail : 0;
}
