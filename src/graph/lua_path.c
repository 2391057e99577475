/* Paths and cycles of an edge set, as a rule asks for them.
 *
 *   edges:paths{ hops =, ascending =, most = }             a list of lists of nodes
 *   edges:cycles{ hops =, within =, property =, ratio = }  how many, the largest sum, its edges
 *
 * Costs: see path.h and cycle.h; paths also two instructions and one a node for each. */
#include "base/suggest.h"
#include "graph/cycle.h"
#include "graph/lua_common.h"
#include "graph/path.h"

#include <math.h>
#include <string.h>

#define PATHS_MOST 10000

static const char *const path_options[] = {"hops", "ascending", "most", NULL};
static const char *const cycle_options[] = {"hops", "within", "property", "ratio",
                                            NULL};

/* The name on top of the stack is none of `names`.                        [-0, +0, e] */
CDN_RAISES static void raise_option(lua_State *L, const char *method,
                                    const char *const *names)
{
    struct cdn_suggest suggest;
    char quoted[CDN_QUOTE_BYTES];
    char hint[160];

    cdn_suggest_init(&suggest, cdn_quote(L, -1, quoted));
    for (size_t i = 0; names[i]; i++)
        cdn_suggest_offer(&suggest, names[i]);
    luaL_error(L, "%s has no option '%s'%s", method, quoted,
               cdn_suggest_text(&suggest, hint, sizeof hint));
}

/* Raise unless the value at 2 is a table with no fields but these.        [-0, +0, e] */
CDN_RAISES static void check_options(lua_State *L, const char *method,
                                     const char *const *names)
{
    if (lua_type(L, 2) != LUA_TTABLE)
        luaL_error(L, "%s expects a table of options, not %s", method, cdn_what(L, 2));
    lua_pushnil(L);
    while (lua_next(L, 2)) {
        const char *name = "";
        bool known = false;

        lua_pop(L, 1);
        if (lua_type(L, -1) == LUA_TSTRING)
            name = lua_tostring(L, -1);
        for (size_t i = 0; names[i] && !known; i++)
            known = strcmp(name, names[i]) == 0;
        if (!known)
            raise_option(L, method, names);
    }
}

/* The number of an option, `otherwise` if it is not given.                [-0, +0, e] */
CDN_RAISES static double option(lua_State *L, const char *method, const char *name,
                                double low, double high, double otherwise)
{
    double value = otherwise;

    lua_getfield(L, 2, name);
    if (!lua_isnil(L, -1)) {
        value = lua_tonumber(L, -1);
        if (lua_type(L, -1) != LUA_TNUMBER || !(value >= low && value <= high))
            luaL_error(L, "%s: %s is a number from %f to %f, not %s", method, name, low,
                       high, cdn_what(L, -1));
    }
    lua_pop(L, 1);
    return value;
}

CDN_RAISES static uint32_t check_hops(lua_State *L, const char *method, int low,
                                      int high)
{
    double hops = option(L, method, "hops", low, high, 0);

    if (hops < low || floor(hops) != hops)
        luaL_error(L, "%s: hops is a whole number from %d to %d", method, low, high);
    return (uint32_t)hops;
}

/* Raise what a set that is read again at every step cannot have.          [-0, +0, e] */
CDN_RAISES static void check_steps(lua_State *L, const char *method,
                                   const struct cdn_edges *set, bool cuts)
{
    for (uint32_t i = 0; i < set->operation_count; i++) {
        const struct cdn_operation *operation = &set->operations[i];

        if ((operation->kind == CDN_OPERATION_WINDOW ||
             operation->kind == CDN_OPERATION_WHERE) &&
            operation->operand == CDN_OPERAND_COLUMN)
            luaL_error(L, "%s: a column bounds the edges of one step, not of several",
                       method);
        if (operation->kind == CDN_OPERATION_LIMIT)
            luaL_error(L,
                       "%s: limit(n) cuts one step, not several; latest(n) cuts each",
                       method);
        if (!cuts && operation->kind != CDN_OPERATION_WINDOW &&
            operation->kind != CDN_OPERATION_WHERE)
            luaL_error(L,
                       "%s goes over all edges of its windows: no latest, earliest, "
                       "largest or smallest before it",
                       method);
    }
}

