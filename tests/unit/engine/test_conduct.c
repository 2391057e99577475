/* What versions did, as a host reads it: the counters a guard goes by. */
#include "registered.h"

#include <cordon.h>

#include "support/fixture.h"

static cordon_engine *engine;
static cordon_outcome *outcome;

/* An engine on the bank, with version 1 of "r" deciding. */
static void begin(void)
{
    cordon_engine_options options = CORDON_ENGINE_OPTIONS_INIT;
    cordon_snapshot *bank = cdn_fixture_bank_open();

    OK(cordon_engine_new(&engine, &options, &err));
    OK(cordon_outcome_new(&outcome, &err));
    OK(cordon_engine_set_snapshot(engine, bank, &err));
    cordon_snapshot_release(bank);
    push_rule("r", 1);
    activate("r", 1);
    OK(cordon_engine_use_registry(engine, registry, &err));
}

static void end(void)
{
    cordon_engine_free(engine);
    cordon_outcome_free(outcome);
}

static void push_text(cordon_object_kind kind, const char *text)
{
    cordon_version_info info = {.struct_size = sizeof info};

    OK(cordon_registry_push(&info, registry, kind, text, strlen(text), "text.lua", NULL,
                            0, &by_ann, &err));
}

static void serve(int count)
{
    for (int i = 0; i < count; i++) {
        cordon_request request = CORDON_REQUEST_INIT;
        char key[16];

        snprintf(key, sizeof key, "%d", (i % 10 + 1) * 100);
        request.label = "Account";
        request.key = key;
        OK(cordon_evaluate(outcome, engine, "r", &request, &err));
    }
}

static cordon_conduct conduct(uint32_t index)
{
    cordon_conduct out = {.struct_size = sizeof out};
    uint64_t revision = 0;

    OK(cordon_engine_conduct(&out, &revision, engine, "r", index, &err));
    ck_assert_uint_eq(revision, standing_of("r").revision);
    return out;
}

START_TEST(conduct__counts_what_each_version_did)
{
    const cordon_rollout_shadow shadow = {3, CORDON_WHOLE};
    const cordon_rollout rollout = {
        .struct_size = sizeof rollout,
        .variant_count = 1,
        .variants = {{2, CORDON_VARIANT_CANARY, 4000}},
    };
    cordon_conduct live, canary, beside;

    begin();
    serve(30);
    live = conduct(0);
    ck_assert_uint_eq(live.evaluations, 30);
    ck_assert_uint_eq(live.share, CORDON_WHOLE);
    ck_assert(!live.since_rollout);
    push_text(CORDON_OBJECT_RULE,
              "return { name = 'r', decisions = { 'allow', 'deny' }, fallback = "
              "'deny', evaluate = function() error('broken') end }");
    push_rule("r", 3);
    OK(cordon_registry_rollout(registry, "r", &rollout, NULL, NULL, &by_ann, &err));
    OK(cordon_registry_shadows(registry, "r", &shadow, 1, &by_ann, &err));
    OK(cordon_engine_upkeep(engine, NULL, &err));
    serve(100);
    live = conduct(0);
    canary = conduct(1);
    beside = conduct(2);
    ck_assert_uint_eq(live.version, 1);
    ck_assert_int_eq(live.variant, CORDON_VARIANT_LIVE);
    ck_assert_uint_eq(live.share, 6000);
    ck_assert_uint_eq(canary.version, 2);
    ck_assert_int_eq(canary.variant, CORDON_VARIANT_CANARY);
    ck_assert_uint_eq(canary.share, 4000);
    /* from the beginning of the rollout: the thirty before it are not among them */
    ck_assert(live.since_rollout && canary.since_rollout && !beside.since_rollout);
    ck_assert_uint_eq(live.evaluations + canary.evaluations, 100);
    ck_assert_uint_gt(canary.evaluations, 0);
    ck_assert_uint_eq(canary.outcomes[CORDON_OUTCOME_ERROR], canary.evaluations);
    ck_assert_uint_eq(canary.fallbacks, canary.evaluations);
    ck_assert_uint_eq(canary.decision_count, 2);
    ck_assert_str_eq(canary.decisions[1].word, "deny");
    ck_assert_uint_eq(canary.decisions[1].count, canary.evaluations);
    ck_assert_uint_eq(live.outcomes[CORDON_OUTCOME_OK], live.evaluations);
    ck_assert_str_eq(live.decisions[0].word, "allow");
    ck_assert_uint_eq(live.decisions[0].count, live.evaluations);
    ck_assert_uint_gt(live.instructions.p50, 0);
    ck_assert_uint_le(live.instructions.p50, live.instructions.p99);
    ck_assert_uint_gt(live.wall_ns.p99, 0);
    ck_assert_int_eq(beside.variant, CORDON_VARIANT_SHADOW);
    ck_assert_uint_eq(beside.version, 3);
    ck_assert_uint_eq(beside.share, CORDON_WHOLE);
    ck_assert_uint_eq(beside.evaluations, 100);
    ck_assert_uint_eq(beside.compared, 100);
    ck_assert_uint_eq(beside.mismatches,
                      canary.evaluations); /* it denied, they allow */
    end();
}
END_TEST

START_TEST(conduct__says_what_there_is_none_of)
{
    cordon_conduct out = {.struct_size = sizeof out};

    begin();
    FAILS(cordon_engine_conduct(&out, NULL, engine, "r", 1, &err), CORDON_E_NOTFOUND,
          "runs 1 versions");
    FAILS(cordon_engine_conduct(&out, NULL, engine, "q", 0, &err), CORDON_E_NOTFOUND,
          "no rule 'q'");
    push_text(CORDON_OBJECT_SET,
              "return { name = 's', decisions = { 'allow' }, rules = { 'r' } }");
    activate("s", 1);
    OK(cordon_engine_upkeep(engine, NULL, &err));
    FAILS(cordon_engine_conduct(&out, NULL, engine, "s", 0, &err), CORDON_E_NOTFOUND,
          "is a set");
    out.struct_size = 8;
    FAILS(cordon_engine_conduct(&out, NULL, engine, "r", 0, &err), CORDON_E_INVALID,
          "size");
    FAILS(cordon_engine_conduct(NULL, NULL, engine, "r", 0, &err), CORDON_E_INVALID,
          "must be there");
    end();
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("conduct");

    REGISTERED_CASE(s, conduct__counts_what_each_version_did);
    REGISTERED_CASE(s, conduct__says_what_there_is_none_of);
    return s;
}

CDN_UNIT_MAIN(suite)
