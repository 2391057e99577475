/* The description of an edge set: where a refinement is put, and what is merged. */
#include "harness.h"

#include "graph/lua_common.h"
#include "graph/set.h"

static struct cdn_operation window(int64_t low, int64_t high)
{
    struct cdn_operation made = {.kind = CDN_OPERATION_WINDOW};

    made.as.window.low = low;
    made.as.window.high = high;
    return made;
}

static struct cdn_operation cut(enum cdn_operation_kind kind, uint64_t count)
{
    return (struct cdn_operation){.kind = (uint8_t)kind, .as.count = count};
}

static int places(lua_State *L)
{
    struct cdn_edges *set;

    lua_settop(L, 0);
    lua_newtable(L); /* stands for a metatable */
    set = cdn_edges_push(L, 1, 0);
    set->direction = CDN_BOTH;
    set->kind = 3;
    set->node_count = 1;
    set->node = 77;
    set->nodes = NULL;
    for (int step = 0; step < 6; step++) {
        const struct cdn_operation steps[] = {
            window(10, 90),
            {.kind = CDN_OPERATION_WHERE},
            window(20, 100), /* before the condition: one window, the narrower ends */
            cut(CDN_OPERATION_LATEST, 5),
            {.kind = CDN_OPERATION_WHERE},
            window(30, 40), /* before its own stage's condition, never past the cut */
        };

        cdn_edges_refine(L, 1, 2, &steps[step]);
        lua_replace(L, 2);
    }
    set = lua_touserdata(L, 2);
    ck_assert_uint_eq(set->operation_count, 5);
    ck_assert_int_eq(set->operations[0].kind, CDN_OPERATION_WINDOW);
    ck_assert_int_eq(set->operations[0].as.window.low, 20);
    ck_assert_int_eq(set->operations[0].as.window.high, 90);
    ck_assert_int_eq(set->operations[1].kind, CDN_OPERATION_WHERE);
    ck_assert_int_eq(set->operations[2].kind, CDN_OPERATION_LATEST);
    ck_assert_int_eq(set->operations[3].kind, CDN_OPERATION_WINDOW);
    ck_assert_int_eq(set->operations[3].as.window.low, 30);
    ck_assert_int_eq(set->operations[4].kind, CDN_OPERATION_WHERE);
    ck_assert_int_eq(set->direction, CDN_BOTH);
    ck_assert_uint_eq(set->kind, 3);
    ck_assert_uint_eq(set->node, 77);
    lua_settop(L, 0);
    return 0;
}

START_TEST(refine__puts_windows_first_in_their_stage)
{
    struct harness *h = harness_new(cdn_fixture_bank_open(), "Account");

    ck_assert_str_eq(harness_call(h, places, NULL), "");
    harness_free(h);
}
END_TEST

START_TEST(refine__ends_at_the_most_a_set_can_have)
{
    struct harness *h =
        harness_new(cdn_fixture_bank_open(), "Account; transfer: amount");
    static const char body[] =
        "local s = graph:node('Account', 100):outgoing('transfer') "
        "for i = 1, %d do s = s:where('amount', '>', i) end "
        "%s return s:count()";
    char text[256];

    snprintf(text, sizeof text, body, CDN_SET_MAX_OPERATIONS, "");
    HARNESS_EQ(h, text, "4"); /* amounts are 10 to 50 */
    snprintf(text, sizeof text, body, CDN_SET_MAX_OPERATIONS - 1,
             "s = s:since(T):up_to(T + 9 * H)");
    HARNESS_EQ(h, text, "4"); /* two windows are one refinement */
    snprintf(text, sizeof text, body, CDN_SET_MAX_OPERATIONS + 1, "");
    HARNESS_EQ(h, text, "error: more than 16 refinements of one edge set");
    harness_free(h);
}
END_TEST

START_TEST(check__says_what_was_given_instead)
{
    static const struct {
        const char *call;
        const char *what;
    } calls[] = {
        {"()", "nothing"},
        {"(nil)", "nil"},
        {"(true)", "a boolean"},
        {"(1)", "a number"},
        {"('x')", "a string"},
        {"({})", "a table"},
        {"(print or error)", "a function"},
        {"(a)", "a node"},
        {"(s:first())", "an edge"},
        {"(s:nodes())", "a node set"},
        {"(graph)", "graph or request"},
    };
    struct harness *h =
        harness_new(cdn_fixture_bank_open(), "Account; transfer: amount");
    char text[256], wanted[128];

    for (int i = 0; i < CDN_UNIT_COUNT(calls); i++) {
        snprintf(
            text, sizeof text,
            "local a = graph:node('Account', 100) local s = a:outgoing('transfer') "
            "local f = s.count return f%s",
            calls[i].call);
        snprintf(wanted, sizeof wanted,
                 "error: an edge set is expected here, not %s: call methods with ':'",
                 calls[i].what);
        HARNESS_EQ(h, text, wanted);
    }
    harness_free(h);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("set");

    CDN_UNIT_CASE(s, refine__puts_windows_first_in_their_stage);
    CDN_UNIT_CASE(s, refine__ends_at_the_most_a_set_can_have);
    CDN_UNIT_CASE(s, check__says_what_was_given_instead);
    return s;
}

CDN_UNIT_MAIN(suite)
