#include "consoling.h"

#include "base/alloc.h"

static struct consoling c;

START_TEST(input__finds_what_those_before_it_set)
{
    consoling_init(&c, NULL);
    consoling_do(&c, "x = graph:node('Account', '100')");
    consoling_do(&c, "function double(n)\n  return n * 2\nend");
    consoling_do(&c, "sent = x:outgoing('transfer')");
    consoling_do(&c, "view = graph:ego(x, { hops = 1, edges = 'transfer' })");
    consoling_do(&c, "next_of = coroutine.wrap(function() for i = 1, 9 do "
                     "coroutine.yield(i) end end)");
    ck_assert_str_eq(consoling_ask(&c, "x.key, double(21), sent:count()"), "100|42|5");
    ck_assert_str_eq(consoling_ask(&c, "view:count(), view:pagerank():count()"), "5|5");
    ck_assert_str_eq(consoling_ask(&c, "next_of()"), "1");
    ck_assert_str_eq(consoling_ask(&c, "next_of()"), "2");
    consoling_deinit(&c);
}
END_TEST

/* What stopped inputs had half done is not there, whatever stopped them. */
START_TEST(input_that_is_stopped__leaves_the_state_before_it)
{
    static const struct {
        const char *text;
        cordon_outcome_kind kind;
    } stopped[] = {
        {"t.x = 2 gone = 1 while true do end", CORDON_OUTCOME_LIMIT},
        {"t.x = 3 pcall(function() while true do end end)", CORDON_OUTCOME_LIMIT},
        {"t.x = 4 for i = 1, 1e7 do t[i] = { i } end", CORDON_OUTCOME_LIMIT},
        {"t.x = 5 local s = 'x' while true do s = s .. s end", CORDON_OUTCOME_LIMIT},
        {"t.x = 6 error('no')", CORDON_OUTCOME_ERROR},
        {"t.x = 7 error({})", CORDON_OUTCOME_ERROR},
        {"t.x = 8 error(setmetatable({}, { __tostring = function() while true do end "
         "end }))",
         CORDON_OUTCOME_ERROR},
        {"t.x = 9 local function f() return 1 + f() end f()", CORDON_OUTCOME_ERROR},
        {"t.x = 10 graph:node('Acount', '1')", CORDON_OUTCOME_ERROR},
        {"t.x = 11 graph = nil pairs = nil string = nil error('no')",
         CORDON_OUTCOME_ERROR},
        {"t.x = = 12", CORDON_OUTCOME_ERROR},
    };

    consoling_init(&c, NULL);
    consoling_do(&c, "t = { x = 1 }");
    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < CDN_UNIT_COUNT(stopped); i++) {
            if (consoling_run(&c, stopped[i].text, false) != stopped[i].kind)
                ck_abort_msg("%s: %s", stopped[i].text,
                             cordon_outcome_message(c.outcome));
            ck_assert_uint_eq(cdn_console_results(c.console).length, 0);
            ck_assert_str_eq(consoling_ask(&c, "t.x, #t, gone, graph ~= nil"),
                             "1|0|nil|true");
        }
    }
    consoling_deinit(&c);
}
END_TEST

START_TEST(input__has_a_budget_of_its_own)
{
    uint64_t first;

    consoling_init(&c, NULL);
    c.budget.instructions = 50000;
    for (int i = 0; i < 50; i++) {
        consoling_do(&c, "for i = 1, 10000 do n = i end");
        if (i == 0)
            first = cordon_outcome_usage(c.outcome)->instructions;
        ck_assert_uint_eq(cordon_outcome_usage(c.outcome)->instructions, first);
    }
    ck_assert_int_eq(consoling_run(&c, "for i = 1, 100000 do n = i end", false),
                     CORDON_OUTCOME_LIMIT);
    ck_assert_int_eq(cordon_outcome_limit(c.outcome), CORDON_BUDGET_INSTRUCTIONS);
    c.budget.edges = 3;
    ck_assert_int_eq(
        consoling_run(&c, "graph:node('Account','100'):outgoing('transfer')", true),
        CORDON_OUTCOME_LIMIT);
    ck_assert_int_eq(cordon_outcome_limit(c.outcome), CORDON_BUDGET_EDGES);
    consoling_deinit(&c);
}
END_TEST

