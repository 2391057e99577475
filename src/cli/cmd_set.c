/* cordon set eval: one event judged by a set of rules.
 *
 * The set is a file, with the rules it names given as files behind it, or a name in the
 * store's registry.  What it decided is shown with what each member contributed. */
#include "cli/cli.h"

#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include <cordon/audit.h>
#include <cordon/registry.h>
#include <cordon/set.h>
#include <cordon/upkeep.h>

#include "base/clock.h"
#include "base/file.h"
#include "cli/json.h"
#include "cli/lines.h"
#include "cli/registry.h"
#include "cli/request.h"

#define SCHEMA_VERSION 1

struct judging {
    struct cdn_cli *cli;
    /* options */
    const char *data, *node, *input, *audit_dir, *audit_key;
    struct cdn_strings params;
    int64_t now_ms, as_of_ms;
    uint64_t seed;
    cordon_limits limits;
    /* work */
    char set[CORDON_RULE_MAX_NAME_BYTES + 1];
    cordon_snapshot *snapshot;
    cordon_engine *engine;
    cordon_registry *registry;
    cordon_audit *audit;
    cordon_set_outcome *outcome;
    struct cdn_buf defaults, merged, text;
    uint64_t malformed, failed;
};

/* ---- setting up ---- */

static cordon_status load_files(struct judging *judging, int argc, char **argv,
                                cordon_error *err)
{
    struct cdn_buf text = {0};
    cordon_status status =
        cdn_file_read(&text, argv[0], CORDON_RULE_MAX_SOURCE_BYTES, err);

    if (!status)
        status = cordon_engine_load_set(judging->engine, (const char *)text.data,
                                        text.length, argv[0], judging->set, err);
    for (int i = 1; i < argc && !status; i++)
        status = cordon_engine_load_rule_file(judging->engine, argv[i], NULL, err);
    cdn_buf_deinit(&text);
    return status;
}

static cordon_status load_named(struct judging *judging, const char *name,
                                cordon_error *err)
{
    cordon_status status = cdn_registry_of_store(&judging->registry, judging->data,
                                                 CORDON_REGISTRY_READ_ONLY, err);

    snprintf(judging->set, sizeof(judging->set), "%s", name);
    if (!status)
        status = cordon_engine_use_registry(judging->engine, judging->registry, err);
    return status;
}

static cordon_status default_params(struct judging *judging, cordon_error *err)
{
    cordon_status status = CORDON_OK;

    for (size_t i = 0; i < judging->params.count && !status; i++) {
        struct cdn_buf one = {0}, all = {0};

        status = cdn_params_word(&one, judging->params.items[i], false, err);
        if (!status)
            status = cdn_params_merge(&all, &judging->defaults, &one, err);
        cdn_buf_deinit(&one);
        if (status) {
            cdn_buf_deinit(&all);
        } else {
            cdn_buf_deinit(&judging->defaults);
            judging->defaults = all;
        }
    }
    return status;
}

static cordon_status open_audit(struct judging *judging, cordon_error *err)
{
    cordon_audit_options options = CORDON_AUDIT_OPTIONS_INIT;
    cordon_status status;

    if (!judging->audit_dir)
        return CORDON_OK;
    options.key_file = judging->audit_key;
    status = cordon_audit_open(&judging->audit, judging->audit_dir, &options, err);
    if (!status)
        cordon_engine_use_audit(judging->engine, judging->audit);
    return status;
}

/* What was decided is on the disk, or an error. */
static int close_audit(struct judging *judging, int code)
{
    cordon_error err;
    cordon_status status;

    if (!judging->audit)
        return code;
    cordon_engine_use_audit(judging->engine, NULL);
    status = cordon_audit_close(judging->audit, &err);
    judging->audit = NULL;
    if (!status)
        return code;
    cdn_cli_error_of(judging->cli, &err);
    return CDN_EXIT_DATA;
}

