/* cordon eval: one rule over one node, or over many requests from a file or a pipe.
 *
 * It uses the public API alone and so is the library's first embedder.  Requests are
 * read, judged and answered one at a time, in order: memory does not grow with their
 * number, and a request that cannot be read gets an answer of its own and harms no
 * other.
 *
 * The rule is loaded after the snapshot is set, so that a name in its `reads` that the
 * snapshot does not have is found before the first request. */
#include "cli/cli.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <cordon/audit.h>
#include <cordon/engine.h>
#include <cordon/policy.h>
#include <cordon/rule.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/file.h"
#include "cli/eval.h"
#include "cli/json.h"
#include "cli/lines.h"
#include "cli/proposal.h"
#include "cli/settings.h"
#include "engine/audit.h"
#include "engine/policy.h"
#include "engine/proposals.h"

#define MAX_COUNT UINT64_C(10000000)

/* What is wrong so far: the exit code is the first of these that is not zero. */
struct tally {
    uint64_t requests;
    uint64_t malformed;
    uint64_t limited;
    uint64_t failed;
    uint64_t undecided;
};

struct eval {
    struct cdn_cli *cli;
    /* options */
    const char *data;
    const char *node;
    const char *input;
    struct cdn_strings params;
    int64_t now_ms;
    int64_t as_of_ms;
    uint64_t count;
    uint64_t seed;
    bool usage;
    bool fail;
    bool propose;
    const char *log_path;
    const char *audit_dir;
    const char *audit_key;
    cordon_limits limits;
    const char *principal; /* NULL: nobody's grant, as the host itself */
    struct cdn_setting_flags flags;
    /* work */
    struct cdn_settings settings;
    cordon_policy *policy; /* NULL: nobody's */
    struct cdn_eval_rule rule;
    cordon_snapshot *snapshot;
    cordon_engine *engine;
    cordon_outcome *outcome;
    cordon_audit *audit;
    struct cdn_buf defaults; /* --param, as a msgpack map */
    struct cdn_buf merged;
    struct cdn_buf text; /* one answer */
    uint64_t *times;
    struct tally tally;
    cordon_proposals *log;
    uint64_t proposed; /* new to the log */
    uint64_t refused;  /* proposals that did not fit */
    uint64_t line;
    uint64_t answers;
    bool loaded; /* the rule, that is */
    bool pretty;
    bool array; /* many answers as one JSON text */
};

/* ---- setting up ---- */

/* Does the rule declare the parameter of "name=value" as a string? */
static bool takes_text(const struct eval *eval, const char *word)
{
    const char *equals = strchr(word, '=');
    size_t bytes = equals ? (size_t)(equals - word) : 0;
    cordon_param_info info = CORDON_PARAM_INFO_INIT;

    for (uint32_t i = 0;
         !cordon_engine_rule_param(&info, eval->engine, eval->rule.name, i, NULL);
         i++) {
        if (strlen(info.name) == bytes && !memcmp(info.name, word, bytes))
            return !strcmp(info.type, "string");
    }
    return false;
}

static cordon_status default_params(struct eval *eval, cordon_error *err)
{
    cordon_status status = CORDON_OK;

    for (size_t i = 0; i < eval->params.count && !status; i++) {
        struct cdn_buf one = {0}, all = {0};

        status = cdn_params_word(&one, eval->params.items[i],
                                 takes_text(eval, eval->params.items[i]), err);
        if (!status)
            status = cdn_params_merge(&all, &eval->defaults, &one, err);
        cdn_buf_deinit(&one);
        if (status) {
            cdn_buf_deinit(&all);
            break;
        }
        cdn_buf_deinit(&eval->defaults);
        eval->defaults = all;
    }
    return status;
}

