/* From fields to keys and cells.
 *
 * A file's columns are found once, by name; a row is then a few indexed look-ups.  The
 * first thing wrong with a row decides its reason; the rest of it is not looked at.
 * Columns nobody asked for are not even checked for UTF-8. */
#include "import/feed.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/suggest.h"
#include "import/bag.h"

#define NO_FIELD UINT32_MAX

/* ---- columns ---- */

/* The header's names, or the schema's for a file without one, as terminated texts. */
struct names {
    uint32_t count;
    const char **items;
    char *text;
};

static void names_deinit(struct names *names)
{
    cdn_free(names->items);
    cdn_free(names->text);
}

static cordon_status copy_names(struct names *names, const struct cdn_csv_row *row,
                                cordon_error *err)
{
    size_t bytes = 0;
    size_t at = 0;

    for (uint32_t i = 0; i < row->count; i++)
        bytes += row->fields[i].bytes + 1;
    names->items = cdn_calloc(row->count, sizeof(*names->items));
    names->text = cdn_alloc(bytes);
    if (!names->items || !names->text)
        return cdn_error_nomem(err);
    names->count = row->count;
    for (uint32_t i = 0; i < row->count; i++) {
        names->items[i] = names->text + at;
        if (row->fields[i].bytes)
            memcpy(names->text + at, row->fields[i].text, row->fields[i].bytes);
        at += row->fields[i].bytes;
        names->text[at++] = '\0';
    }
    return CORDON_OK;
}

static cordon_status read_names(struct names *names, struct cdn_feed *feed,
                                cordon_error *err)
{
    const struct cdn_mapping_source *source = feed->source;
    enum cdn_csv_event event;
    struct cdn_csv_row row;
    cordon_status status;

    if (!source->dialect.header) {
        names->items = cdn_calloc(source->name_count, sizeof(*names->items));
        if (!names->items)
            return cdn_error_nomem(err);
        memcpy(names->items, source->names, source->name_count * sizeof(*names->items));
        names->count = source->name_count;
        return CORDON_OK;
    }
    status = cdn_csv_next(feed->csv, &event, &row, err);
    if (status) {
        cdn_error_prefix(err, "%s", feed->path);
        return status;
    }
    if (event == CDN_CSV_END)
        return cdn_error_at(err, CORDON_E_DATA, feed->path, 1, 0,
                            "the file is empty; a header line is wanted (or header = "
                            "false in the schema)");
    if (event == CDN_CSV_FAULT)
        return cdn_error_at(err, CORDON_E_DATA, feed->path, 1, 0, "the header line: %s",
                            row.fault);
    return copy_names(names, &row, err);
}

static cordon_status find_column(uint32_t *out, const struct cdn_feed *feed,
                                 const struct names *names, const char *wanted,
                                 cordon_error *err)
{
    struct cdn_suggest suggest;
    struct cdn_buf list = {0};
    char hint[128];
    cordon_status status;

    *out = NO_FIELD;
    cdn_suggest_init(&suggest, wanted);
    for (uint32_t i = 0; i < names->count; i++) {
        if (!strcmp(names->items[i], wanted)) {
            if (*out != NO_FIELD)
                return cdn_error_at(err, CORDON_E_DATA, feed->path, 1, 0,
                                    "two columns are named '%s'", wanted);
            *out = i;
        }
        cdn_suggest_offer(&suggest, names->items[i]);
    }
    if (*out != NO_FIELD)
        return CORDON_OK;
    for (uint32_t i = 0; i < names->count; i++)
        cdn_buf_printf(&list, "%s%s", i ? ", " : "", names->items[i]);
    status = list.failed
                 ? cdn_error_nomem(err)
                 : cdn_error_at(err, CORDON_E_DATA, feed->path,
                                feed->source->dialect.header ? 1 : 0, 0,
                                "there is no column '%s'%s (columns: %s)%s", wanted,
                                cdn_suggest_text(&suggest, hint, sizeof(hint)),
                                list.data ? (const char *)list.data : "",
                                names->count == 1 ? "; is the delimiter right?" : "");
    cdn_buf_deinit(&list);
    return status;
}

