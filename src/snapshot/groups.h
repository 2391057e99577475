/* How much there is of a label's nodes, or of a direction's edges, by groups of nodes: what
 * the size of blocks is chosen from when the rows are on disk.
 *
 * A group is as many nodes as the smallest block has, so every block is some whole groups. */
#ifndef CDN_SNAPSHOT_GROUPS_H
#define CDN_SNAPSHOT_GROUPS_H

#include <stdint.h>

#include "base/error.h"
#include "snapshot/rows.h"

struct cdn_groups {
    uint32_t shift; /* a group is 2^shift nodes */
    uint32_t count;
    uint32_t width; /* numbers a group: things, and the heap bytes of each column */
    uint64_t *sums;
};

/* All zero; `block_shift` is the largest there may be. */
cordon_status cdn_groups_init(struct cdn_groups *groups, uint32_t nodes,
                              uint32_t block_shift, uint32_t columns,
                              cordon_error *err);
void cdn_groups_deinit(struct cdn_groups *groups);

/* Count one row, of which `node` is the node. */
void cdn_groups_add(struct cdn_groups *groups, uint32_t node,
                    const struct cdn_rows *rows, uint32_t row);

/* The largest block shift, not above `shift`, at which no array of a block is above the
 * target size; as cdn_csr_choose() would choose it. */
uint32_t cdn_groups_choose(const struct cdn_groups *groups, uint32_t shift);

/* The bytes of the widest array of any block of 2^shift nodes. */
uint64_t cdn_groups_widest(const struct cdn_groups *groups, uint32_t shift);

/* Things of the groups from `begin` to, not including, `end`. */
uint64_t cdn_groups_things(const struct cdn_groups *groups, uint32_t begin,
                           uint32_t end);

#endif
