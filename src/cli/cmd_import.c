/* cordon import: CSV files to a new generation of a store (import/import.h).
 *
 * Faults of rows go to stderr, the first of them in full and the rest as a number, and all
 * of them to --reject-file.  The summary goes to stdout. */
#include "cli/cli.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "codec/json.h"
#include "import/import.h"

#define SCHEMA_VERSION 1
#define SHOWN_REJECTS  20
#define LEAST_MEMORY   (UINT64_C(64) << 20)

struct job {
    struct cdn_cli *cli;
    struct cdn_progress progress;
    FILE *rejects; /* NULL: none wanted */
    uint64_t shown;
};

/* ---- while it runs ---- */

static void put_quoted(FILE *to, const char *text)
{
    fputc('"', to);
    for (; *text; text++) {
        if (*text == '"')
            fputc('"', to);
        fputc(*text, to);
    }
    fputc('"', to);
}

static void on_reject(void *ud, const char *file, uint64_t line, const char *reason)
{
    struct job *job = ud;
    char name[256];

    if (job->rejects) {
        put_quoted(job->rejects, file);
        fprintf(job->rejects, ",%" PRIu64 ",", line);
        put_quoted(job->rejects, reason);
        fputc('\n', job->rejects);
    }
    if (job->shown++ >= SHOWN_REJECTS)
        return;
    cdn_progress_end(&job->progress);
    cdn_escape(name, sizeof(name), file, strlen(file));
    cdn_cli_warn(job->cli, "%s:%" PRIu64 ": row rejected: %s", name, line, reason);
}

static void on_progress(void *ud, enum cdn_import_stage stage, double done,
                        uint64_t rows)
{
    struct job *job = ud;
    char count[32];
    char detail[64];

    cdn_show_count(count, sizeof(count), rows);
    snprintf(detail, sizeof(detail), "%s rows%s", count,
             stage >= CDN_IMPORT_WRITING ? " read, writing" : "");
    cdn_progress_set(&job->progress, done, detail);
}

static bool on_stopped(void *ud)
{
    return cdn_cli_stopped(((struct job *)ud)->cli);
}

/* ---- the summary ---- */

static double rate(const struct cdn_import_result *result)
{
    return result->wall_ns ? (double)result->rows * 1e9 / (double)result->wall_ns : 0;
}

static int print_json(struct cdn_cli *cli, const struct cdn_import_result *result,
                      bool dry_run)
{
    const struct cdn_schema *schema = &result->schema;
    struct cdn_buf text = {0};
    struct cdn_json json;
    int code;

    cdn_json_init(&json, &text, cli->format == CDN_FORMAT_JSON);
    cdn_json_object(&json);
    cdn_json_key_uint(&json, "schema_version", SCHEMA_VERSION);
    cdn_json_key_bool(&json, "dry_run", dry_run);
    if (!dry_run) {
        cdn_json_key_uint(&json, "generation", result->generation);
        cdn_json_key_cstr(&json, "file", result->path);
        cdn_json_key_uint(&json, "file_bytes", result->file_bytes);
    }
    if (result->base) {
        cdn_json_key_uint(&json, "base", result->base);
        cdn_json_key_uint(&json, "updated", result->updated);
        cdn_json_key_uint(&json, "deleted_nodes", result->deleted_nodes);
        cdn_json_key_uint(&json, "deleted_edges", result->deleted_edges);
        cdn_json_key_uint(&json, "dropped_edges", result->dropped_edges);
    }
    cdn_json_key_uint(&json, "rows", result->rows);
    cdn_json_key_uint(&json, "rejected", result->rejected);
    cdn_json_key_uint(&json, "filtered", result->filtered);
    cdn_json_key_uint(&json, "repeated", result->repeated);
    cdn_json_key(&json, "seconds");
    cdn_json_double(&json, (double)result->wall_ns / 1e9);
    cdn_json_key_uint(&json, "rows_per_second", (uint64_t)rate(result));
    cdn_json_key(&json, "nodes");
    cdn_json_object(&json);
    for (uint32_t i = 0; i < schema->label_count; i++)
        cdn_json_key_uint(&json, schema->labels[i].name, result->nodes[i]);
    cdn_json_object_end(&json);
    cdn_json_key(&json, "edges");
    cdn_json_array(&json);
    for (uint32_t i = 0; i < schema->relation_count; i++) {
        const struct cdn_relation_schema *relation = &schema->relations[i];

        cdn_json_object(&json);
        cdn_json_key_cstr(&json, "type", relation->type);
        cdn_json_key_cstr(&json, "from", schema->labels[relation->source].name);
        cdn_json_key_cstr(&json, "to", schema->labels[relation->target].name);
        cdn_json_key_uint(&json, "count", result->edges[i]);
        cdn_json_object_end(&json);
    }
    cdn_json_array_end(&json);
    cdn_json_object_end(&json);
    code = cdn_json_print(cli, &text);
    cdn_buf_deinit(&text);
    return code;
}

