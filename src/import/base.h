/* An import that starts from a generation: its rows, as the changes leave them, and then the
 * rows that are added.
 *
 * The changes' schema names some of the base's labels, relations and properties; the graph
 * keeps the base's schema.  Rows that update or delete nodes are read first, then the base's
 * nodes are handed to the writer, then what is added; edges likewise.  So the result is that
 * of a full import of what is left and added, in this order, down to the last bit.
 *
 * Updates come before deletions: a node that is both is gone.  What is deleted may be added
 * again.  A node takes its edges with it. */
#ifndef CDN_IMPORT_BASE_H
#define CDN_IMPORT_BASE_H

#include <stdbool.h>
#include <stdint.h>

#include <cordon/snapshot.h>

#include "base/error.h"
#include "import/feed.h"
#include "import/mapping.h"
#include "snapshot/writer.h"

struct cdn_base;

/* Open a store's generation (0: the current one) and put the mapping into its terms: numbers
 * and schema become the base's.  `memory_bytes` bounds the updates.
 * Errors: CORDON_E_DATA the changes do not fit the base; those of opening. */
cordon_status cdn_base_open(struct cdn_base **out, const char *store,
                            uint64_t generation, struct cdn_mapping *mapping,
                            uint64_t memory_bytes, cordon_error *err);
void cdn_base_close(struct cdn_base *base); /* accepts NULL */

/* A row of a source that updates or deletes.  *taken false: feed->reason says why not.
 * *matched: the edges it deletes.
 * Errors: CORDON_E_CORRUPT, CORDON_E_NOMEM, CORDON_E_DATA more updates than fit. */
cordon_status cdn_base_change(struct cdn_base *base, struct cdn_feed *feed, bool *taken,
                              uint64_t *matched, cordon_error *err);

/* Hand what is left of the nodes of label `number`, or the edges of a relation, to the writer, and count
 * them; *dropped: edges whose node was deleted.  `stopped` may be NULL.
 * Errors: those of the writer, CORDON_E_CORRUPT, CORDON_E_INTERRUPTED. */
struct cdn_base_put {
    struct cdn_writer *writer;
    uint64_t row; /* how they are named to the writer */
    bool (*stopped)(void *ud);
    void *ud;
    uint64_t count;
    uint64_t dropped;
};
cordon_status cdn_base_put_nodes(struct cdn_base *base, uint32_t number,
                                 struct cdn_base_put *put, cordon_error *err);
cordon_status cdn_base_put_edges(struct cdn_base *base, uint32_t number,
                                 struct cdn_base_put *put, cordon_error *err);

uint64_t cdn_base_generation(const struct cdn_base *base);
uint64_t cdn_base_applied(const struct cdn_base *base);
const cordon_snapshot *cdn_base_snapshot(const struct cdn_base *base);

/* An update that comes from no file: the cells of the source's columns (all others are not
 * looked at) are laid over the node's, `node` counted within its label.  `source` is borrowed
 * until the nodes have been put, the cells for the call.
 * Errors: CORDON_E_NOMEM, CORDON_E_DATA more updates than fit, or what cdn_rows_set() refuses. */
cordon_status cdn_base_update(struct cdn_base *base,
                              const struct cdn_mapping_source *source, uint32_t node,
                              const struct cdn_cell *cells, cordon_error *err);
/* A cell of the base as it is, before any change.  False: damaged. */
bool cdn_base_cell(struct cdn_cell *out, const struct cdn_base *base, uint32_t label,
                   uint32_t node, uint32_t property);

#endif
