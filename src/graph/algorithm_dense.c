/* How tightly nodes hang together: triangles, clustering, cores.  Sources: algorithm.h.
 *
 * All three work on distinct neighbours without direction, made once for each call.  Marks
 * are stamped with the node they are for, so that nothing has to be taken back. */
#include "graph/algorithm.h"

#include <string.h>

#include "sandbox/slot.h"

#define NO_MARK UINT32_MAX

CDN_RAISES static uint32_t *new_marks(lua_State *L, uint32_t count)
{
    size_t bytes = ((size_t)count + 1) * sizeof(uint32_t);
    uint32_t *marks = cdn_scratch_alloc(L, bytes);

    memset(marks, 0xff, bytes);
    return marks;
}

static inline uint32_t degree_of(const struct cdn_neighbours *near, uint32_t node)
{
    return near->offsets[node + 1] - near->offsets[node];
}

/* Does a come after b, by degree and then by id? */
static inline bool above(const struct cdn_neighbours *near, uint32_t a, uint32_t b)
{
    uint32_t a_degree = degree_of(near, a);
    uint32_t b_degree = degree_of(near, b);

    return a_degree != b_degree ? a_degree > b_degree : a > b;
}

double cdn_triangles(double *through, lua_State *L, const struct cdn_view *view)
{
    struct cdn_neighbours near;
    struct cdn_pace pace = {.L = L};
    double total = 0;
    uint32_t *upper; /* each node's neighbours above it, at the start of its row */
    uint32_t *uppers;
    uint32_t *marks;

    cdn_view_neighbours(&near, L, view);
    upper = cdn_scratch_alloc(L, (near.offsets[view->node_count] + 1) * sizeof *upper);
    uppers = cdn_scratch_alloc(L, (view->node_count + 1) * sizeof *uppers);
    marks = new_marks(L, view->node_count);
    for (uint32_t v = 0; v < view->node_count; v++) {
        uint32_t *row = upper + near.offsets[v];

        cdn_pace(&pace, 1 + degree_of(&near, v));
        through[v] = 0;
        uppers[v] = 0;
        for (uint32_t e = near.offsets[v]; e < near.offsets[v + 1]; e++)
            if (above(&near, near.peers[e], v))
                row[uppers[v]++] = near.peers[e];
    }
    for (uint32_t v = 0; v < view->node_count; v++) {
        const uint32_t *row = upper + near.offsets[v];

        cdn_pace(&pace, 1 + uppers[v]);
        for (uint32_t i = 0; i < uppers[v]; i++)
            marks[row[i]] = v;
        for (uint32_t i = 0; i < uppers[v]; i++) {
            const uint32_t *third = upper + near.offsets[row[i]];

            cdn_pace(&pace, uppers[row[i]]);
            for (uint32_t j = 0; j < uppers[row[i]]; j++) {
                if (marks[third[j]] != v)
                    continue;
                total++;
                through[v]++;
                through[row[i]]++;
                through[third[j]]++;
            }
        }
    }
    cdn_pace_pay(&pace);
    return total;
}

/* Distinct targets of `node` that carry the mark, itself not one of them. */
static uint32_t count_marked(const struct cdn_view *view, const uint32_t *marks,
                             uint32_t node, uint32_t mark)
{
    const uint32_t *peers = view->out_peers + view->out_offsets[node];
    uint32_t degree = view->out_offsets[node + 1] - view->out_offsets[node];
    uint32_t count = 0;

    for (uint32_t i = 0; i < degree; i++)
        count += marks[peers[i]] == mark && peers[i] != node &&
                         (i == 0 || peers[i] != peers[i - 1])
                     ? 1
                     : 0;
    return count;
}

void cdn_clustering(double *coefficients, lua_State *L, const struct cdn_view *view)
{
    struct cdn_neighbours near;
    struct cdn_pace pace = {.L = L};
    uint32_t *marks;

    cdn_view_neighbours(&near, L, view);
    marks = new_marks(L, view->node_count);
    for (uint32_t v = 0; v < view->node_count; v++) {
        const uint32_t *row = near.peers + near.offsets[v];
        uint32_t degree = degree_of(&near, v);
        uint64_t edges = 0;

        cdn_pace(&pace, 1 + degree);
        coefficients[v] = 0;
        if (degree < 2)
            continue;
        for (uint32_t i = 0; i < degree; i++)
            marks[row[i]] = v;
        for (uint32_t i = 0; i < degree; i++) {
            cdn_pace(&pace,
                     1 + view->out_offsets[row[i] + 1] - view->out_offsets[row[i]]);
            edges += count_marked(view, marks, row[i], v);
        }
        coefficients[v] = (double)edges / ((double)degree * (degree - 1));
    }
    cdn_pace_pay(&pace);
}

/* Nodes in order of their degree, kept so while degrees go down by one. */
struct bins {
    uint32_t *start;  /* by degree: where its nodes begin in `sorted` */
    uint32_t *sorted; /* nodes */
    uint32_t *place;  /* of each node in `sorted` */
    uint32_t *degree;
};

CDN_RAISES static void fill_bins(struct bins *bins, struct cdn_pace *pace,
                                 const struct cdn_neighbours *near, uint32_t count)
{
    size_t bytes = ((size_t)count + 2) * sizeof(uint32_t);
    uint32_t total = 0;

    bins->start = cdn_scratch_alloc(pace->L, bytes);
    bins->sorted = cdn_scratch_alloc(pace->L, bytes);
    bins->place = cdn_scratch_alloc(pace->L, bytes);
    bins->degree = cdn_scratch_alloc(pace->L, bytes);
    memset(bins->start, 0, bytes);
    for (uint32_t v = 0; v < count; v++) {
        cdn_pace(pace, 1);
        bins->degree[v] = degree_of(near, v);
        bins->start[bins->degree[v]]++;
    }
    for (uint32_t d = 0; d <= count; d++) {
        uint32_t size = bins->start[d];

        cdn_pace(pace, 1);
        bins->start[d] = total;
        total += size;
    }
    for (uint32_t v = 0; v < count; v++) {
        cdn_pace(pace, 1);
        bins->place[v] = bins->start[bins->degree[v]]++;
        bins->sorted[bins->place[v]] = v;
    }
    memmove(bins->start + 1, bins->start, (size_t)count * sizeof *bins->start);
    bins->start[0] = 0;
}

/* One degree less: the node changes places with the first of its degree. */
static void lower(struct bins *bins, uint32_t node)
{
    uint32_t degree = bins->degree[node]--;
    uint32_t first = bins->start[degree]++;
    uint32_t other = bins->sorted[first];
    uint32_t place = bins->place[node];

    bins->sorted[place] = other;
    bins->place[other] = place;
    bins->sorted[first] = node;
    bins->place[node] = first;
}

void cdn_cores(double *core, lua_State *L, const struct cdn_view *view)
{
    struct cdn_neighbours near;
    struct cdn_pace pace = {.L = L};
    struct bins bins;

    cdn_view_neighbours(&near, L, view);
    fill_bins(&bins, &pace, &near, view->node_count);
    for (uint32_t i = 0; i < view->node_count; i++) {
        uint32_t v = bins.sorted[i];

        cdn_pace(&pace, 1 + degree_of(&near, v));
        core[v] = bins.degree[v];
        for (uint32_t e = near.offsets[v]; e < near.offsets[v + 1]; e++)
            if (bins.degree[near.peers[e]] > bins.degree[v])
                lower(&bins, near.peers[e]);
    }
    cdn_pace_pay(&pace);
}