static int open_all(struct judging *judging, int argc, char **argv)
{
    bool named = argc == 1 && judging->data && !strchr(argv[0], '/') &&
                 !strchr(argv[0], '.') && access(argv[0], F_OK);
    cordon_error err;
    cordon_status status = cordon_engine_new(&judging->engine, NULL, &err);

    if (!status)
        status = cordon_set_outcome_new(&judging->outcome, &err);
    if (!status && judging->data)
        status = cordon_snapshot_open(&judging->snapshot, judging->data, NULL, &err);
    if (!status && judging->snapshot)
        status = cordon_engine_set_snapshot(judging->engine, judging->snapshot, &err);
    if (!status)
        status = named ? load_named(judging, argv[0], &err)
                       : load_files(judging, argc, argv, &err);
    if (!status)
        status = default_params(judging, &err);
    if (!status)
        status = open_audit(judging, &err);
    if (!status)
        return CDN_EXIT_OK;
    cdn_cli_error_of(judging->cli, &err);
    return cdn_cli_exit_of(status);
}

static void close_all(struct judging *judging)
{
    cordon_set_outcome_free(judging->outcome);
    cordon_engine_free(judging->engine);
    (void)cordon_audit_close(judging->audit, NULL);
    cordon_registry_close(judging->registry);
    cordon_snapshot_release(judging->snapshot);
    cdn_buf_deinit(&judging->defaults);
    cdn_buf_deinit(&judging->merged);
    cdn_buf_deinit(&judging->text);
    cdn_strings_deinit(&judging->params);
}

/* ---- showing ---- */

static cordon_member member_of(const struct judging *judging, uint32_t index)
{
    cordon_member member = {.struct_size = sizeof(member)};

    (void)cordon_set_outcome_member(&member, judging->outcome, index);
    return member;
}

static void json_member(struct cdn_json *json, const cordon_member *member)
{
    cdn_json_object(json);
    cdn_json_key_cstr(json, "rule", member->rule);
    if (member->version) {
        cdn_json_key_uint(json, "version", member->version);
        cdn_json_key_cstr(json, "variant", cordon_variant_str(member->variant));
    }
    if (member->status) {
        cdn_json_key_cstr(json, "status", cordon_status_name(member->status));
    } else {
        cdn_json_key_cstr(json, "outcome", cordon_outcome_kind_str(member->kind));
        if (member->limit)
            cdn_json_key_cstr(json, "limit", cordon_budget_str(member->limit));
    }
    if (member->message[0])
        cdn_json_key_cstr(json, "message", member->message);
    if (member->decision) {
        cdn_json_key_cstr(json, "decision", member->decision);
        cdn_json_key_bool(json, "fallback", member->fallback);
    }
    if (member->has_score)
        cdn_json_key_double(json, "score", member->score);
    if (member->weight != 1)
        cdn_json_key_double(json, "weight", member->weight);
    cdn_json_key_bool(json, "has_say", member->has_say);
    cdn_json_key_bool(json, "decided", member->decided);
    if (member->reasons.length) {
        cdn_json_key(json, "reasons");
        cdn_json_value(json, &member->reasons);
    }
    if (member->output.type != CORDON_NIL) {
        cdn_json_key(json, "output");
        cdn_json_value(json, &member->output);
    }
    cdn_json_key_uint(json, "instructions", member->usage.instructions);
    cdn_json_key_uint(json, "edges", member->usage.edges);
    cdn_json_key_uint(json, "wall_ns", member->usage.wall_ns);
    cdn_json_object_end(json);
}

static void json_begin(struct judging *judging, struct cdn_json *json,
                       const struct cdn_request *request, uint64_t line)
{
    cdn_buf_clear(&judging->text);
    cdn_json_init(json, &judging->text, judging->cli->format == CDN_FORMAT_JSON);
    cdn_json_object(json);
    cdn_json_key_uint(json, "schema_version", SCHEMA_VERSION);
    if (request->has_id) {
        cdn_json_key(json, "id");
        cdn_json_value(json, &request->id);
    }
    if (line)
        cdn_json_key_uint(json, "line", line);
    cdn_json_key_cstr(json, "set", judging->set);
}

static cordon_status json_end(struct judging *judging, struct cdn_json *json,
                              cordon_error *err)
{
    cdn_json_object_end(json);
    cdn_buf_text(&judging->text, "\n");
    if (judging->text.failed)
        return cdn_error_nomem(err);
    fwrite(judging->text.data, 1, judging->text.length, judging->cli->out);
    return CORDON_OK;
}

