/* The plain string functions, charged by the bytes they touch, and argument checks.
 *
 * Copying is about a byte a cycle at worst, an instruction of the interpreter some ten
 * cycles: 32 bytes are charged as one instruction, and nothing for less, since calling
 * the function is itself an instruction and more.  Upper and lower case are ASCII's. */
#include <stdbool.h>
#include <string.h>

#include <lauxlib.h>

#include "sandbox/lib.h"
#include "sandbox/numerals.h"

#define BYTES_PER_INSTRUCTION 32

/* Most results of one byte() and the like: the Lua stack's own limit. */
#define MAX_RESULTS 8000

void cdn_lib_charge_bytes(lua_State *L, size_t bytes)
{
    if (bytes >= BYTES_PER_INSTRUCTION)
        cdn_meter_charge(L, bytes / BYTES_PER_INSTRUCTION);
}

const char *cdn_lib_check_text(lua_State *L, int arg, size_t *bytes)
{
    const char *text = luaL_checklstring(L, arg, bytes);

    cdn_meter_see_text(L, text, *bytes);
    return text;
}

const char *cdn_lib_opt_text(lua_State *L, int arg, const char *fallback, size_t *bytes)
{
    if (!lua_isnoneornil(L, arg))
        return cdn_lib_check_text(L, arg, bytes);
    *bytes = strlen(fallback);
    return fallback;
}

void cdn_lib_charge_parse(lua_State *L, int index)
{
    size_t bytes;
    const char *text = lua_tolstring(L, index, &bytes);
    uint64_t work = cdn_numeral_cost(text, bytes);

    if (work)
        cdn_meter_charge(L, work);
}

lua_Number cdn_lib_check_number(lua_State *L, int arg)
{
    if (lua_type(L, arg) == LUA_TSTRING)
        cdn_lib_charge_parse(L, arg);
    return luaL_checknumber(L, arg);
}

int64_t cdn_lib_check_integer(lua_State *L, int arg)
{
    lua_Number number = cdn_lib_check_number(L, arg);

    if (number >= 9223372036854775808.0)
        return INT64_MAX;
    if (number <= -9223372036854775808.0)
        return INT64_MIN;
    return number == number ? (int64_t)number : 0;
}

int64_t cdn_lib_opt_integer(lua_State *L, int arg, int64_t fallback)
{
    return lua_isnoneornil(L, arg) ? fallback : cdn_lib_check_integer(L, arg);
}

/* Clip the 1-based, possibly negative range first..last to the string: 0-based offset
 * and length. */
static size_t clip(size_t *length, int64_t first, int64_t last, size_t bytes)
{
    int64_t size = (int64_t)bytes;

    if (first < 0)
        first = first < -size ? 1 : first + size + 1;
    else if (first == 0)
        first = 1;
    if (last < 0)
        last = last < -size ? 0 : last + size + 1;
    else if (last > size)
        last = size;
    *length = first > last ? 0 : (size_t)(last - first + 1);
    return first > last ? 0 : (size_t)(first - 1);
}

/* string.len(s) */
int cdn_lib_string_len(lua_State *L)
{
    size_t bytes;

    cdn_lib_check_text(L, 1, &bytes);
    lua_pushnumber(L, (lua_Number)bytes);
    return 1;
}

/* string.sub(s, first [, last]) */
int cdn_lib_string_sub(lua_State *L)
{
    size_t bytes, length;
    const char *s = cdn_lib_check_text(L, 1, &bytes);
    int64_t first = cdn_lib_check_integer(L, 2);
    size_t offset = clip(&length, first, cdn_lib_opt_integer(L, 3, -1), bytes);

    cdn_lib_charge_bytes(L, length);
    cdn_meter_push_text(L, s + offset, length);
    return 1;
}

/* string.byte(s [, first [, last]]) -> numbers... */
int cdn_lib_string_byte(lua_State *L)
{
    size_t bytes, length;
    const char *s = cdn_lib_check_text(L, 1, &bytes);
    int64_t first = cdn_lib_opt_integer(L, 2, 1);
    size_t offset = clip(&length, first, cdn_lib_opt_integer(L, 3, first), bytes);

    if (length >= MAX_RESULTS || !lua_checkstack(L, (int)length))
        return luaL_error(L, "string slice too long");
    cdn_lib_charge_bytes(L, length * 8);
    for (size_t i = 0; i < length; i++)
        lua_pushinteger(L, (unsigned char)s[offset + i]);
    return (int)length;
}

