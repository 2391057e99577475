/* The page at / and what it is made of, and /openapi.json.
 *
 * The files are carried by the server (page/) and the same for everybody, so that whoever can
 * connect may have them: what the page then asks for it asks with the caller's own rights.  It
 * loads nothing from anywhere else and runs nothing that is not in these files, which the
 * Content-Security-Policy has the browser hold it to: text from graphs and rules stays text.
 *
 * Each file has its content's hash for an ETag and is asked for again each time ("no-cache"),
 * which costs an empty 304: after an update nobody has a page that is half old. */
#include "server/pieces.h"

#include <stdio.h>
#include <string.h>

#include "base/embedded.h"
#include "base/hash.h"
#include "server/exchange.h"
#include "server/openapi.h"

extern const struct cdn_embedded cdn_embedded_page[];
extern const size_t cdn_embedded_page_count;

static const char policy[] =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types 'none'";

static const char *type_of(const char *name)
{
    static const char *const types[][2] = {{".html", "text/html; charset=utf-8"},
                                           {".css", "text/css; charset=utf-8"},
                                           {".js", "text/javascript; charset=utf-8"},
                                           {".svg", "image/svg+xml"}};
    const char *end = strrchr(name, '.');

    for (size_t i = 0; end && i < sizeof types / sizeof types[0]; i++)
        if (!strcmp(end, types[i][0]))
            return types[i][1];
    return "application/octet-stream";
}

/* Is the tag one of those in an If-None-Match header? */
static bool has_tag(const char *header, const char *tag)
{
    return header && (strstr(header, tag) || !strcmp(header, "*"));
}

/* GET / and the files beside it */
static void page(struct cdn_exchange *x)
{
    const char *name = x->route->path + 1;
    const struct cdn_embedded *file = NULL;
    char tag[24];

    if (!*name)
        name = "index.html";
    for (size_t i = 0; i < cdn_embedded_page_count; i++)
        if (!strcmp(cdn_embedded_page[i].name, name))
            file = &cdn_embedded_page[i];
    if (!file) {
        cdn_exchange_problem(x, 404, "not-found", "this server carries no %s", name);
        return;
    }
    (void)snprintf(tag, sizeof tag, "\"%016llx\"",
                   (unsigned long long)cdn_hash_xxh3(file->bytes, file->size));
    if (has_tag(cdn_exchange_header(x, "If-None-Match"), tag))
        cdn_exchange_empty(x, 304);
    else
        cdn_exchange_text(x, 200, type_of(name), file->bytes, file->size);
    cdn_exchange_set_header(x, "ETag", tag);
    cdn_exchange_set_header(x, "Cache-Control", "no-cache");
    cdn_exchange_set_header(x, "X-Content-Type-Options", "nosniff");
    cdn_exchange_set_header(x, "Content-Security-Policy", policy);
    cdn_exchange_set_header(x, "Referrer-Policy", "no-referrer");
    cdn_exchange_set_header(x, "Cross-Origin-Opener-Policy", "same-origin");
    cdn_exchange_set_header(x, "Cross-Origin-Resource-Policy", "same-origin");
}

/* GET /openapi.json */
static void openapi(struct cdn_exchange *x)
{
    cordon_error err;
    cordon_status status =
        cdn_openapi_write(cdn_exchange_reply(x, 200), cdn_route_pieces, &err);

    if (status)
        cdn_exchange_fail(x, status, &err);
}

#define PAGE(file, name, what)                                                         \
    {                                                                                  \
        .method = CDN_METHOD_GET, .path = (file), .right = CDN_RIGHT_ANYBODY,          \
        .place = CDN_PLACE_LOOP, .handle = page, .operation = (name),                  \
        .summary = (what), .response = "PageFile"                                      \
    }

const struct cdn_route cdn_routes_page[] = {
    PAGE("/", "page", "The page for people: ask rules, look at the graph"),
    PAGE("/page.css", "pageStyle", "The page's style"),
    PAGE("/page.js", "pageScript", "The page's script"),
    PAGE("/api.js", "pageScriptApi", "The page's script: asking the server"),
    PAGE("/draw.js", "pageScriptDraw", "The page's script: the neighbourhood, drawn"),
    PAGE("/form.js", "pageScriptForm", "The page's script: parameters as a form"),
    PAGE("/show.js", "pageScriptShow", "The page's script: what came back, shown"),
    PAGE("/text.js", "pageScriptText", "The page's script: text into the document"),
    PAGE("/icon.svg", "pageIcon", "The page's icon"),
    {.method = CDN_METHOD_GET,
     .path = "/openapi.json",
     .right = CDN_RIGHT_ANYBODY,
     .place = CDN_PLACE_WORKER,
     .handle = openapi,
     .operation = "openapi",
     .summary = "This description: OpenAPI 3.1",
     .query = "pretty",
     .response = "OpenApi"},
    {.path = NULL},
};
