/* A snapshot's values: what pages.h walks, held to what a snapshot has.
 *
 * Keys are 8 bytes, array and block big-endian, and every value lies in pages of its own, so
 * that a pointer to it is aligned (FORMAT.md). */
#include "snapshot/walk.h"

#include <string.h>

#include "base/alloc.h"
#include "snapshot/pages.h"

#define KEY_BYTES 8u

struct collector {
    struct cdn_walk *walk;
    size_t capacity;
};

static uint32_t get_big(const unsigned char *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static cordon_status collect(void *ud, const struct cdn_page_value *value,
                             cordon_error *err)
{
    struct collector *collector = ud;
    struct cdn_walk *walk = collector->walk;
    const char *fault = value->key_bytes != KEY_BYTES
                            ? "a key of another length than a snapshot's"
                        : !value->own_pages ? "a value that is not in pages of its own"
                                            : NULL;

    if (fault)
        return cdn_error_set(err, CORDON_E_CORRUPT, "page %llu: %s",
                             (unsigned long long)value->leaf, fault);
    if (walk->count == collector->capacity) {
        size_t wanted = collector->capacity ? collector->capacity * 2 : 64;
        struct cdn_walked *grown =
            cdn_realloc_array(walk->values, wanted, sizeof(*grown));

        if (!grown)
            return cdn_error_nomem(err);
        walk->values = grown;
        collector->capacity = wanted;
    }
    walk->page_bytes = value->page_bytes;
    walk->values[walk->count++] = (struct cdn_walked){.array = get_big(value->key),
                                                      .block = get_big(value->key + 4),
                                                      .offset = value->offset,
                                                      .bytes = value->bytes};
    return CORDON_OK;
}

cordon_status cdn_walk_file(struct cdn_walk *walk, const unsigned char *file,
                            uint64_t size, cordon_error *err)
{
    struct collector collector = {.walk = walk};
    cordon_status status;

    memset(walk, 0, sizeof(*walk));
    status = cdn_pages_read(file, size, "a snapshot file", collect, &collector, err);
    if (!status && !walk->count)
        status = cdn_error_set(err, CORDON_E_CORRUPT,
                               "the file holds nothing: a writer did not finish it");
    if (status)
        cdn_walk_deinit(walk);
    return status;
}

void cdn_walk_deinit(struct cdn_walk *walk)
{
    cdn_free(walk->values);
    memset(walk, 0, sizeof(*walk));
}
