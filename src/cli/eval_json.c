/* The JSON record of one evaluation: the decision log's names first (result, input,
 * metrics' place taken by usage), so that tools for decision logs can read it. */
#include "cli/eval.h"

#include <math.h>

#include "codec/json.h"

#define SCHEMA_VERSION 1

const char *cdn_eval_status(const struct cdn_eval_result *result)
{
    if (result->status || cordon_outcome_get_kind(result->outcome) != CORDON_OUTCOME_OK)
        return !result->status &&
                       cordon_outcome_limit(result->outcome) == CORDON_BUDGET_TIME
                   ? "TIMEOUT"
                   : "FAILURE";
    return "SUCCESS";
}

/* The request in the form --input reads, so that a record can be asked again. */
static void write_input(struct cdn_json *json, const struct cdn_eval_result *result)
{
    const struct cdn_request *request = result->request;
    const cordon_request *call = result->call;
    cordon_value params;

    cdn_json_key(json, "input");
    cdn_json_object(json);
    if (request->has_node) {
        struct cdn_buf node = {0};

        cdn_buf_printf(&node, "%s:", request->label);
        cdn_buf_append(&node, request->key.data, request->key.length);
        cdn_json_key(json, "node");
        if (node.failed)
            json->out->failed = true;
        else
            cdn_json_str(json, (const char *)node.data, node.length);
        cdn_buf_deinit(&node);
    }
    cdn_json_key(json, "now");
    cdn_json_int(json, call->now_ms);
    if (call->as_of_ms != CORDON_NO_TIME) {
        cdn_json_key(json, "as_of");
        cdn_json_int(json, call->as_of_ms);
    }
    if (call->params_bytes &&
        !cordon_value_parse(&params, call->params, call->params_bytes, NULL)) {
        cdn_json_key(json, "params");
        cdn_json_value(json, &params);
    }
    if (call->seed)
        cdn_json_key_uint(json, "seed", call->seed);
    cdn_json_object_end(json);
}

/* As a number in `output` is written: Lua has one kind, and 3 is not 3.0 to a reader. */
static void write_score(struct cdn_json *json, double score)
{
    if (score == floor(score) && fabs(score) <= 9007199254740992.0)
        cdn_json_int(json, (int64_t)score);
    else
        cdn_json_double(json, score);
}

static void write_result(struct cdn_json *json, const cordon_outcome *outcome)
{
    size_t reasons = cordon_outcome_reason_count(outcome);
    const cordon_value output = cordon_outcome_output(outcome);
    const cordon_value nodes = cordon_outcome_updated_nodes(outcome);
    const cordon_value edges = cordon_outcome_new_edges(outcome);
    double score;

    cdn_json_key(json, "result");
    cdn_json_object(json);
    cdn_json_key_cstr(json, "decision", cordon_outcome_decision(outcome));
    if (cordon_outcome_score(outcome, &score)) {
        cdn_json_key(json, "score");
        write_score(json, score);
    }
    if (reasons) {
        cdn_json_key(json, "reasons");
        cdn_json_array(json);
        for (size_t i = 0; i < reasons; i++)
            cdn_json_cstr(json, cordon_outcome_reason(outcome, i));
        cdn_json_array_end(json);
    }
    if (output.type != CORDON_NIL) {
        cdn_json_key(json, "output");
        cdn_json_value(json, &output);
    }
    if (nodes.length) {
        cdn_json_key(json, "updated_nodes");
        cdn_json_value(json, &nodes);
    }
    if (edges.length) {
        cdn_json_key(json, "new_edges");
        cdn_json_value(json, &edges);
    }
    cdn_json_object_end(json);
}

