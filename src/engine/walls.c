/* Behind walls: what the engine's pool of workers is asked for.
 *
 * Which wall an evaluation runs behind is evaluate.c's; here it gets a worker that sees what it
 * may see, for as long as its own time lasts, and gives it back.  A worker that is not ready in
 * time is on its way for the next. */
#include <stdio.h>
#include <string.h>

#include <cordon/wall.h>

#include "base/alloc.h"
#include "base/checked.h"
#include "base/clock.h"
#include "engine/engine.h"
#include "engine/trust.h"
#include "engine/view.h"
#include "isolation/container.h"
#include "isolation/microvm.h"

/* Address space for the images and runs of all rules a worker knows, beside its snapshot. */
#define ROOM_BYTES (UINT64_C(512) << 20)
/* What it may hold of that at once: its rules, twice, as text and image; a traced run's notebook
 * and the frame it goes over in; and the program's own. */
#define HELD_BYTES (UINT64_C(128) << 20)
#define CPU_S      UINT64_C(3600)

struct cdn_wall_options cdn_walls_options(const cordon_engine_options *options)
{
    return (struct cdn_wall_options){
        .program = options->worker,
        .image_bytes = options->load_memory_bytes,
        .memory_bytes = options->max_memory_bytes,
        .room_bytes = ROOM_BYTES + 2 * options->max_memory_bytes,
        .held_bytes = HELD_BYTES + 4 * options->max_memory_bytes +
                      2 * CDN_WORKER_RULES * options->load_memory_bytes,
        .cpu_s = CPU_S,
        .load = cdn_budget_load(options),
    };
}

cordon_status cdn_walls_new(cordon_engine *engine, cordon_error *err)
{
    const cordon_engine_options *options = &engine->options;
    const struct cdn_crews_options with = {
        .walls = cdn_walls,
        .with = cdn_walls_options(options),
        .least = options->workers_min,
        .most = options->workers_max,
        .idle_ns = options->workers_idle_ms * UINT64_C(1000000),
    };

    return options->worker ? cdn_crews_new(&engine->workers, &with, err) : CORDON_OK;
}

cordon_status cdn_walls_try(cordon_wall wall, const cordon_engine_options *options,
                            cordon_error *err)
{
    struct cdn_wall_options with = cdn_walls_options(options);
    struct cdn_worker *worker;
    cordon_status status;

    if (!options->worker)
        return cdn_error_set(err, CORDON_E_INVALID,
                             "the engine's options name no cordon-worker");
    with.start_ns = cdn_walls[wall].start_ns;
    status = cdn_wall_start(&worker, wall, &with, NULL, err);
    if (!status)
        worker->end(worker);
    return status;
}

/* ---- a run ---- */

static bool raised(const uint32_t *flag)
{
    return flag && __atomic_load_n(flag, __ATOMIC_RELAXED);
}

/* Its time was over, or it was cancelled, before it had a worker. */
static void without_worker(cordon_outcome *outcome, cordon_wall wall,
                           const struct cdn_rule_call *call,
                           const struct cdn_patience *patience)
{
    if (raised(patience->cancel) || raised(patience->revoked))
        cdn_rule_refuse(outcome, call->rule, CORDON_OUTCOME_CANCELLED,
                        CORDON_BUDGET_NONE, "cancelled by the host");
    else
        cdn_rule_refuse(outcome, call->rule, CORDON_OUTCOME_LIMIT, CORDON_BUDGET_TIME,
                        "time: more than %.15g ms passed before a worker behind the "
                        "wall '%s' was ready",
                        (double)call->budget.wall_ns / 1e6, cordon_wall_str(wall));
    outcome->usage.wall_ns = cdn_clock_ns() - call->entered_ns;
    outcome->usage.wall_limit_ns = call->budget.wall_ns;
}

