/* Words behind a ':' and what they do.
 *
 * A command's argument is the rest of its line.  Names may be cut short where they stay
 * unambiguous: `:s` is refused, `:sch` is `:schema`. */
#include "cli/repl/repl.h"

#include <string.h>

#include "base/alloc.h"
#include "base/suggest.h"
#include "base/time.h"

bool cdn_repl_word(const char *text, char *out, size_t size, const char **rest)
{
    size_t length;

    text += strspn(text, " \t");
    length = strcspn(text, " \t");
    if (rest)
        *rest = text + length + strspn(text + length, " \t");
    if (!length || length >= size)
        return false;
    memcpy(out, text, length);
    out[length] = '\0';
    return true;
}

void cdn_repl_switch(struct cdn_repl *repl, const char *what, bool *value,
                     const char *argument)
{
    char word[8];

    if (!*argument)
        *value = !*value;
    else if (cdn_repl_word(argument, word, sizeof word, NULL) && !strcmp(word, "on"))
        *value = true;
    else if (cdn_repl_word(argument, word, sizeof word, NULL) && !strcmp(word, "off"))
        *value = false;
    else {
        cdn_repl_fail(repl, CDN_EXIT_USAGE, ":%s is on or off", what);
        return;
    }
    cdn_cli_note(repl->cli, "%s is %s", what, *value ? "on" : "off");
}

static void quit(struct cdn_repl *repl, const char *argument)
{
    (void)argument;
    repl->quit = true;
}

static void usage(struct cdn_repl *repl, const char *argument)
{
    cdn_repl_switch(repl, "usage", &repl->usage, argument);
}

static void json(struct cdn_repl *repl, const char *argument)
{
    cdn_repl_switch(repl, "json", &repl->json, argument);
}

static void reset(struct cdn_repl *repl, const char *argument)
{
    (void)argument;
    if (cdn_repl_reset(repl))
        cdn_cli_note(repl->cli, "nothing is set any more");
}

/* ---- :set ---- */

static void show_settings(struct cdn_repl *repl)
{
    FILE *out = repl->cli->out;
    char time[40];

    fprintf(out, "now     %s\n",
            repl->session.now_ms == CORDON_NO_TIME
                ? "the clock's"
                : cdn_time_format(time, sizeof time, repl->session.now_ms));
    fprintf(out, "as-of   %s\n",
            repl->session.as_of_ms == CORDON_NO_TIME
                ? "no cut"
                : cdn_time_format(time, sizeof time, repl->session.as_of_ms));
    fprintf(out, "seed    %llu\n", (unsigned long long)repl->session.seed);
    fputs(
        "and max-instructions, max-edges, max-nodes, max-hops, max-memory, max-output, "
        "max-time: see :limits\n",
        out);
}

/* What was set may hold edge sets that remember what they saw. */
static void take_as_of(struct cdn_repl *repl, int64_t as_of_ms)
{
    size_t count;

    (void)cdn_console_globals(repl->console, &count);
    if (as_of_ms == repl->session.as_of_ms || !cdn_repl_reset(repl))
        return;
    repl->session.as_of_ms = as_of_ms;
    repl->has_run = false; /* a test of it would not say so */
    if (count)
        cdn_cli_note(repl->cli, "the graph is another one as of then: what was set is "
                                "gone");
}

static void set(struct cdn_repl *repl, const char *argument)
{
    int64_t as_of_ms = repl->session.as_of_ms;
    cordon_limits *limits = &repl->session.limits;
    const struct cdn_option rows[] = {
        {"now", 0, CDN_OPTION_TIME, &repl->session.now_ms, "", "", NULL},
        {"as-of", 0, CDN_OPTION_TIME, &as_of_ms, "", "", NULL},
        {"seed", 0, CDN_OPTION_INTEGER, &repl->session.seed, "", "", NULL},
        CDN_LIMIT_OPTIONS(*limits),
    };
    const cordon_limits before = *limits;
    struct cdn_suggest suggest;
    char name[32] = "", hint[128];
    const char *value;
    cordon_error err;

    if (!*argument) {
        show_settings(repl);
        return;
    }
    (void)cdn_repl_word(argument, name, sizeof name, &value);
    cdn_suggest_init(&suggest, name);
    for (size_t i = 0; i < CDN_COUNT(rows); i++) {
        if (strcmp(rows[i].name, name) != 0) {
            cdn_suggest_offer(&suggest, rows[i].name);
            continue;
        }
        if (!strcmp(value, "off") && i < 2)
            *(int64_t *)rows[i].value = CORDON_NO_TIME;
        else if (cdn_option_value(&rows[i], value, &err))
            cdn_repl_fail(repl, CDN_EXIT_USAGE, "%s", err.message);
        if (cdn_session_check(&repl->session)) {
            *limits = before;
            repl->code = CDN_EXIT_USAGE;
        }
        take_as_of(repl, as_of_ms);
        cdn_repl_resolve_limits(repl);
        return;
    }
    cdn_repl_fail(repl, CDN_EXIT_USAGE, "there is no setting '%s'%s", name,
                  cdn_suggest_text(&suggest, hint, sizeof hint));
}

