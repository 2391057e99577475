/* Fixtures: small graphs written down by hand, for tests.
 *
 *     nodes                                          edges
 *     Account:17  country="DE" opened=2026-01-01     Account:17 -transfer-> Account:18 2026-11-24T10:00Z amount=900
 *     Account:"a b"                                  Account:17 -owns-> Device:x
 *
 * One node or edge a line; blank lines, and what stands behind `--`, are skipped.  A key holds
 * no blank unless it stands in quotes.  Behind an edge's target comes its time, if edges of the
 * type have one, then properties as name=value.  A value is true, false, null, a number, a time
 * (2026-11-24, 2026-11-24T10:00Z), text in double quotes as in JSON, or JSON in brackets.
 *
 * With a schema (import/mapping.h) what is written has to fit it.  Without one, labels, edge
 * types and the properties' types are what is written: integers alone make an int64, integers
 * and other numbers a float64, and whatever is left out is null; keys that are all integers
 * are int64, else strings; the time is called `time`.
 *
 * An edge's end that `nodes` does not list is a node with nothing but its key.
 *
 * The text is hostile like any other; every fault has its file, line and column. */
#ifndef CDN_IMPORT_FIXTURE_H
#define CDN_IMPORT_FIXTURE_H

#include <stddef.h>
#include <stdint.h>

#include <cordon/snapshot.h>

#include "base/error.h"
#include "snapshot/schema.h"

/* Longer text is refused: it is meant to be read by people. */
#define CDN_FIXTURE_MAX_BYTES ((size_t)4 << 20)

/* A piece of text, and where in its file it stands. */
struct cdn_fixture_text {
    const char *text; /* NULL: none; may hold anything */
    size_t bytes;
    const char *file; /* for messages */
    uint32_t line;    /* of its first byte, from 1; 0: not known, none is told */
    uint32_t column;  /* of its first byte, from 1 */
};

/* Make the graph; a snapshot in memory.  `schema` is normalised, or NULL.
 *
 * Ownership: *out is the caller's, cordon_snapshot_release() it; the rest is borrowed.
 * Errors:    CORDON_E_DATA with file, line and column; CORDON_E_NOMEM. */
cordon_status cdn_fixture_read(cordon_snapshot **out, const struct cdn_schema *schema,
                               const struct cdn_fixture_text *nodes,
                               const struct cdn_fixture_text *edges, cordon_error *err);

/* A whole file: its lines up to `nodes` or `edges`, each alone on a line, may hold
 * `schema PATH`; then follow the nodes and the edges. */
struct cdn_fixture_parts {
    struct cdn_fixture_text schema; /* the path; text NULL: none is named */
    struct cdn_fixture_text nodes;
    struct cdn_fixture_text edges;
};
/* What `out` holds is borrowed from `whole`.  Errors: CORDON_E_DATA. */
cordon_status cdn_fixture_split(struct cdn_fixture_parts *out,
                                const struct cdn_fixture_text *whole,
                                cordon_error *err);

#endif
