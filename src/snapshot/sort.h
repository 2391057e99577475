/* The writer's two sorts. */
#ifndef CDN_SNAPSHOT_SORT_H
#define CDN_SNAPSHOT_SORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A key whose unsigned order is the order wanted, and the row it came from. */
struct cdn_sort_key {
    uint64_t key;
    uint32_t row;
};

/* Sort by key, stable.  `scratch` has room for `count`; the result is in the returned
 * one of the two.  O(count) for each byte in which keys differ. */
struct cdn_sort_key *cdn_sort_keys(struct cdn_sort_key *keys,
                                   struct cdn_sort_key *scratch, size_t count);

/* One edge of a list: what lists are sorted by, in this order.  `input` is unique. */
struct cdn_item {
    int64_t time;
    uint32_t peer;
    uint32_t input;
};

static inline bool cdn_item_before(const struct cdn_item *a, const struct cdn_item *b)
{
    if (a->time != b->time)
        return a->time < b->time;
    if (a->peer != b->peer)
        return a->peer < b->peer;
    return a->input < b->input;
}

/* Sort one list in place.  `scratch` has room for `count`. */
void cdn_sort_items(struct cdn_item *items, struct cdn_item *scratch, size_t count);

#endif
