/* Which wall a version runs behind, and what its breaker does: in memory, in the registry, in the
 * decision log. */
#include "registered.h"

#include <pthread.h>

#include <cordon.h>

#include "base/alloc.h"
#include "base/pack.h"
#include "engine/trust.h"

static cordon_engine *engine;
static cordon_outcome *outcome;
static cordon_audit *audit;
static char log_folder[160];

static cordon_engine_options options = CORDON_ENGINE_OPTIONS_INIT;

static const char no_walls[] = "return { principals = { p = { rules = '*' } } }";

/* ---- what the tests are about ---- */

/* A rule that answers, spends all it has, or fails, as `do` says. */
static void push_fickle(const char *name, int what)
{
    cordon_version_info info = {.struct_size = sizeof info};
    char text[800];

    (void)snprintf(
        text, sizeof text,
        "return { name = '%s', decisions = { 'allow', 'deny' }, fallback = 'deny',\n"
        "params = { act = { type = 'string', default = 'answer' } },\n"
        "limits = { instructions = 20000, time = '10s' },\n"
        "evaluate = function(graph, request)\n"
        "if request.params.act == 'spend' then while true do end end\n"
        "if request.params.act == 'fail' then error('secret ' .. request.params.act) "
        "end\n"
        "return { decision = 'allow', score = %d } end }",
        name, what);
    OK(cordon_registry_push(&info, registry, CORDON_OBJECT_RULE, text, strlen(text),
                            "rule.lua", NULL, 0, &by_ann, &err));
}

static cordon_status give(const char *text)
{
    cordon_policy *policy;
    cordon_status status;

    OK(cordon_policy_load_text(&policy, text, strlen(text), "p.lua", NULL, 0, &err));
    status = cordon_engine_set_policy(engine, policy, &err);
    cordon_policy_release(policy);
    return status;
}

static void begin(void)
{
    OK(cordon_engine_new(&engine, &options, &err));
    OK(cordon_engine_use_registry(engine, registry, &err));
    cordon_engine_use_audit(engine, audit);
}

static void end(void)
{
    cordon_engine_free(engine);
    engine = NULL;
}

static cordon_upkeep upkeep(void)
{
    cordon_upkeep did = CORDON_UPKEEP_INIT;

    OK(cordon_engine_upkeep(engine, &did, &err));
    return did;
}

static cordon_outcome_kind ask_as(cordon_outcome *into, const char *act,
                                  const cordon_limits *limits)
{
    cordon_request request = CORDON_REQUEST_INIT;
    unsigned char params[64];
    struct cdn_packer packer;

    cdn_pack_init(&packer, params, sizeof params);
    cdn_pack_map(&packer, 1);
    cdn_pack_cstr(&packer, "act");
    cdn_pack_cstr(&packer, act);
    request.params = params;
    request.params_bytes = packer.length;
    request.limits = limits;
    OK(cordon_evaluate(into, engine, "r", &request, NULL));
    return cordon_outcome_get_kind(into);
}

static cordon_outcome_kind ask(const char *act)
{
    return ask_as(outcome, act, NULL);
}

/* The wall that the rule's active version has now, whoever asks. */
static uint32_t wall_of(const char *name)
{
    const struct cdn_state *state = atomic_load(&engine->state);

    return cdn_entry_wall(cdn_state_find(state, name)->live);
}

static int trips_in_history(void)
{
    cordon_change_record change = {.struct_size = sizeof change};
    int count = 0;

    while (!cordon_registry_history(&change, registry, "r", change.sequence, NULL))
        count += change.action == CORDON_ACTION_TRIP;
    return count;
}

/* The notes of breakers in the log; `last` receives the newest as JSON would have it: its text,
 * action and number of decisions. */
struct noted {
    int count;
    char text[1024], action[16], to[16], tripped_by[16];
    int64_t version, decisions, crashes, limits, errors;
};

static void take(char *out, size_t size, const cordon_value *map, const char *key)
{
    cordon_value value;

    out[0] = '\0';
    if (cordon_value_get(&value, map, key) && value.type == CORDON_STRING)
        (void)snprintf(out, size, "%.*s", (int)value.length, value.as.string);
}

static int64_t number(const cordon_value *map, const char *key)
{
    cordon_value value;

    return cordon_value_get(&value, map, key) && value.type == CORDON_INTEGER
               ? value.as.integer
               : -1;
}

