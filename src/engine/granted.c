/* A policy in force: its grants over one snapshot, each rule bound under each of them, and
 * the question a request's principal is put to.
 *
 * All that can be done before a request is done when a state is made: grants are compiled
 * once a (policy, snapshot), a rule is bound once for each role number whose principals may
 * run it, and who may run it is one bit a principal.  What is left for the request is to
 * find its principal by name, a binary search, and to read a bit and a pointer.
 *
 * A rule that reads more than a role may is a fact about both, not a fault of either: the
 * rule stays in service for everybody else, and this role is told the difference. */
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "engine/granted.h"
#include "rule/outcome.h"
#include "rule/run.h"

/* ---- a policy over a snapshot ---- */

static struct cdn_quotas *quotas_of(const struct cdn_policy *policy,
                                    const struct cdn_granted *before)
{
    if (!before || before->policy != policy) {
        struct cdn_quotas *quotas = cdn_quotas_new(policy);

        if (quotas && before)
            cdn_quotas_carry(quotas, policy, before->quotas, before->policy);
        return quotas;
    }
    before->quotas->references++;
    return before->quotas;
}

cordon_status cdn_granted_new(struct cdn_granted **out, struct cdn_policy *policy,
                              const struct cdn_granted *before,
                              const cordon_snapshot *snapshot,
                              const unsigned char walls[CORDON_WALL_MICROVM + 1],
                              cordon_error *err)
{
    struct cdn_granted *granted;
    cordon_status status = CORDON_OK;

    *out = NULL;
    granted =
        cdn_calloc(1, sizeof *granted + policy->role_count * sizeof *granted->grants);
    if (!granted)
        return cdn_error_nomem(err);
    granted->references = 1;
    granted->policy = cordon_policy_retain(policy);
    granted->quotas = quotas_of(policy, before);
    memcpy(granted->walls, walls, sizeof granted->walls);
    if (!granted->quotas)
        status = cdn_error_nomem(err);
    for (uint32_t i = 0; i < policy->role_count && !status; i++)
        status = cdn_grant_compile(&granted->grants[i], cdn_policy_number(policy, i),
                                   snapshot, err);
    if (status) {
        cdn_granted_release(granted);
        return status;
    }
    *out = granted;
    return CORDON_OK;
}

struct cdn_granted *cdn_granted_retain(struct cdn_granted *granted)
{
    if (granted)
        granted->references++;
    return granted;
}

void cdn_granted_release(struct cdn_granted *granted)
{
    if (!granted || --granted->references)
        return;
    for (uint32_t i = 0; i < granted->policy->role_count; i++)
        cdn_grant_free(granted->grants[i]);
    cdn_quotas_release(granted->quotas);
    cordon_policy_release(granted->policy);
    cdn_free(granted);
}

/* ---- a rule under it ---- */

static cordon_status bind_role(struct cdn_bound_role *out, const struct cdn_rule *rule,
                               const cordon_snapshot *snapshot,
                               const struct cdn_grant *grant, cordon_error *err)
{
    char missing[CORDON_ERROR_MESSAGE_BYTES - 128];

    if (!cdn_binding_missing(missing, sizeof missing, &rule->names, snapshot, grant))
        return cdn_binding_new(&out->binding, &rule->names, snapshot, grant, err);
    out->missing = cdn_strdup(missing);
    return out->missing ? CORDON_OK : cdn_error_nomem(err);
}

cordon_status cdn_entry_grant(struct cdn_entry *entry, const cordon_snapshot *snapshot,
                              const struct cdn_granted *granted, cordon_error *err)
{
    const struct cdn_policy *policy = granted->policy;
    const struct cdn_rule *rule = entry->version->rule;
    cordon_status status = CORDON_OK;

    entry->roles = cdn_calloc(policy->role_count, sizeof *entry->roles);
    entry->may_run =
        cdn_calloc(policy->principal_count / 64 + 1, sizeof *entry->may_run);
    if (!entry->roles || !entry->may_run)
        return cdn_error_nomem(err);
    entry->role_count = policy->role_count;
    for (uint32_t i = 0; i < policy->principal_count && !status; i++) {
        const struct cdn_role *role = &policy->principals[i];
        struct cdn_bound_role *bound = &entry->roles[role->number];

        if (!cdn_role_may_run(role, rule->name, rule->tag_count, rule->tags))
            continue;
        entry->may_run[i >> 6] |= UINT64_C(1) << (i & 63);
        if (!bound->binding && !bound->missing)
            status =
                bind_role(bound, rule, snapshot, granted->grants[role->number], err);
    }
    return status;
}

