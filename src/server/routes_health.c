/* Health, readiness, metrics, and how the server stands. */
#include "server/pieces.h"

#include <string.h>

#include <cordon/version.h>

#include "base/clock.h"
#include "server/exchange.h"
#include "server/host.h"
#include "server/lane.h"
#include "server/server.h"

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
    if (__atomic_load_n(&host->upkeep_failed, __ATOMIC_RELAXED))
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
    {.path = NULL},
};
