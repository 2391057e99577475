#include "unit/sandbox/fixture.h"

#include "base/alloc.h"
#include "sandbox/state.h"
#include "sandbox/trace.h"

static struct fixture fixture;
static cordon_trace *trace;

static const cordon_trace_options small = {.struct_size = sizeof(cordon_trace_options),
                                           .memory_bytes = 64 << 10};

static void open_with(const cordon_trace_options *options)
{
    fixture_open(&fixture);
    ck_assert_int_eq(cordon_trace_new(&trace, options, NULL), CORDON_OK);
}

static void open_all(void)
{
    open_with(NULL);
}

static void close_all(void)
{
    cordon_trace_free(trace);
    cdn_slot_free(fixture.slot);
}

/* Run the text, traced, and leave what it used in *used. */
static enum cdn_run run_traced(const char *source, const struct cdn_budget *budget,
                               struct cdn_trace_cost *used)
{
    struct cdn_image *image = fixture_image(&fixture, source);
    unsigned char hash[CDN_CONTENT_HASH_BYTES];
    enum cdn_run run;

    cdn_hash_content(hash, source, strlen(source));
    ck_assert(cdn_trace_begin(trace, hash, source, strlen(source), NULL));
    cdn_slot_set_trace(fixture.slot, trace);
    run = fixture_run(&fixture, image, budget);
    *used = (struct cdn_trace_cost){.instructions = cdn_slot_instructions(fixture.slot),
                                    .edges = cdn_slot_meter(fixture.slot)->edges,
                                    .nodes = cdn_slot_meter(fixture.slot)->nodes};
    cdn_slot_set_trace(fixture.slot, NULL);
    cdn_trace_end(trace, used);
    cdn_image_free(image);
    return run;
}

static void run_well(const char *source)
{
    struct cdn_trace_cost used;

    ck_assert_msg(run_traced(source, NULL, &used) == CDN_RUN_OK, "%s",
                  cdn_slot_message(fixture.slot, NULL, NULL));
}

static uint64_t hits(uint32_t line)
{
    const cordon_trace_line *found = cordon_trace_line_at(trace, line);

    ck_assert_ptr_nonnull(found);
    return found->hits;
}

static uint64_t jumps(uint32_t from, uint32_t to)
{
    const cordon_trace_jump *jump;

    for (size_t i = 0; (jump = cordon_trace_jump_at(trace, i)); i++)
        if (jump->from == from && jump->to == to)
            return jump->count;
    return 0;
}

/* All values of a local, in the order of their being noticed: "1@3 2@3", each with its line. */
static const char *values(const char *name)
{
    static char text[1024];
    const cordon_trace_value *value;
    size_t length = 0;

    text[0] = '\0';
    for (size_t i = 0; (value = cordon_trace_value_at(trace, i)); i++) {
        if (strcmp(value->name, name) != 0)
            continue;
        length += (size_t)snprintf(text + length, sizeof text - length, "%s%s@%u",
                                   length ? " " : "", value->text,
                                   cordon_trace_step_at(trace, value->step)->line);
        ck_assert_uint_lt(length, sizeof text);
    }
    return text;
}

/* ---- lines ---- */

START_TEST(lines__are_counted_as_they_run)
{
    run_well("local t = ...\n"
             "local sum = 0\n"
             "for i = 1, 10 do\n"
             "  sum = sum + i\n"
             "end\n"
             "if sum > 100 then\n"
             "  sum = 0\n"
             "end\n"
             "return sum\n");
    ck_assert_str_eq(fixture.result, "55");
    ck_assert_uint_eq(hits(2), 1);
    ck_assert_uint_eq(hits(3), 11);
    ck_assert_uint_eq(hits(4), 10);
    ck_assert_uint_eq(hits(6), 1);
    ck_assert_uint_eq(hits(7), 0);
    ck_assert_uint_eq(hits(9), 1);
    ck_assert_uint_eq(jumps(3, 4), 10);
    ck_assert_uint_eq(jumps(4, 3), 10);
    ck_assert_uint_eq(jumps(3, 6), 1);
    ck_assert_uint_eq(jumps(6, 9), 1);
    ck_assert_uint_eq(jumps(6, 7), 0);
    ck_assert_uint_eq(cordon_trace_get_summary(trace)->lines, 10);
    ck_assert_ptr_null(cordon_trace_line_at(trace, 11));
}
END_TEST

