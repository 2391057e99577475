#include "serving.h"

#include "base/alloc.h"
#include "base/hash.h"
#include "engine/engine.h"
#include "engine/replay.h"

#define DECIDES(name, body)                                                            \
    "return { name = '" name                                                           \
    "', fallback = 'review', decisions = { 'allow', 'review', 'deny', 'odd' },\n"      \
    "evaluate = function(graph, request)\n" body "\nend }"

static void load_set(cordon_engine *engine, const char *source)
{
    cordon_error err;

    ck_assert_msg(
        !cordon_engine_load_set(engine, source, strlen(source), "set.lua", NULL, &err),
        "%s", err.message);
}

static cordon_engine *members(void)
{
    cordon_engine *engine = serving_engine(2);

    serving_load(engine, DECIDES("calm", "return { decision = 'allow', score = 0.1 }"));
    serving_load(engine,
                 DECIDES("strict", "return { decision = 'deny', score = 0.9, reasons = "
                                   "{ 'because' }, output = { a = 1 } }"));
    serving_load(engine, DECIDES("broken", "error('broken')"));
    serving_load(engine, DECIDES("endless", "while true do end"));
    serving_load(engine, DECIDES("odd", "return { decision = 'odd', score = 5 }"));
    serving_load(engine, DECIDES("silent", "return {}"));
    return engine;
}

static cordon_set_outcome *judge(cordon_engine *engine, const char *set)
{
    cordon_request request = CORDON_REQUEST_INIT;
    cordon_set_outcome *outcome;
    cordon_error err;

    ck_assert(!cordon_set_outcome_new(&outcome, NULL));
    ck_assert(!cordon_trace_new(&request.trace, NULL, NULL));
    ck_assert_msg(!cordon_evaluate_set(outcome, engine, set, &request, &err), "%s",
                  err.message);
    ck_assert_uint_eq(cordon_trace_get_summary(request.trace)->runs, 0);
    cordon_trace_free(request.trace);
    return outcome;
}

static cordon_member member(const cordon_set_outcome *outcome, uint32_t index)
{
    cordon_member member = {.struct_size = sizeof member};

    ck_assert(!cordon_set_outcome_member(&member, outcome, index));
    return member;
}

START_TEST(most_severe__one_broken_member_spoils_nothing)
{
    cordon_engine *engine = members();
    cordon_set_outcome *outcome;
    cordon_value reason;
    double score;

    load_set(engine, "return { name = 's', decisions = { 'allow', 'review', 'deny' }, "
                     "rules = { 'calm', 'broken', 'endless', 'strict', 'missing', "
                     "'odd', 'silent' } }");
    outcome = judge(engine, "s");
    ck_assert_str_eq(cordon_set_outcome_decision(outcome), "deny");
    ck_assert(!cordon_set_outcome_is_fallback(outcome));
    ck_assert(cordon_set_outcome_score(outcome, &score));
    ck_assert_double_eq(score, 5);
    ck_assert_uint_eq(cordon_set_outcome_count(outcome), 7);
    ck_assert_uint_eq(cordon_set_outcome_failed(outcome), 3);
    ck_assert_str_eq(member(outcome, 0).decision, "allow");
    ck_assert(!member(outcome, 0).decided);
    ck_assert_int_eq(member(outcome, 1).kind, CORDON_OUTCOME_ERROR);
    ck_assert_contains(member(outcome, 1).message, "broken");
    ck_assert(member(outcome, 1).fallback && member(outcome, 1).has_say);
    ck_assert_int_eq(member(outcome, 2).kind, CORDON_OUTCOME_LIMIT);
    ck_assert_int_eq(member(outcome, 2).limit, CORDON_BUDGET_INSTRUCTIONS);
    ck_assert(member(outcome, 3).decided);
    ck_assert_str_eq(member(outcome, 3).rule, "strict");
    ck_assert_uint_eq(strlen(member(outcome, 3).decision_id), 32);
    ck_assert_uint_eq(member(outcome, 3).reasons.length, 1);
    ck_assert(cordon_value_at(&reason, &(cordon_value){0}, 0) == false);
    ck_assert_int_eq(member(outcome, 3).output.type, CORDON_MAP);
    ck_assert_int_eq(member(outcome, 4).status, CORDON_E_NOTFOUND);
    ck_assert_contains(member(outcome, 4).message, "no rule 'missing'");
    ck_assert(!member(outcome, 4).has_say);
    ck_assert_str_eq(member(outcome, 5).decision, "odd");
    ck_assert(!member(outcome, 5).has_say);
    ck_assert_ptr_null(member(outcome, 6).decision);
    cordon_set_outcome_free(outcome);
    cordon_engine_free(engine);
}
END_TEST

