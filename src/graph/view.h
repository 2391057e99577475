/* A view: a piece of the graph as compressed sparse rows in the rule's own memory.
 *
 * Extraction reads the snapshot once, charged to `edges`; algorithms over the view read
 * only the view and are charged to instructions, one for four edges or nodes that they go
 * over (of heaps and hash tables: one for each step).  A view is one userdata without a
 * finalizer, as sets are, so that what a rule drops is collected; what extraction needs on
 * the way lies in scratch memory and is given back.
 *
 * Local ids are 0, 1 ... in ascending dense index, that is by label and key; every list is
 * ascending by local id, parallel edges in the order of the snapshot's lists.  So whatever
 * breaks ties by local id, or adds numbers in list order, gives the same answer on a
 * snapshot, on a slice of it, and on every machine.
 *
 * A *symmetric* view has each edge in both directions: `in` is `out`.  Of a self-loop it
 * has one.  Times are not kept: what time has to say it says by the windows of the follow.
 *
 * Memory: 4 bytes a node, 4 a list's end and 4 an edge in each direction, 8 an edge with
 * weights; while it is made up to three times that. */
#ifndef CDN_GRAPH_VIEW_H
#define CDN_GRAPH_VIEW_H

#include <stdbool.h>
#include <stdint.h>

#include "graph/follow.h"

#define CDN_VIEW_MAGIC UINT32_C(0x77656976)

struct cdn_view {
    uint32_t magic;
    uint32_t node_count;
    uint32_t edge_count; /* of `out`: a symmetric view counts both directions */
    bool symmetric;
    uint32_t depth; /* how far the farthest node may be from where the run began */
    const uint32_t *nodes; /* dense indices, ascending, by local id */
    const uint32_t *out_offsets;
    const uint32_t *out_peers;
    const uint32_t *in_offsets;
    const uint32_t *in_peers;
    const double *out_weights; /* NULL: every edge counts 1 */
};

/* The nodes of a view before there is one: distinct, in any order; in scratch memory. */
struct cdn_members {
    uint32_t *nodes;
    uint32_t count;
};

/* How an ego view's nodes are found. */
struct cdn_reachable {
    enum cdn_direction direction;
    uint32_t hops;
    uint32_t max_nodes;
};

/* The nodes at most `hops` from one of `from`, nearest first, until there are max_nodes;
 * sets the run's `truncated` if there would be more.                      [-0, +0, e] */
CDN_RAISES void cdn_members_reach(struct cdn_members *out, struct cdn_follow *follow,
                                  const uint32_t *from, uint32_t from_count,
                                  const struct cdn_reachable *how);

/* Push the view of all edges of the follow between the members, whose order it changes.
 * An edge whose weight is null is not in it.                              [-0, +1, e] */
CDN_RAISES struct cdn_view *cdn_view_push(lua_State *L, struct cdn_follow *follow,
                                          struct cdn_members *members, bool symmetric);

/* The local id of a node; CDN_NO_NUMBER: it is not in the view.  A binary search. */
uint32_t cdn_view_find(const struct cdn_view *view, uint32_t node);

/* Distinct neighbours in either direction, without the node itself: for algorithms on
 * simple undirected graphs.  In scratch memory.                           [-0, +0, e] */
struct cdn_neighbours {
    const uint32_t *offsets; /* node_count + 1 */
    const uint32_t *peers;   /* ascending */
};
CDN_RAISES void cdn_view_neighbours(struct cdn_neighbours *out, lua_State *L,
                                    const struct cdn_view *view);

/* Charging work over a view: a count of edges and nodes gone over since the last charge. */
struct cdn_pace {
    lua_State *L;
    uint32_t steps;
};
#define CDN_PACE_STEPS 4096

CDN_RAISES void cdn_pace_pay(struct cdn_pace *pace); /* what has not been charged yet */

/* Before `steps` more.                                                    [-0, +0, e] */
CDN_RAISES static inline void cdn_pace(struct cdn_pace *pace, uint32_t steps)
{
    pace->steps += steps;
    if (__builtin_expect(pace->steps >= CDN_PACE_STEPS, 0))
        cdn_pace_pay(pace);
}

#endif
