#include "unit/sandbox/fixture.h"

#include "base/buf.h"
#include "base/pack.h"
#include "sandbox/state.h"
#include "sandbox/transfer.h"

/* The chunk's result is encoded into `packed`, or refused with `transfer.error`; with input,
 * the chunk gets it as its argument. */
static struct host {
    struct fixture fixture; /* first: the fixture's own functions find it */
    struct cdn_packer packer;
    struct cdn_transfer transfer;
    bool encoded;
    unsigned char packed[65536];
    const unsigned char *input;
    size_t input_bytes;
    int top;
} host;

static int entry(lua_State *L)
{
    const unsigned char *at = host.input;

    lua_pushvalue(L, lua_upvalueindex(1));
    if (host.input) {
        cdn_transfer_push(L, &at, host.input + host.input_bytes);
        ck_assert_ptr_eq(at, host.input + host.input_bytes);
    } else {
        lua_pushlightuserdata(L, (void *)((uintptr_t)1 << 37));
    }
    lua_call(L, 1, 1);
    host.top = lua_gettop(L);
    host.encoded = cdn_transfer_encode(L, -1, &host.transfer);
    ck_assert_int_eq(lua_gettop(L), host.top);
    ck_assert_uint_eq(cdn_scratch_mark(L), 0);
    return 0;
}

static int build(lua_State *L)
{
    fixture_build_bare(L);
    lua_pushcclosure(L, entry, 1);
    return 1;
}

static enum cdn_run run(const char *source, const struct cdn_budget *budget)
{
    struct cdn_image *image;
    enum cdn_run how;

    if (!host.fixture.slot) {
        fixture_open(&host.fixture);
        cdn_slot_set_host(host.fixture.slot, &host);
    }
    cdn_pack_init(&host.packer, host.packed, sizeof host.packed);
    host.transfer.out = &host.packer;
    host.transfer.root = "output";
    host.encoded = false;
    image = fixture_image_with(&host.fixture, build, source);
    how = fixture_run(&host.fixture, image, budget);
    cdn_image_free(image);
    return how;
}

static void finish(void)
{
    cdn_slot_free(host.fixture.slot);
}

/* Bytes written as "81 a1 61 01". */
static size_t parse_hex(unsigned char *out, const char *text)
{
    size_t count = 0;
    int used;
    unsigned byte;

    while (sscanf(text, "%2x%n", &byte, &used) == 1) {
        out[count++] = (unsigned char)byte;
        text += used;
    }
    return count;
}

static const struct {
    const char *source, *hex;
} values[] = {
    {"return nil", "c0"},
    {"return true", "c3"},
    {"return false", "c2"},
    {"return 0", "00"},
    {"return -0.0", "00"},
    {"return 127", "7f"},
    {"return 128", "cc 80"},
    {"return -1", "ff"},
    {"return 2^53", "cf 00 20 00 00 00 00 00 00"},
    {"return 2^53 * 2", "cb 43 50 00 00 00 00 00 00"},
    {"return 1.5", "cb 3f f8 00 00 00 00 00 00"},
    {"return 1/0", "cb 7f f0 00 00 00 00 00 00"},
    {"return 0/0", "cb 7f f8 00 00 00 00 00 00"},
    {"return -(0/0)", "cb 7f f8 00 00 00 00 00 00"},
    {"return ''", "a0"},
    {"return 'a\\0\\255'", "a3 61 00 ff"},
    {"return {}", "90"},
    {"return {1, 2}", "92 01 02"},
    {"return {{}, {{}}}", "92 90 91 90"},
    {"return {1, 'a', 300, -1, 0.5}",
     "95 01 a1 61 cd 01 2c ff cb 3f e0 00 00 00 00 00 00"},
    {"return {1, true}", "92 01 c3"},
    {"return {1, {2}}", "92 01 91 02"},
    {"return {1, nil, 3}", "82 01 01 03 03"},
    {"return {1, 2, 0/0}", "93 01 02 cb 7f f8 00 00 00 00 00 00"},
    {"return {-(0/0), 1/0}",
     "92 cb 7f f8 00 00 00 00 00 00 cb 7f f0 00 00 00 00 00 00"},
    {"return {1, 2, [0] = 3}", "83 00 03 01 01 02 02"},
    {"return {1, ('x'):rep(9), ('x'):rep(4)}",
     "93 01 a9 78 78 78 78 78 78 78 78 78 a4 78 78 78 78"},
    {"local t = {} t[2] = 2 t[1] = 1 return t", "92 01 02"},
    {"return {[1] = 1, [3] = 3}", "82 01 01 03 03"},
    {"return {[2] = 1}", "81 02 01"},
    {"return {[0] = 0, 1}", "82 00 00 01 01"},
    {"return {1, x = 2}", "82 01 01 a1 78 02"},
    {"return {b = 1, a = 2, [-3] = 3, B = 4}", "84 fd 03 a1 42 04 a1 61 02 a1 62 01"},
    {"return {a = 1, ab = 2, aa = 3}", "83 a1 61 01 a2 61 61 03 a2 61 62 02"},
    {"return {['1'] = 1, [1] = 2}", "82 01 02 a1 31 01"},
    {"local x = {1} return {x, x}", "92 91 01 91 01"},
};

