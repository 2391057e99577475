/* Spans out.
 *
 * The exporter's thread sleeps in poll() on an eventfd: until the interval has passed, somebody
 * found the ring half full (one write for each time that happens, not for each span), or the
 * exporter is closed.  While it waits for the receiver or before a try the ring goes on filling,
 * and what finds it full is counted. */
#include "server/otlp.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "server/otlp_json.h"
#include "server/otlp_post.h"

enum { MOST_BETWEEN_MS = 30000, MOST_RETRY_AFTER_S = 60 };

struct cdn_otlp {
    struct cdn_otlp_options options;
    char *service;
    struct cdn_span_ring ring;
    struct cdn_otlp_post *post;
    int wake;          /* eventfd */
    atomic_bool woken; /* somebody has written to it */
    pthread_t thread;
    atomic_bool stopping;
    _Atomic uint64_t stop_ns; /* monotonic: when a close gives up */
    struct cdn_span *batch;
    struct cdn_buf body;
    _Atomic uint64_t exported, full, refused, unreachable, stopped, requests, retried;
};

static void count(_Atomic uint64_t *counter, uint64_t more)
{
    atomic_fetch_add_explicit(counter, more, memory_order_relaxed);
}

/* ---- in ---- */

static void wake(struct cdn_otlp *otlp)
{
    uint64_t one = 1;

    if (!atomic_exchange(&otlp->woken, true))
        (void)!write(otlp->wake, &one, sizeof one);
}

static void hand_over(struct cdn_otlp *otlp, uint64_t at)
{
    cdn_span_ring_commit(&otlp->ring, at);
    if (cdn_span_ring_used(&otlp->ring) >= otlp->ring.size / 2)
        wake(otlp);
}

/* What does not fit is cut. */
static void put(char *out, size_t size, const char *text)
{
    size_t length = text ? strnlen(text, size - 1) : 0;

    if (length)
        memcpy(out, text, length);
    out[length] = '\0';
}

static struct cdn_span *claim(struct cdn_otlp *otlp, uint64_t *at)
{
    struct cdn_span *span = cdn_span_ring_claim(&otlp->ring, at);

    if (!span)
        count(&otlp->full, 1);
    return span;
}

void cdn_otlp_request(struct cdn_otlp *otlp, const struct cdn_traceparent_span *own,
                      const struct cdn_otlp_request *request)
{
    struct cdn_span *span;
    uint64_t at;

    if (!otlp || !own->own.sampled || !(span = claim(otlp, &at)))
        return;
    span->kind = CDN_SPAN_HTTP;
    memcpy(span->trace_id, own->own.trace_id, sizeof span->trace_id);
    memcpy(span->span_id, own->own.span_id, sizeof span->span_id);
    memcpy(span->parent_id, own->parent_id, sizeof span->parent_id);
    span->start_ns = request->start_ns;
    span->duration_ns = request->duration_ns;
    span->of.http.method = request->method;
    span->of.http.route = request->route;
    span->of.http.status = request->status;
    span->of.http.reply_bytes = request->reply_bytes;
    put(span->of.http.request_id, sizeof span->of.http.request_id, request->request_id);
    put(span->of.http.caller, sizeof span->of.http.caller, request->caller);
    hand_over(otlp, at);
}

static void put_outcome(struct cdn_span_evaluate *run, const cordon_outcome *outcome)
{
    put(run->rule, sizeof run->rule, cordon_outcome_rule(outcome));
    put(run->decision, sizeof run->decision, cordon_outcome_decision(outcome));
    put(run->decision_id, sizeof run->decision_id, cordon_outcome_decision_id(outcome));
    run->version = cordon_outcome_version(outcome);
    run->variant = cordon_outcome_variant(outcome);
    run->kind = cordon_outcome_get_kind(outcome);
    run->budget = cordon_outcome_limit(outcome);
    run->fallback = cordon_outcome_is_fallback(outcome);
    run->truncated = cordon_outcome_truncated(outcome);
    run->generation = cordon_outcome_generation(outcome);
    run->usage = *cordon_outcome_usage(outcome);
}

