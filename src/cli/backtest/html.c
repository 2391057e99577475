/* The HTML report: its frame, and the sections that are tables.
 *
 * The order is a reader's: whether the rule is any good, what it costs in money and false
 * alarms, where its threshold should be, what changes, which events to look at, and what to
 * know before any of it is believed. */
#include "cli/backtest/html.h"
#include "cli/project/embedded.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base/time.h"

/* ---- the head of the page ---- */

static void tile(struct cdn_buf *out, const char *name, const char *value,
                 const char *small, const char *was)
{
    cdn_buf_printf(out, "<li><span>%s</span><b>", name);
    cdn_html_text(out, value);
    cdn_buf_text(out, "</b>");
    if (small[0])
        cdn_buf_printf(out, "<small>%s</small>", small);
    if (was[0])
        cdn_buf_printf(out, "<small>was %s</small>", was);
    cdn_buf_text(out, "</li>\n");
}

static void share_tile(struct cdn_buf *out, const char *name,
                       const struct cdn_share *share, const struct cdn_share *was)
{
    char value[40], low[40], high[40], before[40] = "", interval[100] = "";

    cdn_show_percent(value, sizeof(value), share->value);
    if (!isnan(share->value))
        snprintf(interval, sizeof(interval), "%s to %s",
                 cdn_show_percent(low, sizeof(low), share->low),
                 cdn_show_percent(high, sizeof(high), share->high));
    if (was)
        cdn_show_percent(before, sizeof(before), was->value);
    tile(out, name, value, interval, before);
}

static void ratio_text(char *out, size_t size, double ratio)
{
    if (isnan(ratio))
        snprintf(out, size, "-");
    else
        snprintf(out, size, "%.3f", ratio);
}

static void ratio_tile(struct cdn_buf *out, const char *name, double ratio,
                       const double *was)
{
    char value[40], before[40] = "";

    ratio_text(value, sizeof(value), ratio);
    if (was)
        ratio_text(before, sizeof(before), *was);
    tile(out, name, value, "", before);
}

static void money_tile(struct cdn_buf *out, const char *name, double money,
                       double share, const double *was)
{
    char value[40], part[60] = "", percent[40], before[40] = "";

    cdn_show_money(value, sizeof(value), money);
    if (!isnan(share))
        snprintf(part, sizeof(part), "%s of fraud's",
                 cdn_show_percent(percent, sizeof(percent), share));
    if (was)
        cdn_show_money(before, sizeof(before), *was);
    tile(out, name, value, part, before);
}

static void write_tiles(struct cdn_buf *out, const struct cdn_backtest *test)
{
    const struct cdn_measures *m = &test->sides[0].measures;
    const struct cdn_measures *was =
        test->side_count == 2 ? &test->sides[1].measures : NULL;

    cdn_buf_text(out, "<ul class=\"tiles\">\n");
    share_tile(out, "Precision", &m->precision, was ? &was->precision : NULL);
    share_tile(out, "Recall", &m->recall, was ? &was->recall : NULL);
    ratio_tile(out, "F1", m->f1, was ? &was->f1 : NULL);
    share_tile(out, "Alert rate", &m->alert_rate, was ? &was->alert_rate : NULL);
    if (test->has_money) {
        money_tile(out, "Money caught", m->money_tp, m->money_recall,
                   was ? &was->money_tp : NULL);
        money_tile(out, "Money missed", m->money_fn, 1 - m->money_recall,
                   was ? &was->money_fn : NULL);
    }
    if (m->scores.count) {
        ratio_tile(out, "Average precision", m->sweep.average_precision,
                   was ? &was->sweep.average_precision : NULL);
        ratio_tile(out, "Area under ROC", m->sweep.roc_area,
                   was ? &was->sweep.roc_area : NULL);
    }
    cdn_buf_text(out, "</ul>\n");
}

