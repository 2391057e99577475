/* Slices through the public API: names into numbers, and the handle.
 *
 * What may be in a slice arrives as names; here they become the bitsets that slice.c tests. */
#include "snapshot/slice.h"

#include <string.h>

#include "base/alloc.h"
#include "base/suggest.h"

#define NODES_MOST UINT64_C(1000000)
#define EDGES_MOST UINT64_C(10000000)
#define WORDS      (CDN_SCHEMA_MAX_PROPERTIES / 64)

_Static_assert(CDN_SCHEMA_MAX_LABELS <= WORDS * 64, "a bit a label");
_Static_assert(CDN_SCHEMA_MAX_RELATIONS <= WORDS * 64, "a bit a relation");

/* The bitsets of a grant and the rows they point to. */
struct chosen {
    struct cdn_slice_grant grant;
    uint64_t labels[WORDS];
    uint64_t relations[WORDS];
    const uint64_t *label_rows[CDN_SCHEMA_MAX_LABELS];
    const uint64_t *relation_rows[CDN_SCHEMA_MAX_RELATIONS];
    uint64_t label_columns[CDN_SCHEMA_MAX_LABELS][WORDS];
    uint64_t relation_columns[CDN_SCHEMA_MAX_RELATIONS][WORDS];
};

static void set_bit(uint64_t *bits, uint32_t index)
{
    bits[index >> 6] |= UINT64_C(1) << (index & 63);
}

static cordon_status no_such_kind(const struct cdn_schema *schema, const char *name,
                                  cordon_error *err)
{
    struct cdn_suggest suggest;
    char hint[128];

    cdn_suggest_init(&suggest, name);
    for (uint32_t l = 0; l < schema->label_count; l++)
        cdn_suggest_offer(&suggest, schema->labels[l].name);
    for (uint32_t r = 0; r < schema->relation_count; r++)
        cdn_suggest_offer(&suggest, schema->relations[r].type);
    return cdn_error_set(err, CORDON_E_INVALID, "no label or edge type '%s'%s", name,
                         cdn_suggest_text(&suggest, hint, sizeof(hint)));
}

/* Note which of the kind's properties these are; `found` counts, by property of the kind. */
static void choose_columns(uint64_t *columns, bool *found,
                           const struct cdn_property *properties, uint32_t count,
                           const cordon_slice_kind *kind)
{
    for (size_t i = 0; i < kind->property_count; i++) {
        int32_t number = cdn_properties_find(properties, count, kind->properties[i]);

        if (number < 0)
            continue;
        found[i] = true;
        set_bit(columns, (uint32_t)number);
    }
}

static cordon_status choose_kind(struct chosen *chosen, const struct cdn_schema *schema,
                                 const cordon_slice_kind *kind, cordon_error *err)
{
    int32_t label = cdn_schema_label(schema, kind->name);
    bool found[CDN_SCHEMA_MAX_PROPERTIES] = {false};
    bool any = label >= 0;

    if (kind->property_count > CDN_SCHEMA_MAX_PROPERTIES)
        return cdn_error_set(err, CORDON_E_INVALID, "%s: more than %d properties",
                             kind->name, CDN_SCHEMA_MAX_PROPERTIES);
    if (label >= 0) {
        set_bit(chosen->labels, (uint32_t)label);
        choose_columns(chosen->label_columns[label], found,
                       schema->labels[label].properties,
                       schema->labels[label].property_count, kind);
    }
    for (uint32_t r = 0; r < schema->relation_count; r++) {
        const struct cdn_relation_schema *relation = &schema->relations[r];

        if (strcmp(relation->type, kind->name) != 0)
            continue;
        any = true;
        set_bit(chosen->relations, r);
        set_bit(chosen->labels, relation->source);
        set_bit(chosen->labels, relation->target);
        choose_columns(chosen->relation_columns[r], found, relation->properties,
                       relation->property_count, kind);
    }
    if (!any)
        return no_such_kind(schema, kind->name, err);
    for (size_t i = 0; i < kind->property_count; i++)
        if (!found[i])
            return cdn_error_set(err, CORDON_E_INVALID, "no property '%s' on %s",
                                 kind->properties[i], kind->name);
    return CORDON_OK;
}

static cordon_status choose(struct chosen *chosen, const struct cdn_schema *schema,
                            const cordon_slice_options *options, cordon_error *err)
{
    cordon_status status = CORDON_OK;

    chosen->grant = (struct cdn_slice_grant){.everything = options->kind_count == 0,
                                             .labels = chosen->labels,
                                             .relations = chosen->relations,
                                             .label_columns = chosen->label_rows,
                                             .relation_columns = chosen->relation_rows};
    for (uint32_t l = 0; l < CDN_SCHEMA_MAX_LABELS; l++)
        chosen->label_rows[l] = chosen->label_columns[l];
    for (uint32_t r = 0; r < CDN_SCHEMA_MAX_RELATIONS; r++)
        chosen->relation_rows[r] = chosen->relation_columns[r];
    for (size_t i = 0; !status && i < options->kind_count; i++)
        status = choose_kind(chosen, schema, &options->kinds[i], err);
    return status;
}

