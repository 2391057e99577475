/* Rows of a generation, changed, on their way to the writer.
 *
 * Deletions are a bit a node of each label and a bit an edge of each relation that has any;
 * updates are rows of their own, in memory, ordered by node once all are in, and laid over
 * the base's cells in the order they came.  The base's rows are read through its map, block
 * by block, and what was read is given back to the system, so that the map does not count
 * towards the process's memory. */
#include "import/base.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "import/base_adopt.h"
#include "snapshot/file.h"
#include "snapshot/rows.h"
#include "snapshot/snapshot.h"
#include "snapshot/sort.h"

#define TICK_ROWS UINT64_C(65536) /* between two looks at `stopped`, and giving back */

struct label_changes {
    uint64_t *deleted;               /* a bit a node; NULL: none */
    struct cdn_property *properties; /* the label's, but nullable: an update has some */
    struct cdn_rows rows;            /* updates, as they came */
    uint32_t capacity;
    uint32_t *nodes;                           /* a row: which it is of */
    const struct cdn_mapping_source **sources; /* a row: whose columns it has */
};

struct cdn_base {
    cordon_snapshot *snapshot;
    const struct cdn_mapping *mapping;
    uint64_t memory_bytes;
    struct label_changes *labels;
    uint64_t *
        *deleted; /* a relation: a bit an edge, by outgoing position; NULL: none */
};

static bool bit(const uint64_t *bits, uint64_t at)
{
    return bits && (bits[at >> 6] >> (at & 63)) & 1;
}

static cordon_status set_bit(uint64_t **bits, uint64_t count, uint64_t at,
                             cordon_error *err)
{
    if (!*bits) {
        *bits = cdn_calloc((size_t)(count / 64 + 1), sizeof(**bits));
        if (!*bits)
            return cdn_error_nomem(err);
    }
    (*bits)[at >> 6] |= UINT64_C(1) << (at & 63);
    return CORDON_OK;
}

static cordon_status damaged(const struct cdn_base *base, cordon_error *err)
{
    char damage[CORDON_ERROR_MESSAGE_BYTES];

    if (!cdn_snapshot_damage(base->snapshot, damage, sizeof(damage)))
        snprintf(damage, sizeof(damage), "offsets or indices out of range");
    return cdn_error_set(err, CORDON_E_CORRUPT, "the base is damaged: %s", damage);
}

/* ---- open and close ---- */

static cordon_status init_label(struct label_changes *changes,
                                const struct cdn_label *label, cordon_error *err)
{
    changes->properties =
        cdn_calloc(label->property_count, sizeof(*changes->properties));
    if (!changes->properties)
        return cdn_error_nomem(err);
    for (uint32_t p = 0; p < label->property_count; p++) {
        changes->properties[p] = label->properties[p];
        changes->properties[p].nullable = true;
    }
    return cdn_rows_init(&changes->rows, changes->properties, label->property_count,
                         err);
}

cordon_status cdn_base_open(struct cdn_base **out, const char *store,
                            uint64_t generation, struct cdn_mapping *mapping,
                            uint64_t memory_bytes, cordon_error *err)
{
    cordon_snapshot_options options = CORDON_SNAPSHOT_OPTIONS_INIT;
    struct cdn_base *base = cdn_calloc(1, sizeof(*base));
    const struct cdn_schema *schema;
    cordon_status status;

    *out = NULL;
    if (!base)
        return cdn_error_nomem(err);
    base->mapping = mapping;
    base->memory_bytes = memory_bytes;
    options.generation = generation;
    status = cordon_snapshot_open(&base->snapshot, store, &options, err);
    if (!status)
        status = cdn_base_adopt(mapping, &base->snapshot->schema, err);
    if (status)
        goto out;
    schema = &mapping->schema;
    base->labels = cdn_calloc(schema->label_count, sizeof(*base->labels));
    base->deleted = cdn_calloc(schema->relation_count, sizeof(*base->deleted));
    if (!base->labels || !base->deleted) {
        status = cdn_error_nomem(err);
        goto out;
    }
    for (uint32_t l = 0; !status && l < schema->label_count; l++)
        status = init_label(&base->labels[l], &schema->labels[l], err);
    if (status)
        goto out;
    *out = base;
    base = NULL; /* handed over */
out:
    cdn_base_close(base);
    return status;
}

