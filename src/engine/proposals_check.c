/* One proposal against a schema and a grant.
 *
 *     { label = "Account", key = "17", set = { isBlocked = true }, unset = { "nickname" } }
 *     { type = "flagged", from = account, to = { label = "Account", key = "9" },
 *       time = request.now, properties = { score = 0.9 } }
 *
 * A node handle that a rule puts at from or to is {key, label} by the time it comes here.
 *
 * Every field is known or refused, as everywhere: a misspelt `propertys` would else lose data
 * without a word.  Values are taken as the column's type and nothing near it: no text becomes
 * a number, no 1.5 an integer.  The one exception is what rules see as a string though it is
 * an int64 (`lua = "string"`): its decimal digits are read back.
 *
 * Who reads a log after a full import may find another schema; then this refuses what it took
 * before, and the entry becomes a conflict.  So the form it writes into records, with nil for
 * null and integers for int64, is one that it reads. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/hash.h"
#include "base/pack.h"
#include "base/suggest.h"
#include "base/utf8.h"
#include "engine/proposals.h"
#include "sandbox/spec.h"

const struct cdn_propose_grant cdn_propose_everything = {.everything = true};

#define INT64_DIGITS 20 /* and a sign */

struct check {
    struct cdn_proposed *out;
    const cordon_snapshot *snapshot;
    const struct cdn_propose_grant *grant;
    cordon_error *err;
};

#define refuse(check, ...) cdn_error_set((check)->err, CORDON_E_DATA, __VA_ARGS__)

static bool is_text(const cordon_value *value, const char *text)
{
    return value->type == CORDON_STRING && strlen(text) == value->length &&
           !memcmp(value->as.string, text, value->length);
}

/* A name of a schema: `room` holds it with its NUL.  False: too long or no string. */
static bool take_name(char room[CDN_SCHEMA_MAX_NAME + 1], const cordon_value *value)
{
    if (value->type != CORDON_STRING || value->length > CDN_SCHEMA_MAX_NAME ||
        memchr(value->as.string, 0, value->length))
        return false;
    memcpy(room, value->as.string, value->length);
    room[value->length] = '\0';
    return true;
}

/* Every key of the map is one of `known`. */
static cordon_status check_keys(struct check *check, const cordon_value *map,
                                const char *const *known, const char *what)
{
    cordon_value_iter iter;
    cordon_value key, value;

    cordon_value_iter_init(&iter, map);
    while (cordon_value_next(&iter, &key, &value)) {
        struct cdn_suggest suggest;
        char word[CDN_SCHEMA_MAX_NAME + 1], hint[128];
        bool found = false;

        for (int i = 0; known[i]; i++)
            found |= is_text(&key, known[i]);
        if (found)
            continue;
        if (!take_name(word, &key))
            return refuse(check, "%s has a field that is not a name", what);
        cdn_suggest_init(&suggest, word);
        for (int i = 0; known[i]; i++)
            cdn_suggest_offer(&suggest, known[i]);
        return refuse(check, "%s has no field '%s'%s", what, word,
                      cdn_suggest_text(&suggest, hint, sizeof(hint)));
    }
    return CORDON_OK;
}

/* ---- nodes ---- */

static cordon_status find_label(struct check *check, uint32_t *number,
                                const cordon_value *map, const char *where)
{
    const struct cdn_schema *schema = &check->snapshot->schema;
    char name[CDN_SCHEMA_MAX_NAME + 1], hint[128];
    struct cdn_suggest suggest;
    cordon_value value;
    int32_t found;

    if (!cordon_value_get(&value, map, "label") || !take_name(name, &value))
        return refuse(check, "%slabel: the name of a label is needed", where);
    found = cdn_schema_label(schema, name);
    if (found >= 0) {
        *number = (uint32_t)found;
        return CORDON_OK;
    }
    cdn_suggest_init(&suggest, name);
    for (uint32_t l = 0; l < schema->label_count; l++)
        cdn_suggest_offer(&suggest, schema->labels[l].name);
    return refuse(check, "%slabel: the graph has no label '%s'%s", where, name,
                  cdn_suggest_text(&suggest, hint, sizeof(hint)));
}

