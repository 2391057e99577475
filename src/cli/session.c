/* The shared part of the commands that evaluate: see session.h. */
#include "cli/session.h"

#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include <cordon/rule.h>
#include <cordon/upkeep.h>

#include "base/clock.h"
#include "cli/lines.h"
#include "cli/project/manifest.h"
#include "cli/registry.h"

/* ---- arguments ---- */

/* What no engine can have as a ceiling (cordon/engine.h), in the words of the options. */
static int check_limits(const struct cdn_session *session)
{
    const cordon_limits *limits = &session->limits;
    struct cdn_cli *cli = session->cli;

    if (limits->instructions > UINT64_C(1) << 53)
        return cdn_cli_usage(cli, "--max-instructions takes at most 2^53, 9e15");
    if (limits->edges > UINT64_C(1) << 53)
        return cdn_cli_usage(cli, "--max-edges takes at most 2^53, 9e15");
    if (limits->nodes > UINT64_C(1) << 53)
        return cdn_cli_usage(cli, "--max-nodes takes at most 2^53, 9e15");
    if (limits->hops > UINT64_C(1) << 53)
        return cdn_cli_usage(cli, "--max-hops takes at most 2^53, 9e15");
    if (limits->memory_bytes > UINT64_C(64) << 20)
        return cdn_cli_usage(cli, "--max-memory takes at most 64MiB");
    if (limits->output_bytes > UINT64_C(1) << 30)
        return cdn_cli_usage(cli, "--max-output takes at most 1GiB");
    if (limits->wall_ns > UINT64_C(1) << 53)
        return cdn_cli_usage(cli, "--max-time takes at most 2501h");
    return CDN_EXIT_OK;
}

int cdn_session_check(const struct cdn_session *session)
{
    struct cdn_cli *cli = session->cli;

    if (session->flags.policy && !session->principal)
        return cdn_cli_usage(cli,
                             "--policy says what principals may do; whose grant is "
                             "wanted? --principal NAME");
    if (session->node && session->input)
        return cdn_cli_usage(cli, "--node and --input exclude each other");
    if (session->audit_key && !session->audit_dir)
        return cdn_cli_usage(cli, "--audit-key without --audit DIR");
    return check_limits(session);
}

bool cdn_session_is_name(const struct cdn_session *session, const char *word)
{
    return session->data && !strchr(word, '/') && !strchr(word, '.') &&
           access(word, F_OK);
}

/* ---- setting up ---- */

/* The ceilings follow the limits asked for: this program is the host, and whoever types
 * --max-time 1min means it.  The rule's own declaration still bounds a run. */
void cdn_session_raise_ceilings(cordon_engine_options *options,
                                const cordon_limits *limits)
{
    options->slots = 1;
    if (limits->instructions > options->max_instructions)
        options->max_instructions = limits->instructions;
    if (limits->edges > options->max_edges)
        options->max_edges = limits->edges;
    if (limits->nodes > options->max_nodes)
        options->max_nodes = limits->nodes;
    if (limits->hops > options->max_hops)
        options->max_hops = limits->hops;
    if (limits->memory_bytes > options->max_memory_bytes)
        options->max_memory_bytes = limits->memory_bytes;
    if (limits->output_bytes > options->max_output_bytes)
        options->max_output_bytes = limits->output_bytes;
    if (limits->wall_ns > options->max_wall_ns)
        options->max_wall_ns = limits->wall_ns;
}

/* Take what --limits names in the project's manifest; an exit code. */
static int take_profile(struct cdn_session *session)
{
    struct cdn_manifest manifest = {0};
    cordon_error err;
    cordon_status status;

    if (!session->profile)
        return CDN_EXIT_OK;
    if (!cdn_manifest_here())
        return cdn_cli_usage(session->cli,
                             "--limits names limits of a project, and this folder has "
                             "no " CDN_MANIFEST_FILE);
    cdn_error_clear(&err);
    status = cdn_manifest_read(&manifest, CDN_MANIFEST_FILE, &err);
    if (!status)
        status =
            cdn_manifest_limits(&session->limits, &manifest, session->profile, &err);
    cdn_manifest_deinit(&manifest);
    if (status)
        cdn_cli_error_of(session->cli, &err);
    return !status                      ? check_limits(session)
           : status == CORDON_E_INVALID ? CDN_EXIT_USAGE
                                        : CDN_EXIT_DATA;
}

