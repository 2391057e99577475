/* Values as they are shown: nodes, edges, sets and views (show.h).
 *
 * What they hold is asked for as a rule asks for it, by methods and fields: so it is charged,
 * cut by `as_of` and counted as touched like anything else.  Only what kind of object it is,
 * and what a view is made of, is looked up directly. */
#include "console/show.h"

#include <lauxlib.h>
#include <string.h>

#include "graph/lua_common.h"
#include "graph/scores.h"
#include "graph/view.h"
#include "snapshot/snapshot.h"

/* ---- what it is ---- */

static uint32_t magic_of(lua_State *L, int index)
{
    const uint32_t *object = lua_touserdata(L, index);

    if (lua_type(L, index) != LUA_TUSERDATA || !object ||
        lua_objlen(L, index) < sizeof *object)
        return 0;
    return *object;
}

const char *cdn_show_receiver(lua_State *L, int index)
{
    uint32_t node;

    if (lua_type(L, index) == LUA_TLIGHTUSERDATA)
        return cdn_graph_is_node(L, index, &node) ? "node" : "edge";
    switch (magic_of(L, index)) {
    case CDN_EDGES_MAGIC:
        return "edges";
    case CDN_NODES_MAGIC:
        return "nodes";
    case CDN_VIEW_MAGIC:
        return "view";
    case CDN_SCORES_MAGIC:
        return "scores";
    case CDN_GROUPS_MAGIC:
        return "groups";
    default:
        return NULL;
    }
}

static const struct cdn_graph_run *run_of(lua_State *L)
{
    return cdn_slot_host(L); /* it comes first there (graph.h) */
}

/* ---- pieces ---- */

/* Call a method of the object at index that takes nothing, or a number.    [-0, +r, e] */
CDN_RAISES static void call(lua_State *L, int index, const char *method, int results)
{
    lua_getfield(L, index, method);
    lua_pushvalue(L, index);
    lua_call(L, 1, results);
}

/* The field of the handle at index, as text.                               [-0, +0, e] */
CDN_RAISES static void put_field(lua_State *L, int index, const char *field,
                                 struct cdn_show *show)
{
    size_t bytes;
    const char *text;

    lua_getfield(L, index, field);
    text = lua_tolstring(L, -1, &bytes);
    cdn_pack_cstr(show->out, field);
    if (text)
        cdn_show_string(show, text, bytes);
    else
        cdn_pack_nil(show->out);
    lua_pop(L, 1);
}

CDN_RAISES static void put_time(lua_State *L, int index, struct cdn_show *show)
{
    if (lua_type(L, index) != LUA_TNUMBER) {
        cdn_pack_nil(show->out);
        return;
    }
    cdn_show_begin(show, "time", 1);
    cdn_pack_cstr(show->out, "ms");
    cdn_pack_number(show->out, lua_tonumber(L, index));
}

static bool is_declared(const struct cdn_names *names, const char *kind,
                        const char *property)
{
    for (uint32_t k = 0; k < names->kind_count; k++) {
        if (strcmp(names->kinds[k].name, kind) != 0)
            continue;
        for (uint32_t p = 0; p < names->property_count; p++) {
            if (names->kinds[k].properties >> p & 1 &&
                !strcmp(names->properties[p], property))
                return true;
        }
    }
    return false;
}

/* "properties": those that can be read, but for number `except`.           [-0, +0, e] */
CDN_RAISES static void put_properties(lua_State *L, int index, const char *kind,
                                      const struct cdn_property *properties,
                                      uint32_t count, int32_t except,
                                      struct cdn_show *show)
{
    const struct cdn_names *names = run_of(L)->names;
    uint32_t readable = 0;

    for (uint32_t i = 0; i < count; i++)
        readable +=
            (int32_t)i != except && is_declared(names, kind, properties[i].name);
    cdn_pack_cstr(show->out, "properties");
    cdn_pack_map(show->out, readable);
    for (uint32_t i = 0; i < count; i++) {
        if ((int32_t)i == except || !is_declared(names, kind, properties[i].name))
            continue;
        cdn_pack_cstr(show->out, properties[i].name);
        lua_getfield(L, index, properties[i].name);
        if (properties[i].type == CDN_COLUMN_TIMESTAMP)
            put_time(L, lua_gettop(L), show);
        else
            cdn_show_value(L, lua_gettop(L), show);
        lua_pop(L, 1);
    }
}

/* ---- handles ---- */

CDN_RAISES static void show_node(lua_State *L, int index, struct cdn_show *show,
                                 bool whole)
{
    const cordon_snapshot *snapshot = run_of(L)->snapshot;
    const struct cdn_label *label = NULL;
    uint32_t node, number;

    if (cdn_graph_is_node(L, index, &node) && snapshot) {
        number = cdn_snapshot_label_of(snapshot, node);
        label =
            number < snapshot->label_count ? &snapshot->schema.labels[number] : NULL;
    }
    cdn_show_begin(show, "node", whole && label ? 3 : 2);
    put_field(L, index, "label", show);
    put_field(L, index, "key", show);
    if (whole && label)
        put_properties(L, index, label->name, label->properties, label->property_count,
                       -1, show);
}

