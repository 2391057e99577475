/* string.find, match, gmatch and gsub around the matcher. */
#include "lua_both.h"

/* clang-format off */
static const struct lua_case cases[] = {
    {"return (\"hello world\"):find(\"o w\")",
     "5 7"},
    {"return (\"a.b\"):find(\".\", 1, true)",
     "2 2"},
    {"return (\"abc\"):find(\"\", 10)",
     "4 3"},
    {"return (\"abc\"):find(\"b\", -1)",
     "nil"},
    {"return (\"key = val\"):match(\"^(%w+)%s*=%s*(%w+)$\")",
     "'key' 'val'"},
    {"return (\"abc\"):match(\"()b()\")",
     "2 3"},
    {"local t = {} for k, v in (\"a=1, b=2\"):gmatch(\"(%w+)=(%w+)\") do t[#t + 1] = k .. v end return table.concat(t, \";\")",
     "'a1;b2'"},
    {"local n = 0 for _ in (\"abc\"):gmatch(\"\") do n = n + 1 end return n",
     "4"},
    {"return (\"hello\"):gsub(\"l\", {l = \"L\"})",
     "'heLLo' 2"},
    {"return (\"hello\"):gsub(\"l\", function() return nil end)",
     "'hello' 2"},
    {"return (\"abc\"):gsub(\"%w\", \"%0%0\", 2)",
     "'aabbc' 2"},
    {"return (\"abc\"):gsub(\"^a\", \"x\")",
     "'xbc' 1"},
    {"return (\"abc\"):gsub(\"\", \"-\")",
     "'-a-b-c-' 4"},
    {"return pcall(string.gsub, \"abc\", \"b\", {b = {}})",
     "false 'invalid replacement value (a table)'"},
    {"return pcall(string.gsub, \"abc\", \"b\", nil)",
     "false 'bad argument #3 to '?' (string/function/table expected, got nil)'"},
    {"return (\"abc\"):gsub(\"b\", setmetatable({}, {__index = function(_, k) return k .. k end}))",
     "'abbc' 1"},
    {"local function f(n) return ((\"x\"):gsub(\"x\", function() return n == 0 and \"end\" or f(n - 1) end)) end return f(100), pcall(f, 400)",
     "'end' false 't.lua:1: C stack overflow'..."},
    {"local co = coroutine.wrap(function() return (\"x\"):gsub(\"x\", coroutine.yield) end) return pcall(co)",
     "false 'attempt to yield across C-call boundary'"},
    {"local s = (\"x\"):rep(100000) return #(s:gsub(\"x\", \"yy\"))",
     "200000"},
};
/* clang-format on */

START_TEST(answers__as_stated)
{
    check_case(&cases[_i]);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("lib_match");

    CDN_UNIT_LOOP(s, answers__as_stated, 0, CDN_UNIT_COUNT(cases));
    return s;
}

CDN_UNIT_MAIN(suite)
