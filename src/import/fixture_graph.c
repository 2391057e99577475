/* A fixture's rows to a snapshot in memory, through the writer that imports use.
 *
 * Nodes that only edges name are found by sorting: the listed ones in order of label and key,
 * then every end that is not among them, once.  Values become cells by the importer's own
 * parsers, so that what a fixture takes is what a column takes. */
#include "import/fixture_rows.h"

#include <stdlib.h>
#include <string.h>

#include <cordon/value.h>

#include "base/alloc.h"
#include "base/suggest.h"
#include "import/bag.h"
#include "codec/json_read.h"
#include "import/parse.h"

#define NO_TEXT SIZE_MAX

/* A listed node, or an edge's end, in order of label and key. */
struct mention {
    uint32_t label;
    uint32_t row; /* of a listed node */
    struct cdn_word key;
};

struct making {
    const struct cdn_fixture_rows *rows;
    const struct cdn_schema *schema;
    struct cdn_writer *writer;
    struct mention *listed;
    size_t listed_count;
    struct cdn_cell *cells; /* one row's */
    size_t *texts; /* where in `decoded` a cell's bytes lie; NO_TEXT: elsewhere */
    struct cdn_buf decoded; /* texts and bags of one row */
    cordon_error *err;
};

/* ---- names ---- */

static cordon_status unknown(struct making *making, bool edge, const char *at,
                             const char *what, const char *of,
                             struct cdn_suggest *suggest)
{
    char hint[CDN_SCHEMA_MAX_NAME + 40];

    return cdn_fixture_fault(making->rows->texts[edge], at, making->err,
                             "the schema has no %s '%s'%s%s%s", what, suggest->wanted,
                             *of ? " of " : "", of,
                             cdn_suggest_text(suggest, hint, sizeof hint));
}

static cordon_status find_label(uint32_t *out, struct making *making, bool edge,
                                const struct cdn_word *word)
{
    struct cdn_fixture_name name = cdn_fixture_name_of(word);
    int32_t number = cdn_schema_label(making->schema, name.text);
    struct cdn_suggest suggest;

    *out = (uint32_t)number;
    if (number >= 0)
        return CORDON_OK;
    cdn_suggest_init(&suggest, name.text);
    for (uint32_t i = 0; i < making->schema->label_count; i++)
        cdn_suggest_offer(&suggest, making->schema->labels[i].name);
    return unknown(making, edge, word->text, "label", "", &suggest);
}

static cordon_status find_relation(uint32_t *out, struct making *making,
                                   const struct cdn_fixture_row *row,
                                   const uint32_t ends[2])
{
    const struct cdn_schema *schema = making->schema;
    struct cdn_fixture_name name = cdn_fixture_name_of(&row->type);
    int32_t number = cdn_schema_relation(schema, name.text, ends[0], ends[1]);
    struct cdn_suggest suggest;

    *out = (uint32_t)number;
    if (number >= 0)
        return CORDON_OK;
    cdn_suggest_init(&suggest, name.text);
    for (uint32_t i = 0; i < schema->relation_count; i++) {
        const struct cdn_relation_schema *other = &schema->relations[i];

        if (!strcmp(other->type, name.text))
            return cdn_fixture_fault(
                making->rows->texts[1], row->type.text, making->err,
                "the schema has no '%s' from %s to %s; there is one from %s to %s",
                name.text, schema->labels[ends[0]].name, schema->labels[ends[1]].name,
                schema->labels[other->source].name, schema->labels[other->target].name);
        cdn_suggest_offer(&suggest, other->type);
    }
    return unknown(making, true, row->type.text, "edge type", "", &suggest);
}

/* ---- values ---- */

static cordon_status bad_value(struct making *making, bool edge,
                               const struct cdn_fixture_value *value, const char *why)
{
    return cdn_fixture_fault(
        making->rows->texts[edge], value->text.text, making->err, "'%.*s' %s",
        value->text.bytes > 60 ? 60 : (int)value->text.bytes, value->text.text, why);
}

