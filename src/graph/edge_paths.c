/* Paths: see path.h.
 *
 * A node's edges are read in one scan, before any of them is followed, so that no two
 * scans are open at once; what must be kept is a node and a time for each node that can
 * be reached from those on the way.  A scan is that of the set with another source and,
 * with ascending times, one more window in its last stage.
 *
 * Cost: some 200 ns a node on the way and 5 to 10 ns an edge.  Left out: sharing what two
 * paths through one node have in common (that is what group() is for). */
#include "graph/edge_paths.h"

#include <string.h>

#include "graph/distinct.h"
#include "graph/scan.h"
#include "sandbox/slot.h"

/* In instructions: of beginning to read a node's edges, and of a path, without its nodes. */
#define LOOK_COST 24
#define PATH_COST 16

struct onward {
    uint32_t node;
    int64_t time; /* of the earliest edge that leads there */
};

struct walk {
    lua_State *L;
    struct cdn_paths *paths;
    struct cdn_edges *step; /* the set, from one source */
    struct cdn_operation *window;
    uint32_t nodes[CDN_PATH_MAX_HOPS + 1];
    uint32_t depth; /* of the first step */
    bool full;
};

/* A copy of the set with room for the window, which stands where refining would put it. */
CDN_RAISES static void make_step(struct walk *walk, const struct cdn_edges *set)
{
    uint32_t count = set->operation_count;
    uint32_t at = count;
    struct cdn_edges *step = cdn_scratch_alloc(
        walk->L, sizeof *step + (count + 1) * sizeof step->operations[0]);

    while (at > 0 && (set->operations[at - 1].kind == CDN_OPERATION_WINDOW ||
                      set->operations[at - 1].kind == CDN_OPERATION_WHERE))
        at--;
    *step = *set;
    step->operation_count = (uint8_t)(count + 1);
    step->node_count = 1;
    step->nodes = NULL;
    step->origin = NULL;
    memcpy(step->operations, set->operations, at * sizeof set->operations[0]);
    memcpy(step->operations + at + 1, set->operations + at,
           (count - at) * sizeof set->operations[0]);
    walk->window = &step->operations[at];
    *walk->window = (struct cdn_operation){.kind = CDN_OPERATION_WINDOW};
    walk->window->as.window.high = INT64_MAX;
    walk->step = step;
}

static bool on_the_way(const struct walk *walk, uint32_t node, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        if (walk->nodes[i] == node)
            return true;
    return false;
}

/* Where the edges of the last of `count` nodes lead, in scratch memory.   [-0, +0, e] */
CDN_RAISES static struct onward *look_around(struct walk *walk, uint32_t count,
                                             int64_t from, uint32_t *found)
{
    lua_State *L = walk->L;
    struct cdn_distinct distinct;
    struct cdn_scan_room room;
    struct cdn_scan scan;
    struct cdn_span span;
    struct onward *list = NULL;
    uint32_t capacity = 0;

    walk->step->node = walk->nodes[count - 1];
    walk->step->depth = walk->depth + count - 1;
    walk->step->flags = 0;
    cdn_meter_charge(L, LOOK_COST);
    walk->window->as.window.low = from;
    *found = 0;
    cdn_scan_begin_here(&scan, &room, L, walk->step,
                        (struct cdn_scan_how){.ordered = true, .looks = true});
    while (cdn_scan_next(&scan, &span)) {
        const struct cdn_reach *reach = span.reach;

        if (!list)
            cdn_distinct_init(&distinct, L, scan.run->snapshot->node_count, span.count);
        if (!list || capacity - *found < span.count) {
            uint32_t wanted =
                2 * capacity > *found + span.count ? 2 * capacity : *found + span.count;
            struct onward *longer = cdn_scratch_alloc(L, wanted * sizeof *longer);

            if (*found)
                memcpy(longer, list, *found * sizeof *longer);
            list = longer;
            capacity = wanted;
        }
        for (uint32_t i = 0; i < span.count; i++) {
            uint32_t position = cdn_span_position(&span, i);
            uint32_t node = reach->list.peers[position];

            if (!cdn_peer_valid(node, reach->from->peer_base, reach->from->peer_count))
                cdn_raise_damaged(L, "a node index is out of range");
            if (!on_the_way(walk, node, count) && cdn_distinct_add(&distinct, node))
                list[(*found)++] = (struct onward){
                    node, reach->list.times ? reach->list.times[position] : 0};
        }
    }
    cdn_scan_end(&scan);
    return list;
}

/* Every path that goes on from the first `count` nodes of the way.        [-0, +0, e] */
CDN_RAISES static void go_on(struct walk *walk, uint32_t count, int64_t from)
{
    struct cdn_paths *paths = walk->paths;
    size_t mark = cdn_scratch_mark(walk->L);
    uint32_t found;
    const struct onward *list = look_around(walk, count, from, &found);

    for (uint32_t i = 0; i < found && !walk->full; i++) {
        if (paths->count == paths->most) {
            walk->full = true;
            break;
        }
        paths->count++;
        walk->nodes[count] = list[i].node;
        cdn_meter_charge(walk->L, PATH_COST + count);
        paths->found(walk->L, paths, walk->nodes, count + 1);
        if (count == paths->hops)
            continue;
        if (!paths->ascending)
            go_on(walk, count + 1, INT64_MIN);
        else if (list[i].time < INT64_MAX)
            go_on(walk, count + 1, list[i].time + 1);
    }
    cdn_scratch_release(walk->L, mark);
}

void cdn_edges_paths(struct cdn_paths *paths, lua_State *L, struct cdn_edges *set)
{
    struct cdn_graph_run *run = cdn_slot_host(L);
    struct walk walk = {.L = L, .paths = paths, .depth = set->depth};
    size_t mark = cdn_scratch_mark(L);

    paths->count = 0;
    paths->depth = set->depth;
    make_step(&walk, set);
    for (uint32_t i = 0; i < set->node_count && !walk.full; i++) {
        walk.nodes[0] = set->nodes ? set->nodes[i] : set->node;
        go_on(&walk, 1, INT64_MIN);
    }
    if (walk.full)
        run->truncated = true;
    cdn_scratch_release(L, mark);
}
