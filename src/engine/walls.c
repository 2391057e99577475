/* Workers: one a lane, wall and snapshot, started when an evaluation first needs it.
 *
 * A lane has one evaluation at a time and so needs one worker at a time; whoever holds the lane
 * holds its workers, and no lock is taken for them.  One that is of no use any more, or that has
 * another generation open than the evaluation stands on, is ended and another started: some
 * milliseconds, in the middle of a request, which a host avoids by cordon_engine_warm(). */
#include <string.h>

#include "base/alloc.h"
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
                              cordon_error *err)
{
    uint64_t identity = snapshot ? snapshot->identity : 0;
    struct cdn_worker **worker = &lane->workers[wall];
    cordon_status status = CORDON_OK;

    if (*worker && lane->worker_snapshots[wall] != identity) {
        (*worker)->end(*worker);
        *worker = NULL;
    }
    if (!*worker) {
        status = start(worker, wall, &lane->engine->options, snapshot, err);
        if (status)
            cdn_error_prefix(err, "the wall '%s'", cordon_wall_str(wall));
        lane->worker_snapshots[wall] = identity;
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
