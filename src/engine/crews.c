/* Leasing workers, and giving them back. */
#include "engine/crews.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "engine/crew.h"

/* How often a waiter looks whether it is still to wait, where it can be told so by a flag; and
 * else, in case it polls what is no longer what it should. */
#define LOOK_MS 1
#define WAIT_MS 20

/* ---- life ---- */

cordon_status cdn_crews_new(struct cdn_crews **out,
                            const struct cdn_crews_options *options, cordon_error *err)
{
    struct cdn_crews *pool = cdn_calloc(1, sizeof *pool);

    *out = NULL;
    if (!pool)
        return cdn_error_nomem(err);
    if (pthread_mutex_init(&pool->lock, NULL)) {
        cdn_free(pool);
        return cdn_error_nomem(err);
    }
    pool->options = *options;
    if (!pool->options.now)
        pool->options.now = cdn_clock_ns;
    atomic_flag_clear(&pool->tending);
    *out = pool;
    return CORDON_OK;
}

void cdn_crews_free(struct cdn_crews *pool)
{
    struct cdn_rest rest = {0};
    uint64_t until_ns;

    if (!pool)
        return;
    /* first all are hung up on, so that they clean up at the same time */
    for (struct cdn_crew *crew = pool->crews; crew; crew = crew->next)
        cdn_crew_dismiss(pool, crew, CDN_END_IDLE, cdn_crews_now(pool));
    rest.hands = pool->leaving;
    rest.crews = pool->crews;
    until_ns = cdn_clock_ns() + CDN_HAND_LEAVE_NS;
    for (struct cdn_hand *hand = rest.hands; hand; hand = hand->next)
        cdn_worker_await_gone(hand->worker, until_ns);
    cdn_rest_free(&rest);
    cordon_snapshot_release(pool->current);
    pthread_mutex_destroy(&pool->lock);
    cdn_free(pool);
}

/* ---- leasing ---- */

enum fitness { FIT, DOUBTFUL, DEAD };

/* Is it there?  Without the mutex. */
static enum fitness fitness_of(const struct cdn_crews *pool, struct cdn_hand *hand,
                               uint64_t until_ns)
{
    struct cdn_worker *worker = hand->worker;
    uint64_t now_ns = cdn_crews_now(pool), most_ns;
    cordon_status status;

    if (!cdn_worker_quiet(worker))
        return DEAD;
    if (now_ns - hand->heard_ns < CDN_HAND_STALE_NS)
        return FIT;
    if (cdn_worker_ping(worker, NULL))
        return DEAD;
    most_ns = cdn_clock_ns() + CDN_HAND_ANSWER_NS;
    status = cdn_worker_pong(worker, most_ns < until_ns ? most_ns : until_ns, NULL);
    if (status == CORDON_E_INTERRUPTED)
        return DOUBTFUL;
    hand->heard_ns = now_ns;
    return status ? DEAD : FIT;
}

/* One that is idle and fit; NULL: there is none.  Gives the mutex back meanwhile. */
static struct cdn_hand *take_fit(struct cdn_crews *pool, struct cdn_crew *crew,
                                 uint64_t until_ns)
{
    struct cdn_hand *hand;

    while ((hand = cdn_hand_take(crew)) != NULL) {
        enum fitness fitness;

        crew->busy++;
        pthread_mutex_unlock(&pool->lock);
        fitness = fitness_of(pool, hand, until_ns);
        pthread_mutex_lock(&pool->lock);
        if (fitness == FIT)
            break;
        crew->busy--;
        if (fitness == DOUBTFUL)
            cdn_hand_doubt(hand, cdn_crews_now(pool));
        else
            cdn_hand_dismiss(pool, hand, CDN_END_DEAD, cdn_crews_now(pool));
    }
    return hand;
}

static bool raised(const uint32_t *flag)
{
    return flag && __atomic_load_n(flag, __ATOMIC_RELAXED);
}

static cordon_status out_of_patience(const struct cdn_patience *patience,
                                     cordon_error *err)
{
    if (raised(patience->cancel) || raised(patience->revoked))
        return cdn_error_set(err, CORDON_E_INTERRUPTED,
                             "cancelled while it waited for a worker");
    if (cdn_clock_ns() >= patience->until_ns)
        return cdn_error_set(err, CORDON_E_INTERRUPTED, "no worker was ready in time");
    return CORDON_OK;
}

