/* Values as they are shown: what is Lua's own (show.h).
 *
 * Nothing that a value brings with it is called, no __tostring and no __index, so showing
 * cannot be turned against whoever looks.  Keys come in the sandbox's own order.
 *
 * A number of elements has to be written before they are, so tables are gone over twice;
 * whoever puts a million entries into a table pays for the count of them. */
#include "console/show.h"

#include <lauxlib.h>
#include <string.h>

#include "sandbox/library.h"

void cdn_show_begin(struct cdn_show *show, const char *kind, uint32_t fields)
{
    cdn_pack_map(show->out, fields + 1);
    cdn_pack_cstr(show->out, "$");
    cdn_pack_cstr(show->out, kind);
}

/* The bytes of a string's beginning that cut no character of UTF-8 in two. */
static size_t whole_characters(const char *text, size_t bytes)
{
    size_t at = bytes;

    while (at && bytes - at < 4 && ((unsigned char)text[at] & 0xc0) == 0x80)
        at--;
    return at ? at : bytes;
}

void cdn_show_string(struct cdn_show *show, const char *text, size_t bytes)
{
    if (bytes <= CDN_SHOW_TEXT) {
        cdn_pack_str(show->out, text, bytes);
        return;
    }
    cdn_show_begin(show, "cut", 2);
    cdn_pack_cstr(show->out, "text");
    cdn_pack_str(show->out, text, whole_characters(text, CDN_SHOW_TEXT));
    cdn_pack_cstr(show->out, "bytes");
    cdn_pack_number(show->out, (double)bytes);
}

static void refuse(struct cdn_show *show, const char *why)
{
    cdn_show_begin(show, "table", 1);
    cdn_pack_cstr(show->out, "why");
    cdn_pack_cstr(show->out, why);
}

/* How many entries there are; *list: their keys are 1 to as many.          [-0, +0, e] */
CDN_RAISES static uint32_t count_entries(lua_State *L, int index, bool *list)
{
    double most = 0;
    bool places = true;
    uint32_t count = 0;

    lua_pushnil(L);
    while (lua_next(L, index)) {
        cdn_meter_charge(L, 1);
        cdn_meter_walk(L, count);
        if (lua_type(L, -2) == LUA_TNUMBER) {
            double key = lua_tonumber(L, -2);

            /* distinct and at least 1, so the largest tells whether any is missing */
            places &= key >= 1 && key <= UINT32_MAX && key == (double)(uint32_t)key;
            most = key > most ? key : most;
        } else {
            places = false;
        }
        count++;
        lua_pop(L, 1);
    }
    *list = places && most == count;
    return count;
}

CDN_RAISES static void show_list(lua_State *L, int index, struct cdn_show *show,
                                 uint32_t count)
{
    uint32_t shown = count < CDN_SHOW_ITEMS ? count : CDN_SHOW_ITEMS;

    cdn_pack_array(show->out, shown);
    for (uint32_t i = 1; i <= shown; i++) {
        lua_rawgeti(L, index, (int)i);
        cdn_show_value(L, lua_gettop(L), show);
        lua_pop(L, 1);
    }
}

/* Stack: pairs' three results on top.                                      [-3, +0, e] */
CDN_RAISES static void show_pairs(lua_State *L, struct cdn_show *show, uint32_t count)
{
    int state = lua_gettop(L) - 2;
    uint32_t shown = count < CDN_SHOW_ITEMS ? count : CDN_SHOW_ITEMS;

    cdn_pack_array(show->out, shown);
    for (uint32_t i = 0; i < shown; i++) {
        lua_pushvalue(L, state);
        lua_pushvalue(L, state + 1);
        lua_pushvalue(L, state + 2);
        lua_call(L, 2, 2);
        cdn_pack_array(show->out, 2);
        cdn_show_value(L, state + 3, show);
        cdn_show_value(L, state + 4, show);
        lua_pop(L, 1);
        lua_replace(L, state + 2);
    }
    lua_settop(L, state - 1);
}

CDN_RAISES static void show_entries(lua_State *L, int index, struct cdn_show *show)
{
    bool list, plain;
    uint32_t count = count_entries(L, index, &list);

    plain = !lua_getmetatable(L, index);
    lua_settop(L, plain ? lua_gettop(L) : lua_gettop(L) - 1);
    if (!list) { /* what has no order cannot be gone over */
        lua_pushvalue(L, show->pairs);
        lua_pushvalue(L, index);
        if (cdn_protected_call(L, 1, 3)) {
            lua_pop(L, 1);
            refuse(show, "it has keys that have no order");
            return;
        }
    }
    cdn_show_begin(show, list ? "list" : "map", 3);
    cdn_pack_cstr(show->out, "count");
    cdn_pack_int(show->out, count);
    cdn_pack_cstr(show->out, "plain");
    cdn_pack_bool(show->out, plain);
    cdn_pack_cstr(show->out, "items");
    if (list)
        show_list(L, index, show, count);
    else
        show_pairs(L, show, count);
}

CDN_RAISES static void show_table(lua_State *L, int index, struct cdn_show *show)
{
    const void *self = lua_topointer(L, index);

    for (uint32_t i = 0; i < show->depth; i++) {
        if (show->around[i] == self) {
            refuse(show, "it is within itself");
            return;
        }
    }
    if (show->depth == CDN_SHOW_DEPTH) {
        refuse(show, "it lies too deep");
        return;
    }
    show->around[show->depth++] = self;
    show_entries(L, index, show);
    show->depth--;
}

void cdn_show_value(lua_State *L, int index, struct cdn_show *show)
{
    size_t bytes;
    const char *text;

    luaL_checkstack(L, 16, "what is shown");
    if (show->left == 0) {
        refuse(show, "enough has been shown");
        return;
    }
    show->left--;
    cdn_meter_charge(L, 1);
    switch (lua_type(L, index)) {
    case LUA_TNIL:
        cdn_pack_nil(show->out);
        break;
    case LUA_TBOOLEAN:
        cdn_pack_bool(show->out, lua_toboolean(L, index));
        break;
    case LUA_TNUMBER:
        cdn_pack_number(show->out, lua_tonumber(L, index));
        break;
    case LUA_TSTRING:
        text = lua_tolstring(L, index, &bytes);
        cdn_show_string(show, text, bytes);
        break;
    case LUA_TTABLE:
        show_table(L, index, show);
        break;
    case LUA_TFUNCTION:
        cdn_show_begin(show, "function", 0);
        break;
    case LUA_TTHREAD:
        cdn_show_begin(show, "coroutine", 0);
        break;
    default:
        if (!cdn_show_graph(L, index, show))
            cdn_show_begin(show, "object", 0);
        break;
    }
}
