/* A bench written, read again, and compared with another. */
#include "support/unit.h"

#include <cordon/evaluate.h>

#include "base/alloc.h"
#include "cli/bench/saved.h"

static struct cdn_bench_report report;
static struct cdn_buf text;

/* Every figure differs from every other: 1000 * group + 100 * cost + quantile, plus one. */
static void setup(void)
{
    static const char *const groups[] = {"0", "10-99", "all"};

    memset(&report, 0, sizeof(report));
    report.identity = (struct cdn_bench_identity){
        .rule = "fan_out",
        .digest = "ab12",
        .snapshot_id = UINT64_C(0xfedcba9876543210),
        .workload = 0x12,
        .label = "Account",
        .seed = 7,
        .per_class = 20,
        .now_ms = 1700000000000,
        .as_of_ms = CORDON_NO_TIME,
    };
    report.file = "rules/fan_out.lua";
    report.rounds = 5;
    report.figures.groups = cdn_calloc(3, sizeof(*report.figures.groups));
    ck_assert_ptr_nonnull(report.figures.groups);
    report.figures.count = 3;
    for (unsigned g = 0; g < 3; g++) {
        struct cdn_bench_group *group = &report.figures.groups[g];

        snprintf(group->name, sizeof(group->name), "%s", groups[g]);
        group->runs = group->nodes = 10;
        group->outcomes[CORDON_OUTCOME_OK] = 10;
        for (unsigned c = 0; c < CDN_COSTS; c++) {
            for (unsigned q = 0; q < CDN_QUANTILES; q++)
                group->quantiles[c][q] = 1000 * g + 100 * c + q + 1;
            report.limits[c] = 10000;
        }
    }
    cdn_bench_json(&text, &report, NULL, true);
    ck_assert(!text.failed);
}

static void teardown(void)
{
    cdn_figures_deinit(&report.figures);
    cdn_buf_deinit(&text);
}

static void read_back(struct cdn_bench_saved *out)
{
    cordon_error err;

    ck_assert_msg(!cdn_bench_read(out, (const char *)text.data, text.length, &err),
                  "%s", err.message);
}

START_TEST(read__gives_what_was_written)
{
    struct cdn_bench_saved saved;

    read_back(&saved);
    ck_assert_str_eq(saved.identity.rule, "fan_out");
    ck_assert_str_eq(saved.identity.digest, "ab12");
    ck_assert_str_eq(saved.identity.label, "Account");
    ck_assert(saved.identity.snapshot_id == report.identity.snapshot_id);
    ck_assert_uint_eq(saved.identity.workload, 0x12);
    ck_assert_uint_eq(saved.identity.seed, 7);
    ck_assert_uint_eq(saved.identity.per_class, 20);
    ck_assert_int_eq(saved.identity.now_ms, 1700000000000);
    ck_assert(saved.identity.as_of_ms == CORDON_NO_TIME);
    ck_assert_uint_eq(saved.figures.count, 3);
    for (unsigned g = 0; g < 3; g++) {
        ck_assert_str_eq(saved.figures.groups[g].name, report.figures.groups[g].name);
        ck_assert_mem_eq(saved.figures.groups[g].quantiles,
                         report.figures.groups[g].quantiles,
                         sizeof(report.figures.groups[g].quantiles));
    }
    cdn_figures_deinit(&saved.figures);
}
END_TEST

START_TEST(read__refuses_every_truncation)
{
    struct cdn_bench_saved saved;
    cordon_error err;

    /* the last byte is the closing brace */
    for (size_t length = 0; length < text.length; length++) {
        char *exact = cdn_unit_exact(text.data, length);

        err.message[0] = '\0';
        ck_assert_int_eq(cdn_bench_read(&saved, exact, length, &err), CORDON_E_DATA);
        ck_assert(err.message[0]);
        cdn_figures_deinit(&saved.figures);
        free(exact);
    }
}
END_TEST

/* The text with `from` replaced by `to`, where it first stands. */
static void change(const char *from, const char *to)
{
    struct cdn_buf changed = {0};
    const char *whole = (const char *)text.data;
    const char *at = strstr(whole, from);

    ck_assert_msg(at != NULL, "the text has no %s", from);
    cdn_buf_append(&changed, whole, (size_t)(at - whole));
    cdn_buf_text(&changed, to);
    cdn_buf_text(&changed, at + strlen(from));
    ck_assert(!changed.failed);
    cdn_buf_deinit(&text);
    text = changed;
}

