/* Comparisons of what can never be compared. */
#include <string.h>

#include "lint/lint.h"

/* Kinds whose values are one of Lua's types without doubt. */
static bool is_plain(struct cdn_type type)
{
    return type.kind == CDN_TYPE_BOOLEAN || type.kind == CDN_TYPE_NUMBER ||
           type.kind == CDN_TYPE_STRING;
}

static bool is_handle(struct cdn_type type)
{
    return type.kind == CDN_TYPE_NODE || type.kind == CDN_TYPE_EDGE;
}

static void check_comparison(struct cdn_lint *lint, uint32_t node)
{
    const struct cdn_syntax_node *at = cdn_lint_node(lint, node);
    bool equality = at->op == CDN_TOKEN_EQ || at->op == CDN_TOKEN_NE;
    struct cdn_type left, right;

    if (!equality && at->op != '<' && at->op != '>' && at->op != CDN_TOKEN_LE &&
        at->op != CDN_TOKEN_GE)
        return;
    left = cdn_lint_infer(lint, at->a);
    right = cdn_lint_infer(lint, at->b);
    if (left.kind == right.kind || !(is_plain(left) || is_handle(left)) ||
        !(is_plain(right) || is_handle(right)))
        return;
    if (equality)
        cdn_lint_add_at(lint->findings, CDN_LINT_UNEQUAL, lint->syntax, node,
                        "%s is never equal to %s; %s", cdn_lint_type_name(left),
                        cdn_lint_type_name(right),
                        is_handle(left) || is_handle(right)
                            ? "compare its key, which is a string, or a property"
                        : left.kind == CDN_TYPE_BOOLEAN ||
                                right.kind == CDN_TYPE_BOOLEAN
                            ? "a condition needs no comparison with true or false"
                            : "use tostring() or tonumber(), or write the other type");
    else
        cdn_lint_add_at(
            lint->findings, CDN_LINT_ORDER, lint->syntax, node,
            "%s and %s have no order, which is an error; compare values of one "
            "type",
            cdn_lint_type_name(left), cdn_lint_type_name(right));
}

/* :where(property, op, value) on edges, whose type the snapshot knows. */
static void check_condition(struct cdn_lint *lint, uint32_t node)
{
    const struct cdn_syntax_node *at = cdn_lint_node(lint, node);
    struct cdn_type base = cdn_lint_infer(lint, at->a);
    uint32_t value = cdn_lint_nth(lint, at->b, 2);
    const char *name = at->b ? cdn_lint_constant(lint, at->b) : NULL;
    const struct cdn_property *property;
    enum cdn_type_kind wanted = CDN_TYPE_NUMBER;
    struct cdn_type given;

    if (base.kind != CDN_TYPE_EDGES || !base.symbol || !value || !name ||
        strcmp(cdn_lint_text(lint, at->symbol), "where") != 0)
        return;
    property = cdn_lint_property(lint, cdn_lint_text(lint, base.symbol), name, true);
    given = cdn_lint_infer(lint, value);
    if (!property || !is_plain(given) || property->type == CDN_COLUMN_BAG)
        return;
    if (property->type == CDN_COLUMN_BOOL)
        wanted = CDN_TYPE_BOOLEAN;
    else if (property->type == CDN_COLUMN_STRING || property->type == CDN_COLUMN_TEXT ||
             (property->type == CDN_COLUMN_INT64 && property->lua_string))
        wanted = CDN_TYPE_STRING;
    /* A string may name a column of the set that the edges start from. */
    if (given.kind == wanted ||
        (given.kind == CDN_TYPE_STRING && wanted == CDN_TYPE_NUMBER &&
         !cdn_lint_starts_at_node(lint, at->a)))
        return;
    cdn_lint_add_at(lint->findings, CDN_LINT_CONDITION, lint->syntax, value,
                    "'%.64s' of %.64s is %s and is compared with %s", name,
                    cdn_lint_text(lint, base.symbol),
                    cdn_lint_type_name((struct cdn_type){.kind = wanted}),
                    cdn_lint_type_name(given));
}

void cdn_lint_check_types(struct cdn_lint *lint)
{
    for (uint32_t i = 1; i < lint->syntax->count; i++) {
        if (cdn_lint_node(lint, i)->kind == CDN_SYNTAX_BINARY)
            check_comparison(lint, i);
        else if (cdn_lint_node(lint, i)->kind == CDN_SYNTAX_METHOD)
            check_condition(lint, i);
    }
}
