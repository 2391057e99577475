/* Grouping: see group.h.
 *
 * By the other end: a few hundred edges at a time find their group's number (a table of
 * nodes, or an array over all nodes the edges can lead to once that is not larger), then
 * each column goes over them on its own.  A new group costs a word a column, never an
 * allocation.  By the start: a source's edges go to plain folds, as in aggregate.c.
 *
 * Cost: 2 to 3 ns an edge to find the group, about 1 ns an edge and column.  Left out:
 * sorting by node (needs memory in edges, not groups). */
#include "graph/group.h"

#include <math.h>
#include <string.h>

#include "graph/aggregate.h"
#include "graph/distinct.h"
#include "graph/scan.h"
#include "sandbox/slot.h"

/* Edges whose groups are found in one go. */
#define CHUNK             256
#define FIRST_BITS        6
#define FIRST_ROWS        64
#define VALUES_PER_CHARGE 1024
/* An array over all nodes may be twice as large as the table, if it is no larger. */
#define SMALL_BYTES ((uint64_t)256 << 10)
/* A sum in words of a node that has not been met; no sum reaches it. */
#define NOT_MET UINT32_MAX

struct place {
    uint32_t node; /* CDN_DISTINCT_EMPTY: free */
    uint32_t row;
};

/* The groups so far. */
struct groups {
    lua_State *L;
    struct cdn_grouping *out;
    uint32_t *nodes;
    uint32_t *kept[CDN_NODES_MAX_COLUMNS]; /* of averages: values that were not null */
    uint32_t capacity;
    struct place *table; /* of 2^bits; NULL: `rows` is in use */
    uint32_t bits;
    /* one of two instead of `rows`: sums by node - base, of weigh(); as words while all that
     * has been added so far, `total`, fits one, so that twice as many lie in the caches */
    double *sums;
    uint32_t *wholes;
    uint64_t total;
    uint32_t *rows; /* by node - base; CDN_DISTINCT_EMPTY: none */
    uint32_t
        base; /* all nodes that edges can lead to lie in base .. base + range - 1 */
    uint32_t range;
    uint64_t owed; /* values gone over that are not charged yet */
};

double cdn_group_round(double value, int32_t decimals)
{
    double scale = 1;

    for (int32_t i = 0; i < decimals; i++)
        scale *= 10;
    return decimals < 0 ? value : floor(value * scale + 0.5) / scale;
}

static double finished(const struct cdn_group_column *column, double value)
{
    return cdn_group_round(value * column->times, column->decimals);
}

/* ---- finding a group ---- */

static void to_rows(struct groups *groups)
{
    size_t bytes = (size_t)groups->range * sizeof *groups->rows;

    groups->rows = cdn_scratch_alloc(groups->L, bytes ? bytes : 1);
    memset(groups->rows, 0xff, bytes);
    for (uint32_t i = 0; i < groups->out->count; i++)
        groups->rows[groups->nodes[i] - groups->base] = i;
    groups->table = NULL;
}

/* Is there one column alone, that adds the same for all edges of a source? */
static bool weighs(const struct cdn_grouping *out)
{
    const struct cdn_group_column *column = &out->columns[0];

    return out->column_count == 1 &&
           (column->fold == CDN_GROUP_COUNT ||
            (column->fold == CDN_GROUP_SUM && column->of_column));
}

/* Is it a number that can be added to words? */
static inline bool is_whole(double value)
{
    return value >= 0 && value < UINT32_MAX && value == (double)(uint32_t)value;
}

/* From a table of rows to sums by node. */
static void to_sums(struct groups *groups)
{
    const double *values = groups->out->values[0];
    size_t bytes = (size_t)groups->range * sizeof *groups->wholes;

    groups->table = NULL;
    groups->total = 0;
    for (uint32_t i = 0; i < groups->out->count; i++)
        groups->total += is_whole(values[i]) ? (uint64_t)values[i] : UINT32_MAX;
    if (groups->total < UINT32_MAX) {
        groups->wholes = cdn_scratch_alloc(groups->L, bytes ? bytes : 1);
        memset(groups->wholes, 0xff, bytes); /* NOT_MET */
        for (uint32_t i = 0; i < groups->out->count; i++)
            groups->wholes[groups->nodes[i] - groups->base] = (uint32_t)values[i];
        return;
    }
    bytes = (size_t)groups->range * sizeof *groups->sums;
    groups->sums = cdn_scratch_alloc(groups->L, bytes ? bytes : 1);
    memset(groups->sums, 0xff, bytes); /* a NaN that no sum is: not met yet */
    for (uint32_t i = 0; i < groups->out->count; i++)
        groups->sums[groups->nodes[i] - groups->base] = values[i];
}

