#include "serving.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>

#include <cordon/policy.h>

#include "isolation/misbehaving.h"

#define LONG_NS UINT64_C(9000000000)

/* WORKER and MISBEHAVING are programs. */
static cordon_engine *walled(const char *worker, uint32_t slots)
{
    cordon_engine_options options = CORDON_ENGINE_OPTIONS_INIT;
    cordon_engine *engine;
    cordon_error err;

    options.slots = slots;
    options.interrupt_slots = CORDON_NONE;
    options.wall = CORDON_WALL_PROCESS;
    options.worker = worker;
    ck_assert_msg(!cordon_engine_new(&engine, &options, &err), "%s", err.message);
    serving_load(engine,
                 "return { name = 'r', decisions = { 'allow', 'deny' }, fallback = "
                 "'deny', limits = { time = '10s' }, evaluate = function() return { "
                 "decision = 'allow' } end }");
    return engine;
}

/* Evaluate within so long, by that seed; the kind of its outcome. */
static cordon_outcome_kind ask(cordon_engine *engine, cordon_outcome *outcome,
                               uint64_t most_ns, uint64_t seed)
{
    cordon_request request = CORDON_REQUEST_INIT;
    cordon_limits limits = CORDON_LIMITS_INIT;
    cordon_error err;

    limits.wall_ns = most_ns;
    request.limits = &limits;
    request.seed = seed;
    ck_assert_msg(!cordon_evaluate(outcome, engine, "r", &request, &err), "%s",
                  err.message);
    return cordon_outcome_get_kind(outcome);
}

static bool metric(cordon_engine *engine, const char *line)
{
    static char text[1 << 17];
    size_t bytes;

    ck_assert(!cordon_engine_metrics(text, sizeof text, &bytes, engine, NULL));
    return strstr(text, line) != NULL;
}

static void set_policy(cordon_engine *engine, const char *text)
{
    cordon_policy *policy;
    cordon_error err;

    ck_assert_msg(
        !cordon_policy_load_text(&policy, text, strlen(text), "p.lua", NULL, 0, &err),
        "%s", err.message);
    ck_assert_msg(!cordon_engine_set_policy(engine, policy, &err), "%s", err.message);
    cordon_policy_release(policy);
}

static void tend(cordon_engine *engine)
{
    cordon_error err;

    ck_assert_msg(!cordon_engine_tend(engine, &err), "%s", err.message);
}

static void no_child_is_left(void)
{
    ck_assert_int_eq(waitpid(-1, NULL, WNOHANG), -1);
    ck_assert_int_eq(errno, ECHILD);
}

START_TEST(walls__whatever_a_worker_does_ends_with_its_run)
{
    cordon_engine *engine = walled(MISBEHAVING, 2);
    cordon_outcome *outcome = serving_outcome();
    cordon_error err;

    for (uint64_t lie = LIE_NO_FRAME; lie < LIES_END; lie++) {
        bool silent = lie >= LIE_SILENCE;

        ck_assert_msg(!cordon_engine_warm(engine, "r", &err), "%s", err.message);
        ck_assert_int_eq(ask(engine, outcome, silent ? 30000000 : LONG_NS, lie),
                         silent ? CORDON_OUTCOME_LIMIT : CORDON_OUTCOME_ERROR);
        ck_assert_str_eq(cordon_outcome_decision(outcome), "deny");
        ck_assert(cordon_outcome_is_fallback(outcome));
    }
    cordon_engine_free(engine);
    no_child_is_left();
    cordon_outcome_free(outcome);
}
END_TEST

START_TEST(walls__a_wall_that_does_not_work_is_told_at_once)
{
    char folder[128], worker[160], wanted[200];
    const cordon_request request = CORDON_REQUEST_INIT;
    cordon_outcome *outcome = serving_outcome();
    cordon_engine *engine;
    cordon_error err;

    cdn_unit_folder(folder, sizeof folder);
    (void)snprintf(worker, sizeof worker, "%s/cordon-worker", folder);
    (void)snprintf(wanted, sizeof wanted, "the wall 'process': %s", worker);
    ck_assert_int_eq(symlink(WORKER, worker), 0);
    engine = walled(worker, 2);
    ck_assert_int_eq(unlink(worker), 0); /* there was one as the rule was read */
    ck_assert_int_eq(rmdir(folder), 0);
    ck_assert_int_eq(cordon_engine_load_rule(engine, "", 0, "again.lua", NULL, &err),
                     CORDON_E_NOTFOUND);
    ck_assert_contains(err.message, worker);
    for (int i = 0; i < 100; i++) {
        ck_assert_int_eq(cordon_evaluate(outcome, engine, "r", &request, &err),
                         CORDON_E_NOTFOUND);
        ck_assert_contains(err.message, wanted);
    }
    ck_assert_int_eq(cordon_engine_warm(engine, "r", &err), CORDON_E_NOTFOUND);
    ck_assert_int_eq(cordon_engine_tend(engine, &err), CORDON_E_NOTFOUND);
    ck_assert_int_eq(cordon_engine_tend(NULL, &err), CORDON_E_INVALID);
    cordon_engine_free(engine);
    cordon_outcome_free(outcome);
    engine = serving_engine(1);
    ck_assert(!cordon_engine_tend(engine, &err)); /* there is nothing to look after */
    cordon_engine_free(engine);
}
END_TEST

