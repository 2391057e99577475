/* From a node's external key to its place in its label's sorted keys, while edges come
 * in. */
#ifndef CDN_SNAPSHOT_INDEX_H
#define CDN_SNAPSHOT_INDEX_H

#include <stdint.h>

#include "base/error.h"
#include "snapshot/writer.h"

#define CDN_INDEX_NONE UINT32_MAX

struct cdn_index {
    enum cdn_key_type type;
    uint32_t count;
    /* int64 keys that lie close together: a table by key - minimum */
    int64_t minimum;
    uint64_t span; /* entries of `direct` */
    uint32_t *direct;
    /* any other keys: open addressing */
    uint64_t slot_count;
    struct cdn_index_slot *slots;
    /* string keys, for comparing: borrowed from the label */
    const uint64_t *ends;
    const unsigned char *heap;
};

/* What an index over that many keys would take; of int64 keys the largest is `width` above
 * the smallest.  The keys themselves are not counted. */
uint64_t cdn_index_bytes(enum cdn_key_type type, uint32_t count, uint64_t width);

/* What this one takes. */
uint64_t cdn_index_held(const struct cdn_index *index);

/* Over sorted, distinct keys; borrowed, and used by lookups of string keys. */
cordon_status cdn_index_integers(struct cdn_index *index, const int64_t *keys,
                                 uint32_t count, cordon_error *err);
cordon_status cdn_index_strings(struct cdn_index *index, const uint64_t *ends,
                                const unsigned char *heap, uint32_t count,
                                cordon_error *err);
uint32_t cdn_index_find(const struct cdn_index *index, const struct cdn_key *key);
/* Ask memory for what finding the key will read first. */
void cdn_index_hint(const struct cdn_index *index, const struct cdn_key *key);
void cdn_index_deinit(struct cdn_index *index);

#endif
