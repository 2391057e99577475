/* Whether a text may be a version, and whether a version may decide.
 *
 * Loading here needs no snapshot and no engine: a rule is loaded in a slot of its own, or by a
 * worker where an engine or the host has said so (read_text.h), under the ceilings of an engine
 * whose host chose none, so that what was pushed once does not depend on who pushed it.  Names
 * in `reads` are bound where there is a snapshot: by whoever gives cordon_registry_activate() a
 * check, and by every engine that takes up the version. */
#include <string.h>

#include "base/file.h"
#include "engine/engine.h"
#include "engine/registry.h"
#include "engine/registry_change.h"
#include "engine/read_text.h"
#include "engine/registry_read.h"
#include "engine/set.h"

/* One that does not fit is none: then nothing is read, and the error says so. */
static void take_worker(cordon_registry *registry, const char *worker)
{
    if (worker && strlen(worker) < sizeof registry->worker)
        memcpy(registry->worker, worker, strlen(worker) + 1);
}

void cdn_registry_read_behind(cordon_registry *registry, uint32_t wall,
                              const char *worker)
{
    pthread_mutex_lock(&registry->reading);
    registry->engine_wall = wall;
    take_worker(registry, worker);
    pthread_mutex_unlock(&registry->reading);
}

cordon_status cordon_registry_read_behind(cordon_registry *registry, cordon_wall wall,
                                          const char *worker, cordon_error *err)
{
    static const char function[] = "cordon_registry_read_behind";

    if (!registry)
        return cdn_error_set(err, CORDON_E_INVALID, "%s: no registry", function);
    if (wall > CORDON_WALL_MICROVM)
        return cdn_error_set(err, CORDON_E_INVALID, "%s: there is no wall %d", function,
                             (int)wall);
    if (wall != CORDON_WALL_INPROC &&
        (!worker || worker[0] != '/' || strlen(worker) >= PATH_MAX))
        return cdn_error_set(err, CORDON_E_INVALID,
                             "%s: the worker is '%.200s'; it is the absolute path of "
                             "cordon-worker",
                             function, worker ? worker : "");
    pthread_mutex_lock(&registry->reading);
    registry->host_wall = wall;
    take_worker(registry, worker);
    pthread_mutex_unlock(&registry->reading);
    return CORDON_OK;
}

/* A copy of how this registry reads: its ceilings are those of an engine whose host chose none,
 * whatever an engine has. */
static struct cdn_reading reading_of(cordon_registry *registry,
                                     cordon_engine_options *options,
                                     char worker[PATH_MAX])
{
    struct cdn_reading reading = {.options = options};

    cdn_engine_defaults(options);
    pthread_mutex_lock(&registry->reading);
    reading.wall = registry->host_wall > registry->engine_wall ? registry->host_wall
                                                               : registry->engine_wall;
    memcpy(worker, registry->worker, PATH_MAX);
    pthread_mutex_unlock(&registry->reading);
    options->worker = worker[0] ? worker : NULL;
    return reading;
}

static cordon_status load_rule(char name[CORDON_RULE_MAX_NAME_BYTES + 1],
                               const struct cdn_reading *reading, const char *source,
                               size_t bytes, const char *file, cordon_error *err)
{
    struct cdn_rule *rule = NULL;
    cordon_status status =
        cdn_read_rule(&rule, reading, source, bytes, file, NULL, err);

    if (!status)
        status = cdn_budget_check(reading->options, rule, err);
    if (!status)
        memcpy(name, rule->name, strlen(rule->name) + 1);
    cdn_rule_free(rule);
    return status;
}

static cordon_status load_set(char name[CORDON_RULE_MAX_NAME_BYTES + 1],
                              const struct cdn_reading *reading, const char *source,
                              size_t bytes, const char *file, cordon_error *err)
{
    struct cdn_set *set = NULL;
    cordon_status status = cdn_set_load(&set, reading, source, bytes, file, err);

    if (status)
        return status;
    memcpy(name, set->name, strlen(set->name) + 1);
    cdn_set_release(set);
    return CORDON_OK;
}

static cordon_status load_text(char name[CORDON_RULE_MAX_NAME_BYTES + 1],
                               const struct cdn_reading *reading,
                               cordon_object_kind kind, const char *source,
                               size_t bytes, const char *file, cordon_error *err)
{
    return kind == CORDON_OBJECT_SET
               ? load_set(name, reading, source, bytes, file, err)
               : load_rule(name, reading, source, bytes, file, err);
}

cordon_status cdn_registry_load(char name[CORDON_RULE_MAX_NAME_BYTES + 1],
                                cordon_registry *registry, cordon_object_kind kind,
                                const char *source, size_t bytes, const char *file,
                                cordon_error *err)
{
    cordon_engine_options options;
    char worker[PATH_MAX];
    const struct cdn_reading reading = reading_of(registry, &options, worker);

    return load_text(name, &reading, kind, source, bytes, file, err);
}

/* ---- candidates ---- */

struct fetch {
    const char *name;
    uint32_t version;
    uint32_t number;
    struct cdn_version_record record;
    struct cdn_buf source;
    struct cdn_buf cases;
};

static cordon_status fetch_body(struct cdn_durable_txn *txn, void *ud,
                                cordon_error *err)
{
    struct fetch *fetch = ud;
    const struct cdn_version_record *record = &fetch->record;
    cordon_status status = cdn_registry_get_version(&fetch->record, &fetch->number, txn,
                                                    fetch->name, fetch->version, err);

    if (!status)
        status = cdn_registry_get_text(&fetch->source, txn, record->source_hash,
                                       record->source_bytes, err);
    if (!status && record->has_cases)
        status = cdn_registry_get_text(&fetch->cases, txn, record->cases_hash,
                                       record->cases_bytes, err);
    return status;
}

cordon_status cdn_candidate_check(uint32_t *number, cordon_registry *registry,
                                  const char *name, uint32_t version,
                                  cordon_check_function *check, void *ud,
                                  cordon_error *err)
{
    struct fetch fetch = {.name = name, .version = version};
    char loaded[CORDON_RULE_MAX_NAME_BYTES + 1];
    cordon_engine_options options;
    char worker[PATH_MAX];
    const struct cdn_reading reading = reading_of(registry, &options, worker);
    cordon_status status = cdn_durable_read(registry->file, fetch_body, &fetch, err);

    if (!status)
        status = load_text(loaded, &reading, fetch.record.kind,
                           (const char *)fetch.source.data, fetch.source.length,
                           fetch.record.file, err);
    if (!status && strcmp(loaded, name) != 0)
        status =
            cdn_error_set(err, CORDON_E_CORRUPT, "version %u of '%s' calls itself '%s'",
                          fetch.number, name, loaded);
    if (!status && check) {
        const cordon_candidate candidate = {
            .struct_size = sizeof(candidate),
            .kind = fetch.record.kind,
            .name = name,
            .version = fetch.number,
            .file = fetch.record.file,
            .source = (const char *)fetch.source.data,
            .source_bytes = fetch.source.length,
            .cases = fetch.cases.length ? (const char *)fetch.cases.data : NULL,
            .cases_bytes = fetch.cases.length,
            .wall = (cordon_wall)reading.wall,
            .worker = options.worker,
        };

        status = check(ud, &candidate, err);
    }
    *number = fetch.number;
    cdn_buf_deinit(&fetch.source);
    cdn_buf_deinit(&fetch.cases);
    return status;
}
