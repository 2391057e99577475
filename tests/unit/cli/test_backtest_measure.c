/* Measuring verdicts: against values worked out by hand, and against the definitions computed
 * the slow way, one threshold at a time. */
#include "support/unit.h"

#include <math.h>

#include "base/alloc.h"
#include "cli/backtest/measure.h"

#define MOST 400

static struct cdn_event events[MOST];
static struct cdn_verdict verdicts[MOST];
static struct cdn_corpus corpus;

static void start(void)
{
    memset(events, 0, sizeof(events));
    memset(verdicts, 0, sizeof(verdicts));
    corpus = (struct cdn_corpus){.events = events};
}

static void add(uint8_t truth, double score, uint8_t decision, double amount)
{
    struct cdn_event *event = &events[corpus.count];
    struct cdn_verdict *verdict = &verdicts[corpus.count++];

    event->truth = truth;
    event->amount = amount;
    event->at_ms = (int64_t)corpus.count;
    verdict->score = score;
    verdict->has_score = true;
    verdict->decision = decision;
}

static void check_near(double got, double wanted)
{
    if (isnan(wanted))
        ck_assert(isnan(got));
    else
        ck_assert_double_eq_tol(got, wanted, 1e-12);
}

/* Decisions 1 and up. */
static const struct cdn_alarm severe = {.decisions = 0xfffe};

static const struct cdn_measures *measured(const struct cdn_alarm *alarm)
{
    static struct cdn_measures out;
    cordon_error err;

    ck_assert_int_eq(cdn_measure(&out, &corpus, verdicts, alarm, &err), CORDON_OK);
    return &out;
}

START_TEST(measure__counts_the_confusion_matrix)
{
    const struct cdn_measures *m;

    start();
    add(CDN_TRUTH_FRAUD, 0.9, 2, 100);
    add(CDN_TRUTH_FRAUD, 0.4, 0, 50);
    add(CDN_TRUTH_FRAUD, 0.7, 1, 25);
    add(CDN_TRUTH_GOOD, 0.8, 2, 7);
    add(CDN_TRUTH_GOOD, 0.1, 0, 3);
    add(CDN_TRUTH_GOOD, 0.2, CDN_NO_DECISION, 2);
    add(CDN_TRUTH_UNKNOWN, 0.95, 1, 1000);
    add(CDN_TRUTH_UNKNOWN, 0.0, 0, 1000);
    m = measured(&severe);
    ck_assert_uint_eq(m->tp, 2);
    ck_assert_uint_eq(m->fn, 1);
    ck_assert_uint_eq(m->fp, 1);
    ck_assert_uint_eq(m->tn, 2);
    ck_assert_uint_eq(m->alerts, 4);
    ck_assert_uint_eq(m->judged, 8);
    check_near(m->precision.value, 2.0 / 3);
    check_near(m->recall.value, 2.0 / 3);
    check_near(m->f1, 2.0 / 3);
    check_near(m->false_positive_rate.value, 1.0 / 3);
    check_near(m->alert_rate.value, 0.5);
    check_near(m->money_tp, 125);
    check_near(m->money_fn, 50);
    check_near(m->money_fp, 7);
    check_near(m->money_tn, 5);
    check_near(m->money_recall, 125.0 / 175);
    ck_assert_uint_eq(m->decisions[0][CDN_TRUTH_FRAUD], 1);
    ck_assert_uint_eq(m->decisions[CDN_DECISIONS - 1][CDN_TRUTH_GOOD], 1);
    ck_assert_uint_eq(m->decisions[1][CDN_TRUTH_UNKNOWN], 1);
    check_near(m->decided_money[2][CDN_TRUTH_FRAUD], 100);
}
END_TEST

START_TEST(measure__alerts_by_score_where_asked)
{
    const struct cdn_alarm alarm = {.by_score = true, .threshold = 0.8};
    const struct cdn_measures *m;

    start();
    add(CDN_TRUTH_FRAUD, 0.8, 0, 0); /* the threshold itself is an alert */
    add(CDN_TRUTH_FRAUD, 0.79, 2, 0);
    add(CDN_TRUTH_GOOD, 5, 0, 0);
    add(CDN_TRUTH_GOOD, 5, 0, 0);
    verdicts[3].has_score = false; /* no threshold finds it */
    m = measured(&alarm);
    ck_assert_uint_eq(m->tp, 1);
    ck_assert_uint_eq(m->fn, 1);
    ck_assert_uint_eq(m->fp, 1);
    ck_assert_uint_eq(m->tn, 1);
}
END_TEST

