/* The allow-list: every name a rule's Lua can reach, each with its reason.
 *
 * The stock libraries are opened only to take single functions out of them.  Then the
 * globals are replaced by a new table that starts empty and gets the rows below; the
 * old tables become garbage, and with them everything that has no row: load and its
 * family, io, os, package, debug, ffi, jit, getfenv, collectgarbage, newproxy,
 * string.dump, print.
 *
 * "Stock" means LuaJIT's own function: in assembler, bounded, no address, no callback.
 * "Own" means lib_*.c: same name and meaning, metered.
 *
 * Freezing: a frozen table is an empty proxy whose metatable's __index is the real
 * table (the interpreter looks through it at the cost of a second table look-up), whose
 * __newindex raises, and which carries a mark that only C can name.  The real table
 * never reaches a rule.  Strings find their methods in the real string table directly.
 *
 * A source whose every mention of a library reads one member, `math.floor(x)`, can neither
 * pass the table on nor assign to it, and there is no other way to it than by its name (or
 * through _G, which freezes all): it gets the real table, and reads cost what they cost in
 * plain Lua. */
#include <lauxlib.h>
#include <luajit.h>
#include <lualib.h>
#include <string.h>

#include "base/hash.h"
#include "sandbox/lib.h"
#include "sandbox/slot.h"
#include "sandbox/tokens.h"

struct row {
    const char *name;
    lua_CFunction own; /* NULL: stock */
    const char *reason;
};

/* clang-format off */
static const struct row base_rows[] = {
    {"assert", NULL, "raises its argument"},
    {"error", NULL, "raises its argument; the limits are not errors a rule can make"},
    {"rawequal", NULL, "compares two values"},
    {"select", NULL, "bounded by the number of arguments"},
    {"type", NULL, "a constant word"},
    {"getmetatable", cdn_lib_getmetatable, "tables only: strings share theirs"},
    {"setmetatable", cdn_lib_setmetatable, "refuses __gc, __mode and frozen tables"},
    {"pairs", cdn_lib_pairs, "defined order, charged"},
    {"pcall", cdn_lib_pcall, "cannot swallow a limit; bounded nesting"},
    {"xpcall", cdn_lib_xpcall, "the handler runs metered, after unwinding"},
    {"rawget", cdn_lib_rawget, "sees through frozen tables"},
    {"rawset", cdn_lib_rawset, "refuses frozen tables"},
    {"tonumber", cdn_lib_tonumber, "charged by the text's length"},
    {"tostring", cdn_lib_tostring, "no addresses; bounded nesting"},
    {"unpack", cdn_lib_unpack, "bounded, charged"},
    {NULL, NULL, NULL}
};

static const struct row coroutine_rows[] = {
    {"yield", NULL, "leaves to the resume that is metered"},
    {"create", cdn_lib_coroutine_create, "charged"},
    {"resume", cdn_lib_coroutine_resume, "cannot swallow a limit; bounded nesting"},
    {"status", cdn_lib_coroutine_status, "as stock, with what resume knows"},
    {"wrap", cdn_lib_coroutine_wrap, "cannot swallow a limit; bounded nesting"},
    {NULL, NULL, NULL}
};

static const struct row string_rows[] = {
    {"len", cdn_lib_string_len, "constant time"},
    {"byte", cdn_lib_string_byte, "charged"},
    {"char", cdn_lib_string_char, "charged"},
    {"find", cdn_lib_string_find, "metered matcher; plain search in linear time"},
    {"format", cdn_lib_string_format, "no addresses, no locale"},
    {"gmatch", cdn_lib_string_gmatch, "metered matcher"},
    {"gsub", cdn_lib_string_gsub, "metered matcher; bounded nesting"},
    {"lower", cdn_lib_string_lower, "charged; ASCII whatever the locale"},
    {"match", cdn_lib_string_match, "metered matcher"},
    {"rep", cdn_lib_string_rep, "charged before it allocates"},
    {"reverse", cdn_lib_string_reverse, "charged"},
    {"sub", cdn_lib_string_sub, "charged"},
    {"upper", cdn_lib_string_upper, "charged; ASCII whatever the locale"},
    {NULL, NULL, NULL}
};

static const struct row table_rows[] = {
    {"concat", cdn_lib_table_concat, "charged"},
    {"insert", cdn_lib_table_insert, "checks its position; charged"},
    {"maxn", cdn_lib_table_maxn, "charged"},
    {"remove", cdn_lib_table_remove, "charged"},
    {"sort", cdn_lib_table_sort, "n log n whatever the comparator says; charged"},
    {NULL, NULL, NULL}
};

