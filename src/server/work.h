/* Workers: threads for what may take long, out of a queue of fixed length.
 *
 * Whoever is refused is told at once: a queue that grows only makes everybody in it too late.  So
 * where more comes than can be done the queue is kept as short as the work is (delay.h), and at the most
 * as long as it may be.  Higher priorities go first, equal ones in the order in which they came; where
 * nobody else may wait, one that waits gives way to one of higher priority, the latest of the lowest.
 *
 * Threads: every function is safe from any thread, but open and close. */
#ifndef CDN_SERVER_WORK_H
#define CDN_SERVER_WORK_H

#include <stdbool.h>
#include <stdint.h>

#include <cordon/evaluate.h>

#include "base/error.h"

/* Above what any request can ask for: what an operator does about too many of them, for which there
 * is always room. */
#define CDN_WORK_URGENT (CORDON_MAX_PRIORITY + 1)

struct cdn_workers;

/* Something to do.  The caller's, part of something larger; it waits in one queue at a time. */
struct cdn_work {
    struct cdn_work *next; /* the queue's */
    uint64_t queued_ns;    /* the same: since when; 0: it has begun before */
    unsigned priority;     /* at most CDN_WORK_URGENT */
    void (*run)(struct cdn_work *work);
    void (*refuse)(
        struct cdn_work *work); /* it was taken, and now it is too late for it */
};

struct cdn_workers_stats {
    unsigned waiting;
    unsigned running;
    bool pressed; /* more comes than can be done */
    uint64_t refused;
};

/* Ownership: *out is the caller's; cdn_workers_close() it.
 * Errors:    CORDON_E_NOMEM, CORDON_E_IO no thread can be started. */
cordon_status cdn_workers_open(struct cdn_workers **out, unsigned threads,
                               unsigned queue, cordon_error *err);
/* Waits for everything that was taken; from now on everything is refused. */
void cdn_workers_stop(struct cdn_workers *workers);
/* Stops, if that has not been done.  Accepts NULL. */
void cdn_workers_close(struct cdn_workers *workers);

/* Would work of that priority be taken now?  For whoever has something to do before it can be handed
 * over, and to undo where it is not.  A no is counted as a refusal. */
bool cdn_workers_take(struct cdn_workers *workers, unsigned priority);
/* Have a worker run it.  NULL: taken.  Else what will not be run and is the caller's to refuse:
 * `work` itself, or one of lower priority that has waited. */
struct cdn_work *cdn_workers_submit(struct cdn_workers *workers, struct cdn_work *work);
/* The same for the rest of something that was taken before: it is not refused but when the workers
 * have been stopped.  False: they have. */
bool cdn_workers_resubmit(struct cdn_workers *workers, struct cdn_work *work);

void cdn_workers_get_stats(struct cdn_workers_stats *out, struct cdn_workers *workers);

#endif
