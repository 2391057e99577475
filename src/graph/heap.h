/* A binary heap of (length, number) with the least on top, ties by number: for Dijkstra.
 * In scratch memory, doubled when full.  A step is charged as one instruction. */
#ifndef CDN_GRAPH_HEAP_H
#define CDN_GRAPH_HEAP_H

#include "graph/numbering.h"
#include "graph/view.h"

struct cdn_heap_entry {
    double length;
    uint32_t number;
};

struct cdn_heap {
    lua_State *L;
    struct cdn_heap_entry *entries;
    uint64_t count;
    uint64_t room;
};

static inline bool cdn_heap_before(const struct cdn_heap_entry *a,
                                   const struct cdn_heap_entry *b)
{
    if (a->length != b->length)
        return a->length < b->length;
    return a->number < b->number;
}

/*                                                                         [-0, +0, e] */
CDN_RAISES static inline void cdn_heap_push(struct cdn_heap *heap, double length,
                                            uint32_t number)
{
    struct cdn_heap_entry entry = {length, number};
    uint64_t at = heap->count++;
    uint32_t steps = 1;

    heap->entries = cdn_scratch_grow(heap->L, heap->entries, &heap->room, heap->count,
                                     sizeof *heap->entries);
    while (at > 0 && cdn_heap_before(&entry, &heap->entries[(at - 1) / 2])) {
        heap->entries[at] = heap->entries[(at - 1) / 2];
        at = (at - 1) / 2;
        steps++;
    }
    heap->entries[at] = entry;
    cdn_meter_charge(heap->L, steps);
}

/* False: it is empty.                                                     [-0, +0, e] */
CDN_RAISES static inline bool cdn_heap_pop(struct cdn_heap *heap,
                                           struct cdn_heap_entry *out)
{
    struct cdn_heap_entry last;
    uint64_t at = 0;
    uint32_t steps = 1;

    if (heap->count == 0)
        return false;
    *out = heap->entries[0];
    last = heap->entries[--heap->count];
    for (uint64_t child = 1; child < heap->count; child = 2 * at + 1) {
        if (child + 1 < heap->count &&
            cdn_heap_before(&heap->entries[child + 1], &heap->entries[child]))
            child++;
        if (!cdn_heap_before(&heap->entries[child], &last))
            break;
        heap->entries[at] = heap->entries[child];
        at = child;
        steps++;
    }
    heap->entries[at] = last;
    cdn_meter_charge(heap->L, steps);
    return true;
}

#endif
