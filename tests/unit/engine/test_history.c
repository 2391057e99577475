/* How often versions ran, over engines that come and go on one registry. */
#include "registered.h"

#include <signal.h>
#include <sys/resource.h>

#include <cordon.h>

#include "base/alloc.h"
#include "engine/history.h"
#include "engine/registry_store.h"
#include "engine/trust.h"

static cordon_engine *engine;
static cordon_outcome *outcome;
static cordon_engine_options options = CORDON_ENGINE_OPTIONS_INIT;

#define AFTER(runs)                                                                    \
    "return { principals = {}, walls = { active = 'inproc', after = { runs = " #runs   \
    " } } }"

static void give(const char *text)
{
    cordon_policy *policy;

    OK(cordon_policy_load_text(&policy, text, strlen(text), "p.lua", NULL, 0, &err));
    OK(cordon_engine_set_policy(engine, policy, &err));
    cordon_policy_release(policy);
}

static cordon_engine *begin(const char *policy)
{
    OK(cordon_engine_new(&engine, &options, &err));
    OK(cordon_engine_use_registry(engine, registry, &err));
    give(policy);
    return engine;
}

static void end(void)
{
    cordon_engine_free(engine);
    engine = NULL;
}

static void run(int times)
{
    const cordon_request request = CORDON_REQUEST_INIT;

    for (int i = 0; i < times; i++) {
        OK(cordon_evaluate(outcome, engine, "r", &request, &err));
        ck_assert_int_eq(cordon_outcome_get_kind(outcome), CORDON_OUTCOME_OK);
    }
}

static void upkeep(void)
{
    OK(cordon_engine_upkeep(engine, NULL, &err));
}

static struct cdn_version *live(void)
{
    return cdn_state_find(atomic_load(&engine->state), "r")->live->version;
}

/* What this engine knows. */
static uint64_t known(void)
{
    return cdn_history_runs(engine, live());
}

/* What the registry keeps of a version. */
static uint64_t kept_of(uint32_t version)
{
    uint64_t runs;

    OK(cdn_registry_runs(&runs, registry, "r", version, &err));
    return runs;
}

static uint64_t kept(void)
{
    return kept_of(1);
}

static void setup(void)
{
    registered_setup();
    OK(cordon_outcome_new(&outcome, &err));
    push_rule("r", 1);
    activate("r", 1);
    options = (cordon_engine_options)CORDON_ENGINE_OPTIONS_INIT;
    options.slots = 2;
}

static void teardown(void)
{
    cordon_outcome_free(outcome);
    registered_teardown();
}

/* ---- what outlives an engine ---- */

START_TEST(history__outlives_engines)
{
    begin(AFTER(100));
    ck_assert_uint_eq(known(), 0);
    run(3);
    end(); /* adds what no upkeep did */
    ck_assert_uint_eq(kept(), 3);
    begin(AFTER(100));
    ck_assert_uint_eq(known(), 3);
    run(4);
    ck_assert_uint_eq(known(), 7);
    upkeep(); /* the first adds at once */
    ck_assert_uint_eq(kept(), 7);
    run(2);
    ck_assert_uint_eq(known(), 9);
    OK(cordon_engine_use_registry(engine, NULL, &err)); /* so does detaching */
    ck_assert_uint_eq(kept(), 9);
    end();
    ck_assert_uint_eq(kept(), 9);
}
END_TEST

START_TEST(history__of_a_killed_process_is_what_it_had_added)
{
    cordon_engine *first;

    first = begin(AFTER(100));
    run(3);
    upkeep();
    run(5); /* nobody will ever know of these: it is gone, as far as the next can tell */
    begin(AFTER(100));
    ck_assert_uint_eq(known(), 3);
    end();
    engine = first;
    end();
}
END_TEST

