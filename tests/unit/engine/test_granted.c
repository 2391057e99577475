/* An engine under a policy: who is let in, with what, and what is handed over. */
#include "serving.h"

#include "base/alloc.h"
#include "engine/policy.h"

static const char SECRET[] = "an old secret of more than 32 bytes, for tests";

static const char POLICY[] =
    "return { mask_key = 'env:X', principals = {\n"
    "  full   = { rules = '*', reads = '*', max_priority = 7 },\n"
    "  low    = { rules = { 'read*' }, reads = { Account = { 'risk' }, transfer = {} "
    "},\n"
    "             ceilings = { instructions = 2000, edges = 50 }, hops = 2 },\n"
    "  blind  = { rules = '*', reads = { Account = {} } },\n"
    "  masked = { rules = '*', reads = '*', masks = { Account = { risk = { 'bucket', "
    "100 },\n"
    "             key = 'hash' } } },\n"
    "  tagged = { tags = { 'fraud' }, reads = '*' },\n"
    "  part   = { rules = '*', reads = '*', output = { 'b', 'd' } },\n"
    "} }";

#define READ                                                                           \
    "return { name = 'reader', fallback = 'deny', decisions = { 'allow', 'deny' },\n"  \
    "tags = { 'fraud' }, reads = { Account = { 'risk' }, transfer = {} },\n"           \
    "evaluate = function(graph, request)\n"                                            \
    "return { decision = 'allow', output = request.node.risk } end }"

static cordon_engine *engine;
static cordon_outcome *outcome;
static cordon_request request;

static cordon_policy *policy_of(const char *text)
{
    cordon_policy *policy;
    cordon_error err;

    ck_assert_msg(!cordon_policy_load_text(&policy, text, strlen(text), "p.lua", SECRET,
                                           sizeof SECRET, &err),
                  "%s", err.message);
    return policy;
}

static cordon_status give(const char *text, cordon_error *err)
{
    cordon_policy *policy = policy_of(text);
    cordon_status status = cordon_engine_set_policy(engine, policy, err);

    cordon_policy_release(policy);
    return status;
}

static void setup(void)
{
    engine = serving_engine(1);
    outcome = serving_outcome();
    serving_bank(engine);
    serving_load(engine, READ);
    request = (cordon_request)CORDON_REQUEST_INIT;
    request.label = "Account";
    request.key = "300";
    ck_assert(!give(POLICY, NULL));
}

static void teardown(void)
{
    cordon_outcome_free(outcome);
    cordon_engine_free(engine);
}

static void ask(const char *rule, const char *principal, cordon_outcome_kind kind)
{
    cordon_error err;

    request.principal = principal;
    ck_assert_msg(!cordon_evaluate(outcome, engine, rule, &request, &err), "%s",
                  err.message);
    ck_assert_msg(cordon_outcome_get_kind(outcome) == kind, "%d: %s",
                  cordon_outcome_get_kind(outcome), cordon_outcome_message(outcome));
}

START_TEST(admit__lets_in_whom_the_policy_names)
{
    static const char *const in[] = {"full", "low", "tagged", "part"};

    for (int i = 0; i < 3; i++) {
        ask("reader", in[i], CORDON_OUTCOME_OK);
        ck_assert_int_eq(cordon_outcome_output(outcome).as.integer, 30);
        ck_assert_str_eq(cordon_outcome_decision(outcome), "allow");
    }
    ask("reader", NULL, CORDON_OUTCOME_OK); /* the host itself */
    ask("reader", "masked", CORDON_OUTCOME_OK);
    ck_assert_int_eq(cordon_outcome_output(outcome).as.integer, 0);
}
END_TEST