static const struct {
    const char *from, *to, *message;
} faults[] = {
    {"\"cordon-bench\"", "\"other\"", "it is no saved bench"},
    {"\"kind\"", "\"knid\"", "it is no saved bench"},
    {"\"schema_version\": 1", "\"schema_version\": 2", "schema_version 2"},
    {"\"schema_version\": 1", "\"schema_version\": \"1\"",
     "schema_version must be a whole"},
    {"\"fan_out\"", "17", "rule must be a short text"},
    {"\"fan_out\"", "\"fan\\u0000out\"", "rule must be a short text"},
    {"\"fan_out\"",
     "\"fan_out_fan_out_fan_out_fan_out_fan_out_fan_out_fan_out_fan_out_x\"",
     "rule must be a short text"},
    {"\"0000000000000012\"", "\"12\"", "workload must be 16 hexadecimal digits"},
    {"\"0000000000000012\"", "\"000000000000001\\u0000\"", "workload must be 16"},
    {"\"0000000000000012\"", "null", "workload must be 16"},
    {"\"fedcba9876543210\"", "\"FEDCBA9876543210\"", "snapshot_id must be 16"},
    {"\"now\": 1700000000000", "\"now\": \"today\"", "now must be a time"},
    {"\"as_of\": null", "\"as_off\": null", "as_of must be a time"},
    {"\"seed\": 7", "\"seed\": -7", "sample.seed must be a whole number"},
    {"\"sample\": {", "\"sample\": 1, \"x\": {", "sample must be an object"},
    {"\"groups\": [", "\"groups\": [7, ", "groups[0] must be an object"},
    {"\"groups\": [", "\"groups\": 5, \"x\": [", "groups must be a list"},
    {"\"costs\": {", "\"costs\": [], \"x\": {", "groups[0].costs must be an object"},
    {"\"edges\": {", "\"edgse\": {", "groups[0].costs.edges must be an object"},
    {"\"p999\": 104", "\"p999\": 1.5",
     "groups[0].costs.edges.p999 must be a whole number"},
    {"\"p999\": 104", "\"x\": 104",
     "groups[0].costs.edges.p999 must be a whole number"},
};

START_TEST(read__names_what_is_wrong)
{
    struct cdn_bench_saved saved;
    cordon_status status;
    cordon_error err;

    change(faults[_i].from, faults[_i].to);
    status = cdn_bench_read(&saved, (const char *)text.data, text.length, &err);
    ck_assert_int_eq(status, CORDON_E_DATA);
    ck_assert_msg(strstr(err.message, faults[_i].message) != NULL, "%s", err.message);
    cdn_figures_deinit(&saved.figures);
}
END_TEST

static cordon_status compare(struct cdn_bench_comparison *out, cordon_error *err)
{
    struct cdn_bench_saved saved;
    cordon_status status;

    read_back(&saved);
    status = cdn_bench_compare(out, &report, &saved, err);
    cdn_figures_deinit(&saved.figures);
    return status;
}

START_TEST(compare__finds_what_grew_by_more_than_allowed)
{
    struct cdn_bench_comparison out = {.threshold = 10, .time_threshold = -1};
    struct cdn_bench_group *group = &report.figures.groups[1];

    ck_assert_int_eq(compare(&out, NULL), CORDON_OK);
    ck_assert_uint_eq(out.count, 0);
    ck_assert(out.same_rule);
    cdn_free(out.changes);

    snprintf(report.identity.digest, sizeof(report.identity.digest), "other");
    group->quantiles[CDN_COST_EDGES][CDN_QUANTILE_P90] = 1211; /* from 1102: 9.9 % */
    group->quantiles[CDN_COST_EDGES][CDN_QUANTILE_P99] = 1214; /* from 1103: 10.1 % */
    group->quantiles[CDN_COST_INSTRUCTIONS][CDN_QUANTILE_P50] = 1; /* fell */
    group->quantiles[CDN_COST_OUTPUT][CDN_QUANTILE_MAX] = 99999;   /* is not compared */
    group->quantiles[CDN_COST_TIME][CDN_QUANTILE_P99] = 99999;     /* neither */
    ck_assert_int_eq(compare(&out, NULL), CORDON_OK);
    ck_assert(!out.same_rule);
    ck_assert_uint_eq(out.count, 3);
    ck_assert_uint_eq(out.regressions, 1);
    ck_assert_int_eq(out.changes[0].cost, CDN_COST_INSTRUCTIONS);
    ck_assert(!out.changes[0].regressed && !out.changes[1].regressed);
    ck_assert(out.changes[2].regressed);
    ck_assert_uint_eq(out.changes[2].group, 1);
    ck_assert_uint_eq(out.changes[2].before, 1103);
    ck_assert_uint_eq(out.changes[2].after, 1214);
    cdn_free(out.changes);

    out.threshold = 11;
    ck_assert_int_eq(compare(&out, NULL), CORDON_OK);
    ck_assert_uint_eq(out.regressions, 0);
    cdn_free(out.changes);
    out.threshold = 0;
    out.time_threshold = 50;
    ck_assert_int_eq(compare(&out, NULL), CORDON_OK);
    ck_assert_uint_eq(out.regressions, 3);
    cdn_free(out.changes);
}
END_TEST

