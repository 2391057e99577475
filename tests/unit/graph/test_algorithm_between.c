/* Betweenness against counting the shortest ways of every pair. */
#include <math.h>

#include "toy.h"

/* Ways of each shortest length, by dynamic programming over lengths; parallel edges as one. */
static void between(const struct toy *toy, double *through, bool undirected)
{
    double distance[TOY_NODES * TOY_NODES];
    double ways[TOY_NODES * TOY_NODES] = {0};
    uint32_t n = toy->nodes;

    toy_distances(toy, distance, false, undirected);
    for (uint32_t s = 0; s < n; s++)
        ways[s * n + s] = 1;
    for (uint32_t length = 1; length < n; length++)
        for (uint32_t s = 0; s < n; s++)
            for (uint32_t t = 0; t < n; t++)
                for (uint32_t v = 0; distance[s * n + t] == length && v < n; v++)
                    if (distance[s * n + v] == length - 1 &&
                        (toy_adjacent(toy, v, t) ||
                         (undirected && toy_adjacent(toy, t, v))))
                        ways[s * n + t] += ways[s * n + v];
    for (uint32_t v = 0; v < n; v++) {
        through[v] = 0;
        for (uint32_t s = 0; s < n; s++)
            for (uint32_t t = 0; t < n; t++)
                if (s != v && t != v && s != t && isfinite(distance[s * n + t]) &&
                    distance[s * n + v] + distance[v * n + t] == distance[s * n + t])
                    through[v] += ways[s * n + v] * ways[v * n + t] / ways[s * n + t] /
                                  (undirected ? 2 : 1);
    }
}

START_TEST(betweenness__agrees_with_counting_ways)
{
    for (uint32_t seed = 0; seed < 60; seed++) {
        struct toy *toy = toy_new(seed, 3 + seed % 14, seed * 11 % 80);
        double through[TOY_NODES];

        between(toy, through, false);
        ck_assert_str_eq(toy_run(toy, "return dump(graph:view():betweenness())"),
                         toy_scores(toy, through));
        between(toy, through, true);
        ck_assert_str_eq(
            toy_run(toy, "return dump(graph:view{ undirected = true }:betweenness())"),
            toy_scores(toy, through));
        toy_free(toy);
    }
}
END_TEST

START_TEST(betweenness__of_drawn_sources_is_bounded_and_right_on_average)
{
    struct toy *toy = toy_new(4, 16, 50);

    /* every source drawn alone, as often as its turn comes, adds up to the whole */
    ck_assert_str_eq(
        toy_run(
            toy,
            "local v = graph:view() local exact, sum = v:betweenness(), 0 "
            "for seed = 1, 4000 do sum = sum + v:betweenness{ sources = 4, seed = "
            "seed }:sum() end local ratio = sum / 4000 / exact:sum() "
            "return ratio > 0.97 and ratio < 1.03, dump(v:betweenness{ sources = 4, "
            "seed = 9 }) == dump(v:betweenness{ sources = 4, seed = 9 })"),
        "true true");
    toy_free(toy);
}
END_TEST

START_TEST(betweenness__twice_the_sources_is_twice_the_charge)
{
    struct toy *toy = toy_new(8, 24, 120);
    uint64_t none;
    uint64_t once;

    toy_run(toy, "local v = graph:view() return 0");
    none = toy_instructions(toy);
    toy_run(toy, "local v = graph:view() v:betweenness() return 0");
    once = toy_instructions(toy) - none;
    ck_assert_uint_ge(once, 24 * (24 + 2 * 120) / 4 / 2);
    toy_run(toy, "local v = graph:view() v:betweenness() v:betweenness() return 0");
    ck_assert_uint_eq(toy_instructions(toy) - none, 2 * once);
    toy_free(toy);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("graph/algorithm_between");
    TCase *tc = tcase_create("algorithm_between");

    tcase_set_timeout(tc, 120);
    tcase_add_test(tc, betweenness__agrees_with_counting_ways);
    tcase_add_test(tc, betweenness__of_drawn_sources_is_bounded_and_right_on_average);
    tcase_add_test(tc, betweenness__twice_the_sources_is_twice_the_charge);
    suite_add_tcase(s, tc);
    return s;
}

CDN_UNIT_MAIN(suite)
