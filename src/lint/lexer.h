/* The words of a Lua source, as LuaJIT cuts them, each with its place.
 *
 * One token is at hand and at most one is looked at ahead.  Comments are kept beside:
 * what suppresses a finding stands in them.  The lexer knows what LuaJIT's knows about
 * lines, down to the line it believes to be in after it looked ahead, since the parser
 * refuses a call whose parenthesis opens on another line.
 *
 * Nothing here is shared or raises; the source is borrowed and may be hostile. */
#ifndef CDN_LINT_LEXER_H
#define CDN_LINT_LEXER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"

/* Tokens of one character are that character. */
enum cdn_token_kind {
    CDN_TOKEN_END = 256, /* of the source */
    CDN_TOKEN_NAME,
    CDN_TOKEN_NUMBER,
    CDN_TOKEN_STRING,
    CDN_TOKEN_EQ,     /* == */
    CDN_TOKEN_NE,     /* ~= */
    CDN_TOKEN_LE,     /* <= */
    CDN_TOKEN_GE,     /* >= */
    CDN_TOKEN_CONCAT, /* .. */
    CDN_TOKEN_DOTS,   /* ... */
    CDN_TOKEN_LABEL,  /* :: */
    CDN_TOKEN_AND,    /* the words from here to the end, in the order of the alphabet */
    CDN_TOKEN_BREAK,
    CDN_TOKEN_DO,
    CDN_TOKEN_ELSE,
    CDN_TOKEN_ELSEIF,
    CDN_TOKEN_CLOSE, /* end */
    CDN_TOKEN_FALSE,
    CDN_TOKEN_FOR,
    CDN_TOKEN_FUNCTION,
    CDN_TOKEN_GOTO,
    CDN_TOKEN_IF,
    CDN_TOKEN_IN,
    CDN_TOKEN_LOCAL,
    CDN_TOKEN_NIL,
    CDN_TOKEN_NOT,
    CDN_TOKEN_OR,
    CDN_TOKEN_REPEAT,
    CDN_TOKEN_RETURN,
    CDN_TOKEN_THEN,
    CDN_TOKEN_TRUE,
    CDN_TOKEN_UNTIL,
    CDN_TOKEN_WHILE
};

struct cdn_token {
    int kind;
    uint32_t start, end;  /* bytes of the source */
    uint32_t text, bytes; /* of a string: what it means, in the lexer's `text` */
    double number;
};

struct cdn_comment {
    uint32_t start, end; /* from its dashes to its last byte */
    bool alone;          /* nothing but blanks before it on its line */
};

struct cdn_lexer {
    const unsigned char *source;
    const unsigned char *at;
    const unsigned char *end;
    const char *file; /* for messages; may be NULL */
    cordon_error *err;
    cordon_status status; /* of the first fault; the end of the source from then on */
    struct cdn_token token;
    struct cdn_token ahead;
    bool has_ahead;
    uint32_t line;         /* from 1, where the lexer stands */
    uint32_t line_before;  /* where it stood before it read the token at hand */
    uint32_t token_before; /* the end of the token before the one at hand */
    struct cdn_buf text;
    uint32_t comment_count, comment_room;
    struct cdn_comment *comments;
    uint32_t line_count, line_room;
    uint32_t *lines; /* where each line starts */
};

/* Start on a source of less than 2^31 bytes and read its first token.  Whatever comes
 * back, cdn_lexer_deinit() is due.
 * Errors of this and all the others: CORDON_E_RULE with line and column, CORDON_E_NOMEM. */
cordon_status cdn_lexer_init(struct cdn_lexer *lexer, const char *source, size_t bytes,
                             const char *file, cordon_error *err);
void cdn_lexer_deinit(struct cdn_lexer *lexer);

/* Step to the next token. */
void cdn_lexer_next(struct cdn_lexer *lexer);
/* The kind of the token after the one at hand. */
int cdn_lexer_peek(struct cdn_lexer *lexer);

/* Note a fault at a place, if it is the first; the source then has ended. */
void cdn_lexer_fault(struct cdn_lexer *lexer, uint32_t offset, const char *format, ...)
    CDN_PRINTF(3, 4);
void cdn_lexer_nomem(struct cdn_lexer *lexer);

/* Line and column, both from 1, of an offset in what has been read. */
void cdn_lines_place(const uint32_t *lines, uint32_t count, uint32_t offset,
                     uint32_t *line, uint32_t *column);

/* The words that are no names, by their kind. */
const char *cdn_token_word(int kind);

#endif
