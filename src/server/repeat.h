/* Requests that are sent again: the header Idempotency-Key, and the answers kept for it.
 *
 * Who does not know whether a change was made sends it again with the same key, and gets the
 * answer that the first one got, instead of a second change.  An answer is kept by who asked and
 * by his key, beside a hash of what he asked (method, path, query, conditions, body):
 *
 *     the same request again           the kept answer, with Idempotency-Replayed: true
 *     another one with the same key    422
 *     while the first is under way     409, Retry-After
 *
 * What is kept is bounded in number and bytes, the oldest goes first, and nothing of it outlives
 * the process.  That loses no safety, only convenience: every change is conditional (If-Match),
 * content-addressed (a version pushed twice is one version) or the same when done twice.  A
 * failure of the server's own (5xx) is not kept: to try again is what should be done then.
 *
 * Threads: every function is safe from any. */
#ifndef CDN_SERVER_REPEAT_H
#define CDN_SERVER_REPEAT_H

#include <cordon/error.h>

#include "server/exchange.h"

#define CDN_REPEAT_MOST_ANSWERS 1024
#define CDN_REPEAT_MOST_BYTES   (8u * 1024 * 1024)
#define CDN_REPEAT_KEY_BYTES    255

struct cdn_repeats;

/* Errors: CORDON_E_NOMEM. */
cordon_status cdn_repeats_new(struct cdn_repeats **out, cordon_error *err);
/* No request is under way any more.  Accepts NULL. */
void cdn_repeats_free(struct cdn_repeats *repeats);

/* Answer by `handle`, or as the same request was answered before (x->host->repeats).  A request
 * without a key goes to `handle` as it is. */
void cdn_repeat_once(struct cdn_exchange *x, void (*handle)(struct cdn_exchange *x));

#endif
