#include "support/unit.h"

#include "engine/rollout.h"
#include "rule/outcome.h"

#define ck_assert_contains(text, part)                                                 \
    ck_assert_msg(strstr(text, part) != NULL, "'%s' is not in '%s'", part, text)

static struct cdn_rule words = {.decision_count = 2, .decisions = {"allow", "deny"}};
static char evidence[1024];

/* So many evaluations: how they ended, what they decided, what they cost. */
static void count(struct cdn_conduct *conduct, int runs, cordon_outcome_kind kind,
                  const char *decision, uint64_t instructions)
{
    static cordon_outcome outcome;

    cdn_outcome_reset(&outcome);
    outcome.kind = kind;
    outcome.limit =
        kind == CORDON_OUTCOME_LIMIT ? CORDON_BUDGET_EDGES : CORDON_BUDGET_NONE;
    outcome.has_decision = decision != NULL;
    outcome.fallback = kind != CORDON_OUTCOME_OK;
    snprintf(outcome.decision, sizeof outcome.decision, "%s", decision ? decision : "");
    outcome.usage.instructions = instructions;
    for (int i = 0; i < runs; i++)
        cdn_tally_add(&conduct->tally, &words, CORDON_VARIANT_LIVE, &outcome, 0);
}

static void begin(struct cdn_conduct *live, struct cdn_conduct *candidate)
{
    *live = (struct cdn_conduct){.version = 6, .rule = &words};
    *candidate = (struct cdn_conduct){.version = 7, .rule = &words};
    count(live, 900, CORDON_OUTCOME_OK, "allow", 1000);
    count(live, 100, CORDON_OUTCOME_OK, "deny", 2000);
}

START_TEST(guard__waits_for_enough_samples)
{
    const cordon_guard guard = {.min_samples = 100, .max_error_rate = 0.01};
    struct cdn_conduct live, candidate;

    begin(&live, &candidate);
    count(&candidate, 99, CORDON_OUTCOME_ERROR, "deny", 10);
    ck_assert(!cdn_rollout_trips(evidence, sizeof evidence, &guard, &live, &candidate));
    count(&candidate, 1, CORDON_OUTCOME_ERROR, "deny", 10);
    ck_assert(cdn_rollout_trips(evidence, sizeof evidence, &guard, &live, &candidate));
    ck_assert_str_eq(evidence, "error rate 1 of 100 is above 0.01 for version 7 "
                               "(version 6: 0 of 1000)");
}
END_TEST

START_TEST(guard__looks_at_errors_and_limits_apart)
{
    static const cordon_outcome_kind bad[] = {
        CORDON_OUTCOME_ERROR, CORDON_OUTCOME_INVALID_RESULT, CORDON_OUTCOME_LIMIT};

    for (int i = 0; i < 3; i++) {
        cordon_guard errors = {.min_samples = 10, .max_error_rate = 0.05};
        cordon_guard limits = {.min_samples = 10, .max_limit_rate = 0.05};
        struct cdn_conduct live, candidate;

        begin(&live, &candidate);
        count(&candidate, 95, CORDON_OUTCOME_OK, "allow", 1000);
        count(&candidate, 5, bad[i], "deny", 1000);
        ck_assert(
            !cdn_rollout_trips(evidence, sizeof evidence, &errors, &live, &candidate));
        ck_assert(
            !cdn_rollout_trips(evidence, sizeof evidence, &limits, &live, &candidate));
        count(&candidate, 1, bad[i], "deny", 1000);
        ck_assert_int_eq(
            cdn_rollout_trips(evidence, sizeof evidence, &errors, &live, &candidate),
            i < 2 ? CDN_TRIP_ERRORS : CDN_TRIP_NONE);
        ck_assert_int_eq(
            cdn_rollout_trips(evidence, sizeof evidence, &limits, &live, &candidate),
            i == 2 ? CDN_TRIP_LIMITS : CDN_TRIP_NONE);
        candidate.tally.tightened =
            3; /* what load stopped is not the version's doing */
        ck_assert(
            !cdn_rollout_trips(evidence, sizeof evidence, &limits, &live, &candidate));
    }
}
END_TEST

START_TEST(guard__compares_the_p99_of_the_cost)
{
    const cordon_guard guard = {.min_samples = 50, .max_p99_ratio = 1.5};
    struct cdn_conduct live, candidate;

    begin(&live, &candidate);
    count(&candidate, 98, CORDON_OUTCOME_OK, "allow", 1000);
    count(&candidate, 2, CORDON_OUTCOME_OK, "deny", 2500);
    ck_assert(!cdn_rollout_trips(evidence, sizeof evidence, &guard, &live, &candidate));
    count(&candidate, 4, CORDON_OUTCOME_OK, "deny", 9000);
    ck_assert(cdn_rollout_trips(evidence, sizeof evidence, &guard, &live, &candidate));
    ck_assert_contains(evidence, "is above 1.5 times the");
    ck_assert_contains(evidence, "of version 6 over 1000 for version 7");
}
END_TEST

START_TEST(guard__compares_what_is_decided)
{
    const cordon_guard guard = {.min_samples = 50, .max_drift = 0.1};
    struct cdn_conduct live, candidate;

    begin(&live, &candidate);
    count(&candidate, 81, CORDON_OUTCOME_OK, "allow", 1000);
    count(&candidate, 19, CORDON_OUTCOME_OK, "deny", 1000);
    ck_assert(!cdn_rollout_trips(evidence, sizeof evidence, &guard, &live, &candidate));
    count(&candidate, 10, CORDON_OUTCOME_OK, "deny", 1000);
    ck_assert(cdn_rollout_trips(evidence, sizeof evidence, &guard, &live, &candidate));
    ck_assert_contains(evidence, "share of 'allow' 0.7364 of 110 is more than 0.1 from "
                                 "the 0.9 of 1000 of version 6 for version 7");
}
END_TEST

START_TEST(guard__measures_nothing_against_nothing)
{
    const cordon_guard guard = {
        .min_samples = 50, .max_p99_ratio = 1.1, .max_drift = 0.01};
    struct cdn_conduct live, candidate;

    begin(&live, &candidate);
    live.tally = (struct cdn_tally){0};
    count(&candidate, 100, CORDON_OUTCOME_OK, "deny", 1000000);
    ck_assert(!cdn_rollout_trips(evidence, sizeof evidence, &guard, &live, &candidate));
}
END_TEST

START_TEST(guard__without_limits_never_trips)
{
    const cordon_guard guard = {.min_samples = 1};
    struct cdn_conduct live, candidate;

    begin(&live, &candidate);
    count(&candidate, 100, CORDON_OUTCOME_ERROR, "deny", 1000000);
    ck_assert(!cdn_rollout_trips(evidence, sizeof evidence, &guard, &live, &candidate));
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("rollout");

    CDN_UNIT_CASE(s, guard__waits_for_enough_samples);
    CDN_UNIT_CASE(s, guard__looks_at_errors_and_limits_apart);
    CDN_UNIT_CASE(s, guard__compares_the_p99_of_the_cost);
    CDN_UNIT_CASE(s, guard__compares_what_is_decided);
    CDN_UNIT_CASE(s, guard__measures_nothing_against_nothing);
    CDN_UNIT_CASE(s, guard__without_limits_never_trips);
    return s;
}

CDN_UNIT_MAIN(suite)
