/* The graph as a principal sees it: its schema, a node, a node's edges, what lies around one.
 *
 * Each is one read of cordon/graph.h, whose document is handed on field by field.  It is made in
 * a buffer as large as the engine lets an answer be; of that only what is written takes memory.
 * All of it runs on a worker: how long a read takes is the caller's choice, within the limits of
 * the engine and the policy. */
#include "server/pieces.h"

#include <string.h>

#include "codec/answer.h"
#include "codec/dot.h"
#include "server/exchange.h"
#include "server/graph_query.h"
#include "server/host.h"
#include "server/server.h"

/* The engine's own ceiling of output where the options have none (cordon/engine.h). */
#define DEFAULT_OUTPUT (UINT64_C(1) << 20)
#define MAX_KINDS      16
#define DOT_TYPE       "text/vnd.graphviz"

typedef cordon_status (*read_call)(cordon_builder *out, cordon_engine *engine,
                                   const cordon_read *read, const cordon_query *query,
                                   cordon_error *err);
typedef void (*write_answer)(struct cdn_exchange *x,
                             const struct cdn_graph_query *query,
                             const cordon_value *document);

/* ---- the document ---- */

static void write_document(struct cdn_exchange *x, const struct cdn_graph_query *query,
                           const cordon_value *document)
{
    struct cdn_json *json = cdn_exchange_reply(x, 200);
    cordon_value_iter iter;
    cordon_value key, value;
    char name[32];

    cdn_json_object(json);
    cdn_json_key_uint(json, "schema_version", CDN_ANSWER_SCHEMA_VERSION);
    cdn_json_key_cstr(json, "request_id", x->request_id);
    cordon_value_iter_init(&iter, document);
    while (cordon_value_next(&iter, &key, &value)) {
        size_t bytes = key.length < sizeof name ? key.length : sizeof name - 1;

        memcpy(name, key.as.string, bytes);
        name[bytes] = '\0';
        cdn_json_key(json, name);
        cdn_json_value(json, &value);
    }
    if (query->show_usage)
        cdn_answer_usage(json, &query->usage);
    cdn_json_object_end(json);
}

/* ---- the picture ---- */

/* A label's place among those met; all beyond MAX_KINDS share the last. */
static uint32_t kind_of(cordon_value kinds[MAX_KINDS], uint32_t *count,
                        const cordon_value *label)
{
    for (uint32_t i = 0; i < *count; i++)
        if (kinds[i].type == label->type && kinds[i].length == label->length &&
            (label->type != CORDON_STRING ||
             !memcmp(kinds[i].as.string, label->as.string, label->length)))
            return i;
    if (*count == MAX_KINDS)
        return MAX_KINDS - 1;
    kinds[*count] = *label;
    return (*count)++;
}

static void write_picture(struct cdn_exchange *x, const struct cdn_graph_query *query,
                          const cordon_value *document)
{
    cordon_value nodes = {0}, edges = {0}, one, label, key, from, to, type;
    cordon_value kinds[MAX_KINDS];
    struct cdn_buf text = {0};
    cordon_value_iter iter;
    uint32_t count = 0, id = 0;

    (void)query;
    (void)cordon_value_get(&nodes, document, "nodes");
    (void)cordon_value_get(&edges, document, "edges");
    cdn_dot_begin(&text);
    cordon_value_iter_init(&iter, &nodes);
    for (; cordon_value_next(&iter, NULL, &one); id++) {
        struct cdn_dot_node node = {.id = id, .subject = id == 0};

        if (!cordon_value_get(&label, &one, "label") ||
            !cordon_value_get(&key, &one, "key"))
            continue;
        node.kind = kind_of(kinds, &count, &label);
        node.label = label.type == CORDON_STRING ? label.as.string : NULL;
        node.label_bytes = label.length;
        node.key = key.type == CORDON_STRING ? key.as.string : NULL;
        node.key_bytes = key.length;
        cdn_dot_node(&text, &node);
    }
    cordon_value_iter_init(&iter, &edges);
    while (cordon_value_next(&iter, NULL, &one)) {
        if (cordon_value_get(&from, &one, "from") &&
            cordon_value_get(&to, &one, "to") && cordon_value_get(&type, &one, "type"))
            cdn_dot_edge(&text, (uint32_t)from.as.integer, (uint32_t)to.as.integer,
                         type.as.string, type.length, 1);
    }
    cdn_dot_end(&text);
    if (text.failed)
        cdn_exchange_fail(x, CORDON_E_NOMEM, NULL);
    else
        cdn_exchange_text(x, 200, DOT_TYPE "; charset=utf-8", text.data, text.length);
    cdn_buf_deinit(&text);
}

/* ---- reading ---- */

