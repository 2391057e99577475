/* How alike two nodes are, and what a walker meets: read from the snapshot itself.
 *
 * Neighbours are distinct and never the node itself.  Edges are charged as follow.h says. */
#ifndef CDN_GRAPH_SIMILAR_H
#define CDN_GRAPH_SIMILAR_H

#include "graph/numbering.h"
#include "graph/path.h"

/* A node's neighbours in the order met.  Reads all its edges.             [-0, +0, e] */
CDN_RAISES void cdn_neighbours_of(struct cdn_numbering *out, struct cdn_follow *follow,
                                  uint32_t node, enum cdn_direction direction);

/* Those of `a` that are neighbours of `b` too, and how many there are in all: reads the
 * edges of both.  Jaccard's coefficient is common over either ("Étude comparative de la
 * distribution florale", 1901). */
struct cdn_common {
    uint32_t *nodes; /* in scratch memory */
    uint32_t count;
    uint32_t either; /* neighbours of a, of b, or of both */
};
CDN_RAISES void cdn_common(struct cdn_common *out, struct cdn_follow *follow,
                           uint32_t a, uint32_t b, enum cdn_direction direction);

/* The sum of 1 / ln(degree) over common neighbours, degree being the neighbours that one has
 * in the opposite direction: reads the edges of a, of b and of each common neighbour.  Adamic
 * and Adar, "Friends and neighbors on the Web", 2003. */
CDN_RAISES double cdn_adamic_adar(struct cdn_follow *follow, uint32_t a, uint32_t b,
                                  enum cdn_direction direction);

/* The natural logarithm of a whole number > 0, the same bits on every machine (libm's may
 * differ): at most 1 unit in the last place off. */
double cdn_log_whole(uint64_t number);

/* Personalised PageRank by pushing (Andersen, Chung and Lang, "Local graph partitioning using
 * PageRank vectors", 2006): only nodes that matter are read.  `from` are distinct; nodes without
 * edges send what they hold back to them.  No estimate is above the true rank, and what is
 * missing in all is less than `epsilon` for each edge and node met.  Reads a node's edges at
 * most 1 / (epsilon (1 - damping) degree) times. */
struct cdn_push {
    double damping;
    double epsilon;
    enum cdn_direction direction;
};
struct cdn_pushed {
    struct cdn_numbering met;
    uint32_t farthest;   /* of them, in hops */
    const double *ranks; /* by number; 0: nothing was pushed there */
};
CDN_RAISES void cdn_push_ranks(struct cdn_pushed *out, struct cdn_follow *follow,
                               const uint32_t *from, uint32_t from_count,
                               const struct cdn_push *how);

/* Walk from `from`, each step along an edge drawn evenly by `seed` (splitmix64), until there
 * is none; writes the nodes come to, at most `steps`, and returns how many.  One edge a list
 * probed and one a step; with conditions, and with `both`, every edge looked at.
 *                                                                         [-0, +0, e] */
CDN_RAISES uint32_t cdn_random_walk(uint32_t *out, struct cdn_follow *follow,
                                    uint32_t from, enum cdn_direction direction,
                                    uint32_t steps, uint64_t seed);

#endif
