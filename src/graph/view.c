/* Extraction of views: see view.h.
 *
 * Members are found breadth first, then numbered in ascending order.  Their outgoing edges
 * are read once, in that order, into a list of (target, weight); two counting passes, each
 * stable, turn it into the incoming rows (sources ascending, since they were read so) and
 * those into the outgoing ones (targets ascending).  Nothing is compared, nothing sorted
 * but the members themselves. */
#include "graph/view.h"

#include <string.h>

#include "graph/lua_common.h"
#include "graph/numbering.h"

void cdn_pace_pay(struct cdn_pace *pace)
{
    uint32_t steps = pace->steps;

    pace->steps = 0;
    cdn_meter_charge(pace->L, steps / 4 + (steps % 4 != 0));
}

uint32_t cdn_view_find(const struct cdn_view *view, uint32_t node)
{
    uint32_t low = 0;
    uint32_t high = view->node_count;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;

        if (view->nodes[middle] < node)
            low = middle + 1;
        else
            high = middle;
    }
    return low < view->node_count && view->nodes[low] == node ? low : CDN_NO_NUMBER;
}

/* Number a peer unless the view is full; false: it is, and the peer is not in it. */
CDN_RAISES static inline bool admit(struct cdn_numbering *met, uint32_t peer,
                                    uint32_t most)
{
    bool added;

    if (met->count >= most)
        return cdn_numbering_find(met, peer) != CDN_NO_NUMBER;
    cdn_numbering_add(met, peer, &added);
    return true;
}

void cdn_members_reach(struct cdn_members *out, struct cdn_follow *follow,
                       const uint32_t *from, uint32_t from_count,
                       const struct cdn_reachable *how)
{
    lua_State *L = follow->L;
    struct cdn_arm *arm = cdn_scratch_alloc(L, sizeof *arm);
    struct cdn_numbering met;
    uint32_t at = 0;

    cdn_arm_init(arm, follow);
    cdn_numbering_init(&met, L, from_count < how->max_nodes ? from_count : 0);
    for (uint32_t i = 0; i < from_count; i++) {
        cdn_meter_charge(L, 1);
        if (!admit(&met, from[i], how->max_nodes))
            follow->run->truncated = true;
    }
    for (uint32_t hop = 0; hop < how->hops; hop++) {
        uint32_t end = met.count;

        if (at < end)
            cdn_follow_reach(follow, (uint64_t)hop + 1);
        for (; at < end; at++) {
            cdn_arm_begin(arm, met.nodes[at], how->direction);
            while (cdn_arm_next(arm))
                for (uint32_t i = 0; i < arm->count; i++)
                    if (!admit(&met, cdn_arm_peer(arm, i), how->max_nodes))
                        follow->run->truncated = true;
        }
    }
    out->nodes = met.nodes;
    out->count = met.count;
}

/* The edges between members as they are read: by source, in list order. */
struct gathered {
    uint32_t *ends; /* by source: where its edges end */
    uint32_t *peers;
    double *weights; /* NULL without weights */
    uint64_t count;
    uint64_t peer_room;
    uint64_t weight_room;
};

/* From dense index to local id: by subtraction where the members are one run. */
struct locals {
    const uint32_t *nodes;
    uint32_t count;
    bool dense;
    struct cdn_numbering numbering; /* of the sorted members, unless dense */
};

CDN_RAISES static void number_members(struct locals *locals, lua_State *L,
                                      const struct cdn_members *members)
{
    locals->nodes = members->nodes;
    locals->count = members->count;
    locals->dense =
        members->count == 0 ||
        members->nodes[members->count - 1] - members->nodes[0] == members->count - 1;
    if (locals->dense)
        return;
    cdn_numbering_init(&locals->numbering, L, members->count);
    for (uint32_t i = 0; i < members->count; i++) {
        bool added;

        cdn_meter_charge(L, 1);
        cdn_numbering_add(&locals->numbering, members->nodes[i], &added);
    }
}

static inline uint32_t local_of(const struct locals *locals, uint32_t node)
{
    if (!locals->dense)
        return cdn_numbering_find(&locals->numbering, node);
    return node - locals->nodes[0] < locals->count ? node - locals->nodes[0]
                                                   : CDN_NO_NUMBER;
}

