/* A decision's record as bytes: one msgpack map, its keys in the order of the table below.
 *
 *     decision_id timestamp rule set version digest variant generation snapshot_id
 *     graph        "inline": one that came with the request
 *     requested_by traceparent
 *     input        map: node {label key}, now, as_of, params (as they came), seed
 *     outcome limit decision fallback truncated nondeterministic crashed error {message file line}
 *     result       the rule's result, byte for byte; absent if it has none
 *     reads_digest
 *     usage limits maps from budget to number
 *     calls        a map from each host function that the rule lists to {cost answers};
 *                  an answer is {arguments result}, {arguments error}, or where nothing came
 *                  back {arguments}, in the order of the calls of that function;
 *                  `arguments` is a hash of them
 *     calls_cut    true: there were more answers than are in it
 *     erased masked   lists of paths, added by audit_mask.c
 *
 * What does not apply is left out.  Digests and identities are 16 hexadecimal digits; `seed`
 * is the 64 bits of it as a signed integer.  `params`, `result` and each result in `calls` are
 * as deep as a value may be, so the whole is deeper: it is walked one level at a time, never
 * checked as one. */
#ifndef CDN_ENGINE_AUDIT_RECORD_H
#define CDN_ENGINE_AUDIT_RECORD_H

#include "base/buf.h"
#include "engine/audit.h"

/* No record needs more bytes than this. */
size_t cdn_audit_record_bound(const struct cdn_audit_record *record);
/* Encode into `size` bytes; returns how many it took, 0 if they were too few. */
size_t cdn_audit_record_encode(void *out, size_t size,
                               const struct cdn_audit_record *record);

/* X(name, used, limit): the words of `usage` and `limits`, and where each stands. */
#define CDN_AUDIT_BUDGETS(X)                                                           \
    X("instructions", instructions, instructions_limit)                                \
    X("memory_bytes", memory_bytes, memory_limit_bytes)                                \
    X("edges", edges, edges_limit)                                                     \
    X("nodes", nodes, nodes_limit)                                                     \
    X("hops", hops, hops_limit)                                                        \
    X("output_bytes", output_bytes, output_limit_bytes)                                \
    X("wall_ns", wall_ns, wall_limit_ns)

/* A view of a value: a text that does not end with a NUL, or bytes. */
struct cdn_audit_text {
    const char *at; /* NULL: absent */
    size_t bytes;
};

/* A record read back; borrows from its bytes. */
struct cdn_audit_view {
    int64_t timestamp_ms;
    struct cdn_audit_text decision_id, rule, set, digest, variant, requested_by,
        traceparent;
    uint32_t version;
    uint64_t generation;
    uint64_t snapshot_id;
    struct cdn_audit_text graph; /* absent: the engine's own */
    struct cdn_audit_text label, key;
    struct cdn_audit_text params; /* msgpack */
    int64_t now_ms;
    int64_t as_of_ms; /* CORDON_NO_TIME: none */
    uint64_t seed;
    cordon_outcome_kind outcome;
    cordon_budget limit;
    struct cdn_audit_text decision, message;
    bool fallback, truncated, nondeterministic, crashed;
    struct cdn_audit_text result; /* msgpack */
    uint64_t reads_digest;
    cordon_usage usage;
    struct cdn_audit_text calls; /* msgpack, of any shape; absent: none were recorded */
    bool calls_cut;
    /* Something below it was erased or masked: */
    bool input_masked, result_masked, calls_masked, rest_masked;
};

/* False: the bytes are no record of a decision. */
bool cdn_audit_record_view(struct cdn_audit_view *out, const void *record,
                           size_t bytes);

/* One key and value of a map, walked at one level: nothing of the value is checked. */
struct cdn_audit_field {
    struct cdn_audit_text key;
    const unsigned char *value; /* its first byte */
};
/* Begin a map at *at; false if there is none.  *pairs: how many fields follow. */
bool cdn_audit_map_begin(const unsigned char **at, const unsigned char *end,
                         uint32_t *pairs);
/* The next field's key; *at then stands at its value, which the caller has to step over. */
bool cdn_audit_map_key(struct cdn_audit_field *out, const unsigned char **at,
                       const unsigned char *end);
/* Step over a value of any depth that a record has: what lies up to CDN_AUDIT_LEVELS maps and
 * arrays below it may be as deep as a value may be. */
#define CDN_AUDIT_LEVELS 5
bool cdn_audit_value_skip(const unsigned char **at, const unsigned char *end);
bool cdn_audit_text_is(const struct cdn_audit_text *text, const char *word);

#endif
