/* Spilled bytes.
 *
 * One file holds all partitions of a spill, as chunks of one size behind one another; a
 * partition is the list of its chunks, of which the last may be partly used.  So hundreds of
 * partitions cost one descriptor, writes are large and go to the file's end, and a partition
 * that was read gives its space back by a hole.
 *
 * Nothing is synced and nothing has a checksum: the file's life is the process's. */
#include "snapshot/spill.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/file.h"

#define NAME "cordon-spill-"

struct partition {
    unsigned char *buffer; /* NULL: nothing in memory */
    uint32_t used;
    bool ended;
    uint64_t bytes;
    uint64_t records;
    uint64_t chunk_count;
    uint64_t chunk_capacity;
    uint32_t *chunks; /* places in the file, in chunks */
};

struct cdn_spill {
    const char *folder;
    int fd;
    uint32_t chunk_bytes;
    uint32_t count;
    uint32_t chunks; /* of the whole file */
    struct partition *partitions;
};

/* ---- the file ---- */

static int open_unlinked(const char *folder)
{
    char path[PATH_MAX];
    int fd = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

    if (fd >= 0 || (errno != EOPNOTSUPP && errno != EISDIR && errno != EINVAL))
        return fd;
    if (cdn_path_join(path, sizeof(path), folder, NAME "XXXXXX", NULL)) {
        errno = ENAMETOOLONG;
        return -1;
    }
    fd = mkostemp(path, O_CLOEXEC);
    if (fd >= 0)
        (void)unlink(path);
    return fd;
}

void cdn_spill_sweep(const char *folder)
{
    DIR *dir = opendir(folder);
    struct dirent *entry;

    while (dir && (entry = readdir(dir)))
        if (!strncmp(entry->d_name, NAME, strlen(NAME)))
            (void)unlinkat(dirfd(dir), entry->d_name, 0);
    if (dir)
        closedir(dir);
}

cordon_status cdn_spill_open(struct cdn_spill **out, const char *folder,
                             uint32_t partitions, uint32_t chunk_bytes,
                             cordon_error *err)
{
    struct cdn_spill *spill = cdn_calloc(1, sizeof(*spill));
    cordon_status status = CORDON_OK;

    *out = NULL;
    if (!spill)
        return cdn_error_nomem(err);
    spill->folder = folder;
    spill->chunk_bytes = chunk_bytes;
    spill->count = partitions;
    spill->fd = -1;
    spill->partitions = cdn_calloc(partitions, sizeof(*spill->partitions));
    if (!spill->partitions) {
        status = cdn_error_nomem(err);
        goto out;
    }
    spill->fd = open_unlinked(folder);
    if (spill->fd < 0) {
        status = cdn_error_errno(err, errno, "making a temporary file in %s", folder);
        goto out;
    }
    *out = spill;
    spill = NULL; /* handed over */
out:
    cdn_spill_free(spill);
    return status;
}

cordon_status cdn_spill_grow(struct cdn_spill *spill, cordon_error *err)
{
    struct partition *grown =
        cdn_realloc_array(spill->partitions, (size_t)spill->count + 1, sizeof(*grown));

    if (!grown)
        return cdn_error_nomem(err);
    spill->partitions = grown;
    memset(&grown[spill->count++], 0, sizeof(*grown));
    return CORDON_OK;
}

void cdn_spill_free(struct cdn_spill *spill)
{
    if (!spill)
        return;
    for (uint32_t p = 0; spill->partitions && p < spill->count; p++) {
        cdn_free(spill->partitions[p].buffer);
        cdn_free(spill->partitions[p].chunks);
    }
    if (spill->fd >= 0)
        close(spill->fd);
    cdn_free(spill->partitions);
    cdn_free(spill);
}

/* ---- writing ---- */

static cordon_status write_at(const struct cdn_spill *spill, const void *bytes,
                              size_t count, uint64_t offset, cordon_error *err)
{
    const unsigned char *at = bytes;

    while (count > 0) {
        ssize_t put = pwrite(spill->fd, at, count, (off_t)offset);

        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0)
            return cdn_error_errno(err, errno, "writing a temporary file in %s",
                                   spill->folder);
        at += put;
        count -= (size_t)put;
        offset += (uint64_t)put;
    }
    return CORDON_OK;
}

/* The partition's buffer becomes a chunk of the file. */
static cordon_status write_chunk(struct cdn_spill *spill, struct partition *partition,
                                 cordon_error *err)
{
    cordon_status status;

    if (partition->chunk_count == partition->chunk_capacity) {
        uint64_t capacity =
            partition->chunk_capacity ? partition->chunk_capacity * 2 : 8;
        uint32_t *grown =
            cdn_realloc_array(partition->chunks, capacity, sizeof(*grown));

        if (!grown)
            return cdn_error_nomem(err);
        partition->chunks = grown;
        partition->chunk_capacity = capacity;
    }
    if (spill->chunks == UINT32_MAX)
        return cdn_error_set(err, CORDON_E_DATA,
                             "more than 2^32 chunks of temporary data; give more "
                             "memory");
    status = write_at(spill, partition->buffer, partition->used,
                      (uint64_t)spill->chunks * spill->chunk_bytes, err);
    if (status)
        return status;
    partition->chunks[partition->chunk_count++] = spill->chunks++;
    partition->used = 0;
    return CORDON_OK;
}

