/* Changing what decides for whom: rollouts and shadows.
 *
 * A rollout is the variants of a standing and their guard; it begins, changes and ends as a
 * whole.  Its versions differ from each other and from the active one, so that hashing a
 * subject to a share always means one version. */
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "engine/registry.h"
#include "engine/registry_change.h"
#include "engine/registry_read.h"

/* Append to the details of a change, as far as they have room. */
static void detail(struct cdn_edit *edit, const char *format, ...) CDN_PRINTF(2, 3);

static void detail(struct cdn_edit *edit, const char *format, ...)
{
    size_t length = strlen(edit->record.details);
    va_list args;

    va_start(args, format);
    (void)vsnprintf(edit->record.details + length,
                    sizeof(edit->record.details) - length, format, args);
    va_end(args);
}

/* A set has no subjects' shares and no outcome of its own that could be compared: what is
 * tried is a version of one of its rules. */
static cordon_status must_be_rule(const cordon_standing *standing, const char *what,
                                  cordon_error *err)
{
    if (standing->kind == CORDON_OBJECT_RULE)
        return CORDON_OK;
    return cdn_error_set(
        err, CORDON_E_INVALID,
        "'%s' is a set; %s is of a rule: try a version of one that the "
        "set names, or activate the set's",
        standing->name, what);
}

static cordon_status must_be_active(const struct cdn_edit *edit, const char *what,
                                    cordon_error *err)
{
    if (edit->standing.state == CORDON_STANDING_ACTIVE)
        return CORDON_OK;
    return cdn_error_set(err, CORDON_E_INVALID,
                         "'%s' is %s; %s needs an active version", edit->name,
                         cordon_object_state_str(edit->standing.state), what);
}

static bool has_variant(const cordon_standing *standing, uint32_t version)
{
    for (uint32_t i = 0; i < standing->variant_count; i++)
        if (standing->variants[i].version == version)
            return true;
    return false;
}

/* ---- rollout ---- */

static bool rate_valid(double rate, double most)
{
    return rate >= 0 && rate <= most;
}

static cordon_status check_guard(const cordon_guard *guard, cordon_error *err)
{
    if (!guard->min_samples || guard->min_samples > INT64_MAX)
        return cdn_error_set(err, CORDON_E_INVALID,
                             "a guard needs min_samples, from 1 to 2^63-1");
    if (!rate_valid(guard->max_error_rate, 1) ||
        !rate_valid(guard->max_limit_rate, 1) || !rate_valid(guard->max_drift, 1))
        return cdn_error_set(err, CORDON_E_INVALID,
                             "a guard's rates and drift are from 0 to 1");
    if (!rate_valid(guard->max_p99_ratio, HUGE_VAL) || isinf(guard->max_p99_ratio))
        return cdn_error_set(err, CORDON_E_INVALID,
                             "a guard's p99 ratio is a number above 0");
    if (guard->max_error_rate == 0 && guard->max_limit_rate == 0 &&
        guard->max_p99_ratio == 0 && guard->max_drift == 0)
        return cdn_error_set(err, CORDON_E_INVALID,
                             "the guard looks at nothing; give it a rate, a p99 ratio "
                             "or a drift");
    return CORDON_OK;
}

/* What can be said of a rollout without knowing the object. */
static cordon_status check_rollout(const cordon_rollout *rollout, cordon_error *err)
{
    uint64_t whole = 0;
    uint32_t canaries = 0;

    if (!rollout->variant_count ||
        rollout->variant_count > CORDON_REGISTRY_MAX_VARIANTS)
        return cdn_error_set(err, CORDON_E_INVALID,
                             "a rollout of %" PRIu32 " variants; 1 to %d are possible",
                             rollout->variant_count, CORDON_REGISTRY_MAX_VARIANTS);
    for (uint32_t i = 0; i < rollout->variant_count; i++) {
        const cordon_rollout_variant *variant = &rollout->variants[i];

        if (variant->kind != CORDON_VARIANT_CANARY &&
            variant->kind != CORDON_VARIANT_ARM)
            return cdn_error_set(err, CORDON_E_INVALID,
                                 "a variant is a canary or an arm");
        if (!variant->share || variant->share > CORDON_WHOLE)
            return cdn_error_set(err, CORDON_E_INVALID,
                                 "version %" PRIu32 ": a share of %" PRIu32
                                 " basis points; 1 to %u are possible",
                                 variant->version, variant->share, CORDON_WHOLE);
        for (uint32_t j = 0; j < i; j++)
            if (rollout->variants[j].version == variant->version)
                return cdn_error_set(err, CORDON_E_INVALID,
                                     "version %" PRIu32 " is named twice",
                                     variant->version);
        canaries += variant->kind == CORDON_VARIANT_CANARY;
        whole += variant->share;
    }
    if (canaries && rollout->variant_count > 1)
        return cdn_error_set(err, CORDON_E_INVALID,
                             "one canary at a time, and not beside arms");
    if (whole > CORDON_WHOLE)
        return cdn_error_set(err, CORDON_E_INVALID,
                             "the shares are %" PRIu64
                             " basis points together; %u are all requests",
                             whole, CORDON_WHOLE);
    return rollout->guarded ? check_guard(&rollout->guard, err) : CORDON_OK;
}

