/* Rules and rule sets as an operator reads them: what there is, how it stands, the texts of its
 * versions and what differs between two, and who changed what.
 *
 * The list is that of the registry and of what the engine has in service besides, from files;
 * both are in byte order of the names, so that a cursor is a name, and a page goes on behind it
 * whatever was added or changed meanwhile. */
#include "server/pieces.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <cordon/rule.h>

#include "codec/standing.h"
#include "codec/text_diff.h"
#include "server/admin.h"
#include "server/host.h"

#define SCHEMA_VERSION 1
/* Objects that are looked at for one page, however few of them fit the filters. */
#define MOST_LOOKED   10000u
#define MOST_CONTRACT (256u * 1024)

/* ---- a list ---- */

/* The next name in either place: in the registry, in service, or both. */
struct object {
    char name[CORDON_RULE_MAX_NAME_BYTES + 1];
    bool registered;
    bool served;
    cordon_standing standing; /* if registered */
};

/* Of what is behind `after` (NULL: of all) the first.  Errors: CORDON_E_NOTFOUND. */
static cordon_status next_object(struct object *out, const struct cdn_host *host,
                                 const char *after, cordon_error *err)
{
    char served[CORDON_RULE_MAX_NAME_BYTES + 1] = "";
    cordon_status in_registry = CORDON_E_NOTFOUND, in_service;
    int order;

    out->standing.struct_size = sizeof out->standing;
    if (host->registry)
        in_registry = cordon_registry_next(&out->standing, host->registry, after, err);
    if (in_registry && in_registry != CORDON_E_NOTFOUND)
        return in_registry;
    if (after)
        (void)snprintf(served, sizeof served, "%s", after);
    in_service = cordon_engine_next(served, host->engine, after ? served : NULL, err);
    if (in_registry && in_service)
        return in_service;
    order = in_registry ? 1 : in_service ? -1 : strcmp(out->standing.name, served);
    out->registered = order <= 0;
    out->served = order >= 0;
    (void)snprintf(out->name, sizeof out->name, "%s",
                   order <= 0 ? out->standing.name : served);
    return CORDON_OK;
}

/* A rule's or set's contract as a value in `pack`; false: it has none, or memory ran out. */
static bool read_contract(cordon_value *out, struct cdn_buf *pack,
                          cordon_engine *engine, const char *name)
{
    for (size_t size = 4096; size <= MOST_CONTRACT; size *= 4) {
        cordon_builder builder;

        cdn_buf_clear(pack);
        if (!cdn_buf_reserve(pack, size))
            return false;
        cordon_builder_init(&builder, pack->data, size);
        if (cordon_engine_contract(&builder, engine, name, NULL))
            return false;
        if (cordon_builder_ok(&builder)) {
            pack->length = builder.length;
            return !cordon_value_parse(out, pack->data, pack->length, NULL);
        }
    }
    return false;
}

static const char *kind_of(const struct object *object, const cordon_value *contract)
{
    cordon_value kind;

    if (object->registered)
        return cordon_object_kind_str(object->standing.kind);
    if (contract && cordon_value_get(&kind, contract, "kind") &&
        kind.type == CORDON_STRING && kind.length == 3)
        return "set";
    return "rule";
}

static const char *state_of(const struct object *object)
{
    return object->registered ? cordon_object_state_str(object->standing.state)
                              : "file";
}

static void write_object(struct cdn_json *json, const struct cdn_exchange *x,
                         const struct object *object, const cordon_value *contract)
{
    cdn_json_object(json);
    if (object->registered) {
        cdn_json_standing(json, &object->standing);
        cdn_json_trust_changes(json, x->host->registry, &object->standing);
    } else { /* from a file: it decides, and nobody can change that here */
        cdn_json_key_cstr(json, "name", object->name);
        cdn_json_key_cstr(json, "kind", kind_of(object, contract));
        cdn_json_key_cstr(json, "state", state_of(object));
    }
    cdn_json_key_bool(json, "registered", object->registered);
    cdn_json_key_bool(json, "in_service", object->served);
    if (contract) {
        cdn_json_key(json, "contract");
        cdn_json_value(json, contract);
    }
    cdn_json_object_end(json);
}

