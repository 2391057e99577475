/* Cycles: see cycle.h.
 *
 * The edges that lead back to the start are read once, and chained by the node they come
 * from, earliest first, in a table.  The set's edges are followed one after another, depth
 * first; the last edge but one of a cycle is looked up in the table.  So a cycle of three
 * reads what its first edge's ends send within the window, and nothing twice.
 *
 * The lists that the set's own edges lead to are resolved a batch at a time in passes, each
 * asking memory for what the next one reads, as in scan.c.
 *
 * Left out: meeting in the middle for longer cycles (needs memory in paths, not edges). */
#include "graph/cycle.h"

#include <math.h>
#include <string.h>

#include "graph/distinct.h"
#include "graph/scan.h"
#include "sandbox/slot.h"

/* Edges tried between two charges. */
#define STEPS 256
#define NONE  UINT32_MAX

/* An edge that leads back to the start. */
struct back {
    uint32_t next; /* the next later one from the same node */
    uint32_t node;
    int64_t time;
    double value;
    uint32_t list; /* its place, for its id */
    uint32_t position;
};

/* The edges taken so far. */
struct so_far {
    uint32_t count;
    uint32_t node; /* where they lead */
    int64_t time;  /* of the last one */
    int64_t end;   /* of the time there is */
    double low;    /* smallest and largest value */
    double high;
    double sum;
};

struct hunt {
    lua_State *L;
    struct cdn_cycles *out;
    struct cdn_edges *set;
    const struct cdn_bound_kind *kind;
    struct cdn_scan scan; /* what opening a list needs; it never runs */
    uint32_t start;
    /* the lists of the last label met */
    uint32_t label_base;
    uint32_t label_count;
    const struct cdn_bound_list *lists;
    uint32_t list_count;
    /* conditions: [list of the kind][operation] */
    struct cdn_test *tests;
    bool conditions;
    /* leading back */
    struct cdn_reach *back_reaches;
    struct back *backs;
    uint32_t back_count;
    uint32_t *heads; /* 2^bits places */
    uint32_t bits;
    uint32_t steps;
    /* on the way */
    uint32_t nodes[CDN_CYCLE_MAX_HOPS];
    struct cdn_reach *reaches[CDN_CYCLE_MAX_HOPS]; /* of each edge taken */
    uint32_t positions[CDN_CYCLE_MAX_HOPS];
};

/* ---- lists ---- */

static const struct cdn_bound_list *lists_of(const struct hunt *hunt, uint32_t node,
                                             enum cdn_direction direction,
                                             uint32_t *count)
{
    uint32_t label = cdn_snapshot_label_of(hunt->scan.run->snapshot, node);
    const struct cdn_bound_ends *ends = &hunt->kind->ends[label];

    *count = direction == CDN_OUTGOING ? ends->outgoing : ends->incoming;
    return hunt->kind->lists + ends->first +
           (direction == CDN_OUTGOING ? 0 : ends->outgoing);
}

static void enter(struct hunt *hunt, uint32_t node)
{
    const cordon_snapshot *snapshot = hunt->scan.run->snapshot;
    const struct cdn_label_data *label;

    if (node - hunt->label_base < hunt->label_count)
        return;
    label = &snapshot->labels[cdn_snapshot_label_of(snapshot, node)];
    hunt->label_base = label->base;
    hunt->label_count = label->count;
    hunt->lists = lists_of(hunt, node, (enum cdn_direction)hunt->set->direction,
                           &hunt->list_count);
}

/* The set's windows, and one more. */
static void narrow(const struct hunt *hunt, struct cdn_reach *reach, int64_t low,
                   int64_t high)
{
    for (uint32_t i = 0; i < hunt->set->operation_count; i++) {
        const struct cdn_operation *operation = &hunt->set->operations[i];

        if (operation->kind != CDN_OPERATION_WINDOW)
            continue;
        low = low > operation->as.window.low ? low : operation->as.window.low;
        high = high < operation->as.window.high ? high : operation->as.window.high;
    }
    cdn_reach_window(reach, low, high);
}

