/* schema.lua to a mapping: labels first, then edges, then one normalisation of the whole.
 *
 * The table is walked strictly (spec.h): a misspelt name is an error, never a setting
 * that silently does nothing.
 *
 * Everything the mapping points to lives in one list of blocks and goes with it. */
#include "import/mapping_read.h"

#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/file.h"
#include "base/suggest.h"
#include "sandbox/config.h"

#define SCHEMA_MAX_BYTES ((size_t)1 << 20)

static struct cdn_property *copy_declared(const struct cdn_mapping_declared *declared)
{
    struct cdn_property *copy = cdn_calloc(declared->count, sizeof(*copy));

    if (copy && declared->count)
        memcpy(copy, declared->properties, declared->count * sizeof(*copy));
    return copy;
}

/* ---- labels and edges ---- */

static cordon_status read_key(struct cdn_mapping_reader *reader,
                              struct cdn_label *label, const char **column,
                              const cordon_value *map)
{
    static const char *const KNOWN[] = {"column", "type"};
    static const char *const KEY_TYPES[] = {"int64", "string"};
    struct cdn_spec *table = &reader->table;
    const char *type;
    cordon_value key;
    cordon_status status;
    int choice;

    if (!cordon_value_get(&key, map, "key"))
        return cdn_spec_fail(table, "'key' is missing: key = { column = \"id\", type = "
                                    "\"int64\" }");
    cdn_spec_enter(table, "key");
    status = cdn_spec_check_keys(table, &key, KNOWN, CDN_MAPPING_COUNT(KNOWN));
    if (!status)
        status = cdn_spec_text(table, column, &key, "column", false);
    if (!status)
        status = cdn_spec_text(table, &type, &key, "type", true);
    if (status)
        return status;
    cdn_spec_enter(table, "type");
    choice = cdn_spec_choice(table, type, "key type", KEY_TYPES,
                             CDN_MAPPING_COUNT(KEY_TYPES), &status);
    if (choice < 0)
        return status;
    cdn_spec_leave(table);
    cdn_spec_leave(table);
    label->key = choice == 0 ? CDN_KEY_INT64 : CDN_KEY_STRING;
    return CORDON_OK;
}

static cordon_status add_immutable(struct cdn_mapping_reader *reader, const char *label,
                                   const char *property)
{
    struct cdn_mapping_immutable *entry = cdn_spec_keep(&reader->table, sizeof(*entry));

    if (!entry)
        return cdn_error_nomem(reader->err);
    *entry = (struct cdn_mapping_immutable){
        .next = reader->mapping->immutable, .label = label, .property = property};
    reader->mapping->immutable = entry;
    return CORDON_OK;
}

static cordon_status find_declared(struct cdn_mapping_reader *reader, const char *name)
{
    const struct cdn_mapping_declared *declared = reader->declared;
    struct cdn_suggest suggest;
    char hint[CDN_SPEC_KEY_BYTES + 32];

    cdn_suggest_init(&suggest, name);
    for (uint32_t i = 0; i < declared->count; i++) {
        if (!strcmp(declared->properties[i].name, name))
            return CORDON_OK;
        cdn_suggest_offer(&suggest, declared->properties[i].name);
    }
    return cdn_spec_fail_key(&reader->table, "immutable",
                             "no property '%.64s' is declared%s", name,
                             cdn_suggest_text(&suggest, hint, sizeof(hint)));
}

/* `immutable` of a label: true, or a list of its properties. */
static cordon_status read_immutable(struct cdn_mapping_reader *reader,
                                    const char *label, const cordon_value *map)
{
    cordon_value value;
    cordon_status status = CORDON_OK;
    const char **names;
    uint32_t count;

    if (!cordon_value_get(&value, map, "immutable"))
        return CORDON_OK;
    if (value.type == CORDON_BOOLEAN)
        return value.as.boolean ? add_immutable(reader, label, NULL) : CORDON_OK;
    status = cdn_spec_texts(&reader->table, &names, &count, map, "immutable");
    for (uint32_t i = 0; i < count && !status; i++) {
        status = find_declared(reader, names[i]);
        if (!status)
            status = add_immutable(reader, label, names[i]);
    }
    return status;
}

