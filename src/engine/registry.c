/* Reading the registry.
 *
 * Each call is one read transaction, so what it tells is of one moment.  Listing and history
 * are told one by one, each call finding its place anew by key: no cursor of a caller's can
 * be left open, which would keep old pages from being used again.
 * Cost: a walk down the tree a record, some microseconds. */
#include "engine/registry.h"

#include <inttypes.h>
#include <string.h>

#include "base/alloc.h"
#include "base/suggest.h"
#include "engine/registry_read.h"

/* ---- arguments ---- */

cordon_status cdn_registry_argument(const void *argument, const char *function,
                                    const char *what, cordon_error *err)
{
    if (argument)
        return CORDON_OK;
    return cdn_error_set(err, CORDON_E_INVALID, "%s: no %s; it must not be NULL",
                         function, what);
}

cordon_status cdn_registry_size(size_t given, size_t known, const char *type,
                                cordon_error *err)
{
    if (given == known)
        return CORDON_OK;
    return cdn_error_set(err, CORDON_E_INVALID,
                         "%s: struct_size is %zu where %zu is known", type, given,
                         known);
}

/* ---- objects ---- */

/* The next object's key behind `after` ("": the first); its standing if `out`. */
static cordon_status next_object(char name[CORDON_RULE_MAX_NAME_BYTES + 1],
                                 cordon_standing *out, struct cdn_durable_txn *txn,
                                 const char *after, cordon_error *err)
{
    struct cdn_key from = cdn_key_object(after);
    struct cdn_span key, payload;
    struct cdn_key own;
    const char *fault;
    cordon_status status;

    if (after[0])
        from.bytes[from.length++] = 0; /* the least key behind it */
    status = cdn_registry_seek(&key, &payload, txn, &from, false, err);
    if (status && status != CORDON_E_NOTFOUND)
        return status;
    if (status || key.bytes[0] != CDN_KEY_OBJECT)
        return cdn_error_set(err, CORDON_E_NOTFOUND,
                             "the registry has no more objects");
    if (!cdn_key_read_object(name, key.bytes, key.length))
        return cdn_registry_damaged(txn, &from, "what follows it is no name", err);
    if (!out)
        return CORDON_OK;
    fault = cdn_record_get_standing(out, payload.bytes, payload.length);
    memcpy(out->name, name, sizeof(out->name));
    own = cdn_key_object(name);
    return fault ? cdn_registry_damaged(txn, &own, fault, err) : CORDON_OK;
}

static cordon_status no_object(struct cdn_durable_txn *txn, const char *name,
                               cordon_error *err)
{
    char names[2][CORDON_RULE_MAX_NAME_BYTES + 1] = {"", ""};
    char best[CORDON_RULE_MAX_NAME_BYTES + 1];
    struct cdn_suggest suggest;
    unsigned at = 0;
    char hint[128];

    cdn_suggest_init(&suggest, name);
    while (!next_object(names[!at], NULL, txn, names[at], NULL)) {
        at = !at;
        cdn_suggest_offer(&suggest, names[at]);
        if (suggest.best == names[at]) { /* which the one after the next overwrites */
            memcpy(best, names[at], sizeof(best));
            suggest.best = best;
        }
    }
    return cdn_error_set(err, CORDON_E_NOTFOUND, "no rule or set '%.80s'%s", name,
                         cdn_suggest_text(&suggest, hint, sizeof(hint)));
}

cordon_status cdn_registry_get_standing(cordon_standing *out,
                                        struct cdn_durable_txn *txn, const char *name,
                                        cordon_error *err)
{
    struct cdn_key key = cdn_key_object(name);
    struct cdn_span payload;
    const char *fault;
    cordon_status status = CORDON_E_NOTFOUND;

    if (cdn_object_name_valid(name, strlen(name)))
        status = cdn_registry_get(&payload, txn, &key, err);
    if (status == CORDON_E_NOTFOUND)
        return no_object(txn, name, err);
    if (status)
        return status;
    fault = cdn_record_get_standing(out, payload.bytes, payload.length);
    memcpy(out->name, name, strlen(name) + 1);
    return fault ? cdn_registry_damaged(txn, &key, fault, err) : CORDON_OK;
}