/* Used and limit of the budget that ended the run. */
static void write_limit(struct cdn_json *json, const cordon_outcome *outcome)
{
    const cordon_usage *usage = cordon_outcome_usage(outcome);
    cordon_budget budget = cordon_outcome_limit(outcome);
    uint64_t used = 0, limit = 0;

    switch (budget) {
    case CORDON_BUDGET_NONE:
        return;
    case CORDON_BUDGET_INSTRUCTIONS:
        used = usage->instructions;
        limit = usage->instructions_limit;
        break;
    case CORDON_BUDGET_TIME:
        used = usage->wall_ns;
        limit = usage->wall_limit_ns;
        break;
    case CORDON_BUDGET_MEMORY:
        used = usage->memory_bytes;
        limit = usage->memory_limit_bytes;
        break;
    case CORDON_BUDGET_EDGES:
        used = usage->edges;
        limit = usage->edges_limit;
        break;
    case CORDON_BUDGET_NODES:
        used = usage->nodes;
        limit = usage->nodes_limit;
        break;
    case CORDON_BUDGET_HOPS:
        used = usage->hops;
        limit = usage->hops_limit;
        break;
    case CORDON_BUDGET_OUTPUT:
        used = usage->output_bytes;
        limit = usage->output_limit_bytes;
        break;
    }
    cdn_json_key(json, "limit");
    cdn_json_object(json);
    cdn_json_key_cstr(json, "kind", cordon_budget_str(budget));
    cdn_json_key_uint(json, "used", used);
    cdn_json_key_uint(json, "limit", limit);
    cdn_json_object_end(json);
}

static void write_fault(struct cdn_json *json, const cordon_outcome *outcome)
{
    const char *file = cordon_outcome_file(outcome);

    cdn_json_key(json, "error");
    cdn_json_object(json);
    cdn_json_key_cstr(json, "message", cordon_outcome_message(outcome));
    if (file[0])
        cdn_json_key_cstr(json, "file", file);
    if (cordon_outcome_line(outcome))
        cdn_json_key_uint(json, "line", cordon_outcome_line(outcome));
    write_limit(json, outcome);
    cdn_json_object_end(json);
}

static void write_cost(struct cdn_json *json, const cordon_usage *usage)
{
    cdn_json_key(json, "usage");
    cdn_json_object(json);
    cdn_json_key_uint(json, "instructions", usage->instructions);
    cdn_json_key_uint(json, "memory_bytes", usage->memory_bytes);
    cdn_json_key_uint(json, "edges", usage->edges);
    cdn_json_key_uint(json, "nodes", usage->nodes);
    cdn_json_key_uint(json, "hops", usage->hops);
    cdn_json_key_uint(json, "output_bytes", usage->output_bytes);
    cdn_json_key_uint(json, "native_ns", usage->native_ns);
    cdn_json_key_uint(json, "wall_ns", usage->wall_ns);
    cdn_json_object_end(json);
    cdn_json_key(json, "limits");
    cdn_json_object(json);
    cdn_json_key_uint(json, "instructions", usage->instructions_limit);
    cdn_json_key_uint(json, "memory_bytes", usage->memory_limit_bytes);
    cdn_json_key_uint(json, "edges", usage->edges_limit);
    cdn_json_key_uint(json, "nodes", usage->nodes_limit);
    cdn_json_key_uint(json, "hops", usage->hops_limit);
    cdn_json_key_uint(json, "output_bytes", usage->output_limit_bytes);
    cdn_json_key_uint(json, "wall_ns", usage->wall_limit_ns);
    cdn_json_object_end(json);
}

