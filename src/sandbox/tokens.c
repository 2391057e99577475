/* A lexer for LuaJIT's Lua that keeps the parser away from what it cannot take.
 *
 * Refused, because the parser of the LuaJIT that we link crashes, opens the FFI or runs
 * long:
 *
 * - bytecode and NUL bytes: loading bytecode is arbitrary memory access;
 * - 1LL, 1ULL, 1i: the lexer itself opens the FFI for them;
 * - `for ... in nil`, `in (nil):f()` and the like: the parser looks at an instruction that it
 *   did not emit.  That takes a nil loaded first, so a nil in the first expression after
 *   `in`, outside calls, tables and functions, is refused unless it is compared with;
 * - long chains of `and` and `or`, and of `elseif`: jump lists are walked from their start,
 *   which is quadratic;
 * - many labels and gotos: they are resolved all against all;
 * - deep nesting: the C stack;
 * - many names where many locals are open, in functions within functions: each is looked
 *   for among all of them;
 * - many numbers of hundreds of digits or with exponents such as e308, 50 us each;
 * - a large source: everything above, and the parser's memory.
 *
 * Brackets and blocks are matched on the way, since nesting is counted; a mismatch is
 * told here, with the line of what was opened.  Everything else about grammar is the
 * parser's.
 *
 * Numbers are cut as LuaJIT's lexer cuts them: letters, digits, points, bytes above
 * 127, and a sign behind an exponent.  Cost: one pass, some 5 ns a byte; no allocation.
 */
#include "sandbox/tokens.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/utf8.h"
#include "sandbox/numerals.h"

enum {
    MAX_SOURCE = 256 * 1024,
    MAX_DEPTH = 180,
    MAX_FUNCTIONS =
        64, /* nested in each other: each takes about a KiB of the parser's stack */
    MAX_CHAIN = 500, /* `and` and `or` in one expression, `elseif` of one `if` */
    MAX_LABELS = 1000,
    MAX_LOCALS = 200,         /* of one function: LuaJIT's own limit */
    MAX_LOOKUPS = 4000000,    /* locals that names are compared with, some 2 ns each */
    MAX_NUMBERS_NS = 2000000, /* to read all numbers with LuaJIT's big number */
    MAX_QUOTED = 24
};

enum kind {
    END_OF_SOURCE,
    NAME,
    NUMBER,
    STRING,
    SYMBOL, /* one character, in `symbol` */
    EQUALS, /* == ~= */
    LABEL,  /* :: */
    OTHER,  /* .. ... <= >= */
    KW_AND,
    KW_DO,
    KW_ELSE,
    KW_ELSEIF,
    KW_END,
    KW_FUNCTION,
    KW_GOTO,
    KW_IF,
    KW_IN,
    KW_NIL,
    KW_OR,
    KW_REPEAT,
    KW_STATEMENT, /* local return while for break then: all that matter only as an end
                   */
    KW_UNTIL,
    KW_VALUE /* true false not */
};

struct frame {
    char opener;  /* ( [ { or the first letter of function do if repeat; 0: the chunk */
    bool group;   /* a parenthesis around an expression, not of a call */
    bool in_list; /* in the first expression after `in` */
    uint32_t line;
    uint32_t chain;
    uint32_t elseifs;
    uint32_t locals;      /* declared in it */
    uint32_t loop_locals; /* of a function: what the lexer's were around it */
};

/* What names stand for until something else ends the list. */
enum declaring { USES, LOCALS, FUNCTION_NAME, PARAMETERS, LOOP };

struct lexer {
    const unsigned char *at;
    const unsigned char *end;
    const unsigned char *line_start;
    uint32_t line;
    const char *file;
    cordon_error *err;
    /* the token */
    enum kind kind;
    unsigned char symbol;
    const unsigned char *start;
    uint32_t start_line;
    uint32_t start_column;
    /* the one before */
    enum kind before;
    unsigned char symbol_before;
    /* what is open */
    uint32_t depth;
    uint32_t functions;
    uint32_t labels;
    /* names: which are declared, and how many are open */
    enum declaring declaring;
    uint32_t loop_locals; /* of a `for` whose `do` has not come */
    uint32_t locals;
    uint64_t lookups;
    uint64_t numbers_ns;
    struct frame frames[MAX_DEPTH + 1];
};

