/* A rule in a slot, ready to run: what the tests of this folder share. */
#ifndef CORDON_TESTS_RULE_RULING_H
#define CORDON_TESTS_RULE_RULING_H

#include "support/unit.h"

#include "base/clock.h"
#include "rule/run.h"
#include "support/fixture.h"

struct ruling {
    struct cdn_slot *slot;
    struct cdn_rule *rule;
    struct cdn_image *image;
    struct cdn_rule_host host;
    cordon_snapshot *snapshot;
    struct cdn_binding *binding;
    cordon_outcome *outcome;
    struct cdn_budget budget;
    cordon_error err;
};

static const struct cdn_budget ruling_load_budget = {
    .instructions = 10 * 1000 * 1000,
    .memory_bytes = UINT64_C(1) << 20,
    .edges = 1,
    .output_bytes = 1,
    .wall_ns = UINT64_C(600000000000),
};

static inline struct cdn_slot *ruling_slot(void)
{
    struct cdn_slot *slot;
    cordon_error err;

    ck_assert_msg(!cdn_slot_new(&slot, NULL, &err), "%s", err.message);
    return slot;
}

/* Load `source`; it must load. */
static inline void ruling_init(struct ruling *ruling, const char *source,
                               cordon_snapshot *snapshot)
{
    memset(ruling, 0, sizeof *ruling);
    cdn_ticks_init();
    ruling->slot = ruling_slot();
    ruling->snapshot = snapshot;
    ruling->budget = (struct cdn_budget){.instructions = 1000000,
                                         .memory_bytes = 512 * 1024,
                                         .edges = 100000,
                                         .nodes = 100000,
                                         .hops = 100,
                                         .output_bytes = 64 * 1024,
                                         .wall_ns = UINT64_C(600000000000)};
    ck_assert_msg(!cdn_rule_load(&ruling->rule, ruling->slot, source, strlen(source),
                                 "test.lua", &ruling_load_budget, NULL, &ruling->err),
                  "line %u: %s", ruling->err.line, ruling->err.message);
    ck_assert_msg(!cdn_rule_image(&ruling->image, ruling->rule, ruling->slot,
                                  &ruling_load_budget, &ruling->err),
                  "%s", ruling->err.message);
    ck_assert_msg(!cdn_binding_new(&ruling->binding, &ruling->rule->names, snapshot,
                                   &cdn_grant_everything, &ruling->err),
                  "%s", ruling->err.message);
    ck_assert(!cordon_outcome_new(&ruling->outcome, &ruling->err));
    cdn_slot_set_host(ruling->slot, &ruling->host);
}

static inline void ruling_deinit(struct ruling *ruling)
{
    cordon_outcome_free(ruling->outcome);
    cdn_binding_free(ruling->binding);
    cdn_image_free(ruling->image);
    cdn_rule_free(ruling->rule);
    cdn_slot_free(ruling->slot);
    cordon_snapshot_release(ruling->snapshot);
}

static inline cordon_status ruling_run(struct ruling *ruling,
                                       const cordon_request *request)
{
    const struct cdn_rule_call call = {
        .rule = ruling->rule,
        .image = ruling->image,
        .slot = ruling->slot,
        .host = &ruling->host,
        .snapshot = ruling->snapshot,
        .binding = ruling->binding,
        .request = request,
        .budget = ruling->budget,
        .entered_ns = cdn_clock_ns(),
    };

    return cdn_rule_run(ruling->outcome, &call, &ruling->err);
}

/* A rule around the body of an evaluate function and more fields of its contract. */
static inline char *ruling_source(const char *fields, const char *body)
{
    static char source[16384];

    ck_assert_int_lt(snprintf(source, sizeof source,
                              "return { name = 'test', %s\n"
                              "evaluate = function(graph, request)\n%s\nend }\n",
                              fields, body),
                     (int)sizeof source);
    return source;
}

/* Evaluate a body with no subject; the outcome is left for the test to look at. */
static inline void ruling_evaluate(struct ruling *ruling, const char *fields,
                                   const char *body)
{
    const cordon_request request = CORDON_REQUEST_INIT;

    ruling_init(ruling, ruling_source(fields, body), NULL);
    ck_assert_msg(!ruling_run(ruling, &request), "%s", ruling->err.message);
}

#define ck_assert_contains(text, part)                                                 \
    ck_assert_msg(strstr(text, part) != NULL, "'%s' is not in '%s'", part, text)

#endif
