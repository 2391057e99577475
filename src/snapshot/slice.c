/* Cutting a slice: see slice.h.
 *
 * The nodes are found breadth first, both ways.  What they are and which edges go with them is
 * then written as rows through the snapshot writer, into memory: it sorts, numbers and counts as
 * it does for an import, so a slice holds every promise of FORMAT.md that a file does.  Edges
 * between the same nodes at the same time are given in the order of the snapshot, which the
 * writer keeps.
 *
 * Left out: copying whole lists without going through rows.  It would be faster, but columns
 * with dictionaries and heaps have to be made anew all the same. */
#include "snapshot/slice.h"

#include <string.h>

#include "base/alloc.h"
#include "snapshot/writer.h"

#define FREE_PLACE UINT32_MAX

/* Nodes in the order met, and where each is: open addressing over their numbers. */
struct met {
    uint32_t *nodes;
    uint32_t count;
    uint32_t capacity;
    uint32_t *table;
    uint32_t bits;
};

struct slicer {
    const cordon_snapshot *snapshot;
    const struct cdn_slice_how *how;
    struct met met;
    uint32_t inner;           /* nodes whose edges are all in: the first ones met */
    uint64_t edges;           /* written so far */
    struct cdn_schema schema; /* of the slice */
    /* from the snapshot's numbers to the slice's; UINT32_MAX: not in it */
    uint32_t *labels;
    uint32_t *relations;
    struct cdn_cell *cells; /* room for the cells of any row */
    struct cdn_writer *writer;
    cordon_error *err;
};

static bool bit(const uint64_t *bits, uint32_t index)
{
    return (bits[index >> 6] >> (index & 63)) & 1;
}

static cordon_status damaged(const struct slicer *slicer, const char *what)
{
    char damage[CORDON_ERROR_MESSAGE_BYTES];

    if (cdn_snapshot_damage(slicer->snapshot, damage, sizeof(damage)))
        return cdn_error_set(slicer->err, CORDON_E_CORRUPT,
                             "the snapshot is damaged: %s", damage);
    return cdn_error_set(slicer->err, CORDON_E_CORRUPT, "the snapshot is damaged: %s",
                         what);
}

/* ---- which nodes ---- */

static uint32_t place_of(const struct met *met, uint32_t node)
{
    uint32_t mask = (UINT32_C(1) << met->bits) - 1;
    uint32_t at = node * UINT32_C(2654435769) >> (32 - met->bits);

    while (met->table[at] != FREE_PLACE && met->nodes[met->table[at]] != node)
        at = (at + 1) & mask;
    return at;
}

/* A node's number in the order met; FREE_PLACE: it has not been. */
static uint32_t number_of(const struct met *met, uint32_t node)
{
    return met->table[place_of(met, node)];
}

static bool widen(struct met *met)
{
    uint32_t bits = met->bits ? met->bits + 1 : 8;
    uint32_t capacity = UINT32_C(1) << (bits - 1);
    uint32_t *nodes = cdn_realloc_array(met->nodes, capacity, sizeof(*nodes));
    uint32_t *table;

    if (!nodes)
        return false;
    met->nodes = nodes;
    table = cdn_realloc_array(NULL, (size_t)1 << bits, sizeof(*table));
    if (!table)
        return false;
    cdn_free(met->table);
    met->table = table;
    met->bits = bits;
    met->capacity = capacity;
    memset(table, 0xff, sizeof(*table) << bits);
    for (uint32_t i = 0; i < met->count; i++)
        table[place_of(met, nodes[i])] = i;
    return true;
}

static cordon_status meet(struct slicer *slicer, uint32_t node)
{
    struct met *met = &slicer->met;
    uint32_t place;

    if (number_of(met, node) != FREE_PLACE)
        return CORDON_OK;
    if (met->count >= slicer->how->max_nodes || met->bits == 31)
        return cdn_error_set(slicer->err, CORDON_E_INVALID,
                             "more than %llu nodes are within %u hops: ask for fewer "
                             "hops, or allow more nodes",
                             (unsigned long long)slicer->how->max_nodes,
                             slicer->how->hops);
    if (met->count == met->capacity && !widen(met))
        return cdn_error_nomem(slicer->err);
    place = place_of(met, node);
    met->nodes[met->count] = node;
    met->table[place] = met->count++;
    return CORDON_OK;
}

