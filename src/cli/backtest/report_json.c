/* A backtest as JSON.  Times are the only figures that differ from run to run: they are all
 * in `cost.wall_ns` and `timing`. */
#include <math.h>
#include <string.h>

#include "base/time.h"
#include "cli/backtest/report.h"

static void write_time(struct cdn_json *json, const char *key, int64_t ms)
{
    char text[40];

    cdn_json_key(json, key);
    if (ms == CORDON_NO_TIME)
        cdn_json_null(json);
    else
        cdn_json_cstr(json, cdn_time_format(text, sizeof(text), ms));
}

static void write_share(struct cdn_json *json, const char *key,
                        const struct cdn_share *share)
{
    char name[64];

    cdn_json_key_double(json, key, share->value);
    snprintf(name, sizeof(name), "%s_interval", key);
    cdn_json_key(json, name);
    if (isnan(share->value)) {
        cdn_json_null(json);
        return;
    }
    cdn_json_array(json);
    cdn_json_double(json, share->low);
    cdn_json_double(json, share->high);
    cdn_json_array_end(json);
}

static void write_truths(struct cdn_json *json, const uint64_t counts[3])
{
    cdn_json_key_uint(json, "fraud", counts[CDN_TRUTH_FRAUD]);
    cdn_json_key_uint(json, "good", counts[CDN_TRUTH_GOOD]);
    cdn_json_key_uint(json, "unlabelled", counts[CDN_TRUTH_UNKNOWN]);
}

static void write_cost(struct cdn_json *json, const char *key,
                       const struct cdn_quantiles *cost)
{
    cdn_json_key(json, key);
    cdn_json_object(json);
    cdn_json_key_uint(json, "p50", cost->p50);
    cdn_json_key_uint(json, "p90", cost->p90);
    cdn_json_key_uint(json, "p99", cost->p99);
    cdn_json_key_uint(json, "p999", cost->p999);
    cdn_json_key_uint(json, "max", cost->max);
    cdn_json_key_double(json, "mean", cost->mean);
    cdn_json_object_end(json);
}

static void write_money(struct cdn_json *json, const struct cdn_measures *m)
{
    cdn_json_key(json, "money");
    cdn_json_object(json);
    cdn_json_key_double(json, "caught", m->money_tp);
    cdn_json_key_double(json, "missed", m->money_fn);
    cdn_json_key_double(json, "false_alarms", m->money_fp);
    cdn_json_key_double(json, "recall", m->money_recall);
    cdn_json_object_end(json);
}

static void write_decisions(struct cdn_json *json, const struct cdn_side *side)
{
    const struct cdn_measures *m = &side->measures;

    cdn_json_key(json, "decisions");
    cdn_json_object(json);
    for (uint32_t d = 0; d < CDN_DECISIONS; d++) {
        const char *word = cdn_decision_word(side->rule, (uint8_t)d);
        const uint64_t *counts = m->decisions[d];

        if (!word && (d + 1 < CDN_DECISIONS || !(counts[0] + counts[1] + counts[2])))
            continue;
        cdn_json_key(json, word ? word : "none");
        cdn_json_object(json);
        write_truths(json, counts);
        cdn_json_key_double(json, "fraud_money", m->decided_money[d][CDN_TRUTH_FRAUD]);
        cdn_json_object_end(json);
    }
    cdn_json_object_end(json);
    cdn_json_key(json, "outcomes");
    cdn_json_object(json);
    for (uint8_t k = 0; k < CDN_VERDICT_KINDS; k++)
        cdn_json_key_uint(json, cdn_verdict_kind_word(k), m->kinds[k]);
    cdn_json_object_end(json);
    cdn_json_key(json, "limits");
    cdn_json_object(json);
    for (int b = 1; b < 8; b++) {
        if (m->limits[b])
            cdn_json_key_uint(json, cordon_budget_str((cordon_budget)b), m->limits[b]);
    }
    cdn_json_object_end(json);
    cdn_json_key_uint(json, "fallbacks", m->fallbacks);
}

