/* Rollouts: a version that decides for some, with the evidence for and against it.
 *
 * PUT says all of what a rollout is to be, so that it is the same when it is sent twice: one
 * canary ({"version": 4, "percent": 5}) or arms ({"arms": [{"version": 3, "percent": 10}]}), and
 * perhaps a guard that ends it.  Who gets which version is settled by a hash of rule and
 * subject, so a subject keeps its version when shares grow. */
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

#define SCHEMA_VERSION      1
#define MOST_LOOKED         10000u
#define DEFAULT_MIN_SAMPLES 1000u

/* ---- reading ---- */

static void write_rollout(struct cdn_json *json, const struct cdn_host *host,
                          const cordon_standing *standing)
{
    cdn_json_object(json);
    cdn_json_standing(json, standing);
    cdn_evidence_write(json, host->engine, standing->name, false);
    cdn_json_object_end(json);
}

/* GET /v1/rollouts: what is rolled out, and what a guard ended last */
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
    cdn_json_key(json, "rollouts");
    cdn_json_array(json);
    for (; listed < page.limit && looked < MOST_LOOKED; looked++) {
        char after[CORDON_RULE_MAX_NAME_BYTES + 1];

        memcpy(after, standing.name, sizeof after);
        status = cordon_registry_next(&standing, x->host->registry,
                                      *after ? after : NULL, &err);
        if (status)
            break;
        if (!standing.variant_count && !standing.evidence[0])
            continue;
        write_rollout(json, x->host, &standing);
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

/* GET /v1/rollouts/{id} */
static void show(struct cdn_exchange *x)
{
    cordon_standing standing;

    if (!cdn_admin_standing(&standing, x))
        return;
    write_rollout(cdn_exchange_reply(x, 200), x->host, &standing);
    cdn_admin_etag(x, standing.revision);
}

/* ---- beginning and changing ---- */

/* Per cent as basis points, exact to a hundredth. */
static bool take_variant(struct cdn_exchange *x, cordon_rollout *out,
                         cordon_variant kind, uint64_t version, double percent)
{
    double points = percent * 100;

    if (!version || version > UINT32_MAX)
        cdn_exchange_problem(x, 400, "body", "\"version\" must be a version's number");
    else if (!(points >= 1 && points <= CORDON_WHOLE) ||
             fabs(points - round(points)) > 1e-6)
        cdn_exchange_problem(x, 400, "body",
                             "\"percent\" must be 0.01 to 100, in hundredths");
    else if (out->variant_count == CORDON_REGISTRY_MAX_VARIANTS)
        cdn_exchange_problem(x, 400, "body", "at most %d arms at once",
                             CORDON_REGISTRY_MAX_VARIANTS);
    else
        out->variants[out->variant_count++] =
            (cordon_rollout_variant){(uint32_t)version, kind, (uint32_t)lround(points)};
    return !x->status;
}

static bool take_arms(struct cdn_exchange *x, cordon_rollout *out,
                      const cordon_value *arms)
{
    cordon_value_iter iter;
    cordon_value arm;

    if (arms->type != CORDON_ARRAY || !arms->length) {
        cdn_exchange_problem(x, 400, "body",
                             "\"arms\" must be a list of {\"version\", \"percent\"}");
        return false;
    }
    cordon_value_iter_init(&iter, arms);
    while (cordon_value_next(&iter, NULL, &arm)) {
        uint64_t version = 0;
        double percent = 0;
        struct cdn_field fields[] = {
            {"version", CDN_FIELD_COUNT, &version, false},
            {"percent", CDN_FIELD_NUMBER, &percent, false},
        };

        if (!cdn_fields_read(x, &arm, "arms", fields, 2) ||
            !take_variant(x, out, CORDON_VARIANT_ARM, version, percent))
            return false;
    }
    return true;
}

static bool take_guard(struct cdn_exchange *x, cordon_rollout *out,
                       const cordon_value *guard)
{
    cordon_guard *to = &out->guard;
    struct cdn_field fields[] = {
        {"min_samples", CDN_FIELD_COUNT, &to->min_samples, false},
        {"max_error_rate", CDN_FIELD_NUMBER, &to->max_error_rate, false},
        {"max_limit_rate", CDN_FIELD_NUMBER, &to->max_limit_rate, false},
        {"max_p99_ratio", CDN_FIELD_NUMBER, &to->max_p99_ratio, false},
        {"max_drift", CDN_FIELD_NUMBER, &to->max_drift, false},
    };

    to->min_samples = DEFAULT_MIN_SAMPLES;
    out->guarded = true;
    return cdn_fields_read(x, guard, "guard", fields, sizeof fields / sizeof *fields);
}

static bool take_rollout(struct cdn_exchange *x, cordon_rollout *out,
                         cordon_value *reason, const cordon_standing *standing)
{
    uint64_t version = standing->newest;
    double percent = 0;
    cordon_value arms = {.type = CORDON_NIL}, guard = {.type = CORDON_NIL};
    struct cdn_field fields[] = {
        {"version", CDN_FIELD_COUNT, &version, false},
        {"percent", CDN_FIELD_NUMBER, &percent, false},
        {"arms", CDN_FIELD_ANY, &arms, false},
        {"guard", CDN_FIELD_ANY, &guard, false},
        {"reason", CDN_FIELD_TEXT, reason, false},
    };

    *out = (cordon_rollout){.struct_size = sizeof *out};
    if (!cdn_fields_body(x, fields, sizeof fields / sizeof *fields))
        return false;
    if (fields[2].given == fields[1].given || (fields[2].given && fields[0].given)) {
        cdn_exchange_problem(x, 400, "body",
                             "a rollout is a canary, {\"version\", \"percent\"}, or "
                             "{\"arms\": [{\"version\", \"percent\"}]}");
        return false;
    }
    if (!(fields[2].given
              ? take_arms(x, out, &arms)
              : take_variant(x, out, CORDON_VARIANT_CANARY, version, percent)))
        return false;
    return !fields[3].given || take_guard(x, out, &guard);
}

/* PUT /v1/rollouts/{id} */
static void put(struct cdn_exchange *x)
{
    struct cdn_admin_check check = {.x = x};
    struct cdn_admin_change change;
    cordon_value reason = {.type = CORDON_NIL};
    cordon_standing standing;
    cordon_rollout rollout;
    cordon_error err;
    cordon_status status;

    if (!cdn_admin_standing(&standing, x) ||
        !take_rollout(x, &rollout, &reason, &standing) ||
        !cdn_admin_change(&change, x, &reason, standing.revision))
        return;
    status = cordon_registry_rollout(x->host->registry, standing.name, &rollout,
                                     cdn_admin_judge, &check, &change.change, &err);
    if (status)
        cdn_admin_refused(x, &check, status, &err);
    else
        cdn_admin_changed(x, &change);
    cdn_admin_check_deinit(&check);
}

/* ---- ending ---- */

/* POST /v1/rollouts/{id}:promote */
static void promote(struct cdn_exchange *x)
{
    uint64_t version = 0;
    cordon_value reason = {.type = CORDON_NIL};
    struct cdn_field fields[] = {
        {"version", CDN_FIELD_COUNT, &version, false},
        {"reason", CDN_FIELD_TEXT, &reason, false},
    };
    struct cdn_admin_check check = {.x = x};
    struct cdn_admin_change change;
    cordon_standing standing;
    cordon_error err;
    cordon_status status;

    if (!cdn_admin_standing(&standing, x) || !cdn_fields_body(x, fields, 2) ||
        !cdn_admin_change(&change, x, &reason, standing.revision))
        return;
    if (version > UINT32_MAX) {
        cdn_exchange_problem(x, 400, "body", "there can be no such \"version\"");
        return;
    }
    status =
        cordon_registry_promote(x->host->registry, standing.name, (uint32_t)version,
                                cdn_admin_judge, &check, &change.change, &err);
    if (status)
        cdn_admin_refused(x, &check, status, &err);
    else
        cdn_admin_changed(x, &change);
    cdn_admin_check_deinit(&check);
}

/* POST /v1/rollouts/{id}:abort */
static void end(struct cdn_exchange *x)
{
    cordon_value reason = {.type = CORDON_NIL};
    struct cdn_field fields[] = {{"reason", CDN_FIELD_TEXT, &reason, false}};
    struct cdn_admin_change change;
    cordon_standing standing;
    cordon_error err;
    cordon_status status;

    if (!cdn_admin_standing(&standing, x) || !cdn_fields_body(x, fields, 1) ||
        !cdn_admin_change(&change, x, &reason, standing.revision))
        return;
    status =
        cordon_registry_abort(x->host->registry, standing.name, &change.change, &err);
    if (status)
        cdn_admin_refused(x, NULL, status, &err);
    else
        cdn_admin_changed(x, &change);
}

static void put_once(struct cdn_exchange *x)
{
    cdn_repeat_once(x, put);
}

static void promote_once(struct cdn_exchange *x)
{
    cdn_repeat_once(x, promote);
}

static void abort_once(struct cdn_exchange *x)
{
    cdn_repeat_once(x, end);
}

const struct cdn_route cdn_routes_rollouts[] = {
    {.method = CDN_METHOD_GET,
     .path = "/v1/rollouts",
     .right = CDN_RIGHT_READ,
     .place = CDN_PLACE_WORKER,
     .handle = list,
     .operation = "listRollouts",
     .summary = "Rollouts that run, or that a guard ended, with their evidence",
     .query = "limit cursor pretty",
     .response = "RolloutList"},
    {.method = CDN_METHOD_GET,
     .path = "/v1/rollouts/{id}",
     .right = CDN_RIGHT_READ,
     .place = CDN_PLACE_WORKER,
     .handle = show,
     .operation = "showRollout",
     .summary = "A rule's rollout, and what each of its versions did",
     .query = "pretty",
     .response = "Rollout"},
    {.method = CDN_METHOD_PUT,
     .path = "/v1/rollouts/{id}",
     .right = CDN_RIGHT_AUTHOR,
     .place = CDN_PLACE_WORKER,
     .handle = put_once,
     .operation = "putRollout",
     .summary = "Let a version decide for some, or change for whom",
     .query = "dry_run pretty",
     .request = "RolloutPut",
     .response = "Changed"},
    {.method = CDN_METHOD_POST,
     .path = "/v1/rollouts/{id}:promote",
     .right = CDN_RIGHT_PROMOTE,
     .place = CDN_PLACE_WORKER,
     .handle = promote_once,
     .operation = "promoteRollout",
     .summary = "Let a version of the rollout decide for all",
     .query = "dry_run pretty",
     .request = "VersionChange",
     .response = "Changed"},
    {.method = CDN_METHOD_POST,
     .path = "/v1/rollouts/{id}:abort",
     .right = CDN_RIGHT_PROMOTE,
     .place = CDN_PLACE_WORKER,
     .handle = abort_once,
     .operation = "abortRollout",
     .summary = "End the rollout; the active version decides for all",
     .query = "dry_run pretty",
     .request = "Change",
     .response = "Changed"},
    {.path = NULL},
};
