/* Sums and extremes over plain arrays: see aggregate.h for the defined order.
 *
 * The loops over runs are written with the compiler's vector type so that they do not
 * depend on its mood; four lanes is what every CPU gives, in one order. */
#include "graph/aggregate.h"

#include <string.h>

#include "snapshot/snapshot.h"

typedef double two __attribute__((vector_size(16)));
typedef uint64_t two_whole __attribute__((vector_size(16)));

/* int64 values lie within +-2^53 (binding.c sees to it), so that so many fit a word. */
#define WORD_SUMS 512

void cdn_fold_init(struct cdn_fold *fold, enum cdn_fold_kind kind, bool integral)
{
    *fold = (struct cdn_fold){.kind = kind, .integral = integral};
}

static void add_doubles(struct cdn_fold *fold, const double *values, uint32_t count)
{
    two low;
    two high;
    uint32_t begun;
    uint32_t i = 0;

    while (i < count && (fold->kept & 3)) {
        fold->lanes[fold->kept & 3] += values[i++];
        fold->kept++;
    }
    begun = i;
    memcpy(&low, fold->lanes, sizeof low);
    memcpy(&high, fold->lanes + 2, sizeof high);
    for (; i + 4 <= count; i += 4) {
        two first;
        two second;

        memcpy(&first, values + i, sizeof first);
        memcpy(&second, values + i + 2, sizeof second);
        low += first;
        high += second;
    }
    fold->kept += i - begun;
    memcpy(fold->lanes, &low, sizeof low);
    memcpy(fold->lanes + 2, &high, sizeof high);
    for (; i < count; i++) {
        fold->lanes[fold->kept & 3] += values[i];
        fold->kept++;
    }
}

static void add_doubles_at(struct cdn_fold *fold, const double *values,
                           const uint32_t *select, uint32_t count)
{
    double lanes[4];
    uint64_t kept = fold->kept;

    memcpy(lanes, fold->lanes, sizeof lanes);
    for (uint32_t i = 0; i < count; i++)
        lanes[kept++ & 3] += values[select[i]];
    memcpy(fold->lanes, lanes, sizeof lanes);
    fold->kept = kept;
}

static void add_wholes(struct cdn_fold *fold, const int64_t *values, uint32_t count)
{
    fold->kept += count;
    while (count > 0) {
        uint32_t part = count < WORD_SUMS ? count : WORD_SUMS;
        two_whole low = {0, 0};
        two_whole high = {0, 0};
        uint64_t sum = 0;
        uint32_t i = 0;

        for (; i + 4 <= part; i += 4) {
            two_whole first;
            two_whole second;

            memcpy(&first, values + i, sizeof first);
            memcpy(&second, values + i + 2, sizeof second);
            low += first;
            high += second;
        }
        for (; i < part; i++)
            sum += (uint64_t)values[i];
        low += high;
        fold->whole += (int64_t)(sum + low[0] + low[1]);
        values += part;
        count -= part;
    }
}

static void add_wholes_at(struct cdn_fold *fold, const int64_t *values,
                          const uint32_t *select, uint32_t count)
{
    fold->kept += count;
    for (uint32_t i = 0; i < count; i++)
        fold->whole += values[select[i]];
}

/* The extremes, over values[AT(i)] of one type; `better` is < or >. */
#define EXTREME(type, store, better, AT)                                               \
    do {                                                                               \
        const type *from = values;                                                     \
        type best = fold->kept ? (type)(store) : from[AT(0)];                          \
        for (uint32_t i = 0; i < count; i++)                                           \
            best = from[AT(i)] better best ? from[AT(i)] : best;                       \
        (store) = best;                                                                \
    } while (0)
#define IN_TURN(i)  (i)
#define SELECTED(i) (select[i])

static void extreme_run(struct cdn_fold *fold, const void *values, uint32_t count)
{
    if (fold->integral && fold->kind == CDN_FOLD_MIN)
        EXTREME(int64_t, fold->extreme, <, IN_TURN);
    else if (fold->integral)
        EXTREME(int64_t, fold->extreme, >, IN_TURN);
    else if (fold->kind == CDN_FOLD_MIN)
        EXTREME(double, fold->lanes[0], <, IN_TURN);
    else
        EXTREME(double, fold->lanes[0], >, IN_TURN);
    fold->kept += count;
}

static void extreme_select(struct cdn_fold *fold, const void *values,
                           const uint32_t *select, uint32_t count)
{
    if (fold->integral && fold->kind == CDN_FOLD_MIN)
        EXTREME(int64_t, fold->extreme, <, SELECTED);
    else if (fold->integral)
        EXTREME(int64_t, fold->extreme, >, SELECTED);
    else if (fold->kind == CDN_FOLD_MIN)
        EXTREME(double, fold->lanes[0], <, SELECTED);
    else
        EXTREME(double, fold->lanes[0], >, SELECTED);
    fold->kept += count;
}

