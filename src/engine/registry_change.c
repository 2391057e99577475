/* Changing the registry: pushing, activating, and taking out of service.
 *
 * Slow work (loading a text, running its cases) is done before the transaction begins, so
 * that nobody waits for it; versions are immutable, so what was found of one still holds
 * inside.  Whatever else may have changed meanwhile is looked at again there. */
#include "engine/registry_change.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/hash.h"
#include "engine/registry.h"
#include "engine/registry_read.h"

/* ---- one change ---- */

static cordon_status check_line(const char *what, const char *text, size_t most,
                                cordon_error *err)
{
    size_t bytes = strlen(text);

    if (bytes > most)
        return cdn_error_set(err, CORDON_E_INVALID,
                             "%s of %zu bytes; at most %zu are kept", what, bytes,
                             most);
    if (!cdn_record_line_valid(text, bytes))
        return cdn_error_set(err, CORDON_E_INVALID,
                             "%s must be one line of UTF-8 without control characters",
                             what);
    return CORDON_OK;
}

cordon_status cdn_change_check(const char *function, const cordon_registry *registry,
                               const char *name, const cordon_change *change,
                               cordon_error *err)
{
    cordon_status status = cdn_registry_argument(registry, function, "registry", err);

    if (!status)
        status = cdn_registry_argument(name, function, "name", err);
    if (!status)
        status = cdn_registry_argument(change, function, "change", err);
    if (!status)
        status = cdn_registry_size(change->struct_size, sizeof(*change),
                                   "cordon_change", err);
    if (!status && !(change->author && change->author[0]))
        return cdn_error_set(err, CORDON_E_INVALID,
                             "%s: the change has no author; history needs one",
                             function);
    if (!status)
        status = check_line("an author", change->author,
                            CORDON_REGISTRY_MAX_AUTHOR_BYTES, err);
    if (!status && change->reason)
        status = check_line("a reason", change->reason,
                            CORDON_REGISTRY_MAX_REASON_BYTES, err);
    return status;
}

static cordon_status put_buf(struct cdn_durable_txn *txn, const struct cdn_key *key,
                             struct cdn_buf *payload, cordon_error *err)
{
    cordon_status status = payload->failed ? cdn_error_nomem(err)
                                           : cdn_registry_put(txn, key, payload->data,
                                                              payload->length, err);

    cdn_buf_clear(payload);
    return status;
}

/* Standing, record, its index, and the sequence. */
static cordon_status write_all(struct cdn_edit *edit, struct cdn_durable_txn *txn,
                               cordon_error *err)
{
    struct cdn_key object = cdn_key_object(edit->name);
    struct cdn_key change = cdn_key_change(edit->sequence);
    struct cdn_key changed = cdn_key_changed(edit->name, edit->sequence);
    struct cdn_key meta = cdn_key_meta();
    struct cdn_buf payload = {0};
    cordon_status status;

    edit->standing.revision = edit->sequence;
    cdn_record_put_standing(&payload, &edit->standing);
    status = put_buf(txn, &object, &payload, err);
    if (!status) {
        cdn_record_put_change(&payload, &edit->record);
        status = put_buf(txn, &change, &payload, err);
    }
    if (!status)
        status = cdn_registry_put(txn, &changed, NULL, 0, err);
    if (!status) {
        cdn_record_put_meta(&payload, edit->sequence);
        status = put_buf(txn, &meta, &payload, err);
    }
    cdn_buf_deinit(&payload);
    return status;
}

static void begin_record(struct cdn_edit *edit)
{
    const cordon_change *change = edit->change;
    cordon_change_record *record = &edit->record;

    *record = (cordon_change_record){.struct_size = sizeof(*record),
                                     .sequence = edit->sequence,
                                     .time_ms = cdn_clock_wall_ms(),
                                     .action = edit->action,
                                     .from = edit->standing.active};
    snprintf(record->name, sizeof(record->name), "%s", edit->name);
    snprintf(record->author, sizeof(record->author), "%s", change->author);
    snprintf(record->reason, sizeof(record->reason), "%s",
             change->reason ? change->reason : "");
}

