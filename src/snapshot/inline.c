/* Graphs in a request: a value to a snapshot in memory (cordon_snapshot_from_value).
 *
 * The value is walked once and becomes a draft (draft.h) of words that point into it; nothing
 * of it is copied but integer keys, as text, and what lies in the graph in the end.  All of it
 * is hostile: counts and bytes are held against limits before anything is allocated, names are
 * checked before they are looked up, and a fault is told by its path, which is found again from
 * the byte it was found at. */
#include "snapshot/draft.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/pack.h"
#include "base/suggest.h"
#include "base/time.h"
#include "base/utf8.h"
#include "snapshot/snapshot.h"

#define MAX_NODES      10000
#define MAX_EDGES      100000
#define MAX_BYTES      (UINT64_C(4) << 20)
#define MAX_BAG        ((size_t)64 << 10)
#define EXACT          (INT64_C(1) << 53)
#define MAX_PATH_BYTES 200

/* An integer key as text, and where it stands. */
struct number {
    const char *at;
    char text[24];
};

struct inlining {
    struct cdn_draft draft; /* first */
    const cordon_value *graph;
    const unsigned char *begin; /* of all of it, but for its own head */
    struct number *numbers;
    size_t number_count, number_room;
};

/* One element of an array, or key and value of a map. */
struct item {
    cordon_value key; /* of a map */
    cordon_value value;
    const unsigned char *start; /* the value's first byte */
    size_t bytes;               /* of the value */
};

/* ---- walking ---- */

struct walk {
    const unsigned char *at;
    const unsigned char *end;
    uint32_t left;
    bool map;
};

static struct walk walk_of(const cordon_value *value)
{
    bool map = value->type == CORDON_MAP;

    if (!map && value->type != CORDON_ARRAY)
        return (struct walk){0};
    return (struct walk){value->as.items, value->end, value->length, map};
}

/* The next one; false: there is none, or the bytes are not what they were. */
static bool walk_next(struct walk *walk, struct item *out)
{
    const unsigned char *inside;

    if (!walk->left)
        return false;
    walk->left--;
    if (walk->map && (!cdn_unpack_head(&out->key, &walk->at, walk->end) ||
                      out->key.type == CORDON_ARRAY || out->key.type == CORDON_MAP))
        return false;
    out->start = inside = walk->at;
    if (!cdn_unpack_head(&out->value, &inside, walk->end) ||
        !cdn_unpack_skip(&walk->at, walk->end))
        return false;
    out->value.end = walk->at;
    out->bytes = (size_t)(walk->at - out->start);
    return true;
}

/* ---- faults ---- */

/* The path of what holds the byte at `at`: "edges[3].properties.amount". */
static void path_of(char *out, size_t size, const cordon_value *value,
                    const unsigned char *at)
{
    struct walk walk = walk_of(value);
    uint32_t index = 0;
    struct item item;

    *out = '\0';
    while (walk_next(&walk, &item)) {
        size_t used = strlen(out);

        if (at >= walk.at) {
            index++;
            continue;
        }
        if (!walk.map)
            (void)snprintf(out + used, size - used, "[%" PRIu32 "]", index);
        else if (item.key.type == CORDON_STRING)
            (void)snprintf(out + used, size - used, "%s%.*s", used ? "." : "",
                           item.key.length > 64 ? 64 : (int)item.key.length,
                           item.key.as.string);
        if (at <= item.start)
            return;
        walk = walk_of(&item.value);
        index = 0;
    }
}

static cordon_status fault(const struct cdn_draft *draft, bool edge, const char *at,
                           const char *message)
{
    const struct inlining *inlining = (const struct inlining *)(const void *)draft;
    const char *numbers = (const char *)inlining->numbers;
    char path[MAX_PATH_BYTES];

    (void)edge;
    if (numbers && at >= numbers &&
        at < numbers + inlining->number_count * sizeof *inlining->numbers)
        at = inlining->numbers[(size_t)(at - numbers) / sizeof *inlining->numbers].at;
    path_of(path, sizeof path, inlining->graph, (const unsigned char *)at);
    return cdn_error_set(draft->err, CORDON_E_DATA, "%s%s%s", path, *path ? ": " : "",
                         message);
}

