/* Counting bytecodes and native work in one number, and stopping for good.
 *
 * LuaJIT counts bytecodes down to the hook.  Its countdown, two adjacent int32 in the
 * global state (what is left, what it starts again from), is read and written directly:
 * reading it makes the count exact at any moment, and writing it lets a charge move the
 * hook to the very bytecode at which the budget ends.  Where the two lie differs
 * between builds, so a trial state is searched for them and the find is proved by
 * running a loop of known length; where that fails the hook still fires every quantum
 * and only whole quanta are counted.
 *
 * A stop is a flag in host memory.  Once it is set the hook fires at every bytecode and
 * raises again, and every charge does, so that whatever catches the error cannot go on.
 * The error value is a light userdata that means nothing to anyone; the flag decides.
 *
 * Cost: a charge some 3 ns; the hook 40 ns a quantum, mostly the clock. */
#include "sandbox/meter.h"

#include <lauxlib.h>
#include <string.h>

#include "base/checked.h"
#include "base/clock.h"
#include "base/error.h"
#include "sandbox/state.h"

enum {
    POLL_WORK = 4096, /* native work between two looks at the clock */
    MAX_LOCATED = 32, /* frames searched for a line of Lua */
    PROOF_COUNT = 1 << 30
};

/* In the lowest segment of light userdata, which every image has interned. */
#define SENTINEL ((void *)(uintptr_t)1)

/* ---- the countdown ---- */

static inline uint64_t used_now(const struct cdn_slot *slot)
{
    const struct cdn_meter *meter = &slot->meter;

    return cdn_add_sat(meter->charged,
                       meter->executed + (uint64_t)(slot->armed - slot->counter[0]));
}

static void hook(lua_State *L, lua_Debug *frame);

/* Let the hook fire before the bytecode `count` from now, counting what has run so far.
 */
static void rearm(struct cdn_slot *slot, int32_t count)
{
    slot->meter.executed += (uint64_t)(slot->armed - slot->counter[0]);
    slot->armed = count;
    slot->counter[0] = count;
    slot->counter[1] = count;
    if (!slot->exact)
        lua_sethook(slot->L, hook, LUA_MASKCOUNT, count);
}

/* Bytecodes until the hook has to fire, with `left` instructions in the budget: it
 * fires before the first one that is too many. */
static inline int32_t quantum(uint64_t left)
{
    return left < CDN_METER_QUANTUM ? (int32_t)left + 1 : CDN_METER_QUANTUM;
}

/* ---- stopping ---- */

/* Where the rule is: the innermost frame that is at a line of Lua.  Allocates nothing.
 */
static void locate(struct cdn_meter *meter, lua_State *L)
{
    lua_Debug frame;

    for (int level = 0; level < MAX_LOCATED && lua_getstack(L, level, &frame);
         level++) {
        if (!lua_getinfo(L, "Sl", &frame) || frame.currentline <= 0)
            continue;
        cdn_escape(meter->stop_file, sizeof meter->stop_file, frame.short_src,
                   strlen(frame.short_src));
        meter->stop_line = (uint32_t)frame.currentline;
        return;
    }
}

CDN_RAISES static _Noreturn void leave(struct cdn_slot *slot, lua_State *L)
{
    if (!slot->meter.stop_line)
        locate(&slot->meter, L);
    rearm(slot, 1);
    lua_pushlightuserdata(L, SENTINEL);
    lua_error(L);
    __builtin_unreachable();
}

/* Deadline and cancel flag. */
static enum cdn_stop poll_host(struct cdn_meter *meter)
{
    meter->unpolled = 0;
    if (meter->cancel && __atomic_load_n(meter->cancel, __ATOMIC_RELAXED))
        return CDN_STOP_CANCELLED;
    return cdn_clock_ns() >= meter->deadline_ns ? CDN_STOP_TIME : CDN_STOP_NONE;
}

static void collect(struct cdn_slot *slot, lua_State *L)
{
    slot->collect = false;
    lua_gc(L, LUA_GCCOLLECT, 0);
    cdn_slot_limit(slot, slot->live_base, slot->live_limit);
    cdn_slot_pace(slot, L);
}

