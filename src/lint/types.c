/* Writing the manual as Lua annotations.
 *
 * One class a receiver.  Properties are fields of nodes and edges as such, since a reader seldom
 * knows the label of a node at hand; which labels have one stands behind it, and where they
 * differ in its type it has all of them.  Lua's own libraries are left out: the language server
 * knows them, and the check knows which of their functions the sandbox has. */
#include "lint/types.h"

#include <string.h>

#include "graph/manual.h"
#include "lint/owners.h"

static const struct {
    const char *receiver, *name;
} classes[] = {{"graph", "Graph"},  {"request", "Request"}, {"node", "Node"},
               {"edge", "Edge"},    {"edges", "Edges"},     {"nodes", "Nodes"},
               {"view", "View"},    {"scores", "Scores"},   {"groups", "Groups"},
               {"params", "Params"}};
enum { CLASSES = sizeof classes / sizeof classes[0] };

/* ---- types ---- */

/* One of the manual's types, of `bytes` bytes, with its "?". */
static void put_type(struct cdn_buf *out, const char *type, size_t bytes)
{
    size_t bare = bytes && type[bytes - 1] == '?' ? bytes - 1 : bytes;

    if (bare == 3 && !memcmp(type, "map", 3)) {
        cdn_buf_text(out, "table");
    } else if (bare == 4 && !memcmp(type, "list", 4)) {
        cdn_buf_text(out, "any[]");
    } else {
        size_t at = 0;

        while (at < CLASSES && (strlen(classes[at].receiver) != bare ||
                                memcmp(classes[at].receiver, type, bare) != 0))
            at++;
        if (at < CLASSES)
            cdn_buf_printf(out, "cordon.%s", classes[at].name);
        else
            cdn_buf_append(out, type, bare);
    }
    if (bare < bytes)
        cdn_buf_text(out, "?");
}

/* "node|nodes". */
static void put_either(struct cdn_buf *out, const char *types, size_t bytes)
{
    for (size_t at = 0; at < bytes; at++) {
        size_t one = strcspn(types + at, "|,");

        one = one < bytes - at ? one : bytes - at;
        cdn_buf_text(out, at ? "|" : "");
        put_type(out, types + at, one);
        at += one;
    }
}

/* "integer, number?" with `before` in front of each, or as one list. */
static void put_results(struct cdn_buf *out, const char *list, const char *before,
                        const char *between)
{
    for (bool first = true; *list; first = false) {
        size_t bytes = strcspn(list, ",");

        cdn_buf_text(out, first ? before : between);
        put_type(out, list, bytes);
        list += bytes;
        list += strspn(list, ", ");
    }
}

/* ---- methods ---- */

static bool names_type(const struct cdn_manual *row, const char *name, size_t bytes)
{
    return bytes == 4 && !memcmp(name, "type", 4) && !strcmp(row->result, "edges");
}

/* "n: integer, p?: string": a line each, and their names. */
static void put_arguments(struct cdn_buf *out, struct cdn_buf *names,
                          const struct cdn_manual *row)
{
    const char *at = row->arguments;

    while (*at) {
        size_t name = strcspn(at, ":");
        size_t bare = name && at[name - 1] == '?' ? name - 1 : name;
        const char *type = at + name + 2;
        size_t bytes = strcspn(type, ",");

        cdn_buf_text(out, "---@param ");
        cdn_buf_append(out, at, name);
        cdn_buf_text(out, " ");
        if (names_type(row, at, bare))
            cdn_buf_text(out, "cordon.EdgeType");
        else if (bare == 5 && !memcmp(at, "label", 5))
            cdn_buf_text(out, "cordon.Label");
        else if (bare == 2 && !memcmp(at, "op", 2))
            cdn_buf_text(out, "cordon.Operator");
        else
            put_either(out, type, bytes);
        cdn_buf_text(out, "\n");
        cdn_buf_printf(names, "%s%.*s", names->length ? ", " : "", (int)bare, at);
        at = type + bytes;
        at += strspn(at, ", ");
    }
}

