/* One condition on numbers over a run of a column: see cdn_test_take() in filter.h.
 *
 * What is kept is written without a branch: whether an edge passes is as good as random.
 * Where the processor has AVX2, which is asked at run time, eight values are compared at
 * once, at the width they are stored in, and their positions moved together by a table: some
 * 2 instructions a value instead of 6, and the same answers. */
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

/* Of an integer column, in the width that it is stored in. */
#define TAKE_STORED(type)                                                              \
    do {                                                                               \
        if (test->negate)                                                              \
            TAKE(type, v - low > width);                                               \
        TAKE(type, v - low <= width);                                                  \
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
        if (test->column->width == sizeof(uint8_t))
            TAKE_STORED(uint8_t);
        if (test->column->width == sizeof(uint16_t))
            TAKE_STORED(uint16_t);
        if (test->column->width == sizeof(uint32_t))
            TAKE_STORED(uint32_t);
        TAKE_STORED(uint64_t);
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
#define LANES 8

/* For each set of lanes, as bits: their numbers in ascending order, a byte each, from the
 * lowest on; what is beside them does not matter. */
#define BIT(set, n)      (((set) >> (n)) & UINT64_C(1))
#define UP_TO(set, n, m) ((n) > (m) ? BIT(set, m) : 0)
#define BELOW(set, n)                                                                  \
    (UP_TO(set, n, 0) + UP_TO(set, n, 1) + UP_TO(set, n, 2) + UP_TO(set, n, 3) +       \
     UP_TO(set, n, 4) + UP_TO(set, n, 5) + UP_TO(set, n, 6))
#define LANE(set, n) ((BIT(set, n) * (n)) << (8 * BELOW(set, n)))
#define ROW(set)                                                                       \
    (LANE(set, 0) | LANE(set, 1) | LANE(set, 2) | LANE(set, 3) | LANE(set, 4) |        \
     LANE(set, 5) | LANE(set, 6) | LANE(set, 7))
#define ROWS_4(set) ROW(set), ROW((set) + 1), ROW((set) + 2), ROW((set) + 3)
#define ROWS_16(set)                                                                   \
    ROWS_4(set), ROWS_4((set) + 4), ROWS_4((set) + 8), ROWS_4((set) + 12)
#define ROWS_64(set)                                                                   \
    ROWS_16(set), ROWS_16((set) + 16), ROWS_16((set) + 32), ROWS_16((set) + 48)

static const uint64_t lanes_of[256] = {ROWS_64(0), ROWS_64(64), ROWS_64(128),
                                       ROWS_64(192)};

/* Put from + lane for the lanes of a row. */
AVX2 static inline void put(uint32_t *to, uint32_t from, uint64_t row)
{
    __m256i lanes = _mm256_cvtepu8_epi32(_mm_cvtsi64_si128((int64_t)row));

    _mm256_storeu_si256((__m256i *)(void *)to,
                        _mm256_add_epi32(lanes, _mm256_set1_epi32((int)from)));
}

/* The same at the high end of the eight places. */
AVX2 static inline uint32_t put_high(uint32_t *to, uint32_t from, unsigned bits)
{
    uint32_t kept = (uint32_t)__builtin_popcount(bits);
    unsigned turn = 8 * (LANES - kept) & 63;
    uint64_t row = lanes_of[bits];

    put(to, from, row << turn | row >> (-turn & 63));
    return kept;
}

AVX2 static inline uint32_t put_low(uint32_t *to, uint32_t from, unsigned bits)
{
    put(to, from, lanes_of[bits]);
    return (uint32_t)__builtin_popcount(bits);
}

/* As TAKE, of at least LANES; `mask` is the bits of those that pass among the LANES values
 * at `at`.  What does not fill a vector comes first, from a whole one of which the others
 * are left out: so no vector that is written reaches beyond its own values' places. */
#define TAKE_LANES(type, mask)                                                         \
    do {                                                                               \
        const type *begin = (const type *)values + first;                              \
        uint32_t rest = count % LANES;                                                 \
                                                                                       \
        if (backward) {                                                                \
            uint32_t free = count;                                                     \
                                                                                       \
            if (rest) {                                                                \
                const type *at = begin + count - LANES;                                \
                unsigned bits = (unsigned)(mask) & (255u << (LANES - rest)) & 255u;    \
                                                                                       \
                free -= put_high(out + count - LANES, first + count - LANES, bits);    \
            }                                                                          \
            for (uint32_t i = count - rest; i > 0; i -= LANES) {                       \
                const type *at = begin + i - LANES;                                    \
                                                                                       \
                free -=                                                                \
                    put_high(out + free - LANES, first + i - LANES, (unsigned)(mask)); \
            }                                                                          \
            return count - free;                                                       \
        }                                                                              \
        if (rest) {                                                                    \
            const type *at = begin;                                                    \
                                                                                       \
            kept = put_low(out, first, (unsigned)(mask) & ((1u << rest) - 1));         \
        }                                                                              \
        for (uint32_t i = rest; i < count; i += LANES) {                               \
            const type *at = begin + i;                                                \
                                                                                       \
            kept += put_low(out + kept, first + i, (unsigned)(mask));                  \
        }                                                                              \
        return kept;                                                                   \
    } while (0)

/* Which of eight values lie within low .. low + width, unsigned. */
AVX2 static inline int within_8(const uint8_t *at, __m128i low, __m128i width)
{
    __m128i above =
        _mm_sub_epi8(_mm_loadl_epi64((const __m128i *)(const void *)at), low);

    return _mm_movemask_epi8(_mm_cmpeq_epi8(_mm_min_epu8(above, width), above)) & 255;
}

AVX2 static inline int within_16(const uint16_t *at, __m128i low, __m128i width)
{
    __m128i above =
        _mm_sub_epi16(_mm_loadu_si128((const __m128i *)(const void *)at), low);
    __m128i pass = _mm_cmpeq_epi16(_mm_min_epu16(above, width), above);

    return _mm_movemask_epi8(_mm_packs_epi16(pass, _mm_setzero_si128()));
}

AVX2 static inline int within_32(const uint32_t *at, __m256i low, __m256i width)
{
    __m256i above =
        _mm256_sub_epi32(_mm256_loadu_si256((const __m256i *)(const void *)at), low);
    __m256i pass = _mm256_cmpeq_epi32(_mm256_min_epu32(above, width), above);

    return _mm256_movemask_ps(_mm256_castsi256_ps(pass));
}

/* Which of four do not: as the signed comparison of both with their top bits turned. */
AVX2 static inline int beyond_64(const uint64_t *at, __m256i from, __m256i width)
{
    __m256i above =
        _mm256_sub_epi64(_mm256_loadu_si256((const __m256i *)(const void *)at), from);

    return _mm256_movemask_pd(_mm256_castsi256_pd(_mm256_cmpgt_epi64(above, width)));
}

AVX2 static uint32_t take_narrow(const struct cdn_test *test, const void *values,
                                 uint32_t first, uint32_t count, bool backward,
                                 uint32_t *out)
{
    int turn = test->negate ? 255 : 0;
    uint32_t kept = 0;

    if (test->column->width == sizeof(uint8_t)) {
        const __m128i low = _mm_set1_epi8((char)test->low);
        const __m128i width = _mm_set1_epi8((char)test->width);

        TAKE_LANES(uint8_t, turn ^ within_8(at, low, width));
    }
    if (test->column->width == sizeof(uint16_t)) {
        const __m128i low = _mm_set1_epi16((short)test->low);
        const __m128i width = _mm_set1_epi16((short)test->width);

        TAKE_LANES(uint16_t, turn ^ within_16(at, low, width));
    }
    const __m256i low = _mm256_set1_epi32((int)test->low);
    const __m256i width = _mm256_set1_epi32((int)test->width);

    TAKE_LANES(uint32_t, turn ^ within_32(at, low, width));
}

AVX2 static uint32_t take_integers(const struct cdn_test *test, const void *values,
                                   uint32_t first, uint32_t count, bool backward,
                                   uint32_t *out)
{
    const __m256i from =
        _mm256_set1_epi64x((int64_t)((uint64_t)test->low + (UINT64_C(1) << 63)));
    const __m256i width =
        _mm256_set1_epi64x((int64_t)(test->width ^ (UINT64_C(1) << 63)));
    int turn = test->negate ? 0 : 255;
    uint32_t kept = 0;

    TAKE_LANES(uint64_t, turn ^ (beyond_64(at, from, width) |
                                 beyond_64(at + 4, from, width) << 4));
}

#define COMPARE(at, predicate)                                                         \
    _mm256_movemask_pd(_mm256_cmp_pd(_mm256_loadu_pd(at), with, predicate))
#define TAKE_DOUBLES(predicate)                                                        \
    TAKE_LANES(double, COMPARE(at, predicate) | COMPARE(at + 4, predicate) << 4)

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
        return (test->form == CDN_TEST_FLOAT64 ? take_doubles
                : test->column->width == sizeof(int64_t)
                    ? take_integers
                    : take_narrow)(test, values, first, count, backward, out);
#endif
    return take_plainly(test, values, first, count, backward, out);
}
