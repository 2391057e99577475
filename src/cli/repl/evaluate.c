/* One input: run in the console, and what is told of it.
 *
 * An error is told with the line of the transcript that it names, which may be of an input
 * long ago: a function's own line says more than the call that led to it. */
#include "cli/repl/repl.h"

#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "base/suggest.h"
#include "codec/json.h"
#include "graph/manual.h"

/* ---- limits ---- */

/* What --limits offers.  Those of `online` are what the engine gives to a rule that declares
 * none (cordon/engine.h), `batch` is for work that nobody waits for, `repl` for a person. */
static const cordon_limits profiles[] = {
    {sizeof(cordon_limits), 1000000, 100000, 512 * 1024, 64 * 1024, 100000000, 1000000,
     100},
    {sizeof(cordon_limits), 1000000000, 100000000, UINT64_C(64) << 20,
     UINT64_C(1) << 20, UINT64_C(60000000000), 100000000, 1000},
    {sizeof(cordon_limits), 100000000, 10000000, UINT64_C(32) << 20, UINT64_C(1) << 20,
     UINT64_C(10000000000), 10000000, 100},
};

static uint64_t first_of(uint64_t flag, uint64_t profile)
{
    return flag ? flag : profile;
}

void cdn_repl_resolve_limits(struct cdn_repl *repl)
{
    const cordon_limits *flags = &repl->session.limits;
    const cordon_limits *profile = &profiles[repl->profile - 1];

    repl->budget = (struct cdn_budget){
        .instructions = first_of(flags->instructions, profile->instructions),
        .memory_bytes = first_of(flags->memory_bytes, profile->memory_bytes),
        .edges = first_of(flags->edges, profile->edges),
        .output_bytes = first_of(flags->output_bytes, profile->output_bytes),
        .wall_ns = first_of(flags->wall_ns, profile->wall_ns),
        .nodes = first_of(flags->nodes, profile->nodes),
        .hops = first_of(flags->hops, profile->hops),
    };
}

/* ---- the request ---- */

cordon_status cdn_repl_request(cordon_request *out, struct cdn_repl *repl,
                               cordon_error *err)
{
    cordon_status status;

    *out = (cordon_request)CORDON_REQUEST_INIT;
    status = cdn_session_call(out, &repl->session, &repl->subject, err);
    out->cancel = repl->interactive ? &repl->cancel : repl->cli->cancel;
    out->limits = NULL;
    return status;
}

/* ---- what went wrong ---- */

static int exit_of(const cordon_outcome *outcome)
{
    switch (cordon_outcome_get_kind(outcome)) {
    case CORDON_OUTCOME_OK:
        return CDN_EXIT_OK;
    case CORDON_OUTCOME_LIMIT:
        return CDN_EXIT_LIMIT;
    case CORDON_OUTCOME_CANCELLED:
        return CDN_EXIT_INTERRUPTED;
    case CORDON_OUTCOME_ERROR:
    case CORDON_OUTCOME_DENIED:
    case CORDON_OUTCOME_INVALID_RESULT:
    default:
        return CDN_EXIT_FINDINGS;
    }
}

static void tell(const struct cdn_repl *repl, const char *severity, const char *message,
                 uint32_t line, uint32_t column, const char *source, size_t bytes)
{
    const struct cdn_diagnostic diagnostic = {
        .severity = severity,
        .file = source && line ? "repl" : NULL,
        .line = source ? line : 0,
        .column = column,
        .message = message,
        .source = source,
        .source_bytes = bytes,
    };

    cdn_diagnostic_print(repl->cli->err, repl->cli->err_color, &diagnostic);
}

/* Advice to change a rule's contract becomes one to change the session's limits. */
static void advise(char *message, size_t size)
{
    static const char of_rules[] = "raise limits.";
    char *at = strstr(message, of_rules);
    char name[32];

    if (!at)
        return;
    snprintf(name, sizeof name, "%.20s", at + sizeof of_rules - 1);
    snprintf(at, size - (size_t)(at - message), ":set max-%s", name);
}

static void tell_fault(struct cdn_repl *repl)
{
    const cordon_outcome *outcome = repl->outcome;
    cordon_outcome_kind kind = cordon_outcome_get_kind(outcome);
    uint32_t line = cordon_outcome_line(outcome), first;
    char place[CORDON_ERROR_FILE_BYTES + 16], message[CORDON_ERROR_MESSAGE_BYTES];
    size_t bytes;
    const char *source = cdn_console_transcript(repl->console, &bytes, &first);
    char *at;

    repl->code = exit_of(outcome);
    if (kind == CORDON_OUTCOME_CANCELLED) {
        fputs("stopped; what was set before stands\n", repl->cli->err);
        return;
    }
    snprintf(message, sizeof message, "%s", cordon_outcome_message(outcome));
    snprintf(place, sizeof place, " at %s:%" PRIu32, cordon_outcome_file(outcome),
             line);
    at = strstr(message, place); /* it stands before the message already */
    if (at)
        memmove(at, at + strlen(place), strlen(at + strlen(place)) + 1);
    if (kind == CORDON_OUTCOME_LIMIT)
        advise(message, sizeof message);
    tell(repl, cordon_outcome_kind_str(kind), message, line, 0, line ? source : NULL,
         bytes);
}

