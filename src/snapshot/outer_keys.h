/* Edges whose ends are named by keys too many to hold: both are put aside, and joined on
 * disk when all edges are in.
 *
 * Use: new; put every edge; resolve; next until there are no more.  Edges come back in the
 * order they were put. */
#ifndef CDN_SNAPSHOT_OUTER_KEYS_H
#define CDN_SNAPSHOT_OUTER_KEYS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "snapshot/nodes.h"
#include "snapshot/rows.h"
#include "snapshot/writer.h"

struct cdn_outer_keys;

/* What it may use. */
struct cdn_join_room {
    const char *folder; /* borrowed while edges are held */
    uint32_t chunk_bytes;
    uint32_t partitions; /* at most so many are written at once */
    uint64_t memory_bytes;
};

/* One edge, come back.  An end without a node has the place CDN_INDEX_NONE and its key,
 * borrowed until the next call; of a long text the start. */
struct cdn_joined {
    uint64_t row; /* the caller's number */
    uint32_t places[2];
    struct cdn_key keys[2];
};

/* The labels of source and target, sealed: of a label whose index is held, ends are looked
 * up when they are put.  Borrowed up to cdn_outer_keys_resolve(). */
cordon_status cdn_outer_keys_new(struct cdn_outer_keys **out,
                                 const struct cdn_nodes *source,
                                 const struct cdn_nodes *target,
                                 const struct cdn_join_room *room, cordon_error *err);
/* The cells are those of row `rows->count`. */
cordon_status cdn_outer_keys_put(struct cdn_outer_keys *keys,
                                 const struct cdn_key *source,
                                 const struct cdn_key *target, uint64_t row,
                                 const struct cdn_rows *rows, cordon_error *err);
cordon_status cdn_outer_keys_resolve(struct cdn_outer_keys *keys, cordon_error *err);
/* *more false: there was none.  The cells become row `rows->count`. */
cordon_status cdn_outer_keys_next(struct cdn_outer_keys *keys, struct cdn_joined *out,
                                  struct cdn_rows *rows, bool *more, cordon_error *err);
void cdn_outer_keys_free(struct cdn_outer_keys *keys); /* accepts NULL */

#endif