START_TEST(lines__that_call_are_one_line)
{
    run_well("local function twice(x)\n"
             "  return 2 * x\n"
             "end\n"
             "local a = twice(1) + twice(2) + twice(3)\n"
             "local b = twice(a)\n"
             "return a + b\n");
    ck_assert_str_eq(fixture.result, "36");
    ck_assert_uint_eq(hits(2), 4);
    ck_assert_uint_eq(hits(4), 1);
    ck_assert_uint_eq(hits(5), 1);
    ck_assert_uint_eq(jumps(4, 5), 1);
    ck_assert_uint_eq(jumps(4, 4), 0);
    ck_assert_uint_eq(jumps(2, 4), 0);
    ck_assert_str_eq(values("a"), "12@4");
    ck_assert_str_eq(values("x"), "1@2 2@2 3@2 12@2");
}
END_TEST

/* LuaJIT takes \r, \r\n and \n\r for the end of a line as well. */
START_TEST(lines__end_as_luajit_ends_them)
{
    run_well("local a = 1\rlocal b = 2\r\nlocal c = 3\n\rlocal d = 4\n\nreturn a + d");
    ck_assert_uint_eq(cordon_trace_get_summary(trace)->lines, 6);
    ck_assert_uint_eq(hits(4), 1);
    ck_assert_uint_eq(hits(5), 0);
    ck_assert_uint_eq(hits(6), 1);
    ck_assert_str_eq(values("d"), "4@4");
}
END_TEST

/* Some of LuaJIT's own functions are written in Lua, and have no lines. */
START_TEST(functions__without_lines_are_native)
{
    run_well("local a = 1\n"
             "local b = math.floor(math.deg(math.rad(a)) + math.rad(0) + 0.5)\n"
             "return b\n");
    ck_assert_str_eq(fixture.result, "1");
    ck_assert_uint_eq(hits(0), 0);
    ck_assert_uint_eq(hits(2), 1);
    ck_assert_uint_eq(jumps(2, 2), 0);
    ck_assert_uint_eq(jumps(2, 3), 1);
    ck_assert_str_eq(values("b"), "1@2");
}
END_TEST

START_TEST(recursion__keeps_its_calls_apart)
{
    run_well("local function down(n)\n"
             "  if n == 0 then return 0 end\n"
             "  local below = down(n - 1)\n"
             "  local here = below + n\n"
             "  return here\n"
             "end\n"
             "return 0 + down(5)\n");
    ck_assert_str_eq(fixture.result, "15");
    ck_assert_uint_eq(hits(2), 6);
    ck_assert_uint_eq(hits(3), 5);
    ck_assert_uint_eq(hits(4), 5);
    ck_assert_uint_eq(jumps(3, 4), 5);
    ck_assert_str_eq(values("here"), "1@4 3@4 6@4 10@4 15@4");
    ck_assert_uint_eq(cordon_trace_step_at(trace, 1)->line, 7);
    ck_assert_uint_eq(cordon_trace_step_at(trace, 1)->depth, 0);
    ck_assert_uint_eq(cordon_trace_step_at(trace, 2)->depth, 1);
}
END_TEST

/* More calls than are told apart: the outer ones are met again as new. */
START_TEST(recursion__deeper_than_is_told_apart_is_counted)
{
    run_well("local function down(n)\n"
             "  if n == 0 then return 0 end\n"
             "  local below = down(n - 1)\n"
             "  return below + 1\n"
             "end\n"
             "return down(500)\n");
    ck_assert_str_eq(fixture.result, "500");
    ck_assert_uint_eq(hits(2), 501);
    ck_assert_uint_ge(hits(3), 500);
    ck_assert_uint_eq(hits(4), 500);
}
END_TEST

