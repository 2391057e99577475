/* cordon config: a first policy or configuration to begin with, what is in force and from
 * where, and what is wrong with a policy or a configuration, which it tells apart by what their
 * tables have.
 *
 * validate looks at a policy twice: at the text alone, whose faults keep it from loading (exit 3), and
 * with --data at its names, of which a snapshot may lack some (exit 1).  All of them are
 * reported, each with its line. */
#include "cli/cli.h"

#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "codec/json.h"
#include "cli/settings.h"
#include "engine/policy_read.h"

#define SCHEMA_VERSION 1

static void close_policy(struct cdn_policy *policy)
{
    cordon_policy_release(policy);
}

/* ---- validate ---- */

struct validation {
    struct cdn_cli *cli;
    const char *file;
    struct cdn_buf source;
    struct cdn_findings findings;
    bool loads;
    bool is_settings; /* a configuration, no policy */
    uint32_t principals;
};

static void show_pretty(const struct validation *validation)
{
    FILE *out = validation->cli->out;
    bool color = validation->cli->out_color;

    for (uint32_t i = 0; i < validation->findings.count; i++) {
        const struct cdn_diagnostic diagnostic = {
            .severity = validation->loads ? "warning" : "error",
            .file = validation->file,
            .line = validation->findings.items[i].line,
            .message = validation->findings.items[i].message,
            .source = (const char *)validation->source.data,
            .source_bytes = validation->source.length,
        };

        cdn_diagnostic_print(out, color, &diagnostic);
    }
    if (validation->findings.count || validation->cli->quiet)
        return;
    if (validation->is_settings)
        fprintf(out, "%s: %sok%s  a configuration\n", validation->file,
                cdn_style(color, CDN_STYLE_GREEN), cdn_style_end(color));
    else
        fprintf(out, "%s: %sok%s  %u principal%s\n", validation->file,
                cdn_style(color, CDN_STYLE_GREEN), cdn_style_end(color),
                validation->principals, validation->principals == 1 ? "" : "s");
}

static int show_json(const struct validation *validation)
{
    struct cdn_buf text = {0};
    struct cdn_json json;
    int code;

    cdn_json_init(&json, &text, validation->cli->format == CDN_FORMAT_JSON);
    cdn_json_object(&json);
    cdn_json_key_uint(&json, "schema_version", SCHEMA_VERSION);
    cdn_json_key_cstr(&json, "file", validation->file);
    cdn_json_key(&json, "findings");
    cdn_json_array(&json);
    for (uint32_t i = 0; i < validation->findings.count; i++) {
        const struct cdn_finding *finding = &validation->findings.items[i];

        cdn_json_object(&json);
        cdn_json_key_cstr(&json, "severity", validation->loads ? "warning" : "error");
        cdn_json_key_cstr(&json, "message", finding->message);
        if (finding->line)
            cdn_json_key_uint(&json, "line", finding->line);
        cdn_json_object_end(&json);
    }
    cdn_json_array_end(&json);
    cdn_json_key_bool(&json, "loads", validation->loads);
    cdn_json_object_end(&json);
    code = cdn_json_print(validation->cli, &text);
    cdn_buf_deinit(&text);
    return code;
}

/* The file as a configuration, where it is one.  Errors: CORDON_E_NOMEM. */
static cordon_status validate_settings(struct validation *validation, cordon_error *err)
{
    const char *text =
        validation->source.data ? (const char *)validation->source.data : "";
    cordon_status status =
        cdn_settings_check(&validation->findings, &validation->is_settings, text,
                           validation->source.length, validation->file, err);

    /* what makes no table is told by the policy's reader, with its place */
    return status == CORDON_E_NOMEM ? status : CORDON_OK;
}

