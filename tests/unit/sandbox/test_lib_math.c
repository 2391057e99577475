/* math.random: seeded, in range; max, min and the bit operations beside the stock ones. */
#include "lua_both.h"

/* clang-format off */
static const struct lua_case cases[] = {
    {"local a, b = math.random(), math.random() return a ~= b and a >= 0 and a < 1 and b >= 0 and b < 1",
     "true"},
    {"for i = 1, 2000 do local n = math.random(6) if n < 1 or n > 6 or n % 1 ~= 0 then return n end end return \"ok\"",
     "'ok'"},
    {"local seen = {} for i = 1, 2000 do local n = math.random(-2, 2) seen[n] = true end return seen[-2] and seen[-1] and seen[0] and seen[1] and seen[2] and not seen[3]",
     "true"},
    {"return pcall(math.random, 0)",
     "false 'bad argument #1 to '?' (interval is empty)'"},
    {"return pcall(math.random, 2, 1)",
     "false 'bad argument #2 to '?' (interval is empty)'"},
    {"return pcall(math.random, 1, 2, 3)",
     "false 'wrong number of arguments'"},
    {"return math.randomseed",
     "nil"},
};
/* clang-format on */

START_TEST(answers__as_stated)
{
    check_case(&cases[_i]);
}
END_TEST

/* The seed of the run decides, and nothing else. */
START_TEST(random__is_the_same_in_every_slot)
{
    char first[256];

    snprintf(first, sizeof first, "%s",
             sandboxed("return math.random(), math.random(1000), math.random()"));
    ck_assert_str_eq(
        sandboxed("return math.random(), math.random(1000), math.random()"), first);
}
END_TEST

/* What takes any number of arguments answers as the stock functions do. */
START_TEST(variadics__agree_with_stock)
{
    static const char source[] =
        "local values = { 0, -0, 1, -1, 0.5, -2.5, 7, 2^31, -2^31, 2^32 + 3, 2^40 + "
        "5,\n"
        "  0x7fffffff, 0xdeadbeef, 0/0, '12', '0x10', -7.5, 1.5, 2.5 }\n"
        "local out = {}\n"
        "local function show(...)\n"
        "  local x = ...\n"
        "  out[#out + 1] = x ~= x and 'nan' or ('%.17g %s'):format(x, 1 / x < 0)\n"
        "end\n"
        "for i = 1, #values do\n"
        "  show(math.max(values[i])) show(math.min(values[i]))\n"
        "  for j = 1, #values do\n"
        "    local a, b = values[i], values[j]\n"
        "    show(math.max(a, b)) show(math.min(a, b))\n"
        "    show(math.max(a, b, 3)) show(math.min(3, a, b))\n"
        "    if a == a and b == b then\n"
        "      show(bit.band(a, b)) show(bit.bor(a, b)) show(bit.bxor(a, b))\n"
        "      show(bit.band(a, b, 0xff)) show(bit.bor(a, 5, b)) show(bit.bxor(a))\n"
        "    end\n"
        "  end\n"
        "end\n"
        "for _, f in ipairs({ 'max', 'min' }) do\n"
        "  out[#out + 1] = tostring(pcall(math[f]))\n"
        "  out[#out + 1] = tostring(pcall(math[f], 1, {}))\n"
        "end\n"
        "return table.concat(out, ';')";
    char *ours = strdup(sandboxed(source));

    ck_assert_uint_gt(strlen(ours), 20000);
    ck_assert_str_eq(ours, stock(source));
    free(ours);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("lib_math");

    CDN_UNIT_LOOP(s, answers__as_stated, 0, CDN_UNIT_COUNT(cases));
    CDN_UNIT_CASE(s, variadics__agree_with_stock);
    CDN_UNIT_CASE(s, random__is_the_same_in_every_slot);
    return s;
}

CDN_UNIT_MAIN(suite)
