/* What an input gave, for a reader's eyes or as JSON: the maps of console/show.h.
 *
 *     Account:17  country = "DE"  opened = 2026-01-01T00:00:00Z
 *
 *     3 transfer edges
 *       from        to          time                  amount
 *       Account:17  Account:18  2026-11-24T10:00:00Z  900
 *
 * What came out of the graph or a rule is escaped: a key that holds an escape sequence is
 * shown as one that does. */
#include "cli/repl/repl.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base/time.h"
#include "codec/json.h"

#define CELL_BYTES 48 /* of a text in a table */

enum { MOST_COLUMNS = 16 };

struct page {
    FILE *to;
    bool color;
    struct cdn_buf line; /* what is being put together */
};

static bool is_a(const cordon_value *value, const char *kind)
{
    cordon_value name;

    return cordon_value_get(&name, value, "$") && name.type == CORDON_STRING &&
           name.length == strlen(kind) && !memcmp(name.as.string, kind, name.length);
}

static uint64_t number_of(const cordon_value *value, const char *field)
{
    cordon_value number;

    return cordon_value_get(&number, value, field) && number.type == CORDON_INTEGER &&
                   number.as.integer > 0
               ? (uint64_t)number.as.integer
               : 0;
}

/* ---- on one line ---- */

static void put_escaped(struct cdn_buf *out, const char *text, size_t bytes,
                        size_t most)
{
    char shown[1700];

    cdn_buf_text(
        out, cdn_escape(shown, most < sizeof shown ? most : sizeof shown, text, bytes));
}

static void put_number(struct cdn_buf *out, double number)
{
    if (isnan(number))
        cdn_buf_text(out, "nan");
    else
        cdn_buf_printf(out, "%.10g", number);
}

static void put_value(struct cdn_buf *out, const cordon_value *value, size_t most);

static void put_time(struct cdn_buf *out, const cordon_value *value)
{
    char shown[40];
    cordon_value ms;

    if (cordon_value_get(&ms, value, "ms") && ms.type == CORDON_INTEGER)
        cdn_buf_text(out, cdn_time_format(shown, sizeof shown, ms.as.integer));
    else
        cdn_buf_text(out, "nil");
}

/* "Account:17" */
static void put_node_name(struct cdn_buf *out, const cordon_value *node)
{
    cordon_value label, key;

    if (cordon_value_get(&label, node, "label") && label.type == CORDON_STRING)
        put_escaped(out, label.as.string, label.length, 80);
    cdn_buf_text(out, ":");
    if (!cordon_value_get(&key, node, "key"))
        return;
    if (key.type == CORDON_STRING)
        put_escaped(out, key.as.string, key.length, 200);
    else
        put_value(out, &key, 200);
}

static void put_properties(struct cdn_buf *out, const cordon_value *of)
{
    cordon_value properties, key, value;
    cordon_value_iter iter;

    if (!cordon_value_get(&properties, of, "properties"))
        return;
    cordon_value_iter_init(&iter, &properties);
    while (cordon_value_next(&iter, &key, &value)) {
        cdn_buf_text(out, "  ");
        put_escaped(out, key.as.string, key.length, 80);
        cdn_buf_text(out, " = ");
        put_value(out, &value, 400);
    }
}

static void put_edge(struct cdn_buf *out, const cordon_value *edge)
{
    cordon_value part;

    if (cordon_value_get(&part, edge, "source"))
        put_node_name(out, &part);
    cdn_buf_text(out, " -");
    if (cordon_value_get(&part, edge, "type") && part.type == CORDON_STRING)
        put_escaped(out, part.as.string, part.length, 80);
    cdn_buf_text(out, "-> ");
    if (cordon_value_get(&part, edge, "target"))
        put_node_name(out, &part);
    if (cordon_value_get(&part, edge, "time") && part.type == CORDON_MAP) {
        cdn_buf_text(out, "  ");
        put_time(out, &part);
    }
    put_properties(out, edge);
}

/* Is it a word that may stand before '=' in a table? */
static bool is_name(const cordon_value *key)
{
    if (key->type != CORDON_STRING || !key->length || key->length > 64)
        return false;
    for (uint32_t i = 0; i < key->length; i++) {
        char c = key->as.string[i];

        if (!(c == '_' || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
              (i && c >= '0' && c <= '9')))
            return false;
    }
    return true;
}

