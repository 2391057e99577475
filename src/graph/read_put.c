/* What a read hands over, as msgpack: see read.h.
 *
 * Every value goes through put_value(), which asks for the mask first; keys through
 * cdn_read_put_name().  Columns that are shown were chosen under the grant before (read.c).
 * Counts that are known only afterwards take msgpack's longest form, so that they can be put
 * in without moving anything. */
#include "graph/read.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "graph/mask.h"
#include "snapshot/writer.h"

/* Levels that a bag may have, in a document that has CORDON_VALUE_MAX_DEPTH of them. */
#define BAG_LEVELS (CORDON_VALUE_MAX_DEPTH - 8)
#define EXAMPLES   5u /* keys of a label, told with the schema */

size_t cdn_read_put_count(struct cdn_packer *out, bool map)
{
    const unsigned char head[5] = {map ? 0xdf : 0xdd};

    cdn_pack_raw(out, head, sizeof head);
    return out->length - 4;
}

void cdn_read_set_count(struct cdn_packer *out, size_t at, uint32_t count)
{
    if (at + 4 > out->size)
        return; /* it did not fit */
    for (int i = 0; i < 4; i++)
        out->data[at + (size_t)i] = (unsigned char)(count >> (24 - 8 * i));
}

/* ---- values ---- */

static bool is_deeper(const cordon_value *value, int levels)
{
    cordon_value_iter iter;
    cordon_value key, item;

    if (value->type != CORDON_ARRAY && value->type != CORDON_MAP)
        return false;
    if (!levels)
        return true;
    cordon_value_iter_init(&iter, value);
    while (cordon_value_next(&iter, &key, &item))
        if (is_deeper(&item, levels - 1))
            return true;
    return false;
}

/* A bag is as it was imported; one so deep that the document could not be read any more is left
 * out.  False: it is not whole. */
static bool put_bag(struct cdn_packer *out, const char *text, size_t bytes)
{
    cordon_value value;

    if (cordon_value_parse(&value, text, bytes, NULL))
        return false;
    if (is_deeper(&value, BAG_LEVELS))
        cdn_pack_nil(out);
    else
        cdn_pack_raw(out, text, bytes);
    return true;
}

static bool put_cell(struct cdn_packer *out, const struct cdn_column *column,
                     uint32_t block, uint32_t index)
{
    struct cdn_cell cell;
    char digits[24];

    if (!cdn_column_cell(&cell, column, block, index))
        return false;
    if (cell.null) {
        cdn_pack_nil(out);
        return true;
    }
    switch (column->property->type) {
    case CDN_COLUMN_BOOL:
        cdn_pack_bool(out, cell.as.boolean);
        return true;
    case CDN_COLUMN_INT64:
        if (column->property->lua_string) {
            (void)snprintf(digits, sizeof digits, "%" PRId64, cell.as.integer);
            cdn_pack_cstr(out, digits);
            return true;
        }
        cdn_pack_int(out, cell.as.integer);
        return true;
    case CDN_COLUMN_TIMESTAMP:
        cdn_pack_int(out, cell.as.integer);
        return true;
    case CDN_COLUMN_FLOAT64:
        cdn_pack_double(out, cell.as.number);
        return true;
    case CDN_COLUMN_STRING:
    case CDN_COLUMN_TEXT:
        cdn_pack_str(out, cell.as.string.text, cell.as.string.bytes);
        return true;
    case CDN_COLUMN_BAG:
        break;
    }
    return put_bag(out, cell.as.string.text, cell.as.string.bytes);
}

static void put_masked(struct cdn_packer *out, const struct cdn_masked *value)
{
    switch (value->kind) {
    case CDN_MASKED_NULL:
        cdn_pack_nil(out);
        return;
    case CDN_MASKED_INTEGER:
        cdn_pack_int(out, value->integer);
        return;
    case CDN_MASKED_NUMBER:
        cdn_pack_double(out, value->number);
        return;
    case CDN_MASKED_TEXT:
        break;
    }
    cdn_pack_str(out, value->text, value->bytes);
}

/* Where a value is, and whose it is. */
struct place {
    bool of_relation;
    uint32_t owner, column;
    const char *name; /* the owner's */
    struct cdn_cell_place cell;
};

