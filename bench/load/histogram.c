/* See histogram.h.  A value below 64 has a bucket of its own; a larger one is found by its
 * highest bit and the six below it. */
#include "histogram.h"

#include <stddef.h>

#define FINE_BITS 6u

static size_t bucket_of(uint64_t value)
{
    if (value < HISTOGRAM_FINE)
        return (size_t)value;
    unsigned shift = 63u - (unsigned)__builtin_clzll(value) - FINE_BITS;
    return (size_t)(shift + 1u) * HISTOGRAM_FINE +
           (size_t)((value >> shift) & (HISTOGRAM_FINE - 1u));
}

/* The largest value that falls into a bucket. */
static uint64_t top_of(size_t bucket)
{
    if (bucket < HISTOGRAM_FINE)
        return bucket;
    unsigned shift = (unsigned)(bucket / HISTOGRAM_FINE) - 1u;
    uint64_t least = (uint64_t)(HISTOGRAM_FINE + bucket % HISTOGRAM_FINE) << shift;
    return least + ((UINT64_C(1) << shift) - 1u);
}

void histogram_add(struct histogram *h, uint64_t value)
{
    h->count++;
    h->sum += value;
    if (value > h->most)
        h->most = value;
    h->buckets[bucket_of(value)]++;
}

uint64_t histogram_at(const struct histogram *h, double share)
{
    double wanted = share * (double)h->count;
    uint64_t seen = 0;

    for (size_t b = 0; b < HISTOGRAM_BUCKETS; b++) {
        seen += h->buckets[b];
        if (seen && (double)seen >= wanted) {
            uint64_t top = top_of(b);
            return top < h->most ? top : h->most;
        }
    }
    return h->most;
}
