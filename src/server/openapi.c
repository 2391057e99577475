/* What a client's author needs to know of the table of routes (openapi.h).
 *
 * Nothing of a route is said twice: paths, methods, rights, query parameters and schemas come
 * from the table that dispatches, and the refusals follow from it (a route that needs a right
 * can answer 401 and 403, one that has a body 413 and 415, one that changes how a rule stands
 * 409 and 412).  tests/integration/server/openapi.py holds the document against a running
 * server, both ways. */
#include "server/openapi.h"

#include <stdio.h>
#include <string.h>

#include <cordon/version.h>

#include "server/exchange.h"
#include "server/pieces.h"
#include "server/schemas.h"

#define MAX_PART 64

static const char description[] =
    "Runs graph rules inside a graph query server.  A rule that fails or is stopped is "
    "an "
    "answer, not an HTTP error: its outcome says so, and its declared fallback stands "
    "in.  "
    "Bodies and answers are JSON, or msgpack of the same shape by Content-Type and "
    "Accept "
    "(application/msgpack).  Errors are RFC 9457 problems.";

struct document {
    struct cdn_json *json;
    const struct cdn_route *const *pieces;
    const struct cdn_schemas *schemas;
};

/* ---- parts ---- */

static void write_ref(struct cdn_json *json, const char *kind, const char *name,
                      size_t bytes)
{
    char text[160];

    (void)snprintf(text, sizeof text, "#/components/%s/%.*s", kind, (int)bytes, name);
    cdn_json_object(json);
    cdn_json_key_cstr(json, "$ref", text);
    cdn_json_object_end(json);
}

static void write_schema(struct cdn_json *json, const char *media, const char *name)
{
    cdn_json_key(json, media);
    cdn_json_object(json);
    cdn_json_key(json, "schema");
    if (*name) {
        write_ref(json, "schemas", name, strlen(name));
    } else {
        cdn_json_object(json);
        cdn_json_key_cstr(json, "type", "string");
        cdn_json_object_end(json);
    }
    cdn_json_object_end(json);
}

/* The media types that a body or an answer of the schema may have, inside `content`. */
static void write_media(const struct document *document, const char *name)
{
    struct cdn_json *json = document->json;
    cordon_value schema = {.type = CORDON_NIL}, only, media, type, other;
    cordon_value_iter iter;

    (void)cdn_schemas_find(&schema, document->schemas, name);
    if (!cordon_value_get(&only, &schema, "x-only")) {
        write_schema(json, "application/json", name);
        write_schema(json, "application/msgpack", name);
    }
    if (cordon_value_get(&media, &schema, "x-media")) {
        cordon_value_iter_init(&iter, &media);
        while (cordon_value_next(&iter, &type, &other)) {
            char text[MAX_PART], ref[MAX_PART];

            (void)snprintf(text, sizeof text, "%.*s", (int)type.length, type.as.string);
            (void)snprintf(ref, sizeof ref, "%.*s",
                           other.type == CORDON_STRING ? (int)other.length : 0,
                           other.type == CORDON_STRING ? other.as.string : "");
            write_schema(json, text, ref);
        }
    }
}

static void write_content(const struct document *document, const char *name)
{
    cdn_json_key(document->json, "content");
    cdn_json_object(document->json);
    write_media(document, name);
    cdn_json_object_end(document->json);
}

/* Does the route change how a rule, a rollout or a proposal stands? */
static bool changes(const struct cdn_route *route)
{
    return route->right == CDN_RIGHT_AUTHOR || route->right == CDN_RIGHT_PROMOTE ||
           route->right == CDN_RIGHT_KILL;
}

/* ---- parameters ---- */

/* "rules.id" of the braces that begin at `open` of the path. */
static void path_parameter(char out[MAX_PART], const char *path, const char *open)
{
    const char *end = open - 1, *from = end;
    size_t bytes = strcspn(open + 1, "}");

    while (from > path && from[-1] != '/' && from[-1] != '{')
        from--;
    if (end > from && end[-1] == '}')
        end--;
    (void)snprintf(out, MAX_PART, "%.*s.%.*s", (int)(end - from), from, (int)bytes,
                   open + 1);
}

