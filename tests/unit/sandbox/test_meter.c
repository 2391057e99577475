#include "unit/sandbox/fixture.h"

#include <pthread.h>

#include "base/clock.h"
#include "sandbox/state.h"

static struct fixture fixture;

static uint64_t used(void)
{
    return cdn_slot_instructions(fixture.slot);
}

static uint64_t count_bare(const char *source, const struct cdn_budget *budget)
{
    struct cdn_image *image = fixture_image_with(&fixture, fixture_build_bare, source);

    ck_assert_int_eq(fixture_run(&fixture, image, budget), CDN_RUN_OK);
    cdn_image_free(image);
    return used();
}

START_TEST(bytecodes__are_counted_one_by_one)
{
    fixture_open(&fixture);
    uint64_t empty = count_bare("for i = 1, 0 do end", NULL);

    /* One a turn: across no quantum, and across many. */
    ck_assert_uint_eq(count_bare("for i = 1, 1 do end", NULL), empty + 1);
    ck_assert_uint_eq(count_bare("for i = 1, 7 do end", NULL), empty + 7);
    ck_assert_uint_eq(count_bare("for i = 1, 999 do end", NULL), empty + 999);
    ck_assert_uint_eq(count_bare("for i = 1, 1000 do end", NULL), empty + 1000);
    ck_assert_uint_eq(count_bare("for i = 1, 123457 do end", NULL), empty + 123457);
    cdn_slot_free(fixture.slot);
}
END_TEST

START_TEST(same_run__counts_the_same_every_time)
{
    static const char source[] = "local n = 0\n"
                                 "for i = 1, 5000 do n = n + #tostring(i) end\n"
                                 "local t = {} for i = 1, 300 do t[i] = {i} end\n"
                                 "for k, v in pairs(t) do n = n + v[1] end\n"
                                 "return n";
    uint64_t first = 0;

    fixture_open(&fixture);
    for (int built = 0; built < 3; built++) {
        struct cdn_image *image = fixture_image(&fixture, source);

        for (int i = 0; i < 5; i++) {
            ck_assert_int_eq(fixture_run(&fixture, image, NULL), CDN_RUN_OK);
            if (!first)
                first = used();
            ck_assert_uint_eq(used(), first);
        }
        cdn_image_free(image);
    }
    cdn_slot_free(fixture.slot);
}
END_TEST

/* Where the hook fires depends on the time left, what is counted does not: nor where the
 * hook's own frame makes the Lua stack grow, in functions called from C and in coroutines. */
START_TEST(count__does_not_depend_on_where_the_hook_fires)
{
    static const char *const sources[] = {
        "local m = setmetatable({}, {__tostring = function() return 'x' end})\n"
        "for i = 1, 400 do tostring(m) end",
        "local t = {2, 1, 3} for i = 1, 200 do\n"
        "table.sort(t, function(a, b) return a < b end) end",
        "local function f(n) if n > 0 then return 1 + f(n - 1) end return 0 end\n"
        "for i = 1, 30 do f(i * 10) end",
        "for i = 1, 100 do\n"
        "local co = coroutine.wrap(function(a) for j = 1, 3 do coroutine.yield(a) end "
        "end)\n"
        "co(i) co() co() end",
        "for i = 1, 100 do ('abc'):gsub('.', function(c) return c .. i end) end",
        "for i = 1, 100 do pcall(error, 'x') pcall(function() local a = nil + 1 end) "
        "end",
        "local t = {} for i = 1, 3000 do t[i] = i .. 'k' end",
    };

    fixture_open(&fixture);
    for (size_t i = 0; i < sizeof sources / sizeof sources[0]; i++) {
        struct cdn_image *image = fixture_image(&fixture, sources[i]);
        uint64_t first = 0;

        for (uint64_t us = 600000; us >= 100; us = us * 7 / 10) {
            struct cdn_budget budget = fixture_budget;
            enum cdn_run run;

            budget.wall_ns = us * 1000;
            run = fixture_run(&fixture, image, &budget);
            if (run == CDN_RUN_STOPPED)
                continue; /* the time was too short */
            ck_assert_int_eq(run, CDN_RUN_OK);
            if (!first)
                first = used();
            ck_assert_msg(used() == first, "%s: %llu with %llu us, %llu before",
                          sources[i], (unsigned long long)used(),
                          (unsigned long long)us, (unsigned long long)first);
        }
        ck_assert_uint_gt(first, 0);
        cdn_image_free(image);
    }
    cdn_slot_free(fixture.slot);
}
END_TEST

