/* Views as a rule sees them.
 *
 *   graph:ego(node or set, options)   the nodes around it and the edges between them
 *   graph:view(options)               all nodes of labels, or those of a node set
 *
 * Making one charges every edge read on the way out, and every outgoing edge of every node
 * that is in it once more; the methods read no edge of the snapshot and charge instructions,
 * one for four edges or nodes gone over (algorithm.h says how many). */
#include "graph/lua_view.h"

#include <string.h>

#include "graph/algorithm.h"
#include "graph/depth.h"
#include "graph/lua_options.h"
#include "graph/numbering.h"

#define EGO_HOPS_MOST   64
#define EGO_NODES       10000 /* max_nodes unless the rule says */
#define ITERATIONS_MOST 1000
#define DAMPING         0.85
#define PAGERANK_ROUNDS 20
#define LABEL_ROUNDS    10

/* ---- objects made on demand ---- */

#define OBJECT(id, text, table)                                                        \
    CDN_RAISES static int id##_tostring(lua_State *L)                                  \
    {                                                                                  \
        lua_pushliteral(L, text);                                                      \
        return 1;                                                                      \
    }                                                                                  \
    static const struct cdn_face id##_face = {                                         \
        .what = (text), .methods = (table), .tostring = id##_tostring};

OBJECT(view, "view", cdn_view_methods)
OBJECT(scores, "scores", cdn_scores_methods)
OBJECT(groups, "groups", cdn_groups_methods)

static const struct cdn_face *const faces[] = {[CDN_OBJECT_VIEW] = &view_face,
                                               [CDN_OBJECT_SCORES] = &scores_face,
                                               [CDN_OBJECT_GROUPS] = &groups_face};

void cdn_set_object(lua_State *L, enum cdn_object object)
{
    lua_rawgeti(L, CDN_UP_EDGES, (int)object);
    if (lua_isnil(L, -1)) {
        lua_pop(L, 1);
        lua_createtable(L, 0, 4);
        cdn_fill_metatable_late(L, CDN_UP_NAMES, lua_gettop(L), faces[object]);
        lua_pushvalue(L, -1);
        lua_rawseti(L, CDN_UP_EDGES, (int)object);
    }
    lua_setmetatable(L, -2);
}

const uint32_t *cdn_check_sources(uint32_t *count, uint32_t *one, uint32_t *depth,
                                  lua_State *L, int index, const char *method)
{
    const struct cdn_nodes *set = lua_touserdata(L, index);

    if (lua_type(L, index) == LUA_TUSERDATA && lua_objlen(L, index) >= sizeof *set &&
        set->magic == CDN_NODES_MAGIC) {
        *count = set->count;
        *depth = set->depth;
        return set->items;
    }
    *one = cdn_check_node(L, index, method);
    *depth = cdn_depth_of(L, cdn_meter_of(L), *one);
    *count = 1;
    return one;
}

/* ---- making them ---- */

/* Make the view of what is in `members`; the caller has marked scratch. */
CDN_RAISES static int finish(lua_State *L, struct cdn_follow *follow,
                             struct cdn_members *members, uint32_t hops,
                             bool undirected, size_t mark)
{
    struct cdn_view *view = cdn_view_push(L, follow, members, undirected);

    view->depth = follow->depth + hops;

    cdn_scratch_release(L, mark);
    cdn_set_object(L, CDN_OBJECT_VIEW);
    cdn_note(follow->run, view->node_count);
    cdn_timing_end(&follow->run->timing);
    return 1;
}