static void free_changes(struct label_changes *changes)
{
    cdn_free(changes->deleted);
    cdn_rows_deinit(&changes->rows);
    cdn_free(changes->properties);
    cdn_free(changes->nodes);
    cdn_free(changes->sources);
}

void cdn_base_close(struct cdn_base *base)
{
    if (!base)
        return;
    for (uint32_t l = 0; base->labels && l < base->snapshot->label_count; l++)
        free_changes(&base->labels[l]);
    for (uint32_t r = 0; base->deleted && r < base->snapshot->relation_count; r++)
        cdn_free(base->deleted[r]);
    cdn_free(base->labels);
    cdn_free(base->deleted);
    cordon_snapshot_release(base->snapshot);
    cdn_free(base);
}

uint64_t cdn_base_generation(const struct cdn_base *base)
{
    return base->snapshot->generation;
}

uint64_t cdn_base_applied(const struct cdn_base *base)
{
    return base->snapshot->applied;
}

const cordon_snapshot *cdn_base_snapshot(const struct cdn_base *base)
{
    return base->snapshot;
}

/* ---- rows that change ---- */

/* The place of a key within its label; CDN_NO_NODE with feed->reason, or CDN_DAMAGED_NODE. */
static uint32_t find(const struct cdn_base *base, struct cdn_feed *feed, uint32_t label,
                     uint32_t end)
{
    const struct cdn_key *key = &feed->key[end];
    const char *text = key->text;
    size_t bytes = key->bytes;
    char number[24];
    uint32_t node;

    if (feed->key_types[end] == CDN_KEY_INT64) {
        bytes = (size_t)snprintf(number, sizeof(number), "%" PRId64, key->integer);
        text = number;
    }
    node = cdn_snapshot_find(base->snapshot, label, text, bytes);
    if (node == CDN_NO_NODE)
        cdn_feed_dangling(feed->reason, base->mapping, feed->source, end, key);
    if (node == CDN_NO_NODE || node == CDN_DAMAGED_NODE)
        return node;
    return node - base->snapshot->labels[label].base;
}

static cordon_status grow_updates(struct label_changes *changes, cordon_error *err)
{
    cordon_status status = cdn_rows_grow(&changes->rows, err);
    void *grown;

    if (status || changes->capacity == changes->rows.capacity)
        return status;
    grown = cdn_realloc_array(changes->nodes, changes->rows.capacity, sizeof(uint32_t));
    if (!grown)
        return cdn_error_nomem(err);
    changes->nodes = grown;
    grown = cdn_realloc_array(changes->sources, changes->rows.capacity,
                              sizeof(*changes->sources));
    if (!grown)
        return cdn_error_nomem(err);
    changes->sources = grown;
    changes->capacity = changes->rows.capacity;
    return CORDON_OK;
}

cordon_status cdn_base_update(struct cdn_base *base,
                              const struct cdn_mapping_source *source, uint32_t node,
                              const struct cdn_cell *cells, cordon_error *err)
{
    struct label_changes *changes = &base->labels[source->number];
    cordon_status status = grow_updates(changes, err);

    if (!status)
        status = cdn_rows_set(&changes->rows, cells, err);
    if (status)
        return status;
    changes->nodes[changes->rows.count] = node;
    changes->sources[changes->rows.count] = source;
    changes->rows.count++;
    if ((changes->rows.count & 1023) == 0 &&
        cdn_rows_bytes(&changes->rows) + cdn_rows_string_bytes(&changes->rows) +
                changes->rows.count * UINT64_C(48) >
            base->memory_bytes / 4)
        return cdn_error_set(
            err, CORDON_E_DATA,
            "the updates of %s take more than a quarter of the memory; "
            "give more --memory, or import in full",
            base->mapping->schema.labels[source->number].name);
    return CORDON_OK;
}

