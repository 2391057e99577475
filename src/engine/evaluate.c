/* One evaluation, from the public call to the tier and back.
 *
 * The hot path, in order: check the arguments, lease a lane, enter the state, find the plan,
 * choose the version, resolve the budget, find the image, run, count, leave, release.  After
 * the first evaluation of a version in a lane none of it allocates, takes a lock or makes a
 * system call beyond the clock.
 *
 * Shadows run after what decides, on the same thread and state, within the time that the
 * request has left; what they say is counted and recorded, and goes nowhere else.
 *
 * What the host did wrong is a status; the outcome then says "error" with the same message,
 * so that whoever looks only at the outcome is not misled by an earlier one. */
#include <endian.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "base/checked.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/hash.h"
#include "engine/audit.h"
#include "engine/engine.h"
#include "engine/granted.h"
#include "engine/set.h"
#include "engine/tighten.h"
#include "engine/trust.h"
#include "engine/view.h"
#include "rule/functions.h"

/* ---- the request ---- */

cordon_status cdn_request_check(const char *function, const void *outcome,
                                const cordon_engine *engine, const char *name,
                                const cordon_request *request, cordon_error *err)
{
    const char *missing = !outcome   ? "outcome"
                          : !engine  ? "engine"
                          : !name    ? "rule"
                          : !request ? "request"
                                     : NULL;

    if (missing)
        return cdn_error_set(err, CORDON_E_INVALID, "%s: no %s; it must not be NULL",
                             function, missing);
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
    if (request->priority > CORDON_MAX_PRIORITY)
        return cdn_error_set(err, CORDON_E_INVALID,
                             "cordon_request: priority %u; 0 to %d are possible",
                             request->priority, CORDON_MAX_PRIORITY);
    return CORDON_OK;
}

void cdn_outcome_failed(cordon_outcome *outcome, uint64_t entered_ns,
                        const cordon_error *err)
{
    cdn_outcome_reset(outcome);
    outcome->usage.wall_ns = cdn_clock_ns() - entered_ns;
    outcome->line = err->line;
    memcpy(outcome->file, err->file, sizeof outcome->file);
    memcpy(outcome->message, err->message, sizeof outcome->message);
}

/* ---- names ---- */

/* A permutation of 64 bits (the last steps of splitmix64, Steele et al. 2014): equal
 * results have equal inputs. */
static uint64_t scatter(uint64_t x)
{
    x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
    return x ^ (x >> 31);
}

/* Eight hexadecimal digits, of the lowest four bits first: all at a time, a byte each. */
static void put_digits(char *out, uint32_t number)
{
    const uint64_t ones = UINT64_C(0x0101010101010101);
    uint64_t digits = number;

    digits = (digits | digits << 16) & UINT64_C(0x0000ffff0000ffff);
    digits = (digits | digits << 8) & UINT64_C(0x00ff00ff00ff00ff);
    digits = (digits | digits << 4) & UINT64_C(0x0f0f0f0f0f0f0f0f);
    /* from ten on by so much more: from behind '9' to 'a' */
    digits += '0' * ones + ((digits + 6 * ones) >> 4 & ones) * ('a' - '9' - 1);
    digits = htole64(digits);
    memcpy(out, &digits, sizeof digits);
}

void cdn_decision_name(char out[CORDON_DECISION_ID_BYTES + 1], struct cdn_lane *lane)
{
    enum { HALF = CORDON_DECISION_ID_BYTES / 2 };
    /* lane and count are what no two decisions of an engine share; the rest is random */
    uint64_t number = ((uint64_t)lane->number << 48) | ++lane->decisions;
    uint64_t id = scatter(number) ^ lane->engine->veil;

    memcpy(out, lane->engine->identity, HALF);
    _Static_assert(HALF == 16, "all of the digits of 64 bits");
    put_digits(out + HALF, (uint32_t)id);
    put_digits(out + HALF + HALF / 2, (uint32_t)(id >> 32));
    out[2 * HALF] = '\0';
}

static void name_decision(cordon_outcome *outcome, struct cdn_lane *lane,
                          const struct cdn_plan *plan,
                          const struct cdn_version *version, cordon_variant variant)
{
    cdn_decision_name(outcome->decision_id, lane);
    outcome->version = version->number;
    outcome->variant = variant;
    memcpy(outcome->source_hash, version->hash, sizeof outcome->source_hash);
    memcpy(outcome->rule, plan->name, sizeof outcome->rule);
}