START_TEST(history__is_what_all_engines_add)
{
    cordon_engine *first = begin(AFTER(100)), *second;

    run(3);
    second = begin(AFTER(100));
    run(4);
    upkeep();
    engine = first;
    upkeep();
    ck_assert_uint_eq(known(), 7); /* who adds learns what there is */
    engine = second;
    run(1);
    end();
    ck_assert_uint_eq(kept(), 8);
    engine = first;
    end();
    ck_assert_uint_eq(kept(), 8); /* it had nothing to add */
}
END_TEST

START_TEST(history__is_added_at_once_when_it_is_enough_and_then_no_more)
{
    begin(AFTER(10));
    run(4);
    upkeep();
    ck_assert_uint_eq(kept(), 4);
    run(6);
    upkeep(); /* long before it would be time again */
    ck_assert_uint_eq(kept(), 10);
    run(20);
    upkeep();
    give(AFTER(10));
    ck_assert_uint_eq(kept(), 10);
    end();
    ck_assert_uint_eq(kept(), 10);
    begin(AFTER(1000)); /* what was not kept then is not there now */
    ck_assert_uint_eq(known(), 10);
    run(2);
    end();
    ck_assert_uint_eq(kept(), 12);
}
END_TEST

START_TEST(history__is_kept_for_policies_that_ask_for_it)
{
    begin("return { principals = {}, walls = { active = 'inproc' } }");
    run(3);
    upkeep();
    ck_assert_uint_eq(kept(), 0);
    give(AFTER(100)); /* from then on, with what there was */
    upkeep();
    ck_assert_uint_eq(kept(), 3);
    end();
}
END_TEST

START_TEST(history__is_each_version_s_own)
{
    const cordon_rollout_shadow shadow[] = {{2, CORDON_WHOLE}};

    push_rule("r", 2);
    OK(cordon_registry_shadows(registry, "r", shadow, 1, &by_ann, &err));
    begin(AFTER(100));
    run(3);
    end();
    ck_assert_uint_eq(kept_of(1), 3);
    ck_assert_uint_eq(kept_of(2), 3);
    activate("r", 2);
    begin(AFTER(100));
    ck_assert_uint_eq(known(), 3); /* what it did in the shadow is history too */
    run(1);
    end();
    ck_assert_uint_eq(kept_of(1), 3);
    ck_assert_uint_eq(kept_of(2), 4);
}
END_TEST

START_TEST(history__changes_nothing_else_of_the_registry)
{
    uint64_t before;

    begin(AFTER(100));
    before = cdn_registry_sequence(registry);
    run(3);
    upkeep();
    ck_assert_uint_eq(kept(), 3);
    ck_assert_uint_eq(cdn_registry_sequence(registry), before);
    end();
}
END_TEST

/* ---- what does not work ---- */

START_TEST(history__of_a_registry_that_is_read_only_is_read)
{
    begin(AFTER(100));
    run(3);
    end();
    cordon_registry_close(registry);
    registered_open(CORDON_REGISTRY_READ_ONLY);
    begin(AFTER(100));
    run(2);
    upkeep();
    ck_assert_uint_eq(known(), 5);
    end();
    ck_assert_uint_eq(kept(), 3);
}
END_TEST

static cordon_status put_nonsense(struct cdn_durable_txn *txn, void *ud,
                                  cordon_error *error)
{
    struct cdn_key key = cdn_key_runs("r", 1);

    (void)ud;
    return cdn_registry_put(txn, &key, "\x91\xc0", 2, error);
}

START_TEST(history__that_is_damaged_begins_anew)
{
    OK(cdn_durable_write(registry->file, false, put_nonsense, NULL, &err));
    begin(AFTER(100));
    ck_assert_uint_eq(known(), 0);
    run(2);
    upkeep();
    ck_assert_uint_eq(kept(), 2);
    end();
}
END_TEST

