/* One event, many rules: each in its own pristine sandbox, one after the other in one lane,
 * on one state and under one deadline.
 *
 * One outcome is refilled by each member; what it says is copied out, bytes into one buffer
 * and the rest into a record, both of which grow to what the largest set needs and then stay.
 * A member whose turn comes when the time is over is not run: its outcome is the time limit
 * and its fallback, as if it had been stopped.
 *
 * Cost: a member is an evaluation without its public call, some copying, and no more. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/checked.h"
#include "base/clock.h"
#include "engine/audit.h"
#include "engine/engine.h"
#include "engine/granted.h"
#include "engine/set.h"
#include "engine/set_outcome.h"
#include "rule/param.h"
#include "snapshot/snapshot.h"

/* What a member's evaluation will touch, known before its turn comes.  `image` is only an
 * address, of its own bytes: what lies there may be gone by then, and is not read. */
struct ahead {
    struct cdn_plan *plan; /* NULL: there is none of that name */
    const struct cdn_rule *rule;
    const struct cdn_param *params;
    size_t params_bytes;
    const struct cdn_tally *tally;
    const void *image;
    size_t image_bytes; /* 0: it is not built yet */
};

/* So many are looked up at once: few enough that what was found stays in the nearest caches. */
enum { TOGETHER = 16 };

/* ---- a member ---- */

/* Copy out what the member's outcome says. */
static void keep(cordon_set_outcome *outcome, const struct cdn_set *set,
                 struct cdn_set_said *record)
{
    const cordon_outcome *said = outcome->member;

    memcpy(record->decision_id, said->decision_id, sizeof record->decision_id);
    record->version = said->version;
    record->variant = said->variant;
    record->kind = said->kind;
    record->limit = said->limit;
    record->has_decision = said->has_decision;
    memcpy(record->decision, said->decision, sizeof record->decision);
    record->fallback = said->fallback;
    record->has_score = said->has_score;
    record->score = said->score;
    record->truncated = said->truncated;
    record->nondeterministic = said->nondeterministic;
    record->usage = said->usage;
    record->said = said->has_decision ? cdn_set_decision(set, said->decision) : -1;
    record->decided = false;
    record->message = outcome->bytes.length;
    cdn_buf_append(&outcome->bytes, said->message, strlen(said->message) + 1);
    record->result = outcome->bytes.length;
    record->result_bytes = said->result_bytes;
    cdn_buf_append(&outcome->bytes, said->result, said->result_bytes);
    if (said->kind != CORDON_OUTCOME_OK)
        outcome->failed++;
}

/* Find out what the members from `first` on will touch.  Each look-up waits for memory, but
 * none for that of another: the processor has many of them under way at once, step by step. */
static void look_ahead(struct ahead out[TOGETHER], const struct cdn_set *set,
                       uint32_t first, const struct cdn_lane *lane,
                       const struct cdn_state *state)
{
    uint32_t count = set->member_count - first;

    if (count > TOGETHER)
        count = TOGETHER;
    for (uint32_t i = 0; i < count; i++)
        out[i] =
            (struct ahead){.plan = cdn_state_find(state, set->members[first + i].name)};
    for (uint32_t i = 0; i < count; i++) {
        struct ahead *ahead = &out[i];
        const struct cdn_version *version =
            ahead->plan && ahead->plan->live ? ahead->plan->live->version : NULL;
        const struct cdn_image *image;

        if (!version)
            continue;
        ahead->rule = version->rule;
        ahead->params = version->rule->params;
        ahead->params_bytes = version->rule->param_count * sizeof *ahead->params;
        ahead->tally = &version->tallies[lane->number];
        image = cdn_images_look(&lane->images, version->id);
        if (!image)
            continue;
        ahead->image = image;
        ahead->image_bytes = cdn_image_own(image);
    }
}

enum { LINE = 64, MOST_AHEAD = 64 * 1024 };

static void ask_for(const void *from, size_t bytes)
{
    for (size_t at = 0; at < bytes; at += LINE)
        __builtin_prefetch((const char *)from + at, 0, 2);
}

/* Have memory send what the member after this one needs while this one runs: of large structs
 * what every evaluation looks at. */
