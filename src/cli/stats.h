/* Figures of a snapshot that are computed, not stored: degrees, nulls, array sizes. */
#ifndef CDN_CLI_STATS_H
#define CDN_CLI_STATS_H

#include <stdbool.h>
#include <stdint.h>

#include "snapshot/snapshot.h"

/* List lengths of one relation in one direction, over all nodes of its label. */
struct cdn_degrees {
    uint64_t nodes;
    uint64_t edges;
    uint64_t without; /* nodes with no edge */
    uint32_t p50;
    uint32_t p99;
    uint32_t max;
    double mean;
};
/* Exact.  Linear in nodes; memory 512 KiB and 4 bytes for each node of more than 65,535
 * edges.  Errors: CORDON_E_CORRUPT damaged offsets, CORDON_E_NOMEM. */
cordon_status cdn_stats_degrees(struct cdn_degrees *out,
                                const struct cdn_adjacency *adjacency,
                                cordon_error *err);

struct cdn_column_stats {
    uint64_t values;
    uint64_t nulls;
    bool has_range; /* of a number that is not null everywhere */
    double min;     /* of float64 columns; others: the column's own minimum */
    double max;
    uint64_t distinct; /* of a string column: entries of its dictionary */
    uint64_t bytes;    /* of its arrays */
};
void cdn_stats_node_column(struct cdn_column_stats *out,
                           const struct cdn_label_data *label, uint32_t property);
/* As stored in outgoing order. */
void cdn_stats_edge_column(struct cdn_column_stats *out,
                           const struct cdn_relation *relation, uint32_t property);

/* Bytes of all arrays of a label, or of a relation in both directions. */
uint64_t cdn_stats_label_bytes(const struct cdn_label_data *label);
uint64_t cdn_stats_relation_bytes(const struct cdn_relation *relation);

#endif
