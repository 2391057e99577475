/* Placing versions behind walls, and following the breakers that trip; trust.h says how. */
#include "engine/trust.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "engine/audit.h"
#include "engine/audit_log.h"
#include "engine/granted.h"
#include "engine/history.h"
#include "engine/policy_read.h"
#include "engine/registry.h"
#include "rule/outcome.h"
#include "rule/run.h"
#include "sandbox/locate.h"

/* ---- walls that work here ---- */

/* The first wall no weaker than `wall` that works; CDN_WALL_NONE: none.
 * Errors: CORDON_E_NOMEM, of which nothing is remembered. */
static cordon_status stand_in(uint32_t *out, cordon_engine *engine, uint32_t wall,
                              cordon_error *err)
{
    for (*out = wall; *out != CORDON_WALL_INPROC && *out < CDN_WALL_NONE; ++*out) {
        struct cdn_wall_tried *tried = &engine->walls[*out];
        cordon_error own;

        if (!tried->known) {
            cordon_status status =
                cdn_walls_try((cordon_wall)*out, &engine->options, &own);

            if (status == CORDON_E_NOMEM)
                return cdn_error_nomem(err);
            tried->known = true;
            tried->works = !status;
            if (status)
                (void)snprintf(tried->why, sizeof tried->why, "%.190s", own.message);
        }
        if (tried->works)
            break;
    }
    return CORDON_OK;
}

/* Why none does for `wall`. */
static const char *tell_why(char *out, size_t size, const cordon_engine *engine,
                            uint32_t wall)
{
    size_t at = 0;

    out[0] = '\0';
    for (; wall < CDN_WALL_NONE && at < size; wall++) {
        int bytes =
            snprintf(out + at, size - at, "%s%s: %s", at ? "; " : "",
                     cordon_wall_str((cordon_wall)wall), engine->walls[wall].why);

        at += bytes > 0 ? (size_t)bytes : 0;
    }
    return out;
}

/* One wall that the policy names at `path`. */
static cordon_status check_one(unsigned char walls[CORDON_WALL_MICROVM + 1],
                               cordon_engine *engine, const struct cdn_policy *policy,
                               uint32_t wall, const struct cdn_step *path, size_t depth,
                               cordon_error *err)
{
    char why[400], where[200];
    size_t at = 0;
    uint32_t found, line;
    cordon_status status = stand_in(&found, engine, wall, err);

    if (status)
        return status;
    if (found != CDN_WALL_NONE) {
        walls[wall] = (unsigned char)found;
        return CORDON_OK;
    }
    where[0] = '\0';
    for (size_t i = 0; i < depth && at < sizeof where; i++) {
        int bytes =
            snprintf(where + at, sizeof where - at, "%s%s", i ? "." : "", path[i].key);

        at += bytes > 0 ? (size_t)bytes : 0;
    }
    line = cdn_locate(policy->source, policy->source_bytes, path, depth);
    if (!engine->options.worker)
        return cdn_error_at(err, CORDON_E_INVALID, policy->file, line, 0,
                            "%s: this engine has no wall '%s', only '%s', as its "
                            "options name no cordon-worker",
                            where, cordon_wall_str((cordon_wall)wall),
                            cordon_wall_str(CORDON_WALL_INPROC));
    return cdn_error_at(err, CORDON_E_INVALID, policy->file, line, 0,
                        "%s: neither '%s' nor a stronger wall works here: %s", where,
                        cordon_wall_str((cordon_wall)wall),
                        tell_why(why, sizeof why, engine, wall));
}

cordon_status cdn_trust_check(unsigned char walls[CORDON_WALL_MICROVM + 1],
                              cordon_engine *engine, const struct cdn_policy *policy,
                              cordon_error *err)
{
    static const char *const states[CDN_TRUST_STATES] = {"active", "canary", "draft",
                                                         "quarantined"};
    cordon_status status = CORDON_OK;

    for (unsigned wall = 0; wall <= CORDON_WALL_MICROVM; wall++)
        walls[wall] = (unsigned char)wall;
    for (uint32_t i = 0; i < policy->principal_count && !status; i++) {
        const struct cdn_role *role = &policy->principals[i];
        const bool own = !role->role || role->given & cdn_policy_field("wall");
        const struct cdn_step path[] = {{.key = own ? "principals" : "roles"},
                                        {.key = own ? role->principal : role->role},
                                        {.key = "wall"}};

        status = check_one(walls, engine, policy, role->wall, path, 3, err);
    }
    for (int state = 0; state < CDN_TRUST_STATES && policy->walls.given && !status;
         state++) {
        const struct cdn_step path[] = {{.key = "walls"}, {.key = states[state]}};

        status =
            check_one(walls, engine, policy, policy->walls.of[state], path, 2, err);
    }
    for (uint32_t i = 0; i < policy->breaker.wall_count && !status; i++) {
        const struct cdn_step path[] = {{.key = "breaker"}, {.key = "behind"}};

        status =
            check_one(walls, engine, policy, policy->breaker.walls[i], path, 2, err);
    }
    return status;
}

