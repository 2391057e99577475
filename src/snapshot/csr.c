/* Compressed sparse rows.
 *
 * Each direction: count edges by node, scatter them to their node's list as (time,
 * peer, input place) of 16 bytes, then put each list in order.  Scattering follows
 * input order, so data that came in time order, as exports mostly do, needs no sorting
 * in either direction. The tie-break by input place equals the tie-break by outgoing
 * position: edges equal in time and in both ends stand in one outgoing list in input
 * order.
 *
 * Memory: 16 bytes an edge for the items, 4 for the order and 4 to lead from input
 * place to outgoing position, beside the rows. */
#include "snapshot/csr.h"

#include <string.h>

#include "base/alloc.h"
#include "snapshot/column.h"
#include "snapshot/format.h"
#include "snapshot/sort.h"

cordon_status cdn_csr_blocks(struct cdn_blocks *blocks, const uint32_t *starts,
                             uint32_t nodes, uint32_t shift, cordon_error *err)
{
    uint32_t count = cdn_block_count(nodes, shift);
    uint64_t *first = cdn_realloc_array(NULL, (size_t)count + 1, sizeof(*first));

    if (!first)
        return cdn_error_nomem(err);
    for (uint32_t b = 0; b <= count; b++) {
        uint64_t node = (uint64_t)b << shift;

        if (node > nodes)
            node = nodes;
        first[b] = starts ? starts[node] : node;
    }
    blocks->count = count;
    blocks->first = first;
    return CORDON_OK;
}

static uint64_t widest_array(const struct cdn_blocks *blocks,
                             const struct cdn_rows *rows)
{
    uint64_t most = 0;

    for (uint32_t b = 0; b < blocks->count; b++)
        if ((blocks->first[b + 1] - blocks->first[b]) * 8 > most)
            most = (blocks->first[b + 1] - blocks->first[b]) * 8;
    for (uint32_t c = 0; c < rows->column_count; c++) {
        uint64_t heap = cdn_column_heap_most(&rows->columns[c], blocks);

        if (heap > most)
            most = heap;
    }
    return most;
}

cordon_status cdn_csr_choose(uint32_t *chosen, struct cdn_blocks *blocks,
                             const uint32_t *starts, uint32_t nodes, uint32_t shift,
                             const struct cdn_rows *rows, cordon_error *err)
{
    for (;; shift--) {
        cordon_status status = cdn_csr_blocks(blocks, starts, nodes, shift, err);

        if (status)
            return status;
        if (shift <= CDN_BLOCK_SHIFT_LEAST ||
            widest_array(blocks, rows) <= CDN_SEGMENT_TARGET)
            break;
        cdn_free((void *)(uintptr_t)blocks->first);
        blocks->first = NULL;
    }
    *chosen = shift;
    return CORDON_OK;
}

static cordon_status scatter(struct cdn_csr_range *range, cordon_error *err)
{
    uint32_t count = range->rows->count;
    uint32_t *starts =
        cdn_calloc((size_t)range->node_count + 2, sizeof(*range->starts));
    const int64_t *times = NULL;

    if (range->schema->time >= 0)
        times = (const int64_t *)(const void *)range->rows->columns[range->schema->time]
                    .values;
    range->starts = starts;
    range->items = cdn_realloc_array(NULL, count, sizeof(*range->items));
    range->order = cdn_realloc_array(NULL, count, sizeof(*range->order));
    if (!starts || !range->items || !range->order)
        return cdn_error_nomem(err);
    for (uint32_t i = 0; i < count; i++)
        starts[(size_t)(range->nodes[i] - range->node_begin) + 2]++;
    for (size_t n = 1; n < (size_t)range->node_count + 2; n++)
        starts[n] += starts[n - 1];
    for (uint32_t i = 0; i < count; i++) {
        uint32_t node = range->nodes[i] - range->node_begin;
        struct cdn_item *item = &range->items[starts[node + 1]++];

        item->time = times ? times[i] : 0;
        item->peer = range->peers[i];
        item->input = i;
    }
    return CORDON_OK;
}

static cordon_status sort_lists(struct cdn_csr_range *range,
                                struct cdn_direction_facts *facts, cordon_error *err)
{
    const uint32_t *starts = range->starts;
    struct cdn_item *scratch;
    uint32_t most = 0;

    for (uint32_t n = 0; n < range->node_count; n++) {
        uint32_t degree = starts[n + 1] - starts[n];

        facts->nonempty += degree > 0;
        if (degree > most)
            most = degree;
    }
    if (most > facts->most)
        facts->most = most;
    scratch = cdn_realloc_array(NULL, most, sizeof(*scratch));
    if (!scratch)
        return cdn_error_nomem(err);
    for (uint32_t n = 0; n < range->node_count; n++)
        cdn_sort_items(range->items + starts[n], scratch, starts[n + 1] - starts[n]);
    cdn_free(scratch);
    for (uint32_t i = 0; i < starts[range->node_count]; i++)
        range->order[i] = range->items[i].input;
    return CORDON_OK;
}

