/* Batches as OTLP's JSON: what a collector is to read, and what its answers say. */
#include "server/otlp_json.h"

#include <cordon/version.h>

#include "base/alloc.h"
#include "support/unit.h"

static const struct cdn_span request = {
    .kind = CDN_SPAN_HTTP,
    .trace_id = {0x4b, 0xf9, 0x2f, 0x35, 0x77, 0xb3, 0x4d, 0xa6, 0xa3, 0xce, 0x92, 0x9d,
                 0x0e, 0x0e, 0x47, 0x36},
    .span_id = {1, 2, 3, 4, 5, 6, 7, 8},
    .start_ns = INT64_C(1700000000000000001),
    .duration_ns = 1000,
    .of.http = {"POST", "/v1/evaluate/{rule}", 503, 17, "r1", "ann \"the\" first"},
};

static struct cdn_span evaluation(cordon_outcome_kind kind, cordon_budget budget,
                                  cordon_variant variant)
{
    struct cdn_span span = {
        .kind = CDN_SPAN_EVALUATE,
        .span_id = {9},
        .parent_id = {1, 2, 3, 4, 5, 6, 7, 8},
        .start_ns = INT64_C(1700000000000000001),
        .duration_ns = 500,
        .of.evaluate = {.rule = "velocity",
                        .decision = "deny",
                        .decision_id = "00000000000000000000000000000001",
                        .version = 3,
                        .variant = variant,
                        .kind = kind,
                        .budget = budget,
                        .generation = 5,
                        .usage = {.instructions = UINT64_MAX, .edges = 7}},
    };

    memcpy(span.trace_id, request.trace_id, sizeof span.trace_id);
    return span;
}

static char *json_of(const struct cdn_span *spans, size_t count)
{
    static char text[16384];
    struct cdn_buf out = {0};

    cdn_otlp_json(&out, "a service", spans, count);
    ck_assert(!out.failed);
    ck_assert_uint_lt(out.length, sizeof text);
    memcpy(text, out.data, out.length + 1);
    cdn_buf_deinit(&out);
    return text;
}

static void holds(const char *text, const char *part)
{
    ck_assert_msg(strstr(text, part) != NULL, "no %s in %s", part, text);
}

static void lacks(const char *text, const char *part)
{
    ck_assert_msg(!strstr(text, part), "%s in %s", part, text);
}

START_TEST(json__of_a_request_is_a_server_span)
{
    char *text = json_of(&request, 1);

    holds(text, "{\"resourceSpans\":[{\"resource\":{\"attributes\":["
                "{\"key\":\"service.name\",\"value\":{\"stringValue\":\"a service\"}}");
    holds(text, "\"scope\":{\"name\":\"cordon\",\"version\":\"" CORDON_VERSION "\"}");
    holds(text, "{\"traceId\":\"4bf92f3577b34da6a3ce929d0e0e4736\","
                "\"spanId\":\"0102030405060708\","
                "\"name\":\"POST /v1/evaluate/{rule}\",\"kind\":2,"
                "\"startTimeUnixNano\":\"1700000000000000001\","
                "\"endTimeUnixNano\":\"1700000000000001001\"");
    holds(text,
          "{\"key\":\"http.response.status_code\",\"value\":{\"intValue\":\"503\"}}");
    holds(text, "\"ann \\\"the\\\" first\"");
    holds(text, "\"status\":{\"code\":2}");
    lacks(text, "parentSpanId");
    lacks(text, "events");
}
END_TEST

START_TEST(json__of_an_evaluation_is_its_child_with_the_event)
{
    struct cdn_span run = evaluation(CORDON_OUTCOME_OK, 0, CORDON_VARIANT_LIVE);
    char *text = json_of(&run, 1);

    holds(text, "\"parentSpanId\":\"0102030405060708\",\"name\":\"cordon.evaluate\","
                "\"kind\":1");
    holds(text,
          "{\"key\":\"cordon.rule.id\",\"value\":{\"stringValue\":\"velocity\"}}");
    holds(text, "{\"key\":\"cordon.rule.version\",\"value\":{\"intValue\":\"3\"}}");
    holds(text, "{\"key\":\"cordon.variant\",\"value\":{\"stringValue\":\"live\"}}");
    holds(text, "{\"key\":\"cordon.status\",\"value\":{\"stringValue\":\"SUCCESS\"}}");
    holds(text, "{\"key\":\"cordon.fallback\",\"value\":{\"boolValue\":false}}");
    holds(text, "{\"key\":\"cordon.usage.edges\",\"value\":{\"intValue\":\"7\"}}");
    /* OTLP's integers are signed */
    holds(text, "{\"key\":\"cordon.usage.instructions\",\"value\":{\"intValue\":"
                "\"9223372036854775807\"}}");
    holds(text,
          "\"events\":[{\"timeUnixNano\":\"1700000000000000501\","
          "\"name\":\"feature_flag.evaluation\",\"attributes\":["
          "{\"key\":\"feature_flag.key\",\"value\":{\"stringValue\":\"velocity\"}},"
          "{\"key\":\"feature_flag.version\",\"value\":{\"stringValue\":\"3\"}}");
    holds(text, "{\"key\":\"feature_flag.result.reason\",\"value\":{\"stringValue\":"
                "\"static\"}}");
    lacks(text, "\"status\":{");
    lacks(text, "cordon.set");
    lacks(text, "cordon.limit");
}
END_TEST