void cdn_fold_run(struct cdn_fold *fold, const void *values, uint32_t count)
{
    if (count == 0)
        return;
    if (fold->kind != CDN_FOLD_SUM)
        extreme_run(fold, values, count);
    else if (fold->integral)
        add_wholes(fold, values, count);
    else
        add_doubles(fold, values, count);
}

void cdn_fold_select(struct cdn_fold *fold, const void *values, const uint32_t *select,
                     uint32_t count)
{
    if (count == 0)
        return;
    if (fold->kind != CDN_FOLD_SUM)
        extreme_select(fold, values, select, count);
    else if (fold->integral)
        add_wholes_at(fold, values, select, count);
    else
        add_doubles_at(fold, values, select, count);
}

/* What narrow columns store, of which the base is left out: so many fit a word. */
static uint64_t sum_words(const uint32_t *values, uint32_t count)
{
    const two_whole half = {UINT32_MAX, UINT32_MAX};
    two_whole low = {0, 0};
    two_whole high = {0, 0};
    uint64_t sum = 0;
    uint32_t i = 0;

    for (; i + 8 <= count; i += 8) {
        two_whole first;
        two_whole second;

        memcpy(&first, values + i, sizeof first);
        memcpy(&second, values + i + 4, sizeof second);
        low += (first & half) + (second & half);
        high += (first >> 32) + (second >> 32);
    }
    for (; i < count; i++)
        sum += values[i];
    low += high;
    return sum + low[0] + low[1];
}

#define SUM(type, AT)                                                                  \
    do {                                                                               \
        const type *from = values;                                                     \
        uint64_t sum = 0;                                                              \
                                                                                       \
        for (uint32_t i = 0; i < count; i++)                                           \
            sum += from[AT(i)];                                                        \
        return sum;                                                                    \
    } while (0)

static uint64_t sum_stored(const struct cdn_column *column, const void *values,
                           const uint32_t *select, uint32_t count)
{
    switch (column->width) {
    case sizeof(uint8_t):
        if (select)
            SUM(uint8_t, SELECTED);
        SUM(uint8_t, IN_TURN);
    case sizeof(uint16_t):
        if (select)
            SUM(uint16_t, SELECTED);
        SUM(uint16_t, IN_TURN);
    default:
        if (select)
            SUM(uint32_t, SELECTED);
        return sum_words(values, count);
    }
}

#define EXTREME_STORED(type)                                                           \
    do {                                                                               \
        if (smallest && select)                                                        \
            EXTREME(type, found, <, SELECTED);                                         \
        else if (smallest)                                                             \
            EXTREME(type, found, <, IN_TURN);                                          \
        else if (select)                                                               \
            EXTREME(type, found, >, SELECTED);                                         \
        else                                                                           \
            EXTREME(type, found, >, IN_TURN);                                          \
    } while (0)

/* The extreme of what is stored is that of the values. */
static uint64_t extreme_stored(const struct cdn_column *column, const void *values,
                               const uint32_t *select, uint32_t count, bool smallest)
{
    const struct cdn_fold nothing = {.kept = 0};
    const struct cdn_fold *fold = &nothing;
    uint64_t found = 0;

    if (column->width == sizeof(uint8_t))
        EXTREME_STORED(uint8_t);
    else if (column->width == sizeof(uint16_t))
        EXTREME_STORED(uint16_t);
    else
        EXTREME_STORED(uint32_t);
    return found;
}

void cdn_fold_column(struct cdn_fold *fold, const struct cdn_column *column,
                     const void *values, const uint32_t *select, uint32_t count)
{
    int64_t extreme;

    if (count == 0)
        return;
    if (column->width == sizeof(int64_t)) {
        if (select)
            cdn_fold_select(fold, values, select, count);
        else
            cdn_fold_run(fold, values, count);
        return;
    }
    if (fold->kind == CDN_FOLD_SUM) {
        fold->whole += (__int128)column->base * count;
        fold->whole += sum_stored(column, values, select, count);
        fold->kept += count;
        return;
    }
    extreme =
        (int64_t)((uint64_t)column->base + extreme_stored(column, values, select, count,
                                                          fold->kind == CDN_FOLD_MIN));
    extreme_run(fold, &extreme, 1);
    fold->kept += count - 1;
}

double cdn_fold_result(const struct cdn_fold *fold)
{
    if (fold->kind != CDN_FOLD_SUM)
        return fold->integral ? (double)fold->extreme : fold->lanes[0];
    if (fold->integral)
        return (double)fold->whole;
    return ((fold->lanes[0] + fold->lanes[1]) + fold->lanes[2]) + fold->lanes[3];
}