static bool fits(const struct cdn_exchange *x, const char *query, const char *word)
{
    const char *wanted = cdn_exchange_query(x, query);

    return !wanted || !strcmp(wanted, word);
}

/* GET /v1/rules */
static void list(struct cdn_exchange *x)
{
    struct object object = {.name = ""};
    struct cdn_page page;
    struct cdn_json *json;
    struct cdn_buf pack = {0};
    bool with_contract = false, more = true;
    uint64_t listed = 0, looked = 0;
    char after[CORDON_RULE_MAX_NAME_BYTES + 1] = "";
    cordon_error err;

    if (!cdn_page_read(&page, x) ||
        !cdn_exchange_query_flag(x, &with_contract, "contract"))
        return;
    if (page.cursor)
        (void)snprintf(after, sizeof after, "%s", page.cursor);
    json = cdn_exchange_reply(x, 200);
    cdn_json_object(json);
    cdn_json_key_uint(json, "schema_version", SCHEMA_VERSION);
    cdn_json_key(json, "rules");
    cdn_json_array(json);
    while (listed < page.limit && looked < MOST_LOOKED) {
        cordon_status status =
            next_object(&object, x->host, *after ? after : NULL, &err);
        cordon_value contract;
        bool has;

        more = status == CORDON_OK;
        if (status && status != CORDON_E_NOTFOUND) {
            cdn_exchange_fail(x, status, &err);
            goto out;
        }
        if (!more)
            break;
        looked++;
        memcpy(after, object.name, sizeof after);
        has = (with_contract || !object.registered) && object.served &&
              read_contract(&contract, &pack, x->host->engine, object.name);
        if (!fits(x, "kind", kind_of(&object, has ? &contract : NULL)) ||
            !fits(x, "state", state_of(&object)))
            continue;
        write_object(json, x, &object, has && with_contract ? &contract : NULL);
        listed++;
    }
    cdn_json_array_end(json);
    cdn_json_key_cstr(json, "next", more ? after : NULL);
    cdn_json_object_end(json);
out:
    cdn_buf_deinit(&pack);
}

/* GET /v1/rules/{id} */
static void show(struct cdn_exchange *x)
{
    struct object object = {.name = ""};
    struct cdn_buf pack = {0};
    cordon_status status = CORDON_E_NOTFOUND;
    cordon_value contract;
    cordon_error err;
    bool has;

    cdn_error_set(&err, CORDON_E_NOTFOUND, "no rule or set '%.64s'", x->args[0]);
    object.standing.struct_size = sizeof object.standing;
    if (x->host->registry)
        status = cordon_registry_standing(&object.standing, x->host->registry,
                                          x->args[0], &err);
    object.registered = status == CORDON_OK;
    has = read_contract(&contract, &pack, x->host->engine, x->args[0]);
    object.served = has;
    if (status == CORDON_E_NOTFOUND && has)
        status = CORDON_OK;
    if (status) {
        cdn_exchange_fail(x, status, &err);
        goto out;
    }
    (void)snprintf(object.name, sizeof object.name, "%s", x->args[0]);
    write_object(cdn_exchange_reply(x, 200), x, &object, has ? &contract : NULL);
    if (object.registered)
        cdn_admin_etag(x, object.standing.revision);
out:
    cdn_buf_deinit(&pack);
}

/* ---- versions ---- */