START_TEST(values__have_one_form)
{
    unsigned char wanted[64];
    size_t bytes = parse_hex(wanted, values[_i].hex);

    ck_assert_int_eq(run(values[_i].source, NULL), CDN_RUN_OK);
    ck_assert_msg(host.encoded, "%s", host.transfer.error);
    ck_assert_uint_eq(host.packer.length, bytes);
    ck_assert_mem_eq(host.packed, wanted, bytes);
    finish();
}
END_TEST

START_TEST(empty_root__is_a_map_where_the_caller_says_so)
{
    host.transfer.empty_is_map = true;
    ck_assert_int_eq(run("return {}", NULL), CDN_RUN_OK);
    ck_assert_uint_eq(host.packed[0], 0x80);
    ck_assert_int_eq(run("return {{}}", NULL), CDN_RUN_OK);
    ck_assert_uint_eq(host.packed[1], 0x90);
    finish();
}
END_TEST

START_TEST(maps__do_not_depend_on_how_they_were_filled)
{
    unsigned char first[sizeof host.packed];
    size_t bytes;

    run("local t = {} for i = 1, 300 do t['k' .. i] = i t[-i] = i end return t", NULL);
    ck_assert(host.encoded);
    bytes = host.packer.length;
    memcpy(first, host.packed, bytes);
    run("local t = {} for i = 300, 1, -1 do t[-i] = i t['k' .. i] = i t['x' .. i] = 1 "
        "end "
        "for i = 1, 300 do t['x' .. i] = nil end return t",
        NULL);
    ck_assert(host.encoded);
    ck_assert_uint_eq(host.packer.length, bytes);
    ck_assert_mem_eq(host.packed, first, bytes);
    finish();
}
END_TEST

static const struct {
    const char *source, *error;
} refused[] = {
    {"return print or function() end", "output: a function cannot leave the sandbox"},
    {"return {rows = {1, 2, {id = function() end}}}",
     "output.rows[3].id: a function cannot leave the sandbox"},
    {"return {['not a name'] = {type}}",
     "output[\"not a name\"][1]: a function cannot leave the sandbox"},
    {"return {c = coroutine.create(type)}",
     "output.c: a coroutine cannot leave the sandbox"},
    {"return {h = ...}", "output.h: this handle cannot leave the sandbox"},
    {"local t = {} t.t = t return t", "output.t: a table that contains itself"},
    {"local a, b = {}, {} a[1] = b b[1] = a return a",
     "output[1][1]: a table that contains itself"},
    {"return {[1.5] = 1}", "output: the key 1.5 is no integer"},
    {"return {[1/0] = 1}", "output: the key inf is no integer"},
    {"return {[2^60] = 1}", "output: the key 1.152921504606847e+18 is no integer"},
    {"return {x = {[true] = 1}}",
     "output.x: a boolean cannot be a key outside the sandbox"},
    {"return {[{}] = 1}", "output: a table cannot be a key outside the sandbox"},
    {"return setmetatable({}, {})",
     "output: a table with a metatable cannot leave the sandbox"},
    {"return setmetatable({}, {__index = function() while true do end end})",
     "output: a table with a metatable cannot leave the sandbox"},
    {"return {['a\\nb'] = type}",
     "output[\"a\\x0ab\"]: a function cannot leave the sandbox"},
};

