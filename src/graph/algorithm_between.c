/* Betweenness.  Source: algorithm.h.
 *
 * From each source: a breadth-first pass that counts shortest ways, then the nodes met, the
 * farthest first, each hand their dependence to those before them.  Who is before a node is
 * found by looking at its incoming row again, which costs a second pass over the edges and
 * saves lists of predecessors. */
#include "graph/algorithm.h"

#include <math.h>
#include <string.h>

#include "graph/numbering.h"
#include "sandbox/slot.h"

#define NOT_MET UINT32_MAX

struct brandes {
    const struct cdn_view *view;
    struct cdn_pace pace;
    uint32_t *hops;
    uint32_t *queue; /* nodes in the order met */
    double *ways;    /* shortest ones from the source */
    double *share;   /* the source's dependence on a node */
};

CDN_RAISES static uint32_t count_ways(struct brandes *b, uint32_t source)
{
    const struct cdn_view *view = b->view;
    uint32_t end = 0;

    memset(b->hops, 0xff, view->node_count * sizeof *b->hops);
    b->hops[source] = 0;
    b->ways[source] = 1;
    b->share[source] = 0;
    b->queue[end++] = source;
    for (uint32_t at = 0; at < end; at++) {
        uint32_t v = b->queue[at];
        uint32_t first = view->out_offsets[v];

        cdn_pace(&b->pace, 1 + view->out_offsets[v + 1] - first);
        for (uint32_t e = first; e < view->out_offsets[v + 1]; e++) {
            uint32_t w = view->out_peers[e];

            if (e > first && w == view->out_peers[e - 1])
                continue; /* parallel */
            if (b->hops[w] == NOT_MET) {
                b->hops[w] = b->hops[v] + 1;
                b->ways[w] = 0;
                b->share[w] = 0;
                b->queue[end++] = w;
            }
            if (b->hops[w] == b->hops[v] + 1)
                b->ways[w] += b->ways[v];
        }
    }
    return end;
}

CDN_RAISES static void hand_back(struct brandes *b, double *through, uint32_t source,
                                 uint32_t met)
{
    const struct cdn_view *view = b->view;

    for (uint32_t at = met; at-- > 0;) {
        uint32_t w = b->queue[at];
        uint32_t first = view->in_offsets[w];
        double given = (1 + b->share[w]) / b->ways[w];

        cdn_pace(&b->pace, 1 + view->in_offsets[w + 1] - first);
        for (uint32_t e = first; e < view->in_offsets[w + 1]; e++) {
            uint32_t v = view->in_peers[e];

            if ((e > first && v == view->in_peers[e - 1]) || b->hops[v] == NOT_MET ||
                b->hops[v] + 1 != b->hops[w])
                continue;
            b->share[v] += b->ways[v] * given;
        }
        if (w != source)
            through[w] += b->share[w];
    }
}

/* The first `count` of all nodes, shuffled (Fisher and Yates), ascending. */
CDN_RAISES static uint32_t *draw(struct cdn_pace *pace, uint32_t nodes, uint32_t count,
                                 uint64_t seed)
{
    uint32_t *drawn = cdn_scratch_alloc(pace->L, ((size_t)nodes + 1) * sizeof *drawn);

    for (uint32_t i = 0; i < nodes; i++) {
        cdn_pace(pace, 1);
        drawn[i] = i;
    }
    if (count == nodes)
        return drawn;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t other = i + (uint32_t)cdn_random_below(&seed, nodes - i);
        uint32_t swap = drawn[i];

        cdn_pace(pace, 1);
        drawn[i] = drawn[other];
        drawn[other] = swap;
    }
    cdn_sort_indices(pace->L, drawn, count);
    return drawn;
}

void cdn_betweenness(double *through, lua_State *L, const struct cdn_view *view,
                     uint32_t sources, uint64_t seed)
{
    size_t nodes = (size_t)view->node_count + 1;
    struct brandes b = {.view = view, .pace = {.L = L}};
    uint32_t count = sources < view->node_count ? sources : view->node_count;
    double scale = count ? (double)view->node_count / count : 0;
    uint32_t *drawn;

    b.hops = cdn_scratch_alloc(L, nodes * sizeof *b.hops);
    b.queue = cdn_scratch_alloc(L, nodes * sizeof *b.queue);
    b.ways = cdn_scratch_alloc(L, nodes * sizeof *b.ways);
    b.share = cdn_scratch_alloc(L, nodes * sizeof *b.share);
    for (uint32_t v = 0; v < view->node_count; v++) {
        cdn_pace(&b.pace, 1);
        through[v] = 0;
    }
    drawn = draw(&b.pace, view->node_count, count, seed);
    for (uint32_t i = 0; i < count; i++) {
        uint32_t met;

        cdn_pace(&b.pace, view->node_count / 8); /* to clear the hops */
        met = count_ways(&b, drawn[i]);
        hand_back(&b, through, drawn[i], met);
    }
    if (view->symmetric)
        scale /= 2; /* each pair was met from both its ends */
    for (uint32_t v = 0; v < view->node_count; v++) {
        cdn_pace(&b.pace, 1);
        through[v] *= scale;
    }
    cdn_pace_pay(&b.pace);
}
