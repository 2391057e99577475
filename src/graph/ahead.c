/* Asking memory for what a run is likely to read first: see graph.h.
 *
 * In a graph larger than the caches the median request is a handful of cache misses, one
 * after the other: where the node's lists are, their times, their values.  What is asked
 * for here arrives while the sandbox is restored and the rule begins.  Nothing is read for
 * the rule, so nothing is charged; what has not been checked yet is left alone. */
#include "graph/bound.h"
#include "graph/graph.h"

/* Lists asked for at most, and edges of each, from its end: a rule asks for the latest. */
#define MOST_LISTS 8
#define MOST_EDGES 32

static inline void ask(uintptr_t block, size_t first, size_t count, size_t width)
{
    uintptr_t at = block + first * width;

    if (!block || !count)
        return;
    for (uintptr_t line = at & ~(uintptr_t)63; line < at + count * width; line += 64)
        __builtin_prefetch((const void *)line);
}

/* The lists that the rule may read from a node of this label. */
/* NOLINTBEGIN(bugprone-macro-parentheses): `list` is declared by it */
#define FOR_LISTS(list, binding, label)                                                \
    for (uint32_t kind_ = 0, left_ = MOST_LISTS; kind_ < (binding)->kind_count;        \
         kind_++)                                                                      \
        if ((binding)->kinds[kind_].what == CDN_BOUND_TYPE)                            \
            for (const struct cdn_bound_list *                                         \
                     list = first_list(&(binding)->kinds[kind_], (label)),             \
                    *end_ = last_list(&(binding)->kinds[kind_], (label));              \
                 list < end_ && left_ > 0; list++, left_--)
/* NOLINTEND(bugprone-macro-parentheses) */

static inline const struct cdn_bound_list *first_list(const struct cdn_bound_kind *kind,
                                                      uint32_t label)
{
    return kind->lists + kind->ends[label].first;
}

static inline const struct cdn_bound_list *last_list(const struct cdn_bound_kind *kind,
                                                     uint32_t label)
{
    const struct cdn_bound_ends *ends = &kind->ends[label];

    return kind->lists + ends->first + ends->outgoing + ends->incoming;
}

void cdn_graph_ask_node(const struct cdn_graph_run *run, uint32_t node)
{
    const struct cdn_binding *binding = run->binding;
    uint32_t label;

    if (!run->snapshot || node >= run->snapshot->node_count)
        return;
    label = cdn_snapshot_label_of(run->snapshot, node);
    FOR_LISTS(list, binding, label)
    {
        const struct cdn_adjacency *adjacency = list->adjacency;
        uint32_t local = node - list->node_base;

        ask(CDN_PEEK(adjacency->offsets, local >> adjacency->shift),
            local & ((UINT32_C(1) << adjacency->shift) - 1), 2, sizeof(uint32_t));
    }
}

static void ask_list(const struct cdn_bound_list *list, uint32_t node, uint32_t stride)
{
    const struct cdn_adjacency *adjacency = list->adjacency;
    uint32_t local = node - list->node_base;
    uint32_t block = local >> adjacency->shift;
    const uint32_t *offsets = (const uint32_t *)CDN_PEEK(adjacency->offsets, block);
    uint32_t first, count;

    if (!offsets)
        return;
    offsets += local & ((UINT32_C(1) << adjacency->shift) - 1);
    if (offsets[1] <= offsets[0])
        return;
    count = offsets[1] - offsets[0] < MOST_EDGES ? offsets[1] - offsets[0] : MOST_EDGES;
    first = offsets[1] - count;
    if (adjacency->times)
        ask(CDN_PEEK(adjacency->times, block), first, count, sizeof(int64_t));
    ask(CDN_PEEK(adjacency->peers, block), first, count, sizeof(uint32_t));
    for (uint32_t slot = 0; slot < stride; slot++) {
        const struct cdn_column *column;

        if (list->columns[slot] < 0)
            continue;
        column = &adjacency->columns[list->columns[slot]];
        if (column->values)
            ask(CDN_PEEK(column->values, block), first, count, column->width);
    }
}

void cdn_graph_ask_edges(const struct cdn_graph_run *run, uint32_t node)
{
    const struct cdn_binding *binding = run->binding;
    uint32_t label;

    if (!run->snapshot || node >= run->snapshot->node_count)
        return;
    label = cdn_snapshot_label_of(run->snapshot, node);
    FOR_LISTS(list, binding, label)
    {
        ask_list(list, node, binding->stride);
    }
}
