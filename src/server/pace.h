/* How much of its time an event loop spends in rules.
 *
 * Quick rules are evaluated on the loop of their connection (admit.h), where nothing can be refused
 * at once: a request is seen when the loop comes to it.  While that is a small part of what the loop does,
 * there is nothing to be gained either, as saying no costs nearly as much.  But a loop that spends
 * CDN_PACE_FULL of its time in rules has more of them than it can do, or soon will: then they
 * are workers' for CDN_PACE_HELD_NS, whose queue is kept short (delay.h), and the loop is free to say no.
 *
 * Threads: a pace is one thread's. */
#ifndef CDN_SERVER_PACE_H
#define CDN_SERVER_PACE_H

#include <stdbool.h>
#include <stdint.h>

#define CDN_PACE_WINDOW_NS       UINT64_C(10000000)
#define CDN_PACE_HELD_NS         UINT64_C(100000000)
#define CDN_PACE_FULL(window_ns) ((window_ns) / 4 * 3)

/* Zero-initialised is a loop that has done nothing. */
struct cdn_pace {
    uint64_t begun_ns; /* of this window */
    uint64_t spent_ns; /* in rules, in it */
    uint64_t full_until_ns;
};

/* A rule ran for so long, until now. */
void cdn_pace_ran(struct cdn_pace *pace, uint64_t now_ns, uint64_t took_ns);
/* Are rules to be left to workers? */
bool cdn_pace_is_full(const struct cdn_pace *pace, uint64_t now_ns);

#endif
