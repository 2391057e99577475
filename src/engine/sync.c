/* Plans from the registry: making what runs stand as it says.
 *
 * All standings are taken at one moment and turned into one new state, so that a change of
 * two rules is never half in force.  A plan is made anew only where its standing changed;
 * versions that are loaded already are taken over, with what they have counted.
 *
 * A version may not load here, because the snapshot lacks what it reads or a ceiling is lower
 * than what it declares.  That takes nothing out of service, and keeps nothing in service that
 * an operator stopped:
 *
 *   the active one        what ran under that name goes on
 *   the same, stopped     the rule is paused or killed even so, with the fallback of what ran
 *   a variant, a shadow   is left out, and its share is the active version's
 *
 * The upkeep says so each time the registry or the snapshot changes, and tries again then. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/error.h"
#include "engine/engine.h"
#include "engine/history.h"
#include "engine/rollout.h"
#include "engine/registry.h"
#include "engine/set.h"
#include "engine/trust.h"

/* One synchronisation. */
struct sync {
    cordon_engine *engine;
    const struct cdn_state *old;
    cordon_registry *registry;
    cordon_upkeep *did;
    cordon_status worst; /* the first failure, which is in *err */
    cordon_error *err;
};

/* A version of `name` does not load; what follows from that. */
static void note(struct sync *sync, const char *name, const char *so,
                 cordon_status status, const cordon_error *own)
{
    sync->did->refused++;
    cdn_engine_log(sync->engine, CORDON_LEVEL_ERROR,
                   "'%s' %s: a version does not load: %s", name, so, own->message);
    if (sync->worst)
        return;
    sync->worst = status;
    if (!sync->err)
        return;
    *sync->err = *own;
    cdn_error_prefix(sync->err, "'%s'", name);
}

/* ---- versions ---- */

/* A version that the plan has already, NULL if it has not. */
static struct cdn_version *loaded(const struct cdn_plan *plan, uint32_t number)
{
    struct cdn_entry *entries[CDN_PLAN_MAX_ENTRIES];
    uint32_t count = plan && plan->registered ? cdn_plan_entries(entries, plan) : 0;

    for (uint32_t i = 0; i < count; i++)
        if (entries[i]->version->number == number)
            return entries[i]->version;
    return NULL;
}

static cordon_status text_of(struct cdn_buf *text, char file[CORDON_ERROR_FILE_BYTES],
                             struct sync *sync, const struct cdn_standing *standing,
                             uint32_t number, cordon_error *err)
{
    snprintf(file, CORDON_ERROR_FILE_BYTES, "%s@%u", standing->name, number);
    return cdn_registry_text(text, sync->registry, standing->name, number, err);
}

/* An entry of that version, loaded if it is not there yet.  What is stopped runs nothing and
 * is bound to nothing. */
static cordon_status entry_of(struct cdn_entry **out, const struct cdn_plan *plan,
                              struct sync *sync, const struct cdn_standing *standing,
                              const struct cdn_plan *before, uint32_t number,
                              enum cdn_trust_state as, cordon_error *err)
{
    bool runs = standing->state == CORDON_STANDING_ACTIVE;
    struct cdn_version *version = loaded(before, number);
    char file[CORDON_ERROR_FILE_BYTES];
    struct cdn_buf text = {0};
    cordon_status status = CORDON_OK;

    *out = NULL;
    if (version) {
        version->references++;
    } else {
        status = text_of(&text, file, sync, standing, number, err);
        if (!status)
            status = cdn_engine_load(
                &version, sync->engine, cdn_trust_reads(sync->engine, plan, number, as),
                (const char *)text.data, text.length, file, number, err);
        if (!status)
            cdn_history_begin(sync->engine, standing->name, version);
        cdn_buf_deinit(&text);
    }
    if (!status)
        status = cdn_entry_new(out, version, runs ? sync->old->snapshot : NULL,
                               runs ? sync->old->granted : NULL, err);
    cdn_version_release(version);
    return status;
}

/* The entry of the active version.  One that is stopped only answers with its fallback: if it
 * does not load, that of what ran before will do, for a stop must always work. */
static cordon_status live_of(struct cdn_entry **out, const struct cdn_plan *plan,
                             struct sync *sync, const struct cdn_standing *standing,
                             const struct cdn_plan *before, cordon_error *err)
{
    cordon_status status = entry_of(out, plan, sync, standing, before, standing->active,
                                    CDN_TRUST_ACTIVE, err);

    if (!status || status == CORDON_E_NOMEM || !before || !before->live ||
        standing->state == CORDON_STANDING_ACTIVE)
        return status;
    return cdn_entry_new(out, before->live->version, NULL, NULL, err);
}

