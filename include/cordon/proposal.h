/* Proposals: what rules would like changed, written down until somebody decides.
 *
 * A rule changes nothing.  It returns `updated_nodes` and `new_edges` (rules/README.md); what
 * of them fits the graph's schema can be kept in a *log*, a file beside the snapshot store
 * (STORE/proposals.mdb), and is `pending` there until an operator accepts or rejects it.  A
 * tool, `cordon snapshot apply`, makes the next generation of accepted ones.  The live
 * snapshot is never written.
 *
 *     pending --> accepted --> applied      in the generation that is named
 *        |  ^        |   \---> conflict     the graph had changed: nothing of it was applied
 *        v  |        v
 *        rejected <--'
 *
 * Every addition and every decision is one durable transaction: after the call returns it
 * outlasts a crash, before that nothing of it is there.  What is proposed twice under the
 * same decision id and index is kept once.
 *
 * Threads:   a log is shared; every function is safe from any thread, but close.
 * Processes: any number may have one log open.  Changes come one after another; a change waits
 *            at most five seconds for another's, then says CORDON_E_BUSY.  Opening a log twice
 *            in one process gives two handles of one open file, each with its own deferred
 *            proposals.  A handle is of no use in a child after fork().
 * Errors:    beyond those named at each function, CORDON_E_CORRUPT (damaged, and where),
 *            CORDON_E_IO, CORDON_E_BUSY and CORDON_E_NOMEM from any that takes a log.
 * Caveats:   the file's pages are checked before it is mapped, which reads all of it, and each
 *            entry when it is read.  Not promised: a file that something else than this
 *            library writes to while it is open, and network file systems. */
#ifndef CORDON_PROPOSAL_H
#define CORDON_PROPOSAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cordon/engine.h>
#include <cordon/error.h>
#include <cordon/outcome.h>
#include <cordon/policy.h>
#include <cordon/set.h>
#include <cordon/snapshot.h>
#include <cordon/value.h>

typedef struct cordon_proposals cordon_proposals;

/* X(name, number, word) */
#define CORDON_PROPOSAL_STATE_MAP(X)                                                   \
    X(PENDING, 1, "pending")                                                           \
    X(ACCEPTED, 2, "accepted")                                                         \
    X(REJECTED, 3, "rejected")                                                         \
    X(APPLIED, 4, "applied")                                                           \
    X(CONFLICT, 5, "conflict")

typedef enum cordon_proposal_state {
#define CORDON_PROPOSAL_STATE_ENUM(name, number, word)                                 \
    CORDON_PROPOSAL_##name = (number),
    CORDON_PROPOSAL_STATE_MAP(CORDON_PROPOSAL_STATE_ENUM)
#undef CORDON_PROPOSAL_STATE_ENUM
} cordon_proposal_state;

typedef enum cordon_proposal_kind {
    CORDON_PROPOSAL_UPDATE = 1, /* an element of updated_nodes */
    CORDON_PROPOSAL_EDGE = 2    /* of new_edges */
} cordon_proposal_kind;

#define CORDON_PROPOSAL_AUTHOR_BYTES 128
#define CORDON_PROPOSAL_REASON_BYTES 500

/* One entry of a log; borrowed, with all it holds, for the call that hands it out. */
typedef struct cordon_proposal {
    size_t struct_size;
    uint64_t sequence; /* its name: 1, 2, ... in the order they were logged */
    cordon_proposal_kind kind;
    cordon_proposal_state state;
    uint32_t index;   /* among its decision's of that kind, from 1 */
    uint32_t version; /* of the rule; 0: it was loaded from a text */
    const char *decision_id;
    const char *rule;
    const char *principal; /* "": the host itself */
    uint64_t generation;   /* that the rule saw */
    int64_t proposed_ms;   /* since 1970 UTC */
    /* Who changed its state last, when and why; "", "" and 0 as long as nobody did. */
    const char *author;
    const char *reason;
    int64_t changed_ms;
    uint64_t applied_generation; /* 0: none */
    /* Every change of its state: an array of [state, ms since 1970, author, reason]. */
    cordon_value history;
    /* An update: {key, label, set}, set a map from property to value, nil for null.  An edge:
     * {from, properties, time, to, type}, the ends {key, label}; no time if it has none. */
    cordon_value content;
    /* Of an update: what each property was when it was proposed; a long one is left out. */
    cordon_value before;
} cordon_proposal;

typedef struct cordon_proposals_options {
    size_t struct_size;
    bool must_exist;    /* CORDON_E_NOTFOUND where there is no log; else it is made */
    uint64_t map_bytes; /* what this handle lets the log grow to (16 GiB) */
} cordon_proposals_options;

#define CORDON_PROPOSALS_OPTIONS_INIT                                                  \
    {                                                                                  \
        sizeof(cordon_proposals_options), false, 0                                     \
    }

/* Where an outcome's proposals come from, and what to do with what does not fit. */
typedef struct cordon_proposal_source {
    size_t struct_size;
    const char *principal; /* whose request it was; NULL: the host's */
    /* What of it the principal may propose; NULL: not asked.  Borrowed for the call. */
    const cordon_policy *policy;
    /* Keep them in memory until the next call without this, or cordon_proposals_flush(): many
     * outcomes for one transaction.  A crash before that loses them. */
    bool defer;
    /* Told of each proposal that is refused, and why; may be NULL. */
    void (*refused)(void *ud, cordon_proposal_kind kind, uint32_t index,
                    const char *why);
    void *ud;
} cordon_proposal_source;