static struct noted noted_in_log(void)
{
    cordon_audit_entry entry = CORDON_AUDIT_ENTRY_INIT;
    cordon_audit_report report = CORDON_AUDIT_REPORT_INIT;
    cordon_audit_reader *reader;
    struct noted noted = {0};
    cordon_value counts, decisions;
    bool got;

    OK(cordon_audit_drain(audit, &err));
    OK(cordon_audit_reader_open(&reader, log_folder, &err));
    while (!cordon_audit_reader_next(&entry, &got, reader, &err) && got) {
        char word[16];

        take(word, sizeof word, &entry.value, "note");
        if (strcmp(word, "breaker") != 0)
            continue;
        noted.count++;
        take(noted.text, sizeof noted.text, &entry.value, "text");
        take(noted.action, sizeof noted.action, &entry.value, "action");
        take(noted.to, sizeof noted.to, &entry.value, "to");
        take(noted.tripped_by, sizeof noted.tripped_by, &entry.value, "tripped_by");
        noted.version = number(&entry.value, "version");
        ck_assert(cordon_value_get(&counts, &entry.value, "counts"));
        noted.crashes = number(&counts, "crashes");
        noted.limits = number(&counts, "limits");
        noted.errors = number(&counts, "errors");
        ck_assert(cordon_value_get(&decisions, &entry.value, "decisions"));
        noted.decisions = decisions.length;
    }
    cordon_audit_reader_close(reader);
    OK(cordon_audit_verify(&report, log_folder, NULL, NULL, NULL, &err));
    ck_assert_uint_eq(report.findings, 0);
    return noted;
}

static void setup(void)
{
    registered_setup();
    (void)snprintf(log_folder, sizeof log_folder, "%s.audit", registered_folder);
    OK(cordon_audit_open(&audit, log_folder, NULL, &err));
    OK(cordon_outcome_new(&outcome, &err));
    push_fickle("r", 1);
    activate("r", 1);
    options = (cordon_engine_options)CORDON_ENGINE_OPTIONS_INIT;
    options.slots = 4;
}

static void teardown(void)
{
    DIR *dir;
    struct dirent *entry;

    cordon_outcome_free(outcome);
    OK(cordon_audit_close(audit, &err));
    dir = opendir(log_folder);
    while (dir && (entry = readdir(dir)))
        unlinkat(dirfd(dir), entry->d_name, 0);
    closedir(dir);
    rmdir(log_folder);
    registered_teardown();
}

/* ---- breakers ---- */

#define THREE_LIMITS                                                                   \
    "return { principals = { p = { rules = '*' } },\n"                                 \
    "breaker = { limits = 3, errors = { count = 2, of = 10 }, behind = {} } }"

START_TEST(breaker__is_not_there_unless_the_policy_says_so)
{
    begin();
    for (int i = 0; i < 20; i++)
        ck_assert_int_eq(ask("spend"), CORDON_OUTCOME_LIMIT);
    OK(give(no_walls));
    for (int i = 0; i < 20; i++)
        ck_assert_int_eq(ask("fail"), CORDON_OUTCOME_ERROR);
    ck_assert_uint_eq(upkeep().tripped, 0);
    ck_assert_int_eq(ask("answer"), CORDON_OUTCOME_OK);
    end();
}
END_TEST