/* ---- characters ---- */

static bool is_digit(unsigned char c)
{
    return c >= '0' && c <= '9';
}

static bool is_word(unsigned char c)
{
    return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           c == '_' || c >= 0x80;
}

static unsigned char peek(const struct lexer *lexer, size_t ahead)
{
    return ahead < (size_t)(lexer->end - lexer->at) ? lexer->at[ahead] : 0;
}

/* At the first character of a line's end: step over \n, \r, \r\n or \n\r. */
static void step_line(struct lexer *lexer)
{
    unsigned char first = *lexer->at++;

    if (lexer->at < lexer->end && (*lexer->at == '\n' || *lexer->at == '\r') &&
        *lexer->at != first)
        lexer->at++;
    lexer->line++;
    lexer->line_start = lexer->at;
}

static bool at_line_end(const struct lexer *lexer)
{
    return lexer->at < lexer->end && (*lexer->at == '\n' || *lexer->at == '\r');
}

static uint32_t column_of(const struct lexer *lexer)
{
    return (uint32_t)(lexer->at - lexer->line_start) + 1;
}

/* ---- faults ---- */

#define FAULT_AT(lexer, line_, column_, ...)                                           \
    cdn_error_at((lexer)->err, CORDON_E_RULE, (lexer)->file, line_, column_,           \
                 __VA_ARGS__)
#define FAULT_TOKEN(lexer, ...)                                                        \
    FAULT_AT(lexer, (lexer)->start_line, (lexer)->start_column, __VA_ARGS__)

static int token_length(const struct lexer *lexer)
{
    size_t length = (size_t)(lexer->at - lexer->start);

    return length > MAX_QUOTED ? MAX_QUOTED : (int)length;
}

/* ---- tokens ---- */

static const struct {
    const char *word;
    enum kind kind;
} keywords[] = {
    {"and", KW_AND},         {"break", KW_STATEMENT}, {"do", KW_DO},
    {"else", KW_ELSE},       {"elseif", KW_ELSEIF},   {"end", KW_END},
    {"false", KW_VALUE},     {"for", KW_STATEMENT},   {"function", KW_FUNCTION},
    {"goto", KW_GOTO},       {"if", KW_IF},           {"in", KW_IN},
    {"local", KW_STATEMENT}, {"nil", KW_NIL},         {"not", KW_VALUE},
    {"or", KW_OR},           {"repeat", KW_REPEAT},   {"return", KW_STATEMENT},
    {"then", KW_STATEMENT},  {"true", KW_VALUE},      {"until", KW_UNTIL},
    {"while", KW_STATEMENT},
};

static enum kind word_kind(const unsigned char *text, size_t length)
{
    for (size_t i = 0; i < sizeof keywords / sizeof keywords[0]; i++) {
        if (keywords[i].word[0] == (char)text[0] &&
            strlen(keywords[i].word) == length &&
            !memcmp(keywords[i].word, text, length))
            return keywords[i].kind;
    }
    return NAME;
}

/* Bytes above 127 outside strings have to be UTF-8: editors show nothing else. */
static cordon_status step_unicode(struct lexer *lexer)
{
    size_t length = cdn_utf8_sequence(lexer->at, (size_t)(lexer->end - lexer->at));

    if (!length)
        return FAULT_AT(lexer, lexer->line, column_of(lexer),
                        "the byte 0x%02x is not UTF-8; the source of a rule is UTF-8",
                        *lexer->at);
    lexer->at += length;
    return CORDON_OK;
}

static cordon_status lex_name(struct lexer *lexer)
{
    cordon_status status = CORDON_OK;

    while (!status && is_word(peek(lexer, 0))) {
        if (*lexer->at >= 0x80)
            status = step_unicode(lexer);
        else
            lexer->at++;
    }
    lexer->kind = word_kind(lexer->start, (size_t)(lexer->at - lexer->start));
    return status;
}

