#include "unit/sandbox/fixture.h"

#include "base/alloc.h"
#include "sandbox/state.h"

static struct fixture fixture;

static struct cdn_image *compact(lua_CFunction function, const char *source,
                                 enum cdn_run *run, cordon_status *status)
{
    struct cdn_image *image;
    cordon_error err;

    *status =
        cdn_image_build_compact(&image, run, fixture.slot, function,
                                (void *)(uintptr_t)source, &fixture_budget, NULL, &err);
    return image;
}

static const char *const sources[] = {
    "return 1",
    "local t = {} for i = 1, 2000 do t[i] = ('x'):rep(i % 50) .. i end\n"
    "return #t .. t[77]",
    "local kept = {} for i = 1, 300 do kept[i] = { i, {} } end\n"
    "local co = coroutine.wrap(function() for i = 1, 9 do coroutine.yield(i) end end)\n"
    "local s = 0 for i = 1, 300 do s = s + kept[i][1] end return s + co() + co()",
};

START_TEST(compact_image__has_no_holes_and_runs_alike)
{
    cordon_status status;
    enum cdn_run run;
    char result[sizeof fixture.result];

    fixture_open(&fixture);
    struct cdn_image *loose = fixture_image(&fixture, sources[_i]);
    ck_assert_int_eq(fixture_run(&fixture, loose, NULL), CDN_RUN_OK);
    uint64_t instructions = cdn_slot_instructions(fixture.slot);
    memcpy(result, fixture.result, sizeof result);

    struct cdn_image *image = compact(fixture_build, sources[_i], &run, &status);
    ck_assert_int_eq(status, CORDON_OK);
    ck_assert_int_eq(run, CDN_RUN_OK);
    ck_assert_uint_eq(image->bytes, image->live + sizeof(struct cdn_arena_head));
    ck_assert_uint_lt(image->bytes, loose->bytes);
    for (int i = 0; i < 3; i++) {
        ck_assert_int_eq(fixture_run(&fixture, image, NULL), CDN_RUN_OK);
        ck_assert_str_eq(fixture.result, result);
        ck_assert_uint_eq(cdn_slot_instructions(fixture.slot), instructions);
        cdn_slot_restore(fixture.slot, image);
        ck_assert_uint_eq(cdn_slot_compare(fixture.slot, image), SIZE_MAX);
    }
    cdn_image_free(image);
    cdn_image_free(loose);
    cdn_slot_free(fixture.slot);
}
END_TEST

START_TEST(nursery__leaves_nothing_behind_it)
{
    cordon_status status;
    enum cdn_run run;
    size_t used;

    fixture_open(&fixture);
    struct cdn_image *image = compact(fixture_build, sources[1], &run, &status);
    cdn_slot_restore(fixture.slot, image);
    const unsigned char *arena = cdn_slot_arena(fixture.slot, &used);
    cdn_arena_unpoison(&fixture.slot->arena, fixture.slot->arena.span);
    size_t at = image->bytes;
    while (at < fixture.slot->arena.span && !arena[at])
        at++;
    ck_assert_uint_eq(at, fixture.slot->arena.span);
    cdn_image_free(image);
    cdn_slot_free(fixture.slot);
}
END_TEST

static int builds;

/* Keeps another amount of memory every time it is called. */
static int build_otherwise(lua_State *L)
{
    builds++;
    lua_pushfstring(L, "return '%d'", builds);
    const char *source = lua_tostring(L, -1);
    cdn_library_load(L, source, strlen(source), "rule.lua");
    lua_newtable(L);
    for (int i = 1; i <= 50 * builds; i++) {
        lua_newtable(L);
        lua_rawseti(L, -2, i);
    }
    lua_setfield(L, LUA_REGISTRYINDEX, "kept");
    lua_pushcclosure(L, fixture_entry, 1);
    return 1;
}

START_TEST(build_that_differs__still_gives_a_sound_image)
{
    cordon_status status;
    enum cdn_run run;

    fixture_open(&fixture);
    builds = 0;
    struct cdn_image *image = compact(build_otherwise, "", &run, &status);
    ck_assert_int_eq(status, CORDON_OK);
    ck_assert_int_eq(run, CDN_RUN_OK);
    ck_assert_int_eq(builds, 3);
    ck_assert_int_eq(fixture_run(&fixture, image, NULL), CDN_RUN_OK);
    ck_assert_str_eq(fixture.result, "3");
    cdn_slot_restore(fixture.slot, image);
    ck_assert_uint_eq(cdn_slot_compare(fixture.slot, image), SIZE_MAX);
    cdn_image_free(image);
    cdn_slot_free(fixture.slot);
}
END_TEST