static void fetch(const struct ahead *ahead)
{
    const struct cdn_rule *rule = ahead->rule;

    if (!rule)
        return;
    ask_for(ahead->image,
            ahead->image_bytes < MOST_AHEAD ? ahead->image_bytes : MOST_AHEAD);
    ask_for(ahead->tally, offsetof(struct cdn_tally, times) + LINE);
    ask_for(ahead->params, ahead->params_bytes);
    ask_for(&rule->decision_count, 3 * (size_t)LINE);
    ask_for(&rule->fallback, offsetof(struct cdn_rule, function_count) -
                                 offsetof(struct cdn_rule, fallback));
}

static void judge(cordon_set_outcome *outcome, const struct cdn_set *set,
                  struct cdn_lane *lane, const struct cdn_state *state,
                  const char *name, struct cdn_plan *plan, double weight,
                  struct cdn_ask *ask)
{
    struct cdn_set_said *record = &outcome->records[outcome->count++];
    size_t length = strnlen(name, sizeof record->rule - 1);
    cordon_error err;

    cdn_error_clear(&err);
    ask->entered_ns = cdn_clock_ns();
    memcpy(record->rule, name, length);
    record->rule[length] = '\0';
    record->weight = weight;
    record->status = CORDON_OK;
    if (!plan)
        record->status = cdn_state_no_rule(state, name, &err);
    else if (!plan->set && plan->state == CDN_PLAN_ACTIVE &&
             ask->entered_ns >= ask->until_ns)
        cdn_lane_too_late(lane, state, plan, ask, outcome->member);
    else
        record->status =
            cdn_lane_evaluate(lane, state, plan, ask, outcome->member, &err);
    if (record->status)
        cdn_outcome_failed(outcome->member, ask->entered_ns, &err);
    keep(outcome, set, record);
}

/* Parameters must be somebody's: a misspelt one would be nobody's. */
static cordon_status check_params(const struct cdn_state *state,
                                  const struct cdn_set *set,
                                  const cordon_request *request, cordon_error *err)
{
    cordon_value map, key, value;
    cordon_value_iter iter;
    cordon_status status;

    if (!request->params)
        return CORDON_OK;
    status = cordon_value_parse(&map, request->params, request->params_bytes, err);
    if (status)
        return cdn_error_set(err, CORDON_E_INVALID, "params: not msgpack");
    cordon_value_iter_init(&iter, &map);
    while (map.type == CORDON_MAP && cordon_value_next(&iter, &key, &value)) {
        bool known = key.type != CORDON_STRING; /* the members say what is wrong */

        for (uint32_t i = 0; i < set->member_count && !known; i++) {
            const struct cdn_plan *plan = cdn_state_find(state, set->members[i].name);

            known =
                plan && plan->live &&
                cdn_param_find(plan->live->version->rule, key.as.string, key.length);
        }
        if (!known)
            return cdn_error_set(
                err, CORDON_E_INVALID, "no rule of the set '%s' has a parameter '%.*s'",
                set->name, key.length > 64 ? 64 : (int)key.length, key.as.string);
    }
    return CORDON_OK;
}

/* ---- combining ---- */

static void decide(cordon_set_outcome *outcome, const struct cdn_set *set,
                   int32_t decision)
{
    if (decision < 0) {
        outcome->own->fallback = true;
        decision = set->fallback;
    }
    if (decision < 0)
        return;
    outcome->own->has_decision = true;
    snprintf(outcome->own->decision, sizeof outcome->own->decision, "%s",
             set->decisions[decision]);
}

/* The highest score, and whose it is first; -1: nobody's. */
static int32_t highest(cordon_set_outcome *outcome, bool with_say)
{
    int32_t best = -1;

    for (uint32_t i = 0; i < outcome->count; i++) {
        const struct cdn_set_said *record = &outcome->records[i];

        if (!record->has_score || (with_say && record->said < 0))
            continue;
        if (best < 0 || record->score > outcome->records[best].score)
            best = (int32_t)i;
    }
    return best;
}

static void most_severe(cordon_set_outcome *outcome, const struct cdn_set *set)
{
    int32_t worst = -1, best = highest(outcome, false);

    for (uint32_t i = 0; i < outcome->count; i++)
        if (outcome->records[i].said > worst)
            worst = outcome->records[i].said;
    for (uint32_t i = 0; i < outcome->count && worst >= 0; i++)
        outcome->records[i].decided = outcome->records[i].said == worst;
    outcome->own->has_score = best >= 0;
    outcome->own->score = best >= 0 ? outcome->records[best].score : 0;
    decide(outcome, set, worst);
}

