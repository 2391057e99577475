/* Nothing of a segment is read before its checksum has matched.
 *
 * The arrays of a snapshot hold a pointer for each segment, its *slot*, which is NULL until
 * somebody asks for the segment.  Whoever does so first reads all of it, compares its
 * checksum with the directory's, and only then puts the pointer into the slot.  So a read
 * costs one test of a pointer that it needs anyway, and what was not checked cannot be
 * reached by mistake.
 *
 * Threads: any number may ask at once.  Each that finds the slot empty checks the segment
 * for itself; all come to the same pointer, of bytes that nobody writes.  Slots are filled
 * with release and read with acquire, so that a filled slot can stand for others that were
 * filled before it.  Nothing is allocated and no lock is taken.
 * Cost: FORMAT.md, "What a reader checks".
 * Not seen: bytes that change after their segment was checked, such as a page that the
 * kernel dropped and read again from a failing disk. */
#ifndef CDN_SNAPSHOT_GUARD_H
#define CDN_SNAPSHOT_GUARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct cdn_schema;
struct cdn_segment;

/* The slots of one file, in the directory's order. */
struct cdn_guard {
    const void **slots; /* NULL: not checked yet, or damaged */
    const unsigned char *const *places;
    const struct cdn_segment *segments;
    size_t count;
    unsigned char *faults; /* not 0: the checksum does not match; it stays so */
    size_t first_fault;    /* the first one found, plus one; 0: none so far */
};

/* Check the segment of an empty slot and fill the slot.  NULL: the segment is damaged.
 * `guard` NULL: nobody to ask, so NULL. */
const void *cdn_guard_check(struct cdn_guard *guard, const void *const *slot);

/* A segment's first byte.  NULL: the segment is damaged. */
static inline const void *cdn_guard_get(struct cdn_guard *guard,
                                        const void *const *slot)
{
    const void *at = __atomic_load_n(slot, __ATOMIC_ACQUIRE);

    return __builtin_expect(at != NULL, 1) ? at : cdn_guard_check(guard, slot);
}

/* Its address if it has been checked, else 0: for asking memory ahead, which takes any
 * address. */
static inline uintptr_t cdn_guard_peek(const void *const *slot)
{
    return (uintptr_t)__atomic_load_n(slot, __ATOMIC_RELAXED);
}

/* All segments have been found sound: fill every slot, the last first (see
 * cdn_adjacency_offsets). */
void cdn_guard_open_all(struct cdn_guard *guard);

/* "transfer Account->Account outgoing, peers". */
void cdn_segment_name(const struct cdn_schema *schema, uint32_t array, char *out,
                      size_t size);

#endif