START_TEST(breaker__stops_a_rule_at_once_and_for_good)
{
    struct noted noted;

    begin();
    OK(give(THREE_LIMITS));
    ck_assert_int_eq(ask("answer"), CORDON_OUTCOME_OK);
    for (int i = 0; i < 3; i++)
        ck_assert_int_eq(ask("spend"), CORDON_OUTCOME_LIMIT);
    /* before any upkeep, and whatever is asked */
    ck_assert_int_eq(ask("answer"), CORDON_OUTCOME_DENIED);
    ck_assert_str_eq(cordon_outcome_decision(outcome), "deny");
    ck_assert_str_eq(cordon_outcome_message(outcome),
                     "'r' is out of service: its breaker tripped");
    ck_assert_int_eq(standing_of("r").state, CORDON_STANDING_ACTIVE);
    ck_assert_uint_eq(upkeep().tripped, 1);
    ck_assert_int_eq(standing_of("r").state, CORDON_STANDING_PAUSED);
    ck_assert_uint_eq(upkeep().tripped, 0);
    ck_assert_int_eq(trips_in_history(), 1);
    noted = noted_in_log();
    ck_assert_int_eq(noted.count, 1);
    ck_assert_str_eq(noted.action, "pause");
    ck_assert_str_eq(noted.to, "");
    ck_assert_str_eq(noted.tripped_by, "limits");
    ck_assert_int_eq(noted.version, 1);
    ck_assert_int_eq(noted.limits, 3);
    ck_assert_int_eq(noted.crashes, 0);
    ck_assert_int_eq(noted.decisions, 3);
    ck_assert_str_eq(noted.text, last_change("r").details);
    ck_assert_ptr_nonnull(strstr(noted.text, "3 limits hit within 600 s"));
    ck_assert_ptr_nonnull(strstr(noted.text, "last: limit: instructions"));
    ck_assert_int_eq(ask("answer"), CORDON_OUTCOME_DENIED);
    ck_assert_ptr_nonnull(strstr(cordon_outcome_message(outcome), "paused by breaker"));
    end();
}
END_TEST

START_TEST(breaker__outlives_the_engine_until_an_operator_resumes)
{
    begin();
    OK(give(THREE_LIMITS));
    for (int i = 0; i < 3; i++)
        ask("spend");
    upkeep();
    end();
    begin();
    ck_assert_int_eq(ask("answer"), CORDON_OUTCOME_DENIED);
    OK(give(THREE_LIMITS));
    ck_assert_int_eq(ask("answer"), CORDON_OUTCOME_DENIED);
    OK(cordon_registry_resume(registry, "r", &by_ann, &err));
    upkeep();
    ck_assert_int_eq(ask("answer"), CORDON_OUTCOME_OK);
    /* and counts from nothing */
    for (int i = 0; i < 2; i++)
        ck_assert_int_eq(ask("spend"), CORDON_OUTCOME_LIMIT);
    ck_assert_int_eq(ask("answer"), CORDON_OUTCOME_OK);
    end();
}
END_TEST

START_TEST(breaker__is_resumed_in_the_engine_that_tripped)
{
    begin();
    OK(give(THREE_LIMITS));
    for (int round = 1; round <= 2; round++) {
        for (int i = 0; i < 3; i++)
            ck_assert_int_eq(ask("spend"), CORDON_OUTCOME_LIMIT);
        ck_assert_int_eq(ask("answer"), CORDON_OUTCOME_DENIED);
        ck_assert_uint_eq(upkeep().tripped, 1);
        ck_assert_int_eq(trips_in_history(), round);
        OK(cordon_registry_resume(registry, "r", &by_ann, &err));
        upkeep();
        ck_assert_int_eq(ask("answer"), CORDON_OUTCOME_OK);
    }
    end();
}
END_TEST

START_TEST(breaker__holds_no_caller_s_limit_against_the_rule)
{
    const cordon_limits tight = {.struct_size = sizeof tight, .instructions = 1000};

    begin();
    OK(give(THREE_LIMITS));
    for (int i = 0; i < 20; i++)
        ck_assert_int_eq(ask_as(outcome, "spend", &tight), CORDON_OUTCOME_LIMIT);
    ck_assert_uint_eq(upkeep().tripped, 0);
    ck_assert_int_eq(ask("answer"), CORDON_OUTCOME_OK);
    end();
}
END_TEST

START_TEST(breaker__counts_errors_of_so_many_runs_and_tells_none_of_their_words)
{
    struct noted noted;

    begin();
    OK(give(THREE_LIMITS));
    for (int i = 0; i < 3; i++) { /* never two in ten */
        ck_assert_int_eq(ask("fail"), CORDON_OUTCOME_ERROR);
        for (int k = 0; k < 10; k++)
            ck_assert_int_eq(ask("answer"), CORDON_OUTCOME_OK);
    }
    ck_assert_int_eq(ask("fail"), CORDON_OUTCOME_ERROR);
    ck_assert_int_eq(ask("answer"), CORDON_OUTCOME_OK);
    ck_assert_int_eq(ask("fail"), CORDON_OUTCOME_ERROR);
    ck_assert_int_eq(ask("answer"), CORDON_OUTCOME_DENIED);
    ck_assert_uint_eq(upkeep().tripped, 1);
    noted = noted_in_log();
    ck_assert_str_eq(noted.tripped_by, "errors");
    ck_assert_ptr_nonnull(strstr(noted.text, "2 errors within 10 runs"));
    ck_assert_ptr_null(strstr(noted.text, "secret"));
    end();
}
END_TEST

