/* What an expression may be, without running it.
 *
 * From below: literals, the request and the graph that `evaluate` is given, what the manual
 * says that methods give, the types of parameters and properties.  A local is what all its
 * definitions agree on; a parameter of a local function what all its calls pass; a call of
 * one what all its returns give.  Where they differ, or anything else could come in, nothing
 * is known.  nil counts as agreeing: a type says what a value is if it is one.
 *
 * Each node is asked once, and what is asked while it is being answered (a local defined by
 * itself) is not known, so the work is linear; depth is bounded. */
#include <string.h>

#include "graph/manual.h"
#include "lint/lint.h"
#include "lint/owners.h"

enum { DEEPEST = 150 };
enum { UNASKED, ASKED, ANSWERED };

#define TYPE(kind_)                                                                    \
    (struct cdn_type)                                                                  \
    {                                                                                  \
        .kind = CDN_TYPE_##kind_                                                       \
    }

static const char *const names[] = {
    [CDN_TYPE_UNKNOWN] = "unknown",       [CDN_TYPE_NIL] = "nil",
    [CDN_TYPE_BOOLEAN] = "a boolean",     [CDN_TYPE_NUMBER] = "a number",
    [CDN_TYPE_STRING] = "a string",       [CDN_TYPE_TABLE] = "a table",
    [CDN_TYPE_FUNCTION] = "a function",   [CDN_TYPE_REQUEST] = "the request",
    [CDN_TYPE_PARAMS] = "the parameters", [CDN_TYPE_GRAPH] = "the graph",
    [CDN_TYPE_NODE] = "a node",           [CDN_TYPE_EDGE] = "an edge",
    [CDN_TYPE_EDGES] = "an edge set",     [CDN_TYPE_NODES] = "a node set",
    [CDN_TYPE_ROWS] = "a node set",       [CDN_TYPE_VIEW] = "a view",
    [CDN_TYPE_SCORES] = "scores",         [CDN_TYPE_GROUPS] = "groups"};

const char *cdn_lint_type_name(struct cdn_type type)
{
    return names[type.kind];
}

/* The manual's words, for what has methods and for what they give. */
static const struct {
    const char *word;
    enum cdn_type_kind kind;
    bool receiver;
} words[] = {
    {"request", CDN_TYPE_REQUEST, true},  {"params", CDN_TYPE_PARAMS, false},
    {"graph", CDN_TYPE_GRAPH, true},      {"node", CDN_TYPE_NODE, true},
    {"edge", CDN_TYPE_EDGE, true},        {"edges", CDN_TYPE_EDGES, true},
    {"nodes", CDN_TYPE_NODES, true},      {"nodes", CDN_TYPE_ROWS, true},
    {"view", CDN_TYPE_VIEW, true},        {"scores", CDN_TYPE_SCORES, true},
    {"groups", CDN_TYPE_GROUPS, true},    {"string", CDN_TYPE_STRING, true},
    {"number", CDN_TYPE_NUMBER, false},   {"integer", CDN_TYPE_NUMBER, false},
    {"boolean", CDN_TYPE_BOOLEAN, false}, {"function", CDN_TYPE_FUNCTION, false},
    {"list", CDN_TYPE_TABLE, false},      {"map", CDN_TYPE_TABLE, false}};
enum { WORDS = sizeof words / sizeof words[0] };

const char *cdn_lint_receiver(struct cdn_type type)
{
    for (int i = 0; i < WORDS; i++) {
        if (words[i].kind == type.kind && words[i].receiver)
            return words[i].word;
    }
    return NULL;
}

/* The n-th of the manual's results, "integer, number?". */
static struct cdn_type result(const char *list, uint32_t n)
{
    const char *end;
    size_t bytes;

    if (!strncmp(list, "for ", 4))
        list += 4;
    for (; n; n--) {
        list = strchr(list, ',');
        if (!list)
            return TYPE(UNKNOWN);
        list += 2;
    }
    end = list + strcspn(list, ",?");
    bytes = (size_t)(end - list);
    for (int i = 0; i < WORDS; i++) {
        if (strlen(words[i].word) == bytes && !memcmp(words[i].word, list, bytes))
            return (struct cdn_type){.kind = words[i].kind};
    }
    return TYPE(UNKNOWN);
}

