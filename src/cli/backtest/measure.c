/* Counting verdicts: the confusion matrix and what follows from it, costs, periods, and the
 * changes between two versions.  Scores are sweep.c's. */
#include "cli/backtest/measure.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

bool cdn_alarm_rings(const struct cdn_alarm *alarm, const struct cdn_verdict *verdict)
{
    if (verdict->kind == CDN_VERDICT_NO_NODE)
        return false;
    if (alarm->by_score)
        return verdict->has_score && verdict->score >= alarm->threshold;
    return verdict->decision != CDN_NO_DECISION &&
           ((alarm->decisions >> verdict->decision) & 1);
}

/* ---- ratios ---- */

/* z of a two-sided interval of 95 per cent. */
#define Z 1.959963984540054

void cdn_share_fill(struct cdn_share *out, uint64_t part, uint64_t whole)
{
    double n = (double)whole, p, middle, half;

    *out = (struct cdn_share){NAN, NAN, NAN};
    if (!whole)
        return;
    p = (double)part / n;
    middle = (p + Z * Z / (2 * n)) / (1 + Z * Z / n);
    half = Z / (1 + Z * Z / n) * sqrt(p * (1 - p) / n + Z * Z / (4 * n * n));
    out->value = p;
    /* exact at the ends, which rounding would miss by a little */
    out->low = part ? fmax(0, middle - half) : 0;
    out->high = part < whole ? fmin(1, middle + half) : 1;
}

static double ratio(double part, double whole)
{
    return whole > 0 ? part / whole : NAN;
}

/* ---- counts ---- */

static void count_verdict(struct cdn_measures *out, const struct cdn_event *event,
                          const struct cdn_verdict *verdict, bool alert)
{
    uint32_t decision =
        verdict->decision == CDN_NO_DECISION ? CDN_DECISIONS - 1 : verdict->decision;

    out->kinds[verdict->kind]++;
    if (verdict->kind == CDN_VERDICT_NO_NODE)
        return;
    out->judged++;
    out->limits[verdict->limit & 7] += verdict->kind == CORDON_OUTCOME_LIMIT;
    out->fallbacks += verdict->fallback;
    out->alerts += alert;
    out->truths[event->truth]++;
    out->decisions[decision][event->truth]++;
    out->decided_money[decision][event->truth] += event->amount;
    if (event->truth == CDN_TRUTH_FRAUD) {
        out->tp += alert;
        out->fn += !alert;
        *(alert ? &out->money_tp : &out->money_fn) += event->amount;
    } else if (event->truth == CDN_TRUTH_GOOD) {
        out->fp += alert;
        out->tn += !alert;
        *(alert ? &out->money_fp : &out->money_tn) += event->amount;
    }
}

static void fill_ratios(struct cdn_measures *out)
{
    cdn_share_fill(&out->precision, out->tp, out->tp + out->fp);
    cdn_share_fill(&out->recall, out->tp, out->tp + out->fn);
    cdn_share_fill(&out->false_positive_rate, out->fp, out->fp + out->tn);
    cdn_share_fill(&out->alert_rate, out->alerts, out->judged);
    out->f1 = ratio(2 * (double)out->tp, (double)(2 * out->tp + out->fp + out->fn));
    out->money_recall = ratio(out->money_tp, out->money_tp + out->money_fn);
}

/* ---- costs ---- */

static int compare_u64(const void *a, const void *b)
{
    uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;

    return (left > right) - (left < right);
}

/* The value that `thousandths` of all are not above. */
static uint64_t at_rank(const uint64_t *sorted, size_t count, size_t thousandths)
{
    size_t whole = count / 1000 * thousandths;
    size_t rest = (count % 1000 * thousandths + 999) / 1000;

    return sorted[whole + rest - 1];
}

void cdn_measure_quantiles(struct cdn_quantiles *out, uint64_t *values, size_t count)
{
    double sum = 0;

    *out = (struct cdn_quantiles){0};
    if (!count)
        return;
    qsort(values, count, sizeof(*values), compare_u64);
    for (size_t i = 0; i < count; i++)
        sum += (double)values[i];
    out->p50 = at_rank(values, count, 500);
    out->p90 = at_rank(values, count, 900);
    out->p99 = at_rank(values, count, 990);
    out->p999 = at_rank(values, count, 999);
    out->max = values[count - 1];
    out->mean = sum / (double)count;
}

static uint64_t cost_of(const struct cdn_verdict *verdict, int which)
{
    switch (which) {
    case 0:
        return verdict->instructions;
    case 1:
        return verdict->edges;
    case 2:
        return verdict->nodes;
    case 3:
        return verdict->memory_bytes;
    default:
        return verdict->wall_ns;
    }
}

static cordon_status fill_costs(struct cdn_measures *out,
                                const struct cdn_verdict *verdicts, size_t count,
                                cordon_error *err)
{
    struct cdn_quantiles *const to[] = {&out->instructions, &out->edges, &out->nodes,
                                        &out->memory_bytes, &out->wall_ns};
    uint64_t *values = cdn_realloc_array(NULL, count ? count : 1, sizeof(*values));

    if (!values)
        return cdn_error_nomem(err);
    for (int which = 0; which < 5; which++) {
        size_t used = 0;

        for (size_t i = 0; i < count; i++) {
            if (verdicts[i].kind != CDN_VERDICT_NO_NODE)
                values[used++] = cost_of(&verdicts[i], which);
        }
        cdn_measure_quantiles(to[which], values, used);
    }
    cdn_free(values);
    return CORDON_OK;
}

