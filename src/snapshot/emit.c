/* Segments into LMDB.
 *
 * No MDB_WRITEMAP: a full disk would then be SIGBUS in the middle of a memcpy; here it
 * is ENOSPC from a commit.  MDB_NOSYNC commits batches so that dirty pages do not pile
 * up, asks the kernel to start writing each batch, and one sync at the end waits for
 * all of it.  The last batch holds the directory: a file cut short anywhere before has
 * none, and is refused. The map only has to reach over the tree's pages that LMDB reads
 * back, but LMDB wants it over the whole file: it grows between batches, which costs
 * address space and nothing else. */
#include "snapshot/emit.h"

#include <errno.h>
#include <fcntl.h>
#include <lmdb.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/hash.h"
#include "snapshot/format.h"
#include "snapshot/lmdb_error.h"

/* A segment in memory.  Array and block come first, as in a directory entry. */
struct held {
    uint32_t array;
    uint32_t block;
    unsigned char *data;
};

struct cdn_emit {
    struct cdn_buf *into; /* a slice is made; else NULL, and so is `held` */
    struct held *held;    /* as many as segments */
    uint64_t generation;
    uint64_t applied;
    char *path;
    MDB_env *env;
    MDB_txn *txn;
    MDB_dbi dbi;
    uint32_t page_bytes;
    uint64_t batch_bytes;
    uint64_t batch_used;
    uint64_t written; /* bytes of pages so far, at most */
    uint64_t map_bytes;
    struct cdn_segment *segments;
    size_t count;
    size_t capacity;
    void *open_data; /* the segment being filled */
    bool finished;
};

#define MAP_STEP (UINT64_C(64) << 20)

static void store_big_endian(unsigned char *out, uint32_t value)
{
    for (int i = 0; i < 4; i++)
        out[i] = (unsigned char)(value >> (24 - 8 * i));
}

static cordon_status begin(struct cdn_emit *emit, cordon_error *err)
{
    int rc = mdb_txn_begin(emit->env, NULL, 0, &emit->txn);

    if (rc)
        return cdn_lmdb_error(err, rc, "writing %s", emit->path);
    emit->batch_used = 0;
    return CORDON_OK;
}

static cordon_status commit(struct cdn_emit *emit, cordon_error *err)
{
    mdb_filehandle_t fd;
    int rc = mdb_txn_commit(emit->txn);

    emit->txn = NULL;
    if (rc)
        return cdn_lmdb_error(err, rc, "writing %s", emit->path);
    if (mdb_env_get_fd(emit->env, &fd) == 0)
        (void)sync_file_range(fd, 0, 0, SYNC_FILE_RANGE_WRITE);
    return CORDON_OK;
}

cordon_status cdn_emit_open(struct cdn_emit **out, const char *path,
                            uint64_t batch_bytes, cordon_error *err)
{
    struct cdn_emit *emit = cdn_calloc(1, sizeof(*emit));
    cordon_status status;
    MDB_stat stat;
    int rc;

    *out = NULL;
    if (!emit)
        return cdn_error_nomem(err);
    emit->batch_bytes = batch_bytes;
    emit->path = cdn_strdup(path);
    if (!emit->path) {
        status = cdn_error_nomem(err);
        goto out;
    }
    if (unlink(path) && errno != ENOENT) {
        status = cdn_error_errno(err, errno, "removing the leftover %s", path);
        goto out;
    }
    emit->map_bytes = MAP_STEP;
    rc = mdb_env_create(&emit->env);
    if (!rc)
        rc = mdb_env_set_mapsize(emit->env, emit->map_bytes);
    if (!rc)
        rc =
            mdb_env_open(emit->env, path, MDB_NOSUBDIR | MDB_NOLOCK | MDB_NOSYNC, 0644);
    if (!rc)
        rc = mdb_env_stat(emit->env, &stat);
    if (rc) {
        status = cdn_lmdb_error(err, rc, "creating %s", path);
        goto out;
    }
    emit->page_bytes = stat.ms_psize;
    emit->written = UINT64_C(2) * stat.ms_psize;
    status = begin(emit, err);
    if (status)
        goto out;
    rc = mdb_dbi_open(emit->txn, NULL, 0, &emit->dbi);
    if (rc) {
        status = cdn_lmdb_error(err, rc, "creating %s", path);
        goto out;
    }
    *out = emit;
    emit = NULL; /* handed over */
out:
    cdn_emit_free(emit);
    return status;
}

cordon_status cdn_emit_open_memory(struct cdn_emit **out, struct cdn_buf *into,
                                   uint64_t generation, cordon_error *err)
{
    *out = cdn_calloc(1, sizeof(**out));
    if (!*out)
        return cdn_error_nomem(err);
    (*out)->into = into;
    (*out)->generation = generation;
    return CORDON_OK;
}

