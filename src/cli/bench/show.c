/* A bench for people, and in the form of Go's benchmarks: see saved.h.
 *
 * People get two tables: how time spreads over degree classes, which is what a supernode
 * shows in, and each budget's quantiles over all nodes beside its limit, which says how much
 * room is left.  A comparison lists what grew, and with -v all that changed. */
#include "cli/bench/saved.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <cordon/evaluate.h>

#include "base/time.h"
#include "cli/cli.h"

/* ---- for people ---- */

static void percent_text(char *out, size_t size, uint64_t part, uint64_t whole)
{
    double share = whole ? (double)part / (double)whole * 100 : 0;

    if (!whole)
        snprintf(out, size, "-");
    else
        snprintf(out, size, share > 0 && share < 0.1 ? "<0.1 %%" : "%.1f %%", share);
}

static void show_head(FILE *to, bool color, const struct cdn_bench_report *report)
{
    const struct cdn_bench_identity *identity = &report->identity;
    const struct cdn_bench_group *all =
        &report->figures.groups[report->figures.count - 1];
    char runs[32], nodes[32], time[40];

    fprintf(to, "%s%s%s", cdn_style(color, CDN_STYLE_BOLD), identity->rule,
            cdn_style_end(color));
    cdn_show_count(runs, sizeof(runs), all->runs);
    if (identity->label[0])
        fprintf(to, "  %s of %s %s nodes by degree", runs,
                cdn_show_count(nodes, sizeof(nodes), all->nodes), identity->label);
    else
        fprintf(to, "  %s request%s", runs, all->runs == 1 ? "" : "s");
    if (identity->now_ms != CORDON_NO_TIME)
        fprintf(to, ", now %s", cdn_time_format(time, sizeof(time), identity->now_ms));
    if (identity->as_of_ms != CORDON_NO_TIME)
        fprintf(to, ", as of %s",
                cdn_time_format(time, sizeof(time), identity->as_of_ms));
    fprintf(to, "; %" PRIu64 " rounds after %" PRIu64 " of warm-up", report->rounds,
            report->warmup);
    if (strcmp(report->tier, cordon_wall_str(CORDON_WALL_INPROC)) != 0)
        fprintf(to, ", behind %s", report->tier);
    fputc('\n', to);
}

static void show_classes(FILE *to, bool color, const struct cdn_bench_report *report)
{
    const struct cdn_bench_figures *figures = &report->figures;
    struct cdn_table table;
    char shown[32];

    cdn_table_init(&table, 10, "lrrrrrrrrr");
    cdn_table_cell(&table, "degree");
    cdn_table_cell(&table, "nodes");
    cdn_table_cell(&table, "runs");
    for (unsigned q = 0; q < CDN_QUANTILES; q++)
        cdn_table_cell(&table, "%s", cdn_quantile_texts[q]);
    cdn_table_cell(&table, "edges p99");
    cdn_table_cell(&table, "instr. p99");
    for (size_t i = 0; i < figures->count; i++) {
        const struct cdn_bench_group *group = &figures->groups[i];

        cdn_table_cell(&table, "%s", group->name);
        cdn_table_cell(&table, "%s",
                       cdn_show_count(shown, sizeof(shown), group->nodes));
        cdn_table_cell(&table, "%s", cdn_show_count(shown, sizeof(shown), group->runs));
        for (unsigned q = 0; q < CDN_QUANTILES; q++)
            cdn_table_cell(
                &table, "%s",
                cdn_show_ns(shown, sizeof(shown), group->quantiles[CDN_COST_TIME][q]));
        cdn_table_cell(
            &table, "%s",
            cdn_show_count(shown, sizeof(shown),
                           group->quantiles[CDN_COST_EDGES][CDN_QUANTILE_P99]));
        cdn_table_cell(
            &table, "%s",
            cdn_show_count(shown, sizeof(shown),
                           group->quantiles[CDN_COST_INSTRUCTIONS][CDN_QUANTILE_P99]));
    }
    fputc('\n', to);
    cdn_table_print(&table, to, color, 2);
    cdn_table_deinit(&table);
}

static void show_budgets(FILE *to, bool color, const struct cdn_bench_report *report)
{
    const struct cdn_bench_group *all =
        &report->figures.groups[report->figures.count - 1];
    struct cdn_table table;
    char shown[32];

    cdn_table_init(&table, CDN_QUANTILES + 2, "lrrrrrr");
    cdn_table_cell(&table, "budget");
    for (unsigned q = 0; q < CDN_QUANTILES; q++)
        cdn_table_cell(&table, "%s", cdn_quantile_texts[q]);
    cdn_table_cell(&table, "limit");
    for (unsigned cost = 0; cost < CDN_COSTS; cost++) {
        uint64_t limit = report->limits[cost];

        cdn_table_cell(&table, "%s", cdn_cost_texts[cost]);
        for (unsigned q = 0; q < CDN_QUANTILES; q++)
            cdn_table_cell(&table, "%s",
                           cdn_cost_show(shown, sizeof(shown), (enum cdn_cost)cost,
                                         all->quantiles[cost][q]));
        cdn_table_cell(&table, "%s",
                       cdn_cost_show(shown, sizeof(shown), (enum cdn_cost)cost, limit));
        cdn_table_cell(&table, "  of the limit");
        for (unsigned q = 0; q < CDN_QUANTILES; q++) {
            percent_text(shown, sizeof(shown), all->quantiles[cost][q], limit);
            cdn_table_cell(&table, "%s", shown);
        }
        cdn_table_cell(&table, "%s", "");
    }
    fputc('\n', to);
    cdn_table_print(&table, to, color, 2);
    cdn_table_deinit(&table);
}

