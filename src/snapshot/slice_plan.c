/* Planning slices: the schema that all slices of a snapshot under one grant have, and where
 * each of their columns comes from.
 *
 * Made once, so that cutting a slice, which may be done for every request, looks up no name.
 *
 * A column that is not granted, in a plan that is not narrow, is all null: it is a boolean then,
 * the type that costs least, and nobody can tell, as no rule that declares it is bound.  So is a
 * masked one in whose place nothing stands, but that keeps its type, which decides whether rules
 * see nil or a word.  Masked keys are a column of their own under the last name there can be, so
 * that no property has another number for it. */
#include "snapshot/slice_plan.h"

#include <string.h>

#include "base/alloc.h"

#define NOT_IN UINT32_MAX

/* Of the column of masked keys: no identifier comes after it. */
#define HELD_LETTER 'z'

static bool bit(const uint64_t *bits, uint32_t index)
{
    return (bits[index >> 6] >> (index & 63)) & 1;
}

struct planning {
    struct cdn_slice_plan *plan;
    const struct cdn_slice_grant *grant;
    bool narrow;
    cordon_error *err;
};

/* The number of the mask of a property; -1: it has none. */
static int32_t mask_of(const struct cdn_slice_plan *plan, bool of_relation,
                       uint32_t owner, int32_t property)
{
    const struct cdn_slice_veil *veil = plan->veil;

    for (uint32_t m = 0; veil && m < veil->count; m++)
        if (veil->masks[m].of_relation == of_relation &&
            veil->masks[m].owner == owner && veil->masks[m].property == property)
            return (int32_t)m;
    return -1;
}

/* ---- columns ---- */

/* Whose properties are planned. */
struct owner {
    bool of_relation;
    uint32_t number; /* the snapshot's */
    const struct cdn_property *properties;
    uint32_t count;
    const uint64_t *granted; /* NULL: all of them */
    int32_t time;            /* the time column's number; -1: none */
};

/* One property as the slices have it, and where it comes from. */
static void plan_property(struct cdn_property *out, struct cdn_slice_source *source,
                          const struct cdn_slice_plan *plan, const struct owner *owner,
                          uint32_t p, bool granted)
{
    int32_t number = mask_of(plan, owner->of_relation, owner->number, (int32_t)p);

    *out = owner->properties[p];
    *source = (struct cdn_slice_source){.column = (int32_t)p, .mask = -1};
    if (!granted) {
        source->column = -1;
        out->type = CDN_COLUMN_BOOL;
        out->lua_string = false;
    } else if (number >= 0 && plan->veil->masks[number].nothing) {
        source->column = -1;
    } else if (number >= 0) {
        source->mask = number;
        if (out->type != plan->veil->masks[number].type)
            out->lua_string = false;
        out->type = plan->veil->masks[number].type;
    }
    if (source->column < 0) {
        out->nullable = true;
        out->mirrored = false;
    }
}

/* `more`: room for so many further properties. */
static cordon_status plan_properties(struct cdn_property **out, uint32_t *kept,
                                     struct cdn_slice_source **sources, int32_t *time,
                                     const struct planning *planning,
                                     const struct owner *owner, uint32_t more)
{
    *kept = 0;
    *out = cdn_calloc((size_t)owner->count + more, sizeof(**out));
    *sources = cdn_calloc((size_t)owner->count + more, sizeof(**sources));
    if (!*out || !*sources)
        return cdn_error_nomem(planning->err);
    for (uint32_t p = 0; p < owner->count; p++) {
        bool is_time = owner->time == (int32_t)p;
        bool granted = !owner->granted || bit(owner->granted, p) || is_time;

        if (!granted && planning->narrow)
            continue;
        if (is_time)
            *time = (int32_t)*kept;
        plan_property(&(*out)[*kept], &(*sources)[*kept], planning->plan, owner, p,
                      granted);
        (*kept)++;
    }
    return CORDON_OK;
}

/* ---- labels ---- */

/* The column of a label's masked keys, behind all others. */
static cordon_status add_held(struct cdn_label *label, struct cdn_slice_source *sources,
                              int32_t mask, cordon_error *err)
{
    struct cdn_property *property = &label->properties[label->property_count];

    memset(property->name, HELD_LETTER, CDN_SCHEMA_MAX_NAME);
    if (label->property_count >= CDN_SCHEMA_MAX_PROPERTIES ||
        (label->property_count && strcmp(property[-1].name, property->name) >= 0))
        return cdn_error_set(err, CORDON_E_INVALID,
                             "label %s has no room for a column of masked keys: it has "
                             "%u properties, the last of them '%s'",
                             label->name, label->property_count, property[-1].name);
    property->type = CDN_COLUMN_TEXT;
    sources[label->property_count++] = (struct cdn_slice_source){.mask = mask};
    return CORDON_OK;
}

static cordon_status plan_label(const struct planning *planning, uint32_t l)
{
    struct cdn_slice_plan *plan = planning->plan;
    const struct cdn_slice_grant *grant = planning->grant;
    const struct cdn_label *from = &plan->snapshot->schema.labels[l];
    struct cdn_label *label = &plan->schema.labels[plan->schema.label_count];
    bool granted = grant->everything || bit(grant->labels, l);
    int32_t none = -1, keys = mask_of(plan, false, l, CDN_SLICE_KEYS);
    const struct owner owner = {.number = l,
                                .properties = from->properties,
                                .count = from->property_count,
                                .granted =
                                    grant->everything ? NULL : grant->label_columns[l],
                                .time = -1};
    cordon_status status;

    plan->labels[l] = NOT_IN;
    plan->held[l] = -1;
    if (!granted && planning->narrow)
        return CORDON_OK;
    plan->labels[l] = plan->schema.label_count++;
    plan->holds[l] = granted;
    plan->ranked[l] = !granted || keys >= 0;
    *label = *from;
    label->properties = NULL;
    if (plan->ranked[l])
        label->key = CDN_KEY_INT64;
    status = plan_properties(&label->properties, &label->property_count,
                             &plan->label_sources[l], &none, planning, &owner, 1);
    if (status || !granted || keys < 0 || plan->veil->masks[keys].nothing)
        return status;
    plan->held[l] = (int32_t)label->property_count;
    return add_held(label, plan->label_sources[l], keys, planning->err);
}

