/* Masks put on before a rule runs: see veil.h.
 *
 * Whether a mask need be put on at all is asked of none: redacting drops the column, truncating
 * and bucketing could be done again over their own results (but for floats, whose buckets round),
 * and a hash needs the secret, which is not to be there. */
#include "graph/veil.h"

#include <string.h>

#include "base/alloc.h"
#include "graph/mask.h"

/* Digits of a hash. */
#define DIGITS (CDN_MASK_ROOM - 1)

static bool is_text(const struct cdn_property *property)
{
    return property->type == CDN_COLUMN_STRING || property->type == CDN_COLUMN_TEXT;
}

/* ---- the two grants ---- */

static const struct cdn_property *property_of(const struct cdn_schema *schema,
                                              const struct cdn_mask *mask)
{
    return mask->of_relation
               ? &schema->relations[mask->owner].properties[mask->property]
               : &schema->labels[mask->owner].properties[mask->property];
}

/* What stands in for the values of a property is stored as. */
static enum cdn_column_type type_of(const struct cdn_mask *mask,
                                    const struct cdn_property *property)
{
    switch (mask->kind) {
    case CDN_MASK_HASH:
        return CDN_COLUMN_TEXT;
    case CDN_MASK_TRUNCATE:
        return is_text(property) ? property->type : CDN_COLUMN_TEXT;
    case CDN_MASK_REDACT:
    case CDN_MASK_BUCKET:
    default:
        return property->type;
    }
}

static struct cdn_slice_mask slice_mask(const struct cdn_schema *schema,
                                        const struct cdn_mask *mask)
{
    bool keys = mask->property == CDN_MASK_NODE_KEY;

    return (struct cdn_slice_mask){
        .of_relation = mask->of_relation,
        .owner = mask->owner,
        .property = keys ? CDN_SLICE_KEYS : mask->property,
        .nothing = mask->kind == CDN_MASK_REDACT,
        .type = keys ? CDN_COLUMN_TEXT : type_of(mask, property_of(schema, mask))};
}

static const char *make_cell(void *ud, struct cdn_cell *out, uint32_t mask,
                             const struct cdn_column *column, uint32_t block,
                             uint32_t index);

/* The grant over the slices: the same bits, masks that are on, and no secret. */
static void make_grant(struct cdn_veil *veil, const struct cdn_grant *grant)
{
    veil->own = *grant;
    veil->own.masks = veil->own_masks;
    memset(veil->own.mask_key, 0, sizeof veil->own.mask_key);
    for (uint32_t m = 0; m < grant->mask_count; m++) {
        struct cdn_mask *mask = &veil->own_masks[m];

        *mask = grant->masks[m];
        mask->applied = true;
        mask->held = mask->property == CDN_MASK_NODE_KEY
                         ? cdn_slice_plan_held(veil->plan, mask->owner)
                         : -1;
    }
    veil->grant = &veil->own;
}

cordon_status cdn_veil_new(struct cdn_veil **out, const cordon_snapshot *snapshot,
                           const struct cdn_grant *grant, cordon_error *err)
{
    struct cdn_veil *veil = cdn_calloc(1, sizeof *veil);
    uint32_t count = grant->everything ? 0 : grant->mask_count;
    cordon_status status;

    *out = NULL;
    if (!veil)
        return cdn_error_nomem(err);
    veil->own_masks = cdn_calloc((size_t)count + 1, sizeof *veil->own_masks);
    veil->slice_masks = cdn_calloc((size_t)count + 1, sizeof *veil->slice_masks);
    if (!veil->own_masks || !veil->slice_masks) {
        cdn_veil_free(veil);
        return cdn_error_nomem(err);
    }
    veil->bits = (struct cdn_slice_grant){.everything = grant->everything,
                                          .labels = grant->labels,
                                          .relations = grant->relations,
                                          .label_columns = grant->label_columns,
                                          .relation_columns = grant->relation_columns};
    for (uint32_t m = 0; m < count; m++)
        veil->slice_masks[m] = slice_mask(&snapshot->schema, &grant->masks[m]);
    veil->masks = (struct cdn_slice_veil){
        .count = count, .masks = veil->slice_masks, .make = make_cell};
    status = cdn_slice_plan_new(&veil->plan, snapshot, &veil->bits,
                                count ? &veil->masks : NULL, false, err);
    if (status) {
        cdn_veil_free(veil);
        return status;
    }
    veil->grant = grant;
    if (!grant->everything)
        make_grant(veil, grant);
    *out = veil;
    return CORDON_OK;
}

void cdn_veil_free(struct cdn_veil *veil)
{
    if (!veil)
        return;
    cdn_slice_plan_free(veil->plan);
    cdn_free(veil->own_masks);
    cdn_free(veil->slice_masks);
    cdn_free(veil);
}

/* ---- what stands in ---- */

/* One cut: each mask with room for what it made last. */
struct cutting {
    const cordon_snapshot *snapshot;
    const unsigned char *key;
    struct standing {
        struct cdn_bound_mask bound;
        struct cdn_masked value;
        struct cdn_buf text; /* of a hash: its digits and what is behind them */
    } * standing;            /* by mask */
};