static cordon_status lex_number(struct lexer *lexer)
{
    unsigned char exponent = 'e';
    unsigned char last = *lexer->at++;

    if (last == '0' && (peek(lexer, 0) | 0x20) == 'x')
        exponent = 'p';
    while (is_word(peek(lexer, 0)) || peek(lexer, 0) == '.' ||
           ((peek(lexer, 0) == '-' || peek(lexer, 0) == '+') &&
            (last | 0x20) == exponent)) {
        last = *lexer->at++;
        if ((last | 0x20) == 'i' || (last | 0x20) == 'l' || (last | 0x20) == 'u') {
            while (is_word(peek(lexer, 0)))
                lexer->at++;
            return FAULT_TOKEN(lexer,
                               "'%.*s': numbers have no suffix here; write it without "
                               "(every number is a float64)",
                               token_length(lexer), (const char *)lexer->start);
        }
        if (last >= 0x80)
            return FAULT_TOKEN(lexer, "malformed number near '%.*s'",
                               token_length(lexer) - 1, (const char *)lexer->start);
    }
    lexer->kind = NUMBER;
    lexer->numbers_ns +=
        cdn_numeral_ns((const char *)lexer->start, (size_t)(lexer->at - lexer->start));
    if (lexer->numbers_ns > MAX_NUMBERS_NS)
        return FAULT_TOKEN(lexer,
                           "too many numbers that have hundreds of digits or large "
                           "exponents; compute them, or use math.huge");
    return CORDON_OK;
}

static cordon_status lex_string(struct lexer *lexer)
{
    unsigned char quote = *lexer->at++;

    while (lexer->at < lexer->end && *lexer->at != quote) {
        if (at_line_end(lexer))
            break;
        if (*lexer->at++ != '\\' || lexer->at == lexer->end)
            continue;
        if (at_line_end(lexer)) {
            step_line(lexer);
        } else if (*lexer->at++ == 'z') {
            while (lexer->at < lexer->end &&
                   (*lexer->at == ' ' || (*lexer->at >= '\t' && *lexer->at <= '\r'))) {
                if (at_line_end(lexer))
                    step_line(lexer);
                else
                    lexer->at++;
            }
        }
    }
    if (lexer->at == lexer->end || *lexer->at != quote)
        return FAULT_TOKEN(lexer, "unfinished string; it needs a closing %c", quote);
    lexer->at++;
    lexer->kind = STRING;
    return CORDON_OK;
}

/* At a '[': the level of the long bracket that opens here, -1 if none does. */
static long long_level(const struct lexer *lexer)
{
    size_t level = 0;

    while (peek(lexer, 1 + level) == '=')
        level++;
    return peek(lexer, 1 + level) == '[' ? (long)level : -1;
}

static cordon_status lex_long(struct lexer *lexer, long level, const char *what)
{
    uint32_t line = lexer->line;
    uint32_t column = column_of(lexer);

    lexer->at += level + 2;
    while (lexer->at < lexer->end) {
        if (at_line_end(lexer)) {
            step_line(lexer);
        } else if (*lexer->at++ == ']') {
            long count = 0;

            while (count < level && peek(lexer, (size_t)count) == '=')
                count++;
            if (count == level && peek(lexer, (size_t)count) == ']') {
                lexer->at += level + 1;
                return CORDON_OK;
            }
        }
    }
    return FAULT_AT(lexer, line, column, "unfinished long %s", what);
}

static cordon_status lex_comment(struct lexer *lexer)
{
    cordon_status status = CORDON_OK;

    lexer->at += 2;
    if (peek(lexer, 0) == '[' && long_level(lexer) >= 0)
        return lex_long(lexer, long_level(lexer), "comment");
    while (!status && lexer->at < lexer->end && !at_line_end(lexer)) {
        if (*lexer->at >= 0x80)
            status = step_unicode(lexer);
        else
            lexer->at++;
    }
    return status;
}

