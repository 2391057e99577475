/* Functions of the host's: who may call them, what it costs, and what becomes of the run.
 * What hostile rules try with them is in tests/attack/host. */
#include "serving.h"

#include <pthread.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "engine/audit.h"

#define CALLS(name, lists, body)                                                       \
    "return { name = '" name "', fallback = 'none', functions = { " lists " },\n"      \
    "limits = { time = '10s' }, evaluate = function(graph, request)\n" body "\nend }"

struct seen {
    uint64_t calls;
    cordon_cancel *cancel;
    uint64_t left_ns;
};

static cordon_status add(void *ud, const cordon_call *call,
                         const cordon_value *arguments, cordon_builder *result,
                         cordon_error *err)
{
    struct seen *seen = ud;
    cordon_value_iter iter;
    cordon_value value;
    int64_t sum = 0;

    __atomic_fetch_add(&seen->calls, 1, __ATOMIC_RELAXED);
    (void)call;
    cordon_value_iter_init(&iter, arguments);
    while (cordon_value_next(&iter, NULL, &value)) {
        if (value.type != CORDON_INTEGER) {
            snprintf(err->message, sizeof err->message, "only integers can be added");
            return CORDON_E_INVALID;
        }
        sum += value.as.integer;
    }
    cordon_builder_integer(result, sum);
    return CORDON_OK;
}

static cordon_status cancels(void *ud, const cordon_call *call,
                             const cordon_value *arguments, cordon_builder *result,
                             cordon_error *err)
{
    struct seen *seen = ud;

    (void)arguments;
    (void)result;
    (void)err;
    seen->left_ns = cordon_call_left_ns(call);
    if (!cordon_should_abort(call) && seen->cancel)
        cordon_cancel_request(seen->cancel);
    while (!cordon_should_abort(call))
        continue;
    return CORDON_OK;
}

static struct seen seen;

static void give(cordon_engine *engine, const char *name, cordon_function_body body,
                 uint32_t flags, uint64_t cost)
{
    cordon_function function = CORDON_FUNCTION_INIT;
    cordon_error err;

    function.name = name;
    function.body = body;
    function.ud = &seen;
    function.flags = flags;
    function.cost = cost;
    ck_assert_msg(!cordon_engine_add_function(engine, &function, &err), "%s",
                  err.message);
}

/* ---- adding ---- */

START_TEST(add__says_what_is_wrong)
{
    static const struct {
        const char *name;
        uint32_t flags;
        uint64_t cost;
        bool body;
        const char *message;
    } rows[] = {
        {NULL, 1, 0, true, "a function's name is"},
        {"", 1, 0, true, "a function's name is"},
        {"1a", 1, 0, true, "a function's name is"},
        {"a.b", 1, 0, true, "a function's name is"},
        {"a", 0, 0, true, "either CORDON_FUNCTION_PURE or"},
        {"a", 3, 0, true, "either CORDON_FUNCTION_PURE or"},
        {"a", 9, 0, true, "either CORDON_FUNCTION_PURE or"},
        {"a", 1, 0, false, "has no body"},
        {"a", 1, CORDON_FUNCTION_MAX_COST + 1, true, "a cost of more"},
    };
    cordon_engine *engine = serving_engine(1);
    cordon_function function = CORDON_FUNCTION_INIT;
    cordon_error err;
    char name[70];

    for (int i = 0; i < CDN_UNIT_COUNT(rows); i++) {
        function.name = rows[i].name;
        function.flags = rows[i].flags;
        function.cost = rows[i].cost;
        function.body = rows[i].body ? add : NULL;
        ck_assert_int_eq(cordon_engine_add_function(engine, &function, &err),
                         CORDON_E_INVALID);
        ck_assert_contains(err.message, rows[i].message);
    }
    function = (cordon_function)CORDON_FUNCTION_INIT;
    function.struct_size = 1;
    ck_assert_int_eq(cordon_engine_add_function(engine, &function, &err),
                     CORDON_E_INVALID);
    ck_assert_int_eq(cordon_engine_add_function(engine, NULL, &err), CORDON_E_INVALID);
    ck_assert_int_eq(cordon_engine_add_function(NULL, &function, &err),
                     CORDON_E_INVALID);
    for (int i = 0; i < 64; i++) {
        snprintf(name, sizeof name, "f%d", i);
        give(engine, name, add, CORDON_FUNCTION_PURE, 0);
    }
    function = (cordon_function)CORDON_FUNCTION_INIT;
    function.name = "f5";
    function.body = add;
    function.flags = CORDON_FUNCTION_PURE;
    ck_assert_int_eq(cordon_engine_add_function(engine, &function, &err),
                     CORDON_E_EXISTS);
    function.name = "one_more";
    ck_assert_int_eq(cordon_engine_add_function(engine, &function, &err),
                     CORDON_E_INVALID);
    ck_assert_contains(err.message, "at most 64");
    cordon_engine_free(engine);
}
END_TEST