static void write_histogram(struct cdn_json *json, const struct cdn_histogram *scores)
{
    cdn_json_key(json, "scores");
    cdn_json_object(json);
    cdn_json_key_uint(json, "count", scores->count);
    if (scores->count) {
        cdn_json_key_double(json, "least", scores->least);
        cdn_json_key_double(json, "greatest", scores->greatest);
        cdn_json_key_double(json, "width", scores->width);
        cdn_json_key(json, "bins");
        cdn_json_array(json);
        for (uint32_t i = 0; i < scores->bins; i++) {
            cdn_json_object(json);
            cdn_json_key_double(json, "from", scores->start + i * scores->width);
            write_truths(json, scores->items[i].counts);
            cdn_json_object_end(json);
        }
        cdn_json_array_end(json);
    }
    cdn_json_object_end(json);
}

static void write_point(struct cdn_json *json, const struct cdn_sweep *sweep,
                        const struct cdn_point *point)
{
    cdn_json_object(json);
    cdn_json_key_double(json, "threshold", point->threshold);
    cdn_json_key_uint(json, "tp", point->tp);
    cdn_json_key_uint(json, "fp", point->fp);
    cdn_json_key_uint(json, "unlabelled", point->unknown);
    cdn_json_key_double(json, "precision", cdn_point_precision(point));
    cdn_json_key_double(json, "recall", cdn_point_recall(sweep, point));
    cdn_json_key_double(json, "f1", cdn_point_f1(sweep, point));
    cdn_json_key_double(json, "caught", point->caught);
    cdn_json_object_end(json);
}

static void write_sweep(struct cdn_json *json, const struct cdn_sweep *sweep)
{
    cdn_json_key(json, "sweep");
    cdn_json_object(json);
    cdn_json_key_uint(json, "thresholds", sweep->distinct);
    cdn_json_key(json, "best");
    if (isnan(sweep->best_f1))
        cdn_json_null(json);
    else
        write_point(json, sweep, &sweep->best);
    cdn_json_key(json, "points"); /* thinned: see measure.h */
    cdn_json_array(json);
    for (uint32_t i = 0; i < sweep->count; i++)
        write_point(json, sweep, &sweep->points[i]);
    cdn_json_array_end(json);
    cdn_json_object_end(json);
}

static void write_periods(struct cdn_json *json, const struct cdn_measures *m)
{
    cdn_json_key(json, "periods");
    cdn_json_array(json);
    for (uint32_t i = 0; i < m->period_count; i++) {
        cdn_json_object(json);
        write_time(json, "from", m->periods[i].from_ms);
        cdn_json_key_uint(json, "events", m->periods[i].events);
        cdn_json_key_uint(json, "fraud", m->periods[i].fraud);
        cdn_json_key_uint(json, "alerts", m->periods[i].alerts);
        cdn_json_key_uint(json, "tp", m->periods[i].tp);
        cdn_json_object_end(json);
    }
    cdn_json_array_end(json);
}

static void write_side(struct cdn_json *json, const struct cdn_backtest *test,
                       const struct cdn_side *side)
{
    const struct cdn_measures *m = &side->measures;

    cdn_json_object(json);
    cdn_json_key_cstr(json, "rule", side->name);
    cdn_json_key(json, "version");
    if (side->version)
        cdn_json_uint(json, side->version);
    else
        cdn_json_null(json);
    cdn_json_key_cstr(json, "file", side->file);
    cdn_json_key_cstr(json, "digest", side->digest);
    cdn_json_key_uint(json, "judged", m->judged);
    write_truths(json, m->truths);
    cdn_json_key_uint(json, "alerts", m->alerts);
    write_share(json, "alert_rate", &m->alert_rate);
    cdn_json_key_uint(json, "tp", m->tp);
    cdn_json_key_uint(json, "fp", m->fp);
    cdn_json_key_uint(json, "fn", m->fn);
    cdn_json_key_uint(json, "tn", m->tn);
    write_share(json, "precision", &m->precision);
    write_share(json, "recall", &m->recall);
    cdn_json_key_double(json, "f1", m->f1);
    write_share(json, "false_positive_rate", &m->false_positive_rate);
    cdn_json_key_double(json, "average_precision", m->sweep.average_precision);
    cdn_json_key_double(json, "roc_area", m->sweep.roc_area);
    cdn_json_key_double(json, "best_f1", m->sweep.best_f1);
    if (test->has_money)
        write_money(json, m);
    write_decisions(json, side);
    cdn_json_key(json, "cost");
    cdn_json_object(json);
    write_cost(json, "instructions", &m->instructions);
    write_cost(json, "edges", &m->edges);
    write_cost(json, "nodes", &m->nodes);
    write_cost(json, "memory_bytes", &m->memory_bytes);
    write_cost(json, "wall_ns", &m->wall_ns);
    cdn_json_object_end(json);
    write_histogram(json, &m->scores);
    write_sweep(json, &m->sweep);
    write_periods(json, m);
    cdn_json_object_end(json);
}