static cordon_status put_value(struct cdn_reader *reader, const struct place *place)
{
    const struct cdn_grant *grant = reader->grant;
    const struct cdn_mask *mask =
        cdn_grant_mask(grant, place->of_relation, place->owner, (int32_t)place->column);
    const struct cdn_column *column = place->cell.column;
    struct cdn_bound_mask bound;
    struct cdn_masked value;
    const char *damage;

    cdn_pack_cstr(reader->out, column->property->name);
    if (!mask)
        return put_cell(reader->out, column, place->cell.block, place->cell.index)
                   ? CORDON_OK
                   : cdn_reader_damaged(reader, "a property value is out of range");
    bound = (struct cdn_bound_mask){.mask = *mask,
                                    .column = column,
                                    .owner = place->name,
                                    .property = column->property->name};
    damage = cdn_mask_value(&value, grant->mask_key, &bound, place->cell.block,
                            place->cell.index);
    if (damage)
        return cdn_reader_damaged(reader, damage);
    put_masked(reader->out, &value);
    return CORDON_OK;
}

static uint32_t count_shown(const struct cdn_read_shown *shown)
{
    uint32_t count = 0;

    for (int i = 0; i < CDN_READ_WORDS; i++)
        count += (uint32_t)__builtin_popcountll(shown->bits[i]);
    return count;
}

/* ---- nodes ---- */

static bool sees(const struct cdn_reader *reader, uint32_t label)
{
    return reader->grant->everything || cdn_bit(reader->grant->labels, label);
}

cordon_status cdn_read_put_name(struct cdn_reader *reader, uint32_t node)
{
    uint32_t label = cdn_snapshot_label_of(reader->snapshot, node);
    const char *name = reader->snapshot->schema.labels[label].name;
    struct cdn_bound_mask bound = {.owner = name, .property = "key"};
    const struct cdn_mask *mask;
    char room[24], masked[CDN_MASK_ROOM];
    const char *key;
    size_t bytes;

    cdn_pack_cstr(reader->out, "label");
    if (!sees(reader, label)) {
        cdn_pack_nil(reader->out);
        cdn_pack_cstr(reader->out, "key");
        cdn_pack_nil(reader->out);
        return CORDON_OK;
    }
    key = cdn_snapshot_key(reader->snapshot, node, room, &bytes);
    if (!key)
        return cdn_reader_damaged(reader, "a key is out of range");
    mask = cdn_grant_mask(reader->grant, false, label, CDN_MASK_NODE_KEY);
    if (mask) {
        bound.mask = *mask;
        bytes =
            cdn_mask_text(&key, masked, reader->grant->mask_key, &bound, key, bytes);
    }
    cdn_pack_cstr(reader->out, name);
    cdn_pack_cstr(reader->out, "key");
    cdn_pack_str(reader->out, key, bytes);
    return CORDON_OK;
}

cordon_status cdn_read_put_node_properties(struct cdn_reader *reader, uint32_t node)
{
    uint32_t label = cdn_snapshot_label_of(reader->snapshot, node);
    const struct cdn_label_data *data = &reader->snapshot->labels[label];
    const struct cdn_read_shown *shown = &reader->labels[label];
    uint32_t local = node - data->base;
    cordon_status status = CORDON_OK;

    cdn_pack_cstr(reader->out, "properties");
    cdn_pack_map(reader->out, count_shown(shown));
    for (uint32_t p = 0; p < data->schema->property_count && !status; p++) {
        struct place place = {.owner = label,
                              .column = p,
                              .name = data->schema->name,
                              .cell = {&data->columns[p], local >> data->shift,
                                       local & ((UINT32_C(1) << data->shift) - 1)}};

        if (cdn_bit(shown->bits, p))
            status = put_value(reader, &place);
    }
    return status;
}

cordon_status cdn_read_put_node(struct cdn_reader *reader, uint32_t node, bool whole)
{
    uint32_t label = cdn_snapshot_label_of(reader->snapshot, node);
    bool properties = whole || reader->labels[label].any;
    cordon_status status;

    if (!sees(reader, label)) {
        cdn_pack_nil(reader->out);
        return CORDON_OK;
    }
    cdn_pack_map(reader->out, properties ? 3 : 2);
    status = cdn_read_put_name(reader, node);
    if (!status && properties)
        status = cdn_read_put_node_properties(reader, node);
    return status;
}

/* ---- edges ---- */

