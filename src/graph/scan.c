/* Scans over lists that need no merging: see scan.h.
 *
 * The sources of a set are resolved a batch at a time in three passes (offsets, times,
 * values), each pass asking memory for what the next one reads: over a node set nearly
 * every access is a cache miss, and sixteen that overlap cost little more than one.
 *
 * Left out: resolving windows for all sources before the first span (needs memory in
 * the number of sources for a gain that batches already have). */
#include "graph/scan.h"

#include <math.h>
#include <string.h>

#include "graph/cut.h"
#include "sandbox/slot.h"

/* Edges a stingy scan filters in one go. */
#define STINGY_EDGES 16

_Noreturn void cdn_raise_damaged(lua_State *L, const char *what)
{
    struct cdn_graph_run *run = cdn_slot_host(L);

    run->damaged = true;
    lua_pushfstring(L, "the snapshot is damaged: %s", what);
    lua_error(L);
    __builtin_unreachable();
}

/* Where the list is; nothing of it has been read yet. */
CDN_RAISES static inline void find_list(const struct cdn_scan *scan,
                                        struct cdn_reach *reach)
{
    if (!cdn_adjacency_list(reach->from->adjacency,
                            reach->node - reach->from->node_base, &reach->list))
        cdn_raise_damaged(scan->L, "a list's offsets are out of range");
}

_Noreturn void cdn_raise_beyond(lua_State *L, enum cdn_beyond what)
{
    struct cdn_graph_run *run = cdn_slot_host(L);

    run->beyond = what;
    cdn_meter_raise(L, CDN_STOP_HOPS);
}

/* What as_of leaves of a list, and the border of a slice nothing. */
CDN_RAISES static void narrow_list(const struct cdn_scan *scan, struct cdn_reach *reach)
{
    const struct cdn_graph_run *run = scan->run;

    if (run->border && cdn_bit(run->border, reach->node))
        cdn_raise_beyond(scan->L, CDN_BEYOND_LIST);
    cdn_reach_window(reach, INT64_MIN, run->as_of_ms);
}

/* What of the list there is for this run. */
CDN_RAISES static inline void begin_list(const struct cdn_scan *scan,
                                         struct cdn_reach *reach)
{
    reach->low = 0;
    reach->high = reach->list.count;
    if (scan->run->as_of_ms != INT64_MAX)
        narrow_list(scan, reach);
}

void cdn_reach_open(const struct cdn_scan *scan, struct cdn_reach *reach,
                    const struct cdn_bound_list *from, uint32_t node, uint32_t ordinal)
{
    reach->from = from;
    reach->node = node;
    reach->ordinal = ordinal;
    find_list(scan, reach);
    begin_list(scan, reach);
}

/* The lists of this node's label in the set's direction. */
static void enter_label(struct cdn_scan *scan, uint32_t node)
{
    const cordon_snapshot *snapshot = scan->run->snapshot;
    uint32_t label = cdn_snapshot_label_of(snapshot, node);
    const struct cdn_bound_ends *ends = &scan->kind->ends[label];

    scan->label_base = snapshot->labels[label].base;
    scan->label_count = snapshot->labels[label].count;
    scan->lists = scan->kind->lists + ends->first;
    switch ((enum cdn_direction)scan->set->direction) {
    case CDN_OUTGOING:
        scan->list_count = ends->outgoing;
        break;
    case CDN_INCOMING:
        scan->lists += ends->outgoing;
        scan->list_count = ends->incoming;
        break;
    case CDN_BOTH:
        scan->list_count = (uint32_t)ends->outgoing + ends->incoming;
        break;
    }
}

/* Is all that is left behind the ranges a condition and a cut, so that lists can be gone
 * over a batch at a time?  A scan that may be left between two spans goes one by one. */
static bool cuts_late(const struct cdn_scan *scan)
{
    const struct cdn_operation *last = &scan->set->operations[scan->range_count + 1u];

    return scan->set->operation_count == scan->range_count + 2u &&
           last[-1].kind == CDN_OPERATION_WHERE &&
           (last->kind == CDN_OPERATION_LATEST ||
            last->kind == CDN_OPERATION_EARLIEST) &&
           last->as.count < scan->select_size && !scan->limits && !scan->how.stingy &&
           !scan->collected;
}

