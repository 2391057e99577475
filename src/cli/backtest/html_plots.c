/* The sections of the HTML report that are plots, each with its table or text. */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base/time.h"
#include "cli/backtest/html.h"

static const char *const side_styles[] = {"rule", "other"};

static void section(struct cdn_buf *out, const char *title, bool wide)
{
    cdn_buf_printf(out, "<section%s><h2>%s</h2>\n", wide ? " class=\"wide\"" : "",
                   title);
}

static void section_end(struct cdn_buf *out)
{
    cdn_buf_text(out, "</section>\n");
}

/* A row of swatches with words: "fraud", "Caught fraud". */
static void legend(struct cdn_buf *out, const char *const (*entries)[2], size_t count)
{
    cdn_buf_text(out, "<p class=\"legend\">");
    for (size_t i = 0; i < count; i++) {
        cdn_buf_printf(out, "<span><i class=\"%s\"></i>", entries[i][0]);
        cdn_html_text(out, entries[i][1]);
        cdn_buf_text(out, "</span> ");
    }
    cdn_buf_text(out, "</p>\n");
}

/* ---- precision and recall ---- */

/* Steps, as average precision is the area below them. */
static void curve(struct cdn_plot *plot, const struct cdn_side *side, const char *style)
{
    const struct cdn_sweep *sweep = &side->measures.sweep;

    for (uint32_t i = 0; i < sweep->count; i++) {
        const struct cdn_point *point = &sweep->points[i];
        double precision = cdn_point_precision(point);

        if (isnan(precision)) /* unlabelled alerts alone */
            precision = 1;
        if (!i)
            cdn_buf_printf(plot->out, "<path class=\"line %s\" d=\"M%.1f %.1f", style,
                           cdn_plot_x(plot, 0), cdn_plot_y(plot, precision));
        cdn_buf_printf(plot->out, "V%.1fH%.1f", cdn_plot_y(plot, precision),
                       cdn_plot_x(plot, cdn_point_recall(sweep, point)));
    }
    if (sweep->count)
        cdn_buf_text(plot->out, "\"/>\n");
}

static void operating_point(struct cdn_plot *plot, const struct cdn_side *side,
                            const char *style)
{
    const struct cdn_measures *m = &side->measures;
    char precision[40], recall[40];

    if (isnan(m->precision.value) || isnan(m->recall.value))
        return;
    cdn_buf_printf(
        plot->out, "<circle class=\"dot %s\" cx=\"%.1f\" cy=\"%.1f\" r=\"6\"><title>",
        style, cdn_plot_x(plot, m->recall.value), cdn_plot_y(plot, m->precision.value));
    cdn_html_text(plot->out, side->title);
    cdn_buf_printf(plot->out, ": precision %s, recall %s</title></circle>\n",
                   cdn_show_percent(precision, sizeof(precision), m->precision.value),
                   cdn_show_percent(recall, sizeof(recall), m->recall.value));
}

void cdn_html_curve(struct cdn_buf *out, const struct cdn_backtest *test)
{
    const struct cdn_axis recall = {0, 1, CDN_SCALE_LINEAR, true, "recall"};
    const struct cdn_axis precision = {0, 1, CDN_SCALE_LINEAR, true, "precision"};
    const uint32_t sides = test->side_count > 1 ? 2 : 1;
    const char *entries[2][2];
    struct cdn_plot plot;
    double base;

    if (!test->sides[0].measures.truths[CDN_TRUTH_FRAUD])
        return;
    section(out, "Precision and recall", false);
    cdn_plot_begin(&plot, out, "curve", "Precision by recall",
                   "One step for each threshold of the score; the dot is what the rule "
                   "decides. The figures are in the table of thresholds.",
                   520, &recall, &precision);
    cdn_plot_axes(&plot, true);
    base = (double)test->sides[0].measures.truths[CDN_TRUTH_FRAUD] /
           (double)(test->sides[0].measures.truths[CDN_TRUTH_FRAUD] +
                    test->sides[0].measures.truths[CDN_TRUTH_GOOD]);
    cdn_buf_printf(out,
                   "<line class=\"base\" x1=\"%.1f\" x2=\"%.1f\" y1=\"%.1f\" "
                   "y2=\"%.1f\"><title>what chance would give</title></line>\n",
                   cdn_plot_x(&plot, 0), cdn_plot_x(&plot, 1), cdn_plot_y(&plot, base),
                   cdn_plot_y(&plot, base));
    for (uint32_t s = sides; s-- > 0;)
        curve(&plot, &test->sides[s], side_styles[s]);
    for (uint32_t s = sides; s-- > 0;)
        operating_point(&plot, &test->sides[s], side_styles[s]);
    cdn_plot_end(&plot);
    for (uint32_t s = 0; s < sides; s++) {
        entries[s][0] = side_styles[s];
        entries[s][1] = test->sides[s].title;
    }
    legend(out, (const char *const(*)[2])entries, sides);
    cdn_buf_text(out,
                 "<p class=\"note\">Lines: every threshold of the score. Dots: what "
                 "the rule decides. Dashed: what chance would give.</p>\n");
    section_end(out);
}

