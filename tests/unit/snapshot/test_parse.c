/* Cells and keys: exactly, or refused with the right reason. */
#include "support/unit.h"

#include <inttypes.h>
#include <math.h>

#include "snapshot/parse.h"

static const char *parse(struct cdn_cell *cell, struct cdn_cell_format format,
                         const char *text, size_t bytes)
{
    char *exact = cdn_unit_exact(text, bytes);
    const char *why = cdn_parse_cell(cell, &format, exact, bytes);

    free(exact);
    return why;
}

static const char *parse_as(struct cdn_cell *cell, enum cdn_column_type type,
                            const char *text)
{
    return parse(cell, (struct cdn_cell_format){.type = type}, text, strlen(text));
}

struct integer {
    const char *text;
    const char *why; /* NULL: taken */
    int64_t value;
};

static const struct integer INTEGERS[] = {
    {"0", NULL, 0},
    {"-0", NULL, 0},
    {"+7", NULL, 7},
    {"007", NULL, 7},
    {"9007199254740993", NULL, INT64_C(9007199254740993)},
    {"9223372036854775807", NULL, INT64_MAX},
    {"-9223372036854775808", NULL, INT64_MIN},
    {"0000000000000000000000009223372036854775807", NULL, INT64_MAX},
    {"9223372036854775808", "beyond", 0},
    {"-9223372036854775809", "beyond", 0},
    {"99999999999999999999", "beyond", 0},
    {"18446744073709551616", "beyond", 0},
    {"123456789012345678901234567890", "beyond", 0},
    {"-", "not an integer", 0},
    {"+", "not an integer", 0},
    {"--1", "not an integer", 0},
    {" 1", "not an integer", 0},
    {"1 ", "not an integer", 0},
    {"1.0", "not an integer", 0},
    {"1e3", "not an integer", 0},
    {"0x10", "not an integer", 0},
    {"1,000", "not an integer", 0},
    {"abc", "not an integer", 0},
    {"1234567890123456789x", "not an integer", 0},
    {"\xd9\xa1", "not an integer", 0},
};

START_TEST(cell__takes_integers_exactly_or_not_at_all)
{
    const struct integer *sample = &INTEGERS[_i];
    struct cdn_cell cell;
    const char *why = parse_as(&cell, CDN_COLUMN_INT64, sample->text);

    if (sample->why) {
        ck_assert_msg(why && strstr(why, sample->why), "'%s': %s", sample->text,
                      why ? why : "taken");
    } else {
        ck_assert_msg(!why, "'%s': %s", sample->text, why);
        ck_assert_int_eq(cell.as.integer, sample->value);
        ck_assert(!cell.null);
    }
}
END_TEST

static const char *const NUMBERS[] = {"0",
                                      "-0",
                                      "0.1",
                                      "3.14",
                                      "-12.5",
                                      ".5",
                                      "5.",
                                      "1e3",
                                      "1E-3",
                                      "1e+22",
                                      "1e22",
                                      "1e23",
                                      "123456789012345",
                                      "1234567890123456",
                                      "9007199254740993",
                                      "0.30000000000000004",
                                      "1.7976931348623157e308",
                                      "5e-324",
                                      "2.2250738585072011e-308",
                                      "0.000000000000000000000000000001",
                                      "179769313486231580793e287",
                                      "1e-22",
                                      "00001.50",
                                      "8.41e21",
                                      "9.5e-5",
                                      "123456789012345e-22",
                                      "1.00000000000000000000000000000000001",
                                      "0e999999",
                                      "0.0e-99999",
                                      "6.02214076e23",
                                      "3851891.85",
                                      "0.32606821811373277",
                                      "0.006782978383392666"};

START_TEST(cell__rounds_floats_as_strtod_does)
{
    struct cdn_cell cell;
    double expected = strtod(NUMBERS[_i], NULL);
    const char *why = parse_as(&cell, CDN_COLUMN_FLOAT64, NUMBERS[_i]);

    ck_assert_msg(!why, "'%s': %s", NUMBERS[_i], why);
    ck_assert_msg(!memcmp(&cell.as.number, &expected, sizeof(expected)),
                  "'%s': %a, not %a", NUMBERS[_i], cell.as.number, expected);
}
END_TEST

