/* A draft's rows to a snapshot in memory: see draft.h.
 *
 * Nodes that only edges name are found by sorting: the listed ones in order of label and key,
 * then every end that is not among them, once. */
#include "snapshot/draft.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/suggest.h"
#include "snapshot/parse.h"

#define NO_TEXT SIZE_MAX

/* A listed node, or an edge's end, in order of label and key. */
struct mention {
    uint32_t label;
    uint32_t row; /* of a listed node */
    struct cdn_word key;
};

struct making {
    const struct cdn_draft *draft;
    const struct cdn_schema *schema;
    struct cdn_writer *writer;
    struct mention *listed;
    size_t listed_count;
    struct cdn_cell *cells; /* one row's */
    size_t *texts; /* where in `decoded` a cell's bytes lie; NO_TEXT: elsewhere */
    struct cdn_buf decoded; /* texts and bags of one row */
};

/* ---- faults ---- */

cordon_status cdn_draft_fault(const struct cdn_draft *draft, bool edge, const char *at,
                              const char *format, ...)
{
    char message[CORDON_ERROR_MESSAGE_BYTES];
    va_list args;

    va_start(args, format);
    (void)vsnprintf(message, sizeof message, format, args);
    va_end(args);
    return draft->reader->fault(draft, edge, at, message);
}

struct cdn_draft_name cdn_draft_name_of(const struct cdn_word *word)
{
    struct cdn_draft_name name;
    size_t bytes = word->bytes < sizeof name.text ? word->bytes : sizeof name.text - 1;

    if (bytes)
        memcpy(name.text, word->text, bytes);
    name.text[bytes] = '\0';
    return name;
}

/* ---- names ---- */

static cordon_status unknown(struct making *making, bool edge, const char *at,
                             const char *what, const char *of,
                             struct cdn_suggest *suggest)
{
    char hint[CDN_SCHEMA_MAX_NAME + 40];

    return cdn_draft_fault(making->draft, edge, at, "the schema has no %s '%s'%s%s%s",
                           what, suggest->wanted, *of ? " of " : "", of,
                           cdn_suggest_text(suggest, hint, sizeof hint));
}

static cordon_status find_label(uint32_t *out, struct making *making, bool edge,
                                const struct cdn_word *word)
{
    struct cdn_draft_name name = cdn_draft_name_of(word);
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
                                   const struct cdn_draft_row *row,
                                   const uint32_t ends[2])
{
    const struct cdn_schema *schema = making->schema;
    struct cdn_draft_name name = cdn_draft_name_of(&row->type);
    int32_t number = cdn_schema_relation(schema, name.text, ends[0], ends[1]);
    struct cdn_suggest suggest;

    *out = (uint32_t)number;
    if (number >= 0)
        return CORDON_OK;
    cdn_suggest_init(&suggest, name.text);
    for (uint32_t i = 0; i < schema->relation_count; i++) {
        const struct cdn_relation_schema *other = &schema->relations[i];

        if (!strcmp(other->type, name.text))
            return cdn_draft_fault(
                making->draft, true, row->type.text,
                "the schema has no '%s' from %s to %s; there is one from %s to %s",
                name.text, schema->labels[ends[0]].name, schema->labels[ends[1]].name,
                schema->labels[other->source].name, schema->labels[other->target].name);
        cdn_suggest_offer(&suggest, other->type);
    }
    return unknown(making, true, row->type.text, "edge type", "", &suggest);
}

/* ---- values ---- */

static cordon_status bad_value(struct making *making, bool edge,
                               const struct cdn_draft_value *value, const char *why)
{
    char said[CDN_DRAFT_SAY];

    return cdn_draft_fault(making->draft, edge, value->text.text, "'%s' %s",
                           making->draft->reader->say(said, value), why);
}

static cordon_status read_value(struct making *making, bool edge,
                                const struct cdn_draft_value *value,
                                const struct cdn_property *property,
                                struct cdn_cell *cell, size_t *where)
{
    char room[CDN_DRAFT_WHY];
    const char *why = NULL;
    cordon_status status;

    if (value->literal == CDN_LITERAL_NULL)
        return property->nullable
                   ? CORDON_OK
                   : bad_value(making, edge, value,
                               "cannot stand here: the property is never null");
    cell->null = false;
    status = making->draft->reader->read(cell, &making->decoded, where, &why, room,
                                         value, property);
    if (status)
        return cdn_error_nomem(making->draft->err);
    return why ? bad_value(making, edge, value, why) : CORDON_OK;
}