CDN_RAISES static bool passes(const struct hunt *hunt, const struct cdn_reach *reach,
                              uint32_t position)
{
    const struct cdn_edges *set = hunt->set;
    const struct cdn_test *tests =
        hunt->tests + (size_t)(reach->from - hunt->kind->lists) * set->operation_count;
    bool damaged = false;
    bool pass = true;

    for (uint32_t i = 0; pass && i < set->operation_count; i++) {
        struct cdn_cell_place place;

        if (set->operations[i].kind != CDN_OPERATION_WHERE)
            continue;
        pass = tests[i].form != CDN_TEST_NOTHING;
        if (!pass)
            break;
        if (!cdn_reach_cell(reach, tests[i].number, position, &place))
            cdn_raise_damaged(hunt->L, "an edge number is out of range");
        pass =
            cdn_test_cell(&tests[i], place.column, place.block, place.index, &damaged);
    }
    if (damaged)
        cdn_raise_damaged(hunt->L, "a property value is out of range");
    return pass;
}

/* The values of a list, from its first edge on. */
struct values {
    const struct cdn_column *column;
    const void *at; /* NULL: they are not there as an array without nulls */
};

CDN_RAISES static struct values values_of(const struct hunt *hunt,
                                          const struct cdn_reach *reach)
{
    int32_t number = cdn_bound_column(reach->from, hunt->out->slot);
    struct values values = {.at = NULL};
    struct cdn_cells cells;

    if (!hunt->out->valued || number < 0)
        return values;
    values.column = &reach->from->adjacency->columns[number];
    if (!values.column->values)
        return values;
    if (!cdn_column_cells(values.column, reach->list.block, &cells))
        cdn_raise_damaged(hunt->L, "a property's segment");
    if (!cells.present)
        values.at = cdn_column_at(values.column, cells.values, reach->list.start);
    return values;
}

CDN_RAISES static double slow_value(const struct hunt *hunt,
                                    const struct cdn_reach *reach, uint32_t position)
{
    int32_t number = cdn_bound_column(reach->from, hunt->out->slot);
    struct cdn_cell_place place;
    struct cdn_cells cells;

    if (!hunt->out->valued)
        return 0;
    if (number < 0)
        return (double)NAN;
    if (!cdn_reach_cell(reach, number, position, &place) ||
        !cdn_column_cells(place.column, place.block, &cells))
        cdn_raise_damaged(hunt->L, "a property's segment");
    if (!cdn_cells_present(&cells, place.index))
        return (double)NAN;
    return cdn_column_number(place.column, cells.values, place.index);
}

CDN_RAISES static inline double value_at(const struct hunt *hunt,
                                         const struct cdn_reach *reach,
                                         struct values values, uint32_t position)
{
    return values.at ? cdn_column_number(values.column, values.at, position)
                     : slow_value(hunt, reach, position);
}

static inline bool alike(const struct hunt *hunt, double low, double high)
{
    return hunt->out->ratio == HUGE_VAL || high <= hunt->out->ratio * low;
}

/* The other end of an edge, checked.                                      [-0, +0, e] */
CDN_RAISES static inline uint32_t
peer_at(const struct hunt *hunt, const struct cdn_reach *reach, uint32_t position)
{
    uint32_t peer = reach->list.peers[position];

    if (!cdn_peer_valid(peer, reach->from->peer_base, reach->from->peer_count))
        cdn_raise_damaged(hunt->L, "a node index is out of range");
    return peer;
}

/* ---- the way back ---- */

