/* Whether a version may decide, as the command asks it: the cases that came with it
 * (codec/cases.h), and the tests that stand beside the file it was pushed from. */
#ifndef CDN_CLI_JUDGE_H
#define CDN_CLI_JUDGE_H

#include <stdint.h>

#include <cordon/registry.h>

#include "cli/cli.h"

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
 * cases pass, and so do the tests beside the file that it was pushed from, if that is there.
 * Errors: as cdn_cases_judge() and cdn_testing_candidate(). */
cordon_status cdn_candidate_judge(void *ud, const cordon_candidate *candidate,
                                  cordon_error *err);

/* The exit code of a call that was given the judge and came back with `status`; says what
 * was wrong. */
int cdn_judge_fail(const struct cdn_judge *judge, cordon_status status,
                   const cordon_error *err);

#endif
