#include "unit/sandbox/fixture.h"

#include "base/alloc.h"
#include "sandbox/state.h"

static struct fixture fixture;

/* Build with any budget; *run says how it went. */
static struct cdn_image *build(lua_CFunction function, const char *source,
                               const struct cdn_budget *budget, enum cdn_run *run)
{
    struct cdn_image *image;
    cordon_error err;

    ck_assert_int_eq(
        cdn_image_build(&image, run, fixture.slot, function, (void *)(uintptr_t)source,
                        budget ? budget : &fixture_budget, &fixture.cancel, &err),
        CORDON_OK);
    ck_assert_int_eq(image != NULL, *run == CDN_RUN_OK);
    return image;
}

START_TEST(small_rule__has_a_small_image)
{
    fixture_open(&fixture);
    struct cdn_image *image = fixture_image(&fixture, "return 1");

    ck_assert_uint_lt(cdn_image_bytes(image), 48 * 1024);
    ck_assert_uint_gt(cdn_image_bytes(image), 12 * 1024);
    cdn_image_free(image);
    cdn_image_free(NULL);
    cdn_slot_free(fixture.slot);
}
END_TEST

START_TEST(same_source__gives_the_same_size_whatever_ran_before)
{
    fixture_open(&fixture);
    struct cdn_image *first = fixture_image(&fixture, "return 1");

    fixture_eval(&fixture, "local t = {} for i = 1, 1e6 do t[i] = {} end", NULL);
    struct cdn_image *second = fixture_image(&fixture, "return 1");

    ck_assert_uint_eq(cdn_image_bytes(first), cdn_image_bytes(second));
    ck_assert_int_eq(fixture_run(&fixture, first, NULL), CDN_RUN_OK);
    ck_assert_str_eq(fixture.result, "1");
    cdn_image_free(first);
    cdn_image_free(second);
    cdn_slot_free(fixture.slot);
}
END_TEST

START_TEST(chunk_that_fails__leaves_its_message)
{
    static const struct {
        const char *source, *text;
        uint32_t line;
    } cases[] = {
        {"x = = 1", "unexpected symbol", 1},
        {"\n\nlocal x = 1LL", "suffix", 3},
        {"\x1bLJ\x02", "bytecode", 1},
        {"return (", "expected", 1},
    };
    enum cdn_run run;

    fixture_open(&fixture);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const char *file;
        uint32_t line;

        ck_assert_ptr_null(build(fixture_build, cases[i].source, NULL, &run));
        ck_assert_int_eq(run, CDN_RUN_ERROR);
        ck_assert_ptr_nonnull(
            strstr(cdn_slot_message(fixture.slot, &file, &line), cases[i].text));
        ck_assert_str_eq(file, "rule.lua");
        ck_assert_uint_eq(line, cases[i].line);
    }
    /* And the slot goes on. */
    ck_assert_int_eq(fixture_eval(&fixture, "return 1", NULL), CDN_RUN_OK);
    cdn_slot_free(fixture.slot);
}
END_TEST

/* Runs the chunk while building; its result is the entry. */
static int build_running(lua_State *L)
{
    fixture_build_bare(L);
    lua_call(L, 0, 1);
    return 1;
}

START_TEST(chunk__runs_under_the_budget_of_the_load)
{
    struct cdn_budget budget = fixture_budget;
    enum cdn_run run;

    budget.instructions = 100000;
    fixture_open(&fixture);
    ck_assert_ptr_null(build(build_running, "while true do end", &budget, &run));
    ck_assert_int_eq(run, CDN_RUN_STOPPED);
    ck_assert_int_eq(fixture_stop(&fixture), CDN_STOP_INSTRUCTIONS);
    ck_assert_ptr_null(build(
        build_running, "local t = {} for i = 1, 1e7 do t[i] = {} end", &budget, &run));
    ck_assert_int_eq(run, CDN_RUN_STOPPED);
    ck_assert_int_eq(fixture_stop(&fixture), CDN_STOP_MEMORY);
    ck_assert_ptr_null(
        build(build_running, "while true do pcall(error) end", &budget, &run));
    ck_assert_int_eq(fixture_stop(&fixture), CDN_STOP_INSTRUCTIONS);
    budget.wall_ns = 1;
    ck_assert_ptr_null(build(build_running, "while true do end", &budget, &run));
    ck_assert_int_eq(fixture_stop(&fixture), CDN_STOP_TIME);
    fixture.cancel = 1;
    ck_assert_ptr_null(build(build_running, "while true do end", NULL, &run));
    ck_assert_int_eq(fixture_stop(&fixture), CDN_STOP_CANCELLED);
    cdn_slot_free(fixture.slot);
}
END_TEST

