/* Changes to a generation: memory that runs out, a base that moves, and a base that is damaged.
 * What changes mean is in integration/import/base.py. */
#include "support/unit.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "base/alloc.h"
#include "import/import.h"
#include "snapshot/snapshot.h"
#include "snapshot/store.h"

static char folder[128];
static char store[160];
static char schema[160];
static char changes[160];

static void write_file(char path[160], const char *name, const char *text)
{
    char room[160];
    FILE *file;

    snprintf(room, sizeof(room), "%s/%s", folder, name);
    if (path)
        snprintf(path, 160, "%s", room);
    file = fopen(room, "w");
    ck_assert_ptr_nonnull(file);
    fputs(text, file);
    ck_assert_int_eq(fclose(file), 0);
}

static cordon_status import(bool on_base, uint64_t base,
                            struct cdn_import_result *result, cordon_error *err)
{
    const char *data = folder;
    struct cdn_import_options options = {.schema = on_base ? changes : schema,
                                         .data = &data,
                                         .data_count = 1,
                                         .store = store,
                                         .on_base = on_base,
                                         .base = base};

    return cdn_import_run(result, &options, err);
}

static void setup(void)
{
    struct cdn_import_result result;
    cordon_error err;

    cdn_unit_folder(folder, sizeof(folder));
    snprintf(store, sizeof(store), "%s/store", folder);
    write_file(
        schema, "schema.lua",
        "return { labels = { A = { file = 'a.csv', key = { column = 'k', type = "
        "'string' },\n properties = { s = 'string', t = 'text?', n = 'int64' } } "
        "},\nedges = { { type = 'e', from = 'A', to = 'A', file = 'e.csv', source "
        "= 'f', target = 't', properties = { w = 'string?' } } } }");
    write_file(
        changes, "changes.lua",
        "return { labels = { A = { key = { column = 'k', type = 'string' },\n"
        "properties = { s = 'string', t = 'text?', n = 'int64' }, sources = {\n"
        "{ file = 'new.csv' }, { file = 'gone.csv', change = 'delete' },\n"
        "{ file = 'other.csv', change = 'update', properties = { 's', 't' } } } } "
        "},\nedges = { { type = 'e', from = 'A', to = 'A', source = 'f', target = "
        "'t', sources = { { file = 'less.csv', change = 'delete' } } } } }");
    write_file(NULL, "a.csv", "k,s,t,n\na,x,one,1\nb,y,,2\nc,x,three,3\nd,z,,4\n");
    write_file(NULL, "e.csv", "f,t,w\na,b,p\nb,c,\nc,d,q\nd,a,p\na,b,r\n");
    write_file(NULL, "new.csv", "k,s,t,n\ne,v,five,5\n");
    write_file(NULL, "gone.csv", "k\nd\n");
    write_file(NULL, "other.csv", "k,s,t\nb,u,two\n");
    write_file(NULL, "less.csv", "f,t\na,b\n");
    ck_assert_msg(!import(false, 0, &result, &err), "%s", err.message);
    cdn_import_result_deinit(&result);
}

static void empty(const char *path)
{
    DIR *dir = opendir(path);
    struct dirent *entry;

    while (dir && (entry = readdir(dir)))
        if (strcmp(entry->d_name, ".") && strcmp(entry->d_name, ".."))
            unlinkat(dirfd(dir), entry->d_name, 0);
    if (dir)
        closedir(dir);
    rmdir(path);
}

static void teardown(void)
{
    empty(store);
    empty(folder);
}

START_TEST(base__counts_what_became_of_it)
{
    struct cdn_import_result result;
    cordon_snapshot *snapshot;
    cordon_error err;

    ck_assert_msg(!import(true, 0, &result, &err), "%s", err.message);
    ck_assert_uint_eq(result.base, 1);
    ck_assert_uint_eq(result.generation, 2);
    ck_assert_uint_eq(result.nodes[0], 4);
    ck_assert_uint_eq(result.edges[0], 1);
    ck_assert_uint_eq(result.updated, 1);
    ck_assert_uint_eq(result.deleted_nodes, 1);
    ck_assert_uint_eq(result.dropped_edges, 2);
    ck_assert_uint_eq(result.deleted_edges, 2);
    cdn_import_result_deinit(&result);
    ck_assert_int_eq(cordon_snapshot_open(&snapshot, store, NULL, NULL), CORDON_OK);
    ck_assert_uint_eq(cordon_snapshot_node_count(snapshot), 4);
    ck_assert_uint_eq(cordon_snapshot_edge_count(snapshot), 1);
    cordon_snapshot_release(snapshot);
}
END_TEST

/* Every byte of the base's segments is read: a changed one fails the import. */
START_TEST(base__that_is_damaged_is_told_and_not_copied)
{
    struct cdn_import_result result;
    char path[300];
    struct stat about;
    cordon_error err;
    int found = 0;
    int fd;

    snprintf(path, sizeof(path), "%s/generation-000001.cdn", store);
    fd = open(path, O_RDWR);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(fstat(fd, &about), 0);
    for (off_t at = 4096 * 2 + 16; at < about.st_size; at += 4096) {
        unsigned char byte;
        unsigned char other;
        cordon_status status;

        ck_assert_int_eq(pread(fd, &byte, 1, at), 1);
        other = byte ^ 1;
        ck_assert_int_eq(pwrite(fd, &other, 1, at), 1);
        status = import(true, 1, &result, &err);
        ck_assert_int_eq(pwrite(fd, &byte, 1, at), 1);
        /* incoming arrays are not read; what was free or of no use may change */
        ck_assert_msg(status == CORDON_OK || status == CORDON_E_CORRUPT ||
                          status == CORDON_E_FORMAT,
                      "%s", err.message);
        found += status != CORDON_OK;
        if (!status)
            ck_assert_uint_eq(result.edges[0], 1);
        cdn_import_result_deinit(&result);
    }
    close(fd);
    ck_assert_int_ge(found, 6);
}
END_TEST

#ifdef CORDON_FAILALLOC
START_TEST(base__survives_every_allocation_failure)
{
    for (long nth = 0;; nth++) {
        struct cdn_import_result result;
        uint64_t generation = 0;
        char path[300];
        cordon_status status;
        bool fired;

        cdn_failalloc_after(nth, false);
        status = import(true, 1, &result, NULL);
        fired = cdn_failalloc_fired();
        cdn_failalloc_after(-1, false);
        cdn_import_result_deinit(&result);
        ck_assert_int_eq(status, fired ? CORDON_E_NOMEM : CORDON_OK);
        ck_assert_int_eq(
            cdn_store_resolve(path, sizeof(path), &generation, store, NULL), CORDON_OK);
        ck_assert_uint_eq(generation, fired ? 1 : 2);
        if (!fired)
            break;
    }
}
END_TEST
#endif

static Suite *suite(void)
{
    Suite *s = suite_create("base");
    TCase *c = tcase_create("base");

    tcase_add_checked_fixture(c, setup, teardown);
    tcase_add_test(c, base__counts_what_became_of_it);
    tcase_add_test(c, base__that_is_damaged_is_told_and_not_copied);
#ifdef CORDON_FAILALLOC
    tcase_add_test(c, base__survives_every_allocation_failure);
#endif
    suite_add_tcase(s, c);
    return s;
}

CDN_UNIT_MAIN(suite)
