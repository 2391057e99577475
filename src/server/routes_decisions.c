/* Recorded decisions and the log they are in, for whoever may audit.
 *
 * Lists are read from the log's files a page at a time, within bounds (log_search.h), so that a
 * page may be empty and say where to go on.  Records that are still in the log's ring are
 * written first: what was decided before the request is in the answer. */
#include "server/pieces.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cordon/audit.h>

#include "base/hash.h"
#include "base/time.h"
#include "codec/decision.h"
#include "server/admin.h"
#include "server/host.h"
#include "server/log_search.h"
#include "server/server.h"

#define SCHEMA_VERSION   1
#define MOST_REPLY_BYTES (4u * 1024 * 1024)
#define PAGE_LOOKS_BYTES (128u * 1024 * 1024)
#define FIND_LOOKS_BYTES (1024u * 1024 * 1024)
#define MOST_FINDINGS    100u

static bool has_log(struct cdn_exchange *x)
{
    cordon_error err;
    cordon_status status;

    if (!x->host->audit) {
        cdn_exchange_problem(x, 404, "no-log",
                             "this server records no decisions: start it with --audit");
        return false;
    }
    status = cordon_audit_drain(x->host->audit, &err);
    if (status)
        cdn_exchange_fail(x, status, &err);
    return !status;
}

/* ---- what is looked for ---- */

static bool take_time(int64_t *out, struct cdn_exchange *x, const char *name)
{
    const char *text = cdn_exchange_query(x, name);
    char shown[80];
    char *end;

    if (!text)
        return true;
    if (cdn_time_parse(out, text, strlen(text)))
        return true;
    *out = strtoll(text, &end, 10);
    if (*text && !*end)
        return true;
    cdn_exchange_problem(x, 400, "query",
                         "?%s=%s is no time: say 2026-11-24T02:29:00Z, or milliseconds "
                         "since 1970",
                         name, cdn_escape(shown, sizeof shown, text, strlen(text)));
    return false;
}

/* "SEGMENT-OFFSET", as write_cursor() wrote it. */
static bool take_cursor(struct cdn_log_query *query, struct cdn_exchange *x,
                        const char *cursor)
{
    char *end;

    if (!cursor)
        return true;
    if (*cursor >= '1' && *cursor <= '9') {
        query->segment = strtoull(cursor, &end, 10);
        if (*end == '-' && end[1] >= '0' && end[1] <= '9') {
            query->offset = strtoull(end + 1, &end, 10);
            if (!*end && query->segment < INT64_MAX)
                return true;
        }
    }
    cdn_exchange_problem(x, 400, "query",
                         "?cursor= is not the `next` of an answer before this one");
    return false;
}

static void write_cursor(struct cdn_json *json, const struct cdn_log_found *found)
{
    char text[48];

    (void)snprintf(text, sizeof text, "%" PRIu64 "-%" PRIu64, found->segment,
                   found->offset);
    cdn_json_key_cstr(json, "next", found->more ? text : NULL);
}

/* "Account:17" in two. */
static bool take_node(struct cdn_log_query *query, char label[80],
                      struct cdn_exchange *x)
{
    const char *node = cdn_exchange_query(x, "node");
    size_t bytes = node ? strcspn(node, ":") : 0;

    if (!node)
        return true;
    if (!node[bytes] || !bytes || bytes >= 80) {
        cdn_exchange_problem(x, 400, "query",
                             "?node= is a label and a key, such as Account:17");
        return false;
    }
    memcpy(label, node, bytes);
    label[bytes] = '\0';
    query->label = label;
    query->key = node + bytes + 1;
    return true;
}

static bool take_outcome(struct cdn_log_query *query, struct cdn_exchange *x)
{
    static const char *const words[] = {
#define WORD(name, number, word) word,
        CORDON_OUTCOME_MAP(WORD)
#undef WORD
    };

    query->outcome = cdn_exchange_query(x, "outcome");
    if (!query->outcome)
        return true;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (!strcmp(query->outcome, words[i]))
            return true;
    }
    cdn_exchange_problem(
        x, 400, "query",
        "?outcome= is one of ok, error, limit, denied, invalid_result, "
        "cancelled");
    return false;
}

static bool take_query(struct cdn_log_query *query, char label[80],
                       struct cdn_exchange *x)
{
    const char *order = cdn_exchange_query(x, "order");
    struct cdn_page page;

