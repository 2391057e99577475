/* Who runs where and when: leasing lanes, waiting for one, going before others.
 *
 * The usual case has a lane free.  A thread tries the one it had last, then the others in
 * turn, each with one compare and swap: a thread that evaluates alone stays in one lane,
 * whose images and arena are in its cache.
 *
 * Only when all are in use is there a queue, by priority and then by arrival, of as many
 * callers as the options say; one more is refused at once, which is kinder to it and to
 * everybody than to wait in vain.  A lane that is given back goes to the first in the queue.
 * A release looks at the number of waiters after it has cleared its flag, and a waiter tries
 * all flags after it has counted itself, both sequentially consistent: one of the two sees
 * the other, so no wake-up is lost.
 *
 * A long run does not make a short one of higher priority wait: whenever a run looks at the
 * clock it also looks whether somebody waits who would go before it, and if so does that
 * one's job, in a lane kept for this, before it goes on.  Its own deadline goes on meanwhile.
 * That nests to CDN_SCHEDULE_DEPTH, each level on the C stack of the one below (256 KiB at
 * most, slot.h).  What may block interrupts nobody, as whoever it interrupted would be held up
 * for as long: it waits for a lane of its own.  Whether it may is known from the state, so it
 * is the first interrupter who finds out, and marks it.
 *
 * Cost: one compare and swap to lease, one exchange to release; a look at one word each time
 * a run looks at the clock. */
#include <errno.h>
#include <time.h>

#include "base/clock.h"
#include "base/error.h"
#include "engine/engine.h"

enum { CDN_SCHEDULE_DEPTH = 2 };

/* Only a hint where to start: which engine it stems from does not matter. */
static _Thread_local uint32_t hint;

/* ---- lanes ---- */

static bool try_lane(struct cdn_lane *lane)
{
    unsigned expected = 0;

    return atomic_load_explicit(&lane->leased, memory_order_relaxed) == 0 &&
           atomic_compare_exchange_strong(&lane->leased, &expected, 1);
}

static struct cdn_lane *try_all(cordon_engine *engine)
{
    uint32_t slots = engine->options.slots;
    uint32_t at = hint < slots ? hint : 0;

    for (uint32_t i = 0; i < slots; i++) {
        if (try_lane(&engine->lanes[at])) {
            hint = at;
            return &engine->lanes[at];
        }
        at = at + 1 == slots ? 0 : at + 1;
    }
    return NULL;
}

struct cdn_lane *cdn_pool_try(cordon_engine *engine, uint32_t priority)
{
    if (atomic_load_explicit(&engine->urgent, memory_order_relaxed) > priority)
        return NULL;
    return try_all(engine);
}

/* ---- the queue, under `waiting` ---- */

static void note_urgency(cordon_engine *engine)
{
    const struct cdn_waiter *first = engine->queue;

    atomic_store(&engine->urgent, first ? first->job->priority + 1 : 0);
    while (first && first->waits)
        first = first->next;
    atomic_store(&engine->pressing, first ? first->job->priority + 1 : 0);
}

static void enqueue(cordon_engine *engine, struct cdn_waiter *waiter)
{
    struct cdn_waiter **link = &engine->queue;

    while (*link && (*link)->job->priority >= waiter->job->priority)
        link = &(*link)->next;
    waiter->next = *link;
    *link = waiter;
    atomic_fetch_add(&engine->waiters, 1);
    note_urgency(engine);
}

static void dequeue(cordon_engine *engine, struct cdn_waiter *waiter)
{
    struct cdn_waiter **link = &engine->queue;

    while (*link != waiter)
        link = &(*link)->next;
    *link = waiter->next;
    atomic_fetch_sub(&engine->waiters, 1);
    note_urgency(engine);
}

/* Give free lanes to those at the head. */
static void serve(cordon_engine *engine)
{
    while (engine->queue) {
        struct cdn_waiter *first = engine->queue;

        first->lane = try_all(engine);
        if (!first->lane)
            return;
        dequeue(engine, first);
        pthread_cond_signal(&first->changed);
    }
}

void cdn_pool_release(cordon_engine *engine, struct cdn_lane *lane)
{
    atomic_store(&lane->leased, 0);
    if (atomic_load(&engine->waiters)) {
        pthread_mutex_lock(&engine->waiting);
        serve(engine);
        pthread_mutex_unlock(&engine->waiting);
    }
}

/* Rare: warming, which wants each lane in turn. */
void cdn_pool_lease_lane(cordon_engine *engine, struct cdn_lane *lane)
{
    const struct timespec moment = {.tv_nsec = 50000};

    (void)engine;
    while (!try_lane(lane))
        clock_nanosleep(CLOCK_MONOTONIC, 0, &moment, NULL);
}

/* ---- running ---- */

static void run_in(cordon_engine *engine, struct cdn_lane *lane, struct cdn_job *job,
                   uint32_t depth)
{
    lane->priority = job->priority;
    lane->depth = depth;
    job->run(job, engine, lane);
    cdn_pool_release(engine, lane);
}

/* Take the first out of the queue that goes before the run in `lane`, and may on its thread;
 * NULL: there is none. */
static struct cdn_waiter *take_pressing(cordon_engine *engine,
                                        const struct cdn_lane *lane,
                                        const struct cdn_state *state)
{
    struct cdn_waiter *waiter;

    pthread_mutex_lock(&engine->waiting);
    for (waiter = engine->queue; waiter; waiter = waiter->next) {
        struct cdn_job *job = waiter->job;

        if (job->priority <= lane->priority) {
            waiter = NULL;
            break;
        }
        if (!waiter->waits && job->may_block)
            waiter->waits = job->may_block(job, state);
        if (!waiter->waits)
            break;
    }
    if (waiter) {
        dequeue(engine, waiter);
        waiter->taken = true;
    } else {
        note_urgency(engine);
    }
    pthread_mutex_unlock(&engine->waiting);
    return waiter;
}

