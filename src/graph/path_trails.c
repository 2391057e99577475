/* Simple paths and cycles: see path.h.
 *
 * The edges into the end are read first and indexed by where they come from, so that the
 * last edge of every way is a look-up and nothing is read at the last depth.  Windows of time
 * narrow with every edge taken; a list's edges outside of them are never looked at. */
#include "graph/path.h"

#include <string.h>

#include "base/checked.h"
#include "graph/numbering.h"
#include "graph/view.h"
#include "sandbox/slot.h"

#define NO_EDGE UINT32_MAX

/* One edge of a way, or one that may be. */
struct link {
    uint64_t edge;
    int64_t time;
    double amount;
};

/* An edge into the end, chained with those from the same node in the order read. */
struct closing {
    struct link link;
    uint32_t next;
};

struct chain {
    uint32_t first;
    uint32_t last;
};

/* A node on the way, the edge it was come to by, and what the edges so far span. */
struct frame {
    uint32_t node;
    struct link link;
    int64_t earliest;
    int64_t latest;
    double least;
    double most;
    double total;
    uint32_t at; /* the next edge of the arm's span */
    bool begun;
    struct cdn_arm arm;
};

struct search {
    struct cdn_follow *follow;
    const struct cdn_trails_how *how;
    struct cdn_trails *out;
    struct cdn_pace pace;
    struct cdn_numbering ends; /* where closing edges come from */
    struct chain *chains;      /* by number */
    struct closing *closings;
    uint64_t chains_room;
    uint64_t closings_room;
    uint32_t closing_count;
    struct frame *frames;
    uint32_t depth; /* the frame being searched from */
    bool done;
};

/* Read what is asked of an edge; false: its amount is null. */
CDN_RAISES static bool read_link(struct link *out, const struct search *search,
                                 const struct cdn_arm *arm, uint32_t i)
{
    const struct cdn_trails_how *how = search->how;

    out->time = how->ordered || how->spans ? cdn_arm_time(arm, i) : 0;
    out->amount = 0;
    if (how->amount != CDN_NO_SLOT &&
        !cdn_arm_number(arm, i, how->amount, &out->amount))
        return false;
    out->edge = cdn_arm_edge(arm, i);
    return true;
}

CDN_RAISES static void add_closing(struct search *search, uint32_t from,
                                   const struct link *link)
{
    lua_State *L = search->follow->L;
    uint32_t at = search->closing_count++;
    bool added;
    uint32_t number = cdn_numbering_add(&search->ends, from, &added);
    struct chain *chain;

    search->closings =
        cdn_scratch_grow(L, search->closings, &search->closings_room,
                         search->closing_count, sizeof *search->closings);
    search->chains = cdn_scratch_grow(L, search->chains, &search->chains_room,
                                      search->ends.count, sizeof *search->chains);
    search->closings[at] = (struct closing){.link = *link, .next = NO_EDGE};
    chain = &search->chains[number];
    if (added)
        chain->first = at;
    else
        search->closings[chain->last].next = at;
    chain->last = at;
}

CDN_RAISES static void index_closings(struct search *search)
{
    struct cdn_arm *arm = &search->frames[0].arm;

    cdn_numbering_init(&search->ends, search->follow->L, 0);
    cdn_arm_init(arm, search->follow);
    cdn_follow_reach(search->follow, 1);
    cdn_arm_begin(arm, search->how->to, cdn_reversed(search->how->direction));
    while (cdn_arm_next(arm)) {
        for (uint32_t i = 0; i < arm->count; i++) {
            struct link link;

            if (read_link(&link, search, arm, i))
                add_closing(search, cdn_arm_peer(arm, i), &link);
        }
    }
}

/* The times that the next edge may have. */
static void window_after(int64_t *low, int64_t *high, const struct search *search,
                         const struct frame *frame)
{
    const struct cdn_trails_how *how = search->how;
    int64_t bound;

    *low = INT64_MIN;
    *high = INT64_MAX;
    if (search->depth == 0)
        return;
    if (how->spans) {
        if (!__builtin_sub_overflow(frame->latest, how->within, &bound))
            *low = bound;
        if (!__builtin_add_overflow(frame->earliest, how->within, &bound))
            *high = bound;
    }
    if (!how->ordered)
        return;
    if (how->direction == CDN_INCOMING) {
        if (frame->link.time == INT64_MIN)
            *low = INT64_MAX;
        else if (frame->link.time - 1 < *high)
            *high = frame->link.time - 1;
    } else {
        if (frame->link.time == INT64_MAX)
            *high = INT64_MIN;
        else if (frame->link.time + 1 > *low)
            *low = frame->link.time + 1;
    }
}

/* Is the amount like those so far? */
static bool fits(const struct search *search, const struct frame *frame, double amount)
{
    double least = search->depth && frame->least < amount ? frame->least : amount;
    double most = search->depth && frame->most > amount ? frame->most : amount;

    return !search->how->tolerant || most <= search->how->ratio * least;
}

/* Has the way taken this edge already?  Only where both directions are walked. */
static bool taken(const struct search *search, uint64_t edge)
{
    for (uint32_t d = 1; search->how->direction == CDN_BOTH && d <= search->depth; d++)
        if (search->frames[d].link.edge == edge)
            return true;
    return false;
}

