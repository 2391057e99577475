/* Cases behind a wall.
 *
 * There are four engines: in this process and behind the wall, each without a graph and on the
 * attacks' own.  A case is loaded into its two and asked in both, as it stands and under small
 * limits; then the honest rule is, and has to find everything there as it is here. */
#include "attack/behind.h"

#include <stdio.h>
#include <string.h>

#include <cordon/rule.h>

#include "attack/functions.h"
#include "attack/graph.h"

/* Where cases are asked. */
struct place {
    cordon_engine *engine;
    char policy[1024]; /* the class whose policy it has; "": none */
};

enum { ALONE, OVER_GRAPH, PLACES };

static const char *const honest_names[PLACES] = {"benign", "benign_graph"};
static const char *const honest_files[PLACES] = {"benign.lua", "benign_graph.lua"};

static struct {
    struct place here[PLACES], there[PLACES];
    cordon_outcome *outcome;
    const char *root, *worker;
    cordon_wall wall;
} places;

bool attack_behind_wall(cordon_wall *out, const char *name)
{
    for (int wall = CORDON_WALL_INPROC; wall <= CORDON_WALL_MICROVM; wall++) {
        if (strcmp(cordon_wall_str((cordon_wall)wall), name) == 0) {
            *out = (cordon_wall)wall;
            return true;
        }
    }
    return false;
}

/* ---- the engines ---- */

static bool open_place(struct attack *attack, struct place *place, int which,
                       const char *root, cordon_wall wall, const char *worker)
{
    cordon_engine_options options = CORDON_ENGINE_OPTIONS_INIT;
    cordon_error err = {0};

    options.slots = 1;
    options.interrupt_slots = CORDON_NONE;
    options.wall = wall;
    options.worker = worker;
    options.max_wall_ns = ATTACK_BEHIND_NS;
    if (cordon_engine_new(&place->engine, &options, &err) != CORDON_OK ||
        attack_functions(place->engine, &err) != CORDON_OK ||
        (which == OVER_GRAPH &&
         cordon_engine_set_snapshot(place->engine, attack_graph(), &err) != CORDON_OK))
        return attack_fail(attack, "no engine: %s", err.message);
    attack->engine = place->engine;
    if (!attack_load(attack, root, honest_files[which], honest_names[which], CORDON_OK,
                     &err))
        return false;
    if (cordon_engine_warm(place->engine, honest_names[which], &err) != CORDON_OK)
        return attack_fail(attack, "not warmed: %s", err.message);
    return true;
}

/* Make the two engines that have the graph, or have not, when a case first needs them. */
static bool open_places(struct attack *attack, int which)
{
    if (places.there[which].engine)
        return true;
    return open_place(attack, &places.here[which], which, places.root,
                      CORDON_WALL_INPROC, NULL) &&
           open_place(attack, &places.there[which], which, places.root, places.wall,
                      places.worker);
}

bool attack_behind_open(struct attack *attack, const char *root, cordon_wall wall,
                        const char *worker)
{
    cordon_error err = {0};

    places.root = root;
    places.wall = wall;
    places.worker = worker;
    if (cordon_outcome_new(&places.outcome, &err) != CORDON_OK)
        return attack_fail(attack, "no outcome: %s", err.message);
    return true;
}

void attack_behind_close(void)
{
    for (int which = 0; which < PLACES; which++) {
        cordon_engine_free(places.here[which].engine);
        cordon_engine_free(places.there[which].engine);
    }
    cordon_outcome_free(places.outcome);
}

/* ---- one case ---- */

/* Load the case's rule, with the policy of its class; *err is what loading it came to. */
static bool enter(struct attack *attack, struct place *place, cordon_error *err)
{
    bool loads = attack_loads(attack);
    const char *slash = strrchr(attack->path, '/');
    size_t bytes = slash ? (size_t)(slash - attack->path) : 0;

    attack->engine = place->engine;
    if (attack->expect.principal[0] &&
        (strlen(place->policy) != bytes ||
         memcmp(place->policy, attack->path, bytes) != 0)) {
        if (!attack_set_policy(attack, place->engine))
            return false;
        snprintf(place->policy, sizeof place->policy, "%.*s", (int)bytes, attack->path);
    }
    if (!attack_load(attack, attack->path, "rule.lua", "rule.lua",
                     loads ? CORDON_OK : CORDON_E_RULE, err))
        return false;
    /* its image is made now, not within the first run's time */
    if (loads && cordon_engine_warm(place->engine, HOSTILE, err) != CORDON_OK)
        return attack_fail(attack, "not warmed: %s", err->message);
    return true;
}