#define FAULT(inlining, place, ...)                                                    \
    (cdn_draft_fault(&(inlining)->draft, false, (const char *)(place), __VA_ARGS__),   \
     (cordon_status)CORDON_E_DATA)

/* ---- words ---- */

static bool is_name(const cordon_value *value)
{
    const char *text = value->as.string;

    if (value->type != CORDON_STRING || !value->length ||
        value->length > CDN_SCHEMA_MAX_NAME || (text[0] >= '0' && text[0] <= '9'))
        return false;
    for (uint32_t i = 0; i < value->length; i++)
        if (!((text[i] >= 'a' && text[i] <= 'z') ||
              (text[i] >= 'A' && text[i] <= 'Z') ||
              (text[i] >= '0' && text[i] <= '9') || text[i] == '_'))
            return false;
    return true;
}

static cordon_status take_name(struct cdn_word *out, struct inlining *inlining,
                               const cordon_value *value, const unsigned char *at,
                               const char *what)
{
    if (!is_name(value))
        return FAULT(
            inlining, at,
            "%s is a name: letters, digits and _, at most %d, the first no digit", what,
            CDN_SCHEMA_MAX_NAME);
    *out = (struct cdn_word){value->as.string, value->length};
    return CORDON_OK;
}

static cordon_status take_key(struct cdn_word *out, struct inlining *inlining,
                              const struct item *item)
{
    struct number *number;

    if (item->value.type == CORDON_STRING && item->value.length) {
        *out = (struct cdn_word){item->value.as.string, item->value.length};
        return CORDON_OK;
    }
    if (item->value.type != CORDON_INTEGER ||
        inlining->number_count == inlining->number_room)
        return FAULT(inlining, item->start,
                     "a key is an integer or a string that is not empty");
    number = &inlining->numbers[inlining->number_count++];
    number->at = (const char *)item->start;
    out->bytes = (size_t)snprintf(number->text, sizeof number->text, "%" PRId64,
                                  item->value.as.integer);
    out->text = number->text;
    return CORDON_OK;
}

/* ---- fields ---- */

/* Which of the names a field has; -1: none, or for the second time, which is told. */
static int which_field(struct inlining *inlining, const struct item *item,
                       const char *const *names, uint32_t *seen, const char *what)
{
    struct cdn_suggest suggest;
    char shown[80] = "", hint[120];

    if (item->key.type == CORDON_STRING)
        (void)snprintf(shown, sizeof shown, "%.*s",
                       item->key.length > 64 ? 64 : (int)item->key.length,
                       item->key.as.string);
    cdn_suggest_init(&suggest, shown);
    for (int i = 0; names[i]; i++) {
        if (item->key.type != CORDON_STRING || item->key.length != strlen(names[i]) ||
            memcmp(item->key.as.string, names[i], item->key.length) != 0) {
            cdn_suggest_offer(&suggest, names[i]);
            continue;
        }
        if (!(*seen >> i & 1)) {
            *seen |= 1u << i;
            return i;
        }
        (void)FAULT(inlining, item->start, "stands twice");
        return -1;
    }
    (void)FAULT(inlining, item->start, "%s has no '%s'%s", what, shown,
                cdn_suggest_text(&suggest, hint, sizeof hint));
    return -1;
}

