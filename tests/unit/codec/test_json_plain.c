/* JSON read the short way: what is taken has the bytes that jansson's tree gives. */
#include "support/unit.h"

#include "base/alloc.h"
#include "codec/json_plain.h"
#include "codec/json_read.h"

static const char *const taken[] = {
    "{\"node\":{\"label\":\"Account\",\"key\":\"1234\"},\"now\":1705000000000}",
    "{\"node\":\"Account:17\",\"params\":{\"window\":\"24h\",\"a\":[1,2.5,-3]},"
    "\"seed\":1}",
    "{}",
    "[]",
    "\"\"",
    "0",
    "-0",
    "-1",
    "127",
    "128",
    "65536",
    "4294967296",
    "-32",
    "-33",
    "-2147483649",
    "999999999999999999",
    "-999999999999999999",
    "1.5",
    "-0.0",
    "0e0",
    "1e3",
    "1E+300",
    "2.5e-3",
    "1e-400",
    "123456789012345678.25",
    "true",
    "false",
    "null",
    " \t\r\n[ 1 , { \"a\" : null } ]\n",
    "{\"\":1,\"a\":2,\"b\":{\"a\":3}}",
    "\"\xc3\xa5 \xf0\x9f\x98\x80 \x7f\"",
    "[[[[]]],{\"k\":[{}]}]",
    "[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15]",
    "[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16]]",
    "{\"a\":1,\"b\":2,\"c\":3,\"d\":4,\"e\":5,\"f\":6,\"g\":7,\"h\":8,\"i\":9,\"j\":10,"
    "\"k\":11,\"l\":12,\"m\":13,\"n\":14,\"o\":15,\"p\":[16]}",
};

/* Left to jansson: it takes some of them. */
static const char *const left[] = {
    "",
    " ",
    "{",
    "[",
    "[1",
    "[1,",
    "[1,]",
    "[,1]",
    "{\"a\"}",
    "{\"a\":}",
    "{\"a\":1,}",
    "{\"a\":1",
    "{\"a\":1,\"a\":2}",
    "{a:1}",
    "{1:1}",
    "{\"a\":1}}",
    "1 2",
    "01",
    "-01",
    "-",
    "+1",
    "1.",
    ".5",
    "1e",
    "1e+",
    "1.e3",
    "0x10",
    "1e400",
    "NaN",
    "nul",
    "truth",
    "tru",
    "1234567890123456789",
    "-9223372036854775808",
    "\"a",
    "\"\\n\"",
    "\"\\u0061\"",
    "\"\n\"",
    "\"\xff\"",
    "\"\xc0\x80\"",
    "\"\xed\xa0\x80\"",
    "\"\xc3\"",
    "'a'",
    "\xef\xbb\xbf{}",
};

START_TEST(plain__gives_the_bytes_of_the_long_way)
{
    static const char around[] = "[\"\\u0061\",%s]";
    struct cdn_buf plain = {0}, text = {0}, whole = {0};
    size_t bytes = strlen(taken[_i]);
    char *copy = cdn_unit_exact(taken[_i], bytes);
    cordon_error err;

    ck_assert_msg(cdn_json_plain(&plain, copy, bytes), "%s", taken[_i]);
    cdn_buf_printf(&text, around, taken[_i]);
    ck_assert_int_eq(
        cdn_json_to_pack(&whole, (const char *)text.data, text.length, &err),
        CORDON_OK);
    /* behind the head of an array of two, and "a" */
    ck_assert_uint_eq(whole.length, plain.length + 3);
    ck_assert_mem_eq(whole.data + 3, plain.data, plain.length);
    cdn_buf_deinit(&plain);
    cdn_buf_deinit(&text);
    cdn_buf_deinit(&whole);
    free(copy);
}
END_TEST

START_TEST(plain__leaves_what_it_is_not_made_for)
{
    struct cdn_buf out = {0};
    size_t bytes = strlen(left[_i]);
    char *copy = cdn_unit_exact(left[_i], bytes);

    cdn_buf_text(&out, "before");
    ck_assert_msg(!cdn_json_plain(&out, copy, bytes), "%s", left[_i]);
    ck_assert_uint_eq(out.length, 6);
    ck_assert_str_eq((const char *)out.data, "before");
    cdn_buf_deinit(&out);
    free(copy);
}
END_TEST

