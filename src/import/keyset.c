/* The set of seen keys: keys in arrays, an index of slots over them at most half full.
 *
 * Integer keys are spread by a multiplication, texts by xxh3; both are compared in
 * full. A stranger who picks keys that collide can make this slow but not wrong;
 * imports are run by the operator on the operator's data, so no secret seed is spent on
 * it. */
#include "import/keyset.h"

#include <string.h>

#include "base/alloc.h"
#include "base/hash.h"

#define FIRST_SLOTS 64U

static uint64_t spread(const struct cdn_keyset *set, const struct cdn_key *key)
{
    if (set->type == CDN_KEY_STRING)
        return cdn_hash_xxh3(key->text, key->bytes);
    return cdn_hash_mix(0, (uint64_t)key->integer) ^
           cdn_hash_mix(1, (uint64_t)key->integer >> 32);
}

static bool same(const struct cdn_keyset *set, uint32_t number,
                 const struct cdn_key *key)
{
    uint64_t start;

    if (set->type == CDN_KEY_INT64)
        return set->integers[number] == key->integer;
    start = number ? set->ends[number - 1] : 0;
    return set->ends[number] - start == key->bytes &&
           !memcmp(set->text + start, key->text, key->bytes);
}

/* The key's slot, or the free one where it would go. */
static uint64_t find(const struct cdn_keyset *set, const struct cdn_key *key)
{
    uint64_t at = spread(set, key) & set->mask;

    while (set->slots[at] && !same(set, set->slots[at] - 1, key))
        at = (at + 1) & set->mask;
    return at;
}

static struct cdn_key key_at(const struct cdn_keyset *set, uint32_t number)
{
    struct cdn_key key = {0};
    uint64_t start;

    if (set->type == CDN_KEY_INT64) {
        key.integer = set->integers[number];
        return key;
    }
    start = number ? set->ends[number - 1] : 0;
    key.text = set->text + start;
    key.bytes = set->ends[number] - start;
    return key;
}

static cordon_status grow_slots(struct cdn_keyset *set, cordon_error *err)
{
    uint64_t count = set->slots ? (set->mask + 1) * 2 : FIRST_SLOTS;
    uint32_t *slots = cdn_calloc(count, sizeof(*slots));

    if (!slots)
        return cdn_error_nomem(err);
    cdn_free(set->slots);
    set->slots = slots;
    set->mask = count - 1;
    for (uint32_t i = 0; i < set->count; i++) {
        struct cdn_key key = key_at(set, i);

        slots[find(set, &key)] = i + 1;
    }
    return CORDON_OK;
}

static cordon_status append(struct cdn_keyset *set, const struct cdn_key *key,
                            cordon_error *err)
{
    uint64_t used =
        set->count && set->type == CDN_KEY_STRING ? set->ends[set->count - 1] : 0;

    if (set->count == set->capacity) {
        uint32_t capacity = set->capacity ? set->capacity * 2 : FIRST_SLOTS;
        void *old =
            set->type == CDN_KEY_INT64 ? (void *)set->integers : (void *)set->ends;
        void *keys = cdn_realloc_array(old, capacity, sizeof(int64_t));

        if (!keys)
            return cdn_error_nomem(err);
        if (set->type == CDN_KEY_INT64)
            set->integers = keys;
        else
            set->ends = keys;
        set->capacity = capacity;
    }
    if (set->type == CDN_KEY_INT64) {
        set->integers[set->count++] = key->integer;
        return CORDON_OK;
    }
    if (set->text_capacity - used < key->bytes || !set->text) {
        uint64_t capacity = (set->text_capacity + key->bytes) * 2;
        char *text = cdn_realloc(set->text, capacity);

        if (!text)
            return cdn_error_nomem(err);
        set->text = text;
        set->text_capacity = capacity;
    }
    memcpy(set->text + used, key->text, key->bytes);
    set->ends[set->count++] = used + key->bytes;
    return CORDON_OK;
}

bool cdn_keyset_has(const struct cdn_keyset *set, const struct cdn_key *key)
{
    return set->slots && set->slots[find(set, key)];
}

cordon_status cdn_keyset_add(struct cdn_keyset *set, const struct cdn_key *key,
                             bool *added, cordon_error *err)
{
    cordon_status status = CORDON_OK;
    uint64_t at;

    *added = false;
    if (set->count >= UINT32_MAX / 2 - 1)
        return cdn_error_set(err, CORDON_E_DATA, "more keys than a label can have");
    if (!set->slots || (uint64_t)set->count * 2 > set->mask)
        status = grow_slots(set, err);
    if (status)
        return status;
    at = find(set, key);
    if (set->slots[at])
        return CORDON_OK;
    status = append(set, key, err);
    if (status)
        return status;
    set->slots[at] = set->count;
    *added = true;
    return CORDON_OK;
}

uint64_t cdn_keyset_bytes(const struct cdn_keyset *set)
{
    return set->capacity * UINT64_C(8) + set->text_capacity +
           (set->slots ? (set->mask + 1) * sizeof(*set->slots) : 0);
}

void cdn_keyset_deinit(struct cdn_keyset *set)
{
    cdn_free(set->integers);
    cdn_free(set->ends);
    cdn_free(set->text);
    cdn_free(set->slots);
    *set = (struct cdn_keyset){.type = set->type};
}