/* Only a principal is held to a policy; an exit code. */
static int set_policy(struct cdn_session *session)
{
    const char *file = session->settings.policy_file;
    cordon_status status;
    cordon_error err;

    if (!session->principal)
        return CDN_EXIT_OK;
    if (!file) {
        cdn_cli_error(session->cli,
                      "no policy says what '%s' may do; give --policy FILE",
                      session->principal);
        return CDN_EXIT_USAGE;
    }
    status = cordon_policy_load_file(&session->policy, file, &err);
    if (!status)
        status = cordon_engine_set_policy(session->engine, session->policy, &err);
    if (!status)
        return CDN_EXIT_OK;
    cdn_cli_error_of(session->cli, &err);
    if (status == CORDON_E_DATA)
        cdn_cli_note(session->cli, "every fault: cordon config validate %s%s%s", file,
                     session->data ? " --data " : "",
                     session->data ? session->data : "");
    return CDN_EXIT_DATA;
}

/* An engine as the options and settings say, on the session's snapshot once that is open; an
 * exit code. */
static int make_engine(struct cdn_session *session)
{
    cordon_engine_options options = session->settings.engine;
    cordon_status status;
    cordon_error err;
    int code;

    cdn_session_raise_ceilings(&options, &session->limits);
    if (session->slots)
        options.slots = session->slots;
    if (!cdn_tier_choose(session->cli, &options, &session->tier, session->worker,
                         &code))
        return code;
    status = cordon_engine_new(&session->engine, &options, &err);
    if (!status && session->data && !session->snapshot)
        status = cordon_snapshot_open(&session->snapshot, session->data, NULL, &err);
    if (!status && session->snapshot)
        status = cordon_engine_set_snapshot(session->engine, session->snapshot, &err);
    if (!status)
        return CDN_EXIT_OK;
    cdn_cli_error_of(session->cli, &err);
    return status == CORDON_E_INVALID ? CDN_EXIT_USAGE : CDN_EXIT_DATA;
}

int cdn_session_open(struct cdn_session *session)
{
    cordon_error err;
    int code = take_profile(session);

    if (code)
        return code;
    cdn_error_clear(&err);
    session->flags.data = session->data;
    if (cdn_settings_load(&session->settings, &session->flags, &err)) {
        cdn_cli_error_of(session->cli, &err);
        return CDN_EXIT_DATA;
    }
    code = make_engine(session);
    return code ? code : set_policy(session);
}

int cdn_session_set_tier(struct cdn_session *session, cordon_wall wall)
{
    cordon_engine *engine = session->engine;
    struct cdn_tier_choice tier = session->tier;
    int code;

    session->engine = NULL;
    session->tier.wall = (int)wall + 1;
    code = make_engine(session);
    if (code) {
        cordon_engine_free(session->engine);
        session->engine = engine;
        session->tier = tier;
        return code;
    }
    cordon_engine_free(engine);
    return CDN_EXIT_OK;
}

cordon_status cdn_session_use_registry(struct cdn_session *session, cordon_error *err)
{
    cordon_status status = cdn_registry_of_store(&session->registry, session->data,
                                                 CORDON_REGISTRY_READ_ONLY, err);

    if (status)
        return status;
    return cordon_engine_use_registry(session->engine, session->registry, err);
}

void cdn_session_deinit(struct cdn_session *session)
{
    cordon_engine_free(session->engine);
    (void)cordon_audit_close(session->audit, NULL);
    cordon_registry_close(session->registry);
    cordon_snapshot_release(session->snapshot);
    cordon_policy_release(session->policy);
    cdn_settings_deinit(&session->settings);
    cdn_buf_deinit(&session->defaults);
    cdn_buf_deinit(&session->merged);
    cdn_strings_deinit(&session->params);
}

/* ---- the log ---- */

