/* The parser: nodes, symbols and expressions.  Statements are in syntax_statement.c.
 *
 * By recursive descent, as LuaJIT's own, and bounded as that is: CDN_SYNTAX_MAX_LEVEL blocks
 * and operators within each other.  After a fault the lexer says that the source has ended,
 * so every loop ends and nothing needs to ask. */
#include "lint/syntax.h"

#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/hash.h"
#include "lint/syntax_build.h"

enum { FIRST_ROOM = 64, MAX_QUOTED = 24, UNARY_PRIORITY = 8 };

/* ---- nodes and symbols ---- */

uint32_t cdn_build_node(struct cdn_parser *parser, enum cdn_syntax_kind kind,
                        uint32_t start, uint32_t a, uint32_t b, uint32_t c)
{
    struct cdn_syntax *syntax = parser->syntax;
    const uint32_t children[] = {a, b, c};
    struct cdn_syntax_node *node;

    if (syntax->count == syntax->room) {
        uint32_t room = syntax->room * 2;
        struct cdn_syntax_node *grown =
            cdn_realloc_array(syntax->nodes, room, sizeof *grown);

        if (!grown) {
            cdn_lexer_nomem(&parser->lexer);
            return 0;
        }
        syntax->nodes = grown;
        syntax->room = room;
    }
    node = &syntax->nodes[syntax->count];
    *node = (struct cdn_syntax_node){
        .kind = (uint8_t)kind, .start = start, .a = a, .b = b, .c = c};
    node->end = parser->lexer.token_before > start ? parser->lexer.token_before : start;
    for (int i = 0; i < 3; i++) {
        for (uint32_t child = children[i]; child; child = syntax->nodes[child].next) {
            if (syntax->nodes[child].depth >= node->depth)
                node->depth = syntax->nodes[child].depth + 1;
        }
    }
    return syntax->count++;
}

void cdn_build_append(struct cdn_parser *parser, struct cdn_list_end *list,
                      uint32_t node)
{
    if (list->last && node)
        parser->syntax->nodes[list->last].next = node;
    else if (node)
        list->first = node;
    if (node)
        list->last = node;
}

static uint32_t slot_of(const struct cdn_syntax *syntax, const char *text, size_t bytes)
{
    uint32_t mask = syntax->symbol_room * 2 - 1;
    uint32_t slot = (uint32_t)cdn_hash_xxh3(text, bytes) & mask;

    for (; syntax->slots[slot]; slot = (slot + 1) & mask) {
        const struct cdn_symbol *symbol = &syntax->symbols[syntax->slots[slot]];

        if (symbol->bytes == bytes &&
            !memcmp(syntax->text.data + symbol->text, text, bytes))
            break;
    }
    return slot;
}

static bool grow_symbols(struct cdn_syntax *syntax)
{
    uint32_t room = syntax->symbol_room * 2;
    struct cdn_symbol *symbols =
        cdn_realloc_array(syntax->symbols, room, sizeof *symbols);
    uint32_t *slots;

    if (!symbols)
        return false;
    syntax->symbols = symbols;
    slots = cdn_calloc((size_t)room * 2, sizeof *slots);
    if (!slots)
        return false;
    cdn_free(syntax->slots);
    syntax->slots = slots;
    syntax->symbol_room = room;
    for (uint32_t i = 1; i < syntax->symbol_count; i++) {
        const struct cdn_symbol *symbol = &symbols[i];

        slots[slot_of(syntax, (const char *)syntax->text.data + symbol->text,
                      symbol->bytes)] = i;
    }
    return true;
}

