/* What `cordon eval` makes of a trace: the explanation of one evaluation, the profile and the
 * coverage of all of them (cordon/trace.h), each for people and as JSON, beside the rule's own
 * text. */
#ifndef CDN_CLI_TRACED_H
#define CDN_CLI_TRACED_H

#include <cordon/trace.h>

#include "base/buf.h"
#include "codec/json.h"
#include "sandbox/code.h"

/* What is asked for. */
struct cdn_traced_options {
    int explain; /* 0 or 1: off; 2: always; 3: only of evaluations that do not end well */
    bool profile;
    bool coverage;
};

/* A trace beside the text that it is of. */
struct cdn_traced {
    struct cdn_traced_options options;
    cordon_trace *trace;
    char hash[65];         /* of the text below; "": there is none yet */
    const char *file;      /* as it is shown */
    struct cdn_buf source; /* empty: the text is not known */
    struct cdn_buf starts; /* size_t, where each line begins */
    struct cdn_code code;  /* count 0: not known */
};

/* Is anything asked for? */
static inline bool cdn_traced_wanted(const struct cdn_traced_options *options)
{
    return options->explain > 1 || options->profile || options->coverage;
}

/* Make the trace.  The caller deinits, on failure too.  Errors: CORDON_E_NOMEM. */
cordon_status cdn_traced_init(struct cdn_traced *traced,
                              const struct cdn_traced_options *options,
                              cordon_error *err);
void cdn_traced_deinit(struct cdn_traced *traced);

/* Is the text that was traced last another one than is known? */
bool cdn_traced_is_new(const struct cdn_traced *traced);
/* Here is the text (NULL: it cannot be had), and what it is called; `file` is borrowed.
 * Errors: CORDON_E_NOMEM. */
cordon_status cdn_traced_take(struct cdn_traced *traced, const char *source,
                              size_t bytes, const char *file, cordon_error *err);

/* A line of the text without the blanks that end it; "" if the text is not known. */
const char *cdn_traced_line(const struct cdn_traced *traced, uint32_t line,
                            size_t *bytes);
/* Print a blank and a line behind so many columns, so that no more than CDN_TRACED_COLUMNS are used;
 * `bare`: without the blanks that it begins with. */
#define CDN_TRACED_COLUMNS 100
void cdn_traced_show_line(FILE *to, const struct cdn_traced *traced, uint32_t line,
                          unsigned behind, bool bare);

/* Does the line have code, as far as is known; and did it run? */
bool cdn_traced_active(const struct cdn_traced *traced, uint32_t line);
uint64_t cdn_traced_hits(const struct cdn_traced *traced, uint32_t line);
/* How often execution went from a line to another. */
uint64_t cdn_traced_jumps(const struct cdn_traced *traced, uint32_t from, uint32_t to);

/* ---- one each: explain.c, profile.c, coverage.c ---- */

void cdn_explain_show(FILE *to, bool color, const struct cdn_traced *traced);
void cdn_profile_show(FILE *to, bool color, const struct cdn_traced *traced);
void cdn_coverage_show(FILE *to, bool color, const struct cdn_traced *traced);

/* The value of a key that is written already. */
void cdn_profile_json(struct cdn_json *json, const struct cdn_traced *traced);
void cdn_coverage_json(struct cdn_json *json, const struct cdn_traced *traced);

#endif
