/* Words for what a run reads and holds: see tell.h.
 *
 * A read's texts are put together on the C stack and copied into the trace; names of edge types
 * are copied too, as a trace outlives the snapshot. */
#include "graph/tell.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/time.h"
#include "graph/follow.h"
#include "graph/lua_common.h"
#include "graph/scores.h"
#include "graph/view.h"

/* ---- values ---- */

static void say_node(struct cdn_trace_words *words, const struct cdn_graph_run *run,
                     uint32_t node)
{
    char room[24], mask_room[CDN_MASK_ROOM];
    uint32_t label = cdn_snapshot_label_of(run->snapshot, node);
    const char *key;
    size_t bytes;

    if (label >= run->snapshot->label_count || run->binding->label_kinds[label] < 0) {
        cdn_trace_say(words, "a node of a label not in reads");
        return;
    }
    key = cdn_visible_key(run, label, node, room, mask_room, &bytes);
    cdn_trace_say(words, "%s:", run->snapshot->schema.labels[label].name);
    if (key)
        cdn_trace_say_text(words, key, bytes);
    else
        cdn_trace_say(words, "?"); /* damaged, which is told when the rule reads it */
}

/* "Account:1 -transfer-> Account:2" */
static void say_edge(struct cdn_trace_words *words, const struct cdn_graph_run *run,
                     uint64_t edge)
{
    const struct cdn_relation *relation;
    struct cdn_edge_place place;
    const uint32_t *peers;

    if (!cdn_snapshot_edge(run->snapshot, edge, true, &place) ||
        run->binding->relation_kinds[place.relation_number] < 0) {
        cdn_trace_say(words, "an edge");
        return;
    }
    relation = place.relation;
    peers = cdn_adjacency_peers(&relation->outgoing, place.block);
    say_node(words, run, place.source);
    cdn_trace_say(words, " -%s-> ", relation->schema->type);
    if (peers && cdn_peer_valid(peers[place.index], relation->target_base,
                                relation->target_count))
        say_node(words, run, peers[place.index]);
    else
        cdn_trace_say(words, "?"); /* damaged */
}

static const char *property_name(const struct cdn_graph_run *run,
                                 const struct cdn_bound_kind *kind, uint32_t slot)
{
    if (slot == CDN_SLOT_TIME)
        return kind->time ? kind->time->name : "time";
    return slot < run->names->property_count ? run->names->properties[slot] : "?";
}

static const char *compare_sign(uint8_t compare)
{
    return compare <= CDN_COMPARE_GE ? cdn_compare_signs[compare] : "?";
}

static void say_condition(struct cdn_trace_words *words,
                          const struct cdn_graph_run *run,
                          const struct cdn_bound_kind *kind,
                          const struct cdn_nodes *origin,
                          const struct cdn_operation *condition)
{
    cdn_trace_say(words, "%s %s ",
                  condition->kind == CDN_OPERATION_WINDOW
                      ? "time"
                      : property_name(run, kind, condition->slot),
                  compare_sign(condition->compare));
    switch ((enum cdn_operand)condition->operand) {
    case CDN_OPERAND_BOOLEAN:
        cdn_trace_say(words, "%s", condition->as.boolean ? "true" : "false");
        return;
    case CDN_OPERAND_NUMBER:
        cdn_trace_say_number(words, condition->as.number);
        return;
    case CDN_OPERAND_STRING:
        cdn_trace_say(words, "\"");
        cdn_trace_say_text(words, condition->as.text, condition->bytes);
        cdn_trace_say(words, "\"");
        return;
    case CDN_OPERAND_COLUMN:
        cdn_trace_say(words, "column %s",
                      origin && condition->as.column < origin->column_count
                          ? cdn_nodes_column_name(origin, condition->as.column)
                          : "?");
        return;
    }
}

static void say_time(struct cdn_trace_words *words, const char *word, int64_t ms)
{
    char time[40];

    cdn_trace_say(words, "%s %s", word, cdn_time_format(time, sizeof time, ms));
}

static void say_window(struct cdn_trace_words *words, int64_t low, int64_t high)
{
    if (low > high) {
        cdn_trace_say(words, "an empty window");
        return;
    }
    if (low != INT64_MIN)
        say_time(words, "since", low);
    if (low != INT64_MIN && high != INT64_MAX)
        cdn_trace_say(words, " ");
    if (high != INT64_MAX)
        say_time(words, "up to", high);
}

