/* The values of a snapshot's file and where they lie, found without LMDB (pages.h), which may
 * only then map it. */
#ifndef CDN_SNAPSHOT_WALK_H
#define CDN_SNAPSHOT_WALK_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct cdn_walked {
    uint32_t array;
    uint32_t block;
    uint64_t offset; /* of the value's first byte in the file */
    uint64_t bytes;
};

struct cdn_walk {
    struct cdn_walked *values; /* ascending by (array, block) */
    size_t count;
    uint32_t page_bytes;
};

/* Check the `size` bytes of a whole file.  Cost: its tree pages and one page a value.
 * Errors: CORDON_E_FORMAT this is no LMDB file of the kind FORMAT.md describes;
 * CORDON_E_CORRUPT it is, but damaged; CORDON_E_NOMEM.  Free with cdn_walk_deinit(). */
cordon_status cdn_walk_file(struct cdn_walk *walk, const unsigned char *file,
                            uint64_t size, cordon_error *err);
void cdn_walk_deinit(struct cdn_walk *walk);

#endif
