/* Quantiles of what runs cost, by class and over all of them. */
#include "support/unit.h"

#include "base/alloc.h"
#include "cli/bench/figures.h"

static struct cdn_bench_run run_of(unsigned number, double weight, uint64_t used)
{
    struct cdn_bench_run run = {.number = number, .weight = weight};

    for (unsigned cost = 0; cost < CDN_COSTS; cost++)
        run.used[cost] = used * (cost + 1);
    return run;
}

START_TEST(figures__are_costs_that_occurred)
{
    struct cdn_bench_run runs[1000];
    uint64_t population[CDN_SAMPLE_CLASSES] = {[2] = 1000};
    struct cdn_bench_figures figures;
    const struct cdn_bench_group *group;

    for (unsigned i = 0; i < 1000; i++) /* in no order */
        runs[i] = run_of(2, 1, (i * 377) % 1000 + 1);
    ck_assert_int_eq(cdn_figures_make(&figures, runs, 1000, population, NULL),
                     CORDON_OK);
    ck_assert_uint_eq(figures.count, 2);
    for (unsigned g = 0; g < 2; g++) {
        group = &figures.groups[g];
        ck_assert_str_eq(group->name, g ? "all" : "10-99");
        ck_assert_uint_eq(group->nodes, 1000);
        ck_assert_uint_eq(group->runs, 1000);
        ck_assert_uint_eq(group->outcomes[CORDON_OUTCOME_OK], 1000);
        for (unsigned cost = 0; cost < CDN_COSTS; cost++) {
            ck_assert_uint_eq(group->quantiles[cost][CDN_QUANTILE_P50],
                              500 * (cost + 1));
            ck_assert_uint_eq(group->quantiles[cost][CDN_QUANTILE_P90],
                              900 * (cost + 1));
            ck_assert_uint_eq(group->quantiles[cost][CDN_QUANTILE_P99],
                              990 * (cost + 1));
            ck_assert_uint_eq(group->quantiles[cost][CDN_QUANTILE_P999],
                              999 * (cost + 1));
            ck_assert_uint_eq(group->quantiles[cost][CDN_QUANTILE_MAX],
                              1000 * (cost + 1));
            ck_assert(group->means[cost] == 500.5 * (cost + 1));
        }
    }
    cdn_figures_deinit(&figures);
}
END_TEST

START_TEST(figures__of_few_runs_end_at_the_largest)
{
    struct cdn_bench_run runs[] = {run_of(1, 1, 30), run_of(1, 1, 10)};
    uint64_t population[CDN_SAMPLE_CLASSES] = {[1] = 2};
    struct cdn_bench_figures figures;
    const uint64_t *edges;

    ck_assert_int_eq(cdn_figures_make(&figures, runs, 2, population, NULL), CORDON_OK);
    edges = figures.groups[0].quantiles[CDN_COST_INSTRUCTIONS];
    ck_assert_uint_eq(edges[CDN_QUANTILE_P50], 10);
    ck_assert_uint_eq(edges[CDN_QUANTILE_P90], 30);
    ck_assert_uint_eq(edges[CDN_QUANTILE_P999], 30);
    cdn_figures_deinit(&figures);
}
END_TEST

/* Two of three classes are drawn from in part: what they stand for counts, not how many runs
 * there are. */
START_TEST(figures__weigh_classes_by_their_nodes)
{
    struct cdn_bench_run runs[] = {run_of(3, 1, 900), run_of(1, 450, 5),
                                   run_of(2, 49.5, 70), run_of(1, 450, 4),
                                   run_of(2, 49.5, 60)};
    uint64_t population[CDN_SAMPLE_CLASSES] = {[1] = 900, [2] = 99, [3] = 1};
    struct cdn_bench_figures figures;
    const struct cdn_bench_group *all;

    runs[0].outcome = CORDON_OUTCOME_LIMIT;
    ck_assert_int_eq(cdn_figures_make(&figures, runs, 5, population, NULL), CORDON_OK);
    ck_assert_uint_eq(figures.count, 4);
    ck_assert_str_eq(figures.groups[0].name, "1-9");
    ck_assert_str_eq(figures.groups[2].name, "100-999");
    ck_assert_uint_eq(figures.groups[2].outcomes[CORDON_OUTCOME_LIMIT], 1);
    all = &figures.groups[3];
    ck_assert_uint_eq(all->nodes, 1000);
    ck_assert_uint_eq(all->outcomes[CORDON_OUTCOME_OK], 4);
    ck_assert_uint_eq(all->quantiles[0][CDN_QUANTILE_P50], 5);
    ck_assert_uint_eq(all->quantiles[0][CDN_QUANTILE_P90], 5); /* of exactly 900 */
    ck_assert_uint_eq(all->quantiles[0][CDN_QUANTILE_P99], 70);
    ck_assert_uint_eq(all->quantiles[0][CDN_QUANTILE_P999], 70);
    ck_assert_uint_eq(all->quantiles[0][CDN_QUANTILE_MAX], 900);
    cdn_figures_deinit(&figures);
}
END_TEST

