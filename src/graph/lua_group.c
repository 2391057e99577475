/* Node sets with columns as a rule makes and shows them.
 *
 *   edges:group{ by =, name = aggregate, ... }   a row for each node at one end
 *   nodes:with{ name = number, ... }             the same number for every node
 *   nodes:join(other)                            the nodes of both, with the columns of both
 *   nodes:sorted("-column", ..., n)              in another order; the first n of it
 *   nodes:rows(name, column, ...)                a list of tables, for a result
 *   nodes:value(node, column)                    one number
 *
 * An aggregate is "count", or a table with one of sum, avg, min, max, whose value is a
 * property of the edges, "time", or a column of the node set that the edges start from;
 * and with `times` and `round`, which the result is multiplied by and rounded to.
 *
 * Costs: group as group.h says; the others an instruction for four values they go over,
 * sorted also one a comparison, rows one a field. */
#include "graph/group.h"
#include "graph/lua_common.h"
#include "graph/nodeset.h"

#include <math.h>
#include <string.h>

#define MOST_DECIMALS 9

/* ---- group ---- */

/* The field of the table at `at`; leaves it on the stack. */
static bool has_field(lua_State *L, int at, const char *name)
{
    lua_pushstring(L, name);
    lua_rawget(L, at);
    if (!lua_isnil(L, -1))
        return true;
    lua_pop(L, 1);
    return false;
}

/* `times` and `round` of the aggregate at `at`.                            [-0, +0, e] */
CDN_RAISES static void check_finish(lua_State *L, int at,
                                    struct cdn_group_column *column)
{
    if (has_field(L, at, "times")) {
        if (lua_type(L, -1) != LUA_TNUMBER)
            luaL_error(L, "group: times of '%s' is a number, not %s", column->name,
                       cdn_what(L, -1));
        column->times = lua_tonumber(L, -1);
        lua_pop(L, 1);
    }
    if (has_field(L, at, "round")) {
        double decimals = lua_tonumber(L, -1);

        if (lua_type(L, -1) != LUA_TNUMBER ||
            !(decimals >= 0 && decimals <= MOST_DECIMALS &&
              floor(decimals) == decimals))
            luaL_error(L, "group: round of '%s' is a number of decimals, 0 to %d",
                       column->name, MOST_DECIMALS);
        column->decimals = (int32_t)decimals;
        lua_pop(L, 1);
    }
}

/* What the aggregate named on top of the stack goes over.                 [-0, +0, e] */
CDN_RAISES static void check_operand(lua_State *L, struct cdn_edges *set,
                                     struct cdn_group_column *column,
                                     const char *method)
{
    struct cdn_graph_run *run = cdn_check_run(L);
    int at = lua_gettop(L);
    const struct cdn_property *property;
    size_t bytes;
    const char *name;

    if (lua_type(L, at) == LUA_TSTRING && set->origin) {
        name = lua_tolstring(L, at, &bytes);
        column->of_column = cdn_nodes_find_column(set->origin, name, bytes) >= 0;
    }
    if (column->of_column) {
        column->column = cdn_check_column(L, at, set->origin, method);
        return;
    }
    column->slot = cdn_check_type_property(L, at, run, set->kind);
    property = cdn_bound_property(&run->binding->kinds[set->kind], column->slot);
    cdn_check_numeric(L, property, method,
                      column->fold == CDN_GROUP_MIN || column->fold == CDN_GROUP_MAX);
    column->integral = property->type != CDN_COLUMN_FLOAT64;
}

/* The aggregate on top of the stack, for a column that has its name.      [-0, +0, e] */
CDN_RAISES static void check_aggregate(lua_State *L, struct cdn_edges *set,
                                       struct cdn_group_column *column)
{
    static const struct {
        const char *name;
        enum cdn_group_fold fold;
    } folds[] = {
        {"sum", CDN_GROUP_SUM},
        {"avg", CDN_GROUP_AVG},
        {"min", CDN_GROUP_MIN},
        {"max", CDN_GROUP_MAX},
    };
    int at = lua_gettop(L);
    bool found = false;

