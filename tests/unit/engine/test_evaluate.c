#include "serving.h"

#include <pthread.h>
#include <stdatomic.h>

#include "base/alloc.h"
#include "sandbox/trace.h"

START_TEST(evaluate__refuses_bad_arguments)
{
    cordon_engine *engine = serving_engine(1);
    cordon_outcome *outcome = serving_outcome();
    cordon_request request = CORDON_REQUEST_INIT;
    cordon_limits limits = CORDON_LIMITS_INIT;
    cordon_error err;

    serving_load(engine, NO_GRAPH("r", "return { output = 1 }"));
    ck_assert_int_eq(cordon_evaluate(NULL, engine, "r", &request, &err),
                     CORDON_E_INVALID);
    ck_assert_int_eq(cordon_evaluate(outcome, NULL, "r", &request, &err),
                     CORDON_E_INVALID);
    ck_assert_int_eq(cordon_evaluate(outcome, engine, NULL, &request, &err),
                     CORDON_E_INVALID);
    ck_assert_int_eq(cordon_evaluate(outcome, engine, "r", NULL, NULL),
                     CORDON_E_INVALID);
    ck_assert_int_eq(cordon_evaluate(outcome, engine, "q", &request, &err),
                     CORDON_E_NOTFOUND);
    ck_assert_str_eq(cordon_outcome_message(outcome), "no rule 'q'");
    request.struct_size = 4;
    ck_assert_int_eq(cordon_evaluate(outcome, engine, "r", &request, &err),
                     CORDON_E_INVALID);
    ck_assert_contains(err.message, "cordon_request: struct_size is 4");
    request.struct_size = sizeof request;
    request.params_bytes = 3;
    ck_assert_int_eq(cordon_evaluate(outcome, engine, "r", &request, &err),
                     CORDON_E_INVALID);
    request.params_bytes = 0;
    request.limits = &limits;
    limits.struct_size = 0;
    ck_assert_int_eq(cordon_evaluate(outcome, engine, "r", &request, &err),
                     CORDON_E_INVALID);
    limits.struct_size = sizeof limits;
    limits.edges = 100000001;
    ck_assert_int_eq(cordon_evaluate(outcome, engine, "r", &request, &err),
                     CORDON_E_INVALID);
    ck_assert_str_eq(
        err.message,
        "limits.edges: 100000001 is above the engine's ceiling, 100000000");
    limits.edges = 0;
    ck_assert_int_eq(serving_answer(engine, outcome, "r", &request), 1);
    cordon_outcome_free(outcome);
    cordon_engine_free(engine);
}
END_TEST

START_TEST(request__and_limits__have_the_layout_that_was_published)
{
    ck_assert_uint_eq(sizeof(cordon_request), 128);
    ck_assert_uint_eq(offsetof(cordon_request, label), 8);
    ck_assert_uint_eq(offsetof(cordon_request, key_bytes), 24);
    ck_assert_uint_eq(offsetof(cordon_request, params), 32);
    ck_assert_uint_eq(offsetof(cordon_request, now_ms), 48);
    ck_assert_uint_eq(offsetof(cordon_request, as_of_ms), 56);
    ck_assert_uint_eq(offsetof(cordon_request, seed), 64);
    ck_assert_uint_eq(offsetof(cordon_request, limits), 72);
    ck_assert_uint_eq(offsetof(cordon_request, cancel), 80);
    ck_assert_uint_eq(offsetof(cordon_request, graph), 120);
    ck_assert_uint_eq(sizeof(cordon_limits), 64);
    ck_assert_uint_eq(offsetof(cordon_limits, wall_ns), 40);
    ck_assert_uint_eq(offsetof(cordon_limits, nodes), 48);
    ck_assert_uint_eq(offsetof(cordon_limits, hops), 56);
}
END_TEST

START_TEST(evaluate__starts_pristine_every_time)
{
    cordon_engine *engine = serving_engine(1);
    cordon_outcome *outcome = serving_outcome();
    const cordon_request request = CORDON_REQUEST_INIT;

    serving_load(engine, NO_GRAPH("leaky", "leak = (leak or 0) + 1\n"
                                           "up = (up or 0)\n"
                                           "return { output = leak }"));
    serving_load(engine, NO_GRAPH("other", "return { output = leak or 0 }"));
    for (int i = 0; i < 20; i++) {
        ck_assert_int_eq(serving_answer(engine, outcome, "leaky", &request), 1);
        ck_assert_int_eq(serving_answer(engine, outcome, "other", &request), 0);
    }
    cordon_outcome_free(outcome);
    cordon_engine_free(engine);
}
END_TEST

