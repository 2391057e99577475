/* What happens to single workers: they are spawned, greet, are given and taken, are asked, are
 * hung up on, go. */
#include "engine/crew.h"

#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/checked.h"
#include "base/clock.h"

uint64_t cdn_crews_now(const struct cdn_crews *pool)
{
    return pool->options.now();
}

const char *cdn_end_str(enum cdn_end end)
{
    static const char *const words[] = {
#define END_WORD(name, word) word,
        CDN_END_MAP(END_WORD)
#undef END_WORD
    };

    return words[end];
}

/* ---- crews ---- */

static bool same_sight(const struct cdn_sight *a, const struct cdn_sight *b)
{
    return a->seen == b->seen && a->of == b->of && a->viewer == b->viewer;
}

static cordon_snapshot *keep(cordon_snapshot *snapshot)
{
    return snapshot ? cordon_snapshot_retain(snapshot) : NULL;
}

static struct cdn_crew *make(struct cdn_crews *pool, cordon_wall wall,
                             const struct cdn_sight *sight)
{
    struct cdn_crew *crew = cdn_calloc(1, sizeof *crew);

    if (!crew)
        return NULL;
    crew->wall = wall;
    crew->sight.seen = keep(sight->seen);
    crew->sight.of = keep(sight->of);
    crew->sight.viewer = sight->viewer;
    crew->used_ns = crew->span_ns = cdn_crews_now(pool);
    crew->next = pool->crews;
    pool->crews = crew;
    return crew;
}

struct cdn_crew *cdn_crew_find(struct cdn_crews *pool, cordon_wall wall,
                               const struct cdn_sight *sight)
{
    struct cdn_crew *crew;

    for (crew = pool->crews; crew; crew = crew->next)
        if (crew->wall == wall && same_sight(&crew->sight, sight))
            break;
    if (!crew)
        crew = make(pool, wall, sight);
    /* what was found out of the wall need not be found out again */
    if (crew && pool->failing[wall].count &&
        pool->failing[wall].retry_ns > crew->failing.retry_ns) {
        crew->failing = pool->failing[wall];
        crew->failing.fresh = false;
    }
    return crew;
}
uint32_t cdn_crew_members(const struct cdn_crew *crew)
{
    return crew->idle_count + crew->coming_count + crew->doubted_count + crew->busy;
}

bool cdn_crew_old(const struct cdn_crews *pool, const struct cdn_crew *crew)
{
    return crew->sight.of && crew->sight.of != pool->current;
}

static bool in_use(const struct cdn_crews *pool, const struct cdn_crew *crew,
                   uint64_t now_ns)
{
    return crew->wanted || now_ns - crew->used_ns < pool->options.idle_ns;
}

uint32_t cdn_crew_goal(const struct cdn_crews *pool, const struct cdn_crew *crew,
                       uint64_t now_ns)
{
    uint32_t goal = crew->peak > crew->peak_before ? crew->peak : crew->peak_before;

    if (cdn_crew_old(pool, crew))
        return 0;
    if (crew->waited || crew->waited_before)
        goal++;
    if (in_use(pool, crew, now_ns) && goal < pool->options.least)
        goal = pool->options.least;
    return goal < pool->options.most ? goal : pool->options.most;
}

static uint32_t members_of_wall(const struct cdn_crews *pool, cordon_wall wall)
{
    uint32_t count = 0;

    for (const struct cdn_crew *crew = pool->crews; crew; crew = crew->next)
        if (crew->wall == wall)
            count += cdn_crew_members(crew);
    return count;
}

/* ---- lists ---- */

static void push(struct cdn_hand **list, struct cdn_hand *hand)
{
    hand->next = *list;
    *list = hand;
}

static void unlink_hand(struct cdn_hand **list, const struct cdn_hand *hand)
{
    while (*list != hand)
        list = &(*list)->next;
    *list = hand->next;
}

/* By when they were used, the latest first. */
static void push_idle(struct cdn_crew *crew, struct cdn_hand *hand)
{
    struct cdn_hand **list = &crew->idle;

    while (*list && (*list)->used_ns > hand->used_ns)
        list = &(*list)->next;
    push(list, hand);
    crew->idle_count++;
}

struct cdn_hand *cdn_hand_take(struct cdn_crew *crew)
{
    struct cdn_hand *hand = crew->idle;

    if (hand) {
        crew->idle = hand->next;
        crew->idle_count--;
    }
    return hand;
}

void cdn_hand_doubt(struct cdn_hand *hand, uint64_t now_ns)
{
    hand->since_ns = now_ns;
    push(&hand->crew->doubted, hand);
    hand->crew->doubted_count++;
}

/* ---- waiters ---- */

static void wake(const struct cdn_hand_waiter *waiter)
{
    static const uint64_t one = 1;

    (void)!write(waiter->event, &one, sizeof one); /* full is woken too */
}

