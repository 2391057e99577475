/* Versions, entries, plans: what runs under a name.
 *
 * Assignment is sticky without any memory of it: a subject's point is a hash of the rule's
 * name and the subject's label and key, so that the same subject gets the same version in
 * every process, and a canary that is widened keeps those it had.  Points of different rules
 * are independent of each other: nobody is always first to meet what is new.
 *
 * Choices take their shares in the order they stand in; what they leave is the live
 * version's. */
#include "engine/plan.h"

#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "engine/engine.h"
#include "engine/rollout.h"
#include "engine/granted.h"
#include "engine/set.h"

/* ---- versions ---- */

struct cdn_version *cdn_version_new_take(struct cdn_rule *rule, uint64_t id,
                                         uint32_t number, uint32_t lanes)
{
    struct cdn_version *version = cdn_calloc(1, sizeof *version);
    size_t align = CDN_TALLY_LINE;

    if (version)
        version->tallies_block = cdn_calloc(lanes + 1, sizeof *version->tallies);
    if (!version || !version->tallies_block) {
        cdn_free(version);
        cdn_rule_free(rule);
        return NULL;
    }
    version->tallies =
        (struct cdn_tally *)(void *)(((uintptr_t)version->tallies_block + align - 1) &
                                     ~(uintptr_t)(align - 1));
    version->id = id;
    version->number = number;
    version->references = 1;
    version->rule = rule;
    cdn_hash_hex(version->hash, rule->hash, sizeof rule->hash);
    return version;
}

void cdn_version_release(struct cdn_version *version)
{
    if (!version || --version->references)
        return;
    cdn_rule_free(version->rule);
    cdn_free(version->functions);
    cdn_free(version->tallies_block);
    cdn_free(version);
}

/* ---- entries ---- */

cordon_status cdn_entry_new(struct cdn_entry **out, struct cdn_version *version,
                            const cordon_snapshot *snapshot,
                            const struct cdn_granted *granted, cordon_error *err)
{
    struct cdn_entry *entry = cdn_calloc(1, sizeof *entry);
    cordon_status status;

    *out = NULL;
    if (!entry)
        return cdn_error_nomem(err);
    status = cdn_binding_new(&entry->binding, &version->rule->names, snapshot,
                             &cdn_grant_everything, err);
    entry->version = version;
    if (!status && granted)
        status = cdn_entry_grant(entry, snapshot, granted, err);
    if (status) {
        const char *file = version->rule->file;

        if (status != CORDON_E_NOMEM && err)
            cdn_escape(err->file, sizeof err->file, file, strlen(file));
        cdn_entry_ungrant(entry);
        cdn_binding_free(entry->binding);
        cdn_free(entry);
        return status;
    }
    entry->references = 1;
    version->references++;
    *out = entry;
    return CORDON_OK;
}

void cdn_entry_release(struct cdn_entry *entry)
{
    if (!entry || --entry->references)
        return;
    cdn_entry_ungrant(entry);
    cdn_binding_free(entry->binding);
    cdn_version_release(entry->version);
    cdn_free(entry);
}

/* ---- plans ---- */

struct cdn_plan *cdn_plan_new(const char *name)
{
    struct cdn_plan *plan = cdn_calloc(1, sizeof *plan);

    if (!plan)
        return NULL;
    plan->references = 1;
    snprintf(plan->name, sizeof plan->name, "%s", name);
    plan->salt = cdn_hash_xxh3(name, strlen(name));
    return plan;
}

uint32_t cdn_plan_entries(struct cdn_entry *out[CDN_PLAN_MAX_ENTRIES],
                          const struct cdn_plan *plan)
{
    uint32_t count = 0;

    if (plan->live)
        out[count++] = plan->live;
    for (uint32_t i = 0; i < plan->choice_count; i++)
        out[count++] = plan->choices[i].entry;
    for (uint32_t i = 0; i < plan->shadow_count; i++)
        out[count++] = plan->shadows[i].entry;
    return count;
}

static void past_release(struct cdn_past *past)
{
    if (past && !--past->references)
        cdn_free(past);
}

void cdn_plan_release(struct cdn_plan *plan)
{
    struct cdn_entry *entries[CDN_PLAN_MAX_ENTRIES];
    uint32_t count;

    if (!plan || --plan->references)
        return;
    count = cdn_plan_entries(entries, plan);
    for (uint32_t i = 0; i < count; i++)
        cdn_entry_release(entries[i]);
    cdn_set_release(plan->set);
    cdn_baseline_release(plan->baseline);
    past_release(plan->past);
    cdn_free(plan);
}

static bool runs_in(const struct cdn_version *version, const struct cdn_plan *plan)
{
    struct cdn_entry *entries[CDN_PLAN_MAX_ENTRIES];
    uint32_t count = cdn_plan_entries(entries, plan);

    for (uint32_t i = 0; i < count; i++)
        if (entries[i]->version == version)
            return true;
    return false;
}

