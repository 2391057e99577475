/* cordon check: does a rule load, and is its contract whole?  No graph is needed.
 *
 * Every fault of every file is reported, not only the first: the loader gives the
 * contract's faults as a list, and with --data each name in `reads` is bound by itself,
 * so that one missing property does not hide the next.
 *
 * Codes are few and stable; --explain tells what each means.  What loads with no fault
 * is looked at again for what is legal but probably not meant (warnings, remarks). */
#include "cli/cli.h"

#include <inttypes.h>
#include <string.h>

#include <cordon/rule.h>

#include "base/alloc.h"
#include "base/file.h"
#include "cli/json.h"
#include "engine/engine.h"
#include "graph/binding.h"
#include "import/mapping.h"
#include "rule/rule.h"

#define SCHEMA_VERSION 1

/* Most serious first. */
enum severity { SEVERITY_ERROR = 1, SEVERITY_WARNING, SEVERITY_INFO };
static const char *const severity_names[] = {NULL, "error", "warning", "info"};

/* X(name, code, severity, short text, explanation) */
#define CODE_MAP(X)                                                                    \
    X(UNREADABLE, "CRD001", ERROR, "the file cannot be read",                          \
      "The file does not exist, may not be read, or is longer than a rule may be.")    \
    X(LOAD, "CRD002", ERROR, "the source does not load",                               \
      "A syntax error, a construct the sandbox refuses (bytecode, 1LL and 1i "         \
      "literals, "                                                                     \
      "too deep nesting), an error while the chunk ran, or a limit it met while "      \
      "loading. Lua stops at the first of these, so there is one such finding a "      \
      "file.")                                                                         \
    X(CONTRACT, "CRD003", ERROR, "the contract is broken",                             \
      "The table the rule returns lacks a field, has one it should not have, or has "  \
      "one "                                                                           \
      "of the wrong type or range. rules/README.md lists the fields.")                 \
    X(READS, "CRD004", ERROR, "reads names what the snapshot does not have",           \
      "With --data every label, edge type and property in `reads` must exist in that " \
      "snapshot. cordon snapshot info shows what it has.")                             \
    X(CEILING, "CRD005", ERROR, "a limit above the engine's ceiling",                  \
      "A rule that declares more in `limits` than its engine allows does not load. "   \
      "The ceilings of an engine whose host chose none are 1e9 instructions, 4 MiB "   \
      "of memory, 1e8 edges, 1 MiB of output and 10 s. A host may raise them; cordon " \
      "eval does for what --max-memory and its like ask.")                             \
    X(SAME_NAME, "CRD101", WARNING, "two files define a rule of the same name",        \
      "Loaded into one engine, the later would replace the earlier without a word.")   \
    X(MUTABLE, "CRD104", WARNING, "reads a property of nodes that has no history",     \
      "With as_of, which backtests and replay use, a rule sees no edge later than "    \
      "that moment, but the present value of every property of a node: what changed "  \
      "since leaks into the past. Properties that never change are named by "          \
      "`immutable` in schema.lua; a store remembers what the schema said that it was " \
      "imported with, and --schema may say more. Without either every property of "    \
      "a node is taken to change. What does change can be told by an edge with a "     \
      "time instead.")                                                                 \
    X(NO_DESCRIPTION, "CRD102", INFO, "no description",                                \
      "Whoever reads a decision years later has only `description` to tell what the "  \
      "rule looked for.")                                                              \
    X(NO_LIMITS, "CRD103", INFO, "no limits declared",                                 \
      "Without `limits` the engine's defaults apply. Declaring them tells readers, "   \
      "and "                                                                           \
      "the engine, what the rule is expected to cost.")

enum code {
#define CODE_ENUM(name, code, severity, text, explanation) CODE_##name,
    CODE_MAP(CODE_ENUM)
#undef CODE_ENUM
};

