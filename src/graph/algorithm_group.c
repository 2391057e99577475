/* Components and communities.  Sources: algorithm.h. */
#include "graph/algorithm.h"

#include <string.h>

#include "sandbox/slot.h"

/* ---- weak components ---- */

static uint32_t find_root(uint32_t *parent, uint32_t node)
{
    while (parent[node] != node) {
        parent[node] = parent[parent[node]];
        node = parent[node];
    }
    return node;
}

void cdn_weak_components(uint32_t *group, lua_State *L, const struct cdn_view *view)
{
    struct cdn_pace pace = {.L = L};

    for (uint32_t v = 0; v < view->node_count; v++) {
        cdn_pace(&pace, 1);
        group[v] = v;
    }
    for (uint32_t v = 0; v < view->node_count; v++) {
        cdn_pace(&pace, 1);
        for (uint32_t e = view->out_offsets[v]; e < view->out_offsets[v + 1]; e++) {
            uint32_t a = find_root(group, v);
            uint32_t b = find_root(group, view->out_peers[e]);

            cdn_pace(&pace, 1);
            if (a < b)
                group[b] = a;
            else
                group[a] = b;
        }
    }
    for (uint32_t v = 0; v < view->node_count; v++) {
        cdn_pace(&pace, 1);
        group[v] = find_root(group, v);
    }
    cdn_pace_pay(&pace);
}

/* ---- strong components ---- */

struct tarjan {
    const struct cdn_view *view;
    struct cdn_pace pace;
    uint32_t *order; /* when a node was met, from 1; 0: not yet */
    uint32_t *low;   /* the earliest node on the stack that it reaches */
    uint32_t *at;    /* the next edge of a node to look at */
    uint32_t *calls; /* the nodes being searched from, outermost first */
    uint32_t *stack; /* nodes met whose component is not complete */
    uint32_t stacked;
    uint32_t met;
};

static void meet(struct tarjan *t, uint32_t node)
{
    t->order[node] = t->low[node] = ++t->met;
    t->at[node] = t->view->out_offsets[node];
    t->stack[t->stacked++] = node;
}

/* The component whose first node met is `root`: all above it on the stack. */
CDN_RAISES static void complete(struct tarjan *t, uint32_t *group, uint32_t root)
{
    uint32_t least = root;
    uint32_t from = t->stacked;

    do {
        cdn_pace(&t->pace, 2);
        from--;
        if (t->stack[from] < least)
            least = t->stack[from];
    } while (t->stack[from] != root);
    for (uint32_t i = from; i < t->stacked; i++) {
        group[t->stack[i]] = least;
        t->low[t->stack[i]] = 0; /* it is on the stack no more */
    }
    t->stacked = from;
}

CDN_RAISES static void search(struct tarjan *t, uint32_t *group, uint32_t start)
{
    uint32_t depth = 0;

    meet(t, start);
    t->calls[depth++] = start;
    while (depth > 0) {
        uint32_t node = t->calls[depth - 1];

        cdn_pace(&t->pace, 1);
        if (t->at[node] < t->view->out_offsets[node + 1]) {
            uint32_t peer = t->view->out_peers[t->at[node]++];

            if (t->order[peer] == 0) {
                meet(t, peer);
                t->calls[depth++] = peer;
            } else if (t->low[peer] != 0 && t->order[peer] < t->low[node]) {
                t->low[node] = t->order[peer];
            }
            continue;
        }
        depth--;
        if (depth > 0 && t->low[node] < t->low[t->calls[depth - 1]])
            t->low[t->calls[depth - 1]] = t->low[node];
        if (t->low[node] == t->order[node])
            complete(t, group, node);
    }
}

void cdn_strong_components(uint32_t *group, lua_State *L, const struct cdn_view *view)
{
    size_t bytes = ((size_t)view->node_count + 1) * sizeof(uint32_t);
    struct tarjan t = {.view = view, .pace = {.L = L}};

    t.order = cdn_scratch_alloc(L, bytes);
    t.low = cdn_scratch_alloc(L, bytes);
    t.at = cdn_scratch_alloc(L, bytes);
    t.calls = cdn_scratch_alloc(L, bytes);
    t.stack = cdn_scratch_alloc(L, bytes);
    memset(t.order, 0, bytes);
    for (uint32_t v = 0; v < view->node_count; v++) {
        cdn_pace(&t.pace, 1);
        if (t.order[v] == 0)
            search(&t, group, v);
    }
    cdn_pace_pay(&t.pace);
}

/* ---- label propagation ---- */

/* The most frequent label so far, the least on a tie. */
struct vote {
    uint32_t *counts; /* by label; all 0 between two nodes */
    uint32_t label;
    uint32_t count;
};

static void count_votes(struct vote *vote, const uint32_t *labels,
                        const uint32_t *peers, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        uint32_t label = labels[peers[i]];
        uint32_t votes = ++vote->counts[label];

        if (votes > vote->count || (votes == vote->count && label < vote->label)) {
            vote->label = label;
            vote->count = votes;
        }
    }
}

static void forget_votes(struct vote *vote, const uint32_t *labels,
                         const uint32_t *peers, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        vote->counts[labels[peers[i]]] = 0;
}

/* One round; false: no label has changed. */
CDN_RAISES static bool propagate(uint32_t *next, struct vote *vote,
                                 struct cdn_pace *pace, const struct cdn_view *view,
                                 const uint32_t *labels)
{
    bool changed = false;

    for (uint32_t v = 0; v < view->node_count; v++) {
        const uint32_t *out = view->out_peers + view->out_offsets[v];
        const uint32_t *in = view->in_peers + view->in_offsets[v];
        uint32_t outs = view->out_offsets[v + 1] - view->out_offsets[v];
        uint32_t ins =
            view->symmetric ? 0 : view->in_offsets[v + 1] - view->in_offsets[v];

        cdn_pace(pace, 1);
        cdn_pace(pace, 2 * outs);
        cdn_pace(pace, 2 * ins);
        vote->label = labels[v];
        vote->count = 0;
        count_votes(vote, labels, out, outs);
        count_votes(vote, labels, in, ins);
        forget_votes(vote, labels, out, outs);
        forget_votes(vote, labels, in, ins);
        next[v] = vote->label;
        changed = changed || next[v] != labels[v];
    }
    return changed;
}

void cdn_label_propagation(uint32_t *group, lua_State *L, const struct cdn_view *view,
                           uint32_t iterations)
{
    size_t bytes = ((size_t)view->node_count + 1) * sizeof(uint32_t);
    uint32_t *next = cdn_scratch_alloc(L, bytes);
    struct cdn_pace pace = {.L = L};
    struct vote vote;

    vote.counts = cdn_scratch_alloc(L, bytes);
    memset(vote.counts, 0, bytes);
    for (uint32_t v = 0; v < view->node_count; v++) {
        cdn_pace(&pace, 1);
        group[v] = v;
    }
    for (uint32_t round = 0; round < iterations; round++) {
        cdn_meter_charge(L, 1);
        if (!propagate(next, &vote, &pace, view, group))
            break;
        if (view->node_count)
            memcpy(group, next, view->node_count * sizeof *group);
    }
    cdn_pace_pay(&pace);
}
