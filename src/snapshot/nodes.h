/* The writer's nodes of one label: rows with keys as they come, then in key order.
 *
 * Nodes are held in memory until they are sealed; when there is no more room for them, what
 * is held goes to disk as a sorted run, as often as it takes, and sealing merges the runs
 * (outer_nodes.c).  The file is the same either way. */
#ifndef CDN_SNAPSHOT_NODES_H
#define CDN_SNAPSHOT_NODES_H

#include <stdint.h>

#include "base/error.h"
#include "snapshot/column.h"
#include "snapshot/emit.h"
#include "snapshot/index.h"
#include "snapshot/metadata.h"
#include "snapshot/rows.h"
#include "snapshot/spill.h"
#include "snapshot/writer.h"

struct cdn_nodes {
    const struct cdn_label *schema;
    uint32_t number;
    struct cdn_rows rows;
    uint32_t capacity; /* of the three below */
    int64_t *integers; /* keys, one of the two kinds */
    uint64_t *ends;
    uint64_t *numbers; /* the caller's row numbers */
    unsigned char *heap;
    uint64_t heap_capacity;
    struct cdn_spill *runs; /* a partition each; NULL: none */

    /* once sealed */
    uint32_t count;
    struct cdn_spill *sorted; /* keys in order, of a label whose keys are not held; a
                                 packed key a record */
    struct cdn_index index;   /* over all keys, unless `sorted` */
};

/* What sealing needs to know of the writer. */
struct cdn_seal {
    struct cdn_emit *emit;
    struct cdn_label_facts *facts; /* to fill in, but for its allocation */
    uint32_t shift;                /* of blocks, to start from */
    const char *folder;    /* of temporary files; borrowed for the writer's life */
    uint64_t memory_bytes; /* for rows and what sorting them takes */
    uint64_t index_bytes;  /* for an index over the keys */
    uint32_t chunk_bytes;  /* of spills */
    cdn_writer_duplicate duplicate;
    void *ud;
};

cordon_status cdn_nodes_init(struct cdn_nodes *nodes, const struct cdn_label *schema,
                             uint32_t number, cordon_error *err);
void cdn_nodes_deinit(struct cdn_nodes *nodes);

/* Errors: CORDON_E_DATA, CORDON_E_NOMEM. */
cordon_status cdn_nodes_add(struct cdn_nodes *nodes, const struct cdn_key *key,
                            const struct cdn_cell *cells, uint64_t row,
                            cordon_error *err);
/* What is held, and what sorting it will take. */
uint64_t cdn_nodes_bytes(const struct cdn_nodes *nodes);

/* The rows' numbers in key order, those of equal keys in the order they came. */
cordon_status cdn_nodes_sort(uint32_t *order, const struct cdn_nodes *nodes,
                             cordon_error *err);
/* Give back the rows and their keys, but not the strings. */
void cdn_nodes_clear(struct cdn_nodes *nodes);

/* Write the label's arrays; afterwards `count` and `index` are set.  Of nodes with equal
 * keys the first stays. */
cordon_status cdn_nodes_seal(struct cdn_nodes *nodes, const struct cdn_seal *seal,
                             cordon_error *err);

/* ---- for outer_nodes.c too ---- */

/* Keys in order, of the nodes of some consecutive blocks. */
struct cdn_node_keys {
    const int64_t *integers;
    const uint64_t *ends;
    const unsigned char *heap;
};
cordon_status cdn_nodes_emit_keys(const struct cdn_nodes *nodes, struct cdn_emit *emit,
                                  const struct cdn_node_keys *keys,
                                  const struct cdn_blocks *blocks, cordon_error *err);

#endif
