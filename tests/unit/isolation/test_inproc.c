#include "support/unit.h"

#include "isolation/tier.h"

START_TEST(inproc__runs_the_rule_in_the_callers_slot)
{
    ck_assert_str_eq(cdn_tier_inproc.name, "inproc");
    ck_assert(cdn_tier_inproc.run == cdn_rule_run);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("inproc");

    CDN_UNIT_CASE(s, inproc__runs_the_rule_in_the_callers_slot);
    return s;
}

CDN_UNIT_MAIN(suite)