START_TEST(admit__tells_the_others_why_not)
{
    static const struct {
        const char *principal, *says;
    } out[] = {
        {"nobody", "no principal 'nobody' in p.lua"},
        {"lo", "did you mean 'low'?"},
        {"blind",
         "principal 'blind' may not read property 'risk' of Account, edge type "
         "transfer, which rule 'reader' does"},
        {"", "no principal ''"},
    };

    for (int i = 0; i < 4; i++) {
        ask("reader", out[i].principal, CORDON_OUTCOME_DENIED);
        ck_assert_contains(cordon_outcome_message(outcome), out[i].says);
        ck_assert_str_eq(cordon_outcome_decision(outcome), "deny");
        ck_assert(cordon_outcome_is_fallback(outcome));
        ck_assert_str_eq(cordon_outcome_rule(outcome), "reader");
        ck_assert_uint_eq(strlen(cordon_outcome_decision_id(outcome)), 32);
    }
    serving_load(engine, NO_GRAPH("other", "return {}"));
    ask("other", "low", CORDON_OUTCOME_DENIED);
    ck_assert_contains(cordon_outcome_message(outcome), "may not run rule 'other'");
    ask("other", "blind", CORDON_OUTCOME_OK);
    request.priority = 1;
    ask("reader", "low", CORDON_OUTCOME_DENIED);
    ck_assert_contains(cordon_outcome_message(outcome),
                       "may not ask for priority 1, only 0");
    ask("reader", "full", CORDON_OUTCOME_OK);
}
END_TEST

START_TEST(admit__grants_nobody_anything_without_a_policy)
{
    ck_assert(!cordon_engine_set_policy(engine, NULL, NULL));
    ask("reader", "full", CORDON_OUTCOME_DENIED);
    ck_assert_contains(cordon_outcome_message(outcome), "the engine has no policy");
    ask("reader", NULL, CORDON_OUTCOME_OK);
    ck_assert_int_eq(cordon_engine_set_policy(NULL, NULL, NULL), CORDON_E_INVALID);
}
END_TEST

START_TEST(ceilings__cut_the_rule_and_refuse_the_request)
{
    cordon_limits limits = CORDON_LIMITS_INIT;
    cordon_error err;

    ask("reader", "low", CORDON_OUTCOME_OK);
    ck_assert_uint_eq(cordon_outcome_usage(outcome)->instructions_limit, 2000);
    ck_assert_uint_eq(cordon_outcome_usage(outcome)->edges_limit, 50);
    ck_assert_uint_eq(cordon_outcome_usage(outcome)->hops_limit, 2);
    limits.instructions = 1999;
    request.limits = &limits;
    ask("reader", "low", CORDON_OUTCOME_OK);
    ck_assert_uint_eq(cordon_outcome_usage(outcome)->instructions_limit, 1999);
    limits.instructions = 2001;
    ck_assert_int_eq(cordon_evaluate(outcome, engine, "reader", &request, &err),
                     CORDON_E_INVALID);
    ck_assert_contains(err.message, "above the ceiling of principal 'low', 2000");
    ask("reader", "full", CORDON_OUTCOME_OK);
}
END_TEST

START_TEST(set_policy__refuses_what_does_not_fit_and_changes_nothing)
{
    cordon_error err;

    ck_assert_int_eq(
        give("return { principals = { low = { rules = '*', reads = '*', masks =\n"
             "{ Account = { rsik = 'redact' } } } } }",
             &err),
        CORDON_E_DATA);
    ck_assert_contains(err.message, "did you mean 'risk'?");
    ck_assert_uint_eq(err.line, 2);
    ck_assert_int_eq(
        give("return { principals = { low = { wall = 'process' } } }", &err),
        CORDON_E_INVALID);
    ck_assert_contains(err.message, "no wall 'process'");
    ask("reader", "low", CORDON_OUTCOME_OK);
    ck_assert_uint_eq(cordon_outcome_usage(outcome)->edges_limit, 50);
}
END_TEST

