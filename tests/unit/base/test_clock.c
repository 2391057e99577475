#include "support/unit.h"

#include <pthread.h>
#include <time.h>

#include "base/clock.h"

START_TEST(clock__never_goes_back)
{
    uint64_t last = cdn_clock_ns();

    for (int i = 0; i < 10000; i++) {
        uint64_t now = cdn_clock_ns();

        ck_assert_uint_ge(now, last);
        last = now;
    }
}
END_TEST

START_TEST(wall__agrees_with_the_system)
{
    int64_t before = (int64_t)time(NULL) * 1000;
    int64_t now = cdn_clock_wall_ms();

    /* time() may read a clock that lags by a tick. */
    ck_assert_int_ge(now, before - 1000);
    ck_assert_int_gt(now, INT64_C(1600000000000));
}
END_TEST

static void *convert(void *out)
{
    cdn_ticks_init();
    *(uint64_t *)out = cdn_ticks_to_ns(UINT64_C(1) << 32);
    return NULL;
}

START_TEST(ticks__have_one_rate_in_every_thread)
{
    pthread_t threads[4];
    uint64_t results[4] = {0};

    for (int i = 0; i < 4; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, convert, &results[i]), 0);
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    ck_assert_uint_gt(results[0], 0);
    for (int i = 1; i < 4; i++)
        ck_assert_uint_eq(results[i], results[0]);
    ck_assert_uint_eq(cdn_ticks_to_ns(0), 0);
}
END_TEST

START_TEST(ticks__convert_without_overflow)
{
    uint64_t one = cdn_ticks_to_ns(UINT64_C(1) << 40);
    uint64_t many = cdn_ticks_to_ns(UINT64_C(1) << 50);

    /* A thousandfold, but for the rounding down of each. */
    ck_assert_uint_ge(many, one * 1024);
    ck_assert_uint_le(many, one * 1024 + 1024);
}
END_TEST

START_TEST(ticks__know_what_a_reading_costs)
{
    cdn_ticks_init();
    /* less than 10 us even where each is a system call */
    ck_assert_uint_lt(cdn_ticks_to_ns(cdn_ticks_cost()), 10000);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("clock");

    CDN_UNIT_CASE(s, clock__never_goes_back);
    CDN_UNIT_CASE(s, wall__agrees_with_the_system);
    CDN_UNIT_CASE(s, ticks__have_one_rate_in_every_thread);
    CDN_UNIT_CASE(s, ticks__convert_without_overflow);
    CDN_UNIT_CASE(s, ticks__know_what_a_reading_costs);
    return s;
}

CDN_UNIT_MAIN(suite)