/* What was found, or what could not be looked at; an exit code. */
static int validate(struct validation *validation, const char *data)
{
    struct cdn_policy *policy = NULL;
    cordon_snapshot *snapshot = NULL;
    cordon_error err;
    cordon_status status;

    cdn_error_clear(&err);
    status = cdn_file_read(&validation->source, validation->file,
                           CORDON_POLICY_MAX_BYTES, &err);
    if (!status)
        status = validate_settings(validation, &err);
    if (!status && validation->is_settings) {
        validation->loads = !validation->findings.count;
        return validation->loads ? CDN_EXIT_OK : CDN_EXIT_DATA;
    }
    if (!status) {
        status = cdn_policy_load_file(&policy, validation->file, &validation->findings,
                                      &err);
        if (status && status != CORDON_E_NOMEM && status != CORDON_E_IO &&
            !validation->findings.count) {
            /* what stopped it before its table was looked at, or behind that */
            status =
                cdn_policy_find(&validation->findings, err.line, err.message, &err);
            status = status ? status : CORDON_E_DATA;
        }
    }
    validation->loads = !status;
    if (!status && data)
        status = cordon_snapshot_open(&snapshot, data, NULL, &err);
    if (!status && snapshot)
        status = cdn_policy_check(&validation->findings, policy, snapshot, &err);
    if (!status)
        validation->principals = policy->principal_count;
    cordon_snapshot_release(snapshot);
    close_policy(policy);
    if (status && (validation->loads || !validation->findings.count)) {
        cdn_cli_error_of(validation->cli, &err);
        return -1;
    }
    return !validation->loads           ? CDN_EXIT_DATA
           : validation->findings.count ? CDN_EXIT_FINDINGS
                                        : CDN_EXIT_OK;
}

static int run_validate(struct cdn_cli *cli, int argc, char **argv)
{
    struct validation validation = {.cli = cli};
    const char *data = NULL;
    const struct cdn_option options[] = {
        {"data", 'd', CDN_OPTION_STRING, &data, "STORE",
         "also check its names against this snapshot", NULL},
    };
    int code;

    if (!cdn_options_parse(cli, options, CDN_COUNT(options), &argc, argv, &code))
        return code;
    if (argc != 1)
        return cdn_cli_usage(cli,
                             argc ? "one file at a time"
                                  : "no file given; name a policy or a configuration");
    validation.file = argv[0];
    code = validate(&validation, data);
    if (code >= 0) {
        if (cli->format == CDN_FORMAT_JSON || cli->format == CDN_FORMAT_NDJSON) {
            if (show_json(&validation))
                code = CDN_EXIT_DATA;
        } else {
            show_pretty(&validation);
        }
        code = cdn_cli_finish(cli, code);
    } else {
        code = CDN_EXIT_DATA;
    }
    cdn_findings_deinit(&validation.findings);
    cdn_buf_deinit(&validation.source);
    return code;
}

const struct cdn_command cdn_command_config_validate = {
    .name = "config validate",
    .summary = "report every fault of a policy or a configuration",
    .run = run_validate,
    .usage = "FILE [OPTION...]",
    .examples =
        "cordon config validate policy.lua\n"
        "cordon config validate policy.lua --data store   # its names exist too\n"
        "cordon config validate server.lua",
    .details =
        "Findings are this command's data and go to stdout. A policy that does not\n"
        "load, or whose mask_key cannot be read, ends with 3; one that names what\n"
        "the snapshot does not have ends with 1. A file whose table has a section of\n"
        "a configuration (server, engine, auth ...) is looked at as one; a fault in\n"
        "it ends with 3.",
    .exits = "0123",
};

/* ---- show ---- */

/* Who calls, without what he is known by.  False: out of memory. */
static bool show_callers(struct cdn_cli *cli, const struct cdn_settings *settings)
{
    struct cdn_table table;
    bool printed;

    cdn_table_init(&table, 4, "llll");
    cdn_table_cell(&table, "auth");
    cdn_table_cell(&table, "by");
    cdn_table_cell(&table, "principal");
    cdn_table_cell(&table, "rights");
    for (uint32_t i = 0; i < settings->entry_count; i++) {
        const struct cdn_auth_entry *entry = &settings->entries[i];
        char rights[80] = "";
        size_t length = 0;

        for (unsigned bit = 1; cdn_auth_right_word(bit); bit <<= 1)
            if (entry->rights & bit)
                length +=
                    (size_t)snprintf(rights + length, sizeof(rights) - length, "%s%s",
                                     length ? " " : "", cdn_auth_right_word(bit));
        cdn_table_cell(&table, "%s", entry->name);
        cdn_table_cell(&table, "%s", cdn_settings_known_by(entry));
        cdn_table_cell(&table, "%s", entry->principal ? entry->principal : "");
        cdn_table_cell(&table, "%s", rights);
    }
    fputc('\n', cli->out);
    printed = cdn_table_print(&table, cli->out, cli->out_color, 0);
    cdn_table_deinit(&table);
    return printed;
}

