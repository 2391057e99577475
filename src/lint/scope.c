/* Resolving names: one walk down the tree, with what each name stands for at the moment in an
 * array by symbol.  A declaration remembers what it hides and puts that back when its block
 * ends, so a name is found in one step however many locals are open. */
#include "lint/scope.h"

#include <string.h>

#include "base/alloc.h"

struct walk {
    struct cdn_scope *scope;
    const struct cdn_syntax *syntax;
    uint32_t function;
    uint32_t open_count, open_room;
    uint32_t *open; /* locals that are open, in the order of their declaration */
};

static void visit(struct walk *walk, uint32_t node, uint32_t parent);
static void visit_function(struct walk *walk, uint32_t node);

/* ---- growing ---- */

static bool grow(struct walk *walk, void **items, uint32_t *room, uint32_t count,
                 size_t size)
{
    uint32_t wanted = *room ? *room * 2 : 32;
    void *grown;

    if (count < *room)
        return true;
    grown = cdn_realloc_array(*items, wanted, size);
    if (!grown) {
        walk->scope->nomem = true;
        return false;
    }
    *items = grown;
    *room = wanted;
    return true;
}

static void define(struct walk *walk, uint32_t local, uint32_t value, uint32_t from,
                   uint32_t at)
{
    struct cdn_scope *scope = walk->scope;

    if (!grow(walk, (void **)&scope->definitions, &scope->definition_room,
              scope->definition_count, sizeof *scope->definitions))
        return;
    scope->definitions[scope->definition_count] =
        (struct cdn_definition){.value = value,
                                .from = from,
                                .at = at,
                                .next = scope->locals[local].definitions};
    scope->locals[local].definitions = scope->definition_count++;
}

static void note_call(struct walk *walk, uint32_t local, uint32_t node)
{
    struct cdn_scope *scope = walk->scope;

    if (!grow(walk, (void **)&scope->calls, &scope->call_room, scope->call_count,
              sizeof *scope->calls))
        return;
    scope->calls[scope->call_count] =
        (struct cdn_call_of){.node = node, .next = scope->locals[local].calls};
    scope->locals[local].calls = scope->call_count++;
}

/* ---- declarations ---- */

#define NO_LOCAL UINT32_MAX

static uint32_t declare(struct walk *walk, uint32_t symbol, uint32_t node,
                        enum cdn_local_kind kind, uint32_t place)
{
    struct cdn_scope *scope = walk->scope;
    uint32_t local = scope->count;

    if (!grow(walk, (void **)&scope->locals, &scope->room, scope->count,
              sizeof *scope->locals) ||
        !grow(walk, (void **)&walk->open, &walk->open_room, walk->open_count,
              sizeof *walk->open))
        return NO_LOCAL;
    scope->locals[local] = (struct cdn_local){.symbol = symbol,
                                              .node = node,
                                              .kind = kind,
                                              .function = walk->function,
                                              .place = place,
                                              .hides = scope->current[symbol]};
    scope->count++;
    scope->current[symbol] = local + 1;
    walk->open[walk->open_count++] = local;
    if (node) {
        scope->binding[node] = local + 1;
        scope->roles[node] = CDN_ROLE_DECLARES;
    }
    return local;
}

static uint32_t declare_name(struct walk *walk, uint32_t node, enum cdn_local_kind kind,
                             uint32_t place)
{
    return declare(walk, walk->syntax->nodes[node].symbol, node, kind, place);
}

static void close_to(struct walk *walk, uint32_t count)
{
    while (walk->open_count > count) {
        const struct cdn_local *local =
            &walk->scope->locals[walk->open[--walk->open_count]];

        walk->scope->current[local->symbol] = local->hides;
    }
}

/* ---- names ---- */

static void visit_name(struct walk *walk, uint32_t node, enum cdn_name_role role)
{
    struct cdn_scope *scope = walk->scope;
    uint32_t local = scope->current[walk->syntax->nodes[node].symbol];

    scope->roles[node] = (uint8_t)role;
    scope->binding[node] = local;
    if (!local)
        return;
    if (role == CDN_ROLE_WRITES)
        scope->locals[local - 1].writes++;
    else
        scope->locals[local - 1].reads++;
    if (role == CDN_ROLE_CALLS)
        scope->locals[local - 1].called++;
}

static void visit_list(struct walk *walk, uint32_t node, uint32_t parent)
{
    for (; node; node = walk->syntax->nodes[node].next)
        visit(walk, node, parent);
}