START_TEST(image_above_its_cap__is_refused)
{
    static const char source[] = "local t = {} for i = 1, 40000 do t[i] = {} end "
                                 "return function() return t end";
    struct cdn_budget budget = fixture_budget;
    enum cdn_run run;

    budget.memory_bytes = 8 << 20;
    fixture_open(&fixture);
    ck_assert_ptr_null(build(build_running, source, &budget, &run));
    ck_assert_int_eq(run, CDN_RUN_STOPPED);
    ck_assert_int_eq(fixture_stop(&fixture), CDN_STOP_MEMORY);
    cdn_slot_free(fixture.slot);
}
END_TEST

START_TEST(entry__has_to_be_a_function)
{
    enum cdn_run run;

    fixture_open(&fixture);
    ck_assert_ptr_null(build(build_running, "return 12", NULL, &run));
    ck_assert_int_eq(run, CDN_RUN_ERROR);
    ck_assert_ptr_nonnull(
        strstr(cdn_slot_message(fixture.slot, NULL, NULL), "a number"));
    cdn_slot_free(fixture.slot);
}
END_TEST

START_TEST(what_the_chunk_built__is_there_at_every_run)
{
    enum cdn_run run;

    fixture_open(&fixture);
    struct cdn_image *image =
        build(build_running,
              "local n, list = 0, {} for i = 1, 50 do list[i] = i end "
              "return function() n = n + 1 list[#list + 1] = n "
              "if n ~= 1 or #list ~= 51 then error('not pristine') end end",
              NULL, &run);

    for (int i = 0; i < 10; i++)
        ck_assert_int_eq(fixture_run(&fixture, image, NULL), CDN_RUN_OK);
    cdn_image_free(image);
    cdn_slot_free(fixture.slot);
}
END_TEST

static int look_around(lua_State *L)
{
    static const char *const gone[] = {"_LOADED", "_PRELOAD"};

    ck_assert_int_eq(lua_gettop(L), 0);
    for (size_t i = 0; i < 2; i++) {
        lua_getfield(L, LUA_REGISTRYINDEX, gone[i]);
        ck_assert(lua_isnil(L, -1));
    }
    ck_assert_int_eq(lua_gethookmask(L), LUA_MASKCOUNT);
    ck_assert_ptr_eq(cdn_slot_host(L), &fixture);
    ck_assert_ptr_eq(cdn_slot_of(L), fixture.slot);
    ck_assert_ptr_eq(cdn_meter_of(L), cdn_slot_meter(fixture.slot));
    return 0;
}

static int build_looking(lua_State *L)
{
    ck_assert_ptr_eq(lua_touserdata(L, 1), &fixture);
    lua_pushcfunction(L, look_around);
    return 1;
}

START_TEST(state__has_no_registry_of_libraries)
{
    enum cdn_run run;

    fixture_open(&fixture);
    struct cdn_image *image = build(build_looking, (const char *)&fixture, NULL, &run);

    ck_assert_int_eq(fixture_run(&fixture, image, NULL), CDN_RUN_OK);
    cdn_image_free(image);
    cdn_slot_free(fixture.slot);
}
END_TEST

/* Pushing a handle allocates nothing, so that graph code may do it anywhere. */
static int push_handles(lua_State *L)
{
    size_t live = fixture.slot->arena.head->live;

    for (uintptr_t i = 0; i < 15; i++)
        lua_pushlightuserdata(L,
                              (void *)(((uintptr_t)1 << (37 + i % 2)) | (i << 32) | i));
    ck_assert_uint_eq(fixture.slot->arena.head->live, live);
    return 0;
}

static int build_handles(lua_State *L)
{
    lua_pushcfunction(L, push_handles);
    return 1;
}

START_TEST(handles__take_no_memory)
{
    enum cdn_run run;

    fixture_open(&fixture);
    struct cdn_image *image = build(build_handles, NULL, NULL, &run);

    ck_assert_int_eq(fixture_run(&fixture, image, NULL), CDN_RUN_OK);
    ck_assert_uint_eq(cdn_slot_memory_peak(fixture.slot), 0);
    cdn_image_free(image);
    cdn_slot_free(fixture.slot);
}
END_TEST

static struct cdn_image *take(void)
{
    struct cdn_image *image;
    cordon_error err;

    ck_assert_int_eq(cdn_image_take(&image, fixture.slot, &err), CORDON_OK);
    return image;
}

