/* Nodes in sorted runs.
 *
 * A run is what was held when memory was full, in key order; one record a node: length, the
 * caller's row number, key, cells.  Sealing makes three passes: one merges the runs into one
 * file in key order, dropping all but the first of equal keys (runs are numbered in the
 * order they came, so the first is the one of the lowest run); one counts what the columns
 * hold, which decides blocks, dictionaries and whether a column has nulls; one writes, some
 * blocks at a time.
 *
 * Memory: a record and a chunk a run; then the rows of the blocks being written.  The index
 * over the keys is built if it fits in what it was given, else the keys go to a file in
 * order, for outer_keys.c. */
#include "snapshot/outer_nodes.h"

#include <string.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "snapshot/column.h"
#include "snapshot/csr.h"
#include "snapshot/groups.h"

/* ---- runs ---- */

static void pack_key(struct cdn_buf *out, const struct cdn_nodes *nodes, uint32_t row)
{
    if (nodes->schema->key == CDN_KEY_INT64) {
        cdn_buf_append(out, &nodes->integers[row], sizeof(int64_t));
    } else {
        uint64_t start = row ? nodes->ends[row - 1] : 0;
        uint32_t bytes = (uint32_t)(nodes->ends[row] - start);

        cdn_buf_append(out, &bytes, sizeof(bytes));
        if (bytes > 0)
            cdn_buf_append(out, nodes->heap + start, bytes);
    }
}

static cordon_status write_records(struct cdn_nodes *nodes, uint32_t run,
                                   const uint32_t *order, cordon_error *err)
{
    struct cdn_buf record = {0};
    cordon_status status = CORDON_OK;

    for (uint32_t i = 0; !status && i < nodes->rows.count; i++) {
        uint32_t length = 0;

        cdn_buf_clear(&record);
        cdn_buf_append(&record, &length, sizeof(length));
        cdn_buf_append(&record, &nodes->numbers[order[i]], sizeof(uint64_t));
        pack_key(&record, nodes, order[i]);
        cdn_rows_pack(&record, &nodes->rows, order[i], NULL);
        if (record.failed) {
            status = cdn_error_nomem(err);
            break;
        }
        if (record.length - sizeof(length) > UINT32_MAX) {
            status =
                cdn_error_set(err, CORDON_E_DATA, "a node of more than 2^32 bytes");
            break;
        }
        length = (uint32_t)(record.length - sizeof(length));
        memcpy(record.data, &length, sizeof(length));
        status = cdn_spill_put(nodes->runs, run, record.data, record.length, err);
    }
    cdn_buf_deinit(&record);
    return status ? status : cdn_spill_flush(nodes->runs, run, err);
}

cordon_status cdn_nodes_write_run(struct cdn_nodes *nodes, const char *folder,
                                  uint32_t chunk_bytes, cordon_error *err)
{
    uint32_t *order = cdn_realloc_array(NULL, nodes->rows.count, sizeof(*order));
    cordon_status status = order ? CORDON_OK : cdn_error_nomem(err);
    uint32_t run;

    if (!status && !nodes->runs)
        status = cdn_spill_open(&nodes->runs, folder, 0, chunk_bytes, err);
    if (!status)
        status = cdn_nodes_sort(order, nodes, err);
    if (status)
        goto out;
    run = cdn_spill_partitions(nodes->runs);
    status = cdn_spill_grow(nodes->runs, err);
    if (!status)
        status = write_records(nodes, run, order, err);
    if (!status)
        cdn_nodes_clear(nodes);
out:
    cdn_free(order);
    return status;
}

/* ---- the merge ---- */

struct run {
    struct cdn_spill_reader reader;
    struct cdn_buf record; /* the next one, without its length */
    bool live;
};

