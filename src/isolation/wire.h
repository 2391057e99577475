/* What is said through a channel: frames as msgpack arrays, in fixed order.
 *
 *     host                          worker
 *                                   HELLO   what it has open, and what holds it
 *     RULE    a rule's text     ->  READY   loaded, its image built
 *     GRANT   what is granted   ->  READY
 *     RUN     one request       ->  OUTCOME what came of it
 *                                   CALL    it calls a function of the host's ...
 *     ANSWER  ... which says    ->          (and goes on)
 *     FORGET  a rule            ->  READY
 *     TRACE   what was noted    ->  TRACE   of the run before, which was a traced one
 *     PING    does it answer?   ->  READY
 *     SLICE   what it sees now  ->  READY   in place of what it saw before
 *     READ    a file's text     ->  CONTRACT of a rule, or the TABLE that it returns: what the
 *                                           file says of itself, which the host did not run
 *                                   FAILED  in place of READY or OUTCOME: the call did not work
 *
 * Rules and grants are numbered by the host, who knows which worker has heard of which.  Grants
 * are bits over the numbers of what the worker sees: the snapshot that both sides have open, or a
 * slice that the host cut from it and the worker was started on or is sent.
 *
 * Decoders take what comes from anybody: they check every field, and what they hand out either
 * is borrowed from the frame or has its own bounds.  The version is that of the frames: host and
 * worker come from one build, and refuse each other otherwise. */
#ifndef CDN_ISOLATION_WIRE_H
#define CDN_ISOLATION_WIRE_H

#include <cordon/evaluate.h>
#include <cordon/function.h>
#include <cordon/trace.h>

#include "base/buf.h"
#include "graph/grant.h"
#include "rule/contract.h"
#include "rule/outcome.h"
#include "rule/rule.h"
#include "sandbox/meter.h"

#define CDN_WIRE_VERSION 3

enum cdn_frame {
    CDN_FRAME_HELLO = 1,
    CDN_FRAME_RULE,
    CDN_FRAME_GRANT,
    CDN_FRAME_RUN,
    CDN_FRAME_FORGET,
    CDN_FRAME_ANSWER,
    CDN_FRAME_READY,
    CDN_FRAME_OUTCOME,
    CDN_FRAME_FAILED,
    CDN_FRAME_CALL,
    CDN_FRAME_TRACE,
    CDN_FRAME_PING,
    CDN_FRAME_SLICE,
    CDN_FRAME_READ,
    CDN_FRAME_CONTRACT,
    CDN_FRAME_TABLE
};

/* Beside the result itself, an OUTCOME takes no more than this. */
#define CDN_WIRE_OUTCOME_BYTES ((size_t)4096)
#define CDN_WIRE_ANSWER_BYTES  ((size_t)CORDON_FUNCTION_MAX_BYTES + 4096)
#define CDN_WIRE_SMALL_BYTES   ((size_t)8192)     /* HELLO, READY, FAILED */
#define CDN_WIRE_TEXT_BYTES    ((size_t)16 << 20) /* of parameters or a key */
#define CDN_WIRE_SLICE_BYTES   ((size_t)48 << 20) /* of a slice */
#define CDN_WIRE_TABLE_BYTES   ((size_t)16 << 20) /* of a table that a file returns */
/* A worker's notebook has no more room than this, however much the host's has; what was noted
 * into one of `room` bytes takes no more than CDN_WIRE_TRACE_BYTES() in a frame. */
#define CDN_WIRE_TRACE_ROOM        ((size_t)16 << 20)
#define CDN_WIRE_TRACE_BYTES(room) (2 * (size_t)(room) + 4096)

/* X(name, bit, word): what holds a worker in. */
#define CDN_LOCK_MAP(X)                                                                \
    X(NAMESPACES, 1u, "namespaces")                                                    \
    X(USER, 2u, "user")                                                                \
    X(ROOT, 4u, "root")                                                                \
    X(CAPABILITIES, 8u, "capabilities")                                                \
    X(SECCOMP, 16u, "seccomp")                                                         \
    X(RLIMITS, 32u, "rlimits")                                                         \
    X(CGROUP, 64u, "cgroup")                                                           \
    X(MEMORY, 128u, "memory") /* these three: what the group bounds */                 \
    X(CPU, 256u, "cpu")                                                                \
    X(PIDS, 512u, "pids")

