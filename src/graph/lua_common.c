/* Names, messages and values shared by lua_*.c: see lua_common.h.
 *
 * The slow side of every look-up is here: what a name that is not declared might have
 * meant is only worked out when it is about to be an error. */
#include "graph/lua_common.h"

#include <math.h>
#include <string.h>

#include "base/error.h"
#include "base/suggest.h"
#include "graph/depth.h"
#include "graph/filter.h"
#include "graph/scan.h"
#include "graph/scores.h"
#include "sandbox/library.h"
#include "sandbox/transfer.h"

#define NULL_NOTE UINT64_C(0x6e696c)

struct cdn_graph_run *cdn_check_run(lua_State *L)
{
    struct cdn_graph_run *run = cdn_slot_host(L);

    if (!run || !run->snapshot || !run->binding || !run->binding->snapshot)
        luaL_error(L, "this run has no graph");
    return run;
}

void cdn_note_number(struct cdn_graph_run *run, double value)
{
    uint64_t bits;

    memcpy(&bits, &value, sizeof bits);
    cdn_note(run, bits);
}

const char *cdn_quote(lua_State *L, int index, char out[CDN_QUOTE_BYTES])
{
    size_t bytes = 0;
    const char *text;

    if (lua_type(L, index) != LUA_TSTRING)
        return lua_typename(L, lua_type(L, index));
    text = lua_tolstring(L, index, &bytes);
    return cdn_escape(out, CDN_QUOTE_BYTES, text, bytes);
}

const char *cdn_what(lua_State *L, int index)
{
    const struct cdn_edges *set;

    switch (lua_type(L, index)) {
    case LUA_TNONE:
        return "nothing";
    case LUA_TNIL:
        return "nil";
    case LUA_TBOOLEAN:
        return "a boolean";
    case LUA_TNUMBER:
        return "a number";
    case LUA_TSTRING:
        return "a string";
    case LUA_TTABLE:
        return "a table";
    case LUA_TFUNCTION:
        return "a function";
    case LUA_TLIGHTUSERDATA:
        return (uint64_t)(uintptr_t)lua_touserdata(L, index) & CDN_EDGE_TAG ? "an edge"
                                                                            : "a node";
    case LUA_TUSERDATA:
        set = lua_touserdata(L, index);
        if (lua_objlen(L, index) < sizeof set->magic)
            return "an object";
        return set->magic == CDN_EDGES_MAGIC    ? "an edge set"
               : set->magic == CDN_NODES_MAGIC  ? "a node set"
               : set->magic == CDN_VIEW_MAGIC   ? "a view"
               : set->magic == CDN_SCORES_MAGIC ? "scores"
               : set->magic == CDN_GROUPS_MAGIC ? "groups"
                                                : "graph or request";
    default:
        return "a coroutine";
    }
}

uint32_t cdn_name_number(lua_State *L, int index)
{
    uint32_t number;

    if (lua_type(L, index) != LUA_TSTRING)
        return 0;
    lua_pushvalue(L, index);
    lua_rawget(L, CDN_UP_NAMES);
    number = (uint32_t)lua_tointeger(L, -1);
    lua_pop(L, 1);
    return number;
}

static bool schema_has_type(const struct cdn_schema *schema, const char *name)
{
    for (uint32_t i = 0; i < schema->relation_count; i++)
        if (strcmp(schema->relations[i].type, name) == 0)
            return true;
    return false;
}

