/* What came of the tests as one JSON text. */
#include "cli/testing/report.h"

#include "codec/json.h"
#include "cli/testing/coverage.h"

static const char *const verdicts[] = {[CDN_TEST_PASSED] = "passed",
                                       [CDN_TEST_FAILED] = "failed",
                                       [CDN_TEST_SKIPPED] = "skipped",
                                       [CDN_TEST_NOT_RUN] = "not_run"};

static void write_text(struct cdn_json *json, const char *key, const char *text)
{
    if (text)
        cdn_json_key_cstr(json, key, text);
}

static void write_failure(struct cdn_json *json, const struct cdn_test_failure *failure)
{
    cdn_json_object(json);
    cdn_json_key_uint(json, "line", failure->line);
    cdn_json_key_cstr(json, "message", failure->message ? failure->message : "");
    write_text(json, "expected", failure->expected);
    write_text(json, "actual", failure->actual);
    write_text(json, "answer", failure->answer);
    write_text(json, "dearest", failure->dearest);
    cdn_json_object_end(json);
}

static void write_test(struct cdn_json *json, const struct cdn_test *test)
{
    cdn_json_object(json);
    cdn_json_key_cstr(json, "name", test->name);
    cdn_json_key_uint(json, "line", test->line);
    cdn_json_key_cstr(json, "verdict", verdicts[test->verdict]);
    write_text(json, "skipped", test->skipped);
    cdn_json_key_uint(json, "assertions", test->asserted);
    cdn_json_key_uint(json, "evaluations", test->evaluations);
    cdn_json_key_uint(json, "edges", test->edges);
    cdn_json_key_uint(json, "instructions", test->instructions);
    cdn_json_key_uint(json, "wall_ns", test->wall_ns);
    cdn_json_key(json, "failures");
    cdn_json_array(json);
    for (uint32_t i = 0; i < test->failure_count; i++)
        write_failure(json, &test->failures[i]);
    cdn_json_array_end(json);
    if (test->printed.length)
        cdn_json_key_cstr(json, "printed", (const char *)test->printed.data);
    cdn_json_object_end(json);
}

static void write_file(struct cdn_json *json, const struct cdn_test_file *file)
{
    cdn_json_object(json);
    cdn_json_key_cstr(json, "file", file->path);
    if (file->status) {
        cdn_json_key(json, "error");
        cdn_json_object(json);
        cdn_json_key_cstr(json, "message", file->err.message);
        write_text(json, "file", file->err.file[0] ? file->err.file : NULL);
        if (file->err.line)
            cdn_json_key_uint(json, "line", file->err.line);
        cdn_json_object_end(json);
    }
    cdn_json_key_uint(json, "golden_written", file->updated);
    cdn_json_key(json, "tests");
    cdn_json_array(json);
    for (size_t i = 0; i < file->count; i++)
        write_test(json, &file->tests[i]);
    cdn_json_array_end(json);
    cdn_json_object_end(json);
}

static void write_tally(struct cdn_json *json, const struct cdn_coverage_tally *tally)
{
    cdn_json_key_uint(json, "lines", tally->lines);
    cdn_json_key_uint(json, "lines_run", tally->lines_run);
    cdn_json_key_uint(json, "branches", tally->branches);
    cdn_json_key_uint(json, "branches_run", tally->branches_run);
}

static void write_rule(struct cdn_json *json, const struct cdn_covered *rule)
{
    struct cdn_coverage_tally tally = {0};

    cdn_coverage_tally(&tally, rule);
    cdn_json_object(json);
    cdn_json_key_cstr(json, "file", rule->file);
    write_tally(json, &tally);
    cdn_json_key_bool(json, "truncated", rule->truncated);
    cdn_json_key(json, "never_run");
    cdn_json_array(json);
    for (uint32_t i = 1; i <= rule->code.count; i++)
        if (rule->code.active[i] && !rule->hits[i])
            cdn_json_uint(json, i);
    cdn_json_array_end(json);
    cdn_json_key(json, "branches_never_run");
    cdn_json_array(json);
    for (uint32_t i = 0; i < rule->code.branch_count; i++) {
        const struct cdn_branch *branch = &rule->code.branches[i];

        for (uint32_t way = 0; way < branch->to_count; way++) {
            if (rule->jumps[branch->first + way])
                continue;
            cdn_json_object(json);
            cdn_json_key_uint(json, "line", branch->from);
            cdn_json_key_uint(json, "to", rule->code.targets[branch->first + way]);
            cdn_json_object_end(json);
        }
    }
    cdn_json_array_end(json);
    cdn_json_object_end(json);
}

static void write_coverage(struct cdn_json *json, const struct cdn_test_report *report)
{
    const struct cdn_coverage *coverage = report->options->coverage;
    struct cdn_coverage_tally all;
    bool reached = cdn_coverage_reaches(coverage, report->threshold, &all);

    cdn_json_key(json, "coverage");
    cdn_json_object(json);
    write_tally(json, &all);
    if (report->threshold >= 0) {
        cdn_json_key_double(json, "threshold", report->threshold);
        cdn_json_key_bool(json, "reached", reached);
    }
    cdn_json_key(json, "rules");
    cdn_json_array(json);
    for (size_t i = 0; i < coverage->count; i++)
        write_rule(json, &coverage->rules[i]);
    cdn_json_array_end(json);
    cdn_json_object_end(json);
}

cordon_status cdn_testing_report_json(const struct cdn_test_report *report)
{
    const struct cdn_test_counts *counts = &report->counts;
    struct cdn_buf text = {0};
    struct cdn_json json;
    bool failed;

    cdn_json_init(&json, &text, true);
    cdn_json_object(&json);
    cdn_json_key_uint(&json, "schema_version", 1);
    cdn_json_key_uint(&json, "passed", counts->passed);
    cdn_json_key_uint(&json, "failed", counts->failed);
    cdn_json_key_uint(&json, "skipped", counts->skipped);
    cdn_json_key_uint(&json, "not_run", counts->not_run);
    cdn_json_key_uint(&json, "files_not_loaded", counts->broken);
    cdn_json_key_uint(&json, "wall_ns", report->wall_ns);
    if (report->options->shuffle)
        cdn_json_key_uint(&json, "seed", report->options->seed);
    if (report->options->coverage)
        write_coverage(&json, report);
    cdn_json_key(&json, "files");
    cdn_json_array(&json);
    for (size_t i = 0; i < report->count; i++)
        write_file(&json, &report->files[i]);
    cdn_json_array_end(&json);
    cdn_json_object_end(&json);
    cdn_buf_text(&text, "\n");
    failed = text.failed;
    if (!failed)
        fwrite(text.data, 1, text.length, report->cli->out);
    cdn_buf_deinit(&text);
    return failed ? CORDON_E_NOMEM : CORDON_OK;
}