START_TEST(walls__who_has_no_time_to_wait_is_stopped_as_by_any_limit)
{
    cordon_engine *engine = walled(WORKER, 1);
    cordon_outcome *outcome = serving_outcome();
    cordon_cancel cancel = {1};
    cordon_request request = CORDON_REQUEST_INIT;

    ck_assert_int_eq(ask(engine, outcome, 1, 0), CORDON_OUTCOME_LIMIT);
    ck_assert_int_eq(cordon_outcome_limit(outcome), CORDON_BUDGET_TIME);
    ck_assert_str_eq(cordon_outcome_decision(outcome), "deny");
    request.cancel = &cancel;
    ck_assert(!cordon_evaluate(outcome, engine, "r", &request, NULL));
    ck_assert_int_eq(cordon_outcome_get_kind(outcome), CORDON_OUTCOME_CANCELLED);
    ck_assert_int_eq(ask(engine, outcome, LONG_NS, 0), CORDON_OUTCOME_OK);
    ck_assert(metric(engine,
                     "cordon_state_create_duration_seconds_count{tier=\"process\""
                     "} 1\n"));
    cordon_engine_free(engine);
    no_child_is_left();
    cordon_outcome_free(outcome);
}
END_TEST

START_TEST(walls__warming_is_for_all_who_evaluate_at_once)
{
    cordon_engine *engine = walled(WORKER, 3);
    cordon_outcome *outcome = serving_outcome();

    ck_assert(!cordon_engine_warm(engine, "r", NULL));
    ck_assert(
        metric(engine, "cordon_pool_states{tier=\"process\",state=\"idle\"} 3\n"));
    for (int i = 0; i < 20; i++)
        ck_assert_int_eq(ask(engine, outcome, LONG_NS, 0), CORDON_OUTCOME_OK);
    tend(engine);
    ck_assert(metric(engine,
                     "cordon_state_create_duration_seconds_count{tier=\"process\""
                     "} 3\n"));
    ck_assert(metric(engine, "cordon_pool_wait_seconds_count{tier=\"process\"}"));
    ck_assert(metric(engine, "cordon_pool_start_failures_total{tier=\"process\"} 0\n"));
    cordon_engine_free(engine);
    cordon_outcome_free(outcome);
}
END_TEST

/* The first process below this one that is a worker, a child of a child; 0: there is none. */
static pid_t some_worker(void)
{
    long pid = getpid();

    for (int generation = 0; generation < 2; generation++) {
        char path[64], text[4096] = "";
        FILE *file;

        snprintf(path, sizeof path, "/proc/%ld/task/%ld/children", pid, pid);
        file = fopen(path, "r");
        ck_assert_ptr_nonnull(file);
        if (!fgets(text, sizeof text, file))
            text[0] = '\0';
        fclose(file);
        pid = strtol(text, NULL, 10);
        if (!pid)
            return 0;
    }
    return (pid_t)pid;
}

START_TEST(walls__a_stopped_worker_is_found_before_an_evaluation_gets_it)
{
    cordon_engine *engine = walled(WORKER, 1);
    cordon_outcome *outcome = serving_outcome();
    pid_t worker;

    ck_assert_int_eq(ask(engine, outcome, LONG_NS, 0), CORDON_OUTCOME_OK);
    worker = some_worker();
    ck_assert_int_gt(worker, 0);
    ck_assert(!kill(worker, SIGSTOP));
    /* it is asked when it was not heard of for a while, and given up a while later */
    while (!metric(engine,
                   "cordon_pool_ends_total{tier=\"process\",reason=\"stopped\"} 1\n")) {
        tend(engine);
        (void)poll(NULL, 0, 50);
    }
    ck_assert_int_eq(ask(engine, outcome, LONG_NS, 0), CORDON_OUTCOME_OK);
    cordon_engine_free(engine);
    no_child_is_left();
    cordon_outcome_free(outcome);
}
END_TEST

/* Move the engine to the bank in a file, which a worker opens by its path. */
static void move_to(cordon_engine *engine, const char *folder, const char *name)
{
    cordon_snapshot *snapshot;
    cordon_error err;
    char path[256];

    ck_assert_int_lt(snprintf(path, sizeof path, "%s/%s", folder, name), 256);
    cdn_fixture_bank(path);
    ck_assert_msg(!cordon_snapshot_open(&snapshot, path, NULL, &err), "%s",
                  err.message);
    ck_assert_msg(!cordon_engine_set_snapshot(engine, snapshot, &err), "%s",
                  err.message);
    cordon_snapshot_release(snapshot);
}

