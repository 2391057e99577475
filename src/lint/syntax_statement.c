/* The parser: statements, and where jumps lead.
 *
 * Labels and gotos are settled as LuaJIT settles them, block by block.  A goto waits in a
 * list until a label of its name comes in its own block or one around it, which then must not
 * have more locals open than there were at the goto; a label that is already there takes it
 * when the label's block closes.  A label at the end of its block counts as outside the
 * scope of the block's locals, but before `until`, which sees them. */
#include <string.h>

#include "base/alloc.h"
#include "lint/syntax_build.h"

enum { HIDDEN_LOCALS = 3 }; /* that a `for` keeps its state in */

static bool ends_block(int kind)
{
    return kind == CDN_TOKEN_END || kind == CDN_TOKEN_CLOSE || kind == CDN_TOKEN_ELSE ||
           kind == CDN_TOKEN_ELSEIF || kind == CDN_TOKEN_UNTIL;
}

/* ---- labels and jumps ---- */

void cdn_block_open(struct cdn_parser *parser, struct cdn_block *block, bool loop)
{
    *block = (struct cdn_block){.outer = parser->block,
                                .loop = loop,
                                .first_jump = parser->jump_count,
                                .active = parser->active};
    parser->block = block;
}

/* A goto that the block leaves open: to a label before it, out of the block, or nowhere. */
static void leave_jump(struct cdn_parser *parser, const struct cdn_block *block,
                       struct cdn_jump *jump)
{
    if (block->loop && jump->symbol == CDN_BREAK)
        jump->symbol = 0;
    else if (block->outer)
        jump->active = block->active;
    else if (jump->symbol == CDN_BREAK)
        cdn_lexer_fault(&parser->lexer, jump->offset, "break outside a loop");
    else
        cdn_lexer_fault(&parser->lexer, jump->offset,
                        "there is no label '%.60s' to go to",
                        cdn_symbol_text(parser->syntax, jump->symbol));
}

void cdn_block_close(struct cdn_parser *parser)
{
    struct cdn_block *block = parser->block;
    uint32_t kept = block->first_jump;

    for (uint32_t i = block->first_jump; i < parser->jump_count; i++) {
        struct cdn_jump *jump = &parser->jumps[i];

        if (jump->symbol && jump->label) {
            for (uint32_t later = i + 1; later < parser->jump_count; later++) {
                if (parser->jumps[later].symbol == jump->symbol &&
                    !parser->jumps[later].label)
                    parser->jumps[later].symbol = 0;
            }
            jump->symbol = 0;
        } else if (jump->symbol) {
            leave_jump(parser, block, jump);
        }
    }
    for (uint32_t i = block->first_jump; i < parser->jump_count; i++) {
        if (parser->jumps[i].symbol)
            parser->jumps[kept++] = parser->jumps[i];
    }
    parser->jump_count = kept;
    parser->active = block->active;
    parser->block = block->outer;
}

static struct cdn_jump *add_jump(struct cdn_parser *parser, uint32_t symbol, bool label,
                                 uint32_t offset)
{
    if (parser->jump_count == parser->jump_room) {
        uint32_t room = parser->jump_room ? parser->jump_room * 2 : 16;
        struct cdn_jump *grown = cdn_realloc_array(parser->jumps, room, sizeof *grown);

        if (!grown) {
            cdn_lexer_nomem(&parser->lexer);
            return NULL;
        }
        parser->jumps = grown;
        parser->jump_room = room;
    }
    parser->jumps[parser->jump_count] = (struct cdn_jump){
        .symbol = symbol, .label = label, .active = parser->active, .offset = offset};
    return &parser->jumps[parser->jump_count++];
}

/* The gotos of this block, and those left to it, that waited for this label. */
static void settle(struct cdn_parser *parser, uint32_t symbol, uint32_t active)
{
    for (uint32_t i = parser->block->first_jump; i < parser->jump_count; i++) {
        struct cdn_jump *jump = &parser->jumps[i];

        if (jump->symbol != symbol || jump->label)
            continue;
        if (jump->active < active)
            cdn_lexer_fault(&parser->lexer, jump->offset,
                            "this goto jumps into the scope of a local, to '%.60s'",
                            cdn_symbol_text(parser->syntax, symbol));
        jump->symbol = 0;
    }
}

