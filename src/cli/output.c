/* Text for people: colours, diagnostics, numbers, tables, the progress bar.
 *
 * Everything that came from outside passes cdn_escape() first, so that a rule's reason
 * or a file's name cannot steer the terminal. */
#include "cli/cli.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/utf8.h"
#include "codec/json.h"

void cdn_show_text(FILE *to, const void *text, size_t bytes)
{
    const unsigned char *at = text;

    while (bytes) {
        size_t length = cdn_utf8_sequence(at, bytes);
        size_t step = length ? length : 1;
        char shown[32];

        if (*at == '\n' || *at == '\t')
            fputc(*at, to);
        else
            fputs(cdn_escape(shown, sizeof(shown), (const char *)at, step), to);
        at += step;
        bytes -= step;
    }
}

const char *cdn_style(bool color, enum cdn_style style)
{
    if (!color)
        return "";
    switch (style) {
    case CDN_STYLE_NONE:
        return "";
    case CDN_STYLE_BOLD:
        return "\033[1m";
    case CDN_STYLE_DIM:
        return "\033[2m";
    case CDN_STYLE_RED:
        return "\033[1;31m";
    case CDN_STYLE_GREEN:
        return "\033[1;32m";
    case CDN_STYLE_YELLOW:
        return "\033[1;33m";
    case CDN_STYLE_CYAN:
        return "\033[36m";
    }
    return "";
}

const char *cdn_style_end(bool color)
{
    return color ? "\033[0m" : "";
}

/* ---- diagnostics ---- */

static void say_json(struct cdn_cli *cli, const char *level, const char *message)
{
    struct cdn_buf text = {0};
    struct cdn_json json;

    cdn_json_init(&json, &text, false);
    cdn_json_object(&json);
    cdn_json_key_cstr(&json, "level", level);
    cdn_json_key_cstr(&json, "message", message);
    cdn_json_object_end(&json);
    if (!text.failed)
        fprintf(cli->err, "%s\n", (const char *)text.data);
    cdn_buf_deinit(&text);
}

CDN_PRINTF(4, 0)
static void say(struct cdn_cli *cli, const char *level, enum cdn_style style,
                const char *format, va_list args)
{
    char message[CORDON_ERROR_MESSAGE_BYTES + CORDON_ERROR_FILE_BYTES];
    char shown[sizeof(message)];

    vsnprintf(message, sizeof(message), format, args);
    cdn_escape(shown, sizeof(shown), message, strlen(message));
    if (cli->log_format == CDN_LOG_JSON) {
        say_json(cli, level, shown);
        return;
    }
    fprintf(cli->err, "cordon: %s%s:%s %s\n", cdn_style(cli->err_color, style), level,
            cdn_style_end(cli->err_color), shown);
}

void cdn_cli_error(struct cdn_cli *cli, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    say(cli, "error", CDN_STYLE_RED, format, args);
    va_end(args);
}

void cdn_cli_warn(struct cdn_cli *cli, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    say(cli, "warning", CDN_STYLE_YELLOW, format, args);
    va_end(args);
}

void cdn_cli_note(struct cdn_cli *cli, const char *format, ...)
{
    va_list args;

    if (cli->quiet)
        return;
    va_start(args, format);
    say(cli, "note", CDN_STYLE_CYAN, format, args);
    va_end(args);
}

void cdn_cli_detail(struct cdn_cli *cli, const char *format, ...)
{
    va_list args;

    if (!cli->verbose || cli->quiet)
        return;
    va_start(args, format);
    say(cli, "detail", CDN_STYLE_DIM, format, args);
    va_end(args);
}

void cdn_cli_error_of(struct cdn_cli *cli, const cordon_error *err)
{
    if (err->file[0] && err->line && err->column)
        cdn_cli_error(cli, "%s:%" PRIu32 ":%" PRIu32 ": %s", err->file, err->line,
                      err->column, err->message);
    else if (err->file[0] && err->line)
        cdn_cli_error(cli, "%s:%" PRIu32 ": %s", err->file, err->line, err->message);
    else if (err->file[0])
        cdn_cli_error(cli, "%s: %s", err->file, err->message);
    else
        cdn_cli_error(cli, "%s", err->message);
}