static void answer(struct cdn_exchange *x, const struct cdn_graph_query *query,
                   read_call call, write_answer write)
{
    uint64_t ceiling = x->host->options->engine.max_output_bytes;
    struct cdn_buf room = {0};
    cordon_builder builder;
    cordon_value document;
    cordon_status status;
    cordon_error err;

    if (!cdn_buf_reserve(&room, ceiling ? (size_t)ceiling : (size_t)DEFAULT_OUTPUT)) {
        cdn_exchange_fail(x, CORDON_E_NOMEM, NULL);
        return;
    }
    cordon_builder_init(&builder, room.data, room.capacity);
    status = call(&builder, x->host->engine, &query->read, &query->query, &err);
    if (!status)
        status = cordon_value_parse(&document, room.data, builder.length, &err);
    if (status)
        cdn_exchange_fail(x, status, &err);
    else
        write(x, query, &document);
    cdn_buf_deinit(&room);
}

static cordon_status read_schema(cordon_builder *out, cordon_engine *engine,
                                 const cordon_read *read, const cordon_query *query,
                                 cordon_error *err)
{
    (void)query;
    return cordon_graph_schema(out, engine, read, err);
}

/* GET /v1/graph/schema */
static void schema(struct cdn_exchange *x)
{
    struct cdn_graph_query query;

    if (cdn_graph_query_read(&query, x, false))
        answer(x, &query, read_schema, write_document);
    cdn_graph_query_deinit(&query);
}

/* GET /v1/graph/nodes/{label}/{key} */
static void node(struct cdn_exchange *x)
{
    struct cdn_graph_query query;

    if (cdn_graph_query_read(&query, x, true))
        answer(x, &query, cordon_graph_node, write_document);
    cdn_graph_query_deinit(&query);
}

/* GET /v1/graph/nodes/{label}/{key}/neighbourhood */
static void neighbourhood(struct cdn_exchange *x)
{
    struct cdn_graph_query query;

    if (cdn_graph_query_read(&query, x, true) && cdn_graph_query_edges(&query, x))
        answer(x, &query, cordon_graph_neighbourhood, write_document);
    cdn_graph_query_deinit(&query);
}

/* Is a picture asked for?  False: answered, as what is asked for is nothing there is. */
static bool wants_picture(struct cdn_exchange *x, bool *out)
{
    const char *format = cdn_exchange_query(x, "format");
    const char *accept = cdn_exchange_header(x, "Accept");
    char shown[80];

    *out = format ? !strcmp(format, "dot") : accept && strstr(accept, DOT_TYPE) != NULL;
    if (!format || *out || !strcmp(format, "json"))
        return true;
    cdn_exchange_problem(x, 400, "query", "?format=%s is none of json, dot",
                         cdn_escape(shown, sizeof shown, format, strlen(format)));
    return false;
}

/* GET /v1/graph/nodes/{label}/{key}/ego */
static void ego(struct cdn_exchange *x)
{
    struct cdn_graph_query query;
    bool picture = false;

    if (cdn_graph_query_read(&query, x, true) && cdn_graph_query_edges(&query, x) &&
        wants_picture(x, &picture))
        answer(x, &query, cordon_graph_ego, picture ? write_picture : write_document);
    cdn_graph_query_deinit(&query);
}

const struct cdn_route cdn_routes_graph[] = {
    {.method = CDN_METHOD_GET,
     .path = "/v1/graph/schema",
     .right = CDN_RIGHT_READ,
     .place = CDN_PLACE_WORKER,
     .handle = schema,
     .operation = "readSchema",
     .summary = "What is in the graph: labels, edge types, properties",
     .query = "graph.principal graph.usage pretty",
     .response = "GraphSchema"},
    {.method = CDN_METHOD_GET,
     .path = "/v1/graph/nodes/{label}/{key}",
     .right = CDN_RIGHT_READ,
     .place = CDN_PLACE_WORKER,
     .handle = node,
     .operation = "readNode",
     .summary = "One node with its properties",
     .query = "graph.principal graph.properties graph.usage pretty",
     .response = "GraphNodeResponse"},
    {.method = CDN_METHOD_GET,
     .path = "/v1/graph/nodes/{label}/{key}/neighbourhood",
     .right = CDN_RIGHT_READ,
     .place = CDN_PLACE_WORKER,
     .handle = neighbourhood,
     .operation = "readNeighbourhood",
     .summary = "A node's edges, a page at a time",
     .query =
         "graph.principal graph.properties graph.direction graph.types since until "
         "graph.as_of graph.where order graph.limit graph.cursor graph.usage pretty",
     .response = "GraphPage"},
    {.method = CDN_METHOD_GET,
     .path = "/v1/graph/nodes/{label}/{key}/ego",
     .right = CDN_RIGHT_READ,
     .place = CDN_PLACE_WORKER,
     .handle = ego,
     .operation = "readEgo",
     .summary = "The nodes around a node and the edges between them, as a document or "
                "a picture",
     .query =
         "graph.principal graph.properties graph.direction graph.types since until "
         "graph.as_of graph.where order graph.hops graph.max_nodes graph.max_edges "
         "ego.format graph.usage pretty",
     .response = "GraphEgo"},
    {.path = NULL},
};
