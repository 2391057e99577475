/* Node and edge handles: the metatable that all light userdata share.
 *
 * A read is one C call and one table look-up, which gives a method (a function), a
 * field (a negative number) or a property (its slot).  Only graph/ makes light userdata
 * in this sandbox, so the bits of a handle can be trusted; what they point at is
 * checked again. */
#include "graph/lua_common.h"

#include <stdio.h>
#include <string.h>

#include "graph/depth.h"
#include "graph/scan.h"
#include "sandbox/library.h"

enum field {
    FIELD_KEY = -1,
    FIELD_LABEL = -2,
    FIELD_SOURCE = -3,
    FIELD_TARGET = -4,
    FIELD_TIME = -5,
    FIELD_TYPE = -6
};

/* Upvalue of handle_index after the three tables: methods, fields and slots by name. */
#define UP_FIELDS lua_upvalueindex(4)

static const struct {
    const char *name;
    enum field field;
} fields[] = {
    {"key", FIELD_KEY},       {"label", FIELD_LABEL}, {"source", FIELD_SOURCE},
    {"target", FIELD_TARGET}, {"time", FIELD_TIME},   {"type", FIELD_TYPE},
};

static uint64_t handle_at(lua_State *L, int index)
{
    return (uint64_t)(uintptr_t)lua_touserdata(L, index);
}

/* The node's label, which the rule must have declared.                    [-0, +0, e]
 */
CDN_RAISES static uint32_t readable_label(lua_State *L, struct cdn_graph_run *run,
                                          uint32_t node)
{
    uint32_t label = cdn_snapshot_label_of(run->snapshot, node);

    if (label >= run->snapshot->label_count)
        luaL_error(L, "this is no node of the graph");
    if (run->binding->label_kinds[label] < 0 && run->binding->restricted)
        luaL_error(L, "the label of this node is not in this rule's reads");
    if (run->binding->label_kinds[label] < 0)
        luaL_error(L, "label %s is not in this rule's reads; add %s = {} to it",
                   run->snapshot->schema.labels[label].name,
                   run->snapshot->schema.labels[label].name);
    return label;
}

const char *cdn_visible_key(const struct cdn_graph_run *run, uint32_t label,
                            uint32_t node, char room[24], char mask_room[CDN_MASK_ROOM],
                            size_t *bytes)
{
    const struct cdn_bound_mask *mask = cdn_bound_key_mask(run->binding, label);
    const char *key;

    if (mask && mask->held) {
        const struct cdn_label_data *data = &run->snapshot->labels[label];
        uint32_t local = node - data->base;

        return cdn_column_bytes(mask->held, local >> data->shift,
                                local & ((UINT32_C(1) << data->shift) - 1), bytes);
    }
    key = cdn_snapshot_key(run->snapshot, node, room, bytes);
    if (key && mask)
        *bytes =
            cdn_mask_text(&key, mask_room, run->binding->mask_key, mask, key, *bytes);
    return key;
}

void cdn_push_node_key(lua_State *L, struct cdn_graph_run *run, uint32_t node)
{
    char room[24], mask_room[CDN_MASK_ROOM];
    size_t bytes;
    const char *key;
    uint32_t label = readable_label(L, run, node);

    if (cdn_bound_key_mask(run->binding, label))
        cdn_meter_charge(L, 64);
    key = cdn_visible_key(run, label, node, room, mask_room, &bytes);
    if (!key)
        cdn_raise_damaged(L, "a key is out of range");
    if (bytes >= 64)
        cdn_meter_charge(L, bytes / 64);
    cdn_note(run, cdn_hash_xxh3(key, bytes));
    cdn_meter_push_text(L, key, bytes);
}

CDN_RAISES static void push_text(lua_State *L, struct cdn_graph_run *run,
                                 const char *text)
{
    size_t bytes = strlen(text);

    cdn_note(run, cdn_hash_xxh3(text, bytes));
    cdn_meter_push_text(L, text, bytes);
}

