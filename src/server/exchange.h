/* One request and its answer, as a handler sees them: no HTTP library, no threads.
 *
 * The listener (listen.h) reads the request within its limits, finds the route, checks who
 * calls and whether he may, and calls the handler, which answers once, by one of
 *
 *     cdn_exchange_reply()    a document, as JSON or msgpack, as the caller accepts
 *     cdn_exchange_text()     bytes of a media type of their own
 *     cdn_exchange_problem()  RFC 9457
 *     cdn_exchange_fail()     the same, from a call's status
 *     cdn_exchange_empty()    a status alone
 *     cdn_exchange_stream()   pieces, one after the other, each when the last has been sent
 *
 * Memory is bounded: a body by the configured limit, a reply by the handler's own bounds
 * (pages, and the ceilings of what a rule may return).
 *
 * An exchange's buffers outlive it: the listener uses one for many requests, one after the
 * other, so that after some of them nothing is allocated any more.
 *
 * Threads: an exchange belongs to one thread at a time. */
#ifndef CDN_SERVER_EXCHANGE_H
#define CDN_SERVER_EXCHANGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cordon/error.h>
#include <cordon/evaluate.h>
#include <cordon/value.h>

#include "base/buf.h"
#include "codec/json.h"
#include "server/auth.h"
#include "server/route.h"
#include "server/traceparent.h"

enum cdn_media {
    CDN_MEDIA_JSON = 1,
    CDN_MEDIA_NDJSON,
    CDN_MEDIA_MSGPACK,
    CDN_MEDIA_OTHER
};

struct cdn_host;
struct cdn_lane;

/* Where the parts of a request are found that are looked for by name: the listener's, or a
 * test's.  NULL: not sent. */
struct cdn_exchange_source {
    const char *(*header)(const void *ud, const char *name);
    const char *(*query)(const void *ud, const char *name);
};

struct cdn_exchange {
    struct cdn_host *host; /* what is served (host.h) */
    struct cdn_lane *lane; /* of the thread it is on (lane.h) */
    const struct cdn_exchange_source *source;
    const void *source_ud;
    const struct cdn_route *route; /* NULL: there is none */
    enum cdn_method method;
    struct cdn_caller caller;
    struct cdn_auth *auth; /* what caller.principal points into, held; or NULL */
    char request_id[65];   /* X-Request-Id, or one of our own */
    const char *args[CDN_ROUTE_MAX_ARGS]; /* of the path, decoded, ended by a NUL */
    enum cdn_media in;                    /* of the body */
    enum cdn_media out;                   /* of the reply, as Accept has it */
    const unsigned char *body;
    size_t body_bytes;
    uint64_t begun_ns;    /* monotonic: when its headers were there */
    cordon_cancel cancel; /* requested when whoever asked is gone, or the server ends */
    struct cdn_traceparent_span trace; /* observe.h */
    /* the answer */
    unsigned status;  /* 0: not answered yet */
    const char *type; /* of the reply; NULL: it has no body */
    bool pretty;
    bool counted; /* among those that have been answered (metrics.h) */
    struct cdn_buf reply;
    struct cdn_json json;
    struct cdn_buf pack; /* the body as msgpack */
    struct cdn_buf
        extra; /* headers of the reply: names and values, each ended by a NUL */
    struct cdn_buf path; /* what `args` point into */
    /* of an answer in pieces */
    bool (*more)(struct cdn_exchange *x); /* NULL: what `reply` holds is the end */
    void (*end)(
        struct cdn_exchange *x); /* releases `stream`; NULL: nothing to release */
    void *stream;
};

/* ---- one after the other (the listener, and tests) ---- */

/* Begin one in zeroed storage, or in one that was used before, whose memory is kept. */
void cdn_exchange_begin(struct cdn_exchange *x, struct cdn_host *host,
                        const struct cdn_exchange_source *source, const void *ud);
