/* Metadata to msgpack and back.
 *
 * Arrays of fixed length (FORMAT.md), so that reading is a straight walk and every
 * deviation is an error with the offset where it was met.  A decoded schema passes the
 * same check as one a user wrote, and must already be in its order. */
#include "snapshot/metadata.h"

#include <math.h>
#include <string.h>

#include "base/alloc.h"
#include "base/pack.h"
#include "snapshot/format.h"

#define FLAG_NULLABLE   1
#define FLAG_LUA_STRING 2
#define FLAG_MIRRORED   4
#define FLAG_IMMUTABLE  8
#define FLAGS           15

cordon_status cdn_facts_init(struct cdn_facts *facts, const struct cdn_schema *schema,
                             cordon_error *err)
{
    memset(facts, 0, sizeof(*facts));
    facts->labels = cdn_calloc(schema->label_count, sizeof(*facts->labels));
    facts->relations = cdn_calloc(schema->relation_count, sizeof(*facts->relations));
    if (!facts->labels || !facts->relations)
        goto nomem;
    facts->label_count = schema->label_count;
    facts->relation_count = schema->relation_count;
    for (uint32_t l = 0; l < schema->label_count; l++) {
        facts->labels[l].ranges = cdn_calloc(schema->labels[l].property_count,
                                             sizeof(*facts->labels[l].ranges));
        if (!facts->labels[l].ranges)
            goto nomem;
    }
    for (uint32_t r = 0; r < schema->relation_count; r++) {
        facts->relations[r].ranges = cdn_calloc(schema->relations[r].property_count,
                                                sizeof(*facts->relations[r].ranges));
        if (!facts->relations[r].ranges)
            goto nomem;
    }
    return CORDON_OK;
nomem:
    cdn_facts_deinit(facts);
    return cdn_error_nomem(err);
}

void cdn_facts_deinit(struct cdn_facts *facts)
{
    for (uint32_t l = 0; l < facts->label_count; l++)
        cdn_free(facts->labels[l].ranges);
    for (uint32_t r = 0; r < facts->relation_count; r++)
        cdn_free(facts->relations[r].ranges);
    cdn_free(facts->labels);
    cdn_free(facts->relations);
    memset(facts, 0, sizeof(*facts));
}

static void pack_properties(struct cdn_packer *packer,
                            const struct cdn_property *properties, uint32_t count,
                            const struct cdn_range *ranges)
{
    cdn_pack_array(packer, count);
    for (uint32_t p = 0; p < count; p++) {
        const struct cdn_property *property = &properties[p];
        const struct cdn_range *range = &ranges[p];

        cdn_pack_array(packer, 6);
        cdn_pack_cstr(packer, property->name);
        cdn_pack_int(packer, property->type);
        cdn_pack_int(packer, (property->nullable ? FLAG_NULLABLE : 0) |
                                 (property->lua_string ? FLAG_LUA_STRING : 0) |
                                 (property->mirrored ? FLAG_MIRRORED : 0) |
                                 (property->immutable ? FLAG_IMMUTABLE : 0));
        cdn_pack_int(packer, (int64_t)range->nulls);
        if (!range->known) {
            cdn_pack_nil(packer);
            cdn_pack_nil(packer);
        } else if (property->type == CDN_COLUMN_FLOAT64) {
            cdn_pack_double(packer, range->lowest);
            cdn_pack_double(packer, range->highest);
        } else {
            cdn_pack_int(packer, range->minimum);
            cdn_pack_int(packer, range->maximum);
        }
    }
}

static void pack_direction(struct cdn_packer *packer,
                           const struct cdn_direction_facts *direction)
{
    cdn_pack_array(packer, 3);
    cdn_pack_int(packer, direction->shift);
    cdn_pack_int(packer, direction->most);
    cdn_pack_int(packer, direction->nonempty);
}

