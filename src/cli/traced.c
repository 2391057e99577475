/* A trace and its text: see traced.h.
 *
 * The text comes from the rule's file, or from the registry when a version of it has run; where
 * it cannot be had, lines are shown by their numbers alone. */
#include "cli/cli.h"
#include "cli/traced.h"

#include <string.h>

/* Enough for some hundred thousand steps; counting lines needs less. */
#define EXPLAIN_BYTES (UINT64_C(16) << 20)

cordon_status cdn_traced_init(struct cdn_traced *traced,
                              const struct cdn_traced_options *options,
                              cordon_error *err)
{
    cordon_trace_options trace_options = CORDON_TRACE_OPTIONS_INIT;

    *traced = (struct cdn_traced){.options = *options};
    trace_options.counts_only = options->explain <= 1;
    trace_options.memory_bytes = EXPLAIN_BYTES;
    return cordon_trace_new(&traced->trace, &trace_options, err);
}

static void forget_text(struct cdn_traced *traced)
{
    cdn_code_deinit(&traced->code);
    cdn_buf_clear(&traced->source);
    cdn_buf_clear(&traced->starts);
    traced->hash[0] = '\0';
}

void cdn_traced_deinit(struct cdn_traced *traced)
{
    forget_text(traced);
    cdn_buf_deinit(&traced->source);
    cdn_buf_deinit(&traced->starts);
    cordon_trace_free(traced->trace);
    traced->trace = NULL;
}

bool cdn_traced_is_new(const struct cdn_traced *traced)
{
    return strcmp(cordon_trace_get_summary(traced->trace)->source_hash, traced->hash) !=
           0;
}

cordon_status cdn_traced_take(struct cdn_traced *traced, const char *source,
                              size_t bytes, const char *file, cordon_error *err)
{
    cordon_status status;

    forget_text(traced);
    traced->file = file;
    snprintf(traced->hash, sizeof traced->hash, "%s",
             cordon_trace_get_summary(traced->trace)->source_hash);
    if (!source)
        return CORDON_OK;
    cdn_buf_append(&traced->source, source, bytes);
    for (const char *at = source; at; at = cdn_code_next_line(at, source + bytes)) {
        size_t start = (size_t)(at - source);

        cdn_buf_append(&traced->starts, &start, sizeof start);
    }
    if (traced->source.failed || traced->starts.failed)
        return cdn_error_nomem(err);
    status = cdn_code_read(&traced->code, source, bytes, file, err);
    /* a text that has run compiles; if it takes too long here, its code is not known */
    if (status == CORDON_E_RULE) {
        cdn_code_deinit(&traced->code);
        status = CORDON_OK;
    }
    return status;
}

const char *cdn_traced_line(const struct cdn_traced *traced, uint32_t line,
                            size_t *bytes)
{
    const size_t *starts = (const size_t *)(const void *)traced->starts.data;
    size_t count = traced->starts.length / sizeof *starts;
    const char *source = (const char *)traced->source.data;
    size_t from, to;

    *bytes = 0;
    if (!line || line > count)
        return "";
    from = starts[line - 1];
    to = line < count ? starts[line] : traced->source.length;
    while (to > from && strchr(" \t\r\n", source[to - 1]))
        to--;
    *bytes = to - from;
    return source + from;
}

/* Its columns, if each character takes one: bytes that begin one. */
static size_t columns_of(const char *text, size_t bytes)
{
    size_t columns = 0;

    for (size_t i = 0; i < bytes; i++)
        columns += ((unsigned char)text[i] & 0xc0) != 0x80;
    return columns;
}

void cdn_traced_show_line(FILE *to, const struct cdn_traced *traced, uint32_t line,
                          unsigned behind, bool bare)
{
    size_t bytes, most = CDN_TRACED_COLUMNS - behind - 1;
    const char *text = cdn_traced_line(traced, line, &bytes);
    char shown[4 * CDN_TRACED_COLUMNS];
    bool cut;

    for (; bare && bytes && (*text == ' ' || *text == '\t'); bytes--)
        text++;
    cdn_escape(shown, sizeof shown, text, bytes);
    bytes = strlen(shown);
    cut = columns_of(shown, bytes) > most;
    while (cut && columns_of(shown, bytes) > most - 3)
        bytes--;
    fprintf(to, "%s%.*s%s\n", bytes ? " " : "", (int)bytes, shown, cut ? "..." : "");
}

bool cdn_traced_active(const struct cdn_traced *traced, uint32_t line)
{
    if (line <= traced->code.count && traced->code.count)
        return traced->code.active[line];
    return cdn_traced_hits(traced, line) > 0;
}

uint64_t cdn_traced_hits(const struct cdn_traced *traced, uint32_t line)
{
    const cordon_trace_line *counted = cordon_trace_line_at(traced->trace, line);

    return counted ? counted->hits : 0;
}

uint64_t cdn_traced_jumps(const struct cdn_traced *traced, uint32_t from, uint32_t to)
{
    const cordon_trace_jump *jump;

    for (size_t i = 0; (jump = cordon_trace_jump_at(traced->trace, i)); i++)
        if (jump->from == from && jump->to == to)
            return jump->count;
    return 0;
}
