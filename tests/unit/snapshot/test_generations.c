/* Generations: what stays, what goes, and who says so. */
#include "support/unit.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/wait.h>

#include "base/alloc.h"
#include "snapshot/generations.h"
#include "snapshot/store.h"
#include "support/fixture.h"

static char store[300];

static void add(void)
{
    struct cdn_store_writer *writer;
    uint64_t generation;
    char path[400];

    ck_assert_int_eq(
        cdn_store_begin(&writer, store, &generation, path, sizeof(path), NULL),
        CORDON_OK);
    cdn_fixture_bank(path);
    ck_assert_int_eq(cdn_store_commit(writer, NULL), CORDON_OK);
    cdn_store_end(writer);
}

static bool has(const char *name)
{
    char path[400];

    (void)snprintf(path, sizeof(path), "%s/%s", store, name);
    return access(path, F_OK) == 0;
}

static void put(const char *name, const char *text)
{
    char path[400];
    FILE *file;

    (void)snprintf(path, sizeof(path), "%s/%s", store, name);
    file = fopen(path, "w");
    ck_assert_ptr_nonnull(file);
    (void)fputs(text, file);
    (void)fclose(file);
}

/* What became of each, one letter a generation: s, p, o, r. */
static const char *collect(uint64_t keep, bool dry_run)
{
    static const char letters[] = "spor";
    static char fates[16];
    struct cdn_generations found;
    cordon_error err;

    ck_assert_msg(!cdn_generations_collect(&found, store, keep, dry_run, &err), "%s",
                  err.message);
    for (size_t i = 0; i < found.count; i++)
        fates[i] = letters[found.items[i].fate];
    fates[found.count] = '\0';
    cdn_generations_deinit(&found);
    return fates;
}

static void setup(void)
{
    cdn_unit_folder(store, 280);
    (void)snprintf(store + strlen(store), 20, "/store");
}

static void teardown(void)
{
    cdn_fixture_remove(store);
}

START_TEST(list__says_what_each_is)
{
    struct cdn_generations found;
    cordon_snapshot *snapshot;
    cordon_snapshot_options first = CORDON_SNAPSHOT_OPTIONS_INIT;

    first.generation = 1;
    for (int i = 0; i < 3; i++)
        add();
    ck_assert_int_eq(cordon_snapshot_open(&snapshot, store, &first, NULL), CORDON_OK);
    ck_assert_int_eq(cdn_generation_pin(store, 2, "for the audit", NULL), CORDON_OK);
    ck_assert_int_eq(cdn_generations_list(&found, store, NULL), CORDON_OK);
    ck_assert_uint_eq(found.count, 3);
    for (size_t i = 0; i < 3; i++) {
        ck_assert_uint_eq(found.items[i].number, i + 1);
        ck_assert_uint_gt(found.items[i].bytes, 4096);
        ck_assert_int_eq(found.items[i].open, i == 0);
        ck_assert_int_eq(found.items[i].pinned, i == 1);
        ck_assert_int_eq(found.items[i].current, i == 2);
    }
    ck_assert_str_eq(found.items[1].reason, "for the audit");
    ck_assert_int_gt(found.items[1].pinned_ms, INT64_C(1500000000000));
    cdn_generations_deinit(&found);
    cordon_snapshot_release(snapshot);
}
END_TEST

START_TEST(list__refuses_what_is_no_store)
{
    struct cdn_generations found;

    ck_assert_int_eq(cdn_generations_list(&found, store, NULL), CORDON_E_NOTFOUND);
    ck_assert_int_eq(cdn_generations_collect(&found, store, 1, false, NULL),
                     CORDON_E_NOTFOUND);
    ck_assert_int_eq(cdn_generation_pin(store, 1, "", NULL), CORDON_E_NOTFOUND);
    add();
    put("CURRENT", "rubbish\n");
    ck_assert_int_eq(cdn_generations_collect(&found, store, 1, false, NULL),
                     CORDON_E_CORRUPT);
    ck_assert(has("generation-000001.cdn"));
}
END_TEST

