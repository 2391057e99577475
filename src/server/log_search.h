/* Looking for decisions in the log, from its end or its beginning, a page at a time.
 *
 * A log is read forwards.  To read it from its end, a segment is gone through once, and places
 * in it are remembered a quarter of a MiB apart (*marks*); then it is read one such piece after
 * the other, the last first.  Marks are kept for the segments looked at last.
 *
 * A search looks at so many bytes at most and then says where to go on, so that a request costs
 * no more whatever it asks for; a page may be empty, and yet say where to go on.
 *
 * Threads: marks are shared by any number of searches. */
#ifndef CDN_SERVER_LOG_SEARCH_H
#define CDN_SERVER_LOG_SEARCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cordon/audit_read.h>
#include <cordon/error.h>

struct cdn_log_marks;

/* Errors: CORDON_E_NOMEM. */
cordon_status cdn_log_marks_new(struct cdn_log_marks **out, cordon_error *err);
void cdn_log_marks_free(struct cdn_log_marks *marks); /* accepts NULL */

/* What is looked for; NULL: whatever it is. */
struct cdn_log_query {
    const char *rule;
    const char *decision; /* "": none was made */
    const char *outcome;
    const char *principal;
    const char *decision_id;
    const char *label; /* of the node, with the key */
    const char *key;
    int64_t since_ms; /* inclusive; INT64_MIN: from the first */
    int64_t until_ms; /* inclusive; INT64_MAX: to the last */
    bool oldest_first;
    uint64_t limit;      /* at least 1 */
    uint64_t most_bytes; /* of the log that are looked at */
    /* Where to go on: behind (or before, from the end) that record; segment 0: from where the
     * log begins (or ends). */
    uint64_t segment;
    uint64_t offset;
};

struct cdn_log_found {
    uint64_t count;
    bool more;        /* go on from: */
    uint64_t segment; /* of a record that was looked at last */
    uint64_t offset;
    uint64_t bytes;   /* that were looked at */
    uint64_t damaged; /* places that could not be read */
};

/* Call `each` for what is found in the log `dir`, in its order, until it returns false, which
 * ends the page.  Of an entry given, `value` is not set.
 * Errors: CORDON_E_INVALID the place to go on from is none, CORDON_E_NOTFOUND no log,
 *         CORDON_E_IO, CORDON_E_NOMEM. */
cordon_status cdn_log_search(struct cdn_log_found *out, struct cdn_log_marks *marks,
                             const char *dir, const struct cdn_log_query *query,
                             bool (*each)(void *ud, const cordon_audit_entry *entry),
                             void *ud, cordon_error *err);

#endif
