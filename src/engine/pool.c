/* The pool: leasing slots without a lock.
 *
 * A thread tries the slot it had last, then the others in turn, each with one compare and
 * swap: a thread that evaluates alone stays on one slot, whose images and arena are in its
 * cache.  Only when all are in use does it wait, on a condition variable, for as long as the
 * options say.  A release looks at the number of waiters after it has cleared its flag, and
 * a waiter tries all flags after it has counted itself, both sequentially consistent: one of
 * the two sees the other, so no wake-up is lost.
 *
 * Cost: one compare and swap to lease, one exchange to release.  Left out: fairness; who
 * waits may be overtaken, but not for longer than the wait time. */
#include <errno.h>
#include <time.h>

#include "base/clock.h"
#include "engine/engine.h"

/* Only a hint where to start: which engine it stems from does not matter. */
static _Thread_local uint32_t hint;

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

/* Wait until `try` gives something or the time, if there is one, is over. */
static struct cdn_lane *wait_for(cordon_engine *engine, struct cdn_lane *only,
                                 uint64_t until_ns)
{
    struct timespec until = {.tv_sec = (time_t)(until_ns / 1000000000),
                             .tv_nsec = (long)(until_ns % 1000000000)};
    struct cdn_lane *lane = NULL;
    int late = 0;

    pthread_mutex_lock(&engine->waiting);
    atomic_fetch_add(&engine->waiters, 1);
    for (;;) {
        if (only)
            lane = try_lane(only) ? only : NULL;
        else
            lane = try_all(engine);
        if (lane || late == ETIMEDOUT)
            break;
        if (only)
            pthread_cond_wait(&engine->freed, &engine->waiting);
        else
            late = pthread_cond_timedwait(&engine->freed, &engine->waiting, &until);
    }
    atomic_fetch_sub(&engine->waiters, 1);
    pthread_mutex_unlock(&engine->waiting);
    return lane;
}

struct cdn_lane *cdn_pool_lease(cordon_engine *engine)
{
    struct cdn_lane *lane = try_all(engine);

    if (lane)
        return lane;
    return wait_for(engine, NULL,
                    cdn_clock_ns() + engine->options.busy_wait_ms * UINT64_C(1000000));
}

void cdn_pool_lease_lane(cordon_engine *engine, struct cdn_lane *lane)
{
    if (!try_lane(lane))
        wait_for(engine, lane, 0);
}

void cdn_pool_release(cordon_engine *engine, struct cdn_lane *lane)
{
    atomic_store(&lane->leased, 0);
    if (atomic_load(&engine->waiters)) {
        pthread_mutex_lock(&engine->waiting);
        pthread_cond_broadcast(&engine->freed);
        pthread_mutex_unlock(&engine->waiting);
    }
}
