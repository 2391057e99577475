/* What the bytecode about to run works on, for charging it by the length of its operands.
 *
 * LuaJIT counts a bytecode as one whatever it works on, and has no seam at `..`, `<` or the
 * arithmetic of strings.  But while the count hook runs, the frame of the interpreter on the
 * C stack holds the program counter, and the stack the operands.  Where the counter lies and
 * which numbers the operators have is found by running lines of Lua of known meaning in a
 * trial state and watching what they do; a build in which that does not come out exactly is
 * left without (known is false), never guessed at. */
#ifndef CDN_SANDBOX_OPERANDS_H
#define CDN_SANDBOX_OPERANDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <lua.h>

#include "sandbox/meter.h"

struct cdn_arena;

/* How an operator takes its operands, by its number. */
enum cdn_operator {
    CDN_OPERATOR_OTHER,
    CDN_OPERATOR_CONCAT,  /* registers B to C */
    CDN_OPERATOR_COMPARE, /* registers A and D */
    CDN_OPERATOR_BOTH,    /* arithmetic on registers B and C */
    CDN_OPERATOR_LEFT,    /* arithmetic on register B and a constant */
    CDN_OPERATOR_ONE,     /* arithmetic on register D */
    CDN_OPERATOR_LOOP     /* a numeric for, from registers A to A + 2 */
};

struct cdn_operands {
    bool known;
    size_t frame_offset;         /* of the C frame's address, from the lua_State */
    size_t pc_offset;            /* of the program counter, from there */
    unsigned char operator[256]; /* enum cdn_operator, by opcode */
};

/* Find and prove all of it, in a trial state of the arena that nothing else runs in; the
 * count hook is left off.                                                   [-0, +0, e] */
CDN_RAISES void cdn_operands_prove(struct cdn_operands *out, lua_State *L,
                                   const struct cdn_arena *arena);

/* In a count hook: what the bytecode that runs next costs beyond one instruction.  An
 * instruction for 32 bytes joined, or compared (as far as they are equal); a number parsed
 * as tonumber charges it.  Never raises; 0 where nothing is known. */
uint64_t cdn_operands_cost(const struct cdn_operands *operands, lua_State *L,
                           const struct cdn_arena *arena);

/* In a call hook: what the stock function that is called costs beyond the call, should it
 * take its arguments for numbers: what parsing those that are strings does.  0 for functions
 * that are not stock, which charge for themselves. */
uint64_t cdn_operands_called(lua_State *L, lua_Debug *frame);

#endif
