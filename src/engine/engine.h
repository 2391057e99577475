/* The inside of an engine: who owns what, and who may touch it when.
 *
 *   state   immutable (plan.h): a snapshot and what runs under each name.  Published by one
 *           atomic pointer.  Readers find it without a lock; writers make a new one under
 *           `writer` and retire the old.
 *   lanes   one sandbox each, leased to one thread at a time by an atomic flag.  A lease
 *           also says which state its evaluation stands on (`using`), which is what keeps a
 *           retired state alive: no reference is counted on the evaluation path.  The first
 *           `options.slots` serve callers, the rest those for whom a run is interrupted.
 *   images  each lane's own, so whoever holds the lease may touch them.
 *   loader  one more slot, for loading rules; belongs to whoever holds `writer`.
 *   workers behind walls are a pool's (crews.h), leased for a run.
 *
 * Order of locks: `writer`, then a lease, then the pool's; `waiting` and `viewing` are held for
 * nothing else. */
#ifndef CDN_ENGINE_ENGINE_H
#define CDN_ENGINE_ENGINE_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <time.h>

#include <cordon/engine.h>
#include <cordon/evaluate.h>
#include <cordon/function.h>
#include <cordon/metrics.h>
#include <cordon/upkeep.h>

#include "engine/plan.h"
#include "engine/policy.h"
#include "engine/quota.h"
#include "engine/rollout.h"
#include "engine/crews.h"
#include "isolation/tier.h"
#include "rule/rule.h"
#include "rule/run.h"

struct cdn_lane;

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
    size_t budget;       /* bytes that the slot's images may take */
    unsigned long swept; /* the engine's `dropped` when last swept */
};

void cdn_images_deinit(struct cdn_images *images);
/* NULL: not there.  Looking does not count as using it. */
const struct cdn_image *cdn_images_look(const struct cdn_images *images,
                                        uint64_t version);
/* NULL: not there. */
struct cdn_image *cdn_images_get(struct cdn_images *images, uint64_t version);
/* Takes the image, also on failure; makes room by freeing the least recently used.
 * Errors: CORDON_E_NOMEM. */
cordon_status cdn_images_put_take(struct cdn_images *images, uint64_t version,
                                  struct cdn_image *image, cordon_error *err);
/* Free those whose version `keep` does not want. */
void cdn_images_sweep(struct cdn_images *images,
                      bool (*keep)(const void *ud, uint64_t version), const void *ud);

/* ---- schedule.c ---- */

/* Something to be done in a lane by whoever has one: an evaluation, as its caller gave it. */
struct cdn_job {
    void (*run)(struct cdn_job *job, struct cordon_engine *engine,
                struct cdn_lane *lane);
    /* May it hold up its thread for something else than its own work?  Then it interrupts
     * nobody.  NULL: it never does. */
    bool (*may_block)(const struct cdn_job *job, const struct cdn_state *state);
    uint32_t priority;
    uint64_t until_ns;  /* nobody wants it any more then; cdn_clock_ns() */
    uint64_t waited_ns; /* set before it runs: how long for its lane */
};

/* A caller that waits for a lane; on its own stack. */
struct cdn_waiter {
    struct cdn_waiter *next; /* of lower priority, or of the same and later */
    struct cdn_job *job;
    struct cdn_lane *lane; /* handed over */
    uint64_t began_ns;     /* to wait */
    bool waits;            /* for a lane of its own: it may block */
    bool taken;            /* somebody runs the job for it */
    bool done;             /* and has */
    pthread_cond_t changed;
};

/* ---- engine.c ---- */

/* One cache line apart, so that leases of neighbours do not fight over one. */
struct cdn_lane {
    _Alignas(64) atomic_uint leased; /* 0 or 1 */
    _Atomic(struct cdn_state *) using;
    struct cordon_engine *engine;
    uint32_t number;
    uint32_t priority; /* of what runs in it */
    uint32_t depth;    /* interrupted runs below it on this thread */
    struct cdn_slot *slot;
    struct cdn_rule_host host;
    struct cdn_images images;
    uint64_t decisions;    /* made so far in this lane */
    cordon_outcome *aside; /* what shadows answer into; NULL: none has run */
    uint64_t interrupted;  /* times a run in it was, for another */
    uint64_t builds[CDN_TALLY_TIMES], builds_ns; /* of images, by how long */
    bool tightened;                              /* load stopped the last run in it */
    bool crashed;                 /* the worker of the run that is being told of did */
    struct cdn_buf slice, border; /* of the request, kept for their memory */
};

