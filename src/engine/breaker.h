/* A breaker: how often a version of a rule failed lately, and whether that is too often.
 *
 * Three kinds of failure are counted, each against a limit of its own: crashes of the worker it
 * ran in (that died, lied or was killed for being late), its own limits that it hit, and errors.
 * A limit is so many failures within a window, of time or of the version's own runs.  The one
 * that reaches it *trips* the breaker: exactly one caller is told so, however many failures come
 * at once, and nothing more is counted until the trip has been followed (trust.h) and the
 * breaker is armed again, empty.
 *
 * A window is a ring of 16 buckets, each one word: the number of the stretch of time (or runs)
 * that it counts, and how many failures that saw.  A failure finds its bucket by the stretch it
 * falls into and adds to it, or takes it over from a stretch long past; the count is the sum of
 * the buckets whose stretches lie within the window.  So a window forgets a failure up to a
 * sixteenth of its length early, never late, and is exact where it is no more than 16 long.
 *
 * Cost: nothing for a run that ends well; a failure costs some tens of loads and one
 * compare-and-swap.  Lock-free; allocates nothing.
 *
 * Threads: cdn_breaker_count() from any; what is told of the others is said at each. */
#ifndef CDN_ENGINE_BREAKER_H
#define CDN_ENGINE_BREAKER_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cordon/outcome.h>
#include <cordon/wall.h>

/* No wall is strong enough: the number behind the last wall's. */
#define CDN_WALL_NONE (CORDON_WALL_MICROVM + 1u)

#define CDN_BREAKER_BUCKETS   16u
#define CDN_BREAKER_DECISIONS 8u       /* that evidence names */
#define CDN_BREAKER_MOST      1000000u /* failures that a limit may count to */

/* X(name, word of the policy, one, several) */
#define CDN_FAULT_MAP(X)                                                               \
    X(CRASH, "crashes", "crash of its worker", "crashes of its worker")                \
    X(LIMIT, "limits", "limit hit", "limits hit")                                      \
    X(ERROR, "errors", "error", "errors")

enum cdn_fault {
#define CDN_FAULT_ENUM(name, word, one, several) CDN_FAULT_##name,
    CDN_FAULT_MAP(CDN_FAULT_ENUM)
#undef CDN_FAULT_ENUM
        CDN_FAULTS
};

/* So many within so much. */
struct cdn_breaker_limit {
    uint32_t count;  /* 0: not watched; at most CDN_BREAKER_MOST */
    bool by_runs;    /* else by time */
    uint64_t window; /* runs, or ns; at least 1 */
};

/* What a policy says of breakers. */
struct cdn_breaker_rules {
    bool given; /* else nothing is counted */
    struct cdn_breaker_limit limits[CDN_FAULTS];
    uint32_t wall_count;
    cordon_wall walls[CORDON_WALL_MICROVM]; /* the weakest first: each trip moves to the
                                               first that is stronger than the one it has */
};

enum cdn_breaker_state {
    CDN_BREAKER_ARMED,
    CDN_BREAKER_TRIPPING, /* whoever tripped it writes down the evidence */
    CDN_BREAKER_TRIPPED,  /* the upkeep is to follow it */
    CDN_BREAKER_MOVED,    /* the registry knows; the decision log does not yet */
    CDN_BREAKER_TOLD      /* that does; the registry keeps its note still */
};

/* What it tripped on.  Written by whoever tripped it, before the state is TRIPPED. */
struct cdn_breaker_evidence {
    enum cdn_fault fault; /* that was one too many */
    struct cdn_breaker_limit limit;
    uint32_t counts[CDN_FAULTS]; /* in each kind's window */
    uint64_t runs;               /* of the version in this engine */
    int64_t time_ms;
    uint32_t from, to; /* walls; CDN_WALL_NONE: out of service */
    cordon_variant variant;
    cordon_outcome_kind outcome; /* the last one's */
    cordon_budget budget;
    char message[256]; /* one line, of the library's own words */
    uint32_t decision_count;
    char decisions[CDN_BREAKER_DECISIONS]
                  [CORDON_DECISION_ID_BYTES + 1]; /* latest first */
};

struct cdn_breaker {
    _Atomic uint32_t state; /* enum cdn_breaker_state */
    _Atomic uint64_t buckets[CDN_FAULTS][CDN_BREAKER_BUCKETS];
    _Atomic uint32_t next; /* of these: */
    _Atomic uint64_t
        decisions[CDN_BREAKER_DECISIONS]; /* latter halves of their names */
    struct cdn_breaker_evidence evidence;
    bool told;       /* that following it failed; the upkeep's */
    uint64_t change; /* the registry's that followed it; 0: none did.  The upkeep's */
};

/* Count a failure at that time, the `run`-th run of its version.  True: it tripped the breaker,
 * and the caller alone is to fill in the evidence and then call cdn_breaker_trip().  `decision`:
 * the failed decision's name. */
bool cdn_breaker_count(struct cdn_breaker *breaker,
                       const struct cdn_breaker_rules *rules, enum cdn_fault fault,
                       uint64_t now_ns, uint64_t run, const char *decision);

/* How many failures the window has now. */
uint32_t cdn_breaker_within(const struct cdn_breaker *breaker,
                            const struct cdn_breaker_limit *limit, enum cdn_fault fault,
                            uint64_t now_ns, uint64_t run);

/* The names of the latest failed decisions, into the evidence: those of an engine begin alike. */
void cdn_breaker_name_decisions(struct cdn_breaker *breaker, const char *identity);

/* The evidence is whole. */
void cdn_breaker_trip(struct cdn_breaker *breaker);

/* Empty it, and count again.  Of one that is tripped: by whoever followed that. */
void cdn_breaker_arm(struct cdn_breaker *breaker);

/* The wall that a trip moves to from `from`: the first of the policy's that is stronger;
 * CDN_WALL_NONE: there is none.  `works`: by wall, what stands in for it on this machine. */
uint32_t cdn_breaker_next(const struct cdn_breaker_rules *rules,
                          const unsigned char *works, uint32_t from);

/* "3 crashes of its worker within 10 s (...)", one line. */
const char *cdn_breaker_tell(char *out, size_t size,
                             const struct cdn_breaker_evidence *evidence);

#endif