uint32_t cdn_check_type(lua_State *L, int index, struct cdn_graph_run *run)
{
    const struct cdn_schema *schema = &run->snapshot->schema;
    uint32_t kind = CDN_NAME_KIND(cdn_name_number(L, index));
    struct cdn_suggest suggest;
    char quoted[CDN_QUOTE_BYTES];
    char hint[160];
    const char *name;

    if (kind && run->binding->kinds[kind - 1].what == CDN_BOUND_TYPE)
        return kind - 1;
    if (lua_type(L, index) != LUA_TSTRING)
        luaL_error(L, "an edge type is a string, not %s", cdn_what(L, index));
    name = lua_tostring(L, index);
    cdn_quote(L, index, quoted);
    if (kind || cdn_schema_label(schema, name) >= 0)
        luaL_error(L, "'%s' is a label, not an edge type", quoted);
    if (schema_has_type(schema, name))
        luaL_error(L, "edge type '%s' is not in this rule's reads; add %s = {} to it",
                   quoted, quoted);
    cdn_suggest_init(&suggest, quoted);
    for (uint32_t i = 0; i < schema->relation_count; i++)
        cdn_suggest_offer(&suggest, schema->relations[i].type);
    luaL_error(L, "no edge type '%s'%s", quoted,
               cdn_suggest_text(&suggest, hint, sizeof hint));
    return 0;
}

uint32_t cdn_check_label(lua_State *L, int index, struct cdn_graph_run *run)
{
    const struct cdn_schema *schema = &run->snapshot->schema;
    uint32_t kind = CDN_NAME_KIND(cdn_name_number(L, index));
    struct cdn_suggest suggest;
    char quoted[CDN_QUOTE_BYTES];
    char hint[160];
    const char *name;

    if (kind && run->binding->kinds[kind - 1].what == CDN_BOUND_LABEL)
        return run->binding->kinds[kind - 1].label;
    if (lua_type(L, index) != LUA_TSTRING)
        luaL_error(L, "a label is a string, not %s", cdn_what(L, index));
    name = lua_tostring(L, index);
    cdn_quote(L, index, quoted);
    if (cdn_schema_label(schema, name) >= 0)
        luaL_error(L, "label %s is not in this rule's reads; add %s = {} to it", quoted,
                   quoted);
    if (schema_has_type(schema, name))
        luaL_error(L, "'%s' is an edge type, not a label", quoted);
    cdn_suggest_init(&suggest, quoted);
    for (uint32_t i = 0; i < schema->label_count; i++)
        cdn_suggest_offer(&suggest, schema->labels[i].name);
    luaL_error(L, "no label '%s'%s", quoted,
               cdn_suggest_text(&suggest, hint, sizeof hint));
    return 0;
}

/* `owner` NULL: any label. */
static _Noreturn void raise_property(lua_State *L, const char *owner, const char *name,
                                     bool exists, const struct cdn_suggest *suggest)
{
    char hint[160];

    if (exists && !owner)
        luaL_error(L,
                   "property '%s' is not in this rule's reads of any label; add \"%s\" "
                   "to reads under its label",
                   name, name);
    if (exists)
        luaL_error(L,
                   "property '%s' of %s is not in this rule's reads; add \"%s\" to "
                   "reads.%s",
                   name, owner, name, owner);
    luaL_error(L, "no property '%s' on %s%s", name, owner ? owner : "any label",
               cdn_suggest_text(suggest, hint, sizeof hint));
    __builtin_unreachable();
}

_Noreturn void cdn_raise_relation_property(lua_State *L, struct cdn_graph_run *run,
                                           uint32_t relation, const char *name)
{
    static const char *const fields[] = {"source", "target", "time", "type"};
    const struct cdn_schema *schema = &run->snapshot->schema;
    const char *type = schema->relations[relation].type;
    struct cdn_suggest suggest;
    bool exists = false;

    cdn_suggest_init(&suggest, name);
    for (uint32_t r = 0; r < schema->relation_count; r++) {
        const struct cdn_relation_schema *other = &schema->relations[r];

        for (uint32_t i = 0;
             strcmp(other->type, type) == 0 && i < other->property_count; i++) {
            exists = exists || strcmp(other->properties[i].name, name) == 0;
            cdn_suggest_offer(&suggest, other->properties[i].name);
        }
    }
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++)
        cdn_suggest_offer(&suggest, fields[i]);
    raise_property(L, type, name, exists, &suggest);
}

