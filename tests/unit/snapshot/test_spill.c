/* Spills: what was put comes back, in order, whatever the chunks are. */
#include "support/unit.h"

#include <dirent.h>
#include <signal.h>
#include <sys/resource.h>

#include "base/alloc.h"
#include "snapshot/spill.h"

static char folder[200];

static void setup(void)
{
    cdn_unit_folder(folder, sizeof(folder));
}

static void teardown(void)
{
    ck_assert_int_eq(rmdir(folder), 0); /* so nothing was left in it */
}

/* Record `i` of a partition: its length varies, and every byte is known. */
static size_t make(unsigned char out[300], uint32_t partition, uint32_t i)
{
    size_t bytes = (i * 37 + partition) % 300;

    memset(out, (int)(partition * 7 + i), bytes);
    return bytes;
}

START_TEST(read__gives_back_what_was_put)
{
    static const uint32_t CHUNKS[] = {1, 7, 64, 4096, 1 << 20};
    enum { PARTITIONS = 5, RECORDS = 400 };
    unsigned char record[300];
    unsigned char found[300];
    struct cdn_spill *spill;

    ck_assert_int_eq(cdn_spill_open(&spill, folder, PARTITIONS, CHUNKS[_i], NULL),
                     CORDON_OK);
    for (uint32_t i = 0; i < RECORDS; i++)
        for (uint32_t p = 1; p < PARTITIONS; p++) /* the first stays empty */
            ck_assert_int_eq(cdn_spill_put(spill, p, record, make(record, p, i), NULL),
                             CORDON_OK);
    ck_assert_int_eq(cdn_spill_flush_all(spill, NULL), CORDON_OK);
    ck_assert_uint_eq(cdn_spill_records(spill, 0), 0);
    for (uint32_t p = 0; p < PARTITIONS; p++) {
        struct cdn_spill_reader reader;
        uint64_t bytes = 0;

        ck_assert_int_eq(cdn_spill_read_begin(&reader, spill, p, NULL), CORDON_OK);
        for (uint32_t i = 0; p > 0 && i < RECORDS; i++) {
            size_t wanted = make(record, p, i);

            ck_assert(cdn_spill_read(&reader, found, wanted));
            ck_assert(wanted == 0 || memcmp(found, record, wanted) == 0);
            bytes += wanted;
        }
        ck_assert_uint_eq(cdn_spill_bytes(spill, p), bytes);
        ck_assert_uint_eq(reader.left, 0);
        ck_assert(!cdn_spill_read(&reader, found, 1));
        ck_assert_int_eq(reader.status, CORDON_OK);
        cdn_spill_read_end(&reader);
        cdn_spill_drop(spill, p);
        ck_assert_uint_eq(cdn_spill_bytes(spill, p), 0);
    }
    ck_assert_int_eq(cdn_spill_put(spill, 1, "x", 1, NULL), CORDON_E_INVALID);
    cdn_spill_free(spill);
}
END_TEST

START_TEST(grow__adds_partitions_one_by_one)
{
    struct cdn_spill *spill;
    struct cdn_spill_reader reader;
    unsigned char byte;

    ck_assert_int_eq(cdn_spill_open(&spill, folder, 0, 16, NULL), CORDON_OK);
    for (uint32_t p = 0; p < 40; p++) {
        unsigned char value = (unsigned char)p;

        ck_assert_uint_eq(cdn_spill_partitions(spill), p);
        ck_assert_int_eq(cdn_spill_grow(spill, NULL), CORDON_OK);
        ck_assert_int_eq(cdn_spill_put(spill, p, &value, 1, NULL), CORDON_OK);
        ck_assert_int_eq(cdn_spill_flush(spill, p, NULL), CORDON_OK);
    }
    ck_assert_int_eq(cdn_spill_read_begin(&reader, spill, 17, NULL), CORDON_OK);
    ck_assert(cdn_spill_read(&reader, &byte, 1));
    ck_assert_uint_eq(byte, 17);
    cdn_spill_read_end(&reader);
    cdn_spill_free(spill);
}
END_TEST

START_TEST(put__tells_of_a_full_disk)
{
    struct rlimit limit = {10000, RLIM_INFINITY};
    struct cdn_spill *spill;
    char block[4096] = {0};
    cordon_status status = CORDON_OK;
    cordon_error err;

    signal(SIGXFSZ, SIG_IGN);
    ck_assert_int_eq(cdn_spill_open(&spill, folder, 1, 4096, &err), CORDON_OK);
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
    for (int i = 0; !status && i < 5; i++)
        status = cdn_spill_put(spill, 0, block, sizeof(block), &err);
    ck_assert_int_eq(status, CORDON_E_IO);
    ck_assert_msg(strstr(err.message, folder) != NULL, "%s", err.message);
    cdn_spill_free(spill);
}
END_TEST

START_TEST(sweep__removes_only_what_is_ours)
{
    static const char *const NAMES[] = {"cordon-spill-a1B2c3", "cordon-other",
                                        "data.csv"};
    char path[300];

    for (int i = 0; i < CDN_UNIT_COUNT(NAMES); i++) {
        FILE *file;

        snprintf(path, sizeof(path), "%s/%s", folder, NAMES[i]);
        file = fopen(path, "w");
        ck_assert_ptr_nonnull(file);
        fclose(file);
    }
    cdn_spill_sweep(folder);
    cdn_spill_sweep("/nowhere/at/all");
    for (int i = 0; i < CDN_UNIT_COUNT(NAMES); i++) {
        snprintf(path, sizeof(path), "%s/%s", folder, NAMES[i]);
        ck_assert_int_eq(unlink(path), i == 0 ? -1 : 0);
    }
}
END_TEST

#ifdef CORDON_FAILALLOC
START_TEST(spill__survives_every_allocation_failure)
{
    CDN_UNIT_FAILALLOC(nth)
    {
        struct cdn_spill_reader reader = {0};
        struct cdn_spill *spill;
        char bytes[100] = {0};
        cordon_status status = cdn_spill_open(&spill, folder, 2, 16, NULL);

        if (!status)
            status = cdn_spill_put(spill, 1, bytes, sizeof(bytes), NULL);
        if (!status)
            status = cdn_spill_grow(spill, NULL);
        if (!status)
            status = cdn_spill_flush_all(spill, NULL);
        if (!status)
            status = cdn_spill_read_begin(&reader, spill, 1, NULL);
        ck_assert_int_eq(status, cdn_failalloc_fired() ? CORDON_E_NOMEM : CORDON_OK);
        cdn_spill_read_end(&reader);
        cdn_spill_free(spill);
    }
}
END_TEST
#endif

static Suite *suite(void)
{
    Suite *s = suite_create("spill");
    TCase *c = tcase_create("spill");

    tcase_add_checked_fixture(c, setup, teardown);
    tcase_add_loop_test(c, read__gives_back_what_was_put, 0, 5);
    tcase_add_test(c, grow__adds_partitions_one_by_one);
    tcase_add_test(c, put__tells_of_a_full_disk);
    tcase_add_test(c, sweep__removes_only_what_is_ours);
#ifdef CORDON_FAILALLOC
    tcase_add_test(c, spill__survives_every_allocation_failure);
#endif
    suite_add_tcase(s, c);
    return s;
}

CDN_UNIT_MAIN(suite)