uint32_t cdn_build_symbol(struct cdn_parser *parser, const char *text, size_t bytes)
{
    struct cdn_syntax *syntax = parser->syntax;
    uint32_t slot = slot_of(syntax, text, bytes);
    uint32_t at = (uint32_t)syntax->text.length;

    if (syntax->slots[slot])
        return syntax->slots[slot];
    if (syntax->symbol_count == syntax->symbol_room) {
        if (!grow_symbols(syntax)) {
            cdn_lexer_nomem(&parser->lexer);
            return 0;
        }
        slot = slot_of(syntax, text, bytes);
    }
    cdn_buf_append(&syntax->text, text, bytes);
    cdn_buf_append(&syntax->text, "", 1);
    if (syntax->text.failed) {
        cdn_lexer_nomem(&parser->lexer);
        return 0;
    }
    syntax->symbols[syntax->symbol_count] =
        (struct cdn_symbol){.text = at, .bytes = (uint32_t)bytes};
    syntax->slots[slot] = syntax->symbol_count;
    return syntax->symbol_count++;
}

uint32_t cdn_symbol_find(const struct cdn_syntax *syntax, const char *text,
                         size_t bytes)
{
    return syntax->slots ? syntax->slots[slot_of(syntax, text, bytes)] : 0;
}

void cdn_syntax_place(const struct cdn_syntax *syntax, uint32_t offset, uint32_t *line,
                      uint32_t *column)
{
    cdn_lines_place(syntax->lines, syntax->line_count, offset, line, column);
}

uint32_t cdn_syntax_bare(const struct cdn_syntax *syntax, uint32_t node)
{
    while (syntax->nodes[node].kind == CDN_SYNTAX_PAREN)
        node = syntax->nodes[node].a;
    return node;
}

/* ---- tokens ---- */

void cdn_parser_expected(struct cdn_parser *parser, const char *what)
{
    const struct cdn_token *token = &parser->lexer.token;
    uint32_t bytes = token->end - token->start;

    if (token->kind == CDN_TOKEN_END)
        cdn_lexer_fault(&parser->lexer, token->start, "%s expected at the end", what);
    else
        cdn_lexer_fault(&parser->lexer, token->start, "%s expected near '%.*s'", what,
                        (int)(bytes < MAX_QUOTED ? bytes : MAX_QUOTED),
                        parser->syntax->source + token->start);
}

static const char *show_token(int kind, char room[8])
{
    if (kind >= CDN_TOKEN_END)
        return cdn_token_word(kind);
    room[0] = (char)kind;
    room[1] = '\0';
    return room;
}

bool cdn_parser_skip(struct cdn_parser *parser, int kind)
{
    if (cdn_parser_token(parser) != kind)
        return false;
    cdn_lexer_next(&parser->lexer);
    return true;
}

void cdn_parser_need(struct cdn_parser *parser, int kind)
{
    char room[8], what[40];

    if (cdn_parser_skip(parser, kind))
        return;
    snprintf(what, sizeof what, "'%s'", show_token(kind, room));
    cdn_parser_expected(parser, what);
}

void cdn_parser_close(struct cdn_parser *parser, int kind, int opener, uint32_t start)
{
    char room[8], other[8], what[80];
    uint32_t line, column;

    if (cdn_parser_skip(parser, kind))
        return;
    cdn_lines_place(parser->lexer.lines, parser->lexer.line_count, start, &line,
                    &column);
    snprintf(what, sizeof what, "'%s' (to close '%s' at line %u)",
             show_token(kind, room), show_token(opener, other), line);
    cdn_parser_expected(parser, what);
}

bool cdn_parser_names(const struct cdn_parser *parser)
{
    return cdn_parser_token(parser) == CDN_TOKEN_NAME ||
           cdn_parser_token(parser) == CDN_TOKEN_GOTO;
}

uint32_t cdn_parse_name(struct cdn_parser *parser, enum cdn_syntax_kind kind)
{
    const struct cdn_token *token = &parser->lexer.token;
    uint32_t start = token->start;
    uint32_t symbol, node;

    if (!cdn_parser_names(parser)) {
        cdn_parser_expected(parser, "a name");
        return 0;
    }
    symbol =
        cdn_build_symbol(parser, parser->syntax->source + start, token->end - start);
    cdn_lexer_next(&parser->lexer);
    node = cdn_build_node(parser, kind, start, 0, 0, 0);
    parser->syntax->nodes[node].symbol = node ? symbol : 0;
    return node;
}