static cordon_status read_label(struct cdn_mapping_reader *reader,
                                const cordon_value *key, const cordon_value *map)
{
    static const char *const KNOWN[] = {"file",     "key",       "properties",
                                        "csv",      "where",     "sources",
                                        "distinct", "immutable", "change"};
    struct cdn_spec *table = &reader->table;
    struct cdn_schema *schema = &reader->mapping->schema;
    struct cdn_label *label = &schema->labels[schema->label_count];
    struct cdn_mapping_source base = {0};
    struct cdn_mapping_owner owner = {0};
    cordon_status status = cdn_spec_copy_text(table, &owner.type, key);

    if (status)
        return status;
    if (strlen(owner.type) > CDN_SCHEMA_MAX_NAME)
        return cdn_spec_fail(table, "the name is longer than %d bytes",
                             CDN_SCHEMA_MAX_NAME);
    snprintf(label->name, sizeof(label->name), "%s", owner.type);
    status = cdn_spec_check_keys(table, map, KNOWN,
                                 CDN_MAPPING_COUNT(KNOWN) - !reader->changes);
    if (!status)
        status = read_key(reader, label, &base.key, map);
    if (!status)
        status = cdn_mapping_read_base(reader, &base, map);
    if (!status)
        status = cdn_mapping_read_properties(reader, map, false);
    if (!status)
        status = read_immutable(reader, owner.type, map);
    if (!status)
        status = cdn_mapping_read_sources(reader, map, &base, &owner);
    if (status)
        return status;
    label->properties = copy_declared(reader->declared);
    if (!label->properties)
        return cdn_error_nomem(reader->err);
    label->property_count = reader->declared->count;
    schema->label_count++;
    return CORDON_OK;
}

static cordon_status read_labels(struct cdn_mapping_reader *reader,
                                 const cordon_value *root)
{
    struct cdn_spec *table = &reader->table;
    cordon_value labels;
    cordon_value_iter iter;
    cordon_value key;
    cordon_value value;
    cordon_status status;

    if (!cordon_value_get(&labels, root, "labels"))
        return cdn_spec_fail(table, "'labels' is missing");
    cdn_spec_enter(table, "labels");
    status = cdn_spec_check_map(table, &labels);
    if (status)
        return status;
    if (!labels.length)
        return cdn_spec_fail(table, "is empty; a graph has at least one label");
    if (labels.length > CDN_SCHEMA_MAX_LABELS)
        return cdn_spec_fail(table, "%u labels; at most %d are possible", labels.length,
                             CDN_SCHEMA_MAX_LABELS);
    reader->mapping->schema.labels =
        cdn_calloc(labels.length, sizeof(*reader->mapping->schema.labels));
    if (!reader->mapping->schema.labels)
        return cdn_error_nomem(reader->err);
    cordon_value_iter_init(&iter, &labels);
    while (cordon_value_next(&iter, &key, &value)) {
        cdn_spec_enter_value(table, &key);
        status = read_label(reader, &key, &value);
        if (status)
            return status;
        cdn_spec_leave(table);
    }
    cdn_spec_leave(table);
    return CORDON_OK;
}

/* `from` or `to`: the number of a label, in the order read. */
static cordon_status read_end(struct cdn_mapping_reader *reader, uint32_t *number,
                              const char **name, const cordon_value *map,
                              const char *key)
{
    const struct cdn_schema *schema = &reader->mapping->schema;
    struct cdn_suggest suggest;
    char hint[CDN_SPEC_KEY_BYTES + 32];
    cordon_status status = cdn_spec_text(&reader->table, name, map, key, true);

    if (status)
        return status;
    cdn_suggest_init(&suggest, *name);
    for (uint32_t i = 0; i < schema->label_count; i++) {
        if (!strcmp(schema->labels[i].name, *name)) {
            *number = i;
            return CORDON_OK;
        }
        cdn_suggest_offer(&suggest, schema->labels[i].name);
    }
    return cdn_spec_fail_key(&reader->table, key, "there is no label '%.64s'%s", *name,
                             cdn_suggest_text(&suggest, hint, sizeof(hint)));
}