/* A decimal int64, as rules see keys: digits and a sign, nothing else.  False: it is none. */
static bool take_int64(int64_t *out, const char *text, size_t bytes)
{
    bool negative = bytes && text[0] == '-';
    uint64_t most = (uint64_t)INT64_MAX + negative;
    uint64_t value = 0;
    size_t at = negative;

    if (bytes == at || bytes > INT64_DIGITS)
        return false;
    for (; at < bytes; at++) {
        uint64_t digit = (uint64_t)(unsigned char)text[at] - '0';

        if (digit > 9 || value > (most - digit) / 10)
            return false;
        value = value * 10 + digit;
    }
    *out = negative ? (int64_t)(0 - value) : (int64_t)value;
    return true;
}

static cordon_status find_node(struct check *check, int end, uint32_t label,
                               const cordon_value *map, const char *where)
{
    const struct cdn_label *of = &check->snapshot->schema.labels[label];
    struct cdn_proposed *out = check->out;
    char digits[24], shown[128];
    const char *text;
    size_t bytes;
    cordon_value key;
    uint32_t node;

    if (!cordon_value_get(&key, map, "key"))
        return refuse(check, "%skey: it is missing", where);
    if (key.type == CORDON_INTEGER && of->key == CDN_KEY_INT64) {
        bytes =
            (size_t)snprintf(digits, sizeof(digits), "%lld", (long long)key.as.integer);
        text = digits;
    } else if (key.type == CORDON_STRING) {
        bytes = key.length;
        text = key.as.string;
    } else {
        return refuse(check, "%skey: %s where a key is needed", where,
                      cdn_spec_type(&key));
    }
    node = cdn_snapshot_find(check->snapshot, label, text, bytes);
    if (node == CDN_DAMAGED_NODE)
        return cdn_error_set(check->err, CORDON_E_CORRUPT,
                             "the snapshot's keys of %s are damaged", of->name);
    if (node == CDN_NO_NODE)
        return cdn_error_set(check->err, CORDON_E_NOTFOUND,
                             "%skey: there is no %s with key '%s'", where, of->name,
                             cdn_escape(shown, sizeof(shown), text, bytes));
    out->nodes[end] = node;
    out->key_text[end] = key;
    out->keys[end] = (struct cdn_key){.text = text, .bytes = bytes};
    if (of->key == CDN_KEY_INT64) {
        if (!take_int64(&out->keys[end].integer, text, bytes))
            return refuse(check, "%skey: not an integer", where);
        out->keys[end].text = NULL;
        out->keys[end].bytes = 0;
    }
    return CORDON_OK;
}

/* ---- values ---- */

static cordon_status wrong_type(struct check *check, const char *where,
                                const struct cdn_property *property,
                                const cordon_value *value)
{
    return refuse(check, "%s.%s: %s, and the property is %s", where, property->name,
                  cdn_spec_type(value),
                  property->lua_string ? "int64 that rules see as a string"
                                       : cdn_column_type_str(property->type));
}

static cordon_status take_integer(struct check *check, const char *where,
                                  const struct cdn_property *property,
                                  const cordon_value *value, struct cdn_cell *cell)
{
    if (value->type == CORDON_INTEGER) {
        cell->as.integer = value->as.integer;
        return CORDON_OK;
    }
    if (value->type == CORDON_STRING && property->lua_string) {
        if (take_int64(&cell->as.integer, value->as.string, value->length))
            return CORDON_OK;
        return refuse(check, "%s.%s: not the digits of an int64", where,
                      property->name);
    }
    if (value->type == CORDON_NUMBER)
        return refuse(check, "%s.%s: %.15g is not an integer within 2^53", where,
                      property->name, value->as.number);
    return wrong_type(check, where, property, value);
}

