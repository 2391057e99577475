/* Node sets as a rule sees them: ordered, distinct, immutable.
 *
 * Expanding one (outgoing incoming both) reads nothing; the others charge instructions
 * in proportion to the nodes they go over, never edges.  Values of a property come from
 * the labels that declare it; other nodes do not match and count as null.
 *
 * A set may have columns, numbers that a grouping (group.h) or with() gave it; a column
 * hides a property of the same name.  What keeps some of a set's nodes keeps their
 * columns. */
#include <math.h>
#include <string.h>

#include "graph/depth.h"
#include "graph/lua_common.h"
#include "graph/nodeset.h"

#define TOP_MOST 10000

CDN_RAISES static int nodes_count(lua_State *L)
{
    struct cdn_nodes *set = cdn_check_nodes(L, 1);

    cdn_push_number(L, cdn_check_run(L), set->count);
    return 1;
}

CDN_RAISES static int nodes_exists(lua_State *L)
{
    struct cdn_nodes *set = cdn_check_nodes(L, 1);

    cdn_note(cdn_check_run(L), set->count > 0);
    lua_pushboolean(L, set->count > 0);
    return 1;
}

/* Push one of a set's nodes.                                              [-0, +1, e] */
CDN_RAISES static void hand_out(lua_State *L, const struct cdn_nodes *set,
                                uint32_t node)
{
    cdn_depth_note(L, cdn_meter_of(L), node, set->depth);
    cdn_graph_push_node(L, node);
}

CDN_RAISES static int nodes_first(lua_State *L)
{
    struct cdn_nodes *set = cdn_check_nodes(L, 1);

    cdn_note(cdn_check_run(L), set->count > 0);
    if (set->count)
        hand_out(L, set, set->items[0]);
    else
        lua_pushnil(L);
    return 1;
}

/* Upvalues: the set, the number of nodes handed out, and the columns that go with each:
 * their number + 1 in four bits each, the first one lowest. */
CDN_RAISES static int each_next(lua_State *L)
{
    struct cdn_nodes *set = lua_touserdata(L, lua_upvalueindex(1));
    struct cdn_graph_run *run = cdn_check_run(L);
    uint64_t since = cdn_timing_quick(&run->timing);
    uint32_t at = (uint32_t)lua_tonumber(L, lua_upvalueindex(2));
    uint64_t columns = (uint64_t)lua_tonumber(L, lua_upvalueindex(3));
    int pushed = 1;

    cdn_note(run, at < set->count);
    if (at >= set->count) {
        lua_pushnil(L);
        return 1;
    }
    lua_pushnumber(L, at + 1);
    lua_replace(L, lua_upvalueindex(2));
    hand_out(L, set, set->items[at]);
    for (; columns; columns >>= 4, pushed++)
        cdn_push_column_value(L, run,
                              cdn_nodes_column(set, (uint32_t)(columns & 15) - 1)[at]);
    if (since)
        cdn_timing_quick_end(&run->timing, since);
    return pushed;
}

/* for node, a, b in set:each("a", "b") do */
CDN_RAISES static int nodes_each(lua_State *L)
{
    struct cdn_nodes *set = cdn_check_nodes(L, 1);
    int count = lua_gettop(L) - 1;
    uint64_t columns = 0;

    cdn_check_run(L);
    if (count > CDN_NODES_MAX_COLUMNS)
        luaL_error(L, "each takes at most %d columns", CDN_NODES_MAX_COLUMNS);
    for (int i = 0; i < count; i++)
        columns |= (uint64_t)(cdn_check_column(L, i + 2, set, "each") + 1) << 4 * i;
    lua_settop(L, 1);
    lua_pushnumber(L, 0);
    lua_pushnumber(L, (double)columns);
    lua_pushcclosure(L, each_next, 3);
    return 1;
}

CDN_RAISES static int nodes_contains(lua_State *L)
{
    struct cdn_nodes *set = cdn_check_nodes(L, 1);
    struct cdn_graph_run *run = cdn_check_run(L);
    uint32_t node = cdn_check_node(L, 2, "contains");
    uint64_t since;
    bool present;

    if (cdn_nodes_unindexed(set)) {
        cdn_timing_begin(&run->timing);
        cdn_nodes_index(L, 1);
        cdn_timing_end(&run->timing);
    }
    since = cdn_timing_quick(&run->timing);
    present = cdn_nodes_contains(set, node);
    cdn_note(run, present);
    lua_pushboolean(L, present);
    if (since)
        cdn_timing_quick_end(&run->timing, since);
    return 1;
}