struct merge {
    const struct cdn_nodes *nodes;
    struct run *runs;
    uint32_t count;
    uint32_t *heap; /* live runs, the one with the least key first */
    uint32_t live;
    struct cdn_buf last;      /* the last kept record */
    struct cdn_spill *sorted; /* key and cells of those kept, in order */
    uint64_t kept;
    int64_t least; /* of int64 keys */
    int64_t most;
    uint64_t key_bytes; /* of string keys */
};

#define KEY_AT sizeof(uint64_t) /* behind the row's number */

static int64_t integer_key(const struct cdn_buf *record)
{
    int64_t key;

    memcpy(&key, record->data + KEY_AT, sizeof(key));
    return key;
}

static const unsigned char *text_key(const struct cdn_buf *record, uint32_t *bytes)
{
    memcpy(bytes, record->data + KEY_AT, sizeof(*bytes));
    return record->data + KEY_AT + sizeof(*bytes);
}

static int compare_keys(enum cdn_key_type type, const struct cdn_buf *a,
                        const struct cdn_buf *b)
{
    const unsigned char *left;
    const unsigned char *right;
    uint32_t left_bytes;
    uint32_t right_bytes;
    int order;

    if (type == CDN_KEY_INT64) {
        int64_t x = integer_key(a);
        int64_t y = integer_key(b);

        return x < y ? -1 : x > y;
    }
    left = text_key(a, &left_bytes);
    right = text_key(b, &right_bytes);
    order = memcmp(left, right, left_bytes < right_bytes ? left_bytes : right_bytes);
    if (order || left_bytes == right_bytes)
        return order;
    return left_bytes < right_bytes ? -1 : 1;
}

static cordon_status load(struct run *run, cordon_error *err)
{
    uint32_t length;

    run->live = cdn_spill_read(&run->reader, &length, sizeof(length));
    if (!run->live)
        return run->reader.status;
    cdn_buf_clear(&run->record);
    if (!cdn_buf_reserve(&run->record, length))
        return cdn_error_nomem(err);
    run->record.length = length;
    (void)cdn_spill_read(&run->reader, run->record.data, length);
    return run->reader.status;
}

static bool before(const struct merge *merge, uint32_t a, uint32_t b)
{
    int order = compare_keys(merge->nodes->schema->key, &merge->runs[a].record,
                             &merge->runs[b].record);

    return order ? order < 0 : a < b;
}

static void sink(struct merge *merge, uint32_t at)
{
    for (;;) {
        uint32_t child = 2 * at + 1;
        uint32_t moved = merge->heap[at];

        if (child >= merge->live)
            return;
        if (child + 1 < merge->live &&
            before(merge, merge->heap[child + 1], merge->heap[child]))
            child++;
        if (!before(merge, merge->heap[child], moved))
            return;
        merge->heap[at] = merge->heap[child];
        merge->heap[child] = moved;
        at = child;
    }
}

static cordon_status merge_begin(struct merge *merge, struct cdn_nodes *nodes,
                                 const struct cdn_seal *seal, cordon_error *err)
{
    cordon_status status = CORDON_OK;

    merge->nodes = nodes;
    merge->count = cdn_spill_partitions(nodes->runs);
    merge->runs = cdn_calloc(merge->count, sizeof(*merge->runs));
    merge->heap = cdn_calloc(merge->count, sizeof(*merge->heap));
    if (!merge->runs || !merge->heap)
        return cdn_error_nomem(err);
    for (uint32_t r = 0; !status && r < merge->count; r++) {
        struct run *run = &merge->runs[r];

        status = cdn_spill_read_begin(&run->reader, nodes->runs, r, err);
        if (!status)
            status = load(run, err);
        if (!status && run->live)
            merge->heap[merge->live++] = r;
    }
    for (uint32_t i = merge->live; !status && i-- > 0;)
        sink(merge, i);
    if (!status)
        status =
            cdn_spill_open(&merge->sorted, seal->folder, 1, seal->chunk_bytes, err);
    return status;
}

