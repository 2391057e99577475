/* Durable files of a kind of the test's own: records, kinds, sharing, growing to a limit.
 * What the two kinds there are make of it is in test_registry_store.c and test_proposals.c. */
#include "support/told.h"

#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "engine/durable.h"

#define MOST (UINT64_C(1) << 30)

static char folder[128];
static char path[160];
static struct cdn_durable *file;
static cordon_error err;

/* ---- kinds ---- */

static cordon_status begin(struct cdn_durable_txn *txn, void *ud, cordon_error *e)
{
    ck_assert_ptr_null(ud);
    return cdn_durable_put(txn, "A", 1, "of tests", 8, e);
}

static cordon_status check(struct cdn_durable_txn *txn, void *ud, cordon_error *e)
{
    struct cdn_span payload;

    ck_assert_ptr_null(ud);
    return cdn_durable_get(&payload, txn, "A", 1, e)
               ? cdn_error_set(e, CORDON_E_FORMAT, "%s is none", cdn_durable_path(txn))
               : CORDON_OK;
}

static cordon_status begin_none(struct cdn_durable_txn *txn, void *ud, cordon_error *e)
{
    (void)txn;
    (void)ud;
    return cdn_error_set(e, CORDON_E_BUSY, "not today");
}

static cordon_status check_none(struct cdn_durable_txn *txn, void *ud, cordon_error *e)
{
    (void)ud;
    return cdn_error_set(e, CORDON_E_FORMAT, "%s is of another kind",
                         cdn_durable_path(txn));
}

static void name_it(char *out, size_t size, const unsigned char *key, size_t bytes)
{
    snprintf(out, size, "number %zu, %c", bytes, key[0]);
}

static const struct cdn_durable_kind plain = {"a file of tests", begin, check, NULL};
static const struct cdn_durable_kind named = {"a file of tests", begin, check, name_it};
static const struct cdn_durable_kind other = {"another file", begin_none, check_none,
                                              NULL};

/* ---- the file ---- */

static void setup(void)
{
    cdn_unit_folder(folder, sizeof(folder));
    snprintf(path, sizeof(path), "%s/file.mdb", folder);
    OK(cdn_durable_open(&file, path, &plain, MOST, CDN_DURABLE_CREATE, &err));
}

static int sweep(void)
{
    DIR *dir = opendir(folder);
    struct dirent *entry;
    int count = 0;

    while (dir && (entry = readdir(dir)))
        if (entry->d_name[0] != '.') {
            count++;
            ck_assert_int_eq(unlinkat(dirfd(dir), entry->d_name, 0), 0);
        }
    if (dir)
        closedir(dir);
    return count;
}

static void teardown(void)
{
    cdn_durable_close(file);
    file = NULL;
    sweep();
    ck_assert_int_eq(rmdir(folder), 0);
}

/* ---- bodies ---- */

struct put {
    int first, count;
    size_t bytes;
    int runs;
};

static cordon_status put_some(struct cdn_durable_txn *txn, void *ud, cordon_error *e)
{
    static const unsigned char payload[60000] = {7};
    struct put *put = ud;
    cordon_status status = CORDON_OK;

    put->runs++;
    for (int i = 0; !status && i < put->count; i++) {
        char key[16];
        int length = snprintf(key, sizeof(key), "k%06d", put->first + i);

        status = cdn_durable_put(txn, key, (size_t)length, payload, put->bytes, e);
    }
    return status;
}

static cordon_status put_in(struct cdn_durable *into, int first, int count,
                            size_t bytes)
{
    struct put put = {first, count, bytes, 0};

    return cdn_durable_write(into, false, put_some, &put, &err);
}

static cordon_status remove_one(struct cdn_durable_txn *txn, void *ud, cordon_error *e)
{
    return cdn_durable_remove(txn, ud, 7, e);
}

struct walked {
    int count, most;
    char last[16];
};

static cordon_status on_record(bool *more, void *ud, const struct cdn_span *key,
                               const struct cdn_span *payload, cordon_error *e)
{
    struct walked *walked = ud;

    ck_assert_uint_eq(key->length, 7);
    memcpy(walked->last, key->bytes, 7);
    walked->count++;
    *more = walked->count != walked->most;
    return payload->length
               ? CORDON_OK
               : cdn_error_set(e, CORDON_E_DATA, "'%s' is empty", walked->last);
}

static cordon_status walk(struct cdn_durable_txn *txn, void *ud, cordon_error *e)
{
    return cdn_durable_walk(txn, "k000003", 7, on_record, ud, e);
}

