#include "support/unit.h"

#include <time.h>

#include "base/time.h"

/* Parses an exact copy, so that a read past the span is seen. */
static bool parse(int64_t *out, const char *text)
{
    char *copy = cdn_unit_exact(text, strlen(text));
    bool parsed = cdn_time_parse(out, copy, strlen(text));

    free(copy);
    return parsed;
}

START_TEST(time__parses_every_accepted_form)
{
    static const struct {
        const char *text;
        int64_t ms;
    } cases[] = {
        {"1970-01-01", 0},
        {"1970-01-01 00:00", 0},
        {"1970-01-01T00:00:00Z", 0},
        {"1970-01-01 00:00:00.001", 1},
        {"1969-12-31 23:59:59.999", -1},
        {"2026-11-24T02:29:00.123Z", INT64_C(1795487340123)},
        {"2026-11-24 02:29:00.5", INT64_C(1795487340500)},
        {"2026-11-24 02:29:00.120000000000", INT64_C(1795487340120)},
        {"2026-11-24T04:29:00+02:00", INT64_C(1795487340000)},
        {"2026-11-23T21:59:00-04:30", INT64_C(1795487340000)},
        {"2000-02-29", INT64_C(951782400000)},
        {"0000-01-01", INT64_C(-62167219200000)},
        {"9999-12-31T23:59:59.999Z", INT64_C(253402300799999)},
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int64_t ms = 42;

        ck_assert_msg(parse(&ms, cases[i].text), "%s", cases[i].text);
        ck_assert_msg(ms == cases[i].ms, "%s gave %lld", cases[i].text, (long long)ms);
    }
}
END_TEST

START_TEST(time__refuses_everything_else)
{
    static const char *const texts[] = {
        "",
        "2026",
        "2026-11",
        "2026-11-2",
        "2026-11-24T",
        "2026-11-24 ",
        "26-11-24",
        "2026-13-01",
        "2026-00-01",
        "2026-11-00",
        "2026-11-31",
        "2026-02-29",
        "1900-02-29",
        "2026-11-24T24:00",
        "2026-11-24T23:60",
        "2026-11-24T23:59:60",
        "2026-11-24T2:00",
        "2026-11-24T02",
        "2026-11-24T02:29:",
        "2026-11-24T02:29:00.",
        "2026-11-24T02:29:00.1234",
        "2026-11-24T02:29:00.0001",
        "2026-11-24T02:29z",
        "2026-11-24T02:29+2:00",
        "2026-11-24T02:29+0200",
        "2026-11-24T02:29+24:00",
        "2026-11-24T02:29+02:60",
        "2026-11-24Z",
        " 2026-11-24",
        "2026-11-24x",
        "2026-11-24T02:29:00Zx",
        "2026/11/24",
        "+2026-11-24",
        "-026-11-24",
        "2026-11-24T-1:00",
        "2026-11-24T02:29:00 Z",
    };

    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        int64_t ms = 42;

        ck_assert_msg(!parse(&ms, texts[i]), "%s", texts[i]);
        ck_assert_int_eq(ms, 42);
    }
}
END_TEST

START_TEST(time__agrees_with_the_c_library_on_every_day)
{
    /* The days of 1600 to 2399, two whole cycles, by the C library's own calendar. */
    for (int64_t day = -135140; day < 157054; day++) {
        time_t seconds = (time_t)(day * 86400);
        struct tm parts;
        char text[32];
        char back[40];
        int64_t ms;

        ck_assert_ptr_nonnull(gmtime_r(&seconds, &parts));
        snprintf(text, sizeof text, "%04d-%02d-%02d", parts.tm_year + 1900,
                 parts.tm_mon + 1, parts.tm_mday);
        if (!cdn_time_parse(&ms, text, 10) || ms != day * 86400000 ||
            strncmp(cdn_time_format(back, sizeof back, ms), text, 10) != 0)
            ck_abort_msg("%s", text);
    }
}
END_TEST

START_TEST(format__is_parsed_back)
{
    for (int64_t ms = INT64_C(-62167219200000); ms <= INT64_C(253402300799999);
         ms += INT64_C(7777777777777) / 3) {
        char text[40];
        int64_t back;

        cdn_time_format(text, sizeof text, ms);
        ck_assert_msg(parse(&back, text), "%s", text);
        ck_assert_int_eq(back, ms);
    }
}
END_TEST

START_TEST(format__has_the_fraction_only_if_there_is_one)
{
    char out[40];

    ck_assert_str_eq(cdn_time_format(out, sizeof out, 0), "1970-01-01T00:00:00Z");
    ck_assert_str_eq(cdn_time_format(out, sizeof out, -1), "1969-12-31T23:59:59.999Z");
    ck_assert_str_eq(cdn_time_format(out, sizeof out, 1020),
                     "1970-01-01T00:00:01.020Z");
}
END_TEST

START_TEST(format__holds_for_every_number)
{
    char out[40];

    ck_assert_str_eq(cdn_time_format(out, sizeof out, INT64_MAX),
                     "+292278994-08-17T07:12:55.807Z");
    ck_assert_str_eq(cdn_time_format(out, sizeof out, INT64_MIN),
                     "-292275055-05-16T16:47:04.192Z");
    ck_assert_str_eq(cdn_time_format(out, sizeof out, INT64_C(253402300800000)),
                     "+10000-01-01T00:00:00Z");
    ck_assert_str_eq(cdn_time_format(out, sizeof out, INT64_C(-62167219200001)),
                     "-0001-12-31T23:59:59.999Z");
}
END_TEST