START_TEST(what_cannot_leave__is_refused_with_its_path)
{
    ck_assert_int_eq(run(refused[_i].source, NULL), CDN_RUN_OK);
    ck_assert(!host.encoded);
    ck_assert_str_eq(host.transfer.error, refused[_i].error);
    finish();
}
END_TEST

START_TEST(non_finite_numbers__are_refused_where_asked)
{
    host.transfer.finite = true;
    ck_assert_int_eq(run("return {score = 0/0}", NULL), CDN_RUN_OK);
    ck_assert(!host.encoded);
    ck_assert_ptr_nonnull(strstr(host.transfer.error, "output.score: NaN"));
    ck_assert_int_eq(run("return -1/0", NULL), CDN_RUN_OK);
    ck_assert(!host.encoded);
    ck_assert_int_eq(run("return 1e308", NULL), CDN_RUN_OK);
    ck_assert(host.encoded);
    finish();
}
END_TEST

START_TEST(depth__is_32_tables)
{
    ck_assert_int_eq(run("local t = 1 for i = 1, 32 do t = {t} end return t", NULL),
                     CDN_RUN_OK);
    ck_assert(host.encoded);
    const unsigned char *at = host.packed;

    ck_assert_ptr_null(cdn_unpack_check(&at, host.packed + host.packer.length));
    ck_assert_int_eq(run("local t = 1 for i = 1, 33 do t = {t} end return t", NULL),
                     CDN_RUN_OK);
    ck_assert(!host.encoded);
    ck_assert_ptr_nonnull(strstr(host.transfer.error, "deeper than 32"));
    finish();
}
END_TEST

START_TEST(output_budget__is_exact)
{
    struct cdn_budget budget = fixture_budget;

    budget.output_bytes = 100;
    ck_assert_int_eq(run("return ('x'):rep(98)", &budget), CDN_RUN_OK);
    ck_assert(host.encoded);
    ck_assert_uint_eq(host.packer.length, 100);
    ck_assert_int_eq(run("return ('x'):rep(99)", &budget), CDN_RUN_STOPPED);
    ck_assert_int_eq(fixture_stop(&host.fixture), CDN_STOP_OUTPUT);
    ck_assert_int_eq(
        run("local t = {} for i = 1, 200 do t[i] = i end return t", &budget),
        CDN_RUN_STOPPED);
    ck_assert_int_eq(fixture_stop(&host.fixture), CDN_STOP_OUTPUT);
    finish();
}
END_TEST

START_TEST(small_span__is_a_refusal_not_an_overrun)
{
    struct cdn_budget budget = fixture_budget;

    budget.output_bytes = 1 << 20;
    ck_assert_int_eq(run("return ('x'):rep(70000)", &budget), CDN_RUN_OK);
    ck_assert(!host.encoded);
    ck_assert_ptr_nonnull(strstr(host.transfer.error, "does not fit"));
    finish();
}
END_TEST

START_TEST(short_list__is_charged_and_refused_as_others_are)
{
    struct cdn_budget budget = fixture_budget;
    uint64_t plain;

    /* as a list that is not plain, of as many elements */
    ck_assert_int_eq(run("local t = {1, 2, 3} t = {1, 2, 3} return t", NULL),
                     CDN_RUN_OK);
    plain = cdn_slot_instructions(host.fixture.slot);
    ck_assert_int_eq(run("local t = {1, 2, 3} t = {true, 2, 3} return t", NULL),
                     CDN_RUN_OK);
    ck_assert_uint_eq(cdn_slot_instructions(host.fixture.slot), plain);
    /* the element that does not fit the output budget ends the run */
    budget.output_bytes = 4;
    ck_assert_int_eq(run("return {1, 2, 3}", &budget), CDN_RUN_OK);
    ck_assert_uint_eq(host.packer.length, 4);
    ck_assert_int_eq(run("return {1, 2, 3, 4}", &budget), CDN_RUN_STOPPED);
    ck_assert_int_eq(fixture_stop(&host.fixture), CDN_STOP_OUTPUT);
    ck_assert_int_eq(run("return {1, 'ab'}", &budget), CDN_RUN_STOPPED);
    ck_assert_int_eq(fixture_stop(&host.fixture), CDN_STOP_OUTPUT);
    finish();
}
END_TEST

