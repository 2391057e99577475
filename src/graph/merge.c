/* One source node's edges where they must be brought into order, or kept, before they
 * can be cut: several lists in one (label pairs, `both`), or a cut behind a condition.
 *
 * Lists are merged by (time, peer, edge id) from either end, so that "latest n" of two
 * long lists takes n steps; what a cut must remember is at most as long as the cut.  An
 * entry is a list's number and a position in it.  The number of lists is small (label
 * pairs of one edge type, twice), so the next edge is found by looking at every head.
 *
 * Cost: some 10 ns an edge.  Left out: a heap over the heads, galloping. */
#include "graph/scan.h"

#include <math.h>
#include <string.h>

#include "graph/aggregate.h"
#include "graph/cut.h"
#include "sandbox/slot.h"

/* Edges of a single list that are filtered in one go. */
#define RUN_EDGES 64
/* Edges of the next source's list that are asked for at most. */
#define LOOK_AHEAD 256

struct cdn_merge {
    struct cdn_reach *reaches;
    struct cdn_test *tests; /* [list][operation] */
    const struct cdn_bound_list *tests_for;
    uint32_t list_capacity;
    uint32_t from;     /* the first operation that is not resolved yet */
    bool streaming;    /* no cut ahead: entries are made a chunk at a time */
    uint64_t *entries; /* list << 32 | position */
    uint32_t capacity;
    uint32_t count;
    uint32_t at;
    bool
        direct; /* the kept edges are `positions` of the one list, and all that is left */
    uint32_t *positions;
    uint32_t position_capacity;
    uint32_t position_at;
    uint32_t ahead;             /* edges of a list that are likely to be read ... */
    bool backward;              /* ... from its end */
    struct cdn_ranking ranking; /* of largest and smallest; its room is kept */
};

/* What a scan remembers, by the place in the environment where a loop keeps it. */
enum keep { KEEP_MERGE = 1, KEEP_REACHES, KEEP_TESTS, KEEP_ENTRIES, KEEP_POSITIONS };

/* Memory until the scan is over; what was kept there before may be collected. */
CDN_RAISES static void *room(struct cdn_scan *scan, enum keep what, size_t bytes)
{
    lua_State *L = scan->L;
    void *memory;

    if (!scan->collected)
        return cdn_scratch_alloc(L, bytes);
    if (!scan->has_room) {
        lua_createtable(L, KEEP_POSITIONS, 0);
        lua_setfenv(L, lua_upvalueindex(1));
        scan->has_room = true;
    }
    lua_getfenv(L, lua_upvalueindex(1));
    memory = lua_newuserdata(L, bytes);
    lua_rawseti(L, -2, (int)what);
    lua_pop(L, 1);
    return memory;
}

static uint64_t edge_id(lua_State *L, const struct cdn_reach *reach, uint32_t position)
{
    uint64_t id;

    if (!cdn_reach_edge_id(reach, position, &id))
        cdn_raise_damaged(L, "an edge number is out of range");
    return id;
}

/* Does edge a_at of a come before edge b_at of b? */
static bool before(lua_State *L, const struct cdn_reach *a, uint32_t a_at,
                   const struct cdn_reach *b, uint32_t b_at)
{
    if (a->list.times && b->list.times && a->list.times[a_at] != b->list.times[b_at])
        return a->list.times[a_at] < b->list.times[b_at];
    if (a->list.peers[a_at] != b->list.peers[b_at])
        return a->list.peers[a_at] < b->list.peers[b_at];
    return edge_id(L, a, a_at) < edge_id(L, b, b_at);
}

/* The list whose first (last) remaining edge comes first (last); list_count: none left.
 */
static uint32_t pick(const struct cdn_scan *scan, bool backward)
{
    const struct cdn_reach *reaches = scan->merge->reaches;
    uint32_t best = scan->list_count;

    for (uint32_t i = 0; i < scan->list_count; i++) {
        const struct cdn_reach *reach = &reaches[i];

        if (reach->low >= reach->high)
            continue;
        if (best == scan->list_count ||
            (backward ? before(scan->L, &reaches[best], reaches[best].high - 1, reach,
                               reach->high - 1)
                      : before(scan->L, reach, reach->low, &reaches[best],
                               reaches[best].low)))
            best = i;
    }
    return best;
}

