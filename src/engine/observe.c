/* Whoever watches: spans of evaluations and sets, lines of what an operator should know.
 *
 * A callback is called where it happened, with everything borrowed; nothing is made for it
 * where nobody watches. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cordon/metrics.h>

#include "base/clock.h"
#include "base/error.h"
#include "engine/engine.h"
#include "rule/outcome.h"

void cdn_observe(const cordon_engine *engine, const cordon_request *request,
                 const cordon_outcome *outcome, const char *set)
{
    const cordon_observer *observer = &engine->observer;
    uint64_t duration_ns = outcome->usage.wall_ns;
    cordon_span span;

    if (!observer->span)
        return;
    span = (cordon_span){
        .struct_size = sizeof span,
        .traceparent = request->traceparent,
        .start_ns = cdn_clock_wall_ns() - (int64_t)duration_ns,
        .duration_ns = duration_ns,
        .request = request,
        .outcome = outcome,
        .set = set,
    };
    observer->span(observer->ud, &span);
}

void cdn_engine_log(const cordon_engine *engine, cordon_level level, const char *format,
                    ...)
{
    char raw[CORDON_ERROR_MESSAGE_BYTES], line[CORDON_ERROR_MESSAGE_BYTES];
    va_list args;

    if (!engine->observer.log)
        return;
    va_start(args, format);
    (void)vsnprintf(raw, sizeof raw, format, args);
    va_end(args);
    engine->observer.log(engine->observer.ud, level,
                         cdn_escape(line, sizeof line, raw, strlen(raw)));
}

cordon_status cordon_engine_observe(cordon_engine *engine,
                                    const cordon_observer *observer, cordon_error *err)
{
    if (!engine)
        return cdn_error_set(err, CORDON_E_INVALID, "cordon_engine_observe: no engine");
    if (observer && observer->struct_size != sizeof *observer)
        return cdn_error_set(err, CORDON_E_INVALID,
                             "cordon_observer: struct_size is %zu where %zu is known; "
                             "begin with CORDON_OBSERVER_INIT",
                             observer->struct_size, sizeof *observer);
    engine->observer = observer ? *observer : (cordon_observer)CORDON_OBSERVER_INIT;
    return CORDON_OK;
}