static struct cdn_type join(struct cdn_type a, struct cdn_type b)
{
    if (a.kind == CDN_TYPE_NIL)
        return b;
    if (b.kind == CDN_TYPE_NIL)
        return a;
    if ((a.kind == CDN_TYPE_NODES && b.kind == CDN_TYPE_ROWS) ||
        (a.kind == CDN_TYPE_ROWS && b.kind == CDN_TYPE_NODES))
        return TYPE(ROWS);
    if (a.kind != b.kind)
        return TYPE(UNKNOWN);
    if (a.symbol != b.symbol)
        a.symbol = 0;
    return a;
}

/* ---- small questions ---- */

const char *cdn_lint_constant(struct cdn_lint *lint, uint32_t node)
{
    const struct cdn_syntax_node *at;

    node = cdn_syntax_bare(lint->syntax, node);
    at = cdn_lint_node(lint, node);
    if (at->kind == CDN_SYNTAX_NAME && cdn_scope_local(&lint->scope, node)) {
        const struct cdn_local *local = cdn_scope_local(&lint->scope, node);

        if (local->kind != CDN_LOCAL_PLAIN)
            return NULL;
        node = cdn_syntax_bare(lint->syntax, cdn_scope_only_value(&lint->scope, local));
        at = cdn_lint_node(lint, node);
    }
    if (at->kind != CDN_SYNTAX_STRING || strlen(cdn_lint_text(lint, at->symbol)) !=
                                             lint->syntax->symbols[at->symbol].bytes)
        return NULL;
    return cdn_lint_text(lint, at->symbol);
}

uint32_t cdn_lint_nth(const struct cdn_lint *lint, uint32_t first, uint32_t n)
{
    for (; first && n; n--)
        first = cdn_lint_node(lint, first)->next;
    return first;
}

const char *cdn_lint_global(const struct cdn_lint *lint, uint32_t name)
{
    const struct cdn_syntax_node *at = cdn_lint_node(lint, name);

    return at->kind == CDN_SYNTAX_NAME && !lint->scope.binding[name]
               ? cdn_lint_text(lint, at->symbol)
               : NULL;
}

uint32_t cdn_lint_callee(const struct cdn_lint *lint, uint32_t call)
{
    const struct cdn_syntax_node *at = cdn_lint_node(lint, call);
    const struct cdn_local *local;
    uint32_t value;

    if (at->kind != CDN_SYNTAX_CALL ||
        cdn_lint_node(lint, at->a)->kind != CDN_SYNTAX_NAME)
        return 0;
    local = cdn_scope_local(&lint->scope, at->a);
    value = local ? cdn_scope_only_value(&lint->scope, local) : 0;
    return cdn_lint_node(lint, value)->kind == CDN_SYNTAX_FUNCTION ? value : 0;
}

bool cdn_lint_starts_at_node(struct cdn_lint *lint, uint32_t set)
{
    for (uint32_t i = 0; i < DEEPEST; i++) {
        const struct cdn_syntax_node *at;

        set = cdn_syntax_bare(lint->syntax, set);
        at = cdn_lint_node(lint, set);
        if (at->kind == CDN_SYNTAX_NAME && cdn_scope_local(&lint->scope, set)) {
            set =
                cdn_scope_only_value(&lint->scope, cdn_scope_local(&lint->scope, set));
            continue;
        }
        if (at->kind != CDN_SYNTAX_METHOD)
            return false;
        if (cdn_lint_infer(lint, at->a).kind != CDN_TYPE_EDGES)
            return cdn_lint_infer(lint, at->a).kind == CDN_TYPE_NODE;
        set = at->a;
    }
    return false;
}

/* ---- properties and parameters ---- */

