/* Binding: every name of a rule looked up once in one snapshot and one grant.
 *
 * After it a run compares no strings with the schema: Lua holds slots, the matrices
 * here turn (label or relation, slot) into a column number.  Cost: memory of (labels +
 * relations) x declared properties x 2 bytes, a few microseconds to make.
 *
 * `time` under an edge type and `key` under a label may be written in `reads` although
 * they need no declaration. */
#include "graph/bound.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/hash.h"
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

/* ---- what is beyond the grant ---- */

struct missing {
    char *out;
    size_t size, length;
    uint32_t count, listed;
};

CDN_PRINTF(2, 3)
static void miss(struct missing *missing, const char *format, ...)
{
    char one[2 * CDN_SCHEMA_MAX_NAME + 64];
    size_t needed;
    va_list args;

    missing->count++;
    va_start(args, format);
    vsnprintf(one, sizeof one, format, args);
    va_end(args);
    needed = strlen(one) + 2;
    /* room for "and 4000 more" is kept; what comes after one that did not fit is counted
     * with it */
    if (missing->listed + 1 != missing->count ||
        missing->length + needed + 24 > missing->size)
        return;
    missing->length += (size_t)snprintf(missing->out + missing->length,
                                        missing->size - missing->length, "%s%s",
                                        missing->listed ? ", " : "", one);
    missing->listed++;
}

static void missing_of_label(struct missing *missing, const struct cdn_names *names,
                             const struct cdn_name_kind *kind,
                             const struct cdn_schema *schema, uint32_t number,
                             const struct cdn_grant *grant)
{
    const struct cdn_label *label = &schema->labels[number];

    if (!cdn_bit(grant->labels, number)) {
        miss(missing, "label %s", kind->name);
        return;
    }
    for (uint32_t p = 0; p < names->property_count; p++) {
        int32_t found;

        if (!(kind->properties >> p & 1))
            continue;
        found = cdn_properties_find(label->properties, label->property_count,
                                    names->properties[p]);
        if (found >= 0 && !cdn_bit(grant->label_columns[number], (uint32_t)found))
            miss(missing, "property '%s' of %s", names->properties[p], kind->name);
    }
}

/* An edge type is granted if all its relations are. */
static void missing_of_type(struct missing *missing, const struct cdn_names *names,
                            const struct cdn_name_kind *kind,
                            const struct cdn_schema *schema,
                            const struct cdn_grant *grant)
{
    for (uint32_t r = 0; r < schema->relation_count; r++) {
        if (strcmp(schema->relations[r].type, kind->name) == 0 &&
            !cdn_bit(grant->relations, r)) {
            miss(missing, "edge type %s", kind->name);
            return;
        }
    }
    for (uint32_t p = 0; p < names->property_count; p++) {
        bool beyond = false;

        if (!(kind->properties >> p & 1))
            continue;
        for (uint32_t r = 0; r < schema->relation_count; r++) {
            const struct cdn_relation_schema *relation = &schema->relations[r];
            int32_t found;

            if (strcmp(relation->type, kind->name) != 0)
                continue;
            found = cdn_properties_find(relation->properties, relation->property_count,
                                        names->properties[p]);
            beyond = beyond || (found >= 0 &&
                                !cdn_bit(grant->relation_columns[r], (uint32_t)found));
        }
        if (beyond)
            miss(missing, "property '%s' of %s", names->properties[p], kind->name);
    }
}

uint32_t cdn_binding_missing(char *out, size_t size, const struct cdn_names *names,
                             const cordon_snapshot *snapshot,
                             const struct cdn_grant *grant)
{
    struct missing missing = {.out = out, .size = size};

    if (size)
        *out = '\0';
    if (grant->everything || !snapshot)
        return 0;
    for (uint32_t k = 0; k < names->kind_count; k++) {
        const struct cdn_name_kind *kind = &names->kinds[k];
        int32_t label = cdn_schema_label(&snapshot->schema, kind->name);

        if (label >= 0)
            missing_of_label(&missing, names, kind, &snapshot->schema, (uint32_t)label,
                             grant);
        else
            missing_of_type(&missing, names, kind, &snapshot->schema, grant);
    }
    if (missing.listed < missing.count)
        snprintf(out + missing.length, size - missing.length, "%s%u more",
                 missing.listed ? " and " : "", missing.count - missing.listed);
    return missing.count;
}

static cordon_status check_grant(const struct cdn_names *names,
                                 const cordon_snapshot *snapshot,
                                 const struct cdn_grant *grant, cordon_error *err)
{
    char missing[CORDON_ERROR_MESSAGE_BYTES - 128];

    if (!cdn_binding_missing(missing, sizeof missing, names, snapshot, grant))
        return CORDON_OK;
    if (grant->principal)
        return cdn_error_set(err, CORDON_E_DENIED, "principal '%s' may not read %s",
                             grant->principal, missing);
    return cdn_error_set(err, CORDON_E_DENIED, "reads: not granted: %s", missing);
}

/* ---- masks ---- */