int cdn_cli_usage(struct cdn_cli *cli, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    say(cli, "error", CDN_STYLE_RED, format, args);
    va_end(args);
    if (cli->log_format != CDN_LOG_JSON)
        fprintf(cli->err, "see: cordon %s%s--help\n",
                cli->command ? cli->command->name : "", cli->command ? " " : "");
    return CDN_EXIT_USAGE;
}

int cdn_cli_exit_of(cordon_status status)
{
    switch (status) {
    case CORDON_OK:
        return CDN_EXIT_OK;
    case CORDON_E_RULE:
    case CORDON_E_INVALID:
        return CDN_EXIT_USAGE;
    case CORDON_E_INTERRUPTED:
        return CDN_EXIT_INTERRUPTED;
    case CORDON_E_NOTFOUND:
    case CORDON_E_NOMEM:
    case CORDON_E_IO:
    case CORDON_E_CORRUPT:
    case CORDON_E_FORMAT:
    case CORDON_E_DATA:
    case CORDON_E_DENIED:
    case CORDON_E_BUSY:
    case CORDON_E_EXISTS:
    case CORDON_E_OVERLOADED:
    case CORDON_E_QUOTA:
    case CORDON_E_CONFLICT:
        break;
    }
    return CDN_EXIT_DATA;
}

bool cdn_cli_stopped(const struct cdn_cli *cli)
{
    return cli->cancel && __atomic_load_n(&cli->cancel->requested, __ATOMIC_RELAXED);
}

int cdn_cli_finish(struct cdn_cli *cli, int code)
{
    if (fflush(cli->out) || ferror(cli->out)) {
        cdn_cli_error(cli, "cannot write the output: %s", strerror(errno));
        return CDN_EXIT_DATA;
    }
    return code;
}

int cdn_json_print(struct cdn_cli *cli, const struct cdn_buf *text)
{
    if (text->failed) {
        cdn_cli_error(cli, "out of memory");
        return CDN_EXIT_DATA;
    }
    fwrite(text->data, 1, text->length, cli->out);
    fputc('\n', cli->out);
    return CDN_EXIT_OK;
}

const char *cdn_message_hint(const char *message, size_t *bytes)
{
    const char *at = strstr(message, "; ");

    *bytes = at ? (size_t)(at - message) : strlen(message);
    return at ? at + 2 : NULL;
}

/* Line `number` of a source; NULL: it has no such line. */
static const char *source_line(const struct cdn_diagnostic *diagnostic, size_t *bytes)
{
    const char *at = diagnostic->source;
    const char *end = at ? at + diagnostic->source_bytes : NULL;
    const char *stop;

    for (uint32_t line = 1; at && line < diagnostic->line; line++) {
        at = memchr(at, '\n', (size_t)(end - at));
        at = at ? at + 1 : NULL;
    }
    if (!at || !diagnostic->line || at == end)
        return NULL;
    stop = memchr(at, '\n', (size_t)(end - at));
    *bytes = (size_t)((stop ? stop : end) - at);
    return at;
}

/* Tabs become one blank, so that the caret stands where the eye expects it. */
static void excerpt(FILE *to, bool color, const struct cdn_diagnostic *diagnostic)
{
    size_t bytes = 0;
    const char *line = source_line(diagnostic, &bytes);
    char text[161], shown[4 * sizeof(text)];

    if (!line)
        return;
    if (bytes > sizeof(text) - 1)
        bytes = sizeof(text) - 1;
    while (bytes && (line[bytes - 1] == '\r' || line[bytes - 1] == ' '))
        bytes--;
    for (size_t i = 0; i < bytes; i++)
        text[i] = line[i] == '\t' ? ' ' : line[i];
    cdn_escape(shown, sizeof(shown), text, bytes);
    fprintf(to, "%s%5" PRIu32 " |%s %s\n", cdn_style(color, CDN_STYLE_DIM),
            diagnostic->line, cdn_style_end(color), shown);
    if (diagnostic->column && diagnostic->column <= bytes + 1)
        fprintf(to, "%s      |%s %*s%s^%s\n", cdn_style(color, CDN_STYLE_DIM),
                cdn_style_end(color), (int)diagnostic->column - 1, "",
                cdn_style(color, CDN_STYLE_RED), cdn_style_end(color));
}