/* graph:ego(node or set, { hops, max_nodes, direction, edges, weight, undirected }) */
int cdn_graph_ego(lua_State *L)
{
    static const char *const known[] = {"hops",   "max_nodes",  "direction", "edges",
                                        "weight", "undirected", NULL};
    struct cdn_graph_run *run = cdn_check_run(L);
    uint32_t one;
    uint32_t count;
    uint32_t depth;
    const uint32_t *from = cdn_check_sources(&count, &one, &depth, L, 2, "graph:ego");
    int at = cdn_check_options(L, 3, "graph:ego", known);
    struct cdn_reachable how = {
        .direction = cdn_option_direction(L, at, CDN_BOTH),
        .hops = (uint32_t)cdn_option_count(L, at, "hops", 1, 0, EGO_HOPS_MOST),
        .max_nodes = (uint32_t)cdn_option_count(L, at, "max_nodes", EGO_NODES, 1,
                                                UINT32_MAX - 2)};
    bool undirected = cdn_option_flag(L, at, "undirected", false);
    struct cdn_members members;
    struct cdn_follow follow;
    size_t mark;

    cdn_check_hops(L, run, "graph:ego", how.hops);
    cdn_option_follow(&follow, L, at);
    follow.depth = depth;
    cdn_timing_begin(&run->timing);
    mark = cdn_scratch_mark(L);
    cdn_members_reach(&members, &follow, from, count, &how);
    return finish(L, &follow, &members, how.hops, undirected, mark);
}

/* Append the nodes of the label named at the top of the stack. */
CDN_RAISES static void add_label(struct cdn_members *members, lua_State *L,
                                 struct cdn_graph_run *run, bool *seen)
{
    uint32_t label = cdn_check_label(L, lua_gettop(L), run);
    const struct cdn_label_data *data = &run->snapshot->labels[label];

    lua_pop(L, 1);
    if (seen[label])
        return;
    seen[label] = true;
    for (uint32_t i = 0; i < data->count; i++) {
        if (i % 4096 == 0)
            cdn_meter_charge(L, (data->count - i < 4096 ? data->count - i : 4096) / 4);
        members->nodes[members->count++] = data->base + i;
    }
}

/* Room for all nodes of the labels that are wanted is room for all nodes. */
CDN_RAISES static void label_members(struct cdn_members *members, lua_State *L, int at,
                                     struct cdn_graph_run *run)
{
    bool seen[CDN_SCHEMA_MAX_LABELS] = {false};

    members->nodes = cdn_scratch_alloc(L, ((size_t)run->snapshot->node_count + 1) *
                                              sizeof *members->nodes);
    members->count = 0;
    if (!cdn_option(L, at, "labels")) {
        for (uint32_t k = 0; k < run->binding->kind_count; k++) {
            if (run->binding->kinds[k].what != CDN_BOUND_LABEL)
                continue;
            lua_pushstring(L, run->names->kinds[k].name);
            add_label(members, L, run, seen);
        }
    } else if (lua_type(L, -1) == LUA_TTABLE) {
        size_t count = lua_objlen(L, -1);

        for (size_t i = 1; i <= count; i++) {
            lua_rawgeti(L, -1, (int)i);
            cdn_meter_charge(L, 1);
            add_label(members, L, run, seen);
        }
    } else {
        add_label(members, L, run, seen);
    }
}

/* How far they are from where the run began. */
CDN_RAISES static uint32_t set_members(struct cdn_members *members, lua_State *L)
{
    struct cdn_nodes *set = cdn_check_nodes(L, lua_gettop(L));

    members->nodes =
        cdn_scratch_alloc(L, ((size_t)set->count + 1) * sizeof *members->nodes);
    members->count = set->count;
    cdn_meter_charge(L, set->count / 4);
    if (set->count)
        memcpy(members->nodes, set->items, set->count * sizeof *members->nodes);
    return set->depth;
}

/* graph:view{ labels or nodes, edges, weight, undirected } */
int cdn_graph_view(lua_State *L)
{
    static const char *const known[] = {"labels", "nodes",      "edges",
                                        "weight", "undirected", NULL};
    struct cdn_graph_run *run = cdn_check_run(L);
    int at = cdn_check_options(L, 2, "graph:view", known);
    bool undirected = cdn_option_flag(L, at, "undirected", false);
    struct cdn_members members;
    struct cdn_follow follow;
    size_t mark;

    cdn_option_follow(&follow, L, at);
    cdn_timing_begin(&run->timing);
    mark = cdn_scratch_mark(L);
    if (cdn_option(L, at, "nodes")) {
        follow.depth = set_members(&members, L);
        if (cdn_option(L, at, "labels"))
            luaL_error(L, "graph:view takes labels or nodes, not both");
    } else {
        cdn_check_hops(L, run, "graph:view of whole labels", UINT32_MAX);
        label_members(&members, L, at, run);
    }
    return finish(L, &follow, &members, 0, undirected, mark);
}

