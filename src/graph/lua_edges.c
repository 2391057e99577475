/* Edge sets as a rule sees them.
 *
 * Refining (since after up_to before between where latest earliest largest smallest limit)
 * costs nothing but the copy of a small description.  Finishing costs, in edges charged:
 *
 *   count exists        one a list; with conditions, merged lists or `both`: the edges
 *                       looked at
 *   min max of "time"   one a list and one for its end, else as sum
 *   sum avg min max totals distinct top nodes first
 *                       one a list and every edge looked at
 *   each                one a list and every edge handed out (a condition looks up to 16
 *                       ahead)
 *   group paths cycles  group.h, path.h, cycle.h */
#include "graph/aggregate.h"
#include "graph/depth.h"
#include "graph/lua_common.h"
#include "graph/scan.h"

#include <math.h>
#include <string.h>

/* An edge set's top list has at most so many entries. */
#define TOP_MOST 10000
/* Edges that each() filters ahead. */
#define EACH_AHEAD 16

/* The ms at index, rounded so that >= low (or <= high) means the same for whole ms. */
CDN_RAISES static int64_t check_time(lua_State *L, int index, const char *method,
                                     bool up)
{
    double value = lua_tonumber(L, index);

    if (lua_type(L, index) != LUA_TNUMBER)
        luaL_error(L, "%s expects a time in milliseconds, not %s", method,
                   cdn_what(L, index));
    if (isnan(value))
        luaL_error(L, "%s expects a time in milliseconds, not NaN", method);
    value = up ? ceil(value) : floor(value);
    if (value >= 0x1p63)
        return INT64_MAX;
    if (value <= -0x1p63)
        return INT64_MIN;
    return (int64_t)value;
}

CDN_RAISES static int refine_window(lua_State *L, const char *method, int64_t low,
                                    int64_t high)
{
    struct cdn_edges *set = cdn_check_edges(L, 1);
    struct cdn_graph_run *run = cdn_check_run(L);
    struct cdn_operation operation = {.kind = CDN_OPERATION_WINDOW};

    if (!run->binding->kinds[set->kind].has_time)
        luaL_error(L, "%s: edge type '%s' has no time column", method,
                   run->names->kinds[set->kind].name);
    operation.as.window.low = low;
    operation.as.window.high = high;
    cdn_edges_refine(L, CDN_UP_EDGES, 1, &operation);
    return 1;
}

/* A bound that is a column of the node set: each source node has its own.  False: the
 * argument is no string. */
CDN_RAISES static bool refine_by_column(lua_State *L, const char *method,
                                        enum cdn_compare compare)
{
    struct cdn_edges *set = cdn_check_edges(L, 1);
    struct cdn_operation operation = {.kind = CDN_OPERATION_WINDOW,
                                      .compare = (uint8_t)compare,
                                      .operand = CDN_OPERAND_COLUMN};

    if (lua_type(L, 2) != LUA_TSTRING)
        return false;
    if (!cdn_check_run(L)->binding->kinds[set->kind].has_time)
        luaL_error(L, "%s: edge type '%s' has no time column", method,
                   cdn_check_run(L)->names->kinds[set->kind].name);
    operation.as.column = cdn_check_column(L, 2, set->origin, method);
    cdn_edges_refine(L, CDN_UP_EDGES, 1, &operation);
    return true;
}

CDN_RAISES static int edges_since(lua_State *L)
{
    if (refine_by_column(L, "since", CDN_COMPARE_GE))
        return 1;
    return refine_window(L, "since", check_time(L, 2, "since", true), INT64_MAX);
}

CDN_RAISES static int edges_after(lua_State *L)
{
    int64_t low;

    if (refine_by_column(L, "after", CDN_COMPARE_GT))
        return 1;
    low = check_time(L, 2, "after", false);
    if (low == INT64_MAX)
        return refine_window(L, "after", INT64_MAX, INT64_MIN);
    return refine_window(L, "after", low + 1, INT64_MAX);
}