/* ---- relations ---- */

static cordon_status plan_relation(const struct planning *planning, uint32_t r)
{
    struct cdn_slice_plan *plan = planning->plan;
    const struct cdn_slice_grant *grant = planning->grant;
    const struct cdn_relation_schema *from = &plan->snapshot->schema.relations[r];
    struct cdn_relation_schema *relation =
        &plan->schema.relations[plan->schema.relation_count];
    bool granted = grant->everything || bit(grant->relations, r);
    const struct owner owner = {
        .of_relation = true,
        .number = r,
        .properties = from->properties,
        .count = from->property_count,
        .granted = grant->everything ? NULL : grant->relation_columns[r],
        .time = from->time};

    plan->relations[r] = NOT_IN;
    if (planning->narrow && (!granted || plan->labels[from->source] == NOT_IN ||
                             plan->labels[from->target] == NOT_IN))
        return CORDON_OK;
    if (granted) {
        plan->relations[r] = plan->schema.relation_count;
        plan->holds[from->source] = plan->holds[from->target] = true;
    }
    plan->schema.relation_count++;
    *relation = *from;
    relation->properties = NULL;
    relation->source = plan->labels[from->source];
    relation->target = plan->labels[from->target];
    return plan_properties(&relation->properties, &relation->property_count,
                           &plan->relation_sources[r], &relation->time, planning,
                           &owner, 0);
}

/* ---- all of it ---- */

static bool allocate(struct cdn_slice_plan *plan)
{
    const struct cdn_schema *from = &plan->snapshot->schema;
    size_t labels = from->label_count, relations = from->relation_count;

    plan->schema.labels = cdn_calloc(labels, sizeof(*plan->schema.labels));
    plan->schema.relations = cdn_calloc(relations, sizeof(*plan->schema.relations));
    plan->labels = cdn_calloc(labels, sizeof(*plan->labels));
    plan->relations = cdn_calloc(relations, sizeof(*plan->relations));
    plan->holds = cdn_calloc(labels, sizeof(*plan->holds));
    plan->ranked = cdn_calloc(labels, sizeof(*plan->ranked));
    plan->held = cdn_calloc(labels, sizeof(*plan->held));
    plan->label_sources = cdn_calloc(labels, sizeof(*plan->label_sources));
    plan->relation_sources = cdn_calloc(relations, sizeof(*plan->relation_sources));
    return plan->schema.labels && plan->schema.relations && plan->labels &&
           plan->relations && plan->holds && plan->ranked && plan->held &&
           plan->label_sources && plan->relation_sources;
}

cordon_status cdn_slice_plan_new(struct cdn_slice_plan **out,
                                 const cordon_snapshot *snapshot,
                                 const struct cdn_slice_grant *grant,
                                 const struct cdn_slice_veil *veil, bool narrow,
                                 cordon_error *err)
{
    struct cdn_slice_plan *plan = cdn_calloc(1, sizeof(*plan));
    const struct planning planning = {plan, grant, narrow, err};
    cordon_status status = CORDON_OK;

    *out = NULL;
    if (!plan)
        return cdn_error_nomem(err);
    plan->snapshot = snapshot;
    plan->veil = veil;
    if (!allocate(plan))
        status = cdn_error_nomem(err);
    for (uint32_t l = 0; !status && l < snapshot->schema.label_count; l++)
        status = plan_label(&planning, l);
    for (uint32_t r = 0; !status && r < snapshot->schema.relation_count; r++)
        status = plan_relation(&planning, r);
    if (!status && plan->schema.label_count == 0)
        status = cdn_error_set(err, CORDON_E_INVALID,
                               "the slice may hold no label at all: grant one");
    /* names keep their order, so that numbers of labels, relations and properties do */
    if (!status)
        status = cdn_schema_normalise(&plan->schema, err);
    if (status)
        cdn_slice_plan_free(plan);
    else
        *out = plan;
    return status;
}

static void free_rows(struct cdn_slice_source **rows, uint32_t count)
{
    for (uint32_t i = 0; rows && i < count; i++)
        cdn_free(rows[i]);
    cdn_free(rows);
}

void cdn_slice_plan_free(struct cdn_slice_plan *plan)
{
    if (!plan)
        return;
    free_rows(plan->label_sources, plan->snapshot->schema.label_count);
    free_rows(plan->relation_sources, plan->snapshot->schema.relation_count);
    cdn_schema_deinit(&plan->schema);
    cdn_free(plan->labels);
    cdn_free(plan->relations);
    cdn_free(plan->holds);
    cdn_free(plan->ranked);
    cdn_free(plan->held);
    cdn_free(plan);
}

const struct cdn_schema *cdn_slice_plan_schema(const struct cdn_slice_plan *plan)
{
    return &plan->schema;
}

bool cdn_slice_plan_holds(const struct cdn_slice_plan *plan, uint32_t label)
{
    return plan->holds[label];
}

bool cdn_slice_plan_keeps_keys(const struct cdn_slice_plan *plan, uint32_t label)
{
    return !plan->ranked[label];
}

int32_t cdn_slice_plan_held(const struct cdn_slice_plan *plan, uint32_t label)
{
    return plan->held[label];
}