/* ---- running a version ---- */

/* The lane's holder alone writes them; metrics read meanwhile. */
static void note_build(struct cdn_lane *lane, uint64_t ns)
{
    uint64_t *count = &lane->builds[cdn_tally_time(ns)];

    __atomic_store_n(count, *count + 1, __ATOMIC_RELAXED);
    __atomic_store_n(&lane->builds_ns, lane->builds_ns + ns, __ATOMIC_RELAXED);
}

cordon_status cdn_lane_image(struct cdn_image **out, struct cdn_lane *lane,
                             const struct cdn_state *state,
                             const struct cdn_version *version, cordon_error *err)
{
    const cordon_engine *engine = lane->engine;
    unsigned long dropped =
        atomic_load_explicit(&engine->dropped, memory_order_relaxed);
    struct cdn_budget budget;
    uint64_t began_ns;
    cordon_status status;

    if (lane->images.swept != dropped) {
        cdn_images_sweep(&lane->images, cdn_state_has_version, state);
        lane->images.swept = dropped;
    }
    *out = cdn_images_get(&lane->images, version->id);
    if (*out)
        return CORDON_OK;
    budget = cdn_budget_load(&engine->options);
    began_ns = cdn_clock_ns();
    status = cdn_rule_image(out, version->rule, lane->slot, &budget, err);
    note_build(lane, cdn_clock_ns() - began_ns);
    if (!status)
        status = cdn_images_put_take(&lane->images, version->id, *out, err);
    return status;
}

/* Put it into the log, if there is one. */
static void record(struct cdn_lane *lane, const struct cdn_state *state,
                   const struct cdn_version *version, const struct cdn_role *role,
                   const struct cdn_ask *ask, const cordon_outcome *outcome)
{
    cordon_audit *audit =
        atomic_load_explicit(&lane->engine->audit, memory_order_relaxed);
    const cordon_snapshot *graph = cdn_request_graph(state, ask->request);
    struct cdn_audit_record record;

    if (!audit)
        return;
    cdn_audit_record_of(&record, outcome, ask->request, graph ? graph->identity : 0,
                        cdn_clock_wall_ms());
    record.set = ask->set;
    record.functions = version->functions;
    record.function_count = version->rule->function_count;
    record.answers = &lane->host.answers;
    record.crashed = lane->crashed;
    record.left_out = cdn_role_unrecorded(role);
    (void)cdn_audit_offer(audit, &record); /* what is lost, the log counts */
}

/* An outcome is whole: name it, record it. */
static void tell(struct cdn_lane *lane, const struct cdn_state *state,
                 const struct cdn_plan *plan, const struct cdn_entry *entry,
                 cordon_variant variant, const struct cdn_role *role,
                 const struct cdn_ask *ask, cordon_outcome *outcome)
{
    const cordon_snapshot *graph = cdn_request_graph(state, ask->request);

    name_decision(outcome, lane, plan, entry->version, variant);
    outcome->generation = graph ? cordon_snapshot_generation(graph) : 0;
    record(lane, state, entry->version, role, ask, outcome);
    cdn_answers_clear(&lane->host.answers); /* the next may be refused before it runs */
    cdn_observe(lane->engine, ask->request, outcome, ask->set);
}

/* The same, and it counts among what the version has done. */
static void conclude(struct cdn_lane *lane, const struct cdn_state *state,
                     const struct cdn_plan *plan, const struct cdn_entry *entry,
                     cordon_variant variant, const struct cdn_role *role,
                     const struct cdn_ask *ask, cordon_outcome *outcome)
{
    struct cdn_version *version = entry->version;

    cdn_tally_add(&version->tallies[lane->number], version->rule, variant, outcome,
                  ask->waited_ns);
    tell(lane, state, plan, entry, variant, role, ask, outcome);
}

