/* Opening a log that was not closed: every place it can be torn or damaged at. */
#include "auditing.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>

static char folder[128], dir[160];
static struct cdn_audit_log_options options;
static struct cdn_audit_log log_;
static struct cdn_audit_key key;

static void setup(void)
{
    cdn_unit_folder(folder, sizeof folder);
    (void)snprintf(dir, sizeof dir, "%s/audit", folder);
    options = (struct cdn_audit_log_options){1 << 20, INT64_MAX, 0, 0, 0};
    memset(&log_, 0, sizeof log_);
    key = (struct cdn_audit_key){0};
}

static void teardown(void)
{
    auditing_remove(dir);
    auditing_remove(folder);
}

static void open_log(void)
{
    ck_assert_msg(!cdn_audit_log_open(&log_, dir, &options, &key, &err), "%s",
                  err.message);
}

static void add(uint64_t number)
{
    struct auditing_record record;
    unsigned char bytes[4096];
    size_t length =
        cdn_audit_record_encode(bytes, sizeof bytes, auditing_fill(&record, number));

    ck_assert(cdn_audit_log_add(&log_, CORDON_AUDIT_DECISION, bytes, length));
    ck_assert_msg(!cdn_audit_log_flush(&log_, &err), "%s", err.message);
}

/* A small record, so that there are few bytes to try: what it counts adds up in the report. */
static void add_small(uint64_t count)
{
    unsigned char note[CDN_AUDIT_NOTE_BYTES];
    size_t length = cdn_audit_note(note, "dropped", 1, "count", count, NULL, 0);

    ck_assert(cdn_audit_log_add(&log_, CORDON_AUDIT_NOTE, note, length));
    ck_assert_msg(!cdn_audit_log_flush(&log_, &err), "%s", err.message);
}

/* `count` records in one segment, which count 1, 10, 100 ...; ends[0] is where the header ends,
 * ends[i] the i-th record. */
static size_t make(unsigned char **bytes, size_t ends[], int count)
{
    uint64_t value = 1;

    open_log();
    ends[0] = log_.offset;
    for (int i = 0; i < count; i++, value *= 10) {
        add_small(value);
        ends[i + 1] = log_.offset;
    }
    cdn_audit_log_close(&log_);
    return auditing_read(bytes, dir, 1);
}

static cordon_audit_report sound_report(void)
{
    struct auditing_findings findings;
    cordon_audit_report report = auditing_verify(&findings, dir, NULL);

    ck_assert_msg(!report.findings, "%s", findings.text);
    return report;
}

START_TEST(recover__keeps_every_whole_record_of_a_torn_segment)
{
    static const uint64_t sums[] = {0, 1, 11, 111};
    unsigned char *bytes;
    size_t ends[4], size = make(&bytes, ends, 3);

    for (size_t at = ends[0]; at <= size; at++) {
        cordon_audit_report report;
        size_t whole = 0;

        while (whole < 3 && ends[whole + 1] <= at)
            whole++;
        auditing_write(dir, 1, bytes, at);
        open_log();
        ck_assert_uint_eq(log_.torn_bytes, at - ends[whole]);
        ck_assert(!log_.damaged);
        add_small(1000);
        cdn_audit_log_close(&log_);
        report = sound_report();
        ck_assert_uint_eq(report.records, whole + 1 + (at > ends[whole]));
        ck_assert_uint_eq(report.dropped, sums[whole] + 1000);
    }
    free(bytes);
}
END_TEST

/* What a write that reached the disk in part can leave: nulls, or something old. */
START_TEST(recover__cuts_rubbish_that_no_record_follows)
{
    unsigned char *bytes, *longer;
    size_t ends[4], size = make(&bytes, ends, 3);

    longer = calloc(1, size + 5000);
    for (int fill = 0; fill < 256; fill += 85) {
        memset(longer, fill, size + 5000);
        memcpy(longer, bytes, size);
        auditing_write(dir, 1, longer, size + 5000);
        open_log();
        ck_assert_uint_eq(log_.torn_bytes, 5000);
        ck_assert(!log_.damaged);
        cdn_audit_log_close(&log_);
        ck_assert_uint_eq(sound_report().dropped, 111);
    }
    free(longer);
    free(bytes);
}
END_TEST

