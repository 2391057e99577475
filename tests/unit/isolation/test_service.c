#include "traces.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "isolation/service.h"
#include "isolation/worker.h"
#include "rule/functions.h"
#include "sandbox/trace.h"

/* A service on a thread of its own, without a wall, and the host's side of it. */
struct served {
    int ends[2];
    void *area;
    struct cdn_channel channel;
    struct cdn_service *service;
    struct cdn_worker worker;
    pthread_t thread;
    cordon_status ended;
    cordon_outcome *outcome;
    cordon_error err;
};

static void *serve(void *ud)
{
    struct served *served = ud;

    served->ended = cdn_service_run(served->service, 0, NULL);
    return NULL;
}

static void served_init(struct served *served, cordon_snapshot *snapshot)
{
    memset(served, 0, sizeof *served);
    ck_assert(!socketpair(AF_UNIX, SOCK_STREAM, 0, served->ends));
    served->area = aligned_alloc(CDN_CHANNEL_PAGE, CDN_CHANNEL_AREA_BYTES);
    memset(served->area, 0, CDN_CHANNEL_AREA_BYTES);
    cdn_channel_init(&served->channel, CDN_CHANNEL_WORKER, served->ends[1],
                     served->area);
    cdn_channel_init(&served->worker.channel, CDN_CHANNEL_HOST, served->ends[0],
                     served->area);
    served->worker.load = ruling_load_budget;
    ck_assert(!cdn_service_new(&served->service, snapshot, NULL, &served->channel,
                               &served->err));
    ck_assert(!pthread_create(&served->thread, NULL, serve, served));
    served->worker.identity = snapshot ? snapshot->identity : 0;
    ck_assert_msg(!cdn_worker_greet(&served->worker,
                                    cdn_clock_ns() + UINT64_C(60000000000),
                                    &served->err),
                  "%s", served->err.message);
    ck_assert(!cordon_outcome_new(&served->outcome, &served->err));
}

static void served_deinit(struct served *served)
{
    ck_assert(!shutdown(served->ends[0], SHUT_RDWR));
    ck_assert(!pthread_join(served->thread, NULL));
    ck_assert_int_eq(served->ended, CORDON_OK);
    cdn_service_free(served->service);
    cdn_channel_deinit(&served->channel);
    cdn_channel_deinit(&served->worker.channel);
    cdn_buf_deinit(&served->worker.out);
    cordon_outcome_free(served->outcome);
    close(served->ends[0]);
    close(served->ends[1]);
    free(served->area);
}

static cordon_status ask(struct served *served, struct ruling *ruling,
                         const cordon_request *request, const struct cdn_grant *grant,
                         const struct cdn_host_function *const *functions)
{
    const struct cdn_rule_call call = {
        .rule = ruling->rule,
        .host = &ruling->host,
        .snapshot = ruling->snapshot,
        .grant = grant,
        .functions = functions,
        .request = request,
        .budget = ruling->budget,
        .entered_ns = cdn_clock_ns(),
    };

    return cdn_worker_run(served->outcome, &served->worker, &call, &served->err);
}

static void assert_same(const cordon_outcome *a, const cordon_outcome *b)
{
    const cordon_usage *used = cordon_outcome_usage(a), *also = cordon_outcome_usage(b);
    size_t a_bytes, b_bytes;
    const void *a_result = cordon_outcome_result(a, &a_bytes);
    const void *b_result = cordon_outcome_result(b, &b_bytes);

    ck_assert_int_eq(cordon_outcome_get_kind(a), cordon_outcome_get_kind(b));
    ck_assert_int_eq(cordon_outcome_limit(a), cordon_outcome_limit(b));
    ck_assert_str_eq(cordon_outcome_message(a), cordon_outcome_message(b));
    ck_assert_str_eq(cordon_outcome_file(a), cordon_outcome_file(b));
    ck_assert_uint_eq(cordon_outcome_line(a), cordon_outcome_line(b));
    ck_assert_uint_eq(a_bytes, b_bytes);
    ck_assert(!a_bytes || !memcmp(a_result, b_result, a_bytes));
    ck_assert_uint_eq(cordon_outcome_reason_count(a), cordon_outcome_reason_count(b));
    for (size_t i = 0; i < cordon_outcome_reason_count(a); i++)
        ck_assert_str_eq(cordon_outcome_reason(a, i), cordon_outcome_reason(b, i));
    ck_assert_pstr_eq(cordon_outcome_decision(a), cordon_outcome_decision(b));
    ck_assert_int_eq(cordon_outcome_is_fallback(a), cordon_outcome_is_fallback(b));
    ck_assert_int_eq(cordon_outcome_truncated(a), cordon_outcome_truncated(b));
    ck_assert_uint_eq(cordon_outcome_reads_digest(a), cordon_outcome_reads_digest(b));
    ck_assert_uint_eq(used->instructions, also->instructions);
    ck_assert_uint_eq(used->edges, also->edges);
    ck_assert_uint_eq(used->nodes, also->nodes);
    ck_assert_uint_eq(used->output_bytes, also->output_bytes);
    ck_assert_uint_eq(used->edges_limit, also->edges_limit);
}

