/* The outcome: storage, and the accessors of cordon/outcome.h.
 *
 * Accessors take whatever state the outcome is in: a fresh one, or one whose evaluation did
 * not get as far as the rule, answers with "error", no decision and empty values. */
#include "rule/outcome.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"

static const cordon_value nothing = {.type = CORDON_NIL};

void cdn_outcome_drop_result(cordon_outcome *outcome)
{
    outcome->has_decision = false;
    outcome->has_score = false;
    outcome->score = 0;
    outcome->reason_count = 0;
    outcome->result_bytes = 0;
    outcome->output = nothing;
    outcome->updated_nodes = nothing;
    outcome->new_edges = nothing;
}

void cdn_outcome_reset(cordon_outcome *outcome)
{
    cdn_outcome_drop_result(outcome);
    outcome->kind = CORDON_OUTCOME_ERROR;
    outcome->limit = CORDON_BUDGET_NONE;
    outcome->fallback = false;
    outcome->truncated = false;
    outcome->nondeterministic = false;
    outcome->line = 0;
    outcome->generation = 0;
    outcome->digest = 0;
    outcome->usage = (cordon_usage){0};
    outcome->variant = CORDON_VARIANT_LIVE;
    outcome->version = 0;
    outcome->decision[0] = '\0';
    outcome->rule[0] = '\0';
    outcome->decision_id[0] = '\0';
    outcome->source_hash[0] = '\0';
    outcome->file[0] = '\0';
    outcome->message[0] = '\0';
}

cordon_status cdn_outcome_reserve(cordon_outcome *outcome, size_t bytes,
                                  cordon_error *err)
{
    unsigned char *grown;

    if (bytes <= outcome->result_capacity)
        return CORDON_OK;
    grown = cdn_realloc(outcome->result, bytes);
    if (!grown)
        return cdn_error_nomem(err);
    outcome->result = grown;
    outcome->result_capacity = bytes;
    return CORDON_OK;
}

void cdn_outcome_explain(cordon_outcome *outcome, const char *format, ...)
{
    char raw[sizeof outcome->message + 64];
    va_list args;
    int length;

    va_start(args, format);
    length = vsnprintf(raw, sizeof raw, format, args);
    va_end(args);
    if (length < 0)
        raw[0] = '\0';
    cdn_escape(outcome->message, sizeof outcome->message, raw,
               strnlen(raw, sizeof raw));
}

cordon_status cordon_outcome_new(cordon_outcome **out, cordon_error *err)
{
    cordon_outcome *outcome;

    if (!out)
        return cdn_error_set(
            err, CORDON_E_INVALID,
            "cordon_outcome_new: no out; pass a pointer that is not NULL");
    *out = NULL;
    outcome = cdn_calloc(1, sizeof *outcome);
    if (!outcome)
        return cdn_error_nomem(err);
    outcome->reason_text =
        cdn_alloc(CDN_OUTCOME_MAX_REASONS * (size_t)(CDN_OUTCOME_REASON_BYTES + 1));
    if (!outcome->reason_text ||
        cdn_outcome_reserve(outcome, CDN_OUTCOME_RESULT_BYTES, err)) {
        cordon_outcome_free(outcome);
        return cdn_error_nomem(err);
    }
    cdn_outcome_reset(outcome);
    *out = outcome;
    return CORDON_OK;
}

void cordon_outcome_free(cordon_outcome *outcome)
{
    if (!outcome)
        return;
    cdn_free(outcome->reason_text);
    cdn_free(outcome->result);
    cdn_free(outcome);
}

const char *cordon_outcome_kind_str(cordon_outcome_kind kind)
{
    switch (kind) {
#define KIND_WORD(name, number, word)                                                  \
    case CORDON_OUTCOME_##name:                                                        \
        return word;
        CORDON_OUTCOME_MAP(KIND_WORD)
#undef KIND_WORD
    default:
        return "unknown";
    }
}

