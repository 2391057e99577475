/* math.random, seeded by the request.
 *
 * splitmix64: one word of state, passes the usual batteries, and the same numbers on
 * every machine.  Nothing here is fit for secrets.  math.randomseed does not exist: the
 * seed is the host's to give, or a decision could not be replayed. */
#include <math.h>

#include <lauxlib.h>

#include "sandbox/lib.h"
#include "sandbox/slot.h"

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
        high = floor(luaL_checknumber(L, 1));
        luaL_argcheck(L, low <= high, 1, "interval is empty");
        break;
    case 2:
        low = ceil(luaL_checknumber(L, 1));
        high = floor(luaL_checknumber(L, 2));
        luaL_argcheck(L, low <= high, 2, "interval is empty");
        break;
    default:
        return luaL_error(L, "wrong number of arguments");
    }
    lua_pushnumber(L, floor(fraction * (high - low + 1)) + low);
    return 1;
}
