/* Replay: equal where everything is equal, and a name for everything else. */
#include "replaying.h"
#include "serving.h"

#include "auditing.h"

#include "engine/replay.h"
#include "rule/outcome.h"

#define TEXTS 4

static const char *texts[TEXTS];
static unsigned char bytes[1 << 16];

/* Texts by their hash. */
static cordon_status find(void *ud, struct cdn_buf *out, char name[256],
                          const char *digest, cordon_error *error)
{
    (void)ud;
    (void)error;
    for (int i = 0; i < TEXTS && texts[i]; i++) {
        unsigned char hash[CDN_CONTENT_HASH_BYTES];
        char hex[2 * sizeof hash + 1];

        cdn_hash_content(hash, texts[i], strlen(texts[i]));
        if (strcmp(cdn_hash_hex(hex, hash, sizeof hash), digest) != 0)
            continue;
        cdn_buf_text(out, texts[i]);
        (void)snprintf(name, 256, "text %d", i);
        return out->failed ? CORDON_E_NOMEM : CORDON_OK;
    }
    return CORDON_E_NOTFOUND;
}

static const struct cdn_replay_texts source = {find, NULL};

/* Evaluate once, and the record of it as it is read back. */
static struct cdn_audit_view decide(const char *text, const cordon_request *request)
{
    cordon_engine *engine = serving_engine(1);
    cordon_outcome *outcome = serving_outcome();
    struct cdn_audit_record record;
    struct cdn_audit_view view;
    char name[65];
    size_t length;

    ck_assert_msg(
        !cordon_engine_load_rule(engine, text, strlen(text), "t.lua", name, &err), "%s",
        err.message);
    ck_assert_msg(!cordon_evaluate(outcome, engine, name, request, &err), "%s",
                  err.message);
    cdn_audit_record_of(&record, outcome, request, 0, 1);
    length = cdn_audit_record_encode(bytes, sizeof bytes, &record);
    ck_assert(cdn_audit_record_view(&view, bytes, length));
    cordon_outcome_free(outcome);
    cordon_engine_free(engine);
    return view;
}

static struct cdn_replay *make(const char *candidate, bool own_limits)
{
    struct cdn_replay_options options = {.texts = &source,
                                         .text_count = 1,
                                         .candidate = candidate,
                                         .candidate_bytes =
                                             candidate ? strlen(candidate) : 0,
                                         .candidate_file = "candidate.lua",
                                         .own_limits = own_limits};
    struct cdn_replay *replay;

    ck_assert_msg(!cdn_replay_new(&replay, &options, &err), "%s", err.message);
    return replay;
}

static void verdict_is(const char *candidate, const struct cdn_audit_view *view,
                       enum cdn_replay_verdict verdict, const char *part)
{
    struct cdn_replay *replay = make(candidate, false);
    struct cdn_replay_result result;

    ck_assert_msg(!cdn_replay_run(&result, replay, view, &err), "%s", err.message);
    ck_assert_msg(result.verdict == verdict, "%s: %s", cdn_replay_word(result.verdict),
                  result.why);
    ck_assert_has(result.why, part);
    cdn_replay_free(replay);
}

#define DECIDES(name, body)                                                            \
    "return { name = '" name "', decisions = {'allow', 'deny'}, fallback = 'deny',\n"  \
    "params = { n = { type = 'integer', default = 1 } },\n"                            \
    "evaluate = function(graph, request)\n" body "\nend }"

START_TEST(run__is_identical_where_nothing_changed)
{
    cordon_request request = CORDON_REQUEST_INIT;
    struct cdn_audit_view view;

    texts[0] = DECIDES("r", "return { decision = 'allow', score = math.random(), "
                            "output = { request.params.n, request.now } }");
    texts[1] = DECIDES("r", "local t = {} for i = 1, 1e9 do t[1] = i end");
    texts[2] = DECIDES("r", "error('no')");
    request.params = "\x81\xa1n\x07";
    request.params_bytes = 4;
    request.now_ms = 5;
    request.seed = UINT64_MAX - 3;
    for (int i = 0; i < 3; i++) {
        view = decide(texts[i], &request);
        ck_assert_int_eq((int)view.outcome, i == 0   ? CORDON_OUTCOME_OK
                                            : i == 1 ? CORDON_OUTCOME_LIMIT
                                                     : CORDON_OUTCOME_ERROR);
        verdict_is(NULL, &view, CDN_REPLAY_IDENTICAL, "");
    }
}
END_TEST