START_TEST(cell__rounds_a_hundred_thousand_made_up_floats_as_strtod_does)
{
    uint64_t state = 88172645463325252U;

    for (int i = 0; i < 100000; i++) {
        char text[64];
        struct cdn_cell cell;
        double expected;

        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        snprintf(text, sizeof(text), "%s%" PRIu64 ".%0*" PRIu64 "e%d",
                 state & 1 ? "-" : "", (state >> 8) % 1000000, (int)(state % 12) + 1,
                 (state >> 30) % 1000, (int)((state >> 44) % 60) - 30);
        expected = strtod(text, NULL);
        ck_assert_ptr_null(parse_as(&cell, CDN_COLUMN_FLOAT64, text));
        ck_assert_msg(!memcmp(&cell.as.number, &expected, sizeof(expected)), "%s",
                      text);
    }
}
END_TEST

static const struct integer NOT_NUMBERS[] = {
    {"nan", "not a number", 0},   {"NaN", "not a number", 0},
    {"inf", "not a number", 0},   {"-Infinity", "not a number", 0},
    {"1e999", "beyond", 0},       {"-1.8e308", "beyond", 0},
    {"1e-400", "smaller", 0},     {"0x1p3", "not a number", 0},
    {"1,5", "not a number", 0},   {"1.2.3", "not a number", 0},
    {".", "not a number", 0},     {"-", "not a number", 0},
    {"1e", "not a number", 0},    {"1e+", "not a number", 0},
    {"e5", "not a number", 0},    {" 1", "not a number", 0},
    {"1 ", "not a number", 0},    {"1f", "not a number", 0},
    {"1_000", "not a number", 0}, {"\"1\"", "not a number", 0},
};

START_TEST(cell__refuses_what_is_no_finite_number)
{
    struct cdn_cell cell;
    const char *why = parse_as(&cell, CDN_COLUMN_FLOAT64, NOT_NUMBERS[_i].text);

    ck_assert_msg(why && strstr(why, NOT_NUMBERS[_i].why), "'%s': %s",
                  NOT_NUMBERS[_i].text, why ? why : "taken");
}
END_TEST

START_TEST(cell__refuses_a_number_of_a_million_digits)
{
    size_t bytes = 1000000;
    char *text = malloc(bytes);
    struct cdn_cell cell;

    ck_assert_ptr_nonnull(text);
    memset(text, '7', bytes);
    ck_assert_ptr_nonnull(parse(
        &cell, (struct cdn_cell_format){.type = CDN_COLUMN_FLOAT64}, text, bytes));
    ck_assert_ptr_nonnull(
        parse(&cell, (struct cdn_cell_format){.type = CDN_COLUMN_INT64}, text, bytes));
    free(text);
}
END_TEST

START_TEST(cell__knows_four_forms_of_bool)
{
    static const char *const TRUE[] = {"true", "1", "TRUE", "True"};
    static const char *const FALSE[] = {"false", "0", "FALSE", "False"};
    static const char *const NEITHER[] = {"yes",   "t",  "2",     "-1",  "tru",
                                          "truee", "01", " true", "nil", "falsE "};
    struct cdn_cell cell;

    for (int i = 0; i < CDN_UNIT_COUNT(TRUE); i++) {
        ck_assert_ptr_null(parse_as(&cell, CDN_COLUMN_BOOL, TRUE[i]));
        ck_assert(cell.as.boolean);
        ck_assert_ptr_null(parse_as(&cell, CDN_COLUMN_BOOL, FALSE[i]));
        ck_assert(!cell.as.boolean);
    }
    for (int i = 0; i < CDN_UNIT_COUNT(NEITHER); i++)
        ck_assert_ptr_nonnull(parse_as(&cell, CDN_COLUMN_BOOL, NEITHER[i]));
}
END_TEST

START_TEST(cell__makes_empty_null_only_where_it_may)
{
    static const enum cdn_column_type TYPES[] = {
        CDN_COLUMN_BOOL,      CDN_COLUMN_INT64,  CDN_COLUMN_FLOAT64,
        CDN_COLUMN_TIMESTAMP, CDN_COLUMN_STRING, CDN_COLUMN_TEXT};

    for (int i = 0; i < CDN_UNIT_COUNT(TYPES); i++) {
        struct cdn_cell_format format = {.type = TYPES[i]};
        struct cdn_cell cell;
        const char *why = parse(&cell, format, "", 0);

        ck_assert(why && strstr(why, "empty"));
        format.nullable = true;
        ck_assert_ptr_null(parse(&cell, format, "", 0));
        ck_assert(cell.null);
    }
}
END_TEST