static struct cdn_type column_type(const struct cdn_property *property)
{
    switch (property->type) {
    case CDN_COLUMN_BOOL:
        return TYPE(BOOLEAN);
    case CDN_COLUMN_INT64:
        return property->lua_string ? TYPE(STRING) : TYPE(NUMBER);
    case CDN_COLUMN_FLOAT64:
    case CDN_COLUMN_TIMESTAMP:
        return TYPE(NUMBER);
    case CDN_COLUMN_STRING:
    case CDN_COLUMN_TEXT:
        return TYPE(STRING);
    case CDN_COLUMN_BAG:
        break;
    }
    return TYPE(UNKNOWN);
}

static bool same_column(const struct cdn_property *a, const struct cdn_property *b)
{
    return column_type(a).kind == column_type(b).kind;
}

const struct cdn_property *cdn_lint_property(const struct cdn_lint *lint,
                                             const char *kind, const char *name,
                                             bool edges)
{
    const struct cdn_schema *schema = lint->snapshot ? &lint->snapshot->schema : NULL;
    const struct cdn_property *found = NULL;
    uint32_t count = schema ? cdn_owner_count(schema, edges) : 0;

    for (uint32_t i = 0; i < count; i++) {
        const struct cdn_property *property =
            cdn_owner_property(schema, edges, i, name);

        if (!property || (kind && strcmp(kind, cdn_owner_name(schema, edges, i)) != 0))
            continue;
        if (found && !same_column(found, property))
            return NULL;
        found = property;
    }
    return found;
}

static struct cdn_type infer_param(const struct cdn_lint *lint, const char *name)
{
    static const enum cdn_type_kind kinds[] = {
        [CDN_PARAM_BOOLEAN] = CDN_TYPE_BOOLEAN, [CDN_PARAM_INTEGER] = CDN_TYPE_NUMBER,
        [CDN_PARAM_NUMBER] = CDN_TYPE_NUMBER,   [CDN_PARAM_STRING] = CDN_TYPE_STRING,
        [CDN_PARAM_DURATION] = CDN_TYPE_NUMBER, [CDN_PARAM_TIMESTAMP] = CDN_TYPE_NUMBER,
        [CDN_PARAM_LIST] = CDN_TYPE_TABLE};

    for (uint32_t i = 0; lint->rule && i < lint->rule->param_count; i++) {
        if (!strcmp(lint->rule->params[i].name, name))
            return (struct cdn_type){.kind = kinds[lint->rule->params[i].type]};
    }
    return TYPE(UNKNOWN);
}

static struct cdn_type infer_index(struct cdn_lint *lint, uint32_t node)
{
    const struct cdn_syntax_node *at = cdn_lint_node(lint, node);
    struct cdn_type base = cdn_lint_infer(lint, at->a);
    const char *name = cdn_lint_constant(lint, at->b);
    const char *receiver = cdn_lint_receiver(base);
    const char *library = cdn_lint_global(lint, at->a);
    const struct cdn_manual *manual;
    const struct cdn_property *property;

    if (!name)
        return TYPE(UNKNOWN);
    if (library && library[0] && cdn_manual_has(library) && !lint->metatables) {
        manual = cdn_manual_find(library, name);
        return manual && !manual->arguments ? result(manual->result, 0) : TYPE(UNKNOWN);
    }
    if (base.kind == CDN_TYPE_PARAMS)
        return infer_param(lint, name);
    manual = receiver ? cdn_manual_find(receiver, name) : NULL;
    if (manual)
        return manual->arguments ? TYPE(FUNCTION) : result(manual->result, 0);
    if (base.kind != CDN_TYPE_NODE && base.kind != CDN_TYPE_EDGE)
        return TYPE(UNKNOWN);
    property =
        cdn_lint_property(lint, base.symbol ? cdn_lint_text(lint, base.symbol) : NULL,
                          name, base.kind == CDN_TYPE_EDGE);
    return property ? column_type(property) : TYPE(UNKNOWN);
}

/* ---- calls ---- */

/* Methods that give the kind of set that they are called on. */
static bool refines(const struct cdn_manual *manual)
{
    return !strcmp(manual->receiver, "edges") && !strcmp(manual->result, "edges");
}

