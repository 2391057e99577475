/* Finding a path in a table constructor: a lexer of Lua's tokens and a walk by nesting.
 *
 * Only what is needed to skip correctly is told apart: comments, strings (long ones
 * too), names, and single characters.  Cost: one pass over the source, paid only for an
 * error. */
#include "sandbox/locate.h"

#include <stdbool.h>
#include <string.h>

enum kind { END, NAME, STRING, SIGN };

struct lexer {
    const char *at;
    const char *end;
    uint32_t line;
    /* the current token */
    enum kind kind;
    uint32_t token_line;
    const char *text; /* without the quotes of a string */
    size_t bytes;
};

static bool is_word(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           c == '_';
}

static void step(struct lexer *lexer)
{
    if (*lexer->at == '\n')
        lexer->line++;
    lexer->at++;
}

/* At "[[" or "[==[": step over all of it.  False: no long bracket starts here. */
static bool skip_long(struct lexer *lexer, const char **text, size_t *bytes)
{
    const char *at = lexer->at + 1;
    size_t level = 0;

    while (at < lexer->end && *at == '=') {
        at++;
        level++;
    }
    if (at == lexer->end || *at != '[')
        return false;
    lexer->at = at + 1;
    *text = lexer->at;
    *bytes = 0;
    for (; lexer->at < lexer->end; step(lexer)) {
        const char *close = lexer->at + 1;
        size_t equal = 0;

        if (*lexer->at != ']')
            continue;
        while (close < lexer->end && *close == '=') {
            close++;
            equal++;
        }
        if (equal == level && close < lexer->end && *close == ']') {
            *bytes = (size_t)(lexer->at - *text);
            lexer->at = close + 1;
            return true;
        }
    }
    return true;
}

static void skip_blank(struct lexer *lexer)
{
    const char *text;
    size_t bytes;

    while (lexer->at < lexer->end) {
        if (strchr(" \t\r\n\f\v", *lexer->at) && *lexer->at) {
            step(lexer);
        } else if (lexer->end - lexer->at >= 2 && lexer->at[0] == '-' &&
                   lexer->at[1] == '-') {
            lexer->at += 2;
            if (lexer->at < lexer->end && *lexer->at == '[' &&
                skip_long(lexer, &text, &bytes))
                continue;
            while (lexer->at < lexer->end && *lexer->at != '\n')
                lexer->at++;
        } else {
            return;
        }
    }
}

static void next(struct lexer *lexer)
{
    char quote;

    skip_blank(lexer);
    lexer->token_line = lexer->line;
    lexer->text = lexer->at;
    lexer->bytes = 0;
    lexer->kind = END;
    if (lexer->at == lexer->end)
        return;
    quote = *lexer->at;
    if (is_word(quote)) {
        lexer->kind = NAME;
        while (lexer->at < lexer->end && is_word(*lexer->at))
            lexer->at++;
        lexer->bytes = (size_t)(lexer->at - lexer->text);
    } else if (quote == '"' || quote == '\'') {
        lexer->kind = STRING;
        lexer->text = ++lexer->at;
        while (lexer->at < lexer->end && *lexer->at != quote) {
            if (*lexer->at == '\\' && lexer->at + 1 < lexer->end)
                step(lexer);
            step(lexer);
        }
        lexer->bytes = (size_t)(lexer->at - lexer->text);
        if (lexer->at < lexer->end)
            lexer->at++;
    } else if (quote == '[' && skip_long(lexer, &lexer->text, &lexer->bytes)) {
        lexer->kind = STRING;
    } else {
        lexer->kind = SIGN;
        lexer->bytes = 1;
        lexer->at++;
    }
}

static bool is_sign(const struct lexer *lexer, char c)
{
    return lexer->kind == SIGN && *lexer->text == c;
}

static bool is_text(const struct lexer *lexer, const char *text)
{
    return strlen(text) == lexer->bytes && !memcmp(text, lexer->text, lexer->bytes);
}

/* From a value's first token to the separator or closing brace behind it. */
static void skip_value(struct lexer *lexer)
{
    uint32_t depth = 0;

    for (; lexer->kind != END; next(lexer)) {
        if (lexer->kind != SIGN)
            continue;
        if (strchr("{([", *lexer->text))
            depth++;
        else if (depth == 0 && strchr(",;})", *lexer->text))
            return;
        else if (depth && strchr("})]", *lexer->text))
            depth--;
    }
}

/* If the entry at the current token has a key, step to its value and say so. */
static bool take_key(struct lexer *lexer, const char **key, size_t *bytes)
{
    struct lexer ahead = *lexer;
    bool bracket = is_sign(&ahead, '[');

    if (bracket)
        next(&ahead);
    if (ahead.kind != NAME && !(bracket && ahead.kind == STRING))
        return false;
    *key = ahead.text;
    *bytes = ahead.bytes;
    next(&ahead);
    if (bracket) {
        if (!is_sign(&ahead, ']'))
            return false;
        next(&ahead);
    }
    if (!is_sign(&ahead, '='))
        return false;
    next(&ahead);
    if (is_sign(&ahead, '=')) /* a comparison, not a key */
        return false;
    *lexer = ahead;
    return true;
}

/* The lexer stands behind a table's opening brace: find the step's entry in it.  On
 * true the current token is its value's first, and *line is the entry's. */
static bool find_entry(struct lexer *lexer, const struct cdn_step *wanted,
                       uint32_t *line)
{
    uint32_t position = 0;

    next(lexer);
    while (lexer->kind != END && !is_sign(lexer, '}')) {
        uint32_t start = lexer->token_line;
        const char *key = NULL;
        size_t bytes = 0;
        bool found;

        if (take_key(lexer, &key, &bytes))
            found = wanted->key && strlen(wanted->key) == bytes &&
                    !memcmp(key, wanted->key, bytes);
        else
            found = ++position == wanted->index && !wanted->key;
        if (found) {
            *line = start;
            return true;
        }
        skip_value(lexer);
        if (is_sign(lexer, ',') || is_sign(lexer, ';'))
            next(lexer);
        else if (is_sign(lexer, ')'))
            return false;
    }
    return false;
}

uint32_t cdn_locate(const char *source, size_t bytes, const struct cdn_step *path,
                    size_t steps)
{
    struct lexer lexer = {.at = source, .end = source + bytes, .line = 1};
    struct lexer table = lexer;
    uint32_t line = 0;

    /* the table is that of the last `return {` */
    for (next(&lexer); lexer.kind != END; next(&lexer)) {
        struct lexer ahead = lexer;

        if (lexer.kind != NAME || !is_text(&lexer, "return"))
            continue;
        next(&ahead);
        if (is_sign(&ahead, '{')) {
            table = ahead;
            line = lexer.token_line;
        }
    }
    if (!line)
        return 0;
    for (size_t i = 0; i < steps; i++) {
        if (!is_sign(&table, '{') || !find_entry(&table, &path[i], &line))
            break;
    }
    return line;
}
