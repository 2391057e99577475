/* One run: the request made concrete, the rule run, what happened put into words.
 *
 * Everything that can be wrong with a request is found before the rule starts: a parameter
 * that does not fit and a node that is not there are the caller's errors, not the rule's.
 * What the rule did is read from the meter first, since a rule that was stopped may well
 * have returned, and only then from the protected call.
 *
 * Cost: beyond the run itself two clock reads and one pass over the parameters; nothing is
 * allocated unless the budget asks for more output than the outcome has held before. */
#include "rule/image.h"
#include "rule/run.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/checked.h"
#include "base/clock.h"
#include "base/suggest.h"
#include "graph/tell.h"
#include "rule/functions.h"
#include "rule/param.h"
#include "sandbox/trace.h"
#include "snapshot/snapshot.h"

/* ---- the request ---- */

static cordon_status given_params(struct cdn_rule_host *host,
                                  const cordon_request *request, bool shared,
                                  uint64_t *given, cordon_error *err)
{
    const struct cdn_rule *rule = host->rule;
    cordon_value map, key, value;
    cordon_value_iter iter;
    cordon_status status;
    char what[CDN_RULE_MAX_WORD + 32], message[512];

    status = cordon_value_parse(&map, request->params, request->params_bytes, err);
    if (status) {
        cdn_error_prefix(err, "params");
        if (err)
            err->status = CORDON_E_INVALID;
        return CORDON_E_INVALID;
    }
    if (map.type != CORDON_MAP && map.type != CORDON_NIL)
        return cdn_error_set(err, CORDON_E_INVALID,
                             "params: a map from parameter name to value is needed");
    cordon_value_iter_init(&iter, &map);
    while (cordon_value_next(&iter, &key, &value)) {
        const struct cdn_param *param;
        uint32_t number;

        if (key.type != CORDON_STRING)
            return cdn_error_set(err, CORDON_E_INVALID,
                                 "params: a key is not a string; keys are names");
        param = cdn_param_find(rule, key.as.string, key.length);
        if (!param && shared)
            continue;
        if (!param)
            return cdn_error_set(err, CORDON_E_INVALID, "%s",
                                 cdn_param_unknown(message, sizeof message, rule,
                                                   key.as.string, key.length));
        number = (uint32_t)(param - rule->params);
        if (*given & (UINT64_C(1) << number))
            return cdn_error_set(err, CORDON_E_INVALID, "parameter '%s' is given twice",
                                 param->name);
        *given |= UINT64_C(1) << number;
        if (value.type == CORDON_NIL) {
            host->params[number] = (cordon_value){.type = CORDON_NIL};
            continue;
        }
        snprintf(what, sizeof what, "parameter '%s'", param->name);
        status = cdn_param_accept(&host->params[number], param, &value, what, err);
        if (status)
            return status;
    }
    return CORDON_OK;
}

static cordon_status set_params(struct cdn_rule_host *host,
                                const struct cdn_rule_call *call, cordon_error *err)
{
    const struct cdn_rule *rule = host->rule;
    uint64_t given = 0;
    cordon_status status = CORDON_OK;

    _Static_assert(CDN_RULE_MAX_PARAMS <= 64, "a bit a parameter");
    if (call->request->params)
        status = given_params(host, call->request, call->shared_params, &given, err);
    for (uint32_t i = 0; i < rule->param_count && !status; i++) {
        const struct cdn_param *param = &rule->params[i];
        bool is_given =
            given & (UINT64_C(1) << i) && host->params[i].type != CORDON_NIL;

        if (is_given)
            continue;
        if (param->required)
            status = cdn_error_set(
                err, CORDON_E_INVALID, "parameter '%s' is required: give %s %s",
                param->name, param->type == CDN_PARAM_INTEGER ? "an" : "a",
                cdn_param_type_names[param->type]);
        else
            host->params[i] = param->fallback_value;
    }
    return status;
}

/* What is known of the damage that a read met. */
static const char *describe_damage(const cordon_snapshot *snapshot, char *out,
                                   size_t size)
{
    if (!cdn_snapshot_damage(snapshot, out, size))
        snprintf(out, size,
                 "an index read from it points outside; run cordon snapshot verify");
    return out;
}