bool cdn_parser_enter(struct cdn_parser *parser)
{
    if (++parser->level < CDN_SYNTAX_MAX_LEVEL)
        return true;
    cdn_lexer_fault(&parser->lexer, cdn_parser_start(parser),
                    "blocks and operators nest deeper than %d", CDN_SYNTAX_MAX_LEVEL);
    return false;
}

void cdn_parser_leave(struct cdn_parser *parser)
{
    parser->level--;
}

/* ---- expressions ---- */

static uint32_t parse_string(struct cdn_parser *parser)
{
    const struct cdn_token *token = &parser->lexer.token;
    uint32_t start = token->start;
    uint32_t symbol = cdn_build_symbol(
        parser, token->bytes ? (const char *)parser->lexer.text.data + token->text : "",
        token->bytes);
    uint32_t node;

    cdn_lexer_next(&parser->lexer);
    node = cdn_build_node(parser, CDN_SYNTAX_STRING, start, 0, 0, 0);
    parser->syntax->nodes[node].symbol = node ? symbol : 0;
    return node;
}

static uint32_t parse_table(struct cdn_parser *parser)
{
    struct cdn_list_end list = {0};
    uint32_t start = cdn_parser_start(parser);

    cdn_parser_need(parser, '{');
    while (cdn_parser_token(parser) != '}' && !parser->lexer.status) {
        uint32_t at = cdn_parser_start(parser);
        uint32_t key = 0, value, field;
        bool dot = false;

        if (cdn_parser_skip(parser, '[')) {
            key = cdn_parse_expression(parser);
            cdn_parser_need(parser, ']');
            cdn_parser_need(parser, '=');
        } else if (cdn_parser_names(parser) && cdn_lexer_peek(&parser->lexer) == '=') {
            key = cdn_parse_name(parser, CDN_SYNTAX_STRING);
            dot = true;
            cdn_parser_need(parser, '=');
        }
        value = cdn_parse_expression(parser);
        field = key ? cdn_build_node(parser, CDN_SYNTAX_PAIR, at, key, value, 0)
                    : cdn_build_node(parser, CDN_SYNTAX_ITEM, at, value, 0, 0);
        parser->syntax->nodes[field].dot = field && dot;
        cdn_build_append(parser, &list, field);
        if (!cdn_parser_skip(parser, ',') && !cdn_parser_skip(parser, ';'))
            break;
    }
    cdn_parser_close(parser, '}', '{', start);
    return cdn_build_node(parser, CDN_SYNTAX_TABLE, start, list.first, 0, 0);
}

/* A list of values, or the one table or string that stands for it. */
static uint32_t parse_arguments(struct cdn_parser *parser)
{
    uint32_t start = cdn_parser_start(parser);
    uint32_t list = 0;

    if (cdn_parser_token(parser) == CDN_TOKEN_STRING)
        return parse_string(parser);
    if (cdn_parser_token(parser) == '{')
        return parse_table(parser);
    if (cdn_parser_token(parser) != '(') {
        cdn_parser_expected(parser, "'(' and arguments");
        return 0;
    }
    if (parser->lexer.line != parser->lexer.line_before) {
        cdn_lexer_fault(&parser->lexer, start,
                        "is this a call or a new statement? write the '(' behind what "
                        "it calls, or a ';' before it");
        return 0;
    }
    cdn_lexer_next(&parser->lexer);
    if (cdn_parser_token(parser) != ')')
        list = cdn_parse_expressions(parser);
    cdn_parser_close(parser, ')', '(', start);
    return list;
}

