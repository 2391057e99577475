/* Files read ahead: their rows, parsed by threads of their own, in the order of the files.
 *
 * Which thread parses what, and when, cannot be told from what comes out: rows come file by
 * file and line by line, and so does the first thing that goes wrong. */
#ifndef CDN_IMPORT_AHEAD_H
#define CDN_IMPORT_AHEAD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "import/feed.h"
#include "import/mapping.h"

struct cdn_ahead_file {
    const char *path; /* borrowed */
    const struct cdn_mapping_source *source;
    uint32_t number; /* the caller's */
};

/* One row of a batch that was not filtered. */
struct cdn_ahead_row {
    uint64_t line;
    struct cdn_key key[2];
    const struct cdn_cell *cells; /* as many as the label or relation has properties */
    const char *reason;           /* of a row that is rejected; NULL: it is not */
};

/* Some rows of one file; borrowed until the next call. */
struct cdn_ahead_batch {
    const struct cdn_ahead_file *file;
    uint32_t count;
    const struct cdn_ahead_row *rows;
    uint64_t filtered; /* rows that do not meet a condition */
    uint64_t offset;   /* bytes of the file read so far, as it lies on disk */
};

struct cdn_ahead;

/* `threads` of them, 0: as many as there are processors beside this one; never more than
 * there are files.  Files, mapping and paths are borrowed until close.
 * Errors: CORDON_E_NOMEM. */
cordon_status cdn_ahead_open(struct cdn_ahead **out, const struct cdn_mapping *mapping,
                             const struct cdn_ahead_file *files, uint32_t count,
                             uint32_t threads, cordon_error *err);
/* *batch NULL: all files were read to their ends.  Errors: those of cdn_feed_open() and
 * cdn_feed_next(), after which there is nothing more. */
cordon_status cdn_ahead_next(struct cdn_ahead *ahead,
                             const struct cdn_ahead_batch **batch, cordon_error *err);
/* Waits for the threads, which stop at once.  Accepts NULL. */
void cdn_ahead_close(struct cdn_ahead *ahead);

#endif
