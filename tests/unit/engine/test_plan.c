#include "serving.h"

#include "base/alloc.h"
#include "engine/engine.h"

/* Put a plan with a canary and arms over versions of one rule in place. */
static struct cdn_version *version_of(cordon_engine *engine, const char *body,
                                      uint32_t number)
{
    struct cdn_version *version;
    cordon_error err;
    char source[512];

    snprintf(source, sizeof source,
             "return { name = 'r', fallback = 'deny', decisions = { 'allow', 'review', "
             "'deny' }, evaluate = function(graph, request) %s end }",
             body);
    ck_assert_msg(!cdn_engine_load(&version, engine, CORDON_WALL_INPROC, source,
                                   strlen(source), "r.lua", number, &err),
                  "%s", err.message);
    return version;
}

static void bind(struct cdn_entry **out, struct cdn_version *version)
{
    ck_assert(!cdn_entry_new(out, version, NULL, NULL, NULL));
    cdn_version_release(version);
}

static struct cdn_plan *start_plan(cordon_engine *engine)
{
    struct cdn_plan *plan = cdn_plan_new("r");

    bind(&plan->live,
         version_of(engine, "return { decision = 'allow', output = 1 }", 1));
    return plan;
}

static void add_choice(cordon_engine *engine, struct cdn_plan *plan, const char *body,
                       cordon_variant variant, uint32_t below)
{
    struct cdn_choice *choice = &plan->choices[plan->choice_count++];

    choice->variant = variant;
    choice->from = plan->choice_count > 1 ? choice[-1].below : 0;
    choice->below = below;
    bind(&choice->entry, version_of(engine, body, plan->choice_count + 1));
}

static void install(cordon_engine *engine, struct cdn_plan *plan)
{
    ck_assert(!cdn_engine_install(engine, plan, NULL));
    cdn_plan_release(plan);
}

static cordon_request about(char *key, size_t size, int number)
{
    cordon_request request = CORDON_REQUEST_INIT;

    snprintf(key, size, "%d", number);
    request.label = "Account";
    request.key = key;
    return request;
}

START_TEST(point__is_even_sticky_and_the_rule_s_own)
{
    struct cdn_plan *one = cdn_plan_new("one"), *other = cdn_plan_new("other");
    unsigned tenths[10] = {0}, equal = 0;
    char key[16];

    for (int i = 0; i < 20000; i++) {
        cordon_request request = about(key, sizeof key, i);
        uint32_t point = cdn_plan_point(one, &request);

        ck_assert_uint_lt(point, CDN_PLAN_WHOLE);
        ck_assert_uint_eq(cdn_plan_point(one, &request), point);
        request.key_bytes = strlen(key);
        ck_assert_uint_eq(cdn_plan_point(one, &request), point);
        tenths[point / 1000]++;
        equal += cdn_plan_point(other, &request) / 1000 == point / 1000;
    }
    for (int i = 0; i < 10; i++) {
        ck_assert_uint_gt(tenths[i], 1800);
        ck_assert_uint_lt(tenths[i], 2200);
    }
    ck_assert_uint_lt(equal, 2300); /* independent: about a tenth */
    ck_assert_uint_eq(cdn_plan_point(one, &(const cordon_request)CORDON_REQUEST_INIT),
                      CDN_PLAN_WHOLE);
    cdn_plan_release(one);
    cdn_plan_release(other);
}
END_TEST

START_TEST(choice__takes_its_share_and_keeps_it_when_widened)
{
    cordon_engine *engine = serving_engine(1);
    cordon_outcome *outcome = serving_outcome();
    static bool had[2000];
    unsigned canary = 0;
    char key[16];

    for (uint32_t below = 1000; below <= 3000; below += 2000) {
        struct cdn_plan *plan = start_plan(engine);

        add_choice(engine, plan, "return { decision = 'deny' , output = 2 }",
                   CORDON_VARIANT_CANARY, below);
        install(engine, plan);
        canary = 0;
        for (int i = 0; i < 2000; i++) {
            cordon_request request = about(key, sizeof key, i);
            bool is;

            is = cdn_plan_point(cdn_state_find(atomic_load(&engine->state), "r"),
                                &request) < below;
            ck_assert(is || !had[i]);
            had[i] = is;
            canary += is;
        }
        ck_assert_uint_gt(canary, below * 2000 / CDN_PLAN_WHOLE * 8 / 10);
        ck_assert_uint_lt(canary, below * 2000 / CDN_PLAN_WHOLE * 12 / 10);
    }
    cordon_outcome_free(outcome);
    cordon_engine_free(engine);
}
END_TEST

