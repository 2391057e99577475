/* Sources: which files, written how, which rows of them, which columns. */
#include "import/mapping_read.h"

#include <string.h>

#include "base/alloc.h"
#include "base/suggest.h"

#define MAX_SOURCES 4096U

/* ---- how a file is written ---- */

static cordon_status read_byte(struct cdn_mapping_reader *reader, char *out,
                               const cordon_value *map, const char *key)
{
    cordon_value value;

    if (!cordon_value_get(&value, map, key))
        return CORDON_OK;
    if (value.type != CORDON_STRING || value.length != 1 ||
        value.as.string[0] == '\n' || value.as.string[0] == '\r' ||
        value.as.string[0] == '\0' || (unsigned char)value.as.string[0] >= 0x80)
        return cdn_spec_fail_key(&reader->table, key,
                                 "one ASCII character is wanted here, such as \",\" or "
                                 "\"\\t\", and no line end");
    *out = value.as.string[0];
    return CORDON_OK;
}

cordon_status cdn_mapping_read_csv(struct cdn_mapping_reader *reader,
                                   struct cdn_csv_dialect *dialect, const char ***names,
                                   uint32_t *name_count, const cordon_value *of)
{
    static const char *const KNOWN[] = {"delimiter", "quote", "header", "columns"};
    struct cdn_spec *table = &reader->table;
    cordon_value csv;
    cordon_value quote;
    cordon_status status;

    if (!cordon_value_get(&csv, of, "csv"))
        return CORDON_OK;
    cdn_spec_enter(table, "csv");
    status = cdn_spec_check_keys(table, &csv, KNOWN, CDN_MAPPING_COUNT(KNOWN));
    if (!status)
        status = read_byte(reader, &dialect->delimiter, &csv, "delimiter");
    if (status)
        return status;
    if (cordon_value_get(&quote, &csv, "quote") && quote.type == CORDON_BOOLEAN)
        dialect->quote = quote.as.boolean ? '"' : '\0';
    else
        status = read_byte(reader, &dialect->quote, &csv, "quote");
    if (!status)
        status = cdn_spec_bool(table, &dialect->header, &csv, "header");
    if (status)
        return status;
    if (cordon_value_get(&quote, &csv, "columns"))
        status = cdn_spec_texts(table, names, name_count, &csv, "columns");
    if (status)
        return status;
    if (dialect->delimiter == dialect->quote)
        return cdn_spec_fail(table, "the delimiter and the quote are the same");
    if (dialect->header && *name_count)
        return cdn_spec_fail_key(table, "columns",
                                 "is for files without a header line; say header = "
                                 "false as well");
    if (!dialect->header && !*name_count)
        return cdn_spec_fail(table, "without a header line the columns need names: "
                                    "columns = { \"id\", ... }");
    cdn_spec_leave(table);
    return CORDON_OK;
}

/* Data files stay inside the data folder. */
static cordon_status check_files(struct cdn_mapping_reader *reader,
                                 const struct cdn_mapping_source *source)
{
    for (uint32_t i = 0; i < source->file_count; i++) {
        const char *name = source->files[i];
        const char *at = name;

        if (*name == '/')
            return cdn_spec_fail_key(&reader->table, "file",
                                     "'%s' is an absolute path; files are named "
                                     "relative to the data folder",
                                     name);
        while (at) {
            if (at[0] == '.' && at[1] == '.' && (at[2] == '/' || !at[2]))
                return cdn_spec_fail_key(&reader->table, "file",
                                         "'%s' leads out of the data folder", name);
            at = strchr(at, '/');
            if (at)
                at++;
        }
    }
    return CORDON_OK;
}

