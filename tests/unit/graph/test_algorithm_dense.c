/* Triangles, clustering and cores against trying all triples, and peeling by hand. */
#include "toy.h"

static bool near(const struct toy *toy, uint32_t a, uint32_t b)
{
    return a != b && (toy_adjacent(toy, a, b) || toy_adjacent(toy, b, a));
}

static double count_triangles(const struct toy *toy, double *through)
{
    double total = 0;

    memset(through, 0, toy->nodes * sizeof *through);
    for (uint32_t a = 0; a < toy->nodes; a++)
        for (uint32_t b = a + 1; b < toy->nodes; b++)
            for (uint32_t c = b + 1; near(toy, a, b) && c < toy->nodes; c++) {
                if (!near(toy, a, c) || !near(toy, b, c))
                    continue;
                total++;
                through[a]++;
                through[b]++;
                through[c]++;
            }
    return total;
}

static void cluster(const struct toy *toy, double *out, bool undirected)
{
    for (uint32_t v = 0; v < toy->nodes; v++) {
        uint32_t degree = 0;
        uint32_t edges = 0;

        for (uint32_t a = 0; a < toy->nodes; a++)
            degree += near(toy, v, a);
        for (uint32_t a = 0; a < toy->nodes; a++)
            for (uint32_t b = 0; b < toy->nodes; b++)
                edges += near(toy, v, a) && near(toy, v, b) && a != b &&
                         (undirected ? near(toy, a, b) : toy_adjacent(toy, a, b));
        out[v] = degree < 2 ? 0 : (double)edges / (degree * (degree - 1));
    }
}

/* The largest k for which it is left when all with fewer than k neighbours are taken away
 * again and again. */
static void peel(const struct toy *toy, double *core)
{
    memset(core, 0, toy->nodes * sizeof *core);
    for (uint32_t k = 1; k < toy->nodes; k++) {
        bool gone[TOY_NODES] = {false};

        for (bool changed = true; changed;) {
            changed = false;
            for (uint32_t v = 0; v < toy->nodes; v++) {
                uint32_t degree = 0;

                for (uint32_t a = 0; a < toy->nodes; a++)
                    degree += !gone[a] && near(toy, v, a);
                if (gone[v] || degree >= k)
                    continue;
                gone[v] = true;
                changed = true;
            }
        }
        for (uint32_t v = 0; v < toy->nodes; v++)
            if (!gone[v])
                core[v] = k;
    }
}

START_TEST(dense__agrees_with_trying_everything)
{
    for (uint32_t seed = 0; seed < 60; seed++) {
        struct toy *toy = toy_new(seed, 3 + seed % 14, seed * 11 % 110);
        double values[TOY_NODES];
        char total[32];

        (void)snprintf(total, sizeof total, "%.0f", count_triangles(toy, values));
        ck_assert_str_eq(toy_run(toy, "return (graph:view():triangles())"), total);
        ck_assert_str_eq(
            toy_run(toy, "local n, s = graph:view():triangles() return dump(s)"),
            toy_scores(toy, values));
        ck_assert_str_eq(toy_run(toy, "local n, s = graph:view{ undirected = true }"
                                      ":triangles() return dump(s)"),
                         toy_scores(toy, values));
        cluster(toy, values, false);
        ck_assert_str_eq(toy_run(toy, "return dump(graph:view():clustering())"),
                         toy_scores(toy, values));
        cluster(toy, values, true);
        ck_assert_str_eq(
            toy_run(toy, "return dump(graph:view{ undirected = true }:clustering())"),
            toy_scores(toy, values));
        peel(toy, values);
        ck_assert_str_eq(toy_run(toy, "local v = graph:view() local c = v:cores() "
                                      "for k = 0, 9 do assert(v:k_core(k):count() == "
                                      "c:at_least(k):count()) end return dump(c)"),
                         toy_scores(toy, values));
        toy_free(toy);
    }
}
END_TEST

START_TEST(dense__is_charged_by_the_work)
{
    static const char *const calls[] = {"triangles()", "clustering()", "cores()",
                                        "k_core(2)"};
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
    Suite *s = suite_create("graph/algorithm_dense");
    TCase *tc = tcase_create("algorithm_dense");

    tcase_set_timeout(tc, 120);
    tcase_add_test(tc, dense__agrees_with_trying_everything);
    tcase_add_test(tc, dense__is_charged_by_the_work);
    suite_add_tcase(s, tc);
    return s;
}

CDN_UNIT_MAIN(suite)
