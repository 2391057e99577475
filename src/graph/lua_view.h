/* The Lua faces of views and of what is computed on them: what they share.
 *
 * None of this lies in a rule's image but the names of searches that its source has: a kind
 * of object has its metatable made when the first one is pushed, and its methods when they
 * are first asked for.  So a rule that uses no algorithm pays nothing for there being any. */
#ifndef CDN_GRAPH_LUA_VIEW_H
#define CDN_GRAPH_LUA_VIEW_H

#include "graph/lua_common.h"
#include "graph/scores.h"

/* Most nodes or entries that a method hands to Lua as a table. */
#define CDN_TABLE_MOST 10000

/* Which object: where its metatable is kept. */
enum cdn_object { CDN_OBJECT_VIEW = 1, CDN_OBJECT_SCORES = 2, CDN_OBJECT_GROUPS = 3 };
/* Give the userdata on top of the stack its metatable.                    [-0, +0, m] */
CDN_RAISES void cdn_set_object(lua_State *L, enum cdn_object object);

/* The `graph` object's own beside what lua_graph.c has. */
extern const struct cdn_method cdn_search_methods[];
extern const struct cdn_method cdn_view_methods[];
extern const struct cdn_method cdn_scores_methods[];
extern const struct cdn_method cdn_groups_methods[];

/* graph:ego() and graph:view(). */
CDN_RAISES int cdn_graph_ego(lua_State *L);
CDN_RAISES int cdn_graph_view(lua_State *L);

/* The node or node set at index: its distinct nodes, borrowed while it is on the stack;
 * `one` holds a single node, *depth how far they are from where the run began.
 *                                                                         [-0, +0, e] */
CDN_RAISES const uint32_t *cdn_check_sources(uint32_t *count, uint32_t *one,
                                             uint32_t *depth, lua_State *L, int index,
                                             const char *method);

#endif
