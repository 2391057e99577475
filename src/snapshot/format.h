/* The file's numbers and structs, as FORMAT.md states them. */
#ifndef CDN_SNAPSHOT_FORMAT_H
#define CDN_SNAPSHOT_FORMAT_H

#include <stddef.h>
#include <stdint.h>

#include "base/hash.h"

#define CDN_FORMAT_MAGIC   "cdnsnap"
#define CDN_FORMAT_VERSION UINT32_C(2)
#define CDN_FORMAT_ENDIAN  UINT32_C(0x01020304)

#ifdef CORDON_TINY
#define CDN_BLOCK_SHIFT       4u
#define CDN_BLOCK_SHIFT_LEAST 2u
#define CDN_SEGMENT_TARGET    UINT64_C(512)
#else
#define CDN_BLOCK_SHIFT       16u
#define CDN_BLOCK_SHIFT_LEAST 10u
#define CDN_SEGMENT_TARGET    (UINT64_C(64) << 20)
#endif
#define CDN_BLOCK_SHIFT_MOST 24u

/* LMDB keeps a value's size in 32 bits. */
#define CDN_SEGMENT_MOST UINT64_C(0xffff0000)

#define CDN_PAGE_HEADER 16u

enum cdn_array_kind {
    CDN_ARRAY_FILE = 0,
    CDN_ARRAY_LABEL = 1,
    CDN_ARRAY_OUTGOING = 2,
    CDN_ARRAY_INCOMING = 3
};

enum cdn_array_part {
    CDN_PART_VALUES = 0, /* slot 0: keys of a label, offsets of a direction */
    CDN_PART_PRESENT = 1,
    CDN_PART_PEERS = 1, /* slot 0 of a direction */
    CDN_PART_HEAP = 2,
    CDN_PART_DICTIONARY = 3,
    CDN_PART_IDS = 3, /* slot 0 of incoming */
    CDN_PART_DICTIONARY_BYTES = 4
};

#define CDN_SLOT_OWN UINT32_C(0)

static inline uint32_t cdn_array(enum cdn_array_kind kind, uint32_t owner,
                                 uint32_t slot, uint32_t part)
{
    return (uint32_t)kind << 28 | owner << 18 | slot << 8 | part;
}

#define CDN_ARRAY_METADATA  UINT32_C(0)
#define CDN_ARRAY_DIRECTORY UINT32_C(1)

struct cdn_file_header {
    char magic[8];
    uint32_t version;
    uint32_t endian;
    uint64_t bytes;
    uint64_t entries;
    uint64_t checksum;
    uint64_t other_checksum;
    uint64_t applied; /* metadata: which proposals went in last; 0: none ever */
    uint64_t header_checksum;
};
_Static_assert(sizeof(struct cdn_file_header) == 64, "FORMAT.md: header");
_Static_assert(offsetof(struct cdn_file_header, header_checksum) == 56, "FORMAT.md");

struct cdn_segment {
    uint32_t array;
    uint32_t block;
    uint64_t elements;
    uint64_t bytes;
    uint64_t checksum;
};
_Static_assert(sizeof(struct cdn_segment) == 32, "FORMAT.md: directory entry");
_Static_assert(offsetof(struct cdn_segment, checksum) == 24, "FORMAT.md");

_Static_assert(sizeof(double) == 8, "IEEE 754 binary64");
_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__,
               "the format is little-endian");

#define CDN_SLICE_MAGIC   "cdnslic"
#define CDN_SLICE_VERSION UINT32_C(2)
#define CDN_SLICE_ALIGN   16u /* of every part */

/* Then the metadata payload, the directory payload, and the segments in its order, each at
 * the next multiple of CDN_SLICE_ALIGN, zeros between. */
struct cdn_slice_header {
    char magic[8];
    uint32_t version;
    uint32_t endian;
    uint64_t bytes; /* of the whole slice */
    uint64_t metadata_bytes;
    uint64_t entries;
    uint64_t metadata_checksum;
    uint64_t directory_checksum;
    uint64_t generation; /* of the snapshot it was cut from, for the record */
    uint64_t zero;
    uint64_t header_checksum;
};
_Static_assert(sizeof(struct cdn_slice_header) == 80, "FORMAT.md: slice header");
_Static_assert(offsetof(struct cdn_slice_header, header_checksum) == 72, "FORMAT.md");

/* A value's length for `used` bytes in a file of this page size. */
static inline uint64_t cdn_segment_padded(uint64_t used, uint32_t page_bytes)
{
    uint64_t least = page_bytes - CDN_PAGE_HEADER;

    return used > least ? used : least;
}

static inline uint64_t cdn_identity(uint64_t metadata_checksum,
                                    uint64_t directory_checksum)
{
    return cdn_hash_mix(cdn_hash_mix(CDN_FORMAT_VERSION, metadata_checksum),
                        directory_checksum);
}

/* Blocks of 2^shift that `count` things make. */
static inline uint32_t cdn_block_count(uint32_t count, uint32_t shift)
{
    return (uint32_t)(((uint64_t)count + (UINT64_C(1) << shift) - 1) >> shift);
}

#endif
