/* Pages of files that are written to: sound ones pass, damaged ones are refused. */
#include "support/unit.h"

#include <lmdb.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/file.h"
#include "snapshot/pages.h"

static char folder[128];
static char path[160];
static struct cdn_buf whole;
static cordon_error err;

/* Records whose keys and lengths differ, some in pages of their own; later rounds write some
 * again, longer or shorter, and remove others, which frees pages. */
static void put_round(MDB_env *env, int round)
{
    static char text[9000];
    MDB_txn *txn;
    MDB_dbi dbi;

    ck_assert_int_eq(mdb_txn_begin(env, NULL, 0, &txn), 0);
    ck_assert_int_eq(mdb_dbi_open(txn, NULL, 0, &dbi), 0);
    for (int i = 0; i < 120; i++) {
        char name[32];
        MDB_val key = {(size_t)snprintf(name, sizeof(name), "key %d", i * i), name};
        MDB_val value = {
            i % 4 ? 300 + (size_t)(i * round) : sizeof(text) * (size_t)round / 4, text};

        int rc = 0;

        if (round == 1 || i % round == 0)
            rc = mdb_put(txn, dbi, &key, &value, 0);
        else if (i % 7 == 0)
            rc = mdb_del(txn, dbi, &key, NULL);
        ck_assert(rc == 0 || rc == MDB_NOTFOUND);
    }
    ck_assert_int_eq(mdb_txn_commit(txn), 0);
}

static void setup(void)
{
    MDB_env *env;

    cdn_unit_folder(folder, sizeof(folder));
    snprintf(path, sizeof(path), "%s/records.mdb", folder);
    ck_assert_int_eq(mdb_env_create(&env), 0);
    ck_assert_int_eq(mdb_env_set_mapsize(env, 16 << 20), 0);
    ck_assert_int_eq(mdb_env_open(env, path, MDB_NOSUBDIR | MDB_NOLOCK, 0644), 0);
    for (int round = 1; round <= 4; round++)
        put_round(env, round);
    mdb_env_close(env);
    ck_assert_int_eq(cdn_file_read(&whole, path, 1 << 24, &err), CORDON_OK);
}

static void teardown(void)
{
    cdn_buf_deinit(&whole);
    unlink(path);
    rmdir(folder);
}

static cordon_status check(const void *bytes, size_t size)
{
    return cdn_pages_check(bytes, size, "a log of tests", &err);
}

START_TEST(pages__of_a_written_file_are_sound)
{
    unsigned char *exact = cdn_unit_exact(whole.data, whole.length);

    ck_assert_uint_gt(whole.length, 300000);
    ck_assert_msg(!check(exact, whole.length), "%s", err.message);
    free(exact);
}
END_TEST

START_TEST(pages__of_something_else_are_named)
{
    ck_assert_int_eq(check("", 0), CORDON_E_FORMAT);
    ck_assert_str_eq(err.message, "this is not a log of tests: it has only 0 bytes");
    memset(whole.data, 0, 64);
    ck_assert_int_eq(check(whole.data, whole.length), CORDON_E_FORMAT);
    ck_assert_str_eq(err.message, "this is not a log of tests (no LMDB mark)");
}
END_TEST

START_TEST(pages__cut_anywhere_are_refused)
{
    for (size_t cut = 0; cut < whole.length; cut += cut < 9000 ? 61 : 4096) {
        unsigned char *exact = cdn_unit_exact(whole.data, cut);
        cordon_status status = check(exact, cut);

        /* what is cut off at the end may have been free */
        if (cut < whole.length / 2)
            ck_assert(status == CORDON_E_CORRUPT || status == CORDON_E_FORMAT);
        free(exact);
    }
}
END_TEST

/* Every byte of every tree page's head, and of the meta pages, set to something else. */
START_TEST(pages__with_a_changed_head_harm_nobody)
{
    static const unsigned char changes[] = {0xff, 0x01, 0x80};
    int refused = 0;

    for (size_t page = 0; page * 4096 < whole.length; page++) {
        size_t bytes = page < 2 ? 152 : 40;

        for (size_t i = 0; i < bytes; i++) {
            unsigned char *at = whole.data + page * 4096 + i;
            unsigned char was = *at;

            *at ^= changes[(page + i) % sizeof(changes)];
            refused += check(whole.data, whole.length) != 0;
            *at = was;
        }
    }
    ck_assert_int_gt(refused, 500);
}
END_TEST

#ifdef CORDON_FAILALLOC
START_TEST(pages__survive_every_allocation_failure)
{
    CDN_UNIT_FAILALLOC(nth)
    {
        cordon_status status = check(whole.data, whole.length);

        ck_assert_int_eq(status, cdn_failalloc_fired() ? CORDON_E_NOMEM : CORDON_OK);
    }
}
END_TEST
#endif

static Suite *suite(void)
{
    Suite *s = suite_create("pages");
    TCase *c = tcase_create("pages");

    tcase_add_checked_fixture(c, setup, teardown);
    tcase_add_test(c, pages__of_a_written_file_are_sound);
    tcase_add_test(c, pages__of_something_else_are_named);
    tcase_add_test(c, pages__cut_anywhere_are_refused);
    tcase_add_test(c, pages__with_a_changed_head_harm_nobody);
#ifdef CORDON_FAILALLOC
    tcase_add_test(c, pages__survive_every_allocation_failure);
#endif
    suite_add_tcase(s, c);
    return s;
}

CDN_UNIT_MAIN(suite)