/* ---- what is of both ---- */

static void write_value(struct cdn_json *json, const char *key,
                        const struct cdn_side *side, const struct cdn_verdict *verdict)
{
    cdn_json_key(json, key);
    cdn_json_object(json);
    cdn_json_key_cstr(json, "outcome", cdn_verdict_kind_word(verdict->kind));
    cdn_json_key_cstr(json, "decision",
                      cdn_decision_word(side->rule, verdict->decision));
    if (verdict->has_score)
        cdn_json_key_double(json, "score", verdict->score);
    cdn_json_object_end(json);
}

/* With the names of an impact record where there are two: a is what was, b what would be. */
static void write_example(struct cdn_json *json, const struct cdn_backtest *test,
                          const struct cdn_example *example)
{
    const struct cdn_event *event = &test->corpus.events[example->event];
    const struct cdn_side *rule = &test->sides[0], *other = &test->sides[1];
    bool two = test->side_count == 2;
    char name[200];

    cdn_json_object(json);
    cdn_json_key_cstr(json, "node",
                      cdn_event_name(name, sizeof(name), &test->corpus, event));
    write_time(json, "time", event->at_ms);
    cdn_json_key_cstr(json, "label",
                      event->truth == CDN_TRUTH_UNKNOWN ? NULL
                                                        : cdn_truth_word(event->truth));
    if (event->has_amount)
        cdn_json_key_double(json, "amount", event->amount);
    cdn_json_key_uint(json, "line", event->line);
    if (two)
        write_value(json, "value_a", other, &other->verdicts[example->event]);
    write_value(json, two ? "value_b" : "value", rule, &rule->verdicts[example->event]);
    if (two)
        cdn_json_key_cstr(json, "why_a", example->why[1]);
    cdn_json_key_cstr(json, two ? "why_b" : "why", example->why[0]);
    cdn_json_object_end(json);
}

static void write_examples(struct cdn_json *json, const struct cdn_backtest *test)
{
    cdn_json_key(json, "examples");
    cdn_json_object(json);
    for (int g = 0; g < CDN_GALLERIES; g++) {
        const struct cdn_examples *examples = &test->examples[g];

        if (g == CDN_GALLERY_CHANGED && test->side_count < 2)
            continue;
        cdn_json_key(json, cdn_gallery_word((enum cdn_gallery)g));
        cdn_json_object(json);
        cdn_json_key_uint(json, "found", examples->found);
        cdn_json_key(json, "first");
        cdn_json_array(json);
        for (uint32_t i = 0; i < examples->count; i++)
            write_example(json, test, &examples->items[i]);
        cdn_json_array_end(json);
        cdn_json_object_end(json);
    }
    cdn_json_object_end(json);
}

