/* The rows of the manual, receiver by receiver, in the order in which a reader wants them.
 *
 * Left out: __metatable and the like, which no rule sees, and host.<name>, which the host
 * defines. */
#include "graph/manual.h"

#include <string.h>

#define LIST   "one for each list"
#define LOOKED "one for each list and each edge looked at"
#define NATIVE "instructions by what it goes over, no edges"

/* clang-format off */
const struct cdn_manual cdn_manual[] = {
    /* ---- the request ---- */
    {"request", "node", NULL, "node", "The subject: the node that the request is about, or nil.", "", "local account = request.node"},
    {"request", "now", NULL, "number", "The present as the request has it, in milliseconds since 1970.", "", "local from = request.now - 7 * 86400000"},
    {"request", "as_of", NULL, "number?", "The moment after which no edge is seen, or nil.", "", "local at = request.as_of or request.now"},
    {"request", "params", NULL, "params", "The parameters that the rule declares, by name.", "", "local window = request.params.window"},

    /* ---- the graph ---- */
    {"graph", "node", "label: string, key: string|number", "node?", "The node of that label and key, or nil.", "", "local shop = graph:node(\"Account\", \"17\")"},
    {"graph", "set", "nodes: list", "nodes", "A node set of these nodes.", "", "local both = graph:set({ request.node })"},
    {"graph", "ego", "from: node|nodes, options?: map", "view", "A view of the nodes at most `hops` from a node or a node set, and all edges between them.", "the edges of the nodes nearer than `hops`, then the outgoing ones of all", "local view = graph:ego(request.node, { hops = 2, edges = \"transfer\" })"},
    {"graph", "view", "options?: map", "view", "A view of all nodes of `labels`, or of the set `nodes`, and all edges between them.", "the outgoing edges of all its nodes", "local all = graph:view({ labels = { \"Account\" } })"},
    {"graph", "shortest_path", "from: node, to: node, options?: map", "map?", "A shortest way by hops, or by `weight`: { nodes, edges, hops, length }, or nil.", LOOKED, "local way = graph:shortest_path(request.node, request.node, { edges = \"transfer\" })"},
    {"graph", "paths", "from: node, to: node, options?: map", "list", "Ways that meet no node twice, each { nodes, edges, hops }.", LOOKED, "local ways = graph:paths(request.node, request.node, { max_hops = 3 })"},
    {"graph", "cycles", "node: node, options?: map", "list", "Ways along outgoing edges back to the node.", LOOKED, "local back = graph:cycles(request.node, { max_hops = 3, ordered = true })"},
    {"graph", "common_neighbours", "a: node, b: node, options?: map", "nodes", "The nodes next to both.", LOOKED, "local shared = graph:common_neighbours(request.node, request.node):count()"},
    {"graph", "jaccard", "a: node, b: node, options?: map", "number", "Shared neighbours by all neighbours, 0 to 1.", LOOKED, "local alike = graph:jaccard(request.node, request.node)"},
    {"graph", "adamic_adar", "a: node, b: node, options?: map", "number", "Shared neighbours, each weighed by how few neighbours it has.", LOOKED, "local alike = graph:adamic_adar(request.node, request.node)"},
    {"graph", "personalised_pagerank", "from: node|nodes, options?: map", "scores", "What matters near a node or a node set: never above the true ranks.", LOOKED, "local near = graph:personalised_pagerank(request.node, { epsilon = 1e-3 })"},
    {"graph", "random_walk", "from: node, options?: map", "list", "The nodes that a walk of `steps` comes to, seeded.", LOOKED, "local met = graph:random_walk(request.node, { steps = 20 })"},

    /* ---- a node ---- */
    {"node", "key", NULL, "string", "Its key, always a string.", "", "local key = request.node.key"},
    {"node", "label", NULL, "string", "Its label.", "", "local label = request.node.label"},
    {"node", "outgoing", "type: string", "edges", "The edges of that type that start at it; nothing is read yet.", "", "local sent = request.node:outgoing(\"transfer\")"},
    {"node", "incoming", "type: string", "edges", "The edges of that type that end at it; nothing is read yet.", "", "local received = request.node:incoming(\"transfer\")"},
    {"node", "both", "type: string", "edges", "Both, a self-loop once.", "", "local all = request.node:both(\"transfer\")"},

    /* ---- an edge ---- */
    {"edge", "source", NULL, "node", "The node it starts at.", "", ""},
    {"edge", "target", NULL, "node", "The node it ends at.", "", ""},
    {"edge", "time", NULL, "number", "Its time in milliseconds since 1970, if its type has one.", "", ""},
    {"edge", "type", NULL, "string", "Its type.", "", ""},

    /* ---- an edge set ---- */
    {"edges", "since", "time: number|string", "edges", "Those with time >= t; of a set with columns, t may name one.", "", "local recent = request.node:outgoing(\"transfer\"):since(request.now - 86400000)"},
    {"edges", "after", "time: number|string", "edges", "Those with time > t.", "", ""},
    {"edges", "up_to", "time: number|string", "edges", "Those with time <= t.", "", ""},
    {"edges", "before", "time: number|string", "edges", "Those with time < t.", "", ""},
    {"edges", "between", "from: number, to: number", "edges", "Those with from <= time <= to.", "", ""},
    {"edges", "where", "property: string, op: string, value: any", "edges", "Those whose property compares so (== ~= < <= > >=); null never does.", "a look at each edge when it is read", "local large = request.node:outgoing(\"transfer\"):where(\"amount\", \">=\", 100)"},
    {"edges", "latest", "n: integer", "edges", "The last n of each source node's edges.", "", "local last = request.node:outgoing(\"transfer\"):latest(20)"},
    {"edges", "earliest", "n: integer", "edges", "The first n of each source node's edges.", "", ""},
    {"edges", "largest", "n: integer, property: string", "edges", "Of each source node's edges the n with the largest property.", "a look at each edge when it is read", ""},
    {"edges", "smallest", "n: integer, property: string", "edges", "Of each source node's edges the n with the smallest property.", "a look at each edge when it is read", ""},
    {"edges", "limit", "n: integer", "edges", "The first n of the whole set.", "", ""},
    {"edges", "count", "", "integer", "How many there are.", LIST ", more with conditions", "local n = request.node:outgoing(\"transfer\"):count()"},
    {"edges", "exists", "", "boolean", "Is there any?", LIST ", more with conditions", ""},
    {"edges", "sum", "property: string", "number", "The sum of a property; of nothing 0.", LOOKED, "local sent = request.node:outgoing(\"transfer\"):sum(\"amount\")"},
    {"edges", "avg", "property: string", "number?", "The mean of a property; of nothing nil.", LOOKED, ""},
    {"edges", "min", "property: string", "number?", "The least value of a property or of \"time\"; of nothing nil.", LOOKED, ""},
    {"edges", "max", "property: string", "number?", "The largest value of a property or of \"time\"; of nothing nil.", LOOKED, ""},
    {"edges", "totals", "property: string", "integer, number", "How many edges, and the sum of a property, in one pass.", LOOKED, "local count, sum = request.node:outgoing(\"transfer\"):totals(\"amount\")"},
    {"edges", "distinct", "", "integer", "The number of distinct nodes at the other end.", LOOKED, ""},
    {"edges", "first", "", "edge?", "The first edge in order, or nil.", "few", ""},
    {"edges", "top", "n: integer, property: string", "list", "A list of the n edges with the largest property.", LOOKED, ""},
    {"edges", "each", "", "for edge, node", "Goes over the edges, each with the node at its other end.", "one for each list and each edge handed out", "for edge, other in request.node:outgoing(\"transfer\"):latest(10):each() do local _ = edge.amount, other.key end"},
    {"edges", "nodes", "", "nodes", "The nodes at the other end, each once.", LOOKED, "local payees = request.node:outgoing(\"transfer\"):nodes()"},
    {"edges", "group", "aggregates: map", "nodes", "A row for each node at the other end, with columns of aggregates.", LOOKED, "local rows = request.node:outgoing(\"transfer\"):group({ times = \"count\", sent = { sum = \"amount\" } })"},
    {"edges", "paths", "options?: map", "list", "Where the edges lead, step by step: a list of lists of nodes.", LOOKED, ""},
    {"edges", "cycles", "options?: map", "integer, number?, list", "How many ways money comes back, and of the largest its sum and edges.", LOOKED, ""},

    /* ---- a node set ---- */
    {"nodes", "count", "", "integer", "How many there are.", "", ""},
    {"nodes", "exists", "", "boolean", "Is there any?", "", ""},
    {"nodes", "first", "", "node?", "The first node in order, or nil.", "", ""},
    {"nodes", "each", "...: string", "for node, number", "Goes over the nodes, each with these columns.", "", "for node in request.node:outgoing(\"transfer\"):nodes():each() do local _ = node.key end"},
    {"nodes", "contains", "node: node", "boolean", "Is it in the set?", "", ""},
    {"nodes", "union", "other: nodes", "nodes", "The nodes of either, with this set's columns.", NATIVE, ""},
    {"nodes", "intersect", "other: nodes", "nodes", "The nodes of both, with this set's columns.", NATIVE, ""},
    {"nodes", "minus", "other: nodes", "nodes", "The nodes that the other has not.", NATIVE, ""},
    {"nodes", "where", "name: string, op: string, value: any", "nodes", "Those whose property or column compares so; null never does.", NATIVE, ""},
    {"nodes", "of", "label: string", "nodes", "Those of that label.", NATIVE, ""},
    {"nodes", "limit", "n: integer", "nodes", "The first n.", NATIVE, ""},
    {"nodes", "outgoing", "type: string", "edges", "The edges of that type that start at its nodes.", "", ""},
    {"nodes", "incoming", "type: string", "edges", "The edges of that type that end at its nodes.", "", ""},
    {"nodes", "both", "type: string", "edges", "Both, a self-loop once.", "", ""},
    {"nodes", "sum", "name: string", "number", "The sum of a property or column; of nothing 0.", NATIVE, ""},
    {"nodes", "avg", "name: string", "number?", "The mean of a property or column; of nothing nil.", NATIVE, ""},
    {"nodes", "min", "name: string", "number?", "The least value; of nothing nil.", NATIVE, ""},
    {"nodes", "max", "name: string", "number?", "The largest value; of nothing nil.", NATIVE, ""},
    {"nodes", "top", "n: integer, name: string", "list", "A list of the n nodes with the largest value.", NATIVE, ""},
    {"nodes", "with", "columns: map", "nodes", "The same nodes with columns of one number each.", NATIVE, "local start = graph:set({ request.node }):with({ at = request.now })"},
    {"nodes", "join", "other: nodes", "nodes", "The nodes of both, with the columns of both.", NATIVE, ""},
    {"nodes", "sorted", "...: any", "nodes", "In the order of columns, \"-name\" descending, or by key; the first n if a number is given.", NATIVE, ""},
    {"nodes", "rows", "name: string, ...: string", "list", "A list of tables for the output: the node's key under `name`, and its columns.", NATIVE, ""},
    {"nodes", "value", "node: node, column: string", "number?", "A node's value in a column; nil if it is not in the set.", NATIVE, ""},

    /* ---- a view ---- */
    {"view", "count", "", "integer", "How many nodes it has.", "", "local n = graph:ego(request.node):count()"},
    {"view", "edge_count", "", "integer", "How many edges it has.", "", ""},
    {"view", "contains", "node: node", "boolean", "Is it in the view?", "", ""},
    {"view", "nodes", "", "nodes", "Its nodes.", NATIVE, ""},
    {"view", "bfs", "from: node, options?: map", "scores", "Hops from a node, along outgoing edges unless said.", NATIVE, ""},
    {"view", "sssp", "from: node", "scores", "Lengths of the shortest ways by `weight`.", NATIVE, ""},
    {"view", "pagerank", "options?: map", "scores", "Ranks that sum to 1.", NATIVE, "local rank = graph:ego(request.node):pagerank():of(request.node)"},
    {"view", "personalised_pagerank", "from: node|nodes, options?: map", "scores", "Ranks that restart at a node or a node set.", NATIVE, ""},
    {"view", "components", "options?: map", "groups", "Weakly or strongly connected parts.", NATIVE, ""},
    {"view", "label_propagation", "options?: map", "groups", "Communities.", NATIVE, ""},
    {"view", "triangles", "", "integer, scores", "How many there are, and through each node.", NATIVE, ""},
    {"view", "clustering", "", "scores", "How many of a node's neighbours are linked, 0 to 1.", NATIVE, ""},
    {"view", "cores", "", "scores", "Core numbers.", NATIVE, ""},
    {"view", "k_core", "k: integer", "nodes", "The nodes with a core number of k or more.", NATIVE, ""},
    {"view", "degree", "options?: map", "scores", "Edges of each node.", NATIVE, ""},
    {"view", "betweenness", "options?: map", "scores", "Shortest ways through each node, estimated from `sources` if given.", NATIVE, ""},

    /* ---- scores and groups ---- */
    {"scores", "count", "", "integer", "How many nodes have one.", "", ""},
    {"scores", "of", "node: node", "number?", "A node's score, or nil.", "", ""},
    {"scores", "each", "", "for node, number", "Goes over nodes and scores, by label and key.", "", ""},
    {"scores", "top", "n: integer", "list", "A list of { node, value }, the largest first, then by key.", NATIVE, ""},
    {"scores", "sum", "", "number", "Their sum.", NATIVE, ""},
    {"scores", "avg", "", "number?", "Their mean.", NATIVE, ""},
    {"scores", "min", "", "number?", "The least.", NATIVE, ""},
    {"scores", "max", "", "number?", "The largest.", NATIVE, ""},
    {"scores", "at_least", "x: number", "nodes", "The nodes with x or more.", NATIVE, ""},
    {"scores", "at_most", "x: number", "nodes", "The nodes with x or less.", NATIVE, ""},
    {"scores", "nodes", "", "nodes", "All nodes that have one.", NATIVE, ""},
    {"groups", "count", "", "integer", "How many groups there are.", "", ""},
    {"groups", "of", "node: node", "node?", "The node that names its group.", "", ""},
    {"groups", "together", "a: node, b: node", "boolean", "Are both in one group?", "", ""},
    {"groups", "members", "node: node", "nodes", "The nodes of its group.", NATIVE, ""},
    {"groups", "size", "node: node", "integer", "How many nodes its group has.", "", ""},
    {"groups", "largest", "", "nodes", "The nodes of the largest group.", NATIVE, ""},
    {"groups", "each", "", "for node, node", "Goes over nodes, each with the one that names its group.", "", ""},

    /* ---- what is global ---- */
    {"", "assert", "value: any, message?: any, ...: any", "any", "Raises the message unless the value holds; gives its arguments.", "", ""},
    {"", "error", "message: any, level?: integer", "", "Raises an error.", "", ""},
    {"", "getmetatable", "value: any", "any", "A table's metatable.", "", ""},
    {"", "setmetatable", "table: map, metatable: any", "map", "Sets a table's metatable; __gc and __mode are refused.", "", ""},
    {"", "ipairs", "list: list", "function, list, integer", "Goes over a list, 1 to n.", "", "for i, x in ipairs({ 1, 2 }) do local _ = i + x end"},
    {"", "next", "table: map, key?: any", "any, any", "The key and value after a key, in the order of pairs.", "", ""},
    {"", "pairs", "table: map", "function, map, any", "Goes over a table: 1 to n, numbers, strings in byte order, nodes and edges by key.", "", "for key, value in pairs({ a = 1 }) do local _ = key .. value end"},
    {"", "pcall", "f: function, ...: any", "boolean, any", "Calls and catches errors; a limit is not caught.", "", ""},
    {"", "xpcall", "f: function, handler: function, ...: any", "boolean, any", "The same with a handler of the error.", "", ""},
    {"", "rawequal", "a: any, b: any", "boolean", "Equal without metamethods?", "", ""},
    {"", "rawget", "table: map, key: any", "any", "Reads without metamethods.", "", ""},
    {"", "rawset", "table: map, key: any, value: any", "map", "Writes without metamethods.", "", ""},
    {"", "select", "n: any, ...: any", "any", "The arguments from the n-th on; \"#\" gives how many.", "", ""},
    {"", "tonumber", "value: any, base?: integer", "number?", "A number, or nil.", "by the text's length", ""},
    {"", "tostring", "value: any", "string", "A text; of a node \"Account:17\", never an address.", "", ""},
    {"", "type", "value: any", "string", "The name of a value's type.", "", ""},
    {"", "unpack", "list: list, from?: integer, to?: integer", "any", "The elements of a list as so many values.", "by how many", ""},
    {"", "_G", NULL, "map", "The table of globals.", "", ""},
    {"", "_VERSION", NULL, "string", "The language's version.", "", ""},

    /* ---- libraries ---- */
    {"string", "byte", "s: string, from?: integer, to?: integer", "integer?", "The bytes at positions, as numbers.", "", ""},
    {"string", "char", "...: integer", "string", "A string of bytes.", "", ""},
    {"string", "find", "s: string, pattern: string, from?: integer, plain?: boolean", "integer?, integer?", "Where a pattern matches, and its captures.", "by the work of matching", ""},
    {"string", "format", "format: string, ...: any", "string", "Text from a format and values.", "by its length", "local text = (\"%d of %.2f\"):format(2, 3.5)"},
    {"string", "gmatch", "s: string, pattern: string", "function", "Goes over the matches of a pattern.", "by the work of matching", ""},
    {"string", "gsub", "s: string, pattern: string, by: any, n?: integer", "string, integer", "The text with matches replaced, and how many.", "by the work of matching", ""},
    {"string", "len", "s: string", "integer", "Its length in bytes.", "", ""},
    {"string", "lower", "s: string", "string", "With ASCII letters lower case.", "by its length", ""},
    {"string", "match", "s: string, pattern: string, from?: integer", "string?", "What a pattern captures, or nil.", "by the work of matching", ""},
    {"string", "rep", "s: string, n: integer, separator?: string", "string", "n times.", "by its length", ""},
    {"string", "reverse", "s: string", "string", "Its bytes the other way round.", "by its length", ""},
    {"string", "sub", "s: string, from: integer, to?: integer", "string", "A part of it.", "by its length", ""},
    {"string", "upper", "s: string", "string", "With ASCII letters upper case.", "by its length", ""},
    {"table", "concat", "list: list, separator?: string, from?: integer, to?: integer", "string", "The elements as one text.", "by its length", ""},
    {"table", "insert", "list: list, ...: any", "", "Inserts an element, at the end or at a position.", "", ""},
    {"table", "maxn", "table: map", "number", "The largest number that is a key.", "by its size", ""},
    {"table", "remove", "list: list, at?: integer", "any", "Takes an element out, the last or that at a position.", "", ""},
    {"table", "sort", "list: list, less?: function", "", "Sorts a list in place.", "n log n", ""},
    {"math", "abs", "x: number", "number", "|x|.", "", ""},
    {"math", "acos", "x: number", "number", "The arc cosine.", "", ""},
    {"math", "asin", "x: number", "number", "The arc sine.", "", ""},
    {"math", "atan", "x: number", "number", "The arc tangent.", "", ""},
    {"math", "atan2", "y: number, x: number", "number", "The angle of a point.", "", ""},
    {"math", "ceil", "x: number", "number", "The next whole number up.", "", ""},
    {"math", "cos", "x: number", "number", "The cosine.", "", ""},
    {"math", "cosh", "x: number", "number", "The hyperbolic cosine.", "", ""},
    {"math", "deg", "x: number", "number", "Radians as degrees.", "", ""},
    {"math", "exp", "x: number", "number", "e^x.", "", ""},
    {"math", "floor", "x: number", "number", "The next whole number down.", "", ""},
    {"math", "fmod", "x: number, y: number", "number", "The remainder, with x's sign.", "", ""},
    {"math", "frexp", "x: number", "number, integer", "Mantissa and exponent.", "", ""},
    {"math", "huge", NULL, "number", "Infinity.", "", ""},
    {"math", "ldexp", "m: number, e: integer", "number", "m * 2^e.", "", ""},
    {"math", "log", "x: number, base?: number", "number", "The logarithm.", "", ""},
    {"math", "log10", "x: number", "number", "The decimal logarithm.", "", ""},
    {"math", "max", "x: number, ...: number", "number", "The largest.", "", ""},
    {"math", "min", "x: number, ...: number", "number", "The least.", "", ""},
    {"math", "modf", "x: number", "number, number", "Whole part and fraction.", "", ""},
    {"math", "pi", NULL, "number", "Pi.", "", ""},
    {"math", "pow", "x: number, y: number", "number", "x^y.", "", ""},
    {"math", "rad", "x: number", "number", "Degrees as radians.", "", ""},
    {"math", "random", "from?: integer, to?: integer", "number", "A number by the request's seed.", "", ""},
    {"math", "sin", "x: number", "number", "The sine.", "", ""},
    {"math", "sinh", "x: number", "number", "The hyperbolic sine.", "", ""},
    {"math", "sqrt", "x: number", "number", "The square root.", "", ""},
    {"math", "tan", "x: number", "number", "The tangent.", "", ""},
    {"math", "tanh", "x: number", "number", "The hyperbolic tangent.", "", ""},
    {"bit", "arshift", "x: number, n: integer", "number", "Shifts right, keeping the sign.", "", ""},
    {"bit", "band", "x: number, ...: number", "number", "Bits that are set in all.", "", ""},
    {"bit", "bnot", "x: number", "number", "All bits turned.", "", ""},
    {"bit", "bor", "x: number, ...: number", "number", "Bits that are set in any.", "", ""},
    {"bit", "bswap", "x: number", "number", "Its bytes the other way round.", "", ""},
    {"bit", "bxor", "x: number, ...: number", "number", "Bits that are set in an odd number.", "", ""},
    {"bit", "lshift", "x: number, n: integer", "number", "Shifts left.", "", ""},
    {"bit", "rol", "x: number, n: integer", "number", "Rotates left.", "", ""},
    {"bit", "ror", "x: number, n: integer", "number", "Rotates right.", "", ""},
    {"bit", "rshift", "x: number, n: integer", "number", "Shifts right.", "", ""},
    {"bit", "tobit", "x: number", "number", "As 32 bits.", "", ""},
    {"bit", "tohex", "x: number, n?: integer", "string", "As hexadecimal digits.", "", ""},
    {"coroutine", "create", "f: function", "any", "A coroutine.", "", ""},
    {"coroutine", "resume", "co: any, ...: any", "boolean, any", "Runs it on; a limit is not caught.", "", ""},
    {"coroutine", "status", "co: any", "string", "How it stands.", "", ""},
    {"coroutine", "wrap", "f: function", "function", "A function that resumes it.", "", ""},
    {"coroutine", "yield", "...: any", "any", "Leaves to the resume.", "", ""},
};

