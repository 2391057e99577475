/* Applying: what is in conflict and why, batches that were left open, and memory that runs
 * out.  Processes that are killed are in integration/import/applied.c. */
#include "support/proposed.h"

#include "base/alloc.h"
#include "engine/proposals.h"
#include "snapshot/snapshot.h"
#include "snapshot/store.h"

struct judged {
    int good;
    int bad;
    char why[CORDON_PROPOSAL_REASON_BYTES + 1]; /* of the last conflict */
};

static void on_judged(void *ud, uint64_t sequence, cordon_proposal_kind kind,
                      const cordon_value *content, const char *conflict)
{
    struct judged *judged = ud;

    (void)sequence;
    (void)kind;
    ck_assert_int_eq(content->type, CORDON_MAP);
    judged->good += !conflict;
    judged->bad += conflict != NULL;
    if (conflict)
        snprintf(judged->why, sizeof(judged->why), "%s", conflict);
}

static struct judged judged;
static struct cdn_apply_result result;

static cordon_status apply_as(bool dry_run, uint64_t memory, cordon_error *err)
{
    struct cdn_apply_options options = {.store = store,
                                        .author = "op",
                                        .dry_run = dry_run,
                                        .memory_bytes = memory,
                                        .block_shift = 5,
                                        .judged = on_judged,
                                        .ud = &judged};

    judged = (struct judged){0};
    return cdn_apply_run(&result, &options, err);
}

static void apply(void)
{
    cordon_error err;

    ck_assert_msg(!apply_as(false, 0, &err), "%s", err.message);
}

#define SET(values)                                                                    \
    "return { updated_nodes = { { label = 'A', key = a.key, " values " } } }"
#define PAY(to)                                                                        \
    "return { new_edges = { { type = 'pays', from = a, to = { label = 'A', key = '" to \
    "' }, time = 5, properties = { amount = 1 } } } }"

#define ck_assert_contains(text, part)                                                 \
    ck_assert_msg(strstr(text, part) != NULL, "'%s' is not in '%s'", part, text)

START_TEST(apply__makes_a_generation_and_nothing_the_second_time)
{
    cordon_snapshot *snapshot;
    uint64_t identity;
    uint64_t counts[6];

    proposed_log(SET("set = { name = 'x' }, unset = { 'risk' }"), "3");
    proposed_log(PAY("9"), "3");
    proposed_accept();
    ck_assert_int_eq(apply_as(true, 0, NULL), CORDON_OK);
    ck_assert_uint_eq(result.applied, 2);
    ck_assert_uint_eq(result.generation, 0);
    apply();
    ck_assert_uint_eq(result.base, 1);
    ck_assert_uint_eq(result.generation, 2);
    ck_assert_uint_eq(result.updates, 1);
    ck_assert_uint_eq(result.edges, 1);
    ck_assert_int_eq(judged.good, 2);
    ck_assert(!cordon_snapshot_open(&snapshot, store, NULL, NULL));
    identity = cordon_snapshot_identity(snapshot);
    ck_assert_uint_ne(snapshot->applied, 0);
    ck_assert_uint_eq(snapshot->edge_count, PROPOSED_PAYS + 1);
    cordon_snapshot_release(snapshot);
    apply();
    ck_assert_uint_eq(result.generation, 0);
    ck_assert_uint_eq(result.applied, 0);
    ck_assert(!cordon_snapshot_open(&snapshot, store, NULL, NULL));
    ck_assert_uint_eq(cordon_snapshot_identity(snapshot), identity);
    ck_assert_uint_eq(cordon_snapshot_generation(snapshot), 2);
    cordon_snapshot_release(snapshot);
    proposed_states(counts);
    ck_assert_uint_eq(counts[CORDON_PROPOSAL_APPLIED], 2);
}
END_TEST

/* An import that says the same makes the same graph: the token is no part of it. */
START_TEST(apply__makes_what_an_import_would)
{
    cordon_snapshot *snapshot;
    uint64_t identity;

    proposed_log(SET("set = { risk = 6 }"), "3");
    proposed_accept();
    apply();
    ck_assert(!cordon_snapshot_open(&snapshot, store, NULL, NULL));
    identity = cordon_snapshot_identity(snapshot);
    cordon_snapshot_release(snapshot);
    proposed_empty(store);
    proposed_file("accounts.csv", "");
    {
        char path[200];
        FILE *file;

        snprintf(path, sizeof(path), "%s/accounts.csv", folder);
        file = fopen(path, "w");
        fputs("id,name,risk\n", file);
        for (int i = 0; i < PROPOSED_ACCOUNTS; i++)
            fprintf(file, "%d,account %d,%d\n", i, i, i == 3 ? 6 : i % 7);
        fclose(file);
    }
    ck_assert_int_eq(proposed_import(), CORDON_OK);
    ck_assert(!cordon_snapshot_open(&snapshot, store, NULL, NULL));
    ck_assert_uint_eq(cordon_snapshot_identity(snapshot), identity);
    ck_assert_uint_eq(snapshot->applied, 0);
    cordon_snapshot_release(snapshot);
}
END_TEST

