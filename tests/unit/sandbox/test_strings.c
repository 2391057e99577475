#include "unit/sandbox/fixture.h"

#include "sandbox/state.h"

static struct fixture fixture;

/* Runs the chunk while the image is built. */
static int build_called(lua_State *L)
{
    const char *source = lua_touserdata(L, 1);

    cdn_library_load(L, source, strlen(source), "rule.lua");
    lua_pushvalue(L, -1);
    lua_call(L, 0, 0);
    return 1;
}

static bool any_in_arena(void)
{
    const struct cdn_arena *arena = &fixture.slot->arena;

    return cdn_strings_dear(&fixture.slot->strings, arena->base,
                            arena->base + arena->head->top);
}

START_TEST(shape_and_buffer__are_found_in_this_luajit)
{
    struct cdn_strings first;

    fixture_open(&fixture);
    first = fixture.slot->strings;
    cdn_slot_free(fixture.slot);
    ck_assert(first.known);
    ck_assert(first.listening);
    for (int i = 0; i < 4; i++) {
        fixture_open(&fixture);
        ck_assert_mem_eq(&first, &fixture.slot->strings, sizeof first);
        cdn_slot_free(fixture.slot);
    }
}
END_TEST

/* Each makes a text that takes long to parse, all ways that a rule has: it is noticed, and
 * then paid for. */
START_TEST(dear_numeral__is_noticed_however_it_is_made)
{
    static const char *const makers[] = {
        "'1e308'",
        "'\\49e\\x330\\z\n 8'",
        "[[1e308]]",
        "'1e' .. 308",
        "'1' .. ('e' .. '30') .. 8",
        "1e300 .. ''",
        "'' .. 1e-300",
        "('7'):rep(300)",
        "('77'):rep(20, '7')",
        "('7'):rep(60) .. '.' .. ('7'):rep(60)",
        "(' '):rep(5) .. '-1e308'",
        "tostring(1e300)",
        "tostring(-1e-300)",
        "('%g'):format(1e300)",
        "('%s'):format(1e300)",
        "('%.0f'):format(1e60)",
        "bit.tohex(0x1e000300)",
        "('%.99f'):format(0.1)",
        "('x1e308x'):sub(2, -2)",
        "('1e308'):upper()",
        "('1E308'):lower()",
        "('803e1'):reverse()",
        "string.char(49, 101, 51, 48, 56)",
        "table.concat({ '1', '308' }, 'e')",
        "table.concat({ 1e300 })",
        "('1f308'):gsub('f', 'e')",
        "('x'):gsub('x', '1e308')",
        "('x'):gsub('x', function() return 1e300 end)",
        "('x'):gsub('x', { x = 1e300 })",
        "('1e308 x'):match('%S+')",
        "('x=1e308'):match('=(.*)')",
        "('x1e308'):gmatch('%d.*')()",
        "select(2, pcall(error, '1e' .. '308', 0))",
        "next({ ['1e' .. 308] = 1 })",
        "tostring(setmetatable({}, { __tostring = function() return 1e300 end }))",
        "coroutine.wrap(function() return '1e' .. 308 end)()",
        "(string.upper(1e300))",
        "(string.rep(1e300, 1))",
        "(string.sub(1e300, 1))",
        "(string.gsub(1e300, 'x', 'y'))",
        "string.match(1e300, '.*')",
        "table.concat({ 'x', 'y' }, 1e300):match('^.(.*).$')",
        "setmetatable({}, { __concat = function() return '1e' .. 308 end }) .. 1",
    };
    char source[512];

    fixture_open(&fixture);
    for (size_t i = 0; i < sizeof makers / sizeof makers[0]; i++) {
        snprintf(source, sizeof source,
                 "local s = %s\nfor i = 1, 100 do local x = s + 0 end return s",
                 makers[i]);
        ck_assert_msg(fixture_eval(&fixture, source, NULL) == CDN_RUN_OK, "%s: %s",
                      makers[i], cdn_slot_message(fixture.slot, NULL, NULL));
        ck_assert_msg(fixture.slot->reach.numeral, "%s", makers[i]);
        /* the cheapest of them takes 1.2 us */
        ck_assert_msg(cdn_slot_instructions(fixture.slot) > 100 * UINT64_C(300), "%s",
                      makers[i]);
        ck_assert(any_in_arena());
    }
    cdn_slot_free(fixture.slot);
}
END_TEST