enum cdn_lock {
#define CDN_LOCK_ENUM(name, bit, word) CDN_LOCK_##name = (bit),
    CDN_LOCK_MAP(CDN_LOCK_ENUM)
#undef CDN_LOCK_ENUM
};

struct cdn_wire_hello {
    uint32_t version;
    uint32_t locks;    /* enum cdn_lock, or-ed */
    uint64_t identity; /* of the snapshot it has open; 0: none */
};

struct cdn_wire_function {
    char name[CDN_RULE_MAX_WORD + 1];
    uint32_t flags;
    uint64_t cost;
};

/* A rule to load.  Texts are borrowed. */
struct cdn_wire_rule {
    uint32_t number;
    const char *file; /* without a NUL when decoded: file_bytes */
    size_t file_bytes;
    const char *source;
    size_t source_bytes;
    struct cdn_budget load;
    uint32_t function_count;
    struct cdn_wire_function functions[CDN_RULE_MAX_FUNCTIONS]; /* as it lists them */
};

/* One request.  Texts are borrowed. */
struct cdn_wire_run {
    uint32_t rule;
    uint32_t grant;
    const char *label; /* NULL: no subject */
    size_t label_bytes;
    const char *key;
    size_t key_bytes;
    const void *params; /* NULL: none */
    size_t params_bytes;
    int64_t now_ms;
    int64_t as_of_ms;
    uint64_t seed;
    bool shared_params;
    struct cdn_budget budget;
    uint64_t left_ns; /* of the wall time, as the frame is sent */
    uint32_t
        trace_bytes;  /* trace it into a notebook of that size; 0: it is not traced */
    bool counts_only; /* as the notebook's options have it */
};

/* A file to read, and as what.  Texts are borrowed. */
enum cdn_wire_file { CDN_WIRE_FILE_RULE, CDN_WIRE_FILE_TABLE };
struct cdn_wire_read {
    enum cdn_wire_file what;
    const char *file; /* without a NUL when decoded: file_bytes */
    size_t file_bytes;
    const char *source;
    size_t source_bytes;
    struct cdn_budget load; /* of a rule */
};

/* What a worker is to see from now on.  Borrowed. */
struct cdn_wire_slice {
    /* The grants it has been told are over this schema too; else they are forgotten. */
    bool grants_stay;
    uint32_t hops; /* to its border */
    const void
        *border; /* bit a node, as words of 64 lie in memory; NULL: it has none */
    size_t border_bytes;
    const void *bytes; /* of the slice (snapshot/FORMAT.md) */
    size_t size;
};

void cdn_wire_put_hello(struct cdn_buf *out, const struct cdn_wire_hello *hello);
void cdn_wire_put_rule(struct cdn_buf *out, const struct cdn_wire_rule *rule);
void cdn_wire_put_grant(struct cdn_buf *out, uint32_t number,
                        const struct cdn_grant *grant, const struct cdn_schema *schema);
void cdn_wire_put_run(struct cdn_buf *out, const struct cdn_wire_run *run);
void cdn_wire_put_slice(struct cdn_buf *out, const struct cdn_wire_slice *slice);
/* A FORGET's rule, or what a READY counts: of a RULE the hash of its contract, of a SLICE its
 * nodes. */
void cdn_wire_put_number(struct cdn_buf *out, uint64_t number);
void cdn_wire_put_outcome(struct cdn_buf *out, const cordon_outcome *outcome);
void cdn_wire_put_failed(struct cdn_buf *out, const cordon_error *err);
/* A call of the function of that number in the rule's list; what it answered: nothing (nil), or
 * one value as msgpack; or why it failed. */
void cdn_wire_put_call(struct cdn_buf *out, uint32_t function,
                       const cordon_value *arguments);
void cdn_wire_put_answer(struct cdn_buf *out, cordon_status status,
                         const cordon_builder *result, const cordon_error *err);