/* Equal weights that are no whole number: their sum must not cost a run. */
START_TEST(figures__are_not_moved_by_rounding)
{
    for (unsigned count = 1; count <= 300; count++) {
        struct cdn_bench_run runs[300];
        uint64_t population[CDN_SAMPLE_CLASSES] = {[1] = 1000};
        struct cdn_bench_figures figures;

        for (unsigned i = 0; i < count; i++)
            runs[i] = run_of(1, 1000.0 / count, i + 1);
        ck_assert_int_eq(cdn_figures_make(&figures, runs, count, population, NULL),
                         CORDON_OK);
        ck_assert_uint_eq(figures.groups[0].quantiles[0][CDN_QUANTILE_P50],
                          (count + 1) / 2);
        ck_assert_uint_eq(figures.groups[0].quantiles[0][CDN_QUANTILE_P90],
                          (count * 9 + 9) / 10);
        cdn_figures_deinit(&figures);
    }
}
END_TEST

START_TEST(figures__of_no_runs_are_no_groups)
{
    uint64_t population[CDN_SAMPLE_CLASSES] = {0};
    struct cdn_bench_figures figures;

    ck_assert_int_eq(cdn_figures_make(&figures, NULL, 0, population, NULL), CORDON_OK);
    ck_assert_uint_eq(figures.count, 0);
    cdn_figures_deinit(&figures);
}
END_TEST

START_TEST(median__is_one_of_the_times)
{
    uint64_t odd[] = {9, 1, 5}, even[] = {8, 2, 6, 4}, one[] = {7};

    ck_assert_uint_eq(cdn_figures_median(odd, 3), 5);
    ck_assert_uint_eq(cdn_figures_median(even, 4), 4);
    ck_assert_uint_eq(cdn_figures_median(one, 1), 7);
}
END_TEST

START_TEST(classes__are_powers_of_ten)
{
    static const struct {
        uint64_t degree;
        unsigned number;
        const char *name;
    } rows[] = {{0, 0, "0"},
                {1, 1, "1-9"},
                {9, 1, "1-9"},
                {10, 2, "10-99"},
                {99, 2, "10-99"},
                {100, 3, "100-999"},
                {12345678, 8, "10000000-99999999"},
                {UINT64_MAX, CDN_SAMPLE_NO_SUBJECT - 1,
                 "1000000000000000000-9999999999999999999"}};
    char name[48];

    for (int i = 0; i < CDN_UNIT_COUNT(rows); i++) {
        ck_assert_uint_eq(cdn_sample_class(rows[i].degree), rows[i].number);
        ck_assert_str_eq(cdn_sample_class_name(name, sizeof(name), rows[i].number),
                         rows[i].name);
    }
    ck_assert_str_eq(cdn_sample_class_name(name, sizeof(name), CDN_SAMPLE_NO_SUBJECT),
                     "no subject");
}
END_TEST

#ifdef CORDON_FAILALLOC
START_TEST(figures__survive_every_allocation_failure)
{
    CDN_UNIT_FAILALLOC(nth)
    {
        struct cdn_bench_run runs[] = {run_of(1, 1, 1), run_of(2, 1, 2)};
        uint64_t population[CDN_SAMPLE_CLASSES] = {[1] = 1, [2] = 1};
        struct cdn_bench_figures figures;
        cordon_status status = cdn_figures_make(&figures, runs, 2, population, NULL);

        ck_assert_int_eq(status, cdn_failalloc_fired() ? CORDON_E_NOMEM : CORDON_OK);
        cdn_figures_deinit(&figures);
    }
}
END_TEST
#endif

static Suite *suite(void)
{
    Suite *s = suite_create("figures");

    CDN_UNIT_CASE(s, figures__are_costs_that_occurred);
    CDN_UNIT_CASE(s, figures__of_few_runs_end_at_the_largest);
    CDN_UNIT_CASE(s, figures__weigh_classes_by_their_nodes);
    CDN_UNIT_CASE(s, figures__are_not_moved_by_rounding);
    CDN_UNIT_CASE(s, figures__of_no_runs_are_no_groups);
    CDN_UNIT_CASE(s, median__is_one_of_the_times);
    CDN_UNIT_CASE(s, classes__are_powers_of_ten);
#ifdef CORDON_FAILALLOC
    CDN_UNIT_CASE(s, figures__survive_every_allocation_failure);
#endif
    return s;
}

CDN_UNIT_MAIN(suite)
