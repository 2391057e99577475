/* The allow-list: exactly these names, and tables that cannot be changed. */
#include "lua_both.h"

/* clang-format off */
static const struct lua_case cases[] = {
    {"local o = {} for k in pairs(_G) do o[#o + 1] = k end return table.concat(o, \" \")",
     "'_G _VERSION assert bit coroutine error getmetatable ipairs math next pairs pcall rawequal rawget rawset select setmetatable string table tonumber tostring type unpack xpcall'"},
    {"local o = {} for k in pairs(string) do o[#o + 1] = k end return table.concat(o, \" \")",
     "'byte char find format gmatch gsub len lower match rep reverse sub upper'"},
    {"local o = {} for k in pairs(table) do o[#o + 1] = k end return table.concat(o, \" \")",
     "'concat insert maxn remove sort'"},
    {"local o = {} for k in pairs(coroutine) do o[#o + 1] = k end return table.concat(o, \" \")",
     "'create resume status wrap yield'"},
    {"local o = {} for k in pairs(math) do o[#o + 1] = k end return table.concat(o, \" \")",
     "'abs acos asin atan atan2 ceil cos cosh deg exp floor fmod frexp huge ldexp log log10 max min modf pi pow rad random sin sinh sqrt tan tanh'"},
    {"local o = {} for k in pairs(bit) do o[#o + 1] = k end return table.concat(o, \" \")",
     "'arshift band bnot bor bswap bxor lshift rol ror rshift tobit tohex'"},
    {"string.x = 1",
     "error: string is read-only"},
    {"string.rep = nil",
     "error: string is read-only"},
    {"math.pi = 3",
     "error: math is read-only"},
    {"local s = \"x\" s.y = 1",
     "error: attempt to index local 's' (a string value)"},
    {"return select(\"#\", next(string)), (next(string)), next(string, \"sub\") == \"upper\"",
     "2 'byte' true"},
    {"return #string, #table",
     "0 0"},
    {"x = 5 function f() return x end return f(), _G.x, rawget(_G, \"x\")",
     "5 5 5"},
    {"pairs = nil return pairs, _G.pairs",
     "nil nil"},
    {"return math.floor(2.5), math.huge, math.max(1, 5, 3), bit.band(7, 3), bit.tohex(255)",
     "2 inf 5 3 '000000ff'"},
    {"return (\"x\"):rep(3), string.format(\"%d\", 3), (\"a,b\"):find(\",\")",
     "'xxx' '3' 2 2"},
    {"return 1LL",
     "error: ..."},
    {"return (",
     "error: ..."},
    {"\033LJ\002",
     "error: ..."},
    {"return setmetatable({}, {__index = string}).rep(\"x\", 2)",
     "'xx'"},
    {"local t = setmetatable({}, string) return t.x, tostring(t)",
     "nil 'table'"},
};
/* clang-format on */

START_TEST(answers__as_stated)
{
    check_case(&cases[_i]);
}
END_TEST

/* list: a frozen {10, 20, 30, x = 1}; mine: a table with functions registered. */
static int answer(lua_State *L)
{
    lua_pushinteger(L, 42);
    return 1;
}

static void define_globals(lua_State *L)
{
    static const struct cdn_function functions[] = {{"answer", answer}, {NULL, NULL}};

    lua_newtable(L);
    for (int i = 1; i <= 3; i++) {
        lua_pushinteger(L, 10 * i);
        lua_rawseti(L, -2, i);
    }
    lua_pushinteger(L, 1);
    lua_setfield(L, -2, "x");
    cdn_library_freeze(L, -1, "the list");
    lua_setglobal(L, "list");
    lua_newtable(L);
    cdn_library_register(L, functions);
    lua_setglobal(L, "mine");
    lua_pop(L, 1);
}

