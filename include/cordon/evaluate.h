/* Evaluating a rule: the request, its limits, and cancelling it. */
#ifndef CORDON_EVALUATE_H
#define CORDON_EVALUATE_H

#include <stddef.h>
#include <stdint.h>

#include <cordon/engine.h>
#include <cordon/error.h>
#include <cordon/outcome.h>
#include <cordon/trace.h>

/* What one run may consume.  Zero in a field means what the rule declares, or where it
 * declares nothing the engine's default; never "unlimited".  The rule's own declaration
 * and the engine's ceiling both bound it: a value above the engine's ceiling is refused,
 * not clamped; the smaller of request and rule stands. */
typedef struct cordon_limits {
    size_t struct_size;    /* sizeof(cordon_limits) as the caller compiled it */
    uint64_t instructions; /* Lua instructions plus work charged by native calls */
    uint64_t edges;        /* graph edges read, whether or not a filter kept them */
    uint64_t memory_bytes; /* peak bytes beyond the rule's image */
    uint64_t output_bytes; /* encoded size of everything the rule returns */
    uint64_t wall_ns;      /* monotonic time from entry to return */
    uint64_t nodes;        /* graph nodes handed to the rule or expanded */
    uint64_t hops;         /* edges between where a run begins and what it reads */
} cordon_limits;

#define CORDON_LIMITS_INIT                                                             \
    {                                                                                  \
        sizeof(cordon_limits), 0, 0, 0, 0, 0, 0, 0                                     \
    }

/* Asks a running evaluation to stop.  Caller's storage; zero it before use. */
typedef struct cordon_cancel {
    uint32_t requested;
} cordon_cancel;

/* No `as_of`: the rule sees every edge. */
#define CORDON_NO_TIME INT64_MIN

/* One request.  Everything in it is borrowed for the call. */
typedef struct cordon_request {
    size_t struct_size; /* sizeof(cordon_request) as the caller compiled it */
    const char *label;  /* the subject node's label; NULL: no subject */
    const char *key;    /* the subject's key as text, integer keys in decimal */
    size_t key_bytes;   /* 0: `key` ends with a NUL */
    const void *params; /* msgpack: a map from parameter name to value; NULL: none */
    size_t params_bytes;
    int64_t now_ms;   /* what the rule takes for the present, ms since 1970 UTC */
    int64_t as_of_ms; /* no edge later than this exists; CORDON_NO_TIME: no such cut */
    uint64_t seed;    /* seeds math.random */
    const cordon_limits *limits; /* NULL: the rule's own */
    const cordon_cancel *cancel; /* NULL: cannot be cancelled */
    /* Whose grant it runs under, a name of the engine's policy; NULL: the host itself, to
     * whom everything is granted. */
    const char *principal;
    /* W3C trace context as it came in, handed on to observer and audit; NULL: none. */
    const char *traceparent;
    uint32_t priority; /* higher goes first where requests wait; below 8 */
    /* Filled while the rule runs (cordon/trace.h); the caller's.  NULL: nothing is traced. */
    cordon_trace *trace;
    /* Evaluate on this, such as cordon_snapshot_from_value() makes, instead of the engine's; the
     * subject is looked for in it.  Grants are compiled for it: the principal sees of it what
     * he would see of the engine's, and a mask of what it does not have covers nothing.  A rule
     * whose `reads` name what it does not have does not fit (CORDON_E_RULE).  A decision log
     * keeps its identity, not the graph: it is not replayed.  Costs some 10 us and a few
     * allocations a rule.  NULL: the engine's. */
    const cordon_snapshot *graph;
} cordon_request;

#define CORDON_REQUEST_INIT                                                            \
    {                                                                                  \
        sizeof(cordon_request), NULL, NULL, 0, NULL, 0, 0, CORDON_NO_TIME, 0, NULL,    \
            NULL, NULL, NULL, 0, NULL, NULL                                            \
    }

/* A request of higher priority than this is refused. */
#define CORDON_MAX_PRIORITY 7

#ifdef __cplusplus
extern "C" {
#endif

/* Run the rule `rule` on the engine's current snapshot and wait until it ends or is
 * stopped.
 *
 * Ownership: outcome is the caller's, made once with cordon_outcome_new() and refilled
 *            here; what it holds is borrowed until the next call on it.  Every other
 *            argument is borrowed for the call.
 * Threads:   safe on one engine from any number of threads, each with its own outcome.
 * Errors:    CORDON_E_INVALID  a bad request: a parameter of the wrong type or out of
 *                              bounds, limits above the ceiling, unknown struct_size
 *            CORDON_E_NOTFOUND no such rule, no such label, no such node
 *            CORDON_E_RULE     the rule does not fit the snapshot: `reads` names what is
 *                              not there
 *            CORDON_E_BUSY     every sandbox stayed in use for the engine's wait time
 *            CORDON_E_NOMEM    the host, not the rule, ran out of memory
 * A rule that fails or is stopped is still CORDON_OK: ask the outcome. */
CORDON_EXPORT cordon_status cordon_evaluate(cordon_outcome *outcome,
                                            cordon_engine *engine, const char *rule,
                                            const cordon_request *request,
                                            cordon_error *err);

/* Stop the evaluation whose request carries `cancel`, and every later one that does,
 * until cordon_cancel_clear().  It ends as CORDON_OUTCOME_CANCELLED within the time of
 * about a thousand instructions.  Safe from any thread and from a signal handler. */
CORDON_EXPORT void cordon_cancel_request(cordon_cancel *cancel);
CORDON_EXPORT void cordon_cancel_clear(cordon_cancel *cancel);

#ifdef __cplusplus
}
#endif

#endif
