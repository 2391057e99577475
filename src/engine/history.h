/* How often a version has run: what `after.runs` of a policy asks for, in this engine and in all
 * before it on the same registry.
 *
 * Lanes count (tally.h); the registry keeps what was counted, so that a version that is proven
 * stays so when its server is started again.  An upkeep adds what has come since: at once when a
 * version has run often enough, else every ten seconds, and only as long as the registry does not
 * know of enough.  So evaluations write nothing, and a version that is proven costs nothing.
 *
 * What is kept is never more than what ran.  An addition is one transaction.  One of which it
 * cannot be told whether it happened is not made again; what a killed process had not added yet is
 * lost: some seconds of a draft's runs behind the stronger wall, once more.
 *
 * Everything is under the engine's `writer`. */
#ifndef CDN_ENGINE_HISTORY_H
#define CDN_ENGINE_HISTORY_H

#include "engine/engine.h"

/* A version of the registry's was just loaded: find out how often it ran before. */
void cdn_history_begin(cordon_engine *engine, const char *name,
                       struct cdn_version *version);

/* How often it ran, as far as this engine knows. */
uint64_t cdn_history_runs(const cordon_engine *engine,
                          const struct cdn_version *version);

/* Have the registry keep what ran since, if the policy asks for it and it is time, or `now`.
 * Errors: the registry's, told to the host's log as well; no fault is one that is read-only. */
cordon_status cdn_history_keep(cordon_engine *engine, bool now, cordon_error *err);

#endif
