/* Components against reachability, label propagation against counting by hand. */
#include <math.h>

#include "toy.h"

/* Named by the least node that it reaches, and that, unless undirected, reaches it. */
static void components(const struct toy *toy, uint32_t *groups, bool weak)
{
    double distances[TOY_NODES * TOY_NODES];
    uint32_t n = toy->nodes;

    toy_distances(toy, distances, false, weak);
    for (uint32_t i = 0; i < n; i++) {
        groups[i] = i;
        for (uint32_t j = n; j-- > 0;)
            if (isfinite(distances[i * n + j]) && isfinite(distances[j * n + i]))
                groups[i] = j < groups[i] ? j : groups[i];
    }
}

START_TEST(components__agree_with_reachability)
{
    for (uint32_t seed = 0; seed < 80; seed++) {
        struct toy *toy = toy_new(seed, 2 + seed % 20, seed * 3 % 40);
        uint32_t groups[TOY_NODES];

        components(toy, groups, true);
        ck_assert_str_eq(toy_run(toy, "return dump(graph:view():components())"),
                         toy_groups(toy, groups));
        ck_assert_str_eq(toy_run(toy, "return dump(graph:view{ undirected = true }"
                                      ":components{ strong = true })"),
                         toy_groups(toy, groups));
        components(toy, groups, false);
        ck_assert_str_eq(
            toy_run(toy, "return dump(graph:view():components{ strong = true })"),
            toy_groups(toy, groups));
        toy_free(toy);
    }
}
END_TEST

static void propagate(const struct toy *toy, uint32_t *labels, uint32_t rounds,
                      bool undirected)
{
    for (uint32_t i = 0; i < toy->nodes; i++)
        labels[i] = i;
    for (uint32_t round = 0; round < rounds; round++) {
        uint32_t votes[TOY_NODES][TOY_NODES] = {{0}};
        uint32_t next[TOY_NODES];

        for (uint32_t i = 0; i < toy->edges; i++) {
            const struct toy_edge *edge = &toy->edge[i];

            votes[edge->from][labels[edge->to]]++;
            if (!undirected || edge->from != edge->to)
                votes[edge->to][labels[edge->from]]++;
        }
        for (uint32_t i = 0; i < toy->nodes; i++) {
            uint32_t best = 0;

            next[i] = labels[i];
            for (uint32_t l = 0; l < toy->nodes; l++) {
                if (votes[i][l] <= best)
                    continue;
                best = votes[i][l];
                next[i] = l;
            }
        }
        memcpy(labels, next, sizeof next);
    }
}

START_TEST(label_propagation__agrees_with_counting)
{
    for (uint32_t seed = 0; seed < 60; seed++) {
        struct toy *toy = toy_new(seed, 2 + seed % 20, seed * 3 % 90);
        uint32_t labels[TOY_NODES];

        for (uint32_t rounds = 1; rounds < 6; rounds += 2) {
            propagate(toy, labels, rounds, false);
            ck_assert_str_eq(
                toy_runf(
                    toy,
                    "return dump(graph:view():label_propagation{ iterations = %u })",
                    rounds),
                toy_groups(toy, labels));
            propagate(toy, labels, rounds, true);
            ck_assert_str_eq(toy_runf(toy,
                                      "return dump(graph:view{ undirected = true }"
                                      ":label_propagation{ iterations = %u })",
                                      rounds),
                             toy_groups(toy, labels));
        }
        toy_free(toy);
    }
}
END_TEST

START_TEST(groups__are_charged_by_the_work)
{
    static const char *const calls[] = {"components()", "components{ strong = true }",
                                        "label_propagation{ iterations = 3 }"};
    struct toy *toy = toy_new(8, 24, 120);

    for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++) {
        uint64_t none;
        uint64_t once;

        toy_run(toy, "local v = graph:view() return 0");
        none = toy_instructions(toy);
        toy_runf(toy, "local v = graph:view() v:%s return 0", calls[i]);
        once = toy_instructions(toy) - none;
        ck_assert_uint_ge(once, (24 + 120) / 4);
        toy_runf(toy, "local v = graph:view() v:%s v:%s return 0", calls[i], calls[i]);
        ck_assert_uint_eq(toy_instructions(toy) - none, 2 * once);
    }
    toy_free(toy);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("graph/algorithm_group");
    TCase *tc = tcase_create("algorithm_group");

    tcase_set_timeout(tc, 120);
    tcase_add_test(tc, components__agree_with_reachability);
    tcase_add_test(tc, label_propagation__agrees_with_counting);
    tcase_add_test(tc, groups__are_charged_by_the_work);
    suite_add_tcase(s, tc);
    return s;
}

CDN_UNIT_MAIN(suite)
