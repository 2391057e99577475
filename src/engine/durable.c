/* Transactions on a durable file, and its records.
 *
 * Durability is LMDB's own: pages are written beside the old ones, synced, and then one of
 * two meta pages is written through; a commit is whole or did not happen.
 *
 * The map begins as large as the file and grows by doubling: MDB_MAP_FULL ends a change,
 * which is then run again; another process's growth shows as MDB_MAP_RESIZED. */
#include "engine/durable.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include "base/hash.h"
#include "engine/durable_file.h"
#include "snapshot/lmdb_error.h"

#define LOCK_TRIES    5000
#define LOCK_PAUSE_NS 1000000L

#define NAME_BYTES 1100 /* the longest key, each byte escaped, and some words */

/* ---- errors ---- */

cordon_status cdn_durable_failed(const struct cdn_durable_file *file, int rc,
                                 const char *doing, cordon_error *err)
{
    if (rc == MDB_READERS_FULL)
        return cdn_error_set(err, CORDON_E_BUSY,
                             "%s: too many processes read it at once", file->path);
    if (rc == MDB_PANIC)
        return cdn_error_set(err, CORDON_E_IO,
                             "%s: an earlier write failed in a way that cannot be "
                             "repaired; close and open it again",
                             file->path);
    /* EIO is also what LMDB says of a write that came out short */
    return cdn_lmdb_error(err, rc, rc == EIO ? "%s %s (is its disk full?)" : "%s %s",
                          doing, file->path);
}

cordon_status cdn_durable_damaged(const struct cdn_durable_txn *txn, const void *key,
                                  size_t key_bytes, const char *why, cordon_error *err)
{
    char name[NAME_BYTES] = "record '";
    size_t length = strlen(name);

    if (txn->kind->name) {
        txn->kind->name(name, sizeof(name), key, key_bytes);
    } else {
        cdn_escape(name + length, sizeof(name) - length - 1, key, key_bytes);
        length = strlen(name);
        name[length++] = '\'';
        name[length] = '\0';
    }
    return cdn_error_set(err, CORDON_E_CORRUPT, "%s: %s is damaged: %s",
                         txn->file->path, name, why);
}

const char *cdn_durable_path(const struct cdn_durable_txn *txn)
{
    return txn->file->path;
}

/* ---- locks and the map ---- */

cordon_status cdn_durable_lock(const struct cdn_durable_file *file, int operation,
                               cordon_error *err)
{
    const struct timespec pause = {0, LOCK_PAUSE_NS};

    for (int i = 0; flock(file->fd, operation | LOCK_NB); i++) {
        if (errno != EWOULDBLOCK && errno != EINTR)
            return cdn_error_errno(err, errno, "locking %s", file->path);
        if (i == LOCK_TRIES)
            return cdn_error_set(err, CORDON_E_BUSY,
                                 "%s: another process has been changing it for more "
                                 "than %d s",
                                 file->path, LOCK_TRIES / 1000);
        nanosleep(&pause, NULL);
    }
    return CORDON_OK;
}

void cdn_durable_unlock(const struct cdn_durable_file *file)
{
    (void)flock(file->fd, LOCK_UN);
}

/* Give the map another size, 0: the one another process gave it.  No transaction of this
 * process may be under way, which `map` sees to. */
static cordon_status resize(struct cdn_durable_file *file, uint64_t bytes,
                            cordon_error *err)
{
    int rc;

    pthread_rwlock_wrlock(&file->map);
    rc = mdb_env_set_mapsize(file->env, (size_t)bytes);
    pthread_rwlock_unlock(&file->map);
    return rc ? cdn_durable_failed(file, rc, "mapping", err) : CORDON_OK;
}

static cordon_status grow(const struct cdn_durable *durable, cordon_error *err)
{
    struct cdn_durable_file *file = durable->file;
    MDB_envinfo info;
    uint64_t wanted;
    int rc;

    pthread_rwlock_rdlock(&file->map);
    rc = mdb_env_info(file->env, &info);
    pthread_rwlock_unlock(&file->map);
    if (rc)
        return cdn_durable_failed(file, rc, "mapping", err);
    if (info.me_mapsize >= durable->most_bytes)
        return cdn_error_set(err, CORDON_E_IO,
                             "%s is full: it may grow to %" PRIu64 " bytes, no more",
                             file->path, durable->most_bytes);
    wanted = (uint64_t)info.me_mapsize * 2;
    return resize(file, wanted < durable->most_bytes ? wanted : durable->most_bytes,
                  err);
}

