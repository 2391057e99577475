/* What was found in one file: collected in any order, some suppressed by comments, sorted by
 * place.
 *
 *     -- cordon: disable=CRD203 why
 *     -- cordon: disable-file=CRD104,CRD601 why
 *
 * At the end of a line the first holds for findings of that line, on a line of its own for
 * those of the next line that is not blank or a comment. */
#ifndef CDN_LINT_FINDINGS_H
#define CDN_LINT_FINDINGS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "lint/codes.h"
#include "lint/syntax.h"

struct cdn_lint_finding {
    enum cdn_lint_code code;
    uint32_t line;       /* 0: of the file as a whole */
    uint32_t column;     /* 0: of the line */
    uint32_t end_column; /* behind it, if it ends on the same line; else 0 */
    bool suppressed;
    bool mends; /* a `_` put in at mend_at, an offset into the source, mends it */
    uint32_t mend_at;
    char *message; /* owned; its hint behind "; " */
};

/* Of one code, in one file: the last says that there are more. */
#define CDN_LINT_MOST 200

/* Zero-initialised is empty.  Running out of memory is sticky. */
struct cdn_lint_findings {
    uint32_t count, room;
    uint32_t of_code[CDN_LINT_CODES];
    struct cdn_lint_finding *items;
    bool nomem;
};

void cdn_lint_add(struct cdn_lint_findings *findings, enum cdn_lint_code code,
                  uint32_t line, uint32_t column, const char *format, ...)
    CDN_PRINTF(5, 6);
/* At a node of the tree. */
void cdn_lint_add_at(struct cdn_lint_findings *findings, enum cdn_lint_code code,
                     const struct cdn_syntax *syntax, uint32_t node, const char *format,
                     ...) CDN_PRINTF(5, 6);

/* The finding that was added last is mended by a `_` before this offset. */
void cdn_lint_mend(struct cdn_lint_findings *findings, enum cdn_lint_code code,
                   uint32_t offset);

/* Mark what the source's comments suppress, and find fault with the comments.  Codes that
 * need a snapshot are not missed where there was none (`data`). */
void cdn_lint_suppress(struct cdn_lint_findings *findings,
                       const struct cdn_syntax *syntax, bool data);
/* By line, column, code; those of the file as a whole first. */
void cdn_lint_sort(struct cdn_lint_findings *findings);
void cdn_lint_findings_clear(struct cdn_lint_findings *findings);
void cdn_lint_findings_deinit(struct cdn_lint_findings *findings);

#endif