static cordon_status show_json(struct judging *judging,
                               const struct cdn_request *request, uint64_t line,
                               cordon_error *err)
{
    const cordon_set_outcome *outcome = judging->outcome;
    struct cdn_json json;
    double score;

    json_begin(judging, &json, request, line);
    cdn_json_key(&json, "decision");
    if (cordon_set_outcome_decision(outcome))
        cdn_json_cstr(&json, cordon_set_outcome_decision(outcome));
    else
        cdn_json_null(&json);
    cdn_json_key_bool(&json, "fallback", cordon_set_outcome_is_fallback(outcome));
    if (cordon_set_outcome_score(outcome, &score))
        cdn_json_key_double(&json, "score", score);
    cdn_json_key_uint(&json, "failed", cordon_set_outcome_failed(outcome));
    if (judging->snapshot)
        cdn_json_key_uint(&json, "generation", cordon_set_outcome_generation(outcome));
    cdn_json_key_uint(&json, "wall_ns", cordon_set_outcome_wall_ns(outcome));
    cdn_json_key(&json, "members");
    cdn_json_array(&json);
    for (uint32_t i = 0; i < cordon_set_outcome_count(outcome); i++) {
        cordon_member member = member_of(judging, i);

        json_member(&json, &member);
    }
    cdn_json_array_end(&json);
    return json_end(judging, &json, err);
}

static void show_reasons(FILE *to, const cordon_member *member)
{
    cordon_value_iter iter;
    cordon_value reason;

    cordon_value_iter_init(&iter, &member->reasons);
    while (cordon_value_next(&iter, NULL, &reason)) {
        char shown[512];

        fprintf(to, "      - %s\n",
                cdn_escape(shown, sizeof(shown), reason.as.string, reason.length));
    }
}

/* "  > cycle            deny     0.93" with what it said below. */
static void show_member(const struct judging *judging, const cordon_member *member)
{
    FILE *to = judging->cli->out;
    bool color = judging->cli->out_color;
    char score[32] = "";

    if (member->has_score)
        snprintf(score, sizeof(score), "%.4g", member->score);
    fprintf(to, "  %s %-24s %-10s %s%s%s\n", member->decided ? ">" : " ", member->rule,
            member->decision ? member->decision : "-", score,
            member->fallback ? " (its fallback)" : "",
            member->decision && !member->has_say ? " (not a decision of the set)" : "");
    if (member->message[0])
        fprintf(to, "      %s%s%s\n", cdn_style(color, CDN_STYLE_RED), member->message,
                cdn_style_end(color));
    show_reasons(to, member);
}

static void show_pretty(const struct judging *judging,
                        const struct cdn_request *request)
{
    const cordon_set_outcome *outcome = judging->outcome;
    const char *decision = cordon_set_outcome_decision(outcome);
    FILE *to = judging->cli->out;
    bool color = judging->cli->out_color;
    char node[256];
    double score;

    fprintf(to, "%s%s%s", cdn_style(color, CDN_STYLE_BOLD), judging->set,
            cdn_style_end(color));
    if (request->has_node)
        fprintf(to, "  %s:%s", request->label,
                cdn_escape(node, sizeof(node), (const char *)request->key.data,
                           request->key.length));
    fprintf(to, "  %s%s", decision ? decision : "no decision",
            cordon_set_outcome_is_fallback(outcome) && decision
                ? " (the set's fallback)"
                : "");
    if (cordon_set_outcome_score(outcome, &score))
        fprintf(to, "  %.4g", score);
    fputs("\n", to);
    for (uint32_t i = 0; i < cordon_set_outcome_count(outcome); i++) {
        cordon_member member = member_of(judging, i);

        show_member(judging, &member);
    }
}

/* ---- judging ---- */