/* GET /v1/rules/{id}/versions: the newest first */
static void versions(struct cdn_exchange *x)
{
    cordon_version_info info = {.struct_size = sizeof info};
    cordon_standing standing;
    struct cdn_page page;
    struct cdn_json *json;
    uint64_t version, listed = 0;
    cordon_error err;

    if (!cdn_page_read(&page, x) || !cdn_page_number(&version, x, &page) ||
        !cdn_admin_standing(&standing, x))
        return;
    if (!version || version > standing.newest)
        version = standing.newest;
    json = cdn_exchange_reply(x, 200);
    cdn_json_object(json);
    cdn_json_key_uint(json, "schema_version", SCHEMA_VERSION);
    cdn_json_key_cstr(json, "name", standing.name);
    cdn_json_key_uint(json, "active", standing.active);
    cdn_json_key(json, "versions");
    cdn_json_array(json);
    for (; version && listed < page.limit; version--, listed++) {
        cordon_status status = cordon_registry_version(
            &info, x->host->registry, standing.name, (uint32_t)version, &err);

        if (status) {
            cdn_exchange_fail(x, status, &err);
            return;
        }
        cdn_json_object(json);
        cdn_json_version(json, &info);
        cdn_json_object_end(json);
    }
    cdn_json_array_end(json);
    cdn_json_key(json, "next");
    if (version) {
        char next[24];

        (void)snprintf(next, sizeof next, "%" PRIu64, version);
        cdn_json_cstr(json, next);
    } else {
        cdn_json_null(json);
    }
    cdn_json_object_end(json);
    cdn_admin_etag(x, standing.revision);
}

/* A version of the path or the query: a number, "active" or "newest". */
static bool version_of(uint32_t *out, struct cdn_exchange *x, const char *text,
                       const cordon_standing *standing)
{
    uint64_t number = 0;
    size_t digits = strspn(text, "0123456789");
    char shown[80];

    if (!strcmp(text, "newest"))
        number = standing->newest;
    else if (!strcmp(text, "active"))
        number = standing->active;
    else
        for (size_t i = 0; !text[digits] && digits < 11 && i < digits; i++)
            number = number * 10 + (uint64_t)(text[i] - '0');
    *out = number <= UINT32_MAX ? (uint32_t)number : 0;
    if (*out)
        return true;
    cdn_exchange_problem(
        x, 404, "not-found", "'%s' has no version %s; say a number, newest or active",
        standing->name, cdn_escape(shown, sizeof shown, text, strlen(text)));
    return false;
}

typedef cordon_status read_function(char *out, size_t size, size_t *bytes,
                                    cordon_registry *registry, const char *name,
                                    uint32_t version, cordon_error *err);

/* The text of a version, or its cases, of which there are `bytes`.  False: answered. */
static bool read_text(struct cdn_buf *out, struct cdn_exchange *x, read_function *read,
                      const cordon_version_info *info, uint64_t bytes)
{
    cordon_status status = CORDON_E_NOMEM;
    size_t got = 0;
    cordon_error err;

    if (cdn_buf_reserve(out, (size_t)bytes))
        status = read((char *)out->data, (size_t)bytes, &got, x->host->registry,
                      info->name, info->version, &err);
    else
        cdn_error_nomem(&err);
    if (status) {
        cdn_exchange_fail(x, status, &err);
        return false;
    }
    out->length = got;
    return true;
}

static void write_version(struct cdn_exchange *x, const cordon_version_info *info,
                          const struct cdn_buf *source, const struct cdn_buf *cases)
{
    struct cdn_json *json = cdn_exchange_reply(x, 200);

    cdn_json_object(json);
    cdn_json_key_uint(json, "schema_version", SCHEMA_VERSION);
    cdn_json_version(json, info);
    cdn_json_key(json, "source");
    cdn_json_str(json, (const char *)source->data, source->length);
    if (info->cases_bytes) {
        cdn_json_key(json, "cases");
        cdn_json_str(json, (const char *)cases->data, cases->length);
    }
    cdn_json_object_end(json);
}