void cdn_otlp_evaluation(void *ud, const cordon_span *from)
{
    struct cdn_otlp *otlp = ud;
    struct cdn_traceparent parent;
    struct cdn_span *span;
    uint64_t at;

    if (!otlp || !cdn_traceparent_parse(&parent, from->traceparent) ||
        !parent.sampled || !(span = claim(otlp, &at)))
        return;
    span->kind = CDN_SPAN_EVALUATE;
    memcpy(span->trace_id, parent.trace_id, sizeof span->trace_id);
    memcpy(span->parent_id, parent.span_id, sizeof span->parent_id);
    cdn_traceparent_new_span(span->span_id);
    span->start_ns = from->start_ns;
    span->duration_ns = from->duration_ns;
    put(span->of.evaluate.set, sizeof span->of.evaluate.set, from->set);
    put_outcome(&span->of.evaluate, from->outcome);
    hand_over(otlp, at);
}

/* ---- out ---- */

/* Has the time of a close passed? */
static bool give_up(void *ud)
{
    struct cdn_otlp *otlp = ud;
    uint64_t stop = atomic_load(&otlp->stop_ns);

    return stop && cdn_clock_ns() >= stop;
}

/* Sleep until something happens, at most so long. */
static void sleep_ms(struct cdn_otlp *otlp, uint64_t ms)
{
    struct pollfd readable = {.fd = otlp->wake, .events = POLLIN};
    uint64_t times;

    if (atomic_load(&otlp->stopping))
        return;
    if (poll(&readable, 1, (int)ms) > 0)
        (void)!read(otlp->wake, &times, sizeof times);
    atomic_store(&otlp->woken, false);
}

/* Before a try: the receiver's own word, or twice as long each time. */
static void wait_before_try(struct cdn_otlp *otlp, uint32_t tries, uint32_t after_s)
{
    uint64_t ms = (uint64_t)otlp->options.retry_ms << (tries < 16 ? tries : 16);
    uint64_t until, now;

    if (ms > MOST_BETWEEN_MS)
        ms = MOST_BETWEEN_MS;
    if (after_s)
        ms = 1000 *
             (uint64_t)(after_s < MOST_RETRY_AFTER_S ? after_s : MOST_RETRY_AFTER_S);
    until = cdn_clock_ns() + ms * 1000000;
    while ((now = cdn_clock_ns()) < until && !atomic_load(&otlp->stopping))
        sleep_ms(otlp, (until - now) / 1000000 + 1);
}

static bool worth_another(unsigned status)
{
    return !status || status == 429 || status == 502 || status == 503 || status == 504;
}

static void accepted(struct cdn_otlp *otlp, const struct cdn_otlp_answer *answer,
                     size_t spans)
{
    uint64_t rejected = cdn_otlp_rejected(answer->body, answer->bytes);

    rejected = rejected < spans ? rejected : spans;
    count(&otlp->requests, 1);
    count(&otlp->exported, spans - rejected);
    count(&otlp->refused, rejected);
    if (rejected)
        cdn_log_say(otlp->options.log, CORDON_LEVEL_WARNING, "trace.refused",
                    "the collector refused some spans of a batch");
}

static void complain(struct cdn_otlp *otlp, const struct cdn_otlp_answer *answer,
                     const char *what)
{
    if (answer->status)
        cdn_log_say(otlp->options.log, CORDON_LEVEL_WARNING, "trace.failed",
                    "the collector answered %u; %s", answer->status, what);
    else
        cdn_log_say(otlp->options.log, CORDON_LEVEL_WARNING, "trace.failed",
                    "the collector: %s; %s", answer->error, what);
}