_Noreturn void cdn_raise_label_property(lua_State *L, struct cdn_graph_run *run,
                                        uint32_t label, const char *name)
{
    static const char *const fields[] = {"key", "label", "outgoing", "incoming",
                                         "both"};
    const struct cdn_label *schema = &run->snapshot->schema.labels[label];
    struct cdn_suggest suggest;
    bool exists = false;

    cdn_suggest_init(&suggest, name);
    for (uint32_t i = 0; i < schema->property_count; i++) {
        exists = exists || strcmp(schema->properties[i].name, name) == 0;
        cdn_suggest_offer(&suggest, schema->properties[i].name);
    }
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++)
        cdn_suggest_offer(&suggest, fields[i]);
    raise_property(L, schema->name, name, exists, &suggest);
}

/* Values that everything native keeps its hands off: comparing, sorting, summing or grouping
 * by one would tell it piece by piece. */
CDN_RAISES static _Noreturn void raise_masked(lua_State *L, const char *owner,
                                              const char *name)
{
    luaL_error(
        L,
        "property '%s' of %s is masked for this principal: it can be read, one value "
        "at a time, but not compared, sorted, folded or grouped by",
        name, owner);
    __builtin_unreachable();
}

uint32_t cdn_check_type_property(lua_State *L, int index, struct cdn_graph_run *run,
                                 uint32_t kind)
{
    const struct cdn_bound_kind *bound = &run->binding->kinds[kind];
    const char *type = run->names->kinds[kind].name;
    uint32_t slot = CDN_NAME_PROPERTY(cdn_name_number(L, index));
    char quoted[CDN_QUOTE_BYTES];
    const char *name;

    if (slot && bound->properties[slot - 1])
        return slot - 1;
    if (slot && (bound->masked >> (slot - 1) & 1))
        raise_masked(L, type, run->names->properties[slot - 1]);
    if (lua_type(L, index) != LUA_TSTRING)
        luaL_error(L, "a property's name is a string, not %s", cdn_what(L, index));
    name = lua_tostring(L, index);
    if (strcmp(name, "time") == 0) {
        if (!bound->has_time)
            luaL_error(L, "edge type '%s' has no time column", type);
        return CDN_SLOT_TIME;
    }
    cdn_raise_relation_property(
        L, run, (uint32_t)(bound->lists[0].relation - run->snapshot->relations),
        cdn_quote(L, index, quoted));
}

uint32_t cdn_check_node_property(lua_State *L, int index, struct cdn_graph_run *run)
{
    const struct cdn_schema *schema = &run->snapshot->schema;
    uint32_t slot = CDN_NAME_PROPERTY(cdn_name_number(L, index));
    struct cdn_suggest suggest;
    char quoted[CDN_QUOTE_BYTES];
    bool exists = false;

    /* masked for one label, it is out of reach for sets that may hold its nodes */
    for (uint32_t k = 0; slot && k < run->binding->kind_count; k++) {
        const struct cdn_bound_kind *kind = &run->binding->kinds[k];

        if (kind->what == CDN_BOUND_LABEL && (kind->masked >> (slot - 1) & 1))
            raise_masked(L, run->names->kinds[k].name,
                         run->names->properties[slot - 1]);
    }
    for (uint32_t k = 0; slot && k < run->binding->kind_count; k++) {
        const struct cdn_bound_kind *kind = &run->binding->kinds[k];

        if (kind->what == CDN_BOUND_LABEL && kind->properties[slot - 1])
            return slot - 1;
    }
    if (lua_type(L, index) != LUA_TSTRING)
        luaL_error(L, "a property's name is a string, not %s", cdn_what(L, index));
    cdn_suggest_init(&suggest, cdn_quote(L, index, quoted));
    for (uint32_t l = 0; l < schema->label_count; l++) {
        for (uint32_t i = 0; i < schema->labels[l].property_count; i++) {
            const char *name = schema->labels[l].properties[i].name;

            exists = exists || strcmp(name, quoted) == 0;
            if (run->binding->label_kinds[l] >= 0)
                cdn_suggest_offer(&suggest, name);
        }
    }
    raise_property(L, NULL, quoted, exists, &suggest);
}