START_TEST(encoding__is_charged)
{
    struct cdn_budget budget = fixture_budget;

    /* A tree that is small in memory and huge as output: the budget ends it. */
    budget.output_bytes = UINT64_MAX;
    budget.instructions = 100000;
    ck_assert_int_eq(
        run("local t = {1} for i = 1, 25 do t = {t, t} end return t", &budget),
        CDN_RUN_STOPPED);
    ck_assert_int_eq(fixture_stop(&host.fixture), CDN_STOP_INSTRUCTIONS);
    /* And so are long equal keys, which sorting compares to their ends. */
    ck_assert_int_eq(
        run("local t, s = {}, ('k'):rep(2000) for i = 1, 30 do t[s .. i] = 1 end "
            "return t",
            NULL),
        CDN_RUN_OK);
    ck_assert_uint_gt(cdn_slot_instructions(host.fixture.slot), 3000);
    finish();
}
END_TEST

static bool write_handle(lua_State *L, int index, struct cdn_packer *out)
{
    if (!lua_touserdata(L, index))
        return false;
    cdn_pack_cstr(out, "node");
    return true;
}

START_TEST(handle__is_written_by_the_layer_above)
{
    host.transfer.handle = write_handle;
    ck_assert_int_eq(run("return {...}", NULL), CDN_RUN_OK);
    ck_assert(host.encoded);
    ck_assert_mem_eq(host.packed, "\x91\xa4node", 6);
    finish();
}
END_TEST

/* ---- in ---- */

START_TEST(frozen_table__is_written_as_what_it_stands_for)
{
    ck_assert_int_eq(run("return {math.pi, getmetatable(math)}", NULL), CDN_RUN_OK);
    ck_assert(host.encoded);
    /* A frozen table of functions is looked into, and refused for them. */
    ck_assert_int_eq(run("return {math}", NULL), CDN_RUN_OK);
    ck_assert(!host.encoded);
    ck_assert_ptr_nonnull(strstr(host.transfer.error, "output[1]."));
    ck_assert_ptr_nonnull(strstr(host.transfer.error, "a function"));
    finish();
}
END_TEST

static const char *const trips[] = {
    "c0",
    "c3",
    "00",
    "ff",
    "cd 01 00",
    "d3 ff e0 00 00 00 00 00 00",
    "cb 3f f8 00 00 00 00 00 00",
    "a0",
    "a3 61 00 ff",
    "90",
    "93 01 a1 78 91 c3",
    "82 01 01 a1 78 92 c2 05",
    "83 fd 03 a1 42 04 a1 61 02",
    "91 91 91 91 91 90",
};

START_TEST(what_came_in__leaves_unchanged)
{
    unsigned char input[64];

    host.input_bytes = parse_hex(input, trips[_i]);
    host.input = input;
    ck_assert_int_eq(run("return ...", NULL), CDN_RUN_OK);
    ck_assert(host.encoded);
    ck_assert_uint_eq(host.packer.length, host.input_bytes);
    ck_assert_mem_eq(host.packed, input, host.input_bytes);
    finish();
}
END_TEST

START_TEST(integers_beyond_exact__arrive_as_text)
{
    unsigned char input[16];

    host.input = input;
    host.input_bytes = parse_hex(input, "cf 00 20 00 00 00 00 00 01");
    ck_assert_int_eq(run("return ...", NULL), CDN_RUN_OK);
    ck_assert_mem_eq(host.packed,
                     "\xb0"
                     "9007199254740993",
                     17);
    host.input_bytes = parse_hex(input, "d3 80 00 00 00 00 00 00 00");
    ck_assert_int_eq(run("return ...", NULL), CDN_RUN_OK);
    ck_assert_mem_eq(host.packed, "\xb4-9223372036854775808", 21);
    finish();
}
END_TEST

