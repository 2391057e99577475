/* Answers of evaluations, sets and traces as documents. */
#include "support/unit.h"

#include <cordon.h>

#include "base/alloc.h"
#include "codec/answer.h"

static const char text[] =
    "return { name = 'r', params = { how = { type = 'string', default = 'well' } },\n"
    "  decisions = { 'allow', 'deny' }, fallback = 'deny', returns = 'any?',\n"
    "  limits = { instructions = 5000, time = '5s' },\n"
    "  evaluate = function(_, request)\n"
    "    local how = request.params.how\n"
    "    if how == 'loop' then while true do end end\n"
    "    if how == 'fail' then error('so be it') end\n"
    "    if how == 'bare' then return {} end\n"
    "    return { decision = 'allow', score = how == 'whole' and 2 or 0.25,\n"
    "             reasons = { 'one', 'tw\\\"o' }, output = { n = 1 } }\n"
    "  end }\n";

static const char set[] = "return { name = 's', decisions = { 'allow', 'deny' },\n"
                          "  combine = 'most_severe', rules = { 'r', 'missing' } }\n";

static cordon_engine *engine_of(void)
{
    cordon_engine *engine;

    ck_assert_int_eq(cordon_engine_new(&engine, NULL, NULL), CORDON_OK);
    ck_assert_int_eq(
        cordon_engine_load_rule(engine, text, sizeof text - 1, "r.lua", NULL, NULL),
        CORDON_OK);
    ck_assert_int_eq(
        cordon_engine_load_set(engine, set, sizeof set - 1, "s.lua", NULL, NULL),
        CORDON_OK);
    return engine;
}

/* Evaluate it, and write `fields` into an object. */
static void answer(struct cdn_buf *out, const char *how, cordon_trace *trace,
                   void (*fields)(struct cdn_json *json, const cordon_outcome *outcome))
{
    cordon_engine *engine = engine_of();
    cordon_request request = CORDON_REQUEST_INIT;
    unsigned char params[64];
    cordon_builder builder;
    cordon_outcome *outcome;
    struct cdn_json json;

    cordon_builder_init(&builder, params, sizeof params);
    cordon_builder_map(&builder, 1);
    cordon_builder_string(&builder, "how", 3);
    cordon_builder_string(&builder, how, strlen(how));
    request.params = params;
    request.params_bytes = builder.length;
    request.trace = trace;
    ck_assert_int_eq(cordon_outcome_new(&outcome, NULL), CORDON_OK);
    ck_assert_int_eq(cordon_evaluate(outcome, engine, "r", &request, NULL), CORDON_OK);
    cdn_json_init(&json, out, false);
    cdn_json_object(&json);
    fields(&json, outcome);
    cdn_json_object_end(&json);
    ck_assert(!out->failed);
    cordon_outcome_free(outcome);
    cordon_engine_free(engine);
}

static void status_and_result(struct cdn_json *json, const cordon_outcome *outcome)
{
    cdn_json_key_cstr(json, "status", cdn_answer_status(outcome));
    cdn_answer_result(json, outcome);
}

static const struct {
    const char *how;
    const char *text;
} results[] = {
    {"well",
     "{\"status\":\"SUCCESS\",\"result\":{\"decision\":\"allow\",\"score\":0.25,"
     "\"reasons\":[\"one\",\"tw\\\"o\"],\"output\":{\"n\":1}}}"},
    {"whole", "{\"status\":\"SUCCESS\",\"result\":{\"decision\":\"allow\",\"score\":2,"
              "\"reasons\":[\"one\",\"tw\\\"o\"],\"output\":{\"n\":1}}}"},
    {"bare", "{\"status\":\"SUCCESS\",\"result\":{\"decision\":null}}"},
    {"fail", "{\"status\":\"FAILURE\",\"result\":{\"decision\":\"deny\"}}"},
    {"loop", "{\"status\":\"FAILURE\",\"result\":{\"decision\":\"deny\"}}"},
};

START_TEST(result__has_what_the_rule_said)
{
    struct cdn_buf out = {0};

    answer(&out, results[_i].how, NULL, status_and_result);
    ck_assert_str_eq((char *)out.data, results[_i].text);
    cdn_buf_deinit(&out);
}
END_TEST

