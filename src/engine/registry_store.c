/* The registry's LMDB environment.
 *
 * Durability is LMDB's own: pages are written beside the old ones, synced, and then one of
 * two meta pages is written through; a commit is whole or did not happen.  A new file is made
 * under a temporary name and linked into place, so that no reader ever finds an empty one.
 *
 * Locks, in this order:
 *   files     the list of open files: LMDB must not open one twice in a process, so handles
 *             share a file by device and inode (the like of snapshot/file.c)
 *   writing   one thread of this process changes at a time
 *   flock     on the file, exclusive for a change and shared while its pages are checked
 *             before it is opened: the check reads the file without a transaction, which
 *             only works while nobody overwrites a page.  It goes with its process.
 *   map       a transaction holds it for reading, growing the map for writing
 * LMDB has a lock of its own inside these, which it takes over from a killed process; readers
 * that a killed process left in its table are removed at each opening and each change.
 *
 * The map begins as large as the file and grows by doubling: MDB_MAP_FULL ends a change,
 * which is then run again; another process's growth shows as MDB_MAP_RESIZED. */
#include "engine/registry_store.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <lmdb.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/file.h"
#include "base/hash.h"
#include "engine/registry_pages.h"
#include "snapshot/lmdb_error.h"

#ifdef CORDON_TINY
#define LEAST_MAP (UINT64_C(64) << 10)
#else
#define LEAST_MAP (UINT64_C(1) << 20)
#endif
#define MOST_MAP (UINT64_C(64) << 30)

#define LOCK_TRIES    5000
#define LOCK_PAUSE_NS 1000000L
#define MODE          0644

struct cdn_registry_file {
    struct cdn_registry_file *next;
    dev_t device;
    ino_t inode;
    uint32_t references; /* behind `files_lock` */
    pid_t process;       /* that opened it */
    bool read_only;      /* the file itself may not be written */
    int fd;              /* for its flock */
    MDB_env *env;
    MDB_dbi dbi;
    pthread_mutex_t writing;
    pthread_rwlock_t map;
    bool locks_made;
    char *path; /* as it was when opened, for messages */
};

struct cdn_registry_txn {
    struct cdn_registry_file *file;
    MDB_txn *txn;
    bool full; /* the map has to grow */
};

static pthread_mutex_t files_lock = PTHREAD_MUTEX_INITIALIZER;
static struct cdn_registry_file *files; /* open ones; behind `files_lock` */

/* ---- errors ---- */

static cordon_status lmdb_failed(const struct cdn_registry_file *file, int rc,
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
    return cdn_lmdb_error(err, rc, "%s %s", doing, file->path);
}

cordon_status cdn_registry_damaged(const struct cdn_key *key, const char *why,
                                   cordon_error *err)
{
    char shown[2 * CDN_KEY_BYTES + 1];

    return cdn_error_set(err, CORDON_E_CORRUPT,
                         "the registry's record '%c%s' is damaged: %s",
                         key->length ? key->bytes[0] : '?',
                         cdn_escape(shown, sizeof(shown), (const char *)key->bytes + 1,
                                    key->length ? key->length - 1 : 0),
                         why);
}

/* ---- locks and the map ---- */