START_TEST(take__keeps_what_a_run_set)
{
    static const char source[] =
        "n = (n or 0) + 1 kept = kept or {} kept[n] = ('x'):rep(n) "
        "co = co or coroutine.wrap(function() local i = 0 while true do i = i + 1 "
        "coroutine.yield(i) end end) return n .. ' ' .. #kept .. ' ' .. co()";
    struct cdn_image *images[20];

    fixture_open(&fixture);
    images[0] = fixture_image(&fixture, source);
    for (int i = 1; i < 20; i++) {
        char expected[32];

        snprintf(expected, sizeof expected, "%d %d %d", i, i, i);
        ck_assert_int_eq(fixture_run(&fixture, images[i - 1], NULL), CDN_RUN_OK);
        ck_assert_str_eq(fixture.result, expected);
        images[i] = take();
        ck_assert_ptr_nonnull(images[i]);
    }
    /* each is what it was, in any order */
    for (int i = 18; i >= 0; i -= 3) {
        char expected[32];

        snprintf(expected, sizeof expected, "%d %d %d", i + 1, i + 1, i + 1);
        cdn_slot_restore(fixture.slot, images[i]);
        ck_assert_uint_eq(cdn_slot_compare(fixture.slot, images[i]), SIZE_MAX);
        ck_assert_int_eq(fixture_run(&fixture, images[i], NULL), CDN_RUN_OK);
        ck_assert_str_eq(fixture.result, expected);
    }
    for (int i = 0; i < 20; i++)
        cdn_image_free(images[i]);
    ck_assert_uint_eq(fixture.slot->held, 0);
    cdn_slot_free(fixture.slot);
}
END_TEST

START_TEST(take__leaves_garbage_behind)
{
    fixture_open(&fixture);
    struct cdn_image *image =
        fixture_image(&fixture, "local t = {} for i = 1, 3000 do t[i] = { i } end");
    struct cdn_image *after;

    ck_assert_int_eq(fixture_run(&fixture, image, NULL), CDN_RUN_OK);
    after = take();
    ck_assert_ptr_nonnull(after);
    ck_assert_uint_lt(after->live, image->live + 1024);
    cdn_image_free(image);
    cdn_image_free(after);
    cdn_slot_free(fixture.slot);
}
END_TEST

START_TEST(take__refuses_what_an_image_may_not_hold)
{
    struct cdn_budget budget = fixture_budget;
    struct cdn_image *image;

    fixture_open(&fixture);
    image = fixture_image(&fixture, "kept = kept or ('x'):rep(1500000) return #kept");
    budget.memory_bytes = 4 << 20;
    ck_assert_int_eq(fixture_run(&fixture, image, &budget), CDN_RUN_OK);
    ck_assert_ptr_null(take());
    ck_assert_int_eq(fixture_run(&fixture, image, &budget), CDN_RUN_OK);
    ck_assert_str_eq(fixture.result, "1500000");
    cdn_image_free(image);
    cdn_slot_free(fixture.slot);
}
END_TEST

#ifdef CORDON_FAILALLOC
START_TEST(take__survives_every_heap_allocation_failure)
{
    fixture_open(&fixture);
    struct cdn_image *image = fixture_image(&fixture, "n = (n or 0) + 1 return n");

    CDN_UNIT_FAILALLOC(nth)
    {
        struct cdn_image *after;
        cordon_error err;
        cordon_status status;

        fixture_run(&fixture, image, NULL);
        status = cdn_image_take(&after, fixture.slot, &err);
        ck_assert_int_eq(status, cdn_failalloc_fired() ? CORDON_E_NOMEM : CORDON_OK);
        ck_assert_int_eq(after == NULL, status != CORDON_OK);
        cdn_image_free(after);
    }
    cdn_image_free(image);
    cdn_slot_free(fixture.slot);
}
END_TEST

START_TEST(build__survives_every_heap_allocation_failure)
{
    fixture_open(&fixture);
    CDN_UNIT_FAILALLOC(nth)
    {
        struct cdn_image *image;
        enum cdn_run run;
        cordon_error err;
        cordon_status status = cdn_image_build(
            &image, &run, fixture.slot, fixture_build, (void *)(uintptr_t) "return 1",
            &fixture_budget, NULL, &err);

        if (cdn_failalloc_fired()) {
            ck_assert_int_eq(status, CORDON_E_NOMEM);
            ck_assert_ptr_null(image);
        } else {
            ck_assert_int_eq(status, CORDON_OK);
            cdn_image_free(image);
        }
    }
    cdn_slot_free(fixture.slot);
}
END_TEST

