/* One slot's images: a small hash table with a memory budget.
 *
 * Kept by version, so a rule that was replaced is never found again.  The budget is the
 * slot's even share of the engine's: slots cannot starve each other, and their sum never
 * passes the whole.  What counts is what all images of the slot take, since they share what
 * they have in common.  When room is needed the least recently used go; finding them walks the
 * table, which is nothing beside building an image.
 *
 * Cost: a look-up is one multiplication and, mostly, one compare.  Left out: sharing images
 * between slots; they hold absolute addresses. */
#include "base/alloc.h"
#include "engine/engine.h"

static uint32_t home(const struct cdn_images *images, uint64_t version)
{
    return (uint32_t)((version * UINT64_C(0x9e3779b97f4a7c15)) >> 32) & images->mask;
}

static struct cdn_cached *find(const struct cdn_images *images, uint64_t version)
{
    if (!images->table)
        return NULL;
    for (uint32_t at = home(images, version);; at = (at + 1) & images->mask) {
        struct cdn_cached *cached = &images->table[at];

        if (cached->version == version)
            return cached;
        if (!cached->version)
            return NULL;
    }
}

const struct cdn_image *cdn_images_look(const struct cdn_images *images,
                                        uint64_t version)
{
    const struct cdn_cached *cached = find(images, version);

    return cached ? cached->image : NULL;
}

struct cdn_image *cdn_images_get(struct cdn_images *images, uint64_t version)
{
    struct cdn_cached *cached = find(images, version);

    if (!cached)
        return NULL;
    cached->used = ++images->clock;
    return cached->image;
}

/* Put into a table with room. */
static void place(struct cdn_images *images, const struct cdn_cached *cached)
{
    uint32_t at = home(images, cached->version);

    while (images->table[at].version)
        at = (at + 1) & images->mask;
    images->table[at] = *cached;
    images->count++;
}

/* Free one and close the gap it leaves in its run of neighbours. */
static void drop(struct cdn_images *images, struct cdn_cached *cached)
{
    uint32_t at = (uint32_t)(cached - images->table);

    cdn_image_free(cached->image);
    *cached = (struct cdn_cached){0};
    images->count--;
    for (at = (at + 1) & images->mask; images->table[at].version;
         at = (at + 1) & images->mask) {
        struct cdn_cached moved = images->table[at];

        images->table[at] = (struct cdn_cached){0};
        images->count--;
        place(images, &moved);
    }
}

static bool grow(struct cdn_images *images)
{
    uint32_t size = images->table ? (images->mask + 1) * 2 : 8;
    struct cdn_images wider = *images;

    wider.table = cdn_calloc(size, sizeof *wider.table);
    if (!wider.table)
        return false;
    wider.mask = size - 1;
    wider.count = 0;
    for (uint32_t i = 0; images->table && i <= images->mask; i++)
        if (images->table[i].version)
            place(&wider, &images->table[i]);
    cdn_free(images->table);
    *images = wider;
    return true;
}

cordon_status cdn_images_put_take(struct cdn_images *images, uint64_t version,
                                  struct cdn_image *image, cordon_error *err)
{
    struct cdn_cached added = {
        .version = version, .used = ++images->clock, .image = image};

    while (images->count && cdn_image_held(image) > images->budget) {
        struct cdn_cached *oldest = NULL;

        for (uint32_t i = 0; i <= images->mask; i++) {
            struct cdn_cached *cached = &images->table[i];

            if (cached->version && (!oldest || cached->used < oldest->used))
                oldest = cached;
        }
        drop(images, oldest);
    }
    if ((!images->table || (images->count + 1) * 2 > images->mask + 1) &&
        !grow(images)) {
        cdn_image_free(image);
        return cdn_error_nomem(err);
    }
    place(images, &added);
    return CORDON_OK;
}

void cdn_images_sweep(struct cdn_images *images,
                      bool (*keep)(const void *ud, uint64_t version), const void *ud)
{
    for (uint32_t i = 0; images->table && i <= images->mask;) {
        struct cdn_cached *cached = &images->table[i];

        /* dropping may move another one here: look again */
        if (cached->version && !keep(ud, cached->version))
            drop(images, cached);
        else
            i++;
    }
}

void cdn_images_deinit(struct cdn_images *images)
{
    for (uint32_t i = 0; images->table && i <= images->mask; i++)
        if (images->table[i].version)
            cdn_image_free(images->table[i].image);
    cdn_free(images->table);
    *images = (struct cdn_images){0};
}