struct object_query {
    cordon_standing *out;
    const char *name;
};

static cordon_status read_standing(struct cdn_durable_txn *txn, void *ud,
                                   cordon_error *err)
{
    struct object_query *query = ud;

    return cdn_registry_get_standing(query->out, txn, query->name, err);
}

static cordon_status read_next(struct cdn_durable_txn *txn, void *ud, cordon_error *err)
{
    struct object_query *query = ud;
    char name[CORDON_RULE_MAX_NAME_BYTES + 1];

    return next_object(name, query->out, txn, query->name ? query->name : "", err);
}

/* Ask for one standing; what the caller's struct holds stays if there is none. */
static cordon_status ask_standing(cordon_standing *out, cordon_registry *registry,
                                  const char *name, cdn_durable_body *body,
                                  cordon_error *err)
{
    cordon_standing found = {.struct_size = sizeof(found)};
    struct object_query query = {&found, name};
    cordon_status status =
        cdn_registry_size(out->struct_size, sizeof(*out), "cordon_standing", err);

    if (!status)
        status = cdn_durable_read(registry->file, body, &query, err);
    if (!status)
        *out = found;
    return status;
}

cordon_status cordon_registry_standing(cordon_standing *out, cordon_registry *registry,
                                       const char *name, cordon_error *err)
{
    static const char function[] = "cordon_registry_standing";
    cordon_status status = cdn_registry_argument(out, function, "out", err);

    if (!status)
        status = cdn_registry_argument(registry, function, "registry", err);
    if (!status)
        status = cdn_registry_argument(name, function, "name", err);
    return status ? status : ask_standing(out, registry, name, read_standing, err);
}

cordon_status cordon_registry_next(cordon_standing *out, cordon_registry *registry,
                                   const char *after, cordon_error *err)
{
    static const char function[] = "cordon_registry_next";
    cordon_status status = cdn_registry_argument(out, function, "out", err);

    if (!status)
        status = cdn_registry_argument(registry, function, "registry", err);
    return status ? status : ask_standing(out, registry, after, read_next, err);
}

static cordon_status read_standings(struct cdn_durable_txn *txn, void *ud,
                                    cordon_error *err)
{
    struct cdn_standings *out = ud;
    char name[CORDON_RULE_MAX_NAME_BYTES + 1] = "";
    size_t capacity = 0;
    cordon_status status = cdn_registry_last(&out->sequence, txn, err);

    while (!status) {
        cordon_standing found = {0};
        char next[CORDON_RULE_MAX_NAME_BYTES + 1];

        status = next_object(next, &found, txn, name, err);
        if (status)
            break;
        memcpy(name, next, sizeof(name));
        if (out->count == capacity) {
            size_t wanted = capacity ? capacity * 2 : 16;
            struct cdn_standing *grown =
                cdn_realloc_array(out->items, wanted, sizeof(*grown));

            if (!grown)
                return cdn_error_nomem(err);
            out->items = grown;
            capacity = wanted;
        }
        struct cdn_standing *item = &out->items[out->count++];

        *item = (struct cdn_standing){.kind = found.kind,
                                      .state = found.state,
                                      .active = found.active,
                                      .previous = found.previous,
                                      .newest = found.newest,
                                      .variant_count = found.variant_count,
                                      .shadow_count = found.shadow_count,
                                      .guarded = found.guarded,
                                      .guard = found.guard,
                                      .trust_count = found.trust_count,
                                      .revision = found.revision};
        memcpy(item->name, found.name, sizeof(item->name));
        memcpy(item->variants, found.variants, sizeof(item->variants));
        memcpy(item->shadows, found.shadows, sizeof(item->shadows));
        memcpy(item->trusts, found.trusts, sizeof(item->trusts));
    }
    if (status != CORDON_E_NOTFOUND)
        return status;
    cdn_error_clear(err);
    return CORDON_OK;
}

