#include "serving.h"

#include "engine/engine.h"

START_TEST(state__in_use_outlives_its_replacement)
{
    cordon_engine *engine = serving_engine(2);
    cordon_snapshot *bank = cdn_fixture_bank_open();
    struct cdn_lane *lane = cdn_pool_try(engine, 0);
    struct cdn_state *state;

    ck_assert(!cordon_engine_set_snapshot(engine, bank, NULL));
    serving_load(engine, NO_GRAPH("r", "return {}"));
    state = cdn_state_enter(engine, lane);
    ck_assert_ptr_eq(state->snapshot, bank);
    ck_assert(!cordon_engine_set_snapshot(engine, NULL, NULL));
    serving_load(engine, NO_GRAPH("s", "return {}"));
    ck_assert(!cordon_engine_unload_rule(engine, "r", NULL));
    ck_assert_uint_eq(atomic_load(&engine->retired), 1);
    ck_assert_uint_eq(bank->references, 2);
    ck_assert_str_eq(cdn_state_find(state, "r")->live->version->rule->name, "r");
    ck_assert_ptr_null(cdn_state_find(state, "s"));
    cdn_state_leave(engine, lane); /* the last to leave frees it */
    ck_assert_uint_eq(atomic_load(&engine->retired), 0);
    ck_assert_uint_eq(bank->references, 1);
    cdn_pool_release(engine, lane);
    cordon_engine_free(engine);
    cordon_snapshot_release(bank);
}
END_TEST

START_TEST(state__knows_its_versions)
{
    cordon_engine *engine = serving_engine(1);
    struct cdn_state *state;

    serving_load(engine, NO_GRAPH("a", "return {}")); /* 1 */
    serving_load(engine, NO_GRAPH("b", "return {}")); /* 2 */
    serving_load(engine, NO_GRAPH("c", "return {}")); /* 3 */
    serving_load(engine, NO_GRAPH("b", "return {}")); /* 4 */
    state = atomic_load(&engine->state);
    ck_assert_uint_eq(state->count, 3);
    ck_assert(cdn_state_has_version(state, 1));
    ck_assert(!cdn_state_has_version(state, 2));
    ck_assert(cdn_state_has_version(state, 3));
    ck_assert(cdn_state_has_version(state, 4));
    ck_assert(!cdn_state_has_version(state, 5));
    cordon_engine_free(engine);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("state");

    CDN_UNIT_CASE(s, state__in_use_outlives_its_replacement);
    CDN_UNIT_CASE(s, state__knows_its_versions);
    return s;
}

CDN_UNIT_MAIN(suite)
