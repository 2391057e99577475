/* Neighbours in common, pushed ranks and walks: see similar.h. */
#include "graph/similar.h"

#include <math.h>
#include <string.h>

#include "graph/algorithm.h"
#include "sandbox/slot.h"

void cdn_neighbours_of(struct cdn_numbering *out, struct cdn_follow *follow,
                       uint32_t node, enum cdn_direction direction)
{
    struct cdn_arm *arm = cdn_scratch_alloc(follow->L, sizeof *arm);

    cdn_arm_init(arm, follow);
    cdn_numbering_init(out, follow->L, 0);
    cdn_follow_reach(follow, 1);
    cdn_arm_begin(arm, node, direction);
    while (cdn_arm_next(arm)) {
        for (uint32_t i = 0; i < arm->count; i++) {
            uint32_t peer = cdn_arm_peer(arm, i);
            bool added;

            if (peer != node)
                cdn_numbering_add(out, peer, &added);
        }
    }
}

void cdn_common(struct cdn_common *out, struct cdn_follow *follow, uint32_t a,
                uint32_t b, enum cdn_direction direction)
{
    lua_State *L = follow->L;
    struct cdn_numbering of_a;
    struct cdn_numbering of_b;

    cdn_neighbours_of(&of_a, follow, a, direction);
    cdn_neighbours_of(&of_b, follow, b, direction);
    out->nodes = cdn_scratch_alloc(L, ((size_t)of_a.count + 1) * sizeof *out->nodes);
    out->count = 0;
    for (uint32_t i = 0; i < of_a.count; i++) {
        cdn_meter_charge(L, 1);
        if (cdn_numbering_find(&of_b, of_a.nodes[i]) != CDN_NO_NUMBER)
            out->nodes[out->count++] = of_a.nodes[i];
    }
    out->either = of_a.count + of_b.count - out->count;
}

/* ln(m 2^e) = e ln 2 + 2 atanh((m - 1) / (m + 1)), m within sqrt(1/2) .. sqrt(2), by its
 * series: additions and multiplications alone, each rounded as IEEE 754 says. */
double cdn_log_whole(uint64_t number)
{
    int exponent;
    double mantissa = frexp((double)number, &exponent);
    double ratio;
    double square;
    double sum = 0;

    if (mantissa < 0.70710678118654757) {
        mantissa *= 2;
        exponent--;
    }
    ratio = (mantissa - 1) / (mantissa + 1);
    square = ratio * ratio;
    for (int term = 25; term >= 3; term -= 2)
        sum = (sum + 1.0 / term) * square;
    return exponent * 0.69314718055994531 + 2 * (ratio + ratio * sum);
}

double cdn_adamic_adar(struct cdn_follow *follow, uint32_t a, uint32_t b,
                       enum cdn_direction direction)
{
    lua_State *L = follow->L;
    struct cdn_common common;
    double sum = 0;

    cdn_common(&common, follow, a, b, direction);
    for (uint32_t i = 0; i < common.count; i++) {
        size_t mark = cdn_scratch_mark(L);
        struct cdn_numbering near;

        cdn_neighbours_of(&near, follow, common.nodes[i], cdn_reversed(direction));
        if (near.count > 1)
            sum += 1 / cdn_log_whole(near.count);
        cdn_scratch_release(L, mark);
    }
    return sum;
}

/* ---- pushed ranks ---- */

struct pusher {
    struct cdn_follow *follow;
    const struct cdn_push *how;
    struct cdn_numbering met;
    const uint32_t *from;
    uint32_t from_count;
    /* by number */
    double *ranks;
    double *residues; /* what has come to a node and has not been pushed on */
    double *degrees;  /* < 0: not counted yet */
    uint8_t *queued;
    uint64_t ranks_room, residues_room, degrees_room, queued_room;
    /* a ring of numbers, each at most once */
    uint32_t *queue;
    uint64_t queue_room;
    uint64_t head, tail;
    struct cdn_arm arm;
    uint32_t *hops; /* from where the rank began, as first come to */
    uint64_t hops_room;
    uint32_t farthest;
};

/* The node's number, with room for it in every array. */
/* The number of a node that is `hops` away, if it is new. */
CDN_RAISES static uint32_t number_of(struct pusher *p, uint32_t node, uint32_t hops)
{
    lua_State *L = p->follow->L;
    bool added;
    uint32_t number = cdn_numbering_add(&p->met, node, &added);
    uint64_t count = p->met.count;

    if (!added)
        return number;
    p->ranks = cdn_scratch_grow(L, p->ranks, &p->ranks_room, count, sizeof *p->ranks);
    p->residues =
        cdn_scratch_grow(L, p->residues, &p->residues_room, count, sizeof *p->residues);
    p->degrees =
        cdn_scratch_grow(L, p->degrees, &p->degrees_room, count, sizeof *p->degrees);
    p->queued =
        cdn_scratch_grow(L, p->queued, &p->queued_room, count, sizeof *p->queued);
    p->hops = cdn_scratch_grow(L, p->hops, &p->hops_room, count, sizeof *p->hops);
    p->hops[number] = hops;
    if (hops > p->farthest)
        p->farthest = hops;
    p->ranks[number] = 0;
    p->residues[number] = 0;
    p->degrees[number] = -1;
    p->queued[number] = 0;
    return number;
}