void cdn_diagnostic_print(FILE *to, bool color, const struct cdn_diagnostic *diagnostic)
{
    bool warning = !strcmp(diagnostic->severity, "warning");
    size_t bytes;
    const char *hint = cdn_message_hint(diagnostic->message, &bytes);
    char shown[4096];

    if (diagnostic->file && diagnostic->file[0]) {
        cdn_escape(shown, sizeof(shown), diagnostic->file, strlen(diagnostic->file));
        fprintf(to, "%s%s:", cdn_style(color, CDN_STYLE_BOLD), shown);
        if (diagnostic->line)
            fprintf(to, "%" PRIu32 ":", diagnostic->line);
        if (diagnostic->line && diagnostic->column)
            fprintf(to, "%" PRIu32 ":", diagnostic->column);
        fprintf(to, "%s ", cdn_style_end(color));
    }
    fputs(cdn_style(color, warning ? CDN_STYLE_YELLOW : CDN_STYLE_RED), to);
    if (diagnostic->code)
        fprintf(to, "%s[%s]:", diagnostic->severity, diagnostic->code);
    else
        fprintf(to, "%s:", diagnostic->severity);
    cdn_escape(shown, sizeof(shown), diagnostic->message, bytes);
    fprintf(to, "%s %s\n", cdn_style_end(color), shown);
    excerpt(to, color, diagnostic);
    if (hint) {
        cdn_escape(shown, sizeof(shown), hint, strlen(hint));
        fprintf(to, "%shint:%s %s\n", cdn_style(color, CDN_STYLE_CYAN),
                cdn_style_end(color), shown);
    }
}

/* ---- numbers ---- */

char *cdn_show_count(char *out, size_t size, uint64_t count)
{
    char digits[24];
    int length = snprintf(digits, sizeof(digits), "%" PRIu64, count);
    size_t at = 0;

    for (int i = 0; i < length && at + 2 < size; i++) {
        if (i && (length - i) % 3 == 0)
            out[at++] = ',';
        out[at++] = digits[i];
    }
    out[at] = '\0';
    return out;
}

char *cdn_show_bytes(char *out, size_t size, uint64_t bytes)
{
    static const char *const units[] = {"KiB", "MiB", "GiB", "TiB"};
    double value = (double)bytes / 1024;
    size_t unit = 0;

    if (bytes < 1024) {
        snprintf(out, size, "%" PRIu64 " B", bytes);
        return out;
    }
    while (value >= 1023.95 && unit + 1 < CDN_COUNT(units)) {
        value /= 1024;
        unit++;
    }
    snprintf(out, size, value == (double)(uint64_t)value ? "%.0f %s" : "%.1f %s", value,
             units[unit]);
    return out;
}

char *cdn_show_ns(char *out, size_t size, uint64_t ns)
{
    if (ns < 1000)
        snprintf(out, size, "%" PRIu64 " ns", ns);
    else if (ns < 999950)
        snprintf(out, size, "%.1f us", (double)ns / 1e3);
    else if (ns < UINT64_C(999950000))
        snprintf(out, size, "%.1f ms", (double)ns / 1e6);
    else
        snprintf(out, size, "%.2f s", (double)ns / 1e9);
    return out;
}

/* ---- tables ---- */

void cdn_table_init(struct cdn_table *table, size_t columns, const char *align)
{
    *table = (struct cdn_table){columns, align, {0}, 0};
}

