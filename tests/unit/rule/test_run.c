#include "ruling.h"

#include <pthread.h>

#include "base/alloc.h"

#define FIELDS                                                                         \
    "fallback = 'deny', decisions = { 'allow', 'deny' }, "                             \
    "reads = { Account = { 'balance' }, transfer = { 'amount' } },"

static void about_account(cordon_request *request, const char *key)
{
    *request = (cordon_request)CORDON_REQUEST_INIT;
    request->label = "Account";
    request->key = key;
    request->now_ms = CDN_BANK_T + 10 * CDN_BANK_HOUR;
}

static void assert_stopped(const struct ruling *r, cordon_budget budget,
                           const char *message, uint32_t line)
{
    ck_assert_int_eq(cordon_outcome_get_kind(r->outcome), CORDON_OUTCOME_LIMIT);
    ck_assert_int_eq(cordon_outcome_limit(r->outcome), budget);
    ck_assert_contains(cordon_outcome_message(r->outcome), message);
    if (line) {
        ck_assert_uint_eq(cordon_outcome_line(r->outcome), line);
        ck_assert_str_eq(cordon_outcome_file(r->outcome), "test.lua");
    }
    ck_assert(cordon_outcome_is_fallback(r->outcome));
    ck_assert_str_eq(cordon_outcome_decision(r->outcome), "deny");
}

START_TEST(run__stops_at_the_instruction_budget)
{
    static const char *const bodies[] = {
        "\nwhile true do end",
        "\nwhile true do pcall(function() while true do end end) end",
        "\nlocal co = coroutine.wrap(function() while true do end end) co()",
        "\npcall(function() while true do end end) return { decision = 'allow' }",
    };
    const cordon_request request = CORDON_REQUEST_INIT;

    for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++) {
        struct ruling r;

        ruling_init(&r, ruling_source(FIELDS, bodies[i]), cdn_fixture_bank_open());
        r.budget.instructions = 20000;
        ck_assert(!ruling_run(&r, &request));
        assert_stopped(&r, CORDON_BUDGET_INSTRUCTIONS,
                       "instructions: 20000 of 20000 used at test.lua:4; ", 4);
        ck_assert_uint_ge(cordon_outcome_usage(r.outcome)->instructions, 20000);
        ruling_deinit(&r);
    }
}
END_TEST

START_TEST(run__stops_at_the_memory_budget)
{
    static const char *const bodies[] = {
        "local t = {} for i = 1, 1e7 do t[i] = {} end",
        "local s = 'x' while true do s = s .. s end",
        "return { output = ('x'):rep(1e9) }",
    };
    const cordon_request request = CORDON_REQUEST_INIT;

    for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++) {
        struct ruling r;

        ruling_init(&r, ruling_source(FIELDS, bodies[i]), cdn_fixture_bank_open());
        ck_assert(!ruling_run(&r, &request));
        assert_stopped(&r, CORDON_BUDGET_MEMORY, "memory: ", 0);
        ck_assert_contains(cordon_outcome_message(r.outcome),
                           "more than 524288 bytes were needed");
        /* beyond it lies only the reserve that lets the error out */
        ck_assert_uint_lt(cordon_outcome_usage(r.outcome)->memory_bytes,
                          cordon_outcome_usage(r.outcome)->memory_limit_bytes +
                              256 * 1024);
        ruling_deinit(&r);
    }
}
END_TEST

START_TEST(run__stops_at_the_edge_budget)
{
    cordon_request request;
    struct ruling r;

    about_account(&request, "100");
    ruling_init(&r,
                ruling_source(FIELDS,
                              "\nfor i = 1, 1e6 do\n"
                              "  request.node:outgoing('transfer'):sum('amount')\n"
                              "end"),
                cdn_fixture_bank_open());
    r.budget.edges = 1000;
    ck_assert(!ruling_run(&r, &request));
    assert_stopped(&r, CORDON_BUDGET_EDGES,
                   "edges: read 1000 of 1000 at test.lua:5; narrow the window or use "
                   ":latest(n) before reading",
                   5);
    ruling_deinit(&r);
}
END_TEST

