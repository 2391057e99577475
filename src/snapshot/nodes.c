/* Nodes held in memory: sorted, written, indexed.
 *
 * Sealing sorts the keys, drops all but the first of equal ones, writes keys and columns in
 * that order and keeps an index over the keys, for the edges. */
#include "snapshot/nodes.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/utf8.h"
#include "snapshot/column.h"
#include "snapshot/csr.h"
#include "snapshot/outer_nodes.h"
#include "snapshot/sort.h"

/* What a row takes while it is sorted: two sort keys, its place in the order, and its key
 * in order. */
#define SORT_BYTES (2 * sizeof(struct cdn_sort_key) + 4 + 8)

cordon_status cdn_nodes_init(struct cdn_nodes *nodes, const struct cdn_label *schema,
                             uint32_t number, cordon_error *err)
{
    *nodes = (struct cdn_nodes){.schema = schema, .number = number};
    return cdn_rows_init(&nodes->rows, schema->properties, schema->property_count, err);
}

void cdn_nodes_clear(struct cdn_nodes *nodes)
{
    cdn_rows_clear(&nodes->rows);
    cdn_free(nodes->integers);
    cdn_free(nodes->ends);
    cdn_free(nodes->numbers);
    cdn_free(nodes->heap);
    nodes->integers = NULL;
    nodes->ends = NULL;
    nodes->numbers = NULL;
    nodes->heap = NULL;
    nodes->heap_capacity = 0;
    nodes->capacity = 0;
}

void cdn_nodes_deinit(struct cdn_nodes *nodes)
{
    cdn_nodes_clear(nodes);
    cdn_rows_deinit(&nodes->rows);
    cdn_index_deinit(&nodes->index);
    cdn_spill_free(nodes->runs);
    cdn_spill_free(nodes->sorted);
    nodes->runs = NULL;
    nodes->sorted = NULL;
}

uint64_t cdn_nodes_bytes(const struct cdn_nodes *nodes)
{
    uint64_t rows = nodes->rows.count;
    uint64_t bytes = cdn_rows_bytes(&nodes->rows) + rows * (16 + SORT_BYTES);

    if (nodes->ends && rows > 0)
        bytes += 2 * nodes->ends[rows - 1];
    return bytes + cdn_rows_string_bytes(&nodes->rows);
}

static cordon_status grow_keys(struct cdn_nodes *nodes, cordon_error *err)
{
    uint32_t capacity = nodes->rows.capacity;
    uint64_t *numbers;
    void *keys;

    if (nodes->capacity == capacity)
        return CORDON_OK;
    numbers = cdn_realloc_array(nodes->numbers, capacity, sizeof(*numbers));
    if (!numbers)
        return cdn_error_nomem(err);
    nodes->numbers = numbers;
    keys = nodes->schema->key == CDN_KEY_INT64 ? (void *)nodes->integers
                                               : (void *)nodes->ends;
    keys = cdn_realloc_array(keys, capacity, sizeof(uint64_t));
    if (!keys)
        return cdn_error_nomem(err);
    if (nodes->schema->key == CDN_KEY_INT64)
        nodes->integers = keys;
    else
        nodes->ends = keys;
    nodes->capacity = capacity;
    return CORDON_OK;
}

