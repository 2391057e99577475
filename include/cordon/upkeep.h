/* What a running engine is attached to, and keeping up with it.
 *
 * The engine starts no thread.  A host that attaches a registry, a policy or a store calls
 * cordon_engine_upkeep() from a timer or an idle moment, at least twice a second; then what
 * an operator's command changes, in this process or another, takes effect within a second.
 * Evaluations never do any of this themselves.
 *
 * Threads: every function here is safe from any thread, during evaluations too. */
#ifndef CORDON_UPKEEP_H
#define CORDON_UPKEEP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cordon/audit.h>
#include <cordon/engine.h>
#include <cordon/error.h>
#include <cordon/registry.h>
#include <cordon/snapshot.h>

/* What one upkeep did.  Set struct_size before. */
typedef struct cordon_upkeep {
    size_t struct_size;         /* sizeof(cordon_upkeep) as the caller compiled it */
    uint64_t registry_sequence; /* what the engine's rules stand at */
    uint32_t changed;           /* rules and sets that stand otherwise than before */
    /* versions that do not load here: of an active one what ran before goes on, a variant or
     * a shadow is left out */
    uint32_t refused;
    uint32_t aborted; /* rollouts that a guard ended */
    bool moved;       /* to another generation of the store */
    bool policy_changed;
    uint32_t tripped; /* breakers that did, and were followed */
} cordon_upkeep;

#define CORDON_UPKEEP_INIT                                                             \
    {                                                                                  \
        sizeof(cordon_upkeep), 0, 0, 0, 0, false, false, 0                             \
    }

#ifdef __cplusplus
extern "C" {
#endif

/* Have the engine's rules stand as the registry says, from now on; NULL: detach, and what
 * runs goes on as it is.  Names the registry has are its to change
 * (cordon_engine_load_rule() refuses them).  A first upkeep of it is part of the call.
 *
 * Ownership: borrowed; detach, or free the engine, before it is closed.  Either may write to it:
 *            how often versions ran, where a policy asks for that (`walls.after`).
 * Errors:    as cordon_engine_upkeep(); the registry is attached even so. */
CORDON_EXPORT cordon_status cordon_engine_use_registry(cordon_engine *engine,
                                                       cordon_registry *registry,
                                                       cordon_error *err);

/* Record decisions in this log from now on; NULL: no more.  Every decision is offered;
 * sampling is the log's, and the policy's.  Not while evaluations are under way.
 * Ownership: borrowed; detach, or free the engine, before it is closed. */
CORDON_EXPORT void cordon_engine_use_audit(cordon_engine *engine, cordon_audit *audit);

/* Follow the store's CURRENT from now on (cordon_engine_follow()); NULL: no more.  The first
 * look is part of the call.  `options` may be NULL.
 * Errors: CORDON_E_INVALID a path too long; as cordon_engine_follow(). */
CORDON_EXPORT cordon_status
cordon_engine_use_store(cordon_engine *engine, const char *store,
                        const cordon_snapshot_options *options, cordon_error *err);

/* Go by the policy in this file from now on, and by what it becomes; NULL: it is followed no
 * more, and the policy stays.  Reading it is part of the call.  A file that cannot be read, or
 * has a fault, leaves the policy that was in force; the upkeep says so once for each change.
 * One that only does not fit the snapshot is tried again with each that comes after it.
 * Errors: as cordon_policy_load_file() and cordon_engine_set_policy(). */
CORDON_EXPORT cordon_status cordon_engine_use_policy(cordon_engine *engine,
                                                     const char *path,
                                                     cordon_error *err);

/* Look after everything that is attached: the policy, the generation, breakers, how often
 * versions ran, the registry, guards of rollouts, limits that follow load, the log's queue.  `out` may be NULL.
 * One thing that fails does not keep the others from being done.
 * Errors: the first of them: CORDON_E_RULE a version does not load or does not fit the
 *         snapshot (see `refused`), CORDON_E_CORRUPT, CORDON_E_IO, CORDON_E_NOMEM. */
CORDON_EXPORT cordon_status cordon_engine_upkeep(cordon_engine *engine,
                                                 cordon_upkeep *out, cordon_error *err);

#ifdef __cplusplus
}
#endif

#endif
