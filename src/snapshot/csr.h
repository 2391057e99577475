/* One relation's edges, as they came, into both directions of compressed sparse rows: all
 * at once, or one direction a range of nodes at a time (outer_edges.h). */
#ifndef CDN_SNAPSHOT_CSR_H
#define CDN_SNAPSHOT_CSR_H

#include <stdint.h>

#include "base/error.h"
#include "snapshot/column.h"
#include "snapshot/emit.h"
#include "snapshot/format.h"
#include "snapshot/metadata.h"
#include "snapshot/rows.h"
#include "snapshot/sort.h"

struct cdn_csr_input {
    const struct cdn_relation_schema *schema;
    uint32_t number;
    const struct cdn_rows *rows;
    const uint32_t *sources; /* by row: place within its label */
    const uint32_t *targets;
    uint32_t source_count;
    uint32_t target_count;
    uint32_t source_base;
    uint32_t target_base;
    uint32_t shift; /* to start from */
};

/* Write every array of the relation; fills `facts` but for its allocation. */
cordon_status cdn_csr_emit(struct cdn_relation_facts *facts, struct cdn_emit *emit,
                           const struct cdn_csr_input *input, cordon_error *err);

/* One direction of the edges of some consecutive nodes, all of them; the first node starts a
 * block. */
struct cdn_csr_range {
    enum cdn_array_kind kind; /* outgoing or incoming */
    const struct cdn_relation_schema *schema;
    uint32_t number;             /* of the relation */
    const struct cdn_rows *rows; /* in the order of input */
    const uint32_t *nodes;       /* by row: whose list, a place within the label */
    const uint32_t *peers;       /* by row: the other end's place within its label */
    uint32_t node_begin;
    uint32_t node_count;
    uint32_t peer_base;
    uint64_t edge_begin;     /* edges of the nodes before */
    const uint32_t *inverse; /* by row, of incoming: outgoing positions, in one of */
    const uint64_t *ids;     /* these two */

    /* cdn_csr_order() makes these, cdn_csr_range_deinit() frees them. */
    uint32_t *starts; /* node_count + 2: the first of each list, and the end */
    struct cdn_item *items;
    uint32_t *order; /* by position: the row */
};

/* Put the range's lists in order, and add what they are to `facts`.  Memory: 20 bytes a
 * row, 4 a node, and 16 for each edge of the longest list. */
cordon_status cdn_csr_order(struct cdn_csr_range *range,
                            struct cdn_direction_facts *facts, cordon_error *err);
/* Write the range's arrays; `blocks` are those of the range.  Ranges and ranks are the
 * columns' over the whole relation.  Frees the items. */
cordon_status cdn_csr_emit_range(struct cdn_csr_range *range, struct cdn_emit *emit,
                                 const struct cdn_blocks *blocks, uint32_t shift,
                                 const struct cdn_range *ranges,
                                 const struct cdn_ranks *ranks, cordon_error *err);
void cdn_csr_range_deinit(struct cdn_csr_range *range);

/* first[b] to first[b + 1] are the things of block b: `starts` has the first thing of
 * each of `nodes` nodes and the end, or is NULL if a node is one thing.  Allocates
 * blocks->first; leaves blocks->order and blocks->base. */
cordon_status cdn_csr_blocks(struct cdn_blocks *blocks, const uint32_t *starts,
                             uint32_t nodes, uint32_t shift, cordon_error *err);

/* The largest shift, not above `shift`, at which no array of a block is above the
 * target size; sets blocks (first is allocated).  `rows` are the columns whose heaps
 * count. */
cordon_status cdn_csr_choose(uint32_t *chosen, struct cdn_blocks *blocks,
                             const uint32_t *starts, uint32_t nodes, uint32_t shift,
                             const struct cdn_rows *rows, cordon_error *err);

#endif
