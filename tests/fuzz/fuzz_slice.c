/* Slices as they may come over a wire: opened, verified, read through, and cut again.
 *
 * Checksums would stop nearly every input at the door, and whoever wants harm can compute
 * them.  So they are made good first, as far as the input's own lengths lead to them; with an
 * odd number of bytes they are left as they are. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cordon/snapshot.h>

#include "base/hash.h"
#include "snapshot/format.h"
#include "snapshot/snapshot.h"
#include "support/fixture.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t aligned(size_t at)
{
    return (at + CDN_SLICE_ALIGN - 1) / CDN_SLICE_ALIGN * CDN_SLICE_ALIGN;
}

/* Segments from `at` on, and their entries' checksums. */
static void mend_segments(uint8_t *bytes, size_t size, size_t directory,
                          uint64_t entries, size_t at)
{
    for (uint64_t i = 0; i < entries; i++) {
        struct cdn_segment segment;
        uint8_t *entry = bytes + directory + i * sizeof(segment);

        memcpy(&segment, entry, sizeof(segment));
        at = aligned(at);
        if (at > size || segment.bytes > size - at)
            return;
        segment.checksum = cdn_hash_xxh3(bytes + at, segment.bytes);
        memcpy(entry, &segment, sizeof(segment));
        at += segment.bytes;
    }
}

static void mend(uint8_t *bytes, size_t size)
{
    struct cdn_slice_header header;
    size_t directory;
    size_t directory_bytes;

    if (size < sizeof(header))
        return;
    memcpy(&header, bytes, sizeof(header));
    header.bytes = size;
    if (header.metadata_bytes <= size - sizeof(header)) {
        header.metadata_checksum =
            cdn_hash_xxh3(bytes + sizeof(header), header.metadata_bytes);
        directory = aligned(sizeof(header) + header.metadata_bytes);
        if (directory <= size &&
            header.entries <= (size - directory) / sizeof(struct cdn_segment)) {
            directory_bytes = header.entries * sizeof(struct cdn_segment);
            mend_segments(bytes, size, directory, header.entries,
                          directory + directory_bytes);
            header.directory_checksum =
                cdn_hash_xxh3(bytes + directory, directory_bytes);
        }
    }
    header.header_checksum =
        cdn_hash_xxh3(&header, offsetof(struct cdn_slice_header, header_checksum));
    memcpy(bytes, &header, sizeof(header));
}

static void read_through(cordon_snapshot *snapshot)
{
    cordon_slice_options options = CORDON_SLICE_OPTIONS_INIT;
    cordon_slice_node node = {.key = "100"};
    uint64_t findings;
    size_t bytes;
    void *slice;

    (void)cdn_fixture_read_all(snapshot);
    (void)cdn_snapshot_verify(snapshot, NULL, NULL, &findings, NULL);
    node.label = snapshot->schema.labels[0].name;
    options.nodes = &node;
    options.node_count = 1;
    options.hops = 3;
    if (cordon_snapshot_slice(&slice, &bytes, snapshot, &options, NULL) == CORDON_OK) {
        cordon_snapshot *again;

        /* what we cut ourselves is sound where what it was cut from could be read */
        if (cordon_snapshot_open_slice(&again, slice, bytes, NULL, NULL) != CORDON_OK)
            abort();
        cordon_snapshot_release(again);
        cordon_slice_free(slice);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t *copy = malloc(size ? size : 1);
    cordon_snapshot *snapshot;

    if (!copy)
        abort();
    if (size)
        memcpy(copy, data, size);
    if (size % 2 == 0)
        mend(copy, size);
    if (cordon_snapshot_open_slice(&snapshot, copy, size, NULL, NULL) == CORDON_OK) {
        read_through(snapshot);
        cordon_snapshot_release(snapshot);
    }
    free(copy);
    return 0;
}
