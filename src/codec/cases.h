/* The cases beside a rule: requests, each with what is expected of its answer.
 *
 *     {"node": "Account:17", "now": "2026-11-24", "expect": {"decision": "deny"}}
 *
 * One a line, a request as cordon eval --input takes it, and `expect` with one or more of
 * decision (null: none), score, outcome (not said: ok), truncated, max_edges and
 * max_instructions.  They are pushed with a version and run before it may decide, by the
 * command and by the server alike.  Those of a set are judged by the active versions of its
 * rules; what they may cost is of all together, and outcome and truncated, which a set does
 * not have, are not for them. */
#ifndef CDN_CODEC_CASES_H
#define CDN_CODEC_CASES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cordon/evaluate.h>
#include <cordon/registry.h>
#include <cordon/snapshot.h>

#include "base/error.h"

/* Read every case and run none; `file` names them in messages.
 * Errors: CORDON_E_DATA with file and line. */
cordon_status cdn_cases_check(const char *cases, size_t bytes, const char *file,
                              cordon_error *err);

enum cdn_cases_told {
    CDN_CASES_DIFFERS, /* a case is not answered as expected */
    CDN_CASES_WARNS    /* of a set: a rule that it names and nothing decides */
};

/* What a candidate is judged on, and by whom it is told; zero or NULL in what is not said. */
struct cdn_cases {
    cordon_snapshot *snapshot; /* NULL: what the rule reads is not checked */
    cordon_registry *registry; /* where a set finds its rules */
    const cordon_cancel *cancel;
    bool (*stopped)(void *ud); /* asked between cases; NULL: never */
    /* Told of each difference, a line; must be there. */
    void (*tell)(void *ud, enum cdn_cases_told what, const char *line);
    void *ud;
    /* counted */
    uint64_t run;
    uint64_t failed;
};

/* The candidate loads with the snapshot, and its cases pass.
 * Errors: CORDON_E_RULE, CORDON_E_DATA if a case failed, CORDON_E_INTERRUPTED. */
cordon_status cdn_cases_judge(struct cdn_cases *cases,
                              const cordon_candidate *candidate, cordon_error *err);

#endif
