/* A set of keys of one label: which were seen, for sources whose keys recur.
 *
 * Open addressing over the keys in the order they came; about 20 bytes a key and the
 * text of string keys.  Nothing is ever taken out. */
#ifndef CDN_IMPORT_KEYSET_H
#define CDN_IMPORT_KEYSET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "snapshot/writer.h"

struct cdn_keyset {
    enum cdn_key_type type;
    uint32_t count;
    uint32_t capacity; /* of the keys */
    int64_t *integers;
    uint64_t *ends; /* of string keys, in text */
    char *text;
    uint64_t text_capacity;
    uint32_t *slots; /* number of a key + 1; 0: free */
    uint64_t mask;
};

/* Zero-initialised but for `type` is empty. */
bool cdn_keyset_has(const struct cdn_keyset *set, const struct cdn_key *key);
/* *added: it was not there before.  Errors: CORDON_E_NOMEM; CORDON_E_DATA beyond 2^31 -
 * 2 keys. */
cordon_status cdn_keyset_add(struct cdn_keyset *set, const struct cdn_key *key,
                             bool *added, cordon_error *err);
/* What it takes. */
uint64_t cdn_keyset_bytes(const struct cdn_keyset *set);
void cdn_keyset_deinit(struct cdn_keyset *set);

#endif
