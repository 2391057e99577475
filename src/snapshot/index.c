/* Key lookup for the writer: two for every edge, so one cache miss each at most.
 *
 * Account numbers tend to be dense: then a plain table answers.  Else a hash table with
 * the key (or a string's hash) beside the place, two thirds full.  A table may take
 * nearly three times what the hash table would, since it is so much faster. */
#include "snapshot/index.h"

#include <string.h>

#include "base/alloc.h"
#include "base/hash.h"

struct cdn_index_slot {
    uint64_t key; /* the int64 key's bits, or the string's hash */
    uint32_t place;
    uint32_t used;
};

/* Slots of a table over so many keys: fewer than 2^33. */
static uint64_t slots_for(uint32_t count)
{
    return count + UINT64_C(1) + count / 2;
}

/* Where to look for a key first: the high half of its scattered bits, scaled to the slots. */
static uint64_t home(const struct cdn_index *index, uint64_t key)
{
    key *= UINT64_C(0x9e3779b97f4a7c15);
    key ^= key >> 32;
    key *= UINT64_C(0xd6e8feb86659fd93);
    return (uint64_t)((unsigned __int128)key * index->slot_count >> 64);
}

static uint64_t behind(const struct cdn_index *index, uint64_t at)
{
    return at + 1 < index->slot_count ? at + 1 : 0;
}

/* Do keys lie so close that a plain table is worth its room? */
static bool close_together(uint32_t count, uint64_t width)
{
    return width < UINT64_C(16) * count + 1024;
}

uint64_t cdn_index_bytes(enum cdn_key_type type, uint32_t count, uint64_t width)
{
    if (count == 0)
        return 0;
    if (type == CDN_KEY_INT64 && close_together(count, width))
        return (width + 1) * sizeof(uint32_t);
    return slots_for(count) * sizeof(struct cdn_index_slot);
}

uint64_t cdn_index_held(const struct cdn_index *index)
{
    if (index->direct)
        return index->span * sizeof(*index->direct);
    return index->slot_count * sizeof(*index->slots);
}

static cordon_status make_slots(struct cdn_index *index, cordon_error *err)
{
    uint64_t slots = slots_for(index->count);

    index->slots = cdn_calloc(slots, sizeof(*index->slots));
    if (!index->slots)
        return cdn_error_nomem(err);
    index->slot_count = slots;
    return CORDON_OK;
}

static void add(struct cdn_index *index, uint64_t key, uint32_t place)
{
    uint64_t at = home(index, key);

    while (index->slots[at].used)
        at = behind(index, at);
    index->slots[at].key = key;
    index->slots[at].place = place;
    index->slots[at].used = 1;
}

cordon_status cdn_index_integers(struct cdn_index *index, const int64_t *keys,
                                 uint32_t count, cordon_error *err)
{
    uint64_t width;
    cordon_status status;

    memset(index, 0, sizeof(*index));
    index->type = CDN_KEY_INT64;
    index->count = count;
    if (count == 0)
        return CORDON_OK;
    index->minimum = keys[0];
    width = (uint64_t)keys[count - 1] - (uint64_t)keys[0];
    if (close_together(count, width)) {
        index->span = width + 1;
        index->direct = cdn_alloc(index->span * sizeof(*index->direct));
        if (!index->direct)
            return cdn_error_nomem(err);
        memset(index->direct, 0xff, index->span * sizeof(*index->direct));
        for (uint32_t i = 0; i < count; i++)
            index->direct[(uint64_t)keys[i] - (uint64_t)keys[0]] = i;
        return CORDON_OK;
    }
    status = make_slots(index, err);
    if (status)
        return status;
    for (uint32_t i = 0; i < count; i++)
        add(index, (uint64_t)keys[i], i);
    return CORDON_OK;
}

cordon_status cdn_index_strings(struct cdn_index *index, const uint64_t *ends,
                                const unsigned char *heap, uint32_t count,
                                cordon_error *err)
{
    cordon_status status;

    memset(index, 0, sizeof(*index));
    index->type = CDN_KEY_STRING;
    index->count = count;
    index->ends = ends;
    index->heap = heap;
    if (count == 0)
        return CORDON_OK;
    status = make_slots(index, err);
    if (status)
        return status;
    for (uint32_t i = 0; i < count; i++) {
        uint64_t start = i ? ends[i - 1] : 0;

        add(index, cdn_hash_xxh3(heap + start, ends[i] - start), i);
    }
    return CORDON_OK;
}

static bool same_string(const struct cdn_index *index, uint32_t place,
                        const struct cdn_key *key)
{
    uint64_t start = place ? index->ends[place - 1] : 0;

    return index->ends[place] - start == key->bytes &&
           memcmp(index->heap + start, key->text, key->bytes) == 0;
}

uint32_t cdn_index_find(const struct cdn_index *index, const struct cdn_key *key)
{
    uint64_t wanted;
    uint64_t at;

    if (index->count == 0)
        return CDN_INDEX_NONE;
    if (index->direct) {
        at = (uint64_t)key->integer - (uint64_t)index->minimum;
        return at < index->span ? index->direct[at] : CDN_INDEX_NONE;
    }
    wanted = index->type == CDN_KEY_INT64 ? (uint64_t)key->integer
                                          : cdn_hash_xxh3(key->text, key->bytes);
    for (at = home(index, wanted); index->slots[at].used; at = behind(index, at)) {
        const struct cdn_index_slot *slot = &index->slots[at];

        if (slot->key == wanted &&
            (index->type == CDN_KEY_INT64 || same_string(index, slot->place, key)))
            return slot->place;
    }
    return CDN_INDEX_NONE;
}

void cdn_index_hint(const struct cdn_index *index, const struct cdn_key *key)
{
    uint64_t at;

    if (index->direct) {
        at = (uint64_t)key->integer - (uint64_t)index->minimum;
        if (at < index->span)
            __builtin_prefetch(&index->direct[at]);
    } else if (index->slots) {
        at = index->type == CDN_KEY_INT64 ? (uint64_t)key->integer
                                          : cdn_hash_xxh3(key->text, key->bytes);
        __builtin_prefetch(&index->slots[home(index, at)]);
    }
}

void cdn_index_deinit(struct cdn_index *index)
{
    cdn_free(index->direct);
    cdn_free(index->slots);
    memset(index, 0, sizeof(*index));
}
