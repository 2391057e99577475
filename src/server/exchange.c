/* One request and its answer: media types, the body as a value, documents and problems.
 *
 * Nothing here knows where a request came from.  What a handler answers lies in the exchange
 * until the listener sends it, so that an answer is whole or is not sent at all: memory that
 * runs out halfway becomes a problem instead of half a document. */
#include "server/exchange.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "codec/json_read.h"
#include "server/lane.h"

#define URN "urn:cordon:problem:"

/* ---- beginning and ending ---- */

void cdn_exchange_begin(struct cdn_exchange *x, struct cdn_host *host,
                        const struct cdn_exchange_source *source, const void *ud)
{
    struct cdn_buf kept[] = {x->reply, x->pack, x->extra, x->path};

    for (size_t i = 0; i < sizeof kept / sizeof *kept; i++)
        cdn_buf_clear(&kept[i]);
    *x = (struct cdn_exchange){.host = host,
                               .source = source,
                               .source_ud = ud,
                               .in = CDN_MEDIA_JSON,
                               .out = CDN_MEDIA_JSON,
                               .begun_ns = cdn_clock_ns(),
                               .reply = kept[0],
                               .pack = kept[1],
                               .extra = kept[2],
                               .path = kept[3]};
}

void cdn_exchange_deinit(struct cdn_exchange *x)
{
    cdn_buf_deinit(&x->reply);
    cdn_buf_deinit(&x->pack);
    cdn_buf_deinit(&x->extra);
    cdn_buf_deinit(&x->path);
}

void cdn_exchange_finish(struct cdn_exchange *x)
{
    static const char nomem[] = "{\"type\":\"urn:cordon:problem:memory\",\"title\":"
                                "\"Internal Server Error\",\"status\":500,"
                                "\"detail\":\"out of memory\"}\n";

    if (!x->status)
        cdn_exchange_problem(x, 500, "internal", "the request was not answered");
    if (x->reply.failed || x->extra.failed)
        cdn_exchange_end(x);
    if (x->reply.failed || x->extra.failed) {
        cdn_buf_clear(&x->extra);
        cdn_buf_clear(&x->reply);
        x->status = 500;
        x->type = "application/problem+json";
        if (x->reply.capacity >= sizeof nomem)
            cdn_buf_text(&x->reply, nomem);
        return;
    }
    if (x->type && x->json.out && !x->json.pack)
        cdn_buf_append(&x->reply, "\n", 1);
    x->json.out = NULL;
}

bool cdn_exchange_continue(struct cdn_exchange *x)
{
    cdn_buf_clear(&x->reply);
    if (!x->more(x))
        x->more = NULL;
    return !x->reply.failed;
}

void cdn_exchange_end(struct cdn_exchange *x)
{
    if (x->end)
        x->end(x);
    x->end = NULL;
    x->more = NULL;
}

/* ---- what was asked ---- */

const char *cdn_exchange_header(const struct cdn_exchange *x, const char *name)
{
    return x->source->header(x->source_ud, name);
}

const char *cdn_exchange_query(const struct cdn_exchange *x, const char *name)
{
    return x->source->query(x->source_ud, name);
}

bool cdn_exchange_query_flag(struct cdn_exchange *x, bool *out, const char *name)
{
    const char *text = cdn_exchange_query(x, name);
    char shown[80];

    if (!text)
        return true;
    if (!strcmp(text, "true") || !strcmp(text, "1") || !*text)
        *out = true;
    else if (!strcmp(text, "false") || !strcmp(text, "0"))
        *out = false;
    else
        cdn_exchange_problem(x, 400, "query", "?%s=%s is neither true nor false", name,
                             cdn_escape(shown, sizeof shown, text, strlen(text)));
    return !x->status;
}

bool cdn_exchange_query_number(struct cdn_exchange *x, uint64_t *out, const char *name,
                               uint64_t least, uint64_t most)
{
    const char *text = cdn_exchange_query(x, name);
    char shown[80];
    uint64_t value = 0;
    size_t digits;

    if (!text)
        return true;
    digits = strspn(text, "0123456789");
    if (digits && digits < 20 && !text[digits])
        value = strtoull(text, NULL, 10);
    if (digits && digits < 20 && !text[digits] && value >= least && value <= most) {
        *out = value;
        return true;
    }
    cdn_exchange_problem(
        x, 400, "query", "?%s=%s is no integer from %" PRIu64 " to %" PRIu64, name,
        cdn_escape(shown, sizeof shown, text, strlen(text)), least, most);
    return false;
}

