/* Which rules are let near an event loop. */
#include "support/unit.h"

#include <stdio.h>

#include "base/alloc.h"
#include "server/admit.h"

#define QUICK 5000
#define MS    UINT64_C(1000000)

static void learn(struct cdn_admit *admit, const char *rule, unsigned times,
                  uint64_t took_ns)
{
    for (unsigned i = 0; i < times; i++)
        cdn_admit_learn(admit, rule, took_ns, 5 * MS, false);
}

START_TEST(rule__is_quick_after_some_quick_runs)
{
    struct cdn_admit *admit;
    unsigned runs = 0;

    ck_assert_int_eq(cdn_admit_new(&admit, NULL), CORDON_OK);
    ck_assert(!cdn_admit_is_quick(admit, "velocity"));
    while (!cdn_admit_is_quick(admit, "velocity") && runs < 1000) {
        learn(admit, "velocity", 1, QUICK);
        runs++;
    }
    ck_assert_uint_ge(runs, 16);
    ck_assert_uint_le(runs, 18);
    ck_assert(!cdn_admit_is_quick(admit, "cycle")); /* each is known by itself */
    cdn_admit_free(admit);
}
END_TEST

START_TEST(rule__may_be_slow_once_in_a_while)
{
    struct cdn_admit *admit;

    ck_assert_int_eq(cdn_admit_new(&admit, NULL), CORDON_OK);
    learn(admit, "velocity", 1000, QUICK);
    for (int i = 0; i < 20; i++) {
        learn(admit, "velocity", 1, MS / 2);
        ck_assert(cdn_admit_is_quick(admit, "velocity"));
        learn(admit, "velocity", 50, QUICK);
    }
    /* but not all the time, and not for long */
    learn(admit, "velocity", 3, MS / 2);
    ck_assert(!cdn_admit_is_quick(admit, "velocity"));
    learn(admit, "velocity", 1000, QUICK);
    ck_assert(cdn_admit_is_quick(admit, "velocity"));
    learn(admit, "velocity", 1, 5 * MS);
    ck_assert(!cdn_admit_is_quick(admit, "velocity"));
    cdn_admit_free(admit);
}
END_TEST

START_TEST(rule__is_forgiven_in_the_end)
{
    struct cdn_admit *admit;

    ck_assert_int_eq(cdn_admit_new(&admit, NULL), CORDON_OK);
    learn(admit, "velocity", 100000, 9000 * MS);
    learn(admit, "velocity", 1, UINT64_MAX);
    ck_assert(!cdn_admit_is_quick(admit, "velocity"));
    learn(admit, "velocity", CDN_ADMIT_MOST_NS / CDN_ADMIT_PAID_NS + 1, QUICK);
    ck_assert(cdn_admit_is_quick(admit, "velocity"));
    cdn_admit_free(admit);
}
END_TEST

START_TEST(rule__needs_a_short_limit_of_time)
{
    struct cdn_admit *admit;

    ck_assert_int_eq(cdn_admit_new(&admit, NULL), CORDON_OK);
    for (int i = 0; i < 100; i++)
        cdn_admit_learn(admit, "long", QUICK, 10000 * MS, false);
    ck_assert(!cdn_admit_is_quick(admit, "long"));
    /* a request's own says nothing of the next one's */
    cdn_admit_learn(admit, "long", QUICK, MS, true);
    ck_assert(!cdn_admit_is_quick(admit, "long"));
    /* another version has another */
    cdn_admit_learn(admit, "long", QUICK, 50 * MS, false);
    ck_assert(cdn_admit_is_quick(admit, "long"));
    cdn_admit_learn(admit, "long", QUICK, 51 * MS, true);
    ck_assert(!cdn_admit_is_quick(admit, "long"));
    cdn_admit_free(admit);
}
END_TEST

START_TEST(table__takes_more_rules_than_it_has_room_for)
{
    struct cdn_admit *admit;
    unsigned quick = 0;

    ck_assert_int_eq(cdn_admit_new(&admit, NULL), CORDON_OK);
    for (unsigned i = 0; i < 3 * CDN_ADMIT_RULES; i++) {
        char name[32];

        snprintf(name, sizeof name, "rule_%u", i);
        learn(admit, name, 20, QUICK);
        quick += cdn_admit_is_quick(admit, name);
    }
    ck_assert_uint_ge(quick, CDN_ADMIT_RULES);
    ck_assert_uint_le(quick, 2 * CDN_ADMIT_RULES);
    cdn_admit_free(admit);
}
END_TEST

#ifdef CORDON_FAILALLOC
START_TEST(new__survives_every_allocation_failure)
{
    CDN_UNIT_FAILALLOC(nth)
    {
        struct cdn_admit *admit;
        cordon_status status = cdn_admit_new(&admit, NULL);

        ck_assert_int_eq(status, cdn_failalloc_fired() ? CORDON_E_NOMEM : CORDON_OK);
        cdn_admit_free(admit);
    }
}
END_TEST
#endif

static Suite *suite(void)
{
    Suite *s = suite_create("admit");

    CDN_UNIT_CASE(s, rule__is_quick_after_some_quick_runs);
    CDN_UNIT_CASE(s, rule__may_be_slow_once_in_a_while);
    CDN_UNIT_CASE(s, rule__is_forgiven_in_the_end);
    CDN_UNIT_CASE(s, rule__needs_a_short_limit_of_time);
    CDN_UNIT_CASE(s, table__takes_more_rules_than_it_has_room_for);
#ifdef CORDON_FAILALLOC
    CDN_UNIT_CASE(s, new__survives_every_allocation_failure);
#endif
    return s;
}

CDN_UNIT_MAIN(suite)
