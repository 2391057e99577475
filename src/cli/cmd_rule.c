/* cordon rule push, list, show and history: what is in a registry, and how it came there.
 *
 * Pushing decides nothing: a version waits until it is activated (cmd_rule_state.c).  A text
 * that does not load is not taken, so that whatever has a number can be run. */
#include "cli/cli.h"

#include <inttypes.h>
#include <string.h>

#include "base/file.h"
#include "base/time.h"
#include "cli/registry.h"
#include "cli/testing/candidate.h"
#include "codec/cases.h"
#include "engine/registry.h"

#define CASES_ENDING "_cases.ndjson"

/* ---- push ---- */

struct push {
    struct cdn_cli *cli;
    struct cdn_registry_args args;
    const char *cases_file;
    bool set;
    struct cdn_json *json; /* NULL: notes */
};

/* "rules/velocity.lua" to "rules/velocity_cases.ndjson"; false: it does not fit. */
static bool cases_beside(char *out, size_t size, const char *file)
{
    size_t length = strlen(file);

    if (length > 4 && !strcmp(file + length - 4, ".lua"))
        length -= 4;
    if (length + sizeof(CASES_ENDING) > size)
        return false;
    memcpy(out, file, length);
    memcpy(out + length, CASES_ENDING, sizeof(CASES_ENDING));
    return true;
}

/* The cases of `file`, if it has any. */
static cordon_status read_cases(struct cdn_buf *out, const struct push *push,
                                const char *file, cordon_error *err)
{
    char beside[PATH_MAX];
    const char *path = push->cases_file;
    cordon_status status;

    if (!path && !cases_beside(beside, sizeof(beside), file))
        return CORDON_OK;
    if (!path)
        path = beside;
    status = cdn_file_read(out, path, CORDON_REGISTRY_MAX_CASES_BYTES, err);
    if (status == CORDON_E_NOTFOUND && !push->cases_file) {
        cdn_error_clear(err);
        return CORDON_OK;
    }
    if (!status)
        status = cdn_cases_check((const char *)out->data, out->length, path, err);
    return status;
}

static void show_load_error(struct push *push, const char *file,
                            const struct cdn_buf *source, const cordon_error *err)
{
    const struct cdn_diagnostic diagnostic = {
        .severity = "error",
        .file = err->file[0] ? err->file : file,
        .line = err->line,
        .column = err->column,
        .message = err->message,
        .source = (const char *)source->data,
        .source_bytes = source->length,
    };

    if (push->cli->log_format == CDN_LOG_JSON)
        cdn_cli_error_of(push->cli, err);
    else
        cdn_diagnostic_print(push->cli->err, push->cli->err_color, &diagnostic);
    if (!push->set)
        cdn_cli_note(push->cli, "every fault: cordon check %s", file);
}

static int push_one(struct push *push, const char *file)
{
    cordon_version_info info = {.struct_size = sizeof(info)};
    struct cdn_buf source = {0}, cases = {0};
    uint64_t before = cdn_registry_sequence(push->args.registry);
    struct cdn_candidate_tests tests;
    cordon_error err;
    cordon_status status;
    int code = CDN_EXIT_OK;

    cdn_error_clear(&err);
    status = cdn_file_read(&source, file, CORDON_RULE_MAX_SOURCE_BYTES, &err);
    if (!status)
        status = read_cases(&cases, push, file, &err);
    if (!status && !push->set) {
        status = cdn_testing_candidate(
            &tests, push->cli, file, source.data ? (const char *)source.data : "",
            source.length, cdn_tier_wall(&push->args.tier),
            push->args.tier.wall ? push->args.worker : NULL, &err);
        if (status) {
            cdn_cli_error(push->cli, "%s is not pushed: %s", file, err.message);
            code = status == CORDON_E_DATA          ? CDN_EXIT_FINDINGS
                   : status == CORDON_E_INTERRUPTED ? CDN_EXIT_INTERRUPTED
                                                    : cdn_cli_exit_of(status);
            goto out;
        }
    }
    if (!status)
        status = cordon_registry_push(
            &info, push->args.registry,
            push->set ? CORDON_OBJECT_SET : CORDON_OBJECT_RULE,
            source.data ? (const char *)source.data : "", source.length, file,
            (const char *)cases.data, cases.length, &push->args.change, &err);
    if (status == CORDON_E_RULE) {
        show_load_error(push, file, &source, &err);
        code = CDN_EXIT_USAGE;
    } else if (status) {
        code = cdn_registry_fail(push->cli, status, &err);
    } else if (push->json) {
        cdn_json_object(push->json);
        cdn_json_key_bool(push->json, "new", info.sequence > before);
        cdn_json_version(push->json, &info);
        cdn_json_object_end(push->json);
    } else {
        cdn_cli_note(push->cli, "%s: %s version %" PRIu32 "%s", file, info.name,
                     info.version,
                     info.sequence <= before ? " is the same"
                     : push->args.dry_run    ? " would be pushed"
                                             : " is pushed");
    }
out:
    cdn_buf_deinit(&source);
    cdn_buf_deinit(&cases);
    return code;
}