cordon_status cdn_registry_standings(struct cdn_standings *out,
                                     cordon_registry *registry, cordon_error *err)
{
    *out = (struct cdn_standings){0};
    return cdn_durable_read(registry->file, read_standings, out, err);
}

void cdn_standings_deinit(struct cdn_standings *standings)
{
    cdn_free(standings->items);
    *standings = (struct cdn_standings){0};
}

static cordon_status read_sequence(struct cdn_durable_txn *txn, void *ud,
                                   cordon_error *err)
{
    return cdn_registry_last(ud, txn, err);
}

uint64_t cdn_registry_sequence(cordon_registry *registry)
{
    uint64_t sequence;

    return cdn_durable_read(registry->file, read_sequence, &sequence, NULL) ? UINT64_MAX
                                                                            : sequence;
}

/* ---- versions ---- */

cordon_status cdn_registry_get_version(struct cdn_version_record *out, uint32_t *number,
                                       struct cdn_durable_txn *txn, const char *name,
                                       uint32_t version, cordon_error *err)
{
    cordon_standing standing = {0};
    struct cdn_span payload;
    struct cdn_key key;
    const char *fault;
    cordon_status status = cdn_registry_get_standing(&standing, txn, name, err);

    if (status)
        return status;
    *number = version ? version : standing.newest;
    key = cdn_key_version(name, *number);
    status = cdn_registry_get(&payload, txn, &key, err);
    if (status == CORDON_E_NOTFOUND && *number > standing.newest)
        return cdn_error_set(err, status,
                             "'%s' has no version %" PRIu32 "; its newest is %" PRIu32,
                             name, *number, standing.newest);
    if (status == CORDON_E_NOTFOUND)
        return cdn_registry_damaged(txn, &key, "it is missing", err);
    if (status)
        return status;
    fault = cdn_record_get_version(out, payload.bytes, payload.length);
    return fault ? cdn_registry_damaged(txn, &key, fault, err) : CORDON_OK;
}

cordon_status cdn_registry_get_text(struct cdn_buf *out, struct cdn_durable_txn *txn,
                                    const unsigned char hash[CDN_CONTENT_HASH_BYTES],
                                    uint64_t bytes, cordon_error *err)
{
    struct cdn_key key = cdn_key_text(hash);
    unsigned char found[CDN_CONTENT_HASH_BYTES];
    struct cdn_span payload;
    cordon_status status = cdn_registry_get(&payload, txn, &key, err);

    if (status == CORDON_E_NOTFOUND)
        return cdn_registry_damaged(txn, &key, "it is missing", err);
    if (status)
        return status;
    cdn_hash_content(found, payload.bytes, payload.length);
    if (payload.length != bytes || memcmp(found, hash, sizeof(found)) != 0)
        return cdn_registry_damaged(txn, &key, "it is not the text its name says", err);
    cdn_buf_append(out, payload.bytes, payload.length);
    return out->failed ? cdn_error_nomem(err) : CORDON_OK;
}

void cdn_registry_version_info(cordon_version_info *out, const char *name,
                               uint32_t version,
                               const struct cdn_version_record *record)
{
    out->kind = record->kind;
    out->version = version;
    out->source_bytes = record->source_bytes;
    out->cases_bytes = record->cases_bytes;
    out->time_ms = record->time_ms;
    out->sequence = record->sequence;
    memcpy(out->name, name, strlen(name) + 1);
    memcpy(out->file, record->file, sizeof(out->file));
    memcpy(out->author, record->author, sizeof(out->author));
    memcpy(out->reason, record->reason, sizeof(out->reason));
    cdn_hash_hex(out->source_hash, record->source_hash, sizeof(record->source_hash));
}

struct version_query {
    const char *name;
    uint32_t version;
    uint32_t number;
    struct cdn_version_record record;
    bool cases;
    struct cdn_buf *text; /* NULL: not asked for */
};