/* ---- scores ---- */

static double share_of(uint64_t part, uint64_t whole)
{
    return whole ? (double)part / (double)whole : 0;
}

/* Fraud and good side by side, each as a share of its own: fraud is rare. */
static void score_bars(struct cdn_plot *plot, const struct cdn_histogram *scores,
                       const uint64_t all[3])
{
    static const char *const styles[] = {"unlabelled", "good", "fraud"};
    static const int order[] = {CDN_TRUTH_FRAUD, CDN_TRUTH_GOOD, CDN_TRUTH_UNKNOWN};
    int kinds = (all[0] > 0) + (all[1] > 0) + (all[2] > 0);
    char tip[200], count[40], share[40];

    for (uint32_t i = 0; i < scores->bins; i++) {
        double from = scores->start + i * scores->width;
        double left = cdn_plot_x(plot, from) + 1;
        double wide = (cdn_plot_x(plot, from + scores->width) - 1 - left) / kinds;

        for (int k = 0; k < 3; k++) {
            uint64_t part = scores->items[i].counts[order[k]];

            if (!all[order[k]])
                continue;
            snprintf(
                tip, sizeof(tip), "%s%.6g to %.6g: %s %s, %s of them",
                i + 1 == scores->bins && scores->above ? "and above: " : "", from,
                from + scores->width, cdn_show_count(count, sizeof(count), part),
                cdn_truth_word((uint8_t)order[k]),
                cdn_show_percent(share, sizeof(share), share_of(part, all[order[k]])));
            cdn_plot_bar(plot, styles[order[k]], left, left + wide, 0,
                         share_of(part, all[order[k]]), tip);
            left += wide;
        }
    }
}

static void score_legend(struct cdn_buf *out, const uint64_t all[3])
{
    static const char *const of[][2] = {
        {"fraud", "fraud"}, {"good", "good"}, {"unlabelled", "unlabelled"}};
    static const int order[] = {CDN_TRUTH_FRAUD, CDN_TRUTH_GOOD, CDN_TRUTH_UNKNOWN};
    const char *entries[3][2];
    size_t count = 0;

    for (int k = 0; k < 3; k++) {
        if (!all[order[k]])
            continue;
        entries[count][0] = of[k][0];
        entries[count++][1] = of[k][1];
    }
    legend(out, (const char *const(*)[2])entries, count);
}

void cdn_html_scores(struct cdn_buf *out, const struct cdn_backtest *test)
{
    const struct cdn_histogram *scores = &test->sides[0].measures.scores;
    struct cdn_axis x = {0, 1, CDN_SCALE_LINEAR, false, "score"};
    struct cdn_axis y = {0, 0, CDN_SCALE_LINEAR, true, "share of its kind"};
    uint64_t all[3] = {0};
    struct cdn_plot plot;
    char about[200];

    if (!scores->count)
        return;
    for (uint32_t i = 0; i < scores->bins; i++)
        for (int t = 0; t < 3; t++)
            all[t] += scores->items[i].counts[t];
    for (uint32_t i = 0; i < scores->bins; i++)
        for (int t = 0; t < 3; t++)
            y.to = fmax(y.to, share_of(scores->items[i].counts[t], all[t]));
    x.from = scores->start;
    x.to = scores->start + scores->width * scores->bins;
    section(out, "Scores", false);
    snprintf(
        about, sizeof(about),
        "Scores from %.6g to %.6g in bins of %.6g; fraud and good each as shares of "
        "their own.",
        scores->least, scores->greatest, scores->width);
    cdn_plot_begin(&plot, out, "scores", "How scores are spread", about, 520, &x, &y);
    cdn_plot_axes(&plot, true);
    score_bars(&plot, scores, all);
    cdn_plot_end(&plot);
    score_legend(out, all);
    cdn_buf_text(out,
                 "<p class=\"note\">Each kind's bars add up to 100 %, as fraud would "
                 "not be seen beside all that is good.");
    if (scores->above || scores->below)
        cdn_buf_printf(out, " Scores reach from %.6g to %.6g; the %s what lies beyond.",
                       scores->least, scores->greatest,
                       scores->above && scores->below ? "first and last bin have"
                       : scores->above                ? "last bin has"
                                                      : "first bin has");
    cdn_buf_text(out, "</p>\n<details><summary>The bins as a table</summary>\n");
    cdn_html_table(out, NULL, "#score from,#fraud,#good,#unlabelled");
    for (uint32_t i = 0; i < scores->bins; i++) {
        const uint64_t *counts = scores->items[i].counts;

        cdn_html_row(out);
        cdn_html_cell(out, "%.6g", scores->start + i * scores->width);
        cdn_html_cell(out, "%" PRIu64, counts[CDN_TRUTH_FRAUD]);
        cdn_html_cell(out, "%" PRIu64, counts[CDN_TRUTH_GOOD]);
        cdn_html_cell(out, "%" PRIu64, counts[CDN_TRUTH_UNKNOWN]);
    }
    cdn_html_table_end(out);
    cdn_buf_text(out, "</details>\n");
    section_end(out);
}