static cordon_status skip_space(struct lexer *lexer)
{
    cordon_status status = CORDON_OK;

    while (!status && lexer->at < lexer->end) {
        if (at_line_end(lexer))
            step_line(lexer);
        else if (*lexer->at == ' ' || (*lexer->at >= '\t' && *lexer->at <= '\r'))
            lexer->at++;
        else if (*lexer->at == '-' && peek(lexer, 1) == '-')
            status = lex_comment(lexer);
        else
            break;
    }
    return status;
}

static cordon_status lex_symbol(struct lexer *lexer)
{
    unsigned char c = *lexer->at;
    unsigned char next = peek(lexer, 1);

    if (c < 0x20 || c == 0x7f)
        return FAULT_TOKEN(lexer, "the control character 0x%02x outside a string", c);
    lexer->kind = SYMBOL;
    lexer->symbol = c;
    lexer->at++;
    if ((c == '=' || c == '~') && next == '=')
        lexer->kind = EQUALS;
    else if ((c == '<' || c == '>') && next == '=')
        lexer->kind = OTHER;
    else if (c == ':' && next == ':')
        lexer->kind = LABEL;
    else if (c == '.' && next == '.') {
        lexer->kind = OTHER;
        lexer->at += peek(lexer, 1) == '.';
    }
    lexer->at += lexer->kind != SYMBOL;
    return CORDON_OK;
}

static cordon_status next_token(struct lexer *lexer)
{
    cordon_status status;
    unsigned char c;

    lexer->before = lexer->kind;
    lexer->symbol_before = lexer->symbol;
    lexer->symbol = 0;
    status = skip_space(lexer);
    if (status)
        return status;
    lexer->start = lexer->at;
    lexer->start_line = lexer->line;
    lexer->start_column = column_of(lexer);
    if (lexer->at == lexer->end) {
        lexer->kind = END_OF_SOURCE;
        return CORDON_OK;
    }
    c = *lexer->at;
    if (is_digit(c) || (c == '.' && is_digit(peek(lexer, 1))))
        return lex_number(lexer);
    if (is_word(c))
        return lex_name(lexer);
    if (c == '"' || c == '\'')
        return lex_string(lexer);
    if (c == '[' && long_level(lexer) >= 0) {
        lexer->kind = STRING;
        return lex_long(lexer, long_level(lexer), "string");
    }
    return lex_symbol(lexer);
}

/* ---- nesting ---- */

static const char *opener_name(char opener)
{
    switch (opener) {
    case '(':
        return "(";
    case '[':
        return "[";
    case '{':
        return "{";
    case 'f':
        return "function";
    case 'd':
        return "do";
    case 'i':
        return "if";
    default:
        return "repeat";
    }
}

static const char *closer_of(char opener)
{
    switch (opener) {
    case '(':
        return ")";
    case '[':
        return "]";
    case '{':
        return "}";
    case 'r':
        return "until";
    default:
        return "end";
    }
}

/* Does a parenthesis behind the token before this one call something? */
static bool calls(const struct lexer *lexer)
{
    return lexer->before == NAME || lexer->before == STRING ||
           lexer->before == KW_FUNCTION || lexer->before == KW_GOTO ||
           (lexer->before == SYMBOL &&
            (lexer->symbol_before == ')' || lexer->symbol_before == ']' ||
             lexer->symbol_before == '}'));
}

static cordon_status push(struct lexer *lexer, char opener)
{
    if (lexer->depth == MAX_DEPTH)
        return FAULT_TOKEN(lexer, "brackets and blocks nest deeper than %d", MAX_DEPTH);
    if (opener == 'f' && ++lexer->functions > MAX_FUNCTIONS)
        return FAULT_TOKEN(lexer, "functions nest deeper than %d", MAX_FUNCTIONS);
    lexer->frames[++lexer->depth] =
        (struct frame){.opener = opener,
                       .group = opener == '(' && !calls(lexer),
                       .line = lexer->start_line,
                       .locals = opener == 'd' ? lexer->loop_locals : 0,
                       .loop_locals = lexer->loop_locals};
    lexer->locals += lexer->frames[lexer->depth].locals;
    if (opener == 'd' || opener == 'f')
        lexer->loop_locals = 0;
    return CORDON_OK;
}