static void max_score(cordon_set_outcome *outcome, const struct cdn_set *set)
{
    int32_t best = highest(outcome, true);

    if (best < 0) {
        most_severe(outcome, set); /* nobody gave a score: fallbacks still have a say */
        return;
    }
    outcome->records[best].decided = true;
    outcome->own->has_score = true;
    outcome->own->score = outcome->records[best].score;
    decide(outcome, set, outcome->records[best].said);
}

static void weighted_sum(cordon_set_outcome *outcome, const struct cdn_set *set)
{
    int32_t decision = -1;
    double sum = 0;

    for (uint32_t i = 0; i < outcome->count; i++) {
        struct cdn_set_said *record = &outcome->records[i];

        if (!record->has_score)
            continue;
        sum += record->weight * record->score;
        record->decided = record->weight != 0;
        outcome->own->has_score = true;
    }
    if (outcome->own->has_score && isfinite(sum)) {
        outcome->own->score = sum;
        for (uint32_t i = 0; i < set->decision_count; i++)
            if (sum >= set->thresholds[i])
                decision = (int32_t)i;
    } else {
        outcome->own->has_score = false;
    }
    decide(outcome, set, decision);
}

/* What the members did, as the combiner's parameters. */
static bool pack_contributions(cordon_set_outcome *outcome)
{
    struct cdn_packer packer;

    cdn_pack_init_buf(&packer, &outcome->params);
    cdn_pack_map(&packer, 4);
    cdn_pack_cstr(&packer, "rules");
    cdn_pack_array(&packer, outcome->count);
    for (uint32_t i = 0; i < outcome->count; i++)
        cdn_pack_cstr(&packer, outcome->records[i].rule);
    cdn_pack_cstr(&packer, "outcomes");
    cdn_pack_array(&packer, outcome->count);
    for (uint32_t i = 0; i < outcome->count; i++)
        cdn_pack_cstr(&packer, cordon_outcome_kind_str(outcome->records[i].kind));
    cdn_pack_cstr(&packer, "decisions");
    cdn_pack_array(&packer, outcome->count);
    for (uint32_t i = 0; i < outcome->count; i++)
        cdn_pack_cstr(&packer, outcome->records[i].has_decision
                                   ? outcome->records[i].decision
                                   : "");
    cdn_pack_cstr(&packer, "scores");
    cdn_pack_array(&packer, outcome->count);
    for (uint32_t i = 0; i < outcome->count; i++)
        cdn_pack_number(&packer,
                        outcome->records[i].has_score ? outcome->records[i].score : 0);
    return !packer.failed && !outcome->params.failed;
}

static cordon_status combine(cordon_set_outcome *outcome, const struct cdn_set *set,
                             struct cdn_lane *lane, const struct cdn_state *state,
                             struct cdn_ask *ask, cordon_error *err)
{
    cordon_request request = *ask->request;
    struct cdn_ask combining = *ask;
    const struct cdn_set_said *last;

    switch (set->combine) {
    case CDN_COMBINE_MOST_SEVERE:
        most_severe(outcome, set);
        return CORDON_OK;
    case CDN_COMBINE_MAX_SCORE:
        max_score(outcome, set);
        return CORDON_OK;
    case CDN_COMBINE_WEIGHTED_SUM:
        weighted_sum(outcome, set);
        return CORDON_OK;
    case CDN_COMBINE_CUSTOM:
        break;
    }
    if (!pack_contributions(outcome))
        return cdn_error_nomem(err);
    request.params = outcome->params.data;
    request.params_bytes = outcome->params.length;
    combining.request = &request;
    judge(outcome, set, lane, state, set->combiner,
          cdn_state_find(state, set->combiner), 1, &combining);
    last = &outcome->records[outcome->count - 1];
    outcome->own->has_score = last->has_score;
    outcome->own->score = last->score;
    outcome->records[outcome->count - 1].decided = last->said >= 0;
    decide(outcome, set, last->said);
    return CORDON_OK;
}

/* ---- the public call ---- */