static cordon_status find_property(int32_t *out, struct making *making, bool edge,
                                   const struct cdn_draft_value *value,
                                   const struct cdn_property *properties,
                                   uint32_t count, int32_t time, const char *of)
{
    struct cdn_draft_name name = cdn_draft_name_of(&value->name);
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

/* `name` NULL: the time. */
static cordon_status needed(struct making *making, bool edge,
                            const struct cdn_draft_row *row, const char *of,
                            const char *name)
{
    if (name)
        return cdn_draft_fault(making->draft, edge, row->at,
                               "the %s needs '%s', which is never null", of, name);
    return cdn_draft_fault(making->draft, edge, row->at,
                           "the edge has no time, which every %s has%s", of,
                           making->draft->reader->no_time);
}

/* The cells of one row; `time` is -1 where there is none. */
static cordon_status read_cells(struct making *making, bool edge,
                                const struct cdn_draft_row *row,
                                const struct cdn_property *properties, uint32_t count,
                                int32_t time, const char *of)
{
    const struct cdn_draft_value *values = cdn_draft_values(making->draft, row);
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
                                   "is the property's second value");
        if (!status)
            status = read_value(making, edge, &values[i], &properties[number],
                                &making->cells[number], &making->texts[number]);
    }
    if (!status && making->decoded.failed)
        return cdn_error_nomem(making->draft->err);
    for (uint32_t i = 0; i < count && !status; i++) {
        if (making->texts[i] != NO_TEXT)
            making->cells[i].as.string.text =
                making->cells[i].as.string.bytes
                    ? (const char *)making->decoded.data + making->texts[i]
                    : "";
        if (making->cells[i].null && !properties[i].nullable)
            status = needed(making, edge, row, of,
                            i == (uint32_t)time ? NULL : properties[i].name);
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
    return cdn_draft_fault(making->draft, edge, key->text, "key '%.*s' of %s %s",
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
                              const struct cdn_draft_row *row,
                              const struct cdn_draft_end *end, uint32_t label)
{
    const struct cdn_label *schema = &making->schema->labels[label];
    struct cdn_key key;
    cordon_status status = read_key(&key, making, edge, label, &end->key);

    if (!status)
        status = read_cells(making, edge, row, schema->properties,
                            schema->property_count, -1, schema->name);
    if (!status)
        status = cdn_writer_node(making->writer, label, &key, making->cells, 0,
                                 making->draft->err);
    return status;
}

static cordon_status put_listed(struct making *making)
{
    const struct cdn_draft_row *rows = cdn_draft_rows(making->draft, false);
    size_t count = cdn_draft_row_count(making->draft, false);
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
            status =
                cdn_draft_fault(making->draft, false, rows[making->listed[i].row].at,
                                "the node is listed twice");
    return status;
}

/* The ends that are not listed, each once. */
static cordon_status put_others(struct making *making)
{
    const struct cdn_draft_row *rows = cdn_draft_rows(making->draft, true);
    size_t count = cdn_draft_row_count(making->draft, true), found = 0;
    struct mention *others = cdn_calloc(2 * count + 1, sizeof *others);
    cordon_status status = CORDON_OK;

    if (!others)
        return cdn_error_nomem(making->draft->err);
    for (size_t i = 0; i < 2 * count && !status; i++) {
        const struct cdn_draft_end *end = &rows[i / 2].ends[i % 2];
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
        const struct cdn_draft_row *row = &rows[others[i].row / 2];
        struct cdn_draft_row bare = {.at = row->at};

        bare.ends[0] = row->ends[others[i].row % 2];
        if (i == 0 || by_key(&others[i - 1], &others[i]))
            status = put_node(making, true, &bare, &bare.ends[0], others[i].label);
    }
    cdn_free(others);
    return status;
}

/* ---- edges ---- */

static cordon_status put_edge(struct making *making, const struct cdn_draft_row *row,
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
                                 making->cells, number, &taken, making->draft->err);
    return status;
}

static cordon_status put_all(struct making *making)
{
    const struct cdn_draft_row *edges = cdn_draft_rows(making->draft, true);
    size_t count = cdn_draft_row_count(making->draft, true);
    cordon_status status = put_listed(making);

    if (!status)
        status = put_others(making);
    if (!status)
        status = cdn_writer_seal_nodes(making->writer, NULL, NULL, making->draft->err);
    for (size_t i = 0; i < count && !status; i++)
        status = put_edge(making, &edges[i], i);
    if (!status)
        status = cdn_writer_finish(making->writer, making->draft->err);
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

static cordon_status write_slice(struct cdn_buf *slice, const struct cdn_draft *draft,
                                 const struct cdn_schema *schema)
{
    struct making making = {.draft = draft, .schema = schema};
    uint32_t most = most_properties(schema);
    cordon_status status;

    making.cells = cdn_calloc(most, sizeof *making.cells);
    making.texts = cdn_calloc(most, sizeof *making.texts);
    making.listed =
        cdn_calloc(cdn_draft_row_count(draft, false) + 1, sizeof *making.listed);
    if (making.cells && making.texts && making.listed)
        status = cdn_writer_open_memory(&making.writer, slice, 0, schema, draft->err);
    else
        status = cdn_error_nomem(draft->err);
    if (!status)
        status = put_all(&making);
    cdn_writer_close(making.writer);
    cdn_buf_deinit(&making.decoded);
    cdn_free(making.listed);
    cdn_free(making.texts);
    cdn_free(making.cells);
    return status;
}

cordon_status cdn_draft_make(cordon_snapshot **out, const struct cdn_draft *draft,
                             const struct cdn_schema *schema)
{
    struct cdn_schema inferred = {0};
    struct cdn_buf slice = {0};
    cordon_status status = CORDON_OK;

    *out = NULL;
    if (draft->rows[0].failed || draft->rows[1].failed || draft->values.failed)
        return cdn_error_nomem(draft->err);
    if (!schema)
        status = cdn_draft_infer(&inferred, draft);
    if (!status)
        status = write_slice(&slice, draft, schema ? schema : &inferred);
    if (!status)
        status =
            cordon_snapshot_open_slice(out, slice.data, slice.length, NULL, draft->err);
    cdn_buf_deinit(&slice);
    cdn_schema_deinit(&inferred);
    return status;
}

void cdn_draft_deinit(struct cdn_draft *draft)
{
    cdn_buf_deinit(&draft->rows[0]);
    cdn_buf_deinit(&draft->rows[1]);
    cdn_buf_deinit(&draft->values);
}