/* The relation of an edge of this type between nodes of these labels; NULL: none. */
static const struct cdn_relation_schema *relation_of(const cordon_snapshot *snapshot,
                                                     const char *type,
                                                     const char *source,
                                                     const char *target)
{
    const struct cdn_schema *schema = &snapshot->schema;

    for (uint32_t i = 0; i < snapshot->relation_count; i++) {
        const struct cdn_relation_schema *relation = &schema->relations[i];

        if (!strcmp(relation->type, type) &&
            !strcmp(schema->labels[relation->source].name, source) &&
            !strcmp(schema->labels[relation->target].name, target))
            return relation;
    }
    return NULL;
}

CDN_RAISES static void show_edge(lua_State *L, int index, struct cdn_show *show)
{
    const struct cdn_relation_schema *relation;
    int top = lua_gettop(L);

    lua_getfield(L, index, "type");
    lua_getfield(L, index, "source");
    lua_getfield(L, index, "target");
    lua_getfield(L, top + 2, "label");
    lua_getfield(L, top + 3, "label");
    relation = relation_of(run_of(L)->snapshot, lua_tostring(L, top + 1),
                           lua_tostring(L, top + 4), lua_tostring(L, top + 5));
    cdn_show_begin(show, "edge", relation ? 5 : 3);
    put_field(L, index, "type", show);
    cdn_pack_cstr(show->out, "source");
    show_node(L, top + 2, show, false);
    cdn_pack_cstr(show->out, "target");
    show_node(L, top + 3, show, false);
    if (relation) {
        cdn_pack_cstr(show->out, "time");
        lua_pushnil(L);
        if (relation->time >= 0) {
            lua_getfield(L, index, "time");
            lua_replace(L, -2);
        }
        put_time(L, lua_gettop(L), show);
        put_properties(L, index, relation->type, relation->properties,
                       relation->property_count, relation->time, show);
    }
    lua_settop(L, top);
}

/* ---- sets ---- */

/* "count", then "rows" up to their number; returns that.                   [-0, +0, e] */
CDN_RAISES static uint32_t begin_rows(lua_State *L, int index, struct cdn_show *show,
                                      const char *rows)
{
    double count;
    uint32_t shown;

    call(L, index, "count", 1);
    count = lua_tonumber(L, -1);
    lua_pop(L, 1);
    shown = count < CDN_SHOW_ROWS ? (uint32_t)count : CDN_SHOW_ROWS;
    cdn_pack_cstr(show->out, "count");
    cdn_pack_number(show->out, count);
    cdn_pack_cstr(show->out, rows);
    cdn_pack_array(show->out, shown);
    return shown;
}

/* Stack: an iterator's three values on top; push its next results, which the caller pops but
 * for the first, which becomes the control.                                [-0, +r, e] */
CDN_RAISES static void next_row(lua_State *L, int iterator, int results)
{
    lua_pushvalue(L, iterator);
    lua_pushvalue(L, iterator + 1);
    lua_pushvalue(L, iterator + 2);
    lua_call(L, 2, results);
    lua_pushvalue(L, iterator + 3);
    lua_replace(L, iterator + 2);
}

CDN_RAISES static void show_edges(lua_State *L, int index, struct cdn_show *show)
{
    const struct cdn_edges *set = lua_touserdata(L, index);
    const struct cdn_graph_run *run = run_of(L);
    uint32_t shown;
    int top = lua_gettop(L);

    cdn_show_begin(show, "edges", 3);
    cdn_pack_cstr(show->out, "type");
    cdn_pack_cstr(show->out, set->kind < run->names->kind_count
                                 ? run->names->kinds[set->kind].name
                                 : "");
    shown = begin_rows(L, index, show, "rows");
    if (shown)
        call(L, index, "each", 3);
    for (uint32_t i = 0; i < shown; i++) {
        next_row(L, top + 1, 1);
        show_edge(L, top + 4, show);
        lua_settop(L, top + 3);
    }
    lua_settop(L, top);
}

CDN_RAISES static void show_nodes(lua_State *L, int index, struct cdn_show *show)
{
    const struct cdn_nodes *set = lua_touserdata(L, index);
    uint32_t columns = set->column_count;
    uint32_t shown;
    int top = lua_gettop(L);

    cdn_show_begin(show, "nodes", 3);
    cdn_pack_cstr(show->out, "columns");
    cdn_pack_array(show->out, columns);
    for (uint32_t i = 0; i < columns; i++)
        cdn_pack_cstr(show->out, cdn_nodes_column_name(set, i));
    shown = begin_rows(L, index, show, "rows");
    lua_getfield(L, index, "each");
    lua_pushvalue(L, index);
    for (uint32_t i = 0; i < columns; i++)
        lua_pushstring(L, cdn_nodes_column_name(set, i));
    lua_call(L, (int)columns + 1, 3);
    for (uint32_t i = 0; i < shown; i++) {
        next_row(L, top + 1, (int)columns + 1);
        cdn_pack_array(show->out, columns + 1);
        show_node(L, top + 4, show, columns == 0);
        for (uint32_t c = 0; c < columns; c++)
            cdn_show_value(L, top + 5 + (int)c, show);
        lua_settop(L, top + 3);
    }
    lua_settop(L, top);
}