/* Append the arm's present edges that stay among the members. */
CDN_RAISES static void gather_span(struct gathered *edges, const struct cdn_arm *arm,
                                   const struct locals *locals)
{
    const struct cdn_follow *follow = arm->follow;
    lua_State *L = follow->L;
    bool weighted = follow->weight != CDN_NO_SLOT;

    edges->peers = cdn_scratch_grow(L, edges->peers, &edges->peer_room,
                                    edges->count + arm->count, sizeof *edges->peers);
    if (weighted)
        edges->weights =
            cdn_scratch_grow(L, edges->weights, &edges->weight_room,
                             edges->count + arm->count, sizeof *edges->weights);
    for (uint32_t i = 0; i < arm->count; i++) {
        uint32_t local = local_of(locals, cdn_arm_peer(arm, i));

        if (local == CDN_NO_NUMBER ||
            (weighted &&
             !cdn_arm_number(arm, i, follow->weight, &edges->weights[edges->count])))
            continue;
        edges->peers[edges->count++] = local;
    }
    if (edges->count > UINT32_MAX - CDN_ARM_EDGES)
        cdn_meter_raise(L, CDN_STOP_MEMORY); /* offsets have 32 bits */
}

CDN_RAISES static void gather(struct gathered *edges, struct cdn_follow *follow,
                              const struct locals *locals, bool symmetric)
{
    struct cdn_arm *arm = cdn_scratch_alloc(follow->L, sizeof *arm);

    memset(edges, 0, sizeof *edges);
    edges->ends = cdn_scratch_alloc(follow->L, (locals->count + 1) * sizeof(uint32_t));
    cdn_arm_init(arm, follow);
    for (uint32_t i = 0; i < locals->count; i++) {
        cdn_arm_begin(arm, locals->nodes[i], symmetric ? CDN_BOTH : CDN_OUTGOING);
        while (cdn_arm_next(arm))
            gather_span(edges, arm, locals);
        edges->ends[i] = (uint32_t)edges->count;
    }
}

/* Rows by source into rows by target, the sources of each ascending.  Row i of `from` ends
 * at ends[i]; offsets has room for count + 1. */
struct rows {
    uint32_t count;
    const uint32_t *ends;
    const uint32_t *peers;
    const double *weights; /* or NULL */
};

CDN_RAISES static void transpose(uint32_t *offsets, uint32_t *peers, double *weights,
                                 lua_State *L, const struct rows *from)
{
    uint32_t edges = from->count ? from->ends[from->count - 1] : 0;
    struct cdn_pace pace = {.L = L};
    uint32_t total = 0;

    memset(offsets, 0, (from->count + 1) * sizeof *offsets);
    for (uint32_t i = 0; i < edges; i++) {
        cdn_pace(&pace, 1);
        offsets[from->peers[i]]++;
    }
    for (uint32_t i = 0; i <= from->count; i++) {
        uint32_t count = i < from->count ? offsets[i] : 0;

        cdn_pace(&pace, 1);
        offsets[i] = total;
        total += count;
    }
    for (uint32_t row = 0, i = 0; row < from->count; row++) {
        for (; i < from->ends[row]; i++) {
            uint32_t at = offsets[from->peers[i]]++;

            cdn_pace(&pace, 1);
            peers[at] = row;
            if (weights)
                weights[at] = from->weights[i];
        }
    }
    /* each start has moved to the next row's */
    memmove(offsets + 1, offsets, from->count * sizeof *offsets);
    offsets[0] = 0;
    cdn_pace_pay(&pace);
}

/* A view's arrays, one after another behind it. */
struct room {
    uint32_t *nodes;
    uint32_t *in_offsets;
    uint32_t *in_peers;
    uint32_t *out_offsets;
    uint32_t *out_peers;
    double *weights;
};