/* ---- placing ---- */

/* What the registry says of a version, and of all of them. */
static uint32_t said_of(bool *quarantined, const struct cdn_plan *plan, uint32_t number)
{
    uint32_t wall = CORDON_WALL_INPROC;

    *quarantined = false;
    for (uint32_t i = 0; plan && i < plan->trust_count; i++) {
        const cordon_trust *trust = &plan->trusts[i];

        if (trust->version && trust->version != number)
            continue;
        if (trust->wall > wall)
            wall = trust->wall;
        *quarantined = *quarantined || trust->quarantined;
    }
    return wall;
}

/* Has the active version run as often, and decided for as long, as the policy wants? */
static bool has_history(const cordon_engine *engine,
                        const struct cdn_policy_walls *walls,
                        const struct cdn_plan *plan)
{
    if (!plan || !plan->live)
        return !walls->after_ms && !walls->after_runs;
    if (walls->after_ms &&
        (!plan->since_ms || cdn_clock_wall_ms() - plan->since_ms < walls->after_ms))
        return false;
    return !walls->after_runs ||
           cdn_history_runs(engine, plan->live->version) >= walls->after_runs;
}

/* The wall of what runs as `as`, a stand-in for one that does not work.  Without memory to try
 * one: none. */
static uint32_t wall_of(cordon_engine *engine, const struct cdn_policy_walls *walls,
                        const struct cdn_plan *plan, uint32_t number,
                        enum cdn_trust_state as)
{
    uint32_t wall, found;
    bool quarantined;

    wall = said_of(&quarantined, plan, number);
    if (quarantined)
        as = CDN_TRUST_QUARANTINED;
    else if (as == CDN_TRUST_ACTIVE && walls && !has_history(engine, walls, plan))
        as = CDN_TRUST_DRAFT;
    if (walls && walls->of[as] > wall)
        wall = walls->of[as];
    else if (!walls && quarantined && wall < CORDON_WALL_PROCESS)
        wall = CORDON_WALL_PROCESS;
    if (stand_in(&found, engine, wall, NULL))
        found = CDN_WALL_NONE;
    return found > engine->options.wall ? found : engine->options.wall;
}

static void place(cordon_engine *engine, const struct cdn_policy_walls *walls,
                  const struct cdn_plan *plan, struct cdn_entry *entry,
                  enum cdn_trust_state as)
{
    uint32_t wall = wall_of(engine, walls, plan, entry->version->number, as);

    atomic_store_explicit(&entry->wall, wall, memory_order_relaxed);
}

static const struct cdn_policy *policy_of(const struct cdn_state *state)
{
    return state->granted ? state->granted->policy : NULL;
}

static const struct cdn_policy_walls *walls_of(const struct cdn_state *state)
{
    const struct cdn_policy *policy = policy_of(state);

    return policy && policy->walls.given ? &policy->walls : NULL;
}

uint32_t cdn_trust_reads(cordon_engine *engine, const struct cdn_plan *plan,
                         uint32_t number, enum cdn_trust_state as)
{
    return wall_of(engine, walls_of(atomic_load(&engine->state)), plan, number, as);
}

void cdn_trust_tell(cordon_engine *engine)
{
    cdn_registry_read_behind(engine->registry,
                             cdn_trust_reads(engine, NULL, 0, CDN_TRUST_DRAFT),
                             engine->options.worker);
}

void cdn_trust_place(cordon_engine *engine, const struct cdn_state *state)
{
    const struct cdn_policy_walls *walls = walls_of(state);

    for (uint32_t i = 0; i <= state->mask; i++) {
        const struct cdn_plan *plan = state->plans[i];

        if (!plan)
            continue;
        if (plan->live)
            place(engine, walls, plan, plan->live, CDN_TRUST_ACTIVE);
        for (uint32_t k = 0; k < plan->choice_count; k++)
            place(engine, walls, plan, plan->choices[k].entry, CDN_TRUST_CANARY);
        for (uint32_t k = 0; k < plan->shadow_count; k++)
            place(engine, walls, plan, plan->shadows[k].entry, CDN_TRUST_DRAFT);
    }
}