/* The entry of a variant or a shadow; *out NULL: it does not load, and is left out. */
static cordon_status other_of(struct cdn_entry **out, struct cdn_plan *plan,
                              struct sync *sync, const struct cdn_standing *standing,
                              const struct cdn_plan *before, uint32_t number,
                              enum cdn_trust_state as, cordon_error *err)
{
    char so[64];
    cordon_error own;
    cordon_status status;

    cdn_error_clear(&own);
    status = entry_of(out, plan, sync, standing, before, number, as, &own);
    if (!status)
        return CORDON_OK;
    if (status == CORDON_E_NOMEM)
        return cdn_error_nomem(err);
    plan->partial = true;
    (void)snprintf(so, sizeof so, "runs without version %" PRIu32, number);
    if (plan->state == CDN_PLAN_ACTIVE)
        note(sync, standing->name, so, status, &own);
    return CORDON_OK;
}

/* ---- plans ---- */

/* Who stopped it, and why. */
static void explain(struct cdn_plan *plan, struct sync *sync,
                    const struct cdn_standing *standing)
{
    const char *word = standing->state == CORDON_STANDING_KILLED ? "killed" : "paused";
    cordon_change_record change = {.struct_size = sizeof change};

    snprintf(plan->why, sizeof plan->why, "'%s' is %s", standing->name, word);
    if (cordon_registry_history(&change, sync->registry, standing->name, 0, NULL))
        return;
    snprintf(plan->why, sizeof plan->why, "'%s' is %s by %.60s%s%.80s", standing->name,
             word, change.author, change.reason[0] ? ": " : "", change.reason);
}

static enum cdn_plan_state state_of(cordon_object_state state)
{
    switch (state) {
    case CORDON_STANDING_PAUSED:
        return CDN_PLAN_PAUSED;
    case CORDON_STANDING_KILLED:
        return CDN_PLAN_KILLED;
    case CORDON_STANDING_ACTIVE:
    case CORDON_STANDING_INACTIVE:
        break;
    }
    return CDN_PLAN_ACTIVE;
}

/* Did what was rolled out end since the plan was made, if only to begin again? */
static bool ended_since(const struct cdn_plan *before, struct sync *sync,
                        const char *name)
{
    cordon_change_record change = {.struct_size = sizeof change};

    while (!cordon_registry_history(&change, sync->registry, name, change.sequence,
                                    NULL) &&
           change.sequence > before->revision)
        if (change.action != CORDON_ACTION_ROLLOUT &&
            change.action != CORDON_ACTION_SHADOW &&
            change.action != CORDON_ACTION_PUSH &&
            change.action != CORDON_ACTION_PAUSE &&
            change.action != CORDON_ACTION_RESUME)
            return true;
    return false;
}

static cordon_status fill_rule(struct cdn_plan *plan, struct sync *sync,
                               const struct cdn_standing *standing,
                               const struct cdn_plan *before, cordon_error *err)
{
    const struct cdn_baseline *counted = NULL;
    uint32_t below = 0;
    cordon_status status = live_of(&plan->live, plan, sync, standing, before, err);

    for (uint32_t i = 0; i < standing->variant_count && !status; i++) {
        struct cdn_choice *choice = &plan->choices[plan->choice_count];

        choice->variant = standing->variants[i].kind;
        choice->from = below;
        choice->below = below += standing->variants[i].share;
        status = other_of(&choice->entry, plan, sync, standing, before,
                          standing->variants[i].version, CDN_TRUST_CANARY, err);
        plan->choice_count += choice->entry != NULL;
    }
    for (uint32_t i = 0; i < standing->shadow_count && !status; i++) {
        struct cdn_shadow *shadow = &plan->shadows[plan->shadow_count];

        shadow->sample = standing->shadows[i].sample;
        status = other_of(&shadow->entry, plan, sync, standing, before,
                          standing->shadows[i].version, CDN_TRUST_DRAFT, err);
        plan->shadow_count += shadow->entry != NULL;
    }
    if (status || !plan->choice_count)
        return status;
    plan->guarded = standing->guarded;
    plan->guard = standing->guard;
    if (before && before->baseline && !ended_since(before, sync, standing->name))
        counted = before->baseline;
    plan->baseline = cdn_baseline_new(plan, counted, sync->engine->lane_count);
    return plan->baseline ? CORDON_OK : cdn_error_nomem(err);
}