static void make_plan(struct cdn_scan *scan)
{
    const struct cdn_edges *set = scan->set;
    bool condition = false;

    scan->streams = true;
    for (uint32_t i = 0; i < set->operation_count; i++) {
        switch ((enum cdn_operation_kind)set->operations[i].kind) {
        case CDN_OPERATION_WINDOW:
            break;
        case CDN_OPERATION_WHERE:
            condition = true;
            scan->follows =
                scan->follows || set->operations[i].operand == CDN_OPERAND_COLUMN;
            break;
        case CDN_OPERATION_LIMIT:
            scan->limits = true;
            scan->left[i] = set->operations[i].as.count;
            scan->cuts = true;
            scan->streams = scan->streams && !condition;
            break;
        case CDN_OPERATION_LATEST:
        case CDN_OPERATION_EARLIEST:
            scan->cuts = true;
            scan->streams = scan->streams && !condition;
            break;
        case CDN_OPERATION_LARGEST:
        case CDN_OPERATION_SMALLEST:
            condition = true;
            scan->cuts = true;
            scan->streams = false;
            break;
        }
        if (!condition)
            scan->range_count = (uint8_t)(i + 1);
    }
    scan->cuts_late = cuts_late(scan);
}

void cdn_scan_begin(struct cdn_scan *scan, lua_State *L, struct cdn_edges *set,
                    struct cdn_scan_how how)
{
    scan->L = L;
    scan->run = cdn_slot_host(L);
    if (!scan->run->meter)
        scan->run->meter = cdn_meter_of(L);
    scan->meter = scan->run->meter;
    scan->set = set;
    scan->kind = &scan->run->binding->kinds[set->kind];
    scan->how = how;
    scan->nodes = set->nodes ? set->nodes : &set->node;
    scan->node_count = set->node_count;
    scan->next_node = 0;
    scan->label_base = 0;
    scan->label_count = 0;
    scan->lists = NULL;
    scan->list_count = 0;
    scan->next_list = 0;
    scan->range_count = 0;
    scan->cuts = false;
    scan->limits = false;
    scan->done = false;
    scan->batch_count = 0;
    scan->batch_at = 0;
    scan->batch_late = false;
    scan->tests_from = NULL;
    scan->follows = false;
    scan->merge = NULL;
    scan->merging = false;
    scan->owed = 0;
    scan->has_room = false;
    scan->memo = NULL;
    cdn_meter_reach(L, scan->meter, set->depth);
    scan->read =
        __builtin_expect(scan->run->trace != NULL, 0) ? cdn_tell_scan(scan) : NULL;
    make_plan(scan);
}

/* Several finishing methods of one node set's edges resolve the same ranges: the first
 * that goes over all sources leaves them for the others.  Only a scan that no other one
 * can come between may take part. */
static void enter_memo(struct cdn_scan *scan)
{
    struct cdn_graph_run *run = scan->run;
    const struct cdn_edges *set = scan->set;

    if (!run->memo || set->node_count > CDN_MEMO_NODES || scan->how.stingy ||
        scan->limits || (scan->range_count == 0 && run->as_of_ms == INT64_MAX))
        return;
    scan->memo = run->memo->ranges;
    scan->memo_at = 0;
    scan->memo_known = set->flags & CDN_EDGES_MEMO && set->low == run->memo_owner;
    if (!scan->memo_known)
        run->memo_owner = 0;
}

static void leave_memo(struct cdn_scan *scan)
{
    struct cdn_graph_run *run = scan->run;

    if (!scan->memo_known) {
        run->memo_owner = ++run->memo_count;
        scan->set->low = run->memo_owner;
        scan->set->flags |= CDN_EDGES_MEMO;
    }
    scan->memo = NULL;
}

void cdn_scan_begin_here(struct cdn_scan *scan, struct cdn_scan_room *room,
                         lua_State *L, struct cdn_edges *set, struct cdn_scan_how how)
{
    scan->batch = room->batch;
    scan->batch_size = CDN_BATCH;
    scan->tests = room->tests;
    scan->select = room->select;
    scan->select_size = CDN_SELECT_EDGES;
    scan->collected = false;
    cdn_scan_begin(scan, L, set, how);
    cdn_timing_begin(&scan->run->timing);
    if (set->node_count > 1)
        enter_memo(scan);
}

void cdn_scan_end(struct cdn_scan *scan)
{
    cdn_timing_end(&scan->run->timing);
}

