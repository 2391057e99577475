/* Clocks.  cdn_clock_ns() is monotonic and costs about 22 ns.  cdn_ticks() is the CPU's
 * own counter where there is one (a few ns), for timing native calls; its rate is
 * measured once, by cdn_ticks_init(), which is safe from any thread and called by
 * engine creation. */
#ifndef CDN_BASE_CLOCK_H
#define CDN_BASE_CLOCK_H

#include <stdint.h>

#if defined(__x86_64__)
#include <x86intrin.h>
#endif

uint64_t cdn_clock_ns(void);     /* monotonic, nanoseconds */
int64_t cdn_clock_wall_ms(void); /* milliseconds since 1970 UTC */
int64_t cdn_clock_wall_ns(void); /* nanoseconds since 1970 UTC */

void cdn_ticks_init(void);
/* What was measured, for a process of this machine that is not to take the 2 ms anew:
 * cdn_ticks_adopt() comes before anything else that is done with ticks there. */
struct cdn_ticks_measured {
    uint64_t rate; /* nanoseconds a tick, times 2^32; 0: not measured */
    uint64_t cost;
};
struct cdn_ticks_measured cdn_ticks_measured(void);
void cdn_ticks_adopt(struct cdn_ticks_measured measured);
uint64_t cdn_ticks_to_ns(uint64_t ticks);
/* What two readings one right after the other are apart, at least. */
uint64_t cdn_ticks_cost(void);

static inline uint64_t cdn_ticks(void)
{
#if defined(__x86_64__)
    return __rdtsc();
#else
    return cdn_clock_ns();
#endif
}

#endif
