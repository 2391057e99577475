/* A backtest for people: the figures that matter first, then what they are made of. */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base/time.h"
#include "cli/backtest/report.h"

#define BAR        32
#define THRESHOLDS 10

struct showing {
    const struct cdn_backtest *test;
    FILE *out;
    bool color;
    bool failed; /* out of memory */
};

static void heading(const struct showing *showing, const char *text)
{
    fprintf(showing->out, "\n%s%s%s\n", cdn_style(showing->color, CDN_STYLE_BOLD), text,
            cdn_style_end(showing->color));
}

static void print_table(struct showing *showing, struct cdn_table *table)
{
    showing->failed |= !cdn_table_print(table, showing->out, showing->color, 2);
    cdn_table_deinit(table);
}

static void show_head(const struct showing *showing)
{
    const struct cdn_backtest *test = showing->test;
    char title[200], other[200], file[300], count[40], from[40], to[40];

    fprintf(showing->out, "%s%s%s", cdn_style(showing->color, CDN_STYLE_BOLD),
            cdn_escape(title, sizeof(title), test->sides[0].title,
                       strlen(test->sides[0].title)),
            cdn_style_end(showing->color));
    if (test->side_count == 2)
        fprintf(showing->out, " against %s",
                cdn_escape(other, sizeof(other), test->sides[1].title,
                           strlen(test->sides[1].title)));
    fprintf(
        showing->out, " on %s events of %s",
        cdn_show_count(count, sizeof(count), test->corpus.count),
        cdn_escape(file, sizeof(file), test->corpus_file, strlen(test->corpus_file)));
    if (test->first_ms != CORDON_NO_TIME)
        fprintf(showing->out, ", %s to %s",
                cdn_time_format(from, sizeof(from), test->first_ms),
                cdn_time_format(to, sizeof(to), test->last_ms));
    fprintf(showing->out, "\nan alert is: %s\n", test->alarm);
}

/* ---- the confusion matrix ---- */

static void matrix_row(struct cdn_table *table, const char *name, uint64_t fraud,
                       uint64_t good, uint64_t unknown)
{
    char shown[3][40];

    cdn_table_cell(table, "%s", name);
    cdn_table_cell(table, "%s", cdn_show_count(shown[0], 40, fraud));
    cdn_table_cell(table, "%s", cdn_show_count(shown[1], 40, good));
    cdn_table_cell(table, "%s", cdn_show_count(shown[2], 40, unknown));
}

static void show_matrix(struct showing *showing, const struct cdn_side *side)
{
    const struct cdn_measures *m = &side->measures;
    uint64_t unknown = m->truths[CDN_TRUTH_UNKNOWN];
    uint64_t unknown_alerts = m->alerts - m->tp - m->fp;
    struct cdn_table table;

    heading(showing, side->title);
    cdn_table_init(&table, 4, "lrrr");
    cdn_table_cell(&table, "%s", "");
    cdn_table_cell(&table, "fraud");
    cdn_table_cell(&table, "good");
    cdn_table_cell(&table, "unlabelled");
    matrix_row(&table, "alert", m->tp, m->fp, unknown_alerts);
    matrix_row(&table, "no alert", m->fn, m->tn, unknown - unknown_alerts);
    print_table(showing, &table);
}

/* ---- figures, a column a side ---- */

static void share_cell(struct cdn_table *table, const struct cdn_share *share)
{
    char value[40], low[40], high[40];

    if (isnan(share->value))
        cdn_table_cell(table, "-");
    else
        cdn_table_cell(table, "%s (%s to %s)",
                       cdn_show_percent(value, sizeof(value), share->value),
                       cdn_show_percent(low, sizeof(low), share->low),
                       cdn_show_percent(high, sizeof(high), share->high));
}

static void ratio_cell(struct cdn_table *table, double ratio)
{
    if (isnan(ratio))
        cdn_table_cell(table, "-");
    else
        cdn_table_cell(table, "%.3f", ratio);
}

