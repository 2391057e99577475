/* The table of kept answers: a ring of entries, searched from end to end.
 *
 * A thousand comparisons of 32 bytes cost some microseconds, against a change that syncs a
 * file: an index would buy nothing.  Names and keys are kept as hashes, so that an entry's size
 * is known and a dump of memory holds no key. */
#include "server/repeat.h"

#include <pthread.h>
#include <string.h>

#include "base/alloc.h"
#include "base/hash.h"
#include "server/host.h"

/* One request by its key.  type NULL: an answer without a body. */
struct kept {
    unsigned char key[CDN_CONTENT_HASH_BYTES]; /* of who, and which key */
    unsigned char request[CDN_CONTENT_HASH_BYTES];
    uint64_t age;    /* 0: the entry is free; else grows with each that is begun */
    unsigned status; /* 0: it is under way */
    const char *type;
    struct cdn_buf reply, extra;
};

struct cdn_repeats {
    pthread_mutex_t lock;
    uint64_t clock;
    size_t bytes; /* of all replies and headers */
    struct kept entries[CDN_REPEAT_MOST_ANSWERS];
};

cordon_status cdn_repeats_new(struct cdn_repeats **out, cordon_error *err)
{
    *out = cdn_calloc(1, sizeof **out);
    if (!*out)
        return cdn_error_nomem(err);
    pthread_mutex_init(&(*out)->lock, NULL);
    return CORDON_OK;
}

/* Forget an entry. */
static void forget(struct cdn_repeats *repeats, struct kept *kept)
{
    repeats->bytes -= kept->reply.length + kept->extra.length;
    cdn_buf_deinit(&kept->reply);
    cdn_buf_deinit(&kept->extra);
    *kept = (struct kept){0};
}

void cdn_repeats_free(struct cdn_repeats *repeats)
{
    if (!repeats)
        return;
    for (size_t i = 0; i < CDN_REPEAT_MOST_ANSWERS; i++)
        forget(repeats, &repeats->entries[i]);
    pthread_mutex_destroy(&repeats->lock);
    cdn_free(repeats);
}

/* ---- what is the same request ---- */

static bool is_key(const char *key)
{
    size_t bytes = strlen(key);

    for (size_t i = 0; i < bytes; i++) {
        if (key[i] < '!' || key[i] > '~')
            return false;
    }
    return bytes && bytes <= CDN_REPEAT_KEY_BYTES;
}

static void add_text(struct cdn_hash_chain *chain, const char *text)
{
    unsigned char there = text != NULL;

    cdn_hash_chain_add(chain, &there, 1);
    if (text)
        cdn_hash_chain_add(chain, text, strlen(text) + 1);
}

static void hash_key(unsigned char out[CDN_CONTENT_HASH_BYTES],
                     const struct cdn_exchange *x, const char *key)
{
    struct cdn_hash_chain chain;

    cdn_hash_chain_init(&chain, NULL);
    add_text(&chain, x->caller.name);
    add_text(&chain, key);
    cdn_hash_chain_get(&chain, out);
}

static void hash_request(unsigned char out[CDN_CONTENT_HASH_BYTES],
                         const struct cdn_exchange *x)
{
    static const char *const headers[] = {"If-Match", "X-Reason", "Content-Type"};
    static const char *const queries[] = {"dry_run", "kind", "file", "version"};
    struct cdn_hash_chain chain;

    cdn_hash_chain_init(&chain, NULL);
    add_text(&chain, x->route->path);
    cdn_hash_chain_add(&chain, &x->route->method, sizeof x->route->method);
    for (size_t i = 0; i < CDN_ROUTE_MAX_ARGS; i++)
        add_text(&chain, x->args[i]);
    for (size_t i = 0; i < sizeof queries / sizeof *queries; i++)
        add_text(&chain, cdn_exchange_query(x, queries[i]));
    for (size_t i = 0; i < sizeof headers / sizeof *headers; i++)
        add_text(&chain, cdn_exchange_header(x, headers[i]));
    if (x->body_bytes)
        cdn_hash_chain_add(&chain, x->body, x->body_bytes);
    cdn_hash_chain_get(&chain, out);
}

/* ---- the table, under its lock ---- */

static struct kept *find(struct cdn_repeats *repeats,
                         const unsigned char key[CDN_CONTENT_HASH_BYTES])
{
    for (size_t i = 0; i < CDN_REPEAT_MOST_ANSWERS; i++) {
        struct kept *kept = &repeats->entries[i];

        if (kept->age && !memcmp(kept->key, key, CDN_CONTENT_HASH_BYTES))
            return kept;
    }
    return NULL;
}

/* The oldest that is not under way, but `except`; NULL: there is none. */
static struct kept *oldest(struct cdn_repeats *repeats, const struct kept *except)
{
    struct kept *found = NULL;