/* ---- thresholds ---- */

static double alerts_of(const struct cdn_point *point)
{
    return (double)(point->tp + point->fp + point->unknown);
}

static void sweep_line(struct cdn_plot *plot, const struct cdn_sweep *sweep, int which,
                       const char *style)
{
    bool begun = false;

    for (uint32_t i = 0; i < sweep->count; i++) {
        const struct cdn_point *point = &sweep->points[i];
        double value = which == 0   ? cdn_point_precision(point)
                       : which == 1 ? cdn_point_recall(sweep, point)
                                    : cdn_point_f1(sweep, point);

        if (isnan(value))
            continue;
        if (!begun)
            cdn_buf_printf(plot->out, "<path class=\"line %s\" d=\"", style);
        cdn_buf_printf(plot->out, "%s%.1f %.1f", begun ? "L" : "M",
                       cdn_plot_x(plot, alerts_of(point)), cdn_plot_y(plot, value));
        begun = true;
    }
    if (begun)
        cdn_buf_text(plot->out, "\"/>\n");
}

static void sweep_row(struct cdn_buf *out, const struct cdn_sweep *sweep,
                      const struct cdn_point *point, const struct cdn_plot *plot)
{
    char shown[5][40];

    if (plot)
        cdn_buf_printf(out, "<tr data-x=\"%.1f\">", cdn_plot_x(plot, alerts_of(point)));
    else
        cdn_html_row(out);
    cdn_html_cell(out, "%s", cdn_show_score(shown[0], 40, point->threshold));
    cdn_html_cell(out, "%s",
                  cdn_show_percent(shown[1], 40, cdn_point_precision(point)));
    cdn_html_cell(out, "%s",
                  cdn_show_percent(shown[2], 40, cdn_point_recall(sweep, point)));
    cdn_html_cell(out, "%.3f", cdn_point_f1(sweep, point));
    cdn_html_cell(out, "%s", cdn_show_count(shown[3], 40, (uint64_t)alerts_of(point)));
    cdn_html_cell(out, "%s", cdn_show_money(shown[4], 40, point->caught));
}

#define SWEEP_COLUMNS "#score from,#precision,#recall,#F1,#alerts,#money caught"

static void sweep_tables(struct cdn_buf *out, const struct cdn_sweep *sweep,
                         const struct cdn_plot *plot)
{
    uint32_t step = sweep->count / 8 + 1;

    cdn_html_table(out, "Some thresholds", SWEEP_COLUMNS);
    for (uint32_t i = 0; i < sweep->count; i++) {
        if (i % step == 0 || i + 1 == sweep->count)
            sweep_row(out, sweep, &sweep->points[i], NULL);
    }
    cdn_html_table_end(out);
    cdn_buf_printf(out,
                   "<details><summary>%" PRIu32 " of %" PRIu64
                   " thresholds</summary><div id=\"points\">\n",
                   sweep->count, sweep->distinct);
    cdn_html_table(out, NULL, SWEEP_COLUMNS);
    for (uint32_t i = 0; i < sweep->count; i++)
        sweep_row(out, sweep, &sweep->points[i], plot);
    cdn_html_table_end(out);
    cdn_buf_text(out, "</div></details>\n");
}