START_TEST(max_score__is_whose_score_is_highest_of_those_with_a_say)
{
    cordon_engine *engine = members();
    cordon_set_outcome *outcome;
    double score;

    load_set(engine, "return { name = 's', decisions = { 'allow', 'review', 'deny' }, "
                     "combine = 'max_score', rules = { 'calm', 'strict', 'odd', "
                     "'broken' } }");
    outcome = judge(engine, "s");
    ck_assert_str_eq(cordon_set_outcome_decision(outcome), "deny");
    ck_assert(cordon_set_outcome_score(outcome, &score));
    ck_assert_double_eq(score, 0.9);
    ck_assert(member(outcome, 1).decided && !member(outcome, 2).decided);
    cordon_set_outcome_free(outcome);
    load_set(engine, "return { name = 's', decisions = { 'allow', 'review', 'deny' }, "
                     "combine = 'max_score', rules = { 'silent', 'broken' } }");
    outcome = judge(engine, "s"); /* without a score the most severe say stands */
    ck_assert_str_eq(cordon_set_outcome_decision(outcome), "review");
    ck_assert(!cordon_set_outcome_score(outcome, &score));
    cordon_set_outcome_free(outcome);
    cordon_engine_free(engine);
}
END_TEST

START_TEST(weighted_sum__is_measured_against_the_thresholds)
{
    static const struct {
        const char *weight, *decision;
        double sum;
    } cases[] = {{"0", "allow", 0.1},
                 {"0.5", "review", 0.55},
                 {"3", "deny", 2.8},
                 {"-1", "allow", -0.8}};
    cordon_engine *engine = members();

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        cordon_set_outcome *outcome;
        char source[400];
        double score;

        snprintf(
            source, sizeof source,
            "return { name = 's', decisions = { 'allow', 'review', 'deny' }, "
            "combine = 'weighted_sum', rules = { 'calm', { name = 'strict', weight "
            "= %s }, 'broken' }, thresholds = { review = 0.5, deny = 2 } }",
            cases[i].weight);
        load_set(engine, source);
        outcome = judge(engine, "s");
        ck_assert_str_eq(cordon_set_outcome_decision(outcome), cases[i].decision);
        ck_assert(cordon_set_outcome_score(outcome, &score));
        ck_assert_double_eq_tol(score, cases[i].sum, 1e-12);
        cordon_set_outcome_free(outcome);
    }
    cordon_engine_free(engine);
}
END_TEST

START_TEST(custom__asks_a_rule_what_to_make_of_it)
{
    cordon_engine *engine = members();
    cordon_set_outcome *outcome;
    double score;

    serving_load(
        engine,
        "return { name = 'majority', fallback = 'review', decisions = { 'allow', "
        "'review', 'deny' }, params = {\n"
        "  rules = { type = 'list', element = 'string' }, outcomes = { type = 'list', "
        "element = "
        "'string' },\n"
        "  decisions = { type = 'list', element = 'string' }, scores = { type = "
        "'list', element "
        "= 'number' } },\n"
        "evaluate = function(graph, request)\n"
        "  local p, count, failed, sum = request.params, {}, 0, 0\n"
        "  for i, d in ipairs(p.decisions) do\n"
        "    count[d] = (count[d] or 0) + 1\n"
        "    if p.outcomes[i] ~= 'ok' then failed = failed + 1 end\n"
        "    sum = sum + p.scores[i]\n"
        "  end\n"
        "  return { decision = (count.deny or 0) > 1 and 'deny' or 'allow', score = "
        "sum,\n"
        "    output = { failed = failed, last = p.rules[#p.rules] } }\n"
        "end }");
    load_set(engine, "return { name = 's', decisions = { 'allow', 'review', 'deny' }, "
                     "combine = 'custom', combiner = 'majority', rules = { 'calm', "
                     "'strict', 'broken' } }");
    outcome = judge(engine, "s");
    ck_assert_str_eq(cordon_set_outcome_decision(outcome), "allow");
    ck_assert(cordon_set_outcome_score(outcome, &score));
    ck_assert_double_eq_tol(score, 1.0, 1e-12);
    ck_assert_uint_eq(cordon_set_outcome_count(outcome), 4);
    ck_assert_str_eq(member(outcome, 3).rule, "majority");
    ck_assert(member(outcome, 3).decided);
    ck_assert_int_eq(member(outcome, 3).output.type, CORDON_MAP);
    cordon_set_outcome_free(outcome);
    cordon_engine_free(engine);
}
END_TEST

