#include "unit/sandbox/fixture.h"

#include <pthread.h>

#include "base/alloc.h"
#include "sandbox/state.h"

static struct fixture fixture;

#define EVAL(source) fixture_eval(&fixture, source, NULL)

/* What rules do to spoil a state, or to leave something behind. */
static const char *const hostile[] = {
    "x = 1 y = {} z = function() end",
    "local t = {} for i = 1, 1e7 do t[i] = {i} end",
    "local s = 'x' while true do s = s .. s end",
    "while true do end",
    "while true do pcall(function() while true do end end) end",
    "pcall(function() getmetatable('').__index = nil end)",
    "pcall(function() string.len = nil end) pcall(rawset, string, 'len', 1)",
    "pcall(function() _G.pairs = nil end) pairs = nil type = nil",
    "local t = {} for i = 1, 20000 do t['k' .. i] = i end for k in pairs(t) do t[k] = "
    "nil end",
    "for i = 1, 2000 do local c = coroutine.create(function() coroutine.yield() end) "
    "coroutine.resume(c) end",
    "local c = coroutine.wrap(function() while true do coroutine.yield() end end) "
    "while true do c() end",
    "error(setmetatable({}, {__tostring = function() while true do end end}))",
    "local function f() return f() + 1 end f()",
    "local t = {} t[t] = t return t",
    "math.random() math.random() math.random()",
    "return ('x'):rep(300000)",
    "local t = ... t.scratch(400000)",
    "local t = ... t.scratch(1e15)",
    "local t = {} for i = 1, 60 do t[i] = ('x'):rep(4000) .. i end return "
    "table.concat(t)",
    "error()",
    "error(('long '):rep(10000))",
};

START_TEST(restore__leaves_no_trace_of_hostile_runs)
{
    fixture_open(&fixture);
    for (int i = 0; i < CDN_UNIT_COUNT(hostile); i++) {
        struct cdn_image *image = fixture_image(&fixture, hostile[i]);
        struct cdn_budget budget = fixture_budget;

        budget.instructions = 300000;
        fixture_run(&fixture, image, &budget);
        /* The run did change the arena: comparing can fail. */
        ck_assert_uint_ne(cdn_slot_compare(fixture.slot, image), SIZE_MAX);
        cdn_slot_restore(fixture.slot, image);
        ck_assert_uint_eq(cdn_slot_compare(fixture.slot, image), SIZE_MAX);
        cdn_image_free(image);
    }
    cdn_slot_free(fixture.slot);
}
END_TEST

/* Where strings collide depends on LuaJIT's seed, and with it where a table with holes
 * ends: no slot has a seed of its own. */
START_TEST(strings__hash_alike_in_every_slot)
{
    static const char source[] =
        "local lengths = 0\n"
        "for n = 1, 3000 do\n"
        "  local t = {}\n"
        "  for i = 1, 14 do\n"
        "    local r = math.random(5)\n"
        "    if r <= 2 then t['key' .. math.random(1000)] = i\n"
        "    elseif r == 3 then t[i] = nil else t[i] = i end\n"
        "  end\n"
        "  lengths = (lengths * 31 + #t) % 1000000007\n"
        "end\n"
        "return lengths";
    char first[sizeof fixture.result];

    for (int i = 0; i < 6; i++) {
        fixture_open(&fixture);
        ck_assert_uint_gt(fixture.slot->noise_count, 0);
        for (int built = 0; built < 2; built++) {
            ck_assert_int_eq(EVAL(source), CDN_RUN_OK);
            if (i == 0 && built == 0)
                memcpy(first, fixture.result, sizeof first);
            ck_assert_str_eq(fixture.result, first);
        }
        cdn_slot_free(fixture.slot);
    }
}
END_TEST

