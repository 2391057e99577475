/* One slot: its mappings, restoring, running, and what is left of a run to read.
 *
 * A run is a memcpy over the arena, an armed meter and one lua_pcall of the entry that
 * the image has on its stack.  No Lua API call that can raise is made outside that
 * pcall. LuaJIT's panic function would end the process when it returns, so ours jumps
 * back to where the call began; the arena is then good for nothing but the next
 * restore, which is what happens to it anyway.
 *
 * Garbage: the collector's own pacing doubles a heap before it acts, which would waste
 * half of a small memory budget.  So the allocator asks for a full collection when half
 * of what is left of the budget is used, at the next bytecode, where the hook does it;
 * only when too little comes free is that step left out.  LuaJIT's incremental
 * collection starts later and serves native calls that allocate without a bytecode in
 * between.
 *
 * The caller's thread needs 256 KiB of free C stack: LuaJIT and our library nest at
 * most about 200 C frames (library.h).
 *
 * Left out: threads, timers and signals (the host's own affair); running two states at
 * once. */
#include "sandbox/slot.h"

#include <luajit.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/error.h"
#include "sandbox/state.h"

#define DEFAULT_IMAGE_BYTES  ((size_t)1 << 20)
#define DEFAULT_MEMORY_BYTES ((size_t)4 << 20)
/* Room for lua_newstate to find, which crashes where its first allocations fail. */
#define STATE_BYTES ((size_t)64 * 1024)
/* Classes cannot be joined again, so room is some times what may be live. */
#define SPREAD 3

/* In place of noise: any number will do, but not 0. */
#define NOT_RANDOM UINT64_C(0x9e3779b97f4a7c15)

/* ---- the state ---- */

static uint64_t *first_words(const struct cdn_slot *slot)
{
    return (uint64_t *)(void *)(slot->arena.base + sizeof(struct cdn_arena_head));
}

static void *allocate(void *ud, void *block, size_t old_size, size_t new_size)
{
    struct cdn_slot *slot = ud;

    if (__builtin_expect(slot->creating, 0)) {
        if (!slot->first_block)
            slot->first_block = new_size;
        else
            for (uint32_t i = 0; i < slot->noise_count; i++) {
                uint64_t *word = first_words(slot) + slot->noise[i];

                if (*word)
                    *word = NOT_RANDOM;
            }
    }
    return cdn_arena_realloc(&slot->arena, block, old_size, new_size);
}

static int panic(lua_State *L)
{
    struct cdn_slot *slot = cdn_slot_of(L);

    if (slot->panic_armed)
        longjmp(slot->panic, 1);
    return 0; /* not reached: no call is made that could raise outside */
}

/* Sanitizer builds: none of the scratch memory is in use. */
static void close_scratch(struct cdn_slot *slot)
{
#ifdef CDN_ASAN
    CDN_POISON(slot->scratch, slot->scratch_opened);
    slot->scratch_opened = 0;
#else
    (void)slot;
#endif
}

lua_State *cdn_slot_state(struct cdn_slot *slot)
{
    lua_State *L;
    size_t dirty = slot->arena.head->top;

    if (dirty < slot->dirty_end)
        dirty = slot->dirty_end;
    if (slot->touched_end < dirty)
        slot->touched_end = dirty;
    slot->arena.over = NULL;
    close_scratch(slot);
    cdn_arena_reset(&slot->arena, dirty);
    slot->restored = 0;
    slot->dirty_end = 0;
    slot->first_block = 0;
    slot->creating = true;
    L = lua_newstate(allocate, slot);
    slot->creating = false;
    if (!L)
        return NULL;
    lua_atpanic(L, panic);
    luaJIT_setmode(L, 0, LUAJIT_MODE_ENGINE | LUAJIT_MODE_OFF);
    return L;
}

/* LuaJIT seeds its string hash from the system's noise, and where strings collide decides
 * when a table grows and so what `#` finds in one with holes.  The seed is drawn just before
 * the string table is allocated, which comes before any string: there the allocator puts a
 * constant in its place.  Which words of the global state are noise is seen from two states
 * made at the same address; that nothing else is, from two more.  In a LuaJIT where that
 * does not hold nothing is replaced.  False: no memory. */