/* What the text in quotes means, into `decoded`. */
static cordon_status decode_text(struct making *making, bool edge,
                                 const struct cdn_fixture_value *value,
                                 struct cdn_cell *cell, size_t *where)
{
    struct cdn_json_fault fault;
    struct cdn_buf pack = {0};
    cordon_value text;
    cordon_status status =
        cdn_json_read(&pack, value->text.text, value->text.bytes, &fault);

    if (!status)
        status = cordon_value_parse(&text, pack.data, pack.length, NULL);
    if (!status) {
        *where = making->decoded.length;
        cell->as.string.bytes = text.length;
        cdn_buf_append(&making->decoded, text.as.string, text.length);
    } else if (status != CORDON_E_NOMEM) {
        status = bad_value(making, edge, value, "is not text as JSON writes it");
    }
    cdn_buf_deinit(&pack);
    return status == CORDON_E_NOMEM ? cdn_error_nomem(making->err) : status;
}

static cordon_status decode_bag(struct making *making, bool edge,
                                const struct cdn_fixture_value *value,
                                const struct cdn_property *property,
                                struct cdn_cell *cell, size_t *where)
{
    struct cdn_buf pack = {0};
    char why[256];
    cordon_status status =
        cdn_bag_parse(cell, &pack, why, sizeof why, property->nullable,
                      value->text.text, value->text.bytes);

    if (!status && *why) {
        status = bad_value(making, edge, value, why);
    } else if (!status && !cell->null) {
        *where = making->decoded.length;
        cdn_buf_append(&making->decoded, pack.data, pack.length);
    }
    cdn_buf_deinit(&pack);
    return status == CORDON_E_NOMEM ? cdn_error_nomem(making->err) : status;
}

static cordon_status read_value(struct making *making, bool edge,
                                const struct cdn_fixture_value *value,
                                const struct cdn_property *property,
                                struct cdn_cell *cell, size_t *where)
{
    struct cdn_cell_format format = {.type = property->type,
                                     .nullable = property->nullable};
    struct cdn_word text = value->text;
    bool quoted = value->literal == CDN_LITERAL_STRING;
    const char *why;

    if (value->literal == CDN_LITERAL_NULL)
        return property->nullable
                   ? CORDON_OK
                   : bad_value(making, edge, value,
                               "cannot stand here: the property is never null");
    if (property->type == CDN_COLUMN_BAG)
        return decode_bag(making, edge, value, property, cell, where);
    if (property->type == CDN_COLUMN_STRING || property->type == CDN_COLUMN_TEXT) {
        cell->null = false;
        if (quoted)
            return decode_text(making, edge, value, cell, where);
    } else if (quoted && property->type == CDN_COLUMN_TIMESTAMP) {
        text = (struct cdn_word){text.text + 1, text.bytes - 2};
    } else if (quoted) {
        return bad_value(making, edge, value,
                         property->type == CDN_COLUMN_BOOL
                             ? "is text, and the property is true or false"
                             : "is text, and the property is a number");
    }
    if (value->literal == CDN_LITERAL_INTEGER && property->type == CDN_COLUMN_TIMESTAMP)
        format.unit_ms = 1;
    why = cdn_parse_cell(cell, &format, text.text, text.bytes);
    return why ? bad_value(making, edge, value, why) : CORDON_OK;
}

static cordon_status find_property(int32_t *out, struct making *making, bool edge,
                                   const struct cdn_fixture_value *value,
                                   const struct cdn_property *properties,
                                   uint32_t count, int32_t time, const char *of)
{
    struct cdn_fixture_name name = cdn_fixture_name_of(&value->name);
    struct cdn_suggest suggest;

    *out = value->name.bytes ? cdn_properties_find(properties, count, name.text) : time;
    if (*out >= 0)
        return CORDON_OK;
    if (!value->name.bytes)
        return bad_value(
            making, edge, value,
            "stands where the time does, and edges of this type have none");
    cdn_suggest_init(&suggest, name.text);
    for (uint32_t i = 0; i < count; i++)
        cdn_suggest_offer(&suggest, properties[i].name);
    return unknown(making, edge, value->name.text, "property", of, &suggest);
}