/* A time in ms as a bound of whole ms; NaN, null, makes the window empty. */
static void bound_by(double value, enum cdn_compare compare, int64_t *low,
                     int64_t *high)
{
    bool from = compare == CDN_COMPARE_GE || compare == CDN_COMPARE_GT;
    double whole;

    if (compare == CDN_COMPARE_GE || compare == CDN_COMPARE_LT)
        whole = ceil(value) - (from ? 0 : 1);
    else
        whole = floor(value) + (from ? 1 : 0);
    if (isnan(value) || (from ? whole >= 0x1p63 : whole < -0x1p63)) {
        *low = INT64_MAX;
        *high = INT64_MIN;
    } else if (from && whole > -0x1p63) {
        *low = (int64_t)whole;
    } else if (!from && whole < 0x1p63) {
        *high = (int64_t)whole;
    }
}

void cdn_scan_window(const struct cdn_edges *set, const struct cdn_operation *operation,
                     uint32_t ordinal, int64_t *low, int64_t *high)
{
    if (operation->operand != CDN_OPERAND_COLUMN) {
        *low = operation->as.window.low;
        *high = operation->as.window.high;
        return;
    }
    *low = INT64_MIN;
    *high = INT64_MAX;
    bound_by(cdn_nodes_column(set->origin, operation->as.column)[ordinal],
             (enum cdn_compare)operation->compare, low, high);
}

bool cdn_scan_test(struct cdn_test *out, const struct cdn_edges *set,
                   const struct cdn_bound_list *from,
                   const struct cdn_operation *condition, uint32_t ordinal)
{
    int32_t number = cdn_bound_column(from, condition->slot);
    const struct cdn_column *column =
        number >= 0 ? &from->adjacency->columns[number] : NULL;
    struct cdn_operation fixed;

    if (condition->operand != CDN_OPERAND_COLUMN)
        return cdn_test_compile(out, column, number, condition);
    fixed = *condition;
    fixed.operand = CDN_OPERAND_NUMBER;
    fixed.as.number = cdn_nodes_column(set->origin, condition->as.column)[ordinal];
    /* null matches nothing */
    return cdn_test_compile(out, isnan(fixed.as.number) ? NULL : column, number,
                            &fixed);
}

void cdn_scan_narrow(struct cdn_scan *scan, struct cdn_reach *reach)
{
    const struct cdn_operation *operations = scan->set->operations;
    int64_t low;
    int64_t high;

    for (uint32_t i = 0; i < scan->range_count; i++) {
        const struct cdn_operation *operation = &operations[i];
        uint32_t size = reach->high - reach->low;

        switch ((enum cdn_operation_kind)operation->kind) {
        case CDN_OPERATION_WINDOW:
            cdn_scan_window(scan->set, operation, reach->ordinal, &low, &high);
            cdn_reach_window(reach, low, high);
            break;
        case CDN_OPERATION_LATEST:
            if (size > operation->as.count) {
                scan->run->truncated = true;
                reach->low = reach->high - (uint32_t)operation->as.count;
            }
            break;
        case CDN_OPERATION_EARLIEST:
            if (size > operation->as.count) {
                scan->run->truncated = true;
                reach->high = reach->low + (uint32_t)operation->as.count;
            }
            break;
        case CDN_OPERATION_LIMIT:
            if (size > scan->left[i]) {
                scan->run->truncated = true;
                scan->done = true;
                reach->high = reach->low + (uint32_t)scan->left[i];
            }
            scan->left[i] -= reach->high - reach->low;
            break;
        case CDN_OPERATION_WHERE:
        case CDN_OPERATION_LARGEST:
        case CDN_OPERATION_SMALLEST:
            break;
        }
    }
}

/* Ask for the bytes from `at` on, at most four lines. */
static inline void fetch(const void *at, size_t bytes)
{
    const char *line = at;

    for (size_t i = 0; i < bytes && i < 256; i += 64)
        __builtin_prefetch(line + i);
}

/* Ask for all of them. */
static inline void ask(const void *at, size_t bytes)
{
    const char *line = at;

    for (size_t i = 0; i < bytes + 63; i += 64)
        __builtin_prefetch(line + i);
}

/* Bring a list that has been found to the range that is left of it. */
static inline void resolve(struct cdn_scan *scan, struct cdn_reach *reach)
{
    struct cdn_memo_range *range;

    if (scan->memo && scan->memo_known) {
        range = &scan->memo[scan->memo_at++];
        reach->low = range->low;
        reach->high = range->high;
        return;
    }
    begin_list(scan, reach);
    cdn_scan_narrow(scan, reach);
    if (scan->memo) {
        range = &scan->memo[scan->memo_at++];
        range->low = reach->low;
        range->high = reach->high;
    }
}

