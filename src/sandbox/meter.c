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
 * Before LuaJIT calls the hook it starts the countdown again and makes room on the Lua stack,
 * which allocates, and so can bring the meter here, or raise.  What it starts again from is a
 * number that no countdown has otherwise, so that a countdown that is over is seen as such.
 *
 * A stop is a flag in host memory.  Once it is set the hook fires at every bytecode and
 * raises again, and every charge does, so that whatever catches the error cannot go on.
 * The error value is a light userdata that means nothing to anyone; the flag decides.
 *
 * A bytecode is counted as one whatever it works on, but not everything it can do is quick:
 * arithmetic on a string parses it, which takes LuaJIT 50 us for a short one ("1e308") and
 * 180 us for one of some hundred digits; `..` and `<` go over whole strings, an insertion
 * may rehash a table, a call copies its arguments, all of it linear in blocks of the arena.
 * So the longest string and the largest other block say what a bytecode may take at worst,
 * and at each look at the clock as many bytecodes are let pass as may take what is left of
 * the time, and SLACK_NS more.  The allocator tells of large blocks, which count as strings
 * until the hook sees what they are.
 *
 * Once there is a string beyond CDN_METER_LONG_STRING, or one that is a dear numeral, which
 * is noticed before the next bytecode (strings.h), the hook fires at every bytecode and call
 * and charges what that is about to do to its operands (operands.h), some 40 ns each; the clock
 * is still looked at by the stride only.  When that starts depends on what the run has made
 * and on nothing else, so that the count is the same everywhere.
 *
 * While an image is built the parser runs, which has no hook: there the allocator itself
 * looks at the clock and gives nothing more once time is up.
 *
 * Cost: a charge some 3 ns; the hook 40 to 60 ns a quantum, mostly the clock: a tenth of a
 * nanosecond a bytecode with 100 ms left, 2 ns with 5. */
#include "sandbox/meter.h"

#include <lauxlib.h>
#include <string.h>

#include "base/checked.h"
#include "base/clock.h"
#include "base/error.h"
#include "sandbox/placement.h"
#include "sandbox/state.h"
#include "sandbox/trace.h"

enum {
    POLL_WORK = 4096,  /* native work between two looks at the clock */
    WALK_BYTES = 32,   /* of a table's part are walked over as one unit of that work */
    MAX_LOCATED = 32,  /* frames searched for a line of Lua */
    SLACK_NS = 600000, /* how late a stop may come on account of the stride */
    NEAR_NS =
        1000000, /* a deadline is near: what was the time a moment ago will not do */
    PLAIN_NS = 3000,    /* two texts are parsed in this where none is a dear numeral */
    SHORT_STRING = 262, /* else two of them in SHORT_NS, and two longer ones in */
    SHORT_NS = 170000,  /* LONG_NS and NS_PER_BYTE */
    LONG_NS = 700000,
    NS_PER_BYTE = 3,
    OTHER_BYTES_PER_NS = 8,   /* along a table's chain, copied from a stack */
    LOADING_ALLOCATIONS = 64, /* between two looks at the clock while loading */
    DEEP_SLOTS = 60000,       /* of a stack of 65,500: no line is traced beyond */
    PROOF_COUNT = 1 << 30,
    FIRED = 1 << 29 /* what LuaJIT starts the countdown again from */
};

/* In the lowest segment of light userdata, which every image has interned. */
#define SENTINEL ((void *)(uintptr_t)1)

/* ---- the countdown ---- */

/* Is the countdown over, and the hook not run yet? */
static inline bool is_over(const struct cdn_slot *slot)
{
    return slot->counter[0] > FIRED / 2;
}

/* Bytecodes since the countdown began. */
static inline uint64_t passed(const struct cdn_slot *slot)
{
    int32_t left = slot->counter[0];

    return (uint64_t)(slot->armed - (is_over(slot) ? left - FIRED : left));
}

static inline uint64_t used_now(const struct cdn_slot *slot)
{
    const struct cdn_meter *meter = &slot->meter;

    return cdn_add_sat(meter->charged, meter->executed + passed(slot));
}

static void hook(lua_State *L, lua_Debug *frame);

/* What the hook is to be told of, besides the count. */
static inline int events(const struct cdn_slot *slot)
{
    return LUA_MASKCOUNT | (slot->single ? LUA_MASKCALL : 0) |
           (slot->trace && !slot->loading && !slot->trace_off && !slot->trace_spent
                ? LUA_MASKLINE
                : 0);
}

/* Let the hook fire before the bytecode `count` from now, counting what has run so far.
 */
