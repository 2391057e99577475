/* What cordon replay gathers: rules' texts by their digest, and what became of the records. */
#ifndef CDN_CLI_REPLAY_H
#define CDN_CLI_REPLAY_H

#include <cordon/audit.h>

#include "base/hash.h"
#include "cli/cli.h"
#include "codec/json.h"
#include "engine/replay.h"

/* ---- replay_texts.c ---- */

struct cdn_rule_file {
    char *path;
    char digest[2 * CDN_CONTENT_HASH_BYTES + 1];
};

/* Rule files by the hash of their content. */
struct cdn_rule_files {
    struct cdn_rule_file *items;
    size_t count;
};

/* Add a file, or every *.lua below a folder but tests (*_test.lua).
 * Errors: CORDON_E_NOTFOUND, CORDON_E_IO, CORDON_E_NOMEM. */
cordon_status cdn_rule_files_add(struct cdn_rule_files *files, const char *path,
                                 cordon_error *err);
void cdn_rule_files_deinit(struct cdn_rule_files *files);
/* A find of struct cdn_replay_texts; `ud` is the files. */
cordon_status cdn_rule_files_find(void *ud, struct cdn_buf *out, char name[256],
                                  const char *digest, cordon_error *err);

/* ---- replay_report.c ---- */

/* How often one decision became another. */
struct cdn_replay_cell {
    char was[80];
    char is[80];
    uint64_t count;
};

/* One cost over all records, before and now. */
struct cdn_replay_cost {
    const char *name;
    uint64_t *was;
    uint64_t *is;
};
#define CDN_REPLAY_COSTS 3

struct cdn_replay_example {
    enum cdn_replay_verdict verdict;
    char decision_id[CORDON_DECISION_ID_BYTES + 1];
    char rule[80];
    struct cdn_buf node;
    char was[80];
    char is[80];
    char why[400];
};

struct cdn_replay_report {
    uint64_t counts[CDN_REPLAY_VERDICTS];
    uint64_t records;  /* looked at: all that the filter takes */
    uint64_t skipped;  /* of other rules than the candidate's */
    uint64_t compared; /* of which the costs are known */
    size_t room;
    struct cdn_replay_cost costs[CDN_REPLAY_COSTS];
    struct cdn_replay_cell *cells;
    size_t cell_count;
    struct cdn_replay_example *examples;
    size_t example_count;
    size_t most_examples;
    char missing[2 * CDN_CONTENT_HASH_BYTES + 1]; /* digest of the first text missed */
};

void cdn_replay_report_init(struct cdn_replay_report *report, size_t most_examples);
void cdn_replay_report_deinit(struct cdn_replay_report *report);
/* Errors: CORDON_E_NOMEM. */
cordon_status cdn_replay_report_add(struct cdn_replay_report *report,
                                    const struct cdn_audit_view *view,
                                    const struct cdn_replay_result *result,
                                    cordon_error *err);
/* `candidate`: the rule's name if there is one. */
void cdn_replay_report_json(struct cdn_json *json, struct cdn_replay_report *report,
                            const char *candidate);
/* False: out of memory. */
bool cdn_replay_report_show(FILE *to, bool color, struct cdn_replay_report *report,
                            const char *candidate);

#endif
