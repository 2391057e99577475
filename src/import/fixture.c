/* Fixtures as text: lines to rows, and a file to its parts.  snapshot/draft.h makes a graph of
 * the rows, fixture_values.c says what their values mean.
 *
 * Two passes over small texts, everything kept in memory and nothing copied; cost is linear
 * but for the places of faults, which are counted when one is told. */
#include "import/fixture_values.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/time.h"
#include "snapshot/parse.h"

/* One line's reader. */
struct line {
    struct cdn_draft *rows;
    const struct cdn_fixture_text *text;
    const char *at;
    const char *end;
};

/* ---- faults ---- */

cordon_status cdn_fixture_fault(const struct cdn_fixture_text *text, const char *at,
                                cordon_error *err, const char *format, ...)
{
    uint32_t line = text->line, column = text->column;
    char message[CORDON_ERROR_MESSAGE_BYTES];
    va_list args;

    for (const char *p = text->text; p < at; p++) {
        column++;
        if (*p == '\n') {
            line++;
            column = 1;
        }
    }
    va_start(args, format);
    (void)vsnprintf(message, sizeof message, format, args);
    va_end(args);
    return cdn_error_at(err, CORDON_E_DATA, text->file, text->line ? line : 0,
                        text->line ? column : 0, "%s", message);
}

#define FAULT(line, place, ...)                                                        \
    (cdn_fixture_fault((line)->text, (place), (line)->rows->err, __VA_ARGS__),         \
     (cordon_status)CORDON_E_DATA)

/* As much of a word as a message shows. */
static int shown(const struct cdn_word *word)
{
    return word->bytes > 60 ? 60 : (int)word->bytes;
}

/* ---- words ---- */

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == ',';
}

static bool is_name(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           c == '_';
}

/* To the next word; false: there is none on the line. */
static bool skip(struct line *line)
{
    while (line->at < line->end && is_blank(*line->at))
        line->at++;
    if (line->end - line->at >= 2 && line->at[0] == '-' && line->at[1] == '-')
        line->at = line->end;
    return line->at < line->end;
}

static struct cdn_word take_name(struct line *line)
{
    struct cdn_word word = {line->at, 0};

    while (line->at < line->end && is_name(*line->at))
        line->at++;
    word.bytes = (size_t)(line->at - word.text);
    return word;
}

static struct cdn_word take_bare(struct line *line)
{
    struct cdn_word word = {line->at, 0};

    while (line->at < line->end && !is_blank(*line->at))
        line->at++;
    word.bytes = (size_t)(line->at - word.text);
    return word;
}

/* A text in quotes, with them; escapes are looked at when its meaning is wanted. */
static cordon_status take_quoted(struct cdn_word *out, struct line *line)
{
    const char *start = line->at++;

    while (line->at < line->end && *line->at != '"')
        line->at += *line->at == '\\' && line->end - line->at > 1 ? 2 : 1;
    if (line->at >= line->end)
        return FAULT(line, start, "the text has no closing quote on its line");
    line->at++;
    *out = (struct cdn_word){start, (size_t)(line->at - start)};
    return CORDON_OK;
}

/* JSON in brackets, up to the one that closes the first. */
static cordon_status take_bag(struct cdn_word *out, struct line *line)
{
    const char *start = line->at;
    uint64_t depth = 0;
    cordon_status status = CORDON_OK;

    while (!status && line->at < line->end) {
        struct cdn_word text;

        if (*line->at == '"') {
            status = take_quoted(&text, line);
            continue;
        }
        depth += *line->at == '{' || *line->at == '[';
        if (*line->at == '}' || *line->at == ']')
            depth--;
        line->at++;
        if (!depth) {
            *out = (struct cdn_word){start, (size_t)(line->at - start)};
            return CORDON_OK;
        }
    }
    return status ? status
                  : FAULT(line, start, "the bracket is not closed on its line");
}

