/* LMDB's codes as statuses. */
#include "support/unit.h"

#include <errno.h>
#include <lmdb.h>

#include "snapshot/lmdb_error.h"

START_TEST(error__keeps_errno_apart_from_lmdb)
{
    cordon_error err;

    ck_assert_int_eq(cdn_lmdb_error(&err, ENOSPC, "writing %s", "x.cdn"), CORDON_E_IO);
    ck_assert_ptr_nonnull(strstr(err.message, "writing x.cdn: "));
    ck_assert_ptr_nonnull(strstr(err.message, strerror(ENOSPC)));
    ck_assert_int_eq(cdn_lmdb_error(&err, ENOMEM, "writing"), CORDON_E_NOMEM);
    ck_assert_int_eq(cdn_lmdb_error(&err, ENOENT, "opening"), CORDON_E_NOTFOUND);
    ck_assert_int_eq(cdn_lmdb_error(&err, MDB_CORRUPTED, "opening"), CORDON_E_CORRUPT);
    ck_assert_ptr_nonnull(strstr(err.message, "MDB_CORRUPTED"));
    ck_assert_int_eq(cdn_lmdb_error(NULL, MDB_MAP_FULL, "opening"), CORDON_E_CORRUPT);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("lmdb_error");

    CDN_UNIT_CASE(s, error__keeps_errno_apart_from_lmdb);
    return s;
}

CDN_UNIT_MAIN(suite)
