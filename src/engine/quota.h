/* Quotas: how many requests, how many at once, how much work in how long.
 *
 * Rates are kept by the generic cell rate algorithm: one time stamp a quota, "when the next
 * request would be due if all came evenly", moved by a compare and swap.  Nothing is refilled
 * by a timer, and what is not used adds up to one burst and no more.  Cost is charged after
 * the fact: who has used too much waits until the rate has paid for it.
 * Source: ITU-T I.371 (GCRA).
 *
 * Threads: any number at once; no lock. */
#ifndef CDN_ENGINE_QUOTA_H
#define CDN_ENGINE_QUOTA_H

#include <stdatomic.h>
#include <stdint.h>

#include "base/error.h"
#include "engine/policy.h"

/* Where one quota stands.  Zero-initialised is unused. */
struct cdn_quota_state {
    _Alignas(64) _Atomic uint64_t due_ns; /* cdn_clock_ns() */
    _Atomic uint64_t paid_ns;             /* until when work is paid for */
    _Atomic uint32_t running;
};

/* All quotas of a policy, kept while the policy is in force whatever the snapshot.  Counted
 * by those who hold it, under the engine's `writer`. */
struct cdn_quotas {
    uint64_t references;
    void *block;                        /* what was allocated, before it was aligned */
    struct cdn_quota_state *principals; /* by number */
    struct cdn_quota_state *rules;      /* as policy->rules */
};

struct cdn_quotas *
cdn_quotas_new(const struct cdn_policy *policy);    /* NULL: no memory */
void cdn_quotas_release(struct cdn_quotas *quotas); /* accepts NULL */
/* Take over what was used of each quota that stands in both policies and is the same there: a
 * policy that is read anew gives nobody another burst.  Who runs at this moment is not taken
 * over, and may have as many again beside them. */
void cdn_quotas_carry(struct cdn_quotas *quotas, const struct cdn_policy *policy,
                      const struct cdn_quotas *from, const struct cdn_policy *before);

/* Let one more in.  `what` and `name` are for the message: "principal", "ann".
 * Errors: CORDON_E_QUOTA, with when to try again. */
cordon_status cdn_quota_enter(struct cdn_quota_state *state,
                              const struct cdn_quota *quota, uint64_t now_ns,
                              const char *what, const char *name, cordon_error *err);
/* It has ended, having used so many instructions. */
void cdn_quota_leave(struct cdn_quota_state *state, const struct cdn_quota *quota,
                     uint64_t now_ns, uint64_t instructions);

#endif
