/* What is in force, and from where each setting comes.
 *
 * The settings are told by whoever opened the server (server.h, `config`): it knows files,
 * environment and command line.  A secret one is told without its value.  What a reload has taken
 * over since is told as it stands now. */
#include "server/pieces.h"

#include "server/exchange.h"
#include "server/host.h"
#include "server/reload.h"
#include "server/server.h"

#define SCHEMA_VERSION 1

/* GET /v1/config */
static void show(struct cdn_exchange *x)
{
    const struct cdn_server_options *options = x->host->options;
    struct cdn_json *json = cdn_exchange_reply(x, 200);

    cdn_json_object(json);
    cdn_json_key_uint(json, "schema_version", SCHEMA_VERSION);
    cdn_json_key_cstr(json, "file", options->config_file);
    cdn_json_key(json, "settings");
    cdn_json_array(json);
    for (size_t i = 0; i < options->config_count; i++) {
        struct cdn_server_setting setting = options->config[i];
        char value[CDN_RELOAD_VALUE_BYTES];
        bool restart = cdn_reload_setting(&setting, value, x->host->reload);

        cdn_json_object(json);
        cdn_json_key_cstr(json, "name", setting.name);
        cdn_json_key_cstr(json, "value", setting.secret ? NULL : setting.value);
        cdn_json_key_cstr(json, "from", setting.from);
        if (setting.secret)
            cdn_json_key_bool(json, "secret", true);
        if (restart)
            cdn_json_key_bool(json, "restart", true);
        cdn_json_object_end(json);
    }
    cdn_json_array_end(json);
    cdn_json_key(json, "serves");
    cdn_json_object(json);
    cdn_json_key_cstr(json, "data", options->data);
    cdn_json_key_cstr(json, "registry", options->registry);
    cdn_json_key_cstr(json, "policy", options->policy);
    cdn_json_key_cstr(json, "audit", options->audit);
    cdn_json_key_bool(json, "audit_keyed",
                      options->audit_options && options->audit_options->key_file);
    cdn_json_key_cstr(json, "proposals", options->proposals);
    cdn_json_key_uint(json, "callers", cdn_auth_count(cdn_host_auth(x->host, x->lane)));
    cdn_json_object_end(json);
    cdn_json_object_end(json);
}

const struct cdn_route cdn_routes_config[] = {
    {.method = CDN_METHOD_GET,
     .path = "/v1/config",
     .right = CDN_RIGHT_READ,
     .place = CDN_PLACE_LOOP,
     .handle = show,
     .operation = "showConfig",
     .summary = "What is in force, and from where; secrets are left out",
     .query = "pretty",
     .response = "Config"},
    {.path = NULL},
};
