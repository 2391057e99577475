/* What the files that read schema.lua share: mapping.c walks labels and edges,
 * mapping_source.c what a file is and which rows of it count, mapping_property.c properties
 * and times. */
#ifndef CDN_IMPORT_MAPPING_READ_H
#define CDN_IMPORT_MAPPING_READ_H

#include "import/mapping.h"
#include "sandbox/spec.h"

#define CDN_MAPPING_COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* The properties of the label or edge type being read. */
struct cdn_mapping_declared {
    uint32_t count;
    struct cdn_property properties[CDN_SCHEMA_MAX_PROPERTIES];
    struct cdn_mapping_column columns[CDN_SCHEMA_MAX_PROPERTIES];
    int32_t time;
    bool mirror; /* what a property of an edge has unless it says otherwise */
};

/* Whose rows a source gives, by name: numbers come with normalisation. */
struct cdn_mapping_owner {
    const char *type; /* the label, or the edge type */
    const char *from;
    const char *to;
};

struct cdn_mapping_reader {
    struct cdn_spec table;
    struct cdn_mapping *mapping;
    struct cdn_csv_dialect dialect; /* what a source has unless it says otherwise */
    uint32_t name_count;
    const char **names;
    struct cdn_mapping_owner *owners; /* one a source */
    struct cdn_mapping_declared *declared;
    bool changes; /* to a graph, not a graph */
    cordon_error *err;
};

/* The `csv` of a table into *dialect and the names of columns; absent: nothing
 * changes. */
cordon_status cdn_mapping_read_csv(struct cdn_mapping_reader *reader,
                                   struct cdn_csv_dialect *dialect, const char ***names,
                                   uint32_t *name_count, const cordon_value *of);

/* `properties`, `time` and `mirror` of a label or an edge into reader->declared. */
cordon_status cdn_mapping_read_properties(struct cdn_mapping_reader *reader,
                                          const cordon_value *of, bool edge);

/* What `csv`, `where` and `distinct` beside `sources` say for all of them. */
cordon_status cdn_mapping_read_base(struct cdn_mapping_reader *reader,
                                    struct cdn_mapping_source *base,
                                    const cordon_value *map);
/* The sources of a label or an edge: its `sources`, or itself.  reader->declared
 * holds its properties. */
cordon_status cdn_mapping_read_sources(struct cdn_mapping_reader *reader,
                                       const cordon_value *map,
                                       const struct cdn_mapping_source *base,
                                       const struct cdn_mapping_owner *owner);

#endif