START_TEST(collect__keeps_current_newest_pinned_and_open)
{
    cordon_snapshot *snapshot;
    cordon_snapshot_options second = CORDON_SNAPSHOT_OPTIONS_INIT;

    second.generation = 2;
    for (int i = 0; i < 6; i++)
        add();
    ck_assert_int_eq(cordon_snapshot_open(&snapshot, store, &second, NULL), CORDON_OK);
    ck_assert_int_eq(cdn_generation_pin(store, 3, "", NULL), CORDON_OK);
    ck_assert_str_eq(collect(2, true), "roprss");
    ck_assert(has("generation-000001.cdn"));
    ck_assert_str_eq(collect(2, false), "roprss");
    ck_assert(!has("generation-000001.cdn"));
    ck_assert(has("generation-000002.cdn"));
    ck_assert(has("generation-000003.cdn"));
    ck_assert(!has("generation-000004.cdn"));
    ck_assert_uint_eq(cdn_fixture_read_all(snapshot), cdn_fixture_read_all(snapshot));
    cordon_snapshot_release(snapshot);
    ck_assert_int_eq(cdn_generation_unpin(store, 3, NULL), CORDON_OK);
    ck_assert_int_eq(cdn_generation_unpin(store, 3, NULL), CORDON_E_NOTFOUND);
    ck_assert_str_eq(collect(1, false), "rrrs");
    ck_assert_str_eq(collect(1, false), "s");
    add();
    ck_assert(has("generation-000007.cdn"));
}
END_TEST

START_TEST(collect__removes_what_an_import_left_above_the_current)
{
    struct cdn_store_writer *writer;
    uint64_t generation;
    char path[400];

    add();
    ck_assert_int_eq(
        cdn_store_begin(&writer, store, &generation, path, sizeof(path), NULL),
        CORDON_OK);
    cdn_fixture_bank(path);
    cdn_store_end(writer); /* it died here */
    ck_assert_str_eq(collect(5, false), "sr");
    ck_assert(!has("generation-000002.cdn"));
}
END_TEST

START_TEST(collect__waits_for_no_writer)
{
    struct cdn_generations found;
    struct cdn_store_writer *writer;
    uint64_t generation;
    char path[400];

    add();
    add();
    ck_assert_int_eq(
        cdn_store_begin(&writer, store, &generation, path, sizeof(path), NULL),
        CORDON_OK);
    ck_assert_int_eq(cdn_generations_collect(&found, store, 1, false, NULL),
                     CORDON_E_BUSY);
    cdn_generations_deinit(&found);
    ck_assert(has("generation-000001.cdn"));
    /* but pinning goes on */
    ck_assert_int_eq(cdn_generation_pin(store, 1, "", NULL), CORDON_OK);
    cdn_store_end(writer);
    ck_assert_str_eq(collect(1, false), "ps");
}
END_TEST

/* A child that has the first generation open until it is killed. */
static pid_t reader(void)
{
    int ready[2];
    char byte = 0;
    pid_t child;

    ck_assert_int_eq(pipe(ready), 0);
    child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0) {
        cordon_snapshot_options first = CORDON_SNAPSHOT_OPTIONS_INIT;
        cordon_snapshot *snapshot;

        first.generation = 1;
        if (cordon_snapshot_open(&snapshot, store, &first, NULL))
            _exit(1);
        if (write(ready[1], &byte, 1) != 1)
            _exit(1);
        for (;;)
            pause();
    }
    close(ready[1]);
    ck_assert_int_eq(read(ready[0], &byte, 1), 1);
    close(ready[0]);
    return child;
}

START_TEST(collect__sees_readers_of_other_processes_until_they_die)
{
    pid_t child;
    int status;

    add();
    add();
    child = reader();
    ck_assert_str_eq(collect(1, false), "os");
    kill(child, SIGKILL);
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_str_eq(collect(1, false), "rs");
}
END_TEST

START_TEST(collect__takes_any_pin_file_for_a_pin)
{
    struct cdn_generations found;
    char long_line[5000];

    memset(long_line, 'x', sizeof(long_line) - 1);
    long_line[sizeof(long_line) - 1] = '\0';
    for (int i = 0; i < 4; i++)
        add();
    put("generation-000001.pin", "");
    put("generation-000002.pin", "99999999999999999999999 \x1b\n");
    put("generation-000003.pin", long_line);
    ck_assert_int_eq(cdn_generations_list(&found, store, NULL), CORDON_OK);
    for (size_t i = 0; i < 3; i++) {
        ck_assert(found.items[i].pinned);
        ck_assert_str_eq(found.items[i].reason, "");
    }
    cdn_generations_deinit(&found);
    ck_assert_str_eq(collect(1, false), "ppps");
}
END_TEST

