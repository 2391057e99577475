/* Files: plain, gz, gz of many members, and everything that is not whole. */
#include "support/unit.h"

#include <sys/stat.h>
#include <zlib.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/error.h"
#include "import/stream.h"

static char folder[128];
static char path[160];

static void begin(void)
{
    cdn_unit_folder(folder, sizeof(folder));
    snprintf(path, sizeof(path), "%s/file", folder);
}

static void end(void)
{
    unlink(path);
    rmdir(folder);
}

/* Put the bytes at the file's end: as they are, or as one gz member. */
static void append(const void *bytes, size_t count, bool gz)
{
    if (gz) {
        gzFile file = gzopen(path, "ab");

        ck_assert_ptr_nonnull(file);
        if (count)
            ck_assert_int_eq(gzwrite(file, bytes, (unsigned int)count), (int)count);
        ck_assert_int_eq(gzclose(file), Z_OK);
    } else {
        FILE *file = fopen(path, "ab");

        ck_assert_ptr_nonnull(file);
        ck_assert_uint_eq(fwrite(bytes, 1, count, file), count);
        ck_assert_int_eq(fclose(file), 0);
    }
}

static void append_text(const char *text, bool gz)
{
    append(text, strlen(text), gz);
}

static cordon_status read_all(struct cdn_buf *out, size_t room, cordon_error *err)
{
    struct cdn_stream *stream;
    cordon_status status = cdn_stream_open(&stream, path, err);
    struct stat about;
    size_t got = 1;

    cdn_buf_clear(out);
    if (status)
        return status;
    while (!status && got) {
        ck_assert(cdn_buf_reserve(out, room));
        status = cdn_stream_read(stream, out->data + out->length, room, &got, err);
        ck_assert_uint_le(got, room);
        out->length += got;
    }
    if (!status) {
        ck_assert_int_eq(stat(path, &about), 0);
        ck_assert_uint_eq(cdn_stream_offset(stream), (uint64_t)about.st_size);
    }
    cdn_stream_close(stream);
    return status;
}

static void check_all(const char *wanted)
{
    static const size_t ROOMS[] = {1, 2, 7, 4096};
    struct cdn_buf out = {0};

    for (size_t i = 0; i < sizeof(ROOMS) / sizeof(ROOMS[0]); i++) {
        cordon_error err;

        ck_assert_int_eq(read_all(&out, ROOMS[i], &err), CORDON_OK);
        ck_assert_uint_eq(out.length, strlen(wanted));
        if (out.length)
            ck_assert_mem_eq(out.data, wanted, out.length);
    }
    cdn_buf_deinit(&out);
}

static void check_refused(const char *why)
{
    struct cdn_buf out = {0};
    cordon_error err;

    ck_assert_int_eq(read_all(&out, 4096, &err), CORDON_E_DATA);
    ck_assert_msg(strstr(err.message, why), "'%s' lacks '%s'", err.message, why);
    cdn_buf_deinit(&out);
}

START_TEST(read__gives_a_plain_file_as_it_is)
{
    static const char *const TEXTS[] = {"", "x", "\x1f", "a,b\n1,2\n", "\x1f\x8a\n"};

    begin();
    append_text(TEXTS[_i], false);
    check_all(TEXTS[_i]);
    end();
}
END_TEST

