/* Opening a slice: bytes that may have come over a wire, from anybody.
 *
 * In this order: the header's own checksum and numbers, the length of the whole, the checksums
 * of metadata and directory, then the place of every segment, which follows from the lengths
 * before it and is never taken from the bytes, and that all ends where the bytes end.  After
 * that a slice is a snapshot: its layout is held against its metadata (layout.c), a segment's
 * checksum when it is first read (guard.h), and what comes out of a segment as it is followed.
 * The bytes are the reader's own: nobody can change them once they were checked. */
#include "snapshot/slice.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/file.h"
#include "base/hash.h"
#include "snapshot/format.h"

/* A file is read whole into memory. */
#define FILE_MOST (UINT64_C(1) << 30)

bool cdn_slice_is(const void *bytes, size_t size)
{
    return size >= sizeof(CDN_SLICE_MAGIC) &&
           memcmp(bytes, CDN_SLICE_MAGIC, sizeof(CDN_SLICE_MAGIC)) == 0;
}

static cordon_status read_header(struct cdn_slice_header *header,
                                 const unsigned char *bytes, size_t size,
                                 cordon_error *err)
{
    if (!cdn_slice_is(bytes, size))
        return cdn_error_set(err, CORDON_E_FORMAT, "this is no slice: it has no mark");
    if (size < sizeof(*header))
        return cdn_error_set(
            err, CORDON_E_CORRUPT,
            "the slice is cut short: %zu bytes, and its header has %zu", size,
            sizeof(*header));
    memcpy(header, bytes, sizeof(*header));
    if (header->header_checksum !=
        cdn_hash_xxh3(header, offsetof(struct cdn_slice_header, header_checksum)))
        return cdn_error_set(err, CORDON_E_CORRUPT, "the slice's header is damaged");
    if (header->version != CDN_SLICE_VERSION)
        return cdn_error_set(err, CORDON_E_FORMAT,
                             "slice format version %u; this library reads version %u: "
                             "cut it again",
                             header->version, CDN_SLICE_VERSION);
    if (header->endian != CDN_FORMAT_ENDIAN)
        return cdn_error_set(err, CORDON_E_FORMAT,
                             "the slice is of another byte order");
    if (header->bytes != size)
        return cdn_error_set(err, CORDON_E_CORRUPT,
                             "the slice says it has %llu bytes, and there are %zu",
                             (unsigned long long)header->bytes, size);
    if (header->metadata_bytes > size || header->entries > size / 32)
        return cdn_error_set(
            err, CORDON_E_CORRUPT,
            "the slice's metadata or directory is longer than the slice");
    return CORDON_OK;
}

/* Where a part of `bytes` begins; *at moves behind it.  SIZE_MAX: it does not fit, or what
 * lies before it is not zeros. */
static size_t next_part(size_t *at, const unsigned char *bytes, size_t size,
                        uint64_t part)
{
    size_t start = *at;

    for (; start % CDN_SLICE_ALIGN != 0; start++)
        if (start >= size || bytes[start] != 0)
            return SIZE_MAX;
    if (start > size || part > size - start)
        return SIZE_MAX;
    *at = start + (size_t)part;
    return start;
}

static cordon_status outside(cordon_error *err, const char *what)
{
    return cdn_error_set(
        err, CORDON_E_CORRUPT,
        "the slice's %s does not lie within it, or what pads it is not "
        "zero",
        what);
}

