/* Slices: a neighbourhood cut out of a snapshot into one relocatable buffer.
 *
 * A slice is a snapshot of its own: the same arrays, read through the same reader.  What
 * differs is the container, which is plain bytes (FORMAT.md, "Slices") that can cross a wall
 * and be opened at any address.
 *
 * What is in one: the nodes at most `hops` edges (in either direction) from the given ones,
 * with the columns that are granted; all edges of nodes nearer than that, as far as as_of and
 * the grant allow.  Of nodes just `hops` away there are only the edges to nearer ones.  So a
 * rule that opens the lists of no node farther than hops - 1 from the given ones reads the
 * same on the slice: nodes keep their order, edges theirs, lists all their edges.  It is
 * charged the same too: what is charged is what is read, never how much there is besides.
 *
 * Cost: reads the edges of every node nearer than `hops` once, and writes them through the
 * writer: about a microsecond an edge. */
#ifndef CDN_SNAPSHOT_SLICE_H
#define CDN_SNAPSHOT_SLICE_H

#include "base/buf.h"
#include "snapshot/file.h"
#include "snapshot/snapshot.h"

/* What may be in a slice: bitsets over the snapshot's own numbers, as a compiled grant has
 * them.  A relation is in only if both its labels are; its time column always is. */
struct cdn_slice_grant {
    bool everything;
    const uint64_t *labels;
    const uint64_t *relations;
    const uint64_t *const *label_columns;
    const uint64_t *const *relation_columns;
};

struct cdn_slice_how {
    const uint32_t *nodes; /* distinct or not */
    size_t node_count;
    uint32_t hops;
    int64_t as_of_ms; /* INT64_MAX: no cut */
    const struct cdn_slice_grant *grant;
    uint64_t max_nodes;
    uint64_t max_edges;
};

/* Append the slice to `out`, which must be empty.
 * Errors: CORDON_E_INVALID a node out of range, of a label that is not granted, or more nodes
 *         or edges than allowed; CORDON_E_CORRUPT the snapshot is damaged; CORDON_E_NOMEM */
cordon_status cdn_slice_make(struct cdn_buf *out, const cordon_snapshot *snapshot,
                             const struct cdn_slice_how *how, cordon_error *err);

/* The slice's bytes as an open file, not shared with other opens; *generation is that of
 * the snapshot it was cut from.  Trusts nothing: lengths and checksums are
 * checked before they are used, and every segment's place against `size`.
 * Ownership: `bytes`, 16-byte aligned from cdn_alloc(), are taken, also on failure.
 * Errors:    CORDON_E_FORMAT, CORDON_E_CORRUPT, CORDON_E_NOMEM */
cordon_status cdn_slice_load_take(struct cdn_snapshot_file **out, uint64_t *generation,
                                  unsigned char *bytes, size_t size, const char *name,
                                  cordon_error *err);

/* Do the first bytes say that it is one? */
bool cdn_slice_is(const void *bytes, size_t size);

/* The file at `path` if it is a slice; *out is NULL if it is something else, or cannot be
 * read: whoever opens it next says why.
 * Errors: as cdn_slice_load_take(), CORDON_E_IO. */
cordon_status cdn_slice_read(struct cdn_snapshot_file **out, uint64_t *generation,
                             const char *path, cordon_error *err);

#endif