static bool passes(const struct cdn_scan *scan, uint64_t entry, uint32_t operation)
{
    const struct cdn_merge *merge = scan->merge;
    uint32_t list = (uint32_t)(entry >> 32);
    const struct cdn_test *test =
        &merge->tests[list * scan->set->operation_count + operation];
    struct cdn_cell_place place;
    bool damaged = false;
    bool keep;

    if (test->form == CDN_TEST_NOTHING)
        return false;
    if (!cdn_reach_cell(&merge->reaches[list], test->number, (uint32_t)entry, &place))
        cdn_raise_damaged(scan->L, "an edge number is out of range");
    keep = cdn_test_cell(test, place.column, place.block, place.index, &damaged);
    if (damaged)
        cdn_raise_damaged(scan->L, "a property value is out of range");
    return keep;
}

/* Take edges in order (from the end if backward) that pass the conditions from .. to -
 * 1, until `most` are kept; true: one more would have been. */
static bool collect(struct cdn_scan *scan, uint32_t from, uint32_t to, uint64_t most,
                    bool probe, bool backward)
{
    struct cdn_merge *merge = scan->merge;
    uint64_t budget = cdn_scan_edges_left(scan);
    uint64_t looked = 0;
    bool more = false;

    while (probe || merge->count < most) {
        uint32_t list = pick(scan, backward);
        struct cdn_reach *reach;
        uint64_t entry;
        bool keep;

        if (list == scan->list_count)
            break;
        reach = &merge->reaches[list];
        entry = (uint64_t)list << 32 | (backward ? --reach->high : reach->low++);
        if (looked == budget || looked == CDN_SPAN_EDGES) {
            cdn_meter_charge_edges(scan->L, looked == budget ? looked + 1 : looked);
            budget -= looked;
            looked = 0;
        }
        looked++;
        keep = !(reach->from->loops && scan->set->direction == CDN_BOTH &&
                 reach->list.peers[(uint32_t)entry] == reach->node);
        for (uint32_t i = from; keep && i < to; i++)
            keep = passes(scan, entry, i);
        if (!keep)
            continue;
        if (merge->count == most) {
            more = true;
            break;
        }
        merge->entries[merge->count++] = entry;
    }
    if (looked)
        cdn_meter_charge_edges(scan->L, looked);
    return more;
}

static inline void ask(const void *at, size_t bytes)
{
    const char *line = at;

    for (size_t i = 0; i < bytes + 63; i += 64)
        __builtin_prefetch(line + i);
}

/* Ask for the list of the source after the next, and for the end of the next one's that
 * is read first: with one list a source nearly every access is a cache miss. */
static void look_ahead(const struct cdn_scan *scan)
{
    const struct cdn_bound_list *from = &scan->lists[0];
    const struct cdn_adjacency *adjacency = from->adjacency;
    const struct cdn_edges *set = scan->set;
    uint32_t left = scan->node_count - scan->next_node;
    uint32_t mask = (UINT32_C(1) << adjacency->shift) - 1;
    struct cdn_list list;
    uint32_t local;
    uint32_t start;
    uint32_t size;

    if (left > 1 &&
        scan->nodes[scan->next_node + 1] - scan->label_base < scan->label_count) {
        local = scan->nodes[scan->next_node + 1] - from->node_base;
        __builtin_prefetch(
            (const void *)(CDN_PEEK(adjacency->offsets, local >> adjacency->shift) +
                           (local & mask) * sizeof(uint32_t)));
    }
    if (left == 0 ||
        scan->nodes[scan->next_node] - scan->label_base >= scan->label_count)
        return;
    local = scan->nodes[scan->next_node] - from->node_base;
    if (!cdn_adjacency_list(adjacency, local, &list) || list.count == 0)
        return; /* damage is found when its turn comes */
    size = list.count < scan->merge->ahead ? list.count : scan->merge->ahead;
    start = scan->merge->backward ? list.count - size : 0;
    ask(list.peers + start, size * sizeof *list.peers);
    if (list.times)
        __builtin_prefetch(list.times + (scan->merge->backward ? list.count - 1 : 0));
    for (uint32_t i = 0; i < set->operation_count; i++) {
        const struct cdn_test *test = &scan->merge->tests[i];

        if (set->operations[i].kind != CDN_OPERATION_WHERE ||
            (test->form != CDN_TEST_INT64 && test->form != CDN_TEST_FLOAT64) ||
            !test->column->values)
            continue;
        ask((const void *)(CDN_PEEK(test->column->values, list.block) +
                           ((size_t)list.start + start) * test->column->width),
            size * test->column->width);
    }
}

