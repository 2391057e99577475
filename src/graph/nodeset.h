/* Ordered sets of distinct nodes: the work behind a node set's methods.
 *
 * What is computed here lies in scratch memory, which the caller marks before and
 * releases once it has made a set of it. */
#ifndef CDN_GRAPH_NODESET_H
#define CDN_GRAPH_NODESET_H

#include "graph/aggregate.h"
#include "graph/set.h"

/* Make the membership table of the set at `index`, if it is large and has none yet.
 *                                                                        [-0, +0, e] */
CDN_RAISES void cdn_nodes_index(lua_State *L, int index);
/* Would cdn_nodes_index() make one? */
bool cdn_nodes_unindexed(const struct cdn_nodes *set);
/* Where in the set is `node`?  Ask after cdn_nodes_index(). */
#define CDN_NODES_NOWHERE UINT32_MAX
uint32_t cdn_nodes_place(const struct cdn_nodes *set, uint32_t node);
static inline bool cdn_nodes_contains(const struct cdn_nodes *set, uint32_t node)
{
    return cdn_nodes_place(set, node) != CDN_NODES_NOWHERE;
}

/* Both want the other operand's table made first: union the left one's, pick the right
 * one's.  *count receives how many items there are.                       [-0, +0, e]
 */
CDN_RAISES const uint32_t *cdn_nodes_union(uint32_t *count, lua_State *L,
                                           const struct cdn_nodes *left,
                                           const struct cdn_nodes *right);
/* Those of left that are (not) in right. */
CDN_RAISES const uint32_t *cdn_nodes_pick(uint32_t *count, lua_State *L,
                                          struct cdn_nodes *left,
                                          struct cdn_nodes *right, bool present);
/* Those that match a condition; the same pointer if all do. */
CDN_RAISES const uint32_t *cdn_nodes_where(uint32_t *count, lua_State *L,
                                           struct cdn_nodes *set,
                                           const struct cdn_operation *condition);
CDN_RAISES const uint32_t *cdn_nodes_of(uint32_t *count, lua_State *L,
                                        struct cdn_nodes *set, uint32_t label);

/* Fold a property over the set: int64 values and float64 values of different labels are
 * folded apart. */
CDN_RAISES void cdn_nodes_fold(struct cdn_fold *whole, struct cdn_fold *floating,
                               lua_State *L, struct cdn_nodes *set, uint32_t slot);
CDN_RAISES void cdn_nodes_top(struct cdn_ranking *ranking, lua_State *L,
                              struct cdn_nodes *set, uint32_t slot, uint32_t most);

/* The same three over a column; its condition compares with a number or a column. */
CDN_RAISES const uint32_t *
cdn_nodes_where_column(uint32_t *count, lua_State *L, const struct cdn_nodes *set,
                       uint32_t column, const struct cdn_operation *condition);
CDN_RAISES void cdn_nodes_fold_column(struct cdn_fold *fold, lua_State *L,
                                      const struct cdn_nodes *set, uint32_t column);
CDN_RAISES void cdn_nodes_top_column(struct cdn_ranking *ranking, lua_State *L,
                                     const struct cdn_nodes *set, uint32_t column,
                                     uint32_t most);

#endif
