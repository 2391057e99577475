/* Clocks.
 *
 * The CPU's counter is calibrated against CLOCK_MONOTONIC over two milliseconds, once a
 * process.  The rate is kept as nanoseconds per tick in 32.32 fixed point: a conversion
 * is one 128-bit multiplication and a shift.  Modern x86-64 counters run at one rate on
 * every core; where one does not, only reported native times are off, never a limit,
 * because limits use cdn_clock_ns(). */
#include "base/clock.h"

#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

/* 32.32 fixed point nanoseconds a tick; 0 until measured. */
static atomic_uint_fast64_t tick_rate;
static atomic_uint_fast64_t tick_cost;
static pthread_once_t tick_once = PTHREAD_ONCE_INIT;

uint64_t cdn_clock_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * UINT64_C(1000000000) + (uint64_t)now.tv_nsec;
}

int64_t cdn_clock_wall_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

int64_t cdn_clock_wall_ms(void)
{
    return cdn_clock_wall_ns() / 1000000;
}

static void measure_cost(void)
{
    uint64_t least = UINT64_MAX;

    for (int i = 0; i < 1000; i++) {
        uint64_t from = cdn_ticks();
        uint64_t apart = cdn_ticks() - from;

        least = apart < least ? apart : least;
    }
    atomic_store_explicit(&tick_cost, least, memory_order_relaxed);
}

static void measure(void)
{
    uint64_t rate = UINT64_C(1) << 32;
#if defined(__x86_64__)
    const uint64_t span_ns = 2000000;
    uint64_t ns0 = cdn_clock_ns();
    uint64_t t0 = cdn_ticks();
    uint64_t ns1;
    uint64_t t1;

    do {
        ns1 = cdn_clock_ns();
        t1 = cdn_ticks();
    } while (ns1 - ns0 < span_ns);
    if (t1 > t0)
        rate = (uint64_t)(((unsigned __int128)(ns1 - ns0) << 32) / (t1 - t0));
#endif
    measure_cost();
    atomic_store_explicit(&tick_rate, rate, memory_order_release);
}

void cdn_ticks_init(void)
{
    pthread_once(&tick_once, measure);
}

struct cdn_ticks_measured cdn_ticks_measured(void)
{
    cdn_ticks_init();
    return (struct cdn_ticks_measured){
        .rate = atomic_load_explicit(&tick_rate, memory_order_acquire),
        .cost = atomic_load_explicit(&tick_cost, memory_order_relaxed)};
}

static void measured_already(void)
{
}

void cdn_ticks_adopt(struct cdn_ticks_measured measured)
{
    atomic_store_explicit(&tick_cost, measured.cost, memory_order_relaxed);
    atomic_store_explicit(&tick_rate, measured.rate, memory_order_release);
    pthread_once(&tick_once, measured_already);
}

uint64_t cdn_ticks_cost(void)
{
    return atomic_load_explicit(&tick_cost, memory_order_relaxed);
}

uint64_t cdn_ticks_to_ns(uint64_t ticks)
{
    uint64_t rate = atomic_load_explicit(&tick_rate, memory_order_acquire);

    if (!rate) {
        cdn_ticks_init();
        rate = atomic_load_explicit(&tick_rate, memory_order_acquire);
    }
    return (uint64_t)(((unsigned __int128)ticks * rate) >> 32);
}
