/* A policy in force: what it makes of one snapshot and of the rules that stand on it.
 *
 * Made with a state and immutable like it (plan.h); counted by states, under the engine's
 * `writer`. */
#ifndef CDN_ENGINE_GRANTED_H
#define CDN_ENGINE_GRANTED_H

#include "engine/plan.h"
#include "engine/policy.h"
#include "engine/quota.h"

struct cdn_granted {
    uint64_t references;
    struct cdn_policy *policy; /* a reference of its own */
    struct cdn_quotas *quotas; /* the same */
    /* By wall, what stands in for it on this machine: itself, or a stronger one. */
    unsigned char walls[CORDON_WALL_MICROVM + 1];
    struct cdn_grant *grants[]; /* by role number */
};

/* `before`: what was in force, NULL if nothing was: of the same policy, its quotas go on.
 * `walls`: by wall, what stands in for it.
 * Errors: CORDON_E_DATA a role does not fit the snapshot, CORDON_E_NOMEM. */
cordon_status cdn_granted_new(struct cdn_granted **out, struct cdn_policy *policy,
                              const struct cdn_granted *before,
                              const cordon_snapshot *snapshot,
                              const unsigned char walls[CORDON_WALL_MICROVM + 1],
                              cordon_error *err);
struct cdn_granted *cdn_granted_retain(struct cdn_granted *granted); /* accepts NULL */
void cdn_granted_release(struct cdn_granted *granted);               /* accepts NULL */

/* Bind an entry's rule for every role number, and note which principals may run it.  What a
 * role may not read is no error: it is kept to be told.
 * Errors: CORDON_E_RULE, CORDON_E_NOMEM. */
cordon_status cdn_entry_grant(struct cdn_entry *entry, const cordon_snapshot *snapshot,
                              const struct cdn_granted *granted, cordon_error *err);
void cdn_entry_ungrant(struct cdn_entry *entry);

/* Who asks, by the policy in force. */
struct cdn_asking {
    const struct cdn_role
        *role;          /* NULL: the host itself, or nobody that may do anything */
    uint32_t principal; /* its number, where there is a role */
};

/* Find out who asks.  False: the principal may do nothing, or not at this priority; *why says
 * so.  Neither allocates nor locks. */
bool cdn_asking_find(struct cdn_asking *out, char *why, size_t size,
                     const struct cdn_state *state, const cordon_request *request);

/* Whom a request is for: the role of its principal (NULL: the host) and the binding that
 * goes with it, NULL if the request brings a graph of its own.  False: it may not, with outcome saying why, as a denial of the rule.
 * Neither allocates nor locks. */
bool cdn_admit(const struct cdn_role **role, const struct cdn_binding **binding,
               cordon_outcome *outcome, const struct cdn_state *state,
               const struct cdn_entry *entry, const cordon_request *request);

/* The same for a request that brings a graph, once it is admitted: its rule bound to that, for
 * the role (NULL: the host).  *out is the caller's, NULL where the role may not read of it what
 * the rule does, with outcome saying so as a denial.
 * Errors: CORDON_E_RULE the rule does not fit the graph, CORDON_E_DATA a mask does not,
 *         CORDON_E_NOMEM. */
cordon_status cdn_admit_graph(struct cdn_binding **out, cordon_outcome *outcome,
                              const struct cdn_entry *entry,
                              const struct cdn_role *role, const cordon_snapshot *graph,
                              cordon_error *err);

#endif
