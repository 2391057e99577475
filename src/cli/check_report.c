/* Writing findings.
 *
 * Pretty and github show what is as serious as asked; json, ndjson and sarif hold everything,
 * since who reads them filters himself.  What a comment suppresses is left out, but in sarif,
 * which has a place for it.  SARIF counts columns in code points, all else here in bytes. */
#include "cli/check_report.h"

#include <inttypes.h>
#include <string.h>

#include <cordon/version.h>

#define SCHEMA_VERSION 1
#define SARIF_SCHEMA                                                                   \
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/os/schemas/"                       \
    "sarif-schema-2.1.0.json"

/* ---- json ---- */

static void json_finding(struct cdn_json *json, const struct cdn_lint_finding *finding)
{
    const struct cdn_lint_entry *entry = &cdn_lint_codes[finding->code];
    size_t bytes;
    const char *hint = cdn_message_hint(finding->message, &bytes);

    cdn_json_object(json);
    cdn_json_key_cstr(json, "severity", cdn_lint_level_names[entry->level]);
    cdn_json_key_cstr(json, "code", entry->code);
    cdn_json_key(json, "message");
    cdn_json_str(json, finding->message, bytes);
    if (hint)
        cdn_json_key_cstr(json, "hint", hint);
    if (finding->line)
        cdn_json_key_uint(json, "line", finding->line);
    if (finding->column)
        cdn_json_key_uint(json, "column", finding->column);
    if (finding->end_column)
        cdn_json_key_uint(json, "end_column", finding->end_column);
    cdn_json_object_end(json);
}

static void json_file(struct cdn_json *json, const char *file,
                      const struct cdn_lint_findings *findings, bool loads)
{
    uint32_t suppressed = 0;

    cdn_json_object(json);
    cdn_json_key_uint(json, "schema_version", SCHEMA_VERSION);
    cdn_json_key_cstr(json, "file", file);
    cdn_json_key(json, "findings");
    cdn_json_array(json);
    for (uint32_t i = 0; i < findings->count; i++) {
        if (findings->items[i].suppressed)
            suppressed++;
        else
            json_finding(json, &findings->items[i]);
    }
    cdn_json_array_end(json);
    if (suppressed)
        cdn_json_key_uint(json, "suppressed", suppressed);
    cdn_json_key_bool(json, "loads", loads);
    cdn_json_object_end(json);
}

/* ---- sarif ---- */

/* A path as a relative reference: what is not plain in it is escaped. */
static void sarif_uri(struct cdn_json *json, const char *file)
{
    struct cdn_buf uri = {0};

    for (; *file; file++) {
        unsigned char c = (unsigned char)*file;

        if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
            (c >= '0' && c <= '9') || strchr("-._~/", c))
            cdn_buf_append(&uri, &c, 1);
        else
            cdn_buf_printf(&uri, "%%%02X", c);
    }
    if (uri.failed)
        json->out->failed = true;
    cdn_json_key(json, "uri");
    cdn_json_str(json, uri.data ? (const char *)uri.data : "", uri.length);
    cdn_buf_deinit(&uri);
}

/* A column of bytes as one of code points. */
static uint32_t code_points(const struct cdn_buf *source, uint32_t line,
                            uint32_t column)
{
    const unsigned char *at = source->data;
    const unsigned char *end = at ? at + source->length : at;
    uint32_t count = 1;

    for (uint32_t i = 1; i < line && at < end; i++) {
        const unsigned char *next = memchr(at, '\n', (size_t)(end - at));

        at = next ? next + 1 : end;
    }
    for (uint32_t i = 1; i < column && at < end; i++, at++)
        count += (*at & 0xc0) != 0x80;
    return count;
}

static void sarif_result(struct cdn_json *json, const char *file,
                         const struct cdn_lint_finding *finding,
                         const struct cdn_buf *source)
{
    static const char *const levels[] = {NULL, "error", "warning", "note"};
    const struct cdn_lint_entry *entry = &cdn_lint_codes[finding->code];

    cdn_json_object(json);
    cdn_json_key_cstr(json, "ruleId", entry->code);
    cdn_json_key_uint(json, "ruleIndex", finding->code);
    cdn_json_key_cstr(json, "level", levels[entry->level]);
    cdn_json_key(json, "message");
    cdn_json_object(json);
    cdn_json_key_cstr(json, "text", finding->message);
    cdn_json_object_end(json);
    cdn_json_key(json, "locations");
    cdn_json_array(json);
    cdn_json_object(json);
    cdn_json_key(json, "physicalLocation");
    cdn_json_object(json);
    cdn_json_key(json, "artifactLocation");
    cdn_json_object(json);
    sarif_uri(json, file);
    cdn_json_object_end(json);
    if (finding->line) {
        cdn_json_key(json, "region");
        cdn_json_object(json);
        cdn_json_key_uint(json, "startLine", finding->line);
        if (finding->column)
            cdn_json_key_uint(json, "startColumn",
                              code_points(source, finding->line, finding->column));
        if (finding->end_column)
            cdn_json_key_uint(json, "endColumn",
                              code_points(source, finding->line, finding->end_column));
        cdn_json_object_end(json);
    }
    cdn_json_object_end(json);
    cdn_json_object_end(json);
    cdn_json_array_end(json);
    if (finding->suppressed) {
        cdn_json_key(json, "suppressions");
        cdn_json_array(json);
        cdn_json_object(json);
        cdn_json_key_cstr(json, "kind", "inSource");
        cdn_json_object_end(json);
        cdn_json_array_end(json);
    }
    cdn_json_object_end(json);
}

