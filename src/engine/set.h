/* A rule set as loaded: which rules, and how what they decide combines.  Immutable, shared
 * by plans, counted under the engine's `writer`.  cordon/set.h says what it means. */
#ifndef CDN_ENGINE_SET_H
#define CDN_ENGINE_SET_H

#include <stdint.h>

#include <cordon/set.h>

#include "base/error.h"
#include "engine/read_text.h"
#include "rule/rule.h"

enum cdn_combine {
    CDN_COMBINE_MOST_SEVERE,
    CDN_COMBINE_MAX_SCORE,
    CDN_COMBINE_WEIGHTED_SUM,
    CDN_COMBINE_CUSTOM
};
extern const char *const cdn_set_combinations[]; /* their words, by number */

struct cdn_set_member {
    const char *name;
    double weight; /* finite; 1 unless it says otherwise */
};

struct cdn_set {
    uint64_t references;
    void *blocks; /* everything below lives in these (sandbox/spec.h) */
    const char *name;
    const char *description; /* or NULL */
    enum cdn_combine combine;
    uint32_t member_count;
    struct cdn_set_member *members;
    uint32_t decision_count;
    const char **decisions;                    /* least severe first */
    double thresholds[CDN_RULE_MAX_DECISIONS]; /* by decision; the first is -infinity */
    int32_t fallback;                          /* number of the decision; -1: none */
    const char *combiner;                      /* or NULL */
};

/* Load a set from its text.  One reference.
 * Errors: CORDON_E_RULE with file and line, CORDON_E_NOMEM. */
cordon_status cdn_set_load(struct cdn_set **out, const struct cdn_reading *reading,
                           const char *source, size_t bytes, const char *file,
                           cordon_error *err);
struct cdn_set *cdn_set_retain(struct cdn_set *set); /* accepts NULL */
void cdn_set_release(struct cdn_set *set);           /* accepts NULL */

/* The number of a decision, -1 if the set does not have it. */
int32_t cdn_set_decision(const struct cdn_set *set, const char *word);

#endif
