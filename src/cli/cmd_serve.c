/* cordon serve: the graph query server (src/server), until SIGTERM or SIGINT.
 *
 * What it serves is named by options, as everywhere else; what is not named is looked for in the
 * store: its registry, its policy and its log of proposals, where they are there.  The one line on
 * standard output says where it listens, and is printed when clients can connect. */
#include "cli/cli.h"

#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "cli/settings.h"
#include "cli/settings_told.h"
#include "cli/tier.h"
#include "codec/json.h"
#include "server/server.h"

struct serve {
    struct cdn_cli *cli;
    struct cdn_setting_flags flags;
    struct cdn_settings settings;
    struct cdn_settings_told told;
    struct cdn_server_options options;
    cordon_audit_options audit_options;
    struct cdn_strings sets;
    /* as given; NULL: not */
    const char *data, *registry, *address, *port, *socket, *audit, *audit_key,
        *proposals;
    bool no_tcp;
    struct cdn_setting_flag given[8]; /* the same, as settings */
    char registry_path[PATH_MAX];
    char proposals_path[PATH_MAX];
    char worker[PATH_MAX];
};

/* Whom signals stop; there is one in a process. */
static struct cdn_server *serving;

static void on_signal(int signal)
{
    if (signal == SIGHUP)
        cdn_server_reload(serving);
    else
        cdn_server_stop(serving);
}

/* From now on SIGINT and SIGTERM end the server, a second one of them at once, and SIGHUP has it
 * look at its files. */
static void watch_signals(struct cdn_server *server)
{
    struct sigaction action;

    serving = server;
    memset(&action, 0, sizeof action);
    action.sa_handler = on_signal;
    action.sa_flags = (int)SA_RESETHAND;
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    action.sa_flags = 0;
    sigaction(SIGHUP, &action, NULL);
    action.sa_handler = SIG_IGN;
    sigaction(SIGPIPE, &action, NULL);
}

/* The log goes where the command's diagnostics go; -q and -v turn its level. */
static void set_log(struct cdn_log_options *log, const struct cdn_cli *cli)
{
    if (cli->log_format == CDN_LOG_JSON)
        log->form = CDN_LOG_AS_JSON;
    else if (!log->form && getenv("JOURNAL_STREAM") && !cli->err_tty)
        log->form = CDN_LOG_AS_JOURNAL;
    if (cli->quiet)
        log->level = CORDON_LEVEL_ERROR;
    else if (cli->verbose)
        log->level = CORDON_LEVEL_DEBUG;
}

/* ---- what is served ---- */

/* A file of the store, if it is there. */
static const char *of_store(char path[PATH_MAX], const char *store, const char *name)
{
    if (!store || cdn_path_join(path, PATH_MAX, store, name, NULL) ||
        access(path, F_OK) != 0)
        return NULL;
    return path;
}

/* The settings, with what the command line says. */
static int load_settings(struct serve *serve)
{
    const struct cdn_setting_flag more[] = {
        {CDN_SETTING_server_data, serve->data},
        {CDN_SETTING_server_registry, serve->registry},
        {CDN_SETTING_server_address, serve->no_tcp ? "none" : serve->address},
        {CDN_SETTING_server_port, serve->port},
        {CDN_SETTING_server_socket, serve->socket},
        {CDN_SETTING_audit_dir, serve->audit},
        {CDN_SETTING_audit_key, serve->audit_key},
        {CDN_SETTING_proposals_file, serve->proposals},
    };
    cordon_error err;

    memcpy(serve->given, more, sizeof more);
    _Static_assert(sizeof more == sizeof serve->given, "room for all of them");
    serve->flags.serves = true;
    serve->flags.more = serve->given;
    serve->flags.more_count = CDN_COUNT(more);
    cdn_error_clear(&err);
    if (!cdn_settings_load(&serve->settings, &serve->flags, &err) &&
        !cdn_settings_tell(&serve->told, &serve->settings, &err))
        return CDN_EXIT_OK;
    cdn_cli_error_of(serve->cli, &err);
    return CDN_EXIT_DATA;
}

