/* A queue a priority, one lock, and as many threads as were asked for.
 *
 * What comes here takes hundreds of microseconds or more, so a lock of some fifty nanoseconds is
 * nothing to it; what is quicker stays on its event loop (admit.h). */
#include "server/work.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "server/delay.h"

enum {
    PRIORITIES = CDN_WORK_URGENT + 1,
    URGENT_ROOM = 16 /* beyond the queue's length */
};

struct queue {
    struct cdn_work *first;
    struct cdn_work *last;
};

struct cdn_workers {
    pthread_mutex_t lock;
    pthread_cond_t more; /* something waits, or it is over */
    struct queue queues[PRIORITIES];
    unsigned limit;
    struct cdn_delay delay;
    struct cdn_workers_stats stats;
    bool over;
    unsigned started;
    pthread_t threads[];
};

/* ---- the queue; the lock is held ---- */

static void push(struct cdn_workers *workers, struct cdn_work *work)
{
    struct queue *queue = &workers->queues[work->priority];

    work->next = NULL;
    if (queue->last)
        queue->last->next = work;
    else
        queue->first = work;
    queue->last = work;
    workers->stats.waiting++;
    pthread_cond_signal(&workers->more);
}

static struct cdn_work *pop(struct cdn_workers *workers)
{
    for (unsigned i = PRIORITIES; i-- > 0;) {
        struct queue *queue = &workers->queues[i];
        struct cdn_work *work = queue->first;

        if (!work)
            continue;
        queue->first = work->next;
        if (!queue->first)
            queue->last = NULL;
        workers->stats.waiting--;
        return work;
    }
    return NULL;
}

/* The latest of a queue that has not begun yet, and what stands before it; NULL: there is none. */
static struct cdn_work *latest(const struct queue *queue, struct cdn_work **before)
{
    struct cdn_work *found = NULL, *last = NULL;

    *before = NULL;
    for (struct cdn_work *at = queue->first; at; last = at, at = at->next) {
        if (!at->queued_ns)
            continue;
        found = at;
        *before = last;
    }
    return found;
}

/* Take the latest of the lowest priority out, if that is below `priority`; what has begun is
 * answered already in part. */
static struct cdn_work *displace(struct cdn_workers *workers, unsigned priority)
{
    for (unsigned i = 0; i < priority; i++) {
        struct queue *queue = &workers->queues[i];
        struct cdn_work *before, *found = latest(queue, &before);

        if (!found)
            continue;
        if (before)
            before->next = found->next;
        else
            queue->first = found->next;
        if (queue->last == found)
            queue->last = before;
        workers->stats.waiting--;
        return found;
    }
    return NULL;
}

/* Is there who would give way to that priority? */
static bool is_any_below(const struct cdn_workers *workers, unsigned priority)
{
    struct cdn_work *before;

    for (unsigned i = 0; i < priority; i++) {
        if (latest(&workers->queues[i], &before))
            return true;
    }
    return false;
}

static bool has_room(struct cdn_workers *workers, unsigned priority, uint64_t now_ns)
{
    if (priority == CDN_WORK_URGENT)
        return workers->stats.waiting < workers->limit + URGENT_ROOM;
    return workers->stats.waiting < workers->limit &&
           (cdn_delay_admits(&workers->delay, now_ns, workers->stats.waiting) ||
            !workers->stats.waiting);
}

/* ---- threads ---- */

/* Run it, or refuse it if it has waited for too long; the lock is held, but not meanwhile. */
static void run(struct cdn_workers *workers, struct cdn_work *work)
{
    uint64_t begun_ns = cdn_clock_ns();
    /* where nobody else waits it is in nobody's way, however late a slow machine has it be */
    bool late =
        work->queued_ns &&
        !cdn_delay_begins(&workers->delay, begun_ns, begun_ns - work->queued_ns) &&
        workers->stats.waiting > 0;

    workers->stats.refused += late;
    workers->stats.running++;
    pthread_mutex_unlock(&workers->lock);
    if (late)
        work->refuse(work);
    else
        work->run(work);
    pthread_mutex_lock(&workers->lock);
    workers->stats.running--;
    if (!late)
        cdn_delay_ran(&workers->delay, cdn_clock_ns() - begun_ns);
}

