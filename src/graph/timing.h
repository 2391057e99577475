/* How long a run spends in native graph calls.
 *
 * Calls that go over edges or nodes are timed each: what that costs is small beside
 * them.  Reading a field, stepping an iterator or refining a set takes about as long as
 * reading the counter does, so of these *quick* calls one in CDN_TIMING_STRIDE, and two
 * of the first, are timed and stand for the others, less what reading the counter takes.
 * The sum is an estimate for them and exact for the rest.  What all of it costs: nothing
 * that can be measured on the velocity benchmark (W1), 0.5 % on a loop over edges. */
#ifndef CDN_GRAPH_TIMING_H
#define CDN_GRAPH_TIMING_H

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"

/* Odd, so that calls that take turns in a loop are met alike. */
#define CDN_TIMING_STRIDE 17

/* Zero is the start of a run. */
struct cdn_timing {
    uint64_t ticks;       /* of calls timed each */
    uint64_t since;       /* when one of them was begun that has not ended; 0: none */
    uint64_t quick_ticks; /* of the first `covered` quick calls, as far as is known */
    uint32_t quick;       /* quick calls so far */
    uint32_t next;        /* the number of the one to be timed next */
    uint32_t covered;
};

static inline void cdn_timing_begin(struct cdn_timing *timing)
{
    timing->since = cdn_ticks();
}

static inline void cdn_timing_end(struct cdn_timing *timing)
{
    timing->ticks += cdn_ticks() - timing->since;
    timing->since = 0;
}

/* Begin a quick call; 0: it is not timed. */
static inline uint64_t cdn_timing_quick(struct cdn_timing *timing)
{
    return __builtin_expect(timing->quick++ == timing->next, 0) ? cdn_ticks() : 0;
}

/* End one that is, begun at `since`. */
void cdn_timing_quick_end(struct cdn_timing *timing, uint64_t since);

/* All of it, up to now.  A call left by an error is not counted, unless the error is a
 * limit, which ended the run as well: `stopped`. */
uint64_t cdn_timing_total(const struct cdn_timing *timing, bool stopped);

#endif
