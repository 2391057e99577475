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
#include <string.h>

#include "base/alloc.h"
#include "base/hash.h"
#include "engine/engine.h"

void cdn_version_release(struct cdn_version *version)
{
    if (!version || --version->references)
        return;
    cdn_rule_free(version->rule);
    cdn_free(version);
}

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

static uint32_t home(const struct cdn_state *state, const char *name)
{
    return (uint32_t)cdn_hash_xxh3(name, strlen(name)) & state->mask;
}

struct cdn_entry *cdn_state_find(const struct cdn_state *state, const char *name)
{
    for (uint32_t at = home(state, name); state->entries[at];
         at = (at + 1) & state->mask)
        if (!strcmp(state->entries[at]->version->rule->name, name))
            return state->entries[at];
    return NULL;
}

bool cdn_state_has_version(const void *ud, uint64_t version)
{
    const struct cdn_state *state = ud;
    uint32_t low = 0, high = state->count;

    while (low < high) {
        uint32_t middle = (low + high) / 2;

        if (state->versions[middle] < version)
            low = middle + 1;
        else
            high = middle;
    }
    return low < state->count && state->versions[low] == version;
}

struct cdn_state *cdn_state_new(cordon_snapshot *snapshot, struct cdn_granted *granted,
                                uint32_t rules)
{
    struct cdn_state *state = cdn_calloc(1, sizeof *state);
    uint32_t size = 8;

    if (!state)
        return NULL;
    while (size / 2 <= rules)
        size *= 2;
    state->mask = size - 1;
    state->entries = cdn_calloc(size, sizeof(struct cdn_entry *));
    state->versions = cdn_calloc(rules, sizeof *state->versions);
    if (!state->entries || !state->versions) {
        cdn_free(state->entries);
        cdn_free(state->versions);
        cdn_free(state);
        return NULL;
    }
    state->snapshot = snapshot ? cordon_snapshot_retain(snapshot) : NULL;
    state->granted = cdn_granted_retain(granted);
    return state;
}

void cdn_state_add(struct cdn_state *state, struct cdn_entry *entry)
{
    uint32_t at = home(state, entry->version->rule->name);
    uint32_t rank = state->count++;

    while (state->entries[at])
        at = (at + 1) & state->mask;
    state->entries[at] = entry;
    for (; rank && state->versions[rank - 1] > entry->version->id; rank--)
        state->versions[rank] = state->versions[rank - 1];
    state->versions[rank] = entry->version->id;
    entry->references++;
}

void cdn_state_add_all(struct cdn_state *state, const struct cdn_state *from,
                       const char *without)
{
    for (uint32_t i = 0; i <= from->mask; i++) {
        struct cdn_entry *entry = from->entries[i];

        if (entry && strcmp(entry->version->rule->name, without))
            cdn_state_add(state, entry);
    }
}

void cdn_state_free(struct cdn_state *state)
{
    if (!state)
        return;
    for (uint32_t i = 0; i <= state->mask; i++)
        cdn_entry_release(state->entries[i]);
    cdn_granted_release(state->granted);
    cordon_snapshot_release(state->snapshot);
    cdn_free(state->entries);
    cdn_free(state->versions);
    cdn_free(state);
}

void cdn_state_reclaim(cordon_engine *engine)
{
    struct cdn_state **link = &engine->graveyard;

    while (*link) {
        struct cdn_state *state = *link;
        bool used = false;

        for (uint32_t i = 0; i < engine->options.slots && !used; i++)
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

void cdn_state_publish(cordon_engine *engine, struct cdn_state *state)
{
    struct cdn_state *old = atomic_exchange(&engine->state, state);

    if (old) {
        old->retired = engine->graveyard;
        engine->graveyard = old;
        atomic_fetch_add(&engine->retired, 1);
    }
    cdn_state_reclaim(engine);
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