/* All pure functions of numbers.  The stock ones take two arguments at the most, so that
 * numbers written as long strings cost no more than in an expression. */
static const struct row math_rows[] = {
    {"abs", NULL, "pure"}, {"acos", NULL, "pure"}, {"asin", NULL, "pure"},
    {"atan", NULL, "pure"}, {"atan2", NULL, "pure"}, {"ceil", NULL, "pure"},
    {"cos", NULL, "pure"}, {"cosh", NULL, "pure"}, {"deg", NULL, "pure"},
    {"exp", NULL, "pure"}, {"floor", NULL, "pure"}, {"fmod", NULL, "pure"},
    {"frexp", NULL, "pure"}, {"ldexp", NULL, "pure"}, {"log", NULL, "pure"},
    {"log10", NULL, "pure"},
    {"max", cdn_lib_math_max, "charged by argument"},
    {"min", cdn_lib_math_min, "charged by argument"},
    {"modf", NULL, "pure"}, {"pow", NULL, "pure"}, {"rad", NULL, "pure"},
    {"sin", NULL, "pure"}, {"sinh", NULL, "pure"}, {"sqrt", NULL, "pure"},
    {"tan", NULL, "pure"}, {"tanh", NULL, "pure"},
    {"huge", NULL, "a constant"}, {"pi", NULL, "a constant"},
    {"random", cdn_lib_math_random, "seeded by the request"},
    {NULL, NULL, NULL}
};

static const struct row bit_rows[] = {
    {"arshift", NULL, "pure"}, {"bnot", NULL, "pure"}, {"bswap", NULL, "pure"},
    {"band", cdn_lib_bit_band, "charged by argument"},
    {"bor", cdn_lib_bit_bor, "charged by argument"},
    {"bxor", cdn_lib_bit_bxor, "charged by argument"},
    {"lshift", NULL, "pure"}, {"rol", NULL, "pure"}, {"ror", NULL, "pure"},
    {"rshift", NULL, "pure"}, {"tobit", NULL, "pure"}, {"tohex", NULL, "pure"},
    {NULL, NULL, NULL}
};
/* clang-format on */

static const struct {
    const char *name;
    const struct row *rows;
} libraries[] = {{"coroutine", coroutine_rows},
                 {"string", string_rows},
                 {"table", table_rows},
                 {"math", math_rows},
                 {"bit", bit_rows}};

/* Checking and parsing a byte of source takes some 30 ns. */
#define SOURCE_INSTRUCTIONS 4

/* ---- frozen tables ---- */

/* Its address is the key under which a proxy's metatable holds the real table. */
static const char frozen_mark;

static void push_mark(lua_State *L)
{
    lua_pushlightuserdata(L, (void *)(uintptr_t)&frozen_mark);
}

/* __newindex of every proxy.  Upvalue 1: what it is. */
CDN_RAISES static int refuse_write(lua_State *L)
{
    return luaL_error(L, "%s is read-only", lua_tostring(L, lua_upvalueindex(1)));
}

void cdn_library_freeze(lua_State *L, int index, const char *what)
{
    if (index < 0 && index > LUA_REGISTRYINDEX)
        index += lua_gettop(L) + 1;
    luaL_checkstack(L, 4, "freeze");
    lua_newtable(L);
    lua_createtable(L, 0, 4);
    lua_pushvalue(L, index);
    lua_setfield(L, -2, "__index");
    lua_pushstring(L, what);
    lua_pushcclosure(L, refuse_write, 1);
    lua_setfield(L, -2, "__newindex");
    lua_pushboolean(L, 0);
    lua_setfield(L, -2, "__metatable");
    push_mark(L);
    lua_pushvalue(L, index);
    lua_rawset(L, -3);
    lua_setmetatable(L, -2);
}

bool cdn_lib_frozen(lua_State *L, int index)
{
    if (!lua_getmetatable(L, index))
        return false;
    push_mark(L);
    lua_rawget(L, -2);
    lua_remove(L, -2);
    if (lua_istable(L, -1))
        return true;
    lua_pop(L, 1);
    return false;
}

void cdn_lib_check_readable(lua_State *L, int arg)
{
    luaL_checktype(L, arg, LUA_TTABLE);
    if (cdn_lib_frozen(L, arg))
        lua_replace(L, arg);
}

void cdn_lib_check_writable(lua_State *L, int arg)
{
    luaL_checktype(L, arg, LUA_TTABLE);
    if (!cdn_lib_frozen(L, arg))
        return;
    lua_pop(L, 1);
    lua_getmetatable(L, arg); /* its __newindex knows the name */
    lua_getfield(L, -1, "__newindex");
    lua_call(L, 0, 0);
}

