/* What verdicts on labelled events are worth.
 *
 * An event is *judged* if its node was there to be asked about; how a run ended does not
 * matter, as the declared fallback is a decision like any other.  An *alert* is what
 * struct cdn_alarm says.  Of judged events that have a label, an alert on fraud is a hit (tp),
 * on a good one a false alarm (fp), no alert on fraud a miss (fn); events without a label
 * count in the alert rate alone.
 *
 * A ratio of nothing is NAN.  Sums of money are added in the order of the events, so that
 * every figure but times is the same for any number of threads.
 *
 * Sources: precision, recall and the F-measure after van Rijsbergen, "Information Retrieval",
 * 1979, chapter 7; intervals after Wilson, "Probable inference, the law of succession, and
 * statistical inference", 1927; average precision is the sum over thresholds of precision
 * times the step in recall, without interpolation (as of scikit-learn; Davis and Goadrich,
 * "The relationship between precision-recall and ROC curves", 2006, say why); the area under
 * the ROC curve is by trapezoids, which is the Mann-Whitney statistic with ties counted half.
 * Quantiles are nearest-rank. */
#ifndef CDN_CLI_BACKTEST_MEASURE_H
#define CDN_CLI_BACKTEST_MEASURE_H

#include "cli/backtest/judge.h"

/* Decisions a rule has at most, and none. */
#define CDN_DECISIONS (CDN_RULE_MAX_DECISIONS + 1)

#define CDN_BINS    24
#define CDN_PERIODS 24
/* Points of a sweep that are kept: a step of 1 % in recall each, and of a few per cent in
 * alerts. */
#define CDN_POINTS 256

/* What counts as an alert. */
struct cdn_alarm {
    bool by_score;
    double threshold;   /* a score from here on */
    uint32_t decisions; /* else these, a bit each */
};

bool cdn_alarm_rings(const struct cdn_alarm *alarm, const struct cdn_verdict *verdict);

struct cdn_quantiles {
    uint64_t p50, p90, p99, p999, max;
    double mean;
};

/* The share of `part` in `whole` and its interval of 95 per cent. */
struct cdn_share {
    double value, low, high;
};
void cdn_share_fill(struct cdn_share *out, uint64_t part, uint64_t whole);

struct cdn_bin {
    uint64_t counts[3]; /* by enum cdn_truth */
};

/* Scores of judged events.  Bin i is [start + i * width, the next); what lies below or above
 * all bins is in the first or last. */
struct cdn_histogram {
    uint64_t count; /* events with a score; 0: no bins */
    double least, greatest;
    double start, width;
    uint32_t bins;
    bool below, above; /* the first, or last, has what lies beyond it too */
    struct cdn_bin items[CDN_BINS];
};

/* With every score from `threshold` on an alert. */
struct cdn_point {
    double threshold;
    uint64_t tp, fp;
    double caught;    /* money of tp */
    uint64_t unknown; /* alerts without a label */
};

/* Every distinct score of judged events as a threshold, falling. */
struct cdn_sweep {
    uint64_t distinct;    /* thresholds there are */
    uint64_t fraud, good; /* judged and labelled, with a score or without */
    double money;         /* of fraud */
    uint32_t count;       /* points kept */
    struct cdn_point points[CDN_POINTS];
    struct cdn_point best; /* the greatest F1; of equals the highest threshold */
    double best_f1;        /* NAN: there is no fraud, or nothing has a score */
    double average_precision;
    double roc_area;
};
double cdn_point_precision(const struct cdn_point *point);
double cdn_point_recall(const struct cdn_sweep *sweep, const struct cdn_point *point);
double cdn_point_f1(const struct cdn_sweep *sweep, const struct cdn_point *point);

struct cdn_period {
    int64_t from_ms;
    uint64_t events, fraud, alerts, tp;
};

struct cdn_measures {
    uint64_t events;
    uint64_t kinds[CDN_VERDICT_KINDS];
    uint64_t limits[8]; /* by enum cordon_budget */
    uint64_t fallbacks;
    /* of judged events */
    uint64_t judged;
    uint64_t alerts;
    uint64_t truths[3];                   /* by enum cdn_truth */
    uint64_t decisions[CDN_DECISIONS][3]; /* the last: none */
    double decided_money[CDN_DECISIONS][3];
    uint64_t tp, fp, fn, tn;
    double money_tp, money_fp, money_fn, money_tn;
    struct cdn_share precision, recall, alert_rate, false_positive_rate;
    double f1;
    double money_recall; /* the share of fraud's money that was caught */
    struct cdn_quantiles instructions, edges, nodes, memory_bytes, wall_ns;
    struct cdn_histogram scores;
    struct cdn_sweep sweep;
    uint32_t period_count; /* 0: no times */
    int64_t period_ms;
    struct cdn_period periods[CDN_PERIODS];
};

/* Errors: CORDON_E_NOMEM. */
cordon_status cdn_measure(struct cdn_measures *out, const struct cdn_corpus *corpus,
                          const struct cdn_verdict *verdicts,
                          const struct cdn_alarm *alarm, cordon_error *err);

/* The parts of it, for whoever wants one alone. */
cordon_status cdn_measure_sweep(struct cdn_sweep *out, const struct cdn_corpus *corpus,
                                const struct cdn_verdict *verdicts, cordon_error *err);
/* Bins of a round width over the scores.  Where a few scores lie far from all others most
 * bins would be empty: then they end where 99 of 100 scores do. */
void cdn_measure_histogram(struct cdn_histogram *out, const struct cdn_corpus *corpus,
                           const struct cdn_verdict *verdicts);
/* `values` are sorted by it. */
void cdn_measure_quantiles(struct cdn_quantiles *out, uint64_t *values, size_t count);

/* What another version decided otherwise: `a` is what was, `b` what would be. */
struct cdn_changes {
    uint64_t both;                                /* events that both judged */
    uint64_t decisions;                           /* another decision */
    uint64_t scores;                              /* the same decision, another score */
    uint64_t table[CDN_DECISIONS][CDN_DECISIONS]; /* [a][b] */
    uint64_t gained, lost;                        /* alerts */
    uint64_t better,
        worse; /* of labelled events: right where `a` was wrong, and back */
    double money_better, money_worse; /* fraud caught that was missed, and back */
};
/* A rule's number of a decision may be another in the other rule: `table` has each side's own.
 * Whether two are the same, their words say. */
void cdn_measure_changes(struct cdn_changes *out, const struct cdn_corpus *corpus,
                         const struct cdn_rule *rule_a, const struct cdn_verdict *a,
                         const struct cdn_alarm *alarm_a, const struct cdn_rule *rule_b,
                         const struct cdn_verdict *b, const struct cdn_alarm *alarm_b);
/* The decision's word; NULL: none. */
const char *cdn_decision_word(const struct cdn_rule *rule, uint8_t decision);
bool cdn_verdicts_differ(const struct cdn_rule *rule_a, const struct cdn_verdict *a,
                         const struct cdn_rule *rule_b, const struct cdn_verdict *b);

#endif
