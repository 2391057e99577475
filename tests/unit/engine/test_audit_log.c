/* The writer: rotation, retention, and writes that fail. */
#include "auditing.h"

#include <errno.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/clock.h"

#define DAY INT64_C(86400000)

static char folder[128], dir[160];
static struct cdn_audit_log_options options;
static struct cdn_audit_log log_;
static struct cdn_audit_key key;

/* In place of libc's: fails so many times, and where `drops` is set the bytes from there on
 * are gone, as pages are that a system could not write. */
static int failing_syncs;
static off_t drops;

int fdatasync(int fd)
{
    struct stat info;

    if (!failing_syncs)
        return (int)syscall(SYS_fdatasync, fd);
    failing_syncs--;
    if (drops && !fstat(fd, &info)) {
        ck_assert_int_eq(ftruncate(fd, drops), 0);
        ck_assert_int_eq(ftruncate(fd, info.st_size), 0);
    }
    errno = EIO;
    return -1;
}

static void setup(void)
{
    cdn_unit_folder(folder, sizeof folder);
    (void)snprintf(dir, sizeof dir, "%s/audit", folder);
    options = (struct cdn_audit_log_options){4096, INT64_MAX, 0, 0, 0};
    memset(&log_, 0, sizeof log_);
    key = (struct cdn_audit_key){0};
}

static void teardown(void)
{
    auditing_remove(dir);
    rmdir(folder);
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

static void turn(int64_t now_ms)
{
    ck_assert_msg(!cdn_audit_log_turn(&log_, now_ms, &err), "%s", err.message);
}

/* Segments first to last, as one number a digit: "2345"; nothing beyond 9. */
static const char *segments(void)
{
    static char text[32];
    struct cdn_audit_numbers numbers;

    ck_assert_int_eq(cdn_audit_segments_list(&numbers, dir, &err), CORDON_OK);
    for (size_t i = 0; i < numbers.count; i++)
        text[i] = (char)('0' + numbers.items[i]);
    text[numbers.count] = '\0';
    cdn_audit_numbers_deinit(&numbers);
    return text;
}

START_TEST(turn__begins_a_segment_when_one_is_large)
{
    int64_t now = cdn_clock_wall_ms();

    open_log();
    turn(now);
    ck_assert_str_eq(segments(), "1");
    while (!cdn_audit_log_full(&log_)) {
        turn(now);
        ck_assert_str_eq(segments(), "1");
        add(1);
    }
    turn(now);
    ck_assert_str_eq(segments(), "12");
    turn(now);
    ck_assert_str_eq(segments(), "12");
    cdn_audit_log_close(&log_);
    auditing_sound(dir, NULL);
}
END_TEST

START_TEST(turn__begins_a_segment_when_one_is_old_and_not_empty)
{
    int64_t now = cdn_clock_wall_ms();

    options.segment_ms = (uint64_t)DAY;
    open_log();
    turn(now + 10 * DAY);
    ck_assert_str_eq(segments(), "1"); /* nothing in it */
    add(1);
    turn(now + DAY - 60000);
    ck_assert_str_eq(segments(), "1");
    turn(now + DAY + 60000);
    ck_assert_str_eq(segments(), "12");
    cdn_audit_log_close(&log_);
    auditing_sound(dir, NULL);
}
END_TEST

static void fill_segments(int count)
{
    for (int i = 0; i < count; i++) {
        while (!cdn_audit_log_full(&log_))
            add(1);
        turn(cdn_clock_wall_ms());
    }
}

START_TEST(retention__keeps_the_newest_segments)
{
    options.keep_segments = 3;
    open_log();
    fill_segments(6);
    ck_assert_str_eq(segments(), "567");
    ck_assert_uint_eq(log_.removed, 4);
    cdn_audit_log_close(&log_);
    auditing_sound(dir, NULL);
}
END_TEST

START_TEST(retention__keeps_as_many_bytes_as_said)
{
    options.keep_bytes = 12000; /* two of a little over 4096, not three */
    open_log();
    fill_segments(6);
    ck_assert_str_eq(segments(), "567");
    cdn_audit_log_close(&log_);
    auditing_sound(dir, NULL);
}
END_TEST

START_TEST(retention__keeps_as_long_as_said)
{
    int64_t now = cdn_clock_wall_ms();

    options.keep_ms = (uint64_t)(2 * DAY);
    open_log();
    for (int day = 0; day < 6; day++) {
        turn(now + day * DAY);
        while (!cdn_audit_log_full(&log_))
            add(1);
    }
    turn(now + 6 * DAY);
    ck_assert_str_eq(segments(), "4567");
    cdn_audit_log_close(&log_);
    auditing_sound(dir, NULL);
}
END_TEST

START_TEST(retention__follows_what_is_said_when_it_is_opened)
{
    open_log();
    fill_segments(4);
    cdn_audit_log_close(&log_);
    ck_assert_str_eq(segments(), "12345");
    options.keep_segments = 1;
    open_log();
    ck_assert_str_eq(segments(), "5");
    cdn_audit_log_close(&log_);
    auditing_sound(dir, NULL);
}
END_TEST

START_TEST(flush__that_fails_leaves_the_log_as_it_was)
{
    const struct rlimit small = {2500, RLIM_INFINITY},
                        large = {RLIM_INFINITY, RLIM_INFINITY};
    uint64_t sequence, offset;
    struct stat about;
    unsigned char bytes[2048] = {0x81, 0xa4, 'n', 'o', 't', 'e', 0xa3, 'e', 'n', 'd'};

    signal(SIGXFSZ, SIG_IGN);
    open_log();
    add(1);
    sequence = log_.sequence;
    offset = log_.offset;
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &small), 0);
    for (int i = 0; i < 3; i++) {
        ck_assert(cdn_audit_log_add(&log_, CORDON_AUDIT_NOTE, bytes, sizeof bytes));
        ck_assert_int_eq(cdn_audit_log_flush(&log_, &err), CORDON_E_IO);
        ck_assert_uint_eq(log_.sequence, sequence);
        ck_assert_uint_eq(log_.offset, offset);
        ck_assert_int_eq(fstat(log_.fd, &about), 0);
        ck_assert_uint_eq((uint64_t)about.st_size, offset); /* no reader finds a part */
    }
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &large), 0);
    add(2);
    cdn_audit_log_close(&log_);
    open_log();
    ck_assert_uint_eq(log_.torn_bytes, 0);
    ck_assert_uint_eq(log_.sequence, sequence + 1);
    cdn_audit_log_close(&log_);
    ck_assert_uint_eq(auditing_sound(dir, NULL), 2);
}
END_TEST

