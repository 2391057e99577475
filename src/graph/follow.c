/* Arms: see follow.h.
 *
 * Left out: reading several nodes' lists ahead of one another, as scan.c does.  What the
 * algorithms do between two lists (looking nodes up, keeping heaps) costs more than the
 * cache misses that would be saved. */
#include "graph/follow.h"

#include <string.h>

#include "graph/lua_common.h"

void cdn_follow_init(struct cdn_follow *follow, lua_State *L)
{
    memset(follow, 0, sizeof *follow);
    follow->L = L;
    follow->run = cdn_check_run(L);
    if (!follow->run->meter)
        follow->run->meter = cdn_meter_of(L);
    follow->meter = follow->run->meter;
    follow->scan.L = L;
    follow->scan.run = follow->run;
    follow->weight = CDN_NO_SLOT;
}

void cdn_arm_init(struct cdn_arm *arm, const struct cdn_follow *follow)
{
    arm->follow = follow;
    arm->tests_from = NULL;
    arm->test_count = 0;
    arm->open = false;
    arm->count = 0;
    arm->type = follow->type_count;
}

void cdn_arm_window(struct cdn_arm *arm, int64_t low, int64_t high)
{
    arm->low = low;
    arm->high = high;
}

/* The lists of the arm's type. */
static void enter_type(struct cdn_arm *arm)
{
    const struct cdn_follow *follow = arm->follow;
    const struct cdn_bound_ends *ends;
    uint32_t label;

    arm->list_at = 0;
    arm->list_count = 0;
    if (arm->type >= follow->type_count)
        return;
    label = cdn_snapshot_label_of(follow->run->snapshot, arm->node);
    ends = &follow->types[arm->type].kind->ends[label];
    arm->lists = follow->types[arm->type].kind->lists + ends->first;
    switch (arm->direction) {
    case CDN_OUTGOING:
        arm->list_count = ends->outgoing;
        break;
    case CDN_INCOMING:
        arm->lists += ends->outgoing;
        arm->list_count = ends->incoming;
        break;
    case CDN_BOTH:
        arm->list_count = (uint32_t)ends->outgoing + ends->incoming;
        break;
    }
}

void cdn_arm_begin(struct cdn_arm *arm, uint32_t node, enum cdn_direction direction)
{
    arm->node = node;
    arm->direction = direction;
    arm->low = INT64_MIN;
    arm->high = INT64_MAX;
    arm->type = 0;
    arm->open = false;
    arm->count = 0;
    cdn_meter_charge_nodes(arm->follow->L, arm->follow->meter, 1);
    if (__builtin_expect(arm->follow->scan.read != NULL, 0))
        cdn_tell_arm(arm);
    enter_type(arm);
}

/* Open the next list that has an edge within the windows. */
CDN_RAISES static bool next_list(struct cdn_arm *arm)
{
    const struct cdn_follow *follow = arm->follow;

    for (;;) {
        const struct cdn_follow_type *type;

        while (arm->type < follow->type_count && arm->list_at == arm->list_count) {
            arm->type++;
            enter_type(arm);
        }
        if (arm->type >= follow->type_count)
            return false;
        type = &follow->types[arm->type];
        cdn_meter_charge_edges(follow->L, 1);
        cdn_reach_open(&follow->scan, &arm->reach, &arm->lists[arm->list_at++],
                       arm->node, 0);
        cdn_reach_window(&arm->reach, type->low > arm->low ? type->low : arm->low,
                         type->high < arm->high ? type->high : arm->high);
        arm->open = arm->reach.low < arm->reach.high;
        if (arm->open)
            return true;
    }
}

CDN_RAISES static void compile_tests(struct cdn_arm *arm)
{
    const struct cdn_follow_type *type = &arm->follow->types[arm->type];
    const struct cdn_bound_list *from = arm->reach.from;

    for (uint32_t i = 0; i < type->condition_count; i++) {
        const struct cdn_operation *condition = &type->conditions[i];
        int32_t number = cdn_bound_column(from, condition->slot);
        const struct cdn_column *column =
            number >= 0 ? &from->adjacency->columns[number] : NULL;

        if (!cdn_test_compile(&arm->tests[i], column, number, condition))
            cdn_raise_damaged(arm->follow->L, "a dictionary is out of range");
    }
    arm->test_count = type->condition_count;
    arm->tests_from = from;
}

