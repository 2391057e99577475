/* Lua programs derived from bytes: every input is a program that parses.
 *
 * The bytes are decisions.  A derivation starts at a symbol of the grammar (lua_grammar.c)
 * and takes one byte for each choice among a symbol's alternatives; where the bytes end
 * every choice falls on the first alternative, which is short and ends.  So each string of
 * bytes derives exactly one program, and neighbouring strings similar programs.
 *
 * Which bytes a symbol was derived from is noted in spans, and the mutator (lua_mutate.c)
 * works on those: a statement is deleted, doubled or moved, an expression replaced by
 * another of the same symbol, from the same input or from another one.
 *
 * Programs are bounded: in symbols, in depth, in statements a block and in bytes.  They use
 * variables with fixed names and types (lua_gen_rule() declares them), so most of what is
 * derived also does something when it runs. */
#ifndef CORDON_TESTS_LUA_GEN_H
#define CORDON_TESTS_LUA_GEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LUA_GEN_MAX_SPANS 4096
#define LUA_GEN_MAX_BYTES 49152 /* of a program */
#define LUA_GEN_MAX_DEPTH 14
#define LUA_GEN_MAX_FUEL  400 /* symbols of a program */

/* What was derived from data[start..end). */
struct lua_span {
    uint32_t start, end;
    char symbol;
};

struct lua_gen {
    const uint8_t *data;
    size_t size;
    size_t at;
    unsigned depth;
    unsigned fuel;
    unsigned labels; /* given out so far */
    unsigned loop;   /* label of the innermost loop of this function; 0: none */
    unsigned loops[LUA_GEN_MAX_DEPTH * 2 + 2]; /* what `loop` was further out */
    unsigned loop_depth;
    size_t span_count;
    struct lua_span spans[LUA_GEN_MAX_SPANS];
    size_t length;
    char text[LUA_GEN_MAX_BYTES + 1];
};

void lua_gen_init(struct lua_gen *gen, const uint8_t *data, size_t size);

/* The next decision; 0 once there is none left. */
uint8_t lua_gen_byte(struct lua_gen *gen);

/* Notes a span from `start` to where the derivation stands. */
void lua_gen_note(struct lua_gen *gen, char symbol, size_t start);

/* Derive one symbol, or a text with symbols in it, onto the program. */
void lua_gen_symbol(struct lua_gen *gen, char symbol);
void lua_gen_text(struct lua_gen *gen, const char *text);

/* Derive a whole rule called `name` over the fixture's bank, which declares `reads`: all that
 * there is, or less. */
void lua_gen_rule(struct lua_gen *gen, const char *name, const char *reads);
extern const char lua_gen_reads[];

/* The grammar: the alternatives of a symbol, ended by NULL; NULL: no such symbol.
 *
 * In an alternative a '$' is followed by a symbol, or by one of these:
 *   $<  $>  enters and leaves a loop's body      $[ $]  a function's body
 *   $:  the innermost loop's label              $g  goto it   $k  break
 *   $*  none to eleven statements               $,  none to four expressions
 *                                               $;  the same, a comma before each
 *   $#  an integer of a byte                    $"  a string literal of a few bytes */
const char *const *lua_grammar(char symbol);

/* What a target's mutator works on: derives the spans of an input.  Each target that is
 * linked with lua_mutate.c defines it. */
void lua_gen_spans(struct lua_gen *gen, const uint8_t *data, size_t size);

#endif
