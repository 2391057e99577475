/* Properties: what they are called, typed and read from.
 *
 * Each is checked by itself as it is read, in a schema that holds nothing else, so that
 * a bad name or type is reported at its own line; what labels and relations owe each
 * other is checked later, on the whole. */
#include "import/mapping_read.h"

#include <stdio.h>
#include <string.h>

#include "base/time.h"

static const char *const TYPES[] = {"bool",   "int64", "float64", "timestamp",
                                    "string", "text",  "bag"};
static const enum cdn_column_type TYPE_VALUES[] = {
    CDN_COLUMN_BOOL,   CDN_COLUMN_INT64, CDN_COLUMN_FLOAT64, CDN_COLUMN_TIMESTAMP,
    CDN_COLUMN_STRING, CDN_COLUMN_TEXT,  CDN_COLUMN_BAG};

static cordon_status read_unit(struct cdn_mapping_reader *reader,
                               struct cdn_cell_format *format, const char *unit)
{
    if (!strcmp(unit, "ms"))
        format->unit_ms = 1;
    else if (!strcmp(unit, "s"))
        format->unit_ms = 1000;
    else if (!cdn_duration_parse(&format->unit_ms, unit, strlen(unit)) ||
             format->unit_ms <= 0)
        return cdn_spec_fail(&reader->table,
                             "unknown unit '%.64s'; units are \"ms\", \"s\", and "
                             "durations such as \"1h\" or \"1d\"",
                             unit);
    return CORDON_OK;
}

static cordon_status read_format(struct cdn_mapping_reader *reader,
                                 struct cdn_cell_format *format, const cordon_value *of)
{
    static const char *const KNOWN[] = {"unit", "epoch"};
    struct cdn_spec *table = &reader->table;
    const char *unit;
    const char *epoch = NULL;
    cordon_value value;
    cordon_status status;

    if (!cordon_value_get(&value, of, "format"))
        return CORDON_OK;
    cdn_spec_enter(table, "format");
    if (format->type != CDN_COLUMN_TIMESTAMP)
        return cdn_spec_fail(table, "is for timestamps");
    if (value.type == CORDON_STRING) {
        status = cdn_spec_copy_text(table, &unit, &value);
        if (!status && !strcmp(unit, "text")) {
            cdn_spec_leave(table);
            return CORDON_OK;
        }
    } else {
        status = cdn_spec_check_keys(table, &value, KNOWN, CDN_MAPPING_COUNT(KNOWN));
        if (!status)
            status = cdn_spec_text(table, &unit, &value, "unit", true);
        if (!status)
            status = cdn_spec_text(table, &epoch, &value, "epoch", false);
    }
    if (!status)
        status = read_unit(reader, format, unit);
    if (status)
        return status;
    if (epoch && !cdn_time_parse(&format->epoch_ms, epoch, strlen(epoch)))
        return cdn_spec_fail_key(table, "epoch",
                                 "'%.64s' is not a time such as "
                                 "2020-01-01",
                                 epoch);
    cdn_spec_leave(table);
    return CORDON_OK;
}

static cordon_status read_type(struct cdn_mapping_reader *reader,
                               struct cdn_property *property, const char *type)
{
    char name[32];
    size_t bytes = strlen(type);
    cordon_status status = CORDON_OK;
    int choice;

    if (bytes && bytes < sizeof(name) && type[bytes - 1] == '?') {
        property->nullable = true;
        memcpy(name, type, bytes - 1);
        name[bytes - 1] = '\0';
        type = name;
    }
    choice = cdn_spec_choice(&reader->table, type, "type", TYPES,
                             CDN_MAPPING_COUNT(TYPES), &status);
    if (choice < 0)
        return status;
    property->type = TYPE_VALUES[choice];
    return CORDON_OK;
}

/* Would this property pass if it were the only one? */
static cordon_status check_alone(struct cdn_mapping_reader *reader,
                                 struct cdn_property property, bool edge, bool time)
{
    struct cdn_label label = {.name = "L__", .key = CDN_KEY_INT64};
    struct cdn_relation_schema relation = {.type = "E__", .time = -1};
    struct cdn_schema schema = {.label_count = 1, .labels = &label};
    cordon_error *err = reader->err;
    cordon_error why = {0};

    if (edge) {
        relation.property_count = 1;
        relation.properties = &property;
        relation.time = time ? 0 : -1;
        schema.relation_count = 1;
        schema.relations = &relation;
    } else {
        label.property_count = 1;
        label.properties = &property;
    }
    if (!cdn_schema_normalise(&schema, &why))
        return CORDON_OK;
    /* say where, and leave the stand-in's name out */
    if (err) {
        const char *at = strstr(why.message, edge ? " of E__" : " of L__");

        if (at)
            return cdn_spec_fail(&reader->table, "%.*s%s", (int)(at - why.message),
                                 why.message, at + strlen(" of E__"));
        return cdn_spec_fail(&reader->table, "%s", why.message);
    }
    return CORDON_E_DATA;
}

