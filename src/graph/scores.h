/* What algorithms answer: a number for each node, or a group for each node.
 *
 * Both are userdata without a finalizer that hold all they need, nodes in ascending dense
 * index, so that a view need not outlive what was computed on it. */
#ifndef CDN_GRAPH_SCORES_H
#define CDN_GRAPH_SCORES_H

#include <stdint.h>

#include "graph/view.h"

#define CDN_SCORES_MAGIC UINT32_C(0x726f6373)
#define CDN_GROUPS_MAGIC UINT32_C(0x70757267)

struct cdn_scores {
    uint32_t magic;
    uint32_t count;
    uint32_t depth;  /* as a view's */
    uint32_t *nodes; /* ascending */
    double values[]; /* the nodes behind them */
};

struct cdn_groups {
    uint32_t magic;
    uint32_t count;
    uint32_t depth;   /* as a view's */
    uint32_t *nodes;  /* ascending */
    uint32_t group[]; /* of node i: the place in `nodes` of the node that names it */
};

/* Push scores with room for `count` nodes; values and nodes are the caller's to fill.
 *                                                                         [-0, +1, m] */
CDN_RAISES struct cdn_scores *cdn_scores_push(lua_State *L, uint32_t count);
/* Push the scores of a view's nodes; those whose value is NaN have none.  [-0, +1, e] */
CDN_RAISES struct cdn_scores *
cdn_scores_push_view(lua_State *L, const struct cdn_view *view, const double *values);
CDN_RAISES struct cdn_groups *cdn_groups_push(lua_State *L, const struct cdn_view *view,
                                              const uint32_t *group);

/* The value at index 1: scores, or groups; raises if it is not.           [-0, +0, e] */
CDN_RAISES struct cdn_scores *cdn_check_scores(lua_State *L, int index);
CDN_RAISES struct cdn_groups *cdn_check_groups(lua_State *L, int index);
CDN_RAISES struct cdn_view *cdn_check_view(lua_State *L, int index);

#endif
