/* JSON out, and what was read comes out again as it was. */
#include "support/unit.h"

#include <math.h>

#include "base/alloc.h"
#include "codec/json.h"
#include "codec/json_read.h"

/* Convert and write again, compact. */
static void round_trip(const char *text, size_t bytes, const char *expected)
{
    struct cdn_buf pack = {0}, again = {0};
    struct cdn_json json;
    cordon_value value;
    cordon_error err;
    char *copy = cdn_unit_exact(text, bytes);

    ck_assert_msg(!cdn_json_to_pack(&pack, copy, bytes, &err), "%s: %s", text,
                  err.message);
    ck_assert_int_eq(cordon_value_parse(&value, pack.data, pack.length, &err),
                     CORDON_OK);
    cdn_json_init(&json, &again, false);
    cdn_json_value(&json, &value);
    ck_assert_str_eq((const char *)again.data, expected);
    /* and by way of the writer's other form */
    cdn_buf_clear(&again);
    cdn_json_init(&json, &again, false);
    json.pack = true;
    cdn_json_value(&json, &value);
    ck_assert(!again.failed);
    cdn_buf_clear(&pack);
    ck_assert_int_eq(cordon_value_parse(&value, again.data, again.length, &err),
                     CORDON_OK);
    cdn_json_init(&json, &pack, false);
    cdn_json_value(&json, &value);
    ck_assert_str_eq((const char *)pack.data, expected);
    cdn_buf_deinit(&pack);
    cdn_buf_deinit(&again);
    free(copy);
}

static const struct {
    const char *in;
    const char *out;
} same[] = {
    {"null", "null"},
    {"true", "true"},
    {"false", "false"},
    {"0", "0"},
    {"-1", "-1"},
    {"9007199254740993", "9007199254740993"},
    {"9223372036854775807", "9223372036854775807"},
    {"-9223372036854775808", "-9223372036854775808"},
    {"3.0", "3.0"},
    {"0.1", "0.1"},
    {"1e300", "1e+300"},
    {"5e-324", "4.94065645841247e-324"},
    {"1.7976931348623157e308", "1.7976931348623157e+308"},
    {"0.30000000000000004", "0.30000000000000004"},
    {"\"\"", "\"\""},
    {"\"a\\u0000b\"", "\"a\\u0000b\""},
    {"\"\\ud83d\\ude00\"", "\"\xf0\x9f\x98\x80\""},
    {"\"\\\"\\\\\\n\\t\\r\\u001b\"", "\"\\\"\\\\\\n\\t\\r\\u001b\""},
    {"[]", "[]"},
    {"{}", "{}"},
    {"[1,[2,{\"a\":null}]]", "[1,[2,{\"a\":null}]]"},
    {" { \"a\" : 1 , \"b\" : [ ] } ", "{\"a\":1,\"b\":[]}"},
};

/* One document with everything in it, in either form. */
static void write_document(struct cdn_json *json)
{
    const unsigned char odd[] = {0x81, 0x05, 0xc0}; /* {5: nil} */
    cordon_value value;

    ck_assert(!cordon_value_parse(&value, odd, sizeof odd, NULL));
    cdn_json_object(json);
    cdn_json_key_cstr(json, "text",
                      "a\xff"
                      "b");
    cdn_json_key_cstr(json, "none", NULL);
    cdn_json_key_uint(json, "large", UINT64_MAX - 1);
    cdn_json_key_double(json, "part", 0.5);
    cdn_json_key_double(json, "lost", NAN);
    cdn_json_key_bool(json, "yes", true);
    cdn_json_key(json, "list");
    cdn_json_array(json);
    for (int i = 0; i < 20; i++)
        cdn_json_int(json, -i);
    cdn_json_hex(json, 255);
    cdn_json_array_end(json);
    cdn_json_key(json, "empty");
    cdn_json_object(json);
    cdn_json_object_end(json);
    cdn_json_key(json, "odd");
    cdn_json_value(json, &value);
    cdn_json_object_end(json);
}