/* No room for the hook on the Lua stack is an ordinary error; the hook fires on after it. */
START_TEST(hook__goes_on_after_it_had_no_room)
{
    static const char source[] =
        "local s = ('x'):rep(5000)\n" /* the hook at each bytecode */
        "local function f() return 1 + f() end\n"
        "pcall(f)\n"
        "while true do end";
    struct cdn_budget budget = fixture_budget;
    struct cdn_image *image;

    fixture_open(&fixture);
    image = fixture_image(&fixture, source);
    budget.memory_bytes = 4 << 20;
    budget.instructions = UINT64_C(1) << 40;
    budget.wall_ns = 100000000;
    ck_assert_int_eq(fixture_run(&fixture, image, &budget), CDN_RUN_STOPPED);
    ck_assert_int_eq(cdn_slot_meter(fixture.slot)->stop, CDN_STOP_TIME);
    budget.instructions = 3000000;
    budget.wall_ns = UINT64_C(600000000000);
    ck_assert_int_eq(fixture_run(&fixture, image, &budget), CDN_RUN_STOPPED);
    ck_assert_int_eq(cdn_slot_meter(fixture.slot)->stop, CDN_STOP_INSTRUCTIONS);
    cdn_image_free(image);
    cdn_slot_free(fixture.slot);
}
END_TEST

/* A budget of exactly what a run needs lets it pass, one less does not: for bytecodes alone
 * and with native work in between. */
START_TEST(budget__is_exact)
{
    static const char *const sources[] = {
        "return 1",
        "for i = 1, 10 do end",
        "for i = 1, 12345 do end",
        "local t = ... for i = 1, 10 do t.charge(7) end",
        "local t = ... t.charge(2500) for i = 1, 700 do end t.charge(1)",
        "local t = ... for i = 1, 3000 do t.edges(3) if i > 200 then break end end",
        "local t = ... for i = 1, 1200 do t.charge(i % 3) end",
    };

    fixture_open(&fixture);
    for (size_t i = 0; i < sizeof sources / sizeof sources[0]; i++) {
        struct cdn_image *image = fixture_image(&fixture, sources[i]);
        struct cdn_budget budget = fixture_budget;

        ck_assert_int_eq(fixture_run(&fixture, image, NULL), CDN_RUN_OK);
        uint64_t needed = used();

        budget.instructions = needed;
        ck_assert_int_eq(fixture_run(&fixture, image, &budget), CDN_RUN_OK);
        ck_assert_uint_eq(used(), needed);
        for (uint64_t less = 1; less <= (needed < 50 ? needed : 50); less++) {
            budget.instructions = needed - less;
            ck_assert_int_eq(fixture_run(&fixture, image, &budget), CDN_RUN_STOPPED);
            ck_assert_int_eq(fixture_stop(&fixture), CDN_STOP_INSTRUCTIONS);
            ck_assert_uint_gt(used(), budget.instructions);
        }
        cdn_image_free(image);
    }
    cdn_slot_free(fixture.slot);
}
END_TEST

/* A bytecode that is too many is never executed: the side effect behind it does not come. */
START_TEST(budget__stops_before_the_bytecode_that_is_too_many)
{
    struct cdn_budget budget = fixture_budget;
    struct cdn_image *image;

    fixture_open(&fixture);
    image = fixture_image_with(&fixture, fixture_build_bare, "while true do end");
    for (uint64_t limit = 0; limit < 2100; limit += 300) {
        budget.instructions = limit;
        ck_assert_int_eq(fixture_run(&fixture, image, &budget), CDN_RUN_STOPPED);
        ck_assert_uint_eq(used(), limit + 1);
    }
    cdn_image_free(image);
    cdn_slot_free(fixture.slot);
}
END_TEST

