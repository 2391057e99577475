#include "ruling.h"

#define NONE "fallback = 'none', returns = 'string',"

/* Run a body and compare the string it returns as output. */
static void gives(struct ruling *r, const cordon_request *request, const char *wanted)
{
    cordon_value output;

    ck_assert_msg(!ruling_run(r, request), "%s", r->err.message);
    ck_assert_msg(cordon_outcome_get_kind(r->outcome) == CORDON_OUTCOME_OK, "%s",
                  cordon_outcome_message(r->outcome));
    output = cordon_outcome_output(r->outcome);
    ck_assert_int_eq(output.type, CORDON_STRING);
    ck_assert_uint_eq(output.length, strlen(wanted));
    ck_assert_mem_eq(output.as.string, wanted, output.length);
}

START_TEST(request__has_times_and_no_node)
{
    cordon_request request = CORDON_REQUEST_INIT;
    struct ruling r;

    ruling_init(&r,
                ruling_source(NONE,
                              "return { output = tostring(request.now) .. '|' ..\n"
                              "  tostring(request.as_of) .. '|' ..\n"
                              "  tostring(request.node) }"),
                NULL);
    request.now_ms = 1700000000000;
    gives(&r, &request, "1700000000000|nil|nil");
    request.as_of_ms = -5;
    gives(&r, &request, "1700000000000|-5|nil");
    ruling_deinit(&r);
}
END_TEST

START_TEST(request__has_its_subject)
{
    cordon_request request = CORDON_REQUEST_INIT;
    struct ruling r;

    ruling_init(
        &r,
        ruling_source(NONE "reads = { Account = {} },",
                      "return { output = request.node.label .. request.node.key }"),
        cdn_fixture_bank_open());
    request.label = "Account";
    request.key = "300";
    gives(&r, &request, "Account300");
    request.key = "3000";
    request.key_bytes = 3;
    gives(&r, &request, "Account300");
    ck_assert_uint_ge(cordon_outcome_usage(r.outcome)->nodes, 1);
    ruling_deinit(&r);
}
END_TEST

START_TEST(request__refuses_subjects_that_do_not_exist)
{
    cordon_request request = CORDON_REQUEST_INIT;
    struct ruling r;

    ruling_init(&r, ruling_source(NONE, "return { output = '' }"),
                cdn_fixture_bank_open());
    request.label = "Acount";
    ck_assert_int_eq(ruling_run(&r, &request), CORDON_E_INVALID);
    request.key = "300";
    ck_assert_int_eq(ruling_run(&r, &request), CORDON_E_NOTFOUND);
    ck_assert_str_eq(r.err.message,
                     "no label 'Acount' in the snapshot; did you mean 'Account'?");
    request.label = "Account";
    request.key = "301";
    ck_assert_int_eq(ruling_run(&r, &request), CORDON_E_NOTFOUND);
    ck_assert_str_eq(r.err.message, "no node Account:301");
    ruling_deinit(&r);
    ruling_init(&r, ruling_source(NONE, "return { output = '' }"), NULL);
    ck_assert_int_eq(ruling_run(&r, &request), CORDON_E_NOTFOUND);
    ck_assert_str_eq(r.err.message,
                     "no node Account:301, as the engine has no snapshot");
    ruling_deinit(&r);
}
END_TEST

#define PARAMS                                                                         \
    NONE "params = { w = { type = 'duration', default = '1m' },\n"                     \
         "n = { type = 'integer', min = 1 }, b = { type = 'boolean', default = true "  \
         "},\n"                                                                        \
         "s = { type = 'string', default = 'def' },\n"                                 \
         "l = { type = 'list', element = 'duration', default = { '1s', 5 } },\n"       \
         "r = { type = 'timestamp', required = true } },"

START_TEST(params__are_what_was_given_or_the_default)
{
    cordon_request request = CORDON_REQUEST_INIT;
    unsigned char bytes[256];
    cordon_builder builder;
    struct ruling r;

    ruling_init(&r,
                ruling_source(PARAMS,
                              "local p = request.params\n"
                              "local l = p.l\n"
                              "return { output = table.concat({ p.w,\n"
                              "tostring(p.n), tostring(p.b), p.s, #l, l[1],\n"
                              "tostring(l[2]), p.r, tostring(p.l == l) }, '|') }"),
                NULL);
    cordon_builder_init(&builder, bytes, sizeof bytes);
    cordon_builder_map(&builder, 1);
    cordon_builder_string(&builder, "r", 1);
    cordon_builder_integer(&builder, 9);
    request.params = bytes;
    request.params_bytes = builder.length;
    gives(&r, &request, "60000|nil|true|def|2|1000|5|9|false");

    cordon_builder_init(&builder, bytes, sizeof bytes);
    cordon_builder_map(&builder, 6);
    cordon_builder_string(&builder, "r", 1);
    cordon_builder_string(&builder, "1970-01-01T00:00:01Z", 20);
    cordon_builder_string(&builder, "w", 1);
    cordon_builder_nil(&builder); /* as if not given */
    cordon_builder_string(&builder, "n", 1);
    cordon_builder_integer(&builder, 5);
    cordon_builder_string(&builder, "b", 1);
    cordon_builder_boolean(&builder, false);
    cordon_builder_string(&builder, "s", 1);
    cordon_builder_string(&builder, "", 0);
    cordon_builder_string(&builder, "l", 1);
    cordon_builder_array(&builder, 1);
    cordon_builder_string(&builder, "2s", 2);
    request.params_bytes = builder.length;
    gives(&r, &request, "60000|5|false||1|2000|nil|1000|false");
    ruling_deinit(&r);
}
END_TEST

