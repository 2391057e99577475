/* Functions of the host's in a replay: decided again with what they answered, and said where
 * that is not known.  Every record here went through an engine and a log. */
#include "replaying.h"
#include "serving.h"

#include "auditing.h"

#include "base/pack.h"
#include "engine/replay_host.h"
#include "engine/replay.h"

#define CALLS(body)                                                                    \
    "return { name = 'r', decisions = {'allow', 'deny'}, fallback = 'deny',\n"         \
    "functions = { 'next', 'pure' }, limits = { time = '10s', instructions = 1e7 },\n" \
    "params = { n = { type = 'integer', default = 3 } },\n"                            \
    "evaluate = function(graph, request)\n" body "\nend }"

#define ASKS                                                                           \
    "local sum, words = 0, {}\n"                                                       \
    "for i = 1, request.params.n do\n"                                                 \
    "  local a = host.next(i)\n"                                                       \
    "  sum = sum + (a and a.value or 0) + host.pure(i)\n"                              \
    "  local ok, why = pcall(host.next, 'fail')\n"                                     \
    "  words[i] = why\n"                                                               \
    "end\n"                                                                            \
    "return { decision = sum % 2 == 0 and 'allow' or 'deny', score = sum,\n"           \
    "         output = { sum, host.next('nothing'), words } }"

static const char *text;
static char folder[128], dir[160];
static int64_t turn;
static uint64_t calls;
static unsigned char room[1 << 18];

/* Another answer each time, an error for "fail", nothing for "nothing". */
static cordon_status next(void *ud, const cordon_call *call,
                          const cordon_value *arguments, cordon_builder *result,
                          cordon_error *error)
{
    cordon_value first;

    (void)ud;
    (void)call;
    calls++;
    if (!cordon_value_at(&first, arguments, 0) || first.type == CORDON_NIL)
        return CORDON_OK;
    if (first.type == CORDON_STRING && first.length == 4) {
        (void)snprintf(error->message, sizeof error->message, "no \x01 for %d",
                       (int)turn++);
        return CORDON_E_BUSY;
    }
    if (first.type == CORDON_STRING)
        return CORDON_OK;
    cordon_builder_map(result, 2);
    cordon_builder_string(result, "value", 5);
    cordon_builder_integer(result, turn * 7 + turn / 2);
    cordon_builder_string(result, "pad", 3);
    cordon_builder_string(result, "................................................",
                          48);
    turn++;
    return CORDON_OK;
}

static cordon_status twice(void *ud, const cordon_call *call,
                           const cordon_value *arguments, cordon_builder *result,
                           cordon_error *error)
{
    cordon_value first;

    (void)ud;
    (void)call;
    (void)error;
    calls++;
    if (cordon_value_at(&first, arguments, 0) && first.type == CORDON_INTEGER)
        cordon_builder_integer(result, 2 * first.as.integer);
    return CORDON_OK;
}

static cordon_status find(void *ud, struct cdn_buf *out, char name[256],
                          const char *digest, cordon_error *error)
{
    (void)ud;
    (void)digest;
    (void)error;
    cdn_buf_text(out, text);
    (void)snprintf(name, 256, "text");
    return out->failed ? CORDON_E_NOMEM : CORDON_OK;
}

static const struct cdn_replay_texts source = {find, NULL};

static cordon_engine *serve(cordon_audit *audit)
{
    cordon_function function = CORDON_FUNCTION_INIT;
    cordon_engine *engine = serving_engine(1);

    function.name = "next";
    function.body = next;
    function.flags = CORDON_FUNCTION_NONDETERMINISTIC;
    function.cost = 777;
    ck_assert(!cordon_engine_add_function(engine, &function, NULL));
    function.name = "pure";
    function.body = twice;
    function.flags = CORDON_FUNCTION_PURE;
    function.cost = 0;
    ck_assert(!cordon_engine_add_function(engine, &function, NULL));
    cordon_engine_use_audit(engine, audit);
    serving_load(engine, text);
    return engine;
}

static cordon_audit *begin(const cordon_audit_options *options)
{
    (void)snprintf(dir, sizeof dir, "%s/audit", cdn_unit_folder(folder, sizeof folder));
    return auditing_open(dir, options);
}

