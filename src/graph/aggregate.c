/* Finishing methods over edges: see aggregate.h.
 *
 * Nothing here is done edge by edge but what must be: a span of a column goes to the
 * fold in one call; values that are null, or stored in the other direction only, are
 * brought together a few hundred at a time first. */
#include "graph/aggregate.h"

#include <string.h>

#include "graph/distinct.h"
#include "graph/scan.h"
#include "sandbox/slot.h"

#define GATHER 256

uint64_t cdn_edges_count(lua_State *L, struct cdn_edges *set)
{
    size_t mark = cdn_scratch_mark(L);
    struct cdn_scan_room room;
    struct cdn_scan scan;
    struct cdn_span span;
    uint64_t count = 0;

    cdn_scan_begin_here(&scan, &room, L, set, (struct cdn_scan_how){0});
    while (cdn_scan_next(&scan, &span))
        count += span.count;
    cdn_scan_end(&scan);
    cdn_scratch_release(L, mark);
    return count;
}

bool cdn_edges_exists(lua_State *L, struct cdn_edges *set)
{
    size_t mark = cdn_scratch_mark(L);
    struct cdn_scan_room room;
    struct cdn_scan scan;
    struct cdn_span span;
    bool exists;

    cdn_scan_begin_here(&scan, &room, L, set, (struct cdn_scan_how){.stingy = true});
    exists = cdn_scan_next(&scan, &span);
    cdn_scan_end(&scan);
    cdn_scratch_release(L, mark);
    return exists;
}

bool cdn_edges_first(uint64_t *edge, uint32_t *peer, lua_State *L,
                     struct cdn_edges *set)
{
    size_t mark = cdn_scratch_mark(L);
    struct cdn_scan_room room;
    struct cdn_scan scan;
    struct cdn_span span;
    bool exists;

    cdn_scan_begin_here(
        &scan, &room, L, set,
        (struct cdn_scan_how){.ordered = true, .looks = true, .stingy = true});
    exists = cdn_scan_next(&scan, &span);
    if (exists) {
        uint32_t position = cdn_span_position(&span, 0);

        *peer = span.reach->list.peers[position];
        if (!cdn_reach_edge_id(span.reach, position, edge))
            cdn_raise_damaged(L, "an edge number is out of range");
    }
    cdn_scan_end(&scan);
    cdn_scratch_release(L, mark);
    return exists;
}

/* Bring together the values of a span that are not null. */
static bool fold_gathered(struct cdn_fold *fold, const struct cdn_span *span,
                          int32_t number)
{
    uint64_t values[GATHER];
    uint32_t count = 0;

    for (uint32_t i = 0; i < span->count; i++) {
        struct cdn_cell_place place;
        struct cdn_cells cells;

        if (!cdn_reach_cell(span->reach, number, cdn_span_position(span, i), &place) ||
            !cdn_column_cells(place.column, place.block, &cells))
            return false;
        if (!cdn_cells_present(&cells, place.index))
            continue;
        if (place.column->property->type == CDN_COLUMN_FLOAT64)
            memcpy(&values[count++], (const double *)cells.values + place.index,
                   sizeof *values);
        else
            values[count++] =
                (uint64_t)cdn_column_integer(place.column, cells.values, place.index);
        if (count == GATHER) {
            cdn_fold_run(fold, values, count);
            count = 0;
        }
    }
    cdn_fold_run(fold, values, count);
    return true;
}

static void fold_nullable(struct cdn_fold *fold, const struct cdn_span *span,
                          const struct cdn_column *column, const void *values,
                          const uint64_t *present)
{
    uint32_t start = span->reach->list.start;
    uint32_t select[GATHER];

    for (uint32_t done = 0; done < span->count;) {
        uint32_t part = span->count - done < GATHER ? span->count - done : GATHER;
        uint32_t kept = 0;

        for (uint32_t i = 0; i < part; i++) {
            uint32_t position = cdn_span_position(span, done + i);
            uint32_t index = start + position;

            select[kept] = position;
            kept += (uint32_t)(present[index >> 6] >> (index & 63)) & 1;
        }
        cdn_fold_column(fold, column, values, select, kept);
        done += part;
    }
}