/* Give the values of a list to the names of another. */
static void define_all(struct walk *walk, uint32_t names, uint32_t values)
{
    const struct cdn_syntax_node *nodes = walk->syntax->nodes;
    uint32_t last = 0, past = 0;

    for (; names; names = nodes[names].next) {
        uint32_t local = walk->scope->binding[names];

        if (values) {
            bool gives_more =
                !nodes[values].next && (nodes[values].kind == CDN_SYNTAX_CALL ||
                                        nodes[values].kind == CDN_SYNTAX_METHOD ||
                                        nodes[values].kind == CDN_SYNTAX_DOTS);

            if (local && nodes[names].kind == CDN_SYNTAX_NAME)
                define(walk, local - 1, values, 0, 0);
            last = gives_more ? values : 0;
            past = 1;
            values = nodes[values].next;
        } else if (local && nodes[names].kind == CDN_SYNTAX_NAME && last) {
            define(walk, local - 1, 0, last, past++);
        }
    }
}

static void visit_local(struct walk *walk, uint32_t node)
{
    const struct cdn_syntax_node *at = &walk->syntax->nodes[node];

    visit_list(walk, at->b, node); /* before the names are there */
    for (uint32_t name = at->a; name; name = walk->syntax->nodes[name].next) {
        walk->scope->parents[name] = node;
        declare_name(walk, name, CDN_LOCAL_PLAIN, 0);
    }
    define_all(walk, at->a, at->b);
}

static void visit_assign(struct walk *walk, uint32_t node)
{
    const struct cdn_syntax_node *at = &walk->syntax->nodes[node];

    visit_list(walk, at->b, node);
    for (uint32_t target = at->a; target; target = walk->syntax->nodes[target].next) {
        if (walk->syntax->nodes[target].kind == CDN_SYNTAX_NAME) {
            walk->scope->parents[target] = node;
            visit_name(walk, target, CDN_ROLE_WRITES);
        } else {
            visit(walk, target, node);
        }
    }
    define_all(walk, at->a, at->b);
}

static void visit_define(struct walk *walk, uint32_t node)
{
    const struct cdn_syntax_node *at = &walk->syntax->nodes[node];

    if (walk->syntax->nodes[at->a].kind == CDN_SYNTAX_NAME) {
        walk->scope->parents[at->a] = node;
        visit_name(walk, at->a, CDN_ROLE_WRITES);
        if (walk->scope->binding[at->a])
            define(walk, walk->scope->binding[at->a] - 1, at->b, 0, 0);
    } else {
        visit(walk, at->a, node);
    }
    visit(walk, at->b, node);
}

static void visit_for(struct walk *walk, uint32_t node)
{
    const struct cdn_syntax_node *at = &walk->syntax->nodes[node];
    uint32_t open = walk->open_count;
    uint32_t place = 0;

    visit_list(walk, at->b, node);
    for (uint32_t name = at->a; name; name = walk->syntax->nodes[name].next) {
        walk->scope->parents[name] = node;
        declare_name(walk, name, CDN_LOCAL_LOOP, place++);
    }
    visit(walk, at->c, node);
    close_to(walk, open);
}

static void visit_block(struct walk *walk, uint32_t node)
{
    uint32_t open = walk->open_count;

    visit_list(walk, walk->syntax->nodes[node].a, node);
    close_to(walk, open);
}

/* The condition sees the locals of the body. */
static void visit_repeat(struct walk *walk, uint32_t node)
{
    const struct cdn_syntax_node *at = &walk->syntax->nodes[node];
    uint32_t open = walk->open_count;

    walk->scope->parents[at->a] = node;
    visit_list(walk, walk->syntax->nodes[at->a].a, at->a);
    visit(walk, at->b, node);
    close_to(walk, open);
}

static void visit_function(struct walk *walk, uint32_t node)
{
    const struct cdn_syntax_node *at = &walk->syntax->nodes[node];
    uint32_t open = walk->open_count;
    uint32_t outer = walk->function;
    uint32_t place = 0;

    walk->function = node;
    if (at->method) {
        uint32_t self = cdn_symbol_find(walk->syntax, "self", 4);

        if (self) /* else nobody names it */
            declare(walk, self, 0, CDN_LOCAL_SELF, 0);
    }
    for (uint32_t name = at->a; name; name = walk->syntax->nodes[name].next) {
        walk->scope->parents[name] = node;
        declare_name(walk, name, CDN_LOCAL_PARAMETER, place++);
    }
    visit(walk, at->b, node);
    close_to(walk, open);
    walk->function = outer;
}

static void visit_call(struct walk *walk, uint32_t node)
{
    const struct cdn_syntax_node *at = &walk->syntax->nodes[node];

    if (walk->syntax->nodes[at->a].kind == CDN_SYNTAX_NAME) {
        walk->scope->parents[at->a] = node;
        visit_name(walk, at->a, CDN_ROLE_CALLS);
        if (walk->scope->binding[at->a])
            note_call(walk, walk->scope->binding[at->a] - 1, node);
    } else {
        visit(walk, at->a, node);
    }
    visit_list(walk, at->b, node);
}