/* The last decision in the log that is of this rule; the log is removed. */
static struct cdn_audit_view end(cordon_audit *audit, cordon_engine *engine,
                                 const char *rule)
{
    cordon_audit_entry entry = CORDON_AUDIT_ENTRY_INIT;
    cordon_audit_reader *reader;
    struct cdn_audit_view view = {0};
    size_t bytes = 0;
    bool got = true;

    cordon_engine_free(engine);
    ck_assert(!cordon_audit_close(audit, NULL));
    ck_assert(!cordon_audit_reader_open(&reader, dir, &err));
    while (!cordon_audit_reader_next(&entry, &got, reader, &err) && got) {
        if (entry.kind != CORDON_AUDIT_DECISION)
            continue;
        ck_assert(cdn_audit_record_view(&view, entry.record, entry.record_bytes));
        if (!cdn_audit_text_is(&view.rule, rule))
            continue;
        bytes = entry.record_bytes;
        ck_assert_uint_le(bytes, sizeof room);
        memcpy(room, entry.record, bytes);
    }
    cordon_audit_reader_close(reader);
    auditing_remove(dir);
    rmdir(folder);
    ck_assert_uint_gt(bytes, 0);
    ck_assert(cdn_audit_record_view(&view, room, bytes));
    return view;
}

/* Decide once with this many rounds, under these masks, and the record of it. */
static struct cdn_audit_view decide(int rounds, const cordon_audit_mask *masks,
                                    size_t count)
{
    cordon_audit_options options = CORDON_AUDIT_OPTIONS_INIT;
    unsigned char params[] = {
        0x81, 0xa1, 'n', 0xcd, (unsigned char)(rounds >> 8), (unsigned char)rounds};
    cordon_request request = CORDON_REQUEST_INIT;
    cordon_outcome *outcome = serving_outcome();
    cordon_engine *engine;
    cordon_audit *audit;

    options.masks = masks;
    options.mask_count = count;
    audit = begin(&options);
    engine = serve(audit);
    request.params = params;
    request.params_bytes = sizeof params;
    ck_assert_msg(!cordon_evaluate(outcome, engine, "r", &request, &err), "%s",
                  err.message);
    cordon_outcome_free(outcome);
    return end(audit, engine, "r");
}

static void verdict_is(const char *candidate, const struct cdn_audit_view *view,
                       enum cdn_replay_verdict verdict, const char *part)
{
    struct cdn_replay_options options = {.texts = &source,
                                         .text_count = 1,
                                         .candidate = candidate,
                                         .candidate_bytes =
                                             candidate ? strlen(candidate) : 0,
                                         .candidate_file = "candidate.lua"};
    struct cdn_replay_result result;
    struct cdn_replay *replay;
    uint64_t before = calls;

    ck_assert_msg(!cdn_replay_new(&replay, &options, &err), "%s", err.message);
    for (int i = 0; i < 2; i++) { /* what one run took, the next has again */
        ck_assert_msg(!cdn_replay_run(&result, replay, view, &err), "%s", err.message);
        ck_assert_msg(result.verdict == verdict, "%s: %s",
                      cdn_replay_word(result.verdict), result.why);
        ck_assert_has(result.why, part);
    }
    ck_assert_uint_eq(calls, before); /* the host is not asked again */
    cdn_replay_free(replay);
}

START_TEST(replay__gives_again_what_functions_answered)
{
    struct cdn_audit_view view;

    text = CALLS(ASKS);
    for (int rounds = 0; rounds < 12; rounds++) {
        turn = rounds;
        view = decide(rounds, NULL, 0);
        ck_assert(view.nondeterministic);
        ck_assert_int_eq((int)view.outcome, CORDON_OUTCOME_OK);
        verdict_is(NULL, &view, CDN_REPLAY_IDENTICAL, "");
    }
}
END_TEST

/* What a call costs is known even where it was the one that could not be paid. */
START_TEST(replay__stops_where_the_budget_did)
{
    struct cdn_audit_view view;

    text = "return { name = 'r', decisions = {'allow', 'deny'}, fallback = 'deny',\n"
           "functions = { 'next' }, limits = { instructions = 5000, time = '10s' },\n"
           "params = { n = { type = 'integer', default = 3 } },\n"
           "evaluate = function(graph, request) while true do host.next(1) end end }";
    view = decide(1, NULL, 0);
    ck_assert_int_eq((int)view.limit, CORDON_BUDGET_INSTRUCTIONS);
    verdict_is(NULL, &view, CDN_REPLAY_IDENTICAL, "");
    ck_assert_uint_lt(calls, 8);
}
END_TEST

START_TEST(replay__tells_another_answer_from_the_one_there_was)
{
    struct cdn_audit_view view;
    char *at = NULL;

    text = CALLS(ASKS);
    view = decide(3, NULL, 0);
    for (size_t i = 0; i + 6 < view.calls.bytes && !at; i++)
        if (!memcmp(view.calls.at + i, "value", 5))
            at = (char *)(uintptr_t)(view.calls.at + i + 5);
    ck_assert_ptr_nonnull(at);
    *at = (char)(*at + 1); /* a small integer */
    verdict_is(NULL, &view, CDN_REPLAY_CHANGED, "");
    /* asked otherwise: with the same text something else is amiss */
    *at = (char)(*at - 1);
    for (size_t i = 0; i + 26 < view.calls.bytes; i++)
        if (!memcmp(view.calls.at + i, "arguments", 9))
            *(char *)(uintptr_t)(view.calls.at + i + 10) = '0';
    verdict_is(NULL, &view, CDN_REPLAY_CHANGED, "was not asked then");
}
END_TEST