void cdn_exchange_deinit(struct cdn_exchange *x);
/* What the headers say of body and reply, into `in`, `out` and `pretty`; and the request's name. */
void cdn_exchange_negotiate(struct cdn_exchange *x);
/* After the handler: the reply is whole, or says that memory ran out. */
void cdn_exchange_finish(struct cdn_exchange *x);
/* The next piece of an answer in pieces, in place of the last one; false: memory ran out, and the
 * answer cannot be ended well. */
bool cdn_exchange_continue(struct cdn_exchange *x);
/* What was asked has been answered, or nobody waits for it any more. */
void cdn_exchange_end(struct cdn_exchange *x);
/* The header of the reply that begins at *at of `extra`, and step past it; false: no more. */
bool cdn_exchange_next_header(const struct cdn_exchange *x, size_t *at,
                              const char **name, const char **value);

/* ---- what was asked ---- */

/* NULL: not sent.  Of one that was sent twice the first.  Borrowed for the exchange. */
const char *cdn_exchange_header(const struct cdn_exchange *x, const char *name);
const char *cdn_exchange_query(const struct cdn_exchange *x, const char *name);
/* A query parameter of that kind into *out, which stays as it is where none was sent.  False: it
 * is something else, which has been answered with 400. */
bool cdn_exchange_query_flag(struct cdn_exchange *x, bool *out, const char *name);
bool cdn_exchange_query_number(struct cdn_exchange *x, uint64_t *out, const char *name,
                               uint64_t least, uint64_t most);
/* The body as one value, whichever media type it came in; borrowed for the exchange.  False: it
 * is none, which has been answered with 400 or 415. */
bool cdn_exchange_body(struct cdn_exchange *x, cordon_value *out);
/* The same as the bytes of that one value, checked; NULL: answered. */
const unsigned char *cdn_exchange_pack(struct cdn_exchange *x, size_t *bytes);

/* ---- the answer ---- */

/* Begin a document; the handler writes one value into it.  Memory that runs out becomes a
 * problem by itself. */
struct cdn_json *cdn_exchange_reply(struct cdn_exchange *x, unsigned status);
void cdn_exchange_text(struct cdn_exchange *x, unsigned status, const char *type,
                       const void *text, size_t bytes);
void cdn_exchange_empty(struct cdn_exchange *x, unsigned status);
/* Answer with what `more` appends to x->reply each time it is called, on a worker, until it returns
 * false.  It is called again when the client has taken what it wrote, so that no more than one
 * piece is ever held; between two calls other requests have their turn.  The body is kept until
 * the end.  `end` is called once, also when the client has gone. */
void cdn_exchange_stream(struct cdn_exchange *x, unsigned status,
                         bool (*more)(struct cdn_exchange *x),
                         void (*end)(struct cdn_exchange *x), void *stream);
/* `type` is the last part of "urn:cordon:problem:TYPE": stable words of docs. */
void cdn_exchange_problem(struct cdn_exchange *x, unsigned status, const char *type,
                          const char *format, ...) CDN_PRINTF(4, 5);
/* Begin one with the fields that all have; the caller adds its own, and ends the object. */
struct cdn_json *cdn_exchange_problem_begin(struct cdn_exchange *x, unsigned status,
                                            const char *type, const char *detail);
/* How a call's status is told. */
struct cdn_problem {
    unsigned status;
    const char *urn;    /* "urn:cordon:problem:TYPE" */
    const char *detail; /* the error's message, or no more than may be known */
};
struct cdn_problem cdn_exchange_explain(const struct cdn_exchange *x,
                                        cordon_status status, const cordon_error *err);
/* 400 INVALID and DATA, 403 DENIED, 404 NOTFOUND, 409 EXISTS and CONFLICT (412 where the request
 * had If-Match), 422 RULE, 429 QUOTA and 503 BUSY and OVERLOADED with Retry-After, else 500 without what is not
 * the caller's to know. */
void cdn_exchange_fail(struct cdn_exchange *x, cordon_status status,
                       const cordon_error *err);
/* Before or after the above. */
void cdn_exchange_set_header(struct cdn_exchange *x, const char *name,
                             const char *value);

#endif