static cordon_status lock_file(const struct cdn_registry_file *file, int operation,
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

static void unlock_file(const struct cdn_registry_file *file)
{
    (void)flock(file->fd, LOCK_UN);
}

/* Give the map another size, 0: the one another process gave it.  No transaction of this
 * process may be under way, which `map` sees to. */
static cordon_status resize(struct cdn_registry_file *file, uint64_t bytes,
                            cordon_error *err)
{
    int rc;

    pthread_rwlock_wrlock(&file->map);
    rc = mdb_env_set_mapsize(file->env, (size_t)bytes);
    pthread_rwlock_unlock(&file->map);
    return rc ? lmdb_failed(file, rc, "mapping", err) : CORDON_OK;
}

static cordon_status grow(struct cdn_registry_file *file, cordon_error *err)
{
    MDB_envinfo info;
    int rc;

    pthread_rwlock_rdlock(&file->map);
    rc = mdb_env_info(file->env, &info);
    pthread_rwlock_unlock(&file->map);
    if (rc)
        return lmdb_failed(file, rc, "mapping", err);
    if (info.me_mapsize > MOST_MAP / 2)
        return cdn_error_set(err, CORDON_E_IO,
                             "%s is full: a registry holds at most %" PRIu64 " GiB",
                             file->path, MOST_MAP >> 30);
    return resize(file, (uint64_t)info.me_mapsize * 2, err);
}

/* Begin a transaction; on success `map` is held for reading. */
static cordon_status begin(struct cdn_registry_txn *txn, unsigned flags,
                           cordon_error *err)
{
    struct cdn_registry_file *file = txn->file;
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
            return lmdb_failed(file, rc, "reading", err);
        status = resize(file, 0, err);
        if (status)
            return status;
    }
}

/* ---- transactions ---- */

cordon_status cdn_registry_read(cordon_registry *registry, cdn_registry_body *body,
                                void *ud, cordon_error *err)
{
    struct cdn_registry_txn txn = {.file = registry->file};
    cordon_status status = begin(&txn, MDB_RDONLY, err);

    if (status)
        return status;
    status = body(&txn, ud, err);
    mdb_txn_abort(txn.txn);
    pthread_rwlock_unlock(&txn.file->map);
    return status;
}

/* One try, with `writing` and the flock held. */
static cordon_status write_once(struct cdn_registry_txn *txn, bool dry_run,
                                cdn_registry_body *body, void *ud, cordon_error *err)
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
            status = lmdb_failed(txn->file, rc, "writing", err);
    }
    pthread_rwlock_unlock(&txn->file->map);
    return status;
}

cordon_status cdn_registry_write(cordon_registry *registry, bool dry_run,
                                 cdn_registry_body *body, void *ud, cordon_error *err)
{
    struct cdn_registry_file *file = registry->file;
    struct cdn_registry_txn txn = {.file = file};
    cordon_status status;

    if (registry->read_only || file->read_only)
        return cdn_error_set(err, CORDON_E_DENIED,
                             "%s is open for reading only; nothing can be changed",
                             file->path);
    pthread_mutex_lock(&file->writing);
    status = lock_file(file, LOCK_EX, err);
    if (!status) {
        do {
            txn.full = false;
            cdn_error_clear(err); /* of the try that found the map too small */
            status = write_once(&txn, dry_run, body, ud, err);
        } while (txn.full && !(status = grow(file, err)));
        unlock_file(file);
    }
    pthread_mutex_unlock(&file->writing);
    return status;
}

/* ---- records ---- */

static cordon_status open_value(struct cdn_span *payload, const MDB_val *key,
                                const MDB_val *value, cordon_error *err)
{
    const char *fault = cdn_record_open(&payload->bytes, &payload->length, key->mv_data,
                                        key->mv_size, value->mv_data, value->mv_size);
    struct cdn_key shown = {0};

    if (!fault)
        return CORDON_OK;
    shown.length = key->mv_size < CDN_KEY_BYTES ? key->mv_size : CDN_KEY_BYTES;
    memcpy(shown.bytes, key->mv_data, shown.length);
    return cdn_registry_damaged(&shown, fault, err);
}

cordon_status cdn_registry_get(struct cdn_span *payload, struct cdn_registry_txn *txn,
                               const struct cdn_key *key, cordon_error *err)
{
    MDB_val name = {key->length, (void *)(uintptr_t)key->bytes};
    MDB_val value;
    int rc = mdb_get(txn->txn, txn->file->dbi, &name, &value);

    if (rc == MDB_NOTFOUND)
        return cdn_error_set(err, CORDON_E_NOTFOUND, "no such record in the registry");
    if (rc)
        return lmdb_failed(txn->file, rc, "reading", err);
    return open_value(payload, &name, &value, err);
}