static void show_load_error(struct eval *eval, const cordon_error *err)
{
    const struct cdn_diagnostic diagnostic = {
        .severity = "error",
        .file = err->file[0] ? err->file : eval->rule.file,
        .line = err->line,
        .column = err->column,
        .message = err->message,
        .source = (const char *)eval->rule.source.data,
        .source_bytes = eval->rule.source.length,
    };

    if (eval->cli->log_format == CDN_LOG_JSON)
        cdn_cli_error_of(eval->cli, err);
    else
        cdn_diagnostic_print(eval->cli->err, eval->cli->err_color, &diagnostic);
    if (err->status != CORDON_E_RULE)
        return;
    if (eval->data)
        cdn_cli_note(eval->cli, "every fault: cordon check %s --data %s",
                     eval->rule.file, eval->data);
    else if (eval->loaded)
        cdn_cli_note(eval->cli, "give the snapshot: --data STORE");
    else
        cdn_cli_note(eval->cli, "every fault: cordon check %s", eval->rule.file);
}

/* The ceilings follow the limits asked for: this program is the host, and whoever types
 * --max-time 1min means it.  The rule's own declaration still bounds a run. */
static void raise_ceilings(cordon_engine_options *options, const cordon_limits *limits)
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

/* Only a principal is held to a policy; an exit code. */
static int set_policy(struct eval *eval)
{
    const char *file = eval->settings.policy_file;
    cordon_status status;
    cordon_error err;

    if (!eval->principal)
        return CDN_EXIT_OK;
    if (!file) {
        cdn_cli_error(eval->cli, "no policy says what '%s' may do; give --policy FILE",
                      eval->principal);
        return CDN_EXIT_USAGE;
    }
    status = cordon_policy_load_file(&eval->policy, file, &err);
    if (!status)
        status = cordon_engine_set_policy(eval->engine, eval->policy, &err);
    if (!status)
        return CDN_EXIT_OK;
    cdn_cli_error_of(eval->cli, &err);
    if (status == CORDON_E_DATA)
        cdn_cli_note(eval->cli, "every fault: cordon config validate %s%s%s", file,
                     eval->data ? " --data " : "", eval->data ? eval->data : "");
    return CDN_EXIT_DATA;
}

static void digest_text(struct cdn_eval_rule *rule)
{
    unsigned char hash[CDN_CONTENT_HASH_BYTES];

    cdn_hash_content(hash, rule->source.data, rule->source.length);
    for (size_t i = 0; i < sizeof(hash); i++)
        snprintf(rule->digest + 2 * i, 3, "%02x", hash[i]);
}

static cordon_status open_audit(struct eval *eval, cordon_error *err)
{
    cordon_audit_options options = CORDON_AUDIT_OPTIONS_INIT;
    cordon_audit_stats stats = CORDON_AUDIT_STATS_INIT;
    cordon_status status;

    if (!eval->audit_dir)
        return CORDON_OK;
    options.key_file = eval->audit_key;
    status = cordon_audit_open(&eval->audit, eval->audit_dir, &options, err);
    if (status)
        return status;
    (void)cordon_audit_get_stats(&stats, eval->audit, NULL);
    if (stats.torn_bytes)
        cdn_cli_warn(eval->cli,
                     "%s had a torn end: %" PRIu64 " bytes that were never synced were "
                     "cut off",
                     eval->audit_dir, stats.torn_bytes);
    if (stats.damaged)
        cdn_cli_warn(eval->cli,
                     "the newest segment of %s is damaged; see cordon audit verify",
                     eval->audit_dir);
    return CORDON_OK;
}

/* Everything recorded is on the disk, or the exit code says that it is not. */
static int close_audit(struct eval *eval, int code)
{
    cordon_audit_stats stats = CORDON_AUDIT_STATS_INIT;
    cordon_error err;
    cordon_status status;

    if (!eval->audit)
        return code;
    cdn_error_clear(&err);
    status = cordon_audit_sync_now(eval->audit, &err);
    (void)cordon_audit_get_stats(&stats, eval->audit, NULL);
    (void)cordon_audit_close(eval->audit, NULL);
    eval->audit = NULL;
    if (status)
        cdn_cli_error_of(eval->cli, &err);
    if (status || stats.dropped)
        cdn_cli_error(eval->cli,
                      "%" PRIu64 " of %" PRIu64 " decisions are not in the log",
                      stats.recorded + stats.dropped - stats.written,
                      stats.recorded + stats.dropped);
    return status || stats.dropped ? CDN_EXIT_DATA : code;
}