/* Whatever a run ends in, its decision counts; only a node that is not there is not judged. */
START_TEST(measure__keeps_failures_apart_and_counts_what_stands)
{
    const struct cdn_measures *m;

    start();
    add(CDN_TRUTH_FRAUD, 0, 1, 10);
    verdicts[0].kind = CORDON_OUTCOME_ERROR;
    verdicts[0].fallback = true;
    verdicts[0].has_score = false;
    add(CDN_TRUTH_GOOD, 0, 0, 0);
    verdicts[1].kind = CORDON_OUTCOME_LIMIT;
    verdicts[1].limit = CORDON_BUDGET_EDGES;
    verdicts[1].fallback = true;
    add(CDN_TRUTH_FRAUD, 0, 1, 99);
    verdicts[2].kind = CDN_VERDICT_NO_NODE;
    m = measured(&severe);
    ck_assert_uint_eq(m->events, 3);
    ck_assert_uint_eq(m->judged, 2);
    ck_assert_uint_eq(m->kinds[CORDON_OUTCOME_ERROR], 1);
    ck_assert_uint_eq(m->kinds[CORDON_OUTCOME_LIMIT], 1);
    ck_assert_uint_eq(m->kinds[CDN_VERDICT_NO_NODE], 1);
    ck_assert_uint_eq(m->limits[CORDON_BUDGET_EDGES], 1);
    ck_assert_uint_eq(m->fallbacks, 2);
    ck_assert_uint_eq(m->tp, 1);
    ck_assert_uint_eq(m->tn, 1);
    ck_assert_uint_eq(m->fn, 0);
    check_near(m->money_tp + m->money_fn, 10);
}
END_TEST

START_TEST(measure__has_no_ratio_of_nothing)
{
    const struct cdn_measures *m;

    start();
    m = measured(&severe);
    check_near(m->precision.value, NAN);
    check_near(m->recall.value, NAN);
    check_near(m->f1, NAN);
    check_near(m->alert_rate.value, NAN);
    check_near(m->sweep.average_precision, NAN);
    check_near(m->sweep.roc_area, NAN);
    check_near(m->sweep.best_f1, NAN);
    ck_assert_uint_eq(m->scores.count, 0);
    ck_assert_uint_eq(m->period_count, 0);

    add(CDN_TRUTH_GOOD, 1, 0, 0);
    m = measured(&severe);
    check_near(m->precision.value, NAN);
    check_near(m->recall.value, NAN);
    check_near(m->false_positive_rate.value, 0);
    check_near(m->sweep.average_precision, NAN);
    check_near(m->sweep.roc_area, NAN);
}
END_TEST

/* Wilson's interval of 8 in 10, by hand: centre (0.8 + z2/20) / (1 + z2/10), z2 = 3.8415. */
START_TEST(share__has_wilsons_interval)
{
    struct cdn_share share;

    cdn_share_fill(&share, 8, 10);
    check_near(share.value, 0.8);
    ck_assert_double_eq_tol(share.low, 0.490162, 1e-6);
    ck_assert_double_eq_tol(share.high, 0.943318, 1e-6);
    cdn_share_fill(&share, 0, 10);
    check_near(share.low, 0);
    ck_assert_double_eq_tol(share.high, 0.277533, 1e-6);
    cdn_share_fill(&share, 10, 10);
    check_near(share.high, 1);
    ck_assert_double_eq_tol(share.low, 0.722467, 1e-6);
}
END_TEST

START_TEST(quantiles__are_nearest_ranks)
{
    uint64_t values[1000], one[] = {7};
    struct cdn_quantiles q;

    for (uint64_t i = 0; i < 1000; i++)
        values[i] = 1000 - i;
    cdn_measure_quantiles(&q, values, 1000);
    ck_assert_uint_eq(q.p50, 500);
    ck_assert_uint_eq(q.p90, 900);
    ck_assert_uint_eq(q.p99, 990);
    ck_assert_uint_eq(q.p999, 999);
    ck_assert_uint_eq(q.max, 1000);
    check_near(q.mean, 500.5);
    cdn_measure_quantiles(&q, values, 10); /* 1 to 10 */
    ck_assert_uint_eq(q.p50, 5);
    ck_assert_uint_eq(q.p90, 9);
    ck_assert_uint_eq(q.p99, 10);
    cdn_measure_quantiles(&q, one, 1);
    ck_assert_uint_eq(q.p50, 7);
    ck_assert_uint_eq(q.p999, 7);
    cdn_measure_quantiles(&q, one, 0);
    ck_assert_uint_eq(q.max, 0);
}
END_TEST

