/* The metered library functions against the stock ones: whatever a call is given, what the
 * sandbox's function returns is what LuaJIT's own returns, as text, and where one raises so
 * does the other, with the same message where it is Lua 5.1's.
 *
 * An input is up to eight calls (string_call.h).  The sandbox goes first, with a budget; what
 * it did not finish is not asked of the stock function, which would go on for ever.  Where
 * the two differ on purpose (library.c and lib_format.c say why) nothing is compared: see
 * string_call_differs(). */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <lauxlib.h>
#include <lualib.h>

#include "sandbox/library.h"
#include "sandbox/slot.h"
#include "string_call.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What a call came to, as text. */
struct text {
    size_t length;
    bool cut;
    char bytes[1 << 16];
};

/* Shared by both: the functions that are no library functions, and the callbacks. */
static const char shared[] =
    "local callbacks = {\n"
    "  function(...) return ... end,\n"
    "  function() return nil end,\n"
    "  function() return false end,\n"
    "  function(a) return {} end,\n"
    "  function(a, b) return tostring(b) .. tostring(a) end,\n"
    "  function(...) return select('#', ...) end,\n"
    "  function(a) return type(a) == 'string' and a:upper() end,\n"
    "  function() error('from the callback') end,\n"
    "  function(a) return (tostring(a):gsub('.', '%0%0')) end,\n"
    "  function(a, b) return a < b end,\n"
    "  function(a, b) return a > b end,\n"
    "}\n"
    "local function gmatch(s, p)\n"
    "  local out = {}\n"
    "  for a, b, c in string.gmatch(s, p) do\n"
    "    out[#out + 1] = tostring(a) .. '|' .. tostring(b) .. '|' .. tostring(c)\n"
    "    if #out > 40 then break end\n"
    "  end\n"
    "  return #out, table.concat(out, ';')\n"
    "end\n"
    "local function concat(a, b) return a .. b end\n"
    "local function sort(t) table.sort(t) end\n"
    "local function descending(t) table.sort(t, function(a, b) return a > b end) end\n"
    "local function length(s) return #s, string.len(s) end\n"
    "local own = { gmatch = gmatch, concat = concat, sort = sort, descending = "
    "descending,\n"
    "  length = length }\n"
    "return function(library, name)\n"
    "  if library == 'callback' then return callbacks[name] end\n"
    "  if library == 'own' then return own[name] end\n"
    "  if library == '_G' then return _G[name] end\n"
    "  return _G[library][name]\n"
    "end\n";

static struct string_calls calls;
static struct text ours[STRING_CALLS], theirs;
static int finished; /* calls the sandbox answered */

static struct cdn_slot *slot;
static struct cdn_image *image;
static lua_State *stock;

static void add(struct text *out, const char *bytes, size_t count)
{
    if (count > sizeof out->bytes - 1 - out->length) {
        count = sizeof out->bytes - 1 - out->length;
        out->cut = true;
    }
    memcpy(out->bytes + out->length, bytes, count);
    out->length += count;
    out->bytes[out->length] = '\0';
}

static void add_word(struct text *out, const char *word)
{
    add(out, word, strlen(word));
}

/* Equal numbers are equal text: 0 and -0 too, and any NaN. */
static void add_number(struct text *out, double number)
{
    char text[64];

    snprintf(text, sizeof text, "%.17g", number + 0.0);
    add_word(out, number != number ? "nan" : text);
}

static void add_value(struct text *out, lua_State *L, int index, int depth)
{
    const char *text;
    size_t bytes;

    switch (lua_type(L, index)) {
    case LUA_TNUMBER:
        add_number(out, lua_tonumber(L, index));
        return;
    case LUA_TSTRING:
        text = lua_tolstring(L, index, &bytes);
        add_word(out, "'");
        add(out, text, bytes);
        add_word(out, "'");
        return;
    case LUA_TBOOLEAN:
        add_word(out, lua_toboolean(L, index) ? "true" : "false");
        return;
    case LUA_TTABLE:
        add_word(out, "{");
        for (int i = 1; depth < 2 && i <= STRING_ITEMS + 2; i++) {
            lua_rawgeti(L, index, i);
            add_value(out, L, lua_gettop(L), depth + 1);
            add_word(out, ",");
            lua_pop(L, 1);
        }
        add_word(out, "}");
        return;
    default:
        add_word(out, luaL_typename(L, index));
    }
}

static void add_error(struct text *out, lua_State *L)
{
    const char *message = lua_tostring(L, -1);

    add_word(out, "error: ");
    add_word(out, message ? message : luaL_typename(L, -1));
}

/* ---- a value pushed ---- */

CDN_RAISES static void push(lua_State *L, const struct string_value *value, int finder)
{
    switch (value->kind) {
    case STRING_NIL:
        lua_pushnil(L);
        return;
    case STRING_BOOLEAN:
        lua_pushboolean(L, value->number > 0);
        return;
    case STRING_NUMBER:
        lua_pushnumber(L, value->number);
        return;
    case STRING_TEXT:
        lua_pushlstring(L, value->text, value->bytes);
        return;
    case STRING_CALLBACK:
        lua_pushvalue(L, finder);
        lua_pushliteral(L, "callback");
        lua_pushnumber(L, value->number);
        lua_call(L, 2, 1);
        return;
    case STRING_TABLE:
        lua_newtable(L);
        for (uint32_t i = 0; i < value->count; i++) {
            push(L, &value->items[i], finder);
            if (i % 3 == 2 && value->keyed && value->items[i - 1].kind == STRING_TEXT) {
                lua_pushlstring(L, value->items[i - 1].text, value->items[i - 1].bytes);
                lua_insert(L, -2);
                lua_rawset(L, -3);
            } else {
                lua_rawseti(L, -2, (int)i + 1);
            }
        }
        return;
    }
}