/* For a reload: from the same places, the strongest of which says the same as it did. */
static cordon_status read_again(void *ud, struct cdn_server_fresh *out,
                                cordon_error *err)
{
    const struct serve *serve = ud;
    struct cdn_settings settings;
    cordon_status status = cdn_settings_load(&settings, &serve->flags, err);

    if (!status) {
        cdn_settings_fresh(out, &serve->settings, &settings);
        set_log(&out->log, serve->cli);
        status = cdn_auth_new(&out->auth, settings.entries, settings.entry_count, err);
    }
    cdn_settings_deinit(&settings);
    return status;
}

static int take_options(struct serve *serve, int argc, char **argv)
{
    struct cdn_server_options *options = &serve->options;
    struct cdn_cli *cli = serve->cli;
    int code = load_settings(serve);

    if (code)
        return code;
    cdn_settings_server(options, &serve->audit_options, &serve->settings);
    if (!options->data && !options->registry && !argc)
        return cdn_cli_usage(cli,
                             "nothing to serve; give --data STORE, or rules' files");
    options->again = read_again;
    options->again_ud = serve;
    options->config_file = serve->settings.file;
    options->config = serve->told.items;
    options->config_count = CDN_SETTINGS;
    options->rules = (const char *const *)argv;
    options->rule_count = (size_t)argc;
    options->sets = serve->sets.items;
    options->set_count = serve->sets.count;
    if (!options->registry)
        options->registry = of_store(serve->registry_path, options->data, "rules.mdb");
    if (!options->proposals)
        options->proposals =
            of_store(serve->proposals_path, options->data, "proposals.mdb");
    if (cdn_tier_find_worker(serve->worker)) /* for walls that the policy names */
        options->engine.worker = serve->worker;
    options->logging = true;
    options->service = true;
    set_log(&options->log, cli);
    return CDN_EXIT_OK;
}

/* ---- serving ---- */

/* Where clients find it: for scripts, which read the line to learn the port. */
static int announce(struct cdn_cli *cli, const struct serve *serve,
                    const struct cdn_server *server)
{
    const struct cdn_server_options *options = &serve->options;
    const char *address = options->address ? options->address : "127.0.0.1";
    bool six = strchr(address, ':') != NULL;
    struct cdn_buf text = {0};
    struct cdn_json json;
    char url[128];

    snprintf(url, sizeof url, "%s://%s%s%s:%u", options->certificate ? "https" : "http",
             six ? "[" : "", address, six ? "]" : "",
             (unsigned)cdn_server_port(server));
    if (cli->format == CDN_FORMAT_PRETTY) {
        if (!options->no_tcp)
            fprintf(cli->out, "serving on %s\n", url);
        if (options->socket)
            fprintf(cli->out, "serving on %s\n", options->socket);
        return cdn_cli_finish(cli, CDN_EXIT_OK);
    }
    cdn_json_init(&json, &text, false);
    cdn_json_object(&json);
    cdn_json_key_uint(&json, "schema_version", 1);
    if (!options->no_tcp) {
        cdn_json_key_cstr(&json, "url", url);
        cdn_json_key_uint(&json, "port", cdn_server_port(server));
    }
    if (options->socket)
        cdn_json_key_cstr(&json, "socket", options->socket);
    cdn_json_key_uint(&json, "pid", (uint64_t)getpid());
    cdn_json_object_end(&json);
    (void)cdn_json_print(cli, &text);
    cdn_buf_deinit(&text);
    return cdn_cli_finish(cli, CDN_EXIT_OK);
}

static int serve_until_stopped(struct serve *serve)
{
    struct cdn_cli *cli = serve->cli;
    struct cdn_server *server;
    cordon_error err;
    cordon_status status;
    int code;

    cdn_error_clear(&err);
    status = cdn_server_open(&server, &serve->options, &err);
    if (status) {
        cdn_cli_error_of(cli, &err);
        return cdn_cli_exit_of(status);
    }
    watch_signals(server);
    code = announce(cli, serve, server);
    if (!code && !cdn_cli_stopped(cli))
        cdn_server_run(server);
    cdn_server_drain(server);
    status = cdn_server_close(server, &err);
    if (status)
        cdn_cli_error_of(cli, &err);
    return code ? code : status ? CDN_EXIT_DATA : CDN_EXIT_OK;
}