static struct cdn_type infer_method(struct cdn_lint *lint, uint32_t node, uint32_t n)
{
    const struct cdn_syntax_node *at = cdn_lint_node(lint, node);
    struct cdn_type base = cdn_lint_infer(lint, at->a);
    const char *receiver = cdn_lint_receiver(base);
    const char *name = cdn_lint_text(lint, at->symbol);
    const struct cdn_manual *manual = receiver ? cdn_manual_find(receiver, name) : NULL;
    struct cdn_type type;
    uint32_t first;

    if (!manual || !manual->arguments)
        return TYPE(UNKNOWN);
    type = result(manual->result, n);
    if (n)
        return type;
    first = cdn_syntax_bare(lint->syntax, at->b);
    if (refines(manual) || (base.kind == CDN_TYPE_EDGES && type.kind == CDN_TYPE_EDGE))
        type.symbol = base.symbol;
    else if ((type.kind == CDN_TYPE_EDGES || !strcmp(name, "node")) &&
             cdn_lint_node(lint, first)->kind == CDN_SYNTAX_STRING)
        type.symbol = cdn_lint_node(lint, first)->symbol;
    /* Columns come from groupings, and stay where some rows of them are kept. */
    if (type.kind == CDN_TYPE_NODES &&
        (base.kind == CDN_TYPE_ROWS || !strcmp(name, "group") ||
         !strcmp(name, "with") || !strcmp(name, "join")))
        type.kind = CDN_TYPE_ROWS;
    return type;
}

/* What all `return`s of a function give first. */
static struct cdn_type infer_returns(struct cdn_lint *lint, uint32_t function)
{
    struct cdn_type type = TYPE(NIL);

    if (lint->returned_states[function] == ANSWERED)
        return lint->returned[function];
    if (lint->returned_states[function] == ASKED)
        return TYPE(UNKNOWN);
    lint->returned_states[function] = ASKED;
    for (uint32_t i = function; cdn_lint_within(lint, i, function); i--) {
        const struct cdn_syntax_node *at = cdn_lint_node(lint, i);

        if (at->kind != CDN_SYNTAX_RETURN || !at->a ||
            cdn_scope_function(&lint->scope, i) != function)
            continue;
        type = join(type, cdn_lint_infer(lint, at->a));
        if (type.kind == CDN_TYPE_UNKNOWN)
            break;
    }
    if (type.kind == CDN_TYPE_NIL)
        type.kind = CDN_TYPE_UNKNOWN;
    lint->returned[function] = type;
    lint->returned_states[function] = ANSWERED;
    return type;
}

static struct cdn_type infer_call(struct cdn_lint *lint, uint32_t node, uint32_t n)
{
    const struct cdn_syntax_node *at = cdn_lint_node(lint, node);
    const struct cdn_syntax_node *callee = cdn_lint_node(lint, at->a);
    const struct cdn_manual *manual = NULL;
    uint32_t function = cdn_lint_callee(lint, node);

    if (function)
        return n ? TYPE(UNKNOWN) : infer_returns(lint, function);
    if (lint->metatables) /* of _G, perhaps */
        return TYPE(UNKNOWN);
    if (cdn_lint_global(lint, at->a)) {
        manual = cdn_manual_find("", cdn_lint_global(lint, at->a));
    } else if (callee->kind == CDN_SYNTAX_INDEX && cdn_lint_global(lint, callee->a)) {
        const char *name = cdn_lint_constant(lint, callee->b);

        if (name && cdn_lint_global(lint, callee->a)[0])
            manual = cdn_manual_find(cdn_lint_global(lint, callee->a), name);
    }
    return manual && manual->arguments ? result(manual->result, n) : TYPE(UNKNOWN);
}

/* ---- names ---- */

