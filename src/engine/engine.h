/* The inside of an engine: who owns what, and who may touch it when.
 *
 *   state   immutable: a snapshot, the rules by name, each with its binding.  Published by
 *           one atomic pointer.  Readers find it without a lock; writers make a new one
 *           under `writer` and retire the old.
 *   slots   one sandbox each, leased to one thread at a time by an atomic flag.  A lease
 *           also says which state its evaluation stands on (`using`), which is what keeps a
 *           retired state alive: no reference is counted on the evaluation path.
 *   images  each slot's own, so whoever holds the lease may touch them.
 *   loader  one more slot, for loading rules; belongs to whoever holds `writer`.
 *
 * Order of locks: `writer`, then a lease; `waiting` is held for nothing else. */
#ifndef CDN_ENGINE_ENGINE_H
#define CDN_ENGINE_ENGINE_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include <cordon/engine.h>
#include <cordon/evaluate.h>

#include "engine/policy.h"
#include "graph/binding.h"
#include "isolation/tier.h"
#include "rule/rule.h"
#include "rule/run.h"

/* ---- state.c ---- */

/* One loaded text of a rule.  Counted by the entries that have it, under `writer`. */
struct cdn_version {
    uint64_t id; /* of this engine, never given twice; images are kept by it */
    uint64_t references;
    uint32_t number;                           /* in the registry; 0: from a text */
    char hash[2 * CDN_CONTENT_HASH_BYTES + 1]; /* of its source, hexadecimal */
    struct cdn_rule *rule;
};

/* What a role number may read of a rule's names: all of them, or what it may not. */
struct cdn_bound_role {
    struct cdn_binding
        *binding;  /* NULL: it may not, or no principal of it may run it */
    char *missing; /* "property 'email' of Account" */
};

/* A rule as one state sees it.  Shared by the states with the same snapshot and the same
 * policy; counted by them, under `writer`. */
struct cdn_entry {
    uint64_t references;
    struct cdn_version *version;
    struct cdn_binding *binding; /* of the host, to whom everything is granted */
    uint32_t role_count;
    struct cdn_bound_role *roles; /* by role number */
    uint64_t *may_run;            /* bit a principal of the policy */
};

struct cdn_state {
    cordon_snapshot *snapshot;   /* a reference of its own; NULL: none */
    struct cdn_granted *granted; /* a reference of its own; NULL: no policy */
    uint32_t count;
    uint32_t mask;              /* slots of the table less one */
    struct cdn_entry **entries; /* open addressing by name */
    uint64_t *versions;         /* `count` of them, ascending */
    struct cdn_state *retired;  /* the next older one that may still be in use */
};

/* ---- images.c ---- */

struct cdn_cached {
    uint64_t version; /* 0: free */
    uint64_t used;    /* the cache's clock when it was last asked for */
    struct cdn_image *image;
};

struct cdn_images {
    uint32_t count;
    uint32_t mask; /* size of the table less one; the table may be NULL */
    struct cdn_cached *table;
    uint64_t clock;
    size_t bytes;
    size_t budget;
    unsigned long swept; /* the engine's `dropped` when last swept */
};

void cdn_images_deinit(struct cdn_images *images);
/* NULL: not there. */
struct cdn_image *cdn_images_get(struct cdn_images *images, uint64_t version);
/* Takes the image, also on failure; makes room by freeing the least recently used.
 * Errors: CORDON_E_NOMEM. */
cordon_status cdn_images_put_take(struct cdn_images *images, uint64_t version,
                                  struct cdn_image *image, cordon_error *err);
/* Free those whose version `keep` does not want. */
void cdn_images_sweep(struct cdn_images *images,
                      bool (*keep)(const void *ud, uint64_t version), const void *ud);

/* ---- engine.c ---- */

/* One cache line apart, so that leases of neighbours do not fight over one. */
struct cdn_lane {
    _Alignas(64) atomic_uint leased; /* 0 or 1 */
    _Atomic(struct cdn_state *) using;
    struct cdn_slot *slot;
    struct cdn_rule_host host;
    struct cdn_images images;
    uint64_t decisions; /* made so far in this lane */
};

struct cordon_engine {
    uint64_t identity[2];          /* random: what its decisions' names are made from */
    cordon_engine_options options; /* nothing zero */
    _Atomic(struct cdn_state *) state;
    atomic_uint retired;  /* states that wait to be freed */
    atomic_ulong dropped; /* versions replaced or unloaded so far */
    struct cdn_lane *lanes;
    void *lanes_block; /* what was allocated for them, before it was aligned */
    pthread_mutex_t writer;
    struct cdn_slot *loader; /* under `writer`, as are these: */
    struct cdn_state *graveyard;
    uint64_t versions;
    pthread_mutex_t waiting;
    pthread_cond_t freed;
    atomic_uint waiters;
    bool locks_made;
};

/* ---- pool.c ---- */

/* Lease a slot: at once if one is free, else wait as long as the options say.
 * NULL: every one stayed in use. */
struct cdn_lane *cdn_pool_lease(cordon_engine *engine);
void cdn_pool_release(cordon_engine *engine, struct cdn_lane *lane);
/* Lease this one, however long it takes. */
void cdn_pool_lease_lane(cordon_engine *engine, struct cdn_lane *lane);

/* ---- state.c ---- */

/* The current state, kept alive until cdn_state_leave(); the lane must be leased. */
struct cdn_state *cdn_state_enter(cordon_engine *engine, struct cdn_lane *lane);
void cdn_state_leave(cordon_engine *engine, struct cdn_lane *lane);