/* The row of the table that is nearest to the best threshold. */
static uint32_t best_row(const struct cdn_sweep *sweep)
{
    uint32_t row = 0;

    while (row + 1 < sweep->count &&
           sweep->points[row].threshold > sweep->best.threshold)
        row++;
    return row;
}

void cdn_html_sweep(struct cdn_buf *out, const struct cdn_backtest *test)
{
    static const char *const entries[][2] = {
        {"fraud", "precision"}, {"good", "recall"}, {"rule", "F1"}};
    const struct cdn_measures *m = &test->sides[0].measures;
    const struct cdn_sweep *sweep = &m->sweep;
    struct cdn_axis alerts = {1, 10, CDN_SCALE_LOG, false, "alerts (log scale)"};
    const struct cdn_axis share = {0, 1, CDN_SCALE_LINEAR, true, "share"};
    struct cdn_plot plot;
    char score[40];

    if (!sweep->count || !sweep->fraud)
        return;
    alerts.to = fmax(10, alerts_of(&sweep->points[sweep->count - 1]));
    section(out, "Thresholds", true);
    cdn_plot_begin(&plot, out, "sweep", "Precision, recall and F1 by number of alerts",
                   "From the highest threshold at the left to the lowest at the right. "
                   "The figures are in the table below.",
                   1040, &alerts, &share);
    cdn_plot_axes(&plot, true);
    cdn_buf_printf(out,
                   "<line class=\"base\" x1=\"%.1f\" x2=\"%.1f\" y1=\"%.1f\" "
                   "y2=\"%.1f\"><title>the best F1</title></line>\n",
                   cdn_plot_x(&plot, alerts_of(&sweep->best)),
                   cdn_plot_x(&plot, alerts_of(&sweep->best)), cdn_plot_y(&plot, 0),
                   cdn_plot_y(&plot, 1));
    sweep_line(&plot, sweep, 1, "good");
    sweep_line(&plot, sweep, 0, "fraud");
    sweep_line(&plot, sweep, 2, "rule");
    cdn_buf_printf(out, "<line id=\"mark\" class=\"mark\" y1=\"%.1f\" y2=\"%.1f\"/>\n",
                   cdn_plot_y(&plot, 0), cdn_plot_y(&plot, 1));
    cdn_plot_end(&plot);
    legend(out, entries, CDN_COUNT(entries));
    cdn_buf_printf(
        out,
        "<p class=\"pick\" hidden><label for=\"pick\">Threshold</label> <input "
        "id=\"pick\" type=\"range\" min=\"0\" max=\"%" PRIu32 "\" value=\"%" PRIu32
        "\"> <output for=\"pick\"></output></p>\n",
        sweep->count - 1, best_row(sweep));
    if (!isnan(sweep->best_f1))
        cdn_buf_printf(
            out,
            "<p class=\"note\">Dashed: the best F1, %.3f, with scores from %s "
            "on.</p>\n",
            sweep->best_f1,
            cdn_show_score(score, sizeof(score), sweep->best.threshold));
    sweep_tables(out, sweep, &plot);
    section_end(out);
}

/* ---- over time ---- */

static void period_ticks(struct cdn_plot *plot, const struct cdn_measures *m)
{
    uint32_t step = m->period_count / 6 + 1;
    char time[40];

    for (uint32_t i = 0; i < m->period_count; i += step) {
        size_t bytes;

        cdn_time_format(time, sizeof(time), m->periods[i].from_ms);
        bytes = m->period_ms >= 86400000 ? strcspn(time, "T") : strcspn(time, "Z.");
        time[bytes] = '\0';
        cdn_plot_tick(plot, cdn_plot_x(plot, i + 0.5), time);
    }
}

