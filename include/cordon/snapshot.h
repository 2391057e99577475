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

#define CORDON_SNAPSHOT_OPTIONS_INIT                                                   \
    {                                                                                  \
        sizeof(cordon_snapshot_options), CORDON_VERIFY_ON_READ, 0                      \
    }

#ifdef __cplusplus
extern "C" {
#endif

/* Open a store's generation, or one snapshot file.
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
