/* Scores: their histogram, and every threshold there could have been.
 *
 * The sweep is exact: one sort by falling score, then one pass in which each distinct score is
 * a threshold.  Areas are summed over all of them; points to show are thinned on the way, so
 * that a million thresholds take no more room in a report than a hundred. */
#include "cli/backtest/measure.h"

#include <math.h>
#include <stdlib.h>

#include "base/alloc.h"

/* ---- histogram ---- */

/* The least 1, 2 or 5 times a power of ten that is not below `width`. */
static double round_width(double width)
{
    double power = pow(10, floor(log10(width)));
    double step = width / power;

    return (step <= 1 ? 1 : step <= 2 ? 2 : step <= 5 ? 5 : 10) * power;
}

/* A score that a share of all are not above, from a histogram of the histogram: enough to
 * tell a tail from a body. */
static void find_body(double *low, double *high, const struct cdn_histogram *out,
                      const struct cdn_verdict *verdicts, size_t count)
{
    enum { FINE = 1000 };
    uint64_t counts[FINE] = {0}, below = 0;
    double span = out->greatest - out->least;
    uint64_t tail = out->count / 100;
    int first = 0, last = FINE - 1;

    for (size_t i = 0; i < count; i++) {
        int bin;

        if (verdicts[i].kind == CDN_VERDICT_NO_NODE || !verdicts[i].has_score)
            continue;
        bin = (int)((verdicts[i].score - out->least) / span * FINE);
        counts[bin < 0 ? 0 : bin >= FINE ? FINE - 1 : bin]++;
    }
    while (first < last && below + counts[first] <= tail)
        below += counts[first++];
    below = 0;
    while (last > first && below + counts[last] <= tail)
        below += counts[last--];
    *low = out->least;
    *high = out->greatest;
    if (first > FINE * 3 / 4)
        *low = out->least + span * first / FINE;
    if (last < FINE / 4)
        *high = out->least + span * (last + 1) / FINE;
}

static void place_bins(struct cdn_histogram *out, double low, double high)
{
    double bins;

    out->width = high > low ? round_width((high - low) / (CDN_BINS - 2)) : 1;
    out->start = floor(low / out->width) * out->width;
    bins = floor((high - out->start) / out->width) + 1;
    out->bins = bins > CDN_BINS ? CDN_BINS : bins < 1 ? 1 : (uint32_t)bins;
    out->below = out->least < out->start;
    out->above = out->greatest >= out->start + out->width * out->bins;
}

void cdn_measure_histogram(struct cdn_histogram *out, const struct cdn_corpus *corpus,
                           const struct cdn_verdict *verdicts)
{
    double low, high;

    *out = (struct cdn_histogram){0};
    for (size_t i = 0; i < corpus->count; i++) {
        double score = verdicts[i].score;

        if (verdicts[i].kind == CDN_VERDICT_NO_NODE || !verdicts[i].has_score)
            continue;
        out->least = out->count && out->least < score ? out->least : score;
        out->greatest = out->count && out->greatest > score ? out->greatest : score;
        out->count++;
    }
    if (!out->count)
        return;
    low = out->least;
    high = out->greatest;
    if (high > low && isfinite(high - low))
        find_body(&low, &high, out, verdicts, corpus->count);
    else if (high > low) /* as wide as doubles go: one bin tells as much */
        high = low;
    place_bins(out, low, high);
    for (size_t i = 0; i < corpus->count; i++) {
        double bin = floor((verdicts[i].score - out->start) / out->width);

        if (verdicts[i].kind == CDN_VERDICT_NO_NODE || !verdicts[i].has_score)
            continue;
        bin = bin < 0 ? 0 : bin >= out->bins ? out->bins - 1 : bin;
        out->items[(uint32_t)bin].counts[corpus->events[i].truth]++;
    }
}

/* ---- sweep ---- */

double cdn_point_precision(const struct cdn_point *point)
{
    uint64_t alerts = point->tp + point->fp;

    return alerts ? (double)point->tp / (double)alerts : NAN;
}

double cdn_point_recall(const struct cdn_sweep *sweep, const struct cdn_point *point)
{
    return sweep->fraud ? (double)point->tp / (double)sweep->fraud : NAN;
}

double cdn_point_f1(const struct cdn_sweep *sweep, const struct cdn_point *point)
{
    uint64_t whole = point->tp + point->fp + sweep->fraud;

    return whole ? 2 * (double)point->tp / (double)whole : NAN;
}

struct scored {
    double score;
    uint32_t event;
    uint8_t truth;
};