static cordon_status open_log(struct cdn_session *session, cordon_error *err)
{
    cordon_audit_options options = CORDON_AUDIT_OPTIONS_INIT;
    cordon_audit_stats stats = CORDON_AUDIT_STATS_INIT;
    cordon_status status;

    if (!session->audit_dir)
        return CORDON_OK;
    options.key_file = session->audit_key;
    status = cordon_audit_open(&session->audit, session->audit_dir, &options, err);
    if (status)
        return status;
    (void)cordon_audit_get_stats(&stats, session->audit, NULL);
    if (stats.torn_bytes)
        cdn_cli_warn(session->cli,
                     "%s had a torn end: %" PRIu64 " bytes that were never synced were "
                     "cut off",
                     session->audit_dir, stats.torn_bytes);
    if (stats.damaged)
        cdn_cli_warn(session->cli,
                     "the newest segment of %s is damaged; see cordon audit verify",
                     session->audit_dir);
    return CORDON_OK;
}

int cdn_session_close_log(struct cdn_session *session, int code)
{
    cordon_audit_stats stats = CORDON_AUDIT_STATS_INIT;
    cordon_error err;
    cordon_status status;

    if (!session->audit)
        return code;
    cordon_engine_use_audit(session->engine, NULL);
    cdn_error_clear(&err);
    status = cordon_audit_sync_now(session->audit, &err);
    (void)cordon_audit_get_stats(&stats, session->audit, NULL);
    (void)cordon_audit_close(session->audit, NULL);
    session->audit = NULL;
    if (status)
        cdn_cli_error_of(session->cli, &err);
    if (status || stats.dropped)
        cdn_cli_error(session->cli,
                      "%" PRIu64 " of %" PRIu64 " decisions are not in the log",
                      stats.recorded + stats.dropped - stats.written,
                      stats.recorded + stats.dropped);
    return status || stats.dropped ? CDN_EXIT_DATA : code;
}

/* ---- requests ---- */

bool cdn_session_takes_text(cordon_engine *engine, const char *rule, const char *word)
{
    const char *equals = strchr(word, '=');
    size_t bytes = equals ? (size_t)(equals - word) : 0;
    cordon_param_info info = CORDON_PARAM_INFO_INIT;

    for (uint32_t i = 0; !cordon_engine_rule_param(&info, engine, rule, i, NULL); i++) {
        if (strlen(info.name) == bytes && !memcmp(info.name, word, bytes))
            return !strcmp(info.type, "string");
    }
    return false;
}

static cordon_status take_params(struct cdn_session *session,
                                 bool (*is_text)(const void *ud, const char *word),
                                 const void *ud, cordon_error *err)
{
    cordon_status status = CORDON_OK;

    for (size_t i = 0; i < session->params.count && !status; i++) {
        const char *word = session->params.items[i];
        struct cdn_buf one = {0}, all = {0};

        status = cdn_params_word(&one, word, is_text(ud, word), err);
        if (!status)
            status = cdn_params_merge(&all, &session->defaults, &one, err);
        cdn_buf_deinit(&one);
        if (status) {
            cdn_buf_deinit(&all);
            break;
        }
        cdn_buf_deinit(&session->defaults);
        session->defaults = all;
    }
    return status;
}

int cdn_session_begin(struct cdn_session *session,
                      bool (*is_text)(const void *ud, const char *word), const void *ud)
{
    cordon_error err;
    cordon_status status = open_log(session, &err);

    if (status) {
        cdn_cli_error_of(session->cli, &err);
        return status == CORDON_E_INVALID ? CDN_EXIT_USAGE : CDN_EXIT_DATA;
    }
    if (take_params(session, is_text, ud, &err)) {
        cdn_cli_error_of(session->cli, &err);
        return CDN_EXIT_USAGE;
    }
    return CDN_EXIT_OK;
}