/* With nothing random in it an image is a function of its source. */
START_TEST(images__of_one_source_are_the_same_bytes)
{
    static const char source[] =
        "local t = { alpha = 1, beta = { 2, 3 } } return t.alpha";

    fixture_open(&fixture);
    struct cdn_image *first = fixture_image(&fixture, source);
    struct cdn_image *second = fixture_image(&fixture, source);

    ck_assert_uint_eq(first->bytes, second->bytes);
    ck_assert_ptr_eq(first->difference.basis, second->difference.basis);
    ck_assert_uint_eq(second->difference.shared, second->bytes);
    ck_assert_uint_eq(second->difference.line_count, 0);
    cdn_image_free(first);
    cdn_image_free(second);
    cdn_slot_free(fixture.slot);
}
END_TEST

START_TEST(restore__of_another_image_clears_the_tail)
{
    struct cdn_image *large, *small;
    size_t used;
    const unsigned char *arena;

    fixture_open(&fixture);
    small = fixture_image(&fixture, "return 1");
    large = fixture_image(&fixture, "local t = {} for i = 1, 3000 do t[i] = {i} end");
    for (int i = 0; i < 3; i++) {
        ck_assert_int_eq(fixture_run(&fixture, large, NULL), CDN_RUN_OK);
        arena = cdn_slot_arena(fixture.slot, &used);
        ck_assert_uint_gt(used, cdn_image_bytes(small) + 50000);
        cdn_slot_restore(fixture.slot, small);
        ck_assert_uint_eq(cdn_slot_compare(fixture.slot, small), SIZE_MAX);
        cdn_arena_unpoison(&fixture.slot->arena, fixture.slot->arena.span);
        for (size_t k = cdn_image_bytes(small); k < used; k += 8) {
            uint64_t word;

            memcpy(&word, arena + k, sizeof word);
            if (word)
                ck_abort_msg("byte %zu survived", k);
        }
    }
    cdn_image_free(large);
    cdn_image_free(small);
    cdn_slot_free(fixture.slot);
}
END_TEST

START_TEST(compare__sees_one_changed_byte)
{
    struct cdn_image *image;
    size_t used;
    unsigned char *arena;

    fixture_open(&fixture);
    image = fixture_image(&fixture, "return 1");
    cdn_slot_restore(fixture.slot, image);
    ck_assert_uint_eq(cdn_slot_compare(fixture.slot, image), SIZE_MAX);
    arena = (unsigned char *)(uintptr_t)cdn_slot_arena(fixture.slot, &used);
    ck_assert_uint_eq(used, cdn_image_bytes(image));
    cdn_arena_unpoison(&fixture.slot->arena, fixture.slot->arena.span);
    arena[used - 1] ^= 1;
    ck_assert_uint_eq(cdn_slot_compare(fixture.slot, image), used - 1);
    cdn_image_free(image);
    cdn_slot_free(fixture.slot);
}
END_TEST

START_TEST(runs__know_nothing_of_each_other)
{
    struct cdn_image *image;

    fixture_open(&fixture);
    image = fixture_image(&fixture, "count = (count or 0) + 1 return count .. ':' .. "
                                    "tostring(math.random(1000000))");
    ck_assert_int_eq(fixture_run(&fixture, image, NULL), CDN_RUN_OK);
    char first[sizeof fixture.result];

    snprintf(first, sizeof first, "%s", fixture.result);
    ck_assert(!strncmp(first, "1:", 2));
    for (int i = 0; i < 20; i++) {
        ck_assert_int_eq(fixture_run(&fixture, image, NULL), CDN_RUN_OK);
        ck_assert_str_eq(fixture.result, first);
    }
    cdn_slot_run(fixture.slot, image, &fixture_budget, 0, NULL, 2);
    ck_assert_str_ne(fixture.result, first);
    cdn_image_free(image);
    cdn_slot_free(fixture.slot);
}
END_TEST

START_TEST(images__of_one_slot_take_turns)
{
    struct cdn_image *images[8];
    char source[64];
    char wanted[8];

    fixture_open(&fixture);
    for (int i = 0; i < 8; i++) {
        snprintf(source, sizeof source,
                 "local t = {} for i = 1, %d do t[i] = {} end return #t", i * 100);
        images[i] = fixture_image(&fixture, source);
    }
    for (int turn = 0; turn < 64; turn++) {
        int i = turn * 5 % 8;

        snprintf(wanted, sizeof wanted, "%d", i * 100);
        ck_assert_int_eq(fixture_run(&fixture, images[i], NULL), CDN_RUN_OK);
        ck_assert_str_eq(fixture.result, wanted);
        cdn_slot_restore(fixture.slot, images[i]);
        ck_assert_uint_eq(cdn_slot_compare(fixture.slot, images[i]), SIZE_MAX);
    }
    for (int i = 0; i < 8; i++)
        cdn_image_free(images[i]);
    cdn_slot_free(fixture.slot);
}
END_TEST