static cordon_status find_columns(struct cdn_feed *feed, const struct names *names,
                                  cordon_error *err)
{
    const struct cdn_mapping_source *source = feed->source;
    cordon_status status = find_column(&feed->keys[0], feed, names, source->key, err);

    if (!status && source->edge)
        status = find_column(&feed->keys[1], feed, names, source->target, err);
    for (uint32_t i = 0; i < source->column_count && !status; i++)
        status =
            find_column(&feed->columns[i], feed, names, source->columns[i].column, err);
    for (uint32_t i = 0; i < source->condition_count && !status; i++)
        status = find_column(&feed->conditions[i], feed, names,
                             source->conditions[i].column, err);
    return status;
}

cordon_status cdn_feed_open(struct cdn_feed *feed, const struct cdn_mapping *mapping,
                            const struct cdn_mapping_source *source, const char *path,
                            cordon_error *err)
{
    const struct cdn_schema *schema = &mapping->schema;
    struct names names = {0};
    uint32_t properties;
    cordon_status status;

    *feed = (struct cdn_feed){.source = source, .path = path};
    if (source->edge) {
        const struct cdn_relation_schema *relation = &schema->relations[source->number];

        properties = relation->property_count;
        feed->key_types[0] = schema->labels[relation->source].key;
        feed->key_types[1] = schema->labels[relation->target].key;
    } else {
        properties = schema->labels[source->number].property_count;
        feed->key_types[0] = schema->labels[source->number].key;
    }
    feed->columns = cdn_calloc(source->column_count, sizeof(*feed->columns));
    feed->conditions = cdn_calloc(source->condition_count, sizeof(*feed->conditions));
    feed->own_cells = cdn_calloc(properties, sizeof(*feed->own_cells));
    feed->bags = cdn_calloc(source->column_count, sizeof(*feed->bags));
    if (!feed->columns || !feed->conditions || !feed->own_cells || !feed->bags) {
        status = cdn_error_nomem(err);
        goto out;
    }
    /* what the source does not have stays null */
    for (uint32_t i = 0; i < properties; i++)
        feed->own_cells[i].null = true;
    feed->cells = feed->own_cells;
    status = cdn_csv_open(&feed->csv, path, &source->dialect, err);
    if (!status)
        status = read_names(&names, feed, err);
    if (!status)
        status = find_columns(feed, &names, err);
    feed->field_count = names.count;
out:
    names_deinit(&names);
    if (status)
        cdn_feed_close(feed);
    return status;
}

void cdn_feed_close(struct cdn_feed *feed)
{
    cdn_csv_close(feed->csv);
    for (uint32_t i = 0; feed->bags && i < feed->source->column_count; i++)
        cdn_buf_deinit(&feed->bags[i]);
    cdn_free(feed->bags);
    cdn_free(feed->columns);
    cdn_free(feed->conditions);
    cdn_free(feed->own_cells);
    feed->csv = NULL;
    feed->columns = NULL;
    feed->conditions = NULL;
    feed->cells = NULL;
    feed->own_cells = NULL;
    feed->bags = NULL;
}

/* ---- rows ---- */

static bool blame(struct cdn_feed *feed, const char *column,
                  const struct cdn_csv_field *field, const char *why)
{
    char value[80];

    cdn_escape(value, sizeof(value), field->text, field->bytes);
    if (field->bytes)
        snprintf(feed->reason, sizeof(feed->reason), "column '%.64s': '%s' %s", column,
                 value, why);
    else
        snprintf(feed->reason, sizeof(feed->reason), "column '%.64s' %s", column, why);
    return false;
}

static bool compare(enum cdn_mapping_operator op, int order)
{
    switch (op) {
    case CDN_MAPPING_EQUAL:
        return order == 0;
    case CDN_MAPPING_NOT_EQUAL:
        return order != 0;
    case CDN_MAPPING_LESS:
        return order < 0;
    case CDN_MAPPING_AT_MOST:
        return order <= 0;
    case CDN_MAPPING_GREATER:
        return order > 0;
    case CDN_MAPPING_AT_LEAST:
        return order >= 0;
    }
    return false;
}

static int compare_bytes(const struct cdn_csv_field *field, const char *text,
                         size_t bytes)
{
    size_t least = field->bytes < bytes ? field->bytes : bytes;
    int order = least ? memcmp(field->text, text, least) : 0;

    if (order || field->bytes == bytes)
        return order;
    return field->bytes < bytes ? -1 : 1;
}

/* Does the row meet all conditions?  False with *event: why not. */
static bool meets(struct cdn_feed *feed, const struct cdn_csv_row *row,
                  enum cdn_feed_event *event)
{
    const struct cdn_mapping_source *source = feed->source;