/* ---- choosing ---- */

enum { BASE, FIRST_LIBRARY }; /* numbers of the tables in a choice */

_Static_assert(FIRST_LIBRARY + sizeof libraries / sizeof *libraries ==
                   CDN_LIBRARY_TABLES,
               "a choice has a word of bits for every table");

static bool is_word(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           c == '_';
}

static bool same(const char *name, const char *word, size_t bytes)
{
    return strlen(name) == bytes && !memcmp(name, word, bytes);
}

static void choose_row(uint64_t *chosen, const struct row *rows, const char *word,
                       size_t bytes)
{
    for (size_t i = 0; rows[i].name; i++) {
        if (same(rows[i].name, word, bytes))
            *chosen |= UINT64_C(1) << i;
    }
}

/* What follows a member's name: is the member but read?  Only what a look at one character or
 * two can tell. */
static bool is_read(const char *at, const char *end)
{
    static const char safe[] = "(){}]\"';+*/%^<>~:.";

    while (at < end && (*at == ' ' || *at == '\t' || *at == '\n' || *at == '\r'))
        at++;
    if (at == end || is_word(*at))
        return true;
    if (*at == '=') /* == */
        return at + 1 < end && at[1] == '=';
    if (*at == '-') /* a comment could hide anything */
        return at + 1 < end && at[1] != '-';
    return *at && strchr(safe, *at);
}

/* What follows `function`: may the name of what is declared not be the next word? */
static bool hides_name(const char *at, const char *end)
{
    while (at < end && (*at == ' ' || *at == '\t' || *at == '\n' || *at == '\r'))
        at++;
    return at < end && *at != '(' && !is_word(*at);
}

/* `after` follows a library's name: choose the function that is named there, or all.  True
 * if it is but read. */
static bool choose_member(uint64_t *chosen, const struct row *rows, const char *after,
                          const char *end)
{
    const char *word = after + 1;
    const char *stop = word;

    while (stop < end && is_word(*stop))
        stop++;
    if (after == end || *after != '.' || stop == word) {
        *chosen = UINT64_MAX;
        return false;
    }
    choose_row(chosen, rows, word, (size_t)(stop - word));
    return is_read(stop, end);
}

static uint32_t word_bit(const char *word, size_t bytes)
{
    return (uint32_t)cdn_hash_xxh3(word, bytes) % CDN_LIBRARY_WORD_BITS;
}

/* Words of comments and strings count too: that is more than what is named, never less. */
void cdn_library_choose(struct cdn_slot *slot, const char *source, size_t bytes)
{
    struct cdn_library_choice *choice = cdn_slot_library(slot);
    const char *end = source ? source + bytes : NULL;
    bool declares = false; /* the word before was `function` */

    memset(choice, 0, sizeof *choice);
    choice->chosen = source != NULL;
    choice->direct = UINT64_MAX;
    for (const char *at = source; at < end;) {
        const char *word = at;
        uint32_t bit;

        while (at < end && is_word(*at))
            at++;
        if (at == word) {
            at++;
            continue;
        }
        if (same("_G", word, (size_t)(at - word)))
            choice->chosen = false;
        bit = word_bit(word, (size_t)(at - word));
        choice->words[bit / 64] |= UINT64_C(1) << bit % 64;
        choose_row(&choice->rows[BASE], base_rows, word, (size_t)(at - word));
        for (size_t i = 0; i < sizeof libraries / sizeof *libraries; i++) {
            if (same(libraries[i].name, word, (size_t)(at - word)) &&
                (!choose_member(&choice->rows[FIRST_LIBRARY + i], libraries[i].rows, at,
                                end) ||
                 declares))
                choice->direct &= ~(UINT64_C(1) << (FIRST_LIBRARY + i));
            /* every string finds its methods here, by names made at will */
            if (libraries[i].rows == string_rows)
                choice->rows[FIRST_LIBRARY + i] = UINT64_MAX;
        }
        declares = same("function", word, (size_t)(at - word));
        if (declares && hides_name(at, end))
            choice->direct = 0;
    }
}

static bool is_direct(lua_State *L, size_t table)
{
    const struct cdn_library_choice *choice = cdn_slot_library(cdn_slot_of(L));

    return choice->chosen && choice->direct >> table & 1;
}

static uint64_t chosen(lua_State *L, size_t table)
{
    const struct cdn_library_choice *choice = cdn_slot_library(cdn_slot_of(L));

    return choice->chosen ? choice->rows[table] : UINT64_MAX;
}

