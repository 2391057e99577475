/* Methods, properties, labels and edge types, parameters, fields of libraries and of the
 * request: is there such a name where it is asked for?
 *
 * Only where it is known what is asked.  Names of a label or edge type are those that `reads`
 * declares: the rest does not exist for the rule, whatever the snapshot has.  The snapshot
 * helps to say which of the two is wrong. */
#include <stdio.h>
#include <string.h>

#include "base/suggest.h"
#include "graph/manual.h"
#include "lint/lint.h"
#include "lint/owners.h"

enum { HINT = 160 };

/* ---- what reads declares ---- */

/* The kind of that name; NULL: it is not declared. */
static const struct cdn_name_kind *find_kind(const struct cdn_lint *lint,
                                             const char *name)
{
    const struct cdn_names *names = &lint->rule->names;

    for (uint32_t i = 0; i < names->kind_count; i++) {
        if (!strcmp(names->kinds[i].name, name))
            return &names->kinds[i];
    }
    return NULL;
}

/* Is it declared for a kind, or for any if that is NULL? */
static bool declares(const struct cdn_lint *lint, const struct cdn_name_kind *kind,
                     const char *property)
{
    const struct cdn_names *names = &lint->rule->names;

    for (uint32_t p = 0; p < names->property_count; p++) {
        if (!strcmp(names->properties[p], property))
            return !kind || (kind->properties >> p & 1);
    }
    return false;
}

/* The hint for a property that is not declared: where the snapshot has it, or what was
 * probably meant. */
static void property_hint(const struct cdn_lint *lint, const struct cdn_name_kind *kind,
                          const char *property, bool edges, char out[HINT])
{
    const struct cdn_names *names = &lint->rule->names;
    struct cdn_suggest near;

    if (cdn_lint_property(lint, kind ? kind->name : NULL, property, edges)) {
        snprintf(out, HINT, "; the snapshot has it: add \"%.64s\" to reads%s%.64s",
                 property, kind ? "." : "", kind ? kind->name : "");
        return;
    }
    cdn_suggest_init(&near, property);
    for (uint32_t p = 0; p < names->property_count; p++) {
        if (!kind || (kind->properties >> p & 1))
            cdn_suggest_offer(&near, names->properties[p]);
    }
    for (size_t i = 0; i < cdn_manual_count; i++) {
        if (!strcmp(cdn_manual[i].receiver, edges ? "edge" : "node"))
            cdn_suggest_offer(&near, cdn_manual[i].name);
    }
    cdn_suggest_text(&near, out, HINT);
}

void cdn_lint_property_at(struct cdn_lint *lint, uint32_t place, uint32_t symbol,
                          const char *property, bool edges)
{
    const char *name = symbol ? cdn_lint_text(lint, symbol) : NULL;
    const struct cdn_name_kind *kind;
    char hint[HINT];

    if (!lint->rule)
        return;
    kind = name ? find_kind(lint, name) : NULL;
    if ((name && !kind) || declares(lint, kind, property))
        return; /* an undeclared kind is told where it is named */
    property_hint(lint, kind, property, edges, hint);
    if (kind)
        cdn_lint_add_at(lint->findings, CDN_LINT_PROPERTY, lint->syntax, place,
                        "%.64s has no property '%.64s' in reads%s", kind->name,
                        property, hint);
    else
        cdn_lint_add_at(lint->findings, CDN_LINT_PROPERTY, lint->syntax, place,
                        "no %s has a property '%.64s' in reads%s",
                        edges ? "edge type" : "label", property, hint);
}

/* A label where an edge type is asked for, or the other way round. */
static void check_side(struct cdn_lint *lint, uint32_t place, const char *name,
                       const char *what)
{
    const struct cdn_schema *schema = lint->snapshot ? &lint->snapshot->schema : NULL;
    bool edges = !strcmp(what, "edge type"), other = false;

    for (uint32_t side = 0; schema && side < 2; side++) {
        for (uint32_t i = 0; i < cdn_owner_count(schema, side); i++) {
            if (strcmp(cdn_owner_name(schema, side, i), name) != 0)
                continue;
            if ((bool)side == edges)
                return;
            other = true;
        }
    }
    if (other)
        cdn_lint_add_at(lint->findings, CDN_LINT_KIND, lint->syntax, place,
                        "'%.64s' is %s; name %s", name,
                        edges ? "a label, not an edge type"
                              : "an edge type, not a label",
                        edges ? "the type of the edges to follow" : "a label");
}