START_TEST(compare__counts_growth_from_nothing)
{
    struct cdn_bench_comparison out = {.threshold = 1e6, .time_threshold = -1};
    uint64_t *edges = report.figures.groups[0].quantiles[CDN_COST_EDGES];

    edges[CDN_QUANTILE_P50] = 0;
    cdn_buf_clear(&text);
    cdn_bench_json(&text, &report, NULL, false);
    edges[CDN_QUANTILE_P50] = 1;
    ck_assert_int_eq(compare(&out, NULL), CORDON_OK);
    ck_assert_uint_eq(out.regressions, 1);
    cdn_free(out.changes);
}
END_TEST

START_TEST(compare__refuses_what_did_not_ask_the_same)
{
    const struct cdn_bench_identity identity = report.identity;
    struct cdn_bench_identity *now = &report.identity;
    const char *wanted[] = {"of the rule 'fan_out', not of 'other'",
                            "another snapshot",
                            "--label",
                            "--sample",
                            "--seed",
                            "--now",
                            "--as-of",
                            "set of requests",
                            "has no group '1-9'"};

    for (int i = 0; i < CDN_UNIT_COUNT(wanted); i++) {
        struct cdn_bench_comparison out = {.threshold = 10, .time_threshold = -1};
        cordon_error err;

        *now = identity;
        switch (i) {
        case 0:
            snprintf(now->rule, sizeof(now->rule), "other");
            break;
        case 1:
            now->snapshot_id++;
            break;
        case 2:
            now->label[0] = '\0';
            break;
        case 3:
            now->per_class++;
            break;
        case 4:
            now->seed++;
            break;
        case 5:
            now->now_ms++;
            break;
        case 6:
            now->as_of_ms = 0;
            break;
        case 7:
            now->workload++;
            break;
        default:
            snprintf(report.figures.groups[0].name, 8, "1-9");
            break;
        }
        ck_assert_int_eq(compare(&out, &err), CORDON_E_DATA);
        ck_assert_msg(strstr(err.message, wanted[i]) != NULL, "%s", err.message);
        cdn_free(out.changes);
    }
}
END_TEST

#ifdef CORDON_FAILALLOC
START_TEST(read_and_compare__survive_every_allocation_failure)
{
    report.figures.groups[0].quantiles[CDN_COST_EDGES][0] = 9;
    CDN_UNIT_FAILALLOC(nth)
    {
        struct cdn_bench_comparison out = {.threshold = 10, .time_threshold = -1};
        struct cdn_bench_saved saved;
        cordon_status status =
            cdn_bench_read(&saved, (const char *)text.data, text.length, NULL);

        if (!status)
            status = cdn_bench_compare(&out, &report, &saved, NULL);
        ck_assert_int_eq(status, cdn_failalloc_fired() ? CORDON_E_NOMEM : CORDON_OK);
        cdn_free(out.changes);
        cdn_figures_deinit(&saved.figures);
    }
}
END_TEST
#endif

static Suite *suite(void)
{
    Suite *s = suite_create("saved");

    CDN_UNIT_CASE_IN(s, read__gives_what_was_written, setup, teardown);
    CDN_UNIT_CASE_IN(s, read__refuses_every_truncation, setup, teardown);
    {
        TCase *row = tcase_create("read__names_what_is_wrong");

        tcase_add_checked_fixture(row, setup, teardown);
        tcase_add_loop_test(row, read__names_what_is_wrong, 0, CDN_UNIT_COUNT(faults));
        suite_add_tcase(s, row);
    }
    CDN_UNIT_CASE_IN(s, compare__finds_what_grew_by_more_than_allowed, setup, teardown);
    CDN_UNIT_CASE_IN(s, compare__counts_growth_from_nothing, setup, teardown);
    CDN_UNIT_CASE_IN(s, compare__refuses_what_did_not_ask_the_same, setup, teardown);
#ifdef CORDON_FAILALLOC
    CDN_UNIT_CASE_IN(s, read_and_compare__survive_every_allocation_failure, setup,
                     teardown);
#endif
    return s;
}

CDN_UNIT_MAIN(suite)