static cordon_status edit_body(struct cdn_durable_txn *txn, void *ud, cordon_error *err)
{
    struct cdn_edit *edit = ud;
    uint64_t last;
    cordon_status status = cdn_registry_last(&last, txn, err);

    if (status)
        return status;
    edit->sequence = last + 1;
    edit->nothing = false;
    edit->standing = (cordon_standing){.struct_size = sizeof(edit->standing)};
    status = cdn_registry_get_standing(&edit->standing, txn, edit->name, err);
    edit->exists = !status;
    if (status == CORDON_E_NOTFOUND && edit->may_create) {
        cdn_error_clear(err);
        status = CORDON_OK;
    }
    if (status)
        return status;
    if (edit->change->expect_revision &&
        edit->change->expect_revision != edit->standing.revision)
        return cdn_error_set(err, CORDON_E_CONFLICT,
                             "'%s' was changed meanwhile: revision %" PRIu64
                             " was expected, it is %" PRIu64,
                             edit->name, edit->change->expect_revision,
                             edit->standing.revision);
    begin_record(edit);
    status = edit->mutate(edit, txn, edit->ud, err);
    if (status || edit->nothing)
        return status;
    edit->record.kind = edit->standing.kind;
    if (!edit->record.to)
        edit->record.to = edit->standing.active;
    return write_all(edit, txn, err);
}

cordon_status cdn_registry_edit(cordon_registry *registry, struct cdn_edit *edit,
                                cordon_error *err)
{
    return cdn_durable_write(registry->file, edit->change->dry_run, edit_body, edit,
                             err);
}

cordon_status cdn_registry_edit_on(cordon_registry *registry, struct cdn_edit *edit,
                                   const char *evidence, cordon_error *err)
{
    size_t bytes = strlen(evidence);

    if (bytes > CORDON_REGISTRY_MAX_EVIDENCE_BYTES ||
        !cdn_record_line_valid(evidence, bytes))
        return cdn_error_set(err, CORDON_E_INVALID,
                             "evidence is one line of at most %d bytes",
                             CORDON_REGISTRY_MAX_EVIDENCE_BYTES);
    return cdn_registry_edit(registry, edit, err);
}

cordon_status cdn_edit_version(const struct cdn_edit *edit, uint32_t version,
                               cordon_error *err)
{
    if (version && version <= edit->standing.newest)
        return CORDON_OK;
    return cdn_error_set(err, CORDON_E_NOTFOUND,
                         "'%s' has no version %" PRIu32 "; its newest is %" PRIu32,
                         edit->name, version, edit->standing.newest);
}

void cdn_edit_end_rollout(struct cdn_edit *edit)
{
    edit->standing.variant_count = 0;
    edit->standing.guarded = false;
    edit->standing.guard = (cordon_guard){0};
    memset(edit->standing.variants, 0, sizeof(edit->standing.variants));
}

void cdn_edit_end_shadow(struct cdn_edit *edit, uint32_t version)
{
    cordon_standing *standing = &edit->standing;
    uint32_t kept = 0;

    for (uint32_t i = 0; i < standing->shadow_count; i++)
        if (standing->shadows[i].version != version)
            standing->shadows[kept++] = standing->shadows[i];
    standing->shadow_count = kept;
}

void cdn_edit_activate(struct cdn_edit *edit, uint32_t version)
{
    cordon_standing *standing = &edit->standing;

    /* What was killed is not what anybody wants back: the one before it stays. */
    if (standing->state != CORDON_STANDING_KILLED && standing->active != version)
        standing->previous = standing->active;
    else if (standing->previous == version)
        standing->previous = 0;
    standing->active = version;
    standing->state = CORDON_STANDING_ACTIVE;
    cdn_edit_end_rollout(edit);
    cdn_edit_end_shadow(edit, version);
}

/* ---- push ---- */

struct push {
    cordon_object_kind kind;
    const char *source;
    size_t bytes;
    const char *cases;
    size_t cases_bytes;
    struct cdn_version_record record;
    uint32_t version;
};