static int run_push(struct cdn_cli *cli, int argc, char **argv)
{
    struct push push = {.cli = cli};
    const struct cdn_option options[] = {
        CDN_REGISTRY_OPTIONS(push.args),
        {"cases", 0, CDN_OPTION_STRING, &push.cases_file, "FILE",
         "its cases (default: RULE_cases.ndjson beside RULE.lua)", NULL},
        {"set", 0, CDN_OPTION_FLAG, &push.set, NULL, "the files are rule sets", NULL},
        CDN_READING_OPTION(push.args),
        CDN_CHANGE_OPTIONS(push.args),
    };
    struct cdn_buf text = {0};
    struct cdn_json json;
    int code;

    if (!cdn_options_parse(cli, options, CDN_COUNT(options), &argc, argv, &code))
        return code;
    if (!cdn_options_leave_out_tests(cli, &argc, argv, &code))
        return code;
    if (argc == 0)
        return cdn_cli_usage(cli, "no rule given; name its file");
    if (push.cases_file && argc > 1)
        return cdn_cli_usage(cli, "--cases belongs to one rule; %d are given", argc);
    code = cdn_registry_begin(cli, &push.args, CORDON_REGISTRY_CREATE);
    if (code)
        return code;
    cdn_json_init(&json, &text, cli->format == CDN_FORMAT_JSON);
    if (cdn_wants_json(cli)) {
        push.json = &json;
        cdn_json_object(&json);
        cdn_json_key_uint(&json, "schema_version", CDN_REGISTRY_SCHEMA_VERSION);
        cdn_json_key_bool(&json, "dry_run", push.args.dry_run);
        cdn_json_key(&json, "versions");
        cdn_json_array(&json);
    }
    for (int i = 0; i < argc && !code; i++)
        code = push_one(&push, argv[i]);
    if (push.json) {
        int printed;

        cdn_json_array_end(&json);
        cdn_json_object_end(&json);
        printed = cdn_json_print(cli, &text);
        code = code ? code : printed;
    }
    cdn_buf_deinit(&text);
    cdn_registry_end(&push.args);
    return cdn_cli_finish(cli, code);
}

/* ---- list ---- */

/* NULL: the first; CORDON_E_NOTFOUND ends it. */
static cordon_status next_standing(cordon_standing *standing, cordon_registry *registry,
                                   bool first, cordon_error *err)
{
    char after[CORDON_RULE_MAX_NAME_BYTES + 1];

    memcpy(after, standing->name, sizeof(after));
    return cordon_registry_next(standing, registry, first ? NULL : after, err);
}

static void list_row(struct cdn_table *table, const cordon_standing *standing)
{
    char rollout[512], trust[2048];

    cdn_show_rollout(rollout, sizeof(rollout), standing);
    cdn_show_trust(trust, sizeof(trust), standing);
    cdn_table_cell(table, "%s", standing->name);
    cdn_table_cell(table, "%s", cordon_object_kind_str(standing->kind));
    cdn_table_cell(table, "%s", cordon_object_state_str(standing->state));
    if (standing->active)
        cdn_table_cell(table, "%" PRIu32, standing->active);
    else
        cdn_table_cell(table, "-");
    cdn_table_cell(table, "%" PRIu32, standing->newest);
    cdn_table_cell(table, "%s%s%s", trust, trust[0] && rollout[0] ? ", " : "", rollout);
}

