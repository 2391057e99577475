/* Damaged logs: a clear error or an unharmed log, never a crash, and no proposal lost. */
#include "support/told.h"

#include "base/alloc.h"
#include "base/file.h"
#include "engine/proposals.h"
#include "support/damaged.h"
#include "support/proposing.h"

static char path[256];
static struct proposing proposing;
static cordon_proposals *proposals;
static cordon_error err;

static cordon_status add(void)
{
    return cordon_proposals_add(NULL, proposals, proposing.snapshot, proposing.outcome,
                                NULL, &err);
}

static cordon_status decide(uint64_t sequence, bool accept)
{
    return cordon_proposals_decide(NULL, proposals, &sequence, 1, accept, "eve",
                                   "looked at it", false, &err);
}

/* Sixty proposals, some decided, some in a batch that has not ended. */
static void setup(void)
{
    static uint64_t sequences[] = {2, 5};
    struct cdn_proposals_batch batch = {
        .base = 1, .generation = 2, .count = 2, .sequences = sequences};

    damaged_in_memory();
    cdn_fixture_path(path, sizeof(path));
    proposing_make(&proposing);
    OK(cordon_proposals_open(&proposals, path, NULL, &err));
    for (int i = 0; i < 20; i++) {
        proposing_evaluate(&proposing, i % 2 ? "100" : "300");
        OK(add());
    }
    for (uint64_t sequence = 2; sequence < 30; sequence += 3)
        OK(decide(sequence, sequence != 8));
    OK(cdn_proposals_batch_begin(proposals, &batch, NULL, 0, "op", &err));
}

static void teardown(void)
{
    cordon_proposals_close(proposals);
    proposing_free(&proposing);
    cdn_fixture_remove(path);
}

static bool on_each(void *ud, const cordon_proposal *proposal)
{
    ck_assert_uint_gt(proposal->sequence, *(uint64_t *)ud);
    *(uint64_t *)ud = proposal->sequence;
    return true;
}

static cordon_status list(uint64_t *last)
{
    *last = 0;
    return cordon_proposals_each(proposals, NULL, on_each, last, &err);
}

/* ---- bits ---- */

/* Reading all of the file and changing it end in CORDON_OK or an error with a message. */
static void use_file(void)
{
    struct cdn_proposals_batch noted = {0};
    uint64_t last;

    if (cordon_proposals_open(&proposals, path, NULL, &err)) {
        ck_assert(err.message[0] != '\0');
        proposals = NULL;
        return;
    }
    err.message[0] = '\0';
    ck_assert(!list(&last) || err.message[0] != '\0');
    (void)cdn_proposals_batch_noted(&noted, proposals, &err);
    cdn_proposals_batch_deinit(&noted);
    (void)decide(1, true);
    (void)decide(11, false);
    (void)add();
    (void)cdn_proposals_batch_end(proposals, true, "op", &err);
    cordon_proposals_close(proposals);
    proposals = NULL;
}

START_TEST(log__with_flipped_bits_is_an_error_or_works)
{
    struct cdn_buf whole = {0}, copy = {0};

    cordon_proposals_close(proposals);
    OK(cdn_file_read(&whole, path, 1 << 24, &err));
    ck_assert_uint_gt(whole.length, 40000);
    proposing_evaluate(&proposing, "100");
    for (int round = 0; round < 60; round++) {
        damaged(&copy, &whole, _i, round);
        damaged_write(path, &copy);
        use_file();
    }
    cdn_buf_deinit(&copy);
    cdn_buf_deinit(&whole);
}
END_TEST

START_TEST(log__cut_anywhere_is_refused)
{
    struct cdn_buf whole = {0};

    cordon_proposals_close(proposals);
    OK(cdn_file_read(&whole, path, 1 << 24, &err));
    for (size_t cut = 0; cut < whole.length / 2; cut += cut < 9000 ? 61 : 4096) {
        struct cdn_buf part = {.data = whole.data, .length = cut};
        cordon_status status;

        damaged_write(path, &part);
        status = cordon_proposals_open(&proposals, path, NULL, &err);
        ck_assert(status == CORDON_E_CORRUPT || status == CORDON_E_FORMAT);
        ck_assert_msg(strstr(err.message, path) != NULL, "%s", err.message);
    }
    cdn_buf_deinit(&whole);
}
END_TEST

