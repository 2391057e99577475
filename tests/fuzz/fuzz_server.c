/* Requests to the server's own handlers, without a socket: every route and method, paths, queries,
 * the Authorization header, and bodies as JSON, NDJSON and msgpack.
 *
 * An input is a request, with lines that end in a newline alone:
 *
 *     POST /v1/evaluate/sent?usage=true
 *     Authorization: Bearer root
 *     Content-Type: application/json
 *
 *     {"node": "Account:1"}
 *
 * Whatever it is, it is answered, once, with a status that fits the caller's rights; documents
 * are what their media type says, and no header can end a line.  What is served (a registry, a
 * log, proposals) is made anew now and then, so that an input means much the same each time. */
#include <ctype.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/file.h"
#include "base/hash.h"
#include "codec/json_read.h"
#include "server/dispatch.h"
#include "server/host.h"
#include "server/server.h"
#include "server/strict.h"
#include "support/fixture.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MOST_PAIRS = 40, LIFE = 400, MOST_BYTES = 60000, MOST_PIECES = 10000 };

static const char rule[] =
    "return { name = 'sent', reads = { Account = {}, transfer = { 'amount' } },\n"
    "  params = { least = { type = 'integer', default = 2 } },\n"
    "  decisions = { 'allow', 'deny' }, fallback = 'deny', returns = 'any',\n"
    "  evaluate = function(graph, request)\n"
    "    local n = request.node:outgoing('transfer'):count()\n"
    "    return { decision = n < request.params.least and 'allow' or 'deny', score = "
    "n,\n"
    "      reasons = { tostring(n) }, output = request.params }\n"
    "  end }\n";

struct pair {
    const char *name;
    const char *value;
};

struct request {
    char *text;
    struct pair headers[MOST_PAIRS], query[MOST_PAIRS];
    size_t header_count, query_count;
    const char *method, *path;
    const unsigned char *body;
    size_t body_bytes;
};

static struct cdn_host host;
static struct cdn_server_options options;
static cordon_snapshot *bank;
static char folder[] = "/tmp/cordon-fuzz-XXXXXX";
static char registry[64], proposals[64], decisions[64];
static unsigned left;

static void insist(bool holds, const char *what)
{
    if (holds)
        return;
    fprintf(stderr, "fuzz_server: %s\n", what);
    abort();
}

/* ---- what is served ---- */

static void remove_files(const char *path)
{
    DIR *dir = opendir(path);
    struct dirent *entry;

    while (dir && (entry = readdir(dir))) {
        char name[400];

        snprintf(name, sizeof name, "%s/%s", path, entry->d_name);
        if (entry->d_name[0] != '.')
            unlink(name);
    }
    if (dir)
        closedir(dir);
}

static void close_host(void)
{
    (void)cdn_host_close(&host, NULL);
    remove_files(decisions);
    rmdir(decisions);
    remove_files(folder);
}

static void end(void)
{
    close_host();
    rmdir(folder);
    cordon_snapshot_release(bank);
}

static void open_host(void)
{
    static char hashes[3][2 * CDN_CONTENT_HASH_BYTES + 1];
    static struct cdn_auth_entry entries[] = {{.name = "root", .rights = 63},
                                              {.name = "reader", .rights = 2},
                                              {.name = "till", .rights = 1}};
    unsigned char hash[CDN_CONTENT_HASH_BYTES];
    cordon_error err;

    for (size_t i = 0; i < 3; i++) {
        cdn_hash_content(hash, entries[i].name, strlen(entries[i].name));
        entries[i].token_hash = cdn_hash_hex(hashes[i], hash, sizeof hash);
    }
    options = (struct cdn_server_options){
        .registry = registry,
        .proposals = proposals,
        .audit = decisions,
        .engine = CORDON_ENGINE_OPTIONS_INIT,
        .entries = entries,
        .entry_count = 3,
        .threads = 1,
        .workers = 1,
        .queue = 4,
        .connections = 4,
        .header_bytes = 8192,
        .body_bytes = MOST_BYTES,
        .batch_bytes = MOST_BYTES,
        .held_bytes = 1 << 26,
    };
    options.engine.slots = 2;
    options.engine.max_instructions = 100000;
    options.engine.max_wall_ns = 50000000;
    if (cdn_host_open(&host, &options, &err) ||
        cordon_engine_load_rule(host.engine, rule, strlen(rule), "sent.lua", NULL,
                                &err) ||
        cordon_engine_set_snapshot(host.engine, bank, &err))
        insist(false, err.message);
    left = LIFE;
}

