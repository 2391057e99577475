/* What the dearest node of the snapshot would make a rule read.
 *
 * The worst case of an edge set is the longest list of its type and direction, for each node
 * that it starts from, as far as cuts with known numbers leave it (a parameter counts with its
 * default); a condition before a cut has every edge looked at all the same.  Loops over sets of
 * known worst case multiply what is read inside them, and inside the local functions that they
 * call.  A window of time makes it unknown, as does anything else that the tree does not tell:
 * then nothing is said. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "lint/lint.h"

enum { DEEPEST = 40, DEEPEST_CALLS = 4 };
enum direction { OUTGOING = 1, INCOMING = 2 };

/* At most so many edges from each of so many nodes; a set of nodes has its number in both. */
struct bound {
    bool known;
    double sources, each;
    bool looks;  /* at each edge before it is kept or not */
    double look; /* at so many from each node, to find those that are kept */
};
#define UNKNOWN_BOUND ((struct bound){.known = false})

static double total(struct bound bound)
{
    return bound.sources * bound.each;
}

/* The longest list of a type, over labels whose nodes have lists of several relations. */
static double longest(const struct cdn_lint *lint, const char *type, int directions)
{
    const cordon_snapshot *snapshot = lint->snapshot;
    double most = 0;

    for (uint32_t label = 0; label < snapshot->label_count; label++) {
        double sum = 0;

        for (uint32_t r = 0; r < snapshot->relation_count; r++) {
            const struct cdn_relation *relation = &snapshot->relations[r];

            if (strcmp(relation->schema->type, type) != 0)
                continue;
            if ((directions & OUTGOING) && relation->schema->source == label)
                sum += relation->outgoing.longest;
            if ((directions & INCOMING) && relation->schema->target == label)
                sum += relation->incoming.longest;
        }
        most = sum > most ? sum : most;
    }
    return most;
}

/* A number that is written, or the default of a parameter. */
static bool number_of(struct cdn_lint *lint, uint32_t node, double *out)
{
    const struct cdn_syntax_node *at;
    const struct cdn_local *local;
    const char *name;

    node = cdn_syntax_bare(lint->syntax, node);
    local = cdn_lint_node(lint, node)->kind == CDN_SYNTAX_NAME
                ? cdn_scope_local(&lint->scope, node)
                : NULL;
    if (local && local->kind == CDN_LOCAL_PLAIN)
        node = cdn_syntax_bare(lint->syntax, cdn_scope_only_value(&lint->scope, local));
    at = cdn_lint_node(lint, node);
    if (at->kind == CDN_SYNTAX_NUMBER) {
        *out = at->number;
        return true;
    }
    if (at->kind != CDN_SYNTAX_INDEX ||
        cdn_lint_infer(lint, at->a).kind != CDN_TYPE_PARAMS)
        return false;
    name = cdn_lint_constant(lint, at->b);
    for (uint32_t i = 0; name && i < lint->rule->param_count; i++) {
        const struct cdn_param *param = &lint->rule->params[i];

        if (strcmp(param->name, name) != 0 ||
            param->fallback_value.type != CORDON_NUMBER)
            continue;
        *out = param->fallback_value.as.number;
        return true;
    }
    return false;
}

static struct bound bound_of(struct cdn_lint *lint, uint32_t node, uint32_t depth);

static struct bound bound_start(struct cdn_lint *lint, const struct cdn_syntax_node *at,
                                int directions, uint32_t depth)
{
    struct cdn_type base = cdn_lint_infer(lint, at->a);
    const char *type = at->b ? cdn_lint_constant(lint, at->b) : NULL;
    struct bound from = {.known = true, .sources = 1, .each = 1};
    double list;

    if (base.kind != CDN_TYPE_NODE)
        from = bound_of(lint, at->a, depth + 1);
    if (!type || !from.known)
        return UNKNOWN_BOUND;
    list = longest(lint, type, directions);
    return (struct bound){
        .known = true, .sources = total(from), .each = list, .look = list};
}

/* graph:set({ a, b }) */
static struct bound bound_list(const struct cdn_lint *lint, uint32_t list)
{
    double count = 0;

    if (cdn_lint_node(lint, list)->kind != CDN_SYNTAX_TABLE)
        return UNKNOWN_BOUND;
    for (uint32_t i = cdn_lint_node(lint, list)->a; i; i = cdn_lint_node(lint, i)->next)
        count++;
    return (struct bound){.known = true, .sources = count, .each = 1};
}

static double least(double a, double b)
{
    return a < b ? a : b;
}

