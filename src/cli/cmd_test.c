/* cordon test: rules tested by the tests that stand beside them.
 *
 * What a test file is and how it runs is testing/'s; here are the options, the exit code, and
 * watching for changes. */
#include "cli/cli.h"

#include <regex.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "cli/project/manifest.h"
#include "cli/session.h"
#include "cli/settings.h"
#include "cli/testing/coverage.h"
#include "cli/testing/testing.h"
#include "cli/tier.h"

#define MAX_REPEAT  UINT64_C(100000)
#define MAX_THREADS 64

struct testing {
    struct cdn_cli *cli;
    const char *const *paths;
    size_t path_count;
    /* options */
    const char *run;
    const char *config;
    struct cdn_strings tags;
    struct cdn_tier_choice tier;
    uint64_t threads;
    uint64_t seed;
    uint64_t repeat;
    double threshold;
    int format;
    bool fail_on_empty;
    bool coverage_wanted;
    bool watch;
    /* work */
    struct cdn_test_options options;
    char worker[PATH_MAX]; /* cordon-worker; "": nowhere */
    struct cdn_settings settings;
    struct cdn_coverage coverage;
    regex_t regex;
    bool has_regex;
};

/* ---- setting up ---- */

static int check_options(struct testing *testing)
{
    struct cdn_cli *cli = testing->cli;
    const struct cdn_session limits = {.cli = cli, .limits = testing->options.limits};
    char why[200];
    int fault = cdn_session_check(&limits);

    if (fault)
        return fault;

    if (testing->repeat > MAX_REPEAT)
        return cdn_cli_usage(cli, "--repeat takes at most 100000");
    if (testing->threads > MAX_THREADS)
        return cdn_cli_usage(cli, "--parallel takes at most %d", MAX_THREADS);
    if (testing->threshold >= 0 && !testing->coverage_wanted)
        return cdn_cli_usage(cli, "--threshold goes with --coverage");
    if (testing->threshold > 100)
        return cdn_cli_usage(cli, "--threshold takes a percentage, 0 to 100");
    if (testing->watch && testing->options.update)
        return cdn_cli_usage(cli, "--watch and --update exclude each other: what is "
                                  "kept is to be looked at");
    if (testing->watch && testing->format != CDN_TEST_PRETTY)
        return cdn_cli_usage(cli, "--watch is for people: --format pretty");
    if (!testing->run)
        return CDN_EXIT_OK;
    fault = regcomp(&testing->regex, testing->run, REG_EXTENDED | REG_NOSUB);
    if (fault) {
        regerror(fault, &testing->regex, why, sizeof why);
        return cdn_cli_usage(cli, "--run '%s' is no regular expression: %s",
                             testing->run, why);
    }
    testing->has_regex = true;
    testing->options.run_regex = &testing->regex;
    return CDN_EXIT_OK;
}

/* The rules' ceilings are those of the settings, as they are for eval; what the command line
 * asks for beyond them raises them. */
static int take_settings(struct testing *testing)
{
    const struct cdn_setting_flags flags = {.config = testing->config};
    cordon_engine_options *engine = &testing->options.engine;
    cordon_error err;
    int code;

    if (cdn_settings_load(&testing->settings, &flags, &err)) {
        cdn_cli_error_of(testing->cli, &err);
        return CDN_EXIT_DATA;
    }
    *engine = testing->settings.engine;
    cdn_session_raise_ceilings(engine, &testing->options.limits);
    engine->interrupt_slots = CORDON_NONE;
    return cdn_tier_choose(testing->cli, engine, &testing->tier, testing->worker, &code)
               ? CDN_EXIT_OK
               : code;
}

static uint32_t thread_count(const struct testing *testing)
{
    long processors;

    if (testing->threads)
        return (uint32_t)testing->threads;
    processors = sysconf(_SC_NPROCESSORS_ONLN);
    return processors < 1             ? 1
           : processors > MAX_THREADS ? MAX_THREADS
                                      : (uint32_t)processors;
}

/* ---- one run ---- */

static void on_file(void *ud, const struct cdn_test_file *file)
{
    struct cdn_test_report *report = ud;

    cdn_testing_report_file(report, file);
}

static int exit_code(const struct testing *testing,
                     const struct cdn_test_report *report)
{
    const struct cdn_test_counts *counts = &report->counts;
    struct cdn_coverage_tally all;

    if (cdn_cli_stopped(testing->cli))
        return CDN_EXIT_INTERRUPTED;
    if (counts->broken)
        return CDN_EXIT_USAGE;
    if (counts->failed)
        return CDN_EXIT_FINDINGS;
    if (testing->fail_on_empty && !(counts->passed + counts->skipped)) {
        cdn_cli_error(testing->cli,
                      "no test ran, and --fail-on-empty says that this is "
                      "a failure");
        return CDN_EXIT_FINDINGS;
    }
    if (testing->threshold >= 0 &&
        !cdn_coverage_reaches(&testing->coverage, testing->threshold, &all)) {
        cdn_cli_error(testing->cli,
                      "coverage is %.1f %% of lines and %.1f %% of branches, below the "
                      "threshold of %.15g %%",
                      cdn_coverage_percent(all.lines_run, all.lines),
                      cdn_coverage_percent(all.branches_run, all.branches),
                      testing->threshold);
        return CDN_EXIT_FINDINGS;
    }
    return CDN_EXIT_OK;
}

