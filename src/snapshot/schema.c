/* Schemas: one order, and a check of every rule of naming.
 *
 * The same check serves a schema a user wrote and one decoded from a file, so its
 * messages speak of names, never of places.  Sorting is insertion sort: at most 256
 * entries, mostly in order already, and it moves whole structs without an allocation.
 */
#include "snapshot/schema.h"

#include <string.h>

#include "base/alloc.h"

static const char *const METHODS[] = {
    "outgoing",  "incoming", "both",     "since",  "after",    "up_to",
    "before",    "between",  "where",    "latest", "earliest", "limit",
    "count",     "exists",   "sum",      "avg",    "min",      "max",
    "distinct",  "first",    "top",      "each",   "nodes",    "union",
    "intersect", "minus",    "contains", "of",     "largest",  "smallest"};
static const char *const FIELDS[] = {"key",  "label", "id",   "source", "target",
                                     "type", "time",  "node", "edge"};
static const char *const KEYWORDS[] = {
    "and",      "break", "do",   "else",  "elseif", "end", "false", "for",
    "function", "if",    "in",   "local", "nil",    "not", "or",    "repeat",
    "return",   "then",  "true", "until", "while",  "goto"};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static bool listed(const char *name, const char *const *list, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(name, list[i]) == 0)
            return true;
    return false;
}

const char *cdn_column_type_str(enum cdn_column_type type)
{
    switch (type) {
    case CDN_COLUMN_BOOL:
        return "bool";
    case CDN_COLUMN_INT64:
        return "int64";
    case CDN_COLUMN_FLOAT64:
        return "float64";
    case CDN_COLUMN_TIMESTAMP:
        return "timestamp";
    case CDN_COLUMN_STRING:
        return "string";
    case CDN_COLUMN_TEXT:
        return "text";
    case CDN_COLUMN_BAG:
        return "bag";
    }
    return "unknown";
}

