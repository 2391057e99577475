/* Reading tables of options: see lua_options.h. */
#include "graph/lua_options.h"

#include <math.h>
#include <string.h>

#include "base/suggest.h"
#include "graph/lua_common.h"

/* What comparing one name with those known takes, in instructions. */
#define NAME_COST 16

static const char *const edge_options[] = {"since",  "after", "up_to",
                                           "before", "where", NULL};

/* Is the string at the top of the stack one of them? */
static bool is_known(lua_State *L, const char *const *known)
{
    const char *name = lua_tostring(L, -1);

    for (; *known; known++)
        if (strcmp(name, *known) == 0)
            return true;
    return false;
}

CDN_RAISES static _Noreturn void raise_unknown(lua_State *L, const char *method,
                                               const char *const *known)
{
    struct cdn_suggest suggest;
    char quoted[CDN_QUOTE_BYTES];
    char hint[160];

    cdn_suggest_init(&suggest, cdn_quote(L, -1, quoted));
    for (const char *const *name = known; *name; name++)
        cdn_suggest_offer(&suggest, *name);
    if (*cdn_suggest_text(&suggest, hint, sizeof hint))
        luaL_error(L, "%s: no option '%s'%s", method, quoted, hint);
    lua_pushstring(L, known[0]);
    for (known++; *known; known++) {
        lua_pushfstring(L, ", %s", *known);
        lua_concat(L, 2);
    }
    luaL_error(L, "%s: no option '%s'; there are %s", method, quoted,
               lua_tostring(L, -1));
    __builtin_unreachable();
}

/* Every key of the table must be one of `known`; of those that are not the message names the
 * first in byte order, whatever the order of the table. */
CDN_RAISES static void check_names(lua_State *L, int at, const char *method,
                                   const char *const *known)
{
    lua_pushnil(L); /* the first that is not known */
    lua_pushnil(L);
    while (lua_next(L, at)) {
        lua_pop(L, 1);
        cdn_meter_charge(L, NAME_COST);
        if (lua_type(L, -1) != LUA_TSTRING)
            luaL_error(L, "%s: options have names, as in { %s = ... }", method,
                       known[0]);
        if (!is_known(L, known) && (lua_isnil(L, -2) || lua_lessthan(L, -1, -2))) {
            lua_pushvalue(L, -1);
            lua_replace(L, -3);
        }
    }
    if (!lua_isnil(L, -1))
        raise_unknown(L, method, known);
    lua_pop(L, 1);
}

int cdn_check_options(lua_State *L, int index, const char *method,
                      const char *const *known)
{
    if (lua_type(L, index) == LUA_TNONE || lua_type(L, index) == LUA_TNIL)
        return 0;
    if (lua_type(L, index) != LUA_TTABLE)
        luaL_error(L, "%s expects a table of options, not %s", method,
                   cdn_what(L, index));
    check_names(L, index, method, known);
    return index;
}

bool cdn_option(lua_State *L, int at, const char *name)
{
    if (!at)
        return false;
    lua_pushstring(L, name);
    lua_rawget(L, at);
    if (!lua_isnil(L, -1))
        return true;
    lua_pop(L, 1);
    return false;
}

double cdn_option_number(lua_State *L, int at, const char *name, double fallback,
                         double least, double most)
{
    double value;

    if (!cdn_option(L, at, name))
        return fallback;
    if (lua_type(L, -1) != LUA_TNUMBER)
        luaL_error(L, "option %s is a number, not %s", name,
                   cdn_what(L, lua_gettop(L)));
    value = lua_tonumber(L, -1);
    if (!(value >= least && value <= most))
        luaL_error(L, "option %s is a number from %f to %f, not %f", name, least, most,
                   value);
    lua_pop(L, 1);
    return value;
}

uint64_t cdn_option_count(lua_State *L, int at, const char *name, uint64_t fallback,
                          uint64_t least, uint64_t most)
{
    double value =
        cdn_option_number(L, at, name, (double)fallback, (double)least, (double)most);

    if (floor(value) != value)
        luaL_error(L, "option %s is a whole number, not %f", name, value);
    return (uint64_t)value;
}

bool cdn_option_flag(lua_State *L, int at, const char *name, bool fallback)
{
    bool value;

    if (!cdn_option(L, at, name))
        return fallback;
    if (lua_type(L, -1) != LUA_TBOOLEAN)
        luaL_error(L, "option %s is true or false, not %s", name,
                   cdn_what(L, lua_gettop(L)));
    value = lua_toboolean(L, -1);
    lua_pop(L, 1);
    return value;
}

enum cdn_direction cdn_option_direction(lua_State *L, int at,
                                        enum cdn_direction fallback)
{
    static const char *const names[] = {"outgoing", "incoming", "both"};
    char quoted[CDN_QUOTE_BYTES];