static void put_more(struct cdn_buf *out, uint64_t count, uint64_t shown)
{
    char number[32];

    if (count > shown)
        cdn_buf_printf(out, "… %s more",
                       cdn_show_count(number, sizeof number, count - shown));
}

static void put_table(struct cdn_buf *out, const cordon_value *table)
{
    cordon_value items, item, plain;
    cordon_value_iter iter;
    bool first = true, list = is_a(table, "list");

    if (cordon_value_get(&plain, table, "plain") && !plain.as.boolean)
        cdn_buf_text(out, "(with a metatable) ");
    if (!cordon_value_get(&items, table, "items") || !items.length) {
        cdn_buf_text(out, "{}");
        return;
    }
    cdn_buf_text(out, "{ ");
    cordon_value_iter_init(&iter, &items);
    while (cordon_value_next(&iter, NULL, &item)) {
        cordon_value key, value;

        if (!first)
            cdn_buf_text(out, ", ");
        first = false;
        if (list) {
            put_value(out, &item, 200);
        } else if (cordon_value_at(&key, &item, 0) &&
                   cordon_value_at(&value, &item, 1)) {
            if (!is_name(&key))
                cdn_buf_text(out, "[");
            if (is_name(&key))
                cdn_buf_append(out, key.as.string, key.length);
            else
                put_value(out, &key, 200);
            cdn_buf_text(out, is_name(&key) ? " = " : "] = ");
            put_value(out, &value, 200);
        }
    }
    if (number_of(table, "count") > items.length) {
        cdn_buf_text(out, ", ");
        put_more(out, number_of(table, "count"), items.length);
    }
    cdn_buf_text(out, " }");
}

/* A set, a view or the like within something else. */
static void put_summary(struct cdn_buf *out, const cordon_value *value)
{
    cordon_value kind;

    if (!cordon_value_get(&kind, value, "$"))
        return;
    cdn_buf_text(out, "<");
    if (number_of(value, "count") || is_a(value, "edges") || is_a(value, "nodes"))
        cdn_buf_printf(out, "%" PRIu64 " ", number_of(value, "count"));
    cdn_buf_append(out, kind.as.string, kind.length);
    cdn_buf_text(out, ">");
}

static void put_map(struct cdn_buf *out, const cordon_value *value, size_t most)
{
    cordon_value part;

    if (is_a(value, "time")) {
        put_time(out, value);
    } else if (is_a(value, "node")) {
        put_node_name(out, value);
    } else if (is_a(value, "edge")) {
        put_edge(out, value);
    } else if (is_a(value, "list") || is_a(value, "map")) {
        put_table(out, value);
    } else if (is_a(value, "table") && cordon_value_get(&part, value, "why")) {
        cdn_buf_text(out, "{…: ");
        cdn_buf_append(out, part.as.string, part.length);
        cdn_buf_text(out, "}");
    } else if (is_a(value, "cut") && cordon_value_get(&part, value, "text")) {
        cdn_buf_text(out, "\"");
        put_escaped(out, part.as.string, part.length, most);
        cdn_buf_printf(out, "\" … of %" PRIu64 " bytes", number_of(value, "bytes"));
    } else {
        put_summary(out, value);
    }
}

static void put_value(struct cdn_buf *out, const cordon_value *value, size_t most)
{
    switch (value->type) {
    case CORDON_NIL:
        cdn_buf_text(out, "nil");
        break;
    case CORDON_BOOLEAN:
        cdn_buf_text(out, value->as.boolean ? "true" : "false");
        break;
    case CORDON_INTEGER:
        cdn_buf_printf(out, "%" PRId64, value->as.integer);
        break;
    case CORDON_NUMBER:
        put_number(out, value->as.number);
        break;
    case CORDON_STRING:
        cdn_buf_text(out, "\"");
        put_escaped(out, value->as.string, value->length, most * 4);
        cdn_buf_text(out, "\"");
        break;
    case CORDON_MAP:
        put_map(out, value, most);
        break;
    case CORDON_ARRAY:
        break;
    }
}

