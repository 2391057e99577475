/* Proposals that are applied by processes that are killed: each goes in once, whenever that is.
 *
 * A child applies and is killed at each report of its progress in turn, and at moments nobody
 * chose.  Then another applies to the end: every accepted proposal is in the graph once, the
 * log says so, and a third finds nothing to do.  A child that adds and decides in a hurry is
 * killed too: the log keeps whole outcomes, or nothing of them. */
#include "support/proposed.h"

#include <signal.h>
#include <sys/wait.h>
#include <time.h>

#include "base/error.h"
#include "snapshot/snapshot.h"

#define TIMED_KILLS 12
#define NEW_EDGES   40

struct fate {
    long kill_at; /* the report to die at; -1: none */
    long reports;
};

static void on_progress(void *ud, enum cdn_apply_stage stage, double done)
{
    struct fate *fate = ud;

    (void)stage;
    (void)done;
    if (fate->reports++ == fate->kill_at)
        kill(getpid(), SIGKILL);
}

static cordon_status apply(long kill_at, struct cdn_apply_result *result)
{
    struct fate fate = {.kill_at = kill_at};
    struct cdn_apply_options options = {.store = store,
                                        .author = "op",
                                        .block_shift = 5,
                                        .progress = on_progress,
                                        .ud = &fate};

    return cdn_apply_run(result, &options, NULL);
}

static pid_t start(long kill_at)
{
    pid_t child = fork();

    ck_assert_int_ge(child, 0);
    if (child == 0) {
        struct cdn_apply_result result;

        _exit((int)apply(kill_at, &result));
    }
    return child;
}

/* True: the child was killed; false: it ended well. */
static bool wait_for(pid_t child)
{
    int status;

    ck_assert_int_eq(waitpid(child, &status, 0), child);
    if (WIFSIGNALED(status)) {
        ck_assert_int_eq(WTERMSIG(status), SIGKILL);
        return true;
    }
    ck_assert_int_eq(WEXITSTATUS(status), CORDON_OK);
    return false;
}

/* An update and edges, whose ends tell that they are new. */
static void propose(void)
{
    char body[600];

    snprintf(
        body, sizeof(body),
        "local edges = {}\nfor i = 1, %d do\n  edges[i] = { type = 'pays', from = a, "
        "to = { label = 'A', key = tostring(i + 209) },\n  time = i, properties = { "
        "amount = i } }\nend\n"
        "return { new_edges = edges, updated_nodes = { { label = 'A', key = a.key, "
        "set = { risk = (a.risk or 0) + 1, name = 'changed' } } } }",
        NEW_EDGES);
    proposed_log(body, "5");
    proposed_accept();
}

static int64_t risk_of(const cordon_snapshot *snapshot, const char *key)
{
    const struct cdn_label_data *label = &snapshot->labels[0];
    uint32_t node = cdn_snapshot_find(snapshot, 0, key, strlen(key));
    struct cdn_cells cells;
    uint32_t number = (uint32_t)cdn_properties_find(
        label->schema->properties, label->schema->property_count, "risk");

    ck_assert_uint_lt(node, label->count);
    ck_assert(cdn_column_cells(&label->columns[number], node >> label->shift, &cells));
    return cdn_column_integer(&label->columns[number], cells.values,
                              node & ((1U << label->shift) - 1));
}

/* The current generation is sound and has the proposals of so many rounds. */
static void check_rounds(uint64_t rounds)
{
    cordon_snapshot *snapshot;
    uint64_t findings = 1;
    cordon_error err;

    ck_assert_msg(!cordon_snapshot_open(&snapshot, store, NULL, &err), "%s",
                  err.message);
    ck_assert(!cdn_snapshot_verify(snapshot, NULL, NULL, &findings, &err));
    ck_assert_uint_eq(findings, 0);
    ck_assert_uint_eq(snapshot->node_count, PROPOSED_ACCOUNTS);
    ck_assert_uint_eq(snapshot->edge_count, PROPOSED_PAYS + rounds * NEW_EDGES);
    ck_assert_int_eq(risk_of(snapshot, "5"), 5 + (int64_t)rounds);
    ck_assert_int_eq(risk_of(snapshot, "6"), 6);
    cordon_snapshot_release(snapshot);
}

