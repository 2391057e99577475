/* Records of the decision log as JSON, as lines for people, and as CSV.
 *
 * The JSON is the record with its own keys, which are OPA's where OPA has one (decision_id,
 * timestamp, path, input, result, requested_by, metrics, erased, masked), and what follows from
 * it: trace_id and span_id, status, labels, bundles.  A value may be of any shape where it was
 * masked, so everything is written as it stands. */
#include "cli/audit.h"

#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/hash.h"
#include "base/pack.h"
#include "base/time.h"
#include "codec/json.h"

#define SCHEMA_VERSION 1

/* ---- choosing ---- */

bool cdn_audit_filter_any(const struct cdn_audit_filter *filter)
{
    return filter->rule || filter->decision || filter->decision_id ||
           filter->principal || filter->outcome || filter->since_ms != CORDON_NO_TIME ||
           filter->until_ms != CORDON_NO_TIME;
}

static bool differs(const char *wanted, const struct cdn_audit_text *text)
{
    return wanted && !cdn_audit_text_is(text, wanted);
}

bool cdn_audit_filter_takes(const struct cdn_audit_filter *filter,
                            const struct cdn_audit_view *view)
{
    return !differs(filter->rule, &view->rule) &&
           !differs(filter->decision, &view->decision) &&
           !differs(filter->decision_id, &view->decision_id) &&
           !differs(filter->principal, &view->requested_by) &&
           (!filter->outcome || filter->outcome == (int)view->outcome + 1) &&
           (filter->since_ms == CORDON_NO_TIME ||
            view->timestamp_ms >= filter->since_ms) &&
           (filter->until_ms == CORDON_NO_TIME ||
            view->timestamp_ms <= filter->until_ms);
}

cordon_status cdn_audit_folder(char out[PATH_MAX], const char *path, cordon_error *err)
{
    struct stat info;

    if (!cdn_path_join(out, PATH_MAX, path, "audit", NULL) && !stat(out, &info) &&
        S_ISDIR(info.st_mode))
        return CORDON_OK;
    if (strlen(path) >= PATH_MAX)
        return cdn_error_set(err, CORDON_E_INVALID, "the path of the log is too long");
    memcpy(out, path, strlen(path) + 1);
    return CORDON_OK;
}

/* ---- JSON ---- */

/* A value of the record's own, up to so many levels deeper than a value may be. */
static bool write_levels(struct cdn_json *json, const unsigned char **at,
                         const unsigned char *end, int levels)
{
    const unsigned char *from = *at, *head_at = *at;
    struct cdn_audit_field field;
    cordon_value value;
    uint32_t pairs;

    if (cdn_unpack_skip(at, end)) {
        if (!cdn_unpack_head(&value, &head_at, end))
            return false;
        value.end = *at;
        cdn_json_value(json, &value);
        return true;
    }
    *at = from;
    if (!levels || !cdn_unpack_head(&value, &head_at, end))
        return false;
    if (value.type == CORDON_ARRAY) {
        *at = head_at;
        cdn_json_array(json);
        for (uint32_t i = 0; i < value.length; i++) {
            if (!write_levels(json, at, end, levels - 1))
                return false;
        }
        cdn_json_array_end(json);
        return true;
    }
    if (!cdn_audit_map_begin(at, end, &pairs))
        return false;
    cdn_json_object(json);
    for (; pairs; pairs--) {
        char name[160];

        if (!cdn_audit_map_key(&field, at, end))
            return false;
        (void)snprintf(name, sizeof name, "%.*s",
                       (int)(field.key.bytes < 150 ? field.key.bytes : 150),
                       field.key.at);
        cdn_json_key(json, name);
        if (!write_levels(json, at, end, levels - 1))
            return false;
    }
    cdn_json_object_end(json);
    return true;
}

static bool write_value(struct cdn_json *json, const unsigned char **at,
                        const unsigned char *end)
{
    return write_levels(json, at, end, CDN_AUDIT_LEVELS);
}

static void write_time(struct cdn_json *json, int64_t ms)
{
    char when[40];

    cdn_json_key_cstr(json, "timestamp", cdn_time_format(when, sizeof when, ms));
}

