#include "registered.h"

#include <pthread.h>

#include <cordon.h>

#include "base/alloc.h"

#include "engine/engine.h"
#include "support/fixture.h"

static cordon_engine *engine;
static cordon_outcome *outcome;

static cordon_engine_options options = CORDON_ENGINE_OPTIONS_INIT;

static void begin(void)
{
    OK(cordon_engine_new(&engine, &options, &err));
    OK(cordon_outcome_new(&outcome, &err));
    OK(cordon_engine_use_registry(engine, registry, &err));
}

static void end(void)
{
    cordon_engine_free(engine);
    cordon_outcome_free(outcome);
}

static cordon_upkeep upkeep(void)
{
    cordon_upkeep did = CORDON_UPKEEP_INIT;

    OK(cordon_engine_upkeep(engine, &did, &err));
    return did;
}

/* The score of what runs under the name: what its text was made with. */
static int score_of(const char *name)
{
    cordon_request request = CORDON_REQUEST_INIT;
    double score = -1;

    OK(cordon_evaluate(outcome, engine, name, &request, &err));
    (void)cordon_outcome_score(outcome, &score);
    return (int)score;
}

static void push_object(cordon_object_kind kind, const char *text)
{
    cordon_version_info info = {.struct_size = sizeof info};

    OK(cordon_registry_push(&info, registry, kind, text, strlen(text), "text.lua", NULL,
                            0, &by_ann, &err));
}

static void push_text(const char *text)
{
    push_object(CORDON_OBJECT_RULE, text);
}

START_TEST(upkeep__follows_activations_and_rollbacks)
{
    cordon_upkeep did;

    begin();
    push_rule("r", 1);
    did = upkeep();
    ck_assert_uint_eq(did.changed, 0); /* pushed, not activated */
    ck_assert_int_eq(cordon_evaluate(outcome, engine, "r",
                                     &(cordon_request)CORDON_REQUEST_INIT, &err),
                     CORDON_E_NOTFOUND);
    activate("r", 1);
    did = upkeep();
    ck_assert_uint_eq(did.changed, 1);
    ck_assert_uint_eq(did.registry_sequence, cdn_registry_sequence(registry));
    ck_assert_int_eq(score_of("r"), 1);
    ck_assert_uint_eq(cordon_outcome_version(outcome), 1);
    push_rule("r", 2);
    activate("r", 2);
    ck_assert_int_eq(score_of("r"), 1); /* not before the upkeep */
    upkeep();
    ck_assert_int_eq(score_of("r"), 2);
    ck_assert_uint_eq(cordon_outcome_version(outcome), 2);
    OK(cordon_registry_rollback(registry, "r", &by_ann, &err));
    upkeep();
    ck_assert_int_eq(score_of("r"), 1);
    did = upkeep();
    ck_assert_uint_eq(did.changed, 0);
    end();
}
END_TEST

START_TEST(upkeep__pauses_kills_and_resumes)
{
    begin();
    push_rule("r", 1);
    activate("r", 1);
    OK(cordon_registry_pause(registry, "r", &by_ann, &err));
    upkeep();
    ck_assert_int_eq(score_of("r"), -1);
    ck_assert_int_eq(cordon_outcome_get_kind(outcome), CORDON_OUTCOME_DENIED);
    ck_assert_str_eq(cordon_outcome_decision(outcome), "deny"); /* its fallback */
    ck_assert_str_eq(cordon_outcome_message(outcome), "'r' is paused by ann: because");
    OK(cordon_registry_resume(registry, "r", &by_ann, &err));
    upkeep();
    ck_assert_int_eq(score_of("r"), 1);
    OK(cordon_registry_kill(registry, "r", &by_ann, &err));
    upkeep();
    ck_assert_int_eq(score_of("r"), -1);
    ck_assert_str_eq(cordon_outcome_message(outcome), "'r' is killed by ann: because");
    activate("r", 1);
    upkeep();
    ck_assert_int_eq(score_of("r"), 1);
    end();
}
END_TEST