START_TEST(native_work__is_charged_in_the_same_unit)
{
    fixture_open(&fixture);
    struct cdn_image *none = fixture_image(&fixture, "local t = ... t.charge(0)");
    struct cdn_image *some = fixture_image(&fixture, "local t = ... t.charge(54321)");

    ck_assert_int_eq(fixture_run(&fixture, none, NULL), CDN_RUN_OK);
    uint64_t base = used();
    ck_assert_int_eq(fixture_run(&fixture, some, NULL), CDN_RUN_OK);
    ck_assert_uint_eq(used(), base + 54321);
    cdn_image_free(none);
    cdn_image_free(some);
    cdn_slot_free(fixture.slot);
}
END_TEST

START_TEST(enormous_charge__saturates_and_stops)
{
    fixture_open(&fixture);
    ck_assert_int_eq(
        fixture_eval(&fixture, "local t = ... t.charge(2^63) t.charge(2^63)", NULL),
        CDN_RUN_STOPPED);
    ck_assert_int_eq(fixture_stop(&fixture), CDN_STOP_INSTRUCTIONS);
    cdn_slot_free(fixture.slot);
}
END_TEST

START_TEST(edges__have_their_own_budget)
{
    fixture_open(&fixture);
    ck_assert_int_eq(
        fixture_eval(&fixture, "local t = ... t.edges(999) t.edges(1)", NULL),
        CDN_RUN_OK);
    ck_assert_uint_eq(cdn_slot_meter(fixture.slot)->edges, 1000);
    ck_assert_uint_eq(cdn_meter_edges_left(cdn_slot_meter(fixture.slot)), 0);
    ck_assert_int_eq(
        fixture_eval(&fixture, "local t = ... t.edges(999)\nt.edges(2)", NULL),
        CDN_RUN_STOPPED);
    ck_assert_int_eq(fixture_stop(&fixture), CDN_STOP_EDGES);
    ck_assert_uint_eq(cdn_slot_meter(fixture.slot)->stop_line, 2);
    ck_assert_str_eq(cdn_slot_meter(fixture.slot)->stop_file, "rule.lua");
    cdn_slot_free(fixture.slot);
}
END_TEST

START_TEST(edges__cost_a_quarter_of_an_instruction_rounded_up)
{
    fixture_open(&fixture);
    struct cdn_image *base = fixture_image(&fixture, "local t = ... t.edges(0)");
    struct cdn_image *five = fixture_image(&fixture, "local t = ... t.edges(5)");

    ck_assert_int_eq(fixture_run(&fixture, base, NULL), CDN_RUN_OK);
    uint64_t before = used();
    ck_assert_int_eq(fixture_run(&fixture, five, NULL), CDN_RUN_OK);
    ck_assert_uint_eq(used(), before + 2);
    cdn_image_free(base);
    cdn_image_free(five);
    cdn_slot_free(fixture.slot);
}
END_TEST

/* Whatever catches the error, the run ends, and ends as stopped. */
START_TEST(limit__cannot_be_caught)
{
    static const char *const sources[] = {
        "while true do pcall(function() while true do end end) end",
        "local t = ... while true do t.catch(function() while true do end end) end",
        "local t = ... t.catch(function() while true do end end) return 'done'",
        "while true do xpcall(function() while true do end end, function() end) end",
        "xpcall(function() while true do end end, function() while true do end end)",
        "while true do local c = coroutine.wrap(function() while true do end end) "
        "pcall(c) end",
        "while true do local c = coroutine.create(function() while true do end end) "
        "coroutine.resume(c) end",
        "local function f() return pcall(f) end while true do f() end",
        "local t = {} for i = 1, 100 do t[i] = i end "
        "while true do pcall(table.sort, t, function() while true do end end) end",
        "while true do pcall(string.gsub, 'x', 'x', function() while true do end end) "
        "end",
        "while true do pcall(error) end",
        "local m = setmetatable({}, {__index = function() while true do end end}) "
        "while true do pcall(function() return m.x end) end",
    };
    struct cdn_budget budget = fixture_budget;

    budget.instructions = 200000;
    fixture_open(&fixture);
    for (size_t i = 0; i < sizeof sources / sizeof sources[0]; i++) {
        ck_assert_int_eq(fixture_eval(&fixture, sources[i], &budget), CDN_RUN_STOPPED);
        ck_assert_int_eq(fixture_stop(&fixture), CDN_STOP_INSTRUCTIONS);
        ck_assert_str_eq(fixture.result, "");
        /* Unwinding through all that catches is nearly free of charge. */
        ck_assert_uint_lt(used(), budget.instructions + 20000);
    }
    cdn_slot_free(fixture.slot);
}
END_TEST

