/* Masks: what stands in for a value that a principal may not see as it is.
 *
 * Every one is a function of the value, the grant's secret and the name of what is masked,
 * so that masked values are the same in every run, thread and generation, on every machine.
 * Hashes of one property are equal where the values are, and tell nothing to whoever has not
 * the secret; those of different properties never are equal.
 *
 * What a mask does not hide: whether a value is null (but for redact), that two hashed
 * values are equal, how long a text is that truncation leaves whole, the bucket, and the
 * order of nodes, which is that of their keys (README.md, "What masks do not hide"). */
#ifndef CDN_GRAPH_MASK_H
#define CDN_GRAPH_MASK_H

#include <stddef.h>
#include <stdint.h>

#include <lua.h>

#include "graph/grant.h"
#include "sandbox/meter.h"

struct cdn_binding;
struct cdn_graph_run;

/* A mask of what a rule reads. */
struct cdn_bound_mask {
    struct cdn_mask mask;
    uint32_t slot; /* the property's; of keys: not looked at */
    const struct cdn_column
        *column; /* of a relation: outgoing; NULL: the nodes' keys */
    const struct cdn_column
        *held; /* of keys: what stands in for them; NULL: it is made */
    const char *owner, *property; /* the snapshot's own names; "key" */
};

/* The mask of a property slot that a row of columns says is masked. */
const struct cdn_bound_mask *cdn_mask_of(const struct cdn_binding *binding,
                                         bool of_relation, uint32_t owner,
                                         uint32_t slot);

/* What stands in for a text (a key's, or a property's): into *out, which points into `text`
 * or into `room`; returns its bytes.  `key` is the secret of hashes. */
#define CDN_MASK_ROOM (2 * 16 + 1)
size_t cdn_mask_text(const char **out, char room[CDN_MASK_ROOM],
                     const unsigned char *key, const struct cdn_bound_mask *mask,
                     const char *text, size_t bytes);

/* What stands in for a value. */
struct cdn_masked {
    enum {
        CDN_MASKED_NULL,
        CDN_MASKED_TEXT,
        CDN_MASKED_INTEGER,
        CDN_MASKED_NUMBER
    } kind;
    const char *text; /* in the snapshot, or in this struct */
    size_t bytes;
    int64_t integer;
    double number;
    char room[CDN_MASK_ROOM];
    char digits[24];
};

/* What stands in for one cell: the one way to a masked column.  NULL, or what of the snapshot
 * is damaged. */
const char *cdn_mask_value(struct cdn_masked *out, const unsigned char *key,
                           const struct cdn_bound_mask *mask, uint32_t block,
                           uint32_t index);

/* Push the masked value of one cell.                                      [-0, +1, e] */
CDN_RAISES void cdn_push_masked(lua_State *L, struct cdn_graph_run *run,
                                const struct cdn_bound_mask *mask, uint32_t block,
                                uint32_t index);

#endif