/* Begin a transaction; on success `map` is held for reading. */
static cordon_status begin(struct cdn_durable_txn *txn, unsigned flags,
                           cordon_error *err)
{
    struct cdn_durable_file *file = txn->file;
    cordon_status status;
    int rc;

    if (file->process != getpid())
        return cdn_error_set(err, CORDON_E_INVALID,
                             "%s was opened before this process was forked; open it "
                             "again here",
                             file->path);
    for (;;) {
        pthread_rwlock_rdlock(&file->map);
        rc = mdb_txn_begin(file->env, NULL, flags, &txn->txn);
        if (!rc)
            return CORDON_OK;
        pthread_rwlock_unlock(&file->map);
        if (rc != MDB_MAP_RESIZED)
            return cdn_durable_failed(file, rc, "reading", err);
        status = resize(file, 0, err);
        if (status)
            return status;
    }
}

/* ---- transactions ---- */

cordon_status cdn_durable_read(struct cdn_durable *durable, cdn_durable_body *body,
                               void *ud, cordon_error *err)
{
    struct cdn_durable_txn txn = {.file = durable->file, .kind = durable->kind};
    cordon_status status = begin(&txn, MDB_RDONLY, err);

    if (status)
        return status;
    status = body(&txn, ud, err);
    mdb_txn_abort(txn.txn);
    pthread_rwlock_unlock(&txn.file->map);
    return status;
}

/* One try, with `writing` and the flock held. */
static cordon_status write_once(struct cdn_durable_txn *txn, bool dry_run,
                                cdn_durable_body *body, void *ud, cordon_error *err)
{
    cordon_status status;
    int dead;
    int rc;

    (void)mdb_reader_check(txn->file->env, &dead);
    status = begin(txn, 0, err);
    if (status)
        return status;
    status = body(txn, ud, err);
    if (status || dry_run) {
        mdb_txn_abort(txn->txn);
    } else {
        rc = mdb_txn_commit(txn->txn);
        txn->full |= rc == MDB_MAP_FULL;
        if (rc)
            status = cdn_durable_failed(txn->file, rc, "writing", err);
    }
    pthread_rwlock_unlock(&txn->file->map);
    return status;
}

cordon_status cdn_durable_write(struct cdn_durable *durable, bool dry_run,
                                cdn_durable_body *body, void *ud, cordon_error *err)
{
    struct cdn_durable_file *file = durable->file;
    struct cdn_durable_txn txn = {.file = file, .kind = durable->kind};
    cordon_status status;

    if (durable->read_only || file->read_only)
        return cdn_error_set(err, CORDON_E_DENIED,
                             "%s is open for reading only; nothing can be changed",
                             file->path);
    pthread_mutex_lock(&file->writing);
    status = cdn_durable_lock(file, LOCK_EX, err);
    if (!status) {
        do {
            txn.full = false;
            cdn_error_clear(err); /* of the try that found the map too small */
            status = write_once(&txn, dry_run, body, ud, err);
        } while (txn.full && !(status = grow(durable, err)));
        cdn_durable_unlock(file);
    }
    pthread_mutex_unlock(&file->writing);
    return status;
}

/* ---- checksums ---- */

uint64_t cdn_durable_seal(const void *key, size_t key_bytes, const void *payload,
                          size_t bytes)
{
    return cdn_hash_mix(cdn_hash_xxh3(key, key_bytes), cdn_hash_xxh3(payload, bytes));
}

const char *cdn_durable_unseal(struct cdn_span *payload, const void *key,
                               size_t key_bytes, const void *value, size_t bytes)
{
    const unsigned char *at = value;
    uint64_t seal = 0;

    if (bytes < CDN_SEAL_BYTES)
        return "it has no checksum";
    for (unsigned i = CDN_SEAL_BYTES; i-- > 0;)
        seal = seal << 8 | at[i];
    *payload = (struct cdn_span){at + CDN_SEAL_BYTES, bytes - CDN_SEAL_BYTES};
    if (seal != cdn_durable_seal(key, key_bytes, payload->bytes, payload->length))
        return "its checksum does not match";
    return NULL;
}

/* ---- records ---- */

static MDB_val value_of(const void *bytes, size_t count)
{
    return (MDB_val){count, (void *)(uintptr_t)bytes};
}

static cordon_status open_value(struct cdn_span *payload,
                                const struct cdn_durable_txn *txn, const MDB_val *key,
                                const MDB_val *value, cordon_error *err)
{
    const char *fault = cdn_durable_unseal(payload, key->mv_data, key->mv_size,
                                           value->mv_data, value->mv_size);

    return fault ? cdn_durable_damaged(txn, key->mv_data, key->mv_size, fault, err)
                 : CORDON_OK;
}

static cordon_status not_found(const struct cdn_durable_txn *txn, cordon_error *err)
{
    return cdn_error_set(err, CORDON_E_NOTFOUND, "%s has no such record",
                         txn->file->path);
}

