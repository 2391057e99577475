/* A snapshot: one immutable generation of a property graph, mapped read-only.
 *
 * A *store* is a folder with one file a generation and a CURRENT pointer; `cordon import`
 * makes both.  A snapshot holds one generation of it.
 *
 * Ownership: reference counted; an engine keeps its own reference.
 * Threads:   a snapshot is immutable: any number of threads may read it.
 * Removal:   an open snapshot's file carries a shared flock, in every process that has it
 *            open: `cordon snapshot gc` leaves such files alone.
 * Caveats:   a file damaged at rest gives a clear error or a correct answer (see cordon_verify).
 *            A file that another process truncates or rewrites while it is mapped, or that
 *            the disk spoils after it was checked, is not defended against. */
#ifndef CORDON_SNAPSHOT_H
#define CORDON_SNAPSHOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cordon/error.h>
#include <cordon/value.h>

typedef struct cordon_snapshot cordon_snapshot;

/* A file is cut into *segments*, each with a checksum (64-bit xxh3).  Its pages, its metadata
 * and every segment's place and length are checked at open whatever is asked for; the
 * segments themselves: */
typedef enum cordon_verify {
    /* The default: each checksum when something of its segment is first read.  Costs the
     * first request that comes there 0.3 ms for each MiB of the segment if the page cache
     * has it, the disk's time if not (and its `time` limit runs meanwhile); afterwards about
     * 1 % of the instructions of a rule that opens many lists. */
    CORDON_VERIFY_ON_READ = 0,
    /* Every checksum and every structural invariant, at open: 35 ms for each MiB. */
    CORDON_VERIFY_FULL = 1,
    /* No checksum at all: damage that leaves the structure whole can give a WRONG ANSWER.
     * For stores so large, and caches so cold, that a segment must not be read in full. */
    CORDON_VERIFY_STRUCTURE = 2
} cordon_verify;

typedef struct cordon_snapshot_options {
    size_t struct_size; /* sizeof(cordon_snapshot_options) as the caller compiled it */
    cordon_verify verify;
    uint64_t generation; /* of a store: which one; 0: the one CURRENT names */
} cordon_snapshot_options;

/* A node by its label and key; an int64 key in decimal. */
typedef struct cordon_slice_node {
    const char *label;
    const char *key;
} cordon_slice_node;

/* A label or edge type that a slice is to hold, and its properties. */
typedef struct cordon_slice_kind {
    const char *name;
    const char *const *properties;
    size_t property_count;
} cordon_slice_kind;

/* What to cut out of a snapshot.  Everything pointed to is borrowed for the call. */
typedef struct cordon_slice_options {
    size_t struct_size; /* sizeof(cordon_slice_options) as the caller compiled it */
    const cordon_slice_node *nodes;
    size_t node_count;
    uint32_t hops;
    /* Edges later than this are left out; INT64_MAX, the INIT's: none. */
    int64_t as_of_ms;
    /* What may be in it; kind_count 0: everything.  A label at an end of an edge type that is
     * named comes along even if it is not, its nodes with their keys alone.  The time of
     * edges is always there. */
    const cordon_slice_kind *kinds;
    size_t kind_count;
    uint64_t max_nodes; /* 0: 1 million */
    uint64_t max_edges; /* 0: 10 million */
} cordon_slice_options;

#define CORDON_SLICE_OPTIONS_INIT                                                      \
    {                                                                                  \
        sizeof(cordon_slice_options), NULL, 0, 0, INT64_MAX, NULL, 0, 0, 0             \
    }

/* What a graph written down as a value may be. */
typedef struct cordon_inline_options {
    size_t struct_size; /* sizeof(cordon_inline_options) as the caller compiled it */
    /* It has to fit the schema of this one; NULL: labels, types and properties are what is
     * written. */
    const cordon_snapshot *schema;
    uint64_t max_nodes; /* 0: 10,000 */
    uint64_t max_edges; /* 0: 100,000 */
    uint64_t max_bytes; /* of the value; 0: 4 MiB */
} cordon_inline_options;

#define CORDON_INLINE_OPTIONS_INIT                                                     \
    {                                                                                  \
        sizeof(cordon_inline_options), NULL, 0, 0, 0                                   \
    }

#define CORDON_SNAPSHOT_OPTIONS_INIT                                                   \
    {                                                                                  \
        sizeof(cordon_snapshot_options), CORDON_VERIFY_ON_READ, 0                      \
    }