/* From words to doubles. */
static void to_doubles(struct groups *groups)
{
    size_t bytes = (size_t)groups->range * sizeof *groups->sums;

    groups->sums = cdn_scratch_alloc(groups->L, bytes ? bytes : 1);
    memset(groups->sums, 0xff, bytes);
    for (uint32_t i = 0; i < groups->out->count; i++)
        groups->sums[groups->nodes[i] - groups->base] =
            groups->wholes[groups->nodes[i] - groups->base];
    groups->wholes = NULL;
}

static inline bool by_node(const struct groups *groups)
{
    return groups->sums || groups->wholes;
}

static void to_table(struct groups *groups, uint32_t bits)
{
    size_t bytes = sizeof *groups->table << bits;
    uint32_t mask = (UINT32_C(1) << bits) - 1;
    uint64_t by_node_bytes =
        (uint64_t)groups->range *
        (weighs(groups->out) ? sizeof *groups->sums : sizeof *groups->rows);

    if (bits > 30 || by_node_bytes <= bytes ||
        (by_node_bytes <= SMALL_BYTES && by_node_bytes <= 2 * bytes)) {
        if (weighs(groups->out))
            to_sums(groups);
        else
            to_rows(groups);
        return;
    }
    groups->table = cdn_scratch_alloc(groups->L, bytes);
    groups->bits = bits;
    memset(groups->table, 0xff, bytes);
    for (uint32_t i = 0; i < groups->out->count; i++) {
        uint32_t at = cdn_distinct_place(groups->nodes[i], bits);

        while (groups->table[at].node != CDN_DISTINCT_EMPTY)
            at = (at + 1) & mask;
        groups->table[at] = (struct place){groups->nodes[i], i};
    }
}

/* Room for so many groups more. */
CDN_RAISES static void reserve(struct groups *groups, uint32_t more)
{
    struct cdn_grouping *out = groups->out;
    uint64_t wanted = (uint64_t)out->count + more;
    uint32_t capacity = groups->capacity;
    uint32_t *nodes;

    while (groups->table && wanted > (UINT64_C(1) << groups->bits) / 2)
        to_table(groups, groups->bits + 2);
    if (wanted > groups->range)
        wanted = groups->range; /* there are no more to come */
    if (wanted <= capacity)
        return;
    wanted = wanted > 2 * (uint64_t)capacity ? wanted : 2 * (uint64_t)capacity;
    if (wanted < FIRST_ROWS)
        wanted = FIRST_ROWS;
    nodes = cdn_scratch_alloc(groups->L, (size_t)wanted * sizeof *nodes);
    if (out->count)
        memcpy(nodes, groups->nodes, out->count * sizeof *nodes);
    groups->nodes = nodes;
    for (uint32_t c = 0; c < out->column_count && !by_node(groups); c++) {
        double *values = cdn_scratch_alloc(groups->L, (size_t)wanted * sizeof *values);

        if (out->count)
            memcpy(values, out->values[c], out->count * sizeof *values);
        out->values[c] = values;
        if (out->columns[c].fold == CDN_GROUP_AVG) {
            uint32_t *kept =
                cdn_scratch_alloc(groups->L, (size_t)wanted * sizeof *kept);

            if (out->count)
                memcpy(kept, groups->kept[c], out->count * sizeof *kept);
            groups->kept[c] = kept;
        }
    }
    groups->capacity = (uint32_t)wanted;
}

static uint32_t add(struct groups *groups, uint32_t node)
{
    struct cdn_grouping *out = groups->out;
    uint32_t row = out->count++;

    groups->nodes[row] = node;
    for (uint32_t c = 0; c < out->column_count; c++) {
        enum cdn_group_fold fold = out->columns[c].fold;

        out->values[c][row] =
            fold == CDN_GROUP_MIN || fold == CDN_GROUP_MAX ? (double)NAN : 0;
        if (fold == CDN_GROUP_AVG)
            groups->kept[c][row] = 0;
    }
    return row;
}

