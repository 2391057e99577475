/* What one version of a rule has done in one lane: counters with one writer, the lane's
 * holder, so that counting takes no lock and no bus-locked instruction.
 *
 * Whoever wants to know adds up the lanes (cdn_tally_sum); it then sees each counter at some
 * moment of the last instant.  The guard, the dynamic limits and the metrics all read these
 * and nothing else, so they cannot disagree. */
#ifndef CDN_ENGINE_TALLY_H
#define CDN_ENGINE_TALLY_H

#include <stdint.h>

#include <cordon/outcome.h>

#include "engine/sketch.h"
#include "rule/rule.h"

#define CDN_TALLY_OUTCOMES 6
#define CDN_TALLY_VARIANTS 4
#define CDN_TALLY_BUDGETS  8

/* Bounds of the histograms: the last bucket is everything beyond. */
#define CDN_TALLY_TIMES  20 /* 1 us, 2 us, 5 us, 10 us ... 1 s, beyond */
#define CDN_TALLY_MEMORY 15 /* 4 KiB, 8 KiB ... 32 MiB, beyond */
extern const uint64_t cdn_tally_times_ns[CDN_TALLY_TIMES - 1];
extern const uint64_t cdn_tally_memory_bytes[CDN_TALLY_MEMORY - 1];

#define CDN_TALLY_LINE 64

/* Every field is a uint64_t counter but the sketches: sums and differences rely on it.  What
 * nearly every evaluation counts comes first, in few cache lines (set_evaluate.c asks for them
 * ahead of time). */
struct cdn_tally {
    uint64_t instructions, edges, nodes;
    uint64_t host_ns;      /* in functions of the host's */
    uint64_t memory_bytes; /* sum of the peaks */
    uint64_t fallbacks;    /* decisions that were the declared fallback */
    uint64_t undecided;    /* no decision at all */
    uint64_t mismatches;   /* as a shadow: decided otherwise than what decided */
    uint64_t compared;     /* as a shadow: times that could be told */
    uint64_t times_ns[CDN_TALLY_VARIANTS]; /* sums */
    uint64_t outcomes[CDN_TALLY_VARIANTS][CDN_TALLY_OUTCOMES];
    uint64_t decisions[CDN_RULE_MAX_DECISIONS]; /* by the rule's own numbers */
    uint64_t memory[CDN_TALLY_MEMORY];
    uint64_t times[CDN_TALLY_VARIANTS][CDN_TALLY_TIMES];
    uint64_t limits[CDN_TALLY_BUDGETS]; /* by the budget that stopped it */
    uint64_t tightened; /* of those stopped, by a limit that load had lowered */
    uint64_t trips[2];  /* of its breaker: to a stronger wall, out of service */
    /* Of what was run; what was denied was not. */
    struct cdn_sketch instructions_sketch;
    struct cdn_sketch wall_sketch; /* ns in a sandbox */
    char apart[CDN_TALLY_LINE];    /* of two lanes no two counters share a cache line */
};

/* Which of cdn_tally_times_ns such a time belongs to. */
uint32_t cdn_tally_time(uint64_t ns);

/* Count one evaluation.  `rule` tells the decisions' numbers; of the outcome's time it waited
 * so long for its sandbox. */
void cdn_tally_add(struct cdn_tally *tally, const struct cdn_rule *rule,
                   cordon_variant variant, const cordon_outcome *outcome,
                   uint64_t waited_ns);

/* Count that load stopped one that is counted. */
void cdn_tally_tightened(struct cdn_tally *tally);

/* Count that its breaker tripped, to a stronger wall or out of service. */
void cdn_tally_trip(struct cdn_tally *tally, bool out_of_service);

/* Count a shadow's comparison with what decided. */
void cdn_tally_compare(struct cdn_tally *tally, bool same);

/* Add the counters of `count` tallies to *out. */
void cdn_tally_sum(struct cdn_tally *out, const struct cdn_tally *tallies,
                   uint32_t count);

/* Take away what had been counted before. */
void cdn_tally_subtract(struct cdn_tally *from, const struct cdn_tally *before);

/* How often it ran, over `count` lanes; what was denied did not.  Safe while they count. */
uint64_t cdn_tally_ran(const struct cdn_tally *tallies, uint32_t count);

/* Evaluations of a variant, and over all. */
uint64_t cdn_tally_runs(const struct cdn_tally *tally, cordon_variant variant);
uint64_t cdn_tally_all(const struct cdn_tally *tally);

#endif
