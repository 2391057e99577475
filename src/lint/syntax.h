/* A rule's source as a tree: Lua 5.1 as LuaJIT reads it.
 *
 * The parser accepts exactly what LuaJIT's does, but for the limits of LuaJIT's virtual
 * machine (registers, constants, locals, lengths of jumps), which are not grammar; a test
 * holds the two against each other.  What is told beyond words: a label that is missing, met
 * twice or lies behind a local's declaration, a break outside loops, `...` where there is none.
 *
 * Nodes lie in one array and refer to each other by index; 0 is no node.  Names and strings
 * are symbols: equal texts have equal numbers.  `depth` is how high the tree below a node is:
 * chains such as a+b+c lean to the left without bound, and who walks the tree by recursion
 * asks cdn_syntax.deepest first.
 *
 * Memory is linear in the source: some 60 bytes a token.  Not shared while it is made,
 * immutable afterwards. */
#ifndef CDN_LINT_SYNTAX_H
#define CDN_LINT_SYNTAX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"
#include "lint/lexer.h"

/* X(name): what `a`, `b`, `c` hold; "list" is the first of nodes linked by `next`. */
enum cdn_syntax_kind {
    CDN_SYNTAX_NONE,
    /* expressions */
    CDN_SYNTAX_NIL,
    CDN_SYNTAX_TRUE,
    CDN_SYNTAX_FALSE,
    CDN_SYNTAX_NUMBER,   /* number */
    CDN_SYNTAX_STRING,   /* symbol */
    CDN_SYNTAX_DOTS,     /* ... */
    CDN_SYNTAX_FUNCTION, /* a: list of NAME; b: BLOCK; vararg; method: has a `self` */
    CDN_SYNTAX_NAME,     /* symbol */
    CDN_SYNTAX_INDEX,    /* a[b]; a.b has a STRING as b, and `dot` */
    CDN_SYNTAX_CALL,     /* a(b: list) */
    CDN_SYNTAX_METHOD,   /* a:symbol(b: list); c: the name as STRING */
    CDN_SYNTAX_TABLE,    /* a: list of ITEM, PAIR */
    CDN_SYNTAX_UNARY,    /* op a; op '-', '#' or CDN_TOKEN_NOT */
    CDN_SYNTAX_BINARY,   /* a op b; op a token's kind */
    CDN_SYNTAX_PAREN,    /* (a) */
    /* fields of a table */
    CDN_SYNTAX_ITEM, /* a */
    CDN_SYNTAX_PAIR, /* [a] = b; of name = b a is a STRING, and `dot` */
    /* statements */
    CDN_SYNTAX_BLOCK,          /* a: list of statements */
    CDN_SYNTAX_LOCAL,          /* a: list of NAME; b: list of values */
    CDN_SYNTAX_LOCAL_FUNCTION, /* a: NAME; b: FUNCTION */
    CDN_SYNTAX_ASSIGN,         /* a: list of NAME, INDEX; b: list of values */
    CDN_SYNTAX_DEFINE,         /* function a b: a NAME or INDEX, b FUNCTION */
    CDN_SYNTAX_STATEMENT,      /* a: CALL or METHOD */
    CDN_SYNTAX_DO,             /* a: BLOCK */
    CDN_SYNTAX_WHILE,          /* a: condition; b: BLOCK */
    CDN_SYNTAX_REPEAT,         /* a: BLOCK; b: condition, which sees its locals */
    CDN_SYNTAX_IF,             /* a: list of CLAUSE */
    CDN_SYNTAX_CLAUSE,         /* a: condition, 0 of `else`; b: BLOCK */
    CDN_SYNTAX_FOR,            /* a: NAME; b: list of two or three values; c: BLOCK */
    CDN_SYNTAX_FOR_IN,         /* a: list of NAME; b: list of values; c: BLOCK */
    CDN_SYNTAX_RETURN,         /* a: list of values */
    CDN_SYNTAX_BREAK,
    CDN_SYNTAX_GOTO, /* symbol */
    CDN_SYNTAX_MARK  /* ::symbol:: */
};

struct cdn_syntax_node {
    uint8_t kind; /* enum cdn_syntax_kind */
    bool dot;
    bool vararg;
    bool method;
    int16_t op;
    uint32_t depth;
    uint32_t start, end; /* bytes of the source */
    uint32_t next;
    uint32_t symbol;
    union {
        struct {
            uint32_t a, b, c;
        };
        double number;
    };
};

struct cdn_syntax {
    const char *source; /* borrowed */
    size_t bytes;
    uint32_t count; /* of nodes, the one that is none included */
    uint32_t room;
    struct cdn_syntax_node *nodes;
    uint32_t chunk;   /* a FUNCTION */
    uint32_t deepest; /* depth of the chunk */
    /* symbols, from 1 */
    uint32_t symbol_count, symbol_room;
    struct cdn_symbol {
        uint32_t text, bytes;
    } * symbols;
    uint32_t *slots;     /* a hash table of 2 * symbol_room numbers */
    struct cdn_buf text; /* each symbol's, ended by a NUL */
    /* of the lexer */
    uint32_t comment_count;
    struct cdn_comment *comments;
    uint32_t line_count;
    uint32_t *lines;
};

/* Parse a source, which is borrowed.  Whatever comes back, cdn_syntax_deinit() is due.
 * Errors: CORDON_E_RULE with file, line and column, CORDON_E_NOMEM. */
cordon_status cdn_syntax_parse(struct cdn_syntax *out, const char *source, size_t bytes,
                               const char *file, cordon_error *err);
void cdn_syntax_deinit(struct cdn_syntax *syntax);

static inline const struct cdn_syntax_node *
cdn_syntax_at(const struct cdn_syntax *syntax, uint32_t node)
{
    return &syntax->nodes[node];
}

/* A symbol's text, ended by a NUL (of which it may hold more). */
static inline const char *cdn_symbol_text(const struct cdn_syntax *syntax,
                                          uint32_t symbol)
{
    return symbol ? (const char *)syntax->text.data + syntax->symbols[symbol].text : "";
}

/* The symbol of a text; 0: the source has no such name or string. */
uint32_t cdn_symbol_find(const struct cdn_syntax *syntax, const char *text,
                         size_t bytes);

/* Line and column, from 1, of a byte of the source. */
void cdn_syntax_place(const struct cdn_syntax *syntax, uint32_t offset, uint32_t *line,
                      uint32_t *column);

/* Its only, or its first child behind parentheses. */
uint32_t cdn_syntax_bare(const struct cdn_syntax *syntax, uint32_t node);

#endif