static void *spend_often(void *ud)
{
    cordon_outcome *own;

    (void)ud;
    OK(cordon_outcome_new(&own, NULL));
    for (int i = 0; i < 50; i++)
        (void)ask_as(own, "spend", NULL);
    cordon_outcome_free(own);
    return NULL;
}

START_TEST(breaker__of_many_threads_trips_once)
{
    enum { THREADS = 4 };
    pthread_t threads[THREADS];
    uint32_t tripped = 0;

    begin();
    OK(give(THREE_LIMITS));
    for (int i = 0; i < THREADS; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, spend_often, NULL), 0);
    for (int i = 0; i < 20; i++)
        tripped += upkeep().tripped;
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    tripped += upkeep().tripped;
    ck_assert_uint_eq(tripped, 1);
    ck_assert_int_eq(trips_in_history(), 1);
    ck_assert_int_eq(noted_in_log().count, 1);
    end();
}
END_TEST

START_TEST(breaker__of_two_engines_makes_one_change)
{
    cordon_engine *first;

    begin();
    OK(give(THREE_LIMITS));
    first = engine;
    begin();
    OK(give(THREE_LIMITS));
    for (int i = 0; i < 3; i++)
        ask("spend");
    upkeep();
    end();
    engine = first;
    for (int i = 0; i < 3; i++) /* it has not looked at the registry yet */
        ck_assert_int_eq(ask("spend"), CORDON_OUTCOME_LIMIT);
    ck_assert_uint_eq(upkeep().tripped, 0);
    ck_assert_int_eq(trips_in_history(), 1);
    ck_assert_int_eq(ask("answer"), CORDON_OUTCOME_DENIED);
    OK(cordon_registry_resume(registry, "r", &by_ann, &err));
    upkeep();
    ck_assert_int_eq(ask("answer"), CORDON_OUTCOME_OK);
    end();
}
END_TEST

START_TEST(breaker__of_a_shadow_leaves_what_decides)
{
    const cordon_rollout_shadow shadow[] = {{2, 10000}};
    cordon_version_info info = {.struct_size = sizeof info};
    static const char text[] =
        "return { name = 'r', decisions = { 'allow', 'deny' }, fallback = 'deny',\n"
        "params = { act = { type = 'string', default = '' } },\n"
        "evaluate = function() error('not ready') end }";

    OK(cordon_registry_push(&info, registry, CORDON_OBJECT_RULE, text, strlen(text),
                            "rule.lua", NULL, 0, &by_ann, &err));
    OK(cordon_registry_shadows(registry, "r", shadow, 1, &by_ann, &err));
    begin();
    OK(give(THREE_LIMITS));
    for (int i = 0; i < 2; i++)
        ck_assert_int_eq(ask("answer"), CORDON_OUTCOME_OK);
    ck_assert_uint_eq(upkeep().tripped, 1);
    ck_assert_int_eq(standing_of("r").state, CORDON_STANDING_ACTIVE);
    ck_assert_uint_eq(standing_of("r").shadow_count, 0);
    ck_assert_int_eq(trips_in_history(), 1);
    ck_assert_int_eq(noted_in_log().version, 2);
    ck_assert_int_eq(ask("answer"), CORDON_OUTCOME_OK);
    end();
}
END_TEST

START_TEST(breaker__of_a_rule_from_a_text_holds_as_long_as_the_text)
{
    static const char text[] =
        "return { name = 'own', decisions = { 'a' }, fallback = 'a', limits = { "
        "instructions = 20000, time = '10s' }, evaluate = function() while true do end "
        "end }";
    const cordon_request request = CORDON_REQUEST_INIT;
    struct noted noted;

    begin();
    OK(give(THREE_LIMITS));
    OK(cordon_engine_load_rule(engine, text, strlen(text), "own.lua", NULL, &err));
    for (int i = 0; i < 3; i++)
        OK(cordon_evaluate(outcome, engine, "own", &request, &err));
    ck_assert_uint_eq(upkeep().tripped, 1);
    OK(cordon_evaluate(outcome, engine, "own", &request, &err));
    ck_assert_int_eq(cordon_outcome_get_kind(outcome), CORDON_OUTCOME_DENIED);
    noted = noted_in_log();
    ck_assert_int_eq(noted.count, 1);
    ck_assert_int_eq(noted.version, 0);
    OK(cordon_engine_load_rule(engine, text, strlen(text), "own.lua", NULL, &err));
    OK(cordon_evaluate(outcome, engine, "own", &request, &err));
    ck_assert_int_eq(cordon_outcome_get_kind(outcome), CORDON_OUTCOME_LIMIT);
    end();
}
END_TEST

