/* Finding the program counter, and pricing what it points at.
 *
 * The proof runs one chunk under a hook at every bytecode.  Everything that could be the
 * counter is a pair of offsets: a word of the lua_State that points into the C stack not far
 * above us, and a word there that points into the arena.  Only pairs that hold through the
 * whole run are kept, and at every step the word before the counter has to be an instruction
 * that fits the line: that the registers it names are the locals that the line names.  Each
 * line's operator is then whatever opcode was seen there; two lines of the same form and of
 * different forms must not disagree.  One pair has to be left.
 *
 * An instruction is four bytes: opcode, A, C, B, where D is C and B together. */
#include "sandbox/operands.h"

#include <lauxlib.h>
#include <string.h>

#include "sandbox/arena.h"
#include "sandbox/library.h"
#include "sandbox/numerals.h"

enum {
    STATE_BYTES = 192,   /* of a lua_State that are searched, more than it has */
    FRAME_BYTES = 160,   /* of a C frame */
    STACK_REACH = 65536, /* a frame lies at most so far above the hook's */
    MAX_PAIRS = 64,
    BYTES_PER_INSTRUCTION = 32,
    COMPARED = 4096 /* bytes compared at a time */
};

struct instruction {
    unsigned char opcode, a, c, b;
};

/* A line of the proof: which of its instructions is the operator, and what it must look like
 * with the locals a and b in registers 0 and 1, and the next free register 2. */
struct line {
    const char *text;
    int position; /* of the operator among the line's instructions, from 0 */
    enum cdn_operator form;
    unsigned char a, b, c; /* as the form uses them; D is given in c */
};

/* clang-format off */
static const struct line lines[] = {
    {"do local x = a .. b end", 2, CDN_OPERATOR_CONCAT, 2, 2, 3},
    {"do local x = a .. b .. a end", 3, CDN_OPERATOR_CONCAT, 2, 2, 4},
    {"if a < b then end", 0, CDN_OPERATOR_COMPARE, 0, 0, 1},
    {"if a <= b then end", 0, CDN_OPERATOR_COMPARE, 0, 0, 1},
    {"if not (a < b) then end", 0, CDN_OPERATOR_COMPARE, 0, 0, 1},
    {"if not (a <= b) then end", 0, CDN_OPERATOR_COMPARE, 0, 0, 1},
    {"do local x = a + b end", 0, CDN_OPERATOR_BOTH, 2, 0, 1},
    {"do local x = a - b end", 0, CDN_OPERATOR_BOTH, 2, 0, 1},
    {"do local x = a * b end", 0, CDN_OPERATOR_BOTH, 2, 0, 1},
    {"do local x = a / b end", 0, CDN_OPERATOR_BOTH, 2, 0, 1},
    {"do local x = a % b end", 0, CDN_OPERATOR_BOTH, 2, 0, 1},
    {"do local x = a ^ b end", 0, CDN_OPERATOR_BOTH, 2, 0, 1},
    {"do local x = b + 1.5 end", 0, CDN_OPERATOR_LEFT, 2, 1, 0},
    {"do local x = b - 1.5 end", 0, CDN_OPERATOR_LEFT, 2, 1, 0},
    {"do local x = b * 1.5 end", 0, CDN_OPERATOR_LEFT, 2, 1, 0},
    {"do local x = b / 1.5 end", 0, CDN_OPERATOR_LEFT, 2, 1, 0},
    {"do local x = b % 1.5 end", 0, CDN_OPERATOR_LEFT, 2, 1, 0},
    {"do local x = 1.5 + b end", 0, CDN_OPERATOR_LEFT, 2, 1, 0},
    {"do local x = 1.5 - b end", 0, CDN_OPERATOR_LEFT, 2, 1, 0},
    {"do local x = 1.5 * b end", 0, CDN_OPERATOR_LEFT, 2, 1, 0},
    {"do local x = 1.5 / b end", 0, CDN_OPERATOR_LEFT, 2, 1, 0},
    {"do local x = 1.5 % b end", 0, CDN_OPERATOR_LEFT, 2, 1, 0},
    {"do local x = -b end", 0, CDN_OPERATOR_ONE, 2, 0, 1},
    {"for i = b, b, b do end", 3, CDN_OPERATOR_LOOP, 2, 0, 0},
};
/* clang-format on */

enum { LINES = sizeof lines / sizeof lines[0], FIRST_LINE = 2 };

struct pair {
    size_t frame_offset, pc_offset;
    struct instruction seen[LINES];
};

