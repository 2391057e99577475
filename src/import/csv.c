/* Reading CSV: a plain scanner for rows without quotes, libcsv for rows with them.
 *
 * Most rows of most files hold no quote, and for those RFC 4180 says no more than
 * "split at the delimiter": the scanner does that in place, one table look-up a byte,
 * and copies nothing.  The first quote it meets in a row hands the whole row to libcsv
 * in strict mode, which knows what quotes inside quotes and newlines inside fields mean
 * and refuses what is neither.  Files without quoting never leave the scanner.
 *
 * The row being read lies in one piece in the buffer, which grows when a row is longer,
 * up to CDN_CSV_MAX_ROW_BYTES.  Behind the last byte always stands a newline that is
 * not part of the data, so that the scanner needs no bounds check.
 *
 * After a fault reading goes on at the next newline behind the place of the fault,
 * never at the row's start again: every byte is looked at a bounded number of times,
 * whatever the file holds.
 *
 * libcsv's own trimming of blanks is off: RFC 4180 counts them to the field.  A
 * carriage return counts as the end of a row only with a newline behind it; alone it is
 * a fault rather than a guess.  Whether a file is plain or gz is stream.c's matter. */
#include "import/csv.h"

#include <csv.h>
#include <string.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "import/stream.h"

#ifdef CORDON_TINY
#define BUFFER_BYTES ((size_t)64)
#else
#define BUFFER_BYTES ((size_t)1 << 20)
#endif

enum scan { SCAN_ROW, SCAN_BLANK, SCAN_FAULT, SCAN_MORE, SCAN_QUOTED, SCAN_NOMEM };

struct cdn_csv {
    struct cdn_csv_dialect dialect;
    struct cdn_stream *file; /* NULL: reading from memory */
    const unsigned char *memory;
    size_t memory_left;
    bool at_end; /* the source has nothing left */

    char *data;
    size_t capacity; /* without the byte for the sentinel */
    size_t start;    /* of the row being read */
    size_t end;
    uint64_t line;   /* of the row being read */
    bool skipping;   /* up to the next newline, behind a row that was too long */
    char stops[256]; /* bytes that end the scanner's inner loop */

    struct cdn_csv_field *fields;
    uint32_t count;
    const char *fault;

    /* of a row with quotes */
    struct csv_parser parser;
    bool parsing;
    size_t fed; /* bytes from start that libcsv has seen */
    uint64_t fed_lines;
    bool row_done;
    bool row_extra; /* libcsv saw a second row in the same line */
    bool nomem;
    bool too_many;
    struct cdn_buf text; /* the fields' bytes, one after another */
    size_t *ends;        /* of each field in text */
};

/* ---- libcsv's side ---- */

static int no_space(unsigned char c)
{
    (void)c;
    return 0;
}

static void on_field(void *bytes, size_t count, void *ud)
{
    struct cdn_csv *csv = ud;

    if (csv->row_done) {
        csv->row_extra = true;
        return;
    }
    if (csv->count == CDN_CSV_MAX_FIELDS) {
        csv->too_many = true;
        return;
    }
    cdn_buf_append(&csv->text, bytes, count);
    if (csv->text.failed)
        csv->nomem = true;
    csv->ends[csv->count++] = csv->text.length;
}

static void on_row(int terminator, void *ud)
{
    struct cdn_csv *csv = ud;

    (void)terminator;
    csv->row_done = true;
}

static void parser_deinit(struct cdn_csv *csv)
{
    if (csv->parsing)
        csv_free(&csv->parser);
    csv->parsing = false;
}

static bool parser_init(struct cdn_csv *csv)
{
    if (csv_init(&csv->parser, CSV_STRICT | CSV_STRICT_FINI))
        return false;
    /* its own step of 128 bytes makes a long field quadratic in its length */
    csv_set_blk_size(&csv->parser, 64 * 1024);
    csv_set_delim(&csv->parser, (unsigned char)csv->dialect.delimiter);
    csv_set_quote(&csv->parser, (unsigned char)csv->dialect.quote);
    csv_set_space_func(&csv->parser, no_space);
    csv_set_realloc_func(&csv->parser, cdn_realloc);
    csv_set_free_func(&csv->parser, cdn_free);
    csv->parsing = true;
    return true;
}

/* ---- open and close ---- */