/* Ask the rule in both places; *there is the answer from behind the wall. */
static void ask_both(struct attack *attack, int which, const char *rule,
                     const char *what, const cordon_limits *limits,
                     struct answer *there)
{
    struct answer here;

    attack->engine = places.here[which].engine;
    attack_evaluate(attack, rule, limits, &here);
    attack->engine = places.there[which].engine;
    if (strcmp(rule, HOSTILE) == 0)
        attack->excess = (struct excess){0}; /* of runs behind the wall alone */
    attack_evaluate(attack, rule, limits, there);
    attack_same(attack, what, &here, there);
}

/* The same under limits that stop it early, wherever that is: it is stopped at the same place. */
static void ask_stopped(struct attack *attack, int which)
{
    static const struct {
        const char *name;
        cordon_limits limits;
    } all[] = {{"at 50 instructions", {.instructions = 50}},
               {"at 3000 instructions", {.instructions = 3000}},
               {"at a byte of memory", {.memory_bytes = 1}},
               {"at 20000 bytes of memory", {.memory_bytes = 20000}},
               {"at an edge", {.edges = 1}},
               {"at a node", {.nodes = 1}},
               {"at a hop", {.hops = 1}},
               {"at a byte of output", {.output_bytes = 1}}};
    struct answer answer;

    if (strcmp(attack->expect.detail, cordon_budget_str(CORDON_BUDGET_TIME)) == 0)
        return; /* how far it comes is the machine's affair */
    for (size_t i = 0; i < sizeof all / sizeof all[0] && !attack->failure[0]; i++) {
        cordon_limits limits = all[i].limits;

        limits.struct_size = sizeof limits;
        limits.instructions = limits.instructions ? limits.instructions : 20000;
        limits.wall_ns = attack->expect.limits.wall_ns;
        ask_both(attack, which, HOSTILE, all[i].name, &limits, &answer);
    }
}

/* What a principal may not see does not come over with what is noted of a run either. */
static void ask_traced(struct attack *attack, const struct answer *first)
{
    const cordon_trace_options options = CORDON_TRACE_OPTIONS_INIT;
    struct answer answer;
    cordon_error err = {0};

    if (!attack->expect.hidden_count || attack->failure[0])
        return;
    if (cordon_trace_new(&attack->trace, &options, &err) != CORDON_OK) {
        attack_fail(attack, "no trace: %s", err.message);
        return;
    }
    attack_evaluate(attack, HOSTILE, &attack->expect.limits, &answer);
    attack_same(attack, "traced", first, &answer);
    attack_trace_hides(attack);
    cordon_trace_free(attack->trace);
    attack->trace = NULL;
}

void attack_behind_run(struct attack *attack, struct answer *answer)
{
    struct answer honest;
    cordon_error err = {0};
    int which;

    which = attack->expect.node[0] ? OVER_GRAPH : ALONE;
    attack->outcome = places.outcome;
    if (!open_places(attack, which) || !enter(attack, &places.here[which], &err) ||
        !enter(attack, &places.there[which], &err))
        return;
    if (!attack_loads(attack)) {
        if (!strstr(err.message, attack->expect.detail))
            attack_fail(attack, "\"%s\" does not say \"%s\"", err.message,
                        attack->expect.detail);
        return;
    }
    ask_both(attack, which, HOSTILE, "behind the wall", &attack->expect.limits, answer);
    attack_as_expected(attack, answer);
    ask_traced(attack, answer);
    ask_stopped(attack, which);
    ask_both(attack, which, honest_names[which], "the honest rule", NULL, &honest);
    if (honest.status != CORDON_OK || honest.kind != CORDON_OUTCOME_OK)
        attack_fail(attack, "the honest rule: %s", honest.message);
}