static void rearm(struct cdn_slot *slot, int32_t count)
{
    slot->meter.executed += passed(slot);
    slot->armed = count;
    slot->counter[0] = count;
    slot->counter[1] = FIRED;
    if (!slot->exact)
        lua_sethook(slot->L, hook, events(slot), count);
}

/* Bytecodes until the hook has to fire, with `left` instructions in the budget: it
 * fires before the first one that is too many. */
static inline int32_t quantum(const struct cdn_slot *slot, uint64_t left)
{
    if (slot->single)
        return 1;
    return left < (uint64_t)slot->stride ? (int32_t)left + 1 : slot->stride;
}

/* ---- how far a bytecode reaches ---- */

static uint64_t worst_of(const struct cdn_slot *slot, const struct cdn_reach *reach)
{
    bool plain = slot->strings.listening && !reach->numeral &&
                 reach->string <= CDN_METER_LONG_STRING;
    uint64_t ns = (uint64_t)reach->string * NS_PER_BYTE;

    if (plain)
        ns += PLAIN_NS;
    else if (reach->string > SHORT_STRING)
        ns += LONG_NS;
    else
        ns = SHORT_NS;
    return ns + reach->other / OTHER_BYTES_PER_NS;
}

/* How many bytecodes may pass if each takes `worst_ns`. */
static int32_t stride_at(const struct cdn_meter *meter, uint64_t worst_ns, uint64_t now)
{
    uint64_t left = meter->deadline_ns > now ? meter->deadline_ns - now : 0;
    uint64_t stride;

    if (left > CDN_METER_QUANTUM * worst_ns)
        return CDN_METER_QUANTUM;
    stride = (left + SLACK_NS) / worst_ns;
    if (stride > CDN_METER_QUANTUM)
        return CDN_METER_QUANTUM;
    return stride ? (int32_t)stride : 1;
}

/* Set the hook for events(); the countdown stays as it is. */
static void set_events(struct cdn_slot *slot)
{
    int32_t counter[2] = {slot->counter[0], slot->counter[1]};

    lua_sethook(slot->L, hook, events(slot), CDN_METER_QUANTUM);
    memcpy(slot->counter, counter, sizeof counter);
}

/* Every bytecode and every call from here on. */
static void look_at_each(struct cdn_slot *slot)
{
    slot->single = true;
    set_events(slot);
}

static void set_reach(struct cdn_slot *slot, struct cdn_reach reach)
{
    slot->reach = reach;
    slot->worst_ns = worst_of(slot, &reach);
    if ((reach.string > CDN_METER_LONG_STRING || reach.numeral) && slot->exact &&
        slot->operands.known && !slot->single)
        look_at_each(slot);
    if (!slot->loading)
        /* what is no longer than this is counted as a string already */
        slot->arena.watch = reach.string > SHORT_STRING ? reach.string : SHORT_STRING;
}

