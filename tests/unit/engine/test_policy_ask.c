/* Globs, tags and suggestions. */
#include "serving.h"

#include "engine/policy.h"

static const struct {
    const char *glob, *name;
    bool matches;
} globs[] = {
    {"*", "anything", true},
    {"*", "", true},
    {"fan_*", "fan_out", true},
    {"fan_*", "fan_", true},
    {"fan_*", "fan", false},
    {"*out", "fan_out", true},
    {"*out", "fan_outer", false},
    {"f?n", "fan", true},
    {"f?n", "fn", false},
    {"cycle", "cycle", true},
    {"cycle", "cycles", false},
    {"*a*b*c", "xxaxxbxxc", true},
    {"*a*b*c", "xxaxxcxxb", false},
    {"**", "x", true},
    {"", "", true},
    {"", "x", false},
    {"*aab", "aaab", true},
    {"?*", "", false},
};

START_TEST(glob__matches_runs_and_single_characters)
{
    ck_assert_int_eq(cdn_policy_glob(globs[_i].glob, globs[_i].name),
                     globs[_i].matches);
}
END_TEST

START_TEST(may_run__goes_by_name_or_tag)
{
    static const char text[] = "return { principals = { a = { rules = { 'fan_*' }, "
                               "tags = { 'fraud', 'aml' } } } }";
    char fraud[] = "fraud", other[] = "other", aml[] = "aml";
    char *const tagged[] = {other, aml};
    char *const unfit[] = {other};
    char *const first[] = {fraud};
    struct cdn_policy *policy;
    const struct cdn_role *role;
    char out[256];

    ck_assert(!cdn_policy_load(&policy, text, strlen(text), "p.lua", NULL, NULL));
    role = cdn_policy_role(policy, cdn_policy_principal(policy, "a"));
    ck_assert(cdn_role_may_run(role, "fan_in", 0, NULL));
    ck_assert(cdn_role_may_run(role, "x", 2, tagged));
    ck_assert(cdn_role_may_run(role, "x", 1, first));
    ck_assert(!cdn_role_may_run(role, "x", 1, unfit));
    ck_assert(!cdn_role_may_run(role, "Fan_in", 0, NULL));
    ck_assert_str_eq(cdn_policy_unknown(out, sizeof out, policy, "aa"),
                     "no principal 'aa' in p.lua; did you mean 'a'?");
    ck_assert_str_eq(cdn_policy_unknown(out, sizeof out, policy, "x\n"),
                     "no principal 'x\\x0a' in p.lua");
    cdn_policy_free(policy);
}
END_TEST

START_TEST(wall__has_the_names_of_the_tiers)
{
    ck_assert_str_eq(cordon_wall_str(CORDON_WALL_INPROC), "inproc");
    ck_assert_str_eq(cordon_wall_str(CORDON_WALL_MICROVM), "microvm");
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("policy_ask");

    CDN_UNIT_LOOP(s, glob__matches_runs_and_single_characters, 0,
                  CDN_UNIT_COUNT(globs));
    CDN_UNIT_CASE(s, may_run__goes_by_name_or_tag);
    CDN_UNIT_CASE(s, wall__has_the_names_of_the_tiers);
    return s;
}

CDN_UNIT_MAIN(suite)
