/* Answers as documents.  The header says what is promised. */
#include "codec/answer.h"

#include <math.h>

const char *cdn_answer_status(const cordon_outcome *outcome)
{
    if (cordon_outcome_get_kind(outcome) == CORDON_OUTCOME_OK)
        return "SUCCESS";
    return cordon_outcome_limit(outcome) == CORDON_BUDGET_TIME ? "TIMEOUT" : "FAILURE";
}

/* As a number in `output` is written: 3 is not 3.0 to a reader. */
void cdn_answer_score(struct cdn_json *json, double score)
{
    if (score == floor(score) && fabs(score) <= 9007199254740992.0)
        cdn_json_int(json, (int64_t)score);
    else
        cdn_json_double(json, score);
}

/* What a rule gives beside its decision, under the keys that it has there. */
static void write_more(struct cdn_json *json, const cordon_value *output,
                       const cordon_value *nodes, const cordon_value *edges)
{
    if (output->type != CORDON_NIL) {
        cdn_json_key(json, "output");
        cdn_json_value(json, output);
    }
    if (nodes->length) {
        cdn_json_key(json, "updated_nodes");
        cdn_json_value(json, nodes);
    }
    if (edges->length) {
        cdn_json_key(json, "new_edges");
        cdn_json_value(json, edges);
    }
}

void cdn_answer_result(struct cdn_json *json, const cordon_outcome *outcome)
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
        cdn_answer_score(json, score);
    }
    if (reasons) {
        cdn_json_key(json, "reasons");
        cdn_json_array(json);
        for (size_t i = 0; i < reasons; i++)
            cdn_json_cstr(json, cordon_outcome_reason(outcome, i));
        cdn_json_array_end(json);
    }
    write_more(json, &output, &nodes, &edges);
    cdn_json_object_end(json);
}

void cdn_answer_limit(struct cdn_json *json, const cordon_outcome *outcome)
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

void cdn_answer_usage(struct cdn_json *json, const cordon_usage *usage)
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

/* ---- a set ---- */

static void write_member(struct cdn_json *json, const cordon_member *member)
{
    cdn_json_object(json);
    cdn_json_key_cstr(json, "rule", member->rule);
    if (member->version) {
        cdn_json_key_uint(json, "version", member->version);
        cdn_json_key_cstr(json, "variant", cordon_variant_str(member->variant));
    }
    if (member->status) {
        cdn_json_key_cstr(json, "status", cordon_status_name(member->status));
    } else {
        cdn_json_key_cstr(json, "outcome", cordon_outcome_kind_str(member->kind));
        if (member->limit)
            cdn_json_key_cstr(json, "limit", cordon_budget_str(member->limit));
    }
    if (member->message[0])
        cdn_json_key_cstr(json, "message", member->message);
    if (member->decision) {
        cdn_json_key_cstr(json, "decision", member->decision);
        cdn_json_key_bool(json, "fallback", member->fallback);
    }
    if (member->has_score)
        cdn_json_key_double(json, "score", member->score);
    if (member->weight != 1)
        cdn_json_key_double(json, "weight", member->weight);
    cdn_json_key_bool(json, "has_say", member->has_say);
    cdn_json_key_bool(json, "decided", member->decided);
    if (member->reasons.length) {
        cdn_json_key(json, "reasons");
        cdn_json_value(json, &member->reasons);
    }
    write_more(json, &member->output, &member->updated_nodes, &member->new_edges);
    cdn_json_key_uint(json, "instructions", member->usage.instructions);
    cdn_json_key_uint(json, "edges", member->usage.edges);
    cdn_json_key_uint(json, "wall_ns", member->usage.wall_ns);
    cdn_json_object_end(json);
}