/* A row or an element an object. */
static cordon_status list_all(struct cdn_registry_list *list, cordon_registry *registry,
                              cordon_error *err)
{
    cordon_standing standing = {.struct_size = sizeof(standing)};
    cordon_status status;

    for (bool first = true;; first = false) {
        status = next_standing(&standing, registry, first, err);
        if (status)
            break;
        if (list->in_json) {
            cdn_json_object(&list->json);
            cdn_json_standing(&list->json, &standing);
            cdn_json_object_end(&list->json);
        } else {
            list_row(&list->table, &standing);
        }
    }
    return status == CORDON_E_NOTFOUND ? CORDON_OK : status;
}

static int run_list(struct cdn_cli *cli, int argc, char **argv)
{
    struct cdn_registry_args args = {0};
    const struct cdn_option options[] = {CDN_REGISTRY_OPTIONS(args)};
    static const char *const columns[] = {"name",   "kind",   "state",
                                          "active", "newest", ""};
    struct cdn_registry_list list;
    cordon_error err;
    cordon_status status;
    int code;

    if (!cdn_options_parse(cli, options, CDN_COUNT(options), &argc, argv, &code))
        return code;
    if (argc)
        return cdn_cli_usage(cli, "'%s': list takes no names; see rule show", argv[0]);
    code = cdn_registry_begin(cli, &args, CORDON_REGISTRY_READ_ONLY);
    if (code)
        return code;
    cdn_registry_list_begin(&list, cli, columns, CDN_COUNT(columns), "lllrrl");
    cdn_json_key_uint(&list.json, "sequence", cdn_registry_sequence(args.registry));
    cdn_registry_list_rows(&list, "objects");
    status = list_all(&list, args.registry, &err);
    code = cdn_registry_list_end(&list, status, &err);
    cdn_registry_end(&args);
    return cdn_cli_finish(cli, code);
}

/* ---- show ---- */

static int show_json(struct cdn_cli *cli, cordon_registry *registry,
                     const cordon_standing *standing, const cordon_version_info *info,
                     const struct cdn_buf *source)
{
    struct cdn_buf text = {0};
    struct cdn_json json;
    int code;

    cdn_json_init(&json, &text, cli->format == CDN_FORMAT_JSON);
    cdn_json_object(&json);
    cdn_json_key_uint(&json, "schema_version", CDN_REGISTRY_SCHEMA_VERSION);
    cdn_json_key(&json, "standing");
    cdn_json_object(&json);
    cdn_json_standing(&json, standing);
    cdn_json_trust_changes(&json, registry, standing);
    cdn_json_object_end(&json);
    cdn_json_key(&json, "version");
    cdn_json_object(&json);
    cdn_json_version(&json, info);
    cdn_json_key(&json, "source");
    cdn_json_str(&json, (const char *)source->data, source->length);
    cdn_json_object_end(&json);
    cdn_json_object_end(&json);
    code = cdn_json_print(cli, &text);
    cdn_buf_deinit(&text);
    return code;
}

/* The text alone: byte for byte, but to a terminal as it may be shown. */
static void print_text(struct cdn_cli *cli, const struct cdn_buf *text)
{
    if (cli->out_tty)
        cdn_show_text(cli->out, text->data, text->length);
    else if (text->length) /* of an empty text there may be no bytes */
        fwrite(text->data, 1, text->length, cli->out);
}

/* What is trusted less, since when, by whom and why. */
static void show_trusts(struct cdn_cli *cli, cordon_registry *registry,
                        const cordon_standing *standing)
{
    for (uint32_t i = 0; i < standing->trust_count; i++) {
        cordon_change_record change = {.struct_size = sizeof(change)};
        cordon_standing one = {.trust_count = 1};
        char trust[128], when[40];

        one.trusts[0] = standing->trusts[i];
        cdn_show_trust(trust, sizeof(trust), &one);
        fprintf(cli->out, "  %s", trust);
        if (!cordon_registry_history(&change, registry, standing->name,
                                     one.trusts[0].sequence + 1, NULL) &&
            change.sequence == one.trusts[0].sequence) {
            fprintf(cli->out, " since %s, by %s: ",
                    cdn_time_format(when, sizeof(when), change.time_ms), change.author);
            fprintf(cli->out, "%s",
                    change.action == CORDON_ACTION_TRIP || !change.reason[0]
                        ? change.details
                        : change.reason);
        }
        fputc('\n', cli->out);
    }
}

