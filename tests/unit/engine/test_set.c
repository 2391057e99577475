#include "support/unit.h"

#include <math.h>

#include <cordon.h>

#include "base/alloc.h"
#include "engine/set.h"

#define ck_assert_contains(text, part)                                                 \
    ck_assert_msg(strstr(text, part) != NULL, "'%s' is not in '%s'", part, text)

static struct cdn_set *load(const char *source)
{
    struct cdn_set *set;
    cordon_error err;

    ck_assert_msg(!cdn_set_load(&set, &(const struct cdn_reading){0}, source,
                                strlen(source), "set.lua", &err),
                  "%s", err.message);
    return set;
}

START_TEST(load__takes_a_set_with_everything)
{
    struct cdn_set *set =
        load("return { name = 'payment', description = 'what it is for',\n"
             "  decisions = { 'allow', 'review', 'deny' }, combine = 'weighted_sum',\n"
             "  rules = { 'a', { name = 'b', weight = 2.5 }, { name = 'c', weight = -1 "
             "} },\n"
             "  thresholds = { review = 0.5, deny = 2 }, fallback = 'review' }");

    ck_assert_str_eq(set->name, "payment");
    ck_assert_str_eq(set->description, "what it is for");
    ck_assert_int_eq(set->combine, CDN_COMBINE_WEIGHTED_SUM);
    ck_assert_uint_eq(set->member_count, 3);
    ck_assert_str_eq(set->members[0].name, "a");
    ck_assert_double_eq(set->members[0].weight, 1);
    ck_assert_str_eq(set->members[1].name, "b");
    ck_assert_double_eq(set->members[1].weight, 2.5);
    ck_assert_double_eq(set->members[2].weight, -1);
    ck_assert_uint_eq(set->decision_count, 3);
    ck_assert_double_eq(set->thresholds[0], -HUGE_VAL);
    ck_assert_double_eq(set->thresholds[1], 0.5);
    ck_assert_double_eq(set->thresholds[2], 2);
    ck_assert_int_eq(set->fallback, 1);
    ck_assert_int_eq(cdn_set_decision(set, "deny"), 2);
    ck_assert_int_eq(cdn_set_decision(set, "den"), -1);
    cdn_set_release(set);
}
END_TEST

START_TEST(load__has_defaults)
{
    struct cdn_set *set =
        load("return { name = 's', decisions = { 'no' }, rules = { 'a' } }");

    ck_assert_int_eq(set->combine, CDN_COMBINE_MOST_SEVERE);
    ck_assert_int_eq(set->fallback, -1);
    ck_assert_ptr_null(set->combiner);
    cdn_set_release(set);
    set = load("return { name = 's', decisions = { 'no' }, rules = { 'a' }, fallback = "
               "'none', combine = 'custom', combiner = 'c' }");
    ck_assert_str_eq(set->combiner, "c");
    cdn_set_release(set);
}
END_TEST

