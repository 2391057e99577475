/* See delay.h. */
#include "server/delay.h"

enum {
    WEIGHT = 16, /* a run is a sixteenth of the mean */
    OUTLIER = 8, /* and counts for at most so many times the mean */
    RUNS = 4     /* at least so many after each other in an interval */
};

/* Until something has run. */
#define FIRST_NS UINT64_C(1000000)

void cdn_delay_init(struct cdn_delay *delay, unsigned threads)
{
    *delay = (struct cdn_delay){
        .threads = threads, .mean_ns = FIRST_NS, .least_ns = UINT64_MAX};
}

static uint64_t patience(const struct cdn_delay *delay)
{
    return delay->mean_ns > CDN_DELAY_LEAST_NS ? delay->mean_ns : CDN_DELAY_LEAST_NS;
}

/* Begin another interval, if this one is over, and say what came of it; of one that nothing has
 * followed for as long again, nothing. */
static void turn(struct cdn_delay *delay, uint64_t now_ns)
{
    uint64_t interval = RUNS * delay->mean_ns;

    if (now_ns < delay->ends_ns)
        return;
    if (interval < CDN_DELAY_INTERVAL_NS)
        interval = CDN_DELAY_INTERVAL_NS;
    delay->pressed =
        now_ns - delay->ends_ns < interval &&
        ((delay->least_ns != UINT64_MAX && delay->least_ns > patience(delay)) ||
         (delay->pressed && delay->refused));
    delay->ends_ns = now_ns + interval;
    delay->least_ns = UINT64_MAX;
    delay->refused = false;
}

bool cdn_delay_admits(struct cdn_delay *delay, uint64_t now_ns, unsigned waiting)
{
    turn(delay, now_ns);
    if (!delay->pressed ||
        waiting * delay->mean_ns < CDN_DELAY_WAITS * patience(delay) * delay->threads)
        return true;
    delay->refused = true;
    return false;
}

bool cdn_delay_begins(struct cdn_delay *delay, uint64_t now_ns, uint64_t waited_ns)
{
    turn(delay, now_ns);
    if (delay->pressed && waited_ns > CDN_DELAY_LATE * patience(delay)) {
        delay->refused = true;
        return false;
    }
    if (waited_ns < delay->least_ns)
        delay->least_ns = waited_ns;
    return true;
}

void cdn_delay_ran(struct cdn_delay *delay, uint64_t took_ns)
{
    uint64_t most = OUTLIER * delay->mean_ns;

    if (took_ns > most)
        took_ns = most;
    delay->mean_ns += took_ns / WEIGHT;
    delay->mean_ns -= delay->mean_ns / WEIGHT;
    if (delay->mean_ns < WEIGHT)
        delay->mean_ns = WEIGHT; /* it can grow again */
}