static void merge_deinit(struct merge *merge)
{
    for (uint32_t r = 0; merge->runs && r < merge->count; r++) {
        cdn_spill_read_end(&merge->runs[r].reader);
        cdn_buf_deinit(&merge->runs[r].record);
    }
    cdn_free(merge->runs);
    cdn_free(merge->heap);
    merge->runs = NULL;
    merge->heap = NULL;
    cdn_buf_deinit(&merge->last);
}

static cordon_status keep(struct merge *merge, struct run *run, cordon_error *err)
{
    struct cdn_buf swap = merge->last;
    uint32_t bytes;

    merge->last = run->record;
    run->record = swap;
    if (merge->nodes->schema->key == CDN_KEY_INT64) {
        if (merge->kept == 0)
            merge->least = integer_key(&merge->last);
        merge->most = integer_key(&merge->last);
    } else {
        (void)text_key(&merge->last, &bytes);
        merge->key_bytes += bytes;
    }
    merge->kept++;
    return cdn_spill_put(merge->sorted, 0, merge->last.data + KEY_AT,
                         merge->last.length - KEY_AT, err);
}

static cordon_status merge_runs(struct merge *merge, const struct cdn_seal *seal,
                                cordon_error *err)
{
    const struct cdn_nodes *nodes = merge->nodes;
    cordon_status status = CORDON_OK;

    while (!status && merge->live > 0) {
        struct run *run = &merge->runs[merge->heap[0]];

        if (merge->kept > 0 &&
            compare_keys(nodes->schema->key, &merge->last, &run->record) == 0) {
            uint64_t row;

            memcpy(&row, run->record.data, sizeof(row));
            if (seal->duplicate)
                seal->duplicate(seal->ud, nodes->number, row);
        } else {
            status = keep(merge, run, err);
        }
        if (!status)
            status = load(run, err);
        if (!status && !run->live)
            merge->heap[0] = merge->heap[--merge->live];
        if (!status)
            sink(merge, 0);
    }
    return status ? status : cdn_spill_flush(merge->sorted, 0, err);
}

/* ---- what comes out of it ---- */

/* The nodes of some consecutive groups or blocks, read back. */
struct batch {
    struct cdn_rows rows;
    uint64_t capacity;
    int64_t *integers;
    uint64_t *ends;
    unsigned char *heap;
    uint64_t heap_capacity;
};

static cordon_status batch_init(struct batch *batch, const struct cdn_nodes *nodes,
                                uint64_t capacity, cordon_error *err)
{
    cordon_status status = cdn_rows_init(&batch->rows, nodes->schema->properties,
                                         nodes->schema->property_count, err);

    batch->capacity = capacity;
    if (!status)
        status = cdn_rows_reserve(&batch->rows, capacity, err);
    batch->integers = cdn_realloc_array(NULL, capacity, sizeof(*batch->integers));
    batch->ends = cdn_realloc_array(NULL, capacity, sizeof(*batch->ends));
    if (!status && (!batch->integers || !batch->ends))
        status = cdn_error_nomem(err);
    return status;
}

static void batch_deinit(struct batch *batch)
{
    cdn_rows_deinit(&batch->rows);
    cdn_free(batch->integers);
    cdn_free(batch->ends);
    cdn_free(batch->heap);
}

static cordon_status read_key(struct batch *batch, enum cdn_key_type type,
                              struct cdn_spill_reader *reader, cordon_error *err)
{
    uint32_t at = batch->rows.count;
    uint64_t used = at ? batch->ends[at - 1] : 0;
    cordon_status status;
    uint32_t bytes = 0;

    if (type == CDN_KEY_INT64) {
        (void)cdn_spill_read(reader, &batch->integers[at], sizeof(int64_t));
        return reader->status;
    }
    (void)cdn_spill_read(reader, &bytes, sizeof(bytes));
    status = cdn_heap_put(&batch->heap, &batch->heap_capacity, used, NULL, bytes, err);
    if (status)
        return status;
    (void)cdn_spill_read(reader, batch->heap + used, bytes);
    batch->ends[at] = used + bytes;
    return reader->status;
}

