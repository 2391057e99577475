/* Cycles through a node: money that comes back.
 *
 * A cycle of k edges starts with an edge of the set, goes on along edges of the same type
 * and direction that the set's windows and conditions keep, and ends where it started.
 * Each edge is later than the one before, none is more than `within` later than the first,
 * no node is on it twice, and of the values of one property the largest is at most `ratio`
 * times the smallest.  Parallel edges make cycles of their own. */
#ifndef CDN_GRAPH_CYCLE_H
#define CDN_GRAPH_CYCLE_H

#include "graph/set.h"

#define CDN_CYCLE_MAX_HOPS 8

struct cdn_cycles {
    uint32_t hops;  /* exactly so many edges, 2 .. CDN_CYCLE_MAX_HOPS */
    int64_t within; /* ms; INT64_MAX: any time */
    bool valued;    /* the next three are given */
    uint32_t slot;  /* a property of the edges */
    bool integral;  /* it is int64 or timestamp */
    double ratio;   /* HUGE_VAL: any */
    /* what was found */
    uint64_t count;
    double largest; /* the greatest sum of values of one cycle, or 0 */
    uint64_t edges[CDN_CYCLE_MAX_HOPS]; /* of the first that has it */
};

/* Count them.  The set has windows and conditions alone, one direction and a time column.
 * Charges one edge a list and one for each edge that a window leaves of it, and an
 * instruction for each edge that is tried; scratch memory for those that lead back.                                           [-0, +0, e] */
CDN_RAISES void cdn_edges_cycles(struct cdn_cycles *cycles, lua_State *L,
                                 struct cdn_edges *set);

#endif
