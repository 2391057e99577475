/* Collecting, suppressing and sorting.
 *
 * A suppression is read where a comment begins with "cordon:"; whatever follows that is not
 * understood is told, since a comment that looks like a suppression and is none would be
 * believed. */
#include "lint/findings.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

#define MORE " (there are more, which are not told)"

enum { MAX_MESSAGE = 600, MAX_CODES = 16 };

/* ---- collecting ---- */

static void add(struct cdn_lint_findings *findings,
                const struct cdn_lint_finding *finding, const char *message)
{
    struct cdn_lint_finding *grown;
    char escaped[MAX_MESSAGE + 64];

    if (findings->of_code[finding->code] == CDN_LINT_MOST)
        return;
    if (findings->count == findings->room) {
        uint32_t room = findings->room ? findings->room * 2 : 16;

        grown = cdn_realloc_array(findings->items, room, sizeof *grown);
        if (!grown) {
            findings->nomem = true;
            return;
        }
        findings->items = grown;
        findings->room = room;
    }
    cdn_escape(escaped, MAX_MESSAGE, message, strlen(message));
    if (++findings->of_code[finding->code] == CDN_LINT_MOST)
        memcpy(escaped + strlen(escaped), MORE, sizeof MORE);
    grown = &findings->items[findings->count];
    *grown = *finding;
    grown->message = cdn_strdup(escaped);
    if (grown->message)
        findings->count++;
    else
        findings->nomem = true;
}

void cdn_lint_add(struct cdn_lint_findings *findings, enum cdn_lint_code code,
                  uint32_t line, uint32_t column, const char *format, ...)
{
    struct cdn_lint_finding finding = {.code = code, .line = line, .column = column};
    char message[MAX_MESSAGE];
    va_list args;

    va_start(args, format);
    vsnprintf(message, sizeof message, format, args);
    va_end(args);
    add(findings, &finding, message);
}

void cdn_lint_add_at(struct cdn_lint_findings *findings, enum cdn_lint_code code,
                     const struct cdn_syntax *syntax, uint32_t node, const char *format,
                     ...)
{
    const struct cdn_syntax_node *at = cdn_syntax_at(syntax, node);
    struct cdn_lint_finding finding = {.code = code};
    char message[MAX_MESSAGE];
    uint32_t line, column;
    va_list args;

    cdn_syntax_place(syntax, at->start, &finding.line, &finding.column);
    cdn_syntax_place(syntax, at->end, &line, &column);
    finding.end_column = line == finding.line ? column : 0;
    va_start(args, format);
    vsnprintf(message, sizeof message, format, args);
    va_end(args);
    add(findings, &finding, message);
}

void cdn_lint_mend(struct cdn_lint_findings *findings, enum cdn_lint_code code,
                   uint32_t offset)
{
    struct cdn_lint_finding *last;

    if (!findings->count || findings->nomem)
        return;
    last = &findings->items[findings->count - 1];
    if (last->code != code || findings->of_code[code] == CDN_LINT_MOST)
        return; /* it was one too many */
    last->mends = true;
    last->mend_at = offset;
}

void cdn_lint_findings_clear(struct cdn_lint_findings *findings)
{
    for (uint32_t i = 0; i < findings->count; i++)
        cdn_free(findings->items[i].message);
    findings->count = 0;
    memset(findings->of_code, 0, sizeof findings->of_code);
}

void cdn_lint_findings_deinit(struct cdn_lint_findings *findings)
{
    cdn_lint_findings_clear(findings);
    cdn_free(findings->items);
    *findings = (struct cdn_lint_findings){0};
}

/* ---- sorting ---- */

static int compare(const void *a, const void *b)
{
    const struct cdn_lint_finding *left = a, *right = b;

    if (left->line != right->line)
        return left->line < right->line ? -1 : 1;
    if (left->column != right->column)
        return left->column < right->column ? -1 : 1;
    if (left->code != right->code)
        return left->code < right->code ? -1 : 1;
    return strcmp(left->message, right->message);
}

void cdn_lint_sort(struct cdn_lint_findings *findings)
{
    if (findings->count)
        qsort(findings->items, findings->count, sizeof *findings->items, compare);
}

/* ---- suppressing ---- */

struct suppression {
    uint32_t line, column; /* of the comment */
    bool file;             /* disable-file */
    uint32_t holds;        /* the line that it is about */
    uint32_t count;
    int codes[MAX_CODES];
};

/* Move `at` over a text that stands there. */
static bool skip(const char **at, const char *end, const char *text)
{
    size_t bytes = strlen(text);

    if ((size_t)(end - *at) < bytes || memcmp(*at, text, bytes) != 0)
        return false;
    *at += bytes;
    return true;
}

static void skip_blanks(const char **at, const char *end)
{
    while (*at < end && (**at == ' ' || **at == '\t'))
        ++*at;
}

