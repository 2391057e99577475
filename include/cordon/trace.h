/* Tracing: which lines of a rule ran, what they cost, and what they went by.
 *
 * A trace is a notebook that the caller makes once, puts into requests (request.trace) and
 * reads between them.  It holds three kinds of things:
 *
 *   lines, jumps          counted over all evaluations since it was made or cleared: how often
 *                         each line of the rule's text ran, what that cost, and from which
 *                         line it went on to which
 *   steps, values, reads  of the last evaluation alone: the lines in the order in which they
 *                         ran, the locals that changed, and what was read of the graph
 *   summary               what all of it is about, and what there was no room for
 *
 * What is traced is the version that decides; shadows beside it and the members of a set are
 * not.  A trace is of one text: the evaluation of another one empties it first.
 *
 * Tracing changes nothing that is reproducible: outcome, result, instructions, edges, nodes,
 * output bytes and reads digest are those of the same evaluation without it, but where the
 * memory limit stops the rule, which may come some instructions earlier or later.  It takes
 * some 0.2 us a line, which does not count against the rule's time nor in the usage.  Lines go
 * by unseen once that comes to sixteen times the rule's limit, and where they begin while Lua's
 * stack is nearly full, thousands of calls deep.  A request without a trace pays nothing.
 *
 * Values are shown as text, cut at CORDON_TRACE_VALUE_BYTES.  They are what the rule itself
 * holds, so that what a policy masks stays masked; a node is shown by its key only if the rule
 * may read it.
 *
 * Bounds:    all of it lies in memory_bytes, allocated when it is made; an evaluation adds
 *            nothing to that.  What there is no room for is left out and counted.
 * Ownership: a cordon_trace is the caller's, made with cordon_trace_new().  What its functions
 *            return is borrowed until the next evaluation with it, or until it is cleared.
 * Threads:   one evaluation at a time; a second one with the same trace meanwhile is
 *            CORDON_E_INVALID.  It is read when none is under way. */
#ifndef CORDON_TRACE_H
#define CORDON_TRACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cordon/error.h>

typedef struct cordon_trace cordon_trace;

#define CORDON_TRACE_VALUE_BYTES 120

typedef struct cordon_trace_options {
    size_t struct_size;    /* sizeof(cordon_trace_options) as the caller compiled it */
    uint64_t memory_bytes; /* 64 KiB to 1 GiB; 0: 1 MiB */
    bool counts_only;      /* lines and jumps, which is quicker */
} cordon_trace_options;

#define CORDON_TRACE_OPTIONS_INIT                                                      \
    {                                                                                  \
        sizeof(cordon_trace_options), 0, false                                         \
    }

/* One line of the text.  What a function costs that it calls counts for that one's lines. */
typedef struct cordon_trace_line {
    /* times it was begun; calls nested deeper than 16 come back to theirs as to new ones */
    uint64_t hits;
    uint64_t instructions; /* native work that it asked for included */
    uint64_t native_ns;    /* in the graph; an estimate, as in the usage */
    uint64_t edges;        /* read */
    uint64_t nodes;        /* touched */
} cordon_trace_line;

/* In one call of a function, from a line to the one that ran next; also to itself, by a loop. */
typedef struct cordon_trace_jump {
    uint32_t from;
    uint32_t to;
    uint64_t count;
} cordon_trace_jump;

typedef struct cordon_trace_step {
    uint32_t line;
    uint32_t depth; /* of calls: 0 is evaluate itself; not beyond 15 */
} cordon_trace_step;

/* A local that was set, or set anew, by the time the line of `step` was over; what a function
 * is called with belongs to its first line. */
typedef struct cordon_trace_value {
    uint32_t step; /* its number */
    /* "nil" "boolean" "number" "string" "table" "function", or what graph objects are called:
     * "node" "edge" "edge set" "node set" "object" */
    const char *type;
    const char *name;
    const char *text; /* of a string: escaped; cut with "..." where it is too long */
} cordon_trace_value;

typedef enum cordon_trace_direction {
    CORDON_TRACE_OUTGOING = 0,
    CORDON_TRACE_INCOMING = 1,
    CORDON_TRACE_BOTH = 2
} cordon_trace_direction;

/* One going over edges of the graph, of one type from one node, or from each node of a set. */
typedef struct cordon_trace_read {
    uint32_t step;
    const char *method; /* as the rule calls it: "count"; "" if that is not known */
    const char *type;   /* of edge */
    const char *node;   /* the (first) node it starts from, "Account:17" */
    uint64_t nodes;     /* how many it starts from */
    cordon_trace_direction direction;
    int64_t from_ms; /* the window, both ends in; INT64_MIN and INT64_MAX: open */
    int64_t to_ms;
    const char *refined; /* conditions and cuts in order: "amount > 100, latest 5" */
    uint64_t edges;      /* read, as they are charged */
    /* what window, conditions and cuts leave; more than were read where counting is enough */
    uint64_t kept;
} cordon_trace_read;

typedef struct cordon_trace_summary {
    uint64_t runs;  /* evaluations in it */
    uint32_t lines; /* of the text */
    const char
        *source_hash; /* of the text, as cordon_outcome_source_hash(); "" before any */
    bool truncated;   /* something was left out: */
    uint64_t lost_lines; /* lines at the end of the text, of which nothing is known */
    uint64_t lost_jumps; /* passages from line to line; all since it was cleared */
    uint64_t lost_steps; /* of the last evaluation */
    uint64_t lost_values;
    uint64_t lost_reads;
} cordon_trace_summary;

#ifdef __cplusplus
extern "C" {
#endif

/* Errors: CORDON_E_INVALID options out of bounds or of an unknown struct_size,
 *         CORDON_E_NOMEM. */
CORDON_EXPORT cordon_status cordon_trace_new(cordon_trace **out,
                                             const cordon_trace_options *options,
                                             cordon_error *err);
/* Accepts NULL. */
CORDON_EXPORT void cordon_trace_free(cordon_trace *trace);
/* Empty it. */
CORDON_EXPORT void cordon_trace_clear(cordon_trace *trace);

CORDON_EXPORT const cordon_trace_summary *
cordon_trace_get_summary(const cordon_trace *trace);

/* By the line's number, from 1; NULL: there is no such line, or no room for it.  0 is what
 * belongs to none: what is done before the function begins, and while lines go by unseen. */
CORDON_EXPORT const cordon_trace_line *cordon_trace_line_at(const cordon_trace *trace,
                                                            uint32_t line);

/* By number, from 0, in the order in which they first came; NULL: there are no more. */
CORDON_EXPORT const cordon_trace_jump *cordon_trace_jump_at(const cordon_trace *trace,
                                                            size_t number);

/* By number, from 0, in order of time (of values: of being noticed); NULL: there are no
 * more. */
CORDON_EXPORT const cordon_trace_step *cordon_trace_step_at(const cordon_trace *trace,
                                                            size_t number);
CORDON_EXPORT const cordon_trace_value *cordon_trace_value_at(const cordon_trace *trace,
                                                              size_t number);
CORDON_EXPORT const cordon_trace_read *cordon_trace_read_at(const cordon_trace *trace,
                                                            size_t number);

#ifdef __cplusplus
}
#endif

#endif