CDN_RAISES static void hook(lua_State *L, lua_Debug *frame)
{
    struct cdn_slot *slot = cdn_slot_of(L);
    struct cdn_meter *meter = &slot->meter;
    uint64_t used;

    (void)frame;
    /* LuaJIT has started the countdown again: all it was armed with has run. */
    meter->executed += (uint64_t)slot->armed;
    used = cdn_add_sat(meter->charged, meter->executed);
    if (meter->stop == CDN_STOP_NONE && used > meter->limit.instructions)
        meter->stop = CDN_STOP_INSTRUCTIONS;
    if (meter->stop == CDN_STOP_NONE)
        meter->stop = poll_host(meter);
    if (meter->stop != CDN_STOP_NONE)
        leave(slot, L);
    if (slot->collect)
        collect(slot, L);
    rearm(slot, quantum(meter->limit.instructions - used));
}

void cdn_meter_raise(lua_State *L, enum cdn_stop stop)
{
    struct cdn_slot *slot = cdn_slot_of(L);

    if (slot->meter.stop == CDN_STOP_NONE)
        slot->meter.stop = stop;
    leave(slot, L);
}

void cdn_meter_rethrow(lua_State *L)
{
    struct cdn_slot *slot = cdn_slot_of(L);

    if (slot->meter.stop != CDN_STOP_NONE)
        leave(slot, L);
}

/* ---- charging ---- */

struct cdn_meter *cdn_meter_of(lua_State *L)
{
    return &cdn_slot_of(L)->meter;
}

CDN_RAISES static inline void charge(struct cdn_slot *slot, lua_State *L, uint64_t work)
{
    struct cdn_meter *meter = &slot->meter;
    uint64_t used, left;

    meter->charged = cdn_add_sat(meter->charged, work);
    used = used_now(slot);
    if (__builtin_expect(meter->stop != CDN_STOP_NONE, 0))
        leave(slot, L);
    if (__builtin_expect(used > meter->limit.instructions, 0))
        cdn_meter_raise(L, CDN_STOP_INSTRUCTIONS);
    meter->unpolled += (uint32_t)(work < POLL_WORK ? work : POLL_WORK);
    if (__builtin_expect(meter->unpolled >= POLL_WORK, 0)) {
        enum cdn_stop stop = poll_host(meter);

        if (stop != CDN_STOP_NONE)
            cdn_meter_raise(L, stop);
    }
    left = meter->limit.instructions - used;
    if (__builtin_expect(left + 1 < (uint64_t)slot->counter[0], 0))
        rearm(slot, quantum(left));
}

void cdn_meter_charge(lua_State *L, uint64_t work)
{
    charge(cdn_slot_of(L), L, work);
}

void cdn_meter_charge_edges(lua_State *L, uint64_t edges)
{
    struct cdn_slot *slot = cdn_slot_of(L);
    struct cdn_meter *meter = &slot->meter;

    meter->edges = cdn_add_sat(meter->edges, edges);
    if (__builtin_expect(meter->edges > meter->limit.edges, 0)) {
        meter->edges = meter->limit.edges; /* what is charged here is not read */
        cdn_meter_raise(L, CDN_STOP_EDGES);
    }
    charge(slot, L, edges / 4 + (edges % 4 != 0));
}

uint64_t cdn_meter_edges_left(const struct cdn_meter *meter)
{
    return meter->edges < meter->limit.edges ? meter->limit.edges - meter->edges : 0;
}

/* ---- memory ---- */

/* The arena is about to pass the point where garbage should go, or the limit itself.
 * The error is left to the hook at the next bytecode, where the state is in order. */
static void over(void *ud, size_t total, bool refused)
{
    struct cdn_slot *slot = ud;

    if (refused || total > slot->live_limit) {
        if (slot->meter.stop == CDN_STOP_NONE)
            slot->meter.stop = CDN_STOP_MEMORY;
        slot->arena.notice = slot->arena.hard;
    } else {
        slot->collect = true;
        slot->arena.notice = slot->live_limit;
    }
    rearm(slot, 1);
}

/* ---- a run ---- */

void cdn_meter_hook(struct cdn_slot *slot)
{
    lua_sethook(slot->L, hook, LUA_MASKCOUNT, CDN_METER_QUANTUM);
    slot->counter = slot->exact
                        ? (int32_t *)(void *)(slot->arena.base + slot->counter_offset)
                        : slot->standin;
    slot->armed = slot->counter[0] = slot->counter[1] = CDN_METER_QUANTUM;
}

