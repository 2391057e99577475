/* Health, readiness, metrics, and how the server stands. */
#include "server/pieces.h"

#include <cordon/version.h>

#include "base/clock.h"
#include "server/exchange.h"
#include "server/host.h"
#include "server/lane.h"
#include "server/metrics.h"
#include "server/reload.h"
#include "server/server.h"
#include "server/work.h"

/* GET /healthz: the process answers, and so its event loops do. */
static void live(struct cdn_exchange *x)
{
    struct cdn_json *json = cdn_exchange_reply(x, 200);

    cdn_json_object(json);
    cdn_json_key_cstr(json, "status", "ok");
    cdn_json_object_end(json);
}

/* Why no work should be sent here; NULL: it should. */
static const char *unready(const struct cdn_host *host)
{
    if (__atomic_load_n(&host->draining, __ATOMIC_RELAXED))
        return "draining";
    if (cdn_reload_failed(host->reload))
        return "reload_failed";
    return NULL;
}

/* GET /readyz */
static void ready(struct cdn_exchange *x)
{
    const char *why = unready(x->host);
    struct cdn_json *json = cdn_exchange_reply(x, why ? 503 : 200);

    cdn_json_object(json);
    cdn_json_key_cstr(json, "status", why ? "unavailable" : "ready");
    if (why)
        cdn_json_key_cstr(json, "reason", why);
    cdn_reload_write(json, x->host->reload, false);
    cdn_json_object_end(json);
}

/* The engine's text behind the server's, in the lane's buffer; false: answered. */
static bool engine_metrics(struct cdn_exchange *x)
{
    struct cdn_buf *text = &x->lane->scratch;
    size_t bytes = 64 * 1024;
    cordon_status status;
    cordon_error err;

    do {
        cdn_buf_clear(text);
        if (!cdn_buf_reserve(text, bytes)) {
            cdn_exchange_fail(x, CORDON_E_NOMEM, NULL);
            return false;
        }
        status = cordon_engine_metrics((char *)text->data, text->capacity, &bytes,
                                       x->host->engine, &err);
        bytes += 4096; /* rules may be added meanwhile */
    } while (status == CORDON_E_DATA);
    if (status) {
        cdn_exchange_fail(x, status, &err);
        return false;
    }
    text->length = bytes - 4096;
    return true;
}

/* GET /metrics */
static void metrics(struct cdn_exchange *x)
{
    struct cdn_buf *text = &x->lane->scratch;

    if (!engine_metrics(x))
        return;
    cdn_metrics_write(text, x->host);
    if (text->failed)
        cdn_exchange_fail(x, CORDON_E_NOMEM, NULL);
    else
        cdn_exchange_text(x, 200, "text/plain; version=0.0.4; charset=utf-8",
                          text->data, text->length);
}

static void write_logs(struct cdn_json *json, const struct cdn_host *host)
{
    cordon_audit_stats stats = CORDON_AUDIT_STATS_INIT;

    cdn_json_key(json, "audit");
    if (!host->audit || cordon_audit_get_stats(&stats, host->audit, NULL)) {
        cdn_json_null(json);
    } else {
        cdn_json_object(json);
        cdn_json_key_uint(json, "recorded", stats.recorded);
        cdn_json_key_uint(json, "written", stats.written);
        cdn_json_key_uint(json, "dropped", stats.dropped);
        cdn_json_object_end(json);
    }
    cdn_json_key_bool(json, "proposals", host->proposals != NULL);
}

static void write_load(struct cdn_json *json, struct cdn_host *host)
{
    struct cdn_workers_stats stats = {0};

    if (host->workers)
        cdn_workers_get_stats(&stats, host->workers);
    cdn_json_key(json, "load");
    cdn_json_object(json);
    cdn_json_key_uint(json, "in_flight", cdn_metrics_in_flight(host));
    cdn_json_key_uint(json, "waiting", stats.waiting);
    cdn_json_key_uint(json, "workers_running", stats.running);
    cdn_json_key_uint(json, "workers", host->options->workers);
    cdn_json_key_uint(json, "queue", host->options->queue);
    cdn_json_key_uint(json, "shed", stats.refused);
    cdn_json_object_end(json);
}

/* GET /v1/status */
static void status(struct cdn_exchange *x)
{
    struct cdn_host *host = x->host;
    const char *why = unready(host);
    struct cdn_json *json = cdn_exchange_reply(x, 200);
    uint64_t sequence = __atomic_load_n(&host->registry_sequence, __ATOMIC_RELAXED);

    cdn_json_object(json);
    cdn_json_key_uint(json, "schema_version", 1);
    cdn_json_key_cstr(json, "version", cordon_version());
    cdn_json_key_cstr(json, "status", why ? why : "ready");
    cdn_json_key(json, "started_ms");
    cdn_json_int(json, host->started_ms);
    cdn_json_key(json, "uptime_ms");
    cdn_json_int(json, cdn_clock_wall_ms() - host->started_ms);
    cdn_json_key(json, "registry_sequence");
    if (host->registry)
        cdn_json_uint(json, sequence);
    else
        cdn_json_null(json);
    write_load(json, host);
    write_logs(json, host);
    cdn_reload_write(json, host->reload, true);
    cdn_reload_write_restart(json, host->reload);
    cdn_json_object_end(json);
}

const struct cdn_route cdn_routes_health[] = {
    {.method = CDN_METHOD_GET,
     .path = "/healthz",
     .right = CDN_RIGHT_ANYBODY,
     .place = CDN_PLACE_LOOP,
     .handle = live,
     .operation = "healthz",
     .summary = "Does the process answer?",
     .response = "Health"},
    {.method = CDN_METHOD_GET,
     .path = "/readyz",
     .right = CDN_RIGHT_ANYBODY,
     .place = CDN_PLACE_LOOP,
     .handle = ready,
     .operation = "readyz",
     .summary = "Should work be sent here?  503 says why not",
     .response = "Readiness"},
    {.method = CDN_METHOD_GET,
     .path = "/metrics",
     .right = CDN_RIGHT_READ,
     .place = CDN_PLACE_WORKER,
     .handle = metrics,
     .operation = "metrics",
     .summary = "The engine's metrics and the server's, as Prometheus text",
     .response = "Metrics"},
    {.method = CDN_METHOD_GET,
     .path = "/v1/status",
     .right = CDN_RIGHT_READ,
     .place = CDN_PLACE_LOOP,
     .handle = status,
     .operation = "status",
     .summary = "How the server stands: readiness, load, logs",
     .query = "pretty",
     .response = "Status"},
    {.path = NULL},
};