static void money_cell(struct cdn_table *table, double money, double share)
{
    char amount[40], part[40];

    cdn_show_money(amount, sizeof(amount), money);
    if (isnan(share))
        cdn_table_cell(table, "%s", amount);
    else
        cdn_table_cell(table, "%s (%s)", amount,
                       cdn_show_percent(part, sizeof(part), share));
}

static void best_cell(struct cdn_table *table, const struct cdn_sweep *sweep)
{
    char score[40];

    if (isnan(sweep->best_f1))
        cdn_table_cell(table, "-");
    else
        cdn_table_cell(table, "%.3f at score >= %s", sweep->best_f1,
                       cdn_show_score(score, sizeof(score), sweep->best.threshold));
}

static void figure_cell(struct cdn_table *table, const struct cdn_measures *m, int row)
{
    switch (row) {
    case 0:
        share_cell(table, &m->precision);
        break;
    case 1:
        share_cell(table, &m->recall);
        break;
    case 2:
        ratio_cell(table, m->f1);
        break;
    case 3:
        share_cell(table, &m->false_positive_rate);
        break;
    case 4:
        share_cell(table, &m->alert_rate);
        break;
    case 5:
        money_cell(table, m->money_tp, m->money_recall);
        break;
    case 6:
        money_cell(table, m->money_fn, 1 - m->money_recall);
        break;
    case 7:
        money_cell(table, m->money_fp, NAN);
        break;
    case 8:
        ratio_cell(table, m->sweep.average_precision);
        break;
    case 9:
        ratio_cell(table, m->sweep.roc_area);
        break;
    default:
        best_cell(table, &m->sweep);
    }
}

static void show_figures(struct showing *showing)
{
    static const char *const names[] = {
        "precision",         "recall",         "F1",           "false positive rate",
        "alert rate",        "money caught",   "money missed", "money of false alarms",
        "average precision", "area under ROC", "best F1"};
    const struct cdn_backtest *test = showing->test;
    struct cdn_table table;

    cdn_table_init(&table, 1 + test->side_count, "lll");
    heading(showing, "Figures (with intervals of 95 %)");
    cdn_table_cell(&table, "%s", "");
    for (uint32_t s = 0; s < test->side_count; s++)
        cdn_table_cell(&table, "%s", test->sides[s].title);
    for (int row = 0; row < (int)CDN_COUNT(names); row++) {
        if (row >= 5 && row <= 7 && !test->has_money)
            continue;
        if (row >= 8 && !test->sides[0].measures.scores.count)
            continue;
        cdn_table_cell(&table, "%s", names[row]);
        for (uint32_t s = 0; s < test->side_count; s++)
            figure_cell(&table, &test->sides[s].measures, row);
    }
    print_table(showing, &table);
}

static void show_decisions(struct showing *showing, const struct cdn_side *side)
{
    const struct cdn_measures *m = &side->measures;
    char shown[4][40], title[160];
    struct cdn_table table;

    snprintf(title, sizeof(title), "Decisions of %s", side->title);
    heading(showing, title);
    cdn_table_init(&table, 5, "lrrrr");
    cdn_table_cell(&table, "%s", "");
    cdn_table_cell(&table, "fraud");
    cdn_table_cell(&table, "good");
    cdn_table_cell(&table, "unlabelled");
    cdn_table_cell(&table, "of all");
    for (uint32_t d = CDN_DECISIONS; d-- > 0;) {
        const char *word = cdn_decision_word(side->rule, (uint8_t)d);
        const uint64_t *counts = m->decisions[d];
        uint64_t all = counts[0] + counts[1] + counts[2];

        if (!word && !all)
            continue;
        cdn_table_cell(&table, "%s", word ? word : "none");
        cdn_table_cell(&table, "%s",
                       cdn_show_count(shown[0], 40, counts[CDN_TRUTH_FRAUD]));
        cdn_table_cell(&table, "%s",
                       cdn_show_count(shown[1], 40, counts[CDN_TRUTH_GOOD]));
        cdn_table_cell(&table, "%s",
                       cdn_show_count(shown[2], 40, counts[CDN_TRUTH_UNKNOWN]));
        cdn_table_cell(&table, "%s",
                       cdn_show_percent(shown[3], 40, (double)all / (double)m->judged));
    }
    print_table(showing, &table);
}

