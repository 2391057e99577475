/* The tests that stand beside a rule's file, run against a text that may be another version of
 * it than the file now holds: what cordon rule push and activate ask. */
#ifndef CDN_CLI_TESTING_CANDIDATE_H
#define CDN_CLI_TESTING_CANDIDATE_H

#include "cli/testing/testing.h"

struct cdn_candidate_tests {
    uint64_t passed;
    uint64_t failed; /* each was told on cli->err */
};

/* `rule` is the path of the rule's file, which need not be there: then nothing is tested.  The text
 * runs behind the wall, by the program `worker` if it is not the weakest.
 * Errors: CORDON_E_DATA a test failed, CORDON_E_RULE the test file does not load,
 *         CORDON_E_INTERRUPTED, CORDON_E_NOMEM. */
cordon_status cdn_testing_candidate(struct cdn_candidate_tests *out,
                                    struct cdn_cli *cli, const char *rule,
                                    const char *source, size_t bytes, cordon_wall wall,
                                    const char *worker, cordon_error *err);

#endif
