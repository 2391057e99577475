/* Native work is paid for: what a function charges grows with what it does.
 *
 * A case makes something of n and then calls the function with it; what the call alone
 * charges is the difference to the making alone.  Twice as much to do has to cost about
 * twice as much, and at least an instruction for every so many units: an instruction is
 * some five nanoseconds. */
#include "lua_both.h"

struct charge_case {
    const char *make; /* n is the size */
    const char *call;
    double units; /* at most as many of n for an instruction */
};

/* clang-format off */
static const struct charge_case cases[] = {
    /* strings: by the byte */
    {"local s = ('x'):rep(n)", "local _ = s:upper()", 32},
    {"local s = ('x'):rep(n)", "local _ = s:lower()", 32},
    {"local s = ('x'):rep(n)", "local _ = s:reverse()", 32},
    {"local s = ('x'):rep(n)", "local _ = s:sub(2)", 33},
    {"", "local _ = ('x'):rep(n)", 32},
    {"", "local _ = ('ab'):rep(n)", 32},
    {"", "local _ = (''):rep(n, 'x')", 33},
    {"local s = ('x'):rep(n % 4000 + 2000)", "local _ = s:byte(1, -1)", 64},
    {"local s = ('x'):rep(n)", "local _ = ('%s'):format(s)", 32},
    {"local s = ('x'):rep(n)", "local _ = ('%q'):format(s)", 32},
    {"local s = ('%%'):rep(n)", "local _ = s:format()", 32},
    {"local s = ('1'):rep(n)", "local _ = tonumber(s)", 32},
    {"local s = ('1'):rep(n)", "local _ = tonumber(s, 2)", 33},
    /* matching: by the step */
    {"local s = ('x'):rep(n)", "local _ = s:find('y', 1, true)", 32},
    {"local s = ('x'):rep(n)", "local _ = s:find('xy', 1, true)", 32},
    {"local s = ('x'):rep(n)", "local _ = s:find('y+')", 64},
    {"local s = ('x'):rep(n)", "local _ = s:match('%d')", 2},
    {"local s = ('x'):rep(n)", "local _ = s:match('^.*$')", 4},
    {"local s = ('x'):rep(n)", "local _ = s:match('^.-$')", 4},
    {"local s = ('x'):rep(n)", "local _ = s:match('^x*y')", 4},
    {"local s = ('('):rep(n)", "local _ = s:match('^%b()')", 4},
    {"local s = ('x '):rep(n)", "local _ = s:match('%f[%d]')", 2},
    {"local s = ('x'):rep(n)", "local _ = s:match('^(.*)%1$')", 4},
    {"local s = ('x'):rep(n)", "local _ = s:match('[' .. s .. ']y')", 8},
    {"local s = ('x'):rep(n)", "for _ in s:gmatch('x') do end", 1},
    {"local s = ('x'):rep(n)", "for _ in s:gmatch('') do end", 1},
    {"local s = ('x'):rep(n)", "local _ = s:gsub('x', 'y')", 2},
    {"local s = ('x'):rep(n)", "local _ = s:gsub('x', '%0')", 2},
    {"local s = ('x'):rep(n)", "local _ = s:gsub('x', {})", 2},
    {"local s = ('x'):rep(n)", "local _ = s:gsub('x', function() end)", 1},
    /* operators on long strings: by the byte joined, compared or parsed */
    {"local s = ('x'):rep(n)", "local _ = s .. 'y'", 32},
    {"local s = ('x'):rep(n)", "local _ = 'y' .. 1 .. s .. s", 16},
    {"local s = ('x'):rep(n) local t, u = s .. 'y', s .. 'z'", "local _ = t < u", 32},
    {"local s = ('x'):rep(n) local t, u = s .. 'y', s .. 'z'", "local _ = t >= u", 32},
    {"local s = ('x'):rep(n) local t, u = s .. 'y', s .. 'z'", "local _ = not (u <= t)", 32},
    {"local s = ('0'):rep(n)", "local _ = s + 1", 5},
    {"local s = ('0'):rep(n)", "local _ = 1 - s", 5},
    {"local s = ('0'):rep(n)", "local _ = s * s", 3},
    {"local s = ('0'):rep(n)", "local _ = 2 ^ s", 5},
    {"local s = ('0'):rep(n)", "local _ = -s", 5},
    {"local s = ('0'):rep(n)", "for _ = s, 0 do end", 5},
    {"local s = ('0'):rep(n)", "coroutine.wrap(function() return s % 7 end)()", 5},
    /* tables: by the element */
    {"local t = {} for i = 1, n do t[i] = '' end", "local _ = table.concat(t)", 1},
    {"local s = ('x'):rep(n)", "local _ = table.concat({s})", 32},
    {"local t = {} for i = 1, n do t[i] = i end", "table.insert(t, 1, 0)", 2},
    {"", "table.insert({1}, -n, 0)", 2},
    {"local t = {} for i = 1, n do t[i] = i end", "table.remove(t, 1)", 2},
    {"local t = {} for i = 1, n do t[i] = i end", "local _ = table.maxn(t)", 1},
    {"local t = {} for i = 1, n do t[i] = n - i end", "table.sort(t)", 1},
    {"local t = {} for i = 1, n do t[i] = 'k' .. i end", "table.sort(t)", 1},
    {"local t = {} for i = 1, n do t[i] = n - i end", "table.sort(t, function(a, b) return a < b end)", 0.2},
    {"local t = {} for i = 1, n do t[i] = i end", "local _ = pairs(t)", 2},
    {"local t = {} for i = 1, n do t['k' .. i] = i end", "local _ = pairs(t)", 1},
    {"local t = {} for i = 1, n do t['k' .. i] = i end", "local _ = next(t)", 2},
    {"local t = {} for i = 1, n do t['k' .. i] = i end", "local _ = next(t, 'k1')", 1},
    {"local t = {} for i = 1, n do t[i] = i end", "for _ in pairs(t) do end", 1},
    {"local t = {} for i = 1, n do t[i] = i end", "for _ in ipairs(t) do end", 1},
    {"local t, m = {}, n % 4000 + 2000 for i = 1, m do t[i] = 65 end", "local _ = unpack(t)", 4},
    {"local t, m = {}, n % 4000 + 2000 for i = 1, m do t[i] = 65 end", "local _ = string.char(unpack(t))", 4},
    /* calls */
    {"", "for _ = 1, n do pcall(error) end", 0.02},
    {"", "for _ = 1, n do coroutine.create(pairs) end", 0.1},
};
/* clang-format on */