static void write_parameters(struct cdn_json *json, const struct cdn_route *route)
{
    const char *at = route->path;
    char name[MAX_PART];

    cdn_json_key(json, "parameters");
    cdn_json_array(json);
    while ((at = strchr(at, '{'))) {
        path_parameter(name, route->path, at++);
        write_ref(json, "parameters", name, strlen(name));
    }
    for (at = route->query; at && *at;) {
        size_t bytes = strcspn(at, " ");

        write_ref(json, "parameters", at, bytes);
        at += bytes + strspn(at + bytes, " ");
    }
    if (changes(route)) {
        write_ref(json, "parameters", "Idempotency-Key", 15);
        write_ref(json, "parameters", "X-Reason", 8);
        if (strchr(route->path, '{'))
            write_ref(json, "parameters", "If-Match", 8);
    }
    if (route->place == CDN_PLACE_ADMITTED)
        write_ref(json, "parameters", "traceparent", 11);
    cdn_json_array_end(json);
}

/* ---- answers ---- */

static const char *status_text(unsigned status)
{
    static const struct {
        unsigned status;
        const char *text;
    } texts[] = {
        {200, "Done"},
        {201, "Made"},
        {202, "Taken"},
        {204, "Done; there is nothing to say"},
        {304, "What the caller has is what there is"},
        {400, "The request is malformed"},
        {401, "Nobody has this token, or none was sent"},
        {403, "The caller may not"},
        {404, "There is no such thing"},
        {409, "It is in conflict with how things stand"},
        {412, "It was changed since the caller looked (If-Match)"},
        {413, "The body is larger than is taken"},
        {415, "The body is of a media type that is not read"},
        {422,
         "The rule does not load; or it did not end well, and the caller is strict"},
        {429, "Too many requests of this caller"},
        {503, "Too busy, or not ready; Retry-After says when to come again"},
    };

    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        if (texts[i].status == status)
            return texts[i].text;
    return "";
}

static void status_key(struct cdn_json *json, unsigned status)
{
    char text[8];

    (void)snprintf(text, sizeof text, "%u", status % 1000);
    cdn_json_key(json, text);
    cdn_json_object(json);
    cdn_json_key_cstr(json, "description", status_text(status));
}

static void write_good(const struct document *document, const struct cdn_route *route)
{
    struct cdn_json *json = document->json;
    cordon_value schema, statuses, status;
    cordon_value_iter iter;

    if (!route->response) {
        status_key(json, 204);
        cdn_json_object_end(json);
        return;
    }
    if (!cdn_schemas_find(&schema, document->schemas, route->response) ||
        !cordon_value_get(&statuses, &schema, "x-status")) {
        status_key(json, 200);
        write_content(document, route->response);
        cdn_json_object_end(json);
        return;
    }
    cordon_value_iter_init(&iter, &statuses);
    while (cordon_value_next(&iter, NULL, &status)) {
        status_key(json,
                   status.type == CORDON_INTEGER ? (unsigned)status.as.integer : 200);
        if (status.as.integer != 204 && status.as.integer != 304)
            write_content(document, route->response);
        cdn_json_object_end(json);
    }
}

/* Is that one of the statuses that its own document comes with? */
static bool is_good(const struct document *document, const struct cdn_route *route,
                    int64_t status)
{
    cordon_value schema, statuses, one;
    cordon_value_iter iter;

    if (!route->response ||
        !cdn_schemas_find(&schema, document->schemas, route->response) ||
        !cordon_value_get(&statuses, &schema, "x-status"))
        return false;
    cordon_value_iter_init(&iter, &statuses);
    while (cordon_value_next(&iter, NULL, &one))
        if (one.type == CORDON_INTEGER && one.as.integer == status)
            return true;
    return false;
}

static void write_refusal(struct cdn_json *json, unsigned status, bool possible)
{
    char text[8];

    if (!possible)
        return;
    (void)snprintf(text, sizeof text, "%u", status % 1000);
    cdn_json_key(json, text);
    write_ref(json, "responses", text, strlen(text));
}

