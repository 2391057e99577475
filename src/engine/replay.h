/* Deciding again what the log says was decided, and telling what is different.
 *
 * A record holds what an evaluation was asked and on which generation; its rule's text is
 * found by its hash.  On the same text and generation everything reproducible is the same bit
 * for bit; on another text of the rule (a *candidate*) the decisions are what is compared.
 *
 * What cannot be reproduced (design.md) is never called a difference: an outcome that a clock
 * made (time, cancelled), the memory limit, which counts what an allocator rounds, a grant that
 * denied.
 *
 * Functions of the host's are not called again: each answers what the record says it answered
 * (replay_host.h), so that a decision that hung on one is the same too.  A record that does not
 * have all answers is not reproducible, nor is a candidate that asks what was not asked.
 *
 * Not thread-safe: one replay belongs to one thread. */
#ifndef CDN_ENGINE_REPLAY_H
#define CDN_ENGINE_REPLAY_H

#include <cordon/engine.h>
#include <cordon/evaluate.h>
#include <cordon/policy.h>

#include "engine/audit_record.h"

/* Where rules' texts come from.  Each is asked in turn.
 * `find` appends the text whose BLAKE2b hash is `digest` (64 hexadecimal digits) to `out`;
 * CORDON_E_NOTFOUND: it is not here.  `name` receives what messages call it. */
struct cdn_replay_texts {
    cordon_status (*find)(void *ud, struct cdn_buf *out, char name[256],
                          const char *digest, cordon_error *err);
    void *ud;
};

/* A `find` over a registry, which `ud` is. */
cordon_status cdn_replay_find_registered(void *ud, struct cdn_buf *out, char name[256],
                                         const char *digest, cordon_error *err);

/* X(name, word): what became of one record. */
#define CDN_REPLAY_MAP(X)                                                              \
    X(IDENTICAL, "identical")                                                          \
    X(CHANGED, "changed")                                                              \
    X(NOT_REPRODUCIBLE, "not_reproducible")                                            \
    X(GENERATION_GONE, "generation_gone")                                              \
    X(TEXT_MISSING, "text_missing")                                                    \
    X(MASKED, "masked")                                                                \
    X(REFUSED, "refused")

enum cdn_replay_verdict {
#define CDN_REPLAY_ENUM(name, word) CDN_REPLAY_##name,
    CDN_REPLAY_MAP(CDN_REPLAY_ENUM)
#undef CDN_REPLAY_ENUM
        CDN_REPLAY_VERDICTS
};
const char *cdn_replay_word(enum cdn_replay_verdict verdict);

struct cdn_replay_options {
    const char *store; /* a store, or one snapshot file; NULL: none */
    const struct cdn_replay_texts *texts; /* borrowed while the replay lives */
    size_t text_count;
    /* Evaluate every record with this text instead of its own; NULL: do not. */
    const char *candidate;
    size_t candidate_bytes;
    const char *candidate_file; /* what messages call it */
    bool
        own_limits; /* the candidate runs under its own limits, not the recorded ones */
    const cordon_cancel *cancel; /* borrowed; NULL: none */
    /* What principals saw; borrowed while the replay lives.  NULL: what was decided for a
     * principal is not reproducible. */
    cordon_policy *policy;
    const char *worker; /* cordon-worker, for walls that it names; NULL: none */
};

struct cdn_replay;

/* Errors: CORDON_E_RULE the candidate does not load, CORDON_E_NOMEM. */
cordon_status cdn_replay_new(struct cdn_replay **out,
                             const struct cdn_replay_options *options,
                             cordon_error *err);
void cdn_replay_free(struct cdn_replay *replay); /* accepts NULL */

/* The candidate's rule name; NULL: there is no candidate. */
const char *cdn_replay_candidate(const struct cdn_replay *replay);

struct cdn_replay_result {
    enum cdn_replay_verdict verdict;
    char why[400];                 /* what differs, or why it could not be compared */
    const cordon_outcome *outcome; /* what it is now; NULL: it was not evaluated */
    bool
        decision_changed; /* the decision, or whether it is the rule's own, is another */
};

/* Evaluate one record again.  CORDON_OK whatever became of it.
 * Errors: CORDON_E_NOMEM, CORDON_E_INTERRUPTED. */
cordon_status cdn_replay_run(struct cdn_replay_result *out, struct cdn_replay *replay,
                             const struct cdn_audit_view *view, cordon_error *err);

#endif
