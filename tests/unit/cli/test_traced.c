#include "support/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "cli/cli.h"
#include "cli/traced.h"
#include "codec/answer.h"
#include "sandbox/trace.h"

static struct cdn_traced traced;
static const struct cdn_traced_options everything = {
    .explain = 2, .profile = true, .coverage = true};

static char *shown;
static size_t shown_bytes;

/* As if a text with these bytes had been traced. */
static void pretend(const char *source, size_t bytes)
{
    unsigned char hash[CDN_CONTENT_HASH_BYTES];

    cdn_hash_content(hash, source, bytes);
    ck_assert(cdn_trace_begin(traced.trace, hash, source, bytes, NULL));
    cdn_trace_begin_line(traced.trace, 1, 0);
    cdn_trace_end(traced.trace, NULL);
    ck_assert(cdn_traced_is_new(&traced));
}

static void setup(void)
{
    ck_assert_int_eq(cdn_traced_init(&traced, &everything, NULL), CORDON_OK);
}

static void teardown(void)
{
    cdn_traced_deinit(&traced);
    free(shown);
    shown = NULL;
}

static const char *show(uint32_t line, unsigned behind, bool bare)
{
    FILE *to;

    free(shown);
    to = open_memstream(&shown, &shown_bytes);
    ck_assert_ptr_nonnull(to);
    cdn_traced_show_line(to, &traced, line, behind, bare);
    ck_assert_int_eq(fclose(to), 0);
    return shown;
}

START_TEST(lines__are_those_of_the_text)
{
    static const char text[] =
        "return function(a)\r\n\n  return a  \n\tend -- \x1b[31m\n";

    pretend(text, strlen(text));
    ck_assert_int_eq(cdn_traced_take(&traced, text, strlen(text), "f.lua", NULL),
                     CORDON_OK);
    ck_assert(!cdn_traced_is_new(&traced));
    ck_assert_str_eq(show(1, 10, false), " return function(a)\n");
    ck_assert_str_eq(show(2, 10, false), "\n");
    ck_assert_str_eq(show(3, 10, false), "   return a\n");
    ck_assert_str_eq(show(3, 10, true), " return a\n");
    ck_assert_str_eq(show(4, 10, true), " end -- \\x1b[31m\n");
    ck_assert_str_eq(show(5, 10, true), "\n");
    ck_assert_str_eq(show(6, 10, true), "\n");
    ck_assert_str_eq(show(0, 10, true), "\n");
    ck_assert(cdn_traced_active(&traced, 3));
    ck_assert(!cdn_traced_active(&traced, 2));
    ck_assert_uint_eq(cdn_traced_hits(&traced, 1), 1);
    ck_assert_uint_eq(cdn_traced_hits(&traced, 100), 0);
}
END_TEST

/* Old Mac's line ends, which LuaJIT knows: a step is at a line that the text has. */
START_TEST(lines__that_end_in_returns_are_lines)
{
    static const char text[] = "return function(a)\r\r  a = 1\n\r\r  return a\rend";
    unsigned char hash[CDN_CONTENT_HASH_BYTES] = {2};
    FILE *to;

    ck_assert(cdn_trace_begin(traced.trace, hash, text, strlen(text), NULL));
    cdn_trace_begin_line(traced.trace, 5, 0);
    cdn_trace_begin_line(traced.trace, 4000000, 0); /* which no text has */
    cdn_trace_end(traced.trace, NULL);
    ck_assert_int_eq(cdn_traced_take(&traced, text, strlen(text), "f.lua", NULL),
                     CORDON_OK);
    ck_assert_uint_eq(cordon_trace_get_summary(traced.trace)->lines, 6);
    ck_assert_str_eq(show(3, 10, true), " a = 1\n");
    ck_assert_str_eq(show(5, 10, true), " return a\n");
    ck_assert(cdn_traced_active(&traced, 5));
    free(shown);
    to = open_memstream(&shown, &shown_bytes);
    ck_assert_ptr_nonnull(to);
    cdn_explain_show(to, false, &traced);
    ck_assert_int_eq(fclose(to), 0);
    ck_assert_str_eq(shown, "explained  f.lua: 1 of 2 lines ran\n"
                            "   5        return a\n");
}
END_TEST

/* Characters count, not bytes, and none is cut in two. */
START_TEST(lines__that_are_long_are_cut)
{
    char text[600] = "return '";
    const char *cut;

    for (size_t i = 0; i < 150; i++)
        memcpy(text + strlen(text), "\xc3\xa9", 3);
    text[strlen(text)] = '\'';
    pretend(text, strlen(text));
    ck_assert_int_eq(cdn_traced_take(&traced, text, strlen(text), "f.lua", NULL),
                     CORDON_OK);
    cut = show(1, 50, false);
    ck_assert_uint_eq(strlen(cut), 1 + 8 + 2 * 38 + 3 + 1);
    ck_assert_str_eq(cut + strlen(cut) - 6, "\xc3\xa9...\n");
}
END_TEST