cordon_status cdn_metadata_encode(struct cdn_buf *out, const struct cdn_schema *schema,
                                  const struct cdn_facts *facts, cordon_error *err)
{
    struct cdn_packer packer;

    cdn_pack_init_buf(&packer, out);
    cdn_pack_array(&packer, 2);
    cdn_pack_array(&packer, schema->label_count);
    for (uint32_t l = 0; l < schema->label_count; l++) {
        const struct cdn_label *label = &schema->labels[l];

        cdn_pack_array(&packer, 5);
        cdn_pack_cstr(&packer, label->name);
        cdn_pack_int(&packer, label->key);
        cdn_pack_int(&packer, facts->labels[l].count);
        cdn_pack_int(&packer, facts->labels[l].shift);
        pack_properties(&packer, label->properties, label->property_count,
                        facts->labels[l].ranges);
    }
    cdn_pack_array(&packer, schema->relation_count);
    for (uint32_t r = 0; r < schema->relation_count; r++) {
        const struct cdn_relation_schema *relation = &schema->relations[r];

        cdn_pack_array(&packer, 8);
        cdn_pack_cstr(&packer, relation->type);
        cdn_pack_int(&packer, relation->source);
        cdn_pack_int(&packer, relation->target);
        cdn_pack_int(&packer, relation->time);
        cdn_pack_int(&packer, (int64_t)facts->relations[r].edges);
        pack_properties(&packer, relation->properties, relation->property_count,
                        facts->relations[r].ranges);
        pack_direction(&packer, &facts->relations[r].outgoing);
        pack_direction(&packer, &facts->relations[r].incoming);
    }
    if (packer.failed || out->failed)
        return cdn_error_nomem(err);
    return CORDON_OK;
}

/* A walk over the payload.  The first thing that is not as it should be ends it. */
struct walk {
    const unsigned char *start;
    const unsigned char *at;
    const unsigned char *end;
    cordon_status status;
    cordon_error *err;
};

static bool fail(struct walk *walk, const char *what)
{
    if (!walk->status)
        walk->status =
            cdn_error_set(walk->err, CORDON_E_CORRUPT, "metadata, byte %zu: %s",
                          (size_t)(walk->at - walk->start), what);
    return false;
}

static bool take(struct walk *walk, cordon_value *out)
{
    if (walk->status)
        return false;
    if (!cdn_unpack_head(out, &walk->at, walk->end))
        return fail(walk, "no valid value");
    return true;
}

static bool take_array(struct walk *walk, uint32_t *length, uint32_t least,
                       uint32_t most)
{
    cordon_value value;

    if (!take(walk, &value))
        return false;
    if (value.type != CORDON_ARRAY || value.length < least || value.length > most)
        return fail(walk, "not an array of the right length");
    *length = value.length;
    return true;
}

static bool take_fixed(struct walk *walk, uint32_t length)
{
    uint32_t found;

    return take_array(walk, &found, length, length);
}

static int64_t take_int(struct walk *walk, int64_t least, int64_t most)
{
    cordon_value value;

    if (!take(walk, &value))
        return least;
    if (value.type != CORDON_INTEGER || value.as.integer < least ||
        value.as.integer > most) {
        fail(walk, "not an integer of the right range");
        return least;
    }
    return value.as.integer;
}

static bool take_name(struct walk *walk, char out[CDN_SCHEMA_MAX_NAME + 1])
{
    cordon_value value;

    if (!take(walk, &value))
        return false;
    if (value.type != CORDON_STRING || value.length > CDN_SCHEMA_MAX_NAME)
        return fail(walk, "not a name");
    memcpy(out, value.as.string, value.length);
    out[value.length] = '\0';
    if (strlen(out) != value.length)
        return fail(walk, "not a name");
    return true;
}

uint32_t cdn_range_width(const struct cdn_range *range, enum cdn_column_type type,
                         bool time)
{
    uint64_t span;

    switch (type) {
    case CDN_COLUMN_BOOL:
        return sizeof(uint8_t);
    case CDN_COLUMN_STRING:
    case CDN_COLUMN_TEXT:
    case CDN_COLUMN_BAG:
        return sizeof(uint32_t);
    case CDN_COLUMN_FLOAT64:
        return sizeof(double);
    case CDN_COLUMN_INT64:
    case CDN_COLUMN_TIMESTAMP:
        break;
    }
    if (time)
        return sizeof(int64_t);
    span = range->known ? (uint64_t)range->maximum - (uint64_t)range->minimum : 0;
    return span <= UINT8_MAX    ? sizeof(uint8_t)
           : span <= UINT16_MAX ? sizeof(uint16_t)
           : span <= UINT32_MAX ? sizeof(uint32_t)
                                : sizeof(int64_t);
}