START_TEST(fallback__stands_where_nobody_has_a_say)
{
    cordon_engine *engine = members();
    cordon_set_outcome *outcome;

    load_set(engine, "return { name = 's', decisions = { 'allow', 'deny' }, fallback = "
                     "'deny', rules = { 'odd', 'silent', 'missing', 'broken' } }");
    outcome = judge(engine, "s"); /* broken's fallback, review, is not the set's */
    ck_assert_str_eq(cordon_set_outcome_decision(outcome), "deny");
    ck_assert(cordon_set_outcome_is_fallback(outcome));
    cordon_set_outcome_free(outcome);
    load_set(engine, "return { name = 's', decisions = { 'allow', 'deny' }, rules = { "
                     "'silent' } }");
    outcome = judge(engine, "s");
    ck_assert_ptr_null(cordon_set_outcome_decision(outcome));
    ck_assert(cordon_set_outcome_is_fallback(outcome));
    cordon_set_outcome_free(outcome);
    cordon_engine_free(engine);
}
END_TEST

START_TEST(deadline__is_the_whole_set_s)
{
    cordon_engine *engine = members();
    cordon_request request = CORDON_REQUEST_INIT;
    cordon_limits limits = CORDON_LIMITS_INIT;
    cordon_set_outcome *outcome;

    serving_load(engine,
                 "return { name = 'slow', fallback = 'deny', decisions = { 'deny' }, "
                 "limits = { instructions = 1e9, time = '10s' }, evaluate = "
                 "function(graph, request) while true do end end }");
    load_set(engine, "return { name = 's', decisions = { 'allow', 'review', 'deny' }, "
                     "rules = { 'calm', 'slow', 'calm2', 'strict' } }");
    serving_load(engine, DECIDES("calm2", "return { decision = 'allow' }"));
    limits.wall_ns = 500000000;
    request.limits = &limits;
    ck_assert(!cordon_set_outcome_new(&outcome, NULL));
    ck_assert(!cordon_evaluate_set(outcome, engine, "s", &request, NULL));
    ck_assert_int_eq(member(outcome, 0).kind, CORDON_OUTCOME_OK);
    for (uint32_t i = 1; i < 4; i++) { /* stopped, and never begun */
        ck_assert_int_eq(member(outcome, i).kind, CORDON_OUTCOME_LIMIT);
        ck_assert_int_eq(member(outcome, i).limit, CORDON_BUDGET_TIME);
        ck_assert(member(outcome, i).fallback);
    }
    ck_assert_contains(member(outcome, 3).message, "before its turn came");
    ck_assert_uint_eq(member(outcome, 3).usage.instructions, 0);
    ck_assert_str_eq(cordon_set_outcome_decision(outcome), "deny");
    cordon_set_outcome_free(outcome);
    cordon_engine_free(engine);
}
END_TEST

START_TEST(params__go_to_those_who_declare_them)
{
    cordon_engine *engine = serving_engine(1);
    cordon_request request = CORDON_REQUEST_INIT;
    cordon_set_outcome *outcome;
    cordon_builder builder;
    cordon_error err;
    unsigned char bytes[64];

    serving_load(engine,
                 "return { name = 'a', fallback = 'none', params = { x = { type = "
                 "'integer' } }, evaluate = function(graph, request) return { output = "
                 "request.params.x } end }");
    serving_load(engine,
                 "return { name = 'b', fallback = 'none', params = { y = { type = "
                 "'integer', default = 9 } }, evaluate = function(graph, request) "
                 "return { output = request.params.y } end }");
    load_set(engine,
             "return { name = 's', decisions = { 'x' }, rules = { 'a', 'b' } }");
    cordon_builder_init(&builder, bytes, sizeof bytes);
    cordon_builder_map(&builder, 1);
    cordon_builder_string(&builder, "x", 1);
    cordon_builder_integer(&builder, 3);
    request.params = bytes;
    request.params_bytes = builder.length;
    ck_assert(!cordon_set_outcome_new(&outcome, NULL));
    ck_assert(!cordon_evaluate_set(outcome, engine, "s", &request, NULL));
    ck_assert_int_eq(member(outcome, 0).output.as.integer, 3);
    ck_assert_int_eq(member(outcome, 1).output.as.integer, 9);
    cordon_builder_init(&builder, bytes, sizeof bytes);
    cordon_builder_map(&builder, 1);
    cordon_builder_string(&builder, "z", 1);
    cordon_builder_integer(&builder, 3);
    request.params_bytes = builder.length;
    ck_assert_int_eq(cordon_evaluate_set(outcome, engine, "s", &request, &err),
                     CORDON_E_INVALID);
    ck_assert_contains(err.message, "has a parameter 'z'");
    ck_assert_uint_eq(cordon_set_outcome_count(outcome), 0);
    cordon_set_outcome_free(outcome);
    cordon_engine_free(engine);
}
END_TEST

