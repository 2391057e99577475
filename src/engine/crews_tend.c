/* Looking after workers: who answers, who is needed, who is missing. */
#include <poll.h>
#include <unistd.h>

#include "base/clock.h"
#include "engine/crew.h"

/* A tend starts no more of a crew while so many are on the way: what has the host's attention
 * is its evaluations. */
#define COMING_MOST 4u

/* Ask those that were not heard of lately; they are in doubt until they answer. */
static bool ask(struct cdn_crews *pool, struct cdn_crew *crew, uint64_t now_ns)
{
    bool asked = false;

    for (struct cdn_hand **at = &crew->idle; *at;) {
        struct cdn_hand *hand = *at;

        if (now_ns - hand->heard_ns < CDN_HAND_ASK_NS) {
            at = &hand->next;
            continue;
        }
        *at = hand->next;
        crew->idle_count--;
        if (!cdn_worker_quiet(hand->worker) || cdn_worker_ping(hand->worker, NULL)) {
            cdn_hand_dismiss(pool, hand, CDN_END_DEAD, now_ns);
            continue;
        }
        cdn_hand_doubt(hand, now_ns);
        asked = true;
    }
    return asked;
}

static bool all_answered(struct cdn_crews *pool)
{
    bool all = true;

    for (struct cdn_crew *crew = pool->crews; crew; crew = crew->next) {
        cdn_crew_advance(pool, crew, cdn_crews_now(pool));
        all = all && !crew->doubted_count;
    }
    return all;
}

/* Most answer at once; the others may by the next tend. */
static void hear(struct cdn_crews *pool)
{
    uint64_t until_ns = cdn_clock_ns() + CDN_HAND_ANSWER_NS;

    while (!all_answered(pool) && cdn_clock_ns() < until_ns) {
        pthread_mutex_unlock(&pool->lock);
        (void)usleep(100);
        pthread_mutex_lock(&pool->lock);
    }
}

/* Begin a new span of time, if this one is over. */
static void turn_span(const struct cdn_crews *pool, struct cdn_crew *crew,
                      uint64_t now_ns)
{
    if (now_ns - crew->span_ns < pool->options.idle_ns)
        return;
    crew->span_ns = now_ns;
    crew->peak_before = crew->peak;
    crew->peak = crew->busy;
    crew->waited_before = crew->waited;
    crew->waited = false;
}

/* End who was idle for long and is one too many: the last of the list, used longest ago. */
static void shrink(struct cdn_crews *pool, struct cdn_crew *crew, uint64_t now_ns)
{
    uint32_t goal = cdn_crew_goal(pool, crew, now_ns);

    if (cdn_crew_old(pool, crew)) {
        cdn_crew_dismiss(pool, crew, CDN_END_GENERATION, now_ns);
        return;
    }
    while (crew->idle && cdn_crew_members(crew) > goal) {
        struct cdn_hand **last = &crew->idle;
        struct cdn_hand *hand;

        while ((*last)->next)
            last = &(*last)->next;
        hand = *last;
        if (now_ns - hand->used_ns < pool->options.idle_ns)
            return;
        *last = NULL;
        crew->idle_count--;
        cdn_hand_dismiss(pool, hand, CDN_END_IDLE, now_ns);
    }
}

/* Start what is missing; gives the mutex back meanwhile. */
static void grow(struct cdn_crews *pool, struct cdn_crew *crew)
{
    for (;;) {
        uint64_t now_ns = cdn_crews_now(pool);
        uint32_t failures = crew->failing.count;

        if (crew->coming_count >= COMING_MOST ||
            cdn_crew_members(crew) >= cdn_crew_goal(pool, crew, now_ns) ||
            !cdn_crew_may_start(pool, crew, false, now_ns))
            return;
        cdn_crew_start(pool, crew);
        if (crew->failing.count > failures)
            return;
    }
}

/* Why the first failed that did since the last time this was asked. */
static cordon_status fresh_failure(struct cdn_crews *pool, cordon_error *err)
{
    cordon_status status = CORDON_OK;

    for (struct cdn_crew *crew = pool->crews; crew; crew = crew->next) {
        const struct cdn_failing *failing = &crew->failing;

        if (failing->fresh && failing->count && !status)
            status = cdn_error_set(
                err, failing->why.status, "the wall '%s': %s (tried %u times)",
                cordon_wall_str(crew->wall), failing->why.message, failing->count);
        crew->failing.fresh = false;
    }
    return status;
}

cordon_status cdn_crews_tend(struct cdn_crews *pool, cordon_error *err)
{
    struct cdn_rest rest;
    cordon_status status;
    bool asked = false;

    if (atomic_flag_test_and_set(&pool->tending))
        return CORDON_OK;
    pthread_mutex_lock(&pool->lock);
    for (struct cdn_crew *crew = pool->crews; crew; crew = crew->next) {
        uint64_t now_ns = cdn_crews_now(pool);

        cdn_crew_advance(pool, crew, now_ns);
        turn_span(pool, crew, now_ns);
        shrink(pool, crew, now_ns);
        asked = ask(pool, crew, now_ns) || asked;
    }
    if (asked)
        hear(pool);
    for (struct cdn_crew *crew = pool->crews; crew; crew = crew->next) {
        crew->tended =
            true; /* growing gives the mutex back: it is not to go meanwhile */
        grow(pool, crew);
        crew->tended = false;
    }
    status = fresh_failure(pool, err);
    cdn_rest_collect(&rest, pool, cdn_crews_now(pool));
    pthread_mutex_unlock(&pool->lock);
    cdn_rest_free(&rest);
    atomic_flag_clear(&pool->tending);
    return status;
}
