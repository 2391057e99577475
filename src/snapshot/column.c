/* Columns into segments: a gather per block, and nothing kept in between.
 *
 * Gathering reads rows in the order of the file, which is random in the order they
 * came; the reads are independent, so the CPU overlaps their misses. */
#include "snapshot/column.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

static inline uint32_t row_at(const uint32_t *order, uint64_t i)
{
    return order ? order[i] : (uint32_t)i;
}

static const int64_t *integers(const struct cdn_row_column *column)
{
    return (const int64_t *)(const void *)column->values;
}

static const double *numbers(const struct cdn_row_column *column)
{
    return (const double *)(const void *)column->values;
}

static const uint32_t *codes(const struct cdn_row_column *column)
{
    return (const uint32_t *)(const void *)column->values;
}

static const uint64_t *ends(const struct cdn_row_column *column)
{
    return (const uint64_t *)(const void *)column->values;
}

static bool is_null(const struct cdn_row_column *column, uint32_t row)
{
    return column->nulls && column->nulls[row];
}

void cdn_column_survey(struct cdn_range *range, const struct cdn_row_column *column,
                       const uint32_t *order, uint64_t count)
{
    enum cdn_column_type type = column->property->type;
    bool integer = type == CDN_COLUMN_INT64 || type == CDN_COLUMN_TIMESTAMP;

    for (uint64_t i = 0; i < count; i++) {
        uint32_t row = row_at(order, i);

        if (is_null(column, row)) {
            range->nulls++;
            continue;
        }
        if (integer) {
            int64_t value = integers(column)[row];

            if (!range->known || value < range->minimum)
                range->minimum = value;
            if (!range->known || value > range->maximum)
                range->maximum = value;
            range->known = true;
        } else if (type == CDN_COLUMN_FLOAT64) {
            double value = numbers(column)[row];

            if (!range->known || value < range->lowest)
                range->lowest = value;
            if (!range->known || value > range->highest)
                range->highest = value;
            range->known = true;
        }
    }
}

static int compare_strings(const void *a, const void *b, void *context)
{
    const struct cdn_strings *strings = context;
    uint32_t left = *(const uint32_t *)a;
    uint32_t right = *(const uint32_t *)b;
    uint64_t left_at = left ? strings->ends[left - 1] : 0;
    uint64_t right_at = right ? strings->ends[right - 1] : 0;
    uint64_t left_bytes = strings->ends[left] - left_at;
    uint64_t right_bytes = strings->ends[right] - right_at;
    int order = memcmp(strings->heap + left_at, strings->heap + right_at,
                       left_bytes < right_bytes ? left_bytes : right_bytes);

    if (order || left_bytes == right_bytes)
        return order;
    return left_bytes < right_bytes ? -1 : 1;
}

cordon_status cdn_column_rank_begin(struct cdn_ranks *ranks,
                                    const struct cdn_property *property,
                                    const struct cdn_strings *strings,
                                    cordon_error *err)
{
    memset(ranks, 0, sizeof(*ranks));
    if (property->type != CDN_COLUMN_STRING)
        return CORDON_OK;
    ranks->rank = cdn_calloc(strings->count, sizeof(*ranks->rank));
    ranks->sorted = cdn_calloc(strings->count, sizeof(*ranks->sorted));
    if (ranks->rank && ranks->sorted)
        return CORDON_OK;
    cdn_ranks_deinit(ranks);
    return cdn_error_nomem(err);
}

void cdn_column_rank_add(struct cdn_ranks *ranks, const struct cdn_row_column *column,
                         const uint32_t *order, uint64_t count)
{
    for (uint64_t i = 0; ranks->rank && i < count; i++) {
        uint32_t row = row_at(order, i);

        if (!is_null(column, row))
            ranks->rank[codes(column)[row]] = 1;
    }
}

void cdn_column_rank_end(struct cdn_ranks *ranks, const struct cdn_strings *strings)
{
    if (!ranks->rank)
        return;
    for (uint32_t i = 0; i < strings->count; i++)
        if (ranks->rank[i])
            ranks->sorted[ranks->count++] = i;
    if (ranks->count > 0)
        qsort_r(ranks->sorted, ranks->count, sizeof(*ranks->sorted), compare_strings,
                (void *)(uintptr_t)strings);
    for (uint32_t i = 0; i < ranks->count; i++)
        ranks->rank[ranks->sorted[i]] = i;
}

