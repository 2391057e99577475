/* Columns of rows, and the interning of strings.
 *
 * Arrays double, by realloc, which moves large blocks by remapping pages.  Strings of
 * dictionary columns are interned as they come, by xxh3 in an open-addressing table, so
 * a column of few distinct values costs four bytes a row however long they are. */
#include "snapshot/rows.h"

#include <math.h>
#include <string.h>

#include "base/alloc.h"
#include "base/hash.h"
#include "base/pack.h"
#include "base/utf8.h"
#include "snapshot/format.h"

#define FIRST_ROWS  256u
#define FIRST_SLOTS 64u

uint32_t cdn_row_width(enum cdn_column_type type)
{
    switch (type) {
    case CDN_COLUMN_BOOL:
        return 1;
    case CDN_COLUMN_STRING:
        return 4;
    case CDN_COLUMN_INT64:
    case CDN_COLUMN_FLOAT64:
    case CDN_COLUMN_TIMESTAMP:
    case CDN_COLUMN_TEXT:
    case CDN_COLUMN_BAG:
        break;
    }
    return 8;
}

cordon_status cdn_rows_init(struct cdn_rows *rows,
                            const struct cdn_property *properties, uint32_t count,
                            cordon_error *err)
{
    memset(rows, 0, sizeof(*rows));
    rows->columns = cdn_calloc(count, sizeof(*rows->columns));
    if (!rows->columns)
        return cdn_error_nomem(err);
    rows->column_count = count;
    for (uint32_t c = 0; c < count; c++)
        rows->columns[c].property = &properties[c];
    return CORDON_OK;
}

void cdn_rows_deinit(struct cdn_rows *rows)
{
    for (uint32_t c = 0; c < rows->column_count; c++) {
        struct cdn_row_column *column = &rows->columns[c];

        cdn_free(column->values);
        cdn_free(column->nulls);
        cdn_free(column->heap);
        cdn_free(column->strings.ends);
        cdn_free(column->strings.hashes);
        cdn_free(column->strings.heap);
        cdn_free(column->strings.slots);
    }
    cdn_free(rows->columns);
    memset(rows, 0, sizeof(*rows));
}

static cordon_status set_capacity(struct cdn_rows *rows, uint32_t capacity,
                                  cordon_error *err)
{
    for (uint32_t c = 0; c < rows->column_count; c++) {
        struct cdn_row_column *column = &rows->columns[c];
        void *grown = cdn_realloc_array(column->values, capacity,
                                        cdn_row_width(column->property->type));

        if (!grown)
            return cdn_error_nomem(err);
        column->values = grown;
        if (!column->property->nullable)
            continue;
        grown = cdn_realloc(column->nulls, capacity);
        if (!grown)
            return cdn_error_nomem(err);
        column->nulls = grown;
    }
    rows->capacity = capacity;
    return CORDON_OK;
}

cordon_status cdn_rows_grow(struct cdn_rows *rows, cordon_error *err)
{
    uint32_t capacity;

    if (rows->count < rows->capacity)
        return CORDON_OK;
    if (rows->capacity == UINT32_MAX)
        return cdn_error_set(err, CORDON_E_DATA,
                             "more than %u rows of one label or relation", UINT32_MAX);
    if (rows->capacity == 0)
        capacity = FIRST_ROWS;
    else if (rows->capacity > UINT32_MAX / 2)
        capacity = UINT32_MAX;
    else
        capacity = rows->capacity * 2;
    return set_capacity(rows, capacity, err);
}

cordon_status cdn_rows_reserve(struct cdn_rows *rows, uint64_t more, cordon_error *err)
{
    if (more > UINT32_MAX - rows->count)
        return cdn_error_set(err, CORDON_E_DATA, "more than %u rows at once",
                             UINT32_MAX);
    if (rows->count + (uint32_t)more <= rows->capacity)
        return CORDON_OK;
    return set_capacity(rows, rows->count + (uint32_t)more, err);
}

void cdn_rows_clear(struct cdn_rows *rows)
{
    for (uint32_t c = 0; c < rows->column_count; c++) {
        struct cdn_row_column *column = &rows->columns[c];

        cdn_free(column->values);
        cdn_free(column->nulls);
        cdn_free(column->heap);
        column->values = NULL;
        column->nulls = NULL;
        column->heap = NULL;
        column->heap_capacity = 0;
    }
    rows->count = 0;
    rows->capacity = 0;
}