    if (lua_type(L, at) == LUA_TSTRING && strcmp(lua_tostring(L, at), "count") == 0)
        return;
    for (size_t i = 0;
         lua_type(L, at) == LUA_TTABLE && !found && i < sizeof folds / sizeof folds[0];
         i++) {
        if (!has_field(L, at, folds[i].name))
            continue;
        column->fold = folds[i].fold;
        check_operand(L, set, column, folds[i].name);
        lua_pop(L, 1);
        found = true;
    }
    if (!found)
        luaL_error(
            L,
            "group: '%s' is \"count\" or one of { sum = }, { avg = }, { min = }, "
            "{ max = } a property, not %s",
            column->name, cdn_what(L, at));
    check_finish(L, at, column);
}

/* Into the order of names, which the order of a table's fields does not change. */
static void place_column(struct cdn_grouping *out, const char *name, size_t bytes)
{
    uint32_t at = out->column_count++;

    while (at > 0 && strcmp(out->columns[at - 1].name, name) > 0) {
        out->columns[at] = out->columns[at - 1];
        at--;
    }
    out->columns[at] = (struct cdn_group_column){.times = 1, .decimals = -1};
    memcpy(out->columns[at].name, name, bytes + 1);
}

CDN_RAISES static void check_by(struct cdn_grouping *out, lua_State *L)
{
    char quoted[CDN_QUOTE_BYTES];

    if (!has_field(L, 2, "by"))
        return;
    if (lua_type(L, -1) == LUA_TSTRING && strcmp(lua_tostring(L, -1), "start") == 0)
        out->by = CDN_GROUP_START;
    else if (lua_type(L, -1) != LUA_TSTRING ||
             strcmp(lua_tostring(L, -1), "other") != 0)
        luaL_error(
            L,
            "group: by is \"other\", the node at the other end, or \"start\", not "
            "'%s'",
            cdn_quote(L, -1, quoted));
    lua_pop(L, 1);
}

/* Put the names of the table at index 2 in order; `skip` is none.         [-0, +0, e] */
CDN_RAISES static void check_names(struct cdn_grouping *out, lua_State *L,
                                   const char *method, const char *skip)
{
    if (lua_type(L, 2) != LUA_TTABLE)
        luaL_error(L, "%s expects a table of columns, not %s", method, cdn_what(L, 2));
    lua_pushnil(L);
    while (lua_next(L, 2)) {
        const char *name;
        size_t bytes;

        lua_pop(L, 1);
        name = cdn_check_column_name(L, -1, method, &bytes);
        if (strcmp(name, skip) == 0)
            continue;
        if (out->column_count == CDN_NODES_MAX_COLUMNS)
            luaL_error(L, "%s: more than %d columns", method, CDN_NODES_MAX_COLUMNS);
        place_column(out, name, bytes);
    }
}

/* set:group{ by =, name = aggregate, ... } -> node set with columns */
int cdn_edges_group_lua(lua_State *L)
{
    struct cdn_edges *set = cdn_check_edges(L, 1);
    struct cdn_graph_run *run = cdn_check_run(L);
    struct cdn_grouping grouping = {.by = CDN_GROUP_OTHER};
    size_t mark = cdn_scratch_mark(L);
    struct cdn_nodes *rows;

    check_names(&grouping, L, "group", "by");
    check_by(&grouping, L);
    for (uint32_t c = 0; c < grouping.column_count; c++) {
        lua_getfield(L, 2, grouping.columns[c].name);
        check_aggregate(L, set, &grouping.columns[c]);
        lua_pop(L, 1);
    }
    cdn_edges_group(&grouping, L, set);
    cdn_timing_begin(&run->timing);
    rows = cdn_nodes_push_columns(L, CDN_UP_NODES, grouping.nodes, grouping.count,
                                  grouping.column_count);
    rows->depth = set->depth - (grouping.by == CDN_GROUP_START ? 1 : 0);
    for (uint32_t c = 0; c < grouping.column_count; c++) {
        memcpy(cdn_nodes_column_name(rows, c), grouping.columns[c].name,
               CDN_COLUMN_NAME_BYTES);
        if (grouping.by_node || grouping.wholes)
            cdn_group_place(cdn_nodes_column(rows, c), &grouping);
        else if (grouping.count)
            memcpy(cdn_nodes_column(rows, c), grouping.values[c],
                   grouping.count * sizeof(double));
    }
    cdn_scratch_release(L, mark);
    cdn_timing_end(&run->timing);
    return 1;
}

