/* The tests of one version of a rule, before it is pushed or may decide. */
#include "cli/testing/candidate.h"

#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include <cordon/rule.h>

/* What failed goes where diagnostics go, and nothing else is told. */
static void on_file(void *ud, const struct cdn_test_file *file)
{
    cdn_testing_report_file(ud, file);
}

/* A text that does not load is for whoever wants to push it to tell, in his words. */
static bool loads(const cordon_engine_options *options, const char *source,
                  size_t bytes)
{
    cordon_engine *engine;
    bool good;

    if (cordon_engine_new(&engine, options, NULL))
        return true;
    good =
        cordon_engine_load_rule(engine, source, bytes, "", NULL, NULL) != CORDON_E_RULE;
    cordon_engine_free(engine);
    return good;
}

cordon_status cdn_testing_candidate(struct cdn_candidate_tests *out,
                                    struct cdn_cli *cli, const char *rule,
                                    const char *source, size_t bytes, cordon_wall wall,
                                    const char *worker, cordon_error *err)
{
    char test[PATH_MAX], path[PATH_MAX];
    const struct cdn_strings none = {0};
    struct cdn_test_file file = {.path = test};
    struct cdn_test_options options = {
        .tags = &none,
        .limits = CORDON_LIMITS_INIT,
        .as_of_ms = CORDON_NO_TIME,
        .engine = CORDON_ENGINE_OPTIONS_INIT,
        .repeat = 1,
        .cancel = cli->cancel,
        .replaced = {path, source, bytes},
    };
    struct cdn_cli quiet = *cli;
    struct cdn_test_report report = {
        .cli = &quiet, .format = CDN_TEST_PRETTY, .options = &options, .threshold = -1};
    struct cdn_test_counts counts = {0};
    cordon_status status;

    *out = (struct cdn_candidate_tests){0};
    if (!cdn_testing_beside(test, sizeof test, rule))
        return CORDON_OK;
    if (!realpath(rule, path))
        path[0] = '\0';
    options.engine.slots = 1;
    options.engine.interrupt_slots = CORDON_NONE;
    options.engine.wall = wall;
    options.engine.worker = worker;
    if (!loads(&options.engine, source, bytes))
        return CORDON_OK;
    quiet.out = cli->err;
    quiet.out_color = cli->err_color;
    quiet.quiet = true;
    status = cdn_testing_run(&file, 1, 1, &options, on_file, &report, err);
    cdn_testing_count(&counts, &file);
    out->passed = counts.passed;
    out->failed = counts.failed;
    if (!status && cdn_cli_stopped(cli))
        status = cdn_error_set(err, CORDON_E_INTERRUPTED, "interrupted");
    if (!status && file.status)
        status = cdn_error_set(err, CORDON_E_RULE, "%s does not load", test);
    if (!status && counts.failed)
        status = cdn_error_set(err, CORDON_E_DATA,
                               "%" PRIu64 " of the %" PRIu64 " tests of %s failed",
                               counts.failed, counts.failed + counts.passed, test);
    cdn_testing_file_deinit(&file);
    return status;
}