START_TEST(image_of_another_slot__does_not_run)
{
    struct fixture other;

    fixture_open(&fixture);
    fixture_open(&other);
    struct cdn_image *image = fixture_image(&other, "return 1");

    ck_assert_int_eq(fixture_run(&fixture, image, NULL), CDN_RUN_ERROR);
    ck_assert_ptr_nonnull(
        strstr(cdn_slot_message(fixture.slot, NULL, NULL), "another slot"));
    ck_assert_int_eq(fixture_run(&other, image, NULL), CDN_RUN_OK);
    cdn_image_free(image);
    cdn_slot_free(other.slot);
    cdn_slot_free(fixture.slot);
}
END_TEST

START_TEST(run__allocates_nothing_from_the_heap)
{
    struct cdn_image *image;

    fixture_open(&fixture);
    image = fixture_image(&fixture, "local t = {} for i = 1, 100 do t[i] = {} end");
    uint64_t before = cdn_alloc_count();

    for (int i = 0; i < 100; i++)
        ck_assert_int_eq(fixture_run(&fixture, image, NULL), CDN_RUN_OK);
    ck_assert_uint_eq(cdn_alloc_count(), before);
    cdn_image_free(image);
    cdn_slot_free(fixture.slot);
}
END_TEST

/* ---- memory ---- */

START_TEST(memory__that_lives_is_held_to_the_cap)
{
    static const char *const sources[] = {
        "local t = {} for i = 1, 1e7 do t[i] = {} end",
        "local t = {} for i = 1, 1e7 do t[i] = 'k' .. i end",
        "local s = 'x' while true do s = s .. s end",
        "local t = {} for i = 1, 1e7 do t[i] = i end",
        "local t = {} for i = 1, 1e7 do t[i] = function() return i end end",
        "local t = {} for i = 1, 1e7 do t[i] = coroutine.create(type) end",
        "local t = {} while true do t = {t} end",
        "local t = {} for i = 1, 1e7 do pcall(function() t[i] = {} end) end",
        "return ('x'):rep(1e9)",
        "local t = ... t.scratch(512 * 1024 + 1)",
        "local t = ... while true do t.scratch(1000) end",
        "local t = ... local l = {} for i = 1, 5000 do l[i] = {} end t.scratch(400000)",
    };

    fixture_open(&fixture);
    for (int i = 0; i < CDN_UNIT_COUNT(sources); i++) {
        ck_assert_int_eq(EVAL(sources[i]), CDN_RUN_STOPPED);
        ck_assert_int_eq(fixture_stop(&fixture), CDN_STOP_MEMORY);
        ck_assert_uint_le(cdn_slot_memory_peak(fixture.slot),
                          fixture_budget.memory_bytes + CDN_SLOT_RESERVE_BYTES);
    }
    cdn_slot_free(fixture.slot);
}
END_TEST

START_TEST(garbage__does_not_hit_the_cap)
{
    static const char *const sources[] = {
        "for i = 1, 100000 do local s = 'a' .. i end",
        "for i = 1, 100000 do local t = {i, i} end",
        "local s = '' for i = 1, 2000 do s = s .. 'x' end",
        "for i = 1, 20000 do local f = function() return i end end",
        "for i = 1, 3000 do local c = coroutine.wrap(function() end) c() end",
        "for i = 1, 300 do local s = ('x'):rep(30000) .. i end",
        /* with a third of the cap alive */
        "local t = {} for i = 1, 2500 do t[i] = {i} end for i = 1, 100000 do local s = "
        "'a' .. i "
        "end",
        /* inside one native call, where no bytecode is */
        "local s = ('ab '):rep(3000) for i = 1, 20 do s:gsub('%w+', '%0%0') end",
        ("local t = {} for i = 1, 500 do t[i] = 'k' .. i end "
         "for i = 1, 300 do local s = table.concat(t, ',') end"),
    };

    fixture_open(&fixture);
    for (int i = 0; i < CDN_UNIT_COUNT(sources); i++) {
        enum cdn_run run = EVAL(sources[i]);

        if (run != CDN_RUN_OK)
            ck_abort_msg("'%s' ends with %d, stop %d: %s", sources[i], run,
                         fixture_stop(&fixture),
                         cdn_slot_message(fixture.slot, NULL, NULL));
        ck_assert_uint_le(cdn_slot_memory_peak(fixture.slot),
                          fixture_budget.memory_bytes);
    }
    cdn_slot_free(fixture.slot);
}
END_TEST

