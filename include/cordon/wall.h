/* Walls: what stands between a rule and the host that evaluates it.
 *
 *   inproc     the language and the meter, in the host's own process
 *   process    a process of its own as well, with an empty root, no network, no rights, and a
 *              short list of system calls
 *   container  the same in a container made by crun or runc, the first of them that works
 *   microvm    a machine of its own
 *
 * Each evaluation runs behind the strongest of the walls that the engine's options, the
 * principal's role, the policy's `walls` and the registry name for it, and its breaker if it
 * tripped; nothing that a rule or a request says is among them.  The answers are the same behind all of them; what differs is what a
 * fault of LuaJIT's or of this library's would open, and what an evaluation costs:
 * src/isolation/README.md says which to choose. */
#ifndef CORDON_WALL_H
#define CORDON_WALL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cordon/error.h>

/* X(name, number, word): from the weakest. */
#define CORDON_WALL_MAP(X)                                                             \
    X(INPROC, 0, "inproc")                                                             \
    X(PROCESS, 1, "process")                                                           \
    X(CONTAINER, 2, "container")                                                       \
    X(MICROVM, 3, "microvm")

typedef enum cordon_wall {
#define CORDON_WALL_ENUM(name, number, word) CORDON_WALL_##name = (number),
    CORDON_WALL_MAP(CORDON_WALL_ENUM)
#undef CORDON_WALL_ENUM
} cordon_wall;

/* What of the snapshot a worker behind a wall is given: all of it, or a slice, so that not even
 * code that has taken the worker over finds anything else in its memory.  The answers are the
 * same, but for what a slice of some hops does not hold: a rule that asks for that is stopped.
 *
 *   whole    the snapshot
 *   granted  all that the principal is granted, masked where that is masked; cut once for a
 *            grant and a generation
 *   hops     of that, what is within so many hops of the request's node at its as_of; cut for
 *            every request
 *
 * X(NAME, number, word): from the widest. */
#define CORDON_SLICE_MAP(X)                                                            \
    X(WHOLE, 0, "whole")                                                               \
    X(GRANTED, 1, "granted")                                                           \
    X(HOPS, 2, "hops")

typedef enum cordon_slice {
#define CORDON_SLICE_ENUM(name, number, word) CORDON_SLICE_##name = (number),
    CORDON_SLICE_MAP(CORDON_SLICE_ENUM)
#undef CORDON_SLICE_ENUM
} cordon_slice;

/* More hops than that are no neighbourhood. */
#define CORDON_MAX_SLICE_HOPS 64

/* What a wall is made of on this machine. */
typedef struct cordon_wall_report {
    size_t struct_size; /* sizeof(cordon_wall_report) as the caller compiled it */
    bool works;
    uint64_t start_ns;      /* from nothing to a worker that is locked in */
    uint64_t round_trip_ns; /* of the quickest of some evaluations of an empty rule */
    /* One line: what is in force ("namespaces, user, root, ..."), or why it does not work and
     * what would help. */
    char text[512];
} cordon_wall_report;

#define CORDON_WALL_REPORT_INIT                                                        \
    {                                                                                  \
        sizeof(cordon_wall_report), false, 0, 0, ""                                    \
    }

#ifdef __cplusplus
extern "C" {
#endif

/* "inproc", "process", "container" or "microvm". */
CORDON_EXPORT const char *cordon_wall_str(cordon_wall wall);
/* "whole", "granted" or "hops". */
CORDON_EXPORT const char *cordon_slice_str(cordon_slice slice);

/* Put one worker behind the wall, evaluate an empty rule there a few times, and end it.
 * `worker`: the program cordon-worker, an absolute path.  CORDON_OK also where the wall does not
 * work: see out->works.
 * Errors: CORDON_E_INVALID no out, an unknown struct_size; CORDON_E_NOMEM. */
CORDON_EXPORT cordon_status cordon_wall_probe(cordon_wall_report *out, cordon_wall wall,
                                              const char *worker, cordon_error *err);

#ifdef __cplusplus
}
#endif

#endif