    *query = (struct cdn_log_query){
        .rule = cdn_exchange_query(x, "rule"),
        .decision = cdn_exchange_query(x, "decision"),
        .principal = cdn_exchange_query(x, "principal"),
        .since_ms = INT64_MIN,
        .until_ms = INT64_MAX,
        .most_bytes = PAGE_LOOKS_BYTES,
    };
    if (!cdn_page_read(&page, x) || !take_cursor(query, x, page.cursor) ||
        !take_outcome(query, x) || !take_node(query, label, x) ||
        !take_time(&query->since_ms, x, "since") ||
        !take_time(&query->until_ms, x, "until"))
        return false;
    query->limit = page.limit;
    query->oldest_first = order && !strcmp(order, "oldest");
    if (order && !query->oldest_first && strcmp(order, "newest") != 0) {
        cdn_exchange_problem(x, 400, "query", "?order= is newest or oldest");
        return false;
    }
    return true;
}

/* ---- decisions ---- */

static bool on_listed(void *ud, const cordon_audit_entry *entry)
{
    struct cdn_exchange *x = ud;

    cdn_decision_json(&x->json, entry);
    return x->reply.length < MOST_REPLY_BYTES && !x->reply.failed;
}

/* GET /v1/decisions */
static void list(struct cdn_exchange *x)
{
    struct cdn_log_query query;
    struct cdn_log_found found;
    struct cdn_json *json;
    char label[80];
    cordon_error err;
    cordon_status status;

    if (!take_query(&query, label, x) || !has_log(x))
        return;
    json = cdn_exchange_reply(x, 200);
    cdn_json_object(json);
    cdn_json_key_uint(json, "schema_version", SCHEMA_VERSION);
    cdn_json_key(json, "decisions");
    cdn_json_array(json);
    status = cdn_log_search(&found, x->host->marks, x->host->options->audit, &query,
                            on_listed, x, &err);
    if (status) {
        cdn_exchange_fail(x, status, &err);
        return;
    }
    cdn_json_array_end(json);
    write_cursor(json, &found);
    cdn_json_key_uint(json, "damaged", found.damaged);
    cdn_json_object_end(json);
}

static bool on_found(void *ud, const cordon_audit_entry *entry)
{
    struct cdn_exchange *x = ud;

    cdn_decision_json(cdn_exchange_reply(x, 200), entry);
    return false;
}

/* GET /v1/decisions/{id}: the newest of that name */
static void show(struct cdn_exchange *x)
{
    struct cdn_log_query query = {.decision_id = x->args[0],
                                  .since_ms = INT64_MIN,
                                  .until_ms = INT64_MAX,
                                  .limit = 1,
                                  .most_bytes = FIND_LOOKS_BYTES};
    struct cdn_log_found found;
    char shown[80];
    cordon_error err;
    cordon_status status;

    if (!take_cursor(&query, x, cdn_exchange_query(x, "cursor")) || !has_log(x))
        return;
    status = cdn_log_search(&found, x->host->marks, x->host->options->audit, &query,
                            on_found, x, &err);
    if (status) {
        cdn_exchange_fail(x, status, &err);
    } else if (!found.count) {
        struct cdn_json *json;
        char detail[200];

        (void)snprintf(detail, sizeof detail, "no decision %s %s",
                       cdn_escape(shown, sizeof shown, x->args[0], strlen(x->args[0])),
                       found.more ? "in what was looked at; go on with ?cursor="
                                  : "is in the log");
        json = cdn_exchange_problem_begin(x, 404, "not-found", detail);
        write_cursor(json, &found);
        cdn_json_object_end(json);
    }
}

/* ---- the log ---- */

struct verifying {
    struct cdn_json *json;
    uint64_t told;
};

static void on_finding(void *ud, const cordon_audit_finding *finding)
{
    struct verifying *verifying = ud;

    if (verifying->told++ >= MOST_FINDINGS)
        return;
    cdn_json_object(verifying->json);
    cdn_json_key_uint(verifying->json, "segment", finding->segment);
    cdn_json_key_uint(verifying->json, "offset", finding->offset);
    cdn_json_key_uint(verifying->json, "after_sequence", finding->sequence);
    cdn_json_key_cstr(verifying->json, "what", finding->text);
    cdn_json_object_end(verifying->json);
}