/* ---- methods ---- */

/* Room for a number a node; the caller has marked scratch and begun timing. */
CDN_RAISES static double *room_for(lua_State *L, const struct cdn_view *view)
{
    return cdn_scratch_alloc(L, ((size_t)view->node_count + 1) * sizeof(double));
}

CDN_RAISES static int give_scores(lua_State *L, const struct cdn_view *view,
                                  const double *values, size_t mark)
{
    struct cdn_graph_run *run = cdn_check_run(L);
    struct cdn_scores *scores = cdn_scores_push_view(L, view, values);

    cdn_scratch_release(L, mark);
    cdn_note(run, scores->count);
    cdn_timing_end(&run->timing);
    return 1;
}

/* The local id of the node at index 2. */
CDN_RAISES static uint32_t check_local(lua_State *L, const struct cdn_view *view,
                                       const char *method)
{
    uint32_t local = cdn_view_find(view, cdn_check_node(L, 2, method));

    if (local == CDN_NO_NUMBER)
        luaL_error(L, "%s: the node is not in the view", method);
    return local;
}

CDN_RAISES static int view_count(lua_State *L)
{
    struct cdn_view *view = cdn_check_view(L, 1);

    cdn_push_number(L, cdn_check_run(L), view->node_count);
    return 1;
}

CDN_RAISES static int view_edges(lua_State *L)
{
    struct cdn_view *view = cdn_check_view(L, 1);

    cdn_push_number(L, cdn_check_run(L), view->edge_count);
    return 1;
}

CDN_RAISES static int view_contains(lua_State *L)
{
    struct cdn_view *view = cdn_check_view(L, 1);
    bool present =
        cdn_view_find(view, cdn_check_node(L, 2, "contains")) != CDN_NO_NUMBER;

    cdn_note(cdn_check_run(L), present);
    lua_pushboolean(L, present);
    return 1;
}

CDN_RAISES static int view_nodes(lua_State *L)
{
    struct cdn_view *view = cdn_check_view(L, 1);

    cdn_meter_charge(L, view->node_count / 4);
    cdn_nodes_push(L, CDN_UP_NODES, view->nodes, view->node_count)->depth = view->depth;
    return 1;
}

/* view:bfs(node, { direction = "outgoing" }) -> hops */
CDN_RAISES static int view_bfs(lua_State *L)
{
    static const char *const known[] = {"direction", NULL};
    struct cdn_view *view = cdn_check_view(L, 1);
    struct cdn_graph_run *run = cdn_check_run(L);
    uint32_t from = check_local(L, view, "bfs");
    int at = cdn_check_options(L, 3, "bfs", known);
    enum cdn_direction direction = cdn_option_direction(L, at, CDN_OUTGOING);
    size_t mark = cdn_scratch_mark(L);
    double *hops;

    cdn_timing_begin(&run->timing);
    hops = room_for(L, view);
    cdn_bfs(hops, L, view, from, direction);
    return give_scores(L, view, hops, mark);
}

/* view:sssp(node) -> lengths */
CDN_RAISES static int view_sssp(lua_State *L)
{
    struct cdn_view *view = cdn_check_view(L, 1);
    struct cdn_graph_run *run = cdn_check_run(L);
    uint32_t from = check_local(L, view, "sssp");
    size_t mark = cdn_scratch_mark(L);
    double *lengths;
    uint32_t bad;

    cdn_timing_begin(&run->timing);
    lengths = room_for(L, view);
    if (!cdn_sssp(lengths, &bad, L, view, from)) {
        cdn_scratch_release(L, mark);
        return luaL_error(L, "sssp needs weights that are not negative, and one is %f",
                          view->out_weights[bad]);
    }
    return give_scores(L, view, lengths, mark);
}