/* ::name::, and those that follow it at once, which belong together. */
static uint32_t parse_mark(struct cdn_parser *parser, struct cdn_list_end *list)
{
    uint32_t start = cdn_parser_start(parser);
    uint32_t active = parser->active;
    uint32_t name, symbol, node;
    uint32_t at;

    cdn_parser_need(parser, CDN_TOKEN_LABEL);
    name = cdn_parse_name(parser, CDN_SYNTAX_STRING);
    symbol = parser->syntax->nodes[name].symbol;
    for (uint32_t i = parser->block->first_jump; symbol && i < parser->jump_count;
         i++) {
        if (parser->jumps[i].symbol == symbol && parser->jumps[i].label)
            cdn_lexer_fault(&parser->lexer, start, "the label '%.60s' stands twice",
                            cdn_symbol_text(parser->syntax, symbol));
    }
    at = parser->jump_count;
    if (!symbol || !add_jump(parser, symbol, true, start))
        return 0;
    cdn_parser_need(parser, CDN_TOKEN_LABEL);
    node = cdn_build_node(parser, CDN_SYNTAX_MARK, start, 0, 0, 0);
    parser->syntax->nodes[node].symbol = node ? symbol : 0;
    cdn_build_append(parser, list, node);
    if (cdn_parser_token(parser) == CDN_TOKEN_LABEL && cdn_parser_enter(parser)) {
        parse_mark(parser, list);
        cdn_parser_leave(parser);
    }
    if (ends_block(cdn_parser_token(parser)) &&
        cdn_parser_token(parser) != CDN_TOKEN_UNTIL)
        active = parser->block->active;
    if (parser->lexer.status)
        return 0;
    parser->jumps[at].active = active;
    settle(parser, symbol, active);
    return 0;
}

static uint32_t parse_goto(struct cdn_parser *parser)
{
    uint32_t start = cdn_parser_start(parser);
    uint32_t name, node;

    cdn_lexer_next(&parser->lexer);
    name = cdn_parse_name(parser, CDN_SYNTAX_STRING);
    node = cdn_build_node(parser, CDN_SYNTAX_GOTO, start, 0, 0, 0);
    if (!node || !name)
        return 0;
    parser->syntax->nodes[node].symbol = parser->syntax->nodes[name].symbol;
    add_jump(parser, parser->syntax->nodes[name].symbol, false, start);
    return node;
}

static uint32_t parse_break(struct cdn_parser *parser)
{
    uint32_t start = cdn_parser_start(parser);

    cdn_lexer_next(&parser->lexer);
    add_jump(parser, CDN_BREAK, false, start);
    return cdn_build_node(parser, CDN_SYNTAX_BREAK, start, 0, 0, 0);
}

/* ---- blocks ---- */

static uint32_t parse_block(struct cdn_parser *parser)
{
    struct cdn_block block;
    uint32_t node;

    cdn_block_open(parser, &block, false);
    node = cdn_parse_chunk(parser);
    cdn_block_close(parser);
    return node;
}

static uint32_t parse_while(struct cdn_parser *parser)
{
    uint32_t start = cdn_parser_start(parser);
    struct cdn_block block;
    uint32_t condition, body;

    cdn_lexer_next(&parser->lexer);
    condition = cdn_parse_expression(parser);
    cdn_block_open(parser, &block, true);
    cdn_parser_need(parser, CDN_TOKEN_DO);
    body = parse_block(parser);
    cdn_parser_close(parser, CDN_TOKEN_CLOSE, CDN_TOKEN_WHILE, start);
    cdn_block_close(parser);
    return cdn_build_node(parser, CDN_SYNTAX_WHILE, start, condition, body, 0);
}

