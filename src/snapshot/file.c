/* Opening a snapshot file.
 *
 * In this order: our own map of the file, the walk over its pages, the two file values
 * and their checksums, the layout; then LMDB with one read transaction, which must see
 * every value where the walk saw it; then the layout over LMDB's map.  Our own map goes
 * away; pointers are into LMDB's, which stays as long as the file is open.
 *
 * The descriptor it was opened by stays open for its shared flock, which goes with the
 * process however that ends.  Whoever removes a generation holds the exclusive one while
 * he unlinks it, so a file that still has a name once the shared lock is held will not
 * lose it before the lock is given up.
 *
 * LMDB must not open one file twice in a process, so open files are kept in a list by
 * device and inode, with a count of references, behind a mutex.  This and the
 * registry's list of the same kind are the library's process-wide tables.  Opening happens inside the lock: two threads that open the
 * same file get one. */
#include "snapshot/file.h"

#include <errno.h>
#include <fcntl.h>
#include <lmdb.h>
#include <pthread.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/alloc.h"
#include "snapshot/layout.h"
#include "snapshot/lmdb_error.h"
#include "snapshot/slice.h"
#include "snapshot/walk.h"

/* The values in front of the segments: metadata and directory. */
#define FILE_VALUES 2u

/* A remover holds the exclusive lock for a look and an unlink; who looks whether a file is
 * in use, for less. */
#define LOCK_TRIES    500
#define LOCK_PAUSE_NS 1000000L

