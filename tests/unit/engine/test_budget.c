#include "serving.h"

#include "engine/engine.h"

static const cordon_engine_options options = {
    .struct_size = sizeof(cordon_engine_options),
    .max_instructions = 1000000000,
    .max_edges = 5000,
    .max_memory_bytes = 4 << 20,
    .max_output_bytes = 1 << 20,
    .max_wall_ns = UINT64_C(10000000000),
    .load_memory_bytes = 1 << 20,
    .max_nodes = 7000,
    .max_hops = 12,
};

START_TEST(resolve__takes_defaults_within_the_ceilings)
{
    const struct cdn_budget rule = {0};
    struct cdn_budget budget;

    ck_assert(!cdn_budget_resolve(&budget, &options, &rule, NULL, NULL));
    ck_assert_uint_eq(budget.instructions, 1000000);
    ck_assert_uint_eq(budget.memory_bytes, 512 * 1024);
    ck_assert_uint_eq(budget.edges, 5000); /* the default is above this ceiling */
    ck_assert_uint_eq(budget.output_bytes, 64 * 1024);
    ck_assert_uint_eq(budget.wall_ns, 100000000);
    ck_assert_uint_eq(budget.nodes, 7000); /* these two as well */
    ck_assert_uint_eq(budget.hops, 12);
}
END_TEST

START_TEST(resolve__lets_the_smaller_of_request_and_rule_stand)
{
    const struct cdn_budget rule = {
        .instructions = 50, .edges = 4000, .wall_ns = 7, .hops = 3};
    cordon_limits limits = CORDON_LIMITS_INIT;
    struct cdn_budget budget;

    limits.instructions = 60;
    limits.edges = 10;
    limits.nodes = 20;
    limits.hops = 4;
    limits.memory_bytes = 2 << 20;
    ck_assert(!cdn_budget_resolve(&budget, &options, &rule, &limits, NULL));
    ck_assert_uint_eq(budget.instructions, 50);
    ck_assert_uint_eq(budget.edges, 10);
    ck_assert_uint_eq(budget.nodes, 20);
    ck_assert_uint_eq(budget.hops, 3);
    ck_assert_uint_eq(budget.memory_bytes, 2 << 20);
    ck_assert_uint_eq(budget.wall_ns, 7);
}
END_TEST

START_TEST(resolve__refuses_what_is_above_a_ceiling)
{
    static const char *const names[] = {"instructions", "edges",   "memory_bytes",
                                        "output_bytes", "wall_ns", "nodes",
                                        "hops"};
    const struct cdn_budget rule = {0};

    for (int i = 0; i < 7; i++) {
        cordon_limits limits = CORDON_LIMITS_INIT;
        uint64_t *const fields[] = {&limits.instructions, &limits.edges,
                                    &limits.memory_bytes, &limits.output_bytes,
                                    &limits.wall_ns,      &limits.nodes,
                                    &limits.hops};
        struct cdn_budget budget;
        cordon_error err;

        *fields[i] = UINT64_MAX;
        ck_assert_int_eq(cdn_budget_resolve(&budget, &options, &rule, &limits, &err),
                         CORDON_E_INVALID);
        ck_assert_contains(err.message, names[i]);
    }
}
END_TEST

START_TEST(faults__are_all_limits_above_their_ceilings)
{
    static char source[] =
        "return {\nlimits = {\nmemory = '64MiB',\nedges = 5000,\ntime = '1min' } }";
    static char file[] = "r.lua";
    const struct cdn_rule rule = {
        .file = file,
        .source = source,
        .source_bytes = sizeof source - 1,
        .limits = {.memory_bytes = 64 << 20,
                   .edges = 5000,
                   .wall_ns = UINT64_C(60000000000)},
    };
    struct cdn_finding faults[CDN_BUDGET_KINDS];
    cordon_engine_options defaults;
    cordon_error err;

    ck_assert_uint_eq(cdn_budget_faults(faults, &options, &rule), 2);
    ck_assert_uint_eq(faults[0].line, 3);
    ck_assert_contains(faults[0].message, "limits.memory: 67108864 bytes is above");
    ck_assert_uint_eq(faults[1].line, 5);
    ck_assert_contains(faults[1].message, "limits.time: 60000000000 ns is above");
    ck_assert_int_eq(cdn_budget_check(&options, &rule, &err), CORDON_E_RULE);
    ck_assert_uint_eq(err.line, 3);
    cdn_engine_defaults(&defaults);
    ck_assert_uint_eq(cdn_budget_faults(faults, &defaults, &rule), 2);
    ck_assert_uint_eq(defaults.max_output_bytes, 1 << 20);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("budget");

    CDN_UNIT_CASE(s, resolve__takes_defaults_within_the_ceilings);
    CDN_UNIT_CASE(s, resolve__lets_the_smaller_of_request_and_rule_stand);
    CDN_UNIT_CASE(s, resolve__refuses_what_is_above_a_ceiling);
    CDN_UNIT_CASE(s, faults__are_all_limits_above_their_ceilings);
    return s;
}

CDN_UNIT_MAIN(suite)