/* In the order of the keys. */
static bool before(const struct cdn_span *key, const struct cdn_key *other)
{
    size_t least = key->length < other->length ? key->length : other->length;
    int order = memcmp(key->bytes, other->bytes, least);

    return order ? order < 0 : key->length < other->length;
}

/* That the record lies where it was looked for is what whoever walks them relies on to
 * come to an end. */
cordon_status cdn_registry_seek(struct cdn_span *key, struct cdn_span *payload,
                                struct cdn_registry_txn *txn,
                                const struct cdn_key *from, bool backward,
                                cordon_error *err)
{
    MDB_val name = {from->length, (void *)(uintptr_t)from->bytes};
    MDB_cursor *cursor;
    MDB_val value;
    cordon_status status;
    int rc = mdb_cursor_open(txn->txn, txn->file->dbi, &cursor);

    if (rc)
        return lmdb_failed(txn->file, rc, "reading", err);
    rc = mdb_cursor_get(cursor, &name, &value, MDB_SET_RANGE);
    if (backward && (!rc || rc == MDB_NOTFOUND))
        rc = mdb_cursor_get(cursor, &name, &value, rc ? MDB_LAST : MDB_PREV);
    if (rc == MDB_NOTFOUND) {
        status =
            cdn_error_set(err, CORDON_E_NOTFOUND, "no such record in the registry");
    } else if (rc) {
        status = lmdb_failed(txn->file, rc, "reading", err);
    } else {
        *key = (struct cdn_span){name.mv_data, name.mv_size};
        status = before(key, from) == backward
                     ? open_value(payload, &name, &value, err)
                     : cdn_registry_damaged(from, "a search for it goes astray", err);
    }
    mdb_cursor_close(cursor);
    return status;
}

cordon_status cdn_registry_put(struct cdn_registry_txn *txn, const struct cdn_key *key,
                               const void *payload, size_t bytes, cordon_error *err)
{
    MDB_val name = {key->length, (void *)(uintptr_t)key->bytes};
    MDB_val value = {CDN_SEAL_BYTES + bytes, NULL};
    uint64_t seal = cdn_record_seal(key->bytes, key->length, payload, bytes);
    unsigned char *at;
    int rc = mdb_put(txn->txn, txn->file->dbi, &name, &value, MDB_RESERVE);

    if (rc) {
        txn->full |= rc == MDB_MAP_FULL;
        return lmdb_failed(txn->file, rc, "writing", err);
    }
    at = value.mv_data;
    for (unsigned i = 0; i < CDN_SEAL_BYTES; i++)
        at[i] = (unsigned char)(seal >> (8 * i));
    if (bytes)
        memcpy(at + CDN_SEAL_BYTES, payload, bytes);
    return CORDON_OK;
}

cordon_status cdn_registry_last(uint64_t *sequence, struct cdn_registry_txn *txn,
                                cordon_error *err)
{
    struct cdn_key key = cdn_key_meta();
    struct cdn_span payload;
    uint64_t format;
    const char *fault;
    cordon_status status = cdn_registry_get(&payload, txn, &key, err);

    if (status == CORDON_E_NOTFOUND)
        return cdn_error_set(err, CORDON_E_FORMAT,
                             "%s is an LMDB file, but not a registry", txn->file->path);
    if (status)
        return status;
    fault = cdn_record_get_meta(&format, sequence, payload.bytes, payload.length);
    if (fault)
        return cdn_registry_damaged(&key, fault, err);
    if (format != CDN_REGISTRY_FORMAT)
        return cdn_error_set(err, CORDON_E_FORMAT,
                             "%s has registry format %" PRIu64
                             "; this library reads format %d",
                             txn->file->path, format, CDN_REGISTRY_FORMAT);
    return CORDON_OK;
}

/* ---- a new file ---- */