static void sarif_text(struct cdn_json *json, const char *key, const char *text)
{
    cdn_json_key(json, key);
    cdn_json_object(json);
    cdn_json_key_cstr(json, "text", text);
    cdn_json_object_end(json);
}

/* All codes, whether they are met or not: readers show them as the tool's rules. */
static void sarif_rules(struct cdn_json *json)
{
    static const char *const levels[] = {NULL, "error", "warning", "note"};

    cdn_json_key(json, "rules");
    cdn_json_array(json);
    for (int i = 0; i < CDN_LINT_CODES; i++) {
        cdn_json_object(json);
        cdn_json_key_cstr(json, "id", cdn_lint_codes[i].code);
        sarif_text(json, "shortDescription", cdn_lint_codes[i].title);
        sarif_text(json, "fullDescription", cdn_lint_codes[i].text);
        cdn_json_key(json, "defaultConfiguration");
        cdn_json_object(json);
        cdn_json_key_cstr(json, "level", levels[cdn_lint_codes[i].level]);
        cdn_json_object_end(json);
        cdn_json_object_end(json);
    }
    cdn_json_array_end(json);
}

static void sarif_begin(struct cdn_json *json)
{
    cdn_json_object(json);
    cdn_json_key_cstr(json, "$schema", SARIF_SCHEMA);
    cdn_json_key_cstr(json, "version", "2.1.0");
    cdn_json_key(json, "runs");
    cdn_json_array(json);
    cdn_json_object(json);
    cdn_json_key(json, "tool");
    cdn_json_object(json);
    cdn_json_key(json, "driver");
    cdn_json_object(json);
    cdn_json_key_cstr(json, "name", "cordon");
    cdn_json_key_cstr(json, "version", cordon_version());
    sarif_rules(json);
    cdn_json_object_end(json);
    cdn_json_object_end(json);
    cdn_json_key_cstr(json, "columnKind", "unicodeCodePoints");
    cdn_json_key(json, "results");
    cdn_json_array(json);
}

/* ---- github ---- */

/* The escapes of workflow commands; a property's are more. */
static void github_text(FILE *to, const char *text, bool property)
{
    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;

        if (c == '%' || c < ' ' || (property && (c == ':' || c == ',')))
            fprintf(to, "%%%02X", c);
        else
            fputc(c, to);
    }
}

static void github_finding(FILE *to, const char *file,
                           const struct cdn_lint_finding *finding)
{
    static const char *const levels[] = {NULL, "error", "warning", "notice"};
    const struct cdn_lint_entry *entry = &cdn_lint_codes[finding->code];

    fprintf(to, "::%s file=", levels[entry->level]);
    github_text(to, file, true);
    if (finding->line)
        fprintf(to, ",line=%" PRIu32, finding->line);
    if (finding->column)
        fprintf(to, ",col=%" PRIu32, finding->column);
    if (finding->end_column)
        fprintf(to, ",endColumn=%" PRIu32, finding->end_column);
    fprintf(to, ",title=%s::", entry->code);
    github_text(to, finding->message, false);
    fputc('\n', to);
}

/* ---- pretty ---- */

static void pretty_finding(struct cdn_cli *cli, const char *file,
                           const struct cdn_lint_finding *finding,
                           const struct cdn_buf *source)
{
    const struct cdn_lint_entry *entry = &cdn_lint_codes[finding->code];
    const struct cdn_diagnostic diagnostic = {
        .severity = cdn_lint_level_names[entry->level],
        .code = entry->code,
        .file = file,
        .line = finding->line,
        .column = finding->column,
        .message = finding->message,
        .source = (const char *)source->data,
        .source_bytes = source->length,
    };

    cdn_diagnostic_print(cli->out, cli->out_color, &diagnostic);
}

