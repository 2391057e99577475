/* string.find, match, gmatch and gsub over the metered matcher.
 *
 * find without magic characters searches for the bytes as they are, in linear time
 * (memmem).  gsub calls back into Lua under the nesting count: one level takes under
 * 1 KiB of the C stack.  gmatch keeps subject, pattern and place in a closure. */
#include <stdbool.h>
#include <string.h>

#include <lauxlib.h>

#include "sandbox/lib.h"
#include "sandbox/pattern.h"

/* From a 1-based place that may count from the end, to an offset within the subject. */
static size_t offset_of(int64_t place, size_t bytes)
{
    if (place < 0)
        place += (int64_t)bytes;
    else
        place--;
    if (place < 0)
        return 0;
    return (uint64_t)place > bytes ? bytes : (size_t)place;
}

static bool is_plain(const char *pattern, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++) {
        if (strchr("^$*+?.([%-", pattern[i]) && pattern[i])
            return false;
    }
    return true;
}

/* Bytes that are searched between two charges. */
#define WINDOW ((size_t)8192)

/* Search for the bytes themselves, a window at a time; pushes first and last place, or
 * nil.  memmem is linear, at worst some 5 ns a byte. */
CDN_RAISES static int find_plain(lua_State *L, const char *subject,
                                 size_t subject_bytes, size_t from, const char *wanted,
                                 size_t wanted_bytes)
{
    const char *at = subject + from, *end = subject + subject_bytes, *found = NULL;

    do {
        size_t left = (size_t)(end - at);
        size_t window = WINDOW + 2 * wanted_bytes;

        if (window > left)
            window = left;
        cdn_meter_charge(L, 1 + (window + wanted_bytes) / (wanted_bytes > 2 ? 8 : 32));
        found = memmem(at, window, wanted, wanted_bytes);
        if (found || window == left)
            break;
        at += window - wanted_bytes + 1;
    } while (true);
    if (!found) {
        lua_pushnil(L);
        return 1;
    }
    lua_pushnumber(L, (lua_Number)(found - subject + 1));
    lua_pushnumber(L, (lua_Number)(found - subject) + (lua_Number)wanted_bytes);
    return 2;
}

CDN_RAISES static int find_or_match(lua_State *L, bool find)
{
    size_t subject_bytes, pattern_bytes;
    const char *subject = cdn_lib_check_text(L, 1, &subject_bytes);
    const char *pattern = cdn_lib_check_text(L, 2, &pattern_bytes);
    size_t from = offset_of(cdn_lib_opt_integer(L, 3, 1), subject_bytes);
    const char *start = subject + from, *end;
    bool anchored = pattern_bytes > 0 && *pattern == '^';
    struct cdn_pattern match;

    if (find && (lua_toboolean(L, 4) || is_plain(pattern, pattern_bytes)))
        return find_plain(L, subject, subject_bytes, from, pattern, pattern_bytes);
    cdn_pattern_init(&match, L, subject, subject_bytes, pattern + anchored,
                     pattern_bytes - anchored);
    if (anchored)
        end = cdn_pattern_at(&match, start);
    else
        end = cdn_pattern_search(&match, start, &start);
    cdn_pattern_settle(&match);
    if (!end) {
        lua_pushnil(L);
        return 1;
    }
    if (!find)
        return cdn_pattern_push_all(&match, start, end);
    lua_pushnumber(L, (lua_Number)(start - subject + 1));
    lua_pushnumber(L, (lua_Number)(end - subject));
    return 2 + cdn_pattern_push_all(&match, NULL, NULL);
}

/* string.find(s, pattern [, init [, plain]]) -> first, last, captures... or nil */
int cdn_lib_string_find(lua_State *L)
{
    return find_or_match(L, true);
}

/* string.match(s, pattern [, init]) -> captures... or the match, or nil */
int cdn_lib_string_match(lua_State *L)
{
    return find_or_match(L, false);
}

/* Upvalues: subject, pattern, where the next search begins. */
CDN_RAISES static int gmatch_next(lua_State *L)
{
    size_t subject_bytes, pattern_bytes;
    const char *subject = lua_tolstring(L, lua_upvalueindex(1), &subject_bytes);
    const char *pattern = lua_tolstring(L, lua_upvalueindex(2), &pattern_bytes);
    size_t from = (size_t)lua_tonumber(L, lua_upvalueindex(3));
    const char *start, *end;
    struct cdn_pattern match;

    if (from > subject_bytes)
        return 0;
    cdn_pattern_init(&match, L, subject, subject_bytes, pattern, pattern_bytes);
    end = cdn_pattern_search(&match, subject + from, &start);
    cdn_pattern_settle(&match);
    from = subject_bytes + 1; /* over, unless something is found */
    if (end) {
        from = (size_t)(end - subject);
        if (end == start) /* an empty match: go on behind the next byte */
            from++;
    }
    lua_pushnumber(L, (lua_Number)from);
    lua_replace(L, lua_upvalueindex(3));
    return end ? cdn_pattern_push_all(&match, start, end) : 0;
}