static void *run_forever(void *ud)
{
    cordon_request request = CORDON_REQUEST_INIT;

    OK(cordon_evaluate(ud, engine, "r", &request, &err));
    return NULL;
}

static void kill_in_flight(bool on_an_older_generation)
{
    static const char forever[] =
        "return { name = 'r', decisions = { 'a' }, fallback = 'a', limits = { time = "
        "'10s', instructions = 1e9 }, evaluate = function() while true do end end }";
    cordon_outcome *running;
    pthread_t thread;

    begin();
    OK(cordon_outcome_new(&running, &err));
    push_object(CORDON_OBJECT_RULE, forever);
    activate("r", 1);
    upkeep();
    ck_assert(!pthread_create(&thread, NULL, run_forever, running));
    while (!atomic_load(&engine->lanes[0].using))
        usleep(100);
    usleep(1000);
    if (on_an_older_generation) {
        cordon_snapshot *bank = cdn_fixture_bank_open();

        OK(cordon_engine_set_snapshot(engine, bank, &err));
        OK(cordon_engine_set_snapshot(engine, NULL, &err));
        cordon_snapshot_release(bank);
    }
    OK(cordon_registry_kill(registry, "r", &by_ann, &err));
    upkeep();
    pthread_join(thread, NULL);
    ck_assert_int_eq(cordon_outcome_get_kind(running), CORDON_OUTCOME_CANCELLED);
    ck_assert_str_eq(cordon_outcome_decision(running), "a");
    cordon_outcome_free(running);
    end();
}

START_TEST(kill__stops_what_is_in_flight)
{
    kill_in_flight(false);
}
END_TEST

START_TEST(kill__stops_what_began_on_an_older_generation)
{
    kill_in_flight(true);
}
END_TEST

static char logged[8][300];
static unsigned log_count;

static void on_log(void *ud, cordon_level level, const char *message)
{
    (void)ud;
    snprintf(logged[log_count++ % 8], sizeof logged[0], "%d %s", (int)level, message);
}

static void watch(void)
{
    cordon_observer observer = CORDON_OBSERVER_INIT;

    observer.log = on_log;
    OK(cordon_engine_observe(engine, &observer, &err));
}

START_TEST(upkeep__keeps_the_last_good_version)
{
    static const char reads[] =
        "return { name = 'r', reads = { Nowhere = {} }, fallback = 'none', evaluate = "
        "function() return {} end }";
    cordon_upkeep did = CORDON_UPKEEP_INIT;
    cordon_snapshot *bank = cdn_fixture_bank_open();

    begin();
    OK(cordon_engine_set_snapshot(engine, bank, &err));
    push_rule("r", 1);
    push_rule("other", 7);
    activate("r", 1);
    upkeep();
    push_object(CORDON_OBJECT_RULE, reads);
    activate("r", 2);
    activate("other", 1);
    watch();
    FAILS(cordon_engine_upkeep(engine, &did, &err), CORDON_E_RULE, "Nowhere");
    ck_assert_uint_eq(log_count, 2);
    ck_assert_str_eq(logged[0], "1 'other' stands at revision 6");
    ck_assert_msg(strstr(logged[1], "3 'r' stays as it was: a version does not load: "
                                    "reads: no label") != NULL,
                  "%s", logged[1]);
    ck_assert_uint_eq(did.refused, 1);
    ck_assert_uint_eq(did.changed, 1); /* the others are not held up */
    ck_assert_int_eq(score_of("r"), 1);
    ck_assert_int_eq(score_of("other"), 7);
    OK(cordon_engine_upkeep(engine, &did, &err)); /* said once, not over and over */
    OK(cordon_engine_set_snapshot(engine, NULL, &err));
    OK(cordon_engine_upkeep(engine, &did, &err)); /* without a graph it binds */
    ck_assert_uint_eq(did.changed, 1);
    cordon_snapshot_release(bank);
    end();
}
END_TEST

