#include "support/unit.h"

#include "sandbox/numerals.h"

static uint64_t cost(const char *text)
{
    return cdn_numeral_cost(text, strlen(text));
}

/* `count` digits, with a point behind the first `before` of them where there are more. */
static const char *digits(int count, int before)
{
    static char text[2048];
    int at = 0;

    for (int i = 0; i < count; i++) {
        if (i == before)
            text[at++] = '.';
        text[at++] = '7';
    }
    text[at] = '\0';
    return text;
}

START_TEST(usual_numbers__cost_their_length)
{
    static const char *const texts[] = {
        "0",       "1",     "-12.5", "1e5",    "  7  ",
        "3.14159", "1e-9",  "2026",  "0x1p99", "123456789012345678",
        "1e30",    "-1e-30"};

    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        ck_assert_uint_le(cost(texts[i]), strlen(texts[i]) / 4);
        ck_assert(!cdn_numeral_dear(texts[i], strlen(texts[i])));
    }
}
END_TEST

/* Figures of LuaJIT 2.1, measured; within a factor of two. */
START_TEST(dear_numbers__cost_what_was_measured)
{
    static const struct {
        const char *text;
        double ns;
    } cases[] = {
        {"1e100", 4800},
        {"1e150", 11600},
        {"1e200", 19900},
        {"1e308", 52700},
        {"1e-100", 5100},
        {"1e-200", 14400},
        {"1e-300", 33400},
        {"5e-324", 40200},
        {"1.7976931348623157e308", 52200},
        {"2.2250738585072011e-308", 34000},
    };
    static const struct {
        int count, before;
        double ns;
    } runs[] = {{100, 100, 9700},  {200, 200, 42000}, {300, 300, 92500},
                {200, 100, 13300}, {300, 150, 34000}, {400, 200, 60600},
                {400, 1, 5050},    {800, 1, 11200}};

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        double ns = 4 * (double)cost(cases[i].text);

        ck_assert_msg(ns > cases[i].ns / 2 && ns < cases[i].ns * 2, "%s: %g",
                      cases[i].text, ns);
        ck_assert(cdn_numeral_dear(cases[i].text, strlen(cases[i].text)));
    }
    for (size_t i = 0; i < sizeof runs / sizeof runs[0]; i++) {
        const char *text = digits(runs[i].count, runs[i].before);
        double ns = 4 * (double)cost(text);

        ck_assert_msg(ns > runs[i].ns / 2 && ns < runs[i].ns * 2, "%d.%d: %g",
                      runs[i].count, runs[i].before, ns);
        ck_assert(cdn_numeral_dear(text, strlen(text)));
    }
}
END_TEST

/* What LuaJIT gives up before it computes, and what it sees to be 0 or infinity. */
START_TEST(no_numbers_and_beyond_all__cost_their_length)
{
    static const char *const texts[] = {"1e308x",        "1e308 1", "e308",  "1e",
                                        "1.2.3e300",     "- 1e300", "1e400", "1e-400",
                                        "1e99999999999", "1e308\1", ".e300", "--1e300"};

    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        ck_assert_msg(cost(texts[i]) <= strlen(texts[i]) / 4, "%s", texts[i]);
    ck_assert_uint_le(cost(digits(600, 600)), 150);
    ck_assert_uint_le(cdn_numeral_cost("1e308\0", 6), 1); /* the NUL is part of it */
}
END_TEST

/* However it is dressed. */
START_TEST(spaces_signs_and_noughts__do_not_hide_it)
{
    static const char *const texts[] = {
        "1e308",     "1E308",       " 1e308", "\t\n\v\f\r 1e308 ", "+1e308",
        "-1e308",    "1e+308",      "01e308", "001.e307",          ".1e309",
        "0.001e311", "1000000e302", "1e0308", "10000e-310"};

    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        ck_assert_msg(cdn_numeral_dear(texts[i], strlen(texts[i])), "%s", texts[i]);
}
END_TEST

START_TEST(price__never_falls_as_the_exponent_grows)
{
    char text[16];
    uint64_t before = 0;

    for (int exponent = 0; exponent < 310; exponent++) {
        uint64_t now;

        snprintf(text, sizeof text, "1e%d", exponent);
        now = cdn_numeral_ns(text, strlen(text));
        ck_assert_uint_ge(now, before);
        before = now;
    }
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("numerals");

    CDN_UNIT_CASE(s, usual_numbers__cost_their_length);
    CDN_UNIT_CASE(s, dear_numbers__cost_what_was_measured);
    CDN_UNIT_CASE(s, no_numbers_and_beyond_all__cost_their_length);
    CDN_UNIT_CASE(s, spaces_signs_and_noughts__do_not_hide_it);
    CDN_UNIT_CASE(s, price__never_falls_as_the_exponent_grows);
    return s;
}

CDN_UNIT_MAIN(suite)
