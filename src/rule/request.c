/* The `request` a rule sees: node, now, as_of and params, all read-only.
 *
 * Both objects are empty userdata whose metatables lead here; the values are read from the
 * host's run struct at each access, so an image holds none of them.  A parameter's name is
 * looked up in a table made when the image was built.
 *
 * Cost: a field is one C call, some 30 ns.  A list becomes a new Lua table each time it is
 * asked for, charged by its elements, so that what a rule does to one is not what the
 * request says. */
#include <stdio.h>
#include <string.h>

#include <lauxlib.h>

#include "base/suggest.h"
#include "base/time.h"
#include "graph/tell.h"
#include "rule/image.h"
#include "rule/param.h"

static const char *const fields[] = {"node", "now", "as_of", "params", NULL};

/* "no field 'nwo' on request; did you mean 'now'?"                         [-0, +0, e] */
CDN_RAISES static int unknown_field(lua_State *L)
{
    const char *key =
        lua_type(L, 2) == LUA_TSTRING ? lua_tostring(L, 2) : luaL_typename(L, 2);
    struct cdn_suggest suggest;
    char text[CDN_RULE_MAX_WORD + 1], hint[128];

    cdn_escape(text, sizeof text, key, strlen(key));
    cdn_suggest_init(&suggest, text);
    for (int i = 0; fields[i]; i++)
        cdn_suggest_offer(&suggest, fields[i]);
    cdn_suggest_text(&suggest, hint, sizeof hint);
    return luaL_error(L, "no field '%s' on request%s", text,
                      suggest.best ? hint : "; there are node, now, as_of and params");
}

/* request.<field>.  Upvalue 1: the params object. */
CDN_RAISES static int request_index(lua_State *L)
{
    const struct cdn_rule_host *host = cdn_slot_host(L);
    size_t bytes;
    const char *key;

    if (lua_type(L, 2) != LUA_TSTRING)
        return unknown_field(L);
    key = lua_tolstring(L, 2, &bytes);
    if (bytes == 3 && !memcmp(key, "now", 3)) {
        lua_pushnumber(L, (lua_Number)host->now_ms);
    } else if (bytes == 4 && !memcmp(key, "node", 4)) {
        if (host->node == CDN_NO_NODE)
            lua_pushnil(L);
        else
            cdn_graph_push_start(L, host->node);
    } else if (bytes == 6 && !memcmp(key, "params", 6)) {
        lua_pushvalue(L, lua_upvalueindex(1));
    } else if (bytes == 5 && !memcmp(key, "as_of", 5)) {
        if (host->as_of_ms == CORDON_NO_TIME)
            lua_pushnil(L);
        else
            lua_pushnumber(L, (lua_Number)host->as_of_ms);
    } else {
        return unknown_field(L);
    }
    return 1;
}

CDN_RAISES static int read_only(lua_State *L)
{
    return luaL_error(L, "request is read-only");
}

/* Push a scalar.                                                           [-0, +1, m] */
CDN_RAISES static void push_scalar(lua_State *L, const cordon_value *value)
{
    switch (value->type) {
    case CORDON_BOOLEAN:
        lua_pushboolean(L, value->as.boolean);
        break;
    case CORDON_NUMBER:
        lua_pushnumber(L, value->as.number);
        break;
    case CORDON_STRING:
        cdn_meter_push_text(L, value->as.string, value->length);
        break;
    case CORDON_NIL:
    case CORDON_INTEGER: /* numbers only, see cdn_param_accept */
    case CORDON_ARRAY:
    case CORDON_MAP:
    default:
        lua_pushnil(L);
        break;
    }
}

/*                                                                          [-0, +1, e] */
CDN_RAISES static void push_list(lua_State *L, const struct cdn_param *param,
                                 const cordon_value *list)
{
    cordon_value_iter iter;
    cordon_value element, seen;

    cdn_meter_charge(L, 1 + list->length);
    lua_createtable(L, list->length > INT16_MAX ? INT16_MAX : (int)list->length, 0);
    cordon_value_iter_init(&iter, list);
    for (int at = 1; cordon_value_next(&iter, NULL, &element); at++) {
        if (!cdn_param_element(&seen, param, &element))
            break;
        push_scalar(L, &seen);
        lua_rawseti(L, -2, at);
    }
}

/* request.params.<name>.  Upvalue: numbers by name. */
CDN_RAISES static int params_index(lua_State *L)
{
    const struct cdn_rule_host *host = cdn_slot_host(L);
    const cordon_value *value;
    uint32_t number;
    char message[512];

    lua_pushvalue(L, 2);
    lua_rawget(L, lua_upvalueindex(1));
    if (lua_isnil(L, -1)) {
        size_t bytes = 1;
        const char *name =
            lua_type(L, 2) == LUA_TSTRING ? lua_tolstring(L, 2, &bytes) : "?";
        char text[CDN_RULE_MAX_WORD + 1];

        cdn_escape(text, sizeof text, name, bytes);
        return luaL_error(
            L, "%s",
            cdn_param_unknown(message, sizeof message, host->rule, text, strlen(text)));
    }
    number = (uint32_t)lua_tonumber(L, -1);
    value = &host->params[number];
    if (value->type == CORDON_ARRAY)
        push_list(L, &host->rule->params[number], value);
    else
        push_scalar(L, value);
    return 1;
}

