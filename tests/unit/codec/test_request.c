/* Requests as JSON lines: understood exactly, refused by name, read in bounded memory.
 */
#include "support/unit.h"

#include <cordon/evaluate.h>

#include "base/alloc.h"
#include "codec/request.h"

static cordon_status parse(struct cdn_request *request, const char *text,
                           cordon_error *err)
{
    size_t bytes = strlen(text);
    char *copy = cdn_unit_exact(text, bytes);
    cordon_status status = cdn_request_parse(request, copy, bytes, err);

    free(copy);
    return status;
}

START_TEST(parse__takes_every_field)
{
    struct cdn_request request = {0};
    cordon_value params, window;
    cordon_error err;

    ck_assert_int_eq(parse(&request,
                           "{\"id\":[1,\"x\"],\"node\":\"Account:17:a\",\"now\":-5,"
                           "\"as_of\":\"1970-01-01T00:00:01Z\",\"seed\":9,"
                           "\"params\":{\"window\":\"24h\",\"n\":9007199254740993}}",
                           &err),
                     CORDON_OK);
    ck_assert(request.has_node);
    ck_assert_str_eq(request.label, "Account");
    ck_assert_str_eq((const char *)request.key.data, "17:a");
    ck_assert(request.has_now && request.now_ms == -5);
    ck_assert(request.has_as_of && request.as_of_ms == 1000);
    ck_assert(request.has_seed && request.seed == 9);
    ck_assert(request.has_id && request.id.type == CORDON_ARRAY);
    ck_assert_int_eq(
        cordon_value_parse(&params, request.params.data, request.params.length, &err),
        CORDON_OK);
    ck_assert(cordon_value_get(&window, &params, "n"));
    ck_assert_int_eq(window.as.integer, 9007199254740993);
    cdn_request_deinit(&request);
}
END_TEST

START_TEST(parse__forgets_the_request_before)
{
    struct cdn_request request = {0};
    cordon_error err;

    ck_assert_int_eq(
        parse(&request,
              "{\"id\":1,\"node\":\"A:1\",\"now\":1,\"as_of\":1,\"seed\":1,"
              "\"params\":{}}",
              &err),
        CORDON_OK);
    ck_assert_int_eq(parse(&request, "{}", &err), CORDON_OK);
    ck_assert(!request.has_node && !request.has_now && !request.has_as_of &&
              !request.has_seed && !request.has_id);
    ck_assert_uint_eq(request.params.length, 0);
    cdn_request_deinit(&request);
}
END_TEST

static const struct {
    const char *text;
    const char *label;
    const char *key;
} nodes[] = {
    {"{\"node\":{\"label\":\"Account\",\"key\":17}}", "Account", "17"},
    {"{\"node\":{\"key\":\"a b\",\"label\":\"Account\"}}", "Account", "a b"},
    {"{\"node\":{\"label\":\"A\",\"key\":-9223372036854775808}}", "A",
     "-9223372036854775808"},
    {"{\"node\":\"A: \"}", "A", " "},
};

START_TEST(parse__takes_both_forms_of_a_node)
{
    struct cdn_request request = {0};
    cordon_error err;

    ck_assert_int_eq(parse(&request, nodes[_i].text, &err), CORDON_OK);
    ck_assert_str_eq(request.label, nodes[_i].label);
    ck_assert_str_eq((const char *)request.key.data, nodes[_i].key);
    cdn_request_deinit(&request);
}
END_TEST