static uint64_t instructions_of(const char *source, double n)
{
    static struct lua_both_text out;
    struct lua_both_chunk chunk = {source, strlen(source), n, &out};
    struct cdn_slot_config config = {
        .image_bytes = 8u << 20, .memory_bytes = 64u << 20, .scratch_bytes = 64u << 20};
    struct cdn_slot *slot;
    struct cdn_image *image;
    enum cdn_run run;
    uint64_t instructions;
    cordon_error err;

    out.length = 0;
    ck_assert_int_eq(cdn_slot_new(&slot, &config, &err), CORDON_OK);
    cdn_slot_set_host(slot, &chunk);
    ck_assert_int_eq(cdn_image_build(&image, &run, slot, lua_both_build, &chunk,
                                     &lua_both_budget, NULL, &err),
                     CORDON_OK);
    ck_assert_int_eq(run, CDN_RUN_OK);
    run = cdn_slot_run(slot, image, &lua_both_budget, 0, NULL, 42);
    ck_assert_msg(run == CDN_RUN_OK, "%s: %s", source,
                  cdn_slot_message(slot, NULL, NULL));
    instructions = cdn_slot_instructions(slot);
    cdn_image_free(image);
    cdn_slot_free(slot);
    return instructions;
}

/* What the call alone costs. */
static double charge_of(const struct charge_case *one, double n)
{
    char making[512], calling[512];

    snprintf(making, sizeof making, "local n = ... %s", one->make);
    snprintf(calling, sizeof calling, "local n = ... %s %s", one->make, one->call);
    return (double)(instructions_of(calling, n) - instructions_of(making, n));
}

START_TEST(charge__grows_with_the_work)
{
    const struct charge_case *one = &cases[_i];
    /* those that are bounded take n % 4000 + 2000 */
    bool bounded = strstr(one->make, "% 4000") != NULL;
    double n = bounded ? 0 : 4000, size = bounded ? 2000 : n;
    double once = charge_of(one, n), twice = charge_of(one, bounded ? 2000 : 2 * n);

    ck_assert_msg(once >= size / one->units, "%s %s: %g for %g", one->make, one->call,
                  once, size);
    ck_assert_msg(twice >= 1.8 * once - 40, "%s %s: %g, and %g for twice as much",
                  one->make, one->call, once, twice);
}
END_TEST

/* The same charge in every run, whatever order a table's keys happen to be in. */
START_TEST(charge__is_the_same_every_time)
{
    ck_assert(charge_of(&cases[_i], 3000) == charge_of(&cases[_i], 3000));
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("charges");

    CDN_UNIT_LOOP(s, charge__grows_with_the_work, 0, CDN_UNIT_COUNT(cases));
    CDN_UNIT_LOOP(s, charge__is_the_same_every_time, 0, CDN_UNIT_COUNT(cases));
    return s;
}

CDN_UNIT_MAIN(suite)