/* Reads what no bank has: it loads, and does not fit. */
#define MISFIT                                                                         \
    "return { name = 'r', reads = { Nowhere = {} }, fallback = 'none', evaluate = "    \
    "function() return {} end }"

static void begin_banked(void);

/* Asks for more than such an engine's ceiling: it does not load. */
#define LOW_CEILING 1000000
#define GREEDY                                                                         \
    "return { name = 'r', limits = { instructions = 5e6 }, fallback = 'none', "        \
    "evaluate = function() return {} end }"

/* A rule of which version 1 runs, and the registry says version 2. */
static void begin_with_bad(const char *text, const char *fault)
{
    begin_banked();
    push_rule("r", 1);
    activate("r", 1);
    upkeep();
    push_object(CORDON_OBJECT_RULE, text);
    activate("r", 2);
    FAILS(cordon_engine_upkeep(engine, NULL, &err), CORDON_E_RULE, fault);
    ck_assert_int_eq(score_of("r"), 1);
}

START_TEST(stops__work_where_the_active_version_does_not_load)
{
    options.max_instructions = LOW_CEILING;
    begin_with_bad(GREEDY, "5000000");
    OK(cordon_registry_pause(registry, "r", &by_ann, &err));
    upkeep();
    ck_assert_int_eq(score_of("r"), -1);
    ck_assert_int_eq(cordon_outcome_get_kind(outcome), CORDON_OUTCOME_DENIED);
    ck_assert_str_eq(cordon_outcome_message(outcome), "'r' is paused by ann: because");
    ck_assert_str_eq(cordon_outcome_decision(outcome), "deny"); /* of what ran */
    OK(cordon_registry_resume(registry, "r", &by_ann, &err));
    FAILS(cordon_engine_upkeep(engine, NULL, &err), CORDON_E_RULE, "5000000");
    ck_assert_int_eq(score_of("r"), -1); /* nothing else is known to be wanted */
    OK(cordon_registry_kill(registry, "r", &by_ann, &err));
    upkeep();
    ck_assert_int_eq(score_of("r"), -1);
    ck_assert_str_eq(cordon_outcome_message(outcome), "'r' is killed by ann: because");
    ck_assert_str_eq(cordon_outcome_decision(outcome), "deny");
    activate("r", 1);
    upkeep();
    ck_assert_int_eq(score_of("r"), 1);
    end();
}
END_TEST

START_TEST(kill__works_where_the_active_version_does_not_fit)
{
    begin_with_bad(MISFIT, "Nowhere");
    OK(cordon_registry_kill(registry, "r", &by_ann, &err));
    upkeep();
    ck_assert_int_eq(score_of("r"), -1);
    ck_assert_int_eq(cordon_outcome_get_kind(outcome), CORDON_OUTCOME_DENIED);
    end();
}
END_TEST

START_TEST(shadow__that_does_not_load_holds_nothing_up)
{
    const cordon_rollout_shadow shadow = {2, CORDON_WHOLE};
    cordon_upkeep did = CORDON_UPKEEP_INIT;

    begin_banked();
    push_rule("r", 1);
    push_object(CORDON_OBJECT_RULE, MISFIT);
    push_rule("r", 3);
    activate("r", 1);
    OK(cordon_registry_shadows(registry, "r", &shadow, 1, &by_ann, &err));
    watch();
    FAILS(cordon_engine_upkeep(engine, &did, &err), CORDON_E_RULE, "Nowhere");
    ck_assert_uint_eq(did.refused, 1);
    ck_assert_int_eq(score_of("r"), 1); /* it decides even so */
    ck_assert_msg(strstr(logged[0], "3 'r' runs without version 2: ") != NULL, "%s",
                  logged[0]);
    activate("r", 3);
    FAILS(cordon_engine_upkeep(engine, &did, &err), CORDON_E_RULE, "Nowhere");
    ck_assert_int_eq(score_of("r"), 3);
    OK(cordon_registry_rollback(registry, "r", &by_ann, &err));
    FAILS(cordon_engine_upkeep(engine, &did, &err), CORDON_E_RULE, "Nowhere");
    ck_assert_int_eq(score_of("r"), 1);
    OK(cordon_engine_upkeep(engine, &did, &err)); /* said once, not over and over */
    OK(cordon_engine_set_snapshot(engine, NULL, &err));
    OK(cordon_engine_upkeep(engine, &did, &err)); /* without a graph it binds */
    ck_assert_uint_eq(did.changed, 1);
    ck_assert_int_eq(score_of("r"), 1);
    ck_assert_uint_eq(cdn_state_find(atomic_load(&engine->state), "r")->shadow_count,
                      1);
    end();
}
END_TEST