static void show_pretty(struct cdn_cli *cli, cordon_registry *registry,
                        const cordon_standing *standing,
                        const cordon_version_info *info, const struct cdn_buf *source)
{
    char rollout[512], when[40];
    const char *bold = cdn_style(cli->out_color, CDN_STYLE_BOLD);
    const char *end = cdn_style_end(cli->out_color);

    cdn_show_rollout(rollout, sizeof(rollout), standing);
    fprintf(cli->out, "%s%s%s: %s, %s", bold, standing->name, end,
            cordon_object_kind_str(standing->kind),
            cordon_object_state_str(standing->state));
    if (standing->active)
        fprintf(cli->out, ", version %" PRIu32 " %s", standing->active,
                standing->state == CORDON_STANDING_ACTIVE ? "decides" : "decided last");
    if (standing->previous)
        fprintf(cli->out, ", %" PRIu32 " before it", standing->previous);
    fprintf(cli->out, ", newest is %" PRIu32 ", revision %" PRIu64 "\n",
            standing->newest, standing->revision);
    if (rollout[0])
        fprintf(cli->out, "  %s\n", rollout);
    show_trusts(cli, registry, standing);
    if (standing->evidence[0])
        fprintf(cli->out, "  last rollout aborted: %s\n", standing->evidence);
    fprintf(cli->out, "%sversion %" PRIu32 "%s of %s by %s", bold, info->version, end,
            cdn_time_format(when, sizeof(when), info->time_ms), info->author);
    fprintf(cli->out, "%s%s\n", info->reason[0] ? ": " : "", info->reason);
    fprintf(cli->out, "  %s, %" PRIu64 " bytes, from %s%s\n  hash %s\n\n",
            cordon_object_kind_str(info->kind), info->source_bytes, info->file,
            info->cases_bytes ? ", with cases" : "", info->source_hash);
    cdn_show_text(cli->out, source->data, source->length);
    if (source->length && source->data[source->length - 1] != '\n')
        fputc('\n', cli->out);
}

static int run_show(struct cdn_cli *cli, int argc, char **argv)
{
    struct cdn_registry_args args = {0};
    bool only_source = false, only_cases = false;
    const struct cdn_option options[] = {
        CDN_REGISTRY_OPTIONS(args),
        {"source", 0, CDN_OPTION_FLAG, &only_source, NULL, "the text alone", NULL},
        {"cases", 0, CDN_OPTION_FLAG, &only_cases, NULL, "its cases alone", NULL},
    };
    cordon_standing standing = {.struct_size = sizeof(standing)};
    cordon_version_info info = {.struct_size = sizeof(info)};
    struct cdn_buf source = {0};
    cordon_error err;
    cordon_status status;
    int code;

    if (!cdn_registry_start(cli, &args, options, CDN_COUNT(options),
                            CDN_NAMES_WITH_VERSION, CORDON_REGISTRY_READ_ONLY, argc,
                            argv, &code))
        return code;
    status = cordon_registry_standing(&standing, args.registry, args.name, &err);
    if (!status)
        status = cordon_registry_version(
            &info, args.registry, args.name,
            args.versions[0] || !standing.active ? args.versions[0] : standing.active,
            &err);
    if (!status)
        status = only_cases ? cdn_registry_cases(&source, args.registry, args.name,
                                                 info.version, &err)
                            : cdn_registry_text(&source, args.registry, args.name,
                                                info.version, &err);
    if (status)
        code = cdn_registry_fail(cli, status, &err);
    else if (only_source || only_cases)
        print_text(cli, &source);
    else if (cdn_wants_json(cli))
        code = show_json(cli, args.registry, &standing, &info, &source);
    else
        show_pretty(cli, args.registry, &standing, &info, &source);
    cdn_buf_deinit(&source);
    cdn_registry_end(&args);
    return cdn_cli_finish(cli, code);
}

/* ---- history ---- */

static void history_row(struct cdn_table *table, const cordon_change_record *change)
{
    char when[40];
    bool both = change->reason[0] && change->details[0];

    cdn_table_cell(table, "%" PRIu64, change->sequence);
    cdn_table_cell(table, "%s", cdn_time_format(when, sizeof(when), change->time_ms));
    cdn_table_cell(table, "%s", change->author);
    cdn_table_cell(table, "%s", cordon_action_str(change->action));
    cdn_table_cell(table, "%s", change->name);
    if (change->from && change->from != change->to)
        cdn_table_cell(table, "%" PRIu32 " -> %" PRIu32, change->from, change->to);
    else
        cdn_table_cell(table, "%" PRIu32, change->to);
    cdn_table_cell(table, "%s%s%s", change->details, both ? "; " : "", change->reason);
}