CDN_RAISES static void find_in_table(struct groups *groups, const uint32_t *nodes,
                                     uint32_t count, uint32_t *rows)
{
    struct place *table = groups->table;
    uint32_t mask = (UINT32_C(1) << groups->bits) - 1;
    uint32_t bits = groups->bits;

    for (uint32_t i = 0; i < count; i++) {
        uint32_t at = cdn_distinct_place(nodes[i], bits);

        while (table[at].node != nodes[i] && table[at].node != CDN_DISTINCT_EMPTY)
            at = (at + 1) & mask;
        if (table[at].node == CDN_DISTINCT_EMPTY)
            table[at] = (struct place){nodes[i], add(groups, nodes[i])};
        rows[i] = table[at].row;
    }
}

static void find_in_rows(struct groups *groups, const uint32_t *nodes, uint32_t count,
                         uint32_t *rows)
{
    uint32_t *by_node = groups->rows;
    uint32_t base = groups->base;

    for (uint32_t i = 0; i < count; i++) {
        uint32_t row = by_node[nodes[i] - base];

        if (__builtin_expect(row == CDN_DISTINCT_EMPTY, 0)) {
            row = add(groups, nodes[i]);
            by_node[nodes[i] - base] = row;
        }
        rows[i] = row;
    }
}

/* The rows of edges `from` on of a span. */
CDN_RAISES static void find(struct groups *groups, const struct cdn_span *span,
                            uint32_t from, uint32_t count, uint32_t *rows)
{
    const struct cdn_reach *reach = span->reach;
    const uint32_t *peers = reach->list.peers;
    uint32_t base = reach->from->peer_base;
    uint32_t peer_count = reach->from->peer_count;
    uint32_t nodes[CHUNK];
    uint32_t bad = 0;

    for (uint32_t i = 0; span->select && i < count; i++)
        nodes[i] = peers[span->select[from + i]];
    if (!span->select)
        memcpy(nodes, peers + span->first + from, count * sizeof *nodes);
    for (uint32_t i = 0; i < count; i++)
        bad |= cdn_peer_valid(nodes[i], base, peer_count) ? 0 : 1;
    if (bad)
        cdn_raise_damaged(groups->L, "a node index is out of range");
    if (groups->table)
        find_in_table(groups, nodes, count, rows);
    else
        find_in_rows(groups, nodes, count, rows);
}

/* ---- the values of a column ---- */

/* Values of edges `from` on of a span as doubles, null as NaN. */
CDN_RAISES static void gather(lua_State *L, const struct cdn_group_column *column,
                              const struct cdn_span *span, uint32_t from,
                              uint32_t count, double *values)
{
    const struct cdn_reach *reach = span->reach;
    int32_t number = cdn_bound_column(reach->from, column->slot);
    const struct cdn_column *stored;
    struct cdn_cell_place place;
    struct cdn_cells cells;

    if (number < 0) {
        for (uint32_t i = 0; i < count; i++)
            values[i] = (double)NAN;
        return;
    }
    stored = &reach->from->adjacency->columns[number];
    if (stored->values && cdn_column_cells(stored, reach->list.block, &cells) &&
        !cells.present) {
        const void *numbers = cdn_column_at(stored, cells.values, reach->list.start);

        for (uint32_t i = 0; i < count; i++)
            values[i] =
                cdn_column_number(stored, numbers, cdn_span_position(span, from + i));
        return;
    }
    for (uint32_t i = 0; i < count; i++) {
        if (!cdn_reach_cell(reach, number, cdn_span_position(span, from + i), &place) ||
            !cdn_column_cells(place.column, place.block, &cells))
            cdn_raise_damaged(L, "a property's segment");
        values[i] = cdn_cells_present(&cells, place.index)
                        ? cdn_column_number(place.column, cells.values, place.index)
                        : (double)NAN;
    }
}

static void count_rows(struct groups *groups, uint32_t c, const uint32_t *rows,
                       uint32_t count)
{
    double *into = groups->out->values[c];

    for (uint32_t i = 0; i < count; i++)
        into[rows[i]] += 1;
}