/* A sync that failed is not made good by one that has nothing left to do. */
START_TEST(sync__that_failed_is_not_believed_later)
{
    uint64_t sequence;

    failing_syncs = 0;
    open_log();
    add(1);
    ck_assert_int_eq(cdn_audit_log_sync(&log_, &err), CORDON_OK);
    drops = (off_t)log_.offset;
    add(2);
    add(3);
    failing_syncs = 1;
    ck_assert_int_eq(cdn_audit_log_sync(&log_, &err), CORDON_E_IO);
    ck_assert_int_eq(cdn_audit_log_sync(&log_, &err), CORDON_E_IO);
    ck_assert_ptr_nonnull(strstr(err.message, "dropped"));
    sequence = log_.sequence;
    turn(1); /* goes on in a segment of its own */
    add(4);
    ck_assert_int_eq(cdn_audit_log_sync(&log_, &err), CORDON_OK);
    ck_assert_uint_eq(log_.sequence, sequence + 1);
    ck_assert_str_eq(segments(), "12");
    cdn_audit_log_close(&log_);
    drops = 0;
}
END_TEST

START_TEST(sync__that_failed_is_made_good_by_writing_again)
{
    failing_syncs = 0;
    drops = 0;
    open_log();
    add(1);
    failing_syncs = 2;
    ck_assert_int_eq(cdn_audit_log_sync(&log_, &err), CORDON_E_IO);
    add(2);
    ck_assert_int_eq(cdn_audit_log_sync(&log_, &err), CORDON_E_IO);
    ck_assert_int_eq(cdn_audit_log_sync(&log_, &err), CORDON_OK);
    ck_assert(!log_.doubtful);
    ck_assert_uint_eq(log_.synced_to, log_.offset);
    cdn_audit_log_close(&log_);
    ck_assert_uint_eq(auditing_sound(dir, NULL), 2);
}
END_TEST