/* After a death: all of the round is in or nothing, and the next apply makes it all. */
static void finish_round(uint64_t round)
{
    struct cdn_apply_result result;
    cordon_snapshot *snapshot;
    uint64_t counts[6];
    bool in;

    ck_assert(!cordon_snapshot_open(&snapshot, store, NULL, NULL));
    in = snapshot->edge_count == PROPOSED_PAYS + round * NEW_EDGES;
    cordon_snapshot_release(snapshot);
    check_rounds(in ? round : round - 1);
    ck_assert_int_eq(apply(-1, &result), CORDON_OK);
    ck_assert(result.conflicts == 0);
    ck_assert(result.applied == 0 || !in);
    check_rounds(round);
    ck_assert_int_eq(apply(-1, &result), CORDON_OK);
    ck_assert_uint_eq(result.applied, 0);
    ck_assert_uint_eq(result.settled, 0);
    proposed_states(counts);
    ck_assert_uint_eq(counts[CORDON_PROPOSAL_APPLIED], round * (NEW_EDGES + 1));
    ck_assert_uint_eq(counts[CORDON_PROPOSAL_ACCEPTED], 0);
}

START_TEST(apply__killed_at_every_report_applies_once)
{
    uint64_t round = 0;
    long kills = 0;

    for (bool killed = true; killed; kills += killed) {
        propose();
        round++;
        killed = wait_for(start(kills));
        finish_round(round);
    }
    ck_assert_int_ge(kills, 6); /* the stages alone */
}
END_TEST

static uint64_t now_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000U + (uint64_t)now.tv_nsec;
}

static bool kill_within(pid_t child, uint64_t most_ns)
{
    static uint64_t state = 88172645463325252U;
    struct timespec wait = {0};

    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    wait.tv_nsec = (long)(state % (most_ns + 1));
    wait.tv_sec = wait.tv_nsec / 1000000000;
    wait.tv_nsec %= 1000000000;
    nanosleep(&wait, NULL);
    kill(child, SIGKILL);
    return wait_for(child);
}

START_TEST(apply__killed_at_any_moment_applies_once)
{
    struct cdn_apply_result result;
    uint64_t took;
    int killed = 0;

    propose();
    took = now_ns();
    ck_assert_int_eq(apply(-1, &result), CORDON_OK);
    took = now_ns() - took;
    for (uint64_t i = 0; i < TIMED_KILLS; i++) {
        propose();
        killed += kill_within(start(-1), took);
        finish_round(i + 2);
    }
    ck_assert_int_gt(killed, 0);
}
END_TEST

/* ---- adding and deciding ---- */

static pid_t start_adding(void)
{
    pid_t child = fork();

    ck_assert_int_ge(child, 0);
    if (child == 0) {
        for (int i = 0; i < 20; i++)
            propose();
        _exit(0);
    }
    return child;
}

static bool on_entry(void *ud, const cordon_proposal *proposal)
{
    ck_assert_uint_eq(proposal->sequence, ++*(uint64_t *)ud);
    return true;
}

START_TEST(log__killed_while_it_is_written_keeps_whole_outcomes)
{
    int killed = 0;

    for (int i = 0; i < TIMED_KILLS; i++) {
        cordon_proposals *log;
        uint64_t last = 0, counts[6];
        cordon_error err;

        killed += kill_within(start_adding(), UINT64_C(40000000));
        ck_assert_msg(!cordon_proposals_open(&log, log_path, NULL, &err), "%s",
                      err.message);
        ck_assert_msg(!cordon_proposals_each(log, NULL, on_entry, &last, &err), "%s",
                      err.message);
        cordon_proposals_close(log);
        ck_assert_uint_eq(last % (NEW_EDGES + 1), 0);
        proposed_states(counts);
        /* a decision is of all that was pending */
        ck_assert_uint_eq(counts[CORDON_PROPOSAL_ACCEPTED] % (NEW_EDGES + 1), 0);
        unlink(log_path);
        proposed_lock_remove();
    }
    ck_assert_int_gt(killed, 0);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("applied");
    TCase *c = tcase_create("applied");

    tcase_add_checked_fixture(c, proposed_make, proposed_remove);
    tcase_add_test(c, apply__killed_at_every_report_applies_once);
    tcase_add_test(c, apply__killed_at_any_moment_applies_once);
    tcase_add_test(c, log__killed_while_it_is_written_keeps_whole_outcomes);
    suite_add_tcase(s, c);
    return s;
}

CDN_UNIT_MAIN(suite)
