/* Crews and hands: the inside of the pool of workers (crews.h).
 *
 *   hand    one worker and what is known of it.  It is in one list at a time, or in use.
 *   crew    the hands of one wall and sight.  It lives as long as it has hands or somebody waits
 *           for one, while it has failed, and while it is wanted.
 *   waiter  an evaluation that waits, on its own stack.  It polls an eventfd of its own and the
 *           channels of its crew that something is to come from; whoever gives it a hand, or
 *           changes what it should look at, writes to the eventfd.
 *
 * Everything is under the pool's mutex.  What takes long happens outside of it: a crew is kept
 * alive meanwhile by the hand that is counted in it.  What is to be freed is collected in a
 * `cdn_rest`, and done with after the mutex. */
#ifndef CDN_ENGINE_CREW_H
#define CDN_ENGINE_CREW_H

#include <pthread.h>
#include <stdatomic.h>

#include "engine/crews.h"

/* A worker that was heard of this long ago is asked before it is leased; a tend asks sooner. */
#define CDN_HAND_STALE_NS UINT64_C(2000000000)
#define CDN_HAND_ASK_NS   UINT64_C(500000000)
/* How long whoever asks stays for the answer, and how long it may take. */
#define CDN_HAND_ANSWER_NS UINT64_C(2000000)
#define CDN_HAND_DOUBT_NS  UINT64_C(1000000000)
/* How long one that was hung up on may take to clean up. */
#define CDN_HAND_LEAVE_NS UINT64_C(2000000000)
/* Between tries where none can be started: after the second, and at most.  The first failure may
 * have been an accident, and is followed by another try at once. */
#define CDN_CREW_RETRY_NS      UINT64_C(100000000)
#define CDN_CREW_RETRY_MOST_NS UINT64_C(30000000000)

struct cdn_hand {
    struct cdn_hand *next;
    struct cdn_worker *worker;
    struct cdn_crew *crew; /* NULL: it was hung up on, and its crew may be gone */
    cordon_wall wall;
    uint64_t since_ns; /* spawned, leased, asked or hung up on */
    uint64_t heard_ns; /* last said what it should */
    uint64_t used_ns;  /* last returned, or greeted */
    uint64_t worked_ns;
};

struct cdn_hand_waiter {
    struct cdn_hand_waiter *next;
    struct cdn_crew *crew;
    struct cdn_hand *hand; /* given */
    int event;
};

/* That no worker could be started, how often one after the other, and when it is tried again. */
struct cdn_failing {
    uint32_t count; /* 0: nothing fails */
    bool fresh;     /* since the last tend */
    uint64_t retry_ns;
    cordon_error why;
};

struct cdn_crew {
    struct cdn_crew *next;
    cordon_wall wall;
    struct cdn_sight sight; /* retained, both */
    bool wanted;
    bool tended;              /* a tend looks at it, and comes back to it */
    struct cdn_hand *idle;    /* the one used last first */
    struct cdn_hand *coming;  /* spawned, and did not greet yet */
    struct cdn_hand *doubted; /* asked, and did not answer yet */
    /* How many there are of each; those that are being spawned are coming already. */
    uint32_t idle_count, coming_count, doubted_count, busy;
    uint32_t waiting; /* and were given none yet */
    /* What was needed at once, and whether somebody had to wait, in this span of idle_ns and in
     * the one before. */
    uint32_t peak, peak_before;
    bool waited, waited_before;
    uint64_t span_ns; /* when this one began */
    uint64_t used_ns; /* when one was leased last */
    struct cdn_failing failing;
};

struct cdn_crews {
    struct cdn_crews_options options;
    pthread_mutex_t lock;
    struct cdn_crew *crews;
    struct cdn_hand *leaving;        /* hung up on, not reaped */
    struct cdn_hand_waiter *waiters; /* in order of arrival */
    cordon_snapshot *current;        /* retained */
    atomic_flag tending;
    struct cdn_crews_stats stats[CDN_WALLS]; /* of what was; what is, is counted */
    /* Of each wall since one was started behind it last: a new crew begins with that. */
    struct cdn_failing failing[CDN_WALLS];
};

/* What is to be ended and freed once the mutex is given back. */
struct cdn_rest {
    struct cdn_hand *hands;
    struct cdn_crew *crews;
};

/* All but the last two under the mutex.  `now_ns` is the pool's time. */

/* The crew of that wall and sight, made if need be; NULL: there is no memory. */
struct cdn_crew *cdn_crew_find(struct cdn_crews *pool, cordon_wall wall,
                               const struct cdn_sight *sight);
uint32_t cdn_crew_members(const struct cdn_crew *crew);
/* Is it of a generation that the engine has moved on from? */
bool cdn_crew_old(const struct cdn_crews *pool, const struct cdn_crew *crew);
/* How many it should have now. */
uint32_t cdn_crew_goal(const struct cdn_crews *pool, const struct cdn_crew *crew,
                       uint64_t now_ns);
/* See who has greeted, or answered, or should have by now. */
void cdn_crew_advance(struct cdn_crews *pool, struct cdn_crew *crew, uint64_t now_ns);
/* Is there room for one more, ending one of another crew that is idle if `evict`, and is it time
 * to try? */
bool cdn_crew_may_start(struct cdn_crews *pool, const struct cdn_crew *crew, bool evict,
                        uint64_t now_ns);
/* Spawn one; gives the mutex back meanwhile. */
void cdn_crew_start(struct cdn_crews *pool, struct cdn_crew *crew);
/* To a waiter, or among the idle. */
void cdn_hand_give(struct cdn_crews *pool, struct cdn_hand *hand);
struct cdn_hand *cdn_hand_take(struct cdn_crew *crew); /* the first idle one; NULL */
/* Hang up on one that is in no list. */
void cdn_hand_dismiss(struct cdn_crews *pool, struct cdn_hand *hand, enum cdn_end end,
                      uint64_t now_ns);
void cdn_hand_doubt(struct cdn_hand *hand, uint64_t now_ns);
/* Dismiss those of a crew that are idle, coming or doubted. */
void cdn_crew_dismiss(struct cdn_crews *pool, struct cdn_crew *crew, enum cdn_end end,
                      uint64_t now_ns);
/* Have the crew's waiters look again; those of the whole wall if `room` has become. */
void cdn_crew_wake(struct cdn_crews *pool, const struct cdn_crew *crew, bool room);
/* Collect who has gone, or had the time to, and crews that nobody needs. */
void cdn_rest_collect(struct cdn_rest *out, struct cdn_crews *pool, uint64_t now_ns);
/* Without the mutex. */
void cdn_rest_free(struct cdn_rest *rest);
uint64_t cdn_crews_now(const struct cdn_crews *pool);

#endif
