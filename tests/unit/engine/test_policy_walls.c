/* `walls` and `breaker` of a policy: what they say, and every fault with its line. */
#include "serving.h"

#include "base/alloc.h"
#include "engine/policy.h"

static struct cdn_policy *load(const char *text)
{
    struct cdn_policy *policy;
    cordon_error err;

    ck_assert_msg(
        !cdn_policy_load(&policy, text, strlen(text), "policy.lua", NULL, &err),
        "line %u: %s", err.line, err.message);
    return policy;
}

static const char GOOD[] =
    "return {\n"
    "  principals = {},\n"
    "  walls = { draft = 'container', canary = 'process', active = 'inproc',\n"
    "            quarantined = 'microvm', after = { runs = 100000, days = 7 } },\n"
    "  breaker = { crashes = 1, limits = { count = 100, of = 1000 },\n"
    "              errors = { count = 20, within = '10s' },\n"
    "              behind = { 'process', 'microvm' } },\n"
    "}\n";

START_TEST(walls__say_what_is_behind_which)
{
    struct cdn_policy *policy = load(GOOD);
    const struct cdn_policy_walls *walls = &policy->walls;
    const struct cdn_breaker_rules *breaker = &policy->breaker;

    ck_assert(walls->given);
    ck_assert_int_eq(walls->of[CDN_TRUST_ACTIVE], CORDON_WALL_INPROC);
    ck_assert_int_eq(walls->of[CDN_TRUST_CANARY], CORDON_WALL_PROCESS);
    ck_assert_int_eq(walls->of[CDN_TRUST_DRAFT], CORDON_WALL_CONTAINER);
    ck_assert_int_eq(walls->of[CDN_TRUST_QUARANTINED], CORDON_WALL_MICROVM);
    ck_assert_uint_eq(walls->after_runs, 100000);
    ck_assert_int_eq(walls->after_ms, INT64_C(7) * 86400000);
    ck_assert(breaker->given);
    ck_assert_uint_eq(breaker->limits[CDN_FAULT_CRASH].count, 1);
    ck_assert(!breaker->limits[CDN_FAULT_CRASH].by_runs);
    ck_assert_uint_eq(breaker->limits[CDN_FAULT_CRASH].window,
                      UINT64_C(600) * 1000000000);
    ck_assert_uint_eq(breaker->limits[CDN_FAULT_LIMIT].count, 100);
    ck_assert(breaker->limits[CDN_FAULT_LIMIT].by_runs);
    ck_assert_uint_eq(breaker->limits[CDN_FAULT_LIMIT].window, 1000);
    ck_assert_uint_eq(breaker->limits[CDN_FAULT_ERROR].count, 20);
    ck_assert_uint_eq(breaker->limits[CDN_FAULT_ERROR].window,
                      UINT64_C(10) * 1000000000);
    ck_assert_uint_eq(breaker->wall_count, 2);
    ck_assert_int_eq(breaker->walls[1], CORDON_WALL_MICROVM);
    cordon_policy_release(policy);
}
END_TEST

START_TEST(walls__that_are_not_named_follow_the_more_trusted)
{
    struct cdn_policy *policy =
        load("return { principals = {}, walls = { canary = 'process' } }");

    ck_assert_int_eq(policy->walls.of[CDN_TRUST_ACTIVE], CORDON_WALL_INPROC);
    for (int state = CDN_TRUST_CANARY; state < CDN_TRUST_STATES; state++)
        ck_assert_int_eq(policy->walls.of[state], CORDON_WALL_PROCESS);
    ck_assert(!policy->breaker.given);
    cordon_policy_release(policy);
    policy = load("return { principals = {} }");
    ck_assert(!policy->walls.given);
    cordon_policy_release(policy);
}
END_TEST

START_TEST(breaker__moves_to_where_the_quarantined_are_unless_it_says)
{
    static const struct {
        const char *text;
        uint32_t count;
        cordon_wall first;
    } said[] = {
        {"breaker = { crashes = 1 }", 1, CORDON_WALL_PROCESS},
        {"walls = { quarantined = 'microvm' }, breaker = { crashes = 1 }", 1,
         CORDON_WALL_MICROVM},
        {"breaker = { crashes = 1, behind = 'container' }", 1, CORDON_WALL_CONTAINER},
        {"breaker = { crashes = 1, behind = {} }", 0, CORDON_WALL_INPROC},
    };

    for (int i = 0; i < CDN_UNIT_COUNT(said); i++) {
        struct cdn_policy *policy;
        char text[300];

        (void)snprintf(text, sizeof text, "return { principals = {}, %s }",
                       said[i].text);
        policy = load(text);
        ck_assert_uint_eq(policy->breaker.wall_count, said[i].count);
        ck_assert_int_eq(policy->breaker.walls[0], said[i].first);
        cordon_policy_release(policy);
    }
}
END_TEST

