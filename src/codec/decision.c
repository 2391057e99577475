/* Walking records one level at a time: see decision.h.
 *
 * Parameters, results and what functions answered are each as deep as a value may be, and lie
 * some levels below the record, so that the whole is deeper than cordon_value's functions walk.
 * Nothing is believed: a record may come from a log that somebody else wrote. */
#include "codec/decision.h"

#include <stdio.h>
#include <string.h>

#include "base/hash.h"
#include "base/pack.h"
#include "base/time.h"

#define SCHEMA_VERSION 1
/* Maps and arrays of the record's own, above what is as deep as a value may be. */
#define LEVELS 5

/* ---- walking ---- */

/* Begin a map at *at; false: there is none, and *at is anywhere. */
static bool map_begin(uint32_t *pairs, const unsigned char **at,
                      const unsigned char *end)
{
    cordon_value head;

    if (!cdn_unpack_head(&head, at, end) || head.type != CORDON_MAP)
        return false;
    *pairs = head.length;
    return true;
}

static bool map_key(struct cdn_decision_text *key, const unsigned char **at,
                    const unsigned char *end)
{
    cordon_value head;

    if (!cdn_unpack_head(&head, at, end) || head.type != CORDON_STRING || *at == end)
        return false;
    *key = (struct cdn_decision_text){head.as.string, head.length};
    return true;
}

static bool skip(const unsigned char **at, const unsigned char *end, int levels)
{
    const unsigned char *from = *at;
    cordon_value head;
    uint64_t items;

    if (cdn_unpack_skip(at, end))
        return true;
    *at = from;
    if (!levels || !cdn_unpack_head(&head, at, end) ||
        (head.type != CORDON_ARRAY && head.type != CORDON_MAP))
        return false;
    items = head.type == CORDON_MAP ? 2 * (uint64_t)head.length : head.length;
    for (; items; items--) {
        if (!skip(at, end, levels - 1))
            return false;
    }
    return true;
}

bool cdn_decision_is(const struct cdn_decision_text *text, const char *word)
{
    return text->at && text->bytes == strlen(word) &&
           !memcmp(text->at, word, text->bytes);
}

/* ---- reading ---- */

static void take_text(struct cdn_decision_text *out, const unsigned char *at,
                      const unsigned char *end)
{
    cordon_value value;

    if (cdn_unpack_head(&value, &at, end) && value.type == CORDON_STRING)
        *out = (struct cdn_decision_text){value.as.string, value.length};
}

static bool take_int(int64_t *out, const unsigned char *at, const unsigned char *end)
{
    cordon_value value;

    if (!cdn_unpack_head(&value, &at, end) || value.type != CORDON_INTEGER)
        return false;
    *out = value.as.integer;
    return true;
}

/* The text under `name` of the map at `at`. */
static void take_inner(struct cdn_decision_text *out, const char *name,
                       const unsigned char *at, const unsigned char *end)
{
    struct cdn_decision_text key;
    uint32_t pairs;

    if (!map_begin(&pairs, &at, end))
        return;
    for (; pairs && map_key(&key, &at, end); pairs--) {
        if (cdn_decision_is(&key, name))
            take_text(out, at, end);
        if (!skip(&at, end, LEVELS))
            return;
    }
}

/* The node of the request. */
static void take_node(struct cdn_decision *out, const unsigned char *at,
                      const unsigned char *end)
{
    struct cdn_decision_text key;
    uint32_t pairs;

    if (!map_begin(&pairs, &at, end))
        return;
    for (; pairs && map_key(&key, &at, end); pairs--) {
        if (cdn_decision_is(&key, "node")) {
            take_inner(&out->label, "label", at, end);
            take_inner(&out->key, "key", at, end);
            return; /* the first field; parameters behind it are not looked at */
        }
        if (!skip(&at, end, LEVELS))
            return;
    }
}

static void take_wall(uint64_t *out, const unsigned char *at, const unsigned char *end)
{
    struct cdn_decision_text key;
    int64_t ns = 0;
    uint32_t pairs;

    if (!map_begin(&pairs, &at, end))
        return;
    for (; pairs && map_key(&key, &at, end); pairs--) {
        if (cdn_decision_is(&key, "wall_ns") && take_int(&ns, at, end) && ns >= 0)
            *out = (uint64_t)ns;
        if (!skip(&at, end, LEVELS))
            return;
    }
}