/* Of a write that failed it cannot be told whether it happened. */
START_TEST(history__is_never_added_twice)
{
    struct rlimit none, before;

    begin(AFTER(100));
    run(3);
    ck_assert(!getrlimit(RLIMIT_FSIZE, &before));
    none = (struct rlimit){0, before.rlim_max};
    ck_assert_ptr_ne(signal(SIGXFSZ, SIG_IGN), SIG_ERR);
    ck_assert(!setrlimit(RLIMIT_FSIZE, &none));
    ck_assert_int_eq(cordon_engine_upkeep(engine, NULL, &err), CORDON_E_IO);
    ck_assert(!setrlimit(RLIMIT_FSIZE, &before));
    ck_assert_uint_eq(known(), 3);
    ck_assert_uint_eq(kept(), 0);
    run(2);
    ck_assert_uint_eq(known(), 5);
    end();
    ck_assert_uint_eq(kept(), 2);
}
END_TEST

#ifdef CORDON_FAILALLOC
START_TEST(history__each_allocation_of_keeping_it_may_fail)
{
    begin(AFTER(100));
    run(3);
    CDN_UNIT_FAILALLOC(nth)
    {
        cordon_status status = cdn_history_keep(engine, true, &err);

        ck_assert_int_eq(status, cdn_failalloc_fired() ? CORDON_E_NOMEM : CORDON_OK);
        ck_assert_uint_eq(known(), 3);
    }
    ck_assert_uint_eq(kept(), 3);
    end();
}
END_TEST
#endif

/* ---- what it is for ---- */

#ifdef WORKER
START_TEST(history__keeps_what_is_proven_where_it_is)
{
    static const char text[] =
        "return { principals = {}, walls = { draft = 'process', after = { runs = 5 } "
        "} }";
    const struct cdn_entry *entry;

    options.worker = WORKER;
    options.max_wall_ns = UINT64_C(60000000000);
    begin(text);
    entry = cdn_state_find(atomic_load(&engine->state), "r")->live;
    ck_assert_uint_eq(cdn_entry_wall(entry), CORDON_WALL_PROCESS);
    run(4);
    end();
    begin(text);
    entry = cdn_state_find(atomic_load(&engine->state), "r")->live;
    ck_assert_uint_eq(cdn_entry_wall(entry), CORDON_WALL_PROCESS);
    run(1);
    upkeep();
    ck_assert_uint_eq(cdn_entry_wall(entry), CORDON_WALL_INPROC);
    end();
    begin(text); /* from its first request on */
    entry = cdn_state_find(atomic_load(&engine->state), "r")->live;
    ck_assert_uint_eq(cdn_entry_wall(entry), CORDON_WALL_INPROC);
    end();
}
END_TEST

static bool process_wall(void)
{
    cordon_wall_report report = CORDON_WALL_REPORT_INIT;

    if (!cordon_wall_probe(&report, CORDON_WALL_PROCESS, WORKER, NULL) && report.works)
        return true;
    printf("SKIPPED: what is proven, as there is no process wall: %s\n", report.text);
    return false;
}
#endif

static Suite *suite(void)
{
    Suite *s = suite_create("history");

#define HISTORY_CASE(test) CDN_UNIT_CASE_IN(s, test, setup, teardown)
    HISTORY_CASE(history__outlives_engines);
    HISTORY_CASE(history__of_a_killed_process_is_what_it_had_added);
    HISTORY_CASE(history__is_what_all_engines_add);
    HISTORY_CASE(history__is_added_at_once_when_it_is_enough_and_then_no_more);
    HISTORY_CASE(history__is_kept_for_policies_that_ask_for_it);
    HISTORY_CASE(history__is_each_version_s_own);
    HISTORY_CASE(history__changes_nothing_else_of_the_registry);
    HISTORY_CASE(history__of_a_registry_that_is_read_only_is_read);
    HISTORY_CASE(history__that_is_damaged_begins_anew);
    HISTORY_CASE(history__is_never_added_twice);
#ifdef CORDON_FAILALLOC
    HISTORY_CASE(history__each_allocation_of_keeping_it_may_fail);
#endif
#ifdef WORKER
    if (process_wall())
        HISTORY_CASE(history__keeps_what_is_proven_where_it_is);
#endif
#undef HISTORY_CASE
    return s;
}

CDN_UNIT_MAIN(suite)
