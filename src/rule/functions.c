/* Calling the host from a rule.
 *
 * In this order, each step bounded: arguments are counted and written as one msgpack array
 * into the slot's room, where what does not fit is an error of the rule's; cost and bytes are
 * charged, and the clock is looked at, before the host is entered; the host's body runs on
 * plain values, with nothing of Lua's in its hands; then the clock again, since the time was
 * the host's; only then is the result, which the host may have got wrong, checked and pushed.
 *
 * The body runs between Lua's C frames but calls no Lua, so it may use locks and the heap as
 * it likes: nothing can leave through it.
 *
 * Cost: some 150 ns beside the body for a few numbers. */
#include "rule/functions.h"

#include <stdio.h>
#include <string.h>

#include <lauxlib.h>

#include "rule/image.h"
#include "sandbox/library.h"
#include "sandbox/transfer.h"

#define NAME                  "host"
#define BYTES_PER_INSTRUCTION 16u
#define MESSAGE_BYTES         400 /* of a host's error in the rule's */

struct cordon_call {
    const struct cdn_slot *slot;
};

/* ---- asked by bodies ---- */

bool cordon_should_abort(const cordon_call *call)
{
    return cdn_slot_overdue(call->slot);
}

uint64_t cordon_call_left_ns(const cordon_call *call)
{
    return cdn_slot_left_ns(call->slot);
}

/* ---- the call ---- */

/* The arguments as one array.                                              [-0, +0, e] */
CDN_RAISES static void take_arguments(lua_State *L, const char *name, int count,
                                      struct cdn_packer *out)
{
    char root[CDN_RULE_MAX_WORD + 40];

    if (count > CORDON_FUNCTION_MAX_ARGUMENTS)
        luaL_error(L, "host.%s: %d arguments; at most %d are possible", name, count,
                   CORDON_FUNCTION_MAX_ARGUMENTS);
    cdn_pack_array(out, (uint32_t)count);
    for (int i = 1; i <= count; i++) {
        struct cdn_transfer transfer = {.out = out,
                                        .handle = cdn_graph_encode_handle,
                                        .root = root,
                                        .own_limit = true,
                                        .around = 1};

        snprintf(root, sizeof root, "host.%s: argument %d", name, i);
        if (!cdn_transfer_encode(L, i, &transfer))
            luaL_error(L, "%s", transfer.error);
    }
    if (out->failed)
        luaL_error(L, "host.%s: the arguments take more than %d bytes", name,
                   (int)CORDON_FUNCTION_MAX_BYTES);
}

/* A host's message, escaped and cut, as the rule's error.                  [-0, +0, e] */
CDN_RAISES static int refuse(lua_State *L, const char *name, cordon_status status,
                             const cordon_error *err)
{
    char text[MESSAGE_BYTES];
    const char *message = err->message[0] ? err->message : cordon_status_str(status);

    cdn_escape(text, sizeof text, message,
               strnlen(message, CORDON_ERROR_MESSAGE_BYTES));
    return luaL_error(L, "host.%s: %s", name, text);
}

/* What the body wrote, as Lua data.                                        [-0, +1, e] */
CDN_RAISES static void push_result(lua_State *L, const char *name,
                                   const cordon_builder *result)
{
    const unsigned char *at = result->data;
    cordon_value value;

    if (!cordon_builder_ok(result))
        luaL_error(L, "host.%s: the result takes more than %d bytes", name,
                   (int)CORDON_FUNCTION_MAX_BYTES);
    if (!result->length) {
        lua_pushnil(L);
        return;
    }
    if (cordon_value_parse(&value, result->data, result->length, NULL))
        luaL_error(L, "host.%s: what the host returned is not one value", name);
    cdn_meter_charge(L, result->length / BYTES_PER_INSTRUCTION);
    cdn_transfer_push(L, &at, result->data + result->length);
}

