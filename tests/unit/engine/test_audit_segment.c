/* Segments: names, keys, headers, and reading bytes that are damaged anywhere. */
#include "auditing.h"

static char folder[128], dir[160];
static struct cdn_audit_key key;

static void setup(void)
{
    cdn_unit_folder(folder, sizeof folder);
    (void)snprintf(dir, sizeof dir, "%s/audit", folder);
    key = (struct cdn_audit_key){.keyed = true, .bytes = "a secret", .check = 77};
}

static void teardown(void)
{
    auditing_remove(dir);
    auditing_remove(folder);
}

/* A log of `count` small notes in one segment. */
static void make(int count)
{
    const struct cdn_audit_log_options options = {1 << 20, INT64_MAX, 0, 0, 0};
    struct cdn_audit_log log = {0};
    unsigned char note[CDN_AUDIT_NOTE_BYTES];

    ck_assert_msg(!cdn_audit_log_open(&log, dir, &options, &key, &err), "%s",
                  err.message);
    for (int i = 0; i < count; i++) {
        size_t length =
            cdn_audit_note(note, "dropped", i, "count", (uint64_t)i, NULL, 0);

        ck_assert(cdn_audit_log_add(&log, CORDON_AUDIT_NOTE, note, length));
    }
    ck_assert_int_eq(cdn_audit_log_flush(&log, &err), CORDON_OK);
    cdn_audit_log_close(&log);
}

START_TEST(name__is_read_back_and_nothing_else_is_one)
{
    static const char *const not_names[] = {
        "",           "1.audit",         "0000000000.audit",  "0000000001.audit.tmp-1",
        "CURRENT",    "0000000001",      "00000000001.audit", "-000000001.audit",
        "000000001a", "0000000001.AUDIT"};
    char name[CDN_AUDIT_NAME_BYTES];

    for (uint64_t number = 1; number < UINT64_C(1) << 50; number = number * 3 + 1) {
        cdn_audit_segment_name(name, number);
        ck_assert_uint_eq(cdn_audit_segment_number(name), number);
    }
    for (size_t i = 0; i < sizeof not_names / sizeof not_names[0]; i++)
        ck_assert_msg(!cdn_audit_segment_number(not_names[i]), "%s", not_names[i]);
}
END_TEST

static void write_key(const char *path, size_t bytes)
{
    FILE *file = fopen(path, "w");

    for (size_t i = 0; i < bytes; i++)
        fputc((int)('a' + i % 26), file);
    ck_assert_int_eq(fclose(file), 0);
}

START_TEST(key__is_made_of_a_files_bytes)
{
    struct cdn_audit_key first, again, none;
    char path[200];

    (void)snprintf(path, sizeof path, "%s/key", folder);
    ck_assert_int_eq(cdn_audit_key_read(&none, NULL, &err), CORDON_OK);
    ck_assert(!none.keyed);
    ck_assert_int_eq(cdn_audit_key_read(&first, path, &err), CORDON_E_NOTFOUND);
    write_key(path, 15);
    ck_assert_int_eq(cdn_audit_key_read(&first, path, &err), CORDON_E_INVALID);
    ck_assert_has(err.message, "16 to 4096");
    write_key(path, 4097);
    ck_assert_int_eq(cdn_audit_key_read(&first, path, &err), CORDON_E_DATA);
    write_key(path, 16);
    ck_assert_int_eq(cdn_audit_key_read(&first, path, &err), CORDON_OK);
    ck_assert_int_eq(cdn_audit_key_read(&again, path, &err), CORDON_OK);
    ck_assert(first.keyed && first.check == again.check);
    ck_assert_int_eq(memcmp(first.bytes, again.bytes, sizeof first.bytes), 0);
    write_key(path, 17);
    ck_assert_int_eq(cdn_audit_key_read(&again, path, &err), CORDON_OK);
    ck_assert(first.check != again.check);
}
END_TEST

