/* The table of commands, finding one by name, and help.
 *
 * Help is made from the same tables the commands run by; it starts with examples,
 * because that is what a reader looks for, and ends with the exit codes, which scripts
 * need. */
#include "cli/cli.h"

#include <string.h>

#include "base/suggest.h"

#include <cordon/version.h>

const struct cdn_command *const cdn_commands[] = {
    &cdn_command_init,
    &cdn_command_generate,
    &cdn_command_import,
    &cdn_command_check,
    &cdn_command_test,
    &cdn_command_eval,
    &cdn_command_backtest,
    &cdn_command_repl,
    &cdn_command_bench,
    &cdn_command_serve,
    &cdn_command_tier_list,
    &cdn_command_tier_probe,
    &cdn_command_snapshot_info,
    &cdn_command_snapshot_verify,
    &cdn_command_snapshot_slice,
    &cdn_command_snapshot_list,
    &cdn_command_snapshot_pin,
    &cdn_command_snapshot_unpin,
    &cdn_command_snapshot_gc,
    &cdn_command_snapshot_apply,
    &cdn_command_proposal_list,
    &cdn_command_proposal_show,
    &cdn_command_proposal_accept,
    &cdn_command_proposal_reject,
    &cdn_command_audit_tail,
    &cdn_command_audit_verify,
    &cdn_command_audit_export,
    &cdn_command_config_init,
    &cdn_command_config_show,
    &cdn_command_config_validate,
    &cdn_command_token_new,
    &cdn_command_rule_push,
    &cdn_command_rule_list,
    &cdn_command_rule_show,
    &cdn_command_rule_diff,
    &cdn_command_rule_history,
    &cdn_command_rule_activate,
    &cdn_command_rule_rollback,
    &cdn_command_rule_pause,
    &cdn_command_rule_resume,
    &cdn_command_rule_quarantine,
    &cdn_command_rule_trust,
    &cdn_command_rule_kill,
    &cdn_command_rollout_start,
    &cdn_command_rollout_set,
    &cdn_command_rollout_status,
    &cdn_command_rollout_promote,
    &cdn_command_rollout_abort,
    &cdn_command_set_eval,
    &cdn_command_shadow_start,
    &cdn_command_shadow_stop,
    &cdn_command_shadow_report,
    &cdn_command_replay,
    &cdn_command_doctor,
    &cdn_command_completion,
    &cdn_command_version,
    &cdn_command_help,
    NULL,
};

/* Length of the first word of a command's name if the name has two, else 0. */
static size_t group_length(const struct cdn_command *command)
{
    const char *space = strchr(command->name, ' ');

    return space ? (size_t)(space - command->name) : 0;
}

static bool in_group(const struct cdn_command *command, const char *group)
{
    size_t length = group_length(command);

    return length && strlen(group) == length && !memcmp(command->name, group, length);
}

const struct cdn_command *cdn_command_find(int argc, char **argv, int *words)
{
    for (size_t i = 0; cdn_commands[i]; i++) {
        const struct cdn_command *command = cdn_commands[i];
        size_t group = group_length(command);

        *words = group ? 2 : 1;
        if (argc < *words)
            continue;
        if (!group && !strcmp(command->name, argv[0]))
            return command;
        if (group && in_group(command, argv[0]) &&
            !strcmp(command->name + group + 1, argv[1]))
            return command;
    }
    *words = 0;
    return NULL;
}

bool cdn_command_is_group(const char *word)
{
    for (size_t i = 0; cdn_commands[i]; i++) {
        if (in_group(cdn_commands[i], word))
            return true;
    }
    return false;
}

int cdn_command_unknown(struct cdn_cli *cli, int argc, char **argv)
{
    struct cdn_suggest suggest;
    char typed[160], shown[160], hint[200];
    bool group = cdn_command_is_group(argv[0]);

    if (group && argc < 2) {
        cdn_cli_error(cli, "'%s' needs a command behind it", argv[0]);
        cdn_help_all(cli, cli->err, argv[0]);
        return CDN_EXIT_USAGE;
    }
    /* "snapshto info" is as likely as "snapshot inof": compare two words with two. */
    snprintf(typed, sizeof(typed), "%.64s", argv[0]);
    cdn_suggest_init(&suggest, typed);
    for (size_t i = 0; cdn_commands[i]; i++)
        cdn_suggest_offer(&suggest, cdn_commands[i]->name);
    if (!suggest.best && argc > 1) {
        snprintf(typed, sizeof(typed), "%.64s %.64s", argv[0], argv[1]);
        cdn_suggest_init(&suggest, typed);
        for (size_t i = 0; cdn_commands[i]; i++)
            cdn_suggest_offer(&suggest, cdn_commands[i]->name);
    }
    if (!suggest.best && !group)
        snprintf(typed, sizeof(typed), "%.64s", argv[0]);
    cdn_escape(shown, sizeof(shown), typed, strlen(typed));
    cdn_suggest_text(&suggest, hint, sizeof(hint));
    cdn_cli_error(cli, "there is no command '%s'%s", shown, hint);
    fputs("see: cordon help\n", cli->err);
    return CDN_EXIT_USAGE;
}