uint32_t cdn_parse_primary(struct cdn_parser *parser)
{
    struct cdn_syntax *syntax = parser->syntax;
    uint32_t start = cdn_parser_start(parser);
    uint32_t node, key;

    if (cdn_parser_skip(parser, '(')) {
        node = cdn_parse_expression(parser);
        cdn_parser_close(parser, ')', '(', start);
        node = cdn_build_node(parser, CDN_SYNTAX_PAREN, start, node, 0, 0);
    } else if (cdn_parser_names(parser)) {
        node = cdn_parse_name(parser, CDN_SYNTAX_NAME);
    } else {
        cdn_parser_expected(parser, "an expression");
        return 0;
    }
    while (!parser->lexer.status) {
        switch (cdn_parser_token(parser)) {
        case '.':
            cdn_lexer_next(&parser->lexer);
            key = cdn_parse_name(parser, CDN_SYNTAX_STRING);
            node = cdn_build_node(parser, CDN_SYNTAX_INDEX, start, node, key, 0);
            syntax->nodes[node].dot = node != 0;
            break;
        case '[':
            cdn_lexer_next(&parser->lexer);
            key = cdn_parse_expression(parser);
            cdn_parser_need(parser, ']');
            node = cdn_build_node(parser, CDN_SYNTAX_INDEX, start, node, key, 0);
            break;
        case ':': {
            uint32_t list;

            cdn_lexer_next(&parser->lexer);
            key = cdn_parse_name(parser, CDN_SYNTAX_STRING);
            list = parse_arguments(parser);
            node = cdn_build_node(parser, CDN_SYNTAX_METHOD, start, node, list, key);
            syntax->nodes[node].symbol = node ? syntax->nodes[key].symbol : 0;
            break;
        }
        case '(':
        case '{':
        case CDN_TOKEN_STRING: {
            uint32_t list = parse_arguments(parser);

            node = cdn_build_node(parser, CDN_SYNTAX_CALL, start, node, list, 0);
            break;
        }
        default:
            return node;
        }
    }
    return node;
}

static uint32_t parse_simple(struct cdn_parser *parser)
{
    uint32_t start = cdn_parser_start(parser);
    enum cdn_syntax_kind kind;
    double number = 0;
    uint32_t node;

    switch (cdn_parser_token(parser)) {
    case CDN_TOKEN_NUMBER:
        kind = CDN_SYNTAX_NUMBER;
        number = parser->lexer.token.number;
        break;
    case CDN_TOKEN_STRING:
        return parse_string(parser);
    case CDN_TOKEN_NIL:
        kind = CDN_SYNTAX_NIL;
        break;
    case CDN_TOKEN_TRUE:
        kind = CDN_SYNTAX_TRUE;
        break;
    case CDN_TOKEN_FALSE:
        kind = CDN_SYNTAX_FALSE;
        break;
    case CDN_TOKEN_DOTS:
        kind = CDN_SYNTAX_DOTS;
        if (!parser->vararg)
            cdn_lexer_fault(&parser->lexer, start,
                            "'...' outside a function that takes any number of values");
        break;
    case '{':
        return parse_table(parser);
    case CDN_TOKEN_FUNCTION:
        cdn_lexer_next(&parser->lexer);
        return cdn_parse_body(parser, start, false);
    default:
        return cdn_parse_primary(parser);
    }
    cdn_lexer_next(&parser->lexer);
    node = cdn_build_node(parser, kind, start, 0, 0, 0);
    if (node && kind == CDN_SYNTAX_NUMBER)
        parser->syntax->nodes[node].number = number;
    return node;
}

/* Of a binary operator; 0: it is none. */
static void priorities(int kind, uint32_t *left, uint32_t *right)
{
    static const struct {
        int kind;
        uint8_t left, right;
    } table[] = {{'+', 6, 6},
                 {'-', 6, 6},
                 {'*', 7, 7},
                 {'/', 7, 7},
                 {'%', 7, 7},
                 {'^', 10, 9},
                 {CDN_TOKEN_CONCAT, 5, 4},
                 {CDN_TOKEN_EQ, 3, 3},
                 {CDN_TOKEN_NE, 3, 3},
                 {'<', 3, 3},
                 {CDN_TOKEN_GE, 3, 3},
                 {'>', 3, 3},
                 {CDN_TOKEN_LE, 3, 3},
                 {CDN_TOKEN_AND, 2, 2},
                 {CDN_TOKEN_OR, 1, 1}};

    *left = *right = 0;
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        if (table[i].kind != kind)
            continue;
        *left = table[i].left;
        *right = table[i].right;
    }
}