/* NULL: no such rule. */
struct cdn_entry *cdn_state_find(const struct cdn_state *state, const char *name);
/* `state` is a struct cdn_state; a shape for cdn_images_sweep(). */
bool cdn_state_has_version(const void *state, uint64_t version);

/* Under `writer`: one without rules but with room for `rules`, and with references of its
 * own to the snapshot and to what is granted on it (either may be NULL).  NULL: no memory. */
struct cdn_state *cdn_state_new(cordon_snapshot *snapshot, struct cdn_granted *granted,
                                uint32_t rules);
/* Under `writer`: add an entry (one more reference) whose name is not there yet. */
void cdn_state_add(struct cdn_state *state, struct cdn_entry *entry);
/* Under `writer`: add all of `from` but the rule named `without`. */
void cdn_state_add_all(struct cdn_state *state, const struct cdn_state *from,
                       const char *without);
/* Under `writer`: make it the current one; the old one is freed once nobody uses it. */
void cdn_state_publish(cordon_engine *engine, struct cdn_state *state);
/* Under `writer`: free retired states that nobody uses. */
void cdn_state_reclaim(cordon_engine *engine);
/* Under `writer`: one nobody has seen, or nobody can see any more.  Accepts NULL. */
void cdn_state_free(struct cdn_state *state);
/* A new entry with one reference; adds one to the version.
 * Errors: CORDON_E_RULE, CORDON_E_NOMEM. */
cordon_status cdn_entry_new(struct cdn_entry **out, struct cdn_version *version,
                            const cordon_snapshot *snapshot,
                            const struct cdn_granted *granted, cordon_error *err);
void cdn_entry_release(struct cdn_entry *entry);       /* accepts NULL */
void cdn_version_release(struct cdn_version *version); /* accepts NULL */

/* ---- granted.c: what a policy makes of a snapshot and its rules ---- */

/* A policy over one snapshot.  Counted by states, under `writer`. */
struct cdn_granted {
    uint64_t references;
    struct cdn_policy *policy;  /* a reference of its own */
    struct cdn_grant *grants[]; /* by role number */
};

/* Errors: CORDON_E_DATA a role does not fit the snapshot, CORDON_E_INVALID it wants a wall
 * that is not there, CORDON_E_NOMEM. */
cordon_status cdn_granted_new(struct cdn_granted **out, struct cdn_policy *policy,
                              const cordon_snapshot *snapshot, cordon_error *err);
struct cdn_granted *cdn_granted_retain(struct cdn_granted *granted); /* accepts NULL */
void cdn_granted_release(struct cdn_granted *granted);               /* accepts NULL */

/* Bind an entry's rule for every role number, and note which principals may run it.  What a
 * role may not read is no error: it is kept to be told.
 * Errors: CORDON_E_RULE, CORDON_E_NOMEM. */
cordon_status cdn_entry_grant(struct cdn_entry *entry, const cordon_snapshot *snapshot,
                              const struct cdn_granted *granted, cordon_error *err);
void cdn_entry_ungrant(struct cdn_entry *entry);

/* Whom a request is for: the role of its principal (NULL: the host) and the binding that
 * goes with it.  False: it may not, with outcome saying why, as a denial of the rule.
 * Neither allocates nor locks. */
bool cdn_admit(const struct cdn_role **role, const struct cdn_binding **binding,
               cordon_outcome *outcome, const struct cdn_state *state,
               const struct cdn_entry *entry, const cordon_request *request);

/* ---- engine.c ---- */

/* The options of an engine whose host chose none. */
void cdn_engine_defaults(cordon_engine_options *out);

/* ---- budget.c ---- */

/* What a run may use, from request, rule and ceilings.  Errors: CORDON_E_INVALID. */
cordon_status cdn_budget_resolve(struct cdn_budget *out,
                                 const cordon_engine_options *options,
                                 const struct cdn_budget *rule,
                                 const cordon_limits *request, cordon_error *err);
/* The same under a role's ceilings: what rule or default give is cut to them, what the
 * request asks beyond them is refused.  Errors: CORDON_E_INVALID. */
cordon_status cdn_budget_role(struct cdn_budget *budget, const struct cdn_role *role,
                              const cordon_limits *request, cordon_error *err);
/* A rule that declares more than the ceilings does not load.  The faults, at most
 * CDN_BUDGET_KINDS of them, by line; returns how many. */
#define CDN_BUDGET_KINDS 7
uint32_t cdn_budget_faults(struct cdn_finding out[CDN_BUDGET_KINDS],
                           const cordon_engine_options *options,
                           const struct cdn_rule *rule);
/* The first of them as an error.  Errors: CORDON_E_RULE. */
cordon_status cdn_budget_check(const cordon_engine_options *options,
                               const struct cdn_rule *rule, cordon_error *err);
/* What a chunk may use while it loads. */
struct cdn_budget cdn_budget_load(const cordon_engine_options *options);

/* ---- evaluate.c ---- */

/* The image of a version in this lane, built if need be; `state` is the one entered.
 * Errors: CORDON_E_RULE, CORDON_E_NOMEM. */
cordon_status cdn_lane_image(struct cdn_image **out, cordon_engine *engine,
                             struct cdn_lane *lane, const struct cdn_state *state,
                             const struct cdn_version *version, cordon_error *err);

/* "no rule 'x'; did you mean 'y'?", CORDON_E_NOTFOUND. */
cordon_status cdn_state_no_rule(const struct cdn_state *state, const char *name,
                                cordon_error *err);

#endif