static void show_outcomes(struct showing *showing, const struct cdn_side *side)
{
    const struct cdn_measures *m = &side->measures;
    char count[40];

    if (m->kinds[CORDON_OUTCOME_OK] == m->events)
        return;
    heading(showing, "Outcomes");
    for (uint8_t k = 0; k < CDN_VERDICT_KINDS; k++) {
        if (m->kinds[k])
            fprintf(showing->out, "  %-15s %s\n", cdn_verdict_kind_word(k),
                    cdn_show_count(count, sizeof(count), m->kinds[k]));
    }
    for (int b = 1; b < 8; b++) {
        if (m->limits[b])
            fprintf(showing->out, "    %-13s %s\n", cordon_budget_str((cordon_budget)b),
                    cdn_show_count(count, sizeof(count), m->limits[b]));
    }
}

/* ---- scores ---- */

/* As many cells as its share of the fullest bin, at least one if there is anything; returns
 * how many. */
static int bar(const struct showing *showing, uint64_t part, uint64_t whole,
               enum cdn_style style, const char *cell)
{
    uint64_t cells = whole ? (part * BAR + whole - 1) / whole : 0;

    fputs(cdn_style(showing->color, style), showing->out);
    for (uint64_t i = 0; i < cells; i++)
        fputs(cell, showing->out);
    fputs(cdn_style_end(showing->color), showing->out);
    return (int)cells;
}

/* Fraud and good each as shares of their own: fraud is rare, and beside all that is good it
 * would not be seen. */
static void show_scores(const struct showing *showing, const struct cdn_side *side)
{
    const struct cdn_histogram *scores = &side->measures.scores;
    uint64_t most[3] = {0};
    char title[200], from[40], count[40];

    if (!scores->count)
        return;
    snprintf(title, sizeof(title), "Scores of %s (bars: the share of each column)",
             side->title);
    heading(showing, title);
    for (uint32_t i = 0; i < scores->bins; i++) {
        for (int t = 0; t < 3; t++)
            most[t] = scores->items[i].counts[t] > most[t] ? scores->items[i].counts[t]
                                                           : most[t];
    }
    if (!most[CDN_TRUTH_FRAUD] && !most[CDN_TRUTH_GOOD])
        most[CDN_TRUTH_GOOD] = most[CDN_TRUTH_UNKNOWN];
    fprintf(showing->out, "  %10s %10s  %-*s %10s\n", "from", "fraud", BAR, "", "good");
    for (uint32_t i = 0; i < scores->bins; i++) {
        const uint64_t *counts = scores->items[i].counts;
        uint64_t good = counts[CDN_TRUTH_GOOD];
        int cells;

        if (!most[CDN_TRUTH_FRAUD] && !side->measures.truths[CDN_TRUTH_GOOD])
            good = counts[CDN_TRUTH_UNKNOWN];
        cdn_show_score(from, sizeof(from), scores->start + i * scores->width);
        fprintf(showing->out, "  %10s %10s  ", from,
                cdn_show_count(count, sizeof(count), counts[CDN_TRUTH_FRAUD]));
        cells = bar(showing, counts[CDN_TRUTH_FRAUD], most[CDN_TRUTH_FRAUD],
                    CDN_STYLE_RED, "#");
        fprintf(showing->out, "%*s %10s%s", BAR - cells, "",
                cdn_show_count(count, sizeof(count), good), good ? "  " : "");
        bar(showing, good, most[CDN_TRUTH_GOOD], CDN_STYLE_CYAN, "-");
        fputc('\n', showing->out);
    }
}

