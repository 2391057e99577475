/* Limits that follow load: while callers wait, a run gets no more than its rule usually needs.
 *
 * What a rule needs is learned by upkeep, from the runs since it last learned: the instructions,
 * and the time in a sandbox, that nine in ten of them stayed within.  So it follows a rule whose
 * cost changes, be it that the graph grew.  While callers wait, a run gets `tighten` times that
 * and a floor on top, where that is less than it would have had; never more.
 *
 * Time that a run waited for its sandbox is not time it used: it is left out of what is learned
 * and added to what is given, or the waiting would end the runs that load made wait.
 *
 * A rule that costs more than it is given is stopped, and counts with what it was given.  What
 * was learned is the upper end of where the quantile may lie, so that the next limit is above
 * this one: limits cannot talk themselves down, and find a dearer rule's cost in some steps. */
#ifndef CDN_ENGINE_TIGHTEN_H
#define CDN_ENGINE_TIGHTEN_H

#include "engine/engine.h"

/* What every run gets on top of what is usual. */
#define CDN_TIGHTEN_INSTRUCTIONS UINT64_C(10000)
#define CDN_TIGHTEN_NS           UINT64_C(100000)
/* Fewer runs do not tell what is usual. */
#define CDN_TIGHTEN_RUNS 200

/* Lower what the budget of a run of this version holds, if it is to be. */
void cdn_tighten(struct cdn_budget *budget, const cordon_engine *engine,
                 const struct cdn_version *version, uint64_t waited_ns);

/* Was it load that stopped a run, whose budget would have been `full`, where it was `given`?
 * Then the outcome is made to say so. */
bool cdn_tighten_stopped(cordon_outcome *outcome, const struct cdn_budget *full,
                         const struct cdn_budget *given);

/* Under `writer`: learn from what all versions did since. */
void cdn_tighten_learn(cordon_engine *engine);

#endif
