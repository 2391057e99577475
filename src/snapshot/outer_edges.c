/* Edges partitioned on disk.
 *
 * Taking rows appends each to the partition of its source: a power of two of nodes, the
 * finest of which there are not too many.  Appending keeps the order of input within a
 * partition, which is all that ordering a list needs of it.  Meanwhile edges and heap bytes
 * are counted by groups of nodes, from which the size of blocks follows.
 *
 * Then the outgoing direction, some partitions at a time: as many whole blocks as fit are
 * read back, put in order and written; in that order, which is that of the edges' positions,
 * each edge is appended to the incoming direction's partition of its target, with its
 * position.  Then the incoming direction in the same way.  A partition that does not fit is
 * partitioned again, by fewer nodes, down to one block.
 *
 * Each edge is so written to disk twice and read twice, in chunks, beside what goes into the
 * file.  Memory: the rows of the blocks at hand with 40 bytes each for ordering them, and a
 * chunk for each partition. */
#include "snapshot/outer_edges.h"

#include <string.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "snapshot/groups.h"
#include "snapshot/spill.h"

/* Beside its packed bytes: item, scratch of the longest list, order, alignment. */
#define ROW_BYTES UINT64_C(40)

struct cdn_outer_edges {
    struct cdn_csr_input input; /* its rows are not looked at */
    struct cdn_relation_facts *facts;
    struct cdn_spill *outgoing; /* source, target, cells */
    struct cdn_spill *incoming; /* target, source, position, mirrored cells */
    uint32_t unit;              /* nodes of a partition: 2^unit */
    uint32_t incoming_unit;
    struct cdn_groups groups[2]; /* outgoing, incoming */
    struct cdn_buf *used;        /* a column's strings that a row has, a byte each */
    bool *not_mirrored;          /* a column */
    uint32_t heaps;              /* columns with one */
    uint64_t count;
};

static uint32_t choose_unit(uint32_t nodes, uint32_t least, uint32_t partitions)
{
    uint32_t unit = least;

    while (cdn_block_count(nodes, unit) > partitions)
        unit++;
    return unit;
}

cordon_status cdn_outer_edges_new(struct cdn_outer_edges **out,
                                  const struct cdn_csr_input *input,
                                  struct cdn_relation_facts *facts,
                                  const struct cdn_outer_room *room, cordon_error *err)
{
    struct cdn_outer_edges *edges = cdn_calloc(1, sizeof(*edges));
    uint32_t columns = input->schema->property_count;
    cordon_status status;

    *out = NULL;
    if (!edges)
        return cdn_error_nomem(err);
    edges->input = *input;
    edges->facts = facts;
    edges->used = cdn_calloc(columns, sizeof(*edges->used));
    edges->not_mirrored = cdn_calloc(columns, sizeof(*edges->not_mirrored));
    status = edges->used && edges->not_mirrored ? CORDON_OK : cdn_error_nomem(err);
    if (!status)
        status = cdn_groups_init(&edges->groups[0], input->source_count, input->shift,
                                 columns, err);
    if (!status)
        status = cdn_groups_init(&edges->groups[1], input->target_count, input->shift,
                                 columns, err);
    if (status)
        goto out;
    for (uint32_t c = 0; c < columns; c++) {
        const struct cdn_property *property = &input->schema->properties[c];

        edges->not_mirrored[c] =
            !property->mirrored && (int32_t)c != input->schema->time;
        edges->heaps +=
            property->type == CDN_COLUMN_TEXT || property->type == CDN_COLUMN_BAG;
    }
    edges->unit =
        choose_unit(input->source_count, edges->groups[0].shift, room->partitions);
    edges->incoming_unit =
        choose_unit(input->target_count, edges->groups[1].shift, room->partitions);
    status = cdn_spill_open(&edges->outgoing, room->folder,
                            cdn_block_count(input->source_count, edges->unit),
                            room->chunk_bytes, err);
    if (status)
        goto out;
    *out = edges;
    edges = NULL; /* handed over */
out:
    cdn_outer_edges_free(edges);
    return status;
}

void cdn_outer_edges_free(struct cdn_outer_edges *edges)
{
    if (!edges)
        return;
    for (uint32_t c = 0; edges->used && c < edges->input.schema->property_count; c++)
        cdn_buf_deinit(&edges->used[c]);
    cdn_free(edges->used);
    cdn_free(edges->not_mirrored);
    cdn_groups_deinit(&edges->groups[0]);
    cdn_groups_deinit(&edges->groups[1]);
    cdn_spill_free(edges->outgoing);
    cdn_spill_free(edges->incoming);
    cdn_free(edges);
}

