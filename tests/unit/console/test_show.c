#include "consoling.h"

static struct consoling c;

START_TEST(show__says_what_lua_s_values_are)
{
    static const char *const cases[][2] = {
        {"nil, true, false, 1, -2.5, 'text'", "nil|true|false|1|-2.5|text"},
        {"1/0, -1/0", "inf|-inf"},
        {"{}", "{$=list count=0 plain=true items=[]}"},
        {"{ 1, 'b', { 3 } }", "{$=list count=3 plain=true items=[1 b {$=list count=1 "
                              "plain=true items=[3]}]}"},
        {"{ b = 2, a = 1, [3] = true, [-1] = 0 }",
         "{$=map count=4 plain=true items=[[-1 0] [3 true] [a 1] [b 2]]}"},
        {"{ 1, nil, 3 }", "{$=map count=2 plain=true items=[[1 1] [3 3]]}"},
        {"setmetatable({ 1 }, { __index = error, __tostring = error })",
         "{$=list count=1 plain=false items=[1]}"},
        {"{ [{}] = 1 }", "{$=table why=it has keys that have no order}"},
        {"{ x = { [print or {}] = 1 }, y = 2 }",
         "{$=map count=2 plain=true items=[[x {$=table why=it has keys that have no "
         "order}] [y 2]]}"},
        {"function() end, coroutine.create(function() end)",
         "{$=function}|{$=coroutine}"},
        {"graph, request", "{$=graph}|{$=request}"},
        {"('x'):rep(3)", "xxx"},
    };

    consoling_init(&c, NULL);
    for (int i = 0; i < CDN_UNIT_COUNT(cases); i++)
        ck_assert_str_eq(consoling_ask(&c, cases[i][0]), cases[i][1]);
    consoling_deinit(&c);
}
END_TEST

START_TEST(show__is_bounded)
{
    char expected[256];

    consoling_init(&c, NULL);
    consoling_do(&c, "big = {} for i = 1, 5000 do big[i] = i end");
    ck_assert_contains(consoling_ask(&c, "big"), "{$=list count=5000 plain=true");
    ck_assert_ptr_null(strstr(c.text, " 31 "));
    consoling_do(&c, "deep = {} local t = deep for i = 1, 50 do t.t = {} t = t.t end");
    ck_assert_contains(consoling_ask(&c, "deep"), "{$=table why=it lies too deep}");
    consoling_do(&c, "ring = {} ring.ring = { ring }");
    ck_assert_contains(consoling_ask(&c, "ring"), "{$=table why=it is within itself}");
    consoling_do(&c,
                 "wide = {} for i = 1, 30 do wide[i] = {} for k = 1, 30 do wide[i][k] "
                 "= {} for l = 1, 30 do wide[i][k][l] = {1, 2} end end end");
    ck_assert_contains(consoling_ask(&c, "wide"),
                       "{$=table why=enough has been shown}");
    snprintf(expected, sizeof expected, " bytes=100000}");
    ck_assert_contains(consoling_ask(&c, "('x'):rep(100000)"), expected);
    /* and cut between characters */
    ck_assert_contains(consoling_ask(&c, "'x' .. ('\xc3\xa9'):rep(300)"),
                       "\xc3\xa9 bytes=601}");
    ck_assert_str_eq(
        consoling_ask(&c, "unpack(big, 1, 100)"),
        "1|2|3|4|5|6|7|8|9|10|11|12|13|14|15|16|17|18|19|20|21|22|23|24|25|26|"
        "27|28|29|30");
    consoling_deinit(&c);
}
END_TEST

START_TEST(show__reads_the_graph_as_a_rule_would)
{
    consoling_init(&c, NULL);
    consoling_do(&c, "x = graph:node('Account', '100')");
    ck_assert_str_eq(
        consoling_ask(&c, "x"),
        "{$=node label=Account key=100 properties={bag=nil balance=10.5 "
        "createTime={$=time ms=1600086400000} isBlocked=false kind=loan nickname=nil "
        "note=note of 100 risk=10 serial=9007199254740993}}");
    ck_assert_str_eq(
        consoling_ask(&c, "{ x }"),
        "{$=list count=1 plain=true items=[{$=node label=Account key=100}]}");
    ck_assert_str_eq(
        consoling_ask(&c, "x:outgoing('transfer'):limit(1)"),
        "{$=edges type=transfer count=1 rows=[{$=edge type=transfer source={$=node "
        "label=Account key=100} target={$=node label=Account key=200} time={$=time "
        "ms=1700000000000} properties={amount=10 cents=1000 memo=rent}}]}");
    ck_assert_contains(
        consoling_ask(&c, "x:outgoing('transfer'):group({ n = 'count' })"),
        "{$=nodes columns=[n] count=3 rows=[[{$=node label=Account key=200} "
        "2]");
    ck_assert_str_eq(consoling_ask(&c, "x:outgoing('transfer'):since(request.now)"),
                     "{$=edges type=transfer count=0 rows=[]}");
    ck_assert_contains(consoling_ask(&c, "x:incoming('own'):first()"),
                       "{$=edge type=own source={$=node label=Company key=acme}");
    ck_assert_contains(c.text, "time=nil properties={share=0.25}");
    ck_assert_contains(
        consoling_ask(&c, "graph:ego(x, { hops = 1, edges = 'transfer' })"),
        "{$=view edge_count=");
    ck_assert_contains(
        consoling_ask(&c, "graph:ego(x, { edges = 'transfer' }):pagerank()"),
        "{$=scores count=5 rows=[[{$=node label=Account key=");
    ck_assert_contains(
        consoling_ask(&c, "graph:ego(x, { edges = 'transfer' }):components()"),
        "{$=groups nodes=5 count=1 rows=[[{$=node label=Account key=100} {$=node "
        "label=Account key=100}]");
    consoling_deinit(&c);
}
END_TEST

START_TEST(showing__is_charged)
{
    consoling_init(&c, NULL);
    consoling_ask(&c, "graph:node('Account', '100'):outgoing('transfer')");
    ck_assert_uint_gt(cordon_outcome_usage(c.outcome)->edges, 4);
    c.budget.instructions = 1000;
    ck_assert_int_eq(
        consoling_run(&c, "graph:node('Account', '100'), { 1, 2, 3 }", true),
        CORDON_OUTCOME_OK);
    consoling_do(&c, "t = {}");
    c.budget.instructions = 100000;
    consoling_do(&c, "for i = 1, 10000 do t[i] = i end");
    c.budget.instructions = 1000;
    ck_assert_int_eq(consoling_run(&c, "t", true), CORDON_OUTCOME_LIMIT);
    consoling_deinit(&c);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("show");

    CDN_UNIT_CASE(s, show__says_what_lua_s_values_are);
    CDN_UNIT_CASE(s, show__is_bounded);
    CDN_UNIT_CASE(s, show__reads_the_graph_as_a_rule_would);
    CDN_UNIT_CASE(s, showing__is_charged);
    return s;
}

CDN_UNIT_MAIN(suite)