/* How many of a thousand subjects each version decides for. */
static void count_versions(uint32_t counts[4])
{
    memset(counts, 0, 4 * sizeof *counts);
    for (int i = 0; i < 1000; i++) {
        cordon_request request = CORDON_REQUEST_INIT;
        const struct cdn_plan *plan = cdn_state_find(atomic_load(&engine->state), "r");
        cordon_variant variant;
        char key[16];

        snprintf(key, sizeof key, "%d", i);
        request.label = "Account";
        request.key = key;
        counts[cdn_plan_choose(plan, cdn_plan_point(plan, &request), &variant)
                   ->version->number]++;
    }
}

START_TEST(arm__that_does_not_load_leaves_its_share_to_the_active_version)
{
    const cordon_rollout rollout = {
        .struct_size = sizeof rollout,
        .variant_count = 2,
        .variants = {{2, CORDON_VARIANT_ARM, 4000}, {3, CORDON_VARIANT_ARM, 3000}}};
    uint32_t without[4], with[4];

    begin_banked();
    push_rule("r", 1);
    push_object(CORDON_OBJECT_RULE, MISFIT);
    push_rule("r", 3);
    activate("r", 1);
    OK(cordon_registry_rollout(registry, "r", &rollout, NULL, NULL, &by_ann, &err));
    FAILS(cordon_engine_upkeep(engine, NULL, &err), CORDON_E_RULE, "Nowhere");
    count_versions(without);
    OK(cordon_engine_set_snapshot(engine, NULL, &err));
    upkeep();
    count_versions(with);
    ck_assert_uint_eq(without[2], 0);
    ck_assert_uint_gt(with[2], 300);
    ck_assert_uint_eq(without[3], with[3]); /* the other arm keeps its subjects */
    ck_assert_uint_eq(without[1], with[1] + with[2]);
    end();
}
END_TEST

START_TEST(killed__rule_holds_up_no_generation)
{
    cordon_snapshot *bank = cdn_fixture_bank_open();

    begin();
    push_object(CORDON_OBJECT_RULE, MISFIT); /* without a graph it binds */
    activate("r", 1);
    upkeep();
    FAILS(cordon_engine_set_snapshot(engine, bank, &err), CORDON_E_RULE, "Nowhere");
    OK(cordon_registry_kill(registry, "r", &by_ann, &err));
    upkeep();
    OK(cordon_engine_set_snapshot(engine, bank, &err));
    upkeep();
    ck_assert_int_eq(score_of("r"), -1);
    ck_assert_int_eq(cordon_outcome_get_kind(outcome), CORDON_OUTCOME_DENIED);
    activate("r", 1);
    FAILS(cordon_engine_upkeep(engine, NULL, &err), CORDON_E_RULE, "Nowhere");
    ck_assert_int_eq(score_of("r"), -1); /* killed still */
    cordon_snapshot_release(bank);
    end();
}
END_TEST

START_TEST(shadow__holds_up_no_generation)
{
    const cordon_rollout_shadow shadow = {2, CORDON_WHOLE};
    cordon_snapshot *bank = cdn_fixture_bank_open();

    begin();
    push_rule("r", 1);
    push_object(CORDON_OBJECT_RULE, MISFIT);
    activate("r", 1);
    OK(cordon_registry_shadows(registry, "r", &shadow, 1, &by_ann, &err));
    upkeep();
    OK(cordon_engine_set_snapshot(engine, bank, &err));
    ck_assert_int_eq(score_of("r"), 1);
    FAILS(cordon_engine_upkeep(engine, NULL, &err), CORDON_E_RULE, "Nowhere");
    ck_assert_int_eq(score_of("r"), 1);
    cordon_snapshot_release(bank);
    end();
}
END_TEST