START_TEST(writer__writes_the_same_document_as_msgpack)
{
    struct cdn_buf pack = {0}, text = {0}, again = {0};
    struct cdn_json json;
    cordon_value value, large;
    const char *at;

    cdn_json_init(&json, &text, false);
    write_document(&json);
    cdn_json_init(&json, &pack, true);
    json.pack = true;
    write_document(&json);
    ck_assert(!pack.failed && json.depth == 0);
    /* one integer is beyond what a cordon_value holds: written as it is, and put back here */
    ck_assert_int_ne(cordon_value_parse(&value, pack.data, pack.length, NULL),
                     CORDON_OK);
    for (size_t i = 0; i < pack.length; i++)
        if (pack.data[i] == 0xcf) {
            ck_assert_mem_eq(pack.data + i, "\xcf\xff\xff\xff\xff\xff\xff\xff\xfe", 9);
            pack.data[i + 1] = 0x7f;
        }
    ck_assert_int_eq(cordon_value_parse(&value, pack.data, pack.length, NULL),
                     CORDON_OK);
    ck_assert(cordon_value_get(&large, &value, "large"));
    ck_assert(large.as.integer == INT64_MAX - 1);
    cdn_json_init(&json, &again, false);
    cdn_json_value(&json, &value);
    at = strstr((char *)text.data, "18446744073709551614");
    ck_assert_ptr_nonnull(at);
    ck_assert_uint_eq((size_t)(at - (char *)text.data),
                      (size_t)(strstr((char *)again.data, "9223372036854775806") -
                               (char *)again.data));
    ck_assert_str_eq(at + 20, strstr((char *)again.data, "9223372036854775806") + 19);
    cdn_buf_deinit(&pack);
    cdn_buf_deinit(&text);
    cdn_buf_deinit(&again);
}
END_TEST

START_TEST(writer__refuses_to_nest_msgpack_without_bound)
{
    struct cdn_buf pack = {0};
    struct cdn_json json;

    cdn_json_init(&json, &pack, false);
    json.pack = true;
    for (int i = 0; i < CDN_JSON_MAX_DEPTH + 3; i++)
        cdn_json_array(&json);
    ck_assert(pack.failed);
    for (int i = 0; i < CDN_JSON_MAX_DEPTH + 3; i++)
        cdn_json_array_end(&json);
    ck_assert_uint_eq(json.depth, 0);
    cdn_buf_deinit(&pack);
}
END_TEST

START_TEST(writer__gives_back_what_was_read)
{
    round_trip(same[_i].in, strlen(same[_i].in), same[_i].out);
}
END_TEST

START_TEST(writer__doubles_read_back_equal)
{
    uint64_t state = 88172645463325252u;

    for (int i = 0; i < 20000; i++) {
        struct cdn_buf text = {0};
        struct cdn_json json;
        double value;

        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        memcpy(&value, &state, sizeof(value));
        if (!isfinite(value))
            continue;
        cdn_json_init(&json, &text, false);
        cdn_json_double(&json, value);
        ck_assert_msg(strtod((const char *)text.data, NULL) == value, "%s", text.data);
        cdn_buf_deinit(&text);
    }
}
END_TEST

START_TEST(writer__writes_null_for_what_json_has_no_word_for)
{
    struct cdn_buf text = {0};
    struct cdn_json json;

    cdn_json_init(&json, &text, false);
    cdn_json_array(&json);
    cdn_json_double(&json, NAN);
    cdn_json_double(&json, INFINITY);
    cdn_json_cstr(&json, NULL);
    cdn_json_array_end(&json);
    ck_assert_str_eq((const char *)text.data, "[null,null,null]");
    cdn_buf_deinit(&text);
}
END_TEST

START_TEST(writer__replaces_invalid_utf8)
{
    struct cdn_buf text = {0};
    struct cdn_json json;

    cdn_json_init(&json, &text, false);
    cdn_json_str(&json, "a\xff\xc3z", 4);
    ck_assert_str_eq((const char *)text.data, "\"a\xef\xbf\xbd\xef\xbf\xbdz\"");
    cdn_buf_deinit(&text);
}
END_TEST

START_TEST(writer__indents_when_pretty)
{
    struct cdn_buf text = {0};
    struct cdn_json json;

    cdn_json_init(&json, &text, true);
    cdn_json_object(&json);
    cdn_json_key_uint(&json, "a", UINT64_MAX);
    cdn_json_key(&json, "b");
    cdn_json_array(&json);
    cdn_json_int(&json, INT64_MIN);
    cdn_json_hex(&json, 0xabc);
    cdn_json_array_end(&json);
    cdn_json_key(&json, "c");
    cdn_json_object(&json);
    cdn_json_object_end(&json);
    cdn_json_object_end(&json);
    ck_assert_str_eq((const char *)text.data, "{\n  \"a\": 18446744073709551615,\n"
                                              "  \"b\": [\n    -9223372036854775808,\n"
                                              "    \"0000000000000abc\"\n  ],\n"
                                              "  \"c\": {}\n}");
    cdn_buf_deinit(&text);
}
END_TEST

