/* Searches over the graph itself, as methods of `graph`: no view is made.
 *
 *   shortest_path paths cycles               ways from node to node (path.h)
 *   common_neighbours jaccard adamic_adar    how alike two nodes are (similar.h)
 *   personalised_pagerank random_walk        what is near a node (similar.h)
 *   ego view                                 a piece to run algorithms on (lua_view.c)
 *
 * All charge edges read: one for every list probed and one for every edge looked at. */
#include <math.h>
#include <string.h>

#include "graph/lua_options.h"
#include "graph/lua_view.h"
#include "graph/path.h"
#include "graph/depth.h"
#include "graph/similar.h"

#define PATH_HOPS     4
#define PATH_LIMIT    100
#define DAMPING       0.85
#define EPSILON       1e-4
#define EPSILON_LEAST 1e-12
#define WALK_STEPS    10

/* ---- handing ways to Lua ---- */

/* Push { nodes =, edges =, hops = }. */
CDN_RAISES static void push_way(lua_State *L, const struct cdn_follow *follow,
                                uint32_t hops, const uint32_t *nodes,
                                const uint64_t *edges)
{
    cdn_meter_charge(L, 4 + 2 * (uint64_t)hops);
    lua_createtable(L, 0, 4);
    lua_createtable(L, (int)hops + 1, 0);
    for (uint32_t i = 0; i <= hops; i++) {
        cdn_push_found(L, nodes[i], follow->depth + i);
        lua_rawseti(L, -2, (int)i + 1);
    }
    lua_setfield(L, -2, "nodes");
    lua_createtable(L, (int)hops, 0);
    for (uint32_t i = 0; i < hops; i++) {
        cdn_push_edge_handle(L, edges[i]);
        lua_rawseti(L, -2, (int)i + 1);
    }
    lua_setfield(L, -2, "edges");
    cdn_push_number(L, follow->run, hops);
    lua_setfield(L, -2, "hops");
}

/* graph:shortest_path(from, to, { edges, direction, weight, max_hops }) -> way or nil */
CDN_RAISES static int graph_shortest(lua_State *L)
{
    static const char *const known[] = {"edges", "direction", "weight", "max_hops",
                                        NULL};
    static const char *const method = "graph:shortest_path";
    struct cdn_graph_run *run = cdn_check_run(L);
    uint32_t from = cdn_check_node(L, 2, method);
    uint32_t to = cdn_check_node(L, 3, method);
    int at = cdn_check_options(L, 4, method, known);
    enum cdn_direction direction = cdn_option_direction(L, at, CDN_OUTGOING);
    uint64_t granted = run->binding->max_hops ? run->binding->max_hops : UINT32_MAX;
    uint64_t hops = cdn_option_count(L, at, "max_hops", granted, 0, UINT32_MAX);
    struct cdn_follow follow;
    struct cdn_path path = {0};
    uint64_t bad = 0;
    size_t mark;
    enum cdn_shortest how;

    cdn_check_hops(L, run, method, hops);
    cdn_option_follow(&follow, L, at);
    follow.depth = cdn_depth_of(L, follow.meter, from);
    if (follow.weight != CDN_NO_SLOT) {
        cdn_check_hops(L, run, "graph:shortest_path by weight", UINT32_MAX);
        if (hops != granted)
            luaL_error(L, "%s: max_hops does not go with weight", method);
    }
    cdn_timing_begin(&run->timing);
    mark = cdn_scratch_mark(L);
    if (follow.weight != CDN_NO_SLOT)
        how = cdn_lightest(&path, &bad, &follow, from, to, direction);
    else
        how = cdn_shortest(&path, &follow, from, to, direction, hops)
                  ? CDN_SHORTEST_FOUND
                  : CDN_SHORTEST_NONE;
    if (how == CDN_SHORTEST_NEGATIVE) {
        cdn_scratch_release(L, mark);
        return luaL_error(
            L,
            "%s: a weight is negative; of weights below 0 there may be no "
            "shortest way",
            method);
    }
    cdn_note(run, how == CDN_SHORTEST_FOUND);
    if (how == CDN_SHORTEST_NONE) {
        lua_pushnil(L);
    } else {
        push_way(L, &follow, path.hops, path.nodes, path.edges);
        cdn_push_number(L, run, path.length);
        lua_setfield(L, -2, "length");
    }
    cdn_scratch_release(L, mark);
    cdn_timing_end(&run->timing);
    return 1;
}

