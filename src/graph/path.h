/* Ways from node to node, read from the snapshot itself: no view is made, and what a search
 * does not come to is not read.
 *
 * All charge the edges they read as follow.h says.  Nodes and edges of what is found lie in
 * scratch memory; the caller marks and releases it. */
#ifndef CDN_GRAPH_PATH_H
#define CDN_GRAPH_PATH_H

#include "graph/follow.h"

/* Edges of a path or cycle that is enumerated, at most. */
#define CDN_TRAIL_HOPS 16

/* One way: hops + 1 nodes and hops edges, in the order walked. */
struct cdn_path {
    uint32_t hops;
    const uint32_t *nodes;
    const uint64_t *edges;
    double length; /* the sum of weights, or hops */
};

/* A shortest way of at most max_hops edges; false: there is none.  Breadth first from both
 * ends, a level at a time, the smaller one first (Pohl, "Bi-directional search", 1971).  Of
 * several the one first met, which depends on keys and times alone.  Reads each node of the
 * two balls met once: about 2 d^(k/2) edges at degree d and distance k. */
CDN_RAISES bool cdn_shortest(struct cdn_path *out, struct cdn_follow *follow,
                             uint32_t from, uint32_t to, enum cdn_direction direction,
                             uint64_t max_hops);

/* The way with the least sum of weights; edges whose weight is null do not exist.  Dijkstra
 * (as algorithm.h), stopped when `to` is settled; of equal sums the one found first.  Reads
 * the edges of every node nearer than `to`, one instruction a step of the heap.
 * CDN_SHORTEST_NEGATIVE: the edge *bad has a weight that is negative, or no number. */
enum cdn_shortest { CDN_SHORTEST_FOUND, CDN_SHORTEST_NONE, CDN_SHORTEST_NEGATIVE };
CDN_RAISES enum cdn_shortest cdn_lightest(struct cdn_path *out, uint64_t *bad,
                                          struct cdn_follow *follow, uint32_t from,
                                          uint32_t to, enum cdn_direction direction);

/* Which simple paths, or with from == to simple cycles, are wanted. */
struct cdn_trails_how {
    uint32_t from;
    uint32_t to;
    enum cdn_direction direction;
    uint32_t min_hops;
    uint32_t max_hops; /* at most CDN_TRAIL_HOPS */
    bool ordered; /* each edge later than the one before it on the way money takes */
    bool spans;   /* last and first time at most `within` ms apart */
    int64_t within;
    uint32_t amount; /* property slot; CDN_NO_SLOT: none */
    bool tolerant;   /* the largest amount is at most `ratio` times the smallest */
    double ratio;
    bool keep; /* else only counted */
    uint64_t limit;
};

/* What was found, in the order of the search: depth first, edges in follow.h's order; of one
 * node first the edges that end the way. */
struct cdn_trails {
    uint64_t count;
    bool any_total;
    double largest; /* total amount */
    /* of kept ones, one after another */
    uint32_t *hops;
    double *totals;
    uint32_t *nodes;
    uint64_t *edges;
    uint64_t kept;
    uint64_t hops_room, totals_room, nodes_room, edges_room;
    uint64_t node_count, edge_count;
};

/* Enumerate.  Reads the edges into `to` once, then those of every node come to within
 * max_hops - 1 edges, as often as it is come to.  Stops, and sets `truncated`, when `limit`
 * have been found and there may be more.  Depth-first enumeration of simple paths that meets
 * an index of the closing edges (compare Johnson, "Finding all the elementary circuits of a
 * directed graph", 1975, whose blocking does not pay at a bounded depth). */
CDN_RAISES void cdn_trails(struct cdn_trails *out, struct cdn_follow *follow,
                           const struct cdn_trails_how *how);

#endif
