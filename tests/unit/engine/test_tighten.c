/* Limits that follow load.  Load is what the engine counts as such, callers that wait: most
 * tests count them up and down themselves, so that nothing hangs on who is scheduled when. */
#include "serving.h"

#include <pthread.h>

#include "base/clock.h"
#include "engine/tighten.h"

/* Uses some instructions for each of `n`. */
#define LOOP                                                                           \
    "return { name = 'loop', decisions = {'done', 'stopped'}, fallback = 'stopped',\n" \
    "params = { n = { type = 'integer', required = true } },\n"                        \
    "limits = { instructions = 1e8, time = '1000s' },\n"                               \
    "evaluate = function(graph, request) local s = 0\n"                                \
    "for i = 1, request.params.n do s = s + i % 7 end\n"                               \
    "return { decision = 'done' } end }"

#define CEILING UINT64_C(100000000)

static cordon_engine *engine;
static cordon_outcome *outcome;

static void serve(uint32_t slots, uint32_t times)
{
    cordon_engine_options options = CORDON_ENGINE_OPTIONS_INIT;

    options.slots = slots;
    options.tighten = times;
    options.busy_wait_ms = 600000;
    options.max_wall_ns = UINT64_C(1) << 50;
    ck_assert(!cordon_engine_new(&engine, &options, NULL));
    outcome = serving_outcome();
}

static void finish(void)
{
    cordon_outcome_free(outcome);
    cordon_engine_free(engine);
}

static void run_limited(uint32_t n, const cordon_limits *limits)
{
    cordon_request request = CORDON_REQUEST_INIT;
    unsigned char params[] = {0x81,
                              0xa1,
                              'n',
                              0xce,
                              (unsigned char)(n >> 24),
                              (unsigned char)(n >> 16),
                              (unsigned char)(n >> 8),
                              (unsigned char)n};
    cordon_error err;

    request.params = params;
    request.params_bytes = sizeof params;
    request.limits = limits;
    ck_assert_msg(!cordon_evaluate(outcome, engine, "loop", &request, &err), "%s",
                  err.message);
}

static const cordon_usage *run(uint32_t n)
{
    run_limited(n, NULL);
    return cordon_outcome_usage(outcome);
}

/* So many callers wait. */
static void load(unsigned callers)
{
    atomic_store(&engine->waiters, callers);
}

static void learn(void)
{
    ck_assert(!cordon_engine_upkeep(engine, NULL, NULL));
}

/* No run is to be stopped for its time, however busy the machine is. */
static void forget_time(void)
{
    const struct cdn_plan *plan = cdn_state_find(atomic_load(&engine->state), "loop");

    plan->live->version->typical_wall_ns = UINT64_MAX;
}

/* Nine of ten runs of `small`, one of `large`; what the small ones use. */
static uint64_t usual(uint32_t runs, uint32_t small, uint32_t large)
{
    uint64_t used = run(small)->instructions;

    for (uint32_t i = 1; i < runs; i++)
        run(i % 10 == 9 ? large : small);
    learn();
    return used;
}

/* A limit that is `times` of what is usual, known to within a bucket, and the floor. */
static void ck_limit(uint64_t limit, uint64_t times, uint64_t used)
{
    ck_assert_uint_ge(limit, times * used + CDN_TIGHTEN_INSTRUCTIONS);
    ck_assert_uint_le(limit, times * (used + used / 4 + 2) + CDN_TIGHTEN_INSTRUCTIONS);
}