cordon_status cdn_session_call(cordon_request *call, struct cdn_session *session,
                               const struct cdn_request *request, cordon_error *err)
{
    const struct cdn_buf *params = &request->params;

    call->label = request->has_node ? request->label : NULL;
    call->key = request->has_node ? (const char *)request->key.data : NULL;
    call->key_bytes = request->has_node ? request->key.length : 0;
    call->as_of_ms = request->has_as_of ? request->as_of_ms : session->as_of_ms;
    call->now_ms = request->has_now                    ? request->now_ms
                   : session->now_ms != CORDON_NO_TIME ? session->now_ms
                   : call->as_of_ms != CORDON_NO_TIME  ? call->as_of_ms
                                                       : cdn_clock_wall_ms();
    call->seed = request->has_seed ? request->seed : session->seed;
    call->limits = &session->limits;
    call->cancel = session->cli->cancel;
    call->principal = session->principal;
    if (session->defaults.length && params->length) {
        cdn_buf_clear(&session->merged);
        if (cdn_params_merge(&session->merged, &session->defaults, params, err))
            return err->status;
        params = &session->merged;
    } else if (session->defaults.length) {
        params = &session->defaults;
    }
    if (params->length) {
        call->params = params->data;
        call->params_bytes = params->length;
    }
    return CORDON_OK;
}

static bool is_blank(const struct cdn_buf *text)
{
    for (size_t i = 0; i < text->length; i++) {
        if (!memchr(" \t\r", text->data[i], 3))
            return false;
    }
    return true;
}

/* A walk over the lines of a file. */
struct walk {
    struct cdn_session *session;
    void (*waiting)(void *ud);
    void *ud;
};

/* Nothing more is there to read: whoever sends the requests may be waiting for this. */
static void on_waiting(void *ud)
{
    const struct walk *walk = ud;

    fflush(walk->session->cli->out);
    if (walk->waiting)
        walk->waiting(walk->ud);
    if (walk->session->audit) /* cdn_session_close_log() tells of failures */
        (void)cordon_audit_drain(walk->session->audit, NULL);
}

static bool on_stopped(void *ud)
{
    const struct walk *walk = ud;
    struct cdn_cli *cli = walk->session->cli;

    return cdn_cli_stopped(cli) || ferror(cli->out);
}

static cordon_status run_lines(struct walk *walk, struct cdn_lines *lines,
                               cdn_session_body *body, cordon_error *err)
{
    struct cdn_request request = {0};
    cordon_status status;
    bool got;

    for (;;) {
        cordon_status read = CORDON_OK;

        status = cdn_lines_next(lines, &got, err);
        if (status || !got || on_stopped(walk))
            break;
        if (lines->too_long) {
            cdn_request_clear(&request);
            read = cdn_error_set(err, CORDON_E_DATA,
                                 "the line is longer than %u bytes, the most a request "
                                 "may have",
                                 CDN_LINE_MAX);
        } else if (is_blank(&lines->text)) {
            continue;
        } else {
            read = cdn_request_parse(&request, (const char *)lines->text.data,
                                     lines->text.length, err);
        }
        status = body(walk->ud, &request, lines->number, read, err);
        if (status)
            break;
    }
    cdn_request_deinit(&request);
    return status == CORDON_E_INTERRUPTED ? CORDON_OK : status;
}

static cordon_status run_one(struct cdn_session *session, cdn_session_body *body,
                             void *ud, cordon_error *err)
{
    struct cdn_request request = {0};
    cordon_status status = CORDON_OK;

    if (session->node)
        status = cdn_request_node(&request, session->node, strlen(session->node), err);
    status = body(ud, &request, 0, status, err);
    cdn_request_deinit(&request);
    return status;
}

cordon_status cdn_session_run(struct cdn_session *session, cdn_session_body *body,
                              void (*waiting)(void *ud), void *ud, cordon_error *err)
{
    struct walk walk = {session, waiting, ud};
    struct cdn_lines lines;
    cordon_status status;

    if (!session->input)
        return run_one(session, body, ud, err);
    status = cdn_lines_open(&lines, session->input, err);
    if (status)
        return status;
    lines.waiting = on_waiting;
    lines.stopped = on_stopped;
    lines.ud = &walk;
    session->opened = session->opening != NULL;
    if (session->opening)
        fputs(session->opening, session->cli->out);
    status = run_lines(&walk, &lines, body, err);
    if (session->closing)
        fputs(session->closing, session->cli->out);
    cdn_lines_close(&lines);
    return status;
}
