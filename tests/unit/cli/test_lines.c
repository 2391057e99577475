/* Lines of files and pipes: all of them, in bounded memory, and nothing held back. */
#include "support/unit.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "base/alloc.h"
#include "cli/lines.h"

static char folder[128];
static char path[160];

static void write_file(const void *bytes, size_t count)
{
    FILE *file;

    cdn_unit_folder(folder, sizeof(folder));
    snprintf(path, sizeof(path), "%s/lines", folder);
    file = fopen(path, "wb");
    ck_assert_ptr_nonnull(file);
    ck_assert_uint_eq(fwrite(bytes, 1, count, file), count);
    ck_assert_int_eq(fclose(file), 0);
}

static void remove_file(void)
{
    unlink(path);
    rmdir(folder);
}

static void check_next(struct cdn_lines *lines, const char *wanted)
{
    uint64_t before = lines->number;
    cordon_error err;
    bool got;

    ck_assert_int_eq(cdn_lines_next(lines, &got, &err), CORDON_OK);
    ck_assert_int_eq(got, wanted != NULL);
    if (!wanted)
        return;
    ck_assert(!lines->too_long);
    ck_assert_uint_eq(lines->number, before + 1);
    ck_assert_uint_eq(lines->text.length, strlen(wanted));
    ck_assert_str_eq(lines->text.data ? (const char *)lines->text.data : "", wanted);
}

START_TEST(next__gives_lines_with_their_numbers)
{
    static const char text[] = "one\n\nthree\r\nlast";
    struct cdn_lines lines;
    cordon_error err;

    write_file(text, strlen(text));
    ck_assert_int_eq(cdn_lines_open(&lines, path, &err), CORDON_OK);
    check_next(&lines, "one");
    check_next(&lines, "");
    check_next(&lines, "three\r");
    check_next(&lines, "last");
    check_next(&lines, NULL);
    check_next(&lines, NULL);
    cdn_lines_close(&lines);
    remove_file();
}
END_TEST

START_TEST(next__takes_a_byte_order_mark_off_the_first_line_alone)
{
    static const char text[] = "\xef\xbb\xbf{}\n\xef\xbb\xbf{}\n";
    struct cdn_lines lines;
    cordon_error err;

    write_file(text, strlen(text));
    ck_assert_int_eq(cdn_lines_open(&lines, path, &err), CORDON_OK);
    check_next(&lines, "{}");
    check_next(&lines, "\xef\xbb\xbf{}");
    cdn_lines_close(&lines);
    remove_file();
}
END_TEST

/* Lengths around the chunk and around the limit. */
static const size_t lengths[] = {
    1, 65535, 65536, 65537, CDN_LINE_MAX, CDN_LINE_MAX + 1, 3 * CDN_LINE_MAX};

START_TEST(next__skips_what_is_too_long_and_goes_on)
{
    size_t length = lengths[_i];
    char *text = malloc(length + 3);
    struct cdn_lines lines;
    cordon_error err;
    bool got;

    ck_assert_ptr_nonnull(text);
    memset(text, 'x', length);
    memcpy(text + length, "\ny", 3);
    write_file(text, length + 2);
    ck_assert_int_eq(cdn_lines_open(&lines, path, &err), CORDON_OK);
    ck_assert_int_eq(cdn_lines_next(&lines, &got, &err), CORDON_OK);
    ck_assert(got);
    ck_assert_int_eq(lines.too_long, length > CDN_LINE_MAX);
    ck_assert_uint_eq(lines.text.length, lines.too_long ? 0 : length);
    check_next(&lines, "y");
    ck_assert_uint_eq(lines.number, 2);
    check_next(&lines, NULL);
    ck_assert_uint_lt(lines.text.capacity, 4 * CDN_LINE_MAX);
    cdn_lines_close(&lines);
    remove_file();
    free(text);
}
END_TEST

struct pipe_end {
    int fd;
    int waited;
    bool stop;
};

/* What a caller does who sends the next line only after an answer. */
static void on_waiting(void *ud)
{
    struct pipe_end *end = ud;

    end->waited++;
    if (end->waited == 1)
        ck_assert_int_eq(write(end->fd, "two\nthree\nfo", 12), 12);
    else if (end->waited == 2)
        ck_assert_int_eq(write(end->fd, "ur\n", 3), 3);
    else
        end->stop = true;
}

