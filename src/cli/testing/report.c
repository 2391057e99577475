/* What came of the tests, for people: a line a file, what failed beneath it, and a closing
 * line.  With -v also what passed, what it cost, and what tests printed. */
#include "cli/testing/report.h"

#include <inttypes.h>
#include <string.h>

#include "cli/testing/coverage.h"

#define INDENT "        "

static const char *plural(uint64_t count)
{
    return count == 1 ? "" : "s";
}

/* A text of several lines behind a word, the later ones below the first. */
static void show_lines(FILE *to, const char *word, const char *text)
{
    const char *at = text;

    while (*at) {
        size_t bytes = strcspn(at, "\n");

        fprintf(to, INDENT "  %-9s %.*s\n", at == text ? word : "", (int)bytes, at);
        at += bytes + (at[bytes] == '\n');
    }
}

static void show_failure(FILE *to, const struct cdn_test_file *file,
                         const struct cdn_test_failure *failure)
{
    fprintf(to, INDENT "%s:%" PRIu32 ": %s\n", file->path, failure->line,
            failure->message ? failure->message : "");
    if (failure->expected)
        show_lines(to, "expected", failure->expected);
    if (failure->actual)
        show_lines(to, "actual", failure->actual);
    if (failure->answer)
        show_lines(to, "answer", failure->answer);
    if (failure->dearest)
        show_lines(to, "dearest", failure->dearest);
}

static void show_test(const struct cdn_test_report *report,
                      const struct cdn_test_file *file, const struct cdn_test *test)
{
    static const struct {
        const char *word;
        enum cdn_style style;
    } verdicts[] = {[CDN_TEST_PASSED] = {"ok", CDN_STYLE_GREEN},
                    [CDN_TEST_FAILED] = {"FAIL", CDN_STYLE_RED},
                    [CDN_TEST_SKIPPED] = {"skip", CDN_STYLE_YELLOW},
                    [CDN_TEST_NOT_RUN] = {"", CDN_STYLE_NONE}};
    bool color = report->cli->out_color, silent;
    FILE *to = report->cli->out;
    char edges[32], instructions[32];

    silent = test->verdict == CDN_TEST_PASSED && !test->asserted;
    if (test->verdict == CDN_TEST_NOT_RUN ||
        (test->verdict != CDN_TEST_FAILED && !silent && !report->verbose))
        return;
    fprintf(to, "  %s%-4s%s  %s", cdn_style(color, verdicts[test->verdict].style),
            verdicts[test->verdict].word, cdn_style_end(color), test->name);
    if (test->skipped)
        fprintf(to, ": %s", test->skipped);
    if (report->verbose && test->evaluations)
        fprintf(to, "  %s(edges %s, instructions %s)%s",
                cdn_style(color, CDN_STYLE_DIM),
                cdn_show_count(edges, sizeof edges, test->edges),
                cdn_show_count(instructions, sizeof instructions, test->instructions),
                cdn_style_end(color));
    fputc('\n', to);
    if (silent)
        fprintf(to, INDENT "%s:%" PRIu32 ": %swarning:%s no assertion\n", file->path,
                test->line, cdn_style(color, CDN_STYLE_YELLOW), cdn_style_end(color));
    for (uint32_t i = 0; i < test->failure_count; i++)
        show_failure(to, file, &test->failures[i]);
    if (test->printed.length && (report->verbose || test->verdict == CDN_TEST_FAILED))
        show_lines(to, "printed", (const char *)test->printed.data);
}

void cdn_testing_report_file(const struct cdn_test_report *report,
                             const struct cdn_test_file *file)
{
    struct cdn_cli *cli = report->cli;
    struct cdn_test_counts counts = {0};

    if (report->format != CDN_TEST_PRETTY)
        return;
    if (file->status) {
        const struct cdn_diagnostic diagnostic = {
            .severity = "error",
            .file = file->err.file[0] ? file->err.file : file->path,
            .line = file->err.line,
            .column = file->err.column,
            .message = file->err.message,
            .source = (const char *)file->source.data,
            .source_bytes = file->source.length};

        cdn_diagnostic_print(cli->out, cli->out_color, &diagnostic);
        return;
    }
    cdn_testing_count(&counts, file);
    if (!(counts.passed + counts.failed + counts.skipped))
        return;
    if (counts.failed || !cli->quiet) {
        fprintf(cli->out, "%s%s%s  ", cdn_style(cli->out_color, CDN_STYLE_BOLD),
                file->path, cdn_style_end(cli->out_color));
        fprintf(cli->out, "%" PRIu64 " passed", counts.passed);
        if (counts.failed)
            fprintf(cli->out, ", %s%" PRIu64 " failed%s",
                    cdn_style(cli->out_color, CDN_STYLE_RED), counts.failed,
                    cdn_style_end(cli->out_color));
        if (counts.skipped)
            fprintf(cli->out, ", %" PRIu64 " skipped", counts.skipped);
        if (file->updated)
            fprintf(cli->out, ", %" PRIu64 " golden result%s written", file->updated,
                    plural(file->updated));
        fputc('\n', cli->out);
    }
    for (size_t i = 0; i < file->count; i++)
        if (!cli->quiet || file->tests[i].verdict == CDN_TEST_FAILED)
            show_test(report, file, &file->tests[i]);
    fflush(cli->out);
}

