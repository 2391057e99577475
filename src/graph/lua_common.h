/* What the Lua faces of graph/ share: upvalues, names, messages, values.
 *
 * Every function that a rule can call is a closure over up to three tables: the names
 * the rule declared, the metatable of edge sets, the metatable of node sets.  A name is
 * looked up once and gives one number that says what it is as a kind and as a property.
 */
#ifndef CDN_GRAPH_LUA_COMMON_H
#define CDN_GRAPH_LUA_COMMON_H

#include <stdbool.h>
#include <stdint.h>

#include <lauxlib.h>
#include <lua.h>

#include "base/clock.h"
#include "base/hash.h"
#include "graph/bound.h"
#include "graph/graph.h"
#include "graph/set.h"
#include "sandbox/slot.h"

#define CDN_UP_NAMES lua_upvalueindex(1)
#define CDN_UP_EDGES lua_upvalueindex(2) /* metatable of edge sets */
#define CDN_UP_NODES lua_upvalueindex(3) /* metatable of node sets */

/* Handles are light userdata below 2^39, all of LuaJIT's first segment. */
#define CDN_NODE_TAG (UINT64_C(1) << 37)
#define CDN_EDGE_TAG (UINT64_C(1) << 38)

/* A name as a number: kind slot + 1 in the low byte, property slot + 1 in the next. */
#define CDN_NAME_KIND(number)     ((number)&0xff)
#define CDN_NAME_PROPERTY(number) ((number) >> 8 & 0xff)

#define CDN_QUOTE_BYTES 96

/* The run, with a graph; raises if there is none.                         [-0, +0, e]
 */
CDN_RAISES struct cdn_graph_run *cdn_check_run(lua_State *L);

/* A value handed to the rule: into the digest. */
static inline void cdn_note(struct cdn_graph_run *run, uint64_t value)
{
    run->digest = cdn_hash_mix(run->digest, value);
}
void cdn_note_number(struct cdn_graph_run *run, double value);

/* The text at index, escaped and cut, for a message. */
const char *cdn_quote(lua_State *L, int index, char out[CDN_QUOTE_BYTES]);

/* What stands at index, for a message that says what else was wanted: "nothing", "nil",
 * "a number", "an edge set" ... */
const char *cdn_what(lua_State *L, int index);

/* The number of the name at index; 0: not a declared name. */
uint32_t cdn_name_number(lua_State *L, int index);

/* The edge type named at index; raises what is wrong with it.             [-0, +0, e]
 */
CDN_RAISES uint32_t cdn_check_type(lua_State *L, int index, struct cdn_graph_run *run);
/* The label named at index.                                               [-0, +0, e]
 */
CDN_RAISES uint32_t cdn_check_label(lua_State *L, int index, struct cdn_graph_run *run);
/* The property of an edge type named at index, "time" included.           [-0, +0, e]
 */
CDN_RAISES uint32_t cdn_check_type_property(lua_State *L, int index,
                                            struct cdn_graph_run *run, uint32_t kind);
/* A property declared under some label.                                   [-0, +0, e]
 */
CDN_RAISES uint32_t cdn_check_node_property(lua_State *L, int index,
                                            struct cdn_graph_run *run);

/* Raise "no property ..." or "property ... is not in this rule's reads" for `name`, of
 * an edge type (by relation) or a label.                                     [-0, +0,
 * e] */
CDN_RAISES _Noreturn void cdn_raise_relation_property(lua_State *L,
                                                      struct cdn_graph_run *run,
                                                      uint32_t relation,
                                                      const char *name);
CDN_RAISES _Noreturn void cdn_raise_label_property(lua_State *L,
                                                   struct cdn_graph_run *run,
                                                   uint32_t label, const char *name);

/* A whole number >= 0 at index, for `method`.                             [-0, +0, e]
 */
CDN_RAISES uint64_t cdn_check_count(lua_State *L, int index, const char *method);
/* A condition from the arguments op, value at index, index + 1 for a property whose
 * type it is checked against.                                                  [-0, +0,
 * e] */
CDN_RAISES void cdn_check_condition(struct cdn_operation *out, lua_State *L, int index,
                                    uint32_t slot);
CDN_RAISES void cdn_check_comparable(lua_State *L, const struct cdn_property *property,
                                     const struct cdn_operation *condition);
/* Raises unless values of the property can be folded so.                  [-0, +0, e]
 */
CDN_RAISES void cdn_check_numeric(lua_State *L, const struct cdn_property *property,
                                  const char *method, bool timestamps);

/* Are its values numbers to Lua? */
static inline bool cdn_column_numeric(const struct cdn_property *property)
{
    return property->type == CDN_COLUMN_FLOAT64 ||
           property->type == CDN_COLUMN_TIMESTAMP ||
           (property->type == CDN_COLUMN_INT64 && !property->lua_string);
}

/* The column of a node set named at index, for `method`; `nodes` NULL: a set that has
 * none.                                                                   [-0, +0, e] */
CDN_RAISES uint32_t cdn_check_column(lua_State *L, int index,
                                     const struct cdn_nodes *nodes, const char *method);
/* A name for a column at index, for `method`; *bytes without the closing zero.
 *                                                                         [-0, +0, e] */
CDN_RAISES const char *cdn_check_column_name(lua_State *L, int index,
                                             const char *method, size_t *bytes);

