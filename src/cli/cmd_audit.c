/* cordon audit tail, verify and export: the decision log, to look at, to prove, to hand on.
 *
 * tail and export read a log that may be written to meanwhile, and do not check the chain;
 * verify does.  All three only read. */
#include "cli/cli.h"

#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "base/alloc.h"
#include "base/hash.h"
#include "cli/audit.h"
#include "codec/decision.h"
#include "codec/json.h"

#define SCHEMA_VERSION 1
#define MOST_LINES     UINT64_C(100000)
#define FOLLOW_NS      200000000L

/* One look through a log. */
struct look {
    struct cdn_cli *cli;
    struct cdn_audit_filter filter;
    char folder[PATH_MAX];
    bool notes;  /* show what the log says of itself, too */
    bool follow; /* wait for more */
    uint64_t lines;
    struct cdn_buf text;
    struct cdn_buf *kept; /* the last `lines` of them, in turn; NULL: print at once */
    uint64_t found;
    uint64_t damaged; /* places that could not be read */
};

static int find_log(struct look *look, int argc, char **argv)
{
    cordon_error err;

    if (argc == 0)
        return cdn_cli_usage(look->cli,
                             "no log given; name a store, or a log's folder");
    if (argc > 1)
        return cdn_cli_usage(look->cli, "one log at a time; found '%s' and '%s'",
                             argv[0], argv[1]);
    if (!cdn_audit_folder(look->folder, argv[0], &err))
        return CDN_EXIT_OK;
    cdn_cli_error_of(look->cli, &err);
    return CDN_EXIT_DATA;
}

/* Append an entry to look->text in the format asked for; false: it is not wanted. */
static bool render(struct look *look, const cordon_audit_entry *entry)
{
    struct cdn_audit_view view;

    cdn_buf_clear(&look->text);
    if (entry->kind == CORDON_AUDIT_DECISION) {
        if (!cdn_audit_record_view(&view, entry->record, entry->record_bytes) ||
            !cdn_audit_filter_takes(&look->filter, &view))
            return false;
    } else if (!look->notes || cdn_audit_filter_any(&look->filter)) {
        return false;
    }
    if (look->cli->format == CDN_FORMAT_PRETTY)
        cdn_audit_line(&look->text, entry, look->cli->out_color);
    else if (look->cli->format == CDN_FORMAT_CSV)
        cdn_audit_csv(&look->text, &view, entry);
    else
        cdn_audit_json(&look->text, entry, false);
    return true;
}

static bool show(struct look *look, const struct cdn_buf *text)
{
    if (text->failed)
        return false;
    if (look->cli->format == CDN_FORMAT_JSON && look->found > 1)
        fputs(",\n", look->cli->out);
    fwrite(text->data, 1, text->length, look->cli->out);
    if (look->cli->format != CDN_FORMAT_JSON)
        fputc('\n', look->cli->out);
    return true;
}

/* Print, or keep until it is known which are the last. */
static bool give(struct look *look)
{
    struct cdn_buf *place;
    struct cdn_buf held;

    look->found++;
    if (!look->kept)
        return show(look, &look->text);
    place = &look->kept[(look->found - 1) % look->lines];
    held = *place;
    *place = look->text;
    look->text = held;
    return !place->failed;
}

static bool flush_kept(struct look *look)
{
    uint64_t first = look->found > look->lines ? look->found - look->lines : 0;
    bool ok = true;

    for (uint64_t i = first; look->kept && ok && i < look->found; i++)
        ok = show(look, &look->kept[i % look->lines]);
    for (uint64_t i = 0; look->kept && i < look->lines; i++)
        cdn_buf_deinit(&look->kept[i]);
    cdn_free(look->kept);
    look->kept = NULL;
    return ok;
}

static void rest(void)
{
    const struct timespec wait = {0, FOLLOW_NS};

    (void)nanosleep(&wait, NULL); /* a signal ends it early, as it should */
}