static bool find_noise(struct cdn_slot *slot)
{
    uint64_t *before = NULL;
    size_t words = 0;
    bool done = false;

    slot->noise_count = 0;
    for (int i = 0; i < 4; i++) {
        if (!cdn_slot_state(slot))
            goto out;
        if (!before) {
            words = slot->first_block / sizeof *before;
            before = cdn_alloc(words * sizeof *before);
            if (!before)
                goto out;
        }
        if (i == 1) {
            for (size_t at = 0; at < words; at++) {
                if (before[at] == first_words(slot)[at])
                    continue;
                if (slot->noise_count == CDN_SLOT_NOISE) {
                    slot->noise_count = 0;
                    break;
                }
                slot->noise[slot->noise_count++] = (uint32_t)at;
            }
        } else if (i == 3 &&
                   memcmp(before, first_words(slot), words * sizeof *before)) {
            slot->noise_count = 0;
        }
        memcpy(before, first_words(slot), words * sizeof *before);
    }
    done = true;
out:
    cdn_free(before);
    return done;
}

/* ---- whose a state is ----
 *
 * Every native function asks that, most of them several times: some forty times in a short
 * run.  What lua_getallocf() answers stands behind two pointers, from a thread to the global
 * state and from there to the allocator's argument, in all builds of LuaJIT 2.1 for 64 bits at
 * these places.  A trial state proves it; where it does not, LuaJIT is asked as before. */

enum { GLOBAL_WORD = 2, ARGUMENT_WORD = 1 };

static atomic_bool places_hold;

static inline void *word_at(const void *at, size_t word)
{
    void *value;

    memcpy(&value, (const char *)at + word * sizeof value, sizeof value);
    return value;
}

struct cdn_slot *cdn_slot_of(lua_State *L)
{
    void *ud;

    if (__builtin_expect(atomic_load_explicit(&places_hold, memory_order_relaxed), 1))
        return word_at(word_at(L, GLOBAL_WORD), ARGUMENT_WORD);
    lua_getallocf(L, &ud);
    return ud;
}

/* Do they lead from the thread to the allocator's argument, whatever that is? */
static bool places_lead(struct cdn_slot *slot, lua_State *L)
{
    static char other;
    const struct cdn_arena *arena = &slot->arena;
    const void *global = word_at(L, GLOBAL_WORD);
    size_t offset = (size_t)((uintptr_t)global - (uintptr_t)arena->base);
    bool lead;

    if (offset >= arena->head->top || arena->head->top - offset < 8 * sizeof(void *) ||
        word_at(global, ARGUMENT_WORD) != slot)
        return false;
    lua_setallocf(L, allocate, &other); /* nothing is allocated meanwhile */
    lead = word_at(global, ARGUMENT_WORD) == &other;
    lua_setallocf(L, allocate, slot);
    return lead;
}

void cdn_slot_prove_owner(struct cdn_slot *slot, lua_State *L)
{
    lua_State *thread = lua_newthread(L);

    if (places_lead(slot, L) && places_lead(slot, thread))
        atomic_store_explicit(&places_hold, true, memory_order_relaxed);
    lua_pop(L, 1);
}

struct cdn_library_choice *cdn_slot_library(struct cdn_slot *slot)
{
    return &slot->library;
}

lua_CFunction *cdn_slot_stock(struct cdn_slot *slot)
{
    return slot->stock;
}

void cdn_slot_limit(struct cdn_slot *slot, size_t base, size_t limit)
{
    struct cdn_arena *arena = &slot->arena;
    size_t used = arena->head->live + arena->extra;
    size_t left = limit > used ? limit - used : 0;

    slot->live_base = base;
    slot->live_limit = limit;
    arena->hard = limit + CDN_SLOT_RESERVE_BYTES;
    /* A full collection has to be worth its while. */
    arena->notice = left / 16 >= (limit - base) / 256 ? used + left / 2 : limit;
}