START_TEST(replay__says_when_answers_are_missing)
{
    struct cdn_audit_view view, older;

    text = CALLS(ASKS);
    view = decide(3, NULL, 0);
    older = view;
    older.calls = (struct cdn_audit_text){0};
    verdict_is(NULL, &older, CDN_REPLAY_NOT_REPRODUCIBLE,
               "host.next: not all answers are in the record");
    view = decide(800, NULL, 0); /* more than 64 KiB of them */
    ck_assert(view.calls_cut);
    ck_assert_int_eq((int)view.outcome, CORDON_OUTCOME_OK);
    verdict_is(NULL, &view, CDN_REPLAY_NOT_REPRODUCIBLE, "not all answers");
    /* without a call nothing is missing */
    text = CALLS("return { decision = 'allow' }");
    view = decide(3, NULL, 0);
    view.calls = (struct cdn_audit_text){0};
    verdict_is(NULL, &view, CDN_REPLAY_IDENTICAL, "");
}
END_TEST

START_TEST(replay__gives_a_candidate_what_it_asks_in_any_order)
{
    struct cdn_audit_view view;

    text = CALLS("local a, b = host.pure(5), host.pure(6)\n"
                 "return { decision = a < b and 'allow' or 'deny' }");
    view = decide(3, NULL, 0);
    verdict_is(CALLS("local b, a, c = host.pure(6), host.pure(5), host.pure(6)\n"
                     "return { decision = a < b and b == c and 'allow' or 'deny' }"),
               &view, CDN_REPLAY_IDENTICAL, "");
    verdict_is(CALLS("return { decision = host.pure(6) > 99 and 'allow' or 'deny' }"),
               &view, CDN_REPLAY_CHANGED, "the decision was allow and is deny");
    verdict_is(CALLS("pcall(host.pure, 7) return { decision = 'allow' }"), &view,
               CDN_REPLAY_NOT_REPRODUCIBLE, "host.pure: it was asked what it was not");
    verdict_is("return { name = 'r', decisions = {'allow', 'deny'}, fallback = 'deny', "
               "functions = { 'new' }, params = { n = { type = 'integer' } },"
               "evaluate = function() host.new() end }",
               &view, CDN_REPLAY_NOT_REPRODUCIBLE, "host.new: it was not called then");
}
END_TEST

START_TEST(replay__respects_masks)
{
    const cordon_audit_mask input[] = {{"/input/params/n", NULL}};
    const cordon_audit_mask result[] = {{"/result/score", "?"}};
    const cordon_audit_mask part[] = {{"/result/score", "?"},
                                      {"/calls/next/answers/*/result/pad", "?"}};
    const cordon_audit_mask elsewhere[] = {{"/requested_by", "?"}, {"/error", NULL}};
    struct cdn_audit_view view;

    text = CALLS(ASKS);
    view = decide(3, input, 1);
    ck_assert_ptr_null(view.calls.at);
    verdict_is(NULL, &view, CDN_REPLAY_MASKED, "input");
    view = decide(3, result, 1);
    ck_assert_ptr_null(view.calls.at);
    ck_assert(view.calls_masked && view.result_masked);
    verdict_is(NULL, &view, CDN_REPLAY_MASKED, "functions of the host's answered");
    view = decide(3, part, 2);
    ck_assert_ptr_nonnull(view.calls.at);
    verdict_is(NULL, &view, CDN_REPLAY_MASKED, "functions of the host's answered");
    view = decide(3, elsewhere, 2);
    verdict_is(NULL, &view, CDN_REPLAY_IDENTICAL, "");
}
END_TEST

START_TEST(replay__takes_members_of_sets)
{
    static const char set[] = "return { name = 's', decisions = {'allow', 'deny'}, "
                              "rules = { 'r' } }";
    cordon_request request = CORDON_REQUEST_INIT;
    cordon_set_outcome *outcome;
    struct cdn_audit_view view;
    cordon_audit *audit = begin(NULL);
    cordon_engine *engine;

    text = CALLS(ASKS);
    engine = serve(audit);
    ck_assert(!cordon_engine_load_set(engine, set, strlen(set), "s.lua", NULL, NULL));
    ck_assert(!cordon_set_outcome_new(&outcome, NULL));
    ck_assert(!cordon_evaluate_set(outcome, engine, "s", &request, NULL));
    cordon_set_outcome_free(outcome);
    view = end(audit, engine, "r");
    ck_assert(cdn_audit_text_is(&view.set, "s"));
    ck_assert_ptr_nonnull(view.calls.at);
    verdict_is(NULL, &view, CDN_REPLAY_IDENTICAL, "");
}
END_TEST