static cordon_status mutate_rollout(struct cdn_edit *edit, struct cdn_durable_txn *txn,
                                    void *ud, cordon_error *err)
{
    const cordon_rollout *rollout = ud;
    const cordon_guard *guard = &rollout->guard;
    cordon_standing *standing = &edit->standing;
    cordon_status status = must_be_active(edit, "a rollout", err);

    (void)txn;
    for (uint32_t i = 0; i < rollout->variant_count && !status; i++) {
        const cordon_rollout_variant *variant = &rollout->variants[i];

        status = cdn_edit_version(edit, variant->version, err);
        if (!status && variant->version == standing->active)
            return cdn_error_set(err, CORDON_E_INVALID,
                                 "version %" PRIu32
                                 " of '%s' is the active one; it has "
                                 "what the variants leave",
                                 variant->version, edit->name);
        detail(edit, "%s%s %" PRIu32 ": %" PRIu32 ".%02" PRIu32 " %%", i ? ", " : "",
               variant->kind == CORDON_VARIANT_CANARY ? "canary" : "arm",
               variant->version, variant->share / 100, variant->share % 100);
    }
    if (status)
        return status;
    cdn_edit_end_rollout(edit);
    standing->evidence[0] = '\0';
    standing->variant_count = rollout->variant_count;
    memcpy(standing->variants, rollout->variants,
           rollout->variant_count * sizeof(*rollout->variants));
    standing->guarded = rollout->guarded;
    if (!rollout->guarded)
        return CORDON_OK;
    standing->guard = *guard;
    detail(edit, "; guard from %" PRIu64 " samples", guard->min_samples);
    if (guard->max_error_rate > 0)
        detail(edit, ", errors %.10g", guard->max_error_rate);
    if (guard->max_limit_rate > 0)
        detail(edit, ", limits %.10g", guard->max_limit_rate);
    if (guard->max_p99_ratio > 0)
        detail(edit, ", p99 ratio %.10g", guard->max_p99_ratio);
    if (guard->max_drift > 0)
        detail(edit, ", drift %.10g", guard->max_drift);
    return CORDON_OK;
}

cordon_status cordon_registry_rollout(cordon_registry *registry, const char *name,
                                      const cordon_rollout *rollout,
                                      cordon_check_function *check, void *ud,
                                      const cordon_change *change, cordon_error *err)
{
    static const char function[] = "cordon_registry_rollout";
    cordon_standing now = {.struct_size = sizeof(now)};
    cordon_rollout wanted;
    struct cdn_edit edit = {.name = name,
                            .action = CORDON_ACTION_ROLLOUT,
                            .change = change,
                            .mutate = mutate_rollout,
                            .ud = &wanted};
    cordon_status status = cdn_change_check(function, registry, name, change, err);

    if (!status)
        status = cdn_registry_argument(rollout, function, "rollout", err);
    if (!status)
        status = cdn_registry_size(rollout->struct_size, sizeof(*rollout),
                                   "cordon_rollout", err);
    if (!status)
        status = check_rollout(rollout, err);
    if (!status)
        status = cordon_registry_standing(&now, registry, name, err);
    if (!status)
        status = must_be_rule(&now, "a rollout", err);
    if (status)
        return status;
    wanted = *rollout;
    for (uint32_t i = 0; i < wanted.variant_count && !status; i++) {
        uint32_t version = wanted.variants[i].version;

        if (!version || version > now.newest)
            return cdn_error_set(err, CORDON_E_NOTFOUND,
                                 "'%s' has no version %" PRIu32
                                 "; its newest is %" PRIu32,
                                 name, version, now.newest);
        if (!has_variant(&now, version))
            status =
                cdn_candidate_check(&version, registry, name, version, check, ud, err);
    }
    return status ? status : cdn_registry_edit(registry, &edit, err);
}

