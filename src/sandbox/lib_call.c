/* Protected calls and coroutines that cannot swallow a limit.
 *
 * The stock pcall, xpcall and resume catch whatever the meter raises, and write past
 * the Lua stack when given thousands of arguments; an xpcall handler even runs with
 * hooks off. Ours look at the meter's sticky flag after every protected call and leave
 * again while it is set.  A handler of xpcall runs after unwinding, as an ordinary
 * protected call, so it is metered like all else (it sees the error, not the stack of
 * where it was raised).
 *
 * Every C function that may call Lua again is counted in meter->nesting, which bounds
 * what of the C stack a rule can use: at most 190 levels of at most some KiB.  The
 * count is saved and restored around each protected call, so errors need no
 * bookkeeping.
 *
 * Left out: yielding across pcall, which Lua 5.1 does not have either. */
#include <lauxlib.h>

#include "sandbox/lib.h"

/* Throwing and catching takes about a microsecond, whatever bytecodes are counted. */
#define CAUGHT_INSTRUCTIONS 64

void cdn_lib_enter(lua_State *L)
{
    struct cdn_meter *meter = cdn_meter_of(L);

    if (meter->nesting >= CDN_LIB_MAX_NESTING)
        luaL_error(L, "C stack overflow");
    meter->nesting++;
}

void cdn_lib_leave(lua_State *L)
{
    cdn_meter_of(L)->nesting--;
}

/* What every protected call does once it is back: restore the count, let no limit pass.
 * LuaJIT refuses requests over 2 GiB without asking the allocator, so ERRMEM counts
 * too. */
CDN_RAISES static void settle(lua_State *L, uint32_t nesting, int status)
{
    struct cdn_meter *meter = cdn_meter_of(L);

    meter->nesting = nesting;
    cdn_meter_rethrow(L);
    if (status == LUA_ERRMEM)
        cdn_meter_raise(L, CDN_STOP_MEMORY);
    if (status != 0 && status != LUA_YIELD)
        cdn_meter_charge(L, CAUGHT_INSTRUCTIONS);
}

int cdn_protected_call(lua_State *L, int arguments, int results)
{
    uint32_t nesting = cdn_meter_of(L)->nesting;
    int status;

    cdn_lib_enter(L);
    status = lua_pcall(L, arguments, results, 0);
    settle(L, nesting, status);
    return status;
}

/* pcall(f, ...) -> true, results... or false, error */
int cdn_lib_pcall(lua_State *L)
{
    luaL_checkany(L, 1);
    luaL_checkstack(L, 1, "pcall");
    lua_pushboolean(L, 1);
    lua_insert(L, 1);
    if (cdn_protected_call(L, lua_gettop(L) - 2, LUA_MULTRET) == 0)
        return lua_gettop(L);
    lua_pushboolean(L, 0);
    lua_replace(L, 1);
    return 2;
}

/* xpcall(f, handler, ...) -> true, results... or false, what the handler returned first
 */
int cdn_lib_xpcall(lua_State *L)
{
    luaL_checkany(L, 2);
    luaL_checkstack(L, 2, "xpcall");
    lua_pushboolean(L, 1);
    lua_insert(L, 1);
    lua_pushvalue(L, 3);
    lua_remove(L, 3);
    lua_insert(L, 1); /* handler, true, f, arguments */
    if (cdn_protected_call(L, lua_gettop(L) - 3, LUA_MULTRET) == 0)
        return lua_gettop(L) - 1;
    lua_pushboolean(L, 0);
    lua_replace(L, 2);
    lua_pushvalue(L, 1);
    lua_insert(L, 3);
    if (cdn_protected_call(L, 1, 1) != 0) {
        lua_pushliteral(L, "error in error handling");
        lua_replace(L, 3);
    }
    return 2;
}

static const char *status_of(lua_State *L, lua_State *co)
{
    lua_Debug frame;

    if (co == L)
        return "running";
    switch (lua_status(co)) {
    case LUA_YIELD:
        return "suspended";
    case 0:
        if (lua_getstack(co, 0, &frame) > 0)
            return "normal";
        return lua_gettop(co) == 0 ? "dead" : "suspended";
    default:
        return "dead";
    }
}

/* Resume `co` with the top `arguments` values of L: the number of results moved to L,
 * or -1 with the error on top.                                              [-n, +r|1,
 * e] */
CDN_RAISES static int resume(lua_State *L, lua_State *co, int arguments)
{
    uint32_t nesting = cdn_meter_of(L)->nesting;
    const char *state = status_of(L, co);
    int status, results;

    if (state[0] != 's') {
        lua_pushfstring(L, "cannot resume %s coroutine",
                        state[0] == 'd' ? "dead" : "running");
        return -1;
    }
    /* Where this LuaJIT cannot grow the other's stack any more it raises there, and what is
     * caught is any value; the coroutine then counts as "normal" and is not resumed. */
    if (!lua_checkstack(co, arguments + 1))
        luaL_error(L, "too many arguments to resume");
    cdn_lib_enter(L);
    lua_xmove(L, co, arguments);
    status = lua_resume(co, arguments);
    settle(L, nesting, status);
    luaL_checkstack(L, 2, "resume");
    if (status != 0 && status != LUA_YIELD) {
        lua_xmove(co, L, 1);
        return -1;
    }
    results = lua_gettop(co);
    if (!lua_checkstack(L, results + 1)) {
        lua_settop(co, 0);
        luaL_error(L, "too many results to resume");
    }
    lua_xmove(co, L, results);
    return results;
}

static lua_State *check_coroutine(lua_State *L, int arg)
{
    lua_State *co = lua_tothread(L, arg);

    if (!co)
        luaL_argerror(L, arg, "coroutine expected");
    return co;
}

/* coroutine.create(f) -> thread */
int cdn_lib_coroutine_create(lua_State *L)
{
    lua_State *co;

    luaL_checktype(L, 1, LUA_TFUNCTION);
    cdn_meter_charge(L, 16);
    co = lua_newthread(L);
    lua_pushvalue(L, 1);
    lua_xmove(L, co, 1);
    return 1;
}

/* coroutine.resume(co, ...) -> true, results... or false, error */
int cdn_lib_coroutine_resume(lua_State *L)
{
    lua_State *co = check_coroutine(L, 1);
    int results = resume(L, co, lua_gettop(L) - 1);

    lua_pushboolean(L, results >= 0);
    lua_insert(L, results >= 0 ? -results - 1 : -2);
    return results >= 0 ? results + 1 : 2;
}

/* Upvalue 1: the coroutine. */
CDN_RAISES static int wrapped(lua_State *L)
{
    lua_State *co = lua_tothread(L, lua_upvalueindex(1));
    int results = resume(L, co, lua_gettop(L));

    if (results >= 0)
        return results;
    if (lua_type(L, -1) ==
        LUA_TSTRING) { /* where it was called goes before the message */
        luaL_where(L, 1);
        lua_insert(L, -2);
        lua_concat(L, 2);
    }
    return lua_error(L);
}

/* coroutine.wrap(f) -> function that resumes it and raises its errors */
int cdn_lib_coroutine_wrap(lua_State *L)
{
    cdn_lib_coroutine_create(L);
    lua_pushcclosure(L, wrapped, 1);
    return 1;
}

/* coroutine.status(co) -> "running", "suspended", "normal" or "dead" */
int cdn_lib_coroutine_status(lua_State *L)
{
    lua_pushstring(L, status_of(L, check_coroutine(L, 1)));
    return 1;
}
