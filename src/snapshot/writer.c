/* The in-memory writer.
 *
 * Nodes are held until sealed, then sorted, written and freed but for their keys and an
 * index over these; edges are held as two places and their columns until the finish,
 * which takes one relation after another.  Peak memory is the rows plus what csr.c says
 * for the largest relation.
 *
 * The rows decide everything in the file: places come from key order, lists from their
 * sort, dictionaries are sorted, batches depend on sizes alone. */
#include "snapshot/writer.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/file.h"
#include "base/utf8.h"
#include "snapshot/column.h"
#include "snapshot/csr.h"
#include "snapshot/emit.h"
#include "snapshot/index.h"
#include "snapshot/metadata.h"
#include "snapshot/rows.h"
#include "snapshot/sort.h"

#define DEFAULT_MEMORY (UINT64_C(1) << 30)

struct label_rows {
    struct cdn_rows rows;
    uint32_t capacity; /* of the three below */
    int64_t *integers; /* keys, one of the two kinds */
    uint64_t *ends;
    uint64_t *numbers; /* the caller's row numbers */
    unsigned char *heap;
    uint64_t heap_capacity;
    struct cdn_index index; /* once sealed; `count` is the number of nodes */
    uint32_t base;
};

struct relation_rows {
    struct cdn_rows rows;
    uint32_t capacity;
    uint32_t *sources;
    uint32_t *targets;
};

enum state { TAKING_NODES, TAKING_EDGES, ENDED };

struct cdn_writer {
    struct cdn_schema schema;
    struct cdn_facts facts;
    struct cdn_writer_options options;
    char *path;
    char *temp_path;
    struct cdn_emit *emit;
    struct label_rows *labels;
    struct relation_rows *relations;
    uint64_t node_count;
    uint64_t steps_done;
    enum state state;
};

static cordon_status open_rows(struct cdn_writer *writer, cordon_error *err)
{
    const struct cdn_schema *schema = &writer->schema;
    cordon_status status = CORDON_OK;

    writer->labels = cdn_calloc(schema->label_count, sizeof(*writer->labels));
    writer->relations = cdn_calloc(schema->relation_count, sizeof(*writer->relations));
    if (!writer->labels || !writer->relations)
        return cdn_error_nomem(err);
    for (uint32_t l = 0; !status && l < schema->label_count; l++)
        status = cdn_rows_init(&writer->labels[l].rows, schema->labels[l].properties,
                               schema->labels[l].property_count, err);
    for (uint32_t r = 0; !status && r < schema->relation_count; r++)
        status =
            cdn_rows_init(&writer->relations[r].rows, schema->relations[r].properties,
                          schema->relations[r].property_count, err);
    return status;
}

/* What does not depend on where the rows go. */
static cordon_status open_graph(struct cdn_writer *writer,
                                const struct cdn_schema *schema, cordon_error *err)
{
    cordon_status status = cdn_schema_copy(&writer->schema, schema, err);

    if (!status)
        status = cdn_facts_init(&writer->facts, &writer->schema, err);
    if (!status)
        status = open_rows(writer, err);
    return status;
}

cordon_status cdn_writer_open_memory(struct cdn_writer **out, struct cdn_buf *into,
                                     uint64_t generation,
                                     const struct cdn_schema *schema, cordon_error *err)
{
    struct cdn_writer *writer = cdn_calloc(1, sizeof(*writer));
    cordon_status status;

    *out = NULL;
    if (!writer)
        return cdn_error_nomem(err);
    writer->options.block_shift = CDN_BLOCK_SHIFT;
    status = open_graph(writer, schema, err);
    if (!status)
        status = cdn_emit_open_memory(&writer->emit, into, generation, err);
    if (status) {
        cdn_writer_close(writer);
        return status;
    }
    *out = writer;
    return CORDON_OK;
}