static cordon_status change_node(struct cdn_base *base, struct cdn_feed *feed,
                                 bool *taken, cordon_error *err)
{
    uint32_t label = feed->source->number;
    struct label_changes *changes = &base->labels[label];
    uint32_t node = find(base, feed, label, 0);

    if (node == CDN_DAMAGED_NODE)
        return damaged(base, err);
    *taken = node != CDN_NO_NODE;
    if (!*taken)
        return CORDON_OK;
    if (feed->source->change == CDN_MAPPING_UPDATE)
        return cdn_base_update(base, feed->source, node, feed->cells, err);
    if (bit(changes->deleted, node)) {
        *taken = false;
        snprintf(feed->reason, sizeof(feed->reason),
                 "a row before it deletes this %s already",
                 base->mapping->schema.labels[label].name);
        return CORDON_OK;
    }
    return set_bit(&changes->deleted, base->snapshot->labels[label].count, node, err);
}

static cordon_status delete_edges(struct cdn_base *base, struct cdn_feed *feed,
                                  uint32_t from, uint32_t to, uint64_t *matched,
                                  cordon_error *err)
{
    uint32_t number = feed->source->number;
    const struct cdn_relation *relation = &base->snapshot->relations[number];
    /* the one column such a source may have */
    bool timed = feed->source->column_count > 0;
    int64_t time = timed ? feed->cells[relation->schema->time].as.integer : 0;
    struct cdn_list list;
    cordon_status status = CORDON_OK;

    if (!cdn_adjacency_list(&relation->outgoing, from, &list))
        return damaged(base, err);
    for (uint32_t i = 0; !status && i < list.count; i++) {
        uint64_t position = list.position + i;

        if (list.peers[i] != relation->target_base + to ||
            (timed && list.times[i] != time) || bit(base->deleted[number], position))
            continue;
        status = set_bit(&base->deleted[number], relation->edge_count, position, err);
        ++*matched;
    }
    return status;
}

static cordon_status change_edge(struct cdn_base *base, struct cdn_feed *feed,
                                 bool *taken, uint64_t *matched, cordon_error *err)
{
    const struct cdn_relation_schema *relation =
        &base->mapping->schema.relations[feed->source->number];
    uint32_t from = find(base, feed, relation->source, 0);
    uint32_t to = from < CDN_DAMAGED_NODE ? find(base, feed, relation->target, 1) : 0;
    cordon_status status;

    *taken = false;
    if (from == CDN_DAMAGED_NODE || to == CDN_DAMAGED_NODE)
        return damaged(base, err);
    if (from == CDN_NO_NODE || to == CDN_NO_NODE)
        return CORDON_OK;
    *matched = 0;
    status = delete_edges(base, feed, from, to, matched, err);
    *taken = *matched > 0;
    if (!status && !*taken)
        snprintf(feed->reason, sizeof(feed->reason),
                 "there is no such '%s' to delete, or a row before it did",
                 relation->type);
    return status;
}

cordon_status cdn_base_change(struct cdn_base *base, struct cdn_feed *feed, bool *taken,
                              uint64_t *matched, cordon_error *err)
{
    *matched = 0;
    return feed->source->edge ? change_edge(base, feed, taken, matched, err)
                              : change_node(base, feed, taken, err);
}

/* ---- the base's rows ---- */

bool cdn_base_cell(struct cdn_cell *out, const struct cdn_base *base, uint32_t label,
                   uint32_t node, uint32_t property)
{
    const struct cdn_label_data *of = &base->snapshot->labels[label];

    return cdn_column_cell(out, &of->columns[property], node >> of->shift,
                           node & ((UINT32_C(1) << of->shift) - 1));
}

static bool read_cells(struct cdn_cell *out, const struct cdn_column *columns,
                       uint32_t count, uint32_t block, uint32_t index)
{
    for (uint32_t c = 0; c < count; c++)
        if (!cdn_column_cell(&out[c], &columns[c], block, index))
            return false;
    return true;
}