START_TEST(breaker__is_counted_in_the_metrics)
{
    char text[200000];
    size_t bytes;

    begin();
    OK(give(THREE_LIMITS));
    for (int i = 0; i < 3; i++)
        ask("spend");
    OK(cordon_engine_metrics(text, sizeof text, &bytes, engine, &err));
    ck_assert_ptr_nonnull(
        strstr(text, "cordon_breaker_trips_total{rule=\"r\",action=\"pause\"} 1\n"));
    ck_assert_ptr_nonnull(
        strstr(text, "cordon_breaker_trips_total{rule=\"r\",action=\"wall\"} 0\n"));
    end();
}
END_TEST

#ifdef CORDON_FAILALLOC
START_TEST(breaker__that_cannot_be_told_of_is_told_of_later)
{
    begin();
    OK(give(THREE_LIMITS));
    for (int i = 0; i < 3; i++)
        ask("spend");
    CDN_UNIT_FAILALLOC(nth)
    {
        cordon_upkeep did = CORDON_UPKEEP_INIT;
        cordon_status status = cordon_engine_upkeep(engine, &did, NULL);

        ck_assert(status == CORDON_OK || status == CORDON_E_NOMEM);
        if (!cdn_failalloc_fired())
            ck_assert_int_eq(status, CORDON_OK);
    }
    upkeep();
    ck_assert_int_eq(trips_in_history(), 1);
    ck_assert_int_eq(noted_in_log().count, 1);
    ck_assert_int_eq(ask("answer"), CORDON_OUTCOME_DENIED);
    end();
}
END_TEST
#endif

/* ---- walls ---- */

START_TEST(walls__that_nothing_stands_in_for_are_refused_with_their_line)
{
    static const struct {
        const char *text;
        uint32_t line;
        const char *says;
    } bad[] = {
        {"return {\n principals = {},\n walls = {\n  active = 'inproc',\n  draft = "
         "'container' } }",
         5,
         "walls.draft: this engine has no wall 'container', only 'inproc', as its "
         "options "
         "name no cordon-worker"},
        {"return {\n principals = {},\n breaker = {\n  crashes = 1,\n  behind = "
         "'process' "
         "} }",
         5, "breaker.behind: this engine has no wall 'process'"},
        {"return {\n principals = {\n p = {\n wall = 'microvm' } } }", 4,
         "principals.p.wall: this engine has no wall 'microvm'"},
        {"return {\n roles = {\n r = {\n wall = 'process' } },\n principals = { p = "
         "'r' } }",
         4, "roles.r.wall: this engine has no wall 'process'"},
    };

    begin();
    OK(give(no_walls));
    for (int i = 0; i < CDN_UNIT_COUNT(bad); i++) {
        ck_assert_int_eq(give(bad[i].text), CORDON_E_INVALID);
        ck_assert_msg(strstr(err.message, bad[i].says), "%s", err.message);
        ck_assert_str_eq(err.file, "p.lua");
        ck_assert_uint_eq(err.line, bad[i].line);
    }
    ck_assert_int_eq(ask("answer"), CORDON_OUTCOME_OK);
    end();
}
END_TEST

START_TEST(walls__that_do_not_work_are_refused_with_the_reason)
{
    options.worker = "/nowhere/cordon-worker";
    begin();
    ck_assert_int_eq(
        give("return { principals = {},\nwalls = {\nquarantined = 'process' } }"),
        CORDON_E_INVALID);
    ck_assert_ptr_nonnull(strstr(err.message,
                                 "walls.quarantined: neither 'process' nor "
                                 "a stronger wall works here: process: "));
    ck_assert_ptr_nonnull(strstr(err.message, "/nowhere/cordon-worker"));
    ck_assert_uint_eq(err.line, 3);
    OK(give("return { principals = {}, walls = { active = 'inproc' } }"));
    end();
}
END_TEST

