/* What the two halves of the parser share: syntax.c (expressions) and
 * syntax_statement.c (statements, labels). */
#ifndef CDN_LINT_SYNTAX_BUILD_H
#define CDN_LINT_SYNTAX_BUILD_H

#include "lint/syntax.h"

/* LuaJIT's own bound on nesting of blocks and operators. */
#define CDN_SYNTAX_MAX_LEVEL 200

/* A block that is open. */
struct cdn_block {
    struct cdn_block *outer; /* NULL: the function's own */
    bool loop;
    uint32_t first_jump; /* of parser->jumps that belong to it */
    uint32_t active;     /* locals that were open where it began */
};

/* A label, or a goto or break that waits for its label. */
struct cdn_jump {
    uint32_t symbol; /* 0: settled; of a break CDN_BREAK */
    bool label;
    uint32_t active; /* locals open there */
    uint32_t offset;
};
#define CDN_BREAK UINT32_MAX

struct cdn_parser {
    struct cdn_syntax *syntax;
    struct cdn_lexer lexer;
    uint32_t level;
    /* of the function at hand */
    bool vararg;
    uint32_t active;
    struct cdn_block *block;
    uint32_t jump_count, jump_room;
    struct cdn_jump *jumps;
};

/* A node from `start` to the end of what was read, 0 if memory ran out. */
uint32_t cdn_build_node(struct cdn_parser *parser, enum cdn_syntax_kind kind,
                        uint32_t start, uint32_t a, uint32_t b, uint32_t c);
/* Append to a list. */
struct cdn_list_end {
    uint32_t first, last;
};
void cdn_build_append(struct cdn_parser *parser, struct cdn_list_end *list,
                      uint32_t node);
uint32_t cdn_build_symbol(struct cdn_parser *parser, const char *text, size_t bytes);

static inline int cdn_parser_token(const struct cdn_parser *parser)
{
    return parser->lexer.token.kind;
}

static inline uint32_t cdn_parser_start(const struct cdn_parser *parser)
{
    return parser->lexer.token.start;
}

/* Step over a token if it is this one. */
bool cdn_parser_skip(struct cdn_parser *parser, int kind);
/* ... which it has to be. */
void cdn_parser_need(struct cdn_parser *parser, int kind);
/* ... to close what was opened at `start`. */
void cdn_parser_close(struct cdn_parser *parser, int kind, int opener, uint32_t start);
/* "... expected near ...". */
void cdn_parser_expected(struct cdn_parser *parser, const char *what);
/* Is it a name here?  `goto` may be one. */
bool cdn_parser_names(const struct cdn_parser *parser);
/* A name as a node of that kind, NAME or STRING. */
uint32_t cdn_parse_name(struct cdn_parser *parser, enum cdn_syntax_kind kind);
/* One level deeper; false, with a fault, if that is too deep.  Then come up again. */
bool cdn_parser_enter(struct cdn_parser *parser);
void cdn_parser_leave(struct cdn_parser *parser);

uint32_t cdn_parse_expression(struct cdn_parser *parser);
/* One or more, separated by commas. */
uint32_t cdn_parse_expressions(struct cdn_parser *parser);
/* A name or parenthesis and all that is called and indexed behind it. */
uint32_t cdn_parse_primary(struct cdn_parser *parser);
/* Behind `function` and its name: parameters, body, end. */
uint32_t cdn_parse_body(struct cdn_parser *parser, uint32_t start, bool method);
/* All statements of a chunk, as a BLOCK. */
uint32_t cdn_parse_chunk(struct cdn_parser *parser);

void cdn_block_open(struct cdn_parser *parser, struct cdn_block *block, bool loop);
void cdn_block_close(struct cdn_parser *parser);

#endif