static cordon_status find_node(uint32_t *node, const cordon_snapshot *snapshot,
                               const cordon_request *request, cordon_error *err)
{
    struct cdn_suggest suggest;
    int32_t label;
    size_t bytes;
    char hint[128];

    *node = CDN_NO_NODE;
    if (!request->label)
        return CORDON_OK;
    if (!request->key)
        return cdn_error_set(err, CORDON_E_INVALID,
                             "the request names a label, %.64s, but no key",
                             request->label);
    bytes = request->key_bytes ? request->key_bytes : strlen(request->key);
    if (!snapshot)
        return cdn_error_set(
            err, CORDON_E_NOTFOUND, "no node %.64s:%.*s, as the engine has no snapshot",
            request->label, bytes > 80 ? 80 : (int)bytes, request->key);
    label = cdn_schema_label(&snapshot->schema, request->label);
    if (label < 0) {
        cdn_suggest_init(&suggest, request->label);
        for (uint32_t i = 0; i < snapshot->label_count; i++)
            cdn_suggest_offer(&suggest, snapshot->schema.labels[i].name);
        return cdn_error_set(err, CORDON_E_NOTFOUND,
                             "no label '%.64s' in the snapshot%s", request->label,
                             cdn_suggest_text(&suggest, hint, sizeof hint));
    }
    *node = cdn_snapshot_find(snapshot, (uint32_t)label, request->key, bytes);
    if (*node == CDN_DAMAGED_NODE) {
        char damage[CORDON_ERROR_MESSAGE_BYTES];

        return cdn_error_set(err, CORDON_E_CORRUPT, "the snapshot is damaged: %s",
                             describe_damage(snapshot, damage, sizeof damage));
    }
    if (*node == CDN_NO_NODE)
        return cdn_error_set(err, CORDON_E_NOTFOUND, "no node %.64s:%.*s",
                             request->label, bytes > 80 ? 80 : (int)bytes,
                             request->key);
    return CORDON_OK;
}

/* ---- what happened ---- */

static void place(cordon_outcome *outcome, const char *file, uint32_t line)
{
    snprintf(outcome->file, sizeof outcome->file, "%s", file ? file : "");
    outcome->line = line;
}

/* "at rule.lua:14" or nothing. */
static const char *at_line(char *out, size_t size, const struct cdn_rule *rule,
                           const struct cdn_meter *meter)
{
    if (meter->stop_line)
        snprintf(out, size, " at %s:%u", rule->file, meter->stop_line);
    else
        out[0] = '\0';
    return out;
}

static void explain_beyond(cordon_outcome *outcome, const struct cdn_graph_run *graph,
                           const char *at)
{
    cdn_outcome_explain(
        outcome,
        "hops: %s%s; the slice that the rule sees behind its wall ends at hop %u from "
        "the request's node: widen it with slice = { hops = %u } in the policy or the "
        "engine's options, or let it hold all that is granted, slice = \"granted\"",
        graph->beyond == CDN_BEYOND_LIST
            ? "the edges of a node on the slice's border were asked for"
            : "a node was asked for by its key that the slice does not hold",
        at, graph->border_hops, graph->border_hops + 1);
}

static void explain_stop(cordon_outcome *outcome, const struct cdn_rule_call *call)
{
    const struct cdn_meter *meter = cdn_slot_meter(call->slot);
    const struct cdn_budget *limit = &call->budget;
    const cordon_usage *usage = &outcome->usage;
    char at[320];

    at_line(at, sizeof at, call->rule, meter);
    place(outcome, meter->stop_line ? call->rule->file : "", meter->stop_line);
    outcome->kind = CORDON_OUTCOME_LIMIT;
    switch (meter->stop) {
    case CDN_STOP_INSTRUCTIONS:
        outcome->limit = CORDON_BUDGET_INSTRUCTIONS;
        cdn_outcome_explain(
            outcome,
            "instructions: %" PRIu64 " of %" PRIu64 " used%s; let an "
            "aggregate (:sum, :count, :top) do what a loop does, or raise "
            "limits.instructions",
            limit->instructions, limit->instructions, at);
        break;
    case CDN_STOP_TIME:
        outcome->limit = CORDON_BUDGET_TIME;
        cdn_outcome_explain(
            outcome,
            "time: more than %.15g ms passed%s, after %" PRIu64
            " instructions and %" PRIu64 " edges; read less, or raise limits.time",
            (double)limit->wall_ns / 1e6, at, usage->instructions, usage->edges);
        break;
    case CDN_STOP_MEMORY:
        outcome->limit = CORDON_BUDGET_MEMORY;
        cdn_outcome_explain(
            outcome,
            "memory: more than %" PRIu64 " bytes were needed%s, %" PRIu64
            " were held; keep fewer values at once, use aggregates and :each() instead "
            "of tables, or raise limits.memory",
            limit->memory_bytes, at, usage->memory_bytes);
        break;
    case CDN_STOP_EDGES:
        outcome->limit = CORDON_BUDGET_EDGES;
        cdn_outcome_explain(outcome,
                            "edges: read %" PRIu64 " of %" PRIu64
                            "%s; narrow the window "
                            "or use :latest(n) before reading, or raise limits.edges",
                            limit->edges, limit->edges, at);
        break;
    case CDN_STOP_NODES:
        outcome->limit = CORDON_BUDGET_NODES;
        cdn_outcome_explain(outcome,
                            "nodes: %" PRIu64 " of %" PRIu64
                            " touched%s; keep fewer by a condition, :limit(n) or "
                            ":sorted(..., n), or raise limits.nodes",
                            limit->nodes, limit->nodes, at);
        break;
    case CDN_STOP_HOPS:
        outcome->limit = CORDON_BUDGET_HOPS;
        if (call->host->graph.beyond) {
            explain_beyond(outcome, &call->host->graph, at);
            break;
        }
        cdn_outcome_explain(outcome,
                            "hops: edges more than %" PRIu64
                            " away from where it began were asked for%s; stop the "
                            "expansion earlier, or raise limits.hops",
                            limit->hops, at);
        break;
    case CDN_STOP_OUTPUT:
        outcome->limit = CORDON_BUDGET_OUTPUT;
        outcome->usage.output_bytes = limit->output_bytes;
        if (!meter->stop_line) /* the function was over: it is about what it returned */
            place(outcome, call->rule->file, call->rule->evaluate_line);
        cdn_outcome_explain(outcome,
                            "output: the result takes more than %" PRIu64
                            " bytes; return "
                            "less, or raise limits.output",
                            limit->output_bytes);
        break;
    case CDN_STOP_CANCELLED:
        outcome->kind = CORDON_OUTCOME_CANCELLED;
        cdn_outcome_explain(outcome, "cancelled by the host%s", at);
        break;
    case CDN_STOP_NONE:
    default:
        break;
    }
}

