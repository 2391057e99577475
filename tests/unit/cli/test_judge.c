/* Judging a candidate for the command line: what is told, and where. */
#include "support/unit.h"

#include "base/alloc.h"
#include "cli/judge.h"

static cordon_error err;

static struct cdn_cli cli;
static char *told; /* what was said on cli.err */
static size_t told_bytes;

static cordon_status judge(struct cdn_judge *judge_, const char *source,
                           const char *cases)
{
    const cordon_candidate candidate = {.struct_size = sizeof(candidate),
                                        .kind = CORDON_OBJECT_RULE,
                                        .name = "x",
                                        .version = 3,
                                        .file = "x.lua",
                                        .source = source,
                                        .source_bytes = strlen(source),
                                        .cases = cases,
                                        .cases_bytes = strlen(cases)};
    FILE *stream = open_memstream(&told, &told_bytes);
    cordon_status status;

    cdn_cli_init(&cli, stream, stream);
    *judge_ = (struct cdn_judge){.cli = &cli};
    status = cdn_candidate_judge(judge_, &candidate, &err);
    fclose(stream);
    return status;
}

static const char rule[] =
    "return { name = 'x', decisions = { 'low', 'high' }, fallback = 'high',\n"
    "  params = { n = { type = 'integer', default = 1 } },\n"
    "  evaluate = function(graph, request)\n"
    "    if request.params.n > 8 then error('too much') end\n"
    "    return { decision = 'low', score = request.params.n }\n"
    "  end }\n";

START_TEST(judge__tells_every_case_that_fails)
{
    struct cdn_judge judged;

    ck_assert_int_eq(
        judge(&judged, rule,
              "{\"expect\": {\"decision\": \"low\", \"score\": 1}}\n"
              "{\"params\": {\"n\": 2}, \"expect\": {\"score\": 3}}\n"
              "{\"params\": {\"n\": 9}, \"expect\": {\"decision\": "
              "\"high\"}}\n"
              "{\"params\": {\"n\": 9}, \"expect\": {\"decision\": "
              "\"high\", \"outcome\": \"error\"}}\n"
              "{\"params\": {\"n\": \"x\"}, \"expect\": {\"score\": 1}}\n"),
        CORDON_E_DATA);
    ck_assert_uint_eq(judged.cases, 5);
    ck_assert_uint_eq(judged.failed, 3);
    ck_assert_ptr_nonnull(
        strstr(told, "x version 3, case on line 2: score is 2, expected 3"));
    ck_assert_ptr_nonnull(strstr(told, "case on line 3: the outcome is error: "));
    ck_assert_ptr_null(strstr(told, "line 4"));
    ck_assert_ptr_nonnull(strstr(told, "case on line 5: "));
    ck_assert_str_eq(err.message, "3 of the 5 cases of 'x' version 3 failed");
    free(told);
}
END_TEST

START_TEST(judge__loads_even_without_cases)
{
    struct cdn_judge judged;

    ck_assert_int_eq(judge(&judged, rule, ""), CORDON_OK);
    free(told);
    ck_assert_int_eq(judge(&judged, "return {}", ""), CORDON_E_RULE);
    ck_assert_str_eq(err.file, "x.lua");
    free(told);
}
END_TEST

#ifdef CORDON_FAILALLOC
START_TEST(judge__survives_every_allocation_failure)
{
    CDN_UNIT_FAILALLOC(nth)
    {
        struct cdn_judge judged;
        cordon_status status =
            judge(&judged, rule, "{\"expect\": {\"decision\": \"low\"}}\n");

        ck_assert_int_eq(status, cdn_failalloc_fired() ? CORDON_E_NOMEM : CORDON_OK);
        free(told);
    }
}
END_TEST
#endif

static Suite *suite(void)
{
    Suite *s = suite_create("judge");

    CDN_UNIT_CASE(s, judge__tells_every_case_that_fails);
    CDN_UNIT_CASE(s, judge__loads_even_without_cases);
#ifdef CORDON_FAILALLOC
    CDN_UNIT_CASE(s, judge__survives_every_allocation_failure);
#endif
    return s;
}

CDN_UNIT_MAIN(suite)