static struct bound bound_method(struct cdn_lint *lint,
                                 const struct cdn_syntax_node *at, uint32_t depth)
{
    static const char *const keeps[] = {"where", "of",   "minus",  "intersect",
                                        "with",  "join", "sorted", NULL};
    const char *name = cdn_lint_text(lint, at->symbol);
    struct cdn_type base = cdn_lint_infer(lint, at->a);
    struct bound bound;
    double n;

    if (!strcmp(name, "outgoing"))
        return bound_start(lint, at, OUTGOING, depth);
    if (!strcmp(name, "incoming"))
        return bound_start(lint, at, INCOMING, depth);
    if (!strcmp(name, "both"))
        return bound_start(lint, at, OUTGOING | INCOMING, depth);
    if (!strcmp(name, "set") && base.kind == CDN_TYPE_GRAPH)
        return bound_list(lint, at->b);
    bound = bound_of(lint, at->a, depth + 1);
    if (!bound.known)
        return bound;
    if (!strcmp(name, "latest") || !strcmp(name, "earliest") ||
        !strcmp(name, "largest") || !strcmp(name, "smallest")) {
        if (!number_of(lint, at->b, &n))
            return UNKNOWN_BOUND;
        bound.looks |= !strcmp(name, "largest") || !strcmp(name, "smallest");
        bound.each = least(n, bound.each);
        bound.look = bound.looks ? bound.look : bound.each;
        return bound;
    }
    if (!strcmp(name, "limit")) {
        if (!number_of(lint, at->b, &n))
            return UNKNOWN_BOUND;
        if (total(bound) > n && bound.looks)
            bound.each = n / bound.sources;
        else if (total(bound) > n)
            bound = (struct bound){.known = true, .sources = n, .each = 1, .look = 1};
        return bound;
    }
    if (!strcmp(name, "nodes") || !strcmp(name, "group"))
        return (struct bound){.known = true,
                              .sources =
                                  least(total(bound), lint->snapshot->node_count),
                              .each = 1};
    bound.looks |= !strcmp(name, "where") && base.kind == CDN_TYPE_EDGES;
    for (int i = 0; keeps[i]; i++) {
        if (!strcmp(keeps[i], name))
            return bound;
    }
    return UNKNOWN_BOUND;
}

static struct bound bound_of(struct cdn_lint *lint, uint32_t node, uint32_t depth)
{
    const struct cdn_syntax_node *at;
    const struct cdn_local *local;

    node = cdn_syntax_bare(lint->syntax, node);
    at = cdn_lint_node(lint, node);
    if (depth > DEEPEST || !cdn_lint_affords(lint, 1))
        return UNKNOWN_BOUND;
    if (at->kind == CDN_SYNTAX_METHOD)
        return bound_method(lint, at, depth);
    local = at->kind == CDN_SYNTAX_NAME ? cdn_scope_local(&lint->scope, node) : NULL;
    if (local && local->kind == CDN_LOCAL_PLAIN &&
        cdn_scope_only_value(&lint->scope, local))
        return bound_of(lint, cdn_scope_only_value(&lint->scope, local), depth + 1);
    return UNKNOWN_BOUND;
}

/* ---- loops ---- */

/* How often a loop turns at most; 1 where that is not known. */
static double turns(struct cdn_lint *lint, uint32_t loop)
{
    const struct cdn_syntax_node *at = cdn_lint_node(lint, loop);
    const struct cdn_syntax_node *from = cdn_lint_node(lint, at->b);
    struct bound bound;
    double first, last;

    if (at->kind == CDN_SYNTAX_FOR) {
        if (cdn_lint_nth(lint, at->b, 2) || !number_of(lint, at->b, &first) ||
            !number_of(lint, cdn_lint_nth(lint, at->b, 1), &last))
            return 1;
        return last >= first ? floor(last - first) + 1 : 1;
    }
    if (at->kind != CDN_SYNTAX_FOR_IN || from->kind != CDN_SYNTAX_METHOD ||
        strcmp(cdn_lint_text(lint, from->symbol), "each") != 0)
        return 1;
    bound = bound_of(lint, from->a, 0);
    return bound.known && total(bound) >= 1 ? total(bound) : 1;
}

/* The edges that a method reads which finishes an edge set; 0: none, or not known. */
static double edges_read(struct cdn_lint *lint, uint32_t node)
{
    static const char *const finish[] = {"sum",    "avg",      "min",   "max",
                                         "totals", "distinct", "top",   "each",
                                         "nodes",  "group",    "count", NULL};
    const struct cdn_syntax_node *at = cdn_lint_node(lint, node);
    struct bound bound;

    if (at->kind != CDN_SYNTAX_METHOD)
        return 0;
    for (int i = 0; finish[i]; i++) {
        if (strcmp(finish[i], cdn_lint_text(lint, at->symbol)) != 0)
            continue;
        if (cdn_lint_infer(lint, at->a).kind != CDN_TYPE_EDGES)
            return 0;
        bound = bound_of(lint, at->a, 0);
        if (bound.known && !strcmp(finish[i], "count") && !bound.looks)
            return bound.sources; /* the lists' lengths are known */
        return bound.known ? bound.sources * bound.look : 0;
    }
    return 0;
}