/* ---- the table ---- */

const struct cdn_repl_command cdn_repl_commands[] = {
    {"help", "[NAME]", "this list, or what the manual has of a function or method",
     cdn_repl_help},
    {"quit", "", "leave; Ctrl-D does so too", quit},
    {"schema", "[NAME]", "labels, edge types and their properties", cdn_repl_schema},
    {"snapshot", "", "which snapshot this is", cdn_repl_snapshot},
    {"sample", "[N] LABEL", "some nodes of a label", cdn_repl_sample},
    {"node", "[LABEL:KEY]", "make a node the request's, and look at it", cdn_repl_node},
    {"globals", "", "what has been set", cdn_repl_globals},
    {"reset", "", "forget what has been set", reset},
    {"load", "FILE", "load a rule; it runs if there is a node", cdn_repl_load},
    {"reload", "", "load it again and run it", cdn_repl_reload},
    {"run", "[LABEL:KEY] [NAME=VALUE...]", "run the rule", cdn_repl_run},
    {"input", "[JSON]", "the request as cordon eval --input reads it", cdn_repl_input},
    {"explain", "[full|fails|off]",
     "which lines ran, with which values and reads; alone: of the rule, once",
     cdn_repl_explain},
    {"trace", "[on|off]", "the same as :explain full, or off", cdn_repl_trace},
    {"profile", "[on|off]", "what each line cost; alone: of the rule, once",
     cdn_repl_profile},
    {"tier", "[inproc|process|...]", "the wall that the rule runs behind",
     cdn_repl_tier},
    {"watch", "", "run the rule each time its file is saved, until Ctrl-C",
     cdn_repl_watch},
    {"usage", "[on|off]", "what it cost, after every evaluation", usage},
    {"json", "[on|off]", "results as JSON", json},
    {"limits", "[online|batch|repl]", "what an input may use", cdn_repl_limits},
    {"set", "[NAME VALUE]", "now, as-of, seed, and single limits", set},
    {"data", "[STORE]", "go to another snapshot, or the store's newest", cdn_repl_data},
    {"save", "[NAME]", "the rule's last run as a test, in a file beside it",
     cdn_repl_save},
    {"dot", "FILE [HOPS]", "draw the node's neighbourhood, for Graphviz", cdn_repl_dot},
    {NULL, NULL, NULL, NULL},
};

static const struct cdn_repl_command *find(const char *name, bool *ambiguous)
{
    const struct cdn_repl_command *found = NULL;

    *ambiguous = false;
    for (const struct cdn_repl_command *at = cdn_repl_commands; at->name; at++) {
        if (!strcmp(at->name, name))
            return at;
        if (strncmp(at->name, name, strlen(name)) != 0)
            continue;
        *ambiguous |= found != NULL;
        found = at;
    }
    return *ambiguous ? NULL : found;
}

static void tell_unknown(struct cdn_repl *repl, const char *name, bool ambiguous)
{
    struct cdn_suggest suggest;
    char hint[128];

    cdn_suggest_init(&suggest, name);
    for (const struct cdn_repl_command *at = cdn_repl_commands; at->name; at++)
        cdn_suggest_offer(&suggest, at->name);
    cdn_suggest_text(&suggest, hint, sizeof hint);
    cdn_repl_fail(repl, CDN_EXIT_USAGE,
                  ambiguous ? "':%s' may be several commands%s"
                            : "there is no command ':%s'%s",
                  name, suggest.best ? hint : "; :help lists them");
}

void cdn_repl_command_run(struct cdn_repl *repl, const char *line, size_t bytes)
{
    const struct cdn_repl_command *command;
    char name[32], *text = cdn_alloc(bytes + 1);
    const char *argument;
    size_t length = bytes;
    bool ambiguous;

    if (!text) {
        cdn_repl_fail(repl, CDN_EXIT_DATA, "out of memory");
        return;
    }
    while (length && memchr(" \t\r", line[length - 1], 3))
        length--;
    memcpy(text, line, length);
    text[length] = '\0';
    if (strlen(text) != length)
        cdn_repl_fail(repl, CDN_EXIT_USAGE, "a command holds a zero byte");
    else if (!cdn_repl_word(text + 1, name, sizeof name, &argument))
        cdn_repl_fail(repl, CDN_EXIT_USAGE,
                      "a command's name stands right behind ':'; :help lists them");
    else if (!(command = find(name, &ambiguous)))
        tell_unknown(repl, name, ambiguous);
    else
        command->run(repl, argument);
    cdn_free(text);
}
