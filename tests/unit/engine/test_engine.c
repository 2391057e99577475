#include "serving.h"

#include "base/alloc.h"

START_TEST(new__takes_defaults_for_zeros)
{
    cordon_engine_options options = CORDON_ENGINE_OPTIONS_INIT;
    cordon_engine *engine;
    cordon_error err;

    ck_assert(!cordon_engine_new(&engine, NULL, &err));
    cordon_engine_free(engine);
    ck_assert(!cordon_engine_new(&engine, &options, &err));
    cordon_engine_free(engine);
    cordon_engine_free(NULL);
    ck_assert_int_eq(cordon_engine_new(NULL, NULL, &err), CORDON_E_INVALID);
}
END_TEST

START_TEST(new__refuses_options_out_of_range)
{
    static const struct {
        cordon_engine_options options;
        const char *message;
    } bad[] = {
        {{.struct_size = 8}, "struct_size is 8"},
        {{.struct_size = sizeof(cordon_engine_options), .slots = 5000}, "slots: 5000"},
        {{.struct_size = sizeof(cordon_engine_options),
          .max_memory_bytes = UINT64_C(65) << 20},
         "max_memory_bytes: 68157440 is not within"},
        {{.struct_size = sizeof(cordon_engine_options), .load_memory_bytes = 10},
         "load_memory_bytes: 10"},
        {{.struct_size = sizeof(cordon_engine_options),
          .workers_min = 3,
          .workers_max = 2},
         "workers_min and workers_max: 3 and 2"},
        {{.struct_size = sizeof(cordon_engine_options), .max_instructions = UINT64_MAX},
         "max_instructions: "},
        {{.struct_size = sizeof(cordon_engine_options), .image_budget_bytes = 1 << 20},
         "image_budget_bytes: 1048576 is less than all slots times "
         "load_memory_bytes, 10485760"},
    };

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        cordon_engine *engine = (cordon_engine *)1;
        cordon_error err;

        ck_assert_int_eq(cordon_engine_new(&engine, &bad[i].options, &err),
                         CORDON_E_INVALID);
        ck_assert_ptr_null(engine);
        ck_assert_contains(err.message, bad[i].message);
    }
}
END_TEST

START_TEST(options__have_the_layout_that_was_published)
{
    ck_assert_uint_eq(sizeof(cordon_engine_options), 152);
    ck_assert_uint_eq(offsetof(cordon_engine_options, struct_size), 0);
    ck_assert_uint_eq(offsetof(cordon_engine_options, slots), 8);
    ck_assert_uint_eq(offsetof(cordon_engine_options, busy_wait_ms), 12);
    ck_assert_uint_eq(offsetof(cordon_engine_options, max_instructions), 16);
    ck_assert_uint_eq(offsetof(cordon_engine_options, max_edges), 24);
    ck_assert_uint_eq(offsetof(cordon_engine_options, max_memory_bytes), 32);
    ck_assert_uint_eq(offsetof(cordon_engine_options, max_output_bytes), 40);
    ck_assert_uint_eq(offsetof(cordon_engine_options, max_wall_ns), 48);
    ck_assert_uint_eq(offsetof(cordon_engine_options, load_memory_bytes), 56);
    ck_assert_uint_eq(offsetof(cordon_engine_options, image_budget_bytes), 64);
    ck_assert_uint_eq(offsetof(cordon_engine_options, max_nodes), 72);
    ck_assert_uint_eq(offsetof(cordon_engine_options, max_hops), 80);
    ck_assert_uint_eq(offsetof(cordon_engine_options, wall), 100);
    ck_assert_uint_eq(offsetof(cordon_engine_options, workers_min), 112);
    ck_assert_uint_eq(offsetof(cordon_engine_options, workers_idle_ms), 120);
    ck_assert_uint_eq(offsetof(cordon_engine_options, worker), 104);
    ck_assert_uint_eq(offsetof(cordon_engine_options, slice), 124);
    ck_assert_uint_eq(offsetof(cordon_engine_options, slice_max_edges), 144);
}
END_TEST

START_TEST(set_snapshot__shows_the_graph_from_the_next_request_on)
{
    cordon_engine *engine = serving_engine(1);
    cordon_outcome *outcome = serving_outcome();
    cordon_request request = CORDON_REQUEST_INIT;
    cordon_error err;

    serving_load(engine, TRANSFERS("r", "return { output =\n"
                                        "request.node:outgoing('transfer'):count() }"));
    request.label = "Account";
    request.key = "100";
    ck_assert_int_eq(cordon_evaluate(outcome, engine, "r", &request, &err),
                     CORDON_E_RULE);
    ck_assert_str_eq(err.message,
                     "the rule reads Account, and the engine has no snapshot");
    ck_assert_uint_eq(err.line, 2);
    ck_assert_str_eq(cordon_outcome_message(outcome), err.message);
    serving_bank(engine);
    ck_assert_int_eq(serving_answer(engine, outcome, "r", &request), 5);
    ck_assert(!cordon_engine_set_snapshot(engine, NULL, &err));
    ck_assert_int_eq(cordon_evaluate(outcome, engine, "r", &request, &err),
                     CORDON_E_RULE);
    cordon_outcome_free(outcome);
    cordon_engine_free(engine);
    ck_assert_int_eq(cordon_engine_set_snapshot(NULL, NULL, &err), CORDON_E_INVALID);
}
END_TEST