/* Some thresholds, the best among them. */
static void show_sweep(struct showing *showing, const struct cdn_side *side)
{
    const struct cdn_sweep *sweep = &side->measures.sweep;
    struct cdn_table table;
    char title[200], shown[5][40];
    uint32_t step, last = UINT32_MAX;

    if (!sweep->count || !sweep->fraud)
        return;
    snprintf(title, sizeof(title), "Thresholds of %s: alert if the score is at least",
             side->title);
    heading(showing, title);
    step = sweep->count / THRESHOLDS + 1;
    cdn_table_init(&table, 6, "rrrrrr");
    cdn_table_cell(&table, "score");
    cdn_table_cell(&table, "precision");
    cdn_table_cell(&table, "recall");
    cdn_table_cell(&table, "F1");
    cdn_table_cell(&table, "alerts");
    cdn_table_cell(&table, "caught");
    for (uint32_t i = 0; i < sweep->count; i++) {
        const struct cdn_point *point = &sweep->points[i];
        bool best = sweep->best.threshold >= point->threshold &&
                    (last == UINT32_MAX ||
                     sweep->best.threshold < sweep->points[last].threshold);

        if (!(i % step == 0 || i + 1 == sweep->count || best))
            continue;
        last = i;
        if (best)
            point = &sweep->best;
        cdn_table_cell(&table, "%s%s", best ? "* " : "",
                       cdn_show_score(shown[0], 40, point->threshold));
        cdn_table_cell(&table, "%s",
                       cdn_show_percent(shown[1], 40, cdn_point_precision(point)));
        cdn_table_cell(&table, "%s",
                       cdn_show_percent(shown[2], 40, cdn_point_recall(sweep, point)));
        cdn_table_cell(&table, "%.3f", cdn_point_f1(sweep, point));
        cdn_table_cell(
            &table, "%s",
            cdn_show_count(shown[3], 40, point->tp + point->fp + point->unknown));
        cdn_table_cell(&table, "%s", cdn_show_money(shown[4], 40, point->caught));
    }
    print_table(showing, &table);
    fprintf(showing->out, "  * the best F1\n");
}

/* ---- costs ---- */

static void cost_row(struct cdn_table *table, const char *name,
                     const struct cdn_quantiles *cost,
                     char *(*show)(char *out, size_t size, uint64_t value))
{
    const uint64_t values[] = {cost->p50, cost->p90, cost->p99, cost->p999, cost->max};
    char shown[40];

    cdn_table_cell(table, "%s", name);
    for (size_t i = 0; i < CDN_COUNT(values); i++)
        cdn_table_cell(table, "%s", show(shown, sizeof(shown), values[i]));
}

static void show_costs(struct showing *showing, const struct cdn_side *side)
{
    const struct cdn_measures *m = &side->measures;
    struct cdn_table table;
    char title[160];

    if (!m->judged)
        return;
    snprintf(title, sizeof(title), "Costs of %s", side->title);
    heading(showing, title);
    cdn_table_init(&table, 6, "lrrrrr");
    cdn_table_cell(&table, "%s", "");
    cdn_table_cell(&table, "p50");
    cdn_table_cell(&table, "p90");
    cdn_table_cell(&table, "p99");
    cdn_table_cell(&table, "p99.9");
    cdn_table_cell(&table, "most");
    cost_row(&table, "instructions", &m->instructions, cdn_show_count);
    cost_row(&table, "edges", &m->edges, cdn_show_count);
    cost_row(&table, "nodes", &m->nodes, cdn_show_count);
    cost_row(&table, "memory", &m->memory_bytes, cdn_show_bytes);
    cost_row(&table, "time", &m->wall_ns, cdn_show_ns);
    print_table(showing, &table);
}

