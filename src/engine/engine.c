/* Making and ending an engine, and giving it a snapshot.
 *
 * Everything an evaluation needs is made here: the slots with their mappings, their host
 * structs, the locks that only slow paths take.  An engine is born with an empty state, so
 * that readers always find one. */
#include "engine/engine.h"
#include "engine/history.h"
#include "engine/granted.h"
#include "engine/trust.h"
#include "engine/view.h"

#include <inttypes.h>
#include <stddef.h>
#include <string.h>

#include <cordon/proposal.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/hash.h"

#define MIB (UINT64_C(1) << 20)

/* ---- options ---- */

static const struct {
    const char *name;
    size_t offset;
    uint64_t fallback, least, most;
} ranges[] = {
    {"max_instructions", offsetof(cordon_engine_options, max_instructions), 1000000000,
     1, UINT64_C(1) << 53},
    {"max_edges", offsetof(cordon_engine_options, max_edges), 100000000, 1,
     UINT64_C(1) << 53},
    {"max_memory_bytes", offsetof(cordon_engine_options, max_memory_bytes), 4 * MIB,
     4096, 64 * MIB},
    {"max_output_bytes", offsetof(cordon_engine_options, max_output_bytes), MIB, 1,
     1024 * MIB},
    {"max_wall_ns", offsetof(cordon_engine_options, max_wall_ns), UINT64_C(10000000000),
     1, UINT64_C(1) << 53},
    {"load_memory_bytes", offsetof(cordon_engine_options, load_memory_bytes), MIB,
     65536, 64 * MIB},
    {"image_budget_bytes", offsetof(cordon_engine_options, image_budget_bytes),
     256 * MIB, 65536, UINT64_C(1) << 53},
    {"max_nodes", offsetof(cordon_engine_options, max_nodes), 100000000, 1,
     UINT64_C(1) << 53},
    {"max_hops", offsetof(cordon_engine_options, max_hops), 1000000, 1,
     UINT64_C(1) << 53},
    {"slice_max_nodes", offsetof(cordon_engine_options, slice_max_nodes), 1000000, 1,
     UINT64_C(1) << 31},
    {"slice_max_edges", offsetof(cordon_engine_options, slice_max_edges), 10000000, 1,
     UINT64_C(1) << 38},
};

#define MAX_SLOTS   1024
#define MAX_WORKERS 4096