START_TEST(limits__fall_under_load_and_recover)
{
    uint64_t used;

    serve(1, 3);
    serving_load(engine, LOOP);
    used = usual(220, 20000, 200000);
    load(1);
    ck_assert_uint_lt(run(1)->wall_limit_ns, UINT64_C(1000000000000));
    load(0);
    forget_time();
    ck_assert_uint_eq(run(1)->instructions_limit, CEILING);
    ck_assert_uint_eq(cordon_outcome_usage(outcome)->wall_limit_ns,
                      UINT64_C(1000000000000));
    for (unsigned callers = 1; callers < 5; callers++) {
        load(callers);
        ck_limit(run(20000)->instructions_limit, 3, used);
        ck_assert_int_eq(cordon_outcome_get_kind(outcome), CORDON_OUTCOME_OK);
    }
    /* what is dear does not get through now, and does later */
    run(200000);
    ck_assert_int_eq(cordon_outcome_limit(outcome), CORDON_BUDGET_INSTRUCTIONS);
    ck_assert_str_eq(cordon_outcome_decision(outcome), "stopped");
    ck_assert_contains(cordon_outcome_message(outcome), "callers wait");
    load(0);
    run(200000);
    ck_assert_int_eq(cordon_outcome_get_kind(outcome), CORDON_OUTCOME_OK);
    ck_assert_uint_eq(cordon_outcome_usage(outcome)->instructions_limit, CEILING);
    finish();
}
END_TEST

START_TEST(limits__never_rise_above_what_they_were)
{
    static const uint32_t times[] = {1, 2, 1000, UINT32_MAX};
    cordon_limits limits = CORDON_LIMITS_INIT;

    limits.instructions = 15000;
    limits.wall_ns = UINT64_C(900000000000);
    for (int i = 0; i < CDN_UNIT_COUNT(times); i++) {
        serve(1, times[i]);
        serving_load(engine, LOOP);
        usual(220, 20000, 20000);
        load(9);
        ck_assert_uint_le(run(1)->instructions_limit, CEILING);
        ck_assert_uint_le(cordon_outcome_usage(outcome)->wall_limit_ns,
                          UINT64_C(1000000000000));
        if (times[i] > 2000)
            ck_assert_uint_eq(cordon_outcome_usage(outcome)->instructions_limit,
                              CEILING);
        run_limited(1, &limits);
        ck_assert_uint_eq(cordon_outcome_usage(outcome)->instructions_limit, 15000);
        ck_assert_uint_le(cordon_outcome_usage(outcome)->wall_limit_ns, limits.wall_ns);
        finish();
    }
}
END_TEST

START_TEST(limits__never_fall_below_the_floor)
{
    serve(1, 1);
    serving_load(engine, LOOP);
    usual(220, 0, 0);
    load(1);
    ck_assert_uint_ge(run(0)->instructions_limit, CDN_TIGHTEN_INSTRUCTIONS);
    ck_assert_uint_ge(cordon_outcome_usage(outcome)->wall_limit_ns, CDN_TIGHTEN_NS);
    ck_assert_uint_lt(cordon_outcome_usage(outcome)->instructions_limit,
                      2 * CDN_TIGHTEN_INSTRUCTIONS);
    finish();
}
END_TEST

START_TEST(limits__stay_while_too_little_is_known)
{
    serve(1, 2);
    serving_load(engine, LOOP);
    load(3);
    usual(CDN_TIGHTEN_RUNS - 1, 10, 10);
    ck_assert_uint_eq(run(1)->instructions_limit, CEILING);
    learn();
    ck_assert_uint_lt(run(1)->instructions_limit, CEILING);
    /* and another version begins anew */
    serving_load(engine, LOOP " -- again");
    ck_assert_uint_eq(run(1)->instructions_limit, CEILING);
    finish();
    /* or where nobody asked for it */
    serve(1, 0);
    serving_load(engine, LOOP);
    usual(220, 10, 10);
    load(3);
    ck_assert_uint_eq(run(1)->instructions_limit, CEILING);
    finish();
}
END_TEST

/* However much a rule had been run before. */
START_TEST(limits__follow_a_rule_that_becomes_dearer_or_cheaper)
{
    uint64_t used;

    serve(1, 2);
    serving_load(engine, LOOP);
    usual(2000, 1000, 1000);
    used = usual(220, 20000, 20000);
    load(1);
    ck_limit(run(1)->instructions_limit, 2, used);
    load(0);
    used = usual(220, 300, 300);
    load(1);
    ck_limit(run(1)->instructions_limit, 2, used);
    finish();
}
END_TEST