START_TEST(charge__after_a_caught_limit_raises_again)
{
    struct cdn_budget budget = fixture_budget;

    budget.instructions = 5000;
    fixture_open(&fixture);
    ck_assert_int_eq(
        fixture_eval(&fixture,
                     "local t = ... t.catch(t.charge, 10000) t.charge(1) return 'on'",
                     &budget),
        CDN_RUN_STOPPED);
    ck_assert_str_eq(fixture.result, "");
    ck_assert_int_eq(fixture_stop(&fixture), CDN_STOP_INSTRUCTIONS);
    cdn_slot_free(fixture.slot);
}
END_TEST

START_TEST(passed_deadline__stops_a_loop_and_native_work)
{
    static const char *const sources[] = {
        "while true do end",
        "local t = ... while true do t.charge(100) end",
        "local t = ... for i = 1, 5000 do t.charge(5000) end",
    };
    struct cdn_budget budget = fixture_budget;

    budget.instructions = UINT64_MAX;
    fixture_open(&fixture);
    for (size_t i = 0; i < sizeof sources / sizeof sources[0]; i++) {
        struct cdn_image *image = fixture_image(&fixture, sources[i]);

        budget.wall_ns = 2000000;
        if (i == 2)
            budget.wall_ns = 1; /* passed before the first look at the clock */
        ck_assert_int_eq(fixture_run(&fixture, image, &budget), CDN_RUN_STOPPED);
        ck_assert_int_eq(fixture_stop(&fixture), CDN_STOP_TIME);
        /* An absolute one goes before the budget's. */
        budget.wall_ns = fixture_budget.wall_ns;
        ck_assert_int_eq(
            cdn_slot_run(fixture.slot, image, &budget, cdn_clock_ns(), NULL, 0),
            CDN_RUN_STOPPED);
        ck_assert_int_eq(fixture_stop(&fixture), CDN_STOP_TIME);
        ck_assert_uint_eq(used(), 0);
        cdn_image_free(image);
    }
    cdn_slot_free(fixture.slot);
}
END_TEST

static void *cancel_later(void *ud)
{
    usleep(3000);
    __atomic_store_n((uint32_t *)ud, 1, __ATOMIC_RELAXED);
    return NULL;
}

START_TEST(cancel__from_another_thread_stops_an_endless_rule)
{
    struct cdn_budget budget = fixture_budget;
    struct cdn_image *image;
    pthread_t thread;

    budget.instructions = UINT64_MAX;
    fixture_open(&fixture);
    image = fixture_image(&fixture, "while true do pcall(function() end) end");
    ck_assert_int_eq(pthread_create(&thread, NULL, cancel_later, &fixture.cancel), 0);
    ck_assert_int_eq(fixture_run(&fixture, image, &budget), CDN_RUN_STOPPED);
    ck_assert_int_eq(fixture_stop(&fixture), CDN_STOP_CANCELLED);
    pthread_join(thread, NULL);
    /* Still set: the next one does not begin. */
    ck_assert_int_eq(fixture_run(&fixture, image, &budget), CDN_RUN_STOPPED);
    ck_assert_int_eq(fixture_stop(&fixture), CDN_STOP_CANCELLED);
    ck_assert_uint_eq(used(), 0);
    fixture.cancel = 0;
    budget.instructions = 1000;
    ck_assert_int_eq(fixture_run(&fixture, image, &budget), CDN_RUN_STOPPED);
    ck_assert_int_eq(fixture_stop(&fixture), CDN_STOP_INSTRUCTIONS);
    cdn_image_free(image);
    cdn_slot_free(fixture.slot);
}
END_TEST