/* The text is another's, or cannot be had: lines are numbers, and what ran is what has code. */
START_TEST(text__may_be_unknown)
{
    FILE *to;

    pretend("return 1", 8);
    ck_assert_int_eq(cdn_traced_take(&traced, NULL, 0, "gone", NULL), CORDON_OK);
    ck_assert_str_eq(show(1, 10, false), "\n");
    ck_assert(cdn_traced_active(&traced, 1));
    ck_assert(!cdn_traced_is_new(&traced));
    free(shown);
    to = open_memstream(&shown, &shown_bytes);
    ck_assert_ptr_nonnull(to);
    cdn_explain_show(to, false, &traced);
    cdn_profile_show(to, false, &traced);
    cdn_coverage_show(to, false, &traced);
    ck_assert_int_eq(fclose(to), 0);
    ck_assert_ptr_nonnull(
        strstr(shown, "explained  gone: 1 of 1 lines ran\n   1     \n"));
    ck_assert_ptr_nonnull(
        strstr(shown, "coverage  gone, 1 run: 1 of 1 lines (100.0 %)\n"));
}
END_TEST

/* A text that does not compile any more, which another version of the library may find. */
START_TEST(text__that_does_not_compile_has_no_code)
{
    pretend("return function(", 16);
    ck_assert_int_eq(cdn_traced_take(&traced, "return function(", 16, "f.lua", NULL),
                     CORDON_OK);
    ck_assert_uint_eq(traced.code.count, 0);
    ck_assert_str_eq(show(1, 10, false), " return function(\n");
}
END_TEST

#ifdef CORDON_FAILALLOC
START_TEST(take__survives_every_allocation_failure)
{
    static const char text[] = "return function(a)\n if a then\n  a = 1\n end\nend\n";

    pretend(text, strlen(text));
    CDN_UNIT_FAILALLOC(nth)
    {
        cordon_status status =
            cdn_traced_take(&traced, text, strlen(text), "f.lua", NULL);

        ck_assert_int_eq(status, cdn_failalloc_fired() ? CORDON_E_NOMEM : CORDON_OK);
    }
}
END_TEST

START_TEST(explain_and_profile__survive_every_allocation_failure)
{
    static const char text[] = "return function(a)\n if a then\n  a = 1\n end\nend\n";

    pretend(text, strlen(text));
    ck_assert_int_eq(cdn_traced_take(&traced, text, strlen(text), "f.lua", NULL),
                     CORDON_OK);
    CDN_UNIT_FAILALLOC(nth)
    {
        FILE *null = fopen("/dev/null", "w");

        ck_assert_ptr_nonnull(null);
        cdn_explain_show(null, false, &traced);
        cdn_profile_show(null, false, &traced);
        cdn_coverage_show(null, false, &traced);
        ck_assert_int_eq(fclose(null), 0);
    }
}
END_TEST

START_TEST(json__survives_every_allocation_failure)
{
    pretend("return 1", 8);
    ck_assert_int_eq(cdn_traced_take(&traced, "return 1", 8, "f.lua", NULL), CORDON_OK);
    CDN_UNIT_FAILALLOC(nth)
    {
        struct cdn_buf out = {0};
        struct cdn_json json;

        cdn_json_init(&json, &out, false);
        cdn_json_array(&json);
        cdn_answer_explain(&json, traced.trace, traced.file);
        cdn_profile_json(&json, &traced);
        cdn_coverage_json(&json, &traced);
        cdn_json_array_end(&json);
        ck_assert(out.failed == cdn_failalloc_fired());
        cdn_buf_deinit(&out);
    }
}
END_TEST
#endif

static Suite *suite(void)
{
    Suite *suite = suite_create("traced");
    TCase *with = tcase_create("with");

    tcase_add_checked_fixture(with, setup, teardown);
    tcase_add_test(with, lines__are_those_of_the_text);
    tcase_add_test(with, lines__that_end_in_returns_are_lines);
    tcase_add_test(with, lines__that_are_long_are_cut);
    tcase_add_test(with, text__may_be_unknown);
    tcase_add_test(with, text__that_does_not_compile_has_no_code);
#ifdef CORDON_FAILALLOC
    tcase_add_test(with, take__survives_every_allocation_failure);
    tcase_add_test(with, explain_and_profile__survive_every_allocation_failure);
    tcase_add_test(with, json__survives_every_allocation_failure);
#endif
    suite_add_tcase(suite, with);
    return suite;
}

CDN_UNIT_MAIN(suite)
