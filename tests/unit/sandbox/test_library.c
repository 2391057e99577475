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

static Suite *suite(void)
{
    Suite *s = suite_create("library");

    CDN_UNIT_LOOP(s, answers__as_stated, 0, CDN_UNIT_COUNT(cases));
    return s;
}

CDN_UNIT_MAIN(suite)