static cordon_status walk(struct look *look, cordon_audit_reader *reader,
                          cordon_error *err)
{
    cordon_audit_entry entry = CORDON_AUDIT_ENTRY_INIT;
    cordon_status status = CORDON_OK;

    while (!cdn_cli_stopped(look->cli) && !ferror(look->cli->out)) {
        bool got;

        status = cordon_audit_reader_next(&entry, &got, reader, err);
        if (status == CORDON_E_CORRUPT) {
            cdn_cli_error_of(look->cli, err);
            look->damaged++;
            continue;
        }
        if (status)
            return status;
        if (got) {
            if (render(look, &entry) && !give(look))
                return cdn_error_nomem(err);
            continue;
        }
        if (!flush_kept(look))
            return cdn_error_nomem(err);
        if (!look->follow)
            break;
        fflush(look->cli->out);
        rest();
    }
    return CORDON_OK;
}

static int run_look(struct look *look)
{
    cordon_audit_reader *reader = NULL;
    cordon_error err;
    cordon_status status;
    int code = CDN_EXIT_OK;

    cdn_error_clear(&err);
    status = cordon_audit_reader_open(&reader, look->folder, &err);
    if (!status) {
        if (look->cli->format == CDN_FORMAT_CSV) {
            cdn_audit_csv_header(&look->text);
            (void)show(look, &look->text);
        }
        if (look->cli->format == CDN_FORMAT_JSON)
            fprintf(look->cli->out, "{\"schema_version\": %d, \"records\": [\n",
                    SCHEMA_VERSION);
        status = walk(look, reader, &err);
        if (look->cli->format == CDN_FORMAT_JSON)
            fputs("\n]}\n", look->cli->out);
    }
    (void)flush_kept(look);
    cordon_audit_reader_close(reader);
    cdn_buf_deinit(&look->text);
    if (status) {
        cdn_cli_error_of(look->cli, &err);
        code = cdn_cli_exit_of(status);
    } else if (cdn_cli_stopped(look->cli)) {
        code = CDN_EXIT_INTERRUPTED;
    } else if (look->damaged) {
        code = CDN_EXIT_FINDINGS;
    }
    return cdn_cli_finish(look->cli, code);
}

static void choose_format(struct cdn_cli *cli)
{
    if (cli->format == CDN_FORMAT_AUTO)
        cli->format = cli->out_tty ? CDN_FORMAT_PRETTY : CDN_FORMAT_NDJSON;
}

static int run_tail(struct cdn_cli *cli, int argc, char **argv)
{
    struct look look = {
        .cli = cli, .filter = CDN_AUDIT_FILTER_INIT, .notes = true, .lines = 10};
    const struct cdn_option options[] = {
        {"lines", 'n', CDN_OPTION_POSITIVE, &look.lines, "N",
         "show the last N (default: 10)", NULL},
        {"follow", 'f', CDN_OPTION_FLAG, &look.follow, NULL,
         "then wait for more, until interrupted", NULL},
        CDN_AUDIT_FILTER_OPTIONS(look.filter),
    };
    int code;

    if (!cdn_options_parse(cli, options, CDN_COUNT(options), &argc, argv, &code))
        return code;
    code = find_log(&look, argc, argv);
    if (code)
        return code;
    if (look.lines > MOST_LINES)
        return cdn_cli_usage(cli, "--lines takes 1 to %" PRIu64, MOST_LINES);
    choose_format(cli);
    if (look.follow && cli->format == CDN_FORMAT_JSON)
        return cdn_cli_usage(cli, "--follow never ends, and one JSON text has to; use "
                                  "--format ndjson");
    look.kept = cdn_calloc(look.lines, sizeof *look.kept);
    if (!look.kept) {
        cdn_cli_error(cli, "out of memory");
        return CDN_EXIT_DATA;
    }
    return run_look(&look);
}