static cordon_status read_edge(struct cdn_mapping_reader *reader,
                               const cordon_value *map)
{
    static const char *const KNOWN[] = {
        "type",       "from", "to",    "file",    "source", "target", "time",
        "properties", "csv",  "where", "sources", "mirror", "change"};
    struct cdn_spec *table = &reader->table;
    struct cdn_schema *schema = &reader->mapping->schema;
    struct cdn_relation_schema *relation = &schema->relations[schema->relation_count];
    struct cdn_mapping_source base = {.edge = true};
    struct cdn_mapping_owner owner = {0};
    cordon_status status = cdn_spec_check_keys(
        table, map, KNOWN, CDN_MAPPING_COUNT(KNOWN) - !reader->changes);

    if (!status)
        status = cdn_spec_text(table, &owner.type, map, "type", true);
    if (!status)
        status = read_end(reader, &relation->source, &owner.from, map, "from");
    if (!status)
        status = read_end(reader, &relation->target, &owner.to, map, "to");
    if (status)
        return status;
    if (strlen(owner.type) > CDN_SCHEMA_MAX_NAME)
        return cdn_spec_fail_key(table, "type", "the name is longer than %d bytes",
                                 CDN_SCHEMA_MAX_NAME);
    snprintf(relation->type, sizeof(relation->type), "%s", owner.type);
    if (cdn_schema_relation(schema, owner.type, relation->source, relation->target) >=
        0)
        return cdn_spec_fail(table,
                             "edges '%s' from %s to %s are given twice; one entry can "
                             "have several sources = { { file = ... }, ... }",
                             owner.type, owner.from, owner.to);
    status = cdn_spec_text(table, &base.key, map, "source", false);
    if (!status)
        status = cdn_spec_text(table, &base.target, map, "target", false);
    if (!status)
        status = cdn_mapping_read_base(reader, &base, map);
    if (!status)
        status = cdn_mapping_read_properties(reader, map, true);
    if (!status)
        status = cdn_mapping_read_sources(reader, map, &base, &owner);
    if (status)
        return status;
    relation->time = reader->declared->time;
    relation->properties = copy_declared(reader->declared);
    if (!relation->properties)
        return cdn_error_nomem(reader->err);
    relation->property_count = reader->declared->count;
    schema->relation_count++;
    return CORDON_OK;
}

static cordon_status read_edges(struct cdn_mapping_reader *reader,
                                const cordon_value *root)
{
    struct cdn_spec *table = &reader->table;
    cordon_value edges;
    cordon_value item;
    cordon_status status;

    if (!cordon_value_get(&edges, root, "edges"))
        return CORDON_OK;
    cdn_spec_enter(table, "edges");
    if (edges.type != CORDON_ARRAY)
        return cdn_spec_fail(table,
                             "a list of tables is wanted here, such as "
                             "{ { type = \"transfer\", from = ..., to = ... } }");
    if (edges.length > CDN_SCHEMA_MAX_RELATIONS)
        return cdn_spec_fail(table, "%u entries; at most %d are possible", edges.length,
                             CDN_SCHEMA_MAX_RELATIONS);
    reader->mapping->schema.relations =
        cdn_calloc(edges.length, sizeof(*reader->mapping->schema.relations));
    if (!reader->mapping->schema.relations)
        return cdn_error_nomem(reader->err);
    for (uint32_t i = 0; i < edges.length; i++) {
        cdn_spec_enter_index(table, i + 1);
        if (!cordon_value_at(&item, &edges, i))
            return cdn_spec_fail(table, "cannot be read");
        status = read_edge(reader, &item);
        if (status)
            return status;
        cdn_spec_leave(table);
    }
    cdn_spec_leave(table);
    return CORDON_OK;
}

/* ---- the whole ---- */

/* Numbers for names, now that the schema is in its order. */
static void resolve(struct cdn_mapping_reader *reader)
{
    struct cdn_mapping *mapping = reader->mapping;
    const struct cdn_schema *schema = &mapping->schema;

    for (uint32_t i = 0; i < mapping->source_count; i++) {
        struct cdn_mapping_source *source = &mapping->sources[i];
        const struct cdn_mapping_owner *owner = &reader->owners[i];
        const struct cdn_property *properties;
        uint32_t count;

        if (source->edge) {
            int32_t from = cdn_schema_label(schema, owner->from);
            int32_t to = cdn_schema_label(schema, owner->to);

            source->number = (uint32_t)cdn_schema_relation(
                schema, owner->type, (uint32_t)from, (uint32_t)to);
            properties = schema->relations[source->number].properties;
            count = schema->relations[source->number].property_count;
        } else {
            source->number = (uint32_t)cdn_schema_label(schema, owner->type);
            properties = schema->labels[source->number].properties;
            count = schema->labels[source->number].property_count;
        }
        for (uint32_t c = 0; c < source->column_count; c++)
            source->columns[c].property = (uint32_t)cdn_properties_find(
                properties, count, source->columns[c].name);
    }
}

