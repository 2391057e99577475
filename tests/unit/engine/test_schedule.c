#include "serving.h"

#include "engine/engine.h"

#define FOREVER NO_GRAPH("forever", "while true do end")
#define QUICK   NO_GRAPH("quick", "return { output = 42 }")

static cordon_engine *narrow(uint32_t wait_ms, uint32_t most_waiting,
                             uint32_t interrupts)
{
    cordon_engine_options options = CORDON_ENGINE_OPTIONS_INIT;
    cordon_engine *engine;

    options.slots = 1;
    options.busy_wait_ms = wait_ms;
    options.max_waiting = most_waiting;
    options.interrupt_slots = interrupts;
    options.max_instructions = UINT64_C(1) << 50;
    options.max_wall_ns = UINT64_C(1) << 50;
    ck_assert(!cordon_engine_new(&engine, &options, NULL));
    return engine;
}

/* A job that notes when it ran, and may hold its lane until told. */
struct noted {
    struct cdn_job job; /* first */
    cordon_engine *engine;
    atomic_uint *turn;
    atomic_bool *hold;
    unsigned at;
    cordon_status status;
    cordon_error err;
    pthread_t thread;
};

static void note(struct cdn_job *job, cordon_engine *engine, struct cdn_lane *lane)
{
    struct noted *noted = (struct noted *)(void *)job;

    (void)engine;
    (void)lane;
    noted->at = atomic_fetch_add(noted->turn, 1) + 1;
    while (noted->hold && atomic_load(noted->hold))
        usleep(100);
}

static void *schedule(void *ud)
{
    struct noted *noted = ud;

    noted->status = cdn_schedule(noted->engine, &noted->job, &noted->err);
    return NULL;
}

static void start(struct noted *noted, cordon_engine *engine, atomic_uint *turn,
                  uint32_t priority)
{
    *noted = (struct noted){
        .job = {.run = note, .priority = priority, .until_ns = UINT64_MAX},
        .engine = engine,
        .turn = turn};
    ck_assert(!pthread_create(&noted->thread, NULL, schedule, noted));
}

static void await_waiters(cordon_engine *engine, unsigned count)
{
    while (atomic_load(&engine->waiters) != count)
        usleep(100);
}

START_TEST(lease__gives_each_lane_to_one_holder)
{
    cordon_engine *engine = serving_engine(4);
    struct cdn_lane *lanes[4];

    for (int i = 0; i < 4; i++) {
        lanes[i] = cdn_pool_try(engine, 0);
        ck_assert_ptr_nonnull(lanes[i]);
        for (int k = 0; k < i; k++)
            ck_assert_ptr_ne(lanes[k], lanes[i]);
    }
    ck_assert_ptr_null(cdn_pool_try(engine, 7));
    cdn_pool_release(engine, lanes[2]);
    ck_assert_ptr_eq(cdn_pool_try(engine, 0), lanes[2]);
    for (int i = 0; i < 4; i++)
        cdn_pool_release(engine, lanes[i]);
    cordon_engine_free(engine);
}
END_TEST

START_TEST(lease__gives_a_thread_the_lane_it_had)
{
    cordon_engine *engine = serving_engine(4);
    struct cdn_lane *first = cdn_pool_try(engine, 0);
    struct cdn_lane *second = cdn_pool_try(engine, 0);

    cdn_pool_release(engine, first);
    cdn_pool_release(engine, second);
    for (int i = 0; i < 10; i++) {
        ck_assert_ptr_eq(cdn_pool_try(engine, 0), second);
        cdn_pool_release(engine, second);
    }
    cordon_engine_free(engine);
}
END_TEST

struct contest {
    cordon_engine *engine;
    int held[2]; /* by lane; only its holder writes it */
};

struct contender {
    struct cdn_job job; /* first */
    struct contest *contest;
    int round;
};

static void hold_alone(struct cdn_job *job, cordon_engine *engine,
                       struct cdn_lane *lane)
{
    struct contender *contender = (struct contender *)(void *)job;
    struct contest *contest = contender->contest;

    (void)engine;
    ck_assert_uint_lt(lane->number, 2);
    ck_assert_int_eq(contest->held[lane->number]++, 0);
    if (contender->round % 64 == 0)
        usleep(50);
    contest->held[lane->number]--;
}

static void *contend(void *ud)
{
    struct contender contender = {.job = {.run = hold_alone, .until_ns = UINT64_MAX},
                                  .contest = ud};

    for (contender.round = 0; contender.round < 2000; contender.round++) {
        contender.job.priority = (uint32_t)contender.round % 8;
        ck_assert(!cdn_schedule(contender.contest->engine, &contender.job, NULL));
    }
    return NULL;
}

