/* cordon tier: which walls this machine has, and what each costs here. */
#include "cli/cli.h"

#include <string.h>

#include <cordon/wall.h>

#include "cli/tier.h"
#include "codec/json.h"

#define SCHEMA_VERSION 1

enum { WALLS = CORDON_WALL_MICROVM + 1 };

static const char *const what[WALLS] = {
    [CORDON_WALL_INPROC] = "the language and the meter, in the host's process",
    [CORDON_WALL_PROCESS] =
        "a process without files, network or rights, few system calls",
    [CORDON_WALL_CONTAINER] = "the same in a container of crun or runc",
    [CORDON_WALL_MICROVM] = "a machine of its own",
};

static int list(struct cdn_cli *cli, int argc, char **argv)
{
    struct cdn_table table;
    int code;

    if (!cdn_options_parse(cli, NULL, 0, &argc, argv, &code))
        return code;
    if (argc)
        return cdn_cli_usage(cli, "tier list takes no arguments; found '%s'", argv[0]);
    if (cli->format == CDN_FORMAT_JSON || cli->format == CDN_FORMAT_NDJSON) {
        struct cdn_buf text = {0};
        struct cdn_json json;

        cdn_json_init(&json, &text, cli->format == CDN_FORMAT_JSON);
        cdn_json_object(&json);
        cdn_json_key_uint(&json, "schema_version", SCHEMA_VERSION);
        cdn_json_key(&json, "tiers");
        cdn_json_array(&json);
        for (int wall = 0; wall < WALLS; wall++) {
            cdn_json_object(&json);
            cdn_json_key_cstr(&json, "tier", cordon_wall_str((cordon_wall)wall));
            cdn_json_key_cstr(&json, "what", what[wall]);
            cdn_json_object_end(&json);
        }
        cdn_json_array_end(&json);
        cdn_json_object_end(&json);
        code = cdn_json_print(cli, &text);
        cdn_buf_deinit(&text);
        return cdn_cli_finish(cli, code);
    }
    cdn_table_init(&table, 2, "ll");
    cdn_table_cell(&table, "TIER");
    cdn_table_cell(&table, "BETWEEN A RULE AND THE HOST");
    for (int wall = 0; wall < WALLS; wall++) {
        cdn_table_cell(&table, "%s", cordon_wall_str((cordon_wall)wall));
        cdn_table_cell(&table, "%s", what[wall]);
    }
    code = cdn_table_print(&table, cli->out, cli->out_color, 0) ? CDN_EXIT_OK
                                                                : CDN_EXIT_DATA;
    cdn_table_deinit(&table);
    return cdn_cli_finish(cli, code);
}

const struct cdn_command cdn_command_tier_list = {
    .name = "tier list",
    .summary = "list the walls a rule can run behind",
    .run = list,
    .usage = "[OPTION...]",
    .examples = "cordon tier list\n",
    .details =
        "From the weakest to the strongest.  Which of them work on this machine, and "
        "what they cost here, cordon tier probe tells.",
    .exits = "02",
};

static void probe_json(struct cdn_json *json, cordon_wall wall,
                       const cordon_wall_report *report)
{
    cdn_json_object(json);
    cdn_json_key_cstr(json, "tier", cordon_wall_str(wall));
    cdn_json_key_bool(json, "works", report->works);
    cdn_json_key_cstr(json, "detail", report->text);
    if (report->works) {
        cdn_json_key_uint(json, "start_ns", report->start_ns);
        cdn_json_key_uint(json, "round_trip_ns", report->round_trip_ns);
    }
    cdn_json_object_end(json);
}

static void probe_row(struct cdn_table *table, cordon_wall wall,
                      const cordon_wall_report *report)
{
    char start[32], round_trip[32];

    cdn_table_cell(table, "%s", cordon_wall_str(wall));
    cdn_table_cell(table, "%s", report->works ? "yes" : "no");
    cdn_table_cell(table, "%s",
                   report->works ? cdn_show_ns(start, sizeof start, report->start_ns)
                                 : "-");
    cdn_table_cell(table, "%s",
                   report->works ? cdn_show_ns(round_trip, sizeof round_trip,
                                               report->round_trip_ns)
                                 : "-");
    cdn_table_cell(table, "%s", report->text);
}

static int probe(struct cdn_cli *cli, int argc, char **argv)
{
    bool in_json;
    char worker[PATH_MAX];
    struct cdn_table table;
    struct cdn_buf text = {0};
    struct cdn_json json;
    cordon_error err;
    bool found;
    int code;

    if (!cdn_options_parse(cli, NULL, 0, &argc, argv, &code))
        return code;
    if (argc)
        return cdn_cli_usage(cli, "tier probe takes no arguments; found '%s'", argv[0]);
    in_json = cli->format == CDN_FORMAT_JSON || cli->format == CDN_FORMAT_NDJSON;
    found = cdn_tier_find_worker(worker);
    cdn_json_init(&json, &text, cli->format == CDN_FORMAT_JSON);
    cdn_json_object(&json);
    cdn_json_key_uint(&json, "schema_version", SCHEMA_VERSION);
    cdn_json_key(&json, "tiers");
    cdn_json_array(&json);
    cdn_table_init(&table, 5, "llrrl");
    cdn_table_cell(&table, "TIER");
    cdn_table_cell(&table, "WORKS");
    cdn_table_cell(&table, "START");
    cdn_table_cell(&table, "EVALUATION");
    cdn_table_cell(&table, "DETAIL");
    code = CDN_EXIT_OK;
    for (int wall = 0; wall < WALLS && !code; wall++) {
        cordon_wall_report report = CORDON_WALL_REPORT_INIT;

        if (cordon_wall_probe(&report, (cordon_wall)wall, found ? worker : NULL,
                              &err)) {
            cdn_cli_error_of(cli, &err);
            code = CDN_EXIT_DATA;
        } else if (in_json) {
            probe_json(&json, (cordon_wall)wall, &report);
        } else {
            probe_row(&table, (cordon_wall)wall, &report);
        }
    }
    cdn_json_array_end(&json);
    cdn_json_object_end(&json);
    if (!code && in_json)
        code = cdn_json_print(cli, &text);
    else if (!code && !cdn_table_print(&table, cli->out, cli->out_color, 0))
        code = CDN_EXIT_DATA;
    cdn_table_deinit(&table);
    cdn_buf_deinit(&text);
    return cdn_cli_finish(cli, code);
}

const struct cdn_command cdn_command_tier_probe = {
    .name = "tier probe",
    .summary = "try which walls work on this machine, and what they cost",
    .run = probe,
    .usage = "[OPTION...]",
    .examples = "cordon tier probe\n"
                "cordon tier probe --format json  # for a script",
    .details =
        "Starts a worker behind each wall, evaluates an empty rule there a few times "
        "and "
        "ends it.  START is from nothing to a worker that is locked in, EVALUATION the "
        "quickest of the evaluations.  A wall that does not work says what would help.",
    .exits = "023",
};