/* The cells of one row; `time` is -1 where there is none. */
static cordon_status read_cells(struct making *making, bool edge,
                                const struct cdn_fixture_row *row,
                                const struct cdn_property *properties, uint32_t count,
                                int32_t time, const char *of)
{
    const struct cdn_fixture_value *values = cdn_fixture_values(making->rows, row);
    cordon_status status = CORDON_OK;

    cdn_buf_clear(&making->decoded);
    for (uint32_t i = 0; i < count; i++) {
        making->cells[i] = (struct cdn_cell){.null = true};
        making->texts[i] = NO_TEXT;
    }
    for (uint32_t i = 0; i < row->count && !status; i++) {
        int32_t number;

        status = find_property(&number, making, edge, &values[i], properties, count,
                               time, of);
        for (uint32_t k = 0; !status && k < i; k++)
            if (cdn_word_same(&values[k].name, &values[i].name))
                status = bad_value(making, edge, &values[i],
                                   "is the property's second value on this line");
        if (!status)
            status = read_value(making, edge, &values[i], &properties[number],
                                &making->cells[number], &making->texts[number]);
    }
    if (!status && making->decoded.failed)
        return cdn_error_nomem(making->err);
    for (uint32_t i = 0; i < count && !status; i++) {
        if (making->texts[i] != NO_TEXT)
            making->cells[i].as.string.text =
                making->cells[i].as.string.bytes
                    ? (const char *)making->decoded.data + making->texts[i]
                    : "";
        if (making->cells[i].null && !properties[i].nullable)
            status = cdn_fixture_fault(
                making->rows->texts[edge], row->ends[0].label.text, making->err,
                i == (uint32_t)time
                    ? "the edge has no time, which every %s%s has; it stands behind "
                      "the target, such as 2026-11-24T10:00Z"
                    : "the %s needs '%s', which is never null",
                of, i == (uint32_t)time ? "" : properties[i].name);
    }
    return status;
}

static cordon_status read_key(struct cdn_key *out, struct making *making, bool edge,
                              uint32_t label, const struct cdn_word *key)
{
    const char *why =
        cdn_parse_key(out, making->schema->labels[label].key, key->text, key->bytes);

    if (!why)
        return CORDON_OK;
    return cdn_fixture_fault(making->rows->texts[edge], key->text, making->err,
                             "key '%.*s' of %s %s",
                             key->bytes > 60 ? 60 : (int)key->bytes, key->text,
                             making->schema->labels[label].name, why);
}

/* ---- nodes ---- */

static int by_key(const void *a, const void *b)
{
    const struct mention *x = a, *y = b;
    size_t shorter = x->key.bytes < y->key.bytes ? x->key.bytes : y->key.bytes;
    int order;

    if (x->label != y->label)
        return x->label < y->label ? -1 : 1;
    order = memcmp(x->key.text, y->key.text, shorter);
    if (order || x->key.bytes == y->key.bytes)
        return order;
    return x->key.bytes < y->key.bytes ? -1 : 1;
}

static int by_key_and_row(const void *a, const void *b)
{
    const struct mention *x = a, *y = b;
    int order = by_key(a, b);

    return order ? order : (x->row > y->row) - (x->row < y->row);
}

