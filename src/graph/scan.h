/* Running an edge set: spans of edges in the set's order.
 *
 * Two ways.  Where each source node has one list (or order does not matter and nothing
 * is cut), a *reach* is a range of one list, and a span is a piece of it: a run of
 * positions that aggregates read as plain arrays.  Where several lists make one
 * (several label pairs, `both`), or a cut follows a condition, merge.c brings a node's
 * edges into order first and hands out short spans.
 *
 * Charging, for every finishing call: one edge for each list probed and one for each
 * edge the call has to look at, once, however many conditions look at it.  What binary
 * search and counting alone resolve is not looked at.
 *
 * `as_of` is applied where a list's range begins (begin_list in scan.c), and ranges only
 * ever get narrower. */
#ifndef CDN_GRAPH_SCAN_H
#define CDN_GRAPH_SCAN_H

#include "graph/filter.h"
#include "graph/graph.h"
#include "graph/tell.h"
#include "graph/set.h"

/* Edges a span holds at most: what is charged, and read, at once. */
#define CDN_SPAN_EDGES 8192
/* Edges a filter looks at in one go. */
#define CDN_SELECT_EDGES 256
/* Source nodes resolved together, so that their cache misses overlap. */
#define CDN_BATCH 16

/* The edges low .. high - 1 of one list. */
struct cdn_reach {
    const struct cdn_bound_list *from;
    struct cdn_list list;
    uint32_t node;    /* the dense source */
    uint32_t ordinal; /* its place among the sources */
    uint32_t low;
    uint32_t high;
};

struct cdn_span {
    const struct cdn_reach *reach;
    const uint32_t *select; /* positions in the list; NULL: first, first + 1, ... */
    uint32_t first;
    uint32_t count;
    bool charged;
};

/* How a finishing method reads. */
struct cdn_scan_how {
    bool ordered; /* spans must come in the set's order */
    bool looks;   /* it looks at every edge of a span: charge them */
    bool stingy;  /* it may stop early: read no further ahead than needed */
    uint8_t slot; /* property to fetch ahead, with `fetch` */
    bool fetch;
};

struct cdn_merge;

struct cdn_scan {
    lua_State *L;
    struct cdn_graph_run *run;
    struct cdn_meter *meter;
    struct cdn_edges *set;
    const struct cdn_bound_kind *kind;
    struct cdn_scan_how how;
    /* sources */
    const uint32_t *nodes;
    uint32_t node_count;
    uint32_t next_node;
    uint32_t label_base; /* of the label whose lists are in `lists` */
    uint32_t label_count;
    const struct cdn_bound_list *lists;
    uint32_t list_count;
    uint32_t next_list;
    /* plan */
    uint8_t range_count; /* leading operations without a condition */
    bool cuts;           /* any cut at all */
    bool streams;        /* no cut after a condition */
    bool limits;
    bool cuts_late; /* the last two are a condition and a cut, of each list alone */
    bool done;      /* a limit has been passed */
    uint64_t left[CDN_SET_MAX_OPERATIONS]; /* of each limit */
    /* reaches */
    struct cdn_reach *batch;
    uint32_t batch_size;
    uint32_t batch_count;
    uint32_t batch_at;
    bool batch_late; /* its lists are found, and neither charged nor cut yet */
    /* of a node set: the run's memo, to be read or made; NULL: not used */
    struct cdn_memo_range *memo;
    uint32_t memo_at;
    bool memo_known;
    /* conditions of the streaming path, compiled for `tests_from` */
    struct cdn_test *tests;
    const struct cdn_bound_list *tests_from;
    bool follows; /* a condition compares with a column: so also for this source */
    uint32_t tests_ordinal;
    uint32_t *select;
    uint32_t select_size;
    /* the merging path; NULL until needed */
    struct cdn_merge *merge;
    bool merging;
    cordon_trace_read *read; /* what a trace is told of it; NULL: nothing */
    uint32_t owed; /* edges read that are not charged yet; none when it has ended */
    /* its memory is collected with the userdata that is the running function's first
     * upvalue, as its end may never come; else it is scratch */
    bool collected;
    bool has_room; /* that userdata has an environment of its own */
};

/* Room for a scan on the C stack. */
struct cdn_scan_room {
    struct cdn_reach batch[CDN_BATCH];
    struct cdn_test tests[CDN_SET_MAX_OPERATIONS];
    uint32_t select[CDN_SELECT_EDGES];
};