/* Open everything; an exit code. */
static int open_all(struct eval *eval)
{
    cordon_engine_options options;
    cordon_error err;
    cordon_status status;
    int code;

    cdn_error_clear(&err);
    eval->flags.data = eval->data;
    if (cdn_settings_load(&eval->settings, &eval->flags, &err)) {
        cdn_cli_error_of(eval->cli, &err);
        return CDN_EXIT_DATA;
    }
    options = eval->settings.engine;
    if (cdn_file_read(&eval->rule.source, eval->rule.file, CORDON_RULE_MAX_SOURCE_BYTES,
                      &err)) {
        cdn_cli_error_of(eval->cli, &err);
        return CDN_EXIT_USAGE;
    }
    digest_text(&eval->rule);
    raise_ceilings(&options, &eval->limits);
    status = cordon_engine_new(&eval->engine, &options, &err);
    if (!status)
        status = cordon_outcome_new(&eval->outcome, &err);
    if (!status && eval->data)
        status = cordon_snapshot_open(&eval->snapshot, eval->data, NULL, &err);
    if (!status && eval->snapshot)
        status = cordon_engine_set_snapshot(eval->engine, eval->snapshot, &err);
    if (status) {
        cdn_cli_error_of(eval->cli, &err);
        return status == CORDON_E_INVALID ? CDN_EXIT_USAGE : CDN_EXIT_DATA;
    }
    code = set_policy(eval);
    if (code)
        return code;
    status = cordon_engine_load_rule(eval->engine, (const char *)eval->rule.source.data,
                                     eval->rule.source.length, eval->rule.file,
                                     eval->rule.name, &err);
    if (status) {
        show_load_error(eval, &err);
        return cdn_cli_exit_of(status);
    }
    eval->loaded = true;
    status = open_audit(eval, &err);
    if (status) {
        cdn_cli_error_of(eval->cli, &err);
        return status == CORDON_E_INVALID ? CDN_EXIT_USAGE : CDN_EXIT_DATA;
    }
    if (default_params(eval, &err)) {
        cdn_cli_error_of(eval->cli, &err);
        return CDN_EXIT_USAGE;
    }
    if (eval->propose &&
        cdn_proposal_open(&eval->log, eval->data, eval->log_path, false, &err)) {
        cdn_cli_error_of(eval->cli, &err);
        return CDN_EXIT_DATA;
    }
    if (eval->count > 1) {
        eval->times = cdn_realloc_array(NULL, eval->count, sizeof(*eval->times));
        if (!eval->times) {
            cdn_cli_error(eval->cli, "out of memory for %" PRIu64 " times",
                          eval->count);
            return CDN_EXIT_DATA;
        }
    }
    return CDN_EXIT_OK;
}

static void close_all(struct eval *eval)
{
    cordon_proposals_close(eval->log);
    (void)cordon_audit_close(eval->audit, NULL);
    cordon_outcome_free(eval->outcome);
    cordon_engine_free(eval->engine);
    cordon_snapshot_release(eval->snapshot);
    cdn_buf_deinit(&eval->rule.source);
    cdn_buf_deinit(&eval->defaults);
    cdn_buf_deinit(&eval->merged);
    cdn_buf_deinit(&eval->text);
    cdn_strings_deinit(&eval->params);
    cordon_policy_release(eval->policy);
    cdn_settings_deinit(&eval->settings);
    cdn_free(eval->times);
}

/* ---- judging ---- */

static int compare_times(const void *a, const void *b)
{
    uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;

    return (left > right) - (left < right);
}

static void fill_timing(struct cdn_eval_timing *timing, uint64_t *times, uint64_t count)
{
    qsort(times, count, sizeof(*times), compare_times);
    timing->count = count;
    timing->p50_ns = times[(count * 50 + 99) / 100 - 1];
    timing->p90_ns = times[(count * 90 + 99) / 100 - 1];
    timing->p99_ns = times[(count * 99 + 99) / 100 - 1];
}