static cordon_status show_missing(FILE *to, const char *word,
                                  void (*make)(struct cdn_buf *out,
                                               const struct cdn_covered *rule),
                                  const struct cdn_covered *rule)
{
    struct cdn_buf missing = {0};
    bool failed;

    make(&missing, rule);
    if (missing.length)
        fprintf(to, "  %s never run: %s\n", word, (const char *)missing.data);
    failed = missing.failed;
    cdn_buf_deinit(&missing);
    return failed ? CORDON_E_NOMEM : CORDON_OK;
}

static void show_tally(FILE *to, const struct cdn_coverage_tally *tally)
{
    fprintf(to, "%" PRIu64 " of %" PRIu64 " lines (%.1f %%)", tally->lines_run,
            tally->lines, cdn_coverage_percent(tally->lines_run, tally->lines));
    if (tally->branches)
        fprintf(to, ", %" PRIu64 " of %" PRIu64 " branches (%.1f %%)",
                tally->branches_run, tally->branches,
                cdn_coverage_percent(tally->branches_run, tally->branches));
    fputc('\n', to);
}

static cordon_status show_coverage(const struct cdn_test_report *report)
{
    const struct cdn_coverage *coverage = report->options->coverage;
    bool color = report->cli->out_color;
    FILE *to = report->cli->out;
    cordon_status status = CORDON_OK;

    for (size_t i = 0; i < coverage->count && !status; i++) {
        const struct cdn_covered *rule = &coverage->rules[i];
        struct cdn_coverage_tally tally = {0};

        cdn_coverage_tally(&tally, rule);
        fprintf(to, "%scoverage%s  %s: ", cdn_style(color, CDN_STYLE_BOLD),
                cdn_style_end(color), rule->file);
        show_tally(to, &tally);
        status = show_missing(to, "lines", cdn_coverage_missing, rule);
        if (!status)
            status = show_missing(to, "branches", cdn_coverage_missing_branches, rule);
    }
    if (coverage->count > 1) {
        struct cdn_coverage_tally all;

        (void)cdn_coverage_reaches(coverage, 0, &all);
        fprintf(to, "%scoverage%s  all: ", cdn_style(color, CDN_STYLE_BOLD),
                cdn_style_end(color));
        show_tally(to, &all);
    }
    return status;
}

static cordon_status show_end(const struct cdn_test_report *report)
{
    const struct cdn_test_counts *counts = &report->counts;
    FILE *to = report->cli->out;
    cordon_status status = CORDON_OK;
    char wall[32];

    if (report->options->coverage)
        status = show_coverage(report);
    fprintf(to, "%" PRIu64 " passed, %" PRIu64 " failed, %" PRIu64 " skipped",
            counts->passed, counts->failed, counts->skipped);
    if (counts->not_run)
        fprintf(to, ", %" PRIu64 " not run", counts->not_run);
    if (counts->broken)
        fprintf(to, ", %" PRIu64 " file%s not loaded", counts->broken,
                plural(counts->broken));
    fprintf(to, " in %" PRIu64 " file%s (%s)\n", counts->files, plural(counts->files),
            cdn_show_ns(wall, sizeof wall, report->wall_ns));
    return status;
}

cordon_status cdn_testing_report_end(const struct cdn_test_report *report,
                                     cordon_error *err)
{
    cordon_status status = CORDON_OK;

    switch (report->format) {
    case CDN_TEST_JSON:
        status = cdn_testing_report_json(report);
        break;
    case CDN_TEST_TAP:
        cdn_testing_report_tap(report);
        break;
    case CDN_TEST_JUNIT:
        cdn_testing_report_junit(report);
        break;
    case CDN_TEST_GITHUB:
        cdn_testing_report_github(report);
        break;
    case CDN_TEST_PRETTY:
    default:
        status = show_end(report);
        break;
    }
    return status ? cdn_error_nomem(err) : CORDON_OK;
}