/* ---- taking ---- */

/* Which strings the rows have. */
static cordon_status mark_used(struct cdn_buf *used,
                               const struct cdn_row_column *column, uint32_t count,
                               cordon_error *err)
{
    const uint32_t *codes = (const uint32_t *)(const void *)column->values;

    if (column->property->type != CDN_COLUMN_STRING)
        return CORDON_OK;
    if (used->length < column->strings.count) {
        size_t more = column->strings.count - used->length;

        if (!cdn_buf_reserve(used, more))
            return cdn_error_nomem(err);
        memset(used->data + used->length, 0, more);
        used->length += more;
    }
    for (uint32_t i = 0; i < count; i++)
        if (!column->nulls || !column->nulls[i])
            used->data[codes[i]] = 1;
    return CORDON_OK;
}

cordon_status cdn_outer_edges_take(struct cdn_outer_edges *edges,
                                   const struct cdn_csr_input *input, cordon_error *err)
{
    const struct cdn_rows *rows = input->rows;
    struct cdn_buf record = {0};
    cordon_status status = CORDON_OK;

    for (uint32_t c = 0; !status && c < rows->column_count; c++) {
        cdn_column_survey(&edges->facts->ranges[c], &rows->columns[c], NULL,
                          rows->count);
        status = mark_used(&edges->used[c], &rows->columns[c], rows->count, err);
    }
    for (uint32_t i = 0; !status && i < rows->count; i++) {
        uint32_t ends[2] = {input->sources[i], input->targets[i]};

        cdn_groups_add(&edges->groups[0], ends[0], rows, i);
        cdn_groups_add(&edges->groups[1], ends[1], rows, i);
        cdn_buf_clear(&record);
        cdn_buf_append(&record, ends, sizeof(ends));
        cdn_rows_pack(&record, rows, i, NULL);
        status = record.failed ? cdn_error_nomem(err)
                               : cdn_spill_put(edges->outgoing, ends[0] >> edges->unit,
                                               record.data, record.length, err);
    }
    edges->count += rows->count;
    cdn_buf_deinit(&record);
    return status;
}

/* ---- one direction ---- */

struct direction {
    struct cdn_outer_edges *edges;
    const struct cdn_outer_room *room;
    struct cdn_emit *emit;
    const struct cdn_ranks *ranks;
    enum cdn_array_kind kind;
    struct cdn_direction_facts *facts;
    const struct cdn_groups *groups;
    uint32_t node_count;
    uint64_t memory_bytes; /* for rows, sorting included */
    uint64_t done;         /* edges written */
    cdn_rows_skip skip;
};

/* The edges of some consecutive nodes, read back. */
struct held {
    struct cdn_rows rows;
    uint32_t *nodes;
    uint32_t *peers;
    uint64_t *ids; /* of incoming */
};

static cordon_status held_init(struct held *held, const struct direction *direction,
                               uint64_t count, cordon_error *err)
{
    const struct cdn_relation_schema *schema = direction->edges->input.schema;
    cordon_status status =
        cdn_rows_init(&held->rows, schema->properties, schema->property_count, err);

    if (!status)
        status = cdn_rows_reserve(&held->rows, count, err);
    if (status)
        return status;
    held->nodes = cdn_realloc_array(NULL, count, sizeof(*held->nodes));
    held->peers = cdn_realloc_array(NULL, count, sizeof(*held->peers));
    if (direction->kind == CDN_ARRAY_INCOMING)
        held->ids = cdn_realloc_array(NULL, count, sizeof(*held->ids));
    if (!held->nodes || !held->peers ||
        (direction->kind == CDN_ARRAY_INCOMING && !held->ids))
        return cdn_error_nomem(err);
    return CORDON_OK;
}

static void held_deinit(struct held *held)
{
    cdn_rows_deinit(&held->rows);
    cdn_free(held->nodes);
    cdn_free(held->peers);
    cdn_free(held->ids);
}

/* The next record becomes row `at`, which is rows.count. */
static cordon_status read_edge(struct held *held, const struct direction *direction,
                               struct cdn_spill_reader *reader, cordon_error *err)
{
    uint32_t at = held->rows.count;

    (void)cdn_spill_read(reader, &held->nodes[at], sizeof(*held->nodes));
    (void)cdn_spill_read(reader, &held->peers[at], sizeof(*held->peers));
    if (held->ids)
        (void)cdn_spill_read(reader, &held->ids[at], sizeof(*held->ids));
    return cdn_rows_unpack(&held->rows, reader, direction->skip, err);
}

