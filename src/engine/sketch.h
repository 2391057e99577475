/* A quantile sketch: how a positive quantity is distributed, to within a tenth.
 *
 * Values are counted in buckets whose bounds grow by a fifth, so that any quantile is known
 * to within 10 % of itself whatever the distribution, sketches of several threads add up to
 * exactly the sketch of all values, and an addition is one logarithm and one increment.
 * Source: C. Masson, J. E. Rim, H. K. Lee, "DDSketch: a fast and fully-mergeable quantile
 * sketch with relative-error guarantees", VLDB 2019, with a fixed number of buckets in place
 * of collapsing ones.
 *
 * Threads: one writes; any may read meanwhile, and then sees some of what is being added. */
#ifndef CDN_ENGINE_SKETCH_H
#define CDN_ENGINE_SKETCH_H

#include <stdint.h>

#define CDN_SKETCH_BUCKETS 128

/* Zero-initialised is empty.  Bucket b counts values in (1.2^(b-1), 1.2^b], 0 those up to 1;
 * the last also all beyond, from 1.2^126 = 9.5e9 on. */
struct cdn_sketch {
    uint32_t counts[CDN_SKETCH_BUCKETS];
};

void cdn_sketch_add(struct cdn_sketch *sketch, uint64_t value);
/* Add what `from` has counted. */
void cdn_sketch_merge(struct cdn_sketch *into, const struct cdn_sketch *from);
/* Take away what an earlier state of the same sketch has counted. */
void cdn_sketch_subtract(struct cdn_sketch *from, const struct cdn_sketch *before);
uint64_t cdn_sketch_count(const struct cdn_sketch *sketch);
/* The value at or below which the share `q`, in 0 to 1, of the values lies; 0 if it is
 * empty.  Of a bucket the middle. */
uint64_t cdn_sketch_quantile(const struct cdn_sketch *sketch, double q);
/* The same, but of a bucket the upper end: the share `q` of the values does not exceed it by
 * more than a hundredth.  UINT64_MAX for the last bucket, which has no end. */
uint64_t cdn_sketch_bound(const struct cdn_sketch *sketch, double q);

#endif
