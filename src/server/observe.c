/* What is told of each exchange.
 *
 * Neither a path nor a query is: both may hold keys of nodes.  The route's template says enough
 * to find out which requests are slow or fail, and the request's name leads to the one. */
#include "server/observe.h"

#include <inttypes.h>

#include "base/clock.h"
#include "server/host.h"
#include "server/log.h"
#include "server/otlp.h"
#include "server/server.h"

/* Of 10,000. */
static unsigned sample_of(const struct cdn_server_options *options)
{
    if (options->trace_none)
        return 0;
    return options->trace_sample ? options->trace_sample : CDN_TRACE_WHOLE;
}

void cdn_observe_begin(struct cdn_exchange *x)
{
    const char *header = cdn_exchange_header(x, "traceparent");
    struct cdn_traceparent in;

    x->trace.header[0] = '\0';
    x->trace.trace_id[0] = '\0';
    if (x->host->otlp || cdn_traceparent_parse(&in, header))
        cdn_traceparent_begin(&x->trace, header, sample_of(x->host->options));
}

const char *cdn_observe_traceparent(const struct cdn_exchange *x)
{
    return x->trace.header[0] ? x->trace.header : NULL;
}

static const char *method_word(enum cdn_method method)
{
    static const char *const words[] = {"", "GET", "PUT", "POST", "DELETE"};

    return (unsigned)method < sizeof words / sizeof *words ? words[method] : "";
}

void cdn_observe_end(struct cdn_exchange *x, unsigned status, uint64_t duration_ns)
{
    const char *route = x->route ? x->route->path : "";

    if (cdn_log_wants_access(x->host->log))
        cdn_log_access(x->host->log, &(struct cdn_log_access){
                                         .method = method_word(x->method),
                                         .route = route,
                                         .status = status,
                                         .duration_ns = duration_ns,
                                         .bytes = x->reply.length,
                                         .request_id = x->request_id,
                                         .trace_id = x->trace.trace_id,
                                         .caller = x->caller.name,
                                     });
    if (x->host->otlp && x->trace.header[0])
        cdn_otlp_request(x->host->otlp, &x->trace,
                         &(struct cdn_otlp_request){
                             .method = method_word(x->method),
                             .route = route,
                             .status = status,
                             .reply_bytes = x->reply.length,
                             .start_ns = cdn_clock_wall_ns() - (int64_t)duration_ns,
                             .duration_ns = duration_ns,
                             .request_id = x->request_id,
                             .caller = x->caller.name,
                         });
}

void cdn_observe_metrics(struct cdn_buf *out, struct cdn_host *host)
{
    struct cdn_log_stats lines;

    cdn_log_get_stats(&lines, host->log);
    cdn_buf_printf(out,
                   "# HELP cordon_server_log_lines_total Lines of the server's log.\n"
                   "# TYPE cordon_server_log_lines_total counter\n"
                   "cordon_server_log_lines_total{result=\"written\"} %" PRIu64 "\n"
                   "cordon_server_log_lines_total{result=\"lost\"} %" PRIu64 "\n"
                   "cordon_server_log_lines_total{result=\"suppressed\"} %" PRIu64 "\n",
                   lines.written, lines.lost, lines.suppressed);
    cdn_otlp_metrics(out, host->otlp);
}
