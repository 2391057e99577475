/* Which quick calls are timed, and what they stand for: see timing.h. */
#include "graph/timing.h"

/* The number of the quick call to be timed after this one: 0 5 16 33 and so on, so that
 * a short run has some as well. */
static uint32_t after(uint32_t number)
{
    if (number == 0)
        return 5;
    return number == 5 ? 16 : number + CDN_TIMING_STRIDE;
}

void cdn_timing_quick_end(struct cdn_timing *timing, uint64_t since)
{
    uint64_t ticks = cdn_ticks() - since;
    uint64_t own = cdn_ticks_cost();
    uint32_t number = timing->next;

    ticks = ticks > own ? ticks - own : 0;
    timing->quick_ticks += ticks * (number + 1 - timing->covered);
    timing->covered = number + 1;
    timing->next = after(number);
}

uint64_t cdn_timing_total(const struct cdn_timing *timing, bool stopped)
{
    uint64_t total = timing->ticks;

    if (timing->covered)
        total += (uint64_t)((unsigned __int128)timing->quick_ticks * timing->quick /
                            timing->covered);
    if (stopped && timing->since)
        total += cdn_ticks() - timing->since;
    return total;
}