static uint32_t parse_repeat(struct cdn_parser *parser)
{
    uint32_t start = cdn_parser_start(parser);
    struct cdn_block loop, inner;
    uint32_t condition, body;

    cdn_block_open(parser, &loop, true);
    cdn_block_open(parser, &inner, false);
    cdn_lexer_next(&parser->lexer);
    body = cdn_parse_chunk(parser);
    cdn_parser_close(parser, CDN_TOKEN_UNTIL, CDN_TOKEN_REPEAT, start);
    condition = cdn_parse_expression(parser);
    cdn_block_close(parser);
    cdn_block_close(parser);
    return cdn_build_node(parser, CDN_SYNTAX_REPEAT, start, body, condition, 0);
}

/* `= a, b, c do ... end`, or `, names in values do ... end`. */
static uint32_t parse_for(struct cdn_parser *parser)
{
    uint32_t start = cdn_parser_start(parser);
    struct cdn_list_end names = {0}, values = {0};
    struct cdn_block loop, inner;
    bool numeric;
    uint32_t count = 1, body;

    cdn_block_open(parser, &loop, true);
    cdn_lexer_next(&parser->lexer);
    cdn_build_append(parser, &names, cdn_parse_name(parser, CDN_SYNTAX_NAME));
    numeric = cdn_parser_skip(parser, '=');
    if (numeric) {
        cdn_build_append(parser, &values, cdn_parse_expression(parser));
        cdn_parser_need(parser, ',');
        cdn_build_append(parser, &values, cdn_parse_expression(parser));
        if (cdn_parser_skip(parser, ','))
            cdn_build_append(parser, &values, cdn_parse_expression(parser));
    } else {
        for (; cdn_parser_skip(parser, ','); count++)
            cdn_build_append(parser, &names, cdn_parse_name(parser, CDN_SYNTAX_NAME));
        if (cdn_parser_token(parser) != CDN_TOKEN_IN)
            cdn_parser_expected(parser, "'=' or 'in'");
        cdn_lexer_next(&parser->lexer);
        values.first = cdn_parse_expressions(parser);
    }
    parser->active += HIDDEN_LOCALS;
    cdn_parser_need(parser, CDN_TOKEN_DO);
    cdn_block_open(parser, &inner, false);
    parser->active += count;
    body = cdn_parse_chunk(parser);
    cdn_block_close(parser);
    cdn_parser_close(parser, CDN_TOKEN_CLOSE, CDN_TOKEN_FOR, start);
    cdn_block_close(parser);
    return cdn_build_node(parser, numeric ? CDN_SYNTAX_FOR : CDN_SYNTAX_FOR_IN, start,
                          names.first, values.first, body);
}

static uint32_t parse_if(struct cdn_parser *parser)
{
    uint32_t start = cdn_parser_start(parser);
    struct cdn_list_end clauses = {0};
    int kind = CDN_TOKEN_IF;

    do {
        uint32_t at = cdn_parser_start(parser);
        uint32_t condition = 0, body;

        cdn_lexer_next(&parser->lexer);
        if (kind != CDN_TOKEN_ELSE) {
            condition = cdn_parse_expression(parser);
            cdn_parser_need(parser, CDN_TOKEN_THEN);
        }
        body = parse_block(parser);
        cdn_build_append(
            parser, &clauses,
            cdn_build_node(parser, CDN_SYNTAX_CLAUSE, at, condition, body, 0));
        if (kind == CDN_TOKEN_ELSE)
            break;
        kind = cdn_parser_token(parser);
    } while (kind == CDN_TOKEN_ELSEIF || kind == CDN_TOKEN_ELSE);
    cdn_parser_close(parser, CDN_TOKEN_CLOSE, CDN_TOKEN_IF, start);
    return cdn_build_node(parser, CDN_SYNTAX_IF, start, clauses.first, 0, 0);
}

/* ---- functions and locals ---- */

