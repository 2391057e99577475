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

struct direction {
    enum cdn_array_kind kind;
    const uint32_t *nodes; /* by row: whose list */
    const uint32_t *peers;
    uint32_t node_count;
    uint32_t peer_base;
    struct cdn_direction_facts *facts;
    uint32_t *starts; /* node_count + 2: the first of each list, and the end */
    struct cdn_item *items;
    uint32_t *order; /* by position: the row */
    struct cdn_blocks blocks;
};

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

static cordon_status scatter(struct direction *direction, const int64_t *times,
                             uint32_t count, cordon_error *err)
{
    uint32_t *starts =
        cdn_calloc((size_t)direction->node_count + 2, sizeof(*direction->starts));

    direction->starts = starts;
    direction->items = cdn_realloc_array(NULL, count, sizeof(*direction->items));
    direction->order = cdn_realloc_array(NULL, count, sizeof(*direction->order));
    if (!starts || !direction->items || !direction->order)
        return cdn_error_nomem(err);
    for (uint32_t i = 0; i < count; i++)
        starts[(size_t)direction->nodes[i] + 2]++;
    for (size_t n = 1; n < (size_t)direction->node_count + 2; n++)
        starts[n] += starts[n - 1];
    for (uint32_t i = 0; i < count; i++) {
        struct cdn_item *item = &direction->items[starts[direction->nodes[i] + 1]++];

        item->time = times ? times[i] : 0;
        item->peer = direction->peers[i];
        item->input = i;
    }
    return CORDON_OK;
}

static cordon_status sort_lists(struct direction *direction, cordon_error *err)
{
    struct cdn_direction_facts *facts = direction->facts;
    const uint32_t *starts = direction->starts;
    struct cdn_item *scratch;

    facts->most = 0;
    facts->nonempty = 0;
    for (uint32_t n = 0; n < direction->node_count; n++) {
        uint32_t degree = starts[n + 1] - starts[n];

        facts->nonempty += degree > 0;
        if (degree > facts->most)
            facts->most = degree;
    }
    scratch = cdn_realloc_array(NULL, facts->most, sizeof(*scratch));
    if (!scratch)
        return cdn_error_nomem(err);
    for (uint32_t n = 0; n < direction->node_count; n++)
        cdn_sort_items(direction->items + starts[n], scratch,
                       starts[n + 1] - starts[n]);
    cdn_free(scratch);
    for (uint32_t i = 0; i < starts[direction->node_count]; i++)
        direction->order[i] = direction->items[i].input;
    return CORDON_OK;
}

/* The arrays of one block that need the items: offsets, peers, times, ids. */
static cordon_status emit_block(const struct direction *direction, uint32_t block,
                                struct cdn_emit *emit,
                                const struct cdn_csr_input *input,
                                const uint32_t *inverse, cordon_error *err)
{
    uint32_t own = cdn_array(direction->kind, input->number, CDN_SLOT_OWN, 0);
    uint32_t shift = direction->facts->shift;
    uint32_t node = block << shift;
    uint32_t nodes = direction->node_count - node;
    uint64_t begin = direction->blocks.first[block];
    uint64_t count = direction->blocks.first[block + 1] - begin;
    const struct cdn_item *items = direction->items + begin;
    cordon_status status;
    uint32_t *offsets;
    uint32_t *peers;
    int64_t *times;
    uint64_t *ids;
    void *room;

    if (nodes > UINT32_C(1) << shift)
        nodes = UINT32_C(1) << shift;
    status = cdn_emit_reserve(emit, &room, own + CDN_PART_VALUES, block,
                              (uint64_t)nodes + 1, sizeof(*offsets), err);
    if (status)
        return status;
    offsets = room;
    for (uint32_t n = 0; n <= nodes; n++)
        offsets[n] = direction->starts[node + n] - (uint32_t)begin;
    status = cdn_emit_reserve(emit, &room, own + CDN_PART_PEERS, block, count,
                              sizeof(*peers), err);
    if (status)
        return status;
    peers = room;
    for (uint64_t i = 0; i < count; i++)
        peers[i] = items[i].peer + direction->peer_base;
    if (input->schema->time >= 0) {
        uint32_t slot = 1 + (uint32_t)input->schema->time;

        status = cdn_emit_reserve(emit, &room,
                                  cdn_array(direction->kind, input->number, slot, 0),
                                  block, count, sizeof(*times), err);
        if (status)
            return status;
        times = room;
        for (uint64_t i = 0; i < count; i++)
            times[i] = items[i].time;
    }
    if (direction->kind == CDN_ARRAY_OUTGOING)
        return CORDON_OK;
    status = cdn_emit_reserve(emit, &room, own + CDN_PART_IDS, block, count,
                              sizeof(*ids), err);
    if (status)
        return status;
    ids = room;
    for (uint64_t i = 0; i < count; i++)
        ids[i] = inverse[items[i].input];
    return CORDON_OK;
}

