/* Checking segments when they are first asked for: see guard.h. */
#include "snapshot/guard.h"

#include <stdio.h>

#include "snapshot/format.h"
#include "snapshot/schema.h"

static void note_fault(struct cdn_guard *guard, size_t segment)
{
    size_t none = 0;

    __atomic_store_n(&guard->faults[segment], 1, __ATOMIC_RELAXED);
    (void)__atomic_compare_exchange_n(&guard->first_fault, &none, segment + 1, false,
                                      __ATOMIC_RELAXED, __ATOMIC_RELAXED);
}

const void *cdn_guard_check(struct cdn_guard *guard, const void *const *slot)
{
    const unsigned char *place;
    size_t at;

    if (!guard)
        return NULL;
    at = (size_t)(slot - guard->slots);
    if (__atomic_load_n(&guard->faults[at], __ATOMIC_RELAXED))
        return NULL;
    place = guard->places[at];
    if (cdn_hash_xxh3(place, guard->segments[at].bytes) !=
        guard->segments[at].checksum) {
        note_fault(guard, at);
        return NULL;
    }
    __atomic_store_n(&guard->slots[at], place, __ATOMIC_RELEASE);
    return place;
}

void cdn_guard_open_all(struct cdn_guard *guard)
{
    for (size_t i = guard->count; i-- > 0;)
        __atomic_store_n(&guard->slots[i], guard->places[i], __ATOMIC_RELEASE);
}

static const char *own_part(uint32_t array)
{
    switch ((enum cdn_array_part)(array & 255)) {
    case CDN_PART_VALUES:
        return "offsets";
    case CDN_PART_PEERS:
        return "peers";
    case CDN_PART_IDS:
    case CDN_PART_HEAP:
    case CDN_PART_DICTIONARY_BYTES:
        break;
    }
    return "ids";
}

void cdn_segment_name(const struct cdn_schema *schema, uint32_t array, char *out,
                      size_t size)
{
    uint32_t owner = array >> 18 & 1023;
    uint32_t slot = array >> 8 & 1023;

    if (array >> 28 == CDN_ARRAY_LABEL) {
        const struct cdn_label *label = &schema->labels[owner];

        (void)snprintf(out, size, "%s%s%s", label->name, slot ? ", property " : " ",
                       slot ? label->properties[slot - 1].name : "keys");
    } else {
        const struct cdn_relation_schema *relation = &schema->relations[owner];

        (void)snprintf(out, size, "%s %s->%s %s%s%s", relation->type,
                       schema->labels[relation->source].name,
                       schema->labels[relation->target].name,
                       array >> 28 == CDN_ARRAY_OUTGOING ? "outgoing" : "incoming",
                       slot ? ", property " : ", ",
                       slot ? relation->properties[slot - 1].name : own_part(array));
    }
}