/* The same for a node that has one list, always probing: the conditions go over a run of
 * positions at a time.  What is charged is what looking one by one would have cost. */
static bool collect_run(struct cdn_scan *scan, uint32_t from, uint32_t to,
                        uint64_t most, bool backward)
{
    struct cdn_merge *merge = scan->merge;
    struct cdn_reach *reach = &merge->reaches[0];
    uint64_t budget = cdn_scan_edges_left(scan);
    uint64_t looked = 0;
    bool damaged = false;
    bool more = false;
    uint32_t select[RUN_EDGES];

    while (!more && reach->low < reach->high) {
        uint64_t size = 2 * (most - merge->count);
        uint32_t count, kept, first;

        if (looked == budget || looked == CDN_SPAN_EDGES) {
            cdn_meter_charge_edges(scan->L, looked == budget ? looked + 1 : looked);
            budget -= looked;
            looked = 0;
        }
        size = size < RUN_EDGES / 4 ? RUN_EDGES / 4 : size;
        size = size < RUN_EDGES ? size : RUN_EDGES;
        size = size < budget - looked ? size : budget - looked;
        size = size < CDN_SPAN_EDGES - looked ? size : CDN_SPAN_EDGES - looked;
        count = reach->high - reach->low;
        count = count < size ? count : (uint32_t)size;
        first = backward ? reach->high - count : reach->low;
        __builtin_prefetch(reach->list.peers + (backward ? reach->high - 1 : first));
        for (uint32_t i = 0; i < count; i++)
            select[i] = first + i;
        kept = count;
        for (uint32_t i = from; kept && i < to; i++)
            kept = cdn_test_refine(&merge->tests[i], reach, select, kept, &damaged);
        if (damaged)
            cdn_raise_damaged(scan->L, "a property value is out of range");
        for (uint32_t i = 0; i < kept; i++) {
            uint32_t position = select[backward ? kept - 1 - i : i];

            if (merge->count == most) {
                more = true;
                count = backward ? reach->high - position : position - first + 1;
                break;
            }
            merge->entries[merge->count++] = position;
        }
        looked += count;
        if (backward)
            reach->high -= count;
        else
            reach->low += count;
    }
    if (looked)
        cdn_meter_charge_edges(scan->L, looked);
    return more;
}

static void reserve(struct cdn_scan *scan, uint64_t entries)
{
    struct cdn_merge *merge = scan->merge;
    uint32_t capacity = merge->capacity ? merge->capacity : 16;

    if (entries <= merge->capacity)
        return;
    while (capacity < entries)
        capacity *= 2;
    merge->entries = room(scan, KEEP_ENTRIES, capacity * sizeof *merge->entries);
    merge->capacity = capacity;
}

static uint32_t list_edges(const struct cdn_scan *scan)
{
    uint64_t total = 0;

    for (uint32_t i = 0; i < scan->list_count; i++)
        total += scan->merge->reaches[i].high - scan->merge->reaches[i].low;
    return total > UINT32_MAX ? UINT32_MAX : (uint32_t)total;
}

static bool is_cut(const struct cdn_operation *operation)
{
    return operation->kind != CDN_OPERATION_WINDOW &&
           operation->kind != CDN_OPERATION_WHERE;
}

static bool ranks(const struct cdn_operation *operation)
{
    return operation->kind == CDN_OPERATION_LARGEST ||
           operation->kind == CDN_OPERATION_SMALLEST;
}