uint32_t cdn_parse_body(struct cdn_parser *parser, uint32_t start, bool method)
{
    struct cdn_list_end params = {0};
    struct cdn_block *outer = parser->block;
    uint32_t active = parser->active;
    bool vararg = parser->vararg;
    struct cdn_block block;
    uint32_t body, node;
    uint32_t count = method;

    parser->block = NULL; /* no jump leaves a function */
    parser->active = 0;
    parser->vararg = false;
    cdn_block_open(parser, &block, false);
    cdn_parser_need(parser, '(');
    if (cdn_parser_token(parser) != ')') {
        do {
            if (cdn_parser_skip(parser, CDN_TOKEN_DOTS)) {
                parser->vararg = true;
                break;
            }
            cdn_build_append(parser, &params, cdn_parse_name(parser, CDN_SYNTAX_NAME));
            count++;
        } while (cdn_parser_skip(parser, ','));
    }
    parser->active = count;
    cdn_parser_need(parser, ')');
    body = cdn_parse_chunk(parser);
    cdn_parser_close(parser, CDN_TOKEN_CLOSE, CDN_TOKEN_FUNCTION, start);
    cdn_block_close(parser);
    node = cdn_build_node(parser, CDN_SYNTAX_FUNCTION, start, params.first, body, 0);
    if (node) {
        parser->syntax->nodes[node].vararg = parser->vararg;
        parser->syntax->nodes[node].method = method;
    }
    parser->block = outer;
    parser->active = active;
    parser->vararg = vararg;
    return node;
}

/* function a.b.c:d() ... end */
static uint32_t parse_define(struct cdn_parser *parser)
{
    uint32_t start = cdn_parser_start(parser);
    uint32_t target, at, body;
    bool method = false;

    cdn_lexer_next(&parser->lexer);
    at = cdn_parser_start(parser);
    target = cdn_parse_name(parser, CDN_SYNTAX_NAME);
    while (!method &&
           (cdn_parser_token(parser) == '.' || cdn_parser_token(parser) == ':')) {
        uint32_t key;

        method = cdn_parser_token(parser) == ':';
        cdn_lexer_next(&parser->lexer);
        key = cdn_parse_name(parser, CDN_SYNTAX_STRING);
        target = cdn_build_node(parser, CDN_SYNTAX_INDEX, at, target, key, 0);
        parser->syntax->nodes[target].dot = target != 0;
    }
    body = cdn_parse_body(parser, start, method);
    return cdn_build_node(parser, CDN_SYNTAX_DEFINE, start, target, body, 0);
}

static uint32_t parse_local(struct cdn_parser *parser)
{
    uint32_t start = cdn_parser_start(parser);
    struct cdn_list_end names = {0};
    uint32_t count = 0, values = 0;

    cdn_lexer_next(&parser->lexer);
    if (cdn_parser_token(parser) == CDN_TOKEN_FUNCTION) {
        uint32_t at = cdn_parser_start(parser);
        uint32_t name, body;

        cdn_lexer_next(&parser->lexer);
        name = cdn_parse_name(parser, CDN_SYNTAX_NAME);
        parser->active++;
        body = cdn_parse_body(parser, at, false);
        return cdn_build_node(parser, CDN_SYNTAX_LOCAL_FUNCTION, start, name, body, 0);
    }
    do {
        cdn_build_append(parser, &names, cdn_parse_name(parser, CDN_SYNTAX_NAME));
        count++;
    } while (cdn_parser_skip(parser, ','));
    if (cdn_parser_skip(parser, '='))
        values = cdn_parse_expressions(parser);
    parser->active += count;
    return cdn_build_node(parser, CDN_SYNTAX_LOCAL, start, names.first, values, 0);
}

/* ---- the rest ---- */

static bool can_be_assigned(const struct cdn_parser *parser, uint32_t node)
{
    return parser->syntax->nodes[node].kind == CDN_SYNTAX_NAME ||
           parser->syntax->nodes[node].kind == CDN_SYNTAX_INDEX;
}