/* Bytes of a text that is hashed. */
static size_t raw_bytes(const struct cdn_column *column, uint32_t block, uint32_t index)
{
    size_t bytes = 0;

    if (is_text(column->property))
        (void)cdn_column_bytes(column, block, index, &bytes);
    return bytes;
}

static const char *give_hash(struct cdn_cell *out, struct standing *standing,
                             size_t bytes)
{
    cdn_buf_clear(&standing->text);
    cdn_buf_append(&standing->text, standing->value.text, standing->value.bytes);
    for (size_t kib = 0; kib < bytes / 1024; kib++)
        cdn_buf_append(&standing->text, "+", 1);
    if (standing->text.failed)
        return cdn_slice_no_memory;
    out->as.string.text = (const char *)standing->text.data;
    out->as.string.bytes = standing->text.length;
    return NULL;
}

static const char *make_value(struct cdn_cell *out, struct cutting *cutting,
                              struct standing *standing,
                              const struct cdn_column *column, uint32_t block,
                              uint32_t index)
{
    struct cdn_masked *value = &standing->value;
    const char *damage;

    standing->bound.column = column;
    standing->bound.property = column->property->name;
    damage = cdn_mask_value(value, cutting->key, &standing->bound, block, index);
    if (damage)
        return damage;
    *out = (struct cdn_cell){.null = value->kind == CDN_MASKED_NULL};
    switch (value->kind) {
    case CDN_MASKED_NULL:
        break;
    case CDN_MASKED_INTEGER:
        out->as.integer = value->integer;
        break;
    case CDN_MASKED_NUMBER:
        out->as.number = value->number;
        break;
    case CDN_MASKED_TEXT:
        if (standing->bound.mask.kind == CDN_MASK_HASH)
            return give_hash(out, standing, raw_bytes(column, block, index));
        out->as.string.text = value->text;
        out->as.string.bytes = value->bytes;
        break;
    }
    return NULL;
}

static const char *make_key(struct cdn_cell *out, struct cutting *cutting,
                            struct standing *standing, uint32_t node)
{
    char room[24];
    size_t bytes;
    const char *key = cdn_snapshot_key(cutting->snapshot, node, room, &bytes);

    if (!key)
        return "a key is out of range";
    standing->bound.property = "key";
    bytes = cdn_mask_text(&key, standing->value.room, cutting->key, &standing->bound,
                          key, bytes);
    cdn_buf_clear(&standing->text);
    cdn_buf_append(&standing->text, key, bytes);
    if (standing->text.failed)
        return cdn_slice_no_memory;
    *out = (struct cdn_cell){.as.string = {(const char *)standing->text.data, bytes}};
    return NULL;
}

/* A bucket of a decimal that rules see as text is stored as the integer it is. */
static const char *make_decimal(struct cdn_cell *out, struct cutting *cutting,
                                struct standing *standing,
                                const struct cdn_column *column, uint32_t block,
                                uint32_t index)
{
    struct cdn_property property = *column->property;
    struct cdn_column plain = *column;

    property.lua_string = false;
    plain.property = &property;
    return make_value(out, cutting, standing, &plain, block, index);
}

static const char *make_cell(void *ud, struct cdn_cell *out, uint32_t mask,
                             const struct cdn_column *column, uint32_t block,
                             uint32_t index)
{
    struct cutting *cutting = ud;
    struct standing *standing = &cutting->standing[mask];

    if (!column)
        return make_key(out, cutting, standing, index);
    if (column->property->lua_string && standing->bound.mask.kind == CDN_MASK_BUCKET)
        return make_decimal(out, cutting, standing, column, block, index);
    return make_value(out, cutting, standing, column, block, index);
}

cordon_status cdn_veil_cut(struct cdn_buf *out, const struct cdn_veil *veil,
                           const cordon_snapshot *snapshot,
                           const struct cdn_grant *grant, struct cdn_slice_how how,
                           cordon_error *err)
{
    struct cutting cutting = {.snapshot = snapshot, .key = grant->mask_key};
    uint32_t count = veil->masks.count;
    cordon_status status;

    cutting.standing = cdn_calloc((size_t)count + 1, sizeof *cutting.standing);
    if (!cutting.standing)
        return cdn_error_nomem(err);
    for (uint32_t m = 0; m < count; m++) {
        struct cdn_bound_mask *bound = &cutting.standing[m].bound;

        bound->mask = grant->masks[m];
        bound->owner = bound->mask.of_relation
                           ? snapshot->schema.relations[bound->mask.owner].type
                           : snapshot->schema.labels[bound->mask.owner].name;
    }
    how.plan = veil->plan;
    how.veil_ud = &cutting;
    status = cdn_slice_make(out, &how, err);
    for (uint32_t m = 0; m < count; m++)
        cdn_buf_deinit(&cutting.standing[m].text);
    cdn_free(cutting.standing);
    return status;
}