/* To who is strict an answer, to all a refusal. */
static void write_strict(const struct document *document, const struct cdn_route *route)
{
    struct cdn_json *json = document->json;

    status_key(json, 422);
    cdn_json_key(json, "content");
    cdn_json_object(json);
    write_media(document, route->response);
    write_schema(json, "application/problem+json", "Problem");
    cdn_json_object_end(json);
    cdn_json_object_end(json);
}

static const unsigned refusals[] = {400, 401, 403, 404, 409, 412,
                                    413, 415, 422, 429, 503};

static void write_responses(const struct document *document,
                            const struct cdn_route *route)
{
    const bool evaluates = route->right == CDN_RIGHT_EVALUATE;
    struct cdn_json *json = document->json;

    cdn_json_key(json, "responses");
    cdn_json_object(json);
    write_good(document, route);
    write_refusal(json, 400, route->query || route->request);
    write_refusal(json, 401, route->right != CDN_RIGHT_ANYBODY);
    write_refusal(json, 403, route->right != CDN_RIGHT_ANYBODY);
    write_refusal(json, 404, strchr(route->path, '{') != NULL);
    write_refusal(json, 409, changes(route) && !is_good(document, route, 409));
    write_refusal(json, 412, changes(route) && strchr(route->path, '{'));
    write_refusal(json, 413, route->request != NULL);
    write_refusal(json, 415, route->request != NULL);
    if (evaluates && route->response)
        write_strict(document, route);
    write_refusal(json, 422, changes(route));
    write_refusal(json, 429, evaluates);
    write_refusal(json, 503, route->place != CDN_PLACE_LOOP);
    cdn_json_key(json, "default");
    write_ref(json, "responses", "Problem", 7);
    cdn_json_object_end(json);
}

/* ---- operations ---- */

static const char *right_word(unsigned right)
{
    switch (right) {
#define RIGHT_CASE(name, bit, word)                                                    \
    case bit:                                                                          \
        return word;
        CDN_RIGHT_MAP(RIGHT_CASE)
#undef RIGHT_CASE
    default:
        return NULL;
    }
}

/* What the route is about: the path's part behind "/v1/". */
static void write_tag(struct cdn_json *json, const struct cdn_route *route)
{
    const char *from = strncmp(route->path, "/v1/", 4) ? "server" : route->path + 4;

    cdn_json_key(json, "tags");
    cdn_json_array(json);
    cdn_json_str(json, from, strcspn(from, "/:"));
    cdn_json_array_end(json);
}

static void write_operation(const struct document *document,
                            const struct cdn_route *route)
{
    static const char *const methods[] = {NULL, "get", "put", "post", "delete"};
    const char *right = right_word(route->right);
    struct cdn_json *json = document->json;

    cdn_json_key(json, methods[route->method]);
    cdn_json_object(json);
    cdn_json_key_cstr(json, "operationId", route->operation);
    cdn_json_key_cstr(json, "summary", route->summary);
    write_tag(json, route);
    if (right)
        cdn_json_key_cstr(json, "x-right", right);
    write_parameters(json, route);
    if (route->request) {
        cdn_json_key(json, "requestBody");
        cdn_json_object(json);
        write_content(document, route->request);
        cdn_json_object_end(json);
    }
    write_responses(document, route);
    cdn_json_key(json, "security");
    cdn_json_array(json);
    if (right) {
        cdn_json_object(json);
        cdn_json_key(json, "bearer");
        cdn_json_array(json);
        cdn_json_cstr(json, right);
        cdn_json_array_end(json);
        cdn_json_object_end(json);
    }
    cdn_json_array_end(json);
    cdn_json_object_end(json);
}

/* The first route that has this path is where the path is written. */
static bool is_first(const struct document *document, const struct cdn_route *route)
{
    for (const struct cdn_route *const *piece = document->pieces; *piece; piece++)
        for (const struct cdn_route *at = *piece; at->path; at++)
            if (!strcmp(at->path, route->path))
                return at == route;
    return true;
}

static void write_path(const struct document *document, const char *path)
{
    cdn_json_key(document->json, path);
    cdn_json_object(document->json);
    for (const struct cdn_route *const *piece = document->pieces; *piece; piece++)
        for (const struct cdn_route *at = *piece; at->path; at++)
            if (!strcmp(at->path, path))
                write_operation(document, at);
    cdn_json_object_end(document->json);
}

