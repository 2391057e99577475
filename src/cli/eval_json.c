/* The JSON record of one evaluation: the decision log's names first (result, input,
 * metrics' place taken by usage), so that tools for decision logs can read it. */
#include "cli/eval.h"

#include "codec/answer.h"
#include "codec/json.h"

const char *cdn_eval_status(const struct cdn_eval_result *result)
{
    return result->status ? "FAILURE" : cdn_answer_status(result->outcome);
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
    cdn_answer_limit(json, outcome);
    cdn_json_object_end(json);
}

static void write_outcome(struct cdn_json *json, const struct cdn_eval_result *result)
{
    const cordon_outcome *outcome = result->outcome;
    cordon_outcome_kind kind = cordon_outcome_get_kind(outcome);

    cdn_json_key_cstr(json, "outcome", cordon_outcome_kind_str(kind));
    cdn_json_key_bool(json, "fallback", cordon_outcome_is_fallback(outcome));
    cdn_json_key_bool(json, "truncated", cordon_outcome_truncated(outcome));
    cdn_answer_result(json, outcome);
    if (kind != CORDON_OUTCOME_OK)
        write_fault(json, outcome);
    if (result->snapshot_id) {
        cdn_json_key(json, "snapshot_id");
        cdn_json_hex(json, result->snapshot_id);
        cdn_json_key_uint(json, "generation", cordon_outcome_generation(outcome));
    }
    cdn_json_key(json, "reads_digest");
    cdn_json_hex(json, cordon_outcome_reads_digest(outcome));
    cdn_answer_usage(json, cordon_outcome_usage(outcome));
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
        cdn_json_key_uint(&json, "schema_version", CDN_ANSWER_SCHEMA_VERSION);
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
    cdn_json_key_uint(&json, "schema_version", CDN_ANSWER_SCHEMA_VERSION);
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
        cdn_answer_explain(&json, result->traced->trace, result->traced->file);
    }
    if (result->traced && result->alone && !result->status)
        write_totals(&json, result->traced);
    cdn_json_object_end(&json);
}
