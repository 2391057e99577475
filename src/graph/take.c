/* One condition on numbers over a run of a column: see cdn_test_take() in filter.h.
 *
 * What is kept is written without a branch: whether an edge passes is as good as random.
 * Where the processor has AVX2, which is asked at run time, four values are compared at
 * once and their positions moved together by a table of shuffles: some 3 instructions a
 * value instead of 6, and the same answers. */
#include "graph/filter.h"

#if defined(__x86_64__) && defined(__GNUC__)
#define HAS_AVX2 1
#include <immintrin.h>
#endif

/* Keep first + i if `condition` holds of v = values[first + i]; backward from the end, so
 * that what is kept ends at out[count]. */
#define TAKE(type, condition)                                                          \
    do {                                                                               \
        const type *restrict at = (const type *)values + first;                        \
                                                                                       \
        if (backward) {                                                                \
            uint32_t free = count;                                                     \
                                                                                       \
            _Pragma("GCC unroll 4") for (uint32_t i = count; i > 0; i--)               \
            {                                                                          \
                type v = at[i - 1];                                                    \
                                                                                       \
                out[free - 1] = first + i - 1;                                         \
                free -= (condition) ? 1 : 0;                                           \
            }                                                                          \
            return count - free;                                                       \
        }                                                                              \
        for (uint32_t i = 0; i < count; i++) {                                         \
            type v = at[i];                                                            \
                                                                                       \
            out[kept] = first + i;                                                     \
            kept += (condition) ? 1 : 0;                                               \
        }                                                                              \
        return kept;                                                                   \
    } while (0)

static uint32_t take_plainly(const struct cdn_test *test, const void *values,
                             uint32_t first, uint32_t count, bool backward,
                             uint32_t *out)
{
    uint64_t low = (uint64_t)test->low;
    uint64_t width = test->width;
    double with = test->value;
    uint32_t kept = 0;

    if (test->form == CDN_TEST_INT64) {
        if (test->negate)
            TAKE(uint64_t, v - low > width);
        TAKE(uint64_t, v - low <= width);
    }
    switch (test->compare) {
    case CDN_COMPARE_EQ:
        TAKE(double, v == with);
    case CDN_COMPARE_NE:
        TAKE(double, v != with);
    case CDN_COMPARE_LT:
        TAKE(double, v < with);
    case CDN_COMPARE_LE:
        TAKE(double, v <= with);
    case CDN_COMPARE_GT:
        TAKE(double, v > with);
    case CDN_COMPARE_GE:
        break;
    }
    TAKE(double, v >= with);
}

#ifdef HAS_AVX2

#define AVX2 __attribute__((target("avx2,popcnt")))
/* Values looked at together. */
#define LANES 4

/* Which of the four words of a vector to move where, by bytes: those that are kept to its
 * low end, or to its high end.  What is beside them does not matter. */
#define WORD(n) (4 * (n)), (4 * (n) + 1), (4 * (n) + 2), (4 * (n) + 3)
#define ROW(a, b, c, d)                                                                \
    {                                                                                  \
        WORD(a), WORD(b), WORD(c), WORD(d)                                             \
    }

static const uint8_t to_low[16][16] = {
    ROW(0, 1, 2, 3), ROW(0, 1, 2, 3), ROW(1, 0, 2, 3), ROW(0, 1, 2, 3),
    ROW(2, 0, 1, 3), ROW(0, 2, 1, 3), ROW(1, 2, 0, 3), ROW(0, 1, 2, 3),
    ROW(3, 0, 1, 2), ROW(0, 3, 1, 2), ROW(1, 3, 0, 2), ROW(0, 1, 3, 2),
    ROW(2, 3, 0, 1), ROW(0, 2, 3, 1), ROW(1, 2, 3, 0), ROW(0, 1, 2, 3),
};
static const uint8_t to_high[16][16] = {
    ROW(0, 1, 2, 3), ROW(1, 2, 3, 0), ROW(0, 2, 3, 1), ROW(2, 3, 0, 1),
    ROW(0, 1, 3, 2), ROW(1, 3, 0, 2), ROW(0, 3, 1, 2), ROW(3, 0, 1, 2),
    ROW(0, 1, 2, 3), ROW(1, 2, 0, 3), ROW(0, 2, 1, 3), ROW(2, 0, 1, 3),
    ROW(0, 1, 2, 3), ROW(1, 0, 2, 3), ROW(0, 1, 2, 3), ROW(0, 1, 2, 3),
};

/* Of the vector of positions from `from` on, put those of `bits` at `to` by a table. */
AVX2 static inline void put(uint32_t *to, uint32_t from, unsigned bits,
                            const uint8_t table[16][16])
{
    __m128i places =
        _mm_add_epi32(_mm_set1_epi32((int)from), _mm_setr_epi32(0, 1, 2, 3));
    __m128i order = _mm_loadu_si128((const __m128i *)(const void *)table[bits]);

    _mm_storeu_si128((__m128i *)(void *)to, _mm_shuffle_epi8(places, order));
}

