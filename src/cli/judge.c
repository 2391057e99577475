/* Judging candidates for the command line: what differs is told on cli->err. */
#include "cli/judge.h"

#include "cli/testing/candidate.h"
#include "codec/cases.h"

/* The store's snapshot if it has one. */
static cordon_status open_snapshot(cordon_snapshot **out, const struct cdn_judge *judge,
                                   cordon_error *err)
{
    cordon_status status;

    *out = NULL;
    if (!judge->data)
        return CORDON_OK;
    status = cordon_snapshot_open(out, judge->data, NULL, err);
    if (status != CORDON_E_NOTFOUND)
        return status;
    cdn_error_clear(err);
    cdn_cli_note(judge->cli, "%s has no snapshot; what the rule reads is not checked",
                 judge->data);
    return CORDON_OK;
}

static void tell(void *ud, enum cdn_cases_told what, const char *line)
{
    const struct cdn_judge *judge = ud;

    if (what == CDN_CASES_WARNS)
        cdn_cli_warn(judge->cli, "%s", line);
    else
        cdn_cli_error(judge->cli, "%s", line);
}

static bool stopped(void *ud)
{
    const struct cdn_judge *judge = ud;

    return cdn_cli_stopped(judge->cli);
}

static cordon_status run_tests(struct cdn_judge *judge,
                               const cordon_candidate *candidate, cordon_error *err)
{
    struct cdn_candidate_tests tests;
    cordon_status status = cdn_testing_candidate(
        &tests, judge->cli, candidate->file, candidate->source, candidate->source_bytes,
        candidate->wall, candidate->worker, err);

    judge->tests = tests.passed;
    judge->failed += tests.failed;
    return status;
}

cordon_status cdn_candidate_judge(void *ud, const cordon_candidate *candidate,
                                  cordon_error *err)
{
    struct cdn_judge *judge = ud;
    struct cdn_cases cases = {.registry = judge->registry,
                              .cancel = judge->cli->cancel,
                              .stopped = stopped,
                              .tell = tell,
                              .ud = judge};
    cordon_status status = open_snapshot(&cases.snapshot, judge, err);

    if (!status)
        status = cdn_cases_judge(&cases, candidate, err);
    judge->cases = cases.run;
    judge->failed = cases.failed;
    if (!status && candidate->kind == CORDON_OBJECT_RULE)
        status = run_tests(judge, candidate, err);
    cordon_snapshot_release(cases.snapshot);
    return status;
}

int cdn_judge_fail(const struct cdn_judge *judge, cordon_status status,
                   const cordon_error *err)
{
    cdn_cli_error_of(judge->cli, err);
    if (status == CORDON_E_INTERRUPTED)
        return CDN_EXIT_INTERRUPTED;
    return judge->failed ? CDN_EXIT_FINDINGS : cdn_cli_exit_of(status);
}