void cdn_html_periods(struct cdn_buf *out, const struct cdn_backtest *test)
{
    static const char *const entries[][2] = {
        {"rule", "fraud caught"}, {"fraud", "fraud missed"}, {"good", "other alerts"}};
    const struct cdn_measures *m = &test->sides[0].measures;
    struct cdn_axis x = {0, m->period_count, CDN_SCALE_LINEAR, false, "from"};
    struct cdn_axis y = {0, 1, CDN_SCALE_LINEAR, false, "events"};
    struct cdn_plot plot;
    char time[40], tip[160];

    if (!m->period_count)
        return;
    for (uint32_t i = 0; i < m->period_count; i++)
        y.to = fmax(y.to, (double)(m->periods[i].fraud + m->periods[i].alerts -
                                   m->periods[i].tp));
    section(out, "Over time", true);
    cdn_plot_begin(
        &plot, out, "periods", "Fraud and alerts over time",
        "Equal parts of the time between the first event and the last: fraud "
        "that was caught, fraud that was missed, and alerts on anything else.",
        1040, &x, &y);
    cdn_plot_axes(&plot, false);
    for (uint32_t i = 0; i < m->period_count; i++) {
        const struct cdn_period *period = &m->periods[i];
        double left = cdn_plot_x(&plot, i) + 2, right = cdn_plot_x(&plot, i + 1) - 2;
        double caught = (double)period->tp, fraud = (double)period->fraud;
        double all = fraud + (double)(period->alerts - period->tp);

        snprintf(tip, sizeof(tip),
                 "from %s: %" PRIu64 " events, %" PRIu64 " fraud, %" PRIu64
                 " caught, %" PRIu64 " other alerts",
                 cdn_time_format(time, sizeof(time), period->from_ms), period->events,
                 period->fraud, period->tp, period->alerts - period->tp);
        cdn_plot_bar(&plot, "rule", left, right, 0, caught, tip);
        cdn_plot_bar(&plot, "fraud", left, right, caught, fraud, tip);
        cdn_plot_bar(&plot, "good", left, right, fraud, all, tip);
    }
    period_ticks(&plot, m);
    cdn_plot_end(&plot);
    legend(out, entries, CDN_COUNT(entries));
    cdn_buf_text(out, "<details><summary>The periods as a table</summary>\n");
    cdn_html_table(out, NULL, "from,#events,#fraud,#caught,#alerts");
    for (uint32_t i = 0; i < m->period_count; i++) {
        const struct cdn_period *period = &m->periods[i];

        cdn_html_row(out);
        cdn_html_cell(out, "%s", cdn_time_format(time, sizeof(time), period->from_ms));
        cdn_html_cell(out, "%" PRIu64, period->events);
        cdn_html_cell(out, "%" PRIu64, period->fraud);
        cdn_html_cell(out, "%" PRIu64, period->tp);
        cdn_html_cell(out, "%" PRIu64, period->alerts);
    }
    cdn_html_table_end(out);
    cdn_buf_text(out, "</details>\n");
    section_end(out);
}

/* ---- money ---- */

/* One bar of what fraud was after, caught and missed. */
static void money_bar(struct cdn_buf *out, const struct cdn_side *side, uint32_t number)
{
    const struct cdn_measures *m = &side->measures;
    char caught[40], missed[40];
    double share = isnan(m->money_recall) ? 0 : m->money_recall;

    cdn_buf_text(out, "<p class=\"what\">");
    cdn_html_text(out, side->title);
    cdn_buf_printf(out,
                   "</p><svg class=\"bar\" viewBox=\"0 0 100 8\" preserveAspectRatio="
                   "\"none\" role=\"img\" aria-labelledby=\"money-%" PRIu32
                   "\"><title id=\"money-%" PRIu32 "\">%s caught, %s missed</title>"
                   "<rect class=\"fraud\" width=\"100\" height=\"8\"/><rect "
                   "class=\"rule\" width=\"%.2f\" height=\"8\"/></svg>\n",
                   number, number, cdn_show_money(caught, sizeof(caught), m->money_tp),
                   cdn_show_money(missed, sizeof(missed), m->money_fn), share * 100);
}

void cdn_html_money(struct cdn_buf *out, const struct cdn_backtest *test)
{
    static const char *const entries[][2] = {{"rule", "caught"}, {"fraud", "missed"}};
    char shown[3][40], share[40];

    if (!test->has_money)
        return;
    cdn_buf_text(out, "<h3>Money of fraud</h3>\n");
    for (uint32_t s = 0; s < test->side_count; s++)
        money_bar(out, &test->sides[s], s);
    legend(out, entries, CDN_COUNT(entries));
    cdn_html_table(out, NULL, "version,#caught,#of all,#missed,#of false alarms");
    for (uint32_t s = 0; s < test->side_count; s++) {
        const struct cdn_measures *m = &test->sides[s].measures;

        cdn_html_row(out);
        cdn_html_cell(out, "%s", test->sides[s].title);
        cdn_html_cell(out, "%s", cdn_show_money(shown[0], 40, m->money_tp));
        cdn_html_cell(out, "%s",
                      cdn_show_percent(share, sizeof(share), m->money_recall));
        cdn_html_cell(out, "%s", cdn_show_money(shown[1], 40, m->money_fn));
        cdn_html_cell(out, "%s", cdn_show_money(shown[2], 40, m->money_fp));
    }
    cdn_html_table_end(out);
}
