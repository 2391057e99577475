#include "ruling.h"

#include <math.h>

#include "rule/param.h"

static struct cdn_param param(enum cdn_param_type type)
{
    return (struct cdn_param){.name = "p", .type = type, .element = CDN_PARAM_INTEGER};
}

static cordon_value integer(int64_t value)
{
    return (cordon_value){.type = CORDON_INTEGER, .as.integer = value};
}

static cordon_value number(double value)
{
    return (cordon_value){.type = CORDON_NUMBER, .as.number = value};
}

static cordon_value string(const char *text)
{
    return (cordon_value){
        .type = CORDON_STRING, .length = (uint32_t)strlen(text), .as.string = text};
}

static void accepts(enum cdn_param_type type, cordon_value given, double seen)
{
    struct cdn_param p = param(type);
    cordon_value out;
    cordon_error err;

    ck_assert_msg(!cdn_param_accept(&out, &p, &given, "p", &err), "%s", err.message);
    ck_assert_int_eq(out.type, CORDON_NUMBER);
    ck_assert_double_eq(out.as.number, seen);
}

static void refuses(enum cdn_param_type type, cordon_value given, const char *why)
{
    struct cdn_param p = param(type);
    cordon_value out;
    cordon_error err;

    ck_assert_int_eq(cdn_param_accept(&out, &p, &given, "p", &err), CORDON_E_INVALID);
    ck_assert_contains(err.message, why);
}

START_TEST(accept__turns_values_into_what_the_rule_sees)
{
    accepts(CDN_PARAM_INTEGER, integer(7), 7);
    accepts(CDN_PARAM_INTEGER, number(7), 7);
    accepts(CDN_PARAM_INTEGER, integer(-9007199254740992), -9007199254740992.0);
    accepts(CDN_PARAM_NUMBER, integer(7), 7);
    accepts(CDN_PARAM_NUMBER, number(7.5), 7.5);
    accepts(CDN_PARAM_DURATION, string("1d12h"), 129600000);
    accepts(CDN_PARAM_DURATION, integer(250), 250);
    accepts(CDN_PARAM_TIMESTAMP, string("1970-01-01T00:00:01Z"), 1000);
    accepts(CDN_PARAM_TIMESTAMP, integer(1700000000000), 1700000000000.0);
}
END_TEST

START_TEST(accept__refuses_other_types_and_inexact_numbers)
{
    refuses(CDN_PARAM_INTEGER, string("7"), "'7' is not an integer");
    refuses(CDN_PARAM_INTEGER, number(7.5), "7.5 is not an integer");
    refuses(CDN_PARAM_INTEGER, integer(9007199254740994), "beyond 2^53");
    refuses(CDN_PARAM_NUMBER, integer(INT64_MIN), "beyond 2^53");
    refuses(CDN_PARAM_NUMBER, number((double)INFINITY), "is not a number");
    refuses(CDN_PARAM_NUMBER, number((double)NAN), "is not a number");
    refuses(CDN_PARAM_BOOLEAN, integer(1), "1 is not true or false");
    refuses(CDN_PARAM_STRING, integer(1), "1 is not a string");
    refuses(CDN_PARAM_DURATION, string("1 parsec"), "is not a duration");
    refuses(CDN_PARAM_TIMESTAMP, number(0.5), "0.5 is not a time");
    refuses(CDN_PARAM_LIST, integer(1), "1 is not a list");
}
END_TEST

START_TEST(accept__holds_bounds_and_choices)
{
    struct cdn_param p = param(CDN_PARAM_STRING);
    char up[] = "up", down[] = "down", *choices[] = {up, down};
    cordon_value out, given = string("left");
    cordon_error err;

    p.has_min = true;
    p.min = 5;
    ck_assert(cdn_param_accept(&out, &p, &given, "p", &err));
    ck_assert_str_eq(err.message, "p: its length 4 is below 5; give at least 5 bytes");
    p.min = 4;
    ck_assert(!cdn_param_accept(&out, &p, &given, "p", &err));
    p.choices = choices;
    p.choice_count = 2;
    ck_assert(cdn_param_accept(&out, &p, &given, "p", &err));
    ck_assert_str_eq(err.message, "p: 'left' is not one of its choices, up, down");
    given = string("down");
    ck_assert(!cdn_param_accept(&out, &p, &given, "p", &err));
    given = string("downs");
    ck_assert(cdn_param_accept(&out, &p, &given, "p", &err));
}
END_TEST

START_TEST(accept__checks_every_element_of_a_list)
{
    struct cdn_param p = param(CDN_PARAM_LIST);
    unsigned char bytes[64];
    cordon_builder builder;
    cordon_value list, out;
    cordon_error err;

    cordon_builder_init(&builder, bytes, sizeof bytes);
    cordon_builder_array(&builder, 3);
    cordon_builder_integer(&builder, 1);
    cordon_builder_integer(&builder, 2);
    cordon_builder_number(&builder, 2.5);
    ck_assert(!cordon_value_parse(&list, bytes, builder.length, &err));
    ck_assert(cdn_param_accept(&out, &p, &list, "p", &err));
    ck_assert_str_eq(err.message, "p[3]: 2.5 is not an integer");
    p.element = CDN_PARAM_NUMBER;
    ck_assert(!cdn_param_accept(&out, &p, &list, "p", &err));
    ck_assert_uint_eq(out.length, 3);
}
END_TEST

