#include "support/unit.h"

#include "base/suggest.h"

static const char *const names[] = {"amount",   "createTime", "isBlocked", "key",
                                    "transfer", "type",       "a"};

/* The one of `names` nearest to `wanted`, or "". */
static const char *nearest(const char *wanted)
{
    struct cdn_suggest suggest;

    cdn_suggest_init(&suggest, wanted);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        cdn_suggest_offer(&suggest, names[i]);
    return suggest.best ? suggest.best : "";
}

START_TEST(suggest__finds_each_kind_of_slip)
{
    ck_assert_str_eq(nearest("amout"), "amount");   /* left out */
    ck_assert_str_eq(nearest("ammount"), "amount"); /* put in */
    ck_assert_str_eq(nearest("amaunt"), "amount");  /* replaced */
    ck_assert_str_eq(nearest("amuont"), "amount");  /* swapped */
    ck_assert_str_eq(nearest("kye"), "key");        /* swapped, and short */
    ck_assert_str_eq(nearest("CREATETIME"), "createTime");
    ck_assert_str_eq(nearest("create_time"), "createTime");
    ck_assert_str_eq(nearest("isblokced"), "isBlocked");
}
END_TEST

START_TEST(suggest__is_silent_about_strangers)
{
    ck_assert_str_eq(nearest("velocity"), "");
    ck_assert_str_eq(nearest("tra"), "");
    ck_assert_str_eq(nearest("x"), "");
    ck_assert_str_eq(nearest(""), "");
}
END_TEST

START_TEST(suggest__does_not_offer_the_name_itself)
{
    struct cdn_suggest suggest;

    cdn_suggest_init(&suggest, "amount");
    cdn_suggest_offer(&suggest, "amount");
    ck_assert_ptr_null(suggest.best);
}
END_TEST

START_TEST(suggest__keeps_the_first_of_equals)
{
    struct cdn_suggest suggest;

    cdn_suggest_init(&suggest, "node");
    cdn_suggest_offer(&suggest, "nodes");
    cdn_suggest_offer(&suggest, "nod");
    ck_assert_str_eq(suggest.best, "nodes");
    ck_assert_uint_eq(suggest.best_distance, 1);
}
END_TEST

START_TEST(suggest__passes_over_endless_names)
{
    struct cdn_suggest suggest;
    char longer[1000];

    memset(longer, 'a', sizeof longer - 1);
    longer[sizeof longer - 1] = '\0';
    cdn_suggest_init(&suggest, longer);
    longer[500] = '\0';
    cdn_suggest_offer(&suggest, "aaaa");
    ck_assert_ptr_null(suggest.best);
    cdn_suggest_init(&suggest, "aaaa");
    cdn_suggest_offer(&suggest, longer);
    ck_assert_ptr_null(suggest.best);
    /* The longest that is compared fills the rows to their last cell. */
    longer[64] = '\0';
    cdn_suggest_init(&suggest, longer + 1);
    cdn_suggest_offer(&suggest, longer);
    ck_assert_ptr_eq(suggest.best, longer);
}
END_TEST

START_TEST(text__is_a_clause_or_nothing)
{
    struct cdn_suggest suggest;
    char out[32];

    cdn_suggest_init(&suggest, "amout");
    ck_assert_str_eq(cdn_suggest_text(&suggest, out, sizeof out), "");
    cdn_suggest_offer(&suggest, "amount");
    ck_assert_str_eq(cdn_suggest_text(&suggest, out, sizeof out),
                     "; did you mean 'amount'?");
    ck_assert_str_eq(cdn_suggest_text(&suggest, out, 24), "");
    ck_assert_str_eq(cdn_suggest_text(&suggest, out, 25), "; did you mean 'amount'?");
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("suggest");

    CDN_UNIT_CASE(s, suggest__finds_each_kind_of_slip);
    CDN_UNIT_CASE(s, suggest__is_silent_about_strangers);
    CDN_UNIT_CASE(s, suggest__does_not_offer_the_name_itself);
    CDN_UNIT_CASE(s, suggest__keeps_the_first_of_equals);
    CDN_UNIT_CASE(s, suggest__passes_over_endless_names);
    CDN_UNIT_CASE(s, text__is_a_clause_or_nothing);
    return s;
}

CDN_UNIT_MAIN(suite)