void cdn_lint_kind_at(struct cdn_lint *lint, uint32_t place, const char *name,
                      const char *what)
{
    struct cdn_suggest near;
    char hint[HINT];

    if (!lint->rule)
        return;
    if (find_kind(lint, name)) {
        check_side(lint, place, name, what);
        return;
    }
    cdn_suggest_init(&near, name);
    for (uint32_t i = 0; i < lint->rule->names.kind_count; i++)
        cdn_suggest_offer(&near, lint->rule->names.kinds[i].name);
    cdn_suggest_text(&near, hint, sizeof hint);
    cdn_lint_add_at(lint->findings, CDN_LINT_KIND, lint->syntax, place,
                    "the %s '%.64s' is not in reads%s", what, name,
                    hint[0] ? hint : "; add it, with the properties that are read");
}

/* ---- methods ---- */

/* Names of properties among the arguments of an edge set's methods. */
static void check_edge_arguments(struct cdn_lint *lint, uint32_t node, uint32_t symbol)
{
    static const struct {
        const char *method;
        uint32_t argument;
    } rows[] = {{"sum", 0}, {"avg", 0},     {"min", 0},      {"max", 0},  {"totals", 0},
                {"top", 1}, {"largest", 1}, {"smallest", 1}, {"where", 0}};
    const struct cdn_syntax_node *at = cdn_lint_node(lint, node);
    const char *method = cdn_lint_text(lint, at->symbol);

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint32_t argument = cdn_lint_nth(lint, at->b, rows[i].argument);
        const char *name;

        if (strcmp(rows[i].method, method) != 0 || !argument)
            continue;
        name = cdn_lint_constant(lint, argument);
        if (name && strcmp(name, "time") != 0)
            cdn_lint_property_at(lint, argument, symbol, name, true);
    }
}

static void check_operator(struct cdn_lint *lint, uint32_t node)
{
    static const char *const operators[] = {"==", "~=", "<", "<=", ">", ">="};
    const struct cdn_syntax_node *at = cdn_lint_node(lint, node);
    uint32_t argument = cdn_lint_nth(lint, at->b, 1);
    const char *name = argument ? cdn_lint_constant(lint, argument) : NULL;

    if (!name || strcmp(cdn_lint_text(lint, at->symbol), "where") != 0)
        return;
    for (size_t i = 0; i < sizeof operators / sizeof operators[0]; i++) {
        if (!strcmp(operators[i], name))
            return;
    }
    cdn_lint_add_at(lint->findings, CDN_LINT_OPERATOR, lint->syntax, argument,
                    "where has no operator '%.20s'; it has == ~= < <= > >=", name);
}

static void check_method(struct cdn_lint *lint, uint32_t node)
{
    const struct cdn_syntax_node *at = cdn_lint_node(lint, node);
    struct cdn_type base = cdn_lint_infer(lint, at->a);
    const char *receiver = cdn_lint_receiver(base);
    const char *name = cdn_lint_text(lint, at->symbol);
    const struct cdn_manual *manual;
    struct cdn_suggest near;
    const char *kind;
    char hint[HINT];

    if (!receiver || base.kind == CDN_TYPE_REQUEST)
        return;
    manual = cdn_manual_find(receiver, name);
    if (!manual || !manual->arguments) {
        cdn_suggest_init(&near, name);
        for (size_t i = 0; i < cdn_manual_count; i++) {
            if (!strcmp(cdn_manual[i].receiver, receiver) && cdn_manual[i].arguments)
                cdn_suggest_offer(&near, cdn_manual[i].name);
        }
        cdn_suggest_text(&near, hint, sizeof hint);
        cdn_lint_add_at(lint->findings, CDN_LINT_METHOD, lint->syntax, at->c,
                        "%s has no method '%.64s'%s", cdn_lint_type_name(base), name,
                        hint);
        return;
    }
    if (base.kind == CDN_TYPE_EDGES)
        check_edge_arguments(lint, node, base.symbol);
    if (base.kind == CDN_TYPE_EDGES || base.kind == CDN_TYPE_NODES ||
        base.kind == CDN_TYPE_ROWS)
        check_operator(lint, node);
    kind = at->b ? cdn_lint_constant(lint, at->b) : NULL;
    if (kind && !strcmp(manual->result, "edges") && base.kind != CDN_TYPE_EDGES)
        cdn_lint_kind_at(lint, at->b, kind, "edge type");
    else if (kind &&
             (base.kind == CDN_TYPE_GRAPH || base.kind == CDN_TYPE_NODES ||
              base.kind == CDN_TYPE_ROWS) &&
             (!strcmp(name, "of") || !strcmp(name, "node")))
        cdn_lint_kind_at(lint, at->b, kind, "label");
}