    for (size_t i = 0; i < CDN_REPEAT_MOST_ANSWERS; i++) {
        struct kept *kept = &repeats->entries[i];

        if (kept->age && kept->status && kept != except &&
            (!found || kept->age < found->age))
            found = kept;
    }
    return found;
}

/* A free entry, made free where none is; NULL: all are under way. */
static struct kept *begin(struct cdn_repeats *repeats,
                          const unsigned char key[CDN_CONTENT_HASH_BYTES],
                          const unsigned char request[CDN_CONTENT_HASH_BYTES])
{
    struct kept *kept = NULL;

    for (size_t i = 0; i < CDN_REPEAT_MOST_ANSWERS && !kept; i++) {
        if (!repeats->entries[i].age)
            kept = &repeats->entries[i];
    }
    if (!kept) {
        kept = oldest(repeats, NULL);
        if (!kept)
            return NULL;
        forget(repeats, kept);
    }
    kept->age = ++repeats->clock;
    memcpy(kept->key, key, sizeof kept->key);
    memcpy(kept->request, request, sizeof kept->request);
    return kept;
}

/* Keep the answer, or forget the request where it is not one to keep. */
static void keep(struct cdn_repeats *repeats, struct kept *kept,
                 const struct cdn_exchange *x)
{
    size_t bytes = x->reply.length + x->extra.length;
    struct kept *victim;

    if (x->status >= 500 || x->reply.failed || x->extra.failed ||
        bytes > CDN_REPEAT_MOST_BYTES / 16) {
        forget(repeats, kept);
        return;
    }
    while (repeats->bytes + bytes > CDN_REPEAT_MOST_BYTES &&
           (victim = oldest(repeats, kept)))
        forget(repeats, victim);
    cdn_buf_append(&kept->reply, x->reply.data, x->reply.length);
    if (x->json.out && !x->json.pack) /* as cdn_exchange_finish() ends a document */
        cdn_buf_append(&kept->reply, "\n", 1);
    cdn_buf_append(&kept->extra, x->extra.data, x->extra.length);
    repeats->bytes += kept->reply.length + kept->extra.length;
    kept->status = x->status;
    kept->type = x->type;
    if (kept->reply.failed || kept->extra.failed)
        forget(repeats, kept);
}

/* Answer with what is known of the key.  False: nothing is, and *out is the request's entry. */
static bool answer_kept(struct kept **out, struct cdn_exchange *x,
                        const unsigned char key[CDN_CONTENT_HASH_BYTES],
                        const unsigned char request[CDN_CONTENT_HASH_BYTES])
{
    struct kept *kept = find(x->host->repeats, key);

    if (!kept) {
        *out = begin(x->host->repeats, key, request);
        if (*out)
            return false;
        cdn_exchange_problem(x, 503, "overloaded", "too many changes are under way");
        cdn_exchange_set_header(x, "Retry-After", "1");
    } else if (memcmp(kept->request, request, sizeof kept->request) != 0) {
        cdn_exchange_problem(x, 422, "idempotency-key",
                             "this Idempotency-Key came with another request before; "
                             "take a new one for each");
    } else if (!kept->status) {
        cdn_exchange_problem(x, 409, "in-progress",
                             "the request with this Idempotency-Key is under way");
        cdn_exchange_set_header(x, "Retry-After", "1");
    } else {
        cdn_exchange_text(x, kept->status, kept->type, kept->reply.data,
                          kept->reply.length);
        cdn_buf_append(&x->extra, kept->extra.data, kept->extra.length);
        cdn_exchange_set_header(x, "Idempotency-Replayed", "true");
    }
    return true;
}

void cdn_repeat_once(struct cdn_exchange *x, void (*handle)(struct cdn_exchange *x))
{
    const char *key = cdn_exchange_header(x, "Idempotency-Key");
    struct cdn_repeats *repeats = x->host->repeats;
    unsigned char hash[CDN_CONTENT_HASH_BYTES], request[CDN_CONTENT_HASH_BYTES];
    struct kept *kept;
    bool answered;

    if (!key) {
        handle(x);
        return;
    }
    if (!is_key(key)) {
        cdn_exchange_problem(x, 400, "idempotency-key",
                             "an Idempotency-Key is 1 to %d visible ASCII characters",
                             CDN_REPEAT_KEY_BYTES);
        return;
    }
    hash_key(hash, x, key);
    hash_request(request, x);
    pthread_mutex_lock(&repeats->lock);
    answered = answer_kept(&kept, x, hash, request);
    pthread_mutex_unlock(&repeats->lock);
    if (answered)
        return;
    handle(x); /* its entry says meanwhile that it is under way */
    pthread_mutex_lock(&repeats->lock);
    keep(repeats, kept, x);
    pthread_mutex_unlock(&repeats->lock);
}