static void write_changes(struct cdn_json *json, const struct cdn_backtest *test)
{
    const struct cdn_changes *changes = &test->changes;

    cdn_json_key(json, "changes");
    cdn_json_object(json);
    cdn_json_key_uint(json, "both", changes->both);
    cdn_json_key_uint(json, "decisions", changes->decisions);
    cdn_json_key_uint(json, "scores", changes->scores);
    cdn_json_key_uint(json, "gained", changes->gained);
    cdn_json_key_uint(json, "lost", changes->lost);
    cdn_json_key_uint(json, "better", changes->better);
    cdn_json_key_uint(json, "worse", changes->worse);
    cdn_json_key_double(json, "money_better", changes->money_better);
    cdn_json_key_double(json, "money_worse", changes->money_worse);
    cdn_json_key(json, "table");
    cdn_json_array(json);
    for (uint32_t a = 0; a < CDN_DECISIONS; a++) {
        for (uint32_t b = 0; b < CDN_DECISIONS; b++) {
            if (!changes->table[a][b])
                continue;
            cdn_json_object(json);
            cdn_json_key_cstr(json, "decision_a",
                              cdn_decision_word(test->sides[1].rule, (uint8_t)a));
            cdn_json_key_cstr(json, "decision_b",
                              cdn_decision_word(test->sides[0].rule, (uint8_t)b));
            cdn_json_key_uint(json, "count", changes->table[a][b]);
            cdn_json_object_end(json);
        }
    }
    cdn_json_array_end(json);
    cdn_json_object_end(json);
}

static void write_expected(struct cdn_json *json, const struct cdn_backtest *test)
{
    cdn_json_key(json, "expectations");
    cdn_json_array(json);
    for (size_t i = 0; i < test->expected_count; i++) {
        const struct cdn_expected *expected = &test->expected[i];

        cdn_json_object(json);
        cdn_json_key_cstr(json, "name", expected->name);
        cdn_json_key_cstr(json, "wanted", expected->wanted);
        cdn_json_key_cstr(json, "got", expected->got);
        cdn_json_key_bool(json, "met", expected->met);
        cdn_json_key_bool(json, "unexpected", expected->unexpected);
        cdn_json_object_end(json);
    }
    cdn_json_array_end(json);
}

static void write_corpus(struct cdn_json *json, const struct cdn_backtest *test)
{
    cdn_json_key(json, "corpus");
    cdn_json_object(json);
    cdn_json_key_cstr(json, "file", test->corpus_file);
    cdn_json_key_cstr(json, "labels", test->labels_file);
    cdn_json_key_uint(json, "events", test->corpus.count);
    write_time(json, "first", test->first_ms);
    write_time(json, "last", test->last_ms);
    if (test->sampled_from)
        cdn_json_key_uint(json, "sampled_from", test->sampled_from);
    cdn_json_key_uint(json, "later_than_as_of", test->later);
    cdn_json_object_end(json);
}

static void write_caveats(struct cdn_json *json, const struct cdn_backtest *test)
{
    const char *at = (const char *)test->caveats.data;

    cdn_json_key(json, "caveats");
    cdn_json_array(json);
    for (uint32_t i = 0; i < test->caveat_count; i++, at += strlen(at) + 1)
        cdn_json_cstr(json, at);
    cdn_json_array_end(json);
}

void cdn_backtest_json(struct cdn_buf *out, const struct cdn_backtest *test,
                       bool pretty)
{
    struct cdn_json json;

    cdn_json_init(&json, out, pretty);
    cdn_json_object(&json);
    cdn_json_key_uint(&json, "schema_version", CDN_BACKTEST_SCHEMA_VERSION);
    write_corpus(&json, test);
    cdn_json_key(&json, "snapshot_id");
    cdn_json_hex(&json, test->snapshot_id);
    write_time(&json, "as_of", test->as_of_ms);
    cdn_json_key_cstr(&json, "alert", test->alarm);
    cdn_json_key(&json, "versions");
    cdn_json_array(&json);
    for (uint32_t s = 0; s < test->side_count; s++)
        write_side(&json, test, &test->sides[s]);
    cdn_json_array_end(&json);
    if (test->side_count == 2)
        write_changes(&json, test);
    write_examples(&json, test);
    if (test->has_expectations)
        write_expected(&json, test);
    write_caveats(&json, test);
    cdn_json_key(&json, "timing");
    cdn_json_object(&json);
    cdn_json_key_uint(&json, "threads", test->threads);
    cdn_json_key_uint(&json, "elapsed_ns", test->elapsed_ns);
    cdn_json_object_end(&json);
    cdn_json_object_end(&json);
}
