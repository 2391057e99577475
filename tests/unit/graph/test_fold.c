/* Folds over plain arrays: defined order, exactness, every split. */
#include "graph/aggregate.h"
#include "oracle.h"

#include <math.h>

#define VALUES 3000

/* Feed `count` values in random pieces, some of them through a selection. */
static void feed(struct cdn_fold *fold, const void *values, uint32_t count,
                 uint64_t *state)
{
    uint32_t select[VALUES];
    uint32_t at = 0;

    while (at < count) {
        uint32_t part = 1 + (uint32_t)(oracle_random(state) % 700);

        part = part < count - at ? part : count - at;
        if (oracle_random(state) % 2) {
            cdn_fold_run(fold, (const int64_t *)values + at, part);
        } else {
            for (uint32_t i = 0; i < part; i++)
                select[i] = at + i;
            cdn_fold_select(fold, values, select, part);
        }
        cdn_fold_run(fold, values, 0);
        at += part;
    }
}

START_TEST(fold__is_the_same_for_every_split)
{
    uint64_t state = (uint64_t)_i;
    double numbers[VALUES];
    int64_t wholes[VALUES];
    double lanes[4] = {0, 0, 0, 0};
    double low = INFINITY, high = -INFINITY;
    __int128 total = 0;
    int64_t least = INT64_MAX, most = INT64_MIN;
    uint32_t count = (uint32_t)_i * 7 % VALUES + 1;
    struct cdn_fold fold;

    for (uint32_t i = 0; i < count; i++) {
        numbers[i] = (double)(int64_t)oracle_random(&state) / 0x1p40;
        wholes[i] = (int64_t)oracle_random(&state) >> 10;
        lanes[i & 3] += numbers[i];
        total += wholes[i];
        low = numbers[i] < low ? numbers[i] : low;
        high = numbers[i] > high ? numbers[i] : high;
        least = wholes[i] < least ? wholes[i] : least;
        most = wholes[i] > most ? wholes[i] : most;
    }
    cdn_fold_init(&fold, CDN_FOLD_SUM, false);
    feed(&fold, numbers, count, &state);
    ck_assert(cdn_fold_result(&fold) == ((lanes[0] + lanes[1]) + lanes[2]) + lanes[3]);
    ck_assert_uint_eq(fold.kept, count);
    cdn_fold_init(&fold, CDN_FOLD_SUM, true);
    feed(&fold, wholes, count, &state);
    ck_assert(fold.whole == total);
    ck_assert(cdn_fold_result(&fold) == (double)total);
    cdn_fold_init(&fold, CDN_FOLD_MIN, false);
    feed(&fold, numbers, count, &state);
    ck_assert(cdn_fold_result(&fold) == low);
    cdn_fold_init(&fold, CDN_FOLD_MAX, false);
    feed(&fold, numbers, count, &state);
    ck_assert(cdn_fold_result(&fold) == high);
    cdn_fold_init(&fold, CDN_FOLD_MIN, true);
    feed(&fold, wholes, count, &state);
    ck_assert(fold.extreme == least);
    cdn_fold_init(&fold, CDN_FOLD_MAX, true);
    feed(&fold, wholes, count, &state);
    ck_assert(fold.extreme == most);
}
END_TEST

START_TEST(sum__of_int64_is_exact_at_the_edge)
{
    int64_t values[2048];
    struct cdn_fold fold;

    for (int i = 0; i < 2048; i++)
        values[i] = INT64_C(1) << 53;
    values[2047] = 1;
    cdn_fold_init(&fold, CDN_FOLD_SUM, true);
    cdn_fold_run(&fold, values, 2048);
    ck_assert(fold.whole == ((__int128)2047 << 53) + 1);
}
END_TEST

/* What a column stores in `width` bytes above `base`, in pieces and selections. */
static void check_column(uint8_t width, int64_t base, enum cdn_fold_kind kind,
                         uint64_t *state)
{
    const uint64_t most = UINT64_MAX >> (64 - 8 * width);
    struct cdn_property property = {.name = "x", .type = CDN_COLUMN_INT64};
    struct cdn_column column = {.property = &property, .width = width, .base = base};
    unsigned char stored[100 * sizeof(uint64_t)];
    int64_t wholes[100];
    uint32_t select[100];
    struct cdn_fold fold, wanted;

    for (uint32_t i = 0; i < 100; i++) {
        uint64_t value = oracle_random(state) & (i % 9 == 0 ? most : most >> 3);

        memcpy(stored + (size_t)i * width, &value, width);
        wholes[i] = (int64_t)((uint64_t)base + value);
        select[i] = (uint32_t)(oracle_random(state) % 100);
    }
    cdn_fold_init(&fold, kind, true);
    cdn_fold_init(&wanted, kind, true);
    for (uint32_t at = 0; at < 100;) {
        uint32_t part = (uint32_t)(oracle_random(state) % 30);

        part = part < 100 - at ? part : 100 - at;
        cdn_fold_column(&fold, &column, stored + (size_t)at * width, NULL, part);
        cdn_fold_run(&wanted, wholes + at, part);
        cdn_fold_column(&fold, &column, stored, select + at, part);
        cdn_fold_select(&wanted, wholes, select + at, part);
        at += part ? part : 1;
    }
    ck_assert_uint_eq(fold.kept, wanted.kept);
    ck_assert(fold.whole == wanted.whole);
    ck_assert_int_eq(fold.extreme, wanted.extreme);
}

START_TEST(fold__of_narrow_values_is_that_of_what_they_stand_for)
{
    static const int64_t bases[] = {0, 7, -40, -(INT64_C(1) << 52), INT64_C(1) << 50};
    uint64_t state = (uint64_t)_i + 1;

    for (uint8_t width = 1; width < 8; width = (uint8_t)(2 * width))
        for (int b = 0; b < CDN_UNIT_COUNT(bases); b++)
            for (int kind = CDN_FOLD_SUM; kind <= CDN_FOLD_MAX; kind++)
                check_column(width, bases[b], (enum cdn_fold_kind)kind, &state);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("fold");

    CDN_UNIT_LOOP(s, fold__is_the_same_for_every_split, 0, 40);
    CDN_UNIT_LOOP(s, fold__of_narrow_values_is_that_of_what_they_stand_for, 0, 10);
    CDN_UNIT_CASE(s, sum__of_int64_is_exact_at_the_edge);
    return s;
}

CDN_UNIT_MAIN(suite)