/* Fill a new environment at `path`: one record, synced. */
static int make(const char *path)
{
    struct cdn_key key = cdn_key_meta();
    struct cdn_registry_file file = {0};
    struct cdn_registry_txn txn = {.file = &file};
    struct cdn_buf payload = {0};
    int rc = mdb_env_create(&file.env);

    cdn_record_put_meta(&payload, 0);
    if (!rc && payload.failed)
        rc = ENOMEM;
    if (!rc)
        rc = mdb_env_open(file.env, path, MDB_NOSUBDIR | MDB_NOLOCK, MODE);
    if (!rc)
        rc = mdb_txn_begin(file.env, NULL, 0, &txn.txn);
    if (!rc) {
        rc = mdb_dbi_open(txn.txn, NULL, 0, &file.dbi);
        if (!rc && cdn_registry_put(&txn, &key, payload.data, payload.length, NULL))
            rc = EIO;
        if (rc)
            mdb_txn_abort(txn.txn);
        else
            rc = mdb_txn_commit(txn.txn);
    }
    if (file.env)
        mdb_env_close(file.env);
    cdn_buf_deinit(&payload);
    return rc;
}

/* Make a registry at `path`, unless there is one by the time it is whole. */
static cordon_status create(const char *path, cordon_error *err)
{
    char name[PATH_MAX];
    uint64_t random;
    cordon_status status = CORDON_OK;
    int length;
    int rc;

    cdn_random(&random, sizeof(random));
    length = snprintf(name, sizeof(name), "%s.tmp-%016" PRIx64, path, random);
    if (length < 0 || (size_t)length >= sizeof(name))
        return cdn_error_errno(err, ENAMETOOLONG, "cannot create %s", path);
    rc = make(name);
    if (rc)
        status = cdn_lmdb_error(err, rc, "cannot create %s", path);
    else if (link(name, path) && errno != EEXIST)
        status = cdn_error_errno(err, errno, "cannot create %s", path);
    (void)unlink(name);
    return status ? status : cdn_file_sync_folder(path, err);
}

/* ---- opening ---- */

static void file_free(struct cdn_registry_file *file)
{
    if (!file)
        return;
    if (file->env)
        mdb_env_close(file->env);
    if (file->fd >= 0)
        close(file->fd);
    if (file->locks_made) {
        pthread_mutex_destroy(&file->writing);
        pthread_rwlock_destroy(&file->map);
    }
    cdn_free(file->path);
    cdn_free(file);
}