    if (!cdn_option(L, at, "direction"))
        return fallback;
    for (int i = 0; i < 3; i++) {
        if (lua_type(L, -1) == LUA_TSTRING &&
            strcmp(lua_tostring(L, -1), names[i]) == 0) {
            lua_pop(L, 1);
            return (enum cdn_direction)i;
        }
    }
    luaL_error(L,
               "option direction is \"outgoing\", \"incoming\" or \"both\", not '%s'",
               cdn_quote(L, lua_gettop(L), quoted));
    return fallback;
}

/* ---- edges ---- */

/* One bound of a window, in whole milliseconds. */
CDN_RAISES static int64_t check_bound(lua_State *L, const char *name, bool up)
{
    double value = lua_tonumber(L, -1);

    if (lua_type(L, -1) != LUA_TNUMBER || isnan(value))
        luaL_error(L, "edges: %s is a time in milliseconds, not %s", name,
                   lua_type(L, -1) == LUA_TNUMBER ? "NaN" : cdn_what(L, lua_gettop(L)));
    value = up ? ceil(value) : floor(value);
    lua_pop(L, 1);
    if (value >= 0x1p63)
        return INT64_MAX;
    return value <= -0x1p63 ? INT64_MIN : (int64_t)value;
}

CDN_RAISES static void read_window(struct cdn_follow_type *type, lua_State *L, int at,
                                   const char *name)
{
    static const char *const bounds[] = {"since", "after", "up_to", "before"};

    for (int i = 0; i < 4; i++) {
        bool low = i < 2;
        int64_t bound;

        if (!cdn_option(L, at, bounds[i]))
            continue;
        if (!type->kind->has_time)
            luaL_error(L, "edges: %s: edge type '%s' has no time column", bounds[i],
                       name);
        bound = check_bound(L, bounds[i], i == 0 || i == 3);
        if ((i == 1 && bound == INT64_MAX) || (i == 3 && bound == INT64_MIN)) {
            type->low = INT64_MAX; /* nothing is later, or earlier */
            type->high = INT64_MIN;
            continue;
        }
        bound += i == 1 ? 1 : i == 3 ? -1 : 0;
        if (low && bound > type->low)
            type->low = bound;
        if (!low && bound < type->high)
            type->high = bound;
    }
}

/* The condition { property, op, value } at the top of the stack. */
CDN_RAISES static void read_condition(struct cdn_follow *follow,
                                      struct cdn_follow_type *type, uint32_t kind)
{
    lua_State *L = follow->L;
    int top = lua_gettop(L);
    uint32_t slot;

    if (lua_type(L, top) != LUA_TTABLE)
        luaL_error(L, "edges: where is { property, op, value } or a list of such");
    if (type->condition_count == CDN_FOLLOW_CONDITIONS)
        luaL_error(L, "edges: more than %d conditions on one edge type",
                   CDN_FOLLOW_CONDITIONS);
    for (int i = 1; i <= 3; i++)
        lua_rawgeti(L, top, i);
    slot = cdn_check_type_property(L, top + 1, follow->run, kind);
    cdn_check_condition(&type->conditions[type->condition_count], L, top + 2, slot);
    cdn_check_comparable(L, cdn_bound_property(type->kind, slot),
                         &type->conditions[type->condition_count]);
    type->condition_count++;
    lua_settop(L, top - 1);
}

CDN_RAISES static void read_conditions(struct cdn_follow *follow,
                                       struct cdn_follow_type *type, uint32_t kind)
{
    lua_State *L = follow->L;
    int top = lua_gettop(L);
    size_t count;

    if (lua_type(L, top) != LUA_TTABLE)
        luaL_error(L, "edges: where is { property, op, value } or a list of such");
    lua_rawgeti(L, top, 1);
    if (lua_type(L, -1) == LUA_TSTRING) {
        lua_pop(L, 1);
        read_condition(follow, type, kind);
        return;
    }
    lua_pop(L, 1);
    count = lua_objlen(L, top);
    for (size_t i = 1; i <= count; i++) {
        lua_rawgeti(L, top, (int)i);
        read_condition(follow, type, kind);
    }
    lua_settop(L, top - 1);
}

/* Follow edge type `kind`, narrowed by the options at `at` (0: none). */
CDN_RAISES static void add_type(struct cdn_follow *follow, uint32_t kind, int at)
{
    struct cdn_follow_type *type;
    const char *name = follow->run->names->kinds[kind].name;

    if (follow->type_count == CDN_FOLLOW_TYPES)
        luaL_error(follow->L, "edges: more than %d edge types", CDN_FOLLOW_TYPES);
    type = &follow->types[follow->type_count++];
    type->kind = &follow->run->binding->kinds[kind];
    type->low = INT64_MIN;
    type->high = INT64_MAX;
    type->condition_count = 0;
    if (!at)
        return;
    if (lua_type(follow->L, at) != LUA_TTABLE)
        luaL_error(follow->L, "edges: %s = { since =, where = ... }, not %s", name,
                   cdn_what(follow->L, at));
    check_names(follow->L, at, "edges", edge_options);
    read_window(type, follow->L, at, name);
    if (cdn_option(follow->L, at, "where"))
        read_conditions(follow, type, kind);
}

