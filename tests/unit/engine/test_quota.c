#include "serving.h"

#include "base/alloc.h"
#include "engine/engine.h"

#define SECOND UINT64_C(1000000000)
#define START  (1000 * SECOND)

static cordon_error err;

static cordon_status enter(struct cdn_quota_state *state, const struct cdn_quota *quota,
                           uint64_t at_ns)
{
    return cdn_quota_enter(state, quota, at_ns, "principal", "ann", &err);
}

START_TEST(rate__lets_in_a_burst_and_then_as_many_as_come_evenly)
{
    const struct cdn_quota quota = {.rate = 10, .burst = 5};
    struct cdn_quota_state state = {0};
    int in = 0;

    for (int i = 0; i < 20; i++)
        in += !enter(&state, &quota, START);
    ck_assert_int_eq(in, 5);
    ck_assert_contains(err.message,
                       "principal 'ann' is over its quota of requests a second; try "
                       "again in 100 ms");
    ck_assert_int_eq(enter(&state, &quota, START + SECOND / 10 - 1), CORDON_E_QUOTA);
    ck_assert_int_eq(enter(&state, &quota, START + SECOND / 10), CORDON_OK);
    in = 0;
    for (uint64_t ms = 100; ms < 10100; ms++) /* ten seconds of asking each ms */
        in += !enter(&state, &quota, START + ms * 1000000);
    ck_assert_int_ge(in, 99);
    ck_assert_int_le(in, 100);
    in = 0;
    for (int i = 0; i < 20; i++) /* what was not used is one burst, not more */
        in += !enter(&state, &quota, START + 1000 * SECOND);
    ck_assert_int_eq(in, 5);
}
END_TEST

START_TEST(concurrency__counts_those_inside)
{
    const struct cdn_quota quota = {.concurrency = 2};
    struct cdn_quota_state state = {0};

    ck_assert(!enter(&state, &quota, START));
    ck_assert(!enter(&state, &quota, START));
    ck_assert_int_eq(enter(&state, &quota, START), CORDON_E_QUOTA);
    ck_assert_contains(err.message, "requests at once");
    cdn_quota_leave(&state, &quota, START, 0);
    ck_assert(!enter(&state, &quota, START));
    ck_assert_int_eq(enter(&state, &quota, START), CORDON_E_QUOTA);
}
END_TEST

START_TEST(refused__is_not_counted_as_inside)
{
    const struct cdn_quota quota = {.rate = 1, .burst = 1, .concurrency = 5};
    struct cdn_quota_state state = {0};

    ck_assert(!enter(&state, &quota, START));
    for (int i = 0; i < 10; i++)
        ck_assert_int_eq(enter(&state, &quota, START), CORDON_E_QUOTA);
    ck_assert_uint_eq(atomic_load(&state.running), 1);
}
END_TEST

START_TEST(cost__is_paid_for_after_the_fact)
{
    const struct cdn_quota quota = {.cost_per_s = 1000};
    struct cdn_quota_state state = {0};

    for (int i = 0; i < 10; i++) { /* a second's worth at once is had */
        ck_assert(!enter(&state, &quota, START));
        cdn_quota_leave(&state, &quota, START, 100);
    }
    ck_assert(!enter(&state, &quota, START));
    cdn_quota_leave(&state, &quota, START, 3000);
    ck_assert_int_eq(enter(&state, &quota, START), CORDON_E_QUOTA);
    ck_assert_contains(err.message, "quota of instructions; try again in 3e+03 ms");
    ck_assert_int_eq(enter(&state, &quota, START + 3 * SECOND - 1), CORDON_E_QUOTA);
    ck_assert(!enter(&state, &quota, START + 3 * SECOND));
}
END_TEST

/* ---- in an engine ---- */

static const char policy_text[] =
    "return { principals = {\n"
    "  slow = { rules = { '*' }, reads = '*', quota = { rate = 0.001, burst = 3 } },\n"
    "  free = { rules = { '*' }, reads = '*' } },\n"
    "  quotas = { rules = { scarce = { rate = 0.001, burst = 2 } } } }";

