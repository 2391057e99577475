/* What a rule did: its outcome, its decision, and what it cost.
 *
 * Ownership: an outcome is made once and refilled by each evaluation; every pointer an
 *            accessor returns is borrowed until the next evaluation into the outcome or
 *            cordon_outcome_free().
 * Threads:   one outcome belongs to one thread at a time. */
#ifndef CORDON_OUTCOME_H
#define CORDON_OUTCOME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cordon/error.h>
#include <cordon/value.h>

typedef struct cordon_outcome cordon_outcome;

/* X(name, number, word): the same six words everywhere. */
#define CORDON_OUTCOME_MAP(X)                                                          \
    X(OK, 0, "ok")                                                                     \
    X(ERROR, 1, "error")                                                               \
    X(LIMIT, 2, "limit")                                                               \
    X(DENIED, 3, "denied")                                                             \
    X(INVALID_RESULT, 4, "invalid_result")                                             \
    X(CANCELLED, 5, "cancelled")

typedef enum cordon_outcome_kind {
#define CORDON_OUTCOME_ENUM(name, number, word) CORDON_OUTCOME_##name = (number),
    CORDON_OUTCOME_MAP(CORDON_OUTCOME_ENUM)
#undef CORDON_OUTCOME_ENUM
} cordon_outcome_kind;

/* X(name, number, word): the budgets, and so the limits that can stop a rule. */
#define CORDON_BUDGET_MAP(X)                                                           \
    X(NONE, 0, "none")                                                                 \
    X(INSTRUCTIONS, 1, "instructions")                                                 \
    X(TIME, 2, "time")                                                                 \
    X(MEMORY, 3, "memory")                                                             \
    X(EDGES, 4, "edges")                                                               \
    X(OUTPUT, 5, "output")                                                             \
    X(NODES, 6, "nodes")                                                               \
    X(HOPS, 7, "hops")

typedef enum cordon_budget {
#define CORDON_BUDGET_ENUM(name, number, word) CORDON_BUDGET_##name = (number),
    CORDON_BUDGET_MAP(CORDON_BUDGET_ENUM)
#undef CORDON_BUDGET_ENUM
} cordon_budget;

/* X(name, number, word): why a version was the one that ran. */
#define CORDON_VARIANT_MAP(X)                                                          \
    X(LIVE, 0, "live")                                                                 \
    X(CANARY, 1, "canary")                                                             \
    X(ARM, 2, "arm")                                                                   \
    X(SHADOW, 3, "shadow")

typedef enum cordon_variant {
#define CORDON_VARIANT_ENUM(name, number, word) CORDON_VARIANT_##name = (number),
    CORDON_VARIANT_MAP(CORDON_VARIANT_ENUM)
#undef CORDON_VARIANT_ENUM
} cordon_variant;

/* A decision's name in logs: 32 lower-case hexadecimal digits. */
#define CORDON_DECISION_ID_BYTES 32

/* What one evaluation used, each beside the limit in force.  Instructions, edges, nodes,
 * hops and output bytes are the same whenever the same request is evaluated again; memory and
 * times need not be. */
typedef struct cordon_usage {
    uint64_t instructions;
    uint64_t instructions_limit;
    uint64_t memory_bytes; /* peak, beyond the rule's image */
    uint64_t memory_limit_bytes;
    uint64_t edges; /* edges read, whether or not a filter kept them */
    uint64_t edges_limit;
    uint64_t nodes; /* node handles the rule obtained and nodes expanded */
    uint64_t output_bytes;
    uint64_t output_limit_bytes;
    uint64_t native_ns; /* inside native graph calls; of the quickest by samples */
    uint64_t wall_ns;   /* from entry to return */
    uint64_t wall_limit_ns;
    uint64_t nodes_limit;
    uint64_t hops; /* the most that edges were read away from a start */
    uint64_t hops_limit;
    uint64_t host_ns; /* inside functions of the host's, waiting included */
} cordon_usage;

