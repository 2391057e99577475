/* Random small multigraphs with their edges at hand, for holding algorithms against plain
 * ones that try everything.
 *
 * Label N with int64 keys 0, 1 ...; relation e N -> N { w float64?, far float64? (not
 * mirrored, equal to w), t timestamp (time) }, parallel edges and self-loops among them.
 * Lua bodies find N(i), the node with key i, and dump(scores or groups), which writes
 * "key=value" for each, numbers with nine decimals. */
#ifndef CORDON_TESTS_GRAPH_TOY_H
#define CORDON_TESTS_GRAPH_TOY_H

#include "harness.h"

#define TOY_NODES 24
#define TOY_EDGES 128

struct toy_edge {
    uint32_t from;
    uint32_t to;
    double weight; /* a whole number from 1 to 9; NaN: null */
    int64_t time;
};

struct toy {
    struct harness *harness;
    uint32_t nodes;
    uint32_t edges;
    struct toy_edge edge[TOY_EDGES]; /* by source, time, target: as the lists are */
    uint64_t state;                  /* of toy_pick() */
    char text[16384];
};

struct toy *toy_new(uint64_t seed, uint32_t nodes, uint32_t edges);
void toy_free(struct toy *toy);
uint32_t toy_pick(struct toy *toy, uint32_t bound);
/* Run a body; its result. */
const char *toy_run(struct toy *toy, const char *body);
/* The same with printf's arguments. */
__attribute__((format(printf, 2, 3))) const char *toy_runf(struct toy *toy,
                                                           const char *format, ...);
/* "0=1.000000000 2=..." of values that are not NaN. */
const char *toy_scores(struct toy *toy, const double *values);
/* "0=0 1=0 ..." */
const char *toy_groups(struct toy *toy, const uint32_t *groups);
/* Is there an edge? */
bool toy_adjacent(const struct toy *toy, uint32_t from, uint32_t to);
/* Shortest lengths between all pairs, [from * nodes + to]; INFINITY: none.  `by_weight`: an
 * edge without weight does not exist. */
void toy_distances(const struct toy *toy, double *out, bool by_weight, bool undirected);

/* What the last run used. */
static inline uint64_t toy_instructions(const struct toy *toy)
{
    return cdn_slot_instructions(toy->harness->slot);
}
static inline uint64_t toy_edges_read(const struct toy *toy)
{
    return harness_meter(toy->harness)->edges;
}

#endif