static struct walked walked_from_3(int most)
{
    struct walked walked = {.most = most};

    OK(cdn_durable_read(file, walk, &walked, &err));
    return walked;
}

/* ---- records ---- */

START_TEST(walk__goes_by_key_and_ends_when_told)
{
    struct walked walked = {0};

    OK(put_in(file, 0, 9, 10));
    walked = walked_from_3(0);
    ck_assert_int_eq(walked.count, 6);
    ck_assert_str_eq(walked.last, "k000008");
    walked = walked_from_3(2);
    ck_assert_int_eq(walked.count, 2);
    ck_assert_str_eq(walked.last, "k000004");
    OK(put_in(file, 5, 1, 0));
    walked = (struct walked){0};
    FAILS(cdn_durable_read(file, walk, &walked, &err), CORDON_E_DATA,
          "'k000005' is empty");
    ck_assert_int_eq(walked.count, 3);
}
END_TEST

START_TEST(remove__takes_what_is_there)
{
    char key[] = "k000004";

    OK(put_in(file, 0, 9, 10));
    OK(cdn_durable_write(file, true, remove_one, key, &err));
    ck_assert_int_eq(walked_from_3(0).count, 6);
    OK(cdn_durable_write(file, false, remove_one, key, &err));
    ck_assert_int_eq(walked_from_3(0).count, 5);
    OK(cdn_durable_write(file, false, remove_one, key, &err));
}
END_TEST

static cordon_status seek(struct cdn_durable_txn *txn, void *ud, cordon_error *e)
{
    struct cdn_span key, payload;
    static const struct {
        const char *from;
        bool backward;
        const char *found; /* NULL: nothing */
    } rows[] = {{"k000003", false, "k000003"},
                {"k000003x", false, "k000004"},
                {"k000003", true, "k000002"},
                {"k000003x", true, "k000003"},
                {"z", false, NULL},
                {"z", true, "k000008"},
                {"A", true, NULL},
                {"B", false, "k000000"}};

    (void)ud;
    for (int i = 0; i < CDN_UNIT_COUNT(rows); i++) {
        cordon_status status =
            cdn_durable_seek(&key, &payload, txn, rows[i].from, strlen(rows[i].from),
                             rows[i].backward, e);

        ck_assert_int_eq(status, rows[i].found ? CORDON_OK : CORDON_E_NOTFOUND);
        if (rows[i].found) {
            ck_assert_uint_eq(key.length, strlen(rows[i].found));
            ck_assert_mem_eq(key.bytes, rows[i].found, key.length);
        }
    }
    return CORDON_OK;
}

START_TEST(seek__finds_the_next_or_the_one_before)
{
    OK(put_in(file, 0, 9, 10));
    OK(cdn_durable_read(file, seek, NULL, &err));
}
END_TEST

static cordon_status blame(struct cdn_durable_txn *txn, void *ud, cordon_error *e)
{
    (void)ud;
    return cdn_durable_damaged(txn, "k\n1", 3, "it is red", e);
}

START_TEST(damaged__names_the_file_and_the_record)
{
    struct cdn_durable *second;

    FAILS(cdn_durable_read(file, blame, NULL, &err), CORDON_E_CORRUPT,
          "/file.mdb: record 'k\\x0a1' is damaged: it is red");
    OK(cdn_durable_open(&second, path, &named, MOST, 0, &err));
    FAILS(cdn_durable_read(second, blame, NULL, &err), CORDON_E_CORRUPT,
          "/file.mdb: number 3, k is damaged: it is red");
    cdn_durable_close(second);
}
END_TEST

START_TEST(seal__sees_every_flipped_bit_of_key_and_payload)
{
    struct cdn_span payload;
    unsigned char value[64];
    uint64_t seal = cdn_durable_seal("velocity", 8, "payload", 7);

    for (int i = 0; i < CDN_SEAL_BYTES; i++)
        value[i] = (unsigned char)(seal >> (8 * i));
    memcpy(value + CDN_SEAL_BYTES, "payload", 7);
    ck_assert_ptr_null(cdn_durable_unseal(&payload, "velocity", 8, value, 15));
    ck_assert_uint_eq(payload.length, 7);
    ck_assert_mem_eq(payload.bytes, "payload", 7);
    for (int bit = 0; bit < 15 * 8; bit++) {
        value[bit / 8] ^= (unsigned char)(1 << bit % 8);
        ck_assert_ptr_nonnull(cdn_durable_unseal(&payload, "velocity", 8, value, 15));
        value[bit / 8] ^= (unsigned char)(1 << bit % 8);
    }
    for (size_t cut = 0; cut < 15; cut++)
        ck_assert_ptr_nonnull(cdn_durable_unseal(&payload, "velocity", 8, value, cut));
    ck_assert_ptr_nonnull(cdn_durable_unseal(&payload, "velocitz", 8, value, 15));
}
END_TEST