START_TEST(rules__of_a_set_are_told_in_its_order)
{
    cordon_engine *engine = members();
    char rule[CORDON_RULE_MAX_NAME_BYTES + 1];
    cordon_error err;

    load_set(engine,
             "return { name = 's', decisions = { 'x' }, rules = { 'odd', 'calm' } }");
    ck_assert(!cordon_engine_set_rule(rule, engine, "s", 0, &err));
    ck_assert_str_eq(rule, "odd");
    ck_assert(!cordon_engine_set_rule(rule, engine, "s", 1, &err));
    ck_assert_str_eq(rule, "calm");
    ck_assert_int_eq(cordon_engine_set_rule(rule, engine, "s", 2, &err),
                     CORDON_E_NOTFOUND);
    ck_assert_contains(err.message, "has 2 rules");
    load_set(engine, "return { name = 'c', decisions = { 'x' }, rules = { 'calm' }, "
                     "combine = 'custom', combiner = 'odd' }");
    ck_assert(!cordon_engine_set_rule(rule, engine, "c", 1, &err));
    ck_assert_str_eq(rule, "odd");
    ck_assert_int_eq(cordon_engine_set_rule(rule, engine, "c", 2, &err),
                     CORDON_E_NOTFOUND);
    ck_assert_int_eq(cordon_engine_set_rule(rule, engine, "calm", 0, &err),
                     CORDON_E_NOTFOUND);
    ck_assert_int_eq(cordon_engine_set_rule(NULL, engine, "s", 0, &err),
                     CORDON_E_INVALID);
    cordon_engine_free(engine);
}
END_TEST

START_TEST(names__of_rules_and_sets_are_one_space)
{
    static const char set[] =
        "return { name = 'calm', decisions = { 'x' }, rules = { 'calm' } }";
    cordon_engine *engine = members();
    cordon_request request = CORDON_REQUEST_INIT;
    cordon_set_outcome *outcome;
    cordon_outcome *one = serving_outcome();
    cordon_error err;

    ck_assert_int_eq(
        cordon_engine_load_set(engine, set, sizeof set - 1, NULL, NULL, &err),
        CORDON_E_EXISTS);
    load_set(engine, "return { name = 's', decisions = { 'x' }, rules = { 's' } }");
    ck_assert_int_eq(cordon_evaluate(one, engine, "s", &request, &err),
                     CORDON_E_INVALID);
    ck_assert_contains(err.message, "cordon_evaluate_set()");
    ck_assert(!cordon_set_outcome_new(&outcome, NULL));
    ck_assert_int_eq(cordon_evaluate_set(outcome, engine, "calm", &request, &err),
                     CORDON_E_INVALID);
    ck_assert_contains(err.message, "cordon_evaluate()");
    ck_assert_int_eq(cordon_evaluate_set(outcome, engine, "t", &request, &err),
                     CORDON_E_NOTFOUND);
    /* a set in a set is an error of that member */
    ck_assert(!cordon_evaluate_set(outcome, engine, "s", &request, NULL));
    ck_assert_int_eq(member(outcome, 0).status, CORDON_E_INVALID);
    ck_assert(!cordon_engine_unload_rule(engine, "s", NULL));
    ck_assert_int_eq(cordon_evaluate_set(outcome, engine, "s", &request, NULL),
                     CORDON_E_NOTFOUND);
    cordon_set_outcome_free(outcome);
    cordon_outcome_free(one);
    cordon_engine_free(engine);
}
END_TEST

START_TEST(warm__evaluates_without_allocating)
{
    cordon_engine *engine = members();
    cordon_request request = CORDON_REQUEST_INIT;
    cordon_set_outcome *outcome;
    uint64_t before;

    load_set(engine, "return { name = 's', decisions = { 'allow', 'review', 'deny' }, "
                     "rules = { 'calm', 'strict', 'broken', 'odd' } }");
    ck_assert(!cordon_engine_warm(engine, "s", NULL));
    ck_assert(!cordon_set_outcome_new(&outcome, NULL));
    ck_assert(!cordon_evaluate_set(outcome, engine, "s", &request, NULL));
    before = cdn_alloc_count();
    for (int i = 0; i < 100; i++)
        ck_assert(!cordon_evaluate_set(outcome, engine, "s", &request, NULL));
    ck_assert_uint_eq(cdn_alloc_count(), before);
    cordon_set_outcome_free(outcome);
    cordon_engine_free(engine);
}
END_TEST

/* ---- the log ---- */

