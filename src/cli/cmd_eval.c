/* cordon eval: one rule over one node, or over many requests from a file or a pipe.
 *
 * It uses the public API alone and so is the library's first embedder.  Requests are
 * read, judged and answered one at a time, in order: memory does not grow with their
 * number, and a request that cannot be read gets an answer of its own and harms no
 * other.
 *
 * With --explain, --profile or --coverage one trace goes into every request (traced.h):
 * explained is each for itself, the other two are of all of them together and stand behind
 * the last answer.
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
#include <cordon/upkeep.h>

#include "base/alloc.h"
#include "base/file.h"
#include "cli/eval.h"
#include "codec/json.h"
#include "cli/proposing.h"
#include "cli/session.h"
#include "engine/registry.h"

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
    struct cdn_session session;
    /* options */
    uint64_t count;
    bool usage;
    bool fail;
    struct cdn_proposing proposing;
    struct cdn_traced_options tracing;
    /* work */
    struct cdn_eval_rule rule;
    cordon_outcome *outcome;
    struct cdn_buf text; /* one answer */
    struct cdn_traced traced;
    uint64_t *times;
    struct tally tally;
    uint64_t answers;
    bool loaded; /* the rule, that is */
    bool pretty;
    bool array; /* many answers as one JSON text */
};

/* ---- setting up ---- */

static bool takes_text(const void *ud, const char *word)
{
    const struct eval *eval = ud;

    return cdn_session_takes_text(eval->session.engine, eval->rule.name, word);
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
    if (eval->session.data)
        cdn_cli_note(eval->cli, "every fault: cordon check %s --data %s",
                     eval->rule.file, eval->session.data);
    else if (eval->loaded)
        cdn_cli_note(eval->cli, "give the snapshot: --data STORE");
    else
        cdn_cli_note(eval->cli, "every fault: cordon check %s", eval->rule.file);
}

static cordon_status read_rule(struct eval *eval, cordon_error *err)
{
    unsigned char hash[CDN_CONTENT_HASH_BYTES];
    cordon_status status = cdn_file_read(&eval->rule.source, eval->rule.file,
                                         CORDON_RULE_MAX_SOURCE_BYTES, err);

    if (status)
        return status;
    cdn_hash_content(hash, eval->rule.source.data, eval->rule.source.length);
    cdn_hash_hex(eval->rule.digest, hash, sizeof(hash));
    return CORDON_OK;
}

/* Load the rule: its file, or what decides under its name in the store's registry. */
static int load(struct eval *eval, bool named)
{
    struct cdn_session *session = &eval->session;
    cordon_status status;
    cordon_error err;

    cdn_error_clear(&err);
    if (named) {
        snprintf(eval->rule.name, sizeof(eval->rule.name), "%s", eval->rule.file);
        status = cdn_session_use_registry(session, &err);
        if (status)
            cdn_cli_error_of(eval->cli, &err);
    } else {
        status = cordon_engine_load_rule(
            session->engine, (const char *)eval->rule.source.data,
            eval->rule.source.length, eval->rule.file, eval->rule.name, &err);
        if (status)
            show_load_error(eval, &err);
    }
    eval->loaded = !status;
    /* the first request is not to wait for a worker */
    if (!status && session->tier.wall) {
        status = cordon_engine_warm(session->engine, eval->rule.name, &err);
        if (status)
            cdn_cli_error_of(eval->cli, &err);
    }
    return cdn_cli_exit_of(status);
}