static void write_text(struct cdn_json *json, const char *name,
                       const struct cdn_audit_text *text)
{
    if (!text->at)
        return;
    cdn_json_key(json, name);
    cdn_json_str(json, text->at, text->bytes);
}

/* version-trace-span-flags, of 2, 32, 16 and 2 hexadecimal digits */
static void write_trace(struct cdn_json *json, const struct cdn_audit_text *parent)
{
    if (!parent->at || parent->bytes < 55 || parent->at[2] != '-' ||
        parent->at[35] != '-' || parent->at[52] != '-')
        return;
    cdn_json_key(json, "trace_id");
    cdn_json_str(json, parent->at + 3, 32);
    cdn_json_key(json, "span_id");
    cdn_json_str(json, parent->at + 36, 16);
}

static const char *status_of(const struct cdn_audit_view *view)
{
    if (view->outcome == CORDON_OUTCOME_OK)
        return "SUCCESS";
    return view->limit == CORDON_BUDGET_TIME ? "TIMEOUT" : "FAILURE";
}

/* `seed` is 64 bits that msgpack was given as a signed integer. */
static bool write_input(struct cdn_json *json, const struct cdn_audit_view *view,
                        const unsigned char **at, const unsigned char *end)
{
    const unsigned char *from = *at;
    struct cdn_audit_field field;
    uint32_t pairs;

    if (!cdn_audit_map_begin(at, end, &pairs)) {
        *at = from; /* masked as a whole */
        return write_value(json, at, end);
    }
    cdn_json_object(json);
    for (; pairs; pairs--) {
        char name[16];

        if (!cdn_audit_map_key(&field, at, end) || field.key.bytes >= sizeof name)
            return false;
        memcpy(name, field.key.at, field.key.bytes);
        name[field.key.bytes] = '\0';
        cdn_json_key(json, name);
        if (!strcmp(name, "seed") && !view->input_masked) {
            cdn_json_uint(json, view->seed);
            if (!cdn_unpack_skip(at, end))
                return false;
        } else if (!write_value(json, at, end)) {
            return false;
        }
    }
    cdn_json_object_end(json);
    return true;
}

/* OPA has numbers of its own under these names; the record has all of them in `usage`. */
static void write_metrics(struct cdn_json *json, const struct cdn_audit_view *view)
{
    cdn_json_key(json, "metrics");
    cdn_json_object(json);
    cdn_json_key_uint(json, "timer_rego_query_eval_ns", view->usage.wall_ns);
    cdn_json_object_end(json);
}

static void write_bundles(struct cdn_json *json, const struct cdn_audit_view *view)
{
    cdn_json_key(json, "bundles");
    cdn_json_object(json);
    cdn_json_key(json, "rule");
    cdn_json_object(json);
    write_text(json, "revision", &view->digest);
    cdn_json_object_end(json);
    cdn_json_object_end(json);
}

