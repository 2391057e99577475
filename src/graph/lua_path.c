/* Paths and cycles of an edge set, as a rule asks for them.
 *
 *   edges:paths{ hops =, ascending =, most = }             a list of lists of nodes
 *   edges:cycles{ hops =, within =, property =, ratio = }  how many, the largest sum, its edges
 *
 * Costs: see path.h and cycle.h. */
#include "base/suggest.h"
#include "graph/cycle.h"
#include "graph/depth.h"
#include "graph/lua_common.h"
#include "graph/edge_paths.h"

#include <math.h>
#include <string.h>

#define PATHS_MOST 10000

static const char *const path_options[] = {"hops", "ascending", "most", NULL};
static const char *const cycle_options[] = {"hops", "within", "property", "ratio",
                                            NULL};

/* The next option of the table at index 2, as its number among `names`; its value is left
 * on top of the stack, and -1 ends.  Begin with a nil there.              [-0, +?, e] */
CDN_RAISES static int next_option(lua_State *L, const char *method,
                                  const char *const *names)
{
    struct cdn_suggest suggest;
    char quoted[CDN_QUOTE_BYTES];
    char hint[160];

    if (!lua_next(L, 2))
        return -1;
    if (lua_type(L, -2) == LUA_TSTRING) {
        const char *name = lua_tostring(L, -2);

        for (int i = 0; names[i]; i++)
            if (name[0] == names[i][0] && strcmp(name, names[i]) == 0)
                return i;
    }
    cdn_suggest_init(&suggest, cdn_quote(L, -2, quoted));
    for (int i = 0; names[i]; i++)
        cdn_suggest_offer(&suggest, names[i]);
    luaL_error(L, "%s has no option '%s'%s", method, quoted,
               cdn_suggest_text(&suggest, hint, sizeof hint));
    return -1;
}

CDN_RAISES static void begin_options(lua_State *L, const char *method)
{
    if (lua_type(L, 2) != LUA_TTABLE)
        luaL_error(L, "%s expects a table of options, not %s", method, cdn_what(L, 2));
    lua_pushnil(L);
}

/* The number on top of the stack, within low .. high.                     [-0, +0, e] */
CDN_RAISES static double check_number(lua_State *L, const char *method,
                                      const char *name, double low, double high,
                                      bool whole)
{
    double value = lua_tonumber(L, -1);

    if (lua_type(L, -1) != LUA_TNUMBER || !(value >= low && value <= high) ||
        (whole && floor(value) != value))
        luaL_error(L, "%s: %s is a %snumber from %f to %f", method, name,
                   whole ? "whole " : "", low, high);
    return value;
}

CDN_RAISES static void check_hops(lua_State *L, const char *method, uint32_t hops)
{
    if (!hops)
        luaL_error(L, "%s needs to know how many hops: { hops = 3 }", method);
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
        if (i)
            cdn_depth_note(L, cdn_meter_of(L), nodes[i], paths->depth + i - 1);
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
    struct cdn_paths paths = {.most = PATHS_MOST, .found = add_path};
    int option;

    check_steps(L, "paths", set, true);
    begin_options(L, "paths");
    while ((option = next_option(L, "paths", path_options)) >= 0) {
        if (option == 0)
            paths.hops =
                (uint32_t)check_number(L, "paths", "hops", 1, CDN_PATH_MAX_HOPS, true);
        else if (option == 1)
            paths.ascending = lua_toboolean(L, -1);
        else
            paths.most =
                (uint64_t)check_number(L, "paths", "most", 1, PATHS_MOST, true);
        lua_pop(L, 1);
    }
    check_hops(L, "paths", paths.hops);
    if (paths.ascending && !run->binding->kinds[set->kind].has_time)
        luaL_error(L, "paths: edge type '%s' has no time column",
                   run->names->kinds[set->kind].name);
    lua_newtable(L);
    cdn_edges_paths(&paths, L, set);
    cdn_note(run, paths.count);
    return 1;
}

/* The property that is named on top of the stack.                         [-0, +0, e] */
CDN_RAISES static void check_property(lua_State *L, struct cdn_graph_run *run,
                                      const struct cdn_edges *set,
                                      struct cdn_cycles *cycles)
{
    const struct cdn_property *property;

    cycles->slot = cdn_check_type_property(L, lua_gettop(L), run, set->kind);
    property = cdn_bound_property(&run->binding->kinds[set->kind], cycles->slot);
    cdn_check_numeric(L, property, "cycles", false);
    cycles->integral = property->type != CDN_COLUMN_FLOAT64;
    cycles->valued = true;
}

/* set:cycles{ hops =, within =, property =, ratio = } -> count, largest sum, its edges */
int cdn_edges_cycles_lua(lua_State *L)
{
    struct cdn_edges *set = cdn_check_edges(L, 1);
    struct cdn_graph_run *run = cdn_check_run(L);
    struct cdn_cycles cycles = {.within = INT64_MAX, .ratio = HUGE_VAL};
    int option;

    check_steps(L, "cycles", set, false);
    if (set->direction == CDN_BOTH)
        luaL_error(L, "cycles goes one way: outgoing or incoming, not both");
    if (!run->binding->kinds[set->kind].has_time)
        luaL_error(L, "cycles: edge type '%s' has no time column",
                   run->names->kinds[set->kind].name);
    begin_options(L, "cycles");
    while ((option = next_option(L, "cycles", cycle_options)) >= 0) {
        if (option == 0)
            cycles.hops = (uint32_t)check_number(L, "cycles", "hops", 2,
                                                 CDN_CYCLE_MAX_HOPS, true);
        else if (option == 1)
            cycles.within =
                (int64_t)check_number(L, "cycles", "within", 0, 0x1p53, false);
        else if (option == 2)
            check_property(L, run, set, &cycles);
        else
            cycles.ratio = check_number(L, "cycles", "ratio", 1, 0x1p53, false);
        lua_pop(L, 1);
    }
    check_hops(L, "cycles", cycles.hops);
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
