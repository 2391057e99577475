/* Reading the graph without a rule: its schema, a node, a node's edges page by page, and the
 * neighbourhood of a node, each as one value (value.h).
 *
 * Every read is made for a principal and shows what the engine's policy grants to him, as a
 * rule that runs for him would see it: labels and edge types, properties, masks, hops and
 * ceilings.  No principal is the host itself, to whom everything is granted.  A label that is
 * not granted hides which nodes have it: where an edge leads to one, the node is nil.
 *
 * Work is bounded by limits as evaluations are (cordon_limits): edges are counted as they are
 * read, whether or not a condition keeps them, and one more for each list that is opened; nodes
 * as they are handed out or expanded.  A read that uses one up ends there, says which in
 * `stopped`, and hands over what it has.  What limits leave open is the engine's default, of
 * output its ceiling.  Memory is the caller's buffer; an ego view takes some 24 bytes of heap
 * besides for each node that it may have.
 *
 * Values: bool, int64, float64 and texts as they are; timestamps as integers, ms since 1970
 * UTC; keys, and an int64 that is declared lua = "string", as text; bags as what they hold,
 * one nested deeper than 24 as nil; null as nil.
 *
 * Threads: safe on one engine from any number of threads, each with its own builder; a read
 *          takes its turn among evaluations (engine.h, `slots`), sees one generation, and
 *          counts in its principal's quota. */
#ifndef CORDON_GRAPH_H
#define CORDON_GRAPH_H

#include <stddef.h>
#include <stdint.h>

#include <cordon/engine.h>
#include <cordon/error.h>
#include <cordon/evaluate.h>
#include <cordon/outcome.h>
#include <cordon/value.h>

/* Who reads, when, and how much.  Everything in it is borrowed for the call. */
typedef struct cordon_read {
    size_t struct_size;    /* sizeof(cordon_read) as the caller compiled it */
    const char *principal; /* a name of the engine's policy; NULL: the host */
    int64_t as_of_ms;      /* no edge later than this exists; CORDON_NO_TIME: no cut */
    const cordon_limits *limits; /* NULL: the defaults */
    const cordon_cancel *cancel; /* NULL: cannot be cancelled */
    uint32_t priority;           /* as that of a request */
    cordon_usage *usage;         /* filled with what was used; NULL: not wanted */
} cordon_read;

#define CORDON_READ_INIT                                                               \
    {                                                                                  \
        sizeof(cordon_read), NULL, CORDON_NO_TIME, NULL, NULL, 0, NULL                 \
    }

typedef enum cordon_direction {
    CORDON_DIRECTION_BOTH = 0, /* a self-loop once */
    CORDON_DIRECTION_OUTGOING = 1,
    CORDON_DIRECTION_INCOMING = 2
} cordon_direction;

typedef enum cordon_order {
    CORDON_ORDER_NEWEST = 0, /* edges without a time come last */
    CORDON_ORDER_OLDEST = 1
} cordon_order;

/* A condition on edges, as where() of rules has it: null matches nothing. */
typedef struct cordon_condition {
    const char *property; /* or "time" */
    const char *compare;  /* "==", "~=", "<", "<=", ">", ">=" */
    cordon_value value;   /* a boolean, a number or a string, as the property is */
} cordon_condition;

#define CORDON_MAX_CONDITIONS 8
#define CORDON_MAX_PAGE       10000 /* edges */
#define CORDON_CURSOR_BYTES   48    /* of a cursor, without its NUL */

/* Which edges, and what of them.  Everything in it is borrowed for the call. */
typedef struct cordon_query {
    size_t struct_size; /* sizeof(cordon_query) as the caller compiled it */
    const char *label;  /* the node that is read from */
    const char *key;    /* integer keys in decimal */
    size_t key_bytes;   /* 0: `key` ends with a NUL */
    cordon_direction direction;
    cordon_order order;
    const char *const *types; /* edge types; count 0: all that are granted */
    size_t type_count;
    /* Both ends in; CORDON_NO_TIME: open.  With either, edges of types that have no time are
     * left out, and an error where such a type is named. */
    int64_t since_ms;
    int64_t until_ms;
    /* All must match.  A property has to be one of at least one of the types; edges of the
     * others do not match. */
    const cordon_condition *where;
    size_t where_count;
    /* Properties of edges and nodes that are shown, whoever of them has them; NULL: all that
     * are granted; of nodes at the other end of a page's edges: none. */
    const char *const *properties;
    size_t property_count;
    /* of a page */
    uint32_t limit;     /* edges; 0: 100 */
    const char *cursor; /* where the page before ended; NULL: from the beginning */
    /* of an ego view */
    uint32_t hops;      /* 0: 1 */
    uint32_t max_nodes; /* 0: 100; at most 100,000 */
    uint32_t max_edges; /* 0: 1000; at most 1,000,000 */
} cordon_query;