CDN_RAISES static int edges_up_to(lua_State *L)
{
    if (refine_by_column(L, "up_to", CDN_COMPARE_LE))
        return 1;
    return refine_window(L, "up_to", INT64_MIN, check_time(L, 2, "up_to", false));
}

CDN_RAISES static int edges_before(lua_State *L)
{
    int64_t high;

    if (refine_by_column(L, "before", CDN_COMPARE_LT))
        return 1;
    high = check_time(L, 2, "before", true);
    if (high == INT64_MIN)
        return refine_window(L, "before", INT64_MAX, INT64_MIN);
    return refine_window(L, "before", INT64_MIN, high - 1);
}

CDN_RAISES static int edges_between(lua_State *L)
{
    int64_t low = check_time(L, 2, "between", true);

    return refine_window(L, "between", low, check_time(L, 3, "between", false));
}

/* set:where(property, op, value) */
CDN_RAISES static int edges_where(lua_State *L)
{
    struct cdn_edges *set = cdn_check_edges(L, 1);
    struct cdn_graph_run *run = cdn_check_run(L);
    uint32_t slot = cdn_check_type_property(L, 2, run, set->kind);
    const struct cdn_property *property =
        cdn_bound_property(&run->binding->kinds[set->kind], slot);
    struct cdn_operation condition;

    cdn_check_condition(&condition, L, 3, slot);
    if (condition.operand == CDN_OPERAND_STRING && set->origin &&
        cdn_column_numeric(property)) {
        condition.operand = CDN_OPERAND_COLUMN;
        condition.as.column = cdn_check_column(L, 4, set->origin, "where");
    } else {
        cdn_check_comparable(L, property, &condition);
    }
    cdn_edges_refine(L, CDN_UP_EDGES, 1, &condition);
    if (condition.operand == CDN_OPERAND_STRING) {
        struct cdn_edges *next = lua_touserdata(L, -1);

        lua_createtable(L, 2, 0);
        lua_getfenv(L, -2);
        lua_rawseti(L, -2, 1);
        lua_pushvalue(L, 4);
        lua_rawseti(L, -2, 2);
        lua_setfenv(L, -2);
        next->flags |= CDN_EDGES_KEEPS;
    }
    return 1;
}

CDN_RAISES static int refine_cut(lua_State *L, const char *method,
                                 enum cdn_operation_kind kind)
{
    struct cdn_operation operation = {.kind = (uint8_t)kind};

    cdn_check_edges(L, 1);
    cdn_check_run(L);
    operation.as.count = cdn_check_count(L, 2, method);
    cdn_edges_refine(L, CDN_UP_EDGES, 1, &operation);
    return 1;
}

CDN_RAISES static int edges_latest(lua_State *L)
{
    return refine_cut(L, "latest", CDN_OPERATION_LATEST);
}

CDN_RAISES static int edges_earliest(lua_State *L)
{
    return refine_cut(L, "earliest", CDN_OPERATION_EARLIEST);
}

/* set:largest(n, property) and set:smallest(n, property) */
CDN_RAISES static int refine_ranked(lua_State *L, const char *method,
                                    enum cdn_operation_kind kind)
{
    struct cdn_operation operation = {.kind = (uint8_t)kind};
    struct cdn_edges *set = cdn_check_edges(L, 1);
    struct cdn_graph_run *run = cdn_check_run(L);
    uint32_t slot;

    operation.as.count = cdn_check_count(L, 2, method);
    slot = cdn_check_type_property(L, 3, run, set->kind);
    operation.slot = (uint8_t)slot;
    cdn_check_numeric(L, cdn_bound_property(&run->binding->kinds[set->kind], slot),
                      method, true);
    cdn_edges_refine(L, CDN_UP_EDGES, 1, &operation);
    return 1;
}

CDN_RAISES static int edges_largest(lua_State *L)
{
    return refine_ranked(L, "largest", CDN_OPERATION_LARGEST);
}