static cordon_status pop(struct lexer *lexer)
{
    struct frame *frame = &lexer->frames[lexer->depth];
    const char *want = closer_of(frame->opener);
    int length = token_length(lexer);

    if (!lexer->depth)
        return FAULT_TOKEN(lexer, "'%.*s' closes nothing", length,
                           (const char *)lexer->start);
    if (strlen(want) != (size_t)length ||
        memcmp(want, lexer->start, (size_t)length) != 0)
        return FAULT_TOKEN(lexer,
                           "'%s' expected (to close '%s' at line %u) near '%.*s'", want,
                           opener_name(frame->opener), frame->line, length,
                           (const char *)lexer->start);
    if (frame->opener == 'f') {
        lexer->functions--;
        lexer->loop_locals = frame->loop_locals;
    }
    lexer->locals -= frame->locals;
    lexer->depth--;
    /* Jumps of a parenthesised expression join those of what is around it. */
    if (frame->opener == '(')
        lexer->frames[lexer->depth].chain += frame->chain;
    return CORDON_OK;
}

/* Is this in the first expression after `in`, with nothing but parentheses around it?
 */
static bool leads_list(const struct lexer *lexer)
{
    uint32_t depth = lexer->depth;

    while (depth && lexer->frames[depth].group)
        depth--;
    return lexer->frames[depth].in_list;
}

static cordon_status symbol(struct lexer *lexer)
{
    struct frame *frame = &lexer->frames[lexer->depth];

    switch (lexer->symbol) {
    case '(':
    case '[':
    case '{':
        return push(lexer, (char)lexer->symbol);
    case ')':
    case ']':
    case '}':
        return pop(lexer);
    case ',':
        frame->in_list = false;
        frame->chain = 0;
        return CORDON_OK;
    case ';':
    case '=':
        frame->chain = 0;
        return CORDON_OK;
    default:
        return CORDON_OK;
    }
}

/* ---- names ---- */

static void declare(struct lexer *lexer, uint32_t depth)
{
    lexer->frames[depth].locals++;
    lexer->locals++;
}

/* A name is declared, or looked for among all locals that are open. */
static cordon_status name(struct lexer *lexer)
{
    uint32_t most = MAX_LOCALS * (lexer->functions + 1);

    switch (lexer->declaring) {
    case LOCALS:
        declare(lexer, lexer->depth);
        return CORDON_OK;
    case PARAMETERS: /* within the function's parenthesis */
        declare(lexer, lexer->depth - 1);
        return CORDON_OK;
    case LOOP:
        lexer->loop_locals++;
        return CORDON_OK;
    case USES:
    case FUNCTION_NAME:
        lexer->lookups += lexer->locals < most ? lexer->locals : most;
        if (lexer->lookups > MAX_LOOKUPS)
            return FAULT_TOKEN(lexer,
                               "too many names where many locals are open; use fewer "
                               "locals, or tables");
        return CORDON_OK;
    }
    return CORDON_OK;
}

/* What the names that follow this token stand for. */
static void follow(struct lexer *lexer)
{
    enum kind kind = lexer->kind;

    if (kind == NAME || (kind == SYMBOL && lexer->symbol == ','))
        return;
    if (kind == KW_STATEMENT) {
        lexer->declaring = *lexer->start == 'l'   ? LOCALS
                           : *lexer->start == 'f' ? LOOP
                                                  : USES;
    } else if (kind == KW_FUNCTION) {
        if (lexer->declaring == LOCALS && lexer->depth) /* local function f */
            declare(lexer, lexer->depth - 1);
        lexer->declaring = FUNCTION_NAME;
    } else if (lexer->declaring == FUNCTION_NAME && kind == SYMBOL) {
        if (lexer->symbol == '(')
            lexer->declaring = PARAMETERS;
    } else {
        lexer->declaring = USES;
    }
}