static cordon_status read_partition(struct held *held,
                                    const struct direction *direction,
                                    struct cdn_spill *spill, uint32_t partition,
                                    cordon_error *err)
{
    struct cdn_spill_reader reader;
    cordon_status status = cdn_spill_read_begin(&reader, spill, partition, err);

    while (!status && reader.left > 0) {
        status = read_edge(held, direction, &reader, err);
        if (!status)
            held->rows.count++;
    }
    cdn_spill_read_end(&reader);
    if (!status)
        cdn_spill_drop(spill, partition);
    return status;
}

/* Append the range's edges to the incoming direction's partitions, in their order. */
static cordon_status pass_on(const struct direction *direction, const struct held *held,
                             const uint32_t *order, cordon_error *err)
{
    struct cdn_outer_edges *edges = direction->edges;
    struct cdn_buf record = {0};
    cordon_status status = CORDON_OK;

    for (uint32_t i = 0; !status && i < held->rows.count; i++) {
        uint32_t ends[2] = {held->peers[order[i]], held->nodes[order[i]]};
        uint64_t position = direction->done + i;

        cdn_buf_clear(&record);
        cdn_buf_append(&record, ends, sizeof(ends));
        cdn_buf_append(&record, &position, sizeof(position));
        cdn_rows_pack(&record, &held->rows, order[i], edges->not_mirrored);
        status = record.failed
                     ? cdn_error_nomem(err)
                     : cdn_spill_put(edges->incoming, ends[0] >> edges->incoming_unit,
                                     record.data, record.length, err);
    }
    cdn_buf_deinit(&record);
    return status;
}

static cordon_status write_range(struct direction *direction, const struct held *held,
                                 uint32_t begin, uint32_t end, cordon_error *err)
{
    const struct cdn_csr_input *input = &direction->edges->input;
    uint32_t shift = direction->facts->shift;
    bool outgoing = direction->kind == CDN_ARRAY_OUTGOING;
    struct cdn_blocks blocks = {.base = begin >> shift};
    struct cdn_csr_range range = {.kind = direction->kind,
                                  .schema = input->schema,
                                  .number = input->number,
                                  .rows = &held->rows,
                                  .nodes = held->nodes,
                                  .peers = held->peers,
                                  .node_begin = begin,
                                  .node_count = end - begin,
                                  .peer_base = outgoing ? input->target_base
                                                        : input->source_base,
                                  .ids = held->ids};
    cordon_status status = cdn_csr_order(&range, direction->facts, err);

    if (!status)
        status = cdn_csr_blocks(&blocks, range.starts, range.node_count, shift, err);
    if (!status)
        status =
            cdn_csr_emit_range(&range, direction->emit, &blocks, shift,
                               direction->edges->facts->ranges, direction->ranks, err);
    if (!status && outgoing)
        status = pass_on(direction, held, range.order, err);
    direction->done += held->rows.count;
    cdn_free((void *)(uintptr_t)blocks.first);
    cdn_csr_range_deinit(&range);
    return status;
}

/* Read partitions `p` to `q` - 1, which are the nodes from `begin` to `end`. */
static cordon_status take_range(struct direction *direction, struct cdn_spill *spill,
                                uint32_t p, uint32_t q, uint32_t begin, uint32_t end,
                                cordon_error *err)
{
    const struct cdn_outer_room *room = direction->room;
    uint64_t total = direction->edges->count * 2;
    struct held held = {0};
    uint64_t count = 0;
    cordon_status status;

    if (room->stopped && room->stopped(room->ud))
        return cdn_error_set(err, CORDON_E_INTERRUPTED,
                             "interrupted; nothing was published");
    for (uint32_t i = p; i < q; i++)
        count += cdn_spill_records(spill, i);
    status = held_init(&held, direction, count, err);
    for (uint32_t i = p; !status && i < q; i++)
        status = read_partition(&held, direction, spill, i, err);
    if (!status)
        status = write_range(direction, &held, begin, end, err);
    held_deinit(&held);
    if (!status && room->progress && total > 0)
        room->progress(room->ud,
                       (double)(direction->done + (direction->kind == CDN_ARRAY_INCOMING
                                                       ? direction->edges->count
                                                       : 0)) /
                           (double)total);
    return status;
}

