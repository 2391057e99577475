/* Algorithms over a view.  Each is the textbook one, written from the source named with it.
 *
 * All of them: read only the view; put their results, one a local id, where the caller
 * says, and what they need on the way into scratch memory, which the caller marks and
 * releases; charge one instruction for four edges or nodes gone over (pace, in view.h) and
 * look at the clock as often; break ties by local id and add numbers in the order of lists,
 * so that equal views give equal bits.  Costs below are in steps of that pace: n nodes, m
 * edges. */
#ifndef CDN_GRAPH_ALGORITHM_H
#define CDN_GRAPH_ALGORITHM_H

#include "graph/view.h"

/* Hops from `from`; NaN: not reached.  Breadth-first search (Moore, "The shortest path
 * through a maze", 1959; LDBC Graphalytics' BFS).  n + m. */
CDN_RAISES void cdn_bfs(double *hops, lua_State *L, const struct cdn_view *view,
                        uint32_t from, enum cdn_direction direction);

/* Length of the shortest way from `from` along `out`; NaN: not reached.  Weights must not
 * be negative: false, and *bad is an edge's position in `out`, if one is.  Dijkstra, "A note
 * on two problems in connexion with graphs", 1959, with a binary heap (Graphalytics' SSSP).
 * n + m, and one instruction for each step of the heap, m log m at most. */
CDN_RAISES bool cdn_sssp(double *lengths, uint32_t *bad, lua_State *L,
                         const struct cdn_view *view, uint32_t from);

/* `iterations` rounds of PageRank from the jump distribution, synchronous; the rank of nodes
 * without out-edges is spread by it too.  Parallel edges count each; weights do not.  Brin
 * and Page, "The anatomy of a large-scale hypertextual Web search engine", 1998, as LDBC
 * Graphalytics states it (`restart` NULL: every node alike); with `restart`, a weight a node
 * that sum to 1, personalised (Haveliwala, "Topic-sensitive PageRank", 2002).  Each round
 * n + m. */
struct cdn_pagerank {
    double damping;
    uint32_t iterations;
    const double *restart;
};
CDN_RAISES void cdn_pagerank(double *ranks, lua_State *L, const struct cdn_view *view,
                             const struct cdn_pagerank *how);

/* Groups, each named by a local id.
 *
 * Weak: named by its least node.  Union by least id with path halving (Tarjan and van
 * Leeuwen, "Worst-case analysis of set union algorithms", 1984).  n + m.
 * Strong: named by its least node.  Tarjan, "Depth-first search and linear graph
 * algorithms", 1972, with a stack of its own.  n + m.
 * Label propagation: `iterations` synchronous rounds in which every node takes the most
 * frequent label among its in- and out-neighbours, the least on a tie; a neighbour in both
 * directions, and each parallel edge, counts.  Raghavan, Albert and Kumara, "Near linear time
 * algorithm to detect community structures", 2007, made deterministic as in LDBC
 * Graphalytics' CDLP.  Stops early where a round changes nothing.  Each round n + 4 m. */
CDN_RAISES void cdn_weak_components(uint32_t *group, lua_State *L,
                                    const struct cdn_view *view);
CDN_RAISES void cdn_strong_components(uint32_t *group, lua_State *L,
                                      const struct cdn_view *view);
CDN_RAISES void cdn_label_propagation(uint32_t *group, lua_State *L,
                                      const struct cdn_view *view, uint32_t iterations);

/* Triangles through each node, direction and parallel edges ignored; returns all there are.
 * Each is found once, from its node of lowest degree (Schank and Wagner, "Finding, counting
 * and listing all triangles in large graphs", 2005: `forward`).  At most m sqrt m. */
CDN_RAISES double cdn_triangles(double *through, lua_State *L,
                                const struct cdn_view *view);

/* Edges among a node's distinct neighbours (in either direction) over d (d - 1), 0 if it
 * has fewer than two: Watts and Strogatz, "Collective dynamics of small-world networks",
 * 1998, as LDBC Graphalytics' LCC defines it for directed graphs.  Parallel edges and
 * self-loops do not count.  The sum of degree times out-degree. */
CDN_RAISES void cdn_clustering(double *coefficients, lua_State *L,
                               const struct cdn_view *view);

/* Core numbers of the simple undirected graph: Batagelj and Zaversnik, "An O(m) algorithm
 * for cores decomposition of networks", 2003.  n + m. */
CDN_RAISES void cdn_cores(double *core, lua_State *L, const struct cdn_view *view);

/* Edges of each node in a direction, parallel ones each; of a symmetric view: of `out`.  n. */
CDN_RAISES void cdn_degrees(double *degree, lua_State *L, const struct cdn_view *view,
                            enum cdn_direction direction);

/* Shortest ways through each node, over all pairs of others (ordered ones; of a symmetric
 * view unordered), each pair's ways counting 1 together, parallel edges as one.  Brandes, "A
 * faster algorithm for betweenness centrality", 2001.  With fewer `sources` than nodes: only
 * ways from so many, drawn by `seed` without return, times n / sources (Brandes and Pich,
 * "Centrality estimation in large networks", 2007).  Each source n + 2 m. */
CDN_RAISES void cdn_betweenness(double *through, lua_State *L,
                                const struct cdn_view *view, uint32_t sources,
                                uint64_t seed);

/* The generator of everything seeded here: splitmix64 (Steele, Lea and Flood, "Fast
 * splittable pseudorandom number generators", 2014). */
static inline uint64_t cdn_random_next(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);

    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}
/* Below `bound`, which is not 0: the high word of a product. */
static inline uint64_t cdn_random_below(uint64_t *state, uint64_t bound)
{
    return (uint64_t)((unsigned __int128)cdn_random_next(state) * bound >> 64);
}

#endif