static cordon_status emit_columns(const struct direction *direction,
                                  struct cdn_emit *emit,
                                  const struct cdn_csr_input *input,
                                  const struct cdn_range *ranges,
                                  const struct cdn_ranks *ranks, cordon_error *err)
{
    for (uint32_t c = 0; c < input->rows->column_count; c++) {
        const struct cdn_row_column *column = &input->rows->columns[c];
        uint32_t array = cdn_array(direction->kind, input->number, 1 + c, 0);
        bool outgoing = direction->kind == CDN_ARRAY_OUTGOING;
        cordon_status status = CORDON_OK;

        if ((int32_t)c == input->schema->time ||
            (!outgoing && !column->property->mirrored))
            continue;
        if (outgoing && column->property->type == CDN_COLUMN_STRING)
            status = cdn_column_emit_dictionary(emit, array, column, &ranks[c], err);
        if (!status)
            status = cdn_column_emit(emit, array, column, &ranges[c], &ranks[c],
                                     &direction->blocks, err);
        if (status)
            return status;
    }
    return CORDON_OK;
}

static void direction_deinit(struct direction *direction)
{
    cdn_free(direction->starts);
    cdn_free(direction->items);
    cdn_free(direction->order);
    cdn_free((void *)(uintptr_t)direction->blocks.first);
}

static cordon_status emit_direction(struct direction *direction, struct cdn_emit *emit,
                                    const struct cdn_csr_input *input,
                                    const struct cdn_range *ranges,
                                    const struct cdn_ranks *ranks, uint32_t *inverse,
                                    cordon_error *err)
{
    const struct cdn_rows *rows = input->rows;
    const int64_t *times = NULL;
    cordon_status status;

    if (input->schema->time >= 0)
        times =
            (const int64_t *)(const void *)rows->columns[input->schema->time].values;
    status = scatter(direction, times, rows->count, err);
    if (!status)
        status = sort_lists(direction, err);
    if (status)
        goto out;
    direction->blocks.order = direction->order;
    status =
        cdn_csr_choose(&direction->facts->shift, &direction->blocks, direction->starts,
                       direction->node_count, input->shift, rows, err);
    if (status)
        goto out;
    if (direction->kind == CDN_ARRAY_OUTGOING)
        for (uint32_t i = 0; i < rows->count; i++)
            inverse[direction->order[i]] = i;
    for (uint32_t b = 0; !status && b < direction->blocks.count; b++)
        status = emit_block(direction, b, emit, input, inverse, err);
    cdn_free(direction->items);
    direction->items = NULL;
    if (!status)
        status = emit_columns(direction, emit, input, ranges, ranks, err);
out:
    direction_deinit(direction);
    return status;
}

cordon_status cdn_csr_emit(struct cdn_relation_facts *facts, struct cdn_emit *emit,
                           const struct cdn_csr_input *input, cordon_error *err)
{
    const struct cdn_rows *rows = input->rows;
    struct direction outgoing = {.kind = CDN_ARRAY_OUTGOING,
                                 .nodes = input->sources,
                                 .peers = input->targets,
                                 .node_count = input->source_count,
                                 .peer_base = input->target_base,
                                 .facts = &facts->outgoing};
    struct direction incoming = {.kind = CDN_ARRAY_INCOMING,
                                 .nodes = input->targets,
                                 .peers = input->sources,
                                 .node_count = input->target_count,
                                 .peer_base = input->source_base,
                                 .facts = &facts->incoming};
    uint32_t *inverse = cdn_realloc_array(NULL, rows->count, sizeof(*inverse));
    struct cdn_ranks *ranks = cdn_calloc(rows->column_count, sizeof(*ranks));
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
        status =
            emit_direction(&outgoing, emit, input, facts->ranges, ranks, inverse, err);
    if (!status)
        status =
            emit_direction(&incoming, emit, input, facts->ranges, ranks, inverse, err);
out:
    for (uint32_t c = 0; ranks && c < rows->column_count; c++)
        cdn_ranks_deinit(&ranks[c]);
    cdn_free(ranks);
    cdn_free(inverse);
    return status;
}