cordon_status cdn_writer_open(struct cdn_writer **out, const char *path,
                              const struct cdn_schema *schema,
                              const struct cdn_writer_options *options,
                              cordon_error *err)
{
    struct cdn_writer *writer = cdn_calloc(1, sizeof(*writer));
    char temp[PATH_MAX];
    cordon_status status;

    *out = NULL;
    if (!writer)
        return cdn_error_nomem(err);
    if (options)
        writer->options = *options;
    if (writer->options.memory_bytes == 0)
        writer->options.memory_bytes = DEFAULT_MEMORY;
    if (writer->options.block_shift == 0)
        writer->options.block_shift = CDN_BLOCK_SHIFT;
    if (writer->options.block_shift > CDN_BLOCK_SHIFT_MOST) {
        status = cdn_error_set(err, CORDON_E_INVALID, "a block shift of %u; at most %u",
                               writer->options.block_shift, CDN_BLOCK_SHIFT_MOST);
        goto out;
    }
    if (snprintf(temp, sizeof(temp), "%s.tmp", path) >= (int)sizeof(temp)) {
        status = cdn_error_set(err, CORDON_E_INVALID, "the path is too long: %s", path);
        goto out;
    }
    writer->path = cdn_strdup(path);
    writer->temp_path =
        cdn_strdup(writer->options.temp_path ? writer->options.temp_path : temp);
    if (!writer->path || !writer->temp_path) {
        status = cdn_error_nomem(err);
        goto out;
    }
    status = open_graph(writer, schema, err);
    if (!status)
        status = cdn_emit_open(&writer->emit, writer->temp_path,
                               writer->options.memory_bytes / 16, err);
    if (status)
        goto out;
    *out = writer;
    writer = NULL; /* handed over */
out:
    cdn_writer_close(writer);
    return status;
}

static cordon_status grow_keys(struct label_rows *label, enum cdn_key_type type,
                               cordon_error *err)
{
    uint32_t capacity = label->rows.capacity;
    uint64_t *numbers;
    void *keys;

    if (label->capacity == capacity)
        return CORDON_OK;
    numbers = cdn_realloc_array(label->numbers, capacity, sizeof(*numbers));
    if (!numbers)
        return cdn_error_nomem(err);
    label->numbers = numbers;
    keys = type == CDN_KEY_INT64 ? (void *)label->integers : (void *)label->ends;
    keys = cdn_realloc_array(keys, capacity, sizeof(uint64_t));
    if (!keys)
        return cdn_error_nomem(err);
    if (type == CDN_KEY_INT64)
        label->integers = keys;
    else
        label->ends = keys;
    label->capacity = capacity;
    return CORDON_OK;
}

cordon_status cdn_writer_node(struct cdn_writer *writer, uint32_t label,
                              const struct cdn_key *key, const struct cdn_cell *cells,
                              uint64_t row, cordon_error *err)
{
    struct label_rows *mine;
    cordon_status status;
    uint32_t at;

    if (writer->state != TAKING_NODES || label >= writer->schema.label_count)
        return cdn_error_set(err, CORDON_E_INVALID,
                             "a node after the nodes were sealed, or of no label");
    mine = &writer->labels[label];
    at = mine->rows.count;
    if (writer->node_count >= UINT32_MAX - 1)
        return cdn_error_set(err, CORDON_E_DATA, "more than %u nodes", UINT32_MAX - 1);
    status = cdn_rows_grow(&mine->rows, err);
    if (!status)
        status = grow_keys(mine, writer->schema.labels[label].key, err);
    if (!status)
        status = cdn_rows_set(&mine->rows, cells, err);
    if (status)
        return status;
    if (writer->schema.labels[label].key == CDN_KEY_INT64) {
        mine->integers[at] = key->integer;
    } else {
        uint64_t used = at ? mine->ends[at - 1] : 0;

        if (!cdn_utf8_valid(key->text, key->bytes))
            return cdn_error_set(err, CORDON_E_DATA, "a key that is not UTF-8");
        status = cdn_heap_put(&mine->heap, &mine->heap_capacity, used, key->text,
                              key->bytes, err);
        if (status)
            return status;
        mine->ends[at] = used + key->bytes;
    }
    mine->numbers[at] = row;
    mine->rows.count++;
    writer->node_count++;
    return CORDON_OK;
}