/* Read the edges that lead back within low .. high; false: there are none. */
CDN_RAISES static bool read_backs(struct hunt *hunt, int64_t low, int64_t high)
{
    lua_State *L = hunt->L;
    uint32_t list_count;
    const struct cdn_bound_list *lists =
        lists_of(hunt, hunt->start,
                 hunt->set->direction == CDN_OUTGOING ? CDN_INCOMING : CDN_OUTGOING,
                 &list_count);
    uint64_t total = 0;

    cdn_meter_charge_edges(L, list_count);
    hunt->back_reaches =
        cdn_scratch_alloc(L, (list_count + 1) * sizeof *hunt->back_reaches);
    for (uint32_t l = 0; l < list_count; l++) {
        struct cdn_reach *reach = &hunt->back_reaches[l];

        cdn_reach_open(&hunt->scan, reach, &lists[l], hunt->start, 0);
        narrow(hunt, reach, low, high);
        total += reach->high - reach->low;
    }
    if (total == 0)
        return false;
    cdn_meter_charge_edges(L, total);
    hunt->backs = cdn_scratch_alloc(L, total * sizeof *hunt->backs);
    for (uint32_t l = 0; l < list_count; l++) {
        const struct cdn_reach *reach = &hunt->back_reaches[l];
        struct values values = values_of(hunt, reach);

        for (uint32_t p = reach->low; p < reach->high; p++) {
            struct back *back = &hunt->backs[hunt->back_count];

            if (hunt->conditions && !passes(hunt, reach, p))
                continue;
            *back = (struct back){.node = peer_at(hunt, reach, p),
                                  .time = reach->list.times[p],
                                  .value = value_at(hunt, reach, values, p),
                                  .list = l,
                                  .position = p};
            if (!isnan(back->value) && back->node != hunt->start)
                hunt->back_count++;
        }
    }
    return hunt->back_count > 0;
}

/* The place of a node in the table: taken by an edge from it, or free. */
static inline uint32_t place_of(const struct hunt *hunt, uint32_t node)
{
    uint32_t mask = (UINT32_C(1) << hunt->bits) - 1;
    uint32_t at = cdn_distinct_place(node, hunt->bits);

    while (hunt->heads[at] != NONE && hunt->backs[hunt->heads[at]].node != node)
        at = (at + 1) & mask;
    return at;
}

CDN_RAISES static void chain_backs(struct hunt *hunt)
{
    hunt->bits = 4;
    while (hunt->bits < 31 && UINT32_C(1) << hunt->bits < 2 * hunt->back_count)
        hunt->bits++;
    hunt->heads = cdn_scratch_alloc(hunt->L, sizeof *hunt->heads << hunt->bits);
    memset(hunt->heads, 0xff, sizeof *hunt->heads << hunt->bits);
    cdn_meter_charge(hunt->L, 1 + hunt->back_count / 2);
    /* from the last one, so that a list's earliest is met first */
    for (uint32_t i = hunt->back_count; i > 0; i--) {
        uint32_t at = place_of(hunt, hunt->backs[i - 1].node);

        hunt->backs[i - 1].next = hunt->heads[at];
        hunt->heads[at] = i - 1;
    }
}

CDN_RAISES static uint64_t id_of(const struct hunt *hunt, const struct cdn_reach *reach,
                                 uint32_t position)
{
    uint64_t id;

    if (!cdn_reach_edge_id(reach, position, &id))
        cdn_raise_damaged(hunt->L, "an edge number is out of range");
    return id;
}

/* A cycle: the edges so far and the way back. */
CDN_RAISES static void found(struct hunt *hunt, const struct so_far *way,
                             const struct back *back)
{
    struct cdn_cycles *out = hunt->out;
    double sum = way->sum + back->value;

    if (out->count++ > 0 && !(sum > out->largest))
        return;
    out->largest = sum;
    for (uint32_t i = 0; i < way->count; i++)
        out->edges[i] = id_of(hunt, hunt->reaches[i], hunt->positions[i]);
    out->edges[way->count] =
        id_of(hunt, &hunt->back_reaches[back->list], back->position);
}

/* What is done beside reading edges is charged some of it at a time. */
CDN_RAISES static inline void pay_steps(struct hunt *hunt)
{
    uint32_t steps = hunt->steps;

    if (steps < STEPS)
        return;
    hunt->steps = 0;
    cdn_meter_charge(hunt->L, steps);
}

/* All ways back from where the edges so far lead.                         [-0, +0, e] */
CDN_RAISES static void close_all(struct hunt *hunt, const struct so_far *way)
{
    for (uint32_t i = hunt->heads[place_of(hunt, way->node)]; i != NONE;
         i = hunt->backs[i].next) {
        const struct back *back = &hunt->backs[i];
        double low = back->value < way->low ? back->value : way->low;
        double high = back->value > way->high ? back->value : way->high;

        hunt->steps++;
        pay_steps(hunt);
        if (back->time > way->time && back->time <= way->end && alike(hunt, low, high))
            found(hunt, way, back);
    }
}

