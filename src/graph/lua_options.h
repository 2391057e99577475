/* Tables of options that the algorithms take: { hops = 2, edges = { "transfer" } }.
 *
 * `at` is the table's stack index, 0 where none was given.  All reads are raw.  A name that
 * a method does not know is an error that says which ones it does.  Options that several
 * methods share have one meaning:
 *
 *   edges      a type, a list of types, or { type = { since =, after =, up_to =, before =,
 *              where = { property, op, value } or a list of such } }; all in reads if absent
 *   direction  "outgoing", "incoming" or "both"
 *   weight     a numeric property of every one of the edge types */
#ifndef CDN_GRAPH_LUA_OPTIONS_H
#define CDN_GRAPH_LUA_OPTIONS_H

#include "graph/follow.h"

/* The options at stack index `index`, which may be absent or nil; checks its names against
 * `known`, which ends in NULL.                                            [-0, +0, e] */
CDN_RAISES int cdn_check_options(lua_State *L, int index, const char *method,
                                 const char *const *known);

/* Push option `name`; false, and nothing is pushed: it is not there.      [-0, +1, e] */
CDN_RAISES bool cdn_option(lua_State *L, int at, const char *name);

/* A whole number from `least` to `most`.                                  [-0, +0, e] */
CDN_RAISES uint64_t cdn_option_count(lua_State *L, int at, const char *name,
                                     uint64_t fallback, uint64_t least, uint64_t most);
/* A number from `least` to `most`; NaN is none.                           [-0, +0, e] */
CDN_RAISES double cdn_option_number(lua_State *L, int at, const char *name,
                                    double fallback, double least, double most);
CDN_RAISES bool cdn_option_flag(lua_State *L, int at, const char *name, bool fallback);
CDN_RAISES enum cdn_direction cdn_option_direction(lua_State *L, int at,
                                                   enum cdn_direction fallback);

/* edges and weight into a follow.                                         [-0, +0, e] */
CDN_RAISES void cdn_option_follow(struct cdn_follow *follow, lua_State *L, int at);
/* A numeric property that each type of the follow has: its slot; CDN_NO_SLOT if the option
 * is absent.                                                              [-0, +0, e] */
CDN_RAISES uint32_t cdn_option_property(lua_State *L, int at, const char *name,
                                        const struct cdn_follow *follow);

/* Raise if `hops` is more than the grant allows.                          [-0, +0, e] */
CDN_RAISES void cdn_check_hops(lua_State *L, const struct cdn_graph_run *run,
                               const char *method, uint64_t hops);

#endif
