/* The pool of workers behind walls.
 *
 * A worker belongs to nobody but while an evaluation has leased it: idle ones are shared by all
 * who want the same *sight* behind the same wall, and the one used last goes first, so that what
 * is warm stays warm and what is not needed is seen to be idle.  How many there are follows
 * load: an evaluation that finds none idle has one started, up to `most`; a tend starts as many
 * ahead as were needed at once lately, and one more where somebody had to wait; what was idle
 * for `idle_ns` ends.
 *
 * Nothing here waits for a worker but an evaluation that needs one, which waits as long as its
 * own time lasts: a start is spawned and looked at later, an end hung up and reaped later.  A
 * wall that cannot be put up is tried again at once, after 0.1 s, 0.2 s and so on up to 30 s;
 * meanwhile whoever needs it is told at once why it cannot.
 *
 * One that is dead, or says what nobody asked, is found out when it is leased (one poll); one
 * that is stopped, by a question that a tend puts to all that are idle, or the lease to one that
 * was not heard for two seconds.
 *
 * Threads: safe from any number of them; one mutex, held for no wait, start or end of a worker.
 * What is tended, is tended by one thread: a second one finds it done.
 * Cost:    a lease and a return are two turns of the mutex and one poll, and allocate nothing. */
#ifndef CDN_ENGINE_CREWS_H
#define CDN_ENGINE_CREWS_H

#include <stdbool.h>
#include <stdint.h>

#include <cordon/snapshot.h>

#include "engine/tally.h"
#include "isolation/wall.h"

struct cdn_crews;

struct cdn_crews_options {
    const struct cdn_wall *walls; /* CDN_WALLS of them; borrowed */
    /* What they are started with; its start_ns are those of the walls.  What it points to is
     * borrowed. */
    struct cdn_wall_options with;
    uint32_t least; /* kept behind each wall in use */
    uint32_t most;  /* of one wall at once */
    uint64_t idle_ns;
    uint64_t (*now)(void); /* NULL: cdn_clock_ns() */
};

/* What a worker sees, and the generation that stands or falls with: when the engine has moved
 * on from `of`, such workers are needed by those alone who still stand on it.  Two sights are the
 * same if the pointers are: an identity is but a checksum. */
struct cdn_sight {
    cordon_snapshot *seen; /* NULL: nothing */
    cordon_snapshot *of;   /* NULL: of no generation */
    /* Whose slices it is sent, since no worker is to see those of two; 0: it is sent none. */
    uint64_t viewer;
};

/* How long somebody waits for a worker. */
struct cdn_patience {
    uint64_t until_ns;
    const uint32_t *cancel,
        *revoked; /* not 0: no longer; NULL: there is no such flag */
};

/* Why a worker was ended, X(name, word). */
#define CDN_END_MAP(X)                                                                 \
    X(IDLE, "idle")             /* nobody needed it */                                 \
    X(GENERATION, "generation") /* the engine has moved on */                          \
    X(BROKEN, "broken")         /* it was late, lied or died in a run */               \
    X(DEAD, "dead")             /* it was found so, or to speak unasked */             \
    X(STOPPED, "stopped")       /* it was idle and did not answer */                   \
    X(WORN, "worn")             /* its life's processor time is near */                \
    X(UNBORN, "unborn")         /* it never greeted */

enum cdn_end {
#define CDN_END_ENUM(name, word) CDN_END_##name,
    CDN_END_MAP(CDN_END_ENUM)
#undef CDN_END_ENUM
        CDN_ENDS
};

/* What the workers of a wall do, and did. */
struct cdn_crews_stats {
    uint32_t busy, idle, starting, leaving;
    uint32_t waiting;                          /* evaluations that found none */
    uint64_t waits[CDN_TALLY_TIMES], waits_ns; /* of evaluations that found none idle */
    uint64_t starts[CDN_TALLY_TIMES], starts_ns; /* from spawning to greeting */
    uint64_t failures;                           /* to start one */
    uint64_t ends[CDN_ENDS];
};

/* Ownership: *out is the caller's; cdn_crews_free() it when no worker is leased.
 * Errors:    CORDON_E_NOMEM. */
cordon_status cdn_crews_new(struct cdn_crews **out,
                            const struct cdn_crews_options *options, cordon_error *err);
void cdn_crews_free(struct cdn_crews *pool); /* accepts NULL */

/* Ownership: *out is the caller's until cdn_crews_return().
 * Errors: CORDON_E_INTERRUPTED the caller's patience is at its end; CORDON_E_INVALID there is no
 *         such wall; why none can be started (cdn_wall_start()); CORDON_E_NOMEM. */
cordon_status cdn_crews_lease(struct cdn_worker **out, struct cdn_crews *pool,
                              cordon_wall wall, const struct cdn_sight *sight,
                              const struct cdn_patience *patience, cordon_error *err);
/* One that is broken ends. */
void cdn_crews_return(struct cdn_crews *pool, struct cdn_worker *worker);

/* Have so many started, or as many as there may be, and lease those that are idle or on the way:
 * *leased of them, to be returned.  Errors: as cdn_crews_lease(), nothing is leased then. */
cordon_status cdn_crews_fill(struct cdn_worker **out, uint32_t *leased,
                             struct cdn_crews *pool, cordon_wall wall,
                             const struct cdn_sight *sight, uint32_t count,
                             cordon_error *err);

/* The engine has moved on to this snapshot, which may be NULL: workers of others end when they
 * are not in use, and the next tend starts others in their place. */
void cdn_crews_turn(struct cdn_crews *pool, cordon_snapshot *current);
/* Keep `least` workers of the wall with this sight from now on, and with no other; NULL: with
 * none, and those there are end when they were idle for long. */
void cdn_crews_want(struct cdn_crews *pool, cordon_wall wall,
                    const struct cdn_sight *sight);
/* Look after them, about once a second.
 * Errors: why the first that failed to start since the last tend did. */
cordon_status cdn_crews_tend(struct cdn_crews *pool, cordon_error *err);

void cdn_crews_stats(struct cdn_crews_stats *out, struct cdn_crews *pool,
                     cordon_wall wall);
/* What holds some worker of the wall in (enum cdn_lock), as it says; 0: there is none. */
uint32_t cdn_crews_locks(struct cdn_crews *pool, cordon_wall wall);

const char *cdn_end_str(enum cdn_end end);

#endif