static int run_export(struct cdn_cli *cli, int argc, char **argv)
{
    struct look look = {.cli = cli, .filter = CDN_AUDIT_FILTER_INIT};
    const struct cdn_option options[] = {
        {"format", 0, CDN_OPTION_CHOICE, &cli->format, "FORMAT",
         "ndjson (the default), json, csv or pretty", "pretty|json|ndjson|csv"},
        {"notes", 0, CDN_OPTION_FLAG, &look.notes, NULL,
         "also what the log says of itself (not in csv)", NULL},
        CDN_AUDIT_FILTER_OPTIONS(look.filter),
    };
    int code;

    if (!cdn_options_parse(cli, options, CDN_COUNT(options), &argc, argv, &code))
        return code;
    code = find_log(&look, argc, argv);
    if (code)
        return code;
    if (cli->format == CDN_FORMAT_AUTO)
        cli->format = CDN_FORMAT_NDJSON;
    if (cli->format == CDN_FORMAT_CSV && look.notes)
        return cdn_cli_usage(cli, "csv has no place for --notes; use ndjson");
    return run_look(&look);
}

/* ---- verify ---- */

struct verify {
    struct cdn_cli *cli;
    struct cdn_json json;
    bool as_json;
};

static void on_finding(void *ud, const cordon_audit_finding *finding)
{
    struct verify *verify = ud;
    struct cdn_cli *cli = verify->cli;
    char shown[600];

    if (verify->as_json) {
        cdn_json_object(&verify->json);
        cdn_json_key_uint(&verify->json, "segment", finding->segment);
        cdn_json_key_uint(&verify->json, "offset", finding->offset);
        cdn_json_key_uint(&verify->json, "after_sequence", finding->sequence);
        cdn_json_key_cstr(&verify->json, "what", finding->text);
        cdn_json_object_end(&verify->json);
        return;
    }
    fprintf(cli->out,
            "%sdamaged%s  segment %" PRIu64 ", offset %" PRIu64
            " (after record %" PRIu64 "): %s\n",
            cdn_style(cli->out_color, CDN_STYLE_RED), cdn_style_end(cli->out_color),
            finding->segment, finding->offset, finding->sequence,
            cdn_escape(shown, sizeof shown, finding->text, strlen(finding->text)));
}

static void verify_pretty(struct cdn_cli *cli, const cordon_audit_report *report)
{
    char records[32], decisions[32], dropped[32], bytes[32];
    char hex[2 * CORDON_AUDIT_HASH_BYTES + 1];

    fprintf(
        cli->out, "%s%s%s  %s records (%s decisions) in %" PRIu64 " segment%s, %s\n",
        cdn_style(cli->out_color, report->findings ? CDN_STYLE_RED : CDN_STYLE_GREEN),
        report->findings ? "damaged" : "sound", cdn_style_end(cli->out_color),
        cdn_show_count(records, sizeof records, report->records),
        cdn_show_count(decisions, sizeof decisions, report->decisions),
        report->segments, report->segments == 1 ? "" : "s",
        cdn_show_bytes(bytes, sizeof bytes, report->bytes));
    if (report->dropped)
        fprintf(cli->out,
                "  %s decisions were dropped when they were made, and noted\n",
                cdn_show_count(dropped, sizeof dropped, report->dropped));
    if (report->open_bytes)
        fprintf(cli->out, "  %" PRIu64 " bytes at the end are being written\n",
                report->open_bytes);
    if (!report->chain_checked)
        fputs(
            "  the chain has a key and none was given: checksums and order alone were "
            "checked; give --key FILE\n",
            cli->out);
    else if (report->records)
        fprintf(cli->out, "  the chain%s ends with %s\n",
                report->keyed ? "" : " (it has no key)",
                cdn_hash_hex(hex, report->hash, sizeof report->hash));
}

