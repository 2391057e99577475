/* An engine with rules from text: what the tests of this folder share. */
#ifndef CORDON_TESTS_ENGINE_SERVING_H
#define CORDON_TESTS_ENGINE_SERVING_H

#include "support/unit.h"

#include <cordon.h>

#include "support/fixture.h"

#define NO_GRAPH(name, body)                                                           \
    "return { name = '" name                                                           \
    "', fallback = 'none', evaluate = function(graph, request)\n" body "\nend }"
#define TRANSFERS(name, body)                                                          \
    "return { name = '" name "', fallback = 'none',\n"                                 \
    "reads = { Account = {}, transfer = { 'amount' } }, limits = { time = '10s' },\n"  \
    "evaluate = function(graph, request)\n" body "\nend }"

#define ck_assert_contains(text, part)                                                 \
    ck_assert_msg(strstr(text, part) != NULL, "'%s' is not in '%s'", part, text)

static inline cordon_engine *serving_engine(uint32_t slots)
{
    cordon_engine_options options = CORDON_ENGINE_OPTIONS_INIT;
    cordon_engine *engine;
    cordon_error err;

    options.slots = slots;
    ck_assert_msg(!cordon_engine_new(&engine, &options, &err), "%s", err.message);
    return engine;
}

static inline void serving_load(cordon_engine *engine, const char *source)
{
    cordon_error err;

    ck_assert_msg(!cordon_engine_load_rule(engine, source, strlen(source), "test.lua",
                                           NULL, &err),
                  "line %u: %s", err.line, err.message);
}

static inline cordon_outcome *serving_outcome(void)
{
    cordon_outcome *outcome;

    ck_assert(!cordon_outcome_new(&outcome, NULL));
    return outcome;
}

/* Give the engine the bank of fixture.h. */
static inline void serving_bank(cordon_engine *engine)
{
    cordon_snapshot *snapshot = cdn_fixture_bank_open();
    cordon_error err;

    ck_assert_msg(!cordon_engine_set_snapshot(engine, snapshot, &err), "%s",
                  err.message);
    cordon_snapshot_release(snapshot);
}

/* Evaluate, and the integer it returned as output. */
static inline int64_t serving_answer(cordon_engine *engine, cordon_outcome *outcome,
                                     const char *rule, const cordon_request *request)
{
    cordon_error err;

    ck_assert_msg(!cordon_evaluate(outcome, engine, rule, request, &err), "%s",
                  err.message);
    ck_assert_msg(cordon_outcome_get_kind(outcome) == CORDON_OUTCOME_OK, "%s",
                  cordon_outcome_message(outcome));
    ck_assert_int_eq(cordon_outcome_output(outcome).type, CORDON_INTEGER);
    return cordon_outcome_output(outcome).as.integer;
}

#endif
