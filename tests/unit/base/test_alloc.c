#include "support/unit.h"

#include <pthread.h>

#include "base/alloc.h"

START_TEST(alloc__gives_a_byte_for_zero)
{
    void *a = cdn_alloc(0);
    void *b = cdn_calloc(0, 8);
    void *c = cdn_realloc(NULL, 0);

    ck_assert_ptr_nonnull(a);
    ck_assert_ptr_nonnull(b);
    ck_assert_ptr_nonnull(c);
    cdn_free(a);
    cdn_free(b);
    cdn_free(c);
    cdn_free(NULL);
}
END_TEST

START_TEST(alloc__refuses_products_that_overflow)
{
    ck_assert_ptr_null(cdn_calloc(SIZE_MAX / 2, 3));
    ck_assert_ptr_null(cdn_realloc_array(NULL, SIZE_MAX / 8 + 1, 8));
}
END_TEST

START_TEST(realloc_array__keeps_the_content)
{
    int *numbers = cdn_realloc_array(NULL, 4, sizeof *numbers);

    ck_assert_ptr_nonnull(numbers);
    for (int i = 0; i < 4; i++)
        numbers[i] = i;
    numbers = cdn_realloc_array(numbers, 4096, sizeof *numbers);
    ck_assert_ptr_nonnull(numbers);
    for (int i = 0; i < 4; i++)
        ck_assert_int_eq(numbers[i], i);
    cdn_free(numbers);
}
END_TEST

START_TEST(strndup__stops_at_the_count_and_at_the_nul)
{
    char *cut = cdn_strndup("abcdef", 3);
    char *whole = cdn_strndup("ab\0cd", 5);
    char *empty = cdn_strdup("");

    ck_assert_str_eq(cut, "abc");
    ck_assert_str_eq(whole, "ab");
    ck_assert_str_eq(empty, "");
    cdn_free(cut);
    cdn_free(whole);
    cdn_free(empty);
}
END_TEST

static void *allocate_a_thousand(void *unused)
{
    for (int i = 0; i < 1000; i++)
        cdn_free(cdn_alloc(8));
    return unused;
}

START_TEST(alloc_count__counts_all_threads)
{
    uint64_t before = cdn_alloc_count();
    pthread_t threads[4];

    for (int i = 0; i < 4; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, allocate_a_thousand, NULL),
                         0);
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    ck_assert_uint_eq(cdn_alloc_count() - before, 4000);
}
END_TEST

#ifdef CORDON_FAILALLOC
START_TEST(failalloc__fails_only_the_nth)
{
    void *blocks[4];

    cdn_failalloc_after(2, false);
    for (int i = 0; i < 4; i++) {
        blocks[i] = cdn_alloc(1);
        ck_assert_int_eq(blocks[i] == NULL, i == 2);
        ck_assert_int_eq(cdn_failalloc_fired(), i >= 2);
    }
    cdn_failalloc_after(-1, false);
    ck_assert(!cdn_failalloc_fired());
    for (int i = 0; i < 4; i++)
        cdn_free(blocks[i]);
}
END_TEST

START_TEST(failalloc__fails_all_from_the_nth_if_persistent)
{
    void *first;

    cdn_failalloc_after(1, true);
    first = cdn_alloc(1);
    ck_assert_ptr_nonnull(first);
    ck_assert_ptr_null(cdn_alloc(1));
    ck_assert_ptr_null(cdn_calloc(1, 1));
    ck_assert_ptr_null(cdn_strdup("x"));
    ck_assert_ptr_null(cdn_realloc(first, 2));
    cdn_failalloc_after(-1, false);
    cdn_free(first);
}
END_TEST
#endif

static Suite *suite(void)
{
    Suite *s = suite_create("alloc");

    CDN_UNIT_CASE(s, alloc__gives_a_byte_for_zero);
    CDN_UNIT_CASE(s, alloc__refuses_products_that_overflow);
    CDN_UNIT_CASE(s, realloc_array__keeps_the_content);
    CDN_UNIT_CASE(s, strndup__stops_at_the_count_and_at_the_nul);
    CDN_UNIT_CASE(s, alloc_count__counts_all_threads);
#ifdef CORDON_FAILALLOC
    CDN_UNIT_CASE(s, failalloc__fails_only_the_nth);
    CDN_UNIT_CASE(s, failalloc__fails_all_from_the_nth_if_persistent);
#endif
    return s;
}

CDN_UNIT_MAIN(suite)
