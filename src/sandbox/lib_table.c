/* table.insert, remove, concat and maxn: raw accesses, charged, frozen tables refused.
 *
 * Stock insert makes a loop of 2^31 steps of a position that is NaN or infinite; here
 * the position must be a number that fits, and elements are charged before they are
 * moved, some hundreds at a time. */
#include <limits.h>
#include <stdbool.h>

#include <lauxlib.h>

#include "sandbox/lib.h"

/* Moving one element costs about half an instruction. */
#define MOVES_PER_INSTRUCTION 2

/* Moves between two charges. */
#define MOVES 256

/* What making text of a number costs. */
#define NUMBER_INSTRUCTIONS 8

static int64_t length_of(lua_State *L, int index)
{
    return (int64_t)lua_objlen(L, index);
}

/* A place in a table that fits lua_rawgeti. */
CDN_RAISES static int check_place(lua_State *L, int arg)
{
    lua_Number place = cdn_lib_check_number(L, arg);

    if (!(place > -2147483648.0 && place < 2147483647.0))
        luaL_argerror(L, arg, "position out of bounds");
    return (int)place;
}

/* Before `count` elements are moved; below 1 they are in the hash part.     [-0, +0, e] */
CDN_RAISES static void charge_moves(lua_State *L, int count, bool hashed)
{
    cdn_meter_charge(L, (uint64_t)count / MOVES_PER_INSTRUCTION + 1 +
                            (hashed ? 8 * (uint64_t)count : 0));
}

/* table.insert(t, [place,] value) */
int cdn_lib_table_insert(lua_State *L)
{
    int end, place;

    cdn_lib_check_writable(L, 1);
    end = (int)length_of(L, 1) + 1;
    switch (lua_gettop(L)) {
    case 2:
        place = end;
        break;
    case 3:
        place = check_place(L, 2);
        for (int i = end; i > place;) {
            int until = i - (int64_t)place > MOVES ? i - MOVES : place;

            charge_moves(L, i - until, until < 1);
            for (; i > until; i--) {
                lua_rawgeti(L, 1, i - 1);
                lua_rawseti(L, 1, i);
            }
        }
        break;
    default:
        return luaL_error(L, "wrong number of arguments to 'insert'");
    }
    lua_rawseti(L, 1, place);
    return 0;
}

/* table.remove(t [, place]) -> the element that was there */
int cdn_lib_table_remove(lua_State *L)
{
    int end, place;

    cdn_lib_check_writable(L, 1);
    end = (int)length_of(L, 1);
    place = lua_isnoneornil(L, 2) ? end : check_place(L, 2);
    if (place < 1 || place > end)
        return 0;
    cdn_meter_charge(L, 1);
    lua_rawgeti(L, 1, place);
    for (int i = place; i < end;) {
        int until = end - i > MOVES ? i + MOVES : end;

        charge_moves(L, until - i, false);
        for (; i < until; i++) {
            lua_rawgeti(L, 1, i + 1);
            lua_rawseti(L, 1, i);
        }
    }
    lua_pushnil(L);
    lua_rawseti(L, 1, end);
    return 1;
}

/* table.concat(t [, separator [, first [, last]]]) */
int cdn_lib_table_concat(lua_State *L)
{
    size_t separator_bytes, bytes;
    const char *separator = cdn_lib_opt_text(L, 2, "", &separator_bytes);
    int64_t first, last;
    struct cdn_lib_buffer out;

    luaL_checktype(L, 1, LUA_TTABLE);
    cdn_lib_check_readable(L, 1);
    first = cdn_lib_opt_integer(L, 3, 1);
    last = cdn_lib_opt_integer(L, 4, length_of(L, 1));
    cdn_lib_buffer_init(&out, L);
    for (int64_t i = first; i <= last; i++) {
        const char *piece = NULL;
        bool number = false;

        if (i > INT_MIN && i < INT_MAX) {
            lua_rawgeti(L, 1, (int)i);
            number = lua_type(L, -1) == LUA_TNUMBER;
            piece = cdn_meter_to_text(L, -1, &bytes);
        } else {
            lua_pushnil(L);
        }
        if (!piece)
            return luaL_error(L, "invalid value (%s) at index %f in table for 'concat'",
                              luaL_typename(L, -1), (double)i);
        if (number)
            cdn_meter_charge(L, NUMBER_INSTRUCTIONS);
        cdn_meter_charge(L, 1 + (bytes + separator_bytes) / 32);
        cdn_lib_buffer_add(&out, piece, bytes);
        lua_pop(L, 1);
        if (i < last)
            cdn_lib_buffer_add(&out, separator, separator_bytes);
    }
    cdn_lib_buffer_push(&out);
    return 1;
}

/* table.maxn(t) -> the largest number that is a key, or 0 */
int cdn_lib_table_maxn(lua_State *L)
{
    lua_Number largest = 0;
    uint64_t keys = 0;

    luaL_checktype(L, 1, LUA_TTABLE);
    cdn_lib_check_readable(L, 1);
    lua_pushnil(L);
    while (lua_next(L, 1)) {
        lua_pop(L, 1);
        cdn_meter_walk(L, (uint32_t)keys);
        if (lua_type(L, -1) == LUA_TNUMBER && lua_tonumber(L, -1) > largest)
            largest = lua_tonumber(L, -1);
        if (++keys % 1024 == 0)
            cdn_meter_charge(L, 1024);
    }
    cdn_meter_walk(L, 0);
    cdn_meter_charge(L, keys % 1024 + 1);
    lua_pushnumber(L, largest);
    return 1;
}