START_TEST(walls__that_the_registry_wants_and_nobody_has_stop_the_rule)
{
    begin();
    OK(cordon_registry_quarantine(registry, "r", 0, CORDON_WALL_INPROC, &by_ann, &err));
    upkeep();
    ck_assert_int_eq(ask("answer"), CORDON_OUTCOME_DENIED);
    ck_assert_str_eq(cordon_outcome_decision(outcome), "deny");
    ck_assert_str_eq(cordon_outcome_message(outcome),
                     "'r' may run only behind a wall that does not work here");
    OK(cordon_registry_trust(registry, "r", 0, CORDON_WALL_INPROC, &by_ann, &err));
    upkeep();
    ck_assert_int_eq(ask("answer"), CORDON_OUTCOME_OK);
    end();
}
END_TEST

START_TEST(walls__of_a_policy_without_them_are_the_engine_s)
{
    begin();
    ck_assert_uint_eq(wall_of("r"), CORDON_WALL_INPROC);
    OK(give(no_walls));
    ck_assert_uint_eq(wall_of("r"), CORDON_WALL_INPROC);
    OK(give("return { principals = {}, walls = { active = 'inproc' } }"));
    ck_assert_uint_eq(wall_of("r"), CORDON_WALL_INPROC);
    end();
}
END_TEST

#ifdef WORKER

/* With the process wall; false: there is none here. */
static bool begin_with(const char *worker)
{
    cordon_wall_report report = CORDON_WALL_REPORT_INIT;

    OK(cordon_wall_probe(&report, CORDON_WALL_PROCESS, WORKER, &err));
    if (!report.works)
        return false;
    options.worker = worker;
    options.max_wall_ns = UINT64_C(60000000000);
    begin();
    return true;
}

START_TEST(walls__follow_what_a_version_is)
{
    const cordon_rollout rollout = {.struct_size = sizeof rollout,
                                    .variant_count = 1,
                                    .variants = {{2, CORDON_VARIANT_CANARY, 5000}}};
    const cordon_rollout_shadow shadows[] = {{3, 10000}};
    const struct cdn_plan *plan;

    push_fickle("r", 2);
    push_fickle("r", 3);
    OK(cordon_registry_rollout(registry, "r", &rollout, NULL, NULL, &by_ann, &err));
    OK(cordon_registry_shadows(registry, "r", shadows, 1, &by_ann, &err));
    if (!begin_with(WORKER))
        return;
    OK(give("return { principals = {}, walls = { canary = 'process' } }"));
    plan = cdn_state_find(atomic_load(&engine->state), "r");
    ck_assert_uint_eq(cdn_entry_wall(plan->live), CORDON_WALL_INPROC);
    ck_assert_uint_eq(cdn_entry_wall(plan->choices[0].entry), CORDON_WALL_PROCESS);
    ck_assert_uint_eq(cdn_entry_wall(plan->shadows[0].entry), CORDON_WALL_PROCESS);
    OK(give("return { principals = {}, walls = { draft = 'process' } }"));
    plan = cdn_state_find(atomic_load(&engine->state), "r");
    ck_assert_uint_eq(cdn_entry_wall(plan->choices[0].entry), CORDON_WALL_INPROC);
    ck_assert_uint_eq(cdn_entry_wall(plan->shadows[0].entry), CORDON_WALL_PROCESS);
    OK(give("return { principals = {}, walls = { quarantined = 'process' } }"));
    ck_assert_uint_eq(wall_of("r"), CORDON_WALL_INPROC);
    OK(cordon_registry_quarantine(registry, "r", 1, CORDON_WALL_INPROC, &by_ann, &err));
    upkeep();
    plan = cdn_state_find(atomic_load(&engine->state), "r");
    ck_assert_uint_eq(cdn_entry_wall(plan->live), CORDON_WALL_PROCESS);
    ck_assert_uint_eq(cdn_entry_wall(plan->choices[0].entry), CORDON_WALL_INPROC);
    ck_assert_int_eq(ask("answer"), CORDON_OUTCOME_OK);
    end();
}
END_TEST

