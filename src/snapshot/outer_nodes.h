/* A label's nodes that do not fit into memory: sorted runs on disk, and their merge. */
#ifndef CDN_SNAPSHOT_OUTER_NODES_H
#define CDN_SNAPSHOT_OUTER_NODES_H

#include "snapshot/nodes.h"

/* Sort what is held, write it out as one more run, and let go of it. */
cordon_status cdn_nodes_write_run(struct cdn_nodes *nodes, const char *folder,
                                  uint32_t chunk_bytes, cordon_error *err);

/* What cdn_nodes_seal() does when there are runs. */
cordon_status cdn_nodes_merge(struct cdn_nodes *nodes, const struct cdn_seal *seal,
                              cordon_error *err);

#endif