/* Run it behind the strongest wall that anybody asks for. */
static cordon_status run_behind(struct cdn_behind *behind, struct cdn_lane *lane,
                                const struct cdn_state *state,
                                const struct cdn_plan *plan,
                                const struct cdn_entry *entry,
                                const struct cdn_role *role, struct cdn_rule_call *call,
                                cordon_outcome *outcome, cordon_error *err)
{
    uint32_t number = cdn_entry_wall(entry);
    struct cdn_image *image;
    struct cdn_seen seen;
    cordon_status status;
    cordon_wall wall;

    if (role && role->wall > number)
        number = state->granted->walls[role->wall];
    *behind = (struct cdn_behind){.wall = number};
    if (__builtin_expect(number == CORDON_WALL_INPROC, 1)) {
        uint64_t built_ns = lane->builds_ns;

        status = cdn_lane_image(&image, lane, state, entry->version, err);
        if (status)
            return status;
        call->image = image;
        call->at_once = call->at_once && lane->builds_ns == built_ns;
        cdn_schedule_watch(lane, &plan->revoked);
        return cdn_tier_inproc.run(outcome, call, err);
    }
    if (number == CDN_WALL_NONE) {
        cdn_trust_refuse(outcome, plan, entry);
        outcome->usage.wall_ns = cdn_clock_ns() - call->entered_ns;
        return CORDON_OK;
    }
    wall = (cordon_wall)number;
    call->revoked = &plan->revoked;
    status = cdn_see(&seen, lane, state, role, wall, call, outcome, err);
    if (!status && !seen.refused)
        status = cdn_walls_run(outcome, lane->engine, behind, &seen.sight, call, err);
    cdn_seen_release(&seen, lane->engine);
    return status;
}

/* Run it bound to what it is evaluated on; *own is the caller's to free, a binding to a graph
 * that came with the request. */
static cordon_status run_bound(struct cdn_binding **own, struct cdn_lane *lane,
                               const struct cdn_state *state,
                               const struct cdn_plan *plan,
                               const struct cdn_entry *entry, cordon_variant variant,
                               const struct cdn_ask *ask, cordon_outcome *outcome,
                               cordon_error *err)
{
    struct cdn_version *version = entry->version;
    const cordon_engine *engine = lane->engine;
    struct cdn_rule_call call = {
        .rule = version->rule,
        .slot = lane->slot,
        .host = &lane->host,
        .snapshot = cdn_request_graph(state, ask->request),
        .functions = version->functions,
        .request = ask->request,
        .trace =
            variant == CORDON_VARIANT_SHADOW || ask->set ? NULL : ask->request->trace,
        .entered_ns = ask->entered_ns,
        .at_once = !ask->waited_ns && !ask->request->graph,
        .shared_params = ask->shared_params,
    };
    const struct cdn_role *role;
    struct cdn_behind behind;
    struct cdn_budget full;
    cordon_status status;
    bool admitted;

    lane->tightened = false;
    admitted = cdn_admit(&role, &call.binding, outcome, state, entry, ask->request);

    if (admitted && ask->request->graph) {
        status = cdn_admit_graph(own, outcome, entry, role, ask->request->graph, err);
        if (status)
            return status;
        call.binding = *own;
        admitted = *own != NULL;
    }
    if (!admitted) {
        outcome->usage.wall_ns = cdn_clock_ns() - ask->entered_ns;
        conclude(lane, state, plan, entry, variant, role, ask, outcome);
        return CORDON_OK;
    }
    if (!call.snapshot && call.rule->names.kind_count)
        return cdn_error_at(err, CORDON_E_RULE, call.rule->file,
                            call.rule->names.kinds[0].line, 0,
                            "the rule reads %s, and the engine has no snapshot",
                            call.rule->names.kinds[0].name);
    status = cdn_budget_resolve(&call.budget, &engine->options, &call.rule->limits,
                                ask->request->limits, err);
    if (!status && role)
        status = cdn_budget_role(&call.budget, role, ask->request->limits, err);
    if (status)
        return status;
    if (ask->until_ns - ask->entered_ns < call.budget.wall_ns)
        call.budget.wall_ns = ask->until_ns - ask->entered_ns;
    full = call.budget;
    cdn_tighten(&call.budget, engine, version, ask->waited_ns);
    status = run_behind(&behind, lane, state, plan, entry, role, &call, outcome, err);
    if (status)
        return status;
    if (role)
        cdn_output_filter(outcome, role);
    if (__builtin_expect(outcome->kind == CORDON_OUTCOME_OK, 1)) {
        conclude(lane, state, plan, entry, variant, role, ask, outcome);
        return CORDON_OK;
    }
    lane->tightened = cdn_tighten_stopped(outcome, &full, &call.budget);
    if (lane->tightened)
        cdn_tally_tightened(&version->tallies[lane->number]);
    lane->crashed = behind.crashed;
    conclude(lane, state, plan, entry, variant, role, ask, outcome);
    lane->crashed = false;
    cdn_trust_failed(lane, state, entry, variant, &behind, outcome);
    return CORDON_OK;
}