/* ---- with, join, value ---- */

static void copy_columns(struct cdn_nodes *to, uint32_t first,
                         const struct cdn_nodes *from)
{
    for (uint32_t c = 0; c < from->column_count; c++)
        memcpy(cdn_nodes_column_name(to, first + c), cdn_nodes_column_name(from, c),
               CDN_COLUMN_NAME_BYTES);
}

/* Columns of two sets in one; raises where they do not fit.               [-0, +0, e] */
CDN_RAISES static void check_together(lua_State *L, const char *method,
                                      const struct cdn_nodes *left, const char *name,
                                      uint32_t count)
{
    if (name && cdn_nodes_find_column(left, name, strlen(name)) >= 0)
        luaL_error(L, "%s: the node set has a column '%s' already", method, name);
    if (count > CDN_NODES_MAX_COLUMNS)
        luaL_error(L, "%s: more than %d columns", method, CDN_NODES_MAX_COLUMNS);
}

/* set:with{ name = number, ... } -> the set with more columns */
int cdn_nodes_with_lua(lua_State *L)
{
    struct cdn_nodes *set = cdn_check_nodes(L, 1);
    struct cdn_grouping given = {.column_count = 0};
    uint32_t old = set->column_count;
    struct cdn_nodes *next;

    cdn_check_run(L);
    check_names(&given, L, "with", "");
    for (uint32_t c = 0; c < given.column_count; c++)
        check_together(L, "with", set, given.columns[c].name, old + given.column_count);
    cdn_meter_charge(L, 1 + (uint64_t)set->count * (old + given.column_count + 1) / 4);
    next = cdn_nodes_push_columns(L, CDN_UP_NODES, set->items, set->count,
                                  old + given.column_count);
    next->depth = set->depth;
    copy_columns(next, 0, set);
    for (uint32_t c = 0; c < old; c++)
        memcpy(cdn_nodes_column(next, c), cdn_nodes_column(set, c),
               set->count * sizeof(double));
    for (uint32_t c = 0; c < given.column_count; c++) {
        double *values = cdn_nodes_column(next, old + c);
        double value;

        lua_getfield(L, 2, given.columns[c].name);
        if (lua_type(L, -1) != LUA_TNUMBER)
            luaL_error(L, "with: column '%s' is a number, not %s",
                       given.columns[c].name, cdn_what(L, -1));
        memcpy(cdn_nodes_column_name(next, old + c), given.columns[c].name,
               CDN_COLUMN_NAME_BYTES);
        value = lua_tonumber(L, -1);
        for (uint32_t i = 0; i < set->count; i++)
            values[i] = value;
        lua_pop(L, 1);
    }
    return 1;
}

/* set:join(other) -> the nodes of both, with the columns of both */
int cdn_nodes_join_lua(lua_State *L)
{
    struct cdn_nodes *left = cdn_check_nodes(L, 1);
    struct cdn_nodes *right = cdn_check_nodes(L, 2);
    struct cdn_graph_run *run = cdn_check_run(L);
    uint32_t columns = left->column_count + right->column_count;
    size_t mark = cdn_scratch_mark(L);
    struct cdn_nodes *both;
    const uint32_t *items;
    uint32_t count;
    uint32_t at = 0;

    for (uint32_t c = 0; c < right->column_count; c++)
        check_together(L, "join", left, cdn_nodes_column_name(right, c), columns);
    cdn_timing_begin(&run->timing);
    cdn_nodes_index(L, 2);
    items = cdn_nodes_pick(&count, L, left, right, true);
    cdn_meter_charge(L, (uint64_t)count * columns / 4);
    both = cdn_nodes_push_columns(L, CDN_UP_NODES, items, count, columns);
    both->depth = left->depth < right->depth ? left->depth : right->depth;
    copy_columns(both, 0, left);
    copy_columns(both, left->column_count, right);
    for (uint32_t i = 0; i < count; i++, at++) {
        uint32_t place = cdn_nodes_place(right, items[i]);

        while (left->items[at] != items[i])
            at++;
        for (uint32_t c = 0; c < left->column_count; c++)
            cdn_nodes_column(both, c)[i] = cdn_nodes_column(left, c)[at];
        for (uint32_t c = 0; c < right->column_count; c++)
            cdn_nodes_column(both, left->column_count + c)[i] =
                cdn_nodes_column(right, c)[place];
    }
    cdn_scratch_release(L, mark);
    cdn_timing_end(&run->timing);
    return 1;
}

