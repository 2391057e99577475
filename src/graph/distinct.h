/* A growing set of dense indices in scratch memory: for distinct peers and node sets.
 *
 * An open-addressing table that starts at twice what is expected and grows fourfold
 * when half full; once a bitmap over the snapshot's nodes is smaller, it becomes that.
 */
#ifndef CDN_GRAPH_DISTINCT_H
#define CDN_GRAPH_DISTINCT_H

#include <stdbool.h>
#include <stdint.h>

#include <lua.h>

#include "sandbox/meter.h"

#define CDN_DISTINCT_EMPTY UINT32_MAX

struct cdn_distinct {
    lua_State *L;
    uint32_t *table; /* NULL: the bitmap is in use */
    uint64_t *bitmap;
    uint32_t bits; /* the table has 2^bits places */
    uint32_t count;
    uint32_t limit;      /* grow when count passes it */
    uint32_t node_count; /* of the snapshot: every member is below it */
};

/*                                                                         [-0, +0, e]
 */
CDN_RAISES void cdn_distinct_init(struct cdn_distinct *distinct, lua_State *L,
                                  uint32_t node_count, uint32_t expected);
CDN_RAISES void cdn_distinct_grow(struct cdn_distinct *distinct);

static inline uint32_t cdn_distinct_place(uint32_t node, uint32_t bits)
{
    return node * UINT32_C(2654435769) >> (32 - bits);
}

/* Is it new?  `node` must be below node_count.                            [-0, +0, e]
 */
CDN_RAISES static inline bool cdn_distinct_add(struct cdn_distinct *distinct,
                                               uint32_t node)
{
    if (distinct->table) {
        uint32_t *table = distinct->table;
        uint32_t mask = (UINT32_C(1) << distinct->bits) - 1;
        uint32_t at = cdn_distinct_place(node, distinct->bits);

        while (table[at] != CDN_DISTINCT_EMPTY) {
            if (table[at] == node)
                return false;
            at = (at + 1) & mask;
        }
        table[at] = node;
        if (++distinct->count > distinct->limit)
            cdn_distinct_grow(distinct);
        return true;
    }
    if (distinct->bitmap[node >> 6] >> (node & 63) & 1)
        return false;
    distinct->bitmap[node >> 6] |= UINT64_C(1) << (node & 63);
    distinct->count++;
    return true;
}

#endif