#define FIELDS "decisions = {'allow', 'deny'}, fallback = 'deny',"

START_TEST(service__answers_as_the_caller_s_slot_does)
{
    static const char *const bodies[] = {
        "return { decision = 'allow' }",
        "return { decision = 'deny', score = 0.25, reasons = { 'a', 'b\\xc3\\xa4' }, "
        "output = { 1, 2, { x = 'y' } } }",
        "return { updated_nodes = { { node = 1 } }, new_edges = { { a = 1 } } }",
        "return {}",
        "error('no')",
        "local t = nil; return t.x",
        "return { decision = 'nobody knows' }",
        "while true do end",
        "local t = {} for i = 1, 1e7 do t[i] = {} end",
        "return { output = ('x'):rep(100000) }",
        "return { score = math.random() }",
    };
    cordon_request request = CORDON_REQUEST_INIT;
    struct served served;

    request.seed = 7;
    request.now_ms = 1000;
    served_init(&served, NULL);
    for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++) {
        struct ruling ruling;

        ruling_init(&ruling, ruling_source(FIELDS, bodies[i]), NULL);
        ruling.budget.instructions = 50000;
        ck_assert(!ruling_run(&ruling, &request));
        for (int twice = 0; twice < 2; twice++) {
            ck_assert_msg(!ask(&served, &ruling, &request, &cdn_grant_everything, NULL),
                          "%s", served.err.message);
            assert_same(ruling.outcome, served.outcome);
        }
        ck_assert(!served.worker.broken);
        ruling_deinit(&ruling);
    }
    served_deinit(&served);
}
END_TEST

START_TEST(service__a_worker_that_is_asked_says_that_it_is_there)
{
    struct served served;
    cordon_error err;

    served_init(&served, NULL);
    for (int i = 0; i < 3; i++) {
        ck_assert(!cdn_worker_ping(&served.worker, &err));
        ck_assert(!cdn_worker_pong(&served.worker,
                                   cdn_clock_ns() + UINT64_C(60000000000), &err));
    }
    /* nobody has been asked: nothing comes, and that is no fault */
    ck_assert_int_eq(cdn_worker_pong(&served.worker, 0, &err), CORDON_E_INTERRUPTED);
    ck_assert(!served.worker.broken);
    served_deinit(&served);
}
END_TEST

START_TEST(service__a_request_that_is_wrong_is_the_caller_s_error)
{
    cordon_request request = CORDON_REQUEST_INIT;
    struct served served;
    struct ruling ruling;

    served_init(&served, NULL);
    ruling_init(&ruling,
                ruling_source(FIELDS "params = { n = { type = 'integer' } },",
                              "return { output = request.params.n }"),
                NULL);
    request.params = "\x81\xa1m\x01";
    request.params_bytes = 4;
    ck_assert_int_eq(ask(&served, &ruling, &request, &cdn_grant_everything, NULL),
                     CORDON_E_INVALID);
    ck_assert_contains(served.err.message, "m");
    ck_assert(!served.worker.broken);
    request.params = "\x81\xa1n\x05";
    ck_assert_msg(!ask(&served, &ruling, &request, &cdn_grant_everything, NULL), "%s",
                  served.err.message);
    ck_assert_int_eq(cordon_outcome_output(served.outcome).as.integer, 5);
    request.label = "Account";
    request.key = "1";
    ck_assert_int_eq(ask(&served, &ruling, &request, &cdn_grant_everything, NULL),
                     CORDON_E_NOTFOUND);
    ruling_deinit(&ruling);
    served_deinit(&served);
}
END_TEST

static cordon_status twice(void *ud, const cordon_call *call,
                           const cordon_value *arguments, cordon_builder *result,
                           cordon_error *err)
{
    cordon_value first;

    (*(int *)ud)++;
    if (cordon_should_abort(call) || !cordon_call_left_ns(call))
        return cdn_error_set(err, CORDON_E_IO, "too late");
    if (!cordon_value_at(&first, arguments, 0) || first.type != CORDON_INTEGER)
        return cdn_error_set(err, CORDON_E_INVALID, "a number, please");
    cordon_builder_integer(result, 2 * first.as.integer);
    return CORDON_OK;
}