/* The left set's columns; what only the right one has takes those of the same name. */
CDN_RAISES static void push_union(lua_State *L, const struct cdn_nodes *left,
                                  const struct cdn_nodes *right, const uint32_t *items,
                                  uint32_t count)
{
    struct cdn_nodes *set =
        cdn_nodes_push_columns(L, CDN_UP_NODES, items, count, left->column_count);

    set->depth = left->depth > right->depth ? left->depth : right->depth;

    for (uint32_t c = 0; c < left->column_count; c++) {
        const char *name = cdn_nodes_column_name(left, c);
        int same = cdn_nodes_find_column(right, name, strlen(name));
        double *values = cdn_nodes_column(set, c);
        uint32_t at = 0;

        memcpy(cdn_nodes_column_name(set, c), name, CDN_COLUMN_NAME_BYTES);
        memcpy(values, cdn_nodes_column(left, c), left->count * sizeof *values);
        for (uint32_t i = left->count; i < count; i++, at++) {
            while (right->items[at] != items[i])
                at++;
            values[i] =
                same < 0 ? (double)NAN : cdn_nodes_column(right, (uint32_t)same)[at];
        }
    }
}

CDN_RAISES static int nodes_union(lua_State *L)
{
    struct cdn_nodes *left = cdn_check_nodes(L, 1);
    struct cdn_nodes *right = cdn_check_nodes(L, 2);
    struct cdn_graph_run *run = cdn_check_run(L);
    size_t mark = cdn_scratch_mark(L);
    uint32_t count;
    const uint32_t *items;

    cdn_timing_begin(&run->timing);
    cdn_nodes_index(L, 1);
    items = cdn_nodes_union(&count, L, left, right);
    push_union(L, left, right, items, count);
    cdn_scratch_release(L, mark);
    cdn_timing_end(&run->timing);
    return 1;
}

CDN_RAISES static int pick(lua_State *L, bool present)
{
    struct cdn_nodes *left = cdn_check_nodes(L, 1);
    struct cdn_nodes *right = cdn_check_nodes(L, 2);
    struct cdn_graph_run *run = cdn_check_run(L);
    size_t mark = cdn_scratch_mark(L);
    uint32_t count;
    const uint32_t *items;

    cdn_timing_begin(&run->timing);
    cdn_nodes_index(L, 2);
    items = cdn_nodes_pick(&count, L, left, right, present);
    cdn_nodes_push_some(L, CDN_UP_NODES, left, items, count);
    cdn_scratch_release(L, mark);
    cdn_timing_end(&run->timing);
    return 1;
}

CDN_RAISES static int nodes_intersect(lua_State *L)
{
    return pick(L, true);
}

CDN_RAISES static int nodes_minus(lua_State *L)
{
    return pick(L, false);
}

/* The column named at index; -1: it is a property's name, or wrong. */
static int column_named(lua_State *L, const struct cdn_nodes *set, int index)
{
    size_t bytes;
    const char *name;

    if (set->column_count == 0 || lua_type(L, index) != LUA_TSTRING)
        return -1;
    name = lua_tolstring(L, index, &bytes);
    return cdn_nodes_find_column(set, name, bytes);
}

/* set:where(column, op, number or column) */
CDN_RAISES static int where_column(lua_State *L, struct cdn_nodes *set, uint32_t column)
{
    struct cdn_graph_run *run = cdn_check_run(L);
    size_t mark = cdn_scratch_mark(L);
    struct cdn_operation condition;
    uint32_t count;
    const uint32_t *items;

    cdn_check_condition(&condition, L, 3, 0);
    if (condition.operand == CDN_OPERAND_STRING) {
        condition.operand = CDN_OPERAND_COLUMN;
        condition.as.column = cdn_check_column(L, 4, set, "where");
    } else if (condition.operand != CDN_OPERAND_NUMBER) {
        luaL_error(L, "column '%s' is a number: compare it with a number or a column",
                   cdn_nodes_column_name(set, column));
    }
    cdn_timing_begin(&run->timing);
    items = cdn_nodes_where_column(&count, L, set, column, &condition);
    cdn_nodes_push_some(L, CDN_UP_NODES, set, items, count);
    cdn_scratch_release(L, mark);
    cdn_timing_end(&run->timing);
    return 1;
}