START_TEST(load__wants_every_function_that_is_listed)
{
    static const char source[] = CALLS("r", "'add', 'sub'", "return { output = 1 }");
    cordon_engine *engine = serving_engine(1);
    cordon_error err;

    give(engine, "add", add, CORDON_FUNCTION_PURE, 0);
    ck_assert_int_eq(
        cordon_engine_load_rule(engine, source, strlen(source), "r.lua", NULL, &err),
        CORDON_E_RULE);
    ck_assert_contains(err.message, "functions: the host has no function 'sub'");
    ck_assert_uint_eq(err.line, 1);
    give(engine, "sub", add, CORDON_FUNCTION_PURE, 0);
    serving_load(engine, source);
    cordon_engine_free(engine);
}
END_TEST

/* ---- calling ---- */

START_TEST(call__crosses_values_and_charges_its_cost)
{
    cordon_request request = CORDON_REQUEST_INIT;
    cordon_engine *engine = serving_engine(1);
    cordon_outcome *outcome = serving_outcome();
    uint64_t cheap, dear;

    give(engine, "cheap", add, CORDON_FUNCTION_PURE, 1);
    give(engine, "dear", add, CORDON_FUNCTION_PURE, 5000);
    serving_load(engine, CALLS("cheap", "'cheap'",
                               "return { output = host.cheap(1, 2, -2^53) }"));
    serving_load(engine,
                 CALLS("dear", "'dear'", "return { output = host.dear(1, 2, -2^53) }"));
    ck_assert_int_eq(serving_answer(engine, outcome, "cheap", &request),
                     3 - (INT64_C(1) << 53));
    cheap = cordon_outcome_usage(outcome)->instructions;
    ck_assert_int_eq(serving_answer(engine, outcome, "dear", &request),
                     3 - (INT64_C(1) << 53));
    dear = cordon_outcome_usage(outcome)->instructions;
    ck_assert_uint_eq(dear - cheap, 4999);
    ck_assert(!cordon_outcome_nondeterministic(outcome));
    cordon_outcome_free(outcome);
    cordon_engine_free(engine);
}
END_TEST

START_TEST(call__that_fails_is_the_rules_error)
{
    cordon_request request = CORDON_REQUEST_INIT;
    cordon_engine *engine = serving_engine(1);
    cordon_outcome *outcome = serving_outcome();

    give(engine, "add", add, CORDON_FUNCTION_PURE, 0);
    serving_load(engine, CALLS("r", "'add'", "\nreturn { output = host.add('x') }"));
    ck_assert(!cordon_evaluate(outcome, engine, "r", &request, NULL));
    ck_assert_int_eq(cordon_outcome_get_kind(outcome), CORDON_OUTCOME_ERROR);
    ck_assert_str_eq(cordon_outcome_message(outcome),
                     "host.add: only integers can be added");
    ck_assert_uint_eq(cordon_outcome_line(outcome), 4);
    cordon_outcome_free(outcome);
    cordon_engine_free(engine);
}
END_TEST