/* scikit-learn's own example of average precision: labels 0 0 1 1, scores 0.1 0.4 0.35 0.8
 * give 0.8333..., and an area under the ROC curve of 0.75. */
START_TEST(sweep__agrees_with_a_known_example)
{
    const struct cdn_measures *m;

    start();
    add(CDN_TRUTH_GOOD, 0.1, 0, 0);
    add(CDN_TRUTH_GOOD, 0.4, 0, 0);
    add(CDN_TRUTH_FRAUD, 0.35, 0, 30);
    add(CDN_TRUTH_FRAUD, 0.8, 0, 12);
    m = measured(&severe);
    check_near(m->sweep.average_precision, 0.5 * 1 + 0.5 * 2 / 3);
    check_near(m->sweep.roc_area, 0.75);
    ck_assert_uint_eq(m->sweep.distinct, 4);
    ck_assert_uint_eq(m->sweep.count, 4);
    check_near(m->sweep.points[0].threshold, 0.8);
    check_near(m->sweep.points[2].caught, 42);
    check_near(m->sweep.best_f1, 0.8);
    check_near(m->sweep.best.threshold, 0.35);
}
END_TEST

/* ---- against the definitions, the slow way ---- */

static uint64_t seed;

static uint64_t below(uint64_t bound)
{
    seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (seed >> 33) % bound;
}

/* With scores from few values there are ties, without a score there is none. */
static void fill_random(uint64_t values)
{
    size_t count = 1 + below(MOST);

    start();
    for (size_t i = 0; i < count; i++) {
        add((uint8_t)below(3), (double)below(values) / 4 - 3, (uint8_t)below(3),
            (double)below(1000));
        verdicts[i].has_score = below(10) > 0;
        if (below(12) == 0)
            verdicts[i].kind = CDN_VERDICT_NO_NODE;
    }
}

struct slow {
    uint64_t tp, fp, unknown;
    double caught;
};

static struct slow slow_at(double threshold)
{
    struct slow at = {0};

    for (size_t i = 0; i < corpus.count; i++) {
        if (verdicts[i].kind == CDN_VERDICT_NO_NODE || !verdicts[i].has_score ||
            verdicts[i].score < threshold)
            continue;
        at.tp += events[i].truth == CDN_TRUTH_FRAUD;
        at.fp += events[i].truth == CDN_TRUTH_GOOD;
        at.unknown += events[i].truth == CDN_TRUTH_UNKNOWN;
        if (events[i].truth == CDN_TRUTH_FRAUD)
            at.caught += events[i].amount;
    }
    return at;
}

/* A pair of fraud and good that the scores put in the right order; no score is least. */
static double slow_roc(void)
{
    double right = 0, pairs = 0;

    for (size_t i = 0; i < corpus.count; i++) {
        for (size_t j = 0; j < corpus.count; j++) {
            double a = verdicts[i].has_score ? verdicts[i].score : -INFINITY;
            double b = verdicts[j].has_score ? verdicts[j].score : -INFINITY;

            if (events[i].truth != CDN_TRUTH_FRAUD ||
                events[j].truth != CDN_TRUTH_GOOD ||
                verdicts[i].kind == CDN_VERDICT_NO_NODE ||
                verdicts[j].kind == CDN_VERDICT_NO_NODE)
                continue;
            pairs++;
            right += a > b ? 1 : a < b ? 0 : 0.5;
        }
    }
    return pairs > 0 ? right / pairs : NAN;
}

/* Walk the thresholds 0.25 apart that fill_random() gives scores at, from the top. */
static void check_slowly(const struct cdn_sweep *sweep, uint64_t values)
{
    double average = 0, best = NAN, best_at = 0, before = 0;
    uint64_t distinct = 0, scored = 0;

    for (uint64_t v = values; v-- > 0;) {
        double threshold = (double)v / 4 - 3;
        struct slow at = slow_at(threshold);
        double recall, f1;

        if (at.tp + at.fp + at.unknown == scored)
            continue;
        scored = at.tp + at.fp + at.unknown;
        distinct++;
        if (!sweep->fraud)
            continue;
        recall = (double)at.tp / (double)sweep->fraud;
        if (at.tp + at.fp)
            average += (recall - before) * (double)at.tp / (double)(at.tp + at.fp);
        before = recall;
        f1 = 2 * (double)at.tp / (double)(at.tp + at.fp + sweep->fraud);
        if (isnan(best) || f1 > best) {
            best = f1;
            best_at = threshold;
        }
    }
    ck_assert_uint_eq(sweep->distinct, distinct);
    if (sweep->fraud && distinct) {
        check_near(sweep->average_precision, average);
        check_near(sweep->best_f1, best);
        check_near(sweep->best.threshold, best_at);
    }
    for (uint32_t i = 0; i < sweep->count; i++) {
        struct slow at = slow_at(sweep->points[i].threshold);

        ck_assert_uint_eq(sweep->points[i].tp, at.tp);
        ck_assert_uint_eq(sweep->points[i].fp, at.fp);
        ck_assert_uint_eq(sweep->points[i].unknown, at.unknown);
        check_near(sweep->points[i].caught, at.caught);
    }
}

