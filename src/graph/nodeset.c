/* Node set algebra: see nodeset.h.  Every operation charges one instruction for four
 * nodes it goes over (cdn_meter_charge). */
#include "graph/nodeset.h"

#include <math.h>
#include <string.h>

#include "graph/distinct.h"
#include "graph/filter.h"
#include "graph/lua_common.h"
#include "graph/scan.h"

/* Below this a set is searched from end to end. */
#define SEARCH_NODES 16

/* A set that so many nodes at least are looked up in is looked up in as bits. */
#define LEAST_FOR_BITS 32

/* Nodes between two charges; the first comes before any is looked at. */
#define SLICE 4096

/* Before node number `i` of `count` is gone over.                          [-0, +0, e] */
CDN_RAISES static inline void pay(lua_State *L, uint32_t i, uint32_t count)
{
    if (i % SLICE == 0)
        cdn_meter_charge(L, (count - i < SLICE ? count - i : SLICE) / 4);
}

bool cdn_nodes_unindexed(const struct cdn_nodes *set)
{
    return set->count > SEARCH_NODES && !set->table;
}

void cdn_nodes_index(lua_State *L, int index)
{
    struct cdn_nodes *set = lua_touserdata(L, index);
    uint32_t bits = 1;
    uint32_t *table;
    uint32_t mask;

    if (!cdn_nodes_unindexed(set))
        return;
    cdn_meter_charge(L, 1);
    while ((UINT32_C(1) << bits) < 2 * set->count && bits < 31)
        bits++;
    table = lua_newuserdata(L, sizeof *table << bits);
    memset(table, 0xff, sizeof *table << bits);
    mask = (UINT32_C(1) << bits) - 1;
    for (uint32_t i = 0; i < set->count; i++) {
        uint32_t at = cdn_distinct_place(set->items[i], bits);

        pay(L, i, set->count);

        while (table[at] != CDN_DISTINCT_EMPTY)
            at = (at + 1) & mask;
        table[at] = i;
    }
    cdn_set_keep(L, index);
    set->bits = bits;
    set->table = table;
}

uint32_t cdn_nodes_place(const struct cdn_nodes *set, uint32_t node)
{
    uint32_t mask;
    uint32_t at;

    if (!set->table) {
        for (uint32_t i = 0; i < set->count; i++)
            if (set->items[i] == node)
                return i;
        return CDN_NODES_NOWHERE;
    }
    mask = (UINT32_C(1) << set->bits) - 1;
    at = cdn_distinct_place(node, set->bits);
    while (set->table[at] != CDN_DISTINCT_EMPTY) {
        if (set->items[set->table[at]] == node)
            return set->table[at];
        at = (at + 1) & mask;
    }
    return CDN_NODES_NOWHERE;
}

static uint32_t *room_for(lua_State *L, uint64_t most)
{
    return cdn_scratch_alloc(L, (size_t)(most ? most : 1) * sizeof(uint32_t));
}

const uint32_t *cdn_nodes_union(uint32_t *count, lua_State *L,
                                const struct cdn_nodes *left,
                                const struct cdn_nodes *right)
{
    uint32_t *items;
    uint32_t kept = left->count;

    cdn_meter_charge(L, 1 + left->count / 4);
    items = room_for(L, (uint64_t)left->count + right->count);
    if (left->count)
        memcpy(items, left->items, left->count * sizeof *items);
    for (uint32_t i = 0; i < right->count; i++) {
        pay(L, i, right->count);
        if (!cdn_nodes_contains(left, right->items[i]))
            items[kept++] = right->items[i];
    }
    *count = kept;
    return items;
}

/* A bit for each node of a range that the whole set lies in, in scratch memory: for `most`
 * look-ups, and of no more bytes than eight times as many; NULL: not worth it.
 *                                                                         [-0, +0, e] */
