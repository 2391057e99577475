/* A durable file: records by key in one LMDB file, which any number of processes change.
 *
 * The registry and the log of proposals are such files.  What they share is here: a file that
 * is whole from its first moment, whose pages are checked before LMDB maps it, that grows with
 * what is put into it, and of which a change is one transaction, synced before its call
 * returns.  What their keys and payloads mean is theirs; nothing above this knows LMDB.
 *
 * A value is a checksum of its key and its payload, 8 bytes little-endian, and then the
 * payload.  Keys have 1 to 511 bytes and sort bytewise.
 *
 * A read or a change is a function that gets a transaction; what it reads is of one moment,
 * borrowed until it returns, in a change until it puts or removes something.
 *
 * Threads:   every function is safe from any thread, but cdn_durable_close(), for which no
 *            other call on the same handle may be under way.  A body calls nothing on the
 *            same file but with its transaction.
 * Processes: changes come one after another; one waits at most five seconds for another's.
 *            Opening a file twice in a process gives two handles of one open file.  A handle
 *            is of no use in a child after fork().
 * Errors:    of any function CORDON_E_CORRUPT (damaged, and where), CORDON_E_IO, CORDON_E_BUSY,
 *            CORDON_E_NOMEM, CORDON_E_INVALID (after fork()).
 * Not promised: a file that something else than this writes to while it is open, and network
 *            file systems. */
#ifndef CDN_ENGINE_DURABLE_H
#define CDN_ENGINE_DURABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct cdn_durable; /* a handle */
struct cdn_durable_txn;

struct cdn_span {
    const unsigned char *bytes;
    size_t length;
};

typedef cordon_status cdn_durable_body(struct cdn_durable_txn *txn, void *ud,
                                       cordon_error *err);

/* What one kind of file is. */
struct cdn_durable_kind {
    const char *what;        /* "a registry", for messages */
    cdn_durable_body *begin; /* puts what a new file begins with; ud is NULL */
    cdn_durable_body
        *check; /* whether this is such a file, each time it is opened; ditto */
    /* What a message calls a record: "proposal 17".  NULL: by its key. */
    void (*name)(char *out, size_t size, const unsigned char *key, size_t bytes);
};

/* ---- opening ---- */

#define CDN_DURABLE_CREATE 1u /* make it if there is none */
#define CDN_DURABLE_READ_ONLY                                                          \
    2u /* refuse every change; enough rights to read will do */

/* Open the file at `path`, which this handle lets grow to most_bytes.
 * Cost:   all pages of its trees are read, but for a file that this process has open.
 * Errors: CORDON_E_NOTFOUND, CORDON_E_FORMAT it is none of the kind. */
cordon_status cdn_durable_open(struct cdn_durable **out, const char *path,
                               const struct cdn_durable_kind *kind, uint64_t most_bytes,
                               unsigned flags, cordon_error *err);
void cdn_durable_close(struct cdn_durable *durable); /* accepts NULL */

/* ---- transactions ---- */

/* Run `body` in a read transaction; returns what it returns. */
cordon_status cdn_durable_read(struct cdn_durable *durable, cdn_durable_body *body,
                               void *ud, cordon_error *err);
/* Run `body` in the one write transaction of all processes, and make it durable if it
 * returns CORDON_OK, unless `dry_run`.  Where the map has to grow `body` runs again from
 * the start, so it must set all it writes to `ud` anew.
 * Errors: CORDON_E_DENIED the handle is read-only. */
cordon_status cdn_durable_write(struct cdn_durable *durable, bool dry_run,
                                cdn_durable_body *body, void *ud, cordon_error *err);

/* The path its file was opened by, for messages. */
const char *cdn_durable_path(const struct cdn_durable_txn *txn);

/* ---- records ---- */

/* A record's payload.  Errors: CORDON_E_NOTFOUND (the message is for the caller to write). */
cordon_status cdn_durable_get(struct cdn_span *payload, struct cdn_durable_txn *txn,
                              const void *key, size_t key_bytes, cordon_error *err);
/* The first record not before `from`, or the last one before it; CORDON_E_NOTFOUND. */
cordon_status cdn_durable_seek(struct cdn_span *key, struct cdn_span *payload,
                               struct cdn_durable_txn *txn, const void *from,
                               size_t from_bytes, bool backward, cordon_error *err);
/* Call `each` for the records not before `from`, by key, until it clears *more or fails. */
typedef cordon_status cdn_durable_each(bool *more, void *ud, const struct cdn_span *key,
                                       const struct cdn_span *payload,
                                       cordon_error *err);
cordon_status cdn_durable_walk(struct cdn_durable_txn *txn, const void *from,
                               size_t from_bytes, cdn_durable_each *each, void *ud,
                               cordon_error *err);
/* Write a record, or remove one that may not be there; in a write transaction only. */
cordon_status cdn_durable_put(struct cdn_durable_txn *txn, const void *key,
                              size_t key_bytes, const void *payload, size_t bytes,
                              cordon_error *err);
cordon_status cdn_durable_remove(struct cdn_durable_txn *txn, const void *key,
                                 size_t key_bytes, cordon_error *err);

/* "this record is damaged", named by its key; CORDON_E_CORRUPT. */
cordon_status cdn_durable_damaged(const struct cdn_durable_txn *txn, const void *key,
                                  size_t key_bytes, const char *why, cordon_error *err);

/* ---- checksums ---- */

/* What stands before a payload in its value. */
#define CDN_SEAL_BYTES 8

uint64_t cdn_durable_seal(const void *key, size_t key_bytes, const void *payload,
                          size_t bytes);
/* Take the seal off a value.  NULL, or what is wrong with it. */
const char *cdn_durable_unseal(struct cdn_span *payload, const void *key,
                               size_t key_bytes, const void *value, size_t bytes);

#endif