static void write_header(struct cdn_buf *out, const struct cdn_backtest *test)
{
    const struct cdn_side *side = &test->sides[0];
    char count[40], from[40], to[40];

    cdn_buf_text(out, "<header><h1>");
    cdn_html_text(out, side->title);
    if (test->side_count == 2) {
        cdn_buf_text(out, " against ");
        cdn_html_text(out, test->sides[1].title);
    }
    cdn_buf_text(out, "</h1>\n");
    if (side->rule->description) {
        cdn_buf_text(out, "<p>");
        cdn_html_text(out, side->rule->description);
        cdn_buf_text(out, "</p>\n");
    }
    cdn_buf_printf(out, "<p class=\"lead\">%s events of ",
                   cdn_show_count(count, sizeof(count), test->corpus.count));
    cdn_html_text(out, test->corpus_file);
    if (test->first_ms != CORDON_NO_TIME)
        cdn_buf_printf(out, ", %s to %s",
                       cdn_time_format(from, sizeof(from), test->first_ms),
                       cdn_time_format(to, sizeof(to), test->last_ms));
    cdn_buf_text(out, ", each judged as of its time. An alert is: ");
    cdn_html_text(out, test->alarm);
    cdn_buf_text(out, ".</p></header>\n");
}

/* ---- tables ---- */

static void matrix_cell(struct cdn_buf *out, const char *style, uint64_t count,
                        const char *name)
{
    char shown[40];

    cdn_buf_printf(out, "<td class=\"%s\"><b>%s</b><small>%s</small></td>", style,
                   cdn_show_count(shown, sizeof(shown), count), name);
}

static void write_matrix(struct cdn_buf *out, const struct cdn_side *side)
{
    const struct cdn_measures *m = &side->measures;
    uint64_t unknown = m->truths[CDN_TRUTH_UNKNOWN];
    uint64_t unknown_alerts = m->alerts - m->tp - m->fp;

    cdn_buf_text(out, "<div class=\"scroll\"><table class=\"matrix\"><caption>");
    cdn_html_text(out, side->title);
    cdn_buf_printf(out,
                   "</caption><thead><tr><td></td><th scope=\"col\">fraud</th>"
                   "<th scope=\"col\">good</th>%s</tr></thead><tbody>"
                   "<tr><th scope=\"row\">alert</th>",
                   unknown ? "<th scope=\"col\">unlabelled</th>" : "");
    matrix_cell(out, "right", m->tp, "hits");
    matrix_cell(out, "wrong", m->fp, "false alarms");
    if (unknown)
        matrix_cell(out, "neither", unknown_alerts, "not known");
    cdn_buf_text(out, "</tr><tr><th scope=\"row\">no alert</th>");
    matrix_cell(out, "wrong", m->fn, "missed");
    matrix_cell(out, "right", m->tn, "left alone");
    if (unknown)
        matrix_cell(out, "neither", unknown - unknown_alerts, "not known");
    cdn_buf_text(out, "</tr></tbody></table></div>\n");
}

static void write_matrices(struct cdn_buf *out, const struct cdn_backtest *test)
{
    cdn_buf_text(out, "<section><h2>Right and wrong</h2>\n");
    for (uint32_t s = 0; s < test->side_count; s++)
        write_matrix(out, &test->sides[s]);
    cdn_html_money(out, test);
    cdn_buf_text(out, "</section>\n");
}

static void write_decisions(struct cdn_buf *out, const struct cdn_backtest *test)
{
    char shown[4][40];

    cdn_buf_text(out, "<section><h2>Decisions and outcomes</h2>\n");
    for (uint32_t s = 0; s < test->side_count; s++) {
        const struct cdn_side *side = &test->sides[s];
        const struct cdn_measures *m = &side->measures;

        cdn_html_table(out, side->title, "decision,#fraud,#good,#unlabelled");
        for (uint32_t d = CDN_DECISIONS; d-- > 0;) {
            const char *word = cdn_decision_word(side->rule, (uint8_t)d);
            const uint64_t *counts = m->decisions[d];

            if (!word && !(counts[0] + counts[1] + counts[2]))
                continue;
            cdn_html_row(out);
            cdn_html_cell(out, "%s", word ? word : "none");
            for (int t = CDN_TRUTH_FRAUD; t >= 0; t--) {
                int truth = t == 2 ? CDN_TRUTH_FRAUD : t == 1 ? CDN_TRUTH_GOOD : 0;

                cdn_html_cell(out, "%s", cdn_show_count(shown[t], 40, counts[truth]));
            }
        }
        cdn_html_table_end(out);
        cdn_html_table(out, NULL, "how runs ended,#events");
        for (uint8_t k = 0; k < CDN_VERDICT_KINDS; k++) {
            if (!m->kinds[k])
                continue;
            cdn_html_row(out);
            cdn_html_cell(out, "%s", cdn_verdict_kind_word(k));
            cdn_html_cell(out, "%s", cdn_show_count(shown[0], 40, m->kinds[k]));
        }
        for (int b = 1; b < 8; b++) {
            if (!m->limits[b])
                continue;
            cdn_html_row(out);
            cdn_html_cell(out, "limit of %s", cordon_budget_str((cordon_budget)b));
            cdn_html_cell(out, "%s", cdn_show_count(shown[0], 40, m->limits[b]));
        }
        cdn_html_table_end(out);
    }
    cdn_buf_text(out, "</section>\n");
}