static void write_decision(struct cdn_json *json, const struct cdn_audit_view *view,
                           const cordon_audit_entry *entry)
{
    const unsigned char *at = entry->record, *end = at + entry->record_bytes;
    struct cdn_audit_field field;
    uint32_t pairs = 0;

    if (!cdn_audit_map_begin(&at, end, &pairs))
        return;
    for (; pairs && cdn_audit_map_key(&field, &at, end); pairs--) {
        char name[32];
        bool ok;

        (void)snprintf(name, sizeof name, "%.*s",
                       (int)(field.key.bytes < 31 ? field.key.bytes : 31),
                       field.key.at);
        if (!strcmp(name, "timestamp")) {
            write_time(json, view->timestamp_ms);
            ok = cdn_unpack_skip(&at, end);
        } else {
            cdn_json_key(json, name);
            ok = !strcmp(name, "input") ? write_input(json, view, &at, end)
                                        : write_value(json, &at, end);
        }
        if (!ok)
            return;
    }
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

void cdn_audit_json(struct cdn_buf *out, const cordon_audit_entry *entry, bool pretty)
{
    struct cdn_audit_view view;
    cordon_value_iter iter;
    cordon_value key, value;
    struct cdn_json json;

    cdn_json_init(&json, out, pretty);
    cdn_json_object(&json);
    cdn_json_key_uint(&json, "schema_version", SCHEMA_VERSION);
    if (entry->kind == CORDON_AUDIT_DECISION &&
        cdn_audit_record_view(&view, entry->record, entry->record_bytes)) {
        cdn_json_key(&json, "labels");
        cdn_json_object(&json);
        cdn_json_key_cstr(&json, "app", "cordon");
        cdn_json_object_end(&json);
        write_text(&json, "path", &view.rule);
        write_trace(&json, &view.traceparent);
        write_decision(&json, &view, entry);
        cdn_json_key_cstr(&json, "status", status_of(&view));
        write_bundles(&json, &view);
        write_metrics(&json, &view);
    } else {
        cordon_value_iter_init(&iter, &entry->value);
        while (cordon_value_next(&iter, &key, &value)) {
            char name[32];

            if (key.type != CORDON_STRING || key.length >= sizeof name)
                continue;
            memcpy(name, key.as.string, key.length);
            name[key.length] = '\0';
            if (!strcmp(name, "timestamp") && value.type == CORDON_INTEGER) {
                write_time(&json, value.as.integer);
                continue;
            }
            cdn_json_key(&json, name);
            cdn_json_value(&json, &value);
        }
    }
    write_chain(&json, entry);
    cdn_json_object_end(&json);
}

/* ---- for people ---- */

static void shown(struct cdn_buf *out, const struct cdn_audit_text *text)
{
    char room[400];

    cdn_buf_text(out,
                 text->at ? cdn_escape(room, sizeof room, text->at, text->bytes) : "-");
}

void cdn_audit_node(struct cdn_buf *out, const struct cdn_audit_view *view)
{
    if (!view->label.at) {
        cdn_buf_text(out, "-");
        return;
    }
    shown(out, &view->label);
    cdn_buf_text(out, ":");
    shown(out, &view->key);
}

static void note_line(struct cdn_buf *out, const cordon_audit_entry *entry)
{
    cordon_value_iter iter;
    cordon_value key, value;
    char when[40];

    if (cordon_value_get(&value, &entry->value, "timestamp") &&
        value.type == CORDON_INTEGER)
        cdn_buf_printf(out, "%s  ",
                       cdn_time_format(when, sizeof when, value.as.integer));
    cordon_value_iter_init(&iter, &entry->value);
    while (cordon_value_next(&iter, &key, &value)) {
        struct cdn_audit_text text = {key.as.string, key.length};

        if (key.type != CORDON_STRING || cdn_audit_text_is(&text, "timestamp"))
            continue;
        if (value.type == CORDON_STRING) {
            text = (struct cdn_audit_text){value.as.string, value.length};
            cdn_buf_text(out, "the log notes: ");
            shown(out, &text);
        } else if (value.type == CORDON_INTEGER) {
            cdn_buf_text(out, ", ");
            shown(out, &text);
            cdn_buf_printf(out, " %" PRId64, value.as.integer);
        }
    }
}

static enum cdn_style style_of(cordon_outcome_kind outcome)
{
    return outcome == CORDON_OUTCOME_OK      ? CDN_STYLE_BOLD
           : outcome == CORDON_OUTCOME_LIMIT ? CDN_STYLE_YELLOW
                                             : CDN_STYLE_RED;
}

void cdn_audit_line(struct cdn_buf *out, const cordon_audit_entry *entry, bool color)
{
    struct cdn_audit_view view;
    char room[40];

    if (entry->kind != CORDON_AUDIT_DECISION ||
        !cdn_audit_record_view(&view, entry->record, entry->record_bytes)) {
        cdn_buf_text(out, cdn_style(color, CDN_STYLE_DIM));
        note_line(out, entry);
        cdn_buf_text(out, cdn_style_end(color));
        return;
    }
    cdn_buf_printf(out, "%s  ", cdn_time_format(room, sizeof room, view.timestamp_ms));
    shown(out, &view.decision_id);
    cdn_buf_text(out, "  ");
    shown(out, &view.rule);
    if (view.version)
        cdn_buf_printf(out, "@%" PRIu32, view.version);
    if (view.variant.at && !cdn_audit_text_is(&view.variant, "live")) {
        cdn_buf_text(out, " ");
        shown(out, &view.variant);
    }
    cdn_buf_text(out, "  ");
    cdn_audit_node(out, &view);
    cdn_buf_printf(out, "  %s", cdn_style(color, style_of(view.outcome)));
    shown(out, &view.decision);
    cdn_buf_text(out, cdn_style_end(color));
    if (view.outcome != CORDON_OUTCOME_OK) {
        cdn_buf_printf(out, " (%s", cordon_outcome_kind_str(view.outcome));
        if (view.limit)
            cdn_buf_printf(out, ": %s", cordon_budget_str(view.limit));
        cdn_buf_text(out, view.fallback ? ", fallback)" : ")");
    }
    cdn_buf_printf(out, "  %s instructions, ",
                   cdn_show_count(room, sizeof room, view.usage.instructions));
    cdn_buf_printf(out, "%s edges",
                   cdn_show_count(room, sizeof room, view.usage.edges));
}

/* ---- CSV ---- */

static void csv_text(struct cdn_buf *out, const char *text, size_t bytes)
{
    bool quote = bytes && (strchr("=+-@\t\r", text[0]) || memchr(text, ',', bytes) ||
                           memchr(text, '"', bytes) || memchr(text, '\n', bytes) ||
                           memchr(text, '\r', bytes));

    if (!quote) {
        cdn_buf_append(out, text, bytes);
        return;
    }
    cdn_buf_text(out, "\"");
    for (size_t i = 0; i < bytes; i++) {
        if (text[i] == '"')
            cdn_buf_text(out, "\"");
        cdn_buf_append(out, text + i, 1);
    }
    cdn_buf_text(out, "\"");
}

static void csv_field(struct cdn_buf *out, const struct cdn_audit_text *text)
{
    if (text->at)
        csv_text(out, text->at, text->bytes);
    cdn_buf_text(out, ",");
}

void cdn_audit_csv_header(struct cdn_buf *out)
{
    cdn_buf_text(
        out, "sequence,timestamp,decision_id,rule,version,digest,variant,"
             "requested_by,node,now,as_of,generation,outcome,limit,decision,"
             "fallback,truncated,instructions,edges,nodes,output_bytes,memory_bytes,"
             "wall_ns,reads_digest");
}

void cdn_audit_csv(struct cdn_buf *out, const struct cdn_audit_view *view,
                   const cordon_audit_entry *entry)
{
    const cordon_usage *usage = &view->usage;
    struct cdn_buf node = {0};
    char when[40];

    cdn_buf_printf(out, "%" PRIu64 ",%s,", entry->sequence,
                   cdn_time_format(when, sizeof when, view->timestamp_ms));
    csv_field(out, &view->decision_id);
    csv_field(out, &view->rule);
    cdn_buf_printf(out, "%" PRIu32 ",", view->version);
    csv_field(out, &view->digest);
    csv_field(out, &view->variant);
    csv_field(out, &view->requested_by);
    if (view->label.at) {
        cdn_buf_append(&node, view->label.at, view->label.bytes);
        cdn_buf_text(&node, ":");
        cdn_buf_append(&node, view->key.at, view->key.bytes);
        csv_text(out, (const char *)node.data, node.length);
    }
    cdn_buf_printf(out, ",%" PRId64 ",", view->now_ms);
    if (view->as_of_ms != CORDON_NO_TIME)
        cdn_buf_printf(out, "%" PRId64, view->as_of_ms);
    cdn_buf_printf(out, ",%" PRIu64 ",%s,%s,", view->generation,
                   cordon_outcome_kind_str(view->outcome),
                   view->limit ? cordon_budget_str(view->limit) : "");
    csv_field(out, &view->decision);
    cdn_buf_printf(out,
                   "%s,%s,%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",%" PRIu64
                   ",%" PRIu64 ",%016" PRIx64,
                   view->fallback ? "true" : "false",
                   view->truncated ? "true" : "false", usage->instructions,
                   usage->edges, usage->nodes, usage->output_bytes, usage->memory_bytes,
                   usage->wall_ns, view->reads_digest);
    out->failed = out->failed || node.failed;
    cdn_buf_deinit(&node);
}