/* GET /v1/rules/{id}/versions/{n} */
static void version(struct cdn_exchange *x)
{
    const char *format = cdn_exchange_query(x, "format");
    cordon_version_info info = {.struct_size = sizeof info};
    struct cdn_buf source = {0}, cases = {0};
    cordon_standing standing;
    cordon_status status;
    cordon_error err;
    uint32_t number;

    if (!cdn_admin_standing(&standing, x) ||
        !version_of(&number, x, x->args[1], &standing))
        return;
    status =
        cordon_registry_version(&info, x->host->registry, standing.name, number, &err);
    if (status) {
        cdn_exchange_fail(x, status, &err);
        return;
    }
    if (!read_text(&source, x, cordon_registry_source, &info, info.source_bytes) ||
        !read_text(&cases, x, cordon_registry_cases, &info, info.cases_bytes))
        goto out;
    if (!format || !strcmp(format, "json")) {
        write_version(x, &info, &source, &cases);
    } else if (!strcmp(format, "source")) {
        cdn_exchange_text(x, 200, "text/x-lua; charset=utf-8", source.data,
                          source.length);
    } else if (!strcmp(format, "cases")) {
        cdn_exchange_text(x, 200, "application/x-ndjson", cases.data, cases.length);
    } else {
        cdn_exchange_problem(x, 400, "query", "?format= is json, source or cases");
        goto out;
    }
    cdn_exchange_set_header(x, "Cache-Control", "private, max-age=31536000, immutable");
out:
    cdn_buf_deinit(&source);
    cdn_buf_deinit(&cases);
}

/* ---- what differs ---- */

/* One side of a comparison. */
struct side {
    cordon_version_info info;
    struct cdn_buf source;
    char name[CORDON_RULE_MAX_NAME_BYTES + 32];
};

static bool read_side(struct side *side, struct cdn_exchange *x, const char *name,
                      uint32_t number)
{
    cordon_error err;
    cordon_status status;

    side->info.struct_size = sizeof side->info;
    status =
        cordon_registry_version(&side->info, x->host->registry, name, number, &err);
    if (status) {
        cdn_exchange_fail(x, status, &err);
        return false;
    }
    (void)snprintf(side->name, sizeof side->name, "%s version %" PRIu32, name, number);
    return read_text(&side->source, x, cordon_registry_source, &side->info,
                     side->info.source_bytes);
}

static struct cdn_text text_of(const struct side *side)
{
    return (struct cdn_text){side->name, (const char *)side->source.data,
                             side->source.length};
}

static void write_diff(struct cdn_exchange *x, const char *name,
                       const struct side *from, const struct side *to)
{
    const struct cdn_text left = text_of(from), right = text_of(to);
    const char *format = cdn_exchange_query(x, "format");
    struct cdn_buf text = {0};
    struct cdn_json *json;
    cordon_error err;
    cordon_status status = cdn_text_diff(&text, &left, &right, &err);

    if (status) {
        cdn_exchange_fail(x, status, &err);
    } else if (!format || !strcmp(format, "json")) {
        json = cdn_exchange_reply(x, 200);
        cdn_json_object(json);
        cdn_json_key_uint(json, "schema_version", SCHEMA_VERSION);
        cdn_json_key_cstr(json, "name", name);
        cdn_json_key_uint(json, "from", from->info.version);
        cdn_json_key_uint(json, "to", to->info.version);
        cdn_json_key_bool(json, "same", !text.length);
        cdn_json_key(json, "text");
        cdn_json_str(json, text.length ? (const char *)text.data : "", text.length);
        cdn_json_object_end(json);
    } else if (!strcmp(format, "text")) {
        cdn_exchange_text(x, 200, "text/x-diff; charset=utf-8", text.data, text.length);
    } else {
        cdn_exchange_problem(x, 400, "query", "?format= is json or text");
    }
    cdn_buf_deinit(&text);
}

/* GET /v1/rules/{id}/diff: what decides against the newest, unless ?from= and ?to= say */
static void diff(struct cdn_exchange *x)
{
    const char *from_text = cdn_exchange_query(x, "from");
    const char *to_text = cdn_exchange_query(x, "to");
    struct side from = {0}, to = {0};
    cordon_standing standing;
    uint32_t old = 0, new = 0;

    if (!cdn_admin_standing(&standing, x) ||
        !version_of(&new, x, to_text ? to_text : "newest", &standing) ||
        (from_text && !version_of(&old, x, from_text, &standing)))
        return;
    if (!from_text)
        old = standing.active && standing.active != new ? standing.active : new - 1;
    if (!old) {
        cdn_exchange_problem(x, 404, "not-found",
                             "'%s' version %" PRIu32 " has none before it to compare "
                             "it with; say ?from=",
                             standing.name, new);
        return;
    }
    if (read_side(&from, x, standing.name, old) &&
        read_side(&to, x, standing.name, new))
        write_diff(x, standing.name, &from, &to);
    cdn_buf_deinit(&from.source);
    cdn_buf_deinit(&to.source);
}