/* ---- opening ---- */

/* A hole in it, which LMDB fills through a map, would kill the process on a full disk. */
START_TEST(open__has_the_room_that_its_lock_file_needs)
{
    char lock[200];
    struct stat about;

    snprintf(lock, sizeof(lock), "%s-lock", path);
    ck_assert_int_eq(stat(lock, &about), 0);
    ck_assert_int_eq(about.st_size, 8192);
    ck_assert_int_ge((int64_t)about.st_blocks * 512, about.st_size);
}
END_TEST

START_TEST(open__asks_for_the_kind_each_time)
{
    struct cdn_durable *second;

    FAILS(cdn_durable_open(&second, path, &other, MOST, 0, &err), CORDON_E_FORMAT,
          "/file.mdb is of another kind");
    ck_assert_ptr_null(second);
    cdn_durable_close(file); /* so that it is not the shared one */
    FAILS(cdn_durable_open(&file, path, &other, MOST, 0, &err), CORDON_E_FORMAT,
          "/file.mdb is of another kind");
    OK(cdn_durable_open(&file, path, &plain, MOST, 0, &err));
}
END_TEST

START_TEST(open__leaves_nothing_where_a_file_does_not_begin)
{
    cdn_durable_close(file);
    sweep();
    FAILS(cdn_durable_open(&file, path, &other, MOST, CDN_DURABLE_CREATE, &err),
          CORDON_E_BUSY, "not today");
    ck_assert_ptr_null(file);
    ck_assert_int_eq(sweep(), 0);
}
END_TEST

START_TEST(open__gives_nothing_to_a_child_that_executes_another)
{
    DIR *dir = opendir("/proc/self/fd");
    struct dirent *entry;
    int found = 0;

    while (dir && (entry = readdir(dir))) {
        char target[200];
        ssize_t length =
            readlinkat(dirfd(dir), entry->d_name, target, sizeof(target) - 1);

        target[length > 0 ? length : 0] = '\0';
        if (strncmp(target, path, strlen(path)) != 0)
            continue;
        found++;
        ck_assert_msg(fcntl((int)strtol(entry->d_name, NULL, 10), F_GETFD) & FD_CLOEXEC,
                      "%s stays open", target);
    }
    if (dir)
        closedir(dir);
    ck_assert_int_ge(found, 3); /* ours, LMDB's, and its lock */
}
END_TEST

START_TEST(handle__is_of_no_use_in_a_child)
{
    pid_t child = fork();
    int status;

    if (child == 0)
        _exit(put_in(file, 0, 1, 1) == CORDON_E_INVALID &&
                      strstr(err.message, "forked") != NULL
                  ? 0
                  : 1);
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_int_eq(status, 0);
}
END_TEST

START_TEST(handles__each_have_their_rights)
{
    struct cdn_durable *second;

    OK(cdn_durable_open(&second, path, &plain, MOST, CDN_DURABLE_READ_ONLY, &err));
    OK(put_in(file, 0, 5, 10));
    FAILS(put_in(second, 5, 1, 10), CORDON_E_DENIED, "for reading only");
    cdn_durable_close(file);
    file = second;
    ck_assert_int_eq(walked_from_3(0).count, 2);
}
END_TEST

/* ---- growing ---- */

START_TEST(file__grows_to_its_limit_and_no_further)
{
    struct cdn_durable *wider;
    int written = 0;
    cordon_status status;

    cdn_durable_close(file);
    OK(cdn_durable_open(&file, path, &plain, UINT64_C(3) << 20, 0, &err));
    while (!(status = put_in(file, written, 1, 60000)))
        written++;
    ck_assert_int_eq(status, CORDON_E_IO);
    ck_assert_msg(
        strstr(err.message, "/file.mdb is full: it may grow to 3145728 bytes") != NULL,
        "%s", err.message);
    ck_assert_int_gt(written, 30);
    ck_assert_int_lt(written, 3 << 20);
    ck_assert_int_eq(walked_from_3(0).count, written - 3); /* of the last one nothing */
    OK(cdn_durable_open(&wider, path, &plain, MOST, 0, &err));
    OK(put_in(wider, written, 50, 60000));
    ck_assert_int_eq(walked_from_3(0).count, written + 47);
    cdn_durable_close(wider);
    cdn_durable_close(file); /* a file beyond the limit is read, and not made larger */
    OK(cdn_durable_open(&file, path, &plain, UINT64_C(1) << 20, 0, &err));
    ck_assert_int_eq(walked_from_3(0).count, written + 47);
    FAILS(put_in(file, written + 50, 50, 60000), CORDON_E_IO, "is full");
}
END_TEST