/* ---- tables of rows ---- */

static void cell(struct page *page, struct cdn_table *table, const cordon_value *value)
{
    cdn_buf_clear(&page->line);
    if (value->type == CORDON_STRING) /* without quotes, among its like */
        put_escaped(&page->line, value->as.string, value->length, CELL_BYTES);
    else if (value->type == CORDON_NIL)
        cdn_buf_text(&page->line, "-");
    else
        put_value(&page->line, value, CELL_BYTES);
    cdn_table_cell(table, "%s", page->line.failed ? "?" : (char *)page->line.data);
}

/* The names of the rows' properties, of each once. */
struct columns {
    uint32_t count;
    cordon_value names[MOST_COLUMNS];
    bool number[MOST_COLUMNS];
};

static bool same(const cordon_value *a, const cordon_value *b)
{
    return a->length == b->length && !memcmp(a->as.string, b->as.string, a->length);
}

static void gather(struct columns *columns, const cordon_value *of)
{
    cordon_value properties, key, value;
    cordon_value_iter iter;

    if (!cordon_value_get(&properties, of, "properties"))
        return;
    cordon_value_iter_init(&iter, &properties);
    while (cordon_value_next(&iter, &key, &value)) {
        uint32_t i = 0;

        while (i < columns->count && !same(&columns->names[i], &key))
            i++;
        if (i == MOST_COLUMNS)
            continue;
        if (i == columns->count) {
            columns->names[columns->count++] = key;
            columns->number[i] = true;
        }
        columns->number[i] &= value.type == CORDON_INTEGER ||
                              value.type == CORDON_NUMBER || value.type == CORDON_NIL;
    }
}

static void property_cells(struct page *page, struct cdn_table *table,
                           const struct columns *columns, const cordon_value *of)
{
    cordon_value properties, key, value;

    if (!cordon_value_get(&properties, of, "properties"))
        properties.type = CORDON_NIL;
    for (uint32_t i = 0; i < columns->count; i++) {
        cordon_value found = {.type = CORDON_NIL};
        cordon_value_iter iter;

        cordon_value_iter_init(&iter, &properties);
        while (cordon_value_next(&iter, &key, &value)) {
            if (same(&columns->names[i], &key))
                found = value;
        }
        cell(page, table, &found);
    }
}

static void header_cells(struct cdn_table *table, const struct columns *columns)
{
    char shown[80];

    for (uint32_t i = 0; i < columns->count; i++)
        cdn_table_cell(table, "%s",
                       cdn_escape(shown, sizeof shown, columns->names[i].as.string,
                                  columns->names[i].length));
}

static void print_more(struct page *page, uint64_t count, uint64_t shown)
{
    if (count <= shown)
        return;
    cdn_buf_clear(&page->line);
    put_more(&page->line, count, shown);
    if (!page->line.failed)
        fprintf(page->to, "  %s\n", (const char *)page->line.data);
}

static void print_count(struct page *page, uint64_t count, const char *kind,
                        const char *plural)
{
    char shown[32];

    fprintf(page->to, "%s%s %s%s%s\n", cdn_style(page->color, CDN_STYLE_BOLD),
            cdn_show_count(shown, sizeof shown, count), kind, count == 1 ? "" : plural,
            cdn_style_end(page->color));
}

