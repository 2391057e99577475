/* Edge and node sets as userdata: making, copying, checking.
 *
 * A check is a size, which for light userdata is 0, and a magic word, not a metatable
 * look-up: in this sandbox only trusted C makes userdata, and a rule cannot write into
 * one. */
#include "graph/set.h"

#include "graph/lua_common.h"

#include <string.h>

#include <lauxlib.h>

struct cdn_edges *cdn_check_edges(lua_State *L, int index)
{
    struct cdn_edges *set = lua_touserdata(L, index);

    if (!set || lua_objlen(L, index) < sizeof *set || set->magic != CDN_EDGES_MAGIC)
        luaL_error(L, "an edge set is expected here, not %s: call methods with ':'",
                   cdn_what(L, index));
    return set;
}

struct cdn_nodes *cdn_check_nodes(lua_State *L, int index)
{
    struct cdn_nodes *set = lua_touserdata(L, index);

    if (!set || lua_objlen(L, index) < sizeof *set || set->magic != CDN_NODES_MAGIC)
        luaL_error(L, "a node set is expected here, not %s: call methods with ':'",
                   cdn_what(L, index));
    return set;
}

struct cdn_edges *cdn_edges_push(lua_State *L, int metatable, uint32_t operation_count)
{
    struct cdn_edges *set =
        lua_newuserdata(L, sizeof *set + operation_count * sizeof set->operations[0]);

    lua_pushvalue(L, metatable);
    lua_setmetatable(L, -2);
    set->magic = CDN_EDGES_MAGIC;
    set->operation_count = (uint8_t)operation_count;
    set->flags = 0;
    set->low = 0;
    set->high = 0;
    set->origin = NULL;
    set->depth = 1;
    return set;
}

static bool is_cut(uint8_t kind)
{
    return kind != CDN_OPERATION_WINDOW && kind != CDN_OPERATION_WHERE;
}

static bool is_fixed(const struct cdn_operation *window)
{
    return window->operand != CDN_OPERAND_COLUMN;
}

void cdn_set_keep(lua_State *L, int index)
{
    if (index < 0)
        index = lua_gettop(L) + 1 + index;
    lua_createtable(L, 1, 0);
    lua_insert(L, -2);
    lua_rawseti(L, -2, 1);
    lua_setfenv(L, index);
}

void cdn_edges_refine(lua_State *L, int metatable, int index,
                      const struct cdn_operation *operation)
{
    const struct cdn_edges *set = lua_touserdata(L, index);
    uint32_t count = set->operation_count;
    uint32_t stage = count; /* where the last stage begins */
    uint32_t at = count;
    bool merge = false;
    struct cdn_edges *next;

    while (stage > 0 && !is_cut(set->operations[stage - 1].kind))
        stage--;
    if (operation->kind == CDN_OPERATION_WINDOW) {
        at = stage;
        /* two fixed windows are one; those of columns stay apart, before it */
        while (at < count && set->operations[at].kind == CDN_OPERATION_WINDOW &&
               !is_fixed(&set->operations[at]))
            at++;
        merge = is_fixed(operation) && at < count &&
                set->operations[at].kind == CDN_OPERATION_WINDOW;
    }
    if (!merge && count == CDN_SET_MAX_OPERATIONS)
        luaL_error(L, "more than %d refinements of one edge set",
                   CDN_SET_MAX_OPERATIONS);
    next = cdn_edges_push(L, metatable, merge ? count : count + 1);
    next->direction = set->direction;
    next->kind = set->kind;
    next->node_count = set->node_count;
    next->node = set->node;
    next->nodes = set->nodes;
    next->origin = set->origin;
    next->depth = set->depth;
    if (set->flags & CDN_EDGES_KEEPS) {
        next->flags = CDN_EDGES_KEEPS;
        lua_getfenv(L, index);
        lua_setfenv(L, -2);
    }
    for (uint32_t i = 0; i < at; i++)
        next->operations[i] = set->operations[i];
    if (merge) {
        struct cdn_operation *window = &next->operations[at];

        for (uint32_t i = at; i < count; i++)
            next->operations[i] = set->operations[i];
        if (operation->as.window.low > window->as.window.low)
            window->as.window.low = operation->as.window.low;
        if (operation->as.window.high < window->as.window.high)
            window->as.window.high = operation->as.window.high;
        return;
    }
    next->operations[at] = *operation;
    for (uint32_t i = at; i < count; i++)
        next->operations[i + 1] = set->operations[i];
}

struct cdn_nodes *cdn_nodes_push_columns(lua_State *L, int metatable,
                                         const uint32_t *items, uint32_t count,
                                         uint32_t column_count)
{
    size_t bytes = sizeof(struct cdn_nodes) + count * sizeof *items;
    struct cdn_nodes *set;

    if (column_count)
        bytes = cdn_nodes_columns_at(count) +
                column_count * (CDN_COLUMN_NAME_BYTES + count * sizeof(double));
    set = lua_newuserdata(L, bytes);
    lua_pushvalue(L, metatable);
    lua_setmetatable(L, -2);
    set->magic = CDN_NODES_MAGIC;
    set->count = count;
    set->depth = 0;
    set->column_count = column_count;
    set->table = NULL;
    set->bits = 0;
    if (count)
        memcpy(set->items, items, count * sizeof *items);
    return set;
}

struct cdn_nodes *cdn_nodes_push(lua_State *L, int metatable, const uint32_t *items,
                                 uint32_t count)
{
    return cdn_nodes_push_columns(L, metatable, items, count, 0);
}

struct cdn_nodes *cdn_nodes_push_some(lua_State *L, int metatable,
                                      const struct cdn_nodes *from,
                                      const uint32_t *items, uint32_t count)
{
    uint32_t columns = from->column_count;
    struct cdn_nodes *set = cdn_nodes_push_columns(L, metatable, items, count, columns);
    uint32_t at = 0;

    set->depth = from->depth;
    for (uint32_t c = 0; c < columns; c++)
        memcpy(cdn_nodes_column_name(set, c), cdn_nodes_column_name(from, c),
               CDN_COLUMN_NAME_BYTES);
    for (uint32_t i = 0; columns && i < count;) {
        uint32_t run = 1;

        while (from->items[at] != items[i])
            at++;
        while (i + run < count && from->items[at + run] == items[i + run])
            run++;
        for (uint32_t c = 0; c < columns; c++)
            memcpy(cdn_nodes_column(set, c) + i, cdn_nodes_column(from, c) + at,
                   run * sizeof(double));
        i += run;
        at += run;
    }
    return set;
}

int cdn_nodes_find_column(const struct cdn_nodes *set, const char *name, size_t bytes)
{
    for (uint32_t i = 0; i < set->column_count; i++) {
        const char *own = cdn_nodes_column_name(set, i);

        if (strlen(own) == bytes && memcmp(own, name, bytes) == 0)
            return (int)i;
    }
    return -1;
}
