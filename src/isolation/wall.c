/* The table of walls. */
#include "isolation/wall.h"

#include "base/clock.h"
#include "isolation/container.h"
#include "isolation/process.h"

#define SECOND_NS UINT64_C(1000000000)

const struct cdn_wall cdn_walls[CDN_WALLS] = {
    [CORDON_WALL_PROCESS] = {cdn_process_spawn, 10 * SECOND_NS},
    [CORDON_WALL_CONTAINER] = {cdn_container_spawn, 20 * SECOND_NS},
};

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

cordon_status cdn_wall_start(struct cdn_worker **out, cordon_wall wall,
                             const struct cdn_wall_options *options,
                             const cordon_snapshot *snapshot, cordon_error *err)
{
    cdn_wall_spawn *spawn = cdn_walls[wall].spawn;
    cordon_status status;

    *out = NULL;
    if (!spawn)
        return cdn_error_set(err, CORDON_E_INVALID, "there is no wall '%s' here",
                             cordon_wall_str(wall));
    status = spawn(out, options, snapshot, err);
    if (!status)
        status = cdn_worker_greet(*out, cdn_clock_ns() + options->start_ns, err);
    if (status && *out) {
        (*out)->end(*out);
        *out = NULL;
    }
    return status;
}