/* The options that paths and cycles share. */
CDN_RAISES static void read_trails(struct cdn_trails_how *how,
                                   struct cdn_follow *follow, lua_State *L, int at,
                                   const char *method, uint32_t least)
{
    struct cdn_graph_run *run = cdn_check_run(L);
    uint64_t exact = cdn_option_count(L, at, "hops", 0, 1, CDN_TRAIL_HOPS);
    uint64_t most = cdn_option_count(L, at, "max_hops", exact ? exact : PATH_HOPS, 1,
                                     CDN_TRAIL_HOPS);
    uint64_t usual = exact ? exact : least < most ? least : most;

    cdn_option_follow(follow, L, at);
    follow->depth = cdn_depth_of(L, follow->meter, how->from);
    how->max_hops = (uint32_t)(exact ? exact : most);
    how->min_hops = (uint32_t)cdn_option_count(L, at, "min_hops", usual, 1, most);
    cdn_check_hops(L, run, method, how->max_hops);
    how->ordered = cdn_option_flag(L, at, "ordered", false);
    how->spans = cdn_option(L, at, "within");
    lua_settop(L, at ? at : lua_gettop(L));
    how->within = (int64_t)floor(cdn_option_number(L, at, "within", 0, 0, 0x1p53));
    for (uint32_t t = 0; (how->ordered || how->spans) && t < follow->type_count; t++)
        if (!follow->types[t].kind->has_time)
            luaL_error(L, "%s: ordered and within need edges with a time column",
                       method);
    how->amount = cdn_option_property(L, at, "amount", follow);
    how->tolerant = cdn_option(L, at, "tolerance");
    lua_settop(L, at ? at : lua_gettop(L));
    how->ratio = 1 + cdn_option_number(L, at, "tolerance", 0, 0, 0x1p53);
    if (how->tolerant && how->amount == CDN_NO_SLOT)
        luaL_error(L, "%s: tolerance needs an amount, a numeric property of the edges",
                   method);
    how->keep = cdn_option_flag(L, at, "list", true);
    how->limit =
        cdn_option_count(L, at, "limit", how->keep ? PATH_LIMIT : UINT64_C(1) << 53, 1,
                         how->keep ? CDN_TABLE_MOST : UINT64_C(1) << 53);
}

/* Push { way, way ..., count =, largest = }. */
CDN_RAISES static int give_trails(lua_State *L, const struct cdn_follow *follow,
                                  const struct cdn_trails *found, bool amounts)
{
    struct cdn_graph_run *run = follow->run;
    const uint32_t *nodes = found->nodes;
    const uint64_t *edges = found->edges;

    lua_createtable(L, (int)found->kept, 2);
    for (uint64_t i = 0; i < found->kept; i++) {
        push_way(L, follow, found->hops[i], nodes, edges);
        if (amounts) {
            cdn_push_number(L, run, found->totals[i]);
            lua_setfield(L, -2, "total");
        }
        lua_rawseti(L, -2, (int)i + 1);
        nodes += found->hops[i] + 1;
        edges += found->hops[i];
    }
    cdn_push_number(L, run, (double)found->count);
    lua_setfield(L, -2, "count");
    if (found->any_total) {
        cdn_push_number(L, run, found->largest);
        lua_setfield(L, -2, "largest");
    }
    return 1;
}

CDN_RAISES static int run_trails(lua_State *L, struct cdn_follow *follow,
                                 const struct cdn_trails_how *how)
{
    struct cdn_graph_run *run = follow->run;
    struct cdn_trails found;
    size_t mark;

    cdn_timing_begin(&run->timing);
    mark = cdn_scratch_mark(L);
    cdn_trails(&found, follow, how);
    give_trails(L, follow, &found, how->amount != CDN_NO_SLOT);
    cdn_scratch_release(L, mark);
    cdn_timing_end(&run->timing);
    return 1;
}

/* graph:paths(from, to, { edges, direction, hops, min_hops, max_hops, ordered, within,
 *                         amount, tolerance, limit, list }) */
CDN_RAISES static int graph_paths(lua_State *L)
{
    static const char *const known[] = {"edges",     "direction", "hops",   "min_hops",
                                        "max_hops",  "ordered",   "within", "amount",
                                        "tolerance", "limit",     "list",   NULL};
    static const char *const method = "graph:paths";
    struct cdn_trails_how how = {.from = cdn_check_node(L, 2, method),
                                 .to = cdn_check_node(L, 3, method)};
    struct cdn_follow follow;
    int at = cdn_check_options(L, 4, method, known);

    if (how.from == how.to)
        luaL_error(L, "%s: both ends are the same node; graph:cycles finds ways back",
                   method);
    how.direction = cdn_option_direction(L, at, CDN_OUTGOING);
    read_trails(&how, &follow, L, at, method, 1);
    return run_trails(L, &follow, &how);
}