/* What a run peaks at is what it needs, to the byte; where nothing is collected. */
START_TEST(memory_cap__is_exact)
{
    static const char source[] = "local t = ... t.scratch(100000)";
    struct cdn_budget budget = fixture_budget;
    struct cdn_image *image;

    fixture_open(&fixture);
    image = fixture_image(&fixture, source);
    ck_assert_int_eq(fixture_run(&fixture, image, NULL), CDN_RUN_OK);
    uint64_t needed = cdn_slot_memory_peak(fixture.slot);

    ck_assert_uint_gt(needed, 100000);
    budget.memory_bytes = needed;
    ck_assert_int_eq(fixture_run(&fixture, image, &budget), CDN_RUN_OK);
    ck_assert_uint_eq(cdn_slot_memory_peak(fixture.slot), needed);
    budget.memory_bytes = needed - 1;
    ck_assert_int_eq(fixture_run(&fixture, image, &budget), CDN_RUN_STOPPED);
    ck_assert_int_eq(fixture_stop(&fixture), CDN_STOP_MEMORY);
    cdn_image_free(image);
    cdn_slot_free(fixture.slot);
}
END_TEST

START_TEST(memory_stop__cannot_be_caught)
{
    static const char *const sources[] = {
        "local l = {} pcall(function() for i = 1, 1e7 do l[i] = {} end end) return "
        "'on'",
        "local t = ... local l = {} t.catch(function() for i = 1, 1e7 do l[i] = {} end "
        "end) "
        "return 'on'",
        "pcall(string.rep, 'x', 1e9) return 'on'",
        "local t = ... t.catch(t.scratch, 1e9) return 'on'",
        "local l = {} local c = coroutine.create(function() for i = 1, 1e7 do l[i] = "
        "{} end end) "
        "coroutine.resume(c) l = nil return 'on'",
    };

    fixture_open(&fixture);
    for (int i = 0; i < CDN_UNIT_COUNT(sources); i++) {
        ck_assert_int_eq(EVAL(sources[i]), CDN_RUN_STOPPED);
        ck_assert_int_eq(fixture_stop(&fixture), CDN_STOP_MEMORY);
        ck_assert_str_eq(fixture.result, "");
    }
    cdn_slot_free(fixture.slot);
}
END_TEST

START_TEST(memory_stop__keeps_the_count_exact)
{
    fixture_open(&fixture);
    struct cdn_image *image =
        fixture_image(&fixture, "local t = ... for i = 1, 1234 do end t.scratch(1e9)");

    ck_assert_int_eq(fixture_run(&fixture, image, NULL), CDN_RUN_STOPPED);
    uint64_t used = cdn_slot_instructions(fixture.slot);

    ck_assert_uint_gt(used, 1234);
    ck_assert_uint_lt(used, 1260);
    ck_assert_int_eq(fixture_run(&fixture, image, NULL), CDN_RUN_STOPPED);
    ck_assert_uint_eq(cdn_slot_instructions(fixture.slot), used);
    cdn_image_free(image);
    cdn_slot_free(fixture.slot);
}
END_TEST

