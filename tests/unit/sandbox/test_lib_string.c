/* The plain string functions: bounds, charges. */
#include "lua_both.h"

/* clang-format off */
static const struct lua_case cases[] = {
    {"return (\"hello\"):sub(2, 3), (\"hello\"):sub(-3), (\"hello\"):sub(0), (\"hello\"):sub(10), (\"hello\"):sub(-100, 2)",
     "'el' 'llo' 'hello' '' 'he'"},
    {"return (\"hello\"):sub(1e308), (\"hello\"):sub(-1e308, 1e308), (\"hello\"):sub(0/0, 2)",
     "'' 'hello' 'he'"},
    {"return (\"abc\"):byte(1, -1)",
     "97 98 99"},
    {"return pcall(string.byte, (\"x\"):rep(9000), 1, -1)",
     "false 'string slice too long'"},
    {"return string.char(), string.char(72, 105), pcall(string.char, 256)",
     "'' 'Hi' false 'bad argument #1 to '?' (invalid value)'"},
    {"return (\"aBc\\200\"):upper() == \"ABC\\200\", (\"aBC\"):lower(), (\"abc\"):reverse()",
     "true 'abc' 'cba'"},
    {"return (\"ab\"):rep(3), (\"ab\"):rep(2, \"-\"), (\"ab\"):rep(0), (\"ab\"):rep(-5), (\"\"):rep(1e300), #(\"x\"):rep(1000)",
     "'ababab' 'ab-ab' '' '' '' 1000"},
    {"return pcall(string.rep, \"xx\", 1e300)",
     "stopped: memory"},
    {"return (\"x\"):len(), #\"abc\"",
     "1 3"},
    {"return pcall(string.upper)",
     "false 'bad argument #1 to '?' (string expected, got no value)'"},
};
/* clang-format on */

START_TEST(answers__as_stated)
{
    check_case(&cases[_i]);
}
END_TEST

START_TEST(long_strings__are_charged_by_bytes)
{
    static const char *const hostile[] = {
        "local s = ('x'):rep(100000) while true do local _ = s:upper() end",
        "local s = ('x'):rep(100000) while true do local _ = s:sub(2) end",
        "local s = ('x'):rep(100000) while true do local _ = s:reverse() end",
        "while true do local _ = ('x'):rep(100000) end",
        ("local s = ('a'):rep(50000) .. 'b' "
         "while true do local _ = s:find('b', 1, true) end"),
        "local s = ('9'):rep(100000) while true do local _ = tonumber(s) end",
    };
    struct cdn_budget budget = lua_both_budget;
    const char *source = hostile[_i];

    /* some hundred calls at most, where uncharged there would be ten thousands */
    budget.instructions = 600000;
    budget.memory_bytes = 2 << 20;
    ck_assert_str_eq(sandboxed_with(source, strlen(source), 0, &budget),
                     "stopped: instructions");
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("lib_string");

    CDN_UNIT_LOOP(s, answers__as_stated, 0, CDN_UNIT_COUNT(cases));
    CDN_UNIT_LOOP(s, long_strings__are_charged_by_bytes, 0, 6);
    return s;
}

CDN_UNIT_MAIN(suite)