START_TEST(walls__of_drafts_hold_until_there_is_history)
{
    if (!begin_with(WORKER))
        return;
    OK(give(
        "return { principals = {}, walls = { draft = 'process', after = { runs = 5 } "
        "} }"));
    ck_assert_uint_eq(wall_of("r"), CORDON_WALL_PROCESS);
    for (int i = 0; i < 5; i++)
        ck_assert_int_eq(ask("answer"), CORDON_OUTCOME_OK);
    ck_assert_uint_eq(wall_of("r"), CORDON_WALL_PROCESS);
    upkeep();
    ck_assert_uint_eq(wall_of("r"), CORDON_WALL_INPROC);
    OK(give(
        "return { principals = {}, walls = { draft = 'process', after = { days = 7 } "
        "} }"));
    ck_assert_uint_eq(wall_of("r"), CORDON_WALL_PROCESS); /* activated just now */
    OK(give("return { principals = {}, walls = { draft = 'process', after = { days = "
            "0.000001 } } }"));
    while (wall_of("r") == CORDON_WALL_PROCESS)
        upkeep();
    end();
}
END_TEST

START_TEST(walls__are_as_strong_as_the_strongest_that_asks)
{
    cordon_request request = CORDON_REQUEST_INIT;

    options.wall = CORDON_WALL_PROCESS;
    if (!begin_with(WORKER))
        return;
    OK(give("return { principals = { p = { rules = '*', wall = 'inproc' } }, walls = { "
            "active = 'inproc' } }"));
    ck_assert_uint_eq(wall_of("r"), CORDON_WALL_PROCESS);
    request.principal = "p";
    OK(cordon_evaluate(outcome, engine, "r", &request, &err));
    ck_assert_int_eq(cordon_outcome_get_kind(outcome), CORDON_OUTCOME_OK);
    end();
}
END_TEST

START_TEST(quarantine__without_a_policy_is_a_process)
{
    if (!begin_with(WORKER))
        return;
    OK(cordon_registry_quarantine(registry, "r", 0, CORDON_WALL_INPROC, &by_ann, &err));
    upkeep();
    ck_assert_uint_eq(wall_of("r"), CORDON_WALL_PROCESS);
    ck_assert_int_eq(ask("answer"), CORDON_OUTCOME_OK);
    OK(cordon_registry_trust(registry, "r", 0, CORDON_WALL_INPROC, &by_ann, &err));
    upkeep();
    ck_assert_uint_eq(wall_of("r"), CORDON_WALL_INPROC);
    end();
}
END_TEST

/* MISBEHAVING is a worker that exits in the middle of each run. */
START_TEST(crashes__move_a_version_and_then_stop_it)
{
    static const char text[] = "return { principals = {}, breaker = { limits = 2, "
                               "crashes = { count = 3, within "
                               "= '1h' }, behind = { 'process' } } }";
    struct noted noted;

    if (!begin_with(MISBEHAVING))
        return;
    OK(give(text));
    for (int i = 0; i < 2; i++)
        ck_assert_int_eq(ask("spend"), CORDON_OUTCOME_LIMIT);
    ck_assert_uint_eq(wall_of("r"), CORDON_WALL_PROCESS); /* at once */
    ck_assert_uint_eq(upkeep().tripped, 1);
    noted = noted_in_log();
    ck_assert_int_eq(noted.count, 1);
    ck_assert_str_eq(noted.action, "wall");
    ck_assert_str_eq(noted.to, "process");
    ck_assert_uint_eq(standing_of("r").trust_count, 1);
    ck_assert_int_eq(standing_of("r").trusts[0].wall, CORDON_WALL_PROCESS);
    for (int i = 0; i < 3; i++) {
        ck_assert_int_eq(ask("answer"), CORDON_OUTCOME_ERROR);
        ck_assert_ptr_nonnull(strstr(cordon_outcome_message(outcome), "worker"));
    }
    ck_assert_int_eq(ask("answer"), CORDON_OUTCOME_DENIED);
    ck_assert_uint_eq(upkeep().tripped, 1);
    ck_assert_int_eq(standing_of("r").state, CORDON_STANDING_PAUSED);
    noted = noted_in_log();
    ck_assert_int_eq(noted.count, 2);
    ck_assert_str_eq(noted.action, "pause");
    ck_assert_str_eq(noted.tripped_by, "crashes");
    ck_assert_int_eq(noted.crashes, 3);
    ck_assert_int_eq(noted.decisions, 3);
    end();

    /* another process, on a machine whose worker works */
    OK(cordon_registry_resume(registry, "r", &by_ann, &err));
    if (!begin_with(WORKER))
        return;
    ck_assert_uint_eq(wall_of("r"), CORDON_WALL_PROCESS);
    ck_assert_int_eq(ask("answer"), CORDON_OUTCOME_OK);
    OK(cordon_registry_trust(registry, "r", 0, CORDON_WALL_INPROC, &by_ann, &err));
    upkeep();
    ck_assert_uint_eq(wall_of("r"), CORDON_WALL_INPROC);
    ck_assert_int_eq(ask("answer"), CORDON_OUTCOME_OK);
    end();
}
END_TEST