/* Collecting at a moment that depends on memory does not show in the count. */
START_TEST(collections__do_not_change_the_count)
{
    struct cdn_budget budget = fixture_budget;
    uint64_t used = 0;

    fixture_open(&fixture);
    struct cdn_image *image =
        fixture_image(&fixture, "for i = 1, 30000 do local s = {i} end");

    for (size_t memory = 64 * 1024; memory <= 2048 * 1024; memory += 91 * 1024) {
        budget.memory_bytes = memory;
        ck_assert_int_eq(fixture_run(&fixture, image, &budget), CDN_RUN_OK);
        if (!used)
            used = cdn_slot_instructions(fixture.slot);
        ck_assert_uint_eq(cdn_slot_instructions(fixture.slot), used);
    }
    cdn_image_free(image);
    cdn_slot_free(fixture.slot);
}
END_TEST

START_TEST(scratch__is_given_back_in_order)
{
    fixture_open(&fixture);
    ck_assert_int_eq(
        EVAL("local t = ... local mark = t.scratch(1000) "
             "for i = 1, 1000 do local m = t.scratch(100000) t.release(m) end "
             "t.release(mark) return t.scratch(16)"),
        CDN_RUN_OK);
    ck_assert_str_eq(fixture.result, "0");
    ck_assert_uint_lt(cdn_slot_memory_peak(fixture.slot), 110000);
    /* The next run starts with none. */
    ck_assert_int_eq(EVAL("local t = ... return t.scratch(16)"), CDN_RUN_OK);
    ck_assert_str_eq(fixture.result, "0");
    cdn_slot_free(fixture.slot);
}
END_TEST

#ifdef CORDON_FAILALLOC
/* Every allocation of a run fails once, alone or with all later ones: the run ends as out of
 * memory or, where LuaJIT could do without, well; and the slot is as good as new. */
static void fail_each(const char *source, bool persistent)
{
    struct cdn_image *image = fixture_image(&fixture, source);
    bool failed = true;
    long nth;

    for (nth = 0; failed; nth++) {
        enum cdn_run run;

        fixture.slot->arena.failed = false;
        fixture.slot->arena.fail_persistent = persistent;
        fixture.slot->arena.fail_after = nth;
        run = fixture_run(&fixture, image, NULL);
        failed = fixture.slot->arena.failed;
        fixture.slot->arena.fail_after = -1;
        if (failed) {
            ck_assert_int_eq(run, CDN_RUN_STOPPED);
            ck_assert_int_eq(fixture_stop(&fixture), CDN_STOP_MEMORY);
        } else {
            ck_assert_int_eq(run, CDN_RUN_OK);
        }
        cdn_slot_restore(fixture.slot, image);
        ck_assert_uint_eq(cdn_slot_compare(fixture.slot, image), SIZE_MAX);
    }
    ck_assert_int_gt(nth, 20);
    cdn_image_free(image);
}

static const char *const allocating[] = {
    "local t = {} for i = 1, 50 do t[i] = {i, k = 'v' .. i} end return #t",
    "local t = {} for w in ('a bc def ghij'):gmatch('%w+') do t[#t + 1] = w:upper() "
    "end "
    "table.sort(t) return table.concat(t, ',') .. ('%5.2f|%s'):format(1.5, 'x')",
    "local n = 0 for i = 1, 10 do local c = coroutine.wrap(function(a) "
    "while true do a = coroutine.yield(a + 1) end end) n = n + c(i) + c(i) end "
    "local ok, e = pcall(error, {}) return (('x'):rep(300):gsub('x', function(c) "
    "return c .. c "
    "end)):len() + n",
};

START_TEST(every_allocation__may_fail_once)
{
    fixture_open(&fixture);
    fail_each(allocating[_i], false);
    cdn_slot_free(fixture.slot);
}
END_TEST

START_TEST(every_allocation__may_fail_with_all_later_ones)
{
    fixture_open(&fixture);
    fail_each(allocating[_i], true);
    cdn_slot_free(fixture.slot);
}
END_TEST

START_TEST(new__survives_every_allocation_failure)
{
    CDN_UNIT_FAILALLOC(nth)
    {
        struct cdn_slot *slot;
        cordon_error err;
        cordon_status status = cdn_slot_new(&slot, NULL, &err);

        if (cdn_failalloc_fired()) {
            ck_assert_int_eq(status, CORDON_E_NOMEM);
            ck_assert_ptr_null(slot);
        } else {
            ck_assert_int_eq(status, CORDON_OK);
            cdn_slot_free(slot);
        }
    }
}
END_TEST
#endif

