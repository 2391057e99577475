/* The host's side of one worker, whatever wall it is behind.
 *
 * A worker is a process (or a machine) that somebody started (wall.h) and that serves frames
 * (service.h).  It is believed in nothing: every frame is checked, every wait has an end, and
 * one that lies, dies or is late is killed; then the run it had is an outcome that says so, and
 * the worker is of no use any more.
 *
 * Threads: one at a time. */
#ifndef CDN_ISOLATION_WORKER_H
#define CDN_ISOLATION_WORKER_H

#include <stdbool.h>

#include "isolation/channel.h"
#include "isolation/local_view.h"
#include "isolation/wire.h"
#include "rule/run.h"

/* Rules and grants that a worker is told; the one told longest ago goes first. */
#define CDN_WORKER_RULES  64u
#define CDN_WORKER_GRANTS 64u
/* How much longer than a run's own limit its answer may take, before the worker is killed. */
#define CDN_WORKER_GRACE_NS UINT64_C(20000000)

struct cdn_worker;

/* How to end one at once and for good, and free what it had.  One that was hung up on has had
 * its time to clean up: it is not waited for. */
typedef void cdn_worker_end(struct cdn_worker *worker);
/* Add to the error, of one that did not greet, what whoever started it knows of that. */
typedef void cdn_worker_explain(struct cdn_worker *worker, cordon_error *err);

/* Which locks hold one that has greeted besides those that it tells of: somebody else made them. */
typedef uint32_t cdn_worker_held(struct cdn_worker *worker);

struct cdn_worker {
    struct cdn_channel channel;
    cdn_worker_end *end;
    cdn_worker_held *held;       /* NULL: none */
    cdn_worker_explain *explain; /* NULL: nothing is known */
    /* A pidfd: readable once the process that was started for it has ended and cleaned up,
     * which it does when its channel is closed; -1: there is none. */
    int process;
    bool listening;         /* channel.fd is a socket that the worker will connect to */
    uint64_t grace_ns;      /* 0: CDN_WORKER_GRACE_NS; where an end costs much, more */
    uint64_t identity;      /* of the snapshot that it is to open; 0: none */
    void *keeper;           /* whoever keeps it may note something here */
    struct cdn_budget load; /* of rules that it loads */
    uint32_t locks;         /* enum cdn_lock: as it says, and as `held` does */
    bool broken;            /* end it */
    bool late;              /* its answer was, to something that nobody had cancelled */
    uint64_t runs;
    struct cdn_buf out;
    uint32_t rule_count, next_rule;
    struct {
        unsigned char hash[CDN_CONTENT_HASH_BYTES];
        char file[CORDON_ERROR_FILE_BYTES];
    } rules[CDN_WORKER_RULES];
    uint32_t grant_count, next_grant;
    uint64_t grants[CDN_WORKER_GRANTS]; /* their ids */
    bool sees_slice;                    /* one was sent */
    uint64_t slice_grant;               /* the id of the grant that it went with */
};

/* Wait for HELLO.
 * Errors: CORDON_E_DENIED it could not lock itself in, and which step; CORDON_E_IO it ended,
 *         CORDON_E_INTERRUPTED it did not answer in time, CORDON_E_DATA it is another
 *         version, or has another snapshot open; CORDON_E_NOMEM. */
cordon_status cdn_worker_greet(struct cdn_worker *worker, uint64_t until_ns,
                               cordon_error *err);
/* The same without waiting: *done if it has, or has failed to.  Errors: as before. */
cordon_status cdn_worker_greeted(struct cdn_worker *worker, bool *done,
                                 cordon_error *err);

/* Whether one that has nothing to do is there, and says nothing that nobody asked.  One poll. */
bool cdn_worker_quiet(const struct cdn_worker *worker);
/* Ask one that has nothing to do whether it still answers, without waiting, and wait for its
 * word.  Errors: CORDON_E_INTERRUPTED not in time, and the answer is still to come;
 * CORDON_E_IO, CORDON_E_DATA, CORDON_E_NOMEM: it is broken. */
cordon_status cdn_worker_ping(struct cdn_worker *worker, cordon_error *err);
cordon_status cdn_worker_pong(struct cdn_worker *worker, uint64_t until_ns,
                              cordon_error *err);

/* Close the channel, upon which the worker is ended by the process that was started for it. */
void cdn_worker_hang_up(struct cdn_worker *worker);
/* Whether that process has ended, or will have until then; true where there is none. */
bool cdn_worker_gone(const struct cdn_worker *worker);
bool cdn_worker_await_gone(const struct cdn_worker *worker, uint64_t until_ns);

/* Tell it of the call's rule and grant now, so that no run waits for that.
 * Errors: as cdn_worker_run(). */
cordon_status cdn_worker_prepare(struct cdn_worker *worker,
                                 const struct cdn_rule_call *call, cordon_error *err);

/* As cdn_rule_run(), of which the call's image, slot and binding are not used.  With the call's
 * `local` view the worker sees that in place of the call's snapshot: it is sent the slice, if there is
 * one to send, and forgets what it saw before.
 * Whatever the worker does is in the outcome: one that is killed for being late is the limit
 * `time`, one that died or lied an error.
 * Errors: as cdn_rule_run(); CORDON_E_IO, CORDON_E_INTERRUPTED, CORDON_E_DATA, and the worker is
 *         broken: it was lost before the run began, and another may be asked. */
cordon_status cdn_worker_run(cordon_outcome *outcome, struct cdn_worker *worker,
                             const struct cdn_rule_call *call, cordon_error *err);
/* The outcome of a call whose worker was lost, and why that was. */
void cdn_worker_lost(cordon_outcome *outcome, const struct cdn_rule_call *call,
                     cordon_status status, const cordon_error *why);

#endif