struct cordon_engine {
    cordon_engine_options options; /* nothing zero but `worker` */
    char *worker;                  /* what that points to */
    struct cdn_crews *workers;     /* behind its walls; NULL: there are none */
    /* Random: what its decisions' names begin with, and what hides how many there were. */
    char identity[CORDON_DECISION_ID_BYTES / 2 + 1];
    uint64_t veil;
    _Atomic(struct cdn_state *) state;
    atomic_uint retired;  /* states that wait to be freed */
    atomic_ulong dropped; /* versions replaced or unloaded so far */
    struct cdn_lane *lanes;
    uint32_t lane_count; /* options.slots, then those for interruptions */
    void *lanes_block;   /* what was allocated for them, before it was aligned */
    pthread_mutex_t writer;
    struct cdn_slot *loader; /* under `writer`, as are these: */
    struct cdn_state *graveyard;
    uint64_t versions;
    struct cdn_host_function *functions; /* NULL: none */
    uint32_t function_count;
    cordon_registry *registry; /* NULL: none */
    struct {                   /* what the rules stand at */
        uint64_t sequence;
        const cordon_snapshot *snapshot;
    } seen;
    uint64_t aborts[CDN_TRIPS]; /* of rollouts, by what the guard found */
    struct {                    /* texts of rules and sets: loaded, refused */
        uint64_t loads, refusals;
        int64_t loaded_ms; /* when the last was loaded; 0: none was */
    } bundles;
    char *store; /* whose CURRENT is followed; NULL: none's */
    cordon_snapshot_options store_options;
    _Atomic(cordon_audit *) audit; /* NULL: none */
    atomic_bool caught_up;         /* registry and log agree on what was before both */
    struct {                       /* keeping how often versions ran (history.h) */
        uint64_t tried_ns;         /* when it was tried last; 0: never */
        bool failed;               /* it did not work then */
    } history;
    struct { /* the policy's file; path NULL: none is followed */
        char *path;
        struct timespec written;
        uint64_t bytes, inode;
        /* Read, but it does not fit the snapshot `unfit_on`: another may come that it was
         * written for.  NULL: none. */
        struct cdn_policy *unfit;
        const cordon_snapshot *unfit_on;
    } policy_file;
    pthread_mutex_t waiting;
    struct cdn_waiter *queue; /* under `waiting`: who is served first, first */
    atomic_uint waiters;
    atomic_uint urgent;   /* the first one's priority and 1; 0: nobody waits */
    atomic_uint pressing; /* the same of those for whom a run may be interrupted */
    atomic_ulong shed;    /* refused because too many waited */
    atomic_ulong lapsed;  /* waited in vain */
    atomic_ulong over_quota;
    /* For replay, which is alone with its engine: quotas and breakers hold nobody back, and
     * parameters are for several rules (rule/run.h). */
    bool quotas_off, shared_params;
    /* The same: added under the name of each function that a rule lists and the engine does
     * not have.  Without a body: such a rule does not load. */
    cordon_function stand_in;
    uint64_t waits[CDN_TALLY_TIMES]; /* under `waiting`: for a lane, by how long */
    uint64_t waits_ns;
    uint64_t moved_ns; /* when the snapshot was taken into service; cdn_clock_ns() */
    struct cdn_wall_tried {
        bool known, works;
        char why[200];                /* it does not */
    } walls[CORDON_WALL_MICROVM + 1]; /* under `writer`: those that were tried */
    cordon_observer observer;
    pthread_mutex_t viewing;
    struct cdn_view
        *views; /* under `viewing`: what workers see of snapshots (view.h) */
    bool locks_made;
};

/* ---- walls.c ---- */