/* {label, key} or "Account:17". */
static cordon_status take_end(struct cdn_draft_end *out, struct inlining *inlining,
                              const struct item *item)
{
    static const char *const names[] = {"label", "key", NULL};
    struct walk walk = walk_of(&item->value);
    const cordon_value *value = &item->value;
    cordon_status status = CORDON_OK;
    struct item field;
    uint32_t seen = 0;

    if (value->type == CORDON_STRING) {
        const char *colon =
            value->length ? memchr(value->as.string, ':', value->length) : NULL;
        size_t label = colon ? (size_t)(colon - value->as.string) : 0;
        cordon_value name = {.type = CORDON_STRING,
                             .length = (uint32_t)label,
                             .as.string = value->as.string};

        if (!is_name(&name) || label + 1 == value->length)
            return FAULT(inlining, item->start,
                         "a node is written \"Label:key\", such as \"Account:17\", or "
                         "{label, key}");
        out->label = (struct cdn_word){value->as.string, label};
        out->key = (struct cdn_word){colon + 1, value->length - label - 1};
        return CORDON_OK;
    }
    while (!status && walk.map && walk_next(&walk, &field)) {
        int which = which_field(inlining, &field, names, &seen, "a node");

        if (which < 0)
            return CORDON_E_DATA;
        status = which == 0 ? take_name(&out->label, inlining, &field.value,
                                        field.start, "a label")
                            : take_key(&out->key, inlining, &field);
    }
    if (!status && seen != 3)
        return FAULT(inlining, item->start,
                     "a node has a label and a key: {label, key} or \"Account:17\"");
    return status;
}

static enum cdn_literal literal_of(const cordon_value *value)
{
    switch (value->type) {
    case CORDON_NIL:
        return CDN_LITERAL_NULL;
    case CORDON_BOOLEAN:
        return CDN_LITERAL_BOOL;
    case CORDON_INTEGER:
        return CDN_LITERAL_INTEGER;
    case CORDON_NUMBER:
        return CDN_LITERAL_NUMBER;
    case CORDON_STRING:
        return CDN_LITERAL_STRING;
    case CORDON_ARRAY:
    case CORDON_MAP:
        break;
    }
    return CDN_LITERAL_BAG;
}

static void add_value(struct inlining *inlining, struct cdn_draft_row *row,
                      struct cdn_word name, const struct item *item)
{
    const struct cdn_draft_value value = {
        name, {(const char *)item->start, item->bytes}, literal_of(&item->value)};

    cdn_buf_append(&inlining->draft.values, &value, sizeof value);
    row->count++;
}

static cordon_status take_properties(struct cdn_draft_row *row,
                                     struct inlining *inlining, const struct item *item)
{
    struct walk walk = walk_of(&item->value);
    cordon_status status = CORDON_OK;
    struct cdn_word name;
    struct item field;

    if (item->value.type == CORDON_NIL)
        return CORDON_OK;
    if (item->value.type != CORDON_MAP)
        return FAULT(inlining, item->start, "properties are a map from name to value");
    if (item->value.length > CDN_SCHEMA_MAX_PROPERTIES)
        return FAULT(inlining, item->start,
                     "%" PRIu32 " properties; one thing has at most %d",
                     item->value.length, CDN_SCHEMA_MAX_PROPERTIES);
    while (!status && walk_next(&walk, &field)) {
        status = take_name(&name, inlining, &field.key, field.start, "a property");
        if (!status)
            add_value(inlining, row, name, &field);
    }
    return status;
}

static cordon_status take_time(struct cdn_draft_row *row, struct inlining *inlining,
                               const struct item *item)
{
    if (item->value.type == CORDON_NIL)
        return CORDON_OK;
    if (item->value.type != CORDON_INTEGER && item->value.type != CORDON_STRING)
        return FAULT(inlining, item->start,
                     "a time is an integer, ms since 1970 UTC, or text such as "
                     "\"2026-11-24T10:00Z\"");
    add_value(inlining, row, (struct cdn_word){NULL, 0}, item);
    return CORDON_OK;
}

/* ---- rows ---- */

