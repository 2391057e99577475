/* Routes: what the server answers, to whom, and where the work is done.
 *
 * One table says all there is to say of a route: dispatch, the check of rights, the limits and
 * /openapi.json are made of it, so that none of them can forget one.  Each file of handlers
 * has a piece of the table; route.c lists the pieces.
 *
 * A template's parts in braces match one segment each, or the rest of the segment up to a
 * verb: "/v1/rules/{id}:activate" matches "/v1/rules/velocity:activate". */
#ifndef CDN_SERVER_ROUTE_H
#define CDN_SERVER_ROUTE_H

#include <stdbool.h>
#include <stddef.h>

#define CDN_ROUTE_MAX_ARGS 4

enum cdn_method {
    CDN_METHOD_GET = 1, /* HEAD too */
    CDN_METHOD_PUT,
    CDN_METHOD_POST,
    CDN_METHOD_DELETE
};

/* X(name, bit, word): what a caller may be allowed to do. */
#define CDN_RIGHT_MAP(X)                                                               \
    X(EVALUATE, 1u, "evaluate") /* rules and sets */                                   \
    X(READ, 2u, "read")         /* the graph, rules and their standing */              \
    X(AUTHOR, 4u, "author")     /* push versions; rollouts and shadows of them */      \
    X(PROMOTE, 8u, "promote")   /* let a version decide; accept proposals */           \
    X(KILL, 16u, "kill")        /* pause and kill */                                   \
    X(AUDIT, 32u, "audit")      /* recorded decisions */

enum cdn_right {
#define CDN_RIGHT_ENUM(name, bit, word) CDN_RIGHT_##name = (bit),
    CDN_RIGHT_MAP(CDN_RIGHT_ENUM)
#undef CDN_RIGHT_ENUM
        CDN_RIGHT_ANYBODY = 0 /* whoever can connect: health, the page, the routes */
};

/* Where a handler runs. */
enum cdn_place {
    /* On the connection's event loop: it takes microseconds, whatever the request. */
    CDN_PLACE_LOOP = 1,
    /* On a worker, out of a queue of fixed length; a full one is answered with 503 at once. */
    CDN_PLACE_WORKER,
    /* Either, as admission (admit.h) says: evaluations. */
    CDN_PLACE_ADMITTED
};

struct cdn_exchange;

struct cdn_route {
    enum cdn_method method;
    const char *path;
    unsigned right; /* one of enum cdn_right */
    enum cdn_place place;
    bool large;                             /* its body may be as long as a batch's */
    void (*handle)(struct cdn_exchange *x); /* answers it, always */
    /* for /openapi.json */
    const char *operation; /* a name no other route has: "evaluateRule" */
    const char *summary;   /* one line */
    const char *query;     /* names of query parameters, a blank between; NULL: none */
    const char *request;   /* the schema of the body (schemas.c); NULL: there is none */
    const char *response;  /* the schema of the answer; NULL: no document */
};

/* Pieces, each ended by a route whose path is NULL. */
extern const struct cdn_route *const cdn_route_pieces[];

/* The route of a path, and its arguments, decoded, in `args` of the exchange.  NULL: there is
 * none; then *allowed has a bit (1 << method) for each method that the path has. */
const struct cdn_route *cdn_route_find(struct cdn_exchange *x, enum cdn_method method,
                                       const char *path, unsigned *allowed);

#endif
