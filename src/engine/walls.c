/* Workers: one a lane, wall and snapshot, started when an evaluation first needs it.
 *
 * A lane has one evaluation at a time and so needs one worker at a time; whoever holds the lane
 * holds its workers, and no lock is taken for them.  One that is of no use any more, or that has
 * another generation open than the evaluation stands on, is ended and another started: some
 * milliseconds, in the middle of a request, which a host avoids by cordon_engine_warm(). */
#include <stdio.h>

#include <cordon/wall.h>

#include "base/clock.h"
#include "engine/engine.h"

/* Address space for the images and runs of all rules a worker knows, beside its snapshot. */
#define ROOM_BYTES (UINT64_C(512) << 20)
#define CPU_S      UINT64_C(3600)
#define START_NS   UINT64_C(10000000000)

const char *cordon_wall_str(cordon_wall wall)
{
    switch (wall) {
#define WALL_WORD(name, number, word)                                                  \
    case CORDON_WALL_##name:                                                           \
        return word;
        CORDON_WALL_MAP(WALL_WORD)
#undef WALL_WORD
    default:
        return "unknown";
    }
}

const char *cordon_slice_str(cordon_slice slice)
{
    switch (slice) {
#define SLICE_WORD(name, number, word)                                                 \
    case CORDON_SLICE_##name:                                                          \
        return word;
        CORDON_SLICE_MAP(SLICE_WORD)
#undef SLICE_WORD
    default:
        return "unknown";
    }
}

static struct cdn_process_options options_of(const cordon_engine_options *options)
{
    return (struct cdn_process_options){
        .program = options->worker,
        .image_bytes = options->load_memory_bytes,
        .memory_bytes = options->max_memory_bytes,
        .room_bytes = ROOM_BYTES + 2 * options->max_memory_bytes,
        .cpu_s = CPU_S,
        .start_ns = START_NS,
        .load = cdn_budget_load(options),
    };
}

static cordon_status start(struct cdn_worker **out, cordon_wall wall,
                           const cordon_engine_options *options,
                           const cordon_snapshot *snapshot, cordon_error *err)
{
    const struct cdn_process_options process = options_of(options);

    if (wall != CORDON_WALL_PROCESS)
        return cdn_error_set(err, CORDON_E_INVALID, "there is no wall '%s' here",
                             cordon_wall_str(wall));
    return cdn_process_start(out, &process, snapshot, err);
}

cordon_status cdn_lane_worker(struct cdn_worker **out, struct cdn_lane *lane,
                              cordon_wall wall, const cordon_snapshot *snapshot,
                              uint64_t viewer, cordon_error *err)
{
    uint64_t identity = snapshot ? snapshot->identity : 0;
    struct cdn_worker **worker = &lane->workers[wall];
    cordon_status status = CORDON_OK;

    if (*worker && (lane->worker_snapshots[wall] != identity ||
                    lane->worker_viewers[wall] != viewer)) {
        (*worker)->end(*worker);
        *worker = NULL;
    }
    if (!*worker) {
        status = start(worker, wall, &lane->engine->options, snapshot, err);
        if (status)
            cdn_error_prefix(err, "the wall '%s'", cordon_wall_str(wall));
        lane->worker_snapshots[wall] = identity;
        lane->worker_viewers[wall] = viewer;
    }
    *out = *worker;
    return status;
}

void cdn_lane_sweep_worker(struct cdn_lane *lane, cordon_wall wall)
{
    struct cdn_worker *worker = lane->workers[wall];

    if (!worker || !worker->broken)
        return;
    worker->end(worker);
    lane->workers[wall] = NULL;
}

void cdn_lane_end_workers(struct cdn_lane *lane)
{
    for (int wall = 0; wall <= CORDON_WALL_MICROVM; wall++) {
        if (lane->workers[wall])
            lane->workers[wall]->end(lane->workers[wall]);
        lane->workers[wall] = NULL;
    }
}

/* ---- probing ---- */

static const char empty_rule[] =
    "return { name = 'probe', decisions = { 'fine' }, fallback = 'fine', "
    "evaluate = function() return { decision = 'fine' } end }";

enum { ROUNDS = 20 };

/* What a worker says is in force. */
static void describe(char *text, size_t size, uint32_t locks)
{
    static const struct {
        uint32_t lock;
        const char *word;
    } words[] = {
#define LOCK_WORD(name, bit, word) {(bit), (word)},
        CDN_LOCK_MAP(LOCK_WORD)
#undef LOCK_WORD
    };
    size_t length = 0;

    text[0] = '\0';
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (locks & words[i].lock && length < size)
            length += (size_t)snprintf(text + length, size - length, "%s%s",
                                       length ? ", " : "", words[i].word);
}

static cordon_status time_rounds(cordon_wall_report *out, cordon_engine *engine,
                                 cordon_error *err)
{
    const cordon_request request = CORDON_REQUEST_INIT;
    cordon_outcome *outcome;
    cordon_status status = cordon_outcome_new(&outcome, err);

    for (int round = 0; round < ROUNDS && !status; round++) {
        uint64_t began_ns = cdn_clock_ns(), took_ns;

        status = cordon_evaluate(outcome, engine, "probe", &request, err);
        if (!status && outcome->kind != CORDON_OUTCOME_OK)
            status = cdn_error_set(err, CORDON_E_IO, "%s", outcome->message);
        took_ns = cdn_clock_ns() - began_ns;
        if (round == 0)
            out->start_ns = took_ns;
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

    if (!out || out->struct_size != sizeof *out)
        return cdn_error_set(err, CORDON_E_INVALID,
                             "cordon_wall_probe: begin with CORDON_WALL_REPORT_INIT");
    *out = (cordon_wall_report)CORDON_WALL_REPORT_INIT;
    options.slots = 1;
    options.interrupt_slots = CORDON_NONE;
    options.wall = wall;
    options.worker = worker;
    status = cordon_engine_new(&engine, &options, &own);
    if (!status)
        status = cordon_engine_load_rule(engine, empty_rule, sizeof empty_rule - 1,
                                         "probe.lua", NULL, &own);
    if (!status)
        status = time_rounds(out, engine, &own);
    if (!status && wall == CORDON_WALL_INPROC)
        snprintf(out->text, sizeof out->text, "the language and the meter");
    else if (!status)
        describe(out->text, sizeof out->text, engine->lanes[0].workers[wall]->locks);
    else
        snprintf(out->text, sizeof out->text, "%.500s", own.message);
    out->works = !status;
    cordon_engine_free(engine);
    if (status == CORDON_E_NOMEM)
        return cdn_error_nomem(err);
    return CORDON_OK;
}
