/* PageRank against a dense matrix, degrees against counting. */
#include <math.h>

#include "toy.h"

#define ROUNDS 7

/* Power iteration over the whole matrix; restart[i] sum to 1. */
static void rank(const struct toy *toy, double *ranks, const double *restart,
                 double damping, bool undirected, uint32_t rounds)
{
    double step[TOY_NODES][TOY_NODES] = {{0}};
    uint32_t n = toy->nodes;

    for (uint32_t i = 0; i < toy->edges; i++) {
        const struct toy_edge *edge = &toy->edge[i];

        step[edge->from][edge->to]++;
        if (undirected && edge->from != edge->to)
            step[edge->to][edge->from]++;
    }
    for (uint32_t i = 0; i < n; i++) {
        double degree = 0;

        ranks[i] = restart[i];
        for (uint32_t j = 0; j < n; j++)
            degree += step[i][j];
        for (uint32_t j = 0; j < n; j++)
            step[i][j] = degree > 0 ? step[i][j] / degree : restart[j];
    }
    for (uint32_t round = 0; round < rounds; round++) {
        double next[TOY_NODES];

        for (uint32_t j = 0; j < n; j++) {
            next[j] = (1 - damping) * restart[j];
            for (uint32_t i = 0; i < n; i++)
                next[j] += damping * ranks[i] * step[i][j];
        }
        memcpy(ranks, next, n * sizeof *ranks);
    }
}

START_TEST(pagerank__agrees_with_the_matrix)
{
    for (uint32_t seed = 0; seed < 60; seed++) {
        struct toy *toy = toy_new(seed, 3 + seed % 16, seed * 5 % 70);
        uint32_t one = toy_pick(toy, toy->nodes - 1);
        double restart[TOY_NODES];
        double ranks[TOY_NODES];

        for (uint32_t i = 0; i < toy->nodes; i++)
            restart[i] = 1.0 / toy->nodes;
        rank(toy, ranks, restart, 0.85, false, ROUNDS);
        ck_assert_str_eq(
            toy_run(toy, "return dump(graph:view():pagerank{ iterations = 7 })"),
            toy_scores(toy, ranks));
        rank(toy, ranks, restart, 0.6, true, ROUNDS);
        ck_assert_str_eq(toy_run(toy, "return dump(graph:view{ undirected = true }:"
                                      "pagerank{ iterations = 7, damping = 0.6 })"),
                         toy_scores(toy, ranks));
        for (uint32_t i = 0; i < toy->nodes; i++)
            restart[i] = i == one || i == one + 1 ? 0.5 : 0;
        rank(toy, ranks, restart, 0.85, false, ROUNDS);
        ck_assert_str_eq(
            toy_runf(toy,
                     "return dump(graph:view():personalised_pagerank(graph:set{ N(%u), "
                     "N(%u) }, { iterations = 7 }))",
                     one, one + 1),
            toy_scores(toy, ranks));
        toy_free(toy);
    }
}
END_TEST

START_TEST(degree__counts_every_edge)
{
    struct toy *toy = toy_new(77, 15, 60);
    double out[TOY_NODES] = {0};
    double in[TOY_NODES] = {0};
    double both[TOY_NODES] = {0};

    for (uint32_t i = 0; i < toy->edges; i++) {
        out[toy->edge[i].from]++;
        in[toy->edge[i].to]++;
    }
    for (uint32_t i = 0; i < toy->nodes; i++)
        both[i] = out[i] + in[i];
    ck_assert_str_eq(
        toy_run(toy, "return dump(graph:view():degree{ direction = 'outgoing' })"),
        toy_scores(toy, out));
    ck_assert_str_eq(
        toy_run(toy, "return dump(graph:view():degree{ direction = 'incoming' })"),
        toy_scores(toy, in));
    ck_assert_str_eq(toy_run(toy, "return dump(graph:view():degree())"),
                     toy_scores(toy, both));
    for (uint32_t i = 0; i < toy->edges; i++)
        both[toy->edge[i].from] -= toy->edge[i].from == toy->edge[i].to;
    ck_assert_str_eq(
        toy_run(toy, "return dump(graph:view{ undirected = true }:degree())"),
        toy_scores(toy, both));
    toy_free(toy);
}
END_TEST

START_TEST(pagerank__twice_the_rounds_is_twice_the_charge)
{
    struct toy *toy = toy_new(8, 24, 120);
    uint64_t charge[3];

    for (uint32_t i = 0; i < 3; i++) {
        toy_runf(toy, "local v = graph:view() v:pagerank{ iterations = %u } return 0",
                 200 + 400 * i);
        charge[i] = toy_instructions(toy);
    }
    /* rounds are charged in lots of 4,096 steps, so within one instruction a lot */
    ck_assert_int_le(
        labs((long)(charge[2] - charge[1]) - (long)(charge[1] - charge[0])), 40);
    ck_assert_uint_ge(charge[1] - charge[0], 400 * (2 * 24 + 120) / 4);
    toy_free(toy);
}
END_TEST

START_TEST(personalised__refuses_who_is_not_there)
{
    struct toy *toy = toy_new(3, 6, 12);

    ck_assert_str_eq(
        toy_run(toy, "return graph:view{ nodes = graph:set{ N(1), N(2) } }"
                     ":personalised_pagerank(N(3))"),
        "error: personalised_pagerank: a node to restart from is not in the view");
    toy_free(toy);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("graph/algorithm_rank");
    TCase *tc = tcase_create("algorithm_rank");

    tcase_set_timeout(tc, 120);
    tcase_add_test(tc, pagerank__agrees_with_the_matrix);
    tcase_add_test(tc, degree__counts_every_edge);
    tcase_add_test(tc, pagerank__twice_the_rounds_is_twice_the_charge);
    tcase_add_test(tc, personalised__refuses_who_is_not_there);
    suite_add_tcase(s, tc);
    return s;
}

CDN_UNIT_MAIN(suite)