cordon_status cdn_walls_run(cordon_outcome *outcome, cordon_engine *engine,
                            struct cdn_behind *behind, const struct cdn_sight *sight,
                            const struct cdn_rule_call *call, cordon_error *err)
{
    const cordon_wall wall = (cordon_wall)behind->wall;
    const cordon_cancel *cancel = call->request->cancel;
    const struct cdn_patience patience = {
        .until_ns = cdn_add_sat(call->entered_ns, call->budget.wall_ns),
        .cancel = cancel ? &cancel->requested : NULL,
        .revoked = call->revoked};
    struct cdn_worker *worker;
    cordon_status status;
    bool lost = true;

    /* one that died a moment ago, before its run began, is not the rule's affair; a second one
     * may be */
    for (int tries = 0; lost && tries < 2; tries++) {
        status = cdn_crews_lease(&worker, engine->workers, wall, sight, &patience, err);
        if (status == CORDON_E_INTERRUPTED) {
            without_worker(outcome, wall, call, &patience);
            behind->unserved = true;
            behind->crashed = false; /* of a first one, before its run */
            return CORDON_OK;
        }
        if (status)
            return status;
        status = cdn_worker_run(outcome, worker, call, err);
        behind->crashed = status != CORDON_E_NOMEM && worker->broken;
        lost = status && behind->crashed;
        cdn_crews_return(engine->workers, worker);
    }
    if (lost) {
        cdn_worker_lost(outcome, call, status, err);
        status = CORDON_OK;
    }
    return status;
}

/* ---- ahead of runs ---- */

cordon_status cdn_walls_warm(struct cdn_lane *lane, cordon_wall wall,
                             const struct cdn_state *state,
                             const struct cdn_version *version, cordon_error *err)
{
    cordon_engine *engine = lane->engine;
    const cordon_engine_options *options = &engine->options;
    uint32_t count =
        options->slots < options->workers_max ? options->slots : options->workers_max;
    struct cdn_worker **workers = cdn_calloc(count, sizeof(struct cdn_worker *));
    struct cdn_rule_call call = {.rule = version->rule,
                                 .functions = version->functions};
    cordon_status status;
    struct cdn_seen seen;
    uint32_t leased = 0;

    if (!workers)
        return cdn_error_nomem(err);
    status = cdn_see_ahead(&seen, lane, wall, state, &call, err);
    if (!status)
        status = cdn_crews_fill(workers, &leased, engine->workers, wall, &seen.sight,
                                count, err);
    for (uint32_t i = 0; i < leased; i++) {
        if (!status)
            status = cdn_worker_prepare(workers[i], &call, err);
        cdn_crews_return(engine->workers, workers[i]);
    }
    cdn_seen_release(&seen, engine);
    cdn_free(workers);
    return status;
}

/* Under a lane, which keeps the state: what the engine itself needs ahead. */
static void want(cordon_engine *engine)
{
    struct cdn_lane *lane = cdn_pool_try(engine, CORDON_MAX_PRIORITY);
    const struct cdn_state *state;
    uint32_t walls;

    if (!lane)
        return; /* all are in use, and so is what they need */
    state = cdn_state_enter(engine, lane);
    walls = cdn_trust_wanted(state) | UINT32_C(1) << engine->options.wall;
    for (uint32_t wall = CORDON_WALL_PROCESS; wall < CDN_WALLS; wall++) {
        struct cdn_rule_call call = {0};
        struct cdn_seen seen;

        if (!(walls >> wall & 1)) { /* no version is behind it any more */
            cdn_crews_want(engine->workers, (cordon_wall)wall, NULL);
            continue;
        }
        /* what cannot be cut, evaluations are told */
        if (!cdn_see_ahead(&seen, lane, (cordon_wall)wall, state, &call, NULL))
            cdn_crews_want(engine->workers, (cordon_wall)wall, &seen.sight);
        cdn_seen_release(&seen, engine);
    }
    cdn_state_leave(engine, lane);
    cdn_pool_release(engine, lane);
}

cordon_status cordon_engine_tend(cordon_engine *engine, cordon_error *err)
{
    if (!engine)
        return cdn_error_set(err, CORDON_E_INVALID, "cordon_engine_tend: no engine");
    if (!engine->workers)
        return CORDON_OK;
    want(engine);
    return cdn_crews_tend(engine->workers, err);
}

/* ---- probing ---- */

static const char empty_rule[] =
    "return { name = 'probe', decisions = { 'fine' }, fallback = 'fine', "
    "evaluate = function() return { decision = 'fine' } end }";

enum { ROUNDS = 20 };

/* What a round may take: a wall works on a busy machine too. */
#define PATIENCE_NS UINT64_C(10000000000)