START_TEST(cell__refuses_text_that_is_not_utf8)
{
    static const char *const BAD[] = {
        "\xff", "a\xc0\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80", "caf\xe9", "\xc3"};
    struct cdn_cell cell;

    for (int i = 0; i < CDN_UNIT_COUNT(BAD); i++) {
        const char *why = parse_as(&cell, CDN_COLUMN_STRING, BAD[i]);

        ck_assert(why && strstr(why, "UTF-8"));
    }
    ck_assert_ptr_nonnull(
        parse(&cell, (struct cdn_cell_format){.type = CDN_COLUMN_TEXT}, "a\0b", 3));
    ck_assert_ptr_null(parse_as(&cell, CDN_COLUMN_TEXT,
                                "B\xe1\xba\xaf"
                                "c_Giang"));
    ck_assert_uint_eq(cell.as.string.bytes, 11);
}
END_TEST

struct time {
    const char *text;
    int64_t unit_ms; /* 0: text */
    int64_t epoch_ms;
    bool truncate;
    const char *why;
    int64_t ms;
};

static const struct time TIMES[] = {
    {"2020-01-10 06:22:20.222", 0, 0, false, NULL, INT64_C(1578637340222)},
    {"2020-01-03 13:22:12.95", 0, 0, false, NULL, INT64_C(1578057732950)},
    {"2020-01-03T13:22:12Z", 0, 0, false, NULL, INT64_C(1578057732000)},
    {"2020-01-03T15:22:12+02:00", 0, 0, false, NULL, INT64_C(1578057732000)},
    {"1991-12-21 00:00:00", 0, 0, false, NULL, INT64_C(693273600000)},
    {"1970-01-01", 0, 0, false, NULL, 0},
    {"1969-12-31 23:59:59.999", 0, 0, false, NULL, -1},
    {"2020-01-03 13:22:12.950000", 0, 0, false, NULL, INT64_C(1578057732950)},
    {"2020-01-03 13:22:12.9501", 0, 0, false, "finer", 0},
    {"2020-01-03 13:22:12.9509", 0, 0, true, NULL, INT64_C(1578057732950)},
    {"2020-01-03T13:22:12.123456789Z", 0, 0, true, NULL, INT64_C(1578057732123)},
    {"2020-02-30 00:00:00", 0, 0, false, "not a time", 0},
    {"2020-13-01", 0, 0, false, "not a time", 0},
    {"24:00", 0, 0, false, "not a time", 0},
    {"1578637340222", 0, 0, false, "not a time", 0},
    {"2020-01-03 13:22:12.1234567890123456789012345678901234567890123456789", 0, 0,
     true, "not a time", 0},
    {"1624940728902", 1, 0, false, NULL, INT64_C(1624940728902)},
    {"1624940728902.5", 1, 0, false, "finer", 0},
    {"1624940728902.5", 1, 0, true, NULL, INT64_C(1624940728902)},
    {"1624940728902.000", 1, 0, false, NULL, INT64_C(1624940728902)},
    {"1289241911.72836", 1000, 0, false, "finer", 0},
    {"1289241911.72836", 1000, 0, true, NULL, INT64_C(1289241911728)},
    {"1289241911.728", 1000, 0, false, NULL, INT64_C(1289241911728)},
    {"-1.5", 1000, 0, false, NULL, -1500},
    {"-0.5", 1000, 0, false, NULL, -500},
    {"-0.0005", 1000, 0, true, NULL, -1},
    {"0.0000000000000000001", 1000, 0, false, "finer", 0},
    {"0.0000000000000000000", 1000, 0, false, NULL, 0},
    {"1", 86400000, INT64_C(1577836800000), false, NULL, INT64_C(1577923200000)},
    {"149", 86400000, INT64_C(1577836800000), false, NULL, INT64_C(1590710400000)},
    {"0.5", 86400000, 0, false, NULL, 43200000},
    {"9223372036854775807", 1, 0, false, NULL, INT64_MAX},
    {"9223372036854775807", 1, 1, false, "beyond", 0},
    {"9223372036854775807", 1000, 0, false, "beyond", 0},
    {"99999999999999999999", 1, 0, false, "beyond", 0},
    {"", 1, 0, false, "empty", 0},
    {".", 1000, 0, false, "not a number", 0},
    {".5", 1000, 0, false, "not a number", 0},
    {"5.", 1000, 0, false, "not a number", 0},
    {"-", 1000, 0, false, "not a number", 0},
    {"1e3", 1000, 0, false, "not a number", 0},
    {"1.2.3", 1000, 0, false, "not a number", 0},
    {"2020-01-01", 1, 0, false, "not a number", 0},
};