CDN_RAISES static int edges_smallest(lua_State *L)
{
    return refine_ranked(L, "smallest", CDN_OPERATION_SMALLEST);
}

CDN_RAISES static int edges_limit(lua_State *L)
{
    return refine_cut(L, "limit", CDN_OPERATION_LIMIT);
}

CDN_RAISES static int edges_count(lua_State *L)
{
    struct cdn_edges *set = cdn_check_edges(L, 1);
    struct cdn_graph_run *run = cdn_check_run(L);

    cdn_push_number(L, run, (double)cdn_edges_count(L, set));
    return 1;
}

CDN_RAISES static int edges_distinct(lua_State *L)
{
    struct cdn_edges *set = cdn_check_edges(L, 1);
    struct cdn_graph_run *run = cdn_check_run(L);

    cdn_push_number(L, run, (double)cdn_edges_distinct(L, set));
    return 1;
}

CDN_RAISES static int edges_exists(lua_State *L)
{
    struct cdn_edges *set = cdn_check_edges(L, 1);
    struct cdn_graph_run *run = cdn_check_run(L);
    bool exists = cdn_edges_exists(L, set);

    cdn_note(run, exists);
    lua_pushboolean(L, exists);
    return 1;
}

CDN_RAISES static int edges_first(lua_State *L)
{
    struct cdn_edges *set = cdn_check_edges(L, 1);
    struct cdn_graph_run *run = cdn_check_run(L);
    uint64_t edge;
    uint32_t peer;
    bool exists = cdn_edges_first(&edge, &peer, L, set);

    cdn_note(run, exists);
    if (exists) {
        cdn_depth_note(L, cdn_meter_of(L), peer, set->depth);
        cdn_push_edge_handle(L, edge);
    } else
        lua_pushnil(L);
    return 1;
}

/* sum, avg, min and max. */
CDN_RAISES static int fold(lua_State *L, const char *method, enum cdn_fold_kind kind,
                           bool average)
{
    struct cdn_edges *set = cdn_check_edges(L, 1);
    struct cdn_graph_run *run = cdn_check_run(L);
    uint32_t slot = cdn_check_type_property(L, 2, run, set->kind);
    const struct cdn_property *property =
        cdn_bound_property(&run->binding->kinds[set->kind], slot);
    struct cdn_fold result;
    double value;

    cdn_check_numeric(L, property, method, kind != CDN_FOLD_SUM);
    cdn_fold_init(&result, kind, property->type != CDN_COLUMN_FLOAT64);
    cdn_edges_fold(&result, L, set, slot);
    value = cdn_fold_result(&result);
    if (average && result.kept)
        value /= (double)result.kept;
    if (result.kept == 0 && (average || kind != CDN_FOLD_SUM)) {
        cdn_note(run, 0);
        lua_pushnil(L);
        return 1;
    }
    cdn_push_number(L, run, value);
    return 1;
}

CDN_RAISES static int edges_sum(lua_State *L)
{
    return fold(L, "sum", CDN_FOLD_SUM, false);
}

CDN_RAISES static int edges_avg(lua_State *L)
{
    return fold(L, "avg", CDN_FOLD_SUM, true);
}

CDN_RAISES static int edges_min(lua_State *L)
{
    return fold(L, "min", CDN_FOLD_MIN, false);
}

CDN_RAISES static int edges_max(lua_State *L)
{
    return fold(L, "max", CDN_FOLD_MAX, false);
}

/* set:totals(property) -> how many edges, the sum of a property of theirs */
CDN_RAISES static int edges_totals(lua_State *L)
{
    struct cdn_edges *set = cdn_check_edges(L, 1);
    struct cdn_graph_run *run = cdn_check_run(L);
    uint32_t slot = cdn_check_type_property(L, 2, run, set->kind);
    const struct cdn_property *property =
        cdn_bound_property(&run->binding->kinds[set->kind], slot);
    struct cdn_fold result;

    cdn_check_numeric(L, property, "totals", false);
    cdn_fold_init(&result, CDN_FOLD_SUM, property->type != CDN_COLUMN_FLOAT64);
    cdn_edges_fold(&result, L, set, slot);
    cdn_push_number(L, run, (double)result.edges);
    cdn_push_number(L, run, cdn_fold_result(&result));
    return 2;
}