START_TEST(recover__leaves_damage_alone_and_goes_on_behind_it)
{
    unsigned char *bytes, *after;
    struct auditing_findings findings;
    size_t ends[6], size = make(&bytes, ends, 5);

    /* anywhere in the second record, its length included */
    for (size_t at = ends[1]; at < ends[2]; at += at < ends[1] + 16 ? 1 : 5) {
        char path[512];

        auditing_path(path, sizeof path, dir, 2);
        unlink(path);
        bytes[at] ^= 0x20;
        auditing_write(dir, 1, bytes, size);
        open_log();
        ck_assert(log_.damaged);
        ck_assert_uint_eq(log_.torn_bytes, 0);
        ck_assert_uint_eq(log_.number, 2);
        ck_assert_uint_eq(log_.sequence, 6); /* five, and the note of this */
        add_small(5);
        cdn_audit_log_close(&log_);
        ck_assert_uint_eq(auditing_read(&after, dir, 1), size);
        ck_assert_int_eq(memcmp(after, bytes, size), 0);
        free(after);
        ck_assert_uint_eq(auditing_verify(&findings, dir, NULL).findings, 1);
        ck_assert_uint_eq(findings.segment, 1);
        ck_assert_uint_eq(findings.offset, ends[1]);
        bytes[at] ^= 0x20;
    }
    free(bytes);
}
END_TEST

START_TEST(recover__goes_on_behind_a_header_that_is_damaged)
{
    unsigned char *bytes;
    size_t ends[4], size = make(&bytes, ends, 3);

    bytes[20] ^= 1;
    auditing_write(dir, 1, bytes, size);
    open_log();
    ck_assert(log_.damaged);
    ck_assert_uint_eq(log_.number, 2);
    ck_assert_uint_eq(log_.sequence, 4);
    cdn_audit_log_close(&log_);
    free(bytes);
}
END_TEST

START_TEST(recover__refuses_a_segment_of_which_nothing_can_be_read)
{
    static const char rubbish[300] = "rubbish";

    open_log();
    cdn_audit_log_close(&log_);
    for (size_t size = 0; size <= sizeof rubbish; size += 75) {
        auditing_write(dir, 1, rubbish, size);
        ck_assert_int_eq(cdn_audit_log_open(&log_, dir, &options, &key, &err),
                         CORDON_E_CORRUPT);
        ck_assert_has(err.message, "move it away");
    }
}
END_TEST

START_TEST(recover__refuses_another_key_and_another_version)
{
    struct cdn_audit_key other = {.keyed = true, .bytes = "other", .check = 5};
    struct cdn_audit_header header;
    unsigned char *bytes;
    size_t ends[4], size = make(&bytes, ends, 1);

    ck_assert_int_eq(cdn_audit_log_open(&log_, dir, &options, &other, &err),
                     CORDON_E_INVALID);
    ck_assert_has(err.message, "was begun with no key");
    memcpy(&header, bytes, sizeof header);
    header.version = 2;
    header.checksum =
        cdn_hash_xxh3(&header, offsetof(struct cdn_audit_header, checksum));
    memcpy(bytes, &header, sizeof header);
    auditing_write(dir, 1, bytes, size);
    ck_assert_int_eq(cdn_audit_log_open(&log_, dir, &options, &key, &err),
                     CORDON_E_FORMAT);
    free(bytes);
    auditing_remove(dir);

    key = other;
    open_log();
    cdn_audit_log_close(&log_);
    other.check = 6;
    ck_assert_int_eq(cdn_audit_log_open(&log_, dir, &options, &other, &err),
                     CORDON_E_INVALID);
    ck_assert_has(err.message, "another key");
    other = (struct cdn_audit_key){0};
    ck_assert_int_eq(cdn_audit_log_open(&log_, dir, &options, &other, &err),
                     CORDON_E_INVALID);
    ck_assert_has(err.message, "begun with a key");
}
END_TEST

/* ---- killed at every step ---- */

struct fate {
    long left;
};

static void on_step(void *ud)
{
    struct fate *fate = ud;

    if (fate->left-- == 0)
        kill(getpid(), SIGKILL);
}

enum { STEPS_RECORDS = 15 };

/* Segments of about seven records, of which two are kept: each record is synced, and then
 * told to the parent by a byte. */
static void write_until_killed(long steps, int told)
{
    struct fate fate = {steps};

    log_.step = on_step;
    log_.ud = &fate;
    if (cdn_audit_log_open(&log_, dir, &options, &key, &err))
        _exit(3);
    for (uint64_t i = log_.sequence; i < STEPS_RECORDS; i++) {
        struct auditing_record record;
        unsigned char bytes[4096];
        size_t length =
            cdn_audit_record_encode(bytes, sizeof bytes, auditing_fill(&record, i));

        if (cdn_audit_log_turn(&log_, 1, &err) ||
            !cdn_audit_log_add(&log_, CORDON_AUDIT_DECISION, bytes, length) ||
            cdn_audit_log_flush(&log_, &err) || cdn_audit_log_sync(&log_, &err) ||
            write(told, "", 1) != 1)
            _exit(4);
    }
    _exit(0);
}

/* False: it was not killed.  *synced: the records it told of. */
static bool run_until_killed(long steps, uint64_t *synced)
{
    int ends[2], status;
    pid_t child;
    char byte;

    ck_assert_int_eq(pipe(ends), 0);
    child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0) {
        close(ends[0]);
        write_until_killed(steps, ends[1]);
    }
    close(ends[1]);
    *synced = 0;
    while (read(ends[0], &byte, 1) == 1)
        ++*synced;
    close(ends[0]);
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    if (WIFSIGNALED(status))
        return true;
    ck_assert_int_eq(WEXITSTATUS(status), 0);
    return false;
}