/* set:where(property or column, op, value) */
CDN_RAISES static int nodes_where(lua_State *L)
{
    struct cdn_nodes *set = cdn_check_nodes(L, 1);
    struct cdn_graph_run *run = cdn_check_run(L);
    size_t mark = cdn_scratch_mark(L);
    int column = column_named(L, set, 2);
    struct cdn_operation condition;
    uint32_t count;
    uint32_t slot;
    const uint32_t *items;

    if (column >= 0)
        return where_column(L, set, (uint32_t)column);
    slot = cdn_check_node_property(L, 2, run);
    cdn_check_condition(&condition, L, 3, slot);
    for (uint32_t k = 0; k < run->binding->kind_count; k++) {
        const struct cdn_bound_kind *kind = &run->binding->kinds[k];

        if (kind->what == CDN_BOUND_LABEL && kind->properties[slot])
            cdn_check_comparable(L, kind->properties[slot], &condition);
    }
    cdn_timing_begin(&run->timing);
    items = cdn_nodes_where(&count, L, set, &condition);
    cdn_nodes_push_some(L, CDN_UP_NODES, set, items, count);
    cdn_scratch_release(L, mark);
    cdn_timing_end(&run->timing);
    return 1;
}

CDN_RAISES static int nodes_of(lua_State *L)
{
    struct cdn_nodes *set = cdn_check_nodes(L, 1);
    struct cdn_graph_run *run = cdn_check_run(L);
    uint32_t label = cdn_check_label(L, 2, run);
    size_t mark = cdn_scratch_mark(L);
    uint32_t count;
    const uint32_t *items;

    cdn_timing_begin(&run->timing);
    items = cdn_nodes_of(&count, L, set, label);
    cdn_nodes_push_some(L, CDN_UP_NODES, set, items, count);
    cdn_scratch_release(L, mark);
    cdn_timing_end(&run->timing);
    return 1;
}

CDN_RAISES static int nodes_limit(lua_State *L)
{
    struct cdn_nodes *set = cdn_check_nodes(L, 1);
    struct cdn_graph_run *run = cdn_check_run(L);
    uint64_t most = cdn_check_count(L, 2, "limit");

    if (set->count > most)
        run->truncated = true;
    cdn_timing_begin(&run->timing);
    cdn_nodes_push_some(L, CDN_UP_NODES, set, set->items,
                        set->count > most ? (uint32_t)most : set->count);
    cdn_timing_end(&run->timing);
    return 1;
}

CDN_RAISES static int expand(lua_State *L, enum cdn_direction direction)
{
    struct cdn_nodes *nodes = cdn_check_nodes(L, 1);
    uint32_t kind = cdn_check_type(L, 2, cdn_check_run(L));
    struct cdn_edges *set = cdn_edges_push(L, CDN_UP_EDGES, 0);

    set->direction = (uint8_t)direction;
    set->kind = (uint8_t)kind;
    set->node_count = nodes->count;
    set->node = nodes->count ? nodes->items[0] : 0;
    set->nodes = nodes->items;
    set->origin = nodes->column_count ? nodes : NULL;
    set->depth = nodes->depth + 1;
    set->flags = CDN_EDGES_KEEPS;
    lua_pushvalue(L, 1);
    cdn_set_keep(L, -2);
    return 1;
}

CDN_RAISES static int nodes_outgoing(lua_State *L)
{
    return expand(L, CDN_OUTGOING);
}

CDN_RAISES static int nodes_incoming(lua_State *L)
{
    return expand(L, CDN_INCOMING);
}

CDN_RAISES static int nodes_both(lua_State *L)
{
    return expand(L, CDN_BOTH);
}

/* Check a property's type under every label that declares it; true: float64 somewhere.
 */
CDN_RAISES static bool check_numeric(lua_State *L, struct cdn_graph_run *run,
                                     uint32_t slot, const char *method, bool timestamps)
{
    bool floating = false;

    for (uint32_t k = 0; k < run->binding->kind_count; k++) {
        const struct cdn_bound_kind *kind = &run->binding->kinds[k];

        if (kind->what != CDN_BOUND_LABEL || !kind->properties[slot])
            continue;
        cdn_check_numeric(L, kind->properties[slot], method, timestamps);
        floating = floating || kind->properties[slot]->type == CDN_COLUMN_FLOAT64;
    }
    return floating;
}