static const char *const logged_rules[] = {
    DECIDES("calm", "return { decision = 'allow', score = 0.1 }"),
    "return { name = 'wants', decisions = { 'allow', 'deny' }, fallback = 'deny', "
    "params = "
    "{ x = { type = 'integer' } }, evaluate = function(graph, request) return { "
    "decision "
    "= request.params.x == 3 and 'deny' or 'allow' } end }",
    DECIDES("broken", "error('broken')"),
};

static cordon_status find_text(void *ud, struct cdn_buf *out, char name[256],
                               const char *digest, cordon_error *err)
{
    (void)ud;
    for (size_t i = 0; i < sizeof logged_rules / sizeof logged_rules[0]; i++) {
        unsigned char hash[CDN_CONTENT_HASH_BYTES];
        char hex[2 * sizeof hash + 1];

        cdn_hash_content(hash, logged_rules[i], strlen(logged_rules[i]));
        if (strcmp(cdn_hash_hex(hex, hash, sizeof hash), digest) != 0)
            continue;
        snprintf(name, 256, "text");
        cdn_buf_text(out, logged_rules[i]);
        return CORDON_OK;
    }
    return cdn_error_set(err, CORDON_E_NOTFOUND, "no such text");
}

/* Evaluate a set of them with a parameter that one declares, into a log. */
static void log_a_set(cordon_set_outcome *outcome, const char *log)
{
    cordon_engine *engine = serving_engine(1);
    cordon_request request = CORDON_REQUEST_INIT;
    cordon_builder builder;
    unsigned char bytes[64];
    cordon_audit *audit;
    cordon_error err;

    ck_assert_msg(!cordon_audit_open(&audit, log, NULL, &err), "%s", err.message);
    cordon_engine_use_audit(engine, audit);
    for (int i = 0; i < 3; i++)
        serving_load(engine, logged_rules[i]);
    load_set(engine, "return { name = 's', decisions = { 'allow', 'review', 'deny' }, "
                     "rules = { 'calm', 'wants', 'broken' } }");
    cordon_builder_init(&builder, bytes, sizeof bytes);
    cordon_builder_map(&builder, 1);
    cordon_builder_string(&builder, "x", 1);
    cordon_builder_integer(&builder, 3);
    request.params = bytes;
    request.params_bytes = builder.length;
    ck_assert_msg(!cordon_evaluate_set(outcome, engine, "s", &request, &err), "%s",
                  err.message);
    ck_assert(!cordon_audit_close(audit, &err));
    cordon_engine_use_audit(engine, NULL);
    cordon_engine_free(engine);
}

START_TEST(log__has_the_set_s_decision_behind_its_members)
{
    static const struct cdn_replay_texts texts = {.find = find_text};
    const struct cdn_replay_options options = {.texts = &texts, .text_count = 1};
    cordon_audit_entry entry = CORDON_AUDIT_ENTRY_INIT;
    cordon_set_outcome *outcome;
    cordon_audit_reader *reader;
    struct cdn_replay *replay;
    char folder[128], log[160];
    unsigned members = 0, sets = 0;
    cordon_error err;
    bool got = true;

    cdn_unit_folder(folder, sizeof folder);
    snprintf(log, sizeof log, "%s/audit", folder);
    ck_assert(!cordon_set_outcome_new(&outcome, NULL));
    log_a_set(outcome, log);
    ck_assert_str_eq(cordon_set_outcome_decision(outcome), "deny");
    ck_assert_uint_eq(strlen(cordon_set_outcome_decision_id(outcome)), 32);
    ck_assert_msg(!cdn_replay_new(&replay, &options, &err), "%s", err.message);
    ck_assert(!cordon_audit_reader_open(&reader, log, &err));
    while (!cordon_audit_reader_next(&entry, &got, reader, &err) && got) {
        struct cdn_replay_result result;
        struct cdn_audit_view view;

        if (entry.kind != CORDON_AUDIT_DECISION)
            continue;
        ck_assert(cdn_audit_record_view(&view, entry.record, entry.record_bytes));
        ck_assert(cdn_audit_text_is(&view.set, "s"));
        if (!cdn_audit_text_is(&view.rule, "s")) {
            ck_assert_uint_eq(sets, 0);
            members++;
            ck_assert(!cdn_replay_run(&result, replay, &view, &err));
            ck_assert_msg(result.verdict == CDN_REPLAY_IDENTICAL, "%s", result.why);
            continue;
        }
        sets++;
        ck_assert(cdn_audit_text_is(&view.decision, "deny"));
        ck_assert(cdn_audit_text_is(&view.decision_id,
                                    cordon_set_outcome_decision_id(outcome)));
    }
    ck_assert_uint_eq(members, 3);
    ck_assert_uint_eq(sets, 1);
    cordon_audit_reader_close(reader);
    cdn_replay_free(replay);
    cordon_set_outcome_free(outcome);
    snprintf(log, sizeof log, "%s/audit/x", folder);
    cdn_fixture_remove(log);
    snprintf(log, sizeof log, "%s/x", folder);
    cdn_fixture_remove(log);
}
END_TEST