static void accumulate(struct groups *groups, uint32_t c, const uint32_t *rows,
                       const double *values, uint32_t count)
{
    double *into = groups->out->values[c];

    switch (groups->out->columns[c].fold) {
    case CDN_GROUP_COUNT:
        break; /* has no values: count_rows() */
    case CDN_GROUP_SUM:
        for (uint32_t i = 0; i < count; i++)
            into[rows[i]] += isnan(values[i]) ? 0 : values[i];
        break;
    case CDN_GROUP_AVG:
        for (uint32_t i = 0; i < count; i++) {
            into[rows[i]] += isnan(values[i]) ? 0 : values[i];
            groups->kept[c][rows[i]] += isnan(values[i]) ? 0 : 1;
        }
        break;
    case CDN_GROUP_MIN:
        for (uint32_t i = 0; i < count; i++)
            if (!(values[i] >= into[rows[i]]) && !isnan(values[i]))
                into[rows[i]] = values[i];
        break;
    case CDN_GROUP_MAX:
        for (uint32_t i = 0; i < count; i++)
            if (!(values[i] <= into[rows[i]]) && !isnan(values[i]))
                into[rows[i]] = values[i];
        break;
    }
}

/* The same value for all of them. */
static void accumulate_one(struct groups *groups, uint32_t c, const uint32_t *rows,
                           double value, uint32_t count)
{
    double values[CHUNK];

    if (groups->out->columns[c].fold == CDN_GROUP_SUM) {
        double *into = groups->out->values[c];

        for (uint32_t i = 0; i < count && !isnan(value); i++)
            into[rows[i]] += value;
        return;
    }
    for (uint32_t i = 0; i < count; i++)
        values[i] = value;
    accumulate(groups, c, rows, values, count);
}

static double source_value(const struct cdn_edges *set,
                           const struct cdn_group_column *column, uint32_t ordinal)
{
    return cdn_nodes_column(set->origin, column->column)[ordinal];
}

/* ---- the one column there is, a count or the sum of a column ---- */

/* One pass, and one place a node in `sums`, of `type`: what a weighted expansion is.  A node
 * is new if `none` is true of `value`, what its place holds. */
#define WEIGH(type, weight, none)                                                      \
    do {                                                                               \
        for (uint32_t i = 0; i < edges; i++) {                                         \
            uint32_t node = peers[select ? select[i] : i];                             \
            uint32_t at = node - base;                                                 \
            type value;                                                                \
                                                                                       \
            if (at >= peer_count)                                                      \
                cdn_raise_damaged(groups->L, "a node index is out of range");          \
            value = sums[at];                                                          \
            if (__builtin_expect(none, 0)) {                                           \
                nodes[count++] = node;                                                 \
                value = 0;                                                             \
            }                                                                          \
            sums[at] = value + (weight);                                               \
        }                                                                              \
    } while (0)

/* Is it what a place is filled with first?  A sum can be NaN too, but not this one. */
static inline bool not_met(double value)
{
    uint64_t bits;

    memcpy(&bits, &value, sizeof bits);
    return bits == UINT64_MAX;
}

CDN_RAISES static void weigh(struct groups *groups, const struct cdn_span *span,
                             double weight)
{
    const struct cdn_reach *reach = span->reach;
    const uint32_t *peers = reach->list.peers;
    const uint32_t *select = span->select;
    uint32_t edges = span->count;
    uint32_t base = reach->from->peer_base;
    uint32_t peer_count = reach->from->peer_count;
    uint32_t *nodes = groups->nodes;
    uint32_t count = groups->out->count;

    if (!nodes)
        return; /* there are none to come */
    if (!select)
        peers += span->first;
    if (groups->wholes) {
        uint32_t *sums = groups->wholes + (base - groups->base);
        uint32_t whole = (uint32_t)weight;

        WEIGH(uint32_t, whole, value == NOT_MET);
    } else {
        double *sums = groups->sums + (base - groups->base);

        WEIGH(double, weight, isnan(value) && not_met(value));
    }
    groups->out->count = count;
}

void cdn_group_place(double *out, const struct cdn_grouping *grouping)
{
    const uint32_t *nodes = grouping->nodes;
    uint32_t base = grouping->base;

    for (uint32_t i = 0; i < grouping->count && grouping->by_node; i++)
        out[i] = grouping->by_node[nodes[i] - base];
    for (uint32_t i = 0; i < grouping->count && grouping->wholes; i++)
        out[i] = grouping->wholes[nodes[i] - base];
}