/* `restart_at`: the stack index of where ranks restart; 0: everywhere. */
CDN_RAISES static int rank(lua_State *L, const char *method, int restart_at,
                           int options_at)
{
    static const char *const known[] = {"damping", "iterations", NULL};
    struct cdn_view *view = cdn_check_view(L, 1);
    struct cdn_graph_run *run = cdn_check_run(L);
    int at = cdn_check_options(L, options_at, method, known);
    struct cdn_pagerank how = {
        .damping = cdn_option_number(L, at, "damping", DAMPING, 0, 1),
        .iterations = (uint32_t)cdn_option_count(L, at, "iterations", PAGERANK_ROUNDS,
                                                 1, ITERATIONS_MOST)};
    size_t mark = cdn_scratch_mark(L);
    uint32_t count = 0;
    uint32_t depth; /* of the restarts: nothing is read from them */
    uint32_t one;
    const uint32_t *from =
        restart_at ? cdn_check_sources(&count, &one, &depth, L, restart_at, method)
                   : NULL;
    double *ranks;

    cdn_timing_begin(&run->timing);
    if (restart_at) {
        double *restart = room_for(L, view);

        memset(restart, 0, view->node_count * sizeof *restart);
        for (uint32_t i = 0; i < count; i++) {
            uint32_t local = cdn_view_find(view, from[i]);

            cdn_meter_charge(L, 1);
            if (local == CDN_NO_NUMBER) {
                cdn_scratch_release(L, mark);
                return luaL_error(L, "%s: a node to restart from is not in the view",
                                  method);
            }
            restart[local] = 1.0 / count;
        }
        how.restart = restart;
    }
    ranks = room_for(L, view);
    cdn_pagerank(ranks, L, view, &how);
    return give_scores(L, view, ranks, mark);
}

/* view:pagerank{ damping, iterations } */
CDN_RAISES static int view_pagerank(lua_State *L)
{
    return rank(L, "pagerank", 0, 2);
}

/* view:personalised_pagerank(node or set, { damping, iterations }) */
CDN_RAISES static int view_personalised(lua_State *L)
{
    return rank(L, "personalised_pagerank", 2, 3);
}

CDN_RAISES static int give_groups(lua_State *L, const struct cdn_view *view,
                                  const uint32_t *group, size_t mark)
{
    struct cdn_graph_run *run = cdn_check_run(L);
    struct cdn_groups *groups = cdn_groups_push(L, view, group);

    cdn_scratch_release(L, mark);
    cdn_note(run, groups->count);
    cdn_timing_end(&run->timing);
    return 1;
}

CDN_RAISES static uint32_t *groups_room(lua_State *L, const struct cdn_view *view)
{
    return cdn_scratch_alloc(L, ((size_t)view->node_count + 1) * sizeof(uint32_t));
}

/* view:components{ strong = false } */
CDN_RAISES static int view_components(lua_State *L)
{
    static const char *const known[] = {"strong", NULL};
    struct cdn_view *view = cdn_check_view(L, 1);
    struct cdn_graph_run *run = cdn_check_run(L);
    int at = cdn_check_options(L, 2, "components", known);
    bool strong = cdn_option_flag(L, at, "strong", false);
    size_t mark = cdn_scratch_mark(L);
    uint32_t *group;

    cdn_timing_begin(&run->timing);
    group = groups_room(L, view);
    if (strong)
        cdn_strong_components(group, L, view);
    else
        cdn_weak_components(group, L, view);
    return give_groups(L, view, group, mark);
}

/* view:label_propagation{ iterations = 10 } */
CDN_RAISES static int view_labels(lua_State *L)
{
    static const char *const known[] = {"iterations", NULL};
    struct cdn_view *view = cdn_check_view(L, 1);
    struct cdn_graph_run *run = cdn_check_run(L);
    int at = cdn_check_options(L, 2, "label_propagation", known);
    uint32_t rounds = (uint32_t)cdn_option_count(L, at, "iterations", LABEL_ROUNDS, 1,
                                                 ITERATIONS_MOST);
    size_t mark = cdn_scratch_mark(L);
    uint32_t *group;

    cdn_timing_begin(&run->timing);
    group = groups_room(L, view);
    cdn_label_propagation(group, L, view, rounds);
    return give_groups(L, view, group, mark);
}

/* view:triangles() -> how many, through each node */
CDN_RAISES static int view_triangles(lua_State *L)
{
    struct cdn_view *view = cdn_check_view(L, 1);
    struct cdn_graph_run *run = cdn_check_run(L);
    size_t mark = cdn_scratch_mark(L);
    double *through;
    double total;

    cdn_timing_begin(&run->timing);
    through = room_for(L, view);
    total = cdn_triangles(through, L, view);
    cdn_push_number(L, run, total);
    return 1 + give_scores(L, view, through, mark);
}

