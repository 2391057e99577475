/* A graph read as it is asked for over HTTP: what a path and a query mean to the engine. */
#ifndef CDN_SERVER_GRAPH_QUERY_H
#define CDN_SERVER_GRAPH_QUERY_H

#include <stdbool.h>

#include <cordon/graph.h>

#include "base/buf.h"
#include "server/exchange.h"

#define CDN_GRAPH_QUERY_TYPES      32
#define CDN_GRAPH_QUERY_PROPERTIES 64

/* What `read` and `query` point to lies in the exchange and in here. */
struct cdn_graph_query {
    cordon_read read;
    cordon_query query;
    cordon_usage usage;
    bool show_usage;
    struct cdn_buf words; /* copies of parameters, taken apart */
    const char *types[CDN_GRAPH_QUERY_TYPES];
    const char *properties[CDN_GRAPH_QUERY_PROPERTIES];
    cordon_condition where[CORDON_MAX_CONDITIONS];
};

/* Read principal, as_of, usage, and of a node the label and key of the path and `properties`.
 * False: answered with 400 or 403.  The caller deinits, whatever comes back. */
bool cdn_graph_query_read(struct cdn_graph_query *out, struct cdn_exchange *x,
                          bool of_node);
/* And which edges: direction, types, since, until, where, order; and of a page limit and cursor,
 * of an ego view hops, max_nodes and max_edges. */
bool cdn_graph_query_edges(struct cdn_graph_query *out, struct cdn_exchange *x);
void cdn_graph_query_deinit(struct cdn_graph_query *query);

#endif