/* A name that nobody has set is nil, which may be what is wrong. */
static void tell_unknown(const struct cdn_repl *repl, const struct cdn_input *input)
{
    struct cdn_suggest suggest;
    char hint[128];
    size_t count;
    const struct cdn_console_global *globals =
        cdn_console_globals(repl->console, &count);

    if (!input->unknown[0])
        return;
    if (input->unknown_is_local) {
        cdn_cli_note(repl->cli,
                     "'%s' was a local of an earlier input and ended with it; did you "
                     "mean to write it without local?",
                     input->unknown);
        return;
    }
    cdn_suggest_init(&suggest, input->unknown);
    for (size_t i = 0; i < count; i++)
        cdn_suggest_offer(&suggest, globals[i].name);
    for (size_t i = 0; i < cdn_manual_count; i++) {
        if (!cdn_manual[i].receiver[0])
            cdn_suggest_offer(&suggest, cdn_manual[i].name);
    }
    cdn_suggest_offer(&suggest, "graph");
    cdn_suggest_offer(&suggest, "request");
    cdn_cli_note(repl->cli, "'%s' is not set%s", input->unknown,
                 cdn_suggest_text(&suggest, hint, sizeof hint));
}

/* ---- running ---- */

static cordon_status trace_begin(struct cdn_traced *traced, const struct cdn_repl *repl,
                                 cordon_request *request, cordon_error *err)
{
    const struct cdn_traced_options options = {.explain = repl->explain,
                                               .profile = repl->profiling};
    cordon_status status;

    if (!cdn_traced_wanted(&options))
        return CORDON_OK;
    status = cdn_traced_init(traced, &options, err);
    if (!status)
        request->trace = traced->trace;
    return status;
}

static void show_trace(struct cdn_repl *repl, struct cdn_traced *traced)
{
    bool ok = cordon_outcome_get_kind(repl->outcome) == CORDON_OUTCOME_OK;
    FILE *out = repl->cli->out;
    bool color = repl->cli->out_color;
    cordon_error err;
    uint32_t line;
    size_t bytes;
    const char *source = cdn_console_transcript(repl->console, &bytes, &line);

    if (!traced->trace)
        return;
    if (cdn_traced_take(traced, source, bytes, "repl", &err)) {
        cdn_repl_fail_of(repl, &err);
        return;
    }
    if (repl->explain == 2 || (repl->explain == 3 && !ok))
        cdn_explain_show(out, color, traced);
    if (repl->profiling)
        cdn_profile_show(out, color, traced);
}

/* False: the host failed, which is told. */
static bool run(struct cdn_repl *repl, const char *text, size_t bytes, bool expression,
                bool traceable)
{
    struct cdn_traced traced = {0};
    cordon_request request;
    cordon_error err;
    cordon_status status;

    cdn_error_clear(&err);
    status = cdn_repl_request(&request, repl, &err);
    if (!status && traceable)
        status = trace_begin(&traced, repl, &request, &err);
    if (!status)
        status = cdn_console_run(repl->outcome, repl->console, text, bytes, expression,
                                 &repl->budget, &request, &err);
    if (status)
        cdn_repl_fail_of(repl, &err);
    else if (traceable)
        show_trace(repl, &traced);
    cdn_traced_deinit(&traced);
    return !status;
}

static bool is_nothing(const cordon_value *results)
{
    cordon_value_iter iter;
    cordon_value value;

    cordon_value_iter_init(&iter, results);
    while (cordon_value_next(&iter, NULL, &value)) {
        if (value.type != CORDON_NIL)
            return false;
    }
    return true;
}

void cdn_repl_evaluate(struct cdn_repl *repl, const struct cdn_input *input)
{
    cordon_value results, value;
    cordon_value_iter iter;

    if (!run(repl, (const char *)input->text.data, input->text.length,
             input->kind == CDN_INPUT_EXPRESSION, true))
        return;
    if (cordon_outcome_get_kind(repl->outcome) != CORDON_OUTCOME_OK) {
        tell_fault(repl);
        tell_unknown(repl, input);
    } else {
        results = cdn_console_results(repl->console);
        if (is_nothing(&results))
            tell_unknown(repl, input);
        cordon_value_iter_init(&iter, &results);
        while (cordon_value_next(&iter, NULL, &value))
            cdn_repl_print(repl, &value);
        cdn_input_note(input, repl);
    }
    if (!repl->usage)
        return;
    cdn_repl_print_usage(repl, cordon_outcome_usage(repl->outcome));
    if (cordon_outcome_truncated(repl->outcome))
        cdn_cli_note(repl->cli,
                     "a traversal was cut by limit(), latest(), largest() or the like");
}

bool cdn_repl_ask(struct cdn_repl *repl, const struct cdn_buf *text)
{
    if (text->failed) {
        cdn_repl_fail(repl, CDN_EXIT_DATA, "out of memory");
        return false;
    }
    if (!run(repl, (const char *)text->data, text->length, false, false))
        return false;
    if (cordon_outcome_get_kind(repl->outcome) == CORDON_OUTCOME_OK)
        return true;
    tell_fault(repl);
    return false;
}