static bool take_range(struct walk *walk, struct cdn_range *range,
                       enum cdn_column_type type)
{
    cordon_value low;
    cordon_value high;
    bool integer = type == CDN_COLUMN_INT64 || type == CDN_COLUMN_TIMESTAMP;

    if (!take(walk, &low) || !take(walk, &high))
        return false;
    range->minimum = 1;
    range->maximum = 0;
    range->lowest = 1;
    range->highest = 0;
    if (low.type == CORDON_NIL && high.type == CORDON_NIL)
        return true;
    range->known = true;
    if (integer && low.type == CORDON_INTEGER && high.type == CORDON_INTEGER &&
        low.as.integer <= high.as.integer) {
        range->minimum = low.as.integer;
        range->maximum = high.as.integer;
        return true;
    }
    if (type == CDN_COLUMN_FLOAT64 && low.type == CORDON_NUMBER &&
        high.type == CORDON_NUMBER && low.as.number <= high.as.number &&
        isfinite(low.as.number) && isfinite(high.as.number)) {
        range->lowest = low.as.number;
        range->highest = high.as.number;
        return true;
    }
    return fail(walk, "not a range of the column's type");
}

/* *properties and *ranges are allocated here and owned by schema and facts even on
 * failure; *count is how many of them there are. */
static bool take_properties(struct walk *walk, struct cdn_property **properties,
                            struct cdn_range **ranges, uint32_t *count, uint64_t rows)
{
    uint32_t length;

    if (!take_array(walk, &length, 0, CDN_SCHEMA_MAX_PROPERTIES))
        return false;
    *properties = cdn_calloc(length, sizeof(**properties));
    *ranges = cdn_calloc(length, sizeof(**ranges));
    if (!*properties || !*ranges) {
        walk->status = cdn_error_nomem(walk->err);
        return false;
    }
    for (uint32_t p = 0; p < length; p++) {
        struct cdn_property *property = &(*properties)[p];
        struct cdn_range *range = &(*ranges)[p];
        int64_t flags;

        if (!take_fixed(walk, 6) || !take_name(walk, property->name))
            return false;
        property->type =
            (enum cdn_column_type)take_int(walk, CDN_COLUMN_BOOL, CDN_COLUMN_BAG);
        flags = take_int(walk, 0, FLAGS);
        property->nullable = (flags & FLAG_NULLABLE) != 0;
        property->lua_string = (flags & FLAG_LUA_STRING) != 0;
        property->mirrored = (flags & FLAG_MIRRORED) != 0;
        property->immutable = (flags & FLAG_IMMUTABLE) != 0;
        range->nulls = (uint64_t)take_int(walk, 0, INT64_MAX);
        if (!take_range(walk, range, property->type))
            return false;
        if (range->nulls > rows || (range->nulls > 0 && !property->nullable))
            return fail(walk, "more nulls than there can be");
    }
    *count = length;
    return true;
}

static bool take_direction(struct walk *walk, struct cdn_direction_facts *direction)
{
    if (!take_fixed(walk, 3))
        return false;
    direction->shift = (uint32_t)take_int(walk, 0, CDN_BLOCK_SHIFT_MOST);
    direction->most = (uint32_t)take_int(walk, 0, UINT32_MAX);
    direction->nonempty = (uint32_t)take_int(walk, 0, UINT32_MAX);
    return !walk->status;
}

static bool take_labels(struct walk *walk, struct cdn_schema *schema,
                        struct cdn_facts *facts)
{
    uint64_t nodes = 0;
    uint32_t length;

    if (!take_array(walk, &length, 1, CDN_SCHEMA_MAX_LABELS))
        return false;
    schema->labels = cdn_calloc(length, sizeof(*schema->labels));
    facts->labels = cdn_calloc(length, sizeof(*facts->labels));
    if (!schema->labels || !facts->labels) {
        walk->status = cdn_error_nomem(walk->err);
        return false;
    }
    schema->label_count = length;
    facts->label_count = length;
    for (uint32_t l = 0; l < length; l++) {
        struct cdn_label *label = &schema->labels[l];
        struct cdn_label_facts *fact = &facts->labels[l];

        if (!take_fixed(walk, 5) || !take_name(walk, label->name))
            return false;
        label->key = (enum cdn_key_type)take_int(walk, CDN_KEY_INT64, CDN_KEY_STRING);
        fact->count = (uint32_t)take_int(walk, 0, UINT32_MAX - 1);
        fact->shift = (uint32_t)take_int(walk, 0, CDN_BLOCK_SHIFT_MOST);
        if (!take_properties(walk, &label->properties, &fact->ranges,
                             &label->property_count, fact->count))
            return false;
        nodes += fact->count;
    }
    if (nodes > UINT32_MAX - 1)
        return fail(walk, "more nodes than there can be");
    return true;
}

