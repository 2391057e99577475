/* The public reader: whole logs, logs that grow, damaged and vanishing segments. */
#include "auditing.h"

static char folder[128], dir[160];
static cordon_audit_entry entry = CORDON_AUDIT_ENTRY_INIT;

static void setup(void)
{
    cdn_unit_folder(folder, sizeof folder);
    (void)snprintf(dir, sizeof dir, "%s/audit", folder);
}

static void teardown(void)
{
    auditing_remove(dir);
    rmdir(folder);
}

static cordon_audit *open_small(uint64_t keep)
{
    cordon_audit_options options = CORDON_AUDIT_OPTIONS_INIT;

    options.segment_bytes = 4096;
    options.keep_segments = keep;
    return auditing_open(dir, &options);
}

static cordon_audit_reader *open_reader(void)
{
    cordon_audit_reader *reader;

    ck_assert_msg(!cordon_audit_reader_open(&reader, dir, &err), "%s", err.message);
    return reader;
}

/* The next decision's number; notes are passed over. */
static bool next(uint64_t *number, cordon_audit_reader *reader)
{
    struct cdn_audit_view view;
    bool got;

    do {
        ck_assert_msg(!cordon_audit_reader_next(&entry, &got, reader, &err), "%s",
                      err.message);
    } while (got && entry.kind != CORDON_AUDIT_DECISION);
    if (!got)
        return false;
    ck_assert(cdn_audit_record_view(&view, entry.record, entry.record_bytes));
    *number = view.reads_digest;
    return true;
}

START_TEST(next__follows_a_log_over_segments_as_it_grows)
{
    cordon_audit *audit = open_small(0);
    cordon_audit_reader *reader = open_reader();
    uint64_t number, wanted = 0;

    ck_assert(!next(&number, reader));
    for (uint64_t i = 0; i < 60; i++) {
        ck_assert(auditing_offer(audit, i));
        if (i % 4 != 3)
            continue;
        ck_assert_int_eq(cordon_audit_drain(audit, &err), CORDON_OK);
        for (int k = 0; k < 4; k++) {
            ck_assert(next(&number, reader));
            ck_assert_uint_eq(number, wanted++);
        }
        ck_assert(!next(&number, reader));
    }
    ck_assert_uint_gt(entry.segment, 5);
    cordon_audit_reader_close(reader);
    ck_assert_int_eq(cordon_audit_close(audit, &err), CORDON_OK);
}
END_TEST

START_TEST(next__gives_places_hashes_and_values)
{
    cordon_audit *audit = open_small(0);
    unsigned char before[CORDON_AUDIT_HASH_BYTES];
    cordon_audit_reader *reader;
    cordon_value value;
    uint64_t number;

    for (uint64_t i = 0; i < 3; i++)
        ck_assert(auditing_offer(audit, i));
    ck_assert_int_eq(cordon_audit_close(audit, &err), CORDON_OK);
    reader = open_reader();
    for (uint64_t i = 0; i < 3; i++) {
        ck_assert(next(&number, reader));
        ck_assert_uint_eq(entry.sequence, i + 1);
        ck_assert_uint_eq(entry.segment, 1);
        if (i)
            ck_assert_int_eq(memcmp(entry.prev_hash, before, sizeof before), 0);
        memcpy(before, entry.hash, sizeof before);
        ck_assert(cordon_value_get(&value, &entry.value, "rule"));
        ck_assert_int_eq(memcmp(value.as.string, "fan_out", 7), 0);
    }
    cordon_audit_reader_close(reader);
}
END_TEST

START_TEST(next__goes_on_behind_a_damaged_segment)
{
    cordon_audit *audit = open_small(0);
    cordon_audit_reader *reader;
    unsigned char *bytes;
    uint64_t number, seen = 0;
    size_t size;
    int damaged = 0;
    bool got = true;

    for (uint64_t i = 0; i < 30; i++)
        ck_assert(auditing_offer(audit, i));
    ck_assert_int_eq(cordon_audit_close(audit, &err), CORDON_OK);
    size = auditing_read(&bytes, dir, 2);
    bytes[size / 2] ^= 1;
    auditing_write(dir, 2, bytes, size);
    free(bytes);
    size = auditing_read(&bytes, dir, 3);
    bytes[9] ^= 1;
    auditing_write(dir, 3, bytes, size);
    free(bytes);
    reader = open_reader();
    while (got) {
        cordon_status status = cordon_audit_reader_next(&entry, &got, reader, &err);

        if (status) {
            ck_assert_int_eq(status, CORDON_E_CORRUPT);
            ck_assert_has(err.message, damaged ? "0000000003.audit" : "offset");
            damaged++;
            got = true;
        } else if (got && entry.kind == CORDON_AUDIT_DECISION) {
            seen++;
        }
    }
    ck_assert_int_eq(damaged, 2);
    ck_assert_uint_gt(seen, 15);
    ck_assert_uint_lt(seen, 30);
    ck_assert(!next(&number, reader));
    cordon_audit_reader_close(reader);
}
END_TEST