/* Why there is none, and when it is tried again. */
static cordon_status tell_failing(const struct cdn_crews *pool,
                                  const struct cdn_crew *crew, bool tried,
                                  cordon_error *err)
{
    const struct cdn_failing *failing = &crew->failing;
    uint64_t now_ns = cdn_crews_now(pool), left_ns;
    char again[64] = "";

    left_ns = failing->retry_ns > now_ns ? failing->retry_ns - now_ns : 0;
    if (!tried)
        (void)snprintf(again, sizeof again,
                       " (tried %" PRIu32 " times; again in %.1f s)", failing->count,
                       (double)left_ns / 1e9);
    return cdn_error_set(err, failing->why.status, "the wall '%s': %s%s",
                         cordon_wall_str(crew->wall), failing->why.message, again);
}

/* Wait until there is something to look at. */
static void look_out(struct cdn_crews *pool, struct cdn_hand_waiter *me,
                     const struct cdn_patience *patience)
{
    enum { MOST = 15 };
    struct pollfd fds[MOST + 1] = {{.fd = me->event, .events = POLLIN}};
    const struct cdn_hand *const lists[2] = {me->crew->coming, me->crew->doubted};
    uint64_t left_ns = patience->until_ns, now_ns = cdn_clock_ns(), count;
    nfds_t used = 1;
    int ms = patience->cancel || patience->revoked ? LOOK_MS : WAIT_MS;

    for (int i = 0; i < 2; i++)
        for (const struct cdn_hand *hand = lists[i]; hand && used <= MOST;
             hand = hand->next)
            fds[used++] =
                (struct pollfd){.fd = hand->worker->channel.fd, .events = POLLIN};
    left_ns = left_ns > now_ns ? left_ns - now_ns : 0;
    if (left_ns < (uint64_t)ms * 1000000)
        ms = (int)((left_ns + 999999) / 1000000);
    pthread_mutex_unlock(&pool->lock);
    (void)poll(fds, used, ms);
    (void)!read(me->event, &count, sizeof count);
    pthread_mutex_lock(&pool->lock);
}

static void enqueue(struct cdn_crews *pool, struct cdn_hand_waiter *me)
{
    struct cdn_hand_waiter **link = &pool->waiters;

    while (*link)
        link = &(*link)->next;
    *link = me;
    me->crew->waiting++;
}

static void dequeue(struct cdn_crews *pool, const struct cdn_hand_waiter *me)
{
    struct cdn_hand_waiter **link = &pool->waiters;

    while (*link != me)
        link = &(*link)->next;
    *link = me->next;
    if (!me->hand)
        me->crew->waiting--;
}

/* Until `me` has a hand, or none can be had. */
static cordon_status wait_in_queue(struct cdn_crews *pool, struct cdn_hand_waiter *me,
                                   const struct cdn_patience *patience,
                                   cordon_error *err)
{
    struct cdn_crew *crew = me->crew;
    uint32_t failures = crew->failing.count;

    for (;;) {
        uint64_t now_ns = cdn_crews_now(pool);
        cordon_status status;

        cdn_crew_advance(pool, crew, now_ns);
        if (me->hand)
            return CORDON_OK;
        status = out_of_patience(patience, err);
        if (status)
            return status;
        /* the answer of one that was just asked is not what one waits for */
        crew->waited = crew->waited || !crew->doubted_count;
        if (crew->coming_count + crew->doubted_count < crew->waiting &&
            cdn_crew_may_start(pool, crew, true, now_ns))
            cdn_crew_start(pool, crew);
        else if (crew->failing.count && !crew->coming_count && !crew->doubted_count &&
                 !crew->busy)
            return tell_failing(pool, crew, crew->failing.count != failures, err);
        else
            look_out(pool, me, patience);
    }
}

