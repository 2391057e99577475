/* One evaluation, from the public call to the tier and back.
 *
 * The hot path, in order: check the arguments, lease a slot, enter the state, find the rule,
 * resolve the budget, find the image, run, leave, release.  After the first evaluation of a
 * rule in a slot none of it allocates, takes a lock or makes a system call beyond the clock.
 *
 * What the host did wrong is a status; the outcome then says "error" with the same message,
 * so that whoever looks only at the outcome is not misled by an earlier one. */
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/hash.h"
#include "engine/engine.h"

static cordon_status check_arguments(const cordon_outcome *outcome,
                                     const cordon_engine *engine, const char *rule,
                                     const cordon_request *request, cordon_error *err)
{
    const char *missing = !outcome   ? "outcome"
                          : !engine  ? "engine"
                          : !rule    ? "rule"
                          : !request ? "request"
                                     : NULL;

    if (missing)
        return cdn_error_set(err, CORDON_E_INVALID,
                             "cordon_evaluate: no %s; it must not be NULL", missing);
    if (request->struct_size != sizeof *request)
        return cdn_error_set(
            err, CORDON_E_INVALID,
            "cordon_request: struct_size is %zu where %zu is known; begin "
            "with CORDON_REQUEST_INIT",
            request->struct_size, sizeof *request);
    if (request->limits && request->limits->struct_size != sizeof *request->limits)
        return cdn_error_set(
            err, CORDON_E_INVALID,
            "cordon_limits: struct_size is %zu where %zu is known; begin "
            "with CORDON_LIMITS_INIT",
            request->limits->struct_size, sizeof *request->limits);
    if (!request->params && request->params_bytes)
        return cdn_error_set(err, CORDON_E_INVALID,
                             "cordon_request: params_bytes without params");
    return CORDON_OK;
}

cordon_status cdn_lane_image(struct cdn_image **out, cordon_engine *engine,
                             struct cdn_lane *lane, const struct cdn_state *state,
                             const struct cdn_version *version, cordon_error *err)
{
    unsigned long dropped =
        atomic_load_explicit(&engine->dropped, memory_order_relaxed);
    struct cdn_budget budget;
    cordon_status status;

    if (lane->images.swept != dropped) {
        cdn_images_sweep(&lane->images, cdn_state_has_version, state);
        lane->images.swept = dropped;
    }
    *out = cdn_images_get(&lane->images, version->id);
    if (*out)
        return CORDON_OK;
    budget = cdn_budget_load(&engine->options);
    status = cdn_rule_image(out, version->rule, lane->slot, &budget, err);
    if (!status)
        status = cdn_images_put_take(&lane->images, version->id, *out, err);
    return status;
}

/* A permutation of 64 bits (the last steps of splitmix64, Steele et al. 2014): equal
 * results have equal inputs. */
static uint64_t scatter(uint64_t x)
{
    x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
    return x ^ (x >> 31);
}

/* Lane and count are what no two decisions of an engine share; the rest is random. */
static void name_decision(cordon_outcome *outcome, const cordon_engine *engine,
                          struct cdn_lane *lane)
{
    uint64_t number = ((uint64_t)(lane - engine->lanes) << 48) | ++lane->decisions;
    const uint64_t id[2] = {engine->identity[0], scatter(number) ^ engine->identity[1]};
    unsigned char bytes[sizeof id];

    memcpy(bytes, id, sizeof bytes);
    cdn_hash_hex(outcome->decision_id, bytes, sizeof bytes);
}

/* Which decision it was, and what made it. */
static void name_outcome(cordon_outcome *outcome, const cordon_engine *engine,
                         struct cdn_lane *lane, const struct cdn_version *version)
{
    name_decision(outcome, engine, lane);
    outcome->version = version->number;
    memcpy(outcome->source_hash, version->hash, sizeof outcome->source_hash);
    memcpy(outcome->rule, version->rule->name, sizeof outcome->rule);
}

static cordon_status evaluate_in(struct cdn_lane *lane, cordon_outcome *outcome,
                                 cordon_engine *engine, const char *name,
                                 struct cdn_rule_call *call, cordon_error *err)
{
    const struct cdn_state *state = cdn_state_enter(engine, lane);
    const struct cdn_entry *entry = cdn_state_find(state, name);
    const struct cdn_role *role;
    struct cdn_image *image;
    cordon_status status;