/* ---- records that are well sealed ---- */

struct record {
    const char *key;
    size_t key_bytes;
    const char *payload;
    size_t bytes;
};

static cordon_status put(struct cdn_durable_txn *txn, void *ud, cordon_error *e)
{
    const struct record *record = ud;

    return cdn_durable_put(txn, record->key, record->key_bytes, record->payload,
                           record->bytes, e);
}

static void overwrite(const char *key, size_t key_bytes, const char *payload,
                      size_t bytes)
{
    struct record record = {key, key_bytes, payload, bytes};

    OK(cdn_durable_write(cdn_proposals_file(proposals), false, put, &record, &err));
}

START_TEST(entry__that_cannot_be_read_is_named)
{
    uint64_t last;

    overwrite("p\0\0\0\0\0\0\0\7", 9, "\x93\1\2\3", 4);
    FAILS(list(&last), CORDON_E_CORRUPT, "proposal 7 is damaged: it cannot be read");
    ck_assert_uint_eq(last, 6);
    FAILS(decide(7, true), CORDON_E_CORRUPT, "proposal 7 is damaged");
    OK(decide(9, true));
}
END_TEST

START_TEST(sequence__that_is_wrong_costs_no_proposal)
{
    uint64_t last;

    proposing_evaluate(&proposing, "100");
    overwrite("n", 1, "\0\0\0\0\0\0\0\12", 8);
    FAILS(add(), CORDON_E_CORRUPT,
          "the last sequence is damaged: there are proposals behind it");
    overwrite("n", 1, "12", 2);
    FAILS(add(), CORDON_E_CORRUPT, "it is no number");
    overwrite("n", 1, "\xff\xff\xff\xff\xff\xff\xff\xff", 8);
    FAILS(add(), CORDON_E_CORRUPT, "it is out of bounds");
    OK(list(&last));
    ck_assert_uint_eq(last, 60);
    overwrite("n", 1, "\0\0\0\0\0\0\0\74", 8);
    OK(add()); /* what was refused waited */
    OK(list(&last));
    ck_assert_uint_eq(last, 63);
}
END_TEST

START_TEST(note__that_cannot_be_read_is_named)
{
    static const char where[] =
        "the note of the batch that is being applied is damaged";
    struct cdn_proposals_batch noted;

    overwrite("b", 1, "\xc0", 1);
    FAILS(cdn_proposals_batch_noted(&noted, proposals, &err), CORDON_E_CORRUPT, where);
    FAILS(decide(1, true), CORDON_E_CORRUPT, where);
    FAILS(cdn_proposals_batch_end(proposals, true, "op", &err), CORDON_E_CORRUPT,
          where);
}
END_TEST

START_TEST(format__that_is_another_is_refused)
{
    cordon_proposals *other;

    overwrite("v", 1, "cordon proposals 3", 18);
    FAILS(cordon_proposals_open(&other, path, NULL, &err), CORDON_E_FORMAT,
          "is no log of proposals that this library can read");
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("proposals_damaged");
    TCase *c = tcase_create("damaged");

    tcase_add_checked_fixture(c, setup, teardown);
    tcase_add_loop_test(c, log__with_flipped_bits_is_an_error_or_works, 0, 4);
    tcase_add_test(c, log__cut_anywhere_is_refused);
    tcase_add_test(c, entry__that_cannot_be_read_is_named);
    tcase_add_test(c, sequence__that_is_wrong_costs_no_proposal);
    tcase_add_test(c, note__that_cannot_be_read_is_named);
    tcase_add_test(c, format__that_is_another_is_refused);
    suite_add_tcase(s, c);
    return s;
}

CDN_UNIT_MAIN(suite)