/* `start` to `end` are the value's own bytes. */
static cordon_status take_cell(struct check *check, const char *where,
                               const struct cdn_property *property,
                               const cordon_value *value, const unsigned char *start,
                               const unsigned char *end, struct cdn_cell *cell)
{
    cell->null = value->type == CORDON_NIL;
    if (cell->null)
        return property->nullable
                   ? CORDON_OK
                   : refuse(check, "%s.%s: it cannot be null", where, property->name);
    switch (property->type) {
    case CDN_COLUMN_BOOL:
        if (value->type != CORDON_BOOLEAN)
            return wrong_type(check, where, property, value);
        cell->as.boolean = value->as.boolean;
        return CORDON_OK;
    case CDN_COLUMN_INT64:
    case CDN_COLUMN_TIMESTAMP:
        return take_integer(check, where, property, value, cell);
    case CDN_COLUMN_FLOAT64:
        if (value->type != CORDON_INTEGER && value->type != CORDON_NUMBER)
            return wrong_type(check, where, property, value);
        cell->as.number = value->type == CORDON_INTEGER ? (double)value->as.integer
                                                        : value->as.number;
        return isfinite(cell->as.number)
                   ? CORDON_OK
                   : refuse(check, "%s.%s: not a finite number", where, property->name);
    case CDN_COLUMN_STRING:
    case CDN_COLUMN_TEXT:
        if (value->type != CORDON_STRING)
            return wrong_type(check, where, property, value);
        if (!cdn_utf8_valid(value->as.string, value->length))
            return refuse(check, "%s.%s: not UTF-8 text", where, property->name);
        cell->as.string.text = value->as.string;
        cell->as.string.bytes = value->length;
        return CORDON_OK;
    case CDN_COLUMN_BAG:
        break;
    }
    cell->as.string.text = (const char *)start;
    cell->as.string.bytes = (size_t)(end - start);
    return CORDON_OK;
}

static bool may_set(const struct check *check, const char *label, const char *property)
{
    const struct cdn_propose_grant *grant = check->grant;

    for (uint32_t l = 0; l < grant->label_count && !grant->everything; l++) {
        const struct cdn_propose_label *of = &grant->labels[l];

        if (strcmp(of->name, label))
            continue;
        for (uint32_t p = 0; p < of->property_count && !of->all; p++)
            if (!strcmp(of->properties[p], property))
                return true;
        return of->all;
    }
    return grant->everything;
}

/* Which property a key names, and whether it may be set. */
static cordon_status find_property(struct check *check, uint32_t *out,
                                   const char *where, const char *of,
                                   const struct cdn_property *properties,
                                   uint32_t count, const cordon_value *key)
{
    char name[CDN_SCHEMA_MAX_NAME + 1], hint[128];
    struct cdn_suggest suggest;
    int32_t found;

    if (!take_name(name, key))
        return refuse(check, "%s: not the name of a property", where);
    found = cdn_properties_find(properties, count, name);
    if (found >= 0 && check->out->given[found])
        return refuse(check, "%s.%s: it is given twice", where, name);
    if (found >= 0) {
        *out = (uint32_t)found;
        return CORDON_OK;
    }
    cdn_suggest_init(&suggest, name);
    for (uint32_t p = 0; p < count; p++)
        cdn_suggest_offer(&suggest, properties[p].name);
    return refuse(check, "%s.%s: %s has no such property%s", where, name, of,
                  cdn_suggest_text(&suggest, hint, sizeof(hint)));
}

/* The values of a map into cells. */
static cordon_status take_cells(struct check *check, const char *where, const char *of,
                                const struct cdn_property *properties, uint32_t count,
                                const cordon_value *map)
{
    const unsigned char *at = map->as.items;
    struct cdn_proposed *out = check->out;

    if (map->type == CORDON_ARRAY && map->length == 0)
        return CORDON_OK; /* an empty Lua table is either */
    if (map->type != CORDON_MAP)
        return refuse(check, "%s: %s where properties by name are needed", where,
                      cdn_spec_type(map));
    for (uint32_t i = 0; i < map->length; i++) {
        const unsigned char *start;
        const unsigned char *head;
        cordon_value key, value;
        cordon_status status;
        uint32_t number;

        start = at;
        if (!cdn_unpack_skip(&at, map->end))
            return refuse(check, "%s: not a value", where);
        head = at;
        if (!cdn_unpack_skip(&at, map->end) || !cdn_unpack_head(&key, &start, map->end))
            return refuse(check, "%s: not a value", where);
        start = head;
        if (!cdn_unpack_head(&value, &head, map->end))
            return refuse(check, "%s: not a value", where);
        status = find_property(check, &number, where, of, properties, count, &key);
        if (!status)
            status = take_cell(check, where, &properties[number], &value, start, at,
                               &out->cells[number]);
        if (status)
            return status;
        out->given[number] = true;
        out->given_count++;
    }
    return CORDON_OK;
}

/* ---- the two kinds ---- */

