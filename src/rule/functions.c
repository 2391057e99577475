/* Calling the host from a rule.
 *
 * In this order, each step bounded: arguments are counted and written as one msgpack array
 * into the slot's room, where what does not fit is an error of the rule's; cost and bytes are
 * charged, and the clock is looked at, before the host is entered; the host's body runs on
 * plain values, with nothing of Lua's in its hands; then the clock again, since the time was
 * the host's; only then is the result, which the host may have got wrong, checked, noted for
 * whoever wants to decide it again, and pushed.
 *
 * What is noted is what the rule then sees and no more: the value, or the text of the error.
 * Arguments are noted as their hash, which tells a replay whether the same was asked.
 *
 * The body runs between Lua's C frames but calls no Lua, so it may use locks and the heap as
 * it likes: nothing can leave through it.
 *
 * Cost: some 150 ns beside the body for a few numbers. */
#include "rule/functions.h"

#include <stdio.h>
#include <string.h>

#include <lauxlib.h>

#include "base/clock.h"
#include "base/hash.h"
#include "rule/image.h"
#include "sandbox/library.h"
#include "sandbox/transfer.h"

#define NAME                  "host"
#define BYTES_PER_INSTRUCTION 16u
#define MESSAGE_BYTES         400 /* of a host's error in the rule's */

/* ---- answers ---- */

/* What stands before each answer's bytes. */
struct noted {
    uint64_t arguments;
    uint32_t bytes;
    uint16_t function;
    uint16_t failed;
};
_Static_assert(sizeof(struct noted) == 16, "answers lie at multiples of 8");

void cdn_functions_give_room(struct cdn_rule_host *host, unsigned char *room)
{
    host->room = room;
    host->answers.room = room + 2 * (size_t)CORDON_FUNCTION_MAX_BYTES;
}

void cdn_answers_clear(struct cdn_answers *answers)
{
    answers->bytes = answers->count = 0;
    answers->cut = false;
}

bool cdn_answers_next(struct cdn_answer *out, const struct cdn_answers *answers,
                      uint32_t *at)
{
    struct noted noted;

    if (*at >= answers->bytes)
        return false;
    memcpy(&noted, answers->room + *at, sizeof noted);
    *out = (struct cdn_answer){.arguments = noted.arguments,
                               .function = noted.function,
                               .failed = noted.failed != 0,
                               .bytes = noted.bytes,
                               .data = answers->room + *at + sizeof noted};
    *at += (uint32_t)(sizeof noted + (noted.bytes + 7u) / 8 * 8);
    return true;
}

/* Keep one more, unless one before it did not fit. */
static void note(struct cdn_answers *answers, const struct noted *noted,
                 const void *data)
{
    size_t wanted = sizeof *noted + ((size_t)noted->bytes + 7) / 8 * 8;

    if (!answers->room || answers->cut)
        return;
    if (wanted > CDN_ANSWERS_ROOM - answers->bytes) {
        answers->cut = true;
        return;
    }
    memcpy(answers->room + answers->bytes, noted, sizeof *noted);
    if (noted->bytes)
        memcpy(answers->room + answers->bytes + sizeof *noted, data, noted->bytes);
    answers->bytes += (uint32_t)wanted;
    answers->count++;
}

/* ---- asked by bodies ---- */

bool cordon_should_abort(const cordon_call *call)
{
    if (call->slot)
        return cdn_slot_overdue(call->slot);
    return (call->cancel &&
            __atomic_load_n(&call->cancel->requested, __ATOMIC_RELAXED)) ||
           cdn_clock_ns() >= call->until_ns;
}