CDN_RAISES static void keep(struct search *search, const struct link *last,
                            double total)
{
    struct cdn_trails *out = search->out;
    lua_State *L = search->follow->L;
    uint32_t hops = search->depth + 1;

    cdn_meter_charge(L, hops);
    out->hops = cdn_scratch_grow(L, out->hops, &out->hops_room, out->kept + 1,
                                 sizeof *out->hops);
    out->totals = cdn_scratch_grow(L, out->totals, &out->totals_room, out->kept + 1,
                                   sizeof *out->totals);
    out->nodes = cdn_scratch_grow(L, out->nodes, &out->nodes_room,
                                  out->node_count + hops + 1, sizeof *out->nodes);
    out->edges = cdn_scratch_grow(L, out->edges, &out->edges_room,
                                  out->edge_count + hops, sizeof *out->edges);
    out->hops[out->kept] = hops;
    out->totals[out->kept++] = total;
    for (uint32_t d = 0; d <= search->depth; d++) {
        out->nodes[out->node_count++] = search->frames[d].node;
        if (d > 0)
            out->edges[out->edge_count++] = search->frames[d].link.edge;
    }
    out->nodes[out->node_count++] = search->how->to;
    out->edges[out->edge_count++] = last->edge;
}

/* A way has been found, ended by `last`. */
CDN_RAISES static void found(struct search *search, const struct frame *frame,
                             const struct link *last)
{
    struct cdn_trails *out = search->out;
    double total = frame->total + last->amount;

    if (out->count == search->how->limit) {
        search->follow->run->truncated = true;
        search->done = true;
        return;
    }
    out->count++;
    if (search->how->amount != CDN_NO_SLOT &&
        (!out->any_total || total > out->largest)) {
        out->largest = total;
        out->any_total = true;
    }
    if (search->how->keep)
        keep(search, last, total);
}

/* The ways that end with an edge from the frame's node to the end. */
CDN_RAISES static void close_ways(struct search *search, const struct frame *frame)
{
    uint32_t hops = search->depth + 1;
    uint32_t number;
    int64_t low;
    int64_t high;

    cdn_pace(&search->pace, 4);
    if (hops < search->how->min_hops)
        return;
    number = cdn_numbering_find(&search->ends, frame->node);
    if (number == CDN_NO_NUMBER)
        return;
    window_after(&low, &high, search, frame);
    for (uint32_t c = search->chains[number].first; c != NO_EDGE && !search->done;
         c = search->closings[c].next) {
        const struct link *link = &search->closings[c].link;

        cdn_pace(&search->pace, 1);
        if (link->time >= low && link->time <= high &&
            fits(search, frame, link->amount) && !taken(search, link->edge))
            found(search, frame, link);
    }
}

static bool on_the_way(const struct search *search, uint32_t node)
{
    if (node == search->how->to)
        return true;
    for (uint32_t d = 0; d <= search->depth; d++)
        if (search->frames[d].node == node)
            return true;
    return false;
}

/* Take an edge: the next frame. */
static void enter(struct search *search, uint32_t node, const struct link *link)
{
    const struct frame *from = &search->frames[search->depth];
    struct frame *frame = &search->frames[search->depth + 1];
    bool first = search->depth == 0;

    frame->node = node;
    frame->link = *link;
    frame->earliest =
        first || link->time < from->earliest ? link->time : from->earliest;
    frame->latest = first || link->time > from->latest ? link->time : from->latest;
    frame->least = first || link->amount < from->least ? link->amount : from->least;
    frame->most = first || link->amount > from->most ? link->amount : from->most;
    frame->total = from->total + link->amount;
    frame->begun = false;
    search->depth++;
}

/* The next edge of the frame's node that a way may go on with; false: there is none. */
CDN_RAISES static bool advance(struct search *search, struct frame *frame)
{
    /* is the node that comes next the last before the end? */
    bool last = search->depth + 2 == search->how->max_hops;

    for (;;) {
        struct link link;
        uint32_t peer;

        if (frame->at == frame->arm.count) {
            frame->at = 0;
            if (!cdn_arm_next(&frame->arm))
                return false;
        }
        peer = cdn_arm_peer(&frame->arm, frame->at);
        frame->at++;
        if (on_the_way(search, peer) ||
            (last && cdn_numbering_find(&search->ends, peer) == CDN_NO_NUMBER))
            continue;
        if (!read_link(&link, search, &frame->arm, frame->at - 1) ||
            !fits(search, frame, link.amount) || taken(search, link.edge))
            continue;
        enter(search, peer, &link);
        return true;
    }
}

CDN_RAISES static void begin_frame(struct search *search, struct frame *frame)
{
    int64_t low;
    int64_t high;

    frame->begun = true;
    frame->at = 0;
    close_ways(search, frame);
    if (search->done || search->depth + 2 > search->how->max_hops)
        return;
    window_after(&low, &high, search, frame);
    cdn_follow_reach(search->follow, (uint64_t)search->depth + 1);
    cdn_arm_init(&frame->arm, search->follow);
    cdn_arm_begin(&frame->arm, frame->node, search->how->direction);
    cdn_arm_window(&frame->arm, low, high);
}

void cdn_trails(struct cdn_trails *out, struct cdn_follow *follow,
                const struct cdn_trails_how *how)
{
    struct search search = {
        .follow = follow, .how = how, .out = out, .pace = {.L = follow->L}};

    memset(out, 0, sizeof *out);
    search.frames = cdn_scratch_alloc(follow->L, how->max_hops * sizeof *search.frames);
    index_closings(&search);
    memset(&search.frames[0], 0, sizeof search.frames[0]);
    search.frames[0].node = how->from;
    while (!search.done) {
        struct frame *frame = &search.frames[search.depth];

        if (!frame->begun)
            begin_frame(&search, frame);
        if (!search.done && search.depth + 2 <= how->max_hops &&
            advance(&search, frame))
            continue;
        if (search.depth == 0)
            break;
        search.depth--;
    }
    cdn_pace_pay(&search.pace);
}