static cordon_status take_options(cordon_engine_options *out,
                                  const cordon_engine_options *given, cordon_error *err)
{
    uint64_t lanes;

    *out = (cordon_engine_options)CORDON_ENGINE_OPTIONS_INIT;
    if (given) {
        if (given->struct_size != sizeof *given)
            return cdn_error_set(
                err, CORDON_E_INVALID,
                "cordon_engine_options: struct_size is %zu where %zu is "
                "known; begin with CORDON_ENGINE_OPTIONS_INIT",
                given->struct_size, sizeof *given);
        *out = *given;
    }
    if ((unsigned)out->wall > CORDON_WALL_MICROVM)
        return cdn_error_set(err, CORDON_E_INVALID, "wall: there is none of number %u",
                             (unsigned)out->wall);
    if (out->wall != CORDON_WALL_INPROC && !out->worker)
        return cdn_error_set(err, CORDON_E_INVALID,
                             "wall: '%s' needs the program cordon-worker; name it in "
                             "the option worker",
                             cordon_wall_str(out->wall));
    if (out->worker && out->worker[0] != '/')
        return cdn_error_set(err, CORDON_E_INVALID, "worker: '%s' is no absolute path",
                             out->worker);
    if ((unsigned)out->slice > CORDON_SLICE_HOPS)
        return cdn_error_set(err, CORDON_E_INVALID,
                             "slice: there is no form of number %u",
                             (unsigned)out->slice);
    if (out->slice == CORDON_SLICE_HOPS
            ? !out->slice_hops || out->slice_hops > CORDON_MAX_SLICE_HOPS
            : out->slice_hops != 0)
        return cdn_error_set(err, CORDON_E_INVALID,
                             "slice_hops: %u; 1 to %d go with CORDON_SLICE_HOPS, and 0 "
                             "with any other slice",
                             out->slice_hops, CORDON_MAX_SLICE_HOPS);
    if (!out->slots)
        out->slots = 8;
    if (!out->busy_wait_ms)
        out->busy_wait_ms = 1000;
    if (!out->max_waiting)
        out->max_waiting = 64;
    if (!out->interrupt_slots)
        out->interrupt_slots = 2;
    if (out->interrupt_slots == CORDON_NONE)
        out->interrupt_slots = 0;
    if (!out->workers_min)
        out->workers_min = 1;
    if (out->workers_min == CORDON_NONE)
        out->workers_min = 0;
    if (!out->workers_idle_ms)
        out->workers_idle_ms = 60000;
    if (out->slots > MAX_SLOTS)
        return cdn_error_set(err, CORDON_E_INVALID,
                             "slots: %u; at most %d are possible", out->slots,
                             MAX_SLOTS);
    if (out->interrupt_slots > MAX_SLOTS)
        return cdn_error_set(err, CORDON_E_INVALID,
                             "interrupt_slots: %u; at most %d are possible",
                             out->interrupt_slots, MAX_SLOTS);
    if (!out->workers_max)
        out->workers_max = out->slots + out->interrupt_slots > out->workers_min
                               ? out->slots + out->interrupt_slots
                               : out->workers_min;
    if (out->workers_max > MAX_WORKERS || out->workers_min > out->workers_max)
        return cdn_error_set(
            err, CORDON_E_INVALID,
            "workers_min and workers_max: %u and %u; the one is at most "
            "the other, and that %d",
            out->workers_min, out->workers_max, MAX_WORKERS);
    for (size_t i = 0; i < sizeof ranges / sizeof ranges[0]; i++) {
        uint64_t *value = (uint64_t *)(void *)((char *)out + ranges[i].offset);

        if (!*value)
            *value = ranges[i].fallback;
        if (*value < ranges[i].least || *value > ranges[i].most)
            return cdn_error_set(
                err, CORDON_E_INVALID,
                "%s: %" PRIu64 " is not within %" PRIu64 " and %" PRIu64,
                ranges[i].name, *value, ranges[i].least, ranges[i].most);
    }
    /* Each sandbox must be able to hold the largest image there can be. */
    lanes = (uint64_t)out->slots + out->interrupt_slots;
    if (out->image_budget_bytes / lanes < out->load_memory_bytes) {
        if (given && given->image_budget_bytes)
            return cdn_error_set(
                err, CORDON_E_INVALID,
                "image_budget_bytes: %" PRIu64 " is less than all slots times "
                "load_memory_bytes, %" PRIu64,
                out->image_budget_bytes, lanes * out->load_memory_bytes);
        out->image_budget_bytes = lanes * out->load_memory_bytes;
    }
    return CORDON_OK;
}

void cdn_engine_defaults(cordon_engine_options *out)
{
    (void)take_options(out, NULL, NULL); /* nothing given, nothing wrong */
}

/* ---- life ---- */

static bool make_locks(cordon_engine *engine)
{
    if (pthread_mutex_init(&engine->writer, NULL))
        return false;
    if (pthread_mutex_init(&engine->waiting, NULL)) {
        pthread_mutex_destroy(&engine->writer);
        return false;
    }
    if (!pthread_mutex_init(&engine->viewing, NULL))
        return true;
    pthread_mutex_destroy(&engine->waiting);
    pthread_mutex_destroy(&engine->writer);
    return false;
}

static cordon_status make_lanes(cordon_engine *engine, cordon_error *err)
{
    const cordon_engine_options *options = &engine->options;
    const struct cdn_slot_config config = {
        .image_bytes = (size_t)options->load_memory_bytes,
        .memory_bytes = (size_t)options->max_memory_bytes,
        .scratch_bytes = (size_t)options->max_memory_bytes,
    };
    size_t align = _Alignof(struct cdn_lane);
    uint32_t count = options->slots + options->interrupt_slots;
    cordon_status status;

    engine->lanes_block = cdn_calloc(count + 1, sizeof *engine->lanes);
    if (!engine->lanes_block)
        return cdn_error_nomem(err);
    engine->lanes =
        (struct cdn_lane *)(void *)(((uintptr_t)engine->lanes_block + align - 1) &
                                    ~(uintptr_t)(align - 1));
    engine->lane_count = count;
    for (uint32_t i = 0; i < count; i++) {
        struct cdn_lane *lane = &engine->lanes[i];

        lane->engine = engine;
        lane->number = i;
        status = cdn_slot_new(&lane->slot, &config, err);
        if (status)
            return status;
        cdn_slot_set_host(lane->slot, &lane->host);
        lane->images.budget = (size_t)(options->image_budget_bytes / count);
    }
    return cdn_slot_new(&engine->loader, &config, err);
}