/* A parameter of a local function that is only called. */
static struct cdn_type infer_passed(struct cdn_lint *lint,
                                    const struct cdn_local *local)
{
    struct cdn_type type = TYPE(NIL);
    uint32_t parent = lint->scope.parents[local->function];
    const struct cdn_local *owner = NULL;
    uint32_t name = 0;

    if (cdn_lint_node(lint, parent)->kind == CDN_SYNTAX_LOCAL_FUNCTION ||
        (cdn_lint_node(lint, parent)->kind == CDN_SYNTAX_LOCAL &&
         !cdn_lint_node(lint, cdn_lint_node(lint, parent)->a)->next))
        name = cdn_lint_node(lint, parent)->a;
    owner = name ? cdn_scope_local(&lint->scope, name) : NULL;
    if (!owner || owner->writes || owner->reads != owner->called || !owner->calls)
        return TYPE(UNKNOWN);
    for (uint32_t call = owner->calls; call; call = lint->scope.calls[call].next) {
        uint32_t list = cdn_lint_node(lint, lint->scope.calls[call].node)->b;
        uint32_t passed = cdn_lint_nth(lint, list, local->place);

        for (uint32_t i = list; !passed && i; i = cdn_lint_node(lint, i)->next) {
            if (!cdn_lint_node(lint, i)->next &&
                cdn_lint_node(lint, i)->kind != CDN_SYNTAX_NAME)
                return TYPE(UNKNOWN); /* may give several values */
        }
        if (passed)
            type = join(type, cdn_lint_infer(lint, passed));
        if (type.kind == CDN_TYPE_UNKNOWN)
            return type;
    }
    return type;
}

static struct cdn_type infer_loop(struct cdn_lint *lint, const struct cdn_local *local)
{
    uint32_t loop = lint->scope.parents[local->node];
    const struct cdn_syntax_node *at = cdn_lint_node(lint, loop);
    const struct cdn_syntax_node *from = cdn_lint_node(lint, at->b);
    struct cdn_type base, type;

    if (at->kind == CDN_SYNTAX_FOR)
        return TYPE(NUMBER);
    if (from->kind == CDN_SYNTAX_CALL && !from->next && cdn_lint_global(lint, from->a))
        return !strcmp(cdn_lint_global(lint, from->a), "ipairs") && !local->place
                   ? TYPE(NUMBER)
                   : TYPE(UNKNOWN);
    if (from->kind != CDN_SYNTAX_METHOD || from->next ||
        strcmp(cdn_lint_text(lint, from->symbol), "each") != 0)
        return TYPE(UNKNOWN);
    base = cdn_lint_infer(lint, from->a);
    type = infer_method(lint, at->b, local->place);
    if (type.kind == CDN_TYPE_EDGE)
        type.symbol = base.symbol;
    return type;
}

static struct cdn_type infer_local(struct cdn_lint *lint, const struct cdn_local *local)
{
    struct cdn_type type = TYPE(NIL);

    if (local->kind == CDN_LOCAL_SELF)
        return TYPE(UNKNOWN);
    if (local->kind == CDN_LOCAL_PARAMETER) {
        if (local->function != lint->evaluate)
            type = infer_passed(lint, local);
        else
            type = local->place == 0   ? TYPE(GRAPH)
                   : local->place == 1 ? TYPE(REQUEST)
                                       : TYPE(UNKNOWN);
    } else if (local->kind == CDN_LOCAL_LOOP) {
        type = infer_loop(lint, local);
    }
    for (uint32_t i = local->definitions; i && type.kind != CDN_TYPE_UNKNOWN;
         i = lint->scope.definitions[i].next) {
        const struct cdn_definition *definition = &lint->scope.definitions[i];
        const struct cdn_syntax_node *from = cdn_lint_node(lint, definition->from);

        if (definition->value)
            type = join(type, cdn_lint_infer(lint, definition->value));
        else if (from->kind == CDN_SYNTAX_METHOD)
            type = join(type, infer_method(lint, definition->from, definition->at));
        else
            type = from->kind == CDN_SYNTAX_CALL
                       ? join(type, infer_call(lint, definition->from, definition->at))
                       : TYPE(UNKNOWN);
    }
    return type;
}