/* String keys that agree in the eight bytes the radix sort looked at. */
struct key_run {
    const uint64_t *ends;
    const unsigned char *heap;
};

static int compare_keys(const struct key_run *run, uint32_t left, uint32_t right)
{
    uint64_t left_at = left ? run->ends[left - 1] : 0;
    uint64_t right_at = right ? run->ends[right - 1] : 0;
    uint64_t left_bytes = run->ends[left] - left_at;
    uint64_t right_bytes = run->ends[right] - right_at;
    int order = memcmp(run->heap + left_at, run->heap + right_at,
                       left_bytes < right_bytes ? left_bytes : right_bytes);

    if (order || left_bytes == right_bytes)
        return order;
    return left_bytes < right_bytes ? -1 : 1;
}

static int compare_run(const void *a, const void *b, void *context)
{
    uint32_t left = ((const struct cdn_sort_key *)a)->row;
    uint32_t right = ((const struct cdn_sort_key *)b)->row;
    int order = compare_keys(context, left, right);

    if (order)
        return order;
    return left < right ? -1 : left > right;
}

static uint64_t key_prefix(const struct label_rows *label, uint32_t row)
{
    uint64_t start = row ? label->ends[row - 1] : 0;
    uint64_t bytes = label->ends[row] - start;
    uint64_t prefix = 0;

    for (uint64_t i = 0; i < 8; i++)
        prefix = prefix << 8 | (i < bytes ? label->heap[start + i] : 0);
    return prefix;
}

static bool same_key(const struct label_rows *label, enum cdn_key_type type, uint32_t a,
                     uint32_t b)
{
    struct key_run run = {label->ends, label->heap};

    if (type == CDN_KEY_INT64)
        return label->integers[a] == label->integers[b];
    return compare_keys(&run, a, b) == 0;
}

/* The rows in key order, those of equal keys in the order they came. */
static cordon_status sort_nodes(uint32_t *order, const struct label_rows *label,
                                enum cdn_key_type type, cordon_error *err)
{
    uint32_t count = label->rows.count;
    struct key_run run = {label->ends, label->heap};
    struct cdn_sort_key *keys = cdn_realloc_array(NULL, count, sizeof(*keys));
    struct cdn_sort_key *scratch = cdn_realloc_array(NULL, count, sizeof(*scratch));
    struct cdn_sort_key *sorted;
    cordon_status status = CORDON_OK;

    if (!keys || !scratch) {
        status = cdn_error_nomem(err);
        goto out;
    }
    for (uint32_t i = 0; i < count; i++) {
        keys[i].row = i;
        keys[i].key = type == CDN_KEY_INT64
                          ? (uint64_t)label->integers[i] ^ (UINT64_C(1) << 63)
                          : key_prefix(label, i);
    }
    sorted = cdn_sort_keys(keys, scratch, count);
    for (uint32_t i = 0, end; type == CDN_KEY_STRING && i < count; i = end) {
        for (end = i + 1; end < count && sorted[end].key == sorted[i].key;)
            end++;
        if (end - i > 1)
            qsort_r(sorted + i, end - i, sizeof(*sorted), compare_run, &run);
    }
    for (uint32_t i = 0; i < count; i++)
        order[i] = sorted[i].row;
out:
    cdn_free(keys);
    cdn_free(scratch);
    return status;
}

/* Replace the keys as they came by the kept ones in order. */
static cordon_status keep_keys(struct label_rows *label, enum cdn_key_type type,
                               const uint32_t *order, uint32_t count, cordon_error *err)
{
    uint64_t *keys = cdn_realloc_array(NULL, count, sizeof(*keys));
    unsigned char *heap = NULL;
    uint64_t total = 0;

    if (!keys)
        return cdn_error_nomem(err);
    if (type == CDN_KEY_INT64) {
        for (uint32_t i = 0; i < count; i++)
            keys[i] = (uint64_t)label->integers[order[i]];
        cdn_free(label->integers);
        label->integers = (int64_t *)keys;
        return CORDON_OK;
    }
    heap = cdn_alloc(label->rows.count ? label->ends[label->rows.count - 1] : 0);
    if (!heap) {
        cdn_free(keys);
        return cdn_error_nomem(err);
    }
    for (uint32_t i = 0; i < count; i++) {
        uint64_t start = order[i] ? label->ends[order[i] - 1] : 0;
        uint64_t bytes = label->ends[order[i]] - start;

        memcpy(heap + total, label->heap + start, bytes);
        total += bytes;
        keys[i] = total;
    }
    cdn_free(label->ends);
    cdn_free(label->heap);
    label->ends = keys;
    label->heap = heap;
    return CORDON_OK;
}