/* What as_of leaves of a node's list in one relation and direction. */
static bool open_list(struct cdn_list *out, const struct slicer *slicer,
                      const struct cdn_adjacency *adjacency, uint32_t local)
{
    uint32_t low = 0;

    if (!cdn_adjacency_list(adjacency, local, out))
        return false;
    if (!out->times || slicer->how->as_of_ms == INT64_MAX)
        return true;
    for (uint32_t high = out->count; low < high;) {
        uint32_t middle = low + (high - low) / 2;

        if (out->times[middle] <= slicer->how->as_of_ms)
            low = middle + 1;
        else
            high = middle;
    }
    out->count = low;
    return true;
}

/* Does the relation have lists of `label` in this direction, and is it in the slice? */
static bool has_lists(const struct slicer *slicer, uint32_t relation, uint32_t label,
                      bool incoming)
{
    const struct cdn_relation_schema *schema =
        slicer->snapshot->relations[relation].schema;

    return slicer->relations[relation] != UINT32_MAX &&
           (incoming ? schema->target : schema->source) == label;
}

static cordon_status meet_list(struct slicer *slicer,
                               const struct cdn_relation *relation, uint32_t node,
                               bool incoming)
{
    uint32_t base = incoming ? relation->target_base : relation->source_base;
    uint32_t peer_base = incoming ? relation->source_base : relation->target_base;
    uint32_t peers = incoming ? relation->source_count : relation->target_count;
    struct cdn_list list;
    cordon_status status = CORDON_OK;

    if (!open_list(&list, slicer, incoming ? &relation->incoming : &relation->outgoing,
                   node - base))
        return damaged(slicer, "a list's offsets are out of range");
    for (uint32_t i = 0; !status && i < list.count; i++) {
        if (!cdn_peer_valid(list.peers[i], peer_base, peers))
            return damaged(slicer, "a node index is out of range");
        status = meet(slicer, list.peers[i]);
    }
    return status;
}

static cordon_status meet_neighbours(struct slicer *slicer, uint32_t node)
{
    const cordon_snapshot *snapshot = slicer->snapshot;
    uint32_t label = cdn_snapshot_label_of(snapshot, node);
    cordon_status status = CORDON_OK;

    for (uint32_t r = 0; r < snapshot->relation_count; r++) {
        for (int incoming = 0; !status && incoming < 2; incoming++)
            if (has_lists(slicer, r, label, incoming))
                status = meet_list(slicer, &snapshot->relations[r], node, incoming);
    }
    return status;
}

static cordon_status find_nodes(struct slicer *slicer)
{
    const struct cdn_slice_how *how = slicer->how;
    cordon_status status = CORDON_OK;

    if (!widen(&slicer->met))
        return cdn_error_nomem(slicer->err);
    for (size_t i = 0; !status && i < how->node_count; i++) {
        uint32_t label = cdn_snapshot_label_of(slicer->snapshot, how->nodes[i]);

        if (label >= slicer->snapshot->label_count)
            return cdn_error_set(
                slicer->err, CORDON_E_INVALID,
                "node %zu of those asked for is no node of the snapshot", i);
        if (slicer->labels[label] == UINT32_MAX)
            return cdn_error_set(slicer->err, CORDON_E_INVALID,
                                 "node %zu of those asked for is a %s, which the slice "
                                 "may not hold",
                                 i, slicer->snapshot->schema.labels[label].name);
        status = meet(slicer, how->nodes[i]);
    }
    for (uint32_t hop = 0; !status && hop < how->hops; hop++) {
        uint32_t end = slicer->met.count;

        for (; !status && slicer->inner < end; slicer->inner++)
            status = meet_neighbours(slicer, slicer->met.nodes[slicer->inner]);
    }
    return status;
}

/* ---- what they are ---- */