struct spans {
    unsigned count, own;
    uint64_t instructions, own_instructions;
    char last[80], decision[80], id[80], trace[80], message[200];
    cordon_outcome_kind kind;
    uint32_t version;
    double score;
};

static void on_span(void *ud, const cordon_span *span)
{
    struct spans *spans = ud;
    const cordon_outcome *outcome = span->outcome;
    const char *decision = cordon_outcome_decision(outcome);

    spans->count++;
    snprintf(spans->last, sizeof spans->last, "%s", cordon_outcome_rule(outcome));
    ck_assert_str_eq(span->set, "s");
    if (strcmp(spans->last, "s") != 0) {
        spans->instructions += cordon_outcome_usage(outcome)->instructions;
        return;
    }
    spans->own++;
    spans->own_instructions = cordon_outcome_usage(outcome)->instructions;
    spans->kind = cordon_outcome_get_kind(outcome);
    spans->version = cordon_outcome_version(outcome);
    ck_assert_uint_eq(span->duration_ns, cordon_outcome_usage(outcome)->wall_ns);
    spans->score = -1;
    (void)cordon_outcome_score(outcome, &spans->score);
    snprintf(spans->decision, sizeof spans->decision, "%s", decision ? decision : "-");
    snprintf(spans->id, sizeof spans->id, "%s", cordon_outcome_decision_id(outcome));
    snprintf(spans->trace, sizeof spans->trace, "%s", span->traceparent);
    snprintf(spans->message, sizeof spans->message, "%s",
             cordon_outcome_message(outcome));
}

START_TEST(observer__is_told_of_the_set_behind_its_members)
{
    cordon_observer observer = CORDON_OBSERVER_INIT;
    cordon_request request = CORDON_REQUEST_INIT;
    cordon_engine *engine = members();
    cordon_set_outcome *outcome;
    struct spans spans = {0};

    load_set(engine, "return { name = 's', decisions = { 'allow', 'review', 'deny' }, "
                     "rules = { 'calm', 'strict', 'broken' }, fallback = 'review' }");
    observer.span = on_span;
    observer.ud = &spans;
    request.traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    ck_assert(!cordon_engine_observe(engine, &observer, NULL));
    ck_assert(!cordon_set_outcome_new(&outcome, NULL));
    ck_assert(!cordon_evaluate_set(outcome, engine, "s", &request, NULL));
    ck_assert_uint_eq(spans.count, 4);
    ck_assert_uint_eq(spans.own, 1);
    ck_assert_str_eq(spans.last, "s"); /* behind all others */
    ck_assert_str_eq(spans.decision, "deny");
    ck_assert_str_eq(spans.id, cordon_set_outcome_decision_id(outcome));
    ck_assert_str_eq(spans.trace, request.traceparent);
    ck_assert_int_eq((int)spans.kind, CORDON_OUTCOME_OK);
    ck_assert_uint_eq(spans.own_instructions, spans.instructions);
    ck_assert(spans.score > 0.8 && spans.score < 1);
    /* one that nobody may run is told too, and its members are not */
    request.principal = "ann";
    ck_assert(!cordon_evaluate_set(outcome, engine, "s", &request, NULL));
    ck_assert_uint_eq(spans.count, 5);
    ck_assert_int_eq((int)spans.kind, CORDON_OUTCOME_DENIED);
    ck_assert_str_eq(spans.decision, "review");
    ck_assert_str_eq(spans.message, cordon_set_outcome_message(outcome));
    /* what was no evaluation is not */
    ck_assert(cordon_evaluate_set(outcome, engine, "other", &request, NULL));
    ck_assert_uint_eq(spans.count, 5);
    cordon_set_outcome_free(outcome);
    cordon_engine_free(engine);
}
END_TEST

