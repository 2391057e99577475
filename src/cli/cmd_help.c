/* cordon help: commands, topics of the guides, and the manual of what a rule can call.
 *
 * Nothing here is a text of its own: commands have their tables, topics are sections of the
 * guides (project/guide.h), calls are rows of graph/manual.h, and exit codes come from the map
 * that commands exit by.  --man, which is for the build, makes manual pages of the same. */
#include "cli/cli.h"

#include <string.h>

#include "base/file.h"
#include "base/suggest.h"
#include "cli/project/guide.h"
#include "cli/project/man.h"
#include "graph/manual.h"

#define MAX_TOPICS 128 /* that a misspelt one is compared with */

/* ---- what a rule can call ---- */

/* A row of the manual: graph:expand, node.key, math.floor, or pairs of no receiver. */
static void show_call(struct cdn_cli *cli, const struct cdn_manual *row)
{
    const char *bold = cdn_style(cli->out_color, CDN_STYLE_BOLD);
    const char *end = cdn_style_end(cli->out_color);
    bool library = !row->receiver[0] || !strcmp(row->receiver, "string") ||
                   !strcmp(row->receiver, "table") || !strcmp(row->receiver, "math") ||
                   !strcmp(row->receiver, "bit") || !strcmp(row->receiver, "coroutine");
    const char *options = cdn_manual_options_find(row->receiver, row->name);
    FILE *to = cli->out;

    fprintf(to, "%s%s%s%s%s", bold, row->receiver,
            !row->receiver[0]            ? ""
            : row->arguments && !library ? ":"
                                         : ".",
            row->name, end);
    if (row->arguments)
        fprintf(to, "(%s)", row->arguments);
    if (row->result[0])
        fprintf(to, " -> %s", row->result);
    fprintf(to, "\n    %s\n", row->text);
    if (options)
        fprintf(to, "    options: %s\n", options);
    if (row->cost[0])
        fprintf(to, "    cost: %s\n", row->cost);
    if (row->example[0])
        fprintf(to, "    example: %s\n", row->example);
}

/* All of a receiver.  False: it is none. */
static bool show_receiver(struct cdn_cli *cli, const char *receiver)
{
    bool any = false;

    if (!receiver[0])
        return false;
    for (size_t i = 0; i < cdn_manual_count; i++) {
        if (strcmp(cdn_manual[i].receiver, receiver) != 0)
            continue;
        if (any)
            fputc('\n', cli->out);
        show_call(cli, &cdn_manual[i]);
        any = true;
    }
    return any;
}

/* "edges:sum", "node.key", "pairs", "graph:".  False: there is no such call; what there is was
 * offered. */
static bool show_calls(struct cdn_cli *cli, const char *word,
                       struct cdn_suggest *suggest)
{
    size_t length = strcspn(word, ":.");
    char receiver[32] = "";
    const char *name = word;

    if (word[length]) {
        if (length >= sizeof(receiver))
            return false;
        memcpy(receiver, word, length);
        receiver[length] = '\0';
        name = word + length + 1;
    }
    for (size_t i = 0; i < cdn_manual_count; i++) {
        const struct cdn_manual *row = &cdn_manual[i];

        if (!strcmp(row->receiver, receiver) && !strcmp(row->name, name)) {
            show_call(cli, row);
            return true;
        }
        if (!strcmp(row->receiver, receiver))
            cdn_suggest_offer(suggest, row->name);
    }
    return !*name ? show_receiver(cli, receiver)
                  : !word[length] && show_receiver(cli, word);
}

/* ---- topics ---- */

static void show_exits(struct cdn_cli *cli)
{
    fputs("Every command exits with one of these; its own --help says which:\n\n",
          cli->out);
#define EXIT_ROW(name, number, text) fprintf(cli->out, "  %-5d %s\n", (number), (text));
    CDN_EXIT_MAP(EXIT_ROW)
#undef EXIT_ROW
}

static void show_topics(struct cdn_cli *cli)
{
    const char *bold = cdn_style(cli->out_color, CDN_STYLE_BOLD);
    const char *end = cdn_style_end(cli->out_color);
    struct cdn_guide_topic topic;
    const char *guide = NULL;

    fprintf(cli->out, "%sTopics%s: cordon help TOPIC; one word of a name will do\n",
            bold, end);
    for (size_t i = 0; cdn_guide_topic(&topic, i); i++) {
        if (!guide || strcmp(guide, topic.guide) != 0)
            fprintf(cli->out, "\n%s%s%s\n", bold, topic.guide, end);
        guide = topic.guide;
        fprintf(cli->out, "  %-34s %.*s\n", topic.name, (int)topic.title_bytes,
                topic.title);
    }
    fprintf(cli->out,
            "\n%sfrom the tables%s\n"
            "  %-34s What commands exit with\n"
            "  %-34s What a rule can call: graph:cycles, edges:sum, math.floor;\n"
            "  %-34s graph: and edges: list all of one\n",
            bold, end, "exit-codes", "RECEIVER:NAME", "");
}

/* False: there is no such topic. */
static bool show_topic(struct cdn_cli *cli, const char *word,
                       struct cdn_suggest *suggest)
{
    struct cdn_guide_topic topic;