START_TEST(coroutines__have_calls_of_their_own)
{
    run_well("local function count()\n"
             "  local n = 0\n"
             "  while true do\n"
             "    n = n + 1\n"
             "    coroutine.yield(n)\n"
             "  end\n"
             "end\n"
             "local one, two = coroutine.wrap(count), coroutine.wrap(count)\n"
             "one()\n"
             "two()\n"
             "one()\n"
             "return one() * 10 + two()\n");
    ck_assert_str_eq(fixture.result, "32");
    ck_assert_uint_eq(hits(2), 2);
    ck_assert_uint_eq(hits(4), 5);
    ck_assert_uint_eq(jumps(2, 4) + jumps(2, 3), 2);
    ck_assert_str_eq(values("n"), "0@2 1@4 0@2 1@4 2@4 3@4 2@4");
}
END_TEST

/* ---- what it costs ---- */

static const char *const programs[] = {
    "local s = 0 for i = 1, 5000 do\n s = s + i\n end\n return s",
    "local t = {}\nfor i = 1, 300 do\n t[i] = ('x'):rep(i)\nend\nreturn "
    "table.concat(t)",
    "local n = 0\nfor w in ('a b c d'):rep(50):gmatch('%a') do\n n = n + "
    "#w\nend\nreturn n",
    "local t = {}\nfor i = 1, 100 do t[i] = i * 7 % 13 end\ntable.sort(t, function(a, "
    "b)\n"
    "  return a > b\nend)\nreturn t[1]",
    "local ok = pcall(function()\n  error('x')\nend)\nreturn ok",
    "local t = ...\nt.charge(1234)\nt.edges(77)\nt.charge(5)\nreturn 1",
    "local function f(n) if n == 0 then return 0 end return f(n - 1) end\nreturn "
    "f(2000)",
    /* a long string: every bytecode is looked at, and charged by its operands */
    "local s = ('x'):rep(5000)\nlocal n = 0\nfor i = 1, 20 do\n  n = n + #(s .. "
    "i)\nend\n"
    "return n",
    "local function f() return f() + 1 end\nreturn f()",
    "local t = ...\nwhile true do\n  t.edges(1)\nend",
    "while true do\nend",
};

/* The heart of it: traced or not, and however little room there is, nothing else comes out. */
START_TEST(tracing__changes_nothing)
{
    static const cordon_trace_options options[] = {
        {sizeof(cordon_trace_options), 0, false},
        {sizeof(cordon_trace_options), 64 << 10, false},
        {sizeof(cordon_trace_options), 0, true},
    };
    const char *source = programs[_i];
    struct cdn_budget budget = fixture_budget;
    struct cdn_image *image;
    struct cdn_trace_cost used, total = {0};
    char result[sizeof fixture.result];
    uint64_t instructions, edges;
    enum cdn_stop stop;
    enum cdn_run run;

    budget.instructions = 100000;
    budget.memory_bytes = 4 << 20;
    fixture_open(&fixture);
    image = fixture_image(&fixture, source);
    run = fixture_run(&fixture, image, &budget);
    memcpy(result, fixture.result, sizeof result);
    instructions = cdn_slot_instructions(fixture.slot);
    edges = cdn_slot_meter(fixture.slot)->edges;
    stop = fixture_stop(&fixture);
    cdn_image_free(image);
    for (int i = 0; i < CDN_UNIT_COUNT(options); i++) {
        ck_assert_int_eq(cordon_trace_new(&trace, &options[i], NULL), CORDON_OK);
        ck_assert_int_eq(run_traced(source, &budget, &used), run);
        ck_assert_str_eq(fixture.result, result);
        ck_assert_uint_eq(used.instructions, instructions);
        ck_assert_uint_eq(used.edges, edges);
        ck_assert_int_eq(fixture_stop(&fixture), stop);
        total = (struct cdn_trace_cost){0};
        for (uint32_t line = 0; cordon_trace_line_at(trace, line); line++) {
            total.instructions += cordon_trace_line_at(trace, line)->instructions;
            total.edges += cordon_trace_line_at(trace, line)->edges;
        }
        ck_assert_uint_eq(total.instructions, instructions);
        ck_assert_uint_eq(total.edges, edges);
        cordon_trace_free(trace);
    }
    cdn_slot_free(fixture.slot);
}
END_TEST