START_TEST(walls__a_generation_takes_its_workers_with_it)
{
    cordon_engine *engine = walled(WORKER, 1);
    cordon_outcome *outcome = serving_outcome();
    char folder[256], path[300];

    cdn_unit_folder(folder, sizeof folder);
    move_to(engine, folder, "first");
    ck_assert_int_eq(ask(engine, outcome, LONG_NS, 0), CORDON_OUTCOME_OK);
    move_to(engine, folder, "second");
    ck_assert(metric(
        engine, "cordon_pool_ends_total{tier=\"process\",reason=\"generation\"} 1\n"));
    tend(engine); /* starts another ahead */
    while (!metric(engine, "cordon_pool_states{tier=\"process\",state=\"idle\"} 1\n")) {
        (void)poll(NULL, 0, 10);
        tend(engine);
    }
    ck_assert_int_eq(ask(engine, outcome, LONG_NS, 0), CORDON_OUTCOME_OK);
    cordon_engine_free(engine);
    no_child_is_left();
    cordon_outcome_free(outcome);
    for (int i = 0; i < 2; i++) {
        snprintf(path, sizeof path, "%s/%s", folder, i ? "second" : "first");
        ck_assert(!remove(path));
    }
    ck_assert(!rmdir(folder));
}
END_TEST

/* A wall that trust wanted, and wants no more. */
START_TEST(walls__workers_behind_one_that_nothing_needs_any_more_are_let_go)
{
    cordon_engine_options options = CORDON_ENGINE_OPTIONS_INIT;
    cordon_engine *engine;
    cordon_error err;

    options.slots = 1;
    options.worker = WORKER;
    options.workers_min = 2;
    options.workers_idle_ms = 1;
    ck_assert_msg(!cordon_engine_new(&engine, &options, &err), "%s", err.message);
    serving_load(engine, "return { name = 'r', decisions = { 'a' }, fallback = 'a', "
                         "evaluate = function() return { decision = 'a' } end }");
    set_policy(engine, "return { principals = {}, walls = { active = 'process' } }");
    while (!metric(engine, "cordon_pool_states{tier=\"process\",state=\"idle\"} 2\n")) {
        tend(engine);
        (void)poll(NULL, 0, 5);
    }
    for (int i = 0; i < 10; i++) {
        tend(engine);
        (void)poll(NULL, 0, 5);
    }
    ck_assert(
        metric(engine, "cordon_pool_states{tier=\"process\",state=\"idle\"} 2\n"));
    set_policy(engine, "return { principals = {}, walls = { active = 'inproc' } }");
    while (!metric(engine, "cordon_pool_states{tier=\"process\",state=\"idle\"} 0\n")) {
        tend(engine);
        (void)poll(NULL, 0, 5);
    }
    cordon_engine_free(engine);
    no_child_is_left();
}
END_TEST

static void *ask_often(void *ud)
{
    cordon_outcome *outcome = serving_outcome();

    for (int i = 0; i < 100; i++)
        ck_assert_int_eq(ask(ud, outcome, LONG_NS, 0), CORDON_OUTCOME_OK);
    cordon_outcome_free(outcome);
    return NULL;
}

START_TEST(walls__threads_share_workers_while_they_are_looked_after)
{
    cordon_engine *engine = walled(WORKER, 3);
    pthread_t threads[3];

    for (int i = 0; i < 3; i++)
        ck_assert(!pthread_create(&threads[i], NULL, ask_often, engine));
    for (int i = 0; i < 20; i++) {
        tend(engine);
        (void)poll(NULL, 0, 5);
    }
    for (int i = 0; i < 3; i++)
        ck_assert(!pthread_join(threads[i], NULL));
    cordon_engine_free(engine);
    no_child_is_left();
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("walls");

    CDN_UNIT_CASE(s, walls__whatever_a_worker_does_ends_with_its_run);
    CDN_UNIT_CASE(s, walls__a_wall_that_does_not_work_is_told_at_once);
    CDN_UNIT_CASE(s, walls__who_has_no_time_to_wait_is_stopped_as_by_any_limit);
    CDN_UNIT_CASE(s, walls__warming_is_for_all_who_evaluate_at_once);
    CDN_UNIT_CASE(s, walls__a_stopped_worker_is_found_before_an_evaluation_gets_it);
    CDN_UNIT_CASE(s, walls__a_generation_takes_its_workers_with_it);
    CDN_UNIT_CASE(s, walls__workers_behind_one_that_nothing_needs_any_more_are_let_go);
    CDN_UNIT_CASE(s, walls__threads_share_workers_while_they_are_looked_after);
    return s;
}

int main(void)
{
    cordon_wall_report report = CORDON_WALL_REPORT_INIT;

    if (cordon_wall_probe(&report, CORDON_WALL_PROCESS, WORKER, NULL) ||
        !report.works) {
        printf("SKIPPED: %s\n", report.text);
        return CDN_UNIT_SKIPPED;
    }
    return cdn_unit_run(suite);
}