uint32_t cdn_trust_wanted(const struct cdn_state *state)
{
    const struct cdn_policy *policy = policy_of(state);
    uint32_t walls = 0;

    for (uint32_t i = 0; i <= state->mask; i++) {
        struct cdn_entry *entries[CDN_PLAN_MAX_ENTRIES];
        const struct cdn_plan *plan = state->plans[i];
        uint32_t count = plan && plan->state == CDN_PLAN_ACTIVE
                             ? cdn_plan_entries(entries, plan)
                             : 0;

        for (uint32_t k = 0; k < count; k++)
            walls |= UINT32_C(1) << cdn_entry_wall(entries[k]);
    }
    for (uint32_t i = 0; policy && i < policy->principal_count; i++)
        walls |= UINT32_C(1) << state->granted->walls[policy->principals[i].wall];
    return walls;
}

void cdn_trust_refuse(cordon_outcome *outcome, const struct cdn_plan *plan,
                      const struct cdn_entry *entry)
{
    bool tripped = atomic_load_explicit(&entry->version->raised,
                                        memory_order_relaxed) == CDN_WALL_NONE;

    cdn_rule_refuse(outcome, entry->version->rule, CORDON_OUTCOME_DENIED,
                    CORDON_BUDGET_NONE,
                    tripped ? "'%s' is out of service: its breaker tripped"
                            : "'%s' may run only behind a wall that does not work here",
                    plan->name);
}

/* ---- failures ---- */

/* Did the run end at a limit of the rule's or the engine's, and not at one that its caller, his
 * role, his set or load had made lower? */
static bool at_own_limit(const cordon_engine *engine, const struct cdn_rule *rule,
                         const cordon_outcome *outcome)
{
    const cordon_usage *usage = &outcome->usage;
    struct cdn_budget own;

    if (cdn_budget_resolve(&own, &engine->options, &rule->limits, NULL, NULL))
        return false;
    switch (outcome->limit) {
    case CORDON_BUDGET_INSTRUCTIONS:
        return usage->instructions_limit >= own.instructions;
    case CORDON_BUDGET_MEMORY:
        return usage->memory_limit_bytes >= own.memory_bytes;
    case CORDON_BUDGET_TIME:
        return usage->wall_limit_ns >= own.wall_ns;
    case CORDON_BUDGET_EDGES:
        return usage->edges_limit >= own.edges;
    case CORDON_BUDGET_NODES:
        return usage->nodes_limit >= own.nodes;
    case CORDON_BUDGET_HOPS:
        return usage->hops_limit >= own.hops;
    case CORDON_BUDGET_OUTPUT:
        return usage->output_limit_bytes >= own.output_bytes;
    case CORDON_BUDGET_NONE:
        break;
    }
    return false;
}

/* What it is held against; CDN_FAULTS: nothing. */
static enum cdn_fault fault_of(const struct cdn_lane *lane,
                               const struct cdn_version *version,
                               const struct cdn_behind *behind,
                               const cordon_outcome *outcome)
{
    if (behind->crashed)
        return CDN_FAULT_CRASH;
    if (behind->unserved)
        return CDN_FAULTS;
    if (outcome->kind == CORDON_OUTCOME_LIMIT)
        return !lane->tightened && at_own_limit(lane->engine, version->rule, outcome)
                   ? CDN_FAULT_LIMIT
                   : CDN_FAULTS;
    return outcome->kind == CORDON_OUTCOME_ERROR ||
                   outcome->kind == CORDON_OUTCOME_INVALID_RESULT
               ? CDN_FAULT_ERROR
               : CDN_FAULTS;
}

/* What a rule says in a message may be somebody's data, which the decision log's masks know
 * nothing of here: of what did not crash it is told only how it ended. */
static void last_words(char *out, size_t size, const struct cdn_behind *behind,
                       const cordon_outcome *outcome)
{
    if (behind->crashed)
        (void)cdn_escape(out, size, outcome->message, strlen(outcome->message));
    else if (outcome->limit != CORDON_BUDGET_NONE)
        (void)snprintf(out, size, "limit: %s", cordon_budget_str(outcome->limit));
    else
        (void)snprintf(out, size, "%s", cordon_outcome_kind_str(outcome->kind));
}