static cordon_status setup(struct cdn_csv *csv, size_t buffer,
                           const struct cdn_csv_dialect *dialect, cordon_error *err)
{
    csv->dialect = *dialect;
    csv->line = 1;
    csv->capacity = buffer ? buffer : BUFFER_BYTES;
    csv->data = cdn_alloc(csv->capacity + 1);
    csv->fields = cdn_calloc(CDN_CSV_MAX_FIELDS, sizeof(*csv->fields));
    csv->ends = cdn_calloc(CDN_CSV_MAX_FIELDS, sizeof(*csv->ends));
    if (!csv->data || !csv->fields || !csv->ends)
        return cdn_error_nomem(err);
    csv->data[0] = '\n';
    csv->stops['\n'] = 1;
    csv->stops['\r'] = 1;
    csv->stops[(unsigned char)dialect->delimiter] = 1;
    if (dialect->quote)
        csv->stops[(unsigned char)dialect->quote] = 1;
    return CORDON_OK;
}

/* Read once into the free end of the buffer. */
static cordon_status read_some(struct cdn_csv *csv, cordon_error *err)
{
    size_t room = csv->capacity - csv->end;
    size_t got;

    if (csv->file) {
        cordon_status status =
            cdn_stream_read(csv->file, csv->data + csv->end, room, &got, err);

        if (status)
            return status;
    } else {
        got = room < csv->memory_left ? room : csv->memory_left;
        if (got) /* no bytes may be at NULL */
            memcpy(csv->data + csv->end, csv->memory, got);
        csv->memory += got;
        csv->memory_left -= got;
    }
    csv->at_end = got == 0;
    csv->end += got;
    csv->data[csv->end] = '\n';
    return CORDON_OK;
}

/* Step over a UTF-8 byte order mark, and refuse UTF-16 before it becomes a thousand
 * rows of nonsense. */
static cordon_status check_start(struct cdn_csv *csv, cordon_error *err)
{
    const unsigned char *at = (const unsigned char *)csv->data;
    cordon_status status;

    while (csv->end < 3 && !csv->at_end) {
        if (csv->capacity < 3)
            return CORDON_OK; /* only tests have so small a buffer */
        status = read_some(csv, err);
        if (status)
            return status;
    }
    if (csv->end >= 2 &&
        ((at[0] == 0xff && at[1] == 0xfe) || (at[0] == 0xfe && at[1] == 0xff)))
        return cdn_error_set(err, CORDON_E_DATA,
                             "the file is UTF-16; write it as UTF-8 (iconv -f UTF-16 "
                             "-t UTF-8)");
    if (csv->end >= 3 && at[0] == 0xef && at[1] == 0xbb && at[2] == 0xbf)
        csv->start = 3;
    return CORDON_OK;
}

cordon_status cdn_csv_open(struct cdn_csv **out, const char *path,
                           const struct cdn_csv_dialect *dialect, cordon_error *err)
{
    struct cdn_csv *csv = cdn_calloc(1, sizeof(*csv));
    cordon_status status = csv ? setup(csv, 0, dialect, err) : cdn_error_nomem(err);

    *out = NULL;
    if (status)
        goto out;
    status = cdn_stream_open(&csv->file, path, err);
    if (status)
        goto out;
    status = check_start(csv, err);
    if (status) {
        cdn_error_prefix(err, "%s", path);
        goto out;
    }
    *out = csv;
    csv = NULL; /* handed over */
out:
    cdn_csv_close(csv);
    return status;
}

cordon_status cdn_csv_open_memory(struct cdn_csv **out, const void *bytes, size_t count,
                                  size_t buffer, const struct cdn_csv_dialect *dialect,
                                  cordon_error *err)
{
    struct cdn_csv *csv = cdn_calloc(1, sizeof(*csv));
    cordon_status status =
        csv ? setup(csv, buffer, dialect, err) : cdn_error_nomem(err);

    *out = NULL;
    if (!status) {
        csv->memory = bytes;
        csv->memory_left = count;
        status = check_start(csv, err);
    }
    if (!status) {
        *out = csv;
        csv = NULL; /* handed over */
    }
    cdn_csv_close(csv);
    return status;
}

void cdn_csv_close(struct cdn_csv *csv)
{
    if (!csv)
        return;
    parser_deinit(csv);
    cdn_stream_close(csv->file);
    cdn_buf_deinit(&csv->text);
    cdn_free(csv->ends);
    cdn_free(csv->fields);
    cdn_free(csv->data);
    cdn_free(csv);
}