START_TEST(run__stops_at_the_output_budget)
{
    static const char *const bodies[] = {
        "return { output = ('x'):rep(70000) }",
        "local t = {} for i = 1, 30000 do t[i] = 'abc' end return { output = t }",
        "local r = {} for i = 1, 64 do r[i] = ('x'):rep(1024) end return {reasons = r}",
    };
    const cordon_request request = CORDON_REQUEST_INIT;

    for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++) {
        struct ruling r;

        ruling_init(&r, ruling_source(FIELDS, bodies[i]), cdn_fixture_bank_open());
        r.budget.memory_bytes = 4 << 20;
        ck_assert(!ruling_run(&r, &request));
        assert_stopped(&r, CORDON_BUDGET_OUTPUT,
                       "output: the result takes more than 65536 bytes", 0);
        ck_assert_uint_eq(cordon_outcome_line(r.outcome), r.rule->evaluate_line);
        ck_assert_uint_gt(r.rule->evaluate_line, 0);
        ck_assert_uint_eq(cordon_outcome_reason_count(r.outcome), 0);
        ruling_deinit(&r);
    }
}
END_TEST

/* The exact size fits, one byte less does not. */
START_TEST(run__allows_exactly_the_output_budget)
{
    const cordon_request request = CORDON_REQUEST_INIT;
    struct ruling r;
    size_t bytes;

    ruling_init(
        &r, ruling_source(FIELDS, "return { decision = 'allow', output = { 'xyz' } }"),
        cdn_fixture_bank_open());
    ck_assert(!ruling_run(&r, &request));
    cordon_outcome_result(r.outcome, &bytes);
    r.budget.output_bytes = bytes;
    ck_assert(!ruling_run(&r, &request));
    ck_assert_int_eq(cordon_outcome_get_kind(r.outcome), CORDON_OUTCOME_OK);
    r.budget.output_bytes = bytes - 1;
    ck_assert(!ruling_run(&r, &request));
    assert_stopped(&r, CORDON_BUDGET_OUTPUT, "output: ", 0);
    ruling_deinit(&r);
}
END_TEST

START_TEST(run__stops_at_the_deadline)
{
    const cordon_request request = CORDON_REQUEST_INIT;
    struct ruling r;

    ruling_init(&r, ruling_source(FIELDS, "while true do end"),
                cdn_fixture_bank_open());
    r.budget.instructions = UINT64_C(1) << 50;
    r.budget.wall_ns = 2000000;
    ck_assert(!ruling_run(&r, &request));
    assert_stopped(&r, CORDON_BUDGET_TIME, "time: more than 2 ms passed", 0);
    ruling_deinit(&r);
}
END_TEST

static void *cancel_soon(void *cancel)
{
    usleep(2000);
    cordon_cancel *flag = cancel;
    __atomic_store_n(&flag->requested, 1, __ATOMIC_RELAXED);
    return NULL;
}

START_TEST(run__ends_when_another_thread_cancels)
{
    cordon_request request = CORDON_REQUEST_INIT;
    cordon_cancel cancel = {0};
    pthread_t thread;
    struct ruling r;

    ruling_init(&r, ruling_source(FIELDS, "while true do end"),
                cdn_fixture_bank_open());
    r.budget.instructions = UINT64_C(1) << 50;
    request.cancel = &cancel;
    ck_assert(!pthread_create(&thread, NULL, cancel_soon, &cancel));
    ck_assert(!ruling_run(&r, &request));
    pthread_join(thread, NULL);
    ck_assert_int_eq(cordon_outcome_get_kind(r.outcome), CORDON_OUTCOME_CANCELLED);
    ck_assert_int_eq(cordon_outcome_limit(r.outcome), CORDON_BUDGET_NONE);
    ck_assert_contains(cordon_outcome_message(r.outcome), "cancelled by the host");
    ck_assert(cordon_outcome_is_fallback(r.outcome));
    /* and a request that is cancelled already does not run at all */
    ck_assert(!ruling_run(&r, &request));
    ck_assert_int_eq(cordon_outcome_get_kind(r.outcome), CORDON_OUTCOME_CANCELLED);
    ruling_deinit(&r);
}
END_TEST

