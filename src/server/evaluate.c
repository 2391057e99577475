/* Evaluations: from a request to the engine, and from an outcome to a document.
 *
 * Everything that is needed more than once lies in the thread's lane: the outcome, the parsed
 * request, the trace.  So an evaluation allocates nothing here after the first. */
#include "server/evaluate.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "codec/answer.h"
#include "server/admit.h"
#include "server/host.h"
#include "server/lane.h"
#include "server/observe.h"
#include "server/server.h"

/* The engine's own ceiling of time where the options have none (cordon/engine.h). */
#define DEFAULT_WALL_NS UINT64_C(10000000000)

/* ---- the query ---- */

bool cdn_answer_flags_read(struct cdn_answer_flags *out, struct cdn_exchange *x)
{
    const char *explain = cdn_exchange_query(x, "explain");
    bool usage_asked = cdn_exchange_query(x, "usage") != NULL;
    char shown[80];

    *out = (struct cdn_answer_flags){0};
    if (!cdn_exchange_query_flag(x, &out->usage, "usage") ||
        !cdn_exchange_query_flag(x, &out->provenance, "provenance") ||
        !cdn_exchange_query_flag(x, &out->metrics, "metrics") ||
        !cdn_exchange_query_flag(x, &out->strict, "strict"))
        return false;
    out->no_usage = usage_asked && !out->usage;
    if (!explain || !strcmp(explain, "off"))
        return true;
    out->explain = !strcmp(explain, "full");
    out->fails = !strcmp(explain, "fails");
    if (out->explain || out->fails)
        return true;
    cdn_exchange_problem(x, 400, "query", "?explain=%s is none of off, full and fails",
                         cdn_escape(shown, sizeof shown, explain, strlen(explain)));
    return false;
}

/* ---- asking ---- */

/* A header that is a number from 0 to `most`; false: it is something else. */
static bool header_number(int64_t *out, bool *has, const struct cdn_exchange *x,
                          const char *name, int64_t most)
{
    const char *text = cdn_exchange_header(x, name);
    size_t digits;

    if (*has || !text)
        return true;
    digits = strspn(text, "0123456789");
    if (!digits || digits > 18 || text[digits])
        return false;
    *out = strtoll(text, NULL, 10);
    *has = true;
    return *out <= most;
}

/* Whose grant it runs under: the caller's; one who has none may name any. */
static cordon_status take_principal(cordon_request *call, const struct cdn_exchange *x,
                                    const struct cdn_request *request,
                                    cordon_error *err)
{
    const char *own = x->caller.principal;

    call->principal = own ? own : request->principal[0] ? request->principal : NULL;
    if (!own || !request->principal[0] || !strcmp(own, request->principal))
        return CORDON_OK;
    return cdn_error_set(err, CORDON_E_DENIED,
                         "%s evaluates as '%s', not as '%s'; leave out \"principal\"",
                         x->caller.name, own, request->principal);
}

/* Nobody waits for longer than until the deadline: what is left of it is the limit. */
static cordon_status take_deadline(cordon_limits *limits, const struct cdn_exchange *x,
                                   int64_t deadline_ms, cordon_error *err)
{
    uint64_t ceiling = x->host->options->engine.max_wall_ns;
    int64_t left = deadline_ms - cdn_clock_wall_ms();

    if (!ceiling)
        ceiling = DEFAULT_WALL_NS;
    if (left <= 0)
        return cdn_error_set(err, CORDON_E_INTERRUPTED,
                             "the deadline was %" PRId64 " ms ago", -left);
    if ((uint64_t)left < ceiling / 1000000 &&
        (!limits->wall_ns || (uint64_t)left * 1000000 < limits->wall_ns))
        limits->wall_ns = (uint64_t)left * 1000000;
    return CORDON_OK;
}

void cdn_evaluate_done(const struct cdn_exchange *x)
{
    cordon_snapshot_release(x->lane->graph);
    x->lane->graph = NULL;
}

/* The graph of the request, of the schema that the engine's has. */
static cordon_status take_graph(cordon_request *call, const struct cdn_exchange *x,
                                const struct cdn_request *request, cordon_error *err)
{
    cordon_inline_options options = CORDON_INLINE_OPTIONS_INIT;
    cordon_snapshot *own;
    cordon_status status;

    cdn_evaluate_done(x);
    if (!request->has_graph)
        return CORDON_OK;
    own = cordon_engine_get_snapshot(x->host->engine);
    options.schema = own;
    status =
        cordon_snapshot_from_value(&x->lane->graph, &request->graph, &options, err);
    cordon_snapshot_release(own);
    if (status == CORDON_E_DATA)
        cdn_error_prefix(err, "graph");
    call->graph = x->lane->graph;
    return status;
}

