/* Numbering, growing and sorting against plain arrays. */
#include "graph/numbering.h"

#include <stdlib.h>

#include "graph/algorithm.h"
#include "harness.h"

#define MOST 6000

static int ascending(const void *a, const void *b)
{
    const uint32_t *x = a;
    const uint32_t *y = b;

    return *x < *y ? -1 : *x > *y;
}

/* Nodes drawn with repetitions from a range; every number is that of the first meeting. */
static int number_nodes(lua_State *L)
{
    struct harness *harness = cdn_slot_host(L);
    uint32_t range = *(uint32_t *)harness->ud;
    size_t mark = cdn_scratch_mark(L);
    uint64_t state = range;
    struct cdn_numbering numbering;
    uint32_t *numbers = calloc(range, sizeof *numbers);
    uint32_t *sorted;
    uint32_t met = 0;

    ck_assert_ptr_nonnull(numbers);
    cdn_numbering_init(&numbering, L, range % 3 ? 0 : range);
    for (uint32_t i = 0; i < MOST; i++) {
        uint32_t node = (uint32_t)cdn_random_below(&state, range);
        uint32_t before = cdn_numbering_find(&numbering, node * 7);
        bool added;
        uint32_t number = cdn_numbering_add(&numbering, node * 7, &added);

        ck_assert(added == (numbers[node] == 0));
        if (added)
            numbers[node] = ++met;
        else
            ck_assert_uint_eq(before, number);
        ck_assert_uint_eq(before == CDN_NO_NUMBER, added);
        ck_assert_uint_eq(number, numbers[node] - 1);
        ck_assert_uint_eq(numbering.nodes[number], node * 7);
    }
    ck_assert_uint_eq(numbering.count, met);
    sorted = malloc(met * sizeof *sorted);
    ck_assert_ptr_nonnull(sorted);
    memcpy(sorted, numbering.nodes, met * sizeof *sorted);
    qsort(sorted, met, sizeof *sorted, ascending);
    cdn_sort_indices(L, numbering.nodes, met);
    ck_assert_mem_eq(sorted, numbering.nodes, met * sizeof *sorted);
    cdn_scratch_release(L, mark);
    ck_assert_uint_eq(cdn_scratch_mark(L), mark);
    free(sorted);
    free(numbers);
    return 0;
}

START_TEST(numbering__numbers_in_the_order_met)
{
    static const uint32_t ranges[] = {1, 2, 31, 33, 300, 5000, 100000};
    struct harness *harness = harness_new(cdn_fixture_bank_open(), "Account:");

    for (size_t i = 0; i < sizeof ranges / sizeof ranges[0]; i++) {
        uint32_t range = ranges[i];

        ck_assert_str_eq(harness_call(harness, number_nodes, &range), "");
    }
    harness_free(harness);
}
END_TEST

/* Growing keeps what is there, and at most doubles. */
static int grow_array(lua_State *L)
{
    uint64_t capacity = 0;
    uint64_t *array = NULL;

    for (uint64_t i = 0; i < 5000; i++) {
        array = cdn_scratch_grow(L, array, &capacity, i + 1, sizeof *array);
        ck_assert_uint_ge(capacity, i + 1);
        ck_assert_uint_le(capacity, i < 32 ? 32 : 2 * i);
        array[i] = i * i;
    }
    for (uint64_t i = 0; i < 5000; i++)
        ck_assert_uint_eq(array[i], i * i);
    return 0;
}

START_TEST(grow__keeps_what_is_there)
{
    struct harness *harness = harness_new(cdn_fixture_bank_open(), "Account:");

    ck_assert_str_eq(harness_call(harness, grow_array, NULL), "");
    harness->budget.memory_bytes = 40000;
    ck_assert_str_eq(harness_call(harness, grow_array, NULL), "stopped: memory");
    harness_free(harness);
}
END_TEST

static int sort_many(lua_State *L)
{
    struct harness *harness = cdn_slot_host(L);
    uint32_t count = *(uint32_t *)harness->ud;
    uint32_t *items = cdn_scratch_alloc(L, count * sizeof *items);

    for (uint32_t i = 0; i < count; i++)
        items[i] = count - i;
    cdn_sort_indices(L, items, count);
    for (uint32_t i = 0; i < count; i++)
        ck_assert_uint_eq(items[i], i + 1);
    return 0;
}

START_TEST(sort__is_charged_by_the_element)
{
    struct harness *harness = harness_new(cdn_fixture_bank_open(), "Account:");
    uint64_t used[3];

    for (uint32_t i = 0; i < 3; i++) {
        uint32_t count = 10000 + 50000 * i;

        ck_assert_str_eq(harness_call(harness, sort_many, &count), "");
        used[i] = cdn_slot_instructions(harness->slot);
    }
    ck_assert_uint_eq(used[2] - used[1], 50000);
    ck_assert_uint_eq(used[1] - used[0], 50000);
    harness_free(harness);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("graph/numbering");
    TCase *tc = tcase_create("numbering");

    tcase_add_test(tc, numbering__numbers_in_the_order_met);
    tcase_add_test(tc, grow__keeps_what_is_there);
    tcase_add_test(tc, sort__is_charged_by_the_element);
    suite_add_tcase(s, tc);
    return s;
}

CDN_UNIT_MAIN(suite)