static void put_method(struct cdn_buf *out, const char *name,
                       const struct cdn_manual *row)
{
    struct cdn_buf names = {0};

    cdn_buf_printf(out, "\n---%s", row->text);
    if (row->cost[0])
        cdn_buf_printf(out, " Costs: %s.", row->cost);
    cdn_buf_text(out, "\n");
    put_arguments(out, &names, row);
    if (!strncmp(row->result, "for ", 4)) {
        put_results(out, row->result + 4, "---@return fun(): ", ", ");
        cdn_buf_text(out, "\n");
    } else if (row->result[0]) {
        put_results(out, row->result, "---@return ", ", ");
        cdn_buf_text(out, "\n");
    }
    cdn_buf_printf(out, "function %s:%s(%s) end\n", name, row->name,
                   names.data ? (const char *)names.data : "");
    out->failed |= names.failed;
    cdn_buf_deinit(&names);
}

/* ---- the schema ---- */

static const char *lua_type(const struct cdn_property *property)
{
    switch (property->type) {
    case CDN_COLUMN_BOOL:
        return "boolean";
    case CDN_COLUMN_INT64:
        return property->lua_string ? "string" : "integer";
    case CDN_COLUMN_FLOAT64:
        return "number";
    case CDN_COLUMN_TIMESTAMP:
        return "integer";
    case CDN_COLUMN_STRING:
    case CDN_COLUMN_TEXT:
        return "string";
    case CDN_COLUMN_BAG:
        return "table";
    }
    return "any";
}

/* Is owner `i` the first of its name?  Relations of one type follow each other. */
static bool is_first(const struct cdn_schema *schema, bool edges, uint32_t i)
{
    return !i || strcmp(cdn_owner_name(schema, edges, i),
                        cdn_owner_name(schema, edges, i - 1)) != 0;
}

/* One property of all that have it: types, and who. */
static void put_property(struct cdn_buf *out, const struct cdn_schema *schema,
                         bool edges, const char *name)
{
    const char *types[8];
    uint32_t count = 0;
    const char *between = " of ";

    cdn_buf_printf(out, "---@field %s? ", name);
    for (uint32_t i = 0; i < cdn_owner_count(schema, edges); i++) {
        const struct cdn_property *property =
            cdn_owner_property(schema, edges, i, name);
        uint32_t same = 0;

        if (!property)
            continue;
        while (same < count && strcmp(types[same], lua_type(property)) != 0)
            same++;
        if (same < count)
            continue;
        types[count++] = lua_type(property); /* there are five */
        cdn_buf_printf(out, "%s%s", count > 1 ? "|" : "", lua_type(property));
    }
    for (uint32_t i = 0; i < cdn_owner_count(schema, edges); i++) {
        if (!cdn_owner_property(schema, edges, i, name) || !is_first(schema, edges, i))
            continue;
        cdn_buf_printf(out, "%s%s", between, cdn_owner_name(schema, edges, i));
        between = ", ";
    }
    cdn_buf_text(out, "\n");
}

/* Every property once, owner by owner. */
static void put_properties(struct cdn_buf *out, const struct cdn_schema *schema,
                           bool edges)
{
    for (uint32_t i = 0; i < cdn_owner_count(schema, edges); i++) {
        const struct cdn_property *properties =
            edges ? schema->relations[i].properties : schema->labels[i].properties;
        uint32_t count = edges ? schema->relations[i].property_count
                               : schema->labels[i].property_count;

        for (uint32_t p = 0; p < count; p++) {
            bool before = edges && schema->relations[i].time == (int32_t)p;

            for (uint32_t k = 0; k < i && !before; k++)
                before =
                    cdn_owner_property(schema, edges, k, properties[p].name) != NULL;
            if (!before)
                put_property(out, schema, edges, properties[p].name);
        }
    }
}