static cordon_status run_entry(struct cdn_lane *lane, const struct cdn_state *state,
                               const struct cdn_plan *plan,
                               const struct cdn_entry *entry, cordon_variant variant,
                               const struct cdn_ask *ask, cordon_outcome *outcome,
                               cordon_error *err)
{
    struct cdn_binding *own = NULL;
    cordon_status status =
        run_bound(&own, lane, state, plan, entry, variant, ask, outcome, err);

    cdn_binding_free(own);
    return status;
}

/* ---- shadows ---- */

static bool same_decision(const cordon_outcome *a, const cordon_outcome *b)
{
    if (a->has_decision != b->has_decision)
        return false;
    return !a->has_decision || !strcmp(a->decision, b->decision);
}

/* Run beside what decided, with what is left of the request's time. */
static void run_shadow(struct cdn_lane *lane, const struct cdn_state *state,
                       const struct cdn_plan *plan, const struct cdn_shadow *shadow,
                       const struct cdn_ask *ask, const cordon_outcome *decided)
{
    struct cdn_version *version = shadow->entry->version;
    struct cdn_ask again = *ask;
    cordon_error err;

    again.entered_ns = cdn_clock_ns();
    again.waited_ns = 0;
    again.shared_params = true; /* what it does not know yet, it does not use */
    if (again.entered_ns >= again.until_ns)
        return;
    if (!lane->aside && cordon_outcome_new(&lane->aside, &err))
        return;
    if (run_entry(lane, state, plan, shadow->entry, CORDON_VARIANT_SHADOW, &again,
                  lane->aside, &err))
        return;
    /* Stopped by load, or time that another had used: nobody knows what it would have said. */
    if (lane->tightened)
        return;
    if (lane->aside->limit == CORDON_BUDGET_TIME &&
        lane->aside->usage.wall_limit_ns == again.until_ns - again.entered_ns)
        return;
    cdn_tally_compare(&version->tallies[lane->number],
                      same_decision(lane->aside, decided));
}

/* ---- a plan ---- */

/* When the request's own limit ends it, shadows included. */
static uint64_t end_of(const struct cdn_ask *ask)
{
    const cordon_limits *limits = ask->request->limits;
    uint64_t end = ask->until_ns;

    if (limits && limits->wall_ns &&
        cdn_add_sat(ask->entered_ns, limits->wall_ns) < end)
        end = ask->entered_ns + limits->wall_ns;
    return end;
}

static cordon_status evaluate_plan(struct cdn_lane *lane, const struct cdn_state *state,
                                   struct cdn_plan *plan, const struct cdn_ask *ask,
                                   cordon_outcome *outcome, cordon_error *err)
{
    const struct cdn_entry *entry = plan->live;
    cordon_variant variant = CORDON_VARIANT_LIVE;
    uint32_t point = 0;
    struct cdn_ask rest;
    cordon_status status;

    if (plan->set)
        return cdn_error_set(err, CORDON_E_INVALID,
                             "'%s' is a set; cordon_evaluate_set() evaluates it",
                             plan->name);
    if (plan->state != CDN_PLAN_ACTIVE) {
        cdn_rule_refuse(outcome, entry->version->rule, CORDON_OUTCOME_DENIED,
                        CORDON_BUDGET_NONE, "%s", plan->why);
        conclude(lane, state, plan, entry, variant, NULL, ask, outcome);
        return CORDON_OK;
    }
    if (plan->choice_count || plan->shadow_count) {
        point = cdn_plan_point(plan, ask->request);
        entry = cdn_plan_choose(plan, point, &variant);
    }
    status = run_entry(lane, state, plan, entry, variant, ask, outcome, err);
    if (status || !plan->shadow_count)
        return status;
    rest = *ask;
    rest.until_ns = end_of(ask);
    for (uint32_t i = 0; i < plan->shadow_count; i++) {
        const struct cdn_shadow *shadow = &plan->shadows[i];

        /* of the whole, those without a subject are part */
        if (shadow->sample >= CDN_PLAN_WHOLE || point < shadow->sample)
            run_shadow(lane, state, plan, shadow, &rest, outcome);
    }
    return CORDON_OK;
}

