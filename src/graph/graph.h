/* What a rule sees of a snapshot: the Lua side of graph/, and one run's graph state.
 *
 * Handles.  A node is a light userdata that encodes its dense index, an edge one that
 * encodes its snapshot-wide id: no allocation, equal handles are equal values and the
 * same table key.  Edge sets and node sets are userdata without finalizers and own
 * nothing outside the arena: what a rule drops is collected.
 *
 * Costs are stated with each Lua function in lua_*.c; every edge read is charged before
 * it is read. */
#ifndef CDN_GRAPH_GRAPH_H
#define CDN_GRAPH_GRAPH_H

#include <stdbool.h>
#include <stdint.h>

#include <lua.h>

#include "base/pack.h"
#include "graph/binding.h"
#include "graph/names.h"
#include "graph/timing.h"
#include "sandbox/meter.h"
#include "snapshot/snapshot.h"

/* The ranges of a node set's lists, kept from one finishing method to the next: of one
 * edge set at a time, with at most so many sources of one list each. */
#define CDN_MEMO_NODES 512
struct cdn_memo {
    struct cdn_memo_range {
        uint32_t low;
        uint32_t high;
    } ranges[CDN_MEMO_NODES];
};

/* What of a slice that ends somewhere a rule asked for. */
enum cdn_beyond {
    CDN_BEYOND_NOTHING,
    CDN_BEYOND_LIST, /* the edges of a node on its border */
    CDN_BEYOND_NODE  /* a node by its key, which is not in it */
};

/* One run's graph state, in host memory at an address fixed for the slot; the layer
 * above embeds it *first* in what it gives to cdn_slot_set_host(). */
struct cdn_graph_run {
    const cordon_snapshot *snapshot; /* NULL: no graph */
    const struct cdn_binding *binding;
    const struct cdn_names *names;
    int64_t as_of_ms; /* INT64_MAX: no cut */
    uint64_t digest;  /* of every value a graph read handed to the rule, in order */
    struct cdn_meter *meter; /* the slot's; NULL until first asked for */
    struct cdn_memo *memo;   /* room for one, of the host's; NULL: none is kept */
    uint32_t memo_owner; /* what the set that it belongs to has in `low`; 0: none's */
    uint32_t memo_count; /* sets that have had it in this run */
    struct cdn_timing timing;
    struct cordon_trace
        *trace; /* what is to be told of reads (tell.h); NULL: nothing */
    /* Of a slice that ends somewhere (behind a wall): bit a node on its border, whose lists are
     * not whole; else NULL.  A run with one has an as_of_ms that is not INT64_MAX: what a list
     * loses to either is looked at in one place, so that runs without them ask once. */
    const uint64_t *border;
    uint32_t border_hops; /* that it is away */
    enum cdn_beyond beyond;
    bool truncated;
    bool damaged; /* a segment or an index read from one was: the outcome is an error */
};

/* Install handles, sets and the `graph` object into the state of an image being built,
 * for rules that declare `names`; pushes the graph object.                    [-0, +1,
 * e] */
CDN_RAISES void cdn_graph_open(lua_State *L, const struct cdn_names *names);

/* ahead.c.  Ask memory for where a node's lists are, and later for their last edges, if that
 * is known by then: the node that a request begins with.  Nothing is charged. */
void cdn_graph_ask_node(const struct cdn_graph_run *run, uint32_t node);
void cdn_graph_ask_edges(const struct cdn_graph_run *run, uint32_t node);

/* Push a node's handle; counts it in the meter's nodes.                   [-0, +1, m]
 */
CDN_RAISES void cdn_graph_push_node(lua_State *L, uint32_t node);

/* The same for one that the rule did not come to over an edge: a beginning.  [-0, +1, e]
 */
CDN_RAISES void cdn_graph_push_start(lua_State *L, uint32_t node);

/* Is the value at index a node handle?  Its dense index. */
bool cdn_graph_is_node(lua_State *L, int index, uint32_t *node);

/* For cdn_transfer: a node handle in a result is written as {label =, key =}; an edge
 * handle is refused. */
bool cdn_graph_encode_handle(lua_State *L, int index, struct cdn_packer *out);

#endif
