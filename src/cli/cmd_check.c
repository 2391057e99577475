/* cordon check: does a rule load, is its contract whole, and does it do what was probably
 * meant?  No graph is needed, but with one more can be told.
 *
 * Every fault of every file is reported, not only the first: the loader gives the
 * contract's faults as a list, and with --data each name in `reads` is bound by itself,
 * so that one missing property does not hide the next.
 *
 * Then the source is read as text (lint/): names, the API and the schema, types, the
 * contract against what `evaluate` does, cost.  Codes are stable; --explain tells what each
 * means.  How findings are written is check_report.c's. */
#include "cli/cli.h"

#include <inttypes.h>
#include <string.h>

#include <cordon/rule.h>

#include "base/alloc.h"
#include "base/file.h"
#include "base/suggest.h"
#include "cli/check_fix.h"
#include "cli/check_report.h"
#include "cli/project/manifest.h"
#include "cli/tier.h"
#include "engine/engine.h"
#include "engine/policy.h"
#include "engine/read_text.h"
#include "graph/binding.h"
#include "import/mapping.h"
#include "lint/lint.h"
#include "lint/types.h"
#include "rule/rule.h"

/* The names of the rules seen, to find two alike. */
struct seen {
    char name[CORDON_RULE_MAX_NAME_BYTES + 1];
    const char *file;
};

struct check {
    struct cdn_cli *cli;
    struct cdn_slot *slot;
    struct cdn_tier_choice tier;   /* what files are read behind */
    cordon_engine_options options; /* an engine's, for that */
    char worker[PATH_MAX];
    cordon_snapshot *snapshot;
    struct cdn_mapping mapping; /* of --schema */
    bool has_mapping;
    struct cdn_check_report report;
    /* of the file at hand */
    const char *file;
    struct cdn_buf source;
    struct cdn_lint_findings findings;
    bool loads;
    bool fix, dry_run;
    /* of all */
    bool unloadable;
    bool unwritable;
    struct seen *seen;
    size_t seen_count;
    cordon_status failed; /* CORDON_E_NOMEM ends the command */
};

static void report(struct check *check, enum cdn_lint_code code, uint32_t line,
                   const char *message)
{
    cdn_lint_add(&check->findings, code, line, 0, "%s", message);
    if (cdn_lint_codes[code].bars)
        check->loads = false;
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
        report(check, CDN_LINT_READS, kind->line, err.message);
}

/* ---- names against a schema, where there is no snapshot ---- */

/* One property list of a kind: is it there?  Else its names are offered. */
static bool has_property(const struct cdn_property *properties, uint32_t count,
                         const char *name, struct cdn_suggest *suggest)
{
    for (uint32_t i = 0; i < count; i++)
        cdn_suggest_offer(suggest, properties[i].name);
    return cdn_properties_find(properties, count, name) >= 0;
}

/* Whether the schema has the kind, and with `property` (else NULL) one of that name: an edge
 * type may have it in one of its relations only. */
static bool schema_has(const struct cdn_schema *schema, const char *kind,
                       const char *property, struct cdn_suggest *suggest)
{
    bool found = false;

    for (uint32_t i = 0; i < schema->label_count; i++) {
        const struct cdn_label *label = &schema->labels[i];

        if (!property)
            cdn_suggest_offer(suggest, label->name);
        if (!strcmp(label->name, kind))
            found |= !property || has_property(label->properties, label->property_count,
                                               property, suggest);
    }
    for (uint32_t i = 0; i < schema->relation_count; i++) {
        const struct cdn_relation_schema *relation = &schema->relations[i];

        if (!property)
            cdn_suggest_offer(suggest, relation->type);
        if (!strcmp(relation->type, kind))
            found |=
                !property || has_property(relation->properties,
                                          relation->property_count, property, suggest);
    }
    return found;
}