/* host.<name>(...).  Upvalue 1: its number in the rule's list. */
CDN_RAISES static int call_function(lua_State *L)
{
    struct cdn_rule_host *host = cdn_slot_host(L);
    const cordon_call call = {.slot = cdn_slot_of(L)};
    const struct cdn_host_function *function;
    cordon_builder result;
    struct cdn_packer packer;
    cordon_value arguments;
    cordon_error err;
    cordon_status status;
    uint32_t number = (uint32_t)lua_tonumber(L, lua_upvalueindex(1));

    if (!host || !host->functions || number >= host->rule->function_count)
        return luaL_error(L, "a function of the host's can be called in evaluate only");
    function = host->functions[number];
    cdn_pack_init(&packer, host->room, CORDON_FUNCTION_MAX_BYTES);
    take_arguments(L, function->name, lua_gettop(L), &packer);
    cdn_meter_charge(L, function->cost + packer.length / BYTES_PER_INSTRUCTION);
    cdn_meter_poll(L, UINT32_MAX);
    if (cordon_value_parse(&arguments, host->room, packer.length, NULL))
        return luaL_error(L, "host.%s: the arguments nest too deep", function->name);
    if (function->flags & CORDON_FUNCTION_NONDETERMINISTIC)
        host->nondeterministic = true;
    cordon_builder_init(&result, host->room + CORDON_FUNCTION_MAX_BYTES,
                        CORDON_FUNCTION_MAX_BYTES);
    cdn_error_clear(&err);
    status = function->body(function->ud, &call, &arguments, &result, &err);
    cdn_meter_poll(L, UINT32_MAX);
    if (status)
        return refuse(L, function->name, status, &err);
    push_result(L, function->name, &result);
    return 1;
}

/* ---- the object ---- */

/* "no function 'x' on host; ..."                                           [-0, +0, e] */
CDN_RAISES static int unknown_function(lua_State *L)
{
    char text[CDN_RULE_MAX_WORD + 1];
    size_t bytes;
    const char *key;

    if (lua_type(L, 2) != LUA_TSTRING)
        return luaL_error(L, "no function %s on host; their names are strings",
                          luaL_typename(L, 2));
    key = lua_tolstring(L, 2, &bytes);
    cdn_escape(text, sizeof text, key, bytes);
    return luaL_error(
        L, "no function '%s' on host: the rule has to list it in functions", text);
}

/* host.<name>.  Upvalue 1: the closures by name. */
CDN_RAISES static int host_index(lua_State *L)
{
    lua_settop(L, 2);
    if (lua_type(L, 2) != LUA_TSTRING)
        return unknown_function(L);
    lua_pushvalue(L, 2);
    lua_rawget(L, lua_upvalueindex(1));
    return lua_isnil(L, 3) ? unknown_function(L) : 1;
}

CDN_RAISES static int not_yet(lua_State *L)
{
    return luaL_error(L, "a function of the host's can be called in evaluate only");
}

CDN_RAISES static int unread_index(lua_State *L)
{
    lua_pushcclosure(L, not_yet, 0);
    return 1;
}

CDN_RAISES static int read_only(lua_State *L)
{
    return luaL_error(L, "host is read-only");
}

/* Make the function on top the __index of a new userdata, the global `host`.
 *                                                                          [-1, +0, e] */
CDN_RAISES static void set_host(lua_State *L)
{
    lua_newuserdata(L, 1);
    lua_createtable(L, 0, 3);
    lua_pushvalue(L, -3);
    lua_setfield(L, -2, "__index");
    lua_pushcclosure(L, read_only, 0);
    lua_setfield(L, -2, "__newindex");
    lua_pushboolean(L, 0);
    lua_setfield(L, -2, "__metatable");
    lua_setmetatable(L, -2);
    lua_setfield(L, LUA_GLOBALSINDEX, NAME);
    lua_pop(L, 1);
}

void cdn_functions_open(lua_State *L, const struct cdn_rule *rule)
{
    if (!rule->function_count)
        return;
    luaL_checkstack(L, 6, NAME);
    lua_createtable(L, 0, (int)rule->function_count);
    for (uint32_t i = 0; i < rule->function_count; i++) {
        lua_pushnumber(L, i);
        lua_pushcclosure(L, call_function, 1);
        lua_setfield(L, -2, rule->functions[i]);
    }
    lua_pushcclosure(L, host_index, 1);
    set_host(L);
}

void cdn_functions_open_unread(lua_State *L)
{
    if (!cdn_library_named(L, NAME))
        return;
    luaL_checkstack(L, 6, NAME);
    lua_pushcclosure(L, unread_index, 0);
    set_host(L);
}
