/* The layout of a file is a function of its metadata but for the number of edges in
 * each block and the sizes of heaps and dictionaries.  So this walks metadata in the
 * order of array numbers and the directory beside it: at every step the next entry must
 * be the one called for.  Nothing can be missing, twice, or left over, and it is one
 * pass. */
#include "snapshot/layout.h"

#include <string.h>

#include "base/alloc.h"
#include "base/checked.h"

#define ANY UINT64_MAX

static const struct cdn_property KEY_PROPERTY = {.name = "key",
                                                 .type = CDN_COLUMN_TEXT};

struct resolver {
    struct cdn_layout *layout;
    struct cdn_guard *guard;
    const struct cdn_segment *segments;
    size_t count;
    size_t at; /* the next entry */
    uint64_t *first;
    struct cdn_column *columns;
    cordon_error *err;
};

/* The blocks of a label or a direction: what they hold. */
struct shape {
    uint32_t blocks;
    uint32_t shift;
    uint32_t nodes;
    const uint64_t *first; /* NULL: a block's things are its nodes */
};

static uint64_t nodes_in(const struct shape *shape, uint32_t block)
{
    uint64_t begin = (uint64_t)block << shape->shift;
    uint64_t left = shape->nodes - begin;

    return left < UINT64_C(1) << shape->shift ? left : UINT64_C(1) << shape->shift;
}

static uint64_t things_in(const struct shape *shape, uint32_t block)
{
    if (shape->first)
        return shape->first[block + 1] - shape->first[block];
    return nodes_in(shape, block);
}

static cordon_status take(struct resolver *resolver, uint32_t array, uint32_t block,
                          uint64_t elements, uint32_t width)
{
    const struct cdn_segment *segment = &resolver->segments[resolver->at];
    uint64_t bytes;

    if (resolver->at >= resolver->count)
        return cdn_error_set(resolver->err, CORDON_E_CORRUPT,
                             "directory: array %08x, block %u is missing", array,
                             block);
    if (segment->array != array || segment->block != block)
        return cdn_error_set(resolver->err, CORDON_E_CORRUPT,
                             "directory: array %08x, block %u where array %08x, block "
                             "%u should be",
                             segment->array, segment->block, array, block);
    if ((elements != ANY && segment->elements != elements) ||
        !cdn_mul_u64(&bytes, segment->elements, width) || bytes != segment->bytes)
        return cdn_error_set(resolver->err, CORDON_E_CORRUPT,
                             "directory: array %08x, block %u has not the length that "
                             "the counts call for",
                             array, block);
    resolver->at++;
    return CORDON_OK;
}

/* All blocks of one array with a number of elements known beforehand: `plus` more than
 * its block's things; bits: one uint64 for 64 things. */
static cordon_status take_blocks(struct resolver *resolver, const void *const **out,
                                 uint64_t *bytes, uint32_t array,
                                 const struct shape *shape, uint32_t plus, bool bits,
                                 uint32_t width)
{
    *out = resolver->layout->pointers + resolver->at;
    for (uint32_t b = 0; b < shape->blocks; b++) {
        uint64_t things = things_in(shape, b) + plus;
        cordon_status status =
            take(resolver, array, b, bits ? (things + 63) / 64 : things, width);

        if (status)
            return status;
        *bytes += resolver->segments[resolver->at - 1].bytes;
    }
    return CORDON_OK;
}

static cordon_status take_heaps(struct resolver *resolver, struct cdn_column *column,
                                uint32_t array, uint32_t blocks)
{
    column->heap =
        (const unsigned char *const *)(const void *)(resolver->layout->pointers +
                                                     resolver->at);
    column->heap_bytes = resolver->layout->heap_bytes + resolver->at;
    for (uint32_t b = 0; b < blocks; b++) {
        cordon_status status = take(resolver, array, b, ANY, 1);
        uint64_t bytes;

        if (status)
            return status;
        bytes = resolver->segments[resolver->at - 1].bytes;
        if (bytes > UINT32_MAX)
            return cdn_error_set(
                resolver->err, CORDON_E_CORRUPT,
                "directory: array %08x, block %u is longer than a heap "
                "can be",
                array, b);
        resolver->layout->heap_bytes[resolver->at - 1] = (uint32_t)bytes;
        column->bytes += bytes;
    }
    return CORDON_OK;
}

static cordon_status take_dictionary(struct resolver *resolver,
                                     struct cdn_column *column, uint32_t array)
{
    struct cdn_dictionary *dictionary = &column->dictionary;
    const void **pointers = resolver->layout->pointers + resolver->at;
    const struct cdn_segment *segments = resolver->segments + resolver->at;
    cordon_status status =
        take(resolver, array + CDN_PART_DICTIONARY, 0, ANY, sizeof(uint64_t));

