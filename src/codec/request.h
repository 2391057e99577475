/* One evaluation request as JSON text.
 *
 *     {"node": "Account:17", "now": 1795487340000, "as_of": "2026-11-24T02:29:00Z",
 *      "params": {"window": "24h"}, "seed": 1, "id": "anything, given back"}
 *
 * Every field may be missing; `node` may be {"label": "Account", "key": 17}.  An
 * unknown field is refused, as a misspelt "parms" would otherwise change a decision
 * silently. */
#ifndef CDN_CODEC_REQUEST_H
#define CDN_CODEC_REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cordon/value.h>

#include "base/buf.h"
#include "base/error.h"

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
    struct cdn_buf pack;   /* the whole request; `id` points into it */
    bool has_id;
    cordon_value id;
};

/* Parse one request.  On an error `id` is still set if the text was an object that has
 * one, so that the answer can carry it.
 * Errors: CORDON_E_DATA, CORDON_E_NOMEM. */
cordon_status cdn_request_parse(struct cdn_request *out, const char *text, size_t bytes,
                                cordon_error *err);
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