/* ---- periods ---- */

/* Equal parts of the time between the first event and the last. */
static void fill_periods(struct cdn_measures *out, const struct cdn_corpus *corpus,
                         const struct cdn_verdict *verdicts,
                         const struct cdn_alarm *alarm)
{
    int64_t first = INT64_MAX, last = INT64_MIN;
    uint64_t span, width;

    for (size_t i = 0; i < corpus->count; i++) {
        int64_t at = corpus->events[i].at_ms;

        if (at == CORDON_NO_TIME || verdicts[i].kind == CDN_VERDICT_NO_NODE)
            continue;
        first = at < first ? at : first;
        last = at > last ? at : last;
    }
    if (first >= last) /* no time, or one moment */
        return;
    span = (uint64_t)last - (uint64_t)first;
    width = span / CDN_PERIODS + 1;
    out->period_count = (uint32_t)(span / width + 1);
    out->period_ms = (int64_t)width;
    for (uint32_t i = 0; i < out->period_count; i++)
        out->periods[i].from_ms = (int64_t)((uint64_t)first + i * width);
    for (size_t i = 0; i < corpus->count; i++) {
        const struct cdn_event *event = &corpus->events[i];
        struct cdn_period *period;
        bool alert;

        if (event->at_ms == CORDON_NO_TIME || verdicts[i].kind == CDN_VERDICT_NO_NODE)
            continue;
        period = &out->periods[((uint64_t)event->at_ms - (uint64_t)first) / width];
        alert = cdn_alarm_rings(alarm, &verdicts[i]);
        period->events++;
        period->fraud += event->truth == CDN_TRUTH_FRAUD;
        period->alerts += alert;
        period->tp += alert && event->truth == CDN_TRUTH_FRAUD;
    }
}

cordon_status cdn_measure(struct cdn_measures *out, const struct cdn_corpus *corpus,
                          const struct cdn_verdict *verdicts,
                          const struct cdn_alarm *alarm, cordon_error *err)
{
    cordon_status status;

    *out = (struct cdn_measures){.events = corpus->count};
    for (size_t i = 0; i < corpus->count; i++)
        count_verdict(out, &corpus->events[i], &verdicts[i],
                      cdn_alarm_rings(alarm, &verdicts[i]));
    fill_ratios(out);
    fill_periods(out, corpus, verdicts, alarm);
    cdn_measure_histogram(&out->scores, corpus, verdicts);
    status = fill_costs(out, verdicts, corpus->count, err);
    if (!status)
        status = cdn_measure_sweep(&out->sweep, corpus, verdicts, err);
    return status;
}

/* ---- changes ---- */

const char *cdn_decision_word(const struct cdn_rule *rule, uint8_t decision)
{
    return decision < rule->decision_count ? rule->decisions[decision] : NULL;
}

static bool other_decision(const struct cdn_rule *rule_a, const struct cdn_verdict *a,
                           const struct cdn_rule *rule_b, const struct cdn_verdict *b)
{
    const char *left = cdn_decision_word(rule_a, a->decision);
    const char *right = cdn_decision_word(rule_b, b->decision);

    return left && right ? strcmp(left, right) != 0 : left != right;
}

bool cdn_verdicts_differ(const struct cdn_rule *rule_a, const struct cdn_verdict *a,
                         const struct cdn_rule *rule_b, const struct cdn_verdict *b)
{
    return a->kind != CDN_VERDICT_NO_NODE && b->kind != CDN_VERDICT_NO_NODE &&
           other_decision(rule_a, a, rule_b, b);
}

static uint32_t row_of(uint8_t decision)
{
    return decision == CDN_NO_DECISION ? CDN_DECISIONS - 1 : decision;
}

void cdn_measure_changes(struct cdn_changes *out, const struct cdn_corpus *corpus,
                         const struct cdn_rule *rule_a, const struct cdn_verdict *a,
                         const struct cdn_alarm *alarm_a, const struct cdn_rule *rule_b,
                         const struct cdn_verdict *b, const struct cdn_alarm *alarm_b)
{
    *out = (struct cdn_changes){0};
    for (size_t i = 0; i < corpus->count; i++) {
        const struct cdn_event *event = &corpus->events[i];
        bool was = cdn_alarm_rings(alarm_a, &a[i]),
             is = cdn_alarm_rings(alarm_b, &b[i]);
        bool fraud = event->truth == CDN_TRUTH_FRAUD;

        if (a[i].kind == CDN_VERDICT_NO_NODE || b[i].kind == CDN_VERDICT_NO_NODE)
            continue;
        out->both++;
        out->table[row_of(a[i].decision)][row_of(b[i].decision)]++;
        if (other_decision(rule_a, &a[i], rule_b, &b[i]))
            out->decisions++;
        else if (a[i].has_score != b[i].has_score ||
                 (a[i].has_score && a[i].score != b[i].score))
            out->scores++;
        if (was == is)
            continue;
        out->gained += is;
        out->lost += was;
        if (event->truth == CDN_TRUTH_UNKNOWN)
            continue;
        *(is == fraud ? &out->better : &out->worse) += 1;
        if (fraud)
            *(is ? &out->money_better : &out->money_worse) += event->amount;
    }
}
