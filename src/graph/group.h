/* Grouping edges: several aggregates at once, a row for every node at one end.
 *
 * The rows are a node set with columns (set.h).  By the other end, they come in order of
 * first appearance; by the start, there is one for every node that the edges start from,
 * with edges or without, in that set's order.
 *
 * Sums by the start add in the lanes that aggregate.h defines.  By the other end a group
 * adds its values one after another in the set's order: that is defined as well, and
 * takes one word a group instead of five. */
#ifndef CDN_GRAPH_GROUP_H
#define CDN_GRAPH_GROUP_H

#include "graph/set.h"

enum cdn_group_by { CDN_GROUP_OTHER, CDN_GROUP_START };

enum cdn_group_fold {
    CDN_GROUP_COUNT,
    CDN_GROUP_SUM,
    CDN_GROUP_AVG,
    CDN_GROUP_MIN,
    CDN_GROUP_MAX
};

/* What one column of the rows is. */
struct cdn_group_column {
    char name[CDN_COLUMN_NAME_BYTES];
    enum cdn_group_fold fold;
    bool of_column;   /* over a column of the node set that the edges start from */
    uint32_t column;  /* its number */
    uint32_t slot;    /* else over this property of the edges */
    bool integral;    /* which is int64 or timestamp */
    double times;     /* the result is multiplied by it */
    int32_t decimals; /* and rounded half up to so many; -1: not */
};

struct cdn_grouping {
    enum cdn_group_by by;
    uint32_t column_count;
    struct cdn_group_column columns[CDN_NODES_MAX_COLUMNS];
    /* the rows, in scratch memory (or the set's own nodes) */
    uint32_t count;
    const uint32_t *nodes;
    double *values[CDN_NODES_MAX_COLUMNS];
    /* one of them not NULL: the only column's values are here instead, by node - base */
    const double *by_node;
    const uint32_t *wholes;
    uint32_t base;
};

/* Fill in the rows.  Charges as `nodes` does, one edge for each, and an instruction for
 * four values; the caller marks and releases scratch memory.             [-0, +0, e] */
CDN_RAISES void cdn_edges_group(struct cdn_grouping *grouping, lua_State *L,
                                struct cdn_edges *set);

/* The values of a grouping that has them by node, in the order of its rows. */
void cdn_group_place(double *out, const struct cdn_grouping *grouping);

/* Half up: floor(x * 10^decimals + 0.5) / 10^decimals. */
double cdn_group_round(double value, int32_t decimals);

#endif