static void begin(void)
{
    if (left && --left)
        return;
    if (bank) {
        close_host();
    } else {
        bank = cdn_fixture_bank_open();
        insist(mkdtemp(folder) != NULL, "no folder");
        snprintf(registry, sizeof registry, "%s/rules.mdb", folder);
        snprintf(proposals, sizeof proposals, "%s/proposals.mdb", folder);
        snprintf(decisions, sizeof decisions, "%s/audit", folder);
        atexit(end);
    }
    open_host();
}

/* ---- an input ---- */

static const char *find(const struct pair *pairs, size_t count, const char *name,
                        bool exact)
{
    for (size_t i = 0; i < count; i++)
        if (!(exact ? strcmp : strcasecmp)(pairs[i].name, name))
            return pairs[i].value;
    return NULL;
}

static const char *header(const void *ud, const char *name)
{
    const struct request *r = ud;

    return find(r->headers, r->header_count, name, false);
}

static const char *query(const void *ud, const char *name)
{
    const struct request *r = ud;

    return find(r->query, r->query_count, name, true);
}

/* As libmicrohttpd does; the escapes are known to be ones. */
static char *decode(char *text)
{
    char *to = text;

    for (const char *at = text; *at; at++) {
        char digits[3] = {0};

        if (*at != '%') {
            *to++ = (char)(*at == '+' ? ' ' : *at);
            continue;
        }
        memcpy(digits, at + 1, 2);
        *to++ = (char)strtoul(digits, NULL, 16);
        at += 2;
    }
    *to = '\0';
    return text;
}

static bool take_target(struct request *r, char *target)
{
    char *mark = strchr(target, '?'), *next;

    r->path = target;
    if (*target != '/')
        return false;
    if (!mark)
        return true;
    if (!cdn_strict_query(mark))
        return false;
    *mark = '\0';
    for (char *at = mark + 1; at; at = next) {
        char *value;

        next = strchr(at, '&');
        if (next)
            *next++ = '\0';
        value = strchr(at, '=');
        if (value)
            *value++ = '\0';
        if (r->query_count == MOST_PAIRS)
            return false;
        r->query[r->query_count++] =
            (struct pair){decode(at), value ? decode(value) : NULL};
    }
    return true;
}

/* What the listener would have let in of it.  False: nothing. */
static bool parse(struct request *r)
{
    char *at = r->text, *line_end = strchr(at, '\n'), *blank;

    for (; line_end; at = line_end + 1, line_end = strchr(at, '\n')) {
        *line_end = '\0';
        for (const char *c = at; *c; c++)
            if ((unsigned char)*c < 0x20 || *c == 0x7f)
                return false;
        if (!*at) {
            r->body = (const unsigned char *)line_end + 1;
            return r->method != NULL;
        }
        if (!r->method) {
            blank = strchr(at, ' ');
            if (!blank || strchr(blank + 1, ' '))
                return false;
            *blank = '\0';
            r->method = at;
            if (!take_target(r, blank + 1))
                return false;
            continue;
        }
        blank = strstr(at, ": ");
        if (!blank || r->header_count == MOST_PAIRS)
            return false;
        *blank = '\0';
        r->headers[r->header_count++] = (struct pair){at, blank + 2};
    }
    return false;
}

/* ---- an answer ---- */