void cdn_table_cell(struct cdn_table *table, const char *format, ...)
{
    char raw[512], shown[512];
    va_list args;

    va_start(args, format);
    vsnprintf(raw, sizeof(raw), format, args);
    va_end(args);
    cdn_escape(shown, sizeof(shown), raw, strlen(raw));
    cdn_buf_append(&table->text, shown, strlen(shown) + 1);
    table->cells++;
}

/* Characters, not bytes: one column each, which holds for what we show. */
static size_t width(const char *text)
{
    size_t count = 0;

    for (; *text; text++)
        count += ((unsigned char)*text & 0xc0) != 0x80;
    return count;
}

#define MAX_COLUMNS 16

bool cdn_table_print(const struct cdn_table *table, FILE *to, bool color,
                     unsigned indent)
{
    size_t widths[MAX_COLUMNS] = {0}, blanks = 0;
    const char *at = (const char *)table->text.data;

    if (table->text.failed || table->columns > MAX_COLUMNS)
        return false;
    for (size_t i = 0; i < table->cells; i++, at += strlen(at) + 1) {
        size_t cell = width(at);

        if (cell > widths[i % table->columns])
            widths[i % table->columns] = cell;
    }
    at = (const char *)table->text.data;
    for (size_t i = 0; i < table->cells; i++, at += strlen(at) + 1) {
        size_t column = i % table->columns;
        size_t pad = widths[column] - width(at);
        bool last = column + 1 == table->columns || i + 1 == table->cells;

        if (column == 0) {
            blanks = indent;
            fputs(i ? "" : cdn_style(color, CDN_STYLE_DIM), to);
        }
        if (table->align[column] == 'r')
            blanks += pad;
        if (*at) { /* blanks only before something: no line ends in any */
            fprintf(to, "%*s%s", (int)blanks, "", at);
            blanks = 0;
        }
        blanks += (table->align[column] == 'r' ? 0 : pad) + 2;
        if (last)
            fprintf(to, "%s\n", i < table->columns ? cdn_style_end(color) : "");
    }
    return true;
}

void cdn_table_deinit(struct cdn_table *table)
{
    cdn_buf_deinit(&table->text);
}

/* ---- progress ---- */

#define PROGRESS_AFTER_NS UINT64_C(1000000000)
#define PROGRESS_EVERY_NS UINT64_C(100000000)
#define PROGRESS_CELLS    24

void cdn_progress_begin(struct cdn_progress *progress, struct cdn_cli *cli,
                        const char *what)
{
    const char *ci = getenv("CI");

    *progress = (struct cdn_progress){.cli = cli, .what = what};
    progress->enabled =
        cli->err_tty && !cli->quiet && !cli->no_progress && !(ci && *ci);
    if (progress->enabled)
        progress->started_ns = cdn_clock_ns();
}

void cdn_progress_set(struct cdn_progress *progress, double done, const char *detail)
{
    uint64_t now;
    char bar[PROGRESS_CELLS + 1];

    if (!progress->enabled)
        return;
    now = cdn_clock_ns();
    if (now - progress->started_ns < PROGRESS_AFTER_NS ||
        now - progress->drawn_ns < PROGRESS_EVERY_NS)
        return;
    progress->drawn_ns = now;
    progress->drawn = true;
    done = done < 0 ? 0 : done > 1 ? 1 : done;
    for (int i = 0; i < PROGRESS_CELLS; i++)
        bar[i] = i < (int)(done * PROGRESS_CELLS) ? '#' : '.';
    bar[PROGRESS_CELLS] = '\0';
    fprintf(progress->cli->err, "\r\033[K%s [%s] %3.0f%%%s%s", progress->what, bar,
            done * 100, detail ? "  " : "", detail ? detail : "");
    fflush(progress->cli->err);
}

void cdn_progress_end(struct cdn_progress *progress)
{
    if (progress->enabled && progress->drawn) {
        fputs("\r\033[K", progress->cli->err);
        fflush(progress->cli->err);
    }
    progress->enabled = false;
}
