/* One file of a source, opened, its columns found: rows on their way to the writer. */
#ifndef CDN_IMPORT_FEED_H
#define CDN_IMPORT_FEED_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"
#include "import/csv.h"
#include "import/mapping.h"
#include "snapshot/writer.h"

#define CDN_FEED_REASON_BYTES 512

struct cdn_feed {
    const struct cdn_mapping_source *source;
    const char *path;
    struct cdn_csv *csv;
    enum cdn_key_type key_types[2];
    uint32_t field_count; /* what each row must have */
    uint32_t keys[2];     /* field of the key; of an edge: of source and target */
    uint32_t *columns;    /* field of each of the source's columns */
    uint32_t *conditions; /* field of each of its conditions */
    const struct cdn_cell *cells; /* the row's */
    struct cdn_cell *own_cells;
    struct cdn_buf *bags; /* of each of the source's columns, if it is one */
    struct cdn_key key[2];
    uint64_t line;
    bool nomem;
    char reason[CDN_FEED_REASON_BYTES];
};

enum cdn_feed_event {
    CDN_FEED_END,
    CDN_FEED_ROW,      /* key and cells are filled */
    CDN_FEED_REJECTED, /* reason says why */
    CDN_FEED_FILTERED  /* does not meet a condition */
};

/* Open the file and find every column; `path` and `mapping` are borrowed.
 * Errors: as cdn_csv_open, and CORDON_E_DATA for a column the file does not have. */
cordon_status cdn_feed_open(struct cdn_feed *feed, const struct cdn_mapping *mapping,
                            const struct cdn_mapping_source *source, const char *path,
                            cordon_error *err);
/* The next row; what `feed` holds of it is good until the next call. */
cordon_status cdn_feed_next(struct cdn_feed *feed, enum cdn_feed_event *event,
                            cordon_error *err);
/* Write into `reason` that no node has a row's source (0) or target (1), or its own key (0). */
void cdn_feed_dangling(char reason[CDN_FEED_REASON_BYTES],
                       const struct cdn_mapping *mapping,
                       const struct cdn_mapping_source *source, uint32_t end,
                       const struct cdn_key *key);
void cdn_feed_close(struct cdn_feed *feed);

#endif