/* An operation but for the windows before the first cut, which narrow *low and *high. */
static void say_operations(struct cdn_trace_words *words,
                           const struct cdn_graph_run *run, const struct cdn_edges *set,
                           int64_t *low, int64_t *high)
{
    const struct cdn_bound_kind *kind = &run->binding->kinds[set->kind];
    bool cut = false;

    for (uint32_t i = 0; i < set->operation_count; i++) {
        const struct cdn_operation *operation = &set->operations[i];
        bool fixed = operation->kind == CDN_OPERATION_WINDOW &&
                     operation->operand != CDN_OPERAND_COLUMN;

        if (fixed && !cut) {
            *low = operation->as.window.low > *low ? operation->as.window.low : *low;
            *high =
                operation->as.window.high < *high ? operation->as.window.high : *high;
            continue;
        }
        cdn_trace_say(words, "%s", words->length ? ", " : "");
        switch ((enum cdn_operation_kind)operation->kind) {
        case CDN_OPERATION_WINDOW:
            if (fixed)
                say_window(words, operation->as.window.low, operation->as.window.high);
            else
                say_condition(words, run, kind, set->origin, operation);
            break;
        case CDN_OPERATION_WHERE:
            say_condition(words, run, kind, set->origin, operation);
            break;
        case CDN_OPERATION_LATEST:
        case CDN_OPERATION_EARLIEST:
        case CDN_OPERATION_LIMIT:
            cut = true;
            cdn_trace_say(words, "%s %" PRIu64,
                          operation->kind == CDN_OPERATION_LATEST     ? "latest"
                          : operation->kind == CDN_OPERATION_EARLIEST ? "earliest"
                                                                      : "limit",
                          operation->as.count);
            break;
        case CDN_OPERATION_LARGEST:
        case CDN_OPERATION_SMALLEST:
            cut = true;
            cdn_trace_say(
                words, "%s %" PRIu64 " by %s",
                operation->kind == CDN_OPERATION_LARGEST ? "largest" : "smallest",
                operation->as.count, property_name(run, kind, operation->slot));
            break;
        }
    }
}

static const char *direction_word(uint8_t direction)
{
    return direction == CDN_OUTGOING   ? "outgoing"
           : direction == CDN_INCOMING ? "incoming"
                                       : "both";
}

static void say_edge_set(struct cdn_trace_words *words, const struct cdn_graph_run *run,
                         const struct cdn_edges *set)
{
    int64_t low = INT64_MIN, high = INT64_MAX;
    struct cdn_trace_words refined = {.length = 0};

    cdn_trace_say(words, "%s %s of ", direction_word(set->direction),
                  run->names->kinds[set->kind].name);
    if (set->nodes)
        cdn_trace_say(words, "%" PRIu32 " nodes", set->node_count);
    else
        say_node(words, run, set->node);
    say_operations(&refined, run, set, &low, &high);
    if (low != INT64_MIN || high != INT64_MAX) {
        cdn_trace_say(words, ", ");
        say_window(words, low, high);
    }
    if (refined.length)
        cdn_trace_say(words, ", %s", refined.text);
}

static const char *say_object(struct cdn_trace_words *words,
                              const struct cdn_graph_run *run, const void *object,
                              size_t bytes)
{
    const struct cdn_edges *edges = object;
    const struct cdn_nodes *nodes = object;
    uint32_t magic = 0;

    if (bytes >= sizeof magic)
        memcpy(&magic, object, sizeof magic);
    switch (magic) {
    case CDN_EDGES_MAGIC:
        say_edge_set(words, run, edges);
        return "edge set";
    case CDN_NODES_MAGIC:
        cdn_trace_say(words, "%" PRIu32 " node%s", nodes->count,
                      nodes->count == 1 ? "" : "s");
        for (uint32_t i = 0; i < nodes->count && i < 3; i++) {
            cdn_trace_say(words, "%s", i ? ", " : ": ");
            say_node(words, run, nodes->items[i]);
        }
        cdn_trace_say(words, "%s", nodes->count > 3 ? ", ..." : "");
        return "node set";
    case CDN_VIEW_MAGIC:
        cdn_trace_say(words, "a view of %" PRIu32 " nodes",
                      ((const struct cdn_view *)object)->node_count);
        return "object";
    case CDN_SCORES_MAGIC:
        cdn_trace_say(words, "scores");
        return "object";
    case CDN_GROUPS_MAGIC:
        cdn_trace_say(words, "groups");
        return "object";
    default: /* graph and request, which are the same in every run */
        return NULL;
    }
}

const char *cdn_tell_value(void *ud, lua_State *L, int index, char *out, size_t size)
{
    const struct cdn_graph_run *run = ud;
    struct cdn_trace_words words = {.length = 0};
    const char *type;
    uint32_t node;

    words.text[0] = '\0';
    if (!run->snapshot || !run->binding || !run->binding->snapshot)
        return NULL;
    if (cdn_graph_is_node(L, index, &node)) {
        say_node(&words, run, node);
        type = "node";
    } else if (lua_type(L, index) == LUA_TLIGHTUSERDATA) {
        say_edge(&words, run,
                 (uint64_t)(uintptr_t)lua_touserdata(L, index) & (CDN_EDGE_TAG - 1));
        type = "edge";
    } else {
        type = say_object(&words, run, lua_touserdata(L, index), lua_objlen(L, index));
    }
    snprintf(out, size, "%s", words.text);
    return type;
}

uint64_t cdn_tell_native_ns(void *ud)
{
    const struct cdn_graph_run *run = ud;

    return cdn_ticks_to_ns(cdn_timing_total(
        &run->timing, run->meter && run->meter->stop != CDN_STOP_NONE));
}

