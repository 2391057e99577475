/* What `cordon test` is made of: test files run, what came of them, and how it is told.
 *
 *     find.c      folders to test files
 *     harness.c   one test file in an engine of its own: its tests, and each of them run
 *     host.c      what a running test may ask of the host: evaluate, fail, golden ...
 *     subject.c   the rules under test, in engines with production's limits
 *     graphs.c    fixtures to snapshots
 *     golden.c    results that are kept
 *     coverage.c  which lines and branches of the rules ran
 *     run.c       all files, some at once, and their order
 *     report*.c   pretty, JSON, TAP, JUnit, GitHub
 *
 * A test file is as untrusted as a rule, and runs in the same sandbox.  lua/test.lua, which is
 * put in front of it, has the language.  Each test starts from the state in which the file had
 * loaded, so no test sees another's doings and their order cannot matter.
 *
 * Threads: a file is one thread's from beginning to end; a struct of one file is never shared.
 * Ownership: texts in results are the file's (cdn_testing_file_deinit()). */
#ifndef CDN_CLI_TESTING_TESTING_H
#define CDN_CLI_TESTING_TESTING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cordon/evaluate.h>

#include "base/buf.h"
#include "cli/cli.h"

/* More tests in one file are refused. */
#define CDN_TEST_MAX_TESTS 10000
/* Of what one test prints. */
#define CDN_TEST_MAX_PRINTED 65536
/* Long texts that one test hands over for its graphs. */
#define CDN_TEST_MAX_TEXTS 64
/* Failures of one test that are kept; a test stops at its first unless it catches it. */
#define CDN_TEST_MAX_FAILURES 20

struct cdn_coverage;

struct cdn_test_options {
    const void *run_regex;          /* regex_t over full names; NULL: all */
    const struct cdn_strings *tags; /* names with one of these as #tag; count 0: all */
    cordon_limits limits;           /* of evaluations; 0: the rule's own */
    int64_t as_of_ms; /* of evaluations that say none; CORDON_NO_TIME: none */
    cordon_engine_options engine; /* ceilings of the rules under test */
    bool update;                  /* write golden results instead of comparing */
    bool fail_fast;               /* stop a file at its first failure */
    bool shuffle;
    uint64_t seed;
    uint64_t repeat;               /* at least 1 */
    struct cdn_coverage *coverage; /* NULL: not asked for */
    const cordon_cancel *cancel;
};

enum cdn_test_verdict {
    CDN_TEST_PASSED,
    CDN_TEST_FAILED,
    CDN_TEST_SKIPPED,
    CDN_TEST_NOT_RUN /* not selected, or the run was stopped before */
};

struct cdn_test_failure {
    uint32_t line; /* of the test file; 0: not known */
    char *message;
    char *expected; /* NULL, as are the rest: nothing to tell */
    char *actual;
    char *answer;  /* the rule's, in short */
    char *dearest; /* lines of the rule that cost most, one a line */
};

struct cdn_test {
    uint32_t number; /* in the file, from 1 */
    char *name;      /* describe's words and its own, unique in the file */
    uint32_t line;
    bool pending;
    /* what came of it; of the repetition that failed if one did */
    enum cdn_test_verdict verdict;
    uint32_t failure_count;
    struct cdn_test_failure failures[CDN_TEST_MAX_FAILURES];
    char *skipped; /* why */
    uint64_t asserted;
    uint64_t evaluations;
    uint64_t instructions; /* of the rules, all evaluations together */
    uint64_t edges;
    uint64_t wall_ns;
    struct cdn_buf printed;
    bool printed_cut;
};

struct cdn_test_file {
    const char *path;
    struct cdn_buf source;
    cordon_status
        status; /* not CORDON_OK: it, or its rule, did not load; err says why */
    cordon_error err;
    size_t count;
    struct cdn_test *tests;
    uint64_t updated; /* golden results that were written anew */
    bool nomem;
};

struct cdn_test_counts {
    uint64_t passed, failed, skipped, not_run, files, broken,
        silent; /* silent: passed and asserted nothing */
};

/* ---- find.c ---- */

/* Test files among and below `paths`, in order of their names, each once; a rule stands for
 * the test beside it.  Borrowed from *storage, which the caller deinits.
 * Errors: CORDON_E_NOTFOUND, CORDON_E_IO, CORDON_E_NOMEM. */
struct cdn_test_paths {
    struct cdn_buf text; /* paths, each ended by a NUL */
    size_t count;
};
cordon_status cdn_testing_find(struct cdn_test_paths *out, const char *const *paths,
                               size_t count, cordon_error *err);
/* A number that changes when a Lua, JSON or other file below the paths appears, goes or is
 * written: names, sizes and times of change. */
uint64_t cdn_testing_fingerprint(const char *const *paths, size_t count);
/* The test file beside a rule; false: there is none. */
bool cdn_testing_beside(char *out, size_t size, const char *rule);

/* ---- run.c ---- */

/* Run every file, as many at once as `threads`; files[i] has only its path.  `done`, which may
 * be NULL, is called once a file, in the order of the files, from this thread.
 * Errors: CORDON_E_NOMEM, CORDON_E_IO (golden results); what is wrong with one file is its
 * own status. */
cordon_status cdn_testing_run(struct cdn_test_file *files, size_t count,
                              uint32_t threads, const struct cdn_test_options *options,
                              void (*done)(void *ud, const struct cdn_test_file *file),
                              void *ud, cordon_error *err);
void cdn_testing_file_deinit(struct cdn_test_file *file);
void cdn_testing_count(struct cdn_test_counts *counts,
                       const struct cdn_test_file *file);

/* ---- report*.c ---- */

enum cdn_test_format {
    CDN_TEST_PRETTY = 1,
    CDN_TEST_JSON,
    CDN_TEST_TAP,
    CDN_TEST_JUNIT,
    CDN_TEST_GITHUB
};

struct cdn_test_report {
    struct cdn_cli *cli;
    enum cdn_test_format format;
    const struct cdn_test_file *files;
    size_t count;
    const struct cdn_test_options *options;
    struct cdn_test_counts counts;
    uint64_t wall_ns;
    double threshold; /* per cent; below 0: none */
    bool
        verbose; /* pretty: what tests printed, and those that passed with their cost */
};

/* Pretty, one file, as soon as it is done. */
void cdn_testing_report_file(const struct cdn_test_report *report,
                             const struct cdn_test_file *file);
/* The closing lines, or all of the other formats.  Errors: CORDON_E_NOMEM. */
cordon_status cdn_testing_report_end(const struct cdn_test_report *report,
                                     cordon_error *err);

#endif