/* string.gmatch(s, pattern) -> iterator over the captures of each match */
int cdn_lib_string_gmatch(lua_State *L)
{
    size_t bytes;

    cdn_lib_check_text(L, 1, &bytes);
    cdn_lib_check_text(L, 2, &bytes);
    lua_settop(L, 2);
    lua_pushnumber(L, 0);
    lua_pushcclosure(L, gmatch_next, 3);
    return 1;
}

/* Add the replacement text with %0 to %9 put in. */
CDN_RAISES static void add_text(struct cdn_lib_buffer *out, struct cdn_pattern *match,
                                const char *start, const char *end)
{
    lua_State *L = match->L;
    size_t bytes;
    const char *text = cdn_meter_to_text(L, 3, &bytes);

    cdn_lib_charge_bytes(L, bytes);
    for (size_t i = 0; i < bytes; i++) {
        const char *piece;
        size_t length;

        if (text[i] != '%') {
            *cdn_lib_buffer_room(out, 1) = text[i];
            out->length++;
            continue;
        }
        i++; /* a '%' at the very end adds the NUL behind it, as it always did */
        if (text[i] < '0' || text[i] > '9') {
            *cdn_lib_buffer_room(out, 1) = text[i];
            out->length++;
            continue;
        }
        if (text[i] == '0') {
            cdn_lib_buffer_add(out, start, (size_t)(end - start));
            continue;
        }
        cdn_pattern_push(match, text[i] - '1', start, end);
        piece = cdn_meter_to_text(L, -1, &length); /* a position becomes text here */
        cdn_lib_buffer_add(out, piece, length);
        lua_pop(L, 1);
    }
}

/* Add what stands for one match: text, a table's value or a function's result; false
 * and nil keep the match as it was. */
CDN_RAISES static void add_value(struct cdn_lib_buffer *out, struct cdn_pattern *match,
                                 const char *start, const char *end)
{
    lua_State *L = match->L;
    const char *piece;
    size_t length;

    switch (lua_type(L, 3)) {
    case LUA_TFUNCTION:
        lua_pushvalue(L, 3);
        cdn_lib_enter(L);
        lua_call(L, cdn_pattern_push_all(match, start, end), 1);
        cdn_lib_leave(L);
        break;
    case LUA_TTABLE:
        cdn_pattern_push(match, 0, start, end);
        cdn_lib_enter(L); /* __index may be a function */
        lua_gettable(L, 3);
        cdn_lib_leave(L);
        break;
    default:
        add_text(out, match, start, end);
        return;
    }
    if (!lua_toboolean(L, -1)) {
        piece = start;
        length = (size_t)(end - start);
    } else if (lua_isstring(L, -1)) {
        piece = cdn_meter_to_text(L, -1, &length);
    } else {
        luaL_error(L, "invalid replacement value (a %s)", luaL_typename(L, -1));
        return;
    }
    cdn_lib_buffer_add(out, piece, length);
    lua_pop(L, 1);
}

/* string.gsub(s, pattern, replacement [, most]) -> new string, number of replacements
 */
int cdn_lib_string_gsub(lua_State *L)
{
    size_t subject_bytes, pattern_bytes;
    const char *subject = cdn_lib_check_text(L, 1, &subject_bytes);
    const char *pattern = cdn_lib_check_text(L, 2, &pattern_bytes);
    int type = lua_type(L, 3);
    int64_t most = cdn_lib_opt_integer(L, 4, (int64_t)subject_bytes + 1);
    bool anchored = pattern_bytes > 0 && *pattern == '^';
    const char *at = subject, *subject_end = subject + subject_bytes;
    struct cdn_lib_buffer out;
    struct cdn_pattern match;
    int64_t count = 0;

    if (type != LUA_TSTRING && type != LUA_TNUMBER && type != LUA_TTABLE &&
        type != LUA_TFUNCTION)
        return luaL_typerror(L, 3, "string/function/table");
    lua_settop(L, 3);
    luaL_checkstack(L, LUA_MINSTACK, "gsub");
    cdn_lib_charge_bytes(L, subject_bytes);
    cdn_lib_buffer_init(&out, L);
    cdn_pattern_init(&match, L, subject, subject_bytes, pattern + anchored,
                     pattern_bytes - anchored);
    while (count < most) {
        const char *start = at;
        const char *end = anchored ? cdn_pattern_at(&match, at)
                                   : cdn_pattern_search(&match, at, &start);

        if (!end)
            break;
        cdn_lib_buffer_add(&out, at, (size_t)(start - at));
        at = start;
        count++;
        add_value(&out, &match, start, end);
        if (end > at) {
            at = end;
        } else if (at < subject_end) { /* an empty match: keep the byte behind it */
            cdn_lib_buffer_add(&out, at, 1);
            at++;
        } else {
            break;
        }
        if (anchored)
            break;
    }
    cdn_pattern_settle(&match);
    cdn_lib_buffer_add(&out, at, (size_t)(subject_end - at));
    cdn_lib_buffer_push(&out);
    lua_pushnumber(L, (lua_Number)count);
    return 2;
}
