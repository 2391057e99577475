/* Letting in and keeping out; quota.h says by what rule. */
#include "engine/quota.h"

#include <math.h>
#include <string.h>

#include "base/alloc.h"

struct cdn_quotas *cdn_quotas_new(const struct cdn_policy *policy)
{
    size_t count = (size_t)policy->principal_count + policy->rule_count;
    size_t align = _Alignof(struct cdn_quota_state);
    struct cdn_quotas *quotas = cdn_calloc(1, sizeof *quotas);

    if (!quotas)
        return NULL;
    quotas->references = 1;
    quotas->block = cdn_calloc(count + 1, sizeof *quotas->principals);
    if (!quotas->block) {
        cdn_free(quotas);
        return NULL;
    }
    quotas->principals =
        (struct cdn_quota_state *)(void *)(((uintptr_t)quotas->block + align - 1) &
                                           ~(uintptr_t)(align - 1));
    quotas->rules = quotas->principals + policy->principal_count;
    return quotas;
}

void cdn_quotas_release(struct cdn_quotas *quotas)
{
    if (!quotas || --quotas->references)
        return;
    cdn_free(quotas->block);
    cdn_free(quotas);
}

static void carry(struct cdn_quota_state *to, const struct cdn_quota *quota,
                  const struct cdn_quota_state *from, const struct cdn_quota *before)
{
    if (quota->rate != before->rate || quota->burst != before->burst ||
        quota->cost_per_s != before->cost_per_s)
        return;
    atomic_store_explicit(&to->due_ns,
                          atomic_load_explicit(&from->due_ns, memory_order_relaxed),
                          memory_order_relaxed);
    atomic_store_explicit(&to->paid_ns,
                          atomic_load_explicit(&from->paid_ns, memory_order_relaxed),
                          memory_order_relaxed);
}

void cdn_quotas_carry(struct cdn_quotas *quotas, const struct cdn_policy *policy,
                      const struct cdn_quotas *from, const struct cdn_policy *before)
{
    for (uint32_t i = 0; i < policy->principal_count; i++) {
        const struct cdn_role *role = &policy->principals[i];
        int32_t number = cdn_policy_principal(before, role->principal);

        if (number >= 0)
            carry(&quotas->principals[i], &role->quota, &from->principals[number],
                  &before->principals[number].quota);
    }
    for (uint32_t i = 0, k = 0; i < policy->rule_count && k < before->rule_count;) {
        int order = strcmp(policy->rules[i].name, before->rules[k].name);

        if (!order)
            carry(&quotas->rules[i], &policy->rules[i].quota, &from->rules[k],
                  &before->rules[k].quota);
        i += order <= 0; /* both are in the order of the names */
        k += order >= 0;
    }
}

/* ns for so much at so much a second, at most a day. */
static uint64_t ns_for(double amount, double per_s)
{
    double ns = ceil(amount / per_s * 1e9);

    return ns < 86400e9 ? (uint64_t)ns : UINT64_C(86400000000000);
}

static cordon_status over(const char *what, const char *name, const char *which,
                          uint64_t wait_ns, cordon_error *err)
{
    return cdn_error_set(err, CORDON_E_QUOTA,
                         "%s '%.64s' is over its quota of %s; try again in %.3g ms",
                         what, name, which, (double)(wait_ns ? wait_ns : 1) / 1e6);
}

/* 0: due; else in how many ns it will be. */
static uint64_t take_turn(struct cdn_quota_state *state, const struct cdn_quota *quota,
                          uint64_t now_ns)
{
    uint64_t step = ns_for(1, quota->rate);
    uint64_t slack = quota->burst > 1 ? ns_for(quota->burst - 1, quota->rate) : 0;
    uint64_t due = atomic_load_explicit(&state->due_ns, memory_order_relaxed);

    for (;;) {
        uint64_t from = due > now_ns ? due : now_ns;

        if (from > now_ns + slack)
            return from - slack - now_ns;
        if (atomic_compare_exchange_weak(&state->due_ns, &due, from + step))
            return 0;
    }
}

cordon_status cdn_quota_enter(struct cdn_quota_state *state,
                              const struct cdn_quota *quota, uint64_t now_ns,
                              const char *what, const char *name, cordon_error *err)
{
    uint64_t paid = atomic_load_explicit(&state->paid_ns, memory_order_relaxed);
    uint64_t wait;

    if (quota->cost_per_s > 0 && paid > now_ns)
        return over(what, name, "instructions", paid - now_ns, err);
    if (quota->concurrency) {
        uint32_t running = atomic_fetch_add(&state->running, 1);

        if (running >= quota->concurrency) {
            atomic_fetch_sub(&state->running, 1);
            return over(what, name, "requests at once", 0, err);
        }
    }
    wait = quota->rate > 0 ? take_turn(state, quota, now_ns) : 0;
    if (!wait)
        return CORDON_OK;
    if (quota->concurrency)
        atomic_fetch_sub(&state->running, 1);
    return over(what, name, "requests a second", wait, err);
}

void cdn_quota_leave(struct cdn_quota_state *state, const struct cdn_quota *quota,
                     uint64_t now_ns, uint64_t instructions)
{
    uint64_t paid, owed;

    if (quota->concurrency)
        atomic_fetch_sub(&state->running, 1);
    if (quota->cost_per_s <= 0)
        return;
    owed = ns_for((double)instructions, quota->cost_per_s);
    paid = atomic_load_explicit(&state->paid_ns, memory_order_relaxed);
    /* one second's worth may be used ahead of time */
    for (;;) {
        uint64_t floor = now_ns > 1000000000 ? now_ns - 1000000000 : 0;
        uint64_t from = paid > floor ? paid : floor;

        if (atomic_compare_exchange_weak(&state->paid_ns, &paid, from + owed))
            return;
    }
}