static void fill_usage(cordon_usage *usage, const struct cdn_rule_call *call)
{
    const struct cdn_meter *meter = cdn_slot_meter(call->slot);
    const struct cdn_budget *limit = &call->budget;

    usage->instructions = cdn_slot_instructions(call->slot);
    usage->instructions_limit = limit->instructions;
    usage->memory_bytes = cdn_slot_memory_peak(call->slot);
    usage->memory_limit_bytes = limit->memory_bytes;
    usage->edges = meter->edges;
    usage->edges_limit = limit->edges;
    usage->nodes = meter->nodes;
    usage->nodes_limit = limit->nodes;
    usage->hops = meter->hops;
    usage->hops_limit = limit->hops;
    usage->output_limit_bytes = limit->output_bytes;
    usage->native_ns = cdn_ticks_to_ns(
        cdn_timing_total(&call->host->graph.timing, meter->stop != CDN_STOP_NONE));
    usage->wall_limit_ns = limit->wall_ns;
    usage->host_ns = call->host->functions_ns;
}

/* The rule has not answered: what it declared for that case does. */
static void fall_back(cordon_outcome *outcome, const struct cdn_rule *rule)
{
    cdn_outcome_drop_result(outcome);
    if (rule->fallback < 0)
        return;
    outcome->fallback = true;
    memcpy(outcome->decision, rule->decisions[rule->fallback],
           sizeof outcome->decision);
    outcome->has_decision = true;
}

static void classify(cordon_outcome *outcome, const struct cdn_rule_call *call,
                     enum cdn_run run)
{
    const struct cdn_rule_host *host = call->host;

    if (cdn_slot_meter(call->slot)->stop != CDN_STOP_NONE) {
        explain_stop(outcome, call);
    } else if (host->graph.damaged) {
        char damage[CORDON_ERROR_MESSAGE_BYTES];

        outcome->kind = CORDON_OUTCOME_ERROR;
        cdn_outcome_explain(
            outcome, "the snapshot is damaged: %s",
            describe_damage(host->graph.snapshot, damage, sizeof damage));
    } else if (run == CDN_RUN_ERROR) {
        const char *file = NULL;
        uint32_t line = 0;
        const char *message = cdn_slot_message(call->slot, &file, &line);

        outcome->kind = CORDON_OUTCOME_ERROR;
        cdn_outcome_explain(outcome, "%s", message);
        place(outcome, line ? call->rule->file : "", line);
    } else if (host->invalid) {
        outcome->kind = CORDON_OUTCOME_INVALID_RESULT;
        place(outcome, call->rule->file, call->rule->evaluate_line);
    } else {
        outcome->kind = CORDON_OUTCOME_OK;
        outcome->usage.output_bytes = outcome->result_bytes;
        return;
    }
    fall_back(outcome, call->rule);
}

