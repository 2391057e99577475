/* An import that is killed leaves a store as it was, whenever that happens.
 *
 * A child imports and is killed: at each report of its progress in turn (so at every
 * border between two stages, and between those), and then at moments nobody chose.  After
 * each death the store is absent or names a generation that opens and verifies, every file
 * under a final name is whole, and the next import succeeds and removes what was left. */
#include "support/unit.h"

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <sys/wait.h>
#include <time.h>

#include "base/error.h"
#include "import/import.h"
#include "snapshot/snapshot.h"
#include "snapshot/store.h"

#define ACCOUNTS    2000
#define TRANSFERS   20000
#define TIMED_KILLS 40

static char folder[128];
static char store[160];
static char schema[160];

static void write_data(void)
{
    char path[160];
    uint64_t state = 20240611;
    FILE *file;

    snprintf(schema, sizeof(schema), "%s/schema.lua", folder);
    file = fopen(schema, "w");
    ck_assert_ptr_nonnull(file);
    fputs("return { labels = { Account = { file = 'accounts.csv',\n"
          "  key = { column = 'id', type = 'int64' }, properties = { name = 'text' } } "
          "},\n"
          "edges = { { type = 'transfer', from = 'Account', to = 'Account',\n"
          "  file = 'transfers.csv', source = 'from', target = 'to',\n"
          "  time = { column = 'at', format = 'ms' }, properties = { amount = 'int64' "
          "} } "
          "} }\n",
          file);
    ck_assert_int_eq(fclose(file), 0);

    snprintf(path, sizeof(path), "%s/accounts.csv", folder);
    file = fopen(path, "w");
    ck_assert_ptr_nonnull(file);
    fputs("id,name\n", file);
    for (int i = 0; i < ACCOUNTS; i++)
        fprintf(file, "%d,account number %d\n", i, i);
    ck_assert_int_eq(fclose(file), 0);

    snprintf(path, sizeof(path), "%s/transfers.csv", folder);
    file = fopen(path, "w");
    ck_assert_ptr_nonnull(file);
    fputs("from,to,at,amount\n", file);
    for (int i = 0; i < TRANSFERS; i++) {
        state = state * 6364136223846793005U + 1442695040888963407U;
        fprintf(file, "%u,%u,%u,%d\n", (unsigned)(state >> 33) % ACCOUNTS,
                (unsigned)(state >> 45) % ACCOUNTS, (unsigned)(state >> 40), i);
    }
    ck_assert_int_eq(fclose(file), 0);
}

/* ---- the child ---- */

struct fate {
    long kill_at; /* the report to die at; -1: none */
    long reports;
};

static void on_progress(void *ud, enum cdn_import_stage stage, double done,
                        uint64_t rows)
{
    struct fate *fate = ud;

    (void)stage;
    (void)done;
    (void)rows;
    if (fate->reports++ == fate->kill_at)
        kill(getpid(), SIGKILL);
}

static cordon_status import(struct fate *fate)
{
    const char *data = folder;
    struct cdn_import_options options = {.schema = schema,
                                         .data = &data,
                                         .data_count = 1,
                                         .store = store,
                                         .memory_bytes =
                                             600 << 10, /* so that rows go to disk */
                                         .block_shift = 8,
                                         .progress = on_progress,
                                         .ud = fate};
    struct cdn_import_result result;
    cordon_status status = cdn_import_run(&result, &options, NULL);

    cdn_import_result_deinit(&result);
    return status;
}