static cordon_status put_text(struct cdn_durable_txn *txn,
                              const unsigned char hash[CDN_CONTENT_HASH_BYTES],
                              const char *text, size_t bytes, cordon_error *err)
{
    struct cdn_key key = cdn_key_text(hash);
    struct cdn_span found;

    /* one that is damaged is put right */
    if (!cdn_registry_get(&found, txn, &key, NULL) && found.length == bytes)
        return CORDON_OK;
    return cdn_registry_put(txn, &key, text, bytes, err);
}

/* Whether the newest version is what is being pushed. */
static cordon_status is_newest(bool *same, struct cdn_edit *edit,
                               struct cdn_durable_txn *txn, struct push *push,
                               cordon_error *err)
{
    const struct cdn_version_record *record = &push->record;
    struct cdn_version_record newest;
    uint32_t number;
    cordon_status status =
        cdn_registry_get_version(&newest, &number, txn, edit->name, 0, err);

    *same = false;
    if (status)
        return status;
    if (memcmp(newest.source_hash, record->source_hash, sizeof(newest.source_hash)) ||
        newest.has_cases != record->has_cases ||
        memcmp(newest.cases_hash, record->cases_hash, sizeof(newest.cases_hash)))
        return CORDON_OK;
    *same = true;
    push->record = newest;
    push->version = number;
    return CORDON_OK;
}

static cordon_status mutate_push(struct cdn_edit *edit, struct cdn_durable_txn *txn,
                                 void *ud, cordon_error *err)
{
    struct push *push = ud;
    struct cdn_version_record *record = &push->record;
    cordon_standing *standing = &edit->standing;
    struct cdn_buf payload = {0};
    struct cdn_key key;
    cordon_status status = CORDON_OK;

    if (edit->exists && standing->kind != push->kind)
        return cdn_error_set(err, CORDON_E_INVALID,
                             "'%s' is a %s already; a %s needs another name",
                             edit->name, cordon_object_kind_str(standing->kind),
                             cordon_object_kind_str(push->kind));
    if (edit->exists)
        status = is_newest(&edit->nothing, edit, txn, push, err);
    if (status || edit->nothing)
        return status;
    if (standing->newest == UINT32_MAX)
        return cdn_error_set(err, CORDON_E_INVALID, "'%s' has no numbers left",
                             edit->name);
    if (!edit->exists) {
        standing->kind = push->kind;
        standing->state = CORDON_STANDING_INACTIVE;
        snprintf(standing->name, sizeof(standing->name), "%s", edit->name);
    }
    push->version = ++standing->newest;
    edit->record.from = 0; /* nothing decides otherwise now */
    edit->record.to = push->version;
    record->time_ms = edit->record.time_ms;
    record->sequence = edit->sequence;
    memcpy(record->author, edit->record.author, sizeof(record->author));
    memcpy(record->reason, edit->record.reason, sizeof(record->reason));
    status = put_text(txn, record->source_hash, push->source, push->bytes, err);
    if (!status && record->has_cases)
        status = put_text(txn, record->cases_hash, push->cases, push->cases_bytes, err);
    if (!status) {
        key = cdn_key_version(edit->name, push->version);
        cdn_record_put_version(&payload, record);
        status = put_buf(txn, &key, &payload, err);
    }
    if (!status) {
        key = cdn_key_hash(record->source_hash, edit->name, push->version);
        status = cdn_registry_put(txn, &key, NULL, 0, err);
    }
    cdn_buf_deinit(&payload);
    return status;
}

/* What is wrong with the arguments of a push, but the change. */
static cordon_status check_push(const struct push *push, const char *file,
                                cordon_error *err)
{
    if (push->kind != CORDON_OBJECT_RULE && push->kind != CORDON_OBJECT_SET)
        return cdn_error_set(err, CORDON_E_INVALID,
                             "cordon_registry_push: kind %d is none", (int)push->kind);
    if (push->bytes > CORDON_RULE_MAX_SOURCE_BYTES)
        return cdn_error_set(err, CORDON_E_RULE,
                             "a text of %zu bytes; at most %u are accepted",
                             push->bytes, CORDON_RULE_MAX_SOURCE_BYTES);
    if (push->cases_bytes > CORDON_REGISTRY_MAX_CASES_BYTES)
        return cdn_error_set(err, CORDON_E_DATA,
                             "cases of %zu bytes; at most %u are accepted",
                             push->cases_bytes, CORDON_REGISTRY_MAX_CASES_BYTES);
    return check_line("the name of the file", file, CORDON_REGISTRY_MAX_FILE_BYTES,
                      err);
}