/* When the active version was activated last; 0: history does not say. */
static int64_t active_since(struct sync *sync, const struct cdn_standing *standing)
{
    cordon_change_record change = {.struct_size = sizeof change};

    while (!cordon_registry_history(&change, sync->registry, standing->name,
                                    change.sequence, NULL)) {
        if (change.action == CORDON_ACTION_PUSH || change.to != standing->active)
            continue;
        if (change.action == CORDON_ACTION_ACTIVATE ||
            change.action == CORDON_ACTION_PROMOTE ||
            change.action == CORDON_ACTION_ROLLBACK)
            return change.time_ms;
    }
    return 0;
}

static cordon_status fill_set(struct cdn_plan *plan, struct sync *sync,
                              const struct cdn_standing *standing,
                              const struct cdn_plan *before, cordon_error *err)
{
    char file[CORDON_ERROR_FILE_BYTES];
    struct cdn_buf text = {0};
    cordon_status status;

    plan->set_number = standing->active;
    if (before && before->registered && before->set &&
        before->set_number == standing->active) {
        plan->set = cdn_set_retain(before->set);
        return CORDON_OK;
    }
    status = text_of(&text, file, sync, standing, standing->active, err);
    if (!status)
        status = cdn_engine_load_set(
            &plan->set, sync->engine,
            cdn_trust_reads(sync->engine, plan, standing->active, CDN_TRUST_ACTIVE),
            (const char *)text.data, text.length, file, err);
    cdn_buf_deinit(&text);
    if (status && status != CORDON_E_NOMEM && plan->state != CDN_PLAN_ACTIVE &&
        before && before->set) { /* a stop must always work, as live_of() */
        plan->set = cdn_set_retain(before->set);
        plan->set_number = before->set_number;
        return CORDON_OK;
    }
    return status;
}

static cordon_status plan_of(struct cdn_plan **out, struct sync *sync,
                             const struct cdn_standing *standing,
                             const struct cdn_plan *before, cordon_error *err)
{
    struct cdn_plan *plan = cdn_plan_new(standing->name);
    cordon_status status;

    *out = NULL;
    if (!plan)
        return cdn_error_nomem(err);
    plan->registered = true;
    plan->revision = standing->revision;
    plan->state = state_of(standing->state);
    plan->trust_count = standing->trust_count;
    memcpy(plan->trusts, standing->trusts, sizeof plan->trusts);
    if (standing->kind == CORDON_OBJECT_RULE)
        plan->since_ms = active_since(sync, standing);
    if (plan->state != CDN_PLAN_ACTIVE)
        explain(plan, sync, standing);
    if (standing->kind == CORDON_OBJECT_SET)
        status = fill_set(plan, sync, standing, before, err);
    else
        status = fill_rule(plan, sync, standing, before, err);
    if (status) {
        cdn_plan_release(plan);
        return status;
    }
    *out = plan;
    return CORDON_OK;
}

/* ---- a state ---- */

static void revoke_in(const struct cdn_state *state, const char *name)
{
    struct cdn_plan *plan = cdn_state_find(state, name);

    if (plan && plan->registered)
        __atomic_store_n(&plan->revoked, 1, __ATOMIC_RELAXED);
}

/* Stop the runs of what was killed: those on the present state, and those on states before it
 * that somebody still stands on. */
static void revoke(struct sync *sync, const char *name)
{
    revoke_in(sync->old, name);
    for (const struct cdn_state *state = sync->engine->graveyard; state;
         state = state->retired)
        revoke_in(state, name);
}