static cordon_status put_node(struct making *making, bool edge,
                              const struct cdn_fixture_row *row,
                              const struct cdn_fixture_end *end, uint32_t label)
{
    const struct cdn_label *schema = &making->schema->labels[label];
    struct cdn_key key;
    cordon_status status = read_key(&key, making, edge, label, &end->key);

    if (!status)
        status = read_cells(making, edge, row, schema->properties,
                            schema->property_count, -1, schema->name);
    if (!status)
        status =
            cdn_writer_node(making->writer, label, &key, making->cells, 0, making->err);
    return status;
}

static cordon_status put_listed(struct making *making)
{
    const struct cdn_fixture_row *rows = cdn_fixture_rows_of(making->rows, false);
    size_t count = cdn_fixture_row_count(making->rows, false);
    cordon_status status = CORDON_OK;

    for (size_t i = 0; i < count && !status; i++) {
        struct mention *mention = &making->listed[making->listed_count++];

        mention->row = (uint32_t)i;
        mention->key = rows[i].ends[0].key;
        status = find_label(&mention->label, making, false, &rows[i].ends[0].label);
        if (!status)
            status =
                put_node(making, false, &rows[i], &rows[i].ends[0], mention->label);
    }
    if (count && !status)
        qsort(making->listed, count, sizeof *making->listed, by_key_and_row);
    for (size_t i = 1; i < count && !status; i++)
        if (!by_key(&making->listed[i - 1], &making->listed[i]))
            status = cdn_fixture_fault(making->rows->texts[0],
                                       rows[making->listed[i].row].ends[0].label.text,
                                       making->err, "the node is listed twice");
    return status;
}

/* The ends that are not listed, each once. */
static cordon_status put_others(struct making *making)
{
    const struct cdn_fixture_row *rows = cdn_fixture_rows_of(making->rows, true);
    size_t count = cdn_fixture_row_count(making->rows, true), found = 0;
    struct mention *others = cdn_calloc(2 * count + 1, sizeof *others);
    cordon_status status = CORDON_OK;

    if (!others)
        return cdn_error_nomem(making->err);
    for (size_t i = 0; i < 2 * count && !status; i++) {
        const struct cdn_fixture_end *end = &rows[i / 2].ends[i % 2];
        struct mention *mention = &others[found];

        mention->row = (uint32_t)i;
        mention->key = end->key;
        status = find_label(&mention->label, making, true, &end->label);
        if (!status && !(making->listed_count &&
                         bsearch(mention, making->listed, making->listed_count,
                                 sizeof *mention, by_key)))
            found++;
    }
    if (found && !status)
        qsort(others, found, sizeof *others, by_key_and_row);
    for (size_t i = 0; i < found && !status; i++) {
        const struct cdn_fixture_row *row = &rows[others[i].row / 2];
        struct cdn_fixture_row bare = {0};

        bare.ends[0] = row->ends[others[i].row % 2];
        if (i == 0 || by_key(&others[i - 1], &others[i]))
            status = put_node(making, true, &bare, &bare.ends[0], others[i].label);
    }
    cdn_free(others);
    return status;
}

/* ---- edges ---- */

static cordon_status put_edge(struct making *making, const struct cdn_fixture_row *row,
                              uint64_t number)
{
    const struct cdn_relation_schema *relation;
    uint32_t labels[2], which = 0;
    struct cdn_key keys[2];
    enum cdn_row taken;
    cordon_status status = CORDON_OK;

    for (int end = 0; end < 2 && !status; end++) {
        status = find_label(&labels[end], making, true, &row->ends[end].label);
        if (!status)
            status =
                read_key(&keys[end], making, true, labels[end], &row->ends[end].key);
    }
    if (!status)
        status = find_relation(&which, making, row, labels);
    if (status)
        return status;
    relation = &making->schema->relations[which];
    status = read_cells(making, true, row, relation->properties,
                        relation->property_count, relation->time, relation->type);
    if (!status)
        status = cdn_writer_edge(making->writer, which, &keys[0], &keys[1],
                                 making->cells, number, &taken, making->err);
    return status;
}

