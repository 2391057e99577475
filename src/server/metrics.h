/* The server's own metrics: requests by route, method and code, what is under way, and what was
 * turned away.  The engine's are the engine's (cordon/metrics.h); GET /metrics gives both.
 *
 * Each lane has counters of its own, which its thread alone writes to: counting costs two stores that
 * nobody else waits for.  Whoever reads them adds them up.  Labels are templates of routes and
 * codes, never anything of a request's. */
#ifndef CDN_SERVER_METRICS_H
#define CDN_SERVER_METRICS_H

#include <stdint.h>

#include "base/buf.h"
#include "server/route.h"

struct cdn_counts;
struct cdn_host;
struct cdn_lane;

struct cdn_counts *cdn_counts_new(void); /* NULL: out of memory */
void cdn_counts_free(struct cdn_counts *counts);

/* A request has come to this thread, and one has been answered; not always the same. */
void cdn_counts_begin(struct cdn_counts *counts);
void cdn_counts_end(struct cdn_counts *counts, const struct cdn_route *route,
                    unsigned status, uint64_t took_ns);

/* Append the server's metrics as Prometheus text. */
void cdn_metrics_write(struct cdn_buf *out, struct cdn_host *host);

/* How many requests are under way, in all lanes. */
uint64_t cdn_metrics_in_flight(struct cdn_host *host);

#endif
