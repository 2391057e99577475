/* Figures of a snapshot, by scanning its arrays once.
 *
 * Degrees are counted in a histogram that is exact below 2^16; the few nodes above are
 * kept one by one.  There are at most edges / 2^16 of them, so that memory stays small
 * however large the graph is and no list is ever sorted in full. */
#include "cli/stats.h"

#include <math.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "snapshot/layout.h"

#define SMALL 65536u

/* ---- degrees ---- */

struct tally {
    uint64_t *small; /* SMALL counters */
    uint32_t *large; /* degrees from SMALL up */
    size_t large_count;
};

static int compare_u32(const void *a, const void *b)
{
    uint32_t left = *(const uint32_t *)a, right = *(const uint32_t *)b;

    return (left > right) - (left < right);
}

static bool tally_large(struct tally *tally, uint32_t degree)
{
    uint32_t *grown =
        cdn_realloc_array(tally->large, tally->large_count + 1, sizeof(*tally->large));

    if (!grown)
        return false;
    tally->large = grown;
    tally->large[tally->large_count++] = degree;
    return true;
}

/* The degree of the node of that rank, from 0. */
static uint32_t degree_at(const struct tally *tally, uint64_t rank)
{
    uint64_t passed = 0;

    for (uint32_t degree = 0; degree < SMALL; degree++) {
        passed += tally->small[degree];
        if (rank < passed)
            return degree;
    }
    return tally->large_count ? tally->large[rank - passed] : 0;
}

static cordon_status tally_all(struct tally *tally, struct cdn_degrees *out,
                               const struct cdn_adjacency *adjacency, cordon_error *err)
{
    struct cdn_list list;

    for (uint32_t node = 0; node < adjacency->node_count; node++) {
        if (!cdn_adjacency_list(adjacency, node, &list))
            return cdn_error_set(err, CORDON_E_CORRUPT,
                                 "the list of node %u is damaged; run cordon snapshot "
                                 "verify",
                                 node);
        if (list.count < SMALL)
            tally->small[list.count]++;
        else if (!tally_large(tally, list.count))
            return cdn_error_nomem(err);
        if (list.count > out->max)
            out->max = list.count;
        out->without += list.count == 0;
        out->edges += list.count;
    }
    return CORDON_OK;
}

cordon_status cdn_stats_degrees(struct cdn_degrees *out,
                                const struct cdn_adjacency *adjacency,
                                cordon_error *err)
{
    struct tally tally = {.small = cdn_calloc(SMALL, sizeof(uint64_t))};
    cordon_status status;

    *out = (struct cdn_degrees){.nodes = adjacency->node_count};
    if (!tally.small)
        return cdn_error_nomem(err);
    status = tally_all(&tally, out, adjacency, err);
    if (!status && out->nodes) {
        if (tally.large_count)
            qsort(tally.large, tally.large_count, sizeof(*tally.large), compare_u32);
        out->mean = (double)out->edges / (double)out->nodes;
        out->p50 = degree_at(&tally, (out->nodes * 50 + 99) / 100 - 1);
        out->p99 = degree_at(&tally, (out->nodes * 99 + 99) / 100 - 1);
    }
    cdn_free(tally.small);
    cdn_free(tally.large);
    return status;
}

/* ---- columns ---- */

static void add_block(struct cdn_column_stats *out, const struct cdn_column *column,
                      uint32_t block, uint32_t count)
{
    out->values += count;
    if (!column->values)
        return;
    out->bytes += (uint64_t)column->width * count;
    if (column->present)
        out->bytes += (count + 63) / 64 * 8;
    if (column->heap)
        out->bytes += column->heap_bytes[block] + 4;
}

static void finish(struct cdn_column_stats *out, const struct cdn_column *column)
{
    enum cdn_column_type type = column->property->type;

    if (type == CDN_COLUMN_STRING) {
        out->distinct = column->dictionary.count;
        out->bytes += column->dictionary.size + 8 * (uint64_t)column->dictionary.count;
    }
    if (column->values)
        out->nulls = column->nulls;
    if (type == CDN_COLUMN_FLOAT64 && column->values &&
        column->lowest <= column->highest) {
        out->has_range = true;
        out->min = column->lowest;
        out->max = column->highest;
    }
    if ((type == CDN_COLUMN_INT64 || type == CDN_COLUMN_TIMESTAMP) &&
        column->minimum <= column->maximum)
        out->has_range = true;
}

static uint32_t label_block(const struct cdn_label_data *label, uint32_t block)
{
    uint32_t size = UINT32_C(1) << label->shift;
    uint64_t start = (uint64_t)block << label->shift;

    return label->count - start < size ? (uint32_t)(label->count - start) : size;
}

void cdn_stats_node_column(struct cdn_column_stats *out,
                           const struct cdn_label_data *label, uint32_t property)
{
    const struct cdn_column *column = &label->columns[property];

    *out = (struct cdn_column_stats){0};
    for (uint32_t block = 0; (uint64_t)block << label->shift < label->count; block++)
        add_block(out, column, block, label_block(label, block));
    finish(out, column);
}

static void edge_column(struct cdn_column_stats *out,
                        const struct cdn_adjacency *adjacency, uint32_t property)
{
    const struct cdn_column *column = &adjacency->columns[property];

    *out = (struct cdn_column_stats){0};
    for (uint32_t block = 0; block < adjacency->block_count; block++)
        add_block(out, column, block,
                  (uint32_t)(adjacency->first[block + 1] - adjacency->first[block]));
    finish(out, column);
}

void cdn_stats_edge_column(struct cdn_column_stats *out,
                           const struct cdn_relation *relation, uint32_t property)
{
    edge_column(out, &relation->outgoing, property);
}

/* ---- sizes ---- */

uint64_t cdn_stats_label_bytes(const struct cdn_label_data *label)
{
    uint64_t bytes = 0;

    if (label->schema->key == CDN_KEY_INT64) {
        bytes = 8 * (uint64_t)label->count;
    } else {
        for (uint32_t block = 0; block < label->text_keys.block_count; block++)
            bytes += 4 * ((uint64_t)label_block(label, block) + 1) +
                     label->text_keys.heap_bytes[block];
    }
    for (uint32_t i = 0; i < label->schema->property_count; i++) {
        struct cdn_column_stats column;

        cdn_stats_node_column(&column, label, i);
        bytes += column.bytes;
    }
    return bytes;
}

static uint64_t adjacency_bytes(const struct cdn_adjacency *adjacency,
                                const struct cdn_relation *relation)
{
    uint64_t edges = relation->edge_count;
    uint64_t bytes = 4 * ((uint64_t)adjacency->node_count + adjacency->block_count) +
                     4 * edges + (adjacency->times ? 8 * edges : 0) +
                     (adjacency->ids ? 8 * edges : 0);

    for (uint32_t i = 0; i < relation->schema->property_count; i++) {
        struct cdn_column_stats column;

        if ((int32_t)i == relation->schema->time)
            continue;
        edge_column(&column, adjacency, i);
        bytes += column.bytes;
    }
    return bytes;
}

uint64_t cdn_stats_relation_bytes(const struct cdn_relation *relation)
{
    return adjacency_bytes(&relation->outgoing, relation) +
           adjacency_bytes(&relation->incoming, relation);
}