cordon_status cdn_csr_order(struct cdn_csr_range *range,
                            struct cdn_direction_facts *facts, cordon_error *err)
{
    cordon_status status = scatter(range, err);

    return status ? status : sort_lists(range, facts, err);
}

void cdn_csr_range_deinit(struct cdn_csr_range *range)
{
    cdn_free(range->starts);
    cdn_free(range->items);
    cdn_free(range->order);
    range->starts = NULL;
    range->items = NULL;
    range->order = NULL;
}

static cordon_status emit_offsets(const struct cdn_csr_range *range,
                                  const struct cdn_blocks *blocks, uint32_t block,
                                  uint32_t shift, struct cdn_emit *emit,
                                  cordon_error *err)
{
    uint32_t own = cdn_array(range->kind, range->number, CDN_SLOT_OWN, 0);
    uint32_t node = block << shift;
    uint32_t nodes = range->node_count - node;
    cordon_status status;
    uint32_t *offsets;
    void *room;

    if (nodes > UINT32_C(1) << shift)
        nodes = UINT32_C(1) << shift;
    status = cdn_emit_reserve(emit, &room, own + CDN_PART_VALUES, blocks->base + block,
                              (uint64_t)nodes + 1, sizeof(*offsets), err);
    if (status)
        return status;
    offsets = room;
    for (uint32_t n = 0; n <= nodes; n++)
        offsets[n] = range->starts[node + n] - (uint32_t)blocks->first[block];
    return CORDON_OK;
}

static cordon_status emit_ids(const struct cdn_csr_range *range,
                              const struct cdn_item *items, uint32_t block,
                              uint64_t count, struct cdn_emit *emit, cordon_error *err)
{
    uint32_t own = cdn_array(range->kind, range->number, CDN_SLOT_OWN, 0);
    cordon_status status;
    uint64_t *ids;
    void *room;

    status = cdn_emit_reserve(emit, &room, own + CDN_PART_IDS, block, count,
                              sizeof(*ids), err);
    if (status)
        return status;
    ids = room;
    for (uint64_t i = 0; i < count; i++)
        ids[i] =
            range->ids ? range->ids[items[i].input] : range->inverse[items[i].input];
    return CORDON_OK;
}

/* The arrays of one block that need the items: offsets, peers, times, ids. */
static cordon_status emit_block(const struct cdn_csr_range *range,
                                const struct cdn_blocks *blocks, uint32_t block,
                                uint32_t shift, struct cdn_emit *emit,
                                cordon_error *err)
{
    uint32_t own = cdn_array(range->kind, range->number, CDN_SLOT_OWN, 0);
    const struct cdn_item *items = range->items + blocks->first[block];
    uint64_t count = blocks->first[block + 1] - blocks->first[block];
    cordon_status status;
    uint32_t *peers;
    int64_t *times;
    void *room;

    status = emit_offsets(range, blocks, block, shift, emit, err);
    if (!status)
        status = cdn_emit_reserve(emit, &room, own + CDN_PART_PEERS,
                                  blocks->base + block, count, sizeof(*peers), err);
    if (status)
        return status;
    peers = room;
    for (uint64_t i = 0; i < count; i++)
        peers[i] = items[i].peer + range->peer_base;
    if (range->schema->time >= 0) {
        uint32_t slot = 1 + (uint32_t)range->schema->time;

        status = cdn_emit_reserve(emit, &room,
                                  cdn_array(range->kind, range->number, slot, 0),
                                  blocks->base + block, count, sizeof(*times), err);
        if (status)
            return status;
        times = room;
        for (uint64_t i = 0; i < count; i++)
            times[i] = items[i].time;
    }
    if (range->kind == CDN_ARRAY_OUTGOING)
        return CORDON_OK;
    return emit_ids(range, items, blocks->base + block, count, emit, err);
}

static cordon_status emit_columns(const struct cdn_csr_range *range,
                                  struct cdn_emit *emit,
                                  const struct cdn_blocks *blocks,
                                  const struct cdn_range *ranges,
                                  const struct cdn_ranks *ranks, cordon_error *err)
{
    for (uint32_t c = 0; c < range->rows->column_count; c++) {
        const struct cdn_row_column *column = &range->rows->columns[c];
        uint32_t array = cdn_array(range->kind, range->number, 1 + c, 0);
        cordon_status status;

        if ((int32_t)c == range->schema->time ||
            (range->kind == CDN_ARRAY_INCOMING && !column->property->mirrored))
            continue;
        status =
            cdn_column_emit(emit, array, column, &ranges[c], &ranks[c], blocks, err);
        if (status)
            return status;
    }
    return CORDON_OK;
}

