/* Neighbours in common, pushed ranks and walks against plain ones. */
#include <math.h>

#include "graph/algorithm.h"
#include "graph/similar.h"
#include "toy.h"

/* direction: 0 outgoing, 1 incoming, 2 both */
static bool near(const struct toy *toy, uint32_t a, uint32_t b, int direction)
{
    return a != b && ((direction != 1 && toy_adjacent(toy, a, b)) ||
                      (direction != 0 && toy_adjacent(toy, b, a)));
}

START_TEST(likeness__agrees_with_sets)
{
    static const char *const directions[] = {"outgoing", "incoming", "both"};

    for (uint32_t seed = 0; seed < 90; seed++) {
        struct toy *toy = toy_new(seed, 3 + seed % 14, seed * 3 % 80);
        int direction = (int)(seed % 3);
        uint32_t a = toy_pick(toy, toy->nodes);
        uint32_t b = toy_pick(toy, toy->nodes);
        uint32_t common = 0;
        uint32_t either = 0;
        double adamic = 0;
        char expected[96];

        for (uint32_t v = 0; v < toy->nodes; v++) {
            bool of_a = near(toy, a, v, direction);
            bool of_b = near(toy, b, v, direction);
            uint32_t degree = 0;

            either += of_a || of_b;
            common += of_a && of_b;
            for (uint32_t w = 0; of_a && of_b && w < toy->nodes; w++)
                degree += near(toy, v, w, direction == 2 ? 2 : 1 - direction);
            if (degree > 1)
                adamic += 1 / log(degree);
        }
        (void)snprintf(expected, sizeof expected, "%u %.9f %.9f", common,
                       either ? (double)common / either : 0, adamic);
        ck_assert_str_eq(
            toy_runf(toy,
                     "local a, b, o = N(%u), N(%u), { direction = '%s' } return "
                     "graph:common_neighbours(a, b, o):count(), "
                     "('%%.9f %%.9f'):format(graph:jaccard(a, b, o), "
                     "graph:adamic_adar(a, b, o))",
                     a, b, directions[direction]),
            expected);
        toy_free(toy);
    }
}
END_TEST

START_TEST(log_whole__is_the_natural_logarithm)
{
    ck_assert(cdn_log_whole(1) == 0);
    for (uint64_t n = 2; n < 5000000; n = n < 3000 ? n + 1 : n * 9 / 8) {
        double wanted = log((double)n);

        ck_assert_double_le(fabs(cdn_log_whole(n) - wanted), wanted * 0x1p-51);
    }
}
END_TEST

START_TEST(pushed_ranks__never_exceed_and_miss_little)
{
    for (uint32_t seed = 0; seed < 40; seed++) {
        struct toy *toy = toy_new(seed, 4 + seed % 16, 10 + seed * 3 % 70);
        uint32_t from = toy_pick(toy, toy->nodes);

        /* 1,000 rounds of the view's are exact to every digit shown */
        ck_assert_str_eq(
            toy_runf(
                toy,
                "local from, epsilon = N(%u), 1e-5 "
                "local exact = graph:view():personalised_pagerank(from, { "
                "iterations = 1000 }) "
                "local near = graph:personalised_pagerank(from, { epsilon = "
                "epsilon }) local missing = 0 "
                "for node, rank in exact:each() do local mine = near:of(node) or 0 "
                "assert(mine <= rank + 1e-12, rank) missing = missing + rank - mine "
                "end assert(missing < epsilon * (%u + %u), missing) return near:"
                "count() > 0",
                from, toy->edges, toy->nodes),
            "true");
        toy_free(toy);
    }
}
END_TEST

START_TEST(random_walk__draws_evenly_from_the_list)
{
    for (uint32_t seed = 0; seed < 60; seed++) {
        struct toy *toy = toy_new(seed, 3 + seed % 14, seed * 3 % 80);
        uint32_t at = toy_pick(toy, toy->nodes);
        uint32_t start = at;
        uint64_t state = seed;
        char expected[1024] = "";
        size_t length = 0;

        for (int step = 0; step < 25; step++) {
            uint32_t list[TOY_EDGES];
            uint32_t count = 0;

            for (uint32_t e = 0; e < toy->edges; e++)
                if (toy->edge[e].from == at)
                    list[count++] = toy->edge[e].to;
            if (count == 0)
                break;
            at = list[cdn_random_below(&state, count)];
            length += (size_t)snprintf(expected + length, sizeof expected - length,
                                       "%s%u", length ? " " : "", at);
        }
        ck_assert_str_eq(
            toy_runf(
                toy,
                "local r = {} for i, n in ipairs(graph:random_walk(N(%u), { steps = "
                "25, seed = %u })) do r[i] = n.key end return table.concat(r, ' ')",
                start, seed),
            expected);
        /* looking at the edges, as a condition that all meet makes it, changes nothing */
        ck_assert_str_eq(
            toy_runf(
                toy,
                "local r = {} for i, n in ipairs(graph:random_walk(N(%u), { steps = "
                "25, seed = %u, edges = { e = { where = { 'time', '>=', 0 } } } })) "
                "do r[i] = n.key end return table.concat(r, ' ')",
                start, seed),
            expected);
        toy_free(toy);
    }
}
END_TEST

START_TEST(similar__twice_the_calls_is_twice_the_charge)
{
    static const char *const calls[] = {
        "graph:common_neighbours(N(0), N(1))", "graph:jaccard(N(0), N(1))",
        "graph:adamic_adar(N(0), N(1))", "graph:personalised_pagerank(N(0))",
        "graph:random_walk(N(0), { steps = 50 })"};
    struct toy *toy = toy_new(12, 12, 100);

    for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++) {
        uint64_t none;
        uint64_t once;
        uint64_t edges;

        toy_run(toy, "return 0");
        none = toy_instructions(toy);
        toy_runf(toy, "local a = %s return 0", calls[i]);
        once = toy_instructions(toy) - none;
        edges = toy_edges_read(toy);
        ck_assert_uint_gt(edges, 0);
        toy_runf(toy, "local a = %s local b = %s return 0", calls[i], calls[i]);
        ck_assert_uint_eq(toy_instructions(toy) - none, 2 * once);
        ck_assert_uint_eq(toy_edges_read(toy), 2 * edges);
    }
    toy_free(toy);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("graph/similar");
    TCase *tc = tcase_create("similar");

    tcase_set_timeout(tc, 120);
    tcase_add_test(tc, likeness__agrees_with_sets);
    tcase_add_test(tc, log_whole__is_the_natural_logarithm);
    tcase_add_test(tc, pushed_ranks__never_exceed_and_miss_little);
    tcase_add_test(tc, random_walk__draws_evenly_from_the_list);
    tcase_add_test(tc, similar__twice_the_calls_is_twice_the_charge);
    suite_add_tcase(s, tc);
    return s;
}

CDN_UNIT_MAIN(suite)