START_TEST(read__joins_the_members_of_a_gz_file)
{
    begin();
    append_text("a,b\n1,", true);
    check_all("a,b\n1,");
    append_text("2\n", true);
    append_text("", true);
    append_text("3,4\n", true);
    check_all("a,b\n1,2\n3,4\n");
    append("\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 18, false);
    check_all("a,b\n1,2\n3,4\n");
    end();
}
END_TEST

START_TEST(read__gives_an_empty_gz_file_as_empty)
{
    begin();
    append_text("", true);
    append_text("", true);
    check_all("");
    end();
}
END_TEST

START_TEST(read__refuses_what_follows_the_compressed_data)
{
    static const struct {
        const char *bytes;
        size_t count;
    } TAILS[] = {{"2,3\n3,4\n", 8}, {"\x1f", 1}, {"\0\0x", 3}, {"\0\x1f\x8b\x08", 4}};

    begin();
    append_text("id,v\n1,2\n", true);
    append(TAILS[_i].bytes, TAILS[_i].count, false);
    check_refused("but the file goes on with something that is not gz");
    end();
}
END_TEST

START_TEST(read__refuses_a_second_member_that_is_not_one)
{
    begin();
    append_text("id,v\n1,2\n", true);
    append("\x1f\x8b\x08nonsense", 11, false);
    check_refused("damaged");
    end();
}
END_TEST

/* Many rows, which compress to several of the reader's buffers in the tiny build. */
static void append_rows(void)
{
    struct cdn_buf text = {0};

    for (int i = 0; i < 5000; i++)
        cdn_buf_printf(&text, "%d,%d\n", i, i * 7919 % 5003);
    ck_assert(!text.failed);
    append(text.data, text.length, true);
    cdn_buf_deinit(&text);
}

START_TEST(read__refuses_gz_that_is_cut_short)
{
    begin();
    append_rows();
    ck_assert_int_eq(truncate(path, 3000), 0);
    check_refused("not whole");
    append_rows();
    check_refused("damaged");
    end();
}
END_TEST

START_TEST(read__refuses_gz_that_is_cut_anywhere)
{
    struct stat about;

    begin();
    append_text("a,b\n1,2\n", true);
    ck_assert_int_eq(stat(path, &about), 0);
    for (off_t keep = about.st_size - 1; keep >= 2; keep--) {
        ck_assert_int_eq(truncate(path, keep), 0);
        check_refused("not whole");
    }
    end();
}
END_TEST

START_TEST(read__refuses_gz_that_is_damaged)
{
    FILE *file;
    int byte;

    begin();
    append_rows();
    file = fopen(path, "r+b");
    ck_assert_ptr_nonnull(file);
    ck_assert_int_eq(fseek(file, 3000, SEEK_SET), 0);
    byte = fgetc(file);
    ck_assert_int_eq(fseek(file, 3000, SEEK_SET), 0);
    fputc(byte ^ 0x55, file);
    ck_assert_int_eq(fclose(file), 0);
    check_refused("damaged");
    end();
}
END_TEST

START_TEST(open__refuses_what_is_no_regular_file_and_waits_for_nobody)
{
    struct cdn_stream *stream;
    cordon_error err;

    begin();
    ck_assert_int_eq(cdn_stream_open(&stream, path, &err), CORDON_E_NOTFOUND);
    ck_assert_ptr_nonnull(strstr(err.message, path));
    ck_assert_ptr_null(stream);
    ck_assert_int_eq(cdn_stream_open(&stream, folder, &err), CORDON_E_DATA);
    ck_assert_ptr_nonnull(strstr(err.message, "is a folder"));
    ck_assert_int_eq(mkfifo(path, 0600), 0);
    ck_assert_int_eq(cdn_stream_open(&stream, path, &err), CORDON_E_DATA);
    ck_assert_ptr_nonnull(strstr(err.message, "is a pipe, not a regular file"));
    ck_assert_ptr_null(stream);
    end();
}
END_TEST

#ifdef CORDON_FAILALLOC
START_TEST(open__survives_every_allocation_failure)
{
    int failures = 0;

    begin();
    append_text("a,b\n", true);
    append_text("1,2\n", true);
    CDN_UNIT_FAILALLOC(nth)
    {
        struct cdn_stream *stream;
        cordon_error err;
        cordon_status status = cdn_stream_open(&stream, path, &err);
        char bytes[16];
        size_t got = 1;

        while (!status && got)
            status = cdn_stream_read(stream, bytes, sizeof(bytes), &got, &err);
        ck_assert_int_eq(status, cdn_failalloc_fired() ? CORDON_E_NOMEM : CORDON_OK);
        failures += status == CORDON_E_NOMEM;
        cdn_stream_close(stream);
    }
    ck_assert_int_ge(failures, 3);
    end();
}
END_TEST
#endif

static Suite *suite(void)
{
    Suite *s = suite_create("stream");

    CDN_UNIT_LOOP(s, read__gives_a_plain_file_as_it_is, 0, 5);
    CDN_UNIT_CASE(s, read__joins_the_members_of_a_gz_file);
    CDN_UNIT_CASE(s, read__gives_an_empty_gz_file_as_empty);
    CDN_UNIT_LOOP(s, read__refuses_what_follows_the_compressed_data, 0, 4);
    CDN_UNIT_CASE(s, read__refuses_a_second_member_that_is_not_one);
    CDN_UNIT_CASE(s, read__refuses_gz_that_is_cut_short);
    CDN_UNIT_CASE(s, read__refuses_gz_that_is_cut_anywhere);
    CDN_UNIT_CASE(s, read__refuses_gz_that_is_damaged);
    CDN_UNIT_CASE(s, open__refuses_what_is_no_regular_file_and_waits_for_nobody);
#ifdef CORDON_FAILALLOC
    CDN_UNIT_CASE(s, open__survives_every_allocation_failure);
#endif
    return s;
}

CDN_UNIT_MAIN(suite)