void cdn_answer_set(struct cdn_json *json, const cordon_set_outcome *outcome,
                    bool graph)
{
    const char *message = cordon_set_outcome_message(outcome);
    cordon_member member = {.struct_size = sizeof(member)};
    double score;

    cdn_json_key_cstr(json, "outcome",
                      cordon_outcome_kind_str(cordon_set_outcome_get_kind(outcome)));
    if (message[0])
        cdn_json_key_cstr(json, "message", message);
    cdn_json_key_cstr(json, "decision", cordon_set_outcome_decision(outcome));
    cdn_json_key_bool(json, "fallback", cordon_set_outcome_is_fallback(outcome));
    if (cordon_set_outcome_score(outcome, &score))
        cdn_json_key_double(json, "score", score);
    cdn_json_key_uint(json, "failed", cordon_set_outcome_failed(outcome));
    if (graph)
        cdn_json_key_uint(json, "generation", cordon_set_outcome_generation(outcome));
    cdn_json_key_uint(json, "wall_ns", cordon_set_outcome_wall_ns(outcome));
    cdn_json_key(json, "members");
    cdn_json_array(json);
    for (uint32_t i = 0; !cordon_set_outcome_member(&member, outcome, i); i++)
        write_member(json, &member);
    cdn_json_array_end(json);
}

/* ---- a trace ---- */

static void write_value(struct cdn_json *json, const cordon_trace_value *value)
{
    cdn_json_object(json);
    cdn_json_key_uint(json, "step", value->step);
    cdn_json_key_cstr(json, "name", value->name);
    cdn_json_key_cstr(json, "type", value->type);
    cdn_json_key_cstr(json, "value", value->text);
    cdn_json_object_end(json);
}

static void write_read(struct cdn_json *json, const cordon_trace_read *read)
{
    static const char *const directions[] = {"outgoing", "incoming", "both"};

    cdn_json_object(json);
    cdn_json_key_uint(json, "step", read->step);
    cdn_json_key_cstr(json, "method", read->method);
    cdn_json_key_cstr(json, "direction", directions[read->direction]);
    cdn_json_key_cstr(json, "type", read->type);
    cdn_json_key_cstr(json, "node", read->node);
    cdn_json_key_uint(json, "nodes", read->nodes);
    if (read->from_ms != INT64_MIN) {
        cdn_json_key(json, "from");
        cdn_json_int(json, read->from_ms);
    }
    if (read->to_ms != INT64_MAX) {
        cdn_json_key(json, "to");
        cdn_json_int(json, read->to_ms);
    }
    if (read->refined[0])
        cdn_json_key_cstr(json, "refined", read->refined);
    cdn_json_key_uint(json, "edges", read->edges);
    cdn_json_key_uint(json, "kept", read->kept);
    cdn_json_object_end(json);
}

void cdn_answer_explain(struct cdn_json *json, const cordon_trace *trace,
                        const char *file)
{
    const cordon_trace_summary *summary = cordon_trace_get_summary(trace);
    const cordon_trace_step *step;
    const cordon_trace_value *value;
    const cordon_trace_read *read;

    cdn_json_object(json);
    cdn_json_key_cstr(json, "file", file);
    cdn_json_key_cstr(json, "digest", summary->source_hash);
    cdn_json_key_bool(json, "truncated",
                      summary->lost_steps || summary->lost_values ||
                          summary->lost_reads);
    cdn_json_key_uint(json, "lost_steps", summary->lost_steps);
    cdn_json_key_uint(json, "lost_values", summary->lost_values);
    cdn_json_key_uint(json, "lost_reads", summary->lost_reads);
    cdn_json_key(json, "steps");
    cdn_json_array(json);
    for (size_t i = 0; (step = cordon_trace_step_at(trace, i)); i++) {
        cdn_json_object(json);
        cdn_json_key_uint(json, "line", step->line);
        cdn_json_key_uint(json, "depth", step->depth);
        cdn_json_object_end(json);
    }
    cdn_json_array_end(json);
    cdn_json_key(json, "values");
    cdn_json_array(json);
    for (size_t i = 0; (value = cordon_trace_value_at(trace, i)); i++)
        write_value(json, value);
    cdn_json_array_end(json);
    cdn_json_key(json, "reads");
    cdn_json_array(json);
    for (size_t i = 0; (read = cordon_trace_read_at(trace, i)); i++)
        write_read(json, read);
    cdn_json_array_end(json);
    cdn_json_object_end(json);
}
