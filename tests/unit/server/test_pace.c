/* An event loop's time, told by a clock of the test's own. */
#include "support/unit.h"

#include "server/pace.h"

#define US UINT64_C(1000)

/* For a second: rules of so long, with so much of other things after each.  Was it ever full? */
static bool run(struct cdn_pace *pace, uint64_t *now_ns, uint64_t took_ns,
                uint64_t other_ns)
{
    bool full = false;

    for (uint64_t end = *now_ns + 1000000 * US; *now_ns < end; *now_ns += other_ns) {
        *now_ns += took_ns;
        cdn_pace_ran(pace, *now_ns, took_ns);
        full = full || cdn_pace_is_full(pace, *now_ns);
    }
    return full;
}

START_TEST(pace__is_full_where_rules_are_most_of_it)
{
    static const struct {
        uint64_t took_us, other_us;
        bool full;
    } loops[] = {
        {10, 20, false},   /* a quick rule, as fast as the loop can */
        {100, 100, false}, /* half of the time */
        {150, 15, true},    {150, 2000, false},   /* one now and then */
        {5000, 1000, true}, {9000, 91000, false}, /* long ones, seldom */
    };
    struct cdn_pace pace = {0};
    uint64_t now = 1000000000;

    ck_assert(!cdn_pace_is_full(&pace, now));
    (void)run(&pace, &now, 1, 1000); /* a window ends that began with the clock */
    ck_assert(run(&pace, &now, loops[_i].took_us * US, loops[_i].other_us * US) ==
              loops[_i].full);
}
END_TEST

START_TEST(pace__is_full_for_a_while)
{
    struct cdn_pace pace = {0};
    uint64_t now = 1000000000;

    (void)run(&pace, &now, 150 * US, 15 * US);
    ck_assert(cdn_pace_is_full(&pace, now));
    ck_assert(!cdn_pace_is_full(&pace, now + CDN_PACE_HELD_NS));
    now += CDN_PACE_HELD_NS;
    ck_assert(!run(&pace, &now, 10 * US, 1000 * US));
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("pace");

    CDN_UNIT_LOOP(s, pace__is_full_where_rules_are_most_of_it, 0, 6);
    CDN_UNIT_CASE(s, pace__is_full_for_a_while);
    return s;
}

CDN_UNIT_MAIN(suite)