CDN_RAISES static const uint64_t *bits_of(uint32_t *base, uint32_t *range, lua_State *L,
                                          const struct cdn_nodes *set, uint32_t most)
{
    uint32_t low = UINT32_MAX;
    uint32_t high = 0;
    uint64_t *bits;

    if (most < LEAST_FOR_BITS || set->count > most)
        return NULL;
    for (uint32_t i = 0; i < set->count; i++) {
        low = set->items[i] < low ? set->items[i] : low;
        high = set->items[i] > high ? set->items[i] : high;
    }
    if (set->count == 0 || high - low >= 64 * (uint64_t)most)
        return NULL;
    *base = low;
    *range = high - low + 1;
    bits = cdn_scratch_alloc(L, (*range / 64 + 1) * sizeof *bits);
    memset(bits, 0, (*range / 64 + 1) * sizeof *bits);
    for (uint32_t i = 0; i < set->count; i++)
        bits[(set->items[i] - low) / 64] |= UINT64_C(1) << (set->items[i] - low) % 64;
    return bits;
}

const uint32_t *cdn_nodes_pick(uint32_t *count, lua_State *L, struct cdn_nodes *left,
                               struct cdn_nodes *right, bool present)
{
    const uint64_t *bits;
    uint32_t base = 0;
    uint32_t range = 0;
    uint32_t *items;
    uint32_t kept = 0;

    cdn_meter_charge(L, 1 + right->count / 4);
    items = room_for(L, left->count);
    bits = bits_of(&base, &range, L, right, left->count);
    for (uint32_t i = 0; i < left->count && !bits; i++) {
        pay(L, i, left->count);
        if (cdn_nodes_contains(right, left->items[i]) == present)
            items[kept++] = left->items[i];
    }
    for (uint32_t i = 0; i < left->count && bits; i++) {
        uint32_t node = left->items[i];
        uint32_t at = node - base;
        bool there = at < range && (bits[at / 64] >> at % 64 & 1);

        pay(L, i, left->count);
        items[kept] = node;
        kept += there == present ? 1 : 0;
    }
    *count = kept;
    return items;
}

const uint32_t *cdn_nodes_where(uint32_t *count, lua_State *L, struct cdn_nodes *set,
                                const struct cdn_operation *condition)
{
    struct cdn_graph_run *run = cdn_check_run(L);
    const struct cdn_column *compiled = NULL;
    struct cdn_test test;
    uint32_t *items;
    uint32_t kept = 0;
    bool damaged = false;

    cdn_meter_charge(L, 1);
    items = room_for(L, set->count);
    for (uint32_t i = 0; i < set->count; i++) {
        const struct cdn_column *column;
        uint32_t block;
        uint32_t index;

        pay(L, i, set->count);
        if (!cdn_node_cell(run, set->items[i], condition->slot, &column, &block,
                           &index))
            continue;
        if (column != compiled && !cdn_test_compile(&test, column, 0, condition))
            cdn_raise_damaged(L, "a dictionary is out of range");
        compiled = column;
        if (cdn_test_cell(&test, column, block, index, &damaged))
            items[kept++] = set->items[i];
    }
    if (damaged)
        cdn_raise_damaged(L, "a property value is out of range");
    *count = kept;
    return items;
}

const uint32_t *cdn_nodes_of(uint32_t *count, lua_State *L, struct cdn_nodes *set,
                             uint32_t label)
{
    struct cdn_graph_run *run = cdn_check_run(L);
    const struct cdn_label_data *data = &run->snapshot->labels[label];
    uint32_t *items;
    uint32_t kept = 0;

    cdn_meter_charge(L, 1);
    items = room_for(L, set->count);
    for (uint32_t i = 0; i < set->count; i++) {
        pay(L, i, set->count);
        if (set->items[i] - data->base < data->count)
            items[kept++] = set->items[i];
    }
    *count = kept;
    return items;
}

/* Where a node's property lies; false if it has none, or it is null.       [-0, +0, e] */
CDN_RAISES static inline bool read_cell(const struct cdn_column **column,
                                        struct cdn_cells *cells, uint32_t *index,
                                        lua_State *L, struct cdn_graph_run *run,
                                        uint32_t node, uint32_t slot)
{
    uint32_t block;

    if (!cdn_node_cell(run, node, slot, column, &block, index))
        return false;
    if (!cdn_column_cells(*column, block, cells))
        cdn_raise_damaged(L, "a property's segment");
    return cdn_cells_present(cells, *index);
}

void cdn_nodes_fold(struct cdn_fold *whole, struct cdn_fold *floating, lua_State *L,
                    struct cdn_nodes *set, uint32_t slot)
{
    struct cdn_graph_run *run = cdn_check_run(L);