    if (!status)
        status = take(resolver, array + CDN_PART_DICTIONARY_BYTES, 0, ANY, 1);
    if (status)
        return status;
    if (segments[0].elements == 0 || segments[0].elements > UINT32_MAX)
        return cdn_error_set(resolver->err, CORDON_E_CORRUPT,
                             "directory: array %08x is no dictionary", array);
    dictionary->count = (uint32_t)(segments[0].elements - 1);
    dictionary->guard = resolver->guard;
    dictionary->offsets = (const uint64_t *const *)(const void *)pointers;
    dictionary->bytes = (const char *const *)(const void *)(pointers + 1);
    dictionary->size = segments[1].bytes;
    column->bytes += segments[0].bytes + segments[1].bytes;
    return CORDON_OK;
}

/* One stored property column, whose width is known; `array` is its part 0. */
static cordon_status take_column(struct resolver *resolver, struct cdn_column *column,
                                 uint32_t array, const struct shape *shape,
                                 bool dictionary)
{
    enum cdn_column_type type = column->property->type;
    bool heap = type == CDN_COLUMN_TEXT || type == CDN_COLUMN_BAG;
    cordon_status status;
    const void *const *pointers;

    column->guard = resolver->guard;
    column->block_count = shape->blocks;
    status = take_blocks(resolver, &pointers, &column->bytes, array, shape, heap, false,
                         column->width);
    if (status)
        return status;
    column->values = pointers;
    if (column->nulls > 0) {
        status =
            take_blocks(resolver, &pointers, &column->bytes, array + CDN_PART_PRESENT,
                        shape, 0, true, sizeof(uint64_t));
        if (status)
            return status;
        column->present = (const uint64_t *const *)(const void *)pointers;
    }
    if (heap)
        status = take_heaps(resolver, column, array + CDN_PART_HEAP, shape->blocks);
    if (!status && dictionary && type == CDN_COLUMN_STRING)
        status = take_dictionary(resolver, column, array);
    return status;
}

static struct cdn_column *start_columns(struct resolver *resolver,
                                        const struct cdn_property *properties,
                                        uint32_t count, const struct cdn_range *ranges,
                                        int32_t time)
{
    struct cdn_column *columns = resolver->columns;

    resolver->columns += count;
    for (uint32_t p = 0; p < count; p++) {
        columns[p].property = &properties[p];
        columns[p].width = (uint8_t)cdn_range_width(&ranges[p], properties[p].type,
                                                    time == (int32_t)p);
        columns[p].base = cdn_range_base(&ranges[p], columns[p].width);
        columns[p].minimum = ranges[p].minimum;
        columns[p].maximum = ranges[p].maximum;
        columns[p].lowest = ranges[p].lowest;
        columns[p].highest = ranges[p].highest;
        columns[p].nulls = ranges[p].nulls;
    }
    return columns;
}

static cordon_status resolve_label(struct resolver *resolver, uint32_t number,
                                   const struct cdn_label *schema,
                                   const struct cdn_label_facts *facts)
{
    struct cdn_label_data *label = &resolver->layout->labels[number];
    uint32_t own = cdn_array(CDN_ARRAY_LABEL, number, CDN_SLOT_OWN, 0);
    struct shape shape = {.blocks = cdn_block_count(facts->count, facts->shift),
                          .shift = facts->shift,
                          .nodes = facts->count};
    struct cdn_column *columns;
    const void *const *pointers;
    cordon_status status;

    label->schema = schema;
    label->guard = resolver->guard;
    label->base = resolver->layout->node_count;
    label->count = facts->count;
    label->shift = facts->shift;
    resolver->layout->node_count += facts->count;
    if (schema->key == CDN_KEY_INT64) {
        status = take_blocks(resolver, &pointers, &label->bytes, own, &shape, 0, false,
                             sizeof(int64_t));
        label->integer_keys = (const int64_t *const *)(const void *)pointers;
    } else {
        label->text_keys.property = &KEY_PROPERTY;
        label->text_keys.width = sizeof(uint32_t);
        label->text_keys.minimum = 1;
        label->text_keys.lowest = 1;
        status = take_column(resolver, &label->text_keys, own, &shape, false);
        label->bytes = label->text_keys.bytes;
    }
    columns = start_columns(resolver, schema->properties, schema->property_count,
                            facts->ranges, -1);
    label->columns = columns;
    for (uint32_t p = 0; !status && p < schema->property_count; p++)
        status =
            take_column(resolver, &columns[p],
                        cdn_array(CDN_ARRAY_LABEL, number, 1 + p, 0), &shape, true);
    return status;
}