START_TEST(next__outlives_retention)
{
    cordon_audit *audit = open_small(2);
    cordon_audit_reader *reader = open_reader();
    uint64_t number, before = 0;

    ck_assert(auditing_offer(audit, 1));
    ck_assert_int_eq(cordon_audit_drain(audit, &err), CORDON_OK);
    ck_assert(next(&number, reader));
    for (uint64_t i = 2; i < 100; i++)
        ck_assert(auditing_offer(audit, i));
    ck_assert_int_eq(cordon_audit_close(audit, &err), CORDON_OK);
    while (next(&number, reader)) {
        ck_assert_uint_gt(number, before);
        before = number;
    }
    ck_assert_uint_eq(before, 99);
    cordon_audit_reader_close(reader);
}
END_TEST

START_TEST(seek__goes_to_any_place_an_entry_told)
{
    cordon_audit *audit = open_small(0);
    struct {
        uint64_t segment, offset, sequence;
        unsigned char hash[CORDON_AUDIT_HASH_BYTES];
    } places[200];
    cordon_audit_reader *reader;
    size_t count = 0;
    bool got = true;

    for (uint64_t i = 0; i < 40; i++)
        ck_assert(auditing_offer(audit, i));
    ck_assert_int_eq(cordon_audit_close(audit, &err), CORDON_OK);
    reader = open_reader();
    for (; count < 200; count++) { /* notes too, such as the one that ends a segment */
        ck_assert(!cordon_audit_reader_next(&entry, &got, reader, &err));
        if (!got)
            break;
        places[count].segment = entry.segment;
        places[count].offset = entry.offset;
        places[count].sequence = entry.sequence;
        memcpy(places[count].hash, entry.hash, sizeof entry.hash);
    }
    ck_assert_uint_gt(count, 40);
    for (size_t i = count; i--;) {
        ck_assert(!cordon_audit_reader_seek(reader, places[i].segment, places[i].offset,
                                            &err));
        ck_assert(!cordon_audit_reader_next(&entry, &got, reader, &err));
        ck_assert_int_eq(got, i + 1 < count);
        if (!got)
            continue;
        ck_assert_uint_eq(entry.sequence, places[i].sequence + 1);
        if (entry.segment ==
            places[i].segment) /* else the hash of a header is before it */
            ck_assert_mem_eq(entry.prev_hash, places[i].hash, sizeof entry.prev_hash);
        ck_assert(!cordon_audit_reader_seek(reader, places[i].segment, 0, &err));
        ck_assert(!cordon_audit_reader_next(&entry, &got, reader, &err));
        ck_assert_uint_eq(entry.segment, places[i].segment);
        ck_assert_uint_le(entry.sequence, places[i].sequence);
    }
    cordon_audit_reader_close(reader);
}
END_TEST

START_TEST(segment__leads_from_the_newest_to_the_oldest)
{
    cordon_audit *audit = open_small(3);
    cordon_audit_stats stats = CORDON_AUDIT_STATS_INIT;
    cordon_audit_reader *reader;
    uint64_t segment, before = 0;
    int count = 0;

    for (uint64_t i = 0; i < 60; i++)
        ck_assert(auditing_offer(audit, i));
    ck_assert_int_eq(cordon_audit_drain(audit, &err), CORDON_OK);
    ck_assert(!cordon_audit_get_stats(&stats, audit, &err));
    reader = open_reader();
    ck_assert(!cordon_audit_reader_segment(&segment, reader, 0, &err));
    ck_assert_uint_eq(segment, stats.segment);
    for (; !cordon_audit_reader_segment(&segment, reader, before, &err); count++) {
        ck_assert(!before || segment == before - 1);
        before = segment;
    }
    ck_assert_int_eq(err.status, CORDON_E_NOTFOUND);
    ck_assert_int_eq(count, 3); /* the others are not kept */
    cordon_audit_reader_close(reader);
    ck_assert_int_eq(cordon_audit_close(audit, &err), CORDON_OK);
}
END_TEST

