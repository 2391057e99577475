/* Files of events: CSV rows and JSON lines to the four fields of an event.
 *
 * Where the fields stand is settled by the header of a CSV file; of JSON each object is
 * asked for them by name.  A row that cannot be used spoils the corpus, but reading goes on,
 * so that one message can say how many there are. */
#include <inttypes.h>
#include <string.h>

#include "base/suggest.h"
#include "cli/backtest/corpus.h"
#include "cli/lines.h"
#include "import/csv.h"
#include "codec/json_read.h"

#define NAMES     3 /* of one field */
#define ASK_EVERY 1024

/* The names that a field goes by, the first being its own. */
static const char *const usual[CDN_CORPUS_FIELDS][NAMES] = {
    [CDN_CORPUS_NODE] = {"node"},
    [CDN_CORPUS_TIME] = {"time", "now", "at"},
    [CDN_CORPUS_LABEL] = {"label"},
    [CDN_CORPUS_AMOUNT] = {"amount"},
};

struct reader {
    struct cdn_corpus *corpus;
    const struct cdn_corpus_form *form;
    const char *file;
    char columns[CDN_CORPUS_FIELDS][256]; /* from the form; "": the usual ones */
    bool seen[CDN_CORPUS_FIELDS];         /* some row, or the header, has it */
    uint64_t rows;
    cdn_corpus_stop *stop;
    void *ud;
    cordon_error *err;
};

/* ---- names ---- */

static cordon_status take_column(struct reader *reader, const char *text, size_t bytes)
{
    const char *equals = memchr(text, '=', bytes);
    size_t name = equals ? (size_t)(equals - text) : 0;
    size_t column = equals ? bytes - name - 1 : 0;
    char shown[100];

    for (int i = 0; equals && column && i < CDN_CORPUS_FIELDS; i++) {
        if (strlen(usual[i][0]) != name || memcmp(usual[i][0], text, name) != 0)
            continue;
        if (column >= sizeof(reader->columns[i]))
            break;
        memcpy(reader->columns[i], equals + 1, column);
        reader->columns[i][column] = '\0';
        return CORDON_OK;
    }
    return cdn_error_set(reader->err, CORDON_E_INVALID,
                         "'%s' names no column; write node=COLUMN, time=, label= or "
                         "amount=, with commas between them",
                         cdn_escape(shown, sizeof(shown), text, bytes));
}

static cordon_status take_columns(struct reader *reader)
{
    const char *text = reader->form->columns;
    cordon_status status = CORDON_OK;

    while (text && !status) {
        size_t bytes = strcspn(text, ",");

        status = take_column(reader, text, bytes);
        text = text[bytes] ? text + bytes + 1 : NULL;
    }
    return status;
}

static bool same(const char *name, const char *text, size_t bytes)
{
    return name && strlen(name) == bytes && !memcmp(name, text, bytes);
}

/* The field that a column's name means; -1: none of them. */
static int field_of(const struct reader *reader, const char *text, size_t bytes)
{
    for (int i = 0; i < CDN_CORPUS_FIELDS; i++) {
        if (reader->columns[i][0]) {
            if (same(reader->columns[i], text, bytes))
                return i;
            continue;
        }
        for (int n = 0; n < NAMES; n++) {
            if (same(usual[i][n], text, bytes))
                return i;
        }
    }
    return -1;
}

/* A name that is nearly that of a field would lose the field silently. */
static cordon_status check_near(const struct reader *reader, const char *text,
                                size_t bytes)
{
    struct cdn_suggest suggest;
    char name[65], shown[100], hint[160];

    if (bytes >= sizeof(name))
        return CORDON_OK;
    memcpy(name, text, bytes);
    name[bytes] = '\0';
    cdn_suggest_init(&suggest, name);
    for (int i = 0; i < CDN_CORPUS_FIELDS; i++) {
        /* a word of three letters is near to too many */
        for (int n = 0; !reader->columns[i][0] && n < NAMES; n++)
            if (usual[i][n] && strlen(usual[i][n]) > 3)
                cdn_suggest_offer(&suggest, usual[i][n]);
    }
    /* `account` is no `amount`: one letter, or two swapped */
    if (!suggest.best || suggest.best_distance > 1 ||
        reader->seen[field_of(reader, suggest.best, strlen(suggest.best))])
        return CORDON_OK;
    return cdn_error_set(reader->err, CORDON_E_DATA, "'%s' is no field of an event%s",
                         cdn_escape(shown, sizeof(shown), name, bytes),
                         cdn_suggest_text(&suggest, hint, sizeof(hint)));
}