START_TEST(cost__is_put_down_to_its_line)
{
    run_well("local t = ...\n"
             "t.charge(1000)\n"
             "t.edges(40)\n"
             "local function work()\n"
             "  t.charge(500)\n"
             "end\n"
             "work()\n"
             "return 1\n");
    ck_assert_uint_ge(cordon_trace_line_at(trace, 2)->instructions, 1000);
    ck_assert_uint_lt(cordon_trace_line_at(trace, 2)->instructions, 1010);
    ck_assert_uint_eq(cordon_trace_line_at(trace, 3)->edges, 40);
    ck_assert_uint_lt(cordon_trace_line_at(trace, 3)->instructions, 20);
    ck_assert_uint_ge(cordon_trace_line_at(trace, 5)->instructions, 500);
    ck_assert_uint_lt(cordon_trace_line_at(trace, 7)->instructions, 10);
    ck_assert_uint_lt(cordon_trace_line_at(trace, 8)->instructions, 10);
}
END_TEST

START_TEST(cost__of_a_stopped_run_is_its_last_lines)
{
    struct cdn_budget budget = fixture_budget;
    struct cdn_trace_cost used;

    budget.edges = 30;
    ck_assert_int_eq(run_traced("local t = ...\n"
                                "t.edges(20)\n"
                                "t.edges(20)\n"
                                "return 1\n",
                                &budget, &used),
                     CDN_RUN_STOPPED);
    ck_assert_int_eq(fixture_stop(&fixture), CDN_STOP_EDGES);
    ck_assert_uint_eq(cordon_trace_line_at(trace, 2)->edges, 20);
    ck_assert_uint_eq(cordon_trace_line_at(trace, 3)->edges, 10);
    ck_assert_uint_eq(hits(4), 0);
}
END_TEST

/* ---- values ---- */

START_TEST(values__are_shown_as_they_are)
{
    run_well("local n, f, whole = nil, 0.1, 1e15\n"
             "local yes = true\n"
             "local text = 'a\\nb\\0c'\n"
             "local list = {1, 2, 'x', {}, 5, 6, 7, 8}\n"
             "local map = {b = 2, a = 'y', [3] = true}\n"
             "local both = {1, name = false}\n"
             "local fun = function() end\n"
             "local long = ('ab'):rep(200)\n"
             "local empty = {}\n"
             "return 1\n");
    ck_assert_str_eq(values("n"), "nil@1");
    ck_assert_str_eq(values("f"), "0.1@1");
    ck_assert_str_eq(values("whole"), "1000000000000000@1");
    ck_assert_str_eq(values("yes"), "true@2");
    ck_assert_str_eq(values("text"), "a\\x0ab\\x00c@3");
    ck_assert_str_eq(values("list"), "{1, 2, \"x\", {...}, 5, 6, ... 8 in all}@4");
    ck_assert_str_eq(values("map"), "{a = \"y\", b = 2, ...}@5");
    ck_assert_str_eq(values("both"), "{1, name = false}@6");
    ck_assert_str_eq(values("fun"), "function@7");
    ck_assert_str_eq(values("empty"), "{}@9");
    ck_assert_uint_eq(strlen(values("long")), CORDON_TRACE_VALUE_BYTES - 1 + 2);
    ck_assert_ptr_nonnull(strstr(values("long"), "ab...@8"));
}
END_TEST

/* Large tables are shown the same whatever order their keys are in. */
START_TEST(values__of_large_tables_are_not_told_in_part)
{
    run_well("local list, names = {}, {}\n"
             "for i = 1, 1500 do list[i] = i names['k' .. i] = i end\n"
             "local shown, other = list, names\n"
             "return 1\n");
    ck_assert_str_eq(values("shown"), "{1, 2, 3, 4, 5, 6, ... 1500 in all, ...}@3");
    ck_assert_str_eq(values("other"), "{...}@3");
}
END_TEST

