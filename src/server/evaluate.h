/* One evaluation as it is asked for over HTTP: what a request and its headers mean to the engine,
 * and what an outcome looks like.  Shared by the routes that evaluate. */
#ifndef CDN_SERVER_EVALUATE_H
#define CDN_SERVER_EVALUATE_H

#include <stdbool.h>

#include <cordon/evaluate.h>

#include "codec/json.h"
#include "codec/request.h"
#include "server/exchange.h"

/* What answers are to hold: the query's words, the same for all of one exchange. */
struct cdn_answer_flags {
    bool explain;    /* ?explain=full */
    bool fails;      /* ?explain=fails: of those alone that do not end well */
    bool no_usage;   /* ?usage=false; else the three figures that matter most */
    bool usage;      /* ?usage=true: everything, beside the limits */
    bool provenance; /* ?provenance=true: what is needed to ask it again */
    bool metrics;    /* ?metrics=true: where the time went */
    bool strict;     /* ?strict=true: 422 where the rule did not end well */
};

/* False: answered with 400. */
bool cdn_answer_flags_read(struct cdn_answer_flags *out, struct cdn_exchange *x);

/* What `request` asks of the engine, headers and caller added.  Borrows from both; `limits` is the
 * caller's, and used if it is needed.  Whatever comes back, cdn_evaluate_done() follows.
 * Errors: CORDON_E_DATA a header that is none, or a graph ("graph.nodes[3].key: ..."); CORDON_E_DENIED somebody else's principal;
 *         CORDON_E_INTERRUPTED the deadline has passed. */
cordon_status cdn_evaluate_call(cordon_request *call, cordon_limits *limits,
                                const struct cdn_exchange *x,
                                const struct cdn_request *request, cordon_error *err);

/* Give up the graph that came with the request: nothing of the answer is in it. */
void cdn_evaluate_done(const struct cdn_exchange *x);

/* Evaluate `rule` into the lane's outcome.  Errors: as cdn_evaluate_call() and cordon_evaluate(). */
cordon_status cdn_evaluate_one(struct cdn_exchange *x, const char *rule,
                               const struct cdn_request *request,
                               const struct cdn_answer_flags *flags, cordon_error *err);

/* The document of the lane's outcome; and its fields but the schema's version, in an object that is
 * open. */
void cdn_evaluate_write(struct cdn_json *json, const struct cdn_exchange *x,
                        const struct cdn_request *request,
                        const struct cdn_answer_flags *flags);
void cdn_evaluate_fields(struct cdn_json *json, const struct cdn_exchange *x,
                         const struct cdn_request *request,
                         const struct cdn_answer_flags *flags);

/* Why a request was not evaluated, as cdn_exchange_explain(), with 504 for a deadline. */
struct cdn_problem cdn_evaluate_problem(const struct cdn_exchange *x,
                                        cordon_status status, const cordon_error *err);
/* Answer with that. */
void cdn_evaluate_fail(struct cdn_exchange *x, cordon_status status,
                       const cordon_error *err);

#endif
