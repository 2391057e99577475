/* Records of the decision log as lines for people and as CSV; as JSON codec/decision.h writes
 * them. */
#include "cli/audit.h"

#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/hash.h"
#include "base/pack.h"
#include "base/time.h"
#include "codec/decision.h"
#include "codec/json.h"

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

void cdn_audit_json(struct cdn_buf *out, const cordon_audit_entry *entry, bool pretty)
{
    struct cdn_json json;

    cdn_json_init(&json, out, pretty);
    cdn_decision_json(&json, entry);
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

/* "the breaker of velocity@3 tripped: 2 crashes ..."; false: it is another note. */
static bool breaker_line(struct cdn_buf *out, const cordon_value *note)
{
    struct cdn_audit_text text = {0};
    cordon_value value;

    if (cordon_value_get(&value, note, "note") && value.type == CORDON_STRING)
        text = (struct cdn_audit_text){value.as.string, value.length};
    if (!cdn_audit_text_is(&text, "breaker"))
        return false;
    cdn_buf_text(out, "the breaker of ");
    if (cordon_value_get(&value, note, "rule") && value.type == CORDON_STRING)
        shown(out, &(struct cdn_audit_text){value.as.string, value.length});
    if (cordon_value_get(&value, note, "version") && value.type == CORDON_INTEGER &&
        value.as.integer)
        cdn_buf_printf(out, "@%" PRId64, value.as.integer);
    cdn_buf_text(out, " tripped: ");
    if (cordon_value_get(&value, note, "text") && value.type == CORDON_STRING)
        shown(out, &(struct cdn_audit_text){value.as.string, value.length});
    return true;
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
    if (breaker_line(out, &entry->value))
        return;
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