START_TEST(queue__loses_nobody)
{
    cordon_engine_options options = CORDON_ENGINE_OPTIONS_INIT;
    struct contest contest = {0};
    pthread_t threads[6];

    options.slots = 2;
    options.busy_wait_ms = 60000;
    ck_assert(!cordon_engine_new(&contest.engine, &options, NULL));
    for (int i = 0; i < 6; i++)
        ck_assert(!pthread_create(&threads[i], NULL, contend, &contest));
    for (int i = 0; i < 100; i++) {
        struct cdn_lane *lane = &contest.engine->lanes[i % 2];

        cdn_pool_lease_lane(contest.engine, lane);
        ck_assert_int_eq(contest.held[i % 2]++, 0);
        contest.held[i % 2]--;
        cdn_pool_release(contest.engine, lane);
    }
    for (int i = 0; i < 6; i++)
        pthread_join(threads[i], NULL);
    ck_assert_uint_eq(atomic_load(&contest.engine->waiters), 0);
    ck_assert_uint_eq(atomic_load(&contest.engine->urgent), 0);
    cordon_engine_free(contest.engine);
}
END_TEST

START_TEST(queue__serves_by_priority_then_by_arrival)
{
    static const uint32_t priorities[] = {1, 5, 3, 5, 1};
    static const unsigned turns[] = {4, 1, 3, 2, 5};
    cordon_engine *engine = narrow(60000, 64, CORDON_NONE);
    struct cdn_lane *lane = cdn_pool_try(engine, 0);
    struct noted noted[5];
    atomic_uint turn = 0;

    for (unsigned i = 0; i < 5; i++) {
        start(&noted[i], engine, &turn, priorities[i]);
        await_waiters(engine, i + 1);
    }
    ck_assert_uint_eq(atomic_load(&engine->urgent), 6);
    cdn_pool_release(engine, lane);
    for (unsigned i = 0; i < 5; i++) {
        pthread_join(noted[i].thread, NULL);
        ck_assert_int_eq(noted[i].status, CORDON_OK);
        ck_assert_uint_eq(noted[i].at, turns[i]);
    }
    cordon_engine_free(engine);
}
END_TEST

START_TEST(queue__refuses_one_too_many_at_once)
{
    cordon_engine *engine = narrow(60000, 2, CORDON_NONE);
    struct cdn_lane *lane = cdn_pool_try(engine, 0);
    struct noted waiting[2], refused;
    atomic_uint turn = 0;

    for (unsigned i = 0; i < 2; i++) {
        start(&waiting[i], engine, &turn, 0);
        await_waiters(engine, i + 1);
    }
    start(&refused, engine, &turn, 7); /* whatever its priority */
    pthread_join(refused.thread, NULL);
    ck_assert_int_eq(refused.status, CORDON_E_OVERLOADED);
    ck_assert_contains(refused.err.message, "2 callers wait");
    ck_assert_uint_eq(refused.at, 0);
    ck_assert_uint_eq(atomic_load(&engine->shed), 1);
    cdn_pool_release(engine, lane);
    for (unsigned i = 0; i < 2; i++)
        pthread_join(waiting[i].thread, NULL);
    ck_assert_uint_eq(atomic_load(&turn), 2);
    cordon_engine_free(engine);
}
END_TEST

START_TEST(queue__waits_no_longer_than_the_options_or_the_job_allow)
{
    cordon_engine *engine = narrow(1, 64, CORDON_NONE);
    struct cdn_lane *lane = cdn_pool_try(engine, 0);
    struct noted noted = {.job = {.run = note, .until_ns = UINT64_MAX}};

    ck_assert_int_eq(cdn_schedule(engine, &noted.job, &noted.err), CORDON_E_BUSY);
    ck_assert_contains(noted.err.message, "busy_wait_ms (1)");
    engine->options.busy_wait_ms = 60000;
    noted.job.until_ns = 1; /* long ago */
    ck_assert_int_eq(cdn_schedule(engine, &noted.job, &noted.err), CORDON_E_BUSY);
    ck_assert_uint_eq(atomic_load(&engine->lapsed), 2);
    ck_assert_uint_eq(atomic_load(&engine->waiters), 0);
    cdn_pool_release(engine, lane);
    cordon_engine_free(engine);
}
END_TEST

/* ---- interrupting ---- */

struct run {
    cordon_engine *engine;
    const char *rule;
    cordon_request request;
    cordon_outcome *outcome;
    cordon_status status;
    atomic_bool ended;
    pthread_t thread;
};

