/* cordon snapshot info and cordon snapshot verify.
 *
 * Both look inside a snapshot, so they use the reader's own header; they see no more
 * than what open has checked, and follow offsets only through its checked accessors. */
#include "cli/cli.h"

#include <inttypes.h>
#include <string.h>

#include "base/time.h"
#include "codec/json.h"
#include "cli/stats.h"
#include "snapshot/snapshot.h"

#define SCHEMA_VERSION 1

static bool wants_json(const struct cdn_cli *cli)
{
    return cli->format == CDN_FORMAT_JSON || cli->format == CDN_FORMAT_NDJSON;
}

static cordon_status open_store(cordon_snapshot **out, const char *path,
                                uint64_t generation, cordon_error *err)
{
    cordon_snapshot_options options = CORDON_SNAPSHOT_OPTIONS_INIT;

    options.generation = generation;
    return cordon_snapshot_open(out, path, &options, err);
}

/* ---- info for people ---- */

static const char *key_type(const struct cdn_label *label)
{
    return label->key == CDN_KEY_INT64 ? "int64" : "string";
}

/* A column's range in its own terms. */
static void show_range(char *out, size_t size, const struct cdn_column *column,
                       const struct cdn_column_stats *stats)
{
    char low[40], high[40];

    out[0] = '\0';
    if (column->property->type == CDN_COLUMN_STRING) {
        snprintf(out, size, "%s distinct", cdn_show_count(low, 32, stats->distinct));
    } else if (!stats->has_range) {
        return;
    } else if (column->property->type == CDN_COLUMN_INT64) {
        snprintf(out, size, "%" PRId64 " .. %" PRId64, column->minimum,
                 column->maximum);
    } else if (column->property->type == CDN_COLUMN_TIMESTAMP) {
        cdn_time_format(low, sizeof(low), column->minimum);
        cdn_time_format(high, sizeof(high), column->maximum);
        snprintf(out, size, "%s .. %s", low, high);
    } else {
        snprintf(out, size, "%.10g .. %.10g", stats->min, stats->max);
    }
}

static void show_column(struct cdn_table *table, const struct cdn_column *column,
                        const struct cdn_column_stats *stats, const char *note)
{
    char nulls[32], range[100];

    show_range(range, sizeof(range), column, stats);
    cdn_table_cell(table, "%s", column->property->name);
    cdn_table_cell(table, "%s", cdn_column_type_str(column->property->type));
    cdn_table_cell(table, "%s",
                   column->property->nullable ? cdn_show_count(nulls, 32, stats->nulls)
                                              : "-");
    cdn_table_cell(table, "%s", range);
    cdn_table_cell(table, "%s", note);
}

static void start_columns(struct cdn_table *table)
{
    cdn_table_init(table, 5, "llrll");
    cdn_table_cell(table, "property");
    cdn_table_cell(table, "type");
    cdn_table_cell(table, "nulls");
    cdn_table_cell(table, "values");
    cdn_table_cell(table, "%s", "");
}

static void show_label(struct cdn_cli *cli, const struct cdn_label_data *label)
{
    struct cdn_table table;
    char count[32], bytes[32];

    fprintf(cli->out, "\n%s%s%s  %s nodes, key %s, %s\n",
            cdn_style(cli->out_color, CDN_STYLE_BOLD), label->schema->name,
            cdn_style_end(cli->out_color), cdn_show_count(count, 32, label->count),
            key_type(label->schema),
            cdn_show_bytes(bytes, 32, cdn_stats_label_bytes(label)));
    if (!label->schema->property_count)
        return;
    start_columns(&table);
    for (uint32_t i = 0; i < label->schema->property_count; i++) {
        struct cdn_column_stats stats;

        cdn_stats_node_column(&stats, label, i);
        show_column(&table, &label->columns[i], &stats,
                    label->columns[i].property->lua_string ? "a string to rules" : "");
    }
    cdn_table_print(&table, cli->out, cli->out_color, 2);
    cdn_table_deinit(&table);
}