cordon_status cordon_engine_new(cordon_engine **out,
                                const cordon_engine_options *options, cordon_error *err)
{
    unsigned char random[CORDON_DECISION_ID_BYTES / 4];
    struct cdn_state *first;
    cordon_engine *engine;
    cordon_status status;

    if (!out)
        return cdn_error_set(
            err, CORDON_E_INVALID,
            "cordon_engine_new: no out; pass a pointer that is not NULL");
    *out = NULL;
    engine = cdn_calloc(1, sizeof *engine);
    if (!engine)
        return cdn_error_nomem(err);
    status = take_options(&engine->options, options, err);
    if (!status && engine->options.worker) {
        engine->worker = cdn_strdup(engine->options.worker);
        status = engine->worker ? CORDON_OK : cdn_error_nomem(err);
    }
    engine->options.worker = engine->worker;
    if (status)
        goto out;
    cdn_ticks_init();
    cdn_random(random, sizeof random);
    cdn_hash_hex(engine->identity, random, sizeof random);
    cdn_random(&engine->veil, sizeof engine->veil);
    engine->locks_made = make_locks(engine);
    if (!engine->locks_made) {
        status = cdn_error_nomem(err);
        goto out;
    }
    status = make_lanes(engine, err);
    if (!status)
        status = cdn_walls_new(engine, err);
    if (status)
        goto out;
    first = cdn_state_new(NULL, NULL, 0);
    if (!first || !cdn_state_publish(engine, first)) {
        cdn_state_free(first);
        status = cdn_error_nomem(err);
        goto out;
    }
    *out = engine;
    engine = NULL; /* handed over */
out:
    cordon_engine_free(engine);
    return status;
}

void cordon_engine_free(cordon_engine *engine)
{
    if (!engine)
        return;
    if (engine->locks_made &&
        atomic_load(&engine->state)) /* the log says if it fails */
        (void)cdn_history_keep(engine, true, NULL);
    for (uint32_t i = 0; engine->lanes && i < engine->lane_count; i++) {
        cordon_outcome_free(engine->lanes[i].aside);
        cdn_buf_deinit(&engine->lanes[i].slice);
        cdn_buf_deinit(&engine->lanes[i].border);
        cdn_images_deinit(&engine->lanes[i].images);
        cdn_slot_free(engine->lanes[i].slot);
    }
    cdn_crews_free(engine->workers);
    cdn_slot_free(engine->loader);
    cdn_functions_deinit(engine);
    cdn_free(engine->worker);
    cdn_free(engine->store);
    cdn_free(engine->policy_file.path);
    cordon_policy_release(engine->policy_file.unfit);
    cdn_free(engine->lanes_block);
    cdn_views_free(engine->views);
    cdn_state_free(atomic_load(&engine->state));
    while (engine->graveyard) {
        struct cdn_state *state = engine->graveyard;

        engine->graveyard = state->retired;
        cdn_state_free(state);
    }
    if (engine->locks_made) {
        pthread_mutex_destroy(&engine->viewing);
        pthread_mutex_destroy(&engine->waiting);
        pthread_mutex_destroy(&engine->writer);
    }
    cdn_free(engine);
}

/* ---- the snapshot and the policy ---- */

/* When a plan was made, to tell which came first. */
static uint64_t age_of(const struct cdn_plan *plan)
{
    return plan->live ? plan->live->version->id : 0;
}

/* Bind every plan of `old` to the snapshot of `fresh`, for whom its policy names, and add it.  On failure err is that of
 * the rule loaded first among those that do not fit. */
static cordon_status rebind_all(struct cdn_state *fresh, const struct cdn_state *old,
                                cordon_error *err)
{
    cordon_status worst = CORDON_OK;
    uint64_t first = UINT64_MAX;

    for (uint32_t i = 0; i <= old->mask; i++) {
        const struct cdn_plan *plan = old->plans[i];
        struct cdn_plan *bound;
        cordon_status status;
        cordon_error own;

        if (!plan || age_of(plan) > first)
            continue;
        cdn_error_clear(&own);
        status = cdn_plan_rebind(&bound, plan, fresh->snapshot, fresh->granted, &own);
        if (status) {
            worst = status;
            first = age_of(plan);
            if (status == CORDON_E_NOMEM)
                return cdn_error_nomem(err);
            cdn_error_prefix(&own, "rule '%s'", plan->name);
            if (err)
                *err = own;
            continue;
        }
        cdn_state_add(fresh, bound);
        cdn_plan_release(bound); /* the state has it now */
    }
    return worst;
}