const struct cdn_manual_options cdn_manual_options[] = {
    {"graph", "ego", "hops max_nodes direction edges weight undirected"},
    {"graph", "view", "labels nodes edges weight undirected"},
    {"graph", "shortest_path", "edges direction weight max_hops"},
    {"graph", "paths", "edges direction hops min_hops max_hops ordered within amount tolerance limit list"},
    {"graph", "cycles", "edges hops min_hops max_hops ordered within amount tolerance limit list"},
    {"graph", "common_neighbours", "edges direction"},
    {"graph", "jaccard", "edges direction"},
    {"graph", "adamic_adar", "edges direction"},
    {"graph", "personalised_pagerank", "damping epsilon edges direction"},
    {"graph", "random_walk", "steps seed edges direction"},
    {"edges", "paths", "hops ascending most"},
    {"edges", "cycles", "hops within property ratio"},
    {"view", "bfs", "direction"},
    {"view", "pagerank", "damping iterations"},
    {"view", "personalised_pagerank", "damping iterations"},
    {"view", "components", "strong"},
    {"view", "label_propagation", "iterations"},
    {"view", "degree", "direction"},
    {"view", "betweenness", "sources seed"},
};
/* clang-format on */

const size_t cdn_manual_options_count =
    sizeof cdn_manual_options / sizeof cdn_manual_options[0];

const size_t cdn_manual_count = sizeof cdn_manual / sizeof cdn_manual[0];

const struct cdn_manual *cdn_manual_find(const char *receiver, const char *name)
{
    for (size_t i = 0; i < cdn_manual_count; i++) {
        if (!strcmp(cdn_manual[i].receiver, receiver) &&
            !strcmp(cdn_manual[i].name, name))
            return &cdn_manual[i];
    }
    return NULL;
}

bool cdn_manual_has(const char *receiver)
{
    for (size_t i = 0; i < cdn_manual_count; i++) {
        if (!strcmp(cdn_manual[i].receiver, receiver))
            return true;
    }
    return false;
}

const char *cdn_manual_options_find(const char *receiver, const char *name)
{
    for (size_t i = 0; i < cdn_manual_options_count; i++) {
        if (!strcmp(cdn_manual_options[i].receiver, receiver) &&
            !strcmp(cdn_manual_options[i].name, name))
            return cdn_manual_options[i].options;
    }
    return NULL;
}