static void write_stats(struct cdn_json *json, const cordon_audit_stats *stats)
{
    cdn_json_key(json, "stats");
    cdn_json_object(json);
    cdn_json_key_uint(json, "recorded", stats->recorded);
    cdn_json_key_uint(json, "written", stats->written);
    cdn_json_key_uint(json, "dropped", stats->dropped);
    cdn_json_key_uint(json, "sampled_out", stats->sampled_out);
    cdn_json_key_uint(json, "synced", stats->synced);
    cdn_json_key_uint(json, "failures", stats->failures);
    cdn_json_key_uint(json, "ring_bytes", stats->ring_bytes);
    cdn_json_key_uint(json, "ring_size", stats->ring_size);
    cdn_json_key_uint(json, "file_bytes", stats->bytes);
    cdn_json_key_uint(json, "segment", stats->segment);
    cdn_json_key_uint(json, "sequence", stats->sequence);
    cdn_json_key_uint(json, "removed_segments", stats->removed_segments);
    cdn_json_key_uint(json, "torn_bytes", stats->torn_bytes);
    cdn_json_key_bool(json, "damaged", stats->damaged != 0);
    cdn_json_object_end(json);
}

static bool on_newest(void *ud, const cordon_audit_entry *entry)
{
    *(cordon_audit_entry *)ud = *entry;
    return false;
}

/* The newest decision's place and hash: what to copy elsewhere, against a log that is put back. */
static cordon_status write_newest(struct cdn_exchange *x, struct cdn_json *json,
                                  cordon_error *err)
{
    const struct cdn_log_query query = {.since_ms = INT64_MIN,
                                        .until_ms = INT64_MAX,
                                        .limit = 1,
                                        .most_bytes = PAGE_LOOKS_BYTES};
    cordon_audit_entry entry = CORDON_AUDIT_ENTRY_INIT;
    char hex[2 * CORDON_AUDIT_HASH_BYTES + 1];
    struct cdn_log_found found;
    cordon_status status =
        cdn_log_search(&found, x->host->marks, x->host->options->audit, &query,
                       on_newest, &entry, err);

    cdn_json_key(json, "newest");
    if (status || !found.count) {
        cdn_json_null(json);
        return status;
    }
    cdn_json_object(json);
    cdn_json_key_uint(json, "sequence", entry.sequence);
    cdn_json_key_uint(json, "segment", entry.segment);
    cdn_json_key_cstr(json, "hash", cdn_hash_hex(hex, entry.hash, sizeof entry.hash));
    cdn_json_object_end(json);
    return CORDON_OK;
}

/* GET /v1/audit */
static void audit(struct cdn_exchange *x)
{
    const struct cdn_server_options *options = x->host->options;
    cordon_audit_report report = CORDON_AUDIT_REPORT_INIT;
    cordon_audit_stats stats = CORDON_AUDIT_STATS_INIT;
    struct verifying verifying;
    bool verify = false;
    cordon_error err;
    cordon_status status;

    if (!cdn_exchange_query_flag(x, &verify, "verify") || !has_log(x))
        return;
    status = cordon_audit_get_stats(&stats, x->host->audit, &err);
    verifying = (struct verifying){.json = cdn_exchange_reply(x, 200)};
    cdn_json_object(verifying.json);
    cdn_json_key_uint(verifying.json, "schema_version", SCHEMA_VERSION);
    write_stats(verifying.json, &stats);
    if (!status)
        status = write_newest(x, verifying.json, &err);
    if (!status && verify) {
        cdn_json_key(verifying.json, "findings");
        cdn_json_array(verifying.json);
        status = cordon_audit_verify(
            &report, options->audit,
            options->audit_options ? options->audit_options->key_file : NULL,
            on_finding, &verifying, &err);
        cdn_json_array_end(verifying.json);
        cdn_audit_report_json(verifying.json, &report);
    }
    if (status)
        cdn_exchange_fail(x, status, &err);
    else
        cdn_json_object_end(verifying.json);
}

const struct cdn_route cdn_routes_decisions[] = {
    {.method = CDN_METHOD_GET,
     .path = "/v1/decisions",
     .right = CDN_RIGHT_AUDIT,
     .place = CDN_PLACE_WORKER,
     .handle = list,
     .operation = "listDecisions",
     .summary = "Recorded decisions, the newest first",
     .query = "rule outcome decision node principal since until order limit "
              "decisions.cursor pretty",
     .response = "DecisionList"},
    {.method = CDN_METHOD_GET,
     .path = "/v1/decisions/{id}",
     .right = CDN_RIGHT_AUDIT,
     .place = CDN_PLACE_WORKER,
     .handle = show,
     .operation = "showDecision",
     .summary = "One recorded decision",
     .query = "decisions.cursor pretty",
     .response = "Decision"},
    {.method = CDN_METHOD_GET,
     .path = "/v1/audit",
     .right = CDN_RIGHT_AUDIT,
     .place = CDN_PLACE_WORKER,
     .handle = audit,
     .operation = "showAudit",
     .summary = "How the log of decisions stands; ?verify=true checks all of it",
     .query = "verify pretty",
     .response = "Audit"},
    {.path = NULL},
};