START_TEST(service__functions_of_the_host_s_are_called_in_the_host)
{
    int calls = 0;
    struct cdn_host_function function = {.name = "twice",
                                         .body = twice,
                                         .ud = &calls,
                                         .flags = CORDON_FUNCTION_NONDETERMINISTIC,
                                         .cost = 10};
    const struct cdn_host_function *const list[] = {&function};
    const cordon_request request = CORDON_REQUEST_INIT;
    unsigned char *room = malloc(CDN_FUNCTIONS_ROOM);
    struct served served;
    struct ruling ruling;

    served_init(&served, NULL);
    ruling_init(
        &ruling,
        ruling_source(FIELDS "functions = { 'twice' },",
                      "local ok, why = pcall(host.twice, 'x') "
                      "return { output = { host.twice(21), host.twice(1), why } }"),
        NULL);
    cdn_functions_give_room(&ruling.host, room);
    ck_assert_msg(!ask(&served, &ruling, &request, &cdn_grant_everything, list), "%s",
                  served.err.message);
    ck_assert_msg(cordon_outcome_get_kind(served.outcome) == CORDON_OUTCOME_OK, "%s",
                  cordon_outcome_message(served.outcome));
    ck_assert_int_eq(calls, 3);
    ck_assert_uint_eq(ruling.host.answers.count, 3);
    ck_assert(cordon_outcome_nondeterministic(served.outcome));
    {
        cordon_value output = cordon_outcome_output(served.outcome), value;

        ck_assert(cordon_value_at(&value, &output, 0) && value.as.integer == 42);
        ck_assert(cordon_value_at(&value, &output, 2) && value.type == CORDON_STRING);
        ck_assert_contains(cordon_outcome_message(served.outcome), "");
        ck_assert(value.length > 20 &&
                  !memcmp(value.as.string, "host.twice: a number", 20));
    }
    ruling_deinit(&ruling);
    served_deinit(&served);
    free(room);
}
END_TEST

static void *cancel_soon(void *ud)
{
    cordon_cancel *cancel = ud;

    usleep(20000);
    __atomic_store_n(&cancel->requested, 1, __ATOMIC_RELAXED);
    return NULL;
}

START_TEST(service__the_host_s_wish_to_cancel_crosses_over)
{
    cordon_request request = CORDON_REQUEST_INIT;
    cordon_cancel cancel = {0};
    struct served served;
    struct ruling ruling;
    pthread_t thread;

    served_init(&served, NULL);
    ruling_init(&ruling, ruling_source(FIELDS, "while true do end"), NULL);
    ruling.budget.instructions = UINT64_C(1) << 50;
    request.cancel = &cancel;
    ck_assert(!pthread_create(&thread, NULL, cancel_soon, &cancel));
    ck_assert(!ask(&served, &ruling, &request, &cdn_grant_everything, NULL));
    ck_assert(!pthread_join(thread, NULL));
    ck_assert_int_eq(cordon_outcome_get_kind(served.outcome), CORDON_OUTCOME_CANCELLED);
    ck_assert(!served.worker.broken);
    ruling_deinit(&ruling);
    served_deinit(&served);
}
END_TEST

START_TEST(service__a_graph_is_seen_as_far_as_it_is_granted)
{
    static const char body[] =
        "local sent = request.node:outgoing('transfer') "
        "return { output = { sent:count(), request.node.key, sent:sum('amount') } }";
    cordon_request request = CORDON_REQUEST_INIT;
    cordon_snapshot *snapshot = cdn_fixture_bank_open();
    struct cdn_grant nothing = {.id = 1};
    uint64_t words[CDN_SCHEMA_MAX_LABELS] = {0};
    const uint64_t *rows[CDN_SCHEMA_MAX_RELATIONS];
    struct served served;
    struct ruling ruling;

    for (size_t i = 0; i < CDN_SCHEMA_MAX_RELATIONS; i++)
        rows[i] = words;
    nothing.labels = nothing.relations = words;
    nothing.label_columns = nothing.relation_columns = rows;
    served_init(&served, snapshot);
    ruling_init(&ruling,
                ruling_source(
                    FIELDS "reads = { Account = {}, transfer = { 'amount' } },", body),
                snapshot);
    request.label = "Account";
    request.key = "100";
    ck_assert_msg(!ruling_run(&ruling, &request), "%s", ruling.err.message);
    ck_assert_msg(!ask(&served, &ruling, &request, &cdn_grant_everything, NULL), "%s",
                  served.err.message);
    assert_same(ruling.outcome, served.outcome);
    ck_assert_uint_gt(cordon_outcome_usage(served.outcome)->edges, 0);
    /* what the host would not have bound, the worker does not bind either */
    ck_assert(ask(&served, &ruling, &request, &nothing, NULL) ||
              cordon_outcome_get_kind(served.outcome) == CORDON_OUTCOME_ERROR);
    ruling_deinit(&ruling);
    served_deinit(&served);
}
END_TEST