/* ---- all of it ---- */

void cdn_check_report_begin(struct cdn_check_report *report)
{
    struct cdn_json *json = &report->json;

    cdn_json_init(json, &report->text, report->format != CDN_CHECK_NDJSON);
    if (report->format == CDN_CHECK_SARIF)
        sarif_begin(json);
    if (report->format != CDN_CHECK_JSON)
        return;
    cdn_json_object(json);
    cdn_json_key_uint(json, "schema_version", SCHEMA_VERSION);
    cdn_json_key(json, "files");
    cdn_json_array(json);
}

static void show(struct cdn_check_report *report, const char *file,
                 const struct cdn_lint_findings *findings, const struct cdn_buf *source)
{
    for (uint32_t i = 0; i < findings->count; i++) {
        const struct cdn_lint_finding *finding = &findings->items[i];

        if (finding->suppressed ||
            (int)cdn_lint_codes[finding->code].level > report->show_level)
            continue;
        if (report->format == CDN_CHECK_GITHUB)
            github_finding(report->cli->out, file, finding);
        else
            pretty_finding(report->cli, file, finding, source);
    }
}

cordon_status cdn_check_report_file(struct cdn_check_report *report, const char *file,
                                    const struct cdn_lint_findings *findings,
                                    const struct cdn_buf *source, bool loads,
                                    const char *name)
{
    struct cdn_cli *cli = report->cli;
    uint64_t errors = report->counts[CDN_LINT_ERROR];

    for (uint32_t i = 0; i < findings->count; i++) {
        if (findings->items[i].suppressed)
            report->suppressed++;
        else
            report->counts[cdn_lint_codes[findings->items[i].code].level]++;
    }
    switch (report->format) {
    case CDN_CHECK_JSON:
        json_file(&report->json, file, findings, loads);
        break;
    case CDN_CHECK_NDJSON:
        json_file(&report->json, file, findings, loads);
        if (cdn_json_print(cli, &report->text))
            return CORDON_E_NOMEM;
        cdn_buf_clear(&report->text);
        cdn_json_init(&report->json, &report->text, false);
        break;
    case CDN_CHECK_SARIF:
        for (uint32_t i = 0; i < findings->count; i++)
            sarif_result(&report->json, file, &findings->items[i], source);
        break;
    case CDN_CHECK_GITHUB:
        show(report, file, findings, source);
        break;
    case CDN_CHECK_AUTO:
    case CDN_CHECK_PRETTY:
        show(report, file, findings, source);
        if (loads && name && errors == report->counts[CDN_LINT_ERROR] && !cli->quiet)
            fprintf(cli->out, "%s: %sok%s  %s\n", file,
                    cdn_style(cli->out_color, CDN_STYLE_GREEN),
                    cdn_style_end(cli->out_color), name);
    }
    return CORDON_OK;
}

cordon_status cdn_check_report_end(struct cdn_check_report *report)
{
    struct cdn_json *json = &report->json;
    cordon_status status = CORDON_OK;

    if (report->format == CDN_CHECK_JSON) {
        cdn_json_array_end(json);
        cdn_json_key_uint(json, "errors", report->counts[CDN_LINT_ERROR]);
        cdn_json_key_uint(json, "warnings", report->counts[CDN_LINT_WARNING]);
        cdn_json_key_uint(json, "remarks", report->counts[CDN_LINT_INFO]);
        cdn_json_object_end(json);
    } else if (report->format == CDN_CHECK_SARIF) {
        cdn_json_array_end(json);
        cdn_json_object_end(json);
        cdn_json_array_end(json);
        cdn_json_object_end(json);
    }
    if ((report->format == CDN_CHECK_JSON || report->format == CDN_CHECK_SARIF) &&
        cdn_json_print(report->cli, &report->text))
        status = CORDON_E_NOMEM;
    cdn_buf_deinit(&report->text);
    return status;
}

static void indented(FILE *to, const char *title, const char *text)
{
    fprintf(to, "\n%s\n\n", title);
    while (*text) {
        size_t bytes = strcspn(text, "\n");

        fprintf(to, "    %.*s\n", (int)bytes, text);
        text += bytes + (text[bytes] == '\n');
    }
}

void cdn_check_explain(struct cdn_cli *cli, enum cdn_lint_code code)
{
    const struct cdn_lint_entry *entry = &cdn_lint_codes[code];

    fprintf(cli->out, "%s (%s): %s\n\n%s\n", entry->code,
            cdn_lint_level_names[entry->level], entry->title, entry->text);
    if (entry->bad[0]) {
        indented(cli->out, "Bad:", entry->bad);
        indented(cli->out, "Good:", entry->good);
    }
}