static cordon_status emit_string_keys(struct cdn_writer *writer, uint32_t number,
                                      const struct cdn_blocks *blocks,
                                      cordon_error *err)
{
    const struct label_rows *label = &writer->labels[number];
    uint32_t array = cdn_array(CDN_ARRAY_LABEL, number, CDN_SLOT_OWN, 0);

    for (uint32_t b = 0; b < blocks->count; b++) {
        uint64_t begin = blocks->first[b];
        uint64_t count = blocks->first[b + 1] - begin;
        uint64_t start = begin ? label->ends[begin - 1] : 0;
        uint64_t total = label->ends[begin + count - 1] - start;
        cordon_status status;
        uint32_t *offsets;
        void *room;

        if (total > CDN_SEGMENT_MOST)
            return cdn_error_set(err, CORDON_E_DATA,
                                 "the keys of label '%s' are too long: more than %llu "
                                 "bytes in one block",
                                 writer->schema.labels[number].name,
                                 (unsigned long long)CDN_SEGMENT_MOST);
        status = cdn_emit_reserve(writer->emit, &room, array, b, count + 1,
                                  sizeof(*offsets), err);
        if (status)
            return status;
        offsets = room;
        offsets[0] = 0;
        for (uint64_t i = 0; i < count; i++)
            offsets[i + 1] = (uint32_t)(label->ends[begin + i] - start);
        status = cdn_emit_reserve(writer->emit, &room, array + CDN_PART_HEAP, b, total,
                                  1, err);
        if (status)
            return status;
        memcpy(room, label->heap + start, total);
    }
    return CORDON_OK;
}

static cordon_status emit_integer_keys(struct cdn_writer *writer, uint32_t number,
                                       const struct cdn_blocks *blocks,
                                       cordon_error *err)
{
    const struct label_rows *label = &writer->labels[number];
    uint32_t array = cdn_array(CDN_ARRAY_LABEL, number, CDN_SLOT_OWN, 0);

    for (uint32_t b = 0; b < blocks->count; b++) {
        uint64_t count = blocks->first[b + 1] - blocks->first[b];
        void *room;
        cordon_status status = cdn_emit_reserve(writer->emit, &room, array, b, count,
                                                sizeof(int64_t), err);

        if (status)
            return status;
        memcpy(room, label->integers + blocks->first[b], count * sizeof(int64_t));
    }
    return CORDON_OK;
}

static cordon_status emit_label(struct cdn_writer *writer, uint32_t number,
                                const uint32_t *order, uint32_t count,
                                cordon_error *err)
{
    struct label_rows *label = &writer->labels[number];
    struct cdn_label_facts *facts = &writer->facts.labels[number];
    struct cdn_blocks blocks = {.order = order};
    struct cdn_ranks ranks = {0};
    uint32_t shift = writer->options.block_shift;
    cordon_status status;

    facts->count = count;
    status =
        cdn_csr_choose(&facts->shift, &blocks, NULL, count, shift, &label->rows, err);
    if (status)
        return status;
    status = writer->schema.labels[number].key == CDN_KEY_INT64
                 ? emit_integer_keys(writer, number, &blocks, err)
                 : emit_string_keys(writer, number, &blocks, err);
    for (uint32_t c = 0; !status && c < label->rows.column_count; c++) {
        const struct cdn_row_column *column = &label->rows.columns[c];
        uint32_t array = cdn_array(CDN_ARRAY_LABEL, number, 1 + c, 0);

        cdn_column_survey(&facts->ranges[c], column, order, count);
        status = cdn_column_rank(&ranks, column, order, count, err);
        if (!status && column->property->type == CDN_COLUMN_STRING)
            status =
                cdn_column_emit_dictionary(writer->emit, array, column, &ranks, err);
        if (!status)
            status = cdn_column_emit(writer->emit, array, column, &facts->ranges[c],
                                     &ranks, &blocks, err);
        cdn_ranks_deinit(&ranks);
    }
    cdn_free((void *)(uintptr_t)blocks.first);
    return status;
}