/* A name may hold any bytes above 127, a terminal's control characters (U+009B) among them. */
START_TEST(values__have_names_that_are_shown_safely)
{
    char source[400], shown[64];

    snprintf(source, sizeof source,
             "local a\xc2\x9b = 1\nlocal b%0200d = 2\nreturn a\xc2\x9b\n", 7);
    run_well(source);
    ck_assert_str_eq(cordon_trace_value_at(trace, 0)->name, "a\\xc2\\x9b");
    snprintf(shown, sizeof shown, "b%059d...", 0);
    ck_assert_str_eq(cordon_trace_value_at(trace, 1)->name, shown);
}
END_TEST

START_TEST(values__are_told_when_they_change)
{
    run_well("local a = 1\n"
             "local b = a\n"
             "a = 1\n"
             "a = 2\n"
             "do local c = a end\n"
             "local d = 'x'\n"
             "d = d .. 'y'\n"
             "return a\n");
    ck_assert_str_eq(values("a"), "1@1 2@4");
    ck_assert_str_eq(values("b"), "1@2");
    ck_assert_str_eq(values("d"), "x@6 xy@7");
}
END_TEST

/* ---- time ---- */

/* Asked as each line begins: at the third, as if telling had taken all the time there is. */
static uint64_t spend(void *ud)
{
    struct cdn_slot *slot = ud;

    if (cordon_trace_step_at(trace, 1))
        slot->trace_ns = UINT64_MAX / 2;
    return 0;
}

/* Tracing that would take longer than it may ends, and nothing else does. */
START_TEST(time__that_tracing_takes_is_bounded)
{
    static const char source[] = "local t = ...\n"
                                 "local s = 0\n"
                                 "for i = 1, 2000 do\n"
                                 "  s = s + i\n"
                                 "end\n"
                                 "return s\n";
    const struct cdn_trace_host host = {.ud = fixture.slot, .native_ns = spend};
    struct cdn_image *image = fixture_image(&fixture, source);
    const cordon_trace_summary *summary = cordon_trace_get_summary(trace);
    unsigned char hash[CDN_CONTENT_HASH_BYTES] = {1};
    uint64_t instructions, told = 0;
    struct cdn_trace_cost used;

    ck_assert_int_eq(fixture_run(&fixture, image, NULL), CDN_RUN_OK);
    instructions = cdn_slot_instructions(fixture.slot);
    ck_assert(cdn_trace_begin(trace, hash, source, sizeof source - 1, &host));
    cdn_slot_set_trace(fixture.slot, trace);
    ck_assert_int_eq(fixture_run(&fixture, image, NULL), CDN_RUN_OK);
    used = (struct cdn_trace_cost){.instructions = cdn_slot_instructions(fixture.slot)};
    cdn_slot_set_trace(fixture.slot, NULL);
    cdn_trace_end(trace, &used);
    cdn_image_free(image);
    ck_assert_str_eq(fixture.result, "2001000");
    ck_assert_uint_eq(used.instructions, instructions);
    ck_assert_uint_eq(hits(3), 1);
    ck_assert_uint_eq(hits(4), 0);
    ck_assert(summary->truncated);
    ck_assert_uint_eq(summary->lost_steps, 1);
    ck_assert_uint_eq(summary->lost_jumps, 1);
    for (uint32_t line = 1; line <= summary->lines; line++)
        told += cordon_trace_line_at(trace, line)->instructions;
    ck_assert_uint_eq(cordon_trace_line_at(trace, 0)->instructions + told,
                      instructions);
    ck_assert_uint_gt(cordon_trace_line_at(trace, 0)->instructions, 2000);
}
END_TEST

/* ---- room ---- */

static const char endless[] = "local n = 0\n"
                              "while true do\n"
                              "  n = n + 1\n"
                              "end\n";