/* The value an edge is ranked by, larger is better; false: it has none. */
static bool rank(const struct cdn_scan *scan, uint64_t entry,
                 const struct cdn_operation *operation, struct cdn_ranked *out)
{
    const struct cdn_merge *merge = scan->merge;
    const struct cdn_reach *reach = &merge->reaches[entry >> 32];
    bool smallest = operation->kind == CDN_OPERATION_SMALLEST;
    uint32_t position = (uint32_t)entry;
    int32_t number = cdn_bound_column(reach->from, operation->slot);
    struct cdn_cell_place place;
    struct cdn_cells cells;

    if (number < 0)
        return false;
    if (!cdn_reach_cell(reach, number, position, &place))
        cdn_raise_damaged(scan->L, "an edge number is out of range");
    if (!cdn_column_cells(place.column, place.block, &cells))
        cdn_raise_damaged(scan->L, "a property's segment");
    if (!cdn_cells_present(&cells, place.index))
        return false;
    *out = (struct cdn_ranked){.node = reach->list.peers[position],
                               .id = edge_id(scan->L, reach, position)};
    if (merge->ranking.integral) {
        int64_t whole = cdn_column_integer(place.column, cells.values, place.index);

        out->whole = smallest ? ~whole : whole;
        return true;
    }
    out->number = ((const double *)cells.values)[place.index];
    if (smallest)
        out->number = -out->number;
    return !isnan(out->number);
}

/* Of the entries, which are in the set's order and stay in it, keep the best `most`.
 * The worst of the best is the mark that every entry is then held against. */
static void keep_best(struct cdn_scan *scan, const struct cdn_operation *operation)
{
    struct cdn_merge *merge = scan->merge;
    struct cdn_ranking *ranking = &merge->ranking;
    const struct cdn_property *property =
        cdn_bound_property(scan->kind, operation->slot);
    size_t mark = cdn_scratch_mark(scan->L);
    struct cdn_ranked entry;
    uint32_t valued = 0;
    uint32_t kept = 0;

    ranking->integral = property->type != CDN_COLUMN_FLOAT64;
    for (uint32_t i = 0; i < merge->count; i++)
        if (rank(scan, merge->entries[i], operation, &entry))
            merge->entries[valued++] = merge->entries[i];
    merge->count = valued;
    if (operation->as.count >= valued)
        return;
    scan->run->truncated = true;
    merge->count = (uint32_t)operation->as.count;
    if (merge->count == 0)
        return;
    ranking->count = 0;
    ranking->most = merge->count;
    ranking->steps = 0;
    cdn_ranking_reserve(ranking, scan->L, merge->count);
    for (uint32_t i = 0; i < valued; i++)
        if (rank(scan, merge->entries[i], operation, &entry))
            cdn_ranking_offer(ranking, &entry);
    cdn_meter_charge(scan->L, ranking->steps);
    for (uint32_t i = 0; i < valued; i++)
        if (rank(scan, merge->entries[i], operation, &entry) &&
            cdn_ranking_holds(ranking, &entry))
            merge->entries[kept++] = merge->entries[i];
    if (scan->collected) {
        cdn_scratch_release(scan->L, mark);
        ranking->items = NULL;
        ranking->capacity = 0;
    }
}

/* The first stage: conditions from merge->from up to the cut at `cut`, then the cut. */
static void first_stage(struct cdn_scan *scan, uint32_t cut)
{
    struct cdn_merge *merge = scan->merge;
    const struct cdn_operation *operation = &scan->set->operations[cut];
    bool backward = operation->kind == CDN_OPERATION_LATEST;
    bool limit = operation->kind == CDN_OPERATION_LIMIT;
    uint64_t most = limit ? scan->left[cut] : operation->as.count;
    uint32_t edges = list_edges(scan);
    bool more;

    if (ranks(operation))
        most = edges;
    reserve(scan, most < edges ? most : edges);
    more = scan->list_count == 1
               ? collect_run(scan, merge->from, cut, most, backward)
               : collect(scan, merge->from, cut, most, true, backward);
    if (ranks(operation)) {
        keep_best(scan, operation);
        return;
    }
    if (more) {
        scan->run->truncated = true;
        scan->done = scan->done || limit;
    }
    if (limit)
        scan->left[cut] -= merge->count;
    for (uint32_t i = 0; backward && i < merge->count / 2; i++) {
        uint64_t other = merge->entries[merge->count - 1 - i];

        merge->entries[merge->count - 1 - i] = merge->entries[i];
        merge->entries[i] = other;
    }
}