START_TEST(input_that_would_keep_too_much__is_undone)
{
    const struct cdn_console_config config = {.image_bytes = 1 << 20,
                                              .memory_bytes = 8 << 20};

    consoling_init(&c, &config);
    consoling_do(&c, "n = 1");
    for (int i = 0; i < 3; i++) {
        ck_assert_int_eq(consoling_run(&c, "n = 2 kept = ('x'):rep(3000000)", false),
                         CORDON_OUTCOME_LIMIT);
        ck_assert_int_eq(cordon_outcome_limit(c.outcome), CORDON_BUDGET_MEMORY);
        ck_assert_str_eq(consoling_ask(&c, "n, kept"), "1|nil");
    }
    consoling_do(&c, "n = #('x'):rep(3000000)"); /* what is not kept does not count */
    ck_assert_str_eq(consoling_ask(&c, "n"), "3000000");
    consoling_deinit(&c);
}
END_TEST

START_TEST(cancel__stops_an_input_and_nothing_else)
{
    cordon_cancel cancel = {0};

    consoling_init(&c, NULL);
    c.request.cancel = &cancel;
    consoling_do(&c, "n = 1");
    cancel.requested = 1;
    ck_assert_int_eq(consoling_run(&c, "n = 2 while true do end", false),
                     CORDON_OUTCOME_CANCELLED);
    cancel.requested = 0;
    ck_assert_str_eq(consoling_ask(&c, "n"), "1");
    consoling_deinit(&c);
}
END_TEST

/* Edge sets of several nodes remember which run's memory is theirs. */
START_TEST(sets__never_take_another_input_s_memory_for_their_own)
{
    consoling_init(&c, NULL);
    consoling_do(&c,
                 "a = graph:set({ graph:node('Account', '100'), "
                 "graph:node('Account', '200') }):outgoing('transfer') n = a:count()");
    consoling_do(&c,
                 "b = graph:set({ graph:node('Account', '300'), "
                 "graph:node('Account', '400') }):outgoing('transfer') m = b:count()");
    for (int i = 0; i < 3; i++) {
        ck_assert_str_eq(consoling_ask(&c, "a:count(), b:count(), a:sum('amount')"),
                         "6|2|152.5");
        ck_assert_str_eq(consoling_ask(&c, "b:sum('amount'), a:count()"), "12.75|6");
    }
    consoling_deinit(&c);
}
END_TEST

START_TEST(randomness__goes_on_from_input_to_input)
{
    char first[64], second[64];

    consoling_init(&c, NULL);
    snprintf(first, sizeof first, "%.40s", consoling_ask(&c, "math.random(1000000)"));
    snprintf(second, sizeof second, "%.40s", consoling_ask(&c, "math.random(1000000)"));
    ck_assert_str_ne(first, second);
    consoling_deinit(&c);
    consoling_init(&c, NULL);
    ck_assert_str_eq(consoling_ask(&c, "math.random(1000000)"), first);
    ck_assert_int_eq(consoling_run(&c, "math.random() error('no')", false),
                     CORDON_OUTCOME_ERROR);
    ck_assert_str_eq(consoling_ask(&c, "math.random(1000000)"), second);
    consoling_deinit(&c);
}
END_TEST