static void *evaluate(void *ud)
{
    struct run *run = ud;

    run->status =
        cordon_evaluate(run->outcome, run->engine, run->rule, &run->request, NULL);
    atomic_store(&run->ended, true);
    return NULL;
}

static void launch(struct run *run, cordon_engine *engine, const char *rule,
                   uint32_t priority, const cordon_cancel *cancel)
{
    static const cordon_limits much = {.struct_size = sizeof much,
                                       .instructions = UINT64_C(1) << 49,
                                       .wall_ns = UINT64_C(1) << 49};

    *run = (struct run){.engine = engine,
                        .rule = rule,
                        .request = CORDON_REQUEST_INIT,
                        .outcome = serving_outcome()};
    run->request.priority = priority;
    run->request.cancel = cancel;
    run->request.limits = &much;
    ck_assert(!pthread_create(&run->thread, NULL, evaluate, run));
}

static cordon_status answer_42(void *ud, const cordon_call *call,
                               const cordon_value *arguments, cordon_builder *result,
                               cordon_error *err)
{
    (void)ud;
    (void)call;
    (void)arguments;
    (void)err;
    cordon_builder_integer(result, 42);
    return CORDON_OK;
}

static void load_forever(cordon_engine *engine)
{
    serving_load(engine,
                 "return { name = 'forever', fallback = 'none', limits = { "
                 "instructions = 2^49, time = '100h' }, evaluate = function(graph, "
                 "request) while true do end end }");
    serving_load(engine, QUICK);
}

static void await_lease(cordon_engine *engine, uint32_t lane)
{
    while (!atomic_load(&engine->lanes[lane].using))
        usleep(100);
}

START_TEST(interrupt__lets_a_request_of_higher_priority_go_before_a_long_one)
{
    cordon_engine *engine = narrow(60000, 64, 2);
    cordon_cancel cancel = {0};
    struct run slow, fast;

    load_forever(engine);
    launch(&slow, engine, "forever", 2, &cancel);
    await_lease(engine, 0);
    for (int i = 0; i < 20; i++) {
        launch(&fast, engine, "quick", 3, NULL);
        pthread_join(fast.thread, NULL);
        ck_assert_int_eq(fast.status, CORDON_OK);
        ck_assert_int_eq(cordon_outcome_output(fast.outcome).as.integer, 42);
        ck_assert(!atomic_load(&slow.ended));
        cordon_outcome_free(fast.outcome);
    }
    cordon_cancel_request(&cancel);
    pthread_join(slow.thread, NULL);
    ck_assert_int_eq(cordon_outcome_get_kind(slow.outcome), CORDON_OUTCOME_CANCELLED);
    ck_assert_uint_eq(engine->lanes[0].interrupted, 20);
    cordon_outcome_free(slow.outcome);
    cordon_engine_free(engine);
}
END_TEST

START_TEST(interrupt__is_for_higher_priority_only)
{
    cordon_engine *engine = narrow(30, 64, 2);
    cordon_cancel cancel = {0};
    struct run slow, fast;

    load_forever(engine);
    launch(&slow, engine, "forever", 3, &cancel);
    await_lease(engine, 0);
    launch(&fast, engine, "quick", 3, NULL);
    pthread_join(fast.thread, NULL);
    ck_assert_int_eq(fast.status, CORDON_E_BUSY);
    ck_assert(!atomic_load(&slow.ended));
    cordon_cancel_request(&cancel);
    pthread_join(slow.thread, NULL);
    ck_assert_uint_eq(engine->lanes[0].interrupted, 0);
    cordon_outcome_free(slow.outcome);
    cordon_outcome_free(fast.outcome);
    cordon_engine_free(engine);
}
END_TEST

START_TEST(interrupt__nests_and_every_run_goes_on_where_it_was)
{
    cordon_engine *engine = narrow(60000, 64, 2);
    cordon_cancel cancel[3] = {{0}, {0}, {0}};
    struct run slow[3], fast;

    load_forever(engine);
    for (uint32_t i = 0; i < 3; i++) { /* each on the stack of the one before */
        launch(&slow[i], engine, "forever", i, &cancel[i]);
        await_lease(engine, i);
    }
    engine->options.busy_wait_ms = 30; /* there is no level left for a fourth */
    launch(&fast, engine, "quick", 7, NULL);
    pthread_join(fast.thread, NULL);
    ck_assert_int_eq(fast.status, CORDON_E_BUSY);
    for (int i = 2; i >= 0; i--) {
        ck_assert(!atomic_load(&slow[i].ended));
        cordon_cancel_request(&cancel[i]);
        pthread_join(slow[i].thread, NULL);
        ck_assert_int_eq(cordon_outcome_get_kind(slow[i].outcome),
                         CORDON_OUTCOME_CANCELLED);
        cordon_outcome_free(slow[i].outcome);
    }
    ck_assert_uint_eq(engine->lanes[0].interrupted, 1);
    ck_assert_uint_eq(engine->lanes[1].interrupted, 1);
    cordon_outcome_free(fast.outcome);
    cordon_engine_free(engine);
}
END_TEST