uint64_t cdn_check_count(lua_State *L, int index, const char *method)
{
    double value = lua_tonumber(L, index);

    if (lua_type(L, index) != LUA_TNUMBER)
        luaL_error(L, "%s expects a whole number, not %s", method, cdn_what(L, index));
    if (!(value >= 0 && value <= 0x1p53 && floor(value) == value))
        luaL_error(L, "%s expects a whole number >= 0, not %f", method, value);
    return (uint64_t)value;
}

uint32_t cdn_check_column(lua_State *L, int index, const struct cdn_nodes *nodes,
                          const char *method)
{
    struct cdn_suggest suggest;
    char quoted[CDN_QUOTE_BYTES];
    char hint[160];
    const char *name;
    size_t bytes;
    int column;

    if (lua_type(L, index) != LUA_TSTRING)
        luaL_error(L, "%s expects the name of a column, not %s", method,
                   cdn_what(L, index));
    name = lua_tolstring(L, index, &bytes);
    cdn_quote(L, index, quoted);
    if (!nodes || nodes->column_count == 0)
        return (uint32_t)luaL_error(
            L,
            "%s: no column '%s': the node set has none; group and with make "
            "sets that do",
            method, quoted);
    column = cdn_nodes_find_column(nodes, name, bytes);
    if (column >= 0)
        return (uint32_t)column;
    cdn_suggest_init(&suggest, quoted);
    for (uint32_t i = 0; i < nodes->column_count; i++)
        cdn_suggest_offer(&suggest, cdn_nodes_column_name(nodes, i));
    luaL_error(L, "%s: no column '%s' on the node set%s", method, quoted,
               cdn_suggest_text(&suggest, hint, sizeof hint));
    return 0;
}

const char *cdn_check_column_name(lua_State *L, int index, const char *method,
                                  size_t *bytes)
{
    char quoted[CDN_QUOTE_BYTES];
    const char *name = "";
    bool fine;

    if (lua_type(L, index) != LUA_TSTRING)
        luaL_error(L, "%s: a column's name is a string, not %s", method,
                   cdn_what(L, index));
    name = lua_tolstring(L, index, bytes);
    fine = *bytes > 0 && *bytes < CDN_COLUMN_NAME_BYTES &&
           !(name[0] >= '0' && name[0] <= '9');
    for (size_t i = 0; fine && i < *bytes; i++)
        fine = name[i] == '_' || (name[i] >= '0' && name[i] <= '9') ||
               ((name[i] | 32) >= 'a' && (name[i] | 32) <= 'z');
    if (!fine)
        luaL_error(
            L, "%s: '%s' is no name for a column: letters, digits and _, at most %d",
            method, cdn_quote(L, index, quoted), CDN_COLUMN_NAME_BYTES - 1);
    return name;
}

static enum cdn_compare check_compare(lua_State *L, int index)
{
    char quoted[CDN_QUOTE_BYTES];
    enum cdn_compare compare;
    size_t bytes = 0;
    const char *text =
        lua_type(L, index) == LUA_TSTRING ? lua_tolstring(L, index, &bytes) : "";

    if (!cdn_compare_parse(&compare, text, bytes))
        luaL_error(L, "where compares by == ~= < <= > or >=, not by '%s'",
                   cdn_quote(L, index, quoted));
    return compare;
}