START_TEST(run__names_the_first_thing_that_differs)
{
    cordon_request request = CORDON_REQUEST_INIT;
    struct cdn_audit_view view, changed;

    texts[0] = DECIDES("r", "return { decision = 'allow', output = request.now }");
    view = decide(texts[0], &request);
    changed = view;
    changed.usage.instructions++;
    verdict_is(NULL, &changed, CDN_REPLAY_CHANGED, "instructions were");
    changed = view;
    changed.usage.edges = 3;
    verdict_is(NULL, &changed, CDN_REPLAY_CHANGED, "edges were 3 and are 0");
    changed = view;
    changed.decision = (struct cdn_audit_text){"deny", 4};
    verdict_is(NULL, &changed, CDN_REPLAY_CHANGED,
               "the decision was deny and is allow");
    changed = view;
    changed.reads_digest ^= 1;
    verdict_is(NULL, &changed, CDN_REPLAY_CHANGED, "other values were read");
    changed = view;
    changed.now_ms = 77;
    verdict_is(NULL, &changed, CDN_REPLAY_CHANGED, "the result's bytes");
    changed = view;
    changed.outcome = CORDON_OUTCOME_ERROR;
    verdict_is(NULL, &changed, CDN_REPLAY_CHANGED, "the outcome was error");
    changed = view;
    changed.truncated = true;
    verdict_is(NULL, &changed, CDN_REPLAY_CHANGED, "whether a traversal was cut");
    changed = view;
    changed.result_masked = true;
    changed.result.bytes = 1;
    verdict_is(NULL, &changed, CDN_REPLAY_IDENTICAL, "");
}
END_TEST

START_TEST(run__runs_under_the_limits_of_then)
{
    cordon_limits limits = CORDON_LIMITS_INIT;
    cordon_request request = CORDON_REQUEST_INIT;
    struct cdn_audit_view view;

    texts[0] = DECIDES("r", "for i = 1, 1e5 do end return { decision = 'allow' }");
    limits.instructions = 5000;
    request.limits = &limits;
    view = decide(texts[0], &request);
    ck_assert_int_eq((int)view.limit, CORDON_BUDGET_INSTRUCTIONS);
    verdict_is(NULL, &view, CDN_REPLAY_IDENTICAL, "");
}
END_TEST

START_TEST(run__never_calls_a_difference_what_cannot_be_reproduced)
{
    cordon_request request = CORDON_REQUEST_INIT;
    struct cdn_audit_view view, changed;

    texts[0] = DECIDES("r", "return { decision = 'allow' }");
    view = decide(texts[0], &request);
    changed = view;
    changed.outcome = CORDON_OUTCOME_LIMIT;
    changed.limit = CORDON_BUDGET_TIME;
    verdict_is(NULL, &changed, CDN_REPLAY_NOT_REPRODUCIBLE, "time limit");
    changed.limit = CORDON_BUDGET_MEMORY;
    verdict_is(NULL, &changed, CDN_REPLAY_NOT_REPRODUCIBLE, "memory limit");
    changed.outcome = CORDON_OUTCOME_CANCELLED;
    changed.limit = CORDON_BUDGET_NONE;
    verdict_is(NULL, &changed, CDN_REPLAY_NOT_REPRODUCIBLE, "cancelled");
    changed.outcome = CORDON_OUTCOME_DENIED;
    verdict_is(NULL, &changed, CDN_REPLAY_NOT_REPRODUCIBLE, "not permitted");
    changed = view;
    changed.input_masked = true;
    verdict_is(NULL, &changed, CDN_REPLAY_MASKED, "masked");
}
END_TEST

START_TEST(run__says_what_is_missing)
{
    cordon_request request = CORDON_REQUEST_INIT;
    struct cdn_audit_view view, changed;

    texts[0] = DECIDES("r", "return { decision = 'allow' }");
    view = decide(texts[0], &request);
    changed = view;
    changed.snapshot_id = 7;
    changed.generation = 3;
    verdict_is(NULL, &changed, CDN_REPLAY_GENERATION_GONE, "no store");
    changed.graph = (struct cdn_audit_text){"inline", 6}; /* it is in no store */
    verdict_is(NULL, &changed, CDN_REPLAY_NOT_REPRODUCIBLE,
               "a graph that came with the request, of identity 0000000000000007");
    changed = view;
    changed.digest = (struct cdn_audit_text){DIGEST, 64};
    verdict_is(NULL, &changed, CDN_REPLAY_TEXT_MISSING, DIGEST);
    changed.digest = (struct cdn_audit_text){0};
    verdict_is(NULL, &changed, CDN_REPLAY_TEXT_MISSING, "no rule");
    changed = view;
    changed.params = (struct cdn_audit_text){"\x81\xa1x\x01", 4};
    verdict_is(NULL, &changed, CDN_REPLAY_REFUSED, "x");
}
END_TEST