static void degree_row(struct cdn_table *table, const char *direction,
                       const struct cdn_degrees *degrees)
{
    char text[32];

    cdn_table_cell(table, "%s", direction);
    cdn_table_cell(table, "%.2f", degrees->mean);
    cdn_table_cell(table, "%s", cdn_show_count(text, 32, degrees->p50));
    cdn_table_cell(table, "%s", cdn_show_count(text, 32, degrees->p99));
    cdn_table_cell(table, "%s", cdn_show_count(text, 32, degrees->max));
    cdn_table_cell(table, "%s", cdn_show_count(text, 32, degrees->without));
}

static cordon_status show_degrees(struct cdn_cli *cli,
                                  const struct cdn_relation *relation,
                                  cordon_error *err)
{
    static const char *const heads[] = {"edges a node", "mean", "p50",
                                        "p99",          "max",  "nodes without"};
    struct cdn_degrees outgoing, incoming;
    struct cdn_table table;
    cordon_status status = cdn_stats_degrees(&outgoing, &relation->outgoing, err);

    if (!status)
        status = cdn_stats_degrees(&incoming, &relation->incoming, err);
    if (status)
        return status;
    cdn_table_init(&table, CDN_COUNT(heads), "lrrrrr");
    for (size_t i = 0; i < CDN_COUNT(heads); i++)
        cdn_table_cell(&table, "%s", heads[i]);
    degree_row(&table, "outgoing", &outgoing);
    degree_row(&table, "incoming", &incoming);
    cdn_table_print(&table, cli->out, cli->out_color, 2);
    cdn_table_deinit(&table);
    return CORDON_OK;
}

static cordon_status show_relation(struct cdn_cli *cli, const cordon_snapshot *snapshot,
                                   const struct cdn_relation *relation,
                                   cordon_error *err)
{
    const struct cdn_relation_schema *schema = relation->schema;
    struct cdn_table table;
    char count[32], bytes[32];

    fprintf(cli->out, "\n%s%s%s  %s -> %s, %s edges, %s\n",
            cdn_style(cli->out_color, CDN_STYLE_BOLD), schema->type,
            cdn_style_end(cli->out_color), snapshot->schema.labels[schema->source].name,
            snapshot->schema.labels[schema->target].name,
            cdn_show_count(count, 32, relation->edge_count),
            cdn_show_bytes(bytes, 32, cdn_stats_relation_bytes(relation)));
    if (schema->property_count) {
        start_columns(&table);
        for (uint32_t i = 0; i < schema->property_count; i++) {
            const struct cdn_column *column = &relation->outgoing.columns[i];
            struct cdn_column_stats stats;

            cdn_stats_edge_column(&stats, relation, i);
            show_column(&table, column, &stats,
                        (int32_t)i == schema->time     ? "the time column"
                        : !column->property->mirrored  ? "outgoing only"
                        : column->property->lua_string ? "a string to rules"
                                                       : "");
        }
        cdn_table_print(&table, cli->out, cli->out_color, 2);
        cdn_table_deinit(&table);
    }
    return show_degrees(cli, relation, err);
}

static cordon_status info_pretty(struct cdn_cli *cli, const cordon_snapshot *snapshot,
                                 const char *path, cordon_error *err)
{
    char nodes[32], edges[32], bytes[32], segments[32];
    cordon_status status = CORDON_OK;

    fprintf(cli->out, "%s%s%s", cdn_style(cli->out_color, CDN_STYLE_BOLD), path,
            cdn_style_end(cli->out_color));
    if (snapshot->generation)
        fprintf(cli->out, "  generation %" PRIu64, snapshot->generation);
    fprintf(cli->out, "  identity %016" PRIx64 "\n", snapshot->identity);
    fprintf(cli->out, "%s nodes, %s edges, %s in %s segments\n",
            cdn_show_count(nodes, 32, snapshot->node_count),
            cdn_show_count(edges, 32, snapshot->edge_count),
            cdn_show_bytes(bytes, 32, snapshot->file_bytes),
            cdn_show_count(segments, 32, snapshot->segment_count));
    for (uint32_t i = 0; i < snapshot->label_count; i++)
        show_label(cli, &snapshot->labels[i]);
    for (uint32_t i = 0; i < snapshot->relation_count && !status; i++)
        status = show_relation(cli, snapshot, &snapshot->relations[i], err);
    return status;
}

/* ---- info as JSON ---- */

