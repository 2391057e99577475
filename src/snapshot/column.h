/* One column of rows into segments, in the order of nodes or edges. */
#ifndef CDN_SNAPSHOT_COLUMN_H
#define CDN_SNAPSHOT_COLUMN_H

#include <stdint.h>

#include "base/error.h"
#include "snapshot/emit.h"
#include "snapshot/format.h"
#include "snapshot/metadata.h"
#include "snapshot/rows.h"

/* How rows become blocks: block `base` + b holds the rows order[first[b]] to
 * order[first[b + 1]]. */
struct cdn_blocks {
    uint32_t base; /* blocks that were written before these */
    uint32_t count;
    const uint64_t *first; /* count + 1 */
    const uint32_t *order;
};

/* A string column's dictionary: the used strings in bytewise order. */
struct cdn_ranks {
    uint32_t *rank;   /* by number as interned; of used ones */
    uint32_t *sorted; /* by rank: the number */
    uint32_t count;
};

/* Add what the column's rows are to a range, which starts as all zero; `order` NULL: rows 0
 * to count - 1. */
void cdn_column_survey(struct cdn_range *range, const struct cdn_row_column *column,
                       const uint32_t *order, uint64_t count);

/* Errors: CORDON_E_NOMEM. */
cordon_status cdn_column_rank(struct cdn_ranks *ranks,
                              const struct cdn_row_column *column,
                              const uint32_t *order, uint64_t count, cordon_error *err);
/* The same in steps, for rows that come piece by piece: begin, add each piece, end.  The
 * ranks of a column that has no dictionary stay empty. */
cordon_status cdn_column_rank_begin(struct cdn_ranks *ranks,
                                    const struct cdn_property *property,
                                    const struct cdn_strings *strings,
                                    cordon_error *err);
void cdn_column_rank_add(struct cdn_ranks *ranks, const struct cdn_row_column *column,
                         const uint32_t *order, uint64_t count);
void cdn_column_rank_end(struct cdn_ranks *ranks, const struct cdn_strings *strings);
void cdn_ranks_deinit(struct cdn_ranks *ranks);

/* The largest heap of a block, in bytes; 0 for a column without heaps. */
uint64_t cdn_column_heap_most(const struct cdn_row_column *column,
                              const struct cdn_blocks *blocks);

/* Write a column's dictionary under its array. */
cordon_status cdn_column_emit_dictionary(struct cdn_emit *emit, uint32_t array,
                                         const struct cdn_strings *strings,
                                         const struct cdn_ranks *ranks,
                                         cordon_error *err);

/* Write values, present bitmaps (if the range has nulls) and heaps.  `array` is the
 * column's, with part 0. */
cordon_status cdn_column_emit(struct cdn_emit *emit, uint32_t array,
                              const struct cdn_row_column *column,
                              const struct cdn_range *range,
                              const struct cdn_ranks *ranks,
                              const struct cdn_blocks *blocks, cordon_error *err);

#endif