static int run_files(struct testing *testing, struct cdn_test_file *files, size_t count)
{
    struct cdn_test_report report = {
        .cli = testing->cli,
        .format = (enum cdn_test_format)testing->format,
        .files = files,
        .count = count,
        .options = &testing->options,
        .threshold = testing->threshold,
        .verbose = testing->cli->verbose > 0,
    };
    uint64_t began_ns = cdn_clock_ns();
    cordon_error err;
    cordon_status status;

    cdn_error_clear(&err);
    status = cdn_testing_run(files, count, thread_count(testing), &testing->options,
                             on_file, &report, &err);
    report.wall_ns = cdn_clock_ns() - began_ns;
    for (size_t i = 0; i < count; i++)
        cdn_testing_count(&report.counts, &files[i]);
    if (!status)
        status = cdn_testing_report_end(&report, &err);
    if (status) {
        cdn_cli_error_of(testing->cli, &err);
        return CDN_EXIT_DATA;
    }
    return exit_code(testing, &report);
}

/* Find the tests and run them; *paths is the caller's to deinit. */
static int run_once(struct testing *testing, struct cdn_test_paths *paths)
{
    struct cdn_test_file *files;
    const char *at;
    cordon_error err;
    int code;

    if (cdn_testing_find(paths, testing->paths, testing->path_count, &err)) {
        cdn_cli_error_of(testing->cli, &err);
        return CDN_EXIT_DATA;
    }
    files = cdn_calloc(paths->count + 1, sizeof *files);
    if (!files) {
        cdn_cli_error(testing->cli, "out of memory");
        return CDN_EXIT_DATA;
    }
    at = (const char *)paths->text.data;
    for (size_t i = 0; i < paths->count; i++, at += strlen(at) + 1)
        files[i].path = at;
    if (!paths->count)
        cdn_cli_note(testing->cli,
                     "no test was found; a test of velocity.lua is called "
                     "velocity_test.lua");
    code = run_files(testing, files, paths->count);
    for (size_t i = 0; i < paths->count; i++)
        cdn_testing_file_deinit(&files[i]);
    cdn_free(files);
    return code;
}

/* ---- watching ---- */

#define WATCH_MS 300

/* Run again whenever something below the paths has changed, until interrupted. */
static int watch(struct testing *testing)
{
    int code = CDN_EXIT_OK;

    while (!cdn_cli_stopped(testing->cli)) {
        struct cdn_test_paths paths = {0};
        uint64_t before = cdn_testing_fingerprint(testing->paths, testing->path_count);

        code = run_once(testing, &paths);
        cdn_buf_deinit(&paths.text);
        cdn_coverage_deinit(&testing->coverage);
        fflush(testing->cli->out);
        cdn_cli_note(testing->cli, "waiting for changes; Ctrl-C ends it");
        while (!cdn_cli_stopped(testing->cli) &&
               cdn_testing_fingerprint(testing->paths, testing->path_count) == before)
            usleep(WATCH_MS * 1000);
    }
    return cdn_cli_stopped(testing->cli) ? CDN_EXIT_INTERRUPTED : code;
}

/* ---- the command ---- */

static int run_all(struct testing *testing)
{
    struct cdn_test_paths paths = {0};
    int code = check_options(testing);

    if (!code)
        code = take_settings(testing);
    if (code)
        return code;
    testing->options.seed = testing->seed;
    testing->options.repeat = testing->repeat;
    testing->options.tags = &testing->tags;
    testing->options.cancel = testing->cli->cancel;
    testing->options.coverage = testing->coverage_wanted ? &testing->coverage : NULL;
    if (testing->watch)
        return watch(testing);
    code = run_once(testing, &paths);
    cdn_buf_deinit(&paths.text);
    return code;
}

/* Where nothing is named, the roots of the project in this folder; an exit code. */
static int use_project(struct testing *testing, struct cdn_manifest *project)
{
    cordon_error err;
    cordon_status status;

    cdn_error_clear(&err);
    status = cdn_manifest_read(project, CDN_MANIFEST_FILE, &err);
    if (!status)
        status = cdn_manifest_check_roots(project, &err);
    if (status) {
        cdn_cli_error_of(testing->cli, &err);
        return CDN_EXIT_DATA;
    }
    testing->paths = project->roots;
    testing->path_count = project->root_count;
    return CDN_EXIT_OK;
}

