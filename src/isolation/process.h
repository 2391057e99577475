/* The process wall: a worker in a locked-in process of its own (worker/lockin.c says how).
 *
 * Threads: safe from any thread; a worker belongs to one at a time. */
#ifndef CDN_ISOLATION_PROCESS_H
#define CDN_ISOLATION_PROCESS_H

#include <cordon/snapshot.h>

#include "isolation/worker.h"

/* What workers are started with. */
struct cdn_process_options {
    const char *program;   /* cordon-worker, an absolute path */
    uint64_t image_bytes;  /* of a rule, at most */
    uint64_t memory_bytes; /* of a run, at most */
    uint64_t room_bytes;   /* address space for all its rules, beyond the snapshot */
    uint64_t cpu_s;        /* processor time of its life */
    uint64_t start_ns;     /* how long it may take to lock itself in */
    struct cdn_budget load;
};

/* Start a worker on a snapshot, or on none (NULL), and wait until it has locked itself in.  One
 * that is a file it opens by its path; of one in memory it gets the bytes, sealed, which all
 * workers of it share.
 *
 * Ownership: *out is the caller's; end it with (*out)->end(*out).
 * Errors:    CORDON_E_NOTFOUND there is no such program; CORDON_E_DENIED which step of locking
 *            in the system refused;
 *            CORDON_E_INTERRUPTED, CORDON_E_IO, CORDON_E_DATA, CORDON_E_NOMEM */
cordon_status cdn_process_start(struct cdn_worker **out,
                                const struct cdn_process_options *options,
                                const cordon_snapshot *snapshot, cordon_error *err);

#endif
