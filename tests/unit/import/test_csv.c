/* CSV: what RFC 4180 says, what it leaves open, and what hostile files try. */
#include "support/unit.h"

#include <zlib.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/error.h"
#include "import/csv.h"

static const struct cdn_csv_dialect RFC = {',', '"', true};
static const struct cdn_csv_dialect PIPES = {'|', '\0', true};

/* Everything a reader finds, one line a row: fields in [], faults as "!line: reason". */
static void show(struct cdn_buf *out, struct cdn_csv *csv)
{
    for (;;) {
        enum cdn_csv_event event;
        struct cdn_csv_row row;
        cordon_error err;

        ck_assert_int_eq(cdn_csv_next(csv, &event, &row, &err), CORDON_OK);
        if (event == CDN_CSV_END)
            return;
        cdn_buf_printf(out, "%llu", (unsigned long long)row.line);
        if (event == CDN_CSV_FAULT) {
            cdn_buf_text(out, "!");
        } else {
            for (uint32_t i = 0; i < row.count; i++) {
                cdn_buf_text(out, "[");
                cdn_buf_append(out, row.fields[i].text, row.fields[i].bytes);
                cdn_buf_text(out, "]");
            }
        }
        cdn_buf_text(out, ";");
    }
}

static char *read_all(const char *text, size_t bytes, size_t buffer,
                      const struct cdn_csv_dialect *dialect)
{
    struct cdn_buf out = {0};
    void *exact = cdn_unit_exact(text, bytes);
    struct cdn_csv *csv;
    cordon_error err;

    ck_assert_int_eq(cdn_csv_open_memory(&csv, exact, bytes, buffer, dialect, &err),
                     CORDON_OK);
    cdn_buf_text(&out, "");
    show(&out, csv);
    cdn_csv_close(csv);
    free(exact);
    ck_assert(!out.failed);
    return (char *)out.data;
}

struct sample {
    const char *text;
    const char *rows; /* as show() writes them */
};

static const struct sample QUOTED[] = {
    {"", ""},
    {"a,b\n1,2\n", "1[a][b];2[1][2];"},
    {"a,b\n1,2", "1[a][b];2[1][2];"},
    {"a,b\r\n1,2\r\n", "1[a][b];2[1][2];"},
    {"a,b\r\n1,2\r\n\r\n", "1[a][b];2[1][2];"},
    {"\n\n\na\n", "4[a];"},
    {",\n", "1[][];"},
    {",,\n,", "1[][][];2[][];"},
    {" a , b \n", "1[ a ][ b ];"},
    {"\"a\",b\n", "1[a][b];"},
    {"\" a \",\"\"\n", "1[ a ][];"},
    {"\"a,b\",c\n", "1[a,b][c];"},
    {"\"say \"\"x\"\"\",c\n", "1[say \"x\"][c];"},
    {"\"two\nlines\",c\nd,e\n", "1[two\nlines][c];3[d][e];"},
    {"\"two\r\nlines\",c\r\nd,e\r\n", "1[two\r\nlines][c];3[d][e];"},
    {"x,\"a\"", "1[x][a];"},
    {"\"a\"\n\"b\"\n\"c\"", "1[a];2[b];3[c];"},
    {"a,\"\n\n\n\",b\nc,d,e\n", "1[a][\n\n\n][b];5[c][d][e];"},
    {"\xef\xbb\xbf"
     "a,b\n",
     "1[a][b];"},
    {"\xef\xbb\xbf\"a\",b\n", "1[a][b];"},
    /* a quote out of place costs its row, not the next */
    {"5\" disk,x\ny,z\n", "1!;2[y][z];"},
    {"\"a\"b,c\ny,z\n", "1!;2[y][z];"},
    {"\"a\" ,c\ny,z\n", "1!;2[y][z];"},
    {"a,\"b\nc\"d\ny,z\n", "1!;3[y][z];"},
    {"ok\na,\"never closed\nx,y\n", "1[ok];2!;"},
    {"\"", "1!;"},
    {"\"\"\"", "1!;"},
    /* a carriage return that ends nothing */
    {"a\rb,c\nd\n", "1!;2[d];"},
    {"\"a\"\r\"b\"\nd\n", "1!;2[d];"},
    {"a\r", "1!;"},
    {"a,\r\r\nb\n", "1!;2[b];"},
};

static const struct sample UNQUOTED[] = {
    {"a|b\n\"1|2\"\n", "1[a][b];2[\"1][2\"];"},
    {"it's \"so\"|b\r\n", "1[it's \"so\"][b];"},
    {"a,b|c\n", "1[a,b][c];"},
    {"|\n", "1[][];"},
    {"a\rb|c\nd\n", "1!;2[d];"},
};

