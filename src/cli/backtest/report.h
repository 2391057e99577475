/* A backtest as a whole: what was asked, what came of it, and what to know about both.
 *
 * cmd_backtest.c fills one of these; show.c, report_json.c and html.c write it, and
 * expect.c judges it.  None of them computes a figure of its own.
 *
 * With --against there are two sides: [0] is the rule that the backtest is of, [1] the
 * version it is held against. */
#ifndef CDN_CLI_BACKTEST_REPORT_H
#define CDN_CLI_BACKTEST_REPORT_H

#include <cordon/snapshot.h>

#include "base/hash.h"
#include "cli/backtest/measure.h"
#include "cli/cli.h"
#include "codec/json.h"
#include "cli/session.h"

#define CDN_BACKTEST_SCHEMA_VERSION 1

/* One version of a rule and what it said. */
struct cdn_side {
    struct cdn_session session; /* its engine, and the parameters as it takes them */
    char title[128]; /* "fan_in", "fan_in@3", or the file where names are alike */
    char name[CORDON_RULE_MAX_NAME_BYTES + 1];
    char file[CORDON_ERROR_FILE_BYTES];
    uint32_t version; /* 0: of a file */
    char digest[2 * CDN_CONTENT_HASH_BYTES + 1];
    struct cdn_buf source;
    struct cdn_rule *rule; /* its contract */
    struct cdn_alarm alarm;
    struct cdn_ask ask;
    struct cdn_verdict *verdicts;
    struct cdn_measures measures;
};

/* Which events are shown. */
enum cdn_gallery {
    CDN_GALLERY_MISSED,  /* fraud without an alert */
    CDN_GALLERY_FALSE,   /* alerts on what was good */
    CDN_GALLERY_FAILED,  /* runs that did not end well */
    CDN_GALLERY_NO_NODE, /* nodes that are not there */
    CDN_GALLERY_CHANGED, /* decided otherwise by the other side */
    CDN_GALLERIES
};
#define CDN_EXAMPLES 10

/* An event to show, with why it was decided as it was: the rule's reasons, or the message of
 * a run that failed, as they may be shown to a person. */
struct cdn_example {
    uint32_t event;
    char why[2][480]; /* of each side */
};

struct cdn_examples {
    uint64_t found; /* of them the first CDN_EXAMPLES are here */
    uint32_t count;
    struct cdn_example items[CDN_EXAMPLES];
};

/* An expectation, or something that none was made of. */
struct cdn_expected {
    char name[160];
    char wanted[64]; /* "at least 0.9" */
    char got[40];
    bool met;
    bool unexpected; /* no expectation names it */
};

enum cdn_unexpected {
    CDN_UNEXPECTED_FAIL = 1,
    CDN_UNEXPECTED_WARN,
    CDN_UNEXPECTED_IGNORE
};

struct cdn_backtest {
    struct cdn_cli *cli;
    /* what was asked */
    const char *corpus_file;
    const char *labels_file; /* NULL: the corpus has its own */
    char alarm[160];         /* what counts as an alert, in words */
    uint64_t seed;
    int64_t as_of_ms;
    uint32_t threads;
    /* the events */
    struct cdn_corpus corpus;
    uint64_t sampled_from; /* 0: all were asked about */
    uint64_t later;        /* than --as-of, and left out */
    bool has_money;
    int64_t first_ms, last_ms; /* of events with a time; CORDON_NO_TIME: none has */
    /* the graph */
    uint64_t snapshot_id;
    int64_t graph_first_ms,
        graph_last_ms; /* of edges; CORDON_NO_TIME: none has a time */
    /* what came of it */
    uint32_t side_count;
    struct cdn_side sides[2];
    struct cdn_changes changes;
    struct cdn_examples examples[CDN_GALLERIES];
    uint64_t elapsed_ns;
    /* what to know about the figures, each ended by a NUL */
    struct cdn_buf caveats;
    uint32_t caveat_count;
    /* what was expected */
    bool has_expectations;
    struct cdn_expected *expected;
    size_t expected_count;
    uint64_t
        missed; /* expectations, and with --unexpected fail what none was made of */
};

/* Choose the examples and ask about them once more, for their reasons.
 * Errors: CORDON_E_NOMEM, CORDON_E_INTERRUPTED. */
cordon_status cdn_backtest_examples(struct cdn_backtest *test, cordon_error *err);

/* Gather what to know about the figures; the worst of it is a warning as well. */
void cdn_backtest_caveats(struct cdn_backtest *test, const cordon_snapshot *snapshot);
/* The times of the first and the last edge of the snapshot. */
void cdn_backtest_graph_times(struct cdn_backtest *test,
                              const cordon_snapshot *snapshot);

/* "Account:17", escaped for people; size >= 200. */
char *cdn_event_name(char *out, size_t size, const struct cdn_corpus *corpus,
                     const struct cdn_event *event);
const char *cdn_truth_word(uint8_t truth);       /* "fraud", "good", "unlabelled" */
const char *cdn_verdict_kind_word(uint8_t kind); /* an outcome's, or "no_node" */
/* The decision as it is shown: its word, or "none". */
const char *cdn_verdict_decision(const struct cdn_side *side,
                                 const struct cdn_verdict *verdict);
const char *
cdn_gallery_word(enum cdn_gallery gallery); /* "missed": a key of the JSON */

/* 12.3 %, or "-" where there is none; 1,234.50.  Return out; size >= 40. */
char *cdn_show_percent(char *out, size_t size, double share);
char *cdn_show_money(char *out, size_t size, double money);
/* A score as short as it is told apart. */
char *cdn_show_score(char *out, size_t size, double score);

/* Writers. */
bool cdn_backtest_show(
    const struct cdn_backtest *test); /* to cli->out; false: no memory */
void cdn_backtest_json(struct cdn_buf *out, const struct cdn_backtest *test,
                       bool pretty);
void cdn_backtest_html(struct cdn_buf *out, const struct cdn_backtest *test);

/* Read expectations and judge the backtest by them.
 * Errors: CORDON_E_DATA with the place, CORDON_E_NOTFOUND, CORDON_E_IO, CORDON_E_NOMEM. */
cordon_status cdn_backtest_expect(struct cdn_backtest *test, const char *file,
                                  enum cdn_unexpected unexpected, cordon_error *err);
/* The same of a text that was read. */
cordon_status cdn_backtest_expect_text(struct cdn_backtest *test, const char *text,
                                       size_t bytes, const char *file,
                                       enum cdn_unexpected unexpected,
                                       cordon_error *err);
/* What was expected as JUnit's XML. */
void cdn_backtest_junit(struct cdn_buf *out, const struct cdn_backtest *test);

#endif