START_TEST(room__that_runs_out_is_told)
{
    struct cdn_budget budget = fixture_budget;
    const cordon_trace_summary *summary = cordon_trace_get_summary(trace);
    struct cdn_trace_cost used;
    size_t steps = 0, noted = 0;

    close_all();
    open_with(&small);
    summary = cordon_trace_get_summary(trace);
    budget.instructions = 100000;
    ck_assert_int_eq(run_traced(endless, &budget, &used), CDN_RUN_STOPPED);
    while (cordon_trace_step_at(trace, steps))
        steps++;
    while (cordon_trace_value_at(trace, noted))
        noted++;
    ck_assert(summary->truncated);
    ck_assert_uint_gt(steps, 100);
    ck_assert_uint_gt(noted, 50);
    ck_assert_uint_gt(summary->lost_steps, 1000);
    ck_assert_uint_gt(summary->lost_values, 1000);
    ck_assert_uint_eq(steps + summary->lost_steps, hits(1) + hits(2) + hits(3));
    ck_assert_uint_eq(summary->lost_lines, 0);
    /* and the next run has all of it again */
    run_well("return 1");
    ck_assert(!summary->truncated);
    ck_assert_uint_eq(summary->lost_steps, 0);
}
END_TEST

START_TEST(room__for_a_text_of_many_lines_is_bounded)
{
    static char text[20000];

    close_all();
    open_with(&small);
    memset(text, '\n', sizeof text - 16);
    memcpy(text + sizeof text - 16, "return 'late'", 14);
    run_well(text);
    ck_assert_str_eq(fixture.result, "late");
    ck_assert(cordon_trace_get_summary(trace)->truncated);
    ck_assert_uint_gt(cordon_trace_get_summary(trace)->lost_lines, 1000);
    ck_assert_ptr_null(cordon_trace_line_at(trace, sizeof text - 15));
    ck_assert_uint_eq(cordon_trace_step_at(trace, 0)->line, sizeof text - 15);
}
END_TEST

START_TEST(counts_only__keeps_no_steps)
{
    static const cordon_trace_options counts = {sizeof counts, 0, true};

    close_all();
    open_with(&counts);
    run_well("local a = 1\nlocal b = 2\nreturn a + b");
    ck_assert_uint_eq(hits(2), 1);
    ck_assert_uint_eq(jumps(1, 2), 1);
    ck_assert_ptr_null(cordon_trace_step_at(trace, 0));
    ck_assert_ptr_null(cordon_trace_value_at(trace, 0));
    ck_assert(!cordon_trace_get_summary(trace)->truncated);
}
END_TEST

/* ---- one after the other ---- */

START_TEST(runs__of_one_text_add_up_and_another_text_empties)
{
    static const char text[] = "local a = 1\nreturn a";

    run_well(text);
    run_well(text);
    ck_assert_uint_eq(hits(1), 2);
    ck_assert_uint_eq(cordon_trace_get_summary(trace)->runs, 2);
    ck_assert_uint_eq(strlen(cordon_trace_get_summary(trace)->source_hash), 64);
    ck_assert_str_eq(values("a"), "1@1"); /* of the last one alone */
    run_well("\nreturn 3");
    ck_assert_uint_eq(cordon_trace_get_summary(trace)->runs, 1);
    ck_assert_uint_eq(hits(1), 0);
    ck_assert_uint_eq(hits(2), 1);
    cordon_trace_clear(trace);
    ck_assert_str_eq(cordon_trace_get_summary(trace)->source_hash, "");
    ck_assert_ptr_null(cordon_trace_line_at(trace, 1));
    ck_assert_ptr_null(cordon_trace_step_at(trace, 0));
    ck_assert_ptr_null(cordon_trace_jump_at(trace, 0));
}
END_TEST

START_TEST(trace__is_one_evaluations_at_a_time)
{
    static const unsigned char hash[CDN_CONTENT_HASH_BYTES];

    ck_assert(cdn_trace_begin(trace, hash, "", 0, NULL));
    ck_assert(!cdn_trace_begin(trace, hash, "", 0, NULL));
    cdn_trace_end(trace, NULL);
    ck_assert(cdn_trace_begin(trace, hash, "", 0, NULL));
    cdn_trace_end(trace, NULL);
}
END_TEST

