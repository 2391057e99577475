/* Scores and groups as a rule sees them: what algorithms answer (scores.h).
 *
 * of size together  one instruction, and a binary search; the others one for four nodes that
 * they go over.  None reads an edge. */
#include "graph/scores.h"

#include <math.h>
#include <string.h>

#include "graph/aggregate.h"
#include "graph/lua_view.h"
#include "graph/numbering.h"

#define SLICE 4096

/* Before node number `i` of `count` is gone over. */
CDN_RAISES static inline void pay(lua_State *L, uint32_t i, uint32_t count)
{
    if (i % SLICE == 0)
        cdn_meter_charge(L, 1 + (count - i < SLICE ? count - i : SLICE) / 4);
}

/* ---- making and checking ---- */

struct cdn_scores *cdn_scores_push(lua_State *L, uint32_t count)
{
    struct cdn_scores *scores = lua_newuserdata(
        L, sizeof *scores + count * (sizeof(double) + sizeof(uint32_t)));

    scores->magic = CDN_SCORES_MAGIC;
    scores->count = count;
    scores->depth = 0;
    scores->nodes = (uint32_t *)(void *)(scores->values + count);
    cdn_set_object(L, CDN_OBJECT_SCORES);
    return scores;
}

struct cdn_scores *cdn_scores_push_view(lua_State *L, const struct cdn_view *view,
                                        const double *values)
{
    struct cdn_scores *scores;
    uint32_t count = 0;
    uint32_t at = 0;

    for (uint32_t i = 0; i < view->node_count; i++) {
        pay(L, i, view->node_count);
        count += isnan(values[i]) ? 0 : 1;
    }
    scores = cdn_scores_push(L, count);
    scores->depth = view->depth;
    for (uint32_t i = 0; i < view->node_count; i++) {
        if (isnan(values[i]))
            continue;
        scores->values[at] = values[i];
        scores->nodes[at++] = view->nodes[i];
    }
    return scores;
}

struct cdn_groups *cdn_groups_push(lua_State *L, const struct cdn_view *view,
                                   const uint32_t *group)
{
    uint32_t count = view->node_count;
    struct cdn_groups *groups =
        lua_newuserdata(L, sizeof *groups + 2 * (size_t)count * sizeof(uint32_t));

    cdn_meter_charge(L, count / 4);
    groups->magic = CDN_GROUPS_MAGIC;
    groups->count = count;
    groups->depth = view->depth;
    groups->nodes = groups->group + count;
    if (count) {
        memcpy(groups->group, group, count * sizeof *group);
        memcpy(groups->nodes, view->nodes, count * sizeof *view->nodes);
    }
    cdn_set_object(L, CDN_OBJECT_GROUPS);
    return groups;
}

/* A userdata of at least `bytes` that begins with the magic word, or an error. */
CDN_RAISES static void *check_object(lua_State *L, int index, size_t bytes,
                                     uint32_t magic, const char *what)
{
    uint32_t *object = lua_touserdata(L, index);

    if (!object || lua_objlen(L, index) < bytes || *object != magic)
        luaL_error(L, "%s expected here, not %s: call methods with ':'", what,
                   cdn_what(L, index));
    return object;
}

struct cdn_scores *cdn_check_scores(lua_State *L, int index)
{
    return check_object(L, index, sizeof(struct cdn_scores), CDN_SCORES_MAGIC,
                        "scores are");
}

struct cdn_groups *cdn_check_groups(lua_State *L, int index)
{
    return check_object(L, index, sizeof(struct cdn_groups), CDN_GROUPS_MAGIC,
                        "groups are");
}

struct cdn_view *cdn_check_view(lua_State *L, int index)
{
    return check_object(L, index, sizeof(struct cdn_view), CDN_VIEW_MAGIC, "a view is");
}

/* The place of a node in ascending `nodes`; CDN_NO_NUMBER: it is not there. */
static uint32_t find_node(const uint32_t *nodes, uint32_t count, uint32_t node)
{
    uint32_t low = 0;
    uint32_t high = count;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;

        if (nodes[middle] < node)
            low = middle + 1;
        else
            high = middle;
    }
    return low < count && nodes[low] == node ? low : CDN_NO_NUMBER;
}