/* graph:cycles(node, the same options without direction); min_hops is 2 unless given */
CDN_RAISES static int graph_cycles(lua_State *L)
{
    static const char *const known[] = {"edges",   "hops",   "min_hops", "max_hops",
                                        "ordered", "within", "amount",   "tolerance",
                                        "limit",   "list",   NULL};
    static const char *const method = "graph:cycles";
    struct cdn_trails_how how = {.from = cdn_check_node(L, 2, method)};
    struct cdn_follow follow;
    int at = cdn_check_options(L, 3, method, known);

    how.to = how.from;
    how.direction = CDN_OUTGOING;
    read_trails(&how, &follow, L, at, method, 2);
    return run_trails(L, &follow, &how);
}

/* ---- likeness ---- */

/* The arguments of all three: two nodes and { edges, direction = "both" }. */
struct pair {
    uint32_t a;
    uint32_t b;
    enum cdn_direction direction;
    struct cdn_follow follow;
};

CDN_RAISES static void check_pair(struct pair *pair, lua_State *L, const char *method,
                                  uint32_t hops)
{
    static const char *const known[] = {"edges", "direction", NULL};
    int at = cdn_check_options(L, 4, method, known);

    pair->a = cdn_check_node(L, 2, method);
    pair->b = cdn_check_node(L, 3, method);
    pair->direction = cdn_option_direction(L, at, CDN_BOTH);
    cdn_option_follow(&pair->follow, L, at);
    pair->follow.depth = cdn_depth_of(L, pair->follow.meter, pair->a);
    if (cdn_depth_of(L, pair->follow.meter, pair->b) > pair->follow.depth)
        pair->follow.depth = cdn_depth_of(L, pair->follow.meter, pair->b);
    cdn_check_hops(L, pair->follow.run, method, hops);
    cdn_timing_begin(&pair->follow.run->timing);
}

/* graph:common_neighbours(a, b, options) -> node set, in the order of a's edges */
CDN_RAISES static int graph_common(lua_State *L)
{
    struct cdn_common common;
    struct pair pair;
    size_t mark = cdn_scratch_mark(L);

    check_pair(&pair, L, "graph:common_neighbours", 1);
    cdn_common(&common, &pair.follow, pair.a, pair.b, pair.direction);
    cdn_nodes_push(L, CDN_UP_NODES, common.nodes, common.count)->depth =
        pair.follow.depth + 1;
    cdn_scratch_release(L, mark);
    cdn_note(pair.follow.run, common.count);
    cdn_timing_end(&pair.follow.run->timing);
    return 1;
}

/* graph:jaccard(a, b, options) -> 0 to 1; 0 if neither has neighbours */
CDN_RAISES static int graph_jaccard(lua_State *L)
{
    struct cdn_common common;
    struct pair pair;
    size_t mark = cdn_scratch_mark(L);

    check_pair(&pair, L, "graph:jaccard", 1);
    cdn_common(&common, &pair.follow, pair.a, pair.b, pair.direction);
    cdn_scratch_release(L, mark);
    cdn_push_number(L, pair.follow.run,
                    common.either ? (double)common.count / common.either : 0);
    cdn_timing_end(&pair.follow.run->timing);
    return 1;
}

/* graph:adamic_adar(a, b, options) -> number */
CDN_RAISES static int graph_adamic_adar(lua_State *L)
{
    struct pair pair;
    size_t mark = cdn_scratch_mark(L);
    double sum;

    check_pair(&pair, L, "graph:adamic_adar", 2);
    sum = cdn_adamic_adar(&pair.follow, pair.a, pair.b, pair.direction);
    cdn_scratch_release(L, mark);
    cdn_push_number(L, pair.follow.run, sum);
    cdn_timing_end(&pair.follow.run->timing);
    return 1;
}

/* ---- walking ---- */