/* string.char(...) -> string of those byte values */
int cdn_lib_string_char(lua_State *L)
{
    int count = lua_gettop(L);
    struct cdn_lib_buffer out;
    char *at;

    cdn_lib_charge_bytes(L, (size_t)count * 8);
    cdn_lib_buffer_init(&out, L);
    at = cdn_lib_buffer_room(&out, (size_t)count);
    for (int i = 1; i <= count; i++) {
        int64_t value = cdn_lib_check_integer(L, i);

        luaL_argcheck(L, value >= 0 && value <= 255, i, "invalid value");
        at[i - 1] = (char)value;
    }
    out.length = (size_t)count;
    cdn_lib_buffer_push(&out);
    return 1;
}

/* Make a copy of the string argument with each byte from `first` to `last` moved by
 * `distance`. */
CDN_RAISES static int shift_case(lua_State *L, char first, char last, int distance)
{
    size_t bytes;
    const char *s = cdn_lib_check_text(L, 1, &bytes);
    struct cdn_lib_buffer out;
    char *at;

    cdn_lib_charge_bytes(L, 2 * bytes);
    cdn_lib_buffer_init(&out, L);
    at = cdn_lib_buffer_room(&out, bytes);
    for (size_t i = 0; i < bytes; i++) {
        char c = s[i];

        at[i] = (char)(c >= first && c <= last ? c + distance : c);
    }
    out.length = bytes;
    cdn_lib_buffer_push(&out);
    return 1;
}

/* string.lower(s) */
int cdn_lib_string_lower(lua_State *L)
{
    return shift_case(L, 'A', 'Z', 'a' - 'A');
}

/* string.upper(s) */
int cdn_lib_string_upper(lua_State *L)
{
    return shift_case(L, 'a', 'z', 'A' - 'a');
}

/* string.reverse(s) */
int cdn_lib_string_reverse(lua_State *L)
{
    size_t bytes;
    const char *s = cdn_lib_check_text(L, 1, &bytes);
    struct cdn_lib_buffer out;
    char *at;

    cdn_lib_charge_bytes(L, 2 * bytes);
    cdn_lib_buffer_init(&out, L);
    at = cdn_lib_buffer_room(&out, bytes);
    for (size_t i = 0; i < bytes; i++)
        at[i] = s[bytes - 1 - i];
    out.length = bytes;
    cdn_lib_buffer_push(&out);
    return 1;
}

/* string.rep(s, n [, separator]) */
int cdn_lib_string_rep(lua_State *L)
{
    size_t bytes, separator_bytes, total;
    const char *s = cdn_lib_check_text(L, 1, &bytes);
    int64_t count = cdn_lib_check_integer(L, 2);
    const char *separator = cdn_lib_opt_text(L, 3, "", &separator_bytes);
    struct cdn_lib_buffer out;

    if (count <= 0 || bytes + separator_bytes == 0) {
        lua_pushliteral(L, "");
        return 1;
    }
    /* more than LuaJIT's own largest string: it would be refused there too */
    if ((uint64_t)count > 0x7fffff00u / (bytes + separator_bytes))
        cdn_meter_raise(L, CDN_STOP_MEMORY);
    total = (size_t)count * (bytes + separator_bytes) - separator_bytes;
    if (total > cdn_meter_of(L)->limit.memory_bytes)
        cdn_meter_raise(L, CDN_STOP_MEMORY); /* a truer word than "instructions" */
    cdn_lib_charge_bytes(L, total);
    cdn_lib_buffer_init(&out, L);
    cdn_lib_buffer_room(&out, total);
    /* the first unit, then all there is once more, as often as it takes */
    memcpy(out.data, s, bytes);
    out.length = bytes;
    if (count > 1) {
        memcpy(out.data + bytes, separator, separator_bytes);
        out.length += separator_bytes;
    }
    while (out.length < total) {
        size_t more = out.length < total - out.length ? out.length : total - out.length;

        memcpy(out.data + out.length, out.data, more);
        out.length += more;
    }
    cdn_lib_buffer_push(&out);
    return 1;
}
