/* Trace context: what is a traceparent and what is none, and which traces are recorded. */
#include "server/traceparent.h"

#include "support/unit.h"

#define GOOD "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"

START_TEST(parse__reads_what_format_writes)
{
    struct cdn_traceparent read;
    char text[CDN_TRACEPARENT_BYTES + 1];

    ck_assert(cdn_traceparent_parse(&read, GOOD));
    ck_assert(read.sampled);
    ck_assert_uint_eq(read.trace_id[0], 0x4b);
    ck_assert_uint_eq(read.trace_id[15], 0x36);
    ck_assert_uint_eq(read.span_id[1], 0xf0);
    ck_assert_str_eq(cdn_traceparent_format(text, &read), GOOD);
    ck_assert(cdn_traceparent_parse(
        &read, "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-02"));
    ck_assert(!read.sampled);
}
END_TEST

START_TEST(parse__reads_a_later_version_as_far_as_it_is_known)
{
    struct cdn_traceparent read;

    ck_assert(cdn_traceparent_parse(
        &read, "01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"));
    ck_assert(cdn_traceparent_parse(
        &read, "cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-what-comes"));
    ck_assert(read.sampled);
}
END_TEST

START_TEST(parse__refuses_what_is_none)
{
    static const char *const bad[] = {
        NULL,
        "",
        "00",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-0",
        GOOD "0",
        GOOD "-00",
        "cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01.what",
        "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        "0x-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
        "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
        "00_4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        "00-4bf92f3577b34da6a3ce929d0e0e4736_00f067aa0ba902b7-01",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7_01",
        "00-4bf92f3577b34da6a3ce929d0e0e473--00f067aa0ba902b7-01",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-g1",
        " 0-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
    };
    struct cdn_traceparent read = {.trace_id = {7}};

    for (int i = 0; i < CDN_UNIT_COUNT(bad); i++)
        ck_assert_msg(!cdn_traceparent_parse(&read, bad[i]), "%s", bad[i]);
    ck_assert_uint_eq(read.trace_id[0], 7);
}
END_TEST

START_TEST(parse__refuses_every_truncation)
{
    struct cdn_traceparent read;

    for (size_t length = 0; length < CDN_TRACEPARENT_BYTES; length++) {
        char *cut = cdn_unit_exact(GOOD, length + 1);

        cut[length] = '\0';
        ck_assert(!cdn_traceparent_parse(&read, cut));
        free(cut);
    }
}
END_TEST

START_TEST(begin__goes_on_with_the_trace_that_came)
{
    struct cdn_traceparent_span span;
    struct cdn_traceparent out;

    cdn_traceparent_begin(&span, GOOD, 0);
    ck_assert(span.own.sampled); /* whatever our own share is */
    ck_assert_str_eq(span.trace_id, "4bf92f3577b34da6a3ce929d0e0e4736");
    ck_assert_uint_eq(span.parent_id[1], 0xf0);
    ck_assert_int_ne(memcmp(span.own.span_id, span.parent_id, sizeof span.parent_id),
                     0);
    ck_assert(cdn_traceparent_parse(&out, span.header));
    ck_assert_mem_eq(out.span_id, span.own.span_id, sizeof out.span_id);
    cdn_traceparent_begin(&span,
                          "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00",
                          CDN_TRACE_WHOLE);
    ck_assert(!span.own.sampled);
}
END_TEST

START_TEST(begin__records_the_share_that_is_asked_for)
{
    static const unsigned char none[CDN_TRACE_SPAN_BYTES];
    struct cdn_traceparent_span span;
    int sampled = 0;

    for (int i = 0; i < 20000; i++) {
        cdn_traceparent_begin(&span, NULL, 2500);
        sampled += span.own.sampled;
        ck_assert_mem_eq(span.parent_id, none, sizeof none);
    }
    ck_assert_int_gt(sampled, 4500); /* 8 deviations from 5000 */
    ck_assert_int_lt(sampled, 5500);
    for (int i = 0; i < 1000; i++) {
        cdn_traceparent_begin(&span, "no such thing", 0);
        ck_assert(!span.own.sampled);
        cdn_traceparent_begin(&span, NULL, CDN_TRACE_WHOLE);
        ck_assert(span.own.sampled);
    }
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("traceparent");

    CDN_UNIT_CASE(s, parse__reads_what_format_writes);
    CDN_UNIT_CASE(s, parse__reads_a_later_version_as_far_as_it_is_known);
    CDN_UNIT_CASE(s, parse__refuses_what_is_none);
    CDN_UNIT_CASE(s, parse__refuses_every_truncation);
    CDN_UNIT_CASE(s, begin__goes_on_with_the_trace_that_came);
    CDN_UNIT_CASE(s, begin__records_the_share_that_is_asked_for);
    return s;
}

CDN_UNIT_MAIN(suite)