/* Steps of an iterator: its two upvalues are the object and the number of the last step. */
CDN_RAISES static uint32_t next_step(lua_State *L)
{
    uint32_t at = (uint32_t)lua_tonumber(L, lua_upvalueindex(2));

    cdn_meter_charge(L, 1);
    lua_pushnumber(L, (double)at + 1);
    lua_replace(L, lua_upvalueindex(2));
    return at;
}

CDN_RAISES static int iterate(lua_State *L, lua_CFunction step)
{
    lua_settop(L, 1);
    lua_pushnumber(L, 0);
    lua_pushcclosure(L, step, 2);
    return 1;
}

/* ---- scores ---- */

CDN_RAISES static int scores_count(lua_State *L)
{
    struct cdn_scores *scores = cdn_check_scores(L, 1);

    cdn_push_number(L, cdn_check_run(L), scores->count);
    return 1;
}

/* scores:of(node) -> its number, nil if it has none */
CDN_RAISES static int scores_of(lua_State *L)
{
    struct cdn_scores *scores = cdn_check_scores(L, 1);
    struct cdn_graph_run *run = cdn_check_run(L);
    uint32_t at = find_node(scores->nodes, scores->count, cdn_check_node(L, 2, "of"));

    cdn_meter_charge(L, 1);
    cdn_note(run, at != CDN_NO_NUMBER);
    if (at == CDN_NO_NUMBER)
        lua_pushnil(L);
    else
        cdn_push_number(L, run, scores->values[at]);
    return 1;
}

CDN_RAISES static int scores_step(lua_State *L)
{
    struct cdn_scores *scores = lua_touserdata(L, lua_upvalueindex(1));
    struct cdn_graph_run *run = cdn_check_run(L);
    uint32_t at = next_step(L);

    cdn_note(run, at < scores->count);
    if (at >= scores->count)
        return 0;
    cdn_push_found(L, scores->nodes[at], scores->depth);
    cdn_push_number(L, run, scores->values[at]);
    return 2;
}

/* for node, value in scores:each() do, by label and key */
CDN_RAISES static int scores_each(lua_State *L)
{
    cdn_check_scores(L, 1);
    return iterate(L, scores_step);
}

/* scores:top(n) -> { { node =, value = }, ... }, the largest first, then by key */
CDN_RAISES static int scores_top(lua_State *L)
{
    struct cdn_scores *scores = cdn_check_scores(L, 1);
    struct cdn_graph_run *run = cdn_check_run(L);
    uint64_t most = cdn_check_count(L, 2, "top");
    struct cdn_ranking ranking = {.most = (uint32_t)most};
    size_t mark = cdn_scratch_mark(L);

    if (most > CDN_TABLE_MOST)
        luaL_error(L, "top gives at most %d nodes", CDN_TABLE_MOST);
    cdn_timing_begin(&run->timing);
    cdn_ranking_reserve(&ranking, L, scores->count);
    for (uint32_t i = 0; i < scores->count; i++) {
        struct cdn_ranked entry = {.number = scores->values[i],
                                   .node = scores->nodes[i]};

        pay(L, i, scores->count);
        cdn_ranking_offer(&ranking, &entry);
    }
    cdn_ranking_finish(&ranking, L);
    lua_createtable(L, (int)ranking.count, 0);
    for (uint32_t i = 0; i < ranking.count; i++) {
        cdn_meter_charge(L, 4);
        lua_createtable(L, 0, 2);
        cdn_push_found(L, ranking.items[i].node, scores->depth);
        lua_setfield(L, -2, "node");
        cdn_push_number(L, run, ranking.items[i].number);
        lua_setfield(L, -2, "value");
        lua_rawseti(L, -2, (int)i + 1);
    }
    cdn_note(run, ranking.count);
    cdn_scratch_release(L, mark);
    cdn_timing_end(&run->timing);
    return 1;
}