START_TEST(grant__names_the_set_and_each_member)
{
    static const char policy_text[] =
        "return { principals = {\n"
        "  both = { rules = { 's', 'calm', 'strict' }, max_priority = 3 },\n"
        "  set = { rules = { 's' } }, some = { rules = { 's', 'calm' } },\n"
        "  members = { rules = { 'calm', 'strict' } } } }";
    static const struct {
        const char *principal, *decision, *message;
        uint32_t priority, members, failed;
    } rows[] = {
        {NULL, "deny", "", 0, 2, 0},
        {"both", "deny", "", 3, 2, 0},
        {"some", "review", "", 0, 2, 1}, /* the fallback of the other */
        {"set", "review", "", 0, 2, 2},
        {"members", "allow", "principal 'members' may not run set 's'", 0, 0, 0},
        {"both", "allow", "principal 'both' may not ask for priority 4, only 3", 4, 0,
         0},
        {"nobody", "allow", "no principal 'nobody' in p.lua", 0, 0, 0},
    };
    cordon_engine *engine = members();
    cordon_request request = CORDON_REQUEST_INIT;
    cordon_set_outcome *outcome;
    cordon_policy *policy;
    cordon_error err;

    load_set(engine, "return { name = 's', decisions = { 'allow', 'review', 'deny' }, "
                     "rules = { 'calm', 'strict' }, fallback = 'allow' }");
    ck_assert(!cordon_set_outcome_new(&outcome, NULL));
    request.principal = "both";
    ck_assert(!cordon_evaluate_set(outcome, engine, "s", &request, NULL));
    ck_assert_str_eq(cordon_set_outcome_message(outcome),
                     "principal 'both' may do nothing: the engine has no policy");
    ck_assert_msg(!cordon_policy_load_text(&policy, policy_text, strlen(policy_text),
                                           "p.lua", NULL, 0, &err),
                  "%s", err.message);
    ck_assert(!cordon_engine_set_policy(engine, policy, &err));
    cordon_policy_release(policy);
    for (int i = 0; i < CDN_UNIT_COUNT(rows); i++) {
        bool denied = rows[i].message[0] != '\0';

        request.principal = rows[i].principal;
        request.priority = rows[i].priority;
        ck_assert_msg(!cordon_evaluate_set(outcome, engine, "s", &request, &err), "%s",
                      err.message);
        ck_assert_str_eq(cordon_set_outcome_decision(outcome), rows[i].decision);
        ck_assert_int_eq(cordon_set_outcome_get_kind(outcome),
                         denied ? CORDON_OUTCOME_DENIED : CORDON_OUTCOME_OK);
        ck_assert_int_eq(cordon_set_outcome_is_fallback(outcome), denied);
        ck_assert_contains(cordon_set_outcome_message(outcome), rows[i].message);
        ck_assert_uint_eq(cordon_set_outcome_count(outcome), rows[i].members);
        ck_assert_uint_eq(cordon_set_outcome_failed(outcome), rows[i].failed);
    }
    cordon_set_outcome_free(outcome);
    cordon_engine_free(engine);
}
END_TEST

static const char *id_of(const struct cdn_audit_view *view)
{
    static char id[40];

    snprintf(id, sizeof id, "%.*s", (int)view->decision_id.bytes, view->decision_id.at);
    return id;
}

START_TEST(deadline__leaves_a_record_of_those_it_cut_off)
{
    cordon_engine *engine = members();
    cordon_request request = CORDON_REQUEST_INIT;
    cordon_audit_entry entry = CORDON_AUDIT_ENTRY_INIT;
    cordon_limits limits = CORDON_LIMITS_INIT;
    cordon_set_outcome *outcome;
    cordon_audit_reader *reader;
    cordon_audit *audit;
    char folder[128], log[160];
    struct cdn_tally sum = {0};
    struct cdn_version *late;
    cordon_error err;
    uint32_t count = 0;
    bool got = true;

    load_set(engine, "return { name = 's', decisions = { 'allow', 'review', 'deny' }, "
                     "rules = { 'long', 'calm', 'strict' } }");
    serving_load(engine, "return { name = 'long', fallback = 'deny', decisions = { "
                         "'deny' }, limits = { instructions = 1e9, time = '10s' }, "
                         "evaluate = function() while true do end end }");
    cdn_unit_folder(folder, sizeof folder);
    snprintf(log, sizeof log, "%s/audit", folder);
    ck_assert_msg(!cordon_audit_open(&audit, log, NULL, &err), "%s", err.message);
    cordon_engine_use_audit(engine, audit);
    limits.wall_ns = 2000000;
    request.limits = &limits;
    ck_assert(!cordon_set_outcome_new(&outcome, NULL));
    ck_assert(!cordon_evaluate_set(outcome, engine, "s", &request, NULL));
    ck_assert(!cordon_audit_close(audit, &err));
    cordon_engine_use_audit(engine, NULL);
    ck_assert(!cordon_audit_reader_open(&reader, log, &err));
    while (!cordon_audit_reader_next(&entry, &got, reader, &err) && got) {
        struct cdn_audit_view view;

        if (entry.kind != CORDON_AUDIT_DECISION)
            continue;
        ck_assert(cdn_audit_record_view(&view, entry.record, entry.record_bytes));
        if (count < 3) {
            ck_assert_str_eq(member(outcome, count).decision_id, id_of(&view));
            ck_assert(
                cdn_audit_text_is(&view.decision, member(outcome, count).decision));
        }
        count++;
    }
    ck_assert_uint_eq(count, 4); /* three members, and the set behind them */
    /* that others took too long is not held against a rule, by no guard */
    late = cdn_state_find(atomic_load(&engine->state), "strict")->live->version;
    cdn_tally_sum(&sum, late->tallies, engine->lane_count);
    ck_assert_uint_eq(cdn_tally_all(&sum), 0);
    cordon_audit_reader_close(reader);
    cordon_set_outcome_free(outcome);
    cordon_engine_free(engine);
    cdn_fixture_remove(log);
    snprintf(log, sizeof log, "%s/x", folder);
    cdn_fixture_remove(log);
}
END_TEST