static cordon_status take_unset(struct check *check, const struct cdn_label *label,
                                const cordon_value *list)
{
    cordon_value_iter iter;
    cordon_value name;

    if (list->type != CORDON_ARRAY)
        return refuse(check, "unset: %s where a list of properties is needed",
                      cdn_spec_type(list));
    cordon_value_iter_init(&iter, list);
    while (cordon_value_next(&iter, NULL, &name)) {
        const cordon_value nothing = {.type = CORDON_NIL};
        uint32_t number;
        cordon_status status =
            find_property(check, &number, "unset", label->name, label->properties,
                          label->property_count, &name);

        if (!status)
            status = take_cell(check, "unset", &label->properties[number], &nothing,
                               NULL, NULL, &check->out->cells[number]);
        if (status)
            return status;
        check->out->given[number] = true;
        check->out->given_count++;
    }
    return CORDON_OK;
}

static cordon_status check_update(struct check *check, const cordon_value *item)
{
    static const char *const known[] = {"key", "label", "set", "unset", NULL};
    struct cdn_proposed *out = check->out;
    const struct cdn_label *label;
    cordon_value set, unset;
    cordon_status status = check_keys(check, item, known, "an updated node");

    if (!status)
        status = find_label(check, &out->number, item, "");
    if (!status)
        status = find_node(check, 0, out->number, item, "");
    if (status)
        return status;
    label = &check->snapshot->schema.labels[out->number];
    if (cordon_value_get(&set, item, "set"))
        status = take_cells(check, "set", label->name, label->properties,
                            label->property_count, &set);
    if (!status && cordon_value_get(&unset, item, "unset"))
        status = take_unset(check, label, &unset);
    if (status)
        return status;
    if (!out->given_count)
        return refuse(check,
                      "it changes nothing; set = { property = value } does, and unset "
                      "= { \"property\" } makes null");
    for (uint32_t p = 0; p < label->property_count; p++) {
        const char *name = label->properties[p].name;

        if (out->given[p] && label->properties[p].immutable)
            return cdn_error_set(check->err, CORDON_E_DENIED,
                                 "%s.%s never changes: the schema says `immutable`",
                                 label->name, name);
        if (out->given[p] && !may_set(check, label->name, name))
            return cdn_error_set(check->err, CORDON_E_DENIED,
                                 "%s.%s is not in what the principal may propose",
                                 label->name, name);
    }
    return CORDON_OK;
}

static cordon_status find_end(struct check *check, uint32_t *label, int end,
                              const cordon_value *item)
{
    static const char *const known[] = {"key", "label", NULL};
    static const char *const words[] = {"from", "to"};
    static const char *const paths[] = {"from.", "to."};
    cordon_value map;
    cordon_status status;

    if (!cordon_value_get(&map, item, words[end]) || map.type != CORDON_MAP)
        return refuse(check, "%s: a node, or { label = ..., key = ... }, is needed",
                      words[end]);
    status = check_keys(check, &map, known, words[end]);
    if (!status)
        status = find_label(check, label, &map, paths[end]);
    if (!status)
        status = find_node(check, end, *label, &map, paths[end]);
    return status;
}

static cordon_status find_relation(struct check *check, const char *type,
                                   const uint32_t labels[2])
{
    const struct cdn_schema *schema = &check->snapshot->schema;
    struct cdn_suggest suggest;
    bool known = false;
    char hint[128];
    int32_t found = cdn_schema_relation(schema, type, labels[0], labels[1]);

    if (found >= 0) {
        check->out->number = (uint32_t)found;
        return CORDON_OK;
    }
    cdn_suggest_init(&suggest, type);
    for (uint32_t r = 0; r < schema->relation_count; r++) {
        known |= !strcmp(schema->relations[r].type, type);
        cdn_suggest_offer(&suggest, schema->relations[r].type);
    }
    if (known)
        return refuse(check, "type: no edge '%s' leads from %s to %s", type,
                      schema->labels[labels[0]].name, schema->labels[labels[1]].name);
    return refuse(check, "type: the graph has no edge type '%s'%s", type,
                  cdn_suggest_text(&suggest, hint, sizeof(hint)));
}

/* The time column comes as `time`, and everything that may not be null is there. */
static cordon_status take_time(struct check *check, const cordon_value *item)
{
    struct cdn_proposed *out = check->out;
    const struct cdn_relation_schema *relation =
        &check->snapshot->schema.relations[out->number];
    cordon_value time;
    bool timed = cordon_value_get(&time, item, "time");

    if (relation->time < 0)
        return timed ? refuse(check, "time: edges '%s' have none", relation->type)
                     : CORDON_OK;
    if (out->given[relation->time])
        return refuse(check, "properties.%s: it is the edge's time; give it as `time`",
                      relation->properties[relation->time].name);
    if (!timed || time.type != CORDON_INTEGER)
        return refuse(
            check, "time: milliseconds since 1970 are needed; edges '%s' have a time",
            relation->type);
    out->given[relation->time] = true;
    out->given_count++;
    out->cells[relation->time] = (struct cdn_cell){.as.integer = time.as.integer};
    return CORDON_OK;
}

