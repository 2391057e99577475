/* Shortest ways: see path.h. */
#include "graph/path.h"

#include <string.h>

#include "graph/heap.h"
#include "sandbox/slot.h"

/* How a node was come to. */
struct step {
    uint64_t edge;
    uint32_t parent; /* a number; the first node's own */
    uint32_t hops;   /* from the first node */
};

/* A search from one end: nodes are numbered in the order in which they are met, so that the
 * numbering is the queue as well. */
struct side {
    struct cdn_numbering met;
    struct step *steps; /* by number */
    uint64_t room;
    uint32_t at; /* the first node of the level to be searched next */
    uint32_t depth;
    enum cdn_direction direction;
};

CDN_RAISES static void note_step(struct side *side, lua_State *L, uint32_t number,
                                 uint32_t parent, uint64_t edge)
{
    side->steps = cdn_scratch_grow(L, side->steps, &side->room, (uint64_t)number + 1,
                                   sizeof *side->steps);
    side->steps[number] =
        (struct step){.edge = edge,
                      .parent = parent,
                      .hops = number == parent ? 0 : side->steps[parent].hops + 1};
}

CDN_RAISES static void begin_side(struct side *side, lua_State *L, uint32_t node,
                                  enum cdn_direction direction)
{
    bool added;

    memset(side, 0, sizeof *side);
    side->direction = direction;
    cdn_numbering_init(&side->met, L, 0);
    note_step(side, L, cdn_numbering_add(&side->met, node, &added), 0, 0);
}

/* Search one level; true: *meeting, numbered by both sides now, has been come to. */
CDN_RAISES static bool search_level(uint32_t *meeting, struct side *side,
                                    const struct side *other, struct cdn_arm *arm)
{
    lua_State *L = arm->follow->L;
    uint32_t end = side->met.count;

    cdn_follow_reach(arm->follow, (uint64_t)side->depth + 1);
    for (; side->at < end; side->at++) {
        cdn_arm_begin(arm, side->met.nodes[side->at], side->direction);
        while (cdn_arm_next(arm)) {
            for (uint32_t i = 0; i < arm->count; i++) {
                uint32_t peer = cdn_arm_peer(arm, i);
                bool added;
                uint32_t number = cdn_numbering_add(&side->met, peer, &added);

                if (!added)
                    continue;
                note_step(side, L, number, side->at, cdn_arm_edge(arm, i));
                if (cdn_numbering_find(&other->met, peer) == CDN_NO_NUMBER)
                    continue;
                *meeting = peer;
                return true;
            }
        }
    }
    side->depth++;
    return false;
}

static uint32_t hops_back(const struct side *side, uint32_t number)
{
    uint32_t hops = 0;

    for (; number != 0; number = side->steps[number].parent)
        hops++;
    return hops;
}

/* The way back from a node of `there` to where it began, then, if there is another side, on
 * from that node to where the other began. */
CDN_RAISES static void build(struct cdn_path *out, lua_State *L,
                             const struct side *there, const struct side *back,
                             uint32_t node)
{
    uint32_t first = cdn_numbering_find(&there->met, node);
    uint32_t second = back ? cdn_numbering_find(&back->met, node) : 0;
    uint32_t half = hops_back(there, first);
    uint32_t hops = half + (back ? hops_back(back, second) : 0);
    uint32_t *nodes = cdn_scratch_alloc(L, ((size_t)hops + 1) * sizeof *nodes);
    uint64_t *edges = cdn_scratch_alloc(L, ((size_t)hops + 1) * sizeof *edges);
    uint32_t at = half;

    cdn_meter_charge(L, hops);
    nodes[half] = node;
    while (at > 0) {
        edges[--at] = there->steps[first].edge;
        first = there->steps[first].parent;
        nodes[at] = there->met.nodes[first];
    }
    for (at = half; at < hops; at++) {
        edges[at] = back->steps[second].edge;
        second = back->steps[second].parent;
        nodes[at + 1] = back->met.nodes[second];
    }
    *out =
        (struct cdn_path){.hops = hops, .nodes = nodes, .edges = edges, .length = hops};
}