START_TEST(names__of_the_registry_are_its_to_change)
{
    char text[256];

    begin();
    rule_text(text, "r", 9);
    OK(cordon_engine_load_rule(engine, text, strlen(text), NULL, NULL, &err));
    ck_assert_int_eq(score_of("r"), 9);
    push_rule("r", 1);
    upkeep();
    ck_assert_int_eq(score_of("r"), 9); /* nothing there decides yet */
    activate("r", 1);
    upkeep();
    ck_assert_int_eq(score_of("r"), 1);
    FAILS(cordon_engine_load_rule(engine, text, strlen(text), NULL, NULL, &err),
          CORDON_E_EXISTS, "stands in the registry");
    FAILS(cordon_engine_unload_rule(engine, "r", &err), CORDON_E_EXISTS,
          "pause or kill it");
    OK(cordon_engine_use_registry(engine, NULL, &err));
    ck_assert_int_eq(score_of("r"), 1); /* goes on as it is */
    end();
}
END_TEST

START_TEST(sets__are_versioned_like_rules)
{
    static const char set[] =
        "return { name = 's', decisions = { 'allow', 'deny' }, rules = { 'r' } }";
    cordon_request request = CORDON_REQUEST_INIT;
    cordon_set_outcome *all;

    begin();
    push_rule("r", 1);
    activate("r", 1);
    push_object(CORDON_OBJECT_SET, set);
    activate("s", 1);
    upkeep();
    OK(cordon_set_outcome_new(&all, &err));
    OK(cordon_evaluate_set(all, engine, "s", &request, &err));
    ck_assert_str_eq(cordon_set_outcome_decision(all), "allow");
    OK(cordon_registry_pause(registry, "r", &by_ann, &err));
    upkeep();
    OK(cordon_evaluate_set(all, engine, "s", &request, &err));
    ck_assert_str_eq(cordon_set_outcome_decision(all), "deny");
    OK(cordon_registry_pause(registry, "s", &by_ann, &err));
    upkeep();
    OK(cordon_evaluate_set(all, engine, "s", &request, &err));
    ck_assert_ptr_null(cordon_set_outcome_decision(all));
    ck_assert_uint_eq(cordon_set_outcome_count(all), 0);
    ck_assert_str_eq(cordon_set_outcome_message(all), "'s' is paused by ann: because");
    OK(cordon_registry_resume(registry, "s", &by_ann, &err));
    upkeep();
    OK(cordon_evaluate_set(all, engine, "s", &request, &err));
    ck_assert_str_eq(cordon_set_outcome_message(all), "");
    cordon_set_outcome_free(all);
    end();
}
END_TEST

static void write_policy(const char *path, const char *text)
{
    FILE *file = fopen(path, "we");

    ck_assert_ptr_nonnull(file);
    ck_assert_int_ge(fputs(text, file), 0);
    ck_assert_int_eq(fclose(file), 0);
}