static cordon_status read_root(struct cdn_mapping_reader *reader,
                               const cordon_value *root)
{
    static const char *const KNOWN[] = {"csv", "labels", "edges"};
    cordon_status status =
        cdn_spec_check_keys(&reader->table, root, KNOWN, CDN_MAPPING_COUNT(KNOWN));

    if (!status)
        status = cdn_mapping_read_csv(reader, &reader->dialect, &reader->names,
                                      &reader->name_count, root);
    if (!status)
        status = read_labels(reader, root);
    if (!status)
        status = read_edges(reader, root);
    if (status)
        return status;
    status = cdn_schema_normalise(&reader->mapping->schema, reader->err);
    if (status && reader->err)
        snprintf(reader->err->file, sizeof(reader->err->file), "%s",
                 reader->table.file);
    return status;
}

/* The graph keeps what the schema says of properties that never change. */
static void mark_immutable(struct cdn_mapping *mapping)
{
    for (uint32_t l = 0; l < mapping->schema.label_count; l++) {
        const struct cdn_label *label = &mapping->schema.labels[l];

        for (uint32_t p = 0; p < label->property_count; p++)
            label->properties[p].immutable = cdn_mapping_is_immutable(
                mapping, label->name, label->properties[p].name);
    }
}

static cordon_status read_text(struct cdn_mapping *out, const char *source,
                               size_t bytes, const char *file, bool changes,
                               cordon_error *err)
{
    struct cdn_buf packed = {0};
    struct cdn_mapping_reader reader = {
        .table = {.source = source, .bytes = bytes, .file = file, .err = err},
        .mapping = out,
        .dialect = {.delimiter = ',', .quote = '"', .header = true},
        .changes = changes,
        .err = err};
    cordon_value root;
    cordon_status status;

    *out = (struct cdn_mapping){0};
    reader.table.blocks = &out->blocks;
    reader.declared = cdn_spec_keep(&reader.table, sizeof(*reader.declared));
    if (!reader.declared) {
        status = cdn_error_nomem(err);
        goto out;
    }
    status = cdn_config_evaluate(&packed, source, bytes, file, err);
    if (!status)
        status = cordon_value_parse(&root, packed.data, packed.length, err);
    if (!status)
        status = read_root(&reader, &root);
    if (!status) {
        resolve(&reader);
        mark_immutable(out);
    }
out:
    cdn_free(reader.owners);
    cdn_buf_deinit(&packed);
    if (status)
        cdn_mapping_deinit(out);
    return status;
}

cordon_status cdn_mapping_read(struct cdn_mapping *out, const char *source,
                               size_t bytes, const char *file, cordon_error *err)
{
    return read_text(out, source, bytes, file, false, err);
}

cordon_status cdn_mapping_read_changes(struct cdn_mapping *out, const char *source,
                                       size_t bytes, const char *file,
                                       cordon_error *err)
{
    return read_text(out, source, bytes, file, true, err);
}

static cordon_status load(struct cdn_mapping *out, const char *path, bool changes,
                          cordon_error *err)
{
    struct cdn_buf text = {0};
    cordon_status status;

    *out = (struct cdn_mapping){0};
    status = cdn_file_read(&text, path, SCHEMA_MAX_BYTES, err);
    if (!status)
        status = read_text(out, text.data ? (const char *)text.data : "", text.length,
                           path, changes, err);
    cdn_buf_deinit(&text);
    return status;
}

cordon_status cdn_mapping_load(struct cdn_mapping *out, const char *path,
                               cordon_error *err)
{
    return load(out, path, false, err);
}

cordon_status cdn_mapping_load_changes(struct cdn_mapping *out, const char *path,
                                       cordon_error *err)
{
    return load(out, path, true, err);
}

bool cdn_mapping_is_immutable(const struct cdn_mapping *mapping, const char *label,
                              const char *property)
{
    for (const struct cdn_mapping_immutable *entry = mapping->immutable; entry;
         entry = entry->next)
        if (!strcmp(entry->label, label) &&
            (!entry->property || !strcmp(entry->property, property)))
            return true;
    return false;
}

void cdn_mapping_deinit(struct cdn_mapping *mapping)
{
    cdn_schema_deinit(&mapping->schema);
    cdn_free(mapping->sources);
    cdn_spec_release(&mapping->blocks);
    *mapping = (struct cdn_mapping){0};
}
