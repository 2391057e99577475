/* Finishing an edge set or a node set in native code: numbers over columns.
 *
 * Sums of float64 add value number i (of those that are not null) into lane i mod 4 and
 * combine the lanes 0 to 3; sums of int64 are exact.  So a result depends on the set
 * alone, not on how its edges are stored or read. */
#ifndef CDN_GRAPH_AGGREGATE_H
#define CDN_GRAPH_AGGREGATE_H

#include "graph/set.h"

enum cdn_fold_kind { CDN_FOLD_SUM, CDN_FOLD_MIN, CDN_FOLD_MAX };

/* Running result of one kind over one type. */
struct cdn_fold {
    enum cdn_fold_kind kind;
    bool integral;   /* int64 or timestamp, else float64 */
    uint64_t edges;  /* of cdn_edges_fold(): gone over */
    uint64_t kept;   /* values that were not null */
    double lanes[4]; /* float64 sums; [0] is the extreme otherwise */
    __int128 whole;  /* int64 sums */
    int64_t extreme;
};

void cdn_fold_init(struct cdn_fold *fold, enum cdn_fold_kind kind, bool integral);
/* `count` values of 8 bytes, none null, one after another or at `select`. */
void cdn_fold_run(struct cdn_fold *fold, const void *values, uint32_t count);
void cdn_fold_select(struct cdn_fold *fold, const void *values, const uint32_t *select,
                     uint32_t count);
/* The same of a column's values, at `select` of what lies at `values`, or from there on. */
struct cdn_column;
void cdn_fold_column(struct cdn_fold *fold, const struct cdn_column *column,
                     const void *values, const uint32_t *select, uint32_t count);
/* The sum, or the extreme, as Lua sees it. */
double cdn_fold_result(const struct cdn_fold *fold);

/* All of these charge and may raise.                                      [-0, +0, e]
 */
CDN_RAISES uint64_t cdn_edges_count(lua_State *L, struct cdn_edges *set);
CDN_RAISES bool cdn_edges_exists(lua_State *L, struct cdn_edges *set);
CDN_RAISES void cdn_edges_fold(struct cdn_fold *fold, lua_State *L,
                               struct cdn_edges *set, uint32_t slot);
struct cdn_span;
/* Fold a property over the edges of one span of a scan. */
CDN_RAISES void cdn_span_fold(struct cdn_fold *fold, lua_State *L,
                              const struct cdn_span *span, uint32_t slot);
CDN_RAISES uint64_t cdn_edges_distinct(lua_State *L, struct cdn_edges *set);
/* The first edge and its peer; false: there is none. */
CDN_RAISES bool cdn_edges_first(uint64_t *edge, uint32_t *peer, lua_State *L,
                                struct cdn_edges *set);
/* The distinct peers in order of first appearance, in scratch memory;
 * the caller marks and releases it. */
CDN_RAISES const uint32_t *cdn_edges_peers(uint32_t *count, lua_State *L,
                                           struct cdn_edges *set);

/* One entry of a top list: ordered by value descending, then node (of an edge: peer),
 * then id.  For integral values `number` is not used. */
struct cdn_ranked {
    double number;
    int64_t whole;
    uint64_t id;
    uint32_t node;
};

/* The best `most` seen so far: a heap with the worst on top. */
struct cdn_ranking {
    struct cdn_ranked *items;
    uint32_t count;
    uint32_t capacity; /* of items */
    uint32_t most;
    bool integral;
    uint64_t steps; /* work done, to be charged */
};

/* Make room for `more` offers, at most `most` entries in all.             [-0, +0, e]
 */
CDN_RAISES void cdn_ranking_reserve(struct cdn_ranking *ranking, lua_State *L,
                                    uint32_t more);
void cdn_ranking_offer(struct cdn_ranking *ranking, const struct cdn_ranked *entry);
/* Is the entry, which has been offered, among the best? */
bool cdn_ranking_holds(const struct cdn_ranking *ranking,
                       const struct cdn_ranked *entry);
/* Into descending order; charges the steps taken so far and its own.       [-0, +0, e] */
CDN_RAISES void cdn_ranking_finish(struct cdn_ranking *ranking, lua_State *L);

/* The top edges of a set; items are in scratch memory. */
CDN_RAISES void cdn_edges_top(struct cdn_ranking *ranking, lua_State *L,
                              struct cdn_edges *set, uint32_t slot, uint32_t most);

#endif