bool cdn_meter_begin(struct cdn_slot *slot, const struct cdn_budget *budget,
                     uint64_t deadline_ns, const uint32_t *cancel)
{
    struct cdn_meter *meter = &slot->meter;
    uint64_t now = cdn_clock_ns();

    meter->stop = CDN_STOP_NONE;
    meter->charged = meter->executed = 0;
    meter->edges = meter->nodes = meter->native_ticks = 0;
    meter->deadline_ns = deadline_ns ? deadline_ns : cdn_add_sat(now, budget->wall_ns);
    meter->cancel = cancel;
    meter->limit = *budget;
    meter->unpolled = meter->nesting = 0;
    meter->stop_file[0] = '\0';
    meter->stop_line = 0;
    slot->collect = false;
    slot->arena.over = over;
    slot->arena.ud = slot;
    slot->armed = CDN_METER_QUANTUM;
    slot->counter[0] = slot->counter[1] = CDN_METER_QUANTUM;
    if (budget->instructions < CDN_METER_QUANTUM)
        rearm(slot, quantum(budget->instructions));
    if (cancel && __atomic_load_n(cancel, __ATOMIC_RELAXED))
        meter->stop = CDN_STOP_CANCELLED;
    else if (now >= meter->deadline_ns)
        meter->stop = CDN_STOP_TIME;
    return meter->stop == CDN_STOP_NONE;
}

void cdn_meter_end(struct cdn_slot *slot)
{
    slot->meter.executed += (uint64_t)(slot->armed - slot->counter[0]);
    slot->armed = slot->counter[0];
    slot->arena.over = NULL;
}

/* ---- finding the countdown ---- */

struct trial {
    struct cdn_slot *slot;
    size_t bytes; /* of the state's first block */
    bool found;
};

static void idle_hook(lua_State *L, lua_Debug *frame)
{
    (void)L;
    (void)frame;
}

/* The offset of the only pair of adjacent int32 that both are what the hook was set to,
 * under two different settings; 0: none or several. */
static size_t find_pair(struct cdn_slot *slot, lua_State *L, size_t first, size_t bytes)
{
    static const int32_t magic[2] = {0x13579bdf, 0x2468ace1};
    size_t found = 0;

    for (size_t at = first; at + 2 * sizeof(int32_t) <= first + bytes;
         at += sizeof(int32_t)) {
        bool both = true;

        for (size_t i = 0; i < 2 && both; i++) {
            int32_t pair[2];

            lua_sethook(L, idle_hook, LUA_MASKCOUNT, magic[i]);
            memcpy(pair, slot->arena.base + at, sizeof pair);
            both = pair[0] == magic[i] && pair[1] == magic[i];
        }
        if (both && found)
            return 0;
        if (both)
            found = at;
    }
    return found;
}

/* How far the countdown moves while a loop of `turns` runs.                 [-0, +0, e]
 */
CDN_RAISES static int32_t measure(lua_State *L, const int32_t *pair, int turns)
{
    int32_t before = pair[0];

    lua_pushvalue(L, -1);
    lua_pushinteger(L, turns);
    lua_call(L, 1, 0);
    return before - pair[0];
}

CDN_RAISES static int prove(lua_State *L)
{
    static const char loop[] = "local n = ... for i = 1, n do end";
    struct trial *trial = lua_touserdata(L, 1);
    struct cdn_slot *slot = trial->slot;
    int32_t *pair;
    size_t at = find_pair(slot, L, sizeof(struct cdn_arena_head), trial->bytes);

    if (!at || luaL_loadbuffer(L, loop, sizeof loop - 1, "=proof"))
        return 0;
    pair = (int32_t *)(void *)(slot->arena.base + at);
    lua_sethook(L, idle_hook, LUA_MASKCOUNT, PROOF_COUNT);
    if (measure(L, pair, 2000) - measure(L, pair, 1000) != 1000)
        return 0;
    /* Written by us, it has to be what LuaJIT counts from: past zero it starts again.
     */
    pair[0] = 500;
    pair[1] = 100000;
    measure(L, pair, 1000);
    if (pair[0] <= 99000 || pair[0] > 100000 - 500)
        return 0;
    slot->counter_offset = at;
    trial->found = true;
    return 0;
}

bool cdn_meter_calibrate(struct cdn_slot *slot)
{
    struct trial trial = {.slot = slot};
    lua_State *L = cdn_slot_state(slot);
    /* The first block holds the global state; it is not smaller than this in any build,
     * and what follows it in the arena cannot hold both magic numbers. */
    const size_t first_block = 4096;

    if (!L)
        return false;
    trial.bytes = first_block;
    if (lua_cpcall(L, prove, &trial))
        return false;
    slot->exact = trial.found;
    return true;
}
