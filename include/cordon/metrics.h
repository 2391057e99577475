/* Metrics, and whoever watches: Prometheus text by one call, spans and log lines by callback.
 *
 * Counters are kept where they are counted, a sandbox at a time, and added up when they are
 * asked for: counting takes no lock. */
#ifndef CORDON_METRICS_H
#define CORDON_METRICS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cordon/engine.h>
#include <cordon/error.h>
#include <cordon/evaluate.h>
#include <cordon/outcome.h>

/* One evaluation, for a tracer: what OpenTelemetry calls a span, named "cordon.evaluate".
 * Everything is borrowed for the call. */
typedef struct cordon_span {
    size_t struct_size;      /* sizeof(cordon_span) as the library compiled it */
    const char *traceparent; /* the request's, NULL: none; the span's parent */
    int64_t start_ns;        /* since 1970 UTC */
    uint64_t duration_ns;
    const cordon_request *request;
    const cordon_outcome *outcome; /* rule, version, variant, decision id, usage */
    /* As a member of which; NULL: none.  A set's own span follows those of its members: its
     * outcome has the set's name for rule, its number for version, and of results the decision
     * and the score. */
    const char *set;
} cordon_span;

typedef enum cordon_level {
    CORDON_LEVEL_DEBUG,
    CORDON_LEVEL_INFO,
    CORDON_LEVEL_WARNING,
    CORDON_LEVEL_ERROR
} cordon_level;

/* Who watches.  A callback is called on the thread where it happened, must be safe from any
 * number of them, must not call the engine, and holds up what it watches. */
typedef struct cordon_observer {
    size_t struct_size; /* sizeof(cordon_observer) as the caller compiled it */
    void *ud;
    /* After every evaluation, shadows, members of sets and sets too; NULL: not wanted. */
    void (*span)(void *ud, const cordon_span *span);
    /* What an operator should know: versions that do not load, rollouts that ended, lost
     * records.  One line of UTF-8 without its end; NULL: not wanted. */
    void (*log)(void *ud, cordon_level level, const char *message);
} cordon_observer;

#define CORDON_OBSERVER_INIT                                                           \
    {                                                                                  \
        sizeof(cordon_observer), NULL, NULL, NULL                                      \
    }

#ifdef __cplusplus
extern "C" {
#endif

/* NULL: nobody watches.  Not while evaluations are under way.
 * Ownership: *observer is copied; its `ud` is borrowed until another is set.
 * Errors:    CORDON_E_INVALID unknown struct_size. */
CORDON_EXPORT cordon_status cordon_engine_observe(cordon_engine *engine,
                                                  const cordon_observer *observer,
                                                  cordon_error *err);

/* All metrics as Prometheus text (exposition format 0.0.4), into `text` of `size` bytes with
 * a NUL; *bytes is the length the text has, also where it does not fit.  Labels hold names of
 * rules, versions and words of this library, never data of requests.
 * Errors: CORDON_E_DATA it does not fit, CORDON_E_NOMEM. */
CORDON_EXPORT cordon_status cordon_engine_metrics(char *text, size_t size,
                                                  size_t *bytes, cordon_engine *engine,
                                                  cordon_error *err);

#ifdef __cplusplus
}
#endif

#endif