START_TEST(run__compares_decisions_with_a_candidates)
{
    const char *same =
        DECIDES("r", "for i = 1, 50 do end return { decision = 'allow' }");
    const char *other = DECIDES("r", "return { decision = 'deny' }");
    cordon_request request = CORDON_REQUEST_INIT;
    struct cdn_replay_result result;
    struct cdn_audit_view view;
    struct cdn_replay *replay;

    texts[0] = DECIDES("r", "return { decision = 'allow' }");
    view = decide(texts[0], &request);
    verdict_is(same, &view, CDN_REPLAY_IDENTICAL, "instructions were");
    verdict_is(other, &view, CDN_REPLAY_CHANGED, "the decision was allow and is deny");
    /* its own word, and the fallback of the same name, are two decisions */
    view.decision = (struct cdn_audit_text){"deny", 4};
    view.fallback = true;
    verdict_is(other, &view, CDN_REPLAY_CHANGED, "deny (fallback) and is deny");
    replay = make(other, false);
    ck_assert_str_eq(cdn_replay_candidate(replay), "r");
    cdn_replay_free(replay);

    /* what bounded the old need not bound the new */
    view = decide(texts[0], &request);
    view.usage.instructions_limit = 10;
    replay = make(same, false);
    ck_assert_int_eq(cdn_replay_run(&result, replay, &view, &err), CORDON_OK);
    ck_assert_int_eq((int)result.outcome->limit, CORDON_BUDGET_INSTRUCTIONS);
    cdn_replay_free(replay);
    replay = make(same, true);
    ck_assert_int_eq(cdn_replay_run(&result, replay, &view, &err), CORDON_OK);
    ck_assert_int_eq((int)result.outcome->kind, CORDON_OUTCOME_OK);
    cdn_replay_free(replay);
}
END_TEST

START_TEST(new__refuses_a_candidate_that_does_not_load)
{
    struct cdn_replay_options options = {
        .candidate = "return 7", .candidate_bytes = 8, .candidate_file = "c.lua"};
    struct cdn_replay *replay;

    ck_assert_int_eq(cdn_replay_new(&replay, &options, &err), CORDON_E_RULE);
    ck_assert_ptr_null(replay);
    cdn_replay_free(NULL);
}
END_TEST

/* More texts than there are seats for. */
START_TEST(run__takes_any_number_of_texts_in_any_order)
{
    static char rules[12][400];
    cordon_request request = CORDON_REQUEST_INIT;
    struct cdn_replay *replay = make(NULL, false);
    struct cdn_replay_result result;

    for (int i = 0; i < 12; i++)
        (void)snprintf(rules[i], sizeof rules[i], "%s -- %d",
                       DECIDES("r", "return { decision = 'allow' }"), i);
    for (int i = 0; i < 60; i++) {
        struct cdn_audit_view view;

        texts[0] = rules[i * 7 % 12];
        view = decide(texts[0], &request);
        ck_assert_int_eq(cdn_replay_run(&result, replay, &view, &err), CORDON_OK);
        ck_assert_msg(result.verdict == CDN_REPLAY_IDENTICAL, "%s", result.why);
    }
    cdn_replay_free(replay);
}
END_TEST

#ifdef CORDON_FAILALLOC
START_TEST(replay__survives_every_allocation_failure)
{
    cordon_request request = CORDON_REQUEST_INIT;
    struct cdn_audit_view view;

    texts[0] = DECIDES("r", "return { decision = 'allow' }");
    view = decide(texts[0], &request);
    replaying_survives(&view, &source);
}
END_TEST
#endif

static Suite *suite(void)
{
    Suite *s = suite_create("replay");

    CDN_UNIT_CASE(s, run__is_identical_where_nothing_changed);
    CDN_UNIT_CASE(s, run__names_the_first_thing_that_differs);
    CDN_UNIT_CASE(s, run__runs_under_the_limits_of_then);
    CDN_UNIT_CASE(s, run__never_calls_a_difference_what_cannot_be_reproduced);
    CDN_UNIT_CASE(s, run__says_what_is_missing);
    CDN_UNIT_CASE(s, run__compares_decisions_with_a_candidates);
    CDN_UNIT_CASE(s, new__refuses_a_candidate_that_does_not_load);
    CDN_UNIT_CASE(s, run__takes_any_number_of_texts_in_any_order);
#ifdef CORDON_FAILALLOC
    CDN_UNIT_CASE(s, replay__survives_every_allocation_failure);
#endif
    return s;
}

CDN_UNIT_MAIN(suite)