/* What a stopped or broken rule leaves behind does not touch the next. */
START_TEST(evaluate__recovers_after_every_kind_of_end)
{
    static const char *const bodies[] = {
        "while true do end",
        "local t = {} while true do t[#t + 1] = ('x'):rep(1000) .. #t end",
        "error({})",
        "return { output = ('x'):rep(100000) }",
        "return { decision = 'x' }",
        "local function f() return f() + 1 end f()",
        "local co = coroutine.wrap(function() coroutine.yield(1) end) co() error('x')",
    };
    cordon_engine *engine = serving_engine(1);
    cordon_outcome *outcome = serving_outcome();
    const cordon_request request = CORDON_REQUEST_INIT;
    char source[512];
    cordon_error err;

    serving_load(engine, NO_GRAPH("good", "return { output = 42 }"));
    for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++) {
        snprintf(source, sizeof source,
                 "return { name = 'bad', fallback = 'none', evaluate = "
                 "function()\n%s\nend }",
                 bodies[i]);
        serving_load(engine, source);
        for (int k = 0; k < 3; k++) {
            ck_assert(!cordon_evaluate(outcome, engine, "bad", &request, &err));
            ck_assert_int_ne(cordon_outcome_get_kind(outcome), CORDON_OUTCOME_OK);
            ck_assert_int_eq(serving_answer(engine, outcome, "good", &request), 42);
        }
    }
    cordon_outcome_free(outcome);
    cordon_engine_free(engine);
}
END_TEST

#define BUSY_BODY                                                                      \
    "local keys, n = {}, 0\n"                                                          \
    "for k in pairs({ z = 1, a = 2, [7] = 3, 'x' }) do keys[#keys + 1] = k end\n"      \
    "local s = request.node:outgoing('transfer')\n"                                    \
    "for edge, peer in s:each() do n = n + edge.amount end\n"                          \
    "return { score = n, reasons = { ('%.3f'):format(math.random()) },\n"              \
    "output = { keys, s:distinct(), s:nodes():outgoing('transfer'):count() } }"

START_TEST(evaluate__allocates_nothing_after_warm_up)
{
    cordon_engine *engine = serving_engine(2);
    cordon_outcome *outcome = serving_outcome();
    cordon_request request = CORDON_REQUEST_INIT;
    cordon_limits limits = CORDON_LIMITS_INIT;
    uint64_t before;
    cordon_error err;

    serving_bank(engine);
    serving_load(engine, TRANSFERS("busy", BUSY_BODY));
    serving_load(engine, NO_GRAPH("small", "return { output = 1 }"));
    serving_load(engine, NO_GRAPH("fails", "error('no')"));
    ck_assert(!cordon_engine_warm(engine, "busy", &err));
    ck_assert(!cordon_engine_warm(engine, "small", &err));
    ck_assert(!cordon_engine_warm(engine, "fails", &err));
    ck_assert_int_eq(cordon_engine_warm(engine, "bsuy", &err), CORDON_E_NOTFOUND);
    request.label = "Account";
    request.key = "100";
    request.limits = &limits;
    limits.instructions = 100000;
    before = cdn_alloc_count();
    for (int i = 0; i < 10000; i++) {
        const char *const rules[] = {"busy", "small", "fails", "none"};

        cordon_evaluate(outcome, engine, rules[i % 4], &request, &err);
    }
    ck_assert_uint_eq(cdn_alloc_count(), before);
    cordon_outcome_free(outcome);
    cordon_engine_free(engine);
}
END_TEST

struct answer {
    uint64_t instructions, edges, nodes, digest;
    size_t bytes;
    unsigned char result[256];
};

static void take_answer(struct answer *answer, const cordon_outcome *outcome)
{
    const cordon_usage *usage = cordon_outcome_usage(outcome);
    const void *bytes = cordon_outcome_result(outcome, &answer->bytes);

    ck_assert_msg(cordon_outcome_get_kind(outcome) == CORDON_OUTCOME_OK, "%s",
                  cordon_outcome_message(outcome));
    answer->instructions = usage->instructions;
    answer->edges = usage->edges;
    answer->nodes = usage->nodes;
    answer->digest = cordon_outcome_reads_digest(outcome);
    ck_assert_uint_le(answer->bytes, sizeof answer->result);
    memcpy(answer->result, bytes, answer->bytes);
}

struct worker {
    cordon_engine *engine;
    struct answer answer;
    int rounds;
};

