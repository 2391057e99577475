/* Cutting a Lua source into tokens.
 *
 * LuaJIT's own rules, where they differ from the manual of Lua 5.1: names may hold bytes
 * above 127; numbers may be binary (0b101) and hexadecimal with fraction and exponent;
 * strings know \x, \z and \u; `goto` is a word; a first line that begins with '#' is skipped.
 * A number is first taken as everything that looks like one, then read: "3x" is a malformed
 * number, not a number and a name.
 *
 * The sandbox refuses more than this (tokens.h: suffixes of numbers, bytes that are no
 * UTF-8), and what it refuses does not get here.
 *
 * Cost: one pass; strings are copied once. */
#include "lint/lexer.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

enum { MAX_QUOTED = 24, MAX_NUMBER = 64, MAX_BINARY = 64 };

static const char *const words[] = {
    "and",      "break",  "do",   "else", "elseif", "end",  "false", "for",
    "function", "goto",   "if",   "in",   "local",  "nil",  "not",   "or",
    "repeat",   "return", "then", "true", "until",  "while"};
enum { WORDS = sizeof words / sizeof words[0] };
_Static_assert((int)WORDS == (int)CDN_TOKEN_WHILE - (int)CDN_TOKEN_AND + 1,
               "a word for each kind");

const char *cdn_token_word(int kind)
{
    static const char *const others[] = {"the end of the source",
                                         "a name",
                                         "a number",
                                         "a string",
                                         "==",
                                         "~=",
                                         "<=",
                                         ">=",
                                         "..",
                                         "...",
                                         "::"};

    if (kind >= CDN_TOKEN_AND && kind <= CDN_TOKEN_WHILE)
        return words[kind - CDN_TOKEN_AND];
    if (kind >= CDN_TOKEN_END && kind < CDN_TOKEN_AND)
        return others[kind - CDN_TOKEN_END];
    return "?";
}

/* ---- faults ---- */

void cdn_lines_place(const uint32_t *lines, uint32_t count, uint32_t offset,
                     uint32_t *line, uint32_t *column)
{
    uint32_t low = 0, high = count;

    while (high - low > 1) {
        uint32_t middle = low + (high - low) / 2;

        if (lines[middle] <= offset)
            low = middle;
        else
            high = middle;
    }
    *line = low + 1;
    *column = count && offset >= lines[low] ? offset - lines[low] + 1 : 1;
}

static void stop(struct cdn_lexer *lexer)
{
    lexer->at = lexer->end;
    lexer->token.kind = CDN_TOKEN_END;
    lexer->token.start = lexer->token.end = (uint32_t)(lexer->end - lexer->source);
    lexer->has_ahead = false;
}

void cdn_lexer_fault(struct cdn_lexer *lexer, uint32_t offset, const char *format, ...)
{
    char message[300];
    uint32_t line, column;
    va_list args;

    if (!lexer->status) {
        va_start(args, format);
        vsnprintf(message, sizeof message, format, args);
        va_end(args);
        cdn_lines_place(lexer->lines, lexer->line_count, offset, &line, &column);
        lexer->status = cdn_error_at(lexer->err, CORDON_E_RULE, lexer->file, line,
                                     column, "%s", message);
    }
    stop(lexer);
}

void cdn_lexer_nomem(struct cdn_lexer *lexer)
{
    if (!lexer->status)
        lexer->status = cdn_error_nomem(lexer->err);
    stop(lexer);
}

/* ---- characters ---- */

static bool is_digit(int c)
{
    return c >= '0' && c <= '9';
}

