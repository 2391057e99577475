/* Calls of the graph's methods: with ':', with all that they need, of types that they take, and
 * about time only where edges have one.
 *
 * The manual says what a method takes.  Where it says less than the method allows (a set for a
 * node to start from, a column for a time) nothing is told.  Lua's own libraries, which turn
 * numbers into strings and back, are left alone. */
#include <stdio.h>
#include <string.h>

#include "graph/manual.h"
#include "lint/lint.h"

enum { MOST_SIGNATURE = 120 };

/* One argument of the manual's "n: integer, p?: string". */
struct argument {
    const char *name, *type;
    int name_bytes, type_bytes;
    bool optional; /* or any number of them */
};

/* Over one of them; false: there are no more. */
static bool next_argument(struct argument *out, const char **at)
{
    const char *colon = strchr(*at, ':');

    if (!colon)
        return false;
    *out = (struct argument){.name = *at,
                             .type = colon + 2,
                             .name_bytes = (int)(colon - *at),
                             .type_bytes = (int)strcspn(colon + 2, ",")};
    out->optional = colon[-1] == '?' || **at == '.';
    out->name_bytes -= colon[-1] == '?';
    *at = out->type + out->type_bytes;
    *at += strspn(*at, ", ");
    return true;
}

static bool is_type(const struct argument *argument, const char *word)
{
    return strlen(word) == (size_t)argument->type_bytes &&
           !memcmp(argument->type, word, strlen(word));
}

/* May a value of that kind stand there? */
static bool takes(const struct argument *argument, enum cdn_type_kind kind)
{
    static const struct {
        const char *word;
        enum cdn_type_kind kind;
    } rows[] = {
        {"integer", CDN_TYPE_NUMBER}, {"number", CDN_TYPE_NUMBER},
        {"string", CDN_TYPE_STRING},  {"boolean", CDN_TYPE_BOOLEAN},
        {"list", CDN_TYPE_TABLE},     {"map", CDN_TYPE_TABLE},
        {"node", CDN_TYPE_NODE},      {"nodes", CDN_TYPE_NODES},
        {"nodes", CDN_TYPE_ROWS},     {"function", CDN_TYPE_FUNCTION},
    };
    bool listed = false;

    if (kind == CDN_TYPE_UNKNOWN || (kind == CDN_TYPE_NIL && argument->optional))
        return true;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (!is_type(argument, rows[i].word))
            continue;
        if (rows[i].kind == kind)
            return true;
        listed = true;
    }
    return !listed; /* any */
}

/* What a method takes though the manual does not say it. */
static bool also_takes(struct cdn_lint *lint, const struct cdn_manual *manual,
                       const struct argument *argument, uint32_t set,
                       enum cdn_type_kind kind)
{
    if (kind == CDN_TYPE_NODES || kind == CDN_TYPE_ROWS)
        return !strncmp(argument->name, "from", 4); /* to start from a set */
    if (kind == CDN_TYPE_NUMBER)
        return !strncmp(argument->name, "key", 3);
    return kind == CDN_TYPE_STRING && !strcmp(manual->receiver, "edges") &&
           !strncmp(argument->name, "time", 4) && !cdn_lint_starts_at_node(lint, set);
}

/* Does an expression at the end of a list give as many values as it likes? */
static bool gives_many(const struct cdn_lint *lint, uint32_t node)
{
    enum cdn_syntax_kind kind = (enum cdn_syntax_kind)cdn_lint_node(lint, node)->kind;

    return kind == CDN_SYNTAX_CALL || kind == CDN_SYNTAX_METHOD ||
           kind == CDN_SYNTAX_DOTS;
}

