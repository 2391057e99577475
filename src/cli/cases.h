/* The cases beside a rule: requests, each with what is expected of its answer.
 *
 *     {"node": "Account:17", "now": "2026-11-24", "expect": {"decision": "deny"}}
 *
 * One a line, a request as cordon eval --input takes it, and `expect` with one or more of
 * decision (null: none), score, outcome (not said: ok), truncated, max_edges and
 * max_instructions.  They are pushed with a version and run before it may decide.  Those of a
 * set are judged by the active versions of its rules; what they may cost is of all together,
 * and outcome and truncated, which a set does not have, are not for them. */
#ifndef CDN_CLI_CASES_H
#define CDN_CLI_CASES_H

#include <stddef.h>
#include <stdint.h>

#include <cordon/registry.h>

#include "cli/cli.h"

/* Read every case and run none; `file` names them in messages.
 * Errors: CORDON_E_DATA with file and line. */
cordon_status cdn_cases_check(const char *cases, size_t bytes, const char *file,
                              cordon_error *err);

/* Checks candidates on a snapshot: the ud of cdn_candidate_judge(). */
struct cdn_judge {
    struct cdn_cli *cli;
    const char *data;          /* the store; NULL, or one without a snapshot: none */
    cordon_registry *registry; /* where a set finds its rules */
    /* filled by it */
    uint64_t cases;
    uint64_t failed; /* of them, and of the tests; each was told on cli->err */
    uint64_t tests;  /* that stand beside the rule's file, and passed */
};

/* A cordon_check_function: the version loads with the store's current snapshot, and its
 * cases pass, and so do the tests beside the file that it was pushed from, if that is there.  Of a set, rules that it names and nothing decides are warned of.
 * Errors: CORDON_E_RULE, CORDON_E_DATA if a case failed. */
cordon_status cdn_candidate_judge(void *ud, const cordon_candidate *candidate,
                                  cordon_error *err);

/* The exit code of a call that was given the judge and came back with `status`; says what
 * was wrong. */
int cdn_judge_fail(const struct cdn_judge *judge, cordon_status status,
                   const cordon_error *err);

#endif
