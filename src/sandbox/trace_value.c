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

/* ---- words ---- */

void cdn_trace_say(struct cdn_trace_words *words, const char *format, ...)
{
    size_t left = sizeof words->text - words->length;
    va_list args;
    int length;

    if (left <= 1)
        return;
    va_start(args, format);
    length = vsnprintf(words->text + words->length, left, format, args);
    va_end(args);
    if (length < 0)
        return;
    words->length += (size_t)length < left ? (size_t)length : left - 1;
    if ((size_t)length >= left) {
        char *cut = words->text + sizeof words->text - 4;

        while (cut > words->text && ((unsigned char)*cut & 0xc0) == 0x80)
            cut--; /* no half of a character */
        memcpy(cut, "...", 4);
    }
}

void cdn_trace_say_number(struct cdn_trace_words *words, double number)
{
    if (number == floor(number) && fabs(number) <= 9007199254740992.0)
        cdn_trace_say(words, "%" PRId64, (int64_t)number);
    else
        cdn_trace_say(words, "%.10g", number);
}

void cdn_trace_say_text(struct cdn_trace_words *words, const char *text, size_t bytes)
{
    char shown[sizeof words->text];

    cdn_trace_say(words, "%s", cdn_escape(shown, sizeof shown, text, bytes));
}

/* ---- values ---- */

static void put_text(struct cdn_trace_words *words, lua_State *L, int index)
{
    size_t bytes;
    const char *text = lua_tolstring(L, index, &bytes);

    cdn_trace_say_text(words, text, bytes);
}

/* What is in a table: on one line, and not what is in that again. */
static void put_inner(struct cdn_trace_words *words, const struct cdn_trace_host *host,
                      lua_State *L, int index)
{
    char shown[CORDON_TRACE_VALUE_BYTES];

    switch (lua_type(L, index)) {
    case LUA_TSTRING:
        cdn_trace_say(words, "\"");
        put_text(words, L, index);
        cdn_trace_say(words, "\"");
        return;
    case LUA_TTABLE:
        cdn_trace_say(words, "{...}");
        return;
    default:
        if (cdn_trace_show(host, L, index, shown))
            cdn_trace_say(words, "%s", shown);
        else
            cdn_trace_say(words, "%s", lua_typename(L, lua_type(L, index)));
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
    struct cdn_trace_words words = {.length = 0};

    names->text[added] = lua_tolstring(L, -2, &names->bytes[added]);
    for (; at > 0; at--) {
        uint8_t before = names->order[at - 1];

        if (by_bytes(names->text[before], names->bytes[before], names->text[added],
                     names->bytes[added]) <= 0)
            break;
        names->order[at] = before;
    }
    names->order[at] = (uint8_t)added;
    words.text[0] = '\0';
    put_inner(&words, host, L, lua_gettop(L));
    memcpy(names->shown[added], words.text, words.length + 1);
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

static void put_table(struct cdn_trace_words *words, const struct cdn_trace_host *host,
                      lua_State *L, int index)
{
    size_t list = lua_objlen(L, index);
    const char *comma = "";
    struct names names;

    cdn_trace_say(words, "{");
    for (size_t i = 0; i < list && i < ELEMENTS; i++) {
        lua_rawgeti(L, index, (int)i + 1);
        cdn_trace_say(words, "%s", comma);
        put_inner(words, host, L, lua_gettop(L));
        lua_pop(L, 1);
        comma = ", ";
    }
    if (list > ELEMENTS)
        cdn_trace_say(words, ", ... %zu in all", list);
    find_names(&names, host, L, index, list);
    for (size_t i = 0; i < names.count; i++) {
        char shown[CORDON_TRACE_VALUE_BYTES];
        uint8_t at = names.order[i];

        cdn_trace_say(words, "%s%s = %s", comma,
                      cdn_escape(shown, sizeof shown, names.text[at], names.bytes[at]),
                      names.shown[at]);
        comma = ", ";
    }
    if (names.others)
        cdn_trace_say(words, "%s...", comma);
    cdn_trace_say(words, "}");
}

/* Into words->text; the type's name. */
static const char *show(struct cdn_trace_words *words,
                        const struct cdn_trace_host *host, lua_State *L, int index)
{
    int type = lua_type(L, index);

    switch (type) {
    case LUA_TNIL:
        cdn_trace_say(words, "nil");
        return "nil";
    case LUA_TBOOLEAN:
        cdn_trace_say(words, "%s", lua_toboolean(L, index) ? "true" : "false");
        return "boolean";
    case LUA_TNUMBER:
        cdn_trace_say_number(words, lua_tonumber(L, index));
        return "number";
    case LUA_TSTRING:
        put_text(words, L, index);
        return "string";
    case LUA_TTABLE:
        put_table(words, host, L, index);
        return "table";
    case LUA_TUSERDATA:
    case LUA_TLIGHTUSERDATA:
        return host->describe
                   ? host->describe(host->ud, L, index, words->text, sizeof words->text)
                   : NULL;
    case LUA_TFUNCTION:
        cdn_trace_say(words, "function");
        return "function";
    default:
        cdn_trace_say(words, "%s", lua_typename(L, type));
        return "object";
    }
}

const char *cdn_trace_show(const struct cdn_trace_host *host, lua_State *L, int index,
                           char out[CORDON_TRACE_VALUE_BYTES])
{
    struct cdn_trace_words words = {.length = 0};
    const char *type;

    words.text[0] = '\0';
    if (index < 0)
        index = lua_gettop(L) + index + 1;
    type = show(&words, host, L, index);
    memcpy(out, words.text, strlen(words.text) + 1);
    return type;
}