static int run(struct cdn_cli *cli, int argc, char **argv)
{
    struct serve serve = {.cli = cli};
    const struct cdn_option options[] = {
        {"data", 'd', CDN_OPTION_STRING, &serve.data, "STORE",
         "the snapshot store, or one snapshot file", NULL},
        {"registry", 0, CDN_OPTION_STRING, &serve.registry, "FILE",
         "the registry (default: rules.mdb in the store)", NULL},
        {"set", 0, CDN_OPTION_LIST, &serve.sets, "FILE", "a rule set's file", NULL},
        {"address", 0, CDN_OPTION_STRING, &serve.address, "ADDRESS",
         "where to listen (default: 127.0.0.1)", NULL},
        {"port", 0, CDN_OPTION_STRING, &serve.port, "PORT",
         "0: any that is free (default: 7878)", NULL},
        {"no-tcp", 0, CDN_OPTION_FLAG, &serve.no_tcp, NULL,
         "listen on the socket alone", NULL},
        {"socket", 0, CDN_OPTION_STRING, &serve.socket, "PATH",
         "listen on a Unix socket, too", NULL},
        {"audit", 0, CDN_OPTION_STRING, &serve.audit, "DIR",
         "record each decision in the log DIR (see cordon audit)", NULL},
        {"audit-key", 0, CDN_OPTION_STRING, &serve.audit_key, "FILE",
         "the file of the log's key", NULL},
        {"proposals", 0, CDN_OPTION_STRING, &serve.proposals, "FILE",
         "the log of proposals (default: proposals.mdb in the store)", NULL},
        {"policy", 0, CDN_OPTION_STRING, &serve.flags.policy, "FILE",
         "the policy (default: policy.lua in the store)", NULL},
        {"config", 0, CDN_OPTION_STRING, &serve.flags.config, "FILE",
         "the configuration, server.lua: see cordon config show", NULL},
    };
    int code;

    if (!cdn_options_parse(cli, options, CDN_COUNT(options), &argc, argv, &code) ||
        !cdn_options_leave_out_tests(cli, &argc, argv, &code))
        goto out;
    if (cli->format == CDN_FORMAT_AUTO)
        cli->format = cli->out_tty ? CDN_FORMAT_PRETTY : CDN_FORMAT_NDJSON;
    code = take_options(&serve, argc, argv);
    if (!code)
        code = serve_until_stopped(&serve);
out:
    cdn_settings_told_deinit(&serve.told);
    cdn_settings_deinit(&serve.settings);
    cdn_strings_deinit(&serve.sets);
    return code;
}

const struct cdn_command cdn_command_serve = {
    .name = "serve",
    .summary = "answer graph queries and evaluations over HTTP",
    .run = run,
    .usage = "[RULE...] --data STORE [OPTION...]",
    .examples = "cordon serve --data store\n"
                "cordon serve rules/fraud/cycle.lua -d store --port 0\n"
                "cordon serve -d store --socket /run/cordon/cordon.sock --no-tcp\n"
                "cordon serve -d store --audit store/audit --config server.lua",
    .details =
        "Serves the store's graph and the rules of its registry, and rules and sets of "
        "files beside them, on a TCP address (the loopback's, unless told otherwise) "
        "and on a Unix socket. It follows all of these and the policy: what changes "
        "there takes effect within a second, and SIGHUP has it look now, and read the "
        "configuration again: who may call, the log's level and form and the "
        "certificate change at once; what takes a new start is named. SIGTERM and "
        "SIGINT end it when what is under way has been answered, a second one of them "
        "at once. Its log goes to standard error; log and trace of the configuration "
        "say what is told.\n\n"
        "One line on standard output says where it listens, as soon as clients can "
        "connect: with --port 0 the port is there. A first request:\n\n"
        "curl --json '{\"node\": \"Account:17\"}' "
        "http://127.0.0.1:7878/v1/evaluate/RULE",
    .exits = "023",
};