static void write_outcome(struct cdn_json *json, const struct cdn_eval_result *result)
{
    const cordon_outcome *outcome = result->outcome;
    cordon_outcome_kind kind = cordon_outcome_get_kind(outcome);

    cdn_json_key_cstr(json, "outcome", cordon_outcome_kind_str(kind));
    cdn_json_key_bool(json, "fallback", cordon_outcome_is_fallback(outcome));
    cdn_json_key_bool(json, "truncated", cordon_outcome_truncated(outcome));
    write_result(json, outcome);
    if (kind != CORDON_OUTCOME_OK)
        write_fault(json, outcome);
    if (result->snapshot_id) {
        cdn_json_key(json, "snapshot_id");
        cdn_json_hex(json, result->snapshot_id);
        cdn_json_key_uint(json, "generation", cordon_outcome_generation(outcome));
    }
    cdn_json_key(json, "reads_digest");
    cdn_json_hex(json, cordon_outcome_reads_digest(outcome));
    write_cost(json, cordon_outcome_usage(outcome));
    if (result->timing.count) {
        cdn_json_key(json, "timing");
        cdn_json_object(json);
        cdn_json_key_uint(json, "count", result->timing.count);
        cdn_json_key_uint(json, "p50_ns", result->timing.p50_ns);
        cdn_json_key_uint(json, "p90_ns", result->timing.p90_ns);
        cdn_json_key_uint(json, "p99_ns", result->timing.p99_ns);
        cdn_json_object_end(json);
    }
}

/* Which text: of a file the file's, of the registry the version that ran. */
static void write_version(struct cdn_json *json, const struct cdn_eval_result *result)
{
    const cordon_outcome *outcome = result->outcome;

    if (result->rule->digest[0] || !outcome) {
        cdn_json_key_cstr(json, "digest", result->rule->digest);
        return;
    }
    cdn_json_key_uint(json, "version", cordon_outcome_version(outcome));
    cdn_json_key_cstr(json, "digest", cordon_outcome_source_hash(outcome));
    cdn_json_key_cstr(json, "variant",
                      cordon_variant_str(cordon_outcome_variant(outcome)));
}

static void write_totals(struct cdn_json *json, const struct cdn_traced *traced)
{
    if (traced->options.profile) {
        cdn_json_key(json, "profile");
        cdn_profile_json(json, traced);
    }
    if (traced->options.coverage) {
        cdn_json_key(json, "coverage");
        cdn_coverage_json(json, traced);
    }
}

void cdn_eval_json_totals(struct cdn_buf *out, const struct cdn_traced *traced,
                          bool fields)
{
    struct cdn_json json;

    cdn_json_init(&json, out, false);
    json.comma = fields;
    if (!fields) {
        cdn_json_object(&json);
        cdn_json_key_uint(&json, "schema_version", SCHEMA_VERSION);
    }
    write_totals(&json, traced);
    if (!fields)
        cdn_json_object_end(&json);
}

void cdn_eval_json(struct cdn_buf *out, const struct cdn_eval_result *result,
                   bool pretty)
{
    struct cdn_json json;

    cdn_json_init(&json, out, pretty);
    cdn_json_object(&json);
    cdn_json_key_uint(&json, "schema_version", SCHEMA_VERSION);
    if (result->request->has_id) {
        cdn_json_key(&json, "id");
        cdn_json_value(&json, &result->request->id);
    }
    if (result->line)
        cdn_json_key_uint(&json, "line", result->line);
    if (result->logged && !result->status)
        cdn_json_key_cstr(&json, "decision_id",
                          cordon_outcome_decision_id(result->outcome));
    cdn_json_key_cstr(&json, "rule", result->rule->name);
    write_version(&json, result);
    if (result->call)
        write_input(&json, result);
    if (result->call && result->call->principal)
        cdn_json_key_cstr(&json, "requested_by", result->call->principal);
    cdn_json_key_cstr(&json, "status", cdn_eval_status(result));
    if (!result->status) {
        write_outcome(&json, result);
    } else {
        cdn_json_key(&json, "error");
        cdn_json_object(&json);
        cdn_json_key_cstr(&json, "code", cordon_status_name(result->status));
        cdn_json_key_cstr(&json, "message", result->err->message);
        cdn_json_object_end(&json);
    }
    if (result->explain) {
        cdn_json_key(&json, "explain");
        cdn_explain_json(&json, result->traced);
    }
    if (result->traced && result->alone && !result->status)
        write_totals(&json, result->traced);
    cdn_json_object_end(&json);
}