/* Push function and arguments; returns how many arguments.  The finder is at `finder`. */
CDN_RAISES static int push_call(lua_State *L, const struct string_call *call,
                                int finder)
{
    luaL_checkstack(L, 40, "call");
    lua_pushvalue(L, finder);
    lua_pushstring(L, call->function->library);
    lua_pushstring(L, call->function->name);
    lua_call(L, 2, 1);
    for (int i = 0; i < call->count; i++)
        push(L, &call->arguments[i], finder);
    return call->count;
}

/* What is on the stack above `base`, and the table that was the first argument. */
static void tell(struct text *out, lua_State *L, int status, int base, int table)
{
    if (status) {
        add_error(out, L);
    } else {
        for (int i = base + 1; i <= lua_gettop(L); i++) {
            add_value(out, L, i, 0);
            add_word(out, " ");
        }
    }
    if (table && lua_istable(L, table)) {
        add_word(out, " left ");
        add_value(out, L, table, 0);
    }
}

static void clear(struct text *out)
{
    out->length = 0;
    out->cut = false;
    out->bytes[0] = '\0';
}

/* ---- the sandbox ---- */

CDN_RAISES static int entry(lua_State *L)
{
    const int finder = 1, table = 2;

    for (int i = 0; i < calls.count; i++) {
        int arguments, status;

        clear(&ours[i]);
        lua_settop(L, 0);
        lua_pushvalue(L, lua_upvalueindex(1));
        lua_pushnil(L);
        arguments = push_call(L, &calls.calls[i], finder);
        if (arguments) {
            lua_pushvalue(L, finder + 3);
            lua_replace(L, table);
        }
        status = cdn_protected_call(L, arguments, LUA_MULTRET);
        tell(&ours[i], L, status, table, table);
        finished = i + 1;
    }
    return 0;
}

CDN_RAISES static int build(lua_State *L)
{
    cdn_library_load(L, shared, sizeof shared - 1, "shared.lua");
    lua_call(L, 0, 1);
    lua_pushcclosure(L, entry, 1);
    return 1;
}

static const struct cdn_budget budget = {.instructions = 200000,
                                         .memory_bytes = 1 << 20,
                                         .edges = 1,
                                         .output_bytes = 1,
                                         .wall_ns = UINT64_C(20000000000)};

static void start(void)
{
    const struct cdn_slot_config config = {
        .image_bytes = 1 << 20, .memory_bytes = 1 << 20, .scratch_bytes = 1 << 20};
    enum cdn_run run;
    cordon_error err = {0};

    if (cdn_slot_new(&slot, &config, &err) ||
        cdn_image_build(&image, &run, slot, build, NULL, &budget, NULL, &err) || !image)
        abort();
    stock = luaL_newstate();
    if (!stock)
        abort();
    luaL_openlibs(stock);
    if (luaL_dostring(stock, "jit.off()") ||
        luaL_loadbuffer(stock, shared, sizeof shared - 1, "@shared.lua") ||
        lua_pcall(stock, 0, 1, 0))
        abort();
}

/* ---- the stock library ---- */

/* Under lua_cpcall: the call number `*ud`, told into `theirs`. */
CDN_RAISES static int ask_stock(lua_State *L)
{
    const struct string_call *call = lua_touserdata(L, 1);
    const int finder = 1, table = 2;
    int arguments, status;

    lua_settop(L, 0);
    lua_getfield(L, LUA_REGISTRYINDEX, "finder");
    lua_pushnil(L);
    arguments = push_call(L, call, finder);
    if (arguments) {
        lua_pushvalue(L, finder + 3);
        lua_replace(L, table);
    }
    status = lua_pcall(L, arguments, LUA_MULTRET, 0);
    tell(&theirs, L, status, table, table);
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (!slot) {
        start();
        lua_setfield(stock, LUA_REGISTRYINDEX, "finder");
    }
    string_calls_read(&calls, data, size);
    finished = 0;
    if (cdn_slot_run(slot, image, &budget, 0, NULL, 42) == CDN_RUN_ERROR) {
        fprintf(stderr, "the entry raised: %s\n", cdn_slot_message(slot, NULL, NULL));
        abort();
    }
    for (int i = 0; i < finished; i++) {
        struct string_call *call = &calls.calls[i];

        if (getenv("CORDON_FUZZ_SHOW"))
            fprintf(stderr, "%s.%s: %s\n", call->function->library,
                    call->function->name, ours[i].bytes);
        if (string_call_differs(call))
            continue;
        clear(&theirs);
        if (lua_cpcall(stock, ask_stock, call))
            abort();
        if (ours[i].cut || theirs.cut ||
            string_call_same(call, ours[i].bytes, ours[i].length, theirs.bytes,
                             theirs.length))
            continue;
        fprintf(stderr, "%s.%s(", call->function->library, call->function->name);
        for (int a = 0; a < call->count; a++)
            string_value_print(&call->arguments[a], stderr);
        fprintf(stderr, ")\n  sandbox: %s\n  stock:   %s\n", ours[i].bytes,
                theirs.bytes);
        abort();
    }
    return 0;
}
