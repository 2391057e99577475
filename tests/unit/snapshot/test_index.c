/* Key lookup of the writer. */
#include "support/unit.h"

#include "base/alloc.h"
#include "snapshot/index.h"

static uint32_t find_integer(const struct cdn_index *index, int64_t key)
{
    struct cdn_key wanted = {.integer = key};

    return cdn_index_find(index, &wanted);
}

static uint32_t find_text(const struct cdn_index *index, const char *text, size_t bytes)
{
    struct cdn_key wanted = {.text = text, .bytes = bytes};

    return cdn_index_find(index, &wanted);
}

START_TEST(integers__dense_ones_use_the_table)
{
    int64_t keys[100];
    struct cdn_index index;

    for (int i = 0; i < 100; i++)
        keys[i] = i * 3 - 50;
    ck_assert_int_eq(cdn_index_integers(&index, keys, 100, NULL), CORDON_OK);
    ck_assert_ptr_nonnull(index.direct);
    for (int64_t key = -60; key < 260; key++) {
        bool there = key >= -50 && key < 250 && (key + 50) % 3 == 0;

        ck_assert_uint_eq(find_integer(&index, key),
                          there ? (uint32_t)((key + 50) / 3) : CDN_INDEX_NONE);
    }
    ck_assert_uint_eq(find_integer(&index, INT64_MIN), CDN_INDEX_NONE);
    ck_assert_uint_eq(find_integer(&index, INT64_MAX), CDN_INDEX_NONE);
    cdn_index_deinit(&index);
}
END_TEST

START_TEST(integers__spread_ones_use_the_hash)
{
    int64_t keys[1000];
    struct cdn_index index;

    for (int i = 0; i < 1000; i++)
        keys[i] = INT64_MIN + (int64_t)i * 9000000000000000;
    ck_assert_int_eq(cdn_index_integers(&index, keys, 1000, NULL), CORDON_OK);
    ck_assert_ptr_null(index.direct);
    for (uint32_t i = 0; i < 1000; i++) {
        ck_assert_uint_eq(find_integer(&index, keys[i]), i);
        ck_assert_uint_eq(find_integer(&index, keys[i] + 1), CDN_INDEX_NONE);
    }
    cdn_index_deinit(&index);
}
END_TEST

START_TEST(strings__are_compared_whole)
{
    static const char HEAP[] = "aaabab\0c";
    static const uint64_t ENDS[] = {0, 1, 3, 5, 8}; /* "", a, aa, ba, b NUL c */
    struct cdn_index index;

    ck_assert_int_eq(
        cdn_index_strings(&index, ENDS, (const unsigned char *)HEAP, 5, NULL),
        CORDON_OK);
    ck_assert_uint_eq(find_text(&index, "", 0), 0);
    ck_assert_uint_eq(find_text(&index, "a", 1), 1);
    ck_assert_uint_eq(find_text(&index, "aa", 2), 2);
    ck_assert_uint_eq(find_text(&index, "ba", 2), 3);
    ck_assert_uint_eq(find_text(&index, "b\0c", 3), 4);
    ck_assert_uint_eq(find_text(&index, "b", 1), CDN_INDEX_NONE);
    ck_assert_uint_eq(find_text(&index, "aaa", 3), CDN_INDEX_NONE);
    cdn_index_deinit(&index);
}
END_TEST

START_TEST(empty__finds_nothing)
{
    struct cdn_index index;

    ck_assert_int_eq(cdn_index_integers(&index, NULL, 0, NULL), CORDON_OK);
    ck_assert_uint_eq(find_integer(&index, 0), CDN_INDEX_NONE);
    cdn_index_deinit(&index);
    ck_assert_int_eq(cdn_index_strings(&index, NULL, NULL, 0, NULL), CORDON_OK);
    ck_assert_uint_eq(find_text(&index, "", 0), CDN_INDEX_NONE);
    cdn_index_deinit(&index);
}
END_TEST

#ifdef CORDON_FAILALLOC
START_TEST(index__survives_every_allocation_failure)
{
    static const int64_t KEYS[] = {1, 2, INT64_MAX};
    static const uint64_t ENDS[] = {1};

    CDN_UNIT_FAILALLOC(nth)
    {
        struct cdn_index dense = {0};
        struct cdn_index spread = {0};
        struct cdn_index strings = {0};
        cordon_status status = cdn_index_integers(&dense, KEYS, 2, NULL);

        if (!status)
            status = cdn_index_integers(&spread, KEYS, 3, NULL);
        if (!status)
            status =
                cdn_index_strings(&strings, ENDS, (const unsigned char *)"a", 1, NULL);
        ck_assert_int_eq(status, cdn_failalloc_fired() ? CORDON_E_NOMEM : CORDON_OK);
        cdn_index_deinit(&dense);
        cdn_index_deinit(&spread);
        cdn_index_deinit(&strings);
    }
}
END_TEST
#endif

static Suite *suite(void)
{
    Suite *s = suite_create("index");

    CDN_UNIT_CASE(s, integers__dense_ones_use_the_table);
    CDN_UNIT_CASE(s, integers__spread_ones_use_the_hash);
    CDN_UNIT_CASE(s, strings__are_compared_whole);
    CDN_UNIT_CASE(s, empty__finds_nothing);
#ifdef CORDON_FAILALLOC
    CDN_UNIT_CASE(s, index__survives_every_allocation_failure);
#endif
    return s;
}

CDN_UNIT_MAIN(suite)