static void ask_for_offsets(const struct cdn_scan *scan)
{
    for (uint32_t i = 0; i < scan->batch_count; i++) {
        const struct cdn_reach *reach = &scan->batch[i];
        const struct cdn_adjacency *adjacency = reach->from->adjacency;
        uint32_t local = reach->node - reach->from->node_base;
        uint32_t at = local & ((UINT32_C(1) << adjacency->shift) - 1);

        __builtin_prefetch(
            (const void *)(CDN_PEEK(adjacency->offsets, local >> adjacency->shift) +
                           at * sizeof(uint32_t)));
    }
}

/* Read the offsets of the batch, then its times, then ask for its values. */
static void resolve_many(struct cdn_scan *scan)
{
    bool known = scan->memo && scan->memo_known;

    ask_for_offsets(scan);
    for (uint32_t i = 0; i < scan->batch_count; i++) {
        struct cdn_reach *reach = &scan->batch[i];
        const struct cdn_list *list = &reach->list;

        find_list(scan, reach);
        if (!known && list->times &&
            (scan->range_count || scan->run->as_of_ms != INT64_MAX)) {
            fetch(list->times, (size_t)list->count * sizeof *list->times);
            if (list->count > 32) {
                __builtin_prefetch(list->times + list->count / 2);
                __builtin_prefetch(list->times + list->count - 1);
            }
        }
    }
    for (uint32_t i = 0; i < scan->batch_count; i++) {
        struct cdn_reach *reach = &scan->batch[i];
        int32_t number;

        resolve(scan, reach);
        if (!scan->how.looks || reach->low == reach->high)
            continue;
        if (!scan->how.fetch) {
            fetch(reach->list.peers + reach->low,
                  (size_t)(reach->high - reach->low) * sizeof *reach->list.peers);
            continue;
        }
        number = cdn_bound_column(reach->from, scan->how.slot);
        if (number >= 0) {
            const struct cdn_column *column = &reach->from->adjacency->columns[number];
            size_t at = reach->list.start + reach->low;

            if (column->values && column->property->type != CDN_COLUMN_BOOL)
                fetch((const void *)(CDN_PEEK(column->values, reach->list.block) +
                                     at * column->width),
                      (size_t)(reach->high - reach->low) * column->width);
        }
    }
}

static void resolve_one(struct cdn_scan *scan)
{
    struct cdn_reach *reach = &scan->batch[0];
    struct cdn_edges *set = scan->set;
    bool single = scan->node_count == 1 && scan->list_count == 1;

    find_list(scan, reach);
    if (single && (set->flags & CDN_EDGES_MEMO)) {
        reach->low = set->low;
        reach->high = set->high;
        return;
    }
    resolve(scan, reach);
    if (single) {
        set->low = reach->low;
        set->high = reach->high;
        set->flags |= CDN_EDGES_MEMO;
    }
}

static void compile_tests(struct cdn_scan *scan, const struct cdn_reach *reach)
{
    const struct cdn_edges *set = scan->set;

    for (uint32_t i = scan->range_count; i < set->operation_count; i++)
        if (set->operations[i].kind == CDN_OPERATION_WHERE &&
            !cdn_scan_test(&scan->tests[i - scan->range_count], set, reach->from,
                           &set->operations[i], reach->ordinal))
            cdn_raise_damaged(scan->L, "a dictionary is out of range");
    scan->tests_from = reach->from;
    scan->tests_ordinal = reach->ordinal;
}

/* Compile the conditions for a reach, if it is not done. */
static inline void need_tests(struct cdn_scan *scan, const struct cdn_reach *reach)
{
    if (scan->tests_from != reach->from ||
        (scan->follows && scan->tests_ordinal != reach->ordinal))
        compile_tests(scan, reach);
}

/* Ask for the end of a found list that a late cut reads first. */
static void ask_for_cut(const struct cdn_scan *scan, const struct cdn_reach *reach)
{
    const struct cdn_operation *cut = &scan->set->operations[scan->range_count + 1u];
    const struct cdn_test *test = &scan->tests[0];
    uint32_t size = 2 * (uint32_t)cut->as.count + 1;
    uint32_t start = 0;

    size = size < reach->list.count ? size : reach->list.count;
    if (cut->kind == CDN_OPERATION_LATEST)
        start = reach->list.count - size;
    ask(reach->list.peers + start, size * sizeof *reach->list.peers);
    if (cdn_test_takes(test))
        ask((const void *)(CDN_PEEK(test->column->values, reach->list.block) +
                           ((size_t)reach->list.start + start) * test->column->width),
            size * test->column->width);
}