/* `what` is "label", "edge type" or "property"; `of` the owner of a property, or "". */
static cordon_status check_name(const char *name, const char *what, const char *of,
                                cordon_error *err)
{
    size_t length = strnlen(name, CDN_SCHEMA_MAX_NAME + 1);
    const char *link = *of ? " of " : "";

    if (length == 0)
        return cdn_error_set(err, CORDON_E_DATA,
                             "a %s%s%s has an empty name; a name is 1 to %d letters, "
                             "digits and underscores",
                             what, link, of, CDN_SCHEMA_MAX_NAME);
    if (length > CDN_SCHEMA_MAX_NAME)
        return cdn_error_set(err, CORDON_E_DATA,
                             "%s '%.20s...'%s%s: the name is longer than %d bytes",
                             what, name, link, of, CDN_SCHEMA_MAX_NAME);
    for (size_t i = 0; i < length; i++) {
        char c = name[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';

        if (!letter && !(i > 0 && c >= '0' && c <= '9'))
            return cdn_error_set(err, CORDON_E_DATA,
                                 "%s '%s'%s%s: a name is letters, digits and "
                                 "underscores, and does not start with a digit",
                                 what, name, link, of);
    }
    if (listed(name, KEYWORDS, COUNT(KEYWORDS)))
        return cdn_error_set(err, CORDON_E_DATA,
                             "%s '%s'%s%s: the name is a word of Lua; rename it", what,
                             name, link, of);
    return CORDON_OK;
}

/* Sort properties by name; *time follows its property. */
static void sort_properties(struct cdn_property *properties, uint32_t count,
                            int32_t *time)
{
    for (uint32_t i = 1; i < count; i++) {
        struct cdn_property moved = properties[i];
        uint32_t at = i;

        while (at > 0 && strcmp(properties[at - 1].name, moved.name) > 0) {
            properties[at] = properties[at - 1];
            at--;
        }
        if (at == i)
            continue;
        properties[at] = moved;
        if (*time == (int32_t)i)
            *time = (int32_t)at;
        else if (*time >= (int32_t)at && *time < (int32_t)i)
            *time += 1;
    }
}

static cordon_status check_property(const struct cdn_property *property, const char *of,
                                    bool is_time, cordon_error *err)
{
    const char *name = property->name;

    if (listed(name, METHODS, COUNT(METHODS)) ||
        (listed(name, FIELDS, COUNT(FIELDS)) &&
         !(is_time && strcmp(name, "time") == 0)))
        return cdn_error_set(err, CORDON_E_DATA,
                             "property '%s' of %s would hide what nodes and edges call "
                             "'%s' in a rule; rename it with property = \"...\"",
                             name, of, name);
    if (property->type < CDN_COLUMN_BOOL || property->type > CDN_COLUMN_BAG)
        return cdn_error_set(err, CORDON_E_DATA,
                             "property '%s' of %s has no type; types are bool, int64, "
                             "float64, timestamp, string, text and bag",
                             name, of);
    if (property->lua_string && property->type != CDN_COLUMN_INT64)
        return cdn_error_set(
            err, CORDON_E_DATA,
            "property '%s' of %s is a %s; lua = \"string\" is for int64", name, of,
            cdn_column_type_str(property->type));
    return CORDON_OK;
}

static cordon_status check_properties(const struct cdn_property *properties,
                                      uint32_t count, const char *of, int32_t time,
                                      cordon_error *err)
{
    for (uint32_t p = 0; p < count; p++) {
        cordon_status status =
            check_property(&properties[p], of, time == (int32_t)p, err);

        if (status)
            return status;
        if (p > 0 && strcmp(properties[p - 1].name, properties[p].name) == 0)
            return cdn_error_set(err, CORDON_E_DATA, "%s has two properties named '%s'",
                                 of, properties[p].name);
    }
    return CORDON_OK;
}

/* Sort labels by name; relations follow. */
static void sort_labels(struct cdn_schema *schema)
{
    uint32_t place[CDN_SCHEMA_MAX_LABELS]; /* now -> given */
    uint32_t moved_to[CDN_SCHEMA_MAX_LABELS];

    for (uint32_t i = 0; i < schema->label_count; i++)
        place[i] = i;
    for (uint32_t i = 1; i < schema->label_count; i++) {
        struct cdn_label moved = schema->labels[i];
        uint32_t given = place[i];
        uint32_t at = i;

        while (at > 0 && strcmp(schema->labels[at - 1].name, moved.name) > 0) {
            schema->labels[at] = schema->labels[at - 1];
            place[at] = place[at - 1];
            at--;
        }
        schema->labels[at] = moved;
        place[at] = given;
    }
    for (uint32_t i = 0; i < schema->label_count; i++)
        moved_to[place[i]] = i;
    for (uint32_t r = 0; r < schema->relation_count; r++) {
        schema->relations[r].source = moved_to[schema->relations[r].source];
        schema->relations[r].target = moved_to[schema->relations[r].target];
    }
}

static int compare_relations(const struct cdn_relation_schema *a,
                             const struct cdn_relation_schema *b)
{
    int order = strcmp(a->type, b->type);

    if (order)
        return order;
    if (a->source != b->source)
        return a->source < b->source ? -1 : 1;
    if (a->target != b->target)
        return a->target < b->target ? -1 : 1;
    return 0;
}

static void sort_relations(struct cdn_schema *schema)
{
    for (uint32_t i = 1; i < schema->relation_count; i++) {
        struct cdn_relation_schema moved = schema->relations[i];
        uint32_t at = i;

        while (at > 0 && compare_relations(&schema->relations[at - 1], &moved) > 0) {
            schema->relations[at] = schema->relations[at - 1];
            at--;
        }
        schema->relations[at] = moved;
    }
}

static cordon_status check_time(const struct cdn_relation_schema *relation,
                                cordon_error *err)
{
    const struct cdn_property *time;

    if (relation->time < -1 || relation->time >= (int32_t)relation->property_count)
        return cdn_error_set(
            err, CORDON_E_DATA,
            "edge type '%s': its time column is none of its properties",
            relation->type);
    if (relation->time < 0)
        return CORDON_OK;
    time = &relation->properties[relation->time];
    if (time->type != CDN_COLUMN_TIMESTAMP)
        return cdn_error_set(err, CORDON_E_DATA,
                             "edge type '%s': its time column '%s' is a %s; a time "
                             "column is a timestamp",
                             relation->type, time->name,
                             cdn_column_type_str(time->type));
    if (time->nullable)
        return cdn_error_set(err, CORDON_E_DATA,
                             "edge type '%s': its time column '%s' is nullable; rows "
                             "without a time cannot be put in order",
                             relation->type, time->name);
    return CORDON_OK;
}

/* Relations of one type stand side by side: compare each with the one before. */
static cordon_status check_agreement(const struct cdn_schema *schema, uint32_t first,
                                     uint32_t number, cordon_error *err)
{
    const struct cdn_relation_schema *a = &schema->relations[first];
    const struct cdn_relation_schema *b = &schema->relations[number];

    if (compare_relations(&schema->relations[number - 1], b) == 0)
        return cdn_error_set(
            err, CORDON_E_DATA, "edge type '%s' is given twice from %s to %s", b->type,
            schema->labels[b->source].name, schema->labels[b->target].name);
    if ((a->time < 0) != (b->time < 0))
        return cdn_error_set(
            err, CORDON_E_DATA,
            "edge type '%s' has a time column for some pairs of labels "
            "and none for others; give all or none one",
            b->type);
    for (uint32_t p = 0; p < b->property_count; p++) {
        const struct cdn_property *mine = &b->properties[p];

        for (uint32_t r = first; r < number; r++) {
            const struct cdn_relation_schema *other = &schema->relations[r];
            int32_t at = cdn_properties_find(other->properties, other->property_count,
                                             mine->name);
            const struct cdn_property *theirs = at < 0 ? NULL : &other->properties[at];

            if (theirs &&
                (theirs->type != mine->type || theirs->lua_string != mine->lua_string))
                return cdn_error_set(
                    err, CORDON_E_DATA,
                    "edge type '%s': property '%s' is a %s for one pair of labels and "
                    "a "
                    "%s for another; relations of one type agree on a property's type",
                    b->type, mine->name, cdn_column_type_str(theirs->type),
                    cdn_column_type_str(mine->type));
        }
    }
    return CORDON_OK;
}

static cordon_status check_counts(const struct cdn_schema *schema, cordon_error *err)
{
    if (schema->label_count == 0)
        return cdn_error_set(err, CORDON_E_DATA, "the schema has no label");
    if (schema->label_count > CDN_SCHEMA_MAX_LABELS)
        return cdn_error_set(err, CORDON_E_DATA, "%u labels; at most %d are possible",
                             schema->label_count, CDN_SCHEMA_MAX_LABELS);
    if (schema->relation_count > CDN_SCHEMA_MAX_RELATIONS)
        return cdn_error_set(err, CORDON_E_DATA,
                             "%u relations; at most %d are possible",
                             schema->relation_count, CDN_SCHEMA_MAX_RELATIONS);
    for (uint32_t l = 0; l < schema->label_count; l++)
        if (schema->labels[l].property_count > CDN_SCHEMA_MAX_PROPERTIES)
            return cdn_error_set(
                err, CORDON_E_DATA,
                "label '%s' has %u properties; at most %d are possible",
                schema->labels[l].name, schema->labels[l].property_count,
                CDN_SCHEMA_MAX_PROPERTIES);
    for (uint32_t r = 0; r < schema->relation_count; r++) {
        const struct cdn_relation_schema *relation = &schema->relations[r];

        if (relation->property_count > CDN_SCHEMA_MAX_PROPERTIES)
            return cdn_error_set(
                err, CORDON_E_DATA,
                "edge type '%s' has %u properties; at most %d are possible",
                relation->type, relation->property_count, CDN_SCHEMA_MAX_PROPERTIES);
        if (relation->source >= schema->label_count ||
            relation->target >= schema->label_count)
            return cdn_error_set(err, CORDON_E_DATA,
                                 "edge type '%s' ends at a label that does not exist",
                                 relation->type);
    }
    return CORDON_OK;
}

/* Before anything compares names: they are terminated. */
static cordon_status check_names(const struct cdn_schema *schema, cordon_error *err)
{
    cordon_status status = CORDON_OK;

    for (uint32_t l = 0; !status && l < schema->label_count; l++) {
        const struct cdn_label *label = &schema->labels[l];

        status = check_name(label->name, "label", "", err);
        for (uint32_t p = 0; !status && p < label->property_count; p++)
            status =
                check_name(label->properties[p].name, "property", label->name, err);
    }
    for (uint32_t r = 0; !status && r < schema->relation_count; r++) {
        const struct cdn_relation_schema *relation = &schema->relations[r];

        status = check_name(relation->type, "edge type", "", err);
        for (uint32_t p = 0; !status && p < relation->property_count; p++)
            status = check_name(relation->properties[p].name, "property",
                                relation->type, err);
    }
    return status;
}

static cordon_status normalise_labels(struct cdn_schema *schema, cordon_error *err)
{
    for (uint32_t l = 0; l < schema->label_count; l++) {
        struct cdn_label *label = &schema->labels[l];
        int32_t none = -1;
        cordon_status status;

        if (l > 0 && strcmp(schema->labels[l - 1].name, label->name) == 0)
            return cdn_error_set(err, CORDON_E_DATA, "label '%s' is given twice",
                                 label->name);
        if (label->key != CDN_KEY_INT64 && label->key != CDN_KEY_STRING)
            return cdn_error_set(err, CORDON_E_DATA,
                                 "label '%s' has no key type; keys are int64 or string",
                                 label->name);
        sort_properties(label->properties, label->property_count, &none);
        for (uint32_t p = 0; p < label->property_count; p++)
            label->properties[p].mirrored = false;
        status = check_properties(label->properties, label->property_count, label->name,
                                  -1, err);
        if (status)
            return status;
    }
    return CORDON_OK;
}

static cordon_status normalise_relations(struct cdn_schema *schema, cordon_error *err)
{
    uint32_t first = 0; /* of the relations of one type */

    for (uint32_t r = 0; r < schema->relation_count; r++) {
        struct cdn_relation_schema *relation = &schema->relations[r];
        cordon_status status = check_time(relation, err);

        if (status)
            return status;
        sort_properties(relation->properties, relation->property_count,
                        &relation->time);
        if (relation->time >= 0)
            relation->properties[relation->time].mirrored = true;
        status = check_properties(relation->properties, relation->property_count,
                                  relation->type, relation->time, err);
        if (status)
            return status;
        if (cdn_schema_label(schema, relation->type) >= 0)
            return cdn_error_set(err, CORDON_E_DATA,
                                 "'%s' is both a label and an edge type; rename one",
                                 relation->type);
        if (r > 0 && strcmp(schema->relations[first].type, relation->type) != 0)
            first = r;
        if (r > first) {
            status = check_agreement(schema, first, r, err);
            if (status)
                return status;
        }
    }
    return CORDON_OK;
}

cordon_status cdn_schema_normalise(struct cdn_schema *schema, cordon_error *err)
{
    cordon_status status = check_counts(schema, err);

    if (!status)
        status = check_names(schema, err);
    if (status)
        return status;
    sort_labels(schema);
    status = normalise_labels(schema, err);
    if (status)
        return status;
    sort_relations(schema);
    return normalise_relations(schema, err);
}

int32_t cdn_schema_label(const struct cdn_schema *schema, const char *name)
{
    for (uint32_t l = 0; l < schema->label_count; l++)
        if (strcmp(schema->labels[l].name, name) == 0)
            return (int32_t)l;
    return -1;
}

int32_t cdn_schema_relation(const struct cdn_schema *schema, const char *type,
                            uint32_t source, uint32_t target)
{
    for (uint32_t r = 0; r < schema->relation_count; r++) {
        const struct cdn_relation_schema *relation = &schema->relations[r];

        if (relation->source == source && relation->target == target &&
            strcmp(relation->type, type) == 0)
            return (int32_t)r;
    }
    return -1;
}

int32_t cdn_properties_find(const struct cdn_property *properties, uint32_t count,
                            const char *name)
{
    for (uint32_t p = 0; p < count; p++)
        if (strcmp(properties[p].name, name) == 0)
            return (int32_t)p;
    return -1;
}

static struct cdn_property *copy_properties(const struct cdn_property *from,
                                            uint32_t count)
{
    struct cdn_property *copy = cdn_calloc(count, sizeof(*copy));

    if (copy && count > 0)
        memcpy(copy, from, count * sizeof(*copy));
    return copy;
}

cordon_status cdn_schema_copy(struct cdn_schema *out, const struct cdn_schema *schema,
                              cordon_error *err)
{
    struct cdn_label *labels = cdn_calloc(schema->label_count, sizeof(*labels));
    struct cdn_relation_schema *relations =
        cdn_calloc(schema->relation_count, sizeof(*relations));

    memset(out, 0, sizeof(*out));
    if (!labels || !relations) {
        cdn_free(labels);
        cdn_free(relations);
        return cdn_error_nomem(err);
    }
    out->labels = labels;
    out->relations = relations;
    for (uint32_t l = 0; l < schema->label_count; l++) {
        out->labels[l] = schema->labels[l];
        out->labels[l].properties = copy_properties(schema->labels[l].properties,
                                                    schema->labels[l].property_count);
        out->label_count = l + 1;
        if (!out->labels[l].properties)
            goto nomem;
    }
    for (uint32_t r = 0; r < schema->relation_count; r++) {
        out->relations[r] = schema->relations[r];
        out->relations[r].properties = copy_properties(
            schema->relations[r].properties, schema->relations[r].property_count);
        out->relation_count = r + 1;
        if (!out->relations[r].properties)
            goto nomem;
    }
    return CORDON_OK;
nomem:
    cdn_schema_deinit(out);
    return cdn_error_nomem(err);
}

void cdn_schema_deinit(struct cdn_schema *schema)
{
    for (uint32_t l = 0; l < schema->label_count; l++)
        cdn_free(schema->labels[l].properties);
    for (uint32_t r = 0; r < schema->relation_count; r++)
        cdn_free(schema->relations[r].properties);
    cdn_free(schema->labels);
    cdn_free(schema->relations);
    memset(schema, 0, sizeof(*schema));
}