START_TEST(apply__finds_what_does_not_fit_any_more)
{
    proposed_log(SET("set = { risk = 50 }"), "0"); /* will be gone */
    proposed_log(PAY("0"), "3");                   /* its end will be gone */
    proposed_log(PAY("9"), "3");                   /* fits */
    proposed_accept();
    proposed_data(0);
    ck_assert_int_eq(proposed_import(), CORDON_OK);
    apply();
    ck_assert_uint_eq(result.conflicts, 2);
    ck_assert_uint_eq(result.applied, 1);
    ck_assert_contains(judged.why, "to.key: there is no A with key '0'");
    apply();
    ck_assert_uint_eq(result.conflicts, 0);
    ck_assert_uint_eq(result.generation, 0);
}
END_TEST

START_TEST(apply__finds_a_property_that_changed_meanwhile)
{
    uint64_t counts[6];

    proposed_log(SET("set = { risk = 50 }"), "3");
    proposed_log(SET("set = { risk = 60 }"), "4");
    proposed_log(SET("set = { name = 'y' }"), "3"); /* another property */
    proposed_accept();
    proposed_log(SET("set = { risk = 70 }"), "3"); /* pending until the next */
    proposed_log(SET("set = { risk = 60 }"), "4"); /* will be so already */
    apply();
    ck_assert_uint_eq(result.applied, 3);
    proposed_accept();
    apply();
    ck_assert_uint_eq(result.applied, 1);
    ck_assert_uint_eq(result.conflicts, 1);
    ck_assert_contains(judged.why, "set.risk: it is no longer what it was");
    proposed_states(counts);
    ck_assert_uint_eq(counts[CORDON_PROPOSAL_APPLIED], 4);
    ck_assert_uint_eq(counts[CORDON_PROPOSAL_CONFLICT], 1);
}
END_TEST

START_TEST(apply__lets_the_first_of_a_batch_have_a_property)
{
    proposed_log(SET("set = { risk = 50 }"), "3");
    proposed_log(SET("set = { risk = 51, name = 'z' }"), "3"); /* nothing of it */
    proposed_log(SET("set = { risk = 50, name = 'y' }"), "3"); /* agrees */
    proposed_accept();
    apply();
    ck_assert_uint_eq(result.applied, 2);
    ck_assert_uint_eq(result.conflicts, 1);
    ck_assert_contains(judged.why, "a proposal before it in this batch");
}
END_TEST

START_TEST(apply__finds_a_schema_that_changed)
{
    proposed_log(SET("set = { risk = 50 }"), "3");
    proposed_log(PAY("9"), "3");
    proposed_accept();
    proposed_file("schema.lua",
                  "return { labels = { A = { file = 'accounts.csv', immutable = true,\n"
                  "key = { column = 'id', type = 'int64' },\n"
                  "properties = { name = 'text', risk = 'int64?' } } } }");
    ck_assert_int_eq(proposed_import(), CORDON_OK);
    apply();
    ck_assert_uint_eq(result.applied, 0);
    ck_assert_uint_eq(result.conflicts, 2);
    ck_assert_uint_eq(result.generation, 0);
    ck_assert_contains(judged.why, "the graph has no edge type 'pays'");
}
END_TEST

START_TEST(apply__takes_what_fits_into_the_memory)
{
    cordon_error err;

    for (int i = 0; i < 4; i++)
        proposed_log(
            "local t = {}\nfor i = 1, 60 do t[i] = { type = 'pays', from = a, to = "
            "a, time = i, properties = { amount = 1 } } end\nreturn { new_edges = "
            "t }",
            "3");
    proposed_accept();
    ck_assert_msg(!apply_as(true, 64 << 10, &err), "%s", err.message);
    ck_assert_uint_gt(result.left, 0);
    ck_assert_uint_gt(result.applied, 0);
    ck_assert_uint_eq(result.left + result.applied, 240);
}
END_TEST

START_TEST(apply__wants_a_store_and_a_log)
{
    struct cdn_apply_options options = {.store = "/nonexistent", .author = "op"};
    cordon_error err;

    ck_assert_int_eq(cdn_apply_run(&result, &options, &err), CORDON_E_NOTFOUND);
    options.store = store;
    ck_assert_int_eq(cdn_apply_run(&result, &options, &err), CORDON_E_NOTFOUND);
    ck_assert_contains(err.message, "proposals.mdb");
}
END_TEST