/* Reaches whose lists are asked for ahead of the one that is cut. */
#define AHEAD 3

/* Find the lists of a batch; the rest follows with the turn of each. */
static void find_late(struct cdn_scan *scan)
{
    ask_for_offsets(scan);
    for (uint32_t i = 0; i < scan->batch_count; i++)
        find_list(scan, &scan->batch[i]);
    need_tests(scan, &scan->batch[0]);
    for (uint32_t i = 0; i < AHEAD && i < scan->batch_count; i++)
        ask_for_cut(scan, &scan->batch[i]);
}

/* Cut the next reach of such a batch; false: nothing of it is kept, or it has to be merged
 * like others.  Charges as that does. */
static bool cut_next(struct cdn_scan *scan, struct cdn_span *out)
{
    struct cdn_reach *reach = &scan->batch[scan->batch_at++];
    const struct cdn_operation *last = &scan->set->operations[scan->range_count + 1u];
    struct cdn_cut cut = {.test = &scan->tests[0],
                          .reach = reach,
                          .backward = last->kind == CDN_OPERATION_LATEST,
                          .most = (uint32_t)last->as.count,
                          .positions = scan->select,
                          .room = scan->select_size};

    cdn_meter_charge_nodes(scan->L, scan->meter, 1);
    need_tests(scan, reach);
    if (reach->list.count > CDN_SPAN_EDGES || !cdn_test_takes(cut.test)) {
        scan->merging = true;
        cdn_merge_begin(scan, reach->node, reach->ordinal);
        return false;
    }
    if (scan->batch_at - 1 + AHEAD < scan->batch_count)
        ask_for_cut(scan, reach + AHEAD);
    cdn_scan_pay(scan, 1);
    begin_list(scan, reach);
    if (scan->range_count)
        cdn_scan_narrow(scan, reach);
    cdn_cut_list(&cut, scan);
    if (cut.more)
        scan->run->truncated = true;
    out->reach = reach;
    out->select = scan->select + cut.at;
    out->first = 0;
    out->count = cut.kept;
    out->charged = true;
    return cut.kept > 0;
}

/* Does this label's nodes' order have to be made by merging? */
static bool must_merge(const struct cdn_scan *scan)
{
    if (!scan->streams)
        return true;
    return scan->list_count > 1 && (scan->how.ordered || scan->cuts);
}

/* Take the next sources into the batch, or begin to merge one. */
static void fill(struct cdn_scan *scan)
{
    uint32_t want = scan->how.stingy || scan->limits ? 1 : scan->batch_size;

    scan->batch_count = 0;
    scan->batch_at = 0;
    scan->batch_late = false;
    while (scan->batch_count < want && scan->next_node < scan->node_count) {
        uint32_t node = scan->nodes[scan->next_node];

        if (node - scan->label_base >= scan->label_count) {
            if (scan->batch_late && scan->batch_count > 0)
                break; /* one that is merged after all needs its label's lists */
            enter_label(scan, node);
        }
        if (scan->list_count > 1)
            scan->memo = NULL;
        if (scan->list_count == 1 && scan->cuts_late) {
            scan->batch_late = true;
            scan->memo = NULL;
        } else if (scan->list_count > 0 && must_merge(scan)) {
            if (scan->batch_count > 0)
                break;
            cdn_meter_charge_nodes(scan->L, scan->meter, 1);
            scan->next_node++;
            scan->memo = NULL;
            scan->merging = true;
            cdn_merge_begin(scan, node, scan->next_node - 1);
            return;
        }
        if (scan->next_list == 0 && !(scan->list_count && scan->cuts_late))
            cdn_meter_charge_nodes(scan->L, scan->meter, 1);
        while (scan->next_list < scan->list_count && scan->batch_count < want) {
            struct cdn_reach *reach = &scan->batch[scan->batch_count++];

            reach->from = &scan->lists[scan->next_list++];
            reach->node = node;
            reach->ordinal = scan->next_node;
        }
        if (scan->next_list < scan->list_count)
            break;
        scan->next_list = 0;
        scan->next_node++;
    }
    if (scan->batch_count == 0)
        return;
    if (scan->batch_late) {
        find_late(scan);
        return;
    }
    cdn_meter_charge_edges(scan->L, scan->batch_count);
    if (scan->batch_count == 1)
        resolve_one(scan);
    else
        resolve_many(scan);
}

