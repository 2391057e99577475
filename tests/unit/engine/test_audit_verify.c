/* The check of a whole log: every way of tampering with it that the chain is there for. */
#include "auditing.h"

static char folder[128], dir[160], key_file[160], other_key[160];
static struct auditing_findings findings;

static void write_text(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");

    ck_assert_ptr_nonnull(file);
    fputs(text, file);
    ck_assert_int_eq(fclose(file), 0);
}

static void setup(void)
{
    cdn_unit_folder(folder, sizeof folder);
    (void)snprintf(dir, sizeof dir, "%s/audit", folder);
    (void)snprintf(key_file, sizeof key_file, "%s/key", folder);
    (void)snprintf(other_key, sizeof other_key, "%s/other", folder);
    write_text(key_file, "0123456789abcdef0123456789abcdef");
    write_text(other_key, "0123456789abcdef0123456789abcdeg");
}

static void teardown(void)
{
    auditing_remove(dir);
    auditing_remove(folder);
}

/* Segments of about six decisions, so that `count` of them make count / 6. */
static void make(uint64_t count, bool keyed)
{
    cordon_audit_options options = CORDON_AUDIT_OPTIONS_INIT;
    cordon_audit *audit;

    options.segment_bytes = 4096;
    options.key_file = keyed ? key_file : NULL;
    audit = auditing_open(dir, &options);
    for (uint64_t i = 0; i < count; i++)
        ck_assert(auditing_offer(audit, i));
    ck_assert_int_eq(cordon_audit_close(audit, &err), CORDON_OK);
}

/* Where each record of segment 1 begins; the last is where the segment ends. */
static size_t offsets(uint64_t out[], size_t most)
{
    cordon_audit_entry entry = CORDON_AUDIT_ENTRY_INIT;
    cordon_audit_reader *reader;
    size_t count = 0;
    bool got;

    ck_assert_int_eq(cordon_audit_reader_open(&reader, dir, &err), CORDON_OK);
    while (!cordon_audit_reader_next(&entry, &got, reader, &err) && got) {
        if (entry.segment != 1)
            break;
        ck_assert_uint_lt(count + 1, most);
        out[count++] = entry.offset;
        out[count] = entry.offset + sizeof(struct cdn_audit_frame) + entry.record_bytes;
    }
    cordon_audit_reader_close(reader);
    return count;
}

static void found(uint64_t segment, uint64_t offset, const char *part)
{
    cordon_audit_report report = auditing_verify(&findings, dir, key_file);

    ck_assert_uint_gt(report.findings, 0);
    ck_assert_uint_eq(findings.segment, segment);
    ck_assert_uint_eq(findings.offset, offset);
    ck_assert_has(findings.text, part);
}

START_TEST(verify__counts_a_sound_log)
{
    cordon_audit_report report;

    make(20, true);
    report = auditing_verify(&findings, dir, key_file);
    ck_assert_uint_eq(report.findings, 0);
    ck_assert_uint_eq(report.decisions, 20);
    ck_assert_uint_eq(report.first_segment, 1);
    ck_assert_uint_eq(report.segments, report.last_segment);
    ck_assert_uint_gt(report.segments, 2);
    ck_assert_uint_eq(report.records, 20 + report.segments - 1); /* the notes "end" */
    ck_assert(report.keyed && report.chain_checked);
    report = auditing_verify(&findings, dir, NULL);
    ck_assert_uint_eq(report.findings, 0);
    ck_assert(report.keyed && !report.chain_checked);
}
END_TEST

START_TEST(verify__wants_the_right_key)
{
    cordon_audit_report report = CORDON_AUDIT_REPORT_INIT;

    make(3, true);
    ck_assert_int_eq(cordon_audit_verify(&report, dir, other_key, NULL, NULL, &err),
                     CORDON_E_INVALID);
    ck_assert_has(err.message, "not written with the key");
    auditing_remove(dir);
    make(3, false);
    ck_assert_int_eq(cordon_audit_verify(&report, dir, other_key, NULL, NULL, &err),
                     CORDON_E_INVALID);
    ck_assert_has(err.message, "has no key");
    ck_assert_uint_eq(auditing_sound(dir, NULL), 3);
    ck_assert_int_eq(cordon_audit_verify(&report, folder, NULL, NULL, NULL, &err),
                     CORDON_OK); /* a folder without segments */
    ck_assert_uint_eq(report.segments, 0);
    ck_assert_int_eq(cordon_audit_verify(&report, "/nowhere", NULL, NULL, NULL, &err),
                     CORDON_E_NOTFOUND);
}
END_TEST