cordon_status cdn_column_rank(struct cdn_ranks *ranks,
                              const struct cdn_row_column *column,
                              const uint32_t *order, uint64_t count, cordon_error *err)
{
    cordon_status status =
        cdn_column_rank_begin(ranks, column->property, &column->strings, err);

    if (status)
        return status;
    cdn_column_rank_add(ranks, column, order, count);
    cdn_column_rank_end(ranks, &column->strings);
    return CORDON_OK;
}

void cdn_ranks_deinit(struct cdn_ranks *ranks)
{
    cdn_free(ranks->rank);
    cdn_free(ranks->sorted);
    memset(ranks, 0, sizeof(*ranks));
}

static uint64_t heap_bytes(const struct cdn_row_column *column, uint32_t row)
{
    return ends(column)[row] - (row ? ends(column)[row - 1] : 0);
}

uint64_t cdn_column_heap_most(const struct cdn_row_column *column,
                              const struct cdn_blocks *blocks)
{
    enum cdn_column_type type = column->property->type;
    uint64_t most = 0;

    if (type != CDN_COLUMN_TEXT && type != CDN_COLUMN_BAG)
        return 0;
    for (uint32_t b = 0; b < blocks->count; b++) {
        uint64_t sum = 0;

        for (uint64_t i = blocks->first[b]; i < blocks->first[b + 1]; i++)
            sum += heap_bytes(column, row_at(blocks->order, i));
        if (sum > most)
            most = sum;
    }
    return most;
}

cordon_status cdn_column_emit_dictionary(struct cdn_emit *emit, uint32_t array,
                                         const struct cdn_strings *strings,
                                         const struct cdn_ranks *ranks,
                                         cordon_error *err)
{
    uint64_t total = 0;
    uint64_t *offsets;
    unsigned char *bytes;
    cordon_status status;
    void *room;

    status = cdn_emit_reserve(emit, &room, array + CDN_PART_DICTIONARY, 0,
                              (uint64_t)ranks->count + 1, sizeof(uint64_t), err);
    if (status)
        return status;
    offsets = room;
    for (uint32_t i = 0; i < ranks->count; i++) {
        uint32_t number = ranks->sorted[i];

        offsets[i] = total;
        total += strings->ends[number] - (number ? strings->ends[number - 1] : 0);
    }
    offsets[ranks->count] = total;
    status = cdn_emit_reserve(emit, &room, array + CDN_PART_DICTIONARY_BYTES, 0, total,
                              1, err);
    if (status)
        return status;
    bytes = room;
    for (uint32_t i = 0; i < ranks->count; i++) {
        uint32_t number = ranks->sorted[i];
        uint64_t start = number ? strings->ends[number - 1] : 0;
        uint64_t length = strings->ends[number] - start;

        memcpy(bytes, strings->heap + start, length);
        bytes += length;
    }
    return CORDON_OK;
}

static cordon_status emit_present(struct cdn_emit *emit, uint32_t array, uint32_t block,
                                  const struct cdn_row_column *column,
                                  const uint32_t *order, uint64_t count,
                                  cordon_error *err)
{
    uint64_t words = (count + 63) / 64;
    void *room;
    cordon_status status = cdn_emit_reserve(emit, &room, array + CDN_PART_PRESENT,
                                            block, words, sizeof(uint64_t), err);
    uint64_t *bits = room;

    if (status)
        return status;
    for (uint64_t w = 0; w < words; w++) {
        uint64_t word = 0;

        for (uint64_t i = w * 64; i < count && i < w * 64 + 64; i++)
            word |= (uint64_t)!is_null(column, order[i]) << (i & 63);
        bits[w] = word;
    }
    return CORDON_OK;
}