/* Until one waits, and was found not to be one to interrupt for. */
static void await_look(cordon_engine *engine)
{
    for (bool looked = false; !looked; usleep(100)) {
        pthread_mutex_lock(&engine->waiting);
        looked = engine->queue && engine->queue->waits;
        pthread_mutex_unlock(&engine->waiting);
    }
    ck_assert_uint_eq(atomic_load(&engine->pressing), 0);
}

/* What may block is passed over by the run it would hold up, and one behind it is not; it gets
 * the first sandbox of its own. */
START_TEST(interrupt__is_not_for_what_may_block)
{
    cordon_function function = CORDON_FUNCTION_INIT;
    cordon_engine *engine = narrow(600000, 64, 2);
    cordon_cancel cancel = {0};
    struct run slow, waits, fast;

    function.name = "ask";
    function.body = answer_42;
    function.flags = CORDON_FUNCTION_NONDETERMINISTIC | CORDON_FUNCTION_MAY_BLOCK;
    ck_assert(!cordon_engine_add_function(engine, &function, NULL));
    load_forever(engine);
    serving_load(engine, "return { name = 'blocks', fallback = 'none', functions = { "
                         "'ask' }, evaluate = function() return { output = host.ask() "
                         "} end }");
    launch(&slow, engine, "forever", 2, &cancel);
    await_lease(engine, 0);
    launch(&waits, engine, "blocks", 7, NULL);
    await_look(engine);
    ck_assert_uint_eq(atomic_load(&engine->urgent), 8);
    for (int i = 0; i < 5; i++) {
        launch(&fast, engine, "quick", 3, NULL);
        pthread_join(fast.thread, NULL);
        ck_assert_int_eq(fast.status, CORDON_OK);
        cordon_outcome_free(fast.outcome);
    }
    ck_assert(!atomic_load(&waits.ended));
    ck_assert_uint_eq(engine->lanes[0].interrupted, 5);
    cordon_cancel_request(&cancel);
    pthread_join(slow.thread, NULL);
    pthread_join(waits.thread, NULL);
    ck_assert_int_eq(waits.status, CORDON_OK);
    ck_assert_int_eq(cordon_outcome_output(waits.outcome).as.integer, 42);
    ck_assert_uint_gt(cordon_outcome_usage(waits.outcome)->host_ns, 0);
    ck_assert_uint_le(cordon_outcome_usage(waits.outcome)->host_ns,
                      cordon_outcome_usage(waits.outcome)->wall_ns);
    cordon_outcome_free(slow.outcome);
    cordon_outcome_free(waits.outcome);
    cordon_engine_free(engine);
}
END_TEST

static void *evaluate_set(void *ud)
{
    struct run *run = ud;
    cordon_set_outcome *outcome;

    ck_assert(!cordon_set_outcome_new(&outcome, NULL));
    run->status =
        cordon_evaluate_set(outcome, run->engine, run->rule, &run->request, NULL);
    cordon_set_outcome_free(outcome);
    atomic_store(&run->ended, true);
    return NULL;
}