static const struct {
    const char *text;
    const char *says;
    uint32_t line;
} faults[] = {
    {"return { principals = {}, wals = {} }", "did you mean 'walls'?", 1},
    {"return { principals = {},\nwalls = 'process' }", "a table with names", 2},
    {"return { principals = {}, walls = {\ndraft = 'docker' } }",
     "walls.draft: unknown wall 'docker'", 2},
    {"return { principals = {}, walls = { drafts = 'process' } }",
     "did you mean 'draft'?", 1},
    {"return { principals = {}, walls = { active = 'container',\ncanary = 'process' } "
     "}",
     "walls.canary: 'process' is weaker than 'container', which 'walls.active' has", 2},
    {"return { principals = {}, walls = { canary = 'microvm',\nquarantined = 'process' "
     "} }",
     "which 'walls.canary' has", 2},
    {"return { principals = {}, walls = { after = {} } }", "says nothing", 1},
    {"return { principals = {}, walls = { after = { runs = 0 } } }",
     "a whole number between", 1},
    {"return { principals = {}, walls = { after = { runs = 1.5 } } }",
     "a whole number between", 1},
    {"return { principals = {}, walls = { after = { days = -1 } } }",
     "a number between", 1},
    {"return { principals = {}, walls = { after = { day = 1 } } }",
     "did you mean 'days'?", 1},
    {"return { principals = {}, breaker = {} }", "watches nothing", 1},
    {"return { principals = {}, breaker = { behind = 'process' } }", "watches nothing",
     1},
    {"return { principals = {}, breaker = { crashs = 1 } }", "did you mean 'crashes'?",
     1},
    {"return { principals = {}, breaker = { crashes = 0 } }", "a whole number between",
     1},
    {"return { principals = {}, breaker = { crashes = '1' } }", "a number is wanted",
     1},
    {"return { principals = {}, breaker = { limits = { of = 10 } } }",
     "'count' is missing", 1},
    {"return { principals = {}, breaker = { limits = { count = 3 } } }",
     "a number of runs, 'of', or a time", 1},
    {"return { principals = {}, breaker = { limits = { count = 11,\nof = 10 } } }",
     "10 runs cannot have 11 failures", 2},
    {"return { principals = {}, breaker = { limits = { count = 1, of = 10, within = "
     "'1s' } } }",
     "not both", 1},
    {"return { principals = {}, breaker = { limits = { count = 1, within = 'soon' } } "
     "}",
     "a duration of at most a year", 1},
    {"return { principals = {}, breaker = { limits = { count = 1, within = '9999d' } } "
     "}",
     "a duration of at most a year", 1},
    {"return { principals = {}, breaker = { crashes = 1, behind = 'inproc' } }",
     "a trip moves to a stronger wall", 1},
    {"return { principals = {}, breaker = { crashes = 1, behind = { 'microvm',\n"
     "'process' } } }",
     "no stronger than the wall before it", 2},
    {"return { principals = {}, breaker = { crashes = 1, behind = 7 } }",
     "a string is wanted", 1},
};

START_TEST(walls__say_what_is_wrong_and_where)
{
    const char *text = faults[_i].text;
    struct cdn_policy *policy;
    cordon_error err;

    ck_assert_int_eq(
        cdn_policy_load(&policy, text, strlen(text), "policy.lua", NULL, &err),
        CORDON_E_DATA);
    ck_assert_contains(err.message, faults[_i].says);
    ck_assert_uint_eq(err.line, faults[_i].line);
    ck_assert_str_eq(err.file, "policy.lua");
}
END_TEST

START_TEST(walls__report_every_fault)
{
    static const char text[] = "return { principals = {},\n"
                               "walls = { draft = 'x',\n"
                               "active = 'y' },\n"
                               "breaker = { crashes = 0,\n"
                               "errors = 'z' } }";
    struct cdn_findings findings = {0};
    struct cdn_policy *policy;

    ck_assert_int_eq(
        cdn_policy_load(&policy, text, strlen(text), "policy.lua", &findings, NULL),
        CORDON_E_DATA);
    ck_assert_uint_eq(findings.count, 4);
    for (uint32_t i = 0; i < 4; i++)
        ck_assert_uint_eq(findings.items[i].line, i + 2);
    cdn_findings_deinit(&findings);
}
END_TEST

#ifdef CORDON_FAILALLOC
START_TEST(walls__survive_every_allocation_failure)
{
    CDN_UNIT_FAILALLOC(nth)
    {
        struct cdn_policy *policy;
        cordon_status status =
            cdn_policy_load(&policy, GOOD, sizeof GOOD - 1, "policy.lua", NULL, NULL);

        if (cdn_failalloc_fired())
            ck_assert_int_eq(status, CORDON_E_NOMEM);
        else
            ck_assert_int_eq(status, CORDON_OK);
        if (!status)
            cordon_policy_release(policy);
    }
}
END_TEST
#endif

static Suite *suite(void)
{
    Suite *s = suite_create("policy_walls");

    CDN_UNIT_CASE(s, walls__say_what_is_behind_which);
    CDN_UNIT_CASE(s, walls__that_are_not_named_follow_the_more_trusted);
    CDN_UNIT_CASE(s, breaker__moves_to_where_the_quarantined_are_unless_it_says);
    CDN_UNIT_LOOP(s, walls__say_what_is_wrong_and_where, 0, CDN_UNIT_COUNT(faults));
    CDN_UNIT_CASE(s, walls__report_every_fault);
#ifdef CORDON_FAILALLOC
    CDN_UNIT_CASE(s, walls__survive_every_allocation_failure);
#endif
    return s;
}

CDN_UNIT_MAIN(suite)
