/* A breaker: what its windows hold, when it trips, and that only one caller is told. */
#include "support/unit.h"

#include <pthread.h>

#include "engine/breaker.h"

#define SECOND UINT64_C(1000000000)
#define FIRST  "0123456789abcdef0123456789abcdef"

static struct cdn_breaker breaker;

static struct cdn_breaker_rules rules_of(enum cdn_fault fault, uint32_t count,
                                         bool by_runs, uint64_t window)
{
    struct cdn_breaker_rules rules = {.given = true};

    rules.limits[fault] = (struct cdn_breaker_limit){count, by_runs, window};
    return rules;
}

/* A crash at a time, or in a run. */
static bool crash_at(const struct cdn_breaker_rules *rules, uint64_t at)
{
    return cdn_breaker_count(&breaker, rules, CDN_FAULT_CRASH, at, at, FIRST);
}

static uint32_t within(const struct cdn_breaker_rules *rules, uint64_t at)
{
    return cdn_breaker_within(&breaker, &rules->limits[CDN_FAULT_CRASH],
                              CDN_FAULT_CRASH, at, at);
}

static uint32_t state(void)
{
    return atomic_load(&breaker.state);
}

/* ---- windows ---- */

START_TEST(window__of_runs_up_to_sixteen_is_exact)
{
    for (uint64_t window = 1; window <= CDN_BREAKER_BUCKETS; window++) {
        const struct cdn_breaker_rules rules =
            rules_of(CDN_FAULT_CRASH, 1000, true, window);

        memset(&breaker, 0, sizeof breaker);
        for (uint64_t run = 1; run <= 50; run++) {
            ck_assert(!crash_at(&rules, run));
            ck_assert_uint_eq(within(&rules, run), run < window ? run : window);
        }
        ck_assert_uint_eq(within(&rules, 50 + window - 1), 1);
        ck_assert_uint_eq(within(&rules, 50 + window), 0);
    }
}
END_TEST

/* Against all failures remembered: never one that is out of it, and all that are in it but for
 * its oldest sixteenth. */
START_TEST(window__forgets_at_most_a_sixteenth_early)
{
    static const uint64_t windows[] = {17, 100, 1000, 4096, 99999};
    static uint64_t events[4000];

    uint64_t window = windows[_i], at = 1, seed = 77;
    const struct cdn_breaker_rules rules =
        rules_of(CDN_FAULT_CRASH, CDN_BREAKER_MOST, true, window);

    memset(&breaker, 0, sizeof breaker);
    for (int i = 0; i < CDN_UNIT_COUNT(events); i++) {
        uint32_t whole = 0, sure = 0, found;

        seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        at += (seed >> 33) % (window / 4 + 1);
        events[i] = at;
        ck_assert(!crash_at(&rules, at));
        for (int k = i; k >= 0 && at - events[k] < window; k--) {
            whole++;
            sure += at - events[k] <
                    window - window / CDN_BREAKER_BUCKETS - CDN_BREAKER_BUCKETS;
        }
        found = within(&rules, at);
        ck_assert_uint_le(found, whole);
        if (window > 2 * CDN_BREAKER_BUCKETS)
            ck_assert_uint_ge(found, sure);
    }
}
END_TEST

START_TEST(window__of_time_begins_anew_after_a_pause)
{
    const struct cdn_breaker_rules rules =
        rules_of(CDN_FAULT_CRASH, 3, false, 16 * SECOND);

    ck_assert(!crash_at(&rules, 1000 * SECOND));
    ck_assert(!crash_at(&rules, 1001 * SECOND));
    ck_assert(!crash_at(&rules, 1020 * SECOND));
    ck_assert(!crash_at(&rules, 1021 * SECOND));
    ck_assert_uint_eq(within(&rules, 1021 * SECOND), 2);
    ck_assert(crash_at(&rules, 1035 * SECOND));
}
END_TEST

START_TEST(window__of_another_policy_is_taken_over)
{
    const struct cdn_breaker_rules fine = rules_of(CDN_FAULT_CRASH, 9, false, SECOND),
                                   coarse = rules_of(CDN_FAULT_CRASH, 3, false,
                                                     3600 * SECOND);

    for (int i = 0; i < 8; i++)
        ck_assert(!crash_at(&fine, 100000 * SECOND + (uint64_t)i));
    ck_assert_uint_eq(within(&coarse, 100001 * SECOND), 0);
    ck_assert(!crash_at(&coarse, 100001 * SECOND));
    ck_assert(!crash_at(&coarse, 100002 * SECOND));
    ck_assert(crash_at(&coarse, 100003 * SECOND));
}
END_TEST