START_TEST(messages__name_the_line_of_the_transcript)
{
    size_t bytes;
    uint32_t line;

    consoling_init(&c, NULL);
    consoling_do(&c, "function f(x)\n  return x.key\nend");
    consoling_do(&c, "y = 1");
    ck_assert_int_eq(consoling_run(&c, "f(nil)", true), CORDON_OUTCOME_ERROR);
    ck_assert_uint_eq(cordon_outcome_line(c.outcome), 2);
    ck_assert_str_eq(cdn_console_transcript(c.console, &bytes, &line),
                     "function f(x)\n  return x.key\nend\ny = 1\nf(nil)\n");
    ck_assert_uint_eq(line, 5);
    ck_assert_int_eq(consoling_run(&c, "nobody.key", true), CORDON_OUTCOME_ERROR);
    ck_assert_uint_eq(cordon_outcome_line(c.outcome), 6);
    consoling_deinit(&c);
}
END_TEST

/* It starts over where it would become longer than a rule may be. */
START_TEST(transcript__is_bounded)
{
    static char input[30000];
    size_t bytes;
    uint32_t line;

    consoling_init(&c, NULL);
    memset(input, '-', sizeof input - 1);
    for (int i = 0; i < 30; i++) {
        consoling_do(&c, input);
        cdn_console_transcript(c.console, &bytes, &line);
        ck_assert_uint_le(bytes, CORDON_RULE_MAX_SOURCE_BYTES);
        ck_assert_uint_le(line, 30);
    }
    ck_assert_uint_lt(line, 30);
    for (int i = 0; i < 200; i++)
        consoling_do(&c, "\n\n\n\nx = 1\n\n\n\n");
    ck_assert_str_eq(consoling_ask(&c, "x"), "1");
    consoling_deinit(&c);
}
END_TEST

START_TEST(input_that_is_too_long__is_refused)
{
    static char input[CDN_CONSOLE_INPUT_BYTES + 1];
    cordon_error err;

    consoling_init(&c, NULL);
    memset(input, ' ', sizeof input);
    ck_assert_int_eq(cdn_console_run(c.outcome, c.console, input, sizeof input, false,
                                     &c.budget, &c.request, &err),
                     CORDON_E_INVALID);
    ck_assert_int_eq(cdn_console_run(c.outcome, c.console, input, sizeof input - 1,
                                     false, &c.budget, &c.request, &err),
                     CORDON_OK);
    consoling_deinit(&c);
}
END_TEST

START_TEST(inputs__may_hold_any_bytes)
{
    static const char zero[] = "x = 'a\0b'", broken[] = "x = '\xff\xc0'",
                      outside[] = "x = 1 \0 y";

    consoling_init(&c, NULL);
    for (int i = 0; i < 2; i++) {
        (void)cdn_console_run(c.outcome, c.console, zero, sizeof zero - 1, false,
                              &c.budget, &c.request, NULL);
        (void)cdn_console_run(c.outcome, c.console, outside, sizeof outside - 1, false,
                              &c.budget, &c.request, NULL);
        ck_assert_int_eq(cordon_outcome_get_kind(c.outcome), CORDON_OUTCOME_ERROR);
        ck_assert_int_eq(cdn_console_run(c.outcome, c.console, broken,
                                         sizeof broken - 1, false, &c.budget,
                                         &c.request, NULL),
                         CORDON_OK);
        ck_assert_str_eq(consoling_ask(&c, "#x"), "2");
    }
    consoling_deinit(&c);
}
END_TEST

START_TEST(globals__are_listed_with_what_they_are)
{
    static const char *const expected[][2] = {
        {"a", "number"}, {"b", "node"},  {"e", "edges"}, {"f", "function"},
        {"n", "nodes"},  {"t", "table"}, {"v", "view"},  {"word", "string"},
    };
    const struct cdn_console_global *globals;
    size_t count;

    consoling_init(&c, NULL);
    globals = cdn_console_globals(c.console, &count);
    ck_assert_uint_eq(count, 0);
    consoling_do(&c, "word = 'x' a = 1 b = graph:node('Account', '100') "
                     "e = b:outgoing('transfer') n = e:nodes() t = {} "
                     "v = graph:ego(b) function f() end gone = 1 gone = nil");
    globals = cdn_console_globals(c.console, &count);
    ck_assert_uint_eq(count, CDN_UNIT_COUNT(expected));
    for (size_t i = 0; i < count; i++) {
        ck_assert_str_eq(globals[i].name, expected[i][0]);
        ck_assert_str_eq(globals[i].type, expected[i][1]);
    }
    consoling_deinit(&c);
}
END_TEST