bool cdn_decision_read(struct cdn_decision *out, const void *record, size_t bytes)
{
    const unsigned char *at = record, *end = at + bytes;
    struct {
        const char *name;
        struct cdn_decision_text *text;
    } texts[] = {
        {"decision_id", &out->decision_id},
        {"rule", &out->rule},
        {"digest", &out->digest},
        {"requested_by", &out->requested_by},
        {"traceparent", &out->traceparent},
        {"outcome", &out->outcome},
        {"limit", &out->limit},
        {"decision", &out->decision},
    };
    struct cdn_decision_text key;
    uint32_t pairs;

    *out = (struct cdn_decision){.timestamp_ms = INT64_MIN};
    if (!bytes || !map_begin(&pairs, &at, end))
        return false;
    for (; pairs && map_key(&key, &at, end); pairs--) {
        for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
            if (cdn_decision_is(&key, texts[i].name))
                take_text(texts[i].text, at, end);
        }
        if (cdn_decision_is(&key, "timestamp"))
            (void)take_int(&out->timestamp_ms, at, end);
        else if (cdn_decision_is(&key, "input"))
            take_node(out, at, end);
        else if (cdn_decision_is(&key, "usage"))
            take_wall(&out->wall_ns, at, end);
        if (!skip(&at, end, LEVELS))
            break;
    }
    return true;
}

/* ---- writing ---- */

static bool write_value(struct cdn_json *json, const unsigned char **at,
                        const unsigned char *end, int levels);

static void write_key(struct cdn_json *json, const struct cdn_decision_text *key)
{
    char name[160];

    (void)snprintf(name, sizeof name, "%.*s",
                   (int)(key->bytes < 150 ? key->bytes : 150), key->at);
    cdn_json_key(json, name);
}

static bool write_map(struct cdn_json *json, const unsigned char **at,
                      const unsigned char *end, int levels)
{
    struct cdn_decision_text key;
    uint32_t pairs = 0;
    bool ok = map_begin(&pairs, at, end);

    cdn_json_object(json);
    for (; ok && pairs; pairs--) {
        ok = map_key(&key, at, end);
        if (ok) {
            write_key(json, &key);
            ok = write_value(json, at, end, levels);
        }
    }
    cdn_json_object_end(json);
    return ok;
}

/* A value of the record's own, up to so many levels deeper than a value may be.  False: it is
 * broken, and what was written ends there; it is one value even so. */
static bool write_value(struct cdn_json *json, const unsigned char **at,
                        const unsigned char *end, int levels)
{
    const unsigned char *from = *at, *head_at = *at;
    cordon_value value;
    bool ok = cdn_unpack_head(&value, &head_at, end);

    if (ok && cdn_unpack_skip(at, end)) {
        value.end = *at;
        cdn_json_value(json, &value);
        return true;
    }
    *at = from;
    if (ok && levels && value.type == CORDON_MAP)
        return write_map(json, at, end, levels - 1);
    if (!ok || !levels || value.type != CORDON_ARRAY) {
        cdn_json_null(json);
        return false;
    }
    *at = head_at;
    cdn_json_array(json);
    for (uint32_t i = 0; ok && i < value.length; i++)
        ok = write_value(json, at, end, levels - 1);
    cdn_json_array_end(json);
    return ok;
}

static void write_time(struct cdn_json *json, int64_t ms)
{
    char when[40];

    cdn_json_cstr(json, cdn_time_format(when, sizeof when, ms));
}

static void write_text(struct cdn_json *json, const char *name,
                       const struct cdn_decision_text *text)
{
    if (!text->at)
        return;
    cdn_json_key(json, name);
    cdn_json_str(json, text->at, text->bytes);
}

/* version-trace-span-flags, of 2, 32, 16 and 2 hexadecimal digits */
static void write_trace(struct cdn_json *json, const struct cdn_decision_text *parent)
{
    if (!parent->at || parent->bytes < 55 || parent->at[2] != '-' ||
        parent->at[35] != '-' || parent->at[52] != '-')
        return;
    cdn_json_key(json, "trace_id");
    cdn_json_str(json, parent->at + 3, 32);
    cdn_json_key(json, "span_id");
    cdn_json_str(json, parent->at + 36, 16);
}

static const char *status_of(const struct cdn_decision *decision)
{
    if (cdn_decision_is(&decision->outcome, "ok"))
        return "SUCCESS";
    return cdn_decision_is(&decision->limit, "time") ? "TIMEOUT" : "FAILURE";
}

