/* What came of the tests for other programs that read lines: TAP 13, JUnit's XML and the
 * annotations of GitHub's workflows.  Texts have had their control characters escaped before,
 * newlines too, so that each format has only its own few characters to mind. */
#include "cli/testing/report.h"

#include <inttypes.h>
#include <string.h>

/* A text in which each of some characters is replaced. */
struct replacing {
    char from;
    const char *to;
};

static void put(FILE *to, const char *text, const struct replacing *rules, size_t count)
{
    for (; *text; text++) {
        const char *instead = NULL;

        for (size_t i = 0; i < count; i++)
            if (*text == rules[i].from)
                instead = rules[i].to;
        if (instead)
            fputs(instead, to);
        else
            fputc(*text, to);
    }
}

/* ---- TAP ---- */

static void put_tap(FILE *to, const char *text)
{
    static const struct replacing rules[] = {{'#', "\\#"}, {'\\', "\\\\"}, {'\n', " "}};

    put(to, text, rules, CDN_COUNT(rules));
}

/* A line of the YAML below a test. */
static void tap_line(FILE *to, const char *key, const char *text)
{
    static const struct replacing rules[] = {
        {'"', "\\\""}, {'\\', "\\\\"}, {'\n', "\\n"}, {'\t', "\\t"}};

    if (!text)
        return;
    fprintf(to, "    %s: \"", key);
    put(to, text, rules, CDN_COUNT(rules));
    fputs("\"\n", to);
}

static void tap_failure(FILE *to, const struct cdn_test_file *file,
                        const struct cdn_test_failure *failure)
{
    fprintf(to, "  ---\n");
    tap_line(to, "message", failure->message ? failure->message : "");
    tap_line(to, "file", file->path);
    fprintf(to, "    line: %" PRIu32 "\n", failure->line);
    tap_line(to, "expected", failure->expected);
    tap_line(to, "actual", failure->actual);
    tap_line(to, "answer", failure->answer);
    tap_line(to, "dearest", failure->dearest);
    fprintf(to, "  ...\n");
}

static void tap_test(FILE *to, uint64_t number, const struct cdn_test_file *file,
                     const struct cdn_test *test)
{
    fprintf(to, "%s %" PRIu64 " - ", test->verdict == CDN_TEST_FAILED ? "not ok" : "ok",
            number);
    put_tap(to, file->path);
    fputs(": ", to);
    put_tap(to, test->name);
    if (test->verdict == CDN_TEST_SKIPPED || test->verdict == CDN_TEST_NOT_RUN) {
        fputs(" # SKIP ", to);
        put_tap(to, test->skipped                       ? test->skipped
                    : test->verdict == CDN_TEST_SKIPPED ? "pending"
                                                        : "not run");
    }
    fputc('\n', to);
    for (uint32_t i = 0; i < test->failure_count; i++)
        tap_failure(to, file, &test->failures[i]);
}

void cdn_testing_report_tap(const struct cdn_test_report *report)
{
    const struct cdn_test_counts *counts = &report->counts;
    FILE *to = report->cli->out;
    uint64_t number = 0;

    fprintf(to, "TAP version 13\n1..%" PRIu64 "\n",
            counts->passed + counts->failed + counts->skipped + counts->not_run +
                counts->broken);
    for (size_t i = 0; i < report->count; i++) {
        const struct cdn_test_file *file = &report->files[i];

        for (size_t k = 0; k < file->count && !file->status; k++)
            tap_test(to, ++number, file, &file->tests[k]);
        if (!file->status)
            continue;
        fprintf(to, "not ok %" PRIu64 " - ", ++number);
        put_tap(to, file->path);
        fputs(": does not load\n  ---\n", to);
        tap_line(to, "message", file->err.message);
        fprintf(to, "    line: %" PRIu32 "\n  ...\n", file->err.line);
    }
}

/* ---- JUnit ---- */

static void put_xml(FILE *to, const char *text)
{
    static const struct replacing rules[] = {
        {'&', "&amp;"}, {'<', "&lt;"}, {'>', "&gt;"}, {'"', "&quot;"}, {'\n', "&#10;"}};

    put(to, text, rules, CDN_COUNT(rules));
}

static void xml_part(FILE *to, const char *word, const char *text)
{
    if (!text)
        return;
    fprintf(to, "%s: ", word);
    put_xml(to, text);
    fputc('\n', to);
}

static void junit_failure(FILE *to, const struct cdn_test_file *file,
                          const struct cdn_test_failure *failure)
{
    fputs("      <failure message=\"", to);
    put_xml(to, failure->message ? failure->message : "");
    fputs("\">", to);
    put_xml(to, file->path);
    fprintf(to, ":%" PRIu32 "\n", failure->line);
    xml_part(to, "expected", failure->expected);
    xml_part(to, "actual", failure->actual);
    xml_part(to, "answer", failure->answer);
    xml_part(to, "dearest", failure->dearest);
    fputs("</failure>\n", to);
}