START_TEST(run__reports_an_error_with_its_place)
{
    struct ruling r;

    ruling_evaluate(&r, "fallback = 'none',", "\n\nlocal x = nil + 1");
    ck_assert_int_eq(cordon_outcome_get_kind(r.outcome), CORDON_OUTCOME_ERROR);
    ck_assert_contains(cordon_outcome_message(r.outcome),
                       "attempt to perform arithmetic");
    ck_assert_uint_eq(cordon_outcome_line(r.outcome), 5);
    ck_assert(!cordon_outcome_is_fallback(r.outcome));
    ck_assert_ptr_null(cordon_outcome_decision(r.outcome));
    ruling_deinit(&r);
    ruling_evaluate(&r, "fallback = 'none',", "error('a\\27[2Jb\\n', 0)");
    ck_assert_str_eq(cordon_outcome_message(r.outcome), "a\\x1b[2Jb\\x0a");
    ruling_deinit(&r);
}
END_TEST

/* What a rule forges in an error's text does not make it a limit. */
START_TEST(run__classifies_by_the_meter_and_not_by_text)
{
    struct ruling r;

    ruling_evaluate(&r, "fallback = 'none',",
                    "error('instructions: 1000000 of 1000000 used', 0)");
    ck_assert_int_eq(cordon_outcome_get_kind(r.outcome), CORDON_OUTCOME_ERROR);
    ck_assert_int_eq(cordon_outcome_limit(r.outcome), CORDON_BUDGET_NONE);
    ruling_deinit(&r);
}
END_TEST

START_TEST(run__records_what_was_used)
{
    cordon_request request;
    const cordon_usage *usage;
    struct ruling r;

    about_account(&request, "100");
    ruling_init(&r,
                ruling_source(FIELDS,
                              "local t = {}\n"
                              "for i = 1, 1000 do t[i] = i end\n"
                              "local s = request.node:outgoing('transfer')\n"
                              "return { score = s:sum('amount'), output = t[9] }"),
                cdn_fixture_bank_open());
    ck_assert(!ruling_run(&r, &request));
    ck_assert_str_eq(cordon_outcome_message(r.outcome), "");
    usage = cordon_outcome_usage(r.outcome);
    ck_assert_uint_gt(usage->instructions, 2000);
    ck_assert_uint_lt(usage->instructions, 20000);
    ck_assert_uint_eq(usage->instructions_limit, 1000000);
    ck_assert_uint_gt(usage->memory_bytes, 8000);
    ck_assert_uint_eq(usage->memory_limit_bytes, 512 * 1024);
    ck_assert_uint_ge(usage->edges, 5);
    ck_assert_uint_le(usage->edges, 10);
    ck_assert_uint_eq(usage->edges_limit, 100000);
    ck_assert_uint_ge(usage->nodes, 1);
    ck_assert_uint_gt(usage->output_bytes, 5);
    ck_assert_uint_eq(usage->output_limit_bytes, 65536);
    ck_assert_uint_gt(usage->wall_ns, 0);
    ck_assert_uint_ge(usage->wall_ns, usage->native_ns);
    ck_assert_uint_ne(cordon_outcome_reads_digest(r.outcome), 0);
    ck_assert(!cordon_outcome_truncated(r.outcome));
    ruling_deinit(&r);
}
END_TEST

START_TEST(run__hides_what_is_later_than_as_of)
{
    cordon_request request;
    struct ruling r;

    about_account(&request, "100");
    ruling_init(&r,
                ruling_source(FIELDS, "return { output =\n"
                                      "request.node:outgoing('transfer'):count() }"),
                cdn_fixture_bank_open());
    ck_assert(!ruling_run(&r, &request));
    ck_assert_int_eq(cordon_outcome_output(r.outcome).as.integer, 5);
    request.as_of_ms = CDN_BANK_T + CDN_BANK_HOUR;
    ck_assert(!ruling_run(&r, &request));
    ck_assert_int_eq(cordon_outcome_output(r.outcome).as.integer, 2);
    ruling_deinit(&r);
}
END_TEST

