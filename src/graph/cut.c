/* A condition and then a cut over one list: the latest (or first) n of those that match.
 *
 * Conditions go over a part of the list at a time, from the end that the cut counts from,
 * some twice as many edges as are still missing.  What is charged is what looking at one
 * edge after the other would have cost: up to the first that would be one too many. */
#include "graph/cut.h"

/* Edges looked at in one go at least, if there are so many. */
#define PART_EDGES 16

/* How many to look at next. */
static uint32_t next_part(const struct cdn_cut *cut, uint32_t kept, uint32_t left)
{
    uint32_t part = 2 * (cut->most + 1 - kept);

    part = part < PART_EDGES ? PART_EDGES : part;
    part = part < cut->room - kept ? part : cut->room - kept;
    return part < left ? part : left;
}

void cdn_cut_list(struct cdn_cut *cut, struct cdn_scan *scan)
{
    const struct cdn_reach *reach = cut->reach;
    const struct cdn_test *test = cut->test;
    uint32_t total = reach->high - reach->low;
    uint64_t budget = cdn_scan_edges_left(scan);
    uint32_t edges = total < budget ? total : (uint32_t)budget;
    uint32_t looked = 0;
    uint32_t kept = 0;
    struct cdn_cells cells;
    const void *values;

    if (!cdn_column_cells(test->column, reach->list.block, &cells))
        cdn_raise_damaged(scan->L, "a property's segment");
    values = cdn_column_at(test->column, cells.values, reach->list.start);
    while (looked < edges && kept <= cut->most) {
        uint32_t part = next_part(cut, kept, edges - looked);
        uint32_t first =
            cut->backward ? reach->high - looked - part : reach->low + looked;
        uint32_t at = cut->backward ? cut->room - kept - part : kept;

        kept += cdn_test_take(test, values, first, part, cut->backward,
                              cut->positions + at);
        looked += part;
    }
    cut->more = kept > cut->most;
    if (cut->more) {
        uint32_t at = cut->backward ? cut->room - cut->most - 1 : cut->most;
        uint32_t beyond = cut->positions[at];

        looked = cut->backward ? reach->high - beyond : beyond - reach->low + 1;
        kept = cut->most;
    } else if (edges < total) {
        looked++; /* the budget is gone before this is known */
    }
    cut->kept = kept;
    cut->at = cut->backward ? cut->room - kept : 0;
    cdn_scan_pay(scan, looked);
}
