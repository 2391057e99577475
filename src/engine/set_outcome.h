/* What a set's evaluation leaves behind: filled by set_evaluate.c, asked in set_outcome.c. */
#ifndef CDN_ENGINE_SET_OUTCOME_H
#define CDN_ENGINE_SET_OUTCOME_H

#include <cordon/set.h>

#include "base/buf.h"
#include "engine/engine.h"
#include "engine/set.h"

/* What is kept of a member.  Texts and bytes are offsets into the buffer. */
struct cdn_set_said {
    char rule[CORDON_RULE_MAX_NAME_BYTES + 1];
    char decision[CDN_RULE_MAX_WORD + 1];
    char decision_id[CORDON_DECISION_ID_BYTES + 1];
    uint32_t version;
    cordon_variant variant;
    cordon_status status;
    cordon_outcome_kind kind;
    cordon_budget limit;
    int32_t said; /* the number of its decision in the set; -1: no say */
    bool has_decision, fallback, has_score, decided;
    bool truncated, nondeterministic;
    double score, weight;
    size_t message;
    size_t result, result_bytes;
    cordon_usage usage;
};

struct cordon_set_outcome {
    cordon_outcome *own;    /* what the set decided, as if it were a rule */
    cordon_outcome *member; /* refilled by each */
    struct cdn_set_said *records;
    uint32_t capacity;
    uint32_t count, failed;
    struct cdn_buf bytes;
    struct cdn_buf params; /* of a combiner */
};

/* Room for that many members and a combiner, and nothing of an earlier evaluation.
 * Errors: CORDON_E_NOMEM. */
cordon_status cdn_set_outcome_prepare(cordon_set_outcome *outcome, uint32_t members,
                                      cordon_error *err);

/* What all members used together; times from entry to now are the caller's to add. */
cordon_usage cdn_set_outcome_usage(const cordon_set_outcome *outcome);

#endif
