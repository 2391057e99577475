#include "support/fixture.h"
#include "support/unit.h"

#include "base/alloc.h"
#include "cli/repl/repl.h"

static struct cdn_repl repl;

static void open_repl(void)
{
    memset(&repl, 0, sizeof repl);
    repl.session.snapshot = cdn_fixture_bank_open();
    ck_assert_int_eq(cdn_console_new(&repl.console, repl.session.snapshot, NULL, NULL),
                     CORDON_OK);
    ck_assert_int_eq(cordon_outcome_new(&repl.outcome, NULL), CORDON_OK);
}

static void close_repl(void)
{
    cordon_outcome_free(repl.outcome);
    cdn_console_free(repl.console);
    cordon_snapshot_release(repl.session.snapshot);
}

static struct cdn_input read_input(const char *text)
{
    struct cdn_input input;

    ck_assert_int_eq(cdn_input_read(&input, &repl, text, strlen(text), NULL),
                     CORDON_OK);
    return input;
}

START_TEST(read__tells_what_an_input_is)
{
    static const struct {
        const char *text;
        enum cdn_input_kind kind;
    } cases[] = {
        {"", CDN_INPUT_EMPTY},
        {" \t\n", CDN_INPUT_EMPTY},
        {"1 + 1", CDN_INPUT_EXPRESSION},
        {"x, y", CDN_INPUT_EXPRESSION},
        {"f(1)", CDN_INPUT_EXPRESSION},
        {"x:count()", CDN_INPUT_EXPRESSION},
        {"{ 1 }", CDN_INPUT_EXPRESSION},
        {"function() end", CDN_INPUT_EXPRESSION},
        {"-- nothing", CDN_INPUT_EXPRESSION},
        {"x = 1", CDN_INPUT_STATEMENTS},
        {"x = 1 return x", CDN_INPUT_STATEMENTS},
        {"return 1", CDN_INPUT_STATEMENTS},
        {"local x = 1", CDN_INPUT_STATEMENTS},
        {"function f() end", CDN_INPUT_STATEMENTS},
        {"if x then y() end", CDN_INPUT_STATEMENTS},
        {"1 +", CDN_INPUT_INCOMPLETE},
        {"f(", CDN_INPUT_INCOMPLETE},
        {"{", CDN_INPUT_INCOMPLETE},
        {"x = {", CDN_INPUT_INCOMPLETE},
        {"x =", CDN_INPUT_INCOMPLETE},
        {"function f()", CDN_INPUT_INCOMPLETE},
        {"for i = 1, 2 do\n  f(i)", CDN_INPUT_INCOMPLETE},
        {"if x then", CDN_INPUT_INCOMPLETE},
        {"[[long", CDN_INPUT_INCOMPLETE},
        {"x = [==[ ]]", CDN_INPUT_INCOMPLETE},
        {"--[[ long", CDN_INPUT_INCOMPLETE},
        {"x = = 1", CDN_INPUT_WRONG},
        {"1 + * 2", CDN_INPUT_WRONG},
        {"end", CDN_INPUT_WRONG},
        {"'open", CDN_INPUT_WRONG},
        {"x = ' expected at the end", CDN_INPUT_WRONG},
        {"f)", CDN_INPUT_WRONG},
        {"\xff\xfe", CDN_INPUT_EXPRESSION}, /* a name to LuaJIT */
        {"\x01", CDN_INPUT_WRONG},
    };

    open_repl();
    for (int i = 0; i < CDN_UNIT_COUNT(cases); i++) {
        struct cdn_input input = read_input(cases[i].text);

        if (input.kind != cases[i].kind)
            ck_abort_msg("'%s' is %d, not %d: %s", cases[i].text, (int)input.kind,
                         (int)cases[i].kind, input.err.message);
        cdn_input_deinit(&input);
    }
    close_repl();
}
END_TEST

START_TEST(error__is_of_the_reading_that_got_further)
{
    struct cdn_input input;

    open_repl();
    input = read_input("1 + * 2");
    ck_assert_uint_eq(input.err.line, 1);
    ck_assert_uint_eq(input.err.column, 5);
    cdn_input_deinit(&input);
    input = read_input("x = 1\ny = = 2");
    ck_assert_uint_eq(input.err.line, 2);
    ck_assert_uint_eq(input.err.column, 5);
    cdn_input_deinit(&input);
    close_repl();
}
END_TEST

static void run_input(const char *text)
{
    const struct cdn_budget budget = {
        1000000, 1 << 20, 1000, 1 << 16, UINT64_C(60000000000), 1000, 10};
    const cordon_request request = CORDON_REQUEST_INIT;
    struct cdn_input input = read_input(text);

    ck_assert_int_eq(cdn_console_run(repl.outcome, repl.console,
                                     (const char *)input.text.data, input.text.length,
                                     input.kind == CDN_INPUT_EXPRESSION, &budget,
                                     &request, NULL),
                     CORDON_OK);
    cdn_input_note(&input, &repl);
    cdn_input_deinit(&input);
}

static void assert_unknown(const char *text, const char *name, bool was_local)
{
    struct cdn_input input = read_input(text);

    ck_assert_str_eq(input.unknown, name);
    ck_assert_int_eq(input.unknown_is_local, was_local);
    cdn_input_deinit(&input);
}

START_TEST(names_that_nobody_has_set__are_found)
{
    open_repl();
    assert_unknown("graph, request, pairs, math.floor(1)", "", false);
    assert_unknown("grpah:node('Account', '1')", "grpah", false);
    assert_unknown("local x = 1 return x", "", false);
    assert_unknown("x = 1 return x", "", false);
    assert_unknown("function(x) return x end", "", false);
    assert_unknown("t.x.y", "t", false);
    run_input("t = {}");
    assert_unknown("t.x.y", "", false);
    run_input("local lost, found = 1, 2 local function f() local inner = 3 end");
    assert_unknown("lost", "lost", true);
    assert_unknown("nobody, f()", "f", true);
    assert_unknown("inner", "inner", false);
    for (int i = 0; i < 2 * CDN_REPL_LOCALS; i++) {
        char text[32];

        snprintf(text, sizeof text, "local l%d = 1", i);
        run_input(text);
    }
    assert_unknown("l127", "l127", true);
    assert_unknown("lost", "lost", false); /* so many are remembered */
    close_repl();
}
END_TEST

#ifdef CORDON_FAILALLOC
START_TEST(read__survives_every_allocation_failure)
{
    static const char text[] = "local a = 1\nx = a + lost f(function() return x end)";

    open_repl();
    CDN_UNIT_FAILALLOC(nth)
    {
        struct cdn_input input;
        cordon_status status =
            cdn_input_read(&input, &repl, text, sizeof text - 1, NULL);

        ck_assert_int_eq(status, cdn_failalloc_fired() ? CORDON_E_NOMEM : CORDON_OK);
        cdn_input_deinit(&input);
    }
    close_repl();
}
END_TEST
#endif

static Suite *suite(void)
{
    Suite *s = suite_create("input");

    CDN_UNIT_CASE(s, read__tells_what_an_input_is);
    CDN_UNIT_CASE(s, error__is_of_the_reading_that_got_further);
    CDN_UNIT_CASE(s, names_that_nobody_has_set__are_found);
#ifdef CORDON_FAILALLOC
    CDN_UNIT_CASE(s, read__survives_every_allocation_failure);
#endif
    return s;
}

CDN_UNIT_MAIN(suite)