cordon_status cdn_read_put_edge(struct cdn_reader *reader,
                                const struct cdn_read_list *list,
                                const struct cdn_reach *reach, uint32_t position)
{
    const struct cdn_relation_schema *schema = list->bound.relation->schema;
    const struct cdn_read_shown *shown = &reader->relations[list->relation];
    cordon_status status = CORDON_OK;

    cdn_pack_cstr(reader->out, "time");
    if (reach->list.times)
        cdn_pack_int(reader->out, reach->list.times[position]);
    else
        cdn_pack_nil(reader->out);
    cdn_pack_cstr(reader->out, "properties");
    cdn_pack_map(reader->out, count_shown(shown));
    for (uint32_t p = 0; p < schema->property_count && !status; p++) {
        struct place place = {.of_relation = true,
                              .owner = list->relation,
                              .column = p,
                              .name = schema->type};

        if (!cdn_bit(shown->bits, p))
            continue;
        if (cdn_reach_cell(reach, (int32_t)p, position, &place.cell))
            status = put_value(reader, &place);
        else
            status = cdn_reader_damaged(reader, "an edge number is out of range");
    }
    return status;
}

/* ---- the schema ---- */

static void put_property(struct cdn_reader *reader, const struct cdn_property *property,
                         const struct cdn_mask *mask)
{
    static const char *const masks[] = {"redact", "hash", "truncate", "bucket"};

    cdn_pack_map(reader->out, 4);
    cdn_pack_cstr(reader->out, "name");
    cdn_pack_cstr(reader->out, property->name);
    cdn_pack_cstr(reader->out, "type");
    cdn_pack_cstr(reader->out, cdn_column_type_str(property->type));
    cdn_pack_cstr(reader->out, "nullable");
    cdn_pack_bool(reader->out, property->nullable);
    cdn_pack_cstr(reader->out, "mask");
    if (mask)
        cdn_pack_cstr(reader->out, masks[mask->kind]);
    else
        cdn_pack_nil(reader->out);
}

static bool has_column(const struct cdn_grant *grant, const uint64_t *const *columns,
                       uint32_t owner, uint32_t column)
{
    return grant->everything || cdn_bit(columns[owner], column);
}

/* Some keys that there are, over the whole of the label, for who has none to ask about: none
 * where they are masked, since a masked key finds no node.  One that is damaged is left out; a
 * read of its node says so. */
static void put_examples(struct cdn_reader *reader, uint32_t number)
{
    const struct cdn_label_data *label = &reader->snapshot->labels[number];
    size_t at = cdn_read_put_count(reader->out, false);
    uint32_t most = label->count < EXAMPLES ? label->count : EXAMPLES, count = 0;

    if (cdn_grant_mask(reader->grant, false, number, CDN_MASK_NODE_KEY))
        most = 0;
    for (uint32_t i = 0; i < most; i++) {
        uint32_t node = label->base + (uint32_t)((uint64_t)label->count * i / most);
        char room[24];
        size_t bytes;
        const char *key = cdn_snapshot_key(reader->snapshot, node, room, &bytes);

        if (!key)
            continue;
        cdn_pack_str(reader->out, key, bytes);
        count++;
    }
    cdn_read_set_count(reader->out, at, count);
}

static void put_label(struct cdn_reader *reader, uint32_t number)
{
    const struct cdn_grant *grant = reader->grant;
    const struct cdn_label *label = &reader->snapshot->schema.labels[number];
    struct cdn_packer *out = reader->out;
    uint32_t count = 0;
    size_t at;

    cdn_pack_map(out, 5);
    cdn_pack_cstr(out, "label");
    cdn_pack_cstr(out, label->name);
    cdn_pack_cstr(out, "key");
    cdn_pack_cstr(out, label->key == CDN_KEY_INT64 ? "int64" : "string");
    cdn_pack_cstr(out, "count");
    cdn_pack_int(out, reader->snapshot->labels[number].count);
    cdn_pack_cstr(out, "examples");
    put_examples(reader, number);
    cdn_pack_cstr(out, "properties");
    at = cdn_read_put_count(out, false);
    for (uint32_t p = 0; p < label->property_count; p++) {
        if (!has_column(grant, grant->label_columns, number, p))
            continue;
        put_property(reader, &label->properties[p],
                     cdn_grant_mask(grant, false, number, (int32_t)p));
        count++;
    }
    cdn_read_set_count(out, at, count);
}