static cordon_status copy_properties(struct cdn_property **out, uint32_t *kept,
                                     const struct cdn_property *properties,
                                     uint32_t count, const uint64_t *granted,
                                     int32_t *time, cordon_error *err)
{
    int32_t old_time = time ? *time : -1;

    *kept = 0;
    *out = cdn_calloc(count, sizeof(**out));
    if (!*out)
        return cdn_error_nomem(err);
    for (uint32_t p = 0; p < count; p++) {
        bool is_time = old_time == (int32_t)p;

        if (granted && !bit(granted, p) && !is_time)
            continue;
        if (is_time)
            *time = (int32_t)*kept;
        (*out)[(*kept)++] = properties[p];
    }
    return CORDON_OK;
}

static cordon_status make_labels(struct slicer *slicer)
{
    const struct cdn_schema *from = &slicer->snapshot->schema;
    const struct cdn_slice_grant *grant = slicer->how->grant;
    struct cdn_schema *to = &slicer->schema;
    cordon_status status = CORDON_OK;

    for (uint32_t l = 0; !status && l < from->label_count; l++) {
        struct cdn_label *label = &to->labels[to->label_count];

        slicer->labels[l] = UINT32_MAX;
        if (!grant->everything && !bit(grant->labels, l))
            continue;
        slicer->labels[l] = to->label_count++;
        *label = from->labels[l];
        label->properties = NULL;
        status = copy_properties(
            &label->properties, &label->property_count, from->labels[l].properties,
            from->labels[l].property_count,
            grant->everything ? NULL : grant->label_columns[l], NULL, slicer->err);
    }
    return status;
}

static cordon_status make_relations(struct slicer *slicer)
{
    const struct cdn_schema *from = &slicer->snapshot->schema;
    const struct cdn_slice_grant *grant = slicer->how->grant;
    struct cdn_schema *to = &slicer->schema;
    cordon_status status = CORDON_OK;

    for (uint32_t r = 0; !status && r < from->relation_count; r++) {
        const struct cdn_relation_schema *old = &from->relations[r];
        struct cdn_relation_schema *relation = &to->relations[to->relation_count];

        slicer->relations[r] = UINT32_MAX;
        if ((!grant->everything && !bit(grant->relations, r)) ||
            slicer->labels[old->source] == UINT32_MAX ||
            slicer->labels[old->target] == UINT32_MAX)
            continue;
        slicer->relations[r] = to->relation_count++;
        *relation = *old;
        relation->properties = NULL;
        relation->source = slicer->labels[old->source];
        relation->target = slicer->labels[old->target];
        status = copy_properties(&relation->properties, &relation->property_count,
                                 old->properties, old->property_count,
                                 grant->everything ? NULL : grant->relation_columns[r],
                                 &relation->time, slicer->err);
    }
    return status;
}

/* Names keep their order, so that numbers of labels and relations do. */
static cordon_status make_schema(struct slicer *slicer)
{
    const struct cdn_schema *from = &slicer->snapshot->schema;
    struct cdn_schema *to = &slicer->schema;
    cordon_status status;

    to->labels = cdn_calloc(from->label_count, sizeof(*to->labels));
    to->relations = cdn_calloc(from->relation_count, sizeof(*to->relations));
    slicer->labels = cdn_calloc(from->label_count, sizeof(*slicer->labels));
    slicer->relations = cdn_calloc(from->relation_count, sizeof(*slicer->relations));
    slicer->cells = cdn_calloc(CDN_SCHEMA_MAX_PROPERTIES, sizeof(*slicer->cells));
    if (!to->labels || !to->relations || !slicer->labels || !slicer->relations ||
        !slicer->cells)
        return cdn_error_nomem(slicer->err);
    status = make_labels(slicer);
    if (!status)
        status = make_relations(slicer);
    if (!status && to->label_count == 0)
        return cdn_error_set(slicer->err, CORDON_E_INVALID,
                             "the slice may hold no label at all: grant one");
    if (!status)
        status = cdn_schema_normalise(to, slicer->err);
    return status;
}

/* ---- rows ---- */