const struct cdn_mask *cdn_grant_mask(const struct cdn_grant *grant, bool of_relation,
                                      uint32_t owner, int32_t property)
{
    for (uint32_t i = 0; !grant->everything && i < grant->mask_count; i++) {
        const struct cdn_mask *mask = &grant->masks[i];

        if (mask->of_relation == of_relation && mask->owner == owner &&
            mask->property == property)
            return mask;
    }
    return NULL;
}

/* There is room: at most one a mask of the grant and slot. */
static struct cdn_bound_mask *add_mask(struct cdn_binding *binding,
                                       const struct cdn_mask *mask)
{
    struct cdn_bound_mask *out = &binding->masks[binding->mask_count++];

    out->mask = *mask;
    return out;
}

/* A declared property, masked or not.                                                  */
static cordon_status bind_column(struct cdn_binding *binding,
                                 struct cdn_bound_kind *kind, const char *name,
                                 const struct cdn_mask *mask, uint32_t slot,
                                 int16_t *cell, int32_t found,
                                 const struct cdn_column *column, cordon_error *err)
{
    struct cdn_bound_mask *bound;
    cordon_status status = CORDON_OK;

    /* what is handed out as a text, or not at all, may have values of any size */
    if (!mask || (mask->kind == CDN_MASK_BUCKET && !mask->applied))
        status = check_exact(column, name, err);
    if (status)
        return status;
    if (!mask) {
        *cell = (int16_t)found;
        kind->properties[slot] = column->property;
        return CORDON_OK;
    }
    *cell = CDN_COLUMN_MASKED;
    kind->masked |= UINT64_C(1) << slot;
    bound = add_mask(binding, mask);
    bound->slot = slot;
    bound->column = column;
    bound->owner = mask->of_relation
                       ? binding->snapshot->schema.relations[mask->owner].type
                       : binding->snapshot->schema.labels[mask->owner].name;
    bound->property = column->property->name;
    return CORDON_OK;
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
        status = bind_column(binding, kind, name->name,
                             cdn_grant_mask(grant, false, kind->label, found), p,
                             &row[p], found, &data->columns[found], err);
        if (status)
            return status;
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
        if (found < 0 && strcmp(names->properties[p], "time") == 0)
            found = schema->time;
        if (found < 0)
            continue;
        status = bind_column(binding, kind, name->name,
                             cdn_grant_mask(grant, true, number, found), p, &row[p],
                             found, &relation->outgoing.columns[found], err);
        if (status)
            return status;
    }
    return CORDON_OK;
}

void cdn_bound_list_init(struct cdn_bound_list *list,
                         const struct cdn_relation *relation, bool incoming)
{
    list->relation = relation;
    list->incoming = incoming;
    list->adjacency = incoming ? &relation->incoming : &relation->outgoing;
    list->columns = NULL;
    list->node_base = incoming ? relation->target_base : relation->source_base;
    list->peer_base = incoming ? relation->source_base : relation->target_base;
    list->peer_count = incoming ? relation->source_count : relation->target_count;
    list->loops = incoming && relation->schema->source == relation->schema->target;
}

static void fill_list(struct cdn_binding *binding, struct cdn_bound_list *list,
                      uint32_t number, bool incoming)
{
    cdn_bound_list_init(list, &binding->snapshot->relations[number], incoming);
    list->columns = binding->relation_columns + (size_t)number * binding->stride;
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
        if ((names->kinds[slot].properties >> p & 1) && !kind->properties[p] &&
            !(kind->masked >> p & 1))
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

/* Room for the masks, and those of keys: a rule needs to declare nothing to be handed a key. */
static cordon_status bind_masks(struct cdn_binding *binding,
                                const struct cdn_grant *grant, cordon_error *err)
{
    const cordon_snapshot *snapshot = binding->snapshot;

    binding->restricted = !grant->everything;
    if (grant->everything || !grant->mask_count)
        return CORDON_OK;
    memcpy(binding->mask_key, grant->mask_key, sizeof binding->mask_key);
    /* "time" may name a masked column a second time */
    binding->masks = cdn_calloc(2 * (size_t)grant->mask_count, sizeof *binding->masks);
    binding->key_masks = cdn_calloc(snapshot->label_count, sizeof *binding->key_masks);
    if (!binding->masks || !binding->key_masks)
        return cdn_error_nomem(err);
    for (uint32_t l = 0; l < snapshot->label_count; l++) {
        const struct cdn_mask *mask =
            cdn_grant_mask(grant, false, l, CDN_MASK_NODE_KEY);
        struct cdn_bound_mask *bound;

        if (!mask)
            continue;
        bound = add_mask(binding, mask);
        bound->owner = snapshot->schema.labels[l].name;
        bound->property = "key";
        if (mask->applied && mask->held >= 0 &&
            snapshot->schema.labels[l].properties[mask->held].type == CDN_COLUMN_TEXT)
            bound->held = &snapshot->labels[l].columns[mask->held];
        binding->key_masks[l] = bound;
    }
    return CORDON_OK;
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
    status = check_grant(names, snapshot, grant, err);
    if (!status)
        status = allocate(binding, names, err);
    if (!status)
        status = bind_masks(binding, grant, err);
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
    cdn_free(binding->masks);
    cdn_free(binding->key_masks);
    cdn_wipe(binding->mask_key, sizeof binding->mask_key);
    cdn_free(binding);
}