/* Every later operation works on what is kept. */
static void later_operation(struct cdn_scan *scan, uint32_t number)
{
    struct cdn_merge *merge = scan->merge;
    const struct cdn_operation *operation = &scan->set->operations[number];
    uint64_t most = operation->as.count;
    uint32_t kept = 0;
    int64_t low = 0;
    int64_t high = 0;

    if (ranks(operation)) {
        keep_best(scan, operation);
        return;
    }
    if (is_cut(operation)) {
        if (operation->kind == CDN_OPERATION_LIMIT)
            most = scan->left[number];
        if (merge->count > most) {
            uint32_t drop = merge->count - (uint32_t)most;

            scan->run->truncated = true;
            if (operation->kind == CDN_OPERATION_LATEST)
                memmove(merge->entries, merge->entries + drop,
                        (size_t)most * sizeof *merge->entries);
            if (operation->kind == CDN_OPERATION_LIMIT)
                scan->done = true;
            merge->count = (uint32_t)most;
        }
        if (operation->kind == CDN_OPERATION_LIMIT)
            scan->left[number] -= merge->count;
        return;
    }
    if (operation->kind == CDN_OPERATION_WINDOW)
        cdn_scan_window(scan->set, operation, merge->reaches[0].ordinal, &low, &high);
    for (uint32_t i = 0; i < merge->count; i++) {
        uint64_t entry = merge->entries[i];
        bool keep;

        if (operation->kind == CDN_OPERATION_WHERE) {
            keep = passes(scan, entry, number);
        } else {
            const int64_t *times = merge->reaches[entry >> 32].list.times;
            int64_t time = times ? times[(uint32_t)entry] : 0;

            keep = !times || (time >= low && time <= high);
        }
        if (keep)
            merge->entries[kept++] = entry;
    }
    merge->count = kept;
}

/* One condition on numbers and then a cut that is the last operation, over one list: what
 * is kept is put where it is handed out from.  False: this is not the case. */
static bool cut_directly(struct cdn_scan *scan, uint32_t number)
{
    struct cdn_merge *merge = scan->merge;
    const struct cdn_operation *operation = &scan->set->operations[number];
    struct cdn_reach *reach = &merge->reaches[0];
    bool limit = operation->kind == CDN_OPERATION_LIMIT;
    uint64_t most = limit ? scan->left[number] : operation->as.count;
    uint32_t total = reach->high - reach->low;
    struct cdn_cut cut = {.test = &merge->tests[merge->from],
                          .reach = reach,
                          .backward = operation->kind == CDN_OPERATION_LATEST};
    uint32_t size;

    if (scan->list_count != 1 || number + 1 != scan->set->operation_count ||
        number != merge->from + 1 || ranks(operation) || total > CDN_SPAN_EDGES)
        return false;
    if (!cdn_test_takes(cut.test))
        return false;
    cut.most = most < total ? (uint32_t)most : total;
    size = 2 * cut.most + RUN_EDGES;
    if (size > merge->position_capacity) {
        merge->position_capacity = 2 * size;
        merge->positions = room(scan, KEEP_POSITIONS,
                                merge->position_capacity * sizeof *merge->positions);
    }
    cut.positions = merge->positions;
    cut.room = size;
    cdn_cut_list(&cut, scan);
    merge->direct = true;
    if (cut.more) {
        scan->run->truncated = true;
        scan->done = scan->done || limit;
    }
    if (limit)
        scan->left[number] -= cut.kept;
    merge->position_at = cut.at;
    merge->count = cut.kept;
    return true;
}

static void compile_tests(struct cdn_scan *scan, uint32_t ordinal)
{
    struct cdn_merge *merge = scan->merge;
    const struct cdn_edges *set = scan->set;

    if (merge->tests_for == scan->lists && !scan->follows)
        return;
    for (uint32_t l = 0; l < scan->list_count; l++) {
        for (uint32_t i = 0; i < set->operation_count; i++) {
            const struct cdn_operation *condition = &set->operations[i];

            if (condition->kind != CDN_OPERATION_WHERE)
                continue;
            if (!cdn_scan_test(&merge->tests[l * set->operation_count + i], set,
                               &scan->lists[l], condition, ordinal))
                cdn_raise_damaged(scan->L, "a dictionary is out of range");
        }
    }
    merge->tests_for = scan->lists;
}