const char *cordon_budget_str(cordon_budget budget)
{
    switch (budget) {
#define BUDGET_WORD(name, number, word)                                                \
    case CORDON_BUDGET_##name:                                                         \
        return word;
        CORDON_BUDGET_MAP(BUDGET_WORD)
#undef BUDGET_WORD
    default:
        return "unknown";
    }
}

const char *cordon_variant_str(cordon_variant variant)
{
    switch (variant) {
#define VARIANT_WORD(name, number, word)                                               \
    case CORDON_VARIANT_##name:                                                        \
        return word;
        CORDON_VARIANT_MAP(VARIANT_WORD)
#undef VARIANT_WORD
    default:
        return "unknown";
    }
}

const char *cordon_outcome_decision_id(const cordon_outcome *outcome)
{
    return outcome->decision_id;
}

const char *cordon_outcome_rule(const cordon_outcome *outcome)
{
    return outcome->rule;
}

uint32_t cordon_outcome_version(const cordon_outcome *outcome)
{
    return outcome->version;
}

cordon_variant cordon_outcome_variant(const cordon_outcome *outcome)
{
    return outcome->variant;
}

const char *cordon_outcome_source_hash(const cordon_outcome *outcome)
{
    return outcome->source_hash;
}

cordon_outcome_kind cordon_outcome_get_kind(const cordon_outcome *outcome)
{
    return outcome->kind;
}

const char *cordon_outcome_decision(const cordon_outcome *outcome)
{
    return outcome->has_decision ? outcome->decision : NULL;
}

bool cordon_outcome_is_fallback(const cordon_outcome *outcome)
{
    return outcome->fallback;
}

bool cordon_outcome_score(const cordon_outcome *outcome, double *score)
{
    if (outcome->has_score && score)
        *score = outcome->score;
    return outcome->has_score;
}

size_t cordon_outcome_reason_count(const cordon_outcome *outcome)
{
    return outcome->reason_count;
}

const char *cordon_outcome_reason(const cordon_outcome *outcome, size_t index)
{
    if (index >= outcome->reason_count)
        return NULL;
    return outcome->reason_text + outcome->reasons[index];
}

cordon_value cordon_outcome_output(const cordon_outcome *outcome)
{
    return outcome->output;
}

/* Proposals are arrays even where there are none. */
static cordon_value list_or_empty(cordon_value value)
{
    if (value.type != CORDON_ARRAY)
        value = (cordon_value){.type = CORDON_ARRAY};
    return value;
}

bool cordon_outcome_nondeterministic(const cordon_outcome *outcome)
{
    return outcome && outcome->nondeterministic;
}

cordon_value cordon_outcome_updated_nodes(const cordon_outcome *outcome)
{
    return list_or_empty(outcome->updated_nodes);
}

cordon_value cordon_outcome_new_edges(const cordon_outcome *outcome)
{
    return list_or_empty(outcome->new_edges);
}

const void *cordon_outcome_result(const cordon_outcome *outcome, size_t *bytes)
{
    if (bytes)
        *bytes = outcome->result_bytes;
    return outcome->result;
}

cordon_budget cordon_outcome_limit(const cordon_outcome *outcome)
{
    return outcome->limit;
}

const char *cordon_outcome_message(const cordon_outcome *outcome)
{
    return outcome->message;
}

const char *cordon_outcome_file(const cordon_outcome *outcome)
{
    return outcome->file;
}

uint32_t cordon_outcome_line(const cordon_outcome *outcome)
{
    return outcome->line;
}

const cordon_usage *cordon_outcome_usage(const cordon_outcome *outcome)
{
    return &outcome->usage;
}

bool cordon_outcome_truncated(const cordon_outcome *outcome)
{
    return outcome->truncated;
}

uint64_t cordon_outcome_generation(const cordon_outcome *outcome)
{
    return outcome->generation;
}

uint64_t cordon_outcome_reads_digest(const cordon_outcome *outcome)
{
    return outcome->digest;
}