START_TEST(change__that_finds_the_map_too_small_runs_again)
{
    struct put put = {0, 120, 60000, 0};

    OK(cdn_durable_write(file, false, put_some, &put, &err));
    ck_assert_int_gt(put.runs, 2);
    ck_assert_int_eq(walked_from_3(0).count, 117);
}
END_TEST

struct worker {
    pthread_t thread;
    int first;
};

static void *work(void *argument)
{
    const struct worker *worker = argument;

    for (int i = 0; i < 25; i++) {
        struct put put = {worker->first + i, 1, 20000, 0};
        struct walked walked = {0};

        if (cdn_durable_write(file, false, put_some, &put, NULL) ||
            cdn_durable_read(file, walk, &walked, NULL))
            return argument;
    }
    return NULL;
}

START_TEST(file__is_shared_by_threads_while_it_grows)
{
    struct worker workers[4];
    void *failed;

    for (int i = 0; i < 4; i++) {
        workers[i].first = 3 + i * 25;
        ck_assert_int_eq(pthread_create(&workers[i].thread, NULL, work, &workers[i]),
                         0);
    }
    for (int i = 0; i < 4; i++) {
        ck_assert_int_eq(pthread_join(workers[i].thread, &failed), 0);
        ck_assert_ptr_null(failed);
    }
    ck_assert_int_eq(walked_from_3(0).count, 100);
}
END_TEST

/* ---- memory ---- */

#ifdef CORDON_FAILALLOC
START_TEST(file__survives_every_allocation_failure)
{
    cdn_durable_close(file);
    CDN_UNIT_FAILALLOC(nth)
    {
        struct put put = {0, 9, 100, 0};
        struct walked walked = {0};
        cordon_status status;

        unlink(path);
        status = cdn_durable_open(&file, path, &plain, MOST, CDN_DURABLE_CREATE, &err);
        if (!status)
            status = cdn_durable_write(file, false, put_some, &put, &err);
        if (!status)
            status = cdn_durable_read(file, walk, &walked, &err);
        ck_assert_int_eq(status, cdn_failalloc_fired() ? CORDON_E_NOMEM : CORDON_OK);
        cdn_durable_close(file);
        file = NULL;
    }
}
END_TEST
#endif

static Suite *suite(void)
{
    Suite *s = suite_create("durable");

    CDN_UNIT_CASE_IN(s, walk__goes_by_key_and_ends_when_told, setup, teardown);
    CDN_UNIT_CASE_IN(s, remove__takes_what_is_there, setup, teardown);
    CDN_UNIT_CASE_IN(s, seek__finds_the_next_or_the_one_before, setup, teardown);
    CDN_UNIT_CASE_IN(s, damaged__names_the_file_and_the_record, setup, teardown);
    CDN_UNIT_CASE_IN(s, seal__sees_every_flipped_bit_of_key_and_payload, setup,
                     teardown);
    CDN_UNIT_CASE_IN(s, open__has_the_room_that_its_lock_file_needs, setup, teardown);
    CDN_UNIT_CASE_IN(s, open__asks_for_the_kind_each_time, setup, teardown);
    CDN_UNIT_CASE_IN(s, open__leaves_nothing_where_a_file_does_not_begin, setup,
                     teardown);
    CDN_UNIT_CASE_IN(s, open__gives_nothing_to_a_child_that_executes_another, setup,
                     teardown);
    CDN_UNIT_CASE_IN(s, handle__is_of_no_use_in_a_child, setup, teardown);
    CDN_UNIT_CASE_IN(s, handles__each_have_their_rights, setup, teardown);
    CDN_UNIT_CASE_IN(s, file__grows_to_its_limit_and_no_further, setup, teardown);
    CDN_UNIT_CASE_IN(s, change__that_finds_the_map_too_small_runs_again, setup,
                     teardown);
    CDN_UNIT_CASE_IN(s, file__is_shared_by_threads_while_it_grows, setup, teardown);
#ifdef CORDON_FAILALLOC
    CDN_UNIT_CASE_IN(s, file__survives_every_allocation_failure, setup, teardown);
#endif
    return s;
}

CDN_UNIT_MAIN(suite)