CDN_RAISES static int node_index(lua_State *L, struct cdn_graph_run *run, uint32_t node)
{
    char quoted[CDN_QUOTE_BYTES];
    uint32_t label;
    int field;

    if (lua_type(L, 3) == LUA_TFUNCTION)
        return 1;
    label = readable_label(L, run, node);
    field = (int)lua_tointeger(L, 3);
    if (field > 0) {
        const struct cdn_label_data *data = &run->snapshot->labels[label];
        size_t row = (size_t)label * run->binding->stride;
        int32_t number = run->binding->label_columns[row + (uint32_t)field - 1];
        uint32_t local = node - data->base;

        if (number >= 0) {
            cdn_push_cell(L, run, &data->columns[number], local >> data->shift,
                          local & ((UINT32_C(1) << data->shift) - 1));
            return 1;
        }
        if (number == CDN_COLUMN_MASKED) {
            cdn_push_masked(
                L, run, cdn_mask_of(run->binding, false, label, (uint32_t)field - 1),
                local >> data->shift, local & ((UINT32_C(1) << data->shift) - 1));
            return 1;
        }
    }
    if (field == FIELD_KEY) {
        cdn_push_node_key(L, run, node);
        return 1;
    }
    if (field == FIELD_LABEL) {
        push_text(L, run, run->snapshot->schema.labels[label].name);
        return 1;
    }
    if (lua_type(L, 2) != LUA_TSTRING)
        luaL_error(L, "a node has no fields of type %s", luaL_typename(L, 2));
    cdn_raise_label_property(L, run, label, cdn_quote(L, 2, quoted));
}

CDN_RAISES static int edge_field(lua_State *L, struct cdn_graph_run *run,
                                 const struct cdn_edge_place *place, int field)
{
    const struct cdn_relation *relation = place->relation;
    const uint32_t *peers;
    const int64_t *times;
    uint32_t target;

    switch (field) {
    case FIELD_SOURCE:
        cdn_note(run, 1);
        cdn_graph_push_node(L, place->source);
        return 1;
    case FIELD_TARGET:
        peers = cdn_adjacency_peers(&relation->outgoing, place->block);
        if (!peers)
            cdn_raise_damaged(L, "a list's segment");
        target = peers[place->index];
        if (!cdn_peer_valid(target, relation->target_base, relation->target_count))
            cdn_raise_damaged(L, "a node index is out of range");
        cdn_note(run, 1);
        cdn_graph_push_node(L, target);
        return 1;
    case FIELD_TIME:
        if (!relation->outgoing.times) {
            lua_pushnil(L);
            return 1;
        }
        times = cdn_adjacency_times(&relation->outgoing, place->block);
        if (!times)
            cdn_raise_damaged(L, "a time column's segment");
        cdn_push_number(L, run, (double)times[place->index]);
        return 1;
    case FIELD_TYPE:
        push_text(L, run, relation->schema->type);
        return 1;
    default:
        return 0;
    }
}