CDN_RAISES static int view_clustering(lua_State *L)
{
    struct cdn_view *view = cdn_check_view(L, 1);
    struct cdn_graph_run *run = cdn_check_run(L);
    size_t mark = cdn_scratch_mark(L);
    double *coefficients;

    cdn_timing_begin(&run->timing);
    coefficients = room_for(L, view);
    cdn_clustering(coefficients, L, view);
    return give_scores(L, view, coefficients, mark);
}

CDN_RAISES static int view_cores(lua_State *L)
{
    struct cdn_view *view = cdn_check_view(L, 1);
    struct cdn_graph_run *run = cdn_check_run(L);
    size_t mark = cdn_scratch_mark(L);
    double *core;

    cdn_timing_begin(&run->timing);
    core = room_for(L, view);
    cdn_cores(core, L, view);
    return give_scores(L, view, core, mark);
}

/* view:k_core(k) -> the nodes whose core number is k or more */
CDN_RAISES static int view_k_core(lua_State *L)
{
    struct cdn_view *view = cdn_check_view(L, 1);
    struct cdn_graph_run *run = cdn_check_run(L);
    uint64_t k = cdn_check_count(L, 2, "k_core");
    size_t mark = cdn_scratch_mark(L);
    uint32_t *nodes;
    uint32_t count = 0;
    double *core;

    cdn_timing_begin(&run->timing);
    core = room_for(L, view);
    nodes = groups_room(L, view);
    cdn_cores(core, L, view);
    cdn_meter_charge(L, view->node_count / 4);
    for (uint32_t v = 0; v < view->node_count; v++)
        if (core[v] >= (double)k)
            nodes[count++] = view->nodes[v];
    cdn_nodes_push(L, CDN_UP_NODES, nodes, count)->depth = view->depth;
    cdn_scratch_release(L, mark);
    cdn_note(run, count);
    cdn_timing_end(&run->timing);
    return 1;
}

/* view:degree{ direction = "both" } */
CDN_RAISES static int view_degree(lua_State *L)
{
    static const char *const known[] = {"direction", NULL};
    struct cdn_view *view = cdn_check_view(L, 1);
    struct cdn_graph_run *run = cdn_check_run(L);
    int at = cdn_check_options(L, 2, "degree", known);
    enum cdn_direction direction = cdn_option_direction(L, at, CDN_BOTH);
    size_t mark = cdn_scratch_mark(L);
    double *degree;

    cdn_timing_begin(&run->timing);
    degree = room_for(L, view);
    cdn_degrees(degree, L, view, direction);
    return give_scores(L, view, degree, mark);
}

/* view:betweenness{ sources = all, seed = 0 } */
CDN_RAISES static int view_betweenness(lua_State *L)
{
    static const char *const known[] = {"sources", "seed", NULL};
    struct cdn_view *view = cdn_check_view(L, 1);
    struct cdn_graph_run *run = cdn_check_run(L);
    int at = cdn_check_options(L, 2, "betweenness", known);
    uint32_t sources =
        (uint32_t)cdn_option_count(L, at, "sources", UINT32_MAX, 1, UINT32_MAX);
    uint64_t seed = cdn_option_count(L, at, "seed", 0, 0, UINT64_C(1) << 53);
    size_t mark = cdn_scratch_mark(L);
    double *through;

    cdn_timing_begin(&run->timing);
    through = room_for(L, view);
    cdn_betweenness(through, L, view, sources, seed);
    return give_scores(L, view, through, mark);
}

const struct cdn_method cdn_view_methods[] = {
    {"count", view_count},
    {"edge_count", view_edges},
    {"contains", view_contains},
    {"nodes", view_nodes},
    {"bfs", view_bfs},
    {"sssp", view_sssp},
    {"pagerank", view_pagerank},
    {"personalised_pagerank", view_personalised},
    {"components", view_components},
    {"label_propagation", view_labels},
    {"triangles", view_triangles},
    {"clustering", view_clustering},
    {"cores", view_cores},
    {"k_core", view_k_core},
    {"degree", view_degree},
    {"betweenness", view_betweenness},
    {NULL, NULL},
};