START_TEST(set_snapshot__changes_nothing_if_a_rule_does_not_fit)
{
    cordon_engine *engine = serving_engine(1);
    cordon_outcome *outcome = serving_outcome();
    cordon_snapshot *bank = cdn_fixture_bank_open();
    cordon_request request = CORDON_REQUEST_INIT;
    cordon_error err;

    serving_load(engine, NO_GRAPH("fits", "return { output = 1 }"));
    serving_load(engine,
                 "return { name = 'first', fallback = 'none',\n"
                 "reads = { transfer = { 'amout' } }, evaluate = function() end }");
    serving_load(engine, "return { name = 'second', fallback = 'none',\n"
                         "reads = { nothing = {} }, evaluate = function() end }");
    ck_assert_int_eq(cordon_engine_set_snapshot(engine, bank, &err), CORDON_E_RULE);
    ck_assert_contains(err.message, "rule 'first'");
    ck_assert_contains(err.message, "did you mean 'amount'?");
    ck_assert_str_eq(err.file, "test.lua");
    ck_assert_int_eq(serving_answer(engine, outcome, "fits", &request), 1);
    request.label = "Account";
    request.key = "100";
    ck_assert_int_eq(cordon_evaluate(outcome, engine, "fits", &request, &err),
                     CORDON_E_NOTFOUND);
    cordon_snapshot_release(bank);
    cordon_outcome_free(outcome);
    cordon_engine_free(engine);
}
END_TEST

/* The engine's reference is its own, and given back. */
START_TEST(set_snapshot__keeps_a_reference_while_it_needs_one)
{
    cordon_engine *engine = serving_engine(2);
    cordon_snapshot *bank = cdn_fixture_bank_open();
    cordon_error err;

    ck_assert_uint_eq(bank->references, 1);
    ck_assert(!cordon_engine_set_snapshot(engine, bank, &err));
    ck_assert_uint_eq(bank->references, 2);
    ck_assert_ptr_eq(cordon_engine_get_snapshot(engine),
                     bank); /* with one of the caller's */
    ck_assert_uint_eq(bank->references, 3);
    cordon_snapshot_release(bank);
    ck_assert_ptr_null(cordon_engine_get_snapshot(NULL));
    serving_load(engine, NO_GRAPH("r", "return {}"));
    ck_assert_uint_eq(bank->references, 2);
    ck_assert(!cordon_engine_set_snapshot(engine, NULL, &err));
    ck_assert_ptr_null(cordon_engine_get_snapshot(engine));
    ck_assert_uint_eq(bank->references, 1);
    ck_assert(!cordon_engine_set_snapshot(engine, bank, &err));
    cordon_engine_free(engine);
    ck_assert_uint_eq(bank->references, 1);
    cordon_snapshot_release(bank);
}
END_TEST

#ifdef CORDON_FAILALLOC
START_TEST(new__survives_every_allocation_failure)
{
    CDN_UNIT_FAILALLOC(nth)
    {
        cordon_engine_options options = CORDON_ENGINE_OPTIONS_INIT;
        cordon_engine *engine = (cordon_engine *)1;
        cordon_error err;

        options.slots = 2;
        cordon_status status = cordon_engine_new(&engine, &options, &err);
        ck_assert_int_eq(status, cdn_failalloc_fired() ? CORDON_E_NOMEM : CORDON_OK);
        ck_assert((status != CORDON_OK) == (engine == NULL));
        cordon_engine_free(engine);
    }
}
END_TEST

START_TEST(set_snapshot__survives_every_allocation_failure)
{
    cordon_engine *engine = serving_engine(1);
    cordon_snapshot *bank = cdn_fixture_bank_open();

    serving_load(engine, TRANSFERS("a", "return {}"));
    serving_load(engine, TRANSFERS("b", "return {}"));
    CDN_UNIT_FAILALLOC(nth)
    {
        cordon_error err;
        cordon_status status = cordon_engine_set_snapshot(engine, bank, &err);

        ck_assert_int_eq(status, cdn_failalloc_fired() ? CORDON_E_NOMEM : CORDON_OK);
        ck_assert_uint_eq(bank->references, status ? 1 : 2);
    }
    cordon_engine_free(engine);
    ck_assert_uint_eq(bank->references, 1);
    cordon_snapshot_release(bank);
}
END_TEST
#endif

static Suite *suite(void)
{
    Suite *s = suite_create("engine");

    CDN_UNIT_CASE(s, new__takes_defaults_for_zeros);
    CDN_UNIT_CASE(s, new__refuses_options_out_of_range);
    CDN_UNIT_CASE(s, options__have_the_layout_that_was_published);
    CDN_UNIT_CASE(s, set_snapshot__shows_the_graph_from_the_next_request_on);
    CDN_UNIT_CASE(s, set_snapshot__changes_nothing_if_a_rule_does_not_fit);
    CDN_UNIT_CASE(s, set_snapshot__keeps_a_reference_while_it_needs_one);
#ifdef CORDON_FAILALLOC
    CDN_UNIT_CASE(s, new__survives_every_allocation_failure);
    CDN_UNIT_CASE(s, set_snapshot__survives_every_allocation_failure);
#endif
    return s;
}

CDN_UNIT_MAIN(suite)
