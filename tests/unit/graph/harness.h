/* Running a few lines of Lua over a snapshot, without rule/: slot, names, binding, run.
 *
 *     struct harness *h = harness_new(snapshot, "Account: balance risk; transfer: amount");
 *     ck_assert_str_eq(harness_run(h, "return graph:node('Account', 100).risk"), "10");
 *
 * The text is the body of function(graph, T, H); what it returns is written by tostring,
 * values separated by spaces; an error as "error: " and its message, a limit as "stopped: ". */
#ifndef CORDON_TESTS_GRAPH_HARNESS_H
#define CORDON_TESTS_GRAPH_HARNESS_H

#include "graph/graph.h"
#include "sandbox/slot.h"
#include "support/fixture.h"
#include "support/unit.h"

struct harness {
    struct cdn_graph_run run; /* first: what the slot's host points at */
    struct cdn_memo memo;
    lua_CFunction body; /* instead of Lua: called with the graph object */
    void *ud;           /* its own */
    char result[8192];
    struct cdn_names names;
    struct cdn_slot *slot;
    cordon_snapshot *snapshot;
    struct cdn_binding *binding;
    struct cdn_budget budget;
};

/* "kind: property property; kind; ..." into names. */
void harness_names(struct cdn_names *names, const char *reads);
struct harness *harness_new(cordon_snapshot *snapshot, const char *reads);
/* Releases the snapshot too. */
void harness_free(struct harness *harness);
const char *harness_run(struct harness *harness, const char *body);
/* Run a C function in a protected state; its one argument is the graph object. */
const char *harness_call(struct harness *harness, lua_CFunction body, void *ud);
/* What the last run used. */
const struct cdn_meter *harness_meter(const struct harness *harness);

/* Assert what a body returns. */
#define HARNESS_EQ(harness, body, expected)                                            \
    ck_assert_str_eq(harness_run(harness, body), expected)

#endif
