/* A slow, obvious evaluation of edge sets, to hold the real one against.
 *
 * It knows a graph as one array of edges, filters it for every source, sorts with qsort and
 * applies the operations one by one over whole lists, as the documentation states them. */
#ifndef CORDON_TESTS_GRAPH_ORACLE_H
#define CORDON_TESTS_GRAPH_ORACLE_H

#include "graph/set.h"
#include "harness.h"

/* The graph: labels A and B (some int64 and float64 columns), edge type t over A->A, A->B
 * and B->A with a time column `ts`, edge type u over A->A without one; properties amount
 * float64?, cents int64, flag bool?, tag string?, note text?, far int64? (not mirrored),
 * rate float64. */
#define ORACLE_READS                                                                   \
    "A: weight size; B: weight; t: amount cents flag tag note far rate; u: amount "    \
    "cents flag "                                                                      \
    "tag note far rate"

/* As ck_assert, without Check's system call for every assertion that holds. */
#define MUST(condition)                                                                \
    do {                                                                               \
        if (!(condition))                                                              \
            ck_abort_msg("%s", #condition);                                            \
    } while (0)

struct oracle_edge {
    uint64_t id;
    uint32_t source;
    uint32_t target;
    bool timed;
    bool t; /* of type t, else u */
    int64_t time;
    const struct cdn_relation *relation;
    uint32_t block, index; /* outgoing */
};

struct oracle {
    const cordon_snapshot *snapshot;
    uint32_t count;
    struct oracle_edge *edges;
    struct oracle_hit *hits; /* of the last evaluation */
    uint32_t *groups;
    size_t room;
};

/* Write a random graph to `path`. */
void oracle_graph(const char *path, uint64_t seed, uint32_t nodes, uint32_t edges,
                  uint32_t block_shift);
void oracle_init(struct oracle *oracle, const cordon_snapshot *snapshot);
void oracle_deinit(struct oracle *oracle);

struct oracle_hit {
    const struct oracle_edge *edge;
    uint32_t node; /* the source it was reached from */
    uint32_t peer;
};

/* What a set holds, in order; *truncated as a run would note it.  Borrowed until the next
 * evaluation. */
struct oracle_hit *
oracle_evaluate(struct oracle *oracle, uint32_t *count, bool *truncated, bool type_t,
                enum cdn_direction direction, const uint32_t *nodes,
                uint32_t node_count, const struct cdn_operation *operations,
                const char *const *properties, uint32_t operation_count, int64_t as_of);

/* A value of an edge by property name; false: null. */
bool oracle_value(const struct oracle_edge *edge, const char *property, int64_t *whole,
                  double *number, const char **text, size_t *bytes);

uint64_t oracle_random(uint64_t *state);

#endif