cordon_status cdn_csr_emit_range(struct cdn_csr_range *range, struct cdn_emit *emit,
                                 const struct cdn_blocks *blocks, uint32_t shift,
                                 const struct cdn_range *ranges,
                                 const struct cdn_ranks *ranks, cordon_error *err)
{
    struct cdn_blocks ordered = *blocks;
    cordon_status status = CORDON_OK;

    ordered.order = range->order;
    for (uint32_t b = 0; !status && b < blocks->count; b++)
        status = emit_block(range, blocks, b, shift, emit, err);
    cdn_free(range->items);
    range->items = NULL;
    if (!status)
        status = emit_columns(range, emit, &ordered, ranges, ranks, err);
    return status;
}

/* ---- a whole relation ---- */

static cordon_status emit_direction(struct cdn_csr_range *range, struct cdn_emit *emit,
                                    struct cdn_direction_facts *facts, uint32_t shift,
                                    const struct cdn_range *ranges,
                                    const struct cdn_ranks *ranks, uint32_t *inverse,
                                    cordon_error *err)
{
    struct cdn_blocks blocks = {0};
    cordon_status status;

    *facts = (struct cdn_direction_facts){0};
    status = cdn_csr_order(range, facts, err);
    if (status)
        goto out;
    blocks.order = range->order;
    status = cdn_csr_choose(&facts->shift, &blocks, range->starts, range->node_count,
                            shift, range->rows, err);
    if (status)
        goto out;
    if (range->kind == CDN_ARRAY_OUTGOING)
        for (uint32_t i = 0; i < range->rows->count; i++)
            inverse[range->order[i]] = i;
    status = cdn_csr_emit_range(range, emit, &blocks, facts->shift, ranges, ranks, err);
out:
    cdn_free((void *)(uintptr_t)blocks.first);
    cdn_csr_range_deinit(range);
    return status;
}

static cordon_status emit_dictionaries(struct cdn_emit *emit,
                                       const struct cdn_csr_input *input,
                                       const struct cdn_ranks *ranks, cordon_error *err)
{
    cordon_status status = CORDON_OK;

    for (uint32_t c = 0; !status && c < input->rows->column_count; c++)
        if (input->rows->columns[c].property->type == CDN_COLUMN_STRING)
            status = cdn_column_emit_dictionary(
                emit, cdn_array(CDN_ARRAY_OUTGOING, input->number, 1 + c, 0),
                &input->rows->columns[c].strings, &ranks[c], err);
    return status;
}

cordon_status cdn_csr_emit(struct cdn_relation_facts *facts, struct cdn_emit *emit,
                           const struct cdn_csr_input *input, cordon_error *err)
{
    const struct cdn_rows *rows = input->rows;
    uint32_t *inverse = cdn_realloc_array(NULL, rows->count, sizeof(*inverse));
    struct cdn_ranks *ranks = cdn_calloc(rows->column_count, sizeof(*ranks));
    struct cdn_csr_range outgoing = {.kind = CDN_ARRAY_OUTGOING,
                                     .schema = input->schema,
                                     .number = input->number,
                                     .rows = rows,
                                     .nodes = input->sources,
                                     .peers = input->targets,
                                     .node_count = input->source_count,
                                     .peer_base = input->target_base};
    struct cdn_csr_range incoming = {.kind = CDN_ARRAY_INCOMING,
                                     .schema = input->schema,
                                     .number = input->number,
                                     .rows = rows,
                                     .nodes = input->targets,
                                     .peers = input->sources,
                                     .node_count = input->target_count,
                                     .peer_base = input->source_base,
                                     .inverse = inverse};
    cordon_status status = CORDON_OK;

    if (!inverse || !ranks) {
        status = cdn_error_nomem(err);
        goto out;
    }
    facts->edges = rows->count;
    for (uint32_t c = 0; !status && c < rows->column_count; c++) {
        cdn_column_survey(&facts->ranges[c], &rows->columns[c], NULL, rows->count);
        status = cdn_column_rank(&ranks[c], &rows->columns[c], NULL, rows->count, err);
    }
    if (!status)
        status = emit_dictionaries(emit, input, ranks, err);
    if (!status)
        status = emit_direction(&outgoing, emit, &facts->outgoing, input->shift,
                                facts->ranges, ranks, inverse, err);
    if (!status)
        status = emit_direction(&incoming, emit, &facts->incoming, input->shift,
                                facts->ranges, ranks, inverse, err);
out:
    for (uint32_t c = 0; ranks && c < rows->column_count; c++)
        cdn_ranks_deinit(&ranks[c]);
    cdn_free(ranks);
    cdn_free(inverse);
    return status;
}
