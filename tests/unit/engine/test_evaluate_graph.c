/* Evaluations on a graph that comes with the request. */
#include "reading.h"

#include <malloc.h>

#include "base/alloc.h"
#include "engine/audit.h"
#include "engine/audit_record.h"

static const char SECRET[] = "an old secret of more than 32 bytes, for tests";

static const char POLICY[] =
    "return { mask_key = 'env:X', principals = {\n"
    "  full   = { rules = '*', reads = '*' },\n"
    "  low    = { rules = '*', reads = { Account = {}, transfer = {} } },\n"
    "  other  = { rules = 'other', reads = '*' },\n"
    "  masked = { rules = '*', reads = '*', masks = { Account = { risk = { 'bucket', "
    "100 },\n"
    "             nickname = 'redact', key = 'hash' }, Person = { name = 'redact' } } "
    "},\n"
    "} }";

static const char RISK[] =
    "return { name = 'risk', fallback = 'none', reads = { Account = { 'risk' }, "
    "transfer = "
    "{} },\n"
    "evaluate = function(graph, request) local n = request.node\n"
    "return { output = n.risk + n:outgoing('transfer'):count() } end }";

static cordon_engine *engine;
static cordon_outcome *outcome;
static cordon_request request;
static cordon_snapshot *graph;
static cordon_error err;

static void put_word(cordon_builder *out, const char *text)
{
    cordon_builder_string(out, text, strlen(text));
}

/* Account:7 with that risk, and `edges` transfers from it. */
static cordon_snapshot *graph_of(int64_t risk, uint32_t edges)
{
    static unsigned char room[8192];
    cordon_snapshot *made;
    cordon_builder out;
    cordon_value value;

    cordon_builder_init(&out, room, sizeof room);
    cordon_builder_map(&out, 2);
    put_word(&out, "nodes");
    cordon_builder_array(&out, 1);
    cordon_builder_map(&out, 3);
    put_word(&out, "label");
    put_word(&out, "Account");
    put_word(&out, "key");
    cordon_builder_integer(&out, 7);
    put_word(&out, "properties");
    cordon_builder_map(&out, 1);
    put_word(&out, "risk");
    cordon_builder_integer(&out, risk);
    put_word(&out, "edges");
    cordon_builder_array(&out, edges);
    for (uint32_t i = 0; i < edges; i++) {
        cordon_builder_map(&out, 4);
        put_word(&out, "type");
        put_word(&out, "transfer");
        put_word(&out, "from");
        put_word(&out, "Account:7");
        put_word(&out, "to");
        put_word(&out, "Account:8");
        put_word(&out, "time");
        cordon_builder_integer(&out, i);
    }
    ck_assert(cordon_builder_ok(&out));
    ck_assert(!cordon_value_parse(&value, room, out.length, NULL));
    ck_assert_msg(!cordon_snapshot_from_value(&made, &value, NULL, &err), "%s",
                  err.message);
    return made;
}

static void setup(void)
{
    cordon_policy *policy;

    engine = serving_engine(1);
    outcome = serving_outcome();
    serving_bank(engine);
    ck_assert_msg(!cordon_policy_load_text(&policy, POLICY, strlen(POLICY), "p.lua",
                                           SECRET, sizeof SECRET, &err),
                  "%s", err.message);
    ck_assert_msg(!cordon_engine_set_policy(engine, policy, &err), "%s", err.message);
    cordon_policy_release(policy);
    serving_load(engine, RISK);
    graph = graph_of(30, 3);
    request = (cordon_request)CORDON_REQUEST_INIT;
    request.label = "Account";
    request.key = "7";
    request.graph = graph;
}

static void teardown(void)
{
    cordon_snapshot_release(graph);
    cordon_outcome_free(outcome);
    cordon_engine_free(engine);
}

static const char *asked(const char *principal, cordon_outcome_kind kind)
{
    request.principal = principal;
    ck_assert_msg(!cordon_evaluate(outcome, engine, "risk", &request, &err), "%s",
                  err.message);
    ck_assert_msg(cordon_outcome_get_kind(outcome) == kind, "%s",
                  cordon_outcome_message(outcome));
    return cordon_outcome_message(outcome);
}

START_TEST(request__is_evaluated_on_its_own_graph)
{
    cordon_snapshot *engines;

    ck_assert_int_eq(serving_answer(engine, outcome, "risk", &request), 33);
    ck_assert_uint_eq(cordon_outcome_generation(outcome), 0);
    request.key = "300";
    ck_assert_int_eq(cordon_evaluate(outcome, engine, "risk", &request, &err),
                     CORDON_E_NOTFOUND);
    request.graph = NULL; /* the engine's stands as it was */
    ck_assert_int_eq(serving_answer(engine, outcome, "risk", &request), 31);
    engines = cordon_engine_get_snapshot(engine);
    ck_assert_uint_eq(cordon_snapshot_node_count(engines), 17);
    cordon_snapshot_release(engines);
    request.graph = graph;
    request.key = "7";
    ck_assert(!cordon_engine_set_policy(engine, NULL, NULL));
    ck_assert(!cordon_engine_set_snapshot(engine, NULL, NULL));
    ck_assert_ptr_null(cordon_engine_get_snapshot(engine));
    ck_assert_ptr_null(cordon_engine_get_snapshot(NULL));
    ck_assert_int_eq(serving_answer(engine, outcome, "risk", &request), 33);
}
END_TEST