void cdn_crew_wake(struct cdn_crews *pool, const struct cdn_crew *crew, bool room)
{
    for (struct cdn_hand_waiter *waiter = pool->waiters; waiter; waiter = waiter->next)
        if (waiter->crew == crew || (room && waiter->crew->wall == crew->wall))
            wake(waiter);
}

void cdn_hand_give(struct cdn_crews *pool, struct cdn_hand *hand)
{
    struct cdn_crew *crew = hand->crew;
    struct cdn_hand_waiter *waiter = pool->waiters;

    while (waiter && (waiter->crew != crew || waiter->hand))
        waiter = waiter->next;
    if (!waiter) {
        push_idle(crew, hand);
        if (pool->waiters) /* somebody of another crew may have it ended */
            cdn_crew_wake(pool, crew, true);
        return;
    }
    waiter->hand = hand;
    crew->waiting--;
    crew->busy++;
    wake(waiter);
}

/* ---- ends ---- */

void cdn_hand_dismiss(struct cdn_crews *pool, struct cdn_hand *hand, enum cdn_end end,
                      uint64_t now_ns)
{
    const struct cdn_crew *crew = hand->crew;

    cdn_worker_hang_up(hand->worker);
    hand->since_ns = now_ns;
    hand->crew = NULL;
    push(&pool->leaving, hand);
    pool->stats[hand->wall].ends[end]++;
    cdn_crew_wake(pool, crew, true);
}

static void dismiss_all(struct cdn_crews *pool, struct cdn_hand **list, uint32_t *count,
                        enum cdn_end end, uint64_t now_ns)
{
    while (*list) {
        struct cdn_hand *hand = *list;

        *list = hand->next;
        --*count;
        cdn_hand_dismiss(pool, hand, end, now_ns);
    }
}

void cdn_crew_dismiss(struct cdn_crews *pool, struct cdn_crew *crew, enum cdn_end end,
                      uint64_t now_ns)
{
    dismiss_all(pool, &crew->idle, &crew->idle_count, end, now_ns);
    dismiss_all(pool, &crew->coming, &crew->coming_count, end, now_ns);
    dismiss_all(pool, &crew->doubted, &crew->doubted_count, end, now_ns);
}

static bool needless(const struct cdn_crews *pool, const struct cdn_crew *crew,
                     uint64_t now_ns)
{
    if (cdn_crew_members(crew) || crew->waiting || crew->wanted || crew->tended)
        return false;
    return cdn_crew_old(pool, crew) ||
           (!in_use(pool, crew, now_ns) &&
            (!crew->failing.count || now_ns >= crew->failing.retry_ns));
}

void cdn_rest_collect(struct cdn_rest *out, struct cdn_crews *pool, uint64_t now_ns)
{
    struct cdn_hand **hands = &pool->leaving;
    struct cdn_crew **crews = &pool->crews;

    *out = (struct cdn_rest){0};
    while (*hands) {
        struct cdn_hand *hand = *hands;

        if (!cdn_worker_gone(hand->worker) &&
            now_ns - hand->since_ns < CDN_HAND_LEAVE_NS) {
            hands = &hand->next;
            continue;
        }
        *hands = hand->next;
        push(&out->hands, hand);
    }
    while (*crews) {
        struct cdn_crew *crew = *crews;

        if (!needless(pool, crew, now_ns)) {
            crews = &crew->next;
            continue;
        }
        *crews = crew->next;
        crew->next = out->crews;
        out->crews = crew;
    }
}

void cdn_rest_free(struct cdn_rest *rest)
{
    while (rest->hands) {
        struct cdn_hand *hand = rest->hands;

        rest->hands = hand->next;
        hand->worker->end(hand->worker);
        cdn_free(hand);
    }
    while (rest->crews) {
        struct cdn_crew *crew = rest->crews;

        rest->crews = crew->next;
        cordon_snapshot_release(crew->sight.seen);
        cordon_snapshot_release(crew->sight.of);
        cdn_free(crew);
    }
}

/* ---- starts ---- */

static void failed(struct cdn_crews *pool, struct cdn_crew *crew,
                   const cordon_error *why, uint64_t now_ns)
{
    struct cdn_failing *failing = &crew->failing;
    uint64_t delay_ns = CDN_CREW_RETRY_NS;

    for (uint32_t i = 0; i < failing->count && delay_ns < CDN_CREW_RETRY_MOST_NS; i++)
        delay_ns *= 2;
    if (delay_ns > CDN_CREW_RETRY_MOST_NS)
        delay_ns = CDN_CREW_RETRY_MOST_NS;
    failing->count++;
    failing->fresh = true;
    failing->retry_ns = now_ns + delay_ns;
    failing->why = *why;
    pool->failing[crew->wall] = *failing;
    pool->stats[crew->wall].failures++;
    cdn_crew_wake(pool, crew, false);
}

