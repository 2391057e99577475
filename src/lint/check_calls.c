/* Calls of the graph's methods: with ':', with all that they need, of types that they take, and
 * about time only where edges have one.
 *
 * The manual says what a method takes.  Lua's own libraries, which turn numbers into strings and
 * back, are left alone. */
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

/* A type of the manual's: which values are one, and what a person calls it. */
static const struct {
    const char *word;
    enum cdn_type_kind kind;
    const char *name;
} types[] = {
    {"integer", CDN_TYPE_NUMBER, "a whole number"},
    {"number", CDN_TYPE_NUMBER, "a number"},
    {"string", CDN_TYPE_STRING, "a string"},
    {"boolean", CDN_TYPE_BOOLEAN, "a boolean"},
    {"list", CDN_TYPE_TABLE, "a list"},
    {"map", CDN_TYPE_TABLE, "a table"},
    {"node", CDN_TYPE_NODE, "a node"},
    {"nodes", CDN_TYPE_NODES, "a node set"},
    {"nodes", CDN_TYPE_ROWS, "a node set"},
    {"function", CDN_TYPE_FUNCTION, "a function"},
};
enum { TYPES = sizeof types / sizeof types[0] };

/* Is a word among those of "node|nodes"? */
static bool is_among(const struct argument *argument, const char *word)
{
    const char *at = argument->type, *end = at + argument->type_bytes;

    while (at < end) {
        size_t bytes = strcspn(at, "|,?");

        if (strlen(word) == bytes && !memcmp(at, word, bytes))
            return true;
        at += bytes + 1;
    }
    return false;
}

/* May a value of that kind stand there? */
static bool takes(const struct argument *argument, enum cdn_type_kind kind)
{
    bool listed = false;

    if (kind == CDN_TYPE_UNKNOWN || (kind == CDN_TYPE_NIL && argument->optional))
        return true;
    for (int i = 0; i < TYPES; i++) {
        if (!is_among(argument, types[i].word))
            continue;
        if (types[i].kind == kind)
            return true;
        listed = true;
    }
    return !listed; /* any */
}

/* "a node or a node set" */
static const char *describe(const struct argument *argument, char *out, size_t size)
{
    size_t used = 0;

    out[0] = '\0';
    for (int i = 0; i < TYPES && used < size; i++) {
        if (is_among(argument, types[i].word) && types[i].kind != CDN_TYPE_ROWS)
            used += (size_t)snprintf(out + used, size - used, "%s%s",
                                     used ? " or " : "", types[i].name);
    }
    return out;
}

/* A time that is a string names a column, which edges from one node have not. */
static bool is_no_column(struct cdn_lint *lint, const struct cdn_manual *manual,
                         const struct argument *argument, uint32_t set,
                         enum cdn_type_kind kind)
{
    return kind == CDN_TYPE_STRING && !strcmp(manual->receiver, "edges") &&
           !strncmp(argument->name, "time", 4) && cdn_lint_starts_at_node(lint, set);
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
    char name[80];

    while (next_argument(&argument, &list)) {
        enum cdn_type_kind kind;

        if (!given && argument.optional)
            return;
        if (!given) {
            cdn_lint_add_at(lint->findings, CDN_LINT_ARGUMENT, lint->syntax, at->c,
                            "%s is called without '%.*s', %s; it is %s(%.*s)",
                            manual->name, argument.name_bytes, argument.name,
                            describe(&argument, name, sizeof name), manual->name,
                            MOST_SIGNATURE, manual->arguments);
            return;
        }
        kind = cdn_lint_infer(lint, given).kind;
        if (is_no_column(lint, manual, &argument, at->a, kind))
            cdn_lint_add_at(
                lint->findings, CDN_LINT_ARGUMENT, lint->syntax, given,
                "%s is given a string, which names a column, and edges from "
                "one node have none; give it a number of milliseconds",
                manual->name);
        else if (!takes(&argument, kind))
            cdn_lint_add_at(lint->findings, CDN_LINT_ARGUMENT, lint->syntax, given,
                            "'%.*s' of %s is %s, not %s; it is %s(%.*s)",
                            argument.name_bytes, argument.name, manual->name,
                            describe(&argument, name, sizeof name),
                            cdn_lint_type_name((struct cdn_type){.kind = kind}),
                            manual->name, MOST_SIGNATURE, manual->arguments);
        if (gives_many(lint, given) && !cdn_lint_node(lint, given)->next)
            return; /* for the rest, too */
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