void cdn_entry_ungrant(struct cdn_entry *entry)
{
    for (uint32_t i = 0; i < entry->role_count; i++) {
        cdn_binding_free(entry->roles[i].binding);
        cdn_free(entry->roles[i].missing);
    }
    cdn_free(entry->roles);
    cdn_free(entry->may_run);
}

/* ---- a request ---- */

bool cdn_asking_find(struct cdn_asking *out, char *why, size_t size,
                     const struct cdn_state *state, const cordon_request *request)
{
    const struct cdn_policy *policy = state->granted ? state->granted->policy : NULL;
    int32_t number;

    *out = (struct cdn_asking){0};
    if (!request->principal)
        return true;
    if (!policy) {
        (void)snprintf(why, size,
                       "principal '%.64s' may do nothing: the engine has no policy",
                       request->principal);
        return false;
    }
    number = cdn_policy_principal(policy, request->principal);
    if (number < 0) {
        (void)cdn_policy_unknown(why, size, policy, request->principal);
        return false;
    }
    out->principal = (uint32_t)number;
    out->role = cdn_policy_role(policy, number);
    if (request->priority <= out->role->max_priority)
        return true;
    (void)snprintf(why, size, "principal '%s' may not ask for priority %u, only %u",
                   out->role->principal, request->priority, out->role->max_priority);
    return false;
}

/* The rule's fallback stands, as for a rule that was stopped. */
#define DENY(outcome, graph, rule, ...)                                                \
    (cdn_rule_refuse(outcome, rule, CORDON_OUTCOME_DENIED, CORDON_BUDGET_NONE,         \
                     __VA_ARGS__),                                                     \
     (outcome)->generation = (graph) ? cordon_snapshot_generation(graph) : 0, false)

bool cdn_admit(const struct cdn_role **role, const struct cdn_binding **binding,
               cordon_outcome *outcome, const struct cdn_state *state,
               const struct cdn_entry *entry, const cordon_request *request)
{
    const struct cdn_rule *rule = entry->version->rule;
    const cordon_snapshot *graph = cdn_request_graph(state, request);
    const struct cdn_bound_role *bound;
    char why[CORDON_ERROR_MESSAGE_BYTES];
    struct cdn_asking asking;

    *role = NULL;
    *binding = request->graph ? NULL : entry->binding;
    if (!cdn_asking_find(&asking, why, sizeof why, state, request)) {
        *role = asking.role;
        return DENY(outcome, graph, rule, "%s", why);
    }
    if (!asking.role)
        return true;
    *role = asking.role;
    bound = &entry->roles[asking.role->number];
    if (!cdn_bit(entry->may_run, asking.principal))
        return DENY(outcome, graph, rule, "principal '%s' may not run rule '%s'",
                    asking.role->principal, rule->name);
    if (request->graph)
        return true;
    if (!bound->binding)
        return DENY(outcome, graph, rule,
                    "principal '%s' may not read %s, which rule '%s' does",
                    asking.role->principal, bound->missing, rule->name);
    *binding = bound->binding;
    return true;
}

cordon_status cdn_admit_graph(struct cdn_binding **out, cordon_outcome *outcome,
                              const struct cdn_entry *entry,
                              const struct cdn_role *role, const cordon_snapshot *graph,
                              cordon_error *err)
{
    const struct cdn_rule *rule = entry->version->rule;
    struct cdn_bound_role bound = {0};
    struct cdn_grant *grant = NULL;
    cordon_status status = CORDON_OK;

    *out = NULL;
    if (role)
        status = cdn_grant_compile_part(&grant, role, graph, err);
    if (!status)
        status =
            bind_role(&bound, rule, graph, grant ? grant : &cdn_grant_everything, err);
    if (status == CORDON_E_RULE && err)
        cdn_error_prefix(err, "the request's graph");
    if (role && bound.missing) /* who has no role may read all of it */
        (void)DENY(outcome, graph, rule,
                   "principal '%s' may not read %s, which rule '%s' does",
                   role->principal, bound.missing, rule->name);
    *out = bound.binding;
    cdn_free(bound.missing);
    cdn_grant_free(grant);
    return status;
}
