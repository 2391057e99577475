/* The host's functions of an engine: added, never taken away, found when a rule is loaded.
 *
 * They lie in one array that is made whole with the first, so that their addresses stay good
 * while requests run; what a version calls is resolved once, when it is loaded.  Each lane
 * gets the memory for crossing values with the first function too: an engine without any
 * pays nothing. */
#include <string.h>

#include "base/alloc.h"
#include "base/suggest.h"
#include "engine/engine.h"
#include "rule/functions.h"

#define MAX_FUNCTIONS 64u
#define DEFAULT_COST  100u

static bool is_name(const char *name)
{
    size_t bytes = name ? strlen(name) : 0;

    if (!bytes || bytes > CDN_RULE_MAX_WORD)
        return false;
    for (size_t i = 0; i < bytes; i++) {
        char c = name[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';

        if (!letter && !(i && c >= '0' && c <= '9'))
            return false;
    }
    return true;
}

static cordon_status check(const cordon_engine *engine, const cordon_function *function,
                           cordon_error *err)
{
    const uint32_t kinds = CORDON_FUNCTION_PURE | CORDON_FUNCTION_NONDETERMINISTIC;
    uint32_t kind;

    if (!engine || !function)
        return cdn_error_set(err, CORDON_E_INVALID,
                             "cordon_engine_add_function: no %s; it must not be NULL",
                             engine ? "function" : "engine");
    if (function->struct_size != sizeof *function)
        return cdn_error_set(err, CORDON_E_INVALID,
                             "cordon_function: struct_size is %zu where %zu is known; "
                             "begin with CORDON_FUNCTION_INIT",
                             function->struct_size, sizeof *function);
    if (!is_name(function->name))
        return cdn_error_set(
            err, CORDON_E_INVALID,
            "a function's name is letters, digits and '_', not first a "
            "digit, at most %d bytes",
            CDN_RULE_MAX_WORD);
    kind = function->flags & kinds;
    if ((function->flags & ~(kinds | CORDON_FUNCTION_MAY_BLOCK)) || !kind ||
        kind == kinds)
        return cdn_error_set(err, CORDON_E_INVALID,
                             "function '%s': either CORDON_FUNCTION_PURE or "
                             "CORDON_FUNCTION_NONDETERMINISTIC is needed, and nothing "
                             "that is unknown",
                             function->name);
    if (!function->body)
        return cdn_error_set(err, CORDON_E_INVALID, "function '%s' has no body",
                             function->name);
    if (function->cost > CORDON_FUNCTION_MAX_COST)
        return cdn_error_set(err, CORDON_E_INVALID,
                             "function '%s': a cost of more than 1e9 instructions",
                             function->name);
    return CORDON_OK;
}

static const struct cdn_host_function *find(const cordon_engine *engine,
                                            const char *name)
{
    for (uint32_t i = 0; i < engine->function_count; i++)
        if (!strcmp(engine->functions[i].name, name))
            return &engine->functions[i];
    return NULL;
}

/* Memory for the array and for every lane, if it is not there yet.  What is there is not
 * written again: rules that call functions may be running in the lanes. */
static bool make_room(cordon_engine *engine)
{
    if (!engine->functions)
        engine->functions = cdn_calloc(MAX_FUNCTIONS, sizeof *engine->functions);
    if (!engine->functions)
        return false;
    for (uint32_t i = 0; i < engine->lane_count; i++) {
        struct cdn_rule_host *host = &engine->lanes[i].host;
        unsigned char *room;

        if (host->room)
            continue;
        room = cdn_alloc(CDN_FUNCTIONS_ROOM);
        if (!room)
            return false;
        cdn_functions_give_room(host, room);
    }
    return true;
}

/* Under `writer`: one more, checked.  NULL: err says why not. */
static const struct cdn_host_function *
add(cordon_engine *engine, const cordon_function *function, cordon_error *err)
{
    struct cdn_host_function *added;

    if (engine->function_count == MAX_FUNCTIONS) {
        cdn_error_set(err, CORDON_E_INVALID, "an engine has at most %u functions",
                      MAX_FUNCTIONS);
        return NULL;
    }
    if (!make_room(engine)) {
        cdn_error_nomem(err);
        return NULL;
    }
    added = &engine->functions[engine->function_count++];
    *added = (struct cdn_host_function){.body = function->body,
                                        .ud = function->ud,
                                        .flags = function->flags,
                                        .cost = function->cost ? function->cost
                                                               : DEFAULT_COST};
    memcpy(added->name, function->name, strlen(function->name));
    return added;
}

cordon_status cordon_engine_add_function(cordon_engine *engine,
                                         const cordon_function *function,
                                         cordon_error *err)
{
    cordon_status status = check(engine, function, err);
    cordon_error own;

    if (status)
        return status;
    if (!err)
        err = &own;
    pthread_mutex_lock(&engine->writer);
    if (find(engine, function->name))
        status =
            cdn_error_set(err, CORDON_E_EXISTS,
                          "the engine has a function '%s' already", function->name);
    else if (!add(engine, function, err))
        status = err->status;
    pthread_mutex_unlock(&engine->writer);
    return status;
}

/* What stands in for a function that the engine does not have; NULL: nothing does. */
static const struct cdn_host_function *stand_in(cordon_engine *engine, const char *name,
                                                cordon_error *err)
{
    cordon_function function = engine->stand_in;

    function.name = name;
    return function.body ? add(engine, &function, err) : NULL;
}

cordon_status cdn_functions_resolve(struct cdn_version *version, cordon_engine *engine,
                                    cordon_error *err)
{
    const struct cdn_rule *rule = version->rule;
    cordon_error own;

    if (!rule->function_count)
        return CORDON_OK;
    version->functions = cdn_calloc(rule->function_count, sizeof *version->functions);
    if (!version->functions)
        return cdn_error_nomem(err);
    if (!err)
        err = &own;
    for (uint32_t f = 0; f < rule->function_count; f++) {
        struct cdn_suggest suggest;
        char hint[128];

        version->functions[f] = find(engine, rule->functions[f]);
        cdn_error_clear(err);
        if (!version->functions[f])
            version->functions[f] = stand_in(engine, rule->functions[f], err);
        if (err->status)
            return err->status;
        if (version->functions[f]) {
            version->function_flags |= version->functions[f]->flags;
            continue;
        }
        cdn_suggest_init(&suggest, rule->functions[f]);
        for (uint32_t i = 0; i < engine->function_count; i++)
            cdn_suggest_offer(&suggest, engine->functions[i].name);
        return cdn_error_at(err, CORDON_E_RULE, rule->file, rule->functions_line, 0,
                            "functions: the host has no function '%s'%s",
                            rule->functions[f],
                            cdn_suggest_text(&suggest, hint, sizeof hint));
    }
    return CORDON_OK;
}

cordon_status cordon_engine_rule_functions(uint32_t *flags, cordon_engine *engine,
                                           const char *rule, cordon_error *err)
{
    cordon_status status = CORDON_OK;
    const struct cdn_state *state;
    const struct cdn_plan *plan;

    if (!flags || !engine || !rule)
        return cdn_error_set(err, CORDON_E_INVALID,
                             "cordon_engine_rule_functions: no %s; it must not be NULL",
                             !flags   ? "flags"
                             : engine ? "rule"
                                      : "engine");
    *flags = 0;
    pthread_mutex_lock(&engine->writer);
    state = atomic_load(&engine->state);
    plan = cdn_state_find(state, rule);
    if (!plan)
        status = cdn_state_no_rule(state, rule, err);
    else if (plan->live)
        *flags = plan->live->version->function_flags;
    pthread_mutex_unlock(&engine->writer);
    return status;
}

void cdn_functions_deinit(cordon_engine *engine)
{
    for (uint32_t i = 0; engine->lanes && i < engine->lane_count; i++)
        cdn_free(engine->lanes[i].host.room);
    cdn_free(engine->functions);
}