/* As TAKE, of at least LANES; `mask` is the bits of those that pass among the LANES values
 * at `at`.  What does not fill a vector comes first, from a whole one of which the others
 * are left out: so no vector that is written reaches beyond its own values' places. */
#define TAKE_LANES(mask)                                                               \
    do {                                                                               \
        const int64_t *begin = (const int64_t *)values + first;                        \
        uint32_t rest = count % LANES;                                                 \
                                                                                       \
        if (backward) {                                                                \
            uint32_t free = count;                                                     \
                                                                                       \
            if (rest) {                                                                \
                const int64_t *at = begin + count - LANES;                             \
                unsigned bits = (unsigned)(mask) & (15u << (LANES - rest)) & 15u;      \
                                                                                       \
                put(out + count - LANES, first + count - LANES, bits, to_high);        \
                free -= (uint32_t)__builtin_popcount(bits);                            \
            }                                                                          \
            for (uint32_t i = count - rest; i > 0; i -= LANES) {                       \
                const int64_t *at = begin + i - LANES;                                 \
                unsigned bits = (unsigned)(mask);                                      \
                                                                                       \
                put(out + free - LANES, first + i - LANES, bits, to_high);             \
                free -= (uint32_t)__builtin_popcount(bits);                            \
            }                                                                          \
            return count - free;                                                       \
        }                                                                              \
        if (rest) {                                                                    \
            const int64_t *at = begin;                                                 \
            unsigned bits = (unsigned)(mask) & ((1u << rest) - 1);                     \
                                                                                       \
            put(out, first, bits, to_low);                                             \
            kept = (uint32_t)__builtin_popcount(bits);                                 \
        }                                                                              \
        for (uint32_t i = rest; i < count; i += LANES) {                               \
            const int64_t *at = begin + i;                                             \
            unsigned bits = (unsigned)(mask);                                          \
                                                                                       \
            put(out + kept, first + i, bits, to_low);                                  \
            kept += (uint32_t)__builtin_popcount(bits);                                \
        }                                                                              \
        return kept;                                                                   \
    } while (0)

/* Unsigned, as the signed comparison of both with their top bits turned. */
AVX2 static uint32_t take_integers(const struct cdn_test *test, const void *values,
                                   uint32_t first, uint32_t count, bool backward,
                                   uint32_t *out)
{
    const __m256i from =
        _mm256_set1_epi64x((int64_t)((uint64_t)test->low + (UINT64_C(1) << 63)));
    const __m256i width =
        _mm256_set1_epi64x((int64_t)(test->width ^ (UINT64_C(1) << 63)));
    int turn = test->negate ? 0 : 15;
    uint32_t kept = 0;

    TAKE_LANES(turn ^
               _mm256_movemask_pd(_mm256_castsi256_pd(_mm256_cmpgt_epi64(
                   _mm256_sub_epi64(
                       _mm256_loadu_si256((const __m256i *)(const void *)at), from),
                   width))));
}

#define TAKE_DOUBLES(predicate)                                                        \
    TAKE_LANES(_mm256_movemask_pd(_mm256_cmp_pd(                                       \
        _mm256_loadu_pd((const double *)(const void *)at), with, predicate)))

AVX2 static uint32_t take_doubles(const struct cdn_test *test, const void *values,
                                  uint32_t first, uint32_t count, bool backward,
                                  uint32_t *out)
{
    const __m256d with = _mm256_set1_pd(test->value);
    uint32_t kept = 0;

    switch (test->compare) {
    case CDN_COMPARE_EQ:
        TAKE_DOUBLES(_CMP_EQ_OQ);
    case CDN_COMPARE_NE:
        TAKE_DOUBLES(_CMP_NEQ_UQ);
    case CDN_COMPARE_LT:
        TAKE_DOUBLES(_CMP_LT_OQ);
    case CDN_COMPARE_LE:
        TAKE_DOUBLES(_CMP_LE_OQ);
    case CDN_COMPARE_GT:
        TAKE_DOUBLES(_CMP_GT_OQ);
    case CDN_COMPARE_GE:
        break;
    }
    TAKE_DOUBLES(_CMP_GE_OQ);
}
#endif

uint32_t cdn_test_take(const struct cdn_test *test, const void *values, uint32_t first,
                       uint32_t count, bool backward, uint32_t *out)
{
#ifdef HAS_AVX2
    if (count >= LANES && __builtin_cpu_supports("avx2"))
        return test->form == CDN_TEST_INT64
                   ? take_integers(test, values, first, count, backward, out)
                   : take_doubles(test, values, first, count, backward, out);
#endif
    return take_plainly(test, values, first, count, backward, out);
}
