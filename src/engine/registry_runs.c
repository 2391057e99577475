/* How often versions ran, and what decision logs are still to be told: what a registry keeps for
 * engines that does not change how anything stands.  It has no sequence, and no history. */
#include "engine/registry.h"
#include "engine/registry_store.h"

/* ---- runs ---- */

/* As far as it can be read: *runs is 0 where there is no record, and where it is damaged. */
static cordon_status get_runs(uint64_t *runs, struct cdn_durable_txn *txn,
                              const char *name, uint32_t version, cordon_error *err)
{
    struct cdn_key key = cdn_key_runs(name, version);
    struct cdn_span payload;
    cordon_status status = cdn_registry_get(&payload, txn, &key, err);
    const char *fault;

    *runs = 0;
    if (status)
        return status;
    fault = cdn_record_get_runs(runs, payload.bytes, payload.length);
    if (!fault)
        return CORDON_OK;
    *runs = 0;
    return cdn_registry_damaged(txn, &key, fault, err);
}

static cordon_status read_runs(struct cdn_durable_txn *txn, void *ud, cordon_error *err)
{
    struct cdn_runs *runs = ud;
    cordon_status status = get_runs(&runs->all, txn, runs->name, runs->version, err);

    if (status != CORDON_E_NOTFOUND)
        return status;
    cdn_error_clear(err);
    return CORDON_OK;
}

cordon_status cdn_registry_runs(uint64_t *runs, cordon_registry *registry,
                                const char *name, uint32_t version, cordon_error *err)
{
    struct cdn_runs asked = {.name = name, .version = version};
    cordon_status status = cdn_durable_read(registry->file, read_runs, &asked, err);

    *runs = asked.all;
    return status;
}

struct addition {
    struct cdn_runs *runs;
    size_t count;
};

static cordon_status add_runs(struct cdn_durable_txn *txn, void *ud, cordon_error *err)
{
    const struct addition *addition = ud;
    struct cdn_buf payload = {0};
    cordon_status status = CORDON_OK;

    for (size_t i = 0; i < addition->count && !status; i++) {
        struct cdn_runs *runs = &addition->runs[i];
        struct cdn_key key = cdn_key_runs(runs->name, runs->version);
        uint64_t kept;

        status = get_runs(&kept, txn, runs->name, runs->version, err);
        if (status == CORDON_E_NOTFOUND || status == CORDON_E_CORRUPT)
            status = CORDON_OK;
        if (status)
            break;
        runs->all = runs->more < INT64_MAX - kept ? kept + runs->more : INT64_MAX;
        cdn_buf_clear(&payload);
        cdn_record_put_runs(&payload, runs->all);
        status = payload.failed
                     ? cdn_error_nomem(err)
                     : cdn_registry_put(txn, &key, payload.data, payload.length, err);
    }
    cdn_buf_deinit(&payload);
    if (!status)
        cdn_error_clear(err);
    return status;
}

cordon_status cdn_registry_add_runs(cordon_registry *registry, struct cdn_runs *runs,
                                    size_t count, cordon_error *err)
{
    struct addition addition = {runs, count};

    return cdn_durable_write(registry->file, false, add_runs, &addition, err);
}

/* ---- what is still to be told ---- */

struct untold {
    uint64_t sequence;
    struct cdn_buf *note;
};

static cordon_status read_untold(struct cdn_durable_txn *txn, void *ud,
                                 cordon_error *err)
{
    struct untold *untold = ud;
    struct cdn_key from = cdn_key_untold(untold->sequence + 1);
    struct cdn_span key = {NULL, 0}, payload;
    cordon_status status = cdn_registry_seek(&key, &payload, txn, &from, false, err);
    bool found = (!status || status == CORDON_E_CORRUPT) &&
                 cdn_key_read_untold(&untold->sequence, key.bytes, key.length);

    if (status)
        return status;
    if (!found)
        return cdn_error_set(err, CORDON_E_NOTFOUND, "%s: all is told",
                             cdn_durable_path(txn));
    cdn_buf_append(untold->note, payload.bytes, payload.length);
    return untold->note->failed ? cdn_error_nomem(err) : CORDON_OK;
}

cordon_status cdn_registry_untold(uint64_t *sequence, struct cdn_buf *note,
                                  cordon_registry *registry, uint64_t after,
                                  cordon_error *err)
{
    struct untold untold = {after, note};
    cordon_status status = cdn_durable_read(registry->file, read_untold, &untold, err);

    *sequence = untold.sequence;
    return status;
}

static cordon_status remove_untold(struct cdn_durable_txn *txn, void *ud,
                                   cordon_error *err)
{
    const uint64_t *sequence = ud;
    struct cdn_key key = cdn_key_untold(*sequence);

    return cdn_durable_remove(txn, key.bytes, key.length, err);
}

cordon_status cdn_registry_told(cordon_registry *registry, uint64_t sequence,
                                cordon_error *err)
{
    return cdn_durable_write(registry->file, false, remove_untold, &sequence, err);
}