static cordon_status read_directory(struct cdn_file_parts *parts,
                                    const struct cdn_slice_header *header, size_t *at,
                                    cordon_error *err)
{
    size_t count = (size_t)header->entries;
    size_t start =
        next_part(at, parts->bytes, parts->size, count * sizeof(struct cdn_segment));

    if (start == SIZE_MAX)
        return outside(err, "directory");
    if (cdn_hash_xxh3(parts->bytes + start, count * sizeof(struct cdn_segment)) !=
        header->directory_checksum)
        return cdn_error_set(err, CORDON_E_CORRUPT,
                             "the slice's directory is damaged (checksum)");
    parts->count = count;
    parts->segments = cdn_realloc_array(NULL, count, sizeof(*parts->segments));
    parts->places = cdn_realloc_array(NULL, count, sizeof(*parts->places));
    if (!parts->segments || !parts->places)
        return cdn_error_nomem(err);
    if (count > 0)
        memcpy(parts->segments, parts->bytes + start, count * sizeof(*parts->segments));
    for (size_t i = 0; i < count; i++) {
        start = next_part(at, parts->bytes, parts->size, parts->segments[i].bytes);
        if (start == SIZE_MAX)
            return outside(err, "last segments");
        parts->places[i] = parts->bytes + start;
    }
    if (*at != parts->size)
        return cdn_error_set(err, CORDON_E_CORRUPT,
                             "the slice has bytes behind its last segment");
    return CORDON_OK;
}

static cordon_status read_parts(struct cdn_file_parts *parts, uint64_t *generation,
                                cordon_error *err)
{
    struct cdn_slice_header header;
    size_t at = sizeof(header);
    cordon_status status = read_header(&header, parts->bytes, parts->size, err);
    size_t metadata;

    if (status)
        return status;
    *generation = header.generation;
    metadata = next_part(&at, parts->bytes, parts->size, header.metadata_bytes);
    if (metadata == SIZE_MAX)
        return outside(err, "metadata");
    if (cdn_hash_xxh3(parts->bytes + metadata, header.metadata_bytes) !=
        header.metadata_checksum)
        return cdn_error_set(err, CORDON_E_CORRUPT,
                             "the slice's metadata is damaged (checksum)");
    parts->identity = cdn_identity(header.metadata_checksum, header.directory_checksum);
    status = read_directory(parts, &header, &at, err);
    if (status)
        return status;
    return cdn_metadata_decode(&parts->schema, &parts->facts, parts->bytes + metadata,
                               header.metadata_bytes, err);
}

cordon_status cdn_slice_load_mapped_take(struct cdn_snapshot_file **out,
                                         uint64_t *generation, unsigned char *bytes,
                                         size_t size, bool mapped, const char *name,
                                         cordon_error *err)
{
    struct cdn_file_parts parts = {.bytes = bytes, .size = size, .mapped = mapped};
    cordon_status status = read_parts(&parts, generation, err);

    *out = NULL;
    if (status) {
        cdn_file_bytes_free(parts.bytes, parts.size, mapped);
        cdn_free(parts.segments);
        cdn_free(parts.places);
    } else {
        status = cdn_file_assemble_take(out, &parts, name, err);
    }
    if (status)
        cdn_error_prefix(err, "%s", name);
    return status;
}

cordon_status cdn_slice_load_take(struct cdn_snapshot_file **out, uint64_t *generation,
                                  unsigned char *bytes, size_t size, const char *name,
                                  cordon_error *err)
{
    return cdn_slice_load_mapped_take(out, generation, bytes, size, false, name, err);
}

cordon_status cdn_slice_read(struct cdn_snapshot_file **out, uint64_t *generation,
                             const char *path, cordon_error *err)
{
    char mark[sizeof(CDN_SLICE_MAGIC)];
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    struct cdn_buf bytes = {0};
    cordon_status status;
    ssize_t got;

    *out = NULL;
    if (fd < 0)
        return CORDON_OK;
    got = pread(fd, mark, sizeof(mark), 0);
    close(fd);
    if (got < 0 || !cdn_slice_is(mark, (size_t)got))
        return CORDON_OK;
    status = cdn_file_read(&bytes, path, FILE_MOST, err);
    if (status) {
        cdn_buf_deinit(&bytes);
        return status;
    }
    return cdn_slice_load_take(out, generation, bytes.data, bytes.length, path, err);
}