CDN_RAISES static int edge_index(lua_State *L, struct cdn_graph_run *run, uint64_t edge)
{
    struct cdn_edge_place place;
    char quoted[CDN_QUOTE_BYTES];
    int field = (int)lua_tointeger(L, 3);
    int pushed;

    if (!cdn_snapshot_edge(run->snapshot, edge, field == FIELD_SOURCE, &place))
        cdn_raise_damaged(L, "an edge number is out of range");
    if (run->binding->relation_kinds[place.relation_number] < 0)
        luaL_error(L, "edge type '%s' is not in this rule's reads; add %s = {} to it",
                   place.relation->schema->type, place.relation->schema->type);
    if (field > 0) {
        size_t row = (size_t)place.relation_number * run->binding->stride;
        int32_t number = run->binding->relation_columns[row + (uint32_t)field - 1];

        if (number >= 0) {
            cdn_push_cell(L, run, &place.relation->outgoing.columns[number],
                          place.block, place.index);
            return 1;
        }
        if (number == CDN_COLUMN_MASKED) {
            cdn_push_masked(L, run,
                            cdn_mask_of(run->binding, true, place.relation_number,
                                        (uint32_t)field - 1),
                            place.block, place.index);
            return 1;
        }
        if (number == CDN_COLUMN_ABSENT) {
            /* another label pair of this edge type has it */
            cdn_note(run, 0);
            lua_pushnil(L);
            return 1;
        }
    }
    pushed = edge_field(L, run, &place, field);
    if (pushed)
        return pushed;
    if (lua_type(L, 2) != LUA_TSTRING)
        luaL_error(L, "an edge has no fields of type %s", luaL_typename(L, 2));
    if (lua_type(L, 3) == LUA_TFUNCTION)
        luaL_error(L, "no method '%s' on edge; it has source, target, time, type",
                   lua_tostring(L, 2));
    cdn_raise_relation_property(L, run, place.relation_number, cdn_quote(L, 2, quoted));
}

CDN_RAISES static int expand(lua_State *L, enum cdn_direction direction,
                             const char *method)
{
    struct cdn_graph_run *run = cdn_check_run(L);
    uint32_t node = cdn_check_node(L, 1, method);
    uint32_t kind = cdn_check_type(L, 2, run);
    struct cdn_edges *set = cdn_edges_push(L, CDN_UP_EDGES, 0);

    set->direction = (uint8_t)direction;
    set->kind = (uint8_t)kind;
    set->node_count = 1;
    set->node = node;
    set->nodes = NULL;
    set->depth = 1 + cdn_depth_of(L, cdn_meter_of(L), node);
    return 1;
}

CDN_RAISES static int node_outgoing(lua_State *L)
{
    return expand(L, CDN_OUTGOING, "outgoing");
}

CDN_RAISES static int node_incoming(lua_State *L)
{
    return expand(L, CDN_INCOMING, "incoming");
}

CDN_RAISES static int node_both(lua_State *L)
{
    return expand(L, CDN_BOTH, "both");
}

CDN_QUICK(node_outgoing)
CDN_QUICK(node_incoming)
CDN_QUICK(node_both)

static const struct cdn_method methods[] = {
    {"outgoing", node_outgoing_quick},
    {"incoming", node_incoming_quick},
    {"both", node_both_quick},
    {NULL, NULL},
};

/* The name at 2 is not in the table of fields: put there what the image left out.  In place
 * of the nil on top.                                                       [-1, +1, m] */
CDN_RAISES static void late_field(lua_State *L)
{
    const struct cdn_method *method = cdn_find_method(L, 2, methods);
    bool found = method != NULL;

    if (method) {
        lua_pop(L, 1);
        cdn_push_method(L, CDN_UP_NAMES, method);
    }
    for (size_t i = 0; i < sizeof fields / sizeof fields[0] && !found; i++) {
        if (!cdn_is_name(L, 2, fields[i].name))
            continue;
        found = true;
        lua_pop(L, 1);
        lua_pushinteger(L, fields[i].field);
    }
    if (!found)
        return;
    lua_pushvalue(L, 2);
    lua_pushvalue(L, -2);
    lua_rawset(L, UP_FIELDS);
}

/* handle.<field> */
CDN_RAISES static int handle_index(lua_State *L)
{
    struct cdn_graph_run *run = cdn_check_run(L);
    uint64_t since = cdn_timing_quick(&run->timing);
    uint64_t handle = handle_at(L, 1);
    int count;

    lua_pushvalue(L, 2);
    lua_rawget(L, UP_FIELDS);
    if (lua_isnil(L, 3))
        late_field(L);
    if (handle & CDN_EDGE_TAG)
        count = edge_index(L, run, handle & (CDN_EDGE_TAG - 1));
    else if (handle >> 32 != CDN_NODE_TAG >> 32)
        return luaL_error(L, "attempt to index a value that is no node and no edge");
    else
        count = node_index(L, run, (uint32_t)handle);
    if (since)
        cdn_timing_quick_end(&run->timing, since);
    return count;
}