static cordon_status emit_heap(struct cdn_emit *emit, uint32_t array, uint32_t block,
                               const struct cdn_row_column *column,
                               const uint32_t *order, uint64_t count, cordon_error *err)
{
    uint64_t total = 0;
    uint32_t *offsets;
    unsigned char *bytes;
    cordon_status status;
    void *room;

    for (uint64_t i = 0; i < count; i++)
        total += heap_bytes(column, order[i]);
    if (total > CDN_SEGMENT_MOST)
        return cdn_error_set(
            err, CORDON_E_DATA,
            "column '%s' has more than %llu bytes of text in one block",
            column->property->name, (unsigned long long)CDN_SEGMENT_MOST);
    status =
        cdn_emit_reserve(emit, &room, array, block, count + 1, sizeof(uint32_t), err);
    if (status)
        return status;
    offsets = room;
    total = 0;
    for (uint64_t i = 0; i < count; i++) {
        offsets[i] = (uint32_t)total;
        total += heap_bytes(column, order[i]);
    }
    offsets[count] = (uint32_t)total;
    status = cdn_emit_reserve(emit, &room, array + CDN_PART_HEAP, block, total, 1, err);
    if (status)
        return status;
    bytes = room;
    for (uint64_t i = 0; i < count; i++) {
        uint64_t length = heap_bytes(column, order[i]);

        memcpy(bytes, column->heap + (ends(column)[order[i]] - length), length);
        bytes += length;
    }
    return CORDON_OK;
}

#define NARROW(type, to)                                                               \
    do {                                                                               \
        for (uint64_t i = 0; i < count; i++) {                                         \
            uint64_t value = (uint64_t)from[order[i]] - (uint64_t)range->minimum;      \
                                                                                       \
            (to)[i] = is_null(column, order[i]) ? 0 : (type)value;                     \
        }                                                                              \
    } while (0)

/* The values of an integer column, less the minimum; of nulls, 0. */
static void narrow(void *room, uint32_t width, const struct cdn_row_column *column,
                   const struct cdn_range *range, const uint32_t *order, uint64_t count)
{
    const int64_t *from = integers(column);
    uint8_t *bytes = room;
    uint16_t *halves = room;
    uint32_t *words = room;

    if (width == sizeof(uint8_t))
        NARROW(uint8_t, bytes);
    else if (width == sizeof(uint16_t))
        NARROW(uint16_t, halves);
    else
        NARROW(uint32_t, words);
}

static cordon_status emit_values(struct cdn_emit *emit, uint32_t array, uint32_t block,
                                 const struct cdn_row_column *column,
                                 const struct cdn_range *range,
                                 const struct cdn_ranks *ranks, const uint32_t *order,
                                 uint64_t count, cordon_error *err)
{
    enum cdn_column_type type = column->property->type;
    bool integer = type == CDN_COLUMN_INT64 || type == CDN_COLUMN_TIMESTAMP;
    uint32_t width = cdn_range_width(range, type, false);
    cordon_status status;
    void *room;

    status = cdn_emit_reserve(emit, &room, array, block, count, width, err);
    if (status)
        return status;
    if (width == 8) {
        unsigned char *to = room;

        for (uint64_t i = 0; i < count; i++)
            memcpy(to + i * 8, column->values + (uint64_t)order[i] * 8, 8);
    } else if (integer) {
        narrow(room, width, column, range, order, count);
    } else if (width == 1) {
        unsigned char *to = room;

        for (uint64_t i = 0; i < count; i++)
            to[i] = column->values[order[i]];
    } else {
        uint32_t *to = room;

        for (uint64_t i = 0; i < count; i++)
            to[i] =
                is_null(column, order[i]) ? 0 : ranks->rank[codes(column)[order[i]]];
    }
    return CORDON_OK;
}

cordon_status cdn_column_emit(struct cdn_emit *emit, uint32_t array,
                              const struct cdn_row_column *column,
                              const struct cdn_range *range,
                              const struct cdn_ranks *ranks,
                              const struct cdn_blocks *blocks, cordon_error *err)
{
    enum cdn_column_type type = column->property->type;
    bool heap = type == CDN_COLUMN_TEXT || type == CDN_COLUMN_BAG;

    for (uint32_t b = 0; b < blocks->count; b++) {
        const uint32_t *order = blocks->order + blocks->first[b];
        uint64_t count = blocks->first[b + 1] - blocks->first[b];
        cordon_status status =
            heap ? emit_heap(emit, array, blocks->base + b, column, order, count, err)
                 : emit_values(emit, array, blocks->base + b, column, range, ranks,
                               order, count, err);

        if (!status && range->nulls > 0)
            status =
                emit_present(emit, array, blocks->base + b, column, order, count, err);
        if (status)
            return status;
    }
    return CORDON_OK;
}