static bool may_add(const struct cdn_propose_grant *grant, const char *type)
{
    for (uint32_t e = 0; e < grant->edge_count && !grant->everything; e++)
        if (!strcmp(grant->edges[e], type))
            return true;
    return grant->everything || grant->every_edge;
}

static cordon_status check_edge(struct check *check, const cordon_value *item)
{
    static const char *const known[] = {"from", "properties", "time",
                                        "to",   "type",       NULL};
    struct cdn_proposed *out = check->out;
    const struct cdn_relation_schema *relation;
    char type[CDN_SCHEMA_MAX_NAME + 1];
    cordon_value value;
    uint32_t labels[2];
    cordon_status status = check_keys(check, item, known, "a new edge");

    if (status)
        return status;
    if (!cordon_value_get(&value, item, "type") || !take_name(type, &value))
        return refuse(check, "type: the name of an edge type is needed");
    status = find_end(check, &labels[0], 0, item);
    if (!status)
        status = find_end(check, &labels[1], 1, item);
    if (!status)
        status = find_relation(check, type, labels);
    if (status)
        return status;
    relation = &check->snapshot->schema.relations[out->number];
    if (cordon_value_get(&value, item, "properties"))
        status = take_cells(check, "properties", type, relation->properties,
                            relation->property_count, &value);
    if (!status)
        status = take_time(check, item);
    if (status)
        return status;
    for (uint32_t p = 0; p < relation->property_count; p++) {
        if (!out->given[p] && !relation->properties[p].nullable)
            return refuse(check, "properties.%s: it is missing, and cannot be null",
                          relation->properties[p].name);
        if (!out->given[p])
            out->cells[p] = (struct cdn_cell){.null = true};
    }
    if (!may_add(check->grant, type))
        return cdn_error_set(check->err, CORDON_E_DENIED,
                             "edges '%s' are not in what the principal may propose",
                             type);
    return CORDON_OK;
}

cordon_status cdn_proposal_check(struct cdn_proposed *out,
                                 const cordon_snapshot *snapshot,
                                 cordon_proposal_kind kind, const cordon_value *item,
                                 const struct cdn_propose_grant *grant,
                                 cordon_error *err)
{
    struct check check = {.out = out, .snapshot = snapshot, .grant = grant, .err = err};

    out->kind = kind;
    out->given_count = 0;
    memset(out->given, 0, sizeof(out->given));
    if (item->type != CORDON_MAP)
        return refuse(&check, "%s where a table of named fields is needed",
                      cdn_spec_type(item));
    return kind == CORDON_PROPOSAL_UPDATE ? check_update(&check, item)
                                          : check_edge(&check, item);
}

/* ---- cells ---- */

void cdn_proposal_pack_cell(struct cdn_packer *packer, enum cdn_column_type type,
                            const struct cdn_cell *cell)
{
    if (cell->null) {
        cdn_pack_nil(packer);
        return;
    }
    switch (type) {
    case CDN_COLUMN_BOOL:
        cdn_pack_bool(packer, cell->as.boolean);
        return;
    case CDN_COLUMN_INT64:
    case CDN_COLUMN_TIMESTAMP:
        cdn_pack_int(packer, cell->as.integer);
        return;
    case CDN_COLUMN_FLOAT64:
        cdn_pack_number(packer, cell->as.number);
        return;
    case CDN_COLUMN_STRING:
    case CDN_COLUMN_TEXT:
        cdn_pack_str(packer, cell->as.string.text, cell->as.string.bytes);
        return;
    case CDN_COLUMN_BAG:
        cdn_pack_raw(packer, cell->as.string.text, cell->as.string.bytes);
        return;
    }
}

uint64_t cdn_proposal_digest(enum cdn_column_type type, const struct cdn_cell *cell,
                             struct cdn_buf *scratch)
{
    struct cdn_packer packer;

    cdn_buf_clear(scratch);
    cdn_pack_init_buf(&packer, scratch);
    cdn_proposal_pack_cell(&packer, type, cell);
    return cdn_hash_xxh3(scratch->data, scratch->length);
}