/* ---- two versions ---- */

static void show_changes(struct showing *showing)
{
    const struct cdn_backtest *test = showing->test;
    const struct cdn_changes *changes = &test->changes;
    char shown[4][40], title[300];
    struct cdn_table table;

    snprintf(title, sizeof(title), "What changes from %s to %s", test->sides[1].title,
             test->sides[0].title);
    heading(showing, title);
    fprintf(showing->out,
            "  %s of %s events are decided otherwise, %s more have another score\n"
            "  %s alerts come, %s go;",
            cdn_show_count(shown[0], 40, changes->decisions),
            cdn_show_count(shown[1], 40, changes->both),
            cdn_show_count(shown[2], 40, changes->scores),
            cdn_show_count(shown[3], 40, changes->gained),
            cdn_show_count(title, 40, changes->lost));
    fprintf(showing->out, " of labelled events %s become right and %s wrong\n",
            cdn_show_count(shown[0], 40, changes->better),
            cdn_show_count(shown[1], 40, changes->worse));
    if (test->has_money)
        fprintf(showing->out, "  of the money %s more is caught and %s no longer\n",
                cdn_show_money(shown[0], 40, changes->money_better),
                cdn_show_money(shown[1], 40, changes->money_worse));
    cdn_table_init(&table, 3, "llr");
    cdn_table_cell(&table, "was");
    cdn_table_cell(&table, "is");
    cdn_table_cell(&table, "events");
    for (uint32_t a = 0; a < CDN_DECISIONS; a++) {
        for (uint32_t b = 0; b < CDN_DECISIONS; b++) {
            const char *was = cdn_decision_word(test->sides[1].rule, (uint8_t)a);
            const char *is = cdn_decision_word(test->sides[0].rule, (uint8_t)b);

            if (!changes->table[a][b])
                continue;
            cdn_table_cell(&table, "%s", was ? was : "none");
            cdn_table_cell(&table, "%s", is ? is : "none");
            cdn_table_cell(&table, "%s",
                           cdn_show_count(shown[0], 40, changes->table[a][b]));
        }
    }
    print_table(showing, &table);
}

/* ---- examples ---- */

static void show_example(const struct showing *showing,
                         const struct cdn_example *example, bool changed)
{
    const struct cdn_backtest *test = showing->test;
    const struct cdn_event *event = &test->corpus.events[example->event];
    const struct cdn_side *side = &test->sides[0], *other = &test->sides[1];
    const struct cdn_verdict *verdict = &side->verdicts[example->event];
    const char *dim = cdn_style(showing->color, CDN_STYLE_DIM);
    char name[200], time[40], money[40], score[40];

    fprintf(showing->out, "  %s",
            cdn_event_name(name, sizeof(name), &test->corpus, event));
    if (event->at_ms != CORDON_NO_TIME)
        fprintf(showing->out, "  %s",
                cdn_time_format(time, sizeof(time), event->at_ms));
    if (event->has_amount)
        fprintf(showing->out, "  %s",
                cdn_show_money(money, sizeof(money), event->amount));
    if (changed)
        fprintf(showing->out, "  %s: %s -> %s", cdn_truth_word(event->truth),
                cdn_verdict_decision(other, &other->verdicts[example->event]),
                cdn_verdict_decision(side, verdict));
    else
        fprintf(showing->out, "  %s", cdn_verdict_decision(side, verdict));
    if (verdict->has_score)
        fprintf(showing->out, " %s",
                cdn_show_score(score, sizeof(score), verdict->score));
    fputc('\n', showing->out);
    if (example->why[0][0])
        fprintf(showing->out, "    %s%s%s\n", dim, example->why[0],
                cdn_style_end(showing->color));
}

