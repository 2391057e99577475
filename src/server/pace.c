/* See pace.h. */
#include "server/pace.h"

void cdn_pace_ran(struct cdn_pace *pace, uint64_t now_ns, uint64_t took_ns)
{
    uint64_t window = now_ns - pace->begun_ns;

    pace->spent_ns += took_ns;
    if (window < CDN_PACE_WINDOW_NS)
        return;
    if (pace->spent_ns > CDN_PACE_FULL(window))
        pace->full_until_ns = now_ns + CDN_PACE_HELD_NS;
    pace->begun_ns = now_ns;
    pace->spent_ns = 0;
}

bool cdn_pace_is_full(const struct cdn_pace *pace, uint64_t now_ns)
{
    return now_ns < pace->full_until_ns;
}
