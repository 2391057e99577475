/* Walls as the engine's pool knows them: what workers are started with, and how, by wall.
 *
 * A start comes in two parts, since a machine may take seconds to boot: to *spawn* a worker is a
 * matter of milliseconds and waits for nothing; then it is on its way, and greets when it has
 * locked itself in.  Whoever has time waits for that (cdn_wall_start()), a pool looks now and
 * then (cdn_worker_greeted()).
 *
 * Threads: safe from any thread; a worker belongs to one at a time. */
#ifndef CDN_ISOLATION_WALL_H
#define CDN_ISOLATION_WALL_H

#include <cordon/snapshot.h>
#include <cordon/wall.h>

#include "isolation/worker.h"

#define CDN_WALLS (CORDON_WALL_MICROVM + 1)

/* What workers are started with, behind whichever wall. */
struct cdn_wall_options {
    const char *program; /* cordon-worker, an absolute path */
    const char *
        runtime; /* of containers; NULL: the first of those installed that works (container.h) */
    uint64_t image_bytes;  /* of a rule, at most */
    uint64_t memory_bytes; /* of a run, at most */
    uint64_t room_bytes;   /* address space for all its rules, beyond the snapshot */
    uint64_t held_bytes;   /* memory, where a control group can bound it; 0: any */
    uint64_t cpu_s;        /* processor time of its life */
    uint64_t start_ns;     /* how long it may take to lock itself in */
    struct cdn_budget load;
};

/* Have a worker started that sees exactly this snapshot, or none (NULL), and return once it is
 * on its way: with its channel (or the socket that it will connect to, worker->listening),
 * its end, its identity, its load, and its process if there is one to wait for.
 *
 * Ownership: *out is the caller's; end it with (*out)->end(*out).  The snapshot is borrowed for
 *            the call.
 * Errors:    CORDON_E_NOTFOUND there is no such program; CORDON_E_INVALID a snapshot that cannot
 *            be put there; CORDON_E_DENIED, CORDON_E_IO, CORDON_E_NOMEM; *out is then NULL. */
typedef cordon_status cdn_wall_spawn(struct cdn_worker **out,
                                     const struct cdn_wall_options *options,
                                     const cordon_snapshot *snapshot,
                                     cordon_error *err);

struct cdn_wall {
    cdn_wall_spawn *spawn; /* NULL: there is no such wall here */
    uint64_t start_ns;     /* how long one may take to lock itself in */
};

/* By number. */
extern const struct cdn_wall cdn_walls[CDN_WALLS];

/* Spawn a worker and wait until it has locked itself in.
 * Errors: as cdn_wall_spawn and cdn_worker_greet(); CORDON_E_INVALID there is no such wall. */
cordon_status cdn_wall_start(struct cdn_worker **out, cordon_wall wall,
                             const struct cdn_wall_options *options,
                             const cordon_snapshot *snapshot, cordon_error *err);

#endif
