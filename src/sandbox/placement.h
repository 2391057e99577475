/* Where the blocks of an image go: survivors together, garbage elsewhere.
 *
 * Loading a chunk leaves two thirds of what it allocated as garbage, and what stays lies
 * scattered between it; copied with every request, the holes cost as much as the rest.
 * Which allocation survives is known only afterwards, but loading is deterministic: so an
 * image is built twice.  The first time the plan records which allocations, by their number,
 * are still there at the end; the second time those are taken from the start of the arena
 * and all others from a nursery beyond it, which is empty when the image is taken.
 *
 * Should the second time differ (something in the nursery survives, or it is too small), the
 * plan says so and nothing is lost but the time: the caller builds without one. */
#ifndef CDN_SANDBOX_PLACEMENT_H
#define CDN_SANDBOX_PLACEMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sandbox/arena.h"

struct cdn_placement {
    bool replays; /* the second time */
    bool failed; /* the first time: out of host memory; the second: it went otherwise */
    uint32_t count;    /* allocations so far */
    uint32_t capacity; /* of survives */
    uint32_t recorded; /* allocations of the first time */
    uint8_t *survives; /* by number */
    uint32_t *numbers; /* first time: by offset / 16, the number of the block there */
    size_t room;       /* of numbers: no block has lain beyond */
    size_t nursery;    /* where it starts */
    size_t bump;       /* where its unused room starts */
    size_t left;       /* bytes in use in it */
};

void cdn_placement_init(struct cdn_placement *plan);
void cdn_placement_deinit(struct cdn_placement *plan); /* accepts a zeroed one */

/* After the first time: prepare for the second. */
void cdn_placement_replay(struct cdn_placement *plan, const struct cdn_arena *arena);
/* After the second time: zeroes the nursery; true if the image may be taken. */
bool cdn_placement_end(struct cdn_placement *plan, struct cdn_arena *arena);

/* What cdn_arena_realloc does while arena->plan is set. */
void *cdn_placement_realloc(struct cdn_placement *plan, struct cdn_arena *arena,
                            void *block, size_t old_size, size_t new_size);

#endif