START_TEST(turn__that_fails_is_tried_again)
{
    struct stat info;

    open_log();
    while (!cdn_audit_log_full(&log_))
        add(1);
    if (geteuid() == 0) { /* who may do anything is not stopped by rights */
        char path[200];

        (void)snprintf(path, sizeof path, "%s/moved", folder);
        ck_assert_int_eq(rename(dir, path), 0);
        ck_assert_int_ne(cdn_audit_log_turn(&log_, 1, &err), CORDON_OK);
        ck_assert_int_ne(cdn_audit_log_turn(&log_, 1, &err), CORDON_OK);
        ck_assert_int_eq(rename(path, dir), 0);
    } else {
        ck_assert_int_eq(chmod(dir, 0500), 0);
        ck_assert_int_ne(cdn_audit_log_turn(&log_, 1, &err), CORDON_OK);
        ck_assert_int_ne(cdn_audit_log_turn(&log_, 1, &err), CORDON_OK);
        ck_assert_int_eq(chmod(dir, 0700), 0);
    }
    turn(1);
    add(2);
    ck_assert_str_eq(segments(), "12");
    cdn_audit_log_close(&log_);
    auditing_sound(dir, NULL);
    ck_assert_int_eq(stat(dir, &info), 0);
    ck_assert_uint_eq(info.st_mode & 0077, 0); /* nobody else may look */
    ck_assert_int_eq(stat(log_.path, &info), 0);
    ck_assert_uint_eq(info.st_mode & 0777, 0600);
}
END_TEST

START_TEST(note__is_read_back)
{
    unsigned char note[CDN_AUDIT_NOTE_BYTES];
    uint64_t value = 0;
    size_t length = cdn_audit_note(note, "recovered", INT64_MIN, "damaged_at",
                                   INT64_MAX, "torn_bytes", 3);

    ck_assert_uint_le(length, sizeof note);
    ck_assert(cdn_audit_note_is(note, length, "recovered", NULL, NULL));
    ck_assert(cdn_audit_note_is(note, length, "recovered", "torn_bytes", &value));
    ck_assert_uint_eq(value, 3);
    ck_assert(cdn_audit_note_is(note, length, "recovered", "damaged_at", &value));
    ck_assert_uint_eq(value, INT64_MAX);
    ck_assert(!cdn_audit_note_is(note, length, "recover", NULL, NULL));
    ck_assert(!cdn_audit_note_is(note, length, "recovered", "count", &value));
    for (size_t i = 0; i < length; i++)
        ck_assert(!cdn_audit_note_is(note, i, "recovered", "torn_bytes", &value));
}
END_TEST

#ifdef CORDON_FAILALLOC
START_TEST(log__survives_every_allocation_failure)
{
    options.keep_segments = 2;
    open_log();
    fill_segments(2);
    cdn_audit_log_close(&log_);
    CDN_UNIT_FAILALLOC(nth)
    {
        cordon_status status = cdn_audit_log_open(&log_, dir, &options, &key, &err);

        ck_assert_int_eq(status, cdn_failalloc_fired() ? CORDON_E_NOMEM : CORDON_OK);
        if (!status)
            cdn_audit_log_close(&log_);
    }
    auditing_sound(dir, NULL);
}
END_TEST
#endif

static Suite *suite(void)
{
    Suite *s = suite_create("audit_log");
    TCase *c = tcase_create("audit_log");

    tcase_add_checked_fixture(c, setup, teardown);
    tcase_add_test(c, turn__begins_a_segment_when_one_is_large);
    tcase_add_test(c, turn__begins_a_segment_when_one_is_old_and_not_empty);
    tcase_add_test(c, retention__keeps_the_newest_segments);
    tcase_add_test(c, retention__keeps_as_many_bytes_as_said);
    tcase_add_test(c, retention__keeps_as_long_as_said);
    tcase_add_test(c, retention__follows_what_is_said_when_it_is_opened);
    tcase_add_test(c, flush__that_fails_leaves_the_log_as_it_was);
    tcase_add_test(c, sync__that_failed_is_not_believed_later);
    tcase_add_test(c, sync__that_failed_is_made_good_by_writing_again);
    tcase_add_test(c, turn__that_fails_is_tried_again);
    tcase_add_test(c, note__is_read_back);
#ifdef CORDON_FAILALLOC
    tcase_add_test(c, log__survives_every_allocation_failure);
#endif
    suite_add_tcase(s, c);
    return s;
}

CDN_UNIT_MAIN(suite)