static bool take_relations(struct walk *walk, struct cdn_schema *schema,
                           struct cdn_facts *facts)
{
    uint32_t length;

    if (!take_array(walk, &length, 0, CDN_SCHEMA_MAX_RELATIONS))
        return false;
    schema->relations = cdn_calloc(length, sizeof(*schema->relations));
    facts->relations = cdn_calloc(length, sizeof(*facts->relations));
    if (!schema->relations || !facts->relations) {
        walk->status = cdn_error_nomem(walk->err);
        return false;
    }
    schema->relation_count = length;
    facts->relation_count = length;
    for (uint32_t r = 0; r < length; r++) {
        struct cdn_relation_schema *relation = &schema->relations[r];
        struct cdn_relation_facts *fact = &facts->relations[r];

        if (!take_fixed(walk, 8) || !take_name(walk, relation->type))
            return false;
        relation->source = (uint32_t)take_int(walk, 0, schema->label_count - 1);
        relation->target = (uint32_t)take_int(walk, 0, schema->label_count - 1);
        relation->time = (int32_t)take_int(walk, -1, CDN_SCHEMA_MAX_PROPERTIES - 1);
        fact->edges = (uint64_t)take_int(walk, 0, INT64_C(1) << 48);
        if (!take_properties(walk, &relation->properties, &fact->ranges,
                             &relation->property_count, fact->edges) ||
            !take_direction(walk, &fact->outgoing) ||
            !take_direction(walk, &fact->incoming))
            return false;
    }
    return true;
}

/* Were the names in order before they were sorted?  (A copy's order is compared.) */
static bool check_order(struct walk *walk, struct cdn_schema *schema)
{
    struct cdn_schema given;
    cordon_error why;
    bool same = true;

    walk->status = cdn_schema_copy(&given, schema, walk->err);
    if (walk->status)
        return false;
    if (cdn_schema_normalise(schema, &why)) {
        cdn_schema_deinit(&given);
        walk->status =
            cdn_error_set(walk->err, CORDON_E_CORRUPT,
                          "metadata: its schema is not valid: %s", why.message);
        return false;
    }
    for (uint32_t l = 0; same && l < schema->label_count; l++) {
        const struct cdn_label *mine = &schema->labels[l];
        const struct cdn_label *theirs = &given.labels[l];

        same = strcmp(mine->name, theirs->name) == 0;
        for (uint32_t p = 0; same && p < mine->property_count; p++)
            same = strcmp(mine->properties[p].name, theirs->properties[p].name) == 0;
    }
    for (uint32_t r = 0; same && r < schema->relation_count; r++) {
        const struct cdn_relation_schema *mine = &schema->relations[r];
        const struct cdn_relation_schema *theirs = &given.relations[r];

        same = strcmp(mine->type, theirs->type) == 0 &&
               mine->source == theirs->source && mine->target == theirs->target &&
               mine->time == theirs->time;
        for (uint32_t p = 0; same && p < mine->property_count; p++)
            same = strcmp(mine->properties[p].name, theirs->properties[p].name) == 0;
    }
    cdn_schema_deinit(&given);
    return same || fail(walk, "the schema is not in its order");
}

cordon_status cdn_metadata_decode(struct cdn_schema *schema, struct cdn_facts *facts,
                                  const void *bytes, size_t size, cordon_error *err)
{
    struct walk walk = {.start = bytes,
                        .at = bytes,
                        .end = (const unsigned char *)bytes + size,
                        .err = err};

    memset(schema, 0, sizeof(*schema));
    memset(facts, 0, sizeof(*facts));
    if (take_fixed(&walk, 2) && take_labels(&walk, schema, facts) &&
        take_relations(&walk, schema, facts) && walk.at != walk.end)
        fail(&walk, "something follows");
    if (!walk.status)
        check_order(&walk, schema);
    if (walk.status) {
        cdn_facts_deinit(facts);
        cdn_schema_deinit(schema);
    }
    return walk.status;
}
