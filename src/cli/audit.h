/* What the commands over a decision log share: finding it, choosing records, showing them. */
#ifndef CDN_CLI_AUDIT_H
#define CDN_CLI_AUDIT_H

#include <limits.h>

#include <cordon/audit.h>

#include "cli/cli.h"
#include "engine/audit_record.h"

/* Which decisions are wanted; everything not given lets all through. */
struct cdn_audit_filter {
    const char *rule;
    const char *decision;
    const char *decision_id;
    const char *principal;
    int64_t since_ms; /* CORDON_NO_TIME: not given; inclusive, as the next */
    int64_t until_ms;
    int outcome; /* number of the word in CDN_AUDIT_OUTCOMES, from 1; 0: not given */
};
#define CDN_AUDIT_FILTER_INIT                                                          \
    {                                                                                  \
        .since_ms = CORDON_NO_TIME, .until_ms = CORDON_NO_TIME                         \
    }
#define CDN_AUDIT_OUTCOMES "ok|error|limit|denied|invalid_result|cancelled"

/* Their options, for a command's table. */
#define CDN_AUDIT_FILTER_OPTIONS(filter)                                               \
    {                                                                                  \
        "rule", 'r', CDN_OPTION_STRING, &(filter).rule, "NAME", "only this rule's",    \
        NULL},                                                                         \
        {"since",                                                                      \
         0,                                                                            \
         CDN_OPTION_TIME,                                                              \
         &(filter).since_ms,                                                           \
         "TIME",                                                                       \
         "only what was decided then or later",                                        \
         NULL},                                                                        \
        {"until",                                                                      \
         0,                                                                            \
         CDN_OPTION_TIME,                                                              \
         &(filter).until_ms,                                                           \
         "TIME",                                                                       \
         "only what was decided then or earlier",                                      \
         NULL},                                                                        \
        {"outcome",         0,      CDN_OPTION_CHOICE,                                 \
         &(filter).outcome, "WORD", "only with this outcome: ok, error, limit, ...",   \
         CDN_AUDIT_OUTCOMES},                                                          \
        {"decision",                                                                   \
         0,                                                                            \
         CDN_OPTION_STRING,                                                            \
         &(filter).decision,                                                           \
         "WORD",                                                                       \
         "only with this decision",                                                    \
         NULL},                                                                        \
        {"decision-id",   0,   CDN_OPTION_STRING, &(filter).decision_id, "ID",         \
         "only this one", NULL},                                                       \
    {                                                                                  \
        "principal", 0, CDN_OPTION_STRING, &(filter).principal, "NAME",                \
            "only what was asked by this principal", NULL                              \
    }

bool cdn_audit_filter_any(const struct cdn_audit_filter *filter);
bool cdn_audit_filter_takes(const struct cdn_audit_filter *filter,
                            const struct cdn_audit_view *view);

/* The log that `path` means: the folder audit/ of a store, or the folder itself.
 * Errors: CORDON_E_INVALID too long. */
cordon_status cdn_audit_folder(char out[PATH_MAX], const char *path, cordon_error *err);

/* Append a record as JSON, with OPA's names for what OPA has: the whole of it, and of the
 * chain what stands beside it. */
void cdn_audit_json(struct cdn_buf *out, const cordon_audit_entry *entry, bool pretty);

/* One line for people.  Not a decision: what the log says of itself. */
void cdn_audit_line(struct cdn_buf *out, const cordon_audit_entry *entry, bool color);

/* One line of comma-separated values (RFC 4180), and the header. */
void cdn_audit_csv_header(struct cdn_buf *out);
void cdn_audit_csv(struct cdn_buf *out, const struct cdn_audit_view *view,
                   const cordon_audit_entry *entry);

/* "Account:17" or "-". */
void cdn_audit_node(struct cdn_buf *out, const struct cdn_audit_view *view);

#endif