/* ---- fields ---- */

static void check_param(struct cdn_lint *lint, uint32_t place, const char *name)
{
    struct cdn_suggest near;
    char hint[HINT];

    if (!lint->rule)
        return;
    cdn_suggest_init(&near, name);
    for (uint32_t i = 0; i < lint->rule->param_count; i++) {
        if (!strcmp(lint->rule->params[i].name, name))
            return;
        cdn_suggest_offer(&near, lint->rule->params[i].name);
    }
    cdn_suggest_text(&near, hint, sizeof hint);
    cdn_lint_add_at(lint->findings, CDN_LINT_PARAM, lint->syntax, place,
                    "the rule declares no parameter '%.64s'%s", name, hint);
}

/* A name that the manual has no row of, for what has nothing else. */
static void check_listed(struct cdn_lint *lint, uint32_t place, const char *receiver,
                         const char *name, enum cdn_lint_code code, const char *what)
{
    struct cdn_suggest near;
    char hint[HINT];

    if (cdn_manual_find(receiver, name))
        return;
    cdn_suggest_init(&near, name);
    for (size_t i = 0; i < cdn_manual_count; i++) {
        if (!strcmp(cdn_manual[i].receiver, receiver))
            cdn_suggest_offer(&near, cdn_manual[i].name);
    }
    cdn_suggest_text(&near, hint, sizeof hint);
    cdn_lint_add_at(lint->findings, code, lint->syntax, place, "%s has no '%.64s'%s",
                    what, name, hint);
}

static void check_index(struct cdn_lint *lint, uint32_t node)
{
    const struct cdn_syntax_node *at = cdn_lint_node(lint, node);
    const char *name = cdn_lint_constant(lint, at->b);
    const char *library = cdn_lint_global(lint, at->a);
    struct cdn_type base = cdn_lint_infer(lint, at->a);

    if (!name)
        return;
    if (library && library[0] && cdn_manual_has(library) && !lint->metatables &&
        !cdn_lint_only_asked(lint, node)) {
        static const char *const own[] = {"string", "table", "math", "bit",
                                          "coroutine"};

        for (size_t i = 0; i < sizeof own / sizeof own[0]; i++) {
            if (!strcmp(own[i], library))
                check_listed(lint, at->b, library, name, CDN_LINT_LIBRARY, library);
        }
    } else if (base.kind == CDN_TYPE_REQUEST) {
        check_listed(lint, at->b, "request", name, CDN_LINT_REQUEST, "the request");
    } else if (base.kind == CDN_TYPE_PARAMS) {
        check_param(lint, at->b, name);
    } else if ((base.kind == CDN_TYPE_NODE || base.kind == CDN_TYPE_EDGE) &&
               !cdn_manual_find(cdn_lint_receiver(base), name)) {
        cdn_lint_property_at(lint, at->b, base.symbol, name,
                             base.kind == CDN_TYPE_EDGE);
    }
}

void cdn_lint_check_api(struct cdn_lint *lint)
{
    for (uint32_t i = 1; i < lint->syntax->count; i++) {
        if (cdn_lint_node(lint, i)->kind == CDN_SYNTAX_METHOD)
            check_method(lint, i);
        else if (cdn_lint_node(lint, i)->kind == CDN_SYNTAX_INDEX)
            check_index(lint, i);
    }
}