CDN_RAISES static void weigh_span(struct groups *groups, const struct cdn_edges *set,
                                  const struct cdn_span *span)
{
    const struct cdn_group_column *column = &groups->out->columns[0];
    double weight = 1;

    if (column->of_column)
        weight = source_value(set, column, span->reach->ordinal);
    weight = isnan(weight) ? 0 : weight;
    reserve(groups, span->count);
    if (groups->wholes) {
        if (is_whole(weight))
            groups->total += (uint64_t)weight * span->count;
        if (!is_whole(weight) || groups->total >= NOT_MET)
            to_doubles(groups);
    }
    weigh(groups, span, weight);
}

/* Charge an instruction for four values, some at a time. */
CDN_RAISES static void pay(struct groups *groups, uint64_t values)
{
    groups->owed += values;
    if (groups->owed < VALUES_PER_CHARGE)
        return;
    values = groups->owed;
    groups->owed = 0;
    cdn_meter_charge(groups->L, values / 4);
}

CDN_RAISES static void group_span(struct groups *groups, const struct cdn_edges *set,
                                  const struct cdn_span *span)
{
    struct cdn_grouping *out = groups->out;
    uint32_t rows[CHUNK];
    double values[CHUNK];

    pay(groups, (uint64_t)span->count * out->column_count);
    if (by_node(groups)) {
        weigh_span(groups, set, span);
        return;
    }
    for (uint32_t done = 0; done < span->count;) {
        uint32_t part = span->count - done < CHUNK ? span->count - done : CHUNK;

        reserve(groups, part);
        if (by_node(groups)) {
            struct cdn_span rest = *span;

            rest.select = span->select ? span->select + done : NULL;
            rest.first += done;
            rest.count -= done;
            weigh_span(groups, set, &rest);
            return;
        }
        find(groups, span, done, part, rows);
        for (uint32_t c = 0; c < out->column_count; c++) {
            const struct cdn_group_column *column = &out->columns[c];

            if (column->of_column) {
                accumulate_one(groups, c, rows,
                               source_value(set, column, span->reach->ordinal), part);
                continue;
            }
            if (column->fold == CDN_GROUP_COUNT) {
                count_rows(groups, c, rows, part);
                continue;
            }
            gather(groups->L, column, span, done, part, values);
            accumulate(groups, c, rows, values, part);
        }
        done += part;
    }
}

/* All nodes that the set's edges can lead to. */
static void find_range(struct groups *groups, const struct cdn_scan *scan)
{
    const struct cdn_bound_kind *kind = scan->kind;
    uint64_t end = 0;

    groups->base = UINT32_MAX;
    for (uint32_t i = 0; i < kind->list_count; i++) {
        const struct cdn_bound_list *list = &kind->lists[i];

        if (scan->set->direction != CDN_BOTH &&
            list->incoming != (scan->set->direction == CDN_INCOMING))
            continue;
        if (list->peer_base < groups->base)
            groups->base = list->peer_base;
        if ((uint64_t)list->peer_base + list->peer_count > end)
            end = (uint64_t)list->peer_base + list->peer_count;
    }
    groups->range = end > groups->base ? (uint32_t)(end - groups->base) : 0;
}

CDN_RAISES static void group_by_other(struct cdn_grouping *out, lua_State *L,
                                      struct cdn_edges *set)
{
    struct groups groups = {.L = L, .out = out};
    struct cdn_scan_room room;
    struct cdn_scan scan;
    struct cdn_span span;

    cdn_scan_begin_here(&scan, &room, L, set,
                        (struct cdn_scan_how){.ordered = true, .looks = true});
    find_range(&groups, &scan);
    to_table(&groups, FIRST_BITS);
    while (cdn_scan_next(&scan, &span))
        group_span(&groups, set, &span);
    cdn_scan_end(&scan);
    cdn_meter_charge(L,
                     1 + (groups.owed + (uint64_t)out->count * out->column_count) / 4);
    out->nodes = groups.nodes;
    out->by_node = groups.sums;
    out->wholes = groups.wholes;
    out->base = groups.base;
    for (uint32_t c = 0; c < out->column_count; c++) {
        bool averages = out->columns[c].fold == CDN_GROUP_AVG;

        if (!averages && out->columns[c].times == 1 && out->columns[c].decimals < 0)
            continue;
        if (by_node(&groups)) {
            out->values[c] =
                cdn_scratch_alloc(L, (out->count + 1) * sizeof *out->values[c]);
            cdn_group_place(out->values[c], out);
            out->by_node = NULL;
            out->wholes = NULL;
        }
        for (uint32_t i = 0; i < out->count; i++)
            out->values[c][i] = finished(
                &out->columns[c],
                averages ? out->values[c][i] / groups.kept[c][i] : out->values[c][i]);
    }
}