cordon_status cdn_durable_get(struct cdn_span *payload, struct cdn_durable_txn *txn,
                              const void *key, size_t key_bytes, cordon_error *err)
{
    MDB_val name = value_of(key, key_bytes);
    MDB_val value;
    int rc = mdb_get(txn->txn, txn->file->dbi, &name, &value);

    if (rc == MDB_NOTFOUND)
        return not_found(txn, err);
    if (rc)
        return cdn_durable_failed(txn->file, rc, "reading", err);
    return open_value(payload, txn, &name, &value, err);
}

/* In the order of the keys. */
static bool before(const MDB_val *key, const void *other, size_t other_bytes)
{
    size_t least = key->mv_size < other_bytes ? key->mv_size : other_bytes;
    int order = memcmp(key->mv_data, other, least);

    return order ? order < 0 : key->mv_size < other_bytes;
}

/* That the record lies where it was looked for is what whoever seeks on and on relies on to
 * come to an end. */
cordon_status cdn_durable_seek(struct cdn_span *key, struct cdn_span *payload,
                               struct cdn_durable_txn *txn, const void *from,
                               size_t from_bytes, bool backward, cordon_error *err)
{
    MDB_val name = value_of(from, from_bytes);
    MDB_cursor *cursor;
    MDB_val value;
    cordon_status status;
    int rc = mdb_cursor_open(txn->txn, txn->file->dbi, &cursor);

    if (rc)
        return cdn_durable_failed(txn->file, rc, "reading", err);
    rc = mdb_cursor_get(cursor, &name, &value, MDB_SET_RANGE);
    if (backward && (!rc || rc == MDB_NOTFOUND))
        rc = mdb_cursor_get(cursor, &name, &value, rc ? MDB_LAST : MDB_PREV);
    if (rc == MDB_NOTFOUND) {
        status = not_found(txn, err);
    } else if (rc) {
        status = cdn_durable_failed(txn->file, rc, "reading", err);
    } else {
        *key = (struct cdn_span){name.mv_data, name.mv_size};
        status = before(&name, from, from_bytes) == backward
                     ? open_value(payload, txn, &name, &value, err)
                     : cdn_durable_damaged(txn, from, from_bytes,
                                           "a search for it goes astray", err);
    }
    mdb_cursor_close(cursor);
    return status;
}

cordon_status cdn_durable_walk(struct cdn_durable_txn *txn, const void *from,
                               size_t from_bytes, cdn_durable_each *each, void *ud,
                               cordon_error *err)
{
    MDB_val name = value_of(from, from_bytes);
    cordon_status status = CORDON_OK;
    bool more = true;
    MDB_cursor *cursor;
    MDB_val value;
    int rc = mdb_cursor_open(txn->txn, txn->file->dbi, &cursor);

    if (rc)
        return cdn_durable_failed(txn->file, rc, "reading", err);
    rc = mdb_cursor_get(cursor, &name, &value, MDB_SET_RANGE);
    while (!rc && !status && more) {
        struct cdn_span key = {name.mv_data, name.mv_size};
        struct cdn_span payload;

        status = open_value(&payload, txn, &name, &value, err);
        if (!status)
            status = each(&more, ud, &key, &payload, err);
        if (!status && more)
            rc = mdb_cursor_get(cursor, &name, &value, MDB_NEXT);
    }
    if (rc && rc != MDB_NOTFOUND)
        status = cdn_durable_failed(txn->file, rc, "reading", err);
    mdb_cursor_close(cursor);
    return status;
}

cordon_status cdn_durable_put(struct cdn_durable_txn *txn, const void *key,
                              size_t key_bytes, const void *payload, size_t bytes,
                              cordon_error *err)
{
    MDB_val name = value_of(key, key_bytes);
    MDB_val value = value_of(NULL, CDN_SEAL_BYTES + bytes);
    uint64_t seal = cdn_durable_seal(key, key_bytes, payload, bytes);
    unsigned char *at;
    int rc = mdb_put(txn->txn, txn->file->dbi, &name, &value, MDB_RESERVE);

    if (rc) {
        txn->full |= rc == MDB_MAP_FULL;
        return cdn_durable_failed(txn->file, rc, "writing", err);
    }
    at = value.mv_data;
    for (unsigned i = 0; i < CDN_SEAL_BYTES; i++)
        at[i] = (unsigned char)(seal >> (8 * i));
    if (bytes)
        memcpy(at + CDN_SEAL_BYTES, payload, bytes);
    return CORDON_OK;
}

cordon_status cdn_durable_remove(struct cdn_durable_txn *txn, const void *key,
                                 size_t key_bytes, cordon_error *err)
{
    MDB_val name = value_of(key, key_bytes);
    int rc = mdb_del(txn->txn, txn->file->dbi, &name, NULL);

    if (!rc || rc == MDB_NOTFOUND)
        return CORDON_OK;
    txn->full |= rc == MDB_MAP_FULL;
    return cdn_durable_failed(txn->file, rc, "writing", err);
}
