/* Tables that methods take: options, and the aggregates of group.
 *
 * Keys that the manual does not list are errors of the graph's; the names in their values are
 * checked as those of arguments are.  A table that is not written where it is passed is not
 * looked into. */
#include <stdio.h>
#include <string.h>

#include "base/suggest.h"
#include "graph/manual.h"
#include "lint/lint.h"

enum { MOST_WORD = 40 };

/* Is it one of the words of a list that blanks separate?  Else the nearest of them into
 * hint. */
static bool is_listed(const char *list, const char *name, char *hint, size_t size)
{
    char room[20][MOST_WORD];
    struct cdn_suggest near;
    uint32_t count = 0;

    cdn_suggest_init(&near, name);
    while (*list && count < 20) {
        size_t bytes = strcspn(list, " ");

        snprintf(room[count], MOST_WORD, "%.*s", (int)bytes, list);
        if (!strcmp(room[count], name))
            return true;
        cdn_suggest_offer(&near, room[count++]);
        list += bytes;
        list += *list == ' ';
    }
    cdn_suggest_text(&near, hint, size);
    return false;
}

/* The key of a field that is a constant; NULL: another, or an item. */
static const char *key_of(struct cdn_lint *lint, uint32_t field)
{
    const struct cdn_syntax_node *at = cdn_lint_node(lint, field);

    return at->kind == CDN_SYNTAX_PAIR &&
                   cdn_lint_node(lint, at->a)->kind == CDN_SYNTAX_STRING
               ? cdn_lint_constant(lint, at->a)
               : NULL;
}

static uint32_t first_field(const struct cdn_lint *lint, uint32_t table)
{
    return cdn_lint_node(lint, table)->kind == CDN_SYNTAX_TABLE
               ? cdn_lint_node(lint, table)->a
               : 0;
}

static void check_key(struct cdn_lint *lint, uint32_t field, const char *list,
                      const char *method)
{
    const char *key = key_of(lint, field);
    char hint[160];

    if (key && !is_listed(list, key, hint, sizeof hint))
        cdn_lint_add_at(lint->findings, CDN_LINT_OPTION, lint->syntax,
                        cdn_lint_node(lint, field)->a, "%s has no option '%.64s'%s%s%s",
                        method, key, hint, hint[0] ? "" : "; it has ",
                        hint[0] ? "" : list);
}

/* One edge type, a list of them, or a table with what narrows each. */
static void check_edges(struct cdn_lint *lint, uint32_t value)
{
    const char *name = cdn_lint_constant(lint, value);

    if (name)
        cdn_lint_kind_at(lint, value, name, "edge type");
    for (uint32_t i = first_field(lint, value); i; i = cdn_lint_node(lint, i)->next) {
        const struct cdn_syntax_node *field = cdn_lint_node(lint, i);

        name = field->kind == CDN_SYNTAX_ITEM ? cdn_lint_constant(lint, field->a)
                                              : key_of(lint, i);
        if (name)
            cdn_lint_kind_at(lint, field->a, name, "edge type");
        if (field->kind != CDN_SYNTAX_PAIR)
            continue;
        for (uint32_t k = first_field(lint, field->b); k;
             k = cdn_lint_node(lint, k)->next)
            check_key(lint, k, "since after up_to before where", "an edge type");
    }
}

static void check_labels(struct cdn_lint *lint, uint32_t value)
{
    for (uint32_t i = first_field(lint, value); i; i = cdn_lint_node(lint, i)->next) {
        const struct cdn_syntax_node *field = cdn_lint_node(lint, i);
        const char *name =
            field->kind == CDN_SYNTAX_ITEM ? cdn_lint_constant(lint, field->a) : NULL;

        if (name)
            cdn_lint_kind_at(lint, field->a, name, "label");
    }
}

static void check_table(struct cdn_lint *lint, uint32_t table, const char *list,
                        const char *method)
{
    for (uint32_t i = first_field(lint, table); i; i = cdn_lint_node(lint, i)->next) {
        const struct cdn_syntax_node *field = cdn_lint_node(lint, i);
        const char *key = key_of(lint, i);
        const char *name;

        check_key(lint, i, list, method);
        if (!key)
            continue;
        name = cdn_lint_constant(lint, field->b);
        if (!strcmp(key, "edges"))
            check_edges(lint, field->b);
        else if (!strcmp(key, "labels"))
            check_labels(lint, field->b);
        else if (name && strcmp(name, "time") != 0 &&
                 (!strcmp(key, "weight") || !strcmp(key, "amount") ||
                  !strcmp(key, "property")))
            cdn_lint_property_at(lint, field->b, 0, name, true);
    }
}

/* edges:group{ name = { sum = property } }: a property may also be a column of the set that the
 * edges start from. */
static void check_group(struct cdn_lint *lint, const struct cdn_syntax_node *call)
{
    struct cdn_type base = cdn_lint_infer(lint, call->a);
    bool node = cdn_lint_starts_at_node(lint, call->a);

    for (uint32_t i = first_field(lint, call->b); i; i = cdn_lint_node(lint, i)->next) {
        const struct cdn_syntax_node *column = cdn_lint_node(lint, i);

        if (column->kind != CDN_SYNTAX_PAIR)
            continue;
        for (uint32_t k = first_field(lint, column->b); k;
             k = cdn_lint_node(lint, k)->next) {
            const struct cdn_syntax_node *field = cdn_lint_node(lint, k);
            const char *key = key_of(lint, k);
            const char *name = key ? cdn_lint_constant(lint, field->b) : NULL;

            check_key(lint, k, "sum avg min max times round", "an aggregate");
            if (name && node && strcmp(name, "time") != 0 &&
                strcmp(key, "times") != 0 && strcmp(key, "round") != 0)
                cdn_lint_property_at(lint, field->b, base.symbol, name, true);
        }
    }
}

void cdn_lint_check_options(struct cdn_lint *lint)
{
    for (uint32_t i = 1; i < lint->syntax->count; i++) {
        const struct cdn_syntax_node *at = cdn_lint_node(lint, i);
        const char *receiver, *name, *list;

        if (at->kind != CDN_SYNTAX_METHOD)
            continue;
        receiver = cdn_lint_receiver(cdn_lint_infer(lint, at->a));
        name = cdn_lint_text(lint, at->symbol);
        list = receiver ? cdn_manual_options_find(receiver, name) : NULL;
        for (uint32_t a = at->b; list && a; a = cdn_lint_node(lint, a)->next) {
            /* the last argument: a table before it may be a list of nodes */
            if (!cdn_lint_node(lint, a)->next)
                check_table(lint, a, list, name);
        }
        if (receiver && !strcmp(receiver, "edges") && !strcmp(name, "group"))
            check_group(lint, at);
    }
}
