/* bfs and sssp against all-pairs lengths by Floyd and Warshall. */
#include <math.h>

#include "toy.h"

/* The row of lengths from `from`, those that are finite. */
static const char *expected(struct toy *toy, const double *distances, uint32_t from)
{
    double row[TOY_NODES];

    for (uint32_t i = 0; i < toy->nodes; i++) {
        row[i] = distances[from * toy->nodes + i];
        row[i] = isinf(row[i]) ? NAN : row[i];
    }
    return toy_scores(toy, row);
}

START_TEST(reach__agrees_with_all_pairs)
{
    double distances[TOY_NODES * TOY_NODES];

    for (uint32_t seed = 0; seed < 60; seed++) {
        struct toy *toy = toy_new(seed, 2 + seed % 16, seed * 7 % 60);
        uint32_t from = toy_pick(toy, toy->nodes);

        toy_distances(toy, distances, false, false);
        ck_assert_str_eq(toy_runf(toy, "return dump(graph:view():bfs(N(%u)))", from),
                         expected(toy, distances, from));
        toy_distances(toy, distances, false, true);
        ck_assert_str_eq(
            toy_runf(toy,
                     "local v = graph:view() local a = dump(v:bfs(N(%u), { direction = "
                     "'both' })) local u = graph:view{ undirected = true } "
                     "assert(a == dump(u:bfs(N(%u)))) return a",
                     from, from),
            expected(toy, distances, from));
        toy_distances(toy, distances, true, false);
        ck_assert_str_eq(
            toy_runf(toy,
                     "local a = dump(graph:view{ weight = 'w' }:sssp(N(%u))) "
                     "assert(a == dump(graph:view{ weight = 'far' }:sssp(N(%u)))) "
                     "return a",
                     from, from),
            expected(toy, distances, from));
        toy_distances(toy, distances, true, true);
        ck_assert_str_eq(toy_runf(toy,
                                  "return dump(graph:view{ weight = 'w', undirected = "
                                  "true }:sssp(N(%u)))",
                                  from),
                         expected(toy, distances, from));
        toy_free(toy);
    }
}
END_TEST

START_TEST(bfs__goes_against_the_edges)
{
    struct toy *toy = toy_new(5, 12, 30);
    double distances[TOY_NODES * TOY_NODES];
    double column[TOY_NODES];

    toy_distances(toy, distances, false, false);
    for (uint32_t i = 0; i < toy->nodes; i++) {
        column[i] = distances[i * toy->nodes + 3];
        column[i] = isinf(column[i]) ? NAN : column[i];
    }
    ck_assert_str_eq(
        toy_run(toy, "return dump(graph:view():bfs(N(3), { direction = 'incoming' }))"),
        toy_scores(toy, column));
    toy_free(toy);
}
END_TEST

START_TEST(sssp__refuses_negative_weights)
{
    struct cdn_fixture *fixture;
    struct harness *harness;
    char path[256];

    fixture = cdn_fixture_new(cdn_fixture_path(path, sizeof path));
    cdn_fixture_label(fixture, "N", CDN_KEY_INT64, "");
    cdn_fixture_relation(fixture, "e", "N", "N", "w:float64");
    cdn_fixture_node(fixture, "N", "1");
    cdn_fixture_node(fixture, "N", "2");
    cdn_fixture_edge(fixture, "e", "N", "1", "N", "2", CDN_NUM("w", -1.5));
    cdn_fixture_finish(fixture);
    harness = harness_new(cdn_fixture_open(path), "N:; e: w");
    cdn_fixture_remove(path);
    HARNESS_EQ(harness, "return graph:view{ weight = 'w' }:sssp(graph:node('N', 1))",
               "error: sssp needs weights that are not negative, and one is -1.5");
    HARNESS_EQ(harness,
               "return graph:shortest_path(graph:node('N', 1), graph:node('N', 2), { "
               "weight = 'w' })",
               "error: graph:shortest_path: a weight is negative; of weights below 0 "
               "there may be no shortest way");
    harness_free(harness);
}
END_TEST

START_TEST(reach__is_charged_by_the_work)
{
    struct toy *toy = toy_new(8, 24, 120);
    uint64_t none;
    uint64_t once;
    uint64_t edges;

    toy_run(toy, "local v = graph:view() return 0");
    none = toy_instructions(toy);
    edges = toy_edges_read(toy);
    toy_run(toy, "local v = graph:view() v:bfs(N(0)) return 0");
    once = toy_instructions(toy) - none;
    ck_assert_uint_eq(toy_edges_read(toy), edges);
    toy_run(toy, "local v = graph:view() v:bfs(N(0)) v:bfs(N(0)) return 0");
    ck_assert_uint_eq(toy_instructions(toy) - none, 2 * once);
    ck_assert_uint_ge(once, (24 + 120) / 4);
    toy_run(toy, "local v = graph:view{ weight = 'w' } return 0");
    none = toy_instructions(toy);
    toy_run(toy, "local v = graph:view{ weight = 'w' } v:sssp(N(0)) return 0");
    once = toy_instructions(toy) - none;
    toy_run(toy, "local v = graph:view{ weight = 'w' } v:sssp(N(0)) v:sssp(N(0)) "
                 "return 0");
    ck_assert_uint_eq(toy_instructions(toy) - none, 2 * once);
    toy_free(toy);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("graph/algorithm_reach");
    TCase *tc = tcase_create("algorithm_reach");

    tcase_set_timeout(tc, 120);
    tcase_add_test(tc, reach__agrees_with_all_pairs);
    tcase_add_test(tc, bfs__goes_against_the_edges);
    tcase_add_test(tc, sssp__refuses_negative_weights);
    tcase_add_test(tc, reach__is_charged_by_the_work);
    suite_add_tcase(s, tc);
    return s;
}

CDN_UNIT_MAIN(suite)
