/* Small graphs for tests, over the snapshot writer. */
#include "support/fixture.h"

#include <ftw.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "snapshot/writer.h"

#define MOST_KINDS      16
#define MOST_PROPERTIES 16

struct cdn_fixture {
    char path[512];
    uint32_t block_shift;
    struct cdn_schema schema;
    struct cdn_label labels[MOST_KINDS];
    struct cdn_relation_schema relations[MOST_KINDS];
    struct cdn_property properties[2 * MOST_KINDS][MOST_PROPERTIES];
    struct cdn_writer *writer;
    bool sealed;
};

static void give_up(const char *format, ...) __attribute__((format(printf, 1, 2)));

static void give_up(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    (void)vfprintf(stderr, format, args);
    va_end(args);
    (void)fputc('\n', stderr);
    abort();
}

static void check(cordon_status status, const cordon_error *err)
{
    if (status)
        give_up("fixture: %s: %s", cordon_status_name(status), err->message);
}

struct cdn_fixture *cdn_fixture_new(const char *path)
{
    struct cdn_fixture *fixture = calloc(1, sizeof(*fixture));

    if (!fixture)
        give_up("fixture: out of memory");
    (void)snprintf(fixture->path, sizeof(fixture->path), "%s", path);
    fixture->schema.labels = fixture->labels;
    fixture->schema.relations = fixture->relations;
    return fixture;
}

void cdn_fixture_block_shift(struct cdn_fixture *fixture, uint32_t shift)
{
    fixture->block_shift = shift;
}

static enum cdn_column_type type_named(const char *name)
{
    for (int type = CDN_COLUMN_BOOL; type <= CDN_COLUMN_BAG; type++)
        if (strcmp(name, cdn_column_type_str((enum cdn_column_type)type)) == 0)
            return (enum cdn_column_type)type;
    give_up("fixture: no type '%s'", name);
    return CDN_COLUMN_BOOL;
}

static uint32_t parse_properties(struct cdn_property *properties, const char *text,
                                 int32_t *time)
{
    uint32_t count = 0;

    *time = -1;
    while (*text) {
        struct cdn_property *property = &properties[count];
        char type[16] = "";
        int used = 0;

        if (count == MOST_PROPERTIES)
            give_up("fixture: too many properties");
        if (sscanf(text, " %64[A-Za-z0-9_]:%15[a-z0-9]%n", property->name, type,
                   &used) != 2)
            give_up("fixture: what property is '%s'?", text);
        property->type = type_named(type);
        property->mirrored = true;
        for (text += used; *text && *text != ' '; text++) {
            if (*text == '?')
                property->nullable = true;
            else if (*text == '!')
                *time = (int32_t)count;
            else if (*text == '-')
                property->mirrored = false;
            else if (*text == '$')
                property->lua_string = true;
            else if (*text == '=')
                property->immutable = true;
            else
                give_up("fixture: what mark is '%c'?", *text);
        }
        while (*text == ' ')
            text++;
        count++;
    }
    return count;
}

void cdn_fixture_label(struct cdn_fixture *fixture, const char *name,
                       enum cdn_key_type key, const char *properties)
{
    uint32_t number = fixture->schema.label_count++;
    struct cdn_label *label = &fixture->labels[number];
    int32_t none;

    (void)snprintf(label->name, sizeof(label->name), "%s", name);
    label->key = key;
    label->properties = fixture->properties[number];
    label->property_count = parse_properties(label->properties, properties, &none);
}

static uint32_t label_number(const struct cdn_fixture *fixture, const char *name)
{
    int32_t number = cdn_schema_label(&fixture->schema, name);

    if (number < 0)
        give_up("fixture: no label '%s'", name);
    return (uint32_t)number;
}

void cdn_fixture_relation(struct cdn_fixture *fixture, const char *type,
                          const char *source, const char *target,
                          const char *properties)
{
    uint32_t number = fixture->schema.relation_count++;
    struct cdn_relation_schema *relation = &fixture->relations[number];

    (void)snprintf(relation->type, sizeof(relation->type), "%s", type);
    relation->source = label_number(fixture, source);
    relation->target = label_number(fixture, target);
    relation->properties = fixture->properties[MOST_KINDS + number];
    relation->property_count =
        parse_properties(relation->properties, properties, &relation->time);
}

static void open_writer(struct cdn_fixture *fixture)
{
    struct cdn_writer_options options = {.block_shift = fixture->block_shift};
    cordon_error err;

    if (fixture->writer)
        return;
    check(cdn_schema_normalise(&fixture->schema, &err), &err);
    check(cdn_writer_open(&fixture->writer, fixture->path, &fixture->schema, &options,
                          &err),
          &err);
}

static void fill_cell(struct cdn_cell *cell, const struct cdn_property *property,
                      const struct cdn_fixture_value *value)
{
    memset(cell, 0, sizeof(*cell));
    cell->null = !value && property->nullable;
    if (property->type == CDN_COLUMN_STRING || property->type == CDN_COLUMN_TEXT ||
        property->type == CDN_COLUMN_BAG) {
        cell->as.string.text = value ? value->text : "";
        cell->as.string.bytes = value ? value->bytes : 0;
        if (!value && property->type == CDN_COLUMN_BAG) {
            cell->as.string.text = "\xc0"; /* nil */
            cell->as.string.bytes = 1;
        }
    } else if (property->type == CDN_COLUMN_FLOAT64) {
        cell->as.number = value ? value->number : 0;
    } else if (property->type == CDN_COLUMN_BOOL) {
        cell->as.boolean = value && value->integer;
    } else {
        cell->as.integer = value ? value->integer : 0;
    }
}