uint64_t cdn_csv_offset(const struct cdn_csv *csv)
{
    return csv->file ? cdn_stream_offset(csv->file) : 0;
}

/* ---- rows ---- */

/* Make room behind the row being read and read on.  False: the row is too long. */
static bool refill(struct cdn_csv *csv, cordon_status *status, cordon_error *err)
{
    *status = CORDON_OK;
    if (csv->start > 0) {
        memmove(csv->data, csv->data + csv->start, csv->end - csv->start + 1);
        csv->end -= csv->start;
        csv->start = 0;
    }
    if (csv->end == csv->capacity) {
        size_t more = csv->capacity > CDN_CSV_MAX_ROW_BYTES / 2 ? CDN_CSV_MAX_ROW_BYTES
                                                                : csv->capacity * 2;
        char *data;

        if (csv->capacity >= CDN_CSV_MAX_ROW_BYTES)
            return false;
        data = cdn_realloc(csv->data, more + 1);
        if (!data) {
            *status = cdn_error_nomem(err);
            return true;
        }
        csv->data = data;
        csv->capacity = more;
    }
    *status = read_some(csv, err);
    return true;
}

/* Close the field that runs from `from` to `to`.  False: too many of them. */
static bool add_field(struct cdn_csv *csv, const char *from, const char *to)
{
    if (csv->count == CDN_CSV_MAX_FIELDS)
        return false;
    csv->fields[csv->count].text = from;
    csv->fields[csv->count].bytes = (size_t)(to - from);
    csv->count++;
    return true;
}

static enum scan fail_row(struct cdn_csv *csv, const char *why)
{
    csv->fault = why;
    return SCAN_FAULT;
}

/* Split one row at the delimiter.  On SCAN_ROW, SCAN_BLANK and SCAN_FAULT the row is
 * consumed. */
static enum scan scan_plain(struct cdn_csv *csv)
{
    const char *start = csv->data + csv->start;
    const char *end = csv->data + csv->end;
    const char *from = start;
    const char *at = start;
    enum scan found = SCAN_ROW;

    csv->count = 0;
    for (;;) {
        const char *stop;

        while (!csv->stops[(unsigned char)*at])
            at++;
        stop = at;
        if (*at == csv->dialect.delimiter) {
            if (!add_field(csv, from, at) && found == SCAN_ROW)
                found = fail_row(csv, "more fields than a row can have (4096)");
            from = ++at;
            continue;
        }
        if (*at == '\r') {
            if (at + 1 == end && !csv->at_end)
                return SCAN_MORE;
            if (at + 1 == end || at[1] != '\n') {
                found = fail_row(csv, "a carriage return that does not end the line");
                at++;
                continue;
            }
            at++;
        }
        if (*at != '\n')
            return SCAN_QUOTED;
        if (at == end && !csv->at_end)
            return SCAN_MORE;
        csv->start = (size_t)(at - csv->data) + (at < end);
        csv->line++;
        if (stop == start)
            return SCAN_BLANK;
        if (!add_field(csv, from, stop) && found == SCAN_ROW)
            found = fail_row(csv, "more fields than a row can have (4096)");
        return found;
    }
}

/* The row that libcsv was given is over: consume it. */
static void consume_fed(struct cdn_csv *csv)
{
    csv->start += csv->fed;
    csv->line += csv->fed_lines;
    csv->fed = 0;
    csv->fed_lines = 0;
}

static enum scan quoted_fault(struct cdn_csv *csv, const char *why)
{
    consume_fed(csv);
    parser_deinit(csv);
    return fail_row(csv, why);
}

