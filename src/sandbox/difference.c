/* Choosing what an image leans on, and telling it apart.
 *
 * Where the shared beginning ends is chosen by weight: a line that is the basis's saves its
 * way from memory, one that is not is written twice and looked up besides.  Mostly all that
 * follows a rule's own code differs, since it lies elsewhere, and that is copied in one piece.
 *
 * An image that is like none of the bases becomes one itself, which costs nothing: its bytes
 * are then kept there instead.  One that is half like one leans on it, but every sixteenth of
 * those becomes a basis all the same, in the place of the one that the fewest lean on: others
 * of its kind may follow, and be like it through and through.
 *
 * Cost: some 10 us an image, beside the 200 that building takes.  Left out: comparing with
 * images that are no bases; moving an image to a better basis later. */
#include "sandbox/difference.h"

#include "base/alloc.h"

enum {
    SHARED_LINE = 2, /* what a line that need not be kept is worth */
    OWN_LINE = 1,    /* what one that lies between such lines costs */
    MISFITS = 16,
    /* A basis may outlive the image it was taken from: no large one is to. */
    MOST_BASIS_BYTES = 64 * 1024,
    MOST_LINES = UINT16_MAX + 1 /* that a number can tell */
};

static size_t line_length(size_t at, size_t bytes)
{
    return bytes - at < CDN_LINE_BYTES ? bytes - at : CDN_LINE_BYTES;
}

static bool same_line(const struct cdn_basis *basis, const unsigned char *data,
                      size_t at, size_t length)
{
    return at + length <= basis->bytes && !memcmp(basis->data + at, data + at, length);
}

/* The difference of such an image from a basis; returns how many bytes are its own. */
static size_t differ(struct cdn_difference *out, struct cdn_basis *basis,
                     const unsigned char *data, size_t bytes)
{
    size_t end = bytes < basis->bytes ? bytes : basis->bytes;
    long worth = 0, best = 0;
    uint32_t own = 0;

    *out = (struct cdn_difference){.basis = basis};
    for (size_t at = 0; at < end && at / CDN_LINE_BYTES < MOST_LINES;
         at += CDN_LINE_BYTES) {
        size_t length = line_length(at, bytes);

        if (!same_line(basis, data, at, length)) {
            worth -= OWN_LINE;
            own++;
            continue;
        }
        worth += SHARED_LINE;
        if (worth > best) {
            best = worth;
            out->shared = at + length;
            out->line_count = own;
        }
    }
    return out->line_count * (size_t)CDN_LINE_BYTES + bytes - out->shared;
}

static unsigned char *at_line(void *from)
{
    return (unsigned char *)(((uintptr_t)from + CDN_LINE_BYTES - 1) &
                             ~(uintptr_t)(CDN_LINE_BYTES - 1));
}

static size_t basis_room(size_t bytes)
{
    return sizeof(struct cdn_basis) + CDN_LINE_BYTES + bytes;
}

/* Make it a basis, in the place that is missed least. */
static struct cdn_basis *found(struct cdn_bases *bases, const unsigned char *data,
                               size_t bytes)
{
    struct cdn_basis *basis = cdn_alloc(basis_room(bytes));
    uint32_t place = 0;

    if (!basis)
        return NULL;
    *basis = (struct cdn_basis){.bytes = bytes, .data = at_line(basis + 1)};
    memcpy(basis->data, data, bytes);
    bases->held += basis_room(bytes);
    for (uint32_t i = 0; i < CDN_BASES && bases->table[place]; i++) {
        if (!bases->table[i] || bases->table[i]->leaning < bases->table[place]->leaning)
            place = i;
    }
    bases->table[place] = basis; /* who leans on the one before keeps it */
    return basis;
}

bool cdn_difference_plan(struct cdn_difference *out, struct cdn_bases *bases,
                         const unsigned char *data, size_t bytes)
{
    size_t least = bytes;

    *out = (struct cdn_difference){0};
    for (uint32_t i = 0; i < CDN_BASES; i++) {
        struct cdn_difference other;
        size_t own =
            bases->table[i] ? differ(&other, bases->table[i], data, bytes) : bytes;

        if (own < least) {
            least = own;
            *out = other;
        }
    }
    if (bytes <= MOST_BASIS_BYTES &&
        (least > bytes / 4 * 3 ||
         (least > bytes / 4 && bases->misfits++ % MISFITS == 0))) {
        struct cdn_basis *basis = found(bases, data, bytes);

        if (!basis)
            return false;
        *out = (struct cdn_difference){.basis = basis, .shared = bytes};
    }
    if (out->basis)
        out->basis->leaning++;
    return true;
}

size_t cdn_difference_room(const struct cdn_difference *difference, size_t bytes)
{
    return difference->line_count * (sizeof *difference->lines + CDN_LINE_BYTES) +
           CDN_LINE_BYTES + bytes - difference->shared;
}

void cdn_difference_fill(struct cdn_difference *difference, void *room,
                         const unsigned char *data, size_t bytes)
{
    uint16_t *lines = room;
    unsigned char *own = at_line(lines + difference->line_count);
    uint32_t count = 0;

    difference->lines = lines;
    difference->own = own;
    for (size_t at = 0; at < difference->shared; at += CDN_LINE_BYTES) {
        if (same_line(difference->basis, data, at, line_length(at, bytes)))
            continue;
        lines[count++] = (uint16_t)(at / CDN_LINE_BYTES);
        memcpy(own, data + at, CDN_LINE_BYTES);
        own += CDN_LINE_BYTES;
    }
    memcpy(own, data + difference->shared, bytes - difference->shared);
}

void cdn_difference_drop(struct cdn_difference *difference, struct cdn_bases *bases)
{
    struct cdn_basis *basis = difference->basis;

    *difference = (struct cdn_difference){0};
    if (!basis || --basis->leaning)
        return;
    for (uint32_t i = 0; i < CDN_BASES; i++) {
        if (bases->table[i] == basis)
            bases->table[i] = NULL;
    }
    bases->held -= basis_room(basis->bytes);
    cdn_free(basis);
}