/* One batch, which is in the body, as often as it takes. */
static void deliver(struct cdn_otlp *otlp, size_t spans)
{
    struct cdn_otlp_answer answer;

    for (uint32_t tries = 0;; tries++) {
        bool last;

        if (give_up(otlp)) {
            count(&otlp->stopped, spans);
            return;
        }
        cdn_otlp_post_send(&answer, otlp->post, otlp->body.data, otlp->body.length);
        if (answer.status >= 200 && answer.status < 300) {
            accepted(otlp, &answer, spans);
            return;
        }
        if (!worth_another(answer.status)) {
            count(&otlp->refused, spans);
            complain(otlp, &answer, "these spans are lost");
            return;
        }
        last = tries >= otlp->options.retries || atomic_load(&otlp->stopping);
        complain(otlp, &answer, last ? "these spans are lost" : "trying again");
        if (last) {
            count(give_up(otlp) ? &otlp->stopped : &otlp->unreachable, spans);
            return;
        }
        count(&otlp->retried, 1);
        wait_before_try(otlp, tries, answer.retry_after_s);
    }
}

/* A batch, if there is a span; false: there is none. */
static bool export_some(struct cdn_otlp *otlp)
{
    size_t spans = 0;

    while (spans < otlp->options.batch &&
           cdn_span_ring_take(&otlp->batch[spans], &otlp->ring))
        spans++;
    if (!spans)
        return false;
    cdn_buf_clear(&otlp->body);
    cdn_otlp_json(&otlp->body, otlp->service, otlp->batch, spans);
    if (otlp->body.failed) {
        cdn_buf_deinit(&otlp->body);
        otlp->body = (struct cdn_buf){0};
        count(&otlp->stopped, spans);
        cdn_log_say(otlp->options.log, CORDON_LEVEL_ERROR, "trace.failed",
                    "out of memory; these spans are lost");
        return true;
    }
    deliver(otlp, spans);
    return true;
}

static void *exporter(void *arg)
{
    struct cdn_otlp *otlp = arg;

    for (;;) {
        bool last =
            atomic_load(&otlp->stopping); /* before what it leaves is looked for */

        while (export_some(otlp))
            continue;
        if (last)
            return NULL;
        sleep_ms(otlp, otlp->options.interval_ms);
    }
}

/* ---- opening and closing ---- */

static void set_defaults(struct cdn_otlp_options *own)
{
    own->queue = own->queue ? own->queue : 4096;
    own->batch = own->batch ? own->batch : 512;
    own->batch = own->batch < own->queue ? own->batch : own->queue;
    own->interval_ms = own->interval_ms ? own->interval_ms : 250;
    own->timeout_ms = own->timeout_ms ? own->timeout_ms : 10000;
    own->retries = own->retries ? own->retries : 5;
    own->retry_ms = own->retry_ms ? own->retry_ms : 500;
    own->close_ms = own->close_ms ? own->close_ms : 3000;
}

static void destroy(struct cdn_otlp *otlp)
{
    cdn_otlp_post_close(otlp->post);
    if (otlp->wake >= 0)
        close(otlp->wake);
    cdn_span_ring_deinit(&otlp->ring);
    cdn_buf_deinit(&otlp->body);
    cdn_free(otlp->batch);
    cdn_free(otlp->service);
    cdn_free(otlp);
}

static cordon_status start_exporter(struct cdn_otlp *otlp, cordon_error *err)
{
    sigset_t all, before;
    int failure;

    /* signals are the main thread's; SIGPIPE would end the process */
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    failure = pthread_create(&otlp->thread, NULL, exporter, otlp);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return failure ? cdn_error_errno(err, failure, "the exporter's thread") : CORDON_OK;
}

