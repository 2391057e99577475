/* The basic functions that differ from the stock ones: metatables without back doors,
 * text without addresses, frozen tables that raw access cannot get through.
 *
 * getmetatable tells of tables only: the one behind strings is shared by all of them.
 * setmetatable refuses __gc and __mode, through which the collector's timing would
 * show. */
#include <stdlib.h>
#include <string.h>

#include <lauxlib.h>

#include "sandbox/lib.h"

#define MAX_RESULTS 8000

/* getmetatable(t) -> its __metatable field, its metatable, or nil */
int cdn_lib_getmetatable(lua_State *L)
{
    luaL_checkany(L, 1);
    if (lua_type(L, 1) != LUA_TTABLE || !lua_getmetatable(L, 1)) {
        lua_pushnil(L);
        return 1;
    }
    lua_pushliteral(L, "__metatable");
    lua_rawget(L, -2);
    if (lua_isnil(L, -1))
        lua_pop(L, 1);
    return 1;
}

CDN_RAISES static void refuse_field(lua_State *L, const char *field)
{
    lua_pushstring(L, field);
    lua_rawget(L, 2);
    if (!lua_isnil(L, -1))
        luaL_error(L, "'%s' is not available to rules", field);
    lua_pop(L, 1);
}

/* setmetatable(t, metatable or nil) -> t */
int cdn_lib_setmetatable(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TTABLE);
    if (!lua_isnil(L, 2) && !lua_istable(L, 2))
        return luaL_typerror(L, 2, "nil or table");
    lua_settop(L, 2);
    if (luaL_getmetafield(L, 1, "__metatable"))
        return luaL_error(L, "cannot change a protected metatable");
    if (lua_istable(L, 2)) {
        refuse_field(L, "__gc");
        refuse_field(L, "__mode");
    }
    lua_setmetatable(L, 1);
    return 1;
}

/* rawget(t, key) */
int cdn_lib_rawget(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TTABLE);
    luaL_checkany(L, 2);
    lua_settop(L, 2);
    cdn_lib_check_readable(L, 1);
    lua_rawget(L, 1);
    return 1;
}

/* rawset(t, key, value) -> t */
int cdn_lib_rawset(lua_State *L)
{
    cdn_lib_check_writable(L, 1);
    luaL_checkany(L, 2);
    luaL_checkany(L, 3);
    lua_settop(L, 3);
    lua_rawset(L, 1);
    return 1;
}

/* tonumber(text, base), base not 10: digits and letters, as strtoull reads them */
CDN_RAISES static int number_in_base(lua_State *L, int64_t base)
{
    size_t bytes;
    const char *text = cdn_lib_check_text(L, 1, &bytes);
    const char *at = text;
    char *end;
    unsigned long long value;
    int negative = 0;

    luaL_argcheck(L, base >= 2 && base <= 36, 2, "base out of range");
    cdn_lib_charge_bytes(L, 8 * bytes);
    at += strspn(at, " \t\n\v\f\r");
    if (*at == '-' || *at == '+')
        negative = *at++ == '-';
    if (!(*at >= '0' && *at <= '9') && !((*at | 0x20) >= 'a' && (*at | 0x20) <= 'z'))
        goto none;
    value = strtoull(at, &end, (int)base);
    if (end == at)
        goto none;
    end += strspn(end, " \t\n\v\f\r");
    if (end != text + bytes)
        goto none;
    lua_pushnumber(L, negative ? -(lua_Number)value : (lua_Number)value);
    return 1;
none:
    lua_pushnil(L);
    return 1;
}

/* tonumber(value [, base]) -> number or nil */
int cdn_lib_tonumber(lua_State *L)
{
    int64_t base = cdn_lib_opt_integer(L, 2, 10);
    lua_Number number;

    if (base != 10)
        return number_in_base(L, base);
    luaL_checkany(L, 1);
    if (lua_type(L, 1) == LUA_TSTRING)
        cdn_lib_charge_parse(L, 1);
    number = lua_tonumber(L, 1);
    if (number != 0 || lua_isnumber(L, 1)) /* NaN is not 0 either */
        lua_pushnumber(L, number);
    else
        lua_pushnil(L);
    return 1;
}

void cdn_tostring(lua_State *L, int index)
{
    size_t bytes;

    if (index < 0 && index > LUA_REGISTRYINDEX)
        index += lua_gettop(L) + 1;
    luaL_checkstack(L, 4, "tostring");
    switch (lua_type(L, index)) {
    case LUA_TSTRING:
        lua_pushvalue(L, index);
        return;
    case LUA_TNUMBER:
        lua_pushvalue(L, index);
        cdn_meter_to_text(L, -1, &bytes);
        return;
    case LUA_TBOOLEAN:
        lua_pushstring(L, lua_toboolean(L, index) ? "true" : "false");
        return;
    case LUA_TNIL:
        lua_pushliteral(L, "nil");
        return;
    default:
        break;
    }
    if (!luaL_getmetafield(L, index, "__tostring")) {
        lua_pushstring(L, luaL_typename(L, index));
        return;
    }
    lua_pushvalue(L, index);
    cdn_lib_enter(L);
    lua_call(L, 1, 1);
    cdn_lib_leave(L);
    if (!lua_isstring(L, -1))
        luaL_error(L, "'__tostring' must return a string");
    cdn_meter_to_text(L, -1, &bytes);
}

/* tostring(value) */
int cdn_lib_tostring(lua_State *L)
{
    luaL_checkany(L, 1);
    cdn_tostring(L, 1);
    return 1;
}

/* unpack(t [, first [, last]]) -> values... */
int cdn_lib_unpack(lua_State *L)
{
    int64_t first, last;

    luaL_checktype(L, 1, LUA_TTABLE);
    lua_settop(L, 3);
    cdn_lib_check_readable(L, 1);
    first = cdn_lib_opt_integer(L, 2, 1);
    last = cdn_lib_opt_integer(L, 3, (int64_t)lua_objlen(L, 1));
    if (first > last)
        return 0;
    if (first < -2147483647 || last > 2147483646 || last - first >= MAX_RESULTS ||
        !lua_checkstack(L, (int)(last - first + 1)))
        return luaL_error(L, "too many results to unpack");
    cdn_meter_charge(L, (uint64_t)(last - first) / 4 + 1);
    for (int64_t i = first; i <= last; i++)
        lua_rawgeti(L, 1, (int)i);
    return (int)(last - first + 1);
}

/* The iterator of ipairs over a frozen table. */
CDN_RAISES static int frozen_ipairs_next(lua_State *L)
{
    int64_t i = cdn_lib_check_integer(L, 2);

    luaL_checktype(L, 1, LUA_TTABLE);
    cdn_lib_check_readable(L, 1);
    if (i < 0 || i >= 2147483646)
        return 0;
    lua_rawgeti(L, 1, (int)++i);
    if (lua_isnil(L, -1))
        return 0;
    lua_pushnumber(L, (lua_Number)i);
    lua_insert(L, -2);
    return 2;
}

/* ipairs(t) -> iterator, t, 0 */
int cdn_lib_ipairs(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TTABLE);
    if (cdn_lib_frozen(L, 1))
        lua_pushcfunction(L, frozen_ipairs_next);
    else
        lua_pushvalue(L, lua_upvalueindex(1));
    lua_pushvalue(L, 1);
    lua_pushinteger(L, 0);
    return 3;
}
