/* Spans out: OTLP over HTTP, in its JSON encoding, to a collector's /v1/traces.
 *
 * Source: the OpenTelemetry protocol, 1.x (https://opentelemetry.io/docs/specs/otlp/), whose
 * rules on retries are kept: 429, 502, 503, 504 and no answer at all are tried again, by the
 * receiver's Retry-After or at doubling intervals; any other refusal is final.
 *
 * Spans go through a ring of fixed size (span_ring.h); a thread of the exporter's takes them out
 * in batches and is the only one that ever waits for the receiver.  A receiver that is slow,
 * failing or absent costs spans, which are counted, and nothing else.
 *
 * Threads: every function is safe from any thread, but open and close. */
#ifndef CDN_SERVER_OTLP_H
#define CDN_SERVER_OTLP_H

#include <stddef.h>
#include <stdint.h>

#include <cordon/error.h>
#include <cordon/metrics.h>

#include "base/buf.h"
#include "server/log.h"
#include "server/span_ring.h"
#include "server/traceparent.h"

/* Zero in a field means its default, given behind it. */
struct cdn_otlp_options {
    /* The collector, http or https; "/v1/traces" is added to its path, unless it ends so. */
    const char *endpoint;
    const char *service;        /* service.name ("cordon") */
    const char *const *headers; /* "Name: value", sent with each batch */
    size_t header_count;
    const char *ca_file;  /* whose certificates are trusted (the system's) */
    uint32_t queue;       /* spans, a power of two (4096) */
    uint32_t batch;       /* spans in a request at most (512) */
    uint32_t interval_ms; /* how long a span waits for others (250) */
    uint32_t timeout_ms;  /* of a request (10,000) */
    uint32_t retries;     /* of a batch (5) */
    uint32_t retry_ms;    /* before the first; then twice that, ... (500) */
    uint32_t close_ms;    /* how long a close goes on sending (3000) */
    struct cdn_log *log;  /* told of failures; may be NULL */
};

/* Counted since open. */
struct cdn_otlp_stats {
    uint64_t exported;    /* spans that the receiver took */
    uint64_t full;        /* spans lost: the ring was full */
    uint64_t refused;     /* the receiver did not want them */
    uint64_t unreachable; /* all tries failed */
    uint64_t stopped;     /* there was no time left at the end */
    uint64_t requests;    /* that were answered with 200 */
    uint64_t retried;     /* requests that were tried again */
    uint64_t queued;      /* in the ring now */
};

struct cdn_otlp;

/* A request that has been answered. */
struct cdn_otlp_request {
    const char *method; /* both static storage */
    const char *route;
    unsigned status;
    uint64_t reply_bytes;
    int64_t start_ns; /* since 1970 UTC */
    uint64_t duration_ns;
    const char *request_id;
    const char *caller;
};

/* Ownership: *out is the caller's; cdn_otlp_close() it.  The options are copied, the log is
 *            borrowed.  Starts a thread.
 * Errors:    CORDON_E_INVALID the endpoint, a header or a number, CORDON_E_NOMEM, CORDON_E_IO. */
cordon_status cdn_otlp_open(struct cdn_otlp **out,
                            const struct cdn_otlp_options *options, cordon_error *err);
/* Send what is there, as far as close_ms goes, and end.  Accepts NULL. */
void cdn_otlp_close(struct cdn_otlp *otlp);

/* Both do nothing where the trace is not sampled, or `otlp` is NULL; no lock, no allocation. */
void cdn_otlp_request(struct cdn_otlp *otlp, const struct cdn_traceparent_span *own,
                      const struct cdn_otlp_request *request);
/* Of an engine's observer: `ud` is the exporter.  A span without a traceparent is not
 * sampled. */
void cdn_otlp_evaluation(void *ud, const cordon_span *from);

void cdn_otlp_get_stats(struct cdn_otlp_stats *out, struct cdn_otlp *otlp);
/* The same as Prometheus text; nothing for NULL. */
void cdn_otlp_metrics(struct cdn_buf *out, struct cdn_otlp *otlp);

#endif