/* Lets the arena's n-th allocation from here fail: inside the protected build. */
static long fail_nth;

static int build_failing(lua_State *L)
{
    fixture.slot->arena.fail_after = fail_nth;
    fixture_build(L);
    fixture.slot->arena.fail_after = -1;
    return 1;
}

START_TEST(build__survives_every_arena_allocation_failure)
{
    bool failed = true;

    fixture_open(&fixture);
    for (fail_nth = 0; failed; fail_nth++) {
        enum cdn_run run;
        struct cdn_image *image;

        fixture.slot->arena.failed = false;
        image = build(build_failing, "local t = {1, 2} return #t", NULL, &run);
        failed = fixture.slot->arena.failed;
        fixture.slot->arena.fail_after = -1;
        if (failed) {
            ck_assert_int_eq(run, CDN_RUN_STOPPED);
            ck_assert_int_eq(fixture_stop(&fixture), CDN_STOP_MEMORY);
        } else {
            ck_assert_int_eq(run, CDN_RUN_OK);
            ck_assert_int_eq(fixture_run(&fixture, image, NULL), CDN_RUN_OK);
            ck_assert_str_eq(fixture.result, "2");
        }
        cdn_image_free(image);
    }
    ck_assert_int_gt(fail_nth, 10);
    cdn_slot_free(fixture.slot);
}
END_TEST
#endif

/* A run finds room on the Lua stack for what calls what here: growing it alone takes 896 bytes. */
START_TEST(run__finds_a_stack_large_enough)
{
    static const char source[] = "local function f(x)\n"
                                 "  return x == 0 and tostring(x) or f(x - 1) .. ''\n"
                                 "end\n"
                                 "return select(2, pcall(f, 2))";

    fixture_open(&fixture);
    ck_assert_int_eq(fixture_eval(&fixture, source, NULL), CDN_RUN_OK);
    ck_assert_str_eq(fixture.result, "0");
    ck_assert_uint_lt(cdn_slot_memory_peak(fixture.slot), 896);
    cdn_slot_free(fixture.slot);
}
END_TEST

/* Whose a state is: what LuaJIT says itself, in every thread of it. */
START_TEST(owner__is_whom_luajit_names)
{
    struct cdn_slot *slots[2];
    void *ud = NULL;

    for (int i = 0; i < 2; i++) {
        lua_State *L;

        ck_assert_int_eq(cdn_slot_new(&slots[i], NULL, NULL), CORDON_OK);
        L = cdn_slot_state(slots[i]);
        ck_assert_ptr_nonnull(L);
        lua_getallocf(L, &ud);
        ck_assert_ptr_eq(ud, slots[i]);
        ck_assert_ptr_eq(cdn_slot_of(L), slots[i]);
        ck_assert_ptr_eq(cdn_slot_of(lua_newthread(L)), slots[i]);
    }
    cdn_slot_free(slots[0]);
    cdn_slot_free(slots[1]);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("image");

    CDN_UNIT_CASE(s, small_rule__has_a_small_image);
    CDN_UNIT_CASE(s, same_source__gives_the_same_size_whatever_ran_before);
    CDN_UNIT_CASE(s, chunk_that_fails__leaves_its_message);
    CDN_UNIT_CASE(s, chunk__runs_under_the_budget_of_the_load);
    CDN_UNIT_CASE(s, image_above_its_cap__is_refused);
    CDN_UNIT_CASE(s, entry__has_to_be_a_function);
    CDN_UNIT_CASE(s, what_the_chunk_built__is_there_at_every_run);
    CDN_UNIT_CASE(s, state__has_no_registry_of_libraries);
    CDN_UNIT_CASE(s, handles__take_no_memory);
    CDN_UNIT_CASE(s, take__keeps_what_a_run_set);
    CDN_UNIT_CASE(s, take__leaves_garbage_behind);
    CDN_UNIT_CASE(s, take__refuses_what_an_image_may_not_hold);
    CDN_UNIT_CASE(s, run__finds_a_stack_large_enough);
    CDN_UNIT_CASE(s, owner__is_whom_luajit_names);
#ifdef CORDON_FAILALLOC
    CDN_UNIT_CASE(s, take__survives_every_heap_allocation_failure);
    CDN_UNIT_CASE(s, build__survives_every_heap_allocation_failure);
    CDN_UNIT_CASE(s, build__survives_every_arena_allocation_failure);
#endif
    return s;
}

CDN_UNIT_MAIN(suite)
