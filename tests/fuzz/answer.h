/* What an evaluation came to, and what must hold of it: within its limits, the same again
 * and elsewhere.  And of a sandbox after it: an honest rule's answer, and pristine bytes.
 *
 * What does not hold is printed and ends the process, which is what a fuzzer looks for. */
#ifndef CORDON_TESTS_ANSWER_H
#define CORDON_TESTS_ANSWER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cordon/outcome.h>

#include "sandbox/slot.h"

/* How far past its limits a run may have got once it is stopped: the bytecodes that were
 * under way, as a hook fires at each and leaves. */
#define ANSWER_EXECUTED_SLACK 4096

struct answer {
    cordon_status status;
    cordon_outcome_kind kind;
    cordon_budget limit;
    uint64_t instructions, edges, nodes, output_bytes, digest, result;
    uint64_t memory_bytes, memory_limit_bytes;
    bool truncated, scored, fallback;
    double score;
    uint32_t line;
    char decision[72];
    char message[CORDON_ERROR_MESSAGE_BYTES];
};

/* A rule `honest` over the fixture's bank that looks at all that another could have left
 * behind; asked about Account 100. */
extern const char answer_honest_source[];

void answer_require(bool condition, const char *what);

/* Fill `answer` from what an evaluation in `slot` returned, and check what must hold of
 * every outcome. */
void answer_take(struct answer *answer, const cordon_outcome *outcome,
                 const struct cdn_slot *slot, cordon_status status,
                 const cordon_error *err);

/* Two answers to one request: equal, unless the clock, the host or the memory cap ended
 * one of them. */
void answer_compare(const struct answer *first, const struct answer *second,
                    const char *when);

/* Restored to an image that was not the last to run there, the slot is that image, byte for
 * byte, and zero beyond.  Nothing is asked if it was the last. */
void answer_pristine(struct cdn_slot *slot, const struct cdn_image *image);

#endif