#define CORDON_QUERY_INIT                                                              \
    {                                                                                  \
        sizeof(cordon_query), NULL, NULL, 0, CORDON_DIRECTION_BOTH,                    \
            CORDON_ORDER_NEWEST, NULL, 0, CORDON_NO_TIME, CORDON_NO_TIME, NULL, 0,     \
            NULL, 0, 0, NULL, 0, 0, 0                                                  \
    }

#ifdef __cplusplus
extern "C" {
#endif

/* What there is:
 *
 *   { generation, nodes, edges,               how many of what is granted
 *     labels: [{ label, key, count, examples, properties: [PROPERTY] }],
 *                                           key: "int64" or "string"; examples: up to five keys
 *     types:  [{ type, time, ends: [{ from, to, count }], properties: [PROPERTY] }] }
 *
 *   PROPERTY: { name, type, nullable, mask }   type: "bool" "int64" "float64" "timestamp"
 *             "string" "text" "bag"; mask: "redact" "hash" "truncate" "bucket" or nil
 *   time:     the name of the time column, nil where edges of the type have none
 *
 * The reads below share what can go wrong:
 * Errors: CORDON_E_INVALID  bad arguments: a property, type or operator that is not there ("did
 *                           you mean"), a bound, a cursor that is none or is another query's
 *         CORDON_E_NOTFOUND no such label, no such node; no snapshot
 *         CORDON_E_DENIED   not granted, or masked where it would have to be compared
 *         CORDON_E_CONFLICT the cursor is of another generation, or of other rights
 *         CORDON_E_INTERRUPTED it was cancelled
 *         CORDON_E_BUSY, CORDON_E_OVERLOADED as evaluations
 *         CORDON_E_CORRUPT  the snapshot is damaged
 *         CORDON_E_NOMEM
 * Ownership: the builder is the caller's.  A page or an ego view ends where the builder, or the
 *            output limit, is full (stopped = "output").  A schema or a node is written whole:
 *            where it did not fit, cordon_builder_ok() is false, and the builder's length is
 *            what is needed.  After an error the builder stands where it stood. */
CORDON_EXPORT cordon_status cordon_graph_schema(cordon_builder *out,
                                                cordon_engine *engine,
                                                const cordon_read *read,
                                                cordon_error *err);

/* A node by its label and key (query->label, key, properties; nothing else of the query is
 * looked at):
 *
 *   { generation, node: NODE }       NODE: { label, key, properties: { name: value } } */
CORDON_EXPORT cordon_status cordon_graph_node(cordon_builder *out,
                                              cordon_engine *engine,
                                              const cordon_read *read,
                                              const cordon_query *query,
                                              cordon_error *err);

/* A page of a node's edges:
 *
 *   { generation, node: { label, key },
 *     edges: [{ type, direction, time, node, properties: { name: value } }],
 *     stopped, cursor }
 *
 *   direction "outgoing" or "incoming"; node: the other end, { label, key }, with properties
 *             where query->properties names some of its; nil where its label is not granted
 *   stopped   the budget that ended the page early ("edges", "nodes", "instructions", "time",
 *             "output"), else nil
 *   cursor    text, for the next page; nil: this was the last one
 *
 * Order is by time, then the other end, then the edge, as each() of rules has it: the pages of
 * one query together are all its edges, each once.  A cursor stands for one generation and one
 * query (its limit may change); once the engine has moved on, it is CORDON_E_CONFLICT, and
 * pages begin anew.  Every page gets further, even one that is stopped. */
CORDON_EXPORT cordon_status cordon_graph_neighbourhood(cordon_builder *out,
                                                       cordon_engine *engine,
                                                       const cordon_read *read,
                                                       const cordon_query *query,
                                                       cordon_error *err);

/* The nodes at most query->hops edges from a node, and the edges between them:
 *
 *   { generation, nodes: [{ label, key, hop, properties }], edges: [{ type, from, to, time,
 *     properties }], truncated, stopped }
 *
 *   nodes     nearest first, of one hop in the order they were met; the first is the one asked
 *             for; label and key nil where the label is not granted
 *   from, to  places in `nodes`, from 0
 *   truncated true: max_nodes, max_edges or what `stopped` names left something out
 *
 * Edges are followed in query->direction, within its window and conditions, and those hold for
 * the edges shown too.  Nodes are met edge type by edge type in the order of their names,
 * outgoing before incoming, each list in query->order. */
CORDON_EXPORT cordon_status cordon_graph_ego(cordon_builder *out, cordon_engine *engine,
                                             const cordon_read *read,
                                             const cordon_query *query,
                                             cordon_error *err);

#ifdef __cplusplus
}
#endif

#endif
