/* One node's list: cutting it to a window of time, and where its edges' ids and values are.
 *
 * Lists are sorted by time, so a window is two searches.  Their steps are left to the
 * compiler, which makes branches of them: a wrong guess costs less than to wait for each
 * step's memory before asking for the next (without branches W1 took a third longer).  An
 * incoming list has its own copy of the mirrored properties; the others are found by the
 * edge's place in outgoing order, a search over the blocks.
 */
#include "graph/scan.h"

/* Lists so short are counted through: a search would cost more in wrong guesses. */
#define SHORT_LIST 12

/* The first of times[low .. high) that is not before `value`; high if none. */
static uint32_t lower_bound(const int64_t *times, uint32_t low, uint32_t high,
                            int64_t value)
{
    const int64_t *base = times + low;
    uint32_t count = high - low;

    if (count == 0)
        return low;
    while (count > 1) {
        uint32_t half = count / 2;

        base += base[half - 1] < value ? half : 0;
        count -= half;
    }
    return (uint32_t)(base - times) + (base[0] < value ? 1 : 0);
}

void cdn_reach_window(struct cdn_reach *reach, int64_t low, int64_t high)
{
    const int64_t *times = reach->list.times;

    if (!times || reach->low >= reach->high)
        return;
    if (low > high) {
        reach->high = reach->low;
        return;
    }
    if (reach->high - reach->low <= SHORT_LIST) {
        uint32_t early = 0;
        uint32_t within = 0;

        for (uint32_t i = reach->low; i < reach->high; i++) {
            early += times[i] < low ? 1 : 0;
            within += times[i] <= high ? 1 : 0;
        }
        reach->high = reach->low + within;
        reach->low += early;
        return;
    }
    if (times[reach->high - 1] > high)
        reach->high = lower_bound(times, reach->low, reach->high, high + 1);
    if (reach->low < reach->high && times[reach->low] < low)
        reach->low = lower_bound(times, reach->low, reach->high, low);
}

bool cdn_reach_edge_id(const struct cdn_reach *reach, uint32_t position, uint64_t *out)
{
    const struct cdn_relation *relation = reach->from->relation;
    uint64_t edge;

    if (!reach->from->incoming) {
        *out = relation->edge_base + reach->list.position + position;
        return true;
    }
    edge = reach->list.ids[position];
    *out = relation->edge_base + edge;
    return edge < relation->edge_count;
}

bool cdn_reach_cell(const struct cdn_reach *reach, int32_t column, uint32_t position,
                    struct cdn_cell_place *out)
{
    const struct cdn_relation *relation = reach->from->relation;
    const struct cdn_adjacency *outgoing = &relation->outgoing;
    uint32_t low = 0;
    uint32_t high = outgoing->block_count;
    uint64_t edge;

    out->column = &reach->from->adjacency->columns[column];
    out->block = reach->list.block;
    out->index = reach->list.start + position;
    if (out->column->values)
        return true;
    /* an incoming list whose property is stored in the outgoing order alone */
    if (!reach->list.ids)
        return false;
    edge = reach->list.ids[position];
    if (edge >= relation->edge_count)
        return false;
    while (high - low > 1) {
        uint32_t middle = low + (high - low) / 2;

        if (outgoing->first[middle] <= edge)
            low = middle;
        else
            high = middle;
    }
    out->column = &outgoing->columns[column];
    out->block = low;
    out->index = (uint32_t)(edge - outgoing->first[low]);
    return true;
}
