/* One relation's edges, as they came, into both directions of compressed sparse rows.
 */
#ifndef CDN_SNAPSHOT_CSR_H
#define CDN_SNAPSHOT_CSR_H

#include <stdint.h>

#include "base/error.h"
#include "snapshot/emit.h"
#include "snapshot/metadata.h"
#include "snapshot/rows.h"

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

/* first[b] to first[b + 1] are the things of block b: `starts` has the first thing of
 * each of `nodes` nodes and the end, or is NULL if a node is one thing.  Allocates
 * blocks->first; leaves blocks->order. */
struct cdn_blocks;
cordon_status cdn_csr_blocks(struct cdn_blocks *blocks, const uint32_t *starts,
                             uint32_t nodes, uint32_t shift, cordon_error *err);

/* The largest shift, not above `shift`, at which no array of a block is above the
 * target size; sets blocks (first is allocated).  `fixed` is the bytes of the widest
 * fixed array's element; `rows` are the columns whose heaps count. */
cordon_status cdn_csr_choose(uint32_t *chosen, struct cdn_blocks *blocks,
                             const uint32_t *starts, uint32_t nodes, uint32_t shift,
                             const struct cdn_rows *rows, cordon_error *err);

#endif