static cordon_status read_condition(struct cdn_mapping_reader *reader,
                                    struct cdn_mapping_condition *condition,
                                    const cordon_value *map)
{
    static const char *const KNOWN[] = {"column", "op", "value"};
    static const char *const OPERATORS[] = {"==", "~=", "<", "<=", ">", ">="};
    struct cdn_spec *table = &reader->table;
    const char *op;
    char *text;
    cordon_value value;
    cordon_status status =
        cdn_spec_check_keys(table, map, KNOWN, CDN_MAPPING_COUNT(KNOWN));
    int choice;

    if (!status)
        status = cdn_spec_text(table, &condition->column, map, "column", true);
    if (!status)
        status = cdn_spec_text(table, &op, map, "op", true);
    if (status)
        return status;
    cdn_spec_enter(table, "op");
    choice = cdn_spec_choice(table, op, "operator", OPERATORS,
                             CDN_MAPPING_COUNT(OPERATORS), &status);
    if (choice < 0)
        return status;
    cdn_spec_leave(table);
    condition->op = (enum cdn_mapping_operator)choice;
    if (!cordon_value_get(&value, map, "value"))
        return cdn_spec_fail(table, "'value' is missing");
    switch (value.type) {
    case CORDON_INTEGER:
        condition->numeric = true;
        condition->number = (double)value.as.integer;
        return CORDON_OK;
    case CORDON_NUMBER:
        condition->numeric = true;
        condition->number = value.as.number;
        return CORDON_OK;
    case CORDON_STRING:
        text = cdn_spec_keep(table, (size_t)value.length + 1);
        if (!text)
            return cdn_error_nomem(reader->err);
        memcpy(text, value.as.string, value.length);
        condition->text = text;
        condition->bytes = value.length;
        return CORDON_OK;
    case CORDON_NIL:
    case CORDON_BOOLEAN:
    case CORDON_ARRAY:
    case CORDON_MAP:
        break;
    }
    return cdn_spec_fail_key(table, "value",
                             "a string or a number is wanted here, not %s",
                             cdn_spec_type(&value));
}

static cordon_status read_where(struct cdn_mapping_reader *reader,
                                struct cdn_mapping_source *source,
                                const cordon_value *of)
{
    struct cdn_spec *table = &reader->table;
    cordon_value where;
    cordon_value item;
    cordon_status status = CORDON_OK;
    bool list;

    if (!cordon_value_get(&where, of, "where"))
        return CORDON_OK;
    cdn_spec_enter(table, "where");
    list = where.type == CORDON_ARRAY;
    source->condition_count = list ? where.length : 1;
    source->conditions =
        cdn_spec_keep(table, source->condition_count * sizeof(*source->conditions));
    if (!source->conditions)
        return cdn_error_nomem(reader->err);
    if (!list)
        status = read_condition(reader, source->conditions, &where);
    for (uint32_t i = 0; list && i < where.length && !status; i++) {
        cdn_spec_enter_index(table, i + 1);
        if (!cordon_value_at(&item, &where, i))
            return cdn_spec_fail(table, "cannot be read");
        status = read_condition(reader, &source->conditions[i], &item);
        if (!status)
            cdn_spec_leave(table);
    }
    if (!status)
        cdn_spec_leave(table);
    return status;
}

/* ---- sources ---- */

static cordon_status add_source(struct cdn_mapping_reader *reader,
                                const struct cdn_mapping_source *source,
                                const struct cdn_mapping_owner *owner)
{
    struct cdn_mapping *mapping = reader->mapping;
    uint32_t count = mapping->source_count;
    struct cdn_mapping_source *sources;
    struct cdn_mapping_owner *owners;

    if (count == MAX_SOURCES)
        return cdn_spec_fail(&reader->table, "more than %u sources", MAX_SOURCES);
    sources = cdn_realloc_array(mapping->sources, count + 1U, sizeof(*sources));
    if (!sources)
        return cdn_error_nomem(reader->err);
    mapping->sources = sources;
    owners = cdn_realloc_array(reader->owners, count + 1U, sizeof(*owners));
    if (!owners)
        return cdn_error_nomem(reader->err);
    reader->owners = owners;
    sources[count] = *source;
    owners[count] = *owner;
    mapping->source_count++;
    return CORDON_OK;
}

/* Take the declared property `name` into a source, read from `column` (NULL: its own).
 */
static cordon_status choose_column(struct cdn_mapping_reader *reader,
                                   struct cdn_mapping_source *source, const char *name,
                                   const char *column)
{
    const struct cdn_mapping_declared *declared = reader->declared;
    struct cdn_suggest suggest;
    char hint[CDN_SPEC_KEY_BYTES + 32];

    cdn_suggest_init(&suggest, name);
    for (uint32_t i = 0; i < declared->count; i++) {
        if (!strcmp(declared->columns[i].name, name)) {
            for (uint32_t j = 0; j < source->column_count; j++)
                if (!strcmp(source->columns[j].name, name))
                    return cdn_spec_fail(&reader->table, "'%s' is named twice", name);
            source->columns[source->column_count] = declared->columns[i];
            if (column)
                source->columns[source->column_count].column = column;
            source->column_count++;
            return CORDON_OK;
        }
        cdn_suggest_offer(&suggest, declared->columns[i].name);
    }
    return cdn_spec_fail(&reader->table, "no property '%.64s' is declared%s", name,
                         cdn_suggest_text(&suggest, hint, sizeof(hint)));
}