static void *serve(void *ud)
{
    struct cdn_workers *workers = ud;
    struct cdn_work *work;

    pthread_mutex_lock(&workers->lock);
    for (;;) {
        work = pop(workers);
        if (!work && workers->over)
            break;
        if (!work) {
            pthread_cond_wait(&workers->more, &workers->lock);
            continue;
        }
        run(workers, work);
    }
    pthread_mutex_unlock(&workers->lock);
    return NULL;
}

cordon_status cdn_workers_open(struct cdn_workers **out, unsigned threads,
                               unsigned queue, cordon_error *err)
{
    struct cdn_workers *workers =
        cdn_calloc(1, sizeof *workers + threads * sizeof *workers->threads);
    int failed = 0;

    *out = NULL;
    if (!workers)
        return cdn_error_nomem(err);
    pthread_mutex_init(&workers->lock, NULL);
    pthread_cond_init(&workers->more, NULL);
    workers->limit = queue;
    cdn_delay_init(&workers->delay, threads);
    while (workers->started < threads && !failed) {
        failed =
            pthread_create(&workers->threads[workers->started], NULL, serve, workers);
        workers->started += !failed;
    }
    if (failed) {
        cdn_workers_close(workers);
        return cdn_error_errno(err, failed, "cannot start %u workers", threads);
    }
    *out = workers;
    return CORDON_OK;
}

void cdn_workers_stop(struct cdn_workers *workers)
{
    pthread_mutex_lock(&workers->lock);
    workers->over = true;
    pthread_cond_broadcast(&workers->more);
    pthread_mutex_unlock(&workers->lock);
    for (unsigned i = 0; i < workers->started; i++)
        pthread_join(workers->threads[i], NULL);
    workers->started = 0;
}

void cdn_workers_close(struct cdn_workers *workers)
{
    if (!workers)
        return;
    cdn_workers_stop(workers);
    pthread_cond_destroy(&workers->more);
    pthread_mutex_destroy(&workers->lock);
    cdn_free(workers);
}

bool cdn_workers_take(struct cdn_workers *workers, unsigned priority)
{
    bool takes;

    pthread_mutex_lock(&workers->lock);
    takes = !workers->over && (has_room(workers, priority, cdn_clock_ns()) ||
                               is_any_below(workers, priority));
    workers->stats.refused += !takes;
    pthread_mutex_unlock(&workers->lock);
    return takes;
}

struct cdn_work *cdn_workers_submit(struct cdn_workers *workers, struct cdn_work *work)
{
    struct cdn_work *refused = NULL;

    work->queued_ns = cdn_clock_ns();
    pthread_mutex_lock(&workers->lock);
    if (workers->over) {
        refused = work;
    } else if (!has_room(workers, work->priority, work->queued_ns)) {
        refused = displace(workers, work->priority);
        refused = refused ? refused : work;
        workers->stats.refused++;
    }
    if (refused != work)
        push(workers, work);
    pthread_mutex_unlock(&workers->lock);
    return refused;
}

bool cdn_workers_resubmit(struct cdn_workers *workers, struct cdn_work *work)
{
    bool over;

    pthread_mutex_lock(&workers->lock);
    over = workers->over;
    work->queued_ns = 0;
    if (!over)
        push(workers, work);
    pthread_mutex_unlock(&workers->lock);
    return !over;
}

void cdn_workers_get_stats(struct cdn_workers_stats *out, struct cdn_workers *workers)
{
    pthread_mutex_lock(&workers->lock);
    *out = workers->stats;
    out->pressed = workers->delay.pressed;
    pthread_mutex_unlock(&workers->lock);
}