bool cdn_library_named(lua_State *L, const char *word)
{
    const struct cdn_library_choice *choice = cdn_slot_library(cdn_slot_of(L));
    uint32_t bit = word_bit(word, strlen(word));

    return !choice->chosen || choice->words[bit / 64] >> bit % 64 & 1;
}

/* ---- stock functions ---- */

/* Most run in assembler, which no C function pointer stands for; those that are C are
 * remembered. */
CDN_RAISES static void note_stock(lua_State *L)
{
    lua_CFunction *stock = cdn_slot_stock(cdn_slot_of(L));
    lua_CFunction function = lua_tocfunction(L, -1);
    size_t i = 0;

    if (!function)
        return;
    while (i < CDN_LIBRARY_STOCK && stock[i] && stock[i] != function)
        i++;
    if (i == CDN_LIBRARY_STOCK)
        luaL_error(L, "more than %d stock functions are C", CDN_LIBRARY_STOCK);
    stock[i] = function;
}

bool cdn_library_is_stock(lua_State *L, int index)
{
    const lua_CFunction *stock = cdn_slot_stock(cdn_slot_of(L));
    lua_CFunction function;

    if (!lua_iscfunction(L, index))
        return false;
    function = lua_tocfunction(L, index);
    for (size_t i = 0; function && i < CDN_LIBRARY_STOCK; i++)
        if (stock[i] == function)
            return true;
    return !function;
}

/* ---- opening ---- */

/* Into the table at the top: each chosen row's own function, or the stock one from the
 * table at `stock`; what this LuaJIT does not have is a fault of the build. */
CDN_RAISES static void fill(lua_State *L, const struct row *rows, uint64_t rows_chosen,
                            int stock)
{
    for (const struct row *row = rows; row->name; row++) {
        if (!(rows_chosen >> (row - rows) & 1))
            continue;
        if (row->own) {
            lua_pushcfunction(L, row->own);
        } else {
            lua_pushstring(L, row->name);
            lua_rawget(L, stock);
            if (lua_isnil(L, -1))
                luaL_error(L, "this LuaJIT has no '%s'", row->name);
            note_stock(L);
            if (lua_isfunction(L, -1)) { /* it would keep the old globals alive */
                lua_pushvalue(L, LUA_ENVIRONINDEX);
                lua_setfenv(L, -2);
            }
        }
        lua_setfield(L, -2, row->name);
    }
}

/* Open the stock libraries into the state's own globals, which are about to go. */
CDN_RAISES static void open_stock(lua_State *L)
{
    static const luaL_Reg stock[] = {{"", luaopen_base},
                                     {LUA_TABLIBNAME, luaopen_table},
                                     {LUA_STRLIBNAME, luaopen_string},
                                     {LUA_MATHLIBNAME, luaopen_math},
                                     {LUA_BITLIBNAME, luaopen_bit},
                                     {NULL, NULL}};

    for (const luaL_Reg *library = stock; library->name; library++) {
        lua_pushcfunction(L, library->func);
        lua_pushstring(L, library->name);
        lua_call(L, 1, 0);
    }
}

/* Those that have upvalues: ipairs keeps the stock iterator, which runs in assembler, next
 * and pairs their notes.  As told in lib_base.c and lib_next.c. */
CDN_RAISES static void add_iterators(lua_State *L, int stock, int globals)
{
    bool chosen_pairs;

    lua_getfield(L, stock, "ipairs");
    lua_newtable(L);
    lua_call(L, 1, 1);
    lua_pushvalue(L, globals);
    lua_setfenv(L, -2);
    lua_pushcclosure(L, cdn_lib_ipairs, 1);
    lua_setfield(L, globals, "ipairs");
    for (int i = 0; i < CDN_LIB_NEXT_UPVALUES; i++)
        lua_pushnil(L);
    lua_pushcclosure(L, cdn_lib_next, CDN_LIB_NEXT_UPVALUES);
    lua_setfield(L, globals, "next");
    lua_getfield(L, globals, "pairs");
    chosen_pairs = !lua_isnil(L, -1);
    lua_pop(L, 1);
    if (!chosen_pairs)
        return;
    for (int i = 0; i < CDN_LIB_PAIRS_UPVALUES; i++)
        lua_pushnil(L);
    lua_pushcclosure(L, cdn_lib_pairs, CDN_LIB_PAIRS_UPVALUES);
    lua_setfield(L, globals, "pairs");
}