    cdn_meter_charge(L, 1);
    for (uint32_t i = 0; i < set->count; i++) {
        const struct cdn_column *column;
        struct cdn_cells cells;
        uint32_t index;

        pay(L, i, set->count);
        if (!read_cell(&column, &cells, &index, L, run, set->items[i], slot))
            continue;
        if (column->property->type == CDN_COLUMN_FLOAT64)
            cdn_fold_run(floating, (const double *)cells.values + index, 1);
        else
            cdn_fold_column(whole, column, cells.values, &index, 1);
    }
}

/* Does null or a number match?  Null does not. */
static bool holds(double value, enum cdn_compare compare, double with)
{
    switch (compare) {
    case CDN_COMPARE_EQ:
        return value == with;
    case CDN_COMPARE_NE:
        return value < with || value > with;
    case CDN_COMPARE_LT:
        return value < with;
    case CDN_COMPARE_LE:
        return value <= with;
    case CDN_COMPARE_GT:
        return value > with;
    case CDN_COMPARE_GE:
        break;
    }
    return value >= with;
}

const uint32_t *cdn_nodes_where_column(uint32_t *count, lua_State *L,
                                       const struct cdn_nodes *set, uint32_t column,
                                       const struct cdn_operation *condition)
{
    const double *values = cdn_nodes_column(set, column);
    const double *others = condition->operand == CDN_OPERAND_COLUMN
                               ? cdn_nodes_column(set, condition->as.column)
                               : NULL;
    uint32_t *items;
    uint32_t kept = 0;

    cdn_meter_charge(L, 1);
    items = room_for(L, set->count);
    for (uint32_t i = 0; i < set->count; i++) {
        pay(L, i, set->count);
        if (holds(values[i], (enum cdn_compare)condition->compare,
                  others ? others[i] : condition->as.number))
            items[kept++] = set->items[i];
    }
    *count = kept;
    return items;
}

void cdn_nodes_fold_column(struct cdn_fold *fold, lua_State *L,
                           const struct cdn_nodes *set, uint32_t column)
{
    const double *values = cdn_nodes_column(set, column);

    cdn_meter_charge(L, 1);
    for (uint32_t i = 0; i < set->count; i++) {
        pay(L, i, set->count);
        if (!isnan(values[i]))
            cdn_fold_run(fold, &values[i], 1);
    }
}

void cdn_nodes_top_column(struct cdn_ranking *ranking, lua_State *L,
                          const struct cdn_nodes *set, uint32_t column, uint32_t most)
{
    const double *values = cdn_nodes_column(set, column);

    *ranking = (struct cdn_ranking){.most = most};
    cdn_meter_charge(L, 1);
    cdn_ranking_reserve(ranking, L, set->count);
    for (uint32_t i = 0; i < set->count; i++) {
        struct cdn_ranked entry = {.node = set->items[i], .number = values[i]};

        pay(L, i, set->count);
        cdn_ranking_offer(ranking, &entry);
    }
    cdn_ranking_finish(ranking, L);
}

void cdn_nodes_top(struct cdn_ranking *ranking, lua_State *L, struct cdn_nodes *set,
                   uint32_t slot, uint32_t most)
{
    struct cdn_graph_run *run = cdn_check_run(L);

    *ranking = (struct cdn_ranking){.most = most, .integral = ranking->integral};
    cdn_meter_charge(L, 1);
    cdn_ranking_reserve(ranking, L, set->count);
    for (uint32_t i = 0; i < set->count; i++) {
        struct cdn_ranked entry = {.node = set->items[i]};
        const struct cdn_column *column;
        struct cdn_cells cells;
        uint32_t index;

        pay(L, i, set->count);
        if (!read_cell(&column, &cells, &index, L, run, set->items[i], slot))
            continue;
        if (ranking->integral && column->property->type != CDN_COLUMN_FLOAT64)
            entry.whole = cdn_column_integer(column, cells.values, index);
        else
            entry.number = cdn_column_number(column, cells.values, index);
        cdn_ranking_offer(ranking, &entry);
    }
    cdn_ranking_finish(ranking, L);
}