START_TEST(service__a_run_is_traced_as_in_the_caller_s_slot)
{
    static const char *const bodies[] = {
        "local s = 0\nfor i = 1, 20 do\ns = s + i\nend\nreturn { score = s }",
        "local t = { a = 1 }\nlocal u = t.a + #tostring(t.a)\nerror('no ' .. u)",
        "local n = 0\nwhile true do\nn = n + 1\nend",
    };
    cordon_request request = CORDON_REQUEST_INIT;
    struct served served;

    served_init(&served, NULL);
    for (size_t i = 0; i < 2 * sizeof bodies / sizeof *bodies; i++) {
        cordon_trace_options options = CORDON_TRACE_OPTIONS_INIT;
        cordon_trace *here, *there;
        struct ruling ruling;

        options.counts_only = i % 2;
        ck_assert(!cordon_trace_new(&here, &options, &served.err));
        ck_assert(!cordon_trace_new(&there, &options, &served.err));
        ruling_init(&ruling, ruling_source(FIELDS, bodies[i / 2]), NULL);
        ruling.budget.instructions = 5000;
        for (int round = 0; round < 3; round++) {
            struct cdn_rule_call call = {.rule = ruling.rule,
                                         .image = ruling.image,
                                         .slot = ruling.slot,
                                         .host = &ruling.host,
                                         .binding = ruling.binding,
                                         .grant = &cdn_grant_everything,
                                         .request = &request,
                                         .trace = here,
                                         .budget = ruling.budget,
                                         .entered_ns = cdn_clock_ns()};

            ck_assert(!cdn_rule_run(ruling.outcome, &call, &ruling.err));
            call.trace = there;
            ck_assert_msg(
                !cdn_worker_run(served.outcome, &served.worker, &call, &served.err),
                "%s", served.err.message);
            assert_same(ruling.outcome, served.outcome);
            assert_same_counts(here, there);
            assert_same_notes(here, there);
            /* one without a trace in between has no part in it */
            ck_assert(!ask(&served, &ruling, &request, &cdn_grant_everything, NULL));
        }
        ck_assert_uint_eq(cordon_trace_get_summary(there)->runs, 3);
        ck_assert(!served.worker.broken);
        ruling_deinit(&ruling);
        cordon_trace_free(here);
        cordon_trace_free(there);
    }
    served_deinit(&served);
}
END_TEST

START_TEST(service__a_trace_in_use_is_the_caller_s_error)
{
    cordon_request request = CORDON_REQUEST_INIT;
    struct served served;
    struct ruling ruling;
    cordon_trace *trace;

    served_init(&served, NULL);
    ck_assert(!cordon_trace_new(&trace, NULL, &served.err));
    ruling_init(&ruling, ruling_source(FIELDS, "return {}"), NULL);
    {
        const struct cdn_rule_call call = {.rule = ruling.rule,
                                           .host = &ruling.host,
                                           .grant = &cdn_grant_everything,
                                           .request = &request,
                                           .trace = trace,
                                           .budget = ruling.budget,
                                           .entered_ns = cdn_clock_ns()};

        ck_assert(cdn_trace_claim(trace));
        ck_assert_int_eq(
            cdn_worker_run(served.outcome, &served.worker, &call, &served.err),
            CORDON_E_INVALID);
        cdn_trace_end(trace, NULL);
        ck_assert_msg(
            !cdn_worker_run(served.outcome, &served.worker, &call, &served.err), "%s",
            served.err.message);
        /* a node that is not there: nothing began */
        request.label = "Account";
        request.key = "1";
        ck_assert_int_eq(
            cdn_worker_run(served.outcome, &served.worker, &call, &served.err),
            CORDON_E_NOTFOUND);
        ck_assert_uint_eq(cordon_trace_get_summary(trace)->runs, 1);
        ck_assert(cordon_trace_step_at(trace, 0));
    }
    cordon_trace_free(trace);
    ruling_deinit(&ruling);
    served_deinit(&served);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("service");

    CDN_UNIT_CASE(s, service__answers_as_the_caller_s_slot_does);
    CDN_UNIT_CASE(s, service__a_worker_that_is_asked_says_that_it_is_there);
    CDN_UNIT_CASE(s, service__a_request_that_is_wrong_is_the_caller_s_error);
    CDN_UNIT_CASE(s, service__functions_of_the_host_s_are_called_in_the_host);
    CDN_UNIT_CASE(s, service__the_host_s_wish_to_cancel_crosses_over);
    CDN_UNIT_CASE(s, service__a_graph_is_seen_as_far_as_it_is_granted);
    CDN_UNIT_CASE(s, service__a_run_is_traced_as_in_the_caller_s_slot);
    CDN_UNIT_CASE(s, service__a_trace_in_use_is_the_caller_s_error);
    return s;
}

CDN_UNIT_MAIN(suite)