START_TEST(cell__takes_times_to_the_millisecond)
{
    const struct time *sample = &TIMES[_i];
    struct cdn_cell_format format = {.type = CDN_COLUMN_TIMESTAMP,
                                     .unit_ms = sample->unit_ms,
                                     .epoch_ms = sample->epoch_ms,
                                     .truncate = sample->truncate};
    struct cdn_cell cell;
    const char *why = parse(&cell, format, sample->text, strlen(sample->text));

    if (sample->why) {
        ck_assert_msg(why && strstr(why, sample->why), "'%s': %s", sample->text,
                      why ? why : "taken");
    } else {
        ck_assert_msg(!why, "'%s': %s", sample->text, why);
        ck_assert_int_eq(cell.as.integer, sample->ms);
    }
}
END_TEST

START_TEST(key__never_makes_one_of_two)
{
    static const char *const BAD[] = {"007", "+7", "-0",  "00",
                                      "-01", "",   "7.0", "9223372036854775808"};
    struct cdn_key key;

    for (int i = 0; i < CDN_UNIT_COUNT(BAD); i++)
        ck_assert_ptr_nonnull(
            cdn_parse_key(&key, CDN_KEY_INT64, BAD[i], strlen(BAD[i])));
    ck_assert_ptr_null(cdn_parse_key(&key, CDN_KEY_INT64, "4679802962791367476", 19));
    ck_assert_int_eq(key.integer, INT64_C(4679802962791367476));
    ck_assert_ptr_null(cdn_parse_key(&key, CDN_KEY_INT64, "0", 1));
    ck_assert_ptr_null(cdn_parse_key(&key, CDN_KEY_INT64, "-5", 2));
    ck_assert_int_eq(key.integer, -5);
    ck_assert_ptr_null(cdn_parse_key(&key, CDN_KEY_STRING, "007", 3));
    ck_assert_uint_eq(key.bytes, 3);
    ck_assert_ptr_nonnull(cdn_parse_key(&key, CDN_KEY_STRING, "", 0));
    ck_assert_ptr_nonnull(cdn_parse_key(&key, CDN_KEY_STRING, "\xff", 1));
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("parse");

    CDN_UNIT_LOOP(s, cell__takes_integers_exactly_or_not_at_all, 0,
                  CDN_UNIT_COUNT(INTEGERS));
    CDN_UNIT_LOOP(s, cell__rounds_floats_as_strtod_does, 0, CDN_UNIT_COUNT(NUMBERS));
    CDN_UNIT_CASE(s, cell__rounds_a_hundred_thousand_made_up_floats_as_strtod_does);
    CDN_UNIT_LOOP(s, cell__refuses_what_is_no_finite_number, 0,
                  CDN_UNIT_COUNT(NOT_NUMBERS));
    CDN_UNIT_CASE(s, cell__refuses_a_number_of_a_million_digits);
    CDN_UNIT_CASE(s, cell__knows_four_forms_of_bool);
    CDN_UNIT_CASE(s, cell__makes_empty_null_only_where_it_may);
    CDN_UNIT_CASE(s, cell__refuses_text_that_is_not_utf8);
    CDN_UNIT_LOOP(s, cell__takes_times_to_the_millisecond, 0, CDN_UNIT_COUNT(TIMES));
    CDN_UNIT_CASE(s, key__never_makes_one_of_two);
    return s;
}

CDN_UNIT_MAIN(suite)