struct cdn_snapshot_file {
    struct cdn_snapshot_file *next;
    dev_t device;
    ino_t inode;
    uint32_t references;
    int lock_fd; /* holds the shared flock */
    MDB_env *env;
    MDB_txn *txn;
    const unsigned char *map; /* LMDB's */
    unsigned char
        *bytes;    /* of a slice: in place of the two above, and it is in no list */
    bool mapped;   /* those are a mapping of sealed memory */
    int sealed_fd; /* behind `lock`: the slice as sealed memory; -1: nobody asked yet */
    struct cdn_facts facts;
    struct cdn_layout layout;
    struct cdn_segment *segments;
    const unsigned char **places;
    uint32_t page_bytes;
    char *path; /* as it was when opened, for messages */
    struct cdn_guard guard;
    struct cordon_snapshot content;
    struct cdn_layout raw_layout; /* behind `lock`, until it is made */
    struct cordon_snapshot raw;   /* the same; `file` NULL: not made yet */
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct cdn_snapshot_file *files; /* open ones; behind `lock` */

static void file_free(struct cdn_snapshot_file *file)
{
    if (!file)
        return;
    if (file->lock_fd >= 0)
        close(file->lock_fd);
    if (file->txn)
        mdb_txn_abort(file->txn);
    if (file->env)
        mdb_env_close(file->env);
    cdn_layout_deinit(&file->raw_layout);
    cdn_layout_deinit(&file->layout);
    cdn_facts_deinit(&file->facts);
    cdn_schema_deinit(&file->content.schema);
    if (file->bytes)
        cdn_file_bytes_free(file->bytes, (size_t)file->content.file_bytes,
                            file->mapped);
    if (file->sealed_fd >= 0)
        close(file->sealed_fd);
    cdn_free(file->segments);
    cdn_free(file->places);
    cdn_free(file->guard.faults);
    cdn_free(file->path);
    cdn_free(file);
}

/* A file value's header and payload; `map` is checked by nobody but this and the walk.
 */
static cordon_status read_value(struct cdn_file_header *header,
                                const unsigned char *map, const struct cdn_walk *walk,
                                uint32_t array, const char *name, cordon_error *err)
{
    const struct cdn_walked *value = &walk->values[array];

    if (walk->count < FILE_VALUES || value->array != array || value->block != 0)
        return cdn_error_set(err, CORDON_E_CORRUPT,
                             "the file has no %s: a writer did not finish it, or it is "
                             "not a snapshot",
                             name);
    memcpy(header, map + value->offset, sizeof(*header));
    if (memcmp(header->magic, CDN_FORMAT_MAGIC, sizeof(header->magic)) != 0)
        return cdn_error_set(err, CORDON_E_FORMAT,
                             "this is an LMDB file, but not a snapshot (its %s has no "
                             "mark)",
                             name);
    if (header->header_checksum !=
        cdn_hash_xxh3(header, offsetof(struct cdn_file_header, header_checksum)))
        return cdn_error_set(err, CORDON_E_CORRUPT, "the header of the %s is damaged",
                             name);
    if (header->version != CDN_FORMAT_VERSION)
        return cdn_error_set(err, CORDON_E_FORMAT,
                             "snapshot format version %u; this library reads version "
                             "%u: import it again",
                             header->version, CDN_FORMAT_VERSION);
    if (header->endian != CDN_FORMAT_ENDIAN)
        return cdn_error_set(err, CORDON_E_FORMAT,
                             "the snapshot is of another byte order");
    if (header->bytes > value->bytes - sizeof(*header) ||
        value->bytes !=
            cdn_segment_padded(sizeof(*header) + header->bytes, walk->page_bytes))
        return cdn_error_set(err, CORDON_E_CORRUPT, "the %s has not the length it says",
                             name);
    if (header->checksum !=
        cdn_hash_xxh3(map + value->offset + sizeof(*header), header->bytes))
        return cdn_error_set(err, CORDON_E_CORRUPT, "the %s is damaged (checksum)",
                             name);
    return CORDON_OK;
}

/* The directory must list what the walk found, in the same order. */
static cordon_status read_directory(struct cdn_snapshot_file *file,
                                    const unsigned char *map,
                                    const struct cdn_walk *walk,
                                    const struct cdn_file_header *header,
                                    cordon_error *err)
{
    const unsigned char *payload =
        map + walk->values[CDN_ARRAY_DIRECTORY].offset + sizeof(*header);
    size_t count = walk->count - FILE_VALUES;

    if (header->entries != count || header->bytes != count * sizeof(*file->segments))
        return cdn_error_set(err, CORDON_E_CORRUPT,
                             "the directory lists %llu segments, the file has %zu",
                             (unsigned long long)header->entries, count);
    file->segments = cdn_realloc_array(NULL, count, sizeof(*file->segments));
    file->places = cdn_realloc_array(NULL, count, sizeof(*file->places));
    if (!file->segments || !file->places)
        return cdn_error_nomem(err);
    if (count > 0)
        memcpy(file->segments, payload, count * sizeof(*file->segments));
    for (size_t i = 0; i < count; i++) {
        const struct cdn_walked *value = &walk->values[i + FILE_VALUES];
        const struct cdn_segment *segment = &file->segments[i];

        if (segment->array != value->array || segment->block != value->block ||
            segment->bytes > value->bytes ||
            value->bytes != cdn_segment_padded(segment->bytes, walk->page_bytes))
            return cdn_error_set(err, CORDON_E_CORRUPT,
                                 "array %08x, block %u is not as the directory says",
                                 value->array, value->block);
    }
    file->content.segment_count = count;
    file->page_bytes = walk->page_bytes;
    return CORDON_OK;
}

static cordon_status read_values(struct cdn_snapshot_file *file,
                                 const unsigned char *map, const struct cdn_walk *walk,
                                 cordon_error *err)
{
    struct cdn_file_header metadata;
    struct cdn_file_header directory;
    cordon_status status =
        read_value(&metadata, map, walk, CDN_ARRAY_METADATA, "metadata", err);

    if (!status)
        status =
            read_value(&directory, map, walk, CDN_ARRAY_DIRECTORY, "directory", err);
    if (status)
        return status;
    if (metadata.other_checksum != directory.checksum ||
        directory.other_checksum != metadata.checksum)
        return cdn_error_set(err, CORDON_E_CORRUPT,
                             "metadata and directory do not belong together");
    file->content.identity = cdn_identity(metadata.checksum, directory.checksum);
    file->content.applied = metadata.applied;
    status = read_directory(file, map, walk, &directory, err);
    if (status)
        return status;
    return cdn_metadata_decode(&file->content.schema, &file->facts,
                               map + walk->values[CDN_ARRAY_METADATA].offset +
                                   sizeof(metadata),
                               metadata.bytes, err);
}

/* Let LMDB read every value and compare its place with the walk's. */
static cordon_status compare_places(struct cdn_snapshot_file *file,
                                    const struct cdn_walk *walk, const char *path,
                                    cordon_error *err)
{
    const unsigned char *base = NULL;
    MDB_cursor *cursor = NULL;
    cordon_status status = CORDON_OK;
    size_t at = 0;
    MDB_val key;
    MDB_val value;
    MDB_dbi dbi;
    int rc;

    rc = mdb_dbi_open(file->txn, NULL, 0, &dbi);
    if (!rc)
        rc = mdb_cursor_open(file->txn, dbi, &cursor);
    if (rc)
        return cdn_lmdb_error(err, rc, "opening %s", path);
    for (rc = mdb_cursor_get(cursor, &key, &value, MDB_FIRST); !rc && at < walk->count;
         rc = mdb_cursor_get(cursor, &key, &value, MDB_NEXT), at++) {
        const unsigned char *data = value.mv_data;

        if (at == 0)
            file->map = base = data - walk->values[0].offset;
        if (data != base + walk->values[at].offset ||
            value.mv_size != walk->values[at].bytes) {
            status =
                cdn_error_set(err, CORDON_E_CORRUPT,
                              "LMDB sees value %zu at another place than its pages "
                              "say",
                              at);
            goto out;
        }
        if (at >= FILE_VALUES)
            file->places[at - FILE_VALUES] = data;
    }
    if (rc && rc != MDB_NOTFOUND)
        status = cdn_lmdb_error(err, rc, "reading %s", path);
    else if (at != walk->count || rc != MDB_NOTFOUND)
        status =
            cdn_error_set(err, CORDON_E_CORRUPT,
                          "LMDB sees another number of values than the pages have");
out:
    mdb_cursor_close(cursor);
    return status;
}

static cordon_status open_lmdb(struct cdn_snapshot_file *file, const char *path,
                               const struct stat *checked, cordon_error *err)
{
    const unsigned flags = MDB_RDONLY | MDB_NOLOCK | MDB_NOTLS | MDB_NOSUBDIR;
    struct stat opened;
    mdb_filehandle_t fd;
    int rc = mdb_env_create(&file->env);

    if (!rc)
        rc = mdb_env_set_mapsize(file->env, (size_t)checked->st_size);
    if (!rc)
        rc = mdb_env_open(file->env, path, flags, 0);
    if (!rc)
        rc = mdb_env_get_fd(file->env, &fd);
    if (rc)
        return cdn_lmdb_error(err, rc, "opening %s", path);
    (void)fcntl(fd, F_SETFD, FD_CLOEXEC);
    if (fstat(fd, &opened) || opened.st_dev != checked->st_dev ||
        opened.st_ino != checked->st_ino || opened.st_size != checked->st_size)
        return cdn_error_set(err, CORDON_E_IO, "%s was replaced while it was opened",
                             path);
    rc = mdb_txn_begin(file->env, NULL, MDB_RDONLY, &file->txn);
    if (rc)
        return cdn_lmdb_error(err, rc, "opening %s", path);
    return CORDON_OK;
}

/* The arrays, with nothing checked yet. */
static cordon_status lay_out(struct cdn_snapshot_file *file, cordon_error *err)
{
    size_t count = (size_t)file->content.segment_count;

    file->guard = (struct cdn_guard){.places = file->places,
                                     .segments = file->segments,
                                     .count = count,
                                     .faults = cdn_calloc(count, 1)};
    if (!file->guard.faults)
        return cdn_error_nomem(err);
    return cdn_layout_init(&file->layout, &file->content.schema, &file->facts,
                           file->segments, file->places, count, &file->guard, err);
}

static void fill_content(struct cdn_snapshot_file *file)
{
    struct cordon_snapshot *content = &file->content;

    content->node_count = file->layout.node_count;
    content->edge_count = file->layout.edge_count;
    content->label_count = content->schema.label_count;
    content->relation_count = content->schema.relation_count;
    content->labels = file->layout.labels;
    content->relations = file->layout.relations;
    content->file = file;
}

/* Check and open the file behind `fd`. */
static cordon_status load(struct cdn_snapshot_file **out, int fd,
                          const struct stat *stat, const char *path, cordon_error *err)
{
    struct cdn_snapshot_file *file = cdn_calloc(1, sizeof(*file));
    size_t size = (size_t)stat->st_size;
    struct cdn_walk walk = {0};
    void *map = MAP_FAILED;
    cordon_status status;

    if (!file)
        return cdn_error_nomem(err);
    file->lock_fd = -1; /* the caller's until all is well */
    file->sealed_fd = -1;
    if (size == 0) {
        status = cdn_error_set(err, CORDON_E_FORMAT,
                               "this is not a snapshot file: it is empty");
        goto out;
    }
    map = mmap(NULL, size, PROT_READ, MAP_SHARED, fd, 0);
    if (map == MAP_FAILED) {
        status = cdn_error_errno(err, errno, "mapping");
        goto out;
    }
    file->path = cdn_strdup(path);
    if (!file->path) {
        status = cdn_error_nomem(err);
        goto out;
    }
    file->device = stat->st_dev;
    file->inode = stat->st_ino;
    file->content.file_bytes = size;
    status = cdn_walk_file(&walk, map, size, err);
    if (!status)
        status = read_values(file, map, &walk, err);
    if (!status)
        status = open_lmdb(file, path, stat, err);
    if (!status)
        status = compare_places(file, &walk, path, err);
    if (!status)
        status = lay_out(file, err);
    if (status)
        goto out;
    fill_content(file);
    *out = file;
    file = NULL; /* handed over */
out:
    if (map != MAP_FAILED)
        munmap(map, size);
    cdn_walk_deinit(&walk);
    file_free(file);
    return status;
}

/* Say to other processes that the file is open, and see that it still has a name. */
static cordon_status share(int fd, struct stat *stat, const char *path,
                           cordon_error *err)
{
    const struct timespec pause = {0, LOCK_PAUSE_NS};

    for (int i = 0; flock(fd, LOCK_SH | LOCK_NB) && errno == EWOULDBLOCK; i++) {
        if (i == LOCK_TRIES)
            return cdn_error_set(err, CORDON_E_BUSY,
                                 "%s is locked by another process; nobody holds a "
                                 "snapshot for longer than its removal takes",
                                 path);
        nanosleep(&pause, NULL);
    }
    if (fstat(fd, stat))
        return cdn_error_errno(err, errno, "%s", path);
    if (!S_ISREG(stat->st_mode))
        return cdn_error_set(err, CORDON_E_FORMAT, "%s: not a regular file", path);
    if (stat->st_nlink == 0)
        return cdn_error_set(err, CORDON_E_NOTFOUND,
                             "%s was removed while it was being opened", path);
    return CORDON_OK;
}

/* Behind `lock`: the open file that `stat` describes, or a new one, which takes *fd. */
static cordon_status find_or_load(struct cdn_snapshot_file **out, int *fd,
                                  const struct stat *stat, const char *path,
                                  cordon_error *err)
{
    struct cdn_snapshot_file *file;
    cordon_status status;

    for (file = files; file; file = file->next)
        if (cdn_file_is(file, stat->st_dev, stat->st_ino)) {
            file->references++;
            *out = file;
            return CORDON_OK;
        }
    status = load(&file, *fd, stat, path, err);
    if (status) {
        cdn_error_prefix(err, "%s", path);
        return status;
    }
    file->lock_fd = *fd;
    *fd = -1;
    file->references = 1;
    file->next = files;
    files = file;
    *out = file;
    return CORDON_OK;
}

cordon_status cdn_file_assemble_take(struct cdn_snapshot_file **out,
                                     struct cdn_file_parts *parts, const char *name,
                                     cordon_error *err)
{
    struct cdn_snapshot_file *file = cdn_calloc(1, sizeof(*file));
    cordon_status status;

    *out = NULL;
    if (!file) {
        cdn_facts_deinit(&parts->facts);
        cdn_schema_deinit(&parts->schema);
        cdn_file_bytes_free(parts->bytes, parts->size, parts->mapped);
        cdn_free(parts->segments);
        cdn_free(parts->places);
        return cdn_error_nomem(err);
    }
    file->lock_fd = -1;
    file->sealed_fd = -1;
    file->bytes = parts->bytes;
    file->mapped = parts->mapped;
    file->segments = parts->segments;
    file->places = parts->places;
    file->facts = parts->facts;
    file->page_bytes = CDN_PAGE_HEADER; /* segments have no padding of their own */
    file->references = 1;
    file->content.schema = parts->schema;
    file->content.file_bytes = parts->size;
    file->content.segment_count = parts->count;
    file->content.identity = parts->identity;
    file->path = cdn_strdup(name);
    status = file->path ? lay_out(file, err) : cdn_error_nomem(err);
    if (status) {
        file_free(file);
        return status;
    }
    fill_content(file);
    *out = file;
    return CORDON_OK;
}

cordon_status cdn_file_acquire(struct cdn_snapshot_file **out, const char *path,
                               cordon_error *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    cordon_status status;
    struct stat stat;

    *out = NULL;
    if (fd < 0)
        return cdn_error_errno(err, errno, "%s", path);
    status = share(fd, &stat, path, err);
    if (!status) {
        pthread_mutex_lock(&lock);
        status = find_or_load(out, &fd, &stat, path, err);
        pthread_mutex_unlock(&lock);
    }
    if (fd >= 0)
        close(fd);
    return status;
}

void cdn_file_release(struct cdn_snapshot_file *file)
{
    struct cdn_snapshot_file **at = &files;

    if (!file)
        return;
    pthread_mutex_lock(&lock);
    if (--file->references == 0) {
        while (*at && *at != file)
            at = &(*at)->next;
        if (*at)
            *at = file->next;
        file_free(file);
    }
    pthread_mutex_unlock(&lock);
}

const struct cordon_snapshot *cdn_file_content(const struct cdn_snapshot_file *file)
{
    return &file->content;
}

const struct cdn_segment *cdn_file_segments(const struct cdn_snapshot_file *file,
                                            const unsigned char *const **places,
                                            uint32_t *page_bytes)
{
    *places = file->places;
    *page_bytes = file->page_bytes;
    return file->segments;
}

const struct cdn_facts *cdn_file_facts(const struct cdn_snapshot_file *file)
{
    return &file->facts;
}

cordon_status cdn_file_raw(const struct cordon_snapshot **out,
                           struct cdn_snapshot_file *file, cordon_error *err)
{
    cordon_status status = CORDON_OK;