static cordon_status wait_for_hand(struct cdn_hand **out, struct cdn_crews *pool,
                                   struct cdn_crew *crew,
                                   const struct cdn_patience *patience,
                                   cordon_error *err)
{
    struct cdn_crews_stats *stats = &pool->stats[crew->wall];
    struct cdn_hand_waiter me = {.crew = crew};
    uint64_t began_ns = cdn_crews_now(pool), waited_ns;
    cordon_status status;

    me.event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (me.event < 0)
        return cdn_error_errno(err, errno, "waiting for a worker");
    enqueue(pool, &me);
    status = wait_in_queue(pool, &me, patience, err);
    dequeue(pool, &me);
    waited_ns = cdn_crews_now(pool) - began_ns;
    stats->waits[cdn_tally_time(waited_ns)]++;
    stats->waits_ns += waited_ns;
    close(me.event);
    *out = me.hand;
    return status;
}

static void note_lease(struct cdn_crews *pool, struct cdn_hand *hand)
{
    struct cdn_crew *crew = hand->crew;

    hand->since_ns = crew->used_ns = cdn_crews_now(pool);
    if (crew->busy > crew->peak)
        crew->peak = crew->busy;
}

cordon_status cdn_crews_lease(struct cdn_worker **out, struct cdn_crews *pool,
                              cordon_wall wall, const struct cdn_sight *sight,
                              const struct cdn_patience *patience, cordon_error *err)
{
    struct cdn_hand *hand = NULL;
    struct cdn_rest rest = {0};
    struct cdn_crew *crew;
    cordon_status status = CORDON_OK;

    *out = NULL;
    if (!pool->options.walls[wall].spawn)
        return cdn_error_set(err, CORDON_E_INVALID, "there is no wall '%s' here",
                             cordon_wall_str(wall));
    pthread_mutex_lock(&pool->lock);
    crew = cdn_crew_find(pool, wall, sight);
    if (crew) {
        hand = take_fit(pool, crew, patience->until_ns);
        if (!hand)
            status = wait_for_hand(&hand, pool, crew, patience, err);
        if (hand)
            note_lease(pool, hand);
    } else {
        status = cdn_error_nomem(err);
    }
    if (pool->leaving || !hand)
        cdn_rest_collect(&rest, pool, cdn_crews_now(pool));
    pthread_mutex_unlock(&pool->lock);
    cdn_rest_free(&rest);
    if (hand)
        *out = hand->worker;
    return status;
}

void cdn_crews_return(struct cdn_crews *pool, struct cdn_worker *worker)
{
    struct cdn_hand *hand = worker->keeper;
    struct cdn_crew *crew = hand->crew;
    struct cdn_rest rest = {0};
    uint64_t now_ns;
    bool old;

    pthread_mutex_lock(&pool->lock);
    now_ns = cdn_crews_now(pool);
    crew->busy--;
    hand->worked_ns += now_ns - hand->since_ns;
    hand->heard_ns = hand->used_ns = now_ns;
    old = cdn_crew_old(pool, crew);
    if (worker->broken)
        cdn_hand_dismiss(pool, hand, CDN_END_BROKEN, now_ns);
    else if (old && !crew->waiting)
        cdn_hand_dismiss(pool, hand, CDN_END_GENERATION, now_ns);
    else if (hand->worked_ns / UINT64_C(500000000) >= pool->options.with.cpu_s)
        cdn_hand_dismiss(pool, hand, CDN_END_WORN, now_ns); /* half of its time */
    else
        cdn_hand_give(pool, hand);
    if (pool->leaving || old)
        cdn_rest_collect(&rest, pool, now_ns);
    pthread_mutex_unlock(&pool->lock);
    cdn_rest_free(&rest);
}

/* ---- filling ---- */

/* Start what is missing of `count`; how many are then idle or on the way. */
static uint32_t start_missing(struct cdn_crews *pool, struct cdn_crew *crew,
                              uint32_t count)
{
    while (cdn_crew_members(crew) < count &&
           cdn_crew_may_start(pool, crew, true, cdn_crews_now(pool))) {
        uint32_t failures = crew->failing.count;

        cdn_crew_start(pool, crew);
        if (crew->failing.count > failures)
            break;
    }
    return crew->idle_count + crew->coming_count + crew->doubted_count;
}

