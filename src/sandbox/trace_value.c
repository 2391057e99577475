/* A value of Lua's as a reader sees it, without running or allocating anything.
 *
 * Numbers are written as `cordon eval` writes them.  A table shows the first elements of its
 * list, then what stands under names, in the order of their bytes, if they are few; tables
 * within it are "{...}".  Metatables are not asked. */
#include "sandbox/trace.h"

#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"

enum {
    ELEMENTS = 6,    /* of a list that are shown */
    NAMES = 12,      /* shown, if a table has no more */
    ENTRIES = 64,    /* looked at beside the list, to see how many it has */
    LONG_LIST = 1000 /* not looked at beyond */
};

struct writer {
    char *out;
    size_t length;
};

/* Append, cut with "..." for good where it does not fit. */
CDN_PRINTF(2, 3) static void put(struct writer *writer, const char *format, ...)
{
    size_t left = CORDON_TRACE_VALUE_BYTES - writer->length;
    va_list args;
    int length;

    if (left <= 1)
        return;
    va_start(args, format);
    length = vsnprintf(writer->out + writer->length, left, format, args);
    va_end(args);
    if (length < 0)
        return;
    if ((size_t)length < left) {
        writer->length += (size_t)length;
        return;
    }
    memcpy(writer->out + CORDON_TRACE_VALUE_BYTES - 4, "...", 4);
    writer->length = CORDON_TRACE_VALUE_BYTES - 1;
}

static void put_number(struct writer *writer, double number)
{
    if (number == floor(number) && fabs(number) <= 9007199254740992.0)
        put(writer, "%" PRId64, (int64_t)number);
    else
        put(writer, "%.10g", number);
}

static void put_text(struct writer *writer, lua_State *L, int index)
{
    char shown[CORDON_TRACE_VALUE_BYTES];
    size_t bytes;
    const char *text = lua_tolstring(L, index, &bytes);

    put(writer, "%s", cdn_escape(shown, sizeof shown, text, bytes));
}

/* What is in a table: on one line, and not what is in that again. */
static void put_inner(struct writer *writer, const struct cdn_trace_host *host,
                      lua_State *L, int index)
{
    char shown[CORDON_TRACE_VALUE_BYTES];

    switch (lua_type(L, index)) {
    case LUA_TSTRING:
        put(writer, "\"");
        put_text(writer, L, index);
        put(writer, "\"");
        return;
    case LUA_TTABLE:
        put(writer, "{...}");
        return;
    default:
        if (cdn_trace_show(host, L, index, shown))
            put(writer, "%s", shown);
        else
            put(writer, "%s", lua_typename(L, lua_type(L, index)));
        return;
    }
}

static int by_bytes(const char *a, size_t a_bytes, const char *b, size_t b_bytes)
{
    int order = memcmp(a, b, a_bytes < b_bytes ? a_bytes : b_bytes);

    return order ? order : (a_bytes > b_bytes) - (a_bytes < b_bytes);
}

/* A table may be all holes, and lua_next goes over each: so it is gone through once. */
struct names {
    const char *text[NAMES];
    size_t bytes[NAMES];
    uint8_t order[NAMES];                        /* by bytes: which of the others */
    char shown[NAMES][CORDON_TRACE_VALUE_BYTES]; /* what stands under each */
    size_t count;
    bool others; /* there is more than the list and these */
};

/* The key is at -2 and its value on top. */
static void note_name(struct names *names, const struct cdn_trace_host *host,
                      lua_State *L)
{
    size_t at = names->count++, added = at;
    struct writer writer = {.out = names->shown[added]};

    names->text[added] = lua_tolstring(L, -2, &names->bytes[added]);
    for (; at > 0; at--) {
        uint8_t before = names->order[at - 1];

        if (by_bytes(names->text[before], names->bytes[before], names->text[added],
                     names->bytes[added]) <= 0)
            break;
        names->order[at] = before;
    }
    names->order[at] = (uint8_t)added;
    names->shown[added][0] = '\0';
    put_inner(&writer, host, L, lua_gettop(L));
}

static void find_names(struct names *names, const struct cdn_trace_host *host,
                       lua_State *L, int index, size_t list)
{
    size_t entries = 0, most = ENTRIES + (list < LONG_LIST ? list : LONG_LIST);

    names->count = 0;
    names->others = false;
    lua_pushnil(L);
    while (lua_next(L, index)) {
        bool named = lua_type(L, -2) == LUA_TSTRING;
        double number = lua_type(L, -2) == LUA_TNUMBER ? lua_tonumber(L, -2) : 0;

        if (++entries > most || (named && names->count == NAMES)) {
            names->count = 0; /* which of them are met first is nobody's business */
            names->others = true;
            lua_pop(L, 2);
            return;
        }
        if (named)
            note_name(names, host, L);
        else if (!(number >= 1 && number <= (double)list))
            names->others = true;
        lua_pop(L, 1);
    }
}

static void put_table(struct writer *writer, const struct cdn_trace_host *host,
                      lua_State *L, int index)
{
    size_t list = lua_objlen(L, index);
    const char *comma = "";
    struct names names;

    put(writer, "{");
    for (size_t i = 0; i < list && i < ELEMENTS; i++) {
        lua_rawgeti(L, index, (int)i + 1);
        put(writer, "%s", comma);
        put_inner(writer, host, L, lua_gettop(L));
        lua_pop(L, 1);
        comma = ", ";
    }
    if (list > ELEMENTS)
        put(writer, ", ... %zu in all", list);
    find_names(&names, host, L, index, list);
    for (size_t i = 0; i < names.count; i++) {
        char shown[CORDON_TRACE_VALUE_BYTES];
        uint8_t at = names.order[i];

        put(writer, "%s%s = %s", comma,
            cdn_escape(shown, sizeof shown, names.text[at], names.bytes[at]),
            names.shown[at]);
        comma = ", ";
    }
    if (names.others)
        put(writer, "%s...", comma);
    put(writer, "}");
}

const char *cdn_trace_show(const struct cdn_trace_host *host, lua_State *L, int index,
                           char out[CORDON_TRACE_VALUE_BYTES])
{
    struct writer writer = {.out = out};
    int type = lua_type(L, index);

    if (index < 0)
        index = lua_gettop(L) + index + 1;
    out[0] = '\0';
    switch (type) {
    case LUA_TNIL:
        put(&writer, "nil");
        return "nil";
    case LUA_TBOOLEAN:
        put(&writer, "%s", lua_toboolean(L, index) ? "true" : "false");
        return "boolean";
    case LUA_TNUMBER:
        put_number(&writer, lua_tonumber(L, index));
        return "number";
    case LUA_TSTRING:
        put_text(&writer, L, index);
        return "string";
    case LUA_TTABLE:
        put_table(&writer, host, L, index);
        return "table";
    case LUA_TUSERDATA:
    case LUA_TLIGHTUSERDATA:
        return host->describe
                   ? host->describe(host->ud, L, index, out, CORDON_TRACE_VALUE_BYTES)
                   : NULL;
    case LUA_TFUNCTION:
        put(&writer, "function");
        return "function";
    default:
        put(&writer, "%s", lua_typename(L, type));
        return "object";
    }
}