void cdn_slot_pace(struct cdn_slot *slot, lua_State *L)
{
    size_t live = slot->arena.head->live;
    size_t used = live + slot->arena.extra;
    size_t left = slot->live_limit > used ? slot->live_limit - used : 0;

    /* From 3/4 of what is left; in per cent of what is live. */
    lua_gc(L, LUA_GCSETPAUSE, (int)(100 + left / 4 * 3 * 100 / live));
    lua_gc(L, LUA_GCRESTART, -1);
}

/* ---- life ---- */

cordon_status cdn_slot_new(struct cdn_slot **out, const struct cdn_slot_config *config,
                           cordon_error *err)
{
    struct cdn_slot *slot = cdn_calloc(1, sizeof *slot);

    *out = NULL;
    if (!slot)
        return cdn_error_nomem(err);
    if (config)
        slot->config = *config;
    if (!slot->config.image_bytes)
        slot->config.image_bytes = DEFAULT_IMAGE_BYTES;
    if (!slot->config.memory_bytes)
        slot->config.memory_bytes = DEFAULT_MEMORY_BYTES;
    if (!slot->config.scratch_bytes)
        slot->config.scratch_bytes = slot->config.memory_bytes;
    if (slot->config.image_bytes > UINT32_MAX / 8 ||
        slot->config.memory_bytes > UINT32_MAX / 8) {
        cdn_free(slot);
        return cdn_error_set(err, CORDON_E_INVALID,
                             "a slot's image and memory may be at most 512 MiB each");
    }
    slot->scratch_span = slot->config.scratch_bytes;
    slot->scratch = cdn_guarded_map(&slot->scratch_span);
    if (!slot->scratch ||
        !cdn_arena_init(&slot->arena, STATE_BYTES + slot->config.image_bytes +
                                          SPREAD * slot->config.memory_bytes +
                                          CDN_SLOT_RESERVE_BYTES) ||
        !find_noise(slot) || !cdn_meter_calibrate(slot)) {
        cdn_slot_free(slot);
        return cdn_error_nomem(err);
    }
    CDN_POISON(slot->scratch, slot->scratch_span);
    *out = slot;
    return CORDON_OK;
}

void cdn_slot_free(struct cdn_slot *slot)
{
    if (!slot)
        return;
    if (slot->scratch)
        CDN_UNPOISON(slot->scratch, slot->scratch_span);
    cdn_guarded_unmap(slot->scratch, slot->scratch_span);
    cdn_arena_deinit(&slot->arena);
    cdn_free(slot);
}

void cdn_slot_restore(struct cdn_slot *slot, const struct cdn_image *image)
{
    struct cdn_arena *arena = &slot->arena;

    if (arena->head->top > slot->dirty_end)
        slot->dirty_end = arena->head->top;
    if (slot->dirty_end > slot->touched_end)
        slot->touched_end = slot->dirty_end;
    cdn_arena_unpoison(arena,
                       slot->dirty_end > image->bytes ? slot->dirty_end : image->bytes);
    if (slot->restored != image->serial) {
        cdn_arena_clear(arena, image->bytes, slot->dirty_end);
        slot->restored = image->serial;
        slot->dirty_end = image->bytes;
    }
    cdn_difference_copy(arena->base, &image->difference, image->bytes);
    cdn_arena_poison(arena);
    close_scratch(slot);
    arena->extra = 0;
    arena->peak = image->live;
    slot->reach = image->reach;
    slot->L = image->L;
}

/* ---- running ---- */

__attribute__((noinline)) int
cdn_slot_protect(struct cdn_slot *slot, int (*call)(struct cdn_slot *slot, void *ud),
                 void *ud)
{
    int status = LUA_ERRMEM;

    slot->panic_armed = true;
    if (!_setjmp(slot->panic))
        status = call(slot, ud);
    else
        slot->meter.stop = CDN_STOP_MEMORY;
    slot->panic_armed = false;
    return status;
}

