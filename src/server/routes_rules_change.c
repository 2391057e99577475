/* Changing how rules and sets stand: pushing versions, and saying which of them decides.
 *
 * A version is content-addressed: the same text pushed again is the same version (200 instead
 * of 201).  Pushing decides nothing.  Every change is one durable transaction of the registry,
 * synced before it is answered, with the caller's name for author.
 *
 * DELETE removes nothing, since versions stay for good: it kills, as :kill does, so that nothing
 * of the rule decides until a version is activated. */
#include "server/pieces.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "codec/cases.h"
#include "codec/standing.h"
#include "server/admin.h"
#include "server/host.h"
#include "server/repeat.h"

#define SCHEMA_VERSION 1

/* ---- pushing ---- */

struct push {
    struct cdn_exchange *x;
    cordon_object_kind kind;
    cordon_value source, cases, file, reason;
    char name[CORDON_REGISTRY_MAX_FILE_BYTES + 1]; /* what messages call the text */
    uint32_t newest;                               /* before it; 0: it is the first */
    struct cdn_admin_change change;
};

static bool take_kind(struct push *push, const char *word, size_t bytes)
{
    if (bytes == 4 && !memcmp(word, "rule", 4))
        push->kind = CORDON_OBJECT_RULE;
    else if (bytes == 3 && !memcmp(word, "set", 3))
        push->kind = CORDON_OBJECT_SET;
    else
        cdn_exchange_problem(push->x, 400, "body", "kind is rule or set");
    return !push->x->status;
}

/* The body as {source, cases, file, kind, reason}. */
static bool take_document(struct push *push)
{
    cordon_value kind = {.type = CORDON_NIL};
    struct cdn_field fields[] = {
        {"source", CDN_FIELD_TEXT, &push->source, false},
        {"cases", CDN_FIELD_TEXT, &push->cases, false},
        {"file", CDN_FIELD_TEXT, &push->file, false},
        {"kind", CDN_FIELD_TEXT, &kind, false},
        {"reason", CDN_FIELD_TEXT, &push->reason, false},
    };

    if (!cdn_fields_body(push->x, fields, sizeof fields / sizeof *fields))
        return false;
    if (!fields[0].given) {
        cdn_exchange_problem(push->x, 400, "body",
                             "\"source\" is missing: the text of the rule");
        return false;
    }
    return !fields[3].given || take_kind(push, kind.as.string, kind.length);
}

/* Is the body a document?  What has no Content-Type is one if it begins as one does. */
static bool is_document(const struct cdn_exchange *x)
{
    size_t at = 0;

    if (x->in == CDN_MEDIA_OTHER)
        return false;
    if (cdn_exchange_header(x, "Content-Type"))
        return true;
    while (at < x->body_bytes && memchr(" \t\r\n", x->body[at], 4))
        at++;
    return at < x->body_bytes && x->body[at] == '{';
}

static bool take_body(struct push *push)
{
    struct cdn_exchange *x = push->x;
    const char *kind = cdn_exchange_query(x, "kind");
    const char *file = cdn_exchange_query(x, "file");

    push->kind = CORDON_OBJECT_RULE;
    if (kind && !take_kind(push, kind, strlen(kind)))
        return false;
    if (!x->body_bytes) {
        cdn_exchange_problem(x, 400, "body",
                             "the request has no body; it is the text of the rule, or "
                             "{\"source\": TEXT, \"cases\": TEXT, \"file\": NAME, "
                             "\"reason\": TEXT}");
        return false;
    }
    if (is_document(x)) {
        if (!take_document(push))
            return false;
    } else {
        push->source = (cordon_value){.type = CORDON_STRING,
                                      .length = (uint32_t)x->body_bytes,
                                      .as.string = (const char *)x->body};
    }
    (void)snprintf(push->name, sizeof push->name, "%s%s", file ? file : x->args[0],
                   file ? "" : ".lua");
    return push->file.type != CORDON_STRING ||
           cdn_field_copy(x, push->name, sizeof push->name, "file", &push->file);
}