static void junit_test(FILE *to, const struct cdn_test_file *file,
                       const struct cdn_test *test)
{
    fputs("    <testcase classname=\"", to);
    put_xml(to, file->path);
    fputs("\" name=\"", to);
    put_xml(to, test->name);
    fprintf(to, "\" line=\"%" PRIu32 "\" time=\"%.6f\">\n", test->line,
            (double)test->wall_ns / 1e9);
    for (uint32_t i = 0; i < test->failure_count; i++)
        junit_failure(to, file, &test->failures[i]);
    if (test->verdict == CDN_TEST_SKIPPED || test->verdict == CDN_TEST_NOT_RUN) {
        fputs("      <skipped message=\"", to);
        put_xml(to, test->skipped                       ? test->skipped
                    : test->verdict == CDN_TEST_SKIPPED ? "pending"
                                                        : "not run");
        fputs("\"/>\n", to);
    }
    if (test->printed.length) {
        fputs("      <system-out>", to);
        put_xml(to, (const char *)test->printed.data);
        fputs("</system-out>\n", to);
    }
    fputs("    </testcase>\n", to);
}

static void junit_file(FILE *to, const struct cdn_test_file *file)
{
    struct cdn_test_counts counts = {0};

    cdn_testing_count(&counts, file);
    fputs("  <testsuite name=\"", to);
    put_xml(to, file->path);
    fprintf(to,
            "\" tests=\"%" PRIu64 "\" failures=\"%" PRIu64 "\" errors=\"%" PRIu64
            "\" skipped=\"%" PRIu64 "\">\n",
            (uint64_t)file->count + counts.broken, counts.failed, counts.broken,
            counts.skipped + counts.not_run);
    for (size_t i = 0; i < file->count && !file->status; i++)
        junit_test(to, file, &file->tests[i]);
    if (file->status) {
        fputs("    <testcase classname=\"", to);
        put_xml(to, file->path);
        fputs("\" name=\"loads\">\n      <error message=\"", to);
        put_xml(to, file->err.message);
        fprintf(to, "\">line %" PRIu32 "</error>\n    </testcase>\n", file->err.line);
    }
    fputs("  </testsuite>\n", to);
}

void cdn_testing_report_junit(const struct cdn_test_report *report)
{
    const struct cdn_test_counts *counts = &report->counts;
    FILE *to = report->cli->out;

    fprintf(to,
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites tests=\"%" PRIu64
            "\" failures=\"%" PRIu64 "\" errors=\"%" PRIu64 "\" time=\"%.6f\">\n",
            counts->passed + counts->failed + counts->skipped + counts->not_run +
                counts->broken,
            counts->failed, counts->broken, (double)report->wall_ns / 1e9);
    for (size_t i = 0; i < report->count; i++)
        junit_file(to, &report->files[i]);
    fputs("</testsuites>\n", to);
}

/* ---- GitHub ---- */

static void put_annotation(FILE *to, const char *text, bool property)
{
    static const struct replacing rules[] = {
        {'%', "%25"}, {'\n', "%0A"}, {'\r', "%0D"}, {':', "%3A"}, {',', "%2C"}};

    put(to, text, rules, property ? CDN_COUNT(rules) : CDN_COUNT(rules) - 2);
}

static void begin_annotation(FILE *to, const char *level, const char *file,
                             uint32_t line, const char *title)
{
    fprintf(to, "::%s file=", level);
    put_annotation(to, file, true);
    if (line)
        fprintf(to, ",line=%" PRIu32, line);
    fputs(",title=", to);
    put_annotation(to, title, true);
    fputs("::", to);
}

static void annotate_failure(FILE *to, const struct cdn_test_file *file,
                             const struct cdn_test *test,
                             const struct cdn_test_failure *failure)
{
    const struct {
        const char *word;
        const char *text;
    } parts[] = {{"expected ", failure->expected},
                 {"actual ", failure->actual},
                 {"answer ", failure->answer},
                 {"dearest ", failure->dearest}};

    begin_annotation(to, "error", file->path, failure->line, test->name);
    put_annotation(to, failure->message ? failure->message : "", false);
    for (size_t i = 0; i < CDN_COUNT(parts); i++) {
        if (!parts[i].text)
            continue;
        fprintf(to, "%%0A%s", parts[i].word);
        put_annotation(to, parts[i].text, false);
    }
    fputc('\n', to);
}

void cdn_testing_report_github(const struct cdn_test_report *report)
{
    FILE *to = report->cli->out;

    for (size_t i = 0; i < report->count; i++) {
        const struct cdn_test_file *file = &report->files[i];

        if (file->status) {
            begin_annotation(to, "error",
                             file->err.file[0] ? file->err.file : file->path,
                             file->err.line, "does not load");
            put_annotation(to, file->err.message, false);
            fputc('\n', to);
        }
        for (size_t k = 0; k < file->count; k++) {
            const struct cdn_test *test = &file->tests[k];

            for (uint32_t f = 0; f < test->failure_count; f++)
                annotate_failure(to, file, test, &test->failures[f]);
            if (test->verdict == CDN_TEST_PASSED && !test->asserted) {
                begin_annotation(to, "warning", file->path, test->line, test->name);
                fputs("no assertion\n", to);
            }
        }
    }
}