/* ---- the way out ---- */

CDN_RAISES static void follow(struct hunt *hunt, const struct so_far *way);

/* One more edge: false if it cannot be on a cycle. */
static inline bool take(const struct hunt *hunt, struct so_far *next,
                        const struct so_far *way, uint32_t node, int64_t time,
                        double value)
{
    *next = *way;
    next->count++;
    next->node = node;
    next->time = time;
    next->low = value < way->low ? value : way->low;
    next->high = value > way->high ? value : way->high;
    next->sum += value;
    if (isnan(value) || !alike(hunt, next->low, next->high) || node == hunt->start)
        return false;
    for (uint32_t i = 0; i < way->count; i++)
        if (hunt->nodes[i] == node)
            return false;
    return true;
}

/* The first edge from `p` on whose value is not too far from those so far, by its value
 * alone: nothing else is read of the others, which are most.  Not a number passes. */
#define SKIP(type, number)                                                             \
    do {                                                                               \
        const type *all = values.at;                                                   \
                                                                                       \
        for (; p < end; p++) {                                                         \
            type v = all[p];                                                           \
            double value = (number);                                                   \
            double least = value < low ? value : low;                                  \
            double most = value > high ? value : high;                                 \
                                                                                       \
            if (most <= ratio * least)                                                 \
                break;                                                                 \
        }                                                                              \
    } while (0)

static uint32_t skip(const struct hunt *hunt, const struct so_far *way,
                     struct values values, uint32_t p, uint32_t end)
{
    double ratio = hunt->out->ratio;
    double low = way->low;
    double high = way->high;
    uint64_t base;

    if (!values.at || ratio == HUGE_VAL)
        return p;
    base = (uint64_t)values.column->base;
    if (!hunt->out->integral)
        SKIP(double, v);
    else if (values.column->width == sizeof(uint8_t))
        SKIP(uint8_t, (double)(int64_t)(base + v));
    else if (values.column->width == sizeof(uint16_t))
        SKIP(uint16_t, (double)(int64_t)(base + v));
    else if (values.column->width == sizeof(uint32_t))
        SKIP(uint32_t, (double)(int64_t)(base + v));
    else
        SKIP(int64_t, (double)v);
    return p;
}

/* Go over what is left of a list.                                         [-0, +0, e] */
CDN_RAISES static void follow_list(struct hunt *hunt, struct cdn_reach *reach,
                                   const struct so_far *way)
{
    struct values values = values_of(hunt, reach);
    bool last = way->count + 2 == hunt->out->hops;
    uint32_t end = reach->high;
    struct so_far next;

    hunt->steps += reach->high - reach->low;
    pay_steps(hunt);
    hunt->reaches[way->count] = reach;
    for (uint32_t p = skip(hunt, way, values, reach->low, end); p < end;
         p = skip(hunt, way, values, p + 1, end)) {
        double value = value_at(hunt, reach, values, p);

        if (!take(hunt, &next, way, peer_at(hunt, reach, p), reach->list.times[p],
                  value) ||
            (hunt->conditions && !passes(hunt, reach, p)))
            continue;
        hunt->nodes[way->count] = next.node;
        hunt->positions[way->count] = p;
        if (last)
            close_all(hunt, &next);
        else
            follow(hunt, &next);
    }
}

CDN_RAISES static void follow(struct hunt *hunt, const struct so_far *way)
{
    enter(hunt, way->node);
    for (uint32_t l = 0; l < hunt->list_count; l++) {
        struct cdn_reach reach;

        enter(hunt, way->node); /* deeper ones may have been elsewhere */
        cdn_meter_charge_edges(hunt->L, 1);
        cdn_reach_open(&hunt->scan, &reach, &hunt->lists[l], way->node, 0);
        narrow(hunt, &reach, way->time < INT64_MAX ? way->time + 1 : INT64_MAX,
               way->end);
        if (reach.low == reach.high)
            continue;
        cdn_meter_charge_edges(hunt->L, reach.high - reach.low);
        follow_list(hunt, &reach, way);
    }
}

