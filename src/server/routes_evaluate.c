/* Evaluations: one rule for one node.
 *
 * A rule that fails or is stopped is an answer like any other, with its declared fallback: 200.
 * ?strict=true makes it 422, for callers who look at the status alone. */
#include "server/pieces.h"

#include "server/evaluate.h"
#include "server/exchange.h"
#include "server/host.h"
#include "server/lane.h"

/* POST /v1/evaluate/{rule} */
static void evaluate(struct cdn_exchange *x)
{
    struct cdn_request *request = &x->lane->request;
    struct cdn_answer_flags flags;
    const unsigned char *pack;
    cordon_status status;
    cordon_error err;
    unsigned code;
    size_t bytes;

    if (!cdn_answer_flags_read(&flags, x))
        return;
    pack = cdn_exchange_pack(x, &bytes);
    if (!pack)
        return;
    status = cdn_request_read(request, pack, bytes, CDN_REQUEST_SERVED, &err);
    if (!status)
        status = cdn_evaluate_one(x, x->args[0], request, &flags, &err);
    if (status) {
        cdn_evaluate_fail(x, status, &err);
        return;
    }
    code =
        flags.strict && cordon_outcome_get_kind(x->lane->outcome) != CORDON_OUTCOME_OK
            ? 422
            : 200;
    cdn_evaluate_write(cdn_exchange_reply(x, code), x, request, &flags);
}

const struct cdn_route cdn_routes_evaluate[] = {
    {.method = CDN_METHOD_POST,
     .path = "/v1/evaluate/{rule}",
     .right = CDN_RIGHT_EVALUATE,
     .place = CDN_PLACE_ADMITTED,
     .handle = evaluate,
     .operation = "evaluateRule",
     .summary = "Evaluate one rule for one node",
     .query = "explain usage provenance metrics pretty strict",
     .request = "EvaluateRequest",
     .response = "EvaluateResponse"},
    {.path = NULL},
};