START_TEST(json__says_how_an_evaluation_ended)
{
    struct cdn_span run =
        evaluation(CORDON_OUTCOME_LIMIT, CORDON_BUDGET_TIME, CORDON_VARIANT_CANARY);
    char *text = json_of(&run, 1);

    holds(text, "{\"key\":\"cordon.status\",\"value\":{\"stringValue\":\"TIMEOUT\"}}");
    holds(text, "{\"key\":\"cordon.limit\",\"value\":{\"stringValue\":\"time\"}}");
    holds(text, "\"status\":{\"code\":2,\"message\":\"time\"}");
    holds(text, "{\"key\":\"feature_flag.result.reason\",\"value\":{\"stringValue\":"
                "\"error\"}}");
    run = evaluation(CORDON_OUTCOME_LIMIT, CORDON_BUDGET_EDGES, CORDON_VARIANT_LIVE);
    holds(json_of(&run, 1), "\"FAILURE\"");
    run = evaluation(CORDON_OUTCOME_OK, 0, CORDON_VARIANT_ARM);
    holds(json_of(&run, 1), "{\"stringValue\":\"split\"}");
    run = evaluation(CORDON_OUTCOME_OK, 0, CORDON_VARIANT_SHADOW);
    lacks(json_of(&run, 1), "feature_flag");
}
END_TEST

START_TEST(json__holds_every_span_of_a_batch)
{
    struct cdn_span spans[5];
    char *text;
    int count = 0;

    for (int i = 0; i < 5; i++)
        spans[i] = i % 2 ? request : evaluation(CORDON_OUTCOME_OK, 0, 0);
    text = json_of(spans, 5);
    for (text = strstr(text, "\"traceId\""); text;
         text = strstr(text + 1, "\"traceId\""))
        count++;
    ck_assert_int_eq(count, 5);
}
END_TEST

START_TEST(rejected__reads_what_an_answer_says)
{
    static const struct {
        const char *text;
        uint64_t count;
    } rows[] = {
        {"", 0},
        {"{}", 0},
        {"{\"partialSuccess\":{}}", 0},
        {"{\"partialSuccess\":{\"rejectedSpans\":\"3\",\"errorMessage\":\"no\"}}", 3},
        {"{\"partialSuccess\":{\"rejectedSpans\":4}}", 4},
        {"{\"partialSuccess\":{\"rejectedSpans\":-4}}", 0},
        {"{\"partialSuccess\":{\"rejectedSpans\":\"-4\"}}", 0},
        {"{\"partialSuccess\":{\"rejectedSpans\":\"4x\"}}", 0},
        {"{\"partialSuccess\":{\"rejectedSpans\":[]}}", 0},
        {"{\"partialSuccess\":{\"rejectedSpans\":\"1111111111111111111111111111\"}}",
         0},
        {"{\"partialSuccess\":7}", 0},
        {"[1]", 0},
        {"<html>", 0},
        {"{\"partialSuccess\":{\"rejectedSpans\":\"3\"", 0},
    };

    for (int i = 0; i < CDN_UNIT_COUNT(rows); i++) {
        size_t bytes = strlen(rows[i].text);
        char *exact = cdn_unit_exact(rows[i].text, bytes);

        ck_assert_msg(cdn_otlp_rejected(exact, bytes) == rows[i].count, "%s",
                      rows[i].text);
        free(exact);
    }
}
END_TEST

#ifdef CORDON_FAILALLOC
START_TEST(json__survives_every_allocation_failure)
{
    CDN_UNIT_FAILALLOC(nth)
    {
        struct cdn_span run = evaluation(CORDON_OUTCOME_OK, 0, CORDON_VARIANT_LIVE);
        struct cdn_buf out = {0};

        cdn_otlp_json(&out, "s", &run, 1);
        ck_assert_int_eq(out.failed, cdn_failalloc_fired());
        cdn_buf_deinit(&out);
    }
}
END_TEST
#endif

static Suite *suite(void)
{
    Suite *s = suite_create("otlp_json");

    CDN_UNIT_CASE(s, json__of_a_request_is_a_server_span);
    CDN_UNIT_CASE(s, json__of_an_evaluation_is_its_child_with_the_event);
    CDN_UNIT_CASE(s, json__says_how_an_evaluation_ended);
    CDN_UNIT_CASE(s, json__holds_every_span_of_a_batch);
    CDN_UNIT_CASE(s, rejected__reads_what_an_answer_says);
#ifdef CORDON_FAILALLOC
    CDN_UNIT_CASE(s, json__survives_every_allocation_failure);
#endif
    return s;
}

CDN_UNIT_MAIN(suite)