static void check_json(const unsigned char *text, size_t bytes)
{
    struct cdn_buf pack = {0};
    cordon_error err;

    if (cdn_json_to_pack(&pack, (const char *)text, bytes, &err))
        insist(false, err.message);
    cdn_buf_deinit(&pack);
}

static void check_document(const struct cdn_exchange *x)
{
    const unsigned char *at = x->reply.data;
    const unsigned char *end_ = at ? at + x->reply.length : at;
    cordon_value value;
    cordon_error err;

    if (!x->type || !x->reply.length)
        return;
    if (!strcmp(x->type, "application/json") ||
        !strcmp(x->type, "application/problem+json"))
        check_json(at, x->reply.length);
    else if (!strcmp(x->type, "application/msgpack") && x->status < 300 && !x->more)
        insist(!cordon_value_parse(&value, at, x->reply.length, &err),
               "a reply is no msgpack");
    else if (!strcmp(x->type, "application/x-ndjson"))
        while (at < end_) {
            const unsigned char *line = memchr(at, '\n', (size_t)(end_ - at));

            insist(line != NULL, "a line has no end");
            check_json(at, (size_t)(line - at));
            at = line + 1;
        }
}

static void check_headers(const struct cdn_exchange *x)
{
    const char *name, *value;
    size_t at = 0;

    while (cdn_exchange_next_header(x, &at, &name, &value)) {
        for (const char *c = name; *c; c++)
            insist(isalnum((unsigned char)*c) || *c == '-', "a header's name");
        for (const char *c = value; *c; c++)
            insist((unsigned char)*c >= 0x20 && *c != 0x7f, "a header's value");
    }
    for (const char *c = x->request_id; *c; c++)
        insist((unsigned char)*c > 0x20 && (unsigned char)*c < 0x7f,
               "a request's name");
}

static void answer(struct cdn_exchange *x, struct request *r)
{
    struct cdn_credentials shown = {.authorization = header(r, "Authorization")};
    size_t pieces = 0;
    unsigned right;

    cdn_dispatch_begin(x, r->method, r->path, &shown);
    right = x->route ? x->route->right : 0;
    if (!x->status && r->body_bytes > cdn_dispatch_body_limit(x))
        return;
    if (right && (x->caller.rights & right) != right)
        insist(x->status == 401 || x->status == 403 || x->status == 400,
               "who may not is let in");
    x->body = r->body;
    x->body_bytes = r->body_bytes;
    if (x->status) {
        cdn_dispatch_end(x);
    } else {
        (void)cdn_dispatch_place(x);
        (void)cdn_dispatch_priority(x);
        if (x->status)
            cdn_dispatch_end(x);
        else
            cdn_dispatch_run(x);
    }
    insist(x->status >= 200 && x->status < 600 && x->status != 500, "the status");
    check_headers(x);
    if (!x->more)
        check_document(x);
    while (x->more && pieces++ < MOST_PIECES) {
        if (!cdn_dispatch_continue(x))
            break;
    }
    insist(pieces < MOST_PIECES, "an answer without an end");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct cdn_exchange_source source = {header, query};
    static struct cdn_exchange x;
    struct request r = {0};
    const uint8_t *head = NULL;

    if (size > MOST_BYTES)
        return 0;
    for (size_t i = 0; i + 1 < size && !head; i++)
        if (data[i] == '\n' && data[i + 1] == '\n')
            head = data + i + 2;
    if (!head || memchr(data, '\0', (size_t)(head - data)))
        return 0;
    r.text = malloc(size + 1);
    memcpy(r.text, data, size);
    r.text[size] = '\0';
    r.body_bytes = size - (size_t)(head - data);
    if (parse(&r)) {
        begin();
        /* a copy of its own, so that a byte read past it is seen */
        unsigned char *body = malloc(r.body_bytes ? r.body_bytes : 1);

        memcpy(body, r.body, r.body_bytes);
        r.body = body;
        cdn_exchange_begin(&x, &host, &source, &r);
        answer(&x, &r);
        cdn_dispatch_abandon(&x);
        free(body);
    }
    free(r.text);
    return 0;
}