static const struct {
    const char *hex, *text;
} bad[] = {
    {"81 c0 01", "not nil"},
    {"81 c3 01", "not boolean"},
    {"81 90 01", "not table"},
    {"81 cb 7f f8 00 00 00 00 00 00 01", "not NaN"},
};

START_TEST(map_key_that_lua_has_not__is_an_error)
{
    unsigned char input[16];

    host.input_bytes = parse_hex(input, bad[_i].hex);
    host.input = input;
    ck_assert_int_eq(run("return ...", NULL), CDN_RUN_ERROR);
    ck_assert_ptr_nonnull(
        strstr(cdn_slot_message(host.fixture.slot, NULL, NULL), bad[_i].text));
    finish();
}
END_TEST

START_TEST(input_larger_than_memory__stops_the_run)
{
    static unsigned char input[200005];

    input[0] = 0xdd; /* an array of 200,000 nils: 1.6 MB as a table */
    input[1] = 0;
    input[2] = 0x03;
    input[3] = 0x0d;
    input[4] = 0x40;
    memset(input + 5, 0xc0, 200000);
    host.input = input;
    host.input_bytes = sizeof input;
    ck_assert_int_eq(run("return ...", NULL), CDN_RUN_STOPPED);
    ck_assert_int_eq(fixture_stop(&host.fixture), CDN_STOP_MEMORY);
    finish();
}
END_TEST

#ifdef CORDON_FAILALLOC
START_TEST(encode__survives_every_allocation_failure)
{
    struct cdn_image *image;
    bool failed = true;

    run("return 1", NULL);
    image = fixture_image_with(
        &host.fixture, build,
        "local t = {1, {x = 'y', z = {2, 3}}, 'text' .. 1} return t");
    for (long nth = 0; failed; nth++) {
        enum cdn_run how;

        cdn_pack_init(&host.packer, host.packed, sizeof host.packed);
        host.fixture.slot->arena.failed = false;
        host.fixture.slot->arena.fail_after = nth;
        how = fixture_run(&host.fixture, image, NULL);
        failed = host.fixture.slot->arena.failed;
        host.fixture.slot->arena.fail_after = -1;
        ck_assert_int_eq(how, failed ? CDN_RUN_STOPPED : CDN_RUN_OK);
    }
    ck_assert(host.encoded);
    cdn_image_free(image);
    finish();
}
END_TEST
#endif

static Suite *suite(void)
{
    Suite *s = suite_create("transfer");

    CDN_UNIT_LOOP(s, values__have_one_form, 0, CDN_UNIT_COUNT(values));
    CDN_UNIT_CASE(s, empty_root__is_a_map_where_the_caller_says_so);
    CDN_UNIT_CASE(s, maps__do_not_depend_on_how_they_were_filled);
    CDN_UNIT_LOOP(s, what_cannot_leave__is_refused_with_its_path, 0,
                  CDN_UNIT_COUNT(refused));
    CDN_UNIT_CASE(s, non_finite_numbers__are_refused_where_asked);
    CDN_UNIT_CASE(s, depth__is_32_tables);
    CDN_UNIT_CASE(s, output_budget__is_exact);
    CDN_UNIT_CASE(s, small_span__is_a_refusal_not_an_overrun);
    CDN_UNIT_CASE(s, short_list__is_charged_and_refused_as_others_are);
    CDN_UNIT_CASE(s, encoding__is_charged);
    CDN_UNIT_CASE(s, handle__is_written_by_the_layer_above);
    CDN_UNIT_CASE(s, frozen_table__is_written_as_what_it_stands_for);
    CDN_UNIT_LOOP(s, what_came_in__leaves_unchanged, 0, CDN_UNIT_COUNT(trips));
    CDN_UNIT_CASE(s, integers_beyond_exact__arrive_as_text);
    CDN_UNIT_LOOP(s, map_key_that_lua_has_not__is_an_error, 0, CDN_UNIT_COUNT(bad));
    CDN_UNIT_CASE(s, input_larger_than_memory__stops_the_run);
#ifdef CORDON_FAILALLOC
    CDN_UNIT_CASE(s, encode__survives_every_allocation_failure);
#endif
    return s;
}

CDN_UNIT_MAIN(suite)
