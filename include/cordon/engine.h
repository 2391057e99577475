/* The engine: rules and a snapshot, evaluated from any number of threads.
 *
 * Threads: an engine is shared; every function here is safe from any thread.  Loading a
 *          rule and swapping the snapshot take effect for the next request; requests in
 *          flight end on what they started with.
 * The engine installs no signal handler, starts no thread and writes no output. */
#ifndef CORDON_ENGINE_H
#define CORDON_ENGINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cordon/error.h>
#include <cordon/snapshot.h>
#include <cordon/wall.h>

typedef struct cordon_engine cordon_engine;

/* Zero in a field means its default, given behind it. */
typedef struct cordon_engine_options {
    size_t struct_size;    /* sizeof(cordon_engine_options) as the caller compiled it */
    uint32_t slots;        /* sandboxes: evaluations that can run at once (8) */
    uint32_t busy_wait_ms; /* how long a caller waits for a sandbox (1000) */
    uint64_t max_instructions;  /* ceilings for any one run (1e9) */
    uint64_t max_edges;         /* (100e6) */
    uint64_t max_memory_bytes;  /* (4 MiB) at most 64 MiB */
    uint64_t max_output_bytes;  /* (1 MiB) */
    uint64_t max_wall_ns;       /* (10 s) */
    uint64_t load_memory_bytes; /* of a rule's image (1 MiB) */
    /* of all cached images; the least recently used go first (256 MiB) */
    uint64_t image_budget_bytes;
    uint64_t max_nodes; /* ceilings for any one run, as above (100e6) */
    uint64_t max_hops;  /* (1e6) */
    /* Callers that may wait for a sandbox; one more is refused at once with
     * CORDON_E_OVERLOADED (64). */
    uint32_t max_waiting;
    /* Sandboxes beside `slots` in which a running evaluation's thread does a waiting
     * request of higher priority meanwhile (2); CORDON_NONE: nothing is interrupted. */
    uint32_t interrupt_slots;
    /* While callers wait, no run may use more instructions, or time in its sandbox, than this
     * many times what nine in ten of the latest runs of the rule used, and 10,000 instructions
     * and 0.1 ms more; its other limits stand (0: limits do not follow load).  What is usual
     * cordon_engine_upkeep() learns, from 200 runs or more. */
    uint32_t tighten;
    /* The weakest wall behind which anything runs (CORDON_WALL_INPROC), and rules' texts are read to
     * know their contracts; a role of the policy may name a stronger one. */
    cordon_wall wall;
    /* The program behind all walls but the weakest, cordon-worker, an absolute path; copied.
     * NULL: there are no such walls here. */
    const char *worker;
    /* Of workers behind a wall: how many are kept ready, CORDON_NONE: none is (1); how many
     * there are at most (slots and interrupt_slots); and how long one that nobody needs is
     * kept (60000). */
    uint32_t workers_min;
    uint32_t workers_max;
    uint32_t workers_idle_ms;
    /* What a worker sees at most (CORDON_SLICE_WHOLE; behind a microvm CORDON_SLICE_GRANTED); a
     * role of the policy may say less, of hops the fewer. */
    cordon_slice slice;
    uint32_t slice_hops; /* of CORDON_SLICE_HOPS: 1 to CORDON_MAX_SLICE_HOPS */
    /* A larger slice is not cut (1e6 nodes, 10e6 edges): of all that is granted that is an
     * error, of a neighbourhood a limit that the evaluation met. */
    uint64_t slice_max_nodes;
    uint64_t slice_max_edges;
} cordon_engine_options;

#define CORDON_ENGINE_OPTIONS_INIT                                                     \
    {                                                                                  \
        sizeof(cordon_engine_options), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,       \
            CORDON_WALL_INPROC, NULL, 0, 0, 0, CORDON_SLICE_WHOLE, 0, 0, 0             \
    }

/* In an option that counts: none, where zero means the default. */
#define CORDON_NONE UINT32_MAX

#ifdef __cplusplus
extern "C" {
#endif

/* Ownership: *out is the caller's; cordon_engine_free() it.
 * Errors:    CORDON_E_INVALID an option out of its range, CORDON_E_NOMEM. */
CORDON_EXPORT cordon_status cordon_engine_new(cordon_engine **out,
                                              const cordon_engine_options *options,
                                              cordon_error *err);

/* No evaluation may be running on it.  Accepts NULL. */
CORDON_EXPORT void cordon_engine_free(cordon_engine *engine);

/* Let evaluations from now on see `snapshot`; the engine keeps its own reference.  NULL:
 * none, and only rules that read no graph can run.  Rules loaded already are checked
 * against it: if one does not fit (its `reads` names what is not there), nothing is
 * changed.  What is paused or killed, and shadows, hold no snapshot up.
 * Errors: CORDON_E_RULE the first rule that does not fit, CORDON_E_NOMEM. */
CORDON_EXPORT cordon_status cordon_engine_set_snapshot(cordon_engine *engine,
                                                       cordon_snapshot *snapshot,
                                                       cordon_error *err);

/* Look after the workers behind walls: start what load and `workers_min` ask for, ahead of the
 * requests that will need them; find those that are dead or stopped; end what nobody needs, and
 * what sees a generation that is no longer in service.  For a timer, about once a second, on any
 * one thread, during evaluations too; waits for nothing longer than some milliseconds.  A host
 * that never calls it loses that alone: an evaluation then starts the worker that it does not
 * find, within its own time, and what is idle stays.  Without walls it does nothing.
 * Errors: why a worker that should be there could not be started since the last call: evaluations
 *         behind that wall fail as well, until one can.  CORDON_E_NOMEM. */
CORDON_EXPORT cordon_status cordon_engine_tend(cordon_engine *engine,
                                               cordon_error *err);

/* The snapshot that evaluations see; NULL: none.  One more reference, the caller's to
 * cordon_snapshot_release(). */
CORDON_EXPORT cordon_snapshot *cordon_engine_get_snapshot(cordon_engine *engine);

/* Let evaluations from now on see the generation that the store's CURRENT names, if that is
 * another than the one the engine has: for a timer or an idle moment, costs reading one
 * small file when nothing changed.  Requests in flight end on the generation they started
 * with, whose file is closed after the last of them.  On failure (a damaged file, a rule
 * that does not fit) the engine stays where it is.  *moved, which may be NULL, says whether it moved.
 * Errors: as cordon_snapshot_refresh() and cordon_engine_set_snapshot(). */
CORDON_EXPORT cordon_status cordon_engine_follow(cordon_engine *engine,
                                                 const char *store,
                                                 const cordon_snapshot_options *options,
                                                 bool *moved, cordon_error *err);

#ifdef __cplusplus
}
#endif

#endif
