/* The Lua faces of views and of what is computed on them: what they share.
 *
 * None of this lies in a rule's image.  A method is found when it is called: the name is
 * looked for in a C table and a closure made of it, over the same three tables as all
 * others; a kind of object has its metatable made when the first one is pushed.  So a rule
 * that uses no algorithm pays nothing for there being any, and one that does pays some 100 ns
 * a call beside work of microseconds. */
#ifndef CDN_GRAPH_LUA_VIEW_H
#define CDN_GRAPH_LUA_VIEW_H

#include "graph/lua_common.h"
#include "graph/scores.h"

/* Most nodes or entries that a method hands to Lua as a table. */
#define CDN_TABLE_MOST 10000

/* Push the method named at index 2; false: there is none.                 [-0, +1, m] */
CDN_RAISES bool cdn_push_method(lua_State *L, const struct cdn_method *methods);
/* "no method 'cuont' on ...; did you mean ..." for the name at index 2.   [-0, +0, e] */
CDN_RAISES _Noreturn void cdn_raise_no_method(lua_State *L, const char *what,
                                              const struct cdn_method *methods);

/* Which object: where its metatable is kept. */
enum cdn_object { CDN_OBJECT_VIEW = 1, CDN_OBJECT_SCORES = 2, CDN_OBJECT_GROUPS = 3 };
/* Give the userdata on top of the stack its metatable.                    [-0, +0, m] */
CDN_RAISES void cdn_set_object(lua_State *L, enum cdn_object object);

/* The `graph` object's own: the __index of what it does not have itself.  False: it is none
 * of the algorithms either.                                               [-0, +1, m] */
CDN_RAISES bool cdn_search_method(lua_State *L);

extern const struct cdn_method cdn_view_methods[];
extern const struct cdn_method cdn_scores_methods[];
extern const struct cdn_method cdn_groups_methods[];

/* graph:ego() and graph:view(). */
CDN_RAISES int cdn_graph_ego(lua_State *L);
CDN_RAISES int cdn_graph_view(lua_State *L);

/* The node or node set at index: its distinct nodes, borrowed while it is on the stack;
 * `one` holds a single node.                                              [-0, +0, e] */
CDN_RAISES const uint32_t *cdn_check_sources(uint32_t *count, uint32_t *one,
                                             lua_State *L, int index,
                                             const char *method);

#endif