/* The command line's words stand where the request has none of its own. */
static cordon_status make_call(struct eval *eval, cordon_request *call,
                               const struct cdn_request *request, cordon_error *err)
{
    const struct cdn_buf *params = &request->params;

    call->label = request->has_node ? request->label : NULL;
    call->key = request->has_node ? (const char *)request->key.data : NULL;
    call->key_bytes = request->has_node ? request->key.length : 0;
    call->as_of_ms = request->has_as_of ? request->as_of_ms : eval->as_of_ms;
    call->now_ms = request->has_now                   ? request->now_ms
                   : eval->now_ms != CORDON_NO_TIME   ? eval->now_ms
                   : call->as_of_ms != CORDON_NO_TIME ? call->as_of_ms
                                                      : cdn_clock_wall_ms();
    call->seed = request->has_seed ? request->seed : eval->seed;
    call->limits = &eval->limits;
    call->cancel = eval->cli->cancel;
    call->principal = eval->principal;
    if (eval->defaults.length && params->length) {
        cdn_buf_clear(&eval->merged);
        if (cdn_params_merge(&eval->merged, &eval->defaults, params, err))
            return err->status;
        params = &eval->merged;
    } else if (eval->defaults.length) {
        params = &eval->defaults;
    }
    if (params->length) {
        call->params = params->data;
        call->params_bytes = params->length;
    }
    return CORDON_OK;
}

static cordon_status judge(struct eval *eval, const cordon_request *call,
                           struct cdn_eval_timing *timing, cordon_error *err)
{
    cordon_status status = CORDON_OK;
    uint64_t done = 0;

    do {
        status =
            cordon_evaluate(eval->outcome, eval->engine, eval->rule.name, call, err);
        if (status)
            return status;
        if (eval->times)
            eval->times[done] = cordon_outcome_usage(eval->outcome)->wall_ns;
        done++;
    } while (done < eval->count && !cdn_cli_stopped(eval->cli));
    if (eval->times)
        fill_timing(timing, eval->times, done);
    return CORDON_OK;
}

static void record(struct eval *eval, const cordon_request *call, uint64_t snapshot_id)
{
    struct cdn_audit_record decision;

    if (!eval->audit)
        return;
    cdn_audit_record_of(&decision, eval->outcome, call, snapshot_id,
                        cdn_clock_wall_ms());
    (void)cdn_audit_offer(eval->audit, &decision); /* what is lost is counted */
}

static void count_result(struct tally *tally, const struct cdn_eval_result *result)
{
    tally->requests++;
    if (result->status) {
        tally->malformed++;
        return;
    }
    switch (cordon_outcome_get_kind(result->outcome)) {
    case CORDON_OUTCOME_OK:
        tally->undecided += !cordon_outcome_decision(result->outcome);
        break;
    case CORDON_OUTCOME_LIMIT:
        tally->limited++;
        break;
    case CORDON_OUTCOME_ERROR:
    case CORDON_OUTCOME_DENIED:
    case CORDON_OUTCOME_INVALID_RESULT:
    case CORDON_OUTCOME_CANCELLED:
        tally->failed++;
        break;
    }
}

/* False: out of memory. */
static bool answer(struct eval *eval, const struct cdn_eval_result *result)
{
    FILE *out = eval->cli->out;

    count_result(&eval->tally, result);
    if (eval->cli->format == CDN_FORMAT_PRETTY && result->status && !result->line) {
        const struct cdn_diagnostic diagnostic = {.severity = "error",
                                                  .message = result->err->message};

        cdn_diagnostic_print(eval->cli->err, eval->cli->err_color, &diagnostic);
        return true;
    }
    if (eval->cli->format == CDN_FORMAT_PRETTY) {
        if (eval->answers++)
            fputc('\n', out);
        cdn_eval_show(out, eval->cli->out_color, result, eval->usage);
        return true;
    }
    cdn_buf_clear(&eval->text);
    cdn_eval_json(&eval->text, result, eval->pretty);
    if (eval->text.failed)
        return false;
    if (eval->array && eval->answers)
        fputs(",\n", out);
    eval->answers++;
    fwrite(eval->text.data, 1, eval->text.length, out);
    if (!eval->array)
        fputc('\n', out);
    return true;
}

