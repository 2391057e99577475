/* Records of the decision log, read and written as JSON: what the command and the server both
 * tell of a decision.
 *
 * The JSON is the record with its own keys, which are OPA's where OPA has one (decision_id,
 * timestamp, path, input, result, requested_by, metrics, erased, masked), and what follows from
 * it: trace_id and span_id, status, labels, bundles.  A value may be of any shape where it was
 * masked, so everything is written as it stands. */
#ifndef CDN_CODEC_DECISION_H
#define CDN_CODEC_DECISION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cordon/audit.h>
#include <cordon/audit_read.h>

#include "codec/json.h"

/* A text of a record; at NULL: absent, or masked by something that is none. */
struct cdn_decision_text {
    const char *at;
    size_t bytes;
};

/* What of a decision is asked for by its value; borrows from the record. */
struct cdn_decision {
    int64_t timestamp_ms; /* INT64_MIN: absent */
    struct cdn_decision_text decision_id, rule, digest, requested_by, traceparent,
        outcome, limit, decision, label, key;
    uint64_t wall_ns;
};

/* Read it at its first levels; false: the bytes are no map, and so no record. */
bool cdn_decision_read(struct cdn_decision *out, const void *record, size_t bytes);
bool cdn_decision_is(const struct cdn_decision_text *text, const char *word);

/* Write an entry, a decision or what the log notes of itself, as one object. */
void cdn_decision_json(struct cdn_json *json, const cordon_audit_entry *entry);

/* What checking a log came to, as fields inside an object; its findings are the caller's. */
void cdn_audit_report_json(struct cdn_json *json, const cordon_audit_report *report);

#endif