/* The field of that name, for what has to come first among a row's values. */
static bool find_field(struct item *out, const cordon_value *map, const char *name)
{
    struct walk walk = walk_of(map);

    while (walk_next(&walk, out))
        if (out->key.type == CORDON_STRING && out->key.length == strlen(name) &&
            !memcmp(out->key.as.string, name, out->key.length))
            return true;
    return false;
}

static cordon_status take_node(struct cdn_draft_row *row, struct inlining *inlining,
                               const struct item *item)
{
    static const char *const names[] = {"label", "key", "properties", NULL};
    struct walk walk = walk_of(&item->value);
    cordon_status status = CORDON_OK;
    struct item field;
    uint32_t seen = 0;

    while (!status && walk.map && walk_next(&walk, &field)) {
        switch (which_field(inlining, &field, names, &seen, "a node")) {
        case 0:
            status = take_name(&row->ends[0].label, inlining, &field.value, field.start,
                               "a label");
            break;
        case 1:
            status = take_key(&row->ends[0].key, inlining, &field);
            break;
        case 2:
            status = take_properties(row, inlining, &field);
            break;
        default:
            return CORDON_E_DATA;
        }
    }
    if (!status && (seen & 3) != 3)
        return FAULT(inlining, item->start, "a node has a label and a key");
    return status;
}

static cordon_status take_edge(struct cdn_draft_row *row, struct inlining *inlining,
                               const struct item *item)
{
    static const char *const names[] = {"type", "from",       "to",
                                        "time", "properties", NULL};
    struct walk walk = walk_of(&item->value);
    cordon_status status = CORDON_OK;
    struct item field;
    uint32_t seen = 0;

    if (walk.map && find_field(&field, &item->value, "time"))
        status = take_time(row, inlining, &field);
    while (!status && walk.map && walk_next(&walk, &field)) {
        switch (which_field(inlining, &field, names, &seen, "an edge")) {
        case 0:
            status = take_name(&row->type, inlining, &field.value, field.start,
                               "an edge type");
            break;
        case 1:
            status = take_end(&row->ends[0], inlining, &field);
            break;
        case 2:
            status = take_end(&row->ends[1], inlining, &field);
            break;
        case 3:
            break; /* it was taken before */
        case 4:
            status = take_properties(row, inlining, &field);
            break;
        default:
            return CORDON_E_DATA;
        }
    }
    if (!status && (seen & 7) != 7)
        return FAULT(inlining, item->start, "an edge has a type, from and to");
    return status;
}

static cordon_status take_rows(struct inlining *inlining, const cordon_value *list,
                               bool edge)
{
    struct walk walk = walk_of(list);
    cordon_status status = CORDON_OK;
    struct item item;

    while (!status && walk_next(&walk, &item)) {
        struct cdn_draft_row row = {.at = (const char *)item.start};

        row.first =
            (uint32_t)(inlining->draft.values.length / sizeof(struct cdn_draft_value));
        status =
            edge ? take_edge(&row, inlining, &item) : take_node(&row, inlining, &item);
        cdn_buf_append(&inlining->draft.rows[edge], &row, sizeof row);
        if (inlining->draft.rows[edge].failed || inlining->draft.values.failed)
            return cdn_error_nomem(inlining->draft.err);
    }
    return status;
}

/* ---- values ---- */

static cordon_value value_of(const struct cdn_draft_value *value)
{
    const unsigned char *at = (const unsigned char *)value->text.text;
    cordon_value out = {.type = CORDON_NIL};

    (void)cdn_unpack_head(&out, &at, at + value->text.bytes);
    return out;
}