static cordon_engine *governed(void)
{
    cordon_engine *engine = serving_engine(1);
    cordon_policy *policy;

    serving_load(engine, NO_GRAPH("r", "return { output = 1 }"));
    serving_load(engine, NO_GRAPH("scarce", "return { output = 2 }"));
    ck_assert_msg(!cordon_policy_load_text(&policy, policy_text, sizeof policy_text - 1,
                                           "policy.lua", NULL, 0, &err),
                  "%s", err.message);
    ck_assert_ptr_null(cordon_engine_get_policy(engine));
    ck_assert_msg(!cordon_engine_set_policy(engine, policy, &err), "%s", err.message);
    ck_assert_ptr_eq(cordon_engine_get_policy(engine),
                     policy); /* with one of the caller's */
    cordon_policy_release(policy);
    cordon_policy_release(policy);
    return engine;
}

static int served(cordon_engine *engine, const char *rule, const char *principal,
                  int times)
{
    cordon_request request = CORDON_REQUEST_INIT;
    cordon_outcome *outcome = serving_outcome();
    int in = 0;

    request.principal = principal;
    for (int i = 0; i < times; i++) {
        cordon_status status = cordon_evaluate(outcome, engine, rule, &request, &err);

        ck_assert(status == CORDON_OK || status == CORDON_E_QUOTA);
        in += !status;
    }
    cordon_outcome_free(outcome);
    return in;
}

static void govern(cordon_engine *engine, const char *text)
{
    cordon_policy *policy;

    ck_assert_msg(!cordon_policy_load_text(&policy, text, strlen(text), "policy.lua",
                                           NULL, 0, &err),
                  "%s", err.message);
    ck_assert_msg(!cordon_engine_set_policy(engine, policy, &err), "%s", err.message);
    cordon_policy_release(policy);
}

START_TEST(policy__read_anew_gives_nobody_another_burst)
{
    cordon_engine *engine = governed();

    ck_assert_int_eq(served(engine, "r", "slow", 10), 3);
    ck_assert_int_eq(served(engine, "scarce", "free", 10), 2);
    govern(engine, policy_text);
    ck_assert_int_eq(served(engine, "r", "slow", 10), 0);
    ck_assert_int_eq(served(engine, "scarce", "free", 10), 0);
    /* another principal before it, and other quotas: those begin anew */
    govern(engine,
           "return { principals = { early = { rules = { '*' }, reads = '*' },\n"
           "  slow = { rules = { '*' }, reads = '*', quota = { rate = 0.001, burst = 3 "
           "} },\n"
           "  free = { rules = { '*' }, reads = '*' } },\n"
           "  quotas = { rules = { scarce = { rate = 0.001, burst = 5 } } } }");
    ck_assert_int_eq(served(engine, "r", "slow", 10), 0);
    ck_assert_int_eq(served(engine, "scarce", "free", 10), 5);
    cordon_engine_free(engine);
}
END_TEST

START_TEST(engine__keeps_the_quotas_of_principals_and_rules)
{
    cordon_engine *engine = governed();
    cordon_snapshot *bank = cdn_fixture_bank_open();

    ck_assert_int_eq(served(engine, "r", "slow", 10), 3);
    ck_assert_contains(err.message, "principal 'slow'");
    ck_assert_int_eq(served(engine, "r", "free", 10), 10);
    ck_assert_int_eq(served(engine, "r", NULL, 10), 10);
    ck_assert_int_eq(served(engine, "scarce", NULL, 10), 2);
    ck_assert_contains(err.message, "rule 'scarce'");
    ck_assert_uint_eq(atomic_load(&engine->over_quota), 15);
    /* another generation is no way around it */
    ck_assert(!cordon_engine_set_snapshot(engine, bank, NULL));
    ck_assert_int_eq(served(engine, "r", "slow", 10), 0);
    ck_assert_int_eq(served(engine, "scarce", NULL, 10), 0);
    cordon_snapshot_release(bank);
    cordon_engine_free(engine);
}
END_TEST

