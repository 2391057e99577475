#include "traces.h"

#include "served.h"

#include "rule/functions.h"
#include "sandbox/trace.h"

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

static enum cdn_frame send_slice(struct served *served,
                                 const struct cdn_wire_slice *slice)
{
    uint64_t until = cdn_clock_ns() + UINT64_C(60000000000);
    struct cdn_buf frame = {0};
    uint16_t kind;

    cdn_wire_put_slice(&frame, slice);
    ck_assert(!cdn_channel_send(&served->worker.channel, CDN_FRAME_SLICE, frame.data,
                                frame.length, until, NULL));
    ck_assert(!cdn_channel_receive(&kind, &served->worker.channel, CDN_WIRE_SMALL_BYTES,
                                   until, NULL));
    cdn_buf_deinit(&frame);
    return (enum cdn_frame)kind;
}

START_TEST(service__a_slice_that_is_none_changes_nothing)
{
    static const cordon_slice_node node = {"Account", "100"};
    const uint64_t none = 0, all = UINT64_MAX;
    cordon_slice_options options = CORDON_SLICE_OPTIONS_INIT;
    cordon_snapshot *snapshot = cdn_fixture_bank_open();
    cordon_request request = CORDON_REQUEST_INIT;
    struct cdn_wire_slice slice = {.bytes = "no slice", .size = 8};
    struct served served;
    struct ruling ruling;
    void *bytes;

    request.label = "Account";
    request.key = "100";
    served_init(&served, snapshot);
    ruling_init(&ruling,
                ruling_source(FIELDS "reads = { Account = {}, transfer = {} },",
                              "return { output = request.node:outgoing('transfer')"
                              ":count() + (graph:node('Account', 1000) and 0 or 90) }"),
                snapshot);
    ck_assert(!ruling_run(&ruling, &request));
    ck_assert(!ask(&served, &ruling, &request, &cdn_grant_everything, NULL));
    ck_assert_int_eq(send_slice(&served, &slice), CDN_FRAME_FAILED);
    options.nodes = &node;
    options.node_count = 1;
    options.hops = 1;
    ck_assert(!cordon_snapshot_slice(&bytes, &slice.size, snapshot, &options, NULL));
    slice.bytes = bytes;
    slice.border = ""; /* of fewer nodes than there are */
    ck_assert_int_eq(send_slice(&served, &slice), CDN_FRAME_FAILED);
    ck_assert_int_eq(cdn_wire_get_failed(&served.worker.channel.in, &served.err),
                     CORDON_E_DATA);
    ck_assert_contains(served.err.message, "a border of 0 bytes");
    ck_assert(!ask(&served, &ruling, &request, &cdn_grant_everything, NULL));
    assert_same(ruling.outcome, served.outcome);
    /* a whole one is seen from then on, and forgotten by the next */
    slice.border = NULL;
    ck_assert_int_eq(send_slice(&served, &slice), CDN_FRAME_READY);
    served.worker.grant_count = 0;
    ck_assert(!ask(&served, &ruling, &request, &cdn_grant_everything, NULL));
    ck_assert_int_eq(cordon_outcome_output(served.outcome).as.integer, 95);
    slice.border = &none;
    slice.border_bytes = sizeof none;
    slice.hops = 7;
    ck_assert_int_eq(send_slice(&served, &slice), CDN_FRAME_READY);
    served.worker.grant_count = 0;
    ck_assert(!ask(&served, &ruling, &request, &cdn_grant_everything, NULL));
    ck_assert_contains(cordon_outcome_message(served.outcome),
                       "a node was asked for by its key that the slice does not hold");
    ck_assert_contains(cordon_outcome_message(served.outcome), "ends at hop 7");
    slice.border = &all;
    ck_assert_int_eq(send_slice(&served, &slice), CDN_FRAME_READY);
    served.worker.grant_count = 0;
    ck_assert(!ask(&served, &ruling, &request, &cdn_grant_everything, NULL));
    ck_assert_int_eq(cordon_outcome_limit(served.outcome), CORDON_BUDGET_HOPS);
    ck_assert_contains(cordon_outcome_message(served.outcome),
                       "the edges of a node on the slice's border were asked for");
    cordon_slice_free(bytes);
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
    CDN_UNIT_CASE(s, service__a_slice_that_is_none_changes_nothing);
    CDN_UNIT_CASE(s, service__a_run_is_traced_as_in_the_caller_s_slot);
    CDN_UNIT_CASE(s, service__a_trace_in_use_is_the_caller_s_error);
    return s;
}

CDN_UNIT_MAIN(suite)