static uint32_t parse_call_or_assign(struct cdn_parser *parser)
{
    uint32_t start = cdn_parser_start(parser);
    struct cdn_list_end targets = {0};
    uint32_t first = cdn_parse_primary(parser);
    uint32_t values, count = 0;
    int kind = parser->syntax->nodes[first].kind;

    if (kind == CDN_SYNTAX_CALL || kind == CDN_SYNTAX_METHOD)
        return cdn_build_node(parser, CDN_SYNTAX_STATEMENT, start, first, 0, 0);
    for (;;) {
        if (!can_be_assigned(parser, first)) {
            cdn_parser_expected(parser, "a call or an assignment");
            return 0;
        }
        cdn_build_append(parser, &targets, first);
        if (!cdn_parser_skip(parser, ','))
            break;
        first = cdn_parse_primary(parser);
        if (parser->level + ++count > CDN_SYNTAX_MAX_LEVEL)
            cdn_lexer_fault(&parser->lexer, cdn_parser_start(parser),
                            "too many variables are assigned at once");
    }
    cdn_parser_need(parser, '=');
    values = cdn_parse_expressions(parser);
    return cdn_build_node(parser, CDN_SYNTAX_ASSIGN, start, targets.first, values, 0);
}

static uint32_t parse_return(struct cdn_parser *parser)
{
    uint32_t start = cdn_parser_start(parser);
    uint32_t values = 0;

    cdn_lexer_next(&parser->lexer);
    if (!ends_block(cdn_parser_token(parser)) && cdn_parser_token(parser) != ';')
        values = cdn_parse_expressions(parser);
    return cdn_build_node(parser, CDN_SYNTAX_RETURN, start, values, 0, 0);
}

static uint32_t parse_do(struct cdn_parser *parser)
{
    uint32_t start = cdn_parser_start(parser);
    uint32_t body;

    cdn_lexer_next(&parser->lexer);
    body = parse_block(parser);
    cdn_parser_close(parser, CDN_TOKEN_CLOSE, CDN_TOKEN_DO, start);
    return cdn_build_node(parser, CDN_SYNTAX_DO, start, body, 0, 0);
}

/* *last: no statement may follow it. */
static uint32_t parse_statement(struct cdn_parser *parser, struct cdn_list_end *list,
                                bool *last)
{
    switch (cdn_parser_token(parser)) {
    case CDN_TOKEN_IF:
        return parse_if(parser);
    case CDN_TOKEN_WHILE:
        return parse_while(parser);
    case CDN_TOKEN_DO:
        return parse_do(parser);
    case CDN_TOKEN_FOR:
        return parse_for(parser);
    case CDN_TOKEN_REPEAT:
        return parse_repeat(parser);
    case CDN_TOKEN_FUNCTION:
        return parse_define(parser);
    case CDN_TOKEN_LOCAL:
        return parse_local(parser);
    case CDN_TOKEN_RETURN:
        *last = true;
        return parse_return(parser);
    case CDN_TOKEN_BREAK:
        *last = true;
        return parse_break(parser);
    case CDN_TOKEN_LABEL:
        return parse_mark(parser, list);
    case CDN_TOKEN_GOTO:
        if (cdn_lexer_peek(&parser->lexer) == CDN_TOKEN_NAME)
            return parse_goto(parser);
        return parse_call_or_assign(parser);
    default:
        return parse_call_or_assign(parser);
    }
}

uint32_t cdn_parse_chunk(struct cdn_parser *parser)
{
    uint32_t start = cdn_parser_start(parser);
    struct cdn_list_end list = {0};
    bool last = false;

    if (!cdn_parser_enter(parser))
        return 0;
    while (!last && !ends_block(cdn_parser_token(parser))) {
        cdn_build_append(parser, &list, parse_statement(parser, &list, &last));
        cdn_parser_skip(parser, ';');
    }
    cdn_parser_leave(parser);
    if (!list.first) /* nothing: behind what opened it */
        start = parser->lexer.token_before;
    return cdn_build_node(parser, CDN_SYNTAX_BLOCK, start, list.first, 0, 0);
}