static void params_fail(struct ruling *r, const unsigned char *bytes, size_t size,
                        const char *message)
{
    cordon_request request = CORDON_REQUEST_INIT;

    request.params = bytes;
    request.params_bytes = size;
    ck_assert_int_eq(ruling_run(r, &request), CORDON_E_INVALID);
    ck_assert_int_eq(r->err.status, CORDON_E_INVALID);
    ck_assert_contains(r->err.message, message);
}

#define BYTES(text) (const unsigned char *)(text), sizeof(text) - 1

START_TEST(params__are_checked_before_the_rule_runs)
{
    const cordon_request request = CORDON_REQUEST_INIT;
    struct ruling r;

    ruling_init(&r, ruling_source(PARAMS, "error('ran')"), NULL);
    ck_assert_int_eq(ruling_run(&r, &request), CORDON_E_INVALID);
    ck_assert_str_eq(r.err.message, "parameter 'r' is required: give a timestamp");
    params_fail(&r, BYTES("\x80"), "parameter 'r' is required");
    params_fail(&r, BYTES("\x81\xa1r\xc0"), "parameter 'r' is required");
    params_fail(&r, BYTES("\x81\xa1q\x01"), "no parameter 'q'");
    params_fail(&r, BYTES("\x82\xa1r\x01\xa1r\x01"), "parameter 'r' is given twice");
    params_fail(&r, BYTES("\x82\xa1r\x01\xa1n\x00"), "parameter 'n': 0 is below");
    params_fail(&r, BYTES("\x82\xa1r\x01\xa1n\xc3"), "parameter 'n': true is not");
    params_fail(&r, BYTES("\x82\xa1r\x01\xa1l\x92\x01\xa1x"), "parameter 'l'[2]: 'x'");
    params_fail(&r, BYTES("\x81\x01\x01"), "a key is not a string");
    params_fail(&r, BYTES("\x91\x01"), "a map from parameter name");
    params_fail(&r, BYTES("\x81\xa1r"), "params: offset");
    params_fail(&r, BYTES("\xc7\x01\x01\x01"), "params: offset");
    params_fail(&r, BYTES(""), "params: offset");
    ruling_deinit(&r);
}
END_TEST

static const struct {
    const char *body;
    const char *message;
} misuses[] = {
    {"return request.nwo", "no field 'nwo' on request; did you mean 'now'?"},
    {"return request.zzzzzz",
     "no field 'zzzzzz' on request; there are node, now, as_of and params"},
    {"return request[1]", "no field 'number' on request"},
    {"return request.params.windw", "no parameter 'windw'; did you mean 'window'?"},
    {"return request.params[{}]", "no parameter '?'"},
    {"request.now = 1", "request is read-only"},
    {"request.params = {}", "request is read-only"},
    {"request.params.window = 1", "request is read-only"},
};

START_TEST(request__explains_misuse)
{
    struct ruling r;

    ruling_evaluate(
        &r,
        "fallback = 'none', params = { window = { type = 'integer', default = 1 } },",
        misuses[_i].body);
    ck_assert_int_eq(cordon_outcome_get_kind(r.outcome), CORDON_OUTCOME_ERROR);
    ck_assert_contains(cordon_outcome_message(r.outcome), misuses[_i].message);
    ck_assert_uint_eq(cordon_outcome_line(r.outcome), 3);
    ck_assert_str_eq(cordon_outcome_file(r.outcome), "test.lua");
    ruling_deinit(&r);
}
END_TEST

/* A list is a copy of the rule's own: what it does to it changes nothing of the request. */
START_TEST(params__lists_are_copies)
{
    const cordon_request request = CORDON_REQUEST_INIT;
    struct ruling r;

    ruling_init(&r,
                ruling_source(NONE
                              "params = { l = { type = 'list', element = 'integer',\n"
                              "default = { 1, 2 } } },",
                              "local l = request.params.l\n"
                              "l[#l + 1] = 3\n"
                              "return { output = table.concat(l, ',') .. ' of ' ..\n"
                              "table.concat(request.params.l, ',') }"),
                NULL);
    gives(&r, &request, "1,2,3 of 1,2");
    gives(&r, &request, "1,2,3 of 1,2");
    ruling_deinit(&r);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("request");

    CDN_UNIT_CASE(s, request__has_times_and_no_node);
    CDN_UNIT_CASE(s, request__has_its_subject);
    CDN_UNIT_CASE(s, request__refuses_subjects_that_do_not_exist);
    CDN_UNIT_CASE(s, params__are_what_was_given_or_the_default);
    CDN_UNIT_CASE(s, params__are_checked_before_the_rule_runs);
    CDN_UNIT_LOOP(s, request__explains_misuse, 0, CDN_UNIT_COUNT(misuses));
    CDN_UNIT_CASE(s, params__lists_are_copies);
    return s;
}

CDN_UNIT_MAIN(suite)