START_TEST(set_policy__takes_effect_for_the_next_request)
{
    ck_assert(
        !give("return { principals = { new = { rules = '*', reads = '*' } } }", NULL));
    ask("reader", "new", CORDON_OUTCOME_OK);
    ask("reader", "full", CORDON_OUTCOME_DENIED);
    /* and stays with another snapshot, and for a rule that comes later */
    serving_bank(engine);
    serving_load(engine, TRANSFERS("later", "return {}"));
    ask("reader", "new", CORDON_OUTCOME_OK);
    ask("later", "new", CORDON_OUTCOME_OK);
    ask("later", "full", CORDON_OUTCOME_DENIED);
    ck_assert(!cordon_engine_unload_rule(engine, "reader", NULL));
    ask("later", "new", CORDON_OUTCOME_OK);
}
END_TEST

START_TEST(set_policy__without_a_snapshot_waits_for_one)
{
    cordon_error err;

    cordon_engine_free(engine);
    engine = serving_engine(1);
    ck_assert(!give(POLICY, NULL));
    serving_load(engine, READ);
    serving_bank(engine);
    ask("reader", "masked", CORDON_OUTCOME_OK);
    ck_assert_int_eq(cordon_outcome_output(outcome).as.integer, 0);
    /* a snapshot that the policy's masks do not fit is not taken */
    ck_assert(!cordon_engine_unload_rule(engine, "reader", NULL));
    ck_assert(!cordon_engine_set_snapshot(engine, NULL, NULL));
    ck_assert(!give(
        "return { principals = { a = { masks = { Ghost = { x = 'redact' } } } } }",
        NULL));
    {
        cordon_snapshot *snapshot = cdn_fixture_bank_open();

        ck_assert_int_eq(cordon_engine_set_snapshot(engine, snapshot, &err),
                         CORDON_E_DATA);
        ck_assert_contains(err.message, "no label or edge type 'Ghost'");
        cordon_snapshot_release(snapshot);
    }
}
END_TEST

START_TEST(evaluate__for_a_principal_allocates_nothing)
{
    static const char *const who[] = {"full", "masked", "blind", "nobody"};
    cordon_error err;
    uint64_t before;

    ask("reader", "full", CORDON_OUTCOME_OK);
    before = cdn_alloc_count();
    for (int i = 0; i < 100; i++) {
        request.principal = who[i % 4];
        ck_assert(!cordon_evaluate(outcome, engine, "reader", &request, &err));
    }
    ck_assert_uint_eq(cdn_alloc_count(), before);
}
END_TEST

/* ---- output ---- */

#define OUTPUT(name, body)                                                             \
    "return { name = '" name "', fallback = 'none', reads = { Account = {} },\n"       \
    "evaluate = function(graph, request)\n" body "\nend }"

/* The result is whole, and the views are what it says. */
static void check_result(void)
{
    static const char *const keys[] = {"output", "new_edges", "updated_nodes"};
    cordon_value views[3], result, part;
    const void *bytes;
    size_t size;

    views[0] = cordon_outcome_output(outcome);
    views[1] = cordon_outcome_new_edges(outcome);
    views[2] = cordon_outcome_updated_nodes(outcome);
    bytes = cordon_outcome_result(outcome, &size);
    ck_assert(!cordon_value_parse(&result, bytes, size, NULL));
    for (int i = 0; i < 3; i++) {
        if (!cordon_value_get(&part, &result, keys[i])) {
            ck_assert_int_eq(views[i].length, 0);
            continue;
        }
        ck_assert_int_eq(views[i].type, part.type);
        if (part.type == CORDON_MAP || part.type == CORDON_ARRAY) {
            ck_assert_uint_eq(views[i].length, part.length);
            ck_assert_ptr_eq(views[i].as.items, part.as.items);
            ck_assert_ptr_eq(views[i].end, part.end);
        }
    }
}