START_TEST(header__shows_every_flipped_bit)
{
    struct cdn_audit_header header = {.number = 3, .sequence = 9, .created_ms = 5};

    cdn_audit_header_seal(&header, &key);
    ck_assert_ptr_null(cdn_audit_header_check(&header, &key));
    ck_assert_ptr_null(cdn_audit_header_check(&header, NULL));
    for (size_t i = 0; i < sizeof header; i++) {
        for (int bit = 0; bit < 8; bit++) {
            struct cdn_audit_header changed = header;

            ((unsigned char *)&changed)[i] ^= (unsigned char)(1 << bit);
            ck_assert_ptr_nonnull(cdn_audit_header_check(&changed, NULL));
            /* also when whoever changed it mends the checksum, but has no key */
            changed.checksum =
                cdn_hash_xxh3(&changed, offsetof(struct cdn_audit_header, checksum));
            if (i < offsetof(struct cdn_audit_header, checksum))
                ck_assert_ptr_nonnull(cdn_audit_header_check(&changed, &key));
        }
    }
}
END_TEST

/* How the scan of a segment with these bytes ends, and after how many whole records. */
static enum cdn_audit_found scan_all(int *records, const void *bytes, size_t size)
{
    struct cdn_audit_found_record record;
    enum cdn_audit_found found = CDN_AUDIT_RECORD;
    struct cdn_audit_scan scan;
    const char *fault;

    *records = 0;
    auditing_write(dir, 1, bytes, size);
    ck_assert_int_eq(cdn_audit_scan_open(&scan, dir, 1, &key, &fault, &err), CORDON_OK);
    if (fault) {
        cdn_audit_scan_close(&scan);
        return CDN_AUDIT_BROKEN;
    }
    while (found == CDN_AUDIT_RECORD) {
        ck_assert_int_eq(cdn_audit_scan_next(&found, &record, &scan, &key, &err),
                         CORDON_OK);
        *records += found == CDN_AUDIT_RECORD;
        if (found == CDN_AUDIT_BROKEN)
            ck_assert_ptr_nonnull(record.fault);
    }
    cdn_audit_scan_close(&scan);
    return found;
}

START_TEST(scan__reads_the_whole_records_of_every_truncation)
{
    unsigned char *bytes;
    size_t size;
    int records, before = 0;

    make(5);
    size = auditing_read(&bytes, dir, 1);
    ck_assert_int_eq(scan_all(&records, bytes, size), CDN_AUDIT_END);
    ck_assert_int_eq(records, 5);
    for (size_t i = 0; i < size; i++) {
        enum cdn_audit_found found = scan_all(&records, bytes, i);

        ck_assert_int_ge(records, before);
        ck_assert_int_le(records, before + 1);
        ck_assert_int_lt(records, 5);
        if (i < sizeof(struct cdn_audit_header))
            ck_assert_int_eq(found, CDN_AUDIT_BROKEN);
        else if (records > before || i == sizeof(struct cdn_audit_header))
            ck_assert_int_eq(found, CDN_AUDIT_END);
        else
            ck_assert_int_eq(found, CDN_AUDIT_SHORT);
        before = records;
    }
    free(bytes);
}
END_TEST

START_TEST(scan__finds_every_flipped_bit)
{
    unsigned char *bytes;
    size_t size;
    int records;

    make(3);
    size = auditing_read(&bytes, dir, 1);
    for (size_t i = 0; i < size; i++) {
        bytes[i] ^= (unsigned char)(1 << i % 8);
        ck_assert_msg(scan_all(&records, bytes, size) != CDN_AUDIT_END, "byte %zu", i);
        ck_assert_int_lt(records, 3);
        bytes[i] ^= (unsigned char)(1 << i % 8);
    }
    free(bytes);
}
END_TEST

