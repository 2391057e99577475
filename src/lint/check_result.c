/* What `evaluate` returns: a table, of fields that a result has, each of its type.
 *
 * Looked at are the tables that are written where they are returned, in `evaluate` or in a local
 * function whose call it returns. */
#include <string.h>

#include "base/suggest.h"
#include "lint/lint.h"

enum { MOST_SEEN = 64, DEEPEST = 3 };

static const struct {
    const char *name;
    enum cdn_type_kind kind;
} fields[] = {
    {"decision", CDN_TYPE_STRING},     {"score", CDN_TYPE_NUMBER},
    {"reasons", CDN_TYPE_TABLE},       {"output", CDN_TYPE_UNKNOWN}, /* any */
    {"updated_nodes", CDN_TYPE_TABLE}, {"new_edges", CDN_TYPE_TABLE},
};
enum { FIELDS = sizeof fields / sizeof fields[0] };

struct seen {
    uint32_t nodes[MOST_SEEN];
    uint32_t count;
};

static bool is_new(struct seen *seen, uint32_t node)
{
    for (uint32_t i = 0; i < seen->count; i++) {
        if (seen->nodes[i] == node)
            return false;
    }
    if (seen->count < MOST_SEEN)
        seen->nodes[seen->count++] = node;
    return true;
}

static void check_value(struct cdn_lint *lint, uint32_t value, int field)
{
    enum cdn_type_kind wanted = fields[field].kind;
    struct cdn_type given = cdn_lint_infer(lint, value);

    if (wanted == CDN_TYPE_UNKNOWN || given.kind == wanted ||
        given.kind == CDN_TYPE_UNKNOWN || given.kind == CDN_TYPE_NIL)
        return;
    cdn_lint_add_at(lint->findings, CDN_LINT_RESULT, lint->syntax, value,
                    "`%s` of a result is %s, not %s%s", fields[field].name,
                    wanted == CDN_TYPE_TABLE
                        ? "a list"
                        : cdn_lint_type_name((struct cdn_type){.kind = wanted}),
                    cdn_lint_type_name(given),
                    wanted == CDN_TYPE_TABLE && given.kind == CDN_TYPE_STRING
                        ? "; put it into { }"
                        : "");
}

static void check_field(struct cdn_lint *lint, uint32_t field)
{
    const struct cdn_syntax_node *at = cdn_lint_node(lint, field);
    struct cdn_suggest near;
    const char *name;
    char hint[160];

    if (at->kind == CDN_SYNTAX_ITEM) {
        cdn_lint_add_at(lint->findings, CDN_LINT_RESULT, lint->syntax, field,
                        "a result has fields, not items; write a name before it, such "
                        "as output =");
        return;
    }
    name = cdn_lint_constant(lint, at->a);
    if (!name)
        return;
    cdn_suggest_init(&near, name);
    for (int i = 0; i < FIELDS; i++) {
        if (!strcmp(fields[i].name, name)) {
            check_value(lint, at->b, i);
            return;
        }
        cdn_suggest_offer(&near, fields[i].name);
    }
    cdn_suggest_text(&near, hint, sizeof hint);
    cdn_lint_add_at(lint->findings, CDN_LINT_RESULT, lint->syntax, at->a,
                    "a result has no field '%.64s'%s", name,
                    hint[0] ? hint
                            : "; it has decision, score, reasons, output, "
                              "updated_nodes and new_edges");
}

static void check_returns(struct cdn_lint *lint, struct seen *seen, uint32_t function,
                          uint32_t depth);

static void check_result(struct cdn_lint *lint, struct seen *seen, uint32_t node,
                         uint32_t depth)
{
    const struct cdn_syntax_node *at;
    uint32_t function;
    struct cdn_type type;

    node = cdn_syntax_bare(lint->syntax, node);
    at = cdn_lint_node(lint, node);
    function = cdn_lint_callee(lint, node);
    if (!is_new(seen, function ? function : node))
        return;
    if (function && depth < DEEPEST) {
        check_returns(lint, seen, function, depth + 1);
        return;
    }
    if (at->kind == CDN_SYNTAX_TABLE) {
        for (uint32_t i = at->a; i; i = cdn_lint_node(lint, i)->next)
            check_field(lint, i);
        return;
    }
    type = cdn_lint_infer(lint, node);
    if (type.kind != CDN_TYPE_TABLE && type.kind != CDN_TYPE_UNKNOWN &&
        type.kind != CDN_TYPE_NIL)
        cdn_lint_add_at(lint->findings, CDN_LINT_RESULT, lint->syntax, node,
                        "evaluate returns %s, not a table; write { %s = ... }",
                        cdn_lint_type_name(type),
                        type.kind == CDN_TYPE_STRING   ? "decision"
                        : type.kind == CDN_TYPE_NUMBER ? "score"
                                                       : "output");
}

static void check_returns(struct cdn_lint *lint, struct seen *seen, uint32_t function,
                          uint32_t depth)
{
    for (uint32_t i = function; cdn_lint_within(lint, i, function); i--) {
        const struct cdn_syntax_node *at = cdn_lint_node(lint, i);

        if (at->kind != CDN_SYNTAX_RETURN ||
            cdn_scope_function(&lint->scope, i) != function ||
            !cdn_lint_affords(lint, 10))
            continue;
        if (!at->a || cdn_lint_node(lint, at->a)->kind == CDN_SYNTAX_NIL)
            cdn_lint_add_at(lint->findings, CDN_LINT_RESULT, lint->syntax, i,
                            "evaluate returns nothing here; a result is a table, {} if "
                            "there is nothing to say");
        else
            check_result(lint, seen, at->a, depth);
    }
}

void cdn_lint_check_result(struct cdn_lint *lint)
{
    struct seen seen = {.count = 0};

    if (lint->evaluate)
        check_returns(lint, &seen, lint->evaluate, 0);
}