/* ---- for a trace ---- */

/* The function that answers for the userdata at index; NULL: none.  Makes no string.
 *                                                                          [-0, +0, -] */
static lua_CFunction answers_for(lua_State *L, int index)
{
    lua_CFunction found = NULL;
    int top = lua_gettop(L);

    if (!lua_isuserdata(L, index) || !lua_getmetatable(L, index))
        return NULL;
    lua_pushnil(L);
    while (!found && lua_next(L, top + 1)) {
        found = lua_tocfunction(L, -1);
        if (found != params_index && found != request_index)
            found = NULL;
        lua_pop(L, 1);
    }
    lua_settop(L, top);
    return found;
}

static void say_scalar(struct cdn_trace_words *words, const struct cdn_param *param,
                       const cordon_value *value)
{
    char text[40];

    if (value->type == CORDON_BOOLEAN) {
        cdn_trace_say(words, "%s", value->as.boolean ? "true" : "false");
    } else if (value->type == CORDON_STRING) {
        cdn_trace_say(words, "\"");
        cdn_trace_say_text(words, value->as.string, value->length);
        cdn_trace_say(words, "\"");
    } else if (value->type == CORDON_ARRAY) {
        cdn_trace_say(words, "%zu in a list", (size_t)value->length);
    } else if (value->type != CORDON_NUMBER) {
        cdn_trace_say(words, "nil");
    } else if (param->type == CDN_PARAM_TIMESTAMP) {
        cdn_trace_say(words, "%s",
                      cdn_time_format(text, sizeof text, (int64_t)value->as.number));
    } else if (param->type == CDN_PARAM_DURATION) {
        cdn_trace_say(
            words, "%s",
            cdn_duration_format(text, sizeof text, (int64_t)value->as.number));
    } else {
        cdn_trace_say_number(words, value->as.number);
    }
}

static void say_params(struct cdn_trace_words *words, const struct cdn_rule_host *host)
{
    cdn_trace_say(words, "{");
    for (uint32_t i = 0; i < host->rule->param_count; i++) {
        cdn_trace_say(words, "%s%s = ", i ? ", " : "", host->rule->params[i].name);
        say_scalar(words, &host->rule->params[i], &host->params[i]);
    }
    cdn_trace_say(words, "}");
}

const char *cdn_request_tell(void *ud, lua_State *L, int index, char *out, size_t size)
{
    const struct cdn_rule_host *host = ud;
    struct cdn_trace_words words = {.length = 0};
    lua_CFunction found = answers_for(L, index);
    char time[40];

    if (!found || !host->rule)
        return cdn_tell_value(ud, L, index, out, size);
    if (found == request_index) {
        cdn_trace_say(&words, "{now = %s",
                      cdn_time_format(time, sizeof time, host->now_ms));
        if (host->as_of_ms != CORDON_NO_TIME)
            cdn_trace_say(&words, ", as_of = %s",
                          cdn_time_format(time, sizeof time, host->as_of_ms));
        cdn_trace_say(&words, ", params = ");
    }
    say_params(&words, host);
    cdn_trace_say(&words, "%s", found == request_index ? "}" : "");
    snprintf(out, size, "%s", words.text);
    return "object";
}

/* ---- making them ---- */

/* Give the userdata on top a metatable whose __index is the function below it and pop the
 * function: (f, u) -> (u)                                                  [-1, +0, m] */
CDN_RAISES static void equip(lua_State *L)
{
    lua_createtable(L, 0, 3);
    lua_pushvalue(L, -3);
    lua_setfield(L, -2, "__index");
    lua_pushcclosure(L, read_only, 0);
    lua_setfield(L, -2, "__newindex");
    lua_pushboolean(L, 0);
    lua_setfield(L, -2, "__metatable");
    lua_setmetatable(L, -2);
    lua_remove(L, -2);
}

void cdn_request_open(lua_State *L, const struct cdn_rule *rule)
{
    luaL_checkstack(L, 6, "request");
    lua_createtable(L, 0, (int)rule->param_count);
    for (uint32_t i = 0; i < rule->param_count; i++) {
        lua_pushnumber(L, i);
        lua_setfield(L, -2, rule->params[i].name);
    }
    lua_pushcclosure(L, params_index, 1);
    lua_newuserdata(L, 1);
    equip(L);
    lua_pushcclosure(L, request_index, 1);
    lua_newuserdata(L, 1);
    equip(L);
}