CDN_RAISES static struct cdn_view *push_room(struct room *room, lua_State *L,
                                             uint32_t nodes, uint32_t edges,
                                             bool symmetric, bool weighted)
{
    size_t ends = (size_t)nodes + 1;
    size_t rows = symmetric ? 1 : 2;
    size_t weight_bytes = weighted ? edges * sizeof(double) : 0;
    struct cdn_view *view =
        lua_newuserdata(L, sizeof *view + weight_bytes +
                               (nodes + rows * (ends + edges)) * sizeof(uint32_t));

    memset(view, 0, sizeof *view);
    room->weights = weighted ? (double *)(void *)(view + 1) : NULL;
    room->nodes = (uint32_t *)(void *)((char *)(view + 1) + weight_bytes);
    room->out_offsets = room->nodes + nodes;
    room->out_peers = room->out_offsets + ends;
    room->in_offsets = symmetric ? room->out_offsets : room->out_peers + edges;
    room->in_peers = symmetric ? room->out_peers : room->in_offsets + ends;
    view->magic = CDN_VIEW_MAGIC;
    view->node_count = nodes;
    view->edge_count = edges;
    view->symmetric = symmetric;
    view->nodes = room->nodes;
    view->out_offsets = room->out_offsets;
    view->out_peers = room->out_peers;
    view->in_offsets = room->in_offsets;
    view->in_peers = room->in_peers;
    view->out_weights = room->weights;
    return view;
}

struct cdn_view *cdn_view_push(lua_State *L, struct cdn_follow *follow,
                               struct cdn_members *members, bool symmetric)
{
    size_t mark = cdn_scratch_mark(L);
    bool weighted = follow->weight != CDN_NO_SLOT;
    struct gathered edges;
    struct locals locals;
    struct cdn_view *view;
    struct room room;
    struct rows rows;

    cdn_sort_indices(L, members->nodes, members->count);
    number_members(&locals, L, members);
    gather(&edges, follow, &locals, symmetric);
    view =
        push_room(&room, L, members->count, (uint32_t)edges.count, symmetric, weighted);
    if (members->count)
        memcpy(room.nodes, members->nodes, members->count * sizeof *room.nodes);
    rows = (struct rows){members->count, edges.ends, edges.peers, edges.weights};
    if (symmetric) {
        transpose(room.out_offsets, room.out_peers, room.weights, L, &rows);
    } else {
        double *weights =
            weighted ? cdn_scratch_alloc(L, ((size_t)edges.count + 1) * sizeof *weights)
                     : NULL;

        transpose(room.in_offsets, room.in_peers, weights, L, &rows);
        rows =
            (struct rows){members->count, room.in_offsets + 1, room.in_peers, weights};
        transpose(room.out_offsets, room.out_peers, room.weights, L, &rows);
    }
    cdn_scratch_release(L, mark);
    return view;
}

/* Merge a node's two rows into distinct neighbours; returns how many. */
static uint32_t merge_rows(uint32_t *out, const struct cdn_view *view, uint32_t node)
{
    uint32_t a = view->out_offsets[node];
    uint32_t a_end = view->out_offsets[node + 1];
    uint32_t b = view->in_offsets[node];
    uint32_t b_end = view->symmetric ? b : view->in_offsets[node + 1];
    uint32_t last = node; /* itself is never a neighbour */
    uint32_t count = 0;
    bool any = false;

    while (a < a_end || b < b_end) {
        bool from_a =
            b >= b_end || (a < a_end && view->out_peers[a] <= view->in_peers[b]);
        uint32_t peer = from_a ? view->out_peers[a++] : view->in_peers[b++];

        if (peer == node || (any && peer == last))
            continue;
        any = true;
        last = peer;
        out[count++] = peer;
    }
    return count;
}

void cdn_view_neighbours(struct cdn_neighbours *out, lua_State *L,
                         const struct cdn_view *view)
{
    size_t most = (size_t)view->edge_count * (view->symmetric ? 1 : 2);
    uint32_t *offsets = cdn_scratch_alloc(L, (view->node_count + 1) * sizeof *offsets);
    uint32_t *peers = cdn_scratch_alloc(L, (most + 1) * sizeof *peers);
    struct cdn_pace pace = {.L = L};
    uint32_t total = 0;

    if (most > UINT32_MAX)
        cdn_meter_raise(L, CDN_STOP_MEMORY);
    for (uint32_t v = 0; v < view->node_count; v++) {
        cdn_pace(&pace, 1 + view->out_offsets[v + 1] - view->out_offsets[v] +
                            view->in_offsets[v + 1] - view->in_offsets[v]);
        offsets[v] = total;
        total += merge_rows(peers + total, view, v);
    }
    offsets[view->node_count] = total;
    cdn_pace_pay(&pace);
    out->offsets = offsets;
    out->peers = peers;
}