static void visit(struct walk *walk, uint32_t node, uint32_t parent)
{
    const struct cdn_syntax_node *at = &walk->syntax->nodes[node];
    uint32_t local;

    if (!node || walk->scope->nomem)
        return;
    walk->scope->parents[node] = parent;
    switch ((enum cdn_syntax_kind)at->kind) {
    case CDN_SYNTAX_NAME:
        visit_name(walk, node, CDN_ROLE_READS);
        break;
    case CDN_SYNTAX_LOCAL:
        visit_local(walk, node);
        break;
    case CDN_SYNTAX_LOCAL_FUNCTION:
        walk->scope->parents[at->a] = node;
        local = declare_name(walk, at->a, CDN_LOCAL_FUNCTION, 0);
        if (local != NO_LOCAL)
            define(walk, local, at->b, 0, 0);
        visit(walk, at->b, node);
        break;
    case CDN_SYNTAX_ASSIGN:
        visit_assign(walk, node);
        break;
    case CDN_SYNTAX_DEFINE:
        visit_define(walk, node);
        break;
    case CDN_SYNTAX_FUNCTION:
        visit_function(walk, node);
        break;
    case CDN_SYNTAX_BLOCK:
        visit_block(walk, node);
        break;
    case CDN_SYNTAX_REPEAT:
        visit_repeat(walk, node);
        break;
    case CDN_SYNTAX_FOR:
    case CDN_SYNTAX_FOR_IN:
        visit_for(walk, node);
        break;
    case CDN_SYNTAX_CALL:
        visit_call(walk, node);
        break;
    case CDN_SYNTAX_NONE:
    case CDN_SYNTAX_NIL:
    case CDN_SYNTAX_TRUE:
    case CDN_SYNTAX_FALSE:
    case CDN_SYNTAX_NUMBER:
    case CDN_SYNTAX_STRING:
    case CDN_SYNTAX_DOTS:
    case CDN_SYNTAX_BREAK:
    case CDN_SYNTAX_GOTO:
    case CDN_SYNTAX_MARK:
        break;
    case CDN_SYNTAX_INDEX:
    case CDN_SYNTAX_METHOD:
    case CDN_SYNTAX_TABLE:
    case CDN_SYNTAX_UNARY:
    case CDN_SYNTAX_BINARY:
    case CDN_SYNTAX_PAREN:
    case CDN_SYNTAX_ITEM:
    case CDN_SYNTAX_PAIR:
    case CDN_SYNTAX_STATEMENT:
    case CDN_SYNTAX_DO:
    case CDN_SYNTAX_WHILE:
    case CDN_SYNTAX_IF:
    case CDN_SYNTAX_CLAUSE:
    case CDN_SYNTAX_RETURN:
        visit_list(walk, at->a, node);
        visit_list(walk, at->b, node);
        visit_list(walk, at->c, node);
        break;
    }
}

cordon_status cdn_scope_build(struct cdn_scope *out, const struct cdn_syntax *syntax)
{
    struct walk walk = {.scope = out, .syntax = syntax};

    memset(out, 0, sizeof *out);
    out->syntax = syntax;
    if (syntax->deepest > CDN_SCOPE_DEEPEST)
        return CORDON_E_INVALID;
    out->binding = cdn_calloc(syntax->count, sizeof *out->binding);
    out->roles = cdn_calloc(syntax->count, sizeof *out->roles);
    out->parents = cdn_calloc(syntax->count, sizeof *out->parents);
    out->current = cdn_calloc(syntax->symbol_count, sizeof *out->current);
    if (!out->binding || !out->roles || !out->parents || !out->current)
        return CORDON_E_NOMEM;
    out->definition_count = out->call_count = 1;
    visit(&walk, syntax->chunk, 0);
    cdn_free(walk.open);
    return out->nomem ? CORDON_E_NOMEM : CORDON_OK;
}

void cdn_scope_deinit(struct cdn_scope *scope)
{
    cdn_free(scope->locals);
    cdn_free(scope->binding);
    cdn_free(scope->roles);
    cdn_free(scope->parents);
    cdn_free(scope->definitions);
    cdn_free(scope->calls);
    cdn_free(scope->current);
    memset(scope, 0, sizeof *scope);
}

uint32_t cdn_scope_only_value(const struct cdn_scope *scope,
                              const struct cdn_local *local)
{
    uint32_t at = local->definitions;

    return at && !scope->definitions[at].next ? scope->definitions[at].value : 0;
}

uint32_t cdn_scope_function(const struct cdn_scope *scope, uint32_t node)
{
    do
        node = scope->parents[node];
    while (node && scope->syntax->nodes[node].kind != CDN_SYNTAX_FUNCTION);
    return node;
}
