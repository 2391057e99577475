/* The session: from lines to inputs and commands.
 *
 * A line that begins with ':' where no input is begun is a command, anything else is Lua.  On
 * a terminal lines come from an editor and Ctrl-C, which the terminal makes a signal, asks what
 * is being evaluated to stop: the handler sets a flag that the meter looks at, so it is the
 * evaluation that ends, by its own outcome, never the process.  Anything else is read as it
 * comes, without a prompt; an interruption then ends the session as it ends any command. */
#include "cli/repl/repl.h"

#include <signal.h>
#include <stdarg.h>
#include <string.h>

#include "cli/lines.h"

/* ---- errors ---- */

void cdn_repl_fail(struct cdn_repl *repl, int code, const char *format, ...)
{
    char message[CORDON_ERROR_MESSAGE_BYTES];
    va_list args;

    va_start(args, format);
    vsnprintf(message, sizeof message, format, args);
    va_end(args);
    cdn_cli_error(repl->cli, "%s", message);
    repl->code = code;
}

void cdn_repl_fail_of(struct cdn_repl *repl, const cordon_error *err)
{
    cdn_cli_error_of(repl->cli, err);
    repl->code = cdn_cli_exit_of(err->status);
}

/* ---- what belongs to one snapshot ---- */

static cordon_status make_console(struct cdn_console **out, struct cdn_repl *repl,
                                  cordon_snapshot *snapshot, cordon_error *err)
{
    const char *left_out;
    cordon_status status = cdn_console_new(out, snapshot, NULL, err);

    if (status)
        return status;
    left_out = cdn_console_left_out(*out);
    if (left_out[0])
        cdn_cli_warn(repl->cli, "not everything can be read: %s", left_out);
    return CORDON_OK;
}

static void take_console(struct cdn_repl *repl, struct cdn_console *console)
{
    cdn_console_free(repl->console);
    repl->console = console;
    repl->local_count = 0;
}

bool cdn_repl_reset(struct cdn_repl *repl)
{
    struct cdn_console *console;
    cordon_error err;

    if (make_console(&console, repl, repl->session.snapshot, &err)) {
        cdn_repl_fail_of(repl, &err);
        return false;
    }
    take_console(repl, console);
    return true;
}

int cdn_repl_open(struct cdn_repl *repl, const char *data)
{
    struct cdn_session *old = &repl->session;
    struct cdn_session fresh = CDN_SESSION_INIT(repl->cli);
    struct cdn_console *console;
    cordon_error err;
    int code;

    fresh.data = data;
    fresh.now_ms = old->now_ms;
    fresh.as_of_ms = old->as_of_ms;
    fresh.seed = old->seed;
    fresh.limits = old->limits;
    fresh.tier = old->tier;
    fresh.flags.config = old->flags.config;
    code = cdn_session_open(&fresh);
    if (!code && make_console(&console, repl, fresh.snapshot, &err)) {
        cdn_cli_error_of(repl->cli, &err);
        code = CDN_EXIT_DATA;
    }
    if (code) {
        cdn_session_deinit(&fresh);
        return code;
    }
    take_console(repl, console);
    fresh.params = old->params;
    old->params = (struct cdn_strings){0};
    cdn_session_deinit(old);
    *old = fresh;
    repl->rule_loaded = repl->has_run = false;
    return CDN_EXIT_OK;
}

/* ---- lines ---- */

static void tell_wrong(struct cdn_repl *repl, const struct cdn_input *input)
{
    const char *source = (const char *)repl->pending.data;
    const struct cdn_diagnostic diagnostic = {
        .severity = "error",
        .file = "repl",
        .line = input->err.line,
        .column = input->err.column,
        .message = input->err.message,
        .source = source,
        .source_bytes = repl->pending.length,
    };

    cdn_diagnostic_print(repl->cli->err, repl->cli->err_color, &diagnostic);
    repl->code = CDN_EXIT_FINDINGS;
}

static void remember(struct cdn_repl *repl)
{
    if (repl->editor)
        cdn_editor_remember(repl->editor, (const char *)repl->pending.data,
                            repl->pending.length);
}

/* Take what is pending as a whole, or wait for more of it; `last`: there is no more. */
static void take_pending(struct cdn_repl *repl, bool last)
{
    struct cdn_input input;
    cordon_error err;
    cordon_status status = cdn_input_read(
        &input, repl, (const char *)repl->pending.data, repl->pending.length, &err);

    if (status) {
        cdn_repl_fail_of(repl, &err);
    } else if (input.kind == CDN_INPUT_INCOMPLETE && !last &&
               repl->pending.length < CDN_CONSOLE_INPUT_BYTES) {
        cdn_input_deinit(&input);
        return;
    } else if (input.kind == CDN_INPUT_INCOMPLETE || input.kind == CDN_INPUT_WRONG) {
        remember(repl);
        tell_wrong(repl, &input);
    } else if (input.kind != CDN_INPUT_EMPTY) {
        remember(repl);
        cdn_repl_evaluate(repl, &input);
    }
    cdn_input_deinit(&input);
    cdn_buf_clear(&repl->pending);
}

