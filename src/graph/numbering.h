/* Numbers for nodes in the order in which they are met: 0, 1, 2 ...
 *
 * What a search keeps of each node it meets then lies in plain arrays.  An open-addressing
 * table of numbers over an array of nodes, both in scratch memory and doubled when full, so
 * that what growing leaves behind is as much as what is in use; it goes with the caller's
 * mark.  Cost: some 10 ns a look-up; every doubling is charged, an instruction for four
 * nodes. */
#ifndef CDN_GRAPH_NUMBERING_H
#define CDN_GRAPH_NUMBERING_H

#include <stdbool.h>
#include <stdint.h>

#include <lua.h>

#include "sandbox/meter.h"

#define CDN_NO_NUMBER UINT32_MAX

struct cdn_numbering {
    lua_State *L;
    uint32_t *nodes; /* by number */
    uint32_t count;
    uint32_t capacity;
    uint32_t *table; /* numbers; CDN_NO_NUMBER: free */
    uint32_t bits;   /* it has 2^bits places, twice `capacity` or more */
};

/*                                                                         [-0, +0, e] */
CDN_RAISES void cdn_numbering_init(struct cdn_numbering *numbering, lua_State *L,
                                   uint32_t expected);
/* The node's number, CDN_NO_NUMBER: it has none. */
uint32_t cdn_numbering_find(const struct cdn_numbering *numbering, uint32_t node);
/* The node's number; *added: it had none before.                          [-0, +0, e] */
CDN_RAISES uint32_t cdn_numbering_add(struct cdn_numbering *numbering, uint32_t node,
                                      bool *added);

/* Room for `wanted` elements of `width` bytes in an array of *capacity: the same array, or
 * a copy of twice the room in scratch memory.                             [-0, +0, e] */
CDN_RAISES void *cdn_scratch_grow(lua_State *L, void *array, uint64_t *capacity,
                                  uint64_t wanted, size_t width);

/* Sort distinct indices ascending.  Charges an instruction for each.      [-0, +0, e] */
CDN_RAISES void cdn_sort_indices(lua_State *L, uint32_t *items, uint32_t count);

#endif