cordon_status cdn_evaluate_call(cordon_request *call, cordon_limits *limits,
                                const struct cdn_exchange *x,
                                const struct cdn_request *request, cordon_error *err)
{
    bool has_deadline = request->has_deadline, has_priority = request->has_priority;
    int64_t deadline_ms = request->deadline_ms, priority = request->priority;

    *call = (cordon_request)CORDON_REQUEST_INIT;
    *limits = request->limits;
    if (request->has_node) {
        call->label = request->label;
        call->key = (const char *)request->key.data;
        call->key_bytes = request->key.length;
    }
    if (request->params.length) {
        call->params = request->params.data;
        call->params_bytes = request->params.length;
    }
    call->as_of_ms = request->has_as_of ? request->as_of_ms : CORDON_NO_TIME;
    call->now_ms = request->has_now     ? request->now_ms
                   : request->has_as_of ? request->as_of_ms
                                        : cdn_clock_wall_ms();
    call->seed = request->seed;
    call->cancel = &x->cancel;
    call->traceparent =
        request->traceparent[0] ? request->traceparent : cdn_observe_traceparent(x);
    if (!header_number(&priority, &has_priority, x, "X-Cordon-Priority",
                       CORDON_MAX_PRIORITY))
        return cdn_error_set(err, CORDON_E_DATA,
                             "X-Cordon-Priority must be an integer from 0 to %d",
                             CORDON_MAX_PRIORITY);
    if (!header_number(&deadline_ms, &has_deadline, x, "X-Cordon-Deadline-Ms",
                       INT64_MAX))
        return cdn_error_set(err, CORDON_E_DATA,
                             "X-Cordon-Deadline-Ms must be milliseconds since 1970");
    call->priority = (uint32_t)priority;
    if (has_deadline && take_deadline(limits, x, deadline_ms, err))
        return CORDON_E_INTERRUPTED;
    if (request->has_limits || has_deadline)
        call->limits = limits;
    if (take_principal(call, x, request, err))
        return CORDON_E_DENIED;
    return take_graph(call, x, request, err);
}

static cordon_status want_trace(struct cdn_lane *lane, cordon_error *err)
{
    if (lane->trace)
        return CORDON_OK;
    return cordon_trace_new(&lane->trace, NULL, err);
}

/* What the rule has just cost. */
static void learn(const struct cdn_exchange *x, const char *rule, uint64_t begun_ns,
                  bool own_limit)
{
    const cordon_usage *usage = cordon_outcome_usage(x->lane->outcome);
    uint64_t now_ns = cdn_clock_ns();
    uint64_t cost_ns =
        cdn_admit_cost(now_ns - begun_ns, usage->instructions + usage->edges);

    cdn_admit_learn(x->host->admit, rule, cost_ns, usage->wall_limit_ns, own_limit);
    cdn_pace_ran(&x->lane->pace, now_ns, cost_ns);
}

cordon_status cdn_evaluate_one(struct cdn_exchange *x, const char *rule,
                               const struct cdn_request *request,
                               const struct cdn_answer_flags *flags, cordon_error *err)
{
    cordon_request call;
    cordon_limits limits;
    uint64_t begun_ns;
    cordon_status status = cdn_evaluate_call(&call, &limits, x, request, err);

    if (!status && (flags->explain || flags->fails))
        status = want_trace(x->lane, err);
    if (status) {
        cdn_evaluate_done(x);
        return status;
    }
    if (flags->explain || flags->fails)
        call.trace = x->lane->trace;
    x->lane->clock_ms = call.now_ms;
    begun_ns = cdn_clock_ns();
    status = cordon_evaluate(x->lane->outcome, x->host->engine, rule, &call, err);
    x->lane->proposed = (struct cdn_proposed){0};
    if (!status && !call.graph) /* what is of no generation changes none */
        cdn_propose(&x->lane->proposed, x, call.principal);
    if (!status && !call.trace)
        learn(x, rule, begun_ns, limits.wall_ns != 0);
    cdn_evaluate_done(x);
    return status;
}

struct cdn_problem cdn_evaluate_problem(const struct cdn_exchange *x,
                                        cordon_status status, const cordon_error *err)
{
    if (status == CORDON_E_INTERRUPTED)
        return (struct cdn_problem){504, "urn:cordon:problem:deadline", err->message};
    return cdn_exchange_explain(x, status, err);
}

void cdn_evaluate_fail(struct cdn_exchange *x, cordon_status status,
                       const cordon_error *err)
{
    if (status == CORDON_E_INTERRUPTED)
        cdn_exchange_problem(x, 504, "deadline", "%s", err->message);
    else
        cdn_exchange_fail(x, status, err);
}

/* ---- answering ---- */

static void write_fault(struct cdn_json *json, const cordon_outcome *outcome)
{
    const char *file = cordon_outcome_file(outcome);

    cdn_json_key_cstr(json, "message", cordon_outcome_message(outcome));
    if (file[0])
        cdn_json_key_cstr(json, "file", file);
    if (cordon_outcome_line(outcome))
        cdn_json_key_uint(json, "line", cordon_outcome_line(outcome));
    cdn_answer_limit(json, outcome);
}

