/* Binding: every name of a rule looked up once in one snapshot and one grant.
 *
 * After it a run compares no strings with the schema: Lua holds slots, the matrices
 * here turn (label or relation, slot) into a column number.  Cost: memory of (labels +
 * relations) x declared properties x 2 bytes, a few microseconds to make.
 *
 * `time` under an edge type and `key` under a label may be written in `reads` although
 * they need no declaration. */
#include "graph/bound.h"

#include <string.h>

#include "base/alloc.h"
#include "base/suggest.h"

#define EXACT         (INT64_C(1) << 53)
#define EDGE_ID_LIMIT (UINT64_C(1) << 38) /* what a handle has room for */

const struct cdn_grant cdn_grant_everything = {.everything = true};

static cordon_status no_such_kind(const cordon_snapshot *snapshot, const char *name,
                                  cordon_error *err)
{
    struct cdn_suggest suggest;
    char hint[128];

    cdn_suggest_init(&suggest, name);
    for (uint32_t i = 0; i < snapshot->schema.label_count; i++)
        cdn_suggest_offer(&suggest, snapshot->schema.labels[i].name);
    for (uint32_t i = 0; i < snapshot->schema.relation_count; i++)
        cdn_suggest_offer(&suggest, snapshot->schema.relations[i].type);
    return cdn_error_set(err, CORDON_E_RULE, "reads: no label or edge type '%s'%s",
                         name, cdn_suggest_text(&suggest, hint, sizeof hint));
}

static cordon_status no_such_property(const cordon_snapshot *snapshot,
                                      const struct cdn_bound_kind *kind,
                                      const char *kind_name, const char *name,
                                      cordon_error *err)
{
    struct cdn_suggest suggest;
    char hint[128];

    cdn_suggest_init(&suggest, name);
    if (kind->what == CDN_BOUND_LABEL) {
        const struct cdn_label *label = &snapshot->schema.labels[kind->label];

        for (uint32_t i = 0; i < label->property_count; i++)
            cdn_suggest_offer(&suggest, label->properties[i].name);
    } else {
        for (uint32_t r = 0; r < snapshot->schema.relation_count; r++) {
            const struct cdn_relation_schema *relation = &snapshot->schema.relations[r];

            for (uint32_t i = 0;
                 strcmp(relation->type, kind_name) == 0 && i < relation->property_count;
                 i++)
                cdn_suggest_offer(&suggest, relation->properties[i].name);
        }
    }
    return cdn_error_set(err, CORDON_E_RULE, "reads: no property '%s' on %s%s", name,
                         kind_name, cdn_suggest_text(&suggest, hint, sizeof hint));
}

/* A Lua number must hold every value of the column. */
static cordon_status check_exact(const struct cdn_column *column, const char *kind,
                                 cordon_error *err)
{
    const struct cdn_property *property = column->property;

    if (column->minimum > column->maximum ||
        (column->minimum >= -EXACT && column->maximum <= EXACT))
        return CORDON_OK;
    if (property->type == CDN_COLUMN_TIMESTAMP)
        return cdn_error_set(err, CORDON_E_RULE,
                             "reads: property '%s' of %s holds times beyond +-2^53 ms, "
                             "which a Lua number cannot hold",
                             property->name, kind);
    if (property->type == CDN_COLUMN_INT64 && !property->lua_string)
        return cdn_error_set(
            err, CORDON_E_RULE,
            "reads: property '%s' of %s holds integers beyond +-2^53, "
            "which a Lua number cannot hold: declare it lua = \"string\" "
            "in the schema and import again",
            property->name, kind);
    return CORDON_OK;
}

static cordon_status not_granted(const char *kind, const char *property,
                                 cordon_error *err)
{
    if (property)
        return cdn_error_set(err, CORDON_E_DENIED,
                             "reads: property '%s' of %s is not granted", property,
                             kind);
    return cdn_error_set(err, CORDON_E_DENIED, "reads: %s is not granted", kind);
}

static cordon_status bind_label(struct cdn_binding *binding,
                                struct cdn_bound_kind *kind,
                                const struct cdn_names *names, uint32_t slot,
                                const struct cdn_grant *grant, cordon_error *err)
{
    const struct cdn_name_kind *name = &names->kinds[slot];
    const struct cdn_label_data *data = &binding->snapshot->labels[kind->label];
    int16_t *row = binding->label_columns + (size_t)kind->label * binding->stride;
    cordon_status status;

    if (!grant->everything && !cdn_bit(grant->labels, kind->label))
        return not_granted(name->name, NULL, err);
    binding->label_kinds[kind->label] = (int8_t)slot;
    for (uint32_t p = 0; p < names->property_count; p++) {
        const char *property = names->properties[p];
        int32_t found;

        if (!(name->properties >> p & 1))
            continue;
        found = cdn_properties_find(data->schema->properties,
                                    data->schema->property_count, property);
        if (found < 0 &&
            (strcmp(property, "key") == 0 || strcmp(property, "label") == 0))
            continue;
        if (found < 0)
            return no_such_property(binding->snapshot, kind, name->name, property, err);
        if (!grant->everything &&
            !cdn_bit(grant->label_columns[kind->label], (uint32_t)found))
            return not_granted(name->name, property, err);
        status = check_exact(&data->columns[found], name->name, err);
        if (status)
            return status;
        row[p] = (int16_t)found;
        kind->properties[p] = &data->schema->properties[found];
    }
    return CORDON_OK;
}