static void *evaluate_many(void *ud)
{
    struct worker *worker = ud;
    cordon_outcome *outcome = serving_outcome();
    cordon_request request = CORDON_REQUEST_INIT;
    cordon_error err;

    request.label = "Account";
    request.key = "100";
    request.seed = 99;
    for (int i = 0; i < worker->rounds; i++) {
        struct answer answer = {0};

        ck_assert_msg(!cordon_evaluate(outcome, worker->engine, "busy", &request, &err),
                      "%s", err.message);
        take_answer(&answer, outcome);
        if (i)
            ck_assert_mem_eq(&answer, &worker->answer, sizeof answer);
        worker->answer = answer;
    }
    cordon_outcome_free(outcome);
    return NULL;
}

START_TEST(evaluate__is_the_same_in_every_slot_and_thread)
{
    enum { THREADS = 4 };
    cordon_engine *engine = serving_engine(THREADS);
    cordon_engine *other = serving_engine(1);
    struct worker workers[THREADS + 1];
    pthread_t threads[THREADS];

    memset(workers, 0, sizeof workers);
    serving_bank(engine);
    serving_bank(other);
    serving_load(other, NO_GRAPH("before", "return { output = 1 }"));
    serving_load(engine, TRANSFERS("busy", BUSY_BODY));
    serving_load(other, TRANSFERS("busy", BUSY_BODY));
    for (int i = 0; i < THREADS; i++) {
        workers[i] = (struct worker){.engine = engine, .rounds = 200};
        ck_assert(!pthread_create(&threads[i], NULL, evaluate_many, &workers[i]));
    }
    workers[THREADS] = (struct worker){.engine = other, .rounds = 3};
    evaluate_many(&workers[THREADS]);
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
        ck_assert_mem_eq(&workers[i].answer, &workers[THREADS].answer,
                         sizeof workers[i].answer);
    }
    cordon_engine_free(engine);
    cordon_engine_free(other);
}
END_TEST

struct churn {
    cordon_engine *engine;
    atomic_bool done;
    atomic_uint answers;
    cordon_cancel cancel;
};

static void *judge(void *ud)
{
    struct churn *churn = ud;
    cordon_outcome *outcome = serving_outcome();
    cordon_request request = CORDON_REQUEST_INIT;
    cordon_error err;

    request.label = "Account";
    request.key = "100";
    while (!atomic_load(&churn->done)) {
        cordon_status status =
            cordon_evaluate(outcome, churn->engine, "turn", &request, &err);
        int64_t answer;

        /* it is there always; the graph is taken away now and then */
        if (status) {
            ck_assert_msg(status == CORDON_E_RULE || status == CORDON_E_NOTFOUND, "%s",
                          err.message);
            continue;
        }
        ck_assert_msg(cordon_outcome_get_kind(outcome) == CORDON_OUTCOME_OK, "%s",
                      cordon_outcome_message(outcome));
        answer = cordon_outcome_output(outcome).as.integer;
        ck_assert_int_ge(answer, 5);
        ck_assert_int_le(answer, 5 + 1000);
        ck_assert_int_eq(cordon_outcome_usage(outcome)->edges > 0, 1);
        atomic_fetch_add(&churn->answers, 1);
    }
    cordon_outcome_free(outcome);
    return NULL;
}

START_TEST(evaluate__goes_on_while_rules_and_snapshots_are_swapped)
{
    enum { THREADS = 4, ROUNDS = 60 };
    struct churn churn = {.engine = serving_engine(3)};
    cordon_snapshot *banks[2] = {cdn_fixture_bank_open(), cdn_fixture_bank_open()};
    pthread_t threads[THREADS];
    char source[512];

    ck_assert(!cordon_engine_set_snapshot(churn.engine, banks[0], NULL));
    serving_load(churn.engine,
                 TRANSFERS("turn", "return { output = 0 +\n"
                                   "request.node:outgoing('transfer'):count() }"));
    for (int i = 0; i < THREADS; i++)
        ck_assert(!pthread_create(&threads[i], NULL, judge, &churn));
    for (int i = 0; i < ROUNDS; i++) {
        unsigned answers = atomic_load(&churn.answers);

        snprintf(source, sizeof source,
                 TRANSFERS("turn", "return { output = %d +\n"
                                   "request.node:outgoing('transfer'):count() }"),
                 i);
        serving_load(churn.engine, source);
        ck_assert(!cordon_engine_set_snapshot(churn.engine, banks[i % 2], NULL));
        snprintf(
            source, sizeof source,
            "return { name = 'r%d', fallback = 'none', evaluate = function() end }",
            i % 5);
        serving_load(churn.engine, source);
        if (i % 7 == 0)
            ck_assert(!cordon_engine_set_snapshot(churn.engine, NULL, NULL));
        if (i % 7 == 1) {
            snprintf(source, sizeof source, "r%d", i % 5);
            ck_assert(!cordon_engine_unload_rule(churn.engine, source, NULL));
        }
        /* let each state be used before the next one comes */
        while (i % 7 && atomic_load(&churn.answers) < answers + 3)
            usleep(100);
    }
    atomic_store(&churn.done, true);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    ck_assert(!cordon_engine_set_snapshot(churn.engine, NULL, NULL));
    /* nothing stands on an old state any more */
    ck_assert_uint_eq(banks[0]->references, 1);
    ck_assert_uint_eq(banks[1]->references, 1);
    cordon_engine_free(churn.engine);
    cordon_snapshot_release(banks[0]);
    cordon_snapshot_release(banks[1]);
}
END_TEST

