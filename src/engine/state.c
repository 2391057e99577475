/* The published state: which snapshot and which rules an evaluation stands on.
 *
 * A state is immutable.  A change makes a new one, publishes it, and retires the old one,
 * which is freed when no slot stands on it any more.  A reader says on which state it stands
 * by storing the pointer into its slot and then looking whether it is still the current one:
 * either the writer's scan of the slots sees the store, or the reader sees the writer's new
 * pointer and tries again.  That is all the evaluation path pays: a store, two loads.
 *
 * Reclaiming is done by writers, and by the first reader that leaves while something waits
 * to be freed and nobody holds the lock, so that an old snapshot is unmapped soon after its
 * last request and not with the next change.
 *
 * Left out: reference counts on the evaluation path (a cache line fought over by all
 * threads), and incremental change of the rules' table: a change copies pointers. */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/hash.h"
#include "base/suggest.h"
#include "engine/engine.h"
#include "engine/granted.h"
#include "engine/trust.h"

static uint32_t home(const struct cdn_state *state, const char *name)
{
    return (uint32_t)cdn_hash_xxh3(name, strlen(name)) & state->mask;
}

struct cdn_plan *cdn_state_find(const struct cdn_state *state, const char *name)
{
    for (uint32_t at = home(state, name); state->plans[at]; at = (at + 1) & state->mask)
        if (!strcmp(state->plans[at]->name, name))
            return state->plans[at];
    return NULL;
}

cordon_status cdn_state_no_rule(const struct cdn_state *state, const char *name,
                                cordon_error *err)
{
    struct cdn_suggest suggest;
    char hint[128];

    cdn_suggest_init(&suggest, name);
    for (uint32_t i = 0; i <= state->mask; i++)
        if (state->plans[i])
            cdn_suggest_offer(&suggest, state->plans[i]->name);
    return cdn_error_set(err, CORDON_E_NOTFOUND, "no rule '%.80s'%s", name,
                         cdn_suggest_text(&suggest, hint, sizeof hint));
}

bool cdn_state_has_version(const void *ud, uint64_t version)
{
    const struct cdn_state *state = ud;
    uint32_t low = 0, high = state->version_count;

    while (low < high) {
        uint32_t middle = (low + high) / 2;

        if (state->versions[middle] < version)
            low = middle + 1;
        else
            high = middle;
    }
    return low < state->version_count && state->versions[low] == version;
}

struct cdn_state *cdn_state_new(cordon_snapshot *snapshot, struct cdn_granted *granted,
                                uint32_t plans)
{
    struct cdn_state *state = cdn_calloc(1, sizeof *state);
    uint32_t size = 8;

    if (!state)
        return NULL;
    while (size / 2 <= plans)
        size *= 2;
    state->mask = size - 1;
    state->plans = cdn_calloc(size, sizeof(struct cdn_plan *));
    if (!state->plans) {
        cdn_free(state);
        return NULL;
    }
    state->snapshot = snapshot ? cordon_snapshot_retain(snapshot) : NULL;
    state->granted = cdn_granted_retain(granted);
    return state;
}

void cdn_state_add(struct cdn_state *state, struct cdn_plan *plan)
{
    struct cdn_entry *entries[CDN_PLAN_MAX_ENTRIES];
    uint32_t at = home(state, plan->name);

    while (state->plans[at])
        at = (at + 1) & state->mask;
    state->plans[at] = plan;
    state->count++;
    state->version_count += cdn_plan_entries(entries, plan);
    plan->references++;
}

void cdn_state_add_all(struct cdn_state *state, const struct cdn_state *from,
                       const char *without)
{
    for (uint32_t i = 0; i <= from->mask; i++) {
        struct cdn_plan *plan = from->plans[i];

        if (plan && (!without || strcmp(plan->name, without)))
            cdn_state_add(state, plan);
    }
}

static int by_number(const void *a, const void *b)
{
    uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;

    return left < right ? -1 : left > right;
}

bool cdn_state_finish(struct cdn_state *state)
{
    uint32_t count = 0;

    state->versions = cdn_calloc(state->version_count, sizeof *state->versions);
    if (!state->versions)
        return false;
    for (uint32_t i = 0; i <= state->mask; i++) {
        struct cdn_entry *entries[CDN_PLAN_MAX_ENTRIES];
        uint32_t found =
            state->plans[i] ? cdn_plan_entries(entries, state->plans[i]) : 0;

        for (uint32_t k = 0; k < found; k++)
            state->versions[count++] = entries[k]->version->id;
    }
    if (count)
        qsort(state->versions, count, sizeof *state->versions, by_number);
    return true;
}

void cdn_state_free(struct cdn_state *state)
{
    if (!state)
        return;
    for (uint32_t i = 0; i <= state->mask; i++)
        cdn_plan_release(state->plans[i]);
    cdn_granted_release(state->granted);
    cordon_snapshot_release(state->snapshot);
    cdn_free(state->plans);
    cdn_free(state->versions);
    cdn_free(state);
}
void cdn_state_reclaim(cordon_engine *engine)
{
    struct cdn_state **link = &engine->graveyard;

    while (*link) {
        struct cdn_state *state = *link;
        bool used = false;

        for (uint32_t i = 0; i < engine->lane_count && !used; i++)
            used = atomic_load(&engine->lanes[i].using) == state;
        if (used) {
            link = &state->retired;
            continue;
        }
        *link = state->retired;
        atomic_fetch_sub(&engine->retired, 1);
        cdn_state_free(state);
    }
}

bool cdn_state_publish(cordon_engine *engine, struct cdn_state *state)
{
    struct cdn_state *old;

    if (!state->versions && !cdn_state_finish(state))
        return false;
    cdn_trust_place(engine, state);
    old = atomic_exchange(&engine->state, state);
    if (old) {
        old->retired = engine->graveyard;
        engine->graveyard = old;
        atomic_fetch_add(&engine->retired, 1);
    }
    cdn_state_reclaim(engine);
    return true;
}

struct cdn_state *cdn_state_enter(cordon_engine *engine, struct cdn_lane *lane)
{
    struct cdn_state *state = atomic_load(&engine->state);

    for (;;) {
        struct cdn_state *again;

        atomic_store(&lane->using, state);
        again = atomic_load(&engine->state);
        if (again == state)
            return state;
        state = again;
    }
}

void cdn_state_leave(cordon_engine *engine, struct cdn_lane *lane)
{
    atomic_store(&lane->using, NULL);
    if (atomic_load(&engine->retired) && !pthread_mutex_trylock(&engine->writer)) {
        cdn_state_reclaim(engine);
        pthread_mutex_unlock(&engine->writer);
    }
}
