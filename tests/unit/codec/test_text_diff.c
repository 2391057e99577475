/* Unified diffs of texts: right, short, and in the form that patch reads. */
#include "support/unit.h"

#include "base/alloc.h"
#include "codec/text_diff.h"

static char *diff(const char *from, const char *to)
{
    const struct cdn_text a = {"a", from, strlen(from)}, b = {"b", to, strlen(to)};
    struct cdn_buf out = {0};

    cdn_buf_text(&out, "");
    ck_assert_int_eq(cdn_text_diff(&out, &a, &b, NULL), CORDON_OK);
    return (char *)out.data; /* the caller's */
}

static void differs(const char *from, const char *to, const char *wanted)
{
    char *found = diff(from, to);

    ck_assert_str_eq(found ? found : "", wanted);
    cdn_free(found);
}

START_TEST(diff__of_equal_texts_is_empty)
{
    differs("", "", "");
    differs("a\nb\n", "a\nb\n", "");
    differs("a", "a", "");
}
END_TEST

START_TEST(diff__shows_a_change_in_its_context)
{
    differs("1\n2\n3\n4\n5\n6\n7\n8\n9\n", "1\n2\n3\n4\nfive\n6\n7\n8\n9\n",
            "--- a\n+++ b\n@@ -2,7 +2,7 @@\n 2\n 3\n 4\n-5\n+five\n 6\n 7\n 8\n");
}
END_TEST

START_TEST(diff__begins_and_ends_with_the_text)
{
    differs("", "a\n", "--- a\n+++ b\n@@ -0,0 +1 @@\n+a\n");
    differs("a\n", "", "--- a\n+++ b\n@@ -1 +0,0 @@\n-a\n");
    differs("a\nb\n", "b\n", "--- a\n+++ b\n@@ -1,2 +1 @@\n-a\n b\n");
    differs("b\n", "b\na\n", "--- a\n+++ b\n@@ -1 +1,2 @@\n b\n+a\n");
}
END_TEST

START_TEST(diff__tells_of_a_missing_newline)
{
    differs("a", "a\n",
            "--- a\n+++ b\n@@ -1 +1 @@\n-a\n\\ No newline at end of file\n+a\n");
    differs(
        "x\na", "y\na",
        "--- a\n+++ b\n@@ -1,2 +1,2 @@\n-x\n+y\n a\n\\ No newline at end of file\n");
}
END_TEST

START_TEST(diff__joins_changes_that_are_near_and_parts_those_that_are_not)
{
    differs("a\n1\n2\n3\n4\n5\n6\nb\n", "A\n1\n2\n3\n4\n5\n6\nB\n",
            "--- a\n+++ b\n@@ -1,8 +1,8 @@\n-a\n+A\n 1\n 2\n 3\n 4\n 5\n 6\n-b\n+B\n");
    differs("a\n1\n2\n3\n4\n5\n6\n7\nb\n", "A\n1\n2\n3\n4\n5\n6\n7\nB\n",
            "--- a\n+++ b\n@@ -1,4 +1,4 @@\n-a\n+A\n 1\n 2\n 3\n@@ -6,4 +6,4 @@\n 5\n "
            "6\n 7\n-b\n+B\n");
}
END_TEST

START_TEST(diff__keeps_what_moved_as_short_as_it_can)
{
    differs("a\nb\nc\nd\n", "b\nc\nd\na\n",
            "--- a\n+++ b\n@@ -1,4 +1,4 @@\n-a\n b\n c\n d\n+a\n");
}
END_TEST