START_TEST(stop__names_the_line_of_the_rule)
{
    fixture_open(&fixture);
    ck_assert_int_eq(fixture_eval(&fixture, "local x = 1\n\nwhile true do\nend", NULL),
                     CDN_RUN_STOPPED);
    ck_assert_str_eq(cdn_slot_meter(fixture.slot)->stop_file, "rule.lua");
    ck_assert_uint_ge(cdn_slot_meter(fixture.slot)->stop_line, 3);
    ck_assert_uint_le(cdn_slot_meter(fixture.slot)->stop_line, 4);
    ck_assert_int_eq(fixture_eval(&fixture,
                                  "local t = ...\nlocal function f()\n"
                                  "  t.charge(1e9)\nend\nf()",
                                  NULL),
                     CDN_RUN_STOPPED);
    ck_assert_uint_eq(cdn_slot_meter(fixture.slot)->stop_line, 3);
    /* The next run starts without it. */
    ck_assert_int_eq(fixture_eval(&fixture, "return 1", NULL), CDN_RUN_OK);
    ck_assert_uint_eq(cdn_slot_meter(fixture.slot)->stop_line, 0);
    ck_assert_str_eq(cdn_slot_meter(fixture.slot)->stop_file, "");
    cdn_slot_free(fixture.slot);
}
END_TEST

START_TEST(coroutines__share_one_count)
{
    fixture_open(&fixture);
    struct cdn_image *image =
        fixture_image(&fixture, "local c = coroutine.wrap(function() "
                                "for i = 1, 1000 do coroutine.yield(i) end end) "
                                "for i = 1, 1000 do c() end "
                                "for i = 1, 20000 do end");

    ck_assert_int_eq(fixture_run(&fixture, image, NULL), CDN_RUN_OK);
    uint64_t needed = used();
    struct cdn_budget budget = fixture_budget;

    ck_assert_uint_gt(needed, 25000);
    budget.instructions = needed;
    ck_assert_int_eq(fixture_run(&fixture, image, &budget), CDN_RUN_OK);
    budget.instructions = needed - 1;
    ck_assert_int_eq(fixture_run(&fixture, image, &budget), CDN_RUN_STOPPED);
    cdn_image_free(image);
    cdn_slot_free(fixture.slot);
}
END_TEST

START_TEST(countdown__is_found_in_this_luajit)
{
    fixture_open(&fixture);
    ck_assert(fixture.slot->exact);
    cdn_slot_free(fixture.slot);
}
END_TEST

/* What a bytecode can reach says what it may take: dear numerals most, long strings much,
 * tables a little. */