/* End another crew's worker of the wall that was not used for longest. */
static bool make_room(struct cdn_crews *pool, const struct cdn_crew *than,
                      uint64_t now_ns)
{
    struct cdn_hand *oldest = NULL;

    for (struct cdn_crew *crew = pool->crews; crew; crew = crew->next)
        for (struct cdn_hand *hand = crew->idle; hand; hand = hand->next)
            if (crew != than && crew->wall == than->wall &&
                (!oldest || hand->used_ns < oldest->used_ns))
                oldest = hand;
    if (!oldest)
        return false;
    unlink_hand(&oldest->crew->idle, oldest);
    oldest->crew->idle_count--;
    cdn_hand_dismiss(pool, oldest, CDN_END_IDLE, now_ns);
    return true;
}

bool cdn_crew_may_start(struct cdn_crews *pool, const struct cdn_crew *crew, bool evict,
                        uint64_t now_ns)
{
    /* while it fails one is tried at a time */
    if (crew->failing.count && (now_ns < crew->failing.retry_ns || crew->coming_count))
        return false;
    return members_of_wall(pool, crew->wall) < pool->options.most ||
           (evict && make_room(pool, crew, now_ns));
}

void cdn_crew_start(struct cdn_crews *pool, struct cdn_crew *crew)
{
    struct cdn_wall_options with = pool->options.with;
    const struct cdn_wall *wall = &pool->options.walls[crew->wall];
    uint64_t began_ns = cdn_crews_now(pool);
    struct cdn_hand *hand;
    cordon_error why;
    cordon_status status = CORDON_OK;

    crew->coming_count++;
    pthread_mutex_unlock(&pool->lock);
    with.start_ns = wall->start_ns;
    hand = cdn_calloc(1, sizeof *hand);
    if (hand)
        status = wall->spawn(&hand->worker, &with, crew->sight.seen, &why);
    else
        status = cdn_error_nomem(&why);
    pthread_mutex_lock(&pool->lock);
    if (status) {
        crew->coming_count--;
        failed(pool, crew, &why, cdn_crews_now(pool));
        cdn_free(hand);
        return;
    }
    hand->crew = crew;
    hand->wall = crew->wall;
    hand->since_ns = began_ns;
    hand->worker->keeper = hand;
    push(&crew->coming, hand);
    cdn_crew_wake(pool, crew, false);
}

static void greeted(struct cdn_crews *pool, struct cdn_hand *hand, uint64_t now_ns)
{
    struct cdn_crew *crew = hand->crew;
    struct cdn_crews_stats *stats = &pool->stats[crew->wall];
    uint64_t took_ns = now_ns - hand->since_ns;

    stats->starts[cdn_tally_time(took_ns)]++;
    stats->starts_ns += took_ns;
    crew->failing.count = 0;
    pool->failing[crew->wall].count = 0;
    hand->heard_ns = hand->used_ns = now_ns;
    cdn_hand_give(pool, hand);
}

/* ---- looking after them ---- */

static void advance_coming(struct cdn_crews *pool, struct cdn_crew *crew,
                           uint64_t now_ns)
{
    uint64_t most_ns = pool->options.walls[crew->wall].start_ns;

    for (struct cdn_hand **at = &crew->coming; *at;) {
        struct cdn_hand *hand = *at;
        bool done = false;
        cordon_error why;
        cordon_status status = cdn_worker_greeted(hand->worker, &done, &why);

        if (!done && now_ns - hand->since_ns >= most_ns) {
            status = cdn_worker_greet(hand->worker, 0, &why); /* says so */
            done = true;
        }
        if (!done) {
            at = &hand->next;
            continue;
        }
        *at = hand->next;
        crew->coming_count--;
        if (status) {
            cdn_hand_dismiss(pool, hand, CDN_END_UNBORN, now_ns);
            failed(pool, crew, &why, now_ns);
        } else {
            greeted(pool, hand, now_ns);
        }
    }
}

static void advance_doubted(struct cdn_crews *pool, struct cdn_crew *crew,
                            uint64_t now_ns)
{
    for (struct cdn_hand **at = &crew->doubted; *at;) {
        struct cdn_hand *hand = *at;
        bool late = now_ns - hand->since_ns >= CDN_HAND_DOUBT_NS;
        cordon_status status = cdn_worker_pong(hand->worker, 0, NULL);

        if (status == CORDON_E_INTERRUPTED && !late) {
            at = &hand->next;
            continue;
        }
        *at = hand->next;
        crew->doubted_count--;
        if (status) {
            cdn_hand_dismiss(pool, hand,
                             status == CORDON_E_INTERRUPTED ? CDN_END_STOPPED
                                                            : CDN_END_DEAD,
                             now_ns);
        } else {
            hand->heard_ns = now_ns;
            cdn_hand_give(pool, hand);
        }
    }
}

void cdn_crew_advance(struct cdn_crews *pool, struct cdn_crew *crew, uint64_t now_ns)
{
    advance_coming(pool, crew, now_ns);
    advance_doubted(pool, crew, now_ns);
}