/* A function that makes a text of an argument leaves that text in the state, where the same
 * text made later is found and no block asked for. */
START_TEST(number_made_a_text_in_passing__is_noticed)
{
    static const char *const calls[] = {
        "string.byte(1e300)",
        "string.find(1e300, 'x')",
        "string.find('x', 1e300)",
        "string.match('x', 1e300)",
        "string.gmatch(1e300, 'x')",
        "string.gmatch('x', 1e300)",
        "string.gsub('x', 1e300, 'y')",
        "string.gsub('x', 'y', 1e300)",
        "string.gsub('x', 'x', 1e300)",
        "string.rep('x', 2, 1e300)",
        "string.format(1e300)",
        "string.format('%q', 1e300)",
        "string.format('%5s', 1e300)",
        "string.lower(1e300)",
        "string.reverse(1e300)",
        "string.len(1e300)",
        "tonumber(1e300, 16)",
        "table.concat({}, 1e300)",
        "table.concat({ 1, 1e300 }, ',')",
        "pcall(error, 1e300)",
        "pcall(string.rep, 1e300, 2)",
    };
    char source[512];

    fixture_open(&fixture);
    for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++) {
        snprintf(source, sizeof source, "local _ = %s", calls[i]);
        ck_assert_msg(fixture_eval(&fixture, source, NULL) == CDN_RUN_OK, "%s: %s",
                      calls[i], cdn_slot_message(fixture.slot, NULL, NULL));
        ck_assert_msg(fixture.slot->reach.numeral || !any_in_arena(), "%s", calls[i]);
    }
    cdn_slot_free(fixture.slot);
}
END_TEST

/* What honest rules have. */
START_TEST(usual_texts__cost_nothing)
{
    static const char *const sources[] = {
        "local s = '12' for i = 1, 100 do s = i .. ' of ' .. s:sub(1, 20) end",
        "local s = 0 for i = 1, 100 do s = s + tonumber(i .. '.5') end",
        "local s = ('12345678901234567890'):sub(1, 18) + 1",
        "local s = '2026-11-27T10:00:00Z' .. 12",
        "local s = '5e9981 is no number' .. 'but begins like one'",
        "local s = 'DE' .. ('7'):rep(20)",
        "local s = ('%.3f'):format(1 / 3) + 0",
        "local t = {} for i = 1, 50 do t[i .. ''] = i end",
        "local s = ('-'):rep(100) .. ('.'):rep(100) .. ('1e'):rep(100)",
    };

    fixture_open(&fixture);
    for (size_t i = 0; i < sizeof sources / sizeof sources[0]; i++) {
        ck_assert_int_eq(fixture_eval(&fixture, sources[i], NULL), CDN_RUN_OK);
        ck_assert_msg(!fixture.slot->reach.numeral, "%s", sources[i]);
        ck_assert(!fixture.slot->single);
        ck_assert_msg(!any_in_arena(), "%s", sources[i]);
    }
    cdn_slot_free(fixture.slot);
}
END_TEST

/* Twice the work is twice the charge. */
START_TEST(parsing__is_charged_by_its_work)
{
    static const char *const operators[] = {"s + 0",
                                            "0 - s",
                                            "-s",
                                            "s * 2",
                                            "s ^ 1",
                                            "s % 7",
                                            "tonumber(s)",
                                            "math.abs(s)",
                                            "math.ldexp(s, 0)",
                                            "math.max(1, s)",
                                            "bit.tobit(s)",
                                            "select(-s / s, s)",
                                            "pcall(math.sqrt, s)",
                                            "pcall(error, 'x', s)",
                                            "coroutine.wrap(math.sin)(s)",
                                            "(s):gsub('.+', math.sin)"};
    char source[256];
    uint64_t used[3];

    fixture_open(&fixture);
    for (size_t i = 0; i < sizeof operators / sizeof operators[0]; i++) {
        for (int n = 0; n < 3; n++) {
            snprintf(source, sizeof source,
                     "local s = '1e308' for i = 1, %d do local x = %s end", 10 << n,
                     operators[i]);
            ck_assert_msg(fixture_eval(&fixture, source, NULL) == CDN_RUN_OK, "%s: %s",
                          operators[i], cdn_slot_message(fixture.slot, NULL, NULL));
            used[n] = cdn_slot_instructions(fixture.slot);
        }
        ck_assert_uint_ge(used[0], 10 * cdn_numeral_cost("1e308", 5));
        ck_assert_msg(used[2] - used[1] == 2 * (used[1] - used[0]), "%s", operators[i]);
    }
    cdn_slot_free(fixture.slot);
}
END_TEST