/* What workers of an engine with these options are started with. */
struct cdn_wall_options cdn_walls_options(const cordon_engine_options *options);
/* The pool of an engine whose options are taken.  Errors: CORDON_E_NOMEM. */
cordon_status cdn_walls_new(cordon_engine *engine, cordon_error *err);
/* What a run was behind, and how that went. */
struct cdn_behind {
    uint32_t wall;
    bool crashed;  /* its worker died, lied or was killed for being late */
    bool unserved; /* no worker was ready in time: the rule did not run */
};
/* As cdn_worker_run(), by a worker of the pool's behind behind->wall that is waited for as long as
 * the call's time lasts.  Errors: those, and why none can be started. */
cordon_status cdn_walls_run(cordon_outcome *outcome, cordon_engine *engine,
                            struct cdn_behind *behind, const struct cdn_sight *sight,
                            const struct cdn_rule_call *call, cordon_error *err);
/* Have as many workers as evaluations can run at once, or as there may be, know the version.
 * Errors: as cdn_crews_fill() and cdn_worker_prepare(). */
cordon_status cdn_walls_warm(struct cdn_lane *lane, cordon_wall wall,
                             const struct cdn_state *state,
                             const struct cdn_version *version, cordon_error *err);
/* Put a worker behind a wall, without a snapshot, and end it.  Errors: as cdn_wall_start();
 * CORDON_E_INVALID the options name no program for it. */
cordon_status cdn_walls_try(cordon_wall wall, const cordon_engine_options *options,
                            cordon_error *err);

/* ---- schedule.c ---- */

/* Have the job run: in a lane of the calling thread's, at once if one is free, or when its
 * turn comes, by priority and then by arrival; or on another thread, in the middle of a run
 * of lower priority.  Returns when it has run.
 * Errors, the job not run: CORDON_E_OVERLOADED too many wait already, CORDON_E_BUSY it
 * waited as long as the options, or the job, allow. */
cordon_status cdn_schedule(cordon_engine *engine, struct cdn_job *job,
                           cordon_error *err);

/* A lane if one of the callers' is free and nobody waits who would go before; else NULL. */
struct cdn_lane *cdn_pool_try(cordon_engine *engine, uint32_t priority);
/* Lease this one, however long it takes. */
void cdn_pool_lease_lane(cordon_engine *engine, struct cdn_lane *lane);
void cdn_pool_release(cordon_engine *engine, struct cdn_lane *lane);

/* ---- state.c ---- */

/* The current state, kept alive until cdn_state_leave(); the lane must be leased. */
struct cdn_state *cdn_state_enter(cordon_engine *engine, struct cdn_lane *lane);
void cdn_state_leave(cordon_engine *engine, struct cdn_lane *lane);
/* Under `writer`: make it the current one, if there is memory for what it needs besides;
 * else false, and it is the caller's still.  The old one is freed once nobody uses it. */
bool cdn_state_publish(cordon_engine *engine, struct cdn_state *state);
/* Under `writer`: free retired states that nobody uses. */
void cdn_state_reclaim(cordon_engine *engine);

/* ---- engine.c ---- */

/* The options of an engine whose host chose none. */
void cdn_engine_defaults(cordon_engine_options *out);

/* ---- rules.c, all under `writer` ---- */

/* Load a text as a version with that number, read behind `wall` (read_text.h).  One reference.
 * Errors: as cdn_read_rule(). */
cordon_status cdn_engine_load(struct cdn_version **out, cordon_engine *engine,
                              uint32_t wall, const char *source, size_t bytes,
                              const char *file, uint32_t number, cordon_error *err);
/* The same of a set.  Errors: as cdn_set_load(). */
cordon_status cdn_engine_load_set(struct cdn_set **out, cordon_engine *engine,
                                  uint32_t wall, const char *source, size_t bytes,
                                  const char *file, cordon_error *err);
/* Publish the plan in the place of what has its name.  Errors: CORDON_E_NOMEM. */
cordon_status cdn_engine_install(cordon_engine *engine, struct cdn_plan *plan,
                                 cordon_error *err);

/* ---- functions.c ---- */

/* Under `writer`: find what the version's rule lists.  Errors: CORDON_E_RULE, CORDON_E_NOMEM. */
cordon_status cdn_functions_resolve(struct cdn_version *version, cordon_engine *engine,
                                    cordon_error *err);
/* With the engine. */
void cdn_functions_deinit(cordon_engine *engine);

/* ---- engine.c ---- */