/* ---- operators ---- */

static struct cdn_type infer_binary(struct cdn_lint *lint,
                                    const struct cdn_syntax_node *at)
{
    struct cdn_type left, right;
    const struct cdn_syntax_node *first;

    switch (at->op) {
    case CDN_TOKEN_EQ:
    case CDN_TOKEN_NE:
    case CDN_TOKEN_LE:
    case CDN_TOKEN_GE:
    case '<':
    case '>':
        return TYPE(BOOLEAN);
    case CDN_TOKEN_CONCAT:
        return lint->metatables ? TYPE(UNKNOWN) : TYPE(STRING);
    case CDN_TOKEN_AND: /* the first, if it is false or nil */
        left = cdn_lint_infer(lint, at->a);
        return left.kind == CDN_TYPE_UNKNOWN || left.kind == CDN_TYPE_BOOLEAN ||
                       left.kind == CDN_TYPE_NIL
                   ? TYPE(UNKNOWN)
                   : cdn_lint_infer(lint, at->b);
    case CDN_TOKEN_OR: /* of `a and b or c` the first gives only b */
        first = cdn_lint_node(lint, cdn_syntax_bare(lint->syntax, at->a));
        left = first->kind == CDN_SYNTAX_BINARY && first->op == CDN_TOKEN_AND
                   ? cdn_lint_infer(lint, first->b)
                   : cdn_lint_infer(lint, at->a);
        right = cdn_lint_infer(lint, at->b);
        if (left.kind == CDN_TYPE_UNKNOWN || right.kind == CDN_TYPE_UNKNOWN)
            return TYPE(UNKNOWN);
        return join(left, right);
    default:
        return lint->metatables ? TYPE(UNKNOWN) : TYPE(NUMBER);
    }
}

static struct cdn_type infer(struct cdn_lint *lint, uint32_t node)
{
    const struct cdn_syntax_node *at = cdn_lint_node(lint, node);
    const struct cdn_local *local;

    switch (at->kind) {
    case CDN_SYNTAX_NIL:
        return TYPE(NIL);
    case CDN_SYNTAX_TRUE:
    case CDN_SYNTAX_FALSE:
        return TYPE(BOOLEAN);
    case CDN_SYNTAX_NUMBER:
        return TYPE(NUMBER);
    case CDN_SYNTAX_STRING:
        return TYPE(STRING);
    case CDN_SYNTAX_FUNCTION:
        return TYPE(FUNCTION);
    case CDN_SYNTAX_TABLE:
        return TYPE(TABLE);
    case CDN_SYNTAX_PAREN:
        return cdn_lint_infer(lint, at->a);
    case CDN_SYNTAX_UNARY:
        if (at->op == CDN_TOKEN_NOT)
            return TYPE(BOOLEAN);
        return lint->metatables ? TYPE(UNKNOWN) : TYPE(NUMBER);
    case CDN_SYNTAX_BINARY:
        return infer_binary(lint, at);
    case CDN_SYNTAX_INDEX:
        return infer_index(lint, node);
    case CDN_SYNTAX_METHOD:
        return infer_method(lint, node, 0);
    case CDN_SYNTAX_CALL:
        return infer_call(lint, node, 0);
    case CDN_SYNTAX_NAME:
        local = cdn_scope_local(&lint->scope, node);
        if (!local)
            return TYPE(UNKNOWN);
        return local->node && local->node != node ? cdn_lint_infer(lint, local->node)
                                                  : infer_local(lint, local);
    default:
        return TYPE(UNKNOWN);
    }
}

struct cdn_type cdn_lint_infer(struct cdn_lint *lint, uint32_t node)
{
    if (!node || lint->states[node] == ASKED || lint->depth >= DEEPEST)
        return TYPE(UNKNOWN);
    if (lint->states[node] == ANSWERED)
        return lint->types[node];
    lint->states[node] = ASKED;
    lint->depth++;
    lint->types[node] = infer(lint, node);
    lint->depth--;
    lint->states[node] = ANSWERED;
    return lint->types[node];
}