static bool is(const struct cdn_word *word, const char *text)
{
    return word->bytes == strlen(text) && !memcmp(word->text, text, word->bytes);
}

static enum cdn_literal literal_of(const struct cdn_word *word)
{
    struct cdn_cell_format format = {.type = CDN_COLUMN_INT64};
    struct cdn_cell cell;
    int64_t ms;
    double number;

    if (is(word, "null"))
        return CDN_LITERAL_NULL;
    if (is(word, "true") || is(word, "false"))
        return CDN_LITERAL_BOOL;
    if (!cdn_parse_cell(&cell, &format, word->text, word->bytes))
        return CDN_LITERAL_INTEGER;
    if (!cdn_parse_number(&number, word->text, word->bytes))
        return CDN_LITERAL_NUMBER;
    if (cdn_time_parse(&ms, word->text, word->bytes))
        return CDN_LITERAL_TIME;
    return CDN_LITERAL_WORD;
}

/* ---- a line ---- */

static cordon_status take_end(struct cdn_draft_end *out, struct line *line,
                              const char *what)
{
    const char *start = line->at;
    cordon_status status;

    out->label = take_name(line);
    if (!out->label.bytes || line->at == line->end || *line->at != ':') {
        line->at = start;
        out->label = take_bare(line);
        return FAULT(line, start, "'%.*s' is not %s; write it as Label:key",
                     shown(&out->label), out->label.text, what);
    }
    if (out->label.bytes > CDN_SCHEMA_MAX_NAME)
        return FAULT(line, start, "the label has %zu bytes; a name has at most %d",
                     out->label.bytes, CDN_SCHEMA_MAX_NAME);
    line->at++;
    if (line->at < line->end && *line->at == '"') {
        status = take_quoted(&out->key, line);
        if (status)
            return status;
        out->key.text++;
        out->key.bytes -= 2;
        if (memchr(out->key.text, '\\', out->key.bytes))
            return FAULT(line, out->key.text, "a key has no backslash in a fixture");
    } else {
        out->key = take_bare(line);
    }
    if (!out->key.bytes)
        return FAULT(line, start, "the node has no key; write it as %.*s:key",
                     shown(&out->label), out->label.text);
    return CORDON_OK;
}

static cordon_status take_arrow(struct cdn_draft_row *row, struct line *line)
{
    const char *start = line->at;
    struct cdn_word all = {start, 0};

    if (line->at < line->end && *line->at == '-') {
        line->at++;
        row->type = take_name(line);
        if (row->type.bytes && line->end - line->at >= 2 && line->at[0] == '-' &&
            line->at[1] == '>') {
            line->at += 2;
            if (row->type.bytes > CDN_SCHEMA_MAX_NAME)
                return FAULT(line, start,
                             "the edge type has %zu bytes; a name has at most %d",
                             row->type.bytes, CDN_SCHEMA_MAX_NAME);
            return CORDON_OK;
        }
    }
    line->at = start;
    all = take_bare(line);
    return FAULT(line, start,
                 "'%.*s' is no arrow; an edge is written Account:17 -transfer-> "
                 "Account:18",
                 shown(&all), all.text);
}

