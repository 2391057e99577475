/* What an evaluation stands on: versions of rules, which of them run for whom, and the
 * state that all of it makes up.
 *
 *   version  one loaded text of one rule, and what it has done so far
 *   entry    a version bound to a snapshot, for the host and for each role of the policy
 *   plan     what runs under a name: the live version, a canary or arms that take a share of
 *            the subjects, shadows that run beside it and decide nothing
 *   state    a snapshot, a policy and the plans by name; immutable, published by one atomic pointer
 *
 * All four are counted by whoever holds them, under the engine's `writer`; an evaluation
 * counts nothing (engine.h, `using`). */
#ifndef CDN_ENGINE_PLAN_H
#define CDN_ENGINE_PLAN_H

#include <stdbool.h>
#include <stdint.h>

#include <cordon/evaluate.h>
#include <cordon/standing.h>

#include "base/hash.h"
#include "engine/breaker.h"
#include "engine/tally.h"
#include "graph/binding.h"
#include "rule/rule.h"

/* Shares of subjects are in basis points: so many of these. */
#define CDN_PLAN_WHOLE       10000
#define CDN_PLAN_MAX_CHOICES 8
#define CDN_PLAN_MAX_SHADOWS 4
#define CDN_PLAN_WHY_BYTES   200

struct cdn_granted;
struct cdn_set;
struct cdn_baseline;
struct cdn_granted;

struct cdn_version {
    uint64_t id; /* of this engine, never given twice; images are kept by it */
    uint64_t references;
    uint32_t number; /* in the registry; 0: from a text */
    _Atomic uint32_t
        raised; /* it runs behind no weaker wall, since its breaker tripped */
    char hash[2 * CDN_CONTENT_HASH_BYTES + 1]; /* of its source, hexadecimal */
    struct cdn_rule *rule;
    const struct cdn_host_function **functions; /* as the rule lists them; NULL: none */
    uint32_t function_flags;                    /* of all of them */
    struct cdn_tally *tallies;                  /* one a lane */
    void *tallies_block; /* what was allocated for them, before it was aligned */
    /* What nine of ten runs stay within, for limits that tighten under load; 0: too few
     * runs to tell.  Written by the engine's upkeep, read with relaxed loads. */
    uint64_t typical_instructions;
    uint64_t typical_wall_ns;
    /* What had been counted when that was learned.  The upkeep's. */
    struct cdn_sketch learned_instructions, learned_wall;
    struct cdn_breaker breaker;
    /* How often it ran as the registry has it, and what its tallies had come to when that was so
     * (history.h).  Under the engine's `writer`. */
    struct {
        uint64_t kept, counted;
    } history;
};

/* What a role number may read of a rule's names: all of them, or what it may not. */
struct cdn_bound_role {
    struct cdn_binding
        *binding;  /* NULL: it may not, or no principal of it may run it */
    char *missing; /* "property 'email' of Account" */
};

struct cdn_entry {
    uint64_t references;
    struct cdn_version *version;
    /* The weakest wall it may run behind, as options, policy and registry have it (trust.h);
     * CDN_WALL_NONE: none that works will do. */
    _Atomic uint32_t wall;
    struct cdn_binding *binding;  /* of the host, to whom everything is granted */
    uint32_t role_count;          /* of the policy; 0: there is none */
    struct cdn_bound_role *roles; /* by role number */
    uint64_t *may_run;            /* bit a principal of the policy */
};

enum cdn_plan_state { CDN_PLAN_ACTIVE, CDN_PLAN_PAUSED, CDN_PLAN_KILLED };

struct cdn_choice {
    struct cdn_entry *entry;
    cordon_variant variant; /* CANARY or ARM */
    uint32_t from, below;   /* takes subjects whose point lies in [from, below) */
};

struct cdn_shadow {
    struct cdn_entry *entry;
    uint32_t sample; /* in basis points of the subjects */
};

/* What versions did that are no longer in a plan, so that sums over all of a rule's versions
 * never go down: to who reads them that would be a counter that began anew. */
struct cdn_past {
    uint64_t references; /* of plans */
    struct cdn_tally tally;
};

struct cdn_plan {
    uint64_t references;
    char name[CORDON_RULE_MAX_NAME_BYTES + 1];
    bool registered;      /* stands in the registry, which may change it */
    bool partial;         /* without what its standing names and does not load here */
    uint64_t revision;    /* of its standing there */
    uint32_t trust_count; /* what the standing says of versions that are trusted less */
    cordon_trust trusts[CORDON_REGISTRY_MAX_TRUSTS];
    int64_t since_ms;       /* when its active version was activated; 0: it never was */
    uint64_t salt;          /* of the subjects' points */
    struct cdn_entry *live; /* of a set: NULL */
    uint32_t choice_count, shadow_count;
    struct cdn_choice choices[CDN_PLAN_MAX_CHOICES];
    struct cdn_shadow shadows[CDN_PLAN_MAX_SHADOWS];
    struct cdn_set *set; /* NULL: it is a rule */
    uint32_t set_number; /* the set's version in the registry; 0: from a text */
    bool guarded;        /* the guard of the rollout */
    cordon_guard guard;
    struct cdn_baseline
        *baseline;         /* what its rollout counts from; NULL: there is none */
    struct cdn_past *past; /* NULL: nothing */
    enum cdn_plan_state state;
    char why[CDN_PLAN_WHY_BYTES]; /* it is paused or killed */
    uint32_t revoked;             /* not 0: runs in flight are to stop; atomic */
};