static void json_column(struct cdn_json *json, const struct cdn_column *column,
                        const struct cdn_column_stats *stats)
{
    const struct cdn_property *property = column->property;

    cdn_json_object(json);
    cdn_json_key_cstr(json, "name", property->name);
    cdn_json_key_cstr(json, "type", cdn_column_type_str(property->type));
    cdn_json_key_bool(json, "nullable", property->nullable);
    cdn_json_key_uint(json, "nulls", stats->nulls);
    if (property->lua_string)
        cdn_json_key_cstr(json, "lua", "string");
    if (property->immutable)
        cdn_json_key_bool(json, "immutable", true);
    if (property->type == CDN_COLUMN_STRING)
        cdn_json_key_uint(json, "distinct", stats->distinct);
    if (stats->has_range) {
        bool real = property->type == CDN_COLUMN_FLOAT64;

        cdn_json_key(json, "min");
        if (real)
            cdn_json_double(json, stats->min);
        else
            cdn_json_int(json, column->minimum);
        cdn_json_key(json, "max");
        if (real)
            cdn_json_double(json, stats->max);
        else
            cdn_json_int(json, column->maximum);
    }
    cdn_json_key_uint(json, "bytes", stats->bytes);
    cdn_json_object_end(json);
}

static void json_label(struct cdn_json *json, const struct cdn_label_data *label)
{
    cdn_json_object(json);
    cdn_json_key_cstr(json, "label", label->schema->name);
    cdn_json_key_uint(json, "nodes", label->count);
    cdn_json_key_cstr(json, "key", key_type(label->schema));
    cdn_json_key_uint(json, "bytes", cdn_stats_label_bytes(label));
    cdn_json_key(json, "properties");
    cdn_json_array(json);
    for (uint32_t i = 0; i < label->schema->property_count; i++) {
        struct cdn_column_stats stats;

        cdn_stats_node_column(&stats, label, i);
        json_column(json, &label->columns[i], &stats);
    }
    cdn_json_array_end(json);
    cdn_json_object_end(json);
}

static cordon_status json_degrees(struct cdn_json *json, const char *direction,
                                  const struct cdn_adjacency *adjacency,
                                  cordon_error *err)
{
    struct cdn_degrees degrees;
    cordon_status status = cdn_stats_degrees(&degrees, adjacency, err);

    if (status)
        return status;
    cdn_json_key(json, direction);
    cdn_json_object(json);
    cdn_json_key(json, "mean");
    cdn_json_double(json, degrees.mean);
    cdn_json_key_uint(json, "p50", degrees.p50);
    cdn_json_key_uint(json, "p99", degrees.p99);
    cdn_json_key_uint(json, "max", degrees.max);
    cdn_json_key_uint(json, "nodes_without", degrees.without);
    cdn_json_object_end(json);
    return CORDON_OK;
}

static cordon_status json_relation(struct cdn_json *json,
                                   const cordon_snapshot *snapshot,
                                   const struct cdn_relation *relation,
                                   cordon_error *err)
{
    const struct cdn_relation_schema *schema = relation->schema;
    cordon_status status;

    cdn_json_object(json);
    cdn_json_key_cstr(json, "type", schema->type);
    cdn_json_key_cstr(json, "source", snapshot->schema.labels[schema->source].name);
    cdn_json_key_cstr(json, "target", snapshot->schema.labels[schema->target].name);
    cdn_json_key_uint(json, "edges", relation->edge_count);
    cdn_json_key_cstr(json, "time",
                      schema->time < 0 ? NULL : schema->properties[schema->time].name);
    cdn_json_key_uint(json, "bytes", cdn_stats_relation_bytes(relation));
    cdn_json_key(json, "properties");
    cdn_json_array(json);
    for (uint32_t i = 0; i < schema->property_count; i++) {
        struct cdn_column_stats stats;

        cdn_stats_edge_column(&stats, relation, i);
        json_column(json, &relation->outgoing.columns[i], &stats);
    }
    cdn_json_array_end(json);
    cdn_json_key(json, "degrees");
    cdn_json_object(json);
    status = json_degrees(json, "outgoing", &relation->outgoing, err);
    if (!status)
        status = json_degrees(json, "incoming", &relation->incoming, err);
    cdn_json_object_end(json);
    cdn_json_object_end(json);
    return status;
}