/* What a partition takes in memory. */
static uint64_t takes(const struct direction *direction, const struct cdn_spill *spill,
                      uint32_t partition, uint32_t unit)
{
    return cdn_spill_bytes(spill, partition) +
           cdn_spill_records(spill, partition) *
               (ROW_BYTES + 8 * (uint64_t)direction->edges->heaps) +
           (sizeof(uint32_t) << unit);
}

static cordon_status too_small(const struct direction *direction, uint64_t need,
                               cordon_error *err)
{
    const struct cdn_outer_room *room = direction->room;
    uint64_t wanted = room->total_bytes + (need - direction->memory_bytes) * 5 / 4;

    return cdn_error_set(
        err, CORDON_E_DATA,
        "one block of '%s' takes %llu MiB, for which there is no room: "
        "some node has very many edges; give at least --memory %lluMiB",
        direction->edges->input.schema->type, (unsigned long long)(need >> 20) + 1,
        (unsigned long long)(wanted >> 20) + 1);
}

/* Partition again one partition of `unit`, by as few nodes as there may be partitions. */
static cordon_status split(struct cdn_spill **out, const struct direction *direction,
                           struct cdn_spill *spill, uint32_t partition, uint32_t begin,
                           uint32_t unit, uint32_t finer, cordon_error *err)
{
    struct cdn_spill_reader reader = {0};
    struct cdn_buf record = {0};
    struct held held = {0};
    cordon_status status;

    status = cdn_spill_open(out, direction->room->folder, UINT32_C(1) << (unit - finer),
                            direction->room->chunk_bytes, err);
    if (!status)
        status = held_init(&held, direction, 1, err);
    if (!status)
        status = cdn_spill_read_begin(&reader, spill, partition, err);
    while (!status && reader.left > 0) {
        status = read_edge(&held, direction, &reader, err);
        if (status)
            break;
        cdn_buf_clear(&record);
        cdn_buf_append(&record, &held.nodes[0], sizeof(uint32_t));
        cdn_buf_append(&record, &held.peers[0], sizeof(uint32_t));
        if (held.ids)
            cdn_buf_append(&record, &held.ids[0], sizeof(uint64_t));
        cdn_rows_pack(&record, &held.rows, 0, direction->skip);
        status = record.failed ? cdn_error_nomem(err)
                               : cdn_spill_put(*out, (held.nodes[0] - begin) >> finer,
                                               record.data, record.length, err);
    }
    cdn_spill_read_end(&reader);
    cdn_buf_deinit(&record);
    held_deinit(&held);
    if (!status)
        cdn_spill_drop(spill, partition);
    return status ? status : cdn_spill_flush_all(*out, err);
}

static cordon_status walk(struct direction *direction, struct cdn_spill *spill,
                          uint32_t first, uint32_t unit, cordon_error *err);

static cordon_status walk_finer(struct direction *direction, struct cdn_spill *spill,
                                uint32_t partition, uint32_t begin, uint32_t unit,
                                cordon_error *err)
{
    uint32_t shift = direction->facts->shift;
    uint32_t finer = unit;
    struct cdn_spill *parts = NULL;
    cordon_status status;

    while (finer > shift &&
           UINT32_C(1) << (unit - finer + 1) <= direction->room->partitions)
        finer--;
    status = split(&parts, direction, spill, partition, begin, unit, finer, err);
    if (!status)
        status = walk(direction, parts, begin, finer, err);
    cdn_spill_free(parts);
    return status;
}

/* The partition behind `p` at which a block starts. */
static uint32_t next_border(uint32_t p, uint32_t count, uint32_t unit, uint32_t shift)
{
    uint32_t next =
        unit < shift ? (p | ((UINT32_C(1) << (shift - unit)) - 1)) + 1 : p + 1;

    return next < count ? next : count;
}

/* All partitions of a spill, whose first is that of node `first`, where a block starts. */
static cordon_status walk(struct direction *direction, struct cdn_spill *spill,
                          uint32_t first, uint32_t unit, cordon_error *err)
{
    uint32_t count = cdn_spill_partitions(spill);
    uint32_t shift = direction->facts->shift;
    cordon_status status = CORDON_OK;

    for (uint32_t p = 0, q; !status && p < count; p = q) {
        uint64_t begin = first + ((uint64_t)p << unit);
        uint64_t need = 0;
        uint64_t end;

        if (begin >= direction->node_count)
            break;
        q = next_border(p, count, unit, shift);
        for (uint32_t i = p; i < q; i++)
            need += takes(direction, spill, i, unit);
        if (need > direction->memory_bytes && unit > shift) {
            status = walk_finer(direction, spill, p, (uint32_t)begin, unit, err);
            continue;
        }
        if (need > direction->memory_bytes)
            return too_small(direction, need, err);
        while (q < count) {
            uint32_t next = next_border(q, count, unit, shift);
            uint64_t more = 0;

            for (uint32_t i = q; i < next; i++)
                more += takes(direction, spill, i, unit);
            if (need + more > direction->memory_bytes)
                break;
            need += more;
            q = next;
        }
        end = first + ((uint64_t)q << unit);
        if (end > direction->node_count)
            end = direction->node_count;
        status =
            take_range(direction, spill, p, q, (uint32_t)begin, (uint32_t)end, err);
    }
    return status;
}