static cordon_status read_cell(struct cdn_cell *out, const struct slicer *slicer,
                               const struct cdn_column *column, uint32_t block,
                               uint32_t index)
{
    struct cdn_cells cells;

    if (!cdn_column_cells(column, block, &cells))
        return damaged(slicer, "a property's segment");
    memset(out, 0, sizeof(*out));
    out->null = !cdn_cells_present(&cells, index);
    if (out->null)
        return CORDON_OK;
    switch (column->property->type) {
    case CDN_COLUMN_BOOL:
        out->as.boolean = ((const uint8_t *)cells.values)[index] != 0;
        return CORDON_OK;
    case CDN_COLUMN_INT64:
    case CDN_COLUMN_TIMESTAMP:
        out->as.integer = cdn_column_integer(column, cells.values, index);
        return CORDON_OK;
    case CDN_COLUMN_FLOAT64:
        out->as.number = ((const double *)cells.values)[index];
        return CORDON_OK;
    case CDN_COLUMN_STRING:
    case CDN_COLUMN_TEXT:
    case CDN_COLUMN_BAG:
        break;
    }
    out->as.string.text = cdn_column_bytes(column, block, index, &out->as.string.bytes);
    return out->as.string.text ? CORDON_OK
                               : damaged(slicer, "a string is out of range");
}

/* The cells of a row: those of the old columns whose properties are in the new ones. */
static cordon_status read_cells(const struct slicer *slicer,
                                const struct cdn_column *columns,
                                const struct cdn_property *properties, uint32_t count,
                                uint32_t block, uint32_t index)
{
    cordon_status status = CORDON_OK;

    for (uint32_t p = 0, old = 0; !status && p < count; p++, old++) {
        while (strcmp(columns[old].property->name, properties[p].name) != 0)
            old++;
        status = read_cell(&slicer->cells[p], slicer, &columns[old], block, index);
    }
    return status;
}

static cordon_status read_key(struct cdn_key *out, const struct slicer *slicer,
                              uint32_t node)
{
    const cordon_snapshot *snapshot = slicer->snapshot;
    const struct cdn_label_data *label =
        &snapshot->labels[cdn_snapshot_label_of(snapshot, node)];
    uint32_t local = node - label->base;
    const int64_t *keys;
    char unused[24];

    memset(out, 0, sizeof(*out));
    if (label->schema->key == CDN_KEY_STRING) {
        out->text = cdn_snapshot_key(snapshot, node, unused, &out->bytes);
        return out->text ? CORDON_OK : damaged(slicer, "a key is out of range");
    }
    keys = CDN_BLOCK(label->guard, label->integer_keys, local >> label->shift);
    if (!keys)
        return damaged(slicer, "the keys of a label");
    out->integer = keys[local & ((UINT32_C(1) << label->shift) - 1)];
    return CORDON_OK;
}

static cordon_status write_node(struct slicer *slicer, uint32_t node)
{
    uint32_t number = cdn_snapshot_label_of(slicer->snapshot, node);
    const struct cdn_label_data *label = &slicer->snapshot->labels[number];
    const struct cdn_label *schema = &slicer->schema.labels[slicer->labels[number]];
    uint32_t local = node - label->base;
    struct cdn_key key;
    cordon_status status = read_key(&key, slicer, node);

    if (!status)
        status = read_cells(slicer, label->columns, schema->properties,
                            schema->property_count, local >> label->shift,
                            local & ((UINT32_C(1) << label->shift) - 1));
    if (!status)
        status = cdn_writer_node(slicer->writer, slicer->labels[number], &key,
                                 slicer->cells, node, slicer->err);
    return status;
}

/* One edge, given by its outgoing place. */
static cordon_status write_edge(struct slicer *slicer, uint32_t number, uint32_t source,
                                uint32_t target, uint32_t block, uint32_t index)
{
    const struct cdn_relation *relation = &slicer->snapshot->relations[number];
    const struct cdn_relation_schema *schema =
        &slicer->schema.relations[slicer->relations[number]];
    struct cdn_key keys[2];
    enum cdn_row row;
    cordon_status status;

    if (slicer->edges++ >= slicer->how->max_edges)
        return cdn_error_set(slicer->err, CORDON_E_INVALID,
                             "more than %llu edges are within %u hops: ask for fewer "
                             "hops, or allow more edges",
                             (unsigned long long)slicer->how->max_edges,
                             slicer->how->hops);
    status = read_key(&keys[0], slicer, source);
    if (!status)
        status = read_key(&keys[1], slicer, target);
    if (!status)
        status = read_cells(slicer, relation->outgoing.columns, schema->properties,
                            schema->property_count, block, index);
    if (!status)
        status = cdn_writer_edge(slicer->writer, slicer->relations[number], &keys[0],
                                 &keys[1], slicer->cells, 0, &row, slicer->err);
    if (!status && row != CDN_ROW_OK)
        return damaged(slicer, "the two directions of an edge differ");
    return status;
}