struct judgement {
    struct cdn_job job; /* first */
    cordon_set_outcome *outcome;
    const char *set;
    uint64_t entered_ns;
    struct cdn_ask ask;
    const struct cdn_role *role; /* of whoever asks; NULL: the host, or nobody known */
    cordon_error *err;
    cordon_status status;
};

/* Is the set in service, and may whoever asks run it?  Rules and sets have one name space, and
 * a role's `rules` are names in it; what each member may then do is asked of the member. */
static bool permitted(struct judgement *judgement, const struct cdn_plan *plan,
                      const struct cdn_state *state)
{
    cordon_outcome *own = judgement->outcome->own;
    char why[CORDON_ERROR_MESSAGE_BYTES];
    struct cdn_asking asking;
    bool may = cdn_asking_find(&asking, why, sizeof why, state, judgement->ask.request);

    judgement->role = asking.role;
    own->kind = CORDON_OUTCOME_DENIED;
    if (plan->state != CDN_PLAN_ACTIVE)
        cdn_outcome_explain(own, "%s", plan->why);
    else if (!may)
        cdn_outcome_explain(own, "%s", why);
    else if (asking.role && !cdn_role_may_run(asking.role, plan->name, 0, NULL))
        cdn_outcome_explain(own, "principal '%s' may not run set '%s'",
                            asking.role->principal, plan->name);
    else
        own->kind = CORDON_OUTCOME_OK;
    return own->kind == CORDON_OUTCOME_OK;
}

static cordon_status judge_all(struct judgement *judgement, struct cdn_lane *lane,
                               const struct cdn_state *state)
{
    cordon_set_outcome *outcome = judgement->outcome;
    const struct cdn_plan *plan = cdn_state_find(state, judgement->set);
    struct cdn_ask *ask = &judgement->ask;
    cordon_error *err = judgement->err;
    struct ahead ahead[TOGETHER];
    const struct cdn_set *set;
    cordon_status status;

    if (!plan)
        return cdn_state_no_rule(state, judgement->set, err);
    if (!plan->set)
        return cdn_error_set(err, CORDON_E_INVALID,
                             "'%s' is a rule; cordon_evaluate() evaluates it",
                             plan->name);
    set = plan->set;
    ask->set = set->name;
    status = cdn_set_outcome_prepare(outcome, set->member_count + 1, err);
    if (!status)
        status = check_params(state, set, ask->request, err);
    if (status)
        return status;
    if (state->snapshot)
        outcome->own->generation = cordon_snapshot_generation(state->snapshot);
    if (!permitted(judgement, plan, state)) {
        decide(outcome, set, -1); /* nobody is asked */
        return CORDON_OK;
    }
    look_ahead(ahead, set, 0, lane, state);
    for (uint32_t i = 0; i < set->member_count; i++) {
        struct cdn_plan *member = ahead[i % TOGETHER].plan;
        uint32_t next = i + 1;

        if (next % TOGETHER == 0)
            look_ahead(ahead, set, next, lane, state);
        if (next < set->member_count)
            fetch(&ahead[next % TOGETHER]);
        judge(outcome, set, lane, state, set->members[i].name, member,
              set->members[i].weight, ask);
    }
    status = combine(outcome, set, lane, state, ask, err);
    if (!status && outcome->bytes.failed)
        status = cdn_error_nomem(err);
    return status;
}

/* What the set decided is whole: put it into the log, behind what its members did, and tell
 * whoever watches. */
static void conclude(const struct judgement *judgement, struct cdn_lane *lane,
                     const struct cdn_state *state)
{
    cordon_audit *audit =
        atomic_load_explicit(&lane->engine->audit, memory_order_relaxed);
    const struct cdn_plan *plan = cdn_state_find(state, judgement->set);
    const cordon_request *request = judgement->ask.request;
    const cordon_set_outcome *outcome = judgement->outcome;
    cordon_outcome *own = outcome->own;
    struct cdn_audit_record record;

    if (!plan || (!audit && !lane->engine->observer.span))
        return;
    memcpy(own->rule, plan->name, sizeof own->rule);
    own->version = plan->set_number;
    own->usage = cdn_set_outcome_usage(outcome);
    own->usage.wall_ns = cdn_clock_ns() - judgement->entered_ns;
    for (uint32_t i = 0; i < outcome->count; i++) {
        own->truncated |= outcome->records[i].truncated;
        own->nondeterministic |= outcome->records[i].nondeterministic;
    }
    if (audit) {
        const cordon_snapshot *graph = cdn_request_graph(state, request);

        cdn_audit_record_of(&record, own, request, graph ? graph->identity : 0,
                            cdn_clock_wall_ms());
        record.source_hash = NULL; /* it is a rule's */
        record.set = plan->name;
        record.left_out = cdn_role_unrecorded(judgement->role);
        (void)cdn_audit_offer(audit, &record); /* what is lost, the log counts */
    }
    cdn_observe(lane->engine, request, own, plan->name);
}