/* The number of edges of each block is what the directory says of its peers. */
static cordon_status count_edges(struct resolver *resolver, const struct shape *shape,
                                 uint64_t *first, uint32_t array, uint64_t edges,
                                 const uint32_t *const **out)
{
    uint64_t total = 0;

    *out = (const uint32_t *const *)(const void *)(resolver->layout->pointers +
                                                   resolver->at);
    for (uint32_t b = 0; b < shape->blocks; b++) {
        cordon_status status = take(resolver, array, b, ANY, sizeof(uint32_t));

        if (status)
            return status;
        first[b] = total;
        /* cannot overflow: bytes of a segment fit 32 bits, blocks fit 32 bits */
        total += resolver->segments[resolver->at - 1].elements;
    }
    first[shape->blocks] = total;
    if (total != edges)
        return cdn_error_set(resolver->err, CORDON_E_CORRUPT,
                             "directory: array %08x has %llu edges, metadata says %llu",
                             array, (unsigned long long)total,
                             (unsigned long long)edges);
    return CORDON_OK;
}

static cordon_status resolve_direction(struct resolver *resolver, uint32_t number,
                                       enum cdn_array_kind kind,
                                       const struct cdn_relation_schema *schema,
                                       const struct cdn_relation_facts *facts,
                                       struct cdn_adjacency *adjacency)
{
    bool outgoing = kind == CDN_ARRAY_OUTGOING;
    const struct cdn_direction_facts *mine =
        outgoing ? &facts->outgoing : &facts->incoming;
    uint32_t own = cdn_array(kind, number, CDN_SLOT_OWN, 0);
    uint32_t nodes = adjacency->node_count;
    struct shape shape = {.blocks = cdn_block_count(nodes, mine->shift),
                          .shift = mine->shift,
                          .nodes = nodes};
    struct cdn_column *columns;
    const void *const *pointers;
    cordon_status status;

    if (shape.blocks > resolver->count)
        return cdn_error_set(resolver->err, CORDON_E_CORRUPT,
                             "directory: fewer segments than relation %u has blocks",
                             number);
    adjacency->guard = resolver->guard;
    adjacency->shift = mine->shift;
    adjacency->block_count = shape.blocks;
    adjacency->longest = mine->most;
    adjacency->nonempty = mine->nonempty;
    status = take_blocks(resolver, &pointers, &adjacency->bytes, own, &shape, 1, false,
                         sizeof(uint32_t));
    if (status)
        return status;
    adjacency->offsets = (const uint32_t *const *)(const void *)pointers;
    status = count_edges(resolver, &shape, resolver->first, own + CDN_PART_PEERS,
                         facts->edges, &adjacency->peers);
    if (status)
        return status;
    adjacency->first = resolver->first;
    adjacency->bytes += facts->edges * sizeof(uint32_t);
    shape.first = resolver->first;
    resolver->first += shape.blocks + 1;
    if (!outgoing) {
        status = take_blocks(resolver, &pointers, &adjacency->bytes, own + CDN_PART_IDS,
                             &shape, 0, false, sizeof(uint64_t));
        if (status)
            return status;
        adjacency->ids = (const uint64_t *const *)(const void *)pointers;
    }
    columns = start_columns(resolver, schema->properties, schema->property_count,
                            facts->ranges, schema->time);
    adjacency->columns = columns;
    for (uint32_t p = 0; !status && p < schema->property_count; p++)
        if (outgoing || schema->properties[p].mirrored)
            status = take_column(resolver, &columns[p],
                                 cdn_array(kind, number, 1 + p, 0), &shape, outgoing);
    if (!status && schema->time >= 0)
        adjacency->times =
            (const int64_t *const *)(const void *)columns[schema->time].values;
    return status;
}

