/* Making, checking and opening durable files.
 *
 * A new file is made under a temporary name and linked into place, so that no reader ever
 * finds an empty one.  One that is there is checked page by page before LMDB sees it
 * (snapshot/pages.h), and then asked, in a transaction, whether it is of the kind. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/file.h"
#include "base/hash.h"
#include "engine/durable.h"
#include "engine/durable_file.h"
#include "snapshot/lmdb_error.h"
#include "snapshot/pages.h"

#ifdef CORDON_TINY
#define LEAST_MAP (UINT64_C(64) << 10)
#else
#define LEAST_MAP (UINT64_C(1) << 20)
#endif

#define MODE 0644
/* What LMDB's lock file has room for: its header and 126 readers. */
#define LOCK_FILE_BYTES 8192

static pthread_mutex_t files_lock = PTHREAD_MUTEX_INITIALIZER;
static struct cdn_durable_file *files; /* open ones; behind `files_lock` */

/* ---- a new file ---- */

/* Fill a new environment at `name`, synced; `path` is what it will be called. */
static cordon_status make(const char *name, const char *path,
                          const struct cdn_durable_kind *kind, cordon_error *err)
{
    struct cdn_durable_file file = {.path = (char *)(uintptr_t)path};
    struct cdn_durable_txn txn = {.file = &file, .kind = kind};
    cordon_status status = CORDON_OK;
    int rc = mdb_env_create(&file.env);

    if (!rc)
        rc = mdb_env_open(file.env, name, MDB_NOSUBDIR | MDB_NOLOCK, MODE);
    if (!rc)
        rc = mdb_txn_begin(file.env, NULL, 0, &txn.txn);
    if (!rc) {
        rc = mdb_dbi_open(txn.txn, NULL, 0, &file.dbi);
        status = rc ? CORDON_OK : kind->begin(&txn, NULL, err);
        if (rc || status)
            mdb_txn_abort(txn.txn);
        else
            rc = mdb_txn_commit(txn.txn);
    }
    if (file.env)
        mdb_env_close(file.env);
    return rc ? cdn_lmdb_error(err, rc, "cannot create %s", path) : status;
}

/* Make one at `path`, unless there is one by the time it is whole. */
static cordon_status create(const char *path, const struct cdn_durable_kind *kind,
                            cordon_error *err)
{
    char name[PATH_MAX];
    uint64_t random;
    cordon_status status;
    int length;

    cdn_random(&random, sizeof(random));
    length = snprintf(name, sizeof(name), "%s.tmp-%016" PRIx64, path, random);
    if (length < 0 || (size_t)length >= sizeof(name))
        return cdn_error_errno(err, ENAMETOOLONG, "cannot create %s", path);
    status = make(name, path, kind, err);
    if (!status && link(name, path) && errno != EEXIST)
        status = cdn_error_errno(err, errno, "cannot create %s", path);
    (void)unlink(name);
    return status ? status : cdn_file_sync_folder(path, err);
}

/* ---- one that is there ---- */

static void file_free(struct cdn_durable_file *file)
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

static cordon_status open_fd(struct cdn_durable_file *file, bool read_only,
                             cordon_error *err)
{
    struct stat about;

    file->fd = open(file->path, O_RDWR | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (file->fd < 0 && read_only &&
        (errno == EACCES || errno == EROFS || errno == EPERM)) {
        file->read_only = true;
        file->fd = open(file->path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    }
    if (file->fd < 0)
        return cdn_error_errno(err, errno, "cannot open %s", file->path);
    if (fstat(file->fd, &about))
        return cdn_error_errno(err, errno, "cannot look at %s", file->path);
    if (!S_ISREG(about.st_mode))
        return cdn_error_set(err, CORDON_E_INVALID, "%s is no regular file",
                             file->path);
    file->device = about.st_dev;
    file->inode = about.st_ino;
    return CORDON_OK;
}

/* With the flock held: the length cannot change while we look. */
static cordon_status check_pages(const struct cdn_durable_file *file, const char *what,
                                 uint64_t *size, cordon_error *err)
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
    status = cdn_pages_check(map, *size, what, err);
    if (status)
        cdn_error_prefix(err, "%s", file->path);
    if (map)
        munmap(map, (size_t)*size);
    return status;
}

static cordon_status open_database(struct cdn_durable_txn *txn, void *ud,
                                   cordon_error *err)
{
    int rc = mdb_dbi_open(txn->txn, NULL, 0, &txn->file->dbi);

    (void)ud;
    return rc ? cdn_durable_failed(txn->file, rc, "opening", err) : CORDON_OK;
}

/* LMDB writes to its lock file through a map: where the disk has no room for a page of it,
 * that kills the process.  So the room is taken before.  The descriptor is closed before LMDB
 * opens its own: closing another later would drop the locks of this process. */
static cordon_status reserve_lock_file(const struct cdn_durable_file *file,
                                       cordon_error *err)
{
    char path[PATH_MAX];
    int length = snprintf(path, sizeof(path), "%s-lock", file->path);
    int fd, rc;

    if (file->read_only)
        return CORDON_OK;
    if (length < 0 || (size_t)length >= sizeof(path))
        return cdn_error_errno(err, ENAMETOOLONG, "cannot open %s", file->path);
    fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, MODE);
    if (fd < 0)
        return cdn_error_errno(err, errno, "cannot open %s", path);
    rc = posix_fallocate(fd, 0, LOCK_FILE_BYTES);
    close(fd);
    if (rc && rc != EINVAL && rc != EOPNOTSUPP)
        return cdn_error_errno(err, rc, "cannot make room for %s", path);
    return CORDON_OK;
}