START_TEST(outcome__has_nothing_of_an_earlier_judgement)
{
    cordon_engine *engine = members();
    cordon_request request = CORDON_REQUEST_INIT;
    cordon_set_outcome *outcome;

    load_set(engine, "return { name = 's', decisions = { 'allow', 'deny' }, "
                     "rules = { 'strict' } }");
    for (int wrong = 0; wrong < 3; wrong++) {
        outcome = judge(engine, "s");
        ck_assert_str_eq(cordon_set_outcome_decision(outcome), "deny");
        request.priority = wrong == 1 ? CORDON_MAX_PRIORITY + 1 : 0;
        request.struct_size = sizeof request - (wrong == 2);
        ck_assert(cordon_evaluate_set(outcome, engine, wrong ? "s" : "nobody", &request,
                                      NULL));
        ck_assert_ptr_null(cordon_set_outcome_decision(outcome));
        ck_assert_uint_eq(cordon_set_outcome_count(outcome), 0);
        ck_assert_str_eq(cordon_set_outcome_decision_id(outcome), "");
        cordon_set_outcome_free(outcome);
    }
    cordon_engine_free(engine);
}
END_TEST

#ifdef CORDON_FAILALLOC
START_TEST(evaluate__survives_every_allocation_failure)
{
    cordon_engine *engine = members();
    cordon_request request = CORDON_REQUEST_INIT;

    load_set(engine, "return { name = 's', decisions = { 'allow', 'review', 'deny' }, "
                     "rules = { 'calm', 'strict' } }");
    for (long nth = 0;; nth++) {
        cordon_set_outcome *outcome = NULL;
        cordon_status status;
        bool fired;

        cdn_failalloc_after(nth, false);
        status = cordon_set_outcome_new(&outcome, NULL);
        if (!status)
            status = cordon_evaluate_set(outcome, engine, "s", &request, NULL);
        fired = cdn_failalloc_fired();
        cdn_failalloc_after(-1, false);
        if (!status && cordon_set_outcome_failed(outcome) == 0)
            ck_assert_str_eq(cordon_set_outcome_decision(outcome), "deny");
        else if (status)
            ck_assert_int_eq(status, CORDON_E_NOMEM);
        cordon_set_outcome_free(outcome);
        if (!fired)
            break;
    }
    cordon_engine_free(engine);
}
END_TEST
#endif

static Suite *suite(void)
{
    Suite *s = suite_create("set_evaluate");

    CDN_UNIT_CASE(s, most_severe__one_broken_member_spoils_nothing);
    CDN_UNIT_CASE(s, max_score__is_whose_score_is_highest_of_those_with_a_say);
    CDN_UNIT_CASE(s, weighted_sum__is_measured_against_the_thresholds);
    CDN_UNIT_CASE(s, custom__asks_a_rule_what_to_make_of_it);
    CDN_UNIT_CASE(s, fallback__stands_where_nobody_has_a_say);
    CDN_UNIT_CASE(s, deadline__is_the_whole_set_s);
    CDN_UNIT_CASE(s, params__go_to_those_who_declare_them);
    CDN_UNIT_CASE(s, rules__of_a_set_are_told_in_its_order);
    CDN_UNIT_CASE(s, names__of_rules_and_sets_are_one_space);
    CDN_UNIT_CASE(s, warm__evaluates_without_allocating);
    CDN_UNIT_CASE(s, log__has_the_set_s_decision_behind_its_members);
    CDN_UNIT_CASE(s, observer__is_told_of_the_set_behind_its_members);
    CDN_UNIT_CASE(s, grant__names_the_set_and_each_member);
    CDN_UNIT_CASE(s, deadline__leaves_a_record_of_those_it_cut_off);
    CDN_UNIT_CASE(s, outcome__has_nothing_of_an_earlier_judgement);
#ifdef CORDON_FAILALLOC
    CDN_UNIT_CASE(s, evaluate__survives_every_allocation_failure);
#endif
    return s;
}

CDN_UNIT_MAIN(suite)
