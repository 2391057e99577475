/* The compiled grant: what a principal lets a rule see, as bitsets over a snapshot's
 * own numbers.  graph/ only tests it; who gets which grant is the engine's business. */
#ifndef CDN_GRAPH_GRANT_H
#define CDN_GRAPH_GRANT_H

#include <stdbool.h>
#include <stdint.h>

#include "snapshot/snapshot.h"

struct cdn_grant {
    bool everything;                         /* nothing below is looked at */
    const uint64_t *labels;                  /* bit a label */
    const uint64_t *relations;               /* bit a relation */
    const uint64_t *const *label_columns;    /* per label: bit a property */
    const uint64_t *const *relation_columns; /* per relation: bit a property */
    uint32_t max_hops;                       /* 0: no bound */
};

/* Everything is granted. */
extern const struct cdn_grant cdn_grant_everything;

static inline bool cdn_bit(const uint64_t *bits, uint32_t index)
{
    return (bits[index >> 6] >> (index & 63)) & 1;
}

#endif