cordon_status cdn_spill_put(struct cdn_spill *spill, uint32_t number,
                            const void *record, size_t bytes, cordon_error *err)
{
    struct partition *partition = &spill->partitions[number];
    const unsigned char *from = record;

    if (partition->ended)
        return cdn_error_set(err, CORDON_E_INVALID,
                             "a record for a partition that was ended");
    if (!partition->buffer) {
        partition->buffer = cdn_alloc(spill->chunk_bytes);
        if (!partition->buffer)
            return cdn_error_nomem(err);
    }
    partition->bytes += bytes;
    partition->records++;
    while (bytes > 0) {
        size_t room = spill->chunk_bytes - partition->used;
        size_t taken = bytes < room ? bytes : room;

        memcpy(partition->buffer + partition->used, from, taken);
        partition->used += (uint32_t)taken;
        from += taken;
        bytes -= taken;
        if (partition->used == spill->chunk_bytes) {
            cordon_status status = write_chunk(spill, partition, err);

            if (status)
                return status;
        }
    }
    return CORDON_OK;
}

cordon_status cdn_spill_flush(struct cdn_spill *spill, uint32_t number,
                              cordon_error *err)
{
    struct partition *partition = &spill->partitions[number];
    cordon_status status = CORDON_OK;

    partition->ended = true;
    if (partition->used > 0)
        status = write_chunk(spill, partition, err);
    cdn_free(partition->buffer);
    partition->buffer = NULL;
    return status;
}

cordon_status cdn_spill_flush_all(struct cdn_spill *spill, cordon_error *err)
{
    cordon_status status = CORDON_OK;

    for (uint32_t p = 0; !status && p < spill->count; p++)
        status = cdn_spill_flush(spill, p, err);
    return status;
}

void cdn_spill_drop(struct cdn_spill *spill, uint32_t number)
{
    struct partition *partition = &spill->partitions[number];

    /* a file system that cannot make holes keeps the space a while longer */
    for (uint64_t c = 0; c < partition->chunk_count; c++)
        (void)fallocate(spill->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
                        (off_t)partition->chunks[c] * spill->chunk_bytes,
                        spill->chunk_bytes);
    cdn_free(partition->chunks);
    *partition = (struct partition){.ended = true};
}

uint32_t cdn_spill_partitions(const struct cdn_spill *spill)
{
    return spill->count;
}

uint64_t cdn_spill_bytes(const struct cdn_spill *spill, uint32_t partition)
{
    return spill->partitions[partition].bytes;
}

uint64_t cdn_spill_records(const struct cdn_spill *spill, uint32_t partition)
{
    return spill->partitions[partition].records;
}

/* ---- reading ---- */

cordon_status cdn_spill_read_begin(struct cdn_spill_reader *reader,
                                   struct cdn_spill *spill, uint32_t partition,
                                   cordon_error *err)
{
    *reader = (struct cdn_spill_reader){.spill = spill,
                                        .partition = partition,
                                        .left = spill->partitions[partition].bytes,
                                        .err = err};
    reader->buffer = cdn_alloc(spill->chunk_bytes);
    return reader->buffer ? CORDON_OK : cdn_error_nomem(err);
}

static bool next_chunk(struct cdn_spill_reader *reader)
{
    const struct cdn_spill *spill = reader->spill;
    const struct partition *partition = &spill->partitions[reader->partition];
    size_t wanted =
        reader->left < spill->chunk_bytes ? (size_t)reader->left : spill->chunk_bytes;
    uint64_t offset;
    size_t got = 0;

    if (reader->chunk >= partition->chunk_count)
        return false;
    offset = (uint64_t)partition->chunks[reader->chunk++] * spill->chunk_bytes;
    while (got < wanted) {
        ssize_t count =
            pread(spill->fd, reader->buffer + got, wanted - got, (off_t)(offset + got));

        if (count < 0 && errno == EINTR)
            continue;
        if (count <= 0) {
            reader->status =
                count ? cdn_error_errno(reader->err, errno,
                                        "reading a temporary file in %s", spill->folder)
                      : cdn_error_set(reader->err, CORDON_E_IO,
                                      "a temporary file in %s ends too early",
                                      spill->folder);
            return false;
        }
        got += (size_t)count;
    }
    reader->at = 0;
    reader->end = wanted;
    return true;
}

bool cdn_spill_read(struct cdn_spill_reader *reader, void *to, size_t bytes)
{
    unsigned char *out = to;

    if (reader->status || bytes > reader->left)
        return false;
    while (bytes > 0) {
        size_t taken = reader->end - reader->at;

        if (taken == 0) {
            if (!next_chunk(reader))
                return false;
            continue;
        }
        if (taken > bytes)
            taken = bytes;
        memcpy(out, reader->buffer + reader->at, taken);
        reader->at += taken;
        reader->left -= taken;
        out += taken;
        bytes -= taken;
    }
    return true;
}

void cdn_spill_read_end(struct cdn_spill_reader *reader)
{
    cdn_free(reader->buffer);
    reader->buffer = NULL;
}