START_TEST(call__of_what_is_not_pure_marks_the_outcome)
{
    struct cdn_audit_record record;
    uint32_t flags = 9;
    cordon_request request = CORDON_REQUEST_INIT;
    cordon_engine *engine = serving_engine(1);
    cordon_outcome *outcome = serving_outcome();

    give(engine, "pure", add, CORDON_FUNCTION_PURE, 0);
    give(engine, "service", add,
         CORDON_FUNCTION_NONDETERMINISTIC | CORDON_FUNCTION_MAY_BLOCK, 0);
    serving_load(engine, CALLS("r", "'pure', 'service'",
                               "if request.now > 0 then host.service(1) end\n"
                               "return { output = host.pure(2) }"));
    ck_assert(!cordon_engine_rule_functions(&flags, engine, "r", NULL));
    ck_assert_uint_eq(flags, CORDON_FUNCTION_PURE | CORDON_FUNCTION_NONDETERMINISTIC |
                                 CORDON_FUNCTION_MAY_BLOCK);
    ck_assert_int_eq(cordon_engine_rule_functions(&flags, engine, "other", NULL),
                     CORDON_E_NOTFOUND);
    ck_assert_int_eq(cordon_engine_rule_functions(&flags, engine, NULL, NULL),
                     CORDON_E_INVALID);
    request.now_ms = 1;
    serving_answer(engine, outcome, "r", &request);
    ck_assert(cordon_outcome_nondeterministic(outcome));
    cdn_audit_record_of(&record, outcome, &request, 0, 0);
    ck_assert(record.nondeterministic);
    request.now_ms = 0; /* it may, but did not */
    serving_answer(engine, outcome, "r", &request);
    ck_assert(!cordon_outcome_nondeterministic(outcome));
    cordon_outcome_free(outcome);
    cordon_engine_free(engine);
}
END_TEST

START_TEST(call__sees_the_end_of_its_run)
{
    cordon_request request = CORDON_REQUEST_INIT;
    cordon_limits limits = CORDON_LIMITS_INIT;
    cordon_cancel cancel = {0};
    cordon_engine *engine = serving_engine(1);
    cordon_outcome *outcome = serving_outcome();

    give(engine, "wait", cancels, CORDON_FUNCTION_NONDETERMINISTIC, 0);
    serving_load(engine,
                 CALLS("r", "'wait'", "pcall(host.wait)\nreturn { output = 1 }"));
    limits.wall_ns = 20000000;
    request.limits = &limits;
    ck_assert(!cordon_evaluate(outcome, engine, "r", &request, NULL));
    ck_assert_int_eq(cordon_outcome_limit(outcome), CORDON_BUDGET_TIME);
    ck_assert_uint_le(seen.left_ns, limits.wall_ns);
    request.limits = NULL;
    request.cancel = seen.cancel = &cancel;
    ck_assert(!cordon_evaluate(outcome, engine, "r", &request, NULL));
    ck_assert_int_eq(cordon_outcome_get_kind(outcome), CORDON_OUTCOME_CANCELLED);
    cordon_outcome_free(outcome);
    cordon_engine_free(engine);
}
END_TEST

START_TEST(call__hands_over_nodes_as_key_and_label)
{
    cordon_request request = CORDON_REQUEST_INIT;
    cordon_engine *engine = serving_engine(1);
    cordon_outcome *outcome = serving_outcome();

    serving_bank(engine);
    give(engine, "add", add, CORDON_FUNCTION_PURE, 0);
    serving_load(engine,
                 "return { name = 'r', fallback = 'none', functions = { 'add' },"
                 "reads = { Account = {} }, evaluate = function(graph, request)\n"
                 "local done, why = pcall(host.add, request.node)\n"
                 "assert(not done and why:find('only integers'))\n"
                 "return { output = host.add(1, tonumber(request.node.key)) } end "
                 "}");
    request.label = "Account";
    request.key = "200";
    ck_assert_int_eq(serving_answer(engine, outcome, "r", &request), 201);
    cordon_outcome_free(outcome);
    cordon_engine_free(engine);
}
END_TEST