/* By falling score; of equals the first event first, so that money is added in one order. */
static int by_score(const void *a, const void *b)
{
    const struct scored *left = a, *right = b;

    if (left->score != right->score)
        return left->score > right->score ? -1 : 1;
    return (left->event > right->event) - (left->event < right->event);
}

/* Which points are kept. */
struct thinning {
    double recall; /* steps of one in a hundred reached so far */
    double alerts; /* likewise, of a tenth of a doubling */
};

static bool is_kept(struct thinning *thinning, const struct cdn_sweep *sweep,
                    const struct cdn_point *point, uint64_t scored)
{
    uint64_t alerts = point->tp + point->fp + point->unknown;
    double recall = sweep->fraud ? floor(100 * cdn_point_recall(sweep, point)) : 0;
    double doublings = floor(100 * log2((double)alerts + 1) / log2((double)scored + 1));

    if (recall <= thinning->recall && doublings <= thinning->alerts)
        return false;
    thinning->recall = recall;
    thinning->alerts = doublings;
    return true;
}

static void keep(struct cdn_sweep *out, const struct cdn_point *point)
{
    if (out->count < CDN_POINTS)
        out->points[out->count++] = *point;
    else
        out->points[CDN_POINTS - 1] = *point;
}

/* One threshold more: areas, the best, and whether to show it. */
static void add_point(struct cdn_sweep *out, struct thinning *thinning,
                      const struct cdn_point *point, const struct cdn_point *before,
                      uint64_t scored, bool last)
{
    double recall_step, fp_step, f1 = cdn_point_f1(out, point);

    out->distinct++;
    if (out->fraud) {
        recall_step = (double)(point->tp - before->tp) / (double)out->fraud;
        if (recall_step > 0)
            out->average_precision += recall_step * cdn_point_precision(point);
        if (!(f1 <= out->best_f1)) { /* the first one of all, too */
            out->best_f1 = f1;
            out->best = *point;
        }
    }
    if (out->fraud && out->good) {
        fp_step = (double)(point->fp - before->fp) / (double)out->good;
        out->roc_area +=
            fp_step * (double)(point->tp + before->tp) / 2 / (double)out->fraud;
    }
    if (is_kept(thinning, out, point, scored) || last)
        keep(out, point);
}

static void walk(struct cdn_sweep *out, const struct scored *scored, size_t count,
                 const struct cdn_corpus *corpus)
{
    struct thinning thinning = {-1, -1};
    struct cdn_point point = {0}, before = {0};

    for (size_t i = 0; i < count; i++) {
        const struct cdn_event *event = &corpus->events[scored[i].event];

        point.threshold = scored[i].score;
        point.tp += scored[i].truth == CDN_TRUTH_FRAUD;
        point.fp += scored[i].truth == CDN_TRUTH_GOOD;
        point.unknown += scored[i].truth == CDN_TRUTH_UNKNOWN;
        if (scored[i].truth == CDN_TRUTH_FRAUD)
            point.caught += event->amount;
        if (i + 1 < count && scored[i + 1].score == scored[i].score)
            continue;
        add_point(out, &thinning, &point, &before, count, i + 1 == count);
        before = point;
    }
    /* what has no score is found last, all at once */
    if (out->fraud && out->good)
        out->roc_area += (double)(out->good - point.fp) / (double)out->good *
                         (double)(point.tp + out->fraud) / 2 / (double)out->fraud;
    else
        out->roc_area = NAN;
    if (!out->fraud || !count) {
        out->average_precision = NAN;
        out->best_f1 = NAN;
    }
    if (!count)
        out->roc_area = NAN;
}

cordon_status cdn_measure_sweep(struct cdn_sweep *out, const struct cdn_corpus *corpus,
                                const struct cdn_verdict *verdicts, cordon_error *err)
{
    struct scored *scored =
        cdn_realloc_array(NULL, corpus->count ? corpus->count : 1, sizeof(*scored));
    size_t count = 0;

    *out = (struct cdn_sweep){.best_f1 = NAN};
    if (!scored)
        return cdn_error_nomem(err);
    for (size_t i = 0; i < corpus->count; i++) {
        const struct cdn_event *event = &corpus->events[i];

        if (verdicts[i].kind == CDN_VERDICT_NO_NODE)
            continue;
        out->fraud += event->truth == CDN_TRUTH_FRAUD;
        out->good += event->truth == CDN_TRUTH_GOOD;
        if (event->truth == CDN_TRUTH_FRAUD)
            out->money += event->amount;
        if (verdicts[i].has_score)
            scored[count++] =
                (struct scored){verdicts[i].score, (uint32_t)i, event->truth};
    }
    qsort(scored, count, sizeof(*scored), by_score);
    walk(out, scored, count, corpus);
    cdn_free(scored);
    return CORDON_OK;
}