START_TEST(new__refuses_absurd_sizes)
{
    const struct cdn_slot_config large = {.memory_bytes = (size_t)1 << 40};
    const struct cdn_slot_config vast = {.scratch_bytes = SIZE_MAX};
    struct cdn_slot *slot;
    cordon_error err;

    ck_assert_int_eq(cdn_slot_new(&slot, &large, &err), CORDON_E_INVALID);
    ck_assert_ptr_null(slot);
    ck_assert_int_eq(cdn_slot_new(&slot, &vast, &err), CORDON_E_NOMEM);
    ck_assert_ptr_null(slot);
    cdn_slot_free(NULL);
}
END_TEST

/* ---- messages ---- */

static const struct {
    const char *source, *message, *file;
    uint32_t line;
} errors[] = {
    {"error('boom')", "boom", "rule.lua", 1},
    {"\n\nerror('boom')", "boom", "rule.lua", 3},
    {"error('boom', 0)", "boom", "", 0},
    {"error('ratio 3:1: bad', 0)", "ratio 3:1: bad", "", 0},
    {"error({})", "the error object is a table", "", 0},
    {"error()", "the error object is a nil", "", 0},
    {"error(true)", "the error object is a boolean", "", 0},
    {"error(12, 0)", "the error object is a number", "", 0},
    {"error(function() end)", "the error object is a function", "", 0},
    {"error('', 0)", "the error's message is empty", "", 0},
    {"error('a\\nb\\0c\\27[2J', 0)", "a\\x0ab\\x00c\\x1b[2J", "", 0},
    {"error(':1: x', 0)", ":1: x", "", 0},
    {"error('a:99999999999: x', 0)", "a:99999999999: x", "", 0},
    {"error('a:1:', 0)", "a:1:", "", 0},
    {"local x = nil\nreturn x.y", "attempt to index local 'x' (a nil value)",
     "rule.lua", 2},
};

START_TEST(message__is_escaped_and_split_from_its_position)
{
    const char *file;
    uint32_t line;

    fixture_open(&fixture);
    ck_assert_int_eq(EVAL(errors[_i].source), CDN_RUN_ERROR);
    ck_assert_str_eq(cdn_slot_message(fixture.slot, &file, &line), errors[_i].message);
    ck_assert_str_eq(file, errors[_i].file);
    ck_assert_uint_eq(line, errors[_i].line);
    ck_assert_int_eq(fixture_stop(&fixture), CDN_STOP_NONE);
    /* A run without an error leaves none. */
    ck_assert_int_eq(EVAL("return 1"), CDN_RUN_OK);
    ck_assert_str_eq(cdn_slot_message(fixture.slot, &file, &line), "");
    ck_assert_str_eq(file, "");
    cdn_slot_free(fixture.slot);
}
END_TEST

START_TEST(message__of_any_length_is_cut)
{
    fixture_open(&fixture);
    ck_assert_int_eq(EVAL("error(('y'):rep(100000), 0)"), CDN_RUN_ERROR);
    const char *message = cdn_slot_message(fixture.slot, NULL, NULL);

    ck_assert_uint_eq(strlen(message), CDN_SLOT_MESSAGE_BYTES - 1);
    ck_assert_str_eq(message + strlen(message) - 3, "...");
    cdn_slot_free(fixture.slot);
}
END_TEST

START_TEST(error_object__runs_no_code_of_the_rule)
{
    fixture_open(&fixture);
    ck_assert_int_eq(
        EVAL("error(setmetatable({}, {__tostring = function() while true do end "
             "end, __index = function() while true do end end}))"),
        CDN_RUN_ERROR);
    ck_assert_str_eq(cdn_slot_message(fixture.slot, NULL, NULL),
                     "the error object is a table");
    cdn_slot_free(fixture.slot);
}
END_TEST

