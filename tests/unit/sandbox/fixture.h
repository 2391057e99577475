/* A slot, and chunks to run in it: what the tests of the sandbox's core share.
 *
 * A chunk is called with one table `t` of native functions:
 *   t.charge(n) t.edges(n)  the meter
 *   t.scratch(bytes)        native memory; returns the mark from before
 *   t.release(mark)
 *   t.catch(f)              a naive native pcall, as host code might write one by mistake
 * What it returns first is kept as text in fixture.result. */
#ifndef CORDON_TESTS_SANDBOX_FIXTURE_H
#define CORDON_TESTS_SANDBOX_FIXTURE_H

#include "support/unit.h"

#include <lauxlib.h>

#include "sandbox/library.h"
#include "sandbox/slot.h"

struct fixture {
    struct cdn_slot *slot;
    char result[256];
    uint32_t cancel;
};

static const struct cdn_budget fixture_budget = {
    .instructions = 20 * 1000 * 1000,
    .memory_bytes = 512 * 1024,
    .edges = 1000,
    .output_bytes = 64 * 1024,
    .wall_ns = UINT64_C(600000000000),
};

static inline int fixture_charge(lua_State *L)
{
    cdn_meter_charge(L, (uint64_t)luaL_checknumber(L, 1));
    return 0;
}

static inline int fixture_edges(lua_State *L)
{
    cdn_meter_charge_edges(L, (uint64_t)luaL_checknumber(L, 1));
    return 0;
}

static inline int fixture_scratch(lua_State *L)
{
    size_t bytes = (size_t)luaL_checknumber(L, 1);
    size_t mark = cdn_scratch_mark(L);
    void *block = cdn_scratch_alloc(L, bytes);

    ck_assert_uint_eq((uintptr_t)block % 16, 0);
    memset(block, 0x5a, bytes);
    lua_pushnumber(L, (lua_Number)mark);
    return 1;
}

static inline int fixture_release(lua_State *L)
{
    cdn_scratch_release(L, (size_t)luaL_checknumber(L, 1));
    return 0;
}

static inline int fixture_catch(lua_State *L)
{
    lua_pushboolean(L, lua_pcall(L, lua_gettop(L) - 1, 0, 0) == 0);
    return 1;
}

static inline int fixture_entry(lua_State *L)
{
    static const luaL_Reg functions[] = {{"charge", fixture_charge},
                                         {"edges", fixture_edges},
                                         {"scratch", fixture_scratch},
                                         {"release", fixture_release},
                                         {"catch", fixture_catch}};
    struct fixture *fixture = cdn_slot_host(L);

    lua_pushvalue(L, lua_upvalueindex(1));
    lua_newtable(L);
    for (size_t i = 0; i < sizeof functions / sizeof functions[0]; i++) {
        lua_pushcfunction(L, functions[i].func);
        lua_setfield(L, -2, functions[i].name);
    }
    lua_call(L, 1, 1);
    cdn_tostring(L, -1);
    snprintf(fixture->result, sizeof fixture->result, "%s", lua_tostring(L, -1));
    return 0;
}

static inline int fixture_build(lua_State *L)
{
    const char *source = lua_touserdata(L, 1);

    cdn_library_load(L, source, strlen(source), "rule.lua");
    lua_pushcclosure(L, fixture_entry, 1);
    return 1;
}

/* The chunk itself is the entry: nothing but its own bytecodes is counted. */
static inline int fixture_build_bare(lua_State *L)
{
    const char *source = lua_touserdata(L, 1);

    cdn_library_load(L, source, strlen(source), "rule.lua");
    return 1;
}

static inline void fixture_open(struct fixture *fixture)
{
    cordon_error err;

    memset(fixture, 0, sizeof *fixture);
    ck_assert_int_eq(cdn_slot_new(&fixture->slot, NULL, &err), CORDON_OK);
    cdn_slot_set_host(fixture->slot, fixture);
}

static inline struct cdn_image *
fixture_image_with(struct fixture *fixture, lua_CFunction build, const char *source)
{
    struct cdn_image *image;
    enum cdn_run run;
    cordon_error err;

    ck_assert_int_eq(cdn_image_build(&image, &run, fixture->slot, build,
                                     (void *)(uintptr_t)source, &fixture_budget, NULL,
                                     &err),
                     CORDON_OK);
    if (!image)
        ck_abort_msg("'%s' does not load: %d %s", source, run,
                     cdn_slot_message(fixture->slot, NULL, NULL));
    ck_assert_int_eq(run, CDN_RUN_OK);
    return image;
}

static inline struct cdn_image *fixture_image(struct fixture *fixture,
                                              const char *source)
{
    return fixture_image_with(fixture, fixture_build, source);
}

static inline enum cdn_run fixture_run(struct fixture *fixture,
                                       const struct cdn_image *image,
                                       const struct cdn_budget *budget)
{
    fixture->result[0] = '\0';
    return cdn_slot_run(fixture->slot, image, budget ? budget : &fixture_budget, 0,
                        &fixture->cancel, 1);
}

/* Build and run once; the image is gone afterwards. */
static inline enum cdn_run fixture_eval(struct fixture *fixture, const char *source,
                                        const struct cdn_budget *budget)
{
    struct cdn_image *image = fixture_image(fixture, source);
    enum cdn_run run = fixture_run(fixture, image, budget);

    cdn_image_free(image);
    return run;
}

static inline enum cdn_stop fixture_stop(struct fixture *fixture)
{
    return cdn_slot_meter(fixture->slot)->stop;
}

/* The instructions of a chunk, which are the same with from `ms` of time to 1,000 times that:
 * where the hook would have fired does not matter.  Of runs that end in time, at least one. */
static inline uint64_t fixture_counts_alike(struct fixture *fixture, const char *source,
                                            uint64_t ms)
{
    struct cdn_image *image = fixture_image_with(fixture, fixture_build_bare, source);
    uint64_t first = 0;

    for (uint64_t most = ms * 1000; ms <= most; ms *= 3) {
        struct cdn_budget budget = fixture_budget;

        budget.wall_ns = ms * 1000000;
        for (int i = 0; i < 3; i++) {
            enum cdn_run run = fixture_run(fixture, image, &budget);

            if (run == CDN_RUN_STOPPED && fixture_stop(fixture) == CDN_STOP_TIME)
                continue; /* this machine was slow */
            ck_assert_int_eq(run, CDN_RUN_OK);
            if (!first)
                first = cdn_slot_instructions(fixture->slot);
            ck_assert_uint_eq(cdn_slot_instructions(fixture->slot), first);
        }
    }
    ck_assert_uint_gt(first, 0);
    cdn_image_free(image);
    return first;
}

#endif