static cordon_status put_all(struct making *making)
{
    const struct cdn_fixture_row *edges = cdn_fixture_rows_of(making->rows, true);
    size_t count = cdn_fixture_row_count(making->rows, true);
    cordon_status status = put_listed(making);

    if (!status)
        status = put_others(making);
    if (!status)
        status = cdn_writer_seal_nodes(making->writer, NULL, NULL, making->err);
    for (size_t i = 0; i < count && !status; i++)
        status = put_edge(making, &edges[i], i);
    if (!status)
        status = cdn_writer_finish(making->writer, making->err);
    return status;
}

/* ---- all of it ---- */

static uint32_t most_properties(const struct cdn_schema *schema)
{
    uint32_t most = 1;

    for (uint32_t i = 0; i < schema->label_count; i++)
        if (schema->labels[i].property_count > most)
            most = schema->labels[i].property_count;
    for (uint32_t i = 0; i < schema->relation_count; i++)
        if (schema->relations[i].property_count > most)
            most = schema->relations[i].property_count;
    return most;
}

static cordon_status make(struct cdn_buf *slice, const struct cdn_fixture_rows *rows,
                          const struct cdn_schema *schema, cordon_error *err)
{
    struct making making = {.rows = rows, .schema = schema, .err = err};
    uint32_t most = most_properties(schema);
    cordon_status status;

    making.cells = cdn_calloc(most, sizeof *making.cells);
    making.texts = cdn_calloc(most, sizeof *making.texts);
    making.listed =
        cdn_calloc(cdn_fixture_row_count(rows, false) + 1, sizeof *making.listed);
    if (making.cells && making.texts && making.listed)
        status = cdn_writer_open_memory(&making.writer, slice, 0, schema, err);
    else
        status = cdn_error_nomem(err);
    if (!status)
        status = put_all(&making);
    cdn_writer_close(making.writer);
    cdn_buf_deinit(&making.decoded);
    cdn_free(making.listed);
    cdn_free(making.texts);
    cdn_free(making.cells);
    return status;
}

/* A fault that has no place of its own, such as of a name, is one of the fixture. */
static cordon_status placed(const struct cdn_fixture_text *nodes,
                            const struct cdn_fixture_text *edges, cordon_status status,
                            cordon_error *err)
{
    const struct cdn_fixture_text *text = nodes->text ? nodes : edges;
    char message[CORDON_ERROR_MESSAGE_BYTES];

    if (status != CORDON_E_DATA || !err || err->file[0])
        return status;
    memcpy(message, err->message, sizeof message);
    return cdn_error_at(err, status, text->file, text->line, 0, "%s", message);
}

cordon_status cdn_fixture_read(cordon_snapshot **out, const struct cdn_schema *schema,
                               const struct cdn_fixture_text *nodes,
                               const struct cdn_fixture_text *edges, cordon_error *err)
{
    struct cdn_schema inferred = {0};
    struct cdn_fixture_rows rows;
    struct cdn_buf slice = {0};
    cordon_error own;
    cordon_status status;

    *out = NULL;
    if (!err)
        err = &own;
    cdn_error_clear(err);
    status = cdn_fixture_rows_read(&rows, nodes, edges, err);
    if (!status && !schema && !cdn_fixture_row_count(&rows, false) &&
        !cdn_fixture_row_count(&rows, true))
        status = cdn_error_set(err, CORDON_E_DATA,
                               "the fixture has neither a node nor an edge");
    if (!status && !schema)
        status = cdn_fixture_infer(&inferred, &rows, err);
    if (!status)
        status = make(&slice, &rows, schema ? schema : &inferred, err);
    if (!status)
        status = cordon_snapshot_open_slice(out, slice.data, slice.length, NULL, err);
    cdn_buf_deinit(&slice);
    cdn_schema_deinit(&inferred);
    cdn_fixture_rows_deinit(&rows);
    return placed(nodes, edges, status, err);
}
