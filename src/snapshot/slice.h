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
#include "snapshot/writer.h"

/* What may be in a slice: bitsets over the snapshot's own numbers, as a compiled grant has
 * them.  A relation is in only if both its labels are; its time column always is. */
struct cdn_slice_grant {
    bool everything;
    const uint64_t *labels;
    const uint64_t *relations;
    const uint64_t *const *label_columns;
    const uint64_t *const *relation_columns;
};

#define CDN_SLICE_KEYS (-1) /* in place of a property's number: the nodes' keys */

/* What a slice holds something else in place of: a property of a label or relation, or a
 * label's keys. */
struct cdn_slice_mask {
    bool of_relation; /* else of a label */
    uint32_t owner;
    int32_t property;          /* or CDN_SLICE_KEYS */
    bool nothing;              /* nothing stands in: all of the column is null */
    enum cdn_column_type type; /* else: of what does; of keys text */
};

/* Masks, and what makes what stands in: a cell of `type` into *out, borrowed until the next call
 * for the same mask.  `column` NULL: of a node's key, `index` is the node.  NULL, or what is
 * damaged, or cdn_slice_no_memory. */
extern const char cdn_slice_no_memory[];
struct cdn_slice_veil {
    uint32_t count;
    const struct cdn_slice_mask *masks;
    const char *(*make)(void *ud, struct cdn_cell *out, uint32_t mask,
                        const struct cdn_column *column, uint32_t block,
                        uint32_t index);
};

/* What slices of one snapshot under one grant have in common; immutable, for any threads.
 *
 * `narrow`: labels, relations and properties that are not granted are not in their schema, as
 * is right for a file.  Else all names are, with the numbers they have in the snapshot, so that
 * messages, suggestions and bits over those numbers hold for both; what is not granted has no
 * nodes, no edges and nothing but nulls.  A relation is in then if it is granted, and with it
 * the nodes of both its labels; of nodes whose label is not granted itself, or whose keys are
 * masked, the keys in the slice are their places among the slice's nodes, as integers. */
struct cdn_slice_plan;

/* `snapshot`, the grant's bits and the veil are borrowed as long as the plan lives; `veil` NULL:
 * nothing is masked.
 * Errors: CORDON_E_INVALID no label at all is granted (narrow), or there is no room for a
 *         column of masked keys; CORDON_E_NOMEM. */
cordon_status cdn_slice_plan_new(struct cdn_slice_plan **out,
                                 const cordon_snapshot *snapshot,
                                 const struct cdn_slice_grant *grant,
                                 const struct cdn_slice_veil *veil, bool narrow,
                                 cordon_error *err);
void cdn_slice_plan_free(struct cdn_slice_plan *plan); /* accepts NULL */
/* Of all its slices; borrowed. */
const struct cdn_schema *cdn_slice_plan_schema(const struct cdn_slice_plan *plan);
/* May there be nodes of the snapshot's label in a slice?  With their own keys? */
bool cdn_slice_plan_holds(const struct cdn_slice_plan *plan, uint32_t label);
bool cdn_slice_plan_keeps_keys(const struct cdn_slice_plan *plan, uint32_t label);
/* The property of a label, in the slices' schema, that holds what stands in for its keys;
 * -1: none does. */
int32_t cdn_slice_plan_held(const struct cdn_slice_plan *plan, uint32_t label);

enum cdn_slice_excess { CDN_SLICE_FITS, CDN_SLICE_NODES, CDN_SLICE_EDGES };

struct cdn_slice_how {
    const struct cdn_slice_plan *plan;
    void *veil_ud; /* of this call's veil */
    bool all; /* all nodes and edges that the plan holds; not looked at: nodes, hops */
    const uint32_t *nodes; /* distinct or not */
    size_t node_count;
    uint32_t hops;
    int64_t as_of_ms; /* INT64_MAX: no cut */
    uint64_t max_nodes;
    uint64_t max_edges;
    uint64_t until_ns; /* cdn_clock_ns() at which it is given up; 0: never */
    /* The slice's nodes whose lists are not whole, a bit each of words of 64, appended; NULL:
     * nobody asks. */
    struct cdn_buf *border;
    /* What of max_nodes and max_edges was not enough; NULL: nobody asks. */
    enum cdn_slice_excess *excess;
    /* The place of nodes[0] among the slice's nodes of its label: its key there, if the plan
     * does not keep keys.  NULL: nobody asks. */
    uint32_t *place;
};

/* Append the slice to `out`, which must be empty.
 * Errors: CORDON_E_INVALID a node out of range, of a label that is not granted, or more nodes
 *         or edges than allowed; CORDON_E_INTERRUPTED it was given up; CORDON_E_CORRUPT the
 *         snapshot is damaged; CORDON_E_NOMEM */
cordon_status cdn_slice_make(struct cdn_buf *out, const struct cdn_slice_how *how,
                             cordon_error *err);

/* The slice's bytes as an open file, not shared with other opens; *generation is that of
 * the snapshot it was cut from.  Trusts nothing: lengths and checksums are
 * checked before they are used, and every segment's place against `size`.
 * Ownership: `bytes`, 16-byte aligned from cdn_alloc(), are taken, also on failure.
 * Errors:    CORDON_E_FORMAT, CORDON_E_CORRUPT, CORDON_E_NOMEM */
cordon_status cdn_slice_load_take(struct cdn_snapshot_file **out, uint64_t *generation,
                                  unsigned char *bytes, size_t size, const char *name,
                                  cordon_error *err);
/* The same of bytes that are a mapping (munmap) of what does not change, or are from
 * cdn_alloc(). */
cordon_status cdn_slice_load_mapped_take(struct cdn_snapshot_file **out,
                                         uint64_t *generation, unsigned char *bytes,
                                         size_t size, bool mapped, const char *name,
                                         cordon_error *err);

/* Sealed memory: a descriptor that has the bytes and that nobody, in no process, can write to
 * or cut short any more.  *fd is the caller's.  Errors: CORDON_E_IO, CORDON_E_NOMEM. */
cordon_status cdn_slice_seal(int *fd, const void *bytes, size_t size,
                             cordon_error *err);

/* The slice in a descriptor as a snapshot.  Sealed memory is mapped, so that all who open it
 * share one copy; of anything else, which might change under its reader, a copy is made.
 * `keep`: the descriptor is taken, also on failure, and is what cdn_snapshot_sealed() gives;
 * else it is borrowed for the call.
 * Errors: as cdn_slice_load_take(); CORDON_E_INVALID it is no file or empty, CORDON_E_IO. */
cordon_status cdn_slice_map(cordon_snapshot **out, int fd, bool keep,
                            cordon_error *err);

/* Do the first bytes say that it is one? */
bool cdn_slice_is(const void *bytes, size_t size);

/* The file at `path` if it is a slice; *out is NULL if it is something else, or cannot be
 * read: whoever opens it next says why.
 * Errors: as cdn_slice_load_take(), CORDON_E_IO. */
cordon_status cdn_slice_read(struct cdn_snapshot_file **out, uint64_t *generation,
                             const char *path, cordon_error *err);

#endif
