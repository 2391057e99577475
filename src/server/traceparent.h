/* W3C trace context (https://www.w3.org/TR/trace-context/, level 1): which trace an exchange
 * belongs to, and the span that is ours.
 *
 *     00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01
 *     version, trace, span of whoever calls, flags (01: sampled)
 *
 * A header that is none is as if it had not been sent; one of a later version is read as far
 * as version 00 goes.  Whether a trace is recorded is said by the first of its servers, and
 * honoured by the others. */
#ifndef CDN_SERVER_TRACEPARENT_H
#define CDN_SERVER_TRACEPARENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CDN_TRACE_ID_BYTES    16
#define CDN_TRACE_SPAN_BYTES  8
#define CDN_TRACEPARENT_BYTES 55 /* of the header's text */
#define CDN_TRACE_WHOLE       10000

struct cdn_traceparent {
    unsigned char trace_id[CDN_TRACE_ID_BYTES];
    unsigned char span_id[CDN_TRACE_SPAN_BYTES];
    bool sampled;
};

/* What an exchange's spans need to know of each other. */
struct cdn_traceparent_span {
    struct cdn_traceparent own;
    unsigned char parent_id[CDN_TRACE_SPAN_BYTES]; /* zeros: it has none */
    char header[CDN_TRACEPARENT_BYTES + 1];        /* what is handed on */
    char trace_id[2 * CDN_TRACE_ID_BYTES + 1];     /* as text, for logs */
};

/* False: `text`, which may be NULL, is no traceparent; *out is not changed. */
bool cdn_traceparent_parse(struct cdn_traceparent *out, const char *text);
/* Returns out. */
char *cdn_traceparent_format(char out[CDN_TRACEPARENT_BYTES + 1],
                             const struct cdn_traceparent *of);

/* Begin a span of a trace that came in, or of a new one, of which `sample` in 10,000 are
 * recorded.  No lock, no allocation, and no system call but a thread's first. */
void cdn_traceparent_begin(struct cdn_traceparent_span *out, const char *traceparent,
                           unsigned sample);
/* A span's name nobody else has, but by an accident of one in 2^64; never zeros. */
void cdn_traceparent_new_span(unsigned char out[CDN_TRACE_SPAN_BYTES]);

#endif