#ifdef __cplusplus
extern "C" {
#endif

/* Errors: CORDON_E_NOMEM. */
CORDON_EXPORT cordon_status cordon_outcome_new(cordon_outcome **out, cordon_error *err);
CORDON_EXPORT void cordon_outcome_free(cordon_outcome *outcome); /* accepts NULL */

CORDON_EXPORT cordon_outcome_kind
cordon_outcome_get_kind(const cordon_outcome *outcome);

/* "ok", "error", "limit", "denied", "invalid_result" or "cancelled". */
CORDON_EXPORT const char *cordon_outcome_kind_str(cordon_outcome_kind kind);
CORDON_EXPORT const char *cordon_budget_str(cordon_budget budget);

CORDON_EXPORT const char *cordon_variant_str(cordon_variant variant);

/* Which evaluation this was; "" if it did not get as far as a rule.  Never given twice by
 * one engine, and by two only by an accident of one in 2^64. */
CORDON_EXPORT const char *cordon_outcome_decision_id(const cordon_outcome *outcome);

/* The rule that ran: its name, its version's number in the registry (0: it was loaded from
 * a text, not from a registry), why that version, and the BLAKE2b hash of its source, 64
 * hexadecimal digits ("" if it did not get as far as a rule). */
CORDON_EXPORT const char *cordon_outcome_rule(const cordon_outcome *outcome);
CORDON_EXPORT uint32_t cordon_outcome_version(const cordon_outcome *outcome);
CORDON_EXPORT cordon_variant cordon_outcome_variant(const cordon_outcome *outcome);
CORDON_EXPORT const char *cordon_outcome_source_hash(const cordon_outcome *outcome);

/* The decision that stands: the rule's own, or its declared fallback when it failed or
 * was stopped; NULL if the rule returned none, or its fallback is "none". */
CORDON_EXPORT const char *cordon_outcome_decision(const cordon_outcome *outcome);

/* True if the decision is the declared fallback, not the rule's word. */
CORDON_EXPORT bool cordon_outcome_is_fallback(const cordon_outcome *outcome);

/* False if the rule returned no score. */
CORDON_EXPORT bool cordon_outcome_score(const cordon_outcome *outcome, double *score);

/* The reasons, in the rule's order; NULL past the last. */
CORDON_EXPORT size_t cordon_outcome_reason_count(const cordon_outcome *outcome);
CORDON_EXPORT const char *cordon_outcome_reason(const cordon_outcome *outcome,
                                                size_t index);

/* What the rule returned as `output`; CORDON_NIL if nothing. */
CORDON_EXPORT cordon_value cordon_outcome_output(const cordon_outcome *outcome);

/* Proposals: arrays of maps, empty if none.  Nothing is changed by them. */
CORDON_EXPORT cordon_value cordon_outcome_updated_nodes(const cordon_outcome *outcome);
CORDON_EXPORT cordon_value cordon_outcome_new_edges(const cordon_outcome *outcome);

/* Output, proposals and reasons as the bytes the rule's result was encoded to: msgpack, a
 * map with those of the keys decision, new_edges, output, reasons, score, updated_nodes
 * that the rule returned, in that order. */
CORDON_EXPORT const void *cordon_outcome_result(const cordon_outcome *outcome,
                                                size_t *bytes);

/* Which budget stopped the rule; CORDON_BUDGET_NONE unless the kind is LIMIT. */
CORDON_EXPORT cordon_budget cordon_outcome_limit(const cordon_outcome *outcome);

/* For any kind but OK: one line of text that says what happened and what to do about it;
 * else "".  File and line are where in the rule, "" and 0 if not known. */
CORDON_EXPORT const char *cordon_outcome_message(const cordon_outcome *outcome);
CORDON_EXPORT const char *cordon_outcome_file(const cordon_outcome *outcome);
CORDON_EXPORT uint32_t cordon_outcome_line(const cordon_outcome *outcome);

/* Never NULL. */
CORDON_EXPORT const cordon_usage *cordon_outcome_usage(const cordon_outcome *outcome);

/* True if a traversal was cut by limit(), latest() or earliest(). */
CORDON_EXPORT bool cordon_outcome_truncated(const cordon_outcome *outcome);

/* True if the rule called a function of the host's that is not pure (function.h): the same
 * request may be answered otherwise.  A decision log keeps what functions answered, so that a
 * replay can tell even so. */
CORDON_EXPORT bool cordon_outcome_nondeterministic(const cordon_outcome *outcome);

/* The snapshot generation it ran on, and a digest of every value it read from it: equal
 * requests on equal data have equal digests. */
CORDON_EXPORT uint64_t cordon_outcome_generation(const cordon_outcome *outcome);
CORDON_EXPORT uint64_t cordon_outcome_reads_digest(const cordon_outcome *outcome);

#ifdef __cplusplus
}
#endif

#endif