START_TEST(worst__follows_the_longest_string)
{
    static const struct {
        const char *source;
        size_t string_from, string_to, other_from, other_to;
        uint64_t worst_from, worst_to; /* ns */
    } cases[] = {
        {"return 1", 0, 262, 0, 8192, 3000, 5000},
        {"for i = 1, 100 do local t = {} for k = 1, 16 do t['f' .. k] = k end end", 0,
         262, 384, 8192, 3000, 5000},
        {"local t = {} for i = 1, 3000 do t[i] = i end", 0, 262, 24000, 50000, 6000,
         10000},
        {"local s = ('x'):rep(1000)", 1000, 1280, 0, 8192, 6000, 8000},
        {"local s = ('x'):rep(10000)", 10000, 12500, 0, 16400, 730000, 740000},
        {"local s = ('x'):rep(5000) s = s .. s", 10000, 12500, 0, 16400, 730000,
         740000},
        {"local s = ('x'):rep(100000)", 100000, 131072, 0, 270000, 1000000, 1200000},
        /* a dear numeral may be parsed at every bytecode */
        {"local s = '1e308'", 0, 262, 0, 8192, 170000, 172000},
        {"local s = '1e' .. 308", 0, 262, 0, 8192, 170000, 172000},
        {"local s = ('7'):rep(200) .. '.' .. ('7'):rep(200)", 400, 1000, 0, 8192,
         701000, 705000},
    };

    fixture_open(&fixture);
    ck_assert(fixture.slot->strings.known);
    ck_assert(fixture.slot->strings.listening);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct cdn_slot *slot = fixture.slot;

        ck_assert_int_eq(fixture_eval(&fixture, cases[i].source, NULL), CDN_RUN_OK);
        ck_assert_uint_ge(slot->reach.string, cases[i].string_from);
        ck_assert_uint_le(slot->reach.string, cases[i].string_to);
        ck_assert_uint_ge(slot->reach.other, cases[i].other_from);
        ck_assert_uint_le(slot->reach.other, cases[i].other_to);
        ck_assert_uint_ge(slot->worst_ns, cases[i].worst_from);
        ck_assert_uint_le(slot->worst_ns, cases[i].worst_to);
    }
    cdn_slot_free(fixture.slot);
}
END_TEST

/* Far from the deadline a whole quantum passes between two looks, and close to it as many
 * bytecodes as may take what is left. */
START_TEST(stride__shrinks_as_the_deadline_comes_near)
{
    static const struct {
        const char *source;
        uint64_t wall_ns;
        int32_t from, to; /* at the start, of what the first look leaves */
    } cases[] = {
        {"return 1", UINT64_C(600000000000), 1000, 1000},
        {"return 1", 2000000, 200, 870},
        {"local s = '1e308'", 20000000, 3, 121},
        {"local s = ('x'):rep(10000) for i = 1, 3000 do end", 20000000, 1, 28},
        {"local s = ('7'):rep(200) .. '.' .. ('7'):rep(200) for i = 1, 3000 do end",
         20000000, 1, 30},
    };

    fixture_open(&fixture);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct cdn_budget budget = fixture_budget;

        budget.wall_ns = cases[i].wall_ns;
        fixture_eval(&fixture, cases[i].source, &budget);
        ck_assert_int_ge(fixture.slot->stride, cases[i].from);
        ck_assert_int_le(fixture.slot->stride, cases[i].to);
    }
    cdn_slot_free(fixture.slot);
}
END_TEST

/* A string that is in the image counts from the run's first bytecode on. */
START_TEST(worst__knows_what_the_image_holds)
{
    enum { LENGTH = 50000 };
    static char text[LENGTH + 1], source[LENGTH + 32];

    memset(text, 'y', LENGTH);
    snprintf(source, sizeof source, "return '%s'", text);
    fixture_open(&fixture);
    struct cdn_image *image = fixture_image(&fixture, source);

    ck_assert_uint_ge(image->reach.string, LENGTH);
    cdn_slot_restore(fixture.slot, image);
    ck_assert_uint_ge(fixture.slot->reach.string, LENGTH);
    ck_assert_int_eq(fixture_run(&fixture, image, NULL), CDN_RUN_OK);
    ck_assert_uint_ge(fixture.slot->worst_ns, 850000);
    cdn_image_free(image);
    cdn_slot_free(fixture.slot);
}
END_TEST

/* Counting is the same however the stride changes. */
START_TEST(stride__does_not_change_what_is_counted)
{
    fixture_open(&fixture);
    uint64_t empty =
        count_bare("local s = ('x'):rep(100000) for i = 1, 0 do end", NULL);

    ck_assert_uint_eq(
        count_bare("local s = ('x'):rep(100000) for i = 1, 12345 do end", NULL),
        empty + 12345);
    cdn_slot_free(fixture.slot);
}
END_TEST