#define CORDON_PROPOSAL_SOURCE_INIT                                                    \
    {                                                                                  \
        sizeof(cordon_proposal_source), NULL, NULL, false, NULL, NULL                  \
    }

/* Which entries; what is zero or NULL does not narrow. */
typedef struct cordon_proposal_filter {
    size_t struct_size;
    uint64_t sequence;
    cordon_proposal_state state;
    const char *rule;
    const char *decision_id;
    uint64_t after; /* sequences above this */
    uint64_t limit; /* at most so many */
} cordon_proposal_filter;

#define CORDON_PROPOSAL_FILTER_INIT                                                    \
    {                                                                                  \
        sizeof(cordon_proposal_filter), 0, (cordon_proposal_state)0, NULL, NULL, 0, 0  \
    }

#ifdef __cplusplus
extern "C" {
#endif

CORDON_EXPORT const char *cordon_proposal_state_str(cordon_proposal_state state);

/* Ownership: *out is the caller's; cordon_proposals_close() it.
 * Errors:    CORDON_E_NOTFOUND, CORDON_E_FORMAT not a log of proposals, CORDON_E_INVALID */
CORDON_EXPORT cordon_status
cordon_proposals_open(cordon_proposals **out, const char *path,
                      const cordon_proposals_options *options, cordon_error *err);
/* What was deferred and not flushed is lost.  Accepts NULL. */
CORDON_EXPORT void cordon_proposals_close(cordon_proposals *log);

/* Check an outcome's proposals against the snapshot it was made on, and log those that fit:
 * the label, edge type and properties exist, values fit their columns, the nodes exist, an
 * edge has what may not be null and its time, nothing immutable is changed, the policy lets the
 * principal propose it.  Those that do
 * not are told to source->refused and not logged.  *added, which may be NULL: how many were
 * new to the log.  An outcome that is not ok proposes nothing.
 * Errors: CORDON_E_INVALID the outcome was made on another generation
 *         CORDON_E_DENIED  the policy does not name the principal
 *         CORDON_E_CORRUPT the snapshot is damaged, or the log
 *         CORDON_E_IO      also: the log is full.  What was not written waits as if deferred. */
CORDON_EXPORT cordon_status cordon_proposals_add(uint64_t *added, cordon_proposals *log,
                                                 const cordon_snapshot *snapshot,
                                                 const cordon_outcome *outcome,
                                                 const cordon_proposal_source *source,
                                                 cordon_error *err);

/* The same of all that a set's members propose, each under its own rule, version and decision id,
 * in one transaction: of every member that answered, whatever the set decided, and of a custom
 * set's combiner.  What is told to source->refused begins with the member's name.
 * Errors: as cordon_proposals_add(). */
CORDON_EXPORT cordon_status cordon_proposals_add_set(
    uint64_t *added, cordon_proposals *log, const cordon_snapshot *snapshot,
    const cordon_set_outcome *outcome, const cordon_proposal_source *source,
    cordon_error *err);

/* The policy that the engine's evaluations from now on are held to, for whoever logs what they
 * propose: with a reference of the caller's own, to be released; NULL: none.  May wait while another
 * thread changes what the engine stands on. */
CORDON_EXPORT cordon_policy *cordon_engine_get_policy(cordon_engine *engine);

/* Make what was deferred durable.  On an error all of it is still there for the next call. */
CORDON_EXPORT cordon_status cordon_proposals_flush(uint64_t *added,
                                                   cordon_proposals *log,
                                                   cordon_error *err);

/* Call `each` for every entry that passes, by sequence; it returns false to end.  It may not
 * call anything on the same log. */
CORDON_EXPORT cordon_status
cordon_proposals_each(cordon_proposals *log, const cordon_proposal_filter *filter,
                      bool (*each)(void *ud, const cordon_proposal *proposal), void *ud,
                      cordon_error *err);

/* Accept or reject: all of them or none, in one transaction.  One that is in the wanted state
 * already stays as it is.  `author` says who decides, `reason` why; the latter may be NULL.
 * *changed may be NULL.  With dry_run only what would happen is found out.
 * Errors: CORDON_E_NOTFOUND no such sequence
 *         CORDON_E_CONFLICT one is applied, is being applied, or, to be accepted, was found
 *                           in conflict
 *         CORDON_E_INVALID  author or reason too long, or not one line of text */
CORDON_EXPORT cordon_status cordon_proposals_decide(
    uint64_t *changed, cordon_proposals *log, const uint64_t *sequences, size_t count,
    bool accept, const char *author, const char *reason, bool dry_run,
    cordon_error *err);

/* The same for one, where its `history` has `changes` elements: who decides knows what was
 * decided before.  Errors: also CORDON_E_CONFLICT it has another number of them by now. */
CORDON_EXPORT cordon_status
cordon_proposals_decide_one(bool *changed, cordon_proposals *log, uint64_t sequence,
                            uint32_t changes, bool accept, const char *author,
                            const char *reason, bool dry_run, cordon_error *err);

#ifdef __cplusplus
}
#endif

#endif