/* sum, avg, min and max, as those of an edge set. */
CDN_RAISES static int fold(lua_State *L, enum cdn_fold_kind kind, bool average)
{
    struct cdn_scores *scores = cdn_check_scores(L, 1);
    struct cdn_graph_run *run = cdn_check_run(L);
    struct cdn_fold result;
    double value;

    cdn_timing_begin(&run->timing);
    cdn_fold_init(&result, kind, false);
    for (uint32_t i = 0; i < scores->count; i += SLICE) {
        uint32_t count = scores->count - i < SLICE ? scores->count - i : SLICE;

        pay(L, i, scores->count);
        cdn_fold_run(&result, scores->values + i, count);
    }
    cdn_timing_end(&run->timing);
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

CDN_RAISES static int scores_sum(lua_State *L)
{
    return fold(L, CDN_FOLD_SUM, false);
}

CDN_RAISES static int scores_avg(lua_State *L)
{
    return fold(L, CDN_FOLD_SUM, true);
}

CDN_RAISES static int scores_min(lua_State *L)
{
    return fold(L, CDN_FOLD_MIN, false);
}

CDN_RAISES static int scores_max(lua_State *L)
{
    return fold(L, CDN_FOLD_MAX, false);
}

/* The nodes whose number is at least, or at most, the argument. */
CDN_RAISES static int pick(lua_State *L, const char *method, double sign)
{
    struct cdn_scores *scores = cdn_check_scores(L, 1);
    struct cdn_graph_run *run = cdn_check_run(L);
    size_t mark = cdn_scratch_mark(L);
    uint32_t count = 0;
    uint32_t *nodes;
    double bound;

    if (lua_type(L, 2) != LUA_TNUMBER)
        luaL_error(L, "%s expects a number, not %s", method, cdn_what(L, 2));
    bound = sign * lua_tonumber(L, 2);
    cdn_timing_begin(&run->timing);
    nodes = cdn_scratch_alloc(L, ((size_t)scores->count + 1) * sizeof *nodes);
    for (uint32_t i = 0; i < scores->count; i++) {
        pay(L, i, scores->count);
        if (sign * scores->values[i] >= bound)
            nodes[count++] = scores->nodes[i];
    }
    cdn_nodes_push(L, CDN_UP_NODES, nodes, count)->depth = scores->depth;
    cdn_scratch_release(L, mark);
    cdn_note(run, count);
    cdn_timing_end(&run->timing);
    return 1;
}

CDN_RAISES static int scores_at_least(lua_State *L)
{
    return pick(L, "at_least", 1);
}

CDN_RAISES static int scores_at_most(lua_State *L)
{
    return pick(L, "at_most", -1);
}

CDN_RAISES static int scores_nodes(lua_State *L)
{
    struct cdn_scores *scores = cdn_check_scores(L, 1);

    cdn_meter_charge(L, scores->count / 4);
    cdn_nodes_push(L, CDN_UP_NODES, scores->nodes, scores->count)->depth =
        scores->depth;
    return 1;
}

const struct cdn_method cdn_scores_methods[] = {
    {"count", scores_count},     {"of", scores_of},       {"each", scores_each},
    {"top", scores_top},         {"sum", scores_sum},     {"avg", scores_avg},
    {"min", scores_min},         {"max", scores_max},     {"at_least", scores_at_least},
    {"at_most", scores_at_most}, {"nodes", scores_nodes}, {NULL, NULL},
};

/* ---- groups ---- */

/* How many nodes each place's group has, in scratch memory. */
CDN_RAISES static uint32_t *count_members(lua_State *L, const struct cdn_groups *groups)
{
    size_t bytes = ((size_t)groups->count + 1) * sizeof(uint32_t);
    uint32_t *sizes = cdn_scratch_alloc(L, bytes);

    memset(sizes, 0, bytes);
    for (uint32_t i = 0; i < groups->count; i++) {
        pay(L, i, groups->count);
        sizes[groups->group[i]]++;
    }
    return sizes;
}

/* groups:count() -> how many groups there are */
CDN_RAISES static int groups_count(lua_State *L)
{
    struct cdn_groups *groups = cdn_check_groups(L, 1);
    size_t mark = cdn_scratch_mark(L);
    uint32_t *sizes = count_members(L, groups);
    uint32_t count = 0;

    for (uint32_t i = 0; i < groups->count; i++)
        count += sizes[i] ? 1 : 0;
    cdn_scratch_release(L, mark);
    cdn_push_number(L, cdn_check_run(L), count);
    return 1;
}

/* The place of the node at index; CDN_NO_NUMBER: it was not in the view. */
CDN_RAISES static uint32_t check_place(lua_State *L, const struct cdn_groups *groups,
                                       int index, const char *method)
{
    cdn_meter_charge(L, 1);
    return find_node(groups->nodes, groups->count, cdn_check_node(L, index, method));
}

/* groups:of(node) -> the node that names its group, nil if it was not in the view */
CDN_RAISES static int groups_of(lua_State *L)
{
    struct cdn_groups *groups = cdn_check_groups(L, 1);
    uint32_t at = check_place(L, groups, 2, "of");

    cdn_note(cdn_check_run(L), at != CDN_NO_NUMBER);
    if (at == CDN_NO_NUMBER)
        lua_pushnil(L);
    else
        cdn_push_found(L, groups->nodes[groups->group[at]], groups->depth);
    return 1;
}

/* groups:together(a, b) */
CDN_RAISES static int groups_together(lua_State *L)
{
    struct cdn_groups *groups = cdn_check_groups(L, 1);
    uint32_t a = check_place(L, groups, 2, "together");
    uint32_t b = check_place(L, groups, 3, "together");
    bool together = a != CDN_NO_NUMBER && b != CDN_NO_NUMBER &&
                    groups->group[a] == groups->group[b];

    cdn_note(cdn_check_run(L), together);
    lua_pushboolean(L, together);
    return 1;
}

CDN_RAISES static void push_members(lua_State *L, const struct cdn_groups *groups,
                                    uint32_t group)
{
    size_t mark = cdn_scratch_mark(L);
    uint32_t *nodes = cdn_scratch_alloc(L, ((size_t)groups->count + 1) * sizeof *nodes);
    uint32_t count = 0;

    for (uint32_t i = 0; i < groups->count; i++) {
        pay(L, i, groups->count);
        if (groups->group[i] == group)
            nodes[count++] = groups->nodes[i];
    }
    cdn_note(cdn_check_run(L), count);
    cdn_nodes_push(L, CDN_UP_NODES, nodes, count)->depth = groups->depth;
    cdn_scratch_release(L, mark);
}

/* groups:members(node) -> all nodes of its group; none if it was not in the view */
CDN_RAISES static int groups_members(lua_State *L)
{
    struct cdn_groups *groups = cdn_check_groups(L, 1);
    uint32_t at = check_place(L, groups, 2, "members");

    push_members(L, groups, at == CDN_NO_NUMBER ? CDN_NO_NUMBER : groups->group[at]);
    return 1;
}

/* groups:size(node) -> how many nodes its group has; 0 if it was not in the view */
CDN_RAISES static int groups_size(lua_State *L)
{
    struct cdn_groups *groups = cdn_check_groups(L, 1);
    uint32_t at = check_place(L, groups, 2, "size");
    uint32_t count = 0;

    for (uint32_t i = 0; at != CDN_NO_NUMBER && i < groups->count; i++) {
        pay(L, i, groups->count);
        count += groups->group[i] == groups->group[at] ? 1 : 0;
    }
    cdn_push_number(L, cdn_check_run(L), count);
    return 1;
}

/* groups:largest() -> the nodes of the largest group, of several the first named */
CDN_RAISES static int groups_largest(lua_State *L)
{
    struct cdn_groups *groups = cdn_check_groups(L, 1);
    size_t mark = cdn_scratch_mark(L);
    uint32_t *sizes = count_members(L, groups);
    uint32_t best = CDN_NO_NUMBER;

    for (uint32_t i = 0; i < groups->count; i++)
        if (sizes[i] && (best == CDN_NO_NUMBER || sizes[i] > sizes[best]))
            best = i;
    cdn_scratch_release(L, mark);
    push_members(L, groups, best);
    return 1;
}

/* Upvalues as scores_step()'s. */
CDN_RAISES static int groups_step(lua_State *L)
{
    struct cdn_groups *groups = lua_touserdata(L, lua_upvalueindex(1));
    uint32_t at = next_step(L);

    cdn_note(cdn_check_run(L), at < groups->count);
    if (at >= groups->count)
        return 0;
    cdn_push_found(L, groups->nodes[at], groups->depth);
    cdn_push_found(L, groups->nodes[groups->group[at]], groups->depth);
    return 2;
}

/* for node, name in groups:each() do, by label and key */
CDN_RAISES static int groups_each(lua_State *L)
{
    cdn_check_groups(L, 1);
    return iterate(L, groups_step);
}

const struct cdn_method cdn_groups_methods[] = {
    {"count", groups_count},     {"of", groups_of},     {"together", groups_together},
    {"members", groups_members}, {"size", groups_size}, {"largest", groups_largest},
    {"each", groups_each},       {NULL, NULL},
};