uint64_t cdn_rows_bytes(const struct cdn_rows *rows)
{
    uint64_t bytes = 0;

    for (uint32_t c = 0; c < rows->column_count; c++) {
        const struct cdn_row_column *column = &rows->columns[c];
        enum cdn_column_type type = column->property->type;

        bytes +=
            (uint64_t)rows->count * (cdn_row_width(type) + (column->nulls != NULL));
        if (rows->count > 0 && (type == CDN_COLUMN_TEXT || type == CDN_COLUMN_BAG))
            bytes += ((const uint64_t *)(const void *)column->values)[rows->count - 1];
    }
    return bytes;
}

uint64_t cdn_rows_string_bytes(const struct cdn_rows *rows)
{
    uint64_t bytes = 0;

    for (uint32_t c = 0; c < rows->column_count; c++) {
        const struct cdn_strings *strings = &rows->columns[c].strings;

        if (strings->count > 0)
            bytes += strings->ends[strings->count - 1] + strings->count * UINT64_C(12) +
                     strings->slot_count * UINT64_C(4);
    }
    return bytes;
}

cordon_status cdn_heap_put(unsigned char **heap, uint64_t *capacity, uint64_t used,
                           const void *bytes, size_t count, cordon_error *err)
{
    if (!*heap || *capacity - used < count) {
        uint64_t wanted = *capacity ? *capacity : 1024;
        unsigned char *grown;

        while (wanted - used < count)
            wanted *= 2;
        grown = cdn_realloc(*heap, wanted);
        if (!grown)
            return cdn_error_nomem(err);
        *heap = grown;
        *capacity = wanted;
    }
    if (bytes && count > 0)
        memcpy(*heap + used, bytes, count);
    return CORDON_OK;
}

static cordon_status grow_slots(struct cdn_strings *strings, cordon_error *err)
{
    uint32_t count = strings->slot_count ? strings->slot_count * 2 : FIRST_SLOTS;
    uint32_t *slots = cdn_calloc(count, sizeof(*slots));

    if (!slots)
        return cdn_error_nomem(err);
    for (uint32_t i = 0; i < strings->count; i++) {
        uint32_t at = strings->hashes[i] & (count - 1);

        while (slots[at])
            at = (at + 1) & (count - 1);
        slots[at] = i + 1;
    }
    cdn_free(strings->slots);
    strings->slots = slots;
    strings->slot_count = count;
    return CORDON_OK;
}

static cordon_status add_string(struct cdn_strings *strings, const char *text,
                                size_t bytes, uint32_t hash, cordon_error *err)
{
    uint64_t used = strings->count ? strings->ends[strings->count - 1] : 0;
    cordon_status status;

    if (!cdn_utf8_valid(text, bytes))
        return cdn_error_set(err, CORDON_E_DATA, "text that is not UTF-8");
    if (strings->count == strings->capacity) {
        uint32_t capacity = strings->capacity ? strings->capacity * 2 : FIRST_SLOTS;
        uint64_t *ends =
            cdn_realloc_array(strings->ends, capacity, sizeof(*strings->ends));
        uint32_t *hashes;

        if (!ends)
            return cdn_error_nomem(err);
        strings->ends = ends;
        hashes = cdn_realloc_array(strings->hashes, capacity, sizeof(*strings->hashes));
        if (!hashes)
            return cdn_error_nomem(err);
        strings->hashes = hashes;
        strings->capacity = capacity;
    }
    status =
        cdn_heap_put(&strings->heap, &strings->heap_capacity, used, text, bytes, err);
    if (status)
        return status;
    strings->ends[strings->count] = used + bytes;
    strings->hashes[strings->count] = hash;
    strings->count++;
    return CORDON_OK;
}