/* `both` lists a self-loop twice: the incoming copy is not kept. */
static uint32_t drop_loops(const struct cdn_arm *arm, uint32_t *select, uint32_t count)
{
    const uint32_t *peers = arm->reach.list.peers;
    uint32_t kept = 0;

    for (uint32_t i = 0; i < count; i++) {
        uint32_t p = select[i];

        select[kept] = p;
        kept += peers[p] != arm->node ? 1 : 0;
    }
    return kept;
}

bool cdn_arm_next(struct cdn_arm *arm)
{
    for (;;) {
        struct cdn_reach *reach = &arm->reach;
        bool damaged = false;
        uint32_t count;
        uint32_t kept;

        if (!arm->open && !next_list(arm))
            return false;
        count = reach->high - reach->low;
        count = count < CDN_ARM_EDGES ? count : CDN_ARM_EDGES;
        cdn_meter_charge_edges(arm->follow->L, count);
        cdn_meter_charge(arm->follow->L, count);
        for (uint32_t i = 0; i < count; i++)
            arm->select[i] = reach->low + i;
        kept = reach->from->loops && arm->direction == CDN_BOTH
                   ? drop_loops(arm, arm->select, count)
                   : count;
        if (arm->tests_from != reach->from)
            compile_tests(arm);
        for (uint32_t i = 0; i < arm->test_count && kept; i++)
            kept = cdn_test_refine(&arm->tests[i], reach, arm->select, kept, &damaged);
        if (damaged)
            cdn_raise_damaged(arm->follow->L, "a property value is out of range");
        reach->low += count;
        arm->open = reach->low < reach->high;
        arm->count = kept;
        if (__builtin_expect(arm->follow->scan.read != NULL, 0))
            arm->follow->scan.read->kept += kept;
        if (kept)
            return true;
    }
}

/* Must the edges of the list be looked at to know which there are? */
static bool must_look(const struct cdn_arm *arm)
{
    return arm->follow->types[arm->type].condition_count > 0 ||
           (arm->reach.from->loops && arm->direction == CDN_BOTH);
}

uint64_t cdn_arm_count(struct cdn_arm *arm)
{
    uint64_t total = 0;

    while (arm->open || next_list(arm)) {
        if (must_look(arm)) {
            total += cdn_arm_next(arm) ? arm->count : 0;
            continue;
        }
        total += arm->reach.high - arm->reach.low;
        arm->open = false;
    }
    return total;
}

void cdn_arm_nth(struct cdn_arm *arm, uint64_t wanted)
{
    while (arm->open || next_list(arm)) {
        uint32_t size = arm->reach.high - arm->reach.low;

        if (must_look(arm)) {
            if (!cdn_arm_next(arm))
                break;
            if (wanted < arm->count) {
                arm->select[0] = arm->select[wanted];
                arm->count = 1;
                return;
            }
            wanted -= arm->count;
            continue;
        }
        if (wanted < size) {
            cdn_meter_charge_edges(arm->follow->L, 1);
            arm->select[0] = arm->reach.low + (uint32_t)wanted;
            arm->count = 1;
            arm->open = false;
            return;
        }
        wanted -= size;
        arm->open = false;
    }
    arm->count = 0;
}

bool cdn_arm_number(const struct cdn_arm *arm, uint32_t i, uint32_t slot, double *out)
{
    int32_t number = cdn_bound_column(arm->reach.from, slot);
    struct cdn_cell_place place;
    struct cdn_cells cells;

    if (number < 0)
        return false;
    if (!cdn_reach_cell(&arm->reach, number, arm->select[i], &place))
        cdn_raise_damaged(arm->follow->L, "an edge number is out of range");
    if (!cdn_column_cells(place.column, place.block, &cells))
        cdn_raise_damaged(arm->follow->L, "a property's segment");
    if (!cdn_cells_present(&cells, place.index))
        return false;
    *out = cdn_column_number(place.column, cells.values, place.index);
    return true;
}

uint64_t cdn_arm_edge(const struct cdn_arm *arm, uint32_t i)
{
    uint64_t edge;

    if (!cdn_reach_edge_id(&arm->reach, arm->select[i], &edge))
        cdn_raise_damaged(arm->follow->L, "an edge number is out of range");
    return edge;
}