/* The list of paths is on top of the stack. */
CDN_RAISES static void add_path(lua_State *L, struct cdn_paths *paths,
                                const uint32_t *nodes, uint32_t count)
{
    lua_createtable(L, (int)count, 0);
    for (uint32_t i = 0; i < count; i++) {
        cdn_graph_push_node(L, nodes[i]);
        lua_rawseti(L, -2, (int)i + 1);
    }
    lua_rawseti(L, -2, (int)paths->count);
}

/* set:paths{ hops =, ascending =, most = } -> list of lists of nodes */
int cdn_edges_paths_lua(lua_State *L)
{
    struct cdn_edges *set = cdn_check_edges(L, 1);
    struct cdn_graph_run *run = cdn_check_run(L);
    struct cdn_paths paths = {.found = add_path};

    check_options(L, "paths", path_options);
    check_steps(L, "paths", set, true);
    paths.hops = check_hops(L, "paths", 1, CDN_PATH_MAX_HOPS);
    paths.most =
        (uint64_t)option(L, "paths", "most", 1, PATHS_MOST, (double)PATHS_MOST);
    lua_getfield(L, 2, "ascending");
    paths.ascending = lua_toboolean(L, -1);
    if (paths.ascending && !run->binding->kinds[set->kind].has_time)
        luaL_error(L, "paths: edge type '%s' has no time column",
                   run->names->kinds[set->kind].name);
    lua_newtable(L);
    cdn_edges_paths(&paths, L, set);
    cdn_note(run, paths.count);
    return 1;
}

/* set:cycles{ hops =, within =, property =, ratio = } -> count, largest sum, its edges */
int cdn_edges_cycles_lua(lua_State *L)
{
    struct cdn_edges *set = cdn_check_edges(L, 1);
    struct cdn_graph_run *run = cdn_check_run(L);
    struct cdn_cycles cycles = {.within = INT64_MAX, .ratio = HUGE_VAL};
    double within;

    check_options(L, "cycles", cycle_options);
    check_steps(L, "cycles", set, false);
    if (set->direction == CDN_BOTH)
        luaL_error(L, "cycles goes one way: outgoing or incoming, not both");
    if (!run->binding->kinds[set->kind].has_time)
        luaL_error(L, "cycles: edge type '%s' has no time column",
                   run->names->kinds[set->kind].name);
    cycles.hops = check_hops(L, "cycles", 2, CDN_CYCLE_MAX_HOPS);
    within = option(L, "cycles", "within", 0, 0x1p53, -1);
    if (within >= 0)
        cycles.within = (int64_t)within;
    lua_getfield(L, 2, "property");
    if (!lua_isnil(L, -1)) {
        const struct cdn_property *property;

        cycles.slot = cdn_check_type_property(L, lua_gettop(L), run, set->kind);
        property = cdn_bound_property(&run->binding->kinds[set->kind], cycles.slot);
        cdn_check_numeric(L, property, "cycles", false);
        cycles.integral = property->type != CDN_COLUMN_FLOAT64;
        cycles.valued = true;
    }
    cycles.ratio = option(L, "cycles", "ratio", 1, 0x1p53, HUGE_VAL);
    if (cycles.ratio != HUGE_VAL && !cycles.valued)
        luaL_error(L, "cycles: ratio is of the values of a property: name it");
    cdn_edges_cycles(&cycles, L, set);
    cdn_push_number(L, run, (double)cycles.count);
    if (cycles.count == 0)
        return 1;
    if (cycles.valued)
        cdn_push_number(L, run, cycles.largest);
    else
        lua_pushnil(L);
    lua_createtable(L, (int)cycles.hops, 0);
    for (uint32_t i = 0; i < cycles.hops; i++) {
        cdn_push_edge_handle(L, cycles.edges[i]);
        lua_rawseti(L, -2, (int)i + 1);
    }
    return 3;
}
