/* An engine over the bank of fixture.h, and a rule that wants some of it changed: what tests of
 * the log of proposals share.  A failure here is a broken test: it prints why and aborts. */
#ifndef CORDON_TESTS_PROPOSING_H
#define CORDON_TESTS_PROPOSING_H

#include <stdio.h>
#include <stdlib.h>

#include <cordon.h>

#include "support/fixture.h"

/* Of every account: two updates and an edge that fit, and an update that does not. */
#define PROPOSING_RULE                                                                 \
    "return { name = 'wants', fallback = 'none', reads = { Account = {}, transfer = "  \
    "{} "                                                                              \
    "},\nparams = { ok = { type = 'boolean', default = true } },\n"                    \
    "evaluate = function(graph, request)\n"                                            \
    "if not request.params.ok then error('no') end\n"                                  \
    "local a = request.node\n"                                                         \
    "return { updated_nodes = {\n"                                                     \
    "  { label = 'Account', key = a.key, set = { isBlocked = true, balance = 0 } },\n" \
    "  { label = 'Account', key = a.key, set = { isBlokced = true } },\n"              \
    "  { label = 'Account', key = '200', unset = { 'nickname' } } },\n"                \
    "new_edges = { { type = 'transfer', from = a, to = graph:node('Account', "         \
    "'900'),\n"                                                                        \
    "  time = 5, properties = { amount = 1, cents = 100 } } } }\nend }"

struct proposing {
    cordon_snapshot *snapshot;
    cordon_engine *engine;
    cordon_outcome *outcome; /* of the last evaluation */
};

static inline void proposing_need(cordon_status status, const cordon_error *err)
{
    if (!status)
        return;
    fprintf(stderr, "proposing: %s\n", err->message);
    abort();
}

static inline void proposing_make(struct proposing *proposing)
{
    cordon_engine_options options = CORDON_ENGINE_OPTIONS_INIT;
    cordon_error err;

    options.slots = 1;
    proposing->snapshot = cdn_fixture_bank_open();
    proposing_need(cordon_engine_new(&proposing->engine, &options, &err), &err);
    proposing_need(
        cordon_engine_set_snapshot(proposing->engine, proposing->snapshot, &err), &err);
    proposing_need(cordon_engine_load_rule(proposing->engine, PROPOSING_RULE,
                                           sizeof(PROPOSING_RULE) - 1, "wants.lua",
                                           NULL, &err),
                   &err);
    proposing_need(cordon_outcome_new(&proposing->outcome, &err), &err);
}

/* Judge an account: another decision each time. */
static inline void proposing_evaluate(struct proposing *proposing, const char *key)
{
    cordon_request request = CORDON_REQUEST_INIT;
    cordon_error err = {0};

    request.label = "Account";
    request.key = key;
    proposing_need(
        cordon_evaluate(proposing->outcome, proposing->engine, "wants", &request, &err),
        &err);
    if (cordon_outcome_get_kind(proposing->outcome) != CORDON_OUTCOME_OK) {
        fprintf(stderr, "proposing: %s\n", cordon_outcome_message(proposing->outcome));
        abort();
    }
}

static inline void proposing_free(struct proposing *proposing)
{
    cordon_outcome_free(proposing->outcome);
    cordon_engine_free(proposing->engine);
    cordon_snapshot_release(proposing->snapshot);
}

#endif
