/* Rates, quantiles and shares of two versions, held against a guard's limits.
 *
 * Nothing is judged before the candidate has min_samples; what compares it with the active
 * version also waits until that one has as many since the rollout began, so that a rule
 * nobody asks for is not measured against nothing.  The p99 is of instructions, which are
 * the same on a busy machine as on an idle one. */
#include "engine/rollout.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"

/* ---- what had been counted before ---- */

static const struct cdn_tally *earlier(const struct cdn_baseline *before,
                                       uint32_t number)
{
    for (uint32_t i = 0; before && i < before->count; i++)
        if (before->choices[i].number == number)
            return &before->choices[i].tally;
    return NULL;
}

struct cdn_baseline *cdn_baseline_new(const struct cdn_plan *plan,
                                      const struct cdn_baseline *before, uint32_t lanes)
{
    const struct cdn_version *live = plan->live->version;
    struct cdn_baseline *baseline = cdn_calloc(1, sizeof *baseline);

    if (!baseline)
        return NULL;
    baseline->references = 1;
    baseline->live_number = live->number;
    if (before && before->live_number == live->number)
        baseline->live = before->live;
    else
        cdn_tally_sum(&baseline->live, live->tallies, lanes);
    for (uint32_t i = 0; i < plan->choice_count; i++) {
        const struct cdn_version *version = plan->choices[i].entry->version;
        const struct cdn_tally *known = earlier(before, version->number);

        baseline->choices[i].number = version->number;
        if (known)
            baseline->choices[i].tally = *known;
        else
            cdn_tally_sum(&baseline->choices[i].tally, version->tallies, lanes);
        baseline->count++;
    }
    return baseline;
}

void cdn_baseline_release(struct cdn_baseline *baseline)
{
    if (baseline && !--baseline->references)
        cdn_free(baseline);
}

/* ---- judging ---- */

static double share(uint64_t part, uint64_t whole)
{
    return whole ? (double)part / (double)whole : 0;
}

static uint64_t of_outcome(const struct cdn_tally *tally, cordon_outcome_kind kind)
{
    uint64_t count = 0;

    for (uint32_t i = 0; i < CDN_TALLY_VARIANTS; i++)
        count += tally->outcomes[i][kind];
    return count;
}

static uint64_t errors_of(const struct cdn_tally *tally)
{
    return of_outcome(tally, CORDON_OUTCOME_ERROR) +
           of_outcome(tally, CORDON_OUTCOME_INVALID_RESULT);
}

/* How often it decided so, of all its runs. */
static double decided(const struct cdn_conduct *conduct, const char *word)
{
    for (uint32_t i = 0; i < conduct->rule->decision_count; i++)
        if (!strcmp(conduct->rule->decisions[i], word))
            return share(conduct->tally.decisions[i], cdn_tally_all(&conduct->tally));
    return 0;
}

/* The decision whose share changed most, and by how much. */
static const char *drift(const struct cdn_conduct *live,
                         const struct cdn_conduct *candidate, double *most)
{
    const struct cdn_rule *rules[] = {live->rule, candidate->rule};
    const char *word = NULL;

    *most = 0;
    for (int r = 0; r < 2; r++)
        for (uint32_t i = 0; i < rules[r]->decision_count; i++) {
            const char *one = rules[r]->decisions[i];
            double change = fabs(decided(candidate, one) - decided(live, one));

            if (change > *most) {
                *most = change;
                word = one;
            }
        }
    return word;
}

/* One rate of the candidate, of `count` runs, against its limit. */
static bool rate_trips(char *evidence, size_t size, const char *what, double limit,
                       uint64_t count, uint64_t (*of)(const struct cdn_tally *tally),
                       const struct cdn_conduct *live,
                       const struct cdn_conduct *candidate)
{
    uint64_t live_count = cdn_tally_all(&live->tally);
    double rate = share(of(&candidate->tally), count);

    if (limit <= 0 || rate <= limit)
        return false;
    snprintf(evidence, size,
             "%s %.4g of %" PRIu64 " is above %.4g for version %u (version %u: %.4g of "
             "%" PRIu64 ")",
             what, rate, count, limit, candidate->version, live->version,
             share(of(&live->tally), live_count), live_count);
    return true;
}