START_TEST(verify__finds_every_flipped_byte_and_says_where)
{
    uint64_t at[16];
    unsigned char *bytes;
    size_t size, count, record = 0;

    make(2, true);
    count = offsets(at, 16);
    ck_assert_uint_eq(count, 2);
    size = auditing_read(&bytes, dir, 1);
    for (size_t i = 0; i < size; i++) {
        bytes[i] ^= (unsigned char)(1 << i % 8);
        auditing_write(dir, 1, bytes, size);
        while (record + 1 < count && i >= at[record + 1])
            record++;
        ck_assert_uint_gt(auditing_verify(&findings, dir, key_file).findings, 0);
        ck_assert_uint_eq(findings.segment, 1);
        ck_assert_uint_eq(findings.offset, i < at[0] ? 0 : at[record]);
        bytes[i] ^= (unsigned char)(1 << i % 8);
    }
    free(bytes);
}
END_TEST

/* Whoever tampers can compute every checksum, and without the key every hash but the right
 * one. */
static void forge(unsigned char *frame_at, const void *prev_hash)
{
    static const struct cdn_audit_key none;
    struct cdn_audit_frame frame;

    memcpy(&frame, frame_at, sizeof frame);
    cdn_audit_frame_seal(&frame, (cordon_audit_kind)frame.kind, frame.sequence,
                         frame_at + sizeof frame, frame.length, prev_hash, &none);
    memcpy(frame_at, &frame, sizeof frame);
}

START_TEST(verify__finds_a_record_that_was_changed_by_hand)
{
    uint64_t at[16];
    unsigned char *bytes, *place;
    size_t size;

    make(5, true);
    ck_assert_uint_eq(offsets(at, 16), 5);
    size = auditing_read(&bytes, dir, 1);
    place = memmem(bytes + at[2], at[3] - at[2], "review", 6);
    ck_assert_ptr_nonnull(place);
    memcpy(place, "accept", 6);
    forge(bytes + at[2], bytes + at[1] + offsetof(struct cdn_audit_frame, hash));
    auditing_write(dir, 1, bytes, size);
    found(1, at[2], "was changed");
    /* without the key the next record's hash is not looked at: what is it for, then? */
    ck_assert(!auditing_verify(&findings, dir, NULL).chain_checked);
    free(bytes);
}
END_TEST

START_TEST(verify__finds_a_record_that_is_missing)
{
    uint64_t at[16];
    unsigned char *bytes;
    size_t size;

    make(5, true);
    offsets(at, 16);
    size = auditing_read(&bytes, dir, 1);
    memmove(bytes + at[2], bytes + at[3], size - at[3]);
    auditing_write(dir, 1, bytes, size - (at[3] - at[2]));
    found(1, at[2], "not the next in order");
    free(bytes);
}
END_TEST

START_TEST(verify__finds_records_in_another_order)
{
    uint64_t at[16];
    unsigned char *bytes, *swapped;
    size_t size, first, second;

    make(5, true);
    offsets(at, 16);
    size = auditing_read(&bytes, dir, 1);
    swapped = cdn_unit_exact(bytes, size);
    first = at[2] - at[1];
    second = at[3] - at[2];
    memcpy(swapped + at[1], bytes + at[2], second);
    memcpy(swapped + at[1] + second, bytes + at[1], first);
    auditing_write(dir, 1, swapped, size);
    found(1, at[1], "not the next in order");
    /* with the sequences made to fit, and the checksums: then it is the chain */
    for (int i = 0; i < 2; i++) {
        unsigned char *frame = swapped + at[1] + (i ? second : 0);
        uint64_t sequence = 2 + (uint64_t)i;

        memcpy(frame + offsetof(struct cdn_audit_frame, sequence), &sequence,
               sizeof sequence);
        forge(frame, frame);
    }
    auditing_write(dir, 1, swapped, size);
    found(1, at[1], "the chain breaks");
    free(swapped);
    free(bytes);
}
END_TEST

START_TEST(verify__finds_records_cut_off_the_end)
{
    uint64_t at[16];
    unsigned char *bytes;
    size_t count;

    make(20, true);
    count = offsets(at, 16);
    auditing_read(&bytes, dir, 1);
    auditing_write(dir, 1, bytes, at[count - 2]); /* the note "end" and one more */
    found(2, 0, "records were removed from its end");
    auditing_write(dir, 1, bytes, at[count - 1] + 10);
    found(1, at[count - 1], "ends within a record");
    free(bytes);
}
END_TEST

static void remove_segment(uint64_t number)
{
    char path[512];

    auditing_path(path, sizeof path, dir, number);
    ck_assert_int_eq(unlink(path), 0);
}

START_TEST(verify__finds_segments_that_are_missing)
{
    uint64_t last;

    make(30, true);
    last = auditing_verify(&findings, dir, key_file).last_segment;
    ck_assert_uint_gt(last, 4);
    remove_segment(3);
    found(3, 0, "segment 3 is missing");
    auditing_remove(dir);

    make(30, true);
    remove_segment(1);
    remove_segment(2);
    found(1, 0, "segments 1 to 2 are missing, and no note");
    auditing_remove(dir);

    make(30, true);
    remove_segment(last);
    found(last, 0, "is missing: the one before it ends by naming it");
}
END_TEST

