/* The writer's sorts, against qsort. */
#include "support/unit.h"

#include "snapshot/sort.h"

static uint64_t draw(uint64_t *state)
{
    *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return *state >> 16;
}

static int by_key_then_row(const void *a, const void *b)
{
    const struct cdn_sort_key *x = a;
    const struct cdn_sort_key *y = b;

    if (x->key != y->key)
        return x->key < y->key ? -1 : 1;
    return x->row < y->row ? -1 : 1;
}

START_TEST(keys__are_sorted_and_ties_stay_in_order)
{
    static const size_t COUNTS[] = {0, 1, 2, 17, 1000};
    static const uint64_t MASKS[] = {0, 3, 0xff00, 0xffffffff, UINT64_MAX};
    uint64_t state = 7;

    for (size_t c = 0; c < 5; c++)
        for (size_t m = 0; m < 5; m++) {
            size_t count = COUNTS[c];
            struct cdn_sort_key keys[1001];
            struct cdn_sort_key scratch[1001];
            struct cdn_sort_key expected[1001];
            struct cdn_sort_key *sorted;

            for (size_t i = 0; i < count; i++) {
                keys[i].key = (draw(&state) << 32 ^ draw(&state)) & MASKS[m];
                keys[i].row = (uint32_t)i;
                expected[i] = keys[i];
            }
            qsort(expected, count, sizeof(*expected), by_key_then_row);
            sorted = cdn_sort_keys(keys, scratch, count);
            for (size_t i = 0; i < count; i++) {
                ck_assert_uint_eq(sorted[i].key, expected[i].key);
                ck_assert_uint_eq(sorted[i].row, expected[i].row);
            }
        }
}
END_TEST

static int by_item(const void *a, const void *b)
{
    return cdn_item_before(a, b) ? -1 : 1;
}

START_TEST(items__are_sorted_at_every_length)
{
    uint64_t state = 11;

    for (size_t count = 0; count < 200; count++) {
        struct cdn_item items[200];
        struct cdn_item scratch[200];
        struct cdn_item expected[200];

        for (size_t i = 0; i < count; i++) {
            items[i].time = (int64_t)(draw(&state) % 8) - 4;
            items[i].peer = (uint32_t)(draw(&state) % 4);
            items[i].input = (uint32_t)(i * 7919 % 211);
            expected[i] = items[i];
        }
        qsort(expected, count, sizeof(*expected), by_item);
        cdn_sort_items(items, scratch, count);
        for (size_t i = 0; i < count; i++)
            ck_assert_uint_eq(items[i].input, expected[i].input);
    }
}
END_TEST

START_TEST(items__in_order_are_left_alone)
{
    struct cdn_item items[3] = {{-5, 9, 0}, {-5, 9, 1}, {0, 0, 2}};

    cdn_sort_items(items, NULL, 3); /* needs no scratch */
    ck_assert_int_eq(items[0].time, -5);
    ck_assert_uint_eq(items[2].input, 2);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("sort");

    CDN_UNIT_CASE(s, keys__are_sorted_and_ties_stay_in_order);
    CDN_UNIT_CASE(s, items__are_sorted_at_every_length);
    CDN_UNIT_CASE(s, items__in_order_are_left_alone);
    return s;
}

CDN_UNIT_MAIN(suite)