/* `both` lists a self-loop twice: the incoming copy is not kept. */
static uint32_t drop_loops(const struct cdn_reach *reach, uint32_t *select,
                           uint32_t count)
{
    const uint32_t *peers = reach->list.peers;
    uint32_t node = reach->node;
    uint32_t kept = 0;

    for (uint32_t i = 0; i < count; i++) {
        uint32_t p = select[i];

        select[kept] = p;
        kept += peers[p] != node ? 1 : 0;
    }
    return kept;
}

/* Filter the next edges of a reach; false: none of them is kept. */
static bool filter(struct cdn_scan *scan, struct cdn_reach *reach, struct cdn_span *out)
{
    uint32_t test_count = scan->set->operation_count - scan->range_count;
    uint32_t size = scan->select_size;
    uint32_t count = reach->high - reach->low;
    bool loops = reach->from->loops && scan->set->direction == CDN_BOTH;
    bool damaged = false;
    uint32_t done = 0; /* conditions */
    uint32_t kept;

    if (scan->how.stingy) {
        uint64_t left = cdn_meter_edges_left(scan->meter);

        if (left == 0)
            cdn_meter_charge_edges(scan->L, 1);
        size = size < STINGY_EDGES ? size : STINGY_EDGES;
        size = left < size ? (uint32_t)left : size;
    }
    count = count < size ? count : size;
    if (!scan->how.stingy)
        cdn_meter_charge_edges(scan->L, count);
    if (test_count)
        need_tests(scan, reach);
    if (test_count && !loops) {
        kept = cdn_test_run(&scan->tests[done++], reach, reach->low, count,
                            scan->select, &damaged);
    } else {
        for (uint32_t i = 0; i < count; i++)
            scan->select[i] = reach->low + i;
        kept = loops ? drop_loops(reach, scan->select, count) : count;
    }
    for (uint32_t i = done; i < test_count && kept; i++)
        kept = cdn_test_refine(&scan->tests[i], reach, scan->select, kept, &damaged);
    if (damaged)
        cdn_raise_damaged(scan->L, "a property value is out of range");
    if (scan->how.stingy) {
        /* as if looked at one by one: up to the first that is kept */
        count = kept ? scan->select[0] - reach->low + 1 : count;
        kept = kept ? 1 : 0;
        cdn_meter_charge_edges(scan->L, count);
    }
    reach->low += count;
    out->reach = reach;
    out->select = scan->select;
    out->first = 0;
    out->count = kept;
    out->charged = true;
    return kept > 0;
}

static void take_run(struct cdn_scan *scan, struct cdn_reach *reach,
                     struct cdn_span *out)
{
    uint32_t count = reach->high - reach->low;

    if (scan->how.looks) {
        uint32_t most = scan->how.stingy ? 1 : CDN_SPAN_EDGES;

        count = count < most ? count : most;
        cdn_meter_charge_edges(scan->L, count);
    }
    out->reach = reach;
    out->select = NULL;
    out->first = reach->low;
    out->count = count;
    out->charged = scan->how.looks;
    reach->low += count;
}

CDN_RAISES static inline bool next_span(struct cdn_scan *scan, struct cdn_span *out)
{
    for (;;) {
        if (scan->merging) {
            if (cdn_merge_next(scan, out))
                return true;
            scan->merging = false;
        }
        while (scan->batch_at < scan->batch_count && !scan->merging) {
            struct cdn_reach *reach = &scan->batch[scan->batch_at];

            if (scan->batch_late) {
                if (cut_next(scan, out))
                    return true;
                continue;
            }

            if (reach->low >= reach->high) {
                scan->batch_at++;
                continue;
            }
            if (scan->range_count == scan->set->operation_count &&
                !(reach->from->loops && scan->set->direction == CDN_BOTH)) {
                take_run(scan, reach, out);
                return true;
            }
            if (filter(scan, reach, out))
                return true;
        }
        if (scan->merging)
            continue;
        if (scan->done || scan->next_node >= scan->node_count) {
            if (scan->owed) {
                uint32_t owed = scan->owed;

                scan->owed = 0;
                cdn_meter_charge_edges(scan->L, owed);
            }
            if (scan->memo)
                leave_memo(scan);
            return false;
        }
        fill(scan);
    }
}

bool cdn_scan_next(struct cdn_scan *scan, struct cdn_span *out)
{
    bool more = next_span(scan, out);

    if (__builtin_expect(scan->read != NULL, 0) && more)
        scan->read->kept += out->count;
    return more;
}