/* One relation of an edge type: its row of columns. */
static cordon_status bind_relation(struct cdn_binding *binding,
                                   struct cdn_bound_kind *kind,
                                   const struct cdn_names *names, uint32_t slot,
                                   uint32_t number, const struct cdn_grant *grant,
                                   cordon_error *err)
{
    const struct cdn_name_kind *name = &names->kinds[slot];
    const struct cdn_relation *relation = &binding->snapshot->relations[number];
    const struct cdn_relation_schema *schema = relation->schema;
    int16_t *row = binding->relation_columns + (size_t)number * binding->stride;
    cordon_status status;

    if (!grant->everything && !cdn_bit(grant->relations, number))
        return not_granted(name->name, NULL, err);
    binding->relation_kinds[number] = (int8_t)slot;
    if (schema->time >= 0) {
        kind->has_time = true;
        kind->time = &schema->properties[schema->time];
        status =
            check_exact(&relation->outgoing.columns[schema->time], name->name, err);
        if (status)
            return status;
    }
    for (uint32_t p = 0; p < names->property_count; p++) {
        int32_t found;

        if (!(name->properties >> p & 1))
            continue;
        found = cdn_properties_find(schema->properties, schema->property_count,
                                    names->properties[p]);
        row[p] = CDN_COLUMN_ABSENT;
        if (found < 0 && strcmp(names->properties[p], "time") == 0 &&
            schema->time >= 0) {
            found = schema->time;
        } else if (found >= 0 && !grant->everything &&
                   !cdn_bit(grant->relation_columns[number], (uint32_t)found)) {
            return not_granted(name->name, names->properties[p], err);
        }
        if (found < 0)
            continue;
        status = check_exact(&relation->outgoing.columns[found], name->name, err);
        if (status)
            return status;
        row[p] = (int16_t)found;
        kind->properties[p] = &schema->properties[found];
    }
    return CORDON_OK;
}

static void fill_list(struct cdn_binding *binding, struct cdn_bound_list *list,
                      uint32_t number, bool incoming)
{
    const struct cdn_relation *relation = &binding->snapshot->relations[number];

    list->relation = relation;
    list->incoming = incoming;
    list->adjacency = incoming ? &relation->incoming : &relation->outgoing;
    list->columns = binding->relation_columns + (size_t)number * binding->stride;
    list->node_base = incoming ? relation->target_base : relation->source_base;
    list->peer_base = incoming ? relation->source_base : relation->target_base;
    list->peer_count = incoming ? relation->source_count : relation->target_count;
    list->loops = incoming && relation->schema->source == relation->schema->target;
}

static cordon_status bind_type(struct cdn_binding *binding, struct cdn_bound_kind *kind,
                               const struct cdn_names *names, uint32_t slot,
                               const struct cdn_grant *grant, cordon_error *err)
{
    const cordon_snapshot *snapshot = binding->snapshot;
    const char *name = names->kinds[slot].name;
    uint32_t relations = 0;
    uint32_t at = 0;

    for (uint32_t r = 0; r < snapshot->relation_count; r++) {
        cordon_status status;

        if (strcmp(snapshot->schema.relations[r].type, name) != 0)
            continue;
        relations++;
        status = bind_relation(binding, kind, names, slot, r, grant, err);
        if (status)
            return status;
    }
    for (uint32_t p = 0; p < names->property_count; p++)
        if ((names->kinds[slot].properties >> p & 1) && !kind->properties[p])
            return no_such_property(snapshot, kind, name, names->properties[p], err);
    kind->lists = cdn_calloc(2 * (size_t)relations, sizeof *kind->lists);
    kind->ends = cdn_calloc(snapshot->label_count, sizeof *kind->ends);
    if (!kind->lists || !kind->ends)
        return cdn_error_nomem(err);
    kind->list_count = 2 * relations;
    for (uint32_t l = 0; l < snapshot->label_count; l++) {
        kind->ends[l].first = (uint16_t)at;
        for (uint32_t direction = 0; direction < 2; direction++) {
            uint32_t before = at;

            for (uint32_t r = 0; r < snapshot->relation_count; r++) {
                const struct cdn_relation_schema *schema =
                    &snapshot->schema.relations[r];
                uint32_t end = direction ? schema->target : schema->source;

                if (end == l && strcmp(schema->type, name) == 0)
                    fill_list(binding, &kind->lists[at++], r, direction == 1);
            }
            if (direction)
                kind->ends[l].incoming = (uint16_t)(at - before);
            else
                kind->ends[l].outgoing = (uint16_t)(at - before);
        }
    }
    return CORDON_OK;
}