/* How much of a list the first cut is likely to want: twice what it keeps. */
static void look_how_far(struct cdn_scan *scan)
{
    struct cdn_merge *merge = scan->merge;
    const struct cdn_edges *set = scan->set;

    merge->ahead = LOOK_AHEAD;
    for (uint32_t i = 0; i < set->operation_count; i++) {
        const struct cdn_operation *operation = &set->operations[i];

        if (!is_cut(operation))
            continue;
        merge->backward = operation->kind == CDN_OPERATION_LATEST;
        if (!ranks(operation) && operation->as.count < LOOK_AHEAD / 2)
            merge->ahead = 2 * (uint32_t)operation->as.count + 1;
        return;
    }
}

static void prepare(struct cdn_scan *scan)
{
    struct cdn_merge *merge = scan->merge;

    if (!merge) {
        merge = room(scan, KEEP_MERGE, sizeof *merge);
        memset(merge, 0, sizeof *merge);
        scan->merge = merge;
        look_how_far(scan);
    }
    if (scan->list_count > merge->list_capacity) {
        merge->reaches =
            room(scan, KEEP_REACHES, scan->list_count * sizeof *merge->reaches);
        merge->tests =
            room(scan, KEEP_TESTS,
                 (size_t)scan->list_count * (scan->set->operation_count + 1u) *
                     sizeof *merge->tests);
        merge->list_capacity = scan->list_count;
        merge->tests_for = NULL;
    }
    merge->count = 0;
    merge->at = 0;
    merge->direct = false;
}

void cdn_merge_begin(struct cdn_scan *scan, uint32_t node, uint32_t ordinal)
{
    const struct cdn_edges *set = scan->set;
    struct cdn_merge *merge;
    uint32_t cut;

    prepare(scan);
    merge = scan->merge;
    cdn_scan_pay(scan, scan->list_count);
    compile_tests(scan, ordinal);
    for (uint32_t i = 0; i < scan->list_count; i++)
        cdn_reach_open(scan, &merge->reaches[i], &scan->lists[i], node, ordinal);
    merge->from = 0;
    if (scan->list_count == 1) {
        look_ahead(scan);
        cdn_scan_narrow(scan, &merge->reaches[0]);
        merge->from = scan->range_count;
    }
    while (merge->from < set->operation_count &&
           set->operations[merge->from].kind == CDN_OPERATION_WINDOW) {
        int64_t low;
        int64_t high;

        cdn_scan_window(set, &set->operations[merge->from++], ordinal, &low, &high);
        for (uint32_t i = 0; i < scan->list_count; i++)
            cdn_reach_window(&merge->reaches[i], low, high);
    }
    cut = merge->from;
    while (cut < set->operation_count && !is_cut(&set->operations[cut]))
        cut++;
    merge->streaming = cut == set->operation_count;
    if (merge->streaming) {
        reserve(scan, scan->select_size);
        return;
    }
    if (cut_directly(scan, cut))
        return;
    first_stage(scan, cut);
    for (uint32_t i = cut + 1; i < set->operation_count; i++)
        later_operation(scan, i);
}

bool cdn_merge_next(struct cdn_scan *scan, struct cdn_span *out)
{
    struct cdn_merge *merge = scan->merge;
    uint32_t list;
    uint32_t count = 0;

    if (merge->at == merge->count && merge->streaming) {
        merge->at = 0;
        merge->count = 0;
        collect(scan, merge->from, scan->set->operation_count,
                scan->how.stingy ? 1 : scan->select_size, false, false);
    }
    if (merge->at == merge->count)
        return false;
    if (merge->direct) {
        out->reach = &merge->reaches[0];
        out->select = merge->positions + merge->position_at;
        out->first = 0;
        out->count = merge->count;
        out->charged = true;
        merge->at = merge->count;
        return true;
    }
    list = (uint32_t)(merge->entries[merge->at] >> 32);
    while (count < scan->select_size && merge->at < merge->count &&
           merge->entries[merge->at] >> 32 == list)
        scan->select[count++] = (uint32_t)merge->entries[merge->at++];
    out->reach = &merge->reaches[list];
    out->select = scan->select;
    out->first = 0;
    out->count = count;
    out->charged = true;
    return true;
}