/* One entry of `properties`, or the `time` of an edge; the walk stands at it. */
static cordon_status read_property(struct cdn_mapping_reader *reader, const char *name,
                                   const cordon_value *value, bool edge, bool time)
{
    static const char *const KNOWN[] = {"type",   "column", "property", "nullable",
                                        "format", "lua",    "mirror",   "truncate"};
    static const char *const LUA[] = {"number", "string"};
    struct cdn_spec *table = &reader->table;
    struct cdn_mapping_declared *declared = reader->declared;
    struct cdn_property property = {.mirrored = edge && declared->mirror};
    struct cdn_mapping_column column = {.column = name, .name = name};
    const char *type = NULL;
    const char *text = NULL;
    cordon_status status = CORDON_OK;

    if (declared->count == CDN_SCHEMA_MAX_PROPERTIES)
        return cdn_spec_fail(table, "more than %d properties",
                             CDN_SCHEMA_MAX_PROPERTIES);
    if (value->type == CORDON_STRING) {
        status = cdn_spec_copy_text(table, &type, value);
    } else {
        status = cdn_spec_check_keys(table, value, KNOWN, CDN_MAPPING_COUNT(KNOWN));
        if (!status)
            status = cdn_spec_text(table, &type, value, "type", !time);
        if (!status)
            status = cdn_spec_text(table, &text, value, "column", false);
        if (!status && text)
            column.column = text;
        if (!status)
            status = cdn_spec_text(table, &text, value, "property", false);
        if (!status && text)
            column.name = text;
    }
    if (!status)
        status = read_type(reader, &property, type ? type : "timestamp");
    if (status)
        return status;
    column.format.type = property.type;
    if (value->type != CORDON_STRING) {
        status = cdn_spec_bool(table, &property.nullable, value, "nullable");
        if (!status)
            status = cdn_spec_bool(table, &property.mirrored, value, "mirror");
        if (!status)
            status = cdn_spec_bool(table, &column.format.truncate, value, "truncate");
        if (!status)
            status = read_format(reader, &column.format, value);
        if (!status)
            status = cdn_spec_text(table, &text, value, "lua", false);
        if (status)
            return status;
        if (text) {
            int choice;

            cdn_spec_enter(table, "lua");
            choice = cdn_spec_choice(table, text, "form", LUA, CDN_MAPPING_COUNT(LUA),
                                     &status);
            if (choice < 0)
                return status;
            cdn_spec_leave(table);
            property.lua_string = choice == 1;
        }
        if (column.format.truncate && property.type != CDN_COLUMN_TIMESTAMP)
            return cdn_spec_fail_key(table, "truncate", "is for timestamps");
        if (property.mirrored && !edge)
            return cdn_spec_fail_key(table, "mirror", "is for properties of edges");
    }
    if (strlen(column.name) > CDN_SCHEMA_MAX_NAME)
        return cdn_spec_fail(table, "the name is longer than %d bytes",
                             CDN_SCHEMA_MAX_NAME);
    snprintf(property.name, sizeof(property.name), "%s", column.name);
    column.format.nullable = property.nullable;
    for (uint32_t i = 0; i < declared->count; i++)
        if (!strcmp(declared->properties[i].name, property.name))
            return cdn_spec_fail(table, "a second property named '%s'", property.name);
    status = check_alone(reader, property, edge, time);
    if (status)
        return status;
    if (time)
        declared->time = (int32_t)declared->count;
    declared->properties[declared->count] = property;
    declared->columns[declared->count++] = column;
    return CORDON_OK;
}

/* Is this entry of `properties` the one that `time = "..."` names? */
static bool is_time(const char *time, const char *name, const cordon_value *value)
{
    cordon_value other;

    if (!time)
        return false;
    if (!strcmp(time, name))
        return true;
    return cordon_value_get(&other, value, "property") && other.type == CORDON_STRING &&
           strlen(time) == other.length && !memcmp(time, other.as.string, other.length);
}

/* `properties` of a label or an edge, and its `time`. */
cordon_status cdn_mapping_read_properties(struct cdn_mapping_reader *reader,
                                          const cordon_value *of, bool edge)
{
    struct cdn_spec *table = &reader->table;
    struct cdn_mapping_declared *declared = reader->declared;
    cordon_value properties;
    cordon_value time;
    cordon_value_iter iter;
    cordon_value key;
    cordon_value value;
    const char *time_name = NULL;
    cordon_status status = CORDON_OK;
    bool has_time = edge && cordon_value_get(&time, of, "time");

    declared->count = 0;
    declared->time = -1;
    declared->mirror = true;
    if (edge)
        status = cdn_spec_bool(table, &declared->mirror, of, "mirror");
    if (!status && has_time && time.type == CORDON_STRING)
        status = cdn_spec_text(table, &time_name, of, "time", true);
    if (status)
        return status;
    if (cordon_value_get(&properties, of, "properties")) {
        cdn_spec_enter(table, "properties");
        status = cdn_spec_check_map(table, &properties);
        if (status)
            return status;
        cordon_value_iter_init(&iter, &properties);
        while (cordon_value_next(&iter, &key, &value)) {
            const char *name;

            cdn_spec_enter_value(table, &key);
            status = cdn_spec_copy_text(table, &name, &key);
            if (!status)
                status = read_property(reader, name, &value, edge,
                                       is_time(time_name, name, &value));
            if (status)
                return status;
            cdn_spec_leave(table);
        }
        cdn_spec_leave(table);
    }
    if (!has_time || declared->time >= 0)
        return CORDON_OK;
    cdn_spec_enter(table, "time");
    if (time_name) {
        /* a column nobody declared: a timestamp in text */
        cordon_value plain = {.type = CORDON_STRING,
                              .length = (uint32_t)strlen("timestamp"),
                              .as.string = "timestamp"};

        status = read_property(reader, time_name, &plain, true, true);
    } else {
        const char *column = "time";

        status = cdn_spec_check_map(table, &time);
        if (!status)
            status = cdn_spec_text(table, &column, &time, "column", true);
        if (!status)
            status = read_property(reader, column, &time, true, true);
    }
    if (!status)
        cdn_spec_leave(table);
    return status;
}