struct cdn_state {
    cordon_snapshot *snapshot;   /* a reference of its own; NULL: none */
    struct cdn_granted *granted; /* the same; NULL: no policy */
    uint32_t count;
    uint32_t mask;           /* slots of the table less one */
    struct cdn_plan **plans; /* open addressing by name */
    uint32_t version_count;
    uint64_t *versions;        /* ascending; of all entries of all plans */
    struct cdn_state *retired; /* the next older one that may still be in use */
};

/* What a request is evaluated on; NULL: nothing. */
static inline const cordon_snapshot *cdn_request_graph(const struct cdn_state *state,
                                                       const cordon_request *request)
{
    return request->graph ? request->graph : state->snapshot;
}

/* ---- versions and entries ---- */

/* A version of `rule`, which it takes also on failure, counting in `lanes` lanes.  One
 * reference.  NULL: no memory. */
struct cdn_version *cdn_version_new_take(struct cdn_rule *rule, uint64_t id,
                                         uint32_t number, uint32_t lanes);
void cdn_version_release(struct cdn_version *version); /* accepts NULL */

/* A new entry with one reference; adds one to the version.
 * Errors: CORDON_E_RULE, CORDON_E_NOMEM. */
cordon_status cdn_entry_new(struct cdn_entry **out, struct cdn_version *version,
                            const cordon_snapshot *snapshot,
                            const struct cdn_granted *granted, cordon_error *err);
void cdn_entry_release(struct cdn_entry *entry); /* accepts NULL */

/* ---- plans ---- */

/* A plan of that name without anything in it, one reference.  NULL: no memory. */
struct cdn_plan *cdn_plan_new(const char *name);
void cdn_plan_release(struct cdn_plan *plan); /* accepts NULL */

/* Have the plan, which takes the place of `before`, keep what versions did there that are not
 * in it.  What such a version still does after this is not counted.  False: no memory. */
bool cdn_plan_succeed(struct cdn_plan *plan, const struct cdn_plan *before,
                      uint32_t lanes);

/* The same plan with every entry bound to another snapshot, or for another policy.  What is
 * paused or killed fits any snapshot; a shadow that does not fit is left out (`partial`), since
 * it decides nothing.  err is that of the live version if that does not fit, else of the
 * first choice that does not.
 * Errors: CORDON_E_RULE, CORDON_E_NOMEM. */
cordon_status cdn_plan_rebind(struct cdn_plan **out, const struct cdn_plan *plan,
                              const cordon_snapshot *snapshot,
                              const struct cdn_granted *granted, cordon_error *err);

/* All entries of a plan: the live one (a set has none), the choices, the shadows.  Returns
 * how many. */
#define CDN_PLAN_MAX_ENTRIES (1 + CDN_PLAN_MAX_CHOICES + CDN_PLAN_MAX_SHADOWS)
uint32_t cdn_plan_entries(struct cdn_entry *out[CDN_PLAN_MAX_ENTRIES],
                          const struct cdn_plan *plan);

/* May any of them call a function of the host's that may block? */
bool cdn_plan_may_block(const struct cdn_plan *plan);

/* Where a request's subject falls, 0 to CDN_PLAN_WHOLE - 1: the same for the same rule and
 * key, always; CDN_PLAN_WHOLE without a subject, which no choice takes. */
uint32_t cdn_plan_point(const struct cdn_plan *plan, const cordon_request *request);

/* Who answers for a subject at that point. */
const struct cdn_entry *cdn_plan_choose(const struct cdn_plan *plan, uint32_t point,
                                        cordon_variant *variant);

/* ---- states ---- */

/* NULL: no such plan. */
struct cdn_plan *cdn_state_find(const struct cdn_state *state, const char *name);
/* `state` is a struct cdn_state; a shape for cdn_images_sweep(). */
bool cdn_state_has_version(const void *state, uint64_t version);
/* "no rule 'x'; did you mean 'y'?", CORDON_E_NOTFOUND. */
cordon_status cdn_state_no_rule(const struct cdn_state *state, const char *name,
                                cordon_error *err);

/* One without plans but with room for `plans`, and with references of its own to the
 * snapshot and to what is granted on it (either may be NULL).  NULL: no memory. */
struct cdn_state *cdn_state_new(cordon_snapshot *snapshot, struct cdn_granted *granted,
                                uint32_t plans);
/* Add a plan (one more reference) whose name is not there yet. */
void cdn_state_add(struct cdn_state *state, struct cdn_plan *plan);
/* Add all of `from` but the plan named `without` (NULL: all). */
void cdn_state_add_all(struct cdn_state *state, const struct cdn_state *from,
                       const char *without);
/* After the last addition: number the versions.  False: no memory. */
bool cdn_state_finish(struct cdn_state *state);
/* One nobody has seen, or nobody can see any more.  Accepts NULL. */
void cdn_state_free(struct cdn_state *state);

#endif