/* A set may if any member may, or its combiner. */
START_TEST(interrupt__is_not_for_sets_of_what_may_block)
{
    static const char *const sets[] = {
        "return { name = 's', decisions = { 'a' }, rules = { 'quick', 'blocks' } }",
        ("return { name = 's', decisions = { 'a' }, rules = { 'quick' }, "
         "combine = 'custom', combiner = 'blocks' }"),
        "return { name = 's', decisions = { 'a' }, rules = { 'quick', 'quick2' } }"};
    cordon_function function = CORDON_FUNCTION_INIT;
    cordon_engine *engine = narrow(600000, 64, 2);

    function.name = "ask";
    function.body = answer_42;
    function.flags = CORDON_FUNCTION_PURE | CORDON_FUNCTION_MAY_BLOCK;
    ck_assert(!cordon_engine_add_function(engine, &function, NULL));
    load_forever(engine);
    serving_load(engine, NO_GRAPH("quick2", "return { output = 42 }"));
    serving_load(engine, "return { name = 'blocks', fallback = 'none', functions = { "
                         "'ask' }, evaluate = function() return { output = host.ask() "
                         "} end }");
    for (int i = 0; i < 3; i++) {
        cordon_cancel cancel = {0};
        uint64_t before = engine->lanes[0].interrupted;
        struct run slow, set;

        ck_assert(!cordon_engine_load_set(engine, sets[i], strlen(sets[i]), "s.lua",
                                          NULL, NULL));
        launch(&slow, engine, "forever", 2, &cancel);
        await_lease(engine, 0);
        set =
            (struct run){.engine = engine, .rule = "s", .request = CORDON_REQUEST_INIT};
        set.request.priority = 7;
        ck_assert(!pthread_create(&set.thread, NULL, evaluate_set, &set));
        if (i == 2) { /* nothing of it may block */
            pthread_join(set.thread, NULL);
            ck_assert(!atomic_load(&slow.ended));
        } else {
            await_look(engine);
        }
        cordon_cancel_request(&cancel);
        pthread_join(slow.thread, NULL);
        if (i < 2)
            pthread_join(set.thread, NULL);
        ck_assert_int_eq(set.status, CORDON_OK);
        ck_assert_uint_eq(engine->lanes[0].interrupted - before, i == 2);
        cordon_outcome_free(slow.outcome);
    }
    cordon_engine_free(engine);
}
END_TEST

/* What is interrupted counts the same instructions and answers the same. */
START_TEST(interrupt__changes_nothing_of_the_run_it_interrupts)
{
    cordon_engine *engine = narrow(60000, 64, 2);
    cordon_outcome *alone = serving_outcome();
    cordon_request request = CORDON_REQUEST_INIT;
    uint64_t interrupted = 0;
    struct run slow, fast;

    serving_load(engine, QUICK);
    serving_load(
        engine,
        "return { name = 'long', fallback = 'none', limits = { instructions = "
        "1e9, time = '100h' }, evaluate = function(graph, request) local t, n = "
        "{}, 0 for i = 1, 2e6 do t[i % 100] = ('%d'):format(i) n = n + "
        "#t[i % 100] end return { output = n } end }");
    ck_assert_int_gt(serving_answer(engine, alone, "long", &request), 0);
    for (int round = 0; round < 50 && !interrupted; round++) {
        launch(&slow, engine, "long", 0, NULL);
        await_lease(engine, 0);
        for (int i = 0; i < 5; i++) {
            launch(&fast, engine, "quick", 1, NULL);
            pthread_join(fast.thread, NULL);
            ck_assert_int_eq(fast.status, CORDON_OK);
            cordon_outcome_free(fast.outcome);
        }
        pthread_join(slow.thread, NULL);
        ck_assert_int_eq(slow.status, CORDON_OK);
        ck_assert_int_eq(cordon_outcome_output(slow.outcome).as.integer,
                         cordon_outcome_output(alone).as.integer);
        ck_assert_uint_eq(cordon_outcome_usage(slow.outcome)->instructions,
                          cordon_outcome_usage(alone)->instructions);
        cordon_outcome_free(slow.outcome);
        interrupted = engine->lanes[0].interrupted;
    }
    ck_assert_uint_gt(interrupted, 0);
    cordon_outcome_free(alone);
    cordon_engine_free(engine);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("schedule");

    CDN_UNIT_CASE(s, lease__gives_each_lane_to_one_holder);
    CDN_UNIT_CASE(s, lease__gives_a_thread_the_lane_it_had);
    CDN_UNIT_CASE(s, queue__loses_nobody);
    CDN_UNIT_CASE(s, queue__serves_by_priority_then_by_arrival);
    CDN_UNIT_CASE(s, queue__refuses_one_too_many_at_once);
    CDN_UNIT_CASE(s, queue__waits_no_longer_than_the_options_or_the_job_allow);
    CDN_UNIT_CASE(s, interrupt__lets_a_request_of_higher_priority_go_before_a_long_one);
    CDN_UNIT_CASE(s, interrupt__is_for_higher_priority_only);
    CDN_UNIT_CASE(s, interrupt__nests_and_every_run_goes_on_where_it_was);
    CDN_UNIT_CASE(s, interrupt__is_not_for_what_may_block);
    CDN_UNIT_CASE(s, interrupt__is_not_for_sets_of_what_may_block);
    CDN_UNIT_CASE(s, interrupt__changes_nothing_of_the_run_it_interrupts);
    return s;
}

CDN_UNIT_MAIN(suite)