/* The segment being filled is full: its checksum. */
static void seal(struct cdn_emit *emit)
{
    struct cdn_segment *last;

    if (!emit->open_data)
        return;
    last = &emit->segments[emit->count - 1];
    last->checksum = cdn_hash_xxh3(emit->open_data, last->bytes);
    emit->open_data = NULL;
}

/* Commit a full batch, and grow the map if `pages` bytes would not fit. */
static cordon_status make_room(struct cdn_emit *emit, uint64_t bytes, cordon_error *err)
{
    uint64_t need = emit->written + bytes + bytes / 8 + MAP_STEP / 4;
    bool grow = need > emit->map_bytes;
    cordon_status status;
    int rc;

    if (!grow && emit->batch_used + bytes <= emit->batch_bytes)
        return CORDON_OK;
    status = commit(emit, err);
    if (status)
        return status;
    if (grow) {
        while (emit->map_bytes < need)
            emit->map_bytes *= 2;
        rc = mdb_env_set_mapsize(emit->env, emit->map_bytes);
        if (rc)
            return cdn_lmdb_error(err, rc, "mapping %s", emit->path);
    }
    return begin(emit, err);
}

/* Room for one more segment in memory. */
static cordon_status hold(struct cdn_emit *emit, void **out, uint32_t array,
                          uint32_t block, uint64_t bytes, cordon_error *err)
{
    struct held *held = &emit->held[emit->count];

    held->array = array;
    held->block = block;
    held->data = cdn_alloc(bytes);
    *out = held->data;
    return held->data ? CORDON_OK : cdn_error_nomem(err);
}

/* A value of `bytes` used bytes; the padding behind them is zeroed. */
static cordon_status put(struct cdn_emit *emit, void **out, uint32_t array,
                         uint32_t block, uint64_t bytes, cordon_error *err)
{
    uint64_t padded = cdn_segment_padded(bytes, emit->page_bytes);
    uint64_t pages =
        (padded + CDN_PAGE_HEADER + emit->page_bytes - 1) / emit->page_bytes;
    unsigned char name[8];
    MDB_val key = {sizeof(name), name};
    MDB_val value = {padded, NULL};
    cordon_status status;
    int rc;

    status = make_room(emit, pages * emit->page_bytes, err);
    if (status)
        return status;
    store_big_endian(name, array);
    store_big_endian(name + 4, block);
    rc = mdb_put(emit->txn, emit->dbi, &key, &value, MDB_RESERVE | MDB_NOOVERWRITE);
    if (rc)
        return cdn_lmdb_error(err, rc, "writing %s", emit->path);
    memset((unsigned char *)value.mv_data + bytes, 0, padded - bytes);
    /* a share of a leaf and of the free list besides the value's own pages */
    emit->written += pages * emit->page_bytes + 128;
    emit->batch_used += pages * emit->page_bytes;
    *out = value.mv_data;
    return CORDON_OK;
}

cordon_status cdn_emit_reserve(struct cdn_emit *emit, void **out, uint32_t array,
                               uint32_t block, uint64_t elements, uint32_t width,
                               cordon_error *err)
{
    uint64_t bytes = elements * width;
    struct cdn_segment *segment;
    cordon_status status;

    seal(emit);
    if (elements > CDN_SEGMENT_MOST / width)
        return cdn_error_set(err, CORDON_E_DATA,
                             "a segment of %llu elements is more than one value of the "
                             "file can hold (%llu bytes); a single node has too many "
                             "edges, or a column of strings too many distinct values "
                             "(declare it text)",
                             (unsigned long long)elements,
                             (unsigned long long)CDN_SEGMENT_MOST);
    if (emit->count == emit->capacity) {
        size_t capacity = emit->capacity ? emit->capacity * 2 : 64;
        struct cdn_segment *grown =
            cdn_realloc_array(emit->segments, capacity, sizeof(*grown));

        if (!grown)
            return cdn_error_nomem(err);
        emit->segments = grown;
        if (emit->into) {
            struct held *held = cdn_realloc_array(emit->held, capacity, sizeof(*held));

            if (!held)
                return cdn_error_nomem(err);
            emit->held = held;
        }
        emit->capacity = capacity;
    }
    status = emit->into ? hold(emit, out, array, block, bytes, err)
                        : put(emit, out, array, block, bytes, err);
    if (status)
        return status;
    segment = &emit->segments[emit->count++];
    segment->array = array;
    segment->block = block;
    segment->elements = elements;
    segment->bytes = bytes;
    segment->checksum = 0;
    emit->open_data = *out;
    return CORDON_OK;
}

/* Of directory entries and of held segments: both begin with array and block. */
static int compare_segments(const void *a, const void *b)
{
    const struct held *left = a;
    const struct held *right = b;

    if (left->array != right->array)
        return left->array < right->array ? -1 : 1;
    if (left->block != right->block)
        return left->block < right->block ? -1 : 1;
    return 0;
}