/* A larger ring: what waits in it is moved to its beginning. */
CDN_RAISES static void widen(struct pusher *p)
{
    uint64_t room = 0;
    uint32_t *queue = cdn_scratch_grow(p->follow->L, NULL, &room, 2 * p->queue_room + 1,
                                       sizeof *queue);
    uint64_t count = p->tail - p->head;

    for (uint64_t i = 0; i < count; i++) {
        cdn_meter_poll(p->follow->L, 1);
        queue[i] = p->queue[(p->head + i) % p->queue_room];
    }
    p->queue = queue;
    p->queue_room = room;
    p->head = 0;
    p->tail = count;
}

/* Is what has come to the node worth pushing on?  Then it waits for its turn. */
CDN_RAISES static void receive(struct pusher *p, uint32_t number, double amount)
{
    p->residues[number] += amount;
    if (p->queued[number])
        return;
    if (p->degrees[number] < 0) {
        cdn_follow_reach(p->follow, (uint64_t)p->hops[number] + 1);
        cdn_arm_begin(&p->arm, p->met.nodes[number], p->how->direction);
        p->degrees[number] = (double)cdn_arm_count(&p->arm);
    }
    if (p->residues[number] <=
        p->how->epsilon * (p->degrees[number] < 1 ? 1 : p->degrees[number]))
        return;
    if (p->tail - p->head == p->queue_room)
        widen(p);
    p->queue[p->tail++ % p->queue_room] = number;
    p->queued[number] = 1;
}

CDN_RAISES static void push_on(struct pusher *p, struct cdn_arm *arm, uint32_t number)
{
    double amount = p->residues[number];
    double share;

    p->queued[number] = 0;
    p->residues[number] = 0;
    p->ranks[number] += (1 - p->how->damping) * amount;
    if (p->degrees[number] == 0) {
        share = p->how->damping * amount / p->from_count;
        for (uint32_t i = 0; i < p->from_count; i++) {
            cdn_meter_charge(p->follow->L, 1);
            receive(p, number_of(p, p->from[i], 0), share);
        }
        return;
    }
    share = p->how->damping * amount / p->degrees[number];
    cdn_arm_begin(arm, p->met.nodes[number], p->how->direction);
    while (cdn_arm_next(arm))
        for (uint32_t i = 0; i < arm->count; i++)
            receive(p, number_of(p, cdn_arm_peer(arm, i), p->hops[number] + 1), share);
}

void cdn_push_ranks(struct cdn_pushed *out, struct cdn_follow *follow,
                    const uint32_t *from, uint32_t from_count,
                    const struct cdn_push *how)
{
    lua_State *L = follow->L;
    struct pusher *p = cdn_scratch_alloc(L, sizeof *p);
    struct cdn_arm *arm = cdn_scratch_alloc(L, sizeof *arm);

    memset(p, 0, sizeof *p);
    p->follow = follow;
    p->how = how;
    p->from = from;
    p->from_count = from_count;
    cdn_arm_init(&p->arm, follow);
    cdn_arm_init(arm, follow);
    cdn_numbering_init(&p->met, L, from_count);
    widen(p);
    for (uint32_t i = 0; i < from_count; i++) {
        cdn_meter_charge(L, 1);
        receive(p, number_of(p, from[i], 0), 1.0 / from_count);
    }
    while (p->head < p->tail) {
        cdn_meter_charge(L, 1);
        push_on(p, arm, p->queue[p->head++ % p->queue_room]);
    }
    out->met = p->met;
    out->farthest = p->farthest;
    out->ranks = p->ranks;
}

/* ---- walks ---- */

uint32_t cdn_random_walk(uint32_t *out, struct cdn_follow *follow, uint32_t from,
                         enum cdn_direction direction, uint32_t steps, uint64_t seed)
{
    struct cdn_arm *arm = cdn_scratch_alloc(follow->L, sizeof *arm);
    uint32_t count = 0;

    cdn_arm_init(arm, follow);
    while (count < steps) {
        uint64_t edges;

        cdn_meter_charge(follow->L, 1);
        cdn_follow_reach(follow, (uint64_t)count + 1);
        cdn_arm_begin(arm, from, direction);
        edges = cdn_arm_count(arm);
        if (edges == 0)
            break;
        cdn_arm_begin(arm, from, direction);
        cdn_arm_nth(arm, cdn_random_below(&seed, edges));
        from = cdn_arm_peer(arm, 0);
        out[count++] = from;
    }
    return count;
}