/* Load that stays, and a rule that has become dearer meanwhile: what is stopped counts with
 * what it was given, and the limit must find its way up all the same, however close it is. */
START_TEST(limits__do_not_talk_themselves_down)
{
    uint64_t before, limit = 0;
    int rounds = 0;

    serve(1, 1);
    serving_load(engine, LOOP);
    usual(220, 5000, 5000);
    forget_time();
    load(1);
    before = run(1)->instructions_limit;
    do {
        for (int i = 0; i < CDN_TIGHTEN_RUNS + 10; i++)
            run(30000);
        learn();
        forget_time();
        limit = run(1)->instructions_limit;
        ck_assert_uint_gt(limit, before);
        before = limit;
        run(30000);
        ck_assert_int_lt(++rounds, 100);
    } while (cordon_outcome_get_kind(outcome) != CORDON_OUTCOME_OK);
    ck_assert_int_gt(rounds, 1);
    finish();
}
END_TEST

/* What was refused before it ran used nothing, and says nothing. */
START_TEST(limits__do_not_learn_from_what_was_denied)
{
    cordon_request request = CORDON_REQUEST_INIT;
    uint64_t used;

    serve(1, 2);
    serving_load(engine, LOOP);
    request.principal = "nobody";
    for (int i = 0; i < 5000; i++)
        ck_assert(!cordon_evaluate(outcome, engine, "loop", &request, NULL));
    used = usual(220, 20000, 20000);
    load(1);
    ck_limit(run(1)->instructions_limit, 2, used);
    finish();
}
END_TEST

struct caller {
    pthread_t thread;
    cordon_outcome *outcome;
    cordon_status status;
};

static void *call(void *ud)
{
    struct caller *caller = ud;
    cordon_request request = CORDON_REQUEST_INIT;

    request.params = "\x81\xa1n\x05";
    request.params_bytes = 4;
    caller->status = cordon_evaluate(caller->outcome, engine, "loop", &request, NULL);
    return NULL;
}

/* Callers that truly wait, in a queue that then empties: all but the last run while somebody
 * waits, and the time they had waited is not taken from the time they get. */
START_TEST(waiting__is_not_time_that_was_used)
{
    enum { CALLERS = 6 };
    struct caller callers[CALLERS];
    struct cdn_lane *lane;
    uint64_t used, queued_ns, waited_ns;
    unsigned full = 0;

    serve(1, 2);
    serving_load(engine, LOOP);
    used = usual(220, 1000, 1000);
    lane = cdn_pool_try(engine, 0);
    for (unsigned i = 0; i < CALLERS; i++) {
        callers[i].outcome = serving_outcome();
        ck_assert(!pthread_create(&callers[i].thread, NULL, call, &callers[i]));
        while (atomic_load(&engine->waiters) != i + 1)
            usleep(100);
    }
    queued_ns = cdn_clock_ns();
    usleep(20000);
    waited_ns = cdn_clock_ns() - queued_ns;
    cdn_pool_release(engine, lane);
    for (unsigned i = 0; i < CALLERS; i++) {
        const cordon_usage *usage = cordon_outcome_usage(callers[i].outcome);

        pthread_join(callers[i].thread, NULL);
        ck_assert_int_eq(callers[i].status, CORDON_OK);
        ck_assert_uint_ge(usage->wall_limit_ns, waited_ns + CDN_TIGHTEN_NS);
        if (usage->instructions_limit == CEILING)
            full++;
        else
            ck_limit(usage->instructions_limit, 2, used);
        cordon_outcome_free(callers[i].outcome);
    }
    ck_assert_uint_eq(full, 1);
    ck_assert_uint_eq(run(1)->instructions_limit, CEILING);
    finish();
}
END_TEST