static int show_settings(struct cdn_cli *cli, const struct cdn_settings *settings,
                         bool origin)
{
    struct cdn_table table;
    char text[4200], variable[64];
    bool printed;

    cdn_table_init(&table, origin ? 4 : 2, "llll");
    cdn_table_cell(&table, "setting");
    cdn_table_cell(&table, "value");
    if (origin) {
        cdn_table_cell(&table, "from");
        cdn_table_cell(&table, "variable");
    }
    for (int i = 0; i < CDN_SETTINGS; i++) {
        enum cdn_setting setting = (enum cdn_setting)i;

        cdn_table_cell(&table, "%s", cdn_setting_name(setting));
        cdn_table_cell(&table, "%s",
                       cdn_setting_text(text, sizeof(text), settings, setting));
        if (origin) {
            cdn_table_cell(&table, "%s", cdn_origin_str(settings->origins[i]));
            cdn_table_cell(&table, "%s",
                           cdn_setting_variable(variable, sizeof(variable), setting));
        }
    }
    printed = cdn_table_print(&table, cli->out, cli->out_color, 0);
    cdn_table_deinit(&table);
    if (printed && settings->entry_count)
        printed = show_callers(cli, settings);
    if (printed)
        return CDN_EXIT_OK;
    cdn_cli_error(cli, "out of memory");
    return CDN_EXIT_DATA;
}

static void show_value(struct cdn_json *json, const struct cdn_settings *settings,
                       enum cdn_setting setting)
{
    uint64_t number = cdn_setting_number(settings, setting);
    char text[64];

    switch (cdn_setting_type(setting)) {
    case CDN_SETTING_TEXT:
        cdn_json_cstr(json, cdn_setting_get(settings, setting));
        break;
    case CDN_SETTING_WORD:
    case CDN_SETTING_MODE:
        cdn_json_cstr(json, cdn_setting_text(text, sizeof(text), settings, setting));
        break;
    case CDN_SETTING_FLAG:
        cdn_json_bool(json, number != 0);
        break;
    case CDN_SETTING_FRACTION:
    case CDN_SETTING_FRACTION0:
        cdn_json_double(json, cdn_setting_fraction(settings, setting));
        break;
    case CDN_SETTING_COUNT:
    case CDN_SETTING_ZERO:
    case CDN_SETTING_SIZE:
    case CDN_SETTING_SIZE0:
    case CDN_SETTING_NS:
    case CDN_SETTING_MS:
    case CDN_SETTING_MS0:
    case CDN_SETTING_PORT:
        cdn_json_uint(json, number);
        break;
    }
}

/* Who calls, without what he is known by. */
static void show_callers_json(struct cdn_json *json,
                              const struct cdn_settings *settings)
{
    cdn_json_key(json, "auth");
    cdn_json_array(json);
    for (uint32_t i = 0; i < settings->entry_count; i++) {
        const struct cdn_auth_entry *entry = &settings->entries[i];

        cdn_json_object(json);
        cdn_json_key_cstr(json, "name", entry->name);
        cdn_json_key_cstr(json, "by", cdn_settings_known_by(entry));
        cdn_json_key(json, "rights");
        cdn_json_array(json);
        for (unsigned bit = 1; cdn_auth_right_word(bit); bit <<= 1)
            if (entry->rights & bit)
                cdn_json_cstr(json, cdn_auth_right_word(bit));
        cdn_json_array_end(json);
        cdn_json_key_cstr(json, "principal", entry->principal);
        cdn_json_object_end(json);
    }
    cdn_json_array_end(json);
}

