/* Functions of the host's that rules may call: a look-up in a service, a model, a list.
 *
 * A rule names what it calls in its contract, functions = { "geo_distance" }, and finds it as
 * host.geo_distance; nothing else is there.  Arguments and the result cross as values
 * (value.h), so that nothing of the sandbox reaches the host and nothing of the host's the
 * sandbox.  What it costs is charged to the run: `cost`, and an instruction for every 16
 * bytes that cross.
 *
 * Threads: a function is called on the thread that evaluates, from any number of them at
 *          once; what it keeps behind `ud` is its own affair.
 * Replay:  what every call answered goes into the decision log, up to 64 KiB a decision, with a
 *          hash of its arguments; a replay gives the same answers and calls nobody.
 * Caveats: a function that does not return holds its thread: no limit can stop code of the
 *          host's.  Its time counts towards the run's deadline, not its instructions, and
 *          is told apart in the usage (host_ns).
 *          It may evaluate rules on the same engine; that takes another sandbox.
 *          It must not leave by longjmp or a C++ exception. */
#ifndef CORDON_FUNCTION_H
#define CORDON_FUNCTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cordon/engine.h>
#include <cordon/error.h>
#include <cordon/value.h>

/* What the arguments of one call, and its result, may take as msgpack. */
#define CORDON_FUNCTION_MAX_BYTES     (64u * 1024u)
#define CORDON_FUNCTION_MAX_ARGUMENTS 16
#define CORDON_FUNCTION_MAX_COST      UINT64_C(1000000000)

/* One call that is under way. */
typedef struct cordon_call cordon_call;

/* `arguments` is an array, and is borrowed with all it holds for the call.  A node that a
 * rule passes is the map {key, label}.  Write one value into `result`, or nothing for nil.
 * What is not CORDON_OK becomes an error of the rule's with err->message, which the rule may
 * catch; err is cleared before and never NULL. */
typedef cordon_status (*cordon_function_body)(void *ud, const cordon_call *call,
                                              const cordon_value *arguments,
                                              cordon_builder *result,
                                              cordon_error *err);

/* Exactly one of the first two. */
typedef enum cordon_function_flags {
    /* equal arguments, equal results, at any time and on any machine */
    CORDON_FUNCTION_PURE = 1,
    /* anything else; an outcome whose rule called one says so, since the same request may be
     * answered otherwise when it is evaluated again */
    CORDON_FUNCTION_NONDETERMINISTIC = 2,
    /* may wait for something, and its thread with it.  What lists one never interrupts another
     * run in its thread (cordon_engine_options.interrupt_slots), which would wait with it; it
     * waits for a sandbox of its own.  It should wait for no longer than cordon_call_left_ns().
     * A policy's quota of concurrency keeps it from taking every sandbox. */
    CORDON_FUNCTION_MAY_BLOCK = 4
} cordon_function_flags;

typedef struct cordon_function {
    size_t struct_size; /* sizeof(cordon_function) as the caller compiled it */
    const char *name; /* letters, digits and '_', not first a digit; at most 64 bytes */
    cordon_function_body body;
    void *ud;       /* handed to each call; lives as long as the engine */
    uint32_t flags; /* cordon_function_flags */
    uint64_t cost;  /* instructions a call is charged (100) */
} cordon_function;

#define CORDON_FUNCTION_INIT                                                           \
    {                                                                                  \
        sizeof(cordon_function), NULL, NULL, NULL, 0, 0                                \
    }

#ifdef __cplusplus
extern "C" {
#endif

/* Let rules that are loaded from now on call it.  It stays as long as the engine does.
 * Errors: CORDON_E_INVALID a bad name, no body, flags, a cost above the largest, too many
 *         CORDON_E_EXISTS  there is one of that name, CORDON_E_NOMEM */
CORDON_EXPORT cordon_status cordon_engine_add_function(cordon_engine *engine,
                                                       const cordon_function *function,
                                                       cordon_error *err);

/* The flags of all functions that the live version of a rule lists, or-ed; 0: it lists none.  A
 * host that keeps threads for what may block asks where a rule belongs.
 * Errors: CORDON_E_NOTFOUND no such rule, CORDON_E_INVALID. */
CORDON_EXPORT cordon_status cordon_engine_rule_functions(uint32_t *flags,
                                                         cordon_engine *engine,
                                                         const char *rule,
                                                         cordon_error *err);

/* Has the run that called been cancelled, or has its deadline passed?  Whoever works for long
 * asks now and then, and returns when it has: whatever comes back, the run ends then. */
CORDON_EXPORT bool cordon_should_abort(const cordon_call *call);

/* The time that is left to the run, 0 when it is over, for whoever has to say how long he will
 * wait.  Cancelling does not shorten it: see cordon_should_abort(). */
CORDON_EXPORT uint64_t cordon_call_left_ns(const cordon_call *call);

#ifdef __cplusplus
}
#endif

#endif