static int run_verify(struct cdn_cli *cli, int argc, char **argv)
{
    struct look look = {.cli = cli};
    struct verify verify = {.cli = cli};
    const char *key = NULL;
    const struct cdn_option options[] = {
        {"key", 'k', CDN_OPTION_STRING, &key, "FILE", "the file of the chain's key",
         NULL},
    };
    cordon_audit_report report = CORDON_AUDIT_REPORT_INIT;
    struct cdn_buf text = {0};
    cordon_error err;
    cordon_status status;
    int code;

    if (!cdn_options_parse(cli, options, CDN_COUNT(options), &argc, argv, &code))
        return code;
    code = find_log(&look, argc, argv);
    if (code)
        return code;
    verify.as_json = cli->format == CDN_FORMAT_JSON || cli->format == CDN_FORMAT_NDJSON;
    cdn_json_init(&verify.json, &text, cli->format == CDN_FORMAT_JSON);
    cdn_json_object(&verify.json);
    cdn_json_key_uint(&verify.json, "schema_version", SCHEMA_VERSION);
    cdn_json_key_cstr(&verify.json, "log", look.folder);
    cdn_json_key(&verify.json, "findings");
    cdn_json_array(&verify.json);
    cdn_error_clear(&err);
    status = cordon_audit_verify(&report, look.folder, key, on_finding, &verify, &err);
    cdn_json_array_end(&verify.json);
    if (status) {
        cdn_cli_error_of(cli, &err);
        code = cdn_cli_exit_of(status);
    } else {
        cdn_audit_report_json(&verify.json, &report);
        cdn_json_object_end(&verify.json);
        code = report.findings ? CDN_EXIT_FINDINGS : CDN_EXIT_OK;
        if (!verify.as_json)
            verify_pretty(cli, &report);
        else if (cdn_json_print(cli, &text))
            code = CDN_EXIT_DATA;
    }
    cdn_buf_deinit(&text);
    return cdn_cli_finish(cli, code);
}

/* ---- the commands ---- */

const struct cdn_command cdn_command_audit_tail = {
    .name = "audit tail",
    .summary = "show the newest decisions of a log, and those to come",
    .run = run_tail,
    .usage = "STORE|LOG [OPTION...]",
    .examples = "cordon audit tail store\n"
                "cordon audit tail store --follow --outcome error\n"
                "cordon audit tail store -n 100 --rule fan_in --format ndjson",
    .details = "A store's log is its folder audit/; a folder without one is taken for "
               "the log itself. What the log says of itself (decisions dropped, "
               "segments removed) is shown where no filter is given. Checksums are "
               "checked, the chain is not: cordon audit verify.",
    .exits = "0123i",
};

const struct cdn_command cdn_command_audit_verify = {
    .name = "audit verify",
    .summary = "prove that a log is whole and unchanged",
    .run = run_verify,
    .usage = "STORE|LOG [OPTION...]",
    .examples = "cordon audit verify store --key audit.key\n"
                "cordon audit verify /var/log/cordon/audit --format json",
    .details = "Every record's checksum, place and hash; every segment's beginning and "
               "end. The first thing wrong in each segment is named with its offset. "
               "With the key, whoever does not have it cannot change, remove or "
               "reorder a record unseen; without one only accidents are found. "
               "Segments that retention removed are known from the chain.",
    .exits = "0123",
};

const struct cdn_command cdn_command_audit_export = {
    .name = "audit export",
    .summary = "write decisions of a log as ndjson, json or csv",
    .run = run_export,
    .usage = "STORE|LOG [OPTION...]",
    .examples =
        "cordon audit export store > decisions.ndjson\n"
        "cordon audit export store --since 2026-11-01 --format csv > november.csv\n"
        "cordon audit export store --decision deny | jq .input",
    .details = "The names are those of OPA's decision logs where it has one: "
               "decision_id, path, input, result, requested_by, timestamp, erased, "
               "masked; the rest is this program's.",
    .exits = "0123i",
};
