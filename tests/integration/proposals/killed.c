/* A change of the log of proposals that is killed did not happen, or happened whole.
 *
 * A child makes one change of each kind there is, and dies at each call by which it makes it
 * durable, in turn (support/dying.h).  After each death the log says exactly what it said
 * before, or what the whole change makes of it, and the change can be made (again). */
#include "support/told.h"

#include <inttypes.h>

#include "engine/proposals.h"
#include "support/dying.h"
#include "support/proposing.h"

static char path[256];
static struct proposing proposing;
static cordon_error err;

/* ---- the changes ---- */

static cordon_status add_some(cordon_proposals *log, bool defer)
{
    cordon_proposal_source source = CORDON_PROPOSAL_SOURCE_INIT;

    source.principal = "analyst";
    source.defer = defer;
    return cordon_proposals_add(NULL, log, proposing.snapshot, proposing.outcome,
                                &source, &err);
}

static cordon_status add(cordon_proposals *log)
{
    return add_some(log, false);
}

/* So many that they take pages of their own. */
static cordon_status flush(cordon_proposals *log)
{
    cordon_status status = add_some(log, true);

    for (int i = 0; i < 40 && !status; i++) {
        proposing_evaluate(&proposing, "300");
        status = add_some(log, true);
    }
    return status ? status : cordon_proposals_flush(NULL, log, &err);
}

static cordon_status accept_two(cordon_proposals *log)
{
    static const uint64_t sequences[] = {4, 6};

    return cordon_proposals_decide(NULL, log, sequences, 2, true, "eve", "agreed",
                                   false, &err);
}

static cordon_status reject_many(cordon_proposals *log)
{
    uint64_t sequences[6];

    for (uint64_t i = 0; i < 6; i++)
        sequences[i] = 7 + i;
    return cordon_proposals_decide(NULL, log, sequences, 6, false, "eve", NULL, false,
                                   &err);
}

static cordon_status begin_batch(cordon_proposals *log)
{
    static uint64_t sequences[] = {1, 3};
    const struct cdn_proposals_conflict conflict = {2, "the graph has changed"};
    struct cdn_proposals_batch batch = {
        .base = 1, .generation = 2, .count = 2, .sequences = sequences};

    return cdn_proposals_batch_begin(log, &batch, &conflict, 1, "op", &err);
}

static cordon_status end_batch(cordon_proposals *log)
{
    return cdn_proposals_batch_end(log, true, "op", &err);
}

static cordon_status drop_batch(cordon_proposals *log)
{
    return cdn_proposals_batch_end(log, false, "op", &err);
}

static const struct {
    const char *name;
    cordon_status (*make)(cordon_proposals *log);
    bool in_batch; /* one has begun before */
} changes[] = {
    {"addition", add, false},
    {"flush of many", flush, false},
    {"acceptance", accept_two, false},
    {"rejection", reject_many, false},
    {"begin of a batch", begin_batch, false},
    {"end of a batch", end_batch, true},
    {"end of a batch that was not applied", drop_batch, true},
};

static void prepare(bool in_batch)
{
    static const uint64_t accepted[] = {1, 2, 3};
    cordon_proposals *log;

    OK(cordon_proposals_open(&log, path, NULL, &err));
    for (int i = 0; i < 4; i++) {
        proposing_evaluate(&proposing, "100");
        OK(add(log));
    }
    OK(cordon_proposals_decide(NULL, log, accepted, 3, true, "eve", NULL, false, &err));
    if (in_batch)
        OK(begin_batch(log));
    cordon_proposals_close(log);
    proposing_evaluate(&proposing, "300"); /* what is to be added */
}

/* ---- dying ---- */

static bool on_each(void *ud, const cordon_proposal *proposal)
{
    cdn_buf_printf(
        ud, "%" PRIu64 " %s %d %u by %s: %s, %u changes, generation %" PRIu64 "\n",
        proposal->sequence, cordon_proposal_state_str(proposal->state),
        (int)proposal->kind, proposal->index, proposal->author, proposal->reason,
        proposal->history.length, proposal->applied_generation);
    return true;
}

static void read_state(struct cdn_buf *out)
{
    struct cdn_proposals_batch batch;
    cordon_proposals *log;

    OK(cordon_proposals_open(&log, path, NULL, &err));
    OK(cordon_proposals_each(log, NULL, on_each, out, &err));
    OK(cdn_proposals_batch_noted(&batch, log, &err));
    cdn_buf_printf(out, "batch of %zu from %" PRIu64 " to %" PRIu64 "\n", batch.count,
                   batch.base, batch.generation);
    cdn_proposals_batch_deinit(&batch);
    cordon_proposals_close(log);
}

/* `ud`: the change's number; NULL: to make the log is all. */
static cordon_status change(void *ud)
{
    cordon_proposals *log;
    cordon_status status = cordon_proposals_open(&log, path, NULL, &err);

    return status || !ud ? status : changes[*(int *)ud].make(log);
}

static void *watch(void)
{
    cordon_proposals *log;

    OK(cordon_proposals_open(&log, path, NULL, &err));
    return log;
}

static void unwatch(void *log)
{
    cordon_proposals_close(log);
}

/* ---- tests ---- */

START_TEST(change__killed_anywhere_is_whole_or_not_there)
{
    int number = _i;
    struct dying_trial trial = {changes[number].name, path,  change, &number,
                                read_state,           watch, unwatch};

    prepare(changes[number].in_batch);
    dying_everywhere(&trial);
}
END_TEST

START_TEST(creation__killed_anywhere_leaves_a_whole_log_or_none)
{
    for (int when = DYING_BEFORE; when <= DYING_WITHIN; when++) {
        bool died = true;

        for (long at = 0; died; at++) {
            cordon_proposals_options options = CORDON_PROPOSALS_OPTIONS_INIT;
            cordon_proposals *log;

            unlink(path);
            died = dying_run(change, NULL, at, (enum dying_moment)when);
            options.must_exist = !access(path, F_OK);
            OK(cordon_proposals_open(&log, path, &options, &err));
            OK(add(log));
            cordon_proposals_close(log);
            ck_assert_int_lt(at, 100);
        }
    }
}
END_TEST

static void setup(void)
{
    dying_in_memory(); /* meta pages are written through to the disk */
    cdn_fixture_path(path, sizeof(path));
    proposing_make(&proposing);
    proposing_evaluate(&proposing, "100");
}

static void teardown(void)
{
    proposing_free(&proposing);
    cdn_fixture_remove(path);
}

static Suite *suite(void)
{
    Suite *s = suite_create("killed");
    TCase *c = tcase_create("killed");

    tcase_add_checked_fixture(c, setup, teardown);
    tcase_add_loop_test(c, change__killed_anywhere_is_whole_or_not_there, 0,
                        CDN_UNIT_COUNT(changes));
    tcase_add_test(c, creation__killed_anywhere_leaves_a_whole_log_or_none);
    suite_add_tcase(s, c);
    return s;
}

CDN_UNIT_MAIN(suite)