/* See what the new blocks are.  One that has been freed counts as what it looks like. */
static void look_at_unknown(struct cdn_slot *slot)
{
    struct cdn_reach reach = slot->reach;

    for (uint32_t i = 0; i < slot->unknown_count; i++) {
        size_t bytes = slot->unknown[i].bytes;
        size_t *reached = cdn_strings_is(&slot->strings, slot->unknown[i].block, bytes)
                              ? &reach.string
                              : &reach.other;

        if (bytes > *reached)
            *reached = bytes;
    }
    slot->unknown_count = 0;
    set_reach(slot, reach);
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

/* What the host wants looked at, deadline and cancel flag; sets the stride from what is
 * left. */
static enum cdn_stop poll_host(struct cdn_slot *slot)
{
    struct cdn_meter *meter = &slot->meter;
    uint64_t now;

    if (slot->watch.pause && !slot->loading)
        slot->watch.pause(slot->watch.ud); /* before the clock is read */
    now = cdn_clock_ns();
    meter->unpolled = 0;
    slot->unlooked = 0;
    slot->stride = stride_at(meter, slot->worst_ns, now);
    if (slot->watch.revoked && !slot->loading &&
        __atomic_load_n(slot->watch.revoked, __ATOMIC_RELAXED))
        return CDN_STOP_CANCELLED;
    if (meter->cancel && __atomic_load_n(meter->cancel, __ATOMIC_RELAXED))
        return CDN_STOP_CANCELLED;
    return now >= meter->deadline_ns ? CDN_STOP_TIME : CDN_STOP_NONE;
}

uint64_t cdn_slot_left_ns(const struct cdn_slot *slot)
{
    uint64_t now = cdn_clock_ns();

    return now < slot->meter.deadline_ns ? slot->meter.deadline_ns - now : 0;
}

bool cdn_slot_overdue(const struct cdn_slot *slot)
{
    const uint32_t *flags[] = {slot->watch.revoked, slot->meter.cancel};

    for (int i = 0; i < 2; i++)
        if (flags[i] && __atomic_load_n(flags[i], __ATOMIC_RELAXED))
            return true;
    return !cdn_slot_left_ns(slot);
}

/* In the middle of native work.                                         [-0, +0, e] */
CDN_RAISES static void poll_native(struct cdn_slot *slot, lua_State *L)
{
    enum cdn_stop stop = poll_host(slot);

    if (stop != CDN_STOP_NONE)
        cdn_meter_raise(L, stop);
    if (slot->counter[0] > slot->stride)
        rearm(slot, slot->stride);
}

/* While an image is built: nothing is given any more once the time is up. */
static void poll_loading(struct cdn_slot *slot)
{
    struct cdn_meter *meter = &slot->meter;

    if (++slot->allocations < LOADING_ALLOCATIONS)
        return;
    slot->allocations = 0;
    if (meter->stop == CDN_STOP_NONE)
        meter->stop = poll_host(slot);
    if (meter->stop == CDN_STOP_TIME || meter->stop == CDN_STOP_CANCELLED)
        slot->arena.notice = slot->arena.hard = 0;
}

static void collect(struct cdn_slot *slot, lua_State *L)
{
    slot->collect = false;
    lua_gc(L, LUA_GCCOLLECT, 0);
    cdn_slot_limit(slot, slot->live_base, slot->live_limit);
    cdn_slot_pace(slot, L);
}

/* What the run has used before the bytecode that is next. */
static struct cdn_trace_cost cost_now(const struct cdn_slot *slot)
{
    return (struct cdn_trace_cost){.instructions = used_now(slot) - 1,
                                   .edges = slot->meter.edges,
                                   .nodes = slot->meter.nodes};
}

/* Lines go by unseen from here on. */
static void stop_tracing(struct cdn_slot *slot, bool *why,
                         const struct cdn_trace_cost *cost)
{
    *why = true;
    cdn_trace_pause(slot->trace, cost);
    set_events(slot);
}

/* A line begins in a run that is traced.  How long that takes does not count, up to a bound: a
 * hostile rule can make lines that take a thousand times what others do to tell of.  LuaJIT
 * makes room for a hook on the stack, which near the stack's end would be an overflow where
 * there is none without it: there lines go by unseen, until the count hook finds it less deep. */
static void trace_line(struct cdn_slot *slot, lua_State *L, lua_Debug *frame)
{
    struct cdn_meter *meter = &slot->meter;
    struct cdn_trace_cost cost = cost_now(slot);
    uint64_t since = cdn_ticks(), ns;

    if (frame->i_ci > DEEP_SLOTS) {
        stop_tracing(slot, &slot->trace_off, &cost);
        return;
    }
    cdn_trace_on_line(slot->trace, L, frame, &cost);
    ns = cdn_ticks_to_ns(cdn_ticks() - since);
    slot->trace_ns += ns;
    meter->deadline_ns = cdn_add_sat(meter->deadline_ns, ns);
    if (slot->trace_ns / CDN_SLOT_TRACE_TIMES >= meter->limit.wall_ns)
        stop_tracing(slot, &slot->trace_spent, &cost);
}

CDN_RAISES static void hook(lua_State *L, lua_Debug *frame)
{
    struct cdn_slot *slot = cdn_slot_of(L);
    struct cdn_meter *meter = &slot->meter;
    uint64_t used;

    if (frame->event != LUA_HOOKCOUNT) {
        uint64_t work =
            frame->event == LUA_HOOKCALL ? cdn_operands_called(L, frame) : 0;

        if (frame->event == LUA_HOOKLINE)
            trace_line(slot, L, frame);
        if (work)
            cdn_meter_charge(L, work);
        return;
    }
    /* Where it is not exact the countdown stands still. */
    meter->executed += slot->exact ? passed(slot) : (uint64_t)slot->armed;
    slot->armed = slot->counter[0] = 0;
    if (slot->unknown_count) {
        look_at_unknown(slot);
        slot->unlooked = slot->stride; /* which is for what there was before */
    }
    if (slot->single)
        meter->charged = cdn_add_sat(
            meter->charged, cdn_operands_cost(&slot->operands, L, &slot->arena));
    used = cdn_add_sat(meter->charged, meter->executed);
    if (meter->stop == CDN_STOP_NONE && used > meter->limit.instructions)
        meter->stop = CDN_STOP_INSTRUCTIONS;
    if (meter->stop == CDN_STOP_NONE &&
        (!slot->single || ++slot->unlooked >= slot->stride))
        meter->stop = poll_host(slot);
    if (meter->stop != CDN_STOP_NONE)
        leave(slot, L);
    if (slot->collect)
        collect(slot, L);
    rearm(slot, quantum(slot, meter->limit.instructions - used));
    if (__builtin_expect(slot->trace_off, 0) && frame->i_ci <= DEEP_SLOTS) {
        slot->trace_off = false;
        set_events(slot);
    }
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
    if (is_over(slot)) /* the error was that there was no room for the hook */
        rearm(slot, 1);
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
    if (__builtin_expect(meter->unpolled >= POLL_WORK, 0))
        poll_native(slot, L);
    left = meter->limit.instructions - used;
    if (__builtin_expect(left + 1 < (uint64_t)slot->counter[0], 0))
        rearm(slot, quantum(slot, left));
}

void cdn_meter_charge(lua_State *L, uint64_t work)
{
    charge(cdn_slot_of(L), L, work);
}

void cdn_meter_poll(lua_State *L, uint32_t work)
{
    struct cdn_slot *slot = cdn_slot_of(L);
    struct cdn_meter *meter = &slot->meter;

    if (meter->stop != CDN_STOP_NONE)
        leave(slot, L);
    meter->unpolled += work < POLL_WORK ? work : POLL_WORK;
    if (meter->unpolled >= POLL_WORK)
        poll_native(slot, L);
}

/* Blocks that nobody was told of are no larger than a string that there has been, or short. */
static size_t largest_block(const struct cdn_slot *slot)
{
    size_t largest = slot->reach.other;

    if (largest < slot->arena.watch && slot->arena.watch != SIZE_MAX)
        largest = slot->arena.watch;
    for (uint32_t i = 0; i < slot->unknown_count; i++)
        largest = largest < slot->unknown[i].bytes ? slot->unknown[i].bytes : largest;
    return largest;
}

void cdn_meter_walk_on(lua_State *L, uint32_t step)
{
    size_t work = largest_block(cdn_slot_of(L)) / (step ? 1 : WALK_BYTES);

    cdn_meter_poll(L, work < POLL_WORK ? (uint32_t)work : POLL_WORK);
}

void cdn_meter_walked(lua_State *L)
{
    size_t work = 2 * (largest_block(cdn_slot_of(L)) / WALK_BYTES);

    cdn_meter_poll(L, work < POLL_WORK ? (uint32_t)work : POLL_WORK);
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

    if (slot->loading && slot->meter.stop != CDN_STOP_NONE &&
        slot->meter.stop != CDN_STOP_MEMORY)
        return; /* out of time: nothing is given any more */
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

/* A large block was given out.  LuaJIT writes an object's header before it asks for the
 * next block, so all but the newest can be looked at when the list is full. */
static void large(void *ud, const unsigned char *block, size_t bytes)
{
    struct cdn_slot *slot = ud;
    struct cdn_reach reach;
    int32_t stride;

    if (slot->loading)
        poll_loading(slot);
    if (bytes <= slot->reach.string || bytes <= SHORT_STRING)
        return;
    if (slot->unknown_count == CDN_SLOT_UNKNOWN)
        look_at_unknown(slot);
    slot->unknown[slot->unknown_count].block = block;
    slot->unknown[slot->unknown_count++].bytes = bytes;
    if (bytes > CDN_METER_LONG_STRING && slot->operands.known) {
        rearm(slot, 1); /* to be seen before the next bytecode, wherever the hook is */
        return;
    }
    reach = slot->reach;
    reach.string = bytes;
    stride = stride_at(&slot->meter, worst_of(slot, &reach), cdn_clock_ns());
    if (slot->counter[0] > stride)
        rearm(slot, stride);
}

/* ---- numerals ---- */

/* From here on what every bytecode parses is charged. */
static void notice_numeral(struct cdn_slot *slot)
{
    struct cdn_reach reach = slot->reach;

    if (reach.numeral)
        return;
    reach.numeral = true;
    set_reach(slot, reach);
    rearm(slot, 1);
}

static void on_numeral(void *ud, const char *text, size_t bytes)
{
    struct cdn_slot *slot = ud;

    if (!slot->reach.numeral && cdn_numeral_dear(text, bytes))
        notice_numeral(slot);
}

void cdn_meter_look_at(lua_State *L, const char *text, size_t bytes)
{
    on_numeral(cdn_slot_of(L), text, bytes);
}

void cdn_meter_see_constants(lua_State *L)
{
    struct cdn_slot *slot = cdn_slot_of(L);
    const struct cdn_arena *arena = &slot->arena;
    const struct cdn_placement *plan = arena->plan;

    if (cdn_strings_dear(&slot->strings, arena->base, arena->base + arena->head->top) ||
        (plan && plan->replays &&
         cdn_strings_dear(&slot->strings, arena->base + plan->nursery,
                          arena->base + plan->bump)))
        notice_numeral(slot);
}

/* Let the allocator tell of what `..` joins. */
static void listen(struct cdn_slot *slot)
{
    struct cdn_arena *arena = &slot->arena;
    const struct cdn_strings *strings = &slot->strings;

    if (!strings->listening)
        return;
    arena->joined_start =
        (const char *const *)(void *)(arena->base + strings->start_offset);
    arena->joined_end =
        (const char *const *)(void *)(arena->base + strings->end_offset);
    arena->string_header = strings->header;
    arena->numeral = on_numeral;
}

/* ---- a run ---- */

void cdn_meter_hook(struct cdn_slot *slot)
{
    lua_sethook(slot->L, hook, LUA_MASKCOUNT, CDN_METER_QUANTUM);
    slot->counter = slot->exact
                        ? (int32_t *)(void *)(slot->arena.base + slot->counter_offset)
                        : slot->standin;
    slot->armed = slot->counter[0] = CDN_METER_QUANTUM;
    slot->counter[1] = FIRED;
}

bool cdn_meter_begin(struct cdn_slot *slot, const struct cdn_budget *budget,
                     uint64_t deadline_ns, const uint32_t *cancel)
{
    struct cdn_meter *meter = &slot->meter;
    uint64_t now = slot->known_ns;

    slot->known_ns = 0;
    if (!now || deadline_ns < now || deadline_ns - now < NEAR_NS)
        now = cdn_clock_ns();
    meter->stop = CDN_STOP_NONE;
    meter->charged = meter->executed = 0;
    meter->edges = meter->nodes = meter->hops = 0;
    meter->deadline_ns = deadline_ns ? deadline_ns : cdn_add_sat(now, budget->wall_ns);
    meter->cancel = cancel;
    meter->limit = *budget;
    slot->single = false;
    slot->unlooked = 0;
    set_reach(slot, slot->reach);
    slot->stride = stride_at(meter, slot->worst_ns, now);
    meter->unpolled = meter->nesting = 0;
    meter->stop_file[0] = '\0';
    meter->stop_line = 0;
    slot->collect = false;
    slot->unknown_count = slot->allocations = 0;
    slot->arena.over = over;
    slot->arena.large = large;
    slot->arena.ud = slot;
    listen(slot);
    if (slot->loading)
        slot->arena.watch = 0;
    slot->armed = slot->counter[0] = CDN_METER_QUANTUM;
    slot->counter[1] = FIRED;
    if (__builtin_expect(slot->trace != NULL, 0)) {
        slot->trace_ns = 0;
        slot->trace_off = slot->trace_spent = false;
        set_events(slot);
    }
    if (slot->single || slot->stride < CDN_METER_QUANTUM ||
        budget->instructions < CDN_METER_QUANTUM)
        rearm(slot, quantum(slot, budget->instructions));
    if (cancel && __atomic_load_n(cancel, __ATOMIC_RELAXED))
        meter->stop = CDN_STOP_CANCELLED;
    else if (now >= meter->deadline_ns)
        meter->stop = CDN_STOP_TIME;
    return meter->stop == CDN_STOP_NONE;
}

void cdn_meter_end(struct cdn_slot *slot)
{
    slot->meter.executed += passed(slot);
    slot->armed = slot->counter[0] = 0;
    slot->arena.over = NULL;
    if (slot->unknown_count)
        look_at_unknown(slot);
    slot->arena.watch = SIZE_MAX;
    slot->arena.joined_start = NULL;
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

    cdn_slot_prove_owner(slot, L);
    cdn_strings_prove(&slot->strings, L, &slot->arena, trial->bytes);
    cdn_operands_prove(&slot->operands, L, &slot->arena);
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
    if (lua_cpcall(L, prove, &trial)) {
        slot->arena.watch = SIZE_MAX;
        return false;
    }
    slot->exact = trial.found;
    return true;
}