void cdn_check_condition(struct cdn_operation *out, lua_State *L, int index,
                         uint32_t slot)
{
    const char *text;
    size_t bytes;

    *out = (struct cdn_operation){.kind = CDN_OPERATION_WHERE,
                                  .compare = (uint8_t)check_compare(L, index),
                                  .slot = (uint8_t)slot};
    switch (lua_type(L, index + 1)) {
    case LUA_TBOOLEAN:
        out->operand = CDN_OPERAND_BOOLEAN;
        out->as.boolean = lua_toboolean(L, index + 1);
        return;
    case LUA_TNUMBER:
        out->operand = CDN_OPERAND_NUMBER;
        out->as.number = lua_tonumber(L, index + 1);
        return;
    case LUA_TSTRING:
        text = lua_tolstring(L, index + 1, &bytes);
        if (bytes > UINT32_MAX)
            break;
        out->operand = CDN_OPERAND_STRING;
        out->bytes = (uint32_t)bytes;
        out->as.text = text;
        return;
    case LUA_TNIL:
    case LUA_TNONE:
        luaL_error(L,
                   "where needs a value: null matches nothing, so comparing with nil "
                   "never would");
        return;
    default:
        break;
    }
    luaL_error(L, "where cannot compare a property with %s", cdn_what(L, index + 1));
}

void cdn_check_comparable(lua_State *L, const struct cdn_property *property,
                          const struct cdn_operation *condition)
{
    const char *objection = cdn_test_objection(property, condition);

    if (objection)
        luaL_error(L, "property '%s' %s", property->name, objection);
}

void cdn_check_numeric(lua_State *L, const struct cdn_property *property,
                       const char *method, bool timestamps)
{
    if (property->type == CDN_COLUMN_FLOAT64 ||
        (property->type == CDN_COLUMN_INT64 && !property->lua_string) ||
        (timestamps && property->type == CDN_COLUMN_TIMESTAMP))
        return;
    luaL_error(L, "%s needs a %s property, and '%s' is a %s", method,
               timestamps ? "numeric or timestamp" : "numeric", property->name,
               property->lua_string ? "int64 that rules see as a string"
                                    : cdn_column_type_str(property->type));
}

void cdn_push_number(lua_State *L, struct cdn_graph_run *run, double value)
{
    cdn_note_number(run, value);
    lua_pushnumber(L, value);
}

static void push_decimal(lua_State *L, struct cdn_graph_run *run, int64_t value)
{
    uint64_t left = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
    char digits[24];
    size_t at = sizeof digits;

    do {
        digits[--at] = (char)('0' + left % 10);
        left /= 10;
    } while (left);
    if (value < 0)
        digits[--at] = '-';
    cdn_note(run, (uint64_t)value);
    cdn_meter_push_text(L, digits + at, sizeof digits - at);
}

static void push_bag(lua_State *L, const char *bytes, size_t size)
{
    const unsigned char *at = (const unsigned char *)bytes;
    cordon_value ignored;

    if (cordon_value_parse(&ignored, bytes, size, NULL))
        cdn_raise_damaged(L, "a bag is not valid msgpack");
    cdn_transfer_push(L, &at, at + size);
}

void cdn_push_cell(lua_State *L, struct cdn_graph_run *run,
                   const struct cdn_column *column, uint32_t block, uint32_t index)
{
    struct cdn_cells cells;
    const void *values;
    const char *bytes;
    size_t size;
    bool truth;

    if (!cdn_column_cells(column, block, &cells))
        cdn_raise_damaged(L, "a property's segment");
    values = cells.values;
    if (!cdn_cells_present(&cells, index)) {
        cdn_note(run, NULL_NOTE);
        lua_pushnil(L);
        return;
    }
    switch (column->property->type) {
    case CDN_COLUMN_BOOL:
        truth = ((const uint8_t *)values)[index] != 0;
        cdn_note(run, truth);
        lua_pushboolean(L, truth);
        return;
    case CDN_COLUMN_INT64:
        if (column->property->lua_string) {
            push_decimal(L, run, cdn_column_integer(column, values, index));
            return;
        }
        cdn_push_number(L, run, (double)cdn_column_integer(column, values, index));
        return;
    case CDN_COLUMN_TIMESTAMP:
    case CDN_COLUMN_FLOAT64:
        cdn_push_number(L, run, cdn_column_number(column, values, index));
        return;
    case CDN_COLUMN_STRING:
    case CDN_COLUMN_TEXT:
    case CDN_COLUMN_BAG:
        break;
    }
    bytes = cdn_column_bytes(column, block, index, &size);
    if (!bytes)
        cdn_raise_damaged(L, "a string is out of range");
    cdn_note(run, cdn_hash_xxh3(bytes, size));
    cdn_meter_charge(L, size / 64);
    if (column->property->type == CDN_COLUMN_BAG)
        push_bag(L, bytes, size);
    else
        cdn_meter_push_text(L, bytes, size);
}