/* The first edges of one batch, and where they lead. */
struct batch {
    struct so_far ways[CDN_BATCH];
    struct cdn_reach reaches[CDN_BATCH];
    uint32_t positions[CDN_BATCH];
    uint32_t count;
};

/* Follow a batch of first edges; with one list each, in passes. */
CDN_RAISES static void follow_batch(struct hunt *hunt, struct batch *batch)
{
    uint32_t count = batch->count;
    bool single = true;

    batch->count = 0;
    for (uint32_t i = 0; i < count && hunt->out->hops > 2; i++) {
        const struct cdn_adjacency *adjacency;
        uint32_t local;

        enter(hunt, batch->ways[i].node);
        single = single && hunt->list_count == 1;
        if (!single)
            break;
        adjacency = hunt->lists->adjacency;
        local = batch->ways[i].node - hunt->lists->node_base;
        batch->reaches[i].from = hunt->lists;
        __builtin_prefetch(
            (const void *)(CDN_PEEK(adjacency->offsets, local >> adjacency->shift) +
                           (local & ((UINT32_C(1) << adjacency->shift) - 1)) *
                               sizeof(uint32_t)));
    }
    if (hunt->out->hops == 2 || !single) {
        for (uint32_t i = 0; i < count; i++) {
            hunt->nodes[0] = batch->ways[i].node;
            hunt->positions[0] = batch->positions[i];
            if (hunt->out->hops == 2)
                close_all(hunt, &batch->ways[i]);
            else
                follow(hunt, &batch->ways[i]);
        }
        return;
    }
    cdn_meter_charge_edges(hunt->L, count);
    for (uint32_t i = 0; i < count; i++) {
        struct cdn_reach *reach = &batch->reaches[i];

        cdn_reach_open(&hunt->scan, reach, reach->from, batch->ways[i].node, 0);
        if (reach->list.count) {
            __builtin_prefetch(reach->list.times);
            __builtin_prefetch(reach->list.times + reach->list.count / 2);
            __builtin_prefetch(reach->list.times + reach->list.count - 1);
        }
    }
    for (uint32_t i = 0; i < count; i++) {
        struct cdn_reach *reach = &batch->reaches[i];
        int64_t time = batch->ways[i].time;
        struct values values;

        narrow(hunt, reach, time < INT64_MAX ? time + 1 : INT64_MAX,
               batch->ways[i].end);
        if (reach->low == reach->high)
            continue;
        values = values_of(hunt, reach);
        __builtin_prefetch(reach->list.peers + reach->low);
        if (values.at)
            __builtin_prefetch(cdn_column_at(values.column, values.at, reach->low));
    }
    for (uint32_t i = 0; i < count; i++) {
        struct cdn_reach *reach = &batch->reaches[i];

        if (reach->low == reach->high)
            continue;
        cdn_meter_charge_edges(hunt->L, reach->high - reach->low);
        hunt->nodes[0] = batch->ways[i].node;
        hunt->positions[0] = batch->positions[i];
        follow_list(hunt, reach, &batch->ways[i]);
    }
}

/* The first edges of a cycle, in one list of the start.                   [-0, +0, e] */
CDN_RAISES static void begin_list(struct hunt *hunt, struct cdn_reach *reach,
                                  struct batch *batch)
{
    int64_t within = hunt->out->within;
    struct values values = values_of(hunt, reach);
    const struct so_far nothing = {.low = HUGE_VAL, .high = -HUGE_VAL};

    hunt->reaches[0] = reach;
    for (uint32_t p = reach->low; p < reach->high; p++) {
        struct so_far *way = &batch->ways[batch->count];
        int64_t time = reach->list.times[p];

        if (!take(hunt, way, &nothing, peer_at(hunt, reach, p), time,
                  value_at(hunt, reach, values, p)) ||
            (hunt->conditions && !passes(hunt, reach, p)))
            continue;
        way->end =
            within < INT64_MAX && time < INT64_MAX - within ? time + within : INT64_MAX;
        batch->positions[batch->count++] = p;
        if (batch->count == CDN_BATCH)
            follow_batch(hunt, batch);
    }
    follow_batch(hunt, batch);
}