static void cost_row(struct cdn_buf *out, const char *name,
                     const struct cdn_quantiles *cost,
                     char *(*show)(char *out, size_t size, uint64_t value))
{
    const uint64_t values[] = {cost->p50, cost->p90, cost->p99, cost->p999, cost->max};
    char shown[40];

    cdn_html_row(out);
    cdn_html_cell(out, "%s", name);
    for (size_t i = 0; i < CDN_COUNT(values); i++)
        cdn_buf_printf(out, "<td class=\"n\">%s</td>",
                       show(shown, sizeof(shown), values[i]));
}

static void write_costs(struct cdn_buf *out, const struct cdn_backtest *test)
{
    cdn_buf_text(out, "<section class=\"wide\"><h2>Costs of an evaluation</h2>\n");
    for (uint32_t s = 0; s < test->side_count; s++) {
        const struct cdn_measures *m = &test->sides[s].measures;

        cdn_html_table(out, test->sides[s].title, "budget,#p50,#p90,#p99,#p99.9,#most");
        cost_row(out, "instructions", &m->instructions, cdn_show_count);
        cost_row(out, "edges", &m->edges, cdn_show_count);
        cost_row(out, "nodes", &m->nodes, cdn_show_count);
        cost_row(out, "memory", &m->memory_bytes, cdn_show_bytes);
        cost_row(out, "time", &m->wall_ns, cdn_show_ns);
        cdn_html_table_end(out);
    }
    cdn_buf_text(out, "</section>\n");
}

/* ---- examples ---- */

static void write_example(struct cdn_buf *out, const struct cdn_backtest *test,
                          const struct cdn_example *example, bool changed)
{
    const struct cdn_event *event = &test->corpus.events[example->event];
    const struct cdn_side *side = &test->sides[0], *other = &test->sides[1];
    const struct cdn_verdict *verdict = &side->verdicts[example->event];
    char name[200], text[40];

    cdn_buf_text(out, "<tr><td class=\"key\">");
    cdn_html_text(out, cdn_event_name(name, sizeof(name), &test->corpus, event));
    cdn_buf_text(out, "</td><td class=\"time\">");
    if (event->at_ms != CORDON_NO_TIME)
        cdn_buf_text(out, cdn_time_format(text, sizeof(text), event->at_ms));
    cdn_buf_text(out, "</td><td class=\"n\">");
    if (event->has_amount)
        cdn_buf_text(out, cdn_show_money(text, sizeof(text), event->amount));
    cdn_buf_text(out, "</td>");
    if (changed) {
        cdn_html_cell(out, "%s", cdn_truth_word(event->truth));
        cdn_html_cell(out, "%s",
                      cdn_verdict_decision(other, &other->verdicts[example->event]));
    }
    cdn_html_cell(out, "%s", cdn_verdict_decision(side, verdict));
    cdn_buf_text(out, "<td class=\"n\">");
    if (verdict->has_score)
        cdn_buf_text(out, cdn_show_score(text, sizeof(text), verdict->score));
    cdn_buf_text(out, "</td><td class=\"why\">");
    cdn_html_text(out, example->why[0]);
    cdn_buf_text(out, "</td></tr>\n");
}

static void write_gallery(struct cdn_buf *out, const struct cdn_backtest *test,
                          enum cdn_gallery gallery, const char *title)
{
    const struct cdn_examples *examples = &test->examples[gallery];
    bool changed = gallery == CDN_GALLERY_CHANGED;
    char count[40];