/* ---- by the start ---- */

static void begin_folds(const struct cdn_grouping *out, struct cdn_fold *folds)
{
    for (uint32_t c = 0; c < out->column_count; c++) {
        const struct cdn_group_column *column = &out->columns[c];

        cdn_fold_init(&folds[c],
                      column->fold == CDN_GROUP_MIN   ? CDN_FOLD_MIN
                      : column->fold == CDN_GROUP_MAX ? CDN_FOLD_MAX
                                                      : CDN_FOLD_SUM,
                      column->integral);
    }
}

/* Over a column of the source itself, which is one value for all `edges`. */
static double over_source(const struct cdn_group_column *column, double value,
                          uint64_t edges)
{
    if (column->fold == CDN_GROUP_SUM)
        return isnan(value) ? 0 : value * (double)edges;
    return edges ? value : (double)NAN;
}

static void end_source(struct cdn_grouping *out, const struct cdn_edges *set,
                       const struct cdn_fold *folds, uint32_t ordinal, uint64_t edges)
{
    for (uint32_t c = 0; c < out->column_count; c++) {
        const struct cdn_group_column *column = &out->columns[c];
        double value;

        if (column->fold == CDN_GROUP_COUNT)
            value = (double)edges;
        else if (column->of_column)
            value = over_source(column, source_value(set, column, ordinal), edges);
        else if (folds[c].kept == 0 && column->fold != CDN_GROUP_SUM)
            value = (double)NAN;
        else
            value = cdn_fold_result(&folds[c]);
        if (column->fold == CDN_GROUP_AVG && !column->of_column)
            value /= (double)folds[c].kept;
        out->values[c][ordinal] = finished(column, value);
    }
}

CDN_RAISES static void group_by_start(struct cdn_grouping *out, lua_State *L,
                                      struct cdn_edges *set)
{
    struct cdn_fold folds[CDN_NODES_MAX_COLUMNS];
    struct cdn_scan_how how = {.ordered = true};
    struct cdn_scan_room room;
    struct cdn_scan scan;
    struct cdn_span span;
    uint32_t ordinal = 0;
    uint64_t edges = 0;

    out->count = set->node_count;
    out->nodes = set->nodes ? set->nodes : &set->node;
    cdn_meter_charge(L, 1 + (uint64_t)out->count * out->column_count / 4);
    for (uint32_t c = 0; c < out->column_count; c++) {
        const struct cdn_group_column *column = &out->columns[c];

        out->values[c] = cdn_scratch_alloc(L, (out->count ? out->count : 1) *
                                                  sizeof *out->values[c]);
        if (column->fold == CDN_GROUP_COUNT || column->of_column)
            continue;
        how.looks = how.fetch = true;
        how.slot = (uint8_t)column->slot;
    }
    begin_folds(out, folds);
    cdn_scan_begin_here(&scan, &room, L, set, how);
    while (cdn_scan_next(&scan, &span)) {
        while (ordinal < span.reach->ordinal) {
            end_source(out, set, folds, ordinal++, edges);
            begin_folds(out, folds);
            edges = 0;
        }
        edges += span.count;
        if (how.looks)
            cdn_meter_charge(L, ((uint64_t)span.count * out->column_count + 3) / 4);
        for (uint32_t c = 0; c < out->column_count; c++)
            if (out->columns[c].fold != CDN_GROUP_COUNT && !out->columns[c].of_column)
                cdn_span_fold(&folds[c], L, &span, out->columns[c].slot);
    }
    cdn_scan_end(&scan);
    for (; ordinal < out->count; ordinal++) {
        end_source(out, set, folds, ordinal, edges);
        begin_folds(out, folds);
        edges = 0;
    }
}

void cdn_edges_group(struct cdn_grouping *grouping, lua_State *L, struct cdn_edges *set)
{
    grouping->count = 0;
    grouping->nodes = NULL;
    grouping->by_node = NULL;
    grouping->wholes = NULL;
    if (grouping->by == CDN_GROUP_START)
        group_by_start(grouping, L, set);
    else
        group_by_other(grouping, L, set);
}