uint64_t cordon_call_left_ns(const cordon_call *call)
{
    uint64_t now;

    if (call->slot)
        return cdn_slot_left_ns(call->slot);
    now = cdn_clock_ns();
    return now < call->until_ns ? call->until_ns - now : 0;
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

/* What went wrong, escaped and cut: the host's words, or what its result is not.  NULL: nothing
 * did. */
static const char *failure(char text[MESSAGE_BYTES], cordon_status status,
                           const cordon_builder *result, const cordon_error *err)
{
    const char *message = err->message[0] ? err->message : cordon_status_str(status);
    cordon_value value;

    if (status)
        return cdn_escape(text, MESSAGE_BYTES, message,
                          strnlen(message, CORDON_ERROR_MESSAGE_BYTES));
    if (!cordon_builder_ok(result)) {
        snprintf(text, MESSAGE_BYTES, "the result takes more than %d bytes",
                 (int)CORDON_FUNCTION_MAX_BYTES);
        return text;
    }
    if (result->length &&
        cordon_value_parse(&value, result->data, result->length, NULL))
        return "what the host returned is not one value";
    return NULL;
}

/* What the body wrote, as Lua data.                                        [-0, +1, e] */
CDN_RAISES static void push_result(lua_State *L, const cordon_builder *result)
{
    const unsigned char *at = result->data;

    if (!result->length) {
        lua_pushnil(L);
        return;
    }
    cdn_meter_charge(L, result->length / BYTES_PER_INSTRUCTION);
    cdn_transfer_push(L, &at, result->data + result->length);
}

/* Enter the host, and note what came of it.  The failure's text, or NULL. */
static const char *enter(char text[MESSAGE_BYTES], struct cdn_rule_host *host,
                         const cordon_call *call, uint32_t number,
                         const cordon_value *arguments, cordon_builder *result)
{
    const struct cdn_host_function *function = call->function;
    struct noted noted = {.arguments = call->arguments, .function = (uint16_t)number};
    uint64_t began_ns = cdn_clock_ns();
    const char *failed;
    cordon_status status;
    cordon_error err;

    cordon_builder_init(result, host->room + CORDON_FUNCTION_MAX_BYTES,
                        CORDON_FUNCTION_MAX_BYTES);
    cdn_error_clear(&err);
    status = function->body(function->ud, call, arguments, result, &err);
    host->functions_ns += cdn_clock_ns() - began_ns;
    failed = failure(text, status, result, &err);
    noted.failed = failed != NULL;
    noted.bytes = failed ? (uint32_t)strlen(failed) : (uint32_t)result->length;
    note(&host->answers, &noted, failed ? (const void *)failed : result->data);
    return failed;
}

cordon_status cdn_functions_call(cordon_builder *result, struct cdn_rule_host *host,
                                 const struct cdn_host_function *function,
                                 uint32_t number, const void *arguments, size_t bytes,
                                 uint64_t until_ns, const cordon_cancel *cancel,
                                 cordon_error *err)
{
    const cordon_call call = {.until_ns = until_ns,
                              .cancel = cancel,
                              .function = function,
                              .arguments = cdn_hash_xxh3(arguments, bytes)};
    char text[MESSAGE_BYTES];
    const char *failed;
    cordon_value array;
    cordon_status status = cordon_value_parse(&array, arguments, bytes, err);

    if (status)
        return status;
    if (function->flags & CORDON_FUNCTION_NONDETERMINISTIC)
        host->nondeterministic = true;
    failed = enter(text, host, &call, number, &array, result);
    return failed ? cdn_error_set(err, CORDON_E_IO, "%s", failed) : CORDON_OK;
}

/* host.<name>(...).  Upvalue 1: its number in the rule's list. */
CDN_RAISES static int call_function(lua_State *L)
{
    struct cdn_rule_host *host = cdn_slot_host(L);
    cordon_call call = {.slot = cdn_slot_of(L)};
    const struct cdn_host_function *function;
    char text[MESSAGE_BYTES];
    const char *failed;
    cordon_builder result;
    struct cdn_packer packer;
    cordon_value arguments;
    uint32_t number = (uint32_t)lua_tonumber(L, lua_upvalueindex(1));

    if (!host || !host->functions || number >= host->rule->function_count)
        return luaL_error(L, "a function of the host's can be called in evaluate only");
    function = call.function = host->functions[number];
    cdn_pack_init(&packer, host->room, CORDON_FUNCTION_MAX_BYTES);
    take_arguments(L, function->name, lua_gettop(L), &packer);
    cdn_meter_charge(L, function->cost + packer.length / BYTES_PER_INSTRUCTION);
    cdn_meter_poll(L, UINT32_MAX);
    if (cordon_value_parse(&arguments, host->room, packer.length, NULL))
        return luaL_error(L, "host.%s: the arguments nest too deep", function->name);
    call.arguments = cdn_hash_xxh3(host->room, packer.length);
    if (function->flags & CORDON_FUNCTION_NONDETERMINISTIC)
        host->nondeterministic = true;
    failed = enter(text, host, &call, number, &arguments, &result);
    cdn_meter_poll(L, UINT32_MAX);
    if (failed)
        return luaL_error(L, "host.%s: %s", function->name, failed);
    push_result(L, &result);
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