START_TEST(apply__waits_for_no_other_writer)
{
    struct cdn_store_writer *other;
    char path[300];
    uint64_t generation;

    proposed_log(PAY("9"), "3");
    proposed_accept();
    ck_assert(!cdn_store_begin(&other, store, &generation, path, sizeof(path), NULL));
    ck_assert_int_eq(apply_as(false, 0, NULL), CORDON_E_BUSY);
    cdn_store_end(other);
    apply();
    ck_assert_uint_eq(result.applied, 1);
}
END_TEST

/* ---- a batch that was left open ---- */

static void leave_open(void)
{
    uint64_t sequences[] = {1};
    struct cdn_proposals_batch batch = {
        .base = 1, .generation = 2, .count = 1, .sequences = sequences};
    cordon_proposals *log;

    ck_assert(!cordon_proposals_open(&log, log_path, NULL, NULL));
    ck_assert(!cdn_proposals_batch_begin(log, &batch, NULL, 0, "op", NULL));
    cordon_proposals_close(log);
}

START_TEST(apply__settles_a_batch_that_did_not_happen)
{
    proposed_log(PAY("9"), "3");
    proposed_accept();
    leave_open();
    apply();
    ck_assert_uint_eq(result.settled, 1);
    ck_assert(!result.settled_applied);
    ck_assert_uint_eq(result.applied, 1);
    ck_assert_uint_eq(result.generation, 2);
}
END_TEST

/* The token says so, also of a generation that an import made from it. */
START_TEST(apply__settles_a_batch_that_happened)
{
    const char *data = folder;
    struct cdn_import_options options = {.schema = schema,
                                         .data = &data,
                                         .data_count = 1,
                                         .store = store,
                                         .on_base = true};
    struct cdn_import_result imported;
    uint64_t counts[6];
    cordon_error err;

    proposed_log(PAY("9"), "3");
    proposed_accept();
    apply();
    unlink(log_path); /* a log that knows nothing of it */
    proposed_lock_remove();
    proposed_file("schema.lua",
                  "return { labels = { A = { key = { column = 'id', type = "
                  "'int64' } } } }");
    ck_assert_msg(!cdn_import_run(&imported, &options, &err), "%s", err.message);
    cdn_import_result_deinit(&imported);
    proposed_log(PAY("9"), "3");
    proposed_accept();
    leave_open();
    apply();
    ck_assert_uint_eq(result.settled, 1);
    ck_assert(result.settled_applied);
    ck_assert_uint_eq(result.applied, 0);
    proposed_states(counts);
    ck_assert_uint_eq(counts[CORDON_PROPOSAL_APPLIED], 1);
}
END_TEST

#ifdef CORDON_FAILALLOC
START_TEST(apply__survives_every_allocation_failure)
{
    uint64_t rounds = 0;

    proposed_log(SET("set = { risk = 50, name = 'y' }"), "3");
    proposed_log(SET("set = { risk = 51 }"), "3");
    proposed_log(PAY("9"), "3");
    proposed_accept();
    CDN_UNIT_FAILALLOC(nth)
    {
        cordon_status status = apply_as(false, 0, NULL);

        rounds++;
        ck_assert_msg(status == (cdn_failalloc_fired() ? CORDON_E_NOMEM : CORDON_OK),
                      "allocation %ld: %s", nth, cordon_status_name(status));
    }
    ck_assert_uint_gt(rounds, 20);
}
END_TEST
#endif

static Suite *suite(void)
{
    Suite *s = suite_create("apply");
    TCase *c = tcase_create("apply");

    tcase_add_checked_fixture(c, proposed_make, proposed_remove);
    tcase_add_test(c, apply__makes_a_generation_and_nothing_the_second_time);
    tcase_add_test(c, apply__makes_what_an_import_would);
    tcase_add_test(c, apply__finds_what_does_not_fit_any_more);
    tcase_add_test(c, apply__finds_a_property_that_changed_meanwhile);
    tcase_add_test(c, apply__lets_the_first_of_a_batch_have_a_property);
    tcase_add_test(c, apply__finds_a_schema_that_changed);
    tcase_add_test(c, apply__takes_what_fits_into_the_memory);
    tcase_add_test(c, apply__wants_a_store_and_a_log);
    tcase_add_test(c, apply__waits_for_no_other_writer);
    tcase_add_test(c, apply__settles_a_batch_that_did_not_happen);
    tcase_add_test(c, apply__settles_a_batch_that_happened);
#ifdef CORDON_FAILALLOC
    tcase_add_test(c, apply__survives_every_allocation_failure);
#endif
    suite_add_tcase(s, c);
    return s;
}

CDN_UNIT_MAIN(suite)