void cdn_push_node_handle(lua_State *L, uint32_t node)
{
    lua_pushlightuserdata(L, (void *)(uintptr_t)(CDN_NODE_TAG | node));
}

void cdn_push_edge_handle(lua_State *L, uint64_t edge)
{
    lua_pushlightuserdata(L, (void *)(uintptr_t)(CDN_EDGE_TAG | edge));
}

void cdn_graph_push_node(lua_State *L, uint32_t node)
{
    cdn_meter_charge_nodes(L, cdn_meter_of(L), 1);
    cdn_push_node_handle(L, node);
}

void cdn_push_found(lua_State *L, uint32_t node, uint32_t depth)
{
    cdn_depth_note(L, cdn_meter_of(L), node, depth);
    cdn_graph_push_node(L, node);
}

bool cdn_graph_is_node(lua_State *L, int index, uint32_t *node)
{
    uint64_t handle;

    if (lua_type(L, index) != LUA_TLIGHTUSERDATA)
        return false;
    handle = (uint64_t)(uintptr_t)lua_touserdata(L, index);
    *node = (uint32_t)handle;
    return handle >> 32 == CDN_NODE_TAG >> 32;
}

uint32_t cdn_check_node(lua_State *L, int index, const char *method)
{
    uint32_t node = 0;

    if (!cdn_graph_is_node(L, index, &node) ||
        node >= ((struct cdn_graph_run *)cdn_slot_host(L))->snapshot->node_count)
        luaL_error(L, "%s expects a node, not %s", method, cdn_what(L, index));
    return node;
}

bool cdn_node_cell(const struct cdn_graph_run *run, uint32_t node, uint32_t slot,
                   const struct cdn_column **column, uint32_t *block, uint32_t *index)
{
    const cordon_snapshot *snapshot = run->snapshot;
    uint32_t label = cdn_snapshot_label_of(snapshot, node);
    const struct cdn_label_data *data;
    uint32_t local;
    int32_t number;

    if (label >= snapshot->label_count)
        return false;
    data = &snapshot->labels[label];
    number = run->binding->label_columns[(size_t)label * run->binding->stride + slot];
    if (number < 0)
        return false;
    local = node - data->base;
    *column = &data->columns[number];
    *block = local >> data->shift;
    *index = local & ((UINT32_C(1) << data->shift) - 1);
    return true;
}

/* ---- methods ---- */

/* Upvalue of a face's functions after the three tables: the face. */
#define UP_FACE lua_upvalueindex(4)

CDN_RAISES static _Noreturn void raise_method(lua_State *L, const struct cdn_face *face)
{
    struct cdn_suggest suggest;
    char quoted[CDN_QUOTE_BYTES];
    char hint[160];

    if (lua_type(L, 2) != LUA_TSTRING)
        luaL_error(L, "%s has no fields of type %s", face->what, luaL_typename(L, 2));
    cdn_quote(L, 2, quoted);
    cdn_suggest_init(&suggest, quoted);
    for (const struct cdn_method *method = face->methods; method->name; method++)
        cdn_suggest_offer(&suggest, method->name);
    for (const struct cdn_method *method = face->more; method && method->name; method++)
        cdn_suggest_offer(&suggest, method->name);
    luaL_error(L, "no method '%s' on %s%s", quoted, face->what,
               cdn_suggest_text(&suggest, hint, sizeof hint));
    __builtin_unreachable();
}