static bool duration(int64_t *out, const char *text)
{
    return cdn_duration_parse(out, text, strlen(text));
}

START_TEST(duration__parses_units_and_sums)
{
    int64_t ms;

    ck_assert(duration(&ms, "250ms") && ms == 250);
    ck_assert(duration(&ms, "90s") && ms == 90000);
    ck_assert(duration(&ms, "15m") && ms == 900000);
    ck_assert(duration(&ms, "24h") && ms == 86400000);
    ck_assert(duration(&ms, "7d") && ms == INT64_C(604800000));
    ck_assert(duration(&ms, "2w") && ms == INT64_C(1209600000));
    ck_assert(duration(&ms, "1d12h") && ms == INT64_C(129600000));
    ck_assert(duration(&ms, "1m1ms") && ms == 60001);
    ck_assert(duration(&ms, "0s") && ms == 0);
    ck_assert(duration(&ms, "9223372036854775807ms") && ms == INT64_MAX);
}
END_TEST

START_TEST(duration__refuses_everything_else)
{
    static const char *const texts[] = {
        "",
        "5",
        "s",
        "-5s",
        "5 s",
        "5S",
        "5sec",
        "1.5h",
        "1d12",
        "d1",
        "5s ",
        " 5s",
        "9223372036854775808ms",
        "99999999999999999999s",
        "9223372036854775807w",
        "9223372036854775807ms1ms",
        "5y",
        "5\xc2\xb5s",
    };

    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        int64_t ms = 42;

        ck_assert_msg(!duration(&ms, texts[i]), "%s", texts[i]);
        ck_assert_int_eq(ms, 42);
    }
}
END_TEST

START_TEST(duration__is_formatted_to_what_parses_back)
{
    char out[80];
    int64_t back;

    ck_assert_str_eq(cdn_duration_format(out, sizeof out, 0), "0s");
    ck_assert_str_eq(cdn_duration_format(out, sizeof out, 86400000), "1d");
    ck_assert_str_eq(cdn_duration_format(out, sizeof out, 90061001), "1d1h1m1s1ms");
    ck_assert_str_eq(cdn_duration_format(out, sizeof out, -1500), "-1s500ms");
    ck_assert_str_eq(cdn_duration_format(out, sizeof out, INT64_MIN),
                     "-106751991167d7h12m55s808ms");
    for (int64_t ms = 1; ms > 0 && ms < INT64_MAX / 3; ms = ms * 3 - 1) {
        ck_assert(duration(&back, cdn_duration_format(out, sizeof out, ms)));
        ck_assert_int_eq(back, ms);
    }
    cdn_duration_format(out, 4, 90061001);
    ck_assert_str_eq(out, "1d1");
}
END_TEST

START_TEST(size__parses_both_kinds_of_thousand)
{
    static const struct {
        const char *text;
        uint64_t bytes;
    } cases[] = {
        {"65536", 65536},
        {"0", 0},
        {"7B", 7},
        {"64kB", 64000},
        {"512KiB", 524288},
        {"4MiB", 4194304},
        {"3MB", 3000000},
        {"1GiB", 1073741824},
        {"1GB", 1000000000},
        {"2TiB", UINT64_C(2199023255552)},
        {"1TB", UINT64_C(1000000000000)},
        {"18446744073709551615", UINT64_MAX},
    };
    static const char *const refused[] = {
        "",
        "KiB",
        "-1",
        "1.5MiB",
        "1 MiB",
        "1Kib",
        "1K",
        "1KiB1",
        "1KiB1KiB",
        "18446744073709551616",
        "18446744073709551615KiB",
        "1KiB ",
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        uint64_t bytes;

        ck_assert_msg(cdn_size_parse(&bytes, cases[i].text, strlen(cases[i].text)),
                      "%s", cases[i].text);
        ck_assert_uint_eq(bytes, cases[i].bytes);
    }
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        uint64_t bytes = 42;

        ck_assert_msg(!cdn_size_parse(&bytes, refused[i], strlen(refused[i])), "%s",
                      refused[i]);
        ck_assert_uint_eq(bytes, 42);
    }
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("time");

    CDN_UNIT_CASE(s, time__parses_every_accepted_form);
    CDN_UNIT_CASE(s, time__refuses_everything_else);
    CDN_UNIT_CASE(s, time__agrees_with_the_c_library_on_every_day);
    CDN_UNIT_CASE(s, format__is_parsed_back);
    CDN_UNIT_CASE(s, format__has_the_fraction_only_if_there_is_one);
    CDN_UNIT_CASE(s, format__holds_for_every_number);
    CDN_UNIT_CASE(s, duration__parses_units_and_sums);
    CDN_UNIT_CASE(s, duration__refuses_everything_else);
    CDN_UNIT_CASE(s, duration__is_formatted_to_what_parses_back);
    CDN_UNIT_CASE(s, size__parses_both_kinds_of_thousand);
    return s;
}

CDN_UNIT_MAIN(suite)