START_TEST(evaluate__runs_the_chosen_version_and_says_which)
{
    cordon_engine *engine = serving_engine(1);
    cordon_outcome *outcome = serving_outcome();
    unsigned seen[4] = {0};
    struct cdn_plan *plan;
    char key[16];

    serving_bank(engine);
    plan = start_plan(engine);
    add_choice(engine, plan, "return { decision = 'review', output = 2 }",
               CORDON_VARIANT_ARM, 3000);
    add_choice(engine, plan, "return { decision = 'deny', output = 3 }",
               CORDON_VARIANT_ARM, 7000);
    install(engine, plan);
    for (int i = 100; i <= 1000; i += 100) {
        cordon_request request = about(key, sizeof key, i);
        int64_t answer;
        uint32_t point =
            cdn_plan_point(cdn_state_find(atomic_load(&engine->state), "r"), &request);

        if (cordon_evaluate(outcome, engine, "r", &request, NULL))
            continue; /* no such account */
        answer = cordon_outcome_output(outcome).as.integer;
        ck_assert_int_eq(answer, point < 3000 ? 2 : point < 7000 ? 3 : 1);
        ck_assert_int_eq(cordon_outcome_variant(outcome),
                         answer == 1 ? CORDON_VARIANT_LIVE : CORDON_VARIANT_ARM);
        ck_assert_uint_eq(cordon_outcome_version(outcome), (uint32_t)answer);
        ck_assert_str_eq(cordon_outcome_rule(outcome), "r");
        ck_assert_uint_eq(strlen(cordon_outcome_source_hash(outcome)), 64);
        ck_assert_uint_eq(strlen(cordon_outcome_decision_id(outcome)), 32);
        seen[answer]++;
    }
    ck_assert_uint_gt(seen[1] + seen[2] + seen[3], 9);
    cordon_outcome_free(outcome);
    cordon_engine_free(engine);
}
END_TEST

START_TEST(shadow__is_counted_and_decides_nothing)
{
    cordon_engine *engine = serving_engine(1);
    cordon_outcome *outcome = serving_outcome();
    struct cdn_plan *plan = start_plan(engine);
    cordon_request request = CORDON_REQUEST_INIT;
    struct cdn_tally *tally;

    /* nor is it traced */
    ck_assert(!cordon_trace_new(&request.trace, NULL, NULL));
    plan->shadow_count = 3;
    for (uint32_t i = 0; i < 3; i++)
        plan->shadows[i].sample = CDN_PLAN_WHOLE;
    bind(&plan->shadows[0].entry,
         version_of(engine, "return { decision = 'deny' }", 5));
    bind(&plan->shadows[1].entry,
         version_of(engine, "return { decision = 'allow' }", 6));
    bind(&plan->shadows[2].entry, version_of(engine, "error('no')", 7));
    install(engine, plan);
    plan = cdn_state_find(atomic_load(&engine->state), "r");
    for (int i = 0; i < 10; i++) {
        ck_assert(!cordon_evaluate(outcome, engine, "r", &request, NULL));
        ck_assert_str_eq(cordon_outcome_decision(outcome), "allow");
        ck_assert_uint_eq(cordon_outcome_version(outcome), 1);
    }
    ck_assert_uint_eq(cordon_trace_get_summary(request.trace)->runs, 10);
    ck_assert_str_eq(cordon_trace_get_summary(request.trace)->source_hash,
                     cordon_outcome_source_hash(outcome));
    cordon_trace_free(request.trace);
    for (uint32_t i = 0; i < 3; i++) {
        tally = &plan->shadows[i].entry->version->tallies[0];
        ck_assert_uint_eq(cdn_tally_runs(tally, CORDON_VARIANT_SHADOW), 10);
        ck_assert_uint_eq(cdn_tally_all(tally), 10);
        ck_assert_uint_eq(tally->compared, 10);
        ck_assert_uint_eq(tally->mismatches, i == 1 ? 0 : 10);
    }
    tally = &plan->live->version->tallies[0];
    ck_assert_uint_eq(cdn_tally_runs(tally, CORDON_VARIANT_LIVE), 10);
    ck_assert_uint_eq(cdn_tally_all(tally), 10);
    cordon_outcome_free(outcome);
    cordon_engine_free(engine);
}
END_TEST