static void write_usage(struct cdn_json *json, const cordon_outcome *outcome,
                        const struct cdn_answer_flags *flags)
{
    const cordon_usage *usage = cordon_outcome_usage(outcome);

    if (flags->no_usage)
        return;
    if (flags->usage) {
        cdn_answer_usage(json, usage);
        return;
    }
    cdn_json_key(json, "usage");
    cdn_json_object(json);
    cdn_json_key_uint(json, "instructions", usage->instructions);
    cdn_json_key_uint(json, "edges", usage->edges);
    cdn_json_key_uint(json, "wall_ns", usage->wall_ns);
    cdn_json_object_end(json);
}

/* The identity of the generation that the outcome saw, where that is still the one in service. */
static void write_snapshot(struct cdn_json *json, const struct cdn_exchange *x)
{
    cordon_snapshot *snapshot = cordon_engine_get_snapshot(x->host->engine);
    uint64_t generation = cordon_outcome_generation(x->lane->outcome);

    cdn_json_key(json, "snapshot_id");
    if (snapshot && cordon_snapshot_generation(snapshot) == generation)
        cdn_json_hex(json, cordon_snapshot_identity(snapshot));
    else
        cdn_json_null(json);
    cdn_json_key_uint(json, "generation", generation);
    cordon_snapshot_release(snapshot);
}

static void write_provenance(struct cdn_json *json, const struct cdn_exchange *x,
                             const struct cdn_request *request)
{
    const cordon_outcome *outcome = x->lane->outcome;

    cdn_json_key(json, "provenance");
    cdn_json_object(json);
    cdn_json_key_cstr(json, "digest", cordon_outcome_source_hash(outcome));
    write_snapshot(json, x);
    cdn_json_key(json, "reads_digest");
    cdn_json_hex(json, cordon_outcome_reads_digest(outcome));
    cdn_json_key(json, "clock");
    cdn_json_int(json, x->lane->clock_ms);
    cdn_json_key_uint(json, "seed", request->seed);
    cdn_json_key_bool(json, "nondeterministic",
                      cordon_outcome_nondeterministic(outcome));
    cdn_json_object_end(json);
}

static void write_metrics(struct cdn_json *json, const struct cdn_exchange *x)
{
    const cordon_usage *usage = cordon_outcome_usage(x->lane->outcome);

    cdn_json_key(json, "metrics");
    cdn_json_object(json);
    cdn_json_key_uint(json, "timer_server_ns", cdn_clock_ns() - x->begun_ns);
    cdn_json_key_uint(json, "timer_evaluate_ns", usage->wall_ns);
    cdn_json_key_uint(json, "timer_graph_ns", usage->native_ns);
    cdn_json_object_end(json);
}

void cdn_evaluate_fields(struct cdn_json *json, const struct cdn_exchange *x,
                         const struct cdn_request *request,
                         const struct cdn_answer_flags *flags)
{
    const cordon_outcome *outcome = x->lane->outcome;
    cordon_outcome_kind kind = cordon_outcome_get_kind(outcome);

    cdn_json_key_cstr(json, "request_id", x->request_id);
    if (request->has_id) {
        cdn_json_key(json, "id");
        cdn_json_value(json, &request->id);
    }
    cdn_json_key_cstr(json, "decision_id", cordon_outcome_decision_id(outcome));
    cdn_json_key_cstr(json, "rule", cordon_outcome_rule(outcome));
    cdn_json_key_uint(json, "version", cordon_outcome_version(outcome));
    cdn_json_key_cstr(json, "variant",
                      cordon_variant_str(cordon_outcome_variant(outcome)));
    cdn_json_key_cstr(json, "outcome", cordon_outcome_kind_str(kind));
    cdn_json_key_cstr(json, "status", cdn_answer_status(outcome));
    cdn_json_key_bool(json, "fallback", cordon_outcome_is_fallback(outcome));
    cdn_json_key_bool(json, "truncated", cordon_outcome_truncated(outcome));
    cdn_answer_result(json, outcome);
    if (kind != CORDON_OUTCOME_OK)
        write_fault(json, outcome);
    cdn_propose_write(json, x, &x->lane->proposed);
    write_usage(json, outcome, flags);
    if (flags->explain || (flags->fails && kind != CORDON_OUTCOME_OK)) {
        cdn_json_key(json, "explain");
        cdn_answer_explain(json, x->lane->trace, cordon_outcome_rule(outcome));
    }
    if (flags->provenance)
        write_provenance(json, x, request);
    if (flags->metrics)
        write_metrics(json, x);
}

void cdn_evaluate_write(struct cdn_json *json, const struct cdn_exchange *x,
                        const struct cdn_request *request,
                        const struct cdn_answer_flags *flags)
{
    cdn_json_object(json);
    cdn_json_key_uint(json, "schema_version", CDN_ANSWER_SCHEMA_VERSION);
    cdn_evaluate_fields(json, x, request, flags);
    cdn_json_object_end(json);
}