/* ---- promote ---- */

static cordon_status no_rollout(const char *name, uint32_t version,
                                cordon_status status, cordon_error *err)
{
    if (!version)
        return cdn_error_set(err, status, "'%s' has no rollout", name);
    return cdn_error_set(err, status,
                         "version %" PRIu32 " of '%s' takes part in no rollout",
                         version, name);
}

static cordon_status mutate_promote(struct cdn_edit *edit, struct cdn_durable_txn *txn,
                                    void *ud, cordon_error *err)
{
    const uint32_t *version = ud;

    (void)txn;
    if (!has_variant(&edit->standing, *version)) /* no longer */
        return no_rollout(edit->name, *version, CORDON_E_CONFLICT, err);
    cdn_edit_activate(edit, *version);
    return CORDON_OK;
}

cordon_status cordon_registry_promote(cordon_registry *registry, const char *name,
                                      uint32_t version, cordon_check_function *check,
                                      void *ud, const cordon_change *change,
                                      cordon_error *err)
{
    cordon_standing now = {.struct_size = sizeof(now)};
    struct cdn_edit edit = {.name = name,
                            .action = CORDON_ACTION_PROMOTE,
                            .change = change,
                            .mutate = mutate_promote,
                            .ud = &version};
    cordon_status status =
        cdn_change_check("cordon_registry_promote", registry, name, change, err);

    if (!status)
        status = cordon_registry_standing(&now, registry, name, err);
    if (status)
        return status;
    if (!now.variant_count)
        return no_rollout(name, 0, CORDON_E_INVALID, err);
    if (!version && now.variant_count > 1)
        return cdn_error_set(err, CORDON_E_INVALID,
                             "'%s' has %" PRIu32
                             " variants; name the version to promote",
                             name, now.variant_count);
    if (!version)
        version = now.variants[0].version;
    if (!has_variant(&now, version))
        return no_rollout(name, version, CORDON_E_INVALID, err);
    status = cdn_candidate_check(&version, registry, name, version, check, ud, err);
    return status ? status : cdn_registry_edit(registry, &edit, err);
}

/* ---- abort ---- */

struct abortion {
    uint32_t version;     /* 0: whichever variants there are */
    const char *evidence; /* NULL: an operator's act */
};

static cordon_status mutate_abort(struct cdn_edit *edit, struct cdn_durable_txn *txn,
                                  void *ud, cordon_error *err)
{
    const struct abortion *abortion = ud;
    cordon_standing *standing = &edit->standing;

    (void)txn;
    if (abortion->version && !has_variant(standing, abortion->version))
        return no_rollout(edit->name, abortion->version, CORDON_E_CONFLICT, err);
    if (!standing->variant_count)
        return no_rollout(edit->name, 0, CORDON_E_INVALID, err);
    cdn_edit_end_rollout(edit);
    if (abortion->evidence) {
        snprintf(standing->evidence, sizeof(standing->evidence), "%s",
                 abortion->evidence);
        detail(edit, "%s", abortion->evidence);
    }
    return CORDON_OK;
}

cordon_status cordon_registry_abort(cordon_registry *registry, const char *name,
                                    const cordon_change *change, cordon_error *err)
{
    struct abortion abortion = {0, NULL};
    struct cdn_edit edit = {.name = name,
                            .action = CORDON_ACTION_ABORT,
                            .change = change,
                            .mutate = mutate_abort,
                            .ud = &abortion};
    cordon_status status =
        cdn_change_check("cordon_registry_abort", registry, name, change, err);

    return status ? status : cdn_registry_edit(registry, &edit, err);
}

cordon_status cdn_registry_abort(cordon_registry *registry, const char *name,
                                 uint32_t version, uint64_t revision,
                                 const char *evidence, cordon_error *err)
{
    const cordon_change change = {.struct_size = sizeof(change),
                                  .author = "guard",
                                  .reason = "the rollout's guard was passed",
                                  .expect_revision = revision};
    struct abortion abortion = {version, evidence};
    struct cdn_edit edit = {.name = name,
                            .action = CORDON_ACTION_ABORT,
                            .change = &change,
                            .mutate = mutate_abort,
                            .ud = &abortion};

    return cdn_registry_edit_on(registry, &edit, evidence, err);
}