/* name=value, or of an edge its time alone. */
static cordon_status take_value(struct cdn_draft_value *out, struct line *line,
                                bool time)
{
    const char *start = line->at;
    cordon_status status = CORDON_OK;

    out->name = take_name(line);
    if (!out->name.bytes || line->at == line->end || *line->at != '=') {
        line->at = start;
        out->name.bytes = 0;
        out->text = take_bare(line);
        out->literal = literal_of(&out->text);
        if (time &&
            (out->literal == CDN_LITERAL_TIME || out->literal == CDN_LITERAL_INTEGER))
            return CORDON_OK;
        return FAULT(line, start,
                     time ? "'%.*s' is neither a time, such as 2026-11-24T10:00Z, nor "
                            "a property as name=value"
                          : "'%.*s' is no property; write name=value",
                     shown(&out->text), out->text.text);
    }
    if (out->name.bytes > CDN_SCHEMA_MAX_NAME)
        return FAULT(line, start, "the property's name has %zu bytes; at most %d fit",
                     out->name.bytes, CDN_SCHEMA_MAX_NAME);
    line->at++;
    if (line->at == line->end || is_blank(*line->at))
        return FAULT(line, start,
                     "'%.*s' has no value; null stands for none, \"\" for the empty "
                     "text",
                     shown(&out->name), out->name.text);
    if (*line->at == '"') {
        status = take_quoted(&out->text, line);
        out->literal = CDN_LITERAL_STRING;
    } else if (*line->at == '{' || *line->at == '[') {
        status = take_bag(&out->text, line);
        out->literal = CDN_LITERAL_BAG;
    } else {
        out->text = take_bare(line);
        out->literal = literal_of(&out->text);
    }
    if (!status && line->at < line->end && !is_blank(*line->at))
        return FAULT(line, line->at, "a blank has to stand behind a value");
    return status;
}

static cordon_status read_line(struct line *line, bool edge)
{
    struct cdn_draft *rows = line->rows;
    struct cdn_draft_row row = {0};
    cordon_status status;

    if (!skip(line))
        return CORDON_OK;
    row.at = line->at;
    row.first = (uint32_t)(rows->values.length / sizeof(struct cdn_draft_value));
    status = take_end(&row.ends[0], line, edge ? "where an edge begins" : "a node");
    if (!status && edge) {
        (void)skip(line);
        status = take_arrow(&row, line);
        if (!status && !skip(line))
            status = FAULT(line, line->at, "the edge has no target behind its arrow");
        if (!status)
            status = take_end(&row.ends[1], line, "where an edge ends");
    }
    while (!status && skip(line)) {
        struct cdn_draft_value value = {0};

        status = take_value(&value, line, edge && !row.count);
        cdn_buf_append(&rows->values, &value, sizeof value);
        row.count++;
    }
    cdn_buf_append(&rows->rows[edge], &row, sizeof row);
    return status;
}

static cordon_status read_text(struct cdn_fixture_draft *fixture, bool edge)
{
    const struct cdn_fixture_text *text = fixture->texts[edge];
    struct cdn_draft *rows = &fixture->draft;
    cordon_status status = CORDON_OK;
    const char *at = text->text;

    if (!at)
        return CORDON_OK;
    if (text->bytes > CDN_FIXTURE_MAX_BYTES)
        return cdn_fixture_fault(text, at, rows->err,
                                 "the fixture has %zu bytes; it may have %zu: take a "
                                 "slice of a store for more",
                                 text->bytes, CDN_FIXTURE_MAX_BYTES);
    for (const char *end = at + text->bytes; !status && at < end;) {
        const char *stop = memchr(at, '\n', (size_t)(end - at));
        struct line line = {rows, text, at, stop ? stop : end};

        status = read_line(&line, edge);
        at = stop ? stop + 1 : end;
    }
    return status;
}

/* A fault that has no place of its own, such as of a name, is one of the fixture. */
static cordon_status placed(const struct cdn_fixture_text *nodes,
                            const struct cdn_fixture_text *edges, cordon_status status,
                            cordon_error *err)
{
    const struct cdn_fixture_text *text = nodes->text ? nodes : edges;
    char message[CORDON_ERROR_MESSAGE_BYTES];

    if (status != CORDON_E_DATA || err->file[0])
        return status;
    memcpy(message, err->message, sizeof message);
    return cdn_error_at(err, status, text->file, text->line, 0, "%s", message);
}