/* A run that was refused before it began has none of the answers of the one before. */
START_TEST(record__has_no_answers_of_another_run)
{
    cordon_request request = CORDON_REQUEST_INIT;
    cordon_outcome *outcome = serving_outcome();
    struct cdn_replay_host host = {0};
    struct cdn_audit_view view;
    cordon_audit *audit = begin(NULL);
    cordon_engine *engine;

    text = CALLS(ASKS);
    engine = serve(audit);
    ck_assert(!cordon_evaluate(outcome, engine, "r", &request, NULL));
    request.principal = "nobody";
    ck_assert(!cordon_evaluate(outcome, engine, "r", &request, NULL));
    ck_assert_int_eq(cordon_outcome_get_kind(outcome), CORDON_OUTCOME_DENIED);
    cordon_outcome_free(outcome);
    view = end(audit, engine, "r");
    ck_assert_int_eq((int)view.outcome, CORDON_OUTCOME_DENIED);
    ck_assert(!cdn_replay_host_take(&host, &view, NULL));
    ck_assert(host.whole);
    ck_assert_uint_eq(host.answer_count, 0);
    ck_assert_uint_eq(host.cost_count, 2);
    cdn_replay_host_deinit(&host);
}
END_TEST

START_TEST(take__is_whole_only_if_all_of_it_is_there)
{
    struct cdn_replay_host host = {0};
    struct cdn_audit_view view, cut;

    text = CALLS(ASKS);
    view = decide(3, NULL, 0);
    ck_assert(!cdn_replay_host_take(&host, &view, NULL));
    ck_assert(host.whole);
    ck_assert_uint_eq(host.answer_count, 10);
    ck_assert_uint_eq(host.costs[0].cost, 777);
    ck_assert_uint_eq(host.costs[1].cost, 100);
    for (size_t bytes = 0; bytes < view.calls.bytes; bytes++) {
        unsigned char *exact =
            cdn_unit_exact((const unsigned char *)view.calls.at, bytes);

        cut = view;
        cut.calls = (struct cdn_audit_text){(const char *)exact, bytes};
        ck_assert(!cdn_replay_host_take(&host, &cut, NULL));
        ck_assert_msg(!host.whole, "%zu bytes", bytes);
        ck_assert_uint_le(host.answer_count, 10);
        free(exact);
    }
    /* and any byte may be any other */
    for (size_t at = 0; at < view.calls.bytes; at++) {
        unsigned char *bytes =
            cdn_unit_exact((const unsigned char *)view.calls.at, view.calls.bytes);

        for (int bit = 0; bit < 8; bit++) {
            bytes[at] ^= (unsigned char)(1 << bit);
            cut = view;
            cut.calls.at = (const char *)bytes;
            ck_assert(!cdn_replay_host_take(&host, &cut, NULL));
            bytes[at] ^= (unsigned char)(1 << bit);
        }
        free(bytes);
    }
    cdn_replay_host_deinit(&host);
}
END_TEST

#ifdef CORDON_FAILALLOC
START_TEST(replay__survives_every_allocation_failure)
{
    struct cdn_audit_view view;

    text = CALLS(ASKS);
    view = decide(12, NULL, 0);
    replaying_survives(&view, &source);
}
END_TEST
#endif

static Suite *suite(void)
{
    Suite *s = suite_create("replay_host");

    CDN_UNIT_CASE(s, replay__gives_again_what_functions_answered);
    CDN_UNIT_CASE(s, replay__stops_where_the_budget_did);
    CDN_UNIT_CASE(s, replay__tells_another_answer_from_the_one_there_was);
    CDN_UNIT_CASE(s, replay__says_when_answers_are_missing);
    CDN_UNIT_CASE(s, replay__gives_a_candidate_what_it_asks_in_any_order);
    CDN_UNIT_CASE(s, replay__respects_masks);
    CDN_UNIT_CASE(s, replay__takes_members_of_sets);
    CDN_UNIT_CASE(s, record__has_no_answers_of_another_run);
    CDN_UNIT_CASE(s, take__is_whole_only_if_all_of_it_is_there);
#ifdef CORDON_FAILALLOC
    CDN_UNIT_CASE(s, replay__survives_every_allocation_failure);
#endif
    return s;
}

CDN_UNIT_MAIN(suite)