static bool read_key(struct cdn_key *out, const struct cdn_label_data *label,
                     uint32_t node)
{
    uint32_t block = node >> label->shift;
    uint32_t index = node & ((UINT32_C(1) << label->shift) - 1);
    const int64_t *integers;

    *out = (struct cdn_key){0};
    if (label->schema->key == CDN_KEY_INT64) {
        integers = CDN_BLOCK(label->guard, label->integer_keys, block);
        if (integers)
            out->integer = integers[index];
        return integers != NULL;
    }
    out->text = cdn_column_bytes(&label->text_keys, block, index, &out->bytes);
    return out->text != NULL;
}

/* A cell of an update. */
static struct cdn_cell updated_cell(const struct cdn_row_column *column, uint32_t row)
{
    struct cdn_cell cell = {.null = column->nulls[row]};
    const uint64_t *ends = (const uint64_t *)(const void *)column->values;
    uint64_t start = row ? ends[row - 1] : 0;
    uint32_t code;

    if (cell.null)
        return cell;
    switch (column->property->type) {
    case CDN_COLUMN_BOOL:
        cell.as.boolean = column->values[row] != 0;
        return cell;
    case CDN_COLUMN_INT64:
    case CDN_COLUMN_TIMESTAMP:
        cell.as.integer = ((const int64_t *)(const void *)column->values)[row];
        return cell;
    case CDN_COLUMN_FLOAT64:
        cell.as.number = ((const double *)(const void *)column->values)[row];
        return cell;
    case CDN_COLUMN_STRING:
        code = ((const uint32_t *)(const void *)column->values)[row];
        start = code ? column->strings.ends[code - 1] : 0;
        cell.as.string.text = (const char *)column->strings.heap + start;
        cell.as.string.bytes = (size_t)(column->strings.ends[code] - start);
        return cell;
    case CDN_COLUMN_TEXT:
    case CDN_COLUMN_BAG:
        break;
    }
    cell.as.string.text = (const char *)column->heap + start;
    cell.as.string.bytes = (size_t)(ends[row] - start);
    return cell;
}

/* Lay the updates of a node over its cells; they are the next in `sorted`. */
static void overlay(struct cdn_cell *cells, const struct label_changes *changes,
                    const struct cdn_sort_key *sorted, uint32_t *at, uint32_t node)
{
    for (; *at < changes->rows.count && sorted[*at].key == node; ++*at) {
        uint32_t row = sorted[*at].row;
        const struct cdn_mapping_source *source = changes->sources[row];

        for (uint32_t c = 0; c < source->column_count; c++) {
            uint32_t property = source->columns[c].property;

            cells[property] = updated_cell(&changes->rows.columns[property], row);
        }
    }
}

static cordon_status tick(const struct cdn_base *base, const struct cdn_base_put *put,
                          uint64_t rows, cordon_error *err)
{
    if (rows % TICK_ROWS != 0)
        return CORDON_OK;
    cdn_file_forget(base->snapshot->file);
    if (put->stopped && put->stopped(put->ud))
        return cdn_error_set(err, CORDON_E_INTERRUPTED,
                             "interrupted; nothing was published");
    return CORDON_OK;
}

static cordon_status put_nodes(const struct cdn_base *base, uint32_t number,
                               struct cdn_base_put *put, struct cdn_cell *cells,
                               const struct cdn_sort_key *sorted, cordon_error *err)
{
    const struct cdn_label_data *label = &base->snapshot->labels[number];
    const struct label_changes *changes = &base->labels[number];
    cordon_status status = CORDON_OK;
    uint32_t at = 0;

    for (uint32_t node = 0; !status && node < label->count; node++) {
        uint32_t block = node >> label->shift;
        uint32_t index = node & ((UINT32_C(1) << label->shift) - 1);
        struct cdn_key key;

        if (!read_key(&key, label, node) ||
            !read_cells(cells, label->columns, label->schema->property_count, block,
                        index))
            return damaged(base, err);
        overlay(cells, changes, sorted, &at, node);
        if (bit(changes->deleted, node))
            continue;
        status = cdn_writer_node(put->writer, number, &key, cells, put->row, err);
        put->count++;
        if (!status)
            status = tick(base, put, put->count, err);
    }
    return status;
}