/* It costs the same from whatever moment on the hook would have fired. */
START_TEST(charge__does_not_depend_on_the_time_left)
{
    static const char source[] =
        "local n = 0 for i = 1, 700 do n = n + i end\n"
        "local s = '1e' .. 300 for i = 1, 50 do n = n + s end\n"
        "local t = {} for i = 1, 300 do t[i] = i .. 'e200' n = n + t[i] end\n"
        "return n";

    fixture_open(&fixture);
    /* 50 of "1e300", 300 of up to "300e200", at what they cost */
    ck_assert_uint_gt(fixture_counts_alike(&fixture, source, 100),
                      50 * cdn_numeral_cost("1e300", 5) +
                          300 * cdn_numeral_cost("1e200", 5));
    cdn_slot_free(fixture.slot);
}
END_TEST

/* It belongs to the run that made it, or to the image: the next run starts anew. */
START_TEST(next_run__begins_without)
{
    struct cdn_image *clean, *dear;

    fixture_open(&fixture);
    clean = fixture_image(&fixture, "return 1");
    dear = fixture_image(&fixture, "local s = '1e308' return function() return s end");
    ck_assert(!clean->reach.numeral);
    ck_assert(dear->reach.numeral);
    for (int i = 0; i < 3; i++) {
        ck_assert_int_eq(fixture_run(&fixture, dear, NULL), CDN_RUN_OK);
        ck_assert(fixture.slot->single);
        ck_assert_int_eq(fixture_run(&fixture, clean, NULL), CDN_RUN_OK);
        ck_assert(!fixture.slot->single);
    }
    cdn_image_free(dear);
    cdn_image_free(clean);
    cdn_slot_free(fixture.slot);
}
END_TEST

/* Loading is charged as well, in both passes of a compact image. */
START_TEST(loading__is_stopped_by_its_instructions)
{
    static const char *const sources[] = {
        "local s = '1e308' for i = 1, 1e9 do local x = s + 0 end",
        "local s = '1e' .. '308' for i = 1, 1e9 do local x = s + 0 end"};
    struct cdn_budget budget = fixture_budget;

    budget.instructions = 1000000;
    fixture_open(&fixture);
    for (int i = 0; i < 4; i++) {
        struct cdn_image *image = NULL;
        enum cdn_run run;
        cordon_error err;
        char source[256];
        cordon_status status;

        snprintf(source, sizeof source, "(function() %s end)()", sources[i / 2]);
        status = (i % 2 ? cdn_image_build : cdn_image_build_compact)(
            &image, &run, fixture.slot, build_called, source, &budget, NULL, &err);
        ck_assert_int_eq(status, CORDON_OK);
        ck_assert_ptr_null(image);
        ck_assert_int_eq(run, CDN_RUN_STOPPED);
        ck_assert_int_eq(fixture_stop(&fixture), CDN_STOP_INSTRUCTIONS);
    }
    cdn_slot_free(fixture.slot);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("strings");

    CDN_UNIT_CASE(s, shape_and_buffer__are_found_in_this_luajit);
    CDN_UNIT_CASE(s, dear_numeral__is_noticed_however_it_is_made);
    CDN_UNIT_CASE(s, number_made_a_text_in_passing__is_noticed);
    CDN_UNIT_CASE(s, usual_texts__cost_nothing);
    CDN_UNIT_CASE(s, parsing__is_charged_by_its_work);
    CDN_UNIT_CASE(s, charge__does_not_depend_on_the_time_left);
    CDN_UNIT_CASE(s, next_run__begins_without);
    CDN_UNIT_CASE(s, loading__is_stopped_by_its_instructions);
    return s;
}

CDN_UNIT_MAIN(suite)
