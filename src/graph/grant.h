/* The compiled grant: what a principal lets a rule see, as bitsets over a snapshot's
 * own numbers, and what of it only behind a mask.  graph/ only tests it; who gets which
 * grant is the engine's business.
 *
 * A mask stands between a stored value and the rule: what the rule is handed, what it
 * returns and what its digest is made of is the masked value.  Nothing native works on a
 * masked column (comparing, sorting, summing, grouping by it would tell the value piece by
 * piece), so that a mask is applied in one place, where a value is pushed (mask.h). */
#ifndef CDN_GRAPH_GRANT_H
#define CDN_GRAPH_GRANT_H

#include <stdbool.h>
#include <stdint.h>

#include "snapshot/snapshot.h"

enum cdn_mask_kind {
    CDN_MASK_REDACT,   /* "[redacted]" for text, nil for anything else, null or not */
    CDN_MASK_HASH,     /* 32 hexadecimal digits that only the key's holder can make */
    CDN_MASK_TRUNCATE, /* the first characters of a text */
    CDN_MASK_BUCKET /* a number or timestamp, rounded down to a multiple of a width */
};

#define CDN_MASK_NODE_KEY  (-1) /* in place of a property's number: the nodes' keys */
#define CDN_MASK_KEY_BYTES 32

struct cdn_mask {
    enum cdn_mask_kind kind;
    bool of_relation;    /* else of a label */
    uint32_t owner;      /* the number of the relation or label */
    int32_t property;    /* its number there, or CDN_MASK_NODE_KEY */
    uint32_t characters; /* to truncate to */
    double width;        /* of a bucket, > 0; whole for integers and timestamps (ms) */
    /* The column holds what stands in for the values, and not the values: a slice's, which was
     * cut under the mask (veil.h).  Of keys: the label's property `held` does; -1: none. */
    bool applied;
    int32_t held;
};

struct cdn_grant {
    uint64_t id;               /* no two in a process have the same; 0: everything */
    bool everything;           /* nothing below is looked at */
    const uint64_t *labels;    /* bit a label */
    const uint64_t *relations; /* bit a relation */
    const uint64_t *const *label_columns;    /* per label: bit a property */
    const uint64_t *const *relation_columns; /* per relation: bit a property */
    uint32_t max_hops;                       /* 0: no bound */
    const char *principal;                   /* whom messages name; NULL: nobody */
    uint32_t mask_count;                     /* at most one for each thing masked */
    const struct cdn_mask *masks;
    unsigned char mask_key[CDN_MASK_KEY_BYTES]; /* of the hashes */
};

/* Everything is granted. */
extern const struct cdn_grant cdn_grant_everything;

/* The mask of a property of a label or relation (CDN_MASK_NODE_KEY: of a label's keys); NULL:
 * it has none. */
const struct cdn_mask *cdn_grant_mask(const struct cdn_grant *grant, bool of_relation,
                                      uint32_t owner, int32_t property);

static inline bool cdn_bit(const uint64_t *bits, uint32_t index)
{
    return (bits[index >> 6] >> (index & 63)) & 1;
}

#endif
