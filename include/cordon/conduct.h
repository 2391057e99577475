/* What the versions of a running rule did: the evidence a rollout is judged by.
 *
 * Every version that runs under a name, the one that decides, those that take a share of the
 * requests and those that run in the shadow, is counted by the engine that runs it.  These are
 * the counters that a rollout's guard goes by (cordon_guard), so what an operator reads here
 * and what ends a rollout cannot disagree.
 *
 * Caveats: of this engine alone; another process that runs the same registry has counters of
 *          its own.  They begin with the engine, so that a rollout older than the process is
 *          known from there on.  A version that leaves the rule takes what it did with it. */
#ifndef CORDON_CONDUCT_H
#define CORDON_CONDUCT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cordon/engine.h>
#include <cordon/error.h>
#include <cordon/outcome.h>

#define CORDON_CONDUCT_MAX_DECISIONS  16
#define CORDON_CONDUCT_MAX_WORD_BYTES 64
#define CORDON_CONDUCT_OUTCOMES       6 /* by cordon_outcome_kind */
#define CORDON_CONDUCT_BUDGETS        8 /* by cordon_budget */

/* How often a version decided so. */
typedef struct cordon_conduct_decision {
    char word[CORDON_CONDUCT_MAX_WORD_BYTES + 1];
    uint64_t count;
} cordon_conduct_decision;

/* A quantity over all runs, to within a tenth of itself; 0 where nothing ran. */
typedef struct cordon_quantiles {
    uint64_t p50;
    uint64_t p90;
    uint64_t p99;
} cordon_quantiles;

/* One version's.  Set struct_size before. */
typedef struct cordon_conduct {
    size_t struct_size;     /* sizeof(cordon_conduct) as the caller compiled it */
    uint32_t version;       /* in the registry; 0: loaded from a text */
    cordon_variant variant; /* what it runs as now */
    uint32_t
        share; /* of the subjects, in basis points: those it decides for or shadows */
    /* Counted from the beginning of the rollout that is running, as the guard does; else
     * since the engine has the version. */
    bool since_rollout;
    uint64_t evaluations; /* the sum of `outcomes` */
    uint64_t outcomes[CORDON_CONDUCT_OUTCOMES];
    uint64_t limits[CORDON_CONDUCT_BUDGETS]; /* of those stopped, by what */
    uint64_t fallbacks;  /* decisions that were the declared fallback */
    uint64_t undecided;  /* without any decision */
    uint64_t compared;   /* as a shadow: times it could be told whether it differs */
    uint64_t mismatches; /* as a shadow: of them, those it decided otherwise */
    uint32_t decision_count;
    cordon_conduct_decision
        decisions[CORDON_CONDUCT_MAX_DECISIONS]; /* least severe first */
    uint64_t edges_sum;
    uint64_t instructions_sum;
    cordon_quantiles instructions;
    cordon_quantiles wall_ns; /* in a sandbox; what was waited for one is not in it */
} cordon_conduct;

#ifdef __cplusplus
extern "C" {
#endif

/* What version number `index` of the rule did, from 0: the one that decides, then those of its
 * rollout, then its shadows, in the order of its standing.  *revision, which may be NULL,
 * receives the revision of the standing that the engine goes by (0: none): where two calls
 * tell two, the versions changed between them.
 *
 * Threads: safe from any, during evaluations too, which it does not hold up.
 * Cost:    some microseconds.
 * Errors:  CORDON_E_NOTFOUND no such rule, a set, or it has no more versions
 *          CORDON_E_INVALID  an argument that must not be NULL, unknown struct_size. */
CORDON_EXPORT cordon_status cordon_engine_conduct(cordon_conduct *out,
                                                  uint64_t *revision,
                                                  cordon_engine *engine,
                                                  const char *rule, uint32_t index,
                                                  cordon_error *err);

#ifdef __cplusplus
}
#endif

#endif
