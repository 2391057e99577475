/* Operators on what they cannot work on: comparisons that never hold or are an error, and
 * arithmetic. */
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

static bool is_set(struct cdn_type type)
{
    return type.kind >= CDN_TYPE_EDGES;
}

/* It is known what operators do with it: a table may have its own. */
static bool is_known(const struct cdn_lint *lint, struct cdn_type type)
{
    return type.kind != CDN_TYPE_UNKNOWN && type.kind != CDN_TYPE_NIL &&
           (type.kind != CDN_TYPE_TABLE || !lint->metatables);
}

static bool is_same(struct cdn_type left, struct cdn_type right)
{
    return left.kind == right.kind ||
           (left.kind >= CDN_TYPE_NODES && left.kind <= CDN_TYPE_ROWS &&
            right.kind >= CDN_TYPE_NODES && right.kind <= CDN_TYPE_ROWS);
}

static const char *unequal_hint(struct cdn_type left, struct cdn_type right)
{
    if (is_set(left) || is_set(right))
        return "ask for what is in it, such as :count()";
    if (is_handle(left) || is_handle(right))
        return "compare its key, which is a string, or a property";
    if (left.kind == CDN_TYPE_BOOLEAN || right.kind == CDN_TYPE_BOOLEAN)
        return "a condition needs no comparison with true or false";
    return is_plain(left) && is_plain(right)
               ? "use tostring() or tonumber(), or write the other type"
               : "compare values of one type";
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
    if (!is_known(lint, left) || !is_known(lint, right))
        return;
    if (equality && !is_same(left, right))
        cdn_lint_add_at(lint->findings, CDN_LINT_UNEQUAL, lint->syntax, node,
                        "%s is never equal to %s; %s", cdn_lint_type_name(left),
                        cdn_lint_type_name(right), unequal_hint(left, right));
    if (equality || (is_same(left, right) &&
                     (left.kind == CDN_TYPE_NUMBER || left.kind == CDN_TYPE_STRING)))
        return;
    cdn_lint_add_at(lint->findings, CDN_LINT_ORDER, lint->syntax, node,
                    "%s and %s have no order, which is an error; %s",
                    cdn_lint_type_name(left), cdn_lint_type_name(right),
                    is_set(left) || is_set(right) ? unequal_hint(left, right)
                    : is_same(left, right)        ? "compare their properties"
                                                  : "compare values of one type");
}

/* An operand of arithmetic, of `..` or of #. */
static void check_operand(struct cdn_lint *lint, uint32_t node, bool length)
{
    struct cdn_type type = cdn_lint_infer(lint, node);

    if (!is_known(lint, type) || type.kind == CDN_TYPE_STRING ||
        type.kind == (length ? CDN_TYPE_TABLE : CDN_TYPE_NUMBER))
        return;
    cdn_lint_add_at(lint->findings, CDN_LINT_ARITHMETIC, lint->syntax, node,
                    "%s has no %s, which is an error; %s", cdn_lint_type_name(type),
                    length ? "length" : "arithmetic",
                    is_set(type)      ? "ask for what is in it, such as :count()"
                    : is_handle(type) ? "take a property of it"
                                      : "take a number");
}

static void check_operator(struct cdn_lint *lint, uint32_t node)
{
    const struct cdn_syntax_node *at = cdn_lint_node(lint, node);

    if (at->kind == CDN_SYNTAX_UNARY && (at->op == '-' || at->op == '#'))
        check_operand(lint, at->a, at->op == '#');
    if (at->kind != CDN_SYNTAX_BINARY)
        return;
    check_comparison(lint, node);
    if (at->op != CDN_TOKEN_CONCAT &&
        (at->op <= 0 || at->op > 127 || !strchr("+-*/%^", at->op)))
        return;
    check_operand(lint, at->a, false);
    check_operand(lint, at->b, false);
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
        check_operator(lint, i);
        if (cdn_lint_node(lint, i)->kind == CDN_SYNTAX_METHOD)
            check_condition(lint, i);
    }
}
