/* Spans between the threads that serve and the one that exports: a bounded queue.
 *
 * Source: D. Vyukov, "Bounded MPMC queue".  Each cell has a sequence number that says whose turn
 * it is; a producer claims a cell by one compare-and-swap, fills it, and hands it over by one
 * store.  No lock, no allocation, no system call; a full ring refuses at once.
 *
 * Threads: any number put; one takes. */
#ifndef CDN_SERVER_SPAN_RING_H
#define CDN_SERVER_SPAN_RING_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cordon/error.h>
#include <cordon/outcome.h>
#include <cordon/rule.h>

#include "server/traceparent.h"

enum cdn_span_kind { CDN_SPAN_HTTP = 1, CDN_SPAN_EVALUATE };

/* A request, as a span of the kind SERVER. */
struct cdn_span_http {
    const char *method; /* static storage, as is the route's template */
    const char *route;
    unsigned status;
    uint64_t reply_bytes;
    char request_id[65];
    char caller[65];
};

/* An evaluation: of a rule, a set's member, a shadow, or a set. */
struct cdn_span_evaluate {
    char rule[CORDON_RULE_MAX_NAME_BYTES + 1];
    char set[CORDON_RULE_MAX_NAME_BYTES + 1]; /* as a member of which; "": none */
    char decision[65];                        /* "": none */
    char decision_id[CORDON_DECISION_ID_BYTES + 1];
    uint32_t version;
    cordon_variant variant;
    cordon_outcome_kind kind;
    cordon_budget budget;
    bool fallback;
    bool truncated;
    uint64_t generation;
    cordon_usage usage;
};

struct cdn_span {
    enum cdn_span_kind kind;
    unsigned char trace_id[CDN_TRACE_ID_BYTES];
    unsigned char span_id[CDN_TRACE_SPAN_BYTES];
    unsigned char parent_id[CDN_TRACE_SPAN_BYTES]; /* zeros: it has none */
    int64_t start_ns;                              /* since 1970 UTC */
    uint64_t duration_ns;
    union {
        struct cdn_span_http http;
        struct cdn_span_evaluate evaluate;
    } of;
};

struct cdn_span_cell;

struct cdn_span_ring {
    struct cdn_span_cell *cells;
    uint64_t size;                      /* a power of two */
    _Alignas(64) _Atomic uint64_t head; /* the next to be put */
    _Alignas(64) _Atomic uint64_t tail; /* the next to be taken */
};

/* `size` is a power of two, at least 2.  Errors: CORDON_E_INVALID, CORDON_E_NOMEM. */
cordon_status cdn_span_ring_init(struct cdn_span_ring *ring, uint64_t size,
                                 cordon_error *err);
void cdn_span_ring_deinit(struct cdn_span_ring *ring);

/* A place for one, in *at; NULL: the ring is full.  Fill it, then hand it over. */
struct cdn_span *cdn_span_ring_claim(struct cdn_span_ring *ring, uint64_t *at);
void cdn_span_ring_commit(struct cdn_span_ring *ring, uint64_t at);
/* The oldest into *out; false: there is none. */
bool cdn_span_ring_take(struct cdn_span *out, struct cdn_span_ring *ring);
/* How many there are, about. */
uint64_t cdn_span_ring_used(const struct cdn_span_ring *ring);

#endif