/* set:top(n, property) -> array of edges */
CDN_RAISES static int edges_top(lua_State *L)
{
    struct cdn_edges *set = cdn_check_edges(L, 1);
    struct cdn_graph_run *run = cdn_check_run(L);
    uint64_t most = cdn_check_count(L, 2, "top");
    uint32_t slot = cdn_check_type_property(L, 3, run, set->kind);
    const struct cdn_property *property =
        cdn_bound_property(&run->binding->kinds[set->kind], slot);
    struct cdn_ranking ranking = {.integral = property->type != CDN_COLUMN_FLOAT64};
    size_t mark = cdn_scratch_mark(L);

    if (most > TOP_MOST)
        luaL_error(L, "top gives at most %d edges", TOP_MOST);
    cdn_check_numeric(L, property, "top", true);
    cdn_edges_top(&ranking, L, set, slot, (uint32_t)most);
    cdn_timing_begin(&run->timing);
    lua_createtable(L, (int)ranking.count, 0);
    for (uint32_t i = 0; i < ranking.count; i++) {
        cdn_depth_note(L, cdn_meter_of(L), ranking.items[i].node, set->depth);
        cdn_push_edge_handle(L, ranking.items[i].id);
        lua_rawseti(L, -2, (int)i + 1);
    }
    cdn_note(run, ranking.count);
    cdn_scratch_release(L, mark);
    cdn_timing_end(&run->timing);
    return 1;
}

CDN_RAISES static int edges_nodes(lua_State *L)
{
    struct cdn_edges *set = cdn_check_edges(L, 1);
    size_t mark = cdn_scratch_mark(L);
    uint32_t count;
    const uint32_t *items;
    struct cdn_graph_run *run = cdn_check_run(L);

    items = cdn_edges_peers(&count, L, set);
    cdn_timing_begin(&run->timing);
    cdn_nodes_push(L, CDN_UP_NODES, items, count)->depth = set->depth;
    cdn_scratch_release(L, mark);
    cdn_timing_end(&run->timing);
    return 1;
}

/* A loop in progress: the closure's first upvalue, the second is its set.  A loop may be
 * left in the middle, or be gone on with by another coroutine: it takes no scratch memory
 * that outlives a step, and runs on whatever state calls it. */
struct cursor {
    struct cdn_scan scan;
    struct cdn_span span;
    uint32_t at;
    bool over;
    struct cdn_reach reach;
    uint32_t select[EACH_AHEAD];
    struct cdn_test tests[];
};

CDN_RAISES static inline int each_step(lua_State *L, struct cursor *cursor)
{
    struct cdn_graph_run *run = cursor->scan.run;
    const struct cdn_reach *reach;
    uint32_t position;
    uint64_t since;
    uint64_t edge;
    uint32_t peer;

    cursor->scan.L = L;
    if (cursor->at == cursor->span.count) {
        cursor->at = 0;
        cursor->span.count = 0;
        cdn_timing_begin(&run->timing);
        cursor->over = cursor->over || !cdn_scan_next(&cursor->scan, &cursor->span);
        cdn_timing_end(&run->timing);
        if (cursor->over) {
            cdn_note(run, 0);
            lua_pushnil(L);
            return 1;
        }
    }
    since = cdn_timing_quick(&run->timing);
    if (!cursor->span.charged)
        cdn_meter_charge_edges(L, 1);
    reach = cursor->span.reach;
    position = cdn_span_position(&cursor->span, cursor->at++);
    peer = reach->list.peers[position];
    if (!cdn_peer_valid(peer, reach->from->peer_base, reach->from->peer_count))
        cdn_raise_damaged(L, "a node index is out of range");
    if (!cdn_reach_edge_id(reach, position, &edge))
        cdn_raise_damaged(L, "an edge number is out of range");
    cdn_meter_charge_nodes(L, cursor->scan.meter, 1);
    cdn_depth_note(L, cursor->scan.meter, peer, cursor->scan.set->depth);
    cdn_note(run, 1);
    cdn_push_edge_handle(L, edge);
    cdn_push_node_handle(L, peer);
    if (since)
        cdn_timing_quick_end(&run->timing, since);
    return 2;
}

