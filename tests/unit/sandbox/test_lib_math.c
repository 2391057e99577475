/* math.random: seeded, in range. */
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

static Suite *suite(void)
{
    Suite *s = suite_create("lib_math");

    CDN_UNIT_LOOP(s, answers__as_stated, 0, CDN_UNIT_COUNT(cases));
    CDN_UNIT_CASE(s, random__is_the_same_in_every_slot);
    return s;
}

CDN_UNIT_MAIN(suite)