static void on_refused(void *ud, cordon_proposal_kind kind, uint32_t index,
                       const char *why)
{
    struct eval *eval = ud;
    const char *list = kind == CORDON_PROPOSAL_UPDATE ? "updated_nodes" : "new_edges";

    eval->refused++;
    if (eval->line)
        cdn_cli_warn(eval->cli, "line %" PRIu64 ": %s[%u] is not logged: %s",
                     eval->line, list, index, why);
    else
        cdn_cli_warn(eval->cli, "%s[%u] is not logged: %s", list, index, why);
}

/* What whoever asks may propose: the host anything, a principal what its policy says. */
static const struct cdn_propose_grant *propose_grant(const struct eval *eval)
{
    static const struct cdn_propose_grant nothing;
    const struct cdn_propose_grant *grant;
    int32_t principal;

    if (!eval->principal)
        return &cdn_propose_everything;
    principal = cdn_policy_principal(eval->policy, eval->principal);
    grant = principal < 0 ? NULL : cdn_policy_role(eval->policy, principal)->propose;
    return grant ? grant : &nothing;
}

/* Log what the outcome proposes; many requests' together (finish_log() has the last). */
static cordon_status log_proposals(struct eval *eval, uint64_t line, cordon_error *err)
{
    cordon_proposal_source source = CORDON_PROPOSAL_SOURCE_INIT;
    uint64_t added = 0;
    cordon_status status;

    if (!eval->log)
        return CORDON_OK;
    eval->line = line;
    source.defer = eval->input != NULL;
    source.refused = on_refused;
    source.ud = eval;
    source.principal = eval->principal;
    status = cdn_proposals_add(&added, eval->log, eval->snapshot, eval->outcome,
                               &source, propose_grant(eval), err);
    eval->proposed += added;
    return status;
}

/* Judge and answer one request, which `status` says was read; CORDON_E_NOMEM ends all.
 */
static cordon_status process(struct eval *eval, const struct cdn_request *request,
                             uint64_t line, cordon_status status, cordon_error *err)
{
    cordon_request call = CORDON_REQUEST_INIT;
    struct cdn_eval_result result = {
        .rule = &eval->rule, .request = request, .line = line, .err = err};

    if (!status)
        status = make_call(eval, &call, request, err);
    if (!status) {
        status = judge(eval, &call, &result.timing, err);
        result.call = &call;
    }
    if (status == CORDON_E_NOMEM || status == CORDON_E_RULE)
        return status;
    if (!status && log_proposals(eval, line, err))
        return err->status;
    result.status = status;
    result.outcome = status ? NULL : eval->outcome;
    result.snapshot_id = eval->snapshot ? cordon_snapshot_identity(eval->snapshot) : 0;
    if (!status)
        record(eval, &call, result.snapshot_id);
    return answer(eval, &result) ? CORDON_OK : cdn_error_nomem(err);
}

static bool is_blank(const struct cdn_buf *text)
{
    for (size_t i = 0; i < text->length; i++) {
        if (!memchr(" \t\r", text->data[i], 3))
            return false;
    }
    return true;
}

/* Nothing more is there to read: whoever sends the requests may be waiting for this. */
static void on_waiting(void *ud)
{
    struct eval *eval = ud;
    uint64_t added = 0;

    fflush(eval->cli->out);
    /* if it fails, finish_log() tries again and says why */
    if (eval->log && !cordon_proposals_flush(&added, eval->log, NULL))
        eval->proposed += added;
    if (eval->audit)
        (void)cordon_audit_drain(eval->audit,
                                 NULL); /* close_audit() tells of failures */
}

static bool on_stopped(void *ud)
{
    struct eval *eval = ud;

    return cdn_cli_stopped(eval->cli) || ferror(eval->cli->out);
}

static cordon_status process_lines(struct eval *eval, struct cdn_lines *lines,
                                   cordon_error *err)
{
    struct cdn_request request = {0};
    cordon_status status;
    bool got;

    for (;;) {
        cordon_status read = CORDON_OK;

        status = cdn_lines_next(lines, &got, err);
        if (status || !got || on_stopped(eval))
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
        status = process(eval, &request, lines->number, read, err);
        if (status)
            break;
    }
    cdn_request_deinit(&request);
    return status == CORDON_E_INTERRUPTED ? CORDON_OK : status; /* exit_code() tells */
}