static const struct {
    const char *text;
    const char *message; /* part of it */
} bad[] = {
    {"[]", "a request is a JSON object"},
    {"17", "a request is a JSON object"},
    {"{\"nod\":\"A:1\"}", "did you mean 'node'"},
    {"{\"zzzzzzzz\":1}", "it has node, now"},
    {"{\"node\":\"A\"}", "Label:key"},
    {"{\"node\":\":1\"}", "Label:key"},
    {"{\"node\":\"A:\"}", "Label:key"},
    {"{\"node\":\"\"}", "Label:key"},
    {"{\"node\":7}", "\"node\" must be"},
    {"{\"node\":{\"label\":\"A\"}}", "both label and key"},
    {"{\"node\":{\"key\":1}}", "both label and key"},
    {"{\"node\":{\"label\":1,\"key\":1}}", "label (a string)"},
    {"{\"node\":{\"label\":\"A\",\"key\":1.5}}", "node.key"},
    {"{\"node\":{\"label\":\"A\",\"key\":\"\"}}", "node.key"},
    {"{\"node\":{\"label\":\"A\",\"key\":null}}", "node.key"},
    {"{\"node\":{\"label\":\"A\\u0000B\",\"key\":1}}", "no label"},
    {"{\"node\":{\"label\":\"A\",\"key\":1,\"x\":1}}", "'x' is not right"},
    {"{\"now\":1.5}", "\"now\" must be"},
    {"{\"now\":\"yesterday\"}", "\"now\" must be"},
    {"{\"now\":-9223372036854775808}", "\"now\" must be"},
    {"{\"as_of\":true}", "\"as_of\" must be"},
    {"{\"params\":[]}", "\"params\" must be"},
    {"{\"seed\":-1}", "\"seed\" must be"},
    {"{\"node\":\"A:1\",\"node\":\"A:2\"}", "twice"},
};

START_TEST(parse__refuses_by_name)
{
    struct cdn_request request = {0};
    cordon_error err;

    ck_assert_int_eq(parse(&request, bad[_i].text, &err), CORDON_E_DATA);
    ck_assert_msg(strstr(err.message, bad[_i].message) != NULL, "%s: %s", bad[_i].text,
                  err.message);
    cdn_request_deinit(&request);
}
END_TEST

START_TEST(parse__keeps_the_id_of_a_wrong_request)
{
    struct cdn_request request = {0};
    cordon_error err;

    ck_assert_int_eq(parse(&request, "{\"now\":[],\"id\":\"q7\"}", &err),
                     CORDON_E_DATA);
    ck_assert(request.has_id);
    ck_assert_uint_eq(request.id.length, 2);
    cdn_request_deinit(&request);
}
END_TEST

START_TEST(node__refuses_a_long_label)
{
    struct cdn_request request = {0};
    char text[80];
    cordon_error err;

    memset(text, 'a', sizeof(text));
    memcpy(text + 64, ":1", 3);
    ck_assert_int_eq(cdn_request_node(&request, text, strlen(text), &err), CORDON_OK);
    cdn_request_clear(&request);
    memcpy(text + 64, "a:1", 4);
    ck_assert_int_eq(cdn_request_node(&request, text, strlen(text), &err),
                     CORDON_E_DATA);
    cdn_request_deinit(&request);
}
END_TEST

/* ---- parameters ---- */

static cordon_value word_value(struct cdn_buf *buf, const char *word)
{
    cordon_value map, value;

    cdn_buf_clear(buf);
    ck_assert_int_eq(cdn_params_word(buf, word, false, NULL), CORDON_OK);
    ck_assert_int_eq(cordon_value_parse(&map, buf->data, buf->length, NULL), CORDON_OK);
    ck_assert(cordon_value_get(&value, &map, "k"));
    return value;
}

START_TEST(word__reads_json_and_else_text)
{
    struct cdn_buf buf = {0};
    cordon_value value;

    ck_assert_int_eq(word_value(&buf, "k=5").type, CORDON_INTEGER);
    ck_assert_int_eq(word_value(&buf, "k=0.5").type, CORDON_NUMBER);
    ck_assert_int_eq(word_value(&buf, "k=true").type, CORDON_BOOLEAN);
    ck_assert_int_eq(word_value(&buf, "k=[1,2]").type, CORDON_ARRAY);
    value = word_value(&buf, "k=24h");
    ck_assert_int_eq(value.type, CORDON_STRING);
    ck_assert_uint_eq(value.length, 3);
    ck_assert_uint_eq(word_value(&buf, "k=\"24\"").length, 2);
    ck_assert_uint_eq(word_value(&buf, "k=").length, 0);
    ck_assert_uint_eq(word_value(&buf, "k=a=b").length, 3);
    cdn_buf_deinit(&buf);
}
END_TEST