START_TEST(as_of__holds_for_inputs)
{
    consoling_init(&c, NULL);
    c.request.as_of_ms = CDN_BANK_T + CDN_BANK_HOUR;
    c.request.label = "Account";
    c.request.key = "100";
    ck_assert_str_eq(consoling_ask(&c, "request.node:outgoing('transfer'):count()"),
                     "2");
    c.request.key = "200";
    ck_assert_str_eq(consoling_ask(&c, "request.node.key"), "200");
    c.request.key = "12345";
    ck_assert_int_eq(cdn_console_run(c.outcome, c.console, "x = 1", 5, false, &c.budget,
                                     &c.request, NULL),
                     CORDON_E_NOTFOUND);
    consoling_deinit(&c);
}
END_TEST

START_TEST(no_snapshot__is_no_graph)
{
    struct cdn_console *console;
    cordon_outcome *outcome;
    const cordon_request request = CORDON_REQUEST_INIT;

    consoling_init(&c, NULL);
    ck_assert_int_eq(cdn_console_new(&console, NULL, NULL, NULL), CORDON_OK);
    ck_assert_int_eq(cordon_outcome_new(&outcome, NULL), CORDON_OK);
    ck_assert_int_eq(cdn_console_run(outcome, console, "x = 1 + 1", 9, false, &c.budget,
                                     &request, NULL),
                     CORDON_OK);
    ck_assert_int_eq(cordon_outcome_get_kind(outcome), CORDON_OUTCOME_OK);
    ck_assert_int_eq(cdn_console_run(outcome, console, "graph:node('A', '1')", 20, true,
                                     &c.budget, &request, NULL),
                     CORDON_OK);
    ck_assert_int_eq(cordon_outcome_get_kind(outcome), CORDON_OUTCOME_ERROR);
    cordon_outcome_free(outcome);
    cdn_console_free(console);
    cdn_console_free(NULL);
    consoling_deinit(&c);
}
END_TEST

/* More property names than a rule may declare, and columns that no Lua number holds: all else
 * can be read. */
START_TEST(what_cannot_be_read__is_left_out_and_told)
{
    enum { LABELS = 8, EACH = 10 };
    char path[512], properties[LABELS][512] = {0}, names[LABELS][8];
    struct cdn_fixture *f = cdn_fixture_new(cdn_fixture_path(path, sizeof path));
    cordon_snapshot *snapshot;
    struct cdn_console *console;
    const char *left_out;

    cdn_fixture_label(f, "A", CDN_KEY_INT64, "wide:int64 fine:int64");
    for (int i = 0; i < LABELS; i++) {
        snprintf(names[i], sizeof names[i], "L%d", i);
        for (int p = 0; p < EACH; p++)
            snprintf(properties[i] + strlen(properties[i]), 32, "p%d%d:int64 ", i, p);
        cdn_fixture_label(f, names[i], CDN_KEY_INT64, properties[i]);
    }
    cdn_fixture_relation(f, "e", "A", "A", "ts:timestamp! far:timestamp?");
    cdn_fixture_node(f, "A", "1", CDN_INT("wide", INT64_C(1) << 60),
                     CDN_INT("fine", 7));
    cdn_fixture_node(f, "L0", "1", CDN_INT("p00", 5));
    cdn_fixture_edge(f, "e", "A", "1", "A", "1", CDN_INT("ts", 5),
                     CDN_INT("far", -(INT64_C(1) << 60)));
    cdn_fixture_finish(f);
    snapshot = cdn_fixture_open(path);
    ck_assert_int_eq(cdn_console_new(&console, snapshot, NULL, NULL), CORDON_OK);
    left_out = cdn_console_left_out(console);
    ck_assert_contains(left_out, "A.wide: it has values beyond +-2^53");
    ck_assert_contains(left_out, "e.far: it has values beyond +-2^53");
    ck_assert_contains(left_out, "L7.p79: there are more property names");
    ck_assert_ptr_null(strstr(left_out, "A.fine"));
    ck_assert_ptr_null(strstr(left_out, "L0.p"));
    consoling_init(&c, NULL);
    cdn_console_free(c.console);
    c.console = console;
    ck_assert_str_eq(consoling_ask(&c, "graph:node('A', '1')"),
                     "{$=node label=A key=1 properties={fine=7}}");
    ck_assert_contains(consoling_ask(&c, "graph:node('L0', '1')"),
                       "properties={p00=5 ");
    ck_assert_contains(consoling_ask(&c, "graph:node('A', '1'):outgoing('e'):first()"),
                       "time={$=time ms=5} properties={}");
    consoling_deinit(&c);
    cordon_snapshot_release(snapshot);
    cdn_fixture_remove(path);
}
END_TEST

