/* cordon repl: a session at the keyboard, or from a file of lines; see cli/repl/repl.h. */
#include "cli/cli.h"

#include <unistd.h>

#include "cli/repl/repl.h"

static void close_all(struct cdn_repl *repl)
{
    cdn_editor_free(repl->editor);
    cdn_console_free(repl->console);
    cordon_outcome_free(repl->outcome);
    cordon_outcome_free(repl->rule_outcome);
    cdn_repl_rule_deinit(repl);
    cdn_request_deinit(&repl->subject);
    cdn_buf_deinit(&repl->pending);
    cdn_session_deinit(&repl->session);
    cdn_buf_deinit(&repl->data_path);
}

static int open_all(struct cdn_repl *repl)
{
    cordon_error err;

    repl->interactive =
        isatty(STDIN_FILENO) && repl->cli->out_tty && !repl->cli->no_input;
    if (cordon_outcome_new(&repl->outcome, &err) ||
        cordon_outcome_new(&repl->rule_outcome, &err)) {
        cdn_cli_error_of(repl->cli, &err);
        return CDN_EXIT_DATA;
    }
    cdn_repl_resolve_limits(repl);
    return cdn_repl_open(repl, repl->session.data);
}

/* What the command line says of the first rule and node, as if it had been typed. */
static void begin(struct cdn_repl *repl, const char *node, const char *rule)
{
    if (repl->interactive && !repl->cli->quiet)
        fputs(":help shows what there is; Ctrl-D leaves\n", repl->cli->out);
    if (node)
        cdn_repl_node(repl, node);
    if (rule)
        cdn_repl_load(repl, rule);
}

static int start(struct cdn_repl *repl, const char *rule)
{
    struct cdn_cli *cli = repl->cli;
    const char *node = repl->session.node; /* the session is made anew with a store */
    int code = cdn_session_check(&repl->session);

    if (!repl->session.data)
        code = cdn_cli_usage(cli, "no graph is given: --data STORE");
    if (!code && cli->format == CDN_FORMAT_CSV)
        code = cdn_cli_usage(cli, "repl prints pretty or json");
    if (!code)
        code = open_all(repl);
    if (code)
        return code;
    repl->json = cli->format == CDN_FORMAT_JSON || cli->format == CDN_FORMAT_NDJSON;
    if (repl->interactive)
        repl->editor = cdn_editor_new(repl);
    begin(repl, node, rule);
    return cdn_repl_loop(repl);
}

static int run(struct cdn_cli *cli, int argc, char **argv)
{
    struct cdn_repl repl = {
        .cli = cli, .session = CDN_SESSION_INIT(cli), .profile = 3, .explain = 1};
    const struct cdn_option options[] = {
        {"data", 'd', CDN_OPTION_STRING, &repl.session.data, "STORE",
         "the snapshot store, or one snapshot file", NULL},
        {"node", 0, CDN_OPTION_STRING, &repl.session.node, "LABEL:KEY", "the subject",
         NULL},
        {"now", 0, CDN_OPTION_TIME, &repl.session.now_ms, "TIME",
         "the present (default: --as-of, else the clock)", NULL},
        {"as-of", 0, CDN_OPTION_TIME, &repl.session.as_of_ms, "TIME",
         "no edge later than this exists", NULL},
        {"seed", 0, CDN_OPTION_INTEGER, &repl.session.seed, "N", "seeds math.random",
         NULL},
        {"usage", 'u', CDN_OPTION_FLAG, &repl.usage, NULL,
         "show what each evaluation cost", NULL},
        {"limits", 0, CDN_OPTION_CHOICE, &repl.profile, "PROFILE",
         "what an input may use (default: repl)", "online|batch|repl"},
        CDN_TIER_OPTION(repl.session.tier),
        {"config", 0, CDN_OPTION_STRING, &repl.session.flags.config, "FILE",
         "ceilings and more: see cordon config show", NULL},
        CDN_LIMIT_OPTIONS(repl.session.limits),
    };
    int code;

    if (!cdn_options_parse(cli, options, CDN_COUNT(options), &argc, argv, &code)) {
        cdn_session_deinit(&repl.session);
        return code;
    }
    if (argc > 1)
        code = cdn_cli_usage(cli, "one rule at a time; found '%s' and '%s'", argv[0],
                             argv[1]);
    else
        code = start(&repl, argc ? argv[0] : NULL);
    code = cdn_cli_finish(cli, code);
    close_all(&repl);
    return code;
}

const struct cdn_command cdn_command_repl = {
    .name = "repl",
    .summary = "look around in a graph, try Lua and rules on it",
    .run = run,
    .usage = "[RULE] --data STORE [OPTION...]",
    .examples = "cordon repl --data store                     # then :help\n"
                "cordon repl rules/fraud/cycle.lua -d store --node Account:17\n"
                "echo 'graph:node(\"Account\", \"17\")' | cordon repl -d store\n"
                "cordon repl -d store --as-of 2026-11-24 < looks.lua",
    .details =
        "What is typed is Lua as rules are written in, in the same sandbox and with "
        "the "
        "same limits; an expression needs no return, and what is not finished goes on "
        "in "
        "the next line. What is set without local is there for the next input. Each "
        "input has a budget of its own (:limits), and one that is stopped, by its "
        "limit, "
        "an error or Ctrl-C, leaves what was set before it as it was.\n\n"
        "Words behind a ':' are commands: :node and :sample look at nodes, :schema "
        "shows "
        "what there is, :load runs a rule, :help expand shows the manual, :quit "
        "leaves. "
        "On a terminal Tab completes and the history is kept in "
        "$XDG_STATE_HOME/cordon/history.\n\n"
        "Where standard input is no terminal there is no prompt and no editor, and the "
        "exit code is that of the last error.",
    .exits = "01234i",
};