/* A source that deletes edges may tell parallel ones apart by their time. */
static cordon_status check_deleted(struct cdn_mapping_reader *reader,
                                   const struct cdn_mapping_source *source)
{
    const struct cdn_mapping_declared *declared = reader->declared;

    for (uint32_t i = 0; i < source->column_count; i++)
        if (!source->edge || declared->time < 0 ||
            strcmp(source->columns[i].name, declared->columns[declared->time].name))
            return cdn_spec_fail(&reader->table,
                                 "'%.64s' has no use here: what is deleted is named by "
                                 "its keys%s",
                                 source->columns[i].name,
                                 source->edge ? " and its time" : "");
    return CORDON_OK;
}

/* What the rows do: `change`. */
static cordon_status read_change(struct cdn_mapping_reader *reader,
                                 struct cdn_mapping_source *source,
                                 const cordon_value *map)
{
    static const char *const CHANGES[] = {"add", "update", "delete"};
    struct cdn_spec *table = &reader->table;
    const char *text;
    cordon_status status = cdn_spec_text(table, &text, map, "change", false);
    int choice;

    if (status || !text)
        return status;
    cdn_spec_enter(table, "change");
    choice = cdn_spec_choice(table, text, "change", CHANGES, CDN_MAPPING_COUNT(CHANGES),
                             &status);
    if (choice < 0)
        return status;
    source->change = (enum cdn_mapping_change)choice;
    if (source->edge && source->change == CDN_MAPPING_UPDATE)
        return cdn_spec_fail(table, "edges have no keys of their own and cannot be "
                                    "updated; delete them and add others");
    cdn_spec_leave(table);
    return CORDON_OK;
}

/* Which properties a source has: all, or those its own `properties` lists. */
static cordon_status choose_columns(struct cdn_mapping_reader *reader,
                                    struct cdn_mapping_source *source,
                                    const cordon_value *of, bool own)
{
    struct cdn_spec *table = &reader->table;
    const struct cdn_mapping_declared *declared = reader->declared;
    cordon_value chosen;
    cordon_value_iter iter;
    cordon_value key;
    cordon_value value;
    cordon_status status = CORDON_OK;
    uint32_t index = 0;

    source->columns = cdn_spec_keep(table, declared->count * sizeof(*source->columns));
    if (!source->columns)
        return cdn_error_nomem(reader->err);
    if (!own || !cordon_value_get(&chosen, of, "properties")) {
        if (source->change == CDN_MAPPING_DELETE)
            return CORDON_OK; /* to delete takes no more than a key */
        if (declared->count)
            memcpy(source->columns, declared->columns,
                   declared->count * sizeof(*source->columns));
        source->column_count = declared->count;
        return CORDON_OK;
    }
    cdn_spec_enter(table, "properties");
    if (chosen.type != CORDON_ARRAY && chosen.type != CORDON_MAP)
        return cdn_spec_fail(table, "a list of properties is wanted here, not %s",
                             cdn_spec_type(&chosen));
    cordon_value_iter_init(&iter, &chosen);
    while (!status && cordon_value_next(&iter, &key, &value)) {
        const char *name = NULL;
        const char *column = NULL;

        if (chosen.type == CORDON_MAP) {
            cdn_spec_enter_value(table, &key);
            status = cdn_spec_copy_text(table, &name, &key);
            if (!status)
                status = cdn_spec_copy_text(table, &column, &value);
        } else {
            cdn_spec_enter_index(table, ++index);
            status = cdn_spec_copy_text(table, &name, &value);
        }
        if (!status)
            status = choose_column(reader, source, name, column);
        if (!status)
            cdn_spec_leave(table);
    }
    if (status)
        return status;
    if (source->change == CDN_MAPPING_DELETE)
        status = check_deleted(reader, source);
    if (status)
        return status;
    for (uint32_t i = 0; source->change == CDN_MAPPING_ADD && i < declared->count;
         i++) {
        bool has = declared->properties[i].nullable;

        for (uint32_t j = 0; j < source->column_count && !has; j++)
            has = !strcmp(source->columns[j].name, declared->columns[i].name);
        if (!has)
            return cdn_spec_fail(
                table,
                "'%s' is not among them and is not nullable: what would "
                "its value be?",
                declared->columns[i].name);
    }
    cdn_spec_leave(table);
    return CORDON_OK;
}

