/* Which lines and branches of the rules under test ran, over all test files together: the
 * counts of many traces (cordon/trace.h) against what could have run (sandbox/code.h).
 *
 * Threads: one at a time. */
#ifndef CDN_CLI_TESTING_COVERAGE_H
#define CDN_CLI_TESTING_COVERAGE_H

#include "base/buf.h"
#include "base/error.h"
#include "cli/testing/testing.h"
#include "sandbox/code.h"

struct cdn_covered {
    char *file; /* the rule's path */
    struct cdn_buf source;
    struct cdn_code code;
    uint64_t *hits;  /* by line */
    uint64_t *jumps; /* by target of the code's branches */
};

struct cdn_coverage {
    struct cdn_covered *rules; /* in order of their paths */
    size_t count;
};

struct cdn_coverage_tally {
    uint64_t lines, lines_run;
    uint64_t branches, branches_run;
};

void cdn_coverage_tally(struct cdn_coverage_tally *tally,
                        const struct cdn_covered *rule);
/* The lines that did not run, "12, 20-22", into out. */
void cdn_coverage_missing(struct cdn_buf *out, const struct cdn_covered *rule);
/* The branches with a way that was never gone, "14 to 20, 31 to 40". */
void cdn_coverage_missing_branches(struct cdn_buf *out, const struct cdn_covered *rule);
/* 100 of nothing. */
double cdn_coverage_percent(uint64_t part, uint64_t whole);
/* Of lines and of branches all rules reach `threshold` per cent together. */
bool cdn_coverage_reaches(const struct cdn_coverage *coverage, double threshold,
                          struct cdn_coverage_tally *all);
void cdn_coverage_deinit(struct cdn_coverage *coverage);

#endif