/* Relations first to end - 1 are of one type: the properties of all of them, each once. */
static void put_type_properties(struct cdn_reader *reader, uint32_t first, uint32_t end)
{
    const struct cdn_schema *schema = &reader->snapshot->schema;
    const struct cdn_grant *grant = reader->grant;
    size_t at = cdn_read_put_count(reader->out, false);
    uint32_t count = 0;

    for (uint32_t r = first; r < end; r++) {
        const struct cdn_relation_schema *relation = &schema->relations[r];

        for (uint32_t p = 0; p < relation->property_count; p++) {
            const struct cdn_property *property = &relation->properties[p];
            bool before = (int32_t)p == relation->time ||
                          !has_column(grant, grant->relation_columns, r, p);

            for (uint32_t k = first; k < r && !before; k++)
                before = cdn_properties_find(schema->relations[k].properties,
                                             schema->relations[k].property_count,
                                             property->name) >= 0;
            if (before)
                continue;
            put_property(reader, property, cdn_grant_mask(grant, true, r, (int32_t)p));
            count++;
        }
    }
    cdn_read_set_count(reader->out, at, count);
}

static void put_type(struct cdn_reader *reader, uint32_t first, uint32_t end)
{
    const struct cdn_schema *schema = &reader->snapshot->schema;
    const struct cdn_relation_schema *relation = &schema->relations[first];
    struct cdn_packer *out = reader->out;

    cdn_pack_map(out, 4);
    cdn_pack_cstr(out, "type");
    cdn_pack_cstr(out, relation->type);
    cdn_pack_cstr(out, "time");
    if (relation->time >= 0)
        cdn_pack_cstr(out, relation->properties[relation->time].name);
    else
        cdn_pack_nil(out);
    cdn_pack_cstr(out, "ends");
    cdn_pack_array(out, end - first);
    for (uint32_t r = first; r < end; r++) {
        cdn_pack_map(out, 3);
        cdn_pack_cstr(out, "from");
        cdn_pack_cstr(out, schema->labels[schema->relations[r].source].name);
        cdn_pack_cstr(out, "to");
        cdn_pack_cstr(out, schema->labels[schema->relations[r].target].name);
        cdn_pack_cstr(out, "count");
        cdn_pack_int(out, (int64_t)reader->snapshot->relations[r].edge_count);
    }
    cdn_pack_cstr(out, "properties");
    put_type_properties(reader, first, end);
}

cordon_status cdn_read_schema(struct cdn_reader *reader)
{
    const cordon_snapshot *snapshot = reader->snapshot;
    const struct cdn_schema *schema = &snapshot->schema;
    const struct cdn_grant *grant = reader->grant;
    struct cdn_packer *out = reader->out;
    int64_t nodes = 0, edges = 0;
    uint32_t count = 0;
    size_t at;

    for (uint32_t l = 0; l < schema->label_count; l++)
        nodes += sees(reader, l) ? snapshot->labels[l].count : 0;
    for (uint32_t r = 0; r < schema->relation_count; r++)
        if (grant->everything || cdn_bit(grant->relations, r))
            edges += (int64_t)snapshot->relations[r].edge_count;
    cdn_pack_map(out, 5);
    cdn_pack_cstr(out, "generation");
    cdn_pack_int(out, (int64_t)snapshot->generation);
    cdn_pack_cstr(out, "nodes");
    cdn_pack_int(out, nodes);
    cdn_pack_cstr(out, "edges");
    cdn_pack_int(out, edges);
    cdn_pack_cstr(out, "labels");
    at = cdn_read_put_count(out, false);
    for (uint32_t l = 0; l < schema->label_count; l++) {
        if (!sees(reader, l))
            continue;
        put_label(reader, l);
        count++;
    }
    cdn_read_set_count(out, at, count);
    count = 0;
    cdn_pack_cstr(out, "types");
    at = cdn_read_put_count(out, false);
    for (uint32_t r = 0, end; r < schema->relation_count; r = end) {
        for (end = r + 1;
             end < schema->relation_count &&
             !strcmp(schema->relations[end].type, schema->relations[r].type);)
            end++;
        if (!grant->everything && !cdn_bit(grant->relations, r))
            continue;
        put_type(reader, r, end);
        count++;
    }
    cdn_read_set_count(out, at, count);
    return CORDON_OK;
}