START_TEST(verify__finds_segments_that_changed_places)
{
    unsigned char *second, *third;
    size_t second_size, third_size;

    make(30, true);
    second_size = auditing_read(&second, dir, 2);
    third_size = auditing_read(&third, dir, 3);
    auditing_write(dir, 2, third, third_size);
    auditing_write(dir, 3, second, second_size);
    found(2, 0, "the name of another segment");
    free(second);
    free(third);
}
END_TEST

/* A segment of the same number and sequence from another log of the same key. */
START_TEST(verify__finds_a_segment_of_another_log)
{
    unsigned char *bytes;
    size_t size;

    make(30, true);
    size = auditing_read(&bytes, dir, 2);
    auditing_remove(dir);
    make(31, true);
    auditing_write(dir, 2, bytes, size);
    ck_assert_uint_gt(auditing_verify(&findings, dir, key_file).findings, 0);
    ck_assert_has(findings.text, "the chain breaks between");
    free(bytes);
}
END_TEST

START_TEST(verify__knows_what_retention_removed)
{
    cordon_audit_options options = CORDON_AUDIT_OPTIONS_INIT;
    cordon_audit_report report;
    cordon_audit *audit;

    options.segment_bytes = 4096;
    options.keep_segments = 2;
    options.key_file = key_file;
    audit = auditing_open(dir, &options);
    for (uint64_t i = 0; i < 40; i++)
        ck_assert(auditing_offer(audit, i));
    ck_assert_int_eq(cordon_audit_close(audit, &err), CORDON_OK);
    auditing_sound(dir, key_file);
    report = auditing_verify(&findings, dir, key_file);
    ck_assert_uint_gt(report.first_segment, 3);
    remove_segment(report.first_segment);
    found(report.first_segment, 0, "no note of the chain says that retention");
}
END_TEST

START_TEST(verify__takes_a_log_that_is_being_written_to)
{
    cordon_audit_options options = CORDON_AUDIT_OPTIONS_INIT;
    cordon_audit_report report;
    cordon_audit *audit;
    char path[512];
    FILE *file;

    options.key_file = key_file;
    audit = auditing_open(dir, &options);
    ck_assert(auditing_offer(audit, 1));
    ck_assert_int_eq(cordon_audit_drain(audit, &err), CORDON_OK);
    /* as if a write were half way: the writer's next goes over it */
    auditing_path(path, sizeof path, dir, 1);
    file = fopen(path, "a");
    fputs("CDRC", file);
    ck_assert_int_eq(fclose(file), 0);
    report = auditing_verify(&findings, dir, key_file);
    ck_assert_uint_eq(report.findings, 0);
    ck_assert_uint_eq(report.open_bytes, 4);
    ck_assert(auditing_offer(audit, 2));
    ck_assert_int_eq(cordon_audit_close(audit, &err), CORDON_OK);
    ck_assert_uint_eq(auditing_sound(dir, key_file), 2);
}
END_TEST

#ifdef CORDON_FAILALLOC
START_TEST(verify__survives_every_allocation_failure)
{
    make(8, true);
    CDN_UNIT_FAILALLOC(nth)
    {
        cordon_audit_report report = CORDON_AUDIT_REPORT_INIT;
        cordon_status status =
            cordon_audit_verify(&report, dir, key_file, NULL, NULL, &err);

        ck_assert_int_eq(status, cdn_failalloc_fired() ? CORDON_E_NOMEM : CORDON_OK);
        ck_assert_uint_eq(report.findings, 0);
    }
}
END_TEST
#endif

static Suite *suite(void)
{
    Suite *s = suite_create("audit_verify");
    TCase *c = tcase_create("audit_verify");

    tcase_add_checked_fixture(c, setup, teardown);
    tcase_add_test(c, verify__counts_a_sound_log);
    tcase_add_test(c, verify__wants_the_right_key);
    tcase_add_test(c, verify__finds_every_flipped_byte_and_says_where);
    tcase_add_test(c, verify__finds_a_record_that_was_changed_by_hand);
    tcase_add_test(c, verify__finds_a_record_that_is_missing);
    tcase_add_test(c, verify__finds_records_in_another_order);
    tcase_add_test(c, verify__finds_records_cut_off_the_end);
    tcase_add_test(c, verify__finds_segments_that_are_missing);
    tcase_add_test(c, verify__finds_segments_that_changed_places);
    tcase_add_test(c, verify__finds_a_segment_of_another_log);
    tcase_add_test(c, verify__knows_what_retention_removed);
    tcase_add_test(c, verify__takes_a_log_that_is_being_written_to);
#ifdef CORDON_FAILALLOC
    tcase_add_test(c, verify__survives_every_allocation_failure);
#endif
    suite_add_tcase(s, c);
    return s;
}

CDN_UNIT_MAIN(suite)
