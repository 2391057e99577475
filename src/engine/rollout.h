/* The guard of a rollout: what speaks against a version that is being tried.
 *
 * It looks at what candidate and active version have counted since the rollout began, and
 * only ever ends a rollout; promotion is an operator's act. */
#ifndef CDN_ENGINE_ROLLOUT_H
#define CDN_ENGINE_ROLLOUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cordon/standing.h>

#include "engine/plan.h"

/* What had been counted when a rollout began.  Counted by the plans that go on with it,
 * under `writer`. */
struct cdn_baseline {
    uint64_t references;
    uint32_t live_number; /* of the active version then */
    uint32_t count;
    struct cdn_tally live;
    struct {
        uint32_t number;
        struct cdn_tally tally;
    } choices[CDN_PLAN_MAX_CHOICES];
};

/* As of now, for the plan's rollout; `before`, of the plan it replaces or NULL, tells what
 * goes on from there.  NULL: no memory. */
struct cdn_baseline *cdn_baseline_new(const struct cdn_plan *plan,
                                      const struct cdn_baseline *before,
                                      uint32_t lanes);
void cdn_baseline_release(struct cdn_baseline *baseline); /* accepts NULL */

/* What one version did: since the rollout began, and in which rule's words. */
struct cdn_conduct {
    uint32_t version;
    const struct cdn_rule *rule;
    struct cdn_tally tally;
};

/* Which of a guard's limits was passed: X(NAME, word). */
#define CDN_TRIP_MAP(X)                                                                \
    X(NONE, "none")                                                                    \
    X(ERRORS, "error_rate")                                                            \
    X(LIMITS, "limit_rate")                                                            \
    X(COST, "p99_cost")                                                                \
    X(DRIFT, "decision_drift")
enum cdn_trip {
#define CDN_TRIP_ENUM(name, word) CDN_TRIP_##name,
    CDN_TRIP_MAP(CDN_TRIP_ENUM)
#undef CDN_TRIP_ENUM
        CDN_TRIPS
};

/* Is a limit of the guard passed?  Then evidence says which, and by what figures. */
enum cdn_trip cdn_rollout_trips(char *evidence, size_t size, const cordon_guard *guard,
                                const struct cdn_conduct *live,
                                const struct cdn_conduct *candidate);

/* The first choice of a guarded plan whose guard trips: its version's number, 0 if none. */
uint32_t cdn_rollout_check(enum cdn_trip *trip, char *evidence, size_t size,
                           const struct cdn_plan *plan, uint32_t lanes);

#endif