cordon_status cdn_crews_fill(struct cdn_worker **out, uint32_t *leased,
                             struct cdn_crews *pool, cordon_wall wall,
                             const struct cdn_sight *sight, uint32_t count,
                             cordon_error *err)
{
    const struct cdn_patience patience = {
        .until_ns = cdn_clock_ns() + pool->options.walls[wall].start_ns};
    cordon_status status = CORDON_OK;
    struct cdn_crew *crew;
    uint32_t ready = 1; /* a lease tells why there is none */

    *leased = 0;
    if (pool->options.walls[wall].spawn) {
        pthread_mutex_lock(&pool->lock);
        crew = cdn_crew_find(pool, wall, sight);
        if (crew) {
            ready = start_missing(pool, crew, count);
            if (!ready && !crew->busy)
                ready = 1;
        }
        pthread_mutex_unlock(&pool->lock);
    }
    while (*leased < ready && *leased < count && !status) {
        status = cdn_crews_lease(&out[*leased], pool, wall, sight, &patience, err);
        *leased += !status;
    }
    while (status && *leased)
        cdn_crews_return(pool, out[--*leased]);
    return status;
}

/* ---- generations ---- */

/* In place of a crew that saw a whole snapshot one that sees the whole of the current. */
static void succeed(struct cdn_crews *pool, const struct cdn_crew *crew)
{
    const struct cdn_sight sight = {.seen = pool->current, .of = pool->current};
    struct cdn_crew *next;

    if (!crew->sight.of || crew->sight.seen != crew->sight.of || !pool->current)
        return;
    next = cdn_crew_find(pool, crew->wall, &sight); /* without one it begins anew */
    if (!next)
        return;
    next->wanted = next->wanted || crew->wanted;
    if (crew->peak > next->peak)
        next->peak = crew->peak;
    if (crew->peak_before > next->peak_before)
        next->peak_before = crew->peak_before;
}

void cdn_crews_turn(struct cdn_crews *pool, cordon_snapshot *current)
{
    cordon_snapshot *before = current;
    struct cdn_rest rest = {0};
    uint64_t now_ns;

    pthread_mutex_lock(&pool->lock);
    if (current != pool->current) {
        before = pool->current;
        pool->current = current ? cordon_snapshot_retain(current) : NULL;
        now_ns = cdn_crews_now(pool);
        for (struct cdn_crew *crew = pool->crews; crew; crew = crew->next) {
            if (!crew->sight.of || crew->sight.of != before)
                continue;
            succeed(pool, crew);
            crew->wanted = false;
            cdn_crew_dismiss(pool, crew, CDN_END_GENERATION, now_ns);
        }
        cdn_rest_collect(&rest, pool, now_ns);
    } else {
        before = NULL;
    }
    pthread_mutex_unlock(&pool->lock);
    cdn_rest_free(&rest);
    cordon_snapshot_release(before);
}

void cdn_crews_want(struct cdn_crews *pool, cordon_wall wall,
                    const struct cdn_sight *sight)
{
    const struct cdn_crew *wanted = NULL;

    pthread_mutex_lock(&pool->lock);
    if (sight)
        wanted = cdn_crew_find(pool, wall, sight); /* else the next tend tries again */
    for (struct cdn_crew *crew = pool->crews; crew; crew = crew->next)
        if (crew->wall == wall)
            crew->wanted = crew == wanted;
    pthread_mutex_unlock(&pool->lock);
}

/* ---- telling ---- */

void cdn_crews_stats(struct cdn_crews_stats *out, struct cdn_crews *pool,
                     cordon_wall wall)
{
    pthread_mutex_lock(&pool->lock);
    *out = pool->stats[wall];
    for (const struct cdn_crew *crew = pool->crews; crew; crew = crew->next) {
        if (crew->wall != wall)
            continue;
        out->busy += crew->busy;
        out->idle += crew->idle_count + crew->doubted_count;
        out->starting += crew->coming_count;
        out->waiting += crew->waiting;
    }
    for (const struct cdn_hand *hand = pool->leaving; hand; hand = hand->next)
        out->leaving += hand->wall == wall;
    pthread_mutex_unlock(&pool->lock);
}

uint32_t cdn_crews_locks(struct cdn_crews *pool, cordon_wall wall)
{
    uint32_t locks = 0;

    pthread_mutex_lock(&pool->lock);
    for (const struct cdn_crew *crew = pool->crews; crew && !locks; crew = crew->next)
        if (crew->wall == wall && crew->idle)
            locks = crew->idle->worker->locks;
    pthread_mutex_unlock(&pool->lock);
    return locks;
}