bool cdn_shortest(struct cdn_path *out, struct cdn_follow *follow, uint32_t from,
                  uint32_t to, enum cdn_direction direction, uint64_t max_hops)
{
    lua_State *L = follow->L;
    struct cdn_arm *arm = cdn_scratch_alloc(L, sizeof *arm);
    struct side there;
    struct side back;
    uint32_t meeting;

    cdn_arm_init(arm, follow);
    begin_side(&there, L, from, direction);
    if (from == to) {
        build(out, L, &there, NULL, from);
        return true;
    }
    begin_side(&back, L, to, cdn_reversed(direction));
    while (there.at < there.met.count && back.at < back.met.count &&
           (uint64_t)there.depth + back.depth < max_hops) {
        bool forward = there.met.count - there.at <= back.met.count - back.at;

        if (search_level(&meeting, forward ? &there : &back, forward ? &back : &there,
                         arm)) {
            build(out, L, &there, &back, meeting);
            return true;
        }
    }
    return false;
}

/* Dijkstra's lengths by number beside the side's steps. */
struct lengths {
    double *values;
    uint64_t room;
};

/* Relax one span; false: *bad has a weight that cannot be. */
CDN_RAISES static bool relax(struct side *side, struct lengths *lengths,
                             struct cdn_heap *heap, const struct cdn_arm *arm,
                             const struct cdn_heap_entry *least, uint64_t *bad)
{
    lua_State *L = arm->follow->L;

    for (uint32_t i = 0; i < arm->count; i++) {
        double weight;
        double length;
        uint32_t number;
        bool added;

        if (!cdn_arm_number(arm, i, arm->follow->weight, &weight))
            continue;
        if (!(weight >= 0)) {
            *bad = cdn_arm_edge(arm, i);
            return false;
        }
        length = least->length + weight;
        number = cdn_numbering_add(&side->met, cdn_arm_peer(arm, i), &added);
        lengths->values = cdn_scratch_grow(L, lengths->values, &lengths->room,
                                           side->met.count, sizeof *lengths->values);
        if (!added && lengths->values[number] <= length)
            continue;
        lengths->values[number] = length;
        note_step(side, L, number, least->number, cdn_arm_edge(arm, i));
        cdn_heap_push(heap, length, number);
    }
    return true;
}

enum cdn_shortest cdn_lightest(struct cdn_path *out, uint64_t *bad,
                               struct cdn_follow *follow, uint32_t from, uint32_t to,
                               enum cdn_direction direction)
{
    lua_State *L = follow->L;
    struct cdn_arm *arm = cdn_scratch_alloc(L, sizeof *arm);
    struct cdn_heap heap = {.L = L};
    struct lengths lengths = {0};
    struct cdn_heap_entry least;
    struct side side;

    cdn_arm_init(arm, follow);
    begin_side(&side, L, from, direction);
    lengths.values =
        cdn_scratch_grow(L, NULL, &lengths.room, 1, sizeof *lengths.values);
    lengths.values[0] = 0;
    cdn_heap_push(&heap, 0, 0);
    while (cdn_heap_pop(&heap, &least)) {
        if (least.length > lengths.values[least.number])
            continue; /* a shorter way has been found since */
        if (side.met.nodes[least.number] == to) {
            build(out, L, &side, NULL, to);
            out->length = least.length;
            return CDN_SHORTEST_FOUND;
        }
        cdn_follow_reach(follow, (uint64_t)side.steps[least.number].hops + 1);
        cdn_arm_begin(arm, side.met.nodes[least.number], direction);
        while (cdn_arm_next(arm))
            if (!relax(&side, &lengths, &heap, arm, &least, bad))
                return CDN_SHORTEST_NEGATIVE;
    }
    return CDN_SHORTEST_NONE;
}
