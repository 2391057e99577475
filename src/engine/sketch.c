/* The sketch's buckets: which one a value belongs to, and what a bucket stands for.
 *
 * log2 of the value is taken from its exponent and a quadratic in its fraction, good to
 * 0.01: near a bound a value may land in the next bucket, which is within what is promised.
 * It needs no libm, whose log differs between versions. */
#include "engine/sketch.h"

/* Buckets to a factor of two: 1 / log2(1.2). */
#define PER_OCTAVE 3.8017840169239308

static uint32_t bucket_of(uint64_t value)
{
    uint32_t exponent, bucket;
    double fraction;

    if (value <= 1)
        return 0;
    exponent = 63 - (uint32_t)__builtin_clzll(value);
    fraction = (double)value / (double)(UINT64_C(1) << exponent) - 1;
    /* log2(1 + f), exact at both ends */
    fraction += 0.346 * fraction * (1 - fraction);
    bucket = (uint32_t)(((double)exponent + fraction) * PER_OCTAVE) + 1;
    return bucket < CDN_SKETCH_BUCKETS ? bucket : CDN_SKETCH_BUCKETS - 1;
}

/* A counter has one writer: no read-modify-write that a bus would have to lock. */
void cdn_sketch_add(struct cdn_sketch *sketch, uint64_t value)
{
    uint32_t *counter = &sketch->counts[bucket_of(value)];
    uint32_t count = __atomic_load_n(counter, __ATOMIC_RELAXED);

    if (count != UINT32_MAX)
        __atomic_store_n(counter, count + 1, __ATOMIC_RELAXED);
}

void cdn_sketch_merge(struct cdn_sketch *into, const struct cdn_sketch *from)
{
    for (uint32_t i = 0; i < CDN_SKETCH_BUCKETS; i++) {
        uint32_t more = __atomic_load_n(&from->counts[i], __ATOMIC_RELAXED);
        uint32_t room = UINT32_MAX - into->counts[i];

        into->counts[i] += more < room ? more : room;
    }
}

void cdn_sketch_subtract(struct cdn_sketch *from, const struct cdn_sketch *before)
{
    for (uint32_t i = 0; i < CDN_SKETCH_BUCKETS; i++)
        from->counts[i] -= before->counts[i];
}

uint64_t cdn_sketch_count(const struct cdn_sketch *sketch)
{
    uint64_t count = 0;

    for (uint32_t i = 0; i < CDN_SKETCH_BUCKETS; i++)
        count += __atomic_load_n(&sketch->counts[i], __ATOMIC_RELAXED);
    return count;
}

/* The bucket in which the value lies that the share `q` of them does not exceed; the sketch
 * is not empty. */
static uint32_t bucket_at(const struct cdn_sketch *sketch, uint64_t count, double q)
{
    uint64_t passed = 0, wanted = (uint64_t)(q * (double)count);
    uint32_t bucket = 0;

    if ((double)wanted < q * (double)count || !wanted)
        wanted++;
    for (; bucket < CDN_SKETCH_BUCKETS - 1; bucket++) {
        passed += __atomic_load_n(&sketch->counts[bucket], __ATOMIC_RELAXED);
        if (passed >= wanted)
            break;
    }
    return bucket;
}

/* The lower end of a bucket but the first. */
static double lower_end(uint32_t bucket)
{
    double low = 1;

    for (uint32_t i = 1; i < bucket; i++)
        low *= 1.2;
    return low;
}

uint64_t cdn_sketch_quantile(const struct cdn_sketch *sketch, double q)
{
    uint64_t count = cdn_sketch_count(sketch);
    uint32_t bucket = count ? bucket_at(sketch, count, q) : 0;

    if (!bucket)
        return count != 0;
    return (uint64_t)(lower_end(bucket) * 1.1 + 0.5);
}

uint64_t cdn_sketch_bound(const struct cdn_sketch *sketch, double q)
{
    uint64_t count = cdn_sketch_count(sketch);
    uint32_t bucket = count ? bucket_at(sketch, count, q) : 0;

    if (!bucket)
        return count != 0;
    if (bucket == CDN_SKETCH_BUCKETS - 1)
        return UINT64_MAX;
    return (uint64_t)(lower_end(bucket) * 1.2) + 1;
}