void cdn_repl_take_line(struct cdn_repl *repl, const char *line, size_t bytes)
{
    size_t blank = 0;

    if (!repl->pending.length) {
        while (blank < bytes && (line[blank] == ' ' || line[blank] == '\t'))
            blank++;
        if (blank < bytes && line[blank] == ':') {
            if (repl->editor)
                cdn_editor_remember(repl->editor, line, bytes);
            cdn_repl_command_run(repl, line + blank, bytes - blank);
            return;
        }
    }
    if (repl->pending.length)
        cdn_buf_append(&repl->pending, "\n", 1);
    cdn_buf_append(&repl->pending, line, bytes);
    if (repl->pending.failed) {
        repl->pending.failed = false;
        cdn_buf_clear(&repl->pending);
        cdn_repl_fail(repl, CDN_EXIT_DATA, "out of memory");
        return;
    }
    if (repl->pending.length)
        take_pending(repl, false);
}

/* ---- not a terminal ---- */

static void on_waiting(void *ud)
{
    const struct cdn_repl *repl = ud;

    fflush(repl->cli->out);
    fflush(repl->cli->err);
}

static bool on_stopped(void *ud)
{
    const struct cdn_repl *repl = ud;

    return cdn_cli_stopped(repl->cli) || ferror(repl->cli->out);
}

static int loop_lines(struct cdn_repl *repl)
{
    struct cdn_lines lines;
    cordon_error err;
    cordon_status status = cdn_lines_open(&lines, "-", &err);
    bool got = true;

    if (status) {
        cdn_cli_error_of(repl->cli, &err);
        return CDN_EXIT_DATA;
    }
    lines.waiting = on_waiting;
    lines.stopped = on_stopped;
    lines.ud = repl;
    while (!repl->quit && !on_stopped(repl)) {
        status = cdn_lines_next(&lines, &got, &err);
        if (status || !got)
            break;
        if (lines.too_long)
            cdn_repl_fail(repl, CDN_EXIT_USAGE,
                          "the line is longer than %u bytes and is left out",
                          CDN_LINE_MAX);
        else
            cdn_repl_take_line(repl, (const char *)lines.text.data, lines.text.length);
        fflush(repl->cli->out); /* before what the next one says on the other stream */
    }
    cdn_lines_close(&lines);
    if (status && status != CORDON_E_INTERRUPTED) {
        cdn_cli_error_of(repl->cli, &err);
        return CDN_EXIT_DATA;
    }
    if (cdn_cli_stopped(repl->cli))
        return CDN_EXIT_INTERRUPTED;
    if (repl->pending.length)
        take_pending(repl, true);
    return repl->code;
}

/* ---- a terminal ---- */

static cordon_cancel *of_input, *of_session;

static void on_signal(int number)
{
    cordon_cancel_request(of_input);
    if (number != SIGINT && of_session)
        cordon_cancel_request(of_session);
}

static void watch_signals(struct cdn_repl *repl, struct sigaction before[2])
{
    struct sigaction action;

    of_input = &repl->cancel;
    of_session = repl->cli->cancel;
    memset(&action, 0, sizeof action);
    action.sa_handler = on_signal;
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, &before[0]);
    sigaction(SIGTERM, &action, &before[1]);
}

static int loop_terminal(struct cdn_repl *repl)
{
    struct sigaction before[2];

    watch_signals(repl, before);
    while (!repl->quit && !cdn_cli_stopped(repl->cli)) {
        const char *line;
        size_t bytes;

        fflush(repl->cli->out);
        fflush(repl->cli->err);
        cordon_cancel_clear(&repl->cancel);
        switch (
            cdn_editor_line(repl->editor, repl->pending.length > 0, &line, &bytes)) {
        case CDN_EDITOR_LINE:
            cordon_cancel_clear(&repl->cancel);
            cdn_repl_take_line(repl, line, bytes);
            break;
        case CDN_EDITOR_DROPPED:
            cdn_buf_clear(&repl->pending);
            break;
        case CDN_EDITOR_CLOSED:
        default:
            fputc('\n', repl->cli->out);
            repl->quit = true;
            break;
        }
    }
    sigaction(SIGINT, &before[0], NULL);
    sigaction(SIGTERM, &before[1], NULL);
    return cdn_cli_stopped(repl->cli) ? CDN_EXIT_INTERRUPTED : CDN_EXIT_OK;
}

int cdn_repl_loop(struct cdn_repl *repl)
{
    return repl->editor ? loop_terminal(repl) : loop_lines(repl);
}
