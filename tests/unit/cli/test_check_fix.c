#include "support/unit.h"

#include <string.h>

#include "base/alloc.h"
#include "cli/check_fix.h"
#include "lint/lint.h"

static struct cdn_lint_findings findings;
static struct cdn_buf source, mended;

static void read_source(const char *text)
{
    struct cdn_syntax syntax;

    cdn_buf_append(&source, text, strlen(text));
    ck_assert_int_eq(cdn_syntax_parse(&syntax, text, strlen(text), "x.lua", NULL),
                     CORDON_OK);
    ck_assert_int_eq(cdn_lint_run(&findings, &syntax, NULL, NULL, 0), CORDON_OK);
    cdn_syntax_deinit(&syntax);
}

static void forget(void)
{
    cdn_lint_findings_deinit(&findings);
    cdn_buf_deinit(&source);
    cdn_buf_deinit(&mended);
}

static const struct {
    const char *source, *mended;
    uint32_t count;
} cases[] = {
    {"local a = 1", "local _a = 1", 1},
    {"local a, b = 1, 2 return b", "local _a, b = 1, 2 return b", 1},
    {"local function f(a, b) return b end return 1",
     "local function _f(_a, b) return b end return 1", 2},
    {"for i, x in pairs({}) do local y = 1 end",
     "for _i, _x in pairs({}) do local _y = 1 end", 3},
    {"return function(one, two, ...) return ... end",
     "return function(_one, _two, ...) return ... end", 2},
    /* another value is lost with an assignment; and a name may be taken, by whatever it is */
    {"local a a = 1", "local a a = 1", 0},
    {"local a, _a = 1, 2 return _a", "local a, _a = 1, 2 return _a", 0},
    {"local a return { _a = 1 }", "local a return { _a = 1 }", 0},
    {"local a -- cordon: disable=CRD203 to come",
     "local a -- cordon: disable=CRD203 to come", 0},
    {"local \xc3\xa9 = 1", "local _\xc3\xa9 = 1", 1},
    {"return 1", "return 1", 0},
};

START_TEST(mend__puts_in_what_is_certain)
{
    uint32_t count;

    read_source(cases[_i].source);
    ck_assert_int_eq(cdn_check_mend(&mended, &count, &findings, &source, NULL),
                     CORDON_OK);
    ck_assert_uint_eq(count, cases[_i].count);
    cdn_buf_append(&mended, "", 1);
    ck_assert_str_eq((const char *)mended.data, cases[_i].mended);
    forget();
}
END_TEST

/* What is mended has nothing more to mend, and the next check finds less by so much. */
START_TEST(mend__ends)
{
    uint32_t count, before;

    read_source("local function f(a) local b = 1 end\nlocal c for d = 1, 2 do end");
    before = findings.count;
    ck_assert_int_eq(cdn_check_mend(&mended, &count, &findings, &source, NULL),
                     CORDON_OK);
    ck_assert_uint_eq(count, 5);
    cdn_buf_append(&mended, "", 1);
    cdn_buf_clear(&source);
    cdn_lint_findings_clear(&findings);
    read_source((const char *)mended.data);
    ck_assert_uint_eq(findings.count, before - count);
    forget();
}
END_TEST

#ifdef CORDON_FAILALLOC
START_TEST(mend__survives_every_allocation_failure)
{
    uint32_t count;

    read_source("local a, b, c = 1, 2, 3");
    CDN_UNIT_FAILALLOC(nth)
    {
        struct cdn_buf out = {0};
        cordon_status status = cdn_check_mend(&out, &count, &findings, &source, NULL);

        ck_assert_int_eq(status, cdn_failalloc_fired() ? CORDON_E_NOMEM : CORDON_OK);
        cdn_buf_deinit(&out);
    }
    forget();
}
END_TEST
#endif

static Suite *suite(void)
{
    Suite *s = suite_create("check_fix");
    TCase *c = tcase_create("all");

    tcase_add_loop_test(c, mend__puts_in_what_is_certain, 0, CDN_UNIT_COUNT(cases));
    tcase_add_test(c, mend__ends);
#ifdef CORDON_FAILALLOC
    tcase_add_test(c, mend__survives_every_allocation_failure);
#endif
    suite_add_tcase(s, c);
    return s;
}

CDN_UNIT_MAIN(suite)