static void fill_cells(struct cdn_cell *cells, const struct cdn_property *properties,
                       uint32_t count, const struct cdn_fixture_value *values)
{
    for (const struct cdn_fixture_value *value = values; value->name; value++)
        if (cdn_properties_find(properties, count, value->name) < 0)
            give_up("fixture: no property '%s'", value->name);
    for (uint32_t p = 0; p < count; p++) {
        const struct cdn_fixture_value *found = NULL;

        for (const struct cdn_fixture_value *value = values; value->name; value++)
            if (strcmp(value->name, properties[p].name) == 0)
                found = value;
        fill_cell(&cells[p], &properties[p], found);
    }
}

static struct cdn_key make_key(enum cdn_key_type type, const char *text)
{
    struct cdn_key key = {.text = text, .bytes = strlen(text)};

    if (type == CDN_KEY_INT64)
        key.integer = strtoll(text, NULL, 10);
    return key;
}

void cdn_fixture_put_node(struct cdn_fixture *fixture, const char *label,
                          const char *key, const struct cdn_fixture_value *values)
{
    struct cdn_cell cells[MOST_PROPERTIES];
    const struct cdn_label *schema;
    struct cdn_key external;
    uint32_t number;
    cordon_error err;

    open_writer(fixture);
    number = label_number(fixture, label);
    schema = &fixture->labels[number];
    external = make_key(schema->key, key);
    fill_cells(cells, schema->properties, schema->property_count, values);
    check(cdn_writer_node(fixture->writer, number, &external, cells, 0, &err), &err);
}

static void refuse_duplicate(void *ud, uint32_t label, uint64_t row)
{
    const struct cdn_fixture *fixture = ud;

    (void)row;
    give_up("fixture: a key twice in %s", fixture->labels[label].name);
}

static void seal(struct cdn_fixture *fixture)
{
    cordon_error err;

    open_writer(fixture);
    if (!fixture->sealed)
        check(cdn_writer_seal_nodes(fixture->writer, refuse_duplicate, fixture, &err),
              &err);
    fixture->sealed = true;
}

void cdn_fixture_put_edge(struct cdn_fixture *fixture, const char *type,
                          const char *source_label, const char *source,
                          const char *target_label, const char *target,
                          const struct cdn_fixture_value *values)
{
    struct cdn_cell cells[MOST_PROPERTIES];
    const struct cdn_relation_schema *schema;
    struct cdn_key from;
    struct cdn_key to;
    enum cdn_row row;
    int32_t number;
    cordon_error err;

    seal(fixture);
    number =
        cdn_schema_relation(&fixture->schema, type, label_number(fixture, source_label),
                            label_number(fixture, target_label));
    if (number < 0)
        give_up("fixture: no relation %s %s -> %s", type, source_label, target_label);
    schema = &fixture->relations[number];
    from = make_key(fixture->labels[schema->source].key, source);
    to = make_key(fixture->labels[schema->target].key, target);
    fill_cells(cells, schema->properties, schema->property_count, values);
    check(cdn_writer_edge(fixture->writer, (uint32_t)number, &from, &to, cells, 0, &row,
                          &err),
          &err);
    if (row != CDN_ROW_OK)
        give_up("fixture: %s %s -> %s has no such node", type, source, target);
}

void cdn_fixture_finish(struct cdn_fixture *fixture)
{
    cordon_error err;

    seal(fixture);
    check(cdn_writer_finish(fixture->writer, &err), &err);
    cdn_writer_close(fixture->writer);
    free(fixture);
}

char *cdn_fixture_path(char *out, size_t size)
{
    const char *root = getenv("TMPDIR");
    size_t length;

    (void)snprintf(out, size, "%s/cordon-fixture-XXXXXX", root ? root : "/tmp");
    if (!mkdtemp(out))
        give_up("fixture: no folder %s", out);
    length = strlen(out);
    (void)snprintf(out + length, size - length, "/graph.cdn");
    return out;
}

static int remove_entry(const char *path, const struct stat *stat, int type,
                        struct FTW *where)
{
    (void)stat;
    (void)type;
    (void)where;
    return remove(path);
}

void cdn_fixture_remove(const char *path)
{
    char folder[512];
    char *slash;

    (void)snprintf(folder, sizeof(folder), "%s", path);
    slash = strrchr(folder, '/');
    if (!slash || !strstr(folder, "/cordon-"))
        give_up("fixture: %s is not a test's own", path);
    *slash = '\0';
    (void)nftw(folder, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
}

cordon_snapshot *cdn_fixture_open(const char *path)
{
    cordon_snapshot *snapshot;
    cordon_error err;

    check(cordon_snapshot_open(&snapshot, path, NULL, &err), &err);
    return snapshot;
}

struct cdn_cells cdn_fixture_cells(const struct cdn_column *column, uint32_t block)
{
    struct cdn_cells cells;

    if (!cdn_column_cells(column, block, &cells))
        give_up("fixture: property %s, block %u is damaged", column->property->name,
                block);
    return cells;
}

uint32_t cdn_fixture_find(const cordon_snapshot *snapshot, const char *label,
                          const char *key)
{
    int32_t number = cdn_schema_label(&snapshot->schema, label);
    uint32_t node = CDN_NO_NODE;

    if (number >= 0)
        node = cdn_snapshot_find(snapshot, (uint32_t)number, key, strlen(key));
    if (node >= CDN_DAMAGED_NODE)
        give_up("fixture: no node %s %s", label, key);
    return node;
}
