#include "support/unit.h"

#include <math.h>
#include <stdlib.h>

#include "engine/sketch.h"

static int ascending(const void *a, const void *b)
{
    uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;

    return left < right ? -1 : left > right;
}

/* Numbers spread over many orders of magnitude, the same in every run. */
static uint64_t draw(uint64_t *state)
{
    *state = *state * UINT64_C(6364136223846793005) + 1442695040888963407u;
    return UINT64_C(1) << (*state >> 59) | (*state >> 20 & 0xffff);
}

START_TEST(quantile__is_within_a_tenth)
{
    enum { COUNT = 5000 };
    static const double shares[] = {0.01, 0.1, 0.5, 0.9, 0.99, 0.999, 1};
    static uint64_t values[COUNT];
    struct cdn_sketch sketch = {{0}};
    uint64_t state = 7;

    for (int i = 0; i < COUNT; i++) {
        values[i] = draw(&state);
        cdn_sketch_add(&sketch, values[i]);
    }
    qsort(values, COUNT, sizeof values[0], ascending);
    ck_assert_uint_eq(cdn_sketch_count(&sketch), COUNT);
    for (size_t i = 0; i < sizeof shares / sizeof shares[0]; i++) {
        double is = (double)cdn_sketch_quantile(&sketch, shares[i]);
        double should = (double)values[(int)ceil(shares[i] * COUNT) - 1];

        ck_assert_msg(fabs(is - should) <= 0.12 * should + 1, "%g: %g, not %g",
                      shares[i], is, should);
    }
}
END_TEST

START_TEST(quantile__of_one_value_at_every_size)
{
    for (uint64_t value = 1; value < UINT64_C(9000000000); value += value / 7 + 1) {
        struct cdn_sketch sketch = {{0}};
        double is;

        cdn_sketch_add(&sketch, value);
        is = (double)cdn_sketch_quantile(&sketch, 0.5);
        ck_assert_msg(fabs(is - (double)value) <= 0.12 * (double)value + 1, "%g for %g",
                      is, (double)value);
    }
}
END_TEST

START_TEST(bound__is_never_less_than_the_quantile)
{
    for (uint64_t value = 1; value < UINT64_C(9000000000); value += value / 7 + 1) {
        struct cdn_sketch sketch = {{0}};
        uint64_t bound;

        cdn_sketch_add(&sketch, value);
        bound = cdn_sketch_bound(&sketch, 0.5);
        ck_assert_uint_ge(bound, cdn_sketch_quantile(&sketch, 0.5));
        ck_assert_uint_ge(bound + bound / 100, value);
        ck_assert_uint_le(bound, value + value / 4 + 1);
    }
}
END_TEST

START_TEST(bound__has_no_end_beyond_the_last_bucket)
{
    struct cdn_sketch sketch = {{0}};

    ck_assert_uint_eq(cdn_sketch_bound(&sketch, 0.9), 0);
    cdn_sketch_add(&sketch, UINT64_MAX);
    ck_assert_uint_eq(cdn_sketch_bound(&sketch, 0.9), UINT64_MAX);
}
END_TEST

START_TEST(merge__adds_up_to_the_sketch_of_all)
{
    struct cdn_sketch all = {{0}}, parts[3] = {{{0}}}, sum = {{0}};
    uint64_t state = 11;

    for (int i = 0; i < 3000; i++) {
        uint64_t value = draw(&state);

        cdn_sketch_add(&all, value);
        cdn_sketch_add(&parts[i % 3], value);
    }
    for (int i = 0; i < 3; i++)
        cdn_sketch_merge(&sum, &parts[i]);
    ck_assert_mem_eq(&sum, &all, sizeof all);
}
END_TEST

START_TEST(empty__and_the_ends)
{
    struct cdn_sketch sketch = {{0}}, full = {{0}};

    ck_assert_uint_eq(cdn_sketch_quantile(&sketch, 0.5), 0);
    cdn_sketch_add(&sketch, 0);
    ck_assert_uint_eq(cdn_sketch_quantile(&sketch, 1), 1);
    cdn_sketch_add(&sketch, UINT64_MAX); /* beyond the last bound */
    ck_assert_uint_gt(cdn_sketch_quantile(&sketch, 1), UINT64_C(9000000000));
    full.counts[3] = UINT32_MAX; /* it stays full */
    cdn_sketch_merge(&full, &full);
    ck_assert_uint_eq(full.counts[3], UINT32_MAX);
    full.counts[0] = UINT32_MAX;
    cdn_sketch_add(&full, 1);
    ck_assert_uint_eq(full.counts[0], UINT32_MAX);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("sketch");

    CDN_UNIT_CASE(s, quantile__is_within_a_tenth);
    CDN_UNIT_CASE(s, quantile__of_one_value_at_every_size);
    CDN_UNIT_CASE(s, bound__is_never_less_than_the_quantile);
    CDN_UNIT_CASE(s, bound__has_no_end_beyond_the_last_bucket);
    CDN_UNIT_CASE(s, merge__adds_up_to_the_sketch_of_all);
    CDN_UNIT_CASE(s, empty__and_the_ends);
    return s;
}

CDN_UNIT_MAIN(suite)
