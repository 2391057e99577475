/* Growing sets of nodes: see distinct.h.  What growing leaves behind in scratch memory
 * is a third of what it ends with, and goes with the caller's mark. */
#include "graph/distinct.h"

#include <string.h>

#include "sandbox/slot.h"

#define SMALLEST_BITS 5

static uint32_t *new_table(lua_State *L, uint32_t bits)
{
    size_t bytes = sizeof(uint32_t) << bits;
    uint32_t *table = cdn_scratch_alloc(L, bytes);

    memset(table, 0xff, bytes);
    return table;
}

void cdn_distinct_init(struct cdn_distinct *distinct, lua_State *L, uint32_t node_count,
                       uint32_t expected)
{
    uint32_t bits = SMALLEST_BITS;

    if (expected > node_count)
        expected = node_count;
    while (bits < 31 && (UINT32_C(1) << bits) / 2 < expected)
        bits++;
    distinct->L = L;
    distinct->bitmap = NULL;
    distinct->bits = bits;
    distinct->count = 0;
    distinct->limit = UINT32_C(1) << (bits - 1);
    distinct->node_count = node_count;
    distinct->table = new_table(L, bits);
}

void cdn_distinct_grow(struct cdn_distinct *distinct)
{
    const uint32_t *old = distinct->table;
    size_t old_places = (size_t)1 << distinct->bits;
    size_t bitmap_bytes = ((size_t)distinct->node_count + 63) / 64 * 8;
    uint32_t bits = distinct->bits + 2;

    if (bits > 31 || sizeof(uint32_t) << bits >= bitmap_bytes) {
        distinct->bitmap = cdn_scratch_alloc(distinct->L, bitmap_bytes);
        memset(distinct->bitmap, 0, bitmap_bytes);
        for (size_t i = 0; i < old_places; i++)
            if (old[i] != CDN_DISTINCT_EMPTY)
                distinct->bitmap[old[i] >> 6] |= UINT64_C(1) << (old[i] & 63);
        distinct->table = NULL;
        return;
    }
    distinct->table = new_table(distinct->L, bits);
    distinct->bits = bits;
    distinct->limit = UINT32_C(1) << (bits - 1);
    for (size_t i = 0; i < old_places; i++) {
        uint32_t mask = (UINT32_C(1) << bits) - 1;
        uint32_t at;

        if (old[i] == CDN_DISTINCT_EMPTY)
            continue;
        at = cdn_distinct_place(old[i], bits);
        while (distinct->table[at] != CDN_DISTINCT_EMPTY)
            at = (at + 1) & mask;
        distinct->table[at] = old[i];
    }
}
