/* Radix sort for keys, merge sort for lists.
 *
 * Node keys are many and of one machine word: a least-significant-byte radix sort,
 * which skips the bytes in which all keys agree (ids rarely use more than three or
 * four). Lists are many and short and mostly in order, since edges tend to come in time
 * order: a scan finds those, insertion sort takes runs of 16, merging the rest. */
#include "snapshot/sort.h"

#include <string.h>

struct cdn_sort_key *cdn_sort_keys(struct cdn_sort_key *keys,
                                   struct cdn_sort_key *scratch, size_t count)
{
    size_t counts[8][256] = {{0}};

    for (size_t i = 0; i < count; i++)
        for (int byte = 0; byte < 8; byte++)
            counts[byte][(keys[i].key >> (8 * byte)) & 255]++;
    for (int byte = 0; byte < 8; byte++) {
        size_t *places = counts[byte];
        struct cdn_sort_key *from = keys;
        size_t sum = 0;

        if (count == 0 || places[(keys[0].key >> (8 * byte)) & 255] == count)
            continue;
        for (int digit = 0; digit < 256; digit++) {
            size_t here = places[digit];

            places[digit] = sum;
            sum += here;
        }
        for (size_t i = 0; i < count; i++)
            scratch[places[(from[i].key >> (8 * byte)) & 255]++] = from[i];
        keys = scratch;
        scratch = from;
    }
    return keys;
}

#define RUN 16

static void insert_run(struct cdn_item *items, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        struct cdn_item moved = items[i];
        size_t at = i;

        while (at > 0 && cdn_item_before(&moved, &items[at - 1])) {
            items[at] = items[at - 1];
            at--;
        }
        items[at] = moved;
    }
}

static void merge(struct cdn_item *out, const struct cdn_item *left, size_t left_count,
                  const struct cdn_item *right, size_t right_count)
{
    while (left_count > 0 && right_count > 0) {
        if (cdn_item_before(right, left)) {
            *out++ = *right++;
            right_count--;
        } else {
            *out++ = *left++;
            left_count--;
        }
    }
    if (left_count > 0)
        memcpy(out, left, left_count * sizeof(*out));
    if (right_count > 0)
        memcpy(out, right, right_count * sizeof(*out));
}

void cdn_sort_items(struct cdn_item *items, struct cdn_item *scratch, size_t count)
{
    struct cdn_item *from = items;
    struct cdn_item *to = scratch;
    size_t sorted = 1;

    while (sorted < count && !cdn_item_before(&items[sorted], &items[sorted - 1]))
        sorted++;
    if (sorted >= count)
        return;
    for (size_t at = 0; at < count; at += RUN)
        insert_run(items + at, count - at < RUN ? count - at : RUN);
    for (size_t width = RUN; width < count; width *= 2) {
        struct cdn_item *swap = from;

        for (size_t at = 0; at < count; at += 2 * width) {
            size_t left = count - at < width ? count - at : width;
            size_t rest = count - at - left;
            size_t right = rest < width ? rest : width;

            merge(to + at, from + at, left, from + at + left, right);
        }
        from = to;
        to = swap;
    }
    if (from != items)
        memcpy(items, from, count * sizeof(*items));
}
