/* :help: the commands, and the manual of what a rule can call (graph/manual.h). */
#include "cli/repl/repl.h"

#include <string.h>

#include "base/suggest.h"
#include "graph/manual.h"

static void list_commands(struct cdn_repl *repl)
{
    struct cdn_table table;

    fputs(
        "Lua, as rules are written in: graph, request and the library; `return` may be "
        "left out.\nWhat is set without `local` is there for the next input.\n\n",
        repl->cli->out);
    cdn_table_init(&table, 2, "ll");
    cdn_table_cell(&table, "command");
    cdn_table_cell(&table, "%s", "");
    for (const struct cdn_repl_command *at = cdn_repl_commands; at->name; at++) {
        cdn_table_cell(&table, ":%s %s", at->name, at->arguments);
        cdn_table_cell(&table, "%s", at->text);
    }
    cdn_table_print(&table, repl->cli->out, repl->cli->out_color, 0);
    cdn_table_deinit(&table);
    fputs(
        "\n:help graph, :help edges, :help pagerank ... show the manual: receivers are "
        "graph request\nnode edge edges nodes view scores groups string table math bit "
        "coroutine\n",
        repl->cli->out);
}

/* "edges:sum(property: string) -> number" */
static void show_signature(const struct cdn_repl *repl, const struct cdn_manual *row)
{
    FILE *out = repl->cli->out;
    bool color = repl->cli->out_color;
    bool library = !strcmp(row->receiver, "string") ||
                   !strcmp(row->receiver, "table") || !strcmp(row->receiver, "math") ||
                   !strcmp(row->receiver, "bit") || !strcmp(row->receiver, "coroutine");

    fprintf(out, "%s%s%s%s%s", cdn_style(color, CDN_STYLE_BOLD), row->receiver,
            !row->receiver[0]            ? ""
            : library || !row->arguments ? "."
                                         : ":",
            row->name, cdn_style_end(color));
    if (row->arguments)
        fprintf(out, "(%s)", row->arguments);
    if (row->result[0])
        fprintf(out, " -> %s", row->result);
    fputc('\n', out);
}

static void show_row(const struct cdn_repl *repl, const struct cdn_manual *row)
{
    FILE *out = repl->cli->out;
    const char *options = cdn_manual_options_find(row->receiver, row->name);

    show_signature(repl, row);
    fprintf(out, "  %s\n", row->text);
    if (row->cost[0])
        fprintf(out, "  cost: %s\n", row->cost);
    if (options)
        fprintf(out, "  options: %s\n", options);
    if (row->example[0])
        fprintf(out, "  example: %s\n", row->example);
}

static void show_receiver(const struct cdn_repl *repl, const char *receiver)
{
    struct cdn_table table;

    cdn_table_init(&table, 2, "ll");
    cdn_table_cell(&table, "%s", receiver);
    cdn_table_cell(&table, "%s", "");
    for (size_t i = 0; i < cdn_manual_count; i++) {
        const struct cdn_manual *row = &cdn_manual[i];

        if (strcmp(row->receiver, receiver) != 0)
            continue;
        if (row->arguments)
            cdn_table_cell(&table, "%s(%s)", row->name, row->arguments);
        else
            cdn_table_cell(&table, "%s", row->name);
        cdn_table_cell(&table, "%s", row->text);
    }
    cdn_table_print(&table, repl->cli->out, repl->cli->out_color, 0);
    cdn_table_deinit(&table);
}

static bool show_command(const struct cdn_repl *repl, const char *name)
{
    for (const struct cdn_repl_command *at = cdn_repl_commands; at->name; at++) {
        if (strcmp(at->name, name) != 0)
            continue;
        fprintf(repl->cli->out, ":%s %s\n  %s\n", at->name, at->arguments, at->text);
        return true;
    }
    return false;
}

/* All rows of that name; `receiver` may be NULL.  False: there is none. */
static bool show_rows(const struct cdn_repl *repl, const char *receiver,
                      const char *name)
{
    bool found = false;

    for (size_t i = 0; i < cdn_manual_count; i++) {
        const struct cdn_manual *row = &cdn_manual[i];

        if (strcmp(row->name, name) != 0 ||
            (receiver && strcmp(row->receiver, receiver) != 0))
            continue;
        show_row(repl, row);
        found = true;
    }
    return found;
}

static void tell_unknown(struct cdn_repl *repl, const char *name)
{
    struct cdn_suggest suggest;
    char hint[128];

    cdn_suggest_init(&suggest, name);
    for (size_t i = 0; i < cdn_manual_count; i++)
        cdn_suggest_offer(&suggest, cdn_manual[i].name);
    for (const struct cdn_repl_command *at = cdn_repl_commands; at->name; at++)
        cdn_suggest_offer(&suggest, at->name);
    cdn_repl_fail(repl, CDN_EXIT_USAGE, "the manual has no '%s'%s", name,
                  cdn_suggest_text(&suggest, hint, sizeof hint));
}

void cdn_repl_help(struct cdn_repl *repl, const char *argument)
{
    char name[80];
    char *dot;
    bool found;

    if (!*argument) {
        list_commands(repl);
        return;
    }
    if (!cdn_repl_word(argument, name, sizeof name, NULL)) {
        cdn_repl_fail(repl, CDN_EXIT_USAGE, "no name in the manual is as long");
        return;
    }
    if (name[0] == ':') {
        if (!show_command(repl, name + 1))
            tell_unknown(repl, name + 1);
        return;
    }
    dot = strpbrk(name, ".:");
    if (dot) {
        *dot = '\0';
        found = show_rows(repl, name, dot + 1);
        *dot = '.';
    } else if (cdn_manual_has(name)) {
        show_receiver(repl, name);
        found = true;
    } else {
        found = show_rows(repl, NULL, name) || show_command(repl, name);
    }
    if (!found)
        tell_unknown(repl, name);
}