/* ---- media types ---- */

struct media {
    const char *name;
    enum cdn_media media;
};

static const struct media known[] = {
    {"application/json", CDN_MEDIA_JSON},
    {"application/msgpack", CDN_MEDIA_MSGPACK},
    {"application/x-msgpack", CDN_MEDIA_MSGPACK},
    {"application/vnd.msgpack", CDN_MEDIA_MSGPACK},
    {"application/x-ndjson", CDN_MEDIA_NDJSON},
    {"application/ndjson", CDN_MEDIA_NDJSON},
    {"application/jsonl", CDN_MEDIA_NDJSON},
};

/* The type that stands at `text`, up to blanks, parameters or the next one. */
static enum cdn_media media_at(const char *text)
{
    size_t bytes = strcspn(text, ";, \t");

    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        if (bytes == strlen(known[i].name) && !strncasecmp(text, known[i].name, bytes))
            return known[i].media;
    }
    return CDN_MEDIA_OTHER;
}

/* The weight behind a media range, in thousandths; 1000 if there is none. */
static unsigned weight_of(const char *text)
{
    const char *at = text + strcspn(text, ";,");
    unsigned weight, unit = 100;

    while (*at == ';') {
        at++;
        at += strspn(at, " \t");
        if ((*at == 'q' || *at == 'Q') && at[1] == '=') {
            at += 2;
            if (*at != '0')
                return 1000;
            weight = 0;
            for (at += at[1] == '.' ? 2 : 1; *at >= '0' && *at <= '9' && unit; at++) {
                weight += unit * (unsigned)(*at - '0');
                unit /= 10;
            }
            return weight;
        }
        at += strcspn(at, ";,");
    }
    return 1000;
}

static bool is_range(const char *text, const char *range)
{
    size_t bytes = strcspn(text, ";, \t");

    return bytes == strlen(range) && !strncasecmp(text, range, bytes);
}

/* The one that is wanted most of those we have; of equal ones the first. */
static enum cdn_media accepted(const char *accept, enum cdn_media preferred)
{
    enum cdn_media best = CDN_MEDIA_OTHER;
    unsigned best_weight = 0;

    for (const char *at = accept; *at; at += strcspn(at, ","), at += *at == ',') {
        enum cdn_media media;

        at += strspn(at, " \t");
        media = is_range(at, "*/*") || is_range(at, "application/*") ? preferred
                : is_range(at, "application/problem+json")           ? CDN_MEDIA_JSON
                                                                     : media_at(at);
        if (media != CDN_MEDIA_OTHER && weight_of(at) > best_weight) {
            best = media;
            best_weight = weight_of(at);
        }
    }
    return best;
}

/* A name that may stand in logs and headers as it is. */
static bool is_name(const char *text)
{
    size_t bytes = strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                "0123456789-_.:/+=@");

    return bytes && !text[bytes] &&
           bytes < sizeof(((struct cdn_exchange *)0)->request_id);
}

void cdn_exchange_negotiate(struct cdn_exchange *x)
{
    const char *type = cdn_exchange_header(x, "Content-Type");
    const char *accept = cdn_exchange_header(x, "Accept");
    const char *id = cdn_exchange_header(x, "X-Request-Id");
    enum cdn_media preferred;

    x->in = type ? media_at(type) : CDN_MEDIA_JSON;
    preferred = x->in == CDN_MEDIA_NDJSON ? CDN_MEDIA_NDJSON : CDN_MEDIA_JSON;
    x->out = accept && *accept ? accepted(accept, preferred) : preferred;
    if (id && is_name(id))
        snprintf(x->request_id, sizeof x->request_id, "%s", id);
    else
        cdn_lane_name(x->lane, x->request_id);
}

/* ---- the body ---- */

static const unsigned char *body_of_json(struct cdn_exchange *x, size_t *bytes)
{
    cordon_error err;
    cordon_status status;

    cdn_buf_clear(&x->pack);
    status = cdn_json_to_pack(&x->pack, (const char *)x->body, x->body_bytes, &err);
    if (status == CORDON_E_DATA)
        cdn_exchange_problem(x, 400, "body", "the body is no JSON: %s", err.message);
    else if (status)
        cdn_exchange_fail(x, status, &err);
    *bytes = x->pack.length;
    return status ? NULL : x->pack.data;
}