/* The string table's methods without the proxy between. */
static void set_string_metatable(lua_State *L, int string)
{
    lua_pushliteral(L, "");
    lua_createtable(L, 0, 1);
    lua_pushvalue(L, string);
    lua_setfield(L, -2, "__index");
    lua_setmetatable(L, -2);
    lua_pop(L, 1);
}

/* Weak tables would show when the collector runs.  setmetatable refuses a metatable that
 * has __mode, but the field can be added later, and the collector looks for it whenever it
 * meets the table.  So the name it looks for is taken away: among the names of metamethods
 * that the global state keeps behind the main thread's own struct, the one entry that is
 * the string "__mode" is replaced by an object that is no string, which no key can equal.
 * The collector marks that object like any other root. */
CDN_RAISES static void forget_weak_tables(lua_State *L)
{
    const size_t searched = 2048; /* all names lie well within; the block is larger */
    uintptr_t *words = (uintptr_t *)(void *)L, *found = NULL, text;

    lua_pushliteral(L, "__mode");
    text = (uintptr_t)lua_tostring(L, -1);
    for (size_t i = 0; i < searched / sizeof *words; i++) {
        /* a string's bytes follow its header, of two to four words */
        if (words[i] < text - 4 * sizeof *words || words[i] > text - 2 * sizeof *words)
            continue;
        if (found)
            luaL_error(L, "this LuaJIT keeps '__mode' where it cannot be taken away");
        found = &words[i];
    }
    if (!found)
        luaL_error(L, "this LuaJIT keeps '__mode' where it is not found");
    lua_pop(L, 1);
    push_mark(L);
    lua_newtable(L); /* the registry keeps it, should the roots be marked already */
    *found = (uintptr_t)lua_topointer(L, -1);
    lua_rawset(L, LUA_REGISTRYINDEX);
}

/* Runs as a function of its own: its environment becomes the new globals. */
CDN_RAISES static int open_library(lua_State *L)
{
    const int stock = 1, globals = 2;

    open_stock(L);
    lua_settop(L, 0);
    lua_pushvalue(L, LUA_GLOBALSINDEX);
    lua_newtable(L);
    lua_pushvalue(L, globals);
    lua_replace(L, LUA_ENVIRONINDEX);
    fill(L, base_rows, chosen(L, BASE), stock);
    add_iterators(L, stock, globals);
    for (size_t i = 0; i < sizeof libraries / sizeof *libraries; i++) {
        uint64_t rows_chosen = chosen(L, FIRST_LIBRARY + i);

        if (!rows_chosen)
            continue;
        lua_getfield(L, stock, libraries[i].name);
        lua_newtable(L);
        fill(L, libraries[i].rows, rows_chosen, lua_gettop(L) - 1);
        if (libraries[i].rows == string_rows)
            set_string_metatable(L, lua_gettop(L));
        if (is_direct(L, FIRST_LIBRARY + i))
            lua_pushvalue(L, -1);
        else
            cdn_library_freeze(L, -1, libraries[i].name);
        lua_setfield(L, globals, libraries[i].name);
        lua_pop(L, 2);
    }
    lua_pushvalue(L, globals);
    lua_setfield(L, globals, "_G");
    lua_pushliteral(L, "Lua 5.1");
    lua_setfield(L, globals, "_VERSION");
    return 1;
}

void cdn_library_open(lua_State *L)
{
    lua_pushcfunction(L, open_library);
    lua_call(L, 0, 1);
    lua_replace(L, LUA_GLOBALSINDEX);
    forget_weak_tables(L);
    /* the list of loaded libraries would hand back what was left out */
    lua_pushnil(L);
    lua_setfield(L, LUA_REGISTRYINDEX, "_LOADED");
}

void cdn_library_register(lua_State *L, const struct cdn_function *functions)
{
    for (; functions->name; functions++) {
        lua_pushcfunction(L, functions->function);
        lua_setfield(L, -2, functions->name);
    }
}

void cdn_library_load(lua_State *L, const char *source, size_t bytes, const char *file)
{
    cordon_error err;

    cdn_meter_charge(L, (uint64_t)bytes * SOURCE_INSTRUCTIONS);
    if (cdn_tokens_check(source, bytes, file, &err) != CORDON_OK) {
        lua_pushfstring(L, "%s:%d: %s", err.file, (int)err.line, err.message);
        lua_error(L);
    }
    lua_pushfstring(L, "@%s", file);
    if (luaL_loadbufferx(L, source, bytes, lua_tostring(L, -1), "t") != 0)
        lua_error(L);
    lua_remove(L, -2);
    cdn_meter_see_constants(L);
}

const char *cdn_library_luajit(void)
{
    return LUAJIT_VERSION;
}
