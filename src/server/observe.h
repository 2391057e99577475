/* What is told of each exchange: a line of the log, a span, and the trace that evaluations of
 * it belong to.  dispatch.c calls both where an exchange begins and when it has been answered. */
#ifndef CDN_SERVER_OBSERVE_H
#define CDN_SERVER_OBSERVE_H

#include <stdint.h>

#include "server/exchange.h"

/* Which trace it belongs to, into x->trace.  Where no spans are exported that is the trace that
 * came in, if one did. */
void cdn_observe_begin(struct cdn_exchange *x);
/* What evaluations are told of it; NULL: it belongs to no trace. */
const char *cdn_observe_traceparent(const struct cdn_exchange *x);
/* It has been answered, with this code and after so long. */
void cdn_observe_end(struct cdn_exchange *x, unsigned status, uint64_t duration_ns);

/* What became of lines and spans, as Prometheus text. */
void cdn_observe_metrics(struct cdn_buf *out, struct cdn_host *host);

#endif
