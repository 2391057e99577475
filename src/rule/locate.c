/* Finding a contract's field in the source text, so that a fault has a line.
 *
 * Once the chunk has run its table has no positions any more, so they are looked up in the
 * text, and only when there is a fault to report.  The reader knows just enough of Lua:
 * strings, comments, brackets and what opens and closes a block.  It looks at tables written
 * at the chunk's top level, and if one of them stands behind `return`, at that one alone.
 * A field that is computed, or added later, is not found: the nearest field around it that
 * is written out stands in.
 *
 * Cost: one pass over the source (at most 256 KiB) a fault.  Left out: a parser.  Text that
 * reaches this has been compiled by Lua, so it is well formed, but nothing relies on it. */
#include "rule/locate.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

enum kind { END, NAME, STRING, NUMBER, SYMBOL };

struct token {
    enum kind kind;
    const char *text; /* of a string: without its quotes */
    size_t bytes;
    uint32_t line;
};

struct reader {
    const char *at;
    const char *end;
    uint32_t line;
    const char *const *path;
    uint32_t depth;
    uint32_t best_depth; /* how much of the path `best_line` matches */
    uint32_t best_line;
};

static bool is_name(unsigned char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           c == '_' || c >= 0x80;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* If a long bracket opens here, the number of its equal signs; else -1. */
static int long_level(const struct reader *reader)
{
    const char *at = reader->at + 1;
    int level = 0;

    if (reader->at == reader->end || *reader->at != '[')
        return -1;
    while (at < reader->end && *at == '=') {
        at++;
        level++;
    }
    return at < reader->end && *at == '[' ? level : -1;
}

static void skip_long(struct reader *reader, int level)
{
    reader->at += level + 2;
    for (; reader->at < reader->end; reader->at++) {
        const char *at = reader->at + 1;
        int equals = 0;

        if (*reader->at == '\n')
            reader->line++;
        if (*reader->at != ']')
            continue;
        while (at < reader->end && *at == '=') {
            at++;
            equals++;
        }
        if (equals == level && at < reader->end && *at == ']') {
            reader->at = at + 1;
            return;
        }
    }
}

static void skip_blank(struct reader *reader)
{
    while (reader->at < reader->end) {
        char c = *reader->at;

        if (c == '\n') {
            reader->line++;
            reader->at++;
        } else if (c == ' ' || (c >= '\t' && c <= '\r')) {
            reader->at++;
        } else if (c == '-' && reader->end - reader->at > 1 && reader->at[1] == '-') {
            int level;

            reader->at += 2;
            level = long_level(reader);
            if (level >= 0) {
                skip_long(reader, level);
                continue;
            }
            while (reader->at < reader->end && *reader->at != '\n')
                reader->at++;
        } else {
            return;
        }
    }
}

static struct token next(struct reader *reader)
{
    struct token token = {.kind = END};
    char first;
    int level;

    skip_blank(reader);
    token.line = reader->line;
    token.text = reader->at;
    if (reader->at >= reader->end)
        return token;
    first = *reader->at;
    level = long_level(reader);
    if (level >= 0) {
        skip_long(reader, level);
        token.kind = STRING;
        token.bytes = 0;
        return token;
    }
    if (first == '"' || first == '\'') {
        token.kind = STRING;
        token.text = ++reader->at;
        while (reader->at < reader->end && *reader->at != first) {
            if (*reader->at == '\\' && reader->end - reader->at > 1)
                reader->at++;
            if (*reader->at == '\n')
                reader->line++;
            reader->at++;
        }
        token.bytes = (size_t)(reader->at - token.text);
        if (reader->at < reader->end)
            reader->at++;
        return token;
    }
    if (is_name((unsigned char)first)) {
        token.kind = is_digit(first) ? NUMBER : NAME;
        while (reader->at < reader->end &&
               (is_name((unsigned char)*reader->at) ||
                (token.kind == NUMBER && *reader->at == '.')))
            reader->at++;
        token.bytes = (size_t)(reader->at - token.text);
        return token;
    }
    token.kind = SYMBOL;
    token.bytes = 1;
    if (reader->end - reader->at > 1 && reader->at[1] == '=' && strchr("=~<>", first))
        token.bytes = 2;
    reader->at += token.bytes;
    return token;
}

static bool is(const struct token *token, const char *text)
{
    return token->kind != END && token->kind != STRING &&
           token->bytes == strlen(text) && !memcmp(token->text, text, token->bytes);
}

static int block_step(const struct token *token)
{
    if (token->kind != NAME)
        return 0;
    if (is(token, "function") || is(token, "do") || is(token, "if") ||
        is(token, "repeat"))
        return 1;
    return is(token, "end") || is(token, "until") ? -1 : 0;
}

static int bracket_step(const struct token *token)
{
    if (token->kind != SYMBOL)
        return 0;
    if (is(token, "{") || is(token, "(") || is(token, "["))
        return 1;
    return is(token, "}") || is(token, ")") || is(token, "]") ? -1 : 0;
}

static void note(struct reader *reader, uint32_t depth, uint32_t line)
{
    if (depth >= reader->best_depth) {
        reader->best_depth = depth;
        reader->best_line = line;
    }
}

/* Is this the key that the path names at `level`?  `peek` is left behind the key. */
static bool key_matches(struct reader *reader, const struct token *first,
                        uint32_t level, uint32_t *position, bool *keyed)
{
    struct reader saved = *reader;
    struct token key = *first;
    struct token after;
    const char *wanted = level < reader->depth ? reader->path[level] : "";
    char number[16];

    *keyed = true;
    if (is(first, "[")) {
        key = next(reader);
        after = next(reader);
        if (is(&after, "]")) {
            after = next(reader);
            if (is(&after, "="))
                return key.kind == STRING && key.bytes == strlen(wanted) &&
                       !memcmp(key.text, wanted, key.bytes);
        }
    } else if (key.kind == NAME) {
        after = next(reader);
        if (is(&after, "="))
            return key.bytes == strlen(wanted) && !memcmp(key.text, wanted, key.bytes);
    }
    *reader = saved;
    *keyed = false;
    snprintf(number, sizeof number, "#%u", ++*position);
    return !strcmp(number, wanted);
}

/* Walk a table whose brace has been read; `level` keys of the path led to it.  Recursion is
 * as deep as the path at most: tables that do not match are stepped over. */
static void walk_table(struct reader *reader, uint32_t level)
{
    uint32_t position = 0;

    for (;;) {
        struct token token = next(reader);
        bool keyed;
        bool matches;
        int nesting = 0;
        int blocks = 0;

        if (token.kind == END || is(&token, "}"))
            return;
        if (is(&token, ",") || is(&token, ";"))
            continue;
        matches = key_matches(reader, &token, level, &position, &keyed);
        if (matches)
            note(reader, level + 1, token.line);
        if (keyed)
            token = next(reader);
        if (matches && is(&token, "{") && level + 1 < reader->depth) {
            walk_table(reader, level + 1);
            token = next(reader);
        }
        for (;; token = next(reader)) { /* the rest of the value */
            if (token.kind == END)
                return;
            if (!nesting && !blocks) {
                if (is(&token, ",") || is(&token, ";"))
                    break;
                if (is(&token, "}"))
                    return;
            }
            nesting += bracket_step(&token);
            blocks += block_step(&token);
        }
    }
}

uint32_t cdn_rule_locate(const char *source, size_t bytes, const char *const *path,
                         uint32_t depth)
{
    struct reader reader = {
        .at = source, .end = source + bytes, .line = 1, .path = path, .depth = depth};
    bool behind_return = false;
    int blocks = 0;
    int nesting = 0;

    for (;;) {
        struct token token = next(&reader);

        if (token.kind == END)
            break;
        if (!blocks && !nesting && is(&token, "{")) {
            if (behind_return) { /* this one alone counts */
                reader.best_depth = 0;
                reader.best_line = 0;
            }
            note(&reader, 0, token.line);
            walk_table(&reader, 0);
            if (behind_return)
                break;
            continue;
        }
        nesting += bracket_step(&token);
        blocks += block_step(&token);
        behind_return = !blocks && is(&token, "return");
    }
    return reader.best_line;
}

uint32_t cdn_rule_locate_return(const char *source, size_t bytes)
{
    struct reader reader = {.at = source, .end = source + bytes, .line = 1};
    uint32_t line = 0;
    int blocks = 0;

    for (;;) {
        struct token token = next(&reader);

        if (token.kind == END)
            return line;
        blocks += block_step(&token);
        if (!blocks && token.kind == NAME && is(&token, "return"))
            line = token.line;
    }
}