START_TEST(upkeep__follows_the_policy_s_file)
{
    cordon_request request = CORDON_REQUEST_INIT;
    cordon_upkeep did = CORDON_UPKEEP_INIT;
    char path[200];

    begin();
    push_rule("r", 1);
    activate("r", 1);
    upkeep();
    request.principal = "ann";
    snprintf(path, sizeof path, "%s/policy.lua", registered_folder);
    FAILS(cordon_engine_use_policy(engine, path, &err), CORDON_E_NOTFOUND,
          "policy.lua");
    write_policy(path, "return { principals = { ann = { rules = { 'r' } } } }");
    did = upkeep();
    ck_assert(did.policy_changed);
    OK(cordon_evaluate(outcome, engine, "r", &request, &err));
    ck_assert_int_eq(cordon_outcome_get_kind(outcome), CORDON_OUTCOME_OK);
    did = upkeep();
    ck_assert(!did.policy_changed);
    write_policy(path,
                 "return { principals = { ann = { rule = { 'r' } } } }"); /* bad */
    FAILS(cordon_engine_upkeep(engine, &did, &err), CORDON_E_DATA, "rule");
    ck_assert(!did.policy_changed);
    OK(cordon_engine_upkeep(engine, &did, &err)); /* said once */
    OK(cordon_evaluate(outcome, engine, "r", &request, &err));
    ck_assert_int_eq(cordon_outcome_get_kind(outcome), CORDON_OUTCOME_OK);
    write_policy(path, "return { principals = { ann = { rules = { 'others' } } } }");
    did = upkeep();
    ck_assert(did.policy_changed);
    OK(cordon_evaluate(outcome, engine, "r", &request, &err));
    ck_assert_int_eq(cordon_outcome_get_kind(outcome), CORDON_OUTCOME_DENIED);
    OK(cordon_engine_use_policy(engine, NULL, &err));
    write_policy(path, "return { principals = {} }");
    did = upkeep();
    ck_assert(!did.policy_changed);
    end();
}
END_TEST

/* ---- guarded rollouts ---- */

static void roll_out(uint32_t version, cordon_guard guard)
{
    cordon_rollout rollout = {.struct_size = sizeof rollout,
                              .variant_count = 1,
                              .variants = {{version, CORDON_VARIANT_CANARY, 5000}},
                              .guarded = true,
                              .guard = guard};

    OK(cordon_registry_rollout(registry, "r", &rollout, NULL, NULL, &by_ann, &err));
    upkeep();
}

/* Evaluate for so many accounts of the bank, over and over. */
static void serve(int rounds)
{
    for (int i = 0; i < rounds; i++) {
        cordon_request request = CORDON_REQUEST_INIT;
        char key[16];

        snprintf(key, sizeof key, "%d", (i % 10 + 1) * 100);
        request.label = "Account";
        request.key = key;
        OK(cordon_evaluate(outcome, engine, "r", &request, &err));
    }
}

static void begin_banked(void)
{
    cordon_snapshot *bank = cdn_fixture_bank_open();

    begin();
    OK(cordon_engine_set_snapshot(engine, bank, &err));
    cordon_snapshot_release(bank);
}

START_TEST(guard__ends_a_rollout_and_leaves_the_evidence)
{
    cordon_standing standing;
    cordon_upkeep did;

    begin_banked();
    push_rule("r", 1);
    activate("r", 1);
    push_text("return { name = 'r', decisions = { 'allow', 'deny' }, fallback = "
              "'deny', evaluate = function() error('broken') end }");
    roll_out(2, (cordon_guard){.min_samples = 50, .max_error_rate = 0.1});
    serve(40);
    did = upkeep();
    ck_assert_uint_eq(did.aborted, 0); /* too few to tell */
    ck_assert_uint_eq(standing_of("r").variant_count, 1);
    serve(200);
    did = upkeep();
    ck_assert_uint_eq(did.aborted, 1);
    standing = standing_of("r");
    ck_assert_uint_eq(standing.variant_count, 0);
    ck_assert_uint_eq(standing.active, 1);
    ck_assert_msg(strstr(standing.evidence, "error rate 1 of ") != NULL, "%s",
                  standing.evidence);
    ck_assert_str_eq(last_change("r").author, "guard");
    ck_assert_int_eq(last_change("r").action, CORDON_ACTION_ABORT);
    serve(40); /* in the same upkeep the engine went back */
    ck_assert_int_eq(score_of("r"), 1);
    end();
}
END_TEST

