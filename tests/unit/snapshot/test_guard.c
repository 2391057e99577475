/* Segments are checked when something of them is first read, and never given out if they do
 * not match. */
#include "support/unit.h"

#include <fcntl.h>
#include <pthread.h>

#include "base/alloc.h"
#include "snapshot/file.h"
#include "snapshot/format.h"
#include "snapshot/walk.h"
#include "support/fixture.h"

/* A bank on disk of which one byte of one segment may be altered. */
struct bank {
    char path[300];
    cordon_snapshot *snapshot;
    struct cdn_guard *guard;
};

static void bank_open(struct bank *bank, cordon_verify verify)
{
    cordon_snapshot_options options = CORDON_SNAPSHOT_OPTIONS_INIT;

    options.verify = verify;
    ck_assert_int_eq(cordon_snapshot_open(&bank->snapshot, bank->path, &options, NULL),
                     CORDON_OK);
    bank->guard = cdn_file_guard(bank->snapshot->file);
}

static void bank_init(struct bank *bank)
{
    cdn_fixture_bank(cdn_fixture_path(bank->path, sizeof(bank->path)));
    bank_open(bank, CORDON_VERIFY_ON_READ);
}

static void bank_deinit(struct bank *bank)
{
    cordon_snapshot_release(bank->snapshot);
    cdn_fixture_remove(bank->path);
}

/* Flip a bit in the file: segments are mapped, so it is seen at once. */
static void spoil(const struct bank *bank, size_t segment)
{
    size_t size = (size_t)bank->snapshot->file_bytes;
    int fd = open(bank->path, O_RDWR | O_CLOEXEC);
    unsigned char *bytes = malloc(size);
    struct cdn_walk walk;
    size_t at;

    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(pread(fd, bytes, size, 0), (ssize_t)size);
    ck_assert_int_eq(cdn_walk_file(&walk, bytes, size, NULL), CORDON_OK);
    at = (size_t)walk.values[segment + 2].offset; /* after metadata and directory */
    bytes[at] ^= 1;
    ck_assert_int_eq(pwrite(fd, bytes + at, 1, (off_t)at), 1);
    ck_assert_uint_eq(bank->guard->places[segment][0], bytes[at]);
    cdn_walk_deinit(&walk);
    free(bytes);
    close(fd);
}

static size_t slot_of(const struct bank *bank, const void *array)
{
    return (size_t)((const void *const *)array - bank->guard->slots);
}

static size_t filled(const struct bank *bank)
{
    size_t count = 0;

    for (size_t i = 0; i < bank->guard->count; i++)
        count += bank->guard->slots[i] != NULL;
    return count;
}

START_TEST(open__gives_out_nothing_unchecked)
{
    struct bank bank;
    struct cdn_list list;

    bank_init(&bank);
    ck_assert_uint_eq(filled(&bank), 0);
    ck_assert(cdn_adjacency_list(&bank.snapshot->relations[0].outgoing, 0, &list));
    ck_assert_uint_ge(filled(&bank), 2);
    ck_assert_uint_le(filled(&bank), 3);
    ck_assert_uint_lt(cdn_snapshot_find(bank.snapshot, 0, "100", 3),
                      bank.snapshot->node_count);
    ck_assert_uint_le(filled(&bank), 4);
    bank_deinit(&bank);
}
END_TEST

START_TEST(get__refuses_a_damaged_segment_and_no_other)
{
    struct bank bank;
    struct cdn_adjacency *outgoing;
    struct cdn_list list;
    char text[600];

    bank_init(&bank);
    outgoing = (struct cdn_adjacency *)(uintptr_t)&bank.snapshot->relations[0].outgoing;
    ck_assert(!cdn_snapshot_damage(bank.snapshot, text, sizeof(text)));
    spoil(&bank, slot_of(&bank, outgoing->peers));
    for (int i = 0; i < 3; i++)
        ck_assert(!cdn_adjacency_list(outgoing, 0, &list));
    ck_assert_ptr_null(cdn_adjacency_peers(outgoing, 0));
    ck_assert_ptr_null(outgoing->peers[0]);
    ck_assert_ptr_null(outgoing->offsets[0]);
    ck_assert(cdn_adjacency_list(&bank.snapshot->relations[0].incoming, 0, &list));
    ck_assert(cdn_snapshot_damage(bank.snapshot, text, sizeof(text)));
    ck_assert_ptr_nonnull(strstr(text, "outgoing, peers"));
    ck_assert_ptr_nonnull(strstr(text, bank.path));
    ck_assert_ptr_nonnull(strstr(text, "cordon snapshot verify"));
    bank_deinit(&bank);
}
END_TEST

START_TEST(find__tells_damaged_keys_from_absent_ones)
{
    struct bank bank;
    char room[24];
    size_t bytes;

    bank_init(&bank);
    spoil(&bank, slot_of(&bank, bank.snapshot->labels[0].integer_keys));
    ck_assert_uint_eq(cdn_snapshot_find(bank.snapshot, 0, "100", 3), CDN_DAMAGED_NODE);
    ck_assert_ptr_null(cdn_snapshot_key(bank.snapshot, 0, room, &bytes));
    spoil(&bank, slot_of(&bank, bank.snapshot->labels[3].text_keys.heap));
    ck_assert_uint_eq(cdn_snapshot_find(bank.snapshot, 3, "ann", 3), CDN_DAMAGED_NODE);
    bank_deinit(&bank);
}
END_TEST