    if (!examples->found)
        return;
    cdn_buf_printf(out, "<h3>%s (%s", title,
                   cdn_show_count(count, sizeof(count), examples->found));
    if (examples->found > examples->count)
        cdn_buf_printf(out, ", %" PRIu32 " shown", examples->count);
    cdn_buf_text(out, ")</h3>\n");
    cdn_html_table(out, NULL,
                   changed ? "node,time,#amount,label,was,is,#score,why"
                           : "node,time,#amount,decision,#score,why");
    for (uint32_t i = 0; i < examples->count; i++)
        write_example(out, test, &examples->items[i], changed);
    cdn_html_table_end(out);
}

static void write_examples(struct cdn_buf *out, const struct cdn_backtest *test)
{
    uint64_t found = 0;

    for (int g = 0; g < CDN_GALLERY_CHANGED; g++)
        found += test->examples[g].found;
    if (!found)
        return;
    cdn_buf_printf(out, "<section class=\"wide long\"><h2>Events to look at%s</h2>\n",
                   test->has_money ? ", most money first" : "");
    write_gallery(out, test, CDN_GALLERY_MISSED, "Missed fraud");
    write_gallery(out, test, CDN_GALLERY_FALSE, "False alarms");
    write_gallery(out, test, CDN_GALLERY_FAILED, "Runs that failed");
    write_gallery(out, test, CDN_GALLERY_NO_NODE, "No such node");
    cdn_buf_text(out, "</section>\n");
}

static void write_changes(struct cdn_buf *out, const struct cdn_backtest *test)
{
    const struct cdn_changes *changes = &test->changes;
    char shown[6][40];

    if (test->side_count < 2)
        return;
    cdn_buf_text(out, "<section class=\"wide long\"><h2>What changes</h2>\n<p>");
    cdn_buf_printf(
        out,
        "%s of %s events are decided otherwise; %s more have another score. %s "
        "alerts come and %s go. ",
        cdn_show_count(shown[0], 40, changes->decisions),
        cdn_show_count(shown[1], 40, changes->both),
        cdn_show_count(shown[2], 40, changes->scores),
        cdn_show_count(shown[3], 40, changes->gained),
        cdn_show_count(shown[4], 40, changes->lost));
    cdn_buf_printf(out, "Of labelled events <b>%s become right and %s wrong</b>.",
                   cdn_show_count(shown[0], 40, changes->better),
                   cdn_show_count(shown[1], 40, changes->worse));
    if (test->has_money)
        cdn_buf_printf(out, " Of the money %s more is caught, and %s no longer.",
                       cdn_show_money(shown[0], 40, changes->money_better),
                       cdn_show_money(shown[1], 40, changes->money_worse));
    cdn_buf_text(out, "</p>\n");
    cdn_html_table(out, "Decisions before and after", "was,is,#events");
    for (uint32_t a = 0; a < CDN_DECISIONS; a++) {
        for (uint32_t b = 0; b < CDN_DECISIONS; b++) {
            const char *was = cdn_decision_word(test->sides[1].rule, (uint8_t)a);
            const char *is = cdn_decision_word(test->sides[0].rule, (uint8_t)b);

            if (!changes->table[a][b])
                continue;
            cdn_html_row(out);
            cdn_html_cell(out, "%s", was ? was : "none");
            cdn_html_cell(out, "%s", is ? is : "none");
            cdn_html_cell(out, "%s",
                          cdn_show_count(shown[0], 40, changes->table[a][b]));
        }
    }
    cdn_html_table_end(out);
    write_gallery(out, test, CDN_GALLERY_CHANGED, "Decided otherwise");
    cdn_buf_text(out, "</section>\n");
}

/* ---- what was expected, and what to know ---- */

static void write_expected(struct cdn_buf *out, const struct cdn_backtest *test)
{
    if (!test->has_expectations)
        return;
    cdn_buf_text(out, "<section class=\"wide\"><h2>Expectations</h2>\n");
    cdn_html_table(out, NULL, "figure,wanted,#got,");
    for (size_t i = 0; i < test->expected_count; i++) {
        const struct cdn_expected *expected = &test->expected[i];

        cdn_html_row(out);
        cdn_html_cell(out, "%s", expected->name);
        cdn_html_cell(out, "%s", expected->wanted);
        cdn_html_cell(out, "%s", expected->got);
        cdn_buf_text(out, !expected->met         ? "<td class=\"bad\">missed</td>"
                          : expected->unexpected ? "<td>unexpected</td>"
                                                 : "<td>met</td>");
    }
    cdn_html_table_end(out);
    cdn_buf_text(out, "</section>\n");
}