/* Fill the batch anew, as far as there are nodes. */
static cordon_status batch_read(struct batch *batch, enum cdn_key_type type,
                                struct cdn_spill_reader *reader, cordon_error *err)
{
    cordon_status status = CORDON_OK;

    batch->rows.count = 0;
    while (!status && batch->rows.count < batch->capacity && reader->left > 0) {
        status = read_key(batch, type, reader, err);
        if (!status)
            status = cdn_rows_unpack(&batch->rows, reader, NULL, err);
        if (!status)
            batch->rows.count++;
    }
    return status;
}

struct output {
    struct cdn_nodes *nodes;
    const struct cdn_seal *seal;
    struct cdn_spill *sorted;
    struct cdn_groups groups;
    struct cdn_ranks *ranks; /* a column */
    /* for the index, if it is to be held */
    bool indexed;
    int64_t *integers;
    uint64_t *ends;
    unsigned char *heap;
    uint64_t heap_used;
};

static cordon_status survey(struct output *output, cordon_error *err)
{
    struct cdn_nodes *nodes = output->nodes;
    struct cdn_spill_reader reader = {0};
    struct batch batch = {0};
    uint32_t node = 0;
    cordon_status status =
        batch_init(&batch, nodes, UINT64_C(1) << output->groups.shift, err);

    for (uint32_t c = 0; !status && c < batch.rows.column_count; c++)
        status = cdn_column_rank_begin(&output->ranks[c], &nodes->schema->properties[c],
                                       &nodes->rows.columns[c].strings, err);
    if (!status)
        status = cdn_spill_read_begin(&reader, output->sorted, 0, err);
    while (!status && reader.left > 0) {
        status = batch_read(&batch, nodes->schema->key, &reader, err);
        for (uint32_t c = 0; !status && c < batch.rows.column_count; c++) {
            const struct cdn_row_column *column = &batch.rows.columns[c];

            cdn_column_survey(&output->seal->facts->ranges[c], column, NULL,
                              batch.rows.count);
            cdn_column_rank_add(&output->ranks[c], column, NULL, batch.rows.count);
        }
        for (uint32_t i = 0; !status && i < batch.rows.count; i++)
            cdn_groups_add(&output->groups, node++, &batch.rows, i);
    }
    for (uint32_t c = 0; !status && c < batch.rows.column_count; c++)
        cdn_column_rank_end(&output->ranks[c], &nodes->rows.columns[c].strings);
    cdn_spill_read_end(&reader);
    batch_deinit(&batch);
    return status;
}

static cordon_status emit_dictionaries(struct output *output, cordon_error *err)
{
    const struct cdn_nodes *nodes = output->nodes;
    cordon_status status = CORDON_OK;

    for (uint32_t c = 0; !status && c < nodes->schema->property_count; c++)
        if (nodes->schema->properties[c].type == CDN_COLUMN_STRING)
            status = cdn_column_emit_dictionary(
                output->seal->emit, cdn_array(CDN_ARRAY_LABEL, nodes->number, 1 + c, 0),
                &nodes->rows.columns[c].strings, &output->ranks[c], err);
    return status;
}

static cordon_status emit_batch(struct output *output, const struct batch *batch,
                                uint64_t first, const uint32_t *order,
                                cordon_error *err)
{
    const struct cdn_node_keys keys = {batch->integers, batch->ends, batch->heap};
    uint32_t shift = output->seal->facts->shift;
    struct cdn_blocks blocks = {.base = (uint32_t)(first >> shift), .order = order};
    cordon_status status = cdn_csr_blocks(&blocks, NULL, batch->rows.count, shift, err);

    if (!status)
        status =
            cdn_nodes_emit_keys(output->nodes, output->seal->emit, &keys, &blocks, err);
    for (uint32_t c = 0; !status && c < batch->rows.column_count; c++)
        status =
            cdn_column_emit(output->seal->emit,
                            cdn_array(CDN_ARRAY_LABEL, output->nodes->number, 1 + c, 0),
                            &batch->rows.columns[c], &output->seal->facts->ranges[c],
                            &output->ranks[c], &blocks, err);
    cdn_free((void *)(uintptr_t)blocks.first);
    return status;
}

