/* Opening a registry's file, and its records by their keys.
 *
 * What makes a durable file a registry is its first record, of the format and the last
 * change's sequence: it is written when the file is made, so that every registry has it. */
#include "engine/registry_store.h"

#include <inttypes.h>

#include "base/alloc.h"

#define MOST_BYTES (UINT64_C(64) << 30)

/* ---- records ---- */

cordon_status cdn_registry_get(struct cdn_span *payload, struct cdn_durable_txn *txn,
                               const struct cdn_key *key, cordon_error *err)
{
    return cdn_durable_get(payload, txn, key->bytes, key->length, err);
}

cordon_status cdn_registry_seek(struct cdn_span *key, struct cdn_span *payload,
                                struct cdn_durable_txn *txn, const struct cdn_key *from,
                                bool backward, cordon_error *err)
{
    return cdn_durable_seek(key, payload, txn, from->bytes, from->length, backward,
                            err);
}

cordon_status cdn_registry_put(struct cdn_durable_txn *txn, const struct cdn_key *key,
                               const void *payload, size_t bytes, cordon_error *err)
{
    return cdn_durable_put(txn, key->bytes, key->length, payload, bytes, err);
}

cordon_status cdn_registry_damaged(const struct cdn_durable_txn *txn,
                                   const struct cdn_key *key, const char *why,
                                   cordon_error *err)
{
    return cdn_durable_damaged(txn, key->bytes, key->length, why, err);
}

cordon_status cdn_registry_last(uint64_t *sequence, struct cdn_durable_txn *txn,
                                cordon_error *err)
{
    struct cdn_key key = cdn_key_meta();
    struct cdn_span payload;
    uint64_t format;
    const char *fault;
    cordon_status status = cdn_registry_get(&payload, txn, &key, err);

    if (status == CORDON_E_NOTFOUND)
        return cdn_error_set(err, CORDON_E_FORMAT,
                             "%s is an LMDB file, but not a registry",
                             cdn_durable_path(txn));
    if (status)
        return status;
    fault = cdn_record_get_meta(&format, sequence, payload.bytes, payload.length);
    if (fault)
        return cdn_registry_damaged(txn, &key, fault, err);
    if (format != CDN_REGISTRY_FORMAT)
        return cdn_error_set(err, CORDON_E_FORMAT,
                             "%s has registry format %" PRIu64
                             "; this library reads format %d",
                             cdn_durable_path(txn), format, CDN_REGISTRY_FORMAT);
    return CORDON_OK;
}

/* ---- opening ---- */

static cordon_status begin(struct cdn_durable_txn *txn, void *ud, cordon_error *err)
{
    struct cdn_key key = cdn_key_meta();
    struct cdn_buf payload = {0};
    cordon_status status;

    (void)ud;
    cdn_record_put_meta(&payload, 0);
    status = payload.failed
                 ? cdn_error_nomem(err)
                 : cdn_registry_put(txn, &key, payload.data, payload.length, err);
    cdn_buf_deinit(&payload);
    return status;
}

static cordon_status check(struct cdn_durable_txn *txn, void *ud, cordon_error *err)
{
    uint64_t sequence;

    (void)ud;
    return cdn_registry_last(&sequence, txn, err);
}

static const struct cdn_durable_kind registry_kind = {
    .what = "a registry", .begin = begin, .check = check};

cordon_status cordon_registry_open(cordon_registry **out, const char *path,
                                   unsigned flags, cordon_error *err)
{
    const unsigned known = CORDON_REGISTRY_CREATE | CORDON_REGISTRY_READ_ONLY;
    cordon_registry *registry;
    cordon_status status;

    if (!out || !path || (flags & ~known))
        return cdn_error_set(err, CORDON_E_INVALID, "cordon_registry_open: %s",
                             !out    ? "no out; it must not be NULL"
                             : !path ? "no path; it must not be NULL"
                                     : "flags that are not known");
    *out = NULL;
    registry = cdn_calloc(1, sizeof(*registry));
    if (!registry)
        return cdn_error_nomem(err);
    if (pthread_mutex_init(&registry->reading, NULL)) {
        cdn_free(registry);
        return cdn_error_nomem(err);
    }
    status = cdn_durable_open(
        &registry->file, path, &registry_kind, MOST_BYTES,
        (flags & CORDON_REGISTRY_CREATE ? CDN_DURABLE_CREATE : 0) |
            (flags & CORDON_REGISTRY_READ_ONLY ? CDN_DURABLE_READ_ONLY : 0),
        err);
    if (status) {
        pthread_mutex_destroy(&registry->reading);
        cdn_free(registry);
    } else {
        *out = registry;
    }
    return status;
}

void cordon_registry_close(cordon_registry *registry)
{
    if (!registry)
        return;
    cdn_durable_close(registry->file);
    pthread_mutex_destroy(&registry->reading);
    cdn_free(registry);
}
