/* What was typed: an expression, statements, the beginning of one of them, or wrong.
 *
 * The rules' own parser says (lint/syntax.h), which accepts what LuaJIT accepts.  An
 * expression is what is right with `return` before it.  The beginning of something is what is
 * wrong at its end only: it goes on in the next line.
 *
 * Names are looked at too.  A local ends with the input that declares it, as it would where
 * the input is a file; whoever reads it later gets nil, and is told why. */
#include "cli/repl/repl.h"

#include <string.h>

#include "graph/manual.h"
#include "lint/scope.h"
#include "lint/syntax.h"

#define CHUNK_NAME "repl"

static bool is_blank(const char *text, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++) {
        if (!memchr(" \t\r\n", text[i], 4))
            return false;
    }
    return true;
}

/* ---- names ---- */

static bool is_library(const char *name)
{
    static const char *const tables[] = {"string",  "table",     "math",
                                         "bit",     "coroutine", "graph",
                                         "request", "_G",        "_VERSION"};

    for (size_t i = 0; i < CDN_COUNT(tables); i++) {
        if (!strcmp(name, tables[i]))
            return true;
    }
    return cdn_manual_find("", name) != NULL;
}

static bool is_set(const struct cdn_repl *repl, const char *name)
{
    size_t count;
    const struct cdn_console_global *globals =
        cdn_console_globals(repl->console, &count);

    for (size_t i = 0; i < count; i++) {
        if (!strcmp(globals[i].name, name))
            return true;
    }
    return is_library(name);
}

static bool was_local(const struct cdn_repl *repl, const char *name)
{
    for (uint32_t i = 0; i < repl->local_count && i < CDN_REPL_LOCALS; i++) {
        if (!strcmp(repl->locals[i], name))
            return true;
    }
    return false;
}

/* Does the chunk set the global itself? */
static bool is_written(const struct cdn_scope *scope, uint32_t symbol)
{
    const struct cdn_syntax *syntax = scope->syntax;

    for (uint32_t i = 1; i < syntax->count; i++) {
        if (scope->roles[i] == CDN_ROLE_WRITES && !scope->binding[i] &&
            syntax->nodes[i].symbol == symbol)
            return true;
    }
    return false;
}

static void find_unknown(struct cdn_input *out, const struct cdn_repl *repl,
                         const struct cdn_scope *scope)
{
    const struct cdn_syntax *syntax = scope->syntax;

    for (uint32_t i = 1; i < syntax->count && !out->unknown_is_local; i++) {
        uint8_t role = scope->roles[i];
        const char *name;

        if (syntax->nodes[i].kind != CDN_SYNTAX_NAME || scope->binding[i] ||
            (role != CDN_ROLE_READS && role != CDN_ROLE_CALLS))
            continue;
        name = cdn_symbol_text(syntax, syntax->nodes[i].symbol);
        if (strlen(name) >= sizeof out->unknown || is_set(repl, name) ||
            is_written(scope, syntax->nodes[i].symbol))
            continue;
        if (out->unknown[0] && !was_local(repl, name))
            continue;
        memcpy(out->unknown, name, strlen(name) + 1);
        out->unknown_is_local = was_local(repl, name);
    }
}

static cordon_status look_at_names(struct cdn_input *out, const struct cdn_repl *repl,
                                   const struct cdn_syntax *syntax)
{
    struct cdn_scope scope;
    cordon_status status;

    if (syntax->deepest > CDN_SCOPE_DEEPEST)
        return CORDON_OK;
    status = cdn_scope_build(&scope, syntax);
    if (!status)
        find_unknown(out, repl, &scope);
    cdn_scope_deinit(&scope);
    return status == CORDON_E_NOMEM ? status : CORDON_OK;
}

/* ---- the whole ---- */

/* Would more text make it right?  It is wrong only where it ends. */
static bool wants_more(const cordon_error *err)
{
    static const char at_end[] = " expected at the end";
    size_t length = strlen(err->message);

    return !strncmp(err->message, "unfinished long ", 16) ||
           (length >= sizeof at_end &&
            !strcmp(err->message + length + 1 - sizeof at_end, at_end));
}