static bool print_counts(struct cdn_cli *cli, const struct cdn_import_result *result)
{
    const struct cdn_schema *schema = &result->schema;
    struct cdn_table table;
    char count[32];
    bool ok;

    cdn_table_init(&table, 3, "llr");
    cdn_table_cell(&table, "nodes and edges");
    cdn_table_cell(&table, "from and to");
    cdn_table_cell(&table, "number");
    for (uint32_t i = 0; i < schema->label_count; i++) {
        cdn_table_cell(&table, "%s", schema->labels[i].name);
        cdn_table_cell(&table, "%s", "");
        cdn_table_cell(&table, "%s",
                       cdn_show_count(count, sizeof(count), result->nodes[i]));
    }
    for (uint32_t i = 0; i < schema->relation_count; i++) {
        const struct cdn_relation_schema *relation = &schema->relations[i];

        cdn_table_cell(&table, "%s", relation->type);
        cdn_table_cell(&table, "%s -> %s", schema->labels[relation->source].name,
                       schema->labels[relation->target].name);
        cdn_table_cell(&table, "%s",
                       cdn_show_count(count, sizeof(count), result->edges[i]));
    }
    ok = cdn_table_print(&table, cli->out, cli->out_color, 2);
    cdn_table_deinit(&table);
    return ok;
}

static int print_pretty(struct cdn_cli *cli, const struct cdn_import_result *result,
                        const char *store, bool dry_run)
{
    char a[32];
    char b[32];

    if (cli->quiet)
        return CDN_EXIT_OK;
    if (dry_run)
        fprintf(cli->out,
                "dry run: everything was read and checked, nothing published\n");
    else
        fprintf(cli->out, "%s: generation %" PRIu64 ", %s\n", store, result->generation,
                cdn_show_bytes(a, sizeof(a), result->file_bytes));
    if (!print_counts(cli, result)) {
        cdn_cli_error(cli, "out of memory");
        return CDN_EXIT_DATA;
    }
    if (result->base)
        fprintf(cli->out,
                "on generation %" PRIu64 ": %" PRIu64 " nodes updated, %" PRIu64
                " deleted with %" PRIu64 " edges, %" PRIu64 " other edges deleted\n",
                result->base, result->updated, result->deleted_nodes,
                result->dropped_edges, result->deleted_edges);
    fprintf(cli->out, "%s rows in %.2f s (%s rows/s)",
            cdn_show_count(a, sizeof(a), result->rows), (double)result->wall_ns / 1e9,
            cdn_show_count(b, sizeof(b), (uint64_t)rate(result)));
    fprintf(cli->out, ", %s rejected", cdn_show_count(a, sizeof(a), result->rejected));
    if (result->filtered)
        fprintf(cli->out, ", %s left out by the schema's conditions",
                cdn_show_count(a, sizeof(a), result->filtered));
    if (result->repeated)
        fprintf(cli->out, ", %s with a key seen before",
                cdn_show_count(a, sizeof(a), result->repeated));
    fputc('\n', cli->out);
    return CDN_EXIT_OK;
}

/* ---- the command ---- */

static cordon_status parse_max_errors(uint64_t *out, const char *text,
                                      cordon_error *err)
{
    const struct cdn_option number = {"max-errors", 0,   CDN_OPTION_INTEGER, out, "N",
                                      NULL,         NULL};

    if (!text)
        return CORDON_OK;
    if (!strcmp(text, "all")) {
        *out = CDN_IMPORT_ALL_ERRORS;
        return CORDON_OK;
    }
    return cdn_option_value(&number, text, err);
}

static cordon_status parse_base(struct cdn_import_options *options, const char *text,
                                cordon_error *err)
{
    const struct cdn_option number = {
        "base", 0, CDN_OPTION_POSITIVE, &options->base, "N", NULL, NULL};

    options->on_base = true;
    return strcmp(text, "current") ? cdn_option_value(&number, text, err) : CORDON_OK;
}

static bool close_rejects(struct job *job, const char *path)
{
    bool bad;

    if (!job->rejects)
        return true;
    bad = ferror(job->rejects) != 0;
    bad |= fclose(job->rejects) != 0;
    job->rejects = NULL;
    if (bad)
        cdn_cli_error(job->cli, "%s: could not be written in full", path);
    return !bad;
}