/* ---- rows ---- */

/* The place of a message, in front of it. */
static cordon_status at_line(const struct reader *reader, uint64_t line)
{
    cordon_error *err = reader->err;
    char message[CORDON_ERROR_MESSAGE_BYTES];

    if (!err)
        return CORDON_E_DATA;
    memcpy(message, err->message, sizeof(message));
    return cdn_error_at(err, CORDON_E_DATA, reader->file,
                        line > UINT32_MAX ? UINT32_MAX : (uint32_t)line, 0, "%s",
                        message);
}

/* The error is what is wrong with a row: keep the first. */
static void count_bad(struct reader *reader, uint64_t line, const cordon_error *fault)
{
    if (reader->corpus->bad++)
        return;
    if (reader->err)
        *reader->err = *fault;
    at_line(reader, line);
}

static cordon_status add(struct reader *reader,
                         const cordon_value fields[CDN_CORPUS_FIELDS], uint64_t line)
{
    cordon_error fault;
    cordon_status status;

    cdn_error_clear(&fault);
    status = cdn_corpus_add(reader->corpus, fields, line, reader->form, &fault);
    if (status == CORDON_E_NOMEM)
        return cdn_error_nomem(reader->err);
    if (status)
        count_bad(reader, line, &fault);
    if (reader->rows++ % ASK_EVERY == 0 && reader->stop && reader->stop(reader->ud))
        return cdn_error_set(reader->err, CORDON_E_INTERRUPTED, "interrupted in %s",
                             reader->file);
    return CORDON_OK;
}

static cordon_status finish(struct reader *reader)
{
    char message[CORDON_ERROR_MESSAGE_BYTES];
    cordon_error *err = reader->err;

    if (reader->corpus->bad == 0)
        return CORDON_OK;
    if (reader->corpus->bad > 1 && err) {
        memcpy(message, err->message, sizeof(message));
        cdn_error_at(err, CORDON_E_DATA, err->file, err->line, 0,
                     "%s (%" PRIu64 " more rows cannot be used)", message,
                     reader->corpus->bad - 1);
    }
    return CORDON_E_DATA;
}

/* ---- CSV ---- */

static cordon_status read_header(struct reader *reader, const struct cdn_csv_row *row,
                                 uint32_t places[CDN_CORPUS_FIELDS])
{
    cordon_status status;

    for (int i = 0; i < CDN_CORPUS_FIELDS; i++)
        places[i] = UINT32_MAX;
    for (uint32_t i = 0; i < row->count; i++) {
        int field = field_of(reader, row->fields[i].text, row->fields[i].bytes);

        if (field < 0)
            continue;
        if (reader->seen[field]) {
            cdn_error_set(reader->err, CORDON_E_DATA,
                          "two columns are the event's %s; say which it is: "
                          "--columns %s=COLUMN",
                          usual[field][0], usual[field][0]);
            return at_line(reader, row->line);
        }
        reader->seen[field] = true;
        places[field] = i;
    }
    for (int i = 0; i < CDN_CORPUS_FIELDS; i++) {
        if (reader->columns[i][0] && !reader->seen[i]) {
            char column[256];

            memcpy(column, reader->columns[i], sizeof(column));
            cdn_error_set(reader->err, CORDON_E_DATA, "there is no column '%s'",
                          column);
            return at_line(reader, row->line);
        }
    }
    for (uint32_t i = 0; i < row->count; i++) {
        if (field_of(reader, row->fields[i].text, row->fields[i].bytes) >= 0)
            continue;
        status = check_near(reader, row->fields[i].text, row->fields[i].bytes);
        if (status)
            return at_line(reader, row->line);
    }
    if (reader->seen[CDN_CORPUS_NODE])
        return CORDON_OK;
    cdn_error_set(reader->err, CORDON_E_DATA,
                  "no column is called 'node'; name the one that is: --columns "
                  "node=COLUMN");
    return at_line(reader, row->line);
}