static void text_gives(enum cdn_param_type type, const char *text, const char *bytes,
                       size_t size)
{
    struct cdn_param p = param(type);
    unsigned char data[64];
    struct cdn_packer packer;
    cordon_error err;

    cdn_pack_init(&packer, data, sizeof data);
    ck_assert_msg(!cdn_param_text(&packer, &p, text, &err), "%s", err.message);
    ck_assert_uint_eq(packer.length, size);
    ck_assert_mem_eq(data, bytes, size);
}

static void text_fails(enum cdn_param_type type, const char *text)
{
    struct cdn_param p = param(type);
    unsigned char data[64];
    struct cdn_packer packer;
    cordon_error err;

    cdn_pack_init(&packer, data, sizeof data);
    ck_assert_int_eq(cdn_param_text(&packer, &p, text, &err), CORDON_E_INVALID);
    ck_assert_contains(err.message, "parameter 'p'");
}

START_TEST(text__is_read_by_the_declared_type)
{
    text_gives(CDN_PARAM_BOOLEAN, "true", "\xc3", 1);
    text_gives(CDN_PARAM_BOOLEAN, "false", "\xc2", 1);
    text_gives(CDN_PARAM_INTEGER, "-7", "\xf9", 1);
    text_gives(CDN_PARAM_INTEGER, "1e3", "\xcd\x03\xe8", 3);
    text_gives(CDN_PARAM_NUMBER, "0.5", "\xcb\x3f\xe0\0\0\0\0\0\0", 9);
    text_gives(CDN_PARAM_STRING, "12",
               "\xa2"
               "12",
               3);
    text_gives(CDN_PARAM_DURATION, "24h",
               "\xa3"
               "24h",
               4);
    text_gives(CDN_PARAM_DURATION, "5", "\x05", 1);
    text_gives(CDN_PARAM_TIMESTAMP, "1970-01-01",
               "\xaa"
               "1970-01-01",
               11);
    text_gives(CDN_PARAM_LIST, "1,2,3", "\x93\x01\x02\x03", 4);
    text_gives(CDN_PARAM_LIST, "", "\x90", 1);
    text_fails(CDN_PARAM_BOOLEAN, "yes");
    text_fails(CDN_PARAM_INTEGER, "7x");
    text_fails(CDN_PARAM_INTEGER, "");
    text_fails(CDN_PARAM_INTEGER, "1.5");
    text_fails(CDN_PARAM_NUMBER, "nan");
    text_fails(CDN_PARAM_NUMBER, "inf");
    text_fails(CDN_PARAM_DURATION, "soon");
    text_fails(CDN_PARAM_TIMESTAMP, "noon");
    text_fails(CDN_PARAM_LIST, "1,,2");
}
END_TEST

START_TEST(find__and_unknown__know_the_names)
{
    struct cdn_param params[3] = {
        {.name = "alpha"}, {.name = "beta"}, {.name = "betas"}};
    const struct cdn_rule rule = {.param_count = 3, .params = params};
    const struct cdn_rule none = {.param_count = 0};
    char message[512];

    ck_assert_ptr_eq(cdn_param_find(&rule, "alpha", 5), &params[0]);
    ck_assert_ptr_eq(cdn_param_find(&rule, "beta", 4), &params[1]);
    ck_assert_ptr_eq(cdn_param_find(&rule, "betas", 5), &params[2]);
    ck_assert_ptr_null(cdn_param_find(&rule, "bet", 3));
    ck_assert_ptr_null(cdn_param_find(&rule, "betasy", 6));
    ck_assert_str_eq(cdn_param_unknown(message, sizeof message, &rule, "alpa", 4),
                     "no parameter 'alpa'; did you mean 'alpha'?");
    ck_assert_str_eq(cdn_param_unknown(message, sizeof message, &rule, "zzz", 3),
                     "no parameter 'zzz'; there is 'alpha', 'beta', 'betas'");
    ck_assert_str_eq(cdn_param_unknown(message, sizeof message, &none, "zzz", 3),
                     "no parameter 'zzz'; the rule declares none");
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("param");

    CDN_UNIT_CASE(s, accept__turns_values_into_what_the_rule_sees);
    CDN_UNIT_CASE(s, accept__refuses_other_types_and_inexact_numbers);
    CDN_UNIT_CASE(s, accept__holds_bounds_and_choices);
    CDN_UNIT_CASE(s, accept__checks_every_element_of_a_list);
    CDN_UNIT_CASE(s, text__is_read_by_the_declared_type);
    CDN_UNIT_CASE(s, find__and_unknown__know_the_names);
    return s;
}

CDN_UNIT_MAIN(suite)
