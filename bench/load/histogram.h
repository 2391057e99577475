/* Times counted by size: 64 cells for each doubling, so that what is read from it is at most
 * 1.6 % above what was measured, in a fixed 30 KiB, however many there were. */
#ifndef BENCH_LOAD_HISTOGRAM_H
#define BENCH_LOAD_HISTOGRAM_H

#include <stdint.h>

#define HISTOGRAM_FINE    64u /* a power of two */
#define HISTOGRAM_BUCKETS (HISTOGRAM_FINE * 59u)

/* Zero-initialised is empty. */
struct histogram {
    uint64_t count;
    uint64_t sum;
    uint64_t most;
    uint64_t buckets[HISTOGRAM_BUCKETS];
};

void histogram_add(struct histogram *h, uint64_t value);
/* The least value that `share` (0..1) of all are not above; 0 of an empty one. */
uint64_t histogram_at(const struct histogram *h, double share);

#endif
