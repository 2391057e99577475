/* An image as what sets it apart from another of its slot.
 *
 * The images of one slot are alike: the state and the library come first in each, at the same
 * addresses and with the same bytes, and rules that were written alike stay alike beyond that.
 * So the bytes of some images are kept whole, as a *basis*, and every image is kept as its
 * difference from a basis: which cache lines of the shared beginning are its own, those lines,
 * and all that follows the shared beginning.  Restoring copies the basis, which many images
 * have in common and the caches therefore hold, and then what is the image's own: a thousand
 * rules are read from memory as their differences, not as a thousand states.
 *
 * What is shared says nothing about what a run sees: the restored bytes are the image's
 * whatever it leans on.  Which basis that is depends on what the slot has built before.
 *
 * Threads: as its slot. */
#ifndef CDN_SANDBOX_DIFFERENCE_H
#define CDN_SANDBOX_DIFFERENCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum {
    CDN_LINE_BYTES = 64, /* what is told apart: a cache line */
    CDN_BASES = 8        /* new images are compared with at most so many */
};

/* The bytes of an image that may be another's as well.  Never changed once made. */
struct cdn_basis {
    uint64_t
        leaning; /* images that are kept as a difference from it; with the last it goes */
    size_t bytes;
    unsigned char *data; /* behind this struct, at a cache line */
};

/* Those that new images of a slot may lean on; zeroed: none. */
struct cdn_bases {
    struct cdn_basis *table[CDN_BASES]; /* NULL: free */
    uint32_t misfits;                   /* images so far that were like none of them */
    size_t held; /* heap bytes of all bases alive, in the table or not */
};

struct cdn_difference {
    struct cdn_basis *basis; /* NULL: shared is 0 */
    size_t shared; /* bytes from the start that are the basis's, but for `lines`:
                              * whole lines, or all there are */
    uint32_t line_count;
    const uint16_t
        *lines; /* numbers of the lines within `shared` that are not; ascending */
    const unsigned char
        *own; /* those lines, then all beyond `shared`; at a cache line */
};

/* Find what the image with these bytes is to lean on, making it a basis itself where it is
 * like none: basis, shared and line_count of *out, nothing else yet.  The caller leans on the
 * basis from now on.  False: no memory. */
bool cdn_difference_plan(struct cdn_difference *out, struct cdn_bases *bases,
                         const unsigned char *data, size_t bytes);
/* Heap bytes that `lines` and `own` take, alignment included. */
size_t cdn_difference_room(const struct cdn_difference *difference, size_t bytes);
/* Put both into the room at `room`, which is aligned for a uint16_t. */
void cdn_difference_fill(struct cdn_difference *difference, void *room,
                         const unsigned char *data, size_t bytes);
/* The image is gone: lean on nothing any more. */
void cdn_difference_drop(struct cdn_difference *difference, struct cdn_bases *bases);

/* Write the image's bytes to `to`, which is at a cache line.  The basis comes first: it is
 * near, and what is its own may still be on its way. */
static inline void cdn_difference_copy(unsigned char *to,
                                       const struct cdn_difference *difference,
                                       size_t bytes)
{
    const unsigned char *own = difference->own;

    if (difference->shared)
        memcpy(to, difference->basis->data, difference->shared);
    for (uint32_t i = 0; i < difference->line_count; i++) {
        memcpy(to + (size_t)difference->lines[i] * CDN_LINE_BYTES, own, CDN_LINE_BYTES);
        own += CDN_LINE_BYTES;
    }
    memcpy(to + difference->shared, own, bytes - difference->shared);
}

/* Where the line that begins at offset `at` lies.  Asked from 0 on, line by line, with
 * *passed 0 at first. */
static inline const unsigned char *
cdn_difference_line(const struct cdn_difference *difference, size_t at,
                    uint32_t *passed)
{
    size_t own = (size_t)*passed * CDN_LINE_BYTES;

    if (at >= difference->shared)
        return difference->own + own + (at - difference->shared);
    if (*passed == difference->line_count ||
        difference->lines[*passed] != at / CDN_LINE_BYTES)
        return difference->basis->data + at;
    ++*passed;
    return difference->own + own;
}

#endif
