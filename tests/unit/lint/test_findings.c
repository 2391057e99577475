/* Suppressions: what they hold for, and what is wrong with them. */
#include "lint/findings.h"

#include "lint_fixture.h"

/* Unused locals a, b, c in lines 1 to 3 of a chunk, with comments among them. */
static void expect(const char *source, const char *wanted)
{
    char found[400];

    lint_findings(found, sizeof found, source, NULL, 0);
    ck_assert_msg(!strcmp(found, wanted), "%s\nfound  %s\nwanted %s", source, found,
                  wanted);
}

START_TEST(suppress__holds_for_a_line)
{
    expect("local a\nlocal b", "CRD203@1:7 CRD203@2:7");
    expect("local a -- cordon: disable=CRD203 for later\nlocal b", "CRD203@2:7");
    expect("-- cordon: disable=CRD203 for later\nlocal a\nlocal b", "CRD203@3:7");
    expect("-- cordon: disable=CRD203 for later\n\n-- more\n--[[ and\nmore ]] local "
           "a\nlocal b",
           "CRD203@6:7");
    expect("local a local b --[[ cordon: disable=CRD203 both ]]", "");
    expect("local a = x --cordon:disable=CRD201, CRD203: a reason", "");
}
END_TEST

START_TEST(suppress__holds_for_a_file)
{
    expect("local a\n-- cordon: disable-file=CRD203 a sketch\nlocal b", "");
}
END_TEST

START_TEST(suppress__needs_a_reason)
{
    expect("local a -- cordon: disable=CRD203", "CRD203@1:7 CRD901@1:9");
    expect("local a -- cordon: disable=CRD203 --", "CRD203@1:7 CRD901@1:9");
    expect("local a -- cordon: disable=CRD203 .", "CRD203@1:7 CRD901@1:9");
}
END_TEST

START_TEST(suppress__tells_what_holds_for_nothing)
{
    expect("return 1 -- cordon: disable=CRD203 why", "CRD902@1:10");
    expect("local a -- cordon: disable=CRD203,CRD201 why", "CRD902@1:9");
    expect("-- cordon: disable-file=CRD205 why", "CRD902@1:1");
    /* looked for only with a snapshot, and none was given */
    expect("return 1 -- cordon: disable=CRD601,CRD104 why", "");
    expect("return 1 -- cordon disable=CRD203 is no suppression", "");
}
END_TEST

START_TEST(suppress__tells_what_it_does_not_understand)
{
    expect("local a -- cordon: disable=unused why", "CRD203@1:7 CRD903@1:9");
    expect("local a -- cordon: disable=CRD999 why", "CRD203@1:7 CRD903@1:9");
    expect("local a -- cordon: ignore=CRD203 why", "CRD203@1:7 CRD903@1:9");
    expect("local a -- cordon: disable=", "CRD203@1:7 CRD903@1:9");
    expect("local a -- cordon: disable=CRD002 why", "CRD203@1:7 CRD903@1:9");
    expect("local a -- cordon: disable=CRD901 why", "CRD203@1:7 CRD903@1:9");
}
END_TEST

START_TEST(add__escapes_and_sorts)
{
    struct cdn_lint_findings findings = {0};

    cdn_lint_add(&findings, CDN_LINT_UNUSED, 3, 1, "c");
    cdn_lint_add(&findings, CDN_LINT_UNUSED, 1, 5, "b\x1b[2J");
    cdn_lint_add(&findings, CDN_LINT_GLOBAL, 1, 5, "a");
    cdn_lint_add(&findings, CDN_LINT_NO_LIMITS, 0, 0, "of all");
    cdn_lint_sort(&findings);
    ck_assert_str_eq(findings.items[0].message, "of all");
    ck_assert_str_eq(findings.items[1].message, "a");
    ck_assert_str_eq(findings.items[2].message, "b\\x1b[2J");
    ck_assert_str_eq(findings.items[3].message, "c");
    cdn_lint_findings_clear(&findings);
    ck_assert_uint_eq(findings.count, 0);
    cdn_lint_findings_deinit(&findings);
}
END_TEST

START_TEST(add__tells_when_it_tells_no_more)
{
    struct cdn_lint_findings findings = {0};

    for (uint32_t line = 1; line <= CDN_LINT_MOST + 50; line++)
        cdn_lint_add(&findings, CDN_LINT_UNUSED, line, 1, "unused");
    cdn_lint_add(&findings, CDN_LINT_GLOBAL, 1, 1, "another");
    ck_assert_uint_eq(findings.count, CDN_LINT_MOST + 1);
    ck_assert_str_eq(findings.items[CDN_LINT_MOST - 2].message, "unused");
    ck_assert_str_eq(findings.items[CDN_LINT_MOST - 1].message,
                     "unused (there are more, which are not told)");
    cdn_lint_findings_clear(&findings);
    cdn_lint_add(&findings, CDN_LINT_UNUSED, 1, 1, "again");
    ck_assert_uint_eq(findings.count, 1);
    cdn_lint_findings_deinit(&findings);
}
END_TEST

START_TEST(codes__are_in_order_and_found)
{
    for (int i = 0; i < CDN_LINT_CODES; i++) {
        const struct cdn_lint_entry *entry = &cdn_lint_codes[i];

        ck_assert_int_eq(cdn_lint_code_find(entry->code, strlen(entry->code)), i);
        ck_assert(entry->title[0] && entry->text[0]);
        ck_assert(!entry->bad[0] == !entry->good[0]);
        ck_assert(!i || strcmp(cdn_lint_codes[i - 1].code, entry->code) < 0);
        ck_assert(!entry->bars || entry->level == CDN_LINT_ERROR);
    }
    ck_assert_int_eq(cdn_lint_code_find("CRD2011", 7), -1);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("findings");

    CDN_UNIT_CASE(s, suppress__holds_for_a_line);
    CDN_UNIT_CASE(s, suppress__holds_for_a_file);
    CDN_UNIT_CASE(s, suppress__needs_a_reason);
    CDN_UNIT_CASE(s, suppress__tells_what_holds_for_nothing);
    CDN_UNIT_CASE(s, suppress__tells_what_it_does_not_understand);
    CDN_UNIT_CASE(s, add__escapes_and_sorts);
    CDN_UNIT_CASE(s, add__tells_when_it_tells_no_more);
    CDN_UNIT_CASE(s, codes__are_in_order_and_found);
    return s;
}

CDN_UNIT_MAIN(suite)
