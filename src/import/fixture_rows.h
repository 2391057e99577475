/* A fixture's lines taken apart, before anything is known of a schema; for fixture*.c alone.
 * Everything points into the texts. */
#ifndef CDN_IMPORT_FIXTURE_ROWS_H
#define CDN_IMPORT_FIXTURE_ROWS_H

#include <stdbool.h>

#include "base/buf.h"
#include "import/fixture.h"

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
    CDN_LITERAL_STRING = 32, /* in quotes */
    CDN_LITERAL_BAG = 64,    /* in brackets */
    CDN_LITERAL_WORD = 128   /* none of these: text, if a schema says so */
};

struct cdn_fixture_value {
    struct cdn_word name; /* bytes 0: the time, which has none */
    struct cdn_word text; /* with its quotes */
    enum cdn_literal literal;
};

/* "Account:17" */
struct cdn_fixture_end {
    struct cdn_word label;
    struct cdn_word key; /* without quotes */
};

struct cdn_fixture_row {
    struct cdn_fixture_end ends[2]; /* of an edge; of a node the first alone */
    struct cdn_word type;           /* of an edge */
    uint32_t first, count;          /* its values */
};

struct cdn_fixture_rows {
    const struct cdn_fixture_text *texts[2]; /* of nodes, of edges */
    struct cdn_buf rows[2];                  /* struct cdn_fixture_row, likewise */
    struct cdn_buf values;                   /* struct cdn_fixture_value */
    cordon_error *err;
};

static inline size_t cdn_fixture_row_count(const struct cdn_fixture_rows *rows,
                                           bool edge)
{
    return rows->rows[edge].length / sizeof(struct cdn_fixture_row);
}

static inline const struct cdn_fixture_row *
cdn_fixture_rows_of(const struct cdn_fixture_rows *rows, bool edge)
{
    return (const struct cdn_fixture_row *)(const void *)rows->rows[edge].data;
}

/* NULL where no row has a value. */
static inline const struct cdn_fixture_value *
cdn_fixture_values(const struct cdn_fixture_rows *rows,
                   const struct cdn_fixture_row *row)
{
    const struct cdn_fixture_value *values = (const void *)rows->values.data;

    return values ? values + row->first : NULL;
}

/* Take both texts apart.  The caller deinits, on failure too.
 * Errors: CORDON_E_DATA, CORDON_E_NOMEM. */
cordon_status cdn_fixture_rows_read(struct cdn_fixture_rows *out,
                                    const struct cdn_fixture_text *nodes,
                                    const struct cdn_fixture_text *edges,
                                    cordon_error *err);
void cdn_fixture_rows_deinit(struct cdn_fixture_rows *rows);

/* CORDON_E_DATA at a byte of one of the texts. */
cordon_status cdn_fixture_fault(const struct cdn_fixture_text *text, const char *at,
                                cordon_error *err, const char *format, ...)
    CDN_PRINTF(4, 5);

/* The schema that the rows themselves make, normalised; the caller deinits it.
 * Errors: CORDON_E_DATA, CORDON_E_NOMEM. */
cordon_status cdn_fixture_infer(struct cdn_schema *out,
                                const struct cdn_fixture_rows *rows, cordon_error *err);

/* A copy that ends with a NUL; cut where it is longer than any name. */
struct cdn_fixture_name {
    char text[CDN_SCHEMA_MAX_NAME + 1];
};
struct cdn_fixture_name cdn_fixture_name_of(const struct cdn_word *word);
static inline bool cdn_word_same(const struct cdn_word *a, const struct cdn_word *b)
{
    return a->bytes == b->bytes && !__builtin_memcmp(a->text, b->text, a->bytes);
}

#endif
