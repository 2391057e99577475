/* The registry's file, a durable one (durable.h): its records by their keys. */
#ifndef CDN_ENGINE_REGISTRY_STORE_H
#define CDN_ENGINE_REGISTRY_STORE_H

#include <limits.h>
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cordon/registry.h>

#include "base/error.h"
#include "engine/durable.h"
#include "engine/registry_record.h"

struct cordon_registry {
    struct cdn_durable *file;
    /* Behind what texts are read that come in: an engine's or the host's word. */
    pthread_mutex_t reading;
    uint32_t host_wall, engine_wall; /* under `reading`: the stronger counts */
    char worker[PATH_MAX];           /* under `reading`; "": none */
};

/* As cdn_durable_get(), cdn_durable_seek(), cdn_durable_put() and cdn_durable_damaged(). */
cordon_status cdn_registry_get(struct cdn_span *payload, struct cdn_durable_txn *txn,
                               const struct cdn_key *key, cordon_error *err);
cordon_status cdn_registry_seek(struct cdn_span *key, struct cdn_span *payload,
                                struct cdn_durable_txn *txn, const struct cdn_key *from,
                                bool backward, cordon_error *err);
cordon_status cdn_registry_put(struct cdn_durable_txn *txn, const struct cdn_key *key,
                               const void *payload, size_t bytes, cordon_error *err);
cordon_status cdn_registry_damaged(const struct cdn_durable_txn *txn,
                                   const struct cdn_key *key, const char *why,
                                   cordon_error *err);

/* The sequence of the last change. */
cordon_status cdn_registry_last(uint64_t *sequence, struct cdn_durable_txn *txn,
                                cordon_error *err);

#endif