/* A set is a plan without entries; its members' are looked up, a table's look-up each. */
static bool judgement_may_block(const struct cdn_job *job,
                                const struct cdn_state *state)
{
    const struct judgement *judgement = (const struct judgement *)(const void *)job;
    const struct cdn_plan *plan = cdn_state_find(state, judgement->set);
    const struct cdn_set *set = plan ? plan->set : NULL;
    const struct cdn_plan *member;

    for (uint32_t i = 0; set && i < set->member_count; i++) {
        member = cdn_state_find(state, set->members[i].name);
        if (member && cdn_plan_may_block(member))
            return true;
    }
    member = set && set->combine == CDN_COMBINE_CUSTOM
                 ? cdn_state_find(state, set->combiner)
                 : NULL;
    return member && cdn_plan_may_block(member);
}

static void judge_in(struct cdn_job *job, cordon_engine *engine, struct cdn_lane *lane)
{
    struct judgement *judgement = (struct judgement *)(void *)job;
    const struct cdn_state *state = cdn_state_enter(engine, lane);
    const char *principal = judgement->ask.request->principal;
    uint64_t now_ns = cdn_clock_ns();
    struct cdn_quota_pass pass;
    bool limited = cdn_quota_find(&pass, engine, state, principal);

    judgement->status = CORDON_OK;
    if (limited) /* a set is one request, whose cost is that of all its members */
        judgement->status = cdn_quota_enter(pass.state, pass.quota, now_ns, "principal",
                                            principal, judgement->err);
    if (judgement->status) {
        atomic_fetch_add(&engine->over_quota, 1);
    } else {
        judgement->status = judge_all(judgement, lane, state);
        if (!judgement->status) {
            cdn_decision_name(judgement->outcome->own->decision_id, lane);
            conclude(judgement, lane, state);
        }
        if (limited)
            cdn_quota_leave(
                pass.state, pass.quota, now_ns,
                judgement->status
                    ? 0
                    : cdn_set_outcome_usage(judgement->outcome).instructions);
    }
    cdn_state_leave(engine, lane);
}

cordon_status cordon_evaluate_set(cordon_set_outcome *outcome, cordon_engine *engine,
                                  const char *set, const cordon_request *request,
                                  cordon_error *err)
{
    uint64_t entered_ns = cdn_clock_ns();
    struct judgement judgement = {
        .job.run = judge_in,
        .job.may_block = judgement_may_block,
        .job.until_ns = UINT64_MAX,
        .outcome = outcome,
        .set = set,
        .entered_ns = entered_ns,
        .ask = {.until_ns = UINT64_MAX, .shared_params = true},
    };
    cordon_limits limits;
    cordon_request each;
    cordon_error own;
    cordon_status status;

    judgement.err = err ? err : &own;
    status = cdn_request_check("cordon_evaluate_set", outcome, engine, set, request,
                               judgement.err);
    if (status) {
        if (outcome)
            (void)cdn_set_outcome_prepare(outcome, 0,
                                          NULL); /* nothing of an earlier one stays */
        return status;
    }
    each = *request;
    judgement.job.priority = request->priority;
    if (request->limits && request->limits->wall_ns) {
        limits = *request->limits;
        judgement.ask.until_ns = judgement.job.until_ns =
            cdn_add_sat(entered_ns, limits.wall_ns);
        limits.wall_ns = 0; /* the set's, not each member's */
        each.limits = &limits;
    }
    judgement.ask.request = &each;
    status = cdn_schedule(engine, &judgement.job, judgement.err);
    if (!status)
        status = judgement.status;
    if (status)
        (void)cdn_set_outcome_prepare(outcome, 0,
                                      NULL); /* nothing of an earlier one stays */
    outcome->own->usage.wall_ns = cdn_clock_ns() - entered_ns;
    return status;
}