static cordon_status run_input(struct eval *eval, cordon_error *err)
{
    struct cdn_lines lines;
    cordon_status status = cdn_lines_open(&lines, eval->input, err);

    if (status)
        return status;
    lines.waiting = on_waiting;
    lines.stopped = on_stopped;
    lines.ud = eval;
    if (eval->array)
        fputs("{\"schema_version\": 1, \"results\": [\n", eval->cli->out);
    status = process_lines(eval, &lines, err);
    if (eval->array)
        fputs("\n]}\n", eval->cli->out);
    cdn_lines_close(&lines);
    return status;
}

static cordon_status run_single(struct eval *eval, cordon_error *err)
{
    struct cdn_request request = {0};
    cordon_status status = CORDON_OK;

    if (eval->node)
        status = cdn_request_node(&request, eval->node, strlen(eval->node), err);
    status = process(eval, &request, 0, status, err);
    cdn_request_deinit(&request);
    return status;
}

static int exit_code(const struct eval *eval)
{
    const struct tally *tally = &eval->tally;

    if (cdn_cli_stopped(eval->cli))
        return CDN_EXIT_INTERRUPTED;
    if (tally->malformed)
        return CDN_EXIT_DATA;
    if (tally->limited)
        return CDN_EXIT_LIMIT;
    if (tally->failed || (eval->fail && tally->undecided))
        return CDN_EXIT_FINDINGS;
    return CDN_EXIT_OK;
}

static void summary(struct eval *eval)
{
    const struct tally *tally = &eval->tally;

    if (tally->malformed + tally->limited + tally->failed)
        cdn_cli_note(eval->cli,
                     "%" PRIu64 " requests: %" PRIu64
                     " could not be evaluated, %" PRIu64
                     " were stopped by a limit, %" PRIu64 " ended in error",
                     tally->requests, tally->malformed, tally->limited, tally->failed);
}

/* Make the rest durable, and say how many there were. */
static cordon_status finish_log(struct eval *eval, cordon_error *err)
{
    uint64_t added = 0;
    cordon_status status;

    if (!eval->log)
        return CORDON_OK;
    status = cordon_proposals_flush(&added, eval->log, err);
    eval->proposed += added;
    if (!status)
        cdn_cli_note(eval->cli, "%" PRIu64 " proposal%s logged, %" PRIu64 " refused",
                     eval->proposed, eval->proposed == 1 ? "" : "s", eval->refused);
    return status;
}

/* ---- the command ---- */

/* What no engine can have as a ceiling (cordon/engine.h), in the words of the options. */
static int check_limits(const struct eval *eval)
{
    const cordon_limits *limits = &eval->limits;

    if (limits->instructions > UINT64_C(1) << 53)
        return cdn_cli_usage(eval->cli, "--max-instructions takes at most 2^53, 9e15");
    if (limits->edges > UINT64_C(1) << 53)
        return cdn_cli_usage(eval->cli, "--max-edges takes at most 2^53, 9e15");
    if (limits->nodes > UINT64_C(1) << 53)
        return cdn_cli_usage(eval->cli, "--max-nodes takes at most 2^53, 9e15");
    if (limits->hops > UINT64_C(1) << 53)
        return cdn_cli_usage(eval->cli, "--max-hops takes at most 2^53, 9e15");
    if (limits->memory_bytes > UINT64_C(64) << 20)
        return cdn_cli_usage(eval->cli, "--max-memory takes at most 64MiB");
    if (limits->output_bytes > UINT64_C(1) << 30)
        return cdn_cli_usage(eval->cli, "--max-output takes at most 1GiB");
    if (limits->wall_ns > UINT64_C(1) << 53)
        return cdn_cli_usage(eval->cli, "--max-time takes at most 2501h");
    return CDN_EXIT_OK;
}