/* Nor is it time that is usual. */
START_TEST(waiting__is_not_learned_from)
{
    const struct cdn_rule rule = {.decision_count = 0};
    struct cdn_tally tally = {0};

    serve(1, 2);
    outcome->kind = CORDON_OUTCOME_OK;
    outcome->usage.instructions = 100;
    outcome->usage.wall_ns = 5001000;
    for (int i = 0; i < 10; i++)
        cdn_tally_add(&tally, &rule, CORDON_VARIANT_LIVE, outcome, 5000000);
    ck_assert_uint_le(cdn_sketch_bound(&tally.wall_sketch, 0.9), 1250);
    ck_assert_uint_ge(cdn_sketch_bound(&tally.wall_sketch, 0.9), 990);
    finish();
}
END_TEST

START_TEST(stopped__is_told_apart_from_a_limit_of_its_own)
{
    struct cdn_budget full = {.instructions = 100, .wall_ns = 100};
    struct cdn_budget given = {.instructions = 10, .wall_ns = 100};

    serve(1, 2);
    outcome->kind = CORDON_OUTCOME_LIMIT;
    outcome->limit = CORDON_BUDGET_INSTRUCTIONS;
    ck_assert(cdn_tighten_stopped(outcome, &full, &given));
    ck_assert(!cdn_tighten_stopped(outcome, &full, &full));
    outcome->limit = CORDON_BUDGET_TIME;
    ck_assert(!cdn_tighten_stopped(outcome, &full, &given));
    given.wall_ns = 99;
    ck_assert(cdn_tighten_stopped(outcome, &full, &given));
    outcome->limit = CORDON_BUDGET_EDGES;
    ck_assert(!cdn_tighten_stopped(outcome, &full, &given));
    outcome->kind = CORDON_OUTCOME_ERROR;
    ck_assert(!cdn_tighten_stopped(outcome, &full, &given));
    finish();
}
END_TEST

/* The metrics have it, once limits follow load at all. */
START_TEST(stopped__is_counted)
{
    static char text[1 << 16];
    size_t bytes;

    serve(1, 2);
    serving_load(engine, LOOP);
    usual(220, 10, 10);
    forget_time();
    load(1);
    for (int i = 0; i < 3; i++)
        run(100000);
    ck_assert(!cordon_engine_metrics(text, sizeof text, &bytes, engine, NULL));
    ck_assert_ptr_nonnull(
        strstr(text, "cordon_limit_tightened_total{rule=\"loop\"} 3\n"));
    ck_assert_ptr_nonnull(strstr(
        text, "cordon_limit_exceeded_total{rule=\"loop\",kind=\"instructions\"} 3\n"));
    finish();
    serve(1, 0);
    ck_assert(!cordon_engine_metrics(text, sizeof text, &bytes, engine, NULL));
    ck_assert_ptr_null(strstr(text, "cordon_limit_tightened_total"));
    finish();
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("tighten");

    CDN_UNIT_CASE(s, limits__fall_under_load_and_recover);
    CDN_UNIT_CASE(s, limits__never_rise_above_what_they_were);
    CDN_UNIT_CASE(s, limits__never_fall_below_the_floor);
    CDN_UNIT_CASE(s, limits__stay_while_too_little_is_known);
    CDN_UNIT_CASE(s, limits__follow_a_rule_that_becomes_dearer_or_cheaper);
    CDN_UNIT_CASE(s, limits__do_not_talk_themselves_down);
    CDN_UNIT_CASE(s, limits__do_not_learn_from_what_was_denied);
    CDN_UNIT_CASE(s, waiting__is_not_time_that_was_used);
    CDN_UNIT_CASE(s, waiting__is_not_learned_from);
    CDN_UNIT_CASE(s, stopped__is_told_apart_from_a_limit_of_its_own);
    CDN_UNIT_CASE(s, stopped__is_counted);
    return s;
}

CDN_UNIT_MAIN(suite)