/* Open everything; an exit code. */
static int open_all(struct eval *eval)
{
    struct cdn_session *session = &eval->session;
    bool named = cdn_session_is_name(session, eval->rule.file);
    cordon_error err;
    int code;

    if (!named && read_rule(eval, &err)) {
        cdn_cli_error_of(eval->cli, &err);
        return CDN_EXIT_USAGE;
    }
    if (cordon_outcome_new(&eval->outcome, &err)) {
        cdn_cli_error_of(eval->cli, &err);
        return CDN_EXIT_DATA;
    }
    code = cdn_session_open(session);
    if (!code)
        code = load(eval, named);
    if (!code)
        code = cdn_session_begin(session, takes_text, eval);
    if (code)
        return code;
    code = cdn_proposing_open(&eval->proposing);
    if (code)
        return code;
    if (cdn_traced_wanted(&eval->tracing) &&
        cdn_traced_init(&eval->traced, &eval->tracing, &err)) {
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
    cdn_proposing_close(&eval->proposing);
    cordon_outcome_free(eval->outcome);
    cdn_session_deinit(&eval->session);
    cdn_buf_deinit(&eval->rule.source);
    cdn_buf_deinit(&eval->text);
    cdn_traced_deinit(&eval->traced);
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

/* The last of the evaluations goes into the log, as an engine in service writes it: with its
 * shadows, and as seldom as the policy says. */
static cordon_status judge(struct eval *eval, const cordon_request *call,
                           struct cdn_eval_timing *timing, cordon_error *err)
{
    cordon_engine *engine = eval->session.engine;
    cordon_status status = CORDON_OK;
    uint64_t done = 0;

    do {
        bool last = done + 1 == eval->count;

        cordon_engine_use_audit(engine, last ? eval->session.audit : NULL);
        status = cordon_evaluate(eval->outcome, engine, eval->rule.name, call, err);
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

/* Have the text at hand that was traced: the file's, or what the registry has of the version
 * that ran. */
static cordon_status find_text(struct eval *eval, cordon_error *err)
{
    const cordon_outcome *outcome = eval->outcome;
    struct cdn_traced *traced = &eval->traced;
    struct cdn_buf text = {0};
    cordon_status status;

    if (!traced->trace || !cdn_traced_is_new(traced))
        return CORDON_OK;
    if (eval->rule.source.length)
        return cdn_traced_take(traced, (const char *)eval->rule.source.data,
                               eval->rule.source.length, eval->rule.file, err);
    status = cdn_registry_text(&text, eval->session.registry, eval->rule.name,
                               cordon_outcome_version(outcome), err);
    if (status != CORDON_E_NOMEM)
        status = cdn_traced_take(traced, status ? NULL : (const char *)text.data,
                                 text.length, eval->rule.name, err);
    cdn_buf_deinit(&text);
    return status;
}

static bool is_explained(const struct eval *eval)
{
    bool ok = cordon_outcome_get_kind(eval->outcome) == CORDON_OUTCOME_OK;

    return eval->tracing.explain == 2 || (eval->tracing.explain == 3 && !ok);
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

/* A rule that asks for the node of a request without one fails like any other, but it is
 * the command line that lacks something. */
static void note_missing_node(struct eval *eval, const struct cdn_eval_result *result)
{
    const char *message;

    if (result->status || result->line || result->request->has_node ||
        cordon_outcome_get_kind(result->outcome) != CORDON_OUTCOME_ERROR)
        return;
    message = cordon_outcome_message(result->outcome);
    if (message && strstr(message, "'node' (a nil value)"))
        cdn_cli_note(eval->cli, "the request has no node; give one: --node LABEL:KEY");
}

/* False: out of memory. */
static bool answer(struct eval *eval, const struct cdn_eval_result *result)
{
    FILE *out = eval->cli->out;

    count_result(&eval->tally, result);
    note_missing_node(eval, result);
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

/* Judge and answer one request, which `status` says was read; CORDON_E_NOMEM ends all.
 */
static cordon_status process(void *ud, const struct cdn_request *request, uint64_t line,
                             cordon_status status, cordon_error *err)
{
    struct eval *eval = ud;
    cordon_request call = CORDON_REQUEST_INIT;
    struct cdn_eval_result result = {.rule = &eval->rule,
                                     .request = request,
                                     .line = line,
                                     .logged =
                                         eval->session.audit || eval->proposing.wanted,
                                     .err = err};

    if (!status)
        status = cdn_session_call(&call, &eval->session, request, err);
    if (!status) {
        call.trace = eval->traced.trace;
        status = judge(eval, &call, &result.timing, err);
        result.call = &call;
    }
    if (!status)
        status = find_text(eval, err);
    if (!status && eval->traced.trace) {
        result.traced = &eval->traced;
        result.explain = is_explained(eval);
        result.alone = !line;
    }
    if (status == CORDON_E_NOMEM || status == CORDON_E_RULE)
        return status;
    if (!status && cdn_proposing_add(&eval->proposing, eval->outcome, line, err))
        return err->status;
    result.status = status;
    result.outcome = status ? NULL : eval->outcome;
    result.snapshot_id =
        eval->session.snapshot ? cordon_snapshot_identity(eval->session.snapshot) : 0;
    return answer(eval, &result) ? CORDON_OK : cdn_error_nomem(err);
}

static void on_waiting(void *ud)
{
    struct eval *eval = ud;

    cdn_proposing_waiting(&eval->proposing);
}

/* What is of all requests together, behind the last answer; a lone JSON record has it. */
static cordon_status show_totals(struct eval *eval, cordon_error *err)
{
    const struct cdn_traced *traced = &eval->traced;
    bool color = eval->cli->out_color;
    FILE *out = eval->cli->out;

    if (!traced->trace || !cordon_trace_get_summary(traced->trace)->runs ||
        !(eval->tracing.profile || eval->tracing.coverage))
        return CORDON_OK;
    if (eval->cli->format == CDN_FORMAT_PRETTY) {
        if (eval->tracing.profile) {
            fputc('\n', out);
            cdn_profile_show(out, color, traced);
        }
        if (eval->tracing.coverage) {
            fputc('\n', out);
            cdn_coverage_show(out, color, traced);
        }
        return CORDON_OK;
    }
    if (!eval->session.input)
        return CORDON_OK;
    cdn_buf_clear(&eval->text);
    cdn_eval_json_totals(&eval->text, traced, eval->array);
    if (eval->text.failed)
        return cdn_error_nomem(err);
    fwrite(eval->text.data, 1, eval->text.length, out);
    if (!eval->array)
        fputc('\n', out);
    return CORDON_OK;
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

/* ---- the command ---- */

static int check_arguments(struct eval *eval, int argc, char **argv)
{
    struct cdn_cli *cli = eval->cli;
    int code;

    if (argc == 0)
        return cdn_cli_usage(cli, "no rule given; name a rule's file");
    if (argc > 1)
        return cdn_cli_usage(cli, "one rule at a time; found '%s' and '%s'", argv[0],
                             argv[1]);
    code = cdn_proposing_check(&eval->proposing, &eval->session);
    if (code)
        return code;
    if (eval->count == 0 || eval->count > MAX_COUNT)
        return cdn_cli_usage(cli, "--count takes 1 to %" PRIu64, MAX_COUNT);
    eval->rule.file = argv[0];
    if (cli->format == CDN_FORMAT_AUTO)
        cli->format = cli->out_tty ? CDN_FORMAT_PRETTY : CDN_FORMAT_NDJSON;
    eval->pretty = cli->format == CDN_FORMAT_JSON && !eval->session.input;
    eval->array = cli->format == CDN_FORMAT_JSON && eval->session.input;
    if (eval->array) {
        eval->session.opening = "{\"schema_version\": 1, \"results\": [\n";
        eval->session.closing = "\n]";
    }
    return cdn_session_check(&eval->session);
}

static int run(struct cdn_cli *cli, int argc, char **argv)
{
    struct eval eval = {.cli = cli, .session = CDN_SESSION_INIT(cli), .count = 1};
    const struct cdn_option options[] = {
        CDN_SESSION_OPTIONS(eval.session),
        {"count", 0, CDN_OPTION_INTEGER, &eval.count, "N",
         "repeat each request N times and show p50, p90, p99", NULL},
        {"usage", 'u', CDN_OPTION_FLAG, &eval.usage, NULL,
         "show what it cost beside the limits (JSON always has it)", NULL},
        {"explain", 0, CDN_OPTION_CHOICE, &eval.tracing.explain, "WHICH",
         "show which lines ran, with which values and reads", "off|full|fails"},
        {"profile", 0, CDN_OPTION_FLAG, &eval.tracing.profile, NULL,
         "show what each line cost, dearest first", NULL},
        {"coverage", 0, CDN_OPTION_FLAG, &eval.tracing.coverage, NULL,
         "show which lines and branches ran, and which never", NULL},
        {"fail", 0, CDN_OPTION_FLAG, &eval.fail, NULL,
         "exit 1 also if a rule returns no decision", NULL},
        CDN_PROPOSING_OPTIONS(eval.proposing),
        CDN_SESSION_GRANT_OPTIONS(eval.session),
        CDN_TIER_OPTION(eval.session.tier),
        CDN_SLICE_OPTION(eval.session.tier),
        CDN_SESSION_LIMIT_OPTIONS(eval.session),
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
    status = cdn_session_run(&eval.session, process, on_waiting, &eval, &err);
    if (!status)
        status = show_totals(&eval, &err);
    if (eval.session.opened)
        fputs("}\n", cli->out);
    if (!status)
        status = cdn_proposing_finish(&eval.proposing, &err);
    if (status == CORDON_E_RULE) {
        show_load_error(&eval, &err);
        code = CDN_EXIT_USAGE;
    } else if (status) {
        cdn_cli_error_of(cli, &err);
        code = CDN_EXIT_DATA;
    } else {
        code = exit_code(&eval);
    }
    if (eval.session.input)
        summary(&eval);
    code = cdn_session_close_log(&eval.session, code);
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
        "cordon eval rule.lua -d store --node Account:17 --principal analyst\n"
        "cordon eval rule.lua -d store --node Account:17 --explain full\n"
        "cordon eval rule.lua -d store --input requests.ndjson --profile --coverage\n"
        "cordon eval fan_out -d store --node Account:17  # as the registry says",
    .details =
        "RULE is a rule's file, or the name of a rule in the store's registry (cordon "
        "rule): then the version that decides for this node runs.\n\n"
        "A request is a JSON object on one line: {\"node\": \"Account:17\", \"now\": "
        "..., \"as_of\": ..., \"params\": {...}, \"seed\": N, \"id\": anything}. Every "
        "field may be missing; what the command line says stands in. Answers come in "
        "the order of the requests, each with its request's line and id, and are never "
        "kept back while the next request is waited for; a request that cannot be read "
        "gets an answer that says so. A rule that fails or is stopped is answered with "
        "its declared fallback. Of many requests the exit code is the first that "
        "applies of: 3 one was malformed, 4 one was stopped by a limit, 1 one ended in "
        "error, 0.\n\n"
        "--explain full shows beside the rule's lines that ran what they set, what of "
        "the "
        "graph they read, and where they branched; --explain fails does so only for "
        "evaluations that end in error or at a limit. --profile and --coverage are of "
        "all "
        "requests together and stand behind the last answer; as JSON they are fields "
        "of a "
        "lone record, else of one more at the end. Nothing that is traced changes what "
        "a "
        "rule answers or what it is charged.\n\n"
        "With --audit each answered decision is recorded, for cordon audit and cordon "
        "replay to read, and its answer has the record's decision_id; of --count N "
        "evaluations the last. Exit 3 if a record could not be written.",
    .exits = "01234i",
};