/* An expression whose operators bind more than `limit`. */
static uint32_t parse_operators(struct cdn_parser *parser, uint32_t limit)
{
    uint32_t start = cdn_parser_start(parser);
    int op = cdn_parser_token(parser);
    uint32_t left, right, node;

    if (!cdn_parser_enter(parser))
        return 0;
    if (op == CDN_TOKEN_NOT || op == '-' || op == '#') {
        cdn_lexer_next(&parser->lexer);
        node = parse_operators(parser, UNARY_PRIORITY);
        node = cdn_build_node(parser, CDN_SYNTAX_UNARY, start, node, 0, 0);
        parser->syntax->nodes[node].op = (int16_t)(node ? op : 0);
    } else {
        node = parse_simple(parser);
    }
    for (;;) {
        uint32_t other;

        op = cdn_parser_token(parser);
        priorities(op, &left, &right);
        if (left <= limit)
            break;
        cdn_lexer_next(&parser->lexer);
        other = parse_operators(parser, right);
        node = cdn_build_node(parser, CDN_SYNTAX_BINARY, start, node, other, 0);
        parser->syntax->nodes[node].op = (int16_t)(node ? op : 0);
    }
    cdn_parser_leave(parser);
    return node;
}

uint32_t cdn_parse_expression(struct cdn_parser *parser)
{
    return parse_operators(parser, 0);
}

uint32_t cdn_parse_expressions(struct cdn_parser *parser)
{
    struct cdn_list_end list = {0};

    do
        cdn_build_append(parser, &list, cdn_parse_expression(parser));
    while (cdn_parser_skip(parser, ','));
    return list.first;
}

/* ---- all of it ---- */

static cordon_status first_rooms(struct cdn_syntax *syntax, cordon_error *err)
{
    syntax->room = syntax->symbol_room = FIRST_ROOM;
    syntax->count = syntax->symbol_count = 1;
    syntax->nodes = cdn_calloc(FIRST_ROOM, sizeof *syntax->nodes);
    syntax->symbols = cdn_calloc(FIRST_ROOM, sizeof *syntax->symbols);
    syntax->slots = cdn_calloc((size_t)FIRST_ROOM * 2, sizeof *syntax->slots);
    return syntax->nodes && syntax->symbols && syntax->slots ? CORDON_OK
                                                             : cdn_error_nomem(err);
}

cordon_status cdn_syntax_parse(struct cdn_syntax *out, const char *source, size_t bytes,
                               const char *file, cordon_error *err)
{
    struct cdn_parser parser = {.syntax = out, .vararg = true};
    struct cdn_block block;
    cordon_status status;
    uint32_t body;

    memset(out, 0, sizeof *out);
    out->source = source;
    out->bytes = bytes;
    status = first_rooms(out, err);
    if (status)
        return status;
    cdn_lexer_init(&parser.lexer, source, bytes, file, err);
    cdn_block_open(&parser, &block, false);
    body = cdn_parse_chunk(&parser);
    if (cdn_parser_token(&parser) != CDN_TOKEN_END)
        cdn_parser_expected(&parser, "the end of the source");
    cdn_block_close(&parser);
    out->chunk = cdn_build_node(&parser, CDN_SYNTAX_FUNCTION, 0, 0, body, 0);
    out->nodes[out->chunk].vararg = out->chunk != 0;
    out->deepest = out->nodes[out->chunk].depth;
    out->comment_count = parser.lexer.comment_count;
    out->comments = parser.lexer.comments;
    out->line_count = parser.lexer.line_count;
    out->lines = parser.lexer.lines;
    parser.lexer.comments = NULL; /* handed over */
    parser.lexer.lines = NULL;
    status = parser.lexer.status;
    cdn_lexer_deinit(&parser.lexer);
    cdn_free(parser.jumps);
    return status;
}

void cdn_syntax_deinit(struct cdn_syntax *syntax)
{
    cdn_free(syntax->nodes);
    cdn_free(syntax->symbols);
    cdn_free(syntax->slots);
    cdn_free(syntax->comments);
    cdn_free(syntax->lines);
    cdn_buf_deinit(&syntax->text);
    memset(syntax, 0, sizeof *syntax);
}
