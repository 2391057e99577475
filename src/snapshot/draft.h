/* A graph written down row by row, before anything is known of a schema: rows of words to a
 * snapshot in memory, through the writer that imports use.
 *
 * Who reads the rows, from a text (import/fixture.h) or from a value (inline.h), fills a draft
 * and says where its faults are and what its values mean; what a graph of them is, is the same:
 *
 *   - With a schema, what is written has to fit it.  Without one, labels, edge types and the
 *     types of properties are what is written (draft_infer.c): integers alone make an int64,
 *     integers and other numbers a float64, and what is left out is null; keys that are all
 *     integers are int64, else strings; the time is called `time`.
 *   - An edge's end that is no row of its own is a node with nothing but its key.
 *
 * Everything in a draft points into what was read. */
#ifndef CDN_SNAPSHOT_DRAFT_H
#define CDN_SNAPSHOT_DRAFT_H

#include <stdbool.h>

#include <cordon/snapshot.h>

#include "base/buf.h"
#include "base/error.h"
#include "snapshot/schema.h"
#include "snapshot/writer.h"

#define CDN_DRAFT_WHY 256
#define CDN_DRAFT_SAY 80

struct cdn_word {
    const char *text;
    size_t bytes;
};

/* What a value looks like; a bit each, so that a column's make a set. */
enum cdn_literal {
    CDN_LITERAL_NULL = 1,
    CDN_LITERAL_BOOL = 2,
    CDN_LITERAL_INTEGER = 4,
    CDN_LITERAL_NUMBER = 8, /* one that is no integer */
    CDN_LITERAL_TIME = 16,
    CDN_LITERAL_STRING = 32, /* text, for certain */
    CDN_LITERAL_BAG = 64,    /* an array or a map */
    CDN_LITERAL_WORD = 128   /* none of these: text, if a schema says so */
};

struct cdn_draft_value {
    struct cdn_word name; /* bytes 0: the time, which has none */
    struct cdn_word text; /* as it is written */
    enum cdn_literal literal;
};

/* "Account:17" */
struct cdn_draft_end {
    struct cdn_word label;
    struct cdn_word key;
};

struct cdn_draft_row {
    const char *at;               /* where it begins, for faults of all of it */
    struct cdn_draft_end ends[2]; /* of an edge; of a node the first alone */
    struct cdn_word type;         /* of an edge */
    uint32_t first, count;        /* its values */
};

struct cdn_draft;

/* What a draft's reader knows of it. */
struct cdn_draft_reader {
    /* Tell a fault at a byte of what was read.  Returns CORDON_E_DATA. */
    cordon_status (*fault)(const struct cdn_draft *draft, bool edge, const char *at,
                           const char *message);
    /* What a value, not null, means in a column: into `cell`, with bytes of its own appended to
     * `decoded`, from *where.  *why: "" or a phrase to put behind the value, static or in
     * `room`.  Errors: CORDON_E_NOMEM. */
    cordon_status (*read)(struct cdn_cell *cell, struct cdn_buf *decoded, size_t *where,
                          const char **why, char room[CDN_DRAFT_WHY],
                          const struct cdn_draft_value *value,
                          const struct cdn_property *property);
    /* The value for a message, at most some 60 bytes; returns out. */
    const char *(*say)(char out[CDN_DRAFT_SAY], const struct cdn_draft_value *value);
    const char *no_time; /* how a time is given: "; it stands behind the target" */
};

struct cdn_draft {
    const struct cdn_draft_reader *reader;
    struct cdn_buf rows[2]; /* struct cdn_draft_row: of nodes, of edges */
    struct cdn_buf values;  /* struct cdn_draft_value */
    cordon_error *err;
};

static inline size_t cdn_draft_row_count(const struct cdn_draft *draft, bool edge)
{
    return draft->rows[edge].length / sizeof(struct cdn_draft_row);
}

static inline const struct cdn_draft_row *cdn_draft_rows(const struct cdn_draft *draft,
                                                         bool edge)
{
    return (const struct cdn_draft_row *)(const void *)draft->rows[edge].data;
}

/* NULL where no row has a value. */
static inline const struct cdn_draft_value *
cdn_draft_values(const struct cdn_draft *draft, const struct cdn_draft_row *row)
{
    const struct cdn_draft_value *values = (const void *)draft->values.data;

    return values ? values + row->first : NULL;
}

void cdn_draft_deinit(struct cdn_draft *draft);

/* Make the snapshot; `schema` is normalised, or NULL.
 * Ownership: *out is the caller's, cordon_snapshot_release() it.
 * Errors: CORDON_E_DATA, CORDON_E_NOMEM. */
cordon_status cdn_draft_make(cordon_snapshot **out, const struct cdn_draft *draft,
                             const struct cdn_schema *schema);

/* ---- for draft*.c ---- */

cordon_status cdn_draft_fault(const struct cdn_draft *draft, bool edge, const char *at,
                              const char *format, ...) CDN_PRINTF(4, 5);

/* The schema that the rows themselves make, normalised; the caller deinits it.
 * Errors: CORDON_E_DATA, CORDON_E_NOMEM. */
cordon_status cdn_draft_infer(struct cdn_schema *out, const struct cdn_draft *draft);

/* A copy that ends with a NUL; cut where it is longer than any name. */
struct cdn_draft_name {
    char text[CDN_SCHEMA_MAX_NAME + 1];
};
struct cdn_draft_name cdn_draft_name_of(const struct cdn_word *word);
static inline bool cdn_word_same(const struct cdn_word *a, const struct cdn_word *b)
{
    return a->bytes == b->bytes && !__builtin_memcmp(a->text, b->text, a->bytes);
}

#endif