static void print_edges(struct page *page, const cordon_value *set)
{
    struct columns columns = {0};
    struct cdn_table table;
    cordon_value rows, row, part;
    cordon_value_iter iter;
    char align[MOST_COLUMNS + 4] = "lll", kind[100] = "edge", type[80];

    if (cordon_value_get(&part, set, "type") && part.type == CORDON_STRING)
        snprintf(kind, sizeof kind, "%s edge",
                 cdn_escape(type, sizeof type, part.as.string, part.length));
    print_count(page, number_of(set, "count"), kind, "s");
    if (!cordon_value_get(&rows, set, "rows") || !rows.length)
        return;
    cordon_value_iter_init(&iter, &rows);
    while (cordon_value_next(&iter, NULL, &row))
        gather(&columns, &row);
    for (uint32_t i = 0; i < columns.count; i++)
        align[3 + i] = columns.number[i] ? 'r' : 'l';
    cdn_table_init(&table, 3 + columns.count, align);
    cdn_table_cell(&table, "from");
    cdn_table_cell(&table, "to");
    cdn_table_cell(&table, "time");
    header_cells(&table, &columns);
    cordon_value_iter_init(&iter, &rows);
    while (cordon_value_next(&iter, NULL, &row)) {
        static const char *const ends[] = {"source", "target", "time"};

        for (size_t i = 0; i < CDN_COUNT(ends); i++) {
            if (!cordon_value_get(&part, &row, ends[i]))
                part = (cordon_value){.type = CORDON_NIL};
            cell(page, &table, &part);
        }
        property_cells(page, &table, &columns, &row);
    }
    cdn_table_print(&table, page->to, page->color, 2);
    cdn_table_deinit(&table);
    print_more(page, number_of(set, "count"), rows.length);
}

/* Rows that begin with a node: it alone, with its properties, or with values behind it. */
static void print_node_rows(struct page *page, const cordon_value *rows,
                            const char *const *names, uint32_t name_count,
                            uint64_t count)
{
    struct columns columns = {0};
    struct cdn_table table;
    cordon_value row, part;
    cordon_value_iter iter;
    char align[1 + 2 * MOST_COLUMNS] = "l";

    cordon_value_iter_init(&iter, rows);
    while (cordon_value_next(&iter, NULL, &row)) {
        if (row.type == CORDON_ARRAY && cordon_value_at(&part, &row, 0))
            gather(&columns, &part);
        else
            gather(&columns, &row);
    }
    for (uint32_t i = 0; i < name_count; i++)
        align[1 + i] = 'r';
    for (uint32_t i = 0; i < columns.count; i++)
        align[1 + name_count + i] = columns.number[i] ? 'r' : 'l';
    cdn_table_init(&table, 1 + name_count + columns.count, align);
    cdn_table_cell(&table, "node");
    for (uint32_t i = 0; i < name_count; i++)
        cdn_table_cell(&table, "%s", names[i]);
    header_cells(&table, &columns);
    cordon_value_iter_init(&iter, rows);
    while (cordon_value_next(&iter, NULL, &row)) {
        cordon_value node = row;

        if (row.type == CORDON_ARRAY)
            (void)cordon_value_at(&node, &row, 0);
        cell(page, &table, &node);
        for (uint32_t i = 0; i < name_count; i++) {
            if (!cordon_value_at(&part, &row, i + 1))
                part = (cordon_value){.type = CORDON_NIL};
            cell(page, &table, &part);
        }
        property_cells(page, &table, &columns, &node);
    }
    if (rows->length)
        cdn_table_print(&table, page->to, page->color, 2);
    cdn_table_deinit(&table);
    print_more(page, count, rows->length);
}

static void print_nodes(struct page *page, const cordon_value *set)
{
    char names[8][80];
    const char *pointers[8];
    cordon_value columns, rows, name;
    uint32_t count = 0;

    print_count(page, number_of(set, "count"), "node", "s");
    if (!cordon_value_get(&rows, set, "rows"))
        return;
    if (!cordon_value_get(&columns, set, "columns"))
        columns.length = 0;
    for (; count < columns.length && count < CDN_COUNT(pointers); count++) {
        (void)cordon_value_at(&name, &columns, count);
        pointers[count] =
            cdn_escape(names[count], sizeof names[count], name.as.string, name.length);
    }
    print_node_rows(page, &rows, pointers, count, number_of(set, "count"));
}

