/* Running one rule once, in a slot, to an outcome. */
#ifndef CDN_RULE_RUN_H
#define CDN_RULE_RUN_H

#include <cordon/evaluate.h>

#include "graph/binding.h"
#include "rule/host.h"
#include "rule/rule.h"

/* Everything one run needs; borrowed for the call. */
struct cdn_rule_call {
    const struct cdn_rule *rule;
    const struct cdn_image *image; /* built in `slot` */
    struct cdn_slot *slot;
    struct cdn_rule_host *host;         /* what cdn_slot_set_host() was given */
    const cordon_snapshot *snapshot;    /* or NULL */
    const struct cdn_binding *binding;  /* of rule, snapshot and grant */
    const struct cdn_grant *grant;      /* for a wall, behind which it is bound again */
    const struct cdn_local_view *local; /* what is seen there, if not all */
    const uint64_t *border; /* of the snapshot, if it is a slice that ends (graph.h) */
    uint32_t border_hops;
    const struct cdn_host_function *const *functions; /* as the rule lists them */
    const cordon_request *request;                    /* struct_size already checked */
    cordon_trace *trace; /* the request's, if this run is what it is for; else NULL */
    struct cdn_budget budget; /* resolved: nothing zero */
    uint64_t entered_ns;      /* cdn_clock_ns() at the public entry */
    bool at_once;             /* nothing slow, such as waiting, has been done since */
    const uint32_t *revoked;  /* behind a wall: not 0, it is to stop; or NULL */
    /* The parameters are for several rules: those this one does not declare are not its
     * business. */
    bool shared_params;
};

/* Errors: CORDON_E_INVALID (a parameter, a trace in use), CORDON_E_NOTFOUND (label or node),
 * CORDON_E_NOMEM.  Anything the rule does is in the outcome. */
cordon_status cdn_rule_run(cordon_outcome *outcome, const struct cdn_rule_call *call,
                           cordon_error *err);

/* The outcome of a rule that is not run at all, or not any further: its declared fallback
 * stands.  `limit` is CORDON_BUDGET_NONE unless the kind is LIMIT. */
void cdn_rule_refuse(cordon_outcome *outcome, const struct cdn_rule *rule,
                     cordon_outcome_kind kind, cordon_budget limit, const char *format,
                     ...) CDN_PRINTF(5, 6);

#endif