static cordon_status resolve_relation(struct resolver *resolver, uint32_t number,
                                      enum cdn_array_kind kind,
                                      const struct cdn_relation_schema *schema,
                                      const struct cdn_relation_facts *facts)
{
    struct cdn_relation *relation = &resolver->layout->relations[number];
    const struct cdn_label_data *source = &resolver->layout->labels[schema->source];
    const struct cdn_label_data *target = &resolver->layout->labels[schema->target];
    cordon_status status;

    if (kind == CDN_ARRAY_OUTGOING) {
        relation->schema = schema;
        relation->source_base = source->base;
        relation->source_count = source->count;
        relation->target_base = target->base;
        relation->target_count = target->count;
        relation->edge_count = facts->edges;
        relation->edge_base = resolver->layout->edge_count;
        resolver->layout->edge_count += facts->edges;
        relation->outgoing.node_count = source->count;
        relation->incoming.node_count = target->count;
        return resolve_direction(resolver, number, kind, schema, facts,
                                 &relation->outgoing);
    }
    status =
        resolve_direction(resolver, number, kind, schema, facts, &relation->incoming);
    for (uint32_t p = 0; !status && p < schema->property_count; p++)
        if (schema->properties[p].type == CDN_COLUMN_STRING) {
            struct cdn_column *mine =
                (struct cdn_column *)(uintptr_t)&relation->incoming.columns[p];

            mine->dictionary = relation->outgoing.columns[p].dictionary;
        }
    return status;
}

static cordon_status allocate(struct cdn_layout *layout,
                              const struct cdn_schema *schema,
                              const struct cdn_facts *facts, size_t count,
                              cordon_error *err)
{
    size_t columns = 0;
    size_t first = 0;

    for (uint32_t l = 0; l < schema->label_count; l++)
        columns += schema->labels[l].property_count;
    for (uint32_t r = 0; r < schema->relation_count; r++) {
        const struct cdn_relation_schema *relation = &schema->relations[r];
        uint32_t outgoing = cdn_block_count(facts->labels[relation->source].count,
                                            facts->relations[r].outgoing.shift);
        uint32_t incoming = cdn_block_count(facts->labels[relation->target].count,
                                            facts->relations[r].incoming.shift);

        if (outgoing > count || incoming > count)
            return cdn_error_set(
                err, CORDON_E_CORRUPT,
                "directory: fewer segments than relation %u has blocks", r);
        columns += 2 * (size_t)relation->property_count;
        first += (size_t)outgoing + incoming + 2;
    }
    layout->labels = cdn_calloc(schema->label_count, sizeof(*layout->labels));
    layout->relations = cdn_calloc(schema->relation_count, sizeof(*layout->relations));
    layout->columns = cdn_calloc(columns, sizeof(*layout->columns));
    layout->pointers = cdn_calloc(count, sizeof(*layout->pointers));
    layout->heap_bytes = cdn_calloc(count, sizeof(*layout->heap_bytes));
    layout->first = cdn_calloc(first, sizeof(*layout->first));
    if (!layout->labels || !layout->relations || !layout->columns ||
        !layout->pointers || !layout->heap_bytes || !layout->first)
        return cdn_error_nomem(err);
    return CORDON_OK;
}

cordon_status cdn_layout_init(struct cdn_layout *layout,
                              const struct cdn_schema *schema,
                              const struct cdn_facts *facts,
                              const struct cdn_segment *segments,
                              const unsigned char *const *places, size_t count,
                              struct cdn_guard *guard, cordon_error *err)
{
    struct resolver resolver = {.layout = layout,
                                .guard = guard,
                                .segments = segments,
                                .count = count,
                                .err = err};
    cordon_status status;

    memset(layout, 0, sizeof(*layout));
    status = allocate(layout, schema, facts, count, err);
    for (size_t i = 0; !status && !guard && i < count; i++)
        layout->pointers[i] = places[i];
    resolver.first = layout->first;
    resolver.columns = layout->columns;
    for (uint32_t l = 0; !status && l < schema->label_count; l++)
        status = resolve_label(&resolver, l, &schema->labels[l], &facts->labels[l]);
    for (uint32_t r = 0; !status && r < schema->relation_count; r++)
        status = resolve_relation(&resolver, r, CDN_ARRAY_OUTGOING,
                                  &schema->relations[r], &facts->relations[r]);
    for (uint32_t r = 0; !status && r < schema->relation_count; r++)
        status = resolve_relation(&resolver, r, CDN_ARRAY_INCOMING,
                                  &schema->relations[r], &facts->relations[r]);
    if (!status && resolver.at != count)
        status =
            cdn_error_set(err, CORDON_E_CORRUPT,
                          "directory: %zu segments that metadata does not call for",
                          count - resolver.at);
    if (!status && guard)
        guard->slots = layout->pointers;
    if (status)
        cdn_layout_deinit(layout);
    return status;
}

void cdn_layout_deinit(struct cdn_layout *layout)
{
    cdn_free(layout->labels);
    cdn_free(layout->relations);
    cdn_free(layout->columns);
    cdn_free(layout->pointers);
    cdn_free(layout->heap_bytes);
    cdn_free(layout->first);
    memset(layout, 0, sizeof(*layout));
}