static void *run_endless(void *ud)
{
    struct churn *churn = ud;
    cordon_outcome *outcome = serving_outcome();
    cordon_request request = CORDON_REQUEST_INIT;
    cordon_limits limits = CORDON_LIMITS_INIT;
    cordon_error err;

    limits.instructions = 1000000000;
    limits.wall_ns = UINT64_C(10000000000);
    request.limits = &limits;
    request.cancel = &churn->cancel;
    atomic_fetch_add(&churn->answers, 1);
    /* where there is one sandbox, whoever watches may just have it */
    cordon_status status;
    do
        status = cordon_evaluate(outcome, churn->engine, "endless", &request, &err);
    while (status == CORDON_E_BUSY);
    ck_assert_int_eq(status, CORDON_OK);
    ck_assert_int_eq(cordon_outcome_get_kind(outcome), CORDON_OUTCOME_CANCELLED);
    cordon_outcome_free(outcome);
    return NULL;
}

#define ENDLESS                                                                        \
    "return { name = 'endless', fallback = 'none',\n"                                  \
    "limits = { instructions = 1e9, time = '10s' },\n"                                 \
    "evaluate = function() while true do end end }"

START_TEST(cancel__ends_all_evaluations_that_carry_it)
{
    struct churn churn = {.engine = serving_engine(2)};
    pthread_t threads[2];

    serving_load(churn.engine, ENDLESS);
    for (int i = 0; i < 2; i++)
        ck_assert(!pthread_create(&threads[i], NULL, run_endless, &churn));
    while (atomic_load(&churn.answers) < 2)
        usleep(100);
    usleep(2000);
    cordon_cancel_request(&churn.cancel);
    for (int i = 0; i < 2; i++)
        pthread_join(threads[i], NULL);
    cordon_cancel_clear(&churn.cancel);
    ck_assert_uint_eq(churn.cancel.requested, 0);
    cordon_cancel_request(NULL);
    cordon_cancel_clear(NULL);
    cordon_engine_free(churn.engine);
}
END_TEST

START_TEST(evaluate__says_busy_when_no_sandbox_comes_free)
{
    cordon_engine_options options = CORDON_ENGINE_OPTIONS_INIT;
    struct churn churn = {0};
    cordon_outcome *outcome = serving_outcome();
    cordon_request request = CORDON_REQUEST_INIT;
    pthread_t thread;
    cordon_error err;
    cordon_status status;

    options.slots = 1;
    options.busy_wait_ms = 1;
    ck_assert(!cordon_engine_new(&churn.engine, &options, &err));
    serving_load(churn.engine, ENDLESS);
    serving_load(churn.engine, NO_GRAPH("r", "return { output = 1 }"));
    ck_assert(!pthread_create(&thread, NULL, run_endless, &churn));
    do /* until the other thread has the sandbox */
        status = cordon_evaluate(outcome, churn.engine, "r", &request, &err);
    while (!status);
    ck_assert_int_eq(status, CORDON_E_BUSY);
    ck_assert_contains(err.message, "all 1 sandboxes stayed in use");
    ck_assert_int_eq(cordon_outcome_get_kind(outcome), CORDON_OUTCOME_ERROR);
    cordon_cancel_request(&churn.cancel);
    pthread_join(thread, NULL);
    ck_assert_int_eq(serving_answer(churn.engine, outcome, "r", &request), 1);
    cordon_outcome_free(outcome);
    cordon_engine_free(churn.engine);
}
END_TEST