#ifdef CORDON_FAILALLOC
START_TEST(new__survives_every_allocation_failure)
{
    cordon_snapshot *snapshot = cdn_fixture_bank_open();

    CDN_UNIT_FAILALLOC(nth)
    {
        struct cdn_console *console;
        cordon_status status = cdn_console_new(&console, snapshot, NULL, NULL);

        ck_assert_int_eq(status, cdn_failalloc_fired() ? CORDON_E_NOMEM : CORDON_OK);
        ck_assert_int_eq(console == NULL, status != CORDON_OK);
        cdn_console_free(console);
    }
    cordon_snapshot_release(snapshot);
}
END_TEST

START_TEST(run__survives_every_allocation_failure)
{
    consoling_init(&c, NULL);
    consoling_do(&c, "n = 1");
    CDN_UNIT_FAILALLOC(nth)
    {
        cordon_status status =
            cdn_console_run(c.outcome, c.console, "n = n + 1 t = { ('x'):rep(50000) }",
                            34, false, &c.budget, &c.request, NULL);

        ck_assert_int_eq(status, cdn_failalloc_fired() ? CORDON_E_NOMEM : CORDON_OK);
    }
    ck_assert_str_eq(consoling_ask(&c, "n"), "2");
    consoling_deinit(&c);
}
END_TEST
#endif

static Suite *suite(void)
{
    Suite *s = suite_create("console");

    CDN_UNIT_CASE(s, input__finds_what_those_before_it_set);
    CDN_UNIT_CASE(s, input_that_is_stopped__leaves_the_state_before_it);
    CDN_UNIT_CASE(s, input__has_a_budget_of_its_own);
    CDN_UNIT_CASE(s, input_that_would_keep_too_much__is_undone);
    CDN_UNIT_CASE(s, cancel__stops_an_input_and_nothing_else);
    CDN_UNIT_CASE(s, sets__never_take_another_input_s_memory_for_their_own);
    CDN_UNIT_CASE(s, randomness__goes_on_from_input_to_input);
    CDN_UNIT_CASE(s, messages__name_the_line_of_the_transcript);
    CDN_UNIT_CASE(s, transcript__is_bounded);
    CDN_UNIT_CASE(s, input_that_is_too_long__is_refused);
    CDN_UNIT_CASE(s, inputs__may_hold_any_bytes);
    CDN_UNIT_CASE(s, globals__are_listed_with_what_they_are);
    CDN_UNIT_CASE(s, as_of__holds_for_inputs);
    CDN_UNIT_CASE(s, no_snapshot__is_no_graph);
    CDN_UNIT_CASE(s, what_cannot_be_read__is_left_out_and_told);
#ifdef CORDON_FAILALLOC
    CDN_UNIT_CASE(s, new__survives_every_allocation_failure);
    CDN_UNIT_CASE(s, run__survives_every_allocation_failure);
#endif
    return s;
}

CDN_UNIT_MAIN(suite)