static bool on_stopped(void *ud)
{
    struct pipe_end *end = ud;

    return end->stop;
}

START_TEST(next__tells_before_it_waits_and_only_then)
{
    struct cdn_lines lines;
    struct pipe_end end = {0};
    cordon_error err;
    bool got;

    cdn_unit_folder(folder, sizeof(folder));
    snprintf(path, sizeof(path), "%s/pipe", folder);
    ck_assert_int_eq(mkfifo(path, 0600), 0);
    end.fd = open(path, O_RDWR);
    ck_assert_int_ge(end.fd, 0);
    ck_assert_int_eq(write(end.fd, "one\n", 4), 4);
    ck_assert_int_eq(cdn_lines_open(&lines, path, &err), CORDON_OK);
    lines.waiting = on_waiting;
    lines.stopped = on_stopped;
    lines.ud = &end;
    check_next(&lines, "one");
    ck_assert_int_eq(end.waited, 0);
    check_next(&lines, "two");
    ck_assert_int_eq(end.waited, 1);
    check_next(&lines, "three");
    ck_assert_int_eq(end.waited, 1);
    check_next(&lines, "four"); /* half a line is there, the other half is not */
    ck_assert_int_eq(end.waited, 2);
    ck_assert_int_eq(cdn_lines_next(&lines, &got, &err), CORDON_E_INTERRUPTED);
    cdn_lines_close(&lines);
    close(end.fd);
    remove_file();
}
END_TEST

START_TEST(next__never_waits_for_a_file)
{
    struct cdn_lines lines;
    struct pipe_end end = {.waited = 10};
    cordon_error err;

    write_file("one\ntwo\n", 8);
    ck_assert_int_eq(cdn_lines_open(&lines, path, &err), CORDON_OK);
    lines.waiting = on_waiting;
    lines.ud = &end;
    check_next(&lines, "one");
    check_next(&lines, "two");
    check_next(&lines, NULL);
    ck_assert_int_eq(end.waited, 10);
    cdn_lines_close(&lines);
    remove_file();
}
END_TEST

START_TEST(open__names_what_it_cannot_read)
{
    struct cdn_lines lines;
    cordon_error err;

    cdn_unit_folder(folder, sizeof(folder));
    snprintf(path, sizeof(path), "%s/none", folder);
    ck_assert_int_eq(cdn_lines_open(&lines, path, &err), CORDON_E_NOTFOUND);
    ck_assert_ptr_nonnull(strstr(err.message, path));
    ck_assert_int_eq(cdn_lines_open(&lines, folder, &err), CORDON_E_DATA);
    ck_assert_ptr_nonnull(strstr(err.message, folder));
    ck_assert_ptr_nonnull(strstr(err.message, "is a folder"));
    rmdir(folder);
}
END_TEST

#ifdef CORDON_FAILALLOC
START_TEST(next__survives_every_allocation_failure)
{
    static char text[3000];

    memset(text, 'x', sizeof(text));
    write_file(text, sizeof(text));
    CDN_UNIT_FAILALLOC(nth)
    {
        struct cdn_lines lines;
        cordon_error err;
        cordon_status status = cdn_lines_open(&lines, path, &err);
        bool got;

        if (!status) {
            status = cdn_lines_next(&lines, &got, &err);
            cdn_lines_close(&lines);
        }
        ck_assert_int_eq(status, cdn_failalloc_fired() ? CORDON_E_NOMEM : CORDON_OK);
    }
    remove_file();
}
END_TEST
#endif

static Suite *suite(void)
{
    Suite *s = suite_create("lines");

    CDN_UNIT_CASE(s, next__gives_lines_with_their_numbers);
    CDN_UNIT_CASE(s, next__takes_a_byte_order_mark_off_the_first_line_alone);
    CDN_UNIT_LOOP(s, next__skips_what_is_too_long_and_goes_on, 0,
                  CDN_UNIT_COUNT(lengths));
    CDN_UNIT_CASE(s, next__tells_before_it_waits_and_only_then);
    CDN_UNIT_CASE(s, next__never_waits_for_a_file);
    CDN_UNIT_CASE(s, open__names_what_it_cannot_read);
#ifdef CORDON_FAILALLOC
    CDN_UNIT_CASE(s, next__survives_every_allocation_failure);
#endif
    return s;
}

CDN_UNIT_MAIN(suite)
