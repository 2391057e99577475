/* Changes name labels, relations and properties that the graph must have, of the same types;
 * what they do not name stays as it is.  A graph's schema changes by a full import alone. */
#include "import/base_adopt.h"

#include "base/suggest.h"
#include "snapshot/schema.h"

static cordon_status no_label(const struct cdn_schema *schema, const char *name,
                              cordon_error *err)
{
    struct cdn_suggest suggest;
    char hint[128];

    cdn_suggest_init(&suggest, name);
    for (uint32_t l = 0; l < schema->label_count; l++)
        cdn_suggest_offer(&suggest, schema->labels[l].name);
    return cdn_error_set(err, CORDON_E_DATA,
                         "the base has no label '%s'%s; changes cannot add labels",
                         name, cdn_suggest_text(&suggest, hint, sizeof(hint)));
}

/* Every property of the changes is in the base, and means the same. */
static cordon_status check_properties(const char *of, const struct cdn_property *mine,
                                      uint32_t count, const struct cdn_property *theirs,
                                      uint32_t their_count, cordon_error *err)
{
    for (uint32_t p = 0; p < count; p++) {
        int32_t at = cdn_properties_find(theirs, their_count, mine[p].name);
        struct cdn_suggest suggest;
        char hint[128];

        if (at < 0) {
            cdn_suggest_init(&suggest, mine[p].name);
            for (uint32_t i = 0; i < their_count; i++)
                cdn_suggest_offer(&suggest, theirs[i].name);
            return cdn_error_set(
                err, CORDON_E_DATA,
                "the base has no property '%s' on %s%s; changes cannot add properties",
                mine[p].name, of, cdn_suggest_text(&suggest, hint, sizeof(hint)));
        }
        if (mine[p].type != theirs[at].type)
            return cdn_error_set(err, CORDON_E_DATA,
                                 "'%s' of %s is %s in the changes and %s in the base",
                                 mine[p].name, of, cdn_column_type_str(mine[p].type),
                                 cdn_column_type_str(theirs[at].type));
    }
    return CORDON_OK;
}

static cordon_status check_label(const struct cdn_label *mine,
                                 const struct cdn_schema *schema, cordon_error *err)
{
    int32_t number = cdn_schema_label(schema, mine->name);
    const struct cdn_label *theirs;

    if (number < 0)
        return no_label(schema, mine->name, err);
    theirs = &schema->labels[number];
    if (mine->key != theirs->key)
        return cdn_error_set(
            err, CORDON_E_DATA, "the key of %s is %s in the changes and %s in the base",
            mine->name, mine->key == CDN_KEY_INT64 ? "int64" : "string",
            theirs->key == CDN_KEY_INT64 ? "int64" : "string");
    return check_properties(mine->name, mine->properties, mine->property_count,
                            theirs->properties, theirs->property_count, err);
}

/* The base's number of a relation of the changes; -1: none. */
static int32_t find_relation(const struct cdn_schema *mine, uint32_t number,
                             const struct cdn_schema *theirs)
{
    const struct cdn_relation_schema *relation = &mine->relations[number];
    int32_t from = cdn_schema_label(theirs, mine->labels[relation->source].name);
    int32_t to = cdn_schema_label(theirs, mine->labels[relation->target].name);

    if (from < 0 || to < 0)
        return -1;
    return cdn_schema_relation(theirs, relation->type, (uint32_t)from, (uint32_t)to);
}

static cordon_status check_relation(const struct cdn_schema *mine, uint32_t number,
                                    const struct cdn_schema *schema, cordon_error *err)
{
    const struct cdn_relation_schema *relation = &mine->relations[number];
    const struct cdn_relation_schema *theirs;
    int32_t found = find_relation(mine, number, schema);

    if (found < 0)
        return cdn_error_set(err, CORDON_E_DATA,
                             "the base has no edges '%s' from %s to %s; changes cannot "
                             "add relations",
                             relation->type, mine->labels[relation->source].name,
                             mine->labels[relation->target].name);
    theirs = &schema->relations[found];
    if (relation->time >= 0 &&
        (theirs->time < 0 ||
         cdn_properties_find(theirs->properties, theirs->property_count,
                             relation->properties[relation->time].name) !=
             theirs->time))
        return cdn_error_set(err, CORDON_E_DATA,
                             "'%s' is not what orders the base's edges '%s'",
                             relation->properties[relation->time].name, relation->type);
    return check_properties(relation->type, relation->properties,
                            relation->property_count, theirs->properties,
                            theirs->property_count, err);
}

/* Numbers of the base, and no null where the base has none. */
static cordon_status adopt_source(struct cdn_mapping_source *source,
                                  const struct cdn_schema *mine,
                                  const struct cdn_schema *schema, cordon_error *err)
{
    const struct cdn_property *properties;
    bool given[CDN_SCHEMA_MAX_PROPERTIES] = {false};
    const char *of;
    uint32_t count;

    if (source->edge) {
        source->number = (uint32_t)find_relation(mine, source->number, schema);
        properties = schema->relations[source->number].properties;
        count = schema->relations[source->number].property_count;
        of = schema->relations[source->number].type;
    } else {
        source->number =
            (uint32_t)cdn_schema_label(schema, mine->labels[source->number].name);
        properties = schema->labels[source->number].properties;
        count = schema->labels[source->number].property_count;
        of = schema->labels[source->number].name;
    }
    for (uint32_t c = 0; c < source->column_count; c++) {
        struct cdn_mapping_column *column = &source->columns[c];

        column->property =
            (uint32_t)cdn_properties_find(properties, count, column->name);
        column->format.nullable = properties[column->property].nullable;
        given[column->property] = true;
    }
    for (uint32_t p = 0; source->change == CDN_MAPPING_ADD && p < count; p++)
        if (!given[p] && !properties[p].nullable)
            return cdn_error_set(
                err, CORDON_E_DATA,
                "'%s' of %s is not nullable in the base, and '%s' does "
                "not give it: what would its value be?",
                properties[p].name, of, source->files[0]);
    return CORDON_OK;
}

cordon_status cdn_base_adopt(struct cdn_mapping *mapping,
                             const struct cdn_schema *schema, cordon_error *err)
{
    struct cdn_schema *mine = &mapping->schema;
    struct cdn_schema copy;
    cordon_status status = CORDON_OK;

    for (uint32_t l = 0; !status && l < mine->label_count; l++)
        status = check_label(&mine->labels[l], schema, err);
    for (uint32_t r = 0; !status && r < mine->relation_count; r++)
        status = check_relation(mine, r, schema, err);
    for (uint32_t s = 0; !status && s < mapping->source_count; s++)
        status = adopt_source(&mapping->sources[s], mine, schema, err);
    if (!status)
        status = cdn_schema_copy(&copy, schema, err);
    if (status)
        return status;
    cdn_schema_deinit(mine);
    *mine = copy;
    return CORDON_OK;
}