static cordon_status check_token(struct lexer *lexer)
{
    struct frame *frame = &lexer->frames[lexer->depth];

    switch (lexer->kind) {
    case SYMBOL:
        return symbol(lexer);
    case KW_AND:
    case KW_OR:
        if (++frame->chain > MAX_CHAIN)
            return FAULT_TOKEN(lexer, "more than %d `and` and `or` in one expression",
                               MAX_CHAIN);
        return CORDON_OK;
    case KW_NIL:
        if (leads_list(lexer) && lexer->before != EQUALS)
            return FAULT_TOKEN(lexer,
                               "nil cannot be iterated over: the expression after "
                               "`in` has to give a function");
        return CORDON_OK;
    case KW_IN:
        frame->in_list = true;
        return CORDON_OK;
    case KW_ELSEIF:
        frame->chain = 0;
        if (++frame->elseifs > MAX_CHAIN)
            return FAULT_TOKEN(lexer, "more than %d `elseif` in one `if`; use a table",
                               MAX_CHAIN);
        return CORDON_OK;
    case KW_DO:
        frame->in_list = false;
        frame->chain = 0;
        return push(lexer, 'd');
    case KW_FUNCTION:
        return push(lexer, 'f');
    case KW_IF:
        frame->chain = 0;
        return push(lexer, 'i');
    case KW_REPEAT:
        frame->chain = 0;
        return push(lexer, 'r');
    case KW_END:
    case KW_UNTIL:
        return pop(lexer);
    case LABEL:
    case KW_GOTO:
        if (++lexer->labels > MAX_LABELS)
            return FAULT_TOKEN(lexer, "more than %d labels and gotos", MAX_LABELS);
        frame->chain = 0;
        return CORDON_OK;
    case KW_STATEMENT:
    case KW_ELSE:
        frame->chain = 0;
        return CORDON_OK;
    case NAME:
        return name(lexer);
    case END_OF_SOURCE:
        if (lexer->depth)
            return FAULT_TOKEN(
                lexer, "'%s' expected (to close '%s' at line %u) at the end",
                closer_of(frame->opener), opener_name(frame->opener), frame->line);
        return CORDON_OK;
    case NUMBER:
    case STRING:
    case EQUALS:
    case OTHER:
    case KW_VALUE:
        return CORDON_OK;
    }
    return CORDON_OK;
}

/* What LuaJIT skips before the first token, and what must not be there. */
static cordon_status check_start(struct lexer *lexer)
{
    if (peek(lexer, 0) == 0xef && peek(lexer, 1) == 0xbb && peek(lexer, 2) == 0xbf)
        lexer->at += 3;
    lexer->line_start = lexer->at;
    if (peek(lexer, 0) == '#') {
        while (lexer->at < lexer->end && !at_line_end(lexer))
            lexer->at++;
    }
    while (at_line_end(lexer))
        step_line(lexer);
    if (peek(lexer, 0) == 0x1b)
        return FAULT_AT(lexer, lexer->line, 1,
                        "this is bytecode; rules are loaded from their source only");
    return CORDON_OK;
}

cordon_status cdn_tokens_check(const char *source, size_t bytes, const char *file,
                               cordon_error *err)
{
    struct lexer lexer;
    const char *nul = bytes ? memchr(source, 0, bytes) : NULL;
    cordon_status status;

    /* The frames above the first are written before they are read. */
    memset(&lexer, 0, offsetof(struct lexer, frames) + sizeof lexer.frames[0]);
    lexer.at = lexer.line_start = (const unsigned char *)source;
    lexer.end = lexer.at + bytes;
    lexer.line = 1;
    lexer.file = file;
    lexer.err = err;
    if (bytes > MAX_SOURCE)
        return FAULT_AT(&lexer, 0, 0,
                        "the source has %zu bytes; at most %d are accepted", bytes,
                        MAX_SOURCE);
    status = check_start(&lexer);
    if (!status && nul) {
        while (lexer.at < (const unsigned char *)nul) {
            if (at_line_end(&lexer))
                step_line(&lexer);
            else
                lexer.at++;
        }
        return FAULT_AT(&lexer, lexer.line, column_of(&lexer),
                        "a NUL byte; write \\0 in a string");
    }
    while (!status) {
        status = next_token(&lexer);
        if (!status)
            status = check_token(&lexer);
        follow(&lexer);
        if (lexer.kind == END_OF_SOURCE)
            break;
    }
    return status;
}
