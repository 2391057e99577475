/* One evaluation request, as JSON text or msgpack.
 *
 *     {"node": "Account:17", "now": 1795487340000, "as_of": "2026-11-24T02:29:00Z",
 *      "params": {"window": "24h"}, "seed": 1, "id": "anything, given back"}
 *
 * Every field may be missing; `node` may be {"label": "Account", "key": 17}.  An
 * unknown field is refused, as a misspelt "parms" would otherwise change a decision
 * silently.
 *
 * What is asked of a server has more fields:
 *
 *     {"priority": 3, "deadline_ms": 1795487340250, "principal": "analyst",
 *      "limits": {"instructions": 1e6, "memory_bytes": 524288, "wall_ns": 5000000},
 *      "traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
 *      "graph": {"nodes": [], "edges": [{"type": "transfer", "from": "Account:17", ...}]}}
 *
 * and one of many `rule`. */
#ifndef CDN_CODEC_REQUEST_H
#define CDN_CODEC_REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cordon/evaluate.h>
#include <cordon/value.h>

#include "base/buf.h"
#include "base/error.h"

/* X(word, name): the fields there are. */
#define CDN_REQUEST_FIELD_MAP(X)                                                       \
    X(node, NODE)                                                                      \
    X(now, NOW)                                                                        \
    X(as_of, AS_OF)                                                                    \
    X(params, PARAMS)                                                                  \
    X(seed, SEED)                                                                      \
    X(id, ID)                                                                          \
    X(priority, PRIORITY)                                                              \
    X(deadline_ms, DEADLINE)                                                           \
    X(limits, LIMITS)                                                                  \
    X(principal, PRINCIPAL)                                                            \
    X(traceparent, TRACEPARENT)                                                        \
    X(tracestate, TRACESTATE)                                                          \
    X(graph, GRAPH)                                                                    \
    X(rule, RULE)

enum cdn_request_field {
#define CDN_REQUEST_FIELD_ENUM(word, name) CDN_REQUEST_##name,
    CDN_REQUEST_FIELD_MAP(CDN_REQUEST_FIELD_ENUM)
#undef CDN_REQUEST_FIELD_ENUM
        CDN_REQUEST_FIELDS
};

/* Which of them a request may have: bits of enum cdn_request_field. */
#define CDN_REQUEST_PLAIN                                                              \
    (1u << CDN_REQUEST_NODE | 1u << CDN_REQUEST_NOW | 1u << CDN_REQUEST_AS_OF |        \
     1u << CDN_REQUEST_PARAMS | 1u << CDN_REQUEST_SEED | 1u << CDN_REQUEST_ID)
#define CDN_REQUEST_SERVED  ((1u << CDN_REQUEST_RULE) - 1)
#define CDN_REQUEST_OF_MANY (CDN_REQUEST_SERVED | 1u << CDN_REQUEST_RULE)

/* Reused from request to request: zero-initialise once, deinit at the end. */
struct cdn_request {
    char label[65];     /* "" : no subject */
    struct cdn_buf key; /* text of the key */
    bool has_node;
    bool has_now;
    bool has_as_of;
    bool has_seed;
    int64_t now_ms;
    int64_t as_of_ms;
    uint64_t seed;
    struct cdn_buf params; /* msgpack map; length 0: none */
    struct cdn_buf pack;   /* of a text: the whole request */
    bool has_id;
    cordon_value id; /* points into the request's bytes */
    bool has_priority;
    bool has_deadline;
    bool has_limits;
    uint32_t priority;
    int64_t deadline_ms; /* since 1970 UTC */
    cordon_limits limits;
    /* "" : none */
    char principal[65];
    char traceparent[64];
    char tracestate[513];
    bool has_graph;
    cordon_value graph; /* points into the request's bytes */
    char rule[65];
};

/* Parse one request.  On an error `id` is still set if the text was an object that has
 * one, so that the answer can carry it.
 * Errors: CORDON_E_DATA, CORDON_E_NOMEM. */
cordon_status cdn_request_parse(struct cdn_request *out, const char *text, size_t bytes,
                                cordon_error *err);
/* The same for a request as msgpack, of which `fields` are allowed; `pack` is borrowed as long as
 * `out` is used.  A field that stands twice is refused. */
cordon_status cdn_request_read(struct cdn_request *out, const void *pack, size_t bytes,
                               unsigned fields, cordon_error *err);
/* The same for a case: a request that has a field "expect" as well, whose value points into
 * out->pack. */
cordon_status cdn_request_parse_case(struct cdn_request *out, cordon_value *expect,
                                     const char *text, size_t bytes, cordon_error *err);
/* "Account:17" into label and key, split at the first colon. */
cordon_status cdn_request_node(struct cdn_request *out, const char *text, size_t bytes,
                               cordon_error *err);
void cdn_request_clear(struct cdn_request *request); /* keeps the memory */
void cdn_request_deinit(struct cdn_request *request);

/* Append to `out` a map of all of `defaults` and `over`, where `over` wins; both are
 * maps as msgpack or empty. */
cordon_status cdn_params_merge(struct cdn_buf *out, const struct cdn_buf *defaults,
                               const struct cdn_buf *over, cordon_error *err);
/* One "name=value" of the command line into a map of one: the value is JSON where it is
 * JSON (5, true, ["a"], "5"), else text (24h). */
cordon_status cdn_params_word(struct cdn_buf *out, const char *word, bool text,
                              cordon_error *err);

#endif