/* A run in `lane` looks up from its work: is there something that goes before it? */
static void interrupt(void *ud)
{
    struct cdn_lane *lane = ud, *other = NULL;
    cordon_engine *engine = lane->engine;
    struct cdn_waiter *first;

    if (__builtin_expect(
            atomic_load_explicit(&engine->pressing, memory_order_relaxed) <=
                lane->priority + 1,
            1))
        return;
    if (lane->depth >= CDN_SCHEDULE_DEPTH)
        return;
    for (uint32_t i = engine->options.slots; i < engine->lane_count && !other; i++)
        if (try_lane(&engine->lanes[i]))
            other = &engine->lanes[i];
    if (!other)
        return;
    first = take_pressing(engine, lane, cdn_state_enter(engine, other));
    cdn_state_leave(engine, other);
    if (!first) {
        atomic_store(&other->leased, 0);
        return;
    }
    lane->interrupted++;
    first->job->waited_ns = cdn_clock_ns() - first->began_ns;
    run_in(engine, other, first->job, lane->depth + 1);
    pthread_mutex_lock(&engine->waiting);
    first->done = true;
    pthread_cond_signal(&first->changed);
    pthread_mutex_unlock(&engine->waiting);
}

void cdn_schedule_watch(struct cdn_lane *lane, const uint32_t *revoked)
{
    const struct cdn_slot_watch watch = {
        .revoked = revoked,
        .pause =
            lane->engine->lane_count > lane->engine->options.slots ? interrupt : NULL,
        .ud = lane,
    };

    cdn_slot_set_watch(lane->slot, &watch);
}

static void note_wait(cordon_engine *engine, uint64_t ns)
{
    engine->waits[cdn_tally_time(ns)]++;
    engine->waits_ns += ns;
}

/* Wait in the queue, until the waiter has a lane or its job is done. */
static cordon_status wait_for_turn(cordon_engine *engine, struct cdn_waiter *waiter,
                                   cordon_error *err)
{
    struct cdn_job *job = waiter->job;
    uint64_t until_ns =
        waiter->began_ns + engine->options.busy_wait_ms * UINT64_C(1000000);
    uint64_t waited_ns;
    struct timespec until;
    int late = 0;

    if (job->until_ns < until_ns)
        until_ns = job->until_ns;
    until = (struct timespec){.tv_sec = (time_t)(until_ns / 1000000000),
                              .tv_nsec = (long)(until_ns % 1000000000)};
    while (!waiter->lane && !waiter->done && (waiter->taken || late != ETIMEDOUT)) {
        if (waiter->taken)
            pthread_cond_wait(&waiter->changed, &engine->waiting);
        else
            late = pthread_cond_timedwait(&waiter->changed, &engine->waiting, &until);
    }
    waited_ns = cdn_clock_ns() - waiter->began_ns;
    note_wait(engine, waited_ns);
    if (waiter->lane)
        job->waited_ns = waited_ns;
    if (waiter->lane || waiter->done)
        return CORDON_OK;
    dequeue(engine, waiter);
    atomic_fetch_add(&engine->lapsed, 1);
    return cdn_error_set(err, CORDON_E_BUSY,
                         "all %u sandboxes stayed in use for as long as it could wait; "
                         "raise slots, or busy_wait_ms (%u)",
                         engine->options.slots, engine->options.busy_wait_ms);
}

static cordon_status queue_up(cordon_engine *engine, struct cdn_waiter *waiter,
                              cordon_error *err)
{
    pthread_condattr_t attributes;
    cordon_status status;
    uint32_t most = engine->options.max_waiting;

    if (pthread_condattr_init(&attributes))
        return cdn_error_nomem(err);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    if (pthread_cond_init(&waiter->changed, &attributes)) {
        pthread_condattr_destroy(&attributes);
        return cdn_error_nomem(err);
    }
    pthread_condattr_destroy(&attributes);
    pthread_mutex_lock(&engine->waiting);
    if (most != CORDON_NONE && atomic_load(&engine->waiters) < most) {
        enqueue(engine, waiter);
        serve(engine); /* a lane may have been given back before we were counted */
        status = wait_for_turn(engine, waiter, err);
    } else {
        atomic_fetch_add(&engine->shed, 1);
        status =
            cdn_error_set(err, CORDON_E_OVERLOADED,
                          "%u callers wait for a sandbox already; try later, raise "
                          "slots, or max_waiting",
                          most == CORDON_NONE ? 0 : most);
    }
    pthread_mutex_unlock(&engine->waiting);
    pthread_cond_destroy(&waiter->changed);
    return status;
}

cordon_status cdn_schedule(cordon_engine *engine, struct cdn_job *job,
                           cordon_error *err)
{
    struct cdn_lane *lane = cdn_pool_try(engine, job->priority);
    struct cdn_waiter waiter = {.job = job};
    cordon_status status;

    job->waited_ns = 0;
    if (!lane) {
        waiter.began_ns = cdn_clock_ns();
        status = queue_up(engine, &waiter, err);
        if (status || waiter.done)
            return status;
        lane = waiter.lane;
    }
    run_in(engine, lane, job, 0);
    return CORDON_OK;
}