static cordon_status set_up(struct cdn_otlp *otlp,
                            const struct cdn_otlp_options *options, cordon_error *err)
{
    cordon_status status = cdn_span_ring_init(&otlp->ring, otlp->options.queue, err);

    if (status)
        return status;
    otlp->service = cdn_strdup(options->service ? options->service : "cordon");
    otlp->batch = cdn_realloc_array(NULL, otlp->options.batch, sizeof *otlp->batch);
    if (!otlp->service || !otlp->batch)
        return cdn_error_nomem(err);
    otlp->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (otlp->wake < 0)
        return cdn_error_errno(err, errno, "the exporter's eventfd");
    status = cdn_otlp_post_open(&otlp->post, options->endpoint, options->headers,
                                options->header_count, options->ca_file,
                                otlp->options.timeout_ms, give_up, otlp, err);
    return status ? status : start_exporter(otlp, err);
}

cordon_status cdn_otlp_open(struct cdn_otlp **out,
                            const struct cdn_otlp_options *options, cordon_error *err)
{
    struct cdn_otlp *otlp = cdn_calloc(1, sizeof *otlp);
    cordon_status status;

    *out = NULL;
    if (!otlp)
        return cdn_error_nomem(err);
    otlp->options = *options;
    otlp->wake = -1;
    set_defaults(&otlp->options);
    status = set_up(otlp, options, err);
    if (status) {
        destroy(otlp);
        return status;
    }
    *out = otlp;
    return CORDON_OK;
}

void cdn_otlp_close(struct cdn_otlp *otlp)
{
    if (!otlp)
        return;
    atomic_store(&otlp->stop_ns,
                 cdn_clock_ns() + (uint64_t)otlp->options.close_ms * 1000000);
    atomic_store(&otlp->stopping, true);
    atomic_store(&otlp->woken, false);
    wake(otlp);
    pthread_join(otlp->thread, NULL);
    destroy(otlp);
}

/* ---- figures ---- */

void cdn_otlp_get_stats(struct cdn_otlp_stats *out, struct cdn_otlp *otlp)
{
    *out = (struct cdn_otlp_stats){
        .exported = atomic_load(&otlp->exported),
        .full = atomic_load(&otlp->full),
        .refused = atomic_load(&otlp->refused),
        .unreachable = atomic_load(&otlp->unreachable),
        .stopped = atomic_load(&otlp->stopped),
        .requests = atomic_load(&otlp->requests),
        .retried = atomic_load(&otlp->retried),
        .queued = cdn_span_ring_used(&otlp->ring),
    };
}

void cdn_otlp_metrics(struct cdn_buf *out, struct cdn_otlp *otlp)
{
    struct cdn_otlp_stats now;

    if (!otlp)
        return;
    cdn_otlp_get_stats(&now, otlp);
    cdn_buf_printf(out,
                   "# HELP cordon_trace_spans_exported_total Spans a collector took.\n"
                   "# TYPE cordon_trace_spans_exported_total counter\n"
                   "cordon_trace_spans_exported_total %" PRIu64 "\n"
                   "# HELP cordon_trace_spans_dropped_total Spans that were lost.\n"
                   "# TYPE cordon_trace_spans_dropped_total counter\n"
                   "cordon_trace_spans_dropped_total{reason=\"full\"} %" PRIu64 "\n"
                   "cordon_trace_spans_dropped_total{reason=\"refused\"} %" PRIu64 "\n"
                   "cordon_trace_spans_dropped_total{reason=\"unreachable\"} %" PRIu64
                   "\n"
                   "cordon_trace_spans_dropped_total{reason=\"stopped\"} %" PRIu64 "\n",
                   now.exported, now.full, now.refused, now.unreachable, now.stopped);
    cdn_buf_printf(out,
                   "# HELP cordon_trace_retries_total Batches that were sent again.\n"
                   "# TYPE cordon_trace_retries_total counter\n"
                   "cordon_trace_retries_total %" PRIu64 "\n"
                   "# HELP cordon_trace_queue_spans Spans that wait to be sent.\n"
                   "# TYPE cordon_trace_queue_spans gauge\n"
                   "cordon_trace_queue_spans %" PRIu64 "\n",
                   now.retried, now.queued);
}