const unsigned char *cdn_exchange_pack(struct cdn_exchange *x, size_t *bytes)
{
    cordon_value value;
    cordon_error err;

    *bytes = 0;
    if (x->pack.length) { /* it has been asked for before */
        *bytes = x->pack.length;
        return x->pack.data;
    }
    if (!x->body_bytes) {
        cdn_exchange_problem(x, 400, "body", "the request has no body");
        return NULL;
    }
    switch (x->in) {
    case CDN_MEDIA_JSON:
        return body_of_json(x, bytes);
    case CDN_MEDIA_MSGPACK:
        if (cordon_value_parse(&value, x->body, x->body_bytes, &err)) {
            cdn_exchange_problem(x, 400, "body", "the body is no msgpack: %s",
                                 err.message);
            return NULL;
        }
        *bytes = x->body_bytes;
        return x->body;
    case CDN_MEDIA_NDJSON:
    case CDN_MEDIA_OTHER:
        break;
    }
    cdn_exchange_problem(x, 415, "media-type",
                         "the body must be application/json or application/msgpack, "
                         "and its Content-Type say so");
    cdn_exchange_set_header(x, "Accept-Post", "application/json, application/msgpack");
    return NULL;
}

bool cdn_exchange_body(struct cdn_exchange *x, cordon_value *out)
{
    size_t bytes;
    const unsigned char *pack = cdn_exchange_pack(x, &bytes);
    cordon_error err;
    cordon_status status;

    if (!pack)
        return false;
    status = cordon_value_parse(out, pack, bytes, &err);
    if (status)
        cdn_exchange_fail(x, status, &err);
    return !status;
}

/* ---- the answer ---- */

static struct cdn_json *begin_document(struct cdn_exchange *x, unsigned status,
                                       const char *type)
{
    cdn_buf_clear(&x->reply);
    x->status = status;
    x->type = x->out == CDN_MEDIA_MSGPACK ? "application/msgpack" : type;
    cdn_json_init(&x->json, &x->reply, x->pretty && x->out != CDN_MEDIA_NDJSON);
    x->json.pack = x->out == CDN_MEDIA_MSGPACK;
    return &x->json;
}

struct cdn_json *cdn_exchange_reply(struct cdn_exchange *x, unsigned status)
{
    return begin_document(x, status,
                          x->out == CDN_MEDIA_NDJSON ? "application/x-ndjson"
                                                     : "application/json");
}

void cdn_exchange_text(struct cdn_exchange *x, unsigned status, const char *type,
                       const void *text, size_t bytes)
{
    x->status = status;
    x->type = type;
    x->json.out = NULL;
    cdn_buf_clear(&x->reply);
    cdn_buf_append(&x->reply, text, bytes);
}

void cdn_exchange_empty(struct cdn_exchange *x, unsigned status)
{
    x->status = status;
    x->type = NULL;
    x->json.out = NULL;
    cdn_buf_clear(&x->reply);
}

void cdn_exchange_stream(struct cdn_exchange *x, unsigned status,
                         bool (*more)(struct cdn_exchange *x),
                         void (*end)(struct cdn_exchange *x), void *stream)
{
    (void)cdn_exchange_reply(x, status);
    x->json.out = NULL;
    x->more = more;
    x->end = end;
    x->stream = stream;
}

static const char *title_of(unsigned status)
{
    static const struct {
        unsigned status;
        const char *title;
    } titles[] = {
        {400, "Bad Request"},
        {401, "Unauthorized"},
        {403, "Forbidden"},
        {404, "Not Found"},
        {405, "Method Not Allowed"},
        {406, "Not Acceptable"},
        {409, "Conflict"},
        {412, "Precondition Failed"},
        {413, "Content Too Large"},
        {415, "Unsupported Media Type"},
        {422, "Unprocessable Content"},
        {429, "Too Many Requests"},
        {431, "Request Header Fields Too Large"},
        {500, "Internal Server Error"},
        {501, "Not Implemented"},
        {503, "Service Unavailable"},
        {504, "Gateway Timeout"},
    };

    for (size_t i = 0; i < sizeof titles / sizeof *titles; i++) {
        if (titles[i].status == status)
            return titles[i].title;
    }
    return "Error";
}

/* The fields that every problem has; the caller may add more, and ends the object. */
static struct cdn_json *begin_problem(struct cdn_exchange *x, unsigned status,
                                      const char *urn, const char *detail)
{
    struct cdn_json *json = begin_document(x, status, "application/problem+json");

    cdn_json_object(json);
    cdn_json_key_cstr(json, "type", urn);
    cdn_json_key_cstr(json, "title", title_of(status));
    cdn_json_key_uint(json, "status", status);
    cdn_json_key_cstr(json, "detail", detail);
    if (x->request_id[0])
        cdn_json_key_cstr(json, "request_id", x->request_id);
    return json;
}

