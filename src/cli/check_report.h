/* How findings of `cordon check` are written: for people, as JSON, for code scanning, for
 * GitHub's annotations. */
#ifndef CDN_CLI_CHECK_REPORT_H
#define CDN_CLI_CHECK_REPORT_H

#include "cli/cli.h"
#include "codec/json.h"
#include "lint/findings.h"

enum cdn_check_format {
    CDN_CHECK_AUTO, /* not given: pretty */
    CDN_CHECK_PRETTY,
    CDN_CHECK_JSON,
    CDN_CHECK_NDJSON,
    CDN_CHECK_SARIF,
    CDN_CHECK_GITHUB
};

struct cdn_check_report {
    struct cdn_cli *cli;
    enum cdn_check_format format;
    int show_level; /* the least serious findings shown, where people read them */
    uint64_t counts[CDN_LINT_INFO + 1]; /* by level, what is suppressed left out */
    uint64_t suppressed;
    struct cdn_buf text;
    struct cdn_json json;
};

/* Everything but cli, format and show_level is zero. */
void cdn_check_report_begin(struct cdn_check_report *report);
/* One file's findings, sorted; `name`: of the rule, NULL if it has none.
 * Errors: CORDON_E_NOMEM. */
cordon_status cdn_check_report_file(struct cdn_check_report *report, const char *file,
                                    const struct cdn_lint_findings *findings,
                                    const struct cdn_buf *source, bool loads,
                                    const char *name);
/* Errors: CORDON_E_NOMEM. */
cordon_status cdn_check_report_end(struct cdn_check_report *report);

/* What --explain says of a code. */
void cdn_check_explain(struct cdn_cli *cli, enum cdn_lint_code code);

#endif