static void show_dearest(FILE *to, const struct cdn_bench_report *report)
{
    enum cdn_cost cost = report->dearest_cost;
    char degree[32], used[32], limit[32], share[32];

    if (!report->dearest[0])
        return;
    percent_text(share, sizeof(share), report->dearest_used, report->limits[cost]);
    fputs("\n  nearest to a limit: ", to);
    cdn_show_text(to, report->dearest, strlen(report->dearest));
    fprintf(to, ", degree %s: %s %s of %s (%s)\n",
            cdn_show_count(degree, sizeof(degree), report->dearest_degree),
            cdn_cost_texts[cost],
            cdn_cost_show(used, sizeof(used), cost, report->dearest_used),
            cdn_cost_show(limit, sizeof(limit), cost, report->limits[cost]), share);
}

static void change_row(struct cdn_table *table, const struct cdn_bench_report *report,
                       const struct cdn_bench_change *change)
{
    char before[32], after[32];

    cdn_table_cell(table, "%s", report->figures.groups[change->group].name);
    cdn_table_cell(table, "%s", cdn_cost_texts[change->cost]);
    cdn_table_cell(table, "%s", cdn_quantile_texts[change->quantile]);
    cdn_table_cell(table, "%s",
                   cdn_cost_show(before, sizeof(before), change->cost, change->before));
    cdn_table_cell(table, "%s",
                   cdn_cost_show(after, sizeof(after), change->cost, change->after));
    if (change->before)
        cdn_table_cell(table, "%+.1f %%",
                       ((double)change->after / (double)change->before - 1) * 100);
    else
        cdn_table_cell(table, "from none");
    cdn_table_cell(table, "%s", change->regressed ? "grew" : "");
}

static void show_comparison(FILE *to, bool color, const struct cdn_bench_report *report,
                            const struct cdn_bench_comparison *comparison,
                            bool all_changes)
{
    static const char *const heads[] = {"degree", "cost",   "quantile", "before",
                                        "after",  "change", ""};
    struct cdn_table table;
    size_t shown = 0;

    cdn_table_init(&table, CDN_COUNT(heads), "lllrrrl");
    for (size_t i = 0; i < CDN_COUNT(heads); i++)
        cdn_table_cell(&table, "%s", heads[i]);
    for (size_t i = 0; i < comparison->count; i++) {
        if (!all_changes && !comparison->changes[i].regressed)
            continue;
        change_row(&table, report, &comparison->changes[i]);
        shown++;
    }
    fputs("\ncompared with ", to);
    cdn_show_text(to, comparison->file, strlen(comparison->file));
    fprintf(to, "%s: %zu of the costs changed, %zu grew by more than %g %%",
            comparison->same_rule ? ", the same rule" : "", comparison->count,
            comparison->regressions, comparison->threshold);
    if (comparison->time_threshold >= 0)
        fprintf(to, " (times: %g %%)", comparison->time_threshold);
    fputc('\n', to);
    if (shown) {
        fputc('\n', to);
        cdn_table_print(&table, to, color, 2);
    }
    cdn_table_deinit(&table);
}

void cdn_bench_show(FILE *to, bool color, const struct cdn_bench_report *report,
                    const struct cdn_bench_comparison *comparison, bool all_changes)
{
    show_head(to, color, report);
    show_classes(to, color, report);
    show_budgets(to, color, report);
    show_dearest(to, report);
    if (comparison)
        show_comparison(to, color, report, comparison, all_changes);
}

/* ---- for benchstat ---- */

/* fan_out as FanOut: a benchmark's name begins with an upper-case letter. */
static void go_name(FILE *to, const char *name)
{
    bool upper = true;

    for (const char *at = name; *at; at++) {
        if (*at == '_') {
            upper = true;
            continue;
        }
        fputc(upper && *at >= 'a' && *at <= 'z' ? *at - 'a' + 'A' : *at, to);
        upper = false;
    }
}

/* 10-99 as 10..99: what stands behind the last "-" is the number of processors. */
static void go_class(FILE *to, const char *name)
{
    for (const char *at = name; *at; at++) {
        if (*at == '-')
            fputs("..", to);
        else
            fputc(*at == ' ' ? '_' : *at, to);
    }
}

void cdn_bench_show_go(FILE *to, const struct cdn_bench_report *report)
{
    static const char *const units[CDN_COSTS] = {"instructions/op", "edges/op",
                                                 "nodes/op",        "memory-B/op",
                                                 "output-B/op",     "ns/op"};

    fprintf(to, "pkg: cordon\n");
    for (size_t i = 0; i < report->figures.count; i++) {
        const struct cdn_bench_group *group = &report->figures.groups[i];
        const uint64_t *times = group->quantiles[CDN_COST_TIME];

        fputs("Benchmark", to);
        go_name(to, report->identity.rule);
        fputs("/degree=", to);
        go_class(to, group->name);
        fprintf(to, "-1\t%" PRIu64 "\t%.1f ns/op", group->runs * report->rounds,
                group->means[CDN_COST_TIME]);
        for (unsigned q = 0; q < CDN_QUANTILES; q++)
            fprintf(to, "\t%" PRIu64 " %s-ns/op", times[q], cdn_quantile_texts[q]);
        for (unsigned cost = 0; cost < CDN_COST_TIME; cost++)
            fprintf(to, "\t%.10g %s", group->means[cost], units[cost]);
        fputc('\n', to);
    }
}