/* Errors of all that follow: CORDON_E_DATA which field is not right. */
cordon_status cdn_wire_get_hello(struct cdn_wire_hello *out, const struct cdn_buf *in,
                                 cordon_error *err);
cordon_status cdn_wire_get_rule(struct cdn_wire_rule *out, const struct cdn_buf *in,
                                cordon_error *err);
/* Ownership: *out is the caller's, cdn_free() it.  Errors: also CORDON_E_NOMEM. */
cordon_status cdn_wire_get_grant(struct cdn_grant **out, uint32_t *number,
                                 const struct cdn_buf *in,
                                 const struct cdn_schema *schema, cordon_error *err);
cordon_status cdn_wire_get_run(struct cdn_wire_run *out, const struct cdn_buf *in,
                               cordon_error *err);
/* That the slice is one, and the border of its nodes, is for whoever opens it to find out. */
cordon_status cdn_wire_get_slice(struct cdn_wire_slice *out, const struct cdn_buf *in,
                                 cordon_error *err);
cordon_status cdn_wire_get_number(uint64_t *out, const struct cdn_buf *in,
                                  cordon_error *err);
/* What a worker says came of a run of `rule` under `budget`.  It may be any lie that a rule
 * could have told, and no other: the result keeps the contract (accept.h), nothing used is more
 * than its limit allows, texts are escaped and fit. */
cordon_status cdn_wire_get_outcome(cordon_outcome *out, const struct cdn_buf *in,
                                   const struct cdn_rule *rule,
                                   const struct cdn_budget *budget, cordon_error *err);
/* `arguments` are borrowed from the frame: one array, as cordon_function_body gets it. */
cordon_status cdn_wire_get_call(uint32_t *function, const void **arguments,
                                size_t *bytes, const struct cdn_buf *in,
                                cordon_error *err);
/* The result into the builder; or the function's own failure as *err and its status. */
cordon_status cdn_wire_get_answer(cordon_builder *result, const struct cdn_buf *in,
                                  cordon_error *err);
/* Fills *err with what the other side says went wrong, and returns its status; CORDON_E_DATA
 * also where it says nothing sensible. */
cordon_status cdn_wire_get_failed(const struct cdn_buf *in, cordon_error *err);

/* ---- wire_trace.c ---- */

/* All that is in it: of one run, as the worker empties it before each. */
void cdn_wire_put_trace(struct cdn_buf *out, const cordon_trace *trace);
/* Add that to the host's, in which the run has begun (cdn_trace_start()).  It may be any lie
 * that fits: lines that the text has, steps, values and reads for which there is room, texts
 * that are escaped and cut, and no more used by all lines than the outcome said was used.  On
 * failure nothing is added. */
cordon_status cdn_wire_get_trace(cordon_trace *into, const struct cdn_buf *in,
                                 const cordon_usage *used, cordon_error *err);

/* ---- wire_contract.c ---- */

void cdn_wire_put_read(struct cdn_buf *out, const struct cdn_wire_read *read);
/* `image_bytes`: what the rule's image takes; 0: there is none, as the contract has faults.  The
 * contract's fields are in order. */
void cdn_wire_put_contract(struct cdn_buf *out, const struct cdn_contract *contract,
                           uint64_t image_bytes);
void cdn_wire_put_table(struct cdn_buf *out, const struct cdn_buf *table);
/* Errors of all: CORDON_E_DATA which field is not right; of the last two also CORDON_E_NOMEM. */
cordon_status cdn_wire_get_read(struct cdn_wire_read *out, const struct cdn_buf *in,
                                cordon_error *err);
/* Ownership: *out is the caller's, cdn_contract_free() it. */
cordon_status cdn_wire_get_contract(struct cdn_contract **out, uint64_t *image_bytes,
                                    const struct cdn_buf *in, cordon_error *err);
/* Appends it to *out, which is the caller's whatever comes back. */
cordon_status cdn_wire_get_table(struct cdn_buf *out, const struct cdn_buf *in,
                                 cordon_error *err);

#endif