/* ---- reads ---- */

/* A copy that lives as long as the trace's own; "" where there is no room. */
static const char *kept(cordon_trace *trace, const char *text)
{
    const char *copy = text[0] ? cdn_trace_text(trace, text, strlen(text)) : "";

    return copy ? copy : "";
}

/* What the function on top is called among the methods of what stands at 1; NULL: it is none
 * of them.  The name is the methods' own. */
static const char *own_name(lua_State *L)
{
    const char *name = NULL;
    int top = lua_gettop(L);

    if (!lua_isuserdata(L, 1) || !lua_getmetatable(L, 1))
        return NULL;
    /* __index, and nothing else, is a table there; to ask for it would make a string */
    lua_pushnil(L);
    while (!lua_istable(L, -1) && lua_next(L, top + 1)) {
        if (!lua_istable(L, -1))
            lua_pop(L, 1);
    }
    if (lua_istable(L, -1) && lua_gettop(L) > top + 1) {
        int methods = lua_gettop(L);

        lua_pushnil(L);
        while (!name && lua_next(L, methods)) {
            if (lua_rawequal(L, -1, top) && lua_type(L, -2) == LUA_TSTRING)
                name = lua_tolstring(L, -2, NULL);
            lua_pop(L, 1);
        }
    }
    lua_settop(L, top);
    return name;
}

/* What the method that runs is called.  What its caller calls it is asked only where it is not
 * known: a rule may give it any name, and a function that returns what it gives has its own. */
static const char *method_name(cordon_trace *trace, lua_State *L)
{
    const char *name;
    lua_Debug frame;

    if (!lua_getstack(L, 0, &frame) || !lua_getinfo(L, "nf", &frame))
        return "";
    name = own_name(L);
    if (!name)
        name = frame.name ? frame.name : "";
    lua_pop(L, 1);
    name = cdn_trace_name(trace, name);
    return name ? name : "";
}

cordon_trace_read *cdn_tell_scan(const struct cdn_scan *scan)
{
    const struct cdn_graph_run *run = scan->run;
    const struct cdn_edges *set = scan->set;
    cordon_trace *trace = run->trace;
    cordon_trace_read *read = cdn_trace_open_read(trace, scan->meter->edges);
    struct cdn_trace_words node = {.length = 0}, refined = {.length = 0};

    if (!read)
        return NULL;
    refined.text[0] = '\0';
    if (scan->node_count)
        say_node(&node, run, scan->nodes[0]);
    else
        cdn_trace_say(&node, "no node");
    read->method = method_name(trace, scan->L);
    read->type = kept(trace, run->names->kinds[set->kind].name);
    read->node = kept(trace, node.text);
    read->nodes = scan->node_count;
    read->direction = (cordon_trace_direction)set->direction;
    if (run->as_of_ms != INT64_MAX && scan->kind->has_time)
        read->to_ms = run->as_of_ms;
    say_operations(&refined, run, set, &read->from_ms, &read->to_ms);
    read->refined = kept(trace, refined.text);
    return read;
}

void cdn_tell_follow(struct cdn_follow *follow)
{
    const struct cdn_graph_run *run = follow->run;
    cordon_trace *trace = run->trace;
    cordon_trace_read *read = cdn_trace_open_read(trace, follow->meter->edges);
    struct cdn_trace_words types = {.length = 0}, refined = {.length = 0};

    if (!read)
        return;
    refined.text[0] = '\0';
    for (uint32_t t = 0; t < follow->type_count; t++) {
        const struct cdn_follow_type *type = &follow->types[t];

        cdn_trace_say(&types, "%s%s", t ? ", " : "",
                      run->names->kinds[type->kind - run->binding->kinds].name);
        for (uint32_t i = 0; i < type->condition_count; i++) {
            cdn_trace_say(&refined, "%s", refined.length ? ", " : "");
            say_condition(&refined, run, type->kind, NULL, &type->conditions[i]);
        }
        if (t == 0 || type->low < read->from_ms)
            read->from_ms = type->low;
        if (t == 0 || type->high > read->to_ms)
            read->to_ms = type->high;
    }
    if (run->as_of_ms < read->to_ms)
        read->to_ms = run->as_of_ms;
    read->method = method_name(trace, follow->L);
    read->type = kept(trace, types.text);
    read->refined = kept(trace, refined.text);
    follow->scan.read = read;
}

void cdn_tell_arm(const struct cdn_arm *arm)
{
    const struct cdn_follow *follow = arm->follow;
    cordon_trace_read *read = follow->scan.read;
    struct cdn_trace_words node = {.length = 0};

    if (!read->nodes++) {
        say_node(&node, follow->run, arm->node);
        read->node = kept(follow->run->trace, node.text);
        read->direction = (cordon_trace_direction)arm->direction;
    } else if (read->direction != (cordon_trace_direction)arm->direction) {
        read->direction = CORDON_TRACE_BOTH; /* a search from both ends */
    }
}