START_TEST(resync__finds_the_next_whole_record)
{
    struct cdn_audit_found_record record;
    struct cdn_audit_scan scan;
    unsigned char *bytes;
    const char *fault;
    size_t size;
    bool found;

    make(4);
    size = auditing_read(&bytes, dir, 1);
    ck_assert_int_eq(cdn_audit_scan_open(&scan, dir, 1, &key, &fault, &err), CORDON_OK);
    for (uint64_t from = 0; from < size; from++) {
        ck_assert_int_eq(cdn_audit_scan_resync(&found, &record, &scan, from, &err),
                         CORDON_OK);
        if (!found)
            continue;
        ck_assert_uint_ge(record.offset, from);
        ck_assert_int_eq(memcmp(bytes + record.offset, &record.frame, 4), 0);
    }
    ck_assert(!found);
    cdn_audit_scan_close(&scan);
    free(bytes);
}
END_TEST

START_TEST(scan__sees_records_that_are_added_while_it_waits)
{
    const struct cdn_audit_log_options options = {1 << 20, INT64_MAX, 0, 0, 0};
    struct cdn_audit_found_record record;
    struct cdn_audit_log log = {0};
    struct cdn_audit_scan scan;
    enum cdn_audit_found found;
    const char *fault;

    ck_assert_int_eq(cdn_audit_log_open(&log, dir, &options, &key, &err), CORDON_OK);
    ck_assert_int_eq(cdn_audit_scan_open(&scan, dir, 1, &key, &fault, &err), CORDON_OK);
    for (uint64_t i = 1; i <= 3; i++) {
        ck_assert_int_eq(cdn_audit_scan_next(&found, &record, &scan, &key, &err),
                         CORDON_OK);
        ck_assert_int_eq(found, CDN_AUDIT_END);
        ck_assert(cdn_audit_log_add(&log, CORDON_AUDIT_NOTE, "\x80", 1));
        ck_assert_int_eq(cdn_audit_log_flush(&log, &err), CORDON_OK);
        ck_assert_int_eq(cdn_audit_scan_next(&found, &record, &scan, &key, &err),
                         CORDON_OK);
        ck_assert_int_eq(found, CDN_AUDIT_RECORD);
        ck_assert_uint_eq(record.frame.sequence, i);
    }
    cdn_audit_scan_close(&scan);
    cdn_audit_log_close(&log);
}
END_TEST

#ifdef CORDON_FAILALLOC
START_TEST(reading__survives_every_allocation_failure)
{
    struct cdn_audit_found_record record;
    struct cdn_audit_numbers numbers;
    struct cdn_audit_scan scan;
    enum cdn_audit_found found;
    const char *fault;

    make(3);
    CDN_UNIT_FAILALLOC(nth)
    {
        cordon_status status = cdn_audit_segments_list(&numbers, dir, &err);

        if (!status) {
            cdn_audit_numbers_deinit(&numbers);
            status = cdn_audit_scan_open(&scan, dir, 1, &key, &fault, &err);
        }
        if (!status) {
            status = cdn_audit_scan_next(&found, &record, &scan, &key, &err);
            cdn_audit_scan_close(&scan);
        }
        ck_assert_int_eq(status, cdn_failalloc_fired() ? CORDON_E_NOMEM : CORDON_OK);
    }
}
END_TEST
#endif

static Suite *suite(void)
{
    Suite *s = suite_create("audit_segment");
    TCase *c = tcase_create("audit_segment");

    tcase_add_checked_fixture(c, setup, teardown);
    tcase_add_test(c, name__is_read_back_and_nothing_else_is_one);
    tcase_add_test(c, key__is_made_of_a_files_bytes);
    tcase_add_test(c, header__shows_every_flipped_bit);
    tcase_add_test(c, scan__reads_the_whole_records_of_every_truncation);
    tcase_add_test(c, scan__finds_every_flipped_bit);
    tcase_add_test(c, resync__finds_the_next_whole_record);
    tcase_add_test(c, scan__sees_records_that_are_added_while_it_waits);
#ifdef CORDON_FAILALLOC
    tcase_add_test(c, reading__survives_every_allocation_failure);
#endif
    suite_add_tcase(s, c);
    return s;
}

CDN_UNIT_MAIN(suite)
