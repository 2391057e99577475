/* The growing buffer, through the functions that use it. */
#include "lua_both.h"

/* clang-format off */
static const struct lua_case cases[] = {
    /* every length around where the bytes move from the C stack to userdata */
    {"for n = 500, 530 do if ('x'):rep(n):upper() ~= ('X'):rep(n) then return n end end", ""},
    {"for n = 1, 1100 do local s = ('ab'):rep(n) local r = s:gsub('b', 'cd')\n"
     "  if #r ~= 3 * n or r:sub(-3) ~= 'acd' then return n end end", ""},
    {"local t = {} for i = 1, 1000 do t[i] = ('%d'):format(i) end\n"
     "local s = table.concat(t, ',') return #s, s:sub(1, 5), s:sub(-4)", "3892 '1,2,3' '1000'"},
    {"local s = ('0123456789'):rep(300):reverse() return #s, s:sub(1, 10)", "3000 '9876543210'"},
};
/* clang-format on */

START_TEST(answers__as_stated)
{
    check_case(&cases[_i]);
}
END_TEST

/* What an error left behind is collected. */
START_TEST(errors_in_callbacks__leak_nothing)
{
    static const char source[] = "local s = ('x'):rep(20000)\n"
                                 "for i = 1, 500 do\n"
                                 "  local n = 0\n"
                                 "  pcall(string.gsub, s, 'x', function() n = n + 1 if "
                                 "n > 15000 then error('e') end "
                                 "end)\n"
                                 "end\n"
                                 "return 'done'";
    struct cdn_budget budget = lua_both_budget;

    budget.memory_bytes = 512 * 1024;
    ck_assert_str_eq(sandboxed_with(source, strlen(source), 0, &budget), "'done'");
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("lib_buffer");

    CDN_UNIT_LOOP(s, answers__as_stated, 0, CDN_UNIT_COUNT(cases));
    CDN_UNIT_CASE(s, errors_in_callbacks__leak_nothing);
    return s;
}

CDN_UNIT_MAIN(suite)
