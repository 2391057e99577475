/* What has properties in a schema, by number: its labels, or its relations, of which several
 * may have one type. */
#ifndef CDN_LINT_OWNERS_H
#define CDN_LINT_OWNERS_H

#include <stdbool.h>
#include <stdint.h>

#include "snapshot/schema.h"

static inline uint32_t cdn_owner_count(const struct cdn_schema *schema, bool edges)
{
    return edges ? schema->relation_count : schema->label_count;
}

static inline const char *cdn_owner_name(const struct cdn_schema *schema, bool edges,
                                         uint32_t i)
{
    return edges ? schema->relations[i].type : schema->labels[i].name;
}

/* NULL: it has none of that name. */
static inline const struct cdn_property *
cdn_owner_property(const struct cdn_schema *schema, bool edges, uint32_t i,
                   const char *name)
{
    const struct cdn_property *properties =
        edges ? schema->relations[i].properties : schema->labels[i].properties;
    int32_t at = cdn_properties_find(properties,
                                     edges ? schema->relations[i].property_count
                                           : schema->labels[i].property_count,
                                     name);

    return at < 0 ? NULL : &properties[at];
}

#endif