START_TEST(seek__says_what_is_not_there_and_stays)
{
    cordon_audit *audit = open_small(0);
    cordon_audit_reader *reader;
    unsigned char *bytes;
    uint64_t number;
    size_t size;

    for (uint64_t i = 0; i < 30; i++)
        ck_assert(auditing_offer(audit, i));
    ck_assert_int_eq(cordon_audit_close(audit, &err), CORDON_OK);
    size = auditing_read(&bytes, dir, 3);
    bytes[9] ^= 1;
    auditing_write(dir, 3, bytes, size);
    free(bytes);
    reader = open_reader();
    ck_assert(next(&number, reader));
    ck_assert_int_eq(cordon_audit_reader_seek(reader, 99, 0, &err), CORDON_E_NOTFOUND);
    ck_assert_int_eq(cordon_audit_reader_seek(reader, 0, 0, &err), CORDON_E_INVALID);
    ck_assert_int_eq(cordon_audit_reader_seek(reader, 1, 137, &err), CORDON_E_INVALID);
    ck_assert_has(err.message, "no record begins at offset 137");
    ck_assert_int_eq(cordon_audit_reader_seek(reader, 1, 1, &err), CORDON_E_INVALID);
    ck_assert_int_eq(cordon_audit_reader_seek(reader, 1, 1u << 30, &err),
                     CORDON_E_INVALID);
    ck_assert_int_eq(cordon_audit_reader_seek(reader, 3, 0, &err), CORDON_E_CORRUPT);
    ck_assert(next(&number, reader));
    ck_assert_uint_eq(number, 1);
    cordon_audit_reader_close(reader);
}
END_TEST

START_TEST(open__says_what_is_wrong)
{
    cordon_audit_entry old = {.struct_size = 8};
    cordon_audit_reader *reader;
    bool got;

    ck_assert_int_eq(cordon_audit_reader_open(&reader, dir, &err), CORDON_E_NOTFOUND);
    ck_assert_ptr_null(reader);
    ck_assert_int_eq(cordon_audit_reader_open(NULL, dir, &err), CORDON_E_INVALID);
    ck_assert_int_eq(cordon_audit_close(open_small(0), &err), CORDON_OK);
    reader = open_reader();
    ck_assert_int_eq(cordon_audit_reader_next(&old, &got, reader, &err),
                     CORDON_E_INVALID);
    cordon_audit_reader_close(reader);
    cordon_audit_reader_close(NULL);
}
END_TEST

#ifdef CORDON_FAILALLOC
START_TEST(reader__survives_every_allocation_failure)
{
    cordon_audit *audit = open_small(0);

    for (uint64_t i = 0; i < 12; i++)
        ck_assert(auditing_offer(audit, i));
    ck_assert_int_eq(cordon_audit_close(audit, &err), CORDON_OK);
    CDN_UNIT_FAILALLOC(nth)
    {
        cordon_audit_reader *reader;
        cordon_status status = cordon_audit_reader_open(&reader, dir, &err);
        bool got = true;

        while (!status && got)
            status = cordon_audit_reader_next(&entry, &got, reader, &err);
        if (!status)
            status = cordon_audit_reader_seek(reader, 1, 136, &err);
        ck_assert_int_eq(status, cdn_failalloc_fired() ? CORDON_E_NOMEM : CORDON_OK);
        cordon_audit_reader_close(reader);
    }
}
END_TEST
#endif

static Suite *suite(void)
{
    Suite *s = suite_create("audit_read");
    TCase *c = tcase_create("audit_read");

    tcase_add_checked_fixture(c, setup, teardown);
    tcase_add_test(c, next__follows_a_log_over_segments_as_it_grows);
    tcase_add_test(c, next__gives_places_hashes_and_values);
    tcase_add_test(c, next__goes_on_behind_a_damaged_segment);
    tcase_add_test(c, next__outlives_retention);
    tcase_add_test(c, seek__goes_to_any_place_an_entry_told);
    tcase_add_test(c, segment__leads_from_the_newest_to_the_oldest);
    tcase_add_test(c, seek__says_what_is_not_there_and_stays);
    tcase_add_test(c, open__says_what_is_wrong);
#ifdef CORDON_FAILALLOC
    tcase_add_test(c, reader__survives_every_allocation_failure);
#endif
    suite_add_tcase(s, c);
    return s;
}

CDN_UNIT_MAIN(suite)
