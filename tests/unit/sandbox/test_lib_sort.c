/* table.sort: n log n, stable, and nothing half done. */
#include "lua_both.h"

/* clang-format off */
static const struct lua_case cases[] = {
    {"local t = {5, 3, 1, 4} table.sort(t) return unpack(t)",
     "1 3 4 5"},
    {"local t = {\"b\", \"a\", \"aa\", \"\", \"B\"} table.sort(t) return unpack(t)",
     "'' 'B' 'a' 'aa' 'b'"},
    {"local t = {3, 1, 2} table.sort(t, function(a, b) return a > b end) return unpack(t)",
     "3 2 1"},
    {"local t = {} for i = 1, 40 do t[i] = {i % 4, i} end table.sort(t, function(a, b) return a[1] < b[1] end) local last for i = 2, 40 do if t[i - 1][1] == t[i][1] and t[i - 1][2] > t[i][2] then return \"unstable\" end end return t[1][2], t[40][2]",
     "4 39"},
    {"local t = {3, 1, 2} local ok = pcall(table.sort, t, function() error(\"no\") end) return ok, unpack(t)",
     "false 3 1 2"},
    {"local t = {} for i = 1, 100 do t[i] = i end table.sort(t, function() return true end) local sum = 0 for i = 1, 100 do sum = sum + t[i] end return #t, sum",
     "100 5050"},
    {"local t = {2, 0/0, 1} table.sort(t) return t[1], t[2], t[3] ~= t[3]",
     "1 2 true"},
    {"return pcall(table.sort, {1, \"x\"})",
     "false 'attempt to compare ..."},
    {"return pcall(table.sort, {{}, {}})",
     "false 'attempt to compare two table values'"},
    {"local mt = {__lt = function(a, b) return a.v < b.v end} local t = {} for i = 1, 20 do t[i] = setmetatable({v = (i * 7) % 20}, mt) end table.sort(t) return t[1].v, t[20].v",
     "0 19"},
    {"local t = {3, 2, 1} table.sort(t, function(a, b) t[1] = 99 return a < b end) return unpack(t)",
     "1 2 3"},
    {"local co = coroutine.wrap(function() table.sort({2, 1}, coroutine.yield) end) return pcall(co)",
     "false 'attempt to yield across C-call boundary'"},
};
/* clang-format on */

START_TEST(answers__as_stated)
{
    check_case(&cases[_i]);
}
END_TEST

/* How many comparisons a list of n takes at most, however it is arranged. */
START_TEST(sort__of_crafted_input_is_n_log_n)
{
    ck_assert_str_eq(
        sandboxed(
            "local worst = 0\n"
            "for _, order in ipairs({function(i) return i end,\n"
            "  function(i) return -i end, function(i) return i % 2 end,\n"
            "  function(i) return (i * 7919) % 4096 end}) do\n"
            "  local t, n = {}, 0\n"
            "  for i = 1, 4096 do t[i] = order(i) end\n"
            "  table.sort(t, function(a, b) n = n + 1 return a < b end)\n"
            "  for i = 2, 4096 do if t[i - 1] > t[i] then return 'unsorted' end end\n"
            "  worst = math.max(worst, n)\n"
            "end\n"
            "return worst <= 4096 * 12 * 1.5"),
        "true");
}
END_TEST

START_TEST(sort__of_long_equal_strings_is_charged_by_bytes)
{
    static const char source[] =
        "local a, b, t = ('x'):rep(200000) .. 'a', ('x'):rep(200000) .. 'b', {}\n"
        "for i = 1, 4000 do t[i] = i % 2 == 0 and a or b end table.sort(t)";
    struct cdn_budget budget = lua_both_budget;

    budget.instructions = 5000000;
    ck_assert_str_eq(sandboxed_with(source, strlen(source), 0, &budget),
                     "stopped: instructions");
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("lib_sort");

    CDN_UNIT_LOOP(s, answers__as_stated, 0, CDN_UNIT_COUNT(cases));
    CDN_UNIT_CASE(s, sort__of_crafted_input_is_n_log_n);
    CDN_UNIT_CASE(s, sort__of_long_equal_strings_is_charged_by_bytes);
    return s;
}

CDN_UNIT_MAIN(suite)