/* The key that is no edge type: raise what is wrong with it.  Of several the first in byte
 * order. */
CDN_RAISES static void refuse_keys(lua_State *L, int at, struct cdn_graph_run *run,
                                   size_t listed)
{
    lua_pushnil(L);
    lua_pushnil(L);
    while (lua_next(L, at)) {
        lua_pop(L, 1);
        cdn_meter_charge(L, NAME_COST);
        if (lua_type(L, -1) == LUA_TNUMBER && lua_tonumber(L, -1) >= 1 &&
            lua_tonumber(L, -1) <= (double)listed)
            continue;
        if (lua_type(L, -1) != LUA_TSTRING)
            luaL_error(L, "edges is a list of edge types, or a table by edge type");
        if (CDN_NAME_KIND(cdn_name_number(L, lua_gettop(L))) &&
            run->binding->kinds[CDN_NAME_KIND(cdn_name_number(L, lua_gettop(L))) - 1]
                    .what == CDN_BOUND_TYPE)
            continue;
        if (lua_isnil(L, -2) || lua_lessthan(L, -1, -2)) {
            lua_pushvalue(L, -1);
            lua_replace(L, -3);
        }
    }
    if (!lua_isnil(L, -1))
        cdn_check_type(L, lua_gettop(L), run);
    lua_pop(L, 1);
}

/* Is the edge type listed in the array part? */
CDN_RAISES static bool is_listed(lua_State *L, int at, size_t count, const char *name)
{
    for (size_t i = 1; i <= count; i++) {
        bool equal;

        lua_rawgeti(L, at, (int)i);
        equal = strcmp(lua_tostring(L, -1), name) == 0;
        lua_pop(L, 1);
        if (equal)
            return true;
    }
    return false;
}

CDN_RAISES static void read_edges(struct cdn_follow *follow, int at)
{
    struct cdn_graph_run *run = follow->run;
    lua_State *L = follow->L;
    size_t listed = lua_objlen(L, at);

    if (listed > CDN_FOLLOW_TYPES)
        luaL_error(L, "edges: more than %d edge types", CDN_FOLLOW_TYPES);
    for (size_t i = 1; i <= listed; i++) {
        lua_rawgeti(L, at, (int)i);
        cdn_check_type(L, lua_gettop(L), run);
        lua_pop(L, 1);
    }
    refuse_keys(L, at, run, listed);
    for (uint32_t k = 0; k < run->binding->kind_count; k++) {
        const char *name = run->names->kinds[k].name;

        if (run->binding->kinds[k].what != CDN_BOUND_TYPE)
            continue;
        if (cdn_option(L, at, name)) {
            add_type(follow, k, lua_gettop(L));
            lua_pop(L, 1);
        } else if (is_listed(L, at, listed, name)) {
            add_type(follow, k, 0);
        }
    }
}

void cdn_option_follow(struct cdn_follow *follow, lua_State *L, int at)
{
    struct cdn_graph_run *run;

    cdn_follow_init(follow, L);
    run = follow->run;
    luaL_checkstack(L, 16, "options");
    if (!cdn_option(L, at, "edges")) {
        for (uint32_t k = 0; k < run->binding->kind_count; k++)
            if (run->binding->kinds[k].what == CDN_BOUND_TYPE)
                add_type(follow, k, 0);
    } else if (lua_type(L, -1) == LUA_TSTRING) {
        add_type(follow, cdn_check_type(L, lua_gettop(L), run), 0);
        lua_pop(L, 1);
    } else if (lua_type(L, -1) == LUA_TTABLE) {
        read_edges(follow, lua_gettop(L));
        lua_pop(L, 1);
    } else {
        luaL_error(L, "option edges is an edge type or a table of them, not %s",
                   cdn_what(L, lua_gettop(L)));
    }
    if (follow->type_count == 0)
        luaL_error(L, "no edge types to follow: reads names none, or edges is empty");
    follow->weight = cdn_option_property(L, at, "weight", follow);
    if (__builtin_expect(run->trace != NULL, 0))
        cdn_tell_follow(follow);
}

uint32_t cdn_option_property(lua_State *L, int at, const char *name,
                             const struct cdn_follow *follow)
{
    uint32_t slot = CDN_NO_SLOT;

    if (!cdn_option(L, at, name))
        return slot;
    for (uint32_t t = 0; t < follow->type_count; t++) {
        const struct cdn_bound_kind *kind = follow->types[t].kind;
        uint32_t number = (uint32_t)(kind - follow->run->binding->kinds);

        slot = cdn_check_type_property(L, lua_gettop(L), follow->run, number);
        cdn_check_numeric(L, cdn_bound_property(kind, slot), name, false);
    }
    lua_pop(L, 1);
    return slot;
}

void cdn_check_hops(lua_State *L, const struct cdn_graph_run *run, const char *method,
                    uint64_t hops)
{
    uint32_t most = run->binding->max_hops;

    if (most && hops > most)
        luaL_error(L, "%s: %f hops, and this rule is granted %d", method, (double)hops,
                   (int)most);
}