static cordon_status read_row(struct reader *reader, const struct cdn_csv_row *row,
                              const uint32_t places[CDN_CORPUS_FIELDS],
                              uint32_t columns)
{
    cordon_value fields[CDN_CORPUS_FIELDS];
    cordon_error fault;

    if (row->count != columns) {
        cdn_error_set(&fault, CORDON_E_DATA,
                      "the row has %" PRIu32 " fields, the header %" PRIu32, row->count,
                      columns);
        count_bad(reader, row->line, &fault);
        return CORDON_OK;
    }
    for (int i = 0; i < CDN_CORPUS_FIELDS; i++) {
        const struct cdn_csv_field *field =
            places[i] == UINT32_MAX ? NULL : &row->fields[places[i]];

        fields[i] = (cordon_value){.type = CORDON_NIL};
        if (!field || !field->bytes)
            continue;
        fields[i].type = CORDON_STRING;
        fields[i].length = (uint32_t)field->bytes;
        fields[i].as.string = field->text;
    }
    return add(reader, fields, row->line);
}

static cordon_status read_csv(struct reader *reader, struct cdn_csv *csv)
{
    uint32_t places[CDN_CORPUS_FIELDS], columns = 0;
    enum cdn_csv_event event;
    struct cdn_csv_row row;
    cordon_error fault;
    cordon_status status;

    for (;;) {
        status = cdn_csv_next(csv, &event, &row, reader->err);
        if (status) {
            cdn_error_prefix(reader->err, "%s", reader->file);
            return status;
        }
        if (event == CDN_CSV_END)
            break;
        if (event == CDN_CSV_FAULT) {
            cdn_error_set(&fault, CORDON_E_DATA, "%s", row.fault);
            count_bad(reader, row.line, &fault);
            continue;
        }
        if (!columns) {
            columns = row.count;
            status = read_header(reader, &row, places);
        } else {
            status = read_row(reader, &row, places, columns);
        }
        if (status)
            return status;
    }
    return finish(reader);
}

/* ---- JSON lines ---- */

static cordon_status take_object(struct reader *reader, const cordon_value *object,
                                 cordon_value fields[CDN_CORPUS_FIELDS])
{
    cordon_value_iter iter;
    cordon_value key, value;
    bool has[CDN_CORPUS_FIELDS] = {false};

    cordon_value_iter_init(&iter, object);
    while (cordon_value_next(&iter, &key, &value)) {
        int field = key.type == CORDON_STRING
                        ? field_of(reader, key.as.string, key.length)
                        : -1;

        if (field < 0)
            continue;
        if (has[field])
            return cdn_error_set(reader->err, CORDON_E_DATA,
                                 "two fields are the event's %s", usual[field][0]);
        has[field] = true;
        reader->seen[field] = true;
        fields[field] = value;
    }
    if (reader->rows)
        return CORDON_OK;
    cordon_value_iter_init(&iter, object); /* the first tells of all */
    while (cordon_value_next(&iter, &key, &value)) {
        if (key.type == CORDON_STRING &&
            field_of(reader, key.as.string, key.length) < 0 &&
            check_near(reader, key.as.string, key.length))
            return CORDON_E_DATA;
    }
    return CORDON_OK;
}

static bool is_blank(const char *text, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++) {
        if (!memchr(" \t\r", text[i], 3))
            return false;
    }
    return true;
}

