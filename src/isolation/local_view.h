/* What a worker sees, where that is not all of the snapshot that a run is of: a slice, which it
 * has open or is sent, and what goes with it. */
#ifndef CDN_ISOLATION_LOCAL_VIEW_H
#define CDN_ISOLATION_LOCAL_VIEW_H

#include <stddef.h>
#include <stdint.h>

#include "graph/grant.h"

/* Borrowed for a call. */
struct cdn_local_view {
    const struct cdn_grant *grant;   /* over the slice */
    const struct cdn_schema *schema; /* the slice's */
    /* The subject's key in the slice, where that is another than the request's; else NULL. */
    const char *key;
    size_t key_bytes;
    /* To be sent before the run; NULL: the worker was started on what it is to see. */
    const void *slice;
    size_t slice_bytes;
    /* Of one that ends: bit a node whose lists are not whole in it, in words of 64 (one at
     * least), and how many hops away from the subject that is; NULL: it is whole. */
    const uint64_t *border;
    size_t border_words;
    uint32_t hops;
};

#endif
