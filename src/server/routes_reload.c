/* POST /v1/reload: look now at everything that is followed, and say what came of it. */
#include "server/exchange.h"
#include "server/host.h"
#include "server/pieces.h"
#include "server/reload.h"

/* 200: all is as its files say, but for what takes a new start, which is named; 409 with what could not be taken over: what was served stays. */
static void reload_now(struct cdn_exchange *x)
{
    struct cdn_reload *reload = x->host->reload;
    bool good = cdn_reload_now(reload);
    struct cdn_json *json = cdn_exchange_reply(x, good ? 200 : 409);

    cdn_json_object(json);
    cdn_json_key_cstr(json, "status", good ? "reloaded" : "failed");
    cdn_reload_write(json, reload, true);
    cdn_reload_write_restart(json, reload);
    cdn_json_object_end(json);
}

const struct cdn_route cdn_routes_reload[] = {
    {.method = CDN_METHOD_POST,
     .path = "/v1/reload",
     .right = CDN_RIGHT_PROMOTE,
     .place = CDN_PLACE_WORKER,
     .handle = reload_now,
     .operation = "reload",
     .summary = "Look now at all that is followed, and read configuration and "
                "certificate again; 409 says what was not taken over",
     .query = "pretty",
     .response = "Reload"},
    {.path = NULL},
};
