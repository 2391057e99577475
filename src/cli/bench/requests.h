/* The requests of a bench: of nodes drawn by degree class, or those that were given.
 *
 * Each has a run beside it, which knows its class and for how many nodes it stands. */
#ifndef CDN_CLI_BENCH_REQUESTS_H
#define CDN_CLI_BENCH_REQUESTS_H

#include "cli/bench/figures.h"
#include "cli/bench/saved.h"
#include "cli/session.h"

struct cdn_bench_requests {
    struct cdn_request *requests;
    struct cdn_bench_run *runs; /* as many */
    size_t count;
    size_t room;
    uint64_t population[CDN_SAMPLE_CLASSES]; /* nodes that each class stands for */
};

/* Draw nodes of `label` (NULL: of the one label that the rule reads), at most `per_class` of a
 * class; but where the session has a node or an input, or there is no label to draw from, take
 * what it says.  What was drawn goes into `identity`.  An exit code, the error told.
 *
 * Ownership: out's, until cdn_bench_requests_deinit(), on failure too. */
int cdn_bench_requests_make(struct cdn_bench_requests *out, struct cdn_session *session,
                            const struct cdn_sample_reads *reads, const char *label,
                            uint64_t per_class, struct cdn_bench_identity *identity);
void cdn_bench_requests_deinit(struct cdn_bench_requests *requests);

#endif