static void json_identity(struct cdn_json *json, const cordon_snapshot *snapshot,
                          const char *path)
{
    cdn_json_key_uint(json, "schema_version", SCHEMA_VERSION);
    cdn_json_key_cstr(json, "store", path);
    cdn_json_key_uint(json, "generation", snapshot->generation);
    cdn_json_key(json, "snapshot_id");
    cdn_json_hex(json, snapshot->identity);
    cdn_json_key_uint(json, "nodes", snapshot->node_count);
    cdn_json_key_uint(json, "edges", snapshot->edge_count);
    cdn_json_key_uint(json, "segments", snapshot->segment_count);
    cdn_json_key_uint(json, "file_bytes", snapshot->file_bytes);
}

static cordon_status info_json(struct cdn_cli *cli, const cordon_snapshot *snapshot,
                               const char *path, cordon_error *err)
{
    struct cdn_buf text = {0};
    struct cdn_json json;
    cordon_status status = CORDON_OK;

    cdn_json_init(&json, &text, cli->format == CDN_FORMAT_JSON);
    cdn_json_object(&json);
    json_identity(&json, snapshot, path);
    cdn_json_key(&json, "labels");
    cdn_json_array(&json);
    for (uint32_t i = 0; i < snapshot->label_count; i++)
        json_label(&json, &snapshot->labels[i]);
    cdn_json_array_end(&json);
    cdn_json_key(&json, "relations");
    cdn_json_array(&json);
    for (uint32_t i = 0; i < snapshot->relation_count && !status; i++)
        status = json_relation(&json, snapshot, &snapshot->relations[i], err);
    cdn_json_array_end(&json);
    cdn_json_object_end(&json);
    if (!status && cdn_json_print(cli, &text))
        status = CORDON_E_NOMEM;
    cdn_buf_deinit(&text);
    return status;
}

/* ---- the commands ---- */

static int one_store(struct cdn_cli *cli, int argc, char **argv)
{
    if (argc == 0)
        return cdn_cli_usage(cli, "no store given");
    if (argc > 1)
        return cdn_cli_usage(cli, "one store at a time; found '%s' and '%s'", argv[0],
                             argv[1]);
    return CDN_EXIT_OK;
}

typedef int tell_function(struct cdn_cli *cli, const cordon_snapshot *snapshot,
                          const char *path);

/* Parse, open, and tell.  `damaged` is the exit code where open refuses what it finds. */
static int run(struct cdn_cli *cli, int argc, char **argv, tell_function *tell,
               int damaged)
{
    uint64_t generation = 0;
    const struct cdn_option options[] = {
        {"generation", 'g', CDN_OPTION_POSITIVE, &generation, "N",
         "which generation of the store (default: the current one)", NULL},
    };
    cordon_snapshot *snapshot = NULL;
    cordon_error err;
    cordon_status status;
    int code;

    if (!cdn_options_parse(cli, options, CDN_COUNT(options), &argc, argv, &code))
        return code;
    code = one_store(cli, argc, argv);
    if (code)
        return code;
    status = open_store(&snapshot, argv[0], generation, &err);
    if (status) {
        cdn_cli_error_of(cli, &err);
        code = status == CORDON_E_CORRUPT ? damaged : CDN_EXIT_DATA;
    } else {
        code = tell(cli, snapshot, argv[0]);
    }
    cordon_snapshot_release(snapshot);
    return cdn_cli_finish(cli, code);
}

static int tell_info(struct cdn_cli *cli, const cordon_snapshot *snapshot,
                     const char *path)
{
    cordon_error err;
    cordon_status status = wants_json(cli) ? info_json(cli, snapshot, path, &err)
                                           : info_pretty(cli, snapshot, path, &err);

    if (status)
        cdn_cli_error_of(cli, &err);
    return status ? CDN_EXIT_DATA : CDN_EXIT_OK;
}

static int run_info(struct cdn_cli *cli, int argc, char **argv)
{
    return run(cli, argc, argv, tell_info, CDN_EXIT_DATA);
}

struct report {
    struct cdn_cli *cli;
    struct cdn_json *json;
    uint64_t shown;
};