static int show_settings_json(struct cdn_cli *cli, const struct cdn_settings *settings,
                              bool origin)
{
    struct cdn_buf out = {0};
    struct cdn_json json;
    int code;

    cdn_json_init(&json, &out, cli->format == CDN_FORMAT_JSON);
    cdn_json_object(&json);
    cdn_json_key_uint(&json, "schema_version", SCHEMA_VERSION);
    for (int i = 0; i < CDN_SETTINGS; i++) {
        enum cdn_setting setting = (enum cdn_setting)i;

        cdn_json_key(&json, cdn_setting_name(setting));
        if (origin) {
            cdn_json_object(&json);
            cdn_json_key(&json, "value");
        }
        show_value(&json, settings, setting);
        if (origin) {
            cdn_json_key_cstr(&json, "from", cdn_origin_str(settings->origins[i]));
            cdn_json_object_end(&json);
        }
    }
    show_callers_json(&json, settings);
    cdn_json_object_end(&json);
    code = cdn_json_print(cli, &out);
    cdn_buf_deinit(&out);
    return code;
}

static int run_show(struct cdn_cli *cli, int argc, char **argv)
{
    struct cdn_setting_flags flags = {0};
    struct cdn_settings settings;
    bool origin = false;
    const struct cdn_option options[] = {
        {"config", 0, CDN_OPTION_STRING, &flags.config, "FILE",
         "the configuration file (default: CORDON_CONFIG)", NULL},
        {"data", 'd', CDN_OPTION_STRING, &flags.data, "STORE",
         "the store, whose policy.lua is the default policy", NULL},
        {"policy", 0, CDN_OPTION_STRING, &flags.policy, "FILE", "another policy", NULL},
        {"origin", 0, CDN_OPTION_FLAG, &origin, NULL, "say from where each comes",
         NULL},
    };
    cordon_error err;
    int code;

    if (!cdn_options_parse(cli, options, CDN_COUNT(options), &argc, argv, &code))
        return code;
    if (argc)
        return cdn_cli_usage(cli, "config show takes no '%s'", argv[0]);
    cdn_error_clear(&err);
    if (cdn_settings_load(&settings, &flags, &err)) {
        cdn_cli_error_of(cli, &err);
        code = CDN_EXIT_DATA;
    } else {
        code = cli->format == CDN_FORMAT_JSON || cli->format == CDN_FORMAT_NDJSON
                   ? show_settings_json(cli, &settings, origin)
                   : show_settings(cli, &settings, origin);
        code = cdn_cli_finish(cli, code);
    }
    cdn_settings_deinit(&settings);
    return code;
}

const struct cdn_command cdn_command_config_show = {
    .name = "config show",
    .summary = "show what is configured, and from where",
    .run = run_show,
    .usage = "[OPTION...]",
    .examples = "cordon config show --origin\n"
                "cordon config show --config cordon.lua --data store --origin\n"
                "CORDON_ENGINE__MAX_EDGES=1e6 cordon config show --origin",
    .details =
        "Each setting is taken from the first place that has it: an option, the\n"
        "environment, the configuration file, the default. The file is a Lua table,\n"
        "return { engine = { max_edges = 1e6, max_wall_ns = \"5s\" },\n"
        "policy = { file = \"policy.lua\" } }. cordon eval goes by the same settings;\n"
        "its --max-* options raise a ceiling that is below them.\n"
        "\n"
        "For engines that many threads use: slots, busy_wait_ms and max_waiting say "
        "how\n"
        "many run, and how long and how many wait; interrupt_slots in how many more "
        "what\n"
        "has priority runs meanwhile; tighten how many times its usual cost a rule "
        "may\n"
        "use while others wait. The last three may be 0: none.",
    .exits = "023",
};

/* ---- init ---- */