START_TEST(log__killed_at_every_step_keeps_what_was_synced)
{
    uint64_t numbers[100], notes, synced;
    long steps = 0;

    options.segment_bytes = 4096;
    options.keep_segments = 2;
    for (bool killed = true; killed; steps++) {
        size_t count;

        auditing_remove(dir);
        killed = run_until_killed(steps, &synced);
        open_log();
        add(1000);
        cdn_audit_log_close(&log_);
        auditing_sound(dir, NULL);
        count = auditing_numbers(numbers, 100, &notes, dir);
        ck_assert_uint_gt(count, 0);
        ck_assert_uint_eq(numbers[count - 1], 1000);
        /* retention takes from the front: the rest is the end of what was synced, and at
         * most one more that was written and not yet told of */
        for (size_t i = 1; i + 1 < count; i++)
            ck_assert_uint_gt(numbers[i], numbers[i - 1]);
        if (synced) {
            ck_assert_uint_ge(count, 2);
            ck_assert_uint_ge(numbers[count - 2], synced - 1);
        }
        if (synced < 5)
            ck_assert_uint_ge(count - 1, synced);
    }
    ck_assert_int_gt(steps, 40);
}
END_TEST

/* Killed again while it recovers from having been killed. */
START_TEST(recover__killed_at_every_step_can_be_repeated)
{
    unsigned char *bytes;
    size_t ends[4], size = make(&bytes, ends, 3);
    bool killed = true;

    for (long steps = 0; killed; steps++) {
        struct fate fate = {steps};
        pid_t child;
        int status;

        auditing_write(dir, 1, bytes, size - 1);
        child = fork();
        ck_assert_int_ge(child, 0);
        if (child == 0) {
            log_.step = on_step;
            log_.ud = &fate;
            _exit((int)cdn_audit_log_open(&log_, dir, &options, &key, NULL));
        }
        ck_assert_int_eq(waitpid(child, &status, 0), child);
        killed = WIFSIGNALED(status);
        open_log();
        cdn_audit_log_close(&log_);
        ck_assert_uint_eq(sound_report().dropped, 11);
    }
    free(bytes);
}
END_TEST

START_TEST(recover__begins_the_segment_that_a_crash_prevented)
{
    struct auditing_findings findings;
    char path[512];

    options.segment_bytes = 4096;
    open_log();
    while (!cdn_audit_log_full(&log_))
        add(1);
    ck_assert_int_eq(cdn_audit_log_turn(&log_, 1, &err), CORDON_OK);
    cdn_audit_log_close(&log_);
    auditing_path(path, sizeof path, dir, 2);
    ck_assert_int_eq(unlink(path), 0);
    ck_assert_uint_eq(auditing_verify(&findings, dir, NULL).findings, 1);
    ck_assert_has(findings.text, "segment 2 is missing");
    open_log();
    ck_assert_uint_eq(log_.number, 2);
    cdn_audit_log_close(&log_);
    auditing_sound(dir, NULL);
}
END_TEST

START_TEST(recover__removes_what_a_begin_left)
{
    char path[512];
    int fd;

    open_log();
    cdn_audit_log_close(&log_);
    (void)snprintf(path, sizeof path, "%s/0000000002.audit.tmp-0123456789abcdef", dir);
    fd = open(path, O_CREAT | O_WRONLY, 0600);
    ck_assert_int_ge(fd, 0);
    close(fd);
    open_log();
    cdn_audit_log_close(&log_);
    ck_assert_int_ne(access(path, F_OK), 0);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("audit_recover");
    TCase *c = tcase_create("audit_recover");

    tcase_add_checked_fixture(c, setup, teardown);
    tcase_add_test(c, recover__keeps_every_whole_record_of_a_torn_segment);
    tcase_add_test(c, recover__cuts_rubbish_that_no_record_follows);
    tcase_add_test(c, recover__leaves_damage_alone_and_goes_on_behind_it);
    tcase_add_test(c, recover__goes_on_behind_a_header_that_is_damaged);
    tcase_add_test(c, recover__refuses_a_segment_of_which_nothing_can_be_read);
    tcase_add_test(c, recover__refuses_another_key_and_another_version);
    tcase_add_test(c, log__killed_at_every_step_keeps_what_was_synced);
    tcase_add_test(c, recover__killed_at_every_step_can_be_repeated);
    tcase_add_test(c, recover__begins_the_segment_that_a_crash_prevented);
    tcase_add_test(c, recover__removes_what_a_begin_left);
    suite_add_tcase(s, c);
    return s;
}

CDN_UNIT_MAIN(suite)