    pthread_mutex_lock(&lock);
    if (!file->raw.file) {
        status =
            cdn_layout_init(&file->raw_layout, &file->content.schema, &file->facts,
                            file->segments, file->places, file->guard.count, NULL, err);
        if (!status) {
            file->raw = file->content;
            file->raw.labels = file->raw_layout.labels;
            file->raw.relations = file->raw_layout.relations;
        }
    }
    pthread_mutex_unlock(&lock);
    *out = &file->raw;
    return status;
}

struct cdn_guard *cdn_file_guard(struct cdn_snapshot_file *file)
{
    return &file->guard;
}

bool cdn_file_is(const struct cdn_snapshot_file *file, dev_t device, ino_t inode)
{
    return file->device == device && file->inode == inode;
}

void cdn_file_forget(const struct cdn_snapshot_file *file)
{
    (void)madvise((void *)(uintptr_t)file->map, (size_t)file->content.file_bytes,
                  MADV_DONTNEED);
}

const char *cdn_file_path(const struct cdn_snapshot_file *file)
{
    return file->path;
}

const unsigned char *cdn_file_bytes(const struct cdn_snapshot_file *file, size_t *size)
{
    *size = file->bytes ? (size_t)file->content.file_bytes : 0;
    return file->bytes;
}

void cdn_file_bytes_free(unsigned char *bytes, size_t size, bool mapped)
{
    if (mapped)
        munmap(bytes, size);
    else
        cdn_free(bytes);
}

cordon_status cdn_file_sealed(int *fd, struct cdn_snapshot_file *file,
                              cordon_error *err)
{
    cordon_status status = CORDON_OK;

    pthread_mutex_lock(&lock);
    if (file->sealed_fd < 0)
        status = cdn_slice_seal(&file->sealed_fd, file->bytes,
                                (size_t)file->content.file_bytes, err);
    *fd = file->sealed_fd;
    pthread_mutex_unlock(&lock);
    return status;
}

void cdn_file_keep_sealed_take(struct cdn_snapshot_file *file, int fd)
{
    file->sealed_fd = fd;
}