struct proof {
    const struct cdn_arena *arena;
    uint32_t pairs;
    bool started;
    int line, step; /* of the line, from 0 */
    int met;        /* operators */
    struct pair pair[MAX_PAIRS];
};

/* ---- reading ---- */

/* The word of the state that may be its C frame's address; NULL: it cannot be. */
__attribute__((no_sanitize("address"))) static const unsigned char *
frame_at(const lua_State *L, size_t offset, uintptr_t here)
{
    uintptr_t word;

    memcpy(&word, (const unsigned char *)(const void *)L + offset, sizeof word);
    word &= ~(uintptr_t)7; /* flags of the frame's kind */
    return word > here && word < here + STACK_REACH ? (const unsigned char *)word
                                                    : NULL;
}

/* The instruction before the counter; false: that is none. */
__attribute__((no_sanitize("address"))) static bool
instruction_at(struct instruction *out, const unsigned char *frame, size_t offset,
               const struct cdn_arena *arena)
{
    uintptr_t first = (uintptr_t)arena->base, pc;

    memcpy(&pc, frame + offset, sizeof pc);
    if (pc % sizeof *out || pc < first + sizeof *out || pc > first + arena->head->top)
        return false;
    memcpy(out, (const unsigned char *)pc - sizeof *out, sizeof *out);
    return true;
}

/* ---- the proof ---- */

static bool fits(const struct instruction *seen, const struct line *line)
{
    unsigned d = seen->c | (unsigned)seen->b << 8;

    switch (line->form) {
    case CDN_OPERATOR_CONCAT:
    case CDN_OPERATOR_BOTH:
        return seen->a == line->a && seen->b == line->b && seen->c == line->c;
    case CDN_OPERATOR_LEFT: /* C numbers the constant */
        return seen->a == line->a && seen->b == line->b;
    case CDN_OPERATOR_COMPARE:
    case CDN_OPERATOR_ONE:
        return seen->a == line->a && d == line->c;
    case CDN_OPERATOR_LOOP:
        return seen->a == line->a;
    case CDN_OPERATOR_OTHER:
    default:
        return false;
    }
}

static void first_pairs(struct proof *proof, const lua_State *L, uintptr_t here)
{
    struct instruction ignored;

    for (size_t at = 0; at < STATE_BYTES; at += sizeof(void *)) {
        const unsigned char *frame = frame_at(L, at, here);

        for (size_t pc = 0; frame && pc < FRAME_BYTES; pc += sizeof(void *)) {
            if (!instruction_at(&ignored, frame, pc, proof->arena))
                continue;
            if (proof->pairs == MAX_PAIRS)
                return;
            proof->pair[proof->pairs].frame_offset = at;
            proof->pair[proof->pairs++].pc_offset = pc;
        }
    }
}

static void watch(lua_State *L, lua_Debug *debug)
{
    struct proof *proof;
    uintptr_t here = (uintptr_t)__builtin_frame_address(0);
    uint32_t kept = 0;
    int line;

    lua_pushlightuserdata(L, (void *)(uintptr_t)&lines);
    lua_rawget(L, LUA_REGISTRYINDEX);
    proof = lua_touserdata(L, -1);
    lua_pop(L, 1);
    if (!proof || !lua_getinfo(L, "l", debug))
        return;
    line = debug->currentline - FIRST_LINE;
    proof->step = line == proof->line ? proof->step + 1 : 0;
    proof->line = line;
    if (!proof->started)
        first_pairs(proof, L, here);
    proof->started = true;
    if (line < 0 || line >= LINES || lines[line].position != proof->step)
        return;
    proof->met++;
    for (uint32_t i = 0; i < proof->pairs; i++) {
        struct pair pair = proof->pair[i];
        const unsigned char *frame = frame_at(L, pair.frame_offset, here);

        if (frame &&
            instruction_at(&pair.seen[line], frame, pair.pc_offset, proof->arena) &&
            fits(&pair.seen[line], &lines[line]))
            proof->pair[kept++] = pair;
    }
    proof->pairs = kept;
}

/* One form an opcode; false: it was seen in two. */
static bool name_operators(struct cdn_operands *out, const struct pair *pair)
{
    for (int i = 0; i < LINES; i++) {
        unsigned char *form = &out->operator[pair->seen[i].opcode];

        if (*form != CDN_OPERATOR_OTHER && *form != lines[i].form)
            return false;
        *form = (unsigned char)lines[i].form;
    }
    out->frame_offset = pair->frame_offset;
    out->pc_offset = pair->pc_offset;
    return true;
}