static void print_view(struct page *page, const cordon_value *view)
{
    cordon_value rows, edges, edge, end;
    cordon_value_iter iter;
    char nodes[32], between[32];
    uint64_t count = number_of(view, "count"), total = number_of(view, "edge_count");

    fprintf(page->to, "%sa view of %s node%s and %s edge%s%s\n",
            cdn_style(page->color, CDN_STYLE_BOLD),
            cdn_show_count(nodes, sizeof nodes, count), count == 1 ? "" : "s",
            cdn_show_count(between, sizeof between, total), total == 1 ? "" : "s",
            cdn_style_end(page->color));
    if (cordon_value_get(&rows, view, "rows"))
        print_node_rows(page, &rows, NULL, 0, count);
    if (!cordon_value_get(&edges, view, "edges"))
        return;
    cordon_value_iter_init(&iter, &edges);
    while (cordon_value_next(&iter, NULL, &edge)) {
        cdn_buf_clear(&page->line);
        if (cordon_value_at(&end, &edge, 0))
            put_node_name(&page->line, &end);
        cdn_buf_text(&page->line, " -> ");
        if (cordon_value_at(&end, &edge, 1))
            put_node_name(&page->line, &end);
        if (!page->line.failed)
            fprintf(page->to, "  %s\n", (const char *)page->line.data);
    }
    print_more(page, total, edges.length);
}

static void print_numbers(struct page *page, const cordon_value *value, bool groups)
{
    static const char *const score[] = {"score"}, *const group[] = {"group"};
    cordon_value rows;

    print_count(page, number_of(value, "count"), groups ? "group" : "score", "s");
    if (cordon_value_get(&rows, value, "rows"))
        print_node_rows(page, &rows, groups ? group : score, 1,
                        number_of(value, groups ? "nodes" : "count"));
}

/* A table too wide for a line, an entry a line. */
static void print_table(struct page *page, const cordon_value *table)
{
    cordon_value items, item, key, value;
    cordon_value_iter iter;
    uint32_t place = 0;

    if (!cordon_value_get(&items, table, "items"))
        return;
    fputs("{\n", page->to);
    cordon_value_iter_init(&iter, &items);
    while (cordon_value_next(&iter, NULL, &item)) {
        cdn_buf_clear(&page->line);
        place++;
        if (is_a(table, "list")) {
            cdn_buf_printf(&page->line, "[%" PRIu32 "] = ", place);
            put_value(&page->line, &item, 200);
        } else if (cordon_value_at(&key, &item, 0) &&
                   cordon_value_at(&value, &item, 1)) {
            if (is_name(&key))
                cdn_buf_append(&page->line, key.as.string, key.length);
            else
                put_value(&page->line, &key, 200);
            cdn_buf_text(&page->line, " = ");
            put_value(&page->line, &value, 200);
        }
        if (!page->line.failed)
            fprintf(page->to, "  %s,\n", (const char *)page->line.data);
    }
    print_more(page, number_of(table, "count"), items.length);
    fputs("}\n", page->to);
}

static void print_handle(struct page *page, const cordon_value *value)
{
    cdn_buf_clear(&page->line);
    if (is_a(value, "edge")) {
        put_edge(&page->line, value);
    } else {
        put_node_name(&page->line, value);
        put_properties(&page->line, value);
    }
    if (!page->line.failed)
        fprintf(page->to, "%s\n", (const char *)page->line.data);
}

static void print_plain(struct page *page, const cordon_value *value)
{
    enum { COLUMNS = 88 };

    cdn_buf_clear(&page->line);
    put_value(&page->line, value, 400);
    if (page->line.failed)
        return;
    if (page->line.length > COLUMNS && (is_a(value, "list") || is_a(value, "map")))
        print_table(page, value);
    else
        fprintf(page->to, "%s\n", (const char *)page->line.data);
}

static void print_pretty(struct page *page, const cordon_value *value)
{
    if (is_a(value, "node") || is_a(value, "edge"))
        print_handle(page, value);
    else if (is_a(value, "edges"))
        print_edges(page, value);
    else if (is_a(value, "nodes"))
        print_nodes(page, value);
    else if (is_a(value, "view"))
        print_view(page, value);
    else if (is_a(value, "scores"))
        print_numbers(page, value, false);
    else if (is_a(value, "groups"))
        print_numbers(page, value, true);
    else if (is_a(value, "graph"))
        fputs("the graph; :schema shows what it holds, :help graph what it does\n",
              page->to);
    else if (is_a(value, "request"))
        fputs("the request: node, now, as_of and params; :help request\n", page->to);
    else
        print_plain(page, value);
}

/* ---- JSON ---- */

static void write_json(struct cdn_json *json, const cordon_value *value);