struct cdn_json *cdn_exchange_problem_begin(struct cdn_exchange *x, unsigned status,
                                            const char *type, const char *detail)
{
    char urn[96];

    snprintf(urn, sizeof urn, URN "%s", type);
    return begin_problem(x, status, urn, detail);
}

void cdn_exchange_problem(struct cdn_exchange *x, unsigned status, const char *type,
                          const char *format, ...)
{
    char urn[96], detail[CORDON_ERROR_MESSAGE_BYTES];
    va_list args;

    va_start(args, format);
    vsnprintf(detail, sizeof detail, format, args);
    va_end(args);
    snprintf(urn, sizeof urn, URN "%s", type);
    cdn_json_object_end(begin_problem(x, status, urn, detail));
}

static struct cdn_problem problem_of(const struct cdn_exchange *x, cordon_status status)
{
    switch (status) {
    case CORDON_E_INVALID:
        return (struct cdn_problem){400, URN "invalid", NULL};
    case CORDON_E_DATA:
        return (struct cdn_problem){400, URN "data", NULL};
    case CORDON_E_DENIED:
        return (struct cdn_problem){403, URN "denied", NULL};
    case CORDON_E_NOTFOUND:
        return (struct cdn_problem){404, URN "not-found", NULL};
    case CORDON_E_EXISTS:
        return (struct cdn_problem){409, URN "exists", NULL};
    case CORDON_E_CONFLICT:
        if (cdn_exchange_header(x, "If-Match"))
            return (struct cdn_problem){412, URN "precondition", NULL};
        return (struct cdn_problem){409, URN "conflict", NULL};
    case CORDON_E_RULE:
        return (struct cdn_problem){422, URN "rule", NULL};
    case CORDON_E_QUOTA:
        return (struct cdn_problem){429, URN "quota", NULL};
    case CORDON_E_BUSY:
    case CORDON_E_OVERLOADED:
        return (struct cdn_problem){503, URN "overloaded", NULL};
    case CORDON_OK:
    case CORDON_E_NOMEM:
    case CORDON_E_IO:
    case CORDON_E_CORRUPT:
    case CORDON_E_FORMAT:
    case CORDON_E_INTERRUPTED:
        break;
    }
    return (struct cdn_problem){500, URN "internal", NULL};
}

struct cdn_problem cdn_exchange_explain(const struct cdn_exchange *x,
                                        cordon_status status, const cordon_error *err)
{
    struct cdn_problem problem = problem_of(x, status);

    /* what went wrong inside is not the caller's to know */
    problem.detail = problem.status == 500 || !err || !err->message[0]
                         ? cordon_status_str(status)
                         : err->message;
    return problem;
}

void cdn_exchange_fail(struct cdn_exchange *x, cordon_status status,
                       const cordon_error *err)
{
    struct cdn_problem problem = cdn_exchange_explain(x, status, err);
    struct cdn_json *json =
        begin_problem(x, problem.status, problem.urn, problem.detail);

    if (err && problem.detail == err->message && err->line) {
        if (err->file[0])
            cdn_json_key_cstr(json, "file", err->file);
        cdn_json_key_uint(json, "line", err->line);
        if (err->column)
            cdn_json_key_uint(json, "column", err->column);
    }
    cdn_json_object_end(json);
    if (problem.status == 503 || problem.status == 429)
        cdn_exchange_set_header(x, "Retry-After", "1");
}

/* ---- headers of the reply ---- */

void cdn_exchange_set_header(struct cdn_exchange *x, const char *name,
                             const char *value)
{
    cdn_buf_append(&x->extra, name, strlen(name) + 1);
    for (const char *at = value; *at; at++) {
        if ((unsigned char)*at >= 0x20 && *at != 0x7f) /* none can begin a line */
            cdn_buf_append(&x->extra, at, 1);
    }
    cdn_buf_append(&x->extra, "", 1);
}

bool cdn_exchange_next_header(const struct cdn_exchange *x, size_t *at,
                              const char **name, const char **value)
{
    const char *text = (const char *)x->extra.data;

    if (*at >= x->extra.length)
        return false;
    *name = text + *at;
    *value = *name + strlen(*name) + 1;
    *at += strlen(*name) + strlen(*value) + 2;
    return true;
}