void cdn_span_fold(struct cdn_fold *fold, lua_State *L, const struct cdn_span *span,
                   uint32_t slot)
{
    const struct cdn_reach *reach = span->reach;
    int32_t number = cdn_bound_column(reach->from, slot);
    const struct cdn_column *column;
    struct cdn_cells cells;
    const void *values;

    if (number < 0)
        return;
    column = &reach->from->adjacency->columns[number];
    if (!column->values) {
        if (!fold_gathered(fold, span, number))
            cdn_raise_damaged(L, "an edge number is out of range");
        return;
    }
    if (!cdn_column_cells(column, reach->list.block, &cells))
        cdn_raise_damaged(L, "a property's segment");
    values = cdn_column_at(column, cells.values, reach->list.start);
    if (cells.present)
        fold_nullable(fold, span, column, values, cells.present);
    else if (span->select)
        cdn_fold_column(fold, column, values, span->select, span->count);
    else
        cdn_fold_column(fold, column, cdn_column_at(column, values, span->first), NULL,
                        span->count);
}

void cdn_edges_fold(struct cdn_fold *fold, lua_State *L, struct cdn_edges *set,
                    uint32_t slot)
{
    bool ends_only = slot == CDN_SLOT_TIME && fold->kind != CDN_FOLD_SUM;
    size_t mark = cdn_scratch_mark(L);
    struct cdn_scan_room room;
    struct cdn_scan scan;
    struct cdn_span span;

    cdn_scan_begin_here(
        &scan, &room, L, set,
        (struct cdn_scan_how){.ordered = fold->kind == CDN_FOLD_SUM && !fold->integral,
                              .looks = !ends_only,
                              .fetch = true,
                              .slot = (uint8_t)slot});
    while (cdn_scan_next(&scan, &span)) {
        fold->edges += span.count;
        if (ends_only && !span.charged && span.reach->list.times) {
            /* sorted by time: the extreme is at one end */
            uint32_t at =
                fold->kind == CDN_FOLD_MIN ? span.first : span.first + span.count - 1;

            cdn_meter_charge_edges(L, 1);
            cdn_fold_run(fold, span.reach->list.times + at, 1);
            continue;
        }
        cdn_span_fold(fold, L, &span, slot);
    }
    cdn_scan_end(&scan);
    cdn_scratch_release(L, mark);
}

/* The peer at a position, checked. */
static inline uint32_t peer_at(lua_State *L, const struct cdn_reach *reach,
                               uint32_t position)
{
    uint32_t peer = reach->list.peers[position];

    if (!cdn_peer_valid(peer, reach->from->peer_base, reach->from->peer_count))
        cdn_raise_damaged(L, "a node index is out of range");
    return peer;
}

uint64_t cdn_edges_distinct(lua_State *L, struct cdn_edges *set)
{
    size_t mark = cdn_scratch_mark(L);
    struct cdn_distinct distinct = {.count = 0};
    struct cdn_scan_room room;
    struct cdn_scan scan;
    struct cdn_span span;
    bool made = false;

    cdn_scan_begin_here(&scan, &room, L, set, (struct cdn_scan_how){.looks = true});
    while (cdn_scan_next(&scan, &span)) {
        if (!made)
            cdn_distinct_init(&distinct, L, scan.run->snapshot->node_count, span.count);
        made = true;
        for (uint32_t i = 0; i < span.count; i++)
            cdn_distinct_add(&distinct,
                             peer_at(L, span.reach, cdn_span_position(&span, i)));
    }
    cdn_scan_end(&scan);
    cdn_scratch_release(L, mark);
    return distinct.count;
}

const uint32_t *cdn_edges_peers(uint32_t *count, lua_State *L, struct cdn_edges *set)
{
    struct cdn_distinct distinct = {.count = 0};
    struct cdn_scan_room room;
    struct cdn_scan scan;
    struct cdn_span span;
    uint32_t *list = NULL;
    uint32_t capacity = 0;

    cdn_scan_begin_here(&scan, &room, L, set,
                        (struct cdn_scan_how){.ordered = true, .looks = true});
    while (cdn_scan_next(&scan, &span)) {
        if (!list)
            cdn_distinct_init(&distinct, L, scan.run->snapshot->node_count, span.count);
        if (!list || capacity < distinct.count + span.count) {
            uint32_t *longer;

            capacity = 2 * capacity > distinct.count + span.count
                           ? 2 * capacity
                           : distinct.count + span.count;
            longer = cdn_scratch_alloc(L, capacity * sizeof *list);
            if (list)
                memcpy(longer, list, distinct.count * sizeof *list);
            list = longer;
        }
        for (uint32_t i = 0; i < span.count; i++) {
            uint32_t peer = peer_at(L, span.reach, cdn_span_position(&span, i));
            uint32_t at = distinct.count;

            if (cdn_distinct_add(&distinct, peer))
                list[at] = peer;
        }
    }
    cdn_scan_end(&scan);
    *count = distinct.count;
    return list;
}