static cordon_status open_env(struct cdn_durable_file *file, uint64_t size,
                              uint64_t most_bytes, cordon_error *err)
{
    unsigned flags =
        MDB_NOSUBDIR | MDB_NOTLS | (file->read_only ? (unsigned)MDB_RDONLY : 0);
    struct cdn_durable durable = {.file = file};
    uint64_t map = LEAST_MAP;
    mdb_filehandle_t fd;
    int dead;
    int rc = mdb_env_create(&file->env);

    while (map < size)
        map *= 2;
    if (map > most_bytes)
        map = size > most_bytes ? size : most_bytes;
    if (!rc)
        rc = mdb_env_set_mapsize(file->env, (size_t)map);
    if (!rc)
        rc = mdb_env_open(file->env, file->path, flags, MODE);
    if (!rc)
        rc = mdb_env_get_fd(file->env, &fd);
    if (rc)
        return cdn_durable_failed(file, rc, "opening", err);
    (void)fcntl(fd, F_SETFD, FD_CLOEXEC); /* which LMDB sets on its others alone */
    (void)mdb_reader_check(file->env, &dead);
    return cdn_durable_read(&durable, open_database, NULL, err);
}

static cordon_status make_locks(struct cdn_durable_file *file, cordon_error *err)
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

/* Behind `files_lock`; the file has one reference more. */
static cordon_status open_file(struct cdn_durable *durable, const char *path,
                               cordon_error *err)
{
    struct cdn_durable_file *file = cdn_calloc(1, sizeof(*file));
    uint64_t size = 0;
    cordon_status status;

    if (!file)
        return cdn_error_nomem(err);
    *file = (struct cdn_durable_file){.fd = -1, .references = 1, .process = getpid()};
    file->path = cdn_strdup(path);
    status = file->path ? open_fd(file, durable->read_only, err) : cdn_error_nomem(err);
    if (status)
        goto out;
    for (struct cdn_durable_file *other = files; other; other = other->next)
        if (other->device == file->device && other->inode == file->inode &&
            other->process == file->process) {
            other->references++;
            durable->file = other;
            goto out;
        }
    status = make_locks(file, err);
    if (!status)
        status = cdn_durable_lock(file, LOCK_SH, err);
    if (status)
        goto out;
    status = check_pages(file, durable->kind->what, &size, err);
    if (!status)
        status = reserve_lock_file(file, err);
    if (!status)
        status = open_env(file, size, durable->most_bytes, err);
    cdn_durable_unlock(file);
    if (status)
        goto out;
    file->next = files;
    files = file;
    durable->file = file;
    file = NULL; /* handed over */
out:
    file_free(file);
    return status;
}

/* Behind `files_lock`. */
static void drop_file(struct cdn_durable_file *file)
{
    struct cdn_durable_file **at = &files;

    if (--file->references)
        return;
    while (*at != file)
        at = &(*at)->next;
    *at = file->next;
    file_free(file);
}

cordon_status cdn_durable_open(struct cdn_durable **out, const char *path,
                               const struct cdn_durable_kind *kind, uint64_t most_bytes,
                               unsigned flags, cordon_error *err)
{
    struct cdn_durable *durable = cdn_calloc(1, sizeof(*durable));
    cordon_status status;

    *out = NULL;
    if (!durable)
        return cdn_error_nomem(err);
    durable->kind = kind;
    durable->most_bytes = most_bytes;
    durable->read_only = flags & CDN_DURABLE_READ_ONLY;
    pthread_mutex_lock(&files_lock);
    status = open_file(durable, path, err);
    if (status == CORDON_E_NOTFOUND && (flags & CDN_DURABLE_CREATE)) {
        cdn_error_clear(err);
        status = create(path, kind, err);
        if (!status)
            status = open_file(durable, path, err);
    }
    if (!status) {
        status = cdn_durable_read(durable, kind->check, NULL, err);
        if (status)
            drop_file(durable->file);
    }
    pthread_mutex_unlock(&files_lock);
    if (status)
        cdn_free(durable);
    else
        *out = durable;
    return status;
}

void cdn_durable_close(struct cdn_durable *durable)
{
    if (!durable)
        return;
    pthread_mutex_lock(&files_lock);
    drop_file(durable->file);
    pthread_mutex_unlock(&files_lock);
    cdn_free(durable);
}
