/* JSON to msgpack: nothing lost, nothing taken that is not JSON. */
#include "support/unit.h"

#include "base/alloc.h"
#include "codec/json_read.h"

static const struct {
    const char *in;
    const char *message; /* part of it */
} bad[] = {
    {"", "column 1: "},
    {"{", "ends too early"},
    {"{\"a\":1,\"a\":2}", "twice"},
    {"9223372036854775808", "out of range"},
    {"-9223372036854775809", "out of range"},
    {"1e400", "out of range"},
    {"[1,]", "column "},
    {"{} {}", "follows the end"},
    {"nul", "column "},
    {"NaN", "column "},
    {"'a'", "column "},
    {"\"\xff\"", "UTF-8"},
    {"\"\xc0\x80\"", "UTF-8"},
    {"\"\xed\xa0\x80\"", "UTF-8"},
    {"\"\\ud800\"", "column "},
    {"01", "column "},
    {"[1,\n2,]", "line 2, column "},
};

START_TEST(to_pack__refuses_what_is_not_json)
{
    struct cdn_buf pack = {0};
    cordon_error err;
    size_t bytes = strlen(bad[_i].in);
    char *copy = cdn_unit_exact(bad[_i].in, bytes);

    ck_assert_int_eq(cdn_json_to_pack(&pack, copy, bytes, &err), CORDON_E_DATA);
    ck_assert_msg(strstr(err.message, bad[_i].message) != NULL, "%s: %s", bad[_i].in,
                  err.message);
    cdn_buf_deinit(&pack);
    free(copy);
}
END_TEST

static cordon_status nested(int depth, cordon_error *err)
{
    struct cdn_buf text = {0}, pack = {0};
    cordon_status status;

    for (int i = 0; i < depth; i++)
        cdn_buf_text(&text, "[");
    for (int i = 0; i < depth; i++)
        cdn_buf_text(&text, "]");
    status = cdn_json_to_pack(&pack, (const char *)text.data, text.length, err);
    cdn_buf_deinit(&text);
    cdn_buf_deinit(&pack);
    return status;
}

START_TEST(to_pack__bounds_nesting)
{
    cordon_error err;

    ck_assert_int_eq(nested(CORDON_VALUE_MAX_DEPTH - 1, &err), CORDON_OK);
    ck_assert_int_eq(nested(CORDON_VALUE_MAX_DEPTH + 1, &err), CORDON_E_DATA);
    ck_assert_ptr_nonnull(strstr(err.message, "nested"));
    ck_assert_int_eq(nested(1000000 / 2, &err), CORDON_E_DATA);
}
END_TEST

START_TEST(to_pack__refuses_nul_between_values)
{
    static const char text[] = "[1,\0 2]";
    struct cdn_buf pack = {0};
    cordon_error err;

    ck_assert_int_eq(cdn_json_to_pack(&pack, text, sizeof(text) - 1, &err),
                     CORDON_E_DATA);
    cdn_buf_deinit(&pack);
}
END_TEST

START_TEST(to_pack__everything_accepted_is_a_valid_value)
{
    struct cdn_buf text = {0}, pack = {0};
    cordon_error err;
    cordon_value value;

    /* exactly as deep as a value may be */
    for (int i = 0; i < CORDON_VALUE_MAX_DEPTH - 1; i++)
        cdn_buf_text(&text, "{\"k\":");
    cdn_buf_text(&text, "1");
    for (int i = 0; i < CORDON_VALUE_MAX_DEPTH - 1; i++)
        cdn_buf_text(&text, "}");
    ck_assert_int_eq(
        cdn_json_to_pack(&pack, (const char *)text.data, text.length, &err), CORDON_OK);
    ck_assert_int_eq(cordon_value_parse(&value, pack.data, pack.length, &err),
                     CORDON_OK);
    cdn_buf_deinit(&text);
    cdn_buf_deinit(&pack);
}
END_TEST

START_TEST(read__says_where_the_fault_is)
{
    static const char text[] = "{\"a\": 1,\n \"b\": ?}";
    struct cdn_buf pack = {0};
    struct cdn_json_fault fault;

    ck_assert_int_eq(cdn_json_read(&pack, text, strlen(text), &fault), CORDON_E_DATA);
    ck_assert_uint_eq(fault.line, 2);
    ck_assert_uint_eq(fault.column, 7);
    ck_assert_str_ne(fault.text, "");
    cdn_buf_deinit(&pack);
}
END_TEST

#ifdef CORDON_FAILALLOC
START_TEST(to_pack__survives_every_allocation_failure)
{
    static const char text[] =
        "{\"a\": [1, 2.5, \"\\u0061 text of some length, so that the "
        "buffer has to grow more than once on its way\"]}";

    CDN_UNIT_FAILALLOC(nth)
    {
        struct cdn_buf pack = {0};
        cordon_error err;
        cordon_status status = cdn_json_to_pack(&pack, text, sizeof(text) - 1, &err);

        ck_assert_int_eq(status, cdn_failalloc_fired() ? CORDON_E_NOMEM : CORDON_OK);
        cdn_buf_deinit(&pack);
    }
}
END_TEST
#endif

static Suite *suite(void)
{
    Suite *s = suite_create("json");

    CDN_UNIT_LOOP(s, to_pack__refuses_what_is_not_json, 0, CDN_UNIT_COUNT(bad));
    CDN_UNIT_CASE(s, to_pack__bounds_nesting);
    CDN_UNIT_CASE(s, to_pack__refuses_nul_between_values);
    CDN_UNIT_CASE(s, to_pack__everything_accepted_is_a_valid_value);
    CDN_UNIT_CASE(s, read__says_where_the_fault_is);
#ifdef CORDON_FAILALLOC
    CDN_UNIT_CASE(s, to_pack__survives_every_allocation_failure);
#endif
    return s;
}

CDN_UNIT_MAIN(suite)
