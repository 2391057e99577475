/* Whether a text may be a version, and whether a version may decide.
 *
 * Loading here needs no snapshot and no engine: a rule is loaded in a slot of its own, under
 * the ceilings of an engine whose host chose none, so that what was pushed once does not
 * depend on who pushed it.  Names in `reads` are bound where there is a snapshot: by whoever
 * gives cordon_registry_activate() a check, and by every engine that takes up the version. */
#include <string.h>

#include "base/file.h"
#include "engine/engine.h"
#include "engine/registry.h"
#include "engine/registry_change.h"
#include "engine/registry_read.h"
#include "engine/set.h"

static cordon_status load_rule(char name[CORDON_RULE_MAX_NAME_BYTES + 1],
                               const char *source, size_t bytes, const char *file,
                               cordon_error *err)
{
    cordon_engine_options options;
    struct cdn_slot_config config;
    struct cdn_slot *slot = NULL;
    struct cdn_rule *rule = NULL;
    struct cdn_budget budget;
    cordon_status status;

    cdn_engine_defaults(&options);
    budget = cdn_budget_load(&options);
    config = (struct cdn_slot_config){
        .image_bytes = (size_t)options.load_memory_bytes,
        .memory_bytes = (size_t)options.max_memory_bytes,
        .scratch_bytes = (size_t)options.max_memory_bytes,
    };
    status = cdn_slot_new(&slot, &config, err);
    if (!status)
        status = cdn_rule_load(&rule, slot, source, bytes, file, &budget, NULL, err);
    if (!status)
        status = cdn_budget_check(&options, rule, err);
    if (!status)
        memcpy(name, rule->name, strlen(rule->name) + 1);
    cdn_rule_free(rule);
    cdn_slot_free(slot);
    return status;
}

static cordon_status load_set(char name[CORDON_RULE_MAX_NAME_BYTES + 1],
                              const char *source, size_t bytes, const char *file,
                              cordon_error *err)
{
    struct cdn_set *set = NULL;
    cordon_status status = cdn_set_load(&set, source, bytes, file, err);

    if (status)
        return status;
    memcpy(name, set->name, strlen(set->name) + 1);
    cdn_set_release(set);
    return CORDON_OK;
}

cordon_status cdn_registry_load(char name[CORDON_RULE_MAX_NAME_BYTES + 1],
                                cordon_object_kind kind, const char *source,
                                size_t bytes, const char *file, cordon_error *err)
{
    return kind == CORDON_OBJECT_SET ? load_set(name, source, bytes, file, err)
                                     : load_rule(name, source, bytes, file, err);
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
    cordon_status status = cdn_durable_read(registry->file, fetch_body, &fetch, err);

    if (!status)
        status = cdn_registry_load(loaded, fetch.record.kind,
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
        };

        status = check(ud, &candidate, err);
    }
    *number = fetch.number;
    cdn_buf_deinit(&fetch.source);
    cdn_buf_deinit(&fetch.cases);
    return status;
}