START_TEST(limit__is_told_where_one_stopped_it)
{
    struct cdn_buf out = {0};

    answer(&out, "loop", NULL, cdn_answer_limit);
    ck_assert_ptr_nonnull(strstr((char *)out.data, "\"kind\":\"instructions\""));
    ck_assert_ptr_nonnull(strstr((char *)out.data, "\"limit\":5000}}"));
    cdn_buf_clear(&out);
    answer(&out, "fail", NULL, cdn_answer_limit);
    ck_assert_str_eq((char *)out.data, "{}");
    cdn_buf_deinit(&out);
}
END_TEST

static void usage_of(struct cdn_json *json, const cordon_outcome *outcome)
{
    cdn_answer_usage(json, cordon_outcome_usage(outcome));
}

START_TEST(usage__stands_beside_the_limits_under_the_same_names)
{
    static const char *const names[] = {"instructions", "memory_bytes", "edges",
                                        "nodes",        "hops",         "output_bytes",
                                        "wall_ns"};
    struct cdn_buf out = {0};
    const char *limits;

    answer(&out, "well", NULL, usage_of);
    limits = strstr((char *)out.data, "\"limits\":{");
    ck_assert_ptr_nonnull(limits);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char key[32];
        const char *first;

        snprintf(key, sizeof key, "\"%s\":", names[i]);
        first = strstr((char *)out.data, key);
        ck_assert_msg(first && first < limits, "no %s", key);
        ck_assert_msg(strstr(limits, key) != NULL, "no limit of %s", key);
    }
    ck_assert_ptr_nonnull(strstr(limits, "\"instructions\":5000"));
    cdn_buf_deinit(&out);
}
END_TEST

static cordon_trace *traced; /* what explain() writes */

static void explain(struct cdn_json *json, const cordon_outcome *outcome)
{
    (void)outcome;
    cdn_json_key(json, "explain");
    cdn_answer_explain(json, traced, "r.lua");
}

START_TEST(explanation__is_in_the_order_in_which_it_happened)
{
    struct cdn_buf out = {0};

    ck_assert_int_eq(cordon_trace_new(&traced, NULL, NULL), CORDON_OK);
    answer(&out, "bare", traced, explain);
    ck_assert_ptr_nonnull(strstr(
        (char *)out.data,
        "\"steps\":[{\"line\":5,\"depth\":0},{\"line\":6,\"depth\":0},"
        "{\"line\":7,\"depth\":0},{\"line\":8,\"depth\":0}],\"values\":[{\"step\":0,"));
    ck_assert_ptr_nonnull(
        strstr((char *)out.data, "\"name\":\"how\",\"type\":\"string\""));
    ck_assert_ptr_nonnull(
        strstr((char *)out.data, "{\"explain\":{\"file\":\"r.lua\","));
    cordon_trace_free(traced);
    cdn_buf_deinit(&out);
}
END_TEST

START_TEST(set__has_each_member)
{
    cordon_engine *engine = engine_of();
    cordon_request request = CORDON_REQUEST_INIT;
    cordon_set_outcome *outcome;
    struct cdn_buf out = {0};
    struct cdn_json json;

    ck_assert_int_eq(cordon_set_outcome_new(&outcome, NULL), CORDON_OK);
    ck_assert_int_eq(cordon_evaluate_set(outcome, engine, "s", &request, NULL),
                     CORDON_OK);
    cdn_json_init(&json, &out, false);
    cdn_json_object(&json);
    cdn_answer_set(&json, outcome, false);
    cdn_json_object_end(&json);
    ck_assert_ptr_nonnull(strstr((char *)out.data,
                                 "{\"outcome\":\"ok\",\"decision\":\"allow\","
                                 "\"fallback\":false,\"score\":0.25,\"failed\":1,"));
    ck_assert_ptr_null(strstr((char *)out.data, "generation"));
    ck_assert_ptr_nonnull(
        strstr((char *)out.data, "{\"rule\":\"r\",\"outcome\":\"ok\","));
    ck_assert_ptr_nonnull(strstr(
        (char *)out.data, "{\"rule\":\"missing\",\"status\":\"CORDON_E_NOTFOUND\","));
    cdn_buf_deinit(&out);
    cordon_set_outcome_free(outcome);
    cordon_engine_free(engine);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("answer");

    CDN_UNIT_LOOP(s, result__has_what_the_rule_said, 0, CDN_UNIT_COUNT(results));
    CDN_UNIT_CASE(s, limit__is_told_where_one_stopped_it);
    CDN_UNIT_CASE(s, usage__stands_beside_the_limits_under_the_same_names);
    CDN_UNIT_CASE(s, explanation__is_in_the_order_in_which_it_happened);
    CDN_UNIT_CASE(s, set__has_each_member);
    return s;
}

CDN_UNIT_MAIN(suite)