/* clang-format off */
static const struct lua_case frozen[] = {
    {"return list[1], list.x, list.y", "10 1 nil"},
    {"list[1] = 5", "error: the list is read-only"},
    {"return pcall(rawset, list, 1, 5)", "false 'the list is read-only'"},
    {"return pcall(table.insert, list, 5)", "false 'the list is read-only'"},
    {"local n = 0 for i, v in ipairs(list) do n = n + i * v end return n", "140"},
    {"local o = {} for k, v in pairs(list) do o[#o + 1] = k .. '=' .. v end "
     "return table.concat(o, ' ')", "'1=10 2=20 3=30 x=1'"},
    {"local o = {} for k, v in next, list do o[#o + 1] = k .. '=' .. v end "
     "return table.concat(o, ' ')", "'1=10 2=20 3=30 x=1'"},
    {"return unpack(list, 1, 3)", "10 20 30"},
    {"return table.concat(list, ',', 1, 3), table.maxn(list), rawget(list, 2)",
     "'10,20,30' 3 20"},
    {"return select(2, pairs(list)) == list, select(2, ipairs(list)) == list",
     "true true"},
    {"return getmetatable(list), pcall(setmetatable, list, {})",
     "false false 'cannot change a protected metatable'"},
    {"return pairs(list)(list), (pairs({1})(list)), pcall(pairs(list), 5)",
     "1 nil false 'bad argument #1 to '?' (table expected, got number)'"},
    {"return mine.answer()", "42"},
};
/* clang-format on */

START_TEST(frozen_tables__read_like_tables_and_refuse_writes)
{
    lua_both_prepare = define_globals;
    check_case(&frozen[_i]);
}
END_TEST

/* __mode given after setmetatable has looked: nothing may vanish. */
/* Where every mention of a library reads one member nothing can be assigned to, and the
 * table needs no proxy; where that is not seen at once it has one. */
START_TEST(libraries__are_frozen_unless_only_read)
{
    static const struct {
        const char *source;
        bool direct;
    } sources[] = {
        {"return math.floor(1.5)", true},
        {"return {math.pi, 1}", false}, /* a list of targets looks the same */
        {"return math.pi == 3 and math.pi - 1 < math.huge", true},
        {"local f = math.floor\nlocal g = f", true},
        {"return math.pi", true},
        {"return math.max(math.min(1, 2), math.abs(-1))", true},
        {"return function(x) return math.sqrt(x) end", true},
        {"local math = math", false},
        {"local m = {math = 1}", false},
        {"-- math\nreturn 1", false},
        {"return ('math').x", false},
        {"return math.pi -- a comment", false},
        {"math.pi = 3", false},
        {"math.pi\t=3", false},
        {"math.pi\v=3", false},
        {"local x x, math.pi = 1, 3", false},
        {"math.pi, x = 3, 1", false},
        {"function math.f() end", false},
        {"function --[[a b]] math.f() end", false},
        {"function\f math.f() end", false},
        {"math . pi = 3", false},
        {"math[\"pi\"] = 3", false},
        {"math.f\xc3\xa9 = 3", false},
        {"return _G, math.floor(1)", false},
        {"return math", false},
    };
    struct cdn_slot *slot;
    const unsigned math = 4; /* the fourth library's bit */

    ck_assert_int_eq(cdn_slot_new(&slot, NULL, NULL), CORDON_OK);
    for (size_t i = 0; i < sizeof sources / sizeof sources[0]; i++) {
        const struct cdn_library_choice *choice = cdn_slot_library(slot);

        cdn_library_choose(slot, sources[i].source, strlen(sources[i].source));
        ck_assert_msg((choice->chosen && choice->direct >> math & 1) ==
                          sources[i].direct,
                      "%s", sources[i].source);
    }
    cdn_library_choose(slot, NULL, 0);
    ck_assert(!cdn_slot_library(slot)->chosen);
    cdn_slot_free(slot);
}
END_TEST

START_TEST(weak_tables__do_not_show_the_collector)
{
    ck_assert_str_eq(sandboxed("local mt = {} local t = setmetatable({}, mt)\n"
                               "mt.__mode = 'kv' for i = 1, 500 do t[i] = {} end\n"
                               "for i = 1, 2000000 do local _ = {i} end\n"
                               "return #t"),
                     "500");
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("library");

    CDN_UNIT_LOOP(s, answers__as_stated, 0, CDN_UNIT_COUNT(cases));
    CDN_UNIT_LOOP(s, frozen_tables__read_like_tables_and_refuse_writes, 0,
                  CDN_UNIT_COUNT(frozen));
    CDN_UNIT_CASE(s, libraries__are_frozen_unless_only_read);
    CDN_UNIT_CASE(s, weak_tables__do_not_show_the_collector);
    return s;
}

CDN_UNIT_MAIN(suite)