static cordon_status read_version(struct cdn_durable_txn *txn, void *ud,
                                  cordon_error *err)
{
    struct version_query *query = ud;
    const struct cdn_version_record *record = &query->record;
    cordon_status status = cdn_registry_get_version(&query->record, &query->number, txn,
                                                    query->name, query->version, err);

    if (status || !query->text)
        return status;
    if (!query->cases)
        return cdn_registry_get_text(query->text, txn, record->source_hash,
                                     record->source_bytes, err);
    return record->has_cases
               ? cdn_registry_get_text(query->text, txn, record->cases_hash,
                                       record->cases_bytes, err)
               : CORDON_OK;
}

cordon_status cordon_registry_version(cordon_version_info *out,
                                      cordon_registry *registry, const char *name,
                                      uint32_t version, cordon_error *err)
{
    static const char function[] = "cordon_registry_version";
    struct version_query query = {.name = name, .version = version};
    cordon_status status = cdn_registry_argument(out, function, "out", err);

    if (!status)
        status = cdn_registry_argument(registry, function, "registry", err);
    if (!status)
        status = cdn_registry_argument(name, function, "name", err);
    if (!status)
        status = cdn_registry_size(out->struct_size, sizeof(*out),
                                   "cordon_version_info", err);
    if (!status)
        status = cdn_durable_read(registry->file, read_version, &query, err);
    if (!status)
        cdn_registry_version_info(out, name, query.number, &query.record);
    return status;
}

cordon_status cdn_registry_text(struct cdn_buf *out, cordon_registry *registry,
                                const char *name, uint32_t version, cordon_error *err)
{
    struct version_query query = {.name = name, .version = version, .text = out};

    return cdn_durable_read(registry->file, read_version, &query, err);
}

cordon_status cdn_registry_cases(struct cdn_buf *out, cordon_registry *registry,
                                 const char *name, uint32_t version, cordon_error *err)
{
    struct version_query query = {
        .name = name, .version = version, .text = out, .cases = true};

    return cdn_durable_read(registry->file, read_version, &query, err);
}

/* Text or cases of a version, as `read` has them, into the caller's room. */
static cordon_status
copy_text(char *out, size_t size, size_t *bytes, cordon_registry *registry,
          const char *name, uint32_t version, const char *function,
          cordon_status read(struct cdn_buf *out, cordon_registry *registry,
                             const char *name, uint32_t version, cordon_error *err),
          cordon_error *err)
{
    struct cdn_buf text = {0};
    cordon_status status = cdn_registry_argument(bytes, function, "bytes", err);

    if (!status && size)
        status = cdn_registry_argument(out, function, "out", err);
    if (!status)
        status = cdn_registry_argument(registry, function, "registry", err);
    if (!status)
        status = cdn_registry_argument(name, function, "name", err);
    if (!status)
        status = read(&text, registry, name, version, err);
    if (!status) {
        *bytes = text.length;
        if (text.length > size)
            status = cdn_error_set(err, CORDON_E_DATA,
                                   "the text has %zu bytes, there is room for %zu",
                                   text.length, size);
        else if (text.length)
            memcpy(out, text.data, text.length);
    }
    cdn_buf_deinit(&text);
    return status;
}

cordon_status cordon_registry_source(char *out, size_t size, size_t *bytes,
                                     cordon_registry *registry, const char *name,
                                     uint32_t version, cordon_error *err)
{
    return copy_text(out, size, bytes, registry, name, version,
                     "cordon_registry_source", cdn_registry_text, err);
}

cordon_status cordon_registry_cases(char *out, size_t size, size_t *bytes,
                                    cordon_registry *registry, const char *name,
                                    uint32_t version, cordon_error *err)
{
    return copy_text(out, size, bytes, registry, name, version, "cordon_registry_cases",
                     cdn_registry_cases, err);
}

struct hash_query {
    const unsigned char *hash;
    char *name;
    uint32_t *version;
};