#ifdef __cplusplus
extern "C" {
#endif

/* Open a store's generation, or one snapshot file, or a slice in a file.
 *
 * Ownership: *out is the caller's; release it with cordon_snapshot_release().
 * Errors:    CORDON_E_NOTFOUND no store, no such generation
 *            CORDON_E_BUSY     another process keeps the file locked
 *            CORDON_E_CORRUPT  the file is damaged; the message says where
 *            CORDON_E_FORMAT   not a snapshot, or of a version this library cannot read
 *            CORDON_E_IO, CORDON_E_NOMEM */
CORDON_EXPORT cordon_status cordon_snapshot_open(cordon_snapshot **out,
                                                 const char *path,
                                                 const cordon_snapshot_options *options,
                                                 cordon_error *err);

/* If the store's CURRENT names another file than *snapshot (or that is NULL), open that and
 * give *snapshot back; else nothing happens, at the price of reading one small file.  On
 * failure *snapshot stays as it is.  For an engine: cordon_engine_follow().
 *
 * Ownership: what *snapshot held is released, what it holds is the caller's.
 * Threads:   *snapshot is exclusive for the call.
 * Errors:    as cordon_snapshot_open(); CORDON_E_INVALID options that name a generation. */
CORDON_EXPORT cordon_status cordon_snapshot_refresh(
    cordon_snapshot **snapshot, const char *store,
    const cordon_snapshot_options *options, bool *moved, cordon_error *err);

/* Check now every segment that CORDON_VERIFY_ON_READ would check later, so that no request
 * waits for it; brings the file into the page cache too.  Requests may run meanwhile, and
 * a thread of its own may do it before cordon_engine_set_snapshot().  May be left out.
 * Errors: CORDON_E_CORRUPT the first segment that is damaged. */
CORDON_EXPORT cordon_status cordon_snapshot_warm(cordon_snapshot *snapshot,
                                                 cordon_error *err);

/* Cut a slice: the nodes within `hops` edges of the given ones, and the edges of all of them
 * that are nearer than that, as one relocatable buffer.  It can be written to a file, which
 * cordon_snapshot_open() opens, or sent, and opened with cordon_snapshot_open_slice().
 *
 * A rule that opens lists only of nodes nearer than `hops` gives the same answer on the slice
 * for the same instructions and edges.  More nodes or edges than allowed is an error, never a
 * slice with some missing.
 *
 * Ownership: *out is the caller's; cordon_slice_free() it.
 * Threads:   safe from any thread.
 * Errors:    CORDON_E_INVALID  options, a label, type or property that is not there, too much
 *            CORDON_E_NOTFOUND no node has such a key
 *            CORDON_E_CORRUPT  the snapshot is damaged
 *            CORDON_E_NOMEM */
CORDON_EXPORT cordon_status cordon_snapshot_slice(void **out, size_t *bytes,
                                                  const cordon_snapshot *snapshot,
                                                  const cordon_slice_options *options,
                                                  cordon_error *err);
CORDON_EXPORT void cordon_slice_free(void *slice); /* accepts NULL */

/* Open a slice in memory as a snapshot.  The bytes are copied, and may come from anybody: see
 * cordon_verify for what is checked when.  options->generation must be 0; the snapshot's
 * own is that of the one it was cut from.
 *
 * Ownership: *out as of cordon_snapshot_open(); `bytes` are borrowed for the call.
 * Errors:    CORDON_E_FORMAT, CORDON_E_CORRUPT, CORDON_E_INVALID, CORDON_E_NOMEM */
CORDON_EXPORT cordon_status
cordon_snapshot_open_slice(cordon_snapshot **out, const void *bytes, size_t size,
                           const cordon_snapshot_options *options, cordon_error *err);

/* Make a snapshot in memory out of a value:
 *
 *   { nodes: [{ label, key, properties: { name: value } }],
 *     edges: [{ type, from, to, time, properties: { name: value } }] }
 *
 *   key        an integer or a string
 *   from, to   { label, key } or "Account:17"; a node that is not listed has its key alone
 *   time       integer, ms since 1970 UTC, or text such as "2026-11-24T10:00Z"; left out where
 *              edges of the type have none
 *   value      what fits the property.  Without a schema: booleans, integers (int64), numbers
 *              (float64, also where some are integers), strings; arrays and maps are bags; nil
 *              is null.  Keys that are all integers are int64, the time is called `time`.
 *
 * Both lists, and properties, may be left out.  Generation 0; equal graphs, whatever the order
 * of nodes, have equal identities.  Cost: some 100 us and 2 us a node or edge.
 *
 * Ownership: *out as of cordon_snapshot_open(); the value is borrowed for the call.
 * Errors:    CORDON_E_DATA    the message begins with where in the value, "edges[3].from"
 *            CORDON_E_INVALID options, CORDON_E_NOMEM */
CORDON_EXPORT cordon_status
cordon_snapshot_from_value(cordon_snapshot **out, const cordon_value *graph,
                           const cordon_inline_options *options, cordon_error *err);

/* Take one more reference; returns its argument. */
CORDON_EXPORT cordon_snapshot *cordon_snapshot_retain(cordon_snapshot *snapshot);

/* Give a reference back; the last one unmaps the file.  NULL is accepted. */
CORDON_EXPORT void cordon_snapshot_release(cordon_snapshot *snapshot);

/* The generation's number within its store, from 1; 0 for a lone file. */
CORDON_EXPORT uint64_t cordon_snapshot_generation(const cordon_snapshot *snapshot);

/* The snapshot's identity: a digest of its schema and checksums.  Equal content, equal
 * identity, whatever the file's name. */
CORDON_EXPORT uint64_t cordon_snapshot_identity(const cordon_snapshot *snapshot);

CORDON_EXPORT uint64_t cordon_snapshot_node_count(const cordon_snapshot *snapshot);
CORDON_EXPORT uint64_t cordon_snapshot_edge_count(const cordon_snapshot *snapshot);

/* Segments of the file: open time is linear in their number. */
CORDON_EXPORT uint64_t cordon_snapshot_segment_count(const cordon_snapshot *snapshot);

#ifdef __cplusplus
}
#endif

#endif