/* What makes containers or machines here, and a colon; nothing where another wall is meant. */
static size_t describe_maker(char *text, size_t size, cordon_wall wall,
                             const char *worker)
{
    char made[128], why[CDN_CONTAINER_WHY];
    const char *runtime = cdn_container_chosen(why);

    text[0] = '\0';
    if (wall == CORDON_WALL_MICROVM)
        cdn_microvm_describe(made, sizeof made, worker);
    else if (wall != CORDON_WALL_CONTAINER || !runtime)
        return 0;
    else if (cdn_container_version(made, sizeof made, runtime, NULL))
        snprintf(made, sizeof made, "%s", runtime);
    if (wall == CORDON_WALL_CONTAINER && why[0])
        return (size_t)snprintf(text, size, "%s (%s): ", made, why);
    return (size_t)snprintf(text, size, "%s: ", made);
}

/* What a worker says is in force. */
static void describe(char *text, size_t size, cordon_wall wall, const char *worker,
                     uint32_t locks)
{
    static const struct {
        uint32_t lock;
        const char *word;
    } words[] = {
#define LOCK_WORD(name, bit, word) {(bit), (word)},
        CDN_LOCK_MAP(LOCK_WORD)
#undef LOCK_WORD
    };
    size_t length = describe_maker(text, size, wall, worker);
    const char *comma = "";

    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (!(locks & words[i].lock) || length >= size)
            continue;
        length += (size_t)snprintf(text + length, size - length, "%s%s", comma,
                                   words[i].word);
        comma = ", ";
    }
}

static cordon_status time_rounds(cordon_wall_report *out, cordon_engine *engine,
                                 cordon_error *err)
{
    const cordon_limits patient = {.struct_size = sizeof patient,
                                   .wall_ns = PATIENCE_NS};
    cordon_request request = CORDON_REQUEST_INIT;
    cordon_outcome *outcome;
    cordon_status status = cordon_outcome_new(&outcome, err);

    request.limits = &patient;
    for (int round = 0; round < ROUNDS && !status; round++) {
        uint64_t began_ns = cdn_clock_ns(), took_ns;

        status = cordon_evaluate(outcome, engine, "probe", &request, err);
        if (!status && outcome->kind != CORDON_OUTCOME_OK)
            status = cdn_error_set(err, CORDON_E_IO, "%s", outcome->message);
        took_ns = cdn_clock_ns() - began_ns;
        if (!out->round_trip_ns || took_ns < out->round_trip_ns)
            out->round_trip_ns = took_ns;
    }
    cordon_outcome_free(outcome);
    return status;
}

cordon_status cordon_wall_probe(cordon_wall_report *out, cordon_wall wall,
                                const char *worker, cordon_error *err)
{
    cordon_engine_options options = CORDON_ENGINE_OPTIONS_INIT;
    cordon_engine *engine = NULL;
    cordon_status status;
    cordon_error own;
    uint64_t began_ns;

    if (!out || out->struct_size != sizeof *out)
        return cdn_error_set(err, CORDON_E_INVALID,
                             "cordon_wall_probe: begin with CORDON_WALL_REPORT_INIT");
    *out = (cordon_wall_report)CORDON_WALL_REPORT_INIT;
    options.slots = 1;
    options.interrupt_slots = CORDON_NONE;
    options.wall = wall;
    options.worker = worker;
    options.workers_min = CORDON_NONE;
    status = cordon_engine_new(&engine, &options, &own);
    if (!status)
        status = cordon_engine_load_rule(engine, empty_rule, sizeof empty_rule - 1,
                                         "probe.lua", NULL, &own);
    began_ns = cdn_clock_ns();
    if (!status)
        status = cordon_engine_warm(engine, "probe", &own);
    out->start_ns = status ? 0 : cdn_clock_ns() - began_ns;
    if (!status)
        status = time_rounds(out, engine, &own);
    if (!status && wall == CORDON_WALL_INPROC)
        snprintf(out->text, sizeof out->text, "the language and the meter");
    else if (!status)
        describe(out->text, sizeof out->text, wall, worker,
                 cdn_crews_locks(engine->workers, wall));
    else
        snprintf(out->text, sizeof out->text, "%.500s", own.message);
    out->works = !status;
    cordon_engine_free(engine);
    if (status == CORDON_E_NOMEM)
        return cdn_error_nomem(err);
    return CORDON_OK;
}