static const struct cdn_standing *standing_of(const struct cdn_standings *standings,
                                              const char *name)
{
    size_t low = 0, high = standings->count;

    while (low < high) {
        size_t middle = (low + high) / 2;
        int order = strcmp(standings->items[middle].name, name);

        if (!order)
            return &standings->items[middle];
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

/* Add what runs under the standing's name from now on. */
static cordon_status add_standing(struct cdn_state *fresh, struct sync *sync,
                                  const struct cdn_standing *standing)
{
    struct cdn_plan *before = cdn_state_find(sync->old, standing->name);
    struct cdn_plan *plan = NULL;
    cordon_status status;
    cordon_error own;

    if (before && before->registered && before->revision == standing->revision &&
        !before->partial) {
        cdn_state_add(fresh, before);
        return CORDON_OK;
    }
    if (standing->state == CORDON_STANDING_INACTIVE) {
        if (before) /* from a text, and nothing in the registry to replace it */
            cdn_state_add(fresh, before);
        return CORDON_OK;
    }
    cdn_error_clear(&own);
    status = plan_of(&plan, sync, standing, before, &own);
    if (!status && before &&
        !cdn_plan_succeed(plan, before, sync->engine->lane_count)) {
        cdn_plan_release(plan);
        status = CORDON_E_NOMEM;
    }
    if (status == CORDON_E_NOMEM)
        return status;
    if (status) {
        note(sync, standing->name, "stays as it was", status, &own);
        if (before)
            cdn_state_add(fresh, before);
        return CORDON_OK;
    }
    sync->did->changed++;
    cdn_engine_log(sync->engine, CORDON_LEVEL_INFO, "'%s' stands at revision %" PRIu64,
                   standing->name, standing->revision);
    if (plan->state == CDN_PLAN_KILLED)
        revoke(sync, standing->name);
    cdn_state_add(fresh, plan);
    cdn_plan_release(plan); /* the state has it now */
    return CORDON_OK;
}

/* What the registry says less of than a breaker did, an operator has taken back. */
static void settle(struct sync *sync, const struct cdn_state *state,
                   const struct cdn_standings *standings)
{
    for (size_t i = 0; i < standings->count; i++) {
        const struct cdn_plan *plan = cdn_state_find(state, standings->items[i].name);

        if (plan && plan->registered && plan->revision == standings->items[i].revision)
            cdn_trust_settle(sync->engine, plan);
    }
}

static cordon_status sync_to(struct sync *sync, const struct cdn_standings *standings)
{
    const struct cdn_state *old = sync->old;
    struct cdn_state *fresh = cdn_state_new(old->snapshot, old->granted,
                                            old->count + (uint32_t)standings->count);
    cordon_status status = fresh ? CORDON_OK : CORDON_E_NOMEM;

    for (uint32_t i = 0; i <= old->mask && !status; i++)
        if (old->plans[i] && !standing_of(standings, old->plans[i]->name))
            cdn_state_add(fresh, old->plans[i]);
    for (size_t i = 0; i < standings->count && !status; i++)
        status = add_standing(fresh, sync, &standings->items[i]);
    if (!status && sync->did->changed) {
        if (cdn_state_publish(sync->engine, fresh)) {
            settle(sync, fresh, standings);
            fresh = NULL; /* handed over */
            atomic_fetch_add(&sync->engine->dropped, 1);
        } else {
            status = CORDON_E_NOMEM;
        }
    }
    cdn_state_free(fresh);
    return status ? cdn_error_nomem(sync->err) : sync->worst;
}

cordon_status cdn_engine_sync(cordon_engine *engine, cordon_upkeep *did,
                              cordon_error *err)
{
    const struct cdn_state *old = atomic_load(&engine->state);
    const cordon_snapshot *snapshot = old->snapshot; /* old may be gone after */
    uint64_t sequence = cdn_registry_sequence(engine->registry);
    struct cdn_standings standings = {0};
    struct sync sync = {.engine = engine,
                        .old = old,
                        .registry = engine->registry,
                        .did = did,
                        .err = err};
    cordon_status status;

    did->registry_sequence = sequence;
    cdn_trust_tell(engine);
    if (sequence == engine->seen.sequence && snapshot == engine->seen.snapshot)
        return CORDON_OK;
    status = cdn_registry_standings(&standings, engine->registry, err);
    if (!status) {
        did->registry_sequence = standings.sequence;
        status = sync_to(&sync, &standings);
        if (status != CORDON_E_NOMEM) {
            engine->seen.sequence = standings.sequence;
            engine->seen.snapshot = snapshot;
        }
    }
    cdn_standings_deinit(&standings);
    return status;
}

/* ---- guards ---- */

cordon_status cdn_engine_guard(cordon_engine *engine, cordon_upkeep *did,
                               cordon_error *err)
{
    const struct cdn_state *state = atomic_load(&engine->state);
    char evidence[CORDON_REGISTRY_MAX_EVIDENCE_BYTES + 1];
    cordon_status worst = CORDON_OK;

    for (uint32_t i = 0; i <= state->mask; i++) {
        const struct cdn_plan *plan = state->plans[i];
        cordon_status status;
        enum cdn_trip trip;
        uint32_t number;

        if (!plan || !plan->registered || !plan->guarded)
            continue;
        number = cdn_rollout_check(&trip, evidence, sizeof evidence, plan,
                                   engine->lane_count);
        if (!number)
            continue;
        status = cdn_registry_abort(engine->registry, plan->name, number,
                                    plan->revision, evidence, worst ? NULL : err);
        if (!status) {
            did->aborted++;
            engine->aborts[trip]++;
            cdn_engine_log(engine, CORDON_LEVEL_WARNING, "'%s': rollout ended: %s",
                           plan->name, evidence);
        } else if (status != CORDON_E_CONFLICT && !worst) {
            worst = status; /* a conflict: it was changed, which the next upkeep sees */
        }
    }
    return worst;
}