static cordon_status read_hash(struct cdn_durable_txn *txn, void *ud, cordon_error *err)
{
    struct hash_query *query = ud;
    struct cdn_key from = cdn_key_hash(query->hash, NULL, 0);
    struct cdn_span key, payload;
    cordon_status status = cdn_registry_seek(&key, &payload, txn, &from, false, err);

    if (!status && !cdn_key_read_hash(query->name, query->version, query->hash,
                                      key.bytes, key.length))
        status = CORDON_E_NOTFOUND;
    if (status == CORDON_E_NOTFOUND) {
        char shown[2 * CDN_CONTENT_HASH_BYTES + 1];

        return cdn_error_set(err, status,
                             "the registry has no version with the hash %s",
                             cdn_hash_hex(shown, query->hash, CDN_CONTENT_HASH_BYTES));
    }
    return status;
}

cordon_status cdn_registry_find_hash(char name[CORDON_RULE_MAX_NAME_BYTES + 1],
                                     uint32_t *version, cordon_registry *registry,
                                     const unsigned char hash[CDN_CONTENT_HASH_BYTES],
                                     cordon_error *err)
{
    struct hash_query query = {hash, name, version};

    return cdn_durable_read(registry->file, read_hash, &query, err);
}

/* ---- history ---- */

struct history_query {
    const char *name;
    uint64_t before;
    cordon_change_record found;
};

/* The sequence of the change asked for. */
static cordon_status find_change(uint64_t *sequence, struct cdn_durable_txn *txn,
                                 const struct history_query *query, cordon_error *err)
{
    uint64_t before = query->before ? query->before : UINT64_MAX;
    struct cdn_key from =
        query->name ? cdn_key_changed(query->name, before) : cdn_key_change(before);
    struct cdn_span key, payload;
    cordon_status status = cdn_registry_seek(&key, &payload, txn, &from, true, err);

    if (status && status != CORDON_E_NOTFOUND)
        return status;
    if (!status && (query->name ? cdn_key_read_changed(sequence, query->name, key.bytes,
                                                       key.length)
                                : cdn_key_read_change(sequence, key.bytes, key.length)))
        return CORDON_OK;
    return cdn_error_set(err, CORDON_E_NOTFOUND, "there are no more changes");
}

static cordon_status read_change(struct cdn_durable_txn *txn, void *ud,
                                 cordon_error *err)
{
    struct history_query *query = ud;
    cordon_standing standing;
    uint64_t sequence = 0;
    struct cdn_span payload;
    struct cdn_key key;
    const char *fault;
    cordon_status status = CORDON_OK;

    if (query->name) /* that there is one, or the name it might have been */
        status = cdn_registry_get_standing(&standing, txn, query->name, err);
    if (!status)
        status = find_change(&sequence, txn, query, err);
    if (status)
        return status;
    key = cdn_key_change(sequence);
    status = cdn_registry_get(&payload, txn, &key, err);
    if (status == CORDON_E_NOTFOUND)
        return cdn_registry_damaged(txn, &key, "it is missing", err);
    if (status)
        return status;
    fault = cdn_record_get_change(&query->found, payload.bytes, payload.length);
    query->found.sequence = sequence;
    return fault ? cdn_registry_damaged(txn, &key, fault, err) : CORDON_OK;
}

cordon_status cordon_registry_history(cordon_change_record *out,
                                      cordon_registry *registry, const char *name,
                                      uint64_t before, cordon_error *err)
{
    static const char function[] = "cordon_registry_history";
    struct history_query query = {
        .name = name, .before = before, .found = {.struct_size = sizeof(*out)}};
    cordon_status status = cdn_registry_argument(out, function, "out", err);

    if (!status)
        status = cdn_registry_argument(registry, function, "registry", err);
    if (!status)
        status = cdn_registry_size(out->struct_size, sizeof(*out),
                                   "cordon_change_record", err);
    if (!status)
        status = cdn_durable_read(registry->file, read_change, &query, err);
    if (!status)
        *out = query.found;
    return status;
}
