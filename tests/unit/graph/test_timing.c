/* Time inside native graph calls: every call counts, and what the quick ones stand for. */
#include "harness.h"

#include "graph/timing.h"

START_TEST(quick__is_timed_at_a_stride_that_meets_calls_in_turn_alike)
{
    struct cdn_timing timing = {0};
    uint32_t timed[2] = {0, 0};

    for (uint32_t i = 0; i < 10000; i++) {
        uint64_t since = cdn_timing_quick(&timing);

        if (!since)
            continue;
        timed[i & 1]++;
        cdn_timing_quick_end(&timing, since);
        ck_assert_uint_eq(timing.covered, i + 1);
        ck_assert_uint_gt(timing.next, i);
        ck_assert_uint_le(timing.next, i + CDN_TIMING_STRIDE);
    }
    ck_assert_uint_eq(timing.quick, 10000);
    ck_assert_uint_gt(timed[0], 250);
    ck_assert_uint_gt(timed[1], 250);
    ck_assert_uint_lt(timed[0] + timed[1], 10000 / CDN_TIMING_STRIDE + 4);
}
END_TEST

START_TEST(total__lets_timed_quick_calls_stand_for_the_others)
{
    struct cdn_timing timing = {
        .ticks = 1000, .quick = 300, .covered = 200, .quick_ticks = 4000};

    ck_assert_uint_eq(cdn_timing_total(&timing, false), 1000 + 6000);
    timing.covered = 0;
    ck_assert_uint_eq(cdn_timing_total(&timing, false), 1000);
}
END_TEST

START_TEST(total__counts_the_call_that_a_limit_ended)
{
    struct cdn_timing timing = {.ticks = 7};

    cdn_timing_begin(&timing);
    ck_assert_uint_eq(cdn_timing_total(&timing, false), 7);
    timing.since -= 1000000;
    ck_assert_uint_ge(cdn_timing_total(&timing, true), 1000007);
    cdn_timing_end(&timing);
    ck_assert_uint_eq(timing.since, 0);
    ck_assert_uint_ge(timing.ticks, 1000007);
}
END_TEST

/* Each does something with account a, its transfers t and their other ends n. */
static const char *const calls[] = {
    "local x = a.risk",
    "local x = a.key",
    "local x = e.amount",
    "local x = e.source",
    "local x = tostring(a)",
    "local x = a:outgoing('transfer')",
    "local x = t:since(T)",
    "local x = t:where('amount', '>', 20)",
    "local x = t:largest(2, 'amount')",
    "local x = t:limit(2)",
    "for edge, other in t:each() do end",
    "for edge, other in a:both('transfer'):where('amount', '>', 5):each() do end",
    "local x = t:count()",
    "local x = t:exists()",
    "local x = t:sum('amount')",
    "local x = t:min('time')",
    "local x = t:distinct()",
    "local x = t:first()",
    "local x = t:top(2, 'amount')",
    "local x = t:nodes()",
    "local x = n:count()",
    "local x = n:contains(a)",
    "local x = n:union(n)",
    "local x = n:intersect(n)",
    "local x = n:minus(n)",
    "local x = n:where('risk', '>', 0)",
    "local x = n:of('Account')",
    "local x = n:limit(1)",
    "local x = n:sum('risk')",
    "local x = n:top(1, 'risk')",
    "local x = n:outgoing('transfer')",
    "for node in n:each() do end",
    "local x = graph:node('Account', 100)",
    "local x = graph:set({ a, a })",
};

START_TEST(native_calls__are_all_counted)
{
    struct harness *h = harness_new(cdn_fixture_bank_open(),
                                    "Account: risk; transfer: amount; Person; Company");
    char body[1024];
    uint64_t base, more;
    uint32_t quick = 0;

    cdn_ticks_init();
    for (int many = 0; many < 2; many++) {
        snprintf(
            body, sizeof body,
            "local a = graph:node('Account', 100) local t = a:outgoing('transfer') "
            "local n, e = t:nodes(), t:first() "
            "for i = 1, %d do %s end return 'done'",
            many ? 3000 : 0, calls[_i]);
        HARNESS_EQ(h, body, "done");
        *(many ? &more : &base) = cdn_timing_total(&h->run.timing, false);
        quick = h->run.timing.quick;
    }
    /* three thousand quick calls, which may take no longer than to read the counter; or calls
     * of more than three ticks each beyond what leads to them */
    ck_assert_msg(quick >= 3000 || more > 10000, "%s: %llu ticks, %llu without",
                  calls[_i], (unsigned long long)more, (unsigned long long)base);
    harness_free(h);
}
END_TEST

START_TEST(native_calls__leave_lua_s_own_time_out)
{
    struct harness *h =
        harness_new(cdn_fixture_bank_open(), "Account: risk; transfer: amount");
    uint64_t from = cdn_ticks();

    HARNESS_EQ(h,
               "local a = graph:node('Account', 100) local x = a.risk "
               "for i = 1, 3000000 do x = x + i % 7 end return 'done'",
               "done");
    ck_assert_uint_lt(cdn_timing_total(&h->run.timing, false),
                      (cdn_ticks() - from) / 4);
    harness_free(h);
}
END_TEST

START_TEST(native_calls__count_up_to_the_limit_that_ends_them)
{
    struct harness *h =
        harness_new(cdn_fixture_bank_open(), "Account: risk; transfer: amount");

    h->budget.edges = 6;
    HARNESS_EQ(h,
               "local a = graph:node('Account', 100) "
               "for i = 1, 100 do a:outgoing('transfer'):sum('amount') end",
               "stopped: edges");
    ck_assert_uint_ne(h->run.timing.since, 0);
    ck_assert_uint_gt(cdn_timing_total(&h->run.timing, true),
                      cdn_timing_total(&h->run.timing, false));
    harness_free(h);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("timing");

    CDN_UNIT_CASE(s, quick__is_timed_at_a_stride_that_meets_calls_in_turn_alike);
    CDN_UNIT_CASE(s, total__lets_timed_quick_calls_stand_for_the_others);
    CDN_UNIT_CASE(s, total__counts_the_call_that_a_limit_ended);
    CDN_UNIT_LOOP(s, native_calls__are_all_counted, 0, CDN_UNIT_COUNT(calls));
    CDN_UNIT_CASE(s, native_calls__leave_lua_s_own_time_out);
    CDN_UNIT_CASE(s, native_calls__count_up_to_the_limit_that_ends_them);
    return s;
}

CDN_UNIT_MAIN(suite)
