/* What the public opaque outcome is: every buffer it needs, made once.
 *
 * The bytes of a result are written straight into it while the rule's state still lives.
 * It grows only between runs, and only if a budget asks for more output than before. */
#ifndef CDN_RULE_OUTCOME_H
#define CDN_RULE_OUTCOME_H

#include <cordon/outcome.h>

#include "base/error.h"
#include "rule/rule.h"

#define CDN_OUTCOME_RESULT_BYTES ((size_t)64 * 1024) /* to begin with */
#define CDN_OUTCOME_MAX_REASONS  64
#define CDN_OUTCOME_REASON_BYTES 1024 /* of one reason */

struct cordon_outcome {
    cordon_outcome_kind kind;
    cordon_budget limit;
    cordon_variant variant;
    bool has_decision, fallback, has_score, truncated, nondeterministic;
    uint32_t line;
    uint32_t version;
    uint32_t reason_count;
    double score;
    uint64_t generation;
    uint64_t digest;
    cordon_usage usage;
    cordon_value output, updated_nodes, new_edges;
    unsigned char *result;
    size_t result_bytes;
    size_t result_capacity;
    char *reason_text;                         /* the reasons, each ended by a NUL */
    uint32_t reasons[CDN_OUTCOME_MAX_REASONS]; /* where each begins */
    char decision[CDN_RULE_MAX_WORD + 1];
    char rule[CORDON_RULE_MAX_NAME_BYTES + 1];
    char decision_id[CORDON_DECISION_ID_BYTES + 1];
    char source_hash[2 * CDN_CONTENT_HASH_BYTES + 1];
    char file[CORDON_ERROR_FILE_BYTES];
    char message[CORDON_ERROR_MESSAGE_BYTES];
};

/* As if nothing had been evaluated yet.  Touches only what an accessor can reach. */
void cdn_outcome_reset(cordon_outcome *outcome);

/* Forget what the result said, as the rule failed or was stopped. */
void cdn_outcome_drop_result(cordon_outcome *outcome);

/* Room for `bytes` of result.  Errors: CORDON_E_NOMEM. */
cordon_status cdn_outcome_reserve(cordon_outcome *outcome, size_t bytes,
                                  cordon_error *err);

/* What happened: escaped and cut to fit. */
void cdn_outcome_explain(cordon_outcome *outcome, const char *format, ...)
    CDN_PRINTF(2, 3);

#endif
