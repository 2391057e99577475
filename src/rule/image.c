/* A rule's image: its evaluate, the graph and the request behind one entry function.
 *
 * The chunk is run again in the slot that will run the rule, since an image holds absolute
 * addresses.  What is saved refers to nothing of the host's: parameters, names and the
 * outcome are found through the slot when the rule runs. */
#include "rule/image.h"

#include <lauxlib.h>

#include "rule/functions.h"
#include "sandbox/library.h"

enum { EVALUATE = 1, GRAPH, REQUEST };

/* What a run calls: evaluate(graph, request), then the result into the outcome. */
CDN_RAISES static int entry(lua_State *L)
{
    struct cdn_rule_host *host = cdn_slot_host(L);

    cdn_graph_ask_edges(&host->graph, host->node);
    lua_pushvalue(L, lua_upvalueindex(EVALUATE));
    lua_pushvalue(L, lua_upvalueindex(GRAPH));
    lua_pushvalue(L, lua_upvalueindex(REQUEST));
    lua_call(L, 2, 1);
    cdn_result_take(L, 1, host);
    return 0;
}

CDN_RAISES static int build(lua_State *L)
{
    const struct cdn_rule *rule = lua_touserdata(L, 1);

    lua_settop(L, 0);
    cdn_functions_open(L, rule);
    cdn_library_load(L, rule->source, rule->source_bytes, rule->file);
    lua_call(L, 0, 1);
    if (lua_type(L, 1) == LUA_TTABLE) {
        lua_pushliteral(L, "evaluate");
        lua_rawget(L, 1);
        lua_replace(L, 1);
    }
    if (lua_type(L, 1) != LUA_TFUNCTION)
        return luaL_error(L, "the file returned a rule once, but not when run again");
    cdn_graph_open(L, &rule->names);
    cdn_request_open(L, rule);
    lua_pushcclosure(L, entry, 3);
    return 1;
}

cordon_status cdn_rule_image(struct cdn_image **out, const struct cdn_rule *rule,
                             struct cdn_slot *slot, const struct cdn_budget *budget,
                             cordon_error *err)
{
    union {
        const struct cdn_rule *given;
        void *passed;
    } ud = {.given =
                rule}; /* the builder's argument is not const; build() only reads */
    enum cdn_run run = CDN_RUN_OK;
    cordon_status status;

    cdn_library_choose(slot, rule->source, rule->source_bytes);
    status =
        cdn_image_build_compact(out, &run, slot, build, ud.passed, budget, NULL, err);
    if (!status && !*out)
        status = cdn_rule_load_fault(slot, run, rule->file, err);
    return status;
}
