/* Top lists: a bounded heap with the worst of the best on top.
 *
 * An entry that is not better than the worst kept costs one compare; the order is total
 * (value, node, id), so the result does not depend on the order of offers. */
#include "graph/aggregate.h"

#include <math.h>
#include <string.h>

#include "graph/scan.h"
#include "sandbox/slot.h"

/* Entries put in order between two charges. */
#define ENTRIES_PER_CHARGE 256

static bool better(const struct cdn_ranking *ranking, const struct cdn_ranked *a,
                   const struct cdn_ranked *b)
{
    if (ranking->integral && a->whole != b->whole)
        return a->whole > b->whole;
    if (!ranking->integral && a->number != b->number)
        return a->number > b->number;
    if (a->node != b->node)
        return a->node < b->node;
    return a->id < b->id;
}

static void sift_down(struct cdn_ranking *ranking, uint32_t at, uint32_t count)
{
    struct cdn_ranked *items = ranking->items;
    struct cdn_ranked moving = items[at];

    for (;;) {
        uint32_t child = 2 * at + 1;

        if (child >= count)
            break;
        if (child + 1 < count && better(ranking, &items[child], &items[child + 1]))
            child++;
        ranking->steps++;
        if (!better(ranking, &moving, &items[child]))
            break;
        items[at] = items[child];
        at = child;
    }
    items[at] = moving;
}

void cdn_ranking_reserve(struct cdn_ranking *ranking, lua_State *L, uint32_t more)
{
    uint64_t wanted = (uint64_t)ranking->count + more;
    struct cdn_ranked *items;

    if (wanted > ranking->most)
        wanted = ranking->most;
    if (wanted <= ranking->capacity)
        return;
    if (wanted < 2 * (uint64_t)ranking->capacity)
        wanted = 2 * (uint64_t)ranking->capacity;
    items = cdn_scratch_alloc(L, (size_t)wanted * sizeof *items);
    if (ranking->count)
        memcpy(items, ranking->items, ranking->count * sizeof *items);
    ranking->items = items;
    ranking->capacity = (uint32_t)wanted;
}

void cdn_ranking_offer(struct cdn_ranking *ranking, const struct cdn_ranked *entry)
{
    struct cdn_ranked *items = ranking->items;
    uint32_t at;

    if (ranking->most == 0 || isnan(entry->number))
        return;
    if (ranking->count == ranking->most) {
        if (!better(ranking, entry, &items[0]))
            return;
        items[0] = *entry;
        sift_down(ranking, 0, ranking->count);
        return;
    }
    at = ranking->count++;
    while (at > 0) {
        uint32_t parent = (at - 1) / 2;

        ranking->steps++;
        if (!better(ranking, &items[parent], entry))
            break;
        items[at] = items[parent];
        at = parent;
    }
    items[at] = *entry;
}

bool cdn_ranking_holds(const struct cdn_ranking *ranking,
                       const struct cdn_ranked *entry)
{
    return ranking->count > 0 && !better(ranking, &ranking->items[0], entry);
}

void cdn_ranking_finish(struct cdn_ranking *ranking, lua_State *L)
{
    for (uint32_t left = ranking->count; left > 1; left--) {
        struct cdn_ranked worst = ranking->items[0];

        if (left % ENTRIES_PER_CHARGE == 0) {
            cdn_meter_charge(L, ranking->steps);
            ranking->steps = 0;
        }

        ranking->items[0] = ranking->items[left - 1];
        ranking->items[left - 1] = worst;
        sift_down(ranking, 0, left - 1);
    }
    cdn_meter_charge(L, ranking->steps);
    ranking->steps = 0;
}

void cdn_edges_top(struct cdn_ranking *ranking, lua_State *L, struct cdn_edges *set,
                   uint32_t slot, uint32_t most)
{
    struct cdn_scan_room room;
    struct cdn_scan scan;
    struct cdn_span span;

    ranking->items = NULL;
    ranking->count = 0;
    ranking->capacity = 0;
    ranking->steps = 0;
    ranking->most = most;
    cdn_scan_begin_here(&scan, &room, L, set, (struct cdn_scan_how){.looks = true});
    while (cdn_scan_next(&scan, &span)) {
        const struct cdn_reach *reach = span.reach;
        int32_t number = cdn_bound_column(reach->from, slot);

        cdn_ranking_reserve(ranking, L, span.count);
        for (uint32_t i = 0; number >= 0 && i < span.count; i++) {
            uint32_t position = cdn_span_position(&span, i);
            struct cdn_ranked entry = {.node = reach->list.peers[position]};
            struct cdn_cell_place place;
            struct cdn_cells cells;

            if (!cdn_reach_cell(reach, number, position, &place) ||
                !cdn_reach_edge_id(reach, position, &entry.id))
                cdn_raise_damaged(L, "an edge number is out of range");
            if (!cdn_column_cells(place.column, place.block, &cells))
                cdn_raise_damaged(L, "a property's segment");
            if (!cdn_cells_present(&cells, place.index))
                continue;
            if (ranking->integral)
                entry.whole =
                    cdn_column_integer(place.column, cells.values, place.index);
            else
                entry.number = ((const double *)cells.values)[place.index];
            cdn_ranking_offer(ranking, &entry);
        }
        cdn_meter_charge(L, ranking->steps);
        ranking->steps = 0;
    }
    cdn_ranking_finish(ranking, L);
    cdn_scan_end(&scan);
}