/* All cycles through the start. */
CDN_RAISES static void hunt_from(struct hunt *hunt, uint32_t start)
{
    lua_State *L = hunt->L;
    int64_t within = hunt->out->within;
    int64_t low = INT64_MAX;
    int64_t high = INT64_MIN;
    struct cdn_reach *firsts;
    struct batch *batch;
    uint32_t list_count;
    uint64_t total = 0;

    hunt->start = start;
    hunt->back_count = 0;
    enter(hunt, start);
    list_count = hunt->list_count;
    if (list_count == 0)
        return;
    cdn_meter_charge_edges(L, list_count);
    firsts = cdn_scratch_alloc(L, list_count * sizeof *firsts);
    for (uint32_t l = 0; l < list_count; l++) {
        cdn_reach_open(&hunt->scan, &firsts[l], &hunt->lists[l], start, 0);
        narrow(hunt, &firsts[l], INT64_MIN, INT64_MAX);
        if (firsts[l].low == firsts[l].high)
            continue;
        total += firsts[l].high - firsts[l].low;
        low = low < firsts[l].list.times[firsts[l].low]
                  ? low
                  : firsts[l].list.times[firsts[l].low];
        high = high > firsts[l].list.times[firsts[l].high - 1]
                   ? high
                   : firsts[l].list.times[firsts[l].high - 1];
    }
    if (total == 0)
        return;
    high = within < INT64_MAX && high < INT64_MAX - within ? high + within : INT64_MAX;
    if (!read_backs(hunt, low < INT64_MAX ? low + 1 : low, high))
        return;
    chain_backs(hunt);
    cdn_meter_charge_edges(L, total);
    batch = cdn_scratch_alloc(L, sizeof *batch);
    batch->count = 0;
    for (uint32_t l = 0; l < list_count; l++)
        begin_list(hunt, &firsts[l], batch);
}

/* The conditions for every list of the type.                              [-0, +0, e] */
CDN_RAISES static void compile_tests(struct hunt *hunt)
{
    const struct cdn_edges *set = hunt->set;

    for (uint32_t i = 0; i < set->operation_count; i++)
        hunt->conditions =
            hunt->conditions || set->operations[i].kind == CDN_OPERATION_WHERE;
    if (!hunt->conditions)
        return;
    hunt->tests =
        cdn_scratch_alloc(hunt->L, (size_t)hunt->kind->list_count *
                                       set->operation_count * sizeof *hunt->tests);
    for (uint32_t l = 0; l < hunt->kind->list_count; l++)
        for (uint32_t i = 0; i < set->operation_count; i++)
            if (set->operations[i].kind == CDN_OPERATION_WHERE &&
                !cdn_scan_test(&hunt->tests[l * set->operation_count + i], set,
                               &hunt->kind->lists[l], &set->operations[i], 0))
                cdn_raise_damaged(hunt->L, "a dictionary is out of range");
}

void cdn_edges_cycles(struct cdn_cycles *cycles, lua_State *L, struct cdn_edges *set)
{
    size_t mark = cdn_scratch_mark(L);
    struct cdn_scan_room room;
    struct hunt hunt = {.L = L, .out = cycles, .set = set};
    struct cdn_edges deepest = *set; /* without its operations: nothing is scanned */

    cycles->count = 0;
    cycles->largest = 0;
    /* the last edge of a cycle is read with the first, but leads on from the others */
    deepest.operation_count = 0;
    deepest.depth += cycles->hops - 1;
    cdn_scan_begin_here(&hunt.scan, &room, L, &deepest, (struct cdn_scan_how){0});
    hunt.scan.set = set;
    hunt.kind = hunt.scan.kind;
    compile_tests(&hunt);
    for (uint32_t i = 0; i < set->node_count; i++) {
        size_t own = cdn_scratch_mark(L);

        cdn_meter_charge_nodes(L, hunt.scan.meter, 1);
        hunt_from(&hunt, set->nodes ? set->nodes[i] : set->node);
        cdn_scratch_release(L, own);
    }
    cdn_meter_charge(L, hunt.steps);
    cdn_scan_end(&hunt.scan);
    cdn_scratch_release(L, mark);
}