static bool in_code(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
           c == '_' || c == '-';
}

/* A letter of any script, or a digit. */
static bool has_words(const char *at, const char *end)
{
    for (; at < end; at++) {
        if ((unsigned char)*at >= 0x80 || (in_code(*at) && *at != '-' && *at != '_'))
            return true;
    }
    return false;
}

/* The line of the first thing behind a comment that is no blank and no comment. */
static uint32_t line_behind(const struct cdn_syntax *syntax, uint32_t comment)
{
    uint32_t at = syntax->comments[comment].end;
    uint32_t line, column;

    for (;;) {
        while (at < syntax->bytes &&
               (syntax->source[at] == ' ' ||
                (syntax->source[at] >= '\t' && syntax->source[at] <= '\r')))
            at++;
        if (comment + 1 >= syntax->comment_count ||
            syntax->comments[comment + 1].start != at)
            break;
        at = syntax->comments[++comment].end;
    }
    cdn_syntax_place(syntax, at, &line, &column);
    return line;
}

/* Read the codes and the reason; false, with a finding, if they cannot be. */
static bool read_codes(struct suppression *out, struct cdn_lint_findings *findings,
                       const char *at, const char *end)
{
    do {
        const char *start;
        int code;

        skip_blanks(&at, end);
        start = at;
        while (at < end && in_code(*at))
            at++;
        code = cdn_lint_code_find(start, (size_t)(at - start));
        if (code < 0 || out->count == MAX_CODES) {
            cdn_lint_add(findings, CDN_LINT_NO_CODE, out->line, out->column,
                         "there is no code '%.*s'; write -- cordon: disable=CRD203 why",
                         (int)(at - start < 40 ? at - start : 40), start);
            return false;
        }
        if (cdn_lint_codes[code].bars || code >= CDN_LINT_NO_REASON) {
            cdn_lint_add(findings, CDN_LINT_NO_CODE, out->line, out->column,
                         "%s cannot be suppressed; mend what it says",
                         cdn_lint_codes[code].code);
            return false;
        }
        out->codes[out->count++] = code;
        skip_blanks(&at, end);
    } while (skip(&at, end, ","));
    if (has_words(at, end))
        return true;
    cdn_lint_add(
        findings, CDN_LINT_NO_REASON, out->line, out->column,
        "this suppression gives no reason and suppresses nothing; say behind the "
        "code why");
    return false;
}

/* Is this comment a suppression that holds? */
static bool read_comment(struct suppression *out, struct cdn_lint_findings *findings,
                         const struct cdn_syntax *syntax, uint32_t comment)
{
    const char *at = syntax->source + syntax->comments[comment].start;
    const char *end = syntax->source + syntax->comments[comment].end;

    *out = (struct suppression){0};
    skip(&at, end, "--");
    if (skip(&at, end, "[["))
        end = end - at >= 2 ? end - 2 : at;
    skip_blanks(&at, end);
    if (!skip(&at, end, "cordon:"))
        return false;
    cdn_syntax_place(syntax, syntax->comments[comment].start, &out->line, &out->column);
    out->holds =
        syntax->comments[comment].alone ? line_behind(syntax, comment) : out->line;
    skip_blanks(&at, end);
    out->file = skip(&at, end, "disable-file=");
    if (!out->file && !skip(&at, end, "disable=")) {
        cdn_lint_add(findings, CDN_LINT_NO_CODE, out->line, out->column,
                     "a comment that begins with cordon: is a suppression; write -- "
                     "cordon: disable=CRD203 why");
        return false;
    }
    return read_codes(out, findings, at, end);
}

static bool holds(const struct suppression *suppression, int code,
                  const struct cdn_lint_finding *finding)
{
    return (int)finding->code == code &&
           (suppression->file || finding->line == suppression->holds);
}

void cdn_lint_suppress(struct cdn_lint_findings *findings,
                       const struct cdn_syntax *syntax, bool data)
{
    struct suppression suppression;
    uint32_t found = findings->count;

    for (uint32_t i = 0; i < syntax->comment_count; i++) {
        if (!read_comment(&suppression, findings, syntax, i))
            continue;
        for (uint32_t c = 0; c < suppression.count; c++) {
            const struct cdn_lint_entry *entry = &cdn_lint_codes[suppression.codes[c]];
            bool any = false;

            for (uint32_t f = 0; f < found; f++) {
                if (!holds(&suppression, suppression.codes[c], &findings->items[f]))
                    continue;
                findings->items[f].suppressed = true;
                any = true;
            }
            if (!any && (data || !entry->data) &&
                findings->of_code[suppression.codes[c]] < CDN_LINT_MOST)
                cdn_lint_add(
                    findings, CDN_LINT_NOTHING, suppression.line, suppression.column,
                    "there is no %s for this to suppress; take it out", entry->code);
        }
    }
}