/* set:value(node, column) -> number; nil if the node is not in the set */
int cdn_nodes_value_lua(lua_State *L)
{
    struct cdn_nodes *set = cdn_check_nodes(L, 1);
    struct cdn_graph_run *run = cdn_check_run(L);
    uint32_t node = cdn_check_node(L, 2, "value");
    uint32_t column = cdn_check_column(L, 3, set, "value");
    uint64_t since;
    uint32_t place;

    if (cdn_nodes_unindexed(set)) {
        cdn_timing_begin(&run->timing);
        cdn_nodes_index(L, 1);
        cdn_timing_end(&run->timing);
    }
    since = cdn_timing_quick(&run->timing);
    place = cdn_nodes_place(set, node);
    cdn_push_column_value(L, run,
                          place == CDN_NODES_NOWHERE
                              ? (double)NAN
                              : cdn_nodes_column(set, column)[place]);
    if (since)
        cdn_timing_quick_end(&run->timing, since);
    return 1;
}

/* ---- sorted ---- */

/* A heap of places in `set` with the last of the first `most` on top. */
struct order {
    const struct cdn_nodes *set;
    const double *columns[CDN_NODES_MAX_COLUMNS];
    bool descending[CDN_NODES_MAX_COLUMNS];
    uint32_t column_count;
    uint32_t *heap;
    uint32_t count;
    uint64_t steps;
};

/* Does place a come before place b?  Null comes last; equals by key. */
static bool precedes(struct order *order, uint32_t a, uint32_t b)
{
    order->steps++;
    for (uint32_t c = 0; c < order->column_count; c++) {
        double x = order->columns[c][a];
        double y = order->columns[c][b];

        if (isnan(x) || isnan(y)) {
            if (isnan(x) != isnan(y))
                return isnan(y);
            continue;
        }
        if (x != y)
            return (x > y) == order->descending[c];
    }
    return order->set->items[a] < order->set->items[b];
}

/* Is place a behind place b by the first column alone?  Counts a step if it is. */
static inline bool comes_later(struct order *order, uint32_t a, uint32_t b)
{
    double x = order->columns[0][a];
    double y = order->columns[0][b];
    bool later = order->descending[0] ? x < y : x > y;

    order->steps += later ? 1 : 0;
    return later;
}

static void sift_down(struct order *order, uint32_t at, uint32_t count)
{
    uint32_t moving = order->heap[at];

    for (;;) {
        uint32_t child = 2 * at + 1;

        if (child >= count)
            break;
        if (child + 1 < count &&
            precedes(order, order->heap[child], order->heap[child + 1]))
            child++;
        if (precedes(order, order->heap[child], moving))
            break;
        order->heap[at] = order->heap[child];
        at = child;
    }
    order->heap[at] = moving;
}

CDN_RAISES static void pay_steps(lua_State *L, struct order *order)
{
    if (order->steps >= 1024) {
        cdn_meter_charge(L, order->steps);
        order->steps = 0;
    }
}

CDN_RAISES static void sort(lua_State *L, struct order *order, uint32_t most)
{
    for (uint32_t i = 0; i < most; i++)
        order->heap[i] = i;
    order->count = most;
    for (uint32_t i = most / 2; i > 0; i--, pay_steps(L, order))
        sift_down(order, i - 1, most);
    for (uint32_t i = most; most && i < order->set->count; i++, pay_steps(L, order)) {
        if (order->column_count && comes_later(order, i, order->heap[0]))
            continue;
        if (!precedes(order, i, order->heap[0]))
            continue;
        order->heap[0] = i;
        sift_down(order, 0, most);
    }
    for (uint32_t left = most; left > 1; left--, pay_steps(L, order)) {
        uint32_t last = order->heap[0];

        order->heap[0] = order->heap[left - 1];
        order->heap[left - 1] = last;
        sift_down(order, 0, left - 1);
    }
    cdn_meter_charge(L, order->steps);
}