START_TEST(pin__refuses_a_reason_that_is_no_line)
{
    char reason[CDN_PIN_REASON_BYTES + 2];
    struct cdn_generations found;

    add();
    memset(reason, 'r', sizeof(reason) - 1);
    reason[sizeof(reason) - 1] = '\0';
    ck_assert_int_eq(cdn_generation_pin(store, 1, reason, NULL), CORDON_E_INVALID);
    ck_assert_int_eq(cdn_generation_pin(store, 1, "a\nb", NULL), CORDON_E_INVALID);
    ck_assert_int_eq(cdn_generation_pin(store, 1, "\xff", NULL), CORDON_E_INVALID);
    ck_assert(!has("generation-000001.pin"));
    reason[CDN_PIN_REASON_BYTES] = '\0';
    ck_assert_int_eq(cdn_generation_pin(store, 1, reason, NULL), CORDON_OK);
    ck_assert_int_eq(cdn_generations_list(&found, store, NULL), CORDON_OK);
    ck_assert_str_eq(found.items[0].reason, reason);
    cdn_generations_deinit(&found);
    ck_assert_int_eq(cdn_generation_pin(store, 2, "", NULL), CORDON_E_NOTFOUND);
}
END_TEST

START_TEST(open__refuses_a_file_that_stays_locked)
{
    cordon_snapshot *snapshot;
    char path[400];
    int fd;

    add();
    (void)snprintf(path, sizeof(path), "%s/generation-000001.cdn", store);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    ck_assert_int_eq(flock(fd, LOCK_EX), 0);
    ck_assert_int_eq(cordon_snapshot_open(&snapshot, store, NULL, NULL), CORDON_E_BUSY);
    close(fd);
    ck_assert_int_eq(cordon_snapshot_open(&snapshot, store, NULL, NULL), CORDON_OK);
    cordon_snapshot_release(snapshot);
}
END_TEST

/* Pins, unpins and collections killed at moments nobody chose: what is pinned by one that
 * was told so is there, and the current generation always is. */
START_TEST(collect__killed_at_any_moment_loses_nothing_that_stays)
{
    uint64_t state = 88172645463325252U;

    for (int round = 0; round < 60; round++) {
        pid_t child;
        int status;

        while (!has("CURRENT") || strlen(collect(9, true)) < 4)
            add();
        ck_assert_int_eq(cdn_generation_pin(store, 1, "kept", NULL), CORDON_OK);
        child = fork();
        ck_assert_int_ge(child, 0);
        if (child == 0) {
            struct cdn_generations found;

            for (;;) {
                (void)cdn_generation_pin(store, 2, "again", NULL);
                (void)cdn_generations_collect(&found, store, 1, false, NULL);
                cdn_generations_deinit(&found);
                (void)cdn_generation_unpin(store, 2, NULL);
            }
        }
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usleep((useconds_t)(state % 3000));
        kill(child, SIGKILL);
        ck_assert_int_eq(waitpid(child, &status, 0), child);
        ck_assert(has("generation-000001.cdn") && has("generation-000001.pin"));
        cordon_snapshot_release(cdn_fixture_open(store));
    }
    (void)collect(1, false);
    ck_assert(has("generation-000001.cdn"));
}
END_TEST

#ifdef CORDON_FAILALLOC
START_TEST(collect__survives_every_allocation_failure)
{
    add();
    add();
    CDN_UNIT_FAILALLOC(nth)
    {
        struct cdn_generations found;
        cordon_status status = cdn_generations_collect(&found, store, 1, true, NULL);

        ck_assert_int_eq(status, cdn_failalloc_fired() ? CORDON_E_NOMEM : CORDON_OK);
        cdn_generations_deinit(&found);
    }
    CDN_UNIT_FAILALLOC(nth)
    {
        cordon_status status = cdn_generation_pin(store, 1, "x", NULL);

        ck_assert_int_eq(status, cdn_failalloc_fired() ? CORDON_E_NOMEM : CORDON_OK);
    }
}
END_TEST
#endif

static Suite *suite(void)
{
    Suite *s = suite_create("generations");
    TCase *c = tcase_create("generations");

    tcase_add_checked_fixture(c, setup, teardown);
    tcase_add_test(c, list__says_what_each_is);
    tcase_add_test(c, list__refuses_what_is_no_store);
    tcase_add_test(c, collect__keeps_current_newest_pinned_and_open);
    tcase_add_test(c, collect__removes_what_an_import_left_above_the_current);
    tcase_add_test(c, collect__waits_for_no_writer);
    tcase_add_test(c, collect__sees_readers_of_other_processes_until_they_die);
    tcase_add_test(c, collect__takes_any_pin_file_for_a_pin);
    tcase_add_test(c, pin__refuses_a_reason_that_is_no_line);
    tcase_add_test(c, open__refuses_a_file_that_stays_locked);
    tcase_add_test(c, collect__killed_at_any_moment_loses_nothing_that_stays);
#ifdef CORDON_FAILALLOC
    tcase_add_test(c, collect__survives_every_allocation_failure);
#endif
    suite_add_tcase(s, c);
    return s;
}

CDN_UNIT_MAIN(suite)