#ifdef CORDON_FAILALLOC
START_TEST(evaluate__and_warm__survive_every_allocation_failure)
{
    CDN_UNIT_FAILALLOC(nth)
    {
        const cordon_request request = CORDON_REQUEST_INIT;
        cordon_engine *engine;
        cordon_outcome *outcome;
        cordon_error err;
        cordon_status status;

        cdn_failalloc_after(-1, false);
        engine = serving_engine(2);
        outcome = serving_outcome();
        serving_load(engine, NO_GRAPH("r", "return { output = 1 }"));
        cdn_failalloc_after(nth, false);
        status = cordon_evaluate(outcome, engine, "r", &request, &err);
        if (!status)
            status = cordon_engine_warm(engine, "r", &err);
        ck_assert_int_eq(status, cdn_failalloc_fired() ? CORDON_E_NOMEM : CORDON_OK);
        cordon_outcome_free(outcome);
        cordon_engine_free(engine);
    }
}
END_TEST
#endif

START_TEST(trace__is_filled_by_one_evaluation_at_a_time)
{
    cordon_engine *engine = serving_engine(1);
    cordon_outcome *outcome = serving_outcome();
    cordon_request request = CORDON_REQUEST_INIT;
    const unsigned char hash[CDN_CONTENT_HASH_BYTES] = {0};
    const cordon_trace_value *value;
    cordon_trace *trace;
    uint64_t allocations, instructions;
    cordon_error err;

    ck_assert(!cordon_trace_new(&trace, NULL, NULL));
    serving_load(engine,
                 NO_GRAPH("r", "local a = 20\nlocal b = a + 1\nreturn { output = b }"));
    ck_assert_int_eq(serving_answer(engine, outcome, "r", &request), 21);
    instructions = cordon_outcome_usage(outcome)->instructions;
    request.trace = trace;
    allocations = cdn_alloc_count();
    for (int i = 0; i < 10; i++) {
        ck_assert_int_eq(serving_answer(engine, outcome, "r", &request), 21);
        ck_assert_uint_eq(cordon_outcome_usage(outcome)->instructions, instructions);
    }
    ck_assert_uint_eq(cdn_alloc_count(), allocations);
    ck_assert_uint_eq(cordon_trace_get_summary(trace)->runs, 10);
    ck_assert_str_eq(cordon_trace_get_summary(trace)->source_hash,
                     cordon_outcome_source_hash(outcome));
    ck_assert_uint_eq(cordon_trace_line_at(trace, 3)->hits, 10);
    value = cordon_trace_value_at(trace, 0);
    ck_assert_str_eq(value->name, "request");
    ck_assert_contains(value->text, ", params = {}}");
    value = cordon_trace_value_at(trace, 2);
    ck_assert_str_eq(value->name, "b");
    ck_assert_str_eq(value->text, "21");

    ck_assert(cdn_trace_begin(trace, hash, "", 0, NULL)); /* as another one would */
    ck_assert_int_eq(cordon_evaluate(outcome, engine, "r", &request, &err),
                     CORDON_E_INVALID);
    ck_assert_contains(err.message, "the trace is in use by another evaluation");
    cdn_trace_end(trace, NULL);
    ck_assert_int_eq(serving_answer(engine, outcome, "r", &request), 21);
    request.trace = NULL;
    ck_assert_int_eq(serving_answer(engine, outcome, "r", &request), 21);
    ck_assert_uint_eq(cordon_trace_get_summary(trace)->runs, 1);
    cordon_trace_free(trace);
    cordon_outcome_free(outcome);
    cordon_engine_free(engine);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("evaluate");

    CDN_UNIT_CASE(s, evaluate__refuses_bad_arguments);
    CDN_UNIT_CASE(s, request__and_limits__have_the_layout_that_was_published);
    CDN_UNIT_CASE(s, evaluate__starts_pristine_every_time);
    CDN_UNIT_CASE(s, evaluate__recovers_after_every_kind_of_end);
    CDN_UNIT_CASE(s, evaluate__allocates_nothing_after_warm_up);
    CDN_UNIT_CASE(s, evaluate__is_the_same_in_every_slot_and_thread);
    CDN_UNIT_CASE(s, evaluate__goes_on_while_rules_and_snapshots_are_swapped);
    CDN_UNIT_CASE(s, cancel__ends_all_evaluations_that_carry_it);
    CDN_UNIT_CASE(s, evaluate__says_busy_when_no_sandbox_comes_free);
    CDN_UNIT_CASE(s, trace__is_filled_by_one_evaluation_at_a_time);
#ifdef CORDON_FAILALLOC
    CDN_UNIT_CASE(s, evaluate__and_warm__survive_every_allocation_failure);
#endif
    return s;
}

CDN_UNIT_MAIN(suite)
