/* Distances of node handles: see depth.h.  The table is keyed by handle, in the registry,
 * which no rule can reach; what it takes counts against the rule's memory. */
#include "graph/depth.h"

#include "graph/lua_common.h"

/* Slot 1 is the entry of an image (sandbox/image.c). */
#define REGISTRY_SLOT 2

void cdn_depth_open(lua_State *L)
{
    lua_newtable(L);
    lua_rawseti(L, LUA_REGISTRYINDEX, REGISTRY_SLOT);
}

/* The distance noted for a handle; -1: none.  Leaves the table on the stack.  [-0, +1, m]
 */
static lua_Number noted(lua_State *L, uint32_t node)
{
    lua_Number depth;

    lua_rawgeti(L, LUA_REGISTRYINDEX, REGISTRY_SLOT);
    cdn_push_node_handle(L, node);
    lua_rawget(L, -2);
    depth = lua_isnil(L, -1) ? -1 : lua_tonumber(L, -1);
    lua_pop(L, 1);
    return depth;
}

void cdn_depth_keep(lua_State *L, uint32_t node, uint32_t depth)
{
    lua_Number known = noted(L, node);

    if (known < 0 || known > depth) {
        cdn_push_node_handle(L, node);
        lua_pushnumber(L, depth);
        lua_rawset(L, -3);
    }
    lua_pop(L, 1);
}

uint32_t cdn_depth_of(lua_State *L, const struct cdn_meter *meter, uint32_t node)
{
    lua_Number depth;

    if (meter->limit.hops >= CDN_DEPTH_NARROW)
        return 0;
    depth = noted(L, node);
    lua_pop(L, 1);
    return depth < 0 ? 0 : (uint32_t)depth;
}

void cdn_graph_push_start(lua_State *L, uint32_t node)
{
    cdn_depth_note(L, cdn_meter_of(L), node, 0);
    cdn_graph_push_node(L, node);
}
