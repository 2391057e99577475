/* Building an image: a fresh state, the library, the caller's chunk, then a copy of the
 * bytes.
 *
 * All that can raise happens in one lua_cpcall under the meter.  What the copy then
 * holds is what every run starts from: the entry function alone on the stack, the count
 * hook armed a quantum away, the collector idle, no garbage, nothing of `package`
 * within reach, and the segments of light userdata that handles use interned, so that
 * pushing one never allocates.
 *
 * An image is all absolute pointers: it belongs to its slot's address. */
#include "sandbox/slot.h"

#include <lauxlib.h>
#include <string.h>

#include "base/alloc.h"
#include "sandbox/library.h"
#include "sandbox/placement.h"
#include "sandbox/state.h"

enum {
    ENTRY = 1, /* where the registry keeps the entry until it is on the stack */
    /* LuaJIT's own buffers shrink by halves, once a collection */
    MOST_COLLECTIONS = 16,
    /* Slots that a run finds free, so that only deep ones ask for more.  Less than the stack
     * has to begin with: LuaJIT then doubles it, as it would in the run, and how deep calls
     * can nest, which goes with what it is doubled from, stays what it was. */
    STACK_ROOM = 2 * LUA_MINSTACK
};

struct job {
    lua_CFunction build;
    void *ud;
};

/* Pushing a light userdata may allocate the first time one of its 2^39 bytes is seen.
 */
CDN_RAISES static void intern_segments(lua_State *L, void *ud)
{
    void *const samples[] = {(void *)(uintptr_t)1, (void *)((uintptr_t)1 << 37),
                             (void *)((uintptr_t)1 << 38), ud};

    for (size_t i = 0; i < sizeof samples / sizeof samples[0]; i++) {
        lua_pushlightuserdata(L, samples[i]);
        lua_pop(L, 1);
    }
}

/* Leave nothing on the stack, and no garbage. */
CDN_RAISES static int collect(lua_State *L)
{
    const struct cdn_slot *slot = cdn_slot_of(L);
    size_t live;

    lua_settop(L, 0);
    for (int i = 0; i < MOST_COLLECTIONS; i++) {
        live = slot->arena.head->live;
        lua_gc(L, LUA_GCCOLLECT, 0);
        if (i && slot->arena.head->live >= live)
            break;
    }
    /* a collection takes off what of it is not in use */
    luaL_checkstack(L, STACK_ROOM, "an image");
    return 0;
}

CDN_RAISES static int build_inside(lua_State *L)
{
    const struct job *job = lua_touserdata(L, 1);

    lua_settop(L, 0);
    cdn_library_open(L);
    lua_settop(L, 0);
    /* functions made from here on inherit this environment, not the stock globals */
    lua_pushvalue(L, LUA_GLOBALSINDEX);
    lua_replace(L, LUA_ENVIRONINDEX);
    /* What they list would hand back every library that was left out. */
    lua_pushnil(L);
    lua_setfield(L, LUA_REGISTRYINDEX, "_LOADED");
    lua_pushnil(L);
    lua_setfield(L, LUA_REGISTRYINDEX, "_PRELOAD");
    intern_segments(L, job->ud);

    lua_pushcfunction(L, job->build);
    lua_pushlightuserdata(L, job->ud);
    lua_call(L, 1, 1);
    if (!lua_isfunction(L, -1))
        return luaL_error(L, "the chunk left a %s where its entry function should be",
                          luaL_typename(L, -1));
    lua_rawseti(L, LUA_REGISTRYINDEX, ENTRY);
    return collect(L);
}

static int call_build(struct cdn_slot *slot, void *ud)
{
    return lua_cpcall(slot->L, build_inside, ud);
}

/* A copy of the arena with the entry on the stack.  NULL: no memory. */
static struct cdn_image *copy(struct cdn_slot *slot)
{
    struct cdn_arena *arena = &slot->arena;
    struct cdn_difference difference;
    struct cdn_image *image = NULL;
    size_t bytes, room;

    lua_settop(slot->L, 0);
    lua_rawgeti(slot->L, LUA_REGISTRYINDEX, ENTRY);
    cdn_arena_trim(arena);
    cdn_meter_hook(slot);
    bytes = (size_t)arena->head->top;
    cdn_arena_unpoison(arena, bytes);
    if (!cdn_difference_plan(&difference, &slot->bases, arena->base, bytes))
        goto out;
    room = sizeof *image + cdn_difference_room(&difference, bytes);
    image = cdn_alloc(room);
    if (!image) {
        cdn_difference_drop(&difference, &slot->bases);
        goto out;
    }
    cdn_difference_fill(&difference, image + 1, arena->base, bytes);
    *image = (struct cdn_image){
        .slot = slot,
        .serial = ++slot->serials,
        .L = slot->L,
        .live = (size_t)arena->head->live,
        .bytes = bytes,
        .reach = slot->reach, /* constants included (cdn_meter_see_constants) */
        .difference = difference,
        .room = room,
    };
    slot->held += room;
out:
    cdn_arena_poison(arena);
    return image;
}