static void show_examples(const struct showing *showing)
{
    static const char *const titles[CDN_GALLERIES] = {
        "Missed fraud", "False alarms", "Failed", "No such node", "Decided otherwise"};
    const struct cdn_backtest *test = showing->test;
    uint32_t most = test->cli->verbose ? CDN_EXAMPLES : 3;
    char title[120], count[40];

    for (int g = 0; g < CDN_GALLERIES; g++) {
        const struct cdn_examples *examples = &test->examples[g];

        if (!examples->found)
            continue;
        snprintf(title, sizeof(title), "%s (%s%s)", titles[g],
                 cdn_show_count(count, sizeof(count), examples->found),
                 test->has_money ? ", most money first" : "");
        heading(showing, title);
        for (uint32_t i = 0; i < examples->count && i < most; i++)
            show_example(showing, &examples->items[i], g == CDN_GALLERY_CHANGED);
    }
}

static void show_expected(struct showing *showing)
{
    const struct cdn_backtest *test = showing->test;
    struct cdn_table table;

    if (!test->has_expectations)
        return;
    heading(showing, "Expectations");
    cdn_table_init(&table, 4, "llll");
    cdn_table_cell(&table, "%s", "");
    cdn_table_cell(&table, "figure");
    cdn_table_cell(&table, "wanted");
    cdn_table_cell(&table, "got");
    for (size_t i = 0; i < test->expected_count; i++) {
        const struct cdn_expected *expected = &test->expected[i];

        cdn_table_cell(&table, "%s",
                       !expected->met         ? "MISSED"
                       : expected->unexpected ? "unexpected"
                                              : "ok");
        cdn_table_cell(&table, "%s", expected->name);
        cdn_table_cell(&table, "%s", expected->wanted);
        cdn_table_cell(&table, "%s", expected->got);
    }
    print_table(showing, &table);
}

static void show_caveats(const struct showing *showing)
{
    const struct cdn_backtest *test = showing->test;
    const char *at = (const char *)test->caveats.data;
    char shown[CORDON_ERROR_MESSAGE_BYTES];

    if (!test->caveat_count)
        return;
    heading(showing, "To know about these figures");
    for (uint32_t i = 0; i < test->caveat_count; i++, at += strlen(at) + 1)
        fprintf(showing->out, "  - %s\n",
                cdn_escape(shown, sizeof(shown), at, strlen(at)));
}

static void show_pace(const struct showing *showing)
{
    const struct cdn_backtest *test = showing->test;
    char time[40], pace[40];
    double seconds = (double)test->elapsed_ns / 1e9;
    double events = (double)test->corpus.count * test->side_count;

    fprintf(showing->out, "\n%s%s with %" PRIu32 " thread%s: %s evaluations/s%s\n",
            cdn_style(showing->color, CDN_STYLE_DIM),
            cdn_show_ns(time, sizeof(time), test->elapsed_ns), test->threads,
            test->threads == 1 ? "" : "s",
            cdn_show_count(pace, sizeof(pace),
                           seconds > 0 ? (uint64_t)(events / seconds) : 0),
            cdn_style_end(showing->color));
}

bool cdn_backtest_show(const struct cdn_backtest *test)
{
    struct showing showing = {
        .test = test, .out = test->cli->out, .color = test->cli->out_color};

    show_head(&showing);
    for (uint32_t s = 0; s < test->side_count; s++)
        show_matrix(&showing, &test->sides[s]);
    show_figures(&showing);
    if (test->side_count == 2)
        show_changes(&showing);
    for (uint32_t s = 0; s < test->side_count; s++) {
        show_decisions(&showing, &test->sides[s]);
        show_outcomes(&showing, &test->sides[s]);
    }
    show_scores(&showing, &test->sides[0]);
    show_sweep(&showing, &test->sides[0]);
    for (uint32_t s = 0; s < test->side_count; s++)
        show_costs(&showing, &test->sides[s]);
    show_examples(&showing);
    show_expected(&showing);
    show_caveats(&showing);
    show_pace(&showing);
    return !showing.failed;
}