static int run(struct cdn_cli *cli, int argc, char **argv)
{
    static const char *const here[] = {"."};
    struct testing testing = {
        .cli = cli, .repeat = 1, .threshold = -1, .seed = 1, .format = CDN_TEST_PRETTY};
    struct cdn_test_options *to = &testing.options;
    const struct cdn_option options[] = {
        {"run", 'r', CDN_OPTION_STRING, &testing.run, "REGEX",
         "only tests whose full names match", NULL},
        {"tags", 0, CDN_OPTION_LIST, &testing.tags, "TAG",
         "only tests with #TAG in their names; may be given again", NULL},
        {"parallel", 'p', CDN_OPTION_POSITIVE, &testing.threads, "N",
         "files run at once (default: the processors)", NULL},
        {"shuffle", 0, CDN_OPTION_FLAG, &to->shuffle, NULL,
         "run tests in another order", NULL},
        {"seed", 0, CDN_OPTION_INTEGER, &testing.seed, "N",
         "the order of --shuffle (default: 1)", NULL},
        {"repeat", 0, CDN_OPTION_POSITIVE, &testing.repeat, "N",
         "run each test N times, until it fails", NULL},
        {"fail-fast", 0, CDN_OPTION_FLAG, &to->fail_fast, NULL,
         "stop at the first failure", NULL},
        {"fail-on-empty", 0, CDN_OPTION_FLAG, &testing.fail_on_empty, NULL,
         "that no test ran is a failure", NULL},
        {"coverage", 0, CDN_OPTION_FLAG, &testing.coverage_wanted, NULL,
         "which lines and branches of the rules ran", NULL},
        {"threshold", 0, CDN_OPTION_NUMBER, &testing.threshold, "PCT",
         "exit 1 if fewer lines, or branches, ran", NULL},
        {"update", 0, CDN_OPTION_FLAG, &to->update, NULL,
         "take golden results as they come out now", NULL},
        {"watch", 'w', CDN_OPTION_FLAG, &testing.watch, NULL,
         "run again whenever a file changes", NULL},
        {"format", 'o', CDN_OPTION_CHOICE, &testing.format, "FORMAT",
         "pretty, json, tap (13), junit or github (annotations)",
         "pretty|json|tap|junit|github"},
        {"as-of", 0, CDN_OPTION_TIME, &to->as_of_ms, "TIME",
         "for evaluations that say none: no edge later exists", NULL},
        CDN_TIER_OPTION(testing.tier),
        CDN_LIMIT_OPTIONS(to->limits),
        {"config", 0, CDN_OPTION_STRING, &testing.config, "FILE",
         "ceilings: see cordon config show", NULL},
    };
    struct cdn_manifest project = {0};
    int code;

    to->limits = (cordon_limits)CORDON_LIMITS_INIT;
    to->as_of_ms = CORDON_NO_TIME;
    if (!cdn_options_parse(cli, options, CDN_COUNT(options), &argc, argv, &code)) {
        cdn_strings_deinit(&testing.tags);
        return code;
    }
    testing.paths = argc ? (const char *const *)argv : here;
    testing.path_count = argc ? (size_t)argc : 1;
    code = !argc && cdn_manifest_here() ? use_project(&testing, &project) : CDN_EXIT_OK;
    if (!code)
        code = cdn_cli_finish(cli, run_all(&testing));
    cdn_manifest_deinit(&project);
    if (testing.has_regex)
        regfree(&testing.regex);
    cdn_coverage_deinit(&testing.coverage);
    cdn_settings_deinit(&testing.settings);
    cdn_strings_deinit(&testing.tags);
    return code;
}

const struct cdn_command cdn_command_test = {
    .name = "test",
    .summary = "run the tests that stand beside rules",
    .run = run,
    .usage = "[FILE|FOLDER...] [OPTION...]",
    .examples =
        "cordon test                              # all below, or what cordon.lua "
        "names\n"
        "cordon test rules/fraud/velocity.lua     # velocity_test.lua beside it\n"
        "cordon test rules -r 'ten transfers'     # by name\n"
        "cordon test rules --update               # take golden results as they are\n"
        "cordon test rules --coverage --threshold 90\n"
        "cordon test rules -o junit > tests.xml   # for a build server\n"
        "cordon test rules --tier process         # the rules behind a wall\n"
        "cordon test rules -w                     # again on every save",
    .details =
        "A test file is velocity_test.lua beside velocity.lua, or velocity_spec.lua "
        "in\n"
        "a folder spec. Its tests are functions called test_something, or what\n"
        "describe and it say; todo_test_something is skipped.\n"
        "\n"
        "  local bank = fixture {\n"
        "    nodes = [[ Account:17 country=\"DE\" ]],\n"
        "    edges = [[ Account:17 -transfer-> Account:18 2026-11-24T10:00Z amount=900 "
        "]],\n"
        "  }\n"
        "  it(\"lets a single transfer pass\", function()\n"
        "    local answer = evaluate { graph = bank, node = \"Account:17\" }\n"
        "    assert.decision(\"allow\", answer)\n"
        "    assert.cost_below({ edges = 10 }, answer)\n"
        "  end)\n"
        "\n"
        "Tests run in the sandbox, each from the state in which its file had loaded;\n"
        "rules run with the limits they have in production, behind the wall that "
        "--tier\n"
        "names, which changes no answer. rules/README.md has it all.",
    .exits = "0123i",
};