static pid_t start(long kill_at)
{
    pid_t child = fork();

    ck_assert_int_ge(child, 0);
    if (child == 0) {
        struct fate fate = {.kill_at = kill_at};

        _exit((int)import(&fate));
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

/* ---- the store ---- */

static uint64_t current(void)
{
    char path[512];
    uint64_t generation = 0;
    cordon_error err;
    cordon_status status =
        cdn_store_resolve(path, sizeof(path), &generation, store, &err);

    ck_assert_msg(status == CORDON_OK || status == CORDON_E_NOTFOUND, "%s",
                  err.message);
    return status ? 0 : generation;
}

static void check_snapshot(const char *path)
{
    cordon_snapshot *snapshot;
    uint64_t findings = 1;
    cordon_error err;

    ck_assert_msg(cordon_snapshot_open(&snapshot, path, NULL, &err) == CORDON_OK,
                  "%s: %s", path, err.message);
    ck_assert_int_eq(cdn_snapshot_verify(snapshot, NULL, NULL, &findings, &err),
                     CORDON_OK);
    ck_assert_uint_eq(findings, 0);
    ck_assert_uint_eq(snapshot->node_count, ACCOUNTS);
    ck_assert_uint_eq(snapshot->edge_count, TRANSFERS);
    cordon_snapshot_release(snapshot);
}

static bool ends_in(const char *name, const char *ending)
{
    size_t bytes = strlen(name);

    return bytes >= strlen(ending) && !strcmp(name + bytes - strlen(ending), ending);
}

/* Every file with a final name is whole; with `tidy` there are no others. */
static void check_store(bool tidy)
{
    DIR *dir = opendir(store);
    struct dirent *entry;

    if (!dir) {
        ck_assert_int_eq(errno, ENOENT);
        return;
    }
    while ((entry = readdir(dir))) {
        char path[512];

        snprintf(path, sizeof(path), "%s/%s", store, entry->d_name);
        if (ends_in(entry->d_name, ".cdn"))
            check_snapshot(path);
        else if (tidy)
            ck_assert_msg(entry->d_name[0] == '.' || !strcmp(entry->d_name, "CURRENT"),
                          "a leftover: %s", entry->d_name);
    }
    closedir(dir);
    if (current())
        check_snapshot(store);
}

static void remove_store(void)
{
    DIR *dir = opendir(store);
    struct dirent *entry;

    while (dir && (entry = readdir(dir)))
        if (strcmp(entry->d_name, ".") && strcmp(entry->d_name, ".."))
            unlinkat(dirfd(dir), entry->d_name, 0);
    if (dir)
        closedir(dir);
    rmdir(store);
}

static void import_again(void)
{
    uint64_t before = current();

    ck_assert(!wait_for(start(-1)));
    ck_assert_uint_gt(current(), before);
    check_store(true);
}

/* ---- tests ---- */

static void kill_at_every_report(bool existing)
{
    long kills = 0;

    for (bool killed = true; killed; kills += killed) {
        uint64_t before;

        remove_store();
        if (existing)
            import_again();
        before = current();
        killed = wait_for(start(kills));
        ck_assert_uint_ge(current(), before);
        check_store(false);
        if (killed)
            import_again();
    }
    /* the stages alone are seven reports */
    ck_assert_int_ge(kills, 7);
}

START_TEST(import__killed_at_every_report_of_the_first_leaves_none)
{
    kill_at_every_report(false);
}
END_TEST

START_TEST(import__killed_at_every_report_of_the_second_leaves_the_first)
{
    kill_at_every_report(true);
}
END_TEST

static uint64_t now_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000U + (uint64_t)now.tv_nsec;
}

START_TEST(import__killed_at_any_moment_leaves_the_store_as_it_was)
{
    uint64_t state = 88172645463325252U;
    uint64_t took = now_ns();
    int killed = 0;

    import_again();
    took = now_ns() - took;
    for (int i = 0; i < TIMED_KILLS; i++) {
        uint64_t before = current();
        uint64_t wait_ns;
        struct timespec wait = {0};
        pid_t child;

        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        wait_ns = state % (took + 1);
        wait.tv_sec = (time_t)(wait_ns / 1000000000U);
        wait.tv_nsec = (long)(wait_ns % 1000000000U);
        child = start(-1);
        nanosleep(&wait, NULL);
        kill(child, SIGKILL);
        killed += wait_for(child);
        ck_assert_uint_ge(current(), before);
        check_store(false);
        if (i % 4 == 3) {
            import_again();
            remove_store();
        }
    }
    import_again();
    ck_assert_int_gt(killed, 0);
}
END_TEST

static void setup(void)
{
    cdn_unit_folder(folder, sizeof(folder));
    snprintf(store, sizeof(store), "%s/store", folder);
    write_data();
}

static void teardown(void)
{
    char path[160];

    remove_store();
    unlink(schema);
    snprintf(path, sizeof(path), "%s/accounts.csv", folder);
    unlink(path);
    snprintf(path, sizeof(path), "%s/transfers.csv", folder);
    unlink(path);
    rmdir(folder);
}

static Suite *suite(void)
{
    Suite *s = suite_create("killed");
    TCase *c = tcase_create("killed");

    tcase_add_checked_fixture(c, setup, teardown);
    tcase_add_test(c, import__killed_at_every_report_of_the_first_leaves_none);
    tcase_add_test(c, import__killed_at_every_report_of_the_second_leaves_the_first);
    tcase_add_test(c, import__killed_at_any_moment_leaves_the_store_as_it_was);
    suite_add_tcase(s, c);
    return s;
}

CDN_UNIT_MAIN(suite)
