/* Reading texts, here or behind a wall. */
#include "engine/read_text.h"

#include "engine/engine.h"
#include "isolation/read.h"
#include "sandbox/config.h"

/* Errors: CORDON_E_INVALID it is behind no wall that there is. */
static cordon_status check(const struct cdn_reading *reading, const char *file,
                           cordon_error *err)
{
    if (reading->wall == CORDON_WALL_INPROC)
        return CORDON_OK;
    if (reading->wall >= CDN_WALL_NONE)
        return cdn_error_at(
            err, CORDON_E_INVALID, file, 0, 0,
            "it is not to be run in the host, and no wall that is strong "
            "enough for it works here; cordon tier probe says why");
    if (!reading->options || !reading->options->worker)
        return cdn_error_at(
            err, CORDON_E_INVALID, file, 0, 0,
            "it is to be read behind the wall '%s', and the options name "
            "no cordon-worker",
            cordon_wall_str((cordon_wall)reading->wall));
    return CORDON_OK;
}

static cordon_status read_here(struct cdn_rule **out, const struct cdn_reading *reading,
                               const cordon_engine_options *options, const char *source,
                               size_t bytes, const char *file,
                               struct cdn_findings *findings, cordon_error *err)
{
    const struct cdn_budget budget = cdn_budget_load(options);
    const struct cdn_slot_config config = {
        .image_bytes = (size_t)options->load_memory_bytes,
        .memory_bytes = (size_t)options->max_memory_bytes,
        .scratch_bytes = (size_t)options->max_memory_bytes,
    };
    struct cdn_slot *own = NULL;
    cordon_status status = reading->slot ? CORDON_OK : cdn_slot_new(&own, &config, err);

    if (!status)
        status = cdn_rule_load(out, reading->slot ? reading->slot : own, source, bytes,
                               file, &budget, findings, err);
    cdn_slot_free(own);
    return status;
}

cordon_status cdn_read_rule(struct cdn_rule **out, const struct cdn_reading *reading,
                            const char *source, size_t bytes, const char *file,
                            struct cdn_findings *findings, cordon_error *err)
{
    cordon_engine_options defaults;
    const cordon_engine_options *options = reading->options;
    struct cdn_wall_options with;
    cordon_status status = check(reading, file, err);

    *out = NULL;
    if (status)
        return status;
    if (!options) {
        cdn_engine_defaults(&defaults);
        options = &defaults;
    }
    if (reading->wall == CORDON_WALL_INPROC)
        return read_here(out, reading, options, source, bytes, file, findings, err);
    with = cdn_walls_options(options);
    return cdn_wall_read_rule(out, (cordon_wall)reading->wall, &with, source, bytes,
                              file, findings, err);
}

cordon_status cdn_read_table(struct cdn_buf *out, const struct cdn_reading *reading,
                             const char *source, size_t bytes, const char *file,
                             cordon_error *err)
{
    struct cdn_wall_options with;
    cordon_status status = check(reading, file, err);

    if (status)
        return status;
    if (reading->wall == CORDON_WALL_INPROC)
        return cdn_config_evaluate(out, source, bytes, file, err);
    with = cdn_walls_options(reading->options);
    return cdn_wall_read_table(out, (cordon_wall)reading->wall, &with, source, bytes,
                               file, err);
}