static cordon_status seal_label(struct cdn_writer *writer, uint32_t number,
                                cdn_writer_duplicate duplicate, void *ud,
                                cordon_error *err)
{
    struct label_rows *label = &writer->labels[number];
    enum cdn_key_type type = writer->schema.labels[number].key;
    uint32_t *order = cdn_realloc_array(NULL, label->rows.count, sizeof(*order));
    uint32_t kept = 0;
    cordon_status status;

    if (!order)
        return cdn_error_nomem(err);
    status = sort_nodes(order, label, type, err);
    if (status)
        goto out;
    for (uint32_t i = 0; i < label->rows.count; i++) {
        if (kept > 0 && same_key(label, type, order[kept - 1], order[i])) {
            if (duplicate)
                duplicate(ud, number, label->numbers[order[i]]);
        } else {
            order[kept++] = order[i];
        }
    }
    cdn_free(label->numbers);
    label->numbers = NULL;
    status = keep_keys(label, type, order, kept, err);
    if (!status)
        status = emit_label(writer, number, order, kept, err);
    if (status)
        goto out;
    cdn_rows_deinit(&label->rows);
    status =
        type == CDN_KEY_INT64
            ? cdn_index_integers(&label->index, label->integers, kept, err)
            : cdn_index_strings(&label->index, label->ends, label->heap, kept, err);
out:
    cdn_free(order);
    return status;
}

static void step(struct cdn_writer *writer, uint64_t of)
{
    writer->steps_done++;
    if (writer->options.progress)
        writer->options.progress(writer->options.progress_ud,
                                 (double)writer->steps_done / (double)of);
}

cordon_status cdn_writer_seal_nodes(struct cdn_writer *writer,
                                    cdn_writer_duplicate duplicate, void *ud,
                                    cordon_error *err)
{
    uint32_t base = 0;

    if (writer->state != TAKING_NODES)
        return cdn_error_set(err, CORDON_E_INVALID, "the nodes were sealed before");
    writer->state = ENDED; /* unless all goes well */
    for (uint32_t l = 0; l < writer->schema.label_count; l++) {
        cordon_status status = seal_label(writer, l, duplicate, ud, err);

        if (status)
            return status;
        writer->labels[l].base = base;
        base += writer->labels[l].index.count;
    }
    writer->state = TAKING_EDGES;
    return CORDON_OK;
}

static cordon_status grow_ends(struct relation_rows *relation, cordon_error *err)
{
    uint32_t capacity = relation->rows.capacity;
    uint32_t *grown;

    if (relation->capacity == capacity)
        return CORDON_OK;
    grown = cdn_realloc_array(relation->sources, capacity, sizeof(*grown));
    if (!grown)
        return cdn_error_nomem(err);
    relation->sources = grown;
    grown = cdn_realloc_array(relation->targets, capacity, sizeof(*grown));
    if (!grown)
        return cdn_error_nomem(err);
    relation->targets = grown;
    relation->capacity = capacity;
    return CORDON_OK;
}