/* Keep the batch's keys for the index, or put them where they can be found in order. */
static cordon_status pass_keys(struct output *output, const struct batch *batch,
                               uint64_t first, cordon_error *err)
{
    struct cdn_nodes *nodes = output->nodes;
    uint32_t count = batch->rows.count;
    cordon_status status = CORDON_OK;
    struct cdn_buf record = {0};

    if (output->indexed && output->integers) {
        memcpy(output->integers + first, batch->integers, count * sizeof(int64_t));
        return CORDON_OK;
    }
    if (output->indexed) {
        uint64_t bytes = count ? batch->ends[count - 1] : 0;

        for (uint32_t i = 0; i < count; i++)
            output->ends[first + i] = output->heap_used + batch->ends[i];
        if (bytes > 0)
            memcpy(output->heap + output->heap_used, batch->heap, bytes);
        output->heap_used += bytes;
        return CORDON_OK;
    }
    for (uint32_t i = 0; !status && i < count; i++) {
        cdn_buf_clear(&record);
        if (nodes->schema->key == CDN_KEY_INT64) {
            cdn_buf_append(&record, &batch->integers[i], sizeof(int64_t));
        } else {
            uint64_t start = i ? batch->ends[i - 1] : 0;
            uint32_t bytes = (uint32_t)(batch->ends[i] - start);

            cdn_buf_append(&record, &bytes, sizeof(bytes));
            if (bytes > 0)
                cdn_buf_append(&record, batch->heap + start, bytes);
        }
        status = record.failed
                     ? cdn_error_nomem(err)
                     : cdn_spill_put(nodes->sorted, 0, record.data, record.length, err);
    }
    cdn_buf_deinit(&record);
    return status;
}

/* How many nodes to write at once: whole blocks, as many as fit. */
static uint64_t batch_nodes(const struct output *output)
{
    uint64_t block = UINT64_C(1) << output->seal->facts->shift;
    uint64_t count = output->nodes->count;
    /* as packed, and what the columns of ends and the order add */
    uint64_t each = cdn_spill_bytes(output->sorted, 0) / (count ? count : 1) + 16 +
                    8 * (uint64_t)output->nodes->schema->property_count;
    uint64_t blocks = output->seal->memory_bytes / (each * block);

    if (blocks == 0)
        blocks = 1;
    if (blocks * block > count)
        return count;
    return blocks * block;
}

static cordon_status write_nodes(struct output *output, cordon_error *err)
{
    struct cdn_nodes *nodes = output->nodes;
    uint64_t most = batch_nodes(output);
    uint32_t *order = cdn_realloc_array(NULL, most, sizeof(*order));
    struct cdn_spill_reader reader = {0};
    struct batch batch = {0};
    uint64_t first = 0;
    cordon_status status = order ? CORDON_OK : cdn_error_nomem(err);

    if (!status)
        status = batch_init(&batch, nodes, most, err);
    if (!status)
        status = emit_dictionaries(output, err);
    if (!status)
        status = cdn_spill_read_begin(&reader, output->sorted, 0, err);
    for (uint32_t i = 0; !status && i < most; i++)
        order[i] = i;
    while (!status && reader.left > 0) {
        status = batch_read(&batch, nodes->schema->key, &reader, err);
        if (!status)
            status = emit_batch(output, &batch, first, order, err);
        if (!status)
            status = pass_keys(output, &batch, first, err);
        first += batch.rows.count;
    }
    cdn_spill_read_end(&reader);
    batch_deinit(&batch);
    cdn_free(order);
    return status;
}

