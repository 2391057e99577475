/* Trust picks the wall: what a version of a rule runs behind, and what moves it.
 *
 * The strongest of these, and nothing that a rule or a request says:
 *
 *   the engine's options       what everything is behind
 *   the principal's role       the policy, `wall`
 *   how far it is trusted      the policy, `walls`: a draft, a canary, active, quarantined
 *   the registry               an operator's quarantine or trust, a breaker's trip
 *   its breaker                a trip that the registry does not know of yet
 *
 * Without `walls` in the policy, and with nothing said in the registry, that is the first two, as
 * if this file were not there.
 *
 * All but the role and the breaker is known when a state is published, and stands in the entry
 * (cdn_entry.wall); history, which a policy may want of what is active, is looked at by the
 * upkeep.  An evaluation compares three numbers.
 *
 * A wall that does not work on this machine is stood in for by the next stronger one that does,
 * never by a weaker one.  Where a policy names one and there is none, the policy is refused; where
 * the registry does, the rule does not run, and its fallback stands.
 *
 * A trip moves the version at once in this engine (cdn_version.raised); the upkeep then has the
 * registry know, which makes it last and reach other processes, and writes the evidence into the
 * decision log.  Only what an operator says in the registry lowers `raised` again.
 *
 * Registry and log are two files, and a process can die between them.  So the registry keeps the
 * log's note, written down in the change itself, until the log has it; what an earlier process
 * left there is told by the first upkeep that has both.  One that dies after the note and before
 * the registry forgets it has it told twice, each time with the same `change`. */
#ifndef CDN_ENGINE_TRUST_H
#define CDN_ENGINE_TRUST_H

#include "engine/engine.h"
#include "engine/policy.h"

/* The weakest wall that a version may run behind, whoever asks; CDN_WALL_NONE: none will do. */
static inline uint32_t cdn_entry_wall(const struct cdn_entry *entry)
{
    uint32_t wall = atomic_load_explicit(&entry->wall, memory_order_relaxed);
    uint32_t raised =
        atomic_load_explicit(&entry->version->raised, memory_order_relaxed);

    return raised > wall ? raised : wall;
}

/* Under `writer`: what stands in for each wall that the policy names, in `walls`; for those it
 * does not, they themselves.  Tries them, each once in an engine's life.
 * Errors: CORDON_E_INVALID with file and line: nothing does for one; CORDON_E_NOMEM. */
cordon_status cdn_trust_check(unsigned char walls[CORDON_WALL_MICROVM + 1],
                              cordon_engine *engine, const struct cdn_policy *policy,
                              cordon_error *err);

/* Under `writer`: have the entries of a state know their walls.  For one that is about to be
 * published, or that was, whose versions have run meanwhile. */
void cdn_trust_place(cordon_engine *engine, const struct cdn_state *state);

/* Under `writer`: the wall that a text is read behind, before there is a version of it: the one
 * that it will run behind, as things stand, as number `number` of the plan (NULL: of none) in
 * that state; CDN_WALL_NONE: none will do. */
uint32_t cdn_trust_reads(cordon_engine *engine, const struct cdn_plan *plan,
                         uint32_t number, enum cdn_trust_state as);

/* Under `writer`: have the engine's registry read behind the wall of drafts what is pushed to it
 * and what is to be activated. */
void cdn_trust_tell(cordon_engine *engine);

/* The walls that versions of the state run behind, and roles of its policy: bit a wall. */
uint32_t cdn_trust_wanted(const struct cdn_state *state);

/* Nothing does for the version: its fallback stands, and the outcome says why. */
void cdn_trust_refuse(cordon_outcome *outcome, const struct cdn_plan *plan,
                      const struct cdn_entry *entry);

/* A run did not end well, and is told and counted: count it against its version, if that is to
 * blame.  Neither allocates nor locks. */
void cdn_trust_failed(struct cdn_lane *lane, const struct cdn_state *state,
                      const struct cdn_entry *entry, cordon_variant variant,
                      const struct cdn_behind *behind, const cordon_outcome *outcome);

/* Under `writer`, before a synchronisation: follow the trips there were since.
 * Errors: the registry's and the log's; what failed is tried again. */
cordon_status cdn_trust_follow(cordon_engine *engine, cordon_upkeep *did,
                               cordon_error *err);

/* Under `writer`, before trips are followed: have the decision log know of what processes before
 * this one did not come to tell, once for each registry and log.
 * Errors: the registry's and the log's; what failed is tried again. */
cordon_status cdn_trust_catch_up(cordon_engine *engine, cordon_error *err);

/* ---- audit_trip.c ---- */

/* A trip to be told of, and its evidence as one line. */
struct cdn_audit_trip {
    const char *rule;
    const struct cdn_version *version;
    const char *text;
};

/* Append the decision log's note of a struct cdn_audit_trip; `change` is the registry's, 0: it
 * is of a rule from a text.  The buffer's `failed` tells of memory. */
void cdn_audit_trip_put(struct cdn_buf *out, const void *trip, uint64_t change);
/* Write it into the log.  Errors: as cordon_audit_sync_now(). */
cordon_status cdn_audit_trip(cordon_audit *audit, const struct cdn_audit_trip *trip,
                             uint64_t change, cordon_error *err);

/* Under `writer`: the plan was just made as the registry says and is in service; what its versions
 * were raised to beyond that, an operator has taken back. */
void cdn_trust_settle(cordon_engine *engine, const struct cdn_plan *plan);

#endif
