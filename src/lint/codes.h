/* What `cordon check` can find: codes that stay, and what --explain says of each. */
#ifndef CDN_LINT_CODES_H
#define CDN_LINT_CODES_H

#include <stdbool.h>
#include <stddef.h>

/* Most serious first. */
enum cdn_lint_level { CDN_LINT_ERROR = 1, CDN_LINT_WARNING, CDN_LINT_INFO };

enum cdn_lint_code {
    CDN_LINT_UNREADABLE, /* CRD001 */
    CDN_LINT_LOAD,
    CDN_LINT_CONTRACT,
    CDN_LINT_READS,
    CDN_LINT_CEILING,
    CDN_LINT_SAME_NAME, /* CRD101 */
    CDN_LINT_NO_DESCRIPTION,
    CDN_LINT_NO_LIMITS,
    CDN_LINT_MUTABLE,
    CDN_LINT_UNDEFINED, /* CRD201 */
    CDN_LINT_GLOBAL,
    CDN_LINT_UNUSED,
    CDN_LINT_UNUSED_PARAMETER,
    CDN_LINT_HIDES,
    CDN_LINT_METHOD, /* CRD301 */
    CDN_LINT_PROPERTY,
    CDN_LINT_KIND,
    CDN_LINT_PARAM,
    CDN_LINT_LIBRARY,
    CDN_LINT_REQUEST,
    CDN_LINT_OPERATOR,
    CDN_LINT_OPTION,
    CDN_LINT_ARGUMENT,
    CDN_LINT_TIMELESS,
    CDN_LINT_PARAM_UNUSED, /* CRD401 */
    CDN_LINT_READ_UNUSED,
    CDN_LINT_DECISION_UNUSED,
    CDN_LINT_DECISION,
    CDN_LINT_NO_FALLBACK,
    CDN_LINT_RESULT,
    CDN_LINT_UNEQUAL, /* CRD501 */
    CDN_LINT_ORDER,
    CDN_LINT_CONDITION,
    CDN_LINT_ARITHMETIC,
    CDN_LINT_COST,      /* CRD601 */
    CDN_LINT_NO_REASON, /* CRD901 */
    CDN_LINT_NOTHING,
    CDN_LINT_NO_CODE,
    CDN_LINT_CODES
};

struct cdn_lint_entry {
    const char *code; /* "CRD201" */
    enum cdn_lint_level level;
    bool bars; /* a rule with such a finding does not load, or does not fit the data */
    bool data; /* looked for only where a snapshot is given */
    const char *title;
    const char *text; /* a paragraph */
    const char *bad;  /* a whole rule, or what stands in its `evaluate`; "": none */
    const char *good; /* the same without the fault */
};

extern const struct cdn_lint_entry cdn_lint_codes[CDN_LINT_CODES];
extern const char *const cdn_lint_level_names[]; /* by level */

/* The number of a code such as "CRD201"; -1: there is none. */
int cdn_lint_code_find(const char *code, size_t bytes);

#endif