static void write_paths(const struct document *document)
{
    cdn_json_key(document->json, "paths");
    cdn_json_object(document->json);
    for (const struct cdn_route *const *piece = document->pieces; *piece; piece++)
        for (const struct cdn_route *at = *piece; at->path; at++)
            if (is_first(document, at))
                write_path(document, at->path);
    cdn_json_object_end(document->json);
}

/* ---- the rest ---- */

static void write_map(struct cdn_json *json, const cordon_value *map)
{
    cordon_value_iter iter;
    cordon_value key, value;
    char name[MAX_PART];

    cordon_value_iter_init(&iter, map);
    while (cordon_value_next(&iter, &key, &value)) {
        (void)snprintf(name, sizeof name, "%.*s", (int)key.length, key.as.string);
        cdn_json_key(json, name);
        cdn_json_value(json, &value);
    }
}

static void write_problem(struct cdn_json *json, const char *key, const char *text)
{
    cdn_json_key(json, key);
    cdn_json_object(json);
    cdn_json_key_cstr(json, "description", text);
    cdn_json_key(json, "content");
    cdn_json_object(json);
    write_schema(json, "application/problem+json", "Problem");
    write_schema(json, "application/msgpack", "Problem");
    cdn_json_object_end(json);
    cdn_json_object_end(json);
}

static void write_components(const struct document *document)
{
    struct cdn_json *json = document->json;
    char text[8];

    cdn_json_key(json, "components");
    cdn_json_object(json);
    cdn_json_key(json, "schemas");
    cdn_json_object(json);
    for (size_t i = 0; i < document->schemas->count; i++)
        write_map(json, &document->schemas->files[i].schemas);
    cdn_json_object_end(json);
    cdn_json_key(json, "parameters");
    cdn_json_object(json);
    for (size_t i = 0; i < document->schemas->count; i++)
        write_map(json, &document->schemas->files[i].parameters);
    cdn_json_object_end(json);
    cdn_json_key(json, "responses");
    cdn_json_object(json);
    for (size_t i = 0; i < sizeof refusals / sizeof refusals[0]; i++) {
        (void)snprintf(text, sizeof text, "%u", refusals[i]);
        write_problem(json, text, status_text(refusals[i]));
    }
    write_problem(json, "Problem", "Anything else that went wrong");
    cdn_json_object_end(json);
    cdn_json_key(json, "securitySchemes");
    cdn_json_object(json);
    cdn_json_key(json, "bearer");
    cdn_json_object(json);
    cdn_json_key_cstr(json, "type", "http");
    cdn_json_key_cstr(json, "scheme", "bearer");
    cdn_json_key_cstr(
        json, "description",
        "A token of `cordon tokens`.  Not asked for where the server has none "
        "configured, nor of a peer it knows on its Unix socket.");
    cdn_json_object_end(json);
    cdn_json_object_end(json);
    cdn_json_object_end(json);
}

cordon_status cdn_openapi_write(struct cdn_json *out,
                                const struct cdn_route *const *pieces,
                                cordon_error *err)
{
    struct cdn_schemas schemas = {0};
    const struct document document = {out, pieces, &schemas};
    cordon_status status = cdn_schemas_read(&schemas, err);

    if (!status) {
        cdn_json_object(out);
        cdn_json_key_cstr(out, "openapi", "3.1.0");
        cdn_json_key(out, "info");
        cdn_json_object(out);
        cdn_json_key_cstr(out, "title", "cordon");
        cdn_json_key_cstr(out, "version", cordon_version());
        cdn_json_key_cstr(out, "description", description);
        cdn_json_key(out, "license");
        cdn_json_object(out);
        cdn_json_key_cstr(out, "name", "Apache 2.0");
        cdn_json_key_cstr(out, "identifier", "Apache-2.0");
        cdn_json_object_end(out);
        cdn_json_object_end(out);
        write_paths(&document);
        write_components(&document);
        cdn_json_object_end(out);
    }
    cdn_schemas_deinit(&schemas);
    return status;
}