    for (uint32_t i = 0; i < source->condition_count; i++) {
        const struct cdn_mapping_condition *condition = &source->conditions[i];
        const struct cdn_csv_field *field = &row->fields[feed->conditions[i]];
        double number = 0;
        const char *why;
        int order;

        *event = CDN_FEED_FILTERED;
        if (!condition->numeric) {
            order = compare_bytes(field, condition->text, condition->bytes);
        } else {
            if (!field->bytes)
                return false;
            why = cdn_parse_number(&number, field->text, field->bytes);
            if (why) {
                *event = CDN_FEED_REJECTED;
                return blame(feed, condition->column, field, why);
            }
            order = number < condition->number ? -1 : number > condition->number;
        }
        if (!compare(condition->op, order))
            return false;
    }
    return true;
}

static bool fill_column(struct cdn_feed *feed, uint32_t number,
                        const struct cdn_csv_field *field)
{
    const struct cdn_mapping_column *column = &feed->source->columns[number];
    struct cdn_cell *cell = &feed->own_cells[column->property];
    char words[256];
    const char *why = words;

    if (column->format.type == CDN_COLUMN_BAG)
        feed->nomem |= cdn_bag_parse(cell, &feed->bags[number], words, sizeof(words),
                                     column->format.nullable, field->text,
                                     field->bytes) != CORDON_OK;
    else
        why = cdn_parse_cell(cell, &column->format, field->text, field->bytes);
    return !why || !why[0] || blame(feed, column->column, field, why);
}

static bool fill(struct cdn_feed *feed, const struct cdn_csv_row *row)
{
    const struct cdn_mapping_source *source = feed->source;
    uint32_t ends = source->edge ? 2 : 1;

    for (uint32_t i = 0; i < ends; i++) {
        const struct cdn_csv_field *field = &row->fields[feed->keys[i]];
        const char *why =
            cdn_parse_key(&feed->key[i], feed->key_types[i], field->text, field->bytes);

        if (why)
            return blame(feed, i ? source->target : source->key, field, why);
    }
    for (uint32_t i = 0; i < source->column_count; i++)
        if (!fill_column(feed, i, &row->fields[feed->columns[i]]))
            return false;
    return true;
}

cordon_status cdn_feed_next(struct cdn_feed *feed, enum cdn_feed_event *event,
                            cordon_error *err)
{
    enum cdn_csv_event found;
    struct cdn_csv_row row;
    cordon_status status = cdn_csv_next(feed->csv, &found, &row, err);

    *event = CDN_FEED_END;
    if (status) {
        cdn_error_prefix(err, "%s", feed->path);
        return status;
    }
    if (found == CDN_CSV_END)
        return CORDON_OK;
    feed->line = row.line;
    *event = CDN_FEED_REJECTED;
    if (found == CDN_CSV_FAULT) {
        snprintf(feed->reason, sizeof(feed->reason), "%s", row.fault);
    } else if (row.count != feed->field_count) {
        snprintf(feed->reason, sizeof(feed->reason), "%u field%s where %s %u",
                 row.count, row.count == 1 ? "" : "s",
                 feed->source->dialect.header ? "the header has" : "the schema names",
                 feed->field_count);
    } else if (meets(feed, &row, event)) {
        *event = fill(feed, &row) ? CDN_FEED_ROW : CDN_FEED_REJECTED;
    }
    return feed->nomem ? cdn_error_nomem(err) : CORDON_OK;
}

void cdn_feed_dangling(char reason[CDN_FEED_REASON_BYTES],
                       const struct cdn_mapping *mapping,
                       const struct cdn_mapping_source *source, uint32_t end,
                       const struct cdn_key *key)
{
    const struct cdn_schema *schema = &mapping->schema;
    uint32_t number = source->number;
    const struct cdn_label *label;
    char shown[80];

    if (source->edge)
        number =
            end ? schema->relations[number].target : schema->relations[number].source;
    label = &schema->labels[number];
    if (label->key == CDN_KEY_INT64)
        snprintf(shown, sizeof(shown), "%" PRId64, key->integer);
    else
        cdn_escape(shown, sizeof(shown), key->text, key->bytes);
    snprintf(reason, CDN_FEED_REASON_BYTES, "column '%.64s': there is no %s '%s'",
             end ? source->target : source->key, label->name, shown);
}