cordon_status cdn_nodes_add(struct cdn_nodes *nodes, const struct cdn_key *key,
                            const struct cdn_cell *cells, uint64_t row,
                            cordon_error *err)
{
    uint32_t at = nodes->rows.count;
    cordon_status status = cdn_rows_grow(&nodes->rows, err);

    if (!status)
        status = grow_keys(nodes, err);
    if (!status)
        status = cdn_rows_set(&nodes->rows, cells, err);
    if (status)
        return status;
    if (nodes->schema->key == CDN_KEY_INT64) {
        nodes->integers[at] = key->integer;
    } else {
        uint64_t used = at ? nodes->ends[at - 1] : 0;

        if (!cdn_utf8_valid(key->text, key->bytes))
            return cdn_error_set(err, CORDON_E_DATA, "a key that is not UTF-8");
        if (key->bytes > UINT32_MAX)
            return cdn_error_set(err, CORDON_E_DATA, "a key of more than 2^32 bytes");
        status = cdn_heap_put(&nodes->heap, &nodes->heap_capacity, used, key->text,
                              key->bytes, err);
        if (status)
            return status;
        nodes->ends[at] = used + key->bytes;
    }
    nodes->numbers[at] = row;
    nodes->rows.count++;
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

static uint64_t key_prefix(const struct cdn_nodes *nodes, uint32_t row)
{
    uint64_t start = row ? nodes->ends[row - 1] : 0;
    uint64_t bytes = nodes->ends[row] - start;
    uint64_t prefix = 0;

    for (uint64_t i = 0; i < 8; i++)
        prefix = prefix << 8 | (i < bytes ? nodes->heap[start + i] : 0);
    return prefix;
}

static bool same_key(const struct cdn_nodes *nodes, uint32_t a, uint32_t b)
{
    struct key_run run = {nodes->ends, nodes->heap};

    if (nodes->schema->key == CDN_KEY_INT64)
        return nodes->integers[a] == nodes->integers[b];
    return compare_keys(&run, a, b) == 0;
}

cordon_status cdn_nodes_sort(uint32_t *order, const struct cdn_nodes *nodes,
                             cordon_error *err)
{
    enum cdn_key_type type = nodes->schema->key;
    uint32_t count = nodes->rows.count;
    struct key_run run = {nodes->ends, nodes->heap};
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
                          ? (uint64_t)nodes->integers[i] ^ (UINT64_C(1) << 63)
                          : key_prefix(nodes, i);
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
static cordon_status keep_keys(struct cdn_nodes *nodes, const uint32_t *order,
                               uint32_t count, cordon_error *err)
{
    uint64_t *keys = cdn_realloc_array(NULL, count, sizeof(*keys));
    unsigned char *heap = NULL;
    uint64_t total = 0;

    if (!keys)
        return cdn_error_nomem(err);
    if (nodes->schema->key == CDN_KEY_INT64) {
        for (uint32_t i = 0; i < count; i++)
            keys[i] = (uint64_t)nodes->integers[order[i]];
        cdn_free(nodes->integers);
        nodes->integers = (int64_t *)keys;
        return CORDON_OK;
    }
    heap = cdn_alloc(nodes->rows.count ? nodes->ends[nodes->rows.count - 1] : 0);
    if (!heap) {
        cdn_free(keys);
        return cdn_error_nomem(err);
    }
    for (uint32_t i = 0; i < count; i++) {
        uint64_t start = order[i] ? nodes->ends[order[i] - 1] : 0;
        uint64_t bytes = nodes->ends[order[i]] - start;

        memcpy(heap + total, nodes->heap + start, bytes);
        total += bytes;
        keys[i] = total;
    }
    cdn_free(nodes->ends);
    cdn_free(nodes->heap);
    nodes->ends = keys;
    nodes->heap = heap;
    return CORDON_OK;
}

static cordon_status emit_string_keys(const struct cdn_nodes *nodes,
                                      struct cdn_emit *emit,
                                      const struct cdn_node_keys *keys,
                                      const struct cdn_blocks *blocks,
                                      cordon_error *err)
{
    uint32_t array = cdn_array(CDN_ARRAY_LABEL, nodes->number, CDN_SLOT_OWN, 0);

    for (uint32_t b = 0; b < blocks->count; b++) {
        uint64_t begin = blocks->first[b];
        uint64_t count = blocks->first[b + 1] - begin;
        uint64_t start = begin ? keys->ends[begin - 1] : 0;
        uint64_t total = keys->ends[begin + count - 1] - start;
        cordon_status status;
        uint32_t *offsets;
        void *room;

        if (total > CDN_SEGMENT_MOST)
            return cdn_error_set(err, CORDON_E_DATA,
                                 "the keys of label '%s' are too long: more than %llu "
                                 "bytes in one block",
                                 nodes->schema->name,
                                 (unsigned long long)CDN_SEGMENT_MOST);
        status = cdn_emit_reserve(emit, &room, array, blocks->base + b, count + 1,
                                  sizeof(*offsets), err);
        if (status)
            return status;
        offsets = room;
        offsets[0] = 0;
        for (uint64_t i = 0; i < count; i++)
            offsets[i + 1] = (uint32_t)(keys->ends[begin + i] - start);
        status = cdn_emit_reserve(emit, &room, array + CDN_PART_HEAP, blocks->base + b,
                                  total, 1, err);
        if (status)
            return status;
        if (total > 0)
            memcpy(room, keys->heap + start, total);
    }
    return CORDON_OK;
}

static cordon_status emit_integer_keys(const struct cdn_nodes *nodes,
                                       struct cdn_emit *emit,
                                       const struct cdn_node_keys *keys,
                                       const struct cdn_blocks *blocks,
                                       cordon_error *err)
{
    uint32_t array = cdn_array(CDN_ARRAY_LABEL, nodes->number, CDN_SLOT_OWN, 0);

    for (uint32_t b = 0; b < blocks->count; b++) {
        uint64_t count = blocks->first[b + 1] - blocks->first[b];
        void *room;
        cordon_status status = cdn_emit_reserve(emit, &room, array, blocks->base + b,
                                                count, sizeof(int64_t), err);

        if (status)
            return status;
        memcpy(room, keys->integers + blocks->first[b], count * sizeof(int64_t));
    }
    return CORDON_OK;
}

cordon_status cdn_nodes_emit_keys(const struct cdn_nodes *nodes, struct cdn_emit *emit,
                                  const struct cdn_node_keys *keys,
                                  const struct cdn_blocks *blocks, cordon_error *err)
{
    return nodes->schema->key == CDN_KEY_INT64
               ? emit_integer_keys(nodes, emit, keys, blocks, err)
               : emit_string_keys(nodes, emit, keys, blocks, err);
}

static cordon_status emit_label(struct cdn_nodes *nodes, const struct cdn_seal *seal,
                                const uint32_t *order, uint32_t count,
                                cordon_error *err)
{
    const struct cdn_node_keys keys = {nodes->integers, nodes->ends, nodes->heap};
    struct cdn_blocks blocks = {.order = order};
    struct cdn_ranks ranks = {0};
    cordon_status status;

    status = cdn_csr_choose(&seal->facts->shift, &blocks, NULL, count, seal->shift,
                            &nodes->rows, err);
    if (status)
        return status;
    status = cdn_nodes_emit_keys(nodes, seal->emit, &keys, &blocks, err);
    for (uint32_t c = 0; !status && c < nodes->rows.column_count; c++) {
        const struct cdn_row_column *column = &nodes->rows.columns[c];
        uint32_t array = cdn_array(CDN_ARRAY_LABEL, nodes->number, 1 + c, 0);

        cdn_column_survey(&seal->facts->ranges[c], column, order, count);
        status = cdn_column_rank(&ranks, column, order, count, err);
        if (!status && column->property->type == CDN_COLUMN_STRING)
            status = cdn_column_emit_dictionary(seal->emit, array, &column->strings,
                                                &ranks, err);
        if (!status)
            status = cdn_column_emit(seal->emit, array, column, &seal->facts->ranges[c],
                                     &ranks, &blocks, err);
        cdn_ranks_deinit(&ranks);
    }
    cdn_free((void *)(uintptr_t)blocks.first);
    return status;
}

static cordon_status seal_held(struct cdn_nodes *nodes, const struct cdn_seal *seal,
                               cordon_error *err)
{
    uint32_t *order = cdn_realloc_array(NULL, nodes->rows.count, sizeof(*order));
    uint32_t kept = 0;
    cordon_status status;

    if (!order)
        return cdn_error_nomem(err);
    status = cdn_nodes_sort(order, nodes, err);
    if (status)
        goto out;
    for (uint32_t i = 0; i < nodes->rows.count; i++) {
        if (kept > 0 && same_key(nodes, order[kept - 1], order[i])) {
            if (seal->duplicate)
                seal->duplicate(seal->ud, nodes->number, nodes->numbers[order[i]]);
        } else {
            order[kept++] = order[i];
        }
    }
    cdn_free(nodes->numbers);
    nodes->numbers = NULL;
    status = keep_keys(nodes, order, kept, err);
    if (!status)
        status = emit_label(nodes, seal, order, kept, err);
    if (status)
        goto out;
    cdn_rows_deinit(&nodes->rows);
    nodes->count = kept;
    seal->facts->count = kept;
    if (nodes->schema->key == CDN_KEY_STRING) {
        status = cdn_index_strings(&nodes->index, nodes->ends, nodes->heap, kept, err);
        goto out;
    }
    status = cdn_index_integers(&nodes->index, nodes->integers, kept, err);
    cdn_free(nodes->integers); /* the index has them */
    nodes->integers = NULL;
out:
    cdn_free(order);
    return status;
}

cordon_status cdn_nodes_seal(struct cdn_nodes *nodes, const struct cdn_seal *seal,
                             cordon_error *err)
{
    return nodes->runs ? cdn_nodes_merge(nodes, seal, err)
                       : seal_held(nodes, seal, err);
}