cordon_status cordon_registry_push(cordon_version_info *out, cordon_registry *registry,
                                   cordon_object_kind kind, const char *source,
                                   size_t bytes, const char *file, const char *cases,
                                   size_t cases_bytes, const cordon_change *change,
                                   cordon_error *err)
{
    static const char function[] = "cordon_registry_push";
    char name[CORDON_RULE_MAX_NAME_BYTES + 1];
    struct push push = {kind, source, bytes, cases, cases_bytes, {0}, 0};
    struct cdn_edit edit = {.name = name,
                            .action = CORDON_ACTION_PUSH,
                            .change = change,
                            .may_create = true,
                            .mutate = mutate_push,
                            .ud = &push};
    cordon_status status = cdn_registry_argument(out, function, "out", err);

    if (!status)
        status = cdn_registry_size(out->struct_size, sizeof(*out),
                                   "cordon_version_info", err);
    if (!status)
        status = cdn_registry_argument(source, function, "source", err);
    if (!status && cases_bytes)
        status = cdn_registry_argument(cases, function, "cases", err);
    if (!status)
        status = cdn_change_check(function, registry, "", change, err);
    if (!file)
        file = cordon_object_kind_str(kind);
    if (!status)
        status = check_push(&push, file, err);
    if (!status)
        status = cdn_registry_load(name, registry, kind, source, bytes, file, err);
    if (status)
        return status;
    push.record.kind = kind;
    push.record.source_bytes = bytes;
    push.record.cases_bytes = cases_bytes;
    push.record.has_cases = cases_bytes > 0;
    snprintf(push.record.file, sizeof(push.record.file), "%s", file);
    cdn_hash_content(push.record.source_hash, source, bytes);
    if (cases_bytes)
        cdn_hash_content(push.record.cases_hash, cases, cases_bytes);
    status = cdn_registry_edit(registry, &edit, err);
    if (!status)
        cdn_registry_version_info(out, name, push.version, &push.record);
    return status;
}

/* ---- into service and out of it ---- */

static cordon_status mutate_activate(struct cdn_edit *edit, struct cdn_durable_txn *txn,
                                     void *ud, cordon_error *err)
{
    const uint32_t *version = ud;
    const cordon_standing *standing = &edit->standing;
    cordon_status status = cdn_edit_version(edit, *version, err);

    (void)txn;
    if (status)
        return status;
    edit->nothing = standing->active == *version &&
                    standing->state == CORDON_STANDING_ACTIVE &&
                    !standing->variant_count;
    cdn_edit_activate(edit, *version);
    return CORDON_OK;
}

cordon_status cordon_registry_activate(cordon_registry *registry, const char *name,
                                       uint32_t version, cordon_check_function *check,
                                       void *ud, const cordon_change *change,
                                       cordon_error *err)
{
    uint32_t number = 0;
    struct cdn_edit edit = {.name = name,
                            .action = CORDON_ACTION_ACTIVATE,
                            .change = change,
                            .mutate = mutate_activate,
                            .ud = &number};
    cordon_status status =
        cdn_change_check("cordon_registry_activate", registry, name, change, err);

    if (!status)
        status = cdn_candidate_check(&number, registry, name, version, check, ud, err);
    return status ? status : cdn_registry_edit(registry, &edit, err);
}