/* `seed` is 64 bits that msgpack was given as a signed integer. */
static bool write_input(struct cdn_json *json, const unsigned char **at,
                        const unsigned char *end)
{
    const unsigned char *from = *at;
    struct cdn_decision_text key;
    int64_t seed;
    uint32_t pairs;
    bool ok = true;

    if (!map_begin(&pairs, at, end)) {
        *at = from; /* masked as a whole */
        return write_value(json, at, end, LEVELS);
    }
    cdn_json_object(json);
    for (; ok && pairs; pairs--) {
        ok = map_key(&key, at, end);
        if (!ok)
            break;
        write_key(json, &key);
        if (cdn_decision_is(&key, "seed") && take_int(&seed, *at, end)) {
            cdn_json_uint(json, (uint64_t)seed);
            ok = cdn_unpack_skip(at, end);
        } else {
            ok = write_value(json, at, end, LEVELS);
        }
    }
    cdn_json_object_end(json);
    return ok;
}

/* The record's own fields. */
static void write_record(struct cdn_json *json, const cordon_audit_entry *entry)
{
    const unsigned char *at = entry->record, *end = at + entry->record_bytes;
    struct cdn_decision_text key;
    int64_t ms;
    uint32_t pairs = 0;
    bool ok = map_begin(&pairs, &at, end);

    for (; ok && pairs && map_key(&key, &at, end); pairs--) {
        write_key(json, &key);
        if (cdn_decision_is(&key, "timestamp") && take_int(&ms, at, end)) {
            write_time(json, ms);
            ok = cdn_unpack_skip(&at, end);
        } else if (cdn_decision_is(&key, "input")) {
            ok = write_input(json, &at, end);
        } else {
            ok = write_value(json, &at, end, LEVELS);
        }
    }
}

/* OPA has names of its own for the version and the time; the record has both as well. */
static void write_derived(struct cdn_json *json, const struct cdn_decision *decision)
{
    cdn_json_key_cstr(json, "status", status_of(decision));
    cdn_json_key(json, "bundles");
    cdn_json_object(json);
    cdn_json_key(json, "rule");
    cdn_json_object(json);
    write_text(json, "revision", &decision->digest);
    cdn_json_object_end(json);
    cdn_json_object_end(json);
    cdn_json_key(json, "metrics");
    cdn_json_object(json);
    cdn_json_key_uint(json, "timer_rego_query_eval_ns", decision->wall_ns);
    cdn_json_object_end(json);
}

static void write_chain(struct cdn_json *json, const cordon_audit_entry *entry)
{
    char hex[2 * CORDON_AUDIT_HASH_BYTES + 1];

    cdn_json_key_uint(json, "sequence", entry->sequence);
    cdn_json_key_uint(json, "segment", entry->segment);
    cdn_json_key_uint(json, "offset", entry->offset);
    cdn_json_key_cstr(json, "prev_hash",
                      cdn_hash_hex(hex, entry->prev_hash, sizeof entry->prev_hash));
    cdn_json_key_cstr(json, "hash", cdn_hash_hex(hex, entry->hash, sizeof entry->hash));
}

void cdn_decision_json(struct cdn_json *json, const cordon_audit_entry *entry)
{
    struct cdn_decision decision;
    bool decides = entry->kind == CORDON_AUDIT_DECISION &&
                   cdn_decision_read(&decision, entry->record, entry->record_bytes);

    cdn_json_object(json);
    cdn_json_key_uint(json, "schema_version", SCHEMA_VERSION);
    if (decides) {
        cdn_json_key(json, "labels");
        cdn_json_object(json);
        cdn_json_key_cstr(json, "app", "cordon");
        cdn_json_object_end(json);
        write_text(json, "path", &decision.rule);
        write_trace(json, &decision.traceparent);
    }
    write_record(json, entry);
    if (decides)
        write_derived(json, &decision);
    write_chain(json, entry);
    cdn_json_object_end(json);
}

/* ---- a whole log ---- */

void cdn_audit_report_json(struct cdn_json *json, const cordon_audit_report *report)
{
    char hex[2 * CORDON_AUDIT_HASH_BYTES + 1];

    cdn_json_key_bool(json, "sound", !report->findings);
    cdn_json_key_uint(json, "segments", report->segments);
    cdn_json_key_uint(json, "first_segment", report->first_segment);
    cdn_json_key_uint(json, "last_segment", report->last_segment);
    cdn_json_key_uint(json, "records", report->records);
    cdn_json_key_uint(json, "decisions", report->decisions);
    cdn_json_key_uint(json, "dropped", report->dropped);
    cdn_json_key_uint(json, "file_bytes", report->bytes);
    cdn_json_key_bool(json, "keyed", report->keyed);
    cdn_json_key_bool(json, "chain_checked", report->chain_checked);
    cdn_json_key_cstr(json, "hash",
                      cdn_hash_hex(hex, report->hash, sizeof report->hash));
}