CDN_RAISES static int handle_read_only(lua_State *L)
{
    return luaL_error(L, "%s is read-only",
                      handle_at(L, 1) & CDN_EDGE_TAG ? "edge" : "node");
}

/* "Account:123", or "transfer 1 -> 2". */
CDN_RAISES static int handle_tostring(lua_State *L)
{
    struct cdn_graph_run *run = cdn_check_run(L);
    uint64_t handle = handle_at(L, 1);
    struct cdn_edge_place place;

    if (!(handle & CDN_EDGE_TAG)) {
        uint32_t label = readable_label(L, run, (uint32_t)handle);

        lua_pushfstring(L, "%s:", run->snapshot->schema.labels[label].name);
        cdn_push_node_key(L, run, (uint32_t)handle);
        lua_concat(L, 2);
        return 1;
    }
    if (!cdn_snapshot_edge(run->snapshot, handle & (CDN_EDGE_TAG - 1), false, &place))
        cdn_raise_damaged(L, "an edge number is out of range");
    lua_pushfstring(L, "edge %s", place.relation->schema->type);
    return 1;
}

CDN_QUICK(handle_tostring)

bool cdn_graph_encode_handle(lua_State *L, int index, struct cdn_packer *out)
{
    struct cdn_graph_run *run = cdn_slot_host(L);
    char room[24], mask_room[CDN_MASK_ROOM];
    const char *key;
    size_t bytes;
    uint32_t label;
    uint32_t node;

    if (!run || !run->snapshot || !cdn_graph_is_node(L, index, &node))
        return false;
    label = cdn_snapshot_label_of(run->snapshot, node);
    if (label >= run->snapshot->label_count || run->binding->label_kinds[label] < 0)
        return false;
    key = cdn_visible_key(run, label, node, room, mask_room, &bytes);
    if (!key) {
        run->damaged = true;
        return false;
    }
    cdn_note(run, cdn_hash_xxh3(key, bytes));
    cdn_pack_map(out, 2);
    cdn_pack_cstr(out, "key");
    cdn_pack_str(out, key, bytes);
    cdn_pack_cstr(out, "label");
    cdn_pack_cstr(out, run->snapshot->schema.labels[label].name);
    return true;
}

void cdn_handles_open(lua_State *L, int names, const struct cdn_names *declared)
{
    lua_pushlightuserdata(L, NULL);
    lua_newtable(L); /* the metatable */
    for (int i = 0; i < 3; i++)
        lua_pushvalue(L, names + i);
    lua_newtable(L);
    for (const struct cdn_method *method = methods; method->name; method++) {
        if (!cdn_library_named(L, method->name))
            continue;
        cdn_push_method(L, names, method);
        lua_setfield(L, -2, method->name);
    }
    for (uint32_t i = 0; i < declared->property_count; i++) {
        lua_getfield(L, -1, declared->properties[i]);
        if (lua_isnil(L, -1)) {
            lua_pushinteger(L, (lua_Integer)i + 1);
            lua_setfield(L, -3, declared->properties[i]);
        }
        lua_pop(L, 1);
    }
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        if (!cdn_library_named(L, fields[i].name))
            continue;
        lua_pushinteger(L, fields[i].field);
        lua_setfield(L, -2, fields[i].name);
    }
    lua_pushcclosure(L, handle_index, 4);
    lua_setfield(L, -2, "__index");
    lua_pushcfunction(L, handle_read_only);
    lua_setfield(L, -2, "__newindex");
    lua_pushcfunction(L, handle_tostring_quick);
    lua_setfield(L, -2, "__tostring");
    lua_pushboolean(L, false);
    lua_setfield(L, -2, "__metatable");
    lua_setmetatable(L, -2);
    lua_pop(L, 1);
}