    if (!entry)
        return cdn_state_no_rule(state, name, err);
    call->rule = entry->version->rule;
    if (!cdn_admit(&role, &call->binding, outcome, state, entry, call->request)) {
        outcome->usage.wall_ns = cdn_clock_ns() - call->entered_ns;
        name_outcome(outcome, engine, lane, entry->version);
        return CORDON_OK;
    }
    if (!state->snapshot && call->rule->names.kind_count)
        return cdn_error_at(err, CORDON_E_RULE, call->rule->file,
                            call->rule->names.kinds[0].line, 0,
                            "the rule reads %s, and the engine has no snapshot",
                            call->rule->names.kinds[0].name);
    status = cdn_budget_resolve(&call->budget, &engine->options, &call->rule->limits,
                                call->request->limits, err);
    if (!status && role)
        status = cdn_budget_role(&call->budget, role, call->request->limits, err);
    if (!status)
        status = cdn_lane_image(&image, engine, lane, state, entry->version, err);
    if (status)
        return status;
    call->image = image;
    call->slot = lane->slot;
    call->host = &lane->host;
    call->snapshot = state->snapshot;
    status = cdn_tier_inproc.run(outcome, call, err);
    if (status)
        return status;
    if (role)
        cdn_output_filter(outcome, role);
    name_outcome(outcome, engine, lane, entry->version);
    return CORDON_OK;
}

cordon_status cordon_evaluate(cordon_outcome *outcome, cordon_engine *engine,
                              const char *rule, const cordon_request *request,
                              cordon_error *err)
{
    struct cdn_rule_call call = {.request = request, .entered_ns = cdn_clock_ns()};
    struct cdn_lane *lane;
    cordon_error own;
    cordon_status status;

    if (!err)
        err = &own;
    status = check_arguments(outcome, engine, rule, request, err);
    if (!status) {
        lane = cdn_pool_lease(engine);
        if (lane) {
            status = evaluate_in(lane, outcome, engine, rule, &call, err);
            cdn_state_leave(engine, lane);
            cdn_pool_release(engine, lane);
        } else {
            status =
                cdn_error_set(err, CORDON_E_BUSY,
                              "all %u sandboxes stayed in use for %u ms; raise slots, "
                              "or busy_wait_ms",
                              engine->options.slots, engine->options.busy_wait_ms);
        }
    }
    if (status && outcome) {
        cdn_outcome_reset(outcome);
        outcome->usage.wall_ns = cdn_clock_ns() - call.entered_ns;
        outcome->line = err->line;
        memcpy(outcome->file, err->file, sizeof outcome->file);
        memcpy(outcome->message, err->message, sizeof outcome->message);
    }
    return status;
}

cordon_status cordon_engine_warm(cordon_engine *engine, const char *rule,
                                 cordon_error *err)
{
    cordon_status status = CORDON_OK;

    if (!engine || !rule)
        return cdn_error_set(err, CORDON_E_INVALID,
                             "cordon_engine_warm: no %s; it must not be NULL",
                             engine ? "rule" : "engine");
    for (uint32_t i = 0; i < engine->options.slots && !status; i++) {
        struct cdn_lane *lane = &engine->lanes[i];
        const struct cdn_state *state;
        const struct cdn_entry *entry;
        struct cdn_image *image;

        cdn_pool_lease_lane(engine, lane);
        state = cdn_state_enter(engine, lane);
        entry = cdn_state_find(state, rule);
        status = entry
                     ? cdn_lane_image(&image, engine, lane, state, entry->version, err)
                     : cdn_state_no_rule(state, rule, err);
        cdn_state_leave(engine, lane);
        cdn_pool_release(engine, lane);
    }
    return status;
}

void cordon_cancel_request(cordon_cancel *cancel)
{
    if (cancel)
        __atomic_store_n(&cancel->requested, 1, __ATOMIC_RELAXED);
}

void cordon_cancel_clear(cordon_cancel *cancel)
{
    if (cancel)
        __atomic_store_n(&cancel->requested, 0, __ATOMIC_RELAXED);
}