static const char starter[] =
    "-- Who may run which rule, and what of the graph it sees for them.\n"
    "-- What is not written is not granted.  Check it: cordon config validate "
    "policy.lua\n"
    "return {\n"
    "  -- The secret of hash masks, 32 bytes or more: head -c 32 /dev/urandom > "
    "mask.key\n"
    "  -- mask_key = \"file:mask.key\", or \"env:NAME\"\n"
    "\n"
    "  roles = {\n"
    "    reader = {\n"
    "      rules = { \"*\" },          -- patterns of rule names; tags = { \"fraud\" } "
    "as well\n"
    "      reads = \"*\",              -- or { Account = { \"createTime\" }, transfer "
    "= \"*\" }\n"
    "      -- What is seen only behind a mask: \"redact\", \"hash\", { \"truncate\", 2 "
    "},\n"
    "      -- { \"bucket\", 10 }; key is the nodes' own.\n"
    "      masks = {\n"
    "        -- Person = { name = \"redact\", key = \"hash\" },\n"
    "      },\n"
    "    },\n"
    "  },\n"
    "\n"
    "  principals = {\n"
    "    analyst = {\n"
    "      role = \"reader\",          -- its fields, where none are given here\n"
    "      hops = 3,                 -- how far from the subject\n"
    "      ceilings = { instructions = 1e6, edges = 1e5, time = \"50ms\" },\n"
    "      quota = { rate = 100, burst = 200, concurrency = 8 },\n"
    "      max_priority = 3,\n"
    "      -- wall = \"process\", slice = \"granted\",  -- or slice = { hops = 2 }\n"
    "      -- output = { \"payees\" },  -- fields of the output that are handed over\n"
    "      -- propose = { nodes = { Account = { \"isBlocked\" } }, edges = { "
    "\"flagged\" } },\n"
    "    },\n"
    "  },\n"
    "\n"
    "  quotas = { rules = {\n"
    "    -- fan_out_velocity = { rate = 1000 },\n"
    "  } },\n"
    "}\n";

static int run_init(struct cdn_cli *cli, int argc, char **argv)
{
    const char *path = NULL, *name;
    bool force = false, dry_run = false, server = false;
    const struct cdn_option options[] = {
        {"server", 0, CDN_OPTION_FLAG, &server, NULL,
         "a configuration of cordon serve, not a policy", NULL},
        {"force", 0, CDN_OPTION_FLAG, &force, NULL, "replace a file that is there",
         NULL},
        {"dry-run", 0, CDN_OPTION_FLAG, &dry_run, NULL,
         "print it instead of writing a file", NULL},
    };
    struct cdn_buf text = {0};
    cordon_error err;
    int code;

    if (!cdn_options_parse(cli, options, CDN_COUNT(options), &argc, argv, &code))
        return code;
    if (argc > 1)
        return cdn_cli_usage(cli, "one file; found '%s' and '%s'", argv[0], argv[1]);
    path = argc ? argv[0] : server ? "server.lua" : "policy.lua";
    name = strrchr(path, '/');
    if (server || !strcmp(name ? name + 1 : path, "server.lua"))
        cdn_settings_starter(&text);
    else
        cdn_buf_text(&text, starter);
    code = CDN_EXIT_OK;
    if (text.failed) {
        cdn_cli_error(cli, "out of memory");
        code = CDN_EXIT_DATA;
    } else if (dry_run) {
        fwrite(text.data, 1, text.length, cli->out);
    } else if (!force && !access(path, F_OK)) {
        cdn_cli_error(cli, "%s is there already; --force replaces it", path);
        code = CDN_EXIT_DATA;
    } else if (cdn_file_replace(path, text.data, text.length, &err)) {
        cdn_cli_error_of(cli, &err);
        code = CDN_EXIT_DATA;
    } else {
        cdn_cli_note(cli, "wrote %s; next: cordon config validate %s", path, path);
    }
    cdn_buf_deinit(&text);
    return cdn_cli_finish(cli, code);
}

const struct cdn_command cdn_command_config_init = {
    .name = "config init",
    .summary = "write a policy or a configuration to begin with, every field explained",
    .run = run_init,
    .usage = "[FILE] [OPTION...]",
    .examples = "cordon config init                       # policy.lua\n"
                "cordon config init store/policy.lua\n"
                "cordon config init server.lua            # of cordon serve\n"
                "cordon config init --dry-run             # only look at it",
    .details = NULL,
    .exits = "023",
};