static cordon_status add(cordon_version_info *out, const struct push *push,
                         const cordon_change *change, cordon_error *err)
{
    bool has_cases = push->cases.type == CORDON_STRING && push->cases.length;

    out->struct_size = sizeof *out;
    return cordon_registry_push(out, push->x->host->registry, push->kind,
                                push->source.length ? push->source.as.string : "",
                                push->source.length, push->name,
                                has_cases ? push->cases.as.string : NULL,
                                has_cases ? push->cases.length : 0, change, err);
}

/* What can be said against it before it is in the registry: it does not load, calls itself
 * otherwise than the path does, has cases that cannot be read.  False: answered. */
static bool check(struct push *push)
{
    struct cdn_exchange *x = push->x;
    cordon_change rehearsal = push->change.change;
    cordon_version_info info;
    cordon_error err;
    cordon_status status;

    rehearsal.dry_run = true;
    status = add(&info, push, &rehearsal, &err);
    if (status) {
        cdn_admin_refused(x, NULL, status, &err);
    } else if (strcmp(info.name, x->args[0]) != 0) {
        cdn_exchange_problem(x, 422, "name",
                             "the text calls itself '%s'; put it to /v1/rules/%s",
                             info.name, info.name);
    } else if (push->cases.type == CORDON_STRING && push->cases.length) {
        status =
            cdn_cases_check(push->cases.as.string, push->cases.length, "cases", &err);
        if (status == CORDON_E_DATA)
            cdn_exchange_problem(x, 422, "cases", "cases, line %" PRIu32 ": %s",
                                 err.line, err.message);
        else if (status)
            cdn_exchange_fail(x, status, &err);
    }
    return !x->status;
}

static void tell_pushed(struct push *push, const cordon_version_info *info)
{
    cordon_standing standing = {.struct_size = sizeof standing};
    struct cdn_exchange *x = push->x;
    bool dry_run = push->change.change.dry_run;
    bool new = info->version > push->newest;
    struct cdn_json *json = cdn_exchange_reply(x, new && !dry_run ? 201 : 200);
    char place[CORDON_RULE_MAX_NAME_BYTES + 64];

    cdn_json_object(json);
    cdn_json_key_uint(json, "schema_version", SCHEMA_VERSION);
    cdn_json_key_bool(json, "dry_run", dry_run);
    cdn_json_key_bool(json, "new", new);
    cdn_json_version(json, info);
    cdn_json_object_end(json);
    if (!dry_run) {
        (void)snprintf(place, sizeof place, "/v1/rules/%s/versions/%" PRIu32,
                       info->name, info->version);
        cdn_exchange_set_header(x, "Location", place);
    }
    if (!cordon_registry_standing(&standing, x->host->registry, info->name, NULL))
        cdn_admin_etag(x, standing.revision);
}

/* PUT /v1/rules/{id} */
static void push(struct cdn_exchange *x)
{
    struct push push = {.x = x};
    cordon_standing standing = {.struct_size = sizeof standing};
    cordon_version_info info;
    cordon_error err;
    cordon_status status;

    if (!cdn_admin_has_registry(x) || !take_body(&push))
        return;
    status = cordon_registry_standing(&standing, x->host->registry, x->args[0], &err);
    if (status && status != CORDON_E_NOTFOUND) {
        cdn_exchange_fail(x, status, &err);
        return;
    }
    push.newest = status ? 0 : standing.newest;
    if (!cdn_admin_change(&push.change, x, &push.reason,
                          status ? 0 : standing.revision) ||
        !check(&push))
        return;
    status = add(&info, &push, &push.change.change, &err);
    if (status)
        cdn_admin_refused(x, NULL, status, &err);
    else
        tell_pushed(&push, &info);
}

/* ---- deciding ---- */

typedef cordon_status act_function(cordon_registry *registry, const char *name,
                                   const cordon_change *change, cordon_error *err);