cordon_status cdn_base_put_nodes(struct cdn_base *base, uint32_t number,
                                 struct cdn_base_put *put, cordon_error *err)
{
    struct label_changes *changes = &base->labels[number];
    uint32_t updates = changes->rows.count;
    uint32_t properties = base->mapping->schema.labels[number].property_count;
    struct cdn_sort_key *keys = cdn_realloc_array(NULL, updates, sizeof(*keys));
    struct cdn_sort_key *scratch = cdn_realloc_array(NULL, updates, sizeof(*scratch));
    struct cdn_cell *cells = cdn_calloc(properties, sizeof(*cells));
    cordon_status status = CORDON_OK;

    if (!keys || !scratch || !cells) {
        status = cdn_error_nomem(err);
        goto out;
    }
    for (uint32_t u = 0; u < updates; u++)
        keys[u] = (struct cdn_sort_key){changes->nodes[u], u};
    status =
        put_nodes(base, number, put, cells, cdn_sort_keys(keys, scratch, updates), err);
    cdn_rows_deinit(&changes->rows);
out:
    cdn_free(keys);
    cdn_free(scratch);
    cdn_free(cells);
    return status;
}

/* One list of the base. */
static cordon_status put_list(const struct cdn_base *base, uint32_t number,
                              const struct cdn_list *list, const struct cdn_key *source,
                              struct cdn_base_put *put, struct cdn_cell *cells,
                              cordon_error *err)
{
    const struct cdn_relation *relation = &base->snapshot->relations[number];
    uint32_t target_label = relation->schema->target;
    const struct cdn_label_data *label = &base->snapshot->labels[target_label];
    cordon_status status = CORDON_OK;

    for (uint32_t i = 0; !status && i < list->count; i++) {
        uint32_t target = list->peers[i] - relation->target_base;
        enum cdn_row row = CDN_ROW_OK;
        struct cdn_key key;

        if (bit(base->deleted[number], list->position + i))
            continue;
        if (target >= relation->target_count)
            return damaged(base, err);
        if (bit(base->labels[target_label].deleted, target)) {
            put->dropped++;
            continue;
        }
        if (!read_key(&key, label, target) ||
            !read_cells(cells, relation->outgoing.columns,
                        relation->schema->property_count, list->block, list->start + i))
            return damaged(base, err);
        status = cdn_writer_edge(put->writer, number, source, &key, cells, put->row,
                                 &row, err);
        if (!status && row != CDN_ROW_OK)
            return damaged(base, err);
        put->count++;
        if (!status)
            status = tick(base, put, put->count, err);
    }
    return status;
}

cordon_status cdn_base_put_edges(struct cdn_base *base, uint32_t number,
                                 struct cdn_base_put *put, cordon_error *err)
{
    const struct cdn_relation *relation = &base->snapshot->relations[number];
    uint32_t source_label = relation->schema->source;
    const struct cdn_label_data *label = &base->snapshot->labels[source_label];
    struct cdn_cell *cells =
        cdn_calloc(relation->schema->property_count, sizeof(*cells));
    cordon_status status = cells ? CORDON_OK : cdn_error_nomem(err);

    for (uint32_t node = 0; !status && node < relation->source_count; node++) {
        struct cdn_list list;
        struct cdn_key key;

        if (!cdn_adjacency_list(&relation->outgoing, node, &list) ||
            !read_key(&key, label, node)) {
            status = damaged(base, err);
            break;
        }
        if (!bit(base->labels[source_label].deleted, node)) {
            status = put_list(base, number, &list, &key, put, cells, err);
            continue;
        }
        for (uint32_t i = 0; i < list.count; i++)
            put->dropped += !bit(base->deleted[number], list.position + i);
    }
    cdn_free(cells);
    return status;
}
