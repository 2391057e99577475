/* Exchanges for tests: a host with rules in it, and requests that are there without a connection. */
#ifndef CDN_TESTS_SUPPORT_ASKED_H
#define CDN_TESTS_SUPPORT_ASKED_H

#include <string.h>
#include <strings.h>

#include "server/dispatch.h"
#include "server/host.h"
#include "server/server.h"

/* Names and values in turn, NULL at the end. */
struct asked {
    const char *const *headers;
    const char *const *query;
};

static const char *asked_find(const char *const *pairs, const char *name)
{
    for (; pairs && *pairs; pairs += 2) {
        if (!strcasecmp(pairs[0], name))
            return pairs[1];
    }
    return NULL;
}

static const char *asked_header(const void *ud, const char *name)
{
    return asked_find(((const struct asked *)ud)->headers, name);
}

static const char *asked_query(const void *ud, const char *name)
{
    return asked_find(((const struct asked *)ud)->query, name);
}

static const struct cdn_exchange_source asked_source = {asked_header, asked_query};

/* Options that serve nothing yet: the caller loads what it needs. */
#define ASKED_OPTIONS                                                                  \
    {                                                                                  \
        .engine = CORDON_ENGINE_OPTIONS_INIT, .address = "127.0.0.1", .threads = 1,    \
        .workers = 1, .queue = 1, .body_bytes = 1 << 20, .batch_bytes = 1 << 20,       \
        .held_bytes = 1 << 20                                                          \
    }

/* The whole way of one request, on the calling thread; an answer in pieces is added up in
 * `reply`.  Reset the exchange with cdn_dispatch_abandon() before the next one. */
static inline void asked_run(struct cdn_exchange *x, struct cdn_host *host,
                             const struct asked *asked, const char *method,
                             const char *path, const void *body, size_t bytes)
{
    static const struct cdn_credentials nobody;
    struct cdn_buf whole = {0};

    cdn_exchange_begin(x, host, &asked_source, asked);
    if (!cdn_dispatch_begin(x, method, path, &nobody)) {
        cdn_dispatch_end(x);
        return;
    }
    x->body = body;
    x->body_bytes = bytes;
    cdn_dispatch_run(x);
    if (!x->more)
        return;
    cdn_buf_append(&whole, x->reply.data, x->reply.length);
    while (x->more && cdn_dispatch_continue(x))
        cdn_buf_append(&whole, x->reply.data, x->reply.length);
    cdn_buf_clear(&x->reply);
    cdn_buf_append(&x->reply, whole.data, whole.length);
    cdn_buf_deinit(&whole);
}

#endif
