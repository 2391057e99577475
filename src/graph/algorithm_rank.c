/* PageRank, plain and personalised, and degrees.  Sources: algorithm.h.
 *
 * A round pulls: each node adds, in the order of its incoming list, what its in-neighbours
 * give it, so that a sum has one order whatever machine it is made on. */
#include "graph/algorithm.h"

#include "sandbox/slot.h"

static inline uint32_t out_degree(const struct cdn_view *view, uint32_t node)
{
    return view->out_offsets[node + 1] - view->out_offsets[node];
}

/* What each node gives along each of its edges; returns what those without edges hold. */
CDN_RAISES static double share_out(double *shares, struct cdn_pace *pace,
                                   const struct cdn_view *view, const double *ranks)
{
    double dangling = 0;

    for (uint32_t v = 0; v < view->node_count; v++) {
        uint32_t degree = out_degree(view, v);

        cdn_pace(pace, 1);
        shares[v] = degree ? ranks[v] / degree : 0;
        dangling += degree ? 0 : ranks[v];
    }
    return dangling;
}

void cdn_pagerank(double *ranks, lua_State *L, const struct cdn_view *view,
                  const struct cdn_pagerank *how)
{
    double *shares = cdn_scratch_alloc(L, (view->node_count + 1) * sizeof *shares);
    struct cdn_pace pace = {.L = L};
    double even = 1.0 / view->node_count;

    for (uint32_t v = 0; v < view->node_count; v++) {
        cdn_pace(&pace, 1);
        ranks[v] = how->restart ? how->restart[v] : even;
    }
    for (uint32_t round = 0; round < how->iterations; round++) {
        double dangling = share_out(shares, &pace, view, ranks);
        double jump = (1 - how->damping) + how->damping * dangling;

        cdn_meter_charge(L, 1);
        for (uint32_t v = 0; v < view->node_count; v++) {
            double sum = 0;

            cdn_pace(&pace, 1 + view->in_offsets[v + 1] - view->in_offsets[v]);
            for (uint32_t e = view->in_offsets[v]; e < view->in_offsets[v + 1]; e++)
                sum += shares[view->in_peers[e]];
            ranks[v] =
                jump * (how->restart ? how->restart[v] : even) + how->damping * sum;
        }
    }
    cdn_pace_pay(&pace);
}

void cdn_degrees(double *degree, lua_State *L, const struct cdn_view *view,
                 enum cdn_direction direction)
{
    struct cdn_pace pace = {.L = L};

    for (uint32_t v = 0; v < view->node_count; v++) {
        uint32_t in = view->in_offsets[v + 1] - view->in_offsets[v];

        cdn_pace(&pace, 1);
        degree[v] = 0;
        if (direction != CDN_INCOMING)
            degree[v] += out_degree(view, v);
        if (direction == CDN_INCOMING || (direction == CDN_BOTH && !view->symmetric))
            degree[v] += in;
    }
    cdn_pace_pay(&pace);
}
