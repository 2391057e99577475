/* A request's way to its handler, the same whoever brought it: the listener, a test, a fuzzer.
 *
 *     cdn_exchange_begin()       where headers and query come from
 *     cdn_dispatch_begin()       route, caller, rights, media types
 *     ... the body is read, of at most cdn_dispatch_body_limit() bytes ...
 *     cdn_dispatch_place()       where its handler is to run
 *     cdn_dispatch_run()         the handler, on the calling thread
 *     cdn_dispatch_continue()    each further piece, where the answer has pieces
 *     cdn_dispatch_abandon()     it is over, answered or not
 *
 * The exchange may have been answered after any of them: x->status is not 0. */
#ifndef CDN_SERVER_DISPATCH_H
#define CDN_SERVER_DISPATCH_H

#include <stdbool.h>
#include <stddef.h>

#include "server/auth.h"
#include "server/exchange.h"

/* The headers are there.  `path` is as it was sent, without the query.  False: answered. */
bool cdn_dispatch_begin(struct cdn_exchange *x, const char *method, const char *path,
                        const struct cdn_credentials *shown);

/* How long the body may be. */
size_t cdn_dispatch_body_limit(const struct cdn_exchange *x);

/* x->body is there: CDN_PLACE_LOOP or CDN_PLACE_WORKER. */
enum cdn_place cdn_dispatch_place(const struct cdn_exchange *x);
/* How urgent it is, where it has to wait for a worker: a header or the body's `priority`.  A body
 * that cannot be read has been answered. */
unsigned cdn_dispatch_priority(struct cdn_exchange *x);

/* x->body is there: have the handler answer, and count it. */
void cdn_dispatch_run(struct cdn_exchange *x);
/* The same for one that somebody else has answered: finish it, and count it. */
void cdn_dispatch_end(struct cdn_exchange *x);
/* The next piece into x->reply; false: the answer cannot be ended well. */
bool cdn_dispatch_continue(struct cdn_exchange *x);
/* Nothing more is done for it. */
void cdn_dispatch_abandon(struct cdn_exchange *x);

#endif