/* One source: the label or edge itself, or an entry of its `sources`.  `base` holds
 * what the label or edge says for all of them. */
static cordon_status read_source(struct cdn_mapping_reader *reader,
                                 const cordon_value *map,
                                 const struct cdn_mapping_source *base,
                                 const struct cdn_mapping_owner *owner, bool own)
{
    struct cdn_spec *table = &reader->table;
    struct cdn_mapping_source source = *base;
    const char *text;
    cordon_status status =
        cdn_spec_texts(table, &source.files, &source.file_count, map, "file");

    if (status)
        return status;
    if (!source.file_count && reader->changes && !own)
        return CORDON_OK; /* named for its edges' sake */
    if (!source.file_count)
        return cdn_spec_fail(table, "'file' is missing");
    status = check_files(reader, &source);
    if (!status)
        status = cdn_mapping_read_csv(reader, &source.dialect, &source.names,
                                      &source.name_count, map);
    if (!status)
        status = read_where(reader, &source, map);
    if (!status && !source.edge)
        status = cdn_spec_bool(table, &source.distinct, map, "distinct");
    if (!status)
        status = read_change(reader, &source, map);
    if (!status && own) {
        status =
            cdn_spec_text(table, &text, map, source.edge ? "source" : "key", false);
        if (!status && text)
            source.key = text;
        if (!status && source.edge)
            status = cdn_spec_text(table, &text, map, "target", false);
        if (!status && source.edge && text)
            source.target = text;
    }
    if (status)
        return status;
    if (!source.key)
        return cdn_spec_fail(table, "'%s' is missing: the column that holds the %s",
                             source.edge ? "source" : "key",
                             source.edge ? "source's key" : "key");
    if (source.edge && !source.target)
        return cdn_spec_fail(table,
                             "'target' is missing: the column that holds the target's "
                             "key");
    status = choose_columns(reader, &source, map, own);
    if (!status)
        status = add_source(reader, &source, owner);
    return status;
}

cordon_status cdn_mapping_read_sources(struct cdn_mapping_reader *reader,
                                       const cordon_value *map,
                                       const struct cdn_mapping_source *base,
                                       const struct cdn_mapping_owner *owner)
{
    static const char *const LABEL[] = {"file",     "csv",        "where", "key",
                                        "distinct", "properties", "change"};
    static const char *const EDGE[] = {"file",   "csv",        "where", "source",
                                       "target", "properties", "change"};
    struct cdn_spec *table = &reader->table;
    cordon_value sources;
    cordon_value item;
    cordon_status status = CORDON_OK;

    if (!cordon_value_get(&sources, map, "sources"))
        return read_source(reader, map, base, owner, false);
    if (cordon_value_get(&item, map, "file"))
        return cdn_spec_fail(table, "either 'file' or 'sources', not both");
    cdn_spec_enter(table, "sources");
    if (sources.type != CORDON_ARRAY || !sources.length)
        return cdn_spec_fail(table, "a list of sources is wanted here, such as "
                                    "{ { file = \"a.csv\" }, ... }");
    for (uint32_t i = 0; i < sources.length && !status; i++) {
        cdn_spec_enter_index(table, i + 1);
        if (!cordon_value_at(&item, &sources, i))
            return cdn_spec_fail(table, "cannot be read");
        status = cdn_spec_check_keys(
            table, &item, base->edge ? EDGE : LABEL,
            (base->edge ? CDN_MAPPING_COUNT(EDGE) : CDN_MAPPING_COUNT(LABEL)) -
                !reader->changes);
        if (!status)
            status = read_source(reader, &item, base, owner, true);
        if (!status)
            cdn_spec_leave(table);
    }
    if (!status)
        cdn_spec_leave(table);
    return status;
}

/* What `csv`, `where` and `distinct` beside `sources` say for all of them. */
cordon_status cdn_mapping_read_base(struct cdn_mapping_reader *reader,
                                    struct cdn_mapping_source *base,
                                    const cordon_value *map)
{
    cordon_value sources;
    cordon_status status;

    base->dialect = reader->dialect;
    base->names = reader->names;
    base->name_count = reader->name_count;
    if (!cordon_value_get(&sources, map, "sources"))
        return CORDON_OK; /* read_source() reads them */
    status = cdn_mapping_read_csv(reader, &base->dialect, &base->names,
                                  &base->name_count, map);
    if (!status)
        status = read_where(reader, base, map);
    if (!status && !base->edge)
        status = cdn_spec_bool(&reader->table, &base->distinct, map, "distinct");
    return status;
}
