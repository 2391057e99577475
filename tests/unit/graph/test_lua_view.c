/* Views from Lua: what they take and refuse. */
#include "harness.h"

static struct harness *bank;

static void setup(void)
{
    bank = harness_new(cdn_fixture_bank_open(),
                       "Account: risk; Person:; transfer: amount; own: share");
}

static void teardown(void)
{
    harness_free(bank);
}

START_TEST(view__is_of_labels_or_of_nodes)
{
    HARNESS_EQ(bank,
               "local v = graph:view{ labels = 'Account' } return v:count(), "
               "v:edge_count()",
               "10 12");
    HARNESS_EQ(
        bank,
        "local v = graph:view{ labels = { 'Account', 'Person', 'Person' } } return "
        "v:count(), v:edge_count()",
        "13 15");
    HARNESS_EQ(bank, "return graph:view():count()", "13");
    HARNESS_EQ(bank,
               "local v = graph:view{ nodes = graph:node('Account', 100):outgoing("
               "'transfer'):nodes() } return v:count(), v:edge_count(), tostring(v)",
               "3 1 view");
    HARNESS_EQ(bank, "return graph:view{ labels = 'Acount' }",
               "error: no label 'Acount'; did you mean 'Account'?");
    HARNESS_EQ(bank, "return graph:view{ labels = 5 }",
               "error: a label is a string, not a number");
    HARNESS_EQ(
        bank, "return graph:view{ nodes = 5 }",
        "error: a node set is expected here, not a number: call methods with ':'");
    HARNESS_EQ(bank, "return graph:view{ labels = 'Account', nodes = graph:set{} }",
               "error: graph:view takes labels or nodes, not both");
}
END_TEST

START_TEST(view__may_be_empty)
{
    HARNESS_EQ(bank,
               "local v = graph:view{ nodes = graph:set{} } "
               "local n, s = v:triangles() "
               "return v:count(), v:edge_count(), v:pagerank():count(), v:components():"
               "count(), v:components{ strong = true }:count(), v:label_propagation():"
               "count(), n, s:count(), v:clustering():avg(), v:cores():max(), "
               "v:k_core(0):count(), v:degree():sum(), v:betweenness():count(), "
               "v:components():largest():count()",
               "0 0 0 0 0 0 0 0 nil nil 0 0 0 0");
}
END_TEST

START_TEST(view__methods_say_what_is_wrong)
{
    HARNESS_EQ(bank, "return graph:view():pagrank()",
               "error: no method 'pagrank' on view; did you mean 'pagerank'?");
    HARNESS_EQ(bank, "return graph:view().pagerank()",
               "error: a view is expected here, not nothing: call methods with ':'");
    HARNESS_EQ(bank, "graph:view().x = 1", "error: view is read-only");
    HARNESS_EQ(bank, "return graph:view()[1]",
               "error: view has no fields of type number");
    HARNESS_EQ(
        bank,
        "return graph:view{ nodes = graph:set{} }:bfs(graph:node('Account', 100))",
        "error: bfs: the node is not in the view");
    HARNESS_EQ(bank, "return graph:view():bfs(5)",
               "error: bfs expects a node, not a number");
    HARNESS_EQ(bank, "return graph:view():pagerank{ damping = 2 }",
               "error: option damping is a number from 0 to 1, not 2");
    HARNESS_EQ(bank, "return graph:view():k_core(-1)",
               "error: k_core expects a whole number >= 0, not -1");
    HARNESS_EQ(bank, "return graph:ego('x')",
               "error: graph:ego expects a node, not a string");
    HARNESS_EQ(bank, "return getmetatable(graph:view()), graph:view() == graph:view()",
               "nil false");
}
END_TEST

START_TEST(view__sssp_by_amount)
{
    HARNESS_EQ(
        bank,
        "local v = graph:view{ labels = 'Account', edges = 'transfer', weight = "
        "'amount' } local far = v:sssp(graph:node('Account', 100)) "
        "return far:of(graph:node('Account', 300)), far:of(graph:node('Account', "
        "400)), far:of(graph:node('Account', 900)), far:count()",
        "12.5 50 nil 4");
}
END_TEST

START_TEST(view__methods_are_made_once_and_kept)
{
    HARNESS_EQ(bank,
               "local a, b = 'e' .. 'go', 'page' .. 'rank' "
               "local one = graph:view{ labels = 'Account', edges = 'transfer' } "
               "local two = graph:view{ labels = 'Account', edges = 'transfer' } "
               "return graph[a] == graph[a], type(graph[a]), one[b] == two[b], "
               "type(one[b])",
               "true function true function");
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("graph/lua_view");
    TCase *tc = tcase_create("lua_view");

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, view__is_of_labels_or_of_nodes);
    tcase_add_test(tc, view__may_be_empty);
    tcase_add_test(tc, view__methods_say_what_is_wrong);
    tcase_add_test(tc, view__sssp_by_amount);
    tcase_add_test(tc, view__methods_are_made_once_and_kept);
    suite_add_tcase(s, tc);
    return s;
}

CDN_UNIT_MAIN(suite)