static int import(struct cdn_cli *cli, struct cdn_import_options *options,
                  const char *reject_path)
{
    struct job job = {.cli = cli};
    struct cdn_import_result result;
    cordon_error err = {0};
    char count[32];
    cordon_status status;
    int code = CDN_EXIT_OK;

    if (reject_path) {
        job.rejects = fopen(reject_path, "we");
        if (!job.rejects) {
            cdn_cli_error(cli, "%s: %s", reject_path, strerror(errno));
            return CDN_EXIT_DATA;
        }
        fputs("file,line,reason\n", job.rejects);
        options->report_all = true;
    }
    options->reject = on_reject;
    options->progress = on_progress;
    options->stopped = on_stopped;
    options->ud = &job;
    cdn_progress_begin(&job.progress, cli, "import");
    status = cdn_import_run(&result, options, &err);
    cdn_progress_end(&job.progress);
    if (job.shown > SHOWN_REJECTS)
        cdn_cli_warn(cli, "%s more rejected rows%s",
                     cdn_show_count(count, sizeof(count), job.shown - SHOWN_REJECTS),
                     reject_path ? "" : "; --reject-file FILE takes them all");
    if (status == CORDON_E_INTERRUPTED) {
        cdn_cli_error_of(cli, &err);
        code = CDN_EXIT_INTERRUPTED;
    } else if (status) {
        cdn_cli_error_of(cli, &err);
        code = CDN_EXIT_DATA;
    } else if (cli->format == CDN_FORMAT_JSON || cli->format == CDN_FORMAT_NDJSON) {
        code = print_json(cli, &result, options->dry_run);
    } else {
        code = print_pretty(cli, &result, options->store, options->dry_run);
    }
    if (!close_rejects(&job, reject_path) && code == CDN_EXIT_OK)
        code = CDN_EXIT_DATA;
    cdn_import_result_deinit(&result);
    return cdn_cli_finish(cli, code);
}

static int run(struct cdn_cli *cli, int argc, char **argv)
{
    struct cdn_import_options chosen = {0};
    const char *max_errors = NULL;
    const char *reject_path = NULL;
    const char *base = NULL;
    const struct cdn_option options[] = {
        {"schema", 's', CDN_OPTION_STRING, &chosen.schema, "FILE",
         "the Lua table that says which file holds what", NULL},
        {"out", 'o', CDN_OPTION_STRING, &chosen.store, "DIR",
         "the store the new generation goes to; made if need be", NULL},
        {"base", 0, CDN_OPTION_STRING, &base, "N|current",
         "the data are changes to this generation of the store", NULL},
        {"max-errors", 0, CDN_OPTION_STRING, &max_errors, "N|all",
         "rejected rows that are tolerated (0)", NULL},
        {"reject-file", 0, CDN_OPTION_STRING, &reject_path, "FILE",
         "every rejected row as CSV: file, line, reason", NULL},
        {"memory", 0, CDN_OPTION_SIZE, &chosen.memory_bytes, "SIZE",
         "what the process may take, 64MiB or more (1GiB)", NULL},
        {"temp", 0, CDN_OPTION_STRING, &chosen.temp, "DIR",
         "where rows that do not fit into memory go (the store)", NULL},
        {"dry-run", 0, CDN_OPTION_FLAG, &chosen.dry_run, NULL,
         "read and check everything, publish nothing", NULL},
    };
    cordon_error err = {0};
    int code;

    if (!cdn_options_parse(cli, options, CDN_COUNT(options), &argc, argv, &code))
        return code;
    if (!chosen.schema)
        return cdn_cli_usage(cli, "no schema given; say --schema FILE");
    if (base && parse_base(&chosen, base, &err))
        return cdn_cli_usage(cli, "--base: %s (or current)", err.message);
    if (base && !chosen.store)
        return cdn_cli_usage(cli, "--base is a generation of a store; say --out DIR");
    if (!chosen.store && !chosen.dry_run)
        return cdn_cli_usage(cli, "no store given; say --out DIR");
    if (!argc)
        return cdn_cli_usage(cli, "no data given; name the folder the schema's files "
                                  "are in");
    if (chosen.memory_bytes > 0 && chosen.memory_bytes < LEAST_MEMORY)
        return cdn_cli_usage(cli, "--memory must be at least 64MiB");
    if (parse_max_errors(&chosen.max_errors, max_errors, &err))
        return cdn_cli_usage(cli, "--max-errors: %s (or all)", err.message);
    chosen.data = (const char *const *)argv;
    chosen.data_count = (size_t)argc;
    return import(cli, &chosen, reject_path);
}

const struct cdn_command cdn_command_import = {
    .name = "import",
    .summary = "read CSV files into a new generation of a store",
    .run = run,
    .usage = "--schema FILE --out DIR [OPTION...] DATA...",
    .examples = "cordon import --schema bank/schema.lua --out bank.store bank\n"
                "cordon import --schema s.lua --dry-run data  # check the files only\n"
                "cordon import --schema s.lua --out store --max-errors all "
                "--reject-file rejects.csv data\n"
                "cordon import --schema changes.lua --base current --out store today",
    .details =
        "DATA is a folder, or the files the schema names. Files ending in .gz are "
        "unpacked as they are read. A row that cannot be taken is rejected with file, "
        "line and reason; with more rejected rows than --max-errors nothing is "
        "published. The store keeps its old generation until the new one is whole and "
        "on disk; an import that is interrupted or killed leaves it as it was. With "
        "--base the "
        "schema names what the files add to, update in or delete from a generation, "
        "and "
        "the new one is what a full import of the result would be.",
    .exits = "023i",
};
