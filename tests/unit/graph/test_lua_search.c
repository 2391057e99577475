/* Searches from Lua: what they give and refuse, in small. */
#include "harness.h"

static struct harness *bank;

static void setup(void)
{
    bank = harness_new(cdn_fixture_bank_open(), "Account:; transfer: amount; own:");
}

static void teardown(void)
{
    harness_free(bank);
}

#define A(key) "graph:node('Account', " #key ")"

START_TEST(shortest_path__gives_nodes_edges_and_length)
{
    HARNESS_EQ(bank,
               "local p = graph:shortest_path(" A(200) ", " A(
                   400) ", { edges = "
                        "'transfer' }) return p.hops, p.length, p.nodes[2].key, "
                        "p.nodes[3].key, "
                        "p.edges[1].amount, #p.nodes, #p.edges",
               "3 3 300 100 2.5 4 3");
    HARNESS_EQ(bank,
               "local p = graph:shortest_path(" A(200) ", " A(
                   400) ", { edges = "
                        "'transfer', weight = 'amount' }) return p.hops, p.length",
               "3 58");
    HARNESS_EQ(bank, "return graph:shortest_path(" A(100) ", " A(700) ")", "nil");
    HARNESS_EQ(bank, "return graph:shortest_path(" A(100) ", " A(100) ").hops", "0");
    HARNESS_EQ(bank, "return graph:shortest_path(" A(100) ")",
               "error: graph:shortest_path expects a node, not nothing");
    HARNESS_EQ(bank,
               "return graph:shortest_path(" A(100) ", " A(
                   100) ", { edges = 'transfer', "
                        "weight = 'amount', max_hops = 2 })",
               "error: graph:shortest_path: max_hops does not go with weight");
}
END_TEST

START_TEST(cycles__of_the_bank)
{
    /* 100 -> 200 -> 300 -> 100, 100 -> 300 -> 100 and 100 -> 400 -> 100; not always in the
     * order of time */
    HARNESS_EQ(
        bank,
        "local all = graph:cycles(" A(100) ", { edges = 'transfer', amount = "
                                           "'amount' }) return all.count, all.largest",
        "5 57.25");
    HARNESS_EQ(
        bank,
        "local all = graph:cycles(" A(
            100) ", { edges = 'transfer', ordered = true, "
                 "amount = 'amount', tolerance = 10 }) return all.count, all[1].hops, "
                 "all[1].total, all[1].nodes[2].key",
        "3 2 35.5 300");
    HARNESS_EQ(bank,
               "return #graph:cycles(" A(600) ", { min_hops = 1, edges = 'transfer' })",
               "1");
    HARNESS_EQ(bank, "return graph:cycles(" A(100) ", { ordered = true })",
               "error: graph:cycles: ordered and within need edges with a time column");
    HARNESS_EQ(
        bank, "return graph:cycles(" A(100) ", { tolerance = 1 })",
        "error: graph:cycles: tolerance needs an amount, a numeric property of the "
        "edges");
    HARNESS_EQ(bank, "return graph:cycles(" A(100) ", { max_hops = 17 })",
               "error: option max_hops is a number from 1 to 16, not 17");
    HARNESS_EQ(bank, "return graph:cycles(" A(100) ", { direction = 'both' })",
               "error: graph:cycles: no option 'direction'; there are edges, hops, "
               "min_hops, max_hops, ordered, within, amount, tolerance, limit, list");
}
END_TEST

START_TEST(paths__of_the_bank)
{
    HARNESS_EQ(bank,
               "local all = graph:paths(" A(100) ", " A(
                   300) ", { edges = { transfer = { "
                        "where = { 'amount', '>', 15 } } } }) return #all, all[1].hops",
               "2 1");
    HARNESS_EQ(
        bank, "return graph:paths(" A(100) ", " A(100) ")",
        "error: graph:paths: both ends are the same node; graph:cycles finds ways "
        "back");
}
END_TEST

START_TEST(likeness__of_the_bank)
{
    HARNESS_EQ(bank,
               "return graph:common_neighbours(" A(200) ", " A(
                   400) ", { edges = "
                        "'transfer' }):first().key, graph:jaccard(" A(200) ", " A(
                            400) ", { edges "
                                 "= 'transfer' }), graph:jaccard(" A(700) ", " A(
                                     700) ", { edges = "
                                          "'transfer' })",
               "100 0.5 0");
    HARNESS_EQ(bank, "return graph:jacard(" A(200) ")",
               "error: no method 'jacard' on graph; did you mean 'jaccard'?");
}
END_TEST

START_TEST(walks__of_the_bank)
{
    HARNESS_EQ(bank,
               "local w = graph:random_walk(" A(800) ", { edges = 'transfer' }) return "
                                                     "#w, w[1].key, w[2].key",
               "2 900 1000");
    HARNESS_EQ(
        bank,
        "local r = graph:personalised_pagerank(" A(
            800) ", { edges = 'transfer', "
                 "epsilon = 1e-9 }) return r:count(), r:top(1)[1].node.key, r:sum() > "
                 "0.99999, r:sum() <= 1",
        "3 800 true true");
    HARNESS_EQ(bank, "return graph:random_walk(" A(800) ", { steps = 1e6 })",
               "error: option steps is a number from 0 to 10000, not 1000000");
    HARNESS_EQ(bank, "return graph:personalised_pagerank(graph:set{}):count()", "0");
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("graph/lua_search");
    TCase *tc = tcase_create("lua_search");

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, shortest_path__gives_nodes_edges_and_length);
    tcase_add_test(tc, cycles__of_the_bank);
    tcase_add_test(tc, paths__of_the_bank);
    tcase_add_test(tc, likeness__of_the_bank);
    tcase_add_test(tc, walks__of_the_bank);
    suite_add_tcase(s, tc);
    return s;
}

CDN_UNIT_MAIN(suite)
