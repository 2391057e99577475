/* How far nodes are: breadth first, and by weight.  Sources: algorithm.h. */
#include "graph/algorithm.h"

#include <math.h>

#include "graph/heap.h"
#include "sandbox/slot.h"

/* All of NaN. */
CDN_RAISES static void clear(struct cdn_pace *pace, double *values, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        cdn_pace(pace, 1);
        values[i] = NAN;
    }
}

/* Note the nodes of a row that are new; returns where the queue ends then. */
static uint32_t visit(double *hops, uint32_t *queue, uint32_t end, double hop,
                      const uint32_t *peers, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        uint32_t peer = peers[i];

        if (!isnan(hops[peer]))
            continue;
        hops[peer] = hop;
        queue[end++] = peer;
    }
    return end;
}

void cdn_bfs(double *hops, lua_State *L, const struct cdn_view *view, uint32_t from,
             enum cdn_direction direction)
{
    uint32_t *queue = cdn_scratch_alloc(L, (view->node_count + 1) * sizeof *queue);
    struct cdn_pace pace = {.L = L};
    uint32_t end = 0;

    clear(&pace, hops, view->node_count);
    hops[from] = 0;
    queue[end++] = from;
    for (uint32_t at = 0; at < end; at++) {
        uint32_t node = queue[at];
        uint32_t out = view->out_offsets[node];
        uint32_t in = view->in_offsets[node];

        if (direction != CDN_INCOMING) {
            uint32_t count = view->out_offsets[node + 1] - out;

            cdn_pace(&pace, 1 + count);
            end = visit(hops, queue, end, hops[node] + 1, view->out_peers + out, count);
        }
        if (direction != CDN_OUTGOING && !(view->symmetric && direction == CDN_BOTH)) {
            uint32_t count = view->in_offsets[node + 1] - in;

            cdn_pace(&pace, 1 + count);
            end = visit(hops, queue, end, hops[node] + 1, view->in_peers + in, count);
        }
    }
    cdn_pace_pay(&pace);
}

bool cdn_sssp(double *lengths, uint32_t *bad, lua_State *L, const struct cdn_view *view,
              uint32_t from)
{
    struct cdn_heap heap = {.L = L};
    struct cdn_pace pace = {.L = L};
    struct cdn_heap_entry least;

    clear(&pace, lengths, view->node_count);
    for (uint32_t e = 0; view->out_weights && e < view->edge_count; e++) {
        cdn_pace(&pace, 1);
        if (!(view->out_weights[e] >= 0)) {
            *bad = e;
            return false;
        }
    }
    lengths[from] = 0;
    cdn_heap_push(&heap, 0, from);
    while (cdn_heap_pop(&heap, &least)) {
        uint32_t node = least.number;

        if (least.length > lengths[node])
            continue; /* a shorter way has been found since */
        for (uint32_t e = view->out_offsets[node]; e < view->out_offsets[node + 1];
             e++) {
            double length =
                least.length + (view->out_weights ? view->out_weights[e] : 1);
            double *known = &lengths[view->out_peers[e]];

            cdn_pace(&pace, 1);
            if (*known <= length)
                continue;
            *known = length;
            cdn_heap_push(&heap, length, view->out_peers[e]);
        }
    }
    cdn_pace_pay(&pace);
    return true;
}