static void write_key(struct cdn_json *json, const cordon_value *key)
{
    struct cdn_buf text = {0};

    if (key->type == CORDON_STRING)
        cdn_buf_append(&text, key->as.string, key->length);
    else
        put_value(&text, key, 200);
    cdn_buf_append(&text, "", 1);
    if (text.failed)
        json->out->failed = true;
    else
        cdn_json_key(json, (const char *)text.data);
    cdn_buf_deinit(&text);
}

/* A list as an array, a map as an object, everything else with what it is first. */
static void write_object(struct cdn_json *json, const cordon_value *value)
{
    cordon_value items, item, key, part;
    cordon_value_iter iter;
    bool list = is_a(value, "list");

    if (is_a(value, "time") && cordon_value_get(&part, value, "ms")) {
        write_json(json, &part);
        return;
    }
    if (list || is_a(value, "map")) {
        if (list)
            cdn_json_array(json);
        else
            cdn_json_object(json);
        if (!cordon_value_get(&items, value, "items"))
            items = (cordon_value){.type = CORDON_NIL};
        cordon_value_iter_init(&iter, &items);
        while (cordon_value_next(&iter, NULL, &item)) {
            if (list) {
                write_json(json, &item);
            } else if (cordon_value_at(&key, &item, 0) &&
                       cordon_value_at(&part, &item, 1)) {
                write_key(json, &key);
                write_json(json, &part);
            }
        }
        if (list)
            cdn_json_array_end(json);
        else
            cdn_json_object_end(json);
        return;
    }
    cdn_json_object(json);
    cordon_value_iter_init(&iter, value);
    while (cordon_value_next(&iter, &key, &part)) {
        if (key.length == 1 && key.as.string[0] == '$')
            cdn_json_key(json, "type_of");
        else
            write_key(json, &key);
        write_json(json, &part);
    }
    cdn_json_object_end(json);
}

static void write_json(struct cdn_json *json, const cordon_value *value)
{
    cordon_value_iter iter;
    cordon_value item, is;

    if (value->type == CORDON_ARRAY) {
        cdn_json_array(json);
        cordon_value_iter_init(&iter, value);
        while (cordon_value_next(&iter, NULL, &item))
            write_json(json, &item);
        cdn_json_array_end(json);
    } else if (value->type == CORDON_MAP && cordon_value_get(&is, value, "$")) {
        write_object(json, value);
    } else if (value->type == CORDON_MAP) { /* properties */
        cordon_value key;

        cdn_json_object(json);
        cordon_value_iter_init(&iter, value);
        while (cordon_value_next(&iter, &key, &item)) {
            write_key(json, &key);
            write_json(json, &item);
        }
        cdn_json_object_end(json);
    } else {
        cdn_json_value(json, value);
    }
}

static void print_json(struct cdn_repl *repl, const cordon_value *value)
{
    struct cdn_buf text = {0};
    struct cdn_json json;

    cdn_json_init(&json, &text, false);
    write_json(&json, value);
    (void)cdn_json_print(repl->cli, &text);
    cdn_buf_deinit(&text);
}

/* ---- all of it ---- */

void cdn_repl_print(struct cdn_repl *repl, const cordon_value *value)
{
    struct page page = {.to = repl->cli->out, .color = repl->cli->out_color};

    if (repl->json)
        print_json(repl, value);
    else
        print_pretty(&page, value);
    if (page.line.failed)
        cdn_cli_error(repl->cli, "out of memory");
    cdn_buf_deinit(&page.line);
}

void cdn_repl_print_usage(struct cdn_repl *repl, const cordon_usage *usage)
{
    char instructions[32], edges[32], nodes[32], memory[32], time[32];

    fprintf(repl->cli->out, "%s%s instructions, %s edges, %s nodes, %s, %s%s\n",
            cdn_style(repl->cli->out_color, CDN_STYLE_DIM),
            cdn_show_count(instructions, sizeof instructions, usage->instructions),
            cdn_show_count(edges, sizeof edges, usage->edges),
            cdn_show_count(nodes, sizeof nodes, usage->nodes),
            cdn_show_bytes(memory, sizeof memory, usage->memory_bytes),
            cdn_show_ns(time, sizeof time, usage->wall_ns),
            cdn_style_end(repl->cli->out_color));
}
