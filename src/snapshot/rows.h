/* The writer's rows in memory: columns that grow together.
 *
 * A row is written cell by cell at place `count` and counts only once the caller adds
 * one to `count`, so a row that is refused halfway leaves nothing behind. */
#ifndef CDN_SNAPSHOT_ROWS_H
#define CDN_SNAPSHOT_ROWS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"
#include "snapshot/schema.h"
#include "snapshot/spill.h"
#include "snapshot/writer.h"

/* Distinct strings, numbered as they first came. */
struct cdn_strings {
    uint32_t count;
    uint32_t capacity;
    uint64_t *ends;   /* into heap; string i starts at ends[i - 1] */
    uint32_t *hashes; /* the low half of each string's hash */
    unsigned char *heap;
    uint64_t heap_capacity;
    uint32_t *slots; /* 1 + number, 0 empty; a power of two of them */
    uint32_t slot_count;
};

struct cdn_row_column {
    const struct cdn_property *property;
    unsigned char *values; /* bool uint8; int64; double; string uint32; text, bag:
                              uint64 ends into heap */
    uint8_t *nulls;        /* NULL: the property is not nullable */
    unsigned char *heap;
    uint64_t heap_capacity;
    struct cdn_strings strings;
};

struct cdn_rows {
    uint32_t count;
    uint32_t capacity;
    uint32_t column_count;
    struct cdn_row_column *columns;
};

/* Bytes of one value of a type in `values`. */
uint32_t cdn_row_width(enum cdn_column_type type);

cordon_status cdn_rows_init(struct cdn_rows *rows,
                            const struct cdn_property *properties, uint32_t count,
                            cordon_error *err);
void cdn_rows_deinit(struct cdn_rows *rows);

/* Room for one more row. */
cordon_status cdn_rows_grow(struct cdn_rows *rows, cordon_error *err);

/* Set the cells of row `rows->count`, for which there is room.  Errors: CORDON_E_DATA a
 * null that may not be, a float64 that is not finite, text that is not UTF-8, a bag
 * that is not one msgpack value; CORDON_E_NOMEM. */
cordon_status cdn_rows_set(struct cdn_rows *rows, const struct cdn_cell *cells,
                           cordon_error *err);

/* Room for `more` rows and not one more than that. */
cordon_status cdn_rows_reserve(struct cdn_rows *rows, uint64_t more, cordon_error *err);

/* Forget the rows and give their memory back, but keep the strings, whose numbers stay
 * good. */
void cdn_rows_clear(struct cdn_rows *rows);

/* What the rows take, strings apart, as far as it was written to; and the strings. */
uint64_t cdn_rows_bytes(const struct cdn_rows *rows);
uint64_t cdn_rows_string_bytes(const struct cdn_rows *rows);

/* ---- rows as bytes (rows_pack.c) ---- */

/* Which columns a packing leaves out: those that the flags are true of.  NULL: none. */
typedef const bool *cdn_rows_skip;

/* Append the cells of a row; strings of dictionaries as their numbers. */
void cdn_rows_pack(struct cdn_buf *out, const struct cdn_rows *rows, uint32_t row,
                   cdn_rows_skip skip);
/* The next cells of a reader become row `rows->count`; the caller counts it.  Columns left
 * out stay as they are.  Errors: CORDON_E_NOMEM, and those of the reader. */
cordon_status cdn_rows_unpack(struct cdn_rows *rows, struct cdn_spill_reader *reader,
                              cdn_rows_skip skip, cordon_error *err);

/* Append to a byte heap at `used`; keeps nothing on failure.  `bytes` NULL: room alone. */
cordon_status cdn_heap_put(unsigned char **heap, uint64_t *capacity, uint64_t used,
                           const void *bytes, size_t count, cordon_error *err);

#endif