void cdn_trust_failed(struct cdn_lane *lane, const struct cdn_state *state,
                      const struct cdn_entry *entry, cordon_variant variant,
                      const struct cdn_behind *behind, const cordon_outcome *outcome)
{
    const struct cdn_policy *policy = policy_of(state);
    struct cdn_version *version = entry->version;
    struct cdn_breaker *breaker = &version->breaker;
    struct cdn_breaker_evidence *evidence = &breaker->evidence;
    uint32_t has = cdn_entry_wall(entry);
    enum cdn_fault fault;
    uint64_t now_ns, run;

    /* what ran behind a weaker wall began before the version was moved, for which it counted */
    if (!policy || !policy->breaker.given || behind->wall < has ||
        lane->engine->quotas_off)
        return;
    fault = fault_of(lane, version, behind, outcome);
    if (fault == CDN_FAULTS || !policy->breaker.limits[fault].count)
        return;
    now_ns = cdn_clock_ns();
    run = cdn_tally_ran(version->tallies, lane->engine->lane_count);
    if (!cdn_breaker_count(breaker, &policy->breaker, fault, now_ns, run,
                           outcome->decision_id))
        return;
    *evidence = (struct cdn_breaker_evidence){
        .fault = fault,
        .limit = policy->breaker.limits[fault],
        .runs = run,
        .time_ms = cdn_clock_wall_ms(),
        .from = has,
        .to = cdn_breaker_next(&policy->breaker, state->granted->walls, has),
        .variant = variant,
        .outcome = outcome->kind,
        .budget = outcome->limit,
    };
    for (int kind = 0; kind < CDN_FAULTS; kind++)
        evidence->counts[kind] = cdn_breaker_within(
            breaker, &policy->breaker.limits[kind], (enum cdn_fault)kind, now_ns, run);
    last_words(evidence->message, sizeof evidence->message, behind, outcome);
    cdn_breaker_name_decisions(breaker, lane->engine->identity);
    cdn_tally_trip(&version->tallies[lane->number], evidence->to == CDN_WALL_NONE);
    atomic_store_explicit(&version->raised, evidence->to, memory_order_relaxed);
    cdn_breaker_trip(breaker);
}

/* ---- following ---- */

/* Say once that a trip cannot be followed. */
static cordon_status not_yet(cordon_engine *engine, const struct cdn_plan *plan,
                             struct cdn_breaker *breaker, const char *what,
                             cordon_status status, const cordon_error *err)
{
    if (!breaker->told)
        cdn_engine_log(engine, CORDON_LEVEL_ERROR,
                       "'%s': its breaker tripped, and %s does not know yet: %s",
                       plan->name, what, err->message);
    breaker->told = true;
    return status;
}

static cordon_status follow(cordon_engine *engine, const struct cdn_plan *plan,
                            struct cdn_version *version, uint32_t state,
                            cordon_upkeep *did, cordon_error *err)
{
    struct cdn_breaker *breaker = &version->breaker;
    const struct cdn_breaker_evidence *evidence = &breaker->evidence;
    cordon_audit *audit = atomic_load(&engine->audit);
    char text[CORDON_REGISTRY_MAX_EVIDENCE_BYTES + 1];
    const struct cdn_audit_trip trip = {plan->name, version, text};
    cordon_status status = CORDON_OK;

    (void)cdn_breaker_tell(text, sizeof text, evidence);
    if (state == CDN_BREAKER_TRIPPED) {
        struct cdn_trip_note note = {cdn_audit_trip_put, &trip, 0};

        if (plan->registered && engine->registry)
            status = cdn_registry_trip(engine->registry, plan->name, version->number,
                                       evidence->to, text, audit ? &note : NULL, err);
        if (status ==
            CORDON_E_CONFLICT) { /* another process or an operator was there */
            cdn_breaker_arm(breaker);
            return CORDON_OK;
        }
        if (status)
            return not_yet(engine, plan, breaker, "the registry", status, err);
        did->tripped++;
        cdn_engine_log(engine, CORDON_LEVEL_WARNING,
                       "'%s' version %" PRIu32 ": the breaker tripped: %s", plan->name,
                       version->number, text);
        breaker->change = note.sequence;
        state = CDN_BREAKER_MOVED;
        atomic_store(&breaker->state, state);
    }
    if (state == CDN_BREAKER_MOVED && audit) {
        status = cdn_audit_trip(audit, &trip, breaker->change, err);
        if (status)
            return not_yet(engine, plan, breaker, "the decision log", status, err);
        state = CDN_BREAKER_TOLD;
        atomic_store(&breaker->state, state);
    }
    if (state == CDN_BREAKER_TOLD && breaker->change && engine->registry)
        status = cdn_registry_told(engine->registry, breaker->change, err);
    if (status)
        return not_yet(engine, plan, breaker, "the registry that it was told", status,
                       err);
    cdn_breaker_arm(breaker);
    return CORDON_OK;
}