/* A view's node by its local id, pushed.                                   [-0, +1, e] */
CDN_RAISES static void push_member(lua_State *L, const struct cdn_view *view,
                                   uint32_t local)
{
    cdn_graph_push_node(L, view->nodes[local]);
}

CDN_RAISES static void show_view(lua_State *L, int index, struct cdn_show *show)
{
    const struct cdn_view *view = lua_touserdata(L, index);
    uint32_t shown, left;

    cdn_show_begin(show, "view", 4);
    cdn_pack_cstr(show->out, "edge_count");
    cdn_pack_int(show->out, view->edge_count);
    shown = begin_rows(L, index, show, "rows");
    for (uint32_t i = 0; i < shown; i++) {
        push_member(L, view, i);
        show_node(L, lua_gettop(L), show, true);
        lua_pop(L, 1);
    }
    left = view->edge_count < CDN_SHOW_ROWS ? view->edge_count : CDN_SHOW_ROWS;
    cdn_pack_cstr(show->out, "edges");
    cdn_pack_array(show->out, left);
    for (uint32_t i = 0; i < view->node_count && left; i++) {
        for (uint32_t at = view->out_offsets[i]; at < view->out_offsets[i + 1] && left;
             at++, left--) {
            cdn_pack_array(show->out, 2);
            push_member(L, view, i);
            show_node(L, lua_gettop(L), show, false);
            push_member(L, view, view->out_peers[at]);
            show_node(L, lua_gettop(L), show, false);
            lua_pop(L, 2);
        }
        cdn_meter_walk(L, i);
    }
}

CDN_RAISES static void show_scores(lua_State *L, int index, struct cdn_show *show)
{
    uint32_t shown;
    int top = lua_gettop(L);

    cdn_show_begin(show, "scores", 2);
    shown = begin_rows(L, index, show, "rows");
    lua_getfield(L, index, "top");
    lua_pushvalue(L, index);
    lua_pushinteger(L, (lua_Integer)shown);
    lua_call(L, 2, 1);
    for (uint32_t i = 1; i <= shown; i++) {
        lua_rawgeti(L, top + 1, (int)i);
        lua_getfield(L, top + 2, "node");
        lua_getfield(L, top + 2, "value");
        cdn_pack_array(show->out, 2);
        show_node(L, top + 3, show, false);
        cdn_show_value(L, top + 4, show);
        lua_settop(L, top + 1);
    }
    lua_settop(L, top);
}

CDN_RAISES static void show_groups(lua_State *L, int index, struct cdn_show *show)
{
    const struct cdn_groups *groups = lua_touserdata(L, index);
    uint32_t shown;
    int top = lua_gettop(L);

    cdn_show_begin(show, "groups", 3);
    cdn_pack_cstr(show->out, "nodes");
    cdn_pack_int(show->out, groups->count);
    call(L, index, "count", 1);
    cdn_pack_cstr(show->out, "count");
    cdn_pack_number(show->out, lua_tonumber(L, -1));
    lua_pop(L, 1);
    shown = groups->count < CDN_SHOW_ROWS ? groups->count : CDN_SHOW_ROWS;
    cdn_pack_cstr(show->out, "rows");
    cdn_pack_array(show->out, shown);
    call(L, index, "each", 3);
    for (uint32_t i = 0; i < shown; i++) {
        next_row(L, top + 1, 2);
        cdn_pack_array(show->out, 2);
        show_node(L, top + 4, show, false);
        show_node(L, top + 5, show, false);
        lua_settop(L, top + 3);
    }
    lua_settop(L, top);
}

/* ---- all of it ---- */

/* graph, request and params are small userdata that say what they are.     [-0, +0, e] */
CDN_RAISES static bool show_given(lua_State *L, int index, struct cdn_show *show)
{
    static const char *const names[] = {"graph", "request"};

    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        bool same;

        lua_getglobal(L, names[i]);
        same = lua_rawequal(L, -1, index);
        lua_pop(L, 1);
        if (same) {
            cdn_show_begin(show, names[i], 0);
            return true;
        }
    }
    return false;
}

bool cdn_show_graph(lua_State *L, int index, struct cdn_show *show)
{
    const char *receiver = cdn_show_receiver(L, index);

    luaL_checkstack(L, 24, "what is shown");
    if (!receiver)
        return show_given(L, index, show);
    if (!strcmp(receiver, "node"))
        show_node(L, index, show, show->depth == 0);
    else if (!strcmp(receiver, "edge"))
        show_edge(L, index, show);
    else if (!strcmp(receiver, "edges"))
        show_edges(L, index, show);
    else if (!strcmp(receiver, "nodes"))
        show_nodes(L, index, show);
    else if (!strcmp(receiver, "view"))
        show_view(L, index, show);
    else if (!strcmp(receiver, "scores"))
        show_scores(L, index, show);
    else
        show_groups(L, index, show);
    return true;
}