START_TEST(guard__counts_from_where_the_rollout_began)
{
    static const char half[] =
        "return { name = 'r', decisions = { 'allow', 'deny' }, fallback = 'deny', "
        "evaluate = function(graph, request) return { decision = 'allow', score = 3 } "
        "end }";

    begin_banked();
    push_rule("r", 1);
    activate("r", 1);
    push_text(half);
    roll_out(2, (cordon_guard){.min_samples = 10, .max_drift = 0.2});
    serve(200);
    ck_assert_uint_eq(upkeep().aborted, 0); /* they agree */
    push_text("return { name = 'r', decisions = { 'allow', 'deny' }, fallback = "
              "'deny', evaluate = function() return { decision = 'deny' } end }");
    roll_out(3, (cordon_guard){.min_samples = 10, .max_drift = 0.2});
    serve(200);
    ck_assert_uint_eq(upkeep().aborted, 1);
    ck_assert_msg(strstr(standing_of("r").evidence, "share of 'allow'") != NULL, "%s",
                  standing_of("r").evidence);
    end();
}
END_TEST

START_TEST(guard__of_a_rollout_that_begins_again_counts_anew)
{
    const cordon_guard patient = {.min_samples = 1000, .max_error_rate = 0.1};
    const cordon_guard strict = {.min_samples = 20, .max_error_rate = 0.1};

    begin_banked();
    push_rule("r", 1);
    activate("r", 1);
    push_text("return { name = 'r', decisions = { 'allow', 'deny' }, fallback = "
              "'deny', evaluate = function() error('broken') end }");
    roll_out(2, patient);
    serve(200);
    ck_assert_uint_eq(upkeep().aborted, 0); /* too few to tell */
    OK(cordon_registry_abort(registry, "r", &by_ann, &err));
    roll_out(2, strict); /* before the engine saw that it had ended */
    ck_assert_uint_eq(standing_of("r").variant_count, 1);
    serve(200);
    ck_assert_uint_eq(upkeep().aborted, 1);
    push_rule("r", 3);
    roll_out(2, patient);
    serve(200);
    ck_assert_uint_eq(upkeep().aborted, 0);
    roll_out(2, strict); /* the same one, of which more is asked now */
    ck_assert_uint_eq(standing_of("r").variant_count, 0);
    end();
}
END_TEST

START_TEST(promote__makes_the_canary_decide)
{
    begin_banked();
    push_rule("r", 1);
    activate("r", 1);
    push_rule("r", 2);
    roll_out(2, (cordon_guard){.min_samples = 10, .max_error_rate = 0.5});
    serve(20);
    OK(cordon_registry_promote(registry, "r", 2, NULL, NULL, &by_ann, &err));
    upkeep();
    for (int i = 0; i < 10; i++) {
        serve(10);
        ck_assert_uint_eq(cordon_outcome_version(outcome), 2);
        ck_assert_int_eq(cordon_outcome_variant(outcome), CORDON_VARIANT_LIVE);
    }
    end();
}
END_TEST

/* The value of one series in the engine's metrics. */
static unsigned long long metric(const char *series)
{
    static char text[1 << 18];
    const char *at;
    size_t bytes;

    OK(cordon_engine_metrics(text, sizeof text, &bytes, engine, &err));
    at = strstr(text, series);
    ck_assert_msg(at != NULL, "no %s", series);
    return strtoull(at + strlen(series), NULL, 10);
}