void cdn_operands_prove(struct cdn_operands *out, lua_State *L,
                        const struct cdn_arena *arena)
{
    struct proof proof = {.arena = arena, .line = -1};
    luaL_Buffer source;
    int top = lua_gettop(L), status;

    *out = (struct cdn_operands){0};
    luaL_buffinit(L, &source);
    luaL_addstring(&source, "local a, b = ...\n");
    for (int i = 0; i < LINES; i++) {
        luaL_addstring(&source, lines[i].text);
        luaL_addchar(&source, '\n');
    }
    luaL_pushresult(&source);
    if (luaL_loadbuffer(L, lua_tostring(L, -1), lua_objlen(L, -1), "=proof")) {
        lua_settop(L, top);
        return;
    }
    lua_pushlightuserdata(L, (void *)(uintptr_t)&lines);
    lua_pushlightuserdata(L, &proof);
    lua_rawset(L, LUA_REGISTRYINDEX);
    lua_pushliteral(L, "1");
    lua_pushliteral(L, "2");
    lua_sethook(L, watch, LUA_MASKCOUNT, 1);
    status = lua_pcall(L, 2, 0, 0);
    lua_sethook(L, NULL, 0, 0);
    lua_pushlightuserdata(L, (void *)(uintptr_t)&lines);
    lua_pushnil(L);
    lua_rawset(L, LUA_REGISTRYINDEX);
    lua_settop(L, top);
    out->known = !status && proof.pairs == 1 && proof.met == LINES &&
                 name_operators(out, &proof.pair[0]);
}

/* ---- the price ---- */

static uint64_t joining(lua_State *L, int reg)
{
    return lua_type(L, reg + 1) == LUA_TSTRING ? lua_objlen(L, reg + 1) : 0;
}

static uint64_t parsing(lua_State *L, int reg)
{
    size_t bytes;
    const char *text;

    if (lua_type(L, reg + 1) != LUA_TSTRING)
        return 0;
    text = lua_tolstring(L, reg + 1, &bytes);
    return cdn_numeral_cost(text, bytes);
}

/* How far two strings are compared: to their first difference. */
static uint64_t compared(lua_State *L, int left, int right)
{
    size_t bytes, other, at = 0;
    const char *a, *b;

    if (lua_type(L, left + 1) != LUA_TSTRING || lua_type(L, right + 1) != LUA_TSTRING)
        return 0;
    a = lua_tolstring(L, left + 1, &bytes);
    b = lua_tolstring(L, right + 1, &other);
    if (other < bytes)
        bytes = other;
    if (a == b)
        return 0;
    while (bytes - at > COMPARED && !memcmp(a + at, b + at, COMPARED))
        at += COMPARED;
    return bytes - at > COMPARED ? at + COMPARED : bytes;
}

uint64_t cdn_operands_cost(const struct cdn_operands *operands, lua_State *L,
                           const struct cdn_arena *arena)
{
    struct instruction next;
    const unsigned char *frame;
    uintptr_t here = (uintptr_t)__builtin_frame_address(0);
    uint64_t bytes = 0;

    if (!operands->known)
        return 0;
    frame = frame_at(L, operands->frame_offset, here);
    if (!frame || !instruction_at(&next, frame, operands->pc_offset, arena))
        return 0;
    switch ((enum cdn_operator)operands->operator[next.opcode]) {
    case CDN_OPERATOR_CONCAT:
        for (int reg = next.b; reg <= next.c; reg++)
            bytes += joining(L, reg);
        return bytes / BYTES_PER_INSTRUCTION;
    case CDN_OPERATOR_COMPARE:
        return compared(L, next.a, next.c) / BYTES_PER_INSTRUCTION;
    case CDN_OPERATOR_BOTH:
        return parsing(L, next.b) + parsing(L, next.c);
    case CDN_OPERATOR_LEFT:
        return parsing(L, next.b);
    case CDN_OPERATOR_ONE:
        return parsing(L, next.c);
    case CDN_OPERATOR_LOOP:
        return parsing(L, next.a) + parsing(L, next.a + 1) + parsing(L, next.a + 2);
    case CDN_OPERATOR_OTHER:
    default:
        return 0;
    }
}

uint64_t cdn_operands_called(lua_State *L, lua_Debug *frame)
{
    int arguments = lua_gettop(L); /* a hook has the frame of what is called */
    uint64_t work = 0;
    bool stock;

    if (!lua_getinfo(L, "f", frame))
        return 0;
    stock = cdn_library_is_stock(L, -1);
    lua_pop(L, 1);
    for (int reg = 0; stock && reg < arguments; reg++)
        work += parsing(L, reg);
    return work;
}