static cordon_status intern(uint32_t *out, struct cdn_strings *strings,
                            const char *text, size_t bytes, cordon_error *err)
{
    uint32_t hash = (uint32_t)cdn_hash_xxh3(text, bytes);
    cordon_status status;
    uint32_t at;

    if (strings->count >= strings->slot_count / 2) {
        if (strings->count >= UINT32_C(1) << 30)
            return cdn_error_set(err, CORDON_E_DATA,
                                 "more than 2^30 distinct values in one column of "
                                 "strings; declare it text");
        status = grow_slots(strings, err);
        if (status)
            return status;
    }
    at = hash & (strings->slot_count - 1);
    while (strings->slots[at]) {
        uint32_t number = strings->slots[at] - 1;

        if (strings->hashes[number] == hash) {
            uint64_t start = number ? strings->ends[number - 1] : 0;

            if (strings->ends[number] - start == bytes &&
                memcmp(strings->heap + start, text, bytes) == 0) {
                *out = number;
                return CORDON_OK;
            }
        }
        at = (at + 1) & (strings->slot_count - 1);
    }
    status = add_string(strings, text, bytes, hash, err);
    if (status)
        return status;
    strings->slots[at] = strings->count;
    *out = strings->count - 1;
    return CORDON_OK;
}

static cordon_status set_heap(struct cdn_row_column *column, uint32_t row,
                              const struct cdn_cell *cell, cordon_error *err)
{
    uint64_t *ends = (uint64_t *)(void *)column->values;
    uint64_t used = row ? ends[row - 1] : 0;
    const char *text = cell->null ? "" : cell->as.string.text;
    size_t bytes = cell->null ? 0 : cell->as.string.bytes;
    const unsigned char *at = (const unsigned char *)text;
    const unsigned char *end = at + bytes;
    cordon_status status;

    if (bytes > CDN_SEGMENT_MOST)
        return cdn_error_set(err, CORDON_E_DATA, "more than %llu bytes of text",
                             (unsigned long long)CDN_SEGMENT_MOST);
    if (column->property->type == CDN_COLUMN_BAG) {
        if (!cell->null && (!cdn_unpack_skip(&at, end) || at != end))
            return cdn_error_set(err, CORDON_E_DATA, "a bag is one msgpack value");
    } else if (!cdn_utf8_valid(text, bytes)) {
        return cdn_error_set(err, CORDON_E_DATA, "text that is not UTF-8");
    }
    status =
        cdn_heap_put(&column->heap, &column->heap_capacity, used, text, bytes, err);
    if (!status)
        ends[row] = used + bytes;
    return status;
}

static cordon_status set_cell(struct cdn_row_column *column, uint32_t row,
                              const struct cdn_cell *cell, cordon_error *err)
{
    bool null = cell->null;

    if (column->nulls)
        column->nulls[row] = null;
    else if (null)
        return cdn_error_set(err, CORDON_E_DATA,
                             "a null, but the column is not nullable");
    switch (column->property->type) {
    case CDN_COLUMN_BOOL:
        column->values[row] = !null && cell->as.boolean;
        return CORDON_OK;
    case CDN_COLUMN_INT64:
    case CDN_COLUMN_TIMESTAMP:
        ((int64_t *)(void *)column->values)[row] = null ? 0 : cell->as.integer;
        return CORDON_OK;
    case CDN_COLUMN_FLOAT64:
        if (!null && !isfinite(cell->as.number))
            return cdn_error_set(err, CORDON_E_DATA, "a float64 that is not finite");
        ((double *)(void *)column->values)[row] = null ? 0 : cell->as.number;
        return CORDON_OK;
    case CDN_COLUMN_STRING:
        if (null) {
            ((uint32_t *)(void *)column->values)[row] = 0;
            return CORDON_OK;
        }
        return intern((uint32_t *)(void *)column->values + row, &column->strings,
                      cell->as.string.text, cell->as.string.bytes, err);
    case CDN_COLUMN_TEXT:
    case CDN_COLUMN_BAG:
        break;
    }
    return set_heap(column, row, cell, err);
}

cordon_status cdn_rows_set(struct cdn_rows *rows, const struct cdn_cell *cells,
                           cordon_error *err)
{
    for (uint32_t c = 0; c < rows->column_count; c++) {
        cordon_status status = set_cell(&rows->columns[c], rows->count, &cells[c], err);

        if (status) {
            cdn_error_prefix(err, "property '%s'", rows->columns[c].property->name);
            return status;
        }
    }
    return CORDON_OK;
}
