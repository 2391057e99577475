/* Following edges from node to node: what every algorithm reads a snapshot through.
 *
 * A *follow* says which edges there are to be: edge types, each with a window of time and
 * conditions.  An *arm* reads one node's edges of a follow in one direction, a few hundred
 * at a time.  as_of, the grant and the rule's `reads` hold here as they do for edge sets:
 * an arm opens lists of the binding alone, through cdn_reach_open().
 *
 * Order of a node's edges: by edge type (byte order of the names), outgoing lists before
 * incoming ones, relations by label pair, then each list's own order (time, other end).
 * It depends on names, keys and times alone.
 *
 * Charging: one edge for every list opened and one for every edge looked at, before it is;
 * what a window leaves out is found by binary search and costs nothing.  An edge looked at is
 * one instruction besides: whoever follows it looks its node up in a table, which takes longer
 * than adding a number to a sum. */
#ifndef CDN_GRAPH_FOLLOW_H
#define CDN_GRAPH_FOLLOW_H

#include "graph/filter.h"
#include "graph/scan.h"

#define CDN_FOLLOW_TYPES      16 /* edge types of one follow */
#define CDN_FOLLOW_CONDITIONS 4  /* of one edge type */
#define CDN_ARM_EDGES         256

/* No property is read as the edges' weight or amount. */
#define CDN_NO_SLOT UINT32_MAX

struct cdn_follow_type {
    const struct cdn_bound_kind *kind;
    int64_t low; /* both ends in */
    int64_t high;
    uint32_t condition_count;
    struct cdn_operation conditions[CDN_FOLLOW_CONDITIONS];
};

struct cdn_follow {
    lua_State *L;
    struct cdn_graph_run *run;
    struct cdn_meter *meter;
    struct cdn_scan scan; /* what cdn_reach_open() asks of one */
    uint32_t depth;  /* how far what is followed from is from where the run began */
    uint32_t weight; /* property slot, CDN_NO_SLOT: every edge counts 1 */
    uint32_t type_count;
    struct cdn_follow_type types[CDN_FOLLOW_TYPES];
};

struct cdn_arm {
    const struct cdn_follow *follow;
    uint32_t node;
    enum cdn_direction direction;
    int64_t low; /* narrower than the types' windows */
    int64_t high;
    uint32_t type;
    const struct cdn_bound_list *lists;
    uint32_t list_at;
    uint32_t list_count;
    bool open; /* reach is a list with edges left */
    struct cdn_reach reach;
    const struct cdn_bound_list *tests_from;
    uint32_t test_count;
    struct cdn_test tests[CDN_FOLLOW_CONDITIONS];
    uint32_t count; /* positions in select */
    uint32_t select[CDN_ARM_EDGES];
};

static inline enum cdn_direction cdn_reversed(enum cdn_direction direction)
{
    return direction == CDN_OUTGOING   ? CDN_INCOMING
           : direction == CDN_INCOMING ? CDN_OUTGOING
                                       : CDN_BOTH;
}

/* Edges that lead `hops` away from what is followed from are read next.   [-0, +0, e] */
CDN_RAISES static inline void cdn_follow_reach(const struct cdn_follow *follow,
                                               uint64_t hops)
{
    cdn_meter_reach(follow->L, follow->meter, follow->depth + hops);
}

/* Nothing followed yet: no types, no weight.                              [-0, +0, e] */
CDN_RAISES void cdn_follow_init(struct cdn_follow *follow, lua_State *L);

/* An arm without a node, of this follow. */
void cdn_arm_init(struct cdn_arm *arm, const struct cdn_follow *follow);
/* Begin with a node's edges; charges the node.                          [-0, +0, e] */
CDN_RAISES void cdn_arm_begin(struct cdn_arm *arm, uint32_t node,
                              enum cdn_direction direction);
/* Until the next begin: only edges with low <= time <= high. */
void cdn_arm_window(struct cdn_arm *arm, int64_t low, int64_t high);
/* The next edges, at most CDN_ARM_EDGES, charged and filtered; never none.  False: there
 * are no more.                                                            [-0, +0, e] */
CDN_RAISES bool cdn_arm_next(struct cdn_arm *arm);
/* How many edges the arm would give.  Without conditions they are not looked at.
 *                                                                         [-0, +0, e] */
CDN_RAISES uint64_t cdn_arm_count(struct cdn_arm *arm);
/* Edge number `wanted` of those that cdn_arm_count() counted, as the one position in
 * `select`.                                                               [-0, +0, e] */
CDN_RAISES void cdn_arm_nth(struct cdn_arm *arm, uint64_t wanted);

/* The number in a property of edge i; false: null, or the relation has none.
 *                                                                         [-0, +0, e] */
CDN_RAISES bool cdn_arm_number(const struct cdn_arm *arm, uint32_t i, uint32_t slot,
                               double *out);
/* Its snapshot-wide id.                                                   [-0, +0, e] */
CDN_RAISES uint64_t cdn_arm_edge(const struct cdn_arm *arm, uint32_t i);

/* The node at its other end.                                              [-0, +0, e] */
CDN_RAISES static inline uint32_t cdn_arm_peer(const struct cdn_arm *arm, uint32_t i)
{
    uint32_t peer = arm->reach.list.peers[arm->select[i]];

    if (__builtin_expect(!cdn_peer_valid(peer, arm->reach.from->peer_base,
                                         arm->reach.from->peer_count),
                         0))
        cdn_raise_damaged(arm->follow->L, "a node index is out of range");
    return peer;
}

/* Only of an edge type with a time column. */
static inline int64_t cdn_arm_time(const struct cdn_arm *arm, uint32_t i)
{
    return arm->reach.list.times[arm->select[i]];
}

#endif
