/* One test file while it is loaded and run: for the files of testing/ alone. */
#ifndef CDN_CLI_TESTING_HARNESS_H
#define CDN_CLI_TESTING_HARNESS_H

#include <limits.h>

#include <cordon/outcome.h>
#include <cordon/trace.h>

#include "codec/request.h"
#include "cli/testing/testing.h"

/* The text of lua/test.lua in one line, compiled in (embed_lua.cmake). */
extern const char cdn_test_prelude[];
extern const size_t cdn_test_prelude_bytes;

/* A rule under test, in an engine of its own. */
struct cdn_subject {
    struct cdn_subject *next;
    char *file; /* its path */
    char *word; /* as the test calls it */
    char name[65];
    struct cdn_buf source;
    cordon_engine *engine;
    cordon_snapshot *snapshot; /* the one it stands on; borrowed from graphs */
    cordon_trace *trace;       /* of coverage; NULL: none */
};

/* A fixture that was made. */
struct cdn_graph {
    struct cdn_graph *next;
    uint64_t hash; /* of what it is made of */
    cordon_snapshot *snapshot;
};

/* Results that are kept beside the test file. */
struct cdn_goldens {
    char path[PATH_MAX];
    bool loaded;
    struct cdn_golden {
        char *name;
        struct cdn_buf pack; /* the value as msgpack */
        bool used;           /* compared or written in this run */
    } * items;
    size_t count;
    bool changed;
};

struct cdn_harness {
    const struct cdn_test_options *options;
    struct cdn_test_file *file;
    struct cdn_test *test; /* the one that runs */
    char folder[PATH_MAX]; /* of the test file */
    char root[PATH_MAX];   /* what it may name lies below */
    cordon_engine *engine; /* of the test file */
    cordon_outcome *outcome;
    cordon_outcome *answer; /* of the rule */
    char *rule_word;        /* what `rule` said; NULL: the file's name says it */
    struct cdn_subject *subjects;
    struct cdn_graph *graphs;
    struct cdn_goldens goldens;
    uint32_t golden_number;                   /* of the test that runs */
    struct cdn_buf texts[CDN_TEST_MAX_TEXTS]; /* that the test handed over, by number */
    uint32_t text_count;
    struct cdn_request request;
    struct cdn_buf params;
};

/* ---- harness.c ---- */

/* Load a test file and list its tests; the caller deinits, on failure too.  What is wrong with
 * the file is file->status.  Errors: CORDON_E_NOMEM. */
cordon_status cdn_harness_open(struct cdn_harness *harness, struct cdn_test_file *file,
                               const struct cdn_test_options *options,
                               cordon_error *err);
/* Run one test of it. */
void cdn_harness_run(struct cdn_harness *harness, struct cdn_test *test);
void cdn_harness_close(struct cdn_harness *harness);

/* A copy for the file's results: control characters escaped, invalid UTF-8 too, but for the
 * newlines between `lines`.  NULL, and file->nomem: out of memory. */
char *cdn_testing_text(struct cdn_test_file *file, const char *text, size_t bytes,
                       bool lines);
/* One more failure of the test that runs; NULL: it has enough. */
struct cdn_test_failure *cdn_testing_fail(struct cdn_harness *harness, uint32_t line);

/* ---- host.c ---- */

cordon_status cdn_host_functions(struct cdn_harness *harness, cordon_error *err);

/* ---- subject.c ---- */

/* The rule of that name ("": the one under test), loaded when it is first wanted.
 * Errors: CORDON_E_DATA, the message with its place; CORDON_E_NOMEM. */
cordon_status cdn_subject_get(struct cdn_subject **out, struct cdn_harness *harness,
                              const char *word, size_t bytes, cordon_error *err);
void cdn_subject_free(struct cdn_subject *subject);
/* Put a request to it and, if the rule is stopped by the clock alone, put it again. */
cordon_status cdn_subject_evaluate(struct cdn_harness *harness,
                                   struct cdn_subject *subject,
                                   cordon_snapshot *snapshot, cordon_request *request,
                                   cordon_error *err);

/* ---- graphs.c ---- */

/* The snapshot of a `graph` of evaluate; nil: *out NULL.  Borrowed from the harness.
 * Errors: CORDON_E_DATA and what opening gives, the message with its place. */
cordon_status cdn_graph_get(cordon_snapshot **out, struct cdn_harness *harness,
                            const cordon_value *graph, cordon_error *err);
/* The latest time of any edge; 0: there is none. */
int64_t cdn_graph_latest(const cordon_snapshot *snapshot);
/* A file that a test names, beside it; it has to lie below the harness's root.
 * Errors: CORDON_E_DATA, CORDON_E_NOTFOUND. */
cordon_status cdn_harness_path(char out[PATH_MAX], const struct cdn_harness *harness,
                               const char *word, size_t bytes, cordon_error *err);
/* file:line:col in front of an error's message, for who can pass on the message alone. */
cordon_status cdn_place_message(cordon_error *err, cordon_status status);

/* ---- golden.c ---- */

/* Compare, or with --update keep.  *differs false: as it should be; else `expected` and
 * `actual` are filled with the lines from the first one on that differs, or `expected` is
 * empty: there is none.  Errors: CORDON_E_DATA the file is damaged, CORDON_E_IO, CORDON_E_NOMEM. */
cordon_status cdn_golden_check(struct cdn_harness *harness, const cordon_value *value,
                               const char *name, size_t bytes, bool *differs,
                               struct cdn_buf *expected, struct cdn_buf *actual,
                               cordon_error *err);
/* Write what --update changed.  What no test used goes, unless it is one's that did not run to
 * its end.  Errors: CORDON_E_IO, CORDON_E_NOMEM. */
cordon_status cdn_golden_write(struct cdn_harness *harness, cordon_error *err);
void cdn_golden_deinit(struct cdn_goldens *goldens);

/* ---- coverage.c ---- */

/* Add what ran in a rule. */
cordon_status cdn_coverage_add(struct cdn_coverage *coverage,
                               const struct cdn_subject *subject, cordon_error *err);

#endif