START_TEST(stack_overflow__is_an_ordinary_error)
{
    static const char *const sources[] = {
        "local function f() return 1 + f() end f()",
        ("local t = setmetatable({}, {}) getmetatable(t).__index = function(s, k) "
         "return s[k] + 1 end return t.x"),
        "local function f() return pcall(f) end f() error('x')",
        "local function f() return (('x'):gsub('x', f)) end f()",
        "local function f() return coroutine.wrap(f)() end f()",
        "local t = {3, 2, 1} local function f() table.sort({2, 1, 3}, f) end f()",
    };

    fixture_open(&fixture);
    for (int i = 0; i < CDN_UNIT_COUNT(sources); i++) {
        struct cdn_budget budget = fixture_budget;

        budget.memory_bytes = 4 << 20;
        enum cdn_run run = fixture_eval(&fixture, sources[i], &budget);

        if (run != CDN_RUN_ERROR)
            ck_abort_msg("'%s' ends with %d, stop %d", sources[i], run,
                         fixture_stop(&fixture));
    }
    cdn_slot_free(fixture.slot);
}
END_TEST

#ifndef CDN_ASAN /* whose frames are some times larger */
/* Recursion through each native function that calls back, each as deep as it is let. */
static const char *const deep[] = {
    "local function f() return pcall(f) end f()",
    "local function f() local x = {pcall(f)} return x end f()",
    "local function f() return xpcall(f, f) end f()",
    "local function f() return (('x'):gsub('x', f)) end f()",
    "local function f() return (('xy'):gsub('(x)(y)', f)) end pcall(f)",
    "local function f() table.sort({2, 1, 3}, f) end f()",
    "local function f() return coroutine.wrap(f)() end f()",
    "local function f() return coroutine.resume(coroutine.create(f)) end f()",
    "local m = {} m.__tostring = function(t) return tostring(t) end "
    "tostring(setmetatable({}, m))",
    "local m = {} m.__tostring = function(t) return ('%s'):format(t) end "
    "tostring(setmetatable({}, m))",
    "local m = {} m.__lt = function(a, b) return a < b end "
    "local x = setmetatable({}, m) return x < setmetatable({}, m)",
    "local m = {} m.__index = function(t, k) return t[k] end return setmetatable({}, "
    "m).x",
    "local m = {} m.__concat = function(a, b) return a .. b end "
    "return setmetatable({}, m) .. setmetatable({}, m)",
    "return ('a'):rep(1000):find(('a?'):rep(1000) .. ('a'):rep(1000))",
    "return (('('):rep(5000) .. (')'):rep(5000)):find('%b()')",
};

static void nested(char *out, size_t size, const char *open, const char *close,
                   int depth)
{
    size_t used = 0;

    for (int i = 0; i < depth; i++)
        used += (size_t)snprintf(out + used, size - used, "%s", open);
    used += (size_t)snprintf(out + used, size - used, " ");
    for (int i = 0; i < depth; i++)
        used += (size_t)snprintf(out + used, size - used, "%s", close);
}

static void build_any(const char *source)
{
    struct cdn_image *image;
    enum cdn_run run;

    ck_assert_int_eq(cdn_image_build(&image, &run, fixture.slot, fixture_build,
                                     (void *)(uintptr_t)source, &fixture_budget, NULL,
                                     NULL),
                     CORDON_OK);
    if (image)
        fixture_run(&fixture, image, NULL);
    cdn_image_free(image);
}

static void *run_deep(void *ud)
{
    static const struct {
        const char *open, *close;
        int most;
    } forms[] = {
        {"x = function() ", " end ", 64},
        {"do ", "end ", 180},
        {"x = (", ")", 180},
        {"f(", ")", 180},
        {"x = {", "}", 180},
        {"x = not ", "1", 300},
        {"x = 2 ^ ", "1", 300},
        {"if x then ", "end ", 180},
        {"x = 'a' .. ", "'b'", 300},
        {"while x do ", "end ", 180},
        {"f(function() ", "end) ", 64},
        {"f{function() ", "end} ", 64},
        {"x = f(function() return {", "} end)", 60},
    };
    char source[16384];

    for (int i = 0; i < CDN_UNIT_COUNT(deep); i++)
        build_any(deep[i]);
    for (int i = 0; i < CDN_UNIT_COUNT(forms); i++) {
        nested(source, sizeof source, forms[i].open, forms[i].close, forms[i].most);
        build_any(source);
        nested(source, sizeof source, forms[i].open + (forms[i].open[0] == 'x' ? 4 : 0),
               forms[i].close, forms[i].most);
        build_any(source);
    }
    return ud;
}