static cordon_status mutate_rollback(struct cdn_edit *edit, struct cdn_durable_txn *txn,
                                     void *ud, cordon_error *err)
{
    uint32_t previous = edit->standing.previous;

    (void)txn;
    (void)ud;
    if (!previous)
        return cdn_error_set(err, CORDON_E_INVALID,
                             "'%s' has nothing to roll back to; activate a version",
                             edit->name);
    cdn_edit_activate(edit, previous);
    edit->standing.previous = 0;
    return CORDON_OK;
}

static cordon_status mutate_pause(struct cdn_edit *edit, struct cdn_durable_txn *txn,
                                  void *ud, cordon_error *err)
{
    cordon_object_state state = edit->standing.state;

    (void)txn;
    (void)ud;
    edit->nothing = state == CORDON_STANDING_PAUSED;
    if (!edit->nothing && state != CORDON_STANDING_ACTIVE)
        return cdn_error_set(err, CORDON_E_INVALID,
                             "'%s' is %s; only what is active can be paused",
                             edit->name, cordon_object_state_str(state));
    edit->standing.state = CORDON_STANDING_PAUSED;
    return CORDON_OK;
}

static cordon_status mutate_resume(struct cdn_edit *edit, struct cdn_durable_txn *txn,
                                   void *ud, cordon_error *err)
{
    cordon_object_state state = edit->standing.state;

    (void)txn;
    (void)ud;
    edit->nothing = state == CORDON_STANDING_ACTIVE;
    if (!edit->nothing && state != CORDON_STANDING_PAUSED)
        return cdn_error_set(err, CORDON_E_INVALID,
                             "'%s' is %s; activate a version or roll back to bring it "
                             "into service",
                             edit->name, cordon_object_state_str(state));
    edit->standing.state = CORDON_STANDING_ACTIVE;
    return CORDON_OK;
}

static cordon_status mutate_kill(struct cdn_edit *edit, struct cdn_durable_txn *txn,
                                 void *ud, cordon_error *err)
{
    cordon_object_state state = edit->standing.state;

    (void)txn;
    (void)ud;
    edit->nothing = state == CORDON_STANDING_KILLED;
    if (state == CORDON_STANDING_INACTIVE)
        return cdn_error_set(err, CORDON_E_INVALID,
                             "'%s' is inactive; no version of it decides", edit->name);
    edit->standing.state = CORDON_STANDING_KILLED;
    cdn_edit_end_rollout(edit);
    edit->standing.shadow_count = 0;
    return CORDON_OK;
}

/* The four that take nothing but a name. */
static cordon_status simple(const char *function, cordon_registry *registry,
                            struct cdn_edit *edit, cordon_error *err)
{
    cordon_status status =
        cdn_change_check(function, registry, edit->name, edit->change, err);

    return status ? status : cdn_registry_edit(registry, edit, err);
}

cordon_status cordon_registry_rollback(cordon_registry *registry, const char *name,
                                       const cordon_change *change, cordon_error *err)
{
    struct cdn_edit edit = {.name = name,
                            .action = CORDON_ACTION_ROLLBACK,
                            .change = change,
                            .mutate = mutate_rollback};

    return simple("cordon_registry_rollback", registry, &edit, err);
}

cordon_status cordon_registry_pause(cordon_registry *registry, const char *name,
                                    const cordon_change *change, cordon_error *err)
{
    struct cdn_edit edit = {.name = name,
                            .action = CORDON_ACTION_PAUSE,
                            .change = change,
                            .mutate = mutate_pause};

    return simple("cordon_registry_pause", registry, &edit, err);
}

cordon_status cordon_registry_resume(cordon_registry *registry, const char *name,
                                     const cordon_change *change, cordon_error *err)
{
    struct cdn_edit edit = {.name = name,
                            .action = CORDON_ACTION_RESUME,
                            .change = change,
                            .mutate = mutate_resume};

    return simple("cordon_registry_resume", registry, &edit, err);
}

cordon_status cordon_registry_kill(cordon_registry *registry, const char *name,
                                   const cordon_change *change, cordon_error *err)
{
    struct cdn_edit edit = {.name = name,
                            .action = CORDON_ACTION_KILL,
                            .change = change,
                            .mutate = mutate_kill};

    return simple("cordon_registry_kill", registry, &edit, err);
}