bool cdn_plan_succeed(struct cdn_plan *plan, const struct cdn_plan *before,
                      uint32_t lanes)
{
    struct cdn_entry *entries[CDN_PLAN_MAX_ENTRIES];
    uint32_t count = cdn_plan_entries(entries, before);
    struct cdn_past *past = before->past;

    if (past)
        past->references++;
    for (uint32_t i = 0; i < count; i++) {
        const struct cdn_version *version = entries[i]->version;
        bool counted = false;

        for (uint32_t k = 0; k < i; k++) /* live and in the shadow at once */
            counted = counted || entries[k]->version == version;
        if (counted || runs_in(version, plan))
            continue;
        if (past == before->past) {
            struct cdn_past *sum = cdn_calloc(1, sizeof *sum);

            if (sum && past)
                sum->tally = past->tally;
            past_release(past);
            if (!sum)
                return false;
            sum->references = 1;
            past = sum;
        }
        cdn_tally_sum(&past->tally, version->tallies, lanes);
    }
    plan->past = past;
    return true;
}

cordon_status cdn_plan_rebind(struct cdn_plan **out, const struct cdn_plan *plan,
                              const cordon_snapshot *snapshot,
                              const struct cdn_granted *granted, cordon_error *err)
{
    struct cdn_plan *fresh = cdn_plan_new(plan->name);
    cordon_status status = CORDON_OK;

    *out = NULL;
    if (!fresh)
        return cdn_error_nomem(err);
    fresh->registered = plan->registered;
    fresh->partial = plan->partial;
    fresh->revision = plan->revision;
    fresh->trust_count = plan->trust_count;
    memcpy(fresh->trusts, plan->trusts, sizeof fresh->trusts);
    fresh->since_ms = plan->since_ms;
    fresh->state = plan->state;
    memcpy(fresh->why, plan->why, sizeof fresh->why);
    fresh->set = cdn_set_retain(plan->set);
    fresh->set_number = plan->set_number;
    fresh->guarded = plan->guarded;
    fresh->guard = plan->guard;
    fresh->baseline = plan->baseline;
    if (fresh->baseline)
        fresh->baseline->references++;
    fresh->past = plan->past;
    if (fresh->past)
        fresh->past->references++;
    if (plan->state != CDN_PLAN_ACTIVE) { /* nothing of it runs: it need not fit */
        snapshot = NULL;
        granted = NULL;
    }
    if (plan->live)
        status =
            cdn_entry_new(&fresh->live, plan->live->version, snapshot, granted, err);
    for (uint32_t i = 0; i < plan->choice_count && !status; i++) {
        struct cdn_choice *choice = &fresh->choices[i];

        *choice = plan->choices[i];
        status = cdn_entry_new(&choice->entry, plan->choices[i].entry->version,
                               snapshot, granted, err);
        if (!status)
            fresh->choice_count++;
    }
    for (uint32_t i = 0; i < plan->shadow_count && !status; i++) {
        struct cdn_shadow *shadow = &fresh->shadows[fresh->shadow_count];
        cordon_error own;

        *shadow = plan->shadows[i];
        status = cdn_entry_new(&shadow->entry, plan->shadows[i].entry->version,
                               snapshot, granted, &own);
        if (!status) {
            fresh->shadow_count++;
        } else if (status == CORDON_E_NOMEM) {
            (void)cdn_error_nomem(err);
        } else {
            fresh->partial = true; /* the next look at the registry says so */
            status = CORDON_OK;
        }
    }
    if (status) {
        cdn_plan_release(fresh);
        return status;
    }
    *out = fresh;
    return CORDON_OK;
}

bool cdn_plan_may_block(const struct cdn_plan *plan)
{
    struct cdn_entry *entries[CDN_PLAN_MAX_ENTRIES];
    uint32_t count = cdn_plan_entries(entries, plan), flags = 0;

    for (uint32_t i = 0; i < count; i++)
        flags |= entries[i]->version->function_flags;
    return flags & CORDON_FUNCTION_MAY_BLOCK;
}

uint32_t cdn_plan_point(const struct cdn_plan *plan, const cordon_request *request)
{
    uint64_t hash;
    size_t bytes;

    if (!request->label || !request->key)
        return CDN_PLAN_WHOLE;
    bytes = request->key_bytes ? request->key_bytes : strlen(request->key);
    hash =
        cdn_hash_mix(plan->salt, cdn_hash_xxh3(request->label, strlen(request->label)));
    hash = cdn_hash_mix(hash, cdn_hash_xxh3(request->key, bytes));
    /* the high half of a product maps evenly */
    return (uint32_t)(((hash >> 32) * CDN_PLAN_WHOLE) >> 32);
}

const struct cdn_entry *cdn_plan_choose(const struct cdn_plan *plan, uint32_t point,
                                        cordon_variant *variant)
{
    for (uint32_t i = 0; i < plan->choice_count; i++)
        if (point >= plan->choices[i].from && point < plan->choices[i].below) {
            *variant = plan->choices[i].variant;
            return plan->choices[i].entry;
        }
    *variant = CORDON_VARIANT_LIVE;
    return plan->live;
}
