/* A condition over a run of numbers: what is kept, where it is put, and nothing beside. */
#include "graph/filter.h"

#include <math.h>

#include "support/unit.h"

#define MOST 28

static uint64_t next_random(uint64_t *state)
{
    *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return *state >> 33;
}

static const struct cdn_column COLUMNS[] = {
    {.width = 1}, {.width = 2}, {.width = 4}, {.width = 8}};
static const struct cdn_column *const WHOLE = &COLUMNS[3];

static bool passes(const struct cdn_test *test, const void *values, uint32_t i)
{
    double number;

    if (test->form == CDN_TEST_INT64)
        return (cdn_column_stored(test->column, values, i) - (uint64_t)test->low <=
                test->width) != test->negate;
    number = ((const double *)values)[i];
    switch (test->compare) {
    case CDN_COMPARE_EQ:
        return number == test->value;
    case CDN_COMPARE_NE:
        return number != test->value;
    case CDN_COMPARE_LT:
        return number < test->value;
    case CDN_COMPARE_LE:
        return number <= test->value;
    case CDN_COMPARE_GT:
        return number > test->value;
    case CDN_COMPARE_GE:
        break;
    }
    return number >= test->value;
}

/* Rooms of exactly the size they may have, so that a sanitizer sees a word beside them. */
static bool agrees(const struct cdn_test *test, const void *given, uint32_t first,
                   uint32_t count, bool backward)
{
    void *values = cdn_unit_exact(given, (size_t)(first + count) * test->column->width);
    uint32_t *out = malloc(count ? count * sizeof *out : 1);
    uint32_t wanted[MOST];
    uint32_t passed = 0;
    uint32_t kept;
    bool same;

    for (uint32_t i = first; i < first + count; i++)
        if (passes(test, given, i))
            wanted[passed++] = i;
    kept = cdn_test_take(test, values, first, count, backward, out);
    same = kept == passed && !memcmp(out + (backward ? count - kept : 0), wanted,
                                     passed * sizeof *wanted);
    free(values);
    free(out);
    return same;
}

static void check_all(const struct cdn_test *test, const void *values)
{
    bool same = true;

    for (uint32_t count = 0; count < MOST - 3; count++)
        for (uint32_t first = 0; first < 3; first++)
            same = same && agrees(test, values, first, count, false) &&
                   agrees(test, values, first, count, true);
    ck_assert(same);
}

START_TEST(take__keeps_whole_numbers_within_or_outside_of_a_range)
{
    static const int64_t lows[] = {0, 3, -2, INT64_MIN, INT64_MAX, INT64_MAX - 2};
    static const uint64_t widths[] = {0, 1, 4, INT64_MAX, UINT64_MAX, UINT64_MAX - 1};
    int64_t values[MOST];
    uint64_t state = 7;

    for (int i = 0; i < MOST; i++) {
        uint64_t random = next_random(&state);

        values[i] = (int64_t)(random % 9) - 3;
        if (random % 11 == 0)
            values[i] = random % 2 ? INT64_MIN + (int64_t)(random % 3) : INT64_MAX;
    }
    for (int l = 0; l < CDN_UNIT_COUNT(lows); l++)
        for (int w = 0; w < CDN_UNIT_COUNT(widths); w++)
            for (int negate = 0; negate < 2; negate++) {
                struct cdn_test test = {.form = CDN_TEST_INT64,
                                        .column = WHOLE,
                                        .low = lows[l],
                                        .width = widths[w],
                                        .negate = negate};

                check_all(&test, values);
            }
}
END_TEST

START_TEST(take__reads_every_width)
{
    const struct cdn_column *column = &COLUMNS[_i];
    const uint64_t most = UINT64_MAX >> (64 - 8 * column->width);
    const uint64_t ends[] = {0, 1, 5, most / 2, most / 2 + 1, most - 1, most};
    unsigned char values[MOST * sizeof(uint64_t)];
    uint64_t state = 13;

    for (uint32_t i = 0; i < MOST; i++) {
        uint64_t value = ends[next_random(&state) % CDN_UNIT_COUNT(ends)];

        memcpy(values + (size_t)i * column->width, &value, column->width);
    }
    for (int low = 0; low < CDN_UNIT_COUNT(ends); low++)
        for (int high = low; high < CDN_UNIT_COUNT(ends); high++)
            for (int negate = 0; negate < 2; negate++) {
                struct cdn_test test = {.form = CDN_TEST_INT64,
                                        .column = column,
                                        .low = (int64_t)ends[low],
                                        .width = ends[high] - ends[low],
                                        .negate = negate};

                check_all(&test, values);
            }
}
END_TEST

START_TEST(take__compares_floats_as_c_does)
{
    static const double with[] = {0, -0.0, 1.5, INFINITY, -INFINITY, (double)NAN};
    union {
        double number;
        int64_t bits;
    } value;
    int64_t values[MOST];
    uint64_t state = 11;

    for (int i = 0; i < MOST; i++) {
        uint64_t random = next_random(&state);

        value.number = (double)(random % 5) / 2;
        if (random % 7 == 0)
            value.number = with[random % CDN_UNIT_COUNT(with)];
        values[i] = value.bits;
    }
    for (int w = 0; w < CDN_UNIT_COUNT(with); w++)
        for (int compare = CDN_COMPARE_EQ; compare <= CDN_COMPARE_GE; compare++) {
            struct cdn_test test = {.form = CDN_TEST_FLOAT64,
                                    .column = WHOLE,
                                    .compare = (enum cdn_compare)compare,
                                    .value = with[w]};

            check_all(&test, values);
        }
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("take");

    CDN_UNIT_CASE(s, take__keeps_whole_numbers_within_or_outside_of_a_range);
    CDN_UNIT_LOOP(s, take__reads_every_width, 0, CDN_UNIT_COUNT(COLUMNS));
    CDN_UNIT_CASE(s, take__compares_floats_as_c_does);
    return s;
}

CDN_UNIT_MAIN(suite)