static void write_caveats(struct cdn_buf *out, const struct cdn_backtest *test)
{
    const char *at = (const char *)test->caveats.data;

    cdn_buf_text(out, "<section class=\"wide\"><h2>To know about these figures</h2>\n"
                      "<ul class=\"list\">\n");
    for (uint32_t i = 0; i < test->caveat_count; i++, at += strlen(at) + 1) {
        cdn_buf_text(out, "<li>");
        cdn_html_text(out, at);
        cdn_buf_text(out, "</li>\n");
    }
    cdn_buf_text(
        out,
        "<li>Each event was put to the rule as of its time: no edge later than it was "
        "visible. Events without a label count in the alert rate alone.</li>\n"
        "<li>Intervals are Wilson's of 95 %. Average precision is the sum over "
        "thresholds "
        "of precision times the step in recall; the area under the ROC curve counts "
        "ties "
        "half. What has no score is found by no threshold. Quantiles are nearest "
        "ranks.</li>\n</ul></section>\n");
}

static void write_footer(struct cdn_buf *out, const struct cdn_backtest *test)
{
    cdn_buf_text(out, "<footer>");
    for (uint32_t s = 0; s < test->side_count; s++) {
        cdn_buf_text(out, "<p>");
        cdn_html_text(out, test->sides[s].title);
        cdn_buf_text(out, ": ");
        cdn_html_text(out, test->sides[s].file);
        cdn_buf_printf(out, ", BLAKE2b %s</p>\n", test->sides[s].digest);
    }
    cdn_buf_printf(
        out, "<p>Snapshot %016" PRIx64 "; written by cordon backtest.</p></footer>\n",
        test->snapshot_id);
}

static void write_body(struct cdn_buf *out, const struct cdn_backtest *test)
{
    write_header(out, test);
    write_tiles(out, test);
    cdn_buf_text(out, "<div class=\"sections\">\n");
    write_matrices(out, test);
    cdn_html_curve(out, test);
    cdn_html_scores(out, test);
    write_decisions(out, test);
    cdn_html_sweep(out, test);
    write_changes(out, test);
    cdn_html_periods(out, test);
    write_costs(out, test);
    write_examples(out, test);
    write_expected(out, test);
    write_caveats(out, test);
    cdn_buf_text(out, "</div>\n");
    write_footer(out, test);
}

static void embedded(struct cdn_buf *out, size_t number)
{
    cdn_buf_append(out, cdn_embedded_report[number].bytes,
                   cdn_embedded_report[number].size);
}

void cdn_backtest_html(struct cdn_buf *out, const struct cdn_backtest *test)
{
    unsigned char hash[CDN_CONTENT_HASH_BYTES];
    char nonce[2 * CDN_CONTENT_HASH_BYTES + 1];
    struct cdn_buf body = {0};

    write_body(&body, test);
    if (body.failed) {
        out->failed = true;
        goto out;
    }
    /* whoever writes into the body cannot know what its hash will be */
    cdn_hash_content(hash, body.data, body.length);
    cdn_hash_hex(nonce, hash, sizeof(hash));
    cdn_buf_printf(out,
                   "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
                   "<meta name=\"viewport\" content=\"width=device-width, "
                   "initial-scale=1\">\n<meta http-equiv=\"Content-Security-Policy\" "
                   "content=\"default-src 'none'; style-src 'nonce-%s'; script-src "
                   "'nonce-%s'\">\n<title>",
                   nonce, nonce);
    cdn_html_text(out, test->sides[0].title);
    cdn_buf_printf(out, ": backtest</title>\n<style nonce=\"%s\">\n", nonce);
    embedded(out, 0);
    cdn_buf_text(out, "</style></head>\n<body><main>\n");
    cdn_buf_append(out, body.data, body.length);
    cdn_buf_printf(out, "</main>\n<script nonce=\"%s\">\n", nonce);
    embedded(out, 1);
    cdn_buf_text(out, "</script></body></html>\n");
out:
    cdn_buf_deinit(&body);
}
