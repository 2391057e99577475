/* What a graph is made of: labels, edge types, relations and their properties.
 *
 * One description serves the importer (which makes it from schema.lua), the writer, the
 * file's metadata and the reader.  Labels, relations and properties are numbered in the
 * order of their names (bytewise), relations by (type, source label, target label), so
 * that equal graphs have equal files whatever order a schema was written in. */
#ifndef CDN_SNAPSHOT_SCHEMA_H
#define CDN_SNAPSHOT_SCHEMA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

#define CDN_SCHEMA_MAX_NAME       64
#define CDN_SCHEMA_MAX_LABELS     256
#define CDN_SCHEMA_MAX_RELATIONS  256
#define CDN_SCHEMA_MAX_PROPERTIES 256 /* of one label or relation */

enum cdn_column_type {
    CDN_COLUMN_BOOL = 1,
    CDN_COLUMN_INT64 = 2,
    CDN_COLUMN_FLOAT64 = 3,
    CDN_COLUMN_TIMESTAMP = 4, /* int64 milliseconds since 1970 UTC */
    CDN_COLUMN_STRING = 5,    /* uint32 index into a dictionary sorted bytewise */
    CDN_COLUMN_TEXT = 6, /* a string in a heap, for columns of many distinct values */
    CDN_COLUMN_BAG = 7   /* one msgpack value in a heap */
};

enum cdn_key_type { CDN_KEY_INT64 = 1, CDN_KEY_STRING = 2 };

struct cdn_property {
    char name[CDN_SCHEMA_MAX_NAME + 1];
    enum cdn_column_type type;
    bool nullable;
    bool lua_string; /* an int64 that rules see as a decimal string */
    bool mirrored;   /* of a relation: stored in the incoming direction too */
    bool immutable;  /* of a label: never changes once its node exists */
};

struct cdn_label {
    char name[CDN_SCHEMA_MAX_NAME + 1];
    enum cdn_key_type key;
    uint32_t property_count;
    struct cdn_property *properties; /* sorted by name */
};

struct cdn_relation_schema {
    char type[CDN_SCHEMA_MAX_NAME +
              1];    /* the edge type: several relations may share it */
    uint32_t source; /* label number */
    uint32_t target;
    int32_t time; /* property number of the time column; -1: none */
    uint32_t property_count;
    struct cdn_property *properties; /* sorted by name */
};

struct cdn_schema {
    uint32_t label_count;
    uint32_t relation_count;
    struct cdn_label *labels;
    struct cdn_relation_schema *relations;
};

/* Sort into the order above and check every rule of naming: identifiers of at most 64
 * bytes, unique, no property named as a method or field of nodes and edges (key, label,
 * id, source, target, type, time unless it is the time column, and the methods), no
 * label named like an edge type, the time column a timestamp that is not nullable,
 * relations of one type unique by label pair and agreeing on a property's type and on
 * having a time column. Errors: CORDON_E_DATA that names what is wrong and what would
 * be right. */
cordon_status cdn_schema_normalise(struct cdn_schema *schema, cordon_error *err);

/* Number by name; -1: none.  cdn_schema_relation finds the exact triple. */
int32_t cdn_schema_label(const struct cdn_schema *schema, const char *name);
int32_t cdn_schema_relation(const struct cdn_schema *schema, const char *type,
                            uint32_t source, uint32_t target);
int32_t cdn_properties_find(const struct cdn_property *properties, uint32_t count,
                            const char *name);

cordon_status cdn_schema_copy(struct cdn_schema *out, const struct cdn_schema *schema,
                              cordon_error *err);
void cdn_schema_deinit(struct cdn_schema *schema);
const char *cdn_column_type_str(enum cdn_column_type type);

#endif