/* Apply a diff to `from`: what comes out must be `to`. */
static void applies(const char *from, const char *to)
{
    char *patch = diff(from, to), *line = patch;
    char out[4096] = "";
    size_t length = 0;
    const char *at = from;
    size_t number = 1; /* of the line of `from` at which `at` stands */

    while (line && *line) {
        char *end = strchr(line, '\n');
        size_t bytes = (size_t)(end - line) + 1;

        if (line[0] == '@') {
            size_t first = strtoul(line + 4, NULL, 10), many = 1;
            char *comma = strchr(line, ',');

            if (comma && comma < strchr(line, '+'))
                many = strtoul(comma + 1, NULL, 10);
            for (first += many == 0; number < first; number++)
                do
                    out[length++] = *at;
                while (*at++ != '\n');
        } else if (line[0] == ' ' || line[0] == '-' || line[0] == '+') {
            if (line[0] != '-' && line[1] != '+' && line[1] != '-') {
                memcpy(out + length, line + 1, bytes - 1);
                length += bytes - 1;
            }
            if (line[0] != '+' && line[1] != '-' && line[1] != '+') {
                ck_assert_int_eq(strncmp(at, line + 1, bytes - 1), 0);
                at += bytes - 1;
                number++;
            }
        }
        line = end + 1;
    }
    snprintf(out + length, sizeof(out) - length, "%s", at);
    ck_assert_str_eq(out, to);
    cdn_free(patch);
}

START_TEST(diff__applied_gives_the_other_text)
{
    uint64_t state = 88172645463325252U;

    for (int round = 0; round < 400; round++) {
        char texts[2][300];

        for (int which = 0; which < 2; which++) {
            size_t length = 0;

            for (int i = 0; i < 30; i++) {
                state ^= state << 13;
                state ^= state >> 7;
                state ^= state << 17;
                if (state % 3)
                    length += (size_t)snprintf(
                        texts[which] + length, sizeof(texts[which]) - length, "%c\n",
                        (char)('a' + state % 11 % (uint64_t)(round % 9 + 2)));
            }
            texts[which][length] = '\0';
        }
        applies(texts[0], texts[1]);
    }
}
END_TEST

START_TEST(diff__of_what_is_too_large_is_one_replacement)
{
    struct cdn_buf texts[2] = {{0}, {0}}, out = {0};

    for (int which = 0; which < 2; which++)
        for (int i = 0; i < 3000; i++)
            cdn_buf_printf(&texts[which], "%d of %d\n", i, which);
    const struct cdn_text a = {"a", (char *)texts[0].data, texts[0].length};
    const struct cdn_text b = {"b", (char *)texts[1].data, texts[1].length};

    ck_assert_int_eq(cdn_text_diff(&out, &a, &b, NULL), CORDON_OK);
    ck_assert_ptr_nonnull(strstr((char *)out.data, "@@ -1,3000 +1,3000 @@\n-0 of 0\n"));
    cdn_buf_deinit(&out);
    cdn_buf_deinit(&texts[0]);
    cdn_buf_deinit(&texts[1]);
}
END_TEST

#ifdef CORDON_FAILALLOC
START_TEST(diff__survives_every_allocation_failure)
{
    const struct cdn_text a = {"a", "1\n2\n3\n", 6}, b = {"b", "1\n4\n3\n", 6};

    CDN_UNIT_FAILALLOC(nth)
    {
        struct cdn_buf out = {0};
        cordon_status status = cdn_text_diff(&out, &a, &b, NULL);

        ck_assert_int_eq(status, cdn_failalloc_fired() ? CORDON_E_NOMEM : CORDON_OK);
        cdn_buf_deinit(&out);
    }
}
END_TEST
#endif

static Suite *suite(void)
{
    Suite *s = suite_create("text_diff");

    CDN_UNIT_CASE(s, diff__of_equal_texts_is_empty);
    CDN_UNIT_CASE(s, diff__shows_a_change_in_its_context);
    CDN_UNIT_CASE(s, diff__begins_and_ends_with_the_text);
    CDN_UNIT_CASE(s, diff__tells_of_a_missing_newline);
    CDN_UNIT_CASE(s, diff__joins_changes_that_are_near_and_parts_those_that_are_not);
    CDN_UNIT_CASE(s, diff__keeps_what_moved_as_short_as_it_can);
    CDN_UNIT_CASE(s, diff__applied_gives_the_other_text);
    CDN_UNIT_CASE(s, diff__of_what_is_too_large_is_one_replacement);
#ifdef CORDON_FAILALLOC
    CDN_UNIT_CASE(s, diff__survives_every_allocation_failure);
#endif
    return s;
}

CDN_UNIT_MAIN(suite)
