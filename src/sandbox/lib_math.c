/* math.random, seeded by the request; and what takes any number of arguments.
 *
 * The stock max, min, band, bor and bxor would parse thousands of arguments written as
 * long strings within one call; these charge for each.  Numbers become bits as the stock
 * ones make them: the sum with 2^52 + 2^51 has the integer, modulo 2^32, in its low word.
 *
 * splitmix64: one word of state, passes the usual batteries, and the same numbers on
 * every machine.  Nothing here is fit for secrets.  math.randomseed does not exist: the
 * seed is the host's to give, or a decision could not be replayed. */
#include <math.h>
#include <stdbool.h>

#include <lauxlib.h>

#include "sandbox/lib.h"
#include "sandbox/slot.h"

/* What is charged for an argument of the five, beyond what a string costs. */
#define ARGUMENTS_PER_INSTRUCTION 4

CDN_RAISES static int pick(lua_State *L, bool largest)
{
    int count = lua_gettop(L);
    lua_Number best = cdn_lib_check_number(L, 1);

    if (count >= ARGUMENTS_PER_INSTRUCTION)
        cdn_meter_charge(L, (uint64_t)count / ARGUMENTS_PER_INSTRUCTION);
    for (int i = 2; i <= count; i++) {
        lua_Number number = cdn_lib_check_number(L, i);

        /* which of two zeros, and what of a NaN: as the CPU's own instruction says */
        if (largest ? !(best > number) : !(best < number))
            best = number;
    }
    lua_pushnumber(L, best);
    return 1;
}

/* math.max(number, ...) */
int cdn_lib_math_max(lua_State *L)
{
    return pick(L, true);
}

/* math.min(number, ...) */
int cdn_lib_math_min(lua_State *L)
{
    return pick(L, false);
}

CDN_RAISES static uint32_t check_bits(lua_State *L, int arg)
{
    union {
        lua_Number number;
        uint64_t word;
    } sum = {.number = cdn_lib_check_number(L, arg) + 6755399441055744.0};

    return (uint32_t)sum.word;
}

enum operation { AND, OR, XOR };

CDN_RAISES static int combine(lua_State *L, enum operation operation)
{
    int count = lua_gettop(L);
    uint32_t bits = check_bits(L, 1);

    if (count >= ARGUMENTS_PER_INSTRUCTION)
        cdn_meter_charge(L, (uint64_t)count / ARGUMENTS_PER_INSTRUCTION);
    for (int i = 2; i <= count; i++) {
        uint32_t more = check_bits(L, i);

        bits = operation == AND  ? bits & more
               : operation == OR ? bits | more
                                 : bits ^ more;
    }
    lua_pushnumber(L, (lua_Number)(int32_t)bits);
    return 1;
}

/* bit.band(number, ...) */
int cdn_lib_bit_band(lua_State *L)
{
    return combine(L, AND);
}

/* bit.bor(number, ...) */
int cdn_lib_bit_bor(lua_State *L)
{
    return combine(L, OR);
}

/* bit.bxor(number, ...) */
int cdn_lib_bit_bxor(lua_State *L)
{
    return combine(L, XOR);
}

static double draw(lua_State *L)
{
    uint64_t *state = cdn_slot_random(cdn_slot_of(L));
    uint64_t word;

    *state += UINT64_C(0x9e3779b97f4a7c15);
    word = *state;
    word = (word ^ (word >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    word = (word ^ (word >> 27)) * UINT64_C(0x94d049bb133111eb);
    word ^= word >> 31;
    return (double)(word >> 11) * 0x1p-53;
}

/* math.random() in [0, 1); math.random(n) one of 1..n; math.random(m, n) one of m..n */
int cdn_lib_math_random(lua_State *L)
{
    lua_Number low = 1, high;
    double fraction = draw(L);

    switch (lua_gettop(L)) {
    case 0:
        lua_pushnumber(L, fraction);
        return 1;
    case 1:
        high = floor(cdn_lib_check_number(L, 1));
        luaL_argcheck(L, low <= high, 1, "interval is empty");
        break;
    case 2:
        low = ceil(cdn_lib_check_number(L, 1));
        high = floor(cdn_lib_check_number(L, 2));
        luaL_argcheck(L, low <= high, 2, "interval is empty");
        break;
    default:
        return luaL_error(L, "wrong number of arguments");
    }
    lua_pushnumber(L, floor(fraction * (high - low + 1)) + low);
    return 1;
}