static cordon_status put_file_value(struct cdn_emit *emit, uint32_t array,
                                    const void *payload, uint64_t bytes,
                                    uint64_t entries, uint64_t checksum, uint64_t other,
                                    uint64_t applied, cordon_error *err)
{
    struct cdn_file_header header = {.magic = CDN_FORMAT_MAGIC,
                                     .version = CDN_FORMAT_VERSION,
                                     .endian = CDN_FORMAT_ENDIAN,
                                     .bytes = bytes,
                                     .entries = entries,
                                     .checksum = checksum,
                                     .other_checksum = other,
                                     .applied = applied};
    cordon_status status;
    void *room;

    header.header_checksum =
        cdn_hash_xxh3(&header, offsetof(struct cdn_file_header, header_checksum));
    status = put(emit, &room, array, 0, sizeof(header) + bytes, err);
    if (status)
        return status;
    memcpy(room, &header, sizeof(header));
    if (bytes > 0)
        memcpy((unsigned char *)room + sizeof(header), payload, bytes);
    return CORDON_OK;
}

/* The next part of a slice, after zeros up to its alignment. */
static void append_part(struct cdn_buf *into, const void *bytes, size_t count)
{
    static const unsigned char zeros[CDN_SLICE_ALIGN];
    size_t past = into->length % CDN_SLICE_ALIGN;

    if (past)
        cdn_buf_append(into, zeros, CDN_SLICE_ALIGN - past);
    if (count)
        cdn_buf_append(into, bytes, count);
}

static cordon_status finish_memory(struct cdn_emit *emit,
                                   const struct cdn_buf *metadata, cordon_error *err)
{
    struct cdn_slice_header header = {.magic = CDN_SLICE_MAGIC,
                                      .version = CDN_SLICE_VERSION,
                                      .endian = CDN_FORMAT_ENDIAN,
                                      .metadata_bytes = metadata->length,
                                      .entries = emit->count,
                                      .generation = emit->generation};
    struct cdn_buf *into = emit->into;
    size_t directory_bytes = emit->count * sizeof(*emit->segments);

    if (emit->count > 0)
        qsort(emit->held, emit->count, sizeof(*emit->held), compare_segments);
    append_part(into, &header, sizeof(header));
    append_part(into, metadata->data, metadata->length);
    append_part(into, emit->segments, directory_bytes);
    for (size_t i = 0; i < emit->count; i++)
        append_part(into, emit->held[i].data, emit->segments[i].bytes);
    if (into->failed)
        return cdn_error_nomem(err);
    header.bytes = into->length;
    header.metadata_checksum = cdn_hash_xxh3(metadata->data, metadata->length);
    header.directory_checksum = cdn_hash_xxh3(emit->segments, directory_bytes);
    header.header_checksum =
        cdn_hash_xxh3(&header, offsetof(struct cdn_slice_header, header_checksum));
    memcpy(into->data, &header, sizeof(header));
    emit->finished = true;
    return CORDON_OK;
}

void cdn_emit_applied(struct cdn_emit *emit, uint64_t applied)
{
    emit->applied = applied;
}

cordon_status cdn_emit_finish(struct cdn_emit *emit, const struct cdn_buf *metadata,
                              cordon_error *err)
{
    uint64_t directory_bytes = emit->count * sizeof(*emit->segments);
    uint64_t of_metadata = cdn_hash_xxh3(metadata->data, metadata->length);
    uint64_t of_directory;
    cordon_status status;
    int rc;

    seal(emit);
    if (emit->count > 0)
        qsort(emit->segments, emit->count, sizeof(*emit->segments), compare_segments);
    if (emit->into)
        return finish_memory(emit, metadata, err);
    of_directory = cdn_hash_xxh3(emit->segments, directory_bytes);
    status = put_file_value(emit, CDN_ARRAY_METADATA, metadata->data, metadata->length,
                            0, of_metadata, of_directory, emit->applied, err);
    if (!status)
        status =
            put_file_value(emit, CDN_ARRAY_DIRECTORY, emit->segments, directory_bytes,
                           emit->count, of_directory, of_metadata, 0, err);
    if (!status)
        status = commit(emit, err);
    if (status)
        return status;
    rc = mdb_env_sync(emit->env, 1);
    if (rc)
        return cdn_lmdb_error(err, rc, "syncing %s", emit->path);
    mdb_env_close(emit->env);
    emit->env = NULL;
    emit->finished = true;
    return CORDON_OK;
}

void cdn_emit_free(struct cdn_emit *emit)
{
    if (!emit)
        return;
    if (emit->txn)
        mdb_txn_abort(emit->txn);
    if (emit->env)
        mdb_env_close(emit->env);
    if (!emit->finished && emit->path)
        (void)unlink(emit->path);
    for (size_t i = 0; emit->held && i < emit->count; i++)
        cdn_free(emit->held[i].data);
    cdn_free(emit->held);
    cdn_free(emit->segments);
    cdn_free(emit->path);
    cdn_free(emit);
}