static cordon_status history_all(struct cdn_registry_list *list,
                                 cordon_registry *registry, const char *name,
                                 uint64_t limit, cordon_error *err)
{
    cordon_change_record change = {.struct_size = sizeof(change)};
    cordon_status status = CORDON_OK;
    uint64_t before = 0;

    for (uint64_t i = 0; i < limit; i++) {
        status = cordon_registry_history(&change, registry, name, before, err);
        if (status == CORDON_E_NOTFOUND && (i > 0 || !name))
            return CORDON_OK;
        if (status)
            return status;
        before = change.sequence;
        if (list->in_json) {
            cdn_json_object(&list->json);
            cdn_json_change(&list->json, &change);
            cdn_json_object_end(&list->json);
        } else {
            history_row(&list->table, &change);
        }
        if (before == 1)
            break;
    }
    return status;
}

static int run_history(struct cdn_cli *cli, int argc, char **argv)
{
    struct cdn_registry_args args = {0};
    uint64_t limit = UINT64_MAX;
    const struct cdn_option options[] = {
        CDN_REGISTRY_OPTIONS(args),
        {"limit", 'n', CDN_OPTION_POSITIVE, &limit, "N", "the newest N only", NULL},
    };
    static const char *const columns[] = {"change", "time",    "author", "action",
                                          "name",   "version", ""};
    struct cdn_registry_list list;
    cordon_error err;
    cordon_status status;
    int code;

    if (!cdn_registry_start(cli, &args, options, CDN_COUNT(options), CDN_NAMES_ANY,
                            CORDON_REGISTRY_READ_ONLY, argc, argv, &code))
        return code;
    cdn_registry_list_begin(&list, cli, columns, CDN_COUNT(columns), "rllllll");
    cdn_registry_list_rows(&list, "changes");
    status = history_all(&list, args.registry, args.name, limit, &err);
    code = cdn_registry_list_end(&list, status, &err);
    cdn_registry_end(&args);
    return cdn_cli_finish(cli, code);
}

/* ---- the commands ---- */

const struct cdn_command cdn_command_rule_push = {
    .name = "rule push",
    .summary = "add versions of rules to a store's registry",
    .run = run_push,
    .usage = "FILE... --data STORE [OPTION...]",
    .examples =
        "cordon rule push rules/velocity.lua -d store --reason 'shorter window'\n"
        "cordon rule push rules/*.lua -d store\n"
        "cordon rule push sets/payments.lua --set -d store",
    .details =
        "A version is a text with a number, 1, 2, ... per name, and never changes. "
        "Pushing "
        "decides nothing; cordon rule activate does. The text must load, as without a "
        "snapshot; text and cases of the newest version give that version again. Cases "
        "are requests, one a line, each with what is expected of it; they are kept "
        "with "
        "the version and run whenever it is activated. The tests beside a rule, "
        "velocity_test.lua, "
        "are run first: a version that fails them is not pushed.",
    .exits = "0123i",
};

const struct cdn_command cdn_command_rule_list = {
    .name = "rule list",
    .summary = "list a registry's rules and sets: what decides",
    .run = run_list,
    .usage = "--data STORE [OPTION...]",
    .examples = "cordon rule list -d store\n"
                "cordon rule list -d store --format json | jq '.objects[].name'",
    .exits = "023",
};

const struct cdn_command cdn_command_rule_show = {
    .name = "rule show",
    .summary = "show a rule or set: its standing, a version and its text",
    .run = run_show,
    .usage = "NAME [VERSION] --data STORE [OPTION...]",
    .examples = "cordon rule show velocity -d store\n"
                "cordon rule show velocity 3 -d store --source > velocity.lua",
    .details = "Without a version: the one that decides, else the newest.",
    .exits = "023",
};

const struct cdn_command cdn_command_rule_history = {
    .name = "rule history",
    .summary = "tell who changed what in a registry, when and why",
    .run = run_history,
    .usage = "[NAME] --data STORE [OPTION...]",
    .examples = "cordon rule history velocity -d store\n"
                "cordon rule history -d store --limit 20",
    .details = "The newest change comes first. Nothing is ever removed from it.",
    .exits = "023",
};