/* The parser has no hook: the allocator ends it. */
START_TEST(parsing__ends_when_the_time_is_up)
{
    enum { PARTS = 20000 };
    static char source[PARTS * 6 + 64];
    struct cdn_budget budget = fixture_budget;
    struct cdn_image *image = NULL;
    enum cdn_run run;
    size_t at = 0;

    fixture_open(&fixture);
    at += (size_t)snprintf(source, sizeof source, "local t = {");
    for (int i = 0; i < PARTS; i++)
        at += (size_t)snprintf(source + at, sizeof source - at, "{%d},", i % 10);
    snprintf(source + at, sizeof source - at, "}");
    budget.wall_ns = 200000;
    ck_assert_int_eq(cdn_image_build(&image, &run, fixture.slot, fixture_build_bare,
                                     source, &budget, NULL, NULL),
                     CORDON_OK);
    ck_assert_int_eq(run, CDN_RUN_STOPPED);
    ck_assert_int_eq(fixture_stop(&fixture), CDN_STOP_TIME);
    ck_assert_ptr_null(image);
    /* and the slot is as good as before */
    ck_assert_int_eq(fixture_eval(&fixture, "return 1", NULL), CDN_RUN_OK);
    cdn_slot_free(fixture.slot);
}
END_TEST

/* A LuaJIT whose countdown is not found still stops, at whole quanta. */
START_TEST(without_the_countdown__limits_still_hold)
{
    struct cdn_budget budget = fixture_budget;

    fixture_open(&fixture);
    fixture.slot->exact = false;
    ck_assert_int_eq(fixture_eval(&fixture, "for i = 1, 10500 do end return 1", NULL),
                     CDN_RUN_OK);
    ck_assert_uint_eq(used(), 10000);
    budget.instructions = 50000;
    ck_assert_int_eq(
        fixture_eval(&fixture,
                     "while true do pcall(function() while true do end end) "
                     "end",
                     &budget),
        CDN_RUN_STOPPED);
    ck_assert_int_eq(fixture_stop(&fixture), CDN_STOP_INSTRUCTIONS);
    ck_assert_uint_ge(used(), 50000);
    ck_assert_uint_lt(used(), 52000);
    ck_assert_int_eq(fixture_eval(&fixture,
                                  "local t = {} pcall(function() for i = 1, 1e7 do "
                                  "t[i] = {} end end)",
                                  NULL),
                     CDN_RUN_STOPPED);
    ck_assert_int_eq(fixture_stop(&fixture), CDN_STOP_MEMORY);
    ck_assert_int_eq(
        fixture_eval(&fixture, "local t = ... while true do t.charge(99) end", &budget),
        CDN_RUN_STOPPED);
    ck_assert_int_eq(fixture_stop(&fixture), CDN_STOP_INSTRUCTIONS);
    /* Short budgets too, and the slot goes on. */
    budget.instructions = 10;
    ck_assert_int_eq(fixture_eval(&fixture, "while true do end", &budget),
                     CDN_RUN_STOPPED);
    ck_assert_int_eq(fixture_eval(&fixture, "return 1", NULL), CDN_RUN_OK);
    cdn_slot_free(fixture.slot);
}
END_TEST

/* What the host knows of the time spares a look at the clock, in the next run alone, and not
 * where the deadline is near. */
START_TEST(known_time__is_for_one_run_with_a_far_deadline)
{
    const uint64_t second = UINT64_C(1000000000);
    uint64_t now = cdn_clock_ns();
    struct cdn_image *image;

    fixture_open(&fixture);
    image = fixture_image(&fixture, "return 1");
    /* of passed deadlines: the host knows better, once; it does not know; it is near */
    for (int i = 0; i < 3; i++) {
        if (i != 1)
            cdn_slot_know_time(fixture.slot, i ? now - 2 : now - second);
        ck_assert_int_eq(
            cdn_slot_run(fixture.slot, image, &fixture_budget, now - 1, NULL, 1),
            i ? CDN_RUN_STOPPED : CDN_RUN_OK);
        if (i)
            ck_assert_int_eq(fixture_stop(&fixture), CDN_STOP_TIME);
    }
    cdn_image_free(image);
    cdn_slot_free(fixture.slot);
}
END_TEST