START_TEST(chunk_that_fails__gives_no_image)
{
    cordon_status status;
    enum cdn_run run;

    fixture_open(&fixture);
    ck_assert_ptr_null(compact(fixture_build, "return (", &run, &status));
    ck_assert_int_eq(status, CORDON_OK);
    ck_assert_int_eq(run, CDN_RUN_ERROR);
    struct cdn_image *image = compact(fixture_build, "return 7", &run, &status);
    ck_assert_int_eq(fixture_run(&fixture, image, NULL), CDN_RUN_OK);
    ck_assert_str_eq(fixture.result, "7");
    cdn_image_free(image);
    cdn_slot_free(fixture.slot);
}
END_TEST

#ifdef CORDON_FAILALLOC
START_TEST(compact_image__survives_every_allocation_failure)
{
    cordon_status status;
    enum cdn_run run;

    fixture_open(&fixture);
    CDN_UNIT_FAILALLOC(nth)
    {
        struct cdn_image *image = compact(fixture_build, sources[1], &run, &status);
        ck_assert_int_eq(status, cdn_failalloc_fired() ? CORDON_E_NOMEM : CORDON_OK);
        ck_assert_int_eq(image != NULL, status == CORDON_OK);
        cdn_image_free(image);
    }
    cdn_slot_free(fixture.slot);
}
END_TEST
#endif

/* ---- what is left out ---- */

static size_t bytes_with(const char *source, const char *result)
{
    cordon_status status;
    enum cdn_run run;

    cdn_library_choose(fixture.slot, source, strlen(source));
    struct cdn_image *image = compact(fixture_build, source, &run, &status);
    ck_assert_ptr_nonnull(image);
    ck_assert_int_eq(fixture_run(&fixture, image, NULL), CDN_RUN_OK);
    ck_assert_str_eq(fixture.result, result);
    size_t bytes = cdn_image_bytes(image);
    cdn_image_free(image);
    return bytes;
}

START_TEST(library__is_there_as_far_as_it_can_be_named)
{
    fixture_open(&fixture);
    size_t none = bytes_with("return 1", "1");
    size_t one = bytes_with("return math.floor(2.5)", "2");
    size_t spelt = bytes_with("return math['fl' .. 'oor'](2.5)", "2");
    size_t aliased =
        bytes_with("local m = math return m.floor(m['s' .. 'qrt'](6.25))", "2");
    size_t whole = bytes_with("return _G['ma' .. 'th'].floor(2.5)", "2");

    ck_assert_uint_lt(none, one);
    ck_assert_uint_lt(one + 1024, spelt);
    ck_assert_uint_lt(one + 1024, aliased);
    ck_assert_uint_lt(spelt, whole);
    bytes_with("local n = 0 for _ in pairs(math) do n = n + 1 end return n > 25",
               "true");
    bytes_with("return ('x')['r' .. 'ep']('x', 3)", "xxx");
    bytes_with(
        "return select('#', table.concat({1, 2}), bit.band(7, 3), tostring(nil))", "3");
    bytes_with("-- the word math in a comment, nothing else\nreturn type(table.insert)",
               "function");
    bytes_with("return type(math --[[ between ]] . --[[ dots ]] floor)", "function");
    cdn_library_choose(fixture.slot, NULL, 0);
    cdn_slot_free(fixture.slot);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("placement");

    CDN_UNIT_LOOP(s, compact_image__has_no_holes_and_runs_alike, 0,
                  CDN_UNIT_COUNT(sources));
    CDN_UNIT_CASE(s, nursery__leaves_nothing_behind_it);
    CDN_UNIT_CASE(s, build_that_differs__still_gives_a_sound_image);
    CDN_UNIT_CASE(s, chunk_that_fails__gives_no_image);
#ifdef CORDON_FAILALLOC
    CDN_UNIT_CASE(s, compact_image__survives_every_allocation_failure);
#endif
    CDN_UNIT_CASE(s, library__is_there_as_far_as_it_can_be_named);
    return s;
}

CDN_UNIT_MAIN(suite)
