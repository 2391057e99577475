/* table.insert, remove, concat and maxn, and the rest beside stock LuaJIT. */
#include "lua_both.h"

/* clang-format off */
static const struct lua_case cases[] = {
    {"local t = {} table.insert(t, \"a\") table.insert(t, 1, \"b\") return unpack(t)",
     "'b' 'a'"},
    {"return pcall(table.insert, {}, 0/0, 1)",
     "false 'bad argument #2 to '?' (position out of bounds)'"},
    {"return pcall(table.insert, {}, 1/0, 1)",
     "false 'bad argument #2 to '?' (position out of bounds)'"},
    {"return pcall(table.insert, {}, 2^32, 1)",
     "false 'bad argument #2 to '?' (position out of bounds)'"},
    {"return pcall(table.insert, {}, -2^31, 1)",
     "false 'bad argument #2 to '?' (position out of bounds)'"},
    {"return pcall(table.insert, string, 1)",
     "false 'string is read-only'"},
    {"return pcall(table.remove, math)",
     "false 'math is read-only'"},
    {"return pcall(table.sort, bit)",
     "false 'bit is read-only'"},
    {"return pcall(table.concat, {1, {}, 3})",
     "false 'invalid value (table) at index 2 in table for 'concat''"},
    {"return table.concat({1, 2, 3}, \", \", 2, 3)",
     "'2, 3'"},
    {"return pcall(table.concat, {}, \"\", 1, 1e300)",
     "false 'invalid value (nil) at index 1 in table for 'concat''"},
    {"return pcall(table.concat, {}, \"\", -1e300, 1e300)",
     "false 'invalid value (nil) at index -9..."},
    {"return table.maxn({1, 2, [10.5] = 3, x = 4})",
     "10.5"},
};
/* clang-format on */

START_TEST(answers__as_stated)
{
    check_case(&cases[_i]);
}
END_TEST

START_TEST(tables__as_stock_luajit)
{
    compare_with_stock("differ_table.lua", _i * 7919 + 1);
}
END_TEST

/* Shifting elements is charged before it is done. */
START_TEST(insert__far_below_the_table_is_stopped_by_the_budget)
{
    static const char source[] = "table.insert({1}, -2^30, 1)";
    struct cdn_budget budget = lua_both_budget;

    budget.instructions = 1000000;
    ck_assert_str_eq(sandboxed_with(source, strlen(source), 0, &budget),
                     "stopped: instructions");
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("lib_table");

    CDN_UNIT_LOOP(s, answers__as_stated, 0, CDN_UNIT_COUNT(cases));
    CDN_UNIT_LOOP(s, tables__as_stock_luajit, 0, 8);
    CDN_UNIT_CASE(s, insert__far_below_the_table_is_stopped_by_the_budget);
    return s;
}

CDN_UNIT_MAIN(suite)