static cordon_status refuse(struct judging *judging, const struct cdn_request *request,
                            uint64_t line, const cordon_error *why, cordon_error *err)
{
    struct cdn_json json;

    judging->malformed++;
    if (!line || judging->cli->format == CDN_FORMAT_PRETTY) {
        cdn_cli_error_of(judging->cli, why);
        return CORDON_OK;
    }
    json_begin(judging, &json, request, line);
    cdn_json_key(&json, "error");
    cdn_json_object(&json);
    cdn_json_key_cstr(&json, "status", cordon_status_name(why->status));
    cdn_json_key_cstr(&json, "message", why->message);
    cdn_json_object_end(&json);
    return json_end(judging, &json, err);
}

static cordon_status make_call(struct judging *judging, cordon_request *call,
                               const struct cdn_request *request, cordon_error *err)
{
    const struct cdn_buf *params = &request->params;

    if (request->has_node) {
        call->label = request->label;
        call->key = (const char *)request->key.data;
        call->key_bytes = request->key.length;
    }
    call->as_of_ms = request->has_as_of ? request->as_of_ms : judging->as_of_ms;
    call->now_ms = request->has_now                    ? request->now_ms
                   : judging->now_ms != CORDON_NO_TIME ? judging->now_ms
                   : call->as_of_ms != CORDON_NO_TIME  ? call->as_of_ms
                                                       : cdn_clock_wall_ms();
    call->seed = request->has_seed ? request->seed : judging->seed;
    call->limits = &judging->limits;
    call->cancel = judging->cli->cancel;
    if (judging->defaults.length) {
        cdn_buf_clear(&judging->merged);
        if (cdn_params_merge(&judging->merged, &judging->defaults, params, err))
            return err->status;
        params = &judging->merged;
    }
    if (params->length) {
        call->params = params->data;
        call->params_bytes = params->length;
    }
    return CORDON_OK;
}

static cordon_status process(struct judging *judging, const struct cdn_request *request,
                             uint64_t line, cordon_status status, cordon_error *err)
{
    cordon_request call = CORDON_REQUEST_INIT;
    cordon_error why = *err;

    if (!status)
        status = make_call(judging, &call, request, &why);
    if (!status)
        status = cordon_evaluate_set(judging->outcome, judging->engine, judging->set,
                                     &call, &why);
    if (status == CORDON_E_NOMEM)
        return cdn_error_nomem(err);
    if (status)
        return refuse(judging, request, line, &why, err);
    if (cordon_set_outcome_failed(judging->outcome))
        judging->failed++;
    if (judging->cli->format != CDN_FORMAT_PRETTY)
        return show_json(judging, request, line, err);
    show_pretty(judging, request);
    return CORDON_OK;
}

static void on_waiting(void *ud)
{
    fflush(((struct judging *)ud)->cli->out);
}

static bool on_stopped(void *ud)
{
    return cdn_cli_stopped(((struct judging *)ud)->cli);
}

static cordon_status run_input(struct judging *judging, cordon_error *err)
{
    struct cdn_request request = {0};
    struct cdn_lines lines;
    cordon_status status = cdn_lines_open(&lines, judging->input, err);
    bool got = true;

    if (status)
        return status;
    lines.waiting = on_waiting;
    lines.stopped = on_stopped;
    lines.ud = judging;
    while (!status && got && !on_stopped(judging)) {
        cordon_status read;

        status = cdn_lines_next(&lines, &got, err);
        if (status || !got)
            break;
        if (lines.too_long) {
            cdn_request_clear(&request);
            read = cdn_error_set(err, CORDON_E_DATA,
                                 "the line is longer than %u bytes, the most a request "
                                 "may have",
                                 CDN_LINE_MAX);
        } else {
            read = cdn_request_parse(&request, (const char *)lines.text.data,
                                     lines.text.length, err);
        }
        status = process(judging, &request, lines.number, read, err);
    }
    cdn_request_deinit(&request);
    cdn_lines_close(&lines);
    return status == CORDON_E_INTERRUPTED ? CORDON_OK : status;
}

static cordon_status run_single(struct judging *judging, cordon_error *err)
{
    struct cdn_request request = {0};
    cordon_status status = CORDON_OK;

    if (judging->node)
        status = cdn_request_node(&request, judging->node, strlen(judging->node), err);
    status = process(judging, &request, 0, status, err);
    cdn_request_deinit(&request);
    return status;
}

/* ---- the command ---- */

