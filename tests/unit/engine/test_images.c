#include "serving.h"

#include "engine/engine.h"
#include "sandbox/state.h"

static int nothing(lua_State *L)
{
    (void)L;
    return 0;
}

static struct cdn_slot *slot;
static int built;

/* Like the others but for some 2 KiB of numbers. */
static int build(lua_State *L)
{
    enum { NUMBERS = 250 };

    lua_settop(L, 0);
    built++;
    lua_createtable(L, NUMBERS, 0);
    for (int i = 1; i <= NUMBERS; i++) {
        lua_pushnumber(L, built * NUMBERS + i);
        lua_rawseti(L, -2, i);
    }
    lua_pushcclosure(L, nothing, 1);
    return 1;
}

static size_t held(const struct cdn_slot *of)
{
    return of->held + of->bases.held;
}

static struct cdn_image *image(void)
{
    const struct cdn_budget budget = {1000000, 1 << 20, 1, 1, UINT64_C(60000000000),
                                      1,       1};
    struct cdn_image *made;
    enum cdn_run run;

    if (!slot)
        ck_assert(!cdn_slot_new(&slot, NULL, NULL));
    ck_assert(!cdn_image_build(&made, &run, slot, build, NULL, &budget, NULL, NULL));
    return made;
}

static bool is_odd(const void *ud, uint64_t version)
{
    (void)ud;
    return version & 1;
}

START_TEST(images__are_found_by_version)
{
    struct cdn_images images = {.budget = SIZE_MAX};
    struct cdn_image *made[101];

    ck_assert_ptr_null(cdn_images_get(&images, 1));
    for (uint64_t i = 1; i <= 100; i++) {
        made[i] = image();
        ck_assert(!cdn_images_put_take(&images, i, made[i], NULL));
    }
    for (uint64_t i = 1; i <= 100; i++)
        ck_assert_ptr_eq(cdn_images_get(&images, i), made[i]);
    ck_assert_ptr_null(cdn_images_get(&images, 101));
    cdn_images_sweep(&images, is_odd, NULL);
    ck_assert_uint_eq(images.count, 50);
    for (uint64_t i = 1; i <= 100; i++)
        ck_assert_ptr_eq(cdn_images_get(&images, i), i & 1 ? made[i] : NULL);
    cdn_images_deinit(&images);
    ck_assert_uint_eq(held(slot), 0);
    cdn_slot_free(slot);
}
END_TEST

START_TEST(images__free_the_least_recently_used_for_room)
{
    struct cdn_image *basis = image(); /* of all others, and not in the cache */
    struct cdn_image *first = image();
    size_t one = cdn_image_own(first);
    struct cdn_images images = {.budget = held(slot) + 2 * one + 8};

    ck_assert_uint_eq(cdn_image_held(first), held(slot));
    ck_assert_uint_lt(one, cdn_image_bytes(first) / 4);
    ck_assert_uint_gt(one, 2000);
    ck_assert(!cdn_images_put_take(&images, 1, first, NULL));
    ck_assert(!cdn_images_put_take(&images, 2, image(), NULL));
    ck_assert(!cdn_images_put_take(&images, 3, image(), NULL));
    ck_assert_ptr_nonnull(cdn_images_get(&images, 1));
    ck_assert(!cdn_images_put_take(&images, 4, image(), NULL));
    ck_assert_ptr_null(cdn_images_get(&images, 2));
    ck_assert_ptr_nonnull(cdn_images_get(&images, 1));
    ck_assert_ptr_nonnull(cdn_images_get(&images, 3));
    ck_assert_ptr_nonnull(cdn_images_get(&images, 4));
    ck_assert_uint_le(held(slot), images.budget);
    for (uint64_t i = 5; i < 50; i++) {
        ck_assert(!cdn_images_put_take(&images, i, image(), NULL));
        ck_assert_uint_le(held(slot), images.budget);
        ck_assert_ptr_nonnull(cdn_images_get(&images, i));
    }
    ck_assert_uint_eq(images.count, 3);
    cdn_images_deinit(&images);
    cdn_image_free(basis);
    ck_assert_uint_eq(held(slot), 0);
    cdn_slot_free(slot);
}
END_TEST

/* More rules than the budget holds: each request still gets its answer. */
START_TEST(images__are_built_again_when_they_are_asked_for)
{
    enum { RULES = 40 };
    cordon_engine_options options = CORDON_ENGINE_OPTIONS_INIT;
    const cordon_request request = CORDON_REQUEST_INIT;
    cordon_outcome *outcome = serving_outcome();
    cordon_engine *engine;
    char text[512];

    options.slots = 1;
    options.interrupt_slots = CORDON_NONE;
    options.load_memory_bytes = 256 * 1024;
    options.image_budget_bytes = 256 * 1024;
    ck_assert(!cordon_engine_new(&engine, &options, NULL));
    for (int i = 0; i < RULES; i++) {
        snprintf(text, sizeof text,
                 "local own = {} for i = 1, 1000 do own[i] = i + %d end\n"
                 "return { name = 'r%d', fallback = 'none', evaluate = function()\n"
                 "return { output = own[1000] - 1000 } end }",
                 i, i);
        serving_load(engine, text);
    }
    for (int i = 0; i < 3 * RULES; i++) {
        snprintf(text, sizeof text, "r%d", i % RULES);
        ck_assert_int_eq(serving_answer(engine, outcome, text, &request), i % RULES);
        ck_assert_uint_le(held(engine->lanes[0].slot), 256 * 1024);
    }
    ck_assert_uint_lt(engine->lanes[0].images.count, RULES);
    cordon_outcome_free(outcome);
    cordon_engine_free(engine);
}
END_TEST

START_TEST(images__of_replaced_rules_are_freed)
{
    cordon_engine *engine = serving_engine(1);
    cordon_outcome *outcome = serving_outcome();
    const cordon_request request = CORDON_REQUEST_INIT;

    for (int i = 0; i < 5; i++) {
        serving_load(engine, NO_GRAPH("r", "return { output = 1 }"));
        ck_assert_int_eq(serving_answer(engine, outcome, "r", &request), 1);
        ck_assert_uint_eq(engine->lanes[0].images.count, 1);
    }
    cordon_outcome_free(outcome);
    cordon_engine_free(engine);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("images");

    CDN_UNIT_CASE(s, images__are_found_by_version);
    CDN_UNIT_CASE(s, images__free_the_least_recently_used_for_room);
    CDN_UNIT_CASE(s, images__are_built_again_when_they_are_asked_for);
    CDN_UNIT_CASE(s, images__of_replaced_rules_are_freed);
    return s;
}

CDN_UNIT_MAIN(suite)
