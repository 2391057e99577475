/* Sums by groups of nodes.  Memory: eight bytes for every 1,024 nodes and column with a heap,
 * and for the things themselves. */
#include "snapshot/groups.h"

#include <string.h>

#include "base/alloc.h"
#include "snapshot/format.h"

cordon_status cdn_groups_init(struct cdn_groups *groups, uint32_t nodes,
                              uint32_t block_shift, uint32_t columns, cordon_error *err)
{
    groups->shift = CDN_BLOCK_SHIFT_LEAST;
    if (groups->shift > block_shift)
        groups->shift = block_shift;
    groups->count = cdn_block_count(nodes, groups->shift);
    groups->width = 1 + columns;
    groups->sums =
        cdn_calloc((size_t)groups->count * groups->width, sizeof(*groups->sums));
    return groups->sums ? CORDON_OK : cdn_error_nomem(err);
}

void cdn_groups_deinit(struct cdn_groups *groups)
{
    cdn_free(groups->sums);
    *groups = (struct cdn_groups){0};
}

void cdn_groups_add(struct cdn_groups *groups, uint32_t node,
                    const struct cdn_rows *rows, uint32_t row)
{
    uint64_t *sums = groups->sums + (size_t)(node >> groups->shift) * groups->width;

    sums[0]++;
    for (uint32_t c = 0; c < rows->column_count; c++) {
        const struct cdn_row_column *column = &rows->columns[c];
        const uint64_t *ends = (const uint64_t *)(const void *)column->values;

        if (column->property->type == CDN_COLUMN_TEXT ||
            column->property->type == CDN_COLUMN_BAG)
            sums[1 + c] += ends[row] - (row ? ends[row - 1] : 0);
    }
}

uint64_t cdn_groups_widest(const struct cdn_groups *groups, uint32_t shift)
{
    uint32_t step = UINT32_C(1) << (shift - groups->shift);
    uint64_t most = 0;

    for (uint32_t n = 0; n < groups->width; n++)
        for (uint64_t begin = 0; begin < groups->count; begin += step) {
            uint64_t sum = 0;

            for (uint64_t g = begin; g < begin + step && g < groups->count; g++)
                sum += groups->sums[g * groups->width + n];
            if (n == 0)
                sum *= 8;
            if (sum > most)
                most = sum;
        }
    return most;
}

uint32_t cdn_groups_choose(const struct cdn_groups *groups, uint32_t shift)
{
    while (shift > CDN_BLOCK_SHIFT_LEAST &&
           cdn_groups_widest(groups, shift) > CDN_SEGMENT_TARGET)
        shift--;
    return shift;
}

uint64_t cdn_groups_things(const struct cdn_groups *groups, uint32_t begin,
                           uint32_t end)
{
    uint64_t sum = 0;

    for (uint32_t g = begin; g < end && g < groups->count; g++)
        sum += groups->sums[(size_t)g * groups->width];
    return sum;
}
