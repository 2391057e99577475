/* The text of one cell to a typed value, exactly or not at all.
 *
 * Nothing is trimmed, guessed or rounded: what cannot be kept as it is written is
 * refused with a reason.  No allocation, no locale. */
#ifndef CDN_SNAPSHOT_PARSE_H
#define CDN_SNAPSHOT_PARSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "snapshot/writer.h"

/* How a column's text is read. */
struct cdn_cell_format {
    enum cdn_column_type type;
    bool nullable; /* an empty cell is null; otherwise it is refused */
    /* of a timestamp */
    int64_t unit_ms;  /* numbers of this unit; 0: text (see cdn_time_parse) */
    int64_t epoch_ms; /* what number 0 stands for */
    bool truncate;    /* finer than a millisecond is cut off instead of refused */
};

/* Fills *out; string values borrow `text`.  Of every type but bags (bag.h).  NULL, or why the text was refused: a phrase
 * to put behind the value, such as "is not a number". */
const char *cdn_parse_cell(struct cdn_cell *out, const struct cdn_cell_format *format,
                           const char *text, size_t bytes);

/* As cdn_parse_cell, for a key: an integer must be written as it would be printed, so
 * that two keys that look different never become one. */
const char *cdn_parse_key(struct cdn_key *out, enum cdn_key_type type, const char *text,
                          size_t bytes);

const char *cdn_parse_number(double *out, const char *text, size_t bytes);

#endif