START_TEST(next__reads_rows_with_every_size_of_buffer)
{
    const struct sample *sample = &QUOTED[_i];

    for (size_t buffer = 3; buffer < 40; buffer++) {
        char *rows = read_all(sample->text, strlen(sample->text), buffer, &RFC);

        ck_assert_msg(!strcmp(rows, sample->rows), "buffer %zu: '%s', not '%s'", buffer,
                      rows, sample->rows);
        cdn_free(rows);
    }
}
END_TEST

START_TEST(next__leaves_quotes_alone_where_there_is_no_quoting)
{
    const struct sample *sample = &UNQUOTED[_i];

    for (size_t buffer = 1; buffer < 40; buffer++) {
        char *rows = read_all(sample->text, strlen(sample->text), buffer, &PIPES);

        ck_assert_str_eq(rows, sample->rows);
        cdn_free(rows);
    }
}
END_TEST

START_TEST(next__passes_zero_bytes_on)
{
    enum cdn_csv_event event;
    struct cdn_csv_row row;
    struct cdn_csv *csv;

    ck_assert_int_eq(cdn_csv_open_memory(&csv, "a\0b,\"c\0d\"\n", 10, 0, &RFC, NULL),
                     CORDON_OK);
    ck_assert_int_eq(cdn_csv_next(csv, &event, &row, NULL), CORDON_OK);
    ck_assert_int_eq(event, CDN_CSV_ROW);
    ck_assert_uint_eq(row.count, 2);
    ck_assert_mem_eq(row.fields[0].text, "a\0b", 3);
    ck_assert_uint_eq(row.fields[1].bytes, 3);
    ck_assert_mem_eq(row.fields[1].text, "c\0d", 3);
    cdn_csv_close(csv);
}
END_TEST

START_TEST(next__gives_up_a_row_without_end_and_reads_on)
{
    for (int quoted = 0; quoted < 2; quoted++) {
        size_t bytes = CDN_CSV_MAX_ROW_BYTES * 2 + 4096;
        char *text = malloc(bytes);
        struct cdn_csv *csv;
        struct cdn_buf out = {0};

        ck_assert_ptr_nonnull(text);
        memset(text, 'x', bytes);
        memcpy(text, quoted ? "a\n\"" : "a\n,", 3);
        memcpy(text + bytes - 5, "\nb,c\n", 5);
        ck_assert_int_eq(cdn_csv_open_memory(&csv, text, bytes, 0, &RFC, NULL),
                         CORDON_OK);
        show(&out, csv);
        ck_assert_str_eq((char *)out.data, "1[a];2!;3[b][c];");
        cdn_csv_close(csv);
        cdn_buf_deinit(&out);
        free(text);
    }
}
END_TEST

START_TEST(next__counts_the_lines_of_a_row_without_end)
{
    size_t bytes = CDN_CSV_MAX_ROW_BYTES + CDN_CSV_MAX_ROW_BYTES / 2;
    char *text = malloc(bytes);
    struct cdn_csv *csv;
    enum cdn_csv_event event;
    struct cdn_csv_row row;
    uint64_t lines = 0;

    ck_assert_ptr_nonnull(text);
    memset(text, 'x', bytes);
    for (size_t i = 15; i < bytes; i += 16)
        text[i] = '\n';
    text[0] = '"';
    text[bytes - 1] = '\n';
    ck_assert_int_eq(cdn_csv_open_memory(&csv, text, bytes, 0, &RFC, NULL), CORDON_OK);
    ck_assert_int_eq(cdn_csv_next(csv, &event, &row, NULL), CORDON_OK);
    ck_assert_int_eq(event, CDN_CSV_FAULT);
    ck_assert_uint_eq(row.line, 1);
    cordon_status status;
    do {
        lines = row.line;
        status = cdn_csv_next(csv, &event, &row, NULL);
    } while (!status && event == CDN_CSV_ROW);
    ck_assert_int_eq(status, CORDON_OK);
    ck_assert_int_eq(event, CDN_CSV_END);
    ck_assert_uint_eq(lines, bytes / 16);
    cdn_csv_close(csv);
    free(text);
}
END_TEST

START_TEST(next__refuses_more_fields_than_a_row_can_have)
{
    size_t bytes = CDN_CSV_MAX_FIELDS + 8;
    char *text = malloc(bytes);

    ck_assert_ptr_nonnull(text);
    for (int quoted = 0; quoted < 2; quoted++) {
        char *rows;

        memset(text, ',', bytes);
        if (quoted)
            memcpy(text, "\"\"", 2);
        memcpy(text + bytes - 3, "\nb\n", 3);
        rows = read_all(text, bytes, 0, &RFC);
        ck_assert_str_eq(rows, "1!;2[b];");
        cdn_free(rows);
    }
    free(text);
}
END_TEST