/* "file:12: text" in three: the length of the file, 0 if there is no position. */
static size_t split_position(const char *text, size_t bytes, uint32_t *line,
                             size_t *rest)
{
    for (size_t i = 1; i < bytes && i < LUA_IDSIZE + 8 && text[i - 1] != '\n'; i++) {
        size_t at = i + 1;
        uint32_t number = 0;

        if (text[i] != ':')
            continue;
        for (; at < bytes && at < i + 9 && text[at] >= '0' && text[at] <= '9'; at++)
            number = number * 10 + (uint32_t)(text[at] - '0');
        if (at == i + 1 || at + 1 >= bytes || text[at] != ':' || text[at + 1] != ' ')
            continue;
        /* A ratio in the middle of a sentence is no position. */
        if (text[0] != '[' && memchr(text, ' ', i))
            return 0;
        *line = number;
        *rest = at + 2;
        return i;
    }
    return 0;
}

static void take_message(struct cdn_slot *slot)
{
    lua_State *L = slot->L;
    size_t bytes, file, rest = 0;
    const char *text;

    if (lua_type(L, -1) != LUA_TSTRING) {
        static const char *const what[] = {"nil",      "boolean",  "userdata",
                                           "number",   "string",   "table",
                                           "function", "userdata", "thread"};
        int type = lua_type(L, -1);
        const char *name = type >= 0 && type <= LUA_TTHREAD ? what[type] : "value";

        snprintf(slot->message, sizeof slot->message, "the error object is a %s", name);
        return;
    }
    text = lua_tolstring(L, -1, &bytes);
    file = split_position(text, bytes, &slot->message_line, &rest);
    cdn_escape(slot->message_file, sizeof slot->message_file, text, file);
    cdn_escape(slot->message, sizeof slot->message, text + rest, bytes - rest);
    if (!slot->message[0])
        snprintf(slot->message, sizeof slot->message, "the error's message is empty");
}

enum cdn_run cdn_slot_classify(struct cdn_slot *slot, int status)
{
    /* LuaJIT refuses the very largest requests itself, unseen by the arena. */
    if (slot->meter.stop == CDN_STOP_NONE && status == LUA_ERRMEM)
        slot->meter.stop = CDN_STOP_MEMORY;
    if (slot->meter.stop != CDN_STOP_NONE)
        return CDN_RUN_STOPPED;
    if (!status)
        return CDN_RUN_OK;
    take_message(slot);
    return CDN_RUN_ERROR;
}

static int call_entry(struct cdn_slot *slot, void *ud)
{
    (void)ud;
    return lua_pcall(slot->L, 0, 0, 0);
}

enum cdn_run cdn_slot_run(struct cdn_slot *slot, const struct cdn_image *image,
                          const struct cdn_budget *budget, uint64_t deadline_ns,
                          const uint32_t *cancel, uint64_t seed)
{
    uint64_t memory = budget->memory_bytes;
    int status = 0;

    slot->message[0] = slot->message_file[0] = '\0';
    slot->message_line = 0;
    if (image->slot != slot) {
        snprintf(slot->message, sizeof slot->message,
                 "the image was built in another slot");
        slot->known_ns = 0;
        return CDN_RUN_ERROR;
    }
    if (memory > slot->config.memory_bytes)
        memory = slot->config.memory_bytes;
    cdn_slot_restore(slot, image);
    slot->random = seed;
    cdn_slot_limit(slot, image->live, image->live + (size_t)memory);
    cdn_slot_pace(slot, slot->L);
    if (cdn_meter_begin(slot, budget, deadline_ns, cancel))
        status = cdn_slot_protect(slot, call_entry, NULL);
    cdn_meter_end(slot);
    return cdn_slot_classify(slot, status);
}

void cdn_slot_know_time(struct cdn_slot *slot, uint64_t now_ns)
{
    slot->known_ns = now_ns;
}

/* ---- what a run leaves ---- */

uint64_t cdn_slot_instructions(const struct cdn_slot *slot)
{
    return slot->meter.charged + slot->meter.executed;
}

