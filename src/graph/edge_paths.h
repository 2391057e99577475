/* Paths over one edge set, step by step: what the set's refinements leave of each node's
 * edges is read again for every node that is reached.
 *
 * A path has no node twice.  Parallel edges make one path: of those that could carry it
 * the earliest is taken, which leaves most open to the next step.  Paths come depth
 * first, in the order of the edges. */
#ifndef CDN_GRAPH_EDGE_PATHS_H
#define CDN_GRAPH_EDGE_PATHS_H

#include "graph/set.h"

#define CDN_PATH_MAX_HOPS 16

struct cdn_paths {
    uint32_t hops;  /* at most so many edges, 1 .. CDN_PATH_MAX_HOPS */
    bool ascending; /* each edge is later than the one before */
    uint64_t most;  /* paths; what is beyond is cut off */
    uint64_t count; /* so far */
    uint32_t depth; /* of a path's second node */
    /* For each path, its nodes; what is on top of the stack is the caller's. */
    CDN_RAISES void (*found)(lua_State *L, struct cdn_paths *paths,
                             const uint32_t *nodes, uint32_t count);
};

/* Go over all paths.  Charges what reading the edges of every node on the way does, as
 * often as it is on the way; 24 instructions a node, 16 a path and one a node of it.
 *                                                                         [-0, +0, e] */
CDN_RAISES void cdn_edges_paths(struct cdn_paths *paths, lua_State *L,
                                struct cdn_edges *set);

#endif