/* The columns to sort by, arguments 2 .. last.                            [-0, +0, e] */
CDN_RAISES static void check_order(struct order *order, lua_State *L, int last)
{
    for (int i = 2; i <= last; i++) {
        uint32_t c = order->column_count++;
        size_t bytes = 0;
        const char *name =
            lua_type(L, i) == LUA_TSTRING ? lua_tolstring(L, i, &bytes) : "";

        if (i - 2 >= CDN_NODES_MAX_COLUMNS)
            luaL_error(L, "sorted takes at most %d columns", CDN_NODES_MAX_COLUMNS);
        order->descending[c] = name[0] == '-';
        if (order->descending[c]) {
            lua_pushlstring(L, name + 1, bytes - 1);
            lua_replace(L, i);
        }
        order->columns[c] =
            cdn_nodes_column(order->set, cdn_check_column(L, i, order->set, "sorted"));
    }
}

/* set:sorted("-column", ..., n) -> node set in that order, ties by key; the first n */
int cdn_nodes_sorted_lua(lua_State *L)
{
    struct cdn_nodes *set = cdn_check_nodes(L, 1);
    struct cdn_graph_run *run = cdn_check_run(L);
    struct order order = {.set = set};
    size_t mark = cdn_scratch_mark(L);
    int last = lua_gettop(L);
    uint64_t most = set->count;
    struct cdn_nodes *next;
    uint32_t *items;

    if (last > 1 && lua_type(L, last) == LUA_TNUMBER)
        most = cdn_check_count(L, last--, "sorted");
    most = most < set->count ? most : set->count;
    check_order(&order, L, last);
    cdn_timing_begin(&run->timing);
    cdn_meter_charge(L, 1 + most * (set->column_count + 1) / 4);
    order.heap = cdn_scratch_alloc(L, (most ? most : 1) * sizeof *order.heap);
    sort(L, &order, (uint32_t)most);
    items = cdn_scratch_alloc(L, (most ? most : 1) * sizeof *items);
    for (uint32_t i = 0; i < most; i++)
        items[i] = set->items[order.heap[i]];
    next = cdn_nodes_push_columns(L, CDN_UP_NODES, items, (uint32_t)most,
                                  set->column_count);
    next->depth = set->depth;
    copy_columns(next, 0, set);
    for (uint32_t c = 0; c < set->column_count; c++)
        for (uint32_t i = 0; i < most; i++)
            cdn_nodes_column(next, c)[i] = cdn_nodes_column(set, c)[order.heap[i]];
    cdn_scratch_release(L, mark);
    cdn_timing_end(&run->timing);
    return 1;
}

/* ---- rows ---- */

/* set:rows(name, column, ...) -> list of { [name] = node's key, [column] = number } */
int cdn_nodes_rows_lua(lua_State *L)
{
    struct cdn_nodes *set = cdn_check_nodes(L, 1);
    struct cdn_graph_run *run = cdn_check_run(L);
    uint32_t columns[CDN_NODES_MAX_COLUMNS];
    int top = lua_gettop(L);
    uint32_t count = 0;
    size_t bytes;

    cdn_check_column_name(L, 2, "rows", &bytes);
    if (top - 2 > CDN_NODES_MAX_COLUMNS)
        luaL_error(L, "rows takes at most %d columns", CDN_NODES_MAX_COLUMNS);
    for (int i = 3; i <= top; i++)
        columns[count++] = cdn_check_column(L, i, set, "rows");
    for (uint32_t c = 0; top == 2 && c < set->column_count; c++) {
        columns[count++] = c;
        lua_pushstring(L, cdn_nodes_column_name(set, c));
    }
    cdn_timing_begin(&run->timing);
    lua_createtable(L, set->count < 1024 ? (int)set->count : 1024, 0);
    for (uint32_t i = 0; i < set->count; i++) {
        cdn_meter_charge(L, 1 + count);
        lua_createtable(L, 0, (int)count + 1);
        lua_pushvalue(L, 2);
        cdn_push_node_key(L, run, set->items[i]);
        lua_rawset(L, -3);
        for (uint32_t c = 0; c < count; c++) {
            lua_pushvalue(L, 3 + (int)c);
            cdn_push_column_value(L, run, cdn_nodes_column(set, columns[c])[i]);
            lua_rawset(L, -3);
        }
        lua_rawseti(L, -2, (int)i + 1);
    }
    cdn_timing_end(&run->timing);
    return 1;
}
