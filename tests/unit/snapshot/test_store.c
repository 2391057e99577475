/* Stores: generations, CURRENT, locks, leftovers. */
#include "support/unit.h"

#include <sys/stat.h>
#include <sys/wait.h>

#include "base/alloc.h"
#include "snapshot/store.h"
#include "support/fixture.h"

/* A folder, and "store" inside it, not made yet. */
static void make_folder(char store[300])
{
    cdn_unit_folder(store, 280);
    (void)snprintf(store + strlen(store), 20, "/store");
}

static void write_file(const char *store, const char *name, const char *text)
{
    char path[400];
    FILE *file;

    (void)snprintf(path, sizeof(path), "%s/%s", store, name);
    file = fopen(path, "w");
    ck_assert_ptr_nonnull(file);
    (void)fputs(text, file);
    (void)fclose(file);
}

static bool exists(const char *store, const char *name)
{
    char path[400];

    (void)snprintf(path, sizeof(path), "%s/%s", store, name);
    return access(path, F_OK) == 0;
}

static uint64_t add_generation(const char *store)
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
    return generation;
}

START_TEST(commit__makes_generations_from_one)
{
    char store[300];
    char path[400];
    cordon_snapshot_options options = CORDON_SNAPSHOT_OPTIONS_INIT;
    cordon_snapshot *first;
    cordon_snapshot *second;
    uint64_t generation = 0;

    make_folder(store);
    ck_assert_uint_eq(add_generation(store), 1);
    ck_assert_int_eq(cordon_snapshot_open(&first, store, NULL, NULL), CORDON_OK);
    ck_assert_uint_eq(cordon_snapshot_generation(first), 1);
    ck_assert_uint_eq(add_generation(store), 2);
    ck_assert_int_eq(cordon_snapshot_open(&second, store, NULL, NULL), CORDON_OK);
    ck_assert_uint_eq(cordon_snapshot_generation(second), 2);
    ck_assert_uint_eq(cordon_snapshot_identity(first),
                      cordon_snapshot_identity(second));
    cordon_snapshot_release(second);
    options.generation = 1;
    ck_assert_int_eq(cordon_snapshot_open(&second, store, &options, NULL), CORDON_OK);
    ck_assert_ptr_eq(first->file, second->file);
    ck_assert_uint_eq(cordon_snapshot_generation(second), 1);
    cordon_snapshot_release(first);
    cordon_snapshot_release(second);
    ck_assert_int_eq(cdn_store_resolve(path, sizeof(path), &generation, store, NULL),
                     CORDON_OK);
    ck_assert_uint_eq(generation, 2);
    ck_assert_ptr_nonnull(strstr(path, "/generation-000002.cdn"));
    cdn_fixture_remove(store);
}
END_TEST

START_TEST(end__without_commit_changes_nothing)
{
    char store[300];
    char path[400];
    struct cdn_store_writer *writer;
    uint64_t generation = 0;

    make_folder(store);
    ck_assert_int_eq(
        cdn_store_begin(&writer, store, &generation, path, sizeof(path), NULL),
        CORDON_OK);
    ck_assert_uint_eq(generation, 1);
    cdn_store_end(writer);
    generation = 0;
    ck_assert_int_eq(cdn_store_resolve(path, sizeof(path), &generation, store, NULL),
                     CORDON_E_NOTFOUND);
    cdn_fixture_remove(store);
}
END_TEST

START_TEST(commit__refuses_a_generation_that_is_not_there)
{
    char store[300];
    char path[400];
    struct cdn_store_writer *writer;
    uint64_t generation;

    make_folder(store);
    ck_assert_int_eq(
        cdn_store_begin(&writer, store, &generation, path, sizeof(path), NULL),
        CORDON_OK);
    ck_assert_int_eq(cdn_store_commit(writer, NULL), CORDON_E_NOTFOUND);
    ck_assert(!exists(store, "CURRENT"));
    cdn_store_end(writer);
    cdn_fixture_remove(store);
}
END_TEST

START_TEST(begin__lets_one_writer_in)
{
    char store[300];
    char path[400];
    struct cdn_store_writer *writer;
    struct cdn_store_writer *other;
    uint64_t generation;
    cordon_error err;

    make_folder(store);
    ck_assert_int_eq(
        cdn_store_begin(&writer, store, &generation, path, sizeof(path), NULL),
        CORDON_OK);
    ck_assert_int_eq(
        cdn_store_begin(&other, store, &generation, path, sizeof(path), &err),
        CORDON_E_BUSY);
    ck_assert_ptr_null(other);
    ck_assert_ptr_nonnull(strstr(err.message, store));
    cdn_store_end(writer);
    ck_assert_int_eq(
        cdn_store_begin(&other, store, &generation, path, sizeof(path), NULL),
        CORDON_OK);
    cdn_store_end(other);
    cdn_fixture_remove(store);
}
END_TEST