/* ---- shadows ---- */

/* Does it only take away from those there are?  That is possible in any state. */
static bool only_fewer(const cordon_standing *standing,
                       const cordon_rollout_shadow *shadows, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        bool found = false;

        for (uint32_t j = 0; j < standing->shadow_count && !found; j++)
            found = standing->shadows[j].version == shadows[i].version &&
                    standing->shadows[j].sample == shadows[i].sample;
        if (!found)
            return false;
    }
    return true;
}

struct shadowing {
    const cordon_rollout_shadow *shadows;
    uint32_t count;
};

static cordon_status check_shadow(const struct shadowing *wanted, uint32_t i,
                                  cordon_error *err)
{
    const cordon_rollout_shadow *shadow = &wanted->shadows[i];

    if (!shadow->sample || shadow->sample > CORDON_WHOLE)
        return cdn_error_set(err, CORDON_E_INVALID,
                             "version %" PRIu32 ": a sample of %" PRIu32
                             " basis points; 1 to %u are possible",
                             shadow->version, shadow->sample, CORDON_WHOLE);
    for (uint32_t j = 0; j < i; j++)
        if (wanted->shadows[j].version == shadow->version)
            return cdn_error_set(err, CORDON_E_INVALID,
                                 "version %" PRIu32 " is named twice", shadow->version);
    return CORDON_OK;
}

static cordon_status mutate_shadows(struct cdn_edit *edit, struct cdn_durable_txn *txn,
                                    void *ud, cordon_error *err)
{
    const struct shadowing *wanted = ud;
    cordon_standing *standing = &edit->standing;
    cordon_status status = CORDON_OK;

    (void)txn;
    edit->nothing = !wanted->count && !standing->shadow_count;
    if (!only_fewer(standing, wanted->shadows, wanted->count)) {
        status = must_be_rule(standing, "a shadow", err);
        if (!status)
            status = must_be_active(edit, "a shadow", err);
    }
    for (uint32_t i = 0; i < wanted->count && !status; i++) {
        const cordon_rollout_shadow *shadow = &wanted->shadows[i];

        status = cdn_edit_version(edit, shadow->version, err);
        if (!status && shadow->version == standing->active)
            status =
                cdn_error_set(err, CORDON_E_INVALID,
                              "version %" PRIu32 " of '%s' is the active one, which "
                              "shadows are compared with",
                              shadow->version, edit->name);
        detail(edit, "%sshadow %" PRIu32 ": %" PRIu32 ".%02" PRIu32 " %%",
               i ? ", " : "", shadow->version, shadow->sample / 100,
               shadow->sample % 100);
    }
    if (status)
        return status;
    if (!wanted->count)
        detail(edit, "no shadow");
    standing->shadow_count = wanted->count;
    if (wanted->count)
        memcpy(standing->shadows, wanted->shadows,
               wanted->count * sizeof(*wanted->shadows));
    return CORDON_OK;
}

cordon_status cordon_registry_shadows(cordon_registry *registry, const char *name,
                                      const cordon_rollout_shadow *shadows,
                                      uint32_t count, const cordon_change *change,
                                      cordon_error *err)
{
    static const char function[] = "cordon_registry_shadows";
    struct shadowing wanted = {shadows, count};
    struct cdn_edit edit = {.name = name,
                            .action = CORDON_ACTION_SHADOW,
                            .change = change,
                            .mutate = mutate_shadows,
                            .ud = &wanted};
    cordon_status status = cdn_change_check(function, registry, name, change, err);

    if (!status && count)
        status = cdn_registry_argument(shadows, function, "shadows", err);
    if (!status && count > CORDON_REGISTRY_MAX_SHADOWS)
        return cdn_error_set(err, CORDON_E_INVALID,
                             "%" PRIu32 " shadows; at most %d run at once", count,
                             CORDON_REGISTRY_MAX_SHADOWS);
    for (uint32_t i = 0; i < count && !status; i++) {
        uint32_t number;

        status = check_shadow(&wanted, i, err);
        if (!status && shadows[i].version) /* that it loads; its cases may fail */
            status = cdn_candidate_check(&number, registry, name, shadows[i].version,
                                         NULL, NULL, err);
    }
    return status ? status : cdn_registry_edit(registry, &edit, err);
}