START_TEST(metrics__of_a_rule_never_go_down)
{
    static const char *const series[] = {
        "cordon_instructions_total{rule=\"r\"} ",
        "cordon_evaluation_memory_peak_bytes_count{rule=\"r\"} ",
        "cordon_evaluation_duration_seconds_count{rule=\"r\",variant=\"canary\"} ",
        "cordon_evaluation_duration_seconds_count{rule=\"r\",variant=\"shadow\"} "};
    enum { SERIES = sizeof series / sizeof series[0] };
    const cordon_rollout_shadow shadow = {3, CORDON_WHOLE};
    unsigned long long before[SERIES];

    begin_banked();
    for (int i = 1; i <= 3; i++)
        push_rule("r", i);
    activate("r", 1);
    OK(cordon_registry_shadows(registry, "r", &shadow, 1, &by_ann, &err));
    roll_out(2, (cordon_guard){.min_samples = 1000, .max_error_rate = 1});
    serve(100);
    for (int step = 0; step < 5; step++) {
        for (size_t i = 0; i < SERIES; i++)
            before[i] = metric(series[i]);
        if (step == 0)
            OK(cordon_registry_abort(registry, "r", &by_ann, &err));
        else if (step == 1)
            OK(cordon_registry_shadows(registry, "r", NULL, 0, &by_ann, &err));
        else if (step == 2)
            activate("r", 2);
        else if (step == 3)
            OK(cordon_engine_set_snapshot(engine, NULL, &err));
        else
            OK(cordon_registry_kill(registry, "r", &by_ann, &err));
        upkeep();
        for (size_t i = 0; i < SERIES; i++)
            ck_assert_uint_eq(metric(series[i]), before[i]);
    }
    ck_assert_uint_eq(metric(series[1]), 200); /* a shadow beside each */
    ck_assert_uint_eq(metric(series[3]), 100);
    end();
}
END_TEST

#ifdef CORDON_FAILALLOC
START_TEST(sync__survives_every_allocation_failure)
{
    begin();
    push_rule("r", 1);
    activate("r", 1);
    upkeep();
    for (long nth = 0;; nth++) {
        cordon_status status;
        bool fired;

        OK(cordon_engine_use_registry(engine, NULL, &err));
        push_rule("r", 2 + (int)nth);
        activate("r", 2 + (uint32_t)nth);
        cdn_failalloc_after(nth, false);
        status = cordon_engine_use_registry(engine, registry, &err);
        fired = cdn_failalloc_fired();
        cdn_failalloc_after(-1, false);
        if (!fired) {
            ck_assert_int_eq(status, CORDON_OK);
            ck_assert_int_eq(score_of("r"), 2 + (int)nth);
            break;
        }
        ck_assert_int_eq(status, CORDON_E_NOMEM);
        ck_assert_int_ge(score_of("r"), 1); /* something still runs */
        upkeep();                           /* and the next one gets there */
        ck_assert_int_eq(score_of("r"), 2 + (int)nth);
    }
    end();
}
END_TEST
#endif

static Suite *suite(void)
{
    Suite *s = suite_create("sync");

    REGISTERED_CASE(s, upkeep__follows_activations_and_rollbacks);
    REGISTERED_CASE(s, upkeep__pauses_kills_and_resumes);
    REGISTERED_CASE(s, kill__stops_what_is_in_flight);
    REGISTERED_CASE(s, kill__stops_what_began_on_an_older_generation);
    REGISTERED_CASE(s, upkeep__keeps_the_last_good_version);
    REGISTERED_CASE(s, stops__work_where_the_active_version_does_not_load);
    REGISTERED_CASE(s, kill__works_where_the_active_version_does_not_fit);
    REGISTERED_CASE(s, shadow__that_does_not_load_holds_nothing_up);
    REGISTERED_CASE(s, arm__that_does_not_load_leaves_its_share_to_the_active_version);
    REGISTERED_CASE(s, killed__rule_holds_up_no_generation);
    REGISTERED_CASE(s, shadow__holds_up_no_generation);
    REGISTERED_CASE(s, names__of_the_registry_are_its_to_change);
    REGISTERED_CASE(s, sets__are_versioned_like_rules);
    REGISTERED_CASE(s, upkeep__follows_the_policy_s_file);
    REGISTERED_CASE(s, guard__ends_a_rollout_and_leaves_the_evidence);
    REGISTERED_CASE(s, guard__counts_from_where_the_rollout_began);
    REGISTERED_CASE(s, guard__of_a_rollout_that_begins_again_counts_anew);
    REGISTERED_CASE(s, promote__makes_the_canary_decide);
    REGISTERED_CASE(s, metrics__of_a_rule_never_go_down);
#ifdef CORDON_FAILALLOC
    REGISTERED_CASE(s, sync__survives_every_allocation_failure);
#endif
    return s;
}

CDN_UNIT_MAIN(suite)
