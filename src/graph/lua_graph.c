/* The `graph` object, and the opening of everything else in graph/ that Lua sees.
 *
 *   graph:node(label, key)  a search in the sorted keys; charges one instruction
 *   graph:set(list)         a node set of a Lua array of nodes, the first of equals
 * kept
 *   the searches and views of lua_search.c, whose methods are made when they are called
 *
 * An image refers to nothing of a snapshot: its closures hold tables of names and
 * slots, and find the run through the slot's host. */
#include "graph/graph.h"

#include <math.h>
#include <stdio.h>

#include "graph/depth.h"
#include "graph/distinct.h"
#include "graph/lua_common.h"
#include "graph/lua_view.h"
#include "graph/nodeset.h"
#include "graph/scan.h"

/* graph:node(label, key) -> node or nil */
CDN_RAISES static int graph_node(lua_State *L)
{
    struct cdn_graph_run *run = cdn_check_run(L);
    uint32_t label = cdn_check_label(L, 2, run);
    char room[32];
    const char *key;
    size_t bytes;
    uint32_t node;

    if (cdn_bound_key_mask(run->binding, label))
        return luaL_error(
            L,
            "graph:node: the keys of %s are masked for this principal: nodes "
            "cannot be looked up by them",
            run->snapshot->schema.labels[label].name);
    if (lua_type(L, 3) == LUA_TSTRING) {
        key = lua_tolstring(L, 3, &bytes);
    } else if (lua_type(L, 3) == LUA_TNUMBER) {
        double number = lua_tonumber(L, 3);

        if (!(number >= -0x1p53 && number <= 0x1p53 && floor(number) == number))
            return luaL_error(L,
                              "graph:node: %f is no exact integer; write the key as a "
                              "string",
                              number);
        bytes = (size_t)snprintf(room, sizeof room, "%lld", (long long)number);
        key = room;
    } else {
        return luaL_error(
            L, "graph:node expects a key, a string or a whole number, not %s",
            cdn_what(L, 3));
    }
    cdn_meter_charge(L, 1 + bytes / 64);
    cdn_timing_begin(&run->timing);
    node = cdn_snapshot_find(run->snapshot, label, key, bytes);
    cdn_timing_end(&run->timing);
    if (node == CDN_DAMAGED_NODE)
        cdn_raise_damaged(L, "the keys of a label");
    if (node == CDN_NO_NODE && run->border)
        cdn_raise_beyond(L, CDN_BEYOND_NODE); /* nobody here knows if there is one */
    cdn_note(run, node != CDN_NO_NODE);
    if (node == CDN_NO_NODE)
        lua_pushnil(L);
    else
        cdn_graph_push_start(L, node);
    return 1;
}

/* graph:set(list) -> node set */
CDN_RAISES static int graph_set(lua_State *L)
{
    struct cdn_graph_run *run = cdn_check_run(L);
    struct cdn_distinct distinct;
    uint32_t *items;
    size_t count;
    size_t mark;
    uint32_t kept = 0;
    uint32_t depth = 0;

    if (lua_type(L, 2) != LUA_TTABLE)
        return luaL_error(L, "graph:set expects an array of nodes, not %s",
                          cdn_what(L, 2));
    count = lua_objlen(L, 2);
    cdn_meter_charge(L, 1 + count);
    cdn_timing_begin(&run->timing);
    mark = cdn_scratch_mark(L);
    items = cdn_scratch_alloc(L, (count ? count : 1) * sizeof *items);
    cdn_distinct_init(&distinct, L, run->snapshot->node_count, (uint32_t)count);
    for (size_t i = 1; i <= count; i++) {
        uint32_t node;

        lua_rawgeti(L, 2, (int)i);
        if (!cdn_graph_is_node(L, -1, &node) || node >= run->snapshot->node_count) {
            cdn_scratch_release(L, mark); /* the error may be caught */
            return luaL_error(L, "graph:set: element %d is %s, not a node", (int)i,
                              cdn_what(L, -1));
        }
        lua_pop(L, 1);
        if (cdn_distinct_add(&distinct, node)) {
            uint32_t own = cdn_depth_of(L, cdn_meter_of(L), node);

            depth = own > depth ? own : depth;
            items[kept++] = node;
        }
    }
    cdn_nodes_push(L, CDN_UP_NODES, items, kept)->depth = depth;
    cdn_scratch_release(L, mark);
    cdn_timing_end(&run->timing);
    return 1;
}

CDN_RAISES static int graph_tostring(lua_State *L)
{
    lua_pushliteral(L, "graph");
    return 1;
}

/* name -> what it is, as one number. */
static void push_names(lua_State *L, const struct cdn_names *names)
{
    lua_newtable(L);
    for (uint32_t i = 0; i < names->kind_count; i++) {
        lua_pushinteger(L, (lua_Integer)i + 1);
        lua_setfield(L, -2, names->kinds[i].name);
    }
    for (uint32_t i = 0; i < names->property_count; i++) {
        lua_Integer number;

        lua_getfield(L, -1, names->properties[i]);
        number = lua_tointeger(L, -1);
        lua_pop(L, 1);
        lua_pushinteger(L, number | ((lua_Integer)i + 1) << 8);
        lua_setfield(L, -2, names->properties[i]);
    }
}

void cdn_graph_open(lua_State *L, const struct cdn_names *names)
{
    static const struct cdn_method methods[] = {
        {"node", graph_node},
        {"set", graph_set},
        {NULL, NULL},
    };
    static const struct cdn_face face = {.what = "graph",
                                         .methods = methods,
                                         .more = cdn_search_methods,
                                         .tostring = graph_tostring};
    int base = lua_gettop(L) + 1;

    luaL_checkstack(L, 12, "graph");
    cdn_depth_open(L);
    push_names(L, names);
    lua_newtable(L); /* metatable of edge sets */
    lua_newtable(L); /* metatable of node sets */
    cdn_edges_open(L, base);
    cdn_nodes_open(L, base);
    cdn_handles_open(L, base, names);
    lua_newuserdata(L,
                    sizeof(uint32_t)); /* the graph object: nothing but its methods */
    lua_newtable(L);
    cdn_fill_metatable(L, base, base + 4, &face);
    lua_setmetatable(L, -2);
    lua_replace(L, base);
    lua_settop(L, base);
}
