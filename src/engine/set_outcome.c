/* A set's outcome: made once, grown to what the largest set needs, asked for what it holds. */
#include "engine/set_outcome.h"

#include <string.h>

#include "base/alloc.h"
#include "rule/outcome.h"

/* ---- life ---- */

cordon_status cordon_set_outcome_new(cordon_set_outcome **out, cordon_error *err)
{
    cordon_set_outcome *outcome;
    cordon_status status;

    if (!out)
        return cdn_error_set(err, CORDON_E_INVALID,
                             "cordon_set_outcome_new: no out; pass a pointer that is "
                             "not NULL");
    *out = NULL;
    outcome = cdn_calloc(1, sizeof *outcome);
    if (!outcome)
        return cdn_error_nomem(err);
    status = cordon_outcome_new(&outcome->own, err);
    if (!status)
        status = cordon_outcome_new(&outcome->member, err);
    if (status) {
        cordon_set_outcome_free(outcome);
        return status;
    }
    outcome->own->kind = CORDON_OUTCOME_OK;
    *out = outcome;
    return CORDON_OK;
}

void cordon_set_outcome_free(cordon_set_outcome *outcome)
{
    if (!outcome)
        return;
    cordon_outcome_free(outcome->own);
    cordon_outcome_free(outcome->member);
    cdn_free(outcome->records);
    cdn_buf_deinit(&outcome->bytes);
    cdn_buf_deinit(&outcome->params);
    cdn_free(outcome);
}

cordon_status cdn_set_outcome_prepare(cordon_set_outcome *outcome, uint32_t members,
                                      cordon_error *err)
{
    if (members > outcome->capacity) {
        struct cdn_set_said *grown =
            cdn_realloc_array(outcome->records, members, sizeof *outcome->records);

        if (!grown)
            return cdn_error_nomem(err);
        outcome->records = grown;
        outcome->capacity = members;
    }
    outcome->count = outcome->failed = 0;
    cdn_outcome_reset(outcome->own);
    outcome->own->kind = CORDON_OUTCOME_OK;
    cdn_buf_clear(&outcome->bytes);
    cdn_buf_clear(&outcome->params);
    return CORDON_OK;
}

/* ---- all together ---- */

/* What all members used together. */
cordon_usage cdn_set_outcome_usage(const cordon_set_outcome *outcome)
{
    cordon_usage sum = {0};

    for (uint32_t i = 0; i < outcome->count; i++) {
        const cordon_usage *usage = &outcome->records[i].usage;

        sum.instructions += usage->instructions;
        sum.edges += usage->edges;
        sum.nodes += usage->nodes;
        sum.output_bytes += usage->output_bytes;
        sum.native_ns += usage->native_ns;
        sum.wall_ns += usage->wall_ns;
        sum.host_ns += usage->host_ns;
        if (usage->memory_bytes > sum.memory_bytes)
            sum.memory_bytes = usage->memory_bytes;
        if (usage->hops > sum.hops)
            sum.hops = usage->hops;
    }
    return sum;
}

/* ---- asking ---- */

const char *cordon_set_outcome_decision_id(const cordon_set_outcome *outcome)
{
    return cordon_outcome_decision_id(outcome->own);
}

const char *cordon_set_outcome_decision(const cordon_set_outcome *outcome)
{
    return cordon_outcome_decision(outcome->own);
}

cordon_outcome_kind cordon_set_outcome_get_kind(const cordon_set_outcome *outcome)
{
    return cordon_outcome_get_kind(outcome->own);
}

const char *cordon_set_outcome_message(const cordon_set_outcome *outcome)
{
    return cordon_outcome_message(outcome->own);
}

bool cordon_set_outcome_is_fallback(const cordon_set_outcome *outcome)
{
    return cordon_outcome_is_fallback(outcome->own);
}

bool cordon_set_outcome_score(const cordon_set_outcome *outcome, double *score)
{
    return cordon_outcome_score(outcome->own, score);
}

uint32_t cordon_set_outcome_count(const cordon_set_outcome *outcome)
{
    return outcome->count;
}

uint32_t cordon_set_outcome_failed(const cordon_set_outcome *outcome)
{
    return outcome->failed;
}

uint64_t cordon_set_outcome_generation(const cordon_set_outcome *outcome)
{
    return outcome->own->generation;
}

uint64_t cordon_set_outcome_wall_ns(const cordon_set_outcome *outcome)
{
    return outcome->own->usage.wall_ns;
}

cordon_status cordon_set_outcome_member(cordon_member *out,
                                        const cordon_set_outcome *outcome,
                                        uint32_t index)
{
    const struct cdn_set_said *record;
    cordon_value result;

    if (!out || !outcome || out->struct_size != sizeof *out)
        return CORDON_E_INVALID;
    if (index >= outcome->count)
        return CORDON_E_NOTFOUND;
    record = &outcome->records[index];
    *out = (cordon_member){
        .struct_size = sizeof *out,
        .rule = record->rule,
        .decision_id = record->decision_id,
        .version = record->version,
        .variant = record->variant,
        .status = record->status,
        .kind = record->kind,
        .limit = record->limit,
        .decision = record->has_decision ? record->decision : NULL,
        .fallback = record->fallback,
        .has_score = record->has_score,
        .has_say = record->said >= 0,
        .decided = record->decided,
        .score = record->score,
        .weight = record->weight,
        .message = (const char *)outcome->bytes.data + record->message,
        .reasons = {.type = CORDON_ARRAY},
        .output = {.type = CORDON_NIL},
        .updated_nodes = {.type = CORDON_ARRAY},
        .new_edges = {.type = CORDON_ARRAY},
        .usage = record->usage,
    };
    if (record->result_bytes &&
        !cordon_value_parse(&result, outcome->bytes.data + record->result,
                            record->result_bytes, NULL)) {
        (void)cordon_value_get(&out->reasons, &result, "reasons");
        (void)cordon_value_get(&out->output, &result, "output");
        (void)cordon_value_get(&out->updated_nodes, &result, "updated_nodes");
        (void)cordon_value_get(&out->new_edges, &result, "new_edges");
    }
    return CORDON_OK;
}