    if (!strcmp(word, "topics")) {
        show_topics(cli);
        return true;
    }
    if (!strcmp(word, "exit-codes")) {
        show_exits(cli);
        return true;
    }
    cdn_suggest_offer(suggest, "topics");
    cdn_suggest_offer(suggest, "exit-codes");
    if (strchr(word, ':') || !cdn_guide_find(&topic, word))
        return show_calls(cli, word, suggest);
    cdn_guide_show(cli->out, cli->out_color, topic.text, topic.bytes);
    return true;
}

/* ---- manual pages ---- */

static int print_man(struct cdn_cli *cli, const char *page)
{
    struct cdn_buf text = {0};
    int code = CDN_EXIT_OK;

    if (!cdn_man_page(&text, page)) {
        cdn_buf_deinit(&text);
        return cdn_cli_usage(cli, "there is no manual page '%s'; one is cordon.1",
                             page);
    }
    if (text.failed) {
        cdn_cli_error(cli, "out of memory");
        code = CDN_EXIT_DATA;
    } else {
        fwrite(text.data, 1, text.length, cli->out);
    }
    cdn_buf_deinit(&text);
    return cdn_cli_finish(cli, code);
}

/* All pages into a folder, each under its own name. */
static int write_man(struct cdn_cli *cli, const char *dir)
{
    cordon_status status = CORDON_OK;
    cordon_error err;
    char name[64], path[4096];

    for (size_t i = 0; !status && cdn_man_name(name, sizeof(name), i); i++) {
        struct cdn_buf text = {0};

        status = cdn_path_join(path, sizeof(path), dir, name, &err);
        if (!status)
            cdn_man_page(&text, name);
        if (!status && text.failed)
            status = cdn_error_nomem(&err);
        if (!status)
            status = cdn_file_replace(path, text.data, text.length, &err);
        cdn_buf_deinit(&text);
    }
    if (status)
        cdn_cli_error_of(cli, &err);
    return status ? CDN_EXIT_DATA : CDN_EXIT_OK;
}

/* ---- the command ---- */

static int show_one(struct cdn_cli *cli, int argc, char **argv)
{
    const struct cdn_command *command;
    struct cdn_suggest suggest;
    struct cdn_guide_topic topic;
    char names[MAX_TOPICS][sizeof(topic.name)]; /* what a suggestion points to */
    char help[] = "--help", word[80], shown[160], hint[200];
    char *help_argv[] = {help};
    const char *colon;
    int words;

    command = cdn_command_find(argc, argv, &words);
    if (command && argc == words) {
        cli->command = command;
        return command->run(cli, 1, help_argv);
    }
    if (argc != 1)
        return cdn_command_unknown(cli, argc, argv);
    if (cdn_command_is_group(argv[0])) {
        cdn_help_all(cli, cli->out, argv[0]);
        return cdn_cli_finish(cli, CDN_EXIT_OK);
    }
    colon = strchr(argv[0], ':');
    snprintf(word, sizeof(word), "%.64s", colon ? colon + 1 : argv[0]);
    cdn_suggest_init(&suggest, word);
    for (size_t i = 0; i < MAX_TOPICS && cdn_guide_topic(&topic, i); i++) {
        memcpy(names[i], topic.name, sizeof(topic.name));
        cdn_suggest_offer(&suggest, names[i]);
    }
    if (show_topic(cli, argv[0], &suggest))
        return cdn_cli_finish(cli, CDN_EXIT_OK);
    for (size_t i = 0; cdn_commands[i]; i++)
        cdn_suggest_offer(&suggest, cdn_commands[i]->name);
    cdn_suggest_text(&suggest, hint, sizeof(hint));
    cdn_escape(shown, sizeof(shown), argv[0], strnlen(argv[0], 64));
    cdn_cli_error(cli, "there is no command, topic or call '%s'%s", shown, hint);
    fputs("see: cordon help, cordon help topics\n", cli->err);
    return CDN_EXIT_USAGE;
}

static int run(struct cdn_cli *cli, int argc, char **argv)
{
    const char *man = NULL, *man_dir = NULL;
    const struct cdn_option options[] = {
        {"man", 0, CDN_OPTION_STRING, &man, "PAGE", NULL, NULL},
        {"man-dir", 0, CDN_OPTION_STRING, &man_dir, "DIR", NULL, NULL},
    };
    int code;

    if (!cdn_options_parse(cli, options, CDN_COUNT(options), &argc, argv, &code))
        return code;
    if (man)
        return print_man(cli, man);
    if (man_dir)
        return write_man(cli, man_dir);
    if (argc)
        return show_one(cli, argc, argv);
    cdn_help_all(cli, cli->out, NULL);
    return cdn_cli_finish(cli, CDN_EXIT_OK);
}

const struct cdn_command cdn_command_help = {
    .name = "help",
    .summary = "show commands, topics of the guide, and what a rule can call",
    .run = run,
    .usage = "[COMMAND|TOPIC|RECEIVER:NAME]",
    .examples = "cordon help                  # all commands\n"
                "cordon help eval             # one of them\n"
                "cordon help snapshot info\n"
                "cordon help topics           # the guide's sections, by name\n"
                "cordon help limits           # one of them\n"
                "cordon help edges:sum        # what a rule can call\n"
                "cordon help graph:           # all that a graph can do",
    .details = "Topics are sections of the guides, printed as plain text.",
    .exits = "02",
};