/* What load stopped says nothing about the version. */
static uint64_t limits_of(const struct cdn_tally *tally)
{
    uint64_t stopped = of_outcome(tally, CORDON_OUTCOME_LIMIT);

    return stopped > tally->tightened ? stopped - tally->tightened : 0;
}

enum cdn_trip cdn_rollout_trips(char *evidence, size_t size, const cordon_guard *guard,
                                const struct cdn_conduct *live,
                                const struct cdn_conduct *candidate)
{
    uint64_t count = cdn_tally_all(&candidate->tally);
    uint64_t live_count = cdn_tally_all(&live->tally);
    uint64_t least = guard->min_samples ? guard->min_samples : 1;
    uint64_t p99, live_p99;
    const char *word;
    double change;

    if (count < least)
        return CDN_TRIP_NONE;
    if (rate_trips(evidence, size, "error rate", guard->max_error_rate, count,
                   errors_of, live, candidate))
        return CDN_TRIP_ERRORS;
    if (rate_trips(evidence, size, "limit rate", guard->max_limit_rate, count,
                   limits_of, live, candidate))
        return CDN_TRIP_LIMITS;
    if (live_count < least)
        return CDN_TRIP_NONE;
    p99 = cdn_sketch_quantile(&candidate->tally.instructions_sketch, 0.99);
    live_p99 = cdn_sketch_quantile(&live->tally.instructions_sketch, 0.99);
    if (guard->max_p99_ratio > 0 &&
        (double)p99 > guard->max_p99_ratio * (double)live_p99) {
        snprintf(evidence, size,
                 "p99 cost %" PRIu64 " instructions over %" PRIu64 " is above %.4g "
                 "times the %" PRIu64 " of version %u over %" PRIu64 " for version %u",
                 p99, count, guard->max_p99_ratio, live_p99, live->version, live_count,
                 candidate->version);
        return CDN_TRIP_COST;
    }
    word = drift(live, candidate, &change);
    if (guard->max_drift > 0 && change > guard->max_drift) {
        snprintf(evidence, size,
                 "share of '%s' %.4g of %" PRIu64 " is more than %.4g from the %.4g of "
                 "%" PRIu64 " of version %u for version %u",
                 word, decided(candidate, word), count, guard->max_drift,
                 decided(live, word), live_count, live->version, candidate->version);
        return CDN_TRIP_DRIFT;
    }
    return CDN_TRIP_NONE;
}

/* What it did since: the sum of the lanes less what had been counted before. */
static void conduct_of(struct cdn_conduct *out, const struct cdn_version *version,
                       const struct cdn_tally *before, uint32_t lanes)
{
    *out = (struct cdn_conduct){.version = version->number, .rule = version->rule};
    cdn_tally_sum(&out->tally, version->tallies, lanes);
    cdn_tally_subtract(&out->tally, before);
}

uint32_t cdn_rollout_check(enum cdn_trip *trip, char *evidence, size_t size,
                           const struct cdn_plan *plan, uint32_t lanes)
{
    const struct cdn_baseline *baseline = plan->baseline;
    struct cdn_conduct live, candidate;

    *trip = CDN_TRIP_NONE;
    if (!plan->guarded || !baseline || !plan->choice_count)
        return 0;
    conduct_of(&live, plan->live->version, &baseline->live, lanes);
    for (uint32_t i = 0; i < plan->choice_count; i++) {
        const struct cdn_version *version = plan->choices[i].entry->version;

        conduct_of(&candidate, version, &baseline->choices[i].tally, lanes);
        *trip = cdn_rollout_trips(evidence, size, &plan->guard, &live, &candidate);
        if (*trip)
            return version->number;
    }
    return 0;
}