/* The three tables, which stand on the stack or are upvalues. */
static void push_tables(lua_State *L, int names)
{
    for (int i = 0; i < 3; i++)
        lua_pushvalue(L, names > 0 ? names + i : names - i);
}

void cdn_push_method(lua_State *L, int names, const struct cdn_method *method)
{
    push_tables(L, names);
    lua_pushcclosure(L, method->function, 3);
}

bool cdn_is_name(lua_State *L, int index, const char *name)
{
    size_t bytes = 0;
    const char *text =
        lua_type(L, index) == LUA_TSTRING ? lua_tolstring(L, index, &bytes) : NULL;

    return text && strlen(name) == bytes && !memcmp(text, name, bytes);
}

const struct cdn_method *cdn_find_method(lua_State *L, int index,
                                         const struct cdn_method *methods)
{
    for (; methods->name; methods++)
        if (cdn_is_name(L, index, methods->name))
            return methods;
    return NULL;
}

/* __index of a table of methods: one that is not in it yet. */
CDN_RAISES static int late_method(lua_State *L)
{
    const struct cdn_face *face = lua_touserdata(L, UP_FACE);
    const struct cdn_method *method = cdn_find_method(L, 2, face->methods);

    if (!method && face->more)
        method = cdn_find_method(L, 2, face->more);
    if (!method)
        raise_method(L, face);
    lua_pushvalue(L, 2);
    cdn_push_method(L, CDN_UP_NAMES, method);
    lua_pushvalue(L, -1);
    lua_insert(L, -3);
    lua_rawset(L, 1);
    return 1;
}

CDN_RAISES static int read_only(lua_State *L)
{
    const struct cdn_face *face = lua_touserdata(L, lua_upvalueindex(1));

    return luaL_error(L, "%s is read-only", face->what);
}

/* Faces are constants of the program; what Lua carries of one is only read. */
static void push_face(lua_State *L, const struct cdn_face *face)
{
    union {
        const struct cdn_face *face;
        void *pushed;
    } pointer = {.face = face};

    lua_pushlightuserdata(L, pointer.pushed);
}

/* Into the table of methods at the top, those that the rule's source names.  [-0, +0, m] */
CDN_RAISES static void add_named(lua_State *L, int names,
                                 const struct cdn_method *methods)
{
    for (const struct cdn_method *method = methods; method && method->name; method++) {
        if (!cdn_library_named(L, method->name))
            continue;
        cdn_push_method(L, names, method);
        lua_setfield(L, -2, method->name);
    }
}

/* With the table of methods at the top.                                   [-1, +0, m] */
CDN_RAISES static void equip(lua_State *L, int names, int metatable,
                             const struct cdn_face *face)
{
    lua_createtable(L, 0, 1);
    push_tables(L, names);
    push_face(L, face);
    lua_pushcclosure(L, late_method, 4);
    lua_setfield(L, -2, "__index");
    lua_setmetatable(L, -2);
    lua_setfield(L, metatable, "__index");
    push_face(L, face);
    lua_pushcclosure(L, read_only, 1);
    lua_setfield(L, metatable, "__newindex");
    lua_pushcfunction(L, face->tostring);
    lua_setfield(L, metatable, "__tostring");
    lua_pushboolean(L, false);
    lua_setfield(L, metatable, "__metatable");
}

void cdn_fill_metatable(lua_State *L, int names, int metatable,
                        const struct cdn_face *face)
{
    lua_newtable(L);
    add_named(L, names, face->methods);
    add_named(L, names, face->more);
    equip(L, names, metatable, face);
}

void cdn_fill_metatable_late(lua_State *L, int names, int metatable,
                             const struct cdn_face *face)
{
    lua_newtable(L);
    equip(L, names, metatable, face);
}