START_TEST(window__ignores_what_was_long_on_its_way)
{
    const struct cdn_breaker_rules rules = rules_of(CDN_FAULT_CRASH, 9, true, 16);

    ck_assert(!crash_at(&rules, 100));
    ck_assert(!crash_at(&rules, 84)); /* the same bucket, one round before */
    ck_assert_uint_eq(within(&rules, 100), 1);
}
END_TEST

/* ---- tripping ---- */

START_TEST(breaker__trips_at_its_limit_and_then_counts_nothing)
{
    const struct cdn_breaker_rules rules = rules_of(CDN_FAULT_CRASH, 3, true, 100);

    ck_assert(!crash_at(&rules, 1));
    ck_assert(!crash_at(&rules, 2));
    ck_assert(crash_at(&rules, 3));
    ck_assert_uint_eq(state(), CDN_BREAKER_TRIPPING);
    ck_assert(!crash_at(&rules, 4));
    cdn_breaker_trip(&breaker);
    ck_assert_uint_eq(state(), CDN_BREAKER_TRIPPED);
    ck_assert(!crash_at(&rules, 5));
    ck_assert_uint_eq(within(&rules, 5), 3);
    cdn_breaker_arm(&breaker);
    ck_assert_uint_eq(within(&rules, 5), 0);
    ck_assert(!crash_at(&rules, 6));
    ck_assert(!crash_at(&rules, 7));
    ck_assert(crash_at(&rules, 8));
}
END_TEST

START_TEST(breaker__counts_kinds_apart)
{
    struct cdn_breaker_rules rules = rules_of(CDN_FAULT_CRASH, 2, true, 100);

    rules.limits[CDN_FAULT_LIMIT] = (struct cdn_breaker_limit){2, true, 10};
    ck_assert(!cdn_breaker_count(&breaker, &rules, CDN_FAULT_CRASH, 0, 1, FIRST));
    ck_assert(!cdn_breaker_count(&breaker, &rules, CDN_FAULT_LIMIT, 0, 2, FIRST));
    for (uint64_t run = 3; run < 50; run++) /* not watched */
        ck_assert(!cdn_breaker_count(&breaker, &rules, CDN_FAULT_ERROR, 0, run, FIRST));
    ck_assert(!cdn_breaker_count(&breaker, &rules, CDN_FAULT_LIMIT, 0, 50, FIRST));
    ck_assert(cdn_breaker_count(&breaker, &rules, CDN_FAULT_LIMIT, 0, 51, FIRST));
}
END_TEST

static _Atomic int told;
static struct cdn_breaker_rules shared_rules;

static void *fail_often(void *ud)
{
    uint64_t from = *(const uint64_t *)ud;

    for (uint64_t i = 0; i < 2000; i++)
        if (crash_at(&shared_rules, from + i / 8)) {
            atomic_fetch_add(&told, 1);
            breaker.evidence.runs =
                from + i; /* nobody else writes it, or reads it yet */
            cdn_breaker_name_decisions(&breaker, FIRST);
            cdn_breaker_trip(&breaker);
        }
    return NULL;
}

START_TEST(breaker__of_many_threads_tells_one)
{
    enum { THREADS = 4, ROUNDS = 20 };
    pthread_t threads[THREADS];
    uint64_t from = 1000;

    shared_rules = rules_of(CDN_FAULT_CRASH, 500, true, 100000);
    for (int round = 0; round < ROUNDS; round++) {
        atomic_store(&told, 0);
        for (int i = 0; i < THREADS; i++)
            ck_assert_int_eq(pthread_create(&threads[i], NULL, fail_often, &from), 0);
        for (int i = 0; i < THREADS; i++)
            pthread_join(threads[i], NULL);
        ck_assert_int_eq(atomic_load(&told), 1);
        ck_assert_uint_eq(state(), CDN_BREAKER_TRIPPED);
        ck_assert_uint_ge(within(&shared_rules, from + 250), 500);
        cdn_breaker_arm(&breaker);
    }
}
END_TEST

/* ---- where to, and why ---- */