START_TEST(begin__after_a_writer_that_died)
{
    char store[300];
    char path[400];
    struct cdn_store_writer *writer;
    uint64_t generation;
    pid_t child;
    int how;

    make_folder(store);
    ck_assert_uint_eq(add_generation(store), 1);
    child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0) {
        if (cdn_store_begin(&writer, store, &generation, path, sizeof(path), NULL))
            _exit(1);
        cdn_fixture_bank(path); /* in place, but not committed */
        write_file(store, "generation-000003.cdn.tmp", "torn");
        _exit(generation == 2 ? 0 : 1); /* holds the lock to the end */
    }
    ck_assert_int_eq(waitpid(child, &how, 0), child);
    ck_assert_int_eq(how, 0);
    write_file(store, "generation-7.cdn.tmp", "not ours");
    write_file(store, "notes.tmp", "not ours");
    generation = 0;
    ck_assert_int_eq(cdn_store_resolve(path, sizeof(path), &generation, store, NULL),
                     CORDON_OK);
    ck_assert_uint_eq(generation, 1);
    ck_assert_int_eq(
        cdn_store_begin(&writer, store, &generation, path, sizeof(path), NULL),
        CORDON_OK);
    ck_assert_uint_eq(generation, 3);
    ck_assert(!exists(store, "generation-000003.cdn.tmp"));
    ck_assert(exists(store, "generation-7.cdn.tmp"));
    ck_assert(exists(store, "notes.tmp"));
    cdn_store_end(writer);
    cdn_fixture_remove(store);
}
END_TEST

START_TEST(resolve__refuses_a_damaged_current)
{
    static const char *const TEXTS[] = {
        "",
        "\n",
        "generation-000001.cdn",
        "generation-000001.cdn\n\n",
        "generation-1.cdn\n",
        "generation-000000.cdn\n",
        "generation-000001.cdn.tmp\n",
        "../generation-000001.cdn\n",
        "generation-0000000000000000000000000000000000001.cdn\n",
        "generation-00000x.cdn\n",
        "a text longer than any generation's name that there ever was or will be\n"};
    char store[300];

    make_folder(store);
    ck_assert_uint_eq(add_generation(store), 1);
    for (size_t i = 0; i < sizeof(TEXTS) / sizeof(TEXTS[0]); i++) {
        char path[400];
        uint64_t generation = 0;
        cordon_error err;

        cordon_status status;

        write_file(store, "CURRENT", TEXTS[i]);
        status = cdn_store_resolve(path, sizeof(path), &generation, store, &err);
        ck_assert_msg(status == CORDON_E_CORRUPT, "%zu: %s: %s", i,
                      cordon_status_name(status), err.message);
    }
    cdn_fixture_remove(store);
}
END_TEST

START_TEST(resolve__says_what_is_missing)
{
    char store[300];
    char path[400];
    uint64_t generation = 0;
    cordon_snapshot_options options = CORDON_SNAPSHOT_OPTIONS_INIT;
    cordon_snapshot *snapshot;
    cordon_error err;

    make_folder(store);
    ck_assert_int_eq(cordon_snapshot_open(&snapshot, store, NULL, &err),
                     CORDON_E_NOTFOUND);
    ck_assert_int_eq(mkdir(store, 0700), 0);
    ck_assert_int_eq(cordon_snapshot_open(&snapshot, store, NULL, &err),
                     CORDON_E_NOTFOUND);
    ck_assert_ptr_nonnull(strstr(err.message, "holds no snapshot"));
    write_file(store, "CURRENT", "generation-000004.cdn\n");
    ck_assert_int_eq(cdn_store_resolve(path, sizeof(path), &generation, store, &err),
                     CORDON_E_CORRUPT);
    ck_assert_ptr_nonnull(strstr(err.message, "generation-000004.cdn"));
    options.generation = 9;
    ck_assert_int_eq(cordon_snapshot_open(&snapshot, store, &options, &err),
                     CORDON_E_NOTFOUND);
    ck_assert_ptr_nonnull(strstr(err.message, "no generation 9"));
    cdn_fixture_remove(store);
}
END_TEST

START_TEST(begin__refuses_a_file_as_store)
{
    char store[300];
    char path[400];
    struct cdn_store_writer *writer;
    uint64_t generation;

    make_folder(store);
    *strrchr(store, '/') = '\0';
    write_file(store, "store", "a file");
    (void)snprintf(store + strlen(store), 20, "/store");
    ck_assert_int_eq(
        cdn_store_begin(&writer, store, &generation, path, sizeof(path), NULL),
        CORDON_E_IO);
    ck_assert_ptr_null(writer);
    cdn_fixture_remove(store);
}
END_TEST

#ifdef CORDON_FAILALLOC
START_TEST(store__survives_every_allocation_failure)
{
    char store[300];

    make_folder(store);
    ck_assert_uint_eq(add_generation(store), 1);
    CDN_UNIT_FAILALLOC(nth)
    {
        struct cdn_store_writer *writer;
        uint64_t generation;
        char path[400];
        cordon_status status =
            cdn_store_begin(&writer, store, &generation, path, sizeof(path), NULL);

        if (!status) {
            generation = 0;
            status = cdn_store_resolve(path, sizeof(path), &generation, store, NULL);
        }
        ck_assert_int_eq(status, cdn_failalloc_fired() ? CORDON_E_NOMEM : CORDON_OK);
        cdn_store_end(writer);
    }
    cdn_fixture_remove(store);
}
END_TEST
#endif

static Suite *suite(void)
{
    Suite *s = suite_create("store");

    CDN_UNIT_CASE(s, commit__makes_generations_from_one);
    CDN_UNIT_CASE(s, end__without_commit_changes_nothing);
    CDN_UNIT_CASE(s, commit__refuses_a_generation_that_is_not_there);
    CDN_UNIT_CASE(s, begin__lets_one_writer_in);
    CDN_UNIT_CASE(s, begin__after_a_writer_that_died);
    CDN_UNIT_CASE(s, resolve__refuses_a_damaged_current);
    CDN_UNIT_CASE(s, resolve__says_what_is_missing);
    CDN_UNIT_CASE(s, begin__refuses_a_file_as_store);
#ifdef CORDON_FAILALLOC
    CDN_UNIT_CASE(s, store__survives_every_allocation_failure);
#endif
    return s;
}

CDN_UNIT_MAIN(suite)