/* What is run after a traced run, and without a trace, tells it nothing. */
START_TEST(slot__forgets_the_trace)
{
    run_well("local a = 1\nreturn a");
    ck_assert_int_eq(fixture_eval(&fixture, "local a = 1\nreturn a", NULL), CDN_RUN_OK);
    ck_assert_uint_eq(hits(1), 1);
}
END_TEST

START_TEST(options__are_checked)
{
    static const struct {
        cordon_trace_options options;
        const char *says;
    } cases[] = {
        {{4, 0, false}, "struct_size is 4"},
        {{sizeof(cordon_trace_options), 65535, false}, "memory_bytes is 65535"},
        {{sizeof(cordon_trace_options), UINT64_MAX, false}, "65536 to 1073741824"},
    };
    cordon_trace *made;
    cordon_error err;

    for (int i = 0; i < CDN_UNIT_COUNT(cases); i++) {
        ck_assert_int_eq(cordon_trace_new(&made, &cases[i].options, &err),
                         CORDON_E_INVALID);
        ck_assert_ptr_null(made);
        ck_assert_msg(strstr(err.message, cases[i].says) != NULL, "%s", err.message);
    }
    cordon_trace_free(NULL);
}
END_TEST

#ifdef CORDON_FAILALLOC
START_TEST(new__survives_every_allocation_failure)
{
    CDN_UNIT_FAILALLOC(nth)
    {
        cordon_trace *made;
        cordon_status status = cordon_trace_new(&made, NULL, NULL);

        ck_assert_int_eq(status, cdn_failalloc_fired() ? CORDON_E_NOMEM : CORDON_OK);
        ck_assert(!status == (made != NULL));
        cordon_trace_free(made);
    }
}
END_TEST
#endif

static Suite *suite(void)
{
    Suite *suite = suite_create("trace");
    TCase *with = tcase_create("with");

    tcase_add_checked_fixture(with, open_all, close_all);
    tcase_add_test(with, lines__are_counted_as_they_run);
    tcase_add_test(with, lines__that_call_are_one_line);
    tcase_add_test(with, lines__end_as_luajit_ends_them);
    tcase_add_test(with, functions__without_lines_are_native);
    tcase_add_test(with, recursion__keeps_its_calls_apart);
    tcase_add_test(with, recursion__deeper_than_is_told_apart_is_counted);
    tcase_add_test(with, coroutines__have_calls_of_their_own);
    tcase_add_test(with, cost__is_put_down_to_its_line);
    tcase_add_test(with, cost__of_a_stopped_run_is_its_last_lines);
    tcase_add_test(with, values__are_shown_as_they_are);
    tcase_add_test(with, values__of_large_tables_are_not_told_in_part);
    tcase_add_test(with, values__are_told_when_they_change);
    tcase_add_test(with, values__have_names_that_are_shown_safely);
    tcase_add_test(with, time__that_tracing_takes_is_bounded);
    tcase_add_test(with, room__that_runs_out_is_told);
    tcase_add_test(with, room__for_a_text_of_many_lines_is_bounded);
    tcase_add_test(with, counts_only__keeps_no_steps);
    tcase_add_test(with, runs__of_one_text_add_up_and_another_text_empties);
    tcase_add_test(with, trace__is_one_evaluations_at_a_time);
    tcase_add_test(with, slot__forgets_the_trace);
    suite_add_tcase(suite, with);
    CDN_UNIT_LOOP(suite, tracing__changes_nothing, 0, CDN_UNIT_COUNT(programs));
    CDN_UNIT_CASE(suite, options__are_checked);
#ifdef CORDON_FAILALLOC
    CDN_UNIT_CASE(suite, new__survives_every_allocation_failure);
#endif
    return suite;
}

CDN_UNIT_MAIN(suite)