/* Under `writer`: to this snapshot under this policy, either of which may be NULL.  On
 * failure everything stays.  Errors: as cordon_engine_set_snapshot() and _set_policy(). */
cordon_status cdn_engine_move(cordon_engine *engine, cordon_snapshot *snapshot,
                              struct cdn_policy *policy, cordon_error *err);
/* Under `writer`: as cordon_engine_follow(), and to `policy` with it; NULL: the one in force
 * stays. */
cordon_status cdn_engine_follow(cordon_engine *engine, const char *store,
                                const cordon_snapshot_options *options,
                                struct cdn_policy *policy, bool *moved,
                                cordon_error *err);

/* ---- observe.c ---- */

/* Tell the observer of an evaluation, if it wants to know; `set` is as in cordon_span. */
void cdn_observe(const cordon_engine *engine, const cordon_request *request,
                 const cordon_outcome *outcome, const char *set);

/* Tell the observer, if it wants to know: one line, escaped. */
void cdn_engine_log(const cordon_engine *engine, cordon_level level, const char *format,
                    ...) CDN_PRINTF(3, 4);

/* ---- sync.c, under `writer`, with a registry attached ---- */

/* Have the rules stand as the registry says.  Errors: as cordon_engine_upkeep(). */
cordon_status cdn_engine_sync(cordon_engine *engine, cordon_upkeep *did,
                              cordon_error *err);
/* End the rollouts whose guards trip.  Errors: those of the registry. */
cordon_status cdn_engine_guard(cordon_engine *engine, cordon_upkeep *did,
                               cordon_error *err);

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

/* ---- schedule.c ---- */

/* What runs in the lane next looks at `revoked`, and at who waits. */
void cdn_schedule_watch(struct cdn_lane *lane, const uint32_t *revoked);

/* ---- evaluate.c ---- */

/* What is asked of a lane. */
struct cdn_ask {
    const cordon_request *request; /* checked */
    uint64_t entered_ns;           /* when this rule's time began */
    uint64_t waited_ns;            /* of that for its lane */
    uint64_t until_ns;             /* nothing runs beyond; UINT64_MAX: no such end */
    const char *set;               /* as a member of which; NULL: none */
    bool shared_params;            /* rule/run.h */
};

/* Errors: CORDON_E_INVALID, of `function`'s arguments. */
cordon_status cdn_request_check(const char *function, const void *outcome,
                                const cordon_engine *engine, const char *name,
                                const cordon_request *request, cordon_error *err);

/* Evaluate what the plan has for this subject, shadows as well.  The lane is leased, the
 * state entered.  Errors: as cordon_evaluate(). */
cordon_status cdn_lane_evaluate(struct cdn_lane *lane, const struct cdn_state *state,
                                struct cdn_plan *plan, const struct cdn_ask *ask,
                                cordon_outcome *outcome, cordon_error *err);

/* The same where the set's time was over before the plan's turn came: it is not run, and its
 * fallback stands.  That is recorded, but not held against the version. */
void cdn_lane_too_late(struct cdn_lane *lane, const struct cdn_state *state,
                       const struct cdn_plan *plan, const struct cdn_ask *ask,
                       cordon_outcome *outcome);

/* A principal's quota, and where it stands. */
struct cdn_quota_pass {
    const struct cdn_quota *quota;
    struct cdn_quota_state *state;
};

/* False: nobody whose requests are counted. */
bool cdn_quota_find(struct cdn_quota_pass *pass, const cordon_engine *engine,
                    const struct cdn_state *state, const char *principal);

/* The image of a version in this lane, built if need be; `state` is the one entered.
 * Errors: CORDON_E_RULE, CORDON_E_NOMEM. */
cordon_status cdn_lane_image(struct cdn_image **out, struct cdn_lane *lane,
                             const struct cdn_state *state,
                             const struct cdn_version *version, cordon_error *err);

/* A name for one more decision made in the lane. */
void cdn_decision_name(char out[CORDON_DECISION_ID_BYTES + 1], struct cdn_lane *lane);

/* The host's call failed: say so in the outcome too. */
void cdn_outcome_failed(cordon_outcome *outcome, uint64_t entered_ns,
                        const cordon_error *err);

#endif