uint64_t cdn_slot_memory_peak(const struct cdn_slot *slot)
{
    return slot->arena.peak > slot->live_base ? slot->arena.peak - slot->live_base : 0;
}

struct cdn_meter *cdn_slot_meter(struct cdn_slot *slot)
{
    return &slot->meter;
}

const char *cdn_slot_message(const struct cdn_slot *slot, const char **file,
                             uint32_t *line)
{
    if (file)
        *file = slot->message_file;
    if (line)
        *line = slot->message_line;
    return slot->message;
}

void cdn_slot_set_watch(struct cdn_slot *slot, const struct cdn_slot_watch *watch)
{
    slot->watch = *watch;
}

void cdn_slot_set_trace(struct cdn_slot *slot, struct cordon_trace *trace)
{
    slot->trace = trace;
    slot->trace_off = false;
}

uint64_t cdn_slot_trace_ns(const struct cdn_slot *slot)
{
    return slot->trace ? slot->trace_ns : 0;
}

void cdn_slot_set_host(struct cdn_slot *slot, void *host)
{
    slot->host = host;
}

void *cdn_slot_host(lua_State *L)
{
    return cdn_slot_of(L)->host;
}

uint64_t *cdn_slot_random(struct cdn_slot *slot)
{
    return &slot->random;
}

/* ---- scratch ---- */

void *cdn_scratch_alloc(lua_State *L, size_t bytes)
{
    struct cdn_slot *slot = cdn_slot_of(L);
    struct cdn_arena *arena = &slot->arena;
    size_t used = arena->extra;
    size_t rounded = (bytes + 15) & ~(size_t)15;
    size_t total;

    if (rounded < bytes || rounded > slot->scratch_span - used)
        cdn_meter_raise(L, CDN_STOP_MEMORY);
    total = arena->head->live + used + rounded;
    if (total > slot->live_limit)
        cdn_meter_raise(L, CDN_STOP_MEMORY);
    arena->extra = used + rounded;
    if (total > arena->peak)
        arena->peak = total;
    CDN_UNPOISON(slot->scratch + used, rounded);
#ifdef CDN_ASAN
    if (slot->scratch_opened < used + rounded)
        slot->scratch_opened = used + rounded;
#endif
    return slot->scratch + used;
}

size_t cdn_scratch_mark(lua_State *L)
{
    return cdn_slot_of(L)->arena.extra;
}

void cdn_scratch_release(lua_State *L, size_t mark)
{
    struct cdn_slot *slot = cdn_slot_of(L);

    if (mark < slot->arena.extra) {
        CDN_POISON(slot->scratch + mark, slot->arena.extra - mark);
        slot->arena.extra = mark;
    }
}

/* ---- test support ---- */

const void *cdn_slot_arena(const struct cdn_slot *slot, size_t *used)
{
    *used = slot->arena.head->top;
    return slot->arena.base;
}

size_t cdn_slot_compare(const struct cdn_slot *slot, const struct cdn_image *image)
{
    const unsigned char *base = slot->arena.base;
    uint32_t passed = 0;
    size_t from = slot->dirty_end > image->bytes ? slot->dirty_end : image->bytes;
    size_t differs = SIZE_MAX;

    cdn_arena_unpoison((struct cdn_arena *)&slot->arena, slot->arena.span);
    for (size_t at = 0; at < image->bytes && differs == SIZE_MAX;
         at += CDN_LINE_BYTES) {
        const unsigned char *line =
            cdn_difference_line(&image->difference, at, &passed);

        for (size_t i = at; i < at + CDN_LINE_BYTES && i < image->bytes; i++) {
            if (differs == SIZE_MAX && base[i] != line[i - at])
                differs = i;
        }
    }
    for (size_t i = from; i < slot->touched_end && differs == SIZE_MAX; i++) {
        if (base[i])
            differs = i;
    }
    cdn_arena_poison((struct cdn_arena *)&slot->arena);
    return differs;
}
