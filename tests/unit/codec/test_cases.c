/* Reading cases, and judging a candidate by them. */
#include "support/unit.h"

#include "base/alloc.h"
#include <cordon.h>

#include "codec/cases.h"

static cordon_error err;

static cordon_status check(const char *cases)
{
    char *exact = cdn_unit_exact(cases, strlen(cases));
    cordon_status status =
        cdn_cases_check(exact, strlen(cases), "x_cases.ndjson", &err);

    free(exact);
    return status;
}

START_TEST(check__takes_requests_with_expectations)
{
    ck_assert_int_eq(check(""), CORDON_OK);
    ck_assert_int_eq(check("\n \r\n\t\n"), CORDON_OK);
    ck_assert_int_eq(check("{\"expect\": {\"decision\": null}}"), CORDON_OK);
    ck_assert_int_eq(check("{\"node\": \"A:1\", \"now\": 5, \"params\": {\"a\": 1}, "
                           "\"seed\": 1, \"id\": "
                           "7,\n\"expect\": {\"score\": 1}}"),
                     CORDON_E_DATA); /* one a line */
    ck_assert_int_eq(
        check("{\"expect\": {\"decision\": \"a\", \"score\": 1.5, \"outcome\": \"ok\", "
              "\"truncated\": true, \"max_edges\": 0, \"max_instructions\": 9}}\r\n"),
        CORDON_OK);
}
END_TEST

START_TEST(check__refuses_with_file_and_line)
{
    ck_assert_int_eq(check("\n\n{\"expect\": {\"score\": 1}}\n{\"expect\": 7}\n"),
                     CORDON_E_DATA);
    ck_assert_str_eq(err.file, "x_cases.ndjson");
    ck_assert_uint_eq(err.line, 4);
    ck_assert_ptr_nonnull(strstr(err.message, "a case needs \"expect\""));
}
END_TEST

/* ---- judging ---- */

static char told[4096];
static bool stop;

static void tell(void *ud, enum cdn_cases_told what, const char *line)
{
    size_t length = strlen(told);

    ck_assert_ptr_eq(ud, told);
    snprintf(told + length, sizeof(told) - length, "%s: %s\n",
             what == CDN_CASES_DIFFERS ? "differs" : "warns", line);
}

static bool stopped(void *ud)
{
    ck_assert_ptr_eq(ud, told);
    return stop;
}

static cordon_status judge(struct cdn_cases *cases, cordon_object_kind kind,
                           const char *name, const char *source, const char *text)
{
    const cordon_candidate candidate = {.struct_size = sizeof(candidate),
                                        .kind = kind,
                                        .name = name,
                                        .version = 3,
                                        .file = "x.lua",
                                        .source = source,
                                        .source_bytes = strlen(source),
                                        .cases = text,
                                        .cases_bytes = strlen(text)};

    cases->tell = tell;
    cases->stopped = stopped;
    cases->ud = told;
    cases->run = cases->failed = 0;
    told[0] = '\0';
    return cdn_cases_judge(cases, &candidate, &err);
}

static const char rule[] =
    "return { name = 'x', decisions = { 'low', 'high' }, fallback = 'high',\n"
    "  params = { n = { type = 'integer', default = 1 } },\n"
    "  evaluate = function(graph, request)\n"
    "    return { decision = request.params.n > 8 and 'high' or 'low' }\n"
    "  end }\n";

START_TEST(judge__counts_what_ran_and_what_differs)
{
    struct cdn_cases cases = {0};

    ck_assert_int_eq(judge(&cases, CORDON_OBJECT_RULE, "x", rule, ""), CORDON_OK);
    ck_assert_uint_eq(cases.run, 0);
    ck_assert_int_eq(judge(&cases, CORDON_OBJECT_RULE, "x", rule,
                           "{\"expect\": {\"decision\": \"low\"}}\n\n"
                           "{\"params\": {\"n\": 9}, \"expect\": {\"decision\": "
                           "\"low\", \"max_instructions\": 0}}\n"),
                     CORDON_E_DATA);
    ck_assert_uint_eq(cases.run, 2);
    ck_assert_uint_eq(cases.failed, 1);
    ck_assert_ptr_nonnull(strstr(told, "differs: x version 3, case on line 3: the "
                                       "decision is high, expected low"));
    ck_assert_ptr_nonnull(strstr(told, "expected at most 0"));
    ck_assert_str_eq(err.message, "1 of the 2 cases of 'x' version 3 failed");
    ck_assert_int_eq(
        judge(&cases, CORDON_OBJECT_RULE, "x", "return {}", "{\"expect\": {}}"),
        CORDON_E_RULE);
}
END_TEST