/* Load under the budget into a fresh state: how it ended, in *run. */
static cordon_status attempt(enum cdn_run *run, struct cdn_slot *slot, struct job *job,
                             const struct cdn_budget *budget, const uint32_t *cancel,
                             struct cdn_placement *plan, cordon_error *err)
{
    size_t room = slot->config.image_bytes + slot->config.memory_bytes;
    int status = 0;

    slot->message[0] = slot->message_file[0] = '\0';
    slot->message_line = 0;
    slot->random = 0;
    slot->arena.plan = plan;
    slot->L = cdn_slot_state(slot);
    if (!slot->L) {
        slot->arena.plan = NULL;
        return cdn_error_nomem(err);
    }
    if (budget->memory_bytes < room)
        room = (size_t)budget->memory_bytes;
    cdn_slot_limit(slot, 0, room);
    cdn_meter_hook(slot);
    slot->reach = (struct cdn_reach){0};
    slot->loading = true;
    if (cdn_meter_begin(slot, budget, 0, cancel))
        status = cdn_slot_protect(slot, call_build, job);
    cdn_meter_end(slot);
    slot->loading = false;
    slot->arena.plan = NULL;
    *run = cdn_slot_classify(slot, status);
    if (*run == CDN_RUN_OK && slot->arena.head->live > slot->config.image_bytes) {
        slot->meter.stop = CDN_STOP_MEMORY;
        *run = CDN_RUN_STOPPED;
    }
    return CORDON_OK;
}

cordon_status cdn_image_build(struct cdn_image **out, enum cdn_run *run,
                              struct cdn_slot *slot, lua_CFunction build, void *ud,
                              const struct cdn_budget *budget, const uint32_t *cancel,
                              cordon_error *err)
{
    struct job job = {.build = build, .ud = ud};
    cordon_status status;

    *out = NULL;
    status = attempt(run, slot, &job, budget, cancel, NULL, err);
    if (status || *run != CDN_RUN_OK)
        return status;
    *out = copy(slot);
    return *out ? CORDON_OK : cdn_error_nomem(err);
}

cordon_status cdn_image_build_compact(struct cdn_image **out, enum cdn_run *run,
                                      struct cdn_slot *slot, lua_CFunction build,
                                      void *ud, const struct cdn_budget *budget,
                                      const uint32_t *cancel, cordon_error *err)
{
    struct job job = {.build = build, .ud = ud};
    struct cdn_placement plan;
    cordon_status status;
    bool holds;

    *out = NULL;
    cdn_placement_init(&plan);
    status = attempt(run, slot, &job, budget, cancel, &plan, err);
    if (status || *run != CDN_RUN_OK)
        goto out;
    if (plan.failed) {
        status = cdn_error_nomem(err);
    } else {
        cdn_placement_replay(&plan, &slot->arena);
        status = attempt(run, slot, &job, budget, cancel, &plan, err);
        holds = cdn_placement_end(&plan, &slot->arena);
        if (status || *run != CDN_RUN_OK)
            goto out;
        if (holds)
            *out = copy(slot);
        if (holds && !*out)
            status = cdn_error_nomem(err);
    }
    if (!status && !*out)
        status = cdn_image_build(out, run, slot, build, ud, budget, cancel, err);
out:
    cdn_placement_deinit(&plan);
    return status;
}

static int call_collect(struct cdn_slot *slot, void *ud)
{
    (void)ud;
    return lua_cpcall(slot->L, collect, NULL);
}

cordon_status cdn_image_take(struct cdn_image **out, struct cdn_slot *slot,
                             cordon_error *err)
{
    *out = NULL;
    if (cdn_slot_protect(slot, call_collect, NULL))
        return CORDON_OK; /* not even for the call was there room */
    if (slot->arena.head->live > slot->config.image_bytes)
        return CORDON_OK;
    *out = copy(slot);
    return *out ? CORDON_OK : cdn_error_nomem(err);
}

void cdn_image_free(struct cdn_image *image)
{
    if (!image)
        return;
    image->slot->held -= image->room;
    cdn_difference_drop(&image->difference, &image->slot->bases);
    cdn_free(image);
}

size_t cdn_image_own(const struct cdn_image *image)
{
    return image->room;
}

size_t cdn_image_held(const struct cdn_image *image)
{
    return image->slot->held + image->slot->bases.held;
}

size_t cdn_image_bytes(const struct cdn_image *image)
{
    return image->bytes;
}
