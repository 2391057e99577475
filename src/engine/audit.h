/* The decision log from inside the engine: a record, and offering one.
 *
 *     audit.c          the handle: policies, statistics, draining
 *     audit_ring.c     many threads put records in, one takes them out
 *     audit_record.c   a record's encoding; audit_view.c reads it back
 *     audit_mask.c     what is taken out of it
 *     audit_segment.c  the files' format, and reading them
 *     audit_log.c      writing them: rotation, retention
 *     audit_recover.c  what a crash left, put right
 *     audit_read.c     the public reader
 *     audit_verify.c   the public check
 *
 * Threads: cdn_audit_offer() from any number of threads at once.  Everything behind the ring
 *          happens under the handle's `writer` lock, which an offer takes only where the ring
 *          is full and the policy says block, or where it has to be synced. */
#ifndef CDN_ENGINE_AUDIT_H
#define CDN_ENGINE_AUDIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cordon/audit.h>
#include <cordon/evaluate.h>
#include <cordon/outcome.h>

#include "base/error.h"

struct cdn_answers;
struct cdn_host_function;

/* One decision, everything borrowed for the call.  Texts end with a NUL unless their length
 * stands beside them; NULL where there is none. */
struct cdn_audit_record {
    int64_t timestamp_ms; /* the clock's, when it was decided */
    /* what ran */
    const char *decision_id;
    const char *rule;
    const char *set; /* of the set whose evaluation it was part of; NULL: none */
    const char *source_hash; /* 64 hexadecimal digits */
    uint32_t version;        /* 0: loaded from a text */
    cordon_variant variant;
    /* on what */
    uint64_t generation;
    uint64_t snapshot_id; /* 0: no snapshot */
    bool inline_graph;    /* it is one that came with the request */
    /* what was asked */
    const char *label;
    const char *key;
    size_t key_bytes; /* 0: `key` ends with a NUL */
    const void *params;
    size_t params_bytes;
    int64_t now_ms;
    int64_t as_of_ms;
    uint64_t seed;
    const char *principal;
    const char *traceparent;
    /* what came of it */
    cordon_outcome_kind outcome;
    cordon_budget limit;
    const char *decision; /* the one that stands */
    bool fallback;
    bool truncated;
    bool nondeterministic; /* a host function that says so was called */
    bool crashed; /* the worker it ran in died, lied or was killed for being late */
    const char *message;
    const char *file;
    uint32_t line;
    const void *result;
    size_t result_bytes;
    uint64_t reads_digest;
    const cordon_usage *usage; /* with the limits in force */
    /* the host's functions that the rule lists, and what they answered */
    const struct cdn_host_function *const *functions;
    uint32_t function_count; /* 0: it lists none */
    const struct cdn_answers *answers;
    uint32_t left_out; /* how many of 10,000 like it are not to be recorded */
};

/* The record of one evaluation; borrows from all three.  `snapshot_id` 0: it had none.  `set`,
 * functions and answers are the caller's to fill in. */
void cdn_audit_record_of(struct cdn_audit_record *out, const cordon_outcome *outcome,
                         const cordon_request *request, uint64_t snapshot_id,
                         int64_t timestamp_ms);

/* The part of a record that says when, on what and by whom it was asked. */
void cdn_audit_record_asked(struct cdn_audit_record *out, const cordon_request *request,
                            uint64_t generation, uint64_t snapshot_id,
                            int64_t timestamp_ms);

/* Record a decision: encode it into the ring.  No lock, allocation or system call while the
 * ring has room, unless the policy is to sync always.  False: it is not in the log (dropped
 * and counted), or with CORDON_AUDIT_SYNC_ALWAYS not known to be on the disk. */
bool cdn_audit_offer(cordon_audit *audit, const struct cdn_audit_record *record);

/* Write a note behind all that is in the ring, and sync it.  Errors: as cordon_audit_sync_now();
 * then it is not known to be there. */
cordon_status cdn_audit_note_now(cordon_audit *audit, const void *note, size_t length,
                                 cordon_error *err);

/* As cordon_audit_drain(). */
cordon_status cdn_audit_drain(cordon_audit *audit, cordon_error *err);

#endif