START_TEST(call__allocates_nothing_once_warm)
{
    cordon_request request = CORDON_REQUEST_INIT;
    cordon_engine *engine = serving_engine(1);
    cordon_outcome *outcome = serving_outcome();
    uint64_t before;

    give(engine, "add", add, CORDON_FUNCTION_PURE, 0);
    serving_load(engine, CALLS("r", "'add'", "return { output = host.add(1, 2) }"));
    serving_answer(engine, outcome, "r", &request);
    before = cdn_alloc_count();
    for (int i = 0; i < 100; i++)
        serving_answer(engine, outcome, "r", &request);
    ck_assert_uint_eq(cdn_alloc_count(), before);
    cordon_outcome_free(outcome);
    cordon_engine_free(engine);
}
END_TEST

/* ---- threads ---- */

enum { THREADS = 4, ROUNDS = 200 };
static cordon_engine *shared;

static void *work(void *ud)
{
    cordon_request request = CORDON_REQUEST_INIT;
    cordon_outcome *outcome = serving_outcome();

    (void)ud;
    for (int i = 0; i < ROUNDS; i++) {
        request.now_ms = i;
        ck_assert_int_eq(serving_answer(shared, outcome, "r", &request), i + 1);
    }
    cordon_outcome_free(outcome);
    return NULL;
}

START_TEST(call__is_made_from_many_threads_at_once)
{
    pthread_t threads[THREADS];

    shared = serving_engine(THREADS);
    give(shared, "add", add, CORDON_FUNCTION_PURE, 0);
    serving_load(shared,
                 CALLS("r", "'add'", "return { output = host.add(1, request.now) }"));
    for (int t = 0; t < THREADS; t++)
        ck_assert_int_eq(pthread_create(&threads[t], NULL, work, NULL), 0);
    give(shared, "late", add, CORDON_FUNCTION_PURE, 0); /* while they run */
    for (int t = 0; t < THREADS; t++)
        pthread_join(threads[t], NULL);
    ck_assert_uint_eq(seen.calls, THREADS * ROUNDS);
    cordon_engine_free(shared);
}
END_TEST

/* ---- memory ---- */

#ifdef CORDON_FAILALLOC
START_TEST(add__survives_every_allocation_failure)
{
    static const char source[] = CALLS("r", "'add'", "return { output = host.add(1) }");
    CDN_UNIT_FAILALLOC(nth)
    {
        cordon_engine_options options = CORDON_ENGINE_OPTIONS_INIT;
        cordon_function function = CORDON_FUNCTION_INIT;
        cordon_engine *engine;
        cordon_status status;

        options.slots = 2;
        function.name = "add";
        function.body = add;
        function.ud = &seen;
        function.flags = CORDON_FUNCTION_PURE;
        status = cordon_engine_new(&engine, &options, NULL);
        if (!status)
            status = cordon_engine_add_function(engine, &function, NULL);
        if (!status)
            status = cordon_engine_load_rule(engine, source, strlen(source), "r.lua",
                                             NULL, NULL);
        ck_assert_int_eq(status, cdn_failalloc_fired() ? CORDON_E_NOMEM : CORDON_OK);
        cordon_engine_free(engine);
    }
}
END_TEST
#endif

static Suite *suite(void)
{
    Suite *s = suite_create("functions");

    CDN_UNIT_CASE(s, add__says_what_is_wrong);
    CDN_UNIT_CASE(s, load__wants_every_function_that_is_listed);
    CDN_UNIT_CASE(s, call__crosses_values_and_charges_its_cost);
    CDN_UNIT_CASE(s, call__that_fails_is_the_rules_error);
    CDN_UNIT_CASE(s, call__of_what_is_not_pure_marks_the_outcome);
    CDN_UNIT_CASE(s, call__sees_the_end_of_its_run);
    CDN_UNIT_CASE(s, call__hands_over_nodes_as_key_and_label);
    CDN_UNIT_CASE(s, call__allocates_nothing_once_warm);
    CDN_UNIT_CASE(s, call__is_made_from_many_threads_at_once);
#ifdef CORDON_FAILALLOC
    CDN_UNIT_CASE(s, add__survives_every_allocation_failure);
#endif
    return s;
}

CDN_UNIT_MAIN(suite)