START_TEST(plain__takes_no_part_of_a_text)
{
    static const char text[] =
        "{\"node\":{\"label\":\"A\",\"key\":17},\"params\":{\"x\":[1.5,true,null]}}";
    struct cdn_buf out = {0};

    for (size_t bytes = 0; bytes < sizeof text - 1; bytes++) {
        char *copy = cdn_unit_exact(text, bytes);

        ck_assert_msg(!cdn_json_plain(&out, copy, bytes), "of %zu bytes", bytes);
        free(copy);
    }
    cdn_buf_deinit(&out);
}
END_TEST

/* Heads of three sizes, which move what is behind them. */
START_TEST(plain__counts_what_is_long)
{
    struct cdn_buf text = {0}, plain = {0};
    cordon_value value, last;
    size_t count = _i == 0 ? 15 : _i == 1 ? 16 : _i == 2 ? 65535 : 65536;

    for (size_t i = 0; i < count; i++)
        cdn_buf_printf(&text, "%c[%zu]", i ? ',' : '[', i);
    cdn_buf_text(&text, "]");
    ck_assert(cdn_json_plain(&plain, (const char *)text.data, text.length));
    ck_assert_int_eq(cordon_value_parse(&value, plain.data, plain.length, NULL),
                     CORDON_OK);
    ck_assert_uint_eq(value.length, count);
    ck_assert(cordon_value_at(&last, &value, (uint32_t)count - 1));
    ck_assert(cordon_value_at(&last, &last, 0));
    ck_assert_int_eq(last.as.integer, (int64_t)count - 1);
    cdn_buf_deinit(&text);
    cdn_buf_deinit(&plain);
}
END_TEST

/* As deep as a value may be, and as many keys as are compared, and one more of each. */
START_TEST(plain__is_bounded)
{
    struct cdn_buf text = {0}, out = {0};

    for (int more = 0; more < 2; more++) {
        cdn_buf_clear(&text);
        cdn_buf_clear(&out);
        for (int i = 0; i < CORDON_VALUE_MAX_DEPTH - 1 + more; i++)
            cdn_buf_text(&text, "[");
        cdn_buf_text(&text, "1");
        for (int i = 0; i < CORDON_VALUE_MAX_DEPTH - 1 + more; i++)
            cdn_buf_text(&text, "]");
        ck_assert(cdn_json_plain(&out, (const char *)text.data, text.length) == !more);
        cdn_buf_clear(&text);
        cdn_buf_clear(&out);
        for (int i = 0; i < 24 + more; i++)
            cdn_buf_printf(&text, "%c\"%d\":%d", i ? ',' : '{', i, i);
        cdn_buf_text(&text, "}");
        ck_assert(cdn_json_plain(&out, (const char *)text.data, text.length) == !more);
    }
    cdn_buf_deinit(&text);
    cdn_buf_deinit(&out);
}
END_TEST

#ifdef CORDON_FAILALLOC
START_TEST(plain__survives_every_allocation_failure)
{
    static const char text[] = "[\"a text that is longer than a buffer is at first, by "
                               "some bytes, so that it grows\",[1,2],{\"a\":1}]";

    CDN_UNIT_FAILALLOC(nth)
    {
        struct cdn_buf out = {0};
        bool ok = cdn_json_plain(&out, text, sizeof text - 1);

        ck_assert(ok == !cdn_failalloc_fired());
        ck_assert(out.failed == !ok);
        ck_assert(ok || out.length == 0);
        cdn_buf_deinit(&out);
    }
}
END_TEST
#endif

static Suite *suite(void)
{
    Suite *s = suite_create("json_plain");

    CDN_UNIT_LOOP(s, plain__gives_the_bytes_of_the_long_way, 0, CDN_UNIT_COUNT(taken));
    CDN_UNIT_LOOP(s, plain__leaves_what_it_is_not_made_for, 0, CDN_UNIT_COUNT(left));
    CDN_UNIT_CASE(s, plain__takes_no_part_of_a_text);
    CDN_UNIT_LOOP(s, plain__counts_what_is_long, 0, 4);
    CDN_UNIT_CASE(s, plain__is_bounded);
#ifdef CORDON_FAILALLOC
    CDN_UNIT_CASE(s, plain__survives_every_allocation_failure);
#endif
    return s;
}

CDN_UNIT_MAIN(suite)