START_TEST(trust__lowers_what_a_trip_raised_and_nothing_else_does)
{
    if (!begin_with(WORKER))
        return;
    OK(give(
        "return { principals = {}, breaker = { limits = 2, behind = 'process' } }"));
    for (int i = 0; i < 2; i++)
        ask("spend");
    ck_assert_uint_eq(wall_of("r"), CORDON_WALL_PROCESS);
    OK(give(no_walls)); /* not another policy, before the registry knows */
    ck_assert_uint_eq(wall_of("r"), CORDON_WALL_PROCESS);
    push_fickle("r", 2); /* nor a change of the rule */
    ck_assert_uint_eq(upkeep().tripped, 1);
    ck_assert_uint_eq(wall_of("r"), CORDON_WALL_PROCESS);
    OK(cordon_registry_pause(registry, "r", &by_ann, &err));
    OK(cordon_registry_resume(registry, "r", &by_ann, &err));
    upkeep();
    ck_assert_uint_eq(wall_of("r"), CORDON_WALL_PROCESS);
    OK(cordon_registry_trust(registry, "r", 1, CORDON_WALL_INPROC, &by_ann, &err));
    upkeep();
    ck_assert_uint_eq(wall_of("r"), CORDON_WALL_INPROC);
    end();
}
END_TEST

#endif

static Suite *suite(void)
{
    Suite *s = suite_create("trust");

#define TRUST_CASE(test) CDN_UNIT_CASE_IN(s, test, setup, teardown)
    TRUST_CASE(breaker__is_not_there_unless_the_policy_says_so);
    TRUST_CASE(breaker__stops_a_rule_at_once_and_for_good);
    TRUST_CASE(breaker__outlives_the_engine_until_an_operator_resumes);
    TRUST_CASE(breaker__is_resumed_in_the_engine_that_tripped);
    TRUST_CASE(breaker__holds_no_caller_s_limit_against_the_rule);
    TRUST_CASE(breaker__counts_errors_of_so_many_runs_and_tells_none_of_their_words);
    TRUST_CASE(breaker__of_many_threads_trips_once);
    TRUST_CASE(breaker__of_two_engines_makes_one_change);
    TRUST_CASE(breaker__of_a_shadow_leaves_what_decides);
    TRUST_CASE(breaker__of_a_rule_from_a_text_holds_as_long_as_the_text);
    TRUST_CASE(breaker__is_counted_in_the_metrics);
#ifdef CORDON_FAILALLOC
    TRUST_CASE(breaker__that_cannot_be_told_of_is_told_of_later);
#endif
    TRUST_CASE(walls__that_nothing_stands_in_for_are_refused_with_their_line);
    TRUST_CASE(walls__that_do_not_work_are_refused_with_the_reason);
    TRUST_CASE(walls__that_the_registry_wants_and_nobody_has_stop_the_rule);
    TRUST_CASE(walls__of_a_policy_without_them_are_the_engine_s);
#ifdef WORKER
    TRUST_CASE(walls__follow_what_a_version_is);
    TRUST_CASE(walls__of_drafts_hold_until_there_is_history);
    TRUST_CASE(walls__are_as_strong_as_the_strongest_that_asks);
    TRUST_CASE(quarantine__without_a_policy_is_a_process);
    TRUST_CASE(crashes__move_a_version_and_then_stop_it);
    TRUST_CASE(trust__lowers_what_a_trip_raised_and_nothing_else_does);
#endif
#undef TRUST_CASE
    return s;
}

CDN_UNIT_MAIN(suite)