START_TEST(run__says_when_a_read_was_cut)
{
    cordon_request request;
    struct ruling r;

    about_account(&request, "100");
    ruling_init(&r,
                ruling_source(FIELDS,
                              "request.node:outgoing('transfer'):latest(2):count()\n"
                              "return {}"),
                cdn_fixture_bank_open());
    ck_assert(!ruling_run(&r, &request));
    ck_assert(cordon_outcome_truncated(r.outcome));
    about_account(&request, "700");
    ck_assert(!ruling_run(&r, &request));
    ck_assert(!cordon_outcome_truncated(r.outcome));
    ruling_deinit(&r);
}
END_TEST

START_TEST(run__is_the_same_each_time)
{
    cordon_request request;
    struct ruling r;
    uint64_t instructions = 0, edges = 0, digest = 0;
    char result[256];
    size_t size = 0;

    about_account(&request, "100");
    request.seed = 7;
    ruling_init(&r,
                ruling_source(FIELDS,
                              "leak = (leak or 0) + 1\n"
                              "local keys = {}\n"
                              "for k in pairs({ a = 1, b = 2, [3] = 3 }) do\n"
                              "  keys[#keys + 1] = k\n"
                              "end\n"
                              "return { output = { leak, keys, math.random(),\n"
                              "request.node:outgoing('transfer'):sum('amount') } }"),
                cdn_fixture_bank_open());
    for (int i = 0; i < 50; i++) {
        const cordon_usage *usage = cordon_outcome_usage(r.outcome);
        const void *bytes;
        size_t now;

        ck_assert(!ruling_run(&r, &request));
        ck_assert_str_eq(cordon_outcome_message(r.outcome), "");
        bytes = cordon_outcome_result(r.outcome, &now);
        if (i) {
            ck_assert_uint_eq(usage->instructions, instructions);
            ck_assert_uint_eq(usage->edges, edges);
            ck_assert_uint_eq(cordon_outcome_reads_digest(r.outcome), digest);
            ck_assert_uint_eq(now, size);
            ck_assert_mem_eq(bytes, result, size);
        }
        ck_assert_uint_le(now, sizeof result);
        memcpy(result, bytes, now);
        size = now;
        instructions = usage->instructions;
        edges = usage->edges;
        digest = cordon_outcome_reads_digest(r.outcome);
    }
    ruling_deinit(&r);
}
END_TEST

#ifdef CORDON_FAILALLOC
START_TEST(run__needs_memory_only_for_more_output)
{
    const cordon_request request = CORDON_REQUEST_INIT;
    struct ruling r;
    uint64_t before;

    ruling_init(&r, ruling_source("fallback = 'none',", "return { output = 1 }"), NULL);
    before = cdn_alloc_count();
    ck_assert(!ruling_run(&r, &request));
    ck_assert_uint_eq(cdn_alloc_count(), before);
    r.budget.output_bytes = 1 << 20;
    CDN_UNIT_FAILALLOC(nth)
    {
        ck_assert_int_eq(ruling_run(&r, &request),
                         cdn_failalloc_fired() ? CORDON_E_NOMEM : CORDON_OK);
    }
    ruling_deinit(&r);
}
END_TEST
#endif

static Suite *suite(void)
{
    Suite *s = suite_create("run");

    CDN_UNIT_CASE(s, run__stops_at_the_instruction_budget);
    CDN_UNIT_CASE(s, run__stops_at_the_memory_budget);
    CDN_UNIT_CASE(s, run__stops_at_the_edge_budget);
    CDN_UNIT_CASE(s, run__stops_at_the_output_budget);
    CDN_UNIT_CASE(s, run__allows_exactly_the_output_budget);
    CDN_UNIT_CASE(s, run__stops_at_the_deadline);
    CDN_UNIT_CASE(s, run__ends_when_another_thread_cancels);
    CDN_UNIT_CASE(s, run__reports_an_error_with_its_place);
    CDN_UNIT_CASE(s, run__classifies_by_the_meter_and_not_by_text);
    CDN_UNIT_CASE(s, run__records_what_was_used);
    CDN_UNIT_CASE(s, run__hides_what_is_later_than_as_of);
    CDN_UNIT_CASE(s, run__says_when_a_read_was_cut);
    CDN_UNIT_CASE(s, run__is_the_same_each_time);
#ifdef CORDON_FAILALLOC
    CDN_UNIT_CASE(s, run__needs_memory_only_for_more_output);
#endif
    return s;
}

CDN_UNIT_MAIN(suite)