void cdn_rule_refuse(cordon_outcome *outcome, const struct cdn_rule *rule,
                     cordon_outcome_kind kind, cordon_budget limit, const char *format,
                     ...)
{
    char message[sizeof outcome->message];
    va_list args;

    va_start(args, format);
    vsnprintf(message, sizeof message, format, args);
    va_end(args);
    cdn_outcome_reset(outcome);
    outcome->kind = kind;
    outcome->limit = limit;
    cdn_outcome_explain(outcome, "%s", message);
    fall_back(outcome, rule);
}

/* Errors: CORDON_E_INVALID, it is in use. */
static cordon_status begin_trace(const struct cdn_rule_call *call, cordon_error *err)
{
    const struct cdn_rule *rule = call->rule;
    const struct cdn_trace_host told = {
        .ud = call->host, /* as cdn_graph_run, its first */
        .native_ns = cdn_tell_native_ns,
        .describe = cdn_request_tell};

    if (!cdn_trace_begin(call->trace, rule->hash, rule->source, rule->source_bytes,
                         &told))
        return cdn_error_set(err, CORDON_E_INVALID,
                             "the trace is in use by another evaluation");
    call->host->graph.trace = call->trace;
    cdn_slot_set_trace(call->slot, call->trace);
    return CORDON_OK;
}

static void end_trace(cordon_outcome *outcome, const struct cdn_rule_call *call)
{
    uint64_t spent_ns = cdn_slot_trace_ns(call->slot);
    const struct cdn_meter *meter = cdn_slot_meter(call->slot);
    const struct cdn_trace_cost used = {.instructions =
                                            cdn_slot_instructions(call->slot),
                                        .edges = meter->edges,
                                        .nodes = meter->nodes};

    /* on another clock than the whole */
    outcome->usage.wall_ns -=
        spent_ns < outcome->usage.wall_ns ? spent_ns : outcome->usage.wall_ns;
    cdn_trace_end(call->trace, &used);
    call->host->graph.trace = NULL;
    cdn_slot_set_trace(call->slot, NULL);
}

cordon_status cdn_rule_run(cordon_outcome *outcome, const struct cdn_rule_call *call,
                           cordon_error *err)
{
    const cordon_request *request = call->request;
    struct cdn_rule_host *host = call->host;
    bool cut = request->as_of_ms != CORDON_NO_TIME;
    cordon_status status;
    enum cdn_run run;

    cdn_outcome_reset(outcome);
    host->rule = call->rule;
    host->outcome = outcome;
    host->now_ms = request->now_ms;
    host->as_of_ms = request->as_of_ms;
    host->invalid = false;
    host->nondeterministic = false;
    host->functions_ns = 0;
    cdn_answers_clear(&host->answers);
    host->graph = (struct cdn_graph_run){
        .snapshot = call->snapshot,
        .binding = call->binding,
        .names = &call->rule->names,
        .memo = &host->memo,
        .as_of_ms = cut ? request->as_of_ms : INT64_MAX - (call->border ? 1 : 0),
        .border = call->border,
        .border_hops = call->border_hops,
    };
    status = set_params(host, call, err);
    if (!status)
        status = find_node(&host->node, call->snapshot, request, err);
    if (!status)
        cdn_graph_ask_node(&host->graph, host->node);
    if (!status)
        status = cdn_outcome_reserve(outcome, (size_t)call->budget.output_bytes, err);
    if (!status && __builtin_expect(call->trace != NULL, 0))
        status = begin_trace(call, err);
    if (status)
        return status;
    host->functions = call->functions;
    if (call->at_once)
        cdn_slot_know_time(call->slot, call->entered_ns);
    run = cdn_slot_run(call->slot, call->image, &call->budget,
                       cdn_add_sat(call->entered_ns, call->budget.wall_ns),
                       request->cancel ? &request->cancel->requested : NULL,
                       request->seed);
    host->functions = NULL; /* an image may be built next, and is not to call any */
    fill_usage(&outcome->usage, call);
    outcome->nondeterministic = host->nondeterministic;
    outcome->truncated = host->graph.truncated;
    outcome->digest = host->graph.digest;
    if (call->snapshot)
        outcome->generation = cordon_snapshot_generation(call->snapshot);
    classify(outcome, call, run);
    outcome->usage.wall_ns = cdn_clock_ns() - call->entered_ns;
    if (__builtin_expect(call->trace != NULL, 0))
        end_trace(outcome, call);
    if (outcome->usage.native_ns > outcome->usage.wall_ns)
        outcome->usage.native_ns = outcome->usage.wall_ns; /* it is an estimate */
    return CORDON_OK;
}