START_TEST(sweep__agrees_with_every_threshold_tried_alone)
{
    for (seed = 1; seed < 40; seed++) {
        uint64_t kept = seed, values = 1 + seed * 9;
        const struct cdn_measures *m;

        fill_random(values);
        m = measured(&severe);
        check_slowly(&m->sweep, values);
        if (m->scores.count)
            check_near(m->sweep.roc_area, slow_roc());
        seed = kept;
    }
}
END_TEST

START_TEST(sweep__keeps_few_points_of_many)
{
    const struct cdn_measures *m;

    start();
    for (int i = 0; i < MOST; i++)
        add(i % 2 ? CDN_TRUTH_FRAUD : CDN_TRUTH_GOOD, i, 0, 0);
    m = measured(&severe);
    ck_assert_uint_eq(m->sweep.distinct, MOST);
    ck_assert_uint_lt(m->sweep.count, CDN_POINTS);
    ck_assert_uint_ge(m->sweep.count, 100);
    check_near(m->sweep.points[0].threshold, MOST - 1);
    check_near(m->sweep.points[m->sweep.count - 1].threshold, 0);
}
END_TEST

/* Every judged score is in the bin that its bounds say. */
static void check_bins(const struct cdn_histogram *h)
{
    uint64_t all = 0;

    ck_assert_uint_le(h->bins, CDN_BINS);
    for (uint32_t b = 0; b < h->bins; b++) {
        uint64_t counts[3] = {0};
        double from = b ? h->start + b * h->width : -INFINITY;
        double to = b + 1 < h->bins ? h->start + (b + 1) * h->width : INFINITY;

        for (size_t i = 0; i < corpus.count; i++) {
            if (verdicts[i].kind != CDN_VERDICT_NO_NODE && verdicts[i].has_score &&
                verdicts[i].score >= from && verdicts[i].score < to)
                counts[events[i].truth]++;
        }
        for (int t = 0; t < 3; t++) {
            ck_assert_uint_eq(h->items[b].counts[t], counts[t]);
            all += counts[t];
        }
    }
    ck_assert_uint_eq(all, h->count);
}

START_TEST(histogram__puts_every_score_in_its_bin)
{
    for (seed = 1; seed < 40; seed++) {
        uint64_t kept = seed;

        fill_random(1 + seed * 4); /* quarters: sums of them are exact */
        check_bins(&measured(&severe)->scores);
        seed = kept;
    }
}
END_TEST

/* One score far away does not squeeze all others into one bin. */
START_TEST(histogram__keeps_a_tail_from_hiding_the_rest)
{
    const struct cdn_measures *m;

    start();
    for (int i = 0; i < 300; i++)
        add(CDN_TRUTH_GOOD, i % 10, 0, 0);
    add(CDN_TRUTH_FRAUD, 1e9, 0, 0);
    m = measured(&severe);
    ck_assert(m->scores.above);
    ck_assert_double_le(m->scores.width, 1e6 * 2);
    check_bins(&m->scores);
    start();
    add(CDN_TRUTH_GOOD, -1.5e308, 0, 0);
    add(CDN_TRUTH_FRAUD, 1.5e308, 0, 0);
    check_bins(&measured(&severe)->scores);
    start();
    add(CDN_TRUTH_FRAUD, 3, 0, 0);
    check_bins(&measured(&severe)->scores);
}
END_TEST

