/* What schema.lua says: the graph's schema, and which files and columns it is made of.
 *
 * README.md in this folder describes the language. */
#ifndef CDN_IMPORT_MAPPING_H
#define CDN_IMPORT_MAPPING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "import/csv.h"
#include "snapshot/parse.h"
#include "snapshot/schema.h"

/* A property and the column it is read from. */
struct cdn_mapping_column {
    const char *column;
    const char *name;  /* of the property */
    uint32_t property; /* its number */
    struct cdn_cell_format format;
};

enum cdn_mapping_operator {
    CDN_MAPPING_EQUAL,
    CDN_MAPPING_NOT_EQUAL,
    CDN_MAPPING_LESS,
    CDN_MAPPING_AT_MOST,
    CDN_MAPPING_GREATER,
    CDN_MAPPING_AT_LEAST
};

/* Rows that do not meet a source's conditions are left out, and counted. */
struct cdn_mapping_condition {
    const char *column;
    enum cdn_mapping_operator op;
    bool numeric; /* compared as numbers; otherwise bytewise */
    double number;
    const char *text;
    size_t bytes;
};

/* What rows of a source do to the graph; all but the first only in changes to a base. */
enum cdn_mapping_change { CDN_MAPPING_ADD, CDN_MAPPING_UPDATE, CDN_MAPPING_DELETE };

/* Files of one shape that feed one label or relation. */
struct cdn_mapping_source {
    bool edge;
    uint32_t number; /* of the label or relation */
    struct cdn_csv_dialect dialect;
    uint32_t name_count; /* of a file without header: the columns in order */
    const char **names;
    uint32_t file_count;
    const char **files;
    const char *key;    /* the key's column; of an edge that of its source */
    const char *target; /* of an edge */
    bool distinct;      /* of a label: keys recur, the first row with one counts */
    enum cdn_mapping_change change;
    uint32_t column_count;
    struct cdn_mapping_column *columns;
    uint32_t condition_count;
    struct cdn_mapping_condition *conditions;
};

/* A property of nodes, or all of a label's, that never changes once a node exists. */
struct cdn_mapping_immutable {
    const struct cdn_mapping_immutable *next;
    const char *label;
    const char *property; /* NULL: all */
};

struct cdn_mapping {
    struct cdn_schema schema; /* normalised */
    const struct cdn_mapping_immutable *immutable;
    uint32_t source_count;
    struct cdn_mapping_source *sources; /* all of labels first */
    void *blocks;                       /* everything they point to */
};

/* From the text of a schema; `file` is named in messages.
 * Errors: CORDON_E_DATA with file and line, CORDON_E_RULE if it is not even Lua,
 *         CORDON_E_NOMEM. */
cordon_status cdn_mapping_read(struct cdn_mapping *out, const char *source,
                               size_t bytes, const char *file, cordon_error *err);
/* The same from a file. */
cordon_status cdn_mapping_load(struct cdn_mapping *out, const char *path,
                               cordon_error *err);

/* The same of changes to a graph (base.h): sources may say `change`, labels need no files. */
cordon_status cdn_mapping_read_changes(struct cdn_mapping *out, const char *source,
                                       size_t bytes, const char *file,
                                       cordon_error *err);
cordon_status cdn_mapping_load_changes(struct cdn_mapping *out, const char *path,
                                       cordon_error *err);

void cdn_mapping_deinit(struct cdn_mapping *mapping);

/* Does the schema say that this property of a label's nodes never changes? */
bool cdn_mapping_is_immutable(const struct cdn_mapping *mapping, const char *label,
                              const char *property);

#endif