/* Is what it reads part of what is read behind it, as in set:nodes():outgoing(...):sum(...)? */
static bool is_start_of_more(struct cdn_lint *lint, uint32_t node)
{
    for (uint32_t inner = node, i = lint->scope.parents[node];
         cdn_lint_node(lint, i)->a == inner && cdn_lint_affords(lint, 10);
         inner = i, i = lint->scope.parents[i]) {
        if (cdn_lint_node(lint, i)->kind == CDN_SYNTAX_METHOD &&
            edges_read(lint, i) > (double)lint->edges)
            return true;
        if (cdn_lint_node(lint, i)->kind != CDN_SYNTAX_METHOD &&
            cdn_lint_node(lint, i)->kind != CDN_SYNTAX_PAREN)
            break;
    }
    return false;
}

/* The local that always is a FUNCTION, and is only called; NULL: there is none. */
static const struct cdn_local *owner_of(const struct cdn_lint *lint, uint32_t function)
{
    const struct cdn_syntax_node *parent =
        cdn_lint_node(lint, lint->scope.parents[function]);
    const struct cdn_local *local;

    if (parent->kind != CDN_SYNTAX_LOCAL_FUNCTION && parent->kind != CDN_SYNTAX_LOCAL)
        return NULL;
    local = cdn_scope_local(&lint->scope, parent->a);
    return local && !local->writes && local->reads == local->called &&
                   cdn_scope_only_value(&lint->scope, local) == function
               ? local
               : NULL;
}

/* How often what stands there is done in one evaluation at most, by the loops around it and
 * around the calls of its function; *outer: the outermost loop. */
static double times_done(struct cdn_lint *lint, uint32_t node, uint32_t depth,
                         uint32_t *outer)
{
    double times = 1, most = 1;
    const struct cdn_local *owner;
    uint32_t inner = node, around = lint->scope.parents[node];

    for (; around && cdn_lint_node(lint, around)->kind != CDN_SYNTAX_FUNCTION;
         inner = around, around = lint->scope.parents[around]) {
        if (cdn_lint_node(lint, around)->c != inner ||
            cdn_lint_node(lint, around)->kind < CDN_SYNTAX_FOR ||
            cdn_lint_node(lint, around)->kind > CDN_SYNTAX_FOR_IN ||
            !cdn_lint_affords(lint, 10))
            continue;
        *outer = around;
        times *= turns(lint, around);
    }
    owner = around && around != lint->evaluate && depth < DEEPEST_CALLS
                ? owner_of(lint, around)
                : NULL;
    for (uint32_t call = owner ? owner->calls : 0; call;
         call = lint->scope.calls[call].next) {
        uint32_t loop = 0;
        double there;

        if (!cdn_lint_affords(lint, 100))
            break;
        there = times_done(lint, lint->scope.calls[call].node, depth + 1, &loop);
        if (there > most) {
            most = there;
            *outer = loop;
        }
    }
    return times * most;
}

/* A number as a person reads it: 1234567 as "1.2 million". */
static const char *show(double number, char *out, size_t size)
{
    if (number >= 1e9)
        snprintf(out, size, "%.1f billion", number / 1e9);
    else if (number >= 1e6)
        snprintf(out, size, "%.1f million", number / 1e6);
    else
        snprintf(out, size, "%.0f", number);
    return out;
}

void cdn_lint_check_cost(struct cdn_lint *lint)
{
    uint32_t told = 0; /* the loop that was told last */
    char most[40], each[40];

    for (uint32_t i = 1; lint->edges && i < lint->syntax->count; i++) {
        double read = edges_read(lint, i), times;
        uint32_t loop = 0;

        if (read <= 0)
            continue;
        times = times_done(lint, i, 0, &loop);
        if (read * times <= (double)lint->edges || (loop && loop == told) ||
            is_start_of_more(lint, i))
            continue;
        told = loop;
        if (times > 1)
            cdn_lint_add_at(lint->findings, CDN_LINT_COST, lint->syntax, i,
                            "in the worst case this reads %s edges (%s in each of %.0f "
                            "turns) of %.0f that the rule may; cut the sets with "
                            ":latest(n), or raise limits.edges",
                            show(read * times, most, sizeof most),
                            show(read, each, sizeof each), times, (double)lint->edges);
        else
            cdn_lint_add_at(
                lint->findings, CDN_LINT_COST, lint->syntax, i,
                "in the worst case this reads %s edges of %.0f that the rule "
                "may; cut the set with :latest(n), or raise limits.edges",
                show(read, most, sizeof most), (double)lint->edges);
    }
}
