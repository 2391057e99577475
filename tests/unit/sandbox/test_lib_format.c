/* string.format. */
#include <locale.h>

#include "lua_both.h"

/* clang-format off */
static const struct lua_case cases[] = {
    {"return (\"%5.2f|%d|%x|%s|%-5s|%5s|%05d|%+d\"):format(3.14159, 42, 255, {}, \"x\", \"y\", 7, 3)",
     "' 3.14|42|ff|table|x    |    y|00007|+3'"},
    {"return (\"%q\"):format(\"a\\\"b\\n\\0c\")",
     "'\"a\\\"b\\\n\\0c\"'"},
    {"return pcall(string.format, \"%p\", {})",
     "false 'invalid option '%p' to 'format''"},
    {"return pcall(string.format, \"%a\", 1)",
     "false 'invalid option '%a' to 'format''"},
    {"return pcall(string.format, \"%n\", 1)",
     "false 'invalid option '%n' to 'format''"},
    {"return pcall(string.format, \"%100d\", 1)",
     "false 'invalid option '%100' to 'format''"},
    {"return pcall(string.format, \"%d\")",
     "false 'bad argument #2 to '?' (no value)'"},
    {"return (\"%s %s %s %s\"):format(print, coroutine.create(function() end), pairs, nil)",
     "'nil thread function nil'"},
    {"return (\"%f %g %e\"):format(0/0, 0/0, -(0/0))",
     "'nan nan nan'"},
    {"return (\"%d %d %d\"):format(1e300, -1e300, 0/0)",
     "'-9223372036854775808 -9223372036854775808 -9223372036854775808'"},
    {"return (\"%x %u\"):format(2^63, 2^63)",
     "'8000000000000000 9223372036854775808'"},
    {"return #(\"%99.99f\"):format(1e308)",
     "409"},
    {"return (\"%s\"):format(setmetatable({}, {__tostring = function() return \"me\" end}))",
     "'me'"},
    {"return pcall(string.format, \"%s\", setmetatable({}, {__tostring = function() return {} end}))",
     "false ''__tostring' must return a string'"},
    {"local t = setmetatable({}, {}) getmetatable(t).__tostring = function(s) return (\"%s\"):format(s) end return pcall(tostring, t)",
     "false 'C stack overflow'"},
    {"return (\"%c%c\"):format(72, 105)",
     "'Hi'"},
    {"return (\"%.3s|%5.1s|\"):format(\"abcdef\", \"xyz\")",
     "'abc|    x|'"},
};
/* clang-format on */

START_TEST(answers__as_stated)
{
    check_case(&cases[_i]);
}
END_TEST

START_TEST(format__as_stock_luajit)
{
    compare_with_stock("differ_format.lua", _i * 7919 + 1);
}
END_TEST

/* A host may have set any locale: numbers are written with a point. */
START_TEST(format__ignores_the_locale)
{
    /* where none of them is installed, "C" itself is what is tested */
    if (!setlocale(LC_ALL, "de_DE.UTF-8") && !setlocale(LC_ALL, "fr_FR.UTF-8"))
        setlocale(LC_ALL, "C.UTF-8");
    ck_assert_str_eq(sandboxed("return ('%.2f'):format(1234.5), tostring(0.5), ('%g'):"
                               "format(1e-7), 1.25 .. ''"),
                     "'1234.50' '0.5' '1e-07' '1.25'");
}
END_TEST

/* Common numbers do not go through snprintf; with a width of 1, which changes nothing, they
 * do: both ways have to give the same text, ties and all. */
START_TEST(plain_numbers__are_exact)
{
    static const char source[] =
        "local state, checked = 12345, 0\n"
        "local function below(n)\n"
        "  state = state * 16807 % 2147483647\n"
        "  return state % n\n"
        "end\n"
        "local makers = {\n"
        "  function() return below(2000000) / 100 end,\n"
        "  function() return (below(1000000) + 0.5) / 10 ^ below(7) end,\n"
        "  function() return below(2 ^ 31) + below(8) / 8 end,\n"
        "  function() return below(2 ^ 31) * 2 ^ -below(140) end,\n"
        "  function() return -below(100) / 8 end,\n"
        "  function() return below(2 ^ 31) * 2 ^ below(40) end,\n"
        "}\n"
        "local special = { 0, -0, 0.5, 1.5, 2.5, -0.5, 1e-300, 4e9, 3999999999.5, "
        "9e15,\n"
        "  2 ^ 53, 1 / 0, -1 / 0, 0 / 0, 5e-324, 0.05, 0.15, 0.25, 1e9 - 1e-7 }\n"
        "local function compare(x)\n"
        "  for p = 0, 10 do\n"
        "    local form = p == 10 and 'f' or '.' .. p .. 'f'\n"
        "    local plain, wide = ('%' .. form):format(x), ('%1' .. form):format(x)\n"
        "    if plain ~= wide then error(plain .. ' is not ' .. wide) end\n"
        "  end\n"
        "  local plain, wide = ('%d'):format(x), ('%1d'):format(x)\n"
        "  if plain ~= wide then error(plain .. ' is not ' .. wide) end\n"
        "  checked = checked + 12\n"
        "end\n"
        "for _, x in ipairs(special) do compare(x) compare(-x) end\n"
        "for i = 1, 6000 do compare(makers[i % #makers + 1]()) end\n"
        "return checked";

    ck_assert_str_eq(sandboxed(source), "72456");
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("lib_format");

    CDN_UNIT_LOOP(s, answers__as_stated, 0, CDN_UNIT_COUNT(cases));
    CDN_UNIT_LOOP(s, format__as_stock_luajit, 0, 8);
    CDN_UNIT_CASE(s, format__ignores_the_locale);
    CDN_UNIT_CASE(s, plain_numbers__are_exact);
    return s;
}

CDN_UNIT_MAIN(suite)