/* A change that needs nothing but a reason. */
static void act(struct cdn_exchange *x, act_function *function)
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
    status = function(x->host->registry, standing.name, &change.change, &err);
    if (status)
        cdn_admin_refused(x, NULL, status, &err);
    else
        cdn_admin_changed(x, &change);
}

static void activate(struct cdn_exchange *x)
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
    if (version > UINT32_MAX || (fields[0].given && !version)) {
        cdn_exchange_problem(x, 400, "body", "there can be no such \"version\"");
        return;
    }
    status =
        cordon_registry_activate(x->host->registry, standing.name, (uint32_t)version,
                                 cdn_admin_judge, &check, &change.change, &err);
    if (status)
        cdn_admin_refused(x, &check, status, &err);
    else
        cdn_admin_changed(x, &change);
    cdn_admin_check_deinit(&check);
}

/* The wall of that name.  False: answered. */
static bool take_wall(cordon_wall *out, struct cdn_exchange *x,
                      const cordon_value *word)
{
    for (int wall = CORDON_WALL_INPROC; wall <= CORDON_WALL_MICROVM; wall++) {
        const char *known = cordon_wall_str((cordon_wall)wall);

        if (word->length == strlen(known) &&
            !memcmp(word->as.string, known, word->length)) {
            *out = (cordon_wall)wall;
            return true;
        }
    }
    cdn_exchange_problem(x, 400, "body",
                         "\"wall\" is inproc, process, container or microvm");
    return false;
}

typedef cordon_status trust_function(cordon_registry *registry, const char *name,
                                     uint32_t version, cordon_wall wall,
                                     const cordon_change *change, cordon_error *err);

/* What is between a version, or all of them, and the host. */
static void set_trust(struct cdn_exchange *x, trust_function *function)
{
    uint64_t version = 0;
    cordon_value reason = {.type = CORDON_NIL}, word = {.type = CORDON_NIL};
    struct cdn_field fields[] = {
        {"version", CDN_FIELD_COUNT, &version, false},
        {"wall", CDN_FIELD_TEXT, &word, false},
        {"reason", CDN_FIELD_TEXT, &reason, false},
    };
    cordon_wall wall = CORDON_WALL_INPROC;
    struct cdn_admin_change change;
    cordon_standing standing;
    cordon_error err;
    cordon_status status;

    if (!cdn_admin_standing(&standing, x) || !cdn_fields_body(x, fields, 3) ||
        !cdn_admin_change(&change, x, &reason, standing.revision))
        return;
    if (version > UINT32_MAX || (fields[0].given && !version)) {
        cdn_exchange_problem(x, 400, "body", "there can be no such \"version\"");
        return;
    }
    if (fields[1].given && !take_wall(&wall, x, &word))
        return;
    status = function(x->host->registry, standing.name, (uint32_t)version, wall,
                      &change.change, &err);
    if (status)
        cdn_admin_refused(x, NULL, status, &err);
    else
        cdn_admin_changed(x, &change);
}

static void do_quarantine(struct cdn_exchange *x)
{
    set_trust(x, cordon_registry_quarantine);
}

static void do_trust(struct cdn_exchange *x)
{
    set_trust(x, cordon_registry_trust);
}

static void quarantine_once(struct cdn_exchange *x)
{
    cdn_repeat_once(x, do_quarantine);
}

static void trust_once(struct cdn_exchange *x)
{
    cdn_repeat_once(x, do_trust);
}

static void push_once(struct cdn_exchange *x)
{
    cdn_repeat_once(x, push);
}

static void activate_once(struct cdn_exchange *x)
{
    cdn_repeat_once(x, activate);
}