CDN_RAISES static int fold(lua_State *L, const char *method, enum cdn_fold_kind kind,
                           bool average)
{
    struct cdn_nodes *set = cdn_check_nodes(L, 1);
    struct cdn_graph_run *run = cdn_check_run(L);
    int column = column_named(L, set, 2);
    struct cdn_fold floating;
    struct cdn_fold whole;
    double value;

    cdn_fold_init(&floating, kind, false);
    cdn_fold_init(&whole, kind, true);
    if (column >= 0) {
        cdn_timing_begin(&run->timing);
        cdn_nodes_fold_column(&floating, L, set, (uint32_t)column);
    } else {
        uint32_t slot = cdn_check_node_property(L, 2, run);

        check_numeric(L, run, slot, method, kind != CDN_FOLD_SUM);
        cdn_timing_begin(&run->timing);
        cdn_nodes_fold(&whole, &floating, L, set, slot);
    }
    cdn_timing_end(&run->timing);
    if (whole.kept + floating.kept == 0 && (average || kind != CDN_FOLD_SUM)) {
        cdn_note(run, 0);
        lua_pushnil(L);
        return 1;
    }
    if (floating.kept == 0) {
        value = cdn_fold_result(&whole);
    } else if (whole.kept == 0) {
        value = cdn_fold_result(&floating);
    } else {
        double a = cdn_fold_result(&whole);
        double b = cdn_fold_result(&floating);

        if (kind == CDN_FOLD_SUM)
            value = a + b;
        else
            value = (a < b) == (kind == CDN_FOLD_MIN) ? a : b;
    }
    if (average)
        value /= (double)(whole.kept + floating.kept);
    cdn_push_number(L, run, value);
    return 1;
}

CDN_RAISES static int nodes_sum(lua_State *L)
{
    return fold(L, "sum", CDN_FOLD_SUM, false);
}

CDN_RAISES static int nodes_avg(lua_State *L)
{
    return fold(L, "avg", CDN_FOLD_SUM, true);
}

CDN_RAISES static int nodes_min(lua_State *L)
{
    return fold(L, "min", CDN_FOLD_MIN, false);
}

CDN_RAISES static int nodes_max(lua_State *L)
{
    return fold(L, "max", CDN_FOLD_MAX, false);
}

/* set:top(n, property or column) -> array of nodes */
CDN_RAISES static int nodes_top(lua_State *L)
{
    struct cdn_nodes *set = cdn_check_nodes(L, 1);
    struct cdn_graph_run *run = cdn_check_run(L);
    uint64_t most = cdn_check_count(L, 2, "top");
    size_t mark = cdn_scratch_mark(L);
    int column = column_named(L, set, 3);
    struct cdn_ranking ranking;

    if (most > TOP_MOST)
        luaL_error(L, "top gives at most %d nodes", TOP_MOST);
    if (column >= 0) {
        cdn_timing_begin(&run->timing);
        cdn_nodes_top_column(&ranking, L, set, (uint32_t)column, (uint32_t)most);
    } else {
        uint32_t slot = cdn_check_node_property(L, 3, run);

        ranking.integral = !check_numeric(L, run, slot, "top", true);
        cdn_timing_begin(&run->timing);
        cdn_nodes_top(&ranking, L, set, slot, (uint32_t)most);
    }
    lua_createtable(L, (int)ranking.count, 0);
    for (uint32_t i = 0; i < ranking.count; i++) {
        hand_out(L, set, ranking.items[i].node);
        lua_rawseti(L, -2, (int)i + 1);
    }
    cdn_note(run, ranking.count);
    cdn_scratch_release(L, mark);
    cdn_timing_end(&run->timing);
    return 1;
}

CDN_QUICK(nodes_count)
CDN_QUICK(nodes_exists)
CDN_QUICK(nodes_first)
CDN_QUICK(nodes_each)
CDN_QUICK(nodes_outgoing)
CDN_QUICK(nodes_incoming)
CDN_QUICK(nodes_both)

CDN_RAISES static int nodes_tostring(lua_State *L)
{
    lua_pushliteral(L, "node set");
    return 1;
}

void cdn_nodes_open(lua_State *L, int names)
{
    static const struct cdn_method methods[] = {
        {"count", nodes_count_quick},
        {"exists", nodes_exists_quick},
        {"first", nodes_first_quick},
        {"each", nodes_each_quick},
        {"contains", nodes_contains},
        {"union", nodes_union},
        {"intersect", nodes_intersect},
        {"minus", nodes_minus},
        {"where", nodes_where},
        {"of", nodes_of},
        {"limit", nodes_limit},
        {"outgoing", nodes_outgoing_quick},
        {"incoming", nodes_incoming_quick},
        {"both", nodes_both_quick},
        {"sum", nodes_sum},
        {"avg", nodes_avg},
        {"min", nodes_min},
        {"max", nodes_max},
        {"top", nodes_top},
        {"with", cdn_nodes_with_lua},
        {"join", cdn_nodes_join_lua},
        {"sorted", cdn_nodes_sorted_lua},
        {"rows", cdn_nodes_rows_lua},
        {"value", cdn_nodes_value_lua},
        {NULL, NULL},
    };
    static const struct cdn_face face = {
        .what = "node set", .methods = methods, .tostring = nodes_tostring};

    cdn_fill_metatable(L, names, names + 2, &face);
}