START_TEST(writer__keeps_keys_that_are_no_strings)
{
    unsigned char room[64];
    struct cdn_buf text = {0};
    struct cdn_json json;
    cordon_builder builder;
    cordon_value value;

    cordon_builder_init(&builder, room, sizeof(room));
    cordon_builder_map(&builder, 2);
    cordon_builder_integer(&builder, 7);
    cordon_builder_boolean(&builder, true);
    cordon_builder_array(&builder, 1);
    cordon_builder_string(&builder, "x", 1);
    cordon_builder_nil(&builder);
    ck_assert_int_eq(cordon_value_parse(&value, room, builder.length, NULL), CORDON_OK);
    cdn_json_init(&json, &text, false);
    cdn_json_value(&json, &value);
    ck_assert_str_eq((const char *)text.data, "{\"7\":true,\"[\\\"x\\\"]\":null}");
    cdn_buf_deinit(&text);
}
END_TEST

/* Every byte, in every place of a text around the width that is looked at together, between
 * characters that need nothing. */
START_TEST(writer__escapes_wherever_it_stands)
{
    struct cdn_buf out = {0}, expected = {0};
    struct cdn_json json;

    for (unsigned c = 0; c < 0x80; c++) {
        for (size_t place = 0; place < 20; place++) {
            char text[20];

            memset(text, 'a' + (int)(c % 2), sizeof text);
            text[place] = (char)c;
            cdn_buf_clear(&expected);
            cdn_buf_printf(&expected, "\"%.*s", (int)place, text);
            if (c == '"' || c == '\\')
                cdn_buf_printf(&expected, "\\%c", (int)c);
            else if (c == '\n' || c == '\t' || c == '\r')
                cdn_buf_printf(&expected, "\\%c",
                               c == '\n'   ? 'n'
                               : c == '\t' ? 't'
                                           : 'r');
            else if (c < 0x20 || c == 0x7f)
                cdn_buf_printf(&expected, "\\u%04x", c);
            else
                cdn_buf_printf(&expected, "%c", (int)c);
            cdn_buf_printf(&expected, "%.*s\"", (int)(sizeof text - place - 1),
                           text + place + 1);
            cdn_buf_clear(&out);
            cdn_json_init(&json, &out, false);
            cdn_json_str(&json, text, sizeof text);
            ck_assert_uint_eq(out.length, expected.length);
            ck_assert_mem_eq(out.data, expected.data, out.length);
        }
    }
    cdn_buf_deinit(&out);
    cdn_buf_deinit(&expected);
}
END_TEST

static void check_number(struct cdn_buf *out, const char *text)
{
    ck_assert_str_eq((const char *)out->data, text);
    cdn_buf_clear(out);
}

START_TEST(writer__writes_numbers_as_they_are)
{
    static const struct {
        double value;
        const char *text;
    } doubles[] = {
        {0.0, "0.0"},
        {-0.0, "-0.0"},
        {-3.0, "-3.0"},
        {999999999999999.0, "999999999999999.0"},
        {-999999999999999.0, "-999999999999999.0"},
        {1e15, "1e+15"},
        {0.5, "0.5"},
        {-1234.25, "-1234.25"},
    };
    struct cdn_buf out = {0};
    struct cdn_json json;

    cdn_json_init(&json, &out, false);
    cdn_json_int(&json, INT64_MIN);
    check_number(&out, "-9223372036854775808");
    cdn_json_init(&json, &out, false);
    cdn_json_int(&json, INT64_MAX);
    check_number(&out, "9223372036854775807");
    cdn_json_init(&json, &out, false);
    cdn_json_uint(&json, UINT64_MAX);
    check_number(&out, "18446744073709551615");
    for (size_t i = 0; i < CDN_UNIT_COUNT(doubles); i++) {
        cdn_json_init(&json, &out, false);
        cdn_json_double(&json, doubles[i].value);
        check_number(&out, doubles[i].text);
    }
    cdn_buf_deinit(&out);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("json");

    CDN_UNIT_LOOP(s, writer__gives_back_what_was_read, 0, CDN_UNIT_COUNT(same));
    CDN_UNIT_CASE(s, writer__doubles_read_back_equal);
    CDN_UNIT_CASE(s, writer__writes_null_for_what_json_has_no_word_for);
    CDN_UNIT_CASE(s, writer__escapes_wherever_it_stands);
    CDN_UNIT_CASE(s, writer__writes_numbers_as_they_are);
    CDN_UNIT_CASE(s, writer__replaces_invalid_utf8);
    CDN_UNIT_CASE(s, writer__indents_when_pretty);
    CDN_UNIT_CASE(s, writer__keeps_keys_that_are_no_strings);
    CDN_UNIT_CASE(s, writer__writes_the_same_document_as_msgpack);
    CDN_UNIT_CASE(s, writer__refuses_to_nest_msgpack_without_bound);
    return s;
}

CDN_UNIT_MAIN(suite)