/* What the request's time cuts short is not held against it. */
START_TEST(shadow__without_time_left_is_not_compared)
{
    cordon_engine *engine = serving_engine(1);
    cordon_outcome *outcome = serving_outcome();
    struct cdn_plan *plan = start_plan(engine);
    cordon_request request = CORDON_REQUEST_INIT;
    cordon_limits limits = CORDON_LIMITS_INIT;
    const struct cdn_tally *tally;

    plan->shadow_count = 1;
    plan->shadows[0].sample = CDN_PLAN_WHOLE;
    bind(&plan->shadows[0].entry, version_of(engine, "while true do end", 5));
    install(engine, plan);
    ck_assert(!cordon_engine_warm(engine, "r", NULL));
    limits.wall_ns = 20000000;
    limits.instructions = 1000000000;
    request.limits = &limits;
    ck_assert(!cordon_evaluate(outcome, engine, "r", &request, NULL));
    plan = cdn_state_find(atomic_load(&engine->state), "r");
    tally = &plan->shadows[0].entry->version->tallies[0];
    ck_assert_uint_eq(tally->limits[CORDON_BUDGET_TIME], 1);
    ck_assert_uint_eq(tally->compared, 0);
    limits.wall_ns = 0; /* its own instructions end it: that is compared */
    limits.instructions = 100000;
    ck_assert(!cordon_evaluate(outcome, engine, "r", &request, NULL));
    ck_assert_uint_eq(tally->limits[CORDON_BUDGET_INSTRUCTIONS], 1);
    ck_assert_uint_eq(tally->compared, 1);
    ck_assert_uint_eq(tally->mismatches, 1);
    cordon_outcome_free(outcome);
    cordon_engine_free(engine);
}
END_TEST

START_TEST(paused_and_killed__answer_with_the_fallback)
{
    cordon_engine *engine = serving_engine(1);
    cordon_outcome *outcome = serving_outcome();
    cordon_request request = CORDON_REQUEST_INIT;

    for (int i = 0; i < 2; i++) {
        struct cdn_plan *plan = start_plan(engine);

        plan->state = i ? CDN_PLAN_KILLED : CDN_PLAN_PAUSED;
        snprintf(plan->why, sizeof plan->why, "paused by ann: too many alerts");
        install(engine, plan);
        ck_assert(!cordon_evaluate(outcome, engine, "r", &request, NULL));
        ck_assert_int_eq(cordon_outcome_get_kind(outcome), CORDON_OUTCOME_DENIED);
        ck_assert_str_eq(cordon_outcome_decision(outcome), "deny");
        ck_assert(cordon_outcome_is_fallback(outcome));
        ck_assert_str_eq(cordon_outcome_message(outcome),
                         "paused by ann: too many alerts");
        ck_assert_uint_eq(cordon_outcome_usage(outcome)->instructions, 0);
    }
    cordon_outcome_free(outcome);
    cordon_engine_free(engine);
}
END_TEST

#ifdef CORDON_FAILALLOC
START_TEST(rebind__keeps_everything_but_the_snapshot)
{
    cordon_engine *engine = serving_engine(1);
    struct cdn_plan *plan = start_plan(engine), *bound;

    add_choice(engine, plan, "return {}", CORDON_VARIANT_CANARY, 100);
    plan->shadow_count = 1;
    plan->shadows[0].sample = 77;
    bind(&plan->shadows[0].entry, version_of(engine, "return {}", 9));
    plan->state = CDN_PLAN_PAUSED;
    plan->revision = 12;
    snprintf(plan->why, sizeof plan->why, "why");
    for (long nth = 0;; nth++) {
        cordon_status status;

        cdn_failalloc_after(nth, false);
        status = cdn_plan_rebind(&bound, plan, NULL, NULL, NULL);
        if (!cdn_failalloc_fired()) {
            ck_assert_int_eq(status, CORDON_OK);
            break;
        }
        ck_assert_int_eq(status, CORDON_E_NOMEM);
        ck_assert_ptr_null(bound);
    }
    cdn_failalloc_after(-1, false);
    ck_assert_ptr_eq(bound->live->version, plan->live->version);
    ck_assert_ptr_ne(bound->live, plan->live);
    ck_assert_uint_eq(bound->choices[0].below, 100);
    ck_assert_int_eq(bound->choices[0].variant, CORDON_VARIANT_CANARY);
    ck_assert_uint_eq(bound->shadows[0].sample, 77);
    ck_assert_int_eq(bound->state, CDN_PLAN_PAUSED);
    ck_assert_uint_eq(bound->revision, 12);
    ck_assert_str_eq(bound->why, "why");
    ck_assert_uint_eq(bound->salt, plan->salt);
    cdn_plan_release(bound);
    cdn_plan_release(plan);
    cordon_engine_free(engine);
}
END_TEST
#endif

static Suite *suite(void)
{
    Suite *s = suite_create("plan");

    CDN_UNIT_CASE(s, point__is_even_sticky_and_the_rule_s_own);
    CDN_UNIT_CASE(s, choice__takes_its_share_and_keeps_it_when_widened);
    CDN_UNIT_CASE(s, evaluate__runs_the_chosen_version_and_says_which);
    CDN_UNIT_CASE(s, shadow__is_counted_and_decides_nothing);
    CDN_UNIT_CASE(s, shadow__without_time_left_is_not_compared);
    CDN_UNIT_CASE(s, paused_and_killed__answer_with_the_fallback);
#ifdef CORDON_FAILALLOC
    CDN_UNIT_CASE(s, rebind__keeps_everything_but_the_snapshot);
#endif
    return s;
}

CDN_UNIT_MAIN(suite)