void cdn_lane_too_late(struct cdn_lane *lane, const struct cdn_state *state,
                       const struct cdn_plan *plan, const struct cdn_ask *ask,
                       cordon_outcome *outcome)
{
    const struct cdn_entry *entry = plan->live;
    cordon_variant variant = CORDON_VARIANT_LIVE;
    const struct cdn_binding *binding;
    const struct cdn_role *role;

    if (plan->choice_count)
        entry = cdn_plan_choose(plan, cdn_plan_point(plan, ask->request), &variant);
    if (cdn_admit(&role, &binding, outcome, state, entry, ask->request))
        cdn_rule_refuse(outcome, entry->version->rule, CORDON_OUTCOME_LIMIT,
                        CORDON_BUDGET_TIME,
                        "time: the set's time was over before its turn came; give the "
                        "set more, or its members less");
    tell(lane, state, plan, entry, variant, role, ask, outcome);
}

/* ---- quotas ---- */

bool cdn_quota_find(struct cdn_quota_pass *pass, const cordon_engine *engine,
                    const struct cdn_state *state, const char *principal)
{
    const struct cdn_granted *granted = state->granted;
    int32_t number;

    if (!granted || !principal || engine->quotas_off)
        return false;
    number = cdn_policy_principal(granted->policy, principal);
    if (number < 0)
        return false; /* it will be denied */
    pass->quota = &cdn_policy_role(granted->policy, number)->quota;
    pass->state = &granted->quotas->principals[number];
    return true;
}

/* The number of the policy's rule whose quota this is. */
static size_t rule_number(const struct cdn_policy *policy,
                          const struct cdn_quota *quota)
{
    const char *at = (const char *)quota, *first = (const char *)&policy->rules->quota;

    return (size_t)(at - first) / sizeof *policy->rules;
}

/* As cdn_lane_evaluate(), within the quota that the policy gives the rule. */
static cordon_status within_quota(struct cdn_lane *lane, const struct cdn_state *state,
                                  struct cdn_plan *plan, const struct cdn_ask *ask,
                                  cordon_outcome *outcome, cordon_error *err)
{
    const struct cdn_policy *policy = state->granted->policy;
    const struct cdn_quota *quota = cdn_policy_rule_quota(policy, plan->name);
    struct cdn_quota_state *quota_state;
    cordon_status status;

    if (!quota)
        return evaluate_plan(lane, state, plan, ask, outcome, err);
    quota_state = &state->granted->quotas->rules[rule_number(policy, quota)];
    status =
        cdn_quota_enter(quota_state, quota, ask->entered_ns, "rule", plan->name, err);
    if (status) {
        atomic_fetch_add(&lane->engine->over_quota, 1);
        return status;
    }
    status = evaluate_plan(lane, state, plan, ask, outcome, err);
    cdn_quota_leave(quota_state, quota, ask->entered_ns,
                    status ? 0 : outcome->usage.instructions);
    return status;
}

cordon_status cdn_lane_evaluate(struct cdn_lane *lane, const struct cdn_state *state,
                                struct cdn_plan *plan, const struct cdn_ask *ask,
                                cordon_outcome *outcome, cordon_error *err)
{
    if (state->granted && state->granted->policy->rule_count &&
        !lane->engine->quotas_off)
        return within_quota(lane, state, plan, ask, outcome, err);
    return evaluate_plan(lane, state, plan, ask, outcome, err);
}

/* ---- the public call ---- */

struct evaluation {
    struct cdn_job job; /* first */
    cordon_outcome *outcome;
    const char *rule;
    struct cdn_ask ask;
    cordon_error *err;
    cordon_status status;
};

static bool evaluation_may_block(const struct cdn_job *job,
                                 const struct cdn_state *state)
{
    const struct evaluation *evaluation = (const struct evaluation *)(const void *)job;
    const struct cdn_plan *plan = cdn_state_find(state, evaluation->rule);

    return plan && cdn_plan_may_block(plan);
}