START_TEST(judge__ends_when_it_is_stopped)
{
    struct cdn_cases cases = {0};

    stop = true;
    ck_assert_int_eq(judge(&cases, CORDON_OBJECT_RULE, "x", rule,
                           "{\"expect\": {\"decision\": \"low\"}}\n"),
                     CORDON_E_INTERRUPTED);
    ck_assert_uint_eq(cases.run, 0);
    stop = false;
}
END_TEST

START_TEST(judge__of_a_set_takes_the_versions_that_decide)
{
    static const char set[] =
        "return { name = 's', decisions = { 'low', 'high' }, rules = { 'x', 'gone' } }";
    const cordon_change change = {.struct_size = sizeof(change), .author = "ann"};
    cordon_version_info info = {.struct_size = sizeof(info)};
    struct cdn_cases cases = {0};
    char folder[128], path[160];

    cdn_unit_folder(folder, sizeof(folder));
    snprintf(path, sizeof(path), "%s/rules.mdb", folder);
    ck_assert(
        !cordon_registry_open(&cases.registry, path, CORDON_REGISTRY_CREATE, &err));
    ck_assert(!cordon_registry_push(&info, cases.registry, CORDON_OBJECT_RULE, rule,
                                    strlen(rule), "x.lua", NULL, 0, &change, &err));
    ck_assert(
        !cordon_registry_activate(cases.registry, "x", 1, NULL, NULL, &change, &err));
    ck_assert_int_eq(judge(&cases, CORDON_OBJECT_SET, "s", set,
                           "{\"params\": {\"n\": 9}, \"expect\": {\"decision\": "
                           "\"high\"}}\n"
                           "{\"expect\": {\"decision\": \"low\", \"outcome\": "
                           "\"ok\"}}\n"),
                     CORDON_E_DATA);
    ck_assert_ptr_nonnull(strstr(told, "warns: 's' names gone, and no version"));
    ck_assert_ptr_nonnull(
        strstr(told, "case on line 2: 'outcome' is expected, which a set"));
    ck_assert_uint_eq(cases.run, 2);
    ck_assert_uint_eq(cases.failed, 1);
    cordon_registry_close(cases.registry);
    unlink(path);
    snprintf(path, sizeof(path), "%s/rules.mdb-lock", folder);
    unlink(path);
    ck_assert_int_eq(rmdir(folder), 0);
}
END_TEST

#ifdef CORDON_FAILALLOC
START_TEST(judge__survives_every_allocation_failure)
{
    CDN_UNIT_FAILALLOC(nth)
    {
        struct cdn_cases cases = {0};
        cordon_status status = judge(&cases, CORDON_OBJECT_RULE, "x", rule,
                                     "{\"expect\": {\"decision\": \"low\"}}\n");

        ck_assert_int_eq(status, cdn_failalloc_fired() ? CORDON_E_NOMEM : CORDON_OK);
    }
}
END_TEST
#endif

static Suite *suite(void)
{
    Suite *s = suite_create("cases");

    CDN_UNIT_CASE(s, check__takes_requests_with_expectations);
    CDN_UNIT_CASE(s, check__refuses_with_file_and_line);
    CDN_UNIT_CASE(s, judge__counts_what_ran_and_what_differs);
    CDN_UNIT_CASE(s, judge__ends_when_it_is_stopped);
    CDN_UNIT_CASE(s, judge__of_a_set_takes_the_versions_that_decide);
#ifdef CORDON_FAILALLOC
    CDN_UNIT_CASE(s, judge__survives_every_allocation_failure);
#endif
    return s;
}

CDN_UNIT_MAIN(suite)