START_TEST(word__refuses_what_names_nothing)
{
    struct cdn_buf buf = {0};
    cordon_error err;

    ck_assert_int_eq(cdn_params_word(&buf, "k", false, &err), CORDON_E_INVALID);
    ck_assert_int_eq(cdn_params_word(&buf, "=5", false, &err), CORDON_E_INVALID);
    cdn_buf_deinit(&buf);
}
END_TEST

START_TEST(merge__lets_the_request_win)
{
    struct cdn_buf left = {0}, right = {0}, all = {0}, both = {0};
    cordon_value map, value;

    ck_assert_int_eq(cdn_params_word(&left, "a=1", false, NULL), CORDON_OK);
    ck_assert_int_eq(cdn_params_word(&right, "b=2", false, NULL), CORDON_OK);
    ck_assert_int_eq(cdn_params_merge(&both, &left, &right, NULL), CORDON_OK);
    cdn_buf_clear(&right);
    ck_assert_int_eq(cdn_params_word(&right, "a=3", false, NULL), CORDON_OK);
    ck_assert_int_eq(cdn_params_merge(&all, &both, &right, NULL), CORDON_OK);
    ck_assert_int_eq(cordon_value_parse(&map, all.data, all.length, NULL), CORDON_OK);
    ck_assert_uint_eq(map.length, 2);
    ck_assert(cordon_value_get(&value, &map, "a") && value.as.integer == 3);
    ck_assert(cordon_value_get(&value, &map, "b") && value.as.integer == 2);
    cdn_buf_deinit(&left);
    cdn_buf_deinit(&right);
    cdn_buf_deinit(&all);
    cdn_buf_deinit(&both);
}
END_TEST

#ifdef CORDON_FAILALLOC
START_TEST(parse__survives_every_allocation_failure)
{
    static const char text[] = "{\"node\":\"Account:17\",\"params\":{\"a\":[1,2,3]},"
                               "\"id\":\"q\",\"now\":1}";

    CDN_UNIT_FAILALLOC(nth)
    {
        struct cdn_request request = {0};
        struct cdn_buf merged = {0};
        cordon_error err;
        cordon_status status =
            cdn_request_parse(&request, text, sizeof(text) - 1, &err);

        if (!status)
            status = cdn_params_merge(&merged, &request.params, &request.params, &err);
        ck_assert_int_eq(status, cdn_failalloc_fired() ? CORDON_E_NOMEM : CORDON_OK);
        cdn_buf_deinit(&merged);
        cdn_request_deinit(&request);
    }
}
END_TEST

START_TEST(word__survives_every_allocation_failure)
{
    CDN_UNIT_FAILALLOC(nth)
    {
        struct cdn_buf buf = {0};
        cordon_error err;
        cordon_status status = cdn_params_word(&buf, "k=[1,2,3]", false, &err);

        ck_assert_int_eq(status, cdn_failalloc_fired() ? CORDON_E_NOMEM : CORDON_OK);
        cdn_buf_deinit(&buf);
    }
}
END_TEST
#endif

static Suite *suite(void)
{
    Suite *s = suite_create("request");

    CDN_UNIT_CASE(s, parse__takes_every_field);
    CDN_UNIT_CASE(s, parse__forgets_the_request_before);
    CDN_UNIT_LOOP(s, parse__takes_both_forms_of_a_node, 0, CDN_UNIT_COUNT(nodes));
    CDN_UNIT_LOOP(s, parse__refuses_by_name, 0, CDN_UNIT_COUNT(bad));
    CDN_UNIT_CASE(s, parse__keeps_the_id_of_a_wrong_request);
    CDN_UNIT_CASE(s, node__refuses_a_long_label);
    CDN_UNIT_CASE(s, word__reads_json_and_else_text);
    CDN_UNIT_CASE(s, word__refuses_what_names_nothing);
    CDN_UNIT_CASE(s, merge__lets_the_request_win);
#ifdef CORDON_FAILALLOC
    CDN_UNIT_CASE(s, parse__survives_every_allocation_failure);
    CDN_UNIT_CASE(s, word__survives_every_allocation_failure);
#endif
    return s;
}

CDN_UNIT_MAIN(suite)