static cordon_status find_node(uint32_t *out, const cordon_snapshot *snapshot,
                               const cordon_slice_node *node, cordon_error *err)
{
    int32_t label = cdn_schema_label(&snapshot->schema, node->label);

    if (label < 0)
        return no_such_kind(&snapshot->schema, node->label, err);
    *out = cdn_snapshot_find(snapshot, (uint32_t)label, node->key, strlen(node->key));
    if (*out == CDN_DAMAGED_NODE)
        return cdn_error_set(err, CORDON_E_CORRUPT,
                             "the snapshot is damaged: the keys of label %s",
                             node->label);
    if (*out == CDN_NO_NODE)
        return cdn_error_set(err, CORDON_E_NOTFOUND, "no %s has the key '%s'",
                             node->label, node->key);
    return CORDON_OK;
}

static cordon_status make(struct cdn_buf *out, const cordon_snapshot *snapshot,
                          const cordon_slice_options *options, struct chosen *chosen,
                          uint32_t *nodes, cordon_error *err)
{
    struct cdn_slice_plan *plan = NULL;
    struct cdn_slice_how how = {
        .nodes = nodes,
        .node_count = options->node_count,
        .hops = options->hops,
        .as_of_ms = options->as_of_ms,
        .max_nodes = options->max_nodes ? options->max_nodes : NODES_MOST,
        .max_edges = options->max_edges ? options->max_edges : EDGES_MOST};
    cordon_status status = choose(chosen, &snapshot->schema, options, err);

    for (size_t i = 0; !status && i < options->node_count; i++)
        status = find_node(&nodes[i], snapshot, &options->nodes[i], err);
    if (!status)
        status = cdn_slice_plan_new(&plan, snapshot, &chosen->grant, NULL, true, err);
    how.plan = plan;
    if (!status)
        status = cdn_slice_make(out, &how, err);
    cdn_slice_plan_free(plan);
    return status;
}

cordon_status cordon_snapshot_slice(void **out, size_t *bytes,
                                    const cordon_snapshot *snapshot,
                                    const cordon_slice_options *options,
                                    cordon_error *err)
{
    struct cdn_buf buffer = {0};
    struct chosen *chosen;
    uint32_t *nodes;
    cordon_status status;

    if (!out || !bytes || !snapshot || !options)
        return cdn_error_set(err, CORDON_E_INVALID,
                             "out, bytes, snapshot and options must not be NULL");
    *out = NULL;
    *bytes = 0;
    cdn_error_clear(err);
    if (options->struct_size != sizeof(*options) || options->node_count == 0 ||
        !options->nodes)
        return cdn_error_set(err, CORDON_E_INVALID,
                             "slice options of an unknown size, or without nodes");
    chosen = cdn_calloc(1, sizeof(*chosen));
    nodes = cdn_realloc_array(NULL, options->node_count, sizeof(*nodes));
    status = chosen && nodes ? make(&buffer, snapshot, options, chosen, nodes, err)
                             : cdn_error_nomem(err);
    cdn_free(chosen);
    cdn_free(nodes);
    if (status) {
        cdn_buf_deinit(&buffer);
        return status;
    }
    *out = buffer.data;
    *bytes = buffer.length;
    return CORDON_OK;
}

void cordon_slice_free(void *slice)
{
    cdn_free(slice);
}

cordon_status cordon_snapshot_open_slice(cordon_snapshot **out, const void *bytes,
                                         size_t size,
                                         const cordon_snapshot_options *options,
                                         cordon_error *err)
{
    cordon_snapshot_options wanted = CORDON_SNAPSHOT_OPTIONS_INIT;
    struct cdn_snapshot_file *file;
    uint64_t generation = 0;
    cordon_status status;
    unsigned char *copy;

    if (!out || (!bytes && size))
        return cdn_error_set(err, CORDON_E_INVALID, "out and bytes must not be NULL");
    *out = NULL;
    cdn_error_clear(err);
    if (options)
        wanted = *options;
    if (wanted.struct_size != sizeof(wanted) ||
        wanted.verify > CORDON_VERIFY_STRUCTURE || wanted.generation != 0)
        return cdn_error_set(err, CORDON_E_INVALID,
                             "snapshot options of an unknown size or kind, or with a "
                             "generation, which a slice has not");
    copy = cdn_alloc(size);
    if (!copy)
        return cdn_error_nomem(err);
    if (size)
        memcpy(copy, bytes, size);
    status = cdn_slice_load_take(&file, &generation, copy, size, "slice", err);
    if (status)
        return status;
    return cdn_snapshot_wrap_take(out, file, wanted.verify, generation, "slice", err);
}