/* A loop's edges are its own, whichever lines run in between. */
CDN_RAISES static int each_next(lua_State *L)
{
    struct cursor *cursor = lua_touserdata(L, lua_upvalueindex(1));
    const struct cdn_scan *scan = &cursor->scan;

    if (__builtin_expect(scan->read != NULL, 0))
        cdn_trace_resume_read(scan->run->trace, scan->read, scan->meter->edges);
    return each_step(L, cursor);
}

/* for edge, peer in set:each() do */
CDN_RAISES static int edges_each(lua_State *L)
{
    struct cdn_edges *set = cdn_check_edges(L, 1);
    struct cursor *cursor;

    cdn_check_run(L);
    cursor = lua_newuserdata(L, sizeof *cursor +
                                    set->operation_count * sizeof cursor->tests[0]);
    cursor->scan.batch = &cursor->reach;
    cursor->scan.batch_size = 1;
    cursor->scan.tests = cursor->tests;
    cursor->scan.select = cursor->select;
    cursor->scan.select_size = EACH_AHEAD;
    cursor->scan.collected = true;
    cdn_scan_begin(&cursor->scan, L, set, (struct cdn_scan_how){.ordered = true});
    cursor->span.count = 0;
    cursor->at = 0;
    cursor->over = false;
    /* the set, and through it the operations, must live as long as the loop */
    lua_pushvalue(L, 1);
    lua_pushcclosure(L, each_next, 2);
    return 1;
}

CDN_QUICK(edges_since)
CDN_QUICK(edges_after)
CDN_QUICK(edges_up_to)
CDN_QUICK(edges_before)
CDN_QUICK(edges_between)
CDN_QUICK(edges_where)
CDN_QUICK(edges_latest)
CDN_QUICK(edges_earliest)
CDN_QUICK(edges_largest)
CDN_QUICK(edges_smallest)
CDN_QUICK(edges_limit)
CDN_QUICK(edges_each)

CDN_RAISES static int edges_tostring(lua_State *L)
{
    lua_pushliteral(L, "edge set");
    return 1;
}

void cdn_edges_open(lua_State *L, int names)
{
    static const struct cdn_method methods[] = {
        {"since", edges_since_quick},
        {"after", edges_after_quick},
        {"up_to", edges_up_to_quick},
        {"before", edges_before_quick},
        {"between", edges_between_quick},
        {"where", edges_where_quick},
        {"latest", edges_latest_quick},
        {"earliest", edges_earliest_quick},
        {"largest", edges_largest_quick},
        {"smallest", edges_smallest_quick},
        {"limit", edges_limit_quick},
        {"count", edges_count},
        {"exists", edges_exists},
        {"sum", edges_sum},
        {"avg", edges_avg},
        {"min", edges_min},
        {"max", edges_max},
        {"distinct", edges_distinct},
        {"first", edges_first},
        {"top", edges_top},
        {"each", edges_each_quick},
        {"nodes", edges_nodes},
        {"totals", edges_totals},
        {"group", cdn_edges_group_lua},
        {"paths", cdn_edges_paths_lua},
        {"cycles", cdn_edges_cycles_lua},
        {NULL, NULL},
    };
    static const struct cdn_face face = {
        .what = "edge set", .methods = methods, .tostring = edges_tostring};

    cdn_fill_metatable(L, names, names + 1, &face);
}