static const char *say(char out[CDN_DRAFT_SAY], const struct cdn_draft_value *value)
{
    cordon_value is = value_of(value);

    switch (is.type) {
    case CORDON_NIL:
        (void)snprintf(out, CDN_DRAFT_SAY, "nil");
        break;
    case CORDON_BOOLEAN:
        (void)snprintf(out, CDN_DRAFT_SAY, "%s", is.as.boolean ? "true" : "false");
        break;
    case CORDON_INTEGER:
        (void)snprintf(out, CDN_DRAFT_SAY, "%" PRId64, is.as.integer);
        break;
    case CORDON_NUMBER:
        (void)snprintf(out, CDN_DRAFT_SAY, "%.17g", is.as.number);
        break;
    case CORDON_STRING:
        (void)snprintf(out, CDN_DRAFT_SAY, "%.*s", is.length > 60 ? 60 : (int)is.length,
                       is.as.string);
        break;
    case CORDON_ARRAY:
    case CORDON_MAP:
        (void)snprintf(out, CDN_DRAFT_SAY, is.type == CORDON_MAP ? "{}" : "[]");
        break;
    }
    return out;
}

static const char *read_number(struct cdn_cell *cell, const cordon_value *is,
                               const struct cdn_property *property)
{
    if (property->type == CDN_COLUMN_FLOAT64) {
        if (is->type == CORDON_NUMBER)
            cell->as.number = is->as.number;
        else if (is->type == CORDON_INTEGER && is->as.integer >= -EXACT &&
                 is->as.integer <= EXACT)
            cell->as.number = (double)is->as.integer;
        else
            return is->type == CORDON_INTEGER
                       ? "is beyond +-2^53, and the property is a float64"
                       : "is no number, and the property is one";
        return isfinite(cell->as.number) ? NULL : "is not finite";
    }
    if (is->type == CORDON_INTEGER) {
        cell->as.integer = is->as.integer;
        return NULL;
    }
    if (property->type == CDN_COLUMN_TIMESTAMP && is->type == CORDON_STRING)
        return cdn_time_parse(&cell->as.integer, is->as.string, is->length)
                   ? NULL
                   : "is no time; write it as 2026-11-24T10:00Z, or as an integer, ms "
                     "since 1970 UTC";
    return property->type == CDN_COLUMN_TIMESTAMP
               ? "is no time; it is an integer, ms since 1970 UTC, or text"
               : "is no integer, and the property is one";
}

static cordon_status read_value(struct cdn_cell *cell, struct cdn_buf *decoded,
                                size_t *where, const char **why,
                                char room[CDN_DRAFT_WHY],
                                const struct cdn_draft_value *value,
                                const struct cdn_property *property)
{
    cordon_value is = value_of(value);

    (void)room;
    (void)decoded; /* everything lies in the value */
    (void)where;
    switch (property->type) {
    case CDN_COLUMN_BOOL:
        cell->as.boolean = is.type == CORDON_BOOLEAN && is.as.boolean;
        if (is.type != CORDON_BOOLEAN)
            *why = "is neither true nor false, and the property is a bool";
        return CORDON_OK;
    case CDN_COLUMN_INT64:
    case CDN_COLUMN_FLOAT64:
    case CDN_COLUMN_TIMESTAMP:
        *why = read_number(cell, &is, property);
        return CORDON_OK;
    case CDN_COLUMN_STRING:
    case CDN_COLUMN_TEXT:
        cell->as.string.text = is.as.string;
        cell->as.string.bytes = is.length;
        if (is.type != CORDON_STRING)
            *why = "is no string, and the property is one";
        else if (!cdn_utf8_valid(is.as.string, is.length))
            *why = "is not UTF-8";
        return CORDON_OK;
    case CDN_COLUMN_BAG:
        break;
    }
    if (value->text.bytes > MAX_BAG)
        *why = "is longer than a bag may be, 64 KiB";
    cell->as.string.text = value->text.text;
    cell->as.string.bytes = value->text.bytes;
    return CORDON_OK;
}

static const struct cdn_draft_reader reader = {
    .fault = fault,
    .read = read_value,
    .say = say,
    .no_time = "; give it as `time`",
};

/* ---- all of it ---- */

