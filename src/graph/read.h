/* Reading the graph outside of a rule, as a principal sees it (cordon/graph.h).
 *
 * A reader stands to a call as a run to a rule: it has the snapshot, the grant, what may be
 * used and what was.  It needs no Lua: what may be seen is asked of the grant, what is masked of
 * cdn_mask_value(), time and conditions of the same code that edge sets use (scan.h, filter.h).
 *
 *     read.c       what a query names, looked up: lists, conditions, properties
 *     read_put.c   nodes, edges and the schema into msgpack
 *     read_page.c  a node's edges in order, a page at a time
 *     read_ego.c   the nodes around a node, and the edges between them
 *
 * Limits are sticky, as a meter's are: once `stop` is set nothing more is read, and whoever
 * reads hands over what there is.  Damage and faults of the query are statuses.
 *
 * Cost: some 30 ns an edge that is looked at, and 20 ns a value that is written.  Left out:
 * conditions over runs of edges at once, as scans have them; a page is short.
 *
 * Memory: a reader is some 25 KiB, lists and conditions 80 bytes each besides; of one thread. */
#ifndef CDN_GRAPH_READ_H
#define CDN_GRAPH_READ_H

#include <stdbool.h>
#include <stdint.h>

#include <cordon/graph.h>

#include "base/pack.h"
#include "graph/filter.h"
#include "graph/grant.h"
#include "graph/scan.h"
#include "sandbox/meter.h"

#define CDN_READ_MAX_NODES 100000
#define CDN_READ_MAX_EDGES 1000000
#define CDN_READ_WORDS     (CDN_SCHEMA_MAX_PROPERTIES / 64)

/* The properties of one label or relation that are shown. */
struct cdn_read_shown {
    uint64_t bits[CDN_READ_WORDS];
    bool any;
};

/* One relation in one direction, of the types that the query is about. */
struct cdn_read_list {
    struct cdn_bound_list bound;
    uint32_t relation; /* its number */
    bool followed;     /* in the query's direction */
    struct cdn_test *tests;
};

struct cdn_reader {
    /* set by the caller */
    const cordon_snapshot *snapshot;
    const struct cdn_grant *grant;
    int64_t as_of_ms; /* INT64_MAX: no cut */
    struct cdn_budget limit;
    uint64_t deadline_ns;
    const uint32_t *cancel; /* or NULL */
    const cordon_query *query;
    struct cdn_packer *out; /* a fixed span */
    cordon_error *err;
    /* what was used */
    uint64_t edges, nodes, hops;
    enum cdn_stop stop;
    uint32_t unpolled;
    /* of the query */
    uint32_t node; /* whom it is about */
    int64_t low, high;
    bool windowed;
    uint32_t condition_count;
    struct cdn_operation conditions[CORDON_MAX_CONDITIONS];
    uint32_t list_count;
    struct cdn_read_list *lists;
    struct cdn_test *tests;
    struct cdn_read_shown labels[CDN_SCHEMA_MAX_LABELS];
    struct cdn_read_shown relations[CDN_SCHEMA_MAX_RELATIONS];
};

/* ---- the three reads and the schema; the reader's first part is set, the rest zero ---- */

cordon_status cdn_read_schema(struct cdn_reader *reader);
cordon_status cdn_read_node(struct cdn_reader *reader);
cordon_status cdn_read_page(struct cdn_reader *reader);
cordon_status cdn_read_ego(struct cdn_reader *reader);
void cdn_reader_deinit(struct cdn_reader *reader);

/* ---- read.c ---- */

/* The node that the query names.
 * Errors: CORDON_E_INVALID, CORDON_E_NOTFOUND, CORDON_E_DENIED, CORDON_E_CORRUPT. */
cordon_status cdn_reader_find(struct cdn_reader *reader);
/* And its types, window, conditions and properties, those of nodes too unless the query names
 * none and `of_nodes` is false.  Errors: the same, CORDON_E_NOMEM. */
cordon_status cdn_reader_prepare(struct cdn_reader *reader, bool of_nodes);

/* Charge before anything is read.  False: that is not allowed any more. */
bool cdn_reader_edges(struct cdn_reader *reader, uint64_t edges);
bool cdn_reader_nodes(struct cdn_reader *reader, uint64_t nodes);
uint64_t cdn_reader_instructions(const struct cdn_reader *reader);
/* The budget's word; NULL: nothing stopped it. */
const char *cdn_reader_stopped(const struct cdn_reader *reader);

/* CORDON_E_CORRUPT, naming what the process knows to be damaged, else `what`. */
cordon_status cdn_reader_damaged(struct cdn_reader *reader, const char *what);

/* Are lists of this label's nodes the ones that the query follows? */
static inline bool cdn_read_list_of(const struct cdn_read_list *list, uint32_t label)
{
    const struct cdn_relation_schema *schema = list->bound.relation->schema;

    return (list->bound.incoming ? schema->target : schema->source) == label;
}

/* A node's list within as_of and the window; charges one edge.  False: the budget is gone, or
 * with *status set the snapshot is damaged. */
bool cdn_reader_open(struct cdn_reader *reader, const struct cdn_read_list *list,
                     uint32_t node, struct cdn_reach *out, cordon_status *status);
/* Does the edge at a position pass the conditions?  Charged by the caller.  *peer: its other
 * end, checked. */
bool cdn_reader_passes(struct cdn_reader *reader, const struct cdn_read_list *list,
                       const struct cdn_reach *reach, uint32_t position, uint32_t *peer,
                       cordon_status *status);

/* ---- read_put.c ---- */

/* A count that is not known yet, and where it is to be put: five bytes, msgpack's longest
 * form. */
size_t cdn_read_put_count(struct cdn_packer *out, bool map);
void cdn_read_set_count(struct cdn_packer *out, size_t at, uint32_t count);

/* "label": and "key":, nil where they may not be seen.  Errors: CORDON_E_CORRUPT. */
cordon_status cdn_read_put_name(struct cdn_reader *reader, uint32_t node);
/* A node as { label, key } and, if any are shown or `whole`, properties; nil where its label is
 * not granted.  Errors: CORDON_E_CORRUPT. */
cordon_status cdn_read_put_node(struct cdn_reader *reader, uint32_t node, bool whole);
/* "properties": of a node, {} where its label is not granted. */
cordon_status cdn_read_put_node_properties(struct cdn_reader *reader, uint32_t node);
/* "time": and "properties": of an edge. */
cordon_status cdn_read_put_edge(struct cdn_reader *reader,
                                const struct cdn_read_list *list,
                                const struct cdn_reach *reach, uint32_t position);

#endif