/* Whatever is damaged, nothing is read from it and a full read finds it. */
START_TEST(every__segment_is_guarded)
{
    struct bank bank;

    bank_init(&bank);
    for (size_t i = 0; i < bank.guard->count; i++) {
        cordon_error err = {0};

        if (bank.guard->segments[i].bytes == 0)
            continue;
        spoil(&bank, i);
        (void)cdn_fixture_read_all(bank.snapshot);
        ck_assert_ptr_null(bank.guard->slots[i]);
        ck_assert_uint_eq(bank.guard->faults[i], 1);
        ck_assert_uint_eq(bank.guard->first_fault, i + 1);
        for (size_t k = bank.guard->count; k-- > 0;)
            ck_assert((cdn_guard_get(bank.guard, &bank.guard->slots[k]) == NULL) ==
                      (k == i));
        ck_assert_int_eq(cordon_snapshot_warm(bank.snapshot, &err), CORDON_E_CORRUPT);
        ck_assert_ptr_nonnull(strstr(err.message, "the snapshot is damaged"));
        cordon_snapshot_release(bank.snapshot);
        cdn_fixture_remove(bank.path);
        bank_init(&bank);
    }
    bank_deinit(&bank);
}
END_TEST

START_TEST(warm__checks_all_and_allocates_nothing)
{
    struct bank bank;
    cordon_error err;
    uint64_t allocated;

    bank_init(&bank);
    allocated = cdn_alloc_count();
    ck_assert_int_eq(cordon_snapshot_warm(bank.snapshot, &err), CORDON_OK);
    ck_assert_uint_eq(cdn_alloc_count(), allocated);
    ck_assert_uint_eq(filled(&bank), bank.guard->count);
    ck_assert_int_eq(cordon_snapshot_warm(NULL, &err), CORDON_E_INVALID);
    bank_deinit(&bank);
}
END_TEST

/* One file, two handles: what one leaves out is not left out for the other. */
START_TEST(structure__leaves_checksums_out_for_its_own_handle)
{
    struct bank bank;
    struct bank loose;
    struct cdn_list list;

    bank_init(&bank);
    spoil(&bank, slot_of(&bank, bank.snapshot->relations[0].outgoing.offsets));
    loose = bank;
    bank_open(&loose, CORDON_VERIFY_STRUCTURE);
    (void)cdn_adjacency_list(&loose.snapshot->relations[0].outgoing, 0, &list);
    ck_assert_ptr_nonnull(loose.snapshot->relations[0].outgoing.offsets[0]);
    ck_assert_ptr_nonnull(
        cdn_adjacency_peers(&loose.snapshot->relations[0].outgoing, 0));
    ck_assert(!cdn_adjacency_list(&bank.snapshot->relations[0].outgoing, 0, &list));
    cordon_snapshot_release(loose.snapshot);
    bank_deinit(&bank);
}
END_TEST

START_TEST(full__fills_every_slot_at_open)
{
    struct bank bank;

    bank_init(&bank);
    cordon_snapshot_release(bank.snapshot);
    bank_open(&bank, CORDON_VERIFY_FULL);
    ck_assert_uint_eq(filled(&bank), bank.guard->count);
    bank_deinit(&bank);
}
END_TEST

struct reader {
    pthread_barrier_t *start;
    const cordon_snapshot *snapshot;
    uint64_t digest;
};

static void *read_all(void *argument)
{
    struct reader *reader = argument;

    pthread_barrier_wait(reader->start);
    reader->digest = cdn_fixture_read_all(reader->snapshot);
    return NULL;
}

/* Sound (_i 0) or with one damaged segment: both threads see the same. */
START_TEST(threads__may_check_at_once)
{
    for (int round = 0; round < 50; round++) {
        pthread_barrier_t start;
        struct reader readers[2];
        pthread_t threads[2];
        struct bank bank;

        bank_init(&bank);
        if (_i)
            spoil(&bank, slot_of(&bank, bank.snapshot->relations[0].outgoing.peers));
        ck_assert_int_eq(pthread_barrier_init(&start, NULL, 2), 0);
        for (int i = 0; i < 2; i++) {
            readers[i] = (struct reader){.start = &start, .snapshot = bank.snapshot};
            ck_assert_int_eq(pthread_create(&threads[i], NULL, read_all, &readers[i]),
                             0);
        }
        for (int i = 0; i < 2; i++)
            ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
        ck_assert_uint_eq(readers[0].digest, readers[1].digest);
        ck_assert_uint_eq(readers[0].digest, cdn_fixture_read_all(bank.snapshot));
        pthread_barrier_destroy(&start);
        bank_deinit(&bank);
    }
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("guard");

    CDN_UNIT_CASE(s, open__gives_out_nothing_unchecked);
    CDN_UNIT_CASE(s, get__refuses_a_damaged_segment_and_no_other);
    CDN_UNIT_CASE(s, find__tells_damaged_keys_from_absent_ones);
    CDN_UNIT_CASE(s, every__segment_is_guarded);
    CDN_UNIT_CASE(s, warm__checks_all_and_allocates_nothing);
    CDN_UNIT_CASE(s, structure__leaves_checksums_out_for_its_own_handle);
    CDN_UNIT_CASE(s, full__fills_every_slot_at_open);
    CDN_UNIT_LOOP(s, threads__may_check_at_once, 0, 2);
    return s;
}

CDN_UNIT_MAIN(suite)