static cordon_status write_direction(struct direction *direction,
                                     struct cdn_spill *spill, uint32_t unit,
                                     cordon_error *err)
{
    uint64_t widest;

    *direction->facts = (struct cdn_direction_facts){0};
    direction->facts->shift =
        cdn_groups_choose(direction->groups, direction->edges->input.shift);
    widest = cdn_groups_widest(direction->groups, direction->facts->shift);
    /* the segment being filled is LMDB's memory */
    direction->memory_bytes = direction->room->memory_bytes > widest
                                  ? direction->room->memory_bytes - widest
                                  : 0;
    return walk(direction, spill, 0, unit, err);
}

/* ---- both ---- */

static cordon_status emit_dictionaries(struct cdn_ranks *ranks,
                                       const struct cdn_outer_edges *edges,
                                       struct cdn_emit *emit,
                                       const struct cdn_csr_input *input,
                                       cordon_error *err)
{
    cordon_status status = CORDON_OK;

    for (uint32_t c = 0; !status && c < input->rows->column_count; c++) {
        const struct cdn_strings *strings = &input->rows->columns[c].strings;

        status = cdn_column_rank_begin(&ranks[c], &input->schema->properties[c],
                                       strings, err);
        if (status || !ranks[c].rank)
            continue;
        for (size_t i = 0; i < edges->used[c].length; i++)
            ranks[c].rank[i] = edges->used[c].data[i];
        cdn_column_rank_end(&ranks[c], strings);
        status = cdn_column_emit_dictionary(
            emit, cdn_array(CDN_ARRAY_OUTGOING, input->number, 1 + c, 0), strings,
            &ranks[c], err);
    }
    return status;
}

cordon_status cdn_outer_edges_emit(struct cdn_outer_edges *edges, struct cdn_emit *emit,
                                   const struct cdn_csr_input *input,
                                   const struct cdn_outer_room *room, cordon_error *err)
{
    struct cdn_ranks *ranks = cdn_calloc(input->rows->column_count, sizeof(*ranks));
    struct direction outgoing = {.edges = edges,
                                 .room = room,
                                 .emit = emit,
                                 .ranks = ranks,
                                 .kind = CDN_ARRAY_OUTGOING,
                                 .facts = &edges->facts->outgoing,
                                 .groups = &edges->groups[0],
                                 .node_count = input->source_count};
    struct direction incoming = {.edges = edges,
                                 .room = room,
                                 .emit = emit,
                                 .ranks = ranks,
                                 .kind = CDN_ARRAY_INCOMING,
                                 .facts = &edges->facts->incoming,
                                 .groups = &edges->groups[1],
                                 .node_count = input->target_count,
                                 .skip = edges->not_mirrored};
    cordon_status status = ranks ? CORDON_OK : cdn_error_nomem(err);

    edges->facts->edges = edges->count;
    if (!status)
        status = cdn_spill_flush_all(edges->outgoing, err);
    if (!status)
        status = emit_dictionaries(ranks, edges, emit, input, err);
    if (!status)
        status =
            cdn_spill_open(&edges->incoming, room->folder,
                           cdn_block_count(input->target_count, edges->incoming_unit),
                           room->chunk_bytes, err);
    if (!status)
        status = write_direction(&outgoing, edges->outgoing, edges->unit, err);
    cdn_spill_free(edges->outgoing);
    edges->outgoing = NULL;
    if (!status)
        status = cdn_spill_flush_all(edges->incoming, err);
    if (!status)
        status = write_direction(&incoming, edges->incoming, edges->incoming_unit, err);
    for (uint32_t c = 0; ranks && c < input->rows->column_count; c++)
        cdn_ranks_deinit(&ranks[c]);
    cdn_free(ranks);
    return status;
}