cordon_status cdn_engine_move(cordon_engine *engine, cordon_snapshot *snapshot,
                              struct cdn_policy *policy, cordon_error *err)
{
    struct cdn_state *old = atomic_load(&engine->state);
    struct cdn_state *fresh = NULL;
    struct cdn_granted *granted = NULL;
    unsigned char walls[CORDON_WALL_MICROVM + 1];
    cordon_status status = CORDON_OK;

    if (policy)
        status = cdn_trust_check(walls, engine, policy, err);
    if (policy && !status)
        status = cdn_granted_new(&granted, policy, old->granted, snapshot, walls, err);
    if (!status) {
        fresh = cdn_state_new(snapshot, granted, old->count);
        status = fresh ? rebind_all(fresh, old, err) : cdn_error_nomem(err);
    }
    cdn_granted_release(granted); /* the state has it now */
    if (!status && snapshot != old->snapshot)
        engine->moved_ns = cdn_clock_ns();
    if (!status && !cdn_state_publish(engine, fresh))
        status = cdn_error_nomem(err);
    if (status)
        cdn_state_free(fresh);
    else if (engine->workers)
        cdn_crews_turn(engine->workers, snapshot);
    return status;
}

static struct cdn_policy *policy_of(cordon_engine *engine)
{
    const struct cdn_state *state = atomic_load(&engine->state);

    return state->granted ? state->granted->policy : NULL;
}

cordon_status cordon_engine_set_policy(cordon_engine *engine, cordon_policy *policy,
                                       cordon_error *err)
{
    cordon_status status;

    if (!engine)
        return cdn_error_set(err, CORDON_E_INVALID,
                             "cordon_engine_set_policy: no engine");
    pthread_mutex_lock(&engine->writer);
    status =
        cdn_engine_move(engine, atomic_load(&engine->state)->snapshot, policy, err);
    pthread_mutex_unlock(&engine->writer);
    return status;
}

cordon_status cordon_engine_set_snapshot(cordon_engine *engine,
                                         cordon_snapshot *snapshot, cordon_error *err)
{
    cordon_status status;

    if (!engine)
        return cdn_error_set(err, CORDON_E_INVALID,
                             "cordon_engine_set_snapshot: no engine");
    pthread_mutex_lock(&engine->writer);
    status = cdn_engine_move(engine, snapshot, policy_of(engine), err);
    pthread_mutex_unlock(&engine->writer);
    return status;
}

cordon_snapshot *cordon_engine_get_snapshot(cordon_engine *engine)
{
    cordon_snapshot *snapshot;

    if (!engine)
        return NULL;
    pthread_mutex_lock(&engine->writer);
    snapshot = atomic_load(&engine->state)->snapshot;
    if (snapshot)
        cordon_snapshot_retain(snapshot);
    pthread_mutex_unlock(&engine->writer);
    return snapshot;
}

cordon_policy *cordon_engine_get_policy(cordon_engine *engine)
{
    cordon_policy *policy;

    if (!engine)
        return NULL;
    pthread_mutex_lock(&engine->writer);
    policy = cordon_policy_retain(policy_of(engine));
    pthread_mutex_unlock(&engine->writer);
    return policy;
}

/* All of it under `writer`: of two threads that follow at once the one that looked at
 * CURRENT first must not come last. */
cordon_status cdn_engine_follow(cordon_engine *engine, const char *store,
                                const cordon_snapshot_options *options,
                                struct cdn_policy *policy, bool *moved,
                                cordon_error *err)
{
    cordon_snapshot *snapshot;
    cordon_status status;
    bool fresh = false;

    *moved = false;
    snapshot = cordon_snapshot_retain(atomic_load(&engine->state)->snapshot);
    status = cordon_snapshot_refresh(&snapshot, store, options, &fresh, err);
    if (!status && fresh)
        status =
            cdn_engine_move(engine, snapshot, policy ? policy : policy_of(engine), err);
    cordon_snapshot_release(snapshot);
    if (!status)
        *moved = fresh;
    return status;
}

cordon_status cordon_engine_follow(cordon_engine *engine, const char *store,
                                   const cordon_snapshot_options *options, bool *moved,
                                   cordon_error *err)
{
    cordon_status status;
    bool fresh = false;

    if (moved)
        *moved = false;
    if (!engine)
        return cdn_error_set(err, CORDON_E_INVALID, "cordon_engine_follow: no engine");
    pthread_mutex_lock(&engine->writer);
    status = cdn_engine_follow(engine, store, options, NULL, &fresh, err);
    pthread_mutex_unlock(&engine->writer);
    if (moved)
        *moved = fresh;
    return status;
}
