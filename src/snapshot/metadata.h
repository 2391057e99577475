/* The metadata value: a schema, and what was counted of it. */
#ifndef CDN_SNAPSHOT_METADATA_H
#define CDN_SNAPSHOT_METADATA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"
#include "snapshot/schema.h"

/* What a column's values are, nulls apart. */
struct cdn_range {
    uint64_t nulls;
    bool known; /* an int64, timestamp or float64 column with a value */
    int64_t minimum;
    int64_t maximum;
    double lowest; /* of a float64 column, in place of the two above */
    double highest;
};

/* The bytes that a value of such a column takes in its array (of a text or a bag, its heap
 * apart).  An int64 or timestamp is stored as what it is above the minimum, in 1, 2 or 4
 * bytes if the maximum's fits them; else, and if the column gives the edges' times, as it
 * is. */
uint32_t cdn_range_width(const struct cdn_range *range, enum cdn_column_type type,
                         bool time);
/* What is added to what is stored of an int64 or timestamp. */
static inline int64_t cdn_range_base(const struct cdn_range *range, uint32_t width)
{
    return width < sizeof(int64_t) && range->known ? range->minimum : 0;
}

struct cdn_direction_facts {
    uint32_t shift;
    uint32_t most;     /* the longest list */
    uint32_t nonempty; /* nodes with an edge */
};

struct cdn_label_facts {
    uint32_t count;
    uint32_t shift;
    struct cdn_range *ranges; /* by property */
};

struct cdn_relation_facts {
    uint64_t edges;
    struct cdn_range *ranges;
    struct cdn_direction_facts outgoing;
    struct cdn_direction_facts incoming;
};

struct cdn_facts {
    uint32_t label_count;
    uint32_t relation_count;
    struct cdn_label_facts *labels;
    struct cdn_relation_facts *relations;
};

/* All zero, in the shape of `schema`. */
cordon_status cdn_facts_init(struct cdn_facts *facts, const struct cdn_schema *schema,
                             cordon_error *err);
void cdn_facts_deinit(struct cdn_facts *facts);

cordon_status cdn_metadata_encode(struct cdn_buf *out, const struct cdn_schema *schema,
                                  const struct cdn_facts *facts, cordon_error *err);

/* Both are the caller's after success, and empty after failure.  What comes out has
 * passed cdn_schema_normalise(), was in its order, and its counts fit the format.
 * Errors: CORDON_E_CORRUPT, CORDON_E_NOMEM. */
cordon_status cdn_metadata_decode(struct cdn_schema *schema, struct cdn_facts *facts,
                                  const void *bytes, size_t size, cordon_error *err);

#endif