static const struct {
    const char *code;
    enum severity severity;
    const char *text;
    const char *explanation;
} codes[] = {
#define CODE_ROW(name, code, severity, text, explanation)                              \
    {code, SEVERITY_##severity, text, explanation},
    CODE_MAP(CODE_ROW)
#undef CODE_ROW
};

/* The names of the rules seen, to find two alike. */
struct seen {
    char name[CORDON_RULE_MAX_NAME_BYTES + 1];
    const char *file;
};

struct check {
    struct cdn_cli *cli;
    struct cdn_slot *slot;
    cordon_snapshot *snapshot;
    struct cdn_mapping mapping; /* of --schema */
    bool has_mapping;
    struct cdn_json *json; /* NULL: pretty */
    int show_level;        /* the least serious findings shown */
    /* of the file at hand */
    const char *file;
    struct cdn_buf source;
    bool loads;
    uint32_t findings;
    /* of all */
    uint64_t counts[SEVERITY_INFO + 1];
    bool unloadable;
    struct seen *seen;
    size_t seen_count;
    cordon_status failed; /* CORDON_E_NOMEM ends the command */
};

static void report(struct check *check, enum code code, uint32_t line, uint32_t column,
                   const char *message)
{
    enum severity severity = codes[code].severity;
    struct cdn_diagnostic diagnostic = {
        .severity = severity_names[severity],
        .code = codes[code].code,
        .file = check->file,
        .line = line,
        .column = column,
        .message = message,
        .source = (const char *)check->source.data,
        .source_bytes = check->source.length,
    };

    check->counts[severity]++;
    check->findings++;
    if (severity == SEVERITY_ERROR) {
        check->loads = false;
        check->unloadable = true;
    }
    if (!check->json) {
        if ((int)severity <= check->show_level)
            cdn_diagnostic_print(check->cli->out, check->cli->out_color, &diagnostic);
        return;
    }
    size_t bytes;
    const char *hint = cdn_message_hint(message, &bytes);

    cdn_json_object(check->json);
    cdn_json_key_cstr(check->json, "severity", diagnostic.severity);
    cdn_json_key_cstr(check->json, "code", diagnostic.code);
    cdn_json_key(check->json, "message");
    cdn_json_str(check->json, message, bytes);
    if (hint)
        cdn_json_key_cstr(check->json, "hint", hint);
    if (line)
        cdn_json_key_uint(check->json, "line", line);
    if (column)
        cdn_json_key_uint(check->json, "column", column);
    cdn_json_object_end(check->json);
}

/* ---- names against a snapshot ---- */

/* Bind one kind, or one property of it, alone. */
static void bind_one(struct check *check, const struct cdn_name_kind *kind,
                     const char *property, bool *good)
{
    struct cdn_names names = {0};
    struct cdn_binding *binding = NULL;
    cordon_error err;
    cordon_status status = cdn_names_add(&names, kind->name, property, &err);

    if (!status)
        status = cdn_names_finish(&names, &err);
    if (!status)
        status = cdn_binding_new(&binding, &names, check->snapshot,
                                 &cdn_grant_everything, &err);
    *good = status == CORDON_OK;
    cdn_binding_free(binding);
    if (status == CORDON_E_NOMEM)
        check->failed = status;
    else if (status)
        report(check, CODE_READS, kind->line, 0, err.message);
}

/* The schema's word, and the snapshot's: it keeps what its own schema said. */
static bool is_immutable(const struct check *check, const char *label,
                         const char *property)
{
    const struct cdn_schema *schema;
    int32_t number, at;

    if (check->has_mapping &&
        cdn_mapping_is_immutable(&check->mapping, label, property))
        return true;
    if (!check->snapshot)
        return false;
    schema = &check->snapshot->schema;
    number = cdn_schema_label(schema, label);
    if (number < 0)
        return false;
    at = cdn_properties_find(schema->labels[number].properties,
                             schema->labels[number].property_count, property);
    return at >= 0 && schema->labels[number].properties[at].immutable;
}

/* Warn if a property of a label can have been another at a past moment. */
static void check_history(struct check *check, const struct cdn_name_kind *kind,
                          const char *property)
{
    const struct cdn_schema *schema =
        check->has_mapping ? &check->mapping.schema : &check->snapshot->schema;
    char message[400];

    if (cdn_schema_label(schema, kind->name) < 0 ||
        is_immutable(check, kind->name, property))
        return;
    snprintf(message, sizeof(message),
             "reads: %s.%s has no history: with as_of the rule would see its present "
             "value; %s",
             kind->name, property,
             check->has_mapping
                 ? "if it never changes, name it in the label's `immutable`"
                 : "if it never changes, let the label's `immutable` say so in the "
                   "schema that the store is imported with");
    report(check, CODE_MUTABLE, kind->line, 0, message);
}

/* In the order of the source. */
static void check_reads(struct check *check, const struct cdn_names *names)
{
    uint32_t order[CDN_NAMES_MAX_KINDS];

    for (uint32_t i = 0; i < names->kind_count; i++) {
        uint32_t at = i;

        for (; at && names->kinds[order[at - 1]].line > names->kinds[i].line; at--)
            order[at] = order[at - 1];
        order[at] = i;
    }
    for (uint32_t i = 0; i < names->kind_count && !check->failed; i++) {
        const struct cdn_name_kind *kind = &names->kinds[order[i]];
        bool good = true;

        if (check->snapshot)
            bind_one(check, kind, NULL, &good);
        for (uint32_t p = 0; good && p < names->property_count; p++) {
            bool there = true;

            if (!((kind->properties >> p) & 1))
                continue;
            if (check->snapshot)
                bind_one(check, kind, names->properties[p], &there);
            if (there)
                check_history(check, kind, names->properties[p]);
        }
    }
}

/* ---- what is legal but probably not meant ---- */

static void check_name(struct check *check, const struct cdn_rule *rule)
{
    struct seen *grown;
    char message[400];

    for (size_t i = 0; i < check->seen_count; i++) {
        if (strcmp(check->seen[i].name, rule->name))
            continue;
        snprintf(message, sizeof(message),
                 "the name '%s' is also that of %.200s; give one of them another name",
                 rule->name, check->seen[i].file);
        report(check, CODE_SAME_NAME, 0, 0, message);
        return;
    }
    grown = cdn_realloc_array(check->seen, check->seen_count + 1, sizeof(*grown));
    if (!grown) {
        check->failed = CORDON_E_NOMEM;
        return;
    }
    check->seen = grown;
    grown += check->seen_count++;
    grown->file = check->file;
    snprintf(grown->name, sizeof(grown->name), "%s", rule->name);
}

/* Of an engine whose host chose no other: what eval has, and the registry. */
static void check_ceilings(struct check *check, const struct cdn_rule *rule)
{
    struct cdn_finding faults[CDN_BUDGET_KINDS];
    cordon_engine_options options;
    uint32_t count;

    cdn_engine_defaults(&options);
    count = cdn_budget_faults(faults, &options, rule);
    for (uint32_t i = 0; i < count; i++)
        report(check, CODE_CEILING, faults[i].line, 0, faults[i].message);
}

static void check_rule(struct check *check, const struct cdn_rule *rule)
{
    const struct cdn_budget *limits = &rule->limits;

    check_ceilings(check, rule);
    check_name(check, rule);
    if (!check->loads)
        return;
    if (!rule->description || !rule->description[0])
        report(check, CODE_NO_DESCRIPTION, 0, 0,
               "the rule has no description; say in a sentence what it looks for");
    if (!limits->instructions && !limits->memory_bytes && !limits->edges &&
        !limits->output_bytes && !limits->wall_ns && !limits->nodes && !limits->hops)
        report(check, CODE_NO_LIMITS, 0, 0,
               "the rule declares no limits; declare what it is expected to cost");
}

/* ---- one file ---- */

static void load(struct check *check)
{
    const struct cdn_budget budget = {
        .instructions = 10 * 1000 * 1000,
        .memory_bytes = UINT64_C(1) << 20,
        .edges = 1,
        .output_bytes = UINT64_C(1) << 20,
        .wall_ns = UINT64_C(2) * 1000 * 1000 * 1000,
    };
    struct cdn_findings findings = {0};
    struct cdn_rule *rule = NULL;
    cordon_error err;
    cordon_status status;

    cdn_error_clear(&err);
    status = cdn_rule_load(&rule, check->slot, (const char *)check->source.data,
                           check->source.length, check->file, &budget, &findings, &err);
    if (status == CORDON_E_NOMEM) {
        check->failed = status;
    } else if (findings.count) {
        for (uint32_t i = 0; i < findings.count; i++)
            report(check, CODE_CONTRACT, findings.items[i].line, 0,
                   findings.items[i].message);
    } else if (status) {
        report(check, CODE_LOAD, err.line, err.column, err.message);
    } else {
        if (check->snapshot || check->has_mapping)
            check_reads(check, &rule->names);
        check_rule(check, rule);
        if (check->loads && !check->json && !check->cli->quiet)
            fprintf(check->cli->out, "%s: %sok%s  %s\n", check->file,
                    cdn_style(check->cli->out_color, CDN_STYLE_GREEN),
                    cdn_style_end(check->cli->out_color), rule->name);
    }
    cdn_findings_deinit(&findings);
    cdn_rule_free(rule);
}

static void check_file(struct check *check, const char *file)
{
    cordon_error err;
    cordon_status status;

    check->file = file;
    check->loads = true;
    check->findings = 0;
    cdn_buf_clear(&check->source);
    if (check->json) {
        cdn_json_object(check->json);
        cdn_json_key_uint(check->json, "schema_version", SCHEMA_VERSION);
        cdn_json_key_cstr(check->json, "file", file);
        cdn_json_key(check->json, "findings");
        cdn_json_array(check->json);
    }
    status = cdn_file_read(&check->source, file, CORDON_RULE_MAX_SOURCE_BYTES, &err);
    if (status == CORDON_E_NOMEM)
        check->failed = status;
    else if (status)
        report(check, CODE_UNREADABLE, 0, 0, err.message);
    else
        load(check);
    if (check->json) {
        cdn_json_array_end(check->json);
        cdn_json_key_bool(check->json, "loads", check->loads);
        cdn_json_object_end(check->json);
    }
}

/* ---- the command ---- */

static int explain(struct cdn_cli *cli, const char *code)
{
    for (size_t i = 0; i < CDN_COUNT(codes); i++) {
        if (strcmp(codes[i].code, code))
            continue;
        fprintf(cli->out, "%s (%s): %s\n\n%s\n", codes[i].code,
                severity_names[codes[i].severity], codes[i].text, codes[i].explanation);
        return cdn_cli_finish(cli, CDN_EXIT_OK);
    }
    return cdn_cli_usage(cli, "there is no code '%s'; the first is %s, the last %s",
                         code, codes[0].code, codes[CDN_COUNT(codes) - 1].code);
}

static int open_all(struct check *check, const char *data, const char *schema)
{
    const struct cdn_slot_config config = {0};
    cordon_error err;
    cordon_status status = cdn_slot_new(&check->slot, &config, &err);

    if (!status && data)
        status = cordon_snapshot_open(&check->snapshot, data, NULL, &err);
    if (!status && schema)
        status = cdn_mapping_load(&check->mapping, schema, &err);
    check->has_mapping = !status && schema;
    if (status)
        cdn_cli_error_of(check->cli, &err);
    return status ? CDN_EXIT_DATA : CDN_EXIT_OK;
}

/* json: one text with all files; ndjson: a line a file. */
static void check_all(struct check *check, int argc, char **argv)
{
    struct cdn_buf text = {0};
    struct cdn_json json;
    bool lines = check->cli->format == CDN_FORMAT_NDJSON;
    bool whole = check->cli->format == CDN_FORMAT_JSON;

    if (lines || whole)
        check->json = &json;
    cdn_json_init(&json, &text, whole);
    if (whole) {
        cdn_json_object(&json);
        cdn_json_key_uint(&json, "schema_version", SCHEMA_VERSION);
        cdn_json_key(&json, "files");
        cdn_json_array(&json);
    }
    for (int i = 0; i < argc && !check->failed && !cdn_cli_stopped(check->cli); i++) {
        check_file(check, argv[i]);
        if (lines && cdn_json_print(check->cli, &text))
            check->failed = CORDON_E_NOMEM;
        if (lines) {
            cdn_buf_clear(&text);
            cdn_json_init(&json, &text, false);
        }
    }
    if (whole) {
        cdn_json_array_end(&json);
        cdn_json_key_uint(&json, "errors", check->counts[SEVERITY_ERROR]);
        cdn_json_key_uint(&json, "warnings", check->counts[SEVERITY_WARNING]);
        cdn_json_key_uint(&json, "remarks", check->counts[SEVERITY_INFO]);
        cdn_json_object_end(&json);
        if (cdn_json_print(check->cli, &text))
            check->failed = CORDON_E_NOMEM;
    }
    check->json = NULL;
    cdn_buf_deinit(&text);
}

static int exit_code(const struct check *check, int fail_level)
{
    uint64_t at_level = 0;

    if (check->failed) {
        cdn_cli_error(check->cli, "out of memory");
        return CDN_EXIT_DATA;
    }
    if (cdn_cli_stopped(check->cli))
        return CDN_EXIT_INTERRUPTED;
    if (check->unloadable)
        return CDN_EXIT_USAGE;
    for (int level = SEVERITY_ERROR; level <= fail_level; level++)
        at_level += check->counts[level];
    return at_level ? CDN_EXIT_FINDINGS : CDN_EXIT_OK;
}

static int run(struct cdn_cli *cli, int argc, char **argv)
{
    struct check check = {.cli = cli};
    const char *data = NULL, *schema = NULL, *code_name = NULL;
    int fail_level = SEVERITY_ERROR;
    const struct cdn_option options[] = {
        {"data", 'd', CDN_OPTION_STRING, &data, "STORE",
         "also check `reads` against this snapshot", NULL},
        {"schema", 0, CDN_OPTION_STRING, &schema, "FILE",
         "the schema it was imported by: says which properties never change", NULL},
        {"fail-level", 0, CDN_OPTION_CHOICE, &fail_level, "LEVEL",
         "error, warning or info: exit 1 from here on (default: error)",
         "error|warning|info"},
        {"explain", 0, CDN_OPTION_STRING, &code_name, "CODE",
         "what a code means, such as CRD003", NULL},
    };
    int code;

    if (!cdn_options_parse(cli, options, CDN_COUNT(options), &argc, argv, &code))
        return code;
    if (code_name)
        return argc ? cdn_cli_usage(cli, "--explain stands alone")
                    : explain(cli, code_name);
    if (argc == 0)
        return cdn_cli_usage(cli, "no rule given; name one or more files");
    check.show_level = cli->quiet     ? SEVERITY_ERROR
                       : cli->verbose ? SEVERITY_INFO
                                      : SEVERITY_WARNING;
    if (check.show_level < fail_level)
        check.show_level = fail_level;
    code = open_all(&check, data, schema);
    if (!code) {
        check_all(&check, argc, argv);
        code = cdn_cli_finish(cli, exit_code(&check, fail_level));
    }
    cdn_slot_free(check.slot);
    cordon_snapshot_release(check.snapshot);
    cdn_mapping_deinit(&check.mapping);
    cdn_buf_deinit(&check.source);
    cdn_free(check.seen);
    return code;
}

const struct cdn_command cdn_command_check = {
    .name = "check",
    .summary = "load rules without a graph and report every fault",
    .run = run,
    .usage = "FILE... [OPTION...]",
    .examples =
        "cordon check rules/fraud/*.lua\n"
        "cordon check rule.lua --data store       # names in `reads` exist too\n"
        "cordon check rule.lua --data store --schema schema.lua  # what never changes\n"
        "cordon check rule.lua --fail-level info  # remarks fail as well\n"
        "cordon check --explain CRD003",
    .details =
        "Findings are this command's data and go to stdout. A rule that does not\n"
        "load, or with --data does not fit the snapshot, ends with 2; findings that\n"
        "do not keep a rule from loading end with 1 from --fail-level on.",
    .exits = "0123i",
};