#define PREFIX "return "

/* Of the two ways to read it the one that got further knows better what is wrong. */
static void choose_error(cordon_error *err, const cordon_error *as_expression)
{
    cordon_error other = *as_expression;

    if (other.line == 1)
        other.column =
            other.column > strlen(PREFIX) ? other.column - (uint32_t)strlen(PREFIX) : 1;
    if (other.line > err->line ||
        (other.line == err->line && other.column > err->column))
        *err = other;
}

static cordon_status parse(struct cdn_syntax *syntax, struct cdn_buf *room,
                           cordon_error *err, const char *prefix, const char *text,
                           size_t bytes)
{
    cdn_buf_clear(room);
    cdn_buf_text(room, prefix);
    cdn_buf_append(room, text, bytes);
    if (room->failed)
        return CORDON_E_NOMEM;
    cdn_error_clear(err);
    return cdn_syntax_parse(syntax, (const char *)room->data, room->length, CHUNK_NAME,
                            err);
}

cordon_status cdn_input_read(struct cdn_input *out, const struct cdn_repl *repl,
                             const char *text, size_t bytes, cordon_error *err)
{
    struct cdn_syntax syntax = {0};
    struct cdn_buf room = {0};
    cordon_error as_expression;
    bool more = false;
    cordon_status status;

    memset(out, 0, sizeof *out);
    if (is_blank(text, bytes))
        return CORDON_OK;
    out->kind = CDN_INPUT_EXPRESSION;
    status = parse(&syntax, &room, &out->err, PREFIX, text, bytes);
    if (status == CORDON_E_RULE) {
        as_expression = out->err;
        more = wants_more(&out->err);
        cdn_syntax_deinit(&syntax);
        memset(&syntax, 0, sizeof syntax);
        out->kind = CDN_INPUT_STATEMENTS;
        status = parse(&syntax, &room, &out->err, "", text, bytes);
    }
    if (!status)
        status = look_at_names(out, repl, &syntax);
    cdn_syntax_deinit(&syntax);
    cdn_buf_deinit(&room);
    if (!status || status == CORDON_E_RULE)
        cdn_buf_append(&out->text, text, bytes);
    if (out->text.failed)
        return cdn_error_nomem(err);
    if (status == CORDON_E_RULE) {
        more |= wants_more(&out->err);
        out->kind = more ? CDN_INPUT_INCOMPLETE : CDN_INPUT_WRONG;
        choose_error(&out->err, &as_expression);
        return CORDON_OK;
    }
    return status ? cdn_error_nomem(err) : CORDON_OK;
}

static void remember(struct cdn_repl *repl, const char *name)
{
    char *room = repl->locals[repl->local_count % CDN_REPL_LOCALS];

    if (strlen(name) >= sizeof repl->locals[0] || was_local(repl, name))
        return;
    memcpy(room, name, strlen(name) + 1);
    repl->local_count++;
}

void cdn_input_note(const struct cdn_input *input, struct cdn_repl *repl)
{
    struct cdn_syntax syntax = {0};
    struct cdn_scope scope;

    if (input->kind != CDN_INPUT_STATEMENTS)
        return;
    if (!cdn_syntax_parse(&syntax, (const char *)input->text.data, input->text.length,
                          CHUNK_NAME, NULL) &&
        syntax.deepest <= CDN_SCOPE_DEEPEST) {
        if (!cdn_scope_build(&scope, &syntax)) {
            for (uint32_t i = 0; i < scope.count; i++) {
                const struct cdn_local *local = &scope.locals[i];

                if (local->function == syntax.chunk &&
                    (local->kind == CDN_LOCAL_PLAIN ||
                     local->kind == CDN_LOCAL_FUNCTION))
                    remember(repl, cdn_symbol_text(&syntax, local->symbol));
            }
        }
        cdn_scope_deinit(&scope);
    }
    cdn_syntax_deinit(&syntax);
}

void cdn_input_deinit(struct cdn_input *input)
{
    cdn_buf_deinit(&input->text);
}