/* Let libcsv read the row, a line at a time until it says that the row has ended. */
static enum scan scan_quoted(struct cdn_csv *csv)
{
    if (!csv->parsing && !parser_init(csv))
        return SCAN_NOMEM;
    if (csv->fed == 0) {
        csv->count = 0;
        csv->row_done = false;
        csv->row_extra = false;
        csv->too_many = false;
        cdn_buf_clear(&csv->text);
    }
    while (!csv->row_done) {
        const char *line = csv->data + csv->start + csv->fed;
        size_t left = csv->end - csv->start - csv->fed;
        const char *newline = left ? memchr(line, '\n', left) : NULL;
        size_t bytes = newline ? (size_t)(newline - line) + 1 : left;

        if (!newline && !csv->at_end)
            return SCAN_MORE;
        if (csv_parse(&csv->parser, line, bytes, on_field, on_row, csv) != bytes) {
            if (csv_error(&csv->parser) != CSV_EPARSE)
                return SCAN_NOMEM;
            csv->fed += bytes;
            csv->fed_lines++;
            return quoted_fault(csv,
                                "a quote out of place: a field that holds one is "
                                "quoted as a whole, with each quote in it doubled");
        }
        csv->fed += bytes;
        csv->fed_lines++;
        if (newline || csv->row_done)
            continue;
        if (csv_fini(&csv->parser, on_field, on_row, csv)) {
            if (csv_error(&csv->parser) != CSV_EPARSE)
                return SCAN_NOMEM;
            return quoted_fault(csv,
                                "a quote that is opened in this row is never closed; "
                                "nothing behind it could be read");
        }
        break;
    }
    if (csv->nomem)
        return SCAN_NOMEM;
    if (csv->row_extra)
        return quoted_fault(csv, "a carriage return that does not end the line");
    if (csv->too_many)
        return quoted_fault(csv, "more fields than a row can have (4096)");
    for (uint32_t i = 0; i < csv->count; i++) {
        size_t from = i ? csv->ends[i - 1] : 0;

        csv->fields[i].text = csv->text.data ? (const char *)csv->text.data + from : "";
        csv->fields[i].bytes = csv->ends[i] - from;
    }
    consume_fed(csv);
    return SCAN_ROW;
}

/* Drop the rest of a row that was too long.  True once its newline was met. */
static bool skip_line(struct cdn_csv *csv)
{
    size_t left = csv->end - csv->start;
    const char *newline = left ? memchr(csv->data + csv->start, '\n', left) : NULL;

    if (!newline) {
        csv->start = csv->end;
        return false;
    }
    csv->start = (size_t)(newline - csv->data) + 1;
    csv->line++;
    csv->skipping = false;
    return true;
}

static uint64_t count_lines(const char *at, size_t bytes)
{
    uint64_t lines = 0;

    for (size_t i = 0; i < bytes; i++)
        lines += at[i] == '\n';
    return lines;
}

/* The buffer is full of one row that does not end: give it up. */
static void give_up_row(struct cdn_csv *csv)
{
    csv->line += count_lines(csv->data + csv->start, csv->end - csv->start);
    csv->start = csv->end;
    csv->fed = 0;
    csv->fed_lines = 0;
    parser_deinit(csv);
    csv->skipping = true;
}

cordon_status cdn_csv_next(struct cdn_csv *csv, enum cdn_csv_event *event,
                           struct cdn_csv_row *row, cordon_error *err)
{
    bool quoted = false;
    cordon_status status;

    *event = CDN_CSV_END;
    for (;;) {
        enum scan found = SCAN_MORE;

        if (csv->start == csv->end && csv->at_end)
            return CORDON_OK;
        if (csv->skipping && csv->start < csv->end && !skip_line(csv))
            continue;
        row->line = csv->line;
        if (csv->start < csv->end) {
            found = quoted ? SCAN_QUOTED : scan_plain(csv);
            if (found == SCAN_QUOTED) {
                quoted = true;
                found = scan_quoted(csv);
            }
        }
        switch (found) {
        case SCAN_BLANK:
            break;
        case SCAN_ROW:
        case SCAN_FAULT:
            *event = found == SCAN_ROW ? CDN_CSV_ROW : CDN_CSV_FAULT;
            row->count = csv->count;
            row->fields = csv->fields;
            row->fault = csv->fault;
            return CORDON_OK;
        case SCAN_NOMEM:
            return cdn_error_nomem(err);
        case SCAN_MORE:
        case SCAN_QUOTED:
            if (!refill(csv, &status, err)) {
                give_up_row(csv);
                csv->fault = quoted
                                 ? "a row that does not end within 16 MiB; is a quote "
                                   "never closed?"
                                 : "a row that does not end within 16 MiB";
                *event = CDN_CSV_FAULT;
                row->fault = csv->fault;
                row->count = 0;
                return CORDON_OK;
            }
            if (status)
                return status;
            break;
        }
    }
}