static cordon_status take_graph(struct inlining *inlining,
                                const cordon_inline_options *options)
{
    static const char *const names[] = {"nodes", "edges", NULL};
    struct walk walk = walk_of(inlining->graph);
    cordon_value lists[2] = {{.type = CORDON_NIL}, {.type = CORDON_NIL}};
    const uint64_t most[2] = {options->max_nodes ? options->max_nodes : MAX_NODES,
                              options->max_edges ? options->max_edges : MAX_EDGES};
    uint64_t bytes = options->max_bytes ? options->max_bytes : MAX_BYTES;
    cordon_status status;
    struct item item;
    uint32_t seen = 0;

    if (!walk.map)
        return cdn_error_set(inlining->draft.err, CORDON_E_DATA,
                             "a graph is a map, {nodes: [...], edges: [...]}");
    while (walk_next(&walk, &item)) {
        int which = which_field(inlining, &item, names, &seen, "a graph");

        if (which < 0)
            return CORDON_E_DATA;
        if (item.value.type != CORDON_ARRAY && item.value.type != CORDON_NIL)
            return FAULT(inlining, item.start, "it is a list");
        lists[which] = item.value;
        if (item.value.type == CORDON_ARRAY && item.value.length > most[which])
            return FAULT(inlining, item.start,
                         "%" PRIu32 " %s; at most %" PRIu64 " are taken",
                         item.value.length, names[which], most[which]);
        if (item.value.type == CORDON_NIL)
            lists[which].length = 0;
    }
    if (walk.left)
        return cdn_error_set(inlining->draft.err, CORDON_E_DATA,
                             "the graph's bytes are damaged");
    if ((uint64_t)(walk.at - inlining->begin) > bytes)
        return cdn_error_set(inlining->draft.err, CORDON_E_DATA,
                             "the graph has %zu bytes; at most %" PRIu64 " are taken",
                             (size_t)(walk.at - inlining->begin), bytes);
    inlining->number_room = lists[0].length + 2 * (size_t)lists[1].length;
    inlining->numbers =
        cdn_realloc_array(NULL, inlining->number_room + 1, sizeof *inlining->numbers);
    if (!inlining->numbers)
        return cdn_error_nomem(inlining->draft.err);
    status = take_rows(inlining, &lists[0], false);
    if (!status)
        status = take_rows(inlining, &lists[1], true);
    return status;
}

cordon_status cordon_snapshot_from_value(cordon_snapshot **out,
                                         const cordon_value *graph,
                                         const cordon_inline_options *options,
                                         cordon_error *err)
{
    static const cordon_inline_options defaults = CORDON_INLINE_OPTIONS_INIT;
    struct inlining inlining = {.graph = graph};
    cordon_error own;
    cordon_status status;

    if (!options)
        options = &defaults;
    if (!err)
        err = &own;
    if (!out || !graph)
        return cdn_error_set(err, CORDON_E_INVALID,
                             "cordon_snapshot_from_value: no %s; it must not be NULL",
                             out ? "graph" : "out");
    *out = NULL;
    if (options->struct_size != sizeof *options)
        return cdn_error_set(err, CORDON_E_INVALID,
                             "cordon_inline_options: struct_size is %zu where %zu is "
                             "known; begin with CORDON_INLINE_OPTIONS_INIT",
                             options->struct_size, sizeof *options);
    inlining.draft.reader = &reader;
    inlining.draft.err = err;
    inlining.begin = graph->type == CORDON_MAP ? graph->as.items : NULL;
    status = take_graph(&inlining, options);
    if (!status && !options->schema && !cdn_draft_row_count(&inlining.draft, false) &&
        !cdn_draft_row_count(&inlining.draft, true))
        status = cdn_error_set(err, CORDON_E_DATA,
                               "the graph has neither a node nor an edge");
    if (!status)
        status = cdn_draft_make(out, &inlining.draft,
                                options->schema ? &options->schema->schema : NULL);
    cdn_draft_deinit(&inlining.draft);
    cdn_free(inlining.numbers);
    return status;
}