static void check_arguments(struct cdn_lint *lint, const struct cdn_syntax_node *at,
                            const struct cdn_manual *manual)
{
    const char *list = manual->arguments;
    uint32_t given = at->b;
    struct argument argument;

    while (next_argument(&argument, &list)) {
        enum cdn_type_kind kind;

        if (!given && argument.optional)
            return;
        if (!given) {
            cdn_lint_add_at(lint->findings, CDN_LINT_ARGUMENT, lint->syntax, at->c,
                            "%s is called without '%.*s', a %.*s; it is %s(%.*s)",
                            manual->name, argument.name_bytes, argument.name,
                            argument.type_bytes, argument.type, manual->name,
                            MOST_SIGNATURE, manual->arguments);
            return;
        }
        if (gives_many(lint, given) && !cdn_lint_node(lint, given)->next)
            return;
        kind = cdn_lint_infer(lint, given).kind;
        if (!takes(&argument, kind) &&
            !also_takes(lint, manual, &argument, at->a, kind)) {
            cdn_lint_add_at(lint->findings, CDN_LINT_ARGUMENT, lint->syntax, given,
                            "'%.*s' of %s is %s, not %s; it is %s(%.*s)",
                            argument.name_bytes, argument.name, manual->name,
                            is_type(&argument, "integer")  ? "a whole number"
                            : is_type(&argument, "map")    ? "a table"
                            : is_type(&argument, "list")   ? "a list"
                            : is_type(&argument, "nodes")  ? "a node set"
                            : is_type(&argument, "node")   ? "a node"
                            : is_type(&argument, "number") ? "a number"
                                                           : "a string",
                            cdn_lint_type_name((struct cdn_type){.kind = kind}),
                            manual->name, MOST_SIGNATURE, manual->arguments);
        }
        given = cdn_lint_node(lint, given)->next;
    }
}

/* In the snapshot an edge type of which no relation has a time. */
static bool is_timeless(const struct cdn_lint *lint, const char *type)
{
    const struct cdn_schema *schema = lint->snapshot ? &lint->snapshot->schema : NULL;
    bool found = false;

    for (uint32_t i = 0; schema && i < schema->relation_count; i++) {
        if (strcmp(schema->relations[i].type, type) != 0)
            continue;
        if (schema->relations[i].time >= 0)
            return false;
        found = true;
    }
    return found;
}

static void check_time(struct cdn_lint *lint, const struct cdn_syntax_node *at,
                       struct cdn_type base)
{
    static const char *const methods[] = {"since", "after", "up_to", "before",
                                          "between"};
    const char *name = cdn_lint_text(lint, at->symbol);

    if (base.kind != CDN_TYPE_EDGES || !base.symbol ||
        !is_timeless(lint, cdn_lint_text(lint, base.symbol)))
        return;
    for (size_t i = 0; i < sizeof methods / sizeof methods[0]; i++) {
        if (!strcmp(methods[i], name))
            cdn_lint_add_at(lint->findings, CDN_LINT_TIMELESS, lint->syntax, at->c,
                            "%s asks for the time of %.64s, which has none in this "
                            "snapshot; use where on a property of it",
                            name, cdn_lint_text(lint, base.symbol));
    }
}

static bool is_graphs(struct cdn_type type)
{
    return type.kind >= CDN_TYPE_GRAPH;
}

/* set.count(), or set.count(other): the method's own object is not passed. */
static void check_dot(struct cdn_lint *lint, const struct cdn_syntax_node *call)
{
    const struct cdn_syntax_node *at = cdn_lint_node(lint, call->a);
    struct cdn_type base, first;
    const struct cdn_manual *manual;
    const char *name;

    if (at->kind != CDN_SYNTAX_INDEX || !at->dot)
        return;
    base = cdn_lint_infer(lint, at->a);
    name = cdn_lint_constant(lint, at->b);
    manual =
        is_graphs(base) && name ? cdn_manual_find(cdn_lint_receiver(base), name) : NULL;
    if (!manual || !manual->arguments)
        return;
    first = cdn_lint_infer(lint, call->b);
    if (call->b && (first.kind == CDN_TYPE_UNKNOWN || first.kind == base.kind ||
                    !strcmp(manual->receiver, "nodes")))
        return;
    cdn_lint_add_at(lint->findings, CDN_LINT_ARGUMENT, lint->syntax, at->b,
                    "%s is a method of %s and is called without it; write :%s(...)",
                    name, cdn_lint_type_name(base), name);
}

void cdn_lint_check_calls(struct cdn_lint *lint)
{
    for (uint32_t i = 1; i < lint->syntax->count; i++) {
        const struct cdn_syntax_node *at = cdn_lint_node(lint, i);
        const struct cdn_manual *manual;
        struct cdn_type base;

        if (at->kind == CDN_SYNTAX_CALL)
            check_dot(lint, at);
        if (at->kind != CDN_SYNTAX_METHOD)
            continue;
        base = cdn_lint_infer(lint, at->a);
        manual = is_graphs(base) ? cdn_manual_find(cdn_lint_receiver(base),
                                                   cdn_lint_text(lint, at->symbol))
                                 : NULL;
        if (!manual || !manual->arguments)
            continue;
        check_arguments(lint, at, manual);
        check_time(lint, at, base);
    }
}