static int run(struct cdn_cli *cli, int argc, char **argv)
{
    struct judging judging = {.cli = cli,
                              .now_ms = CORDON_NO_TIME,
                              .as_of_ms = CORDON_NO_TIME,
                              .limits = CORDON_LIMITS_INIT};
    const struct cdn_option options[] = {
        {"data", 'd', CDN_OPTION_STRING, &judging.data, "STORE",
         "the snapshot store, or one snapshot file", NULL},
        {"node", 0, CDN_OPTION_STRING, &judging.node, "LABEL:KEY", "the subject", NULL},
        {"param", 'p', CDN_OPTION_LIST, &judging.params, "NAME=VALUE",
         "a parameter, for the members that declare it; VALUE is JSON or text", NULL},
        {"input", 'i', CDN_OPTION_STRING, &judging.input, "FILE",
         "many requests, one JSON object a line; - reads stdin", NULL},
        {"now", 0, CDN_OPTION_TIME, &judging.now_ms, "TIME",
         "the rules' present (default: --as-of, else the clock)", NULL},
        {"as-of", 0, CDN_OPTION_TIME, &judging.as_of_ms, "TIME",
         "no edge later than this exists", NULL},
        {"seed", 0, CDN_OPTION_INTEGER, &judging.seed, "N", "seeds math.random", NULL},
        {"audit", 0, CDN_OPTION_STRING, &judging.audit_dir, "DIR",
         "record each decision in the log DIR (see cordon audit)", NULL},
        {"audit-key", 0, CDN_OPTION_STRING, &judging.audit_key, "FILE",
         "the file of the log's key", NULL},
        {"max-time", 0, CDN_OPTION_DURATION, &judging.limits.wall_ns, "TIME",
         "at most so long for all members together, such as 5ms", NULL},
    };
    cordon_status status;
    cordon_error err;
    int code;

    if (!cdn_options_parse(cli, options, CDN_COUNT(options), &argc, argv, &code))
        goto out;
    code = CDN_EXIT_OK;
    if (argc == 0)
        code =
            cdn_cli_usage(cli, "no set given; name a set, or its file and its rules'");
    else if (judging.node && judging.input)
        code = cdn_cli_usage(cli, "--node and --input exclude each other");
    else if (judging.audit_key && !judging.audit_dir)
        code = cdn_cli_usage(cli, "--audit-key without --audit DIR");
    if (cli->format == CDN_FORMAT_AUTO)
        cli->format = cli->out_tty ? CDN_FORMAT_PRETTY : CDN_FORMAT_NDJSON;
    if (!code)
        code = open_all(&judging, argc, argv);
    if (code)
        goto out;
    cdn_error_clear(&err);
    status = judging.input ? run_input(&judging, &err) : run_single(&judging, &err);
    if (status)
        cdn_cli_error_of(cli, &err);
    code = status                 ? cdn_cli_exit_of(status)
           : cdn_cli_stopped(cli) ? CDN_EXIT_INTERRUPTED
           : judging.malformed    ? CDN_EXIT_DATA
           : judging.failed       ? CDN_EXIT_FINDINGS
                                  : CDN_EXIT_OK;
    code = close_audit(&judging, code);
    code = cdn_cli_finish(cli, code);
out:
    close_all(&judging);
    return code;
}

const struct cdn_command cdn_command_set_eval = {
    .name = "set eval",
    .summary = "have a set of rules judge one event, or many",
    .run = run,
    .usage = "SET [RULE.lua...] --data STORE --node LABEL:KEY [OPTION...]",
    .examples =
        "cordon set eval payment.lua rules/fraud/*.lua -d store --node Account:17\n"
        "cordon set eval payment -d store --node Account:17  # as the registry says\n"
        "cordon set eval payment -d store --input events.ndjson > judged.ndjson",
    .details =
        "A set names rules and says how what they decide combines: the most severe "
        "decision,\n"
        "the highest score, a weighted sum against thresholds, or a rule of its own. "
        "Each member\n"
        "runs in its own sandbox; one that fails has its fallback as its say and "
        "spoils "
        "none of\n"
        "the others. Requests are those of cordon eval. Exit 3 if one was malformed, 1 "
        "if a\n"
        "member failed.",
    .exits = "0123i",
};