static bool is_hex(int c)
{
    return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

static bool is_word(int c)
{
    return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           c == '_' || c >= 0x80;
}

static bool is_space(int c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static uint32_t offset_of(const struct cdn_lexer *lexer)
{
    return (uint32_t)(lexer->at - lexer->source);
}

/* The character so far ahead; -1: the source has ended. */
static int peek(const struct cdn_lexer *lexer, size_t ahead)
{
    return ahead < (size_t)(lexer->end - lexer->at) ? lexer->at[ahead] : -1;
}

static bool at_line_end(const struct cdn_lexer *lexer)
{
    return peek(lexer, 0) == '\n' || peek(lexer, 0) == '\r';
}

static void start_line(struct cdn_lexer *lexer)
{
    if (lexer->line_count == lexer->line_room) {
        uint32_t room = lexer->line_room ? lexer->line_room * 2 : 64;
        uint32_t *grown = cdn_realloc_array(lexer->lines, room, sizeof *grown);

        if (!grown) {
            cdn_lexer_nomem(lexer);
            return;
        }
        lexer->lines = grown;
        lexer->line_room = room;
    }
    lexer->lines[lexer->line_count++] = offset_of(lexer);
}

/* Over \n, \r, \r\n or \n\r. */
static void step_line(struct cdn_lexer *lexer)
{
    unsigned char first = *lexer->at++;

    if (at_line_end(lexer) && *lexer->at != first)
        lexer->at++;
    lexer->line++;
    start_line(lexer);
}

/* ---- numbers ---- */

static int fold(int c)
{
    return c >= 'A' && c <= 'Z' ? c + 32 : c;
}

static bool take_exponent(const char **at, char letter)
{
    const char *p = *at;

    if (fold((unsigned char)*p) != letter)
        return true;
    p++;
    p += *p == '+' || *p == '-';
    if (!is_digit((unsigned char)*p))
        return false;
    while (is_digit((unsigned char)*p))
        p++;
    *at = p;
    return true;
}

/* 0b101, without what stands before its digits. */
static bool read_binary(const char *p, double *value)
{
    uint32_t digits = 0;

    *value = 0;
    if (!*p)
        return false;
    for (; *p; p++) {
        if (*p != '0' && *p != '1')
            return false;
        digits += digits || *p == '1';
        *value = *value * 2 + (*p - '0');
    }
    return digits <= MAX_BINARY;
}

/* The whole text as a number; false: malformed. */
static bool read_number(const char *text, double *value)
{
    const char *p = text;
    bool hex = *p == '0' && fold((unsigned char)p[1]) == 'x';
    bool digits = false, point = false;

    if (*p == '0' && fold((unsigned char)p[1]) == 'b')
        return read_binary(p + 2, value);
    p += hex ? 2 : 0;
    for (;; p++) {
        if (hex ? is_hex((unsigned char)*p) : is_digit((unsigned char)*p))
            digits = true;
        else if (*p == '.' && !point)
            point = true;
        else
            break;
    }
    if (!digits || !take_exponent(&p, hex ? 'p' : 'e') || *p)
        return false;
    *value = strtod(text, NULL);
    return true;
}

static void lex_number(struct cdn_lexer *lexer)
{
    const unsigned char *start = lexer->at;
    int exponent = 'e';
    int last = *lexer->at++;
    char room[MAX_NUMBER];
    size_t bytes;
    char *text = room;

    if (last == '0' && fold(peek(lexer, 0)) == 'x')
        exponent = 'p';
    while (is_word(peek(lexer, 0)) || peek(lexer, 0) == '.' ||
           ((peek(lexer, 0) == '-' || peek(lexer, 0) == '+') && fold(last) == exponent))
        last = *lexer->at++;
    bytes = (size_t)(lexer->at - start);
    if (bytes >= sizeof room) {
        text = cdn_alloc(bytes + 1);
        if (!text) {
            cdn_lexer_nomem(lexer);
            return;
        }
    }
    memcpy(text, start, bytes);
    text[bytes] = '\0';
    lexer->token.kind = CDN_TOKEN_NUMBER;
    if (!read_number(text, &lexer->token.number))
        cdn_lexer_fault(lexer, lexer->token.start, "malformed number '%.*s'",
                        MAX_QUOTED, text);
    if (text != room)
        cdn_free(text);
}

/* ---- strings ---- */

static void put(struct cdn_lexer *lexer, int c)
{
    unsigned char byte = (unsigned char)c;

    cdn_buf_append(&lexer->text, &byte, 1);
}

static int hex_value(int c)
{
    return is_digit(c) ? c - '0' : fold(c) - 'a' + 10;
}

static void put_unicode(struct cdn_lexer *lexer, uint32_t c)
{
    if (c < 0x80) {
        put(lexer, (int)c);
        return;
    }
    if (c < 0x800) {
        put(lexer, (int)(0xc0 | c >> 6));
    } else {
        if (c < 0x10000) {
            put(lexer, (int)(0xe0 | c >> 12));
        } else {
            put(lexer, (int)(0xf0 | c >> 18));
            put(lexer, (int)(0x80 | (c >> 12 & 0x3f)));
        }
        put(lexer, (int)(0x80 | (c >> 6 & 0x3f)));
    }
    put(lexer, (int)(0x80 | (c & 0x3f)));
}

/* Behind "\u". */
static bool escape_unicode(struct cdn_lexer *lexer)
{
    uint32_t c = 0;

    if (peek(lexer, 0) != '{' || !is_hex(peek(lexer, 1)))
        return false;
    lexer->at++;
    while (is_hex(peek(lexer, 0))) {
        c = c << 4 | (uint32_t)hex_value(*lexer->at++);
        if (c >= 0x110000)
            return false;
    }
    if (peek(lexer, 0) != '}' || (c >= 0xd800 && c < 0xe000))
        return false;
    lexer->at++;
    put_unicode(lexer, c);
    return true;
}

static bool escape_decimal(struct cdn_lexer *lexer)
{
    int c = 0;

    for (int i = 0; i < 3 && is_digit(peek(lexer, 0)); i++)
        c = c * 10 + (*lexer->at++ - '0');
    if (c > 255)
        return false;
    put(lexer, c);
    return true;
}

/* Behind a backslash; false: there is no such escape. */
static bool escape(struct cdn_lexer *lexer)
{
    static const char letters[] = "abfnrtv\\\"'";
    static const char values[] = "\a\b\f\n\r\t\v\\\"'";
    int c = peek(lexer, 0);
    const char *found = c > 0 ? strchr(letters, c) : NULL;

    if (is_digit(c))
        return escape_decimal(lexer);
    if (at_line_end(lexer)) {
        put(lexer, '\n');
        step_line(lexer);
        return true;
    }
    if (c < 0)
        return true; /* unfinished, which the caller sees */
    lexer->at++;
    if (found) {
        put(lexer, values[found - letters]);
        return true;
    }
    if (c == 'u')
        return escape_unicode(lexer);
    if (c == 'x' && is_hex(peek(lexer, 0)) && is_hex(peek(lexer, 1))) {
        put(lexer, hex_value(lexer->at[0]) * 16 + hex_value(lexer->at[1]));
        lexer->at += 2;
        return true;
    }
    if (c != 'z')
        return false;
    while (is_space(peek(lexer, 0))) {
        if (at_line_end(lexer))
            step_line(lexer);
        else
            lexer->at++;
    }
    return true;
}

static void end_text(struct cdn_lexer *lexer)
{
    lexer->token.kind = CDN_TOKEN_STRING;
    lexer->token.bytes = (uint32_t)lexer->text.length - lexer->token.text;
    if (lexer->text.failed)
        cdn_lexer_nomem(lexer);
}

static void lex_string(struct cdn_lexer *lexer)
{
    int quote = *lexer->at++;

    lexer->token.text = (uint32_t)lexer->text.length;
    while (peek(lexer, 0) >= 0 && peek(lexer, 0) != quote && !at_line_end(lexer)) {
        uint32_t start = offset_of(lexer);

        if (*lexer->at != '\\') {
            put(lexer, *lexer->at++);
            continue;
        }
        lexer->at++;
        if (!escape(lexer)) {
            cdn_lexer_fault(lexer, start,
                            "no such escape in a string; write \\\\ for a backslash");
            return;
        }
    }
    if (lexer->status)
        return;
    if (peek(lexer, 0) != quote) {
        cdn_lexer_fault(lexer, lexer->token.start,
                        "unfinished string; it needs a closing %c", quote);
        return;
    }
    lexer->at++;
    end_text(lexer);
}

/* At a '[': the level of the long bracket that opens here, -1 if none does. */
static long long_level(const struct cdn_lexer *lexer)
{
    size_t level = 0;

    while (peek(lexer, 1 + level) == '=')
        level++;
    return peek(lexer, 1 + level) == '[' ? (long)level : -1;
}

/* From its bracket; what it holds into the text if `keep`. */
static void lex_long(struct cdn_lexer *lexer, long level, bool keep)
{
    uint32_t start = offset_of(lexer);

    lexer->token.text = (uint32_t)lexer->text.length;
    lexer->at += level + 2;
    if (at_line_end(lexer))
        step_line(lexer);
    while (peek(lexer, 0) >= 0) {
        long count = 0;

        if (at_line_end(lexer)) {
            if (keep)
                put(lexer, '\n');
            step_line(lexer);
            continue;
        }
        if (*lexer->at == ']') {
            while (count < level && peek(lexer, 1 + (size_t)count) == '=')
                count++;
            if (count == level && peek(lexer, 1 + (size_t)count) == ']') {
                lexer->at += level + 2;
                return;
            }
        }
        if (keep)
            put(lexer, *lexer->at);
        lexer->at++;
    }
    cdn_lexer_fault(lexer, start, "unfinished long %s", keep ? "string" : "comment");
}

/* ---- blanks and comments ---- */

static void note_comment(struct cdn_lexer *lexer, uint32_t start, bool alone)
{
    if (lexer->comment_count == lexer->comment_room) {
        uint32_t room = lexer->comment_room ? lexer->comment_room * 2 : 16;
        struct cdn_comment *grown =
            cdn_realloc_array(lexer->comments, room, sizeof *grown);

        if (!grown) {
            cdn_lexer_nomem(lexer);
            return;
        }
        lexer->comments = grown;
        lexer->comment_room = room;
    }
    lexer->comments[lexer->comment_count++] =
        (struct cdn_comment){.start = start, .end = offset_of(lexer), .alone = alone};
}

static void lex_comment(struct cdn_lexer *lexer)
{
    uint32_t start = offset_of(lexer);
    uint32_t line = lexer->lines[lexer->line_count - 1];
    bool alone = true;

    for (uint32_t i = line; i < start; i++)
        alone &= is_space(lexer->source[i]);
    lexer->at += 2;
    if (peek(lexer, 0) == '[' && long_level(lexer) >= 0) {
        lex_long(lexer, long_level(lexer), false);
    } else {
        while (peek(lexer, 0) >= 0 && !at_line_end(lexer))
            lexer->at++;
    }
    if (!lexer->status)
        note_comment(lexer, start, alone);
}

static void skip_space(struct cdn_lexer *lexer)
{
    while (!lexer->status && lexer->at < lexer->end) {
        if (at_line_end(lexer))
            step_line(lexer);
        else if (is_space(*lexer->at))
            lexer->at++;
        else if (*lexer->at == '-' && peek(lexer, 1) == '-')
            lex_comment(lexer);
        else
            break;
    }
}

/* ---- tokens ---- */

static void lex_name(struct cdn_lexer *lexer)
{
    const unsigned char *start = lexer->at;
    size_t bytes;

    while (is_word(peek(lexer, 0)))
        lexer->at++;
    bytes = (size_t)(lexer->at - start);
    lexer->token.kind = CDN_TOKEN_NAME;
    for (int i = 0; i < WORDS; i++) {
        if (words[i][0] == (char)*start && strlen(words[i]) == bytes &&
            !memcmp(words[i], start, bytes))
            lexer->token.kind = CDN_TOKEN_AND + i;
    }
}

static void lex_symbol(struct cdn_lexer *lexer)
{
    static const struct {
        char text[4];
        int kind;
    } longer[] = {{"==", CDN_TOKEN_EQ},    {"~=", CDN_TOKEN_NE},
                  {"<=", CDN_TOKEN_LE},    {">=", CDN_TOKEN_GE},
                  {"::", CDN_TOKEN_LABEL}, {"...", CDN_TOKEN_DOTS},
                  {"..", CDN_TOKEN_CONCAT}};
    size_t left = (size_t)(lexer->end - lexer->at);

    for (size_t i = 0; i < sizeof longer / sizeof longer[0]; i++) {
        size_t bytes = strlen(longer[i].text);

        if (left < bytes || memcmp(lexer->at, longer[i].text, bytes) != 0)
            continue;
        lexer->token.kind = longer[i].kind;
        lexer->at += bytes;
        return;
    }
    if (*lexer->at == '[' && peek(lexer, 1) == '=') {
        cdn_lexer_fault(lexer, lexer->token.start, "invalid long string delimiter");
        return;
    }
    lexer->token.kind = *lexer->at++;
}

static void scan(struct cdn_lexer *lexer)
{
    int c;

    skip_space(lexer);
    lexer->token = (struct cdn_token){.kind = CDN_TOKEN_END, .start = offset_of(lexer)};
    c = peek(lexer, 0);
    if (is_digit(c) || (c == '.' && is_digit(peek(lexer, 1))))
        lex_number(lexer);
    else if (is_word(c))
        lex_name(lexer);
    else if (c == '"' || c == '\'')
        lex_string(lexer);
    else if (c == '[' && long_level(lexer) >= 0) {
        lex_long(lexer, long_level(lexer), true);
        if (!lexer->status)
            end_text(lexer);
    } else if (c >= 0)
        lex_symbol(lexer);
    lexer->token.end = offset_of(lexer);
}

void cdn_lexer_next(struct cdn_lexer *lexer)
{
    lexer->line_before = lexer->line;
    lexer->token_before = lexer->token.end;
    if (lexer->status)
        return;
    if (lexer->has_ahead) {
        lexer->token = lexer->ahead;
        lexer->has_ahead = false;
        return;
    }
    scan(lexer);
}

int cdn_lexer_peek(struct cdn_lexer *lexer)
{
    if (!lexer->has_ahead && !lexer->status) {
        struct cdn_token token = lexer->token;

        scan(lexer);
        if (lexer->status)
            return CDN_TOKEN_END;
        lexer->ahead = lexer->token;
        lexer->token = token;
        lexer->has_ahead = true;
    }
    return lexer->has_ahead ? lexer->ahead.kind : CDN_TOKEN_END;
}

/* A byte order mark, and a first line for a shell. */
static void skip_start(struct cdn_lexer *lexer)
{
    if (peek(lexer, 0) == 0xef && peek(lexer, 1) == 0xbb && peek(lexer, 2) == 0xbf)
        lexer->at += 3;
    start_line(lexer);
    if (peek(lexer, 0) != '#')
        return;
    while (peek(lexer, 0) >= 0 && !at_line_end(lexer))
        lexer->at++;
}

cordon_status cdn_lexer_init(struct cdn_lexer *lexer, const char *source, size_t bytes,
                             const char *file, cordon_error *err)
{
    memset(lexer, 0, sizeof *lexer);
    lexer->source = lexer->at = (const unsigned char *)source;
    lexer->end = lexer->source + bytes;
    lexer->file = file;
    lexer->err = err;
    lexer->line = 1;
    skip_start(lexer);
    cdn_lexer_next(lexer);
    return lexer->status;
}

void cdn_lexer_deinit(struct cdn_lexer *lexer)
{
    cdn_buf_deinit(&lexer->text);
    cdn_free(lexer->comments);
    cdn_free(lexer->lines);
    lexer->comments = NULL;
    lexer->lines = NULL;
}
