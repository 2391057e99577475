/* What every unit test needs: Check, a main, and a few shapes that recur.
 *
 *     START_TEST(open__refuses_truncated_file) { ... } END_TEST
 *     static Suite *suite(void)
 *     {
 *         Suite *s = suite_create("store");
 *         CDN_UNIT_CASE(s, open__refuses_truncated_file);
 *         return s;
 *     }
 *     CDN_UNIT_MAIN(suite)
 */
#ifndef CORDON_TESTS_UNIT_H
#define CORDON_TESTS_UNIT_H

#include <check.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What ctest takes for "skipped". */
#define CDN_UNIT_SKIPPED 77

/* One TCase a test: its name then appears where the test fails. */
#define CDN_UNIT_CASE(suite, test)                                                     \
    do {                                                                               \
        TCase *cdn_unit_case = tcase_create(#test);                                    \
        tcase_add_test(cdn_unit_case, test);                                           \
        suite_add_tcase(suite, cdn_unit_case);                                         \
    } while (0)

/* The same, between two functions that run in the test's own process. */
#define CDN_UNIT_CASE_IN(suite, test, set_up, tear_down)                               \
    do {                                                                               \
        TCase *cdn_unit_case = tcase_create(#test);                                    \
        tcase_add_checked_fixture(cdn_unit_case, set_up, tear_down);                   \
        tcase_add_test(cdn_unit_case, test);                                           \
        suite_add_tcase(suite, cdn_unit_case);                                         \
    } while (0)

/* One TCase for the indexes from `first` up to, not including, `past`; the test reads
 * _i. */
#define CDN_UNIT_LOOP(suite, test, first, past)                                        \
    do {                                                                               \
        TCase *cdn_unit_case = tcase_create(#test);                                    \
        tcase_add_loop_test(cdn_unit_case, test, first, past);                         \
        suite_add_tcase(suite, cdn_unit_case);                                         \
    } while (0)

#define CDN_UNIT_COUNT(array) ((int)(sizeof(array) / sizeof((array)[0])))

/* Check's own limit of four seconds a test is wall time, which a busy machine or a
 * sanitizer build exceeds in good health: ctest's limit on the program is the real one.
 */
static inline int cdn_unit_run(Suite *(*make)(void))
{
    setenv("CK_DEFAULT_TIMEOUT", "240", 0);
    SRunner *runner = srunner_create(make());
    int failed;

    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

#define CDN_UNIT_MAIN(suite_function)                                                  \
    int main(void)                                                                     \
    {                                                                                  \
        return cdn_unit_run(suite_function);                                           \
    }

/* As CDN_UNIT_MAIN, skipped where CORDON_SHARED_DATA "/<relative>" cannot be read. */
#define CDN_UNIT_MAIN_SHARED(suite_function, relative)                                 \
    int main(void)                                                                     \
    {                                                                                  \
        if (access(CORDON_SHARED_DATA "/" relative, R_OK)) {                           \
            printf("SKIPPED: no " CORDON_SHARED_DATA "/" relative "\n");               \
            return CDN_UNIT_SKIPPED;                                                   \
        }                                                                              \
        return cdn_unit_run(suite_function);                                           \
    }

/* Makes a folder of the test's own and writes its path into out, which it returns. */
static inline char *cdn_unit_folder(char *out, size_t size)
{
    const char *root = getenv("TMPDIR");

    ck_assert_int_lt(snprintf(out, size, "%s/cordon-unit-XXXXXX", root ? root : "/tmp"),
                     (int)size);
    ck_assert_ptr_nonnull(mkdtemp(out));
    return out;
}

/* A heap copy of exactly `size` bytes, so that a sanitizer sees any read past its end;
 * the caller frees it. */
static inline void *cdn_unit_exact(const void *bytes, size_t size)
{
    void *copy = malloc(size ? size : 1);

    ck_assert_ptr_nonnull(copy);
    if (size)
        memcpy(copy, bytes, size);
    return copy;
}

#ifdef CORDON_FAILALLOC
/* Runs `body` with allocation 0 failing, then 1, then 2 ... until it needs no more:
 *
 *     CDN_UNIT_FAILALLOC(nth) {
 *         status = call();
 *         if (cdn_failalloc_fired()) { check the failure }
 *         else { check the success }
 *     }
 * `body` runs once more without any failure and then the loop ends. */
#define CDN_UNIT_FAILALLOC(nth)                                                        \
    for (long nth = 0, cdn_unit_more = 1;                                              \
         cdn_unit_more && (cdn_failalloc_after(nth, false), 1);                        \
         cdn_unit_more = cdn_failalloc_fired(), cdn_failalloc_after(-1, false), nth++)
#endif

#endif