cordon_status cdn_trust_follow(cordon_engine *engine, cordon_upkeep *did,
                               cordon_error *err)
{
    const struct cdn_state *state = atomic_load(&engine->state);
    cordon_status worst = CORDON_OK;

    for (uint32_t i = 0; i <= state->mask; i++) {
        struct cdn_entry *entries[CDN_PLAN_MAX_ENTRIES];
        const struct cdn_plan *plan = state->plans[i];
        uint32_t count = plan ? cdn_plan_entries(entries, plan) : 0;

        for (uint32_t k = 0; k < count; k++) {
            struct cdn_version *version = entries[k]->version;
            uint32_t at =
                atomic_load_explicit(&version->breaker.state, memory_order_acquire);
            cordon_status status;
            cordon_error own;

            if (at != CDN_BREAKER_TRIPPED && at != CDN_BREAKER_MOVED &&
                at != CDN_BREAKER_TOLD)
                continue;
            cdn_error_clear(&own);
            status = follow(engine, plan, version, at, did, &own);
            if (status && !worst) {
                worst = status;
                if (err)
                    *err = own;
            }
        }
    }
    return worst;
}

/* Is it of a trip that this engine follows itself, and has not done with? */
static bool is_own(const cordon_engine *engine, uint64_t change)
{
    const struct cdn_state *state = atomic_load(&engine->state);

    for (uint32_t i = 0; i <= state->mask; i++) {
        struct cdn_entry *entries[CDN_PLAN_MAX_ENTRIES];
        const struct cdn_plan *plan = state->plans[i];
        uint32_t count = plan ? cdn_plan_entries(entries, plan) : 0;

        for (uint32_t k = 0; k < count; k++)
            if (entries[k]->version->breaker.change == change)
                return true;
    }
    return false;
}

/* Tell the log what stands in `note`, which comes from a file. */
static cordon_status tell_late(cordon_engine *engine, const struct cdn_buf *note,
                               uint64_t change, cordon_error *err)
{
    if (!cdn_audit_note_is(note->data, note->length, "breaker", NULL, NULL))
        return cdn_error_set(err, CORDON_E_CORRUPT,
                             "what the decision log was to be told of the registry's "
                             "change %" PRIu64 " is no note of a breaker's",
                             change);
    cdn_engine_log(engine, CORDON_LEVEL_WARNING,
                   "the decision log is told of the registry's change %" PRIu64
                   ", a trip that an earlier process did not come to tell",
                   change);
    return cdn_audit_note_now(atomic_load(&engine->audit), note->data, note->length,
                              err);
}

cordon_status cdn_trust_catch_up(cordon_engine *engine, cordon_error *err)
{
    struct cdn_buf note = {0};
    cordon_status status = CORDON_OK, worst = CORDON_OK;
    uint64_t change = 0;

    if (!engine->registry || !atomic_load(&engine->audit) ||
        atomic_load(&engine->caught_up))
        return CORDON_OK;
    while (!status) {
        uint64_t after = change;
        cordon_error own;

        cdn_error_clear(&own);
        cdn_buf_clear(&note);
        status = cdn_registry_untold(&change, &note, engine->registry, after, &own);
        if (status == CORDON_E_NOTFOUND || (!status && is_own(engine, change)))
            continue;
        if (!status)
            status = tell_late(engine, &note, change, &own);
        if (status == CORDON_E_CORRUPT &&
            change > after) { /* nobody will ever read it */
            worst = status;
            if (err)
                *err = own;
            status = CORDON_OK;
        }
        if (!status)
            status = cdn_registry_told(engine->registry, change, &own);
        if (status && err)
            *err = own;
    }
    cdn_buf_deinit(&note);
    if (status != CORDON_E_NOTFOUND)
        return status;
    atomic_store(&engine->caught_up, true);
    return worst;
}

void cdn_trust_settle(cordon_engine *engine, const struct cdn_plan *plan)
{
    struct cdn_entry *entries[CDN_PLAN_MAX_ENTRIES];
    uint32_t count = cdn_plan_entries(entries, plan);

    for (uint32_t i = 0; i < count; i++) {
        struct cdn_version *version = entries[i]->version;
        uint32_t raised = atomic_load(&version->raised), found;
        bool quarantined;

        if (atomic_load(&version->breaker.state) != CDN_BREAKER_ARMED)
            continue;
        if (stand_in(&found, engine, said_of(&quarantined, plan, version->number),
                     NULL))
            continue;
        if (found < raised)
            (void)atomic_compare_exchange_strong(&version->raised, &raised, found);
    }
}