static cordon_status open_fd(struct cdn_registry_file *file, bool read_only,
                             struct stat *about, cordon_error *err)
{
    file->fd = open(file->path, O_RDWR | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (file->fd < 0 && read_only &&
        (errno == EACCES || errno == EROFS || errno == EPERM)) {
        file->read_only = true;
        file->fd = open(file->path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    }
    if (file->fd < 0)
        return cdn_error_errno(err, errno, "cannot open %s", file->path);
    if (fstat(file->fd, about))
        return cdn_error_errno(err, errno, "cannot look at %s", file->path);
    if (!S_ISREG(about->st_mode))
        return cdn_error_set(err, CORDON_E_INVALID, "%s is no regular file",
                             file->path);
    file->device = about->st_dev;
    file->inode = about->st_ino;
    return CORDON_OK;
}

/* With the flock held: the length cannot change while we look. */
static cordon_status check_pages(const struct cdn_registry_file *file, uint64_t *size,
                                 cordon_error *err)
{
    cordon_status status;
    struct stat about;
    void *map = NULL;

    if (fstat(file->fd, &about))
        return cdn_error_errno(err, errno, "cannot look at %s", file->path);
    *size = (uint64_t)about.st_size;
    if (*size) {
        map = mmap(NULL, (size_t)*size, PROT_READ, MAP_SHARED, file->fd, 0);
        if (map == MAP_FAILED)
            return cdn_error_errno(err, errno, "cannot map %s", file->path);
    }
    status = cdn_registry_pages_check(map, *size, err);
    if (status)
        cdn_error_prefix(err, "%s", file->path);
    if (map)
        munmap(map, (size_t)*size);
    return status;
}

static cordon_status check_format(struct cdn_registry_txn *txn, void *ud,
                                  cordon_error *err)
{
    uint64_t sequence;

    (void)ud;
    if (mdb_dbi_open(txn->txn, NULL, 0, &txn->file->dbi))
        return cdn_error_set(err, CORDON_E_FORMAT, "%s is not a registry",
                             txn->file->path);
    return cdn_registry_last(&sequence, txn, err);
}

static cordon_status open_env(struct cdn_registry_file *file, uint64_t size,
                              cordon_error *err)
{
    unsigned flags =
        MDB_NOSUBDIR | MDB_NOTLS | (file->read_only ? (unsigned)MDB_RDONLY : 0);
    cordon_registry registry = {.file = file};
    uint64_t map = LEAST_MAP;
    int dead;
    int rc = mdb_env_create(&file->env);

    while (map < size)
        map *= 2;
    if (!rc)
        rc = mdb_env_set_mapsize(file->env, (size_t)map);
    if (!rc)
        rc = mdb_env_open(file->env, file->path, flags, MODE);
    if (rc)
        return lmdb_failed(file, rc, "opening", err);
    (void)mdb_reader_check(file->env, &dead);
    return cdn_registry_read(&registry, check_format, NULL, err);
}

static cordon_status make_locks(struct cdn_registry_file *file, cordon_error *err)
{
    if (pthread_mutex_init(&file->writing, NULL))
        return cdn_error_nomem(err);
    if (pthread_rwlock_init(&file->map, NULL)) {
        pthread_mutex_destroy(&file->writing);
        return cdn_error_nomem(err);
    }
    file->locks_made = true;
    return CORDON_OK;
}

/* Behind `files_lock`. */
static cordon_status open_file(struct cdn_registry_file **out, const char *path,
                               bool read_only, cordon_error *err)
{
    struct cdn_registry_file *file = cdn_calloc(1, sizeof(*file));
    struct stat about;
    uint64_t size = 0;
    cordon_status status;

    if (!file)
        return cdn_error_nomem(err);
    *file = (struct cdn_registry_file){.fd = -1, .references = 1, .process = getpid()};
    file->path = cdn_strdup(path);
    status = file->path ? open_fd(file, read_only, &about, err) : cdn_error_nomem(err);
    if (status)
        goto out;
    for (struct cdn_registry_file *other = files; other; other = other->next)
        if (other->device == file->device && other->inode == file->inode &&
            other->process == file->process) {
            other->references++;
            *out = other;
            goto out;
        }
    status = make_locks(file, err);
    if (!status)
        status = lock_file(file, LOCK_SH, err);
    if (status)
        goto out;
    status = check_pages(file, &size, err);
    if (!status)
        status = open_env(file, size, err);
    unlock_file(file);
    if (status)
        goto out;
    file->next = files;
    files = file;
    *out = file;
    file = NULL; /* handed over */
out:
    file_free(file);
    return status;
}

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
    registry->read_only = flags & CORDON_REGISTRY_READ_ONLY;
    pthread_mutex_lock(&files_lock);
    status = open_file(&registry->file, path, registry->read_only, err);
    if (status == CORDON_E_NOTFOUND && (flags & CORDON_REGISTRY_CREATE)) {
        cdn_error_clear(err);
        status = create(path, err);
        if (!status)
            status = open_file(&registry->file, path, registry->read_only, err);
    }
    pthread_mutex_unlock(&files_lock);
    if (status)
        cdn_free(registry);
    else
        *out = registry;
    return status;
}

void cordon_registry_close(cordon_registry *registry)
{
    struct cdn_registry_file *file;

    if (!registry)
        return;
    file = registry->file;
    pthread_mutex_lock(&files_lock);
    if (--file->references == 0) {
        struct cdn_registry_file **at = &files;

        while (*at != file)
            at = &(*at)->next;
        *at = file->next;
        file_free(file);
    }
    pthread_mutex_unlock(&files_lock);
    cdn_free(registry);
}
