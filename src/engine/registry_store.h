/* The registry's file: opening it, transactions, and records by key.
 *
 * Nothing above this knows LMDB.  A read or a change is a function that gets a transaction;
 * what it reads is of one moment, borrowed until it returns. */
#ifndef CDN_ENGINE_REGISTRY_STORE_H
#define CDN_ENGINE_REGISTRY_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cordon/registry.h>

#include "base/buf.h"
#include "base/error.h"
#include "engine/registry_record.h"

struct cdn_registry_file; /* one open file of this process; handles share it */

struct cordon_registry {
    struct cdn_registry_file *file;
    bool read_only;
};

struct cdn_registry_txn;

struct cdn_span {
    const unsigned char *bytes;
    size_t length;
};

typedef cordon_status cdn_registry_body(struct cdn_registry_txn *txn, void *ud,
                                        cordon_error *err);

/* Run `body` in a read transaction; returns what it returns. */
cordon_status cdn_registry_read(cordon_registry *registry, cdn_registry_body *body,
                                void *ud, cordon_error *err);
/* Run `body` in the one write transaction of all processes, and make it durable if it
 * returns CORDON_OK, unless `dry_run`.  Where the map has to grow `body` runs again from
 * the start, so it must set all it writes to `ud` anew.
 * Errors: CORDON_E_DENIED the handle is read-only; CORDON_E_BUSY, CORDON_E_IO. */
cordon_status cdn_registry_write(cordon_registry *registry, bool dry_run,
                                 cdn_registry_body *body, void *ud, cordon_error *err);

/* A record's payload.  Errors: CORDON_E_NOTFOUND (the message is for the caller to write),
 * CORDON_E_CORRUPT. */
cordon_status cdn_registry_get(struct cdn_span *payload, struct cdn_registry_txn *txn,
                               const struct cdn_key *key, cordon_error *err);
/* The first record not before `from`, or the last one before it; CORDON_E_NOTFOUND. */
cordon_status cdn_registry_seek(struct cdn_span *key, struct cdn_span *payload,
                                struct cdn_registry_txn *txn,
                                const struct cdn_key *from, bool backward,
                                cordon_error *err);
/* Write a record, in a write transaction only. */
cordon_status cdn_registry_put(struct cdn_registry_txn *txn, const struct cdn_key *key,
                               const void *payload, size_t bytes, cordon_error *err);

/* "this record is damaged", named by its key; CORDON_E_CORRUPT. */
cordon_status cdn_registry_damaged(const struct cdn_key *key, const char *why,
                                   cordon_error *err);

/* The sequence of the last change. */
cordon_status cdn_registry_last(uint64_t *sequence, struct cdn_registry_txn *txn,
                                cordon_error *err);

#endif