START_TEST(open__refuses_utf16)
{
    struct cdn_csv *csv;
    cordon_error err;

    ck_assert_int_eq(cdn_csv_open_memory(&csv,
                                         "\xff\xfe"
                                         "a\0",
                                         4, 0, &RFC, &err),
                     CORDON_E_DATA);
    ck_assert_ptr_nonnull(strstr(err.message, "UTF-16"));
    ck_assert_ptr_null(csv);
}
END_TEST

START_TEST(open__says_which_file_is_missing)
{
    struct cdn_csv *csv;
    cordon_error err;

    ck_assert_int_eq(cdn_csv_open(&csv, "/nonexistent/x.csv", &RFC, &err),
                     CORDON_E_NOTFOUND);
    ck_assert_ptr_nonnull(strstr(err.message, "/nonexistent/x.csv"));
    ck_assert_ptr_null(csv);
}
END_TEST

START_TEST(open__refuses_a_folder)
{
    struct cdn_csv *csv;
    cordon_error err;

    ck_assert_int_ne(cdn_csv_open(&csv, "/tmp", &RFC, &err), CORDON_OK);
    ck_assert_ptr_null(csv);
}
END_TEST

START_TEST(open__reads_a_file_and_names_it_where_it_is_damaged)
{
    char folder[128];
    char path[160];
    struct cdn_buf out = {0};
    struct cdn_csv *csv;
    gzFile gz;
    cordon_error err;

    cdn_unit_folder(folder, sizeof(folder));
    snprintf(path, sizeof(path), "%s/rows.csv.gz", folder);
    gz = gzopen(path, "wb");
    ck_assert_ptr_nonnull(gz);
    ck_assert_int_gt(gzputs(gz, "a,b\n1,2\n"), 0);
    ck_assert_int_eq(gzclose(gz), Z_OK);
    ck_assert_int_eq(cdn_csv_open(&csv, path, &RFC, &err), CORDON_OK);
    show(&out, csv);
    ck_assert_str_eq((char *)out.data, "1[a][b];2[1][2];");
    ck_assert_uint_gt(cdn_csv_offset(csv), 20);
    cdn_csv_close(csv);
    cdn_buf_deinit(&out);
    ck_assert_int_eq(truncate(path, 12), 0);
    ck_assert_int_eq(cdn_csv_open(&csv, path, &RFC, &err), CORDON_E_DATA);
    ck_assert_ptr_nonnull(strstr(err.message, path));
    ck_assert_ptr_nonnull(strstr(err.message, "not whole"));
    unlink(path);
    rmdir(folder);
}
END_TEST

#ifdef CORDON_FAILALLOC
START_TEST(next__survives_every_allocation_failure)
{
    static const char TEXT[] =
        "a,b\n\"x\ny\",\"a rather long field, quoted\"\nlast,one\n";
    int failures = 0;

    CDN_UNIT_FAILALLOC(nth)
    {
        struct cdn_csv *csv;
        enum cdn_csv_event event = CDN_CSV_ROW;
        struct cdn_csv_row row;
        cordon_status status =
            cdn_csv_open_memory(&csv, TEXT, strlen(TEXT), 4, &RFC, NULL);

        while (!status && event != CDN_CSV_END)
            status = cdn_csv_next(csv, &event, &row, NULL);
        /* libcsv asks for less where it cannot get as much as it would like */
        ck_assert(status == CORDON_OK ||
                  (status == CORDON_E_NOMEM && cdn_failalloc_fired()));
        failures += status == CORDON_E_NOMEM;
        cdn_csv_close(csv);
    }
    ck_assert_int_ge(failures, 4);
}
END_TEST
#endif

static Suite *suite(void)
{
    Suite *s = suite_create("csv");

    CDN_UNIT_LOOP(s, next__reads_rows_with_every_size_of_buffer, 0,
                  CDN_UNIT_COUNT(QUOTED));
    CDN_UNIT_LOOP(s, next__leaves_quotes_alone_where_there_is_no_quoting, 0,
                  CDN_UNIT_COUNT(UNQUOTED));
    CDN_UNIT_CASE(s, next__passes_zero_bytes_on);
    CDN_UNIT_CASE(s, next__gives_up_a_row_without_end_and_reads_on);
    CDN_UNIT_CASE(s, next__counts_the_lines_of_a_row_without_end);
    CDN_UNIT_CASE(s, next__refuses_more_fields_than_a_row_can_have);
    CDN_UNIT_CASE(s, open__refuses_utf16);
    CDN_UNIT_CASE(s, open__says_which_file_is_missing);
    CDN_UNIT_CASE(s, open__refuses_a_folder);
    CDN_UNIT_CASE(s, open__reads_a_file_and_names_it_where_it_is_damaged);
#ifdef CORDON_FAILALLOC
    CDN_UNIT_CASE(s, next__survives_every_allocation_failure);
#endif
    return s;
}

CDN_UNIT_MAIN(suite)