void cdn_help_all(struct cdn_cli *cli, FILE *to, const char *group)
{
    bool color = to == cli->out ? cli->out_color : cli->err_color;
    const char *bold = cdn_style(color, CDN_STYLE_BOLD);
    const char *end = cdn_style_end(color);

    if (!group) {
        fprintf(to,
                "cordon runs untrusted Lua rules over a graph snapshot.\n\n"
                "%sExamples%s\n"
                "  cordon generate --out bank             # a made-up bank as CSV\n"
                "  cordon import --schema bank/schema.lua --out store bank\n"
                "  cordon check rules/fraud/*.lua         # does it load?\n"
                "  cordon eval rules/fraud/cycle.lua --data store --node Account:17 "
                "--usage\n\n",
                bold, end);
    }
    fprintf(to, "%sCommands%s\n", bold, end);
    for (size_t i = 0; cdn_commands[i]; i++) {
        if (!group || in_group(cdn_commands[i], group))
            fprintf(to, "  %-16s %s\n", cdn_commands[i]->name,
                    cdn_commands[i]->summary);
    }
    fputs("\nMore about one: cordon help COMMAND, or cordon COMMAND --help\n"
          "The guide: cordon help topics\n",
          to);
}

static void help_options(FILE *to, const struct cdn_option *options, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct cdn_option *option = &options[i];
        char left[96];
        int length;

        if (!option->help)
            continue;
        length = option->letter
                     ? snprintf(left, sizeof(left), "-%c, --%s%s%s", option->letter,
                                option->name, option->argument ? " " : "",
                                option->argument ? option->argument : "")
                     : snprintf(left, sizeof(left), "    --%s%s%s", option->name,
                                option->argument ? " " : "",
                                option->argument ? option->argument : "");
        fprintf(to, "  %-28s%s%s\n", left,
                length > 27 ? "\n                              " : "", option->help);
    }
}

static void help_exits(FILE *to, const char *exits)
{
    static const struct {
        int code;
        const char *text;
    } rows[] = {
#define EXIT_ROW(name, number, text) {number, text},
        CDN_EXIT_MAP(EXIT_ROW)
#undef EXIT_ROW
    };

    for (const char *at = exits; *at; at++) {
        int code = *at == 'i' ? CDN_EXIT_INTERRUPTED : *at - '0';

        for (size_t i = 0; i < CDN_COUNT(rows); i++) {
            if (rows[i].code == code)
                fprintf(to, "  %-5d %s\n", code, rows[i].text);
        }
    }
}

/* Lines as they are, longer ones broken between words. */
static void help_text(FILE *to, const char *text)
{
    enum { COLUMNS = 80 };

    while (*text) {
        size_t length = strcspn(text, "\n");

        if (length > COLUMNS) {
            length = COLUMNS;
            while (length && text[length] != ' ')
                length--;
            length = length ? length : strcspn(text, " \n");
        }
        fprintf(to, "%.*s\n", (int)length, text);
        text += length + (text[length] != '\0');
    }
}

void cdn_help_command(struct cdn_cli *cli, const struct cdn_option *options,
                      size_t count)
{
    const struct cdn_command *command = cli->command;
    struct cdn_option common[CDN_COMMON_OPTIONS];
    const char *bold = cdn_style(cli->out_color, CDN_STYLE_BOLD);
    const char *end = cdn_style_end(cli->out_color);
    FILE *to = cli->out;

    fprintf(to, "%sExamples%s\n", bold, end);
    for (const char *at = command->examples; *at;) {
        size_t length = strcspn(at, "\n");

        fprintf(to, "  %.*s\n", (int)length, at);
        at += length + (at[length] != '\0');
    }
    fprintf(to, "\n%scordon %s%s: %s\n", bold, command->name, end, command->summary);
    fprintf(to, "\n%sUsage%s\n  cordon %s %s\n", bold, end, command->name,
            command->usage);
    if (command->details) {
        fputc('\n', to);
        help_text(to, command->details);
    }
    if (count) {
        fprintf(to, "\n%sOptions%s\n", bold, end);
        help_options(to, options, count);
    }
    fprintf(to, "\n%sOptions of every command%s\n", bold, end);
    cdn_options_common(cli, common);
    help_options(to, common, CDN_COMMON_OPTIONS);
    fprintf(to, "\n%sExit codes%s\n", bold, end);
    help_exits(to, command->exits);
}

void cdn_command_describe(const struct cdn_command *command,
                          void (*body)(void *ud, const struct cdn_option *options,
                                       size_t count),
                          void *ud)
{
    struct cdn_cli cli = {.command = command,
                          .out = stdout,
                          .err = stderr,
                          .described = body,
                          .described_ud = ud};
    char help[] = "--help";
    char *argv[] = {help};

    (void)command->run(&cli, 1, argv);
}

int cdn_cli_main(struct cdn_cli *cli, int argc, char **argv)
{
    int taken, words;

    if (argc > 0) { /* the program's own name */
        argc--;
        argv++;
    }
    if (argc == 1 && (!strcmp(argv[0], "--version") || !strcmp(argv[0], "-V"))) {
        cli->command = &cdn_command_version;
        return cdn_command_version.run(cli, 0, argv);
    }
    if (!cdn_options_leading(cli, argc, argv, &taken))
        return CDN_EXIT_USAGE;
    argc -= taken;
    argv += taken;
    if (argc == 0) {
        bool asked = cli->help;

        cdn_help_all(cli, asked ? cli->out : cli->err, NULL);
        return cdn_cli_finish(cli, asked ? CDN_EXIT_OK : CDN_EXIT_USAGE);
    }
    cli->command = cdn_command_find(argc, argv, &words);
    if (!cli->command) {
        if (argc == 2 && cdn_command_is_group(argv[0]) &&
            (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h"))) {
            cdn_help_all(cli, cli->out, argv[0]);
            return cdn_cli_finish(cli, CDN_EXIT_OK);
        }
        return cdn_command_unknown(cli, argc, argv);
    }
    return cli->command->run(cli, argc - words, argv + words);
}