cordon_status cdn_writer_edge(struct cdn_writer *writer, uint32_t relation,
                              const struct cdn_key *source,
                              const struct cdn_key *target,
                              const struct cdn_cell *cells, enum cdn_row *row,
                              cordon_error *err)
{
    const struct cdn_relation_schema *schema;
    struct relation_rows *mine;
    cordon_status status;
    uint32_t from;
    uint32_t to;

    if (writer->state != TAKING_EDGES || relation >= writer->schema.relation_count)
        return cdn_error_set(err, CORDON_E_INVALID,
                             "an edge before the nodes were sealed, or of no relation");
    schema = &writer->schema.relations[relation];
    mine = &writer->relations[relation];
    from = cdn_index_find(&writer->labels[schema->source].index, source);
    if (from == CDN_INDEX_NONE) {
        *row = CDN_ROW_NO_SOURCE;
        return CORDON_OK;
    }
    to = cdn_index_find(&writer->labels[schema->target].index, target);
    if (to == CDN_INDEX_NONE) {
        *row = CDN_ROW_NO_TARGET;
        return CORDON_OK;
    }
    status = cdn_rows_grow(&mine->rows, err);
    if (!status)
        status = grow_ends(mine, err);
    if (!status)
        status = cdn_rows_set(&mine->rows, cells, err);
    if (status)
        return status;
    mine->sources[mine->rows.count] = from;
    mine->targets[mine->rows.count] = to;
    mine->rows.count++;
    *row = CDN_ROW_OK;
    return CORDON_OK;
}

static void free_relation(struct relation_rows *relation)
{
    cdn_rows_deinit(&relation->rows);
    cdn_free(relation->sources);
    cdn_free(relation->targets);
    relation->sources = NULL;
    relation->targets = NULL;
}

static cordon_status finish_relation(struct cdn_writer *writer, uint32_t number,
                                     cordon_error *err)
{
    const struct cdn_relation_schema *schema = &writer->schema.relations[number];
    struct relation_rows *relation = &writer->relations[number];
    const struct label_rows *source = &writer->labels[schema->source];
    const struct label_rows *target = &writer->labels[schema->target];
    struct cdn_csr_input input = {.schema = schema,
                                  .number = number,
                                  .rows = &relation->rows,
                                  .sources = relation->sources,
                                  .targets = relation->targets,
                                  .source_count = source->index.count,
                                  .target_count = target->index.count,
                                  .source_base = source->base,
                                  .target_base = target->base,
                                  .shift = writer->options.block_shift};
    cordon_status status =
        cdn_csr_emit(&writer->facts.relations[number], writer->emit, &input, err);

    free_relation(relation);
    return status;
}

cordon_status cdn_writer_finish(struct cdn_writer *writer, cordon_error *err)
{
    uint64_t steps = (uint64_t)writer->schema.relation_count + 1;
    struct cdn_buf metadata = {0};
    cordon_status status = CORDON_OK;

    if (writer->state != TAKING_EDGES)
        return cdn_error_set(err, CORDON_E_INVALID,
                             "finish before the nodes were sealed, or twice");
    writer->state = ENDED;
    for (uint32_t r = 0; !status && r < writer->schema.relation_count; r++) {
        status = finish_relation(writer, r, err);
        step(writer, steps);
    }
    if (!status)
        status = cdn_metadata_encode(&metadata, &writer->schema, &writer->facts, err);
    if (!status)
        status = cdn_emit_finish(writer->emit, &metadata, err);
    if (!status && writer->path) {
        status = cdn_file_publish(writer->temp_path, writer->path, err);
        if (status)
            (void)unlink(writer->temp_path);
    }
    if (!status)
        step(writer, steps);
    cdn_buf_deinit(&metadata);
    return status;
}

void cdn_writer_close(struct cdn_writer *writer)
{
    if (!writer)
        return;
    for (uint32_t l = 0; writer->labels && l < writer->schema.label_count; l++) {
        struct label_rows *label = &writer->labels[l];

        cdn_rows_deinit(&label->rows);
        cdn_index_deinit(&label->index);
        cdn_free(label->integers);
        cdn_free(label->ends);
        cdn_free(label->numbers);
        cdn_free(label->heap);
    }
    for (uint32_t r = 0; writer->relations && r < writer->schema.relation_count; r++)
        free_relation(&writer->relations[r]);
    cdn_free(writer->labels);
    cdn_free(writer->relations);
    cdn_emit_free(writer->emit);
    cdn_facts_deinit(&writer->facts);
    cdn_schema_deinit(&writer->schema);
    cdn_free(writer->temp_path);
    cdn_free(writer->path);
    cdn_free(writer);
}
