/* CSV files, plain or gz, a row at a time.
 *
 * What is read is RFC 4180 with a delimiter and a quote of the caller's choice, or
 * without quoting at all.  A fault of one row (a quote out of place, a row that never
 * ends) is told with its line and reading goes on behind it; only a file that cannot be
 * read is an error.
 *
 * Bytes are passed on as they are: a field is trimmed of nothing, and its UTF-8 is
 * checked by whoever uses it.  Lines with nothing on them are skipped. */
#ifndef CDN_IMPORT_CSV_H
#define CDN_IMPORT_CSV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/* A row longer than this is a fault of the row: a quote that is never closed would
 * otherwise take the rest of the file for one field. */
#ifdef CORDON_TINY
#define CDN_CSV_MAX_ROW_BYTES ((size_t)4 << 10)
#else
#define CDN_CSV_MAX_ROW_BYTES ((size_t)16 << 20)
#endif
#define CDN_CSV_MAX_FIELDS 4096

struct cdn_csv_dialect {
    char delimiter;
    char quote;  /* '\0': no quoting, a quote is text like any other */
    bool header; /* the first row names the columns; the caller reads it as a row */
};

struct cdn_csv_field {
    const char *text; /* not terminated */
    size_t bytes;
};

enum cdn_csv_event { CDN_CSV_END, CDN_CSV_ROW, CDN_CSV_FAULT };

struct cdn_csv;

/* What one call of cdn_csv_next() found; borrowed until the next call. */
struct cdn_csv_row {
    uint64_t line; /* where the row starts, from 1 */
    uint32_t count;
    const struct cdn_csv_field *fields;
    const char *fault; /* of CDN_CSV_FAULT: why */
};

/* Errors: CORDON_E_NOTFOUND, CORDON_E_IO, CORDON_E_NOMEM, and CORDON_E_DATA for UTF-16
 * and for what is no regular file. */
cordon_status cdn_csv_open(struct cdn_csv **out, const char *path,
                           const struct cdn_csv_dialect *dialect, cordon_error *err);
/* As if `bytes` were a plain file; they must outlive the reader.  `buffer` is the size
 * its buffer starts with (0: the usual), so that tests meet every boundary. */
cordon_status cdn_csv_open_memory(struct cdn_csv **out, const void *bytes, size_t count,
                                  size_t buffer, const struct cdn_csv_dialect *dialect,
                                  cordon_error *err);

/* Errors: CORDON_E_IO, CORDON_E_NOMEM, and CORDON_E_DATA for gz that is damaged, cut
 * short or followed by something else (stream.h). */
cordon_status cdn_csv_next(struct cdn_csv *csv, enum cdn_csv_event *event,
                           struct cdn_csv_row *row, cordon_error *err);

/* Bytes read of the file as it lies on disk, for progress. */
uint64_t cdn_csv_offset(const struct cdn_csv *csv);

/* Accepts NULL. */
void cdn_csv_close(struct cdn_csv *csv);

#endif
