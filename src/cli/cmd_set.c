/* cordon set eval: one event judged by a set of rules.
 *
 * The set is a file, with the rules it names given as files behind it, or a name in the
 * store's registry.  What it decided is shown with what each member contributed. */
#include "cli/cli.h"

#include <inttypes.h>
#include <string.h>

#include <cordon/set.h>
#include <cordon/upkeep.h>

#include "base/file.h"
#include "codec/answer.h"
#include "codec/json.h"
#include "cli/proposing.h"
#include "cli/session.h"

#define SCHEMA_VERSION 1

struct judging {
    struct cdn_cli *cli;
    struct cdn_session session;
    char set[CORDON_RULE_MAX_NAME_BYTES + 1];
    struct cdn_proposing proposing;
    cordon_set_outcome *outcome;
    struct cdn_buf text;
    uint64_t malformed, failed;
};

/* ---- setting up ---- */

static cordon_status load_files(struct judging *judging, int argc, char **argv,
                                cordon_error *err)
{
    cordon_engine *engine = judging->session.engine;
    struct cdn_buf text = {0};
    cordon_status status =
        cdn_file_read(&text, argv[0], CORDON_RULE_MAX_SOURCE_BYTES, err);

    if (!status)
        status = cordon_engine_load_set(engine, (const char *)text.data, text.length,
                                        argv[0], judging->set, err);
    for (int i = 1; i < argc && !status; i++)
        status = cordon_engine_load_rule_file(engine, argv[i], NULL, err);
    cdn_buf_deinit(&text);
    return status;
}

/* Does a member declare the parameter of "name=value" as a string? */
static bool takes_text(const void *ud, const char *word)
{
    const struct judging *judging = ud;
    cordon_engine *engine = judging->session.engine;
    char rule[CORDON_RULE_MAX_NAME_BYTES + 1];

    for (uint32_t i = 0; !cordon_engine_set_rule(rule, engine, judging->set, i, NULL);
         i++)
        if (cdn_session_takes_text(engine, rule, word))
            return true;
    return false;
}

static int open_all(struct judging *judging, int argc, char **argv)
{
    struct cdn_session *session = &judging->session;
    int code = cdn_session_open(session);
    cordon_status status;
    cordon_error err;

    if (code)
        return code;
    status = cordon_set_outcome_new(&judging->outcome, &err);
    if (!status && argc == 1 && cdn_session_is_name(session, argv[0])) {
        snprintf(judging->set, sizeof(judging->set), "%s", argv[0]);
        status = cdn_session_use_registry(session, &err);
    } else if (!status) {
        status = load_files(judging, argc, argv, &err);
    }
    if (status) {
        cdn_cli_error_of(judging->cli, &err);
        return cdn_cli_exit_of(status);
    }
    code = cdn_session_begin(session, takes_text, judging);
    if (!code)
        code = cdn_proposing_open(&judging->proposing);
    if (!code)
        cordon_engine_use_audit(session->engine, session->audit);
    return code;
}

/* ---- showing ---- */

static cordon_member member_of(const struct judging *judging, uint32_t index)
{
    cordon_member member = {.struct_size = sizeof(member)};

    (void)cordon_set_outcome_member(&member, judging->outcome, index);
    return member;
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
    struct cdn_json json;

    json_begin(judging, &json, request, line);
    cdn_answer_set(&json, judging->outcome, judging->session.snapshot != NULL);
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
    if (cordon_set_outcome_message(outcome)[0])
        fprintf(to, "      %s%s%s\n", cdn_style(color, CDN_STYLE_RED),
                cordon_set_outcome_message(outcome), cdn_style_end(color));
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

static cordon_status process(void *ud, const struct cdn_request *request, uint64_t line,
                             cordon_status status, cordon_error *err)
{
    struct judging *judging = ud;
    cordon_request call = CORDON_REQUEST_INIT;
    cordon_error why = *err;

    if (!status)
        status = cdn_session_call(&call, &judging->session, request, &why);
    if (!status)
        status = cordon_evaluate_set(judging->outcome, judging->session.engine,
                                     judging->set, &call, &why);
    if (status == CORDON_E_NOMEM)
        return cdn_error_nomem(err);
    if (status)
        return refuse(judging, request, line, &why, err);
    status = cdn_proposing_add_set(&judging->proposing, judging->outcome, line, err);
    if (status)
        return status;
    if (cordon_set_outcome_failed(judging->outcome) ||
        cordon_set_outcome_get_kind(judging->outcome) != CORDON_OUTCOME_OK)
        judging->failed++;
    if (judging->cli->format != CDN_FORMAT_PRETTY)
        return show_json(judging, request, line, err);
    show_pretty(judging, request);
    return CORDON_OK;
}

static void on_waiting(void *ud)
{
    struct judging *judging = ud;

    cdn_proposing_waiting(&judging->proposing);
}

/* ---- the command ---- */

static int run(struct cdn_cli *cli, int argc, char **argv)
{
    struct judging judging = {.cli = cli, .session = CDN_SESSION_INIT(cli)};
    const struct cdn_option options[] = {
        CDN_SESSION_OPTIONS(judging.session),
        CDN_PROPOSING_OPTIONS(judging.proposing),
        CDN_SESSION_GRANT_OPTIONS(judging.session),
        CDN_TIER_OPTION(judging.session.tier),
        CDN_SLICE_OPTION(judging.session.tier),
        {"max-time", 0, CDN_OPTION_DURATION, &judging.session.limits.wall_ns, "TIME",
         "at most so long for all members together, such as 5ms", NULL},
    };
    cordon_status status;
    cordon_error err;
    int code;

    if (!cdn_options_parse(cli, options, CDN_COUNT(options), &argc, argv, &code))
        goto out;
    if (!cdn_options_leave_out_tests(cli, &argc, argv, &code))
        goto out;
    code = argc ? cdn_session_check(&judging.session)
                : cdn_cli_usage(cli, "no set given; name a set, or its file and its "
                                     "rules'");
    if (cli->format == CDN_FORMAT_AUTO)
        cli->format = cli->out_tty ? CDN_FORMAT_PRETTY : CDN_FORMAT_NDJSON;
    if (!code)
        code = cdn_proposing_check(&judging.proposing, &judging.session);
    if (!code)
        code = open_all(&judging, argc, argv);
    if (code)
        goto out;
    cdn_error_clear(&err);
    status = cdn_session_run(&judging.session, process, on_waiting, &judging, &err);
    if (!status)
        status = cdn_proposing_finish(&judging.proposing, &err);
    if (status)
        cdn_cli_error_of(cli, &err);
    code = status                 ? cdn_cli_exit_of(status)
           : cdn_cli_stopped(cli) ? CDN_EXIT_INTERRUPTED
           : judging.malformed    ? CDN_EXIT_DATA
           : judging.failed       ? CDN_EXIT_FINDINGS
                                  : CDN_EXIT_OK;
    code = cdn_session_close_log(&judging.session, code);
    code = cdn_cli_finish(cli, code);
out:
    cdn_proposing_close(&judging.proposing);
    cordon_set_outcome_free(judging.outcome);
    cdn_session_deinit(&judging.session);
    cdn_buf_deinit(&judging.text);
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
        "decision, the highest score, a weighted sum against thresholds, or a rule of "
        "its own. Each member runs in its own sandbox; one that fails has its fallback "
        "as its say and spoils none of the others. A principal is granted the set by "
        "its name, and each member by its own. Requests are those of cordon eval. "
        "--propose logs what every member that answered proposes, whatever the set "
        "decided. Exit "
        "3 if one was malformed, 1 if a member failed or the set was not run.",
    .exits = "0123i",
};