START_TEST(audit__of_a_role_is_the_share_that_is_recorded)
{
    static const char text[] = "return { principals = { none = { rules = { '*' }, "
                               "audit = 0 }, half = { rules = "
                               "{ '*' }, audit = 0.5 }, all = { rules = { '*' } } } }";
    cordon_engine *engine = serving_engine(1);
    cordon_audit_stats stats = CORDON_AUDIT_STATS_INIT;
    cordon_policy *policy;
    cordon_audit *audit;
    char folder[128], log[160];

    cdn_unit_folder(folder, sizeof folder);
    snprintf(log, sizeof log, "%s/audit", folder);
    serving_load(engine, NO_GRAPH("r", "return { output = 1 }"));
    ck_assert_msg(!cordon_policy_load_text(&policy, text, sizeof text - 1, "policy.lua",
                                           NULL, 0, &err),
                  "%s", err.message);
    ck_assert(!cordon_engine_set_policy(engine, policy, &err));
    cordon_policy_release(policy);
    ck_assert(!cordon_audit_open(&audit, log, NULL, &err));
    cordon_engine_use_audit(engine, audit);
    ck_assert_int_eq(served(engine, "r", "none", 400), 400);
    ck_assert(!cordon_audit_get_stats(&stats, audit, &err));
    ck_assert_uint_eq(stats.recorded, 0);
    ck_assert_uint_eq(stats.sampled_out, 400);
    ck_assert_int_eq(served(engine, "r", "half", 400), 400);
    ck_assert(!cordon_audit_get_stats(&stats, audit, &err));
    ck_assert_uint_gt(stats.recorded, 140);
    ck_assert_uint_lt(stats.recorded, 260);
    ck_assert_int_eq(served(engine, "r", "all", 400), 400);
    ck_assert_int_eq(served(engine, "r", NULL, 400), 400);
    ck_assert(!cordon_audit_get_stats(&stats, audit, &err));
    ck_assert_uint_eq(stats.recorded + stats.sampled_out, 1600);
    ck_assert_uint_gt(stats.recorded, 940);
    cordon_engine_free(engine);
    ck_assert(!cordon_audit_close(audit, &err));
    snprintf(log, sizeof log, "%s/audit/x", folder);
    cdn_fixture_remove(log);
    snprintf(log, sizeof log, "%s/x", folder);
    cdn_fixture_remove(log);
}
END_TEST

START_TEST(set__is_one_request_of_a_principal)
{
    static const char set[] =
        "return { name = 's', decisions = { 'x' }, rules = { 'r', 'scarce' } }";
    cordon_engine *engine = governed();
    cordon_request request = CORDON_REQUEST_INIT;
    cordon_member member = {.struct_size = sizeof member};
    cordon_set_outcome *outcome;

    ck_assert(
        !cordon_engine_load_set(engine, set, sizeof set - 1, "s.lua", NULL, &err));
    ck_assert(!cordon_set_outcome_new(&outcome, NULL));
    request.principal = "slow";
    for (int i = 0; i < 3; i++) {
        ck_assert(!cordon_evaluate_set(outcome, engine, "s", &request, &err));
        ck_assert(!cordon_set_outcome_member(&member, outcome, 1));
        ck_assert_int_eq(member.status, i < 2 ? CORDON_OK : CORDON_E_QUOTA);
    }
    ck_assert_int_eq(cordon_evaluate_set(outcome, engine, "s", &request, &err),
                     CORDON_E_QUOTA);
    cordon_set_outcome_free(outcome);
    cordon_engine_free(engine);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("quota");

    CDN_UNIT_CASE(s, rate__lets_in_a_burst_and_then_as_many_as_come_evenly);
    CDN_UNIT_CASE(s, concurrency__counts_those_inside);
    CDN_UNIT_CASE(s, refused__is_not_counted_as_inside);
    CDN_UNIT_CASE(s, cost__is_paid_for_after_the_fact);
    CDN_UNIT_CASE(s, engine__keeps_the_quotas_of_principals_and_rules);
    CDN_UNIT_CASE(s, policy__read_anew_gives_nobody_another_burst);
    CDN_UNIT_CASE(s, audit__of_a_role_is_the_share_that_is_recorded);
    CDN_UNIT_CASE(s, set__is_one_request_of_a_principal);
    return s;
}

CDN_UNIT_MAIN(suite)