/* Room for the keys, or a file for them. */
static cordon_status prepare_keys(struct output *output, const struct merge *merge,
                                  cordon_error *err)
{
    struct cdn_nodes *nodes = output->nodes;
    uint64_t span = (uint64_t)merge->most - (uint64_t)merge->least;
    bool integers = nodes->schema->key == CDN_KEY_INT64;
    uint64_t takes = cdn_index_bytes(nodes->schema->key, nodes->count, span) +
                     nodes->count * UINT64_C(8) + merge->key_bytes;

    output->indexed = takes <= output->seal->index_bytes;
    if (!output->indexed) {
        return cdn_spill_open(&nodes->sorted, output->seal->folder, 1,
                              output->seal->chunk_bytes, err);
    }
    if (integers) {
        output->integers =
            cdn_realloc_array(NULL, nodes->count, sizeof(*output->integers));
        return output->integers ? CORDON_OK : cdn_error_nomem(err);
    }
    output->ends = cdn_realloc_array(NULL, nodes->count, sizeof(*output->ends));
    output->heap = cdn_alloc(merge->key_bytes);
    return output->ends && output->heap ? CORDON_OK : cdn_error_nomem(err);
}

static cordon_status make_index(struct output *output, cordon_error *err)
{
    struct cdn_nodes *nodes = output->nodes;

    if (!output->indexed)
        return cdn_spill_flush(nodes->sorted, 0, err);
    if (nodes->schema->key == CDN_KEY_INT64)
        return cdn_index_integers(&nodes->index, output->integers, nodes->count, err);
    nodes->ends = output->ends;
    nodes->heap = output->heap;
    output->ends = NULL; /* handed over */
    output->heap = NULL;
    return cdn_index_strings(&nodes->index, nodes->ends, nodes->heap, nodes->count,
                             err);
}

static void output_deinit(struct output *output)
{
    for (uint32_t c = 0; output->ranks && c < output->nodes->schema->property_count;
         c++)
        cdn_ranks_deinit(&output->ranks[c]);
    cdn_free(output->ranks);
    cdn_free(output->integers);
    cdn_free(output->ends);
    cdn_free(output->heap);
    cdn_groups_deinit(&output->groups);
    cdn_spill_free(output->sorted);
}

static cordon_status put_out(struct output *output, const struct merge *merge,
                             cordon_error *err)
{
    struct cdn_nodes *nodes = output->nodes;
    const struct cdn_seal *seal = output->seal;
    cordon_status status;

    output->ranks = cdn_calloc(nodes->schema->property_count, sizeof(*output->ranks));
    if (!output->ranks)
        return cdn_error_nomem(err);
    status = cdn_groups_init(&output->groups, nodes->count, seal->shift,
                             nodes->schema->property_count, err);
    if (!status)
        status = survey(output, err);
    if (!status)
        status = prepare_keys(output, merge, err);
    if (status)
        return status;
    seal->facts->shift = cdn_groups_choose(&output->groups, seal->shift);
    status = write_nodes(output, err);
    cdn_rows_deinit(&nodes->rows); /* its strings were needed up to here */
    return status ? status : make_index(output, err);
}

cordon_status cdn_nodes_merge(struct cdn_nodes *nodes, const struct cdn_seal *seal,
                              cordon_error *err)
{
    struct output output = {.nodes = nodes, .seal = seal};
    struct merge merge = {0};
    cordon_status status = CORDON_OK;

    if (nodes->rows.count > 0)
        status = cdn_nodes_write_run(nodes, seal->folder, seal->chunk_bytes, err);
    if (!status)
        status = merge_begin(&merge, nodes, seal, err);
    if (!status)
        status = merge_runs(&merge, seal, err);
    output.sorted = merge.sorted;
    merge_deinit(&merge);
    cdn_spill_free(nodes->runs);
    nodes->runs = NULL;
    if (!status) {
        nodes->count = (uint32_t)merge.kept;
        seal->facts->count = nodes->count;
        status = put_out(&output, &merge, err);
    }
    output_deinit(&output);
    return status;
}