START_TEST(c_stack__of_256_kib_is_enough)
{
#ifdef __SANITIZE_THREAD__
    const size_t stack_bytes = 2048 * 1024; /* its frames are several times as large */
#else
    const size_t stack_bytes = 256 * 1024;
#endif
    pthread_attr_t attributes;
    pthread_t thread;
    void *end;

    fixture_open(&fixture);
    pthread_attr_init(&attributes);
    ck_assert_int_eq(pthread_attr_setstacksize(&attributes, stack_bytes), 0);
    ck_assert_int_eq(pthread_create(&thread, &attributes, run_deep, &fixture), 0);
    ck_assert_int_eq(pthread_join(thread, &end), 0);
    ck_assert_ptr_eq(end, &fixture);
    /* The slot is whole. */
    ck_assert_int_eq(EVAL("return 1"), CDN_RUN_OK);
    cdn_slot_free(fixture.slot);
}
END_TEST
#endif

START_TEST(host__is_found_from_inside)
{
    fixture_open(&fixture);
    ck_assert_int_eq(EVAL("return 'seen'"), CDN_RUN_OK);
    ck_assert_str_eq(fixture.result, "seen");
    cdn_slot_free(fixture.slot);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("slot");

    CDN_UNIT_CASE(s, restore__leaves_no_trace_of_hostile_runs);
    CDN_UNIT_CASE(s, strings__hash_alike_in_every_slot);
    CDN_UNIT_CASE(s, images__of_one_source_are_the_same_bytes);
    CDN_UNIT_CASE(s, restore__of_another_image_clears_the_tail);
    CDN_UNIT_CASE(s, compare__sees_one_changed_byte);
    CDN_UNIT_CASE(s, runs__know_nothing_of_each_other);
    CDN_UNIT_CASE(s, images__of_one_slot_take_turns);
    CDN_UNIT_CASE(s, image_of_another_slot__does_not_run);
    CDN_UNIT_CASE(s, run__allocates_nothing_from_the_heap);
    CDN_UNIT_CASE(s, memory__that_lives_is_held_to_the_cap);
    CDN_UNIT_CASE(s, garbage__does_not_hit_the_cap);
    CDN_UNIT_CASE(s, memory_cap__is_exact);
    CDN_UNIT_CASE(s, memory_stop__cannot_be_caught);
    CDN_UNIT_CASE(s, memory_stop__keeps_the_count_exact);
    CDN_UNIT_CASE(s, collections__do_not_change_the_count);
    CDN_UNIT_CASE(s, scratch__is_given_back_in_order);
#ifdef CORDON_FAILALLOC
    CDN_UNIT_LOOP(s, every_allocation__may_fail_once, 0, CDN_UNIT_COUNT(allocating));
    CDN_UNIT_LOOP(s, every_allocation__may_fail_with_all_later_ones, 0,
                  CDN_UNIT_COUNT(allocating));
    CDN_UNIT_CASE(s, new__survives_every_allocation_failure);
#endif
    CDN_UNIT_CASE(s, new__refuses_absurd_sizes);
    CDN_UNIT_LOOP(s, message__is_escaped_and_split_from_its_position, 0,
                  CDN_UNIT_COUNT(errors));
    CDN_UNIT_CASE(s, message__of_any_length_is_cut);
    CDN_UNIT_CASE(s, error_object__runs_no_code_of_the_rule);
    CDN_UNIT_CASE(s, stack_overflow__is_an_ordinary_error);
#ifndef CDN_ASAN
    CDN_UNIT_CASE(s, c_stack__of_256_kib_is_enough);
#endif
    CDN_UNIT_CASE(s, host__is_found_from_inside);
    return s;
}

CDN_UNIT_MAIN(suite)