/* Start.  The caller has pointed batch, tests and select (with their sizes) to room and
 * set `collected`.
 *                                                                        [-0, +0, e] */
CDN_RAISES void cdn_scan_begin(struct cdn_scan *scan, lua_State *L,
                               struct cdn_edges *set, struct cdn_scan_how how);
CDN_RAISES void cdn_scan_begin_here(struct cdn_scan *scan, struct cdn_scan_room *room,
                                    lua_State *L, struct cdn_edges *set,
                                    struct cdn_scan_how how);

/* The next span; false: no more.                                          [-0, +0, e]
 */
CDN_RAISES bool cdn_scan_next(struct cdn_scan *scan, struct cdn_span *out);

/* Charge edges, several lists' at once: not past the budget, and at the latest when the
 * scan ends.  A scan that is left between two spans owes nothing.         [-0, +0, e] */
#define CDN_OWED_EDGES 256
CDN_RAISES static inline void cdn_scan_pay(struct cdn_scan *scan, uint32_t edges)
{
    scan->owed += edges;
    if (scan->owed < CDN_OWED_EDGES && !scan->collected && !scan->how.stingy &&
        scan->meter->edges + scan->owed <= scan->meter->limit.edges)
        return;
    edges = scan->owed;
    scan->owed = 0;
    cdn_meter_charge_edges(scan->L, edges);
}
/* Edges that the budget allows still. */
static inline uint64_t cdn_scan_edges_left(const struct cdn_scan *scan)
{
    uint64_t left = cdn_meter_edges_left(scan->meter);

    return left > scan->owed ? left - scan->owed : 0;
}

/* Note the time since cdn_scan_begin_here(); not needed after an error. */
void cdn_scan_end(struct cdn_scan *scan);

/* Open a node's list under the run's as_of.                               [-0, +0, e]
 */
CDN_RAISES void cdn_reach_open(const struct cdn_scan *scan, struct cdn_reach *reach,
                               const struct cdn_bound_list *from, uint32_t node,
                               uint32_t ordinal);
/* The window an operation means for a source. */
void cdn_scan_window(const struct cdn_edges *set, const struct cdn_operation *operation,
                     uint32_t ordinal, int64_t *low, int64_t *high);
/* Compile a condition for a source. */
bool cdn_scan_test(struct cdn_test *out, const struct cdn_edges *set,
                   const struct cdn_bound_list *from,
                   const struct cdn_operation *condition, uint32_t ordinal);
/* Narrow it to a window. */
void cdn_reach_window(struct cdn_reach *reach, int64_t low, int64_t high);

/* Where the cell of a column is for an edge of a list; follows an incoming edge to the
 * outgoing order where the property is not mirrored.  False: damaged. */
struct cdn_cell_place {
    const struct cdn_column *column;
    uint32_t block;
    uint32_t index;
};
bool cdn_reach_cell(const struct cdn_reach *reach, int32_t column, uint32_t position,
                    struct cdn_cell_place *out);

/* The snapshot-wide id of an edge; false: damaged. */
bool cdn_reach_edge_id(const struct cdn_reach *reach, uint32_t position, uint64_t *out);

/* Leave with "the snapshot is damaged: ...".  The run ends in an error even if the rule
 * catches this one.                                                        [-0, +0, e] */
CDN_RAISES _Noreturn void cdn_raise_damaged(lua_State *L, const char *what);

/* Stop the run: it asked for what the slice it sees does not have.         [-0, +0, e] */
CDN_RAISES _Noreturn void cdn_raise_beyond(lua_State *L, enum cdn_beyond what);

/* Apply the leading windows and cuts to one list's range. */
void cdn_scan_narrow(struct cdn_scan *scan, struct cdn_reach *reach);

/* merge.c.  One source node's edges, from operation `from` on.             [-0, +0, e]
 */
CDN_RAISES void cdn_merge_begin(struct cdn_scan *scan, uint32_t node, uint32_t ordinal);
CDN_RAISES bool cdn_merge_next(struct cdn_scan *scan, struct cdn_span *out);

static inline uint32_t cdn_span_position(const struct cdn_span *span, uint32_t i)
{
    return span->select ? span->select[i] : span->first + i;
}

#endif