START_TEST(grants__hold_on_it)
{
    (void)asked("full", CORDON_OUTCOME_OK);
    ck_assert_int_eq(cordon_outcome_output(outcome).as.integer, 33);
    ck_assert_contains(
        asked("low", CORDON_OUTCOME_DENIED),
        "principal 'low' may not read property 'risk' of Account, which rule "
        "'risk' does");
    ck_assert_contains(asked("other", CORDON_OUTCOME_DENIED),
                       "may not run rule 'risk'");
    ck_assert_contains(asked("nobody", CORDON_OUTCOME_DENIED), "no principal 'nobody'");
    (void)asked("masked", CORDON_OUTCOME_OK); /* of 30 the bucket is 0 */
    ck_assert_int_eq(cordon_outcome_output(outcome).as.integer, 3);
}
END_TEST

START_TEST(rule__that_does_not_fit_is_told)
{
    serving_load(engine,
                 "return { name = 'risk', fallback = 'none', reads = { Account = { "
                 "'balance' } }, evaluate = function() return {} end }");
    ck_assert_int_eq(cordon_evaluate(outcome, engine, "risk", &request, &err),
                     CORDON_E_RULE);
    ck_assert_contains(err.message,
                       "the request's graph: reads: no property 'balance' on Account");
}
END_TEST

START_TEST(sets__are_evaluated_on_it)
{
    static const char set[] = "return { name = 'both', decisions = { 'allow', 'deny' "
                              "}, combine = 'most_severe', "
                              "rules = { 'judge' } }";
    cordon_set_outcome *all;

    serving_load(engine,
                 "return { name = 'judge', decisions = { 'allow', 'deny' }, fallback "
                 "= 'allow', reads = { Account = { 'risk' } },\n"
                 "evaluate = function(graph, request)\n"
                 "return { decision = request.node.risk == 30 and 'deny' or 'allow' }"
                 " end }");
    ck_assert_msg(
        !cordon_engine_load_set(engine, set, strlen(set), "s.lua", NULL, &err), "%s",
        err.message);
    ck_assert(!cordon_set_outcome_new(&all, NULL));
    ck_assert_msg(!cordon_evaluate_set(all, engine, "both", &request, &err), "%s",
                  err.message);
    ck_assert_str_eq(cordon_set_outcome_decision(all), "deny");
    cordon_set_outcome_free(all);
}
END_TEST

START_TEST(record__says_that_it_was_inline)
{
    struct cdn_audit_record record;
    struct cdn_audit_view view;
    unsigned char bytes[4096];
    size_t length;

    (void)asked("full", CORDON_OUTCOME_OK);
    cdn_audit_record_of(&record, outcome, &request, cordon_snapshot_identity(graph), 1);
    length = cdn_audit_record_encode(bytes, sizeof bytes, &record);
    ck_assert_uint_gt(length, 0);
    ck_assert(cdn_audit_record_view(&view, bytes, length));
    ck_assert(cdn_audit_text_is(&view.graph, "inline"));
    ck_assert_uint_eq(view.snapshot_id, cordon_snapshot_identity(graph));
    request.graph = NULL;
    cdn_audit_record_of(&record, outcome, &request, 5, 1);
    length = cdn_audit_record_encode(bytes, sizeof bytes, &record);
    ck_assert(cdn_audit_record_view(&view, bytes, length));
    ck_assert_ptr_null(view.graph.at);
}
END_TEST

START_TEST(graphs__leave_nothing_behind)
{
    size_t before = 0;

    for (int i = 0; i < 500; i++) {
        cordon_snapshot *own = graph_of(i, (uint32_t)i % 5);

        request.graph = own;
        request.principal = i & 1 ? "full" : "masked";
        if (i % 5) /* else it has no transfers, and the rule does not fit */
            (void)asked(request.principal, CORDON_OUTCOME_OK);
        else
            ck_assert_int_eq(cordon_evaluate(outcome, engine, "risk", &request, &err),
                             CORDON_E_RULE);
        cordon_snapshot_release(own);
        if (i == 250)
            before = mallinfo2().uordblks;
    }
    /* what was freed and is kept at hand for the next of its size counts as used */
    ck_assert_uint_le(mallinfo2().uordblks, before + 16384);
}
END_TEST

#ifdef CORDON_FAILALLOC
START_TEST(request__survives_every_allocation_failure)
{
    (void)asked("masked", CORDON_OUTCOME_OK);
    CDN_UNIT_FAILALLOC(nth)
    {
        cordon_status status = cordon_evaluate(outcome, engine, "risk", &request, &err);

        ck_assert_int_eq(status, cdn_failalloc_fired() ? CORDON_E_NOMEM : CORDON_OK);
    }
}
END_TEST
#endif

static Suite *suite(void)
{
    Suite *s = suite_create("evaluate_graph");

    CDN_UNIT_CASE_IN(s, request__is_evaluated_on_its_own_graph, setup, teardown);
    CDN_UNIT_CASE_IN(s, grants__hold_on_it, setup, teardown);
    CDN_UNIT_CASE_IN(s, rule__that_does_not_fit_is_told, setup, teardown);
    CDN_UNIT_CASE_IN(s, sets__are_evaluated_on_it, setup, teardown);
    CDN_UNIT_CASE_IN(s, record__says_that_it_was_inline, setup, teardown);
    CDN_UNIT_CASE_IN(s, graphs__leave_nothing_behind, setup, teardown);
#ifdef CORDON_FAILALLOC
    CDN_UNIT_CASE_IN(s, request__survives_every_allocation_failure, setup, teardown);
#endif
    return s;
}

CDN_UNIT_MAIN(suite)