static void put_names(struct cdn_buf *out, const struct cdn_schema *schema, bool edges)
{
    const char *between = " ";

    cdn_buf_printf(out, "---@alias cordon.%s", edges ? "EdgeType" : "Label");
    if (!schema || !cdn_owner_count(schema, edges))
        cdn_buf_text(out, " string");
    for (uint32_t i = 0; schema && i < cdn_owner_count(schema, edges); i++) {
        if (!is_first(schema, edges, i))
            continue;
        cdn_buf_printf(out, "%s\"%s\"", between, cdn_owner_name(schema, edges, i));
        between = "|";
    }
    cdn_buf_text(out, "\n");
}

/* ---- classes ---- */

static void put_class(struct cdn_buf *out, const char *receiver, const char *name,
                      const struct cdn_schema *schema)
{
    bool node = !strcmp(receiver, "node");

    cdn_buf_printf(out, "\n---@class cordon.%s\n", name);
    for (size_t i = 0; i < cdn_manual_count; i++) {
        const struct cdn_manual *row = &cdn_manual[i];

        if (strcmp(row->receiver, receiver) != 0 || row->arguments)
            continue;
        cdn_buf_printf(out, "---@field %s ", row->name);
        put_type(out, row->result, strlen(row->result));
        cdn_buf_printf(out, " %s\n", row->text);
    }
    if (schema && (node || !strcmp(receiver, "edge")))
        put_properties(out, schema, !node);
    cdn_buf_printf(out, "local %s = {}\n", name);
    for (size_t i = 0; i < cdn_manual_count; i++) {
        if (!strcmp(cdn_manual[i].receiver, receiver) && cdn_manual[i].arguments)
            put_method(out, name, &cdn_manual[i]);
    }
}

static const char contract[] =
    "\n---@alias cordon.Operator \"==\"|\"~=\"|\"<\"|\"<=\"|\">\"|\">=\"\n"
    "\n---@class cordon.Params\n---@field [string] any what the rule declares in "
    "`params`\n"
    "\n---What a rule's file returns: return a table of this class.\n"
    "---@class cordon.Rule\n"
    "---@field name string how the rule is called everywhere\n"
    "---@field description? string one line for people\n"
    "---@field owner? string who answers for it\n"
    "---@field tags? string[] words to find it by\n"
    "---@field params? table<string, table> what a request may set\n"
    "---@field reads? table<cordon.Label|cordon.EdgeType, string[]> what it touches\n"
    "---@field decisions? string[] the words it may decide, least severe first\n"
    "---@field fallback string the decision that stands when it fails, or \"none\"\n"
    "---@field returns? string|table<string, string> what `output` is\n"
    "---@field limits? table<string, number|string> the most it may use\n"
    "---@field functions? string[] functions of the host's that it calls\n"
    "---@field evaluate fun(graph: cordon.Graph, request: cordon.Request): "
    "cordon.Result\n"
    "\n---What `evaluate` returns.\n"
    "---@class cordon.Result\n"
    "---@field decision? string one of the rule's decisions\n"
    "---@field score? number a finite number\n"
    "---@field reasons? string[] why, for people\n"
    "---@field output? any what `returns` declares\n"
    "---@field updated_nodes? table[] proposals to change nodes\n"
    "---@field new_edges? table[] proposals of edges\n"
    "\n---Functions of the host's that the rule lists in `functions`.\n"
    "---@type table<string, function>\nhost = {}\n";

void cdn_lint_types(struct cdn_buf *out, const struct cdn_schema *schema)
{
    cdn_buf_text(out,
                 "---@meta\n-- What a rule of cordon can call and read. Made by cordon "
                 "check --types; do not edit.\n\n");
    put_names(out, schema, false);
    put_names(out, schema, true);
    cdn_buf_text(out, contract);
    for (size_t i = 0; i < CLASSES; i++) {
        if (strcmp(classes[i].receiver, "params") != 0)
            put_class(out, classes[i].receiver, classes[i].name, schema);
    }
}