static int check_arguments(struct eval *eval, int argc, char **argv)
{
    struct cdn_cli *cli = eval->cli;

    if (argc == 0)
        return cdn_cli_usage(cli, "no rule given; name a rule's file");
    if (argc > 1)
        return cdn_cli_usage(cli, "one rule at a time; found '%s' and '%s'", argv[0],
                             argv[1]);
    if (eval->flags.policy && !eval->principal)
        return cdn_cli_usage(cli,
                             "--policy says what principals may do; whose grant is "
                             "wanted? --principal NAME");
    if (eval->node && eval->input)
        return cdn_cli_usage(cli, "--node and --input exclude each other");
    if ((eval->propose || eval->log_path) && !eval->data)
        return cdn_cli_usage(cli, "--propose needs the store: --data STORE");
    eval->propose |= eval->log_path != NULL;
    if (eval->audit_key && !eval->audit_dir)
        return cdn_cli_usage(cli, "--audit-key without --audit DIR");
    if (eval->count == 0 || eval->count > MAX_COUNT)
        return cdn_cli_usage(cli, "--count takes 1 to %" PRIu64, MAX_COUNT);
    eval->rule.file = argv[0];
    if (cli->format == CDN_FORMAT_AUTO)
        cli->format = cli->out_tty ? CDN_FORMAT_PRETTY : CDN_FORMAT_NDJSON;
    eval->pretty = cli->format == CDN_FORMAT_JSON && !eval->input;
    eval->array = cli->format == CDN_FORMAT_JSON && eval->input;
    return check_limits(eval);
}

static int run(struct cdn_cli *cli, int argc, char **argv)
{
    struct eval eval = {.cli = cli,
                        .now_ms = CORDON_NO_TIME,
                        .as_of_ms = CORDON_NO_TIME,
                        .count = 1,
                        .limits = CORDON_LIMITS_INIT};
    const struct cdn_option options[] = {
        {"data", 'd', CDN_OPTION_STRING, &eval.data, "STORE",
         "the snapshot store, or one snapshot file", NULL},
        {"node", 0, CDN_OPTION_STRING, &eval.node, "LABEL:KEY", "the subject", NULL},
        {"param", 'p', CDN_OPTION_LIST, &eval.params, "NAME=VALUE",
         "a parameter; VALUE is text if declared so, else JSON", NULL},
        {"input", 'i', CDN_OPTION_STRING, &eval.input, "FILE",
         "many requests, one JSON object a line; - reads stdin", NULL},
        {"now", 0, CDN_OPTION_TIME, &eval.now_ms, "TIME",
         "the rule's present (default: --as-of, else the clock)", NULL},
        {"as-of", 0, CDN_OPTION_TIME, &eval.as_of_ms, "TIME",
         "no edge later than this exists", NULL},
        {"count", 0, CDN_OPTION_INTEGER, &eval.count, "N",
         "repeat each request N times and show p50, p90, p99", NULL},
        {"usage", 'u', CDN_OPTION_FLAG, &eval.usage, NULL,
         "show what it cost beside the limits (JSON always has it)", NULL},
        {"seed", 0, CDN_OPTION_INTEGER, &eval.seed, "N", "seeds math.random", NULL},
        {"fail", 0, CDN_OPTION_FLAG, &eval.fail, NULL,
         "exit 1 also if a rule returns no decision", NULL},
        {"propose", 0, CDN_OPTION_FLAG, &eval.propose, NULL,
         "log the proposals, for cordon proposal to decide on", NULL},
        {"log", 0, CDN_OPTION_STRING, &eval.log_path, "FILE",
         "the log of proposals, if it is not STORE/proposals.mdb", NULL},
        {"audit", 0, CDN_OPTION_STRING, &eval.audit_dir, "DIR",
         "record each decision in the log DIR (see cordon audit)", NULL},
        {"audit-key", 0, CDN_OPTION_STRING, &eval.audit_key, "FILE",
         "the file of the log's key", NULL},
        {"principal", 0, CDN_OPTION_STRING, &eval.principal, "NAME",
         "see the graph as this principal of the policy does", NULL},
        {"policy", 0, CDN_OPTION_STRING, &eval.flags.policy, "FILE",
         "the policy (default: policy.lua in the store)", NULL},
        {"config", 0, CDN_OPTION_STRING, &eval.flags.config, "FILE",
         "ceilings and more: see cordon config show", NULL},
        {"max-instructions", 0, CDN_OPTION_POSITIVE, &eval.limits.instructions, "N",
         "at most so many instructions, such as 1e6", NULL},
        {"max-edges", 0, CDN_OPTION_POSITIVE, &eval.limits.edges, "N",
         "at most so many edges read", NULL},
        {"max-nodes", 0, CDN_OPTION_POSITIVE, &eval.limits.nodes, "N",
         "at most so many nodes touched", NULL},
        {"max-hops", 0, CDN_OPTION_POSITIVE, &eval.limits.hops, "N",
         "at most so far from the subject", NULL},
        {"max-memory", 0, CDN_OPTION_SIZE, &eval.limits.memory_bytes, "SIZE",
         "at most so much memory, such as 512KiB", NULL},
        {"max-output", 0, CDN_OPTION_SIZE, &eval.limits.output_bytes, "SIZE",
         "at most so large a result", NULL},
        {"max-time", 0, CDN_OPTION_DURATION, &eval.limits.wall_ns, "TIME",
         "at most so long, such as 5ms", NULL},
    };
    cordon_error err;
    cordon_status status;
    int code;

    if (!cdn_options_parse(cli, options, CDN_COUNT(options), &argc, argv, &code))
        goto out;
    code = check_arguments(&eval, argc, argv);
    if (!code)
        code = open_all(&eval);
    if (code)
        goto out;
    cdn_error_clear(&err);
    status = eval.input ? run_input(&eval, &err) : run_single(&eval, &err);
    if (!status)
        status = finish_log(&eval, &err);
    if (status == CORDON_E_RULE) {
        show_load_error(&eval, &err);
        code = CDN_EXIT_USAGE;
    } else if (status) {
        cdn_cli_error_of(cli, &err);
        code = CDN_EXIT_DATA;
    } else {
        code = exit_code(&eval);
    }
    if (eval.input)
        summary(&eval);
    code = close_audit(&eval, code);
    code = cdn_cli_finish(cli, code);
out:
    close_all(&eval);
    return code;
}

