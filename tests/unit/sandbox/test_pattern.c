/* The matcher: the same answers as stock LuaJIT, and bounded. */
#include "lua_both.h"

/* clang-format off */
static const struct lua_case cases[] = {
    {"return pcall(string.rep, \"a\", 3)",
     "true 'aaa'"},
    {"return (\"x\"):find((\".-\"):rep(60) .. \"y\")",
     "nil"},
    {"return ((\"a\"):rep(60)):find((\"a?\"):rep(150))",
     "1 60"},
    {"return pcall(string.find, (\"a\"):rep(500), (\"a?\"):rep(300))",
     "false 'pattern too complex'"},
    {"return pcall(string.find, \"a\", (\"()\"):rep(33))",
     "false 'too many captures'"},
    {"return (\"THE (quick) fox\"):find(\"%((%a+)%)\")",
     "5 11 'quick'"},
    {"return (\"f(a(b)c)d\"):match(\"%b()\")",
     "'(a(b)c)'"},
    {"return (\"THE (quick) fox\"):gsub(\"%f[%a]%a+\", \"w\")",
     "'w (w) w' 3"},
    {"return (\"abcabc\"):match(\"(a.c)%1\")",
     "'abc'"},
    {"return (\"\\0a\\0\"):find(\"%z\", 2)",
     "3 3"},
    {"return pcall(string.find, \"a\", \"[a\")",
     "false 'malformed pattern (missing ']')'"},
    {"return pcall(string.find, \"a\", \"%\")",
     "false 'malformed pattern (ends with '%')'"},
    {"return pcall(string.find, \"a\", \"(a\")",
     "false 'unfinished capture'"},
    {"return pcall(string.match, \"a\", \"a)\")",
     "false 'invalid pattern capture'"},
    {"return pcall(string.find, \"a\", \"%1\")",
     "false 'invalid capture index'"},
    {"return pcall(string.find, \"a\", \"%f\")",
     "false 'missing '[' after '%f' in pattern'"},
};
/* clang-format on */

START_TEST(answers__as_stated)
{
    check_case(&cases[_i]);
}
END_TEST

#define SEEDS 30

START_TEST(patterns__as_stock_luajit)
{
    compare_with_stock("differ_pattern.lua", _i * 7919 + 1);
}
END_TEST

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* What the test above compares is at least so much, no pair counted twice. */
START_TEST(patterns__are_twenty_thousand_pairs)
{
    static char text[SEEDS][1 << 18], *lines[SEEDS * 1000];
    size_t count = 0, distinct = 0;

    for (int seed = 0; seed < SEEDS; seed++) {
        const char *pairs = stock_file("differ_pattern.lua", -(seed * 7919 + 1));

        ck_assert_uint_lt(strlen(pairs), sizeof text[seed]);
        memcpy(text[seed], pairs, strlen(pairs) + 1);
        for (char *line = text[seed]; *line;) {
            char *end = line + strcspn(line, "\n");

            lines[count++] = line;
            line = *end ? end + 1 : end;
            *end = '\0';
        }
    }
    qsort(lines, count, sizeof *lines, by_text);
    for (size_t i = 0; i < count; i++)
        distinct += i == 0 || strcmp(lines[i], lines[i - 1]) != 0;
    ck_assert_uint_ge(distinct, 20000);
}
END_TEST

/* A pattern that backtracks for years ends with the budget, charged for what it did. */
START_TEST(backtracking__is_stopped_by_the_budget)
{
    static const char *const hostile[] = {
        "return (('a'):rep(28)):find(('a?'):rep(28) .. ('a'):rep(28) .. 'b')",
        "return (('a'):rep(100)):find(('(a*)'):rep(20) .. 'b')",
        "return (('a'):rep(200000)):find('.-b')",
        "return (('('):rep(100000)):gsub('%b()', '')",
        "return (('x'):rep(200000)):match('[' .. ('a'):rep(2000) .. ']')",
        "return (('ab'):rep(50000)):find('(.-)%1c')",
        "for _ in (('('):rep(100000)):gmatch('%b()') do end",
    };
    struct cdn_budget budget = lua_both_budget;
    const char *source = hostile[_i];

    budget.instructions = 1000000;
    ck_assert_str_eq(sandboxed_with(source, strlen(source), 0, &budget),
                     "stopped: instructions");
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("pattern");

    CDN_UNIT_LOOP(s, answers__as_stated, 0, CDN_UNIT_COUNT(cases));
    CDN_UNIT_LOOP(s, patterns__as_stock_luajit, 0, SEEDS);
    CDN_UNIT_CASE(s, patterns__are_twenty_thousand_pairs);
    CDN_UNIT_LOOP(s, backtracking__is_stopped_by_the_budget, 0, 7);
    return s;
}

CDN_UNIT_MAIN(suite)