cordon_status cdn_fixture_read(cordon_snapshot **out, const struct cdn_schema *schema,
                               const struct cdn_fixture_text *nodes,
                               const struct cdn_fixture_text *edges, cordon_error *err)
{
    struct cdn_fixture_draft fixture = {.texts = {nodes, edges}};
    struct cdn_draft *draft = &fixture.draft;
    cordon_error own;
    cordon_status status;

    *out = NULL;
    if (!err)
        err = &own;
    cdn_error_clear(err);
    draft->reader = &cdn_fixture_reader;
    draft->err = err;
    status = read_text(&fixture, false);
    if (!status)
        status = read_text(&fixture, true);
    if (!status && !schema && !cdn_draft_row_count(draft, false) &&
        !cdn_draft_row_count(draft, true))
        status = cdn_error_set(err, CORDON_E_DATA,
                               "the fixture has neither a node nor an edge");
    if (!status)
        status = cdn_draft_make(out, draft, schema);
    cdn_draft_deinit(draft);
    return placed(nodes, edges, status, err);
}

/* ---- a file ---- */

/* The part that begins behind this line; the one before it ends here. */
struct splitting {
    struct cdn_fixture_parts *parts;
    struct cdn_fixture_text *open; /* NULL: none yet */
    const struct cdn_fixture_text *whole;
    cordon_error *err;
};

static cordon_status begin_part(struct splitting *split, struct cdn_fixture_text *part,
                                const char *word, const char *at, const char *behind,
                                uint32_t line)
{
    if (part->text)
        return cdn_fixture_fault(split->whole, at, split->err,
                                 "'%s' stands twice; everything of it goes behind one",
                                 word);
    if (split->open)
        split->open->bytes = (size_t)(at - split->open->text);
    *part = (struct cdn_fixture_text){behind, 0, split->whole->file, line + 1, 1};
    split->open = part;
    return CORDON_OK;
}

static cordon_status split_line(struct splitting *split, const char *at,
                                const char *end, const char *behind, uint32_t number)
{
    struct cdn_draft none = {.err = split->err};
    struct line line = {&none, split->whole, at, end};
    struct cdn_word word;

    if (!skip(&line))
        return CORDON_OK;
    word = take_name(&line);
    if (is(&word, "nodes") && !skip(&line))
        return begin_part(split, &split->parts->nodes, "nodes", at, behind, number);
    if (is(&word, "edges") && !skip(&line))
        return begin_part(split, &split->parts->edges, "edges", at, behind, number);
    if (split->open)
        return CORDON_OK;
    if (is(&word, "schema") && !split->parts->schema.text && skip(&line)) {
        struct cdn_word path = take_bare(&line);

        if (!skip(&line)) {
            split->parts->schema =
                (struct cdn_fixture_text){path.text, path.bytes, split->whole->file,
                                          number, (uint32_t)(path.text - at) + 1};
            return CORDON_OK;
        }
    }
    return cdn_fixture_fault(split->whole, word.text, split->err,
                             "a fixture begins with `schema PATH`, or with `nodes` or "
                             "`edges` alone on a line");
}

cordon_status cdn_fixture_split(struct cdn_fixture_parts *out,
                                const struct cdn_fixture_text *whole, cordon_error *err)
{
    struct splitting split = {out, NULL, whole, err};
    const char *at = whole->text, *end = at + whole->bytes;
    cordon_status status = CORDON_OK;
    uint32_t number = whole->line;

    *out = (struct cdn_fixture_parts){0};
    if (whole->bytes > CDN_FIXTURE_MAX_BYTES)
        return cdn_fixture_fault(whole, at, err,
                                 "the fixture has %zu bytes; it may have %zu: take a "
                                 "slice of a store for more",
                                 whole->bytes, CDN_FIXTURE_MAX_BYTES);
    while (!status && at < end) {
        const char *stop = memchr(at, '\n', (size_t)(end - at));

        status =
            split_line(&split, at, stop ? stop : end, stop ? stop + 1 : end, number++);
        at = stop ? stop + 1 : end;
    }
    if (split.open)
        split.open->bytes = (size_t)(end - split.open->text);
    if (!status && !split.open)
        status = cdn_fixture_fault(whole, end, err,
                                   "the fixture has neither `nodes` nor `edges`");
    return status;
}