START_TEST(output__keeps_what_the_role_may_see)
{
    cordon_value value;

    serving_load(engine,
                 OUTPUT("five",
                        "return { score = 2, reasons = { 'r' }, output = { a = 1, b = "
                        "{ a = 2 }, c = 'c', d = false, dd = 1 },\n"
                        "new_edges = { { type = 'x' } }, updated_nodes = { { label = "
                        "'y' }, { label = 'z' } } }"));
    ask("five", "part", CORDON_OUTCOME_OK);
    ck_assert_uint_eq(cordon_outcome_output(outcome).length, 2);
    value = cordon_outcome_output(outcome);
    ck_assert(cordon_value_get(&value, &value, "b"));
    ck_assert_uint_eq(value.length, 1);
    value = cordon_outcome_output(outcome);
    ck_assert(!cordon_value_get(&value, &value, "a"));
    ck_assert_uint_eq(cordon_outcome_updated_nodes(outcome).length, 2);
    ck_assert_uint_eq(cordon_outcome_new_edges(outcome).length, 1);
    check_result();
    ask("five", "full", CORDON_OUTCOME_OK);
    ck_assert_uint_eq(cordon_outcome_output(outcome).length, 5);
    check_result();
}
END_TEST

START_TEST(output__shrinks_its_head_with_its_fields)
{
    cordon_value output, value;

    serving_load(
        engine,
        OUTPUT("many",
               "local o = { b = 'b', d = 'd' } for i = 1, 300 do o['x' .. i] = i "
               "end\nreturn { output = o, updated_nodes = { { label = 'y' } } }"));
    ask("many", "part", CORDON_OUTCOME_OK);
    output = cordon_outcome_output(outcome);
    ck_assert_uint_eq(output.length, 2);
    ck_assert(cordon_value_get(&value, &output, "d"));
    ck_assert_mem_eq(value.as.string, "d", 1);
    ck_assert_uint_eq(cordon_outcome_updated_nodes(outcome).length, 1);
    check_result();
}
END_TEST

START_TEST(output__that_is_no_table_is_kept_back)
{
    static const char *const shapes[] = {"'text'",      "5",   "true",
                                         "{ 1, 2, 3 }", "nil", "{}"};
    char source[512];

    snprintf(source, sizeof source,
             OUTPUT("shape", "return { output = %s, updated_nodes = { { label = 'y' } "
                             "}, reasons = { 'r' } }"),
             shapes[_i]);
    serving_load(engine, source);
    ask("shape", "part", CORDON_OUTCOME_OK);
    ck_assert_int_eq(cordon_outcome_output(outcome).type, CORDON_NIL);
    ck_assert_uint_eq(cordon_outcome_updated_nodes(outcome).length, 1);
    check_result();
}
END_TEST

#ifdef CORDON_FAILALLOC
START_TEST(set_policy__survives_every_allocation_failure)
{
    cordon_policy *policy = policy_of(POLICY);

    CDN_UNIT_FAILALLOC(nth)
    {
        cordon_status status = cordon_engine_set_policy(engine, policy, NULL);

        ck_assert_int_eq(status, cdn_failalloc_fired() ? CORDON_E_NOMEM : CORDON_OK);
    }
    cordon_policy_release(policy);
    ask("reader", "masked", CORDON_OUTCOME_OK);
}
END_TEST
#endif

static Suite *suite(void)
{
    Suite *s = suite_create("granted");
    TCase *tc = tcase_create("bank");

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, admit__lets_in_whom_the_policy_names);
    tcase_add_test(tc, admit__tells_the_others_why_not);
    tcase_add_test(tc, admit__grants_nobody_anything_without_a_policy);
    tcase_add_test(tc, ceilings__cut_the_rule_and_refuse_the_request);
    tcase_add_test(tc, set_policy__refuses_what_does_not_fit_and_changes_nothing);
    tcase_add_test(tc, set_policy__takes_effect_for_the_next_request);
    tcase_add_test(tc, set_policy__without_a_snapshot_waits_for_one);
    tcase_add_test(tc, evaluate__for_a_principal_allocates_nothing);
    tcase_add_test(tc, output__keeps_what_the_role_may_see);
    tcase_add_test(tc, output__shrinks_its_head_with_its_fields);
    tcase_add_loop_test(tc, output__that_is_no_table_is_kept_back, 0, 6);
#ifdef CORDON_FAILALLOC
    tcase_add_test(tc, set_policy__survives_every_allocation_failure);
#endif
    suite_add_tcase(s, tc);
    return s;
}

CDN_UNIT_MAIN(suite)