START_TEST(walk__counts_for_what_the_largest_table_allows)
{
    struct cdn_slot *slot;
    uint32_t before;

    fixture_open(&fixture);
    ck_assert_int_eq(fixture_eval(&fixture, "return 1", NULL), CDN_RUN_OK);
    slot = fixture.slot;
    slot->meter.deadline_ns = UINT64_MAX;
    slot->meter.unpolled = 0;
    slot->reach.other = 320;
    slot->arena.watch = SIZE_MAX;
    cdn_meter_walk(slot->L, 31);
    ck_assert_uint_eq(slot->meter.unpolled, 0);
    cdn_meter_walk(slot->L, 0);
    ck_assert_uint_eq(slot->meter.unpolled, 10);
    cdn_meter_walked(slot->L);
    ck_assert_uint_eq(slot->meter.unpolled, 30);
    cdn_meter_walk(slot->L, 32);
    ck_assert_uint_eq(slot->meter.unpolled, 350);
    /* a block of which nothing is known yet, and one that is no longer than a string */
    slot->unknown_count = 1;
    slot->unknown[0].bytes = 640;
    before = slot->meter.unpolled;
    cdn_meter_walk(slot->L, 0);
    ck_assert_uint_eq(slot->meter.unpolled, before + 20);
    slot->unknown_count = 0;
    slot->arena.watch = 960;
    cdn_meter_walk(slot->L, 0);
    ck_assert_uint_eq(slot->meter.unpolled, before + 50);
    /* in a large one each is a look at the clock */
    slot->reach.other = 1 << 20;
    cdn_meter_walk(slot->L, 0);
    ck_assert_uint_eq(slot->meter.unpolled, 0);
    cdn_slot_free(fixture.slot);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("meter");

    CDN_UNIT_CASE(s, bytecodes__are_counted_one_by_one);
    CDN_UNIT_CASE(s, same_run__counts_the_same_every_time);
    CDN_UNIT_CASE(s, count__does_not_depend_on_where_the_hook_fires);
    CDN_UNIT_CASE(s, hook__goes_on_after_it_had_no_room);
    CDN_UNIT_CASE(s, budget__is_exact);
    CDN_UNIT_CASE(s, budget__stops_before_the_bytecode_that_is_too_many);
    CDN_UNIT_CASE(s, native_work__is_charged_in_the_same_unit);
    CDN_UNIT_CASE(s, enormous_charge__saturates_and_stops);
    CDN_UNIT_CASE(s, edges__have_their_own_budget);
    CDN_UNIT_CASE(s, edges__cost_a_quarter_of_an_instruction_rounded_up);
    CDN_UNIT_CASE(s, limit__cannot_be_caught);
    CDN_UNIT_CASE(s, charge__after_a_caught_limit_raises_again);
    CDN_UNIT_CASE(s, passed_deadline__stops_a_loop_and_native_work);
    CDN_UNIT_CASE(s, cancel__from_another_thread_stops_an_endless_rule);
    CDN_UNIT_CASE(s, stop__names_the_line_of_the_rule);
    CDN_UNIT_CASE(s, coroutines__share_one_count);
    CDN_UNIT_CASE(s, countdown__is_found_in_this_luajit);
    CDN_UNIT_CASE(s, worst__follows_the_longest_string);
    CDN_UNIT_CASE(s, worst__knows_what_the_image_holds);
    CDN_UNIT_CASE(s, stride__shrinks_as_the_deadline_comes_near);
    CDN_UNIT_CASE(s, stride__does_not_change_what_is_counted);
    CDN_UNIT_CASE(s, parsing__ends_when_the_time_is_up);
    CDN_UNIT_CASE(s, without_the_countdown__limits_still_hold);
    CDN_UNIT_CASE(s, known_time__is_for_one_run_with_a_far_deadline);
    CDN_UNIT_CASE(s, walk__counts_for_what_the_largest_table_allows);
    return s;
}

CDN_UNIT_MAIN(suite)
