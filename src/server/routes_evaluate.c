/* Evaluations: one rule for one node, or a set of rules.
 *
 * A rule that fails or is stopped is an answer like any other, with its declared fallback: 200.
 * ?strict=true makes it 422, for callers who look at the status alone. */
#include "server/pieces.h"

#include "codec/answer.h"
#include "server/evaluate.h"
#include "server/exchange.h"
#include "server/host.h"
#include "server/lane.h"
#include "server/propose.h"

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

static cordon_status want_set_outcome(struct cdn_lane *lane, cordon_error *err)
{
    return lane->set ? CORDON_OK : cordon_set_outcome_new(&lane->set, err);
}

static void write_set(struct cdn_exchange *x, const struct cdn_answer_flags *flags)
{
    const struct cdn_request *request = &x->lane->request;
    const cordon_set_outcome *outcome = x->lane->set;
    bool ok = cordon_set_outcome_get_kind(outcome) == CORDON_OUTCOME_OK;
    struct cdn_json *json = cdn_exchange_reply(x, flags->strict && !ok ? 422 : 200);

    cdn_json_object(json);
    cdn_json_key_uint(json, "schema_version", CDN_ANSWER_SCHEMA_VERSION);
    cdn_json_key_cstr(json, "request_id", x->request_id);
    if (request->has_id) {
        cdn_json_key(json, "id");
        cdn_json_value(json, &request->id);
    }
    cdn_json_key_cstr(json, "decision_id", cordon_set_outcome_decision_id(outcome));
    cdn_json_key_cstr(json, "set", x->args[0]);
    cdn_json_key_cstr(json, "status", ok ? "SUCCESS" : "FAILURE");
    cdn_answer_set(json, outcome, true);
    cdn_propose_write(json, x, &x->lane->proposed);
    cdn_json_object_end(json);
}

/* POST /v1/sets/{set}:evaluate */
static void evaluate_set(struct cdn_exchange *x)
{
    struct cdn_request *request = &x->lane->request;
    struct cdn_answer_flags flags;
    const unsigned char *pack;
    cordon_request call;
    cordon_limits limits;
    cordon_status status;
    cordon_error err;
    size_t bytes;

    if (!cdn_answer_flags_read(&flags, x))
        return;
    pack = cdn_exchange_pack(x, &bytes);
    if (!pack)
        return;
    status = cdn_request_read(request, pack, bytes, CDN_REQUEST_SERVED, &err);
    if (!status)
        status = cdn_evaluate_call(&call, &limits, x, request, &err);
    if (!status)
        status = want_set_outcome(x->lane, &err);
    if (!status)
        status =
            cordon_evaluate_set(x->lane->set, x->host->engine, x->args[0], &call, &err);
    x->lane->proposed = (struct cdn_proposed){0};
    if (!status && !call.graph) /* what is of no generation changes none */
        cdn_propose_set(&x->lane->proposed, x, call.principal);
    cdn_evaluate_done(x);
    if (status)
        cdn_evaluate_fail(x, status, &err);
    else
        write_set(x, &flags);
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
    {.method = CDN_METHOD_POST,
     .path = "/v1/sets/{set}:evaluate",
     .right = CDN_RIGHT_EVALUATE,
     .place = CDN_PLACE_WORKER,
     .handle = evaluate_set,
     .operation = "evaluateSet",
     .summary = "Have a set of rules judge one node",
     .query = "pretty strict",
     .request = "EvaluateRequest",
     .response = "SetResponse"},
    {.path = NULL},
};
