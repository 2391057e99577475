/* Shadows: versions that run beside the one that decides, and what they decided otherwise.
 *
 * A shadow never decides and its cases may fail: it is how a version is looked at before it is
 * trusted.  PUT says which shadows there are from now on, in place of those before. */
#include "server/pieces.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "codec/standing.h"
#include "server/admin.h"
#include "server/evidence.h"
#include "server/host.h"
#include "server/repeat.h"

#define SCHEMA_VERSION 1
#define MOST_LOOKED    10000u

/* ---- reading ---- */

static void write_shadows(struct cdn_json *json, const struct cdn_host *host,
                          const cordon_standing *standing)
{
    cdn_json_object(json);
    cdn_json_standing(json, standing);
    cdn_evidence_write(json, host->engine, standing->name, true);
    cdn_json_object_end(json);
}

/* GET /v1/shadows */
static void list(struct cdn_exchange *x)
{
    cordon_standing standing = {.struct_size = sizeof standing};
    cordon_status status = CORDON_OK;
    struct cdn_page page;
    struct cdn_json *json;
    uint64_t listed = 0, looked = 0;
    cordon_error err;

    if (!cdn_page_read(&page, x) || !cdn_admin_has_registry(x))
        return;
    (void)snprintf(standing.name, sizeof standing.name, "%s",
                   page.cursor ? page.cursor : "");
    json = cdn_exchange_reply(x, 200);
    cdn_json_object(json);
    cdn_json_key_uint(json, "schema_version", SCHEMA_VERSION);
    cdn_json_key(json, "shadows");
    cdn_json_array(json);
    for (; listed < page.limit && looked < MOST_LOOKED; looked++) {
        char after[CORDON_RULE_MAX_NAME_BYTES + 1];

        memcpy(after, standing.name, sizeof after);
        status = cordon_registry_next(&standing, x->host->registry,
                                      *after ? after : NULL, &err);
        if (status)
            break;
        if (!standing.shadow_count)
            continue;
        write_shadows(json, x->host, &standing);
        listed++;
    }
    if (status && status != CORDON_E_NOTFOUND) {
        cdn_exchange_fail(x, status, &err);
        return;
    }
    cdn_json_array_end(json);
    cdn_json_key_cstr(json, "next", status ? NULL : standing.name);
    cdn_json_object_end(json);
}

/* GET /v1/shadows/{id} */
static void show(struct cdn_exchange *x)
{
    cordon_standing standing;

    if (!cdn_admin_standing(&standing, x))
        return;
    write_shadows(cdn_exchange_reply(x, 200), x->host, &standing);
    cdn_admin_etag(x, standing.revision);
}

/* ---- changing ---- */

struct wanted {
    uint32_t count;
    cordon_rollout_shadow shadows[CORDON_REGISTRY_MAX_SHADOWS];
};

static bool take_shadow(struct cdn_exchange *x, struct wanted *out, uint64_t version,
                        double rate)
{
    double points = rate * CORDON_WHOLE;

    if (!version || version > UINT32_MAX)
        cdn_exchange_problem(x, 400, "body", "\"version\" must be a version's number");
    else if (!(points >= 1 && points <= CORDON_WHOLE) ||
             fabs(points - round(points)) > 1e-6)
        cdn_exchange_problem(x, 400, "body",
                             "\"sample_rate\" must be 0.0001 to 1, in ten-thousandths");
    else if (out->count == CORDON_REGISTRY_MAX_SHADOWS)
        cdn_exchange_problem(x, 400, "body", "at most %d shadows at once",
                             CORDON_REGISTRY_MAX_SHADOWS);
    else
        out->shadows[out->count++] =
            (cordon_rollout_shadow){(uint32_t)version, (uint32_t)lround(points)};
    return !x->status;
}

static bool take_list(struct cdn_exchange *x, struct wanted *out,
                      const cordon_value *list)
{
    cordon_value_iter iter;
    cordon_value item;

    if (list->type != CORDON_ARRAY) {
        cdn_exchange_problem(x, 400, "body",
                             "\"shadows\" must be a list of {\"version\", "
                             "\"sample_rate\"}");
        return false;
    }
    cordon_value_iter_init(&iter, list);
    while (cordon_value_next(&iter, NULL, &item)) {
        uint64_t version = 0;
        double rate = 1;
        struct cdn_field fields[] = {
            {"version", CDN_FIELD_COUNT, &version, false},
            {"sample_rate", CDN_FIELD_NUMBER, &rate, false},
        };

        if (!cdn_fields_read(x, &item, "shadows", fields, 2) ||
            !take_shadow(x, out, version, rate))
            return false;
    }
    return true;
}

