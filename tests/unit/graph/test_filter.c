/* Conditions compiled to ranges: numbers against int64 without rounding. */
#include "graph/filter.h"
#include "graph/scan.h"
#include "oracle.h"

#include <math.h>

START_TEST(parse__takes_int64_and_nothing_else)
{
    static const struct {
        const char *text;
        bool ok;
        int64_t value;
    } cases[] = {
        {"0", true, 0},
        {"-0", true, 0},
        {"9223372036854775807", true, INT64_MAX},
        {"-9223372036854775808", true, INT64_MIN},
        {"9223372036854775808", false, 0},
        {"-9223372036854775809", false, 0},
        {"", false, 0},
        {"-", false, 0},
        {"+1", false, 0},
        {"1x", false, 0},
        {" 1", false, 0},
        {"99999999999999999999999", false, 0},
    };
    int64_t value;

    for (int i = 0; i < CDN_UNIT_COUNT(cases); i++) {
        ck_assert_int_eq(cdn_parse_int64(&value, cases[i].text, strlen(cases[i].text)),
                         cases[i].ok);
        if (cases[i].ok)
            ck_assert_int_eq(value, cases[i].value);
    }
}
END_TEST

/* long double holds every int64 and every double here, so it compares exactly. */
static bool expected(int64_t value, enum cdn_compare compare, double with)
{
    long double left = (long double)value;
    long double right = (long double)with;

    switch (compare) {
    case CDN_COMPARE_EQ:
        return left == right;
    case CDN_COMPARE_NE:
        return left != right;
    case CDN_COMPARE_LT:
        return left < right;
    case CDN_COMPARE_LE:
        return left <= right;
    case CDN_COMPARE_GT:
        return left > right;
    case CDN_COMPARE_GE:
        break;
    }
    return left >= right;
}

START_TEST(int64__against_any_double)
{
    static const int64_t values[] = {
        INT64_MIN,     INT64_MIN + 1, -3, -1, 0, 1, 2, 3, (INT64_C(1) << 53) + 1,
        INT64_MAX - 1, INT64_MAX};
    const double numbers[] = {-INFINITY, -0x1p70, -0x1p63,  -2.5, -1,     -0.0,
                              0.5,       1,       2,        2.5,  0x1p53, 0x1p62,
                              0x1p63,    0x1p64,  INFINITY, NAN};
    struct cdn_property property = {.name = "x", .type = CDN_COLUMN_INT64};
    const void *blocks[] = {values};
    struct cdn_column column = {
        .property = &property, .block_count = 1, .values = blocks, .width = 8};

    for (int n = 0; n < CDN_UNIT_COUNT(numbers); n++) {
        for (uint8_t compare = 0; compare < 6; compare++) {
            struct cdn_operation condition = {.kind = CDN_OPERATION_WHERE,
                                              .compare = compare,
                                              .operand = CDN_OPERAND_NUMBER,
                                              .as.number = numbers[n]};
            struct cdn_test test;
            bool damaged = false;

            ck_assert(cdn_test_compile(&test, &column, 0, &condition));
            for (uint32_t v = 0; v < CDN_UNIT_COUNT(values); v++)
                ck_assert_msg(
                    cdn_test_cell(&test, &column, 0, v, &damaged) ==
                        expected(values[v], (enum cdn_compare)compare, numbers[n]),
                    "%lld %d %g", (long long)values[v], compare, numbers[n]);
        }
    }
}
END_TEST

/* A column of one width whose stored words are 0, 1, 2, the middle and the largest two. */
static void check_narrow(uint8_t width, int64_t base)
{
    const uint64_t most = UINT64_MAX >> (64 - 8 * width);
    const uint64_t stored[] = {0, 1, 2, most / 2, most - 1, most};
    const double about[] = {-2.5, -1, -0.5, 0, 0.5, 1, 1.5, 2, 3};
    struct cdn_property property = {.name = "x", .type = CDN_COLUMN_INT64};
    unsigned char values[sizeof stored];
    const void *blocks[] = {values};
    struct cdn_column column = {.property = &property,
                                .block_count = 1,
                                .values = blocks,
                                .width = width,
                                .base = base};

    for (uint32_t v = 0; v < CDN_UNIT_COUNT(stored); v++)
        memcpy(values + v * width, &stored[v], width); /* little-endian */
    for (int s = 0; s < CDN_UNIT_COUNT(stored) * CDN_UNIT_COUNT(about); s++) {
        double near = (double)base + (double)stored[s / CDN_UNIT_COUNT(about)] +
                      about[s % CDN_UNIT_COUNT(about)];

        for (uint8_t compare = 0; compare < 6; compare++) {
            struct cdn_operation condition = {.kind = CDN_OPERATION_WHERE,
                                              .compare = compare,
                                              .operand = CDN_OPERAND_NUMBER,
                                              .as.number = near};
            struct cdn_reach reach = {.low = 0};
            struct cdn_test test;
            uint32_t select[CDN_UNIT_COUNT(stored)];
            uint32_t kept = 0;
            bool damaged = false;

            ck_assert(cdn_test_compile(&test, &column, 0, &condition));
            ck_assert_uint_le(cdn_test_run(&test, &reach, 0, CDN_UNIT_COUNT(stored),
                                           select, &damaged),
                              CDN_UNIT_COUNT(stored));
            for (uint32_t v = 0; v < CDN_UNIT_COUNT(stored); v++) {
                bool pass = expected((int64_t)((uint64_t)base + stored[v]),
                                     (enum cdn_compare)compare, near);

                ck_assert_msg(cdn_test_cell(&test, &column, 0, v, &damaged) == pass,
                              "%u bytes above %lld: %llu %d %g", width, (long long)base,
                              (unsigned long long)stored[v], compare, near);
                if (pass)
                    ck_assert_uint_eq(select[kept++], v);
            }
            for (uint32_t v = 0; v < CDN_UNIT_COUNT(stored); v++)
                select[v] = v;
            ck_assert_uint_eq(cdn_test_refine(&test, &reach, select,
                                              CDN_UNIT_COUNT(stored), &damaged),
                              kept);
            ck_assert(!damaged);
        }
    }
}

START_TEST(narrow__is_compared_as_the_values_it_stands_for)
{
    for (uint8_t width = 1; width < 8; width = (uint8_t)(2 * width)) {
        const uint64_t most = UINT64_MAX >> (64 - 8 * width);

        check_narrow(width, 0);
        check_narrow(width, -1);
        check_narrow(width, 1000);
        check_narrow(width, -(INT64_C(1) << 40));
        check_narrow(width, INT64_MIN);
        check_narrow(width, (int64_t)(INT64_MAX - most));
    }
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("filter");

    CDN_UNIT_CASE(s, parse__takes_int64_and_nothing_else);
    CDN_UNIT_CASE(s, int64__against_any_double);
    CDN_UNIT_CASE(s, narrow__is_compared_as_the_values_it_stands_for);
    return s;
}

CDN_UNIT_MAIN(suite)