#define ACT(word)                                                                      \
    static void do_##word(struct cdn_exchange *x)                                      \
    {                                                                                  \
        act(x, cordon_registry_##word);                                                \
    }                                                                                  \
    static void word##_once(struct cdn_exchange *x)                                    \
    {                                                                                  \
        cdn_repeat_once(x, do_##word);                                                 \
    }
ACT(rollback)
ACT(pause)
ACT(resume)
ACT(kill)
#undef ACT

const struct cdn_route cdn_routes_rules_change[] = {
    {.method = CDN_METHOD_PUT,
     .path = "/v1/rules/{id}",
     .right = CDN_RIGHT_AUTHOR,
     .place = CDN_PLACE_WORKER,
     .handle = push_once,
     .operation = "pushRule",
     .summary = "Push a version; it decides nothing before it is activated",
     .query = "kind file dry_run pretty",
     .request = "RulePush",
     .response = "Pushed"},
    {.method = CDN_METHOD_DELETE,
     .path = "/v1/rules/{id}",
     .right = CDN_RIGHT_KILL,
     .place = CDN_PLACE_WORKER,
     .handle = kill_once,
     .operation = "deleteRule",
     .summary = "Kill it: versions are kept, and none decides until one is activated",
     .query = "dry_run pretty",
     .response = "Changed"},
    {.method = CDN_METHOD_POST,
     .path = "/v1/rules/{id}:activate",
     .right = CDN_RIGHT_PROMOTE,
     .place = CDN_PLACE_WORKER,
     .handle = activate_once,
     .operation = "activateRule",
     .summary = "Let a version decide, if it loads and its cases pass",
     .query = "dry_run pretty",
     .request = "VersionChange",
     .response = "Changed"},
    {.method = CDN_METHOD_POST,
     .path = "/v1/rules/{id}:rollback",
     .right = CDN_RIGHT_PROMOTE,
     .place = CDN_PLACE_WORKER,
     .handle = rollback_once,
     .operation = "rollbackRule",
     .summary = "Let the version before the last activation decide again",
     .query = "dry_run pretty",
     .request = "Change",
     .response = "Changed"},
    {.method = CDN_METHOD_POST,
     .path = "/v1/rules/{id}:pause",
     .right = CDN_RIGHT_KILL,
     .place = CDN_PLACE_WORKER,
     .handle = pause_once,
     .operation = "pauseRule",
     .summary = "Stop it from deciding until it is resumed",
     .query = "dry_run pretty",
     .request = "Change",
     .response = "Changed"},
    {.method = CDN_METHOD_POST,
     .path = "/v1/rules/{id}:resume",
     .right = CDN_RIGHT_PROMOTE,
     .place = CDN_PLACE_WORKER,
     .handle = resume_once,
     .operation = "resumeRule",
     .summary = "Let a paused rule decide again",
     .query = "dry_run pretty",
     .request = "Change",
     .response = "Changed"},
    {.method = CDN_METHOD_POST,
     .path = "/v1/rules/{id}:kill",
     .right = CDN_RIGHT_KILL,
     .place = CDN_PLACE_WORKER,
     .handle = kill_once,
     .operation = "killRule",
     .summary = "Stop it until a version is activated; rollout and shadows end",
     .query = "dry_run pretty",
     .request = "Change",
     .response = "Changed"},
    {.method = CDN_METHOD_POST,
     .path = "/v1/rules/{id}:quarantine",
     .right = CDN_RIGHT_KILL,
     .place = CDN_PLACE_WORKER,
     .handle = quarantine_once,
     .operation = "quarantineRule",
     .summary =
         "Have it run behind the wall for what is not trusted; it goes on deciding",
     .query = "dry_run pretty",
     .request = "TrustChange",
     .response = "Changed"},
    {.method = CDN_METHOD_POST,
     .path = "/v1/rules/{id}:trust",
     .right = CDN_RIGHT_PROMOTE,
     .place = CDN_PLACE_WORKER,
     .handle = trust_once,
     .operation = "trustRule",
     .summary = "Trust it again: forget what a breaker or a quarantine said of it",
     .query = "dry_run pretty",
     .request = "TrustChange",
     .response = "Changed"},
    {.path = NULL},
};
