/* A relation's edges that do not fit into memory: partitioned by node on disk, and put into
 * both directions of compressed sparse rows a range of nodes at a time.
 *
 * What is written is what csr.h writes of the same rows in the same order. */
#ifndef CDN_SNAPSHOT_OUTER_EDGES_H
#define CDN_SNAPSHOT_OUTER_EDGES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "snapshot/csr.h"
#include "snapshot/emit.h"
#include "snapshot/metadata.h"
#include "snapshot/rows.h"

struct cdn_outer_edges;

/* What the work may use, and whom it asks. */
struct cdn_outer_room {
    const char *folder;    /* of temporary files; borrowed while edges are held */
    uint32_t chunk_bytes;  /* of spills */
    uint32_t partitions;   /* at most so many are written at once */
    uint64_t memory_bytes; /* for rows read back and what sorting them takes */
    uint64_t total_bytes;  /* what the user gave, for messages */
    bool (*stopped)(void *ud);
    void (*progress)(void *ud, double done); /* of this relation */
    void *ud;
};

/* `input` is as for cdn_csr_emit(), its rows apart. */
cordon_status cdn_outer_edges_new(struct cdn_outer_edges **out,
                                  const struct cdn_csr_input *input,
                                  struct cdn_relation_facts *facts,
                                  const struct cdn_outer_room *room, cordon_error *err);
/* Take the input's rows as the next ones; its rows, sources and targets can be forgotten
 * afterwards, but not the strings. */
cordon_status cdn_outer_edges_take(struct cdn_outer_edges *edges,
                                   const struct cdn_csr_input *input,
                                   cordon_error *err);
/* Write all that was taken; the input's rows are those whose strings are meant.
 * Errors: CORDON_E_DATA a single block needs more memory than there is, with how much;
 *         CORDON_E_INTERRUPTED, CORDON_E_IO, CORDON_E_NOMEM. */
cordon_status cdn_outer_edges_emit(struct cdn_outer_edges *edges, struct cdn_emit *emit,
                                   const struct cdn_csr_input *input,
                                   const struct cdn_outer_room *room,
                                   cordon_error *err);
void cdn_outer_edges_free(struct cdn_outer_edges *edges); /* accepts NULL */

#endif