/* What was pushed, as scores in ascending order of nodes. */
CDN_RAISES static void push_pushed(lua_State *L, const struct cdn_follow *follow,
                                   const struct cdn_pushed *pushed)
{
    uint32_t *nodes =
        cdn_scratch_alloc(L, ((size_t)pushed->met.count + 1) * sizeof *nodes);
    struct cdn_scores *scores;
    uint32_t count = 0;

    for (uint32_t i = 0; i < pushed->met.count; i++) {
        cdn_meter_charge(L, 1);
        if (pushed->ranks[i] > 0)
            nodes[count++] = pushed->met.nodes[i];
    }
    cdn_sort_indices(L, nodes, count);
    scores = cdn_scores_push(L, count);
    scores->depth = follow->depth + pushed->farthest;
    for (uint32_t i = 0; i < count; i++) {
        cdn_meter_charge(L, 1);
        scores->nodes[i] = nodes[i];
        scores->values[i] = pushed->ranks[cdn_numbering_find(&pushed->met, nodes[i])];
    }
}

/* graph:personalised_pagerank(node or set, { damping, epsilon, edges, direction }) */
CDN_RAISES static int graph_personalised(lua_State *L)
{
    static const char *const known[] = {"damping", "epsilon", "edges", "direction",
                                        NULL};
    static const char *const method = "graph:personalised_pagerank";
    struct cdn_graph_run *run = cdn_check_run(L);
    uint32_t one;
    uint32_t count;
    uint32_t depth;
    const uint32_t *from = cdn_check_sources(&count, &one, &depth, L, 2, method);
    int at = cdn_check_options(L, 3, method, known);
    struct cdn_push how = {
        .damping = cdn_option_number(L, at, "damping", DAMPING, 0, 1 - 0x1p-20),
        .epsilon = cdn_option_number(L, at, "epsilon", EPSILON, EPSILON_LEAST, 1),
        .direction = cdn_option_direction(L, at, CDN_OUTGOING)};
    struct cdn_pushed pushed;
    struct cdn_follow follow;
    size_t mark;

    cdn_check_hops(L, run, method, UINT32_MAX);
    cdn_option_follow(&follow, L, at);
    follow.depth = depth;
    cdn_timing_begin(&run->timing);
    mark = cdn_scratch_mark(L);
    cdn_push_ranks(&pushed, &follow, from, count, &how);
    push_pushed(L, &follow, &pushed);
    cdn_scratch_release(L, mark);
    cdn_note(run, pushed.met.count);
    cdn_timing_end(&run->timing);
    return 1;
}

/* graph:random_walk(node, { steps, seed, edges, direction }) -> array of nodes */
CDN_RAISES static int graph_walk(lua_State *L)
{
    static const char *const known[] = {"steps", "seed", "edges", "direction", NULL};
    static const char *const method = "graph:random_walk";
    struct cdn_graph_run *run = cdn_check_run(L);
    uint32_t from = cdn_check_node(L, 2, method);
    int at = cdn_check_options(L, 3, method, known);
    uint32_t steps =
        (uint32_t)cdn_option_count(L, at, "steps", WALK_STEPS, 0, CDN_TABLE_MOST);
    uint64_t seed = cdn_option_count(L, at, "seed", 0, 0, UINT64_C(1) << 53);
    enum cdn_direction direction = cdn_option_direction(L, at, CDN_OUTGOING);
    struct cdn_follow follow;
    uint32_t *nodes;
    uint32_t count;
    size_t mark;

    cdn_check_hops(L, run, method, steps);
    cdn_option_follow(&follow, L, at);
    follow.depth = cdn_depth_of(L, follow.meter, from);
    cdn_timing_begin(&run->timing);
    mark = cdn_scratch_mark(L);
    nodes = cdn_scratch_alloc(L, ((size_t)steps + 1) * sizeof *nodes);
    count = cdn_random_walk(nodes, &follow, from, direction, steps, seed);
    lua_createtable(L, (int)count, 0);
    for (uint32_t i = 0; i < count; i++) {
        cdn_push_found(L, nodes[i], follow.depth + i + 1);
        lua_rawseti(L, -2, (int)i + 1);
    }
    cdn_scratch_release(L, mark);
    cdn_note(run, count);
    cdn_timing_end(&run->timing);
    return 1;
}

const struct cdn_method cdn_search_methods[] = {
    {"ego", cdn_graph_ego},
    {"view", cdn_graph_view},
    {"shortest_path", graph_shortest},
    {"paths", graph_paths},
    {"cycles", graph_cycles},
    {"common_neighbours", graph_common},
    {"jaccard", graph_jaccard},
    {"adamic_adar", graph_adamic_adar},
    {"personalised_pagerank", graph_personalised},
    {"random_walk", graph_walk},
    {NULL, NULL},
};