/* Damage repeats itself: the first findings tell where, the count tells how much. */
#define MAX_SHOWN 1000

static void on_finding(void *ud, const char *finding)
{
    struct report *report = ud;
    char shown[1024];

    if (report->shown++ >= MAX_SHOWN)
        return;
    if (report->json)
        cdn_json_cstr(report->json, finding);
    else
        fprintf(report->cli->out, "%sdamage:%s %s\n",
                cdn_style(report->cli->out_color, CDN_STYLE_RED),
                cdn_style_end(report->cli->out_color),
                cdn_escape(shown, sizeof(shown), finding, strlen(finding)));
}

static int verify_pretty(struct cdn_cli *cli, const cordon_snapshot *snapshot,
                         const char *path)
{
    struct report report = {.cli = cli};
    uint64_t findings = 0;
    cordon_error err;
    char count[32];

    if (cdn_snapshot_verify(snapshot, on_finding, &report, &findings, &err)) {
        cdn_cli_error_of(cli, &err);
        return CDN_EXIT_DATA;
    }
    if (findings > MAX_SHOWN)
        fprintf(cli->out, "... and %s more\n",
                cdn_show_count(count, 32, findings - MAX_SHOWN));
    if (findings)
        cdn_cli_error(cli, "%s: damage found (%" PRIu64 "); import it again", path,
                      findings);
    else if (!cli->quiet)
        fprintf(cli->out, "%s: %ssound%s, every checksum and invariant holds (%s)\n",
                path, cdn_style(cli->out_color, CDN_STYLE_GREEN),
                cdn_style_end(cli->out_color),
                cdn_show_bytes(count, 32, snapshot->file_bytes));
    return findings ? CDN_EXIT_FINDINGS : CDN_EXIT_OK;
}

static int verify_json(struct cdn_cli *cli, const cordon_snapshot *snapshot,
                       const char *path)
{
    struct cdn_buf text = {0};
    struct cdn_json json;
    struct report report = {.cli = cli, .json = &json};
    uint64_t findings = 0;
    cordon_error err;
    int code;

    cdn_json_init(&json, &text, cli->format == CDN_FORMAT_JSON);
    cdn_json_object(&json);
    json_identity(&json, snapshot, path);
    cdn_json_key(&json, "findings");
    cdn_json_array(&json);
    if (cdn_snapshot_verify(snapshot, on_finding, &report, &findings, &err)) {
        cdn_cli_error_of(cli, &err);
        code = CDN_EXIT_DATA;
        goto out;
    }
    cdn_json_array_end(&json);
    cdn_json_key_uint(&json, "finding_count", findings);
    cdn_json_object_end(&json);
    code = cdn_json_print(cli, &text);
    if (!code && findings)
        code = CDN_EXIT_FINDINGS;
out:
    cdn_buf_deinit(&text);
    return code;
}

static int tell_findings(struct cdn_cli *cli, const cordon_snapshot *snapshot,
                         const char *path)
{
    return wants_json(cli) ? verify_json(cli, snapshot, path)
                           : verify_pretty(cli, snapshot, path);
}

/* What open refuses is damage as well, and this command's business is damage. */
static int run_verify(struct cdn_cli *cli, int argc, char **argv)
{
    return run(cli, argc, argv, tell_findings, CDN_EXIT_FINDINGS);
}

const struct cdn_command cdn_command_snapshot_info = {
    .name = "snapshot info",
    .summary = "show what a snapshot holds: schema, counts, degrees, sizes",
    .run = run_info,
    .usage = "STORE [OPTION...]",
    .examples = "cordon snapshot info store\n"
                "cordon snapshot info store --format json | jq '.labels[].label'\n"
                "cordon snapshot info store --generation 3",
    .details = "STORE is the folder that cordon import made, or one snapshot file.",
    .exits = "023",
};

const struct cdn_command cdn_command_snapshot_verify = {
    .name = "snapshot verify",
    .summary = "check every checksum and every structural invariant",
    .run = run_verify,
    .usage = "STORE [OPTION...]",
    .examples = "cordon snapshot verify store && echo sound\n"
                "cordon snapshot verify store --format json",
    .details =
        "Reads all of the file. Damage is a finding, one a line, and ends with 1.",
    .exits = "0123",
};