/* Push one cell as Lua sees it, nil if null.                              [-0, +1, e]
 */
CDN_RAISES void cdn_push_cell(lua_State *L, struct cdn_graph_run *run,
                              const struct cdn_column *column, uint32_t block,
                              uint32_t index);
/* Push a number and note it. */
void cdn_push_number(lua_State *L, struct cdn_graph_run *run, double value);

/* The same for a column's value, of which NaN is nil. */
static inline void cdn_push_column_value(lua_State *L, struct cdn_graph_run *run,
                                         double value)
{
    if (value == value) {
        cdn_note_number(run, value);
        lua_pushnumber(L, value);
    } else {
        cdn_note(run, 0);
        lua_pushnil(L);
    }
}

/* A node's key as this run may see it, in the snapshot or in one of the rooms; NULL: it is
 * damaged.  `label` is one that the rule may read. */
const char *cdn_visible_key(const struct cdn_graph_run *run, uint32_t label,
                            uint32_t node, char room[24], char mask_room[CDN_MASK_ROOM],
                            size_t *bytes);

/* A node's key as a string, if the rule may read its label.                [-0, +1, e] */
CDN_RAISES void cdn_push_node_key(lua_State *L, struct cdn_graph_run *run,
                                  uint32_t node);
void cdn_push_node_handle(lua_State *L, uint32_t node);
/* Hand out a node that is so far from where the run began.                [-0, +1, e] */
CDN_RAISES void cdn_push_found(lua_State *L, uint32_t node, uint32_t depth);
void cdn_push_edge_handle(lua_State *L, uint64_t edge);
/* The node handle at index; raises if it is none.                         [-0, +0, e]
 */
CDN_RAISES uint32_t cdn_check_node(lua_State *L, int index, const char *method);

/* Where a node's cell of a property slot is; false: its label has no such declared
 * property. */
bool cdn_node_cell(const struct cdn_graph_run *run, uint32_t node, uint32_t slot,
                   const struct cdn_column **column, uint32_t *block, uint32_t *index);

/* name_quick(L): name(L), a quick call to the run's timing. */
#define CDN_QUICK(name)                                                                \
    CDN_RAISES static int name##_quick(lua_State *L)                                   \
    {                                                                                  \
        struct cdn_graph_run *run = cdn_check_run(L);                                  \
        uint64_t since = cdn_timing_quick(&run->timing);                               \
        int count = name(L);                                                           \
                                                                                       \
        if (since)                                                                     \
            cdn_timing_quick_end(&run->timing, since);                                 \
        return count;                                                                  \
    }

struct cdn_method {
    const char *name;
    lua_CFunction function; /* a closure over the three tables */
};

/* What the objects of one kind show to Lua. */
struct cdn_face {
    const char *what;                 /* "edge set" */
    const struct cdn_method *methods; /* ends in NULL */
    const struct cdn_method *more;    /* the same, or NULL */
    lua_CFunction tostring;
};

/* Fill the metatable at `metatable`, the three tables at names, names + 1, names + 2.  A
 * method that the rule's source names is a plain table hit; any other is put there when it
 * is asked for, so that images do not hold what rules do not use.  Writes raise "edge set is
 * read-only", unknown names "no method 'cuont' on edge set; did you mean 'count'?".
 *                                                                        [-0, +0, m] */
CDN_RAISES void cdn_fill_metatable(lua_State *L, int names, int metatable,
                                   const struct cdn_face *face);

/* The same for a metatable that is made while a rule runs: all methods are put there when
 * they are asked for.                                                     [-0, +0, m] */
CDN_RAISES void cdn_fill_metatable_late(lua_State *L, int names, int metatable,
                                        const struct cdn_face *face);

/* Push a method as a closure over the three tables at names ...           [-0, +1, m] */
CDN_RAISES void cdn_push_method(lua_State *L, int names,
                                const struct cdn_method *method);
/* Is this string, NULs and all, at index? */
bool cdn_is_name(lua_State *L, int index, const char *name);
/* The method whose name is at index; NULL: there is none. */
const struct cdn_method *cdn_find_method(lua_State *L, int index,
                                         const struct cdn_method *methods);

/* Methods and metatables, one a file; the three tables stand at `names` and after it.
 *                                                                        [-0, +0, m] */
CDN_RAISES void cdn_edges_open(lua_State *L, int names);
CDN_RAISES void cdn_nodes_open(lua_State *L, int names);
/* edges:group{...} and what node sets do with columns, in lua_group.c. */
CDN_RAISES int cdn_edges_group_lua(lua_State *L);
/* edges:paths{...} and edges:cycles{...}, in lua_path.c. */
CDN_RAISES int cdn_edges_paths_lua(lua_State *L);
CDN_RAISES int cdn_edges_cycles_lua(lua_State *L);
CDN_RAISES int cdn_nodes_with_lua(lua_State *L);
CDN_RAISES int cdn_nodes_join_lua(lua_State *L);
CDN_RAISES int cdn_nodes_sorted_lua(lua_State *L);
CDN_RAISES int cdn_nodes_rows_lua(lua_State *L);
CDN_RAISES int cdn_nodes_value_lua(lua_State *L);
/* The metatable that all light userdata share. */
CDN_RAISES void cdn_handles_open(lua_State *L, int names,
                                 const struct cdn_names *declared);

#endif