START_TEST(walls__go_up_and_end)
{
    static const unsigned char all[] = {0, 1, 2, 3}, no_container[] = {0, 1, 3, 3};
    const struct cdn_breaker_rules none = {.given = true},
                                   rules = {.given = true,
                                            .wall_count = 2,
                                            .walls = {CORDON_WALL_PROCESS,
                                                      CORDON_WALL_CONTAINER}};

    ck_assert_uint_eq(cdn_breaker_next(&rules, all, 0), CORDON_WALL_PROCESS);
    ck_assert_uint_eq(cdn_breaker_next(&rules, all, 1), CORDON_WALL_CONTAINER);
    ck_assert_uint_eq(cdn_breaker_next(&rules, all, 2), CDN_WALL_NONE);
    ck_assert_uint_eq(cdn_breaker_next(&rules, no_container, 1), CORDON_WALL_MICROVM);
    ck_assert_uint_eq(cdn_breaker_next(&rules, no_container, 3), CDN_WALL_NONE);
    ck_assert_uint_eq(cdn_breaker_next(&none, all, 0), CDN_WALL_NONE);
}
END_TEST

START_TEST(evidence__is_told_in_one_line)
{
    struct cdn_breaker_evidence evidence = {
        .fault = CDN_FAULT_CRASH,
        .limit = {2, false, 600 * SECOND},
        .counts = {2, 1, 7},
        .to = CORDON_WALL_PROCESS,
        .message = "the rule's worker ended",
    };
    char text[400], small[20];

    ck_assert_str_eq(
        cdn_breaker_tell(text, sizeof text, &evidence),
        "2 crashes of its worker within 600 s, where 2 are too many, "
        "beside 1 limit hit, beside 7 errors; inproc -> process; last: the "
        "rule's worker ended");
    evidence.limit = (struct cdn_breaker_limit){1, true, 1};
    evidence.counts[CDN_FAULT_CRASH] = 1;
    evidence.counts[CDN_FAULT_LIMIT] = evidence.counts[CDN_FAULT_ERROR] = 0;
    evidence.to = CDN_WALL_NONE;
    evidence.decision_count = 1;
    memcpy(evidence.decisions[0], FIRST, sizeof FIRST);
    ck_assert_str_eq(
        cdn_breaker_tell(text, sizeof text, &evidence),
        "1 crash of its worker within 1 runs, where 1 is too many; "
        "inproc -> out of service; last: the rule's worker ended; decision "
        "0123456789abcdef0123456789abcdef");
    ck_assert_uint_eq(strlen(cdn_breaker_tell(small, sizeof small, &evidence)),
                      sizeof small - 1);
}
END_TEST

START_TEST(evidence__names_the_latest_decisions)
{
    const struct cdn_breaker_rules rules = rules_of(CDN_FAULT_CRASH, 11, true, 100);
    char name[CORDON_DECISION_ID_BYTES + 1];

    for (uint64_t i = 1; i <= 11; i++) {
        (void)snprintf(name, sizeof name, "%.16s%016llx", FIRST,
                       (unsigned long long)(0xfedcba9876543210 + i));
        ck_assert(cdn_breaker_count(&breaker, &rules, CDN_FAULT_CRASH, 0, i, name) ==
                  (i == 11));
    }
    cdn_breaker_name_decisions(&breaker, FIRST);
    ck_assert_uint_eq(breaker.evidence.decision_count, CDN_BREAKER_DECISIONS);
    ck_assert_str_eq(breaker.evidence.decisions[0], name);
    ck_assert_str_eq(breaker.evidence.decisions[7], "0123456789abcdeffedcba9876543214");
}
END_TEST

static void setup(void)
{
    memset(&breaker, 0, sizeof breaker);
}

#define BREAKER_CASE(suite, test)                                                      \
    do {                                                                               \
        TCase *breaker_case = tcase_create(#test);                                     \
        tcase_add_checked_fixture(breaker_case, setup, NULL);                          \
        tcase_set_timeout(breaker_case, 60);                                           \
        tcase_add_test(breaker_case, test);                                            \
        suite_add_tcase(suite, breaker_case);                                          \
    } while (0)

static Suite *suite(void)
{
    Suite *s = suite_create("breaker");

    BREAKER_CASE(s, window__of_runs_up_to_sixteen_is_exact);
    CDN_UNIT_LOOP(s, window__forgets_at_most_a_sixteenth_early, 0, 5);
    BREAKER_CASE(s, window__of_time_begins_anew_after_a_pause);
    BREAKER_CASE(s, window__of_another_policy_is_taken_over);
    BREAKER_CASE(s, window__ignores_what_was_long_on_its_way);
    BREAKER_CASE(s, breaker__trips_at_its_limit_and_then_counts_nothing);
    BREAKER_CASE(s, breaker__counts_kinds_apart);
    BREAKER_CASE(s, breaker__of_many_threads_tells_one);
    BREAKER_CASE(s, walls__go_up_and_end);
    BREAKER_CASE(s, evidence__is_told_in_one_line);
    BREAKER_CASE(s, evidence__names_the_latest_decisions);
    return s;
}

CDN_UNIT_MAIN(suite)