const struct cdn_command cdn_command_eval = {
    .name = "eval",
    .summary = "evaluate a rule for one node, or for many requests",
    .run = run,
    .usage = "RULE --data STORE --node LABEL:KEY [OPTION...]\n"
             "  cordon eval RULE --data STORE --input FILE [OPTION...]",
    .examples =
        "cordon eval rules/fraud/cycle.lua -d store --node Account:17 --usage\n"
        "cordon eval rule.lua -d store --node Account:17 -p window=24h -p threshold=5\n"
        "cordon eval rule.lua -d store --input requests.ndjson > answers.ndjson\n"
        "echo '{\"node\":\"Account:17\"}' | cordon eval rule.lua -d store --input -\n"
        "cordon eval rule.lua -d store --node Account:17 --as-of 2026-11-24 --count "
        "1000\n"
        "cordon eval rule.lua -d store --input requests.ndjson --audit store/audit\n"
        "cordon eval rule.lua -d store --node Account:17 --principal analyst",
    .details =
        "A request is a JSON object on one line: {\"node\": \"Account:17\", \"now\": "
        "...,\n"
        "\"as_of\": ..., \"params\": {...}, \"seed\": N, \"id\": anything}. Every "
        "field may be\n"
        "missing; what the command line says stands in. Answers come in the order of "
        "the\n"
        "requests, each with its request's line and id, and are never kept back while "
        "the\n"
        "next request is waited for; a request that cannot be read gets an answer "
        "that\n"
        "says so. A rule that fails or is stopped is answered with its declared\n"
        "fallback. Of many requests the exit code is the first that applies of:\n"
        "3 one was malformed, 4 one was stopped by a limit, 1 one ended in error, 0.\n"
        "\n"
        "With --audit each answered decision is recorded, for cordon audit and cordon "
        "replay to\n"
        "read; of --count N evaluations the last. Exit 3 if a record could not be "
        "written.",
    .exits = "01234i",
};