static void evaluate_in(struct cdn_job *job, cordon_engine *engine,
                        struct cdn_lane *lane)
{
    struct evaluation *evaluation = (struct evaluation *)(void *)job;
    const struct cdn_state *state = cdn_state_enter(engine, lane);
    struct cdn_plan *plan = cdn_state_find(state, evaluation->rule);
    struct cdn_ask *ask = &evaluation->ask;
    const char *principal = ask->request->principal;
    struct cdn_quota_pass pass;
    bool limited = cdn_quota_find(&pass, engine, state, principal);

    evaluation->status = CORDON_OK;
    ask->shared_params = engine->shared_params;
    ask->waited_ns = job->waited_ns;
    if (limited)
        evaluation->status = cdn_quota_enter(pass.state, pass.quota, ask->entered_ns,
                                             "principal", principal, evaluation->err);
    if (evaluation->status) {
        atomic_fetch_add(&engine->over_quota, 1);
    } else {
        evaluation->status =
            plan ? cdn_lane_evaluate(lane, state, plan, ask, evaluation->outcome,
                                     evaluation->err)
                 : cdn_state_no_rule(state, evaluation->rule, evaluation->err);
        if (limited)
            cdn_quota_leave(
                pass.state, pass.quota, ask->entered_ns,
                evaluation->status ? 0 : evaluation->outcome->usage.instructions);
    }
    cdn_state_leave(engine, lane);
}

cordon_status cordon_evaluate(cordon_outcome *outcome, cordon_engine *engine,
                              const char *rule, const cordon_request *request,
                              cordon_error *err)
{
    struct evaluation evaluation = {
        .job.run = evaluate_in,
        .job.may_block = evaluation_may_block,
        .job.until_ns = UINT64_MAX,
        .outcome = outcome,
        .rule = rule,
        .ask = {.request = request,
                .entered_ns = cdn_clock_ns(),
                .until_ns = UINT64_MAX},
    };
    cordon_error own;
    cordon_status status;

    evaluation.err = err ? err : &own;
    status = cdn_request_check("cordon_evaluate", outcome, engine, rule, request,
                               evaluation.err);
    if (!status) {
        evaluation.job.priority = request->priority;
        if (request->limits && request->limits->wall_ns)
            evaluation.job.until_ns =
                cdn_add_sat(evaluation.ask.entered_ns, request->limits->wall_ns);
        status = cdn_schedule(engine, &evaluation.job, evaluation.err);
        if (!status)
            status = evaluation.status;
    }
    if (status && outcome)
        cdn_outcome_failed(outcome, evaluation.ask.entered_ns, evaluation.err);
    return status;
}

/* ---- warming ---- */

static cordon_status warm_plan(struct cdn_lane *lane, const struct cdn_state *state,
                               const struct cdn_plan *plan, cordon_error *err)
{
    struct cdn_entry *entries[CDN_PLAN_MAX_ENTRIES];
    uint32_t count = cdn_plan_entries(entries, plan);
    cordon_status status = CORDON_OK;
    struct cdn_image *image;

    for (uint32_t i = 0; i < count && !status; i++) {
        uint32_t wall = cdn_entry_wall(entries[i]);

        if (wall == CORDON_WALL_INPROC)
            status = cdn_lane_image(&image, lane, state, entries[i]->version, err);
        else if (wall != CDN_WALL_NONE &&
                 lane->number == 0) /* workers are everybody's */
            status = cdn_walls_warm(lane, (cordon_wall)wall, state, entries[i]->version,
                                    err);
    }
    for (uint32_t i = 0; plan->set && i < plan->set->member_count && !status; i++) {
        const struct cdn_plan *member =
            cdn_state_find(state, plan->set->members[i].name);

        if (member && !member->set)
            status = warm_plan(lane, state, member, err);
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
    for (uint32_t i = 0; i < engine->lane_count && !status; i++) {
        struct cdn_lane *lane = &engine->lanes[i];
        const struct cdn_state *state;
        const struct cdn_plan *plan;

        cdn_pool_lease_lane(engine, lane);
        state = cdn_state_enter(engine, lane);
        plan = cdn_state_find(state, rule);
        status = plan ? warm_plan(lane, state, plan, err)
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