/* Each is one thing wrong, and what is said about it. */
static const struct {
    const char *source;
    const char *message;
} wrong[] = {
    {"return 7", "table"},
    {"return {", "'}' expected"},
    {"return { decisions = { 'a' }, rules = { 'r' } }", "'name'"},
    {"return { name = '7up', decisions = { 'a' }, rules = { 'r' } }",
     "cannot be a rule's name"},
    {"return { name = 's', decisions = { 'a' }, rule = { 'r' } }",
     "did you mean 'rules'"},
    {"return { name = 's', rules = { 'r' } }", "at least one decision"},
    {"return { name = 's', decisions = { 'a', 'b', 'a' }, rules = { 'r' } }",
     "'a' stands twice"},
    {"return { name = 's', decisions = { 'a b' }, rules = { 'r' } }",
     "'a b' is not a word"},
    {"return { name = 's', decisions = { 'a' } }", "'rules' is missing"},
    {"return { name = 's', decisions = { 'a' }, rules = {} }", "a list of rules"},
    {"return { name = 's', decisions = { 'a' }, rules = { 'r', 'q', 'r' } }",
     "'r' stands in it twice"},
    {"return { name = 's', decisions = { 'a' }, rules = { { weight = 2 } } }",
     "'name'"},
    {"return { name = 's', decisions = { 'a' }, rules = { { name = 'r', weight = 2 } "
     "} }",
     "only combine = \"weighted_sum\" weighs"},
    {"return { name = 's', decisions = { 'a' }, rules = { 7 } }", "table"},
    {"return { name = 's', decisions = { 'a' }, rules = { 'r' }, combine = 'max' }",
     "combination"},
    {"return { name = 's', decisions = { 'a' }, rules = { 'r' }, combine = 'custom' }",
     "'combiner'"},
    {"return { name = 's', decisions = { 'a' }, rules = { 'r' }, combiner = 'c' }",
     "only combine = \"custom\" has a combiner"},
    {"return { name = 's', decisions = { 'a', 'b' }, rules = { 'r' }, combine = "
     "'weighted_sum' }",
     "'thresholds' is missing"},
    {"return { name = 's', decisions = { 'a', 'b' }, rules = { 'r' }, thresholds = { b "
     "= 1 } }",
     "only combine = \"weighted_sum\" has thresholds"},
    {"return { name = 's', decisions = { 'a', 'b', 'c' }, rules = { 'r' }, combine = "
     "'weighted_sum', thresholds = { b = 1 } }",
     "'c' has no threshold"},
    {"return { name = 's', decisions = { 'a', 'b', 'c' }, rules = { 'r' }, combine = "
     "'weighted_sum', thresholds = { b = 1, c = 0.5 } }",
     "its threshold is lower"},
    {"return { name = 's', decisions = { 'a', 'b' }, rules = { 'r' }, combine = "
     "'weighted_sum', thresholds = { a = 0, b = 1 } }",
     "below all thresholds"},
    {"return { name = 's', decisions = { 'a', 'b' }, rules = { 'r' }, combine = "
     "'weighted_sum', thresholds = { d = 1 } }",
     "decision"},
    {"return { name = 's', decisions = { 'a', 'b' }, rules = { 'r' }, combine = "
     "'weighted_sum', thresholds = { b = 1/0 } }",
     "finite"},
    {"return { name = 's', decisions = { 'a', 'b' }, rules = { 'r' }, combine = "
     "'weighted_sum', thresholds = { b = '1' } }",
     "a number is needed"},
    {"return { name = 's', decisions = { 'allow' }, rules = { 'r' }, fallback = "
     "'alow' }",
     "did you mean 'allow'"},
};

START_TEST(load__says_what_is_wrong)
{
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct cdn_set *set;
        cordon_error err;

        ck_assert_msg(cdn_set_load(&set, &(const struct cdn_reading){0},
                                   wrong[i].source, strlen(wrong[i].source), "set.lua",
                                   &err) == CORDON_E_RULE,
                      "%s", wrong[i].source);
        ck_assert_int_eq(err.status, CORDON_E_RULE);
        ck_assert_ptr_null(set);
        ck_assert_contains(err.message, wrong[i].message);
        ck_assert_str_eq(err.file, "set.lua");
    }
}
END_TEST

#ifdef CORDON_FAILALLOC
START_TEST(load__survives_every_allocation_failure)
{
    static const char source[] =
        "return { name = 's', description = 'd', decisions = { 'a', 'b' }, rules = { "
        "'r', { name = 'q', weight = 2 } }, combine = 'weighted_sum', thresholds = { b "
        "= 1 }, fallback = 'a' }";

    for (long nth = 0;; nth++) {
        struct cdn_set *set;
        cordon_status status;
        cordon_error err;

        cdn_failalloc_after(nth, false);
        status = cdn_set_load(&set, &(const struct cdn_reading){0}, source,
                              sizeof source - 1, "set.lua", &err);
        if (!cdn_failalloc_fired()) {
            cdn_failalloc_after(-1, false);
            ck_assert_int_eq(status, CORDON_OK);
            cdn_set_release(set);
            return;
        }
        ck_assert_int_eq(status, CORDON_E_NOMEM);
        ck_assert_ptr_null(set);
    }
}
END_TEST
#endif

static Suite *suite(void)
{
    Suite *s = suite_create("set");

    CDN_UNIT_CASE(s, load__takes_a_set_with_everything);
    CDN_UNIT_CASE(s, load__has_defaults);
    CDN_UNIT_CASE(s, load__says_what_is_wrong);
#ifdef CORDON_FAILALLOC
    CDN_UNIT_CASE(s, load__survives_every_allocation_failure);
#endif
    return s;
}

CDN_UNIT_MAIN(suite)