static cordon_status write_outgoing(struct slicer *slicer, uint32_t number,
                                    uint32_t node)
{
    const struct cdn_relation *relation = &slicer->snapshot->relations[number];
    struct cdn_list list;
    cordon_status status = CORDON_OK;

    if (!open_list(&list, slicer, &relation->outgoing, node - relation->source_base))
        return damaged(slicer, "a list's offsets are out of range");
    for (uint32_t i = 0; !status && i < list.count; i++)
        status =
            write_edge(slicer, number, node, list.peers[i], list.block, list.start + i);
    return status;
}

/* Incoming edges from nodes whose own lists are not whole: the others wrote theirs. */
static cordon_status write_incoming(struct slicer *slicer, uint32_t number,
                                    uint32_t node)
{
    const struct cdn_relation *relation = &slicer->snapshot->relations[number];
    struct cdn_list list;
    cordon_status status = CORDON_OK;

    if (!open_list(&list, slicer, &relation->incoming, node - relation->target_base))
        return damaged(slicer, "a list's offsets are out of range");
    for (uint32_t i = 0; !status && i < list.count; i++) {
        uint32_t met = number_of(&slicer->met, list.peers[i]);
        struct cdn_edge_place place;

        if (met < slicer->inner)
            continue;
        if (met == FREE_PLACE || list.ids[i] >= relation->edge_count ||
            !cdn_snapshot_edge(slicer->snapshot, relation->edge_base + list.ids[i],
                               false, &place))
            return damaged(slicer, "an edge number is out of range");
        status =
            write_edge(slicer, number, list.peers[i], node, place.block, place.index);
    }
    return status;
}

static cordon_status write_edges(struct slicer *slicer, uint32_t node)
{
    const cordon_snapshot *snapshot = slicer->snapshot;
    uint32_t label = cdn_snapshot_label_of(snapshot, node);
    cordon_status status = CORDON_OK;

    for (uint32_t r = 0; !status && r < snapshot->relation_count; r++) {
        if (has_lists(slicer, r, label, false))
            status = write_outgoing(slicer, r, node);
        if (!status && has_lists(slicer, r, label, true))
            status = write_incoming(slicer, r, node);
    }
    return status;
}

/* Two nodes of one key: no writer made that. */
static void note_twin(void *ud, uint32_t label, uint64_t row)
{
    (void)label;
    (void)row;
    *(bool *)ud = true;
}

static cordon_status write_all(struct slicer *slicer, struct cdn_buf *out)
{
    cordon_status status =
        cdn_writer_open_memory(&slicer->writer, out, slicer->snapshot->generation,
                               &slicer->schema, slicer->err);

    bool twins = false;

    for (uint32_t i = 0; !status && i < slicer->met.count; i++)
        status = write_node(slicer, slicer->met.nodes[i]);
    if (!status)
        status = cdn_writer_seal_nodes(slicer->writer, note_twin, &twins, slicer->err);
    if (!status && twins)
        status = damaged(slicer, "two nodes have one key");
    for (uint32_t i = 0; !status && i < slicer->inner; i++)
        status = write_edges(slicer, slicer->met.nodes[i]);
    if (!status)
        status = cdn_writer_finish(slicer->writer, slicer->err);
    cdn_writer_close(slicer->writer);
    return status;
}

cordon_status cdn_slice_make(struct cdn_buf *out, const cordon_snapshot *snapshot,
                             const struct cdn_slice_how *how, cordon_error *err)
{
    struct slicer slicer = {.snapshot = snapshot, .how = how, .err = err};
    cordon_status status = make_schema(&slicer);

    if (!status)
        status = find_nodes(&slicer);
    if (!status)
        status = write_all(&slicer, out);
    cdn_schema_deinit(&slicer.schema);
    cdn_free(slicer.labels);
    cdn_free(slicer.relations);
    cdn_free(slicer.cells);
    cdn_free(slicer.met.nodes);
    cdn_free(slicer.met.table);
    return status;
}