static bool take_body(struct cdn_exchange *x, struct wanted *out, cordon_value *reason,
                      const cordon_standing *standing)
{
    uint64_t version = standing->newest;
    double rate = 1;
    cordon_value list = {.type = CORDON_NIL};
    struct cdn_field fields[] = {
        {"version", CDN_FIELD_COUNT, &version, false},
        {"sample_rate", CDN_FIELD_NUMBER, &rate, false},
        {"shadows", CDN_FIELD_ANY, &list, false},
        {"reason", CDN_FIELD_TEXT, reason, false},
    };

    if (!cdn_fields_body(x, fields, sizeof fields / sizeof *fields))
        return false;
    if (!fields[2].given)
        return take_shadow(x, out, version, rate);
    if (!fields[0].given && !fields[1].given)
        return take_list(x, out, &list);
    cdn_exchange_problem(x, 400, "body",
                         "say one shadow, {\"version\", \"sample_rate\"}, or all of "
                         "them, {\"shadows\": [...]}");
    return false;
}

static void apply(struct cdn_exchange *x, const cordon_standing *standing,
                  const struct wanted *wanted, const struct cdn_admin_change *change)
{
    cordon_error err;
    cordon_status status =
        cordon_registry_shadows(x->host->registry, standing->name, wanted->shadows,
                                wanted->count, &change->change, &err);

    if (status)
        cdn_admin_refused(x, NULL, status, &err);
    else
        cdn_admin_changed(x, change);
}

/* PUT /v1/shadows/{id} */
static void put(struct cdn_exchange *x)
{
    struct cdn_admin_change change;
    cordon_value reason = {.type = CORDON_NIL};
    cordon_standing standing;
    struct wanted wanted = {0};

    if (cdn_admin_standing(&standing, x) && take_body(x, &wanted, &reason, &standing) &&
        cdn_admin_change(&change, x, &reason, standing.revision))
        apply(x, &standing, &wanted, &change);
}

/* DELETE /v1/shadows/{id}: all of them, or ?version= */
static void stop(struct cdn_exchange *x)
{
    struct cdn_admin_change change;
    cordon_standing standing;
    struct wanted wanted = {0};
    uint64_t version = 0;
    bool found = false;

    if (!cdn_exchange_query_number(x, &version, "version", 1, UINT32_MAX) ||
        !cdn_admin_standing(&standing, x) ||
        !cdn_admin_change(&change, x, NULL, standing.revision))
        return;
    for (uint32_t i = 0; i < standing.shadow_count; i++) {
        found |= !version || standing.shadows[i].version == version;
        if (version && standing.shadows[i].version != version)
            wanted.shadows[wanted.count++] = standing.shadows[i];
    }
    if (version && !found) {
        cdn_exchange_problem(x, 404, "not-found",
                             "version %" PRIu64 " of '%s' runs in no shadow", version,
                             standing.name);
        return;
    }
    if (wanted.count && !change.change.expect_revision)
        change.change.expect_revision = standing.revision; /* the others are kept */
    apply(x, &standing, &wanted, &change);
}

static void put_once(struct cdn_exchange *x)
{
    cdn_repeat_once(x, put);
}

static void stop_once(struct cdn_exchange *x)
{
    cdn_repeat_once(x, stop);
}

const struct cdn_route cdn_routes_shadows[] = {
    {.method = CDN_METHOD_GET,
     .path = "/v1/shadows",
     .right = CDN_RIGHT_READ,
     .place = CDN_PLACE_WORKER,
     .handle = list,
     .operation = "listShadows",
     .summary = "Rules with versions in the shadow, and what those did",
     .query = "limit cursor pretty",
     .response = "ShadowList"},
    {.method = CDN_METHOD_GET,
     .path = "/v1/shadows/{id}",
     .right = CDN_RIGHT_READ,
     .place = CDN_PLACE_WORKER,
     .handle = show,
     .operation = "showShadows",
     .summary = "A rule's shadows, and how often they decided otherwise",
     .query = "pretty",
     .response = "Shadows"},
    {.method = CDN_METHOD_PUT,
     .path = "/v1/shadows/{id}",
     .right = CDN_RIGHT_AUTHOR,
     .place = CDN_PLACE_WORKER,
     .handle = put_once,
     .operation = "putShadows",
     .summary = "Run versions in the shadow, in place of those that do",
     .query = "dry_run pretty",
     .request = "ShadowsPut",
     .response = "Changed"},
    {.method = CDN_METHOD_DELETE,
     .path = "/v1/shadows/{id}",
     .right = CDN_RIGHT_AUTHOR,
     .place = CDN_PLACE_WORKER,
     .handle = stop_once,
     .operation = "deleteShadows",
     .summary = "Run no version in the shadow any more, or one less",
     .query = "shadows.version dry_run pretty",
     .response = "Changed"},
    {.path = NULL},
};