START_TEST(periods__hold_every_timed_event_once)
{
    const struct cdn_measures *m;
    uint64_t held = 0, alerts = 0;

    start();
    for (int i = 0; i < 100; i++)
        add(i % 3 ? CDN_TRUTH_GOOD : CDN_TRUTH_FRAUD, 0, (uint8_t)(i % 2), 0);
    events[0].at_ms = CORDON_NO_TIME;
    events[1].at_ms = INT64_MAX - 5; /* as far as times go */
    events[2].at_ms = INT64_MIN + 5;
    m = measured(&severe);
    ck_assert_uint_le(m->period_count, CDN_PERIODS);
    for (uint32_t i = 0; i < m->period_count; i++) {
        held += m->periods[i].events;
        alerts += m->periods[i].alerts;
    }
    ck_assert_uint_eq(held, 99);
    ck_assert_uint_eq(alerts, 50);
}
END_TEST

START_TEST(changes__are_by_the_words_of_decisions)
{
    static struct cdn_rule a = {.decision_count = 2, .decisions = {"allow", "deny"}};
    static struct cdn_rule b = {.decision_count = 3,
                                .decisions = {"allow", "review", "deny"}};
    const struct cdn_alarm alarm_a = {.decisions = 2}, alarm_b = {.decisions = 6};
    static const uint8_t was[] = {1, 0, 0, 1, 0, CDN_NO_DECISION, 0};
    static const uint8_t is[] = {2, 1, 2, 0, 0, 0, 1};
    static const uint8_t truths[] = {CDN_TRUTH_FRAUD,  CDN_TRUTH_FRAUD, CDN_TRUTH_GOOD,
                                     CDN_TRUTH_FRAUD,  CDN_TRUTH_GOOD,  CDN_TRUTH_GOOD,
                                     CDN_TRUTH_UNKNOWN};
    struct cdn_verdict before[MOST] = {{0}};
    struct cdn_changes changes;

    start();
    for (int i = 0; i < 7; i++) {
        add(truths[i], 1, is[i], 10 * (i + 1));
        before[i] = verdicts[i];
        before[i].decision = was[i];
    }
    before[4].score = 2;
    cdn_measure_changes(&changes, &corpus, &a, before, &alarm_a, &b, verdicts,
                        &alarm_b);
    ck_assert_uint_eq(changes.both, 7);
    ck_assert_uint_eq(changes.decisions, 5); /* deny is deny, whatever its number */
    ck_assert_uint_eq(changes.scores, 1);
    ck_assert_uint_eq(changes.gained, 3);
    ck_assert_uint_eq(changes.lost, 1);
    ck_assert_uint_eq(changes.better, 1);
    ck_assert_uint_eq(changes.worse, 2);
    check_near(changes.money_better, 20);
    check_near(changes.money_worse, 40);
    ck_assert_uint_eq(changes.table[1][2], 1);
    ck_assert_uint_eq(changes.table[CDN_DECISIONS - 1][0], 1);
}
END_TEST

#ifdef CORDON_FAILALLOC
START_TEST(measure__survives_every_allocation_failure)
{
    start();
    add(CDN_TRUTH_FRAUD, 0.4, 1, 0);
    CDN_UNIT_FAILALLOC(nth)
    {
        static struct cdn_measures out;
        cordon_status status = cdn_measure(&out, &corpus, verdicts, &severe, NULL);

        ck_assert_int_eq(status, cdn_failalloc_fired() ? CORDON_E_NOMEM : CORDON_OK);
    }
}
END_TEST
#endif

static Suite *suite(void)
{
    Suite *s = suite_create("backtest_measure");

    CDN_UNIT_CASE(s, measure__counts_the_confusion_matrix);
    CDN_UNIT_CASE(s, measure__alerts_by_score_where_asked);
    CDN_UNIT_CASE(s, measure__keeps_failures_apart_and_counts_what_stands);
    CDN_UNIT_CASE(s, measure__has_no_ratio_of_nothing);
    CDN_UNIT_CASE(s, share__has_wilsons_interval);
    CDN_UNIT_CASE(s, quantiles__are_nearest_ranks);
    CDN_UNIT_CASE(s, sweep__agrees_with_a_known_example);
    CDN_UNIT_CASE(s, sweep__agrees_with_every_threshold_tried_alone);
    CDN_UNIT_CASE(s, sweep__keeps_few_points_of_many);
    CDN_UNIT_CASE(s, histogram__puts_every_score_in_its_bin);
    CDN_UNIT_CASE(s, histogram__keeps_a_tail_from_hiding_the_rest);
    CDN_UNIT_CASE(s, periods__hold_every_timed_event_once);
    CDN_UNIT_CASE(s, changes__are_by_the_words_of_decisions);
#ifdef CORDON_FAILALLOC
    CDN_UNIT_CASE(s, measure__survives_every_allocation_failure);
#endif
    return s;
}

CDN_UNIT_MAIN(suite)