/* ---- history ---- */

/* GET /v1/rules/{id}/history: the newest change first */
static void history(struct cdn_exchange *x)
{
    cordon_change_record change = {.struct_size = sizeof change};
    cordon_standing standing;
    struct cdn_page page;
    struct cdn_json *json;
    uint64_t before, listed = 0;
    cordon_status status = CORDON_OK;
    cordon_error err;

    if (!cdn_page_read(&page, x) || !cdn_page_number(&before, x, &page) ||
        !cdn_admin_standing(&standing, x))
        return;
    json = cdn_exchange_reply(x, 200);
    cdn_json_object(json);
    cdn_json_key_uint(json, "schema_version", SCHEMA_VERSION);
    cdn_json_key(json, "changes");
    cdn_json_array(json);
    for (; listed < page.limit; listed++) {
        status = cordon_registry_history(&change, x->host->registry, standing.name,
                                         before, &err);
        if (status)
            break;
        cdn_json_object(json);
        cdn_json_change(json, &change);
        cdn_json_object_end(json);
        before = change.sequence;
    }
    if (status && status != CORDON_E_NOTFOUND) {
        cdn_exchange_fail(x, status, &err);
        return;
    }
    cdn_json_array_end(json);
    cdn_json_key(json, "next");
    if (!status && before > 1) {
        char next[24];

        (void)snprintf(next, sizeof next, "%" PRIu64, before);
        cdn_json_cstr(json, next);
    } else {
        cdn_json_null(json);
    }
    cdn_json_object_end(json);
}

const struct cdn_route cdn_routes_rules[] = {
    {.method = CDN_METHOD_GET,
     .path = "/v1/rules",
     .right = CDN_RIGHT_READ,
     .place = CDN_PLACE_WORKER,
     .handle = list,
     .operation = "listRules",
     .summary = "Rules and sets, by name",
     .query = "limit cursor kind state contract pretty",
     .response = "RuleList"},
    {.method = CDN_METHOD_GET,
     .path = "/v1/rules/{id}",
     .right = CDN_RIGHT_READ,
     .place = CDN_PLACE_WORKER,
     .handle = show,
     .operation = "showRule",
     .summary = "How a rule or set stands, and its contract",
     .query = "pretty",
     .response = "Rule"},
    {.method = CDN_METHOD_GET,
     .path = "/v1/rules/{id}/versions",
     .right = CDN_RIGHT_READ,
     .place = CDN_PLACE_WORKER,
     .handle = versions,
     .operation = "listVersions",
     .summary = "Its versions, the newest first",
     .query = "limit cursor pretty",
     .response = "VersionList"},
    {.method = CDN_METHOD_GET,
     .path = "/v1/rules/{id}/versions/{version}",
     .right = CDN_RIGHT_READ,
     .place = CDN_PLACE_WORKER,
     .handle = version,
     .operation = "showVersion",
     .summary = "One version with its text and cases; it never changes",
     .query = "version.format pretty",
     .response = "VersionWithText"},
    {.method = CDN_METHOD_GET,
     .path = "/v1/rules/{id}/diff",
     .right = CDN_RIGHT_READ,
     .place = CDN_PLACE_WORKER,
     .handle = diff,
     .operation = "diffVersions",
     .summary = "What differs between two versions, as a unified diff",
     .query = "from to diff.format pretty",
     .response = "Diff"},
    {.method = CDN_METHOD_GET,
     .path = "/v1/rules/{id}/history",
     .right = CDN_RIGHT_READ,
     .place = CDN_PLACE_WORKER,
     .handle = history,
     .operation = "ruleHistory",
     .summary = "Who changed it, when and why, the newest change first",
     .query = "limit cursor pretty",
     .response = "ChangeList"},
    {.path = NULL},
};