static cordon_status read_json(struct reader *reader, struct cdn_buf *pack,
                               const char *text, size_t bytes, uint64_t line)
{
    cordon_value fields[CDN_CORPUS_FIELDS] = {{.type = CORDON_NIL}};
    cordon_error fault, *err = reader->err;
    cordon_value object;
    cordon_status status;

    if (is_blank(text, bytes))
        return CORDON_OK;
    cdn_error_clear(&fault);
    cdn_buf_clear(pack);
    status = cdn_json_to_pack(pack, text, bytes, &fault);
    if (!status)
        status = cordon_value_parse(&object, pack->data, pack->length, &fault);
    if (!status && object.type != CORDON_MAP)
        status = cdn_error_set(&fault, CORDON_E_DATA,
                               "an event is a JSON object, such as {\"node\": "
                               "\"Account:17\", \"time\": ...}");
    reader->err = &fault;
    if (!status)
        status = take_object(reader, &object, fields);
    reader->err = err;
    if (status == CORDON_E_NOMEM)
        return cdn_error_nomem(err);
    if (!status)
        return add(reader, fields, line);
    count_bad(reader, line, &fault);
    return CORDON_OK;
}

static cordon_status read_lines(struct reader *reader, struct cdn_lines *lines)
{
    struct cdn_buf pack = {0};
    cordon_error fault;
    cordon_status status;
    bool got;

    for (;;) {
        status = cdn_lines_next(lines, &got, reader->err);
        if (status || !got)
            break;
        if (lines->too_long) {
            cdn_error_set(&fault, CORDON_E_DATA, "the line is longer than %u bytes",
                          CDN_LINE_MAX);
            count_bad(reader, lines->number, &fault);
            continue;
        }
        status = read_json(reader, &pack, (const char *)lines->text.data,
                           lines->text.length, lines->number);
        if (status)
            break;
    }
    cdn_buf_deinit(&pack);
    return status ? status : finish(reader);
}

/* ---- files ---- */

static bool ends_in(const char *text, const char *end)
{
    size_t bytes = strlen(text), tail = strlen(end);

    return bytes >= tail && !memcmp(text + bytes - tail, end, tail);
}

static const struct cdn_csv_dialect dialect = {
    .delimiter = ',', .quote = '"', .header = true};

static bool on_stopped(void *ud)
{
    const struct reader *reader = ud;

    return reader->stop && reader->stop(reader->ud);
}

cordon_status cdn_corpus_read(struct cdn_corpus *out, const char *path,
                              const struct cdn_corpus_form *form, cdn_corpus_stop *stop,
                              void *ud, cordon_error *err)
{
    struct reader reader = {.corpus = out,
                            .form = form,
                            .file = strcmp(path, "-") != 0 ? path : "standard input",
                            .stop = stop,
                            .ud = ud,
                            .err = err};
    cordon_status status = take_columns(&reader);

    if (status)
        return status;
    if (ends_in(path, ".csv") || ends_in(path, ".csv.gz")) {
        struct cdn_csv *csv;

        status = cdn_csv_open(&csv, path, &dialect, err);
        if (!status)
            status = read_csv(&reader, csv);
        cdn_csv_close(csv);
    } else {
        struct cdn_lines lines;

        status = cdn_lines_open(&lines, path, err);
        if (status)
            return status;
        lines.stopped = on_stopped;
        lines.ud = &reader;
        status = read_lines(&reader, &lines);
        cdn_lines_close(&lines);
    }
    return status;
}

cordon_status cdn_corpus_read_memory(struct cdn_corpus *out, const void *bytes,
                                     size_t count, bool csv, const char *file,
                                     const struct cdn_corpus_form *form,
                                     cordon_error *err)
{
    struct reader reader = {.corpus = out, .form = form, .file = file, .err = err};
    const char *at = bytes, *end = count ? at + count : at;
    cordon_status status = take_columns(&reader);
    struct cdn_buf pack = {0};

    if (!status && csv) {
        struct cdn_csv *rows;

        status = cdn_csv_open_memory(&rows, bytes, count, 0, &dialect, err);
        if (!status)
            status = read_csv(&reader, rows);
        cdn_csv_close(rows);
        return status;
    }
    for (uint64_t line = 1; !status && at < end; line++) {
        const char *newline = memchr(at, '\n', (size_t)(end - at));
        size_t length = (size_t)((newline ? newline : end) - at);

        status = read_json(&reader, &pack, at, length, line);
        at += length + (newline != NULL);
    }
    cdn_buf_deinit(&pack);
    return status ? status : finish(&reader);
}