static cordon_status bind_kind(struct cdn_binding *binding,
                               const struct cdn_names *names, uint32_t slot,
                               const struct cdn_grant *grant, cordon_error *err)
{
    const cordon_snapshot *snapshot = binding->snapshot;
    struct cdn_bound_kind *kind = &binding->kinds[slot];
    const char *name = names->kinds[slot].name;
    int32_t label = cdn_schema_label(&snapshot->schema, name);

    kind->properties = cdn_calloc(binding->stride, sizeof *kind->properties);
    if (!kind->properties)
        return cdn_error_nomem(err);
    if (label >= 0) {
        kind->what = CDN_BOUND_LABEL;
        kind->label = (uint32_t)label;
        return bind_label(binding, kind, names, slot, grant, err);
    }
    for (uint32_t r = 0; r < snapshot->relation_count; r++) {
        if (strcmp(snapshot->schema.relations[r].type, name) == 0) {
            kind->what = CDN_BOUND_TYPE;
            return bind_type(binding, kind, names, slot, grant, err);
        }
    }
    return no_such_kind(snapshot, name, err);
}

static cordon_status allocate(struct cdn_binding *binding,
                              const struct cdn_names *names, cordon_error *err)
{
    const cordon_snapshot *snapshot = binding->snapshot;
    size_t labels = (size_t)snapshot->label_count;
    size_t relations = (size_t)snapshot->relation_count;
    size_t cells;

    binding->kinds = cdn_calloc(names->kind_count, sizeof *binding->kinds);
    binding->label_columns = cdn_calloc(labels * binding->stride, sizeof(int16_t));
    binding->relation_columns =
        cdn_calloc(relations * binding->stride, sizeof(int16_t));
    binding->label_kinds = cdn_calloc(labels, 1);
    binding->relation_kinds = cdn_calloc(relations, 1);
    if (!binding->kinds || !binding->label_columns || !binding->relation_columns ||
        !binding->label_kinds || !binding->relation_kinds)
        return cdn_error_nomem(err);
    binding->kind_count = names->kind_count;
    cells = labels * binding->stride;
    for (size_t i = 0; i < cells; i++)
        binding->label_columns[i] = CDN_COLUMN_UNDECLARED;
    cells = relations * binding->stride;
    for (size_t i = 0; i < cells; i++)
        binding->relation_columns[i] = CDN_COLUMN_UNDECLARED;
    memset(binding->label_kinds, -1, labels);
    memset(binding->relation_kinds, -1, relations);
    return CORDON_OK;
}

cordon_status cdn_binding_new(struct cdn_binding **out, const struct cdn_names *names,
                              const cordon_snapshot *snapshot,
                              const struct cdn_grant *grant, cordon_error *err)
{
    struct cdn_binding *binding;
    cordon_status status = CORDON_OK;

    *out = NULL;
    binding = cdn_calloc(1, sizeof *binding);
    if (!binding)
        return cdn_error_nomem(err);
    binding->snapshot = snapshot;
    binding->max_hops = grant->everything ? 0 : grant->max_hops;
    binding->stride = names->property_count ? names->property_count : 1;
    if (!snapshot)
        goto done;
    if (snapshot->edge_count >= EDGE_ID_LIMIT) {
        status = cdn_error_set(err, CORDON_E_INVALID,
                               "the snapshot has %llu edges; edge handles hold 2^38",
                               (unsigned long long)snapshot->edge_count);
        goto out;
    }
    status = allocate(binding, names, err);
    for (uint32_t i = 0; status == CORDON_OK && i < names->kind_count; i++) {
        status = bind_kind(binding, names, i, grant, err);
        if (status && status != CORDON_E_NOMEM && err)
            err->line = names->kinds[i].line;
    }
    if (status)
        goto out;
done:
    *out = binding;
    binding = NULL; /* handed over */
out:
    cdn_binding_free(binding);
    return status;
}

void cdn_binding_free(struct cdn_binding *binding)
{
    if (!binding)
        return;
    for (uint32_t i = 0; i < binding->kind_count; i++) {
        cdn_free(binding->kinds[i].lists);
        cdn_free(binding->kinds[i].ends);
        cdn_free((void *)binding->kinds[i].properties);
    }
    cdn_free(binding->kinds);
    cdn_free(binding->label_columns);
    cdn_free(binding->relation_columns);
    cdn_free(binding->label_kinds);
    cdn_free(binding->relation_kinds);
    cdn_free(binding);
}