static void find_in_schema(struct check *check, const struct cdn_name_kind *kind,
                           const char *property, bool *good)
{
    struct cdn_suggest suggest;
    char message[400], hint[160];

    cdn_suggest_init(&suggest, property ? property : kind->name);
    *good = schema_has(&check->mapping.schema, kind->name, property, &suggest);
    if (*good)
        return;
    cdn_suggest_text(&suggest, hint, sizeof(hint));
    if (property)
        snprintf(message, sizeof(message), "reads: no property '%s' on %s%s", property,
                 kind->name, hint);
    else
        snprintf(message, sizeof(message), "reads: no label or edge type '%s'%s",
                 kind->name, hint);
    report(check, CDN_LINT_READS, kind->line, message);
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
    report(check, CDN_LINT_MUTABLE, kind->line, message);
}

/* In the order of the source. */
static void check_reads(struct check *check, const struct cdn_names *names)
{
    uint32_t order[CDN_NAMES_MAX_KINDS] = {0};

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
        else
            find_in_schema(check, kind, NULL, &good);
        for (uint32_t p = 0; good && p < names->property_count; p++) {
            bool there = true;

            if (!((kind->properties >> p) & 1))
                continue;
            if (check->snapshot)
                bind_one(check, kind, names->properties[p], &there);
            else
                find_in_schema(check, kind, names->properties[p], &there);
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
        report(check, CDN_LINT_SAME_NAME, 0, message);
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
        report(check, CDN_LINT_CEILING, faults[i].line, faults[i].message);
}

static void check_rule(struct check *check, const struct cdn_rule *rule)
{
    const struct cdn_budget *limits = &rule->limits;

    check_ceilings(check, rule);
    check_name(check, rule);
    if (!check->loads)
        return;
    if (!rule->description || !rule->description[0])
        report(check, CDN_LINT_NO_DESCRIPTION, 0,
               "the rule has no description; say in a sentence what it looks for");
    if (!limits->instructions && !limits->memory_bytes && !limits->edges &&
        !limits->output_bytes && !limits->wall_ns && !limits->nodes && !limits->hops)
        report(check, CDN_LINT_NO_LIMITS, 0,
               "the rule declares no limits; declare what it is expected to cost");
}

/* ---- one file ---- */

/* Load it, and gather what the loader and the snapshot find fault with.  The rule is the
 * caller's to free; NULL if there is none. */
static struct cdn_rule *load(struct check *check)
{
    const struct cdn_reading reading = {.wall = cdn_tier_wall(&check->tier),
                                        .options = &check->options,
                                        .slot = check->slot};
    struct cdn_findings findings = {0};
    struct cdn_rule *rule = NULL;
    cordon_error err;
    cordon_status status;

    cdn_error_clear(&err);
    status = cdn_read_rule(&rule, &reading, (const char *)check->source.data,
                           check->source.length, check->file, &findings, &err);
    if (status == CORDON_E_NOMEM) {
        check->failed = status;
    } else if (findings.count) {
        for (uint32_t i = 0; i < findings.count; i++)
            report(check, CDN_LINT_CONTRACT, findings.items[i].line,
                   findings.items[i].message);
    } else if (status) {
        cdn_lint_add(&check->findings, CDN_LINT_LOAD, err.line, err.column, "%s",
                     err.message);
        check->loads = false;
    } else {
        if (check->snapshot || check->has_mapping)
            check_reads(check, &rule->names);
        check_rule(check, rule);
    }
    cdn_findings_deinit(&findings);
    return rule;
}

/* Read the source as text, if it can be. */
static void lint(struct check *check, const struct cdn_rule *rule)
{
    const struct cdn_budget undeclared = {0};
    struct cdn_budget budget;
    struct cdn_syntax syntax;
    cordon_engine_options options;
    cordon_status status = cdn_syntax_parse(&syntax, (const char *)check->source.data,
                                            check->source.length, check->file, NULL);

    cdn_engine_defaults(&options);
    if (cdn_budget_resolve(&budget, &options, &undeclared, NULL, NULL))
        budget = undeclared;
    if (!status)
        status = cdn_lint_run(&check->findings, &syntax, rule, check->snapshot,
                              budget.edges);
    else
        cdn_lint_sort(&check->findings); /* the loader has told why */
    if (status == CORDON_E_NOMEM)
        check->failed = status;
    cdn_syntax_deinit(&syntax);
}

/* Gather what there is to find in a file.  The rule is the caller's to free; NULL: none. */
static struct cdn_rule *examine(struct check *check, const char *file)
{
    struct cdn_rule *rule = NULL;
    cordon_error err;
    cordon_status status;

    check->file = file;
    check->loads = true;
    cdn_lint_findings_clear(&check->findings);
    cdn_buf_clear(&check->source);
    status = cdn_file_read(&check->source, file, CORDON_RULE_MAX_SOURCE_BYTES, &err);
    if (status == CORDON_E_NOMEM) {
        check->failed = status;
    } else if (status) {
        report(check, CDN_LINT_UNREADABLE, 0, err.message);
    } else {
        rule = load(check);
        if (!check->failed)
            lint(check, check->loads ? rule : NULL);
    }
    if (check->findings.nomem)
        check->failed = CORDON_E_NOMEM;
    return rule;
}

/* --fix: mend what can be, and say how much.  True: the file has changed. */
static bool mend(struct check *check, const char *file)
{
    struct cdn_buf mended = {0};
    cordon_error err;
    uint32_t count;
    cordon_status status =
        cdn_check_mend(&mended, &count, &check->findings, &check->source, &err);

    if (!status && count &&
        (!check->dry_run || check->report.format <= CDN_CHECK_PRETTY))
        status = cdn_check_write(check->cli, file, &check->source, &mended,
                                 check->dry_run, &err);
    cdn_buf_deinit(&mended);
    if (status) {
        cdn_cli_error_of(check->cli, &err);
        check->unwritable = true;
        return false;
    }
    if (count)
        cdn_cli_note(check->cli, "%s: %" PRIu32 " %s mended", file, count,
                     check->dry_run ? "would be"
                     : count == 1   ? "finding is"
                                    : "findings are");
    return count && !check->dry_run;
}

static void check_file(struct check *check, const char *file)
{
    size_t seen = check->seen_count;
    struct cdn_rule *rule = examine(check, file);

    /* what is put in cannot make it worse, but only what loads is known to be a rule */
    if (check->fix && !check->failed && check->loads && mend(check, file)) {
        cdn_rule_free(rule);
        check->seen_count = seen;
        rule = examine(check, file);
    }
    check->unloadable |= !check->loads;
    if (!check->failed &&
        cdn_check_report_file(&check->report, file, &check->findings, &check->source,
                              check->loads, rule ? rule->name : NULL))
        check->failed = CORDON_E_NOMEM;
    cdn_rule_free(rule);
}

/* ---- the command ---- */

static int explain(struct cdn_cli *cli, const char *name)
{
    int code = cdn_lint_code_find(name, strlen(name));

    if (code < 0)
        return cdn_cli_usage(cli, "there is no code '%s'; the first is %s, the last %s",
                             name, cdn_lint_codes[0].code,
                             cdn_lint_codes[CDN_LINT_CODES - 1].code);
    cdn_check_explain(cli, (enum cdn_lint_code)code);
    return cdn_cli_finish(cli, CDN_EXIT_OK);
}

/* Write the file for editors; "-": to stdout. */
static int write_types(struct check *check, const char *path)
{
    struct cdn_buf text = {0};
    cordon_error err;
    cordon_status status;
    int code = CDN_EXIT_OK;

    cdn_lint_types(&text, check->snapshot      ? &check->snapshot->schema
                          : check->has_mapping ? &check->mapping.schema
                                               : NULL);
    if (text.failed)
        status = cdn_error_nomem(&err);
    else if (!strcmp(path, "-"))
        status = fwrite(text.data, 1, text.length, check->cli->out) == text.length
                     ? CORDON_OK
                     : cdn_error_set(&err, CORDON_E_IO, "cannot write");
    else
        status = cdn_file_replace(path, text.data, text.length, &err);
    if (status) {
        cdn_cli_error_of(check->cli, &err);
        code = CDN_EXIT_DATA;
    }
    cdn_buf_deinit(&text);
    return code;
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

/* ---- a project ---- */

/* Where no rule is named: the project of this folder, and the files of its rules. */
struct project {
    struct cdn_manifest manifest;
    struct cdn_buf rules; /* paths, each ended by a NUL */
    size_t count;
};

static int open_project(struct project *project, struct cdn_cli *cli)
{
    cordon_error err;
    cordon_status status;

    if (!cdn_manifest_here())
        return CDN_EXIT_OK;
    cdn_error_clear(&err);
    status = cdn_manifest_read(&project->manifest, CDN_MANIFEST_FILE, &err);
    if (!status)
        status = cdn_manifest_rules(&project->rules, &project->count,
                                    &project->manifest, &err);
    if (status)
        cdn_cli_error_of(cli, &err);
    return status ? CDN_EXIT_DATA : CDN_EXIT_OK;
}

static void check_project(struct check *check, const struct project *project)
{
    const char *at = (const char *)project->rules.data;

    for (size_t i = 0; i < project->count && !check->failed; i++) {
        if (cdn_cli_stopped(check->cli))
            return;
        check_file(check, at);
        at += strlen(at) + 1;
    }
}

/* The policy that the manifest names, if it does; an exit code. */
static int check_grants(struct check *check, const struct project *project)
{
    const char *file = project->manifest.grants;
    cordon_policy *policy = NULL;
    cordon_error err;

    if (!file)
        return CDN_EXIT_OK;
    cdn_error_clear(&err);
    if (!cordon_policy_load_file(&policy, file, &err)) {
        cordon_policy_release(policy);
        return CDN_EXIT_OK;
    }
    cdn_cli_error_of(check->cli, &err);
    cdn_cli_note(check->cli, "every fault: cordon config validate %s", file);
    return CDN_EXIT_DATA;
}

static void close_project(struct project *project)
{
    cdn_manifest_deinit(&project->manifest);
    cdn_buf_deinit(&project->rules);
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
    if (check->unwritable)
        return CDN_EXIT_DATA;
    if (check->unloadable)
        return CDN_EXIT_USAGE;
    for (int level = CDN_LINT_ERROR; level <= fail_level; level++)
        at_level += check->report.counts[level];
    return at_level ? CDN_EXIT_FINDINGS : CDN_EXIT_OK;
}

static int run(struct cdn_cli *cli, int argc, char **argv)
{
    struct check check = {.cli = cli};
    struct project project = {0};
    const char *data = NULL, *schema = NULL, *code_name = NULL, *types = NULL;
    int fail_level = CDN_LINT_ERROR, format = 0;
    const struct cdn_option options[] = {
        {"data", 'd', CDN_OPTION_STRING, &data, "STORE",
         "also check `reads` against this snapshot", NULL},
        {"schema", 0, CDN_OPTION_STRING, &schema, "FILE",
         "the schema it is imported by: its names, and what never changes", NULL},
        {"fail-level", 0, CDN_OPTION_CHOICE, &fail_level, "LEVEL",
         "error, warning or info: exit 1 from here on (default: error)",
         "error|warning|info"},
        {"fix", 0, CDN_OPTION_FLAG, &check.fix, NULL,
         "mend what is certain: what is never read is called _name", NULL},
        {"dry-run", 0, CDN_OPTION_FLAG, &check.dry_run, NULL,
         "with --fix: show what would change instead", NULL},
        {"explain", 0, CDN_OPTION_STRING, &code_name, "CODE",
         "what a code means, such as CRD003, with a bad and a good example", NULL},
        {"tier", 0, CDN_OPTION_CHOICE, &check.tier.wall, "WALL",
         "read files behind a wall: " CDN_TIER_CHOICES, CDN_TIER_CHOICES},
        {"types", 0, CDN_OPTION_STRING, &types, "FILE",
         "write what rules can call and read, for editors (- : stdout)", NULL},
        {"format", 0, CDN_OPTION_CHOICE, &format, "FORMAT",
         "pretty, json, ndjson, sarif (2.1.0) or github (annotations)",
         "pretty|json|ndjson|sarif|github"},
    };
    int code;

    if (!cdn_options_parse(cli, options, CDN_COUNT(options), &argc, argv, &code))
        return code;
    if (code_name)
        return argc ? cdn_cli_usage(cli, "--explain stands alone")
                    : explain(cli, code_name);
    if (!cdn_options_leave_out_tests(cli, &argc, argv, &code))
        return code;
    cdn_engine_defaults(&check.options);
    if (check.tier.wall &&
        !cdn_tier_choose(cli, &check.options, &check.tier, check.worker, &code))
        return code;
    if (check.dry_run && !check.fix)
        return cdn_cli_usage(cli, "--dry-run belongs to --fix");
    if (argc == 0) {
        code = open_project(&project, cli);
        if (!code && !project.count && !types)
            code = project.manifest.name
                       ? cdn_cli_usage(cli, CDN_MANIFEST_FILE " leads to no rule")
                       : cdn_cli_usage(
                             cli,
                             "no rule given, and this folder has no " CDN_MANIFEST_FILE
                             "; name one or more files");
        if (code) {
            close_project(&project);
            return code;
        }
        if (!data && !schema)
            schema = project.manifest.schema;
    }
    check.report =
        (struct cdn_check_report){.cli = cli,
                                  .format = (enum cdn_check_format)format,
                                  .show_level = cli->quiet     ? CDN_LINT_ERROR
                                                : cli->verbose ? CDN_LINT_INFO
                                                               : CDN_LINT_WARNING};
    if (check.report.show_level < fail_level)
        check.report.show_level = fail_level;
    code = open_all(&check, data, schema);
    if (!code && types)
        code = write_types(&check, types);
    if (!code && (argc || !types)) {
        cdn_check_report_begin(&check.report);
        check_project(&check, &project);
        for (int i = 0; i < argc && !check.failed && !cdn_cli_stopped(cli); i++)
            check_file(&check, argv[i]);
        if (cdn_check_report_end(&check.report))
            check.failed = CORDON_E_NOMEM;
        code = cdn_cli_finish(cli, exit_code(&check, fail_level));
    }
    if (!code)
        code = check_grants(&check, &project);
    close_project(&project);
    cdn_slot_free(check.slot);
    cordon_snapshot_release(check.snapshot);
    cdn_mapping_deinit(&check.mapping);
    cdn_buf_deinit(&check.source);
    cdn_lint_findings_deinit(&check.findings);
    cdn_free(check.seen);
    return code;
}

const struct cdn_command cdn_command_check = {
    .name = "check",
    .summary = "load rules, read their source, and report every fault",
    .run = run,
    .usage = "[FILE...] [OPTION...]",
    .examples =
        "cordon check rules/fraud/*.lua\n"
        "cordon check                             # the project's rules: cordon init\n"
        "cordon check rule.lua --data store       # names in `reads` exist too\n"
        "cordon check rule.lua --data store --schema schema.lua  # what never changes\n"
        "cordon check rule.lua --fail-level info  # remarks fail as well\n"
        "cordon check rules/*.lua --format sarif > findings.sarif  # for code "
        "scanning\n"
        "cordon check rule.lua --fix --dry-run    # what --fix would change\n"
        "cordon check --explain CRD003\n"
        "cordon check --types types/cordon.lua --data store  # so that editors "
        "complete",
    .details =
        "Findings are this command's data and go to stdout. A rule that does not\n"
        "load, or with --data does not fit the snapshot, ends with 2; findings that\n"
        "do not keep a rule from loading end with 1 from --fail-level on.\n"
        "\n"
        "Without FILE the rules of the project in this folder are checked, by the\n"
        "schema and the grants that its cordon.lua names.\n"
        "\n"
        "A comment suppresses findings of its line, or on a line of its own those of\n"
        "the next; it has to say why:  -- cordon: disable=CRD203 read by the next "
        "version\n"
        "and -- cordon: disable-file=CRD104 why  holds for the file.",
    .exits = "0123i",
};
