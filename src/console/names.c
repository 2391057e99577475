/* From a schema to a rule's `reads`: everything, but for two things.
 *
 * A rule may declare so many kinds and so many property names (graph/names.h); a schema may
 * have more.  The first are taken, in the schema's order: labels before edge types, and of
 * each its properties by name.  A column with integers that no Lua number holds would be
 * refused where a rule names it, and the whole rule with it: here it alone is left out. */
#include "console/names.h"

#include <string.h>

#define EXACT (INT64_C(1) << 53)

static bool is_exact(const struct cdn_column *column)
{
    const struct cdn_property *property = column->property;
    bool number = property->type == CDN_COLUMN_TIMESTAMP ||
                  (property->type == CDN_COLUMN_INT64 && !property->lua_string);

    return !number || column->minimum > column->maximum ||
           (column->minimum >= -EXACT && column->maximum <= EXACT);
}

static void leave_out(struct cdn_buf *left_out, const char *kind, const char *property,
                      const char *why)
{
    cdn_buf_printf(left_out, "%s%s%s%s: %s", left_out->length ? "\n" : "", kind,
                   property ? "." : "", property ? property : "", why);
}

/* Is the property exact in all relations of its type? */
static bool type_is_exact(const cordon_snapshot *snapshot, const char *type,
                          const char *name)
{
    for (uint32_t r = 0; r < snapshot->relation_count; r++) {
        const struct cdn_relation *relation = &snapshot->relations[r];
        int32_t number;

        if (strcmp(relation->schema->type, type) != 0)
            continue;
        number = cdn_properties_find(relation->schema->properties,
                                     relation->schema->property_count, name);
        if (number >= 0 && !is_exact(&relation->outgoing.columns[number]))
            return false;
    }
    return true;
}

/* Has a relation of the same type before this one been gone over, with this property? */
static bool was_met(const cordon_snapshot *snapshot, uint32_t number, const char *name)
{
    const struct cdn_relation_schema *relation = snapshot->relations[number].schema;

    for (uint32_t r = 0; r < number; r++) {
        const struct cdn_relation_schema *other = snapshot->relations[r].schema;

        if (!strcmp(other->type, relation->type) &&
            (!name ||
             cdn_properties_find(other->properties, other->property_count, name) >= 0))
            return true;
    }
    return false;
}

/* Is the kind there? */
static bool has(const struct cdn_names *names, const char *kind)
{
    for (uint32_t i = 0; i < names->kind_count; i++) {
        if (strcmp(names->kinds[i].name, kind) == 0)
            return true;
    }
    return false;
}

static void add(struct cdn_names *names, struct cdn_buf *left_out, const char *kind,
                const char *property, bool exact)
{
    if (property && !has(names, kind))
        return; /* its kind has been left out */
    if (!exact)
        leave_out(
            left_out, kind, property,
            "it has values beyond +-2^53, which a Lua number cannot hold; declare "
            "it lua = \"string\" in the schema and import again");
    else if (cdn_names_add(names, kind, property, NULL))
        leave_out(left_out, kind, property,
                  property ? "there are more property names than a rule may declare"
                           : "there are more labels and edge types than a rule may "
                             "declare");
}

cordon_status cdn_console_names(struct cdn_names *names, struct cdn_buf *left_out,
                                const cordon_snapshot *snapshot, cordon_error *err)
{
    for (uint32_t i = 0; snapshot && i < snapshot->label_count; i++) {
        const struct cdn_label_data *label = &snapshot->labels[i];

        add(names, left_out, label->schema->name, NULL, true);
        for (uint32_t p = 0; p < label->schema->property_count; p++)
            add(names, left_out, label->schema->name, label->schema->properties[p].name,
                is_exact(&label->columns[p]));
    }
    for (uint32_t i = 0; snapshot && i < snapshot->relation_count; i++) {
        const struct cdn_relation_schema *relation = snapshot->relations[i].schema;

        if (!was_met(snapshot, i, NULL))
            add(names, left_out, relation->type, NULL, true);
        for (uint32_t p = 0; p < relation->property_count; p++) {
            const char *name = relation->properties[p].name;

            if (was_met(snapshot, i, name))
                continue;
            add(names, left_out, relation->type, name,
                type_is_exact(snapshot, relation->type, name));
        }
    }
    if (left_out->failed)
        return cdn_error_nomem(err);
    return cdn_names_finish(names, err);
}
